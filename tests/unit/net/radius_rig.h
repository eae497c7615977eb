/* SPDX-License-Identifier: Apache-2.0 */
/* Requests through the RADIUS client, in the thread of the servers that answer them. */
#pragma once

#include "radius_servers.h"

struct rig_ask {
    struct ecs_flow flow;
    struct ecs_arena *arena;
    struct ecs_radius *radius;
    struct ecs_radius_request request;
    struct ecs_radius_answer answer;
    bool told, ended;
    int64_t begun_us, us; /* us: how long it took */
};

static enum ecs_next rig_step_ask(struct ecs_flow *f)
{
    struct rig_ask *ask = f->self;

    ask->begun_us = ecs_clock_mono_us();
    return ecs_radius_ask(f, ask->radius, &ask->request, &ask->answer);
}

static enum ecs_next rig_step_tell(struct ecs_flow *f)
{
    struct rig_ask *ask = f->self;

    ask->us = ecs_clock_mono_us() - ask->begun_us;
    ask->told = true;
    return ECS_DONE;
}

static void rig_on_end(struct ecs_flow *f)
{
    struct rig_ask *ask = f->self;

    ask->ended = true;
}

static const struct ecs_step rig_steps[] = {
    {"ask", rig_step_ask, .limit_ms = 20000}, {"tell", rig_step_tell, 0}, {0}};

/* server: NULL or the one of the conversation. Code and attributes: those of a small Access-Request unless
 * the caller has set the request. */
RD_HELPER void rig_begin(struct rig_ask *ask, struct ecs_radius *radius, const char *server)
{
    ask->told = ask->ended = false;
    ask->arena = ecs_arena_new(NULL, 0);
    ask->radius = radius;
    if (!ask->request.code) {
        ask->request.code = ECS_RADIUS_ACCESS_REQUEST;
        ask->request.attrs = ECS_STR("\1\5a@b");
    }
    ask->request.server = server;
    ecs_flow_start(&ask->flow, loop, ask->arena, NULL, rig_steps, ask, rig_on_end);
}

RD_HELPER void rig_turn_until(const bool *what)
{
    int64_t end = ecs_clock_mono_us() + 10000000;

    while (!*what && ecs_clock_mono_us() < end)
        assert_int_equal(ecs_loop_turn(loop, 2000), ECS_OK);
    assert_true(*what);
}

#define RIG_TURN_UNTIL(condition)                                                                            \
    do {                                                                                                     \
        int64_t rig_end_us = ecs_clock_mono_us() + 10000000;                                                 \
        while (!(condition) && ecs_clock_mono_us() < rig_end_us)                                             \
            assert_int_equal(ecs_loop_turn(loop, 2000), ECS_OK);                                             \
        assert_true(condition);                                                                              \
    } while (0)

RD_HELPER void rig_turn_ms(int64_t ms)
{
    int64_t end = ecs_clock_mono_us() + ms * 1000;

    while (ecs_clock_mono_us() < end)
        assert_int_equal(ecs_loop_turn(loop, 2000), ECS_OK);
}

RD_HELPER void rig_end(struct rig_ask *ask)
{
    ecs_arena_free(ask->arena);
    ask->arena = NULL;
}

/* Asks and waits; the answer's strings die with rig_end. */
RD_HELPER enum ecs_rc rig_ask_once(struct rig_ask *ask, struct ecs_radius *radius, const char *server)
{
    rig_begin(ask, radius, server);
    rig_turn_until(&ask->ended);
    assert_true(ask->told);
    return ask->answer.rc;
}

/* One question whose answer's content is of no interest: its code, or minus the result. */
RD_HELPER int rig_code(struct ecs_radius *radius, const char *server)
{
    struct rig_ask ask = {.told = false};
    enum ecs_rc rc = rig_ask_once(&ask, radius, server);

    rig_end(&ask);
    return rc ? -(int)rc : ask.answer.code;
}

RD_HELPER struct ecs_radius_server_conf rig_conf(const char *name, const struct rig_server *server,
                                                 unsigned priority)
{
    return (struct ecs_radius_server_conf){.name = name,
                                           .host = "127.0.0.1",
                                           .port = server->port,
                                           .secret = {rig_secret, sizeof(rig_secret) - 1},
                                           .priority = priority};
}

/* Quick ones, so that a test takes tenths of a second. */
RD_HELPER struct ecs_radius *rig_open(const struct ecs_radius_server_conf *servers, size_t n,
                                      const struct ecs_radius_conf *more)
{
    struct ecs_radius_conf conf = more ? *more : (struct ecs_radius_conf){.use = ECS_RADIUS_AUTHENTICATION};
    struct ecs_radius *radius;
    char err[200] = "";

    conf.servers = servers;
    conf.servers_n = n;
    conf.first_ms = conf.first_ms ? conf.first_ms : 60;
    conf.total_ms = conf.total_ms ? conf.total_ms : 900;
    conf.dead_ms = conf.dead_ms ? conf.dead_ms : 400;
    conf.probe_ms = conf.probe_ms ? conf.probe_ms : 80;
    radius = ecs_radius_new(loop, &conf, err, sizeof(err));
    assert_string_equal(err, "");
    assert_non_null(radius);
    return radius;
}

RD_HELPER struct ecs_radius_view rig_view(const struct ecs_radius *radius, size_t at)
{
    struct ecs_radius_view views[ECS_RADIUS_SERVERS];

    assert_true(ecs_radius_view(radius, views, ECS_ARRAY_LEN(views)) > at);
    return views[at];
}

RD_HELPER int rig_set_up(void **state)
{
    (void)state;
    ecs_log_init(ECS_LOG_TEXT, ECS_LOG_ERROR);
    loop = ecs_loop_new();
    return loop ? 0 : -1;
}

RD_HELPER int rig_tear_down(void **state)
{
    (void)state;
    ecs_loop_free(loop);
    return 0;
}
