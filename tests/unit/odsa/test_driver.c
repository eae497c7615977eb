/* SPDX-License-Identifier: Apache-2.0 */
/* The driver while others change the row: events meanwhile, a lost lease, clocks that differ, whoever waits.
 */
#include "driver_play.h"

static enum ecs_next do_wait(struct ecs_flow *f)
{
    struct job *j = f->self;

    return odsa_await_as(f, &env, 7, j->device);
}

static const struct ecs_step wait_steps[] = {{"wait", do_wait, 60000}, {"end", end, 0}, {0}};

/* ---- changed meanwhile ---- */

static void test_an_event_during_a_call_and_its_outcome_both_count(void **state)
{
    (void)state;
    put_activating();
    odsa_kick(&env, 7);
    assert_int_equal(fire("cancel").fire.fired, ECS_FIRED_NOTED);
    expect_state(ODSA_ACTIVATING);
    answer("bss order"); /* done: what stands is taken back */
    expect_state(ODSA_WITHDRAWING);
    answer("smdp cancel");
    expect_state(ODSA_REVOKING);
    answer("bss cancel");
    expect_state(ODSA_DISMISSED);
    assert_int_equal(w.called, 3);
    assert_int_equal(ecs_odsa_runner_busy(env.runner), 0);
    assert_int_equal(holds, 0);
}

static void test_an_outcome_of_a_former_call_is_dropped_and_the_present_state_worked_on(void **state)
{
    (void)state;
    put_activating();
    w.row.state = ecs_str_of(odsa_states[ODSA_AWAITING].name);
    odsa_kick(&env, 7);
    assert_int_equal(fire("cancel").fire.fired, ECS_FIRED);
    expect_state(ODSA_WITHDRAWING);
    answer("bss find"); /* too late */
    assert_string_equal(w.call, "smdp cancel");
    expect_state(ODSA_WITHDRAWING);
}

static void test_without_its_lease_a_drive_writes_the_outcome_and_stops(void **state)
{
    (void)state;
    put_activating();
    odsa_kick(&env, 7);
    env.runner->drives->leased_us -= 61000000; /* it is over, and another node has taken it: */
    w.row.version++;
    answer("bss order");
    expect_state(ODSA_CONFIRMING);
    assert_false(w.last.release);
    assert_int_equal(w.last.lease_s, 0);
    assert_true(w.leased); /* by the other one, which confirms */
    assert_int_equal(w.called, 1);
    assert_int_equal(ecs_odsa_runner_busy(env.runner), 0);
}

static void test_without_its_lease_a_drive_does_no_work_of_another_state(void **state)
{
    unsigned moves;

    (void)state;
    put_activating();
    odsa_kick(&env, 7);
    env.runner->drives->leased_us -= 61000000;
    w.row.version += 2; /* the other node has gone on */
    w.row.state = ecs_str_of(odsa_states[ODSA_CONFIRMING].name);
    w.row.calls++;
    moves = w.moves;
    answer("bss order");
    assert_int_equal(w.moves, moves);
    assert_int_equal(w.called, 1);
    assert_true(w.leased);
    assert_int_equal(ecs_odsa_runner_busy(env.runner), 0);
}

static void test_a_state_of_a_later_release_is_left_alone_for_a_lease(void **state)
{
    (void)state;
    put_activating();
    w.row.state = ECS_STR("polishing");
    odsa_kick(&env, 7);
    assert_int_equal(w.claims, 1);
    assert_int_equal(w.moves, 0);
    assert_true(w.leased);
}

static void test_the_source_stands_in_the_row_before_it_is_called(void **state)
{
    (void)state;
    put(ECS_JOURNEY_COMPANION, ODSA_ASKING, 0);
    assert_int_equal(fire("answered").fire.fired, ECS_FIRED);
    assert_string_equal(w.call, "smdp order");
    assert_true(ecs_str_eq(w.source_when_called, ECS_STR("main")));
}

/* ---- clocks ---- */

static void test_pauses_are_counted_by_the_clock_of_the_database(void **state)
{
    int64_t there;

    (void)state;
    put_activating();
    w.ahead_s = 3600; /* this node is an hour behind; what it was told to do is due */
    there = ecs_clock_now() + w.ahead_s;
    w.row.due_at = there - 1;
    w.row.deadline_at = there + 86400;
    odsa_kick(&env, 7);
    w.bss = (struct ecs_bss_result){.status = ECS_BSS_AGAIN, .why = "no answer", .retry_after_s = 40};
    answer("bss order");
    expect_state(ODSA_ACTIVATING);
    assert_in_range(w.row.due_at, there + 40, there + 45);
    assert_false(w.leased);
}

/* ---- whoever waits ---- */

static void go_to_ready(void)
{
    put_activating();
    w.row.state = ecs_str_of(odsa_states[ODSA_CONFIRMING].name);
    odsa_kick(&env, 7);
    w.smdp = (struct ecs_smdp_result){.status = ECS_SMDP_OK, .address = ECS_STR("smdp.example.net")};
}

static void test_the_device_that_waits_needs_no_notification(void **state)
{
    struct job j = {.device = true};

    (void)state;
    go_to_ready();
    start(&j, wait_steps);
    assert_false(j.ended);
    answer("smdp confirm");
    assert_true(j.ended);
    expect_state(ODSA_READY);
    assert_null(w.last.notify_reason);
}

static void test_a_portal_that_waits_does_not_keep_the_device_from_hearing(void **state)
{
    struct job j = {.device = false};

    (void)state;
    go_to_ready();
    start(&j, wait_steps);
    answer("smdp confirm");
    assert_true(j.ended);
    assert_string_equal(w.last.notify_reason, "profile ready");
}

static void test_waiting_ends_with_its_time_or_with_the_client(void **state)
{
    struct job tired = {.device = true}, left = {.device = true};

    (void)state;
    go_to_ready();
    start(&tired, wait_steps);
    start(&left, wait_steps);
    ecs_flow_abort(&left.flow);
    assert_int_equal(left.rc, ECS_E_CANCELLED);
    for (int i = 0; i < 100 && !tired.ended; i++)
        assert_int_equal(ecs_loop_turn(loop, 10000), ECS_OK);
    assert_true(tired.ended && tired.rc == ECS_OK);
    answer("smdp confirm"); /* the drive goes on; nobody waits */
    expect_state(ODSA_READY);
    assert_string_equal(w.last.notify_reason, "profile ready");
}

static void test_a_drive_under_way_is_aborted_with_its_runner(void **state)
{
    (void)state;
    put_activating();
    odsa_kick(&env, 7);
    assert_int_equal(holds, 1);
    ecs_odsa_runner_free(env.runner);
    env.runner = NULL;
    assert_null(w.open); /* the call was told to forget it */
    assert_int_equal(holds, 0);
    assert_true(w.leased); /* until it runs out */
    expect_state(ODSA_ACTIVATING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_an_event_during_a_call_and_its_outcome_both_count),
        CASE(test_an_outcome_of_a_former_call_is_dropped_and_the_present_state_worked_on),
        CASE(test_without_its_lease_a_drive_writes_the_outcome_and_stops),
        CASE(test_without_its_lease_a_drive_does_no_work_of_another_state),
        CASE(test_a_state_of_a_later_release_is_left_alone_for_a_lease),
        CASE(test_the_source_stands_in_the_row_before_it_is_called),
        CASE(test_pauses_are_counted_by_the_clock_of_the_database),
        CASE(test_the_device_that_waits_needs_no_notification),
        CASE(test_a_portal_that_waits_does_not_keep_the_device_from_hearing),
        CASE(test_waiting_ends_with_its_time_or_with_the_client),
        CASE(test_a_drive_under_way_is_aborted_with_its_runner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
