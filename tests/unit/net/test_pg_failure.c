/* SPDX-License-Identifier: Apache-2.0 */
/* The pool when things fail: wrong statements, killed connections, a server that stops, a pool that is freed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pg_rig.h"

static void test_a_statement_that_cannot_be_prepared_keeps_the_pool_down(void **state)
{
    static const struct ecs_pg_statement wrong[] = {{"wrong", "SELECT nothing FROM nowhere", 0, true}};
    struct ecs_pg_conf conf = {
        .conninfo = pg_test_conninfo(), .connections = 1, .statements = wrong, .n_statements = 1};
    struct ecs_pg *pg;
    struct job j = {.kind = EXEC};
    unsigned left = 0;

    (void)state;
    memset(&stats, 0, sizeof(stats));
    pg = ecs_pg_new(loop, &conf, &stats);
    job_start(&j, pg, steps, &left);
    pg_test_turn(loop, &left, 5000);
    assert_int_equal(j.rc, ECS_E_BACKEND);
    assert_false(ecs_pg_is_up(pg));
    job_done(&j);
    ecs_pg_free(pg);
}

static void test_a_killed_connection_repeats_lookups_and_fails_writes(void **state)
{
    struct ecs_pg_batch_query q = {.statement = NAP_LOOKUP, .key_columns = 1};
    struct ecs_pg *pg = pool(2, 0, 0);
    struct job j[2] = {{.kind = BATCH, .query = &q, .key = {ECS_STR("k")}}};
    unsigned left = 0;

    (void)state;
    wait_up(pg);
    while (atomic_load(&stats.up) < 2)
        assert_int_equal(ecs_loop_turn(loop, 20000), ECS_OK);
    job_start(&j[0], pg, steps, &left);
    for (int i = 0; i < 5; i++)
        assert_int_equal(ecs_loop_turn(loop, 10000), ECS_OK);
    pg_test_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(0.2)%' "
                "AND state = 'active' AND pid <> pg_backend_pid()");
    pg_test_turn(loop, &left, 5000);
    assert_int_equal(j[0].rc, ECS_OK);
    assert_int_equal(j[0].result.rows, 1);
    assert_int_equal(atomic_load(&stats.retries), 1);
    nap_job(&j[1], 500);
    job_start(&j[1], pg, steps, &left);
    for (int i = 0; i < 5; i++)
        assert_int_equal(ecs_loop_turn(loop, 10000), ECS_OK);
    pg_test_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep($1%' "
                "AND state = 'active' AND pid <> pg_backend_pid()");
    pg_test_turn(loop, &left, 5000);
    assert_int_equal(j[1].rc, ECS_E_BACKEND);
    job_done(&j[0]);
    job_done(&j[1]);
    ecs_pg_free(pg);
}

/* Keeps twenty requests going while the server stops and comes back. */
struct load {
    struct ecs_pg *pg;
    struct ecs_pg_batch_query query;
    unsigned good, down, other, wrong, left;
    int next;
};

static void load_count(struct load *l, struct job *j, int number)
{
    if (j->rc == ECS_E_BACKEND) {
        l->down++;
    } else if (j->rc != ECS_OK) {
        l->other++;
    } else {
        bool right = j->kind == BATCH ? j->result.rows == (unsigned)number % 3
                                      : ecs_pg_int(&j->result, 0, 1, -1) == number;

        for (unsigned row = 0; j->kind == BATCH && row < j->result.rows; row++)
            right = right && ecs_str_eq(ecs_pg_text(&j->result, row, 1), j->key[0]);
        l->good += right;
        l->wrong += !right;
    }
}

static void load_round(struct load *l)
{
    static struct job j[20];
    int base = l->next;

    memset(j, 0, sizeof(j));
    for (int i = 0; i < 20; i++) {
        if (i % 2)
            lookup_job(&j[i], &l->query, base + i);
        else
            echo_job(&j[i], base + i);
        job_start(&j[i], l->pg, steps, &l->left);
    }
    pg_test_turn(loop, &l->left, 9000);
    assert_int_equal(l->left, 0); /* no hang */
    for (int i = 0; i < 20; i++) {
        load_count(l, &j[i], base + i);
        job_done(&j[i]);
    }
    l->next += 20;
}

static void load_for(struct load *l, int ms)
{
    int64_t end = ecs_clock_mono_us() + ms * 1000;

    while (ecs_clock_mono_us() < end) {
        load_round(l);
        assert_int_equal(ecs_loop_turn(loop, 2000), ECS_OK);
    }
}

static void test_a_server_that_stops_and_returns_under_load_gives_errors_but_no_wrong_answer(void **state)
{
    struct load l = {.pg = pool(2, 0, 0), .query = {.statement = LOOKUP, .key_columns = 2}};
    unsigned before;

    (void)state;
    wait_up(l.pg);
    load_for(&l, 100);
    assert_true(l.good > 0);
    assert_int_equal(l.down, 0);
    assert_int_equal(pg_test_cluster("crash"), 0);
    load_for(&l, 300);
    assert_true(l.down > 0);
    assert_false(ecs_pg_is_up(l.pg));
    assert_int_equal(pg_test_cluster("start"), 0);
    wait_up(l.pg);
    before = l.good;
    load_for(&l, 200);
    assert_true(l.good > before);
    assert_int_equal(l.wrong, 0);
    assert_int_equal(l.other, 0);
    ecs_pg_free(l.pg);
}

static void test_flows_that_wait_when_the_pool_is_freed_are_cancelled(void **state)
{
    struct ecs_pg *pg = pool(1, 0, 0);
    struct job j[2] = {0};
    unsigned left = 0;

    (void)state;
    wait_up(pg);
    nap_job(&j[0], 2000);
    job_start(&j[0], pg, steps, &left);
    assert_int_equal(ecs_loop_turn(loop, 1000), ECS_OK);
    echo_job(&j[1], 1);
    job_start(&j[1], pg, steps, &left);
    ecs_pg_free(pg);
    assert_int_equal(left, 0);
    assert_int_equal(j[0].rc, ECS_E_CANCELLED);
    assert_int_equal(j[1].rc, ECS_E_CANCELLED);
    job_done(&j[0]);
    job_done(&j[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_statement_that_cannot_be_prepared_keeps_the_pool_down),
        cmocka_unit_test(test_a_killed_connection_repeats_lookups_and_fails_writes),
        cmocka_unit_test(test_a_server_that_stops_and_returns_under_load_gives_errors_but_no_wrong_answer),
        cmocka_unit_test(test_flows_that_wait_when_the_pool_is_freed_are_cancelled),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
