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

enum ecs_next op_judge_eligibility(struct ecs_flow *f)
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
    if (!may_poll(odsa))
        return ECS_NEXT;
    a->polling =
        odsa_polling(odsa->env->conf, odsa_choice(odsa, ODSA_D_ELIGIBILITY_POLLING)->i, &a->polling_unit);
    odsa->work->pending = true;
    return ECS_NEXT;
}

/* ---- polls ---- */

enum { STORE_LIMIT_MS = 5000 };

/* Polls of a device have no procedure that could count them: they are counted by day, on whatever node
 * (O-016).
 */
static enum ecs_next count_poll(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    const struct odsa_request *q = &odsa->work->request;
    struct ecs_str app = ecs_str_of(ecs_app_id(q->app)),
                   device = q->target_id.n ? q->target_id : q->terminal_id;
    struct ecs_str parts[] = {ecs_str_of(odsa->auth->imsi.s), ECS_STR("|"), app, ECS_STR("|"), device};
    int64_t *polls;
    uint8_t digest[ECS_SHA256_LEN];

    if (!odsa->work->answer.polling)
        return ECS_DONE;
    polls = odsa->work->own = ecs_alloc(f->arena, sizeof(*polls));
    if (!polls)
        return odsa_out_of_memory(f);
    if (!ecs_digest(odsa->env->auth->crypto, ECS_DIGEST_SHA256, parts, ECS_ARRAY_LEN(parts), digest))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "the name of a poll cannot be made");
    return ecs_store_eligibility_poll(f, odsa->env->store, digest, polls);
}

/* At the maximum the device hears no interval any more. */
static enum ecs_next end_polling(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    const int64_t *polls = odsa->work->own;

    if (*polls <= odsa->env->conf->max_refresh_eligibility)
        return ECS_DONE;
    odsa->work->answer.polling = 0;
    odsa->work->pending = false;
    return ECS_DONE;
}

const struct ecs_step op_check_eligibility_steps[] = {
    {"judge-eligibility", op_judge_eligibility, 0},
    {"count-poll", count_poll, STORE_LIMIT_MS},
    {"end-polling", end_polling, 0},
    {0},
};
