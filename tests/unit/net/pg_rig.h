/* SPDX-License-Identifier: Apache-2.0 */
/* Rig of the pool's tests: statements, jobs that run one request as a flow, and a pool on the private
 * cluster. */
#pragma once

#include "../pg_test.h"
#include "ecs/log.h"
#include "ecs/pg.h"

enum { ECHO, NAP, DIVIDE, LOOKUP, NAP_LOOKUP, TYPES, ADD, STATEMENTS };

static const struct ecs_pg_statement statements[STATEMENTS] = {
    [ECHO] = {"echo", "SELECT $1::text, $2::integer", 2, true},
    [NAP] = {"nap", "SELECT 1::bigint FROM pg_sleep($1::integer / 1000.0)", 1, false},
    [DIVIDE] = {"divide", "SELECT 100 / $1::integer", 1, false},
    /* key "n" gives n % 3 rows */
    [LOOKUP] = {"lookup",
                "SELECT k.ord, k.a, k.b FROM unnest($1::text[], $2::text[]) WITH ORDINALITY k(a, b, ord), "
                "generate_series(1, k.a::integer % 3) ORDER BY random()",
                2, true},
    [NAP_LOOKUP] = {"nap_lookup",
                    "SELECT k.ord, k.a FROM unnest($1::text[]) WITH ORDINALITY k(a, ord), pg_sleep(0.2)", 1,
                    true},
    [TYPES] =
        {"types",
         "SELECT $1::text, $2::smallint, $3::integer, $4::bigint, $5::boolean, $6::bytea, $7::timestamptz, "
         "$8::text[], NULL::text, 1.5::float8, ARRAY[1, 2]",
         8, true},
    [ADD] = {"add", "INSERT INTO things (id) VALUES ($1::integer)", 1, false},
};

struct job {
    struct ecs_flow flow;
    struct ecs_arena *arena;
    struct ecs_pg *pg;
    struct ecs_pg_result result;
    enum { EXEC, BATCH } kind;
    unsigned statement;
    struct ecs_pg_param params[8];
    size_t n;
    struct ecs_pg_batch_query *query;
    struct ecs_str key[2];
    char text[2][32];
    unsigned *left;
    bool answered;
    enum ecs_rc rc;
};

static struct ecs_loop *loop;
static struct ecs_pg_stats stats;

static inline enum ecs_next ask(struct ecs_flow *f)
{
    struct job *j = f->self;

    if (j->kind == BATCH)
        return ecs_pg_batch(f, j->pg, j->query, j->key, &j->result);
    return ecs_pg_exec(f, j->pg, j->statement, j->params, j->n, &j->result);
}

static inline enum ecs_next take(struct ecs_flow *f)
{
    struct job *j = f->self;

    j->answered = true;
    return ECS_DONE;
}

static inline enum ecs_next give_up(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

static const struct ecs_step steps[] = {{"ask", ask, 0}, {"take", take, 0}, {"give-up", give_up, 0}, {0}};
static const struct ecs_step short_steps[] = {
    {"ask", ask, 50}, {"take", take, 0}, {"give-up", give_up, 0}, {0}};

static inline void on_end(struct ecs_flow *f)
{
    struct job *j = f->frame[0].self;

    j->rc = f->rc;
    (*j->left)--;
}

static inline void job_start(struct job *j, struct ecs_pg *pg, const struct ecs_step *table, unsigned *left)
{
    j->pg = pg;
    j->left = left;
    (*left)++;
    j->arena = ecs_arena_new(NULL, 0);
    assert_non_null(j->arena);
    ecs_flow_start(&j->flow, loop, j->arena, NULL, table, j, on_end);
}

static inline void job_done(struct job *j)
{
    ecs_arena_free(j->arena);
}

static inline struct ecs_pg *pool(unsigned connections, unsigned max_waiting, uint32_t timeout_ms)
{
    struct ecs_pg_conf conf = {.conninfo = pg_test_conninfo(),
                               .connections = connections,
                               .max_waiting = max_waiting,
                               .statement_timeout_ms = timeout_ms,
                               .statements = statements,
                               .n_statements = STATEMENTS};
    struct ecs_pg *pg;

    memset(&stats, 0, sizeof(stats));
    pg = ecs_pg_new(loop, &conf, &stats);
    assert_non_null(pg);
    return pg;
}

static inline void wait_up(struct ecs_pg *pg)
{
    int64_t end = ecs_clock_mono_us() + 8000000;

    while (!ecs_pg_is_up(pg) && ecs_clock_mono_us() < end)
        assert_int_equal(ecs_loop_turn(loop, 20000), ECS_OK);
    assert_true(ecs_pg_is_up(pg));
}

static inline void echo_job(struct job *j, int number)
{
    snprintf(j->text[0], sizeof(j->text[0]), "text %d", number);
    j->kind = EXEC;
    j->statement = ECHO;
    j->n = 2;
    j->params[0] = ecs_pg_p_text(ecs_str_of(j->text[0]));
    j->params[1] = ecs_pg_p_int(ECS_PG_INT4, number);
}

static inline void assert_echo(struct job *j, int number)
{
    struct ecs_str s = ecs_pg_text(&j->result, 0, 0);

    assert_int_equal(j->result.rows, 1);
    assert_true(ecs_str_eq(s, ecs_str_of(j->text[0])));
    assert_int_equal(ecs_pg_int(&j->result, 0, 1, -1), number);
    assert_false(j->result.mistyped);
}

static inline void lookup_job(struct job *j, struct ecs_pg_batch_query *q, int number)
{
    snprintf(j->text[0], sizeof(j->text[0]), "%d", number);
    snprintf(j->text[1], sizeof(j->text[1]), "b%d", number);
    j->kind = BATCH;
    j->query = q;
    j->key[0] = ecs_str_of(j->text[0]);
    j->key[1] = number % 2 ? ecs_str_of(j->text[1]) : ECS_STR_NULL;
}

static inline void assert_lookup(struct job *j, int number)
{
    assert_int_equal(j->rc, ECS_OK);
    assert_int_equal(j->result.rows, number % 3);
    for (unsigned row = 0; row < j->result.rows; row++) {
        assert_true(ecs_str_eq(ecs_pg_text(&j->result, row, 1), j->key[0]));
        assert_int_equal(ecs_pg_is_null(&j->result, row, 2), number % 2 == 0);
        if (number % 2)
            assert_true(ecs_str_eq(ecs_pg_text(&j->result, row, 2), j->key[1]));
    }
    assert_false(j->result.mistyped);
}

static inline void nap_job(struct job *j, int ms)
{
    j->kind = EXEC;
    j->statement = NAP;
    j->n = 1;
    j->params[0] = ecs_pg_p_int(ECS_PG_INT4, ms);
}

static inline int setup(void **state)
{
    (void)state;
    ecs_log_init(ECS_LOG_TEXT, ECS_LOG_ERROR);
    loop = ecs_loop_new();
    if (!loop || pg_test_start() != 0)
        return -1;
    pg_test_sql("CREATE TABLE things (id integer PRIMARY KEY)");
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    ecs_loop_free(loop);
    return 0;
}
