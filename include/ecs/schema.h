/* SPDX-License-Identifier: Apache-2.0 */
/* The database schema that this program knows, against the one that a database has. Blocking: start-up and
 * tools. */
#pragma once

#include "ecs/pg_sync.h"

enum ecs_schema_state {
    ECS_SCHEMA_CURRENT,
    ECS_SCHEMA_EMPTY,    /* no schema yet */
    ECS_SCHEMA_OLD,      /* upgrade is needed */
    ECS_SCHEMA_NEWER,    /* made by a newer program: refuse to run */
    ECS_SCHEMA_MODIFIED, /* an applied file is not the one in this program: refuse to run */
};

struct ecs_schema_status {
    enum ecs_schema_state state;
    unsigned database; /* number of the last applied file, 0 none */
    unsigned program;  /* number of the last known file */
    unsigned modified; /* first file that differs, for ECS_SCHEMA_MODIFIED */
};

enum ecs_rc ecs_schema_status(struct ecs_pg_sync *sync, struct ecs_schema_status *ret_status) ECS_MUST_CHECK;
const char *ecs_schema_state_name(enum ecs_schema_state state);
/* Applies what is missing, each file in a transaction, under an advisory lock (a second caller waits, then
 * finds nothing to do). ECS_E_CONFLICT: newer or modified; nothing was changed. ret_applied may be NULL. */
enum ecs_rc ecs_schema_upgrade(struct ecs_pg_sync *sync, unsigned *ret_applied) ECS_MUST_CHECK;
