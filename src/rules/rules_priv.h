/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled form of policies and the value types; shared by the files of this module and its tests. */
#pragma once

#include "ecs/buf.h"
#include "ecs/rules.h"
#include "ecs/yaml.h"

#define ECS_RULES_MAX      500              /* rules of a service */
#define ECS_CONDITIONS_MAX 32               /* conditions of a rule */
#define ECS_ITEMS_MAX      64               /* values of a list */
#define ECS_TEXT_MAX       256              /* bytes of a text value */
#define ECS_TEMPLATE_MAX   1024             /* bytes of an address or template */
#define ECS_NUMBER_MAX     1000000000000000 /* numbers and seconds, either sign */
#define ECS_UNKNOWN_BIT    63               /* place of "unknown" in the mask of a word condition */

/* Reason of a refused value, for people. */
struct ecs_why {
    char text[240];
};

struct ecs_value {
    int64_t i;
    struct ecs_str s; /* copied into the arena, NUL-terminated */
    bool from_now;    /* TIME: i is seconds after (or before) time.now */
    bool unknown;     /* ENUM: the word "unknown" */
};

/* What a fact or decision may hold; the words of an ENUM, or the usual ones of a SET. */
struct ecs_kind {
    enum ecs_type type;
    enum ecs_words words;
};

const char *ecs_type_name(enum ecs_type type); /* "number", "set of words" */
bool ecs_value_parse(struct ecs_kind kind, struct ecs_str text, struct ecs_arena *arena,
                     struct ecs_value *ret_value, struct ecs_why *ret_why);
void ecs_value_print(struct ecs_kind kind, int64_t i, struct ecs_str s, struct ecs_buf *out);
bool ecs_duration_parse(struct ecs_str text, int64_t *ret_seconds);
void ecs_refuse(struct ecs_why *why, const char *format, ...) ECS_PRINTF(2, 3);

size_t ecs_words_count(enum ecs_words list);
int ecs_words_find(enum ecs_words list, struct ecs_str word); /* -1 */
/* " (did you mean \"x\"?)" or "" for a misspelt word; name(i) gives the candidates, NULL ends them. */
void ecs_suggest(struct ecs_str word, const char *(*name)(unsigned i, int group), int group, char out[80]);

struct ecs_kind ecs_fact_kind(enum ecs_fact id);
const char *ecs_fact_source(enum ecs_fact id);
const char *ecs_fact_help(enum ecs_fact id);
void ecs_fact_print_value(enum ecs_fact id, const struct ecs_fact_value *value, struct ecs_buf *out);
const char *ecs_fact_candidate(unsigned i, int unused);

struct ecs_kind ecs_decision_kind(enum ecs_decision decision);
const char *ecs_decision_help(enum ecs_decision decision);
const char *ecs_service_help(enum ecs_service service);
/* Names that a "then" block of the service knows: decisions first, then groups; NULL at the end. */
const char *ecs_decision_candidate(unsigned i, int service);
struct ecs_decision_group {
    enum ecs_service service;
    const char *name, *members, *help;
};
extern const struct ecs_decision_group ecs_decision_groups[]; /* ends with name NULL */

struct ecs_condition {
    bool (*test)(const struct ecs_condition *c, const struct ecs_facts *facts);
    uint16_t fact;
    bool negate;
    bool low_from_now, high_from_now;
    union {
        uint64_t mask; /* words and yes/no */
        struct {
            int64_t low, high; /* both included; INT64_MIN and INT64_MAX: open */
        };
        struct {
            const struct ecs_str *texts;
            size_t n_texts;
        };
        struct {
            const int64_t *numbers;
            size_t n_numbers;
        };
    };
};

static inline bool ecs_condition_holds(const struct ecs_condition *c, const struct ecs_facts *facts)
{
    return c->test(c, facts) != c->negate;
}

bool ecs_test_known(const struct ecs_condition *c, const struct ecs_facts *facts);
bool ecs_test_mask(const struct ecs_condition *c, const struct ecs_facts *facts);
bool ecs_test_range(const struct ecs_condition *c, const struct ecs_facts *facts);
bool ecs_test_number(const struct ecs_condition *c, const struct ecs_facts *facts);
bool ecs_test_text(const struct ecs_condition *c, const struct ecs_facts *facts);
bool ecs_test_prefix(const struct ecs_condition *c, const struct ecs_facts *facts);
bool ecs_test_any(const struct ecs_condition *c, const struct ecs_facts *facts);
bool ecs_test_all(const struct ecs_condition *c, const struct ecs_facts *facts);

/* One condition from its text. On failure why, and at = position in the text (bytes). A warning (unusual word
 * of a set) leaves true and fills *ret_warning (empty text otherwise). */
bool ecs_expr_parse(struct ecs_str text, struct ecs_arena *arena, struct ecs_condition *ret_condition,
                    struct ecs_why *ret_why, size_t *ret_at, struct ecs_why *ret_warning);
void ecs_expr_write_manual(struct ecs_buf *out); /* table of operators */

struct ecs_assignment {
    enum ecs_decision decision;
    int64_t i;
    struct ecs_str s;
};

struct ecs_rule {
    const struct ecs_condition *conditions;
    const struct ecs_assignment *set;
    uint64_t sets; /* bit n: the n-th decision of the service */
    uint16_t n_conditions, n_set;
    unsigned line;
    struct ecs_str name;
    const struct ecs_str *texts; /* of the conditions */
};

struct ecs_ruleset {
    const struct ecs_rule *rules;
    unsigned n_rules;
    const struct ecs_assignment *defaults; /* one per decision, in order */
    const char *file;                      /* NULL: not loaded */
    uint64_t hash;
    unsigned default_line;
};

struct ecs_policy {
    struct ecs_arena *arena;
    uint64_t hash;
    bool uses[ECS_FACT_COUNT];
    struct ecs_ruleset service[ECS_SERVICE_COUNT];
};

struct ecs_loader {
    struct ecs_policy *policy;
    struct ecs_faults *faults;
    struct ecs_faults *warnings; /* may be NULL */
};

/* Reads one YAML document into the policy; every fault is recorded. */
void ecs_policy_read(struct ecs_loader *loader, const struct ecs_yaml_node *root);
/* One fact of a test file or hypothetical case: scalar, or sequence for a set; the word unknown unsets. */
bool ecs_fact_from_yaml(struct ecs_facts *facts, const struct ecs_yaml_node *node, struct ecs_arena *arena,
                        struct ecs_faults *faults);
