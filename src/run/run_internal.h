/* SPDX-License-Identifier: Apache-2.0 */
/* The timer wheel inside a loop: 1,024 slots of 8 ms for what is near, 512 slots of 8.2 s for what is far. A
 * far slot is dealt out to the near ones when its time begins, so thousands of long timers cost one wake-up
 * in 8 s. */
#pragma once

#include "ecs/loop.h"

enum {
    ECS_WHEEL_NEAR = 1024,
    ECS_WHEEL_FAR = 512,
    ECS_WHEEL_SLOTS = ECS_WHEEL_NEAR + ECS_WHEEL_FAR,
    ECS_WHEEL_TICK_US = 8000
};

struct ecs_wheel {
    struct ecs_timer slot[ECS_WHEEL_SLOTS]; /* list heads: near ones, then far ones */
    uint64_t busy[ECS_WHEEL_SLOTS / 64];    /* one bit per slot that holds timers */
    int64_t tick;                           /* last tick that was run */
    unsigned count;
};

struct ecs_wheel *ecs_loop_wheel(struct ecs_loop *loop);
void ecs_wheel_init(struct ecs_wheel *wheel, int64_t now_us);
/* Microseconds until the next slot that holds a timer; -1 when there is none. */
int64_t ecs_wheel_wait_us(const struct ecs_wheel *wheel, int64_t now_us);
void ecs_wheel_run(struct ecs_wheel *wheel, int64_t now_us);
