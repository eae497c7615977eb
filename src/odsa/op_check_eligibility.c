/* SPDX-License-Identifier: Apache-2.0 */
/* CheckEligibility (6.5.2): may this application be used, with which services, and why not. */
#include "op_priv.h"

#include "ecs/auth.h"
#include "ecs/crypto.h"

/* In the order of odsa_service_names; those the policy allows. */
static struct ecs_str list_services(struct ecs_flow *f, const struct ecs_odsa *odsa)
{
    static const enum odsa_choice choices[] = {ODSA_D_SHARED_NUMBER, ODSA_D_DIFF_NUMBER,
                                               ODSA_D_FAMILY_NUMBER};
    struct ecs_str list = ECS_STR("");

    for (size_t i = 0; i < ECS_ARRAY_LEN(choices) && list.p; i++)
        if (odsa_choice(odsa, choices[i])->i)
            list = ecs_str_of(
                ecs_printf(f->arena, "%.*s%s%s", ECS_FMT(list), list.n ? "," : "", odsa_service_names[i]));
    return list;
}

/* A page, else a text: devices have one of their own for want of both. */
static void explain(struct ecs_flow *f, struct ecs_odsa *odsa)
{
    struct odsa_answer *a = &odsa->work->answer;

    if (odsa->request->param[ECS_P_REQUESTOR_ID].n && a->app == ECS_APP_2011)
        return;
    if (!odsa_to_page(f, odsa, NULL))
        a->error_text = odsa_text(f, odsa, odsa_choice(odsa, ODSA_D_MESSAGE)->s);
}

/* Only where the policy sees an end of it. */
static bool may_poll(const struct ecs_odsa *odsa)
{
    const struct odsa_answer *a = &odsa->work->answer;

    return a->app == ECS_APP_2009 && a->eligibility == ECS_ELIGIBILITY_DISABLED &&
           odsa_choice(odsa, ODSA_D_ELIGIBILITY_POLLING)->i > 0;
}

static enum ecs_next answer(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    struct odsa_answer *a = &odsa->work->answer;

    a->eligibility = (int)odsa_choice(odsa, ODSA_D_ELIGIBILITY)->i;
    if (a->app == ECS_APP_2006)
        a->services = list_services(f, odsa);
    if (a->app == ECS_APP_2006 && !a->services.p)
        return odsa_out_of_memory(f);
    if (a->eligibility == ECS_ELIGIBILITY_ENABLED && a->app == ECS_APP_2006 && !a->services.n)
        a->eligibility = ECS_ELIGIBILITY_DISABLED; /* nothing that could be activated */
    if (a->eligibility != ECS_ELIGIBILITY_ENABLED)
        explain(f, odsa);
    return may_poll(odsa) ? ECS_NEXT : ECS_DONE;
}

/* ---- polls ---- */

enum { STORE_LIMIT_MS = 5000, DAY_S = 86400, NAME_BYTES = 16, POLLS_MAX = 64 };

struct polls {
    char device[2 * NAME_BYTES + 1];
    int64_t n;
    bool fresh;
};

/* Polls of a device have no procedure that could count them: each one of a day takes the next name of a row
 * of names that were seen, on whatever node; there are POLLS_MAX at most. When all are taken the device hears
 * no interval any more (O-016). */
static enum ecs_next count_poll(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    const struct odsa_request *q = &odsa->work->request;
    struct ecs_str parts[] = {ecs_str_of(odsa->auth->imsi.s), ECS_STR("|"), q->target_id};
    struct polls *polls = odsa->work->own;
    uint8_t digest[ECS_SHA256_LEN];
    char *name;

    if (!polls) {
        polls = odsa->work->own = ecs_alloc(f->arena, sizeof(*polls));
        if (!polls)
            return odsa_out_of_memory(f);
        if (!ecs_digest(odsa->env->auth->crypto, ECS_DIGEST_SHA256, parts, ECS_ARRAY_LEN(parts), digest))
            return ecs_flow_fail(f, ECS_E_INTERNAL, "the name of a poll cannot be made");
        ecs_hex_encode(digest, NAME_BYTES, polls->device);
    }
    if (++polls->n > odsa->env->conf->max_refresh_eligibility || polls->n > POLLS_MAX)
        return ECS_DONE;
    name = ecs_printf(f->arena, "%s.%lld.%lld", polls->device, (long long)(odsa->now / DAY_S),
                      (long long)polls->n);
    if (!name)
        return odsa_out_of_memory(f);
    return ecs_store_odsa_event_seen(f, odsa->env->store, ECS_STR("eligibility"), ecs_str_of(name),
                                     &polls->fresh);
}

static enum ecs_next answer_polling(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    const struct polls *polls = odsa->work->own;
    struct odsa_answer *a = &odsa->work->answer;

    if (!polls->fresh)
        return ecs_flow_goto(f, count_poll);
    a->polling =
        odsa_polling(odsa->env->conf, odsa_choice(odsa, ODSA_D_ELIGIBILITY_POLLING)->i, &a->polling_unit);
    odsa->work->pending = true;
    return ECS_DONE;
}

const struct ecs_step op_check_eligibility_steps[] = {
    {"answer-eligibility", answer, 0},
    {"count-poll", count_poll, STORE_LIMIT_MS},
    {"answer-polling", answer_polling, 0},
    {0},
};
