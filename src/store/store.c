/* SPDX-License-Identifier: Apache-2.0 */
/* The store's life, and what its parts share: words of enumerations, statements whose result is decoded. */
#include <stdlib.h>
#include <string.h>

#include "store_int.h"

const char *const store_line_states[4] = {"active", "suspended", "barred", "terminated"};
const char *const store_roamings[3] = {"unknown", "home", "roaming"};
const char *const store_categories[7] = {"unknown", "phone", "tablet", "watch", "router", "iot", "other"};
const char *const store_identities[4] = {"unknown", "allow", "deny", "stolen"};
const char *const store_overrides[4] = {"none", "allow", "deny", "provisioning"};

/* What every connection needs: an SQN must be durable before it is used, whatever the role's default says;
 * the plan of a batch is the same for every batch, so it is made once, and never with whole-table scans. */
static const char durable[] = "SELECT set_config('synchronous_commit', 'on', false) "
                              "WHERE current_setting('synchronous_commit') IN ('off', 'local')";
static const char *const session[] = {
    durable,
    "SET plan_cache_mode = force_generic_plan",
    "SET jit = off",
    "SET enable_seqscan = off",
    "SET enable_hashjoin = off",
    "SET enable_mergejoin = off",
    "SET application_name = 'entitlementd'",
};

struct ecs_store *ecs_store_new(struct ecs_loop *loop, const struct ecs_store_conf *conf,
                                struct ecs_pg_stats *stats)
{
    struct ecs_store *store = calloc(1, sizeof(*store));

    if (!store)
        return NULL;
    store->conf = *conf;
    store->conf.pg.statements = ecs_stmt_table;
    store->conf.pg.n_statements = ECS_STMT_COUNT;
    store->conf.pg.session = session;
    store->conf.pg.n_session = ECS_ARRAY_LEN(session);
    store->facts.statement = ECS_STMT_FACTS;
    store->facts.key_columns = 3;
    store->facts_data.statement = ECS_STMT_FACTS_DATA;
    store->facts_data.key_columns = 5;
    store->polls.statement = ECS_STMT_ODSA_POLL;
    store->polls.key_columns = 5;
    store->pg = ecs_pg_new(loop, &store->conf.pg, stats);
    store->conf.pg.conninfo = NULL; /* was borrowed */
    if (!store->pg) {
        free(store);
        return NULL;
    }
    return store;
}

void ecs_store_limits(struct ecs_store *store, const struct ecs_store_conf *conf)
{
    store->conf.limit_attempts = conf->limit_attempts;
    store->conf.limit_window_s = conf->limit_window_s;
    store->conf.session_life_s = conf->session_life_s;
}

void ecs_store_free(struct ecs_store *store)
{
    if (!store)
        return;
    ecs_pg_free(store->pg);
    free(store);
}

bool ecs_store_is_up(const struct ecs_store *store)
{
    return ecs_pg_is_up(store->pg);
}

int store_word(struct ecs_str text, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (ecs_str_eq(text, ecs_str_of(words[i])))
            return (int)i;
    }
    return -1;
}

enum ecs_next store_exec(struct ecs_flow *f, struct ecs_store *store, enum ecs_stmt statement,
                         const struct ecs_pg_param *params, size_t n,
                         enum ecs_rc (*decode)(struct ecs_flow *f, struct ecs_pg_result *r), void *target)
{
    struct ecs_pg_result *r = ecs_alloc(f->arena, sizeof(*r));

    if (!r)
        return ecs_flow_fail(f, ECS_E_TOO_LARGE, "store: request memory is used up");
    r->decode = decode;
    r->decode_arg = target;
    return ecs_pg_exec(f, store->pg, statement, params, n, r);
}
