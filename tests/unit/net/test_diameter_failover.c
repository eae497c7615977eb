/* SPDX-License-Identifier: Apache-2.0 */
/* Diameter peers that fail: watchdog (RFC 3539), requests that go elsewhere with the T flag, peers that take
 * leave, come back and serve their probation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "diameter_rig.h"

static void quick_watchdog(struct ecs_diameter_peer_conf *row)
{
    row->watchdog_ms = 250;
}

static void quick_answer(struct ecs_diameter_peer_conf *row)
{
    row->answer_ms = 60;
}

/* proves: E-029 */
static void test_what_is_outstanding_goes_to_the_next_peer_when_one_is_killed(void **state)
{
    struct asked a[100];
    struct dd_seen first[100];

    (void)state;
    one.how = two.how = DD_HOLD;
    set_both(NULL);
    wait_okay("one");
    wait_okay("two");
    for (int i = 0; i < 100; i++) {
        ask_prepare(&a[i], "test", NULL);
        ask_start(&a[i]);
    }
    TURN_UNTIL(one.held_n == 100);
    memcpy(first, one.held, sizeof(first));
    dd_kill(&one);
    TURN_UNTIL(two.held_n == 100);
    assert_int_equal(two.repeated, 100);
    for (int i = 0; i < 100; i++) {
        int found = 0;

        for (int j = 0; j < 100; j++)
            found += first[i].end_to_end == two.held[j].end_to_end &&
                     strcmp(first[i].session, two.held[j].session) == 0;
        assert_int_equal(found, 1);
    }
    dd_release(&two);
    for (int i = 0; i < 100; i++) {
        TURN_UNTIL(a[i].done);
        assert_int_equal(a[i].answer.rc, ECS_OK);
        assert_string_equal(a[i].answer.peer, "two");
        assert_int_equal(a[i].answer.attempts, 2);
        ask_free(&a[i]);
    }
    assert_int_equal(view_of("one").failovers, 100);
}

static void test_a_request_that_may_not_move_fails_with_its_connection(void **state)
{
    struct asked a;

    (void)state;
    one.how = DD_HOLD;
    set_both(NULL);
    wait_okay("one");
    wait_okay("two");
    ask_prepare(&a, "test", NULL);
    a.ask.stay = true;
    ask_start(&a);
    TURN_UNTIL(one.held_n == 1);
    dd_kill(&one);
    TURN_UNTIL(a.done);
    assert_int_equal(a.answer.rc, ECS_E_BACKEND);
    assert_string_equal(a.answer.error, "the connection was lost");
    assert_int_equal(two.requests, 0);
    assert_int_equal(stats_one.failures, 1);
    ask_free(&a);
}

/* proves: E-029 */
static void test_an_unanswered_watchdog_makes_the_peer_suspect_and_a_second_one_ends_it(void **state)
{
    struct asked a;

    (void)state;
    one.how = DD_HOLD;
    set_both(quick_watchdog);
    wait_okay("one");
    wait_okay("two");
    TURN_UNTIL(one.dwr >= 2); /* answered: nothing happens */
    assert_int_equal(view_of("one").state, ECS_DIAMETER_OKAY);
    ask_prepare(&a, "test", NULL);
    ask_start(&a);
    TURN_UNTIL(one.held_n == 1);
    one.mute = true;
    TURN_UNTIL(view_of("one").state == ECS_DIAMETER_SUSPECT);
    TURN_UNTIL(a.done);
    assert_string_equal(a.answer.peer, "two");
    assert_int_equal(two.repeated, 1);
    ask_free(&a);
    assert_int_equal(ask_once("two"), ECS_OK); /* a suspect gets nothing new */
    assert_int_equal(one.closed, 0);
    TURN_UNTIL(one.closed == 1);
    assert_string_equal(view_of("one").reason, "no answer to two watchdogs");
    assert_int_equal(stats_one.breaker_open, 1);
    one.mute = false;
    wait_okay("one");
}

static void test_a_suspect_that_speaks_again_serves_again(void **state)
{
    (void)state;
    set_both(quick_watchdog);
    wait_okay("one");
    one.mute = true;
    TURN_UNTIL(view_of("one").state == ECS_DIAMETER_SUSPECT);
    dd_ask(&one, 0, ECS_DIAMETER_DEVICE_WATCHDOG, 0);
    TURN_UNTIL(view_of("one").state == ECS_DIAMETER_OKAY);
    one.mute = false;
    assert_int_equal(ask_once("one"), ECS_OK);
    assert_int_equal(one.accepted, 1);
}

/* The only peer of the realm: its request stays and may still be answered. */
static void test_without_another_peer_a_suspect_may_still_answer(void **state)
{
    struct ecs_diameter_peer_conf row = peer_row("one", &one);
    static const struct ecs_diameter_route route = {"test", 0, "one", 1, 1};
    struct asked a;

    (void)state;
    one.how = DD_HOLD;
    row.watchdog_ms = 250;
    set_rows(&row, 1, &route, 1);
    wait_okay("one");
    one.mute = true;
    ask_prepare(&a, "test", NULL);
    ask_start(&a);
    TURN_UNTIL(view_of("one").state == ECS_DIAMETER_SUSPECT);
    dd_release(&one);
    TURN_UNTIL(a.done);
    assert_int_equal(a.answer.rc, ECS_OK);
    ask_free(&a);
    one.mute = false;
}

/* proves: E-029 */
static void test_a_peer_that_comes_back_answers_three_watchdogs_first(void **state)
{
    (void)state;
    set_both(quick_watchdog);
    wait_okay("one");
    wait_okay("two");
    dd_close(&one, 0);
    one.dwr = 0;
    TURN_UNTIL(view_of("one").state == ECS_DIAMETER_REOPEN);
    TURN_UNTIL(one.dwr == 1);
    assert_int_equal(ask_once("two"), ECS_OK);
    wait_okay("one");
    assert_int_equal(one.dwr, 3);
    assert_int_equal(ask_once("one"), ECS_OK);
}

static void test_the_last_resort_may_be_a_peer_on_probation(void **state)
{
    struct ecs_diameter_peer_conf row = peer_row("one", &one);
    static const struct ecs_diameter_route route = {"test", 0, "one", 1, 1};
    struct ecs_diameter_conf conf = {
        .peers = &row, .peers_n = 1, .routes = &route, .routes_n = 1, .use_reopening = true};
    char err[100];

    (void)state;
    assert_int_equal(ecs_diameter_node_set(node, &conf, err, sizeof(err)), ECS_OK);
    wait_okay("one");
    dd_close(&one, 0);
    TURN_UNTIL(view_of("one").state == ECS_DIAMETER_REOPEN);
    TURN_UNTIL(one.dwr == 1);
    TURN_UNTIL(ecs_diameter_is_up(handle, ECS_STR("test"), ECS_DIAMETER_APP_SWM));
    assert_int_equal(view_of("one").state, ECS_DIAMETER_REOPEN);
    assert_int_equal(ask_once("one"), ECS_OK);
    conf.use_reopening = false;
    assert_int_equal(ecs_diameter_node_set(node, &conf, err, sizeof(err)), ECS_OK);
    assert_false(ecs_diameter_is_up(handle, ECS_STR("test"), ECS_DIAMETER_APP_SWM));
    assert_int_equal(ask_once(""), ECS_E_BACKEND);
    assert_int_equal(view_of("one").state, ECS_DIAMETER_REOPEN);
}

static void test_a_slow_answer_is_asked_for_elsewhere(void **state)
{
    struct asked a;

    (void)state;
    one.how = DD_HOLD;
    set_both(quick_answer);
    wait_okay("one");
    wait_okay("two");
    ask_realm(&a, "test");
    assert_int_equal(a.answer.rc, ECS_OK);
    assert_string_equal(a.answer.peer, "two");
    assert_int_equal(two.last.flags & ECS_DIAMETER_T, ECS_DIAMETER_T);
    assert_int_equal(stats_one.timeouts, 1);
    dd_release(&one); /* too late: nobody is disturbed */
    turn_for(10);
    ask_free(&a);
}

static void test_a_slow_answer_is_waited_for_when_the_request_may_not_move(void **state)
{
    struct asked a;

    (void)state;
    one.how = DD_HOLD;
    set_both(quick_answer);
    wait_okay("one");
    wait_okay("two");
    ask_prepare(&a, "test", NULL);
    a.ask.stay = true;
    ask_start(&a);
    TURN_UNTIL(one.held_n == 1);
    turn_for(150);
    assert_false(a.done);
    dd_release(&one);
    TURN_UNTIL(a.done);
    assert_int_equal(a.answer.rc, ECS_OK);
    assert_int_equal(two.requests, 0);
    ask_free(&a);
}

static void test_no_answer_in_time_is_told(void **state)
{
    struct asked a;
    int64_t begun = ecs_clock_mono_us();

    (void)state;
    one.how = two.how = DD_SILENT;
    set_both(quick_answer);
    wait_okay("one");
    wait_okay("two");
    ask_prepare(&a, "test", NULL);
    a.ask.limit_ms = 250;
    ask_start(&a);
    TURN_UNTIL(a.done);
    assert_int_equal(a.answer.rc, ECS_E_TIMEOUT);
    assert_int_equal(a.answer.attempts, 2);
    assert_in_range(ecs_clock_mono_us() - begun, 250000, 2000000);
    assert_int_equal(one.requests + two.requests, 2);
    ask_free(&a);
    assert_int_equal(view_of("one").state, ECS_DIAMETER_OKAY); /* a slow request is no dead peer */
}

static void test_a_peer_that_cannot_deliver_is_passed_over_without_the_t_flag(void **state)
{
    static const uint32_t codes[] = {3002, 3004, 3006};

    (void)state;
    set_both(NULL);
    wait_okay("one");
    wait_okay("two");
    for (size_t i = 0; i < ECS_ARRAY_LEN(codes); i++) {
        one.result = codes[i];
        assert_int_equal(ask_once("two"), ECS_OK);
        assert_int_equal(two.last.flags & ECS_DIAMETER_T, 0);
    }
    assert_int_equal(stats_one.http_errors, 3);
    one.result = 3003; /* not about the way: the answer counts */
    assert_int_equal(ask_once("one"), ECS_OK);
}

static void test_when_nobody_can_deliver_the_answer_says_so(void **state)
{
    struct asked a;

    (void)state;
    one.result = two.result = 3002;
    set_both(NULL);
    wait_okay("one");
    wait_okay("two");
    ask_realm(&a, "test");
    assert_int_equal(a.answer.rc, ECS_OK);
    assert_string_equal(a.answer.peer, "two");
    assert_int_equal(a.answer.result.meaning, ECS_DIAMETER_MEANS_ELSEWHERE);
    assert_int_equal(a.answer.message.flags & ECS_DIAMETER_E, ECS_DIAMETER_E);
    ask_free(&a);
}

/* proves: E-029 */
static void test_a_peer_that_takes_leave_is_answered_and_left(void **state)
{
    struct asked a;

    (void)state;
    one.how = DD_HOLD;
    set_both(NULL);
    wait_okay("one");
    wait_okay("two");
    ask_prepare(&a, "test", NULL);
    ask_start(&a);
    TURN_UNTIL(one.held_n == 1);
    dd_ask(&one, 0, ECS_DIAMETER_DISCONNECT_PEER, 0);
    TURN_UNTIL(a.done);
    assert_string_equal(a.answer.peer, "two");
    ask_free(&a);
    TURN_UNTIL(one.dpa == 1);
    dd_close(&one, 0);
    one.how = DD_ANSWER;
    one.held_n = 0;
    wait_okay("one"); /* in order: no probation */
    assert_int_equal(one.dwr, 0);
    assert_int_equal(ask_once("one"), ECS_OK);
}

static void test_a_peer_that_does_not_want_us_is_left_alone_for_long(void **state)
{
    (void)state;
    set_both(NULL);
    wait_okay("one");
    dd_ask(&one, 0, ECS_DIAMETER_DISCONNECT_PEER, 2);
    TURN_UNTIL(one.dpa == 1);
    dd_close(&one, 0);
    turn_for(400); /* Tc is 80 ms */
    assert_int_equal(one.accepted, 1);
    TURN_UNTIL(one.accepted == 2); /* ten times Tc */
}

static void test_noise_ends_the_connection(void **state)
{
    (void)state;
    one.how = DD_NOISE;
    set_both(NULL);
    wait_okay("one");
    wait_okay("two");
    assert_int_equal(ask_once("two"), ECS_OK);
    assert_string_equal(view_of("one").reason, "the peer sent what is no Diameter message");
    assert_int_equal(two.repeated, 1);
}

static unsigned restarts;
static char restarted[64];

static void on_restart(void *arg, struct ecs_str host)
{
    (void)arg;
    restarts++;
    snprintf(restarted, sizeof(restarted), "%.*s", ECS_FMT(host));
}

static int open_with_restart(void **state)
{
    restarts = 0;
    hooks.on_restart = on_restart;
    return rig_open(state);
}

static int close_with_restart(void **state)
{
    hooks = (struct ecs_diameter_hooks){0};
    return rig_close(state);
}

static void test_a_peer_that_has_lost_its_state_is_told_about(void **state)
{
    (void)state;
    one.state_id = 100;
    set_both(NULL);
    wait_okay("one");
    dd_close(&one, 0);
    TURN_UNTIL(one.cer == 2 && view_of("one").state == ECS_DIAMETER_REOPEN);
    assert_int_equal(restarts, 0); /* the same state: only the connection was lost */
    one.state_id = 101;
    dd_close(&one, 1);
    dd_close(&one, 0);
    TURN_UNTIL(restarts == 1);
    assert_string_equal(restarted, "one.test");
    one.state_id = 102;
    dd_ask(&one, 0, ECS_DIAMETER_DEVICE_WATCHDOG, 0);
    TURN_UNTIL(restarts == 2);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_what_is_outstanding_goes_to_the_next_peer_when_one_is_killed),
        CASE(test_a_request_that_may_not_move_fails_with_its_connection),
        CASE(test_an_unanswered_watchdog_makes_the_peer_suspect_and_a_second_one_ends_it),
        CASE(test_a_suspect_that_speaks_again_serves_again),
        CASE(test_without_another_peer_a_suspect_may_still_answer),
        CASE(test_a_peer_that_comes_back_answers_three_watchdogs_first),
        CASE(test_the_last_resort_may_be_a_peer_on_probation),
        CASE(test_a_slow_answer_is_asked_for_elsewhere),
        CASE(test_a_slow_answer_is_waited_for_when_the_request_may_not_move),
        CASE(test_no_answer_in_time_is_told),
        CASE(test_a_peer_that_cannot_deliver_is_passed_over_without_the_t_flag),
        CASE(test_when_nobody_can_deliver_the_answer_says_so),
        CASE(test_a_peer_that_takes_leave_is_answered_and_left),
        CASE(test_a_peer_that_does_not_want_us_is_left_alone_for_long),
        CASE(test_noise_ends_the_connection),
        cmocka_unit_test_setup_teardown(test_a_peer_that_has_lost_its_state_is_told_about, open_with_restart,
                                        close_with_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
