/* SPDX-License-Identifier: Apache-2.0 */
/* Why a decision came out as it did, as JSON for the admin interface and "entitlementctl explain"; and the
 * manual's tables of the vocabulary. */
#include "ecs/policy.h"

#include "rules/rules_priv.h"

#include <inttypes.h>

struct writer {
    struct ecs_buf *out;
    struct ecs_buf text; /* a value before it is escaped */
};

static void add_string(struct writer *w, struct ecs_str s)
{
    ecs_buf_add_char(w->out, '"');
    ecs_buf_add_json(w->out, s);
    ecs_buf_add_char(w->out, '"');
}

static void add_member(struct writer *w, const char *before, const char *name, struct ecs_str value)
{
    ecs_buf_printf(w->out, "%s\"%s\":", before, name);
    add_string(w, value);
}

static void add_decision_value(struct writer *w, enum ecs_decision decision,
                               const struct ecs_decision_value *value)
{
    ecs_buf_reset(&w->text);
    ecs_decision_print(decision, value, &w->text);
    add_string(w, ecs_buf_str(&w->text));
}

static void add_conditions(struct writer *w, const struct ecs_rule *rule, const struct ecs_facts *facts)
{
    ecs_buf_add_cstr(w->out, ",\"conditions\":[");
    for (unsigned i = 0; i < rule->n_conditions; i++) {
        const struct ecs_condition *c = &rule->conditions[i];

        add_member(w, i ? ",{" : "{", "text", rule->texts[i]);
        add_member(w, ",", "fact", ecs_str_of(ecs_fact_name((enum ecs_fact)c->fact)));
        ecs_buf_reset(&w->text);
        ecs_fact_print(facts, (enum ecs_fact)c->fact, &w->text);
        add_member(w, ",", "value", ecs_buf_str(&w->text));
        ecs_buf_printf(w->out, ",\"holds\":%s}", ecs_condition_holds(c, facts) ? "true" : "false");
    }
    ecs_buf_add_char(w->out, ']');
}

/* Names of the rule's decisions that it decided (mine) or that another one had decided before. */
static void add_decided(struct writer *w, const struct ecs_rule *rule, int index,
                        const struct ecs_decisions *d, bool mine)
{
    unsigned n = 0;

    for (unsigned i = 0; i < rule->n_set; i++) {
        enum ecs_decision decision = rule->set[i].decision;

        if ((d->v[decision].rule == index) != mine)
            continue;
        ecs_buf_add_cstr(w->out, n++ ? "," : "");
        add_string(w, ecs_str_of(ecs_decision_name(decision)));
    }
}

static void add_rule(struct writer *w, const struct ecs_ruleset *set, int index,
                     const struct ecs_facts *facts, const struct ecs_decisions *d)
{
    const struct ecs_rule *rule = &set->rules[index];
    bool matches = true;

    for (unsigned i = 0; i < rule->n_conditions; i++)
        matches = matches && ecs_condition_holds(&rule->conditions[i], facts);
    add_member(w, index ? ",{" : "{", "name", rule->name);
    add_member(w, ",", "file", ecs_str_of(set->file));
    ecs_buf_printf(w->out, ",\"line\":%u,\"matches\":%s", rule->line, matches ? "true" : "false");
    add_conditions(w, rule, facts);
    ecs_buf_add_cstr(w->out, ",\"decided\":[");
    add_decided(w, rule, index, d, true);
    ecs_buf_add_cstr(w->out, "],\"decided_before\":[");
    if (matches)
        add_decided(w, rule, index, d, false);
    ecs_buf_add_cstr(w->out, "]}");
}

void ecs_explain(const struct ecs_policy *policy, enum ecs_service service, const struct ecs_facts *facts,
                 struct ecs_buf *out)
{
    const struct ecs_ruleset *set = &policy->service[service];
    struct writer w = {.out = out};
    struct ecs_decisions d;
    enum ecs_decision first, end;

    ecs_decide(policy, service, facts, &d);
    ecs_service_range(service, &first, &end);
    add_member(&w, "{", "service", ecs_str_of(ecs_service_name(service)));
    add_member(&w, ",", "app", ecs_str_of(ecs_service_app(service)));
    ecs_buf_printf(out, ",\"policy\":\"%016" PRIx64 "\",\"decisions\":{", policy->hash);
    for (unsigned i = first; i < end; i++) {
        enum ecs_decision decision = (enum ecs_decision)i;

        ecs_buf_printf(out, "%s\"%s\":{\"value\":", i > first ? "," : "", ecs_decision_name(decision));
        add_decision_value(&w, decision, &d.v[decision]);
        add_member(&w, ",", "rule", ecs_decide_rule(policy, decision, &d));
        ecs_buf_add_char(out, '}');
    }
    ecs_buf_add_cstr(out, "},\"rules\":[");
    for (unsigned i = 0; i < set->n_rules; i++)
        add_rule(&w, set, (int)i, facts, &d);
    ecs_buf_add_cstr(out, "]}");
    if (w.text.overflow)
        out->overflow = true;
    ecs_buf_done(&w.text);
}
