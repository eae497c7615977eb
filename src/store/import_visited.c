/* SPDX-License-Identifier: Apache-2.0 */
/* Import of networks of roaming partners. */
#include <string.h>

#include "ecs/ids.h"
#include "import_int.h"

enum { V_PLMN, V_NAME, V_COUNTRY, V_SERVICES, V_COUNT };
enum { NAME_LONGEST = 200, SERVICES_LONGEST = 400 };

static const char *const visited_columns[V_COUNT] = {"plmn", "name", "country", "services"};

static const char *check(const struct ecs_str *v)
{
    struct ecs_plmn plmn;

    if (!ecs_str_is_digits(v[V_PLMN]) || !ecs_plmn_parse(v[V_PLMN], &plmn))
        return "plmn is not MCC and MNC, five or six digits";
    if (v[V_NAME].n > NAME_LONGEST || !ecs_str_is_utf8(v[V_NAME]))
        return "name is longer than 200 bytes or no UTF-8";
    if (v[V_COUNTRY].p && (v[V_COUNTRY].n != 2 || v[V_COUNTRY].p[0] < 'A' || v[V_COUNTRY].p[0] > 'Z' ||
                           v[V_COUNTRY].p[1] < 'A' || v[V_COUNTRY].p[1] > 'Z'))
        return "country is not two capital letters (ISO 3166-1)";
    for (size_t i = 0; i < v[V_SERVICES].n; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-;| ", v[V_SERVICES].p[i]) || !v[V_SERVICES].p[i])
            return "services are not words separated by blank, ';' or '|'";
    return v[V_SERVICES].n > SERVICES_LONGEST ? "services are longer than 400 bytes" : NULL;
}

/* One blank between two words, none at the ends. */
static void add_words(struct ecs_buf *row, struct ecs_str text)
{
    bool word = false, any = false;

    ecs_buf_add_char(row, '\t');
    for (size_t i = 0; i < text.n; i++) {
        bool letter = !strchr(";| ", text.p[i]);

        if (letter && !word && any)
            ecs_buf_add_char(row, ' ');
        if (letter)
            ecs_buf_add_char(row, text.p[i]);
        any |= letter;
        word = letter;
    }
}

static const char *stage_visited(const struct ecs_import_conf *conf, const struct ecs_str *v,
                                 struct ecs_buf *row)
{
    const char *why = check(v);

    (void)conf;
    if (why)
        return why;
    for (unsigned c = V_PLMN; c <= V_COUNTRY; c++) {
        ecs_buf_add_char(row, '\t');
        ecs_pg_copy_field(row, v[c]);
    }
    if (v[V_SERVICES].p)
        add_words(row, v[V_SERVICES]);
    else
        ecs_buf_add_cstr(row, "\t\\N");
    return NULL;
}

static const char *const visited_rejects[] = {
    "DELETE FROM import_stage i USING (SELECT plmn, min(line) AS line FROM import_stage GROUP BY plmn HAVING "
    "count(*) > 1) d WHERE i.plmn = d.plmn AND i.line > d.line RETURNING i.line, 'the plmn is there a second "
    "time'::text",
};

#define SERVICES "string_to_array(nullif(i.services, ''), ' ')"
static const struct import_kind visited = {
    .columns = visited_columns,
    .n_columns = V_COUNT,
    .stage = stage_visited,
    .create =
        "DROP TABLE IF EXISTS pg_temp.import_stage; CREATE TEMP TABLE import_stage (line bigint, plmn text "
        "COLLATE \"C\", name text, country text COLLATE \"C\", services text) ON COMMIT DELETE ROWS",
    .copy = "COPY import_stage FROM STDIN",
    .rejects = visited_rejects,
    .n_rejects = ECS_ARRAY_LEN(visited_rejects),
    .update = "UPDATE visited_network v SET name = coalesce(i.name, v.name), country = coalesce(i.country, "
              "v.country), services = coalesce(" SERVICES
              ", v.services) FROM import_stage i WHERE v.plmn = i.plmn AND (coalesce(i.name, v.name), "
              "coalesce(i.country, v.country), coalesce(" SERVICES
              ", v.services)) IS DISTINCT FROM (v.name, v.country, v.services)",
    .insert = "INSERT INTO visited_network (plmn, name, country, services) SELECT plmn, coalesce(name, ''), "
              "country, coalesce(" SERVICES
              ", '{}') FROM import_stage i WHERE NOT EXISTS (SELECT FROM visited_network v WHERE v.plmn = "
              "i.plmn) ORDER BY plmn",
};
#undef SERVICES

enum ecs_rc ecs_import_visited(struct ecs_pg_sync *sync, const struct ecs_import_conf *conf,
                               struct ecs_import_result *ret_result)
{
    return import_run(sync, conf, &visited, ret_result);
}
