/* SPDX-License-Identifier: Apache-2.0 */
/* RadSec (RFC 6614): the same packets in a TLS connection; no repetition on it, a new connection when it
 * ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "http_certs.h"

#include "radius_rig.h"

#include <openssl/err.h>
#include <signal.h>

enum { CONNECTIONS = 8 };

struct connection {
    struct front *front;
    int fd;
    SSL *ssl;
    struct ecs_watch *watch;
    uint8_t in[3 * RD_MAX];
    size_t n;
};

/* A RadSec server. */
struct front {
    int fd;
    uint16_t port;
    SSL_CTX *ctx;
    struct ecs_watch *watch;
    unsigned accepted, requests, status, close_after; /* close_after: connections die at that request */
    bool silent, garbage;
    struct connection connections[CONNECTIONS];
    struct rd_packet last;
};

static struct front front;

static void hang_up(struct connection *c)
{
    ecs_watch_free(c->watch);
    if (c->ssl)
        SSL_free(c->ssl);
    if (c->fd >= 0)
        close(c->fd);
    c->watch = NULL;
    c->ssl = NULL;
    c->fd = -1;
}

static void say(struct connection *c, const void *bytes, size_t n)
{
    assert_int_equal(SSL_write(c->ssl, bytes, (int)n), n);
}

static void answer(struct connection *c, const struct rd_packet *request)
{
    struct rd_packet packet;

    if (request->p[0] == 12)
        c->front->status++;
    else
        c->front->requests++;
    c->front->last = *request;
    if (c->front->silent)
        return;
    if (c->front->garbage) {
        say(c, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
        return;
    }
    rd_begin(&packet, 2, request->p[1]);
    rd_end(&packet, request->p, "radsec", RD_GOOD);
    say(c, packet.p, 7); /* in two pieces */
    say(c, packet.p + 7, packet.n - 7);
}

static bool take_packet(struct connection *c)
{
    size_t n = c->n < 4 ? 0 : (size_t)c->in[2] << 8 | c->in[3];
    struct rd_packet request;

    if (n == 0 || c->n < n)
        return false;
    memcpy(request.p, c->in, n);
    request.n = n;
    memmove(c->in, c->in + n, c->n - n);
    c->n -= n;
    assert_true(rd_is_genuine(request.p, request.n, "radsec"));
    if (c->front->close_after && c->front->requests + 1 == c->front->close_after) {
        c->front->requests++;
        c->front->close_after = 0;
        hang_up(c);
        return false;
    }
    answer(c, &request);
    return true;
}

static void on_connection(void *arg, int fd, unsigned io)
{
    struct connection *c = arg;
    int n;

    (void)fd;
    (void)io;
    n = SSL_read(c->ssl, c->in + c->n, (int)(sizeof(c->in) - c->n));
    if (n <= 0) {
        int why = SSL_get_error(c->ssl, n);

        ERR_clear_error();
        if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
            hang_up(c);
        return;
    }
    c->n += (size_t)n;
    while (take_packet(c))
        ;
}

static void on_listener(void *arg, int fd, unsigned io)
{
    struct front *f = arg;
    struct connection *c = &f->connections[f->accepted];

    (void)io;
    assert_in_range(f->accepted, 0, CONNECTIONS - 1);
    c->fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(c->fd >= 0);
    f->accepted++;
    c->front = f;
    c->ssl = SSL_new(f->ctx);
    assert_true(c->ssl && SSL_set_fd(c->ssl, c->fd));
    SSL_set_accept_state(c->ssl);
    c->watch = ecs_loop_fd_add(loop, c->fd, ECS_IO_READ, on_connection, c);
    assert_non_null(c->watch);
}

static void open_front(bool mutual)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(addr);

    memset(&front, 0, sizeof(front));
    for (unsigned i = 0; i < CONNECTIONS; i++)
        front.connections[i].fd = -1;
    front.ctx = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate_file(front.ctx, certs_path("server.crt"), SSL_FILETYPE_PEM), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(front.ctx, certs_path("server.key"), SSL_FILETYPE_PEM), 1);
    if (mutual) {
        assert_int_equal(SSL_CTX_load_verify_locations(front.ctx, certs_path("client.crt"), NULL), 1);
        SSL_CTX_set_verify(front.ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    front.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(front.fd, (struct sockaddr *)&addr, n), 0);
    assert_int_equal(listen(front.fd, 16), 0);
    assert_int_equal(getsockname(front.fd, (struct sockaddr *)&addr, &n), 0);
    front.port = ntohs(addr.sin_port);
    front.watch = ecs_loop_fd_add(loop, front.fd, ECS_IO_READ, on_listener, &front);
    assert_non_null(front.watch);
}

static void close_front(void)
{
    for (unsigned i = 0; i < front.accepted; i++)
        hang_up(&front.connections[i]);
    ecs_watch_free(front.watch);
    close(front.fd);
    SSL_CTX_free(front.ctx);
}

static struct ecs_radius_server_conf conf_of(char ca[128])
{
    snprintf(ca, 128, "%s", certs_path("server.crt"));
    return (struct ecs_radius_server_conf){.name = "tls",
                                           .host = "127.0.0.1",
                                           .port = front.port,
                                           .tls = true,
                                           .ca_file = ca,
                                           .tls_name = "localhost"};
}

static const struct ecs_radius_conf calm = {.first_ms = 500, .total_ms = 4000};

static void test_packets_go_through_tls(void **state)
{
    struct ecs_radius_server_conf conf;
    struct ecs_radius *radius;
    char ca[128];

    (void)state;
    open_front(false);
    conf = conf_of(ca);
    radius = rig_open(&conf, 1, &calm);
    assert_int_equal(front.accepted, 0); /* opened when it is needed */
    for (int i = 0; i < 3; i++)
        assert_int_equal(rig_code(radius, NULL), ECS_RADIUS_ACCESS_ACCEPT);
    assert_int_equal(front.accepted, 1);
    assert_int_equal(front.requests, 3);
    assert_true(rig_view(radius, 0).connected);
    ecs_radius_free(radius);
    close_front();
}

static void test_both_sides_show_certificates(void **state)
{
    struct ecs_radius_server_conf conf;
    struct ecs_radius_conf more = {.first_ms = 300, .total_ms = 700};
    struct ecs_radius *radius;
    char ca[128], cert[128], key[128];

    (void)state;
    open_front(true);
    conf = conf_of(ca);
    radius = rig_open(&conf, 1, &more);
    assert_int_not_equal(rig_code(radius, NULL), ECS_RADIUS_ACCESS_ACCEPT);
    assert_int_equal(front.requests, 0);
    ecs_radius_free(radius);
    snprintf(cert, sizeof(cert), "%s", certs_path("client.crt"));
    snprintf(key, sizeof(key), "%s", certs_path("client.key"));
    conf.cert_file = cert;
    conf.key_file = key;
    radius = rig_open(&conf, 1, &calm);
    assert_int_equal(rig_code(radius, NULL), ECS_RADIUS_ACCESS_ACCEPT);
    ecs_radius_free(radius);
    close_front();
}

static void test_a_server_that_is_not_trusted_gets_nothing(void **state)
{
    struct ecs_radius_conf more = {.first_ms = 100, .total_ms = 500};
    struct ecs_radius_server_conf conf;
    struct ecs_radius *radius;
    char ca[128];

    (void)state;
    open_front(false);
    conf = conf_of(ca);
    conf.tls_name = "another.example";
    radius = rig_open(&conf, 1, &more);
    assert_int_equal(rig_code(radius, NULL), -ECS_E_TIMEOUT);
    assert_int_equal(front.requests, 0);
    assert_memory_equal(rig_view(radius, 0).reason, "no connection: ", 15);
    ecs_radius_free(radius);
    close_front();
}

/* RFC 6613 2.6.1 */
static void test_nothing_is_repeated_on_a_connection_that_lives(void **state)
{
    struct ecs_radius_conf more = {.first_ms = 60, .total_ms = 600};
    struct ecs_radius_server_conf conf;
    struct ecs_radius *radius;
    char ca[128];

    (void)state;
    open_front(false);
    front.silent = true;
    conf = conf_of(ca);
    radius = rig_open(&conf, 1, &more);
    assert_int_equal(rig_code(radius, NULL), -ECS_E_TIMEOUT);
    assert_int_equal(front.requests, 1);
    assert_int_equal(rig_view(radius, 0).repetitions, 0);
    ecs_radius_free(radius);
    close_front();
}

static void test_a_lost_connection_is_made_anew(void **state)
{
    struct ecs_radius_server_conf conf;
    struct rig_ask ask = {.told = false};
    struct ecs_radius *radius;
    char ca[128];

    (void)state;
    open_front(false);
    front.close_after = 2;
    conf = conf_of(ca);
    radius = rig_open(&conf, 1, &calm);
    assert_int_equal(rig_code(radius, NULL), ECS_RADIUS_ACCESS_ACCEPT);
    assert_int_equal(rig_ask_once(&ask, radius, NULL), ECS_OK); /* asked again on the second one */
    assert_in_range(ask.us, 0, 450000);                         /* at once */
    rig_end(&ask);
    assert_int_equal(front.accepted, 2);
    assert_int_equal(front.requests, 3);
    hang_up(&front.connections[1]); /* and an idle one that ends harms nobody */
    RIG_TURN_UNTIL(!rig_view(radius, 0).connected);
    assert_int_equal(rig_code(radius, NULL), ECS_RADIUS_ACCESS_ACCEPT);
    assert_int_equal(front.accepted, 3);
    ecs_radius_free(radius);
    close_front();
}

static void test_a_server_that_speaks_something_else_is_left(void **state)
{
    struct ecs_radius_server_conf rows[2];
    struct rig_ask ask = {.told = false};
    struct rig_server other;
    struct ecs_radius *radius;
    char ca[128];

    (void)state;
    open_front(false);
    rig_open_server(&other);
    front.garbage = true;
    rows[0] = conf_of(ca);
    rows[1] = rig_conf("other", &other, 1);
    radius = rig_open(rows, 2, &calm);
    assert_int_equal(rig_ask_once(&ask, radius, NULL), ECS_OK);
    assert_string_equal(ask.answer.server, "other");
    assert_in_range(ask.us, 0, 450000);
    rig_end(&ask);
    assert_string_equal(rig_view(radius, 0).reason, "the connection was given up: what came is no RADIUS");
    ecs_radius_free(radius);
    rig_close_server(&other);
    close_front();
}

static void test_a_silent_connection_is_dropped_and_probed(void **state)
{
    struct ecs_radius_conf more = {
        .first_ms = 50, .total_ms = 200, .dead_after = 1, .status_server = true, .probe_ms = 300};
    struct ecs_radius_server_conf conf;
    struct ecs_radius *radius;
    char ca[128];

    (void)state;
    open_front(false);
    conf = conf_of(ca);
    radius = rig_open(&conf, 1, &more);
    RIG_TURN_UNTIL(rig_view(radius, 0).answers_status);
    assert_int_equal(front.status, 1);
    front.silent = true;
    assert_int_equal(rig_code(radius, NULL), -ECS_E_TIMEOUT);
    assert_true(rig_view(radius, 0).dead);
    assert_int_equal(rig_view(radius, 0).sockets, 0);
    front.silent = false;
    RIG_TURN_UNTIL(!rig_view(radius, 0).dead);
    assert_int_equal(front.accepted, 2);
    assert_int_equal(rig_code(radius, NULL), ECS_RADIUS_ACCESS_ACCEPT);
    ecs_radius_free(radius);
    close_front();
}

static int set_up(void **state)
{
    signal(SIGPIPE, SIG_IGN);
    certs_open();
    certs_make("server", false, "DNS:localhost");
    certs_make("client", false, "DNS:client");
    return rig_set_up(state);
}

static int tear_down(void **state)
{
    certs_close();
    return rig_tear_down(state);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packets_go_through_tls),
        cmocka_unit_test(test_both_sides_show_certificates),
        cmocka_unit_test(test_a_server_that_is_not_trusted_gets_nothing),
        cmocka_unit_test(test_nothing_is_repeated_on_a_connection_that_lives),
        cmocka_unit_test(test_a_lost_connection_is_made_anew),
        cmocka_unit_test(test_a_server_that_speaks_something_else_is_left),
        cmocka_unit_test(test_a_silent_connection_is_dropped_and_probed),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
