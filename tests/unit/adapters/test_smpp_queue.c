/* SPDX-License-Identifier: Apache-2.0 */
/* Many short messages at a time by SMPP: window, throttling, speed, and callers that go away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "smsc_rig.h"

static void test_the_window_never_holds_more_than_ten(void **state)
{
    struct sent s[25];

    (void)state;
    open_with(NULL, "");
    for (size_t i = 0; i < ECS_ARRAY_LEN(s); i++) {
        s[i] = trigger("66600000001");
        sent_start(&x, &s[i]);
    }
    assert_int_equal(stat_of("now"), 25);
    for (size_t i = 0; i < ECS_ARRAY_LEN(s); i++) {
        sent_wait(&x, &s[i]);
        assert_int_equal(s[i].result.class, ECS_SEND_OK);
        ecs_arena_free(s[i].arena);
    }
    smsc_expect(&x, &smsc, "held 5\n", 1);
    assert_int_equal(smsc_count(&smsc, "held 10\n"), 2);
    assert_int_equal(stat_of("now"), 0);
    close_all();
}

static void test_throttling_slows_the_session_down(void **state)
{
    static const char *const args[] = {"--throttle", "1", NULL};
    struct sent first = trigger("491700000001"), second = trigger("491700000002");
    int64_t begin;

    (void)state;
    open_with(args, "  smpp_window: 1\n");
    begin = ecs_clock_mono_us();
    sent_start(&x, &first);
    sent_start(&x, &second);
    sent_wait(&x, &first);
    assert_int_equal(first.result.class, ECS_SEND_RETRY);
    assert_string_equal(first.result.reason, "ESME_RTHROTTLED");
    assert_int_equal(first.result.retry_after_s, 1);
    assert_false(second.ended);
    sent_wait(&x, &second);
    assert_int_equal(second.result.class, ECS_SEND_OK);
    assert_true(ecs_clock_mono_us() - begin >= 1000000);
    ecs_arena_free(first.arena);
    ecs_arena_free(second.arena);
    close_all();
}

static void test_the_configured_speed_is_kept(void **state)
{
    struct sent s[8];
    int64_t begin;

    (void)state;
    open_with(NULL, "  smpp_per_second: 20\n");
    assert_int_equal(send_to("491700000001").class, ECS_SEND_OK);
    begin = ecs_clock_mono_us();
    for (size_t i = 0; i < ECS_ARRAY_LEN(s); i++) {
        s[i] = trigger("491700000001");
        sent_start(&x, &s[i]);
    }
    for (size_t i = 0; i < ECS_ARRAY_LEN(s); i++) {
        sent_wait(&x, &s[i]);
        ecs_arena_free(s[i].arena);
    }
    assert_true(ecs_clock_mono_us() - begin >= 200000); /* 8 at 20/s, a tenth of a second may be caught up */
    close_all();
}

static void test_an_aborted_flow_leaves_the_session_alone(void **state)
{
    struct sent waiting = trigger("6660001"), other = trigger("6660002");

    (void)state;
    open_with(NULL, "");
    sent_start(&x, &waiting);
    smsc_expect(&x, &smsc, "destination_addr=6660001", 1);
    sent_start(&x, &other);
    ecs_flow_abort(&waiting.flow);
    assert_true(waiting.ended);
    ecs_arena_free(waiting.arena);
    sent_wait(&x, &other);
    assert_int_equal(other.result.class, ECS_SEND_OK);
    ecs_arena_free(other.arena);
    assert_int_equal(stat_of("now"), 0);
    close_all();
}

static void test_a_send_goes_on_when_the_channels_are_given_back(void **state)
{
    struct sent s = trigger("6660001");

    (void)state;
    open_with(NULL, "");
    sent_start(&x, &s);
    smsc_expect(&x, &smsc, "destination_addr=6660001", 1);
    ecs_push_free(x.push);
    x.push = NULL;
    sent_wait(&x, &s);
    assert_int_equal(s.result.class, ECS_SEND_OK);
    assert_int_equal(smsc_count(&smsc, "unbind"), 0);
    ecs_arena_free(s.arena); /* the last user */
    smsc_expect(&x, &smsc, "unbind", 1);
    close_all();
}

static void test_the_window_opens_again_after_throttling(void **state)
{
    static const char *const args[] = {"--throttle", "1", NULL};
    struct sent s[4];

    (void)state;
    open_with(args, "  smpp_window: 2\n");
    assert_int_equal(send_to("491700000001").class, ECS_SEND_RETRY);
    for (size_t i = 0; i < 11; i++)
        assert_int_equal(send_to("491700000001").class, ECS_SEND_OK);
    for (size_t i = 0; i < 4; i++) {
        s[i] = trigger("66600000001");
        sent_start(&x, &s[i]);
    }
    for (size_t i = 0; i < 4; i++) {
        sent_wait(&x, &s[i]);
        ecs_arena_free(s[i].arena);
    }
    smsc_expect(&x, &smsc, "held 2\n", 2);
    close_all();
}

static void test_a_full_queue_refuses_more(void **state)
{
    static const char *const args[] = {"--silent-bind", NULL};
    static struct sent s[1001];

    (void)state;
    open_with(args, "  smpp_response: 1s\n");
    for (size_t i = 0; i < ECS_ARRAY_LEN(s); i++) {
        s[i] = trigger("491700000001");
        sent_start(&x, &s[i]);
    }
    assert_true(s[1000].ended);
    assert_int_equal(s[1000].result.class, ECS_SEND_RETRY);
    assert_int_equal(s[1000].result.retry_after_s, 1);
    assert_false(s[999].ended);
    for (size_t i = 0; i < ECS_ARRAY_LEN(s); i++) {
        sent_wait(&x, &s[i]);
        assert_int_equal(s[i].result.class, ECS_SEND_RETRY);
        ecs_arena_free(s[i].arena);
    }
    assert_int_equal(stat_of("now"), 0);
    assert_int_equal(stat_of("failures"), 1000);
    close_all();
}

/* With a window of one, each way in which a message ends lets the next one go. */
static void test_every_end_of_a_message_makes_room(void **state)
{
    struct sent nacked = trigger("7748"), aborted = trigger("8880001"), last = trigger("491700000001");

    (void)state;
    open_with(NULL, "  smpp_window: 1\n");
    sent_start(&x, &nacked);
    sent_start(&x, &aborted);
    sent_start(&x, &last);
    sent_wait(&x, &nacked);
    assert_int_equal(nacked.result.class, ECS_SEND_RETRY);
    smsc_expect(&x, &smsc, "destination_addr=8880001", 1);
    assert_false(last.ended);
    ecs_flow_abort(&aborted.flow);
    sent_wait(&x, &last);
    assert_int_equal(last.result.class, ECS_SEND_OK);
    ecs_arena_free(nacked.arena);
    ecs_arena_free(aborted.arena);
    ecs_arena_free(last.arena);
    close_all();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_window_never_holds_more_than_ten),
        cmocka_unit_test(test_throttling_slows_the_session_down),
        cmocka_unit_test(test_the_configured_speed_is_kept),
        cmocka_unit_test(test_an_aborted_flow_leaves_the_session_alone),
        cmocka_unit_test(test_a_send_goes_on_when_the_channels_are_given_back),
        cmocka_unit_test(test_the_window_opens_again_after_throttling),
        cmocka_unit_test(test_a_full_queue_refuses_more),
        cmocka_unit_test(test_every_end_of_a_message_makes_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
