/* SPDX-License-Identifier: Apache-2.0 */
/* Token buckets by key hash in a table of fixed size: bounded memory, no allocation after start. Per worker.
 * When more keys are active than there are slots, the least recently used of a small group gives way. */
#pragma once

#include "ecs/str.h"

struct ecs_limiter;

/* per_minute 0: no limit. burst: events at once. slots is rounded up to a power of two, at least 16. */
struct ecs_limiter *ecs_limiter_new(uint32_t per_minute, uint32_t burst, uint32_t slots);
void ecs_limiter_free(struct ecs_limiter *limiter);
/* Other figures from now on; what the keys have used so far stays counted. */
void ecs_limiter_set(struct ecs_limiter *limiter, uint32_t per_minute, uint32_t burst);
/* Takes one event of the key; false when the bucket is empty, then *ret_wait_s (may be NULL) is the time to
 * the next one, at least 1. now_us is monotonic. */
bool ecs_limiter_take(struct ecs_limiter *limiter, uint64_t key_hash, int64_t now_us, uint32_t *ret_wait_s);
/* As take, without taking: is there something left? */
bool ecs_limiter_peek(struct ecs_limiter *limiter, uint64_t key_hash, int64_t now_us, uint32_t *ret_wait_s);
