/* SPDX-License-Identifier: Apache-2.0 */
/* Outgoing connections: names, several addresses, time limits, more output than the socket takes, and owners
 * that free the stream in a callback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ecs/buf.h"
#include "ecs/clock.h"
#include "ecs/stream.h"

struct owner {
    struct ecs_stream *stream;
    bool up, down, free_on_up, free_on_bytes, free_on_down;
    struct ecs_buf got;
    char reason[200];
};

static struct ecs_loop *loop;
static int listener;
static uint16_t port;

static int set_up(void **state)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(addr);

    (void)state;
    loop = ecs_loop_new();
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (!loop || listener < 0 || bind(listener, (struct sockaddr *)&addr, n) || listen(listener, 8) ||
        getsockname(listener, (struct sockaddr *)&addr, &n))
        return -1;
    port = ntohs(addr.sin_port);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close(listener);
    ecs_loop_free(loop);
    return 0;
}

static void drop(struct owner *o, bool now)
{
    if (!now)
        return;
    ecs_stream_free(o->stream);
    o->stream = NULL;
}

static void on_up(void *arg)
{
    struct owner *o = arg;

    o->up = true;
    drop(o, o->free_on_up);
}

static void on_bytes(void *arg, struct ecs_str bytes)
{
    struct owner *o = arg;

    ecs_buf_add_str(&o->got, bytes);
    drop(o, o->free_on_bytes);
}

static void on_down(void *arg, const char *reason)
{
    struct owner *o = arg;

    assert_false(o->down);
    o->down = true;
    snprintf(o->reason, sizeof(o->reason), "%s", reason);
    drop(o, o->free_on_down);
}

static void begin(struct owner *o, const char *host, uint16_t to, uint32_t connect_ms)
{
    struct ecs_stream_conf conf = {.host = host,
                                   .port = to,
                                   .connect_ms = connect_ms,
                                   .max_out = 16 << 20,
                                   .on_up = on_up,
                                   .on_bytes = on_bytes,
                                   .on_down = on_down,
                                   .arg = o};

    o->stream = ecs_stream_open(loop, &conf);
    assert_non_null(o->stream);
    assert_false(o->up || o->down); /* never from inside */
}

static void turn_until(const bool *what)
{
    int64_t end = ecs_clock_mono_us() + 10000000;

    while (!*what && ecs_clock_mono_us() < end)
        assert_int_equal(ecs_loop_turn(loop, 10000), ECS_OK);
    assert_true(*what);
}

static void finish(struct owner *o)
{
    ecs_stream_free(o->stream);
    ecs_buf_done(&o->got);
}

static void test_bytes_go_both_ways(void **state)
{
    struct owner o = {0};
    char bytes[100];
    int fd;

    (void)state;
    begin(&o, "127.0.0.1", port, 0);
    assert_false(ecs_stream_send(o.stream, ECS_STR("too early")));
    turn_until(&o.up);
    fd = accept(listener, NULL, NULL);
    assert_true(ecs_stream_send(o.stream, ECS_STR("hello")));
    assert_int_equal(recv(fd, bytes, sizeof(bytes), 0), 5);
    assert_memory_equal(bytes, "hello", 5);
    assert_int_equal(send(fd, "world", 5, 0), 5);
    shutdown(fd, SHUT_WR);
    turn_until(&o.down);
    assert_true(ecs_str_eq(ecs_buf_str(&o.got), ECS_STR("world")));
    assert_string_equal(o.reason, "the peer closed the connection");
    assert_false(ecs_stream_send(o.stream, ECS_STR("too late")));
    close(fd);
    finish(&o);
}

/* localhost may have ::1 first, where nobody listens: the next address is tried. */
static void test_names_are_looked_up_and_their_addresses_tried(void **state)
{
    struct owner o = {0};

    (void)state;
    begin(&o, "localhost", port, 0);
    turn_until(&o.up);
    finish(&o);
    close(accept(listener, NULL, NULL));
}

static void test_a_name_without_address_ends(void **state)
{
    struct owner o = {0};
    char name[300];

    (void)state;
    begin(&o, "nowhere.invalid", port, 3000);
    turn_until(&o.down);
    /* By the resolver, or in time when it does not answer. */
    assert_memory_equal(o.reason, "the name c", 10);
    finish(&o);
    memset(name, 'a', sizeof(name));
    name[299] = '\0';
    assert_null(ecs_stream_open(loop, &(struct ecs_stream_conf){.host = name, .port = 1}));
}

static void test_a_refused_connection_ends(void **state)
{
    struct owner o = {.free_on_down = true};

    (void)state;
    begin(&o, "127.0.0.1", 1, 0);
    turn_until(&o.down);
    assert_string_equal(o.reason, "cannot connect: Connection refused");
    finish(&o);
}

/* A listener whose queue is full does not answer. */
static void test_connecting_ends_in_time(void **state)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(addr);
    int full = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fill[4];
    struct owner o = {0};
    int64_t start = ecs_clock_mono_us();

    (void)state;
    assert_int_equal(bind(full, (struct sockaddr *)&addr, n), 0);
    assert_int_equal(listen(full, 0), 0);
    assert_int_equal(getsockname(full, (struct sockaddr *)&addr, &n), 0);
    for (size_t i = 0; i < ECS_ARRAY_LEN(fill); i++) {
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(fill[i], (struct sockaddr *)&addr, sizeof(addr));
    }
    begin(&o, "127.0.0.1", ntohs(addr.sin_port), 300);
    turn_until(&o.down);
    assert_string_equal(o.reason, "no connection in time");
    assert_true(ecs_clock_mono_us() - start >= 300000);
    for (size_t i = 0; i < ECS_ARRAY_LEN(fill); i++)
        close(fill[i]);
    close(full);
    finish(&o);
}

static void test_output_waits_until_the_peer_takes_it(void **state)
{
    enum { TOTAL = 3 << 20 };
    struct owner o = {0};
    char *bytes = calloc(1, TOTAL), *back = calloc(1, TOTAL);
    size_t got = 0;
    int fd;

    (void)state;
    for (size_t i = 0; i < TOTAL; i++)
        bytes[i] = (char)(i * 7 + i / 251);
    begin(&o, "127.0.0.1", port, 0);
    turn_until(&o.up);
    fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    assert_true(ecs_stream_send(o.stream, (struct ecs_str){bytes, TOTAL}));
    while (got < TOTAL) {
        ssize_t n = recv(fd, back + got, TOTAL - got, 0);

        if (n > 0)
            got += (size_t)n;
        else
            assert_int_equal(ecs_loop_turn(loop, 1000), ECS_OK);
    }
    assert_memory_equal(back, bytes, TOTAL);
    /* max_out bounds what waits. */
    for (got = 0; got < 20 && ecs_stream_send(o.stream, (struct ecs_str){bytes, TOTAL}); got++)
        ;
    assert_in_range(got, 1, 19);
    close(fd);
    turn_until(&o.down);
    finish(&o);
    free(bytes);
    free(back);
}

static void test_a_flood_of_input_arrives_whole(void **state)
{
    enum { TOTAL = 3 << 20 };
    struct owner o = {0};
    char *bytes = malloc(TOTAL);
    size_t sent = 0;
    int fd;

    (void)state;
    for (size_t i = 0; i < TOTAL; i++)
        bytes[i] = (char)(i * 3 + i / 253);
    begin(&o, "127.0.0.1", port, 0);
    turn_until(&o.up);
    fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    while (o.got.n < TOTAL) {
        ssize_t n = sent < TOTAL ? send(fd, bytes + sent, TOTAL - sent, 0) : 0;

        sent += n > 0 ? (size_t)n : 0;
        assert_int_equal(ecs_loop_turn(loop, 1000), ECS_OK);
    }
    assert_memory_equal(o.got.p, bytes, TOTAL);
    close(fd);
    finish(&o);
    free(bytes);
}

static void test_small_pieces_wait_behind_each_other(void **state)
{
    enum { PIECES = 900, PIECE = 10000 }; /* more than the socket takes at once */
    struct owner o = {0};
    char piece[PIECE], back[65536];
    size_t got = 0;
    int fd;

    (void)state;
    begin(&o, "127.0.0.1", port, 0);
    turn_until(&o.up);
    fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    for (size_t i = 0; i < PIECES; i++) {
        memset(piece, (int)(i & 0xff), sizeof(piece));
        assert_true(ecs_stream_send(o.stream, (struct ecs_str){piece, sizeof(piece)}));
    }
    while (got < (size_t)PIECES * PIECE) {
        ssize_t n = recv(fd, back, sizeof(back), 0);

        for (ssize_t k = 0; k < n; k++)
            assert_int_equal((uint8_t)back[k], (got + (size_t)k) / PIECE & 0xff);
        got += n > 0 ? (size_t)n : 0;
        assert_int_equal(ecs_loop_turn(loop, 500), ECS_OK);
    }
    close(fd);
    finish(&o);
}

static void test_the_owner_may_free_in_each_callback(void **state)
{
    struct owner up = {.free_on_up = true}, bytes = {.free_on_bytes = true};
    int fd;

    (void)state;
    begin(&up, "127.0.0.1", port, 0);
    turn_until(&up.up);
    close(accept(listener, NULL, NULL));
    begin(&bytes, "127.0.0.1", port, 0);
    turn_until(&bytes.up);
    fd = accept(listener, NULL, NULL);
    assert_int_equal(send(fd, "x", 1, 0), 1);
    for (int i = 0; i < 20 && bytes.stream; i++)
        assert_int_equal(ecs_loop_turn(loop, 10000), ECS_OK);
    assert_null(bytes.stream);
    assert_false(bytes.down);
    close(fd);
    finish(&up);
    finish(&bytes);
}

static void test_what_was_said_last_still_leaves(void **state)
{
    struct owner o = {0};
    char bytes[10];
    int fd;

    (void)state;
    begin(&o, "127.0.0.1", port, 0);
    turn_until(&o.up);
    fd = accept(listener, NULL, NULL);
    assert_true(ecs_stream_send(o.stream, ECS_STR("bye")));
    finish(&o);
    assert_int_equal(recv(fd, bytes, sizeof(bytes), 0), 3);
    assert_int_equal(recv(fd, bytes, sizeof(bytes), 0), 0); /* an end, not a reset */
    close(fd);
}

static void test_a_stream_may_be_freed_while_it_is_looking_up(void **state)
{
    struct owner o = {0};

    (void)state;
    begin(&o, "nowhere.invalid", port, 0);
    finish(&o);
    for (int i = 0; i < 5; i++)
        assert_int_equal(ecs_loop_turn(loop, 10000), ECS_OK);
    assert_false(o.down);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_go_both_ways),
        cmocka_unit_test(test_names_are_looked_up_and_their_addresses_tried),
        cmocka_unit_test(test_a_name_without_address_ends),
        cmocka_unit_test(test_a_refused_connection_ends),
        cmocka_unit_test(test_connecting_ends_in_time),
        cmocka_unit_test(test_output_waits_until_the_peer_takes_it),
        cmocka_unit_test(test_a_flood_of_input_arrives_whole),
        cmocka_unit_test(test_small_pieces_wait_behind_each_other),
        cmocka_unit_test(test_the_owner_may_free_in_each_callback),
        cmocka_unit_test(test_what_was_said_last_still_leaves),
        cmocka_unit_test(test_a_stream_may_be_freed_while_it_is_looking_up),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
