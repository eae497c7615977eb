/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the store: the pool with its statements, and how a result becomes a struct. */
#pragma once

#include "ecs/store.h"
#include "store/statements.h"

struct ecs_store {
    struct ecs_store_conf conf;
    struct ecs_pg *pg;
    struct ecs_pg_batch_query facts, facts_data, polls;
};

/* Runs a statement whose result goes to decode together with target. Result memory is the arena's. */
enum ecs_next store_exec(struct ecs_flow *f, struct ecs_store *store, enum ecs_stmt statement,
                         const struct ecs_pg_param *params, size_t n,
                         enum ecs_rc (*decode)(struct ecs_flow *f, struct ecs_pg_result *r), void *target);
/* Facts out of rows whose columns first_column... are those of the fragment facts_columns. */
enum ecs_rc store_decode_facts(struct ecs_flow *f, struct ecs_pg_result *r, unsigned first_column,
                               struct ecs_subscriber_facts *ret_facts);
enum { STORE_FACTS_COLUMNS = 42 };
/* Facts and what is behind them (store_data.c): rows of the statement facts_data into decode_arg. */
enum ecs_rc store_decode_data(struct ecs_flow *f, struct ecs_pg_result *r);
/* verdict, state, ends_at, seconds of a purchase into decode_arg (struct ecs_boost_bought). */
enum ecs_rc store_decode_bought(struct ecs_flow *f, struct ecs_pg_result *r);

/* Position of text in the list, or -1. */
int store_word(struct ecs_str text, const char *const *words, size_t n);
/* Text forms, in the order of the enumerations of ecs/store.h */
extern const char *const store_line_states[4];
extern const char *const store_roamings[3];
extern const char *const store_categories[7];
extern const char *const store_identities[4];
extern const char *const store_overrides[4];
