/* SPDX-License-Identifier: Apache-2.0 */
/* Import of the use of data (ap2010): what a charging system gives out in bulk. */
#include <string.h>

#include "ecs/clock.h"
#include "ecs/ids.h"
#include "import_int.h"

enum { U_IMSI, U_BUCKET, U_USED, U_TYPE, U_NAME, U_DESCRIPTION, U_END, U_ALLOWANCE, U_COUNT };
enum { BUCKET_MAX = 63, TEXT_MAX = 512 };

static const char *const usage_columns[U_COUNT] = {"imsi", "bucket",      "used",      "usage_type",
                                                   "name", "description", "cycle_end", "allowance"};

static bool is_bucket(struct ecs_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (i > 0 && strchr("._-", c))))
            return false;
    }
    return s.n >= 1 && s.n <= BUCKET_MAX;
}

static bool is_text(struct ecs_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return false;
    return s.n <= TEXT_MAX && ecs_str_is_utf8(s);
}

static bool is_bytes(struct ecs_str s)
{
    int64_t n;

    return ecs_str_to_i64(s, &n) && n >= 0;
}

static const char *stage_usage(const struct ecs_import_conf *conf, const struct ecs_str *v,
                               struct ecs_buf *row)
{
    struct ecs_imsi imsi;
    int64_t at;

    (void)conf;
    if (!ecs_imsi_parse(v[U_IMSI], &imsi))
        return "imsi is not 6 to 15 digits";
    if (!is_bucket(v[U_BUCKET]))
        return "bucket is not 1 to 63 of a-z, 0-9, '.', '_' and '-'";
    if (!is_bytes(v[U_USED]))
        return "used is no number of bytes";
    if (v[U_TYPE].p && !ecs_str_eq(v[U_TYPE], ECS_STR("0")) && !ecs_str_eq(v[U_TYPE], ECS_STR("1")))
        return "usage_type is not 0 or 1";
    if ((v[U_NAME].p && !is_text(v[U_NAME])) || (v[U_DESCRIPTION].p && !is_text(v[U_DESCRIPTION])))
        return "name or description has control characters, is no UTF-8, or longer than 512 bytes";
    if (v[U_END].p && !ecs_time_parse(v[U_END], &at))
        return "cycle_end is not a time such as 2026-09-30T23:59:59Z";
    if (v[U_ALLOWANCE].p && !is_bytes(v[U_ALLOWANCE]))
        return "allowance is no number of bytes";
    for (unsigned c = 0; c < U_COUNT; c++) {
        ecs_buf_add_char(row, '\t');
        ecs_pg_copy_field(row, v[c]);
    }
    return NULL;
}

static const char *const usage_rejects[] = {
    "DELETE FROM import_stage i USING (SELECT imsi, bucket, min(line) AS line FROM import_stage GROUP BY "
    "imsi, bucket "
    "HAVING count(*) > 1) d WHERE i.imsi = d.imsi AND i.bucket = d.bucket AND i.line > d.line "
    "RETURNING i.line, 'the bucket of this line is there a second time'::text",
    "DELETE FROM import_stage i WHERE NOT EXISTS (SELECT FROM subscriber s WHERE s.imsi = i.imsi) "
    "RETURNING line, 'unknown subscriber'::text",
};

static const struct import_kind usage = {
    .columns = usage_columns,
    .n_columns = U_COUNT,
    .stage = stage_usage,
    .create =
        "DROP TABLE IF EXISTS pg_temp.import_stage; CREATE TEMP TABLE import_stage (line bigint, imsi text "
        "COLLATE "
        "\"C\", bucket text COLLATE \"C\", used bigint, usage_type smallint, name text, description text, "
        "cycle_end timestamptz, allowance bigint) ON COMMIT DELETE ROWS",
    .copy = "COPY import_stage FROM STDIN",
    .rejects = usage_rejects,
    .n_rejects = ECS_ARRAY_LEN(usage_rejects),
    .update = "UPDATE data_usage u SET used = i.used, usage_type = coalesce(i.usage_type, 0), name = "
              "coalesce(i.name, ''), "
              "description = coalesce(i.description, ''), cycle_end = i.cycle_end, allowance = i.allowance, "
              "at = date_trunc('second', now()) "
              "FROM import_stage i WHERE u.imsi = i.imsi AND u.bucket = i.bucket AND (u.used, u.usage_type, "
              "u.name, "
              "u.description, u.cycle_end, u.allowance) IS DISTINCT FROM (i.used, coalesce(i.usage_type, 0), "
              "coalesce(i.name, ''), coalesce(i.description, ''), i.cycle_end, i.allowance)",
    .insert =
        "INSERT INTO data_usage (imsi, bucket, used, usage_type, name, description, cycle_end, allowance) "
        "SELECT imsi, bucket, used, coalesce(usage_type, 0), coalesce(name, ''), coalesce(description, ''), "
        "cycle_end, allowance FROM import_stage i WHERE NOT EXISTS (SELECT FROM data_usage u WHERE u.imsi = "
        "i.imsi "
        "AND u.bucket = i.bucket) ORDER BY imsi, bucket",
};

enum ecs_rc ecs_import_usage(struct ecs_pg_sync *sync, const struct ecs_import_conf *conf,
                             struct ecs_import_result *ret_result)
{
    return import_run(sync, conf, &usage, ret_result);
}
