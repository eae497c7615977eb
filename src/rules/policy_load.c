/* SPDX-License-Identifier: Apache-2.0 */
/* Policy files to compiled rules. Every fault of every file is recorded with its position; a policy with a
 * fault is not used. The YAML tree lives in a scratch arena, what the policy keeps is copied into its own. */
#include "rules/rules_priv.h"

/* State of one service while its file is read. */
struct reading {
    struct ecs_loader *loader;
    enum ecs_service service;
    unsigned first, n; /* decisions */
    uint64_t closed;   /* decisions that an unconditional rule has set */
};

static void warn(struct ecs_loader *loader, const struct ecs_yaml_node *node, const char *text)
{
    if (loader->warnings)
        ecs_fault_at(loader->warnings, node, "%s", text);
}

static void *need(struct ecs_loader *loader, size_t n)
{
    void *p = ecs_alloc(loader->policy->arena, n ? n : 1);

    if (!p)
        ecs_fault_add(loader->faults, NULL, 0, 0, "the policy is too large");
    return p;
}

static struct ecs_str keep(struct ecs_loader *loader, struct ecs_str s)
{
    char *copy = ecs_strdup(loader->policy->arena, s);

    if (!copy)
        ecs_fault_add(loader->faults, NULL, 0, 0, "the policy is too large");
    return (struct ecs_str){copy, copy ? s.n : 0};
}

static void mix(struct ecs_loader *loader, struct ecs_str s)
{
    uint64_t n = s.n;

    loader->policy->hash = ecs_hash_more(loader->policy->hash, &n, sizeof(n));
    if (s.n)
        loader->policy->hash = ecs_hash_more(loader->policy->hash, s.p, s.n);
}

static bool read_value(struct reading *r, const struct ecs_yaml_node *node, enum ecs_decision decision,
                       struct ecs_assignment *ret_assignment)
{
    struct ecs_value v;
    struct ecs_why why;

    if (node->kind != ECS_YAML_SCALAR) {
        ecs_fault_at(r->loader->faults, node, "%s takes one value (%s)", ecs_decision_name(decision),
                     ecs_type_name(ecs_decision_type(decision)));
        return false;
    }
    if (!ecs_value_parse(ecs_decision_kind(decision), node->text, r->loader->policy->arena, &v, &why)) {
        ecs_fault_at(r->loader->faults, node, "%s: %s", ecs_decision_name(decision), why.text);
        return false;
    }
    if (v.unknown) {
        ecs_fault_at(r->loader->faults, node, "%s: a decision cannot be unknown",
                     ecs_decision_name(decision));
        return false;
    }
    mix(r->loader, ecs_str_of(ecs_decision_name(decision)));
    mix(r->loader, node->text);
    *ret_assignment = (struct ecs_assignment){decision, v.i, v.s};
    return true;
}

static void assign(struct reading *r, const struct ecs_yaml_node *node, enum ecs_decision decision,
                   struct ecs_assignment *set, uint64_t *sets)
{
    unsigned i = decision - r->first;

    if (*sets >> i & 1)
        ecs_fault_add(r->loader->faults, node->file, node->key_line, node->key_column, "%s is set twice",
                      ecs_decision_name(decision));
    else if (read_value(r, node, decision, &set[i]))
        *sets |= UINT64_C(1) << i;
}

/* One member of "then" or "default": a decision or a group of them. */
static void read_member(struct reading *r, const struct ecs_yaml_node *node, struct ecs_assignment *set,
                        uint64_t *sets)
{
    enum ecs_decision decision;
    char hint[80];

    if (ecs_decision_find(r->service, node->key, &decision)) {
        assign(r, node, decision, set, sets);
        return;
    }
    for (const struct ecs_decision_group *g = ecs_decision_groups; g->name; g++) {
        struct ecs_str rest = ecs_str_of(g->members), name;

        if (g->service != r->service || !ecs_str_eq(ecs_str_of(g->name), node->key))
            continue;
        while (ecs_str_cut(&rest, ' ', &name))
            if (ecs_decision_find(r->service, name, &decision))
                assign(r, node, decision, set, sets);
        return;
    }
    ecs_suggest(node->key, ecs_decision_candidate, (int)r->service, hint);
    ecs_fault_add(r->loader->faults, node->file, node->key_line, node->key_column,
                  "unknown decision \"%.*s\"%s", ECS_FMT(node->key), hint);
}

/* set has room for all decisions of the service, at their places; answers those that were given. */
static uint64_t read_set(struct reading *r, const struct ecs_yaml_node *node, struct ecs_assignment *set)
{
    uint64_t sets = 0;

    if (node->kind != ECS_YAML_MAPPING) {
        ecs_fault_at(r->loader->faults, node, "decisions are written as \"name: value\"");
        return 0;
    }
    for (const struct ecs_yaml_node *member = node->child; member; member = member->next)
        read_member(r, member, set, &sets);
    return sets;
}

static void read_condition(struct reading *r, const struct ecs_yaml_node *node,
                           struct ecs_condition *condition, struct ecs_str *text)
{
    struct ecs_why why, warning;
    size_t at = 0;

    if (node->kind != ECS_YAML_SCALAR) {
        ecs_fault_at(r->loader->faults, node, "a condition is a text: \"fact operator value\"");
        return;
    }
    if (!ecs_expr_parse(node->text, r->loader->policy->arena, condition, &why, &at, &warning)) {
        ecs_fault_add(r->loader->faults, node->file, node->line, node->column + (unsigned)at + node->quoted,
                      "%s", why.text);
        return;
    }
    if (warning.text[0])
        warn(r->loader, node, warning.text);
    r->loader->policy->uses[condition->fact] = true;
    if (condition->low_from_now || condition->high_from_now)
        r->loader->policy->uses[ECS_FACT_TIME_NOW] = true;
    mix(r->loader, node->text);
    *text = keep(r->loader, node->text);
}

static void read_when(struct reading *r, const struct ecs_yaml_node *node, struct ecs_rule *rule)
{
    const struct ecs_yaml_node *item = node->kind == ECS_YAML_SEQUENCE ? node->child : node;
    size_t n = node->kind == ECS_YAML_SEQUENCE ? node->count : 1;
    struct ecs_condition *conditions;
    struct ecs_str *texts;

    if (node->kind == ECS_YAML_MAPPING) {
        ecs_fault_at(r->loader->faults, node, "conditions are a list of texts: [ \"fact operator value\" ]");
        return;
    }
    if (n > ECS_CONDITIONS_MAX) {
        ecs_fault_at(r->loader->faults, node, "more than %d conditions in a rule", ECS_CONDITIONS_MAX);
        return;
    }
    conditions = need(r->loader, n * sizeof(*conditions));
    texts = need(r->loader, n * sizeof(*texts));
    if (!conditions || !texts)
        return;
    for (size_t i = 0; i < n; i++, item = item->next)
        read_condition(r, item, &conditions[i], &texts[i]);
    rule->conditions = conditions;
    rule->texts = texts;
    rule->n_conditions = (uint16_t)n;
}

/* The values that were given, packed. */
static void read_then(struct reading *r, const struct ecs_yaml_node *node, struct ecs_rule *rule)
{
    struct ecs_assignment all[64] = {{0}}, *set;

    rule->sets = read_set(r, node, all);
    if (!rule->sets && node->kind == ECS_YAML_MAPPING && !node->child)
        ecs_fault_at(r->loader->faults, node, "the rule decides nothing");
    set = need(r->loader, r->n * sizeof(*set));
    if (!set)
        return;
    for (unsigned i = 0; i < r->n; i++)
        if (rule->sets >> i & 1)
            set[rule->n_set++] = all[i];
    rule->set = set;
}

static const char *const rule_keys[] = {"name", "when", "then", "note", NULL};
static const char *const file_keys[] = {"service", "rules", "default", NULL};

static const char *rule_key(unsigned i, int of_file)
{
    return of_file ? file_keys[i] : rule_keys[i];
}

static bool check_keys(struct ecs_loader *loader, const struct ecs_yaml_node *node, bool of_file)
{
    if (node->kind != ECS_YAML_MAPPING) {
        ecs_fault_at(loader->faults, node, "a mapping with %s is expected",
                     of_file ? "service, rules and default" : "name, when and then");
        return false;
    }
    for (const struct ecs_yaml_node *member = node->child; member; member = member->next) {
        const char *const *known = of_file ? file_keys : rule_keys;
        char hint[80];

        while (*known && !ecs_str_eq(ecs_str_of(*known), member->key))
            known++;
        if (*known)
            continue;
        ecs_suggest(member->key, rule_key, of_file, hint);
        ecs_fault_add(loader->faults, member->file, member->key_line, member->key_column,
                      "unknown key \"%.*s\"%s", ECS_FMT(member->key), hint);
    }
    return true;
}

static void read_name(struct reading *r, const struct ecs_yaml_node *node, const struct ecs_yaml_node *name,
                      const struct ecs_rule *before, unsigned n_before, struct ecs_rule *rule)
{
    if (!name || name->kind != ECS_YAML_SCALAR || !name->text.n || name->text.n > 64) {
        ecs_fault_at(r->loader->faults, name ? name : node, "the rule needs a name of 1 to 64 characters");
        return;
    }
    if (ecs_str_eq(name->text, ECS_STR("default")))
        ecs_fault_at(r->loader->faults, name, "\"default\" is the name of the default block");
    for (unsigned i = 0; i < n_before; i++)
        if (ecs_str_eq(before[i].name, name->text))
            ecs_fault_at(r->loader->faults, name, "the name \"%.*s\" is used by the rule in line %u",
                         ECS_FMT(name->text), before[i].line);
    mix(r->loader, name->text);
    rule->name = keep(r->loader, name->text);
}

static void read_rule(struct reading *r, const struct ecs_yaml_node *node, struct ecs_rule *rules, unsigned i)
{
    const struct ecs_yaml_node *when, *then;
    struct ecs_rule *rule = &rules[i];

    rule->line = node->line;
    if (!check_keys(r->loader, node, false))
        return;
    read_name(r, node, ecs_yaml_get(node, "name"), rules, i, rule);
    when = ecs_yaml_get(node, "when");
    then = ecs_yaml_get(node, "then");
    if (when)
        read_when(r, when, rule);
    if (then)
        read_then(r, then, rule);
    else
        ecs_fault_at(r->loader->faults, node, "the rule has no \"then\"");
    if (rule->sets && !(rule->sets & ~r->closed))
        warn(r->loader, node,
             "the rule is never reached: rules without conditions before it decide all it sets");
    if (!rule->n_conditions)
        r->closed |= rule->sets;
}

static void read_rules(struct reading *r, const struct ecs_yaml_node *node, struct ecs_ruleset *set)
{
    struct ecs_rule *rules;
    unsigned i = 0;

    if (node->kind != ECS_YAML_SEQUENCE) {
        ecs_fault_at(r->loader->faults, node, "rules are a list");
        return;
    }
    if (node->count > ECS_RULES_MAX) {
        ecs_fault_at(r->loader->faults, node, "more than %d rules", ECS_RULES_MAX);
        return;
    }
    rules = need(r->loader, node->count * sizeof(*rules));
    if (!rules)
        return;
    for (const struct ecs_yaml_node *item = node->child; item; item = item->next)
        read_rule(r, item, rules, i++);
    set->rules = rules;
    set->n_rules = i;
}

static void read_default(struct reading *r, const struct ecs_yaml_node *node, struct ecs_ruleset *set)
{
    struct ecs_assignment *defaults = need(r->loader, 64 * sizeof(*defaults));
    uint64_t sets;

    if (!defaults)
        return;
    mix(r->loader, ECS_STR("default"));
    sets = read_set(r, node, defaults);
    for (unsigned i = 0; i < r->n; i++)
        if (!(sets >> i & 1) && node->kind == ECS_YAML_MAPPING)
            ecs_fault_at(r->loader->faults, node, "the default block does not set %s",
                         ecs_decision_name((enum ecs_decision)(r->first + i)));
    set->defaults = defaults;
    set->default_line = node->line;
}

static const char *service_candidate(unsigned i, int unused)
{
    (void)unused;
    return i < ECS_SERVICE_COUNT ? ecs_service_name((enum ecs_service)i) : NULL;
}

static bool read_service(struct ecs_loader *loader, const struct ecs_yaml_node *root,
                         enum ecs_service *ret_service)
{
    const struct ecs_yaml_node *node = ecs_yaml_get(root, "service");
    char hint[80];

    if (!node || node->kind != ECS_YAML_SCALAR) {
        ecs_fault_at(loader->faults, node ? node : root,
                     "\"service:\" with the name of a service is missing");
        return false;
    }
    if (!ecs_service_find(node->text, ret_service)) {
        ecs_suggest(node->text, service_candidate, 0, hint);
        ecs_fault_at(loader->faults, node, "unknown service \"%.*s\"%s", ECS_FMT(node->text), hint);
        return false;
    }
    if (!loader->policy->service[*ret_service].file)
        return true;
    ecs_fault_at(loader->faults, node, "the rules of %s are already in %s", ecs_service_name(*ret_service),
                 loader->policy->service[*ret_service].file);
    return false;
}

void ecs_policy_read(struct ecs_loader *loader, const struct ecs_yaml_node *root)
{
    const struct ecs_yaml_node *rules, *block;
    struct reading r = {.loader = loader};
    enum ecs_decision first, end;
    struct ecs_ruleset *set;

    if (!check_keys(loader, root, true) || !read_service(loader, root, &r.service))
        return;
    ecs_service_range(r.service, &first, &end);
    r.first = first;
    r.n = end - first;
    set = &loader->policy->service[r.service];
    set->file = keep(loader, ecs_str_of(root->file)).p;
    loader->policy->hash = ecs_hash("", 0);
    mix(loader, ecs_str_of(ecs_service_name(r.service)));
    rules = ecs_yaml_get(root, "rules");
    if (rules)
        read_rules(&r, rules, set);
    block = ecs_yaml_get(root, "default");
    if (block)
        read_default(&r, block, set);
    else
        ecs_fault_at(loader->faults, root, "the default block is missing");
    set->hash = loader->policy->hash;
}
