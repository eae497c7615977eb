/* SPDX-License-Identifier: Apache-2.0 */
/* A server for tests, driven by turning its loop. */
#pragma once

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "ecs/clock.h"
#include "ecs/http_server.h"
#include "ecs/loop.h"

#define HELPER static __attribute__((unused))

struct fixture {
    struct ecs_loop *loop;
    struct ecs_http_server *server;
    struct ecs_http_stats stats;
    struct ecs_arena_cache cache;
    struct ecs_http_server_conf conf;
    uint16_t port;
    unsigned gone;
    int last_status; /* of on_answer */
    unsigned answers;
    char last_id[17];
    struct ecs_timer timer;
    struct ecs_http_request *waiting;
};

HELPER void fixture_on_answer(const struct ecs_http_request *r, int status, size_t n)
{
    struct fixture *f = r->env;

    (void)n;
    f->last_status = status;
    f->answers++;
    memcpy(f->last_id, r->log.request_id, sizeof(f->last_id));
}

HELPER void pump(struct fixture *f, int64_t ms)
{
    int64_t end = ecs_clock_mono_us() + ms * 1000;

    do
        assert_int_equal(ecs_loop_turn(f->loop, 2000), ECS_OK);
    while (ecs_clock_mono_us() < end);
}

/* Turns the loop until *counter reaches value; fails after 5 s. */
HELPER void pump_until(struct fixture *f, const _Atomic uint64_t *counter, uint64_t value)
{
    int64_t end = ecs_clock_mono_us() + 5000000;

    while (atomic_load(counter) != value && ecs_clock_mono_us() < end)
        assert_int_equal(ecs_loop_turn(f->loop, 2000), ECS_OK);
    assert_int_equal(atomic_load(counter), value);
}

HELPER void fixture_open(struct fixture *f, struct ecs_loop *loop, void (*handler)(struct ecs_http_request *))
{
    struct sockaddr_in sa;
    socklen_t n = sizeof(sa);
    enum ecs_rc rc = ECS_OK;
    char err[128] = "";

    f->loop = loop;
    f->conf.listen_fd = ecs_listen_tcp(ECS_STR("127.0.0.1:0"), false, err, sizeof(err));
    if (f->conf.listen_fd < 0)
        fail_msg("%s", err);
    assert_int_equal(getsockname(f->conf.listen_fd, (struct sockaddr *)&sa, &n), 0);
    f->port = ntohs(sa.sin_port);
    f->conf.handler = handler;
    f->conf.on_answer = fixture_on_answer;
    f->conf.env = f;
    f->conf.cache = &f->cache;
    f->conf.stats = &f->stats;
    f->server = ecs_http_server_new(loop, &f->conf, &rc);
    if (!f->server)
        fail_msg("server: %s", ecs_rc_name(rc));
    pump(f, 1);
}

HELPER void fixture_close(struct fixture *f)
{
    ecs_http_server_free(f->server);
    ecs_arena_cache_done(&f->cache);
    f->server = NULL;
}
