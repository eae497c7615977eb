/* SPDX-License-Identifier: Apache-2.0 */
/* WNS against an HTTP double behind the relay setting: headers, client credentials, answers, and channel URIs
 * that must not be asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "push_rig.h"

#include "push_double.h"

#define CHANNEL "https://db5p.notify.windows.com/?token=AwYAAAB%2bx"
#define TOKEN_RULE(name)                                                                                     \
    "{'path':'/token','times':1,'json':{'access_token':'" name "','expires_in':86400,'token_type':'bearer'}" \
    "}"

static struct push_rig x;

static int set_up(void **state)
{
    (void)state;
    providers_start(NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    double_stop(&providers);
    return 0;
}

static void open_wns(void)
{
    char yaml[500];

    snprintf(yaml, sizeof(yaml),
             "wns:\n  client_id: ms-app://s-1-15-2\n  client_secret: geheim\n  token_url: %s/token\n"
             "  relay_url: %s\n",
             providers_url, providers_url);
    push_open(&x, yaml);
    providers_clear(&x);
}

/* proves: G-010 */
static void test_a_raw_notification_goes_to_the_channel(void **state)
{
    json_t *log;
    const json_t *r;

    (void)state;
    open_wns();
    providers_rules(&x,
                    "[" TOKEN_RULE("T1") ",{'path':'/','headers':{'X-WNS-NotificationStatus':'received'}}]");
    assert_int_equal(push_to(&x, ECS_PUSH_WNS, CHANNEL).class, ECS_SEND_OK);
    log = providers_log(&x);
    r = log_find(log, "/token", 0);
    assert_non_null(strstr(log_text(r, "body"), "grant_type=client_credentials"));
    assert_non_null(strstr(log_text(r, "body"), "client_id=ms-app%3A%2F%2Fs-1-15-2"));
    assert_non_null(strstr(log_text(r, "body"), "client_secret=geheim"));
    assert_non_null(strstr(log_text(r, "body"), "scope=notify.windows.com"));
    r = log_find(log, "/", 0);
    assert_string_equal(log_text(r, "query"), "token=AwYAAAB%2bx");
    assert_string_equal(log_header(r, "authorization"), "Bearer T1");
    assert_string_equal(log_header(r, "x-wns-type"), "wns/raw");
    assert_string_equal(log_header(r, "x-wns-ttl"), "3600");
    assert_string_equal(log_header(r, "x-wns-requestforstatus"), "true");
    assert_string_equal(log_header(r, "content-type"), "application/octet-stream");
    assert_string_equal(
        log_text(r, "body"),
        "{\"data\":{\"app\":[\"ap2003\",\"ap2004\"],\"timestamp\":\"2026-03-04T09:15:00+01:00\"}}");
    json_decref(log);
    push_close(&x);
}

/* proves: G-020 */
static void test_answers_become_classes(void **state)
{
    struct sent s = {.message = {.channel = ECS_PUSH_WNS, .token = ECS_STR(CHANNEL), .attempts = 1}};
    struct ecs_send_result r;

    (void)state;
    open_wns();
    providers_rules(
        &x, "[" TOKEN_RULE("T1") "," TOKEN_RULE(
                "T2") ",{'path':'/','times':1,'status':401},"
                      "{'path':'/','times':2,'headers':{'X-WNS-NotificationStatus':'dropped'}},"
                      "{'path':'/','times':1,'headers':{'X-WNS-NotificationStatus':'channelThrottled'}},"
                      "{'path':'/','times':1,'status':406,'headers':{'Retry-After':'120'}},"
                      "{'path':'/','times':1,'status':410}]");
    r = push_to(&x, ECS_PUSH_WNS, CHANNEL); /* 401, a new token, then dropped */
    assert_int_equal(r.class, ECS_SEND_RETRY);
    assert_string_equal(r.reason, "dropped");
    assert_int_equal(sent_do(&x, &s).class, ECS_SEND_OK); /* dropped again */
    r = push_to(&x, ECS_PUSH_WNS, CHANNEL);
    assert_int_equal(r.class, ECS_SEND_RETRY);
    assert_int_equal(r.retry_after_s, 60);
    r = push_to(&x, ECS_PUSH_WNS, CHANNEL);
    assert_int_equal(r.class, ECS_SEND_RETRY);
    assert_int_equal(r.retry_after_s, 120);
    assert_int_equal(push_to(&x, ECS_PUSH_WNS, CHANNEL).class, ECS_SEND_DROP);
    push_close(&x);
}

/* proves: G-022 */
static void test_other_hosts_are_never_asked(void **state)
{
    static const char *const bad[] = {"https://10.0.0.1/", "https://evil.example/?x.notify.windows.com",
                                      "https://x.notify.windows.com@127.0.0.1/", "file:///etc/passwd"};
    char own[200];
    json_t *log;

    (void)state;
    open_wns();
    providers_rules(&x, "[" TOKEN_RULE("T1") ",{'path':'/'}]");
    for (size_t i = 0; i < ECS_ARRAY_LEN(bad); i++)
        assert_int_equal(push_to(&x, ECS_PUSH_WNS, bad[i]).class, ECS_SEND_DROP);
    snprintf(own, sizeof(own), "%s/", providers_url);
    assert_int_equal(push_to(&x, ECS_PUSH_WNS, own).class, ECS_SEND_DROP);
    log = providers_log(&x);
    assert_int_equal(json_array_size(log), 0);
    json_decref(log);
    push_close(&x);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_raw_notification_goes_to_the_channel),
        cmocka_unit_test(test_answers_become_classes),
        cmocka_unit_test(test_other_hosts_are_never_asked),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
