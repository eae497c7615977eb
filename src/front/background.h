/* SPDX-License-Identifier: Apache-2.0 */
/* Work that no device waits for. */
#pragma once

#include "front_internal.h"

/* Activation orders of a line that an answer called for (V-025): bits ECS_ORDER_*. */
void orders_write(struct front *front, const struct ecs_imsi *imsi, unsigned orders);
/* Worker 0: tells the database which policy is in force, so that content revisions grow with a new one;
 * repeated until the database has heard it. */
void policy_announce(struct front *front);
/* Worker 0: the timer that deletes expired EAP sessions in small batches. */
void reaper_start(struct front *front);
