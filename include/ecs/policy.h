/* SPDX-License-Identifier: Apache-2.0 */
/* Policies as files: loading with all faults reported, explaining a decision, test cases of the operator,
 * comparing two policies. For start, reload and the tools; only ecs_policy_uses is for the request path. */
#pragma once

#include "ecs/rules.h"

struct ecs_faults; /* ecs/yaml.h */
struct ecs_yaml_node;

/* All *.yaml files of the directory, in the order of their names; each holds the rules of one service, and
 * every service of the first release must have one; of a later one a warning tells. NULL with at least one
 * fault recorded when anything is wrong: a policy is taken as a whole. warnings may be NULL; they do not
 * hinder (unreachable rules, unusual words). Immutable; freed by its owner when no thread uses it any more.
 */
struct ecs_policy *ecs_policy_load(const char *dir, struct ecs_faults *faults, struct ecs_faults *warnings);
/* False: no file has its rules. Its application must not be offered then. */
bool ecs_policy_has(const struct ecs_policy *policy, enum ecs_service service);

struct ecs_policy_source {
    const char *name; /* stands in faults as file name */
    struct ecs_str text;
};
struct ecs_policy *ecs_policy_load_texts(const struct ecs_policy_source *sources, size_t n,
                                         struct ecs_faults *faults, struct ecs_faults *warnings);
void ecs_policy_free(struct ecs_policy *policy); /* NULL is allowed */

/* Of the rules' content without comments, layout and file names: equal on all nodes with the same policy. */
uint64_t ecs_policy_hash(const struct ecs_policy *policy);
/* Whether any rule asks for the fact: loaders may skip those that no rule wants. */
bool ecs_policy_uses(const struct ecs_policy *policy, enum ecs_fact fact);
/* Calls fn for each text of that type (ECS_TYPE_MESSAGE: keys, ECS_TYPE_TEMPLATE) that a rule or default
 * sets, but for
 * "" and the key "notice". */
void ecs_policy_texts(const struct ecs_policy *policy, enum ecs_type type,
                      void (*fn)(void *arg, struct ecs_str text, const char *file, unsigned line), void *arg);
/* The same for one decision. */
void ecs_policy_texts_of(const struct ecs_policy *policy, enum ecs_decision decision,
                         void (*fn)(void *arg, struct ecs_str text, const char *file, unsigned line),
                         void *arg);

/* Each value of one decision, rule by rule, then the default: text (empty ones, too) and number, whichever
 * its type has. */
void ecs_policy_values_of(const struct ecs_policy *policy, enum ecs_decision decision,
                          void (*fn)(void *arg, struct ecs_str text, int64_t number, const char *file,
                                     unsigned line),
                          void *arg);

/* Appends one JSON object: service, app, policy (hash), decisions with value and rule, all rules with each
 * condition, its fact's value and outcome, the decisions the rule set and those it would have set later than
 * another. Private facts are masked. */
void ecs_explain(const struct ecs_policy *policy, enum ecs_service service, const struct ecs_facts *facts,
                 struct ecs_buf *out);

/* Test cases of one file:
 *   service: vowifi
 *   facts: { line.state: active, ... }         for all cases
 *   cases:
 *     - name: a suspended line is refused
 *       facts: { line.state: suspended }       unknown unsets; times may be now+30d
 *       expect: { offer: no }                  any decisions or groups
 *       by: { offer: line-not-active }         optional: rule that must decide
 * Mismatches are appended to out, one line each with file:line:column. */
struct ecs_policy_result {
    unsigned cases, failed;
};
/* False when the file has faults (recorded) or a case failed. ret_result is added to. */
bool ecs_policy_test(const struct ecs_policy *policy, const char *path, struct ecs_faults *faults,
                     struct ecs_buf *out, struct ecs_policy_result *ret_result);
bool ecs_policy_test_node(const struct ecs_policy *policy, const struct ecs_yaml_node *root,
                          struct ecs_faults *faults, struct ecs_buf *out,
                          struct ecs_policy_result *ret_result);

/* Dry run: which decisions change from one policy to another over many subscribers, how often and by which
 * rules. At most 512 different changes are kept apart, the others are counted together. */
struct ecs_policy_compare;
struct ecs_policy_compare *ecs_policy_compare_new(const struct ecs_policy *from, const struct ecs_policy *to);
void ecs_policy_compare_free(struct ecs_policy_compare *compare);
/* Number of decisions that differ for these facts; no allocation. */
unsigned ecs_policy_compare_add(struct ecs_policy_compare *compare, const struct ecs_facts *facts);
/* Appends JSON:
 * {"seen":n,"changed":n,"changes":[{service,decision,old,new,old_rule,new_rule,count}],"others":n}, the most
 * frequent change first. */
void ecs_policy_compare_write(struct ecs_policy_compare *compare, struct ecs_buf *out);

/* Markdown tables of facts, operators, decisions and groups for docs/configuration.md. */
void ecs_rules_write_manual(struct ecs_buf *out);
