/* SPDX-License-Identifier: Apache-2.0 */
/* What the relay and accounting put into RADIUS packets, and what answers mean. */
#include "vectors.h"

#include "../radius_double.h"
#include "ecs/radius_relay.h"

static void test_a_start_has_an_empty_eap_message(void **state)
{
    struct ecs_radius_eap_round round = {.identity = ECS_STR("a@b"), .nas_identifier = ECS_STR("ecs")};
    struct ecs_buf attrs = {0};
    struct ecs_str value;

    (void)state;
    assert_true(ecs_radius_put_eap_round(&attrs, &round));
    assert_true(ecs_radius_get(ecs_buf_str(&attrs), ECS_RADIUS_EAP_MESSAGE, &value));
    assert_int_equal(value.n, 0);
    assert_false(ecs_radius_get(ecs_buf_str(&attrs), ECS_RADIUS_STATE, &value));
    ecs_buf_done(&attrs);
}

static void test_an_identity_that_does_not_fit_becomes_anonymous(void **state)
{
    static char identity[400];
    struct ecs_radius_eap_round round = {.identity = {identity, sizeof(identity)},
                                         .nas_identifier = ECS_STR("ecs")};
    struct ecs_buf attrs = {0};
    struct ecs_str value;

    (void)state;
    memset(identity, 'x', sizeof(identity));
    assert_false(ecs_radius_put_eap_round(&attrs, &round)); /* no realm */
    memcpy(identity + 350, "@wlan.mnc001.mcc001.3gppnetwork.org,something.else", 50);
    assert_true(ecs_radius_put_eap_round(&attrs, &round));
    assert_true(ecs_radius_get(ecs_buf_str(&attrs), ECS_RADIUS_USER_NAME, &value));
    assert_int_equal(value.n, 9 + 50);
    assert_memory_equal(value.p, "anonymous@wlan.mnc001.", 22);
    identity[5] = '@'; /* a realm of nearly 400 bytes */
    attrs.n = 0;
    assert_false(ecs_radius_put_eap_round(&attrs, &round));
    assert_int_equal(attrs.n, 0);
    ecs_buf_done(&attrs);
}

static void test_identities_with_other_than_printable_bytes_are_refused(void **state)
{
    static const struct ecs_str bad[] = {ECS_STR(""),     ECS_STR("a b"),   ECS_STR("a\nb"),
                                         ECS_STR("a\0b"), ECS_STR("a\x7f"), ECS_STR("\xc3\xa4@b")};
    struct ecs_buf attrs = {0};

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(bad); i++) {
        struct ecs_radius_eap_round round = {.identity = bad[i], .nas_identifier = ECS_STR("ecs")};

        assert_false(ecs_radius_put_eap_round(&attrs, &round));
    }
    assert_int_equal(attrs.n, 0);
    ecs_buf_done(&attrs);
}

static struct ecs_radius_judgement judge(struct ecs_arena *arena, unsigned code, struct ecs_str attrs,
                                         bool bare)
{
    struct ecs_radius_judgement j;

    ecs_radius_judge(code, attrs, bare, arena, &j);
    return j;
}

static void test_the_radius_code_decides(void **state)
{
    static const struct {
        unsigned code;
        struct ecs_str attrs;
        bool bare;
        enum ecs_radius_verdict verdict;
        bool strange;
    } cases[] = {
        {ECS_RADIUS_ACCESS_ACCEPT, ECS_STR("\x4f\6\3\1\0\4"), false, ECS_RADIUS_ACCEPTED, false},
        {ECS_RADIUS_ACCESS_ACCEPT, ECS_STR("\x4f\6\4\1\0\4"), true, ECS_RADIUS_REJECTED, true},
        {ECS_RADIUS_ACCESS_ACCEPT, ECS_STR("\x4f\7\1\1\0\5\1"), true, ECS_RADIUS_BROKEN, true},
        {ECS_RADIUS_ACCESS_ACCEPT, ECS_STR("\x4f\6\3\1\0\5"), true, ECS_RADIUS_BROKEN, true},
        {ECS_RADIUS_ACCESS_ACCEPT, ECS_STR(""), false, ECS_RADIUS_BROKEN, true},
        {ECS_RADIUS_ACCESS_ACCEPT, ECS_STR(""), true, ECS_RADIUS_ACCEPTED, false},
        {ECS_RADIUS_ACCESS_REJECT, ECS_STR("\x4f\6\4\1\0\4"), false, ECS_RADIUS_REJECTED, false},
        {ECS_RADIUS_ACCESS_REJECT, ECS_STR(""), false, ECS_RADIUS_REJECTED, false},
        {ECS_RADIUS_ACCESS_REJECT, ECS_STR("\x4f\6\3\1\0\4"), false, ECS_RADIUS_REJECTED, true},
        {ECS_RADIUS_ACCESS_CHALLENGE, ECS_STR("\x4f\7\1\1\0\5\1"), false, ECS_RADIUS_MORE, false},
        {ECS_RADIUS_ACCESS_CHALLENGE, ECS_STR("\x65\6\0\0\0\xca\x4f\7\1\1\0\5\1"), false, ECS_RADIUS_REPEAT,
         false},
        {ECS_RADIUS_ACCESS_CHALLENGE, ECS_STR("\x4f\6\3\1\0\4"), false, ECS_RADIUS_BROKEN, true},
        {ECS_RADIUS_ACCESS_CHALLENGE, ECS_STR("\x4f\7\2\1\0\5\1"), false, ECS_RADIUS_BROKEN, true},
        {ECS_RADIUS_ACCESS_CHALLENGE, ECS_STR("\x4f\5\1\1\0"), false, ECS_RADIUS_BROKEN, true},
        {ECS_RADIUS_ACCESS_CHALLENGE, ECS_STR("\x18\3s"), false, ECS_RADIUS_BROKEN, true},
        {ECS_RADIUS_ACCOUNTING_RESPONSE, ECS_STR(""), true, ECS_RADIUS_BROKEN, true},
    };
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(cases); i++) {
        struct ecs_radius_judgement j = judge(arena, cases[i].code, cases[i].attrs, cases[i].bare);

        assert_int_equal(j.verdict, cases[i].verdict);
        assert_int_equal(j.why != NULL, cases[i].strange);
    }
    ecs_arena_free(arena);
}

static void test_an_accept_tells_who_it_was(void **state)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_radius_judgement j =
        judge(arena, ECS_RADIUS_ACCESS_ACCEPT,
              ECS_STR("\1\5abc\x1b\6\0\0\1\0\x19\4c1\x19\4c2\x59\4id\x1a\x17\0\0\x28\xaf\1\x11"
                      "001010000000001\x4f\6\3\1\0\4"),
              false);

    (void)state;
    assert_true(ecs_str_eq(j.imsi, ECS_STR("001010000000001")));
    assert_true(ecs_str_eq(j.user_name, ECS_STR("abc")));
    assert_true(ecs_str_eq(j.class, ECS_STR("c1")));
    assert_true(ecs_str_eq(j.chargeable, ECS_STR("id")));
    assert_int_equal(j.session_s, 256);
    j = judge(arena, ECS_RADIUS_ACCESS_ACCEPT,
              ECS_STR("\x1a\x0e\0\0\x28\xaf\1\x08"
                      "12345x"),
              true);
    assert_null(j.imsi.p); /* no digits */
    j = judge(arena, ECS_RADIUS_ACCESS_ACCEPT,
              ECS_STR("\x1a\x18\0\0\x28\xaf\1\x12"
                      "0010100000000012"),
              true);
    assert_null(j.imsi.p); /* too many of them; the packet is good all the same */
    assert_int_equal(j.verdict, ECS_RADIUS_ACCEPTED);
    ecs_arena_free(arena);
}

/* ---- accounting ---- */

static void test_records_hold_what_rfc_2866_wants(void **state)
{
    struct ecs_radius_record record = {.status = ECS_RADIUS_STOP,
                                       .session_id = ECS_STR("s-1"),
                                       .nas_identifier = ECS_STR("ecs"),
                                       .user_name = ECS_STR("a@b"),
                                       .class = ECS_STR("c1"),
                                       .event_time = 1700000000,
                                       .session_s = 12,
                                       .terminate_cause = ECS_RADIUS_CAUSE_USER_REQUEST};
    struct ecs_radius_packet packet = {.code = ECS_RADIUS_ACCOUNTING_REQUEST, .identifier = 9};
    struct ecs_radius_secret *secret = ecs_radius_secret_new(ECS_STR("testing123"));
    uint8_t sent[ECS_RADIUS_AUTH_LEN];
    struct ecs_buf attrs = {0}, buf = {0};
    struct ecs_str bytes;
    uint32_t number;

    (void)state;
    assert_true(ecs_radius_put_record(&attrs, &record));
    packet.attrs = ecs_buf_str(&attrs);
    assert_true(ecs_radius_encode_request(&packet, secret, &buf, sent));
    bytes = ecs_buf_str(&buf);
    assert_memory_equal(bytes.p + 4, sent, sizeof(sent));
    assert_true(rd_is_genuine((const uint8_t *)bytes.p, bytes.n, "testing123"));
    assert_int_equal(rd_find((const uint8_t *)bytes.p, bytes.n, 80), 0);
    assert_true(ecs_radius_get_u32(ecs_buf_str(&attrs), ECS_RADIUS_ACCT_STATUS_TYPE, &number));
    assert_int_equal(number, 2);
    assert_true(ecs_radius_get_u32(ecs_buf_str(&attrs), ECS_RADIUS_EVENT_TIMESTAMP, &number));
    assert_int_equal(number, 1700000000);
    assert_true(ecs_radius_get_u32(ecs_buf_str(&attrs), ECS_RADIUS_ACCT_SESSION_TIME, &number));
    assert_int_equal(number, 12);
    attrs.n = 0;
    record.user_name = ECS_STR_NULL;
    assert_false(ecs_radius_put_record(&attrs, &record));
    record.status = ECS_RADIUS_ON;
    assert_true(ecs_radius_put_record(&attrs, &record));
    assert_false(ecs_radius_get_u32(ecs_buf_str(&attrs), ECS_RADIUS_ACCT_SESSION_TIME, &number));
    record.session_id = ECS_STR_NULL;
    attrs.n = 0;
    assert_false(ecs_radius_put_record(&attrs, &record));
    assert_int_equal(attrs.n, 0);
    ecs_buf_done(&attrs);
    ecs_buf_done(&buf);
    ecs_radius_secret_free(secret);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_start_has_an_empty_eap_message),
        cmocka_unit_test(test_an_identity_that_does_not_fit_becomes_anonymous),
        cmocka_unit_test(test_identities_with_other_than_printable_bytes_are_refused),
        cmocka_unit_test(test_the_radius_code_decides),
        cmocka_unit_test(test_an_accept_tells_who_it_was),
        cmocka_unit_test(test_records_hold_what_rfc_2866_wants),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
