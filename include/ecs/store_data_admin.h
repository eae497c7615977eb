/* SPDX-License-Identifier: Apache-2.0 */
/* Data of the plain applications for the operator's interface: shown as JSON that the database makes, changed
 * as a whole. Each call is one statement and may wait; texts are borrowed until the next step, those that
 * come out are the arena's. ECS_E_NOT_FOUND: no such row; ECS_E_BAD_PARAMETER: a value against a constraint.
 */
#pragma once

#include "ecs/store_data.h"

/* Object with plan, usage, boosts, billing, pseudonym (true: there is one). */
enum ecs_next ecs_store_line_data_show(struct ecs_flow *f, struct ecs_store *store, struct ecs_str imsi,
                                       struct ecs_str *ret_json);
/* Object with plan, sa, access, boosts. */
enum ecs_next ecs_store_plan_data_show(struct ecs_flow *f, struct ecs_store *store, struct ecs_str plan,
                                       struct ecs_str *ret_json);
struct ecs_plan_data {
    struct ecs_str plan;
    struct ecs_str sa;             /* "on", "off", "unknown"; p NULL: as it is */
    struct ecs_str access, boosts; /* JSON arrays, checked; p NULL: as they are */
};
enum ecs_next ecs_store_plan_data_put(struct ecs_flow *f, struct ecs_store *store,
                                      const struct ecs_plan_data *data);

/* Array of all rows. */
enum ecs_next ecs_store_satellite_list(struct ecs_flow *f, struct ecs_store *store, struct ecs_str *ret_json);
struct ecs_satellite_put {
    struct ecs_satellite_network network;
    struct ecs_str plan, brand; /* p NULL: of all */
    int64_t sort;
};
enum ecs_next ecs_store_satellite_put(struct ecs_flow *f, struct ecs_store *store,
                                      const struct ecs_satellite_put *put);
/* By plmn, plan and brand. */
enum ecs_next ecs_store_satellite_delete(struct ecs_flow *f, struct ecs_store *store,
                                         const struct ecs_satellite_put *put);
