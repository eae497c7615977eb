/* SPDX-License-Identifier: Apache-2.0 */
/* The pool of prepared activation codes: rows are taken, given out or dropped, each by one statement that a
 * repeated call finds done. Import: ecs/import.h. */
#pragma once

#include "ecs/store.h"

enum ecs_pool_state {
    ECS_POOL_FREE,
    ECS_POOL_TAKEN, /* reserved; nobody has seen the code */
    ECS_POOL_GIVEN, /* the code went out */
    ECS_POOL_VOID
};

/* Zero it before the call. */
struct ecs_pool_row {
    bool found;                /* false: no such row; of a take: nothing is free */
    bool mine;                 /* taken by this call, or by one of the same procedure */
    enum ecs_pool_state state; /* as it is from now on */
    struct ecs_str iccid, code_sealed, address, line_imsi, msisdn; /* p NULL: none; in the flow's arena */
    int64_t left; /* take: free ones of this type afterwards, at most the limit */
    const struct ecs_pg_result *result;
};
/* A failure of the database; ECS_OK: the row tells. The calls below do not fail the flow. */
enum ecs_rc ecs_store_pool_rc(const struct ecs_pool_row *row);

/* All may wait. smdp: name of the source. ECS_E_CONFLICT: the same call is under way elsewhere: again. */
enum ecs_next ecs_store_pool_take(struct ecs_flow *f, struct ecs_store *store, struct ecs_str call_id,
                                  struct ecs_str smdp, struct ecs_str profile_type, unsigned count_limit,
                                  struct ecs_pool_row *ret_row);
enum ecs_next ecs_store_pool_take_iccid(struct ecs_flow *f, struct ecs_store *store, struct ecs_str call_id,
                                        struct ecs_str smdp, struct ecs_str iccid,
                                        struct ecs_pool_row *ret_row);
/* owner: what the ids of all calls of the procedure begin with; rows of others are left alone (mine false).
 */
enum ecs_next ecs_store_pool_give(struct ecs_flow *f, struct ecs_store *store, struct ecs_str smdp,
                                  struct ecs_str iccid, struct ecs_str owner, struct ecs_pool_row *ret_row);
/* reusable: a row that was taken only becomes free again; every other one void. */
enum ecs_next ecs_store_pool_drop(struct ecs_flow *f, struct ecs_store *store, struct ecs_str smdp,
                                  struct ecs_str iccid, struct ecs_str owner, bool reusable,
                                  struct ecs_pool_row *ret_row);
enum ecs_next ecs_store_pool_get(struct ecs_flow *f, struct ecs_store *store, struct ecs_str smdp,
                                 struct ecs_str iccid, struct ecs_pool_row *ret_row);

struct ecs_pool_stock {
    struct ecs_str smdp, profile_type;
    int64_t free, taken, given, void_;
};
/* By source and profile type, at most 1,000 rows; reads an index of the whole pool: for people and alarms.
 * Fails the flow as ecs_pg_exec. */
enum ecs_next ecs_store_pool_stock(struct ecs_flow *f, struct ecs_store *store,
                                   struct ecs_pool_stock **ret_rows, size_t *ret_n);
