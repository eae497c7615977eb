/* SPDX-License-Identifier: Apache-2.0 */
/* For unit tests that need a database: one private cluster per test program (tests/pg_cluster.sh), removed at
 * the end, and flows that are run to their end. Include it after cmocka.h. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ecs/clock.h"
#include "ecs/flow.h"
#include "ecs/pg_sync.h"

static char pg_test_dir[64];
static pid_t pg_test_owner;

static inline int pg_test_cluster(const char *action)
{
    char command[512];

    snprintf(command, sizeof(command), "%s/tests/pg_cluster.sh %s %s >/dev/null", ECS_SOURCE_DIR, action,
             pg_test_dir);
    return system(command);
}

static inline void pg_test_remove(void)
{
    if (pg_test_dir[0] && getpid() == pg_test_owner && pg_test_cluster("remove") != 0)
        fprintf(stderr, "cannot remove %s\n", pg_test_dir);
}

static inline int pg_test_start(void)
{
    snprintf(pg_test_dir, sizeof(pg_test_dir), "/tmp/ecs-pg-XXXXXX");
    pg_test_owner = getpid();
    if (!mkdtemp(pg_test_dir) || atexit(pg_test_remove) != 0)
        return -1;
    return pg_test_cluster("start");
}

static inline const char *pg_test_conninfo(void)
{
    static char text[160];

    snprintf(text, sizeof(text), "host=%s dbname=entitlements user=ecs", pg_test_dir);
    return text;
}

/* Statements without a result that must succeed. */
static inline void pg_test_sql(const char *sql)
{
    char error[256] = "";
    struct ecs_pg_sync *sync = NULL;
    enum ecs_rc rc = ecs_pg_sync_connect(pg_test_conninfo(), 5, error, &sync);

    if (rc == ECS_OK)
        rc = ecs_pg_sync_script(sync, sql);
    if (rc != ECS_OK)
        fail_msg("%s: %s", sql, sync ? ecs_pg_sync_error(sync) : error);
    ecs_pg_sync_free(sync);
}

/* One number out of the database; NULL gives -1. */
static inline int64_t pg_test_number(const char *sql)
{
    char error[256] = "";
    struct ecs_pg_sync *sync = NULL;
    struct ecs_pg_result result = {0};
    int64_t value = -1;

    if (ecs_pg_sync_connect(pg_test_conninfo(), 5, error, &sync) != ECS_OK)
        fail_msg("%s", error);
    if (ecs_pg_sync_exec(sync, sql, NULL, 0, &result) != ECS_OK)
        fail_msg("%s: %s", sql, ecs_pg_sync_error(sync));
    if (result.rows > 0)
        value = ecs_pg_int(&result, 0, 0, -1);
    assert_false(result.mistyped);
    ecs_pg_sync_clear(&result);
    ecs_pg_sync_free(sync);
    return value;
}

/* Turns until *left is 0 or the time is over. */
static inline void pg_test_turn(struct ecs_loop *loop, const unsigned *left, int64_t limit_ms)
{
    int64_t end = ecs_clock_mono_us() + limit_ms * 1000;

    while (*left > 0 && ecs_clock_mono_us() < end)
        assert_int_equal(ecs_loop_turn(loop, 20000), ECS_OK);
}
