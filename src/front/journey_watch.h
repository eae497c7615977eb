/* SPDX-License-Identifier: Apache-2.0 */
/* Figures of journeys for /metrics: what this worker has done with them, and (worker 0) how many are open. */
#pragma once

#include "front_internal.h"

struct journey_watch;

/* On each worker, after its engine was made. NULL: no memory. */
struct journey_watch *journey_watch_start(struct front *front);
/* Before the store is freed. NULL is allowed. */
void journey_watch_stop(struct journey_watch *watch);
