/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of store, grants and BSS over the arrays of op_db.h. */
#pragma once

#include "op_db.h"

static enum ecs_iccid_owner owner_of(struct ecs_str iccid)
{
    enum ecs_iccid_owner owner = ECS_ICCID_UNKNOWN;

    if (!iccid.n)
        return owner;
    if (odsa_str_same(iccid, db.foreign))
        return ECS_ICCID_FOREIGN;
    if (odsa_str_same(iccid, db.line_iccid))
        return ECS_ICCID_OURS;
    for (size_t i = 0; i < db.n_profiles; i++)
        if (odsa_str_same(db.profiles[i].iccid, iccid))
            owner = db.profiles[i].status == 4 ? ECS_ICCID_DEAD : ECS_ICCID_OURS;
    return owner;
}

static void copy_rows(struct ecs_flow *f, const struct ecs_odsa_key *key, struct ecs_odsa_view *v)
{
    struct ecs_str device = key->target_id.n ? key->target_id : key->terminal_id;

    v->profiles = ecs_alloc(f->arena, (db.n_profiles + 1) * sizeof(*v->profiles));
    v->journeys = ecs_alloc(f->arena, (db.n_journeys + 1) * sizeof(*v->journeys));
    assert_true(v->profiles && v->journeys);
    for (size_t i = 0; i < db.n_profiles; i++)
        if (db.profiles[i].app == key->app)
            v->profiles[v->n_profiles++] = db.profiles[i];
    for (size_t i = db.n_journeys; i--;) {
        struct ecs_journey *j = &db.journeys[i];

        if (j->app != key->app || (j->ended_at && !odsa_str_same(j->target_id, device)))
            continue;
        j->polls += key->poll && !j->ended_at && (!key->target_id.n || odsa_str_same(j->target_id, device));
        v->journeys[v->n_journeys++] = *j;
    }
}

enum ecs_next ecs_store_odsa_view(struct ecs_flow *f, struct ecs_store *store, const struct ecs_odsa_key *key,
                                  struct ecs_odsa_view *ret_view)
{
    (void)store;
    *ret_view = (struct ecs_odsa_view){
        .target_known = db.category != ECS_ROW_DEVICE_UNKNOWN,
        .target_category = db.category,
        .target_state = db.target_state,
        .eid_state = db.eid_state,
        .enterprise_active = db.enterprise_active,
        .enterprise_max = db.enterprise_max,
        .enterprise_living = db.enterprise_living,
    };
    for (size_t i = 0; i < 4; i++)
        ret_view->owners[i] = owner_of(key->iccids[i]);
    copy_rows(f, key, ret_view);
    return ECS_NEXT;
}

enum ecs_next ecs_store_journey_get(struct ecs_flow *f, struct ecs_store *store, int64_t id,
                                    struct ecs_journey *ret_journey)
{
    (void)f, (void)store;
    assert_non_null(journey_with(id));
    *ret_journey = *journey_with(id);
    return ECS_NEXT;
}

enum ecs_next ecs_store_profile_change(struct ecs_flow *f, struct ecs_store *store,
                                       const struct ecs_profile_change *change, const char *notify_reason,
                                       int64_t *ret_id)
{
    struct ecs_profile *p = NULL;

    (void)f, (void)store, (void)notify_reason;
    for (size_t i = 0; change->row.id && i < db.n_profiles; i++)
        if (db.profiles[i].id == change->row.id)
            p = &db.profiles[i];
    if (!p) {
        p = &db.profiles[db.n_profiles++];
        *p = change->row;
        p->code = ecs_str_of(ecs_strdup(db.arena, p->code)); /* outlives the request */
        p->id = 100 + (int64_t)db.n_profiles;
    } else {
        p->installed_at = change->row.installed_at;
        p->code = change->drop_code ? ECS_STR_NULL : p->code;
    }
    *ret_id = p->id;
    return ECS_NEXT;
}

enum ecs_next ecs_store_profile_by_iccid(struct ecs_flow *f, struct ecs_store *store, struct ecs_str iccid,
                                         struct ecs_profile *ret_profile)
{
    (void)f, (void)store;
    *ret_profile = (struct ecs_profile){.id = odsa_str_same(iccid, db.foreign)};
    return ECS_NEXT;
}

enum ecs_next ecs_store_profile_delivered(struct ecs_flow *f, struct ecs_store *store, int64_t id)
{
    (void)f, (void)store;
    for (size_t i = 0; i < db.n_profiles; i++)
        if (db.profiles[i].id == id)
            db.profiles[i].delivered_at = NOW;
    db.delivered++;
    return ECS_NEXT;
}

/* The tests count on one day. */
enum ecs_next ecs_store_eligibility_poll(struct ecs_flow *f, struct ecs_store *store,
                                         const uint8_t device[ECS_POLL_DEVICE_LEN], int64_t *ret_polls)
{
    size_t i = 0;

    (void)f, (void)store;
    while (i < db.n_polled && memcmp(db.polled[i].device, device, ECS_POLL_DEVICE_LEN) != 0)
        i++;
    if (i == db.n_polled)
        memcpy(db.polled[db.n_polled++].device, device, ECS_POLL_DEVICE_LEN);
    *ret_polls = ++db.polled[i].polls;
    return ECS_NEXT;
}

/* ---- secrets, grants ---- */

bool ecs_odsa_seal(const struct ecs_odsa_env *env, struct ecs_arena *arena, struct ecs_str text,
                   struct ecs_str *ret_sealed)
{
    (void)env;
    *ret_sealed = ecs_str_of(ecs_printf(arena, "sealed:%.*s", ECS_FMT(text)));
    return true;
}

enum ecs_next ecs_grant_mint(struct ecs_flow *f, const struct ecs_auth_env *env,
                             const struct ecs_grant_order *order, struct ecs_grant *ret_grant)
{
    (void)f, (void)env;
    assert_int_equal(order->kind, ECS_GRANT_TEMPORARY);
    assert_non_null(order->imsi);
    db.minted++;
    db.granted = order->operations;
    strcpy(ret_grant->text, "tmp6b1e");
    ret_grant->added.expires_s = NOW + 600;
    strcpy(ret_grant->added.expiry, "2026-09-21T15:16:40Z");
    return ECS_NEXT;
}

enum ecs_next ecs_grant_finish(struct ecs_flow *f, const struct ecs_auth_env *env, enum ecs_grant_kind kind,
                               struct ecs_str text, struct ecs_str *ret_imsi)
{
    (void)f, (void)env, (void)kind, (void)ret_imsi;
    assert_true(ecs_str_eq(text, ECS_STR("tmp6b1e")));
    db.finished++;
    return ECS_NEXT;
}

/* ---- BSS ---- */

const struct ecs_bss_conf *ecs_bss_conf_of(const struct ecs_bss *bss)
{
    (void)bss;
    return &db.bss;
}

bool ecs_bss_is_local(const struct ecs_bss *bss)
{
    (void)bss;
    return db.bss.type == ECS_BSS_LOCAL;
}

enum ecs_next ecs_bss_ask(struct ecs_flow *f, struct ecs_bss *bss, const struct ecs_bss_subject *subject,
                          struct ecs_bss_line *ret_line)
{
    (void)f, (void)bss;
    assert_true(subject->imsi.n || subject->enterprise.n);
    db.asked++;
    *ret_line = db.line;
    return ECS_NEXT;
}

enum ecs_next ecs_bss_plans(struct ecs_flow *f, struct ecs_bss *bss, const struct ecs_bss_subject *subject,
                            struct ecs_bss_plans *ret_plans)
{
    (void)f, (void)bss;
    assert_true(subject->imsi.n || subject->enterprise.n);
    db.asked++;
    *ret_plans = db.plans;
    return ECS_NEXT;
}
