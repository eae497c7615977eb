/* SPDX-License-Identifier: Apache-2.0 */
/* FCM against an HTTP double: the assertion of the service account, the message, renewal of the access token
 * and what happens when the provider fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "push_rig.h"

#include "ecs/buf.h"
#include "ecs/jws.h"
#include "push_double.h"

#define SEND "/v1/projects/demo-1/messages:send"
#define TOKEN_RULE(name)                                                                                     \
    "{'path':'/token','times':1,'json':{'access_token':'" name "','expires_in':3599,'token_type':'Bearer'}}"
#define OK_RULE "{'path':'" SEND "','json':{'name':'projects/demo-1/messages/1'}}"
#define ERROR_RULE(status, code)                                                                             \
    "{'path':'" SEND "','times':1,'status':" #status ",'json':{'error':{'code':" #status                     \
    ",'details':[{'@type':'type.googleapis.com/"                                                             \
    "google.firebase.fcm.v1.FcmError','errorCode':'" code "'}]}}}"

static struct push_rig x;
static char key[4096], dir[64], pem[128];

static void open_fcm(const char *ca_line)
{
    struct ecs_buf yaml = {0};

    ecs_buf_printf(
        &yaml,
        "fcm:\n  url: %s\n  token_url: %s/token\n%s  service_account: '{\"type\":\"service_account\","
        "\"project_id\":\"demo-1\",\"private_key_id\":\"kid-7\",\"client_email\":\"e@demo-1.example\","
        "\"token_uri\":\"https://oauth2.googleapis.com/token\",\"private_key\":",
        providers_url, providers_url, ca_line);
    ecs_buf_add_char(&yaml, '"');
    ecs_buf_add_json(&yaml, ecs_str_of(key));
    ecs_buf_add_cstr(&yaml, "\"}'\n");
    ecs_buf_add_char(&yaml, '\0');
    push_open(&x, yaml.p);
    ecs_buf_done(&yaml);
    providers_clear(&x);
}

static int set_up(void **state)
{
    (void)state;
    make_key(true, key, sizeof(key));
    snprintf(dir, sizeof(dir), "/tmp/ecs-fcm-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(pem, sizeof(pem), "%s/server.pem", dir);
    make_certificate(pem);
    providers_start(NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    double_stop(&providers);
    unlink(pem);
    return rmdir(dir);
}

/* The assertion of a logged token request, checked with the public half of the key. */
static void check_assertion(const json_t *request)
{
    struct ecs_jws_expect expect = {.algs = 1u << ECS_JWS_RS256,
                                    .now = 1764000000,
                                    .need_exp = true,
                                    .need_iat = true,
                                    .max_life_s = 3600};
    struct ecs_jwk_set *keys = ecs_jwk_set_pem(ecs_str_of(key), "kid-7");
    const char *body = log_text(request, "body"), *at = strstr(body, "assertion=");
    struct ecs_str aud;
    struct ecs_jws_claims claims;
    char url[100];

    assert_non_null(at);
    assert_non_null(strstr(body, "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"));
    at += strlen("assertion=");
    snprintf(url, sizeof(url), "%s/token", providers_url);
    aud = ecs_str_of(url);
    expect.aud = &aud;
    expect.aud_n = 1;
    expect.iss = ECS_STR("e@demo-1.example");
    assert_int_equal(ecs_jws_verify((struct ecs_str){at, strcspn(at, "&")}, keys, &expect, x.arena, &claims),
                     ECS_JWS_OK);
    assert_true(ecs_str_eq(claims.kid, ECS_STR("kid-7")));
    assert_true(ecs_str_eq(claims.scope, ECS_STR("https://www.googleapis.com/auth/firebase.messaging")));
    assert_int_equal(claims.exp - claims.iat, 3600);
    ecs_jwk_set_free(keys);
}

/* proves: G-010 G-021 X-052 */
static void test_a_message_leaves_with_an_access_token(void **state)
{
    json_t *log;
    const json_t *request;
    const char *body;

    (void)state;
    open_fcm("");
    providers_rules(&x, "[" TOKEN_RULE("T1") "," OK_RULE "]");
    assert_int_equal(push_to(&x, ECS_PUSH_FCM, "device:1").class, ECS_SEND_OK);
    assert_int_equal(push_to(&x, ECS_PUSH_GCM, "device:2").class, ECS_SEND_OK); /* GCM is sent as FCM */
    log = providers_log(&x);
    assert_int_equal(log_count(log, "/token"), 1);
    check_assertion(log_find(log, "/token", 0));
    request = log_find(log, SEND, 0);
    assert_string_equal(log_text(request, "method"), "POST");
    assert_string_equal(log_header(request, "authorization"), "Bearer T1");
    assert_string_equal(log_header(request, "content-type"), "application/json");
    body = log_text(request, "body");
    assert_non_null(strstr(
        body, "{\"message\":{\"token\":\"device:1\",\"data\":{\"app\":\"[\\\"ap2003\\\",\\\"ap2004\\\"]\","
              "\"timestamp\":\"2026-03-04T09:15:00+01:00\"},\"android\":{\"priority\":\"HIGH\","
              "\"ttl\":\"3600s\",\"collapse_key\":\"ts43-"));
    assert_null(strstr(body, "device-1")); /* the collapse key is a digest */
    assert_non_null(strstr(log_text(log_find(log, SEND, 1), "body"), "\"token\":\"device:2\""));
    assert_int_equal(x.stats[ECS_PUSH_FCM].ok, 2);
    json_decref(log);
    push_close(&x);
}

/* proves: G-020 */
static void test_errors_of_the_provider_become_classes(void **state)
{
    struct ecs_send_result r;

    (void)state;
    open_fcm("");
    providers_rules(
        &x, "[" TOKEN_RULE("T1") "," ERROR_RULE(404, "UNREGISTERED") "," ERROR_RULE(
                403, "SENDER_ID_MISMATCH") ","
                                           "{'path':'" SEND
                                           "','times':1,'status':503,'headers':{'Retry-After':'7'}},"
                                           "{'path':'" SEND "','times':2,'mode':'nothing'}," ERROR_RULE(
                                               429, "QUOTA_EXCEEDED") "]");
    r = push_to(&x, ECS_PUSH_FCM, "dead:1");
    assert_int_equal(r.class, ECS_SEND_DROP);
    assert_string_equal(r.reason, "UNREGISTERED");
    assert_int_equal(push_to(&x, ECS_PUSH_FCM, "other:1").class, ECS_SEND_DROP);
    r = push_to(&x, ECS_PUSH_FCM, "device:1");
    assert_int_equal(r.class, ECS_SEND_RETRY);
    assert_int_equal(r.retry_after_s, 7);
    r = push_to(&x, ECS_PUSH_FCM, "device:1");
    assert_int_equal(r.class, ECS_SEND_RETRY);
    assert_string_equal(r.reason, "no answer");
    r = push_to(&x, ECS_PUSH_FCM, "device:1");
    assert_int_equal(r.class, ECS_SEND_RETRY);
    assert_int_equal(r.retry_after_s, 60);
    push_close(&x);
}

static void test_a_refused_access_token_is_renewed_once(void **state)
{
    struct ecs_send_result r;
    json_t *log;

    (void)state;
    open_fcm("");
    providers_rules(&x, "[" TOKEN_RULE("T1") "," TOKEN_RULE("T2") "," TOKEN_RULE(
                            "T3") ","
                                  "{'path':'" SEND
                                  "','times':1,'status':401,'json':{'error':{'status':'UNAUTHENTICATED'}}},"
                                  "{'path':'" SEND "','times':1,'json':{'name':'n'}},"
                                  "{'path':'" SEND "','status':401}]");
    assert_int_equal(push_to(&x, ECS_PUSH_FCM, "device:1").class, ECS_SEND_OK);
    log = providers_log(&x);
    assert_string_equal(log_header(log_find(log, SEND, 1), "authorization"), "Bearer T2");
    json_decref(log);
    r = push_to(&x, ECS_PUSH_FCM, "device:1");
    assert_int_equal(r.class, ECS_SEND_CONFIG);
    log = providers_log(&x);
    assert_int_equal(log_count(log, SEND), 4);
    assert_int_equal(log_count(log, "/token"), 3);
    json_decref(log);
    push_close(&x);
}

/* Two messages hear 401 for the same token: it is fetched once. */
static void test_a_renewal_is_shared(void **state)
{
    struct sent s[2];
    json_t *log;

    (void)state;
    open_fcm("");
    providers_rules(&x, "[" TOKEN_RULE("T1") "," TOKEN_RULE("T2") "," TOKEN_RULE(
                            "T3") ","
                                  "{'path':'" SEND "','times':2,'status':401,'delay_ms':50}," OK_RULE "]");
    for (size_t i = 0; i < 2; i++) {
        s[i] = (struct sent){.message = {.channel = ECS_PUSH_FCM, .token = ECS_STR("device:1")}};
        sent_start(&x, &s[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        sent_wait(&x, &s[i]);
        assert_int_equal(s[i].result.class, ECS_SEND_OK);
        ecs_arena_free(s[i].arena);
    }
    log = providers_log(&x);
    assert_int_equal(log_count(log, "/token"), 2);
    assert_int_equal(log_count(log, SEND), 4);
    json_decref(log);
    push_close(&x);
}

/* proves: G-020 */
static void test_a_refused_service_account_stops_the_channel(void **state)
{
    struct ecs_send_result r;
    json_t *log;

    (void)state;
    open_fcm("");
    providers_rules(
        &x, "[{'path':'/token','status':400,'json':{'error':'invalid_grant','error_description':'x'}}]");
    r = push_to(&x, ECS_PUSH_FCM, "device:1");
    assert_int_equal(r.class, ECS_SEND_CONFIG);
    assert_non_null(strstr(r.reason, "invalid_grant"));
    log = providers_log(&x);
    assert_int_equal(log_count(log, SEND), 0);
    json_decref(log);
    push_close(&x);
    open_fcm("");
    providers_rules(&x, "[{'path':'/token','status':503}]");
    assert_int_equal(push_to(&x, ECS_PUSH_FCM, "device:1").class, ECS_SEND_RETRY);
    push_close(&x);
}

static void test_what_cannot_be_sent_is_told_before(void **state)
{
    struct sent s = {.message = {.channel = ECS_PUSH_FCM, .token = ECS_STR("a b")}};
    char token[4096];
    json_t *log;

    (void)state;
    open_fcm("");
    providers_rules(&x, "[" TOKEN_RULE("T1") "," OK_RULE "]");
    assert_int_equal(sent_do(&x, &s).class, ECS_SEND_DROP);
    s.message.token = ECS_STR("device:1");
    s.message.apps = ECS_STR("ap2004,");
    assert_int_equal(sent_do(&x, &s).class, ECS_SEND_BAD);
    s.message.apps = ECS_STR("ap2004");
    s.message.channel = ECS_PUSH_APNS;
    s.message.token = ECS_STR("00112233445566778899aabbccddeeff");
    assert_int_equal(sent_do(&x, &s).class, ECS_SEND_CONFIG); /* not configured */
    memset(token, 't', sizeof(token));
    s.message.channel = ECS_PUSH_FCM;
    s.message.token = (struct ecs_str){token, sizeof(token)};
    assert_int_equal(sent_do(&x, &s).class, ECS_SEND_BAD); /* over 4,096 bytes */
    log = providers_log(&x);
    assert_int_equal(log_count(log, SEND), 0);
    json_decref(log);
    push_close(&x);
}

static void test_a_send_goes_on_when_the_channels_are_given_back(void **state)
{
    struct sent s = {.message = {.channel = ECS_PUSH_FCM, .token = ECS_STR("device:1")}}, aborted = s;

    (void)state;
    open_fcm("");
    providers_rules(
        &x, "[{'path':'/token','delay_ms':100,'json':{'access_token':'T','expires_in':3600,'token_type':"
            "'Bearer'}},{'path':'" SEND "','delay_ms':100,'json':{'name':'n'}}]");
    sent_start(&x, &s);
    sent_start(&x, &aborted);
    ecs_push_free(x.push);
    x.push = NULL;
    rig_turns(&x.rig, 20);
    ecs_flow_abort(&aborted.flow);
    ecs_arena_free(aborted.arena);
    sent_wait(&x, &s);
    assert_int_equal(s.result.class, ECS_SEND_OK);
    ecs_arena_free(s.arena);
    push_close(&x);
}

/* The real thing: TLS and HTTP/2, one connection for all. */
static void test_messages_share_one_http2_connection(void **state)
{
    const char *args[] = {"--cert", pem, NULL};
    struct sent s[20];
    char line[200];
    json_t *log;

    (void)state;
    double_stop(&providers);
    providers_start(args);
    providers_ca = pem;
    snprintf(line, sizeof(line), "  ca_file: %s\n", pem);
    open_fcm(line);
    providers_rules(&x, "[" TOKEN_RULE("T1") ",{'path':'" SEND "','delay_ms':30,'json':{'name':'n'}}]");
    for (size_t i = 0; i < ECS_ARRAY_LEN(s); i++) {
        s[i] = (struct sent){.message = {.channel = ECS_PUSH_FCM, .token = ECS_STR("device:1")}};
        sent_start(&x, &s[i]);
    }
    for (size_t i = 0; i < ECS_ARRAY_LEN(s); i++) {
        sent_wait(&x, &s[i]);
        assert_int_equal(s[i].result.class, ECS_SEND_OK);
        ecs_arena_free(s[i].arena);
    }
    log = providers_log(&x);
    assert_int_equal(log_count(log, SEND), 20);
    for (size_t i = 0; i < 20; i++) {
        assert_string_equal(log_text(log_find(log, SEND, i), "http"), "2");
        assert_int_equal(json_integer_value(json_object_get(log_find(log, SEND, i), "connection")),
                         json_integer_value(json_object_get(log_find(log, SEND, 0), "connection")));
    }
    json_decref(log);
    push_close(&x);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message_leaves_with_an_access_token),
        cmocka_unit_test(test_errors_of_the_provider_become_classes),
        cmocka_unit_test(test_a_refused_access_token_is_renewed_once),
        cmocka_unit_test(test_a_renewal_is_shared),
        cmocka_unit_test(test_a_refused_service_account_stops_the_channel),
        cmocka_unit_test(test_what_cannot_be_sent_is_told_before),
        cmocka_unit_test(test_a_send_goes_on_when_the_channels_are_given_back),
        cmocka_unit_test(test_messages_share_one_http2_connection),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
