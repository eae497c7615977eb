/* SPDX-License-Identifier: Apache-2.0 */
/* Access tokens that are not given: refusals of our credentials, troubles of the provider, and what the log
 * is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "oauth_fixture.h"

static void test_refusals_and_troubles_are_told_apart(void **state)
{
    static const struct {
        const char *rule;
        enum ecs_rc rc;
        const char *text;
    } cases[] = {
        {"\"status\": 401, \"json\": {\"error\": \"invalid_client\"}", ECS_E_CONFIG,
         "HTTP status 401, invalid_client"},
        {"\"status\": 400, \"json\": {\"error\": \"invalid_scope\"}", ECS_E_CONFIG,
         "HTTP status 400, invalid_scope"},
        {"\"status\": 400, \"json\": {\"error\": \"temporarily_unavailable\"}", ECS_E_BACKEND,
         "temporarily_unavailable"},
        {"\"status\": 400, \"json\": {\"error\": \"se cret\\nvalue\"}", ECS_E_CONFIG,
         "400 without an error code"},
        {"\"status\": 403, \"body\": \"<html>\"", ECS_E_CONFIG, "403 without an error code"},
        {"\"status\": 404", ECS_E_CONFIG, "404"},
        {"\"status\": 429", ECS_E_OVERLOAD, "429"},
        {"\"status\": 503, \"json\": {\"error\": \"invalid_client\"}", ECS_E_BACKEND, "503"},
        {"\"status\": 302", ECS_E_BACKEND, "302"},
        {"\"body\": \"no json\"", ECS_E_BACKEND, "no JSON object"},
        {"\"json\": {\"access_token\": \"\"}", ECS_E_BACKEND, "no usable access_token"},
        {"\"json\": {\"access_token\": \"a b\"}", ECS_E_BACKEND, "no usable access_token"},
        {"\"json\": {\"access_token\": 5}", ECS_E_BACKEND, "no usable access_token"},
        {"\"body\": \"{\\\"access_token\\\":\\\"a\\\",\\\"access_token\\\":\\\"b\\\"}\"", ECS_E_BACKEND,
         "no usable access_token"},
        {"\"json\": {\"access_token\": \"a\", \"token_type\": \"mac\"}", ECS_E_BACKEND, "another type"},
        {"\"json\": {\"access_token\": \"a\", \"token_type\": 1}", ECS_E_BACKEND, "another type"},
        {"\"mode\": \"cut\", \"json\": {\"access_token\": \"a\"}", ECS_E_BACKEND, "connection broke"},
    };
    struct world w;

    (void)state;
    world_open(&w);
    for (size_t i = 0; i < ECS_ARRAY_LEN(cases); i++) {
        struct ecs_oauth_client *client = open_client(&w, (struct ecs_oauth_client_conf){0});
        char rule[512];
        const char *text;
        enum ecs_rc rc;

        snprintf(rule, sizeof(rule), "{\"path\": \"/token\", %s}", cases[i].rule);
        set_rule(&w, rule);
        text = token_at(&w, client, NOW, &rc);
        if (rc != cases[i].rc || !strstr(text, cases[i].text))
            fail_msg("%s: %s: %s", rule, ecs_rc_name(rc), text);
        assert_null(strstr(text, "cret"));
        ecs_oauth_client_free(client);
    }
    world_close(&w);
}

static void test_invalid_grant_tells_of_the_clock(void **state)
{
    static const struct {
        const char *date, *text;
    } cases[] = {{"Tue, 14 Nov 2023 22:15:20 GMT", "our clock is 120 s behind the provider's"},
                 {"Tue, 14 Nov 2023 21:13:20 GMT", "our clock is 3600 s ahead of the provider's"},
                 {"Tue, 14 Nov 2023 22:13:22 GMT", "the clocks agree"},
                 {"12345678901234567890123", "clock wrong?"},
                 {"yesterday", "clock wrong?"}};
    struct world w;

    (void)state;
    world_open(&w);
    for (size_t i = 0; i < ECS_ARRAY_LEN(cases); i++) {
        struct ecs_oauth_client *client = open_client(&w, (struct ecs_oauth_client_conf){0});
        char rule[512];
        const char *text;
        enum ecs_rc rc;

        snprintf(rule, sizeof(rule),
                 "{\"path\": \"/token\", \"status\": 400, \"headers\": {\"Date\": \"%s\"}, "
                 "\"json\": {\"error\": \"invalid_grant\", \"error_description\": \"secret\"}}",
                 cases[i].date);
        set_rule(&w, rule);
        text = token_at(&w, client, NOW, &rc);
        assert_int_equal(rc, ECS_E_CONFIG);
        assert_non_null(strstr(text, "invalid_grant"));
        if (!strstr(text, cases[i].text))
            fail_msg("%s", text);
        assert_null(strstr(text, "secret"));
        ecs_oauth_client_free(client);
    }
    world_close(&w);
}

static void test_after_a_failure_the_provider_is_left_alone(void **state)
{
    struct ecs_oauth_client *client;
    struct world w;
    enum ecs_rc rc;

    (void)state;
    world_open(&w);
    client = open_client(&w, (struct ecs_oauth_client_conf){0});
    set_rule(&w, "{\"path\": \"/token\", \"status\": 401, \"json\": {\"error\": \"invalid_client\"}}");
    token_at(&w, client, NOW, &rc);
    assert_int_equal(rc, ECS_E_CONFIG);
    assert_non_null(strstr(token_at(&w, client, NOW + 29, &rc), "invalid_client"));
    assert_int_equal(rc, ECS_E_CONFIG);
    assert_int_equal(asked_times(&w), 1);
    set_rule(&w, "{\"path\": \"/token\", \"status\": 503, \"headers\": {\"Retry-After\": \"40\"}}");
    token_at(&w, client, NOW + 30, &rc);
    assert_int_equal(rc, ECS_E_BACKEND);
    token_at(&w, client, NOW + 69, &rc);
    assert_int_equal(asked_times(&w), 2);
    set_rule(&w, "{\"path\": \"/token\", \"status\": 503, \"headers\": {\"Retry-After\": \"86400\"}}");
    token_at(&w, client, NOW + 70, &rc);
    token_at(&w, client, NOW + 369, &rc);
    assert_int_equal(asked_times(&w), 3);
    set_rule(&w, "{\"path\": \"/token\", \"status\": 500}");
    token_at(&w, client, NOW + 370, &rc);
    token_at(&w, client, NOW + 370,
             &rc); /* without a hint: the breaker and the caller's back-off are enough */
    assert_int_equal(asked_times(&w), 5);
    give(&w, "T", "3600");
    assert_string_equal(token_at(&w, client, NOW + 371, &rc), "T");
    ecs_oauth_client_free(client);
    world_close(&w);
}

static void test_a_token_that_cannot_be_renewed_serves_until_its_end(void **state)
{
    struct ecs_oauth_client *client;
    struct world w;
    enum ecs_rc rc;

    (void)state;
    world_open(&w);
    give(&w, "T", "3600");
    client = open_client(&w, (struct ecs_oauth_client_conf){0});
    assert_string_equal(token_at(&w, client, NOW, &rc), "T");
    set_rule(&w, "{\"path\": \"/token\", \"status\": 503, \"headers\": {\"Retry-After\": \"100\"}}");
    assert_string_equal(token_at(&w, client, NOW + 3300, &rc), "T");
    assert_int_equal(asked_times(&w), 2);
    assert_string_equal(token_at(&w, client, NOW + 3399, &rc), "T");
    assert_string_equal(token_at(&w, client, NOW + 3290, &rc), "T"); /* of a request that began before */
    assert_int_equal(asked_times(&w), 2);                            /* the pause holds */
    set_rule(&w, "{\"path\": \"/token\", \"status\": 401, \"json\": {\"error\": \"invalid_client\"}}");
    assert_string_equal(token_at(&w, client, NOW + 3590, &rc), "T");
    assert_int_equal(asked_times(&w), 3);
    assert_string_equal(token_at(&w, client, NOW + 3599, &rc), "T");
    assert_non_null(strstr(token_at(&w, client, NOW + 3600, &rc), "!token endpoint: HTTP status 401"));
    assert_int_equal(rc, ECS_E_CONFIG);
    assert_int_equal(asked_times(&w), 3);
    give(&w, "new", "3600");
    assert_string_equal(token_at(&w, client, NOW + 3620, &rc), "new");
    ecs_oauth_client_free(client);
    world_close(&w);
}

static void test_a_refused_or_doubtful_token_is_not_given_out_after_a_failure(void **state)
{
    struct ecs_oauth_client *client;
    struct world w;
    enum ecs_rc rc;

    (void)state;
    world_open(&w);
    give(&w, "T", "3600");
    client = open_client(&w, (struct ecs_oauth_client_conf){0});
    assert_string_equal(token_at(&w, client, NOW, &rc), "T");
    set_rule(&w, "{\"path\": \"/token\", \"status\": 503, \"headers\": {\"Retry-After\": \"40\"}}");
    assert_string_equal(token_at(&w, client, NOW + 3300, &rc), "T");
    ecs_oauth_client_drop(client, "T"); /* the API does not take it any more */
    assert_non_null(strstr(token_at(&w, client, NOW + 3301, &rc), "503"));
    assert_int_equal(rc, ECS_E_BACKEND);
    assert_int_equal(asked_times(&w), 2);
    ecs_oauth_client_free(client);

    give(&w, "U", "3600");
    client = open_client(&w, (struct ecs_oauth_client_conf){0});
    assert_string_equal(token_at(&w, client, NOW, &rc), "U");
    set_rule(&w, "{\"path\": \"/token\", \"status\": 503}");
    assert_non_null(strstr(token_at(&w, client, NOW - 61, &rc), "503")); /* who knows how old it is */
    ecs_oauth_client_free(client);
    world_close(&w);
}

static void test_no_answer_is_told_as_such(void **state)
{
    struct ecs_oauth_client_conf conf = {
        .client_id = "a", .client_secret = "b", .token_url = "http://127.0.0.1:1/"};
    struct ecs_oauth_client *client;
    struct world w;
    enum ecs_rc rc;

    (void)state;
    world_open(&w);
    client = ecs_oauth_client_new(w.n, &conf);
    token_at(&w, client, NOW, &rc);
    assert_int_equal(rc, ECS_E_BACKEND);
    ecs_oauth_client_free(client);
    conf.token_url = "gopher://provider/";
    client = ecs_oauth_client_new(w.n, &conf);
    assert_null(strstr(token_at(&w, client, NOW, &rc), "provider"));
    assert_int_equal(rc, ECS_E_CONFIG);
    ecs_oauth_client_free(client);
    conf.grant = ECS_OAUTH_JWT_BEARER; /* without a signer */
    client = ecs_oauth_client_new(w.n, &conf);
    assert_non_null(strstr(token_at(&w, client, NOW, &rc), "cannot be signed"));
    assert_int_equal(rc, ECS_E_CONFIG);
    ecs_oauth_client_free(client);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals_and_troubles_are_told_apart),
        cmocka_unit_test(test_invalid_grant_tells_of_the_clock),
        cmocka_unit_test(test_after_a_failure_the_provider_is_left_alone),
        cmocka_unit_test(test_a_token_that_cannot_be_renewed_serves_until_its_end),
        cmocka_unit_test(test_a_refused_or_doubtful_token_is_not_given_out_after_a_failure),
        cmocka_unit_test(test_no_answer_is_told_as_such),
    };

    return cmocka_run_group_tests(tests, start_origin, stop_origin);
}
