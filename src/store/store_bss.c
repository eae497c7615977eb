/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of plan_offer, local_order, bss_hub and bss_cursor; lines as a foreign BSS tells them. */
#include "ecs/store_bss.h"

#include "ecs/flow.h"
#include "store_int.h"

/* ---- local BSS: failures are told ---- */

static enum ecs_rc decode_offers(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_offers *target = r->decode_arg;
    struct ecs_offer_row *rows = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*rows));

    if (!rows)
        return ECS_E_TOO_LARGE;
    for (unsigned i = 0; i < r->rows; i++)
        rows[i] = (struct ecs_offer_row){.id = ecs_pg_text(r, i, 0),
                                         .name = ecs_pg_text(r, i, 1),
                                         .description = ecs_pg_text(r, i, 2),
                                         .profile_type = ecs_pg_text(r, i, 3),
                                         .service = ecs_pg_text(r, i, 4)};
    target->rows = rows;
    target->n = r->rows;
    return r->mistyped ? ECS_E_INTERNAL : ECS_OK;
}

static enum ecs_rc decode_order(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_local_ordered *target = r->decode_arg;

    (void)f;
    if (r->rows == 0)
        return ECS_OK;
    target->action = ecs_pg_text(r, 0, 0);
    target->cancelled = ecs_pg_bool(r, 0, 1);
    target->done = ecs_pg_bool(r, 0, 2);
    return r->mistyped ? ECS_E_INTERNAL : ECS_OK;
}

static enum ecs_next run_order(struct ecs_flow *f, struct ecs_store *store, enum ecs_stmt statement,
                               const struct ecs_pg_param *params, size_t n, struct ecs_local_ordered *ret)
{
    *ret = (struct ecs_local_ordered){
        .result = {.want_errors = true, .decode = decode_order, .decode_arg = ret}};
    return ecs_pg_exec(f, store->pg, statement, params, n, &ret->result);
}

enum ecs_next ecs_store_offers(struct ecs_flow *f, struct ecs_store *store, const struct ecs_offer_key *key,
                               struct ecs_offers *ret_offers)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, key->app), ecs_pg_p_text(key->imsi),
                                          ecs_pg_p_text(key->enterprise), ecs_pg_p_text(key->service),
                                          ecs_pg_p_text(key->plan)};

    *ret_offers = (struct ecs_offers){
        .result = {.want_errors = true, .decode = decode_offers, .decode_arg = ret_offers}};
    return ecs_pg_exec(f, store->pg, ECS_STMT_PLAN_OFFERS, params, ECS_ARRAY_LEN(params),
                       &ret_offers->result);
}

enum ecs_next ecs_store_local_order(struct ecs_flow *f, struct ecs_store *store,
                                    const struct ecs_local_order *o, struct ecs_local_ordered *ret)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_text(o->key),        ecs_pg_p_text(o->action), ecs_pg_p_text(o->imsi),
        ecs_pg_p_text(o->enterprise), ecs_pg_p_text(o->app),    ecs_pg_p_text(o->target_id),
        ecs_pg_p_text(o->eid),        ecs_pg_p_text(o->iccid),  ecs_pg_p_text(o->old_iccid),
        ecs_pg_p_text(o->service),    ecs_pg_p_text(o->plan),   ecs_pg_p_int(ECS_PG_INT4, o->delay_s),
    };

    return run_order(f, store, ECS_STMT_LOCAL_ORDER_PUT, params, ECS_ARRAY_LEN(params), ret);
}

enum ecs_next ecs_store_local_order_get(struct ecs_flow *f, struct ecs_store *store, struct ecs_str key,
                                        struct ecs_local_ordered *ret)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(key)};

    return run_order(f, store, ECS_STMT_LOCAL_ORDER_GET, params, 1, ret);
}

enum ecs_next ecs_store_local_order_cancel(struct ecs_flow *f, struct ecs_store *store, struct ecs_str key,
                                           struct ecs_local_ordered *ret)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(key)};

    return run_order(f, store, ECS_STMT_LOCAL_ORDER_CANCEL, params, 1, ret);
}

/* ---- statements that fail the flow ---- */

static enum ecs_rc decode_affected(struct ecs_flow *f, struct ecs_pg_result *r)
{
    unsigned *target = r->decode_arg;

    (void)f;
    if (target)
        *target = (unsigned)r->affected;
    return ECS_OK;
}

enum ecs_next ecs_store_local_order_reap(struct ecs_flow *f, struct ecs_store *store, unsigned days,
                                         unsigned max_rows, unsigned *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, days),
                                          ecs_pg_p_int(ECS_PG_INT4, max_rows)};

    return store_exec(f, store, ECS_STMT_LOCAL_ORDER_REAP, params, ECS_ARRAY_LEN(params), decode_affected,
                      ret_rows);
}

static enum ecs_rc decode_known(struct ecs_flow *f, struct ecs_pg_result *r)
{
    bool *ret_known = r->decode_arg;

    (void)f;
    *ret_known = r->rows > 0;
    return ECS_OK;
}

enum ecs_next ecs_store_bss_hub_known(struct ecs_flow *f, struct ecs_store *store, struct ecs_str api,
                                      struct ecs_str callback, bool *ret_known)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(api), ecs_pg_p_text(callback)};

    return store_exec(f, store, ECS_STMT_BSS_HUB_KNOWN, params, ECS_ARRAY_LEN(params), decode_known,
                      ret_known);
}

enum ecs_next ecs_store_bss_hub_put(struct ecs_flow *f, struct ecs_store *store, struct ecs_str api,
                                    struct ecs_str callback, struct ecs_str id)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(api), ecs_pg_p_text(callback),
                                          ecs_pg_p_text(id.p ? id : ECS_STR(""))};

    return store_exec(f, store, ECS_STMT_BSS_HUB_PUT, params, ECS_ARRAY_LEN(params), decode_affected, NULL);
}

static enum ecs_rc decode_pass(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_bss_pass *pass = r->decode_arg;

    (void)f;
    *pass = (struct ecs_bss_pass){0};
    if (r->rows == 0)
        return ECS_OK;
    pass->taken = true;
    pass->since = ecs_pg_time(r, 0, 0, 0);
    pass->page = (unsigned)ecs_pg_int(r, 0, 1, 0);
    pass->began_at = ecs_pg_time(r, 0, 2, 0);
    return r->mistyped ? ECS_E_INTERNAL : ECS_OK;
}

enum ecs_next ecs_store_bss_sync_claim(struct ecs_flow *f, struct ecs_store *store, struct ecs_str what,
                                       unsigned every_s, unsigned lease_s, struct ecs_bss_pass *ret_pass)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(what), ecs_pg_p_int(ECS_PG_INT4, every_s),
                                          ecs_pg_p_int(ECS_PG_INT4, lease_s)};

    return store_exec(f, store, ECS_STMT_BSS_SYNC_CLAIM, params, ECS_ARRAY_LEN(params), decode_pass,
                      ret_pass);
}

enum ecs_next ecs_store_bss_sync_page(struct ecs_flow *f, struct ecs_store *store, struct ecs_str what,
                                      int page, unsigned seen, unsigned changed)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(what), ecs_pg_p_int(ECS_PG_INT4, page),
                                          ecs_pg_p_int(ECS_PG_INT4, seen),
                                          ecs_pg_p_int(ECS_PG_INT4, changed)};

    return store_exec(f, store, ECS_STMT_BSS_SYNC_PAGE, params, ECS_ARRAY_LEN(params), decode_affected, NULL);
}

enum ecs_next ecs_store_bss_sync_drop(struct ecs_flow *f, struct ecs_store *store, struct ecs_str what)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(what)};

    return store_exec(f, store, ECS_STMT_BSS_SYNC_DROP, params, ECS_ARRAY_LEN(params), decode_affected, NULL);
}

static enum ecs_rc decode_count(struct ecs_flow *f, struct ecs_pg_result *r)
{
    unsigned *target = r->decode_arg;

    (void)f;
    *target = (unsigned)ecs_pg_int(r, 0, 0, 0);
    return r->mistyped ? ECS_E_INTERNAL : ECS_OK;
}

static enum ecs_next put_rows(struct ecs_flow *f, struct ecs_store *store, enum ecs_stmt statement,
                              const struct ecs_bss_rows *rows, unsigned *ret_changed)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_texts(rows->imsi, rows->n),
                                          ecs_pg_p_texts(rows->msisdn, rows->n),
                                          ecs_pg_p_texts(rows->a, rows->n), ecs_pg_p_texts(rows->b, rows->n)};

    return store_exec(f, store, statement, params, ECS_ARRAY_LEN(params), decode_count, ret_changed);
}

enum ecs_next ecs_store_bss_services(struct ecs_flow *f, struct ecs_store *store,
                                     const struct ecs_bss_rows *rows, unsigned *ret_changed)
{
    return put_rows(f, store, ECS_STMT_BSS_LINE_SERVICES, rows, ret_changed);
}

enum ecs_next ecs_store_bss_lines(struct ecs_flow *f, struct ecs_store *store,
                                  const struct ecs_bss_rows *rows, unsigned *ret_changed)
{
    return put_rows(f, store, ECS_STMT_BSS_LINES, rows, ret_changed);
}
