/* SPDX-License-Identifier: Apache-2.0 */
/* EAP-AKA exchanges against a real server with the real schema. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store_rig.h"

/* ---- EAP-AKA ---- */

static void prepare_begin(struct job *j, const char *imsi, uint8_t number)
{
    memset(j->handle_bytes, number, sizeof(j->handle_bytes));
    memset(j->begin.rand, number, 16);
    j->handle = (struct ecs_str){(const char *)j->handle_bytes, sizeof(j->handle_bytes)};
    j->begin.handle = j->handle;
    j->begin.imsi = ecs_str_of(imsi);
    j->begin.terminal_id = ECS_STR("35123456000000");
    j->begin.tac = ECS_STR("35123456");
    j->begin.state = ECS_STR("GET /?app=ap2004");
    j->begin.identifier = number;
}

static int compare_sqn(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* proves: E-008 */
static void test_a_hundred_parallel_starts_get_a_hundred_distinct_sqn(void **state)
{
    static struct job j[100];
    uint64_t sqn[100];
    unsigned left = 0;

    (void)state;
    make_subscriber("001010000000005", 32);
    for (unsigned i = 0; i < 100; i++) {
        prepare_begin(&j[i], "001010000000005", (uint8_t)(i + 1));
        start(&j[i], BEGIN, &left);
    }
    pg_test_turn(loop, &left, 8000);
    assert_int_equal(left, 0);
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(j[i].begun.outcome, ECS_ROW_EAP_OK);
        sqn[i] = j[i].begun.sqn;
        assert_int_equal(sqn[i] & 31, 3); /* IND of this deployment */
        assert_int_equal(j[i].begun.key.ki_wrapped.n, 48);
        ecs_arena_free(j[i].arena);
    }
    qsort(sqn, 100, sizeof(sqn[0]), compare_sqn);
    assert_int_equal(sqn[0], 64 | 3);
    for (unsigned i = 1; i < 100; i++)
        assert_int_equal(sqn[i] - sqn[i - 1], 32);
    pg_test_sql("DELETE FROM eap_session");
}

/* proves: E-008 */
static void test_the_sqn_survives_a_crash_of_the_server(void **state)
{
    struct job j = {0};
    uint64_t sqn, connects;
    int64_t give_up = ecs_clock_mono_us() + 8000000;

    (void)state;
    make_subscriber("001010000000006", 0);
    prepare_begin(&j, "001010000000006", 1);
    run(&j, BEGIN);
    sqn = j.begun.sqn;
    connects = atomic_load(&stats.connects);
    assert_int_equal(pg_test_cluster("crash"), 0);
    assert_int_equal(pg_test_cluster("start"), 0);
    while (atomic_load(&stats.connects) < connects + 2 && ecs_clock_mono_us() < give_up)
        assert_int_equal(ecs_loop_turn(loop, 20000), ECS_OK);
    prepare_begin(&j, "001010000000006", 2);
    run(&j, BEGIN);
    assert_int_equal(j.begun.sqn, sqn + 32);
    assert_int_equal(pg_test_number("SELECT count(*) FROM eap_session"),
                     1); /* UNLOGGED: the former is gone */
    ecs_arena_free(j.arena);
}

static void test_an_unknown_subscriber_gets_no_session(void **state)
{
    struct job j = {0};

    (void)state;
    prepare_begin(&j, "999990000000001", 9);
    run(&j, BEGIN);
    assert_int_equal(j.begun.outcome, ECS_ROW_EAP_UNKNOWN);
    run(&j, FINISH);
    assert_int_equal(j.session.outcome, ECS_ROW_EAP_UNKNOWN);
    ecs_arena_free(j.arena);
}

static void test_finish_returns_session_key_and_facts_and_notices_a_copy(void **state)
{
    struct job j = {0};

    (void)state;
    make_subscriber("001010000000001", 0);
    pg_test_sql(
        "INSERT INTO device_model (tac, category) VALUES ('35123456', 'watch') ON CONFLICT DO NOTHING;"
        "INSERT INTO line_service (imsi, service) VALUES ('001010000000001', 'volte'), "
        "('001010000000001', 'vowifi')");
    prepare_begin(&j, "001010000000001", 20);
    run(&j, BEGIN);
    run(&j, FINISH);
    assert_int_equal(j.session.outcome, ECS_ROW_EAP_OK);
    assert_false(j.session.repeated);
    assert_true(ecs_str_eq(j.session.imsi, ECS_STR("001010000000001")));
    assert_true(ecs_str_eq(j.session.state, ECS_STR("GET /?app=ap2004")));
    assert_true(ecs_str_eq(j.session.tac, ECS_STR("35123456")));
    assert_memory_equal(j.session.rand, j.begin.rand, 16);
    assert_int_equal(j.session.sqn, j.begun.sqn);
    assert_int_equal(j.session.identifier, 20);
    assert_int_equal(j.session.rounds, 1);
    assert_true(j.session.has_key);
    assert_int_equal(j.session.key.res_len, 8);
    assert_memory_equal(j.session.key.amf, "\0\0", 2);
    assert_true(j.session.facts.known);
    assert_int_equal(j.session.facts.n_services, 2);
    assert_int_equal(j.session.facts.category, ECS_ROW_DEVICE_WATCH);
    run(&j, FINISH);
    assert_int_equal(j.session.outcome, ECS_ROW_EAP_OK);
    assert_true(j.session.repeated);
    pg_test_sql("UPDATE eap_session SET finished_at = now() - interval '11 s'");
    run(&j, FINISH);
    assert_int_equal(j.session.outcome, ECS_ROW_EAP_UNKNOWN);
    ecs_arena_free(j.arena);
}

static void test_an_expired_session_is_gone_and_is_reaped_in_small_portions(void **state)
{
    struct job j = {0};

    (void)state;
    pg_test_sql("DELETE FROM eap_session");
    for (uint8_t i = 1; i <= 3; i++) {
        prepare_begin(&j, "001010000000001", i);
        run(&j, BEGIN);
    }
    pg_test_sql("UPDATE eap_session SET expires_at = now() - interval '1 ms'");
    run(&j, FINISH);
    assert_int_equal(j.session.outcome, ECS_ROW_EAP_UNKNOWN);
    prepare_begin(&j, "001010000000001", 4);
    run(&j, BEGIN);
    run(&j, REAP);
    assert_int_equal(j.reaped, 2);
    run(&j, REAP);
    assert_int_equal(j.reaped, 1);
    run(&j, REAP);
    assert_int_equal(j.reaped, 0);
    run(&j, FINISH);
    assert_int_equal(j.session.outcome, ECS_ROW_EAP_OK);
    ecs_arena_free(j.arena);
}

static void resync(struct job *j, uint64_t sqn_ms, uint8_t number, unsigned rounds)
{
    j->resync = (struct ecs_eap_resync){j->handle, sqn_ms, {0}, number, rounds};
    memset(j->resync.rand, number, 16);
    run(j, RESYNC);
}

static void test_a_resynchronisation_raises_the_sqn_and_never_lowers_it(void **state)
{
    struct job j = {0};

    (void)state;
    make_subscriber("001010000000007", 0);
    prepare_begin(&j, "001010000000007", 40);
    run(&j, BEGIN);
    run(&j, FINISH);
    resync(&j, 32000 + 7, 41, 1);
    assert_int_equal(j.challenge.outcome, ECS_ROW_EAP_OK);
    assert_int_equal(j.challenge.sqn, 32032 | 3);
    assert_int_equal(j.challenge.identifier, 41);
    /* The new challenge is open: its first answer is no copy. */
    run(&j, FINISH);
    assert_int_equal(j.session.outcome, ECS_ROW_EAP_OK);
    assert_false(j.session.repeated);
    assert_int_equal(j.session.rounds, 2);
    assert_int_equal(j.session.sqn, 32032 | 3);
    assert_memory_equal(j.session.rand, j.resync.rand, 16);
    resync(&j, 64, 42, 2); /* the card is behind */
    assert_int_equal(j.challenge.outcome, ECS_ROW_EAP_OK);
    assert_int_equal(j.challenge.sqn, 32064 | 3);
    /* A copy that read two rounds finds the third challenge. */
    resync(&j, 64, 43, 2);
    assert_int_equal(j.challenge.outcome, ECS_ROW_EAP_RACED);
    assert_int_equal(j.challenge.identifier, 42);
    assert_int_equal(j.challenge.sqn, 32064 | 3);
    /* Three challenges are all. */
    resync(&j, 64, 44, 3);
    assert_int_equal(j.challenge.outcome, ECS_ROW_EAP_LIMITED);
    assert_int_equal(pg_test_number("SELECT sqn FROM auc WHERE imsi = '001010000000007'"), 32064 | 3);
    ecs_arena_free(j.arena);
}

static void test_the_last_sqn_is_not_followed_by_the_first(void **state)
{
    struct job j = {0};

    (void)state;
    make_subscriber("001010000000008", 0);
    prepare_begin(&j, "001010000000008", 50);
    run(&j, BEGIN);
    resync(&j, (UINT64_C(1) << 48) - 1, 51, 1);
    assert_int_equal(j.challenge.outcome, ECS_ROW_EAP_UNKNOWN);
    resync(&j, (UINT64_C(1) << 48) - 33, 52, 1);
    assert_int_equal(j.challenge.outcome, ECS_ROW_EAP_OK);
    prepare_begin(&j, "001010000000008", 53);
    run(&j, BEGIN);
    assert_int_equal(j.begun.outcome, ECS_ROW_EAP_UNKNOWN);
    ecs_arena_free(j.arena);
}

static void test_attempts_are_limited_per_window_and_cleared_by_a_success(void **state)
{
    struct job j = {0};
    int64_t sqn;

    (void)state;
    make_subscriber("001010000000009", 0);
    pg_test_sql("UPDATE auc SET attempts = 199 WHERE imsi = '001010000000009'");
    prepare_begin(&j, "001010000000009", 60);
    run(&j, BEGIN);
    assert_int_equal(j.begun.outcome, ECS_ROW_EAP_OK);
    assert_int_equal(j.begun.attempts, 200);
    sqn = pg_test_number("SELECT sqn FROM auc WHERE imsi = '001010000000009'");
    prepare_begin(&j, "001010000000009", 61);
    run(&j, BEGIN);
    assert_int_equal(j.begun.outcome, ECS_ROW_EAP_LIMITED);
    run(&j, BEGIN);
    assert_int_equal(j.begun.outcome, ECS_ROW_EAP_LIMITED);
    assert_int_equal(pg_test_number("SELECT sqn FROM auc WHERE imsi = '001010000000009'"), sqn);
    run(&j, FINISH); /* no session was made for it */
    assert_int_equal(j.session.outcome, ECS_ROW_EAP_UNKNOWN);
    pg_test_sql("UPDATE auc SET window_started = now() - interval '61 s' WHERE imsi = '001010000000009'");
    run(&j, BEGIN);
    assert_int_equal(j.begun.outcome, ECS_ROW_EAP_OK);
    assert_int_equal(j.begun.attempts, 1);
    j.imsi = ECS_STR("001010000000009");
    run(&j, PASSED);
    assert_int_equal(pg_test_number("SELECT attempts::bigint FROM auc WHERE imsi = '001010000000009'"), 0);
    ecs_arena_free(j.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_hundred_parallel_starts_get_a_hundred_distinct_sqn),
        cmocka_unit_test(test_the_sqn_survives_a_crash_of_the_server),
        cmocka_unit_test(test_an_unknown_subscriber_gets_no_session),
        cmocka_unit_test(test_finish_returns_session_key_and_facts_and_notices_a_copy),
        cmocka_unit_test(test_an_expired_session_is_gone_and_is_reaped_in_small_portions),
        cmocka_unit_test(test_a_resynchronisation_raises_the_sqn_and_never_lowers_it),
        cmocka_unit_test(test_the_last_sqn_is_not_followed_by_the_first),
        cmocka_unit_test(test_attempts_are_limited_per_window_and_cleared_by_a_success),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
