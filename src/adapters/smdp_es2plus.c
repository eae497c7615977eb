/* SPDX-License-Identifier: Apache-2.0 */
/* SM-DP+ by ES2+: mutual TLS, one repetition at once where the first try died on the way, and a pause for one
 * that refuses our credentials. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/smdp_int.h"
#include "ecs/crypto.h"

#define FUNCTION_PATH "/gsma/rsp2/es2plus/"

enum { ANSWER_MAX = 65536, BODY_ROOM = 2048, DENIED_PAUSE_US = 10000000, TRY_MIN_MS = 1000 };

struct es2 {
    struct smdp_call *call;
    struct ecs_buf body; /* may hold a matching id */
    struct ecs_ask_answer answer;
    int64_t deadline_us;
    bool again;
};

/* ---- life ---- */

static void close_source(struct ecs_smdp *smdp)
{
    ecs_neighbour_free(smdp->neighbour);
    for (size_t i = 0; i < ECS_SMDP_FN_COUNT; i++)
        free(smdp->url[i]);
}

static bool is_plain(const char *url)
{
    return strncmp(url, "http://", 7) == 0;
}

static bool open_source(struct ecs_smdp *smdp, const struct ecs_smdp_env *env)
{
    const struct ecs_smdp_conf *c = smdp->conf;
    size_t n = strlen(c->url);
    char name[40];
    struct ecs_neighbour_conf conf = {
        .name = name,
        .ca_file = c->ca_file,
        .cert_file = c->certificate,
        .key_file = c->key ? c->key : c->certificate,
        .connect_ms = (uint32_t)c->connect_ms,
        .total_ms = (uint32_t)c->total_ms,
        .max_in_flight = (unsigned)c->max_in_flight,
        .max_answer = ANSWER_MAX,
        .allow_plain = env->lab && is_plain(c->url),
    };

    snprintf(name, sizeof(name), "smdp-%.32s", c->name);
    while (n > 0 && c->url[n - 1] == '/')
        n--;
    for (size_t i = 0; i < ECS_SMDP_FN_COUNT; i++)
        if (asprintf(&smdp->url[i], "%.*s" FUNCTION_PATH "%s", (int)n, c->url, ecs_smdp_function_names[i]) <
            0) {
            smdp->url[i] = NULL;
            return false;
        }
    conf.stats = env->stats ? env->stats(env->stats_arg, name) : NULL;
    smdp->neighbour = ecs_neighbour_new(env->pool, &conf);
    return smdp->neighbour != NULL;
}

static bool is_up(const struct ecs_smdp *smdp)
{
    return ecs_neighbour_is_up(smdp->neighbour);
}

/* ---- a call ---- */

static int64_t left_ms(const struct ecs_flow *f, const struct es2 *x)
{
    return (x->deadline_us - ecs_loop_now_us(f->loop)) / 1000;
}

static enum ecs_next ask(struct ecs_flow *f)
{
    struct es2 *x = f->self;
    struct ecs_smdp *smdp = x->call->smdp;
    int64_t left = left_ms(f, x);
    struct ecs_ask ask = {
        .once = true, /* nothing is to be ordered twice by a kept connection that broke */
        .method = "POST",
        .url = smdp->url[x->call->function],
        .header = {{"Accept", "application/json"}, {"X-Admin-Protocol", smdp->conf->protocol}},
        .content_type = "application/json",
        .body = ecs_buf_str(&x->body),
        .total_ms = (uint32_t)(left > 1 ? left : 1),
    };

    return ecs_neighbour_ask(f, smdp->neighbour, &ask, &x->answer);
}

/* The same bytes under the same call id: who has done it already, knows them. Not after a wait that has used
 * most of the time: others wait, too. */
static bool is_worth_another(const struct ecs_flow *f, const struct es2 *x)
{
    int64_t left = left_ms(f, x);

    return !x->again && (x->answer.rc == ECS_E_BACKEND || x->answer.rc == ECS_E_TIMEOUT) &&
           left >= TRY_MIN_MS && left >= x->call->smdp->conf->total_ms / 2;
}

static enum ecs_next judge(struct ecs_flow *f)
{
    struct es2 *x = f->self;
    struct ecs_smdp *smdp = x->call->smdp;
    bool credentials;

    if (is_worth_another(f, x)) {
        x->again = x->call->repeated = true;
        return ecs_flow_goto(f, ask);
    }
    smdp_es2_read(x->call, f->arena, &x->answer, &credentials);
    if (credentials)
        smdp->denied_until_us = ecs_loop_now_us(f->loop) + DENIED_PAUSE_US;
    return ECS_DONE;
}

static const struct ecs_step steps[] = {
    {"es2-ask", ask, SMDP_CALL_MS},
    {"es2-judge", judge, 0},
    {0},
};

static void wipe_body(void *arg)
{
    struct ecs_buf *body = arg;

    if (body->p)
        ecs_wipe(body->p, body->cap);
    ecs_buf_done(body);
}

static enum ecs_next call_es2(struct ecs_flow *f, struct smdp_call *call)
{
    struct es2 *x = ecs_alloc(f->arena, sizeof(*x));
    int64_t now = ecs_loop_now_us(f->loop);

    if (call->smdp->denied_until_us > now) {
        call->result->status = ECS_SMDP_DENIED;
        call->result->why = "it has refused our credentials a moment ago and is not asked";
        return ECS_NEXT;
    }
    call->result->status = ECS_SMDP_AGAIN;
    call->result->why = "no memory";
    if (!x || !ecs_defer(f->arena, wipe_body, &x->body))
        return ECS_NEXT;
    x->call = call;
    x->body.limit = ANSWER_MAX;
    x->deadline_us = now + call->smdp->conf->total_ms * 1000;
    (void)!ecs_buf_reserve(&x->body, BODY_ROOM); /* growing would leave copies behind */
    smdp_es2_write(call, &x->body);
    return x->body.overflow ? ECS_NEXT : ecs_flow_call(f, steps, x);
}

const struct smdp_ops smdp_es2plus_ops = {
    .open = open_source, .close = close_source, .call = call_es2, .is_up = is_up};
