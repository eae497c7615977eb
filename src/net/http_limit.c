/* SPDX-License-Identifier: Apache-2.0 */
/* Connections per source prefix. Deletion moves later entries of the probe run back, so the table never fills
 * with tombstones however many clients come and go. */
#include <stdlib.h>

#include "http_priv.h"

enum { FIRST_SIZE = 64 };

static size_t slot_of(const struct http_prefix_table *t, uint64_t key)
{
    return (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (t->size - 1);
}

static struct http_prefix_slot *find(const struct http_prefix_table *t, uint64_t key)
{
    for (size_t i = slot_of(t, key);; i = (i + 1) & (t->size - 1))
        if (!t->slots[i].key || t->slots[i].key == key)
            return &t->slots[i];
}

static bool grow(struct http_prefix_table *t)
{
    struct http_prefix_table bigger = {.size = t->size ? t->size * 2 : FIRST_SIZE, .used = t->used};

    bigger.slots = calloc(bigger.size, sizeof(*bigger.slots));
    if (!bigger.slots)
        return false;
    for (size_t i = 0; i < t->size; i++)
        if (t->slots[i].key)
            *find(&bigger, t->slots[i].key) = t->slots[i];
    free(t->slots);
    *t = bigger;
    return true;
}

uint32_t http_prefix_count(const struct http_prefix_table *t, uint64_t key)
{
    return t->size ? find(t, key)->count : 0;
}

bool http_prefix_add(struct http_prefix_table *t, uint64_t key)
{
    struct http_prefix_slot *slot;

    if ((t->used + 1) * 2 > t->size && !grow(t))
        return false;
    slot = find(t, key);
    if (!slot->key) {
        slot->key = key;
        t->used++;
    }
    slot->count++;
    return true;
}

void http_prefix_remove(struct http_prefix_table *t, uint64_t key)
{
    struct http_prefix_slot *slot = t->size ? find(t, key) : NULL;
    size_t hole, mask = t->size - 1;

    if (!slot || !slot->key || --slot->count)
        return;
    hole = (size_t)(slot - t->slots);
    for (size_t i = (hole + 1) & mask; t->slots[i].key; i = (i + 1) & mask)
        if (((i - slot_of(t, t->slots[i].key)) & mask) >= ((i - hole) & mask)) {
            t->slots[hole] = t->slots[i];
            hole = i;
        }
    t->slots[hole] = (struct http_prefix_slot){0};
    t->used--;
}

void http_prefix_done(struct http_prefix_table *t)
{
    free(t->slots);
    *t = (struct http_prefix_table){0};
}
