/* SPDX-License-Identifier: Apache-2.0 */
/* A tiny entitlement server on a loopback port of its own, for the simulator's own tests. Its key is Milenage
 * test set 1 for every IMSI. */
#pragma once

#include "common.h"

extern char mini_url[64]; /* "https://ecs.test:PORT" */
extern char mini_ca[64];  /* file with its certificate */

/* For cmocka_run_group_tests. */
int mini_start(void **state);
int mini_stop(void **state);
