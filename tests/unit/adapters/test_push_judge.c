/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of push providers, every row of the tables of the push digest, and bodies that are none of theirs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/push_int.h"

static struct ecs_arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = ecs_arena_new(NULL, 0);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ecs_arena_free(arena);
    return 0;
}

static struct push_verdict judge_fcm(int status, const char *body, int64_t retry_after_s, unsigned attempts)
{
    struct push_answer answer = {
        .status = status, .body = ecs_str_of(body), .retry_after_s = retry_after_s, .attempts = attempts};
    struct push_verdict verdict;

    push_judge_fcm(&answer, arena, &verdict);
    return verdict;
}

static const char *fcm_body(const char *status, const char *code)
{
    return ecs_printf(arena,
                      "{\"error\":{\"code\":400,\"message\":\"x\",\"status\":\"%s\",\"details\":[{\"@type\":"
                      "\"type.googleapis.com/google.firebase.fcm.v1.FcmError\",\"errorCode\":\"%s\"}]}}",
                      status, code);
}

struct row {
    int status;
    const char *code;
    enum ecs_send_class class;
    int64_t retry_after_s;
    bool renew;
};

/* proves: G-020 */
static void test_fcm_error_codes_have_their_class(void **state)
{
    static const struct row rows[] = {
        {400, "INVALID_ARGUMENT", ECS_SEND_BAD, 0, false},
        {401, "THIRD_PARTY_AUTH_ERROR", ECS_SEND_CONFIG, 0, true},
        {403, "SENDER_ID_MISMATCH", ECS_SEND_DROP, 0, false},
        {404, "UNREGISTERED", ECS_SEND_DROP, 0, false},
        {429, "QUOTA_EXCEEDED", ECS_SEND_RETRY, 60, false},
        {500, "INTERNAL", ECS_SEND_RETRY, 0, false},
        {503, "UNAVAILABLE", ECS_SEND_RETRY, 10, false},
        {400, "UNSPECIFIED_ERROR", ECS_SEND_RETRY, 0, false},
        /* the code decides, whatever the status */
        {503, "UNREGISTERED", ECS_SEND_DROP, 0, false},
        {404, "UNAVAILABLE", ECS_SEND_RETRY, 10, false},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct push_verdict v = judge_fcm(rows[i].status, fcm_body("OTHER", rows[i].code), -1, 0);

        assert_string_equal(v.result.reason, rows[i].code);
        assert_int_equal(v.result.class, rows[i].class);
        assert_int_equal(v.result.retry_after_s, rows[i].retry_after_s);
        assert_int_equal(v.renew, rows[i].renew);
    }
}

static void test_fcm_status_words_and_numbers_are_next(void **state)
{
    static const struct row rows[] = {
        {401, "UNAUTHENTICATED", ECS_SEND_CONFIG, 0, true},
        {403, "PERMISSION_DENIED", ECS_SEND_CONFIG, 0, false},
        {404, "NOT_FOUND", ECS_SEND_CONFIG, 0, false},
        {429, "RESOURCE_EXHAUSTED", ECS_SEND_RETRY, 60, false},
        {503, "UNAVAILABLE", ECS_SEND_RETRY, 10, false},
        {400, "INVALID_ARGUMENT", ECS_SEND_BAD, 0, false},
    };
    static const struct row bare[] = {
        {200, "", ECS_SEND_CONFIG, 0, false}, {302, "", ECS_SEND_CONFIG, 0, false},
        {400, "", ECS_SEND_BAD, 0, false},    {401, "", ECS_SEND_CONFIG, 0, true},
        {403, "", ECS_SEND_CONFIG, 0, false}, {404, "", ECS_SEND_CONFIG, 0, false},
        {413, "", ECS_SEND_BAD, 0, false},    {429, "", ECS_SEND_RETRY, 60, false},
        {500, "", ECS_SEND_RETRY, 0, false},  {502, "", ECS_SEND_RETRY, 0, false},
        {503, "", ECS_SEND_RETRY, 10, false},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct push_verdict v = judge_fcm(rows[i].status, fcm_body(rows[i].code, "WHO_KNOWS"), -1, 0);

        assert_string_equal(v.result.reason, rows[i].code);
        assert_int_equal(v.result.class, rows[i].class);
        assert_int_equal(v.result.retry_after_s, rows[i].retry_after_s);
        assert_int_equal(v.renew, rows[i].renew);
    }
    for (size_t i = 0; i < ECS_ARRAY_LEN(bare); i++) {
        struct push_verdict v = judge_fcm(bare[i].status, "<html>502</html>", -1, 0);

        if (v.result.class != bare[i].class || v.renew != bare[i].renew ||
            v.result.retry_after_s != bare[i].retry_after_s)
            fail_msg("HTTP %d: class %d, %s", bare[i].status, (int)v.result.class, v.result.reason);
    }
}

/* proves: G-020 */
static void test_fcm_blames_the_token_or_the_message(void **state)
{
    static const char format[] =
        "{\"error\":{\"status\":\"INVALID_ARGUMENT\",\"details\":[{\"@type\":\"type.googleapis.com/"
        "google.rpc.BadRequest\",\"fieldViolations\":[{\"field\":\"%s\",\"description\":\"x\"}]},{\"@type\":"
        "\"type.googleapis.com/google.firebase.fcm.v1.FcmError\",\"errorCode\":\"INVALID_ARGUMENT\"}]}}";
    struct push_verdict v;

    (void)state;
    v = judge_fcm(400, ecs_printf(arena, format, "message.token"), -1, 0);
    assert_int_equal(v.result.class, ECS_SEND_DROP);
    v = judge_fcm(400, ecs_printf(arena, format, "message.android.ttl"), -1, 0);
    assert_int_equal(v.result.class, ECS_SEND_BAD);
    v = judge_fcm(200, "{\"name\":\"projects/p/messages/1\"}", -1, 0);
    assert_int_equal(v.result.class, ECS_SEND_OK);
}

/* proves: G-020 */
static void test_retry_after_is_taken_as_it_is(void **state)
{
    (void)state;
    assert_int_equal(judge_fcm(429, fcm_body("x", "QUOTA_EXCEEDED"), 5, 0).result.retry_after_s, 5);
    assert_int_equal(judge_fcm(503, fcm_body("x", "UNAVAILABLE"), 120, 0).result.retry_after_s, 120);
    assert_int_equal(judge_fcm(404, fcm_body("x", "UNREGISTERED"), 120, 0).result.retry_after_s, 0);
}

static void test_an_unspecified_error_is_repeated_a_few_times(void **state)
{
    (void)state;
    assert_int_equal(judge_fcm(400, fcm_body("x", "UNSPECIFIED_ERROR"), -1, 1).result.class, ECS_SEND_RETRY);
    assert_int_equal(judge_fcm(400, fcm_body("x", "UNSPECIFIED_ERROR"), -1, 2).result.class, ECS_SEND_BAD);
}

static void test_bodies_of_a_wrong_shape_fall_back_to_the_status(void **state)
{
    static const char *const bodies[] = {
        "",
        "[]",
        "null",
        "{\"error\":1}",
        "{\"error\":{\"details\":{}}}",
        "{\"name",
        "{\"name\":1}",
        "\"a string\"",
        "{\"error\":{\"details\":[1,null,[],{\"@type\":3}]}}",
        ("{\"error\":{\"details\":[{\"@type\":\"google.firebase.fcm.v1.FcmError\",\"errorCode\":7}],"
         "\"status\":{}}}"),
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(bodies); i++) {
        assert_int_equal(judge_fcm(404, bodies[i], -1, 0).result.class, ECS_SEND_CONFIG);
        assert_int_equal(judge_fcm(500, bodies[i], -1, 0).result.class, ECS_SEND_RETRY);
        assert_int_equal(judge_fcm(200, bodies[i], -1, 0).result.class, ECS_SEND_CONFIG);
    }
}

static struct push_verdict judge_apns(int status, const char *reason, const char *more)
{
    struct push_answer answer = {.status = status, .retry_after_s = -1};
    struct push_verdict verdict;

    answer.body = ecs_str_of(reason ? ecs_printf(arena, "{\"reason\":\"%s\"%s}", reason, more) : "");
    push_judge_apns(&answer, arena, &verdict);
    return verdict;
}

/* proves: G-020 */
static void test_apns_reasons_have_their_class(void **state)
{
    static const struct row rows[] = {
        {400, "BadDeviceToken", ECS_SEND_DROP, 0, false},
        {400, "DeviceTokenNotForTopic", ECS_SEND_DROP, 0, false},
        {400, "BadCollapseId", ECS_SEND_BAD, 0, false},
        {400, "BadExpirationDate", ECS_SEND_BAD, 0, false},
        {400, "BadMessageId", ECS_SEND_BAD, 0, false},
        {400, "BadPriority", ECS_SEND_BAD, 0, false},
        {400, "BadTopic", ECS_SEND_CONFIG, 0, false},
        {400, "MissingTopic", ECS_SEND_CONFIG, 0, false},
        {400, "TopicDisallowed", ECS_SEND_CONFIG, 0, false},
        {400, "PayloadEmpty", ECS_SEND_BAD, 0, false},
        {400, "DuplicateHeaders", ECS_SEND_BAD, 0, false},
        {400, "IdleTimeout", ECS_SEND_RETRY, 0, false},
        {400, "InvalidPushType", ECS_SEND_BAD, 0, false},
        {400, "MissingDeviceToken", ECS_SEND_BAD, 0, false},
        {403, "ExpiredProviderToken", ECS_SEND_CONFIG, 0, true},
        {403, "InvalidProviderToken", ECS_SEND_CONFIG, 0, false},
        {403, "MissingProviderToken", ECS_SEND_CONFIG, 0, false},
        {403, "BadCertificate", ECS_SEND_CONFIG, 0, false},
        {403, "BadCertificateEnvironment", ECS_SEND_CONFIG, 0, false},
        {403, "Forbidden", ECS_SEND_CONFIG, 0, false},
        {404, "BadPath", ECS_SEND_BAD, 0, false},
        {405, "MethodNotAllowed", ECS_SEND_BAD, 0, false},
        {413, "PayloadTooLarge", ECS_SEND_BAD, 0, false},
        {410, "Unregistered", ECS_SEND_DROP, 0, false},
        {410, "ExpiredToken", ECS_SEND_DROP, 0, false},
        {429, "TooManyRequests", ECS_SEND_RETRY, 60, false},
        {429, "TooManyProviderTokenUpdates", ECS_SEND_RETRY, 60, false},
        {500, "InternalServerError", ECS_SEND_RETRY, 0, false},
        {503, "ServiceUnavailable", ECS_SEND_RETRY, 0, false},
        {503, "Shutdown", ECS_SEND_RETRY, 0, false},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct push_verdict v = judge_apns(rows[i].status, rows[i].code, "");

        assert_string_equal(v.result.reason, rows[i].code);
        assert_int_equal(v.result.class, rows[i].class);
        assert_int_equal(v.result.retry_after_s, rows[i].retry_after_s);
        assert_int_equal(v.renew, rows[i].renew);
    }
    assert_int_equal(judge_apns(200, NULL, "").result.class, ECS_SEND_OK);
    assert_int_equal(judge_apns(400, "NewReason", "").result.class, ECS_SEND_BAD);
    assert_int_equal(judge_apns(403, "NewReason", "").result.class, ECS_SEND_CONFIG);
    assert_int_equal(judge_apns(410, NULL, "").result.class, ECS_SEND_DROP);
    assert_int_equal(judge_apns(502, NULL, "").result.class, ECS_SEND_RETRY);
    assert_int_equal(judge_apns(301, NULL, "").result.class, ECS_SEND_CONFIG);
}

static void test_apns_says_since_when_a_token_is_dead(void **state)
{
    (void)state;
    assert_int_equal(judge_apns(410, "Unregistered", ",\"timestamp\":1764000000123").result.dead_since_s,
                     1764000000);
    assert_int_equal(judge_apns(410, "Unregistered", "").result.dead_since_s, 0);
    assert_int_equal(judge_apns(410, "Unregistered", ",\"timestamp\":-5").result.dead_since_s, 0);
    assert_int_equal(judge_apns(410, "Unregistered", ",\"timestamp\":\"soon\"").result.dead_since_s, 0);
    assert_int_equal(judge_apns(400, "BadDeviceToken", ",\"timestamp\":1764000000123").result.dead_since_s,
                     0);
}

static struct push_verdict judge_wns(int status, const char *notification, unsigned attempts)
{
    struct push_answer answer = {
        .status = status, .retry_after_s = -1, .wns_status = notification, .attempts = attempts};
    struct push_verdict verdict;

    push_judge_wns(&answer, &verdict);
    return verdict;
}

/* proves: G-020 */
static void test_wns_statuses_have_their_class(void **state)
{
    static const struct {
        int status;
        enum ecs_send_class class;
        bool renew;
    } rows[] = {
        {200, ECS_SEND_OK, false},    {400, ECS_SEND_BAD, false},   {401, ECS_SEND_CONFIG, true},
        {403, ECS_SEND_DROP, false},  {404, ECS_SEND_DROP, false},  {405, ECS_SEND_BAD, false},
        {406, ECS_SEND_RETRY, false}, {410, ECS_SEND_DROP, false},  {413, ECS_SEND_BAD, false},
        {500, ECS_SEND_RETRY, false}, {503, ECS_SEND_RETRY, false}, {302, ECS_SEND_CONFIG, false},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct push_verdict v = judge_wns(rows[i].status, NULL, 0);

        assert_int_equal(v.result.class, rows[i].class);
        assert_int_equal(v.renew, rows[i].renew);
    }
    assert_int_equal(judge_wns(200, "received", 0).result.class, ECS_SEND_OK);
    assert_int_equal(judge_wns(200, "dropped", 0).result.class, ECS_SEND_RETRY);
    assert_int_equal(judge_wns(200, "dropped", 1).result.class, ECS_SEND_OK);
    assert_int_equal(judge_wns(200, "channelthrottled", 3).result.class, ECS_SEND_RETRY);
    assert_int_equal(judge_wns(200, "channelthrottled", 3).result.retry_after_s, 60);
}

static void test_no_answer_is_repeated_unless_it_is_our_fault(void **state)
{
    static const struct {
        enum ecs_rc rc;
        enum ecs_send_class class;
    } rows[] = {
        {ECS_E_BACKEND, ECS_SEND_RETRY},     {ECS_E_TIMEOUT, ECS_SEND_RETRY},
        {ECS_E_OVERLOAD, ECS_SEND_RETRY},    {ECS_E_TOO_LARGE, ECS_SEND_RETRY},
        {ECS_E_BAD_PARAMETER, ECS_SEND_BAD}, {ECS_E_CONFIG, ECS_SEND_CONFIG},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_send_result r;

        push_judge_silence(rows[i].rc, &r);
        assert_int_equal(r.class, rows[i].class);
        assert_non_null(r.reason);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fcm_error_codes_have_their_class),
        cmocka_unit_test(test_fcm_status_words_and_numbers_are_next),
        cmocka_unit_test(test_fcm_blames_the_token_or_the_message),
        cmocka_unit_test(test_retry_after_is_taken_as_it_is),
        cmocka_unit_test(test_an_unspecified_error_is_repeated_a_few_times),
        cmocka_unit_test(test_bodies_of_a_wrong_shape_fall_back_to_the_status),
        cmocka_unit_test(test_apns_reasons_have_their_class),
        cmocka_unit_test(test_apns_says_since_when_a_token_is_dead),
        cmocka_unit_test(test_wns_statuses_have_their_class),
        cmocka_unit_test(test_no_answer_is_repeated_unless_it_is_our_fault),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
