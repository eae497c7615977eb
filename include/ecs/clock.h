/* SPDX-License-Identifier: Apache-2.0 */
/* Time: wall clock in seconds for the protocol, monotonic microseconds for limits. Tests may set both. */
#pragma once

#include "ecs/str.h"

int64_t ecs_clock_now(void);    /* Unix seconds */
int64_t ecs_clock_now_us(void); /* Unix microseconds */
int64_t ecs_clock_mono_us(void);
/* Fixes the wall clock for replay tests and "explain --at"; 0 gives the real clock back. Process-wide. */
void ecs_clock_fake(int64_t unix_seconds);

/* ISO 8601 "YYYY-MM-DDThh:mm:ssZ" (TS.43 Table 16); out holds 21 bytes. */
void ecs_time_format(int64_t unix_seconds, char out[21]);
/* "YYYY-MM-DD", or the full form with Z or +hh:mm / -hh:mm. */
bool ecs_time_parse(struct ecs_str text, int64_t *ret_unix_seconds) ECS_MUST_CHECK;
