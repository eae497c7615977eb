/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and applications of third parties, of an engine. */
#pragma once

#include "front_internal.h"

/* What the sections say together, and with the policy. */
void userinfo_snapshot_check(const struct ecs_snapshot *s, const char *path, struct ecs_faults *faults);
/* Bits of the operations of ap2014 and ap2015 that this configuration serves. */
unsigned userinfo_operations(const struct ecs_snapshot *s);
/* After engine->auth is filled. False: no memory. */
bool engine_userinfo_new(struct front *front, struct engine *e);
void engine_userinfo_free(struct engine *e);
