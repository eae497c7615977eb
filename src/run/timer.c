/* SPDX-License-Identifier: Apache-2.0 */
/* Timer wheel: arming and disarming are O(1) and free of system calls, which matters because every request
 * arms one or two limits that hardly ever fire. */
#include <string.h>

#include "ecs/clock.h"
#include "run_internal.h"

enum { NEAR_MASK = ECS_WHEEL_NEAR - 1, FAR_MASK = ECS_WHEEL_FAR - 1, NEAR_BITS = 10 };

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

/* Near: within this round of the near slots. What lies beyond the far ones waits in the last of them. */
static unsigned slot_of(const struct ecs_wheel *wheel, int64_t due_us)
{
    int64_t tick = tick_of(due_us), far = (wheel->tick >> NEAR_BITS) + ECS_WHEEL_FAR - 1;

    if (tick <= wheel->tick)
        tick = wheel->tick + 1;
    if (tick >> NEAR_BITS == wheel->tick >> NEAR_BITS)
        return (unsigned)(tick & NEAR_MASK);
    if (tick >> NEAR_BITS < far)
        far = tick >> NEAR_BITS;
    return ECS_WHEEL_NEAR + (unsigned)(far & FAR_MASK);
}

static void set_busy(struct ecs_wheel *wheel, unsigned slot)
{
    wheel->busy[slot / 64] |= UINT64_C(1) << (slot % 64);
}

static void set_idle(struct ecs_wheel *wheel, unsigned slot)
{
    wheel->busy[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
}

static void append(struct ecs_timer *head, struct ecs_timer *timer)
{
    timer->prev = head->prev;
    timer->next = head;
    head->prev->next = timer;
    head->prev = timer;
}

static void insert(struct ecs_wheel *wheel, struct ecs_timer *timer)
{
    unsigned slot = slot_of(wheel, timer->due_us);

    append(&wheel->slot[slot], timer);
    set_busy(wheel, slot);
}

void ecs_timer_arm(struct ecs_timer *timer, struct ecs_loop *loop, uint32_t ms, void (*fn)(void *arg),
                   void *arg)
{
    struct ecs_wheel *wheel = ecs_loop_wheel(loop);

    ecs_timer_disarm(timer);
    timer->due_us = ecs_clock_mono_us() + (int64_t)ms * 1000;
    timer->loop = loop;
    timer->fn = fn;
    timer->arg = arg;
    insert(wheel, timer);
    wheel->count++;
}

void ecs_timer_disarm(struct ecs_timer *timer)
{
    struct ecs_wheel *wheel;

    if (!timer->loop)
        return;
    wheel = ecs_loop_wheel(timer->loop);
    timer->prev->next = timer->next;
    timer->next->prev = timer->prev;
    /* The last one of its slot: its neighbour is the head. (In the list of due timers it is a head
     * elsewhere.) */
    if (timer->next == timer->prev && timer->next >= wheel->slot &&
        timer->next < wheel->slot + ECS_WHEEL_SLOTS)
        set_idle(wheel, (unsigned)(timer->next - wheel->slot));
    wheel->count--;
    timer->loop = NULL;
}

/* First busy slot of [from, to), or to. */
static unsigned next_busy(const struct ecs_wheel *wheel, unsigned from, unsigned to)
{
    while (from < to) {
        uint64_t word = wheel->busy[from / 64] >> (from % 64);

        if (word) {
            from += (unsigned)__builtin_ctzll(word);
            return from < to ? from : to;
        }
        from += 64 - from % 64;
    }
    return to;
}

/* The tick at which the wheel has something to do: a near slot, or the begin of a far one. */
static int64_t next_tick(const struct ecs_wheel *wheel)
{
    int64_t round = wheel->tick >> NEAR_BITS;
    unsigned near = next_busy(wheel, (unsigned)(wheel->tick & NEAR_MASK) + 1, ECS_WHEEL_NEAR);
    unsigned at = (unsigned)((round + 1) & FAR_MASK), far;

    if (near < ECS_WHEEL_NEAR)
        return (round << NEAR_BITS) + near;
    far = next_busy(wheel, ECS_WHEEL_NEAR + at, ECS_WHEEL_SLOTS) - ECS_WHEEL_NEAR;
    if (far == ECS_WHEEL_FAR)
        far = next_busy(wheel, ECS_WHEEL_NEAR, ECS_WHEEL_NEAR + at) - ECS_WHEEL_NEAR + ECS_WHEEL_FAR;
    return (round + 1 + (far - at)) << NEAR_BITS;
}

int64_t ecs_wheel_wait_us(const struct ecs_wheel *wheel, int64_t now_us)
{
    int64_t due;

    if (wheel->count == 0)
        return -1;
    due = next_tick(wheel) * ECS_WHEEL_TICK_US;
    return due > now_us ? due - now_us : 0;
}

/* A round of the near slots begins: deals out the far slot of this time. */
static void deal_out(struct ecs_wheel *wheel)
{
    unsigned slot = ECS_WHEEL_NEAR + (unsigned)((wheel->tick >> NEAR_BITS) & FAR_MASK);
    struct ecs_timer *head = &wheel->slot[slot], *t = head->next;

    head->prev->next = NULL;
    head->next = head->prev = head;
    set_idle(wheel, slot);
    for (struct ecs_timer *next; t && t != head; t = next) {
        next = t->next;
        insert(wheel, t);
    }
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
        append(&due, t);
    }
    if (head->next == head)
        set_idle(wheel, slot);
    while (due.next != &due) {
        struct ecs_timer *t = due.next;

        ecs_timer_disarm(t);
        t->fn(t->arg);
    }
}

void ecs_wheel_run(struct ecs_wheel *wheel, int64_t now_us)
{
    int64_t now_tick = now_us / ECS_WHEEL_TICK_US;

    while (wheel->tick < now_tick) {
        int64_t tick = wheel->count ? next_tick(wheel) : now_tick;

        if (tick > now_tick)
            tick = now_tick;
        /* Every begin of a round is a stop, so that its far slot is dealt out before its near ones are run.
         */
        if (tick >> NEAR_BITS != wheel->tick >> NEAR_BITS) {
            wheel->tick = ((wheel->tick >> NEAR_BITS) + 1) << NEAR_BITS;
            deal_out(wheel);
        } else {
            wheel->tick = tick;
        }
        if (wheel->busy[(wheel->tick & NEAR_MASK) / 64] >> (wheel->tick & NEAR_MASK) % 64 & 1)
            run_slot(wheel, (unsigned)(wheel->tick & NEAR_MASK), now_us);
    }
}
