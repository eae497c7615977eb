/* SPDX-License-Identifier: Apache-2.0 */
/* Orders of boosts at the BSS: sql/queries/boost.sql. */
#include "ecs/store_boost.h"

#include "ecs/flow.h"
#include "store_int.h"

const char *const ecs_boost_order_states[ECS_BOOST_ORDER_STATE_COUNT + 1] = {
    "pending", "cancel", "compensate", "done", "over", "refused", NULL};

static enum ecs_rc decode_begun(struct ecs_flow *f, struct ecs_pg_result *r)
{
    static const char *const words[ECS_BOOST_BEGUN_COUNT] = {"order",   "again", "busy", "held",
                                                             "refused", "over",  "gone"};
    int word = store_word(ecs_pg_text(r, 0, 0), words, ECS_BOOST_BEGUN_COUNT);

    (void)f;
    if (r->rows != 1 || word < 0 || r->mistyped)
        return ECS_E_INTERNAL;
    *(enum ecs_boost_begun *)r->decode_arg = (enum ecs_boost_begun)word;
    return ECS_OK;
}

enum ecs_next ecs_store_boost_order_begin(struct ecs_flow *f, struct ecs_store *store,
                                          const struct ecs_boost_buy *buy, unsigned lease_s, unsigned wait_s,
                                          enum ecs_boost_begun *ret_begun)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_text(buy->imsi),           ecs_pg_p_int(ECS_PG_INT2, buy->type), ecs_pg_p_text(buy->key),
        ecs_pg_p_int(ECS_PG_INT4, lease_s), ecs_pg_p_int(ECS_PG_INT4, wait_s),
    };

    return store_exec(f, store, ECS_STMT_BOOST_ORDER_BEGIN, params, ECS_ARRAY_LEN(params), decode_begun,
                      ret_begun);
}

enum ecs_next ecs_store_boost_order_leave(struct ecs_flow *f, struct ecs_store *store,
                                          const struct ecs_boost_buy *buy, bool refused,
                                          struct ecs_str reason)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(buy->imsi), ecs_pg_p_text(buy->key),
                                          ecs_pg_p_int(ECS_PG_BOOL, refused),
                                          ecs_pg_p_text(reason.p ? reason : ECS_STR(""))};

    return store_exec(f, store, ECS_STMT_BOOST_ORDER_LEAVE, params, ECS_ARRAY_LEN(params), NULL, NULL);
}

enum ecs_next ecs_store_boost_order_buy(struct ecs_flow *f, struct ecs_store *store,
                                        const struct ecs_boost_buy *buy, bool pending,
                                        struct ecs_str reference, struct ecs_boost_bought *ret_bought)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_text(buy->imsi),
        ecs_pg_p_int(ECS_PG_INT2, buy->type),
        ecs_pg_p_text(buy->key),
        ecs_pg_p_int(ECS_PG_BOOL, pending),
        ecs_pg_p_text(reference),
        ecs_pg_p_text(buy->actor),
        ecs_pg_p_text(buy->subject_masked),
    };

    return store_exec(f, store, ECS_STMT_BOOST_ORDER_BUY, params, ECS_ARRAY_LEN(params), store_decode_bought,
                      ret_bought);
}

/* ---- background ---- */

static enum ecs_rc decode_orders(struct ecs_flow *f, struct ecs_pg_result *r)
{
    struct ecs_boost_orders *ret = r->decode_arg;
    struct ecs_boost_order *rows = ecs_alloc(f->arena, (r->rows + 1) * sizeof(*rows));

    if (!rows)
        return ECS_E_TOO_LARGE;
    for (unsigned i = 0; i < r->rows; i++) {
        int state = store_word(ecs_pg_text(r, i, 3), ecs_boost_order_states, ECS_BOOST_ORDER_DONE);

        if (state < 0)
            return ECS_E_INTERNAL;
        rows[i] = (struct ecs_boost_order){
            .imsi = ecs_pg_text(r, i, 0),
            .key = ecs_pg_text(r, i, 1),
            .type = (uint8_t)ecs_pg_int(r, i, 2, 0),
            .state = (enum ecs_boost_order_state)state,
            .reference = ecs_pg_text(r, i, 4),
            .tries = ecs_pg_int(r, i, 5, 0),
            .serial = ecs_pg_int(r, i, 6, 0),
            .msisdn = ecs_pg_text(r, i, 7),
            .iccid = ecs_pg_text(r, i, 8),
        };
    }
    if (r->mistyped)
        return ECS_E_INTERNAL;
    *ret = (struct ecs_boost_orders){rows, r->rows};
    return ECS_OK;
}

enum ecs_next ecs_store_boost_order_take(struct ecs_flow *f, struct ecs_store *store, unsigned most,
                                         unsigned lease_s, struct ecs_boost_orders *ret_orders)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, most),
                                          ecs_pg_p_int(ECS_PG_INT4, lease_s)};

    return store_exec(f, store, ECS_STMT_BOOST_ORDER_TAKE, params, ECS_ARRAY_LEN(params), decode_orders,
                      ret_orders);
}

enum ecs_next ecs_store_boost_order_settle(struct ecs_flow *f, struct ecs_store *store,
                                           const struct ecs_boost_order *order,
                                           enum ecs_boost_order_state state, int64_t delay_s,
                                           struct ecs_str reason, struct ecs_str subject_masked)
{
    const struct ecs_pg_param params[] = {
        ecs_pg_p_text(order->imsi),
        ecs_pg_p_text(order->key),
        ecs_pg_p_int(ECS_PG_INT4, order->serial),
        ecs_pg_p_text(ecs_str_of(ecs_boost_order_states[state])),
        ecs_pg_p_int(ECS_PG_INT4, delay_s),
        ecs_pg_p_text(reason.p ? reason : ECS_STR("")),
        ecs_pg_p_text(subject_masked),
    };

    return store_exec(f, store, ECS_STMT_BOOST_ORDER_SETTLE, params, ECS_ARRAY_LEN(params), NULL, NULL);
}

static enum ecs_rc decode_known(struct ecs_flow *f, struct ecs_pg_result *r)
{
    (void)f;
    *(bool *)r->decode_arg = r->rows > 0;
    return ECS_OK;
}

enum ecs_next ecs_store_boost_order_told(struct ecs_flow *f, struct ecs_store *store, struct ecs_str key,
                                         bool *ret_known)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_text(key)};

    return store_exec(f, store, ECS_STMT_BOOST_ORDER_TOLD, params, 1, decode_known, ret_known);
}

static enum ecs_rc decode_reaped(struct ecs_flow *f, struct ecs_pg_result *r)
{
    (void)f;
    *(unsigned *)r->decode_arg = (unsigned)r->affected;
    return ECS_OK;
}

enum ecs_next ecs_store_boost_order_reap(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                         unsigned *ret_rows)
{
    const struct ecs_pg_param params[] = {ecs_pg_p_int(ECS_PG_INT4, max_rows)};

    return store_exec(f, store, ECS_STMT_BOOST_ORDER_REAP, params, 1, decode_reaped, ret_rows);
}
