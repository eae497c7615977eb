/* SPDX-License-Identifier: Apache-2.0 */
/* Requests for quality of service and what plans give, as operators see and change them. */
#include "ecs/flow.h"
#include "ecs/store_qos.h"
#include "store_int.h"

static enum ecs_rc decode_added(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_qos_added *ret = r->decode_arg;

    (void)f;
    if (r->rows == 0)
        return ECS_E_NOT_FOUND;
    ret->id = ecs_pg_int(r, 0, 0, 0);
    ret->state = ecs_pg_text(r, 0, 1);
    ret->others = !ecs_pg_bool(r, 0, 2);
    return r->mistyped ? ECS_E_INTERNAL : ECS_OK;
}

enum ecs_next ecs_store_qos_add(struct ecs_flow *f, struct ecs_store *store, const struct ecs_qos_want *w,
                                struct ecs_qos_added *ret_added)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_text(w->imsi),
        ecs_pg_p_text(w->network),
        ecs_pg_p_text(w->profile),
        ecs_pg_p_int(ECS_PG_INT4, w->seconds),
        ecs_pg_p_text(w->origin),
        ecs_pg_p_text(w->reference),
        ecs_pg_p_int(ECS_PG_BOOL, w->paid),
        ecs_pg_p_text(w->ipv4),
        ecs_pg_p_text(w->ipv6),
    };

    return store_exec(f, store, ECS_STMT_QOS_ADD, params, ECS_ARRAY_LEN(params), decode_added, ret_added);
}

static enum ecs_rc decode_released(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_str *ret_state = r->decode_arg;

    (void)f;
    if (r->rows == 0)
        return ECS_E_NOT_FOUND;
    *ret_state = ecs_pg_text(r, 0, 0);
    return r->mistyped ? ECS_E_INTERNAL : ECS_OK;
}

enum ecs_next ecs_store_qos_release(struct ecs_flow *f, struct ecs_store *store, int64_t id,
                                    struct ecs_str reason, struct ecs_str *ret_state)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT8, id), ecs_pg_p_text(reason)};

    return store_exec(f, store, ECS_STMT_QOS_RELEASE, params, ECS_ARRAY_LEN(params), decode_released,
                      ret_state);
}

/* ---- rows ---- */

static enum ecs_rc decode_rows(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_qos_rows *ret = r->decode_arg;
    struct ecs_qos_row *rows = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*rows));

    if (!rows)
        return ECS_E_TOO_LARGE;
    for (unsigned i = 0; i < r->rows; i++)
        rows[i] = (struct ecs_qos_row){
            .id = ecs_pg_int(r, i, 0, 0),
            .origin = ecs_pg_text(r, i, 1),
            .reference = ecs_pg_text(r, i, 2),
            .imsi = ecs_pg_text(r, i, 3),
            .network = ecs_pg_text(r, i, 4),
            .profile = ecs_pg_text(r, i, 5),
            .seconds = ecs_pg_int(r, i, 6, 0),
            .paid = ecs_pg_bool(r, i, 7),
            .state = ecs_pg_text(r, i, 8),
            .tries = ecs_pg_int(r, i, 9, 0),
            .renewals = ecs_pg_int(r, i, 10, 0),
            .waits = ecs_pg_bool(r, i, 11),
            .reason = ecs_pg_text(r, i, 12),
            .created_at = ecs_pg_time(r, i, 13, 0),
            .changed_at = ecs_pg_time(r, i, 14, 0),
            .active_at = ecs_pg_time(r, i, 15, 0),
            .ends_at = ecs_pg_time(r, i, 16, 0),
            .due_at = ecs_pg_time(r, i, 17, 0),
            .has_handle = ecs_pg_bool(r, i, 18),
            .compensation = ecs_pg_text(r, i, 19),
            .compensation_reason = ecs_pg_text(r, i, 20),
        };
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = (struct ecs_qos_rows){rows, r->rows};
    return ECS_OK;
}

enum ecs_next ecs_store_qos_list(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                 struct ecs_str state, int64_t before, unsigned limit,
                                 struct ecs_qos_rows *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(imsi), ecs_pg_p_text(state),
                                          before ? ecs_pg_p_int(ECS_PG_INT8, before)
                                                 : (struct ecs_pg_param){.type = ECS_PG_NULL},
                                          ecs_pg_p_int(ECS_PG_INT4, limit)};

    return store_exec(f, store, ECS_STMT_QOS_LIST, params, ECS_ARRAY_LEN(params), decode_rows, ret_rows);
}

enum ecs_next ecs_store_qos_get(struct ecs_flow *f, struct ecs_store *store, int64_t id,
                                struct ecs_qos_rows *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT8, id)};

    return store_exec(f, store, ECS_STMT_QOS_GET, params, 1, decode_rows, ret_rows);
}

/* ---- plans ---- */

static enum ecs_rc decode_plans(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_plan_qos_rows *ret = r->decode_arg;
    struct ecs_plan_qos *rows = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*rows));

    if (!rows)
        return ECS_E_TOO_LARGE;
    for (unsigned i = 0; i < r->rows; i++)
        rows[i] = (struct ecs_plan_qos){.plan = ecs_pg_text(r, i, 0),
                                        .service = ecs_pg_text(r, i, 1),
                                        .network = ecs_pg_text(r, i, 2),
                                        .profile = ecs_pg_text(r, i, 3),
                                        .seconds = ecs_pg_int(r, i, 4, 0)};
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = (struct ecs_plan_qos_rows){rows, r->rows};
    return ECS_OK;
}

enum ecs_next ecs_store_plan_qos_list(struct ecs_flow *f, struct ecs_store *store,
                                      struct ecs_plan_qos_rows *ret_rows)
{
    return store_exec(f, store, ECS_STMT_PLAN_QOS_LIST, NULL, 0, decode_plans, ret_rows);
}

static enum ecs_rc decode_plan(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_plan_qos *ret = r->decode_arg;

    (void)f;
    if (r->rows == 0)
        return ECS_E_NOT_FOUND;
    *ret = (struct ecs_plan_qos){
        .network = ecs_pg_text(r, 0, 0), .profile = ecs_pg_text(r, 0, 1), .seconds = ecs_pg_int(r, 0, 2, 0)};
    return r->mistyped ? ECS_E_INTERNAL : ECS_OK;
}

enum ecs_next ecs_store_qos_plan(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                 struct ecs_str service, struct ecs_plan_qos *ret_row)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(imsi), ecs_pg_p_text(service)};

    return store_exec(f, store, ECS_STMT_QOS_PLAN, params, ECS_ARRAY_LEN(params), decode_plan, ret_row);
}

static enum ecs_rc decode_some(struct ecs_flow *f, struct ecs_pg_result *r)
{
    (void)f;
    return r->rows ? ECS_OK : ECS_E_NOT_FOUND;
}

enum ecs_next ecs_store_plan_qos_put(struct ecs_flow *f, struct ecs_store *store,
                                     const struct ecs_plan_qos *row)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(row->plan), ecs_pg_p_text(row->service),
                                          ecs_pg_p_text(row->network), ecs_pg_p_text(row->profile),
                                          ecs_pg_p_int(ECS_PG_INT4, row->seconds)};

    return store_exec(f, store, ECS_STMT_PLAN_QOS_PUT, params, ECS_ARRAY_LEN(params), decode_some, NULL);
}

enum ecs_next ecs_store_plan_qos_remove(struct ecs_flow *f, struct ecs_store *store, struct ecs_str plan,
                                        struct ecs_str service)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(plan), ecs_pg_p_text(service)};

    return store_exec(f, store, ECS_STMT_PLAN_QOS_REMOVE, params, ECS_ARRAY_LEN(params), decode_some, NULL);
}

/* ---- figures, reaping ---- */

static enum ecs_rc decode_figures(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_qos_figures *ret = r->decode_arg;

    (void)f;
    *ret = (struct ecs_qos_figures){.open = ecs_pg_int(r, 0, 0, 0),
                                    .overdue = ecs_pg_int(r, 0, 1, 0),
                                    .compensations = ecs_pg_int(r, 0, 2, 0),
                                    .compensations_refused = ecs_pg_int(r, 0, 3, 0)};
    return r->mistyped ? ECS_E_INTERNAL : ECS_OK;
}

enum ecs_next ecs_store_qos_figures(struct ecs_flow *f, struct ecs_store *store,
                                    struct ecs_qos_figures *ret_figures)
{
    return store_exec(f, store, ECS_STMT_QOS_FIGURES, NULL, 0, decode_figures, ret_figures);
}

static enum ecs_rc decode_affected(struct ecs_flow *f, struct ecs_pg_result *r)
{
    unsigned *ret_rows = r->decode_arg;

    (void)f;
    *ret_rows = (unsigned)r->affected;
    return ECS_OK;
}

enum ecs_next ecs_store_qos_reap(struct ecs_flow *f, struct ecs_store *store, unsigned days,
                                 unsigned max_rows, unsigned *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, days),
                                          ecs_pg_p_int(ECS_PG_INT4, max_rows)};

    return store_exec(f, store, ECS_STMT_QOS_REAP, params, ECS_ARRAY_LEN(params), decode_affected, ret_rows);
}

enum ecs_next ecs_store_qos_compensation_again(struct ecs_flow *f, struct ecs_store *store, int64_t request)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT8, request)};

    return store_exec(f, store, ECS_STMT_QOS_COMPENSATION_AGAIN, params, 1, decode_some, NULL);
}
