/* SPDX-License-Identifier: Apache-2.0 */
/* The service manager's watchdog: fed only while every worker's loop turns, so a stuck worker restarts the
 * daemon. */
#include "ecs/clock.h"
#include "ecs/log.h"
#include "ecs/worker.h"

enum { CHECK_MS = 1000 };

static void check(void *arg)
{
    struct ecs_watchdog *dog = arg;
    int64_t now = ecs_clock_mono_us();
    bool alive = true;

    for (unsigned i = 0; i < dog->count; i++) {
        int64_t age = now - atomic_load_explicit(&dog->workers[i].beat_us, memory_order_relaxed);

        if (age > 5 * 1000 * CHECK_MS) {
            ecs_log(NULL, ECS_EV_WATCHDOG, "worker %u has not turned for %lld ms", i,
                    (long long)(age / 1000));
            alive = false;
        }
    }
    if (alive && dog->interval_us)
        ecs_loop_notify("WATCHDOG=1");
    ecs_timer_arm(&dog->timer, dog->loop, CHECK_MS, check, dog);
}

void ecs_watchdog_start(struct ecs_watchdog *dog, struct ecs_loop *loop, struct ecs_worker *workers,
                        unsigned count)
{
    *dog = (struct ecs_watchdog){
        .loop = loop, .workers = workers, .count = count, .interval_us = ecs_loop_watchdog_us()};
    check(dog);
}

void ecs_watchdog_stop(struct ecs_watchdog *dog)
{
    ecs_timer_disarm(&dog->timer);
}
