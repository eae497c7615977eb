/* SPDX-License-Identifier: Apache-2.0 */
/* Activation orders: rows of activation_order and the state of the line that goes with them. */
#include "ecs/store_orders.h"

#include "ecs/flow.h"
#include "store_int.h"

static enum ecs_rc decode_number(struct ecs_flow *f, struct ecs_pg_result *r)
{
    int64_t *target = r->decode_arg;

    (void)f;
    if (r->rows == 0)
        return ECS_E_NOT_FOUND;
    *target = ecs_pg_int(r, 0, 0, 0);
    return r->mistyped ? ECS_E_INTERNAL : ECS_OK;
}

enum ecs_next ecs_store_orders_add(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                   const struct ecs_str *services, size_t n, int64_t *ret_opened)
{
    struct ecs_pg_param params[] = {ecs_pg_p_text(imsi), ecs_pg_p_texts(services, n)};

    return store_exec(f, store, ECS_STMT_ORDER_ADD, params, ECS_ARRAY_LEN(params), decode_number, ret_opened);
}

static enum ecs_rc decode_orders(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_order_rows *target = r->decode_arg;
    struct ecs_order_row *rows = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*rows));

    if (!rows)
        return ECS_E_TOO_LARGE;
    for (unsigned i = 0; i < r->rows; i++)
        rows[i] = (struct ecs_order_row){.id = ecs_pg_int(r, i, 0, 0),
                                         .imsi = ecs_pg_text(r, i, 1),
                                         .service = ecs_pg_text(r, i, 2),
                                         .requested_at = ecs_pg_time(r, i, 3, 0)};
    if (r->mistyped)
        return ECS_E_INTERNAL;
    target->rows = rows;
    target->n = r->rows;
    return ECS_OK;
}

enum ecs_next ecs_store_orders_list(struct ecs_flow *f, struct ecs_store *store, unsigned limit,
                                    struct ecs_order_rows *ret_rows)
{
    struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, limit)};

    return store_exec(f, store, ECS_STMT_ORDER_LIST, params, ECS_ARRAY_LEN(params), decode_orders, ret_rows);
}

enum ecs_next ecs_store_orders_done(struct ecs_flow *f, struct ecs_store *store, int64_t id, bool provisioned,
                                    int64_t *ret_revision)
{
    struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT8, id), ecs_pg_p_int(ECS_PG_INT2, provisioned ? 1 : 0)};

    return store_exec(f, store, ECS_STMT_ORDER_DONE, params, ECS_ARRAY_LEN(params), decode_number, ret_revision);
}
