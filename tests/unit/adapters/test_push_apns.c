/* SPDX-License-Identifier: Apache-2.0 */
/* APNs over HTTP/2 and TLS against a double: headers, the provider token and its renewal, the other way by
 * client certificate, dead tokens and lost connections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "push_rig.h"

#include "ecs/jws.h"
#include "push_double.h"

#define DEVICE "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define PATH   "/3/device/" DEVICE

static struct push_rig x;
static char key[2048], dir[64], pem[128], client[128];

static int start(bool mutual)
{
    const char *args[] = {"--cert", pem, mutual ? "--client-ca" : NULL, client, NULL};

    providers_start(args);
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    make_key(false, key, sizeof(key));
    snprintf(dir, sizeof(dir), "/tmp/ecs-apns-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(pem, sizeof(pem), "%s/server.pem", dir);
    snprintf(client, sizeof(client), "%s/client.pem", dir);
    make_certificate(pem);
    make_certificate(client);
    providers_ca = pem;
    return start(false);
}

static int tear_down(void **state)
{
    (void)state;
    double_stop(&providers);
    unlink(pem);
    unlink(client);
    return rmdir(dir);
}

static void open_apns(void)
{
    struct ecs_buf yaml = {0};

    ecs_buf_printf(&yaml,
                   "apns:\n  url: %s\n  ca_file: %s\n  topic: com.example.carrier\n  team_id: TEAM123456\n"
                   "  key_id: KEY1234567\n  key: \"",
                   providers_url, pem);
    ecs_buf_add_json(&yaml, ecs_str_of(key));
    ecs_buf_add_cstr(&yaml, "\"\n");
    ecs_buf_add_char(&yaml, '\0');
    push_open(&x, yaml.p);
    ecs_buf_done(&yaml);
    providers_clear(&x);
}

static struct ecs_send_result send_at(int64_t now)
{
    struct sent s = {.message = {.channel = ECS_PUSH_APNS,
                                 .token = ECS_STR(DEVICE),
                                 .apps = ECS_STR("ap2004"),
                                 .device = ECS_STR("d"),
                                 .ttl_s = 3600},
                     .now = now};

    return sent_do(&x, &s);
}

/* iat of the provider token of a request, whose signature is checked with the public half. */
static int64_t check_token(const json_t *request, int64_t now)
{
    struct ecs_jws_expect expect = {
        .algs = 1u << ECS_JWS_ES256, .now = now, .iss = ECS_STR("TEAM123456"), .need_iat = true};
    struct ecs_jwk_set *keys = ecs_jwk_set_pem(ecs_str_of(key), "KEY1234567");
    const char *header = log_header(request, "authorization");
    struct ecs_jws_claims claims;

    assert_int_equal(strncasecmp(header, "bearer ", 7), 0);
    assert_int_equal(ecs_jws_verify(ecs_str_of(header + 7), keys, &expect, x.arena, &claims), ECS_JWS_OK);
    assert_true(ecs_str_eq(claims.kid, ECS_STR("KEY1234567")));
    ecs_jwk_set_free(keys);
    return claims.iat;
}

/* proves: G-010 */
static void test_a_background_push_has_its_headers(void **state)
{
    json_t *log;
    const json_t *r;

    (void)state;
    open_apns();
    providers_rules(&x, "[{'path':'" PATH "'}]");
    assert_int_equal(send_at(1764000000).class, ECS_SEND_OK);
    log = providers_log(&x);
    r = log_find(log, PATH, 0);
    assert_string_equal(log_text(r, "http"), "2");
    assert_string_equal(log_text(r, "method"), "POST");
    assert_string_equal(log_header(r, "apns-topic"), "com.example.carrier");
    assert_string_equal(log_header(r, "apns-push-type"), "background");
    assert_string_equal(log_header(r, "apns-priority"), "5");
    assert_string_equal(log_header(r, "apns-expiration"), "1764003600");
    assert_int_equal(strncmp(log_header(r, "apns-collapse-id"), "ts43-", 5), 0);
    assert_string_equal(log_text(r, "body"),
                        "{\"aps\":{\"content-available\":1},\"data\":{\"app\":\"ap2004\","
                        "\"timestamp\":\"2026-03-04T09:15:00+01:00\"}}");
    assert_int_equal(check_token(r, 1764000000), 1764000000);
    json_decref(log);
    push_close(&x);
}

static void test_the_provider_token_is_kept_for_fifty_minutes(void **state)
{
    json_t *log;

    (void)state;
    open_apns();
    providers_rules(&x, "[{'path':'" PATH "'}]");
    assert_int_equal(send_at(1764000000).class, ECS_SEND_OK);
    assert_int_equal(send_at(1764000000 + 2999).class, ECS_SEND_OK);
    assert_int_equal(send_at(1764000000 + 3000).class, ECS_SEND_OK);
    assert_int_equal(send_at(1764000000 - 5).class, ECS_SEND_OK); /* the clock went back */
    log = providers_log(&x);
    assert_int_equal(check_token(log_find(log, PATH, 0), 1764000000), 1764000000);
    assert_string_equal(log_header(log_find(log, PATH, 1), "authorization"),
                        log_header(log_find(log, PATH, 0), "authorization"));
    assert_int_equal(check_token(log_find(log, PATH, 2), 1764003000), 1764003000);
    assert_int_equal(check_token(log_find(log, PATH, 3), 1764003000), 1764000000 - 5);
    json_decref(log);
    push_close(&x);
}

static void test_an_expired_provider_token_is_made_anew_once(void **state)
{
    struct ecs_send_result r;
    json_t *log;

    (void)state;
    open_apns();
    providers_rules(&x, "[{'path':'" PATH "','times':1},"
                        "{'path':'" PATH "','times':1,'status':403,'json':{'reason':'ExpiredProviderToken'}},"
                        "{'path':'" PATH "','times':1}]");
    assert_int_equal(send_at(1764000000).class, ECS_SEND_OK);
    assert_int_equal(send_at(1764001500).class, ECS_SEND_OK); /* after 25 minutes */
    log = providers_log(&x);
    assert_int_equal(log_count(log, PATH), 3);
    assert_int_equal(check_token(log_find(log, PATH, 2), 1764001500), 1764001500);
    json_decref(log);
    providers_clear(&x);
    providers_rules(&x, "[{'path':'" PATH "','status':403,'json':{'reason':'ExpiredProviderToken'}}]");
    r = send_at(1764001510); /* renewed once more, since our clock may have been wrong */
    assert_int_equal(r.class, ECS_SEND_CONFIG);
    assert_string_equal(r.reason, "ExpiredProviderToken");
    assert_int_equal(send_at(1764001520).class, ECS_SEND_CONFIG); /* and then not for 20 minutes */
    log = providers_log(&x);
    assert_int_equal(log_count(log, PATH), 3);
    json_decref(log);
    push_close(&x);
}

/* proves: G-020 */
static void test_answers_become_classes(void **state)
{
    struct ecs_send_result r;

    (void)state;
    open_apns();
    providers_rules(
        &x, "[{'path':'" PATH
            "','times':1,'status':410,'json':{'reason':'Unregistered','timestamp':1763990000000}},"
            "{'path':'" PATH
            "','times':1,'status':429,'headers':{'Retry-After':'9'},'json':{'reason':'TooManyRequests'}},"
            "{'path':'" PATH "','times':1,'mode':'cut'},"
            "{'path':'" PATH "','times':1,'mode':'goaway'},"
            "{'path':'" PATH "','times':1,'status':503,'json':{'reason':'Shutdown'}},"
            "{'path':'" PATH "'}]");
    r = send_at(1764000000);
    assert_int_equal(r.class, ECS_SEND_DROP);
    assert_int_equal(r.dead_since_s, 1763990000);
    r = send_at(1764000000);
    assert_int_equal(r.class, ECS_SEND_RETRY);
    assert_int_equal(r.retry_after_s, 9);
    assert_int_equal(send_at(1764000000).class, ECS_SEND_RETRY); /* the stream was reset */
    assert_int_equal(send_at(1764000000).class, ECS_SEND_OK);    /* answered, then GOAWAY */
    assert_int_equal(send_at(1764000000).class, ECS_SEND_RETRY); /* on a new connection */
    assert_int_equal(send_at(1764000000).class, ECS_SEND_OK);
    push_close(&x);
}

static void test_a_client_certificate_takes_the_place_of_the_token(void **state)
{
    char yaml[600];

    (void)state;
    double_stop(&providers);
    start(true);
    snprintf(yaml, sizeof(yaml),
             "apns:\n  url: %s\n  ca_file: %s\n  topic: t\n  certificate: %s\n  certificate_key: %s\n",
             providers_url, pem, client, client);
    push_open(&x, yaml);
    assert_int_equal(send_at(1764000000).class, ECS_SEND_BAD); /* the double's 404 */
    assert_int_equal(x.stats[ECS_PUSH_APNS].ok, 1);
    push_close(&x);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_background_push_has_its_headers),
        cmocka_unit_test(test_the_provider_token_is_kept_for_fifty_minutes),
        cmocka_unit_test(test_an_expired_provider_token_is_made_anew_once),
        cmocka_unit_test(test_answers_become_classes),
        cmocka_unit_test(test_a_client_certificate_takes_the_place_of_the_token),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
