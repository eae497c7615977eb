/* SPDX-License-Identifier: Apache-2.0 */
/* pool list: how many prepared activation codes are left, straight out of the database. */
#include "ctl.h"

static const char sql[] =
    "SELECT smdp, profile_type, count(*) FILTER (WHERE state = 'free'), count(*) FILTER (WHERE state = "
    "'taken'), "
    "count(*) FILTER (WHERE state = 'given'), count(*) FILTER (WHERE state = 'void') FROM profile_pool "
    "WHERE id >= 1 GROUP BY smdp, profile_type ORDER BY smdp, profile_type";

static json_t *read_rows(struct ecs_pg_result *r)
{
    static const char *const states[] = {"free", "taken", "given", "void"};
    json_t *rows = json_array();

    for (unsigned i = 0; rows && i < r->rows; i++) {
        struct ecs_str smdp = ecs_pg_text(r, i, 0), type = ecs_pg_text(r, i, 1);
        json_t *row = json_pack("{s:s%, s:s%}", "smdp", smdp.p, smdp.n, "profile_type", type.p, type.n);

        for (unsigned k = 0; k < ECS_ARRAY_LEN(states); k++)
            json_object_set_new(row, states[k], json_integer(ecs_pg_int(r, i, 2 + k, 0)));
        json_array_append_new(rows, row);
    }
    return rows;
}

enum ctl_status ctl_pool_list(struct ctl *ctl)
{
    static const char *const columns[] = {"smdp", "profile_type", "free", "taken", "given", "void", NULL};
    struct ecs_pg_sync *sync = NULL;
    struct ecs_pg_result result = {0};
    enum ctl_status status = ctl_database(ctl, &sync);
    enum ecs_rc rc = ECS_OK;
    json_t *rows;

    if (status == CTL_OK && (rc = ecs_pg_sync_exec(sync, sql, NULL, 0, &result)) != ECS_OK)
        status = ctl_database_failed(ctl, sync, rc);
    if (status == CTL_OK) {
        rows = read_rows(&result);
        if (ctl->json)
            ctl_print_json(rows);
        else
            ctl_print_table(ctl, rows, columns);
        json_decref(rows);
        ecs_pg_sync_clear(&result);
    }
    ecs_pg_sync_free(sync);
    return status;
}
