/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of the BSS adapter: plans and orders of the local BSS, registrations at hubs, and how far a foreign
 * BSS has been read. Calls and texts as in ecs/store.h. Those of the local BSS do not fail the flow:
 * result.rc tells, and the rest holds with ECS_OK only. */
#pragma once

#include "ecs/store.h"

struct ecs_offer_row {
    struct ecs_str id, name, description, profile_type, service; /* the latter two: p NULL none */
};
struct ecs_offers {
    struct ecs_pg_result result;
    struct ecs_offer_row *rows; /* at most 100, in their order */
    size_t n;
};
struct ecs_offer_key {
    int app;                                        /* 2006, 2009, 2011 */
    struct ecs_str imsi, enterprise, service, plan; /* p NULL: not asked for */
};
enum ecs_next ecs_store_offers(struct ecs_flow *f, struct ecs_store *store, const struct ecs_offer_key *key,
                               struct ecs_offers *ret_offers);

struct ecs_local_order {
    struct ecs_str key, action; /* of 0010_bss.sql; key at most 64 characters */
    struct ecs_str imsi, enterprise, app, target_id, eid, iccid, old_iccid, service, plan; /* p NULL: none */
    unsigned delay_s; /* until it is done */
};
struct ecs_local_ordered {
    struct ecs_pg_result result;
    struct ecs_str action; /* p NULL: no order has this key */
    bool cancelled, done;
};
/* A key that is there already is told, not written again. */
enum ecs_next ecs_store_local_order(struct ecs_flow *f, struct ecs_store *store,
                                    const struct ecs_local_order *order, struct ecs_local_ordered *ret);
enum ecs_next ecs_store_local_order_get(struct ecs_flow *f, struct ecs_store *store, struct ecs_str key,
                                        struct ecs_local_ordered *ret);
enum ecs_next ecs_store_local_order_cancel(struct ecs_flow *f, struct ecs_store *store, struct ecs_str key,
                                           struct ecs_local_ordered *ret);
/* Deletes orders older than that; at most max_rows. */
enum ecs_next ecs_store_local_order_reap(struct ecs_flow *f, struct ecs_store *store, unsigned days,
                                         unsigned max_rows, unsigned *ret_rows);

/* ---- a foreign BSS ---- */

enum ecs_next ecs_store_bss_hub_known(struct ecs_flow *f, struct ecs_store *store, struct ecs_str api,
                                      struct ecs_str callback, bool *ret_known);
enum ecs_next ecs_store_bss_hub_put(struct ecs_flow *f, struct ecs_store *store, struct ecs_str api,
                                    struct ecs_str callback, struct ecs_str id);

struct ecs_bss_pass { /* one reading of all changes since */
    bool taken;       /* it is ours for lease_s */
    int64_t since;    /* Unix seconds, 0: from the beginning */
    unsigned page;    /* rows of it that have been read */
    int64_t began_at;
};
/* what: "service", "product". taken false: somebody else is at it, or it is not yet time. */
enum ecs_next ecs_store_bss_sync_claim(struct ecs_flow *f, struct ecs_store *store, struct ecs_str what,
                                       unsigned every_s, unsigned lease_s, struct ecs_bss_pass *ret_pass);
/* page -1: the pass is over. The lease ends. */
enum ecs_next ecs_store_bss_sync_page(struct ecs_flow *f, struct ecs_store *store, struct ecs_str what,
                                      int page, unsigned seen, unsigned changed);
/* The pass pauses for a minute. */
enum ecs_next ecs_store_bss_sync_drop(struct ecs_flow *f, struct ecs_store *store, struct ecs_str what);

enum { ECS_BSS_ROWS_MAX = 200 };
/* Columns of n rows, at most ECS_BSS_ROWS_MAX; a line by imsi, or (imsi p NULL) by a number that one line
 * has. a and b: service and ProvStatus ("0".."3"), or line_state and plan (p NULL: as it is). */
struct ecs_bss_rows {
    const struct ecs_str *imsi, *msisdn, *a, *b;
    size_t n;
};
/* Unknown lines are skipped; ret_changed: rows that are now other than before. */
enum ecs_next ecs_store_bss_services(struct ecs_flow *f, struct ecs_store *store,
                                     const struct ecs_bss_rows *rows, unsigned *ret_changed);
enum ecs_next ecs_store_bss_lines(struct ecs_flow *f, struct ecs_store *store,
                                  const struct ecs_bss_rows *rows, unsigned *ret_changed);
