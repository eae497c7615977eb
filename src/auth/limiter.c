/* SPDX-License-Identifier: Apache-2.0 */
/* Rate limits per key: groups of four buckets, indexed by the key's hash. */
#include "ecs/limiter.h"

#include <stdlib.h>

enum { WAYS = 4, UNIT = 1000 };

struct bucket {
    uint64_t key;
    int64_t at_us;  /* last refill; 0 = free */
    uint32_t level; /* thousandths of an event */
};

struct ecs_limiter {
    uint32_t per_minute, burst, mask;
    struct bucket *buckets;
};

struct ecs_limiter *ecs_limiter_new(uint32_t per_minute, uint32_t burst, uint32_t slots)
{
    struct ecs_limiter *l = calloc(1, sizeof(*l));
    uint32_t groups = 4;

    if (!l)
        return NULL;
    while (groups * WAYS < slots && groups < (1u << 24))
        groups *= 2;
    ecs_limiter_set(l, per_minute, burst);
    l->mask = groups - 1;
    /* Also without a limit, since one can be set later; untouched pages cost nothing. */
    l->buckets = calloc((size_t)groups * WAYS, sizeof(struct bucket));
    if (!l->buckets) {
        free(l);
        return NULL;
    }
    return l;
}

void ecs_limiter_set(struct ecs_limiter *limiter, uint32_t per_minute, uint32_t burst)
{
    limiter->per_minute = per_minute;
    limiter->burst = burst ? burst : 1;
}

void ecs_limiter_free(struct ecs_limiter *limiter)
{
    if (!limiter)
        return;
    free(limiter->buckets);
    free(limiter);
}

static struct bucket *find(struct ecs_limiter *l, uint64_t key, int64_t now_us)
{
    struct bucket *group = &l->buckets[(size_t)(key & l->mask) * WAYS], *oldest = group;

    for (unsigned i = 0; i < WAYS; i++) {
        if (group[i].at_us && group[i].key == key)
            return &group[i];
        if (group[i].at_us < oldest->at_us)
            oldest = &group[i];
    }
    *oldest = (struct bucket){.key = key, .at_us = now_us, .level = l->burst * UNIT};
    return oldest;
}

static struct bucket *refill(struct ecs_limiter *l, uint64_t key, int64_t now_us)
{
    struct bucket *b = find(l, key, now_us);
    int64_t elapsed = now_us - b->at_us;
    uint64_t full = (uint64_t)l->burst * UNIT;
    /* An older bucket is full; this also keeps the product below in range. */
    int64_t fill_us = (int64_t)(full * (60000000 / UNIT) / l->per_minute) + 1, more = 0;

    if (elapsed > 0)
        more = elapsed < fill_us ? elapsed * l->per_minute * UNIT / 60000000 : (int64_t)full;
    if (more > 0) {
        uint64_t level = b->level + (uint64_t)more;

        b->level = (uint32_t)(level < full ? level : full);
        b->at_us = now_us;
    }
    return b;
}

static bool has_event(const struct ecs_limiter *l, const struct bucket *b, uint32_t *ret_wait_s)
{
    if (b->level >= UNIT)
        return true;
    if (ret_wait_s)
        *ret_wait_s = (UNIT - b->level) * 60u / (l->per_minute * UNIT) + 1;
    return false;
}

bool ecs_limiter_peek(struct ecs_limiter *limiter, uint64_t key_hash, int64_t now_us, uint32_t *ret_wait_s)
{
    return !limiter->per_minute || has_event(limiter, refill(limiter, key_hash, now_us), ret_wait_s);
}

bool ecs_limiter_take(struct ecs_limiter *limiter, uint64_t key_hash, int64_t now_us, uint32_t *ret_wait_s)
{
    struct bucket *b;

    if (!limiter->per_minute)
        return true;
    b = refill(limiter, key_hash, now_us);
    if (!has_event(limiter, b, ret_wait_s))
        return false;
    b->level -= UNIT;
    return true;
}
