/* SPDX-License-Identifier: Apache-2.0 */
/* Operator's interface: single device models and identities, the audit table. */
#include "ecs/store_operator.h"

#include "store_int.h"

static enum ecs_rc decode_model(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_device_model_row *ret = r->decode_arg, row = {0};

    if (r->rows == 0)
        return ECS_E_NOT_FOUND;
    row.tac = ecs_pg_text(r, 0, 0);
    row.vendor = ecs_pg_text(r, 0, 1);
    row.model = ecs_pg_text(r, 0, 2);
    row.category = ecs_pg_text(r, 0, 3);
    row.capabilities = ecs_pg_texts(r, 0, 4, f->arena, &row.n_capabilities);
    row.revision = (int32_t)ecs_pg_int(r, 0, 5, 0);
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = row;
    return ECS_OK;
}

enum ecs_next ecs_store_device_model_get(struct ecs_flow *f, struct ecs_store *store, struct ecs_str tac,
                                         struct ecs_device_model_row *ret_row)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(tac)};

    if (tac.n != 8 || !ecs_str_is_digits(tac))
        return ecs_flow_fail(f, ECS_E_BAD_PARAMETER, "store: a TAC has eight digits");
    return store_exec(f, store, ECS_STMT_DEVICE_MODEL_GET, params, 1, decode_model, ret_row);
}

static enum ecs_rc decode_identity(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_device_identity_row *ret = r->decode_arg, row;

    (void)f;
    if (r->rows == 0)
        return ECS_E_NOT_FOUND;
    row.state = ecs_pg_text(r, 0, 0);
    row.reason = ecs_pg_text(r, 0, 1);
    row.updated_at = ecs_pg_time(r, 0, 2, 0);
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = row;
    return ECS_OK;
}

enum ecs_next ecs_store_device_identity_get(struct ecs_flow *f, struct ecs_store *store,
                                            struct ecs_str terminal_id,
                                            struct ecs_device_identity_row *ret_row)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(terminal_id)};

    return store_exec(f, store, ECS_STMT_DEVICE_IDENTITY_GET, params, 1, decode_identity, ret_row);
}

static enum ecs_rc decode_deleted(struct ecs_flow *f, struct ecs_pg_result *r)
{
    (void)f;
    return r->rows ? ECS_OK : ECS_E_NOT_FOUND;
}

enum ecs_next ecs_store_device_identity_delete(struct ecs_flow *f, struct ecs_store *store,
                                               struct ecs_str terminal_id)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(terminal_id)};

    return store_exec(f, store, ECS_STMT_DEVICE_IDENTITY_DELETE, params, 1, decode_deleted, NULL);
}

static enum ecs_rc decode_audit(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_audit_rows *ret = r->decode_arg;
    struct ecs_audit_row *rows = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*rows));

    if (!rows)
        return ECS_E_TOO_LARGE;
    for (unsigned i = 0; i < r->rows; i++) {
        rows[i] = (struct ecs_audit_row){
            .id = ecs_pg_int(r, i, 0, 0),
            .at = ecs_pg_time(r, i, 1, 0),
            .actor = ecs_pg_text(r, i, 2),
            .role = ecs_pg_text(r, i, 3),
            .action = ecs_pg_text(r, i, 4),
            .subject = ecs_pg_text(r, i, 5),
            .detail = ecs_pg_text(r, i, 6),
        };
    }
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = (struct ecs_audit_rows){rows, r->rows};
    return ECS_OK;
}

enum ecs_next ecs_store_audit_list(struct ecs_flow *f, struct ecs_store *store, int64_t before,
                                   unsigned limit, struct ecs_audit_rows *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT8, before),
                                          ecs_pg_p_int(ECS_PG_INT4, limit)};

    return store_exec(f, store, ECS_STMT_AUDIT_LIST, params, 2, decode_audit, ret_rows);
}
