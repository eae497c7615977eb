/* SPDX-License-Identifier: Apache-2.0 */
/* The plain applications (ap2010, ap2012, ap2013, ap2016) of a worker's engine. */
#pragma once

#include "front_internal.h"

/* What sections and policy say together. */
void service_snapshot_check(const struct ecs_snapshot *s, const char *path, struct ecs_faults *faults);
/* engine->wifi_identity. False: no memory. */
bool engine_service_new(struct front *front, struct engine *e);
void engine_service_free(struct engine *e);
