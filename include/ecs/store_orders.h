/* SPDX-License-Identifier: Apache-2.0 */
/* Activation orders: services that the network is to provision for a line. */
#pragma once

#include "ecs/store.h"

struct ecs_order_row {
    int64_t id;
    struct ecs_str imsi, service;
    int64_t requested_at; /* Unix seconds */
};
struct ecs_order_rows {
    struct ecs_order_row *rows;
    size_t n;
};

/* Opens an order for each service that has none and marks the line's service as in progress. ret_opened: how
 * many. */
enum ecs_next ecs_store_orders_add(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                   const struct ecs_str *services, size_t n, int64_t *ret_opened);
/* Open ones, oldest first; limit 1..1000. */
enum ecs_next ecs_store_orders_list(struct ecs_flow *f, struct ecs_store *store, unsigned limit,
                                    struct ecs_order_rows *ret_rows);
/* provisioned false: the network refused, ProvStatus becomes 0 and the next request of the device orders
 * again. ECS_E_NOT_FOUND: no such open order. */
enum ecs_next ecs_store_orders_done(struct ecs_flow *f, struct ecs_store *store, int64_t id, bool provisioned,
                                    int64_t *ret_revision);
