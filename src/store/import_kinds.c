/* SPDX-License-Identifier: Apache-2.0 */
/* Imports of subscribers and of device types: what a line may hold, and how a chunk is merged. */
#include <string.h>

#include "ecs/ids.h"
#include "ecs/store_availability.h"
#include "import_int.h"
#include "store_int.h"

/* ---- subscribers ---- */

enum {
    S_IMSI,
    S_MSISDN,
    S_ICCID,
    S_PLAN,
    S_LINE_STATE,
    S_BRAND,
    S_ROAMING,
    S_VISITED,
    S_LANGUAGE,
    S_AREA,
    S_ENTERPRISE,
    S_KI,
    S_OPC,
    S_OP,
    S_ALGORITHM,
    S_AMF,
    S_SQN,
    S_COUNT
};

static const char *const subscriber_columns[S_COUNT] = {
    "imsi", "msisdn",     "iccid", "plan", "line_state", "brand",     "roaming", "visited_plmn", "language",
    "area", "enterprise", "ki",    "opc",  "op",         "algorithm", "amf",     "sqn"};

static bool is_word(struct ecs_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (i > 0 && strchr("._-", c))))
            return false;
    }
    return s.n >= 1 && s.n <= 63;
}

static bool is_language(struct ecs_str s)
{
    struct ecs_str part;
    bool first = true;

    while (ecs_str_cut(&s, '-', &part)) {
        if (part.n < 2 || part.n > (first ? 3 : 8))
            return false;
        for (size_t i = 0; i < part.n; i++) {
            char c = (char)(part.p[i] | 0x20);

            if (!(c >= 'a' && c <= 'z') && (first || part.p[i] < '0' || part.p[i] > '9'))
                return false;
        }
        first = false;
    }
    return !first;
}

/* Checks the plain fields; what COPY gets is the parsed form. */
static const char *check_line(const struct ecs_str *v, struct ecs_imsi *imsi, struct ecs_msisdn *msisdn,
                              struct ecs_iccid *iccid)
{
    struct ecs_plmn plmn;

    if (!ecs_imsi_parse(v[S_IMSI], imsi))
        return "imsi is not 6 to 15 digits";
    if (v[S_MSISDN].p && !ecs_msisdn_parse(v[S_MSISDN], msisdn))
        return "msisdn is not 5 to 15 digits";
    if (v[S_ICCID].p && !ecs_iccid_parse(v[S_ICCID], iccid))
        return "iccid is not 18 to 22 digits";
    if (v[S_PLAN].p && !is_word(v[S_PLAN]))
        return "plan is not a plan's key";
    if (v[S_BRAND].p && !is_word(v[S_BRAND]))
        return "brand is not a brand's key";
    if (v[S_LINE_STATE].p && store_word(v[S_LINE_STATE], store_line_states, 4) < 0)
        return "line_state is not active, suspended, barred or terminated";
    if (v[S_ROAMING].p && store_word(v[S_ROAMING], store_roamings, 3) < 0)
        return "roaming is not unknown, home or roaming";
    if (v[S_VISITED].p &&
        (!ecs_str_is_digits(v[S_VISITED]) || v[S_VISITED].n > 6 || !ecs_plmn_parse(v[S_VISITED], &plmn)))
        return "visited_plmn is not 5 or 6 digits";
    if (v[S_LANGUAGE].p && !is_language(v[S_LANGUAGE]))
        return "language is not a language tag";
    if (v[S_AREA].p && !ecs_area_is_valid(v[S_AREA], true))
        return "area is not a name like north.coast";
    if (v[S_ENTERPRISE].p && !is_word(v[S_ENTERPRISE]))
        return "enterprise is not an enterprise's key";
    return NULL;
}

static const char *check_key(const struct ecs_str *v, struct ecs_import_key *key)
{
    struct ecs_str op = v[S_OPC].p ? v[S_OPC] : v[S_OP];

    if (v[S_ALGORITHM].p && !ecs_str_eq(v[S_ALGORITHM], ECS_STR("milenage")) &&
        !ecs_str_eq(v[S_ALGORITHM], ECS_STR("tuak")))
        return "algorithm is not milenage or tuak";
    key->tuak = ecs_str_eq(v[S_ALGORITHM], ECS_STR("tuak"));
    key->is_op = !v[S_OPC].p;
    if (v[S_OPC].p && v[S_OP].p)
        return "both opc and op are given";
    if (!op.p)
        return "ki without opc or op";
    key->ki_n = v[S_KI].n / 2;
    key->op_n = op.n / 2;
    if (v[S_KI].n % 2 || !(key->ki_n == 16 || (key->tuak && key->ki_n == 32)) ||
        !ecs_hex_decode(v[S_KI], key->ki, key->ki_n))
        return key->tuak ? "ki is not 32 or 64 hex digits" : "ki is not 32 hex digits";
    if (op.n != (key->tuak ? 64U : 32U) || !ecs_hex_decode(op, key->op, key->op_n))
        return key->tuak ? "opc or op is not 64 hex digits" : "opc or op is not 32 hex digits";
    return NULL;
}

static void add_field(struct ecs_buf *row, struct ecs_str field)
{
    ecs_buf_add_char(row, '\t');
    ecs_pg_copy_field(row, field);
}

/* bytea in COPY text: \x and hex, its backslash doubled */
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

static bool parse_sqn(struct ecs_str text, uint64_t *ret_sqn)
{
    uint8_t bytes[6];
    uint64_t sqn = 0;

    if (text.n != 12 || !ecs_hex_decode(text, bytes, 6))
        return false;
    for (unsigned i = 0; i < 6; i++)
        sqn = sqn << 8 | bytes[i];
    *ret_sqn = sqn;
    return true;
}

static const char *stage_wrapped(const struct ecs_import_conf *conf, const struct ecs_str *v,
                                 struct ecs_buf *row, struct ecs_import_key *key)
{
    struct ecs_wrapped_key wrapped = {0};
    uint8_t amf[2] = {0, 0}; /* EAP-AKA: separation bit 0 (TS 33.102 annex H) */
    uint64_t sqn = 0;
    const char *why = check_key(v, key);

    if (why)
        return why;
    if (v[S_AMF].p && (v[S_AMF].n != 4 || !ecs_hex_decode(v[S_AMF], amf, 2)))
        return "amf is not 4 hex digits";
    if (v[S_SQN].p && !parse_sqn(v[S_SQN], &sqn))
        return "sqn is not 12 hex digits";
    if (!conf->wrap)
        return "no key is configured under which ki could be wrapped";
    if (conf->wrap(conf->arg, key, &wrapped) != ECS_OK || wrapped.ki_n < 16 ||
        wrapped.ki_n > sizeof(wrapped.ki) || wrapped.opc_n < 16 || wrapped.opc_n > sizeof(wrapped.opc))
        return "the key could not be wrapped";
    add_field(row, key->tuak ? ECS_STR("tuak") : ECS_STR("milenage"));
    add_bytes(row, wrapped.ki, wrapped.ki_n);
    add_bytes(row, wrapped.opc, wrapped.opc_n);
    add_bytes(row, amf, 2);
    ecs_buf_add_char(row, '\t');
    ecs_buf_add_i64(row, (int64_t)sqn);
    return NULL;
}

static const char *stage_subscriber(const struct ecs_import_conf *conf, const struct ecs_str *v,
                                    struct ecs_buf *row)
{
    static const unsigned key_only[] = {S_OPC, S_OP, S_ALGORITHM, S_AMF, S_SQN};
    struct ecs_imsi imsi = {0};
    struct ecs_msisdn msisdn = {0};
    struct ecs_iccid iccid = {0};
    struct ecs_import_key key = {0};
    const char *why = check_line(v, &imsi, &msisdn, &iccid);

    if (why)
        return why;
    add_field(row, ecs_str_of(imsi.s));
    add_field(row, v[S_MSISDN].p ? ecs_str_of(msisdn.s) : ECS_STR_NULL);
    add_field(row, v[S_ICCID].p ? ecs_str_of(iccid.s) : ECS_STR_NULL);
    for (unsigned c = S_PLAN; c <= S_ENTERPRISE; c++)
        add_field(row, v[c]);
    if (v[S_KI].p) {
        key.imsi = ecs_str_of(imsi.s);
        why = stage_wrapped(conf, v, row, &key);
        explicit_bzero(&key, sizeof(key));
        return why;
    }
    for (size_t i = 0; i < ECS_ARRAY_LEN(key_only); i++) {
        if (key_only[i] != S_ALGORITHM && key_only[i] != S_AMF && v[key_only[i]].p)
            return "opc, op or sqn without ki";
    }
    ecs_buf_add_cstr(row, "\t\\N\t\\N\t\\N\t\\N\t\\N");
    return NULL;
}

static const char *const subscriber_rejects[] = {
    "DELETE FROM import_stage i USING (SELECT imsi, min(line) AS line FROM import_stage GROUP BY imsi HAVING "
    "count(*) > 1) d "
    "WHERE i.imsi = d.imsi AND i.line > d.line RETURNING i.line, 'the imsi is there a second time'::text",
    "DELETE FROM import_stage i WHERE plan IS NOT NULL AND NOT EXISTS (SELECT FROM plan p WHERE p.plan = "
    "i.plan) "
    "RETURNING line, 'unknown plan'::text",
    "DELETE FROM import_stage i WHERE brand IS NOT NULL AND NOT EXISTS (SELECT FROM brand b WHERE b.brand = "
    "i.brand) "
    "RETURNING line, 'unknown brand'::text",
    "DELETE FROM import_stage i WHERE enterprise IS NOT NULL AND NOT EXISTS (SELECT FROM enterprise e WHERE "
    "e.enterprise_id = i.enterprise) RETURNING line, 'unknown enterprise'::text",
    "DELETE FROM import_stage i WHERE plan IS NULL AND NOT EXISTS (SELECT FROM subscriber s WHERE s.imsi = "
    "i.imsi) "
    "RETURNING line, 'a new subscriber needs a plan'::text",
};

static const struct import_kind subscribers = {
    .columns = subscriber_columns,
    .n_columns = S_COUNT,
    .stage = stage_subscriber,
    .create = "DROP TABLE IF EXISTS pg_temp.import_stage; CREATE TEMP TABLE import_stage (line bigint, "
              "imsi text COLLATE \"C\", msisdn text, iccid text, plan text COLLATE \"C\", line_state text, "
              "brand text COLLATE \"C\", roaming text, visited_plmn text, language text, area text, "
              "enterprise text COLLATE \"C\", algorithm text, ki bytea, "
              "opc bytea, amf bytea, sqn bigint) ON COMMIT DELETE ROWS",
    .copy = "COPY import_stage FROM STDIN",
    .rejects = subscriber_rejects,
    .n_rejects = ECS_ARRAY_LEN(subscriber_rejects),
    .update =
        "UPDATE subscriber s SET msisdn = coalesce(i.msisdn, s.msisdn), iccid = coalesce(i.iccid, s.iccid), "
        "line_state = coalesce(i.line_state, s.line_state), plan = coalesce(i.plan, s.plan), "
        "brand = coalesce(i.brand, s.brand), roaming = coalesce(i.roaming, s.roaming), "
        "visited_plmn = coalesce(i.visited_plmn, s.visited_plmn), language = coalesce(i.language, "
        "s.language), area = coalesce(i.area, s.area), enterprise = coalesce(i.enterprise, s.enterprise) "
        "FROM import_stage i WHERE s.imsi = i.imsi AND "
        "(coalesce(i.msisdn, s.msisdn), coalesce(i.iccid, s.iccid), coalesce(i.line_state, s.line_state), "
        "coalesce(i.plan, s.plan), coalesce(i.brand, s.brand), coalesce(i.roaming, s.roaming), "
        "coalesce(i.visited_plmn, s.visited_plmn), coalesce(i.language, s.language), coalesce(i.area, "
        "s.area), "
        "coalesce(i.enterprise, s.enterprise)) IS DISTINCT FROM "
        "(s.msisdn, s.iccid, s.line_state, s.plan, s.brand, s.roaming, s.visited_plmn, s.language, s.area, "
        "s.enterprise)",
    .insert = "INSERT INTO subscriber (imsi, msisdn, iccid, line_state, plan, brand, roaming, visited_plmn, "
              "language, area, enterprise) "
              "SELECT imsi, msisdn, iccid, coalesce(line_state, 'active'), plan, brand, coalesce(roaming, "
              "'unknown'), "
              "visited_plmn, language, area, enterprise FROM import_stage i "
              "WHERE NOT EXISTS (SELECT FROM subscriber s WHERE s.imsi = i.imsi) ORDER BY imsi",
    .also =
        "INSERT INTO auc AS a (imsi, algorithm, ki_wrapped, opc_wrapped, amf, sqn) "
        "SELECT imsi, algorithm, ki, opc, amf, sqn FROM import_stage WHERE ki IS NOT NULL ORDER BY imsi "
        "ON CONFLICT (imsi) DO UPDATE SET algorithm = excluded.algorithm, ki_wrapped = excluded.ki_wrapped, "
        "opc_wrapped = excluded.opc_wrapped, amf = excluded.amf, sqn = greatest(a.sqn, excluded.sqn), "
        "updated_at = now()",
};

enum ecs_rc ecs_import_subscribers(struct ecs_pg_sync *sync, const struct ecs_import_conf *conf,
                                   struct ecs_import_result *ret_result)
{
    return import_run(sync, conf, &subscribers, ret_result);
}

/* ---- device types ---- */

enum { D_TAC, D_VENDOR, D_MODEL, D_CATEGORY, D_CAPABILITIES, D_COUNT };

static const char *const device_columns[D_COUNT] = {"tac", "vendor", "model", "category", "capabilities"};

/* Words to the text form of text[]; NULL or what is wrong. */
static const char *add_words(struct ecs_str list, struct ecs_buf *row)
{
    bool first = true;

    ecs_buf_add(row, "\t{", 2);
    for (size_t i = 0, start = 0; i <= list.n; i++) {
        struct ecs_str word = {list.p + start, i - start};

        if (i < list.n && !strchr(" ;|", list.p[i]))
            continue;
        start = i + 1;
        if (word.n == 0)
            continue;
        if (!is_word(word))
            return "capabilities are not words of a-z, 0-9, '.', '_' and '-'";
        if (!first)
            ecs_buf_add_char(row, ',');
        ecs_buf_add_str(row, word);
        first = false;
    }
    ecs_buf_add_char(row, '}');
    return NULL;
}

static const char *stage_device(const struct ecs_import_conf *conf, const struct ecs_str *v,
                                struct ecs_buf *row)
{
    (void)conf;
    if (v[D_TAC].n != 8 || !ecs_str_is_digits(v[D_TAC]))
        return "tac is not 8 digits";
    if (v[D_VENDOR].n > 100 || v[D_MODEL].n > 100)
        return "vendor or model is longer than 100 bytes";
    if (v[D_CATEGORY].p && store_word(v[D_CATEGORY], store_categories, 7) < 1)
        return "category is not phone, tablet, watch, router, iot or other";
    for (unsigned c = D_TAC; c <= D_CATEGORY; c++)
        add_field(row, v[c]);
    if (v[D_CAPABILITIES].p)
        return add_words(v[D_CAPABILITIES], row);
    add_field(row, ECS_STR_NULL);
    return NULL;
}

static const char *const device_rejects[] = {
    "DELETE FROM import_stage i USING (SELECT tac, min(line) AS line FROM import_stage GROUP BY tac HAVING "
    "count(*) > 1) d "
    "WHERE i.tac = d.tac AND i.line > d.line RETURNING i.line, 'the tac is there a second time'::text",
};

static const struct import_kind devices = {
    .columns = device_columns,
    .n_columns = D_COUNT,
    .stage = stage_device,
    .create = "DROP TABLE IF EXISTS pg_temp.import_stage; CREATE TEMP TABLE import_stage (line bigint, "
              "tac text COLLATE \"C\", vendor text, model text, category text, capabilities text[]) "
              "ON COMMIT DELETE ROWS",
    .copy = "COPY import_stage FROM STDIN",
    .rejects = device_rejects,
    .n_rejects = ECS_ARRAY_LEN(device_rejects),
    .update = "UPDATE device_model m SET vendor = coalesce(i.vendor, m.vendor), model = coalesce(i.model, "
              "m.model), "
              "category = coalesce(i.category, m.category), capabilities = coalesce(i.capabilities, "
              "m.capabilities) "
              "FROM import_stage i WHERE m.tac = i.tac::char(8) AND (coalesce(i.vendor, m.vendor), "
              "coalesce(i.model, m.model), coalesce(i.category, m.category), coalesce(i.capabilities, "
              "m.capabilities)) "
              "IS DISTINCT FROM (m.vendor, m.model, m.category, m.capabilities)",
    .insert =
        "INSERT INTO device_model (tac, vendor, model, category, capabilities) SELECT tac, coalesce(vendor, "
        "''), "
        "coalesce(model, ''), coalesce(category, 'other'), coalesce(capabilities, '{}') FROM import_stage i "
        "WHERE NOT EXISTS (SELECT FROM device_model m WHERE m.tac = i.tac::char(8)) ORDER BY tac",
};

enum ecs_rc ecs_import_devices(struct ecs_pg_sync *sync, const struct ecs_import_conf *conf,
                               struct ecs_import_result *ret_result)
{
    return import_run(sync, conf, &devices, ret_result);
}
