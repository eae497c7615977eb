/* SPDX-License-Identifier: Apache-2.0 */
/* Flows that wait for one fetch on behalf of all of them. A list head is moved away as a whole before its
 * flows are resumed, and each member can leave any list it is in, because a resumed flow may abort another
 * one. */
#pragma once

#include "ecs/flow.h"

struct waiter {
    struct waiter *next, **link; /* link: what points here */
    struct ecs_flow *flow;
};

static inline void waiter_leave(struct waiter *w)
{
    *w->link = w->next;
    if (w->next)
        w->next->link = w->link;
}

static inline void waiter_cancel(void *arg)
{
    waiter_leave(arg);
}

/* At the end, so that the first to come is the first served. */
static inline void waiter_join(struct waiter *w, struct waiter **head)
{
    while (*head)
        head = &(*head)->next;
    w->next = NULL;
    w->link = head;
    *head = w;
}

static inline void waiters_move(struct waiter **from, struct waiter **to)
{
    *to = *from;
    *from = NULL;
    if (*to)
        (*to)->link = to;
}
