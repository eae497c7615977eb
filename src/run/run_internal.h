/* SPDX-License-Identifier: Apache-2.0 */
/* The timer wheel inside a loop: 1,024 slots of 8 ms; what lies further away goes round again. */
#pragma once

#include "ecs/loop.h"

enum { ECS_WHEEL_SLOTS = 1024, ECS_WHEEL_TICK_US = 8000 };

struct ecs_wheel {
    struct ecs_timer slot[ECS_WHEEL_SLOTS]; /* list heads */
    uint64_t busy[ECS_WHEEL_SLOTS / 64];    /* one bit per slot that may hold timers */
    int64_t tick;                           /* last tick that was run */
    unsigned count;
};

struct ecs_wheel *ecs_loop_wheel(struct ecs_loop *loop);
void ecs_wheel_init(struct ecs_wheel *wheel, int64_t now_us);
/* Microseconds until the next slot that holds a timer; -1 when there is none. */
int64_t ecs_wheel_wait_us(const struct ecs_wheel *wheel, int64_t now_us);
void ecs_wheel_run(struct ecs_wheel *wheel, int64_t now_us);
