/* SPDX-License-Identifier: Apache-2.0 */
/* What was known of a line and a device when they last asked, for the time when the database is away: bounded
 * in number and age, per worker, off unless the operator switches it on. */
#pragma once

#include "ecs/store.h"

struct last_known;

/* entries: at most; rounded up to a power of two. NULL: no memory. */
struct last_known *last_known_new(unsigned entries);
void last_known_free(struct last_known *known); /* NULL allowed */
/* Remembers facts that were just read; a fresh entry of the same content is left as it is. now: Unix seconds.
 */
void last_known_put(struct last_known *known, struct ecs_str imsi, struct ecs_str terminal_id,
                    const struct ecs_subscriber_facts *facts, int64_t now);
/* Facts of at most max_age_s and their age; NULL: none. Valid until the next put. */
const struct ecs_subscriber_facts *last_known_get(struct last_known *known, struct ecs_str imsi,
                                                  struct ecs_str terminal_id, int64_t max_age_s, int64_t now,
                                                  int64_t *ret_age_s);
/* What was known no longer holds. */
void last_known_forget(struct last_known *known, struct ecs_str imsi, struct ecs_str terminal_id);
