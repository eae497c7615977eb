/* SPDX-License-Identifier: Apache-2.0 */
/* Table accounting_record: what accounting servers are still to be told. All calls wait for the database. */
#pragma once

#include "ecs/store.h"

enum ecs_accounting_kind { ECS_ACCOUNTING_SESSION = 1, ECS_ACCOUNTING_ON = 7, ECS_ACCOUNTING_OFF = 8 };
enum { ECS_ACCOUNTING_BATCH = 64 };

struct ecs_accounting_row {
    struct ecs_str id; /* of rows that were taken */
    enum ecs_accounting_kind kind;
    struct ecs_str session; /* 16 hexadecimal digits */
    struct ecs_str nas, user_name;
    struct ecs_str class; /* {NULL, 0}: none */
    int64_t event_at;     /* Unix seconds */
    int64_t age_s;        /* since then */
    bool started;         /* the Start was answered */
    int64_t tries;        /* this one included */
};
struct ecs_accounting_rows {
    struct ecs_accounting_row *rows;
    size_t n;
};
/* Of row: kind, session, nas, user_name, class, age_s. */
enum ecs_next ecs_store_accounting_add(struct ecs_flow *f, struct ecs_store *store,
                                       const struct ecs_accounting_row *row);
/* Takes due rows, which belong to this node for lease_s; in the arena. */
enum ecs_next ecs_store_accounting_take(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                        unsigned lease_s, struct ecs_accounting_rows *ret_rows);
/* What became of them: ids of rows. */
struct ecs_accounting_settled {
    const struct ecs_str *answered, *started, *again;
    size_t answered_n, started_n, again_n; /* started: again too, but from the Stop on */
    unsigned rest_s, longest_rest_s;
};
enum ecs_next ecs_store_accounting_settle(struct ecs_flow *f, struct ecs_store *store,
                                          const struct ecs_accounting_settled *settled);
struct ecs_accounting_state {
    int64_t waiting; /* at most count_max */
    int64_t given_up, oldest_s;
};
/* Counts, and gives up what is older than keep_s. */
enum ecs_next ecs_store_accounting_look(struct ecs_flow *f, struct ecs_store *store, unsigned count_max,
                                        unsigned keep_s, struct ecs_accounting_state *ret_state);
