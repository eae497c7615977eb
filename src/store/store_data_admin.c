/* SPDX-License-Identifier: Apache-2.0 */
/* Data of the plain applications as BSS, operator and tools see and change them. What is shown to people
 * comes as JSON from the database. */
#include "ecs/store_data_admin.h"

#include "store_int.h"

const char *const ecs_data_kinds[ECS_DATA_KIND_COUNT + 1] = {"usage",   "usage-end", "boost", "boost-end",
                                                             "billing", "identity",  NULL};

static enum ecs_rc decode_verdict(struct ecs_flow *f, struct ecs_pg_result *r)
{
    static const char *const verdicts[ECS_DATA_VERDICT_COUNT] = {"done", "repeated", "refused", "gone"};
    int word = store_word(ecs_pg_text(r, 0, 0), verdicts, ECS_DATA_VERDICT_COUNT);

    (void)f;
    if (r->rows != 1 || word < 0 || r->mistyped)
        return ECS_E_INTERNAL;
    *(enum ecs_data_verdict *)r->decode_arg = (enum ecs_data_verdict)word;
    return ECS_OK;
}

static struct ecs_pg_param time_param(int64_t unix_seconds)
{
    return unix_seconds ? ecs_pg_p_int(ECS_PG_TIMESTAMPTZ, unix_seconds)
                        : (struct ecs_pg_param){.type = ECS_PG_NULL};
}

enum ecs_next ecs_store_line_data_put(struct ecs_flow *f, struct ecs_store *store,
                                      const struct ecs_data_change *change,
                                      enum ecs_data_verdict *ret_verdict)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_text(ecs_str_of(ecs_data_kinds[change->kind])),
        ecs_pg_p_text(change->imsi),
        ecs_pg_p_text(change->msisdn),
        ecs_pg_p_bytes(change->account, ECS_ACCOUNT_LEN),
        ecs_pg_p_text(change->vendor),
        ecs_pg_p_text(change->key),
        ecs_pg_p_int(ECS_PG_INT2, change->type),
        ecs_pg_p_text(change->text),
        ecs_pg_p_text(change->more),
        time_param(change->time),
        ecs_pg_p_int(ECS_PG_INT8, change->a),
        ecs_pg_p_int(ECS_PG_INT8, change->b),
        time_param(change->at),
        ecs_pg_p_text(change->actor),
        ecs_pg_p_text(change->subject_masked),
        ecs_pg_p_text(change->event),
    };

    return store_exec(f, store, ECS_STMT_LINE_DATA_PUT, params, ECS_ARRAY_LEN(params), decode_verdict,
                      ret_verdict);
}

static enum ecs_rc decode_json(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_str text = r->rows ? ecs_pg_text(r, 0, 0) : ECS_STR_NULL;

    (void)f;
    if (r->mistyped)
        return ECS_E_INTERNAL;
    if (!text.p)
        return ECS_E_NOT_FOUND;
    *(struct ecs_str *)r->decode_arg = text;
    return ECS_OK;
}

enum ecs_next ecs_store_line_data_show(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                       struct ecs_str *ret_json)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(imsi)};

    return store_exec(f, store, ECS_STMT_LINE_DATA_SHOW, params, 1, decode_json, ret_json);
}

enum ecs_next ecs_store_plan_data_show(struct ecs_flow *f, struct ecs_store *store, struct ecs_str plan,
                                       struct ecs_str *ret_json)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(plan)};

    return store_exec(f, store, ECS_STMT_PLAN_DATA_SHOW, params, 1, decode_json, ret_json);
}

static enum ecs_rc decode_found(struct ecs_flow *f, struct ecs_pg_result *r)
{
    bool found = r->rows == 1 && ecs_pg_bool(r, 0, 0);

    (void)f;
    if (r->mistyped)
        return ECS_E_INTERNAL;
    return found ? ECS_OK : ECS_E_NOT_FOUND;
}

enum ecs_next ecs_store_plan_data_put(struct ecs_flow *f, struct ecs_store *store,
                                      const struct ecs_plan_data *data)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(data->plan), ecs_pg_p_text(data->sa),
                                          ecs_pg_p_text(data->access), ecs_pg_p_text(data->boosts)};

    return store_exec(f, store, ECS_STMT_PLAN_DATA_PUT, params, ECS_ARRAY_LEN(params), decode_found, NULL);
}

enum ecs_next ecs_store_satellite_list(struct ecs_flow *f, struct ecs_store *store, struct ecs_str *ret_json)
{
    return store_exec(f, store, ECS_STMT_SATELLITE_LIST, NULL, 0, decode_json, ret_json);
}

static enum ecs_rc decode_written(struct ecs_flow *f, struct ecs_pg_result *r)
{
    (void)f;
    return r->affected ? ECS_OK : ECS_E_NOT_FOUND;
}

enum ecs_next ecs_store_satellite_put(struct ecs_flow *f, struct ecs_store *store,
                                      const struct ecs_satellite_put *put)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_text(put->network.plmn),
        ecs_pg_p_text(put->plan),
        ecs_pg_p_text(put->brand),
        ecs_pg_p_int(ECS_PG_BOOL, put->network.barred),
        put->network.metered < 0 ? (struct ecs_pg_param){.type = ECS_PG_NULL}
                                 : ecs_pg_p_int(ECS_PG_BOOL, put->network.metered),
        ecs_pg_p_int(ECS_PG_INT2, put->network.data),
        ecs_pg_p_int(ECS_PG_INT2, put->network.voice),
        ecs_pg_p_int(ECS_PG_INT4, put->sort),
    };

    return store_exec(f, store, ECS_STMT_SATELLITE_PUT, params, ECS_ARRAY_LEN(params), decode_written, NULL);
}

enum ecs_next ecs_store_satellite_delete(struct ecs_flow *f, struct ecs_store *store,
                                         const struct ecs_satellite_put *put)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(put->network.plmn), ecs_pg_p_text(put->plan),
                                          ecs_pg_p_text(put->brand)};

    return store_exec(f, store, ECS_STMT_SATELLITE_DELETE, params, ECS_ARRAY_LEN(params), decode_written,
                      NULL);
}
