/* SPDX-License-Identifier: Apache-2.0 */
/* AcquirePlan (6.5.6): the offers of the BSS for a line or an enterprise. */
#include "op_priv.h"

enum { BSS_LIMIT_MS = 60000 };

struct plans {
    struct ecs_bss_subject subject;
    struct ecs_bss_plans found;
};

static enum ecs_next ask(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    struct plans *own = ecs_alloc(f->arena, sizeof(*own));

    if (!own)
        return odsa_out_of_memory(f);
    if (odsa_choice(odsa, ODSA_D_ELIGIBILITY)->i != ECS_ELIGIBILITY_ENABLED)
        return odsa_refuse_text(f, ECS_RESULT_GENERAL, odsa_choice(odsa, ODSA_D_MESSAGE)->s,
                                "not eligible by policy");
    if (!odsa->env->bss)
        return odsa_refuse(f, ECS_RESULT_GENERAL, "no BSS is configured");
    odsa->work->own = own;
    own->subject = odsa_subject(odsa);
    return ecs_bss_plans(f, odsa->env->bss, &own->subject, &own->found);
}

static enum ecs_next answer(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    const struct plans *own = odsa->work->own;
    struct odsa_plan *plans = ecs_alloc(f->arena, (own->found.n + 1) * sizeof(*plans));

    if (!plans)
        return odsa_out_of_memory(f);
    if (own->found.status != ECS_BSS_DONE)
        return odsa_refuse_text(f, ECS_RESULT_GENERAL, odsa_choice(odsa, ODSA_D_FAILED_MESSAGE)->s,
                                own->found.why ? own->found.why : "the BSS has not told its plans");
    for (size_t i = 0; i < own->found.n; i++)
        plans[i] = (struct odsa_plan){own->found.plans[i].id, own->found.plans[i].name,
                                      own->found.plans[i].description};
    odsa->work->answer.plans = plans;
    odsa->work->answer.n_plans = own->found.n;
    return ECS_DONE;
}

const struct ecs_step op_acquire_plan_steps[] = {
    {"ask-plans", ask, BSS_LIMIT_MS},
    {"answer-plans", answer, 0},
    {0},
};
