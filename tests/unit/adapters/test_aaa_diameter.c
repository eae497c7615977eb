/* SPDX-License-Identifier: Apache-2.0 */
/* Conversations with a Diameter peer on the test's own loop: what each request holds, what becomes of the
 * answers, sessions that the server keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "aaa_rig.h"

static void put_more_round(void)
{
    ecs_buf_reset(&more);
    ecs_diameter_put(&more, ECS_AVP_EAP_PAYLOAD,
                     (struct ecs_str){(const char *)challenge, sizeof(challenge)});
    ecs_diameter_put(&more, ECS_AVP_STATE, ECS_STR("state-1"));
    ecs_diameter_put_u32(&more, ECS_AVP_MULTI_ROUND_TIME_OUT, 20);
    answer_with(1001);
}

static void put_success(void)
{
    size_t group;

    ecs_buf_reset(&more);
    ecs_diameter_put(&more, ECS_AVP_EAP_PAYLOAD, (struct ecs_str){(const char *)success, sizeof(success)});
    ecs_diameter_put(&more, ECS_AVP_USER_NAME, ECS_STR(IDENTITY));
    group = ecs_diameter_group_begin(&more, ECS_AVP_SUBSCRIPTION_ID);
    ecs_diameter_put_u32(&more, ECS_AVP_SUBSCRIPTION_ID_TYPE, 0);
    ecs_diameter_put(&more, ECS_AVP_SUBSCRIPTION_ID_DATA, ECS_STR("+491700000001"));
    ecs_diameter_group_end(&more, group);
    ecs_diameter_put_u32(&more, ECS_AVP_SESSION_TIMEOUT, 7200);
    ecs_diameter_put_u32(&more, ECS_AVP_AUTHORIZATION_LIFETIME, 3600);
    answer_with(2001);
}

/* proves: E-019 */
static void test_a_conversation_is_one_session_whose_state_comes_back(void **state)
{
    struct talk first, second;
    char session[100];

    (void)state;
    put_more_round();
    eap(&first, "swm", ECS_STR_NULL);
    assert_int_equal(first.round.verdict, ECS_AAA_MORE);
    assert_int_equal(first.round.code, 1001);
    assert_int_equal(first.round.wait_s, 20);
    assert_int_equal(first.round.eap_out.n, sizeof(challenge));
    assert_int_equal(one.last.application, ECS_DIAMETER_APP_SWM);
    want_text(ECS_AVP_USER_NAME, IDENTITY);
    want_number(ECS_AVP_AUTH_APPLICATION_ID, ECS_DIAMETER_APP_SWM);
    want_number(ECS_AVP_AUTH_REQUEST_TYPE, 3);
    want_number(ECS_AVP_RAT_TYPE, 0);
    want_none(ECS_AVP_STATE);
    want_none(ECS_AVP_DESTINATION_HOST);
    want_none(ECS_AVP_TERMINAL_INFORMATION);
    snprintf(session, sizeof(session), "%s", one.last.session);
    put_success();
    eap(&second, "swm", first.round.thread_out);
    assert_string_equal(one.last.session, session);
    want_text(ECS_AVP_STATE, "state-1");
    want_text(ECS_AVP_DESTINATION_HOST, "one.test");
    want_number(ECS_AVP_AUTH_REQUEST_TYPE, 3);
    assert_int_equal(second.round.verdict, ECS_AAA_ACCEPTED);
    assert_true(ecs_str_eq(second.round.imsi, ECS_STR("001010000000001")));
    assert_true(ecs_str_eq(second.round.msisdn, ECS_STR("491700000001")));
    assert_int_equal(second.round.session_s, 3600);
    assert_true(second.round.kept);
    end_talk(&second);
    put_more_round();
    eap(&second, "swm", ECS_STR_NULL);
    assert_string_not_equal(one.last.session, session); /* another conversation of the same user */
    end_talk(&first);
    end_talk(&second);
}

/* proves: E-019 */
static void test_the_type_of_request_is_the_applications_usual_or_the_configured_one(void **state)
{
    struct talk t;

    (void)state;
    rows[0].request_type = ECS_AAA_AUTHENTICATE;
    rows[0].terminal_information = true;
    put_more_round();
    eap(&t, "swm", ECS_STR_NULL);
    want_number(ECS_AVP_AUTH_REQUEST_TYPE, 1);
    {
        struct ecs_str group, data;

        assert_true(ecs_diameter_get(ecs_buf_str(&one.request_avps), ECS_AVP_TERMINAL_INFORMATION, &group));
        assert_true(ecs_diameter_get(group, ECS_AVP_IMEI, &data));
        assert_true(ecs_str_eq(data, ECS_STR("35209900176148")));
        assert_true(ecs_diameter_get(group, ECS_AVP_SOFTWARE_VERSION, &data));
        assert_true(ecs_str_eq(data, ECS_STR("99")));
    }
    rows[0].request_type = ECS_AAA_REQUEST_USUAL;
    rows[0].terminal_information = false;
    end_talk(&t);
}

/* proves: E-020 */
static void test_a_kept_session_is_ended_at_the_host_that_keeps_it(void **state)
{
    struct talk t;
    char session[100];

    (void)state;
    put_more_round();
    eap(&t, "swm", ECS_STR_NULL);
    snprintf(session, sizeof(session), "%s", one.last.session);
    ecs_buf_reset(&more);
    answer_with(2001);
    ecs_aaa_end(aaa, ECS_STR("swm"), ECS_STR(IDENTITY), t.round.thread_out);
    TURN_UNTIL(one.last.code == 275);
    assert_string_equal(one.last.session, session);
    assert_int_equal(one.last.application, ECS_DIAMETER_APP_SWM);
    want_number(ECS_AVP_TERMINATION_CAUSE, 1);
    want_number(ECS_AVP_AUTH_APPLICATION_ID, ECS_DIAMETER_APP_SWM);
    want_text(ECS_AVP_USER_NAME, IDENTITY);
    want_text(ECS_AVP_DESTINATION_REALM, "test");
    want_text(ECS_AVP_DESTINATION_HOST, "one.test");
    turn_for(20);
    end_talk(&t);
}

/* proves: E-020 */
static void test_a_session_of_a_success_that_is_not_believed_is_ended_too(void **state)
{
    struct talk t;
    char session[100];

    (void)state;
    put_success();
    answer_with(2001);
    eap(&t, "swm", ECS_STR_NULL);
    assert_int_equal(t.round.verdict, ECS_AAA_TRANSIENT); /* no challenge */
    assert_false(t.round.kept);
    assert_int_not_equal(one.last.code, 275);
    snprintf(session, sizeof(session), "%s", one.last.session);
    TURN_UNTIL(one.last.code == 275);
    assert_string_equal(one.last.session, session);
    want_text(ECS_AVP_DESTINATION_HOST, "one.test");
    turn_for(20);
    end_talk(&t);
}

/* proves: E-020 */
static void test_a_server_that_keeps_no_state_is_not_told_of_an_end(void **state)
{
    struct talk first, second;

    (void)state;
    put_more_round();
    eap(&first, "swm", ECS_STR_NULL);
    put_success();
    ecs_diameter_put_u32(&more, ECS_AVP_AUTH_SESSION_STATE, 1);
    answer_with(2001);
    eap(&second, "swm", first.round.thread_out);
    assert_int_equal(second.round.verdict, ECS_AAA_ACCEPTED);
    assert_false(second.round.kept);
    end_talk(&first);
    end_talk(&second);
}

static void test_an_aborted_session_is_ended_at_whoever_asked(void **state)
{
    struct ecs_diameter_message asr = {.command = ECS_DIAMETER_ABORT_SESSION,
                                       .application = ECS_DIAMETER_APP_SWM};
    struct ecs_buf avps = {0};

    (void)state;
    ecs_diameter_put(&avps, ECS_AVP_SESSION_ID, ECS_STR("ecs.test;1;2"));
    ecs_diameter_put(&avps, ECS_AVP_ORIGIN_HOST, ECS_STR("one.test"));
    ecs_diameter_put(&avps, ECS_AVP_ORIGIN_REALM, ECS_STR("test"));
    ecs_diameter_put_u32(&avps, ECS_AVP_AUTH_APPLICATION_ID, ECS_DIAMETER_APP_SWM);
    asr.avps = ecs_buf_str(&avps);
    ecs_aaa_aborted(aaa, &asr);
    ecs_buf_done(&avps);
    TURN_UNTIL(one.last.code == 275);
    assert_string_equal(one.last.session, "ecs.test;1;2");
    turn_for(20);
}

/* proves: A-029 */
static void test_an_experimental_result_refuses_or_puts_off(void **state)
{
    static const struct {
        uint32_t code;
        enum ecs_aaa_verdict verdict;
    } cases[] = {{5001, ECS_AAA_REJECTED}, {5004, ECS_AAA_TRANSIENT}, {4181, ECS_AAA_TRANSIENT}};
    struct talk t;

    (void)state;
    one.no_result = true;
    for (size_t i = 0; i < ECS_ARRAY_LEN(cases); i++) {
        size_t group;

        ecs_buf_reset(&more);
        group = ecs_diameter_group_begin(&more, ECS_AVP_EXPERIMENTAL_RESULT);
        ecs_diameter_put_u32(&more, ECS_AVP_VENDOR_ID, ECS_DIAMETER_TGPP);
        ecs_diameter_put_u32(&more, ECS_AVP_EXPERIMENTAL_RESULT_CODE, cases[i].code);
        ecs_diameter_group_end(&more, group);
        answer_with(0);
        eap(&t, "swm", ECS_STR_NULL);
        assert_int_equal(t.round.verdict, cases[i].verdict);
        assert_int_equal(t.round.code, cases[i].code);
        assert_true(t.round.experimental);
        assert_non_null(t.round.why);
        end_talk(&t);
    }
    ecs_buf_reset(&more);
    answer_with(0);
    eap(&t, "swm", ECS_STR_NULL); /* neither Result-Code nor Experimental-Result */
    assert_int_equal(t.round.verdict, ECS_AAA_TRANSIENT);
    assert_int_equal(t.round.code, 0);
    end_talk(&t);
    one.no_result = false;
}

static void test_what_breaks_the_protocol_is_put_off(void **state)
{
    struct talk t, next;

    (void)state;
    ecs_buf_reset(&more);
    answer_with(1001);
    eap(&t, "swm", ECS_STR_NULL);
    assert_int_equal(t.round.verdict, ECS_AAA_TRANSIENT);
    end_talk(&t);
    ecs_diameter_put(&more, ECS_AVP_EAP_PAYLOAD, (struct ecs_str){(const char *)success, sizeof(success)});
    answer_with(1001);
    eap(&t, "swm", ECS_STR_NULL);
    assert_int_equal(t.round.verdict, ECS_AAA_TRANSIENT);
    assert_null(t.round.eap_out.p);
    end_talk(&t);
    put_success(); /* an identity proves nothing by itself */
    eap(&t, "swm", ECS_STR_NULL);
    assert_int_equal(t.round.verdict, ECS_AAA_TRANSIENT);
    end_talk(&t);
    put_more_round();
    eap(&t, "swm", ECS_STR_NULL);
    put_success();
    {
        size_t group = ecs_diameter_group_begin(&more, ECS_AVP_SUBSCRIPTION_ID);

        ecs_diameter_put_u32(&more, ECS_AVP_SUBSCRIPTION_ID_TYPE, 1);
        ecs_diameter_put(&more, ECS_AVP_SUBSCRIPTION_ID_DATA, ECS_STR("001010000000002"));
        ecs_diameter_group_end(&more, group);
    }
    answer_with(2001);
    eap(&next, "swm", t.round.thread_out);
    assert_int_equal(next.round.verdict, ECS_AAA_TRANSIENT); /* it names two subscribers */
    assert_null(next.round.imsi.p);
    end_talk(&next);
    eap(&next, "swm", ECS_STR("no thread of ours"));
    assert_int_equal(next.round.verdict, ECS_AAA_TRANSIENT);
    end_talk(&next);
    end_talk(&t);
}

static void test_the_code_decides_and_not_the_eap_packet(void **state)
{
    struct talk t, next;

    (void)state;
    put_more_round();
    eap(&t, "swm", ECS_STR_NULL);
    ecs_buf_reset(&more);
    ecs_diameter_put(&more, ECS_AVP_EAP_PAYLOAD, (struct ecs_str){(const char *)success, sizeof(success)});
    answer_with(4001);
    eap(&next, "swm", t.round.thread_out);
    assert_int_equal(next.round.verdict, ECS_AAA_REJECTED);
    end_talk(&next);
    ecs_buf_reset(&more);
    ecs_diameter_put(&more, ECS_AVP_EAP_PAYLOAD, (struct ecs_str){(const char *)failure, sizeof(failure)});
    answer_with(2001);
    eap(&next, "swm", t.round.thread_out);
    assert_int_equal(next.round.verdict, ECS_AAA_ACCEPTED);
    assert_non_null(next.round.why);
    end_talk(&next);
    ecs_buf_reset(&more);
    ecs_diameter_put(&more, ECS_AVP_EAP_REISSUED_PAYLOAD,
                     (struct ecs_str){(const char *)challenge, sizeof(challenge)});
    answer_with(1001);
    eap(&next, "swm", t.round.thread_out);
    assert_int_equal(next.round.verdict, ECS_AAA_REPEAT);
    end_talk(&next);
    end_talk(&t);
}

static void test_identities_that_are_not_ours_are_never_sent(void **state)
{
    static const char *const foreign[] = {"0001010000000001@example.org", "0001010000000001",
                                          "a b@x.3gppnetwork.org", "0001010000000001@3gppnetwork.org", ""};
    unsigned before = one.requests + two.requests;

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(foreign); i++) {
        struct talk t = {.round = {.provider = ECS_STR("swm"),
                                   .identity = ecs_str_of(foreign[i]),
                                   .eap = ECS_STR("\x02\x01\0\x06\x01x")}};

        run_talk(&t);
        assert_false(ecs_aaa_serves(aaa, ECS_STR("swm"), ecs_str_of(foreign[i])));
        assert_int_equal(t.round.verdict, ECS_AAA_REJECTED);
        assert_non_null(t.round.why);
        end_talk(&t);
    }
    assert_int_equal(one.requests + two.requests, before);
    assert_true(ecs_aaa_serves(aaa, ECS_STR("swm"), ECS_STR(IDENTITY)));
    assert_false(ecs_aaa_serves(aaa, ECS_STR("nobody"), ECS_STR(IDENTITY)));
}

static void test_a_lost_aaa_is_told_and_is_not_up(void **state)
{
    struct talk t;

    (void)state;
    assert_true(ecs_aaa_is_up(aaa, ECS_STR("swm")));
    assert_false(ecs_aaa_is_up(aaa, ECS_STR("eap"))); /* the peers do not speak it */
    assert_false(ecs_aaa_is_up(aaa, ECS_STR("nobody")));
    dd_kill(&one);
    dd_kill(&two);
    TURN_UNTIL(!ecs_aaa_is_up(aaa, ECS_STR("swm")));
    eap(&t, "swm", ECS_STR_NULL);
    assert_int_equal(t.round.verdict, ECS_AAA_TRANSIENT);
    assert_int_equal(t.round.code, 0);
    assert_non_null(t.round.why);
    end_talk(&t);
    dd_open(&one, loop, "one.test", one.port);
    dd_open(&two, loop, "two.test", two.port);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_aaa, close_aaa)
    const struct CMUnitTest tests[] = {
        TEST(test_a_conversation_is_one_session_whose_state_comes_back),
        TEST(test_the_type_of_request_is_the_applications_usual_or_the_configured_one),
        TEST(test_a_kept_session_is_ended_at_the_host_that_keeps_it),
        TEST(test_a_session_of_a_success_that_is_not_believed_is_ended_too),
        TEST(test_a_server_that_keeps_no_state_is_not_told_of_an_end),
        TEST(test_an_aborted_session_is_ended_at_whoever_asked),
        TEST(test_an_experimental_result_refuses_or_puts_off),
        TEST(test_what_breaks_the_protocol_is_put_off),
        TEST(test_the_code_decides_and_not_the_eap_packet),
        TEST(test_identities_that_are_not_ours_are_never_sent),
        TEST(test_a_lost_aaa_is_told_and_is_not_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
