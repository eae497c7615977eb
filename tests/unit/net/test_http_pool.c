/* SPDX-License-Identifier: Apache-2.0 */
/* Calls to a real HTTP/1.1 server: answers, headers, bodies, limits and everything a server can do wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <time.h>

#include "neighbour_fixture.h"

struct env {
    struct rig rig;
    struct ecs_neighbour *n;
    struct ecs_neighbour_stats stats;
};

static void env_open(struct env *e, struct ecs_neighbour_conf conf)
{
    memset(&e->stats, 0, sizeof(e->stats));
    rig_open(&e->rig);
    conf.stats = &e->stats;
    e->n = new_neighbour(&e->rig, conf);
}

static void env_close(struct env *e)
{
    ecs_neighbour_free(e->n);
    assert_int_equal(e->stats.in_flight, 0);
    rig_close(&e->rig);
}

static void test_any_status_is_an_answer(void **state)
{
    static const int codes[] = {200, 204, 302, 400, 401, 404, 429, 500, 503};
    struct env e;

    (void)state;
    env_open(&e, (struct ecs_neighbour_conf){0});
    for (size_t i = 0; i < ECS_ARRAY_LEN(codes); i++) {
        struct asked a = {0};
        char path[32];

        snprintf(path, sizeof(path), "/status/%d", codes[i]);
        rig_ask(&e.rig, &a, e.n, "GET", plain_url(path));
        assert_int_equal(a.answer.rc, ECS_OK);
        assert_int_equal(a.answer.status, codes[i]);
        assert_null(a.answer.error);
        assert_int_equal(a.answer.body.n, codes[i] == 204 ? 0 : strlen("as asked"));
        asked_free(&a);
    }
    assert_int_equal(e.stats.calls, 9);
    assert_int_equal(e.stats.ok, 6);
    assert_int_equal(e.stats.http_errors, 3);
    assert_true(e.stats.us_total > 0);
    env_close(&e);
}

static void test_method_headers_and_body_arrive(void **state)
{
    struct env e;
    struct asked a = {
        .ask = {.content_type = "application/json",
                .body = ECS_STR("{\"a\":1}"),
                .bearer = "tok.en",
                .header = {{"X-Trace", "one two"}, {"X-Empty", ""}, {"Accept", "application/json"}}}};
    const char *body;

    (void)state;
    env_open(&e, (struct ecs_neighbour_conf){0});
    rig_ask(&e.rig, &a, e.n, "PUT", plain_url("/echo?x=%20y&z"));
    assert_int_equal(a.answer.rc, ECS_OK);
    assert_true(ecs_str_eq(a.answer.content_type, ECS_STR("application/json")));
    assert_null(a.answer.location.p);
    assert_int_equal(a.answer.retry_after_s, -1);
    body = a.answer.body.p;
    assert_non_null(strstr(body, "\"method\": \"PUT\""));
    assert_non_null(strstr(body, "\"target\": \"/echo?x=%20y&z\""));
    assert_non_null(strstr(body, "\"body\": \"{\\\"a\\\":1}\""));
    assert_non_null(strstr(body, "\"content-type\": \"application/json\""));
    assert_non_null(strstr(body, "\"authorization\": \"Bearer tok.en\""));
    assert_non_null(strstr(body, "\"x-trace\": \"one two\""));
    assert_non_null(strstr(body, "\"x-empty\": \"\""));
    assert_non_null(strstr(body, "\"accept\": \"application/json\""));
    assert_non_null(strstr(body, "\"user-agent\": \"entitlementd\""));
    assert_null(strstr(body, "\"expect\""));
    asked_free(&a);
    env_close(&e);
}

static void test_an_empty_post_has_no_content_type_and_a_length(void **state)
{
    struct env e;
    struct asked a = {.ask = {.basic_user = "Aladdin", .basic_password = "open sesame"}};

    (void)state;
    env_open(&e, (struct ecs_neighbour_conf){0});
    rig_ask(&e.rig, &a, e.n, "POST", plain_url("/echo"));
    assert_int_equal(a.answer.rc, ECS_OK);
    assert_non_null(strstr(a.answer.body.p, "\"content-length\": \"0\""));
    assert_null(strstr(a.answer.body.p, "\"content-type\""));
    assert_non_null(strstr(a.answer.body.p, "\"authorization\": \"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\""));
    asked_free(&a);
    env_close(&e);
}

static void test_a_large_body_is_sent_without_expect(void **state)
{
    enum { SIZE = 3 << 20 };
    struct env e;
    char *body = malloc(SIZE);
    struct asked a = {.ask = {.body = {body, SIZE}}};

    (void)state;
    assert_non_null(body);
    memset(body, 'b', SIZE);
    env_open(&e, (struct ecs_neighbour_conf){.max_answer = 8 << 20});
    rig_ask(&e.rig, &a, e.n, "DELETE", plain_url("/status/200"));
    assert_int_equal(a.answer.status, 200);
    asked_free(&a);
    env_close(&e);
    free(body);
}

static void test_connections_are_used_again(void **state)
{
    struct env e;
    int before;

    (void)state;
    env_open(&e, (struct ecs_neighbour_conf){0});
    before = number_in(rig_text(&e.rig, e.n, "GET", plain_url("/_double/stats"), NULL), "connections");
    for (int i = 0; i < 5; i++)
        rig_text(&e.rig, e.n, "GET", plain_url("/echo"), NULL);
    assert_int_equal(
        number_in(rig_text(&e.rig, e.n, "GET", plain_url("/_double/stats"), NULL), "connections"), before);
    env_close(&e);
}

static void test_a_connection_that_the_server_closed_costs_nothing(void **state)
{
    struct env e;

    (void)state;
    env_open(&e, (struct ecs_neighbour_conf){0});
    for (int i = 0; i < 10; i++) {
        struct asked a = {0};

        rig_ask(&e.rig, &a, e.n, "GET", plain_url("/mode/close"));
        assert_int_equal(a.answer.rc, ECS_OK);
        asked_free(&a);
        if (i % 2)
            rig_turns(&e.rig, 5);
    }
    assert_int_equal(e.stats.failures, 0);
    env_close(&e);
}

static void test_redirects_are_not_followed(void **state)
{
    struct env e;
    struct asked a = {0};

    (void)state;
    env_open(&e, (struct ecs_neighbour_conf){0});
    rig_ask(&e.rig, &a, e.n, "GET", plain_url("/redirect"));
    assert_int_equal(a.answer.status, 302);
    assert_true(ecs_str_eq(a.answer.location, ECS_STR("/echo")));
    assert_string_equal(a.answer.body.p, "elsewhere");
    asked_free(&a);
    env_close(&e);
}

static int64_t retry_of(struct env *e, const char *path)
{
    struct asked a = {0};
    int64_t s;

    rig_ask(&e->rig, &a, e->n, "GET", plain_url(path));
    assert_int_equal(a.answer.status, 503);
    s = a.answer.retry_after_s;
    asked_free(&a);
    return s;
}

static void test_retry_after_is_told_in_seconds(void **state)
{
    time_t soon = time(NULL) + 100;
    char path[128];
    struct env e;
    struct tm tm;

    (void)state;
    env_open(&e, (struct ecs_neighbour_conf){0});
    assert_true(strftime(path, sizeof(path), "/retry/%a,%%20%d%%20%b%%20%Y%%20%H:%M:%S%%20GMT",
                         gmtime_r(&soon, &tm)) > 0);
    assert_in_range(retry_of(&e, path), 90, 100);
    assert_int_equal(retry_of(&e, "/retry/17"), 17);
    assert_int_equal(retry_of(&e, "/retry/soon"), -1);
    env_close(&e);
}

static void test_answers_up_to_the_limit_are_taken(void **state)
{
    static const struct {
        const char *path;
        enum ecs_rc rc;
    } cases[] = {{"/bytes/5000", ECS_OK},
                 {"/chunked/5000", ECS_OK},
                 {"/bytes/5001", ECS_E_TOO_LARGE},
                 {"/chunked/5001", ECS_E_TOO_LARGE},
                 {"/bytes/1000000", ECS_E_TOO_LARGE},
                 {"/headers/60/200", ECS_OK},
                 {"/headers/70/1", ECS_E_TOO_LARGE},
                 {"/headers/20/900", ECS_E_TOO_LARGE}};
    struct env e;

    (void)state;
    env_open(&e, (struct ecs_neighbour_conf){.max_answer = 5000});
    for (size_t i = 0; i < ECS_ARRAY_LEN(cases); i++) {
        struct asked a = {0};

        rig_ask(&e.rig, &a, e.n, "GET", plain_url(cases[i].path));
        assert_int_equal(a.answer.rc, cases[i].rc);
        assert_true((a.answer.error == NULL) == (cases[i].rc == ECS_OK));
        if (cases[i].rc == ECS_OK && i < 2)
            assert_int_equal(a.answer.body.n, 5000);
        asked_free(&a);
    }
    assert_int_equal(e.stats.failures, 5);
    assert_true(ecs_neighbour_is_up(e.n)); /* it answers: the breaker has no part in this */
    env_close(&e);
}

static void test_an_answer_that_the_request_cannot_hold_is_too_large(void **state)
{
    struct env e;
    struct asked a = {0};

    (void)state;
    env_open(&e, (struct ecs_neighbour_conf){.max_answer = 2 << 20});
    rig_ask(&e.rig, &a, e.n, "GET", plain_url("/bytes/1500000")); /* the arena has 1 MiB */
    assert_int_equal(a.answer.rc, ECS_E_TOO_LARGE);
    asked_free(&a);
    env_close(&e);
}

static void test_broken_answers_are_failures(void **state)
{
    static const char *const paths[] = {"/mode/cut", "/mode/garbage", "/mode/nothing", "/mode/folded",
                                        "/mode/control"};
    struct env e;

    (void)state;
    env_open(&e, (struct ecs_neighbour_conf){.breaker_failures = 100});
    for (size_t i = 0; i < ECS_ARRAY_LEN(paths); i++) {
        struct asked a = {0};

        rig_ask(&e.rig, &a, e.n, "GET", plain_url(paths[i]));
        assert_int_equal(a.answer.rc, ECS_E_BACKEND);
        assert_int_equal(a.answer.status, 0);
        assert_null(a.answer.body.p);
        assert_non_null(a.answer.error);
        assert_null(strstr(a.answer.error, "localhost"));
        asked_free(&a);
    }
    assert_int_equal(e.stats.failures, ECS_ARRAY_LEN(paths));
    env_close(&e);
}

static void test_interim_answers_and_trailers_are_not_mixed_in(void **state)
{
    static const char *const paths[] = {"/mode/interim", "/mode/trailers"};
    struct env e;

    (void)state;
    env_open(&e, (struct ecs_neighbour_conf){0});
    for (size_t i = 0; i < ECS_ARRAY_LEN(paths); i++) {
        struct asked a = {0};

        rig_ask(&e.rig, &a, e.n, "GET", plain_url(paths[i]));
        assert_int_equal(a.answer.status, 200);
        assert_int_equal(a.answer.body.n, 100);
        assert_int_equal(a.answer.retry_after_s, -1);
        assert_null(ecs_ask_header(&a.answer, "link"));
        assert_null(ecs_ask_header(&a.answer, "x-trailer"));
        assert_non_null(ecs_ask_header(&a.answer, "content-type"));
        asked_free(&a);
    }
    env_close(&e);
}

static void test_slow_answers_end_with_the_time_limit(void **state)
{
    struct env e;
    struct asked a = {0}, b = {.ask = {.total_ms = 80}};

    (void)state;
    env_open(&e, (struct ecs_neighbour_conf){.total_ms = 200});
    rig_ask(&e.rig, &a, e.n, "GET", plain_url("/slow/3000"));
    assert_int_equal(a.answer.rc, ECS_E_TIMEOUT);
    assert_in_range(a.us, 200000, 900000);
    asked_free(&a);
    rig_ask(&e.rig, &b, e.n, "GET", plain_url("/mode/hang"));
    assert_int_equal(b.answer.rc, ECS_E_TIMEOUT);
    assert_in_range(b.us, 80000, 190000 * 4);
    asked_free(&b);
    assert_int_equal(e.stats.timeouts, 2);
    assert_int_equal(e.stats.failures, 0);
    env_close(&e);
}

static void test_nobody_listening_is_a_failure(void **state)
{
    struct env e;
    struct asked a = {0};

    (void)state;
    env_open(&e, (struct ecs_neighbour_conf){0});
    rig_ask(&e.rig, &a, e.n, "GET", dead_url());
    assert_int_equal(a.answer.rc, ECS_E_BACKEND);
    asked_free(&a);
    env_close(&e);
}

static void test_asks_that_could_say_something_else_are_refused(void **state)
{
    static const struct ecs_ask asks[] = {
        {.method = "GET", .url = NULL},
        {.method = "GET", .url = ""},
        {.method = "GET", .url = "ftp://localhost/"},
        {.method = "GET", .url = "file:///etc/passwd"},
        {.method = "GET", .url = "http://"},
        {.method = "GET", .url = "http:///path"},
        {.method = "GET", .url = "http://a b/"},
        {.method = "GET", .url = "http://localhost/\r\nX: y"},
        {.method = "GET", .url = "http://user:word@localhost/"},
        {.method = "GET", .url = "http://localhost\\@other/"},
        {.method = "GET", .url = "http://localhost/\xc3\xa4"},
        {.method = NULL, .url = "http://localhost/"},
        {.method = "get", .url = "http://localhost/"},
        {.method = "HEAD", .url = "http://localhost/"},
        {.method = "GET /x HTTP/1.1\r\n", .url = "http://localhost/"},
        {.method = "GET", .url = "http://localhost/", .body = ECS_STR("x")},
        {.method = "GET", .url = "http://localhost/", .header = {{"X", "a\r\nY: b"}}},
        {.method = "GET", .url = "http://localhost/", .header = {{"X", NULL}}},
        {.method = "GET", .url = "http://localhost/", .header = {{"X", "a\tb"}}},
        {.method = "GET", .url = "http://localhost/", .header = {{"", "a"}}},
        {.method = "GET", .url = "http://localhost/", .header = {{"X:", "a"}}},
        {.method = "GET", .url = "http://localhost/", .header = {{"X Y", "a"}}},
        {.method = "GET", .url = "http://localhost/", .header = {{"Ok", "a"}, {"content-length", "5"}}},
        {.method = "GET", .url = "http://localhost/", .header = {{"Transfer-Encoding", "chunked"}}},
        {.method = "POST", .url = "http://localhost/", .content_type = "text/plain\nX: y"},
        {.method = "GET", .url = "http://localhost/", .bearer = ""},
        {.method = "GET", .url = "http://localhost/", .bearer = "a b"},
        {.method = "GET", .url = "http://localhost/", .bearer = "a\n"},
        {.method = "GET", .url = "http://localhost/", .basic_user = "a"},
        {.method = "GET", .url = "http://localhost/", .basic_password = "a"},
        {.method = "GET", .url = "http://localhost/", .basic_user = "a:b", .basic_password = "c"},
        {.method = "GET", .url = "http://localhost/", .basic_user = "a", .basic_password = "c\n"},
        {.method = "GET",
         .url = "http://localhost/",
         .basic_user = "a",
         .basic_password = "c",
         .bearer = "t"},
    };
    struct env e;

    (void)state;
    env_open(&e, (struct ecs_neighbour_conf){0});
    for (size_t i = 0; i < ECS_ARRAY_LEN(asks); i++) {
        struct asked a = {.n = e.n, .ask = asks[i]};

        asked_start(&e.rig, &a);
        assert_true(a.ended && a.done);
        assert_int_equal(a.answer.rc, ECS_E_BAD_PARAMETER);
        assert_non_null(a.answer.error);
        asked_free(&a);
    }
    assert_int_equal(e.stats.calls, 0);
    env_close(&e);
}

static void test_plain_http_needs_to_be_allowed(void **state)
{
    struct ecs_neighbour_conf conf = {.name = "strict"};
    struct asked a = {0};
    struct rig rig;

    (void)state;
    rig_open(&rig);
    a.n = ecs_neighbour_new(rig.pool, &conf);
    assert_non_null(a.n);
    rig_ask(&rig, &a, a.n, "GET", plain_url("/status/200"));
    assert_int_equal(a.answer.rc, ECS_E_BAD_PARAMETER);
    assert_string_equal(a.answer.error, "the URL is not https");
    asked_free(&a);
    ecs_neighbour_free(a.n);
    rig_close(&rig);
}

static void test_proxies_of_the_environment_are_not_used(void **state)
{
    struct env e;

    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    env_open(&e, (struct ecs_neighbour_conf){0});
    rig_text(&e.rig, e.n, "GET", plain_url("/echo"), NULL);
    env_close(&e);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_status_is_an_answer),
        cmocka_unit_test(test_method_headers_and_body_arrive),
        cmocka_unit_test(test_an_empty_post_has_no_content_type_and_a_length),
        cmocka_unit_test(test_a_large_body_is_sent_without_expect),
        cmocka_unit_test(test_connections_are_used_again),
        cmocka_unit_test(test_a_connection_that_the_server_closed_costs_nothing),
        cmocka_unit_test(test_redirects_are_not_followed),
        cmocka_unit_test(test_retry_after_is_told_in_seconds),
        cmocka_unit_test(test_answers_up_to_the_limit_are_taken),
        cmocka_unit_test(test_an_answer_that_the_request_cannot_hold_is_too_large),
        cmocka_unit_test(test_broken_answers_are_failures),
        cmocka_unit_test(test_interim_answers_and_trailers_are_not_mixed_in),
        cmocka_unit_test(test_slow_answers_end_with_the_time_limit),
        cmocka_unit_test(test_nobody_listening_is_a_failure),
        cmocka_unit_test(test_asks_that_could_say_something_else_are_refused),
        cmocka_unit_test(test_plain_http_needs_to_be_allowed),
        cmocka_unit_test(test_proxies_of_the_environment_are_not_used),
    };

    return cmocka_run_group_tests(tests, start_plain, stop_plain);
}
