/* SPDX-License-Identifier: Apache-2.0 */
/* Imports for eSIM orchestration: offers of plans, enterprises, relations between lines, profiles that were
 * made elsewhere. Each column has a check; what COPY gets is its tidy form. */
#include <stdio.h>
#include <string.h>

#include "ecs/ids.h"
#include "import_int.h"
#include "store_int.h"

/* ---- checks ---- */

enum { TIDY_MAX = 64 };

/* Tidy form into out where it is another one (*value is then set to it); false: wrong. */
typedef bool (*check_fn)(struct ecs_str *value, char out[TIDY_MAX]);

struct column {
    const char *name;
    check_fn check;
    bool needed;
    const char *why; /* when it is wrong */
};

/* Letters (of both cases unless lower_only), digits, and behind the first place the others, too. */
static bool is_of(struct ecs_str s, bool lower_only, const char *others, size_t max)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i], low = (char)(c | 0x20);

        if ((low >= 'a' && low <= 'z' && (c == low || !lower_only)) || (c >= '0' && c <= '9'))
            continue;
        if (i == 0 || !strchr(others, c))
            return false;
    }
    return s.n >= 1 && s.n <= max;
}

static bool word(struct ecs_str *s, char out[TIDY_MAX])
{
    (void)out;
    return is_of(*s, true, "._-", 63);
}

static bool identifier(struct ecs_str *s, char out[TIDY_MAX])
{
    (void)out;
    return is_of(*s, false, "._-", 63);
}

static bool type_name(struct ecs_str *s, char out[TIDY_MAX])
{
    (void)out;
    return is_of(*s, false, " ._-", 63);
}

static bool short_text(struct ecs_str *s, char out[TIDY_MAX])
{
    (void)out;
    return s->n <= 100 && ecs_str_is_utf8(*s);
}

static bool long_text(struct ecs_str *s, char out[TIDY_MAX])
{
    (void)out;
    return s->n <= 500 && ecs_str_is_utf8(*s);
}

static bool number(struct ecs_str *s, char out[TIDY_MAX])
{
    uint32_t n;

    (void)out;
    return ecs_str_to_u32(*s, &n) && n <= 1000000;
}

static bool truth(struct ecs_str *s, char out[TIDY_MAX])
{
    (void)out;
    return ecs_str_eq(*s, ECS_STR("true")) || ecs_str_eq(*s, ECS_STR("false"));
}

/* "ap2006", "2006" or "companion": the number. */
static bool app(struct ecs_str *s, char out[TIDY_MAX])
{
    static const char *const words[][3] = {
        {"2006", "ap2006", "companion"}, {"2009", "ap2009", "primary"}, {"2011", "ap2011", "enterprise"}};

    (void)out;
    for (size_t i = 0; i < ECS_ARRAY_LEN(words); i++)
        for (size_t k = 0; k < 3; k++)
            if (ecs_str_eq(*s, ecs_str_of(words[i][k]))) {
                *s = ecs_str_of(words[i][0]);
                return true;
            }
    return false;
}

static bool enterprise_state(struct ecs_str *s, char out[TIDY_MAX])
{
    (void)out;
    return ecs_str_eq(*s, ECS_STR("active")) || ecs_str_eq(*s, ECS_STR("suspended"));
}

static bool role(struct ecs_str *s, char out[TIDY_MAX])
{
    (void)out;
    return ecs_str_eq(*s, ECS_STR("family"));
}

/* "activated" or 1 ...; what has ended is not imported. */
static bool service_status(struct ecs_str *s, char out[TIDY_MAX])
{
    static const char *const words[][2] = {{"1", "activated"}, {"2", "activating"}, {"3", "deactivated"}};

    (void)out;
    for (size_t i = 0; i < ECS_ARRAY_LEN(words); i++)
        if (ecs_str_eq(*s, ecs_str_of(words[i][0])) || ecs_str_eq(*s, ecs_str_of(words[i][1]))) {
            *s = ecs_str_of(words[i][0]);
            return true;
        }
    return false;
}

static bool tidy(struct ecs_str *s, char out[TIDY_MAX], const char *text)
{
    snprintf(out, TIDY_MAX, "%s", text);
    *s = ecs_str_of(out);
    return true;
}

static bool imsi(struct ecs_str *s, char out[TIDY_MAX])
{
    struct ecs_imsi id;

    (void)out;
    return ecs_imsi_parse(*s, &id);
}

static bool msisdn(struct ecs_str *s, char out[TIDY_MAX])
{
    struct ecs_msisdn id;

    return ecs_msisdn_parse(*s, &id) && id.s[0] && tidy(s, out, id.s);
}

static bool iccid(struct ecs_str *s, char out[TIDY_MAX])
{
    struct ecs_iccid id;

    return ecs_iccid_parse(*s, &id) && strlen(id.s) <= 20 && tidy(s, out, id.s);
}

static bool eid(struct ecs_str *s, char out[TIDY_MAX])
{
    (void)out;
    return s->n == 32 && ecs_str_is_digits(*s);
}

static bool terminal(struct ecs_str *s, char out[TIDY_MAX])
{
    struct ecs_terminal_id id;

    return ecs_terminal_id_parse(*s, &id) && tidy(s, out, id.s);
}

static bool host(struct ecs_str *s, char out[TIDY_MAX])
{
    (void)out;
    return is_of(*s, true, ".-:", 253);
}

static const char *stage(const struct column *columns, size_t n, const struct ecs_str *v, struct ecs_buf *row)
{
    for (size_t i = 0; i < n; i++) {
        struct ecs_str value = v[i];
        char out[TIDY_MAX];

        if (!value.p && columns[i].needed)
            return columns[i].why;
        if (value.p && !columns[i].check(&value, out))
            return columns[i].why;
        ecs_buf_add_char(row, '\t');
        ecs_pg_copy_field(row, value);
    }
    return NULL;
}

#define STAGE "DROP TABLE IF EXISTS pg_temp.import_stage; CREATE TEMP TABLE import_stage (line bigint, "
#define TWICE(same, what)                                                                                    \
    "DELETE FROM import_stage i USING import_stage d WHERE " same " AND i.line > d.line "                    \
    "RETURNING i.line, '" what " is there a second time'::text"
#define UNKNOWN(column, table, key, what)                                                                    \
    "DELETE FROM import_stage i WHERE " column " IS NOT NULL AND NOT EXISTS (SELECT FROM " table             \
    " x WHERE x." key " = i." column ") RETURNING line, '" what "'::text"

/* ---- offers of plans ---- */

static const struct column offers[] = {
    {"plan_id", identifier, true, "plan_id is not 1 to 63 of A-Z, a-z, 0-9, '.', '_', '-'"},
    {"app", app, true, "app is not companion (2006), primary (2009) or enterprise (2011)"},
    {"brand", word, false, "brand is not a brand's key"},
    {"enterprise", word, false, "enterprise is not an enterprise's key"},
    {"service", identifier, false, "service is not a word such as SharedNumber"},
    {"profile_type", type_name, false, "profile_type is not 1 to 63 of A-Z, a-z, 0-9, ' ', '.', '_', '-'"},
    {"name", short_text, false, "name is longer than 100 bytes or no UTF-8"},
    {"description", long_text, false, "description is longer than 500 bytes or no UTF-8"},
    {"sort", number, false, "sort is not a number up to 1000000"},
    {"active", truth, false, "active is not true or false"},
};
static const char *const offer_names[] = {"plan_id",      "app",  "brand",       "enterprise", "service",
                                          "profile_type", "name", "description", "sort",       "active"};

static const char *stage_offer(const struct ecs_import_conf *conf, const struct ecs_str *v,
                               struct ecs_buf *row)
{
    (void)conf;
    return stage(offers, ECS_ARRAY_LEN(offers), v, row);
}

static const char *const offer_rejects[] = {
    TWICE("i.plan_id = d.plan_id AND i.app = d.app", "the plan"),
    UNKNOWN("brand", "brand", "brand", "unknown brand"),
};

static const struct import_kind offer_kind = {
    .columns = offer_names,
    .n_columns = ECS_ARRAY_LEN(offer_names),
    .stage = stage_offer,
    .create =
        STAGE "plan_id text COLLATE \"C\", app integer, brand text COLLATE \"C\", enterprise text COLLATE "
              "\"C\", service text, profile_type text, name text, description text, sort integer, "
              "active boolean) ON COMMIT DELETE ROWS",
    .copy = "COPY import_stage FROM STDIN",
    .rejects = offer_rejects,
    .n_rejects = ECS_ARRAY_LEN(offer_rejects),
    .update =
        "UPDATE plan_offer o SET brand = coalesce(i.brand, o.brand), enterprise = coalesce(i.enterprise, "
        "o.enterprise), service = coalesce(i.service, o.service), profile_type = coalesce(i.profile_type, "
        "o.profile_type), name = coalesce(i.name, o.name), description = coalesce(i.description, "
        "o.description), sort = coalesce(i.sort, o.sort), active = coalesce(i.active, o.active) "
        "FROM import_stage i WHERE o.plan_id = i.plan_id AND o.app = i.app AND "
        "(coalesce(i.brand, o.brand), coalesce(i.enterprise, o.enterprise), coalesce(i.service, o.service), "
        "coalesce(i.profile_type, o.profile_type), coalesce(i.name, o.name), coalesce(i.description, "
        "o.description), coalesce(i.sort, o.sort), coalesce(i.active, o.active)) IS DISTINCT FROM "
        "(o.brand, o.enterprise, o.service, o.profile_type, o.name, o.description, o.sort, o.active)",
    .insert =
        "INSERT INTO plan_offer (plan_id, app, brand, enterprise, service, profile_type, name, description, "
        "sort, active) SELECT plan_id, app, brand, enterprise, service, profile_type, coalesce(name, "
        "plan_id), "
        "coalesce(description, ''), coalesce(sort, 100), coalesce(active, true) FROM import_stage i "
        "WHERE NOT EXISTS (SELECT FROM plan_offer o WHERE o.plan_id = i.plan_id AND o.app = i.app) ORDER BY "
        "line",
};

enum ecs_rc ecs_import_offers(struct ecs_pg_sync *sync, const struct ecs_import_conf *conf,
                              struct ecs_import_result *ret_result)
{
    return import_run(sync, conf, &offer_kind, ret_result);
}

/* ---- enterprises ---- */

static const struct column enterprises[] = {
    {"enterprise_id", word, true, "enterprise_id is not 1 to 63 of a-z, 0-9, '.', '_', '-'"},
    {"name", short_text, false, "name is longer than 100 bytes or no UTF-8"},
    {"state", enterprise_state, false, "state is not active or suspended"},
    {"max_devices", number, false, "max_devices is not a number up to 1000000"},
    {"brand", word, false, "brand is not a brand's key"},
};
static const char *const enterprise_names[] = {"enterprise_id", "name", "state", "max_devices", "brand"};

static const char *stage_enterprise(const struct ecs_import_conf *conf, const struct ecs_str *v,
                                    struct ecs_buf *row)
{
    (void)conf;
    return stage(enterprises, ECS_ARRAY_LEN(enterprises), v, row);
}

static const char *const enterprise_rejects[] = {
    TWICE("i.enterprise_id = d.enterprise_id", "the enterprise"),
    UNKNOWN("brand", "brand", "brand", "unknown brand"),
};

static const struct import_kind enterprise_kind = {
    .columns = enterprise_names,
    .n_columns = ECS_ARRAY_LEN(enterprise_names),
    .stage = stage_enterprise,
    .create = STAGE "enterprise_id text COLLATE \"C\", name text, state text, max_devices integer, "
                    "brand text COLLATE \"C\") ON COMMIT DELETE ROWS",
    .copy = "COPY import_stage FROM STDIN",
    .rejects = enterprise_rejects,
    .n_rejects = ECS_ARRAY_LEN(enterprise_rejects),
    .update =
        "UPDATE enterprise e SET name = coalesce(i.name, e.name), state = coalesce(i.state, e.state), "
        "max_devices = coalesce(i.max_devices, e.max_devices), brand = coalesce(i.brand, e.brand), "
        "updated_at = now() FROM import_stage i WHERE e.enterprise_id = i.enterprise_id AND "
        "(coalesce(i.name, e.name), coalesce(i.state, e.state), coalesce(i.max_devices, e.max_devices), "
        "coalesce(i.brand, e.brand)) IS DISTINCT FROM (e.name, e.state, e.max_devices, e.brand)",
    .insert =
        "INSERT INTO enterprise (enterprise_id, name, state, max_devices, brand) SELECT enterprise_id, "
        "coalesce(name, ''), coalesce(state, 'active'), max_devices, brand FROM import_stage i WHERE NOT "
        "EXISTS (SELECT FROM enterprise e WHERE e.enterprise_id = i.enterprise_id) ORDER BY line",
};

enum ecs_rc ecs_import_enterprises(struct ecs_pg_sync *sync, const struct ecs_import_conf *conf,
                                   struct ecs_import_result *ret_result)
{
    return import_run(sync, conf, &enterprise_kind, ret_result);
}

/* ---- relations of lines ---- */

static const struct column relations[] = {
    {"imsi", imsi, true, "imsi is not 6 to 15 digits"},
    {"other_imsi", imsi, true, "other_imsi is not 6 to 15 digits"},
    {"role", role, false, "role is not family"},
};
static const char *const relation_names[] = {"imsi", "other_imsi", "role"};

static const char *stage_relation(const struct ecs_import_conf *conf, const struct ecs_str *v,
                                  struct ecs_buf *row)
{
    (void)conf;
    if (ecs_str_eq(v[0], v[1]))
        return "a line has no relation to itself";
    return stage(relations, ECS_ARRAY_LEN(relations), v, row);
}

static const char *const relation_rejects[] = {
    TWICE("i.imsi = d.imsi AND i.other_imsi = d.other_imsi AND i.role IS NOT DISTINCT FROM d.role",
          "the relation"),
    UNKNOWN("imsi", "subscriber", "imsi", "unknown subscriber"),
};

static const struct import_kind relation_kind = {
    .columns = relation_names,
    .n_columns = ECS_ARRAY_LEN(relation_names),
    .stage = stage_relation,
    .create =
        STAGE "imsi text COLLATE \"C\", other_imsi text COLLATE \"C\", role text COLLATE \"C\") ON COMMIT "
              "DELETE ROWS",
    .copy = "COPY import_stage FROM STDIN",
    .rejects = relation_rejects,
    .n_rejects = ECS_ARRAY_LEN(relation_rejects),
    .update = "UPDATE line_relation SET role = role WHERE false", /* a row has nothing but its key */
    .insert = "INSERT INTO line_relation (imsi, other_imsi, role) SELECT imsi, other_imsi, coalesce(role, "
              "'family') FROM import_stage ORDER BY line ON CONFLICT DO NOTHING",
};

enum ecs_rc ecs_import_relations(struct ecs_pg_sync *sync, const struct ecs_import_conf *conf,
                                 struct ecs_import_result *ret_result)
{
    return import_run(sync, conf, &relation_kind, ret_result);
}

/* ---- profiles ---- */

static const struct column profiles[] = {
    {"iccid", iccid, true, "iccid is not 18 to 20 digits"},
    {"imsi", imsi, false, "imsi is not 6 to 15 digits"},
    {"enterprise", word, false, "enterprise is not an enterprise's key"},
    {"app", app, true, "app is not companion (2006), primary (2009) or enterprise (2011)"},
    {"eid", eid, false, "eid is not 32 digits"},
    {"terminal_id", terminal, false, "terminal_id is not 1 to 63 printable characters"},
    {"service", identifier, false, "service is not a word such as SharedNumber"},
    {"plan", identifier, false, "plan is not a plan's key"},
    {"status", service_status, false, "status is not activated (1), activating (2) or deactivated (3)"},
    {"secondary", truth, false, "secondary is not true or false"},
    {"address", host, false, "address is not the name of a host in lower case"},
    {"line_imsi", imsi, false, "line_imsi is not 6 to 15 digits"},
    {"msisdn", msisdn, false, "msisdn is not 5 to 15 digits"},
    {"name", short_text, false, "name is longer than 100 bytes or no UTF-8"},
    {"vendor", short_text, false, "vendor is longer than 100 bytes or no UTF-8"},
    {"model", short_text, false, "model is longer than 100 bytes or no UTF-8"},
};
static const char *const profile_names[] = {
    "iccid",  "imsi",      "enterprise", "app",       "eid",    "terminal_id", "service", "plan",
    "status", "secondary", "address",    "line_imsi", "msisdn", "name",        "vendor",  "model"};

static const char *stage_profile(const struct ecs_import_conf *conf, const struct ecs_str *v,
                                 struct ecs_buf *row)
{
    (void)conf;
    if (!v[1].p == !v[2].p)
        return "either imsi or enterprise must own the profile";
    return stage(profiles, ECS_ARRAY_LEN(profiles), v, row);
}

static const char *const profile_rejects[] = {
    TWICE("i.iccid = d.iccid", "the iccid"),
    UNKNOWN("imsi", "subscriber", "imsi", "unknown subscriber"),
    UNKNOWN("enterprise", "enterprise", "enterprise_id", "unknown enterprise"),
    "DELETE FROM import_stage i USING profile p WHERE p.iccid = i.iccid AND p.status <> 4 AND "
    "(p.imsi IS DISTINCT FROM i.imsi OR p.enterprise IS DISTINCT FROM i.enterprise OR p.app <> i.app) "
    "RETURNING i.line, 'somebody else has this profile'::text",
};

/* Profiles that live are completed; status and download data of those that this server made stay its own. */
static const struct import_kind profile_kind = {
    .columns = profile_names,
    .n_columns = ECS_ARRAY_LEN(profile_names),
    .stage = stage_profile,
    .create = STAGE
    "iccid text COLLATE \"C\", imsi text COLLATE \"C\", enterprise text COLLATE \"C\", app integer, "
    "eid text, terminal_id text, service text, plan text, status smallint, secondary boolean, "
    "address text, line_imsi text, msisdn text, name text, vendor text, model text) ON COMMIT DELETE "
    "ROWS",
    .copy = "COPY import_stage FROM STDIN",
    .rejects = profile_rejects,
    .n_rejects = ECS_ARRAY_LEN(profile_rejects),
    .update =
        "UPDATE profile p SET eid = coalesce(i.eid, p.eid), terminal_id = coalesce(i.terminal_id, "
        "p.terminal_id), service = coalesce(i.service, p.service), plan = coalesce(i.plan, p.plan), "
        "status = CASE WHEN p.origin = 'ecs' THEN p.status ELSE coalesce(i.status, p.status) END, "
        "secondary = coalesce(i.secondary, p.secondary), "
        "address = CASE WHEN p.origin = 'ecs' THEN p.address ELSE coalesce(i.address, p.address) END, "
        "line_imsi = coalesce(i.line_imsi, p.line_imsi), msisdn = coalesce(i.msisdn, p.msisdn), "
        "name = coalesce(i.name, p.name), vendor = coalesce(i.vendor, p.vendor), model = coalesce(i.model, "
        "p.model), changed_at = now() FROM import_stage i WHERE p.iccid = i.iccid AND p.status <> 4 AND "
        "(coalesce(i.eid, p.eid), coalesce(i.terminal_id, p.terminal_id), coalesce(i.service, p.service), "
        "coalesce(i.plan, p.plan), CASE WHEN p.origin = 'ecs' THEN p.status ELSE coalesce(i.status, "
        "p.status) "
        "END, coalesce(i.secondary, p.secondary), CASE WHEN p.origin = 'ecs' THEN p.address ELSE "
        "coalesce(i.address, p.address) END, coalesce(i.line_imsi, p.line_imsi), coalesce(i.msisdn, "
        "p.msisdn), "
        "coalesce(i.name, p.name), coalesce(i.vendor, p.vendor), coalesce(i.model, p.model)) IS DISTINCT "
        "FROM "
        "(p.eid, p.terminal_id, p.service, p.plan, p.status, p.secondary, p.address, p.line_imsi, p.msisdn, "
        "p.name, p.vendor, p.model)",
    .insert =
        "INSERT INTO profile (iccid, imsi, enterprise, app, eid, terminal_id, service, plan, status, "
        "secondary, "
        "address, line_imsi, msisdn, name, vendor, model, origin) SELECT iccid, imsi, enterprise, app, eid, "
        "terminal_id, service, plan, coalesce(status, 1), coalesce(secondary, false), address, line_imsi, "
        "msisdn, name, vendor, model, 'import' FROM import_stage i WHERE NOT EXISTS (SELECT FROM profile p "
        "WHERE p.iccid = i.iccid AND p.status <> 4) ORDER BY line ON CONFLICT DO NOTHING",
};

enum ecs_rc ecs_import_profiles(struct ecs_pg_sync *sync, const struct ecs_import_conf *conf,
                                struct ecs_import_result *ret_result)
{
    return import_run(sync, conf, &profile_kind, ret_result);
}
