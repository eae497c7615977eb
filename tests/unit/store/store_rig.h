/* SPDX-License-Identifier: Apache-2.0 */
/* Rig of the store's tests: one job is one call of the store as a flow; the private cluster has the real
 * schema. */
#pragma once

#include "../pg_test.h"
#include "ecs/log.h"
#include "ecs/schema.h"
#include "ecs/store.h"

enum call { FACTS, BEGIN, FINISH, RESYNC, PASSED, REAP };

struct job {
    struct ecs_flow flow;
    struct ecs_arena *arena;
    enum call call;
    struct ecs_facts_key key;
    struct ecs_subscriber_facts facts;
    struct ecs_eap_begin begin;
    struct ecs_eap_begun begun;
    struct ecs_str handle;
    struct ecs_eap_session session;
    struct ecs_eap_resync resync;
    struct ecs_eap_challenge challenge;
    struct ecs_str imsi;
    unsigned reaped;
    uint8_t handle_bytes[32];
    unsigned *left;
    enum ecs_rc rc;
};

static struct ecs_loop *loop;
static struct ecs_pg_stats stats;
static struct ecs_store *store;

static inline enum ecs_next ask(struct ecs_flow *f)
{
    struct job *j = f->self;

    switch (j->call) {
    case FACTS:
        return ecs_store_facts(f, store, &j->key, &j->facts);
    case BEGIN:
        return ecs_store_eap_begin(f, store, &j->begin, &j->begun);
    case FINISH:
        return ecs_store_eap_finish(f, store, j->handle, &j->session);
    case RESYNC:
        return ecs_store_eap_resync(f, store, &j->resync, &j->challenge);
    case PASSED:
        return ecs_store_eap_passed(f, store, j->imsi);
    default:
        return ecs_store_eap_reap(f, store, 2, &j->reaped);
    }
}

static inline enum ecs_next end(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

static const struct ecs_step steps[] = {{"ask", ask, 0}, {"end", end, 0}, {"error", end, 0}, {0}};

static inline void on_end(struct ecs_flow *f)
{
    struct job *j = f->frame[0].self;

    j->rc = f->rc;
    (*j->left)--;
}

static inline void start(struct job *j, enum call call, unsigned *left)
{
    j->call = call;
    j->left = left;
    (*left)++;
    j->arena = ecs_arena_new(NULL, 0);
    assert_non_null(j->arena);
    ecs_flow_start(&j->flow, loop, j->arena, NULL, steps, j, on_end);
}

/* Runs one call to its end; the arena stays until the next run with the same job. */
static inline void run(struct job *j, enum call call)
{
    unsigned left = 0;

    ecs_arena_free(j->arena);
    start(j, call, &left);
    pg_test_turn(loop, &left, 8000);
    assert_int_equal(left, 0);
    if (j->rc != ECS_OK)
        fail_msg("%s", j->flow.reason);
}

static inline void facts_of(struct job *j, const char *imsi, const char *terminal, const char *tac)
{
    j->key = (struct ecs_facts_key){
        .imsi = ecs_str_of(imsi), .terminal_id = ecs_str_of(terminal), .tac = ecs_str_of(tac)};
    run(j, FACTS);
}

static inline int64_t revision_of(const char *imsi)
{
    struct job j = {0};
    int64_t revision;

    facts_of(&j, imsi, "35000000000001", "35000000");
    revision = j.facts.content_revision;
    ecs_arena_free(j.arena);
    return revision;
}

static inline void make_subscriber(const char *imsi, int sqn)
{
    char sql[512];

    snprintf(sql, sizeof(sql),
             "INSERT INTO subscriber (imsi, plan) VALUES ('%s', 'basic') ON CONFLICT DO NOTHING;"
             "INSERT INTO auc (imsi, ki_wrapped, opc_wrapped, sqn) VALUES ('%s', repeat('k', 48)::bytea, "
             "repeat('o', 48)::bytea, %d) ON CONFLICT DO NOTHING",
             imsi, imsi, sqn);
    pg_test_sql(sql);
}

static inline int setup(void **state)
{
    struct ecs_store_conf conf = {
        .ind_bits = 5, .ind = 3, .limit_attempts = 200, .limit_window_s = 60, .session_life_s = 60};
    struct ecs_pg_sync *sync = NULL;
    char error[256];

    (void)state;
    ecs_log_init(ECS_LOG_TEXT, ECS_LOG_ERROR);
    loop = ecs_loop_new();
    if (!loop || pg_test_start() != 0 || ecs_pg_sync_connect(pg_test_conninfo(), 5, error, &sync) != ECS_OK)
        return -1;
    if (ecs_schema_upgrade(sync, NULL) != ECS_OK) {
        fprintf(stderr, "%s\n", ecs_pg_sync_error(sync));
        return -1;
    }
    ecs_pg_sync_free(sync);
    pg_test_sql("INSERT INTO plan (plan, name) VALUES ('basic', 'Basic');"
                "INSERT INTO subscriber (imsi, plan) VALUES ('001010000000002', 'basic')");
    conf.pg.conninfo = pg_test_conninfo();
    store = ecs_store_new(loop, &conf, &stats);
    return store ? 0 : -1;
}

static inline int teardown(void **state)
{
    (void)state;
    ecs_store_free(store);
    ecs_loop_free(loop);
    return 0;
}
