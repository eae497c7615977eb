/* SPDX-License-Identifier: Apache-2.0 */
/* Facts that outlive their request: one block of memory that holds everything they point to. */
#include <stdlib.h>
#include <string.h>

#include "ecs/store_availability.h"

/* Counts on the first way (at NULL), writes on the second. */
struct block {
    char *at;
    size_t used;
};

static void *take(struct block *b, const void *from, size_t n, size_t align)
{
    void *to;

    b->used = (b->used + align - 1) / align * align;
    to = b->at ? b->at + b->used : NULL;
    if (to && n)
        memcpy(to, from, n);
    b->used += n;
    return to;
}

static void take_text(struct block *b, struct ecs_str *text)
{
    const char *copy = text->p ? take(b, text->p, text->n, 1) : NULL;

    if (b->at)
        text->p = copy;
}

static struct ecs_str *take_texts(struct block *b, const struct ecs_str *from, size_t n)
{
    struct ecs_str *to = take(b, from, n * sizeof(*from), _Alignof(struct ecs_str));

    for (size_t i = 0; i < n; i++) {
        struct ecs_str text = from[i];

        take_text(b, &text);
        if (to)
            to[i] = text;
    }
    return to;
}

static struct ecs_line_service *take_services(struct block *b, const struct ecs_subscriber_facts *facts)
{
    struct ecs_line_service *to =
        take(b, facts->services, facts->n_services * sizeof(*to), _Alignof(int64_t));

    for (size_t i = 0; i < facts->n_services; i++) {
        struct ecs_line_service row = facts->services[i];

        take_text(b, &row.service);
        take_text(b, &row.addr_identifier);
        if (to)
            to[i] = row;
    }
    return to;
}

static struct ecs_notice *take_notices(struct block *b, const struct ecs_subscriber_facts *facts)
{
    struct ecs_notice *to = take(b, facts->notices, facts->n_notices * sizeof(*to), _Alignof(int64_t));

    for (size_t i = 0; i < facts->n_notices; i++) {
        struct ecs_notice row = facts->notices[i];

        take_text(b, &row.service);
        take_text(b, &row.message_key);
        if (to)
            to[i] = row;
    }
    return to;
}

static struct ecs_place *take_place(struct block *b, const struct ecs_place *place)
{
    struct ecs_service_state *states;
    struct ecs_place copy, *to;

    if (!place)
        return NULL;
    to = take(b, place, sizeof(*to), _Alignof(int64_t));
    copy = *place;
    take_text(b, &copy.area);
    take_text(b, &copy.enterprise);
    take_text(b, &copy.country);
    copy.visited = take_texts(b, place->visited, place->n_visited);
    states = take(b, place->states, place->n_states * sizeof(*states), _Alignof(int64_t));
    for (size_t i = 0; i < place->n_states; i++) {
        struct ecs_service_state row = place->states[i];

        take_text(b, &row.service);
        take_text(b, &row.rat);
        take_text(b, &row.message_key);
        if (states)
            states[i] = row;
    }
    copy.states = states;
    if (to)
        *to = copy;
    return to;
}

static size_t pass(char *at, const struct ecs_subscriber_facts *facts, struct ecs_subscriber_facts *ret_copy)
{
    struct block b = {.at = at};
    struct ecs_subscriber_facts copy = *facts;
    struct ecs_str *const texts[] = {&copy.imsi,      &copy.msisdn, &copy.iccid,          &copy.visited_plmn,
                                     &copy.language,  &copy.brand,  &copy.brand_language, &copy.plan,
                                     &copy.plan_name, &copy.vendor, &copy.model};

    copy.data = NULL; /* not kept: usage, prices and states of purchases are not for later */
    copy.features = take_texts(&b, facts->features, facts->n_features);
    copy.capabilities = take_texts(&b, facts->capabilities, facts->n_capabilities);
    copy.registrations = take_texts(&b, facts->registrations, facts->n_registrations);
    copy.services = take_services(&b, facts);
    copy.notices = take_notices(&b, facts);
    copy.place = take_place(&b, facts->place);
    for (size_t i = 0; i < ECS_ARRAY_LEN(texts); i++)
        take_text(&b, texts[i]);
    if (ret_copy)
        *ret_copy = copy;
    return b.used;
}

struct ecs_subscriber_facts *ecs_facts_copy(const struct ecs_subscriber_facts *facts)
{
    size_t head = (sizeof(*facts) + 15) / 16 * 16;
    char *block = malloc(head + pass(NULL, facts, NULL));

    if (!block)
        return NULL;
    (void)pass(block + head, facts, (struct ecs_subscriber_facts *)block);
    return (struct ecs_subscriber_facts *)block;
}
