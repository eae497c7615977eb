/* SPDX-License-Identifier: Apache-2.0 */
/* Accounting records between the authentication and the accounting server's answer. */
#include "ecs/store_accounting.h"

#include "ecs/flow.h"
#include "store_int.h"

enum { GIVE_UP_ROWS = 500 };

static enum ecs_rc decode_nothing(struct ecs_flow *f, struct ecs_pg_result *r)
{
    (void)f;
    (void)r;
    return ECS_OK;
}

enum ecs_next ecs_store_accounting_add(struct ecs_flow *f, struct ecs_store *store,
                                       const struct ecs_accounting_row *row)
{
    struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT2, (int64_t)row->kind),
                                    ecs_pg_p_text(row->session),
                                    ecs_pg_p_text(row->nas),
                                    ecs_pg_p_text(row->user_name.p ? row->user_name : ECS_STR("")),
                                    ecs_pg_p_bytes(row->class.p, row->class.n),
                                    ecs_pg_p_int(ECS_PG_INT4, row->age_s)};

    return store_exec(f, store, ECS_STMT_ACCOUNTING_ADD, params, ECS_ARRAY_LEN(params), decode_nothing, NULL);
}

static enum ecs_rc decode_rows(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_accounting_rows *target = r->decode_arg;
    struct ecs_accounting_row *rows = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*rows));

    if (!rows)
        return ECS_E_TOO_LARGE;
    for (unsigned i = 0; i < r->rows; i++)
        rows[i] = (struct ecs_accounting_row){.id = ecs_pg_text(r, i, 0),
                                              .kind = (enum ecs_accounting_kind)ecs_pg_int(r, i, 1, 0),
                                              .session = ecs_pg_text(r, i, 2),
                                              .nas = ecs_pg_text(r, i, 3),
                                              .user_name = ecs_pg_text(r, i, 4),
                                              .class = ecs_pg_bytes(r, i, 5),
                                              .event_at = ecs_pg_time(r, i, 6, 0),
                                              .age_s = ecs_pg_int(r, i, 7, 0),
                                              .started = ecs_pg_bool(r, i, 8),
                                              .tries = ecs_pg_int(r, i, 9, 0)};
    if (r->mistyped)
        return ECS_E_INTERNAL;
    target->rows = rows;
    target->n = r->rows;
    return ECS_OK;
}

enum ecs_next ecs_store_accounting_take(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                        unsigned lease_s, struct ecs_accounting_rows *ret_rows)
{
    struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, max_rows), ecs_pg_p_int(ECS_PG_INT4, lease_s)};

    return store_exec(f, store, ECS_STMT_ACCOUNTING_TAKE, params, ECS_ARRAY_LEN(params), decode_rows,
                      ret_rows);
}

enum ecs_next ecs_store_accounting_settle(struct ecs_flow *f, struct ecs_store *store,
                                          const struct ecs_accounting_settled *settled)
{
    struct ecs_pg_param params[] = {ecs_pg_p_texts(settled->answered, settled->answered_n),
                                    ecs_pg_p_texts(settled->started, settled->started_n),
                                    ecs_pg_p_texts(settled->again, settled->again_n),
                                    ecs_pg_p_int(ECS_PG_INT4, settled->rest_s),
                                    ecs_pg_p_int(ECS_PG_INT4, settled->longest_rest_s)};

    return store_exec(f, store, ECS_STMT_ACCOUNTING_SETTLE, params, ECS_ARRAY_LEN(params), decode_nothing,
                      NULL);
}

static enum ecs_rc decode_state(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_accounting_state *target = r->decode_arg;

    (void)f;
    if (r->rows == 0)
        return ECS_E_INTERNAL;
    target->waiting = ecs_pg_int(r, 0, 0, 0);
    target->given_up = ecs_pg_int(r, 0, 1, 0);
    target->oldest_s = ecs_pg_int(r, 0, 2, 0);
    return r->mistyped ? ECS_E_INTERNAL : ECS_OK;
}

enum ecs_next ecs_store_accounting_look(struct ecs_flow *f, struct ecs_store *store, unsigned count_max,
                                        unsigned keep_s, struct ecs_accounting_state *ret_state)
{
    struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, count_max), ecs_pg_p_int(ECS_PG_INT4, keep_s),
                                    ecs_pg_p_int(ECS_PG_INT4, GIVE_UP_ROWS)};

    return store_exec(f, store, ECS_STMT_ACCOUNTING_LOOK, params, ECS_ARRAY_LEN(params), decode_state,
                      ret_state);
}
