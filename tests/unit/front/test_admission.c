/* SPDX-License-Identifier: Apache-2.0 */
/* Admission: priorities, the moving limit, the budget of exchanges, the gate for connections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "front/admission.h"

static const struct admission_conf usual = {
    .max = 1000, .target_us = 100000, .outstanding = 50, .lag_us = 20000};

static void fill(struct admission *a, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(admission_enter(a, ADMIT_CONTINUATION, 0), ADMITTED);
}

static void test_with_room_every_class_is_admitted(void **state)
{
    struct admission a;

    (void)state;
    admission_init(&a, &usual, 0);
    for (int c = 0; c < ADMIT_CLASS_COUNT; c++)
        assert_int_equal(admission_enter(&a, (enum admission_class)c, 0), ADMITTED);
    assert_int_equal(a.in_work, ADMIT_CLASS_COUNT);
}

static void test_new_exchanges_give_way_first_then_tokens_continuations_last(void **state)
{
    struct admission a;

    (void)state;
    admission_init(&a, &usual, 0);
    a.limit = 100;
    fill(&a, 70);
    assert_int_equal(admission_enter(&a, ADMIT_NEW, 0), REFUSED_PRESSURE);
    assert_int_equal(admission_enter(&a, ADMIT_TOKEN, 0), ADMITTED);
    fill(&a, 29);
    assert_int_equal(admission_enter(&a, ADMIT_TOKEN, 0), REFUSED_PRESSURE);
    assert_int_equal(admission_enter(&a, ADMIT_CONTINUATION, 0), ADMITTED);
}

static void test_the_hard_limit_holds_for_all(void **state)
{
    struct admission_conf conf = usual;
    struct admission a;

    (void)state;
    conf.max = 20;
    admission_init(&a, &conf, 0);
    a.limit = 1000;
    fill(&a, 20);
    assert_int_equal(admission_enter(&a, ADMIT_CONTINUATION, 0), REFUSED_IN_WORK);
}

/* One second of a server that answers whatever is in work in us each. */
static int64_t serve(struct admission *a, unsigned in_work, int64_t us, int64_t now)
{
    for (unsigned step = 0; step < 20; step++) {
        unsigned n = 0;

        while (n < in_work && admission_enter(a, ADMIT_TOKEN, now) == ADMITTED)
            n++;
        now += 50000;
        while (n--)
            admission_leave(a, us, now);
    }
    return now;
}

static void test_late_answers_lower_the_limit_and_prompt_ones_raise_it(void **state)
{
    struct admission a;
    int64_t now = 0;
    double low;

    (void)state;
    admission_init(&a, &usual, now);
    a.limit = usual.max;
    now = serve(&a, 800, 400000, now);
    low = a.limit;
    assert_true(low < 400);
    for (int i = 0; i < 10; i++)
        now = serve(&a, 800, 400000, now);
    assert_true(a.limit >= 64 && a.limit < 80); /* never below the floor */
    for (int i = 0; i < 20; i++)
        now = serve(&a, 800, 5000, now);
    assert_true(a.limit > 800);
}

static void test_a_single_slow_answer_among_prompt_ones_changes_nothing(void **state)
{
    struct admission a;
    double before;

    (void)state;
    admission_init(&a, &usual, 0);
    before = a.limit;
    fill(&a, 200);
    admission_leave(&a, 2000000, 0);
    admission_leave(&a, 1000, 150000);
    assert_true(a.limit >= before);
}

static void test_exchanges_beyond_the_budget_wait_until_others_end_or_die(void **state)
{
    struct admission a;
    int64_t now = 5000000;

    (void)state;
    admission_init(&a, &usual, now);
    for (unsigned i = 0; i < usual.outstanding; i++) {
        assert_int_equal(admission_enter(&a, ADMIT_NEW, now), ADMITTED);
        assert_int_equal(admission_may_begin(&a, ADMIT_NEW, now), ADMITTED);
        admission_begun(&a, 1, now);
        admission_leave(&a, 1000, now);
    }
    assert_int_equal(admission_enter(&a, ADMIT_NEW, now), ADMITTED); /* not every new one begins EAP */
    assert_int_equal(admission_may_begin(&a, ADMIT_NEW, now), REFUSED_OUTSTANDING);
    admission_continued(&a);
    assert_int_equal(admission_may_begin(&a, ADMIT_NEW, now), ADMITTED);
    admission_begun(&a, 1, now);
    assert_int_equal(admission_may_begin(&a, ADMIT_NEW, now), REFUSED_OUTSTANDING);
    /* Nobody answers: after the ring's time the places are free. */
    now += (ADMISSION_RING + 1) * INT64_C(1000000);
    assert_int_equal(admission_may_begin(&a, ADMIT_NEW, now), ADMITTED);
    assert_int_equal(a.outstanding, 0);
}

static void test_a_stale_token_begins_no_exchange_where_new_ones_wait(void **state)
{
    struct admission a;

    (void)state;
    admission_init(&a, &usual, 0);
    a.limit = 100;
    fill(&a, 75);
    assert_int_equal(admission_enter(&a, ADMIT_TOKEN, 0), ADMITTED);
    assert_int_equal(admission_may_begin(&a, ADMIT_NEW, 0), REFUSED_PRESSURE);
}

static void test_new_exchanges_alone_raise_a_low_limit(void **state)
{
    struct admission a;
    int64_t now = 0;

    (void)state;
    admission_init(&a, &usual, now);
    a.limit = 64;
    for (int i = 0; i < 100; i++) {
        unsigned n = 0;

        while (n < 60 && admission_enter(&a, ADMIT_NEW, now) == ADMITTED)
            n++;
        now += 50000;
        while (n--)
            admission_leave(&a, 5000, now);
    }
    assert_true(a.limit > 80);
}

static void test_a_slow_answer_of_an_idle_worker_changes_nothing(void **state)
{
    struct admission a;
    double before;

    (void)state;
    admission_init(&a, &usual, 0);
    before = a.limit;
    assert_int_equal(admission_enter(&a, ADMIT_NEW, 0), ADMITTED);
    admission_leave(&a, 900000, 1000000);
    assert_true(a.limit == before);
}

static void test_more_continuations_than_begun_here_do_no_harm(void **state)
{
    struct admission a;

    (void)state;
    admission_init(&a, &usual, 0);
    for (int i = 0; i < 100; i++)
        admission_continued(&a); /* begun on other nodes */
    assert_int_equal(a.outstanding, 0);
    admission_begun(&a, 1, 0);
    assert_int_equal(a.outstanding, 1);
}

static void test_connections_are_refused_only_by_a_worker_that_is_behind(void **state)
{
    struct admission a;

    (void)state;
    admission_init(&a, &usual, 0);
    assert_true(admission_connection(&a, 20000, 0, 7, 1000));
    assert_false(admission_connection(&a, 20001, 0, 7, 1000));
}

static void test_under_pressure_connections_begin_while_there_is_room_for_them(void **state)
{
    struct admission a;

    (void)state;
    admission_init(&a, &usual, 0);
    a.limit = 64; /* room for 44 new ones */
    fill(&a, 64);
    assert_int_equal(admission_enter(&a, ADMIT_TOKEN, 1000), REFUSED_PRESSURE);
    assert_false(admission_connection(&a, 0, 0, 7, 2000));
    admission_begun(&a, 8, 2000); /* its answer may come on a connection of its own */
    assert_true(admission_connection(&a, 0, 0, 8, 2500));
    assert_false(admission_connection(&a, 0, 0, 7, 2500));
    for (int i = 0; i < 34; i++)
        admission_leave(&a, 1000, 2500);
    a.let_in[0] = 20;
    assert_true(admission_connection(&a, 0, 14, 7, 3000)); /* 30 in work, 14 on their way */
    assert_false(admission_connection(&a, 0, 15, 7, 3000));
    assert_true(admission_connection(&a, 0, 1000, 7, 1300000)); /* nobody was refused for a while */
}

static void test_pressure_lasts_while_connections_are_sent_away(void **state)
{
    struct admission a;

    (void)state;
    admission_init(&a, &usual, 0);
    a.limit = 64;
    fill(&a, 64);
    assert_int_equal(admission_enter(&a, ADMIT_TOKEN, 1000), REFUSED_PRESSURE);
    for (int64_t now = 500000; now < 5000000; now += 500000)
        assert_false(admission_connection(&a, 0, 0, 7, now));
}

static void test_who_was_let_in_and_says_nothing_keeps_nobody_out_for_long(void **state)
{
    struct admission a;

    (void)state;
    admission_init(&a, &usual, 0);
    a.limit = 64;
    for (int i = 0; i < 500; i++)
        assert_true(admission_connection(&a, 0, (uint64_t)i, 7, 1000));
    fill(&a, 64);
    assert_int_equal(admission_enter(&a, ADMIT_TOKEN, 1000), REFUSED_PRESSURE);
    for (int i = 0; i < 64; i++)
        admission_leave(&a, 1000, 1000);
    assert_false(admission_connection(&a, 0, 500, 7, 2000));
    assert_false(admission_connection(&a, 0, 500, 7, 1000000));
    assert_true(
        admission_connection(&a, 0, 500, 7, 2000000)); /* two seconds later the 500 are not expected */
}

static void test_what_was_let_in_is_served_although_others_wait(void **state)
{
    struct admission a;

    (void)state;
    admission_init(&a, &usual, 0);
    a.limit = 100;
    fill(&a, 110);
    assert_int_equal(admission_enter(&a, ADMIT_TOKEN, 1000), REFUSED_PRESSURE);
    assert_int_equal(admission_enter(&a, ADMIT_CHOSEN, 1000), ADMITTED);
    assert_int_equal(admission_may_begin(&a, ADMIT_CHOSEN, 1000), ADMITTED);
    assert_int_equal(admission_may_begin(&a, ADMIT_NEW, 1000), REFUSED_PRESSURE);
    fill(&a, 89);
    assert_int_equal(admission_enter(&a, ADMIT_CHOSEN, 1000), REFUSED_PRESSURE);
}

static void test_what_was_let_in_leaves_room_for_answers_to_challenges(void **state)
{
    struct admission_conf conf = usual;
    struct admission a;

    (void)state;
    conf.max = 20;
    admission_init(&a, &conf, 0);
    fill(&a, 14);
    assert_int_equal(admission_enter(&a, ADMIT_CHOSEN, 1000), REFUSED_PRESSURE);
    assert_int_equal(admission_enter(&a, ADMIT_CONTINUATION, 1000), ADMITTED);
}

/* proves: E-027 */
static void test_what_waits_for_an_aaa_keeps_no_token_out(void **state)
{
    struct admission a;

    (void)state;
    admission_init(&a, &usual, 0);
    a.limit = 100;
    for (unsigned i = 0; i < 500; i++) {
        assert_int_equal(admission_enter(&a, ADMIT_NEW, 0), ADMITTED);
        admission_park(&a, true);
    }
    assert_int_equal(a.in_work, 0);
    assert_int_equal(admission_enter(&a, ADMIT_TOKEN, 0), ADMITTED);
    for (unsigned i = 0; i < 120; i++)
        admission_park(&a, false);
    assert_int_equal(a.in_work, 121);
    assert_int_equal(admission_enter(&a, ADMIT_TOKEN, 0), REFUSED_PRESSURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_with_room_every_class_is_admitted),
        cmocka_unit_test(test_new_exchanges_give_way_first_then_tokens_continuations_last),
        cmocka_unit_test(test_the_hard_limit_holds_for_all),
        cmocka_unit_test(test_late_answers_lower_the_limit_and_prompt_ones_raise_it),
        cmocka_unit_test(test_a_single_slow_answer_among_prompt_ones_changes_nothing),
        cmocka_unit_test(test_exchanges_beyond_the_budget_wait_until_others_end_or_die),
        cmocka_unit_test(test_a_stale_token_begins_no_exchange_where_new_ones_wait),
        cmocka_unit_test(test_new_exchanges_alone_raise_a_low_limit),
        cmocka_unit_test(test_a_slow_answer_of_an_idle_worker_changes_nothing),
        cmocka_unit_test(test_more_continuations_than_begun_here_do_no_harm),
        cmocka_unit_test(test_connections_are_refused_only_by_a_worker_that_is_behind),
        cmocka_unit_test(test_under_pressure_connections_begin_while_there_is_room_for_them),
        cmocka_unit_test(test_pressure_lasts_while_connections_are_sent_away),
        cmocka_unit_test(test_who_was_let_in_and_says_nothing_keeps_nobody_out_for_long),
        cmocka_unit_test(test_what_was_let_in_is_served_although_others_wait),
        cmocka_unit_test(test_what_was_let_in_leaves_room_for_answers_to_challenges),
        cmocka_unit_test(test_what_waits_for_an_aaa_keeps_no_token_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
