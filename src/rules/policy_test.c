/* SPDX-License-Identifier: Apache-2.0 */
/* Test cases of the operator for policies: facts in YAML, expected decisions, readable mismatches. */
#include "ecs/policy.h"

#include "rules/rules_priv.h"

struct run {
    const struct ecs_policy *policy;
    struct ecs_faults *faults;
    struct ecs_arena *arena;
    struct ecs_buf *out;
    struct ecs_policy_result *result;
};

bool ecs_fact_from_yaml(struct ecs_facts *facts, const struct ecs_yaml_node *node, struct ecs_arena *arena,
                        struct ecs_faults *faults)
{
    struct ecs_str *items;
    struct ecs_value v;
    struct ecs_why why = {""};
    enum ecs_fact id;
    char hint[80];
    size_t n = 0;

    if (!ecs_fact_find(node->key, &id)) {
        ecs_suggest(node->key, ecs_fact_candidate, 0, hint);
        ecs_fault_add(faults, node->file, node->key_line, node->key_column, "unknown fact \"%.*s\"%s",
                      ECS_FMT(node->key), hint);
        return false;
    }
    if (node->kind == ECS_YAML_SCALAR) {
        if (!node->quoted && ecs_str_eq(node->text, ECS_STR("unknown"))) {
            ecs_fact_unset(facts, id);
            return true;
        }
        if (ecs_fact_set_text(facts, id, node->text, arena, why.text, sizeof(why.text)))
            return true;
        ecs_fault_at(faults, node, "%s: %s", ecs_fact_name(id), why.text);
        return false;
    }
    items = node->count <= ECS_ITEMS_MAX ? ecs_alloc(arena, (node->count + 1) * sizeof(*items)) : NULL;
    if (!items || node->kind != ECS_YAML_SEQUENCE || ecs_fact_type(id) != ECS_TYPE_SET) {
        ecs_fault_at(faults, node, "%s is %s", ecs_fact_name(id), ecs_type_name(ecs_fact_type(id)));
        return false;
    }
    for (const struct ecs_yaml_node *item = node->child; item; item = item->next) {
        if (item->kind != ECS_YAML_SCALAR ||
            !ecs_value_parse(ecs_fact_kind(id), item->text, arena, &v, &why)) {
            ecs_fault_at(faults, item, "%s: %s", ecs_fact_name(id),
                         why.text[0] ? why.text : "a word is expected");
            return false;
        }
        items[n++] = v.s;
    }
    return ecs_fact_set_words(facts, id, items, n);
}

static bool is_now(const struct ecs_yaml_node *node)
{
    return ecs_str_eq(node->key, ECS_STR("time.now"));
}

/* time.now first, so that other times may be relative to it wherever they stand. */
static bool read_facts(struct run *run, const struct ecs_yaml_node *node, struct ecs_facts *facts)
{
    bool good = true;

    if (!node)
        return true;
    if (node->kind != ECS_YAML_MAPPING) {
        ecs_fault_at(run->faults, node, "facts are written as \"name: value\"");
        return false;
    }
    for (int pass = 0; pass < 2; pass++)
        for (const struct ecs_yaml_node *fact = node->child; fact; fact = fact->next)
            if (is_now(fact) == !pass)
                good &= ecs_fact_from_yaml(facts, fact, run->arena, run->faults);
    return good;
}

static void mismatch(struct run *run, const struct ecs_yaml_node *node, struct ecs_str name)
{
    ecs_buf_printf(run->out, "%s:%u:%u: %.*s: ", node->file, node->line, node->column, ECS_FMT(name));
}

static bool check_value(struct run *run, const struct ecs_yaml_node *node, struct ecs_str name,
                        enum ecs_decision decision, const struct ecs_decisions *d, bool *ret_same)
{
    struct ecs_decision_value expected = {0};
    struct ecs_value v;
    struct ecs_why why;

    if (node->kind != ECS_YAML_SCALAR ||
        !ecs_value_parse(ecs_decision_kind(decision), node->text, run->arena, &v, &why) || v.unknown) {
        ecs_fault_at(run->faults, node, "%s: a possible value (%s) is expected", ecs_decision_name(decision),
                     ecs_type_name(ecs_decision_type(decision)));
        return false;
    }
    expected.i = v.i;
    expected.s = v.s;
    if (ecs_decision_same(decision, &expected, &d->v[decision]))
        return true;
    *ret_same = false;
    mismatch(run, node, name);
    ecs_buf_printf(run->out, "%s is ", ecs_decision_name(decision));
    ecs_decision_print(decision, &d->v[decision], run->out);
    ecs_buf_printf(run->out, " (rule %.*s), expected ", ECS_FMT(ecs_decide_rule(run->policy, decision, d)));
    ecs_decision_print(decision, &expected, run->out);
    ecs_buf_add_char(run->out, '\n');
    return true;
}

static bool check_rule(struct run *run, const struct ecs_yaml_node *node, struct ecs_str name,
                       enum ecs_decision decision, const struct ecs_decisions *d, bool *ret_same)
{
    struct ecs_str rule = ecs_decide_rule(run->policy, decision, d);

    if (node->kind != ECS_YAML_SCALAR) {
        ecs_fault_at(run->faults, node, "the name of a rule is expected");
        return false;
    }
    if (ecs_str_eq(rule, node->text))
        return true;
    *ret_same = false;
    mismatch(run, node, name);
    ecs_buf_printf(run->out, "%s was decided by rule %.*s, expected %.*s\n", ecs_decision_name(decision),
                   ECS_FMT(rule), ECS_FMT(node->text));
    return true;
}

typedef bool check_fn(struct run *run, const struct ecs_yaml_node *node, struct ecs_str name,
                      enum ecs_decision decision, const struct ecs_decisions *d, bool *ret_same);

/* One member of "expect" or "by": a decision or a group. */
static bool check_member(struct run *run, const struct ecs_yaml_node *node, struct ecs_str name,
                         enum ecs_service service, const struct ecs_decisions *d, check_fn *check,
                         bool *ret_same)
{
    enum ecs_decision decision;
    bool good = true;
    char hint[80];

    if (ecs_decision_find(service, node->key, &decision))
        return check(run, node, name, decision, d, ret_same);
    for (const struct ecs_decision_group *g = ecs_decision_groups; g->name; g++) {
        struct ecs_str rest = ecs_str_of(g->members), member;

        if (g->service != service || !ecs_str_eq(ecs_str_of(g->name), node->key))
            continue;
        while (good && ecs_str_cut(&rest, ' ', &member))
            if (ecs_decision_find(service, member, &decision))
                good = check(run, node, name, decision, d, ret_same);
        return good;
    }
    ecs_suggest(node->key, ecs_decision_candidate, (int)service, hint);
    ecs_fault_add(run->faults, node->file, node->key_line, node->key_column, "unknown decision \"%.*s\"%s",
                  ECS_FMT(node->key), hint);
    return false;
}

static bool check_block(struct run *run, const struct ecs_yaml_node *block, struct ecs_str name,
                        enum ecs_service service, const struct ecs_decisions *d, check_fn *check,
                        bool *ret_same)
{
    bool good = true;

    if (block && block->kind != ECS_YAML_MAPPING) {
        ecs_fault_at(run->faults, block, "decisions are written as \"name: value\"");
        return false;
    }
    for (const struct ecs_yaml_node *node = block ? block->child : NULL; node; node = node->next)
        good &= check_member(run, node, name, service, d, check, ret_same);
    return good;
}

static bool check_keys(struct run *run, const struct ecs_yaml_node *node, const char *const *known)
{
    bool good = true;

    if (node->kind != ECS_YAML_MAPPING) {
        ecs_fault_at(run->faults, node, "a mapping is expected");
        return false;
    }
    for (const struct ecs_yaml_node *member = node->child; member; member = member->next) {
        const char *const *k = known;

        while (*k && !ecs_str_eq(ecs_str_of(*k), member->key))
            k++;
        if (*k)
            continue;
        ecs_fault_add(run->faults, member->file, member->key_line, member->key_column, "unknown key \"%.*s\"",
                      ECS_FMT(member->key));
        good = false;
    }
    return good;
}

static bool read_service(struct run *run, const struct ecs_yaml_node *node, enum ecs_service *ret_service)
{
    const struct ecs_yaml_node *service = ecs_yaml_get(node, "service");

    if (service && service->kind == ECS_YAML_SCALAR && ecs_service_find(service->text, ret_service))
        return true;
    ecs_fault_at(run->faults, service ? service : node,
                 "\"service:\" with the name of a service is expected");
    return false;
}

/* False only for a fault of the file; a mismatch is counted. */
static bool run_case(struct run *run, const struct ecs_yaml_node *node, enum ecs_service service,
                     const struct ecs_facts *base)
{
    static const char *const keys[] = {"name", "service", "facts", "expect", "by", NULL};
    const struct ecs_yaml_node *name, *expect;
    struct ecs_facts facts = *base;
    struct ecs_decisions d;
    bool same = true, good;

    if (!check_keys(run, node, keys))
        return false;
    name = ecs_yaml_get(node, "name");
    expect = ecs_yaml_get(node, "expect");
    if (!name || name->kind != ECS_YAML_SCALAR || !name->text.n || !expect || !expect->child) {
        ecs_fault_at(run->faults, node, "a case needs a name and at least one decision under \"expect\"");
        return false;
    }
    if (ecs_yaml_get(node, "service") && !read_service(run, node, &service))
        return false;
    if (!read_facts(run, ecs_yaml_get(node, "facts"), &facts))
        return false;
    ecs_decide(run->policy, service, &facts, &d);
    good = check_block(run, expect, name->text, service, &d, check_value, &same);
    good &= check_block(run, ecs_yaml_get(node, "by"), name->text, service, &d, check_rule, &same);
    run->result->cases++;
    run->result->failed += !same || !good;
    return good;
}

static bool run_cases(struct run *run, const struct ecs_yaml_node *root)
{
    static const char *const keys[] = {"service", "facts", "cases", NULL};
    const struct ecs_yaml_node *cases;
    struct ecs_facts base = {0};
    enum ecs_service service;
    bool good;

    if (!check_keys(run, root, keys) || !read_service(run, root, &service))
        return false;
    good = read_facts(run, ecs_yaml_get(root, "facts"), &base);
    cases = ecs_yaml_get(root, "cases");
    if (!cases || cases->kind != ECS_YAML_SEQUENCE || !cases->count) {
        ecs_fault_at(run->faults, cases ? cases : root, "a list under \"cases:\" is expected");
        return false;
    }
    for (const struct ecs_yaml_node *node = cases->child; node; node = node->next)
        good &= run_case(run, node, service, &base);
    return good;
}

bool ecs_policy_test_node(const struct ecs_policy *policy, const struct ecs_yaml_node *root,
                          struct ecs_faults *faults, struct ecs_buf *out,
                          struct ecs_policy_result *ret_result)
{
    struct run run = {policy, faults, ecs_arena_new(NULL, 16 << 20), out, ret_result};
    unsigned failed = ret_result->failed;
    bool good;

    if (!run.arena) {
        ecs_fault_add(faults, NULL, 0, 0, "no memory for the test cases");
        return false;
    }
    good = run_cases(&run, root);
    ecs_arena_free(run.arena);
    return good && ret_result->failed == failed;
}

bool ecs_policy_test(const struct ecs_policy *policy, const char *path, struct ecs_faults *faults,
                     struct ecs_buf *out, struct ecs_policy_result *ret_result)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 16 << 20);
    const struct ecs_yaml_node *root;
    bool good;

    if (!arena) {
        ecs_fault_add(faults, NULL, 0, 0, "no memory for the test cases");
        return false;
    }
    root = ecs_yaml_load(arena, path, faults);
    good = root && ecs_policy_test_node(policy, root, faults, out, ret_result);
    ecs_arena_free(arena);
    return good;
}
