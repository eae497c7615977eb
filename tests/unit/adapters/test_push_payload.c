/* SPDX-License-Identifier: Apache-2.0 */
/* What devices get, byte for byte, and messages that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
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

static struct ecs_push_message message(const char *apps)
{
    return (struct ecs_push_message){.channel = ECS_PUSH_FCM,
                                     .token = ECS_STR("registration:token"),
                                     .apps = ecs_str_of(apps),
                                     .timestamp = ECS_STR("2026-03-04T09:15:00+01:00"),
                                     .device = ECS_STR("device-1"),
                                     .msisdn = ECS_STR("491700000001"),
                                     .user_id = ECS_STR("001010000000001"),
                                     .ttl_s = 86400};
}

static void assert_text(struct ecs_str got, const char *want)
{
    assert_non_null(got.p);
    assert_string_equal(ecs_strdup(arena, got), want);
}

/* proves: G-010 G-012 G-021 X-052 */
static void test_fcm_data_are_strings_with_high_priority(void **state)
{
    struct ecs_push_message m = message("ap2012");
    const char *key = push_collapse_key(&m, arena);

    (void)state;
    assert_text(push_fcm_body(&m, arena),
                ecs_printf(arena,
                           "{\"message\":{\"token\":\"registration:token\",\"data\":{\"app\":\"ap2012\","
                           "\"timestamp\":\"2026-03-04T09:15:00+01:00\"},\"android\":{\"priority\":\"HIGH\","
                           "\"ttl\":\"86400s\",\"collapse_key\":\"%s\"}}}",
                           key));
    m = message("ap2003,ap2004");
    key = push_collapse_key(&m, arena);
    assert_text(
        push_fcm_body(&m, arena),
        ecs_printf(arena,
                   "{\"message\":{\"token\":\"registration:token\",\"data\":{\"app\":\"[\\\"ap2003\\\","
                   "\\\"ap2004\\\"]\",\"timestamp\":\"2026-03-04T09:15:00+01:00\"},\"android\":{"
                   "\"priority\":\"HIGH\",\"ttl\":\"86400s\",\"collapse_key\":\"%s\"}}}",
                   key));
    m.ttl_s = 99999999;
    assert_non_null(strstr(ecs_strdup(arena, push_fcm_body(&m, arena)), "\"ttl\":\"2419200s\""));
}

/* proves: G-010 G-021 */
static void test_apns_and_wns_get_the_object_of_the_specification(void **state)
{
    struct ecs_push_message m = message("ap2003,ap2004");

    (void)state;
    assert_text(push_apns_body(&m, arena),
                "{\"aps\":{\"content-available\":1},\"data\":{\"app\":[\"ap2003\",\"ap2004\"],\"timestamp\":"
                "\"2026-03-04T09:15:00+01:00\"}}");
    assert_text(push_wns_body(&m, arena), "{\"data\":{\"app\":[\"ap2003\",\"ap2004\"],\"timestamp\":"
                                          "\"2026-03-04T09:15:00+01:00\"}}");
    m = message("ap2004");
    assert_text(push_wns_body(&m, arena),
                "{\"data\":{\"app\":\"ap2004\",\"timestamp\":\"2026-03-04T09:15:00+01:00\"}}");
}

static void test_messages_about_other_things_do_not_replace_each_other(void **state)
{
    struct ecs_push_message ims = message("ap2003,ap2004"), data = message("ap2010"),
                            other = message("ap2010");

    (void)state;
    other.device = ECS_STR("device-2");
    assert_string_not_equal(push_collapse_key(&ims, arena), push_collapse_key(&data, arena));
    assert_string_not_equal(push_collapse_key(&data, arena), push_collapse_key(&other, arena));
    other.device = data.device;
    other.timestamp = ECS_STR("2027-01-01T00:00:00Z");
    assert_string_equal(push_collapse_key(&data, arena), push_collapse_key(&other, arena));
    assert_true(strlen(push_collapse_key(&ims, arena)) <= 64);
}

/* proves: G-011 */
static void test_timestamps_have_the_form_of_the_specification(void **state)
{
    static const char *const good[] = {"2026-03-04T09:15:00Z", "2026-03-04T09:15:00+01:00",
                                       "2026-12-31T23:59:59-10:30"};
    static const char *const bad[] = {"",
                                      "2026-03-04",
                                      "2026-03-04T09:15:00",
                                      "2026-03-04T09:15:00.5Z",
                                      "2026-03-04 09:15:00Z",
                                      "2026-03-04T09:15:00+0100",
                                      "2026-03-04T09:15:00+01:00x",
                                      "2026-13-04T09:15:00Z",
                                      "2026-03-04T25:15:00Z",
                                      "2026-03-04T09:15:00\"},{"};

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(good); i++) {
        struct ecs_push_message m = message("ap2004");

        m.timestamp = ecs_str_of(good[i]);
        assert_null(push_message_fault(&m));
    }
    for (size_t i = 0; i < ECS_ARRAY_LEN(bad); i++) {
        struct ecs_push_message m = message("ap2004");

        m.timestamp = ecs_str_of(bad[i]);
        if (!push_message_fault(&m))
            fail_msg("%s was taken", bad[i]);
    }
}

static void test_lists_of_applications_are_checked(void **state)
{
    static const char *const bad[] = {"",
                                      ",",
                                      "ap2004,",
                                      ",ap2004",
                                      "ap2003,,ap2004",
                                      "ap2004 ",
                                      "AP2004",
                                      "ap\"2004",
                                      "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a",
                                      "abcdefghijklmnopqrstuvwxyz0123456"};
    struct ecs_push_message m;

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(bad); i++) {
        m = message(bad[i]);
        if (!push_message_fault(&m))
            fail_msg("%s was taken", bad[i]);
    }
    m = message("a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,ap2016");
    assert_null(push_message_fault(&m));
    m = message("ap2004");
    m.ttl_s = -1;
    assert_non_null(push_message_fault(&m));
}

/* proves: G-022 */
static void test_wns_tokens_are_urls_of_microsoft_only(void **state)
{
    static const char *const good[] = {"https://db5p.notify.windows.com/?token=AwYAAAB%2bx",
                                       "https://a.b.notify.windows.com", "https://x.NOTIFY.windows.com/a/b"};
    static const char *const bad[] = {"",
                                      "http://db5p.notify.windows.com/",
                                      "https://10.0.0.1/",
                                      "https://notify.windows.com/",
                                      "https://.notify.windows.com.evil.example/",
                                      "https://evil.example/.notify.windows.com",
                                      "https://evil.example#.notify.windows.com",
                                      "https://evil.example?.notify.windows.com",
                                      "https://evil.example\\.notify.windows.com",
                                      "https://user@x.notify.windows.com/",
                                      "https://x.notify.windows.com:8443/",
                                      "https://x.notify.windows.com@evil.example/",
                                      "https://evilnotify.windows.com/",
                                      "https://x.notify.windows.com/\r\nHost: a",
                                      "HTTPS//x.notify.windows.com/"};

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(good); i++)
        if (!ecs_push_token_fits(ECS_PUSH_WNS, ecs_str_of(good[i])))
            fail_msg("%s was refused", good[i]);
    for (size_t i = 0; i < ECS_ARRAY_LEN(bad); i++)
        if (ecs_push_token_fits(ECS_PUSH_WNS, ecs_str_of(bad[i])))
            fail_msg("%s was taken", bad[i]);
}

static void test_tokens_of_the_other_channels_have_their_alphabet(void **state)
{
    (void)state;
    assert_true(ecs_push_token_fits(ECS_PUSH_FCM, ECS_STR("cX1:APA91b_-x")));
    assert_false(ecs_push_token_fits(ECS_PUSH_FCM, ECS_STR("a\"b")));
    assert_false(ecs_push_token_fits(ECS_PUSH_FCM, ECS_STR("")));
    assert_true(ecs_push_token_fits(ECS_PUSH_APNS, ECS_STR("0123456789abcdefABCDEF0123456789")));
    assert_false(ecs_push_token_fits(ECS_PUSH_APNS, ECS_STR("0123456789abcdef/../../1234567890")));
    assert_false(ecs_push_token_fits(ECS_PUSH_SMS, ECS_STR("1")));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fcm_data_are_strings_with_high_priority),
        cmocka_unit_test(test_apns_and_wns_get_the_object_of_the_specification),
        cmocka_unit_test(test_messages_about_other_things_do_not_replace_each_other),
        cmocka_unit_test(test_timestamps_have_the_form_of_the_specification),
        cmocka_unit_test(test_lists_of_applications_are_checked),
        cmocka_unit_test(test_wns_tokens_are_urls_of_microsoft_only),
        cmocka_unit_test(test_tokens_of_the_other_channels_have_their_alphabet),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
