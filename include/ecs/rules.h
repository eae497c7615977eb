/* SPDX-License-Identifier: Apache-2.0 */
/* Facts in, decisions out: the typed vocabulary of the rules engine and its evaluation. Pure functions; a
 * policy is immutable and may be used by all threads at once. Loading, explaining and testing policies:
 * ecs/policy.h. */
#pragma once

#include "ecs/arena.h"

struct ecs_buf;
struct ecs_policy;

/* Word lists: ECS_LINE_ACTIVE, ECS_STATUS_ENABLED ... ; enum ecs_words names the lists themselves. */
#define W(prefix, id, word)      ECS_##prefix##_##id,
#define WORDS(tag, prefix, list) enum ecs_word_##tag{list};
#include "../../src/rules/words.def"
#undef WORDS
#undef W
enum ecs_words {
    ECS_WORDS_none,
#define WORDS(tag, prefix, list) ECS_WORDS_##tag,
#include "../../src/rules/words.def"
#undef WORDS
    ECS_WORDS_COUNT
};

enum ecs_fact {
#define FACT(id, name, type, words, flags, source, help) ECS_FACT_##id,
#include "../../src/rules/facts.def"
#undef FACT
    ECS_FACT_COUNT
};

enum ecs_service {
#define SERVICE(id, name, app, help) ECS_SERVICE_##id,
#define DECISION(service, id, name, type, words, help)
#define GROUP(service, name, members, help)
#define SERVICE_END(id)
#include "../../src/rules/decisions.def"
#undef SERVICE
#undef DECISION
    ECS_SERVICE_COUNT
};

/* ECS_DECIDE_VOWIFI_OFFER ... ; the rows of one service stand together (ecs_service_range). */
enum ecs_decision {
#define SERVICE(id, name, app, help)
#define DECISION(service, id, name, type, words, help) ECS_DECIDE_##service##_##id,
#include "../../src/rules/decisions.def"
#undef SERVICE
#undef DECISION
#undef SERVICE_END
#undef GROUP
    ECS_DECISION_COUNT
};

enum ecs_type {
    ECS_TYPE_BOOL,     /* i: 0, 1 */
    ECS_TYPE_INT,      /* i */
    ECS_TYPE_VERSION,  /* i: major * 1000 + minor */
    ECS_TYPE_ENUM,     /* i: position in the word list */
    ECS_TYPE_STRING,   /* s; compared without regard to ASCII case */
    ECS_TYPE_DIGITS,   /* s */
    ECS_TYPE_SET,      /* items, n; compared byte by byte */
    ECS_TYPE_TIME,     /* i: Unix seconds */
    ECS_TYPE_DURATION, /* i: seconds; from here on decisions only */
    ECS_TYPE_MESSAGE, /* s: key of the message catalogue, "" for none, "notice" for that of the service notice
                       */
    ECS_TYPE_URL,     /* s: https address, "" for none, "portal" for the address in the server setting */
    ECS_TYPE_TEMPLATE, /* s: text with {placeholders} of ecs_flow_placeholders, "" for none */
    ECS_TYPE_NAME,     /* s: name of something in the configuration, "" for none */
    ECS_TYPE_PATTERN,  /* s: extended regular expression (POSIX), "" for none */
    ECS_TYPE_COUNT
};

struct ecs_fact_value {
    bool known;
    union {
        int64_t i;
        struct ecs_str s;
        struct {
            const struct ecs_str *items;
            size_t n;
        };
    };
};

/* Zero-initialised: nothing is known. Texts and sets are borrowed, they must outlive the evaluation. */
struct ecs_facts {
    struct ecs_fact_value v[ECS_FACT_COUNT];
};

/* Setters: false, and the fact stays unknown, when the type of the fact is another one or the value is not
 * possible (an enum position without word, DIGITS that are none, hour outside 0..23 is not checked). */
bool ecs_fact_set_bool(struct ecs_facts *facts, enum ecs_fact id, bool value);
bool ecs_fact_set_int(struct ecs_facts *facts, enum ecs_fact id,
                      int64_t value); /* INT, ENUM, VERSION, TIME */
bool ecs_fact_set_version(struct ecs_facts *facts, enum ecs_fact id, unsigned major, unsigned minor);
bool ecs_fact_set_str(struct ecs_facts *facts, enum ecs_fact id,
                      struct ecs_str value); /* STRING, DIGITS; "" = unknown */
bool ecs_fact_set_words(struct ecs_facts *facts, enum ecs_fact id, const struct ecs_str *items, size_t n);
/* ENUM by its word, as the data base has it; "" and "unknown" leave the fact unknown and are no error. */
bool ecs_fact_set_word(struct ecs_facts *facts, enum ecs_fact id, struct ecs_str word);
/* Any type from text as in policy files (a set: comma list; arena for its items). Times relative to now need
 * time.now. On failure why (if not NULL, size bytes) says what was expected. */
bool ecs_fact_set_text(struct ecs_facts *facts, enum ecs_fact id, struct ecs_str text,
                       struct ecs_arena *arena, char *why, size_t size);
void ecs_fact_unset(struct ecs_facts *facts, enum ecs_fact id);
/* time.now, time.hour and time.weekday; offset: seconds east of UTC. */
void ecs_facts_set_now(struct ecs_facts *facts, int64_t unix_seconds, int offset_s);

bool ecs_fact_find(struct ecs_str name, enum ecs_fact *ret_id);
const char *ecs_fact_name(enum ecs_fact id);
enum ecs_type ecs_fact_type(enum ecs_fact id);
bool ecs_fact_is_private(enum ecs_fact id);
/* For people and logs: private facts masked, "unknown" when not known. */
void ecs_fact_print(const struct ecs_facts *facts, enum ecs_fact id, struct ecs_buf *out);
const char *ecs_word(enum ecs_words list, int64_t position); /* NULL outside the list */

struct ecs_decision_value {
    int64_t i;        /* BOOL, INT, ENUM, DURATION (seconds) */
    struct ecs_str s; /* MESSAGE, URL, TEMPLATE, NAME, PATTERN; NUL-terminated, lives as long as the policy */
    int rule;         /* position of the rule that set it, -1 for the default block */
};

struct ecs_decisions {
    struct ecs_decision_value v[ECS_DECISION_COUNT];
};

/* Sets the rows of this service and no other. First match per decision wins, the default block gives the
 * rest. Bounded by the number of conditions; no allocation, no failure. */
void ecs_decide(const struct ecs_policy *policy, enum ecs_service service, const struct ecs_facts *facts,
                struct ecs_decisions *ret_decisions);
/* Name of the deciding rule for the log and the audit table; "default" for the default block. */
struct ecs_str ecs_decide_rule(const struct ecs_policy *policy, enum ecs_decision decision,
                               const struct ecs_decisions *decisions);

const char *ecs_service_name(enum ecs_service service);                    /* "vowifi" */
const char *ecs_service_app(enum ecs_service service);                     /* "ap2004" */
bool ecs_service_find(struct ecs_str name, enum ecs_service *ret_service); /* name or AppID */
void ecs_service_range(enum ecs_service service, enum ecs_decision *ret_first, enum ecs_decision *ret_end);
bool ecs_decision_find(enum ecs_service service, struct ecs_str name, enum ecs_decision *ret_decision);
const char *ecs_decision_name(enum ecs_decision decision); /* "offer" */
enum ecs_service ecs_decision_service(enum ecs_decision decision);
enum ecs_type ecs_decision_type(enum ecs_decision decision);
bool ecs_decision_same(enum ecs_decision decision, const struct ecs_decision_value *a,
                       const struct ecs_decision_value *b); /* same value, whatever the rule */
void ecs_decision_print(enum ecs_decision decision, const struct ecs_decision_value *value,
                        struct ecs_buf *out);

/* Names that a flow-data template may use, NULL at the end. The application fills them, percent-encoded. */
extern const char *const ecs_flow_placeholders[];
struct ecs_substitution {
    struct ecs_str name, value;
};
/* Appends the template with each {name} replaced (one without value by nothing). percent: values are encoded
 * for a query string (RFC 3986 unreserved characters stay). */
void ecs_template_expand(struct ecs_str text, const struct ecs_substitution *values, size_t n, bool percent,
                         struct ecs_buf *out);
