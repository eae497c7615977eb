/* SPDX-License-Identifier: Apache-2.0 */
/* Short messages by the HTTP interface of a gateway: Kannel's style and JSON, escaping, credentials, and what
 * answers mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "push_rig.h"

#include "push_double.h"

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

static void open_gateway(const char *path, const char *more)
{
    char yaml[2000];

    snprintf(yaml, sizeof(yaml), "sms:\n  transport: http\n  http_url: \"%s%s\"\n%s", providers_url, path,
             more);
    push_open(&x, yaml);
    providers_clear(&x);
}

static struct ecs_send_result send_trigger(void)
{
    struct sent s = {.message = {.channel = ECS_PUSH_SMS,
                                 .msisdn = ECS_STR("491700000001"),
                                 .user_id = ECS_STR("001010000000001")}};

    return sent_do(&x, &s);
}

static struct ecs_send_result send_text(const char *text)
{
    struct sent s = {.text = {.msisdn = ECS_STR("491700000001"), .text = ecs_str_of(text)}};

    return sent_do(&x, &s);
}

/* proves: G-015 G-016 */
static void test_a_gateway_of_kannels_style_gets_header_and_text(void **state)
{
    json_t *log;
    const json_t *r;

    (void)state;
    open_gateway("/cgi-bin/sendsms?username=u&to={to}&from={from}&udh={udh}&coding={coding}&text={data}",
                 "  http_accepted: [202]\n  http_accepted_prefix: \"0: Accepted\"\n");
    providers_rules(
        &x, "[{'path':'/cgi-bin/sendsms','times':1,'status':202,'body':'0: Accepted for delivery'},"
            "{'path':'/cgi-bin/sendsms','times':1,'status':202,'body':'3: Queued for later delivery'},"
            "{'path':'/cgi-bin/sendsms','times':1,'status':200,'body':'0: Accepted for delivery'}]");
    assert_int_equal(send_trigger().class, ECS_SEND_OK);
    assert_int_equal(send_trigger().class, ECS_SEND_RETRY); /* not the prefix */
    assert_int_equal(send_trigger().class, ECS_SEND_RETRY); /* not the status */
    log = providers_log(&x);
    r = log_find(log, "/cgi-bin/sendsms", 0);
    assert_string_equal(log_text(r, "method"), "GET");
    assert_string_equal(log_text(r, "query"),
                        "username=u&to=491700000001&from=ECS&udh=%06%05%04%1F%9F%00%00&coding=1&text="
                        "001010000000001-aescfg%2Cap2003%2Cap2004");
    json_decref(log);
    push_close(&x);
}

static void test_ucs2_goes_as_bytes_and_text_as_utf8(void **state)
{
    json_t *log;

    (void)state;
    open_gateway("/s?to={to}&c={coding}&d={data}&x={data_hex}&t={text}&u={udh_hex}&p={port}", "");
    providers_rules(&x, "[{'path':'/s'}]");
    assert_int_equal(send_text("\xd0\x9a&1").class, ECS_SEND_OK);
    assert_int_equal(send_text("a&b \xe2\x82\xac").class, ECS_SEND_OK);
    log = providers_log(&x);
    assert_string_equal(log_text(log_find(log, "/s", 0), "query"),
                        "to=491700000001&c=2&d=%04%1A%00%26%001&x=041a00260031&t=%D0%9A%261&u=&p=0");
    assert_string_equal(
        log_text(log_find(log, "/s", 1), "query"),
        "to=491700000001&c=0&d=a%26b%20%E2%82%AC&x=61266220e282ac&t=a%26b%20%E2%82%AC&u=&p=0");
    json_decref(log);
    push_close(&x);
}

static void test_json_bodies_are_escaped_as_json(void **state)
{
    json_t *log, *body;
    const json_t *r;

    (void)state;
    open_gateway(
        "/messages",
        "  http_method: POST\n  http_headers: [\"X-Tenant: a b\"]\n  http_user: us\n  http_password: pw\n"
        "  http_body: '{\"to\":\"+{to}\",\"from\":\"{from}\",\"text\":\"{text}\",\"udh\":\"{udh_hex}\","
        "\"port\":{port},\"nested\":{\"a\":1}}'\n");
    providers_rules(&x, "[{'path':'/messages','status':201}]");
    assert_int_equal(send_text("say \"hi\"\\\n\xe2\x82\xac").class, ECS_SEND_OK);
    assert_int_equal(send_trigger().class, ECS_SEND_OK);
    log = providers_log(&x);
    r = log_find(log, "/messages", 0);
    assert_string_equal(log_text(r, "method"), "POST");
    assert_string_equal(log_header(r, "content-type"), "application/json");
    assert_string_equal(log_header(r, "x-tenant"), "a b");
    assert_string_equal(log_header(r, "authorization"), "Basic dXM6cHc=");
    body = json_loads(log_text(r, "body"), 0, NULL);
    assert_non_null(body);
    assert_string_equal(json_string_value(json_object_get(body, "text")), "say \"hi\"\\\n\xe2\x82\xac");
    assert_string_equal(json_string_value(json_object_get(body, "to")), "+491700000001");
    json_decref(body);
    body = json_loads(log_text(log_find(log, "/messages", 1), "body"), 0, NULL);
    assert_non_null(body);
    assert_string_equal(json_string_value(json_object_get(body, "udh")), "0605041f9f0000");
    assert_int_equal(json_integer_value(json_object_get(body, "port")), 8095);
    json_decref(body);
    json_decref(log);
    push_close(&x);
}

static void test_forms_and_other_credentials(void **state)
{
    json_t *log;

    (void)state;
    open_gateway("/f", "  http_method: POST\n  http_content_type: application/x-www-form-urlencoded\n"
                       "  http_body: \"To=%2B{to}&Body={text}\"\n  http_bearer: abc\n");
    providers_rules(&x, "[{'path':'/f'}]");
    assert_int_equal(send_text("1 & 2").class, ECS_SEND_OK);
    log = providers_log(&x);
    assert_string_equal(log_text(log_find(log, "/f", 0), "body"), "To=%2B491700000001&Body=1%20%26%202");
    assert_string_equal(log_header(log_find(log, "/f", 0), "authorization"), "Bearer abc");
    json_decref(log);
    push_close(&x);
    open_gateway("/f?{to}", "  http_authorization: App 4711\n");
    providers_rules(&x, "[{'path':'/f'}]");
    assert_int_equal(send_text("1").class, ECS_SEND_OK);
    log = providers_log(&x);
    assert_string_equal(log_header(log_find(log, "/f", 0), "authorization"), "App 4711");
    json_decref(log);
    push_close(&x);
}

/* proves: G-020 */
static void test_answers_become_classes(void **state)
{
    static const struct {
        int status;
        enum ecs_send_class class;
    } rows[] = {
        {200, ECS_SEND_OK},     {201, ECS_SEND_OK},     {202, ECS_SEND_OK},     {204, ECS_SEND_RETRY},
        {302, ECS_SEND_CONFIG}, {400, ECS_SEND_BAD},    {401, ECS_SEND_CONFIG}, {403, ECS_SEND_CONFIG},
        {404, ECS_SEND_CONFIG}, {405, ECS_SEND_CONFIG}, {408, ECS_SEND_RETRY},  {422, ECS_SEND_BAD},
        {429, ECS_SEND_RETRY},  {500, ECS_SEND_RETRY},  {503, ECS_SEND_RETRY},
    };
    struct ecs_send_result r;

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        char path[40];

        snprintf(path, sizeof(path), "/status/%d?{to}", rows[i].status);
        open_gateway(path, "");
        r = send_text("1");
        if (r.class != rows[i].class)
            fail_msg("HTTP %d: class %d, %s", rows[i].status, (int)r.class, r.reason);
        push_close(&x);
    }
    open_gateway("/retry/7?{to}", "");
    r = send_text("1");
    assert_int_equal(r.class, ECS_SEND_RETRY);
    assert_int_equal(r.retry_after_s, 7);
    push_close(&x);
    open_gateway("/mode/nothing?{to}", "");
    assert_int_equal(send_text("1").class, ECS_SEND_RETRY);
    push_close(&x);
}

static void test_parts_are_sent_one_after_the_other(void **state)
{
    char text[300];
    json_t *log;

    (void)state;
    memset(text, 'y', sizeof(text));
    text[299] = '\0';
    open_gateway("/p?{to}&{udh_hex}", "  parts: 3\n");
    providers_rules(&x, "[{'path':'/p'}]");
    assert_int_equal(send_text(text).class, ECS_SEND_OK);
    log = providers_log(&x);
    assert_string_equal(log_text(log_find(log, "/p", 0), "query"), "491700000001&050003010201");
    assert_string_equal(log_text(log_find(log, "/p", 1), "query"), "491700000001&050003010202");
    assert_int_equal(log_count(log, "/p"), 2);
    json_decref(log);
    push_close(&x);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_gateway_of_kannels_style_gets_header_and_text),
        cmocka_unit_test(test_ucs2_goes_as_bytes_and_text_as_utf8),
        cmocka_unit_test(test_json_bodies_are_escaped_as_json),
        cmocka_unit_test(test_forms_and_other_credentials),
        cmocka_unit_test(test_answers_become_classes),
        cmocka_unit_test(test_parts_are_sent_one_after_the_other),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
