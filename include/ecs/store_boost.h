/* SPDX-License-Identifier: Apache-2.0 */
/* Orders of boosts that the BSS charges (websheet.boost_order): written before the order is made, so that
 * whatever happens afterwards, either the line has its boost or the order is taken back. Each call may wait,
 * one database round trip; texts are borrowed until the next step. */
#pragma once

#include "ecs/store_data.h"

enum ecs_boost_begun {
    ECS_BOOST_ORDER,
    ECS_BOOST_AGAIN,    /* as ORDER, but it was sent before: to be looked for first */
    ECS_BOOST_BUSY,     /* somebody orders it at this moment */
    ECS_BOOST_HELD,     /* the line has this boost: there is nothing to order */
    ECS_BOOST_NOT_SOLD, /* by the plan, to this line */
    ECS_BOOST_OVER,     /* taken back: this key buys nothing any more */
    ECS_BOOST_NOBODY,   /* no such subscriber */
    ECS_BOOST_BEGUN_COUNT
};
/* lease_s: longer than the order may take; wait_s: the user may press again so long, then it is taken back.
 */
enum ecs_next ecs_store_boost_order_begin(struct ecs_flow *f, struct ecs_store *store,
                                          const struct ecs_boost_buy *buy, unsigned lease_s, unsigned wait_s,
                                          enum ecs_boost_begun *ret_begun);
/* The BSS has not taken it: for good (refused), or nobody knows. */
enum ecs_next ecs_store_boost_order_leave(struct ecs_flow *f, struct ecs_store *store,
                                          const struct ecs_boost_buy *buy, bool refused,
                                          struct ecs_str reason);
/* The BSS has taken it, or works on it (pending): the purchase, seconds of the plan. When that cannot be, the
 * order is taken back. Behind HELD it tells the boost that the line has. */
enum ecs_next ecs_store_boost_order_buy(struct ecs_flow *f, struct ecs_store *store,
                                        const struct ecs_boost_buy *buy, bool pending,
                                        struct ecs_str reference, struct ecs_boost_bought *ret_bought);

/* ---- background ---- */

enum ecs_boost_order_state {
    ECS_BOOST_ORDER_PENDING,    /* bought; the BSS works on it */
    ECS_BOOST_ORDER_CANCEL,     /* to be taken back */
    ECS_BOOST_ORDER_COMPENSATE, /* too late for that */
    ECS_BOOST_ORDER_DONE,
    ECS_BOOST_ORDER_OVER, /* refused or taken back: the boost ends, if it was bought */
    ECS_BOOST_ORDER_REFUSED,
    ECS_BOOST_ORDER_STATE_COUNT
};
extern const char *const ecs_boost_order_states[ECS_BOOST_ORDER_STATE_COUNT + 1];
struct ecs_boost_order {
    struct ecs_str imsi, key, reference, msisdn, iccid; /* the latter three: p NULL none */
    uint8_t type;
    enum ecs_boost_order_state state; /* one of the first three */
    int64_t tries, serial;            /* tries: in this state, the present one included */
};
struct ecs_boost_orders {
    const struct ecs_boost_order *rows;
    size_t n;
};
/* Those that are due, for nobody else during lease_s. */
enum ecs_next ecs_store_boost_order_take(struct ecs_flow *f, struct ecs_store *store, unsigned most,
                                         unsigned lease_s, struct ecs_boost_orders *ret_orders);
/* delay_s: until it is due again, in a state that is not over. */
enum ecs_next ecs_store_boost_order_settle(struct ecs_flow *f, struct ecs_store *store,
                                           const struct ecs_boost_order *order,
                                           enum ecs_boost_order_state state, int64_t delay_s,
                                           struct ecs_str reason, struct ecs_str subject_masked);
/* The BSS has told something of an order of this key. *ret_known false: it is not one of these. */
enum ecs_next ecs_store_boost_order_told(struct ecs_flow *f, struct ecs_store *store, struct ecs_str key,
                                         bool *ret_known);
/* As ecs_store_eap_reap. */
enum ecs_next ecs_store_boost_order_reap(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                         unsigned *ret_rows);
