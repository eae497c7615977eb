/* SPDX-License-Identifier: Apache-2.0 */
/* The ladder of providers as part of an engine, and what is done behind an authentication that it has proven.
 */
#pragma once

#include "front_internal.h"

/* Behind engine_aaa_new and after engine->auth was filled. False: no memory (logged). */
bool engine_ladder_new(struct front *front, struct engine *e);
void engine_ladder_free(struct engine *e);
/* When a snapshot is loaded: names of ladders and of auth.hss_profile exist. */
void ladder_snapshot_check(const struct ecs_snapshot *s, const char *path, struct ecs_faults *faults);

/* A full authentication of a line has passed and was not answered before: number and profile of the line, in
 * the background (after_auth.c). */
void after_auth(struct front *front, struct engine *engine, const struct ecs_auth *auth);
