/* SPDX-License-Identifier: Apache-2.0 */
/* A worker: one thread with its own loop, mailbox and memory; nothing else is shared with other workers. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "ecs/arena.h"
#include "ecs/loop.h"
#include "ecs/mailbox.h"

struct ecs_worker {
    unsigned index; /* from 0 */
    struct ecs_loop *loop;
    struct ecs_mailbox *mailbox; /* owner: the worker; post from any thread */
    struct ecs_arena_cache cache;
    void *state; /* set by init */
    /* below: the engine's */
    pthread_t thread;
    enum ecs_rc (*init)(struct ecs_worker *worker, void *arg);
    void (*done)(struct ecs_worker *worker);
    void *arg;
    enum ecs_rc rc;
    _Atomic int64_t beat_us; /* monotonic time of the last sign of life */
    struct ecs_timer beat_timer;
};

/* Starts the thread; init runs on it before the loop turns, done after the loop has ended. Returns when init
 * has finished, with its result. */
enum ecs_rc ecs_worker_start(struct ecs_worker *worker, unsigned index,
                             enum ecs_rc (*init)(struct ecs_worker *worker, void *arg),
                             void (*done)(struct ecs_worker *worker), void *arg);
/* Waits for the end of the loop (the worker calls ecs_loop_stop itself, for example on a mail). */
void ecs_worker_join(struct ecs_worker *worker);

/* Sends WATCHDOG=1 to the service manager from the calling loop as long as every worker beats (once a
 * second). */
struct ecs_watchdog {
    struct ecs_loop *loop;
    struct ecs_worker *workers;
    unsigned count;
    uint64_t interval_us;
    struct ecs_timer timer;
};
void ecs_watchdog_start(struct ecs_watchdog *dog, struct ecs_loop *loop, struct ecs_worker *workers,
                        unsigned count);
void ecs_watchdog_stop(struct ecs_watchdog *dog);
