/* SPDX-License-Identifier: Apache-2.0 */
/* Polls of the status systems that tell what the network can do (docs/availability.md), on worker 0. */
#pragma once

#include "ecs/availability.h"
#include "front_internal.h"

/* NULL: no memory. */
struct availability_job *availability_job_start(struct front *front);
void availability_job_stop(struct availability_job *job); /* NULL allowed; before the pool and the store go */

/* Key of the text for a state that brings none, by the settings; {NULL, 0}: none, or the catalogues have it
 * not. */
struct ecs_str availability_message(const struct engine *engine, enum ecs_availability state);
/* Faults of the sections. */
void availability_snapshot_check(const struct ecs_snapshot *s, const char *path, struct ecs_faults *faults);
