/* SPDX-License-Identifier: Apache-2.0 */
/* Short messages by SMPP against Net::SMPP: what arrives, statuses, keep-alive, and every way
 * a session can end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "smsc_rig.h"

/* proves: G-015 G-016 G-017 X-052 */
static void test_the_trigger_reaches_port_8095_with_user_id_and_applications(void **state)
{
    struct ecs_send_result r;

    (void)state;
    open_with(NULL, "");
    assert_false(ecs_push_has(x.push, ECS_PUSH_FCM));
    assert_true(ecs_push_has(x.push, ECS_PUSH_SMS));
    r = send_to("491700000001");
    assert_int_equal(r.class, ECS_SEND_OK);
    smsc_expect(&x, &smsc, "submit", 1);
    assert_non_null(
        strstr(smsc.text, "bind cmd=9 system_id=ecs password=secret system_type= interface_version=52"));
    /* the header, then "001010000000001-aescfg,ap2003,ap2004" */
    assert_non_null(strstr(
        smsc.text, "source_addr_ton=5 source_addr_npi=0 source_addr=ECS dest_addr_ton=1 dest_addr_npi=1 "
                   "destination_addr=491700000001 esm_class=64 data_coding=4 validity_period= "
                   "registered_delivery=0 short_message=0605041f9f0000"
                   "3030313031303030303030303030312d6165736366672c6170323030332c617032303034\n"));
    assert_null(strstr(smsc.text, "2d726373636667")); /* -rcscfg */
    assert_int_equal(stat_of("calls"), 1);
    assert_int_equal(stat_of("ok"), 1);
    assert_int_equal(stat_of("now"), 0);
    push_close(&x);
    smsc_expect(&x, &smsc, "unbind", 1);
    smsc_stop(&smsc);
}

static void test_coding_port_sender_and_validity_are_settings(void **state)
{
    struct sent s = trigger("491700000001");

    (void)state;
    open_with(NULL, "  coding: ucs2\n  port: 37273\n  sender: \"+4917155555\"\n");
    s.message.ttl_s = 90061;
    s.message.apps = ECS_STR("ap2004");
    assert_int_equal(sent_do(&x, &s).class, ECS_SEND_OK);
    smsc_expect(&x, &smsc, "source_addr_ton=1 source_addr_npi=1 source_addr=4917155555", 1);
    assert_non_null(strstr(smsc.text, "data_coding=8 validity_period=000001010101000R"));
    assert_non_null(strstr(smsc.text, "short_message=06050491990000003000300031"));
    close_all();
}

static void test_the_sender_is_described_by_its_shape(void **state)
{
    static const struct {
        const char *settings, *seen;
    } rows[] = {
        {"  sender: \"12345\"\n", "source_addr_ton=3 source_addr_npi=0 source_addr=12345 "},
        {"  sender: \"01715555555\"\n", "source_addr_ton=2 source_addr_npi=1 source_addr=01715555555 "},
        {"  sender: Carrier\n", "source_addr_ton=5 source_addr_npi=0 source_addr=Carrier "},
        {"  sender: \"12345\"\n  smpp_sender_ton: 0\n  smpp_sender_npi: 9\n",
         "source_addr_ton=0 source_addr_npi=9 source_addr=12345 "},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        open_with(NULL, rows[i].settings);
        assert_int_equal(send_to("491700000001").class, ECS_SEND_OK);
        smsc_expect(&x, &smsc, rows[i].seen, 1);
        close_all();
    }
}

static void test_texts_for_people_have_no_header(void **state)
{
    struct sent s = {
        .text = {.msisdn = ECS_STR("491700000001"), .text = ECS_STR("Code 123456 {\xe2\x82\xac}")}};

    (void)state;
    open_with(NULL, "");
    assert_int_equal(sent_do(&x, &s).class, ECS_SEND_OK);
    smsc_expect(&x, &smsc,
                "esm_class=0 data_coding=0 validity_period= registered_delivery=0 "
                "short_message=436f646520313233343536201b281b651b29\n",
                1);
    s = (struct sent){.text = {.msisdn = ECS_STR("491700000001"), .text = ECS_STR("123456"), .port = 5000}};
    assert_int_equal(sent_do(&x, &s).class, ECS_SEND_OK);
    smsc_expect(&x, &smsc,
                "esm_class=64 data_coding=4 validity_period= registered_delivery=0 "
                "short_message=06050413880000313233343536\n",
                1);
    close_all();
}

static void test_long_texts_are_refused_or_sent_in_parts(void **state)
{
    char text[200];
    struct sent s = {.text = {.msisdn = ECS_STR("491700000001"), .text = {text, 161}}};
    struct ecs_send_result r;

    (void)state;
    memset(text, 'x', sizeof(text));
    open_with(NULL, "");
    r = sent_do(&x, &s);
    assert_int_equal(r.class, ECS_SEND_BAD);
    assert_string_equal(r.reason, "the text is too long");
    close_all();
    open_with(NULL, "  parts: 2\n");
    assert_int_equal(sent_do(&x, &s).class, ECS_SEND_OK);
    smsc_expect(&x, &smsc, "short_message=050003010201", 1);
    smsc_expect(&x, &smsc, "short_message=050003010202", 1);
    close_all();
}

/* proves: G-020 */
static void test_statuses_become_classes(void **state)
{
    static const struct {
        const char *to, *reason;
        enum ecs_send_class class;
    } rows[] = {
        {"9998", "ESME_RSYSERR", ECS_SEND_RETRY},     {"99969", "ESME_RSUBMITFAIL", ECS_SEND_RETRY},
        {"99911", "ESME_RINVDSTADR", ECS_SEND_DROP},  {"99910", "ESME_RINVSRCADR", ECS_SEND_CONFIG},
        {"99967", "ESME_RINVESMCLASS", ECS_SEND_BAD}, {"9991030", "status of the vendor", ECS_SEND_RETRY},
        {"7743", "ESME_RINVCMDID", ECS_SEND_BAD},     {"7748", "ESME_RSYSERR", ECS_SEND_RETRY},
        {"7740", "ESME_ROK", ECS_SEND_BAD},
    };

    (void)state;
    open_with(NULL, "");
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_send_result r = send_to(rows[i].to);

        assert_string_equal(r.reason, rows[i].reason);
        assert_int_equal(r.class, rows[i].class);
    }
    assert_int_equal(send_to("491700000001").class, ECS_SEND_OK); /* the session went on */
    assert_int_equal(smsc_count(&smsc, "bind cmd"), 0);
    smsc_expect(&x, &smsc, "bind cmd", 1);
    assert_int_equal(stat_of("errors"), 4);
    close_all();
}

static void test_what_cannot_be_sent_is_bad(void **state)
{
    struct sent s = trigger("49170x");

    (void)state;
    open_with(NULL, "");
    assert_int_equal(sent_do(&x, &s).class, ECS_SEND_BAD);
    s = trigger("491700000001");
    s.message.user_id = ECS_STR("");
    assert_int_equal(sent_do(&x, &s).class, ECS_SEND_BAD);
    s = trigger("1234567890123456");
    assert_int_equal(sent_do(&x, &s).class, ECS_SEND_BAD);
    assert_int_equal(stat_of("calls"), 0);
    close_all();
}

static void test_requests_of_the_smsc_are_answered(void **state)
{
    (void)state;
    open_with(NULL, "");
    assert_int_equal(send_to("7730001").class, ECS_SEND_OK);
    smsc_expect(&x, &smsc, "response id=80000015 status=0 seq=5001", 1); /* enquire_link */
    smsc_expect(&x, &smsc, "response id=80000005 status=0 seq=5002", 1); /* deliver_sm */
    smsc_expect(&x, &smsc, "response id=80000103 status=0 seq=5003", 1); /* data_sm */
    smsc_expect(&x, &smsc, "response id=80000000 status=3 seq=5004", 1); /* query_sm: not for us */
    assert_int_equal(send_to("7710001").class, ECS_SEND_OK);
    smsc_expect(&x, &smsc, "response id=80000000 status=3 seq=5007", 1);   /* unknown */
    smsc_expect(&x, &smsc, "response id=80000000 status=194 seq=5008", 1); /* malformed */
    assert_int_equal(smsc_count(&smsc, "seq=5005"), 0);
    assert_int_equal(smsc_count(&smsc, "seq=5009"), 0);
    assert_int_equal(smsc_count(&smsc, "bind cmd"), 1);
    close_all();
}

static void test_a_response_may_come_byte_by_byte(void **state)
{
    (void)state;
    open_with(NULL, "");
    assert_int_equal(send_to("7720001").class, ECS_SEND_OK);
    close_all();
}

/* proves: G-020 */
static void test_a_lost_connection_is_repeated_later_and_opened_again(void **state)
{
    struct ecs_send_result r;

    (void)state;
    open_with(NULL, "");
    r = send_to("7770001");
    assert_int_equal(r.class, ECS_SEND_RETRY);
    assert_string_equal(r.reason, "the connection was lost");
    assert_in_range(r.retry_after_s, 1, 2);
    assert_int_equal(stat_of("resting"), 1);
    /* During the rest nobody is asked. */
    r = send_to("491700000001");
    assert_int_equal(r.class, ECS_SEND_RETRY);
    assert_in_range(r.retry_after_s, 1, 2);
    assert_int_equal(stat_of("refused"), 1);
    rig_turns(&x.rig, 1300);
    assert_int_equal(send_to("491700000001").class, ECS_SEND_OK);
    assert_int_equal(stat_of("resting"), 0);
    smsc_expect(&x, &smsc, "bind cmd", 2);
    close_all();
}

static void test_every_other_end_of_a_session_is_a_repetition(void **state)
{
    static const struct {
        const char *to, *reason;
    } rows[] = {
        {"7760001", "the SMSC ended the session"},
        {"7750001", "the SMSC sent a malformed packet"},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_send_result r;

        open_with(NULL, "");
        r = send_to(rows[i].to);
        assert_int_equal(r.class, ECS_SEND_RETRY);
        assert_string_equal(r.reason, rows[i].reason);
        close_all();
    }
}

static void test_no_response_asks_whether_the_smsc_is_there(void **state)
{
    struct ecs_send_result r;

    (void)state;
    open_with(NULL, "  smpp_response: 200ms\n");
    r = send_to("8880001");
    assert_int_equal(r.class, ECS_SEND_RETRY);
    assert_string_equal(r.reason, "no response");
    assert_int_equal(stat_of("timeouts"), 1);
    smsc_expect(&x, &smsc, "enquire_link", 1);
    assert_int_equal(send_to("491700000001").class, ECS_SEND_OK); /* the same session */
    assert_int_equal(smsc_count(&smsc, "closed"), 0);
    close_all();
}

static void test_a_mute_smsc_is_left(void **state)
{
    static const char *const args[] = {"--mute", NULL};

    (void)state;
    open_with(args, "  smpp_response: 200ms\n  smpp_enquire_link: 200ms\n");
    assert_int_equal(send_to("491700000001").class, ECS_SEND_OK);
    smsc_expect(&x, &smsc, "enquire_link", 1);
    smsc_expect(&x, &smsc, "closed", 1);
    assert_int_equal(smsc_count(&smsc, "unbind"), 0);
    assert_int_equal(stat_of("resting"), 1);
    close_all();
}

static void test_an_idle_session_lives_and_ends_as_configured(void **state)
{
    (void)state;
    open_with(NULL, "  smpp_enquire_link: 100ms\n  smpp_idle: 700ms\n");
    assert_int_equal(send_to("491700000001").class, ECS_SEND_OK);
    smsc_expect(&x, &smsc, "enquire_link", 2);
    smsc_expect(&x, &smsc, "unbind", 1);
    smsc_expect(&x, &smsc, "closed", 1);
    assert_int_equal(stat_of("resting"), 0);
    rig_turns(&x.rig, 50);
    assert_int_equal(send_to("491700000001").class, ECS_SEND_OK); /* bound again at once */
    smsc_expect(&x, &smsc, "bind cmd", 2);
    close_all();
}

/* proves: G-020 */
static void test_refused_credentials_stop_the_channel(void **state)
{
    static const char *const args[] = {"--bind-status", "14", NULL}, *const full[] = {"--bind-status", "8",
                                                                                      NULL};
    struct ecs_send_result r;

    (void)state;
    open_with(args, "");
    r = send_to("491700000001");
    assert_int_equal(r.class, ECS_SEND_CONFIG);
    assert_string_equal(r.reason, "the SMSC refused the bind");
    assert_in_range(r.retry_after_s, 30, 38);
    r = send_to("491700000001");
    assert_int_equal(r.class, ECS_SEND_CONFIG);
    smsc_expect(&x, &smsc, "bind cmd", 1);
    close_all();
    open_with(full, "");
    assert_int_equal(send_to("491700000001").class, ECS_SEND_RETRY);
    close_all();
}

static void test_a_bind_without_answer_ends_in_time(void **state)
{
    static const char *const args[] = {"--silent-bind", NULL};
    struct ecs_send_result r;

    (void)state;
    open_with(args, "  smpp_response: 200ms\n");
    r = send_to("491700000001");
    assert_int_equal(r.class, ECS_SEND_RETRY);
    assert_string_equal(r.reason, "no answer to bind_transceiver");
    close_all();
}

static void test_an_smsc_without_transceivers_is_a_fault_of_the_configuration(void **state)
{
    static const char *const args[] = {"--nack-bind", NULL};
    struct ecs_send_result r;

    (void)state;
    open_with(args, "");
    r = send_to("491700000001");
    assert_int_equal(r.class, ECS_SEND_CONFIG);
    assert_string_equal(r.reason, "the SMSC does not know bind_transceiver");
    close_all();
}

/* A message that comes between unbind and its answer opens the next session. */
static void test_a_message_during_unbind_is_not_lost(void **state)
{
    static const char *const deaf[] = {"--silent-unbind", NULL};

    (void)state;
    open_with(NULL, "  smpp_idle: 100ms\n");
    assert_int_equal(send_to("491700000001").class, ECS_SEND_OK);
    smsc_expect(&x, &smsc, "unbind", 1);
    assert_int_equal(send_to("491700000002").class, ECS_SEND_OK);
    smsc_expect(&x, &smsc, "bind cmd", 2);
    close_all();
    open_with(deaf, "  smpp_idle: 100ms\n"); /* the answer never comes: two seconds */
    assert_int_equal(send_to("491700000001").class, ECS_SEND_OK);
    smsc_expect(&x, &smsc, "unbind", 1);
    assert_int_equal(send_to("491700000002").class, ECS_SEND_OK);
    smsc_expect(&x, &smsc, "bind cmd", 2);
    close_all();
}

static void test_nobody_there_is_a_repetition(void **state)
{
    struct ecs_send_result r;

    (void)state;
    push_open(&x, "sms:\n  smpp_host: 127.0.0.1\n  smpp_port: 1\n  smpp_system_id: ecs\n");
    r = send_to("491700000001");
    assert_int_equal(r.class, ECS_SEND_RETRY);
    assert_string_equal(r.reason, "no connection");
    push_close(&x);
    push_open(
        &x,
        "sms:\n  smpp_host: nowhere.invalid\n  smpp_port: 1\n  smpp_system_id: ecs\n  smpp_connect: 3s\n");
    r = send_to("491700000001");
    assert_int_equal(r.class, ECS_SEND_RETRY);
    assert_string_equal(r.reason, "no connection");
    push_close(&x);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_trigger_reaches_port_8095_with_user_id_and_applications),
        cmocka_unit_test(test_coding_port_sender_and_validity_are_settings),
        cmocka_unit_test(test_the_sender_is_described_by_its_shape),
        cmocka_unit_test(test_texts_for_people_have_no_header),
        cmocka_unit_test(test_long_texts_are_refused_or_sent_in_parts),
        cmocka_unit_test(test_statuses_become_classes),
        cmocka_unit_test(test_what_cannot_be_sent_is_bad),
        cmocka_unit_test(test_requests_of_the_smsc_are_answered),
        cmocka_unit_test(test_a_response_may_come_byte_by_byte),
        cmocka_unit_test(test_a_lost_connection_is_repeated_later_and_opened_again),
        cmocka_unit_test(test_every_other_end_of_a_session_is_a_repetition),
        cmocka_unit_test(test_no_response_asks_whether_the_smsc_is_there),
        cmocka_unit_test(test_a_mute_smsc_is_left),
        cmocka_unit_test(test_an_idle_session_lives_and_ends_as_configured),
        cmocka_unit_test(test_refused_credentials_stop_the_channel),
        cmocka_unit_test(test_a_bind_without_answer_ends_in_time),
        cmocka_unit_test(test_an_smsc_without_transceivers_is_a_fault_of_the_configuration),
        cmocka_unit_test(test_a_message_during_unbind_is_not_lost),
        cmocka_unit_test(test_nobody_there_is_a_repetition),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
