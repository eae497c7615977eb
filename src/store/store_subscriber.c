/* SPDX-License-Identifier: Apache-2.0 */
/* Administration of subscribers. */
#include "ecs/store_admin.h"
#include "store_int.h"

static bool decode_row(struct ecs_pg_result *r, unsigned i, struct ecs_subscriber_row *row)
{
    int line_state = store_word(ecs_pg_text(r, i, 3), store_line_states, 4);
    int roaming = store_word(ecs_pg_text(r, i, 6), store_roamings, 3);

    if (line_state < 0 || roaming < 0)
        return false;
    *row = (struct ecs_subscriber_row){
        .imsi = ecs_pg_text(r, i, 0),
        .msisdn = ecs_pg_text(r, i, 1),
        .iccid = ecs_pg_text(r, i, 2),
        .line_state = (enum ecs_line_state)line_state,
        .plan = ecs_pg_text(r, i, 4),
        .brand = ecs_pg_text(r, i, 5),
        .roaming = (enum ecs_roaming)roaming,
        .visited_plmn = ecs_pg_text(r, i, 7),
        .language = ecs_pg_text(r, i, 8),
        .token_generation = (int32_t)ecs_pg_int(r, i, 9, 0),
        .revision = (int32_t)ecs_pg_int(r, i, 10, 0),
        .created_at = ecs_pg_time(r, i, 11, 0),
        .updated_at = ecs_pg_time(r, i, 12, 0),
        .has_key = ecs_pg_bool(r, i, 13),
        .area = ecs_pg_text(r, i, 14),
        .enterprise = ecs_pg_text(r, i, 15),
    };
    return true;
}

static enum ecs_rc decode_rows(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_subscriber_rows *ret = r->decode_arg;
    struct ecs_subscriber_row *rows = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*rows));

    if (!rows)
        return ECS_E_TOO_LARGE;
    for (unsigned i = 0; i < r->rows; i++) {
        if (!decode_row(r, i, &rows[i]))
            return ECS_E_INTERNAL;
    }
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = (struct ecs_subscriber_rows){rows, r->rows};
    return ECS_OK;
}

static enum ecs_rc decode_one(struct ecs_flow *f, struct ecs_pg_result *r)
{
    return r->rows ? decode_rows(f, r) : ECS_E_NOT_FOUND;
}

enum ecs_next ecs_store_subscriber_get(struct ecs_flow *f, struct ecs_store *store, enum ecs_subscriber_by by,
                                       struct ecs_str key, struct ecs_subscriber_rows *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(key)};

    if (by == ECS_BY_IMSI)
        return store_exec(f, store, ECS_STMT_SUBSCRIBER_BY_IMSI, params, 1, decode_one, ret_rows);
    return store_exec(f, store, ECS_STMT_SUBSCRIBER_BY_MSISDN, params, 1, decode_rows, ret_rows);
}

enum ecs_next ecs_store_subscriber_list(struct ecs_flow *f, struct ecs_store *store, struct ecs_str after,
                                        unsigned limit, struct ecs_subscriber_rows *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(after.p ? after : ECS_STR("")),
                                          ecs_pg_p_int(ECS_PG_INT4, limit > 1000 ? 1000 : limit)};

    return store_exec(f, store, ECS_STMT_SUBSCRIBER_LIST, params, 2, decode_rows, ret_rows);
}

static enum ecs_rc decode_created(struct ecs_flow *f, struct ecs_pg_result *r)
{
    bool *ret_created = r->decode_arg;

    (void)f;
    *ret_created = ecs_pg_bool(r, 0, 0);
    return r->mistyped ? ECS_E_INTERNAL : ECS_OK;
}

static enum ecs_rc decode_number(struct ecs_flow *f, struct ecs_pg_result *r)
{
    int64_t *ret = r->decode_arg;

    (void)f;
    if (r->rows == 0)
        return ECS_E_NOT_FOUND;
    *ret = ecs_pg_int(r, 0, 0, 0);
    return r->mistyped ? ECS_E_INTERNAL : ECS_OK;
}

enum { SUBSCRIBER_FIELDS = 11 };

static void fill(struct ecs_pg_param params[SUBSCRIBER_FIELDS], struct ecs_str imsi,
                 const struct ecs_subscriber_fields *fields)
{
    params[0] = ecs_pg_p_text(imsi);
    params[1] = ecs_pg_p_text(fields->msisdn);
    params[2] = ecs_pg_p_text(fields->iccid);
    params[3] = ecs_pg_p_text(fields->line_state);
    params[4] = ecs_pg_p_text(fields->plan);
    params[5] = ecs_pg_p_text(fields->brand);
    params[6] = ecs_pg_p_text(fields->roaming);
    params[7] = ecs_pg_p_text(fields->visited_plmn);
    params[8] = ecs_pg_p_text(fields->language);
    params[9] = ecs_pg_p_text(fields->area);
    params[10] = ecs_pg_p_text(fields->enterprise);
}

enum ecs_next ecs_store_subscriber_upsert(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                          const struct ecs_subscriber_fields *fields, bool *ret_created)
{
    struct ecs_pg_param params[SUBSCRIBER_FIELDS];

    fill(params, imsi, fields);
    return store_exec(f, store, ECS_STMT_SUBSCRIBER_UPSERT, params, SUBSCRIBER_FIELDS, decode_created,
                      ret_created);
}

enum ecs_next ecs_store_subscriber_set(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                       const struct ecs_subscriber_fields *fields, int64_t *ret_revision)
{
    struct ecs_pg_param params[SUBSCRIBER_FIELDS];

    fill(params, imsi, fields);
    return store_exec(f, store, ECS_STMT_SUBSCRIBER_SET, params, SUBSCRIBER_FIELDS, decode_number,
                      ret_revision);
}

enum ecs_next ecs_store_tokens_revoke(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                      int64_t *ret_generation)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(imsi)};

    return store_exec(f, store, ECS_STMT_TOKEN_GENERATION_BUMP, params, 1, decode_number, ret_generation);
}
