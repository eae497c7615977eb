/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of journey and profile as lists of texts, in both directions: fragments journey_item and profile_item
 * of sql/queries/odsa.sql out of the database, parameters of its functions into it. */
#pragma once

#include "ecs/store_odsa.h"
#include "store_int.h"

enum { STORE_JOURNEY_COLUMNS = 45, STORE_PROFILE_COLUMNS = 27, STORE_CHANGE_COLUMNS = 30 };

/* A cell of type text[] into a struct; sets r->mistyped when it is no such row. Texts live as long as the
 * result. ECS_E_TOO_LARGE: request memory. */
enum ecs_rc store_read_journey(struct ecs_flow *f, struct ecs_pg_result *r, unsigned row, unsigned column,
                               struct ecs_journey *ret_journey);
enum ecs_rc store_read_profile(struct ecs_flow *f, struct ecs_pg_result *r, unsigned row, unsigned column,
                               struct ecs_profile *ret_profile);

/* The row as texts in cells (as many as the columns above say), memory from the arena. ECS_E_BAD_PARAMETER:
 * a text is not UTF-8, *ret_column names it. */
enum ecs_rc store_write_journey(struct ecs_arena *arena, const struct ecs_journey *journey,
                                struct ecs_str *cells, const char **ret_column);
enum ecs_rc store_write_change(struct ecs_arena *arena, const struct ecs_profile_change *change,
                               struct ecs_str *cells, const char **ret_column);
/* Fails the flow with what a write has said. */
enum ecs_next store_write_failed(struct ecs_flow *f, enum ecs_rc rc, const char *column);

/* For statements that give one journey or none (id 0). */
enum ecs_rc store_decode_journey(struct ecs_flow *f, struct ecs_pg_result *r);
