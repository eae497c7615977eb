/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of the HTTP server: slow senders, idle and silent connections, connections per address, drain, and
 * whom the server believes to be the client. */
#include <sys/stat.h>
#include <sys/un.h>

#include "http_clients.h"

static struct ecs_loop *loop;

static void handle(struct ecs_http_request *r)
{
    struct ecs_http_reply reply = {.status = 200, .body = ecs_str_of(r->peer)};
    struct fixture *f = r->env;

    if (ecs_str_eq(r->path, ECS_STR("/wait"))) {
        f->waiting = r;
        return;
    }
    if (ecs_str_eq(r->path, ECS_STR("/big"))) {
        reply.body.n = 8000000;
        reply.body.p = ecs_alloc(r->arena, reply.body.n);
        assert_non_null(reply.body.p);
    }
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

/* One byte each 20 ms must not buy more time than one limit. */
static bool cut_off(struct fixture *f, struct client *c, const char *text, int64_t limit_ms)
{
    int64_t begin = ecs_clock_mono_us(), end = begin + 3 * limit_ms * 1000;
    struct answer a;

    for (; *text && ecs_clock_mono_us() < end && !c->eof; text++) {
        if (send(c->fd, text, 1, MSG_NOSIGNAL) < 0)
            break;
        pump(f, 20);
        client_read(c, 1, 1);
    }
    client_answer(c, false, &a);
    assert_int_equal(a.status, 0);
    return c->eof && ecs_clock_mono_us() - begin >= (limit_ms - 20) * 1000;
}

static void test_slow_senders_are_cut_off(void **state)
{
    static const char line[] =
        "GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    struct fixture *f = *state;
    struct answer a;
    struct client c;

    f->conf.limits.read_ms = 300;
    fixture_open(f, loop, handle);
    client_open(&c, f);
    assert_true(cut_off(f, &c, line, 300));
    client_close(&c);
    client_open(&c, f);
    client_say(&c, "GET / HTTP/1.1\r\nX: ");
    assert_true(cut_off(f, &c, line, 300));
    client_close(&c);
    client_open(&c, f);
    client_say(&c, "POST / HTTP/1.1\r\nContent-Length: 200\r\n\r\n");
    assert_true(cut_off(f, &c, line, 300));
    client_close(&c);
    assert_int_equal(atomic_load(&f->stats.deadline_kills), 3);
    client_open(&c, f); /* silent from the start */
    assert_true(client_sees_end(&c, 1000));
    client_close(&c);
    client_open(&c, f); /* on a kept connection the next request has its own time */
    client_ask(&c, "GET / HTTP/1.1\r\n\r\n", &a);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    pump(f, 400);
    client_say(&c, "GET / HTTP/1.1\r\nX: ");
    assert_true(cut_off(f, &c, line, 300));
    client_close(&c);
    pump_until(f, &f->stats.connections_open, 0);
}

static bool closed_gate;

static bool gate(void *env, int64_t behind_us, uint64_t source)
{
    (void)env;
    assert_true(source != 0);
    assert_true(behind_us >= 0);
    return !closed_gate;
}

static void test_a_closed_gate_resets_new_connections_and_leaves_the_others(void **state)
{
    struct fixture *f = *state;
    struct client old, refused;
    struct answer a;

    f->conf.admit = gate;
    closed_gate = false;
    fixture_open(f, loop, handle);
    client_open(&old, f);
    client_ask(&old, "GET / HTTP/1.1\r\n\r\n", &a);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    closed_gate = true;
    client_open(&refused, f);
    assert_true(client_sees_end(&refused, 1000));
    client_close(&refused);
    assert_int_equal(atomic_load(&f->stats.connections_refused), 1);
    client_ask(&old, "GET / HTTP/1.1\r\n\r\n", &a);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    client_close(&old);
    closed_gate = false;
    client_open(&old, f);
    client_ask(&old, "GET / HTTP/1.1\r\n\r\n", &a);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    client_close(&old);
    pump_until(f, &f->stats.connections_open, 0);
}

static void test_idle_connections_end_after_their_time(void **state)
{
    struct fixture *f = *state;
    struct answer a;
    struct client c;
    int64_t begin;

    f->conf.limits.idle_ms = 200;
    f->conf.limits.trim_after_ms = 50;
    fixture_open(f, loop, handle);
    client_open(&c, f);
    client_ask(&c, "GET / HTTP/1.1\r\n\r\n", &a);
    answer_free(&a);
    pump(f, 150);
    client_ask(&c, "GET / HTTP/1.1\r\n\r\n", &a); /* used in time: starts anew */
    assert_int_equal(a.status, 200);
    answer_free(&a);
    begin = ecs_clock_mono_us();
    assert_true(client_sees_end(&c, 1000));
    assert_in_range(ecs_clock_mono_us() - begin, 190000, 600000);
    client_close(&c);
    assert_int_equal(atomic_load(&f->stats.idle_closed), 1);
    assert_int_equal(atomic_load(&f->stats.deadline_kills), 0);
}

static void test_a_client_that_does_not_read_is_cut_off(void **state)
{
    struct fixture *f = *state;
    struct client c;
    int small = 4096;

    f->conf.limits.write_ms = 200;
    f->conf.limits.arena = 16000000;
    fixture_open(f, loop, handle);
    client_open(&c, f);
    setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    client_say(&c, "GET /big HTTP/1.1\r\n\r\n");
    pump_until(f, &f->stats.requests, 1);
    pump_until(f, &f->stats.connections_open, 0);
    assert_int_equal(atomic_load(&f->stats.deadline_kills), 1);
    client_close(&c);
}

static void test_connections_over_the_limits_are_closed_at_once(void **state)
{
    struct fixture *f = *state;
    struct client c[5];
    struct answer a;

    f->conf.limits.per_prefix = 3;
    fixture_open(f, loop, handle);
    for (int i = 0; i < 5; i++)
        client_open(&c[i], f);
    pump_until(f, &f->stats.connections_refused, 2);
    assert_true(client_sees_end(&c[3], 500) && client_sees_end(&c[4], 500));
    client_close(&c[0]);
    pump_until(f, &f->stats.connections_open, 2);
    client_close(&c[4]);
    client_open(&c[4], f);
    client_ask(&c[4], "GET / HTTP/1.1\r\n\r\n", &a);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    for (int i = 1; i < 5; i++)
        client_close(&c[i]);
    fixture_close(f);
    /* the same for all addresses together, trusted proxies included */
    struct ecs_cidr any;

    assert_true(ecs_cidr_parse(ECS_STR("0.0.0.0/0"), &any));
    f->conf.proxies = &any;
    f->conf.proxy_count = 1;
    f->conf.limits.connections = 4;
    fixture_open(f, loop, handle);
    for (int i = 0; i < 5; i++)
        client_open(&c[i], f);
    pump_until(f, &f->stats.connections_refused, 3);
    assert_true(client_sees_end(&c[4], 500));
    client_ask(&c[3], "GET / HTTP/1.1\r\n\r\n", &a);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    for (int i = 0; i < 5; i++)
        client_close(&c[i]);
    fixture_close(f);
    f->conf.proxies = NULL;
}

static void test_drain_finishes_requests_and_ends_the_rest(void **state)
{
    struct ecs_http_reply late = {.status = 200, .body = ECS_STR("late")};
    struct fixture *f = *state;
    struct client idle, busy, next;
    struct answer a;

    fixture_open(f, loop, handle);
    client_open(&idle, f);
    client_ask(&idle, "GET / HTTP/1.1\r\n\r\n", &a);
    answer_free(&a);
    client_open(&busy, f);
    client_say(&busy, "GET /wait HTTP/1.1\r\n\r\n");
    pump_until(f, &f->stats.requests, 2);
    ecs_http_server_drain(f->server);
    ecs_http_server_drain(f->server);
    assert_true(client_sees_end(&idle, 500));
    assert_false(ecs_http_server_is_idle(f->server));
    next = (struct client){.f = f, .fd = socket(AF_INET, SOCK_STREAM, 0)};
    assert_int_equal(
        connect(next.fd,
                (struct sockaddr *)&(struct sockaddr_in){.sin_family = AF_INET,
                                                         .sin_port = htons(f->port),
                                                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
                sizeof(struct sockaddr_in)),
        -1);
    ecs_http_reply(f->waiting, &late);
    client_answer(&busy, false, &a);
    assert_string_equal(a.body, "late");
    assert_non_null(strstr(a.head, "\r\nConnection: close\r\n"));
    assert_true(client_sees_end(&busy, 500));
    answer_free(&a);
    client_close(&idle);
    client_close(&busy);
    client_close(&next);
    pump_until(f, &f->stats.connections_open, 0);
    assert_true(ecs_http_server_is_idle(f->server));
}

static void expect_peer(struct fixture *f, const char *headers, const char *peer)
{
    struct client c;
    struct answer a;
    char text[512];

    snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: x\r\n%s\r\n", headers);
    client_open(&c, f);
    client_ask(&c, text, &a);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, peer);
    answer_free(&a);
    client_close(&c);
}

static void test_only_trusted_proxies_name_the_client(void **state)
{
    struct fixture *f = *state;
    struct ecs_cidr trusted[2];

    fixture_open(f, loop, handle);
    expect_peer(f, "X-Forwarded-For: 192.0.2.9\r\n", "127.0.0.1");
    fixture_close(f);
    assert_true(ecs_cidr_parse(ECS_STR("127.0.0.0/8"), &trusted[0]));
    assert_true(ecs_cidr_parse(ECS_STR("10.1.0.0/16"), &trusted[1]));
    f->conf.proxies = trusted;
    f->conf.proxy_count = 2;
    fixture_open(f, loop, handle);
    expect_peer(f, "", "127.0.0.1");
    expect_peer(f, "X-Forwarded-For: 192.0.2.9\r\n", "192.0.2.9");
    expect_peer(f, "X-Forwarded-For: 6.6.6.6, 192.0.2.9, 10.1.2.3\r\n", "192.0.2.9");
    expect_peer(f, "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 192.0.2.9\r\n", "192.0.2.9");
    expect_peer(f, "X-Forwarded-For: 192.0.2.9, garbage, 10.1.2.3\r\n", "10.1.2.3");
    expect_peer(f, "X-Forwarded-For: 2001:db8::1\r\n", "2001:db8::1");
    expect_peer(f, "X-Forwarded-For: [2001:db8::1]:443\r\n", "2001:db8::1");
    expect_peer(f, "X-Forwarded-For: 192.0.2.9:5060\r\n", "192.0.2.9");
    expect_peer(f, "Forwarded: for=6.6.6.6, For=\"[2001:DB8::2]:99\";proto=https;by=10.1.0.1\r\n",
                "2001:db8::2");
    expect_peer(f, "X-Forwarded-For: 192.0.2.9\r\nForwarded: for=6.6.6.6\r\n", "192.0.2.9");
    expect_peer(f, "X-Forwarded-For: \r\n", "127.0.0.1");
    fixture_close(f);
}

static void test_unix_sockets_serve_and_replace_dead_ones(void **state)
{
    struct fixture *f = *state;
    char dir[] = "/tmp/ecs-http-XXXXXX", path[64], err[128] = "";
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    struct client c = {.f = f};
    enum ecs_rc rc;
    struct answer a;
    struct stat st;
    int fd;

    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/s", dir);
    fd = ecs_listen_unix(path, 0660, err, sizeof(err));
    assert_true(fd >= 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0660);
    assert_int_equal(ecs_listen_unix(path, 0660, err, sizeof(err)), -1); /* somebody lives there */
    assert_non_null(strstr(err, "in use"));
    close(fd);
    fd = ecs_listen_unix(path, 0600, err, sizeof(err)); /* a leftover */
    assert_true(fd >= 0);
    f->loop = loop;
    f->conf = (struct ecs_http_server_conf){.listen_fd = fd,
                                            .handler = handle,
                                            .env = f,
                                            .trust_unix = true,
                                            .stats = &f->stats,
                                            .cache = &f->cache};
    f->server = ecs_http_server_new(loop, &f->conf, &rc);
    assert_non_null(f->server);
    pump(f, 1);
    snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
    for (int i = 0; i < 2; i++) {
        c = (struct client){.f = f, .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)};
        assert_int_equal(connect(c.fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
        client_ask(&c, i ? "GET / HTTP/1.1\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n" : "GET / HTTP/1.1\r\n\r\n",
                   &a);
        assert_string_equal(a.body, i ? "192.0.2.7" : "unix");
        answer_free(&a);
        client_close(&c);
    }
    unlink(path);
    rmdir(dir);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_slow_senders_are_cut_off),
        CASE(test_a_closed_gate_resets_new_connections_and_leaves_the_others),
        CASE(test_idle_connections_end_after_their_time),
        CASE(test_a_client_that_does_not_read_is_cut_off),
        CASE(test_connections_over_the_limits_are_closed_at_once),
        CASE(test_drain_finishes_requests_and_ends_the_rest),
        CASE(test_only_trusted_proxies_name_the_client),
        CASE(test_unix_sockets_serve_and_replace_dead_ones),
    };

    ecs_log_init(ECS_LOG_TEXT, ECS_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
