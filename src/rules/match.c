/* SPDX-License-Identifier: Apache-2.0 */
/* One condition against the facts. Each test answers false for a fact that is not known (a list of words may
 * name "unknown"); "not" forms are the exact opposite, so they hold for a fact that is not known. */
#include "rules/rules_priv.h"

#include <string.h>

bool ecs_test_known(const struct ecs_condition *c, const struct ecs_facts *facts)
{
    return facts->v[c->fact].known;
}

bool ecs_test_mask(const struct ecs_condition *c, const struct ecs_facts *facts)
{
    const struct ecs_fact_value *v = &facts->v[c->fact];

    return c->mask >> (v->known ? (unsigned)v->i & 63 : ECS_UNKNOWN_BIT) & 1;
}

/* now + offset without leaving the range of the type. */
static int64_t add_time(int64_t now, int64_t offset)
{
    int64_t sum;

    if (!__builtin_add_overflow(now, offset, &sum))
        return sum;
    return offset < 0 ? INT64_MIN : INT64_MAX;
}

bool ecs_test_range(const struct ecs_condition *c, const struct ecs_facts *facts)
{
    const struct ecs_fact_value *v = &facts->v[c->fact], *now = &facts->v[ECS_FACT_TIME_NOW];
    int64_t low = c->low, high = c->high;

    if (!v->known || ((c->low_from_now || c->high_from_now) && !now->known))
        return false;
    if (c->low_from_now)
        low = add_time(now->i, low);
    if (c->high_from_now)
        high = add_time(now->i, high);
    return v->i >= low && v->i <= high;
}

bool ecs_test_number(const struct ecs_condition *c, const struct ecs_facts *facts)
{
    const struct ecs_fact_value *v = &facts->v[c->fact];

    for (size_t i = 0; v->known && i < c->n_numbers; i++)
        if (v->i == c->numbers[i])
            return true;
    return false;
}

bool ecs_test_text(const struct ecs_condition *c, const struct ecs_facts *facts)
{
    const struct ecs_fact_value *v = &facts->v[c->fact];

    for (size_t i = 0; v->known && i < c->n_texts; i++)
        if (v->s.n == c->texts[i].n && ecs_str_eq_nocase(v->s, c->texts[i]))
            return true;
    return false;
}

bool ecs_test_prefix(const struct ecs_condition *c, const struct ecs_facts *facts)
{
    const struct ecs_fact_value *v = &facts->v[c->fact];

    for (size_t i = 0; v->known && i < c->n_texts; i++)
        if (ecs_str_starts_with_nocase(v->s, c->texts[i]))
            return true;
    return false;
}

static bool contains(const struct ecs_fact_value *v, struct ecs_str word)
{
    for (size_t i = 0; i < v->n; i++)
        if (v->items[i].n == word.n && !memcmp(v->items[i].p, word.p, word.n))
            return true;
    return false;
}

bool ecs_test_any(const struct ecs_condition *c, const struct ecs_facts *facts)
{
    const struct ecs_fact_value *v = &facts->v[c->fact];

    for (size_t i = 0; v->known && i < c->n_texts; i++)
        if (contains(v, c->texts[i]))
            return true;
    return false;
}

bool ecs_test_all(const struct ecs_condition *c, const struct ecs_facts *facts)
{
    const struct ecs_fact_value *v = &facts->v[c->fact];

    for (size_t i = 0; v->known && i < c->n_texts; i++)
        if (!contains(v, c->texts[i]))
            return false;
    return v->known;
}
