/* SPDX-License-Identifier: Apache-2.0 */
/* ManageSubscription (6.5.3): chooses by operation_type, lets the journey go on, answers from its state. */
#include "op_priv.h"

#include <string.h>

#include "ecs/auth.h"
#include "ecs/grant.h"
#include "ecs/log.h"

enum { BSS_LIMIT_MS = 60000, STORE_LIMIT_MS = 5000 };

enum ecs_next op_say(struct ecs_flow *f, int result)
{
    struct ecs_odsa *odsa = f->self;

    odsa->work->answer.subscription = result;
    return ECS_DONE;
}

static enum ecs_next choose(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    struct odsa_task *t = ecs_alloc(f->arena, sizeof(*t));
    int type = odsa->work->request.type;

    if (!t)
        return odsa_out_of_memory(f);
    odsa->work->own = t;
    return type == 0 || type == 3 || type == 7 ? op_begin(f) : op_change(f);
}

/* ---- the plan that a server has chosen ---- */

static enum ecs_next ask_plans(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    struct odsa_task *t = odsa_task_of(odsa);

    if (t->refused)
        return ECS_DONE;
    if (!t->opens || !odsa->work->request.plan.n || !odsa->env->bss)
        return ECS_NEXT;
    t->subject = odsa_subject(odsa);
    return ecs_bss_plans(f, odsa->env->bss, &t->subject, &t->plans);
}

static enum ecs_next judge_plan(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    struct odsa_task *t = odsa_task_of(odsa);
    struct ecs_str plan = odsa->work->request.plan;

    if (!t->opens || !plan.n || !odsa->env->bss)
        return ECS_NEXT;
    if (t->plans.status != ECS_BSS_DONE)
        return odsa_refuse_text(f, ECS_RESULT_GENERAL, odsa_choice(odsa, ODSA_D_FAILED_MESSAGE)->s,
                                t->plans.why ? t->plans.why : "the BSS has not told its plans");
    for (size_t i = 0; i < t->plans.n; i++) {
        if (!ecs_str_eq(t->plans.plans[i].id, plan))
            continue;
        if (t->plans.plans[i].profile_type.n)
            t->journey.profile_type = t->plans.plans[i].profile_type;
        if (t->plans.plans[i].service.n && !t->journey.service.n)
            t->journey.service = t->plans.plans[i].service;
        return ECS_NEXT;
    }
    return odsa_refuse(f, ECS_RESULT_INVALID_PARAMETER, "plan_id is none of the offers");
}

static enum ecs_next run_task(struct ecs_flow *f)
{
    return ecs_flow_call(f, odsa_task_steps, f->self);
}

/* ---- the answer ---- */

static enum ecs_next failed(struct ecs_flow *f, const char *why)
{
    return odsa_refuse_text(f, ECS_RESULT_GENERAL, odsa_choice(f->self, ODSA_D_FAILED_MESSAGE)->s, why);
}

/* Results that come with something: page, download, question. */
static enum ecs_next answer_with(struct ecs_flow *f, int result)
{
    struct ecs_odsa *odsa = f->self;
    struct odsa_task *t = odsa_task_of(odsa);
    struct odsa_answer *a = &odsa->work->answer;

    if (result == ODSA_SR_WEBSHEET && !odsa_to_page(f, odsa, &t->journey))
        return failed(f, "the user would have to go to the portal, and there is none");
    if (result == ODSA_SR_ASK && !(a->message = odsa_question(f, odsa)))
        return failed(f, "the question is no longer in the policy");
    if (result == ODSA_SR_DOWNLOAD) {
        a->download = odsa_download_of(f, odsa, t->profile, &t->journey);
        if (!a->download)
            result = ODSA_SR_DELAYED;
    }
    a->subscription = result;
    odsa->work->pending = result != ODSA_SR_DOWNLOAD && result != ODSA_SR_DONE;
    return ECS_NEXT;
}

/* SubscriptionResult of the states that have none of their own. */
static int result_of(const struct ecs_journey *j, enum odsa_state state)
{
    if (state == ODSA_ENDING_OLD)
        return j->flags & ECS_JOURNEY_F_INSTALLED ? ODSA_SR_DONE : ODSA_SR_DELAYED;
    if (state == ODSA_SWITCHING)
        return ODSA_SR_DELAYED;
    if (state == ODSA_ENDED) /* what was asked for is done: nothing further */
        return ODSA_SR_DONE;
    if (state == ODSA_STOPPING && j->kind != ECS_JOURNEY_END)
        return ODSA_SR_DISMISS;
    return odsa_states[state].result;
}

static bool is_undoing(const struct ecs_journey *j, enum odsa_state state)
{
    return state == ODSA_WITHDRAWING || state == ODSA_REVOKING || state == ODSA_FAILED ||
           (state == ODSA_STOPPING && j->kind != ECS_JOURNEY_END);
}

static enum ecs_next answer(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    const struct odsa_request *q = &odsa->work->request;
    struct odsa_task *t = odsa_task_of(odsa);
    enum odsa_state state;
    int result;

    if (t->refused)
        return ECS_DONE;
    state = odsa_state_of(&t->journey);
    result = result_of(&t->journey, state);
    if (t->event == odsa_event_names[ODSA_EV_WRONG] && t->fire.fired != ECS_FIRED_NOT)
        return odsa_refuse(f, ODSA_INVALID_ANSWER, "MSG_response is not what the question asks for");
    /* Its end was asked for and is under way, or has failed. */
    if (is_undoing(&t->journey, state) && !(t->journey.flags & ECS_JOURNEY_F_CANCEL))
        return failed(f, "the journey has failed; its timeline says why");
    if (q->type == 4 && t->event && t->fire.fired == ECS_FIRED_NOT && result != ODSA_SR_DONE)
        return odsa_refuse(f, ECS_RESULT_INVALID_PARAMETER, "the profile was not given out yet");
    if (q->type == 4 && t->event && t->fire.fired != ECS_FIRED_NOT)
        result = ODSA_SR_DONE;
    return answer_with(f, result);
}

/* The native answer of a recovery also tells the configuration (14.22). */
static enum ecs_next add_configuration(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    struct odsa_answer *a = &odsa->work->answer;
    struct odsa_configuration *c;

    if (odsa->work->request.type != 7 || a->subscription != ODSA_SR_DOWNLOAD)
        return ECS_NEXT;
    c = ecs_alloc(f->arena, sizeof(*c));
    if (!c)
        return odsa_out_of_memory(f);
    c->iccid = a->download->iccid;
    c->status = ODSA_SS_ON;
    c->download = a->download;
    a->configurations = c;
    a->n_configurations = 1;
    return ECS_NEXT;
}

/* The first answer with download data is kept in mind. */
static enum ecs_next note_delivery(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    const struct odsa_task *t = odsa_task_of(odsa);
    int64_t id = t->profile ? t->profile->id : t->journey.profile;

    if (odsa->work->answer.subscription != ODSA_SR_DOWNLOAD || !id ||
        (t->profile && t->profile->delivered_at))
        return ECS_NEXT;
    return ecs_store_profile_delivered(f, odsa->env->store, id);
}

/* The new phone has the profile: its temporary token has served. */
static enum ecs_next end_token(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    const struct odsa_task *t = odsa_task_of(odsa);
    struct ecs_str *imsi = ecs_alloc(f->arena, sizeof(*imsi));

    if (odsa->work->request.type != 4 || !odsa->auth->grant || odsa->auth->repeated ||
        t->journey.kind != ECS_JOURNEY_TRANSFER || odsa->work->answer.subscription != ODSA_SR_DONE)
        return ECS_DONE;
    if (!imsi)
        return odsa_out_of_memory(f);
    return ecs_grant_finish(f, odsa->env->auth, ECS_GRANT_TEMPORARY,
                            odsa->request->param[ECS_P_TEMPORARY_TOKEN], imsi);
}

const struct ecs_step op_manage_subscription_steps[] = {
    {"choose-journey", choose, STORE_LIMIT_MS},
    {"ask-plans", ask_plans, BSS_LIMIT_MS},
    {"judge-plan", judge_plan, 0},
    {"run-task", run_task, 0},
    {"answer-subscription", answer, 0},
    {"add-configuration", add_configuration, 0},
    {"note-delivery", note_delivery, STORE_LIMIT_MS},
    {"end-token", end_token, STORE_LIMIT_MS},
    {0},
};
