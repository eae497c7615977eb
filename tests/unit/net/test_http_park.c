/* SPDX-License-Identifier: Apache-2.0 */
/* Unfinished TLS handshakes: they cost nothing while they wait, end at their deadline, and harm nobody else.
 */
#include <sys/resource.h>
#include <time.h>

#include "http_certs.h"

enum { HALF_OPEN = 1000, SILENT = 100 };

static struct ecs_loop *loop;
static char hello[2048]; /* a real ClientHello */
static size_t hello_n;

static void handle(struct ecs_http_request *r)
{
    struct ecs_http_reply reply = {.status = 200, .body = ECS_STR("ok")};

    ecs_http_reply(r, &reply);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct ecs_http_cert_conf cert = {certs_path("ec.crt"), certs_path("ec.key")};
    struct ecs_http_tls_conf conf = {.certs = &cert, .cert_count = 1};
    char err[256] = "";

    loop = ecs_loop_new();
    *state = f;
    if (!loop || !f)
        return 1;
    f->conf.tls = ecs_http_tls_load(&conf, err, sizeof(err));
    if (!f->conf.tls)
        fail_msg("%s", err);
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fixture_close(f);
    ecs_http_tls_unref(f->conf.tls);
    ecs_loop_free(loop);
    free(f);
    return 0;
}

static int64_t cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void ask_honestly(struct fixture *f)
{
    SSL_CTX *ctx = client_ctx(0);
    struct client c;
    struct answer a;

    client_open_tls(&c, f, ctx, NULL);
    assert_true(client_handshake(&c));
    client_ask(&c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", &a);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    client_close(&c);
    SSL_CTX_free(ctx);
}

/* The turns of the loop that only wait must be few: sleeping is measured as CPU time of this thread. */
static void test_a_thousand_half_open_hellos_cost_next_to_nothing_and_end(void **state)
{
    struct fixture *f = *state;
    int *fds = calloc(HALF_OPEN, sizeof(*fds));
    int64_t cpu, begin;

    assert_non_null(fds);
    f->conf.limits.handshake_ms = 3500;
    fixture_open(f, loop, handle);
    for (int i = 0; i < HALF_OPEN; i++) {
        fds[i] = connect_raw(f);
        /* some stop in the middle of the hello, some wait for the server's answer, a few say nothing */
        if (i >= SILENT)
            assert_true(send(fds[i], hello, i % 2 ? 8 : hello_n, 0) > 0);
        if (i % 20 == 0)
            pump(f, 0);
    }
    pump_until(f, &f->stats.handshakes_parked, HALF_OPEN - SILENT);
    begin = ecs_clock_mono_us();
    cpu = cpu_us();
    while (ecs_clock_mono_us() < begin + 1500000)
        assert_int_equal(ecs_loop_turn(loop, 100000), ECS_OK);
    cpu = cpu_us() - cpu;
    assert_int_equal(atomic_load(&f->stats.handshakes_parked), HALF_OPEN - SILENT);
    print_message("%d half-open handshakes: %.3f %% of a core\n", HALF_OPEN, (double)cpu / 15000.0);
    assert_in_range(cpu, 0, 30000); /* 2 % of 1.5 s */
    ask_honestly(f);
    pump_until(f, &f->stats.connections_open, 0);
    assert_int_equal(atomic_load(&f->stats.deadline_kills), HALF_OPEN);
    assert_int_equal(atomic_load(&f->stats.handshakes_parked), 0);
    assert_int_equal(atomic_load(&f->stats.handshakes_failed), HALF_OPEN);
    for (int i = 0; i < HALF_OPEN; i++)
        close(fds[i]);
    free(fds);
}

static void test_a_delayed_finished_is_waited_for(void **state)
{
    enum { N = 64 };
    struct fixture *f = *state;
    SSL_CTX *ctx = client_ctx(0);
    struct client c[N];
    struct answer a;
    int64_t cpu;

    fixture_open(f, loop, handle);
    for (int i = 0; i < N; i++) {
        client_open_tls(&c[i], f, ctx, NULL);
        assert_int_equal(SSL_do_handshake(c[i].ssl), -1);
    }
    pump_until(f, &f->stats.handshakes_parked, N);
    pump(f, 100); /* the servers' flights are out */
    cpu = cpu_us();
    for (int64_t end = ecs_clock_mono_us() + 300000; ecs_clock_mono_us() < end;)
        assert_int_equal(ecs_loop_turn(loop, 50000), ECS_OK);
    assert_in_range(cpu_us() - cpu, 0, 15000);
    for (int i = 0; i < N; i++) {
        assert_true(client_handshake(&c[i]));
        client_ask(&c[i], "GET / HTTP/1.1\r\nHost: x\r\n\r\n", &a);
        assert_int_equal(a.status, 200);
        answer_free(&a);
        client_close(&c[i]);
    }
    pump_until(f, &f->stats.connections_open, 0);
    assert_int_equal(atomic_load(&f->stats.handshakes_ok), N);
    SSL_CTX_free(ctx);
}

/* A hello in single bytes is many parkings of one connection. */
static void test_a_hello_in_single_bytes_is_understood(void **state)
{
    struct fixture *f = *state;
    char in[4096];
    int fd;

    fixture_open(f, loop, handle);
    fd = connect_raw(f);
    for (size_t i = 0; i < hello_n; i++) {
        assert_int_equal(send(fd, hello + i, 1, 0), 1);
        pump(f, 0);
        pump(f, 0);
    }
    pump(f, 50);
    assert_true(recv(fd, in, sizeof(in), 0) > 100);
    assert_int_equal(in[0], 22); /* a handshake record: ServerHello */
    close(fd);
    pump_until(f, &f->stats.connections_open, 0);
}

static void test_resets_and_garbage_in_mid_handshake_do_no_harm(void **state)
{
    struct linger now = {1, 0};
    struct fixture *f = *state;
    unsigned seed = 1;

    f->conf.limits.handshake_ms = 1000;
    fixture_open(f, loop, handle);
    for (int i = 0; i < 300; i++) {
        int fd = connect_raw(f);
        size_t n = (size_t)(rand_r(&seed) % (int)hello_n);
        char bytes[sizeof(hello)];

        memcpy(bytes, hello, hello_n);
        if (i % 2)
            bytes[rand_r(&seed) % (int)hello_n] ^= (char)(1 + rand_r(&seed) % 255);
        (void)!send(fd, bytes, i % 3 ? n : hello_n, MSG_NOSIGNAL);
        if (i % 5)
            pump(f, 0);
        if (i % 4 == 0)
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
        if (i % 7 == 0)
            (void)!send(fd, "garbage behind it", 17, MSG_NOSIGNAL);
        close(fd);
    }
    ask_honestly(f);
    pump_until(f, &f->stats.connections_open, 0);
    assert_int_equal(atomic_load(&f->stats.handshakes_parked), 0);
}

static void test_drain_and_stop_manage_parked_connections(void **state)
{
    struct fixture *f = *state;
    SSL_CTX *ctx = client_ctx(0);
    struct client c;
    struct answer a;
    int fds[20];

    fixture_open(f, loop, handle);
    client_open_tls(&c, f, ctx, NULL);
    assert_int_equal(SSL_do_handshake(c.ssl), -1);
    for (int i = 0; i < 20; i++) {
        fds[i] = connect_raw(f);
        assert_int_equal(send(fds[i], hello, 8, 0), 8);
    }
    pump_until(f, &f->stats.handshakes_parked, 21);
    ecs_http_server_drain(f->server);
    pump(f, 20);
    assert_true(client_handshake(&c)); /* begun before: served, then closed */
    client_ask(&c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", &a);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.head, "\r\nConnection: close\r\n"));
    answer_free(&a);
    client_close(&c);
    assert_int_equal(atomic_load(&f->stats.handshakes_parked), 20);
    fixture_close(f); /* must neither abort nor leak */
    assert_int_equal(atomic_load(&f->stats.connections_open), 0);
    for (int i = 0; i < 20; i++)
        close(fds[i]);
    SSL_CTX_free(ctx);
}

static int make_all(void **state)
{
    struct rlimit files = {4096, 4096};
    SSL_CTX *ctx = client_ctx(0);
    SSL *ssl = SSL_new(ctx);
    BIO *out = BIO_new(BIO_s_mem());

    (void)state;
    certs_open();
    certs_make("ec", false, "DNS:ec.example");
    (void)setrlimit(RLIMIT_NOFILE, &files);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), out);
    SSL_set_connect_state(ssl);
    SSL_do_handshake(ssl);
    hello_n = (size_t)BIO_read(out, hello, sizeof(hello));
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    return hello_n < 100 || hello_n > sizeof(hello);
}

static int remove_all(void **state)
{
    (void)state;
    certs_close();
    return 0;
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_a_thousand_half_open_hellos_cost_next_to_nothing_and_end),
        CASE(test_a_delayed_finished_is_waited_for),
        CASE(test_a_hello_in_single_bytes_is_understood),
        CASE(test_resets_and_garbage_in_mid_handshake_do_no_harm),
        CASE(test_drain_and_stop_manage_parked_connections),
    };

    ecs_log_init(ECS_LOG_TEXT, ECS_LOG_ERROR);
    return cmocka_run_group_tests(tests, make_all, remove_all);
}
