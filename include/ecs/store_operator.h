/* SPDX-License-Identifier: Apache-2.0 */
/* Further reads and removals of the operator's interface, in the manner of ecs/store_admin.h: each call may
 * wait, a row that is not there gives ECS_E_NOT_FOUND. Texts that come out belong to the arena. */
#pragma once

#include "ecs/store.h"

struct ecs_device_model_row {
    struct ecs_str tac, vendor, model, category;
    const struct ecs_str *capabilities;
    size_t n_capabilities;
    int32_t revision;
};
/* tac: eight digits, else ECS_E_BAD_PARAMETER. */
enum ecs_next ecs_store_device_model_get(struct ecs_flow *f, struct ecs_store *store, struct ecs_str tac,
                                         struct ecs_device_model_row *ret_row);

struct ecs_device_identity_row {
    struct ecs_str state, reason;
    int64_t updated_at; /* Unix seconds */
};
/* terminal_id in lower case */
enum ecs_next ecs_store_device_identity_get(struct ecs_flow *f, struct ecs_store *store,
                                            struct ecs_str terminal_id,
                                            struct ecs_device_identity_row *ret_row);
enum ecs_next ecs_store_device_identity_delete(struct ecs_flow *f, struct ecs_store *store,
                                               struct ecs_str terminal_id);

struct ecs_audit_row {
    int64_t id, at;                                      /* Unix seconds */
    struct ecs_str actor, role, action, subject, detail; /* detail: a JSON object */
};
struct ecs_audit_rows {
    struct ecs_audit_row *rows;
    size_t n;
};
/* Latest first; before: only rows with a smaller id, 0 for all. limit 1..1000. */
enum ecs_next ecs_store_audit_list(struct ecs_flow *f, struct ecs_store *store, int64_t before,
                                   unsigned limit, struct ecs_audit_rows *ret_rows);
