/* SPDX-License-Identifier: Apache-2.0 */
/* eSIM orchestration of a worker and its engines. */
#pragma once

#include "front_internal.h"

/* What the sections say together. */
void odsa_snapshot_check(const struct ecs_snapshot *s, const char *path, struct ecs_faults *faults);
/* After engine->auth is filled. False: no memory. */
bool engine_odsa_new(struct front *front, struct engine *e);
void engine_odsa_free(struct engine *e);
/* Worker 0 of a node: looks for journeys that are due, every second. */
void odsa_start(struct front *front);
