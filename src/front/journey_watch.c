/* SPDX-License-Identifier: Apache-2.0 */
/* Each worker copies the figures of its drives to where other threads may read them; worker 0 counts the open
 * journeys of all nodes now and then. */
#include "journey_watch.h"

#include <stdlib.h>
#include <string.h>

#include "admin_odsa.h"
#include "ecs/clock.h"

enum { LOOK_EVERY_MS = 1000, COUNT_EVERY_LOOKS = 20, LIMIT_MS = 3000 };

struct journey_watch {
    struct front *front;
    struct ecs_timer timer;
    unsigned looks;
    struct count *count; /* under way */
};

struct count {
    struct ecs_flow flow;
    struct journey_watch *watch;
    struct ecs_journey_counts counts;
};

static void store(_Atomic uint64_t *cell, uint64_t value)
{
    atomic_store_explicit(cell, value, memory_order_relaxed);
}

static void copy_figures(struct front *front)
{
    const struct ecs_odsa_stats *s = ecs_odsa_runner_stats(front->odsa);
    const struct {
        enum ecs_metric family;
        unsigned cell;
        uint64_t value;
    } figures[] = {
        {ECS_M_JOURNEYS, ECS_M_JOURNEY_STARTED, s->started},
        {ECS_M_JOURNEYS, ECS_M_JOURNEY_DONE, s->done},
        {ECS_M_JOURNEYS, ECS_M_JOURNEY_FAILED, s->failed},
        {ECS_M_JOURNEYS, ECS_M_JOURNEY_DISMISSED, s->dismissed},
        {ECS_M_JOURNEYS, ECS_M_JOURNEY_EXPIRED, s->expired},
        {ECS_M_JOURNEY_CALLS, 0, s->calls},
        {ECS_M_JOURNEY_RETRIES, 0, s->retries},
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(figures); i++)
        store(&front->metrics->cell[figures[i].family][figures[i].cell], figures[i].value);
}

/* ---- open ones ---- */

static enum ecs_next count_open(struct ecs_flow *f)
{
    struct count *c = f->self;

    return ecs_store_journey_count(f, c->watch->front->store, ADMIN_JOURNEY_STUCK_S, &c->counts);
}

static enum ecs_next take_counts(struct ecs_flow *f)
{
    struct count *c = f->self;
    struct ecs_metrics *m = c->watch->front->metrics;
    uint64_t stuck = 0;
    int64_t oldest = 0, now = ecs_clock_now();

    ecs_metrics_journeys_reset(m);
    for (size_t i = 0; i < c->counts.n; i++) {
        const struct ecs_journey_count *row = &c->counts.rows[i];

        ecs_metrics_journeys_open(m, row->state, (uint64_t)row->n);
        stuck += (uint64_t)row->stuck;
        if (row->oldest_at && now - row->oldest_at > oldest)
            oldest = now - row->oldest_at;
    }
    store(&m->journeys_stuck, stuck);
    store(&m->journeys_oldest_s, (uint64_t)oldest);
    return ECS_DONE;
}

static enum ecs_next finish(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

/* A count that fails leaves the former figures: the database has metrics of its own. */
static const struct ecs_step count_steps[] = {
    {"count-open", count_open, LIMIT_MS},
    {"take-counts", take_counts, 0},
    {"end", finish, 0},
    {0},
};

static void count_end(struct ecs_flow *f)
{
    struct count *c = f->self;

    c->watch->count = NULL;
    ecs_arena_free(f->arena);
}

static void start_count(struct journey_watch *watch)
{
    struct ecs_worker *worker = watch->front->worker;
    struct ecs_arena *arena = ecs_arena_new(&worker->cache, 0);
    struct count *c = arena ? ecs_alloc(arena, sizeof(*c)) : NULL;

    if (!c) {
        ecs_arena_free(arena);
        return;
    }
    c->watch = watch;
    watch->count = c;
    ecs_flow_start(&c->flow, worker->loop, arena, NULL, count_steps, c, count_end);
}

/* ---- clock ---- */

static void look(void *arg)
{
    struct journey_watch *watch = arg;
    struct front *front = watch->front;

    copy_figures(front);
    if (front->worker->index == 0 && watch->looks++ % COUNT_EVERY_LOOKS == 0 && !watch->count &&
        !front->draining && ecs_odsa_operations(front->engine->snapshot->offered))
        start_count(watch);
    ecs_timer_arm(&watch->timer, front->worker->loop, LOOK_EVERY_MS, look, watch);
}

struct journey_watch *journey_watch_start(struct front *front)
{
    struct journey_watch *watch = calloc(1, sizeof(*watch));

    if (!watch)
        return NULL;
    watch->front = front;
    ecs_timer_arm(&watch->timer, front->worker->loop, LOOK_EVERY_MS, look, watch);
    return watch;
}

void journey_watch_stop(struct journey_watch *watch)
{
    if (!watch)
        return;
    ecs_timer_disarm(&watch->timer);
    if (watch->count)
        ecs_flow_abort(&watch->count->flow);
    free(watch);
}
