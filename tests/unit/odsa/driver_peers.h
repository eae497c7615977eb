/* SPDX-License-Identifier: Apache-2.0 */
/* Neighbours of the driver's tests, lines and profiles, and the life of a test. */
#pragma once

#include "driver_rig.h"

/* ---- lines and profiles ---- */

enum ecs_next ecs_store_subscriber_get(struct ecs_flow *f, struct ecs_store *store, enum ecs_subscriber_by by,
                                       struct ecs_str value, struct ecs_subscriber_rows *ret_rows)
{
    (void)f, (void)store, (void)by, (void)value;
    *ret_rows = (struct ecs_subscriber_rows){0};
    return ECS_NEXT;
}

enum ecs_next ecs_store_tokens_revoke(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                      int64_t *ret_number)
{
    (void)f, (void)store, (void)imsi;
    w.revoked++;
    *ret_number = 0;
    return ECS_NEXT;
}

enum ecs_next ecs_store_subscriber_set(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                       const struct ecs_subscriber_fields *fields, int64_t *ret_revision)
{
    (void)f, (void)store, (void)imsi;
    assert_true(fields->area.p || fields->roaming.p || fields->visited_plmn.p);
    assert_true(!fields->plan.p && !fields->line_state.p);
    w.places++;
    *ret_revision = 1;
    return ECS_NEXT;
}

enum ecs_next ecs_store_bss_lines(struct ecs_flow *f, struct ecs_store *store,
                                  const struct ecs_bss_rows *rows, unsigned *ret_changed)
{
    (void)f, (void)store;
    assert_int_equal(rows->n, 1);
    w.lines++;
    *ret_changed = w.line_changes;
    return ECS_NEXT;
}

enum ecs_next ecs_store_bss_services(struct ecs_flow *f, struct ecs_store *store,
                                     const struct ecs_bss_rows *rows, unsigned *ret_changed)
{
    (void)f, (void)store, (void)rows;
    w.services++;
    *ret_changed = 1;
    return ECS_NEXT;
}

enum ecs_next ecs_store_odsa_view(struct ecs_flow *f, struct ecs_store *store, const struct ecs_odsa_key *key,
                                  struct ecs_odsa_view *ret_view)
{
    (void)f, (void)store, (void)key;
    *ret_view = (struct ecs_odsa_view){.journeys = &w.row, .n_journeys = w.row.id != 0};
    return ECS_NEXT;
}

enum ecs_next ecs_store_profile_by_iccid(struct ecs_flow *f, struct ecs_store *store, struct ecs_str iccid,
                                         struct ecs_profile *ret_profile)
{
    (void)f, (void)store;
    *ret_profile = ecs_str_eq(iccid, w.profile.iccid) ? w.profile : (struct ecs_profile){0};
    return ECS_NEXT;
}

enum ecs_next ecs_store_profile_change(struct ecs_flow *f, struct ecs_store *store,
                                       const struct ecs_profile_change *change, const char *notify_reason,
                                       int64_t *ret_id)
{
    (void)f, (void)store, (void)change;
    w.changes++;
    w.notified += notify_reason != NULL;
    *ret_id = 1;
    return ECS_NEXT;
}

/* ---- neighbours ---- */

const char *const ecs_bss_status_names[ECS_BSS_STATUS_COUNT] = {"done",   "pending", "again",   "website",
                                                                "in-use", "refused", "unknown", "denied"};
const char *const ecs_bss_action_names[ECS_BSS_ACTION_COUNT] = {
    "subscribe", "transfer", "recover", "end", "end-old", "confirm", "service-on", "service-off", "compensate"};
const char *const ecs_smdp_status_names[ECS_SMDP_STATUS_COUNT] = {"ok",    "again",   "no-stock", "in-use",
                                                                  "taken", "refused", "denied"};

static inline void forget_call(void *arg)
{
    (void)arg;
    w.open = NULL;
}

static inline enum ecs_next leave_open(struct ecs_flow *f, const char *call)
{
    assert_null(w.open);
    w.open = f;
    w.call = call;
    w.called++;
    if (w.row.smdp.n)
        w.source_when_called = w.row.smdp;
    return ecs_flow_wait(f, forget_call, NULL);
}

/* The open call is answered. */
static inline void answer(const char *call)
{
    struct ecs_flow *f = w.open;

    assert_non_null(f);
    assert_string_equal(w.call, call);
    w.open = NULL;
    if (strncmp(call, "bss", 3) == 0)
        *w.bss_to = w.bss;
    else
        *w.smdp_to = w.smdp;
    ecs_flow_resume(f);
}

#define BSS_CALL(name, call)                                                                                 \
    enum ecs_next name(struct ecs_flow *f, struct ecs_bss *bss, const struct ecs_bss_order *order,           \
                       struct ecs_str reference, struct ecs_bss_result *ret)                                 \
    {                                                                                                        \
        (void)bss, (void)order, (void)reference;                                                             \
        w.bss_to = ret;                                                                                      \
        return leave_open(f, call);                                                                          \
    }
BSS_CALL(ecs_bss_find, "bss find")
BSS_CALL(ecs_bss_cancel, "bss cancel")
enum ecs_next ecs_bss_order(struct ecs_flow *f, struct ecs_bss *bss, const struct ecs_bss_order *order,
                            struct ecs_bss_result *ret)
{
    (void)bss, (void)order;
    w.bss_to = ret;
    return leave_open(f, "bss order");
}

#define SMDP_CALL(name, type, call)                                                                          \
    enum ecs_next name(struct ecs_flow *f, struct ecs_smdp *smdp, const struct type *what,                   \
                       struct ecs_smdp_result *ret)                                                          \
    {                                                                                                        \
        (void)smdp, (void)what;                                                                              \
        w.smdp_to = ret;                                                                                     \
        return leave_open(f, call);                                                                          \
    }
SMDP_CALL(ecs_smdp_order, ecs_smdp_order, "smdp order")
SMDP_CALL(ecs_smdp_confirm, ecs_smdp_confirm, "smdp confirm")
SMDP_CALL(ecs_smdp_release, ecs_smdp_release, "smdp release")
SMDP_CALL(ecs_smdp_cancel, ecs_smdp_cancel, "smdp cancel")
enum ecs_next ecs_smdp_state(struct ecs_flow *f, struct ecs_smdp *smdp, struct ecs_str call_id,
                             struct ecs_str iccid, struct ecs_smdp_result *ret)
{
    (void)smdp, (void)call_id, (void)iccid;
    w.smdp_to = ret;
    return leave_open(f, "smdp state");
}

struct ecs_smdp *ecs_smdps_choose(const struct ecs_smdps *smdps, struct ecs_str profile_type,
                                  struct ecs_str eid)
{
    (void)smdps, (void)profile_type, (void)eid;
    return &sources[0];
}

struct ecs_smdp *ecs_smdps_find(const struct ecs_smdps *smdps, struct ecs_str name)
{
    (void)smdps;
    for (size_t i = 0; i < ECS_ARRAY_LEN(sources); i++)
        if (ecs_str_eq(name, ecs_str_of(sources[i].conf.name)))
            return &sources[i];
    return NULL;
}

const struct ecs_smdp_conf *ecs_smdp_conf_of(const struct ecs_smdp *smdp)
{
    return &smdp->conf;
}

/* ---- the engine ---- */

static inline void hold(void *arg)
{
    (void)arg;
    holds++;
}

static inline void drop(void *arg)
{
    (void)arg;
    holds--;
}
