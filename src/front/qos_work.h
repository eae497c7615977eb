/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the background of requests for quality of service. */
#pragma once

#include "ecs/store_qos.h"
#include "engine_qos.h"

struct job;
struct qos_compensation;
struct qos_runner {
    struct front *front;
    struct ecs_timer timer;
    struct ecs_flow *look; /* under way; NULL: none */
    struct job *jobs;
    unsigned job_n;
    struct qos_compensation *compensations;
};

/* Doubled with each try, at least what the other side has told. */
int64_t qos_delay_s(int64_t retry_s, int64_t tries, uint32_t told_s);
/* Log, alarm and figures of a state that was reached. state ECS_QOS_STATE_COUNT: not by us. why: "" none. */
void qos_note(struct front *front, int64_t id, struct ecs_str network, enum ecs_qos_state before,
              enum ecs_qos_state state, bool paid, const char *why);

/* --- qos_compensate.c --- */
void qos_compensation_start(struct qos_runner *runner, const struct ecs_qos_compensation *row);
void qos_compensation_abort(struct qos_compensation *work);
