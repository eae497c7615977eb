/* SPDX-License-Identifier: Apache-2.0 */
/* Idle connections give memory back, without any change that MHD or a client could see. */
#include "http_clients.h"
#include "net/http_priv.h"

enum { CLIENTS = 300, POOL = 20 * 1024 };

static struct ecs_loop *loop;

static void handle(struct ecs_http_request *r)
{
    struct ecs_http_reply reply = {.status = 200, .body = r->query};

    ecs_http_reply(r, &reply);
}

static int setup(void **state)
{
    loop = ecs_loop_new();
    *state = calloc(1, sizeof(struct fixture));
    return !loop || !*state;
}

static int teardown(void **state)
{
    fixture_close(*state);
    ecs_loop_free(loop);
    free(*state);
    return 0;
}

static long resident_bytes(void)
{
    long total = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");

    assert_non_null(f);
    assert_int_equal(fscanf(f, "%ld %ld", &total, &resident), 2);
    fclose(f);
    return resident * sysconf(_SC_PAGESIZE);
}

static void ask(struct client *c, const char *query)
{
    struct answer a;
    char text[128];

    snprintf(text, sizeof(text), "GET /?%s HTTP/1.1\r\nHost: x\r\n\r\n", query);
    client_ask(c, text, &a);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, query);
    answer_free(&a);
}

/* What a client has sent of its next request fills pages that are not zeros. */
static void expect_half_requests_stay(struct client *c)
{
    struct ecs_buf b = {0};
    struct answer a;

    ecs_buf_add_cstr(&b, "GET /?");
    for (int i = 0; i < 3000; i++)
        ecs_buf_printf(&b, "%04d", i);
    assert_true(client_send(c, b.p, b.n));
    pump(c->f, 800);
    client_say(c, " HTTP/1.1\r\n\r\n");
    client_answer(c, false, &a);
    assert_int_equal(a.body_n, b.n - 6);
    assert_memory_equal(a.body, b.p + 6, b.n - 6);
    answer_free(&a);
    ecs_buf_done(&b);
}

static void test_idle_connections_give_memory_back(void **state)
{
    struct fixture *f = *state;
    struct client *c = calloc(CLIENTS, sizeof(*c));
    long before, after;

    assert_non_null(c);
    if (!http_trim_chunk(POOL)) { /* a sanitizer's allocator */
        free(c);
        skip();
    }
    f->conf.limits.trim_after_ms = 500;
    fixture_open(f, loop, handle);
    for (int i = 0; i < CLIENTS; i++) {
        client_open(&c[i], f);
        ask(&c[i], "first=1");
    }
    before = resident_bytes();
    pump(f, 1200);
    after = resident_bytes();
    print_message("resident bytes given back by each connection: %ld\n", (before - after) / CLIENTS);
    assert_true(before - after >= CLIENTS * 12000L);
    for (int i = 0; i < CLIENTS; i++) {
        ask(&c[i], "second=2");
        ask(&c[i], "third=3");
    }
    expect_half_requests_stay(&c[0]);
    for (int i = 0; i < CLIENTS; i++)
        client_close(&c[i]);
    free(c);
}

static void test_a_shifted_first_request_is_not_taken_for_the_pools_begin(void **state)
{
    struct fixture *f = *state;
    struct client c;
    struct answer a;

    f->conf.limits.trim_after_ms = 50;
    fixture_open(f, loop, handle);
    for (int lines = 0; lines < 5000; lines += lines < 20 ? 1 : 1660) {
        client_open(&c, f);
        for (int i = 0; i < lines; i++)
            client_say(&c, "\r\n");
        client_ask(&c, "GET /?x=y HTTP/1.1\r\n\r\n", &a);
        assert_int_equal(a.status, 200);
        answer_free(&a);
        assert_non_null(f->server->peers);
        if (lines)
            assert_null(f->server->peers->pool_start);
        else
            assert_int_equal(f->server->peers->pool_start != NULL, http_trim_chunk(POOL) != 0);
        client_close(&c);
        pump_until(f, &f->stats.connections_open, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_idle_connections_give_memory_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_shifted_first_request_is_not_taken_for_the_pools_begin, setup,
                                        teardown),
    };

    ecs_log_init(ECS_LOG_TEXT, ECS_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
