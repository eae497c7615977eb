/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server over plain TCP: raw targets, bodies, limits, methods, late replies, clients that leave. */
#include "http_clients.h"

static struct ecs_loop *loop;

static void reply_text(struct ecs_http_request *r, int status, struct ecs_str body)
{
    struct ecs_http_reply reply = {
        .status = status,
        .content_type = "text/plain",
        .body = body,
        .headers = {{ECS_STR("Set-Cookie"), ECS_STR("a=1; Path=/")}, {ECS_STR("Set-Cookie"), ECS_STR("b=2")}},
        .header_count = 2,
    };

    ecs_http_reply(r, &reply);
}

static void count_gone(void *arg)
{
    struct ecs_http_request *r = arg;
    struct fixture *f = r->env;

    f->gone++;
}

static void reply_late(void *arg)
{
    struct fixture *f = arg;

    reply_text(f->waiting, 200, ECS_STR("late"));
}

/* Tells what arrived; /later answers after 20 ms, /never not at all, /big with 300,000 bytes, /bad unusably.
 */
static void handle(struct ecs_http_request *r)
{
    struct fixture *f = r->env;
    struct ecs_str cookies[2] = {ECS_STR_NULL, ECS_STR_NULL};
    size_t n = 0;
    char *text;

    if (ecs_str_eq(r->path, ECS_STR("/later")) || ecs_str_eq(r->path, ECS_STR("/never"))) {
        f->waiting = r;
        ecs_http_on_gone(r, count_gone, r);
        if (ecs_str_eq(r->path, ECS_STR("/later")))
            ecs_timer_arm(&f->timer, r->loop, 20, reply_late, f);
        return;
    }
    if (ecs_str_eq(r->path, ECS_STR("/big"))) {
        text = ecs_alloc(r->arena, 300000);
        assert_non_null(text);
        memset(text, 'x', 300000);
        reply_text(r, 200, (struct ecs_str){text, 300000});
        return;
    }
    if (ecs_str_eq(r->path, ECS_STR("/bad"))) {
        reply_text(r, 99, ECS_STR(""));
        return;
    }
    for (size_t i = 0; i < r->header_count; i++)
        if (ecs_str_eq_nocase(r->headers[i].name, ECS_STR("cookie")) && n < 2)
            cookies[n++] = r->headers[i].value;
    text = ecs_printf(r->arena, "M=%.*s/%d P=%.*s Q%s%.*s N=%zu B=%.*s C=%.*s|%.*s A=%s T=%d",
                      ECS_FMT(r->method_name), (int)r->method, ECS_FMT(r->path), r->query.p ? "=" : "!",
                      ECS_FMT(r->query), r->body.n, r->body.n > 100 ? 100 : (int)r->body.n, r->body.p,
                      ECS_FMT(cookies[0]), ECS_FMT(cookies[1]), r->peer, r->tls);
    assert_non_null(text);
    reply_text(r, 200, ecs_str_of(text));
}

static int setup(void **state)
{
    loop = ecs_loop_new();
    *state = calloc(1, sizeof(struct fixture));
    return !loop || !*state;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fixture_close(f);
    ecs_timer_disarm(&f->timer);
    ecs_loop_free(loop);
    free(f);
    return 0;
}

static void expect(struct fixture *f, const char *request, int status, const char *body_part)
{
    struct answer a;
    struct client c;

    client_open(&c, f);
    client_ask(&c, request, &a);
    assert_int_equal(a.status, status);
    if (body_part && !strstr(a.body, body_part))
        fail_msg("\"%s\" is not in \"%s\"", body_part, a.body);
    answer_free(&a);
    client_close(&c);
}

/* proves: X-003 */
static void test_request_target_reaches_the_handler_as_sent(void **state)
{
    struct fixture *f = *state;

    fixture_open(f, loop, handle);
    expect(f, "GET /?a=b c HTTP/1.1\r\nHost: x\r\n\r\n", 200, " P=/ Q=a=b c N=0");
    expect(f, "GET /?vers=1 HTTP/1.1 HTTP/1.1\r\nHost: x\r\n\r\n", 200, " Q=vers=1 HTTP/1.1 N=0");
    expect(f, "GET /?EAP_ID=0001@nai.epc&x=%20+%41 HTTP/1.1\r\nHost: x\r\n\r\n", 200,
           " Q=EAP_ID=0001@nai.epc&x=%20+%41 N=0");
    expect(f, "GET /a%20b/../c?x?y=%zz HTTP/1.1\r\nHost: x\r\n\r\n", 200, " P=/a%20b/../c Q=x?y=%zz N=0");
    expect(f, "GET ?only=query HTTP/1.1\r\nHost: x\r\n\r\n", 200, " P= Q=only=query N=0");
    expect(f, "GET /? HTTP/1.1\r\nHost: x\r\n\r\n", 200, " P=/ Q= N=0");
    expect(f, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 200, " P=/ Q! N=0");
    expect(f, "GET /?\xc3\xa4=\xff HTTP/1.1\r\nHost: x\r\n\r\n", 200, " Q=\xc3\xa4=\xff N=0");
    expect(f, "GET /x HTTP/1.1\r\n\r\n", 200, " P=/x ");
}

static void test_every_method_reaches_the_handler(void **state)
{
    static const struct {
        const char *name;
        int number;
    } rows[] = {{"GET", ECS_HTTP_GET},       {"POST", ECS_HTTP_POST},       {"PUT", ECS_HTTP_PUT},
                {"DELETE", ECS_HTTP_DELETE}, {"OPTIONS", ECS_HTTP_OPTIONS}, {"PATCH", ECS_HTTP_OTHER},
                {"get", ECS_HTTP_OTHER},     {"PROPFIND", ECS_HTTP_OTHER}};
    struct fixture *f = *state;
    struct client c;
    struct answer a;
    char text[128], want[64];

    fixture_open(f, loop, handle);
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        snprintf(text, sizeof(text), "%s / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi", rows[i].name);
        snprintf(want, sizeof(want), "M=%s/%d P=/ Q! N=2 B=hi", rows[i].name, rows[i].number);
        expect(f, text, 200, want);
    }
    client_open(&c, f);
    client_ask(&c, "HEAD /h HTTP/1.1\r\nHost: x\r\n\r\n", &a);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.head, "Content-Length: "));
    answer_free(&a);
    client_ask(&c, "GET /after HTTP/1.1\r\nHost: x\r\n\r\n", &a); /* no byte of a body came before */
    assert_non_null(strstr(a.body, "P=/after"));
    answer_free(&a);
    client_close(&c);
}

static void test_repeated_headers_are_kept_in_both_directions(void **state)
{
    struct fixture *f = *state;
    struct client c;
    struct answer a;

    fixture_open(f, loop, handle);
    client_open(&c, f);
    client_ask(&c, "GET / HTTP/1.1\r\nHost: x\r\nCookie: one=1\r\ncookie: two=\"2\"; Path=/\r\n\r\n", &a);
    assert_non_null(strstr(a.body, "C=one=1|two=\"2\"; Path=/"));
    assert_non_null(strstr(a.head, "\r\nSet-Cookie: a=1; Path=/\r\n"));
    assert_non_null(strstr(a.head, "\r\nSet-Cookie: b=2\r\n"));
    assert_non_null(strstr(a.head, "\r\nContent-Type: text/plain\r\n"));
    assert_non_null(strstr(a.head, "\r\nDate: "));
    answer_free(&a);
    client_close(&c);
}

static void test_bodies_are_collected_whole(void **state)
{
    struct fixture *f = *state;
    struct client c;
    struct answer a;

    fixture_open(f, loop, handle);
    expect(f,
           "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
           "chunked\r\n\r\n3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\nX: y\r\n\r\n",
           200, "N=7 B=abcdefg");
    expect(f, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 200, "N=0");
    expect(f, "POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc", 200, "N=3 B=abc");
    client_open(&c, f);
    client_ask(&c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n", &a);
    assert_int_equal(a.status, 100);
    answer_free(&a);
    client_ask(&c, "xyz", &a);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body, "N=3 B=xyz"));
    answer_free(&a);
    client_close(&c);
}

static void test_a_body_over_the_limit_gets_413(void **state)
{
    struct fixture *f = *state;
    size_t n = 3000000;
    char *big = malloc(n);
    struct client c;
    struct answer a;

    f->conf.limits.body = 1000;
    f->conf.limits.discard = 4000000;
    fixture_open(f, loop, handle);
    assert_non_null(big);
    memset(big, 'x', n);
    client_open(&c, f);
    client_say(&c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n");
    assert_true(client_send(&c, big, n));
    client_answer(&c, false, &a);
    assert_int_equal(a.status, 413);
    assert_non_null(strstr(a.head, "\r\nCache-Control: no-store\r\n"));
    assert_true(client_sees_end(&c, 2000));
    answer_free(&a);
    client_close(&c);
    assert_int_equal(f->last_status, 413);
    /* as much as allowed passes, one byte more does not; chunks count alike */
    client_open(&c, f);
    client_say(&c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
    assert_true(client_send(&c, big, 1000));
    client_answer(&c, false, &a);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    client_say(&c, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3E9\r\n");
    assert_true(client_send(&c, big, 1001));
    client_say(&c, "\r\n0\r\n\r\n");
    client_answer(&c, false, &a);
    assert_int_equal(a.status, 413);
    answer_free(&a);
    client_close(&c);
    expect(f, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\nExpect: 100-continue\r\n\r\n", 413,
           NULL);
    expect(f, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", 413, NULL);
    free(big);
}

/* proves: P-063 */
static void test_request_targets_of_16_kB_are_accepted(void **state)
{
    struct fixture *f = *state;
    struct ecs_buf b = {0};
    struct client c;
    struct answer a;
    char want[32];

    fixture_open(f, loop, handle);
    ecs_buf_add_cstr(&b, "GET /?");
    while (b.n < 16384 + 4)
        ecs_buf_add_cstr(&b, "a=b&"); /* 4,096 parameters */
    ecs_buf_add_cstr(&b, " HTTP/1.1\r\nHost: x\r\nUser-Agent: ");
    for (int i = 0; i < 300; i++)
        ecs_buf_add_char(&b, 'u');
    ecs_buf_add_cstr(&b, "\r\nAccept: application/json\r\nCookie: a=1\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n");
    client_open(&c, f);
    for (int i = 0; i < 3; i++) {
        assert_true(client_send(&c, b.p, b.n));
        client_answer(&c, false, &a);
        assert_int_equal(a.status, 200);
        snprintf(want, sizeof(want), "a=b& N=0");
        assert_non_null(strstr(a.body, want));
        assert_true(a.body_n > 16384);
        answer_free(&a);
    }
    client_close(&c);
    ecs_buf_done(&b);
}

static void test_too_long_targets_and_headers_are_told(void **state)
{
    struct fixture *f = *state;
    struct ecs_buf b = {0};
    struct client c;
    struct answer a;

    fixture_open(f, loop, handle);
    ecs_buf_add_cstr(&b, "GET /?");
    while (b.n < 70000)
        ecs_buf_add_char(&b, 'q');
    client_open(&c, f);
    (void)client_send(&c, b.p, b.n);
    client_answer(&c, false, &a);
    assert_int_equal(a.status, 414);
    answer_free(&a);
    client_close(&c);
    ecs_buf_reset(&b);
    ecs_buf_add_cstr(&b, "GET / HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < 3000; i++)
        ecs_buf_add_cstr(&b, "X-Filler: 0123456789\r\n");
    client_open(&c, f);
    (void)client_send(&c, b.p, b.n);
    client_answer(&c, false, &a);
    assert_int_equal(a.status, 431);
    answer_free(&a);
    client_close(&c);
    ecs_buf_done(&b);
    assert_int_equal(f->answers, 0);
}

static void test_ambiguous_framing_is_refused(void **state)
{
    static const char *const heads[] = {
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: gzip\r\n\r\n",
        "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "Content-Length: +3\r\n\r\nabc",
        "Content-Length: 3x\r\n\r\nabc",
    };
    struct fixture *f = *state;
    char text[256];

    fixture_open(f, loop, handle);
    for (size_t i = 0; i < ECS_ARRAY_LEN(heads); i++) {
        struct client c;
        struct answer a;

        snprintf(text, sizeof(text), "POST / HTTP/1.1\r\nHost: x\r\n%s", heads[i]);
        client_open(&c, f);
        client_ask(&c, text, &a);
        if (a.status != 400)
            fail_msg("%s: %d", heads[i], a.status);
        assert_true(client_sees_end(&c, 1000));
        answer_free(&a);
        client_close(&c);
    }
    assert_int_equal(atomic_load(&f->stats.requests), 0);
}

static void test_garbage_gets_400_or_an_end(void **state)
{
    static const char *const texts[] = {"\r\n\r\n\r\nGET\r\n\r\n",
                                        "GET / HTTP/9.9\r\n\r\n",
                                        "GET / HTTP/1.1\r\nnocolon\r\n\r\n",
                                        "\x16\x03\x01\x02\x00\x01\xff\r\n\r\n",
                                        "GET /x\r\n\r\n",
                                        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"};
    struct fixture *f = *state;

    f->conf.limits.read_ms = 200;
    fixture_open(f, loop, handle);
    for (size_t i = 0; i < ECS_ARRAY_LEN(texts); i++) {
        struct client c;
        struct answer a;

        client_open(&c, f);
        client_ask(&c, texts[i], &a);
        assert_true(a.status == 0 || a.status == 400 || a.status == 505);
        assert_true(client_sees_end(&c, 1000));
        answer_free(&a);
        client_close(&c);
    }
    expect(f, "GET /fine HTTP/1.1\r\nHost: x\r\n\r\n", 200, "P=/fine");
}

static void test_connections_are_kept_and_pipelined_requests_answered_in_order(void **state)
{
    struct fixture *f = *state;
    struct client c;
    struct answer a;
    char want[16];

    fixture_open(f, loop, handle);
    client_open(&c, f);
    client_say(
        &c, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nz"
            "GET /3 HTTP/1.1\r\nHost: x\r\n\r\n\r\nGET /4 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    for (int i = 1; i <= 4; i++) {
        client_answer(&c, false, &a);
        snprintf(want, sizeof(want), "P=/%d ", i);
        assert_int_equal(a.status, 200);
        assert_non_null(strstr(a.body, want));
        answer_free(&a);
    }
    assert_true(client_sees_end(&c, 1000));
    client_close(&c);
    client_open(&c, f);
    client_ask(&c, "GET / HTTP/1.0\r\n\r\n", &a);
    assert_non_null(strstr(a.head, "\r\nConnection: close\r\n"));
    assert_true(client_sees_end(&c, 1000));
    answer_free(&a);
    client_close(&c);
    pump_until(f, &f->stats.connections_open, 0);
    assert_int_equal(atomic_load(&f->stats.connections_total), 2);
    assert_int_equal(atomic_load(&f->stats.requests), 5);
}

static void test_late_replies_arrive_and_request_ids_differ(void **state)
{
    struct fixture *f = *state;
    struct client c;
    struct answer a;
    char first[17];

    fixture_open(f, loop, handle);
    client_open(&c, f);
    client_ask(&c, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n", &a);
    assert_string_equal(a.body, "late");
    assert_int_equal(strlen(f->last_id), 16);
    assert_int_equal(strspn(f->last_id, "0123456789abcdef"), 16);
    memcpy(first, f->last_id, sizeof(first));
    answer_free(&a);
    client_ask(&c, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n", &a);
    assert_string_equal(a.body, "late");
    assert_string_not_equal(first, f->last_id);
    answer_free(&a);
    client_ask(&c, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n", &a);
    assert_int_equal(a.body_n, 300000);
    assert_int_equal(strspn(a.body, "x"), 300000);
    answer_free(&a);
    client_ask(&c, "GET /bad HTTP/1.1\r\nHost: x\r\n\r\n", &a);
    assert_int_equal(a.status, 500);
    answer_free(&a);
    client_close(&c);
    assert_int_equal(f->gone, 0);
}

static void test_a_client_that_leaves_is_noticed(void **state)
{
    struct fixture *f = *state;
    struct client c;

    f->conf.limits.gone_after_ms = 30;
    fixture_open(f, loop, handle);
    client_open(&c, f);
    client_say(&c, "GET /never HTTP/1.1\r\nHost: x\r\n\r\n");
    pump_until(f, &f->stats.requests, 1);
    pump(f, 60);
    assert_int_equal(f->gone, 0);
    client_close(&c);
    pump_until(f, &f->stats.connections_open, 0);
    assert_int_equal(f->gone, 1);
    assert_int_equal(atomic_load(&f->stats.clients_gone), 1);
    /* a request in work when the server is freed is told as well: teardown */
    client_open(&c, f);
    client_say(&c, "GET /never HTTP/1.1\r\nHost: x\r\n\r\n");
    pump_until(f, &f->stats.requests, 2);
    fixture_close(f);
    assert_int_equal(f->gone, 2);
    assert_int_equal(f->answers, 0);
    client_close(&c);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_request_target_reaches_the_handler_as_sent),
        CASE(test_every_method_reaches_the_handler),
        CASE(test_repeated_headers_are_kept_in_both_directions),
        CASE(test_bodies_are_collected_whole),
        CASE(test_a_body_over_the_limit_gets_413),
        CASE(test_request_targets_of_16_kB_are_accepted),
        CASE(test_too_long_targets_and_headers_are_told),
        CASE(test_ambiguous_framing_is_refused),
        CASE(test_garbage_gets_400_or_an_end),
        CASE(test_connections_are_kept_and_pipelined_requests_answered_in_order),
        CASE(test_late_replies_arrive_and_request_ids_differ),
        CASE(test_a_client_that_leaves_is_noticed),
    };

    ecs_log_init(ECS_LOG_TEXT, ECS_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
