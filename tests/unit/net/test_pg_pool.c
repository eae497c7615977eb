/* SPDX-License-Identifier: Apache-2.0 */
/* The pool against a real server: pipeline, natural batching, limits, cancelling, loss of the server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pg_rig.h"

static void test_requests_made_before_the_first_connection_are_answered(void **state)
{
    struct ecs_pg *pg = pool(2, 0, 0);
    struct job j[100] = {0};
    unsigned left = 0;

    (void)state;
    for (int i = 0; i < 100; i++) {
        echo_job(&j[i], i);
        job_start(&j[i], pg, steps, &left);
    }
    pg_test_turn(loop, &left, 8000);
    assert_int_equal(left, 0);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(j[i].rc, ECS_OK);
        assert_echo(&j[i], i);
        job_done(&j[i]);
    }
    assert_true(atomic_load(&stats.up) >= 1);
    ecs_pg_free(pg);
}

static void test_a_failing_statement_does_not_touch_its_neighbours_in_the_pipeline(void **state)
{
    struct ecs_pg *pg = pool(1, 0, 0);
    struct job j[20] = {0};
    unsigned left = 0;

    (void)state;
    wait_up(pg);
    for (int i = 0; i < 20; i++) {
        echo_job(&j[i], i);
        if (i % 5 == 2) {
            j[i].statement = DIVIDE;
            j[i].n = 1;
            j[i].params[0] = ecs_pg_p_int(ECS_PG_INT4, 0);
            j[i].result.want_errors = i % 10 == 2;
        }
        job_start(&j[i], pg, steps, &left);
    }
    pg_test_turn(loop, &left, 5000);
    assert_int_equal(left, 0);
    for (int i = 0; i < 20; i++) {
        if (i % 5 != 2) {
            assert_echo(&j[i], i);
        } else {
            assert_int_equal(j[i].rc, i % 10 == 2 ? ECS_OK : ECS_E_BAD_PARAMETER);
            assert_int_equal(j[i].answered, i % 10 == 2);
            assert_int_equal(j[i].result.rc, ECS_E_BAD_PARAMETER);
            assert_string_equal(j[i].result.sqlstate, "22012");
        }
        job_done(&j[i]);
    }
    assert_int_equal(atomic_load(&stats.lost), 0);
    ecs_pg_free(pg);
}

static void test_two_hundred_waiting_lookups_share_a_few_batches(void **state)
{
    static struct job j[200];
    struct ecs_pg_batch_query q = {.statement = LOOKUP, .key_columns = 2};
    struct ecs_pg *pg = pool(2, 0, 0);
    unsigned left = 0;

    (void)state;
    memset(j, 0, sizeof(j));
    wait_up(pg);
    for (int i = 0; i < 200; i++) {
        lookup_job(&j[i], &q, i / 2); /* each key twice */
        job_start(&j[i], pg, steps, &left);
    }
    pg_test_turn(loop, &left, 5000);
    assert_int_equal(left, 0);
    for (int i = 0; i < 200; i++)
        assert_lookup(&j[i], i / 2);
    assert_int_equal(atomic_load(&stats.batched_keys), 200);
    assert_int_equal(atomic_load(&stats.batches), 4); /* 64 + 64 + 64 + 8 */
    /* The answer is shared: it stays until the last arena goes. */
    for (int i = 199; i > 0; i--)
        job_done(&j[i]);
    assert_lookup(&j[0], 0);
    job_done(&j[0]);
    ecs_pg_free(pg);
}

static void test_a_bad_key_is_refused_alone(void **state)
{
    struct ecs_pg_batch_query q = {.statement = NAP_LOOKUP, .key_columns = 1};
    struct ecs_pg *pg = pool(1, 0, 0);
    struct job j[2] = {0};
    unsigned left = 0;

    (void)state;
    wait_up(pg);
    for (int i = 0; i < 2; i++) {
        j[i].kind = BATCH;
        j[i].query = &q;
        j[i].key[0] = i ? ECS_STR("\xff\xfe") : ECS_STR("good");
        job_start(&j[i], pg, steps, &left);
    }
    pg_test_turn(loop, &left, 5000);
    assert_int_equal(j[0].rc, ECS_OK);
    assert_int_equal(j[0].result.rows, 1);
    assert_int_equal(j[1].rc, ECS_E_BAD_PARAMETER);
    job_done(&j[0]);
    job_done(&j[1]);
    ecs_pg_free(pg);
}

static void test_every_type_comes_back_and_a_wrong_accessor_is_noticed(void **state)
{
    const struct ecs_str list[] = {ECS_STR("a"), ECS_STR_NULL, ECS_STR(""), ECS_STR("d\xc3\xa9")};
    struct ecs_pg *pg = pool(1, 0, 0);
    struct job j = {.kind = EXEC, .statement = TYPES, .n = 8};
    const struct ecs_str *got;
    unsigned left = 0;
    size_t n;

    (void)state;
    j.params[0] = ecs_pg_p_text(ECS_STR(""));
    j.params[1] = ecs_pg_p_int(ECS_PG_INT2, -3);
    j.params[2] = ecs_pg_p_int(ECS_PG_INT4, INT32_MIN);
    j.params[3] = ecs_pg_p_int(ECS_PG_INT8, INT64_MAX);
    j.params[4] = ecs_pg_p_int(ECS_PG_BOOL, 1);
    j.params[5] = ecs_pg_p_bytes("\0\1\377", 3);
    j.params[6] = ecs_pg_p_int(ECS_PG_TIMESTAMPTZ, 915148799); /* 1998 */
    j.params[7] = ecs_pg_p_texts(list, 4);
    job_start(&j, pg, steps, &left);
    pg_test_turn(loop, &left, 5000);
    assert_int_equal(j.rc, ECS_OK);
    assert_non_null(ecs_pg_text(&j.result, 0, 0).p);
    assert_int_equal(ecs_pg_text(&j.result, 0, 0).n, 0);
    assert_int_equal(ecs_pg_int(&j.result, 0, 1, 0), -3);
    assert_int_equal(ecs_pg_int(&j.result, 0, 2, 0), INT32_MIN);
    assert_true(ecs_pg_int(&j.result, 0, 3, 0) == INT64_MAX);
    assert_true(ecs_pg_bool(&j.result, 0, 4));
    assert_memory_equal(ecs_pg_bytes(&j.result, 0, 5).p, "\0\1\377", 3);
    assert_int_equal(ecs_pg_time(&j.result, 0, 6, 0), 915148799);
    got = ecs_pg_texts(&j.result, 0, 7, j.arena, &n);
    assert_int_equal(n, 4);
    assert_true(ecs_str_eq(got[0], list[0]) && !got[1].p && got[2].p && got[2].n == 0 &&
                ecs_str_eq(got[3], list[3]));
    assert_null(ecs_pg_text(&j.result, 0, 8).p);
    assert_false(j.result.mistyped);
    assert_int_equal(ecs_pg_int(&j.result, 0, 9, 7), 7);
    assert_true(j.result.mistyped);
    j.result.mistyped = false;
    assert_null(ecs_pg_texts(&j.result, 0, 10, j.arena, &n));
    assert_true(j.result.mistyped);
    j.result.mistyped = false;
    assert_null(ecs_pg_text(&j.result, 0, 99).p);
    assert_true(j.result.mistyped);
    job_done(&j);
    ecs_pg_free(pg);
}

static void test_a_number_too_large_for_its_type_is_refused(void **state)
{
    struct ecs_pg *pg = pool(1, 0, 0);
    struct job j = {0};
    unsigned left = 0;

    (void)state;
    wait_up(pg);
    echo_job(&j, 1);
    j.params[1] = ecs_pg_p_int(ECS_PG_INT4, INT64_C(1) << 33);
    job_start(&j, pg, steps, &left);
    pg_test_turn(loop, &left, 5000);
    assert_int_equal(j.rc, ECS_E_BAD_PARAMETER);
    job_done(&j);
    ecs_pg_free(pg);
}

static void test_the_answer_of_a_flow_that_gave_up_is_dropped(void **state)
{
    struct ecs_pg *pg = pool(1, 0, 0);
    struct job j[3] = {0};
    unsigned left = 0;

    (void)state;
    wait_up(pg);
    nap_job(&j[0], 300);
    job_start(&j[0], pg, short_steps, &left); /* sent, then gives up after 50 ms */
    echo_job(&j[1], 1);
    job_start(&j[1], pg, steps, &left);
    pg_test_turn(loop, &left, 0);
    while (j[0].rc == ECS_OK)
        assert_int_equal(ecs_loop_turn(loop, 20000), ECS_OK);
    assert_int_equal(j[0].rc, ECS_E_TIMEOUT);
    job_done(&j[0]); /* its memory is gone before the server answers */
    memset(&j[0], 0x5a, sizeof(j[0]));
    /* A flow that gives up before its request is sent takes the request along. */
    echo_job(&j[2], 2);
    job_start(&j[2], pg, steps, &left);
    ecs_flow_abort(&j[2].flow);
    job_done(&j[2]);
    pg_test_turn(loop, &left, 5000);
    assert_int_equal(left, 0);
    assert_echo(&j[1], 1);
    assert_int_equal(atomic_load(&stats.waiting), 0);
    job_done(&j[1]);
    ecs_pg_free(pg);
}

static void test_a_slow_statement_is_ended_by_the_server_and_the_connection_stays(void **state)
{
    struct ecs_pg *pg = pool(1, 0, 100);
    struct job j[2] = {0};
    unsigned left = 0;

    (void)state;
    wait_up(pg);
    nap_job(&j[0], 3000);
    job_start(&j[0], pg, steps, &left);
    echo_job(&j[1], 5);
    job_start(&j[1], pg, steps, &left);
    pg_test_turn(loop, &left, 5000);
    assert_int_equal(left, 0);
    assert_int_equal(j[0].rc, ECS_E_TIMEOUT);
    assert_string_equal(j[0].result.sqlstate, "57014");
    assert_echo(&j[1], 5);
    assert_int_equal(atomic_load(&stats.lost), 0);
    job_done(&j[0]);
    job_done(&j[1]);
    ecs_pg_free(pg);
}

static void test_a_full_queue_answers_overload(void **state)
{
    struct ecs_pg *pg = pool(1, 10, 0);
    struct job j[12] = {0};
    unsigned left = 0;

    (void)state;
    for (int i = 0; i < 12; i++) {
        echo_job(&j[i], i);
        job_start(&j[i], pg, steps, &left);
    }
    assert_int_equal(left, 10);
    assert_int_equal(j[10].rc, ECS_E_OVERLOAD);
    assert_int_equal(j[11].rc, ECS_E_OVERLOAD);
    assert_int_equal(atomic_load(&stats.overloads), 2);
    pg_test_turn(loop, &left, 5000);
    for (int i = 0; i < 12; i++) {
        if (i < 10)
            assert_echo(&j[i], i);
        job_done(&j[i]);
    }
    ecs_pg_free(pg);
}

static void test_a_unique_key_is_a_conflict(void **state)
{
    struct ecs_pg *pg = pool(2, 0, 0);
    struct job j[2] = {0};
    unsigned left = 0;

    (void)state;
    for (int i = 0; i < 2; i++) {
        j[i].statement = ADD;
        j[i].n = 1;
        j[i].params[0] = ecs_pg_p_int(ECS_PG_INT4, 7);
        job_start(&j[i], pg, steps, &left);
        pg_test_turn(loop, &left, 5000);
    }
    assert_int_equal(j[0].rc, ECS_OK);
    assert_int_equal(j[0].result.affected, 1);
    assert_int_equal(j[1].rc, ECS_E_CONFLICT);
    assert_non_null(strstr(j[1].flow.reason, "23505"));
    job_done(&j[0]);
    job_done(&j[1]);
    ecs_pg_free(pg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_made_before_the_first_connection_are_answered),
        cmocka_unit_test(test_a_failing_statement_does_not_touch_its_neighbours_in_the_pipeline),
        cmocka_unit_test(test_two_hundred_waiting_lookups_share_a_few_batches),
        cmocka_unit_test(test_a_bad_key_is_refused_alone),
        cmocka_unit_test(test_every_type_comes_back_and_a_wrong_accessor_is_noticed),
        cmocka_unit_test(test_a_number_too_large_for_its_type_is_refused),
        cmocka_unit_test(test_the_answer_of_a_flow_that_gave_up_is_dropped),
        cmocka_unit_test(test_a_slow_statement_is_ended_by_the_server_and_the_connection_stays),
        cmocka_unit_test(test_a_full_queue_answers_overload),
        cmocka_unit_test(test_a_unique_key_is_a_conflict),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
