/* SPDX-License-Identifier: Apache-2.0 */
/* AAA and HSS of a worker and its engines, and the Diameter connections of the node. */
#pragma once

#include "front_internal.h"

struct ecs_diameter_inbound;
struct ecs_diameter_message;

/* What the sections say together. */
void aaa_snapshot_check(const struct ecs_snapshot *s, const char *path, struct ecs_faults *faults,
                        struct ecs_faults *warnings);
/* False: no memory, or a file cannot be read (it was logged). Before engine->auth is filled. */
bool engine_aaa_new(struct front *front, struct engine *e);
void engine_aaa_free(struct engine *e);

/* --- diameter_job.c --- */
/* Before the first engine: worker 0 makes the node, every worker its handle (front->diameter, NULL: no
 * Diameter). */
enum ecs_rc diameter_start(struct front *front, const struct ecs_snapshot *s);
/* Worker 0: peers and routes of another snapshot. */
void diameter_reload(struct front *front, const struct ecs_snapshot *s);
/* Worker 0, while draining: takes leave of all peers; true when that is done. */
bool diameter_leave(struct front *front);
/* After the flows of the worker. */
void diameter_stop(struct front *front);

/* Requests of peers: RE_AUTH, ABORT_SESSION ... of one application, on worker 0. True: taken,
 * ecs_diameter_reply is called once, now or later. False: 3001. The rows are in diameter_job.c. */
typedef bool (*diameter_inbound_fn)(struct front *front, struct ecs_diameter_inbound *inbound,
                                    const struct ecs_diameter_message *message);
