/* SPDX-License-Identifier: Apache-2.0 */
/* What the handlers of journeys share: how a journey is written and said. */
#pragma once

#include "admin_internal.h"
#include "ecs/odsa.h"
#include "ecs/store_journey.h"

/* Open and its work was repeated, or this long behind what was due, counts as stuck. */
enum { ADMIN_JOURNEY_STUCK_S = 300 };
bool admin_journey_is_stuck(const struct ecs_journey *journey, int64_t now);

/* A sentence on what comes next: an attempt, a deadline, nothing. NULL: no memory. */
const char *admin_journey_next(struct ecs_arena *arena, const struct ecs_journey *journey, int64_t now);
/* The members that a list shows; the object is open. */
void admin_write_journey(struct ecs_json_out *out, const struct ecs_journey *journey, int64_t now);
/* All others. */
void admin_write_journey_rest(struct ecs_json_out *out, const struct ecs_journey *journey);
/* state, state_help, next, advice. */
enum ecs_rc admin_write_journey_say(struct ecs_json_out *out, struct ecs_arena *arena,
                                    const struct ecs_journey *journey, int64_t now) ECS_MUST_CHECK;
/* Device ids as TAC or first characters, EIDs as their ends. */
void admin_write_device(struct ecs_json_out *out, const char *key, struct ecs_str id);
void admin_write_eid(struct ecs_json_out *out, const char *key, struct ecs_str eid);
