/* SPDX-License-Identifier: Apache-2.0 */
/* ManageSubscription, types 0, 3 and 7: what gives a device a profile. A request that repeats an earlier one
 * goes on with its journey; a new journey is opened when the policy says how. */
#include "op_priv.h"

#include "ecs/auth.h"

/* ---- what the policy says ---- */

static enum ecs_next refuse(struct ecs_flow *f, const char *why)
{
    return odsa_refuse_text(f, ECS_RESULT_GENERAL, odsa_choice(f->self, ODSA_D_MESSAGE)->s, why);
}

static bool has_portal(const struct ecs_odsa *odsa)
{
    struct ecs_str url = odsa_choice(odsa, ODSA_D_PORTAL_URL)->s;

    return url.n && (!ecs_str_eq(url, ECS_STR("portal")) || odsa->env->portal_url[0]);
}

/* The question comes first, unless the request answers one that stood beside a waiting profile (8.12.2). */
static enum ecs_next ask_first(struct ecs_flow *f, struct ecs_journey *j)
{
    const struct ecs_odsa *odsa = f->self;
    const struct odsa_request *q = &odsa->work->request;
    bool answered = q->response.n || q->button >= 0;

    if (q->button == 0 && !q->response.n) /* whatever was asked: nothing is ordered (12.17) */
        return op_say(f, ODSA_SR_DISMISS);
    if (!odsa_choice(odsa, ODSA_D_QUESTION)->s.n)
        return q->response.n ? odsa_refuse(f, ODSA_INVALID_ANSWER, "MSG_response without a question")
                             : ECS_NEXT;
    if (!answered) {
        j->flags |= ECS_JOURNEY_F_ASKS;
        return ECS_NEXT;
    }
    if (j->kind != ECS_JOURNEY_WAITING)
        return odsa_refuse(f, ODSA_INVALID_ANSWER, "MSG_response without a question that was put");
    if (q->button == 0)
        return op_say(f, ODSA_SR_DISMISS);
    if (!odsa_answer_fits(odsa))
        return odsa_refuse(f, ODSA_INVALID_ANSWER, "MSG_response is not what the question asks for");
    j->flags |= ECS_JOURNEY_F_ANSWERED;
    return ECS_NEXT;
}

/* How a new journey goes on: the decision's word becomes flags, or the answer. */
static enum ecs_next go(struct ecs_flow *f, enum odsa_choice choice, bool portal)
{
    struct ecs_odsa *odsa = f->self;
    struct ecs_journey *j = &odsa_task_of(odsa)->journey;
    int64_t word = odsa_choice(odsa, choice)->i;

    if (odsa_choice(odsa, ODSA_D_ELIGIBILITY)->i != ECS_ELIGIBILITY_ENABLED)
        return refuse(f, "not eligible by policy");
    odsa_tell_rule(odsa, choice);
    if (word == ECS_GO_REFUSE)
        return refuse(f, "refused by policy");
    if (word == ECS_GO_DONE)
        return op_say(f, ODSA_SR_DONE);
    if (portal || word == ECS_GO_PORTAL || word == ECS_GO_NOT_SUPPORTED) {
        if (!has_portal(odsa))
            return refuse(f, "the user would have to go to the portal, and there is none");
        j->flags |= ECS_JOURNEY_F_NEEDS_PORTAL;
    }
    /* Also when the portal finds the old one later. */
    if (odsa_choice(odsa, ODSA_D_OLD_ENDS)->i == ECS_OLD_END_BEFORE &&
        (j->old_iccid.n || j->operation_type == 3))
        j->flags |= ECS_JOURNEY_F_OLD_FIRST;
    return ask_first(f, j);
}

/* ---- going on ---- */

/* What the device says to a question that stands. */
static enum ecs_next answer_question(struct ecs_flow *f, const struct ecs_journey *j)
{
    struct ecs_odsa *odsa = f->self;
    const struct odsa_request *q = &odsa->work->request;
    struct odsa_task *t = odsa_task_of(odsa);

    if (q->button == 0)
        odsa_task_continue(t, j, ODSA_EV_REJECTED);
    else if (q->button < 0 && !q->response.n)
        odsa_task_stand(t, j);
    else
        odsa_task_continue(t, j, odsa_answer_fits(odsa) ? ODSA_EV_ANSWERED : ODSA_EV_WRONG);
    return ECS_NEXT;
}

/* The old device of a request that names it: its only profile is the one to be left. False: the device tells
 * no profile, or several. A card that the line began with need not be known. */
static bool find_chosen(const struct ecs_odsa *odsa, struct ecs_str *ret_iccid)
{
    const struct odsa_request *q = &odsa->work->request;
    struct ecs_str choices[1];
    size_t n;

    *ret_iccid = q->old_iccid;
    if (q->old_iccid.n || !q->old_id.n)
        return q->old_iccid.n > 0;
    n = odsa_old_choices(odsa, choices, 1);
    if (n == 1)
        *ret_iccid = choices[0];
    return n == 1 || (n == 0 && q->app == ECS_APP_2009);
}

/* The portal has let the user choose and told the device (SelectionCompleted, 8.6): that is all it was for,
 * unless the policy wants the portal's own word. */
static void take_choice(const struct ecs_odsa *odsa, const struct ecs_journey *j)
{
    const struct odsa_request *q = &odsa->work->request;
    struct odsa_task *t = odsa_task_of(odsa);
    struct ecs_str chosen = ECS_STR_NULL;
    bool found = !j->old_iccid.n && find_chosen(odsa, &chosen),
         goes = found && odsa_state_of(j) == ODSA_CHOOSING &&
                odsa_choice(odsa, ODSA_D_TRANSFER)->i == ECS_GO_DOWNLOAD;

    t->fire.patch = (struct ecs_journey_patch){
        .plan = q->plan,
        .old_id = found && !j->old_id.n ? q->old_id : ECS_STR_NULL,
        .old_iccid = chosen.n ? chosen : ECS_STR_NULL,
    };
    odsa_task_continue(t, j, goes ? ODSA_EV_CHOSEN : ODSA_EV_AGAIN);
}

/* Both are named, and belong to each other as far as it is known. */
static bool old_ones_agree(const struct odsa_work *w)
{
    const struct odsa_request *q = &w->request;
    const struct ecs_profile *old = odsa_profile_by_iccid(w, q->old_iccid);

    return !old || !q->old_id.n || !old->terminal_id.n || ecs_str_eq(old->terminal_id, q->old_id);
}
static const char unlike[] = "the old ICCID is not that of the old device";

static enum ecs_next go_on(struct ecs_flow *f, const struct ecs_journey *j)
{
    struct ecs_odsa *odsa = f->self;
    const struct odsa_request *q = &odsa->work->request;
    struct odsa_task *t = odsa_task_of(odsa);
    enum odsa_state state = odsa_state_of(j);

    t->profile = odsa_profile_by_id(odsa->work, j->profile);
    if (state == ODSA_ASKING)
        return answer_question(f, j);
    if (q->response.n && !(j->flags & ECS_JOURNEY_F_ANSWERED))
        return odsa_refuse(f, ODSA_INVALID_ANSWER, "MSG_response without a question that was put");
    if (state != ODSA_CHOOSING && state != ODSA_DELETING) {
        odsa_task_stand(t, j);
        /* Its polls count anew (O-019); where there are none to be limited, nothing changes. */
        if (j->polls && odsa_states[state].status == ODSA_SS_ACTIVATING)
            odsa_task_continue(t, j, ODSA_EV_AGAIN);
        return ECS_NEXT;
    }
    if (!old_ones_agree(odsa->work))
        return odsa_refuse(f, ECS_RESULT_INVALID_PARAMETER, unlike);
    take_choice(odsa, j);
    return ECS_NEXT;
}

/* ---- type 0 ---- */

/* The service of a companion: the one asked for, else the first that is allowed. */
static bool choose_service(const struct ecs_odsa *odsa, struct ecs_str wanted, struct ecs_str *ret_service)
{
    for (int i = 0; odsa_service_names[i]; i++) {
        struct ecs_str name = ecs_str_of(odsa_service_names[i]);

        if (odsa_choice(odsa, (enum odsa_choice)(ODSA_D_SHARED_NUMBER + i))->i &&
            (!wanted.n || ecs_str_eq(wanted, name))) {
            *ret_service = name;
            return true;
        }
    }
    return false;
}

/* A profile is there: waiting to be downloaded, in use, or gone from the device. ret_done: answered. */
static enum ecs_next use_profile(struct ecs_flow *f, const struct ecs_profile *p, bool *ret_done)
{
    struct ecs_odsa *odsa = f->self;
    struct odsa_answer *a = &odsa->work->answer;

    *ret_done = true;
    if (p->deleted_at && p->deleted_at >= p->installed_at) {
        *ret_done = false;
        return ECS_NEXT;
    }
    if (!p->installed_at)
        a->download = odsa_download_of(f, odsa, p, odsa_journey_by_id(odsa->work, p->journey));
    odsa_task_of(odsa)->profile = p;
    return a->download ? op_say(f, ODSA_SR_DOWNLOAD) : op_say(f, ODSA_SR_DONE);
}

static void leave_old(struct ecs_journey *j, const struct ecs_profile *old)
{
    j->old_iccid = old->iccid;
    j->old_profile = old->id;
    j->old_id = j->old_id.n ? j->old_id : old->terminal_id;
    j->service = j->service.n ? j->service : old->service;
    j->plan = j->plan.n ? j->plan : old->plan;
}

static enum ecs_next subscribe(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    const struct odsa_request *q = &odsa->work->request;
    const struct ecs_profile *p = odsa_target_profile(odsa->work);
    struct ecs_journey *j;
    bool done;

    if (p && p->waiting && q->app == ECS_APP_2009) {
        j = odsa_task_open(odsa, ECS_JOURNEY_WAITING);
        j->iccid = p->iccid;
        j->profile = p->id;
        j->smdp = p->smdp;
        j->address = p->address;
        j->code = p->code;
        odsa_task_of(odsa)->profile = p;
        return go(f, ODSA_D_VERIFY, false);
    }
    if (p) {
        enum ecs_next next = use_profile(f, p, &done);

        if (done)
            return next;
    }
    j = odsa_task_open(odsa, q->app == ECS_APP_2009   ? p ? ECS_JOURNEY_RECOVERY : ECS_JOURNEY_PRIMARY
                             : q->app == ECS_APP_2011 ? ECS_JOURNEY_ENTERPRISE
                             : p                      ? ECS_JOURNEY_MOVE
                                                      : ECS_JOURNEY_COMPANION);
    if (p && q->app != ECS_APP_2011)
        leave_old(j, p);
    if (q->app == ECS_APP_2011 && !p && odsa->work->view.enterprise_max >= 0 &&
        odsa->work->view.enterprise_living >= odsa->work->view.enterprise_max)
        return refuse(f, "the enterprise has as many profiles as it may have");
    if (q->app == ECS_APP_2006 && odsa_choice(odsa, ODSA_D_ELIGIBILITY)->i == ECS_ELIGIBILITY_ENABLED &&
        !choose_service(odsa, j->service, &j->service))
        return refuse(f, "companion_terminal_service is not allowed by policy");
    return go(f, ODSA_D_SUBSCRIBE, false);
}

/* ---- type 3 ---- */

/* Profile or card to be left: named, of the named device, or the only one. False: the portal has to find it.
 */
static bool find_old(struct ecs_odsa *odsa, struct ecs_journey *j)
{
    struct ecs_str choices[2];
    size_t n = j->old_iccid.n ? 1 : odsa_old_choices(odsa, choices, 2);
    const struct ecs_profile *old;

    /* A companion's client that has a screen for it names the profile (7.6); else the user chooses, also
     * where there is one only. */
    if (j->kind == ECS_JOURNEY_MOVE && !j->old_iccid.n && (!j->old_id.n || n != 1))
        return false;
    if (!j->old_iccid.n && n == 1)
        j->old_iccid = choices[0];
    old = odsa_profile_by_iccid(odsa->work, j->old_iccid);
    if (old)
        leave_old(j, old);
    if (odsa_old_asks(&odsa->work->request) && !j->old_id.n)
        j->old_id = j->terminal_id;
    return n <= 1;
}

static enum ecs_next transfer(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    const struct odsa_request *q = &odsa->work->request;
    bool names_old = q->old_id.n || q->old_iccid.n, found;
    struct ecs_str choices[1];
    struct ecs_journey *j;

    /* 406 is of companions only (Table 13; clients.md C-44). */
    if (names_old && odsa_choice(odsa, ODSA_D_TRANSFER)->i == ECS_GO_NOT_SUPPORTED)
        return q->app == ECS_APP_2006
                   ? ecs_flow_fail(f, ECS_E_VERSION, "transfers between devices are not supported")
                   : refuse(f, "transfers between devices are not supported by policy");
    if (!old_ones_agree(odsa->work))
        return odsa_refuse(f, ECS_RESULT_INVALID_PARAMETER, unlike);
    if (q->app == ECS_APP_2006 && q->old_id.n && !q->old_iccid.n && !odsa_old_choices(odsa, choices, 1))
        return odsa_refuse(f, ECS_RESULT_INVALID_PARAMETER, "the old device has no profile of this line");
    j = odsa_task_open(odsa, q->app == ECS_APP_2006 ? ECS_JOURNEY_MOVE : ECS_JOURNEY_TRANSFER);
    if (odsa_old_asks(q)) {
        j->flags |= ECS_JOURNEY_F_FROM_OLD;
        if (!q->other_target) {
            /* It does not know the new device: the identities are its own. */
            j->eid = ECS_STR_NULL;
            j->flags &= ~ECS_JOURNEY_F_BY_ADDRESS;
        }
    }
    found = find_old(odsa, j);
    if (odsa_choice(odsa, ODSA_D_DEMAND_REDOWNLOADABLE)->i && !q->redownloadable &&
        odsa_choice(odsa, ODSA_D_ELIGIBILITY)->i == ECS_ELIGIBILITY_ENABLED)
        return op_say(f, ODSA_SR_REDOWNLOADABLE);
    return go(f, ODSA_D_TRANSFER, !found);
}

/* ---- type 7 ---- */

static enum ecs_next recover(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    const struct odsa_request *q = &odsa->work->request;
    const struct ecs_profile *old = odsa_profile_by_iccid(odsa->work, q->iccid);
    struct ecs_journey *j;

    if (q->app != ECS_APP_2009)
        return odsa_refuse(f, ECS_RESULT_INVALID_PARAMETER, "operation_type 7 is for primary devices");
    if (old && !old->installed_at && old->code.n) {
        bool done; /* not yet taken: nothing to recover */

        return use_profile(f, old, &done);
    }
    j = odsa_task_open(odsa, ECS_JOURNEY_RECOVERY);
    j->old_iccid = q->iccid;
    if (old)
        leave_old(j, old);
    return go(f, ODSA_D_RECOVER, false);
}

/* ---- all three ---- */

enum { NEW_KINDS = (1u << ECS_JOURNEY_END) - 1 }; /* those that give a profile stand first */

/* It has ended well and nothing has happened to its profile since. A device that recovers the very ICCID it
 * got has lost it again. */
static bool has_just_ended(const struct odsa_work *w, const struct ecs_journey *j)
{
    const struct ecs_profile *p = odsa_profile_by_id(w, j->profile);

    if (odsa_state_of(j) != ODSA_DONE || (w->request.type == 7 && odsa_str_same(j->iccid, w->request.iccid)))
        return false;
    return p && odsa_profile_lives(p) && odsa_profile_is_of_target(w, p) &&
           !(p->deleted_at && p->deleted_at >= p->installed_at);
}

/* The same procedure: also one that has just ended well, whose answer was lost. */
const struct ecs_journey *op_same_journey(const struct odsa_work *w)
{
    const struct odsa_request *q = &w->request;
    struct ecs_str of = q->type == 7 ? q->iccid : q->old_iccid;

    for (size_t i = 0; i < w->view.n_journeys; i++) {
        const struct ecs_journey *j = &w->view.journeys[i];

        if (!(NEW_KINDS >> j->kind & 1) || j->operation_type != q->type ||
            !(odsa_str_same(j->target_id, q->target_id) || odsa_str_same(j->eid, q->eid)))
            continue;
        if (of.n && j->old_iccid.n && !ecs_str_eq(of, j->old_iccid))
            continue;
        if (q->type == 0 && j->kind == ECS_JOURNEY_WAITING && q->iccid.n && !ecs_str_eq(j->iccid, q->iccid))
            continue;
        if (odsa_journey_is_open(j) || (of.n && has_just_ended(w, j)))
            return j;
    }
    return NULL;
}

/* What stands in the way: the device has something else to do, but for recoveries side by side (8.13). */
static const struct ecs_journey *find_other(const struct odsa_work *w)
{
    enum { KINDS = NEW_KINDS | 1u << ECS_JOURNEY_END | 1u << ECS_JOURNEY_MANAGE };
    const struct odsa_request *q = &w->request;

    for (size_t i = 0; i < w->view.n_journeys; i++) {
        const struct ecs_journey *j = &w->view.journeys[i];

        if (odsa_journey_is_open(j) && KINDS >> j->kind & 1 && odsa_str_same(j->target_id, q->target_id) &&
            !(q->type == 7 && j->kind == ECS_JOURNEY_RECOVERY && !odsa_str_same(j->old_iccid, q->iccid)))
            return j;
    }
    return NULL;
}

static bool is_only_talk(const struct ecs_journey *j)
{
    enum odsa_state state = odsa_state_of(j);

    return state == ODSA_ASKING || state == ODSA_CHOOSING || state == ODSA_DELETING;
}

enum ecs_next op_begin(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    const struct odsa_request *q = &odsa->work->request;
    const struct ecs_journey *same = op_same_journey(odsa->work), *other = find_other(odsa->work);
    struct odsa_task *t = odsa_task_of(odsa);

    if (q->app == ECS_APP_2011 && q->type != 0)
        return odsa_refuse(f, ECS_RESULT_INVALID_PARAMETER,
                           "operation_type is none of server-initiated ODSA");
    if (same)
        return go_on(f, same);
    if (other && !is_only_talk(other))
        return refuse(f, "another procedure for the device is under way");
    if (other) /* the user has gone another way */
        odsa_task_continue(t, other, ODSA_EV_CANCEL);
    return q->type == 0 ? subscribe(f) : q->type == 3 ? transfer(f) : recover(f);
}
