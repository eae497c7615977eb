/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of HTTP clients: starts tests/tools/http_double.py (see there what it answers) and asks it
 * through a neighbour on a loop of its own. Include behind cmocka.h. */
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ecs/clock.h"
#include "ecs/neighbour.h"

#define RIG_HELPER __attribute__((unused)) static

struct http_double {
    pid_t pid;
    int stdin_fd;
    unsigned port;
};

/* more: further arguments, ends with NULL; NULL: none. */
RIG_HELPER void double_start(struct http_double *d, const char *const *more)
{
    const char *argv[16] = {"/usr/bin/python3", ECS_SOURCE_DIR "/tests/tools/http_double.py"};
    int in[2], out[2], n = 2;
    char line[64];
    FILE *from;

    while (more && *more && n < 15)
        argv[n++] = *more++;
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    d->pid = fork();
    if (d->pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        execv(argv[0], (char *const *)(void *)argv);
        _exit(127);
    }
    assert_true(d->pid > 0);
    close(in[0]);
    close(out[1]);
    d->stdin_fd = in[1];
    from = fdopen(out[0], "r");
    assert_non_null(from);
    assert_non_null(fgets(line, sizeof(line), from));
    assert_int_equal(sscanf(line, "{\"port\": %u}", &d->port), 1);
    fclose(from);
}

RIG_HELPER void double_stop(struct http_double *d)
{
    int status;

    close(d->stdin_fd);
    kill(d->pid, SIGKILL);
    assert_int_equal(waitpid(d->pid, &status, 0), d->pid);
}

struct rig {
    struct ecs_loop *loop;
    struct ecs_http_pool *pool;
};

RIG_HELPER void rig_open(struct rig *rig)
{
    rig->loop = ecs_loop_new();
    assert_non_null(rig->loop);
    rig->pool = ecs_http_pool_new(rig->loop);
    assert_non_null(rig->pool);
}

RIG_HELPER void rig_close(struct rig *rig)
{
    ecs_http_pool_free(rig->pool);
    ecs_loop_free(rig->loop);
}

RIG_HELPER void rig_turns(struct rig *rig, int ms)
{
    int64_t end = ecs_clock_mono_us() + (int64_t)ms * 1000;

    while (ecs_clock_mono_us() < end)
        assert_int_equal(ecs_loop_turn(rig->loop, 2000), ECS_OK);
}

/* One call as a flow of its own. */
struct asked {
    struct ecs_flow flow;
    struct ecs_arena *arena;
    struct ecs_neighbour *n;
    struct ecs_ask ask;
    struct ecs_ask_answer answer;
    void (*then)(struct asked *a); /* called by the step behind the answer */
    void *then_arg;
    bool done; /* the step behind the answer has run */
    bool ended;
    int64_t us;
};

RIG_HELPER enum ecs_next asked_ask(struct ecs_flow *f)
{
    struct asked *a = f->self;

    return ecs_neighbour_ask(f, a->n, &a->ask, &a->answer);
}

RIG_HELPER enum ecs_next asked_note(struct ecs_flow *f)
{
    struct asked *a = f->self;

    a->done = f->rc == ECS_OK;
    a->us = ecs_clock_mono_us() - a->us;
    if (a->then)
        a->then(a);
    return ECS_DONE;
}

RIG_HELPER void asked_end(struct ecs_flow *f)
{
    struct asked *a = f->self;

    a->ended = true;
}

__attribute__((unused)) static const struct ecs_step asked_steps[] = {
    {"ask", asked_ask, 30000}, {"note", asked_note, 0}, {0}};

/* The fields n and ask are set already. */
RIG_HELPER void asked_start(struct rig *rig, struct asked *a)
{
    a->arena = ecs_arena_new(NULL, 0);
    assert_non_null(a->arena);
    a->done = a->ended = false;
    a->us = ecs_clock_mono_us();
    ecs_flow_start(&a->flow, rig->loop, a->arena, NULL, asked_steps, a, asked_end);
}

RIG_HELPER void asked_wait(struct rig *rig, struct asked *a)
{
    int64_t end = ecs_clock_mono_us() + 20000000;

    while (!a->ended && ecs_clock_mono_us() < end)
        assert_int_equal(ecs_loop_turn(rig->loop, 20000), ECS_OK);
    assert_true(a->ended);
}

RIG_HELPER void asked_free(struct asked *a)
{
    ecs_arena_free(a->arena);
    a->arena = NULL;
}

/* Asks and waits; asked_free() afterwards. */
RIG_HELPER void rig_ask(struct rig *rig, struct asked *a, struct ecs_neighbour *n, const char *method,
                        const char *url)
{
    a->n = n;
    a->ask.method = method;
    a->ask.url = url;
    asked_start(rig, a);
    asked_wait(rig, a);
}

/* Control call (or any other) whose answer is wanted as text; the buffer is overwritten by the next call. */
RIG_HELPER const char *rig_text(struct rig *rig, struct ecs_neighbour *n, const char *method, const char *url,
                                const char *body)
{
    static char text[65536];
    struct asked a = {.ask = {.body = ecs_str_of(body)}};

    rig_ask(rig, &a, n, method, url);
    if (a.answer.rc != ECS_OK)
        fail_msg("%s: %s: %s", url, ecs_rc_name(a.answer.rc), a.answer.error);
    assert_int_equal(a.answer.status, 200);
    assert_true(a.answer.body.n < sizeof(text));
    memcpy(text, a.answer.body.p, a.answer.body.n + 1);
    asked_free(&a);
    return text;
}
