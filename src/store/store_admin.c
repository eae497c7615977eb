/* SPDX-License-Identifier: Apache-2.0 */
/* Administration: plans, brands, devices, services of a line, notices, audit. */
#include "ecs/store_admin.h"

#include "store_int.h"

/* One number in one row; no row: not found. */
static enum ecs_rc decode_number(struct ecs_flow *f, struct ecs_pg_result *r)
{
    int64_t *ret = r->decode_arg;
    int64_t value;

    (void)f;
    if (r->rows == 0)
        return ECS_E_NOT_FOUND;
    value = ecs_pg_int(r, 0, 0, 0);
    if (r->mistyped)
        return ECS_E_INTERNAL;
    if (ret)
        *ret = value;
    return ECS_OK;
}

static struct ecs_pg_param optional(enum ecs_pg_type type, int64_t value, int64_t none)
{
    return ecs_pg_p_int(value == none ? ECS_PG_NULL : type, value);
}

static enum ecs_rc decode_plans(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_plan_rows *ret = r->decode_arg;
    struct ecs_plan_row *rows = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*rows));

    if (!rows)
        return ECS_E_TOO_LARGE;
    for (unsigned i = 0; i < r->rows; i++) {
        rows[i].plan = ecs_pg_text(r, i, 0);
        rows[i].name = ecs_pg_text(r, i, 1);
        rows[i].features = ecs_pg_texts(r, i, 2, f->arena, &rows[i].n_features);
        rows[i].brand = ecs_pg_text(r, i, 3);
        rows[i].revision = (int32_t)ecs_pg_int(r, i, 4, 0);
    }
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = (struct ecs_plan_rows){rows, r->rows};
    return ECS_OK;
}

enum ecs_next ecs_store_plan_list(struct ecs_flow *f, struct ecs_store *store, unsigned limit,
                                  struct ecs_plan_rows *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, limit)};

    return store_exec(f, store, ECS_STMT_PLAN_LIST, params, 1, decode_plans, ret_rows);
}

enum ecs_next ecs_store_plan_add(struct ecs_flow *f, struct ecs_store *store, const struct ecs_plan_row *plan,
                                 int64_t *ret_revision)
{
    static const struct ecs_str none[1];
    const struct ecs_pg_param params[] = {
        ecs_pg_p_text(plan->plan),
        ecs_pg_p_text(plan->name),
        ecs_pg_p_texts(plan->features ? plan->features : none, plan->features ? plan->n_features : 0),
        ecs_pg_p_text(plan->brand),
    };

    return store_exec(f, store, ECS_STMT_PLAN_ADD, params, ECS_ARRAY_LEN(params), decode_number,
                      ret_revision);
}

enum ecs_next ecs_store_plan_set(struct ecs_flow *f, struct ecs_store *store, const struct ecs_plan_row *plan,
                                 int64_t *ret_revision)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_text(plan->plan),
        ecs_pg_p_text(plan->name),
        ecs_pg_p_texts(plan->features, plan->n_features),
        ecs_pg_p_text(plan->brand),
    };

    return store_exec(f, store, ECS_STMT_PLAN_SET, params, ECS_ARRAY_LEN(params), decode_number,
                      ret_revision);
}

enum ecs_next ecs_store_brand_upsert(struct ecs_flow *f, struct ecs_store *store, struct ecs_str brand,
                                     struct ecs_str name, struct ecs_str default_language,
                                     int64_t *ret_revision)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(brand), ecs_pg_p_text(name),
                                          ecs_pg_p_text(default_language)};

    return store_exec(f, store, ECS_STMT_BRAND_UPSERT, params, ECS_ARRAY_LEN(params), decode_number,
                      ret_revision);
}

enum ecs_next ecs_store_device_model_upsert(struct ecs_flow *f, struct ecs_store *store, struct ecs_str tac,
                                            struct ecs_str vendor, struct ecs_str model,
                                            struct ecs_str category, const struct ecs_str *capabilities,
                                            size_t n, int64_t *ret_revision)
{
    static const struct ecs_str none[1];
    const struct ecs_pg_param params[] = {
        ecs_pg_p_text(tac),
        ecs_pg_p_text(vendor.p ? vendor : ECS_STR("")),
        ecs_pg_p_text(model.p ? model : ECS_STR("")),
        ecs_pg_p_text(category.p ? category : ECS_STR("other")),
        ecs_pg_p_texts(capabilities ? capabilities : none, capabilities ? n : 0),
    };

    /* char(8) would cut a longer text without a word */
    if (tac.n != 8)
        return ecs_flow_fail(f, ECS_E_BAD_PARAMETER, "store: a TAC has eight digits");
    return store_exec(f, store, ECS_STMT_DEVICE_MODEL_UPSERT, params, ECS_ARRAY_LEN(params), decode_number,
                      ret_revision);
}

enum ecs_next ecs_store_device_identity_upsert(struct ecs_flow *f, struct ecs_store *store,
                                               struct ecs_str terminal_id, struct ecs_str state,
                                               struct ecs_str reason, int64_t *ret_revision)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(terminal_id), ecs_pg_p_text(state),
                                          ecs_pg_p_text(reason)};

    return store_exec(f, store, ECS_STMT_DEVICE_IDENTITY_UPSERT, params, ECS_ARRAY_LEN(params), decode_number,
                      ret_revision);
}

enum ecs_next ecs_store_line_service_set(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                         struct ecs_str service, const struct ecs_line_service_set *set,
                                         int64_t *ret_revision)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_text(imsi),
        ecs_pg_p_text(service),
        optional(ECS_PG_INT2, set->tc_status, -1),
        optional(ECS_PG_INT4, set->tc_version, -1),
        optional(ECS_PG_TIMESTAMPTZ, set->tc_at, 0),
        optional(ECS_PG_INT2, set->addr_status, -1),
        optional(ECS_PG_TIMESTAMPTZ, set->addr_expiry, 0),
        ecs_pg_p_text(set->addr_identifier),
        optional(ECS_PG_INT2, set->prov_status, -1),
        ecs_pg_p_text(set->override),
        optional(ECS_PG_TIMESTAMPTZ, set->flow_closed_at, 0),
    };

    return store_exec(f, store, ECS_STMT_LINE_SERVICE_UPSERT, params, ECS_ARRAY_LEN(params), decode_number,
                      ret_revision);
}

enum ecs_next ecs_store_line_service_delete(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                            struct ecs_str service, int64_t *ret_revision)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(imsi), ecs_pg_p_text(service)};

    return store_exec(f, store, ECS_STMT_LINE_SERVICE_DELETE, params, 2, decode_number, ret_revision);
}

enum ecs_next ecs_store_notice_add(struct ecs_flow *f, struct ecs_store *store,
                                   const struct ecs_notice_row *notice, int64_t *ret_id)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_text(notice->service),
        ecs_pg_p_text(notice->brand),
        ecs_pg_p_int(ECS_PG_TIMESTAMPTZ, notice->starts_at),
        ecs_pg_p_int(ECS_PG_TIMESTAMPTZ, notice->ends_at),
        ecs_pg_p_text(notice->effect),
        ecs_pg_p_text(notice->message_key),
        ecs_pg_p_int(ECS_PG_INT4, notice->validity_s),
    };

    return store_exec(f, store, ECS_STMT_NOTICE_ADD, params, ECS_ARRAY_LEN(params), decode_number, ret_id);
}

static enum ecs_rc decode_notices(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_notice_rows *ret = r->decode_arg;
    struct ecs_notice_row *rows = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*rows));

    if (!rows)
        return ECS_E_TOO_LARGE;
    for (unsigned i = 0; i < r->rows; i++) {
        rows[i] = (struct ecs_notice_row){
            .id = ecs_pg_int(r, i, 0, 0),
            .service = ecs_pg_text(r, i, 1),
            .brand = ecs_pg_text(r, i, 2),
            .starts_at = ecs_pg_time(r, i, 3, 0),
            .ends_at = ecs_pg_time(r, i, 4, 0),
            .effect = ecs_pg_text(r, i, 5),
            .message_key = ecs_pg_text(r, i, 6),
            .validity_s = (uint32_t)ecs_pg_int(r, i, 7, 0),
        };
    }
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = (struct ecs_notice_rows){rows, r->rows};
    return ECS_OK;
}

enum ecs_next ecs_store_notice_list(struct ecs_flow *f, struct ecs_store *store, unsigned limit,
                                    struct ecs_notice_rows *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, limit)};

    return store_exec(f, store, ECS_STMT_NOTICE_LIST, params, 1, decode_notices, ret_rows);
}

enum ecs_next ecs_store_notice_remove(struct ecs_flow *f, struct ecs_store *store, int64_t id)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT8, id)};

    return store_exec(f, store, ECS_STMT_NOTICE_REMOVE, params, 1, decode_number, NULL);
}

enum ecs_next ecs_store_audit(struct ecs_flow *f, struct ecs_store *store, struct ecs_str actor,
                              struct ecs_str role, struct ecs_str action, struct ecs_str subject_masked,
                              struct ecs_str detail)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(actor), ecs_pg_p_text(role), ecs_pg_p_text(action),
                                          ecs_pg_p_text(subject_masked), ecs_pg_p_text(detail)};

    return store_exec(f, store, ECS_STMT_AUDIT_INSERT, params, ECS_ARRAY_LEN(params), NULL, NULL);
}

enum ecs_next ecs_store_policy_announce(struct ecs_flow *f, struct ecs_store *store, struct ecs_str checksum)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(checksum)};

    return store_exec(f, store, ECS_STMT_POLICY_ANNOUNCE, params, 1, NULL, NULL);
}

enum ecs_next ecs_store_ping(struct ecs_flow *f, struct ecs_store *store)
{
    return store_exec(f, store, ECS_STMT_PING, NULL, 0, decode_number, NULL);
}
