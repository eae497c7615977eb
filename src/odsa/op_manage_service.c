/* SPDX-License-Identifier: Apache-2.0 */
/* ManageService (6.5.4): the service of an existing profile on or off. */
#include "op_priv.h"

static enum ecs_next choose(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    struct odsa_work *w = odsa->work;
    struct odsa_task *t = ecs_alloc(f->arena, sizeof(*t));
    const struct ecs_profile *p = odsa_target_profile(w);

    if (!t)
        return odsa_out_of_memory(f);
    w->own = t;
    odsa_tell_rule(odsa, ODSA_D_MANAGE_SERVICE);
    if (!odsa_choice(odsa, ODSA_D_MANAGE_SERVICE)->i) {
        (void)odsa_refuse(f, ECS_RESULT_NOT_SUPPORTED, "ManageService is not supported by policy");
        w->answer.service_status = p ? p->status : ODSA_SS_OFF;
        return ECS_DONE;
    }
    return op_switch(f, w->request.type == 10);
}

static enum ecs_next run_task(struct ecs_flow *f)
{
    return ecs_flow_call(f, odsa_task_steps, f->self);
}

static enum ecs_next answer(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    const struct odsa_task *t = odsa_task_of(odsa);
    bool on = odsa->work->request.type == 10;
    enum odsa_state state;

    if (t->refused)
        return ECS_DONE;
    state = odsa_state_of(&t->journey);
    if (state == ODSA_DONE) {
        odsa->work->answer.service_status = on ? ODSA_SS_ON : ODSA_SS_OFF;
        return ECS_DONE;
    }
    if (odsa_states[state].kind == ODSA_FINAL) {
        (void)odsa_refuse_text(f, ECS_RESULT_GENERAL, odsa_choice(odsa, ODSA_D_FAILED_MESSAGE)->s,
                               "the service was not switched; the timeline says why");
        odsa->work->answer.service_status = t->profile->status;
        return ECS_DONE;
    }
    /* Until it is off it is on. */
    odsa->work->answer.service_status = on ? ODSA_SS_ACTIVATING : t->profile->status;
    odsa->work->pending = true;
    return ECS_DONE;
}

const struct ecs_step op_manage_service_steps[] = {
    {"choose-switch", choose, 0},
    {"run-task", run_task, 0},
    {"answer-service", answer, 0},
    {0},
};
