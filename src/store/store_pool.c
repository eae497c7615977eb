/* SPDX-License-Identifier: Apache-2.0 */
/* The pool of prepared activation codes. Failures of the database are told in the row: what is taken for a
 * procedure that runs in the background must not end its flow. */
#include "ecs/store_pool.h"

#include "store_int.h"

static const char *const states[] = {"free", "taken", "given", "void"};

static enum ecs_rc decode_row(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_pool_row *row = r->decode_arg;
    int state;

    (void)f;
    if (r->rows == 0)
        return ECS_OK;
    row->found = true;
    row->iccid = ecs_pg_text(r, 0, 0);
    row->code_sealed = ecs_pg_bytes(r, 0, 1);
    row->address = ecs_pg_text(r, 0, 2);
    row->line_imsi = ecs_pg_text(r, 0, 3);
    row->msisdn = ecs_pg_text(r, 0, 4);
    state = store_word(ecs_pg_text(r, 0, 5), states, ECS_ARRAY_LEN(states));
    row->mine = ecs_pg_bool(r, 0, 6);
    row->left = ecs_pg_int(r, 0, 7, 0);
    if (state < 0 || r->mistyped)
        return ECS_E_INTERNAL;
    row->state = (enum ecs_pool_state)state;
    return ECS_OK;
}

enum ecs_rc ecs_store_pool_rc(const struct ecs_pool_row *row)
{
    return row->result ? row->result->rc : ECS_E_NO_MEMORY;
}

static enum ecs_next exec(struct ecs_flow *f, struct ecs_store *store, enum ecs_stmt statement,
                          const struct ecs_pg_param *params, size_t n, struct ecs_pool_row *ret_row)
{
    struct ecs_pg_result *r = ecs_alloc(f->arena, sizeof(*r));

    if (!r)
        return ECS_NEXT;
    r->want_errors = true;
    r->decode = decode_row;
    r->decode_arg = ret_row;
    ret_row->result = r;
    return ecs_pg_exec(f, store->pg, statement, params, n, r);
}

enum ecs_next ecs_store_pool_take(struct ecs_flow *f, struct ecs_store *store, struct ecs_str call_id,
                                  struct ecs_str smdp, struct ecs_str profile_type, unsigned count_limit,
                                  struct ecs_pool_row *ret_row)
{
    struct ecs_pg_param params[] = {ecs_pg_p_text(call_id), ecs_pg_p_text(smdp),
                                    ecs_pg_p_text(profile_type.p ? profile_type : ECS_STR("")),
                                    ecs_pg_p_int(ECS_PG_INT4, count_limit)};

    return exec(f, store, ECS_STMT_POOL_TAKE, params, ECS_ARRAY_LEN(params), ret_row);
}

enum ecs_next ecs_store_pool_take_iccid(struct ecs_flow *f, struct ecs_store *store, struct ecs_str call_id,
                                        struct ecs_str smdp, struct ecs_str iccid,
                                        struct ecs_pool_row *ret_row)
{
    struct ecs_pg_param params[] = {ecs_pg_p_text(call_id), ecs_pg_p_text(smdp), ecs_pg_p_text(iccid)};

    return exec(f, store, ECS_STMT_POOL_TAKE_ICCID, params, ECS_ARRAY_LEN(params), ret_row);
}

enum ecs_next ecs_store_pool_give(struct ecs_flow *f, struct ecs_store *store, struct ecs_str smdp,
                                  struct ecs_str iccid, struct ecs_str owner, struct ecs_pool_row *ret_row)
{
    struct ecs_pg_param params[] = {ecs_pg_p_text(smdp), ecs_pg_p_text(iccid), ecs_pg_p_text(owner)};

    return exec(f, store, ECS_STMT_POOL_GIVE, params, ECS_ARRAY_LEN(params), ret_row);
}

enum ecs_next ecs_store_pool_drop(struct ecs_flow *f, struct ecs_store *store, struct ecs_str smdp,
                                  struct ecs_str iccid, struct ecs_str owner, bool reusable,
                                  struct ecs_pool_row *ret_row)
{
    struct ecs_pg_param params[] = {ecs_pg_p_text(smdp), ecs_pg_p_text(iccid), ecs_pg_p_text(owner),
                                    ecs_pg_p_int(ECS_PG_BOOL, reusable)};

    return exec(f, store, ECS_STMT_POOL_DROP, params, ECS_ARRAY_LEN(params), ret_row);
}

enum ecs_next ecs_store_pool_get(struct ecs_flow *f, struct ecs_store *store, struct ecs_str smdp,
                                 struct ecs_str iccid, struct ecs_pool_row *ret_row)
{
    struct ecs_pg_param params[] = {ecs_pg_p_text(smdp), ecs_pg_p_text(iccid)};

    return exec(f, store, ECS_STMT_POOL_GET, params, ECS_ARRAY_LEN(params), ret_row);
}

/* ---- stock ---- */

struct stock_target {
    struct ecs_pool_stock **rows;
    size_t *n;
};

static enum ecs_rc decode_stock(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct stock_target *target = r->decode_arg;
    struct ecs_pool_stock *rows = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*rows));

    if (!rows)
        return ECS_E_TOO_LARGE;
    for (unsigned i = 0; i < r->rows; i++)
        rows[i] = (struct ecs_pool_stock){.smdp = ecs_pg_text(r, i, 0),
                                          .profile_type = ecs_pg_text(r, i, 1),
                                          .free = ecs_pg_int(r, i, 2, 0),
                                          .taken = ecs_pg_int(r, i, 3, 0),
                                          .given = ecs_pg_int(r, i, 4, 0),
                                          .void_ = ecs_pg_int(r, i, 5, 0)};
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *target->rows = rows;
    *target->n = r->rows;
    return ECS_OK;
}

enum ecs_next ecs_store_pool_stock(struct ecs_flow *f, struct ecs_store *store,
                                   struct ecs_pool_stock **ret_rows, size_t *ret_n)
{
    struct stock_target *target = ecs_alloc(f->arena, sizeof(*target));

    if (!target)
        return ecs_flow_fail(f, ECS_E_TOO_LARGE, "store: request memory is used up");
    *target = (struct stock_target){ret_rows, ret_n};
    return store_exec(f, store, ECS_STMT_POOL_STOCK, NULL, 0, decode_stock, target);
}
