/* SPDX-License-Identifier: Apache-2.0 */
/* Schema versions: files are numbered, applied in order, recorded with their checksum and never edited later.
 */
#include "ecs/schema.h"

#include <string.h>

#include "ecs/buf.h"
#include "store/schema_files.h"

/* Any constant will do; it only has to differ from other programs' in the same database. */
#define LOCK_KEY "4851043"

static enum ecs_rc has_table(struct ecs_pg_sync *sync, bool *ret_has)
{
    struct ecs_pg_result r = {0};
    enum ecs_rc rc = ecs_pg_sync_exec(sync, "SELECT to_regclass('schema_version') IS NOT NULL", NULL, 0, &r);

    if (rc != ECS_OK)
        return rc;
    *ret_has = ecs_pg_bool(&r, 0, 0);
    ecs_pg_sync_clear(&r);
    return ECS_OK;
}

static void compare(struct ecs_pg_result *r, struct ecs_schema_status *status)
{
    status->state = ECS_SCHEMA_CURRENT;
    for (unsigned row = 0; row < r->rows; row++) {
        unsigned number = (unsigned)ecs_pg_int(r, row, 0, 0);
        struct ecs_str checksum = ecs_pg_text(r, row, 1);

        if (number != row + 1) {
            status->state = ECS_SCHEMA_MODIFIED;
            status->modified = row + 1;
            return;
        }
        status->database = number;
        if (number <= ecs_schema_file_count &&
            !ecs_str_eq(checksum, ecs_str_of(ecs_schema_files[number - 1].checksum))) {
            status->state = ECS_SCHEMA_MODIFIED;
            status->modified = number;
            return;
        }
    }
    if (status->database > status->program)
        status->state = ECS_SCHEMA_NEWER;
    else if (status->database == 0)
        status->state = ECS_SCHEMA_EMPTY;
    else if (status->database < status->program)
        status->state = ECS_SCHEMA_OLD;
}

enum ecs_rc ecs_schema_status(struct ecs_pg_sync *sync, struct ecs_schema_status *ret_status)
{
    struct ecs_schema_status status = {.state = ECS_SCHEMA_EMPTY, .program = ecs_schema_file_count};
    struct ecs_pg_result r = {0};
    bool has = false;
    enum ecs_rc rc = has_table(sync, &has);

    if (rc != ECS_OK)
        return rc;
    if (has) {
        rc = ecs_pg_sync_exec(sync, "SELECT number, checksum FROM schema_version ORDER BY number", NULL, 0,
                              &r);
        if (rc != ECS_OK)
            return rc;
        compare(&r, &status);
        if (r.mistyped)
            status.state = ECS_SCHEMA_MODIFIED;
        ecs_pg_sync_clear(&r);
    }
    *ret_status = status;
    return ECS_OK;
}

const char *ecs_schema_state_name(enum ecs_schema_state state)
{
    static const char *const names[] = {
        [ECS_SCHEMA_CURRENT] = "current", [ECS_SCHEMA_EMPTY] = "empty",       [ECS_SCHEMA_OLD] = "old",
        [ECS_SCHEMA_NEWER] = "newer",     [ECS_SCHEMA_MODIFIED] = "modified",
    };

    return names[state];
}

static enum ecs_rc apply(struct ecs_pg_sync *sync, const struct ecs_schema_file *file)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_int(ECS_PG_INT4, file->number),
        ecs_pg_p_text(ecs_str_of(file->name)),
        ecs_pg_p_text(ecs_str_of(file->checksum)),
    };
    enum ecs_rc rc = ecs_pg_sync_script(sync, "BEGIN");

    if (rc == ECS_OK)
        rc = ecs_pg_sync_script(sync, file->sql);
    if (rc == ECS_OK)
        rc = ecs_pg_sync_exec(sync,
                              "INSERT INTO schema_version (number, name, checksum) "
                              "VALUES ($1::integer, $2::text, $3::text)",
                              params, 3, NULL);
    if (rc == ECS_OK)
        rc = ecs_pg_sync_script(sync, "COMMIT");
    return rc;
}

static enum ecs_rc upgrade_locked(struct ecs_pg_sync *sync, unsigned *applied)
{
    struct ecs_schema_status status;
    enum ecs_rc rc = ecs_pg_sync_script(
        sync, "CREATE TABLE IF NOT EXISTS schema_version (number integer PRIMARY KEY, name text NOT NULL, "
              "checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());"
              "COMMENT ON TABLE schema_version IS 'Schema files that were applied (sql/schema).';"
              "COMMENT ON COLUMN schema_version.number IS 'number of the file';"
              "COMMENT ON COLUMN schema_version.name IS 'name of the file';"
              "COMMENT ON COLUMN schema_version.checksum IS 'SHA-256 of the file as it was applied';"
              "COMMENT ON COLUMN schema_version.applied_at IS 'time'");

    if (rc == ECS_OK)
        rc = ecs_schema_status(sync, &status);
    if (rc != ECS_OK)
        return rc;
    if (status.state == ECS_SCHEMA_NEWER || status.state == ECS_SCHEMA_MODIFIED)
        return ECS_E_CONFLICT;
    for (unsigned i = status.database; rc == ECS_OK && i < ecs_schema_file_count; i++) {
        rc = apply(sync, &ecs_schema_files[i]);
        *applied += rc == ECS_OK;
    }
    return rc;
}

enum ecs_rc ecs_schema_upgrade(struct ecs_pg_sync *sync, unsigned *ret_applied)
{
    struct ecs_schema_status before = {0};
    unsigned applied = 0;
    enum ecs_rc rc = ecs_schema_status(sync, &before), unlocked;

    /* Refused before anything is touched. */
    if (rc == ECS_OK && (before.state == ECS_SCHEMA_NEWER || before.state == ECS_SCHEMA_MODIFIED))
        rc = ECS_E_CONFLICT;
    if (rc == ECS_OK)
        rc = ecs_pg_sync_script(sync, "SELECT pg_advisory_lock(" LOCK_KEY ")");
    if (rc != ECS_OK)
        return rc;
    rc = upgrade_locked(sync, &applied);
    if (rc == ECS_OK) {
        unlocked = ecs_pg_sync_script(sync, "SELECT pg_advisory_unlock(" LOCK_KEY ")");
        if (ret_applied)
            *ret_applied = applied;
        return unlocked;
    }
    /* Leaves the text of the failure, which the caller wants to show. */
    ecs_pg_sync_rollback(sync);
    return rc;
}
