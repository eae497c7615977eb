/* SPDX-License-Identifier: Apache-2.0 */
/* The runner of one worker: what is due (tries again, deadlines, what another node has left) is looked for
 * once a second by one worker per node, and ended journeys are removed when their time is over. */
#include <stdlib.h>

#include "odsa_drive.h"

enum {
    LOOK_EVERY_US = 900000, /* a little less than the timer's second */
    REAP_EVERY_US = 60000000,
    REAP_ROWS = 500,
    DRIVES_MAX = 128, /* begun by the runner; what devices begin is not bounded by it */
    DB_LIMIT_MS = 10000
};

struct odsa_look {
    struct ecs_flow flow;
    struct ecs_odsa_runner *runner;
    const struct ecs_odsa_env *env;
    int64_t ids[ECS_JOURNEY_DUE_MAX];
    unsigned n, reaped;
};

struct ecs_odsa_runner *ecs_odsa_runner_new(struct ecs_loop *loop, struct ecs_arena_cache *cache)
{
    struct ecs_odsa_runner *runner = calloc(1, sizeof(*runner));

    if (!runner)
        return NULL;
    runner->loop = loop;
    runner->cache = cache;
    return runner;
}

void ecs_odsa_runner_free(struct ecs_odsa_runner *runner)
{
    if (!runner)
        return;
    runner->stopping = true;
    if (runner->look)
        ecs_flow_abort(&runner->look->flow);
    while (runner->drives)
        ecs_flow_abort(&runner->drives->flow);
    free(runner);
}

unsigned ecs_odsa_runner_busy(const struct ecs_odsa_runner *runner)
{
    return runner->busy;
}

const struct ecs_odsa_stats *ecs_odsa_runner_stats(const struct ecs_odsa_runner *runner)
{
    return &runner->stats;
}

/* ---- the search ---- */

static enum ecs_next find_due(struct ecs_flow *f)
{
    struct odsa_look *look = f->self;
    unsigned busy = look->runner->busy, room = busy < DRIVES_MAX ? DRIVES_MAX - busy : 0;

    if (!room)
        return ECS_NEXT;
    return ecs_store_journey_due(f, look->env->store, look->ids,
                                 room < ECS_JOURNEY_DUE_MAX ? room : ECS_JOURNEY_DUE_MAX, &look->n);
}

static enum ecs_next begin_drives(struct ecs_flow *f)
{
    struct odsa_look *look = f->self;

    for (unsigned i = 0; i < look->n; i++)
        odsa_kick(look->env, look->ids[i]);
    return ECS_NEXT;
}

static enum ecs_next reap(struct ecs_flow *f)
{
    struct odsa_look *look = f->self;
    struct ecs_odsa_runner *runner = look->runner;
    int64_t now_us = ecs_loop_now_us(runner->loop);

    if (runner->reaped_us && now_us - runner->reaped_us < REAP_EVERY_US)
        return ECS_NEXT;
    runner->reaped_us = now_us;
    return ecs_store_odsa_reap(f, look->env->store, (unsigned)look->env->conf->keep_days, REAP_ROWS,
                               &look->reaped);
}

static enum ecs_next finish(struct ecs_flow *f)
{
    struct odsa_look *look = f->self;

    if (f->rc == ECS_OK && look->reaped == REAP_ROWS)
        look->runner->reaped_us = 0; /* there is more */
    return ECS_DONE;
}

static const struct ecs_step look_steps[] = {
    {"find-due", find_due, DB_LIMIT_MS},
    {"begin-drives", begin_drives, 0},
    {"reap", reap, DB_LIMIT_MS},
    {"finish", finish, 0},
    {0},
};

static void look_end(struct ecs_flow *f)
{
    struct odsa_look *look = f->frame[0].self;
    const struct ecs_odsa_env *env = look->env;

    /* The store tells by itself when the database is away. */
    if (f->rc != ECS_OK && f->rc != ECS_E_CANCELLED && f->rc != ECS_E_BACKEND)
        ecs_log(NULL, ECS_EV_JOURNEY_ALARM, "journeys that are due cannot be found: %s", f->reason);
    look->runner->look = NULL;
    ecs_arena_free(f->arena);
    if (env->drop)
        env->drop(env->hold_arg);
}

void ecs_odsa_runner_look(const struct ecs_odsa_env *env)
{
    struct ecs_odsa_runner *runner = env->runner;
    int64_t now_us = ecs_loop_now_us(runner->loop);
    struct ecs_arena *arena;
    struct odsa_look *look;

    if (runner->look || runner->stopping || (runner->looked_us && now_us - runner->looked_us < LOOK_EVERY_US))
        return;
    arena = ecs_arena_new(runner->cache, 0);
    look = arena ? ecs_alloc(arena, sizeof(*look)) : NULL;
    if (!look) {
        ecs_arena_free(arena);
        return;
    }
    runner->looked_us = now_us;
    runner->look = look;
    look->runner = runner;
    look->env = env;
    if (env->hold)
        env->hold(env->hold_arg);
    ecs_flow_start(&look->flow, runner->loop, arena, NULL, look_steps, look, look_end);
}
