/* SPDX-License-Identifier: Apache-2.0 */
/* Quality of service of an engine, and the background that carries requests out (worker 0). */
#pragma once

#include "ecs/qos.h"
#include "front_internal.h"

struct qos_runner;

/* What the sections say together. */
void qos_snapshot_check(const struct ecs_snapshot *s, const char *path, struct ecs_faults *faults);
/* Some network sends events to the callback listener. */
bool qos_has_notifiers(const struct ecs_snapshot *s);
/* False: no memory. After front->diameter was made. */
bool engine_qos_new(struct front *front, struct engine *e);
void engine_qos_free(struct engine *e);

/* --- qos_job.c --- */
/* Worker 0, after the engine was made. NULL: no memory. */
struct qos_runner *qos_start(struct front *front);
/* Before the store and the engine are freed. NULL is allowed. */
void qos_stop(struct qos_runner *runner);

/* --- qos_seen.c --- */
/* Any worker: the device of this line was there with these addresses. Nothing is done unless a network uses
 * them. */
void qos_seen(struct front *front, const struct ecs_imsi *imsi, struct ecs_str ipv4, struct ecs_str ipv6);

/* --- qos_event.c: what a network tells, by whatever door --- */
struct qos_event {
    struct front *front;
    struct engine *engine;
    const struct ecs_qos_conf *network;
    int64_t id;
    struct ecs_qos_event event;
    /* out */
    struct ecs_str word; /* a state, "duplicate", "unknown"; "": no such request */
};
extern const struct ecs_step qos_event_steps[]; /* self: struct qos_event */

/* Requests of PCRFs (Rx), on worker 0: RAR and ASR. Row of diameter_job.c. */
struct ecs_diameter_inbound;
struct ecs_diameter_message;
bool qos_rx_inbound(struct front *front, struct ecs_diameter_inbound *inbound,
                    const struct ecs_diameter_message *message);
