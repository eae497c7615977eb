/* SPDX-License-Identifier: Apache-2.0 */
/* Worker 0: what becomes of boosts that were ordered at the BSS. */
#pragma once

#include "front_internal.h"

struct boost_job;

/* After the engine was made. NULL: no memory. */
struct boost_job *boost_job_start(struct front *front);
/* Before the store and the engine are freed. NULL is allowed. */
void boost_job_stop(struct boost_job *job);
/* What the pages and this job order: texts of order and subject are borrowed. False: no memory. */
struct ecs_bss_order;
bool boost_order_describe(struct ecs_arena *arena, uint8_t type, struct ecs_bss_order *order);
