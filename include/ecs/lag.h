/* SPDX-License-Identifier: Apache-2.0 */
/* How long an event waits until its loop comes to it, measured by a probe that queues like any other event.
 * Asks nothing of an idle loop: a probe is sent only when somebody wants to know. */
#pragma once

#include "ecs/loop.h"

struct ecs_lag {
    struct ecs_loop *loop;
    struct ecs_watch *watch;
    int fd;
    int64_t sent_us;             /* of the probe under way; 0: none */
    int64_t last_us, last_at_us; /* the last figure and when it came in */
};

/* False: no descriptor. */
bool ecs_lag_start(struct ecs_lag *lag, struct ecs_loop *loop) ECS_MUST_CHECK;
void ecs_lag_stop(struct ecs_lag *lag);
/* The present figure in microseconds, at least the age of the probe under way; sends the next probe. A figure
 * older than a second counts as nothing. */
int64_t ecs_lag_us(struct ecs_lag *lag);
