/* SPDX-License-Identifier: Apache-2.0 */
/* Timer wheel: arming and disarming are O(1) and free of system calls, which matters because every request
 * arms one or two limits that hardly ever fire. */
#include <string.h>

#include "ecs/clock.h"
#include "run_internal.h"

enum { SLOT_MASK = ECS_WHEEL_SLOTS - 1 };

void ecs_wheel_init(struct ecs_wheel *wheel, int64_t now_us)
{
    memset(wheel, 0, sizeof(*wheel));
    for (unsigned i = 0; i < ECS_WHEEL_SLOTS; i++)
        wheel->slot[i].next = wheel->slot[i].prev = &wheel->slot[i];
    wheel->tick = now_us / ECS_WHEEL_TICK_US;
}

/* The tick at whose run the timer is due: the first that begins at or after due_us. */
static int64_t tick_of(int64_t due_us)
{
    return (due_us + ECS_WHEEL_TICK_US - 1) / ECS_WHEEL_TICK_US;
}

void ecs_timer_arm(struct ecs_timer *timer, struct ecs_loop *loop, uint32_t ms, void (*fn)(void *arg),
                   void *arg)
{
    struct ecs_wheel *wheel = ecs_loop_wheel(loop);
    int64_t tick;
    unsigned slot;
    struct ecs_timer *head;

    ecs_timer_disarm(timer);
    timer->due_us = ecs_clock_mono_us() + (int64_t)ms * 1000;
    tick = tick_of(timer->due_us);
    if (tick <= wheel->tick)
        tick = wheel->tick + 1;
    slot = (unsigned)(tick & SLOT_MASK);
    head = &wheel->slot[slot];
    timer->loop = loop;
    timer->fn = fn;
    timer->arg = arg;
    timer->prev = head->prev;
    timer->next = head;
    head->prev->next = timer;
    head->prev = timer;
    wheel->busy[slot / 64] |= UINT64_C(1) << (slot % 64);
    wheel->count++;
}

void ecs_timer_disarm(struct ecs_timer *timer)
{
    if (!timer->loop)
        return;
    timer->prev->next = timer->next;
    timer->next->prev = timer->prev;
    ecs_loop_wheel(timer->loop)->count--;
    timer->loop = NULL;
}

/* Distance in ticks from the wheel's position to the next busy slot, at least 1. */
static unsigned next_busy(const struct ecs_wheel *wheel)
{
    unsigned from = (unsigned)((wheel->tick + 1) & SLOT_MASK);

    for (unsigned done = 0; done < ECS_WHEEL_SLOTS;) {
        unsigned at = (from + done) & SLOT_MASK;
        uint64_t word = wheel->busy[at / 64] >> (at % 64);

        if (word)
            return done + (unsigned)__builtin_ctzll(word) + 1;
        done += 64 - at % 64;
    }
    return ECS_WHEEL_SLOTS;
}

int64_t ecs_wheel_wait_us(const struct ecs_wheel *wheel, int64_t now_us)
{
    int64_t due;

    if (wheel->count == 0)
        return -1;
    due = (wheel->tick + next_busy(wheel)) * ECS_WHEEL_TICK_US;
    return due > now_us ? due - now_us : 0;
}

/* Timers of the slot that are due are moved to a list of their own first: a callback may arm or disarm any
 * timer. */
static void run_slot(struct ecs_wheel *wheel, unsigned slot, int64_t now_us)
{
    struct ecs_timer *head = &wheel->slot[slot], due;

    due.next = due.prev = &due;
    for (struct ecs_timer *t = head->next, *next; t != head; t = next) {
        next = t->next;
        if (t->due_us > now_us)
            continue;
        t->prev->next = t->next;
        t->next->prev = t->prev;
        t->prev = due.prev;
        t->next = &due;
        due.prev->next = t;
        due.prev = t;
    }
    if (head->next == head)
        wheel->busy[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
    while (due.next != &due) {
        struct ecs_timer *t = due.next;

        ecs_timer_disarm(t);
        t->fn(t->arg);
    }
}

void ecs_wheel_run(struct ecs_wheel *wheel, int64_t now_us)
{
    int64_t now_tick = now_us / ECS_WHEEL_TICK_US;
    int64_t steps = now_tick - wheel->tick;

    if (wheel->count == 0) {
        wheel->tick = now_tick;
        return;
    }
    if (steps > ECS_WHEEL_SLOTS) {
        wheel->tick = now_tick - ECS_WHEEL_SLOTS;
        steps = ECS_WHEEL_SLOTS;
    }
    while (steps-- > 0) {
        unsigned slot = (unsigned)(++wheel->tick & SLOT_MASK);

        if (wheel->busy[slot / 64] & (UINT64_C(1) << (slot % 64)))
            run_slot(wheel, slot, now_us);
    }
}
