/* SPDX-License-Identifier: Apache-2.0 */
/* Activation of a carrier-billing account at the business support system: work of its own, which the request
 * that began it may stop waiting for. */
#pragma once

#include "front_internal.h"

struct billing_order {
    struct ecs_imsi imsi;
    struct ecs_str msisdn, terminal_id; /* p NULL: none; copied */
    struct ecs_str vendor, user;        /* store_vendor, store_user_id; copied */
    uint8_t account[ECS_ACCOUNT_LEN];
};
struct billing_job;
/* Begins at once. done(arg) is called once, perhaps from inside, unless billing_job_forget came first;
 * *ret_job is written before. False: no memory. The engine is held meanwhile. */
bool billing_job_start(struct front *front, struct engine *engine, const struct billing_order *order,
                       void (*done)(void *arg), void *arg, struct billing_job **ret_job);
/* Nobody waits any more; the work goes on. */
void billing_job_forget(struct billing_job *job);
