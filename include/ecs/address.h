/* SPDX-License-Identifier: Apache-2.0 */
/* Emergency addresses (TS.43 3.1.3): fields by country, built-in rules, and the check by an external
 * validator over HTTP. The address itself is not kept here: it goes to the validator (or the operator's
 * system) and only its identifier comes back. */
#pragma once

#include "ecs/buf.h"
#include "ecs/neighbour.h"
#include "ecs/setting.h"

/* Section "address". */
struct ecs_address_conf {
    const char *url;                                 /* "": built-in rules only */
    const char *token, *ca_file, *certificate, *key; /* NULL: none */
    bool send_msisdn;
    int64_t connect_ms, timeout_ms, max_in_flight, breaker_failures, breaker_ms;
};
extern const struct ecs_setting ecs_address_settings[];
bool ecs_address_conf_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node);

enum { ECS_ADDRESS_FIELDS = 8, ECS_ADDRESS_FIELD_MAX = 100 };
enum ecs_address_field {
    ECS_ADDRESS_NAME,
    ECS_ADDRESS_STREET,
    ECS_ADDRESS_NUMBER,
    ECS_ADDRESS_UNIT,
    ECS_ADDRESS_CITY,
    ECS_ADDRESS_REGION,
    ECS_ADDRESS_POSTCODE,
    ECS_ADDRESS_COUNTRY /* ISO 3166-1 alpha-2 */
};
struct ecs_address {
    struct ecs_str field[ECS_ADDRESS_FIELDS]; /* UTF-8, trimmed; {NULL, 0} or empty: not given */
};
struct ecs_address_rule {
    const char *name; /* of the field in forms and JSON: "postcode" */
    bool shown, required;
    const char *autocomplete; /* HTML autocomplete word */
    const char *inputmode;    /* "numeric", "text" */
    unsigned max;             /* characters */
    const char *hint;         /* how it looks: "12345"; NULL: none */
};
/* Fields of that country in the order in which its people write them; a general form for countries without a
 * row. ret_rules is indexed by field. */
void ecs_address_rules(struct ecs_str country, struct ecs_address_rule ret_rules[ECS_ADDRESS_FIELDS],
                       enum ecs_address_field ret_order[ECS_ADDRESS_FIELDS], size_t *ret_n);

/* Countries with rows of their own, upper case; ends with NULL. */
extern const char *const ecs_address_countries[];
/* Blanks trimmed and joined, postcode and region in the spelling of the country; memory of the arena. False:
 * it is exhausted. */
bool ecs_address_tidy(struct ecs_arena *arena, struct ecs_address *address) ECS_MUST_CHECK;
/* The built-in check of a tidy address: a bit 1 << field for each field that is missing, or wrong (length,
 * form of the postcode, unknown region, post-office box, not text). */
void ecs_address_judge(const struct ecs_address *address, unsigned *ret_missing, unsigned *ret_wrong);

enum ecs_address_verdict {
    ECS_ADDRESS_GOOD,        /* accepted; identifier may be given */
    ECS_ADDRESS_PENDING,     /* being checked: AddrStatus 3; the validator reports later */
    ECS_ADDRESS_BAD,         /* refused: bad has a bit 1 << field for each field at fault, 0: the whole */
    ECS_ADDRESS_SUGGESTION,  /* accepted in another spelling: suggestion */
    ECS_ADDRESS_UNREACHABLE, /* the validator cannot be asked now */
};
struct ecs_address_result {
    enum ecs_address_verdict verdict;
    unsigned bad;
    struct ecs_str identifier; /* at most 256 bytes; {NULL, 0}: none */
    int64_t expires_s;         /* Unix seconds; 0: never */
    struct ecs_address suggestion;
    const char *reason; /* for logs, no address */
};
struct ecs_address_checker;
/* NULL: no memory. Without a URL in conf only the built-in rules (pool may be NULL). conf is borrowed;
 * allow_plain: the URL may be http://. stats may be NULL. */
struct ecs_address_checker *ecs_address_checker_new(struct ecs_http_pool *pool,
                                                    const struct ecs_address_conf *conf, bool allow_plain,
                                                    struct ecs_neighbour_stats *stats);
void ecs_address_checker_free(struct ecs_address_checker *checker);
/* May wait; the flow goes on with every verdict. reference: our id of this attempt, the same on a repetition.
 */
enum ecs_next ecs_address_check(struct ecs_flow *f, struct ecs_address_checker *checker,
                                const struct ecs_address *address, struct ecs_str msisdn,
                                struct ecs_str reference, struct ecs_address_result *ret_result);

/* ---- the validator's language, pure (docs/websheets.md) ---- */

/* The request's body. */
void ecs_address_write(const struct ecs_address *address, struct ecs_str msisdn, struct ecs_str reference,
                       struct ecs_buf *out);
/* An answer's body; anything that breaks the contract is ECS_ADDRESS_UNREACHABLE with a reason. asked: the
 * address that the answer is about (its country holds for a suggestion). now: Unix seconds. */
void ecs_address_read(struct ecs_arena *arena, struct ecs_str body, const struct ecs_address *asked,
                      int64_t now, struct ecs_address_result *ret_result);
