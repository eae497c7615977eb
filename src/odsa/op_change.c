/* SPDX-License-Identifier: Apache-2.0 */
/* ManageSubscription, types 1, 2, 4, 5 and 6: what happens to a profile that is there. */
#include "op_priv.h"

static enum ecs_next refuse(struct ecs_flow *f, const char *why)
{
    return odsa_refuse_text(f, ECS_RESULT_GENERAL, odsa_choice(f->self, ODSA_D_MESSAGE)->s, why);
}

/* Of this kind and type, open, and about the same profile. */
static const struct ecs_journey *find_same(const struct odsa_work *w, enum ecs_journey_kind kind,
                                           struct ecs_str iccid)
{
    for (size_t i = 0; i < w->view.n_journeys; i++) {
        const struct ecs_journey *j = &w->view.journeys[i];

        if (odsa_journey_is_open(j) && j->kind == kind && j->operation_type == w->request.type &&
            (iccid.n && j->iccid.n ? ecs_str_eq(j->iccid, iccid)
                                   : odsa_str_same(j->target_id, w->request.target_id)))
            return j;
    }
    return NULL;
}

static struct ecs_journey *open_about(struct ecs_odsa *odsa, enum ecs_journey_kind kind,
                                      const struct ecs_profile *p)
{
    struct ecs_journey *j = odsa_task_open(odsa, kind);

    j->flags &= ~ECS_JOURNEY_F_BY_ADDRESS;
    if (!p)
        return j;
    j->iccid = p->iccid;
    j->profile = p->id;
    j->service = j->service.n ? j->service : p->service;
    j->plan = j->plan.n ? j->plan : p->plan;
    j->eid = j->eid.n ? j->eid : p->eid;
    j->smdp = p->smdp;
    return j;
}

/* ---- type 1 ---- */

bool op_has_ended(const struct odsa_work *w)
{
    const struct odsa_request *q = &w->request;

    for (size_t i = 0; i < w->view.n_journeys; i++) {
        const struct ecs_journey *j = &w->view.journeys[i];

        if (j->kind == ECS_JOURNEY_END && odsa_state_of(j) == ODSA_ENDED &&
            (q->iccid.n && j->iccid.n ? ecs_str_eq(j->iccid, q->iccid)
                                      : odsa_str_same(j->target_id, q->target_id)))
            return true;
    }
    return false;
}

static enum ecs_next unsubscribe(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    const struct odsa_work *w = odsa->work;
    struct odsa_task *t = odsa_task_of(odsa);
    const struct ecs_profile *p = odsa_target_profile(w);
    const struct ecs_journey *same = find_same(w, ECS_JOURNEY_END, p ? p->iccid : ECS_STR_NULL),
                             *open = odsa_open_journey(w, ~(1u << ECS_JOURNEY_SWITCH));

    if (!odsa_choice(odsa, ODSA_D_CANCEL)->i)
        return refuse(f, "devices may not end subscriptions by policy");
    odsa_tell_rule(odsa, ODSA_D_CANCEL);
    t->profile = p;
    if (same) {
        odsa_task_stand(t, same);
        return ECS_NEXT;
    }
    /* What is not installed yet is taken back by its own journey. */
    if (open && open->kind != ECS_JOURNEY_MANAGE && !(p && p->installed_at)) {
        odsa_task_continue(t, open, ODSA_EV_CANCEL);
        return ECS_NEXT;
    }
    if (open && open->kind != ECS_JOURNEY_MANAGE)
        return refuse(f, "another procedure for the device is under way");
    if (open)
        odsa_task_continue(t, open, ODSA_EV_CANCEL);
    if (!p)
        return op_has_ended(w) ? op_say(f, ODSA_SR_DONE)
                               : odsa_refuse(f, ECS_RESULT_INVALID_PARAMETER, "the device has no profile");
    open_about(odsa, ECS_JOURNEY_END, p);
    return ECS_NEXT;
}

/* ---- type 2 ---- */

static enum ecs_next manage(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    const struct odsa_work *w = odsa->work;
    const struct ecs_profile *p = odsa_target_profile(w);
    const struct ecs_journey *same = find_same(w, ECS_JOURNEY_MANAGE, ECS_STR_NULL);
    struct ecs_str url = odsa_choice(odsa, ODSA_D_PORTAL_URL)->s;
    int64_t word = odsa_choice(odsa, ODSA_D_MANAGE)->i;

    odsa_tell_rule(odsa, ODSA_D_MANAGE);
    if (same) {
        odsa_task_stand(odsa_task_of(odsa), same);
        return ECS_NEXT;
    }
    if (word == ECS_GO_DONE || word == ECS_GO_DOWNLOAD)
        return op_say(f, ODSA_SR_DONE);
    if (word != ECS_GO_PORTAL)
        return refuse(f, "subscriptions are not managed by devices by policy");
    if (!url.n || (ecs_str_eq(url, ECS_STR("portal")) && !odsa->env->portal_url[0]))
        return refuse(f, "the user would have to go to the portal, and there is none");
    if (odsa_open_journey(w, ~(1u << ECS_JOURNEY_SWITCH)))
        return refuse(f, "another procedure for the device is under way");
    open_about(odsa, ECS_JOURNEY_MANAGE, p)->flags |= ECS_JOURNEY_F_NEEDS_PORTAL;
    return ECS_NEXT;
}

/* ---- type 4 ---- */

/* The new profile of this journey can be on the device that reports: it is the target, asked for it, or the
 * old device did not know the new one. */
static bool may_report(const struct odsa_work *w, const struct ecs_journey *j)
{
    const struct odsa_request *q = &w->request;

    return odsa_str_same(j->target_id, q->target_id) || odsa_str_same(j->eid, q->eid) ||
           (j->flags & ECS_JOURNEY_F_FROM_OLD && ecs_str_eq(j->target_id, j->terminal_id));
}

static const struct ecs_journey *find_ordered(const struct odsa_work *w)
{
    enum { KINDS = (1u << ECS_JOURNEY_END) - 1 };

    for (size_t i = 0; i < w->view.n_journeys; i++) {
        const struct ecs_journey *j = &w->view.journeys[i];

        if (odsa_journey_is_open(j) && KINDS >> j->kind & 1 && may_report(w, j) &&
            (!w->request.iccid.n || !j->iccid.n || ecs_str_eq(j->iccid, w->request.iccid)))
            return j;
    }
    return NULL;
}

const struct ecs_journey *op_silent_journey(const struct odsa_work *w)
{
    enum { FLAGS = ECS_JOURNEY_F_BSS_PROFILE | ECS_JOURNEY_F_NEEDS_PORTAL };
    const struct ecs_journey *j = w->request.type == 4 ? find_ordered(w) : NULL;

    return j && !j->iccid.n && j->flags & FLAGS && w->view.owners[0] == ECS_ICCID_UNKNOWN ? j : NULL;
}

/* A profile that the BSS or an import has told: there is no journey to be ended. */
static enum ecs_next mark_installed(struct ecs_flow *f, const struct ecs_profile *p)
{
    struct ecs_odsa *odsa = f->self;
    struct ecs_profile_change *change = ecs_alloc(f->arena, sizeof(*change));
    int64_t *id = ecs_alloc(f->arena, sizeof(*id));

    if (!change || !id)
        return odsa_out_of_memory(f);
    (void)op_say(f, ODSA_SR_DONE);
    odsa_task_of(odsa)->refused = true; /* there is nothing more to be done */
    change->row.id = p->id;
    change->row.installed_at = odsa->now;
    change->drop_code = true;
    return ecs_store_profile_change(f, odsa->env->store, change, NULL, id);
}

static enum ecs_next report(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    const struct odsa_work *w = odsa->work;
    struct odsa_task *t = odsa_task_of(odsa);
    const struct ecs_profile *p = odsa_target_profile(w);
    const struct ecs_journey *j = find_ordered(w);

    /* 12.23, 12.47: the portal or the BSS has given a profile out, and is slower than the device. */
    if (j && (odsa_state_of(j) == ODSA_CHOOSING || op_silent_journey(w))) {
        odsa_task_stand(t, j);
        return ECS_NEXT;
    }
    if (j && j->iccid.n) {
        odsa_task_continue(t, j, ODSA_EV_INSTALLED);
        return ECS_NEXT;
    }
    if (!p || (w->request.target_id.n && p->terminal_id.n && !odsa_profile_is_of_target(w, p)))
        return odsa_refuse(f, ECS_RESULT_INVALID_PARAMETER, "no profile was ordered for this device");
    return p->installed_at && p->installed_at >= p->deleted_at ? op_say(f, ODSA_SR_DONE)
                                                               : mark_installed(f, p);
}

/* ---- types 5 and 6, ManageService ---- */

/* Whichever operation began it. */
static const struct ecs_journey *find_switch(const struct odsa_work *w, struct ecs_str iccid)
{
    for (size_t i = 0; i < w->view.n_journeys; i++) {
        const struct ecs_journey *j = &w->view.journeys[i];

        if (odsa_journey_is_open(j) && j->kind == ECS_JOURNEY_SWITCH && odsa_str_same(j->iccid, iccid))
            return j;
    }
    return NULL;
}

enum ecs_next op_switch(struct ecs_flow *f, bool on)
{
    struct ecs_odsa *odsa = f->self;
    const struct odsa_work *w = odsa->work;
    struct odsa_task *t = odsa_task_of(odsa);
    const struct ecs_profile *p = odsa_target_profile(w);
    const struct ecs_journey *open;

    if (!p || (w->request.target_id.n && p->terminal_id.n && !odsa_profile_is_of_target(w, p)))
        return odsa_refuse(f, ECS_RESULT_INVALID_PARAMETER, "the device has no such profile");
    t->profile = p;
    open = find_switch(w, p->iccid);
    if (open && !(open->flags & ECS_JOURNEY_F_SERVICE_ON) == on)
        return refuse(f, "the other way round is under way");
    if (open) {
        odsa_task_stand(t, open);
        return ECS_NEXT;
    }
    if (p->status == (on ? ODSA_SS_ON : ODSA_SS_OFF)) {
        odsa->work->answer.service_status = p->status;
        return op_say(f, ODSA_SR_DONE);
    }
    if (p->status == ODSA_SS_ACTIVATING) {
        odsa->work->answer.service_status = ODSA_SS_ACTIVATING;
        odsa->work->pending = true;
        return on ? op_say(f, ODSA_SR_DELAYED) : refuse(f, "the profile is being activated");
    }
    if (on)
        open_about(odsa, ECS_JOURNEY_SWITCH, p)->flags |= ECS_JOURNEY_F_SERVICE_ON;
    else
        open_about(odsa, ECS_JOURNEY_SWITCH, p);
    return ECS_NEXT;
}

enum ecs_next op_change(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    const struct odsa_request *q = &odsa->work->request;

    if (q->response.n)
        return odsa_refuse(f, ODSA_INVALID_ANSWER, "MSG_response without a question");
    switch (q->type) {
    case 1:
        return unsubscribe(f);
    case 2:
        if (q->app == ECS_APP_2011)
            return odsa_refuse(f, ECS_RESULT_INVALID_PARAMETER,
                               "operation_type is none of server-initiated ODSA");
        return manage(f);
    case 4:
        return report(f);
    default:
        odsa_tell_rule(odsa, ODSA_D_SWITCH);
        if (!odsa_choice(odsa, ODSA_D_SWITCH)->i)
            return refuse(f, "devices may not switch profiles by policy");
        return op_switch(f, q->type == 5);
    }
}
