/* SPDX-License-Identifier: Apache-2.0 */
/* A request and its journey: an event is fired at one that is open, or a new one is opened; then the driver
 * gets a moment, so that quick neighbours give quick answers. Nothing is ordered here. */
#include "op_priv.h"

#include "ecs/auth.h"

enum { FIRE_LIMIT_MS = 60000, STORE_LIMIT_MS = 5000 };

struct odsa_task *odsa_task_of(const struct ecs_odsa *odsa)
{
    return odsa->work->own;
}

void odsa_task_stand(struct odsa_task *task, const struct ecs_journey *journey)
{
    task->id = journey->id;
    task->journey = *journey;
}

void odsa_task_continue(struct odsa_task *task, const struct ecs_journey *journey, enum odsa_event event)
{
    odsa_task_stand(task, journey);
    task->event = odsa_event_names[event];
}

struct ecs_journey *odsa_task_open(struct ecs_odsa *odsa, enum ecs_journey_kind kind)
{
    const struct odsa_request *q = &odsa->work->request;
    struct odsa_task *t = odsa_task_of(odsa);
    struct ecs_journey *j = &t->journey;

    t->opens = true;
    *j = (struct ecs_journey){
        .kind = kind,
        .state = ECS_STR(""),
        .imsi = q->enterprise.n ? ECS_STR_NULL : ecs_str_of(odsa->auth->imsi.s),
        .enterprise = q->enterprise,
        .requestor = q->enterprise.n ? odsa->request->param[ECS_P_REQUESTOR_ID] : ECS_STR_NULL,
        .app = (int)ecs_app_number(q->app),
        .operation_type = q->type,
        .terminal_id = q->terminal_id,
        .target_id = q->target_id,
        .eid = q->eid,
        .old_id = q->old_id,
        .old_iccid = q->old_iccid,
        .service = q->service,
        .plan = q->plan,
        .name = q->name,
        .vendor = q->vendor,
        .model = q->model,
        .sw_version = q->sw_version,
        .smdp = odsa_choice(odsa, ODSA_D_PROVIDER)->s,
        .profile_type = odsa_choice(odsa, ODSA_D_PROFILE_TYPE)->s,
    };
    if (!j->smdp.n)
        j->smdp = ECS_STR_NULL;
    if (!j->profile_type.n)
        j->profile_type = ECS_STR_NULL;
    if (q->redownloadable)
        j->flags |= ECS_JOURNEY_F_REDOWNLOADABLE;
    if (odsa->env->bss && ecs_bss_conf_of(odsa->env->bss)->provides_profiles)
        j->flags |= ECS_JOURNEY_F_BSS_PROFILE;
    if (q->eid.n && odsa_choice(odsa, ODSA_D_DELIVERY)->i == ECS_DELIVERY_ADDRESS)
        j->flags |= ECS_JOURNEY_F_BY_ADDRESS;
    return j;
}

/* ---- steps ---- */

static enum ecs_next fire(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    struct odsa_task *t = odsa_task_of(odsa);

    if (!t->event)
        return ECS_NEXT;
    t->fire.env = odsa->env;
    t->fire.id = t->id;
    t->fire.event = t->event;
    t->fire.note.neighbour = "device";
    t->fire.note.us = -1;
    t->fire.wait = true;
    return ecs_flow_call(f, ecs_journey_fire_steps, &t->fire);
}

static enum ecs_next take_fired(struct ecs_flow *f)
{
    struct odsa_task *t = odsa_task_of(f->self);

    if (!t->event || t->opens)
        return ECS_NEXT;
    t->journey = t->fire.journey;
    return ECS_DONE;
}

static enum ecs_next await_driver(struct ecs_flow *f);

static enum ecs_next open_new(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    struct odsa_task *t = odsa_task_of(odsa);

    if (!t->opens)
        return ecs_flow_goto(f, await_driver);
    return odsa_open(f, odsa->env, &t->journey, &t->opened);
}

/* Two copies of a request at once: the slower one goes on with what the faster one has begun. */
static enum ecs_next take_opened(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    struct odsa_task *t = odsa_task_of(odsa);

    if (t->opened.moved != ECS_JOURNEY_MOVED)
        return odsa_load_view(f, odsa, false);
    t->id = t->opened.id;
    odsa_kick(odsa->env, t->id);
    return ecs_flow_goto(f, await_driver);
}

static enum ecs_next take_other(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    struct odsa_task *t = odsa_task_of(odsa);
    const struct ecs_journey *other = t->journey.kind < ECS_JOURNEY_END
                                          ? op_same_journey(odsa->work)
                                          : odsa_open_journey(odsa->work, 1u << t->journey.kind);

    if (other && odsa_journey_is_open(other) && other->operation_type == odsa->work->request.type) {
        t->id = other->id;
        return ECS_NEXT;
    }
    t->refused = true;
    return odsa_refuse_text(f, ECS_RESULT_GENERAL, odsa_choice(odsa, ODSA_D_FAILED_MESSAGE)->s,
                            "another procedure for the device or the old profile is under way");
}

static enum ecs_next await_driver(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;

    return odsa_await(f, odsa->env, odsa_task_of(odsa)->id);
}

static enum ecs_next read_journey(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    struct odsa_task *t = odsa_task_of(odsa);

    return ecs_store_journey_get(f, odsa->env->store, t->id, &t->journey);
}

const struct ecs_step odsa_task_steps[] = {
    {"fire-event", fire, FIRE_LIMIT_MS},
    {"take-fired", take_fired, 0},
    {"open-journey", open_new, STORE_LIMIT_MS},
    {"take-opened", take_opened, STORE_LIMIT_MS},
    {"take-other", take_other, 0},
    {"await-driver", await_driver, FIRE_LIMIT_MS},
    {"read-journey", read_journey, STORE_LIMIT_MS},
    {0},
};
