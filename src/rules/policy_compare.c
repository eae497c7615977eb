/* SPDX-License-Identifier: Apache-2.0 */
/* Dry run of one policy against another. A rule sets a constant, so the pair of rules names the change. */
#include "ecs/policy.h"

#include "rules/rules_priv.h"

#include <inttypes.h>
#include <stdlib.h>

enum { MAX_CHANGES = 512 };

struct change {
    enum ecs_decision decision;
    struct ecs_decision_value from, to;
    uint64_t count;
};

struct ecs_policy_compare {
    const struct ecs_policy *from, *to;
    uint64_t seen, changed, others;
    unsigned n;
    struct change change[MAX_CHANGES];
};

struct ecs_policy_compare *ecs_policy_compare_new(const struct ecs_policy *from, const struct ecs_policy *to)
{
    struct ecs_policy_compare *compare = calloc(1, sizeof(*compare));

    if (compare) {
        compare->from = from;
        compare->to = to;
    }
    return compare;
}

void ecs_policy_compare_free(struct ecs_policy_compare *compare)
{
    free(compare);
}

static void count_change(struct ecs_policy_compare *c, enum ecs_decision decision,
                         const struct ecs_decision_value *from, const struct ecs_decision_value *to)
{
    for (unsigned i = 0; i < c->n; i++) {
        struct change *k = &c->change[i];

        if (k->decision == decision && k->from.rule == from->rule && k->to.rule == to->rule) {
            k->count++;
            return;
        }
    }
    if (c->n < MAX_CHANGES)
        c->change[c->n++] = (struct change){decision, *from, *to, 1};
    else
        c->others++;
}

unsigned ecs_policy_compare_add(struct ecs_policy_compare *compare, const struct ecs_facts *facts)
{
    struct ecs_decisions from, to;
    unsigned differ = 0;

    for (unsigned s = 0; s < ECS_SERVICE_COUNT; s++) {
        ecs_decide(compare->from, (enum ecs_service)s, facts, &from);
        ecs_decide(compare->to, (enum ecs_service)s, facts, &to);
    }
    for (unsigned i = 0; i < ECS_DECISION_COUNT; i++) {
        if (ecs_decision_same((enum ecs_decision)i, &from.v[i], &to.v[i]))
            continue;
        count_change(compare, (enum ecs_decision)i, &from.v[i], &to.v[i]);
        differ++;
    }
    compare->seen++;
    compare->changed += differ > 0;
    return differ;
}

static int more_frequent_first(const void *a, const void *b)
{
    const struct change *x = a, *y = b;

    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return x->decision != y->decision ? (x->decision > y->decision) - (x->decision < y->decision)
                                      : (x->to.rule > y->to.rule) - (x->to.rule < y->to.rule);
}

static void add_side(const struct ecs_policy *policy, const char *name, enum ecs_decision decision,
                     const struct ecs_decision_value *value, struct ecs_buf *text, struct ecs_buf *out)
{
    struct ecs_decisions d;

    d.v[decision] = *value;
    ecs_buf_reset(text);
    ecs_decision_print(decision, value, text);
    ecs_buf_printf(out, ",\"%s\":\"", name);
    ecs_buf_add_json(out, ecs_buf_str(text));
    ecs_buf_printf(out, "\",\"%s_rule\":\"", name);
    ecs_buf_add_json(out, ecs_decide_rule(policy, decision, &d));
    ecs_buf_add_char(out, '"');
}

void ecs_policy_compare_write(struct ecs_policy_compare *compare, struct ecs_buf *out)
{
    struct ecs_buf text = {0};

    qsort(compare->change, compare->n, sizeof(compare->change[0]), more_frequent_first);
    ecs_buf_printf(out, "{\"seen\":%" PRIu64 ",\"changed\":%" PRIu64 ",\"changes\":[", compare->seen,
                   compare->changed);
    for (unsigned i = 0; i < compare->n; i++) {
        const struct change *k = &compare->change[i];

        ecs_buf_printf(out, "%s{\"service\":\"%s\",\"decision\":\"%s\"", i ? "," : "",
                       ecs_service_name(ecs_decision_service(k->decision)), ecs_decision_name(k->decision));
        add_side(compare->from, "old", k->decision, &k->from, &text, out);
        add_side(compare->to, "new", k->decision, &k->to, &text, out);
        ecs_buf_printf(out, ",\"count\":%" PRIu64 "}", k->count);
    }
    ecs_buf_printf(out, "],\"others\":%" PRIu64 "}", compare->others);
    if (text.overflow)
        out->overflow = true;
    ecs_buf_done(&text);
}
