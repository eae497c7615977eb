/* SPDX-License-Identifier: Apache-2.0 */
/* Worker threads: start with a result, a heartbeat while the loop turns, an orderly end. */
#include "ecs/worker.h"

#include <semaphore.h>
#include <stdio.h>

#include "ecs/clock.h"

enum { BEAT_MS = 1000 };

struct start {
    struct ecs_worker *worker;
    sem_t ready;
};

static void beat(void *arg)
{
    struct ecs_worker *w = arg;

    atomic_store_explicit(&w->beat_us, ecs_clock_mono_us(), memory_order_relaxed);
    ecs_timer_arm(&w->beat_timer, w->loop, BEAT_MS, beat, w);
}

static enum ecs_rc prepare(struct ecs_worker *w)
{
    w->loop = ecs_loop_new();
    if (!w->loop)
        return ECS_E_NO_MEMORY;
    w->mailbox = ecs_mailbox_new(w->loop, w);
    if (!w->mailbox)
        return ECS_E_NO_MEMORY;
    return w->init(w, w->arg);
}

static void *thread_main(void *arg)
{
    struct start *start = arg;
    struct ecs_worker *w = start->worker;

    w->rc = prepare(w);
    if (w->rc == ECS_OK)
        beat(w);
    sem_post(&start->ready); /* start is gone from here on */
    if (w->rc == ECS_OK) {
        w->rc = ecs_loop_run(w->loop);
        if (w->rc == ECS_OK) /* an orderly end: the watchdog waits for the others only */
            atomic_store_explicit(&w->beat_us, INT64_MAX, memory_order_relaxed);
        w->done(w);
        ecs_timer_disarm(&w->beat_timer);
    }
    ecs_mailbox_free(w->mailbox);
    ecs_loop_free(w->loop);
    ecs_arena_cache_done(&w->cache);
    w->mailbox = NULL;
    w->loop = NULL;
    return NULL;
}

enum ecs_rc ecs_worker_start(struct ecs_worker *worker, unsigned index,
                             enum ecs_rc (*init)(struct ecs_worker *worker, void *arg),
                             void (*done)(struct ecs_worker *worker), void *arg)
{
    struct start start = {.worker = worker};
    char name[16];

    *worker = (struct ecs_worker){.index = index, .init = init, .done = done, .arg = arg};
    if (sem_init(&start.ready, 0, 0) != 0)
        return ECS_E_INTERNAL;
    if (pthread_create(&worker->thread, NULL, thread_main, &start) != 0) {
        sem_destroy(&start.ready);
        return ECS_E_NO_MEMORY;
    }
    snprintf(name, sizeof(name), "worker-%u", index % 1000);
    (void)pthread_setname_np(worker->thread, name);
    while (sem_wait(&start.ready) != 0)
        continue;
    sem_destroy(&start.ready);
    if (worker->rc != ECS_OK)
        pthread_join(worker->thread, NULL);
    return worker->rc;
}

void ecs_worker_join(struct ecs_worker *worker)
{
    pthread_join(worker->thread, NULL);
}
