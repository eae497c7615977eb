/* SPDX-License-Identifier: Apache-2.0 */
/* The configurations of an answer (Table 43): from profiles and journeys of the view to entries. Pure but for
 * opening activation codes. */
#include "op_priv.h"

enum {
    LOST_S = 3600,     /* so long a journey without a profile is told to have failed */
    UNNOTIFIED_S = 300 /* interval of devices that cannot be notified where the setting has none */
};

static bool gives_profile(const struct ecs_journey *j)
{
    return j->kind < ECS_JOURNEY_END;
}

/* The open journey that this profile is part of: of a switch before that of its beginning. */
static const struct ecs_journey *journey_of(const struct odsa_work *w, const struct ecs_profile *p)
{
    const struct ecs_journey *found = NULL;

    for (size_t i = 0; i < w->view.n_journeys; i++) {
        const struct ecs_journey *j = &w->view.journeys[i];

        if (!odsa_journey_is_open(j) || (j->profile != p->id && j->id != p->journey))
            continue;
        if (j->kind == ECS_JOURNEY_SWITCH || !found)
            found = j;
    }
    return found;
}

/* ---- what is asked for ---- */

static bool asks_for_journey(const struct odsa_work *w, const struct ecs_journey *j)
{
    const struct odsa_request *q = &w->request;

    if (q->iccid.n && !odsa_str_same(q->iccid, j->iccid) && !odsa_str_same(q->iccid, j->old_iccid))
        return false;
    if (q->app != ECS_APP_2009 ? q->target_id.n > 0 : q->names_target)
        return odsa_str_same(j->target_id, q->target_id) || odsa_str_same(j->eid, q->eid);
    return true;
}

static bool asks_for_profile(const struct odsa_work *w, const struct ecs_profile *p,
                             const struct ecs_journey *j)
{
    const struct odsa_request *q = &w->request;

    if (j && gives_profile(j) && asks_for_journey(w, j))
        return true;
    if (q->iccid.n && !odsa_str_same(q->iccid, p->iccid))
        return false;
    if (q->app != ECS_APP_2009 ? q->target_id.n > 0 : q->names_target)
        return odsa_profile_is_of_target(w, p);
    return true;
}

/* A phone that waits for its profile asks for that one, and reads no lists (clients.md 2.8). */
static bool waits_for(const struct odsa_work *w, const struct ecs_journey *j)
{
    return j && odsa_journey_is_open(j) && gives_profile(j) && odsa_state_of(j) != ODSA_COMPLETING &&
           !(j->flags & ECS_JOURNEY_F_INSTALLED) &&
           (odsa_str_same(j->target_id, w->request.terminal_id) ||
            odsa_str_same(j->terminal_id, w->request.terminal_id));
}

static bool waits_for_any(const struct odsa_work *w)
{
    for (size_t i = 0; i < w->view.n_journeys; i++)
        if (waits_for(w, &w->view.journeys[i]))
            return w->request.app == ECS_APP_2009;
    return false;
}

/* Another phone of the line, which only looks at the list, does not end what it sees. */
static bool may_end(const struct odsa_work *w, const struct ecs_journey *j)
{
    return w->request.app != ECS_APP_2009 || w->request.names_target || waits_for(w, j);
}

/* ---- one entry ---- */

static int status_of(const struct ecs_profile *p, const struct ecs_journey *j)
{
    int of_state;

    if (!j || (p && !gives_profile(j) && j->kind != ECS_JOURNEY_SWITCH))
        return p->status;
    if (j->kind == ECS_JOURNEY_SWITCH)
        return j->flags & ECS_JOURNEY_F_SERVICE_ON ? ODSA_SS_ACTIVATING : p->status;
    of_state = odsa_states[odsa_state_of(j)].status;
    return of_state || !p ? of_state : p->status;
}

/* Download data are for the device that takes the profile, and for the one that asked for it. */
static bool may_have(const struct odsa_work *w, const struct ecs_profile *p, const struct ecs_journey *j)
{
    struct ecs_str device = w->request.terminal_id;

    if (w->request.app != ECS_APP_2009)
        return true;
    if (p && (!p->terminal_id.n || odsa_profile_is_of_target(w, p) || odsa_str_same(p->terminal_id, device)))
        return true;
    return j && (odsa_str_same(j->terminal_id, device) || odsa_str_same(j->target_id, device));
}

static bool is_ready(const struct ecs_profile *p, const struct ecs_journey *j)
{
    if (j && gives_profile(j))
        return odsa_state_of(j) == ODSA_READY;
    return p && !p->installed_at && (p->code.n || p->address.n) && !p->waiting;
}

static const struct ecs_profile *device_of(struct ecs_flow *f, const struct ecs_profile *p,
                                           const struct ecs_journey *j)
{
    struct ecs_profile *made;

    if (p || !j)
        return p;
    made = ecs_alloc(f->arena, sizeof(*made));
    if (made)
        *made = (struct ecs_profile){.name = j->name, .vendor = j->vendor, .model = j->model, .eid = j->eid};
    return made;
}

/* Who cannot be notified has to ask, whatever the setting says (O-071, 12.34). */
static int64_t interval_of(const struct ecs_odsa *odsa, const struct ecs_journey *j)
{
    const struct ecs_fact_value *push = &odsa->facts->v[ECS_FACT_DEVICE_PUSH];
    const struct ecs_int_list *steps = &odsa->env->conf->polling_steps;
    size_t asked = j && j->polls > 0 ? (size_t)j->polls - 1 : 0;
    int64_t interval = odsa->env->conf->polling_s;

    if (steps->n)
        return steps->items[asked < steps->n ? asked : steps->n - 1];
    return interval || (push->known && push->i) ? interval : UNNOTIFIED_S;
}

static void add_entry(struct ecs_flow *f, const struct ecs_odsa *odsa, struct odsa_list *list,
                      const struct ecs_profile *p, const struct ecs_journey *j)
{
    const struct odsa_work *w = odsa->work;
    const struct ecs_odsa_conf *conf = odsa->env->conf;
    struct odsa_configuration *c = &list->entries[list->n];
    struct odsa_listed *of = &list->of[list->n++];

    *of = (struct odsa_listed){p, j, false};
    c->iccid = p && p->iccid.n ? p->iccid : j ? j->iccid : ECS_STR_NULL;
    c->service = p && p->service.n ? p->service : j ? j->service : ECS_STR_NULL;
    c->status = status_of(p, j);
    c->secondary = p && p->secondary;
    if (c->status == ODSA_SS_ACTIVATING && j && j->polls >= conf->max_refresh && may_end(w, j)) {
        c->status = ODSA_SS_DEAD;
        of->polled_out = true;
    }
    if (c->status == ODSA_SS_ACTIVATING) {
        c->polling = odsa_polling(conf, interval_of(odsa, j), &list->polling_unit);
        list->pending = true;
    }
    if (c->status == ODSA_SS_ON && is_ready(p, j) && may_have(w, p, j))
        c->download = odsa_download_of(f, odsa, p, j);
    if (w->request.app == ECS_APP_2006 && odsa_has_no_web_view(odsa))
        c->device_info = device_of(f, p, j);
    if (w->request.app == ECS_APP_2009 && p && p->waiting && c->status == ODSA_SS_OFF)
        c->message = odsa_question(f, odsa);
}

/* ---- the list ---- */

static void add_living(struct ecs_flow *f, const struct ecs_odsa *odsa, struct odsa_list *list)
{
    const struct odsa_work *w = odsa->work;
    bool only_awaited = waits_for_any(w);

    for (size_t i = 0; i < w->view.n_profiles; i++) {
        const struct ecs_profile *p = &w->view.profiles[i];
        const struct ecs_journey *j = journey_of(w, p);

        if (odsa_profile_lives(p) && asks_for_profile(w, p, j) && (!only_awaited || waits_for(w, j)))
            add_entry(f, odsa, list, p, j);
    }
    for (size_t i = 0; i < w->view.n_journeys; i++) {
        const struct ecs_journey *j = &w->view.journeys[i];

        if (odsa_journey_is_open(j) && gives_profile(j) && odsa_states[odsa_state_of(j)].status &&
            !odsa_profile_by_id(w, j->profile) && asks_for_journey(w, j) &&
            (!only_awaited || waits_for(w, j)))
            add_entry(f, odsa, list, NULL, j);
    }
}

/* Only when there is nothing else: what was given up, so that polling ends. */
static void add_dead(struct ecs_flow *f, const struct ecs_odsa *odsa, struct odsa_list *list)
{
    const struct odsa_work *w = odsa->work;

    for (size_t i = 0; i < w->view.n_profiles; i++) {
        const struct ecs_profile *p = &w->view.profiles[i];

        if (!odsa_profile_lives(p) && asks_for_profile(w, p, NULL))
            add_entry(f, odsa, list, p, NULL);
    }
    for (size_t i = 0; !list->n && i < w->view.n_journeys; i++) {
        const struct ecs_journey *j = &w->view.journeys[i];
        enum odsa_state state = odsa_state_of(j);

        if (!odsa_journey_is_open(j) && gives_profile(j) && j->ended_at > odsa->now - LOST_S &&
            (state == ODSA_FAILED || state == ODSA_EXPIRED) && asks_for_journey(w, j))
            add_entry(f, odsa, list, NULL, j);
    }
}

/* Exactly one is primary: the line's own card, else the first that nobody calls secondary. */
static void mark_secondary(const struct ecs_odsa *odsa, struct odsa_list *list)
{
    size_t primary = list->n;
    struct odsa_configuration kept;
    struct odsa_listed of;

    if (list->n < 2)
        return;
    for (size_t i = 0; i < list->n; i++)
        if (primary == list->n ? !list->entries[i].secondary
                               : odsa->line && odsa_str_same(list->entries[i].iccid, odsa->line->iccid) &&
                                     !list->entries[i].secondary)
            primary = i;
    if (primary == list->n)
        primary = 0;
    kept = list->entries[0];
    of = list->of[0];
    list->entries[0] = list->entries[primary];
    list->of[0] = list->of[primary];
    list->entries[primary] = kept;
    list->of[primary] = of;
    for (size_t i = 0; i < list->n; i++)
        list->entries[i].secondary = i > 0;
    if (odsa->env->conf->stand_alone_primary)
        list->n = 1;
}

struct odsa_list *odsa_list(struct ecs_flow *f, const struct ecs_odsa *odsa)
{
    size_t most = odsa->work->view.n_profiles + odsa->work->view.n_journeys + 1;
    struct odsa_list *list = ecs_alloc(f->arena, sizeof(*list));

    if (!list)
        return NULL;
    list->entries = ecs_alloc(f->arena, most * sizeof(*list->entries));
    list->of = ecs_alloc(f->arena, most * sizeof(*list->of));
    if (!list->entries || !list->of)
        return NULL;
    add_living(f, odsa, list);
    if (!list->n)
        add_dead(f, odsa, list);
    if (odsa->work->request.app == ECS_APP_2009)
        mark_secondary(odsa, list);
    if (list->n == 1)
        list->entries[0].secondary = false;
    return list;
}
