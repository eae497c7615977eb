/* SPDX-License-Identifier: Apache-2.0 */
/* Worker 0: sends accounting records that wait in the database. */
#pragma once

#include "front_internal.h"

struct accounting_job;

/* After the engine is there; also tells that the node has begun. NULL: no memory (it was logged). */
struct accounting_job *accounting_job_start(struct front *front);
void accounting_job_stop(struct accounting_job *job); /* NULL allowed */
/* Draining has begun: tells that the node ends. */
void accounting_job_leave(struct accounting_job *job);
/* Of any worker: nothing is on its way into the database. */
bool accounting_is_written(const struct front *front);

bool engine_accounting_new(struct front *front, struct engine *e);
void engine_accounting_free(struct engine *e);
