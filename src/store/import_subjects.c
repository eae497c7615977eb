/* SPDX-License-Identifier: Apache-2.0 */
/* Import of accounts at identity providers: which lines a subject stands for. */
#include <string.h>

#include "ecs/ids.h"
#include "import_int.h"

enum { J_SUBJECT, J_PROVIDER, J_IMSI, J_MSISDN, J_COUNT };
enum { SUBJECT_MAX = 255, PROVIDER_MAX = 63 };

static const char *const subject_columns[J_COUNT] = {"subject", "provider", "imsi", "msisdn"};

static bool is_provider(struct ecs_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (i > 0 && strchr("._-", c))))
            return false;
    }
    return s.n >= 1 && s.n <= PROVIDER_MAX;
}

static const char *stage_subject(const struct ecs_import_conf *conf, const struct ecs_str *v,
                                 struct ecs_buf *row)
{
    struct ecs_imsi imsi;
    struct ecs_msisdn msisdn;
    struct ecs_str number = ECS_STR_NULL;

    (void)conf;
    if (v[J_SUBJECT].n > SUBJECT_MAX || !ecs_str_is_utf8(v[J_SUBJECT]))
        return "subject is longer than 255 bytes or no UTF-8";
    if (!is_provider(v[J_PROVIDER]))
        return "provider is not the name of an identity provider";
    if (!v[J_IMSI].p == !v[J_MSISDN].p)
        return "either imsi or msisdn must name the line";
    if (v[J_IMSI].p && !ecs_imsi_parse(v[J_IMSI], &imsi))
        return "imsi is not 6 to 15 digits";
    if (v[J_MSISDN].p && !ecs_msisdn_parse(v[J_MSISDN], &msisdn))
        return "msisdn is not 5 to 15 digits";
    if (v[J_MSISDN].p)
        number = ecs_str_of(msisdn.s);
    for (unsigned c = 0; c < J_COUNT; c++) {
        ecs_buf_add_char(row, '\t');
        ecs_pg_copy_field(row, c == J_MSISDN ? number : v[c]);
    }
    return NULL;
}

static const char *const subject_rejects[] = {
    "DELETE FROM import_stage i WHERE imsi IS NULL AND (SELECT count(*) FROM subscriber s WHERE s.msisdn = "
    "i.msisdn) > 1 RETURNING line, 'several subscribers have this msisdn'::text",
    /* The line of each number stands in the row from here on. */
    "WITH found AS (UPDATE import_stage i SET imsi = s.imsi FROM subscriber s WHERE i.imsi IS NULL AND "
    "s.msisdn = i.msisdn RETURNING 1) SELECT line, ''::text FROM import_stage WHERE false",
    "DELETE FROM import_stage i WHERE imsi IS NULL OR NOT EXISTS (SELECT FROM subscriber s WHERE s.imsi = "
    "i.imsi) "
    "RETURNING line, 'unknown subscriber'::text",
    "DELETE FROM import_stage i USING (SELECT provider, subject, imsi, min(line) AS line FROM import_stage "
    "GROUP BY "
    "provider, subject, imsi HAVING count(*) > 1) d WHERE i.provider = d.provider AND i.subject = d.subject "
    "AND "
    "i.imsi = d.imsi AND i.line > d.line RETURNING i.line, 'the line is there a second time'::text",
};

static const struct import_kind subjects = {
    .columns = subject_columns,
    .n_columns = J_COUNT,
    .stage = stage_subject,
    .create = "DROP TABLE IF EXISTS pg_temp.import_stage; CREATE TEMP TABLE import_stage (line bigint, "
              "subject text COLLATE \"C\", provider text COLLATE \"C\", imsi text COLLATE \"C\", msisdn text "
              "COLLATE \"C\") ON COMMIT DELETE ROWS",
    .copy = "COPY import_stage FROM STDIN",
    .rejects = subject_rejects,
    .n_rejects = ECS_ARRAY_LEN(subject_rejects),
    /* A row has nothing but its key: there is nothing to change. */
    .update = "UPDATE subject_identity SET imsi = imsi WHERE false",
    .insert = "INSERT INTO subject_identity (provider, subject, imsi) SELECT provider, subject, imsi FROM "
              "import_stage ON CONFLICT DO NOTHING",
};

enum ecs_rc ecs_import_subjects(struct ecs_pg_sync *sync, const struct ecs_import_conf *conf,
                                struct ecs_import_result *ret_result)
{
    return import_run(sync, conf, &subjects, ret_result);
}
