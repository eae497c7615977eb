/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of requests by GET and by POST. */
#include "request_fixture.h"

#include "ecs/form.h"
#include "ecs/json.h"

#define BASE "terminal_id=490154203237518&entitlement_version=8.0&"

static void assert_refused(enum ecs_rc rc, enum ecs_rc wanted, const char *text)
{
    assert_int_equal(rc, wanted);
    assert_string_equal(reason, text);
}

/* proves: P-001 P-003 X-001 */
static void test_get_and_post_give_the_same_request(void **state)
{
    struct ecs_ts43_request by_get;

    (void)state;
    assert_int_equal(get("app=ap2003&app=ap2004&vers=3&EAP_ID=0001%40nai&token=a%252Fb&" BASE
                         "notif_action=2&notif_token=n&terminal_vendor=ACME"),
                     ECS_OK);
    by_get = req;
    assert_int_equal(
        post("{\"terminal_vendor\":\"ACME\",\"notif_token\":\"n\",\"notif_action\":2,\"token\":\"a%2Fb\","
             "\"EAP_ID\":\"0001@nai\",\"vers\":3,\"app\":[\"ap2003\",\"ap2004\"],"
             "\"entitlement_version\":\"8.0\",\"terminal_id\":\"490154203237518\"}"),
        ECS_OK);
    for (unsigned i = 0; i < ECS_P_COUNT; i++)
        assert_true(ecs_str_eq(by_get.param[i], req.param[i]));
    assert_param(ECS_P_TOKEN, "a%2Fb");
    assert_int_equal(req.vers, 3);
    assert_int_equal(req.notif_action, 2);
    assert_apps("ap2003 ap2004");
    assert_string_equal(req.terminal.tac, "49015420");
    assert_int_equal(ecs_ts43_request_check(&req, &reason), ECS_OK);
    assert_int_equal(req.n_notes, 0);
}

/* proves: P-026 X-004 */
static void test_names_are_found_in_any_letter_case(void **state)
{
    (void)state;
    assert_int_equal(
        get("eap_id=a&imsi=001010123456789&gid1=0a1B&app_token=t&msg_BTN=1&boostType=0&operation_target=X"),
        ECS_OK);
    assert_param(ECS_P_EAP_ID, "a");
    assert_string_equal(req.imsi.s, "001010123456789");
    assert_param(ECS_P_GID1, "0a1B");
    assert_param(ECS_P_APP_TOKEN, "t");
    assert_param(ECS_P_MSG_BTN, "1");
    assert_param(ECS_P_BOOST_TYPE, "0");
    assert_param(ECS_P_OPERATION_TARGETS, "X");
}

/* proves: P-027 P-065 X-004 */
static void test_empty_null_and_unknown_count_as_absent(void **state)
{
    (void)state;
    assert_int_equal(get(BASE
                         "token=&terminal_sw_version=&GID1=null&IMSI=null&EAP_ID=x&provisioning_version=4.0&"
                         "target_terminal_imeis=1&target_terminal_imeis=2&nonsense=1&=5&app=null&app=ap2004"),
                     ECS_OK);
    assert_param(ECS_P_TOKEN, NULL);
    assert_param(ECS_P_TERMINAL_SW_VERSION, NULL);
    assert_param(ECS_P_GID1, NULL);
    assert_false(req.has_imsi);
    assert_param(ECS_P_TARGET_TERMINAL_IMEIS, "1,2");
    assert_apps("ap2004");
    assert_int_equal(
        post("{\"token\":null,\"EAP_ID\":\"x\",\"vers\":null,\"app\":\"ap2004\",\"other\":{\"a\":[1]}}"),
        ECS_OK);
    assert_param(ECS_P_TOKEN, NULL);
    assert_param(ECS_P_EAP_ID, "x");
}

/* proves: P-027 */
static void test_empty_boost_type_stays_a_boost_request(void **state)
{
    (void)state;
    assert_int_equal(get("boost_type=&app=ap2010"), ECS_OK);
    assert_non_null(req.param[ECS_P_BOOST_TYPE].p);
    assert_int_equal(req.param[ECS_P_BOOST_TYPE].n, 0);
    assert_int_equal(get("app=ap2010"), ECS_OK);
    assert_null(req.param[ECS_P_BOOST_TYPE].p);
    assert_int_equal(get("boost_type=&boost_type=34"), ECS_OK);
    assert_param(ECS_P_BOOST_TYPE, "34");
}

/* proves: P-066 X-004 */
static void test_duplicates_in_get(void **state)
{
    const enum ecs_rc bad = ECS_E_BAD_PARAMETER;

    (void)state;
    assert_int_equal(
        get("vers=1&vers=1&app_name=a&app_name=b&terminal_id=ABC1&terminal_id=abc1&token=&token=t"), ECS_OK);
    assert_param(ECS_P_APP_NAME, "a");
    assert_param(ECS_P_TOKEN, "t");
    assert_true(has_note("app_name is given twice, the first value counts"));
    assert_refused(get("terminal_id=a&terminal_id=b"), bad,
                   "terminal_id is given twice with different values");
    assert_refused(get("imsi=001010123456789&IMSI=001010123456788"), bad,
                   "IMSI is given twice with different values");
    assert_refused(get("EAP_ID=a&EAP_ID=A"), bad, "EAP_ID is given twice with different values");
    assert_refused(get("token=a&token=A"), bad, "token is given twice with different values");
    assert_refused(get("msisdn=1&msisdn=2"), bad, "msisdn is given twice with different values");
    assert_refused(get("OTP=1&OTP=2"), bad, "OTP is given twice with different values");
}

/* proves: P-065 */
static void test_duplicate_members_in_json(void **state)
{
    (void)state;
    assert_int_equal(post("{\"token\":\"a\",\"token\":\"a\",\"vers\":1,\"vers\":2,\"terminal_id\":null,"
                          "\"terminal_id\":\"x\"}"),
                     ECS_OK);
    assert_int_equal(req.vers, 1);
    assert_param(ECS_P_TERMINAL_ID, "x");
    assert_refused(post("{\"token\":\"a\",\"token\":\"b\"}"), ECS_E_BAD_PARAMETER,
                   "token is given twice with different values");
    assert_refused(post("{\"terminal_id\":\"a\",\"Terminal_ID\":\"b\"}"), ECS_E_BAD_PARAMETER,
                   "terminal_id is given twice with different values");
}

/* proves: X-002 */
static void test_json_numbers_are_the_same_as_strings(void **state)
{
    (void)state;
    assert_int_equal(post("{\"vers\":-2,\"notif_action\":2,\"notif_token\":\"n\",\"operation_type\":10,"
                          "\"entitlement_version\":12.0,\"terminal_id\":490154203237518,"
                          "\"companion_terminal_eid\":89049032123451234512345678901235,\"app\":\"ap2004\"}"),
                     ECS_OK);
    assert_int_equal(req.vers, -2);
    assert_int_equal(req.notif_action, 2);
    assert_param(ECS_P_OPERATION_TYPE, "10");
    assert_param(ECS_P_ENTITLEMENT_VERSION, "12.0");
    assert_true(req.version.major == 12 && req.version.minor == 0);
    assert_param(ECS_P_TERMINAL_ID, "490154203237518");
    assert_param(ECS_P_COMPANION_TERMINAL_EID, "89049032123451234512345678901235");
}

/* proves: P-064 X-049 */
static void test_bad_bodies_are_refused(void **state)
{
    (void)state;
    assert_refused(post(""), ECS_E_BAD_REQUEST, "the JSON body is empty or cut off");
    assert_refused(post("[{}]"), ECS_E_BAD_REQUEST, "the JSON body is an array, not an object");
    assert_refused(post("{\"app\":{}}"), ECS_E_BAD_PARAMETER, "app holds a nested value");
    assert_refused(post("{\"app\":[[\"ap2004\"]]}"), ECS_E_BAD_PARAMETER, "app holds a nested value");
    assert_refused(post("{\"terminal_id\":[\"a\"]}"), ECS_E_BAD_PARAMETER,
                   "terminal_id holds a nested value");
    assert_refused(post("{\"token\":{\"a\":1}}"), ECS_E_BAD_PARAMETER, "token holds a nested value");
    assert_int_equal(post("{\"ipv4_addr\":{\"a\":1},\"target_terminal_imeis\":[\"1\",\"2\"]}"), ECS_OK);
    assert_param(ECS_P_IPV4_ADDR, NULL);
    assert_param(ECS_P_TARGET_TERMINAL_IMEIS, "1,2");
}

static void test_content_types(void **state)
{
    const struct {
        const char *type;
        enum ecs_rc rc;
    } rows[] = {
        {"application/json", ECS_OK},
        {"Application/JSON; charset=utf-8", ECS_OK},
        {"application/vnd.gsma.eap-relay.v1.0+json", ECS_OK},
        {"application/vnd.gsma.eap-relay.v1.0+json;charset=utf-8", ECS_OK},
        {"", ECS_OK},
        {NULL, ECS_OK},
        {"text/plain", ECS_E_MEDIA_TYPE},
        {"application/x-www-form-urlencoded", ECS_E_MEDIA_TYPE},
        {"application/jsonx", ECS_E_MEDIA_TYPE},
        {"text/xml;a=application/json", ECS_E_MEDIA_TYPE},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_ts43_input input = {
            .post = true, .content_type = ecs_str_of(rows[i].type), .body = ECS_STR("{}")};

        assert_int_equal(ecs_ts43_request_read(arena, &input, &req, &reason), rows[i].rc);
    }
}

/* proves: X-017 */
static void test_body_wins_over_query_and_differences_are_noted(void **state)
{
    (void)state;
    assert_int_equal(
        post_with_query(
            "{\"terminal_id\":\"body\",\"app\":\"[ap2003,ap2004]\",\"vers\":\"1\",\"token\":null}",
            "terminal_id=query&app=ap2005&vers=1&token=t&token=t&app_name=n&app_name=m"),
        ECS_OK);
    assert_param(ECS_P_TERMINAL_ID, "body");
    assert_apps("ap2003 ap2004");
    assert_param(ECS_P_TOKEN, "t");
    assert_param(ECS_P_APP_NAME, "n");
    assert_int_equal(req.n_notes, 3);
    assert_true(has_note("terminal_id differs between query and body"));
    assert_true(has_note("app differs between query and body"));
    assert_int_equal(post_with_query("{\"app\":\"ap2004\",\"vers\":0}", "app=ap2004&vers=0"), ECS_OK);
    assert_int_equal(req.n_notes, 0);
    assert_int_equal(post_with_query("", "app=ap2004&vers=0"), ECS_OK);
    assert_apps("ap2004");
    assert_refused(post_with_query("{\"app\":\"ap2004\"}", "token=a&token=b"), ECS_E_BAD_PARAMETER,
                   "token is given twice with different values");
}

/* proves: X-017 */
static void test_relay_packet_makes_a_continuation(void **state)
{
    (void)state;
    assert_int_equal(
        post_with_query("{\"eap-relay-packet\":\"Ai\\/o+A==\"}", "app=ap9999&terminal_id=a&terminal_id=b"),
        ECS_OK);
    assert_int_equal(req.kind, ECS_TS43_CONTINUATION);
    assert_true(ecs_str_eq(req.eap_packet, ECS_STR("Ai/o+A==")));
    assert_int_equal(ecs_ts43_request_check(&req, &reason), ECS_OK);
    assert_int_equal(post("{\"eap-relay-packet\":null,\"app\":\"ap2004\"}"), ECS_OK);
    assert_int_equal(req.kind, ECS_TS43_NEW);
    assert_refused(post("{\"eap-relay-packet\":5}"), ECS_E_BAD_PACKET, "eap-relay-packet is not a string");
    assert_refused(post("{\"eap-relay-packet\":\"a\",\"eap-relay-packet\":\"b\"}"), ECS_E_BAD_PACKET,
                   "eap-relay-packet is given twice");
}

/* proves: P-028 X-005 */
static void test_terminal_description_never_refuses(void **state)
{
    char query[2000] = "terminal_vendor=";

    (void)state;
    for (int i = 0; i < 300; i++)
        strcat(query, "%C3%A9");
    assert_int_equal(get(query), ECS_OK);
    assert_int_equal(req.param[ECS_P_TERMINAL_VENDOR].n, 64);
    assert_true(ecs_str_is_utf8(req.param[ECS_P_TERMINAL_VENDOR]));
    assert_int_equal(get("terminal_vendor=a%E9b%0Ac&terminal_model=modelY&terminal_sw_version=versionZ"),
                     ECS_OK);
    assert_param(ECS_P_TERMINAL_VENDOR, "a?b?c");
    memset(query + 16, '\x83', 300); /* continuation bytes without a beginning: cut, not emptied */
    query[16 + 300] = '\0';
    assert_int_equal(get(query), ECS_OK);
    assert_in_range(req.param[ECS_P_TERMINAL_VENDOR].n, 61, 64);
    assert_int_equal(get(BASE "app=ap2004"), ECS_OK);
    assert_int_equal(ecs_ts43_request_check(&req, &reason), ECS_OK);
}

/* proves: P-053 */
static void test_over_long_and_unprintable_values_are_refused(void **state)
{
    char query[5000] = "token=";

    (void)state;
    memset(query + 6, 't', 4096);
    assert_int_equal(get(query), ECS_OK);
    query[6 + 4096] = 't';
    assert_refused(get(query), ECS_E_BAD_PARAMETER, "token is too long");
    assert_refused(get("app_name=a%0Ab"), ECS_E_BAD_PARAMETER,
                   "app_name holds characters that are not allowed");
    assert_refused(get("app_name=%E9"), ECS_E_BAD_PARAMETER,
                   "app_name holds characters that are not allowed");
    assert_refused(get("terminal_id=a%20b"), ECS_E_BAD_PARAMETER, "terminal_id is malformed");
    assert_refused(get("IMSI=12345x"), ECS_E_BAD_PARAMETER, "IMSI is malformed");
    assert_int_equal(get("MSG_response=two%0Alines"), ECS_OK);
    assert_int_equal(get("ipv6_addr=%01&GID1=0xZZ"), ECS_OK);
    assert_param(ECS_P_IPV6_ADDR, NULL);
    assert_param(ECS_P_GID1, NULL);
    assert_true(has_note("ipv6_addr was left out"));
    assert_true(has_note("GID1 is not hexadecimal"));
}

static void test_zero_byte_is_only_for_an_encrypted_identity(void **state)
{
    (void)state;
    assert_int_equal(get("EAP_ID=%00AbC%2F%3D"), ECS_OK);
    assert_int_equal(req.param[ECS_P_EAP_ID].n, 6);
    assert_memory_equal(req.param[ECS_P_EAP_ID].p, "\0AbC/=", 6);
    assert_int_equal(post("{\"EAP_ID\":\"\\u0000AbC\"}"), ECS_OK);
    assert_int_equal(req.param[ECS_P_EAP_ID].n, 4);
    assert_int_equal(get("EAP_ID=%00"), ECS_E_BAD_PARAMETER);
    assert_int_equal(get("EAP_ID=a%00"), ECS_E_BAD_REQUEST);
    assert_int_equal(get("token=%00abc"), ECS_E_BAD_PARAMETER);
    assert_int_equal(get("nonsense=a%00"), ECS_E_BAD_REQUEST);
}

/* proves: X-008 P-053 */
static void test_vers_is_an_integer_of_either_sign(void **state)
{
    (void)state;
    assert_int_equal(get("vers=-2"), ECS_OK);
    assert_int_equal(req.vers, -2);
    assert_int_equal(get("vers=1 HTTP/1.1"), ECS_OK);
    assert_int_equal(req.vers, 1);
    assert_int_equal(get("vers=+7"), ECS_OK);
    assert_int_equal(req.vers, 7);
    assert_int_equal(get("vers="), ECS_OK);
    assert_true(req.vers == 0 && !req.has_vers);
    assert_refused(get("vers=1x"), ECS_E_BAD_PARAMETER, "vers is not an integer");
    assert_refused(get("vers=99999999999999999999"), ECS_E_BAD_PARAMETER, "vers is not an integer");
}

/* proves: P-053 */
static void test_notification_parameters(void **state)
{
    (void)state;
    assert_refused(get("notif_action=x&notif_token=t"), ECS_E_BAD_PARAMETER,
                   "notif_action is not an integer");
    assert_int_equal(get("notif_action=0&notif_token=t"), ECS_OK);
    assert_int_equal(req.notif_action, 0);
    assert_int_equal(get("notif_action=9&notif_token=t"), ECS_OK);
    assert_int_equal(req.notif_action, ECS_NOTIF_INVALID);
    assert_int_equal(get("notif_action=-1&notif_token=t"), ECS_OK);
    assert_int_equal(req.notif_action, ECS_NOTIF_INVALID);
    assert_int_equal(get("notif_action=x"), ECS_OK);
    assert_int_equal(req.notif_action, -1);
    assert_int_equal(get(BASE "app=ap2004&notif_token=t"), ECS_OK);
    assert_refused(ecs_ts43_request_check(&req, &reason), ECS_E_BAD_PARAMETER, "notif_action is missing");
}

/* proves: P-011 P-014 P-015 P-016 P-017 P-018 */
static void test_required_parameters(void **state)
{
    const char *const good[] = {
        BASE "app=ap2004",
        "terminal_id=7e1a23c0-5b1f-4f7e-9d0a-0a1b2c3d4e5f&entitlement_version=1.0&app=ap2004",
        "terminal_id=12345678901234567&entitlement_version=8&app=ap2004",
        "terminal_id=A00000123456780&entitlement_version=8&app=ap2004",
        "requestor_id=06170799658&entitlement_version=12.0&app=ap2011",
        "requestor_id=r&terminal_id=has%20blanks&entitlement_version=12.0&app=ap2011",
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(good); i++) {
        assert_int_equal(get(good[i]), ECS_OK);
        assert_int_equal(ecs_ts43_request_check(&req, &reason), ECS_OK);
    }
    assert_int_equal(get(BASE), ECS_OK);
    assert_refused(ecs_ts43_request_check(&req, &reason), ECS_E_BAD_PARAMETER, "app is missing");
    assert_int_equal(get("app=ap2004&terminal_id=a"), ECS_OK);
    assert_refused(ecs_ts43_request_check(&req, &reason), ECS_E_BAD_PARAMETER,
                   "entitlement_version is missing");
    assert_int_equal(get("app=ap2004&entitlement_version=8.0"), ECS_OK);
    assert_refused(ecs_ts43_request_check(&req, &reason), ECS_E_BAD_PARAMETER, "terminal_id is missing");
}

static void test_returns_of_other_methods_need_no_parameters(void **state)
{
    const char *const queries[] = {"code=c&state=s", "error=access_denied&state=s", "OTP=123456"};

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(queries); i++) {
        assert_int_equal(get(queries[i]), ECS_OK);
        assert_int_equal(req.kind, ECS_TS43_RETURN);
        assert_int_equal(ecs_ts43_request_check(&req, &reason), ECS_OK);
    }
    assert_int_equal(get("code=c"), ECS_OK);
    assert_int_equal(req.kind, ECS_TS43_NEW);
    assert_int_equal(ecs_ts43_request_check(&req, &reason), ECS_E_BAD_PARAMETER);
}

/* The same random parameters, duplicates and odd values included, by query and by body. */
static void test_any_parameters_mean_the_same_by_get_and_post(void **state)
{
    static const char *const values[] = {
        "1",  "ap2004",          "null", "", "8.0", "a\xc3\xa9 b&=%41+", "[ap2003,ap9]", "x\ny", "%zz",
        "-7", "\xf0\x9f\x98\x80"};
    uint64_t seed = 4711;
    unsigned good = 0;

    (void)state;
    for (int round = 0; round < 1000; round++) {
        struct ecs_buf query = {0}, body = {0};
        struct ecs_json_out json = {.buf = &body};
        struct ecs_ts43_request by_get;
        enum ecs_rc rc;

        ecs_json_begin(&json, NULL, '{');
        for (int k = 0; k < 5; k++) {
            const char *name, *value;

            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
            name = ecs_param_name((enum ecs_param)((seed >> 33) % ECS_P_COUNT));
            value = values[(seed >> 20) % ECS_ARRAY_LEN(values)];
            ecs_buf_printf(&query, "%s=", name);
            ecs_form_add_escaped(&query, ecs_str_of(value));
            ecs_buf_add_char(&query, '&');
            ecs_json_str(&json, name, ecs_str_of(value));
        }
        ecs_json_end(&json, '}');
        ecs_buf_add_char(&query, '\0');
        ecs_buf_add_char(&body, '\0');
        rc = get(query.p);
        by_get = req;
        assert_int_equal(post(body.p), rc);
        good += rc == ECS_OK;
        for (unsigned i = 0; rc == ECS_OK && i < ECS_P_COUNT; i++)
            assert_true(ecs_str_eq(by_get.param[i], req.param[i]));
        ecs_buf_done(&query);
        ecs_buf_done(&body);
        if (round % 100 == 0) {
            ecs_arena_free(arena);
            arena = ecs_arena_new(NULL, 0);
        }
    }
    assert_in_range(good, 200, 900);
}

static void test_small_arena_is_reported(void **state)
{
    struct ecs_arena *small = ecs_arena_new(NULL, 200);
    struct ecs_ts43_input input = {.query =
                                       ECS_STR("app=ap2004&a=1&b=2&c=3&d=4&e=5&f=6&g=7&h=8&EAP_ID=a%40b")};

    (void)state;
    assert_int_equal(ecs_ts43_request_read(small, &input, &req, &reason), ECS_E_TOO_LARGE);
    ecs_arena_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ECS_TEST(test_get_and_post_give_the_same_request),
        ECS_TEST(test_names_are_found_in_any_letter_case),
        ECS_TEST(test_empty_null_and_unknown_count_as_absent),
        ECS_TEST(test_empty_boost_type_stays_a_boost_request),
        ECS_TEST(test_duplicates_in_get),
        ECS_TEST(test_duplicate_members_in_json),
        ECS_TEST(test_json_numbers_are_the_same_as_strings),
        ECS_TEST(test_bad_bodies_are_refused),
        ECS_TEST(test_content_types),
        ECS_TEST(test_body_wins_over_query_and_differences_are_noted),
        ECS_TEST(test_relay_packet_makes_a_continuation),
        ECS_TEST(test_terminal_description_never_refuses),
        ECS_TEST(test_over_long_and_unprintable_values_are_refused),
        ECS_TEST(test_zero_byte_is_only_for_an_encrypted_identity),
        ECS_TEST(test_vers_is_an_integer_of_either_sign),
        ECS_TEST(test_notification_parameters),
        ECS_TEST(test_required_parameters),
        ECS_TEST(test_returns_of_other_methods_need_no_parameters),
        ECS_TEST(test_any_parameters_mean_the_same_by_get_and_post),
        ECS_TEST(test_small_arena_is_reported),
    };

    return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
