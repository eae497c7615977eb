/* SPDX-License-Identifier: Apache-2.0 */
/* CheckEligibility (6.5.2): may this application be used, with which services, and why not. */
#include "op_priv.h"

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

/* Only where the policy sees an end of it, and at most odsa.max_refresh_eligibility times (O-016). */
static void set_polling(struct ecs_odsa *odsa)
{
    const struct ecs_odsa_conf *conf = odsa->env->conf;
    const struct ecs_journey *open = odsa_open_journey(odsa->work, ~0u);
    struct odsa_answer *a = &odsa->work->answer;
    int64_t seconds = odsa_choice(odsa, ODSA_D_ELIGIBILITY_POLLING)->i;

    if (a->app != ECS_APP_2009 || a->eligibility != ECS_ELIGIBILITY_DISABLED || seconds <= 0)
        return;
    if (open && open->polls >= conf->max_refresh_eligibility)
        return;
    a->polling = odsa_polling(conf, seconds, &a->polling_unit);
    odsa->work->pending = true;
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
    set_polling(odsa);
    return ECS_DONE;
}

const struct ecs_step op_check_eligibility_steps[] = {
    {"answer-eligibility", answer, 0},
    {0},
};
