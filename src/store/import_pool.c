/* SPDX-License-Identifier: Apache-2.0 */
/* Import of prepared activation codes into the pool. */
#include <string.h>

#include "ecs/ids.h"
#include "import_int.h"

enum { P_ICCID, P_CODE, P_SMDP, P_TYPE, P_IMSI, P_MSISDN, P_COUNT };
enum { NAME_MAX_LEN = 32, TYPE_MAX = 128, ICCID_MAX_LEN = 20 };

static const char *const pool_columns[P_COUNT] = {"iccid",        "code",      "smdp",
                                                  "profile_type", "line_imsi", "msisdn"};

static bool is_name(struct ecs_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (i > 0 && c == '-')))
            return false;
    }
    return s.n >= 1 && s.n <= NAME_MAX_LEN;
}

static const char *check(const struct ecs_str *v, struct ecs_iccid *iccid, struct ecs_msisdn *msisdn)
{
    struct ecs_imsi imsi;

    if (v[P_ICCID].n > ICCID_MAX_LEN || !ecs_iccid_parse(v[P_ICCID], iccid))
        return "iccid is not 18 to 20 digits";
    if (!is_name(v[P_SMDP]))
        return "smdp is not the name of a source (a-z, 0-9, '-')";
    if (v[P_TYPE].n > TYPE_MAX || !ecs_str_is_utf8(v[P_TYPE]))
        return "profile_type is longer than 128 bytes or no UTF-8";
    if (v[P_IMSI].p && !ecs_imsi_parse(v[P_IMSI], &imsi))
        return "line_imsi is not 6 to 15 digits";
    if (v[P_MSISDN].p && !ecs_msisdn_parse(v[P_MSISDN], msisdn))
        return "msisdn is not 5 to 15 digits";
    return NULL;
}

static void add(struct ecs_buf *row, struct ecs_str value)
{
    ecs_buf_add_char(row, '\t');
    ecs_pg_copy_field(row, value);
}

static void add_bytes(struct ecs_buf *row, const uint8_t *bytes, size_t n)
{
    char *at;

    ecs_buf_add(row, "\t\\\\x", 4);
    at = ecs_buf_reserve(row, 2 * n + 1);
    if (!at)
        return;
    ecs_hex_encode(bytes, n, at);
    row->n += 2 * n;
}

static const char *stage_pool(const struct ecs_import_conf *conf, const struct ecs_str *v,
                              struct ecs_buf *row)
{
    struct ecs_iccid iccid;
    struct ecs_msisdn msisdn;
    struct ecs_sealed_code sealed = {0};
    const char *why = check(v, &iccid, &msisdn);

    if (why)
        return why;
    if (!v[P_CODE].p)
        return "code is missing";
    if (!conf->seal)
        return "no key is configured under which code could be sealed";
    why = conf->seal(conf->arg, v[P_CODE], &sealed);
    if (why)
        return why;
    if (sealed.n > sizeof(sealed.bytes))
        return "code could not be sealed";
    add(row, ecs_str_of(iccid.s));
    add_bytes(row, sealed.bytes, sealed.n);
    add(row, ecs_str_of(sealed.address));
    add(row, v[P_SMDP]);
    add(row, v[P_TYPE].p ? v[P_TYPE] : ECS_STR(""));
    add(row, v[P_IMSI]);
    add(row, v[P_MSISDN].p ? ecs_str_of(msisdn.s) : ECS_STR_NULL);
    return NULL;
}

static const char *const pool_rejects[] = {
    "DELETE FROM import_stage i USING (SELECT iccid, min(line) AS line FROM import_stage GROUP BY iccid "
    "HAVING "
    "count(*) > 1) d WHERE i.iccid = d.iccid AND i.line > d.line "
    "RETURNING i.line, 'the iccid is there a second time'::text",
    "DELETE FROM import_stage i USING profile_pool p WHERE p.iccid = i.iccid AND p.state <> 'free' "
    "RETURNING i.line, 'the profile was given out already'::text",
};

/* A sealed code differs each time, so a line that comes again counts as an update. */
static const struct import_kind pool = {
    .columns = pool_columns,
    .n_columns = P_COUNT,
    .stage = stage_pool,
    .create =
        "DROP TABLE IF EXISTS pg_temp.import_stage; CREATE TEMP TABLE import_stage (line bigint, "
        "iccid text COLLATE \"C\", code bytea, address text COLLATE \"C\", smdp text COLLATE "
        "\"C\", profile_type text COLLATE \"C\", line_imsi text COLLATE \"C\", msisdn text COLLATE \"C\") "
        "ON COMMIT DELETE ROWS",
    .copy = "COPY import_stage FROM STDIN",
    .rejects = pool_rejects,
    .n_rejects = ECS_ARRAY_LEN(pool_rejects),
    .update = "UPDATE profile_pool p SET smdp = i.smdp, profile_type = i.profile_type, code_sealed = i.code, "
              "address = i.address, line_imsi = coalesce(i.line_imsi, p.line_imsi), "
              "msisdn = coalesce(i.msisdn, p.msisdn) "
              "FROM import_stage i WHERE p.iccid = i.iccid AND p.state = 'free'",
    .insert =
        "INSERT INTO profile_pool (iccid, code_sealed, address, smdp, profile_type, line_imsi, msisdn) "
        "SELECT iccid, code, address, smdp, profile_type, line_imsi, msisdn FROM import_stage ORDER BY line "
        "ON CONFLICT (iccid) DO NOTHING",
};

enum ecs_rc ecs_import_pool(struct ecs_pg_sync *sync, const struct ecs_import_conf *conf,
                            struct ecs_import_result *ret_result)
{
    return import_run(sync, conf, &pool, ret_result);
}
