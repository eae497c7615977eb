/* SPDX-License-Identifier: Apache-2.0 */
/* A table of fixed size, groups of four by hash; the oldest of a group gives way. */
#include "last_known.h"

#include <stdlib.h>

enum { WAYS = 4, FRESH_S = 60 };

struct slot {
    uint64_t key; /* 0: empty */
    int64_t at;
    struct ecs_subscriber_facts *facts;
};

struct last_known {
    uint64_t mask; /* of groups */
    struct slot slots[];
};

struct last_known *last_known_new(unsigned entries)
{
    size_t groups = 1;
    struct last_known *known;

    while (groups * WAYS < entries)
        groups *= 2;
    known = calloc(1, sizeof(*known) + groups * WAYS * sizeof(known->slots[0]));
    if (known)
        known->mask = groups - 1;
    return known;
}

void last_known_free(struct last_known *known)
{
    if (!known)
        return;
    for (size_t i = 0; i < (known->mask + 1) * WAYS; i++)
        free(known->slots[i].facts);
    free(known);
}

static uint64_t key_of(struct ecs_str imsi, struct ecs_str terminal_id)
{
    uint64_t key =
        ecs_hash(imsi.p, imsi.n) * 31 + (terminal_id.n ? ecs_hash(terminal_id.p, terminal_id.n) : 7);

    return key ? key : 1;
}

static struct slot *find(struct last_known *known, uint64_t key)
{
    struct slot *group = &known->slots[(key & known->mask) * WAYS], *oldest = group;

    for (unsigned i = 0; i < WAYS; i++) {
        if (group[i].key == key)
            return &group[i];
        if (group[i].at < oldest->at)
            oldest = &group[i];
    }
    return oldest;
}

void last_known_put(struct last_known *known, struct ecs_str imsi, struct ecs_str terminal_id,
                    const struct ecs_subscriber_facts *facts, int64_t now)
{
    uint64_t key = key_of(imsi, terminal_id);
    struct slot *slot = find(known, key);
    struct ecs_subscriber_facts *copy;

    if (slot->key == key && slot->facts->content_revision == facts->content_revision &&
        slot->facts->token_generation == facts->token_generation && now - slot->at < FRESH_S)
        return;
    copy = ecs_facts_copy(facts);
    if (!copy)
        return;
    free(slot->facts);
    *slot = (struct slot){key, now, copy};
}

const struct ecs_subscriber_facts *last_known_get(struct last_known *known, struct ecs_str imsi,
                                                  struct ecs_str terminal_id, int64_t max_age_s, int64_t now,
                                                  int64_t *ret_age_s)
{
    uint64_t key = key_of(imsi, terminal_id);
    struct slot *slot = find(known, key);

    /* The hash is no proof: the subscriber's own row is. */
    if (slot->key != key || !ecs_str_eq(slot->facts->imsi, imsi) || now - slot->at > max_age_s)
        return NULL;
    *ret_age_s = now - slot->at;
    return slot->facts;
}

void last_known_forget(struct last_known *known, struct ecs_str imsi, struct ecs_str terminal_id)
{
    uint64_t key = key_of(imsi, terminal_id);
    struct slot *slot = find(known, key);

    if (slot->key != key)
        return;
    free(slot->facts);
    *slot = (struct slot){0};
}
