/* SPDX-License-Identifier: Apache-2.0 */
/* Diameter peers: capabilities, routing by realm, application, priority and weight, budgets, and answers that
 * cannot be ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "diameter_rig.h"

static void test_a_request_is_answered(void **state)
{
    struct asked a;
    struct ecs_str host;

    (void)state;
    set_both(NULL);
    wait_okay("one");
    ask_realm(&a, "test");
    assert_int_equal(a.answer.rc, ECS_OK);
    assert_string_equal(a.answer.peer, "one");
    assert_int_equal(a.answer.attempts, 1);
    assert_int_equal(a.answer.result.code, 2001);
    assert_int_equal(a.answer.result.meaning, ECS_DIAMETER_MEANS_OK);
    assert_true(ecs_diameter_get(a.answer.message.avps, ECS_AVP_ORIGIN_HOST, &host));
    assert_true(ecs_str_eq(host, ECS_STR("one.test")));
    assert_int_equal(one.last.flags, ECS_DIAMETER_R | ECS_DIAMETER_P);
    assert_int_equal(one.last.code, 268);
    assert_int_equal(strncmp(one.last.session, "ecs.test;", 9), 0);
    assert_int_equal(stats_one.calls, 1);
    assert_int_equal(stats_one.ok, 1);
    ask_free(&a);
}

static void test_our_capabilities_name_us_and_our_applications(void **state)
{
    struct ecs_diameter_message m;
    struct ecs_diameter_avp failed;
    struct ecs_str rest, group, text;
    uint32_t value, sum = 0;

    (void)state;
    set_both(NULL);
    wait_okay("one");
    assert_int_equal(ecs_diameter_decode(ecs_buf_str(&one.cer_bytes), &m, &failed), ECS_DIAMETER_FAULT_NONE);
    assert_int_equal(m.flags, ECS_DIAMETER_R);
    assert_int_equal(m.application, 0);
    assert_int_equal(ecs_diameter_missing(&m), ECS_AVP_UNKNOWN);
    assert_true(ecs_diameter_get(m.avps, ECS_AVP_ORIGIN_HOST, &text) &&
                ecs_str_eq(text, ECS_STR("ecs.test")));
    assert_true(ecs_diameter_get_address(m.avps, ECS_AVP_HOST_IP_ADDRESS, &text));
    assert_true(ecs_str_eq(text, ECS_STR("\x7f\0\0\x01")));
    assert_true(ecs_diameter_get_u32(m.avps, ECS_AVP_SUPPORTED_VENDOR_ID, &value) && value == 10415);
    assert_true(ecs_diameter_get_u32(m.avps, ECS_AVP_AUTH_APPLICATION_ID, &value) && value == 5);
    assert_true(ecs_diameter_get_u32(m.avps, ECS_AVP_ORIGIN_STATE_ID, &value) && value > 1700000000);
    for (rest = m.avps; ecs_diameter_next_of(&rest, ECS_AVP_VENDOR_SPECIFIC_APPLICATION_ID, &group);
         sum += value)
        assert_true(ecs_diameter_get_u32(group, ECS_AVP_AUTH_APPLICATION_ID, &value));
    assert_true(sum == ECS_DIAMETER_APP_SWM + ECS_DIAMETER_APP_RX + ECS_DIAMETER_APP_SWX);
    rest = m.avps;
    assert_true(ecs_diameter_next_of(&rest, ECS_AVP_SUPPORTED_VENDOR_ID, &text));
    assert_false(ecs_diameter_next_of(&rest, ECS_AVP_SUPPORTED_VENDOR_ID, &text)); /* said once */
}

static void test_answers_find_their_requests_in_any_order(void **state)
{
    struct asked a[20];

    (void)state;
    one.how = DD_HOLD;
    set_both(NULL);
    wait_okay("one");
    for (int i = 0; i < 20; i++) {
        ask_prepare(&a[i], "test", NULL);
        ask_start(&a[i]);
    }
    TURN_UNTIL(one.held_n == 20);
    assert_int_equal(view_of("one").in_flight, 20);
    for (int i = 0; i < 20; i++)
        for (int j = 0; j < i; j++) {
            assert_int_not_equal(one.held[i].hop, one.held[j].hop);
            assert_int_not_equal(one.held[i].end_to_end, one.held[j].end_to_end);
        }
    dd_release(&one);
    for (int i = 0; i < 20; i++) {
        struct ecs_str session, mine;

        TURN_UNTIL(a[i].done);
        assert_int_equal(a[i].answer.rc, ECS_OK);
        assert_true(ecs_diameter_get(a[i].answer.message.avps, ECS_AVP_SESSION_ID, &session));
        assert_true(ecs_diameter_get(a[i].ask.message.avps, ECS_AVP_SESSION_ID, &mine));
        assert_true(ecs_str_eq(session, mine));
        ask_free(&a[i]);
    }
    assert_int_equal(view_of("one").in_flight, 0);
}

static void test_a_request_without_realm_or_route_is_refused_at_once(void **state)
{
    struct asked a;

    (void)state;
    set_both(NULL);
    wait_okay("one");
    ask_realm(&a, NULL);
    assert_int_equal(a.answer.rc, ECS_E_BAD_PARAMETER);
    ask_free(&a);
    ask_realm(&a, "other.example");
    assert_int_equal(a.answer.rc, ECS_E_BACKEND);
    assert_string_equal(a.answer.error, "there is no route to the realm");
    assert_int_equal(a.answer.attempts, 0);
    assert_int_equal(stats_node.refused_breaker, 1);
    ask_free(&a);
}

static void test_peers_that_are_not_whom_we_want_are_not_used(void **state)
{
    static const struct {
        const char *identity;
        const char *host;
        uint32_t cea_result, application;
        const char *reason;
    } cases[] = {
        {"right.test", "one.test", 0, 0, "the peer has another identity than configured"},
        {NULL, "ECS.test", 0, 0, "the peer has our own identity"},
        {NULL, "one.test", 3010, 0, "UNKNOWN_PEER"},
        {NULL, "one.test", 0, 16777999, "the peer speaks none of our applications"},
    };
    static const struct ecs_diameter_route route = {"test", 0, "one", 1, 1};

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(cases); i++) {
        struct ecs_diameter_peer_conf row = peer_row("one", &one);
        unsigned cer = one.cer;

        one.host = cases[i].host;
        one.cea_result = cases[i].cea_result;
        one.application = cases[i].application;
        row.identity = cases[i].identity;
        row.connect_ms = 1000 + (uint32_t)i; /* another row: it connects anew */
        set_rows(&row, 1, &route, 1);
        TURN_UNTIL(one.cer > cer && strcmp(view_of("one").reason, cases[i].reason) == 0);
        assert_int_equal(view_of("one").state, ECS_DIAMETER_DOWN);
        assert_int_equal(ask_once(""), ECS_E_BACKEND);
    }
    assert_int_equal(one.requests, 0);
}

static void test_a_watchdog_is_answered_before_the_capabilities_are_through(void **state)
{
    (void)state;
    one.dwr_first = true;
    set_both(NULL);
    wait_okay("one");
    TURN_UNTIL(one.dwa == 1);
    dd_ask(&one, 0, ECS_DIAMETER_DEVICE_WATCHDOG, 0);
    TURN_UNTIL(one.dwa == 2);
    assert_int_equal(ask_once("one"), ECS_OK);
}

static void test_realm_and_application_choose_the_route(void **state)
{
    struct ecs_diameter_peer_conf rows[2] = {peer_row("one", &one), peer_row("two", &two)};
    static const struct ecs_diameter_route routes[] = {
        {"*", 0, "two", 1, 1},
        {"Home.Example", ECS_DIAMETER_APP_SWM, "one", 5, 1},
        {"home.example", ECS_DIAMETER_APP_RX, "two", 1, 1},
    };
    struct asked a;

    (void)state;
    set_rows(rows, 2, routes, 3);
    wait_okay("one");
    wait_okay("two");
    ask_realm(&a, "home.EXAMPLE");
    assert_string_equal(a.answer.peer, "one");
    ask_free(&a);
    ask_realm(&a, "roaming.example");
    assert_string_equal(a.answer.peer, "two");
    ask_free(&a);
    dd_kill(&one); /* then the row of any realm serves */
    TURN_UNTIL(view_of("one").state != ECS_DIAMETER_OKAY);
    ask_realm(&a, "home.example");
    assert_string_equal(a.answer.peer, "two");
    ask_free(&a);
}

static void test_an_application_that_a_peer_lacks_is_not_sent_to_it(void **state)
{
    (void)state;
    one.application = ECS_DIAMETER_APP_RX;
    set_both(NULL);
    wait_okay("one");
    wait_okay("two");
    assert_int_equal(ask_once("two"), ECS_OK);
    assert_int_equal(one.requests, 0);
}

static void test_a_relay_takes_every_application(void **state)
{
    (void)state;
    one.application = ECS_DIAMETER_APP_RX;
    one.relay = true;
    set_both(NULL);
    wait_okay("one");
    assert_int_equal(ask_once("one"), ECS_OK);
}

static void test_weights_share_the_requests(void **state)
{
    struct ecs_diameter_peer_conf rows[2] = {peer_row("one", &one), peer_row("two", &two)};
    static const struct ecs_diameter_route routes[] = {{"test", 0, "one", 1, 30}, {"test", 0, "two", 1, 10}};

    (void)state;
    set_rows(rows, 2, routes, 2);
    wait_okay("one");
    wait_okay("two");
    for (int i = 0; i < 400; i++)
        assert_int_equal(ask_once(NULL), ECS_OK);
    assert_int_equal(one.requests + two.requests, 400);
    assert_in_range(one.requests, 250, 350); /* 300 +- 5.8 standard deviations */
}

static void test_destination_host_chooses_the_peer_of_that_name(void **state)
{
    struct asked a;

    (void)state;
    set_both(NULL);
    wait_okay("one");
    wait_okay("two");
    ask_prepare(&a, "test", "TWO.test");
    ask_start(&a);
    TURN_UNTIL(a.done);
    assert_string_equal(a.answer.peer, "two");
    ask_free(&a);
    ask_prepare(&a, "test", "behind-a-relay.test");
    ask_start(&a);
    TURN_UNTIL(a.done);
    assert_string_equal(a.answer.peer, "one");
    ask_free(&a);
}

static void narrow(struct ecs_diameter_peer_conf *row)
{
    row->max_in_flight = 2;
}

static void test_a_spent_budget_goes_to_the_next_peer_and_then_refuses(void **state)
{
    struct asked a[5];

    (void)state;
    one.how = two.how = DD_HOLD;
    set_both(narrow);
    wait_okay("one");
    wait_okay("two");
    for (int i = 0; i < 5; i++) {
        ask_prepare(&a[i], "test", NULL);
        ask_start(&a[i]);
    }
    TURN_UNTIL(a[4].done);
    assert_int_equal(a[4].answer.rc, ECS_E_OVERLOAD);
    assert_int_equal(stats_node.refused_budget, 1);
    TURN_UNTIL(one.held_n == 2 && two.held_n == 2);
    dd_release(&one);
    dd_release(&two);
    for (int i = 0; i < 4; i++) {
        TURN_UNTIL(a[i].done);
        assert_int_equal(a[i].answer.rc, ECS_OK);
    }
    for (int i = 0; i < 5; i++)
        ask_free(&a[i]);
    one.how = DD_ANSWER;
    assert_int_equal(ask_once("one"), ECS_OK); /* the places are free again */
}

static void test_answers_that_cannot_be_ones_are_told_as_such(void **state)
{
    static const struct {
        enum dd_answer how;
        const char *error;
    } cases[] = {
        {DD_OTHER_SESSION, "the answer belongs to another session"},
        {DD_OTHER_END_TO_END, "the answer has another end-to-end identifier"},
        {DD_OTHER_COMMAND, "the answer is to another command or application"},
        {DD_NO_RESULT, "the answer has no result"},
        {DD_BAD_AVP, "an AVP has a wrong value"},
    };
    struct asked a;

    (void)state;
    set_both(NULL);
    wait_okay("one");
    for (size_t i = 0; i < ECS_ARRAY_LEN(cases); i++) {
        one.how = cases[i].how;
        ask_realm(&a, "test");
        assert_int_equal(a.answer.rc, ECS_E_BACKEND);
        assert_string_equal(a.answer.error, cases[i].error);
        ask_free(&a);
    }
    assert_int_equal(one.accepted, 1); /* the connection stays */
}

static void test_a_handle_asks_nobody_when_the_node_has_gone(void **state)
{
    struct asked a, b;

    (void)state;
    one.how = DD_HOLD;
    set_both(NULL);
    wait_okay("one");
    ask_prepare(&a, "test", NULL);
    ask_start(&a);
    TURN_UNTIL(one.held_n == 1);
    ask_prepare(&b, "test", NULL);
    ask_start(&b); /* in the mailbox when the node ends */
    ecs_diameter_node_free(node);
    node = NULL;
    TURN_UNTIL(a.done && b.done);
    assert_int_equal(a.answer.rc, ECS_E_BACKEND);
    assert_int_equal(b.answer.rc, ECS_E_BACKEND);
    ask_free(&a);
    ask_free(&b);
    ask_realm(&a, "test");
    assert_string_equal(a.answer.error, "the Diameter node has stopped");
    ask_free(&a);
    TURN_UNTIL(one.dpr == 1); /* it took leave */
}

static uint64_t next_session(struct ecs_diameter *d)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    unsigned high = 0, low = 0;

    assert_int_equal(sscanf(ecs_diameter_session_id(d, arena), "ecs.test;%u;%u", &high, &low), 2);
    ecs_arena_free(arena);
    return (uint64_t)high << 32 | low;
}

static void test_session_ids_are_never_used_again(void **state)
{
    static const struct ecs_diameter_identity me = {.host = "ecs.test", .realm = "test"};
    uint64_t last = next_session(handle);

    (void)state;
    for (int i = 0; i < 1000; i++) {
        uint64_t number = next_session(handle);

        assert_true(number > last);
        last = number;
    }
    for (int i = 0; i < 3; i++) { /* another process, at once */
        struct ecs_diameter_node *again = ecs_diameter_node_new(loop, mailbox, &me, NULL);
        struct ecs_diameter *d = again ? ecs_diameter_open(again, mailbox) : NULL;

        assert_non_null(d);
        assert_true(next_session(d) > last);
        last = next_session(d);
        ecs_diameter_node_free(again);
        assert_string_equal(ecs_diameter_host(d), "ecs.test"); /* the handle outlives it */
        ecs_diameter_close(d);
    }
}

static void test_an_identity_that_cannot_be_one_makes_no_node(void **state)
{
    static const struct ecs_diameter_identity bad[] = {
        {.host = NULL, .realm = "test"},
        {.host = "ecs test", .realm = "test"},
        {.host = "ecs.test", .realm = ""},
        {.host = "ecs.test", .realm = "test", .addresses = {"10.0.0.256"}},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(bad); i++)
        assert_null(ecs_diameter_node_new(loop, mailbox, &bad[i], NULL));
}

static void test_an_aborted_flow_is_forgotten(void **state)
{
    struct asked a;

    (void)state;
    one.how = DD_HOLD;
    set_both(NULL);
    wait_okay("one");
    ask_prepare(&a, "test", NULL);
    ask_start(&a);
    TURN_UNTIL(one.held_n == 1);
    ecs_flow_abort(&a.flow);
    ask_free(&a);
    dd_release(&one);
    TURN_UNTIL(view_of("one").in_flight == 0);
    turn_for(5);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_request_is_answered),
        CASE(test_our_capabilities_name_us_and_our_applications),
        CASE(test_answers_find_their_requests_in_any_order),
        CASE(test_a_request_without_realm_or_route_is_refused_at_once),
        CASE(test_peers_that_are_not_whom_we_want_are_not_used),
        CASE(test_a_watchdog_is_answered_before_the_capabilities_are_through),
        CASE(test_realm_and_application_choose_the_route),
        CASE(test_an_application_that_a_peer_lacks_is_not_sent_to_it),
        CASE(test_a_relay_takes_every_application),
        CASE(test_weights_share_the_requests),
        CASE(test_destination_host_chooses_the_peer_of_that_name),
        CASE(test_a_spent_budget_goes_to_the_next_peer_and_then_refuses),
        CASE(test_answers_that_cannot_be_ones_are_told_as_such),
        CASE(test_a_handle_asks_nobody_when_the_node_has_gone),
        CASE(test_session_ids_are_never_used_again),
        CASE(test_an_identity_that_cannot_be_one_makes_no_node),
        CASE(test_an_aborted_flow_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
