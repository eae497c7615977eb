/* SPDX-License-Identifier: Apache-2.0 */
/* The table of services and decisions, and the evaluation: first match per decision, then the
 * default block. */
#include "rules/rules_priv.h"

#include <stdio.h>

/* Where the decisions of each service begin and end. */
enum mark {
#define SERVICE(id, name, app, help)                   FIRST_##id, BEFORE_##id = FIRST_##id - 1,
#define DECISION(service, id, name, type, words, help) AT_##service##_##id,
#define GROUP(service, name, members, help)
#define SERVICE_END(id) END_##id, LAST_##id = END_##id - 1,
#include "rules/decisions.def"
#undef SERVICE
#undef DECISION
#undef SERVICE_END
#undef GROUP
};

static const struct {
    const char *name, *app, *help;
    unsigned first, end;
} services[ECS_SERVICE_COUNT] = {
#define SERVICE(id, service_name, app_id, text)                                                              \
    [ECS_SERVICE_##id] = {service_name, app_id, text, FIRST_##id, END_##id},
#define DECISION(service, id, name, type, words, help)
#define GROUP(service, name, members, help)
#define SERVICE_END(id)
#include "rules/decisions.def"
#undef SERVICE
#undef DECISION
#undef GROUP
};

static const struct {
    const char *name;
    struct ecs_kind kind;
    const char *help;
    enum ecs_service service;
} table[ECS_DECISION_COUNT] = {
#define SERVICE(id, name, app, help)
#define DECISION(of, id, decision_name, type, words, text)                                                   \
    [ECS_DECIDE_##of##_##id] = {decision_name, {ECS_TYPE_##type, ECS_WORDS_##words}, text, ECS_SERVICE_##of},
#define GROUP(service, name, members, help)
#include "rules/decisions.def"
#undef DECISION
#undef GROUP
};

const struct ecs_decision_group ecs_decision_groups[] = {
#define DECISION(service, id, name, type, words, help)
#define GROUP(of, name, members, help) {ECS_SERVICE_##of, name, members, help},
#include "rules/decisions.def"
    {0, NULL, NULL, NULL},
#undef SERVICE
#undef DECISION
#undef SERVICE_END
#undef GROUP
};

const char *ecs_service_name(enum ecs_service service)
{
    return services[service].name;
}

const char *ecs_service_app(enum ecs_service service)
{
    return services[service].app;
}

const char *ecs_service_help(enum ecs_service service)
{
    return services[service].help;
}

bool ecs_service_find(struct ecs_str name, enum ecs_service *ret_service)
{
    for (unsigned i = 0; i < ECS_SERVICE_COUNT; i++) {
        if (ecs_str_eq(ecs_str_of(services[i].name), name) || ecs_str_eq(ecs_str_of(services[i].app), name)) {
            *ret_service = (enum ecs_service)i;
            return true;
        }
    }
    return false;
}

void ecs_service_range(enum ecs_service service, enum ecs_decision *ret_first, enum ecs_decision *ret_end)
{
    *ret_first = (enum ecs_decision)services[service].first;
    *ret_end = (enum ecs_decision)services[service].end;
}

bool ecs_decision_find(enum ecs_service service, struct ecs_str name, enum ecs_decision *ret_decision)
{
    for (unsigned i = services[service].first; i < services[service].end; i++) {
        if (ecs_str_eq(ecs_str_of(table[i].name), name)) {
            *ret_decision = (enum ecs_decision)i;
            return true;
        }
    }
    return false;
}

const char *ecs_decision_candidate(unsigned i, int service)
{
    unsigned n = services[service].end - services[service].first;

    if (i < n)
        return table[services[service].first + i].name;
    for (const struct ecs_decision_group *g = ecs_decision_groups; g->name; g++)
        if ((int)g->service == service && i-- == n)
            return g->name;
    return NULL;
}

const char *ecs_decision_name(enum ecs_decision decision)
{
    return table[decision].name;
}

enum ecs_service ecs_decision_service(enum ecs_decision decision)
{
    return table[decision].service;
}

enum ecs_type ecs_decision_type(enum ecs_decision decision)
{
    return table[decision].kind.type;
}

struct ecs_kind ecs_decision_kind(enum ecs_decision decision)
{
    return table[decision].kind;
}

const char *ecs_decision_help(enum ecs_decision decision)
{
    return table[decision].help;
}

bool ecs_decision_same(enum ecs_decision decision, const struct ecs_decision_value *a,
                       const struct ecs_decision_value *b)
{
    return table[decision].kind.type >= ECS_TYPE_MESSAGE ? ecs_str_eq(a->s, b->s) : a->i == b->i;
}

void ecs_decision_print(enum ecs_decision decision, const struct ecs_decision_value *value,
                        struct ecs_buf *out)
{
    ecs_value_print(table[decision].kind, value->i, value->s, out);
}

static bool rule_matches(const struct ecs_rule *rule, const struct ecs_facts *facts)
{
    for (unsigned i = 0; i < rule->n_conditions; i++)
        if (!ecs_condition_holds(&rule->conditions[i], facts))
            return false;
    return true;
}

/* Takes those values whose decision is still open; answers the decisions that are then open. */
static uint64_t take(const struct ecs_assignment *set, unsigned n, unsigned first, uint64_t open, int rule,
                     struct ecs_decisions *decisions)
{
    for (unsigned i = 0; i < n; i++) {
        uint64_t bit = UINT64_C(1) << (set[i].decision - first);

        if (!(open & bit))
            continue;
        decisions->v[set[i].decision] = (struct ecs_decision_value){set[i].i, set[i].s, rule};
        open &= ~bit;
    }
    return open;
}

void ecs_decide(const struct ecs_policy *policy, enum ecs_service service, const struct ecs_facts *facts,
                struct ecs_decisions *ret_decisions)
{
    const struct ecs_ruleset *set = &policy->service[service];
    unsigned first = services[service].first, n = services[service].end - first;
    uint64_t open = ~UINT64_C(0) >> (64 - n);

    for (unsigned i = 0; i < set->n_rules && open; i++) {
        const struct ecs_rule *rule = &set->rules[i];

        if ((rule->sets & open) && rule_matches(rule, facts))
            open = take(rule->set, rule->n_set, first, open, (int)i, ret_decisions);
    }
    take(set->defaults, n, first, open, -1, ret_decisions);
}

struct ecs_str ecs_decide_rule(const struct ecs_policy *policy, enum ecs_decision decision,
                               const struct ecs_decisions *decisions)
{
    const struct ecs_ruleset *set = &policy->service[table[decision].service];
    int rule = decisions->v[decision].rule;

    return rule < 0 || (unsigned)rule >= set->n_rules ? ECS_STR("default") : set->rules[rule].name;
}
