/* SPDX-License-Identifier: Apache-2.0 */
/* The optional sections fcm, apns, wns and sms: tables without faults, defaults, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "push_rig.h"

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

static void test_the_tables_have_no_faults(void **state)
{
    struct ecs_faults faults;

    (void)state;
    ecs_faults_init(&faults, arena);
    if (!ecs_conf_check_tables(push_sections, &faults))
        fail_msg("%s", faults.first->text);
}

static void test_sections_that_are_left_out_are_none(void **state)
{
    struct ecs_conf *conf = push_conf_parse("", arena);

    (void)state;
    assert_null(ecs_conf_get(conf, "fcm"));
    assert_null(ecs_conf_get(conf, "apns"));
    assert_null(ecs_conf_get(conf, "wns"));
    assert_null(ecs_conf_get(conf, "sms"));
    ecs_conf_unref(conf);
}

static void test_defaults_are_the_real_providers(void **state)
{
    struct ecs_conf *conf = push_conf_parse(
        "fcm:\n  service_account: x\napns:\n  topic: t\n  key: k\n  key_id: i\n  team_id: t\n"
        "wns:\n  client_id: c\n  client_secret: s\nsms:\n  smpp_host: h\n  smpp_system_id: s\n",
        arena);
    const struct ecs_fcm_conf *fcm = ecs_conf_get(conf, "fcm");
    const struct ecs_apns_conf *apns = ecs_conf_get(conf, "apns");
    const struct ecs_wns_conf *wns = ecs_conf_get(conf, "wns");
    const struct ecs_sms_conf *sms = ecs_conf_get(conf, "sms");

    (void)state;
    assert_string_equal(fcm->url, "https://fcm.googleapis.com");
    assert_null(fcm->token_url);
    assert_string_equal(apns->url, "https://api.push.apple.com");
    assert_string_equal(wns->token_url, "https://login.live.com/accesstoken.srf");
    assert_int_equal(sms->port, 8095);
    assert_int_equal(sms->coding, ECS_SMS_8BIT);
    assert_int_equal(sms->parts, 1);
    assert_int_equal(sms->smpp.window, 10);
    assert_int_equal(sms->smpp.response_ms, 10000);
    ecs_conf_unref(conf);
}

static const struct {
    const char *yaml, *fault;
} refused[] = {
    {"fcm:\n  url: https://fcm.example\n", "service_account"},
    {"fcm:\n  service_account: x\n  url: http://fcm.example\n", "url must begin with https://"},
    {"fcm:\n  service_account: x\n  url: http://127.0.0.1.evil.example\n", "url must begin with https://"},
    {"fcm:\n  service_account: x\n  url: http://127.0.0.1:1@evil.example\n", "url must begin with https://"},
    {"fcm:\n  service_account: x\n  url: https:///x\n", "url must begin with https://"},
    {"fcm:\n  service_account: x\n  url: https://fcm.example/v1\n", "url must end behind the host"},
    {"fcm:\n  service_account: x\n  token_url: ftp://fcm.example/v1\n", "token_url must begin with https://"},
    {"apns:\n  topic: t\n", "either key, key_id and team_id"},
    {"apns:\n  topic: t\n  key: k\n  key_id: i\n", "either key, key_id and team_id"},
    {"apns:\n  topic: t\n  key: k\n  key_id: i\n  team_id: t\n  certificate: /etc/hostname\n"
     "  certificate_key: /etc/hostname\n",
     "either key, key_id and team_id"},
    {"wns:\n  client_id: c\n", "client_secret"},
    {"wns:\n  client_id: c\n  client_secret: s\n  relay_url: http://10.0.0.1\n",
     "relay_url must begin with https://"},
    {"sms:\n  smpp_host: h\n", "transport smpp needs"},
    {"sms:\n  smpp_host: h\n  smpp_system_id: s\n  sender: abcdefghijkl\n", "sender must be"},
    {"sms:\n  smpp_host: h\n  smpp_system_id: s\n  sender: \"\\u041A\"\n", "sender must be"},
    {"sms:\n  smpp_host: h\n  smpp_system_id: s\n  smpp_ca_file: /etc/hostname\n", "need smpp_tls"},
    {"sms:\n  smpp_host: h\n  smpp_system_id: s\n  smpp_tls: true\n  smpp_certificate: /etc/hostname\n",
     "belong together"},
    {"sms:\n  smpp_host: h\n  smpp_system_id: s\n  smpp_window: 11\n", "smpp_window"},
    {"sms:\n  smpp_host: h\n  smpp_system_id: s\n  smpp_password: ninechars\n", "smpp_password"},
    {"sms:\n  transport: http\n", "transport http needs http_url"},
    {"sms:\n  transport: http\n  http_url: http://gw.example/{to}\n", "http_url must begin with https://"},
    {"sms:\n  transport: http\n  http_url: https://gw.example/{too}\n", "unknown {placeholder}"},
    {"sms:\n  transport: http\n  http_url: https://gw.example/\n", "has {to}"},
    {"sms:\n  transport: http\n  http_url: https://{to}.example/\n", "host of http_url"},
    {"sms:\n  transport: http\n  http_url: https://gw.example?{to}\n", "host of http_url"},
    {"sms:\n  transport: http\n  http_url: https://gw.example/{to}\n  http_body: x\n",
     "needs http_method POST"},
    {"sms:\n  transport: http\n  http_url: https://gw.example/\n  http_method: POST\n"
     "  http_body: '{\"to\":\"{to}\",\"d\":\"{data}\"}'\n",
     "{udh} and {data}"},
    {"sms:\n  transport: http\n  http_url: https://gw.example/{to}\n  http_method: POST\n"
     "  http_content_type: text/plain\n  http_body: '{text}'\n",
     "{text} needs a body"},
    {"sms:\n  transport: http\n  http_url: https://gw.example/{to}\n  http_headers: [\"no colon\"]\n",
     "http_headers must be"},
    {"sms:\n  transport: http\n  http_url: https://gw.example/{to}\n  http_headers: [\"Content-Length: "
     "1\"]\n",
     "http_headers must be"},
    {"sms:\n  transport: http\n  http_url: https://gw.example/{to}\n  http_user: u\n", "belong together"},
    {"sms:\n  transport: http\n  http_url: https://gw.example/{to}\n  http_user: u\n  http_password: p\n"
     "  http_bearer: b\n",
     "exclude each other"},
};

static void test_what_does_not_go_together_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(refused); i++) {
        struct ecs_faults faults;
        struct ecs_conf *conf;

        ecs_faults_init(&faults, arena);
        conf = ecs_conf_parse("test", ecs_str_of(refused[i].yaml), push_sections, &faults);
        if (conf || !strstr(faults.first->text, refused[i].fault))
            fail_msg("%s%s", refused[i].yaml, conf ? "was taken" : faults.first->text);
    }
}

static void test_plain_http_is_for_loopback_only(void **state)
{
    static const char *const good[] = {"http://127.0.0.1:80", "http://localhost:8080", "http://[::1]:1"};
    char yaml[200];

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(good); i++) {
        snprintf(yaml, sizeof(yaml), "fcm:\n  service_account: x\n  url: \"%s\"\n", good[i]);
        ecs_conf_unref(push_conf_parse(yaml, arena));
    }
}

/* What is wrong with keys is said when the channels are made. */
static void test_keys_that_cannot_be_used_are_named(void **state)
{
    static const struct {
        const char *yaml, *error;
    } rows[] = {
        {"fcm:\n  service_account: no json\n", "fcm: service_account is no JSON"},
        {"fcm:\n  service_account: '{\"type\":\"authorized_user\"}'\n",
         "fcm: service_account is no key file of a service account"},
        {"fcm:\n  service_account: '{\"type\":\"service_account\",\"project_id\":\"../x\"}'\n",
         "fcm: service_account has no usable project_id"},
        {"fcm:\n  service_account: '{\"type\":\"service_account\",\"project_id\":\"p\"}'\n",
         "fcm: service_account has no private_key or private_key_id"},
        {"fcm:\n  service_account: '{\"type\":\"service_account\",\"project_id\":\"p\",\"private_key\":\"k\","
         "\"private_key_id\":\"i\"}'\n",
         "fcm: service_account has no client_email"},
        {"fcm:\n  service_account: '{\"type\":\"service_account\",\"project_id\":\"p\",\"private_key\":\"k\","
         "\"private_key_id\":\"i\",\"client_email\":\"e\",\"token_uri\":\"http://127.0.0.1/\"}'\n",
         "fcm: service_account has no https token_uri"},
        {"fcm:\n  service_account: '{\"type\":\"service_account\",\"project_id\":\"p\",\"private_key\":\"k\","
         "\"private_key_id\":\"i\",\"client_email\":\"e\",\"token_uri\":\"https://o.example/t\"}'\n",
         "fcm: private_key of service_account: "},
        {"apns:\n  topic: t\n  key: k\n  key_id: i\n  team_id: t\n", "apns: key: "},
        {"sms:\n  smpp_host: h\n  smpp_system_id: s\n  smpp_tls: true\n  smpp_ca_file: /etc/hostname\n",
         "sms: cannot use /etc/hostname as certificate authorities"},
    };
    struct rig rig;

    (void)state;
    rig_open(&rig);
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_conf *conf = push_conf_parse(rows[i].yaml, arena);
        struct ecs_push_conf channels = {.fcm = ecs_conf_get(conf, "fcm"),
                                         .apns = ecs_conf_get(conf, "apns"),
                                         .sms = ecs_conf_get(conf, "sms")};
        const char *error = "";

        assert_null(ecs_push_new(rig.pool, rig.loop, &channels, arena, &error));
        if (strncmp(error, rows[i].error, strlen(rows[i].error)) != 0)
            fail_msg("%s: %s", rows[i].yaml, error);
        ecs_conf_unref(conf);
    }
    rig_close(&rig);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_tables_have_no_faults),
        cmocka_unit_test(test_sections_that_are_left_out_are_none),
        cmocka_unit_test(test_defaults_are_the_real_providers),
        cmocka_unit_test(test_what_does_not_go_together_is_refused),
        cmocka_unit_test(test_plain_http_is_for_loopback_only),
        cmocka_unit_test(test_keys_that_cannot_be_used_are_named),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
