/* SPDX-License-Identifier: Apache-2.0 */
/* Worker 0: registration at the hubs of the BSS, and the reading of its changes. */
#pragma once

#include "front_internal.h"

struct bss_job;

/* After the engine was made. NULL: no memory. */
struct bss_job *bss_job_start(struct front *front);
/* Before the store and the engine are freed. NULL is allowed. */
void bss_job_stop(struct bss_job *job);
