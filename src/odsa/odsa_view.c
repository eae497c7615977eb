/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to the view of a request: which profile, which procedure, which other ones. */
#include "op_priv.h"

#include "ecs/auth.h"

bool odsa_str_same(struct ecs_str a, struct ecs_str b)
{
    return a.n && ecs_str_eq(a, b);
}

bool odsa_profile_lives(const struct ecs_profile *profile)
{
    return profile->status != ODSA_SS_DEAD;
}

bool odsa_profile_is_of_target(const struct odsa_work *w, const struct ecs_profile *profile)
{
    return odsa_str_same(profile->terminal_id, w->request.target_id) ||
           odsa_str_same(profile->eid, w->request.eid);
}

const struct ecs_profile *odsa_profile_by_iccid(const struct odsa_work *w, struct ecs_str iccid)
{
    for (size_t i = 0; i < w->view.n_profiles; i++) {
        const struct ecs_profile *p = &w->view.profiles[i];

        if (odsa_profile_lives(p) && odsa_str_same(p->iccid, iccid))
            return p;
    }
    return NULL;
}

const struct ecs_profile *odsa_profile_by_id(const struct odsa_work *w, int64_t id)
{
    for (size_t i = 0; id && i < w->view.n_profiles; i++)
        if (w->view.profiles[i].id == id)
            return &w->view.profiles[i];
    return NULL;
}

const struct ecs_profile *odsa_target_profile(const struct odsa_work *w)
{
    const struct ecs_profile *found = w->request.iccid.n ? odsa_profile_by_iccid(w, w->request.iccid) : NULL;

    /* What is on the device before a new subscription need not be ours. */
    if (w->request.iccid.n && (found || w->request.type != 0))
        return found;
    for (size_t i = 0; i < w->view.n_profiles; i++) {
        const struct ecs_profile *p = &w->view.profiles[i];

        if (odsa_profile_lives(p) && odsa_profile_is_of_target(w, p) && (!found || p->id > found->id))
            found = p;
    }
    return found;
}

bool odsa_journey_is_open(const struct ecs_journey *journey)
{
    return journey->ended_at == 0;
}

const struct ecs_journey *odsa_open_journey(const struct odsa_work *w, unsigned kinds)
{
    for (size_t i = 0; i < w->view.n_journeys; i++) {
        const struct ecs_journey *j = &w->view.journeys[i];

        if (odsa_journey_is_open(j) && kinds >> j->kind & 1 &&
            (odsa_str_same(j->target_id, w->request.target_id) || odsa_str_same(j->eid, w->request.eid)))
            return j;
    }
    return NULL;
}

const struct ecs_journey *odsa_journey_by_id(const struct odsa_work *w, int64_t id)
{
    for (size_t i = 0; i < w->view.n_journeys; i++)
        if (w->view.journeys[i].id == id)
            return &w->view.journeys[i];
    return NULL;
}

int64_t odsa_count_others(const struct odsa_work *w)
{
    int64_t n = 0;

    for (size_t i = 0; i < w->view.n_profiles; i++)
        n += odsa_profile_lives(&w->view.profiles[i]) && !odsa_profile_is_of_target(w, &w->view.profiles[i]);
    for (size_t i = 0; i < w->view.n_journeys; i++) {
        const struct ecs_journey *j = &w->view.journeys[i];

        n += odsa_journey_is_open(j) && j->kind == ECS_JOURNEY_COMPANION && !j->profile &&
             !odsa_str_same(j->target_id, w->request.target_id);
    }
    return n;
}

/* With two names of one phone (8.2) target_* alone would not say who asks: 14.23. */
bool odsa_old_asks(const struct odsa_request *q)
{
    return q->app == ECS_APP_2009 && q->type == 3 &&
           (odsa_str_same(q->old_id, q->terminal_id) || (q->other_target && !q->old_id.n));
}

static void add_choice(struct ecs_str iccid, struct ecs_str *iccids, size_t max, size_t *n)
{
    if (!iccid.n)
        return;
    for (size_t i = 0; i < *n && i < max; i++)
        if (ecs_str_eq(iccids[i], iccid))
            return;
    if (*n < max)
        iccids[*n] = iccid;
    ++*n;
}

/* The device that is to be left, where the request tells. */
static struct ecs_str old_device(const struct odsa_request *q)
{
    return q->old_id.n ? q->old_id : odsa_old_asks(q) ? q->terminal_id : ECS_STR_NULL;
}

size_t odsa_old_choices(const struct ecs_odsa *odsa, struct ecs_str *ret_iccids, size_t max)
{
    const struct odsa_work *w = odsa->work;
    struct ecs_str device = old_device(&w->request);
    size_t exact = 0, n = 0;

    for (size_t i = 0; i < w->view.n_profiles; i++) {
        const struct ecs_profile *p = &w->view.profiles[i];

        if (odsa_profile_lives(p) && !p->waiting && odsa_str_same(p->terminal_id, device))
            add_choice(p->iccid, ret_iccids, max, &exact);
    }
    if (exact || (device.n && w->request.app == ECS_APP_2006))
        return exact;
    for (size_t i = 0; i < w->view.n_profiles; i++) {
        const struct ecs_profile *p = &w->view.profiles[i];

        if (odsa_profile_lives(p) && !p->waiting && !odsa_profile_is_of_target(w, p) &&
            !(device.n && p->terminal_id.n))
            add_choice(p->iccid, ret_iccids, max, &n);
    }
    /* The card that the line began with has no row of a profile. */
    if (w->request.app == ECS_APP_2009 && odsa->line && odsa->line->iccid.n &&
        !odsa_profile_by_iccid(w, odsa->line->iccid))
        add_choice(odsa->line->iccid, ret_iccids, max, &n);
    return n;
}

enum ecs_next odsa_load_view(struct ecs_flow *f, struct ecs_odsa *odsa, bool poll)
{
    struct odsa_work *w = odsa->work;
    const struct odsa_request *q = &w->request;
    /* A list is asked for: everything of the line, unless it is about one device. */
    bool all = q->operation == ECS_OP_ACQUIRE_CONFIGURATION && q->app == ECS_APP_2009 && !q->names_target;
    struct ecs_odsa_key *key = ecs_alloc(f->arena, sizeof(*key));

    if (!key)
        return odsa_out_of_memory(f);
    *key = (struct ecs_odsa_key){
        .imsi = q->enterprise.n ? ECS_STR_NULL : ecs_str_of(odsa->auth->imsi.s),
        .enterprise = q->enterprise,
        .app = (int)ecs_app_number(q->app),
        .terminal_id = q->terminal_id,
        .target_id = all ? ECS_STR_NULL : q->target_id,
        .target_tac = q->target_tac,
        .eid = q->eid,
        .iccids = {q->iccid, q->old_iccid},
        .poll = poll,
    };
    return ecs_store_odsa_view(f, odsa->env->store, key, &w->view);
}
