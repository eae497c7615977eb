/* SPDX-License-Identifier: Apache-2.0 */
/* What is said between us and the validator of addresses. Its answer is foreign: checked whole, or not used.
 */
#include <string.h>

#include "ecs/address.h"
#include "ecs/clock.h"
#include "ecs/json.h"

enum { TEXT_MAX = 4 * ECS_ADDRESS_FIELD_MAX, IDENTIFIER_MAX = 256 };

static const char *const names[ECS_ADDRESS_FIELDS] = {"name", "street", "number",   "unit",
                                                      "city", "region", "postcode", "country"};
static const char *const results[] = {"good", "pending", "bad", "suggestion", NULL};

void ecs_address_write(const struct ecs_address *address, struct ecs_str msisdn, struct ecs_str reference,
                       struct ecs_buf *out)
{
    struct ecs_json_out json = {.buf = out};

    ecs_json_begin(&json, NULL, '{');
    ecs_json_str(&json, "reference", reference);
    ecs_json_str(&json, "service", ECS_STR("vowifi"));
    if (msisdn.n)
        ecs_json_str(&json, "msisdn", msisdn);
    ecs_json_begin(&json, "address", '{');
    for (size_t i = 0; i < ECS_ADDRESS_FIELDS; i++)
        if (address->field[i].n)
            ecs_json_str(&json, names[i], address->field[i]);
    ecs_json_end(&json, '}');
    ecs_json_end(&json, '}');
}

struct answer {
    int result;
    struct ecs_str identifier, expires;
    struct ecs_json_strs fields;
    bool has_address;
    struct ecs_str part[ECS_ADDRESS_FIELDS];
};

#define PART(name, field)                                                                                    \
    {                                                                                                        \
        name, ECS_JSON_T_STR, .offset = sizeof(struct ecs_str) * ECS_ADDRESS_##field, .high = TEXT_MAX       \
    }
static const struct ecs_json_field part_fields[] = {
    PART("name", NAME),         PART("street", STREET),   PART("number", NUMBER),
    PART("unit", UNIT),         PART("city", CITY),       PART("region", REGION),
    PART("postcode", POSTCODE), PART("country", COUNTRY), {0},
};
#undef PART

static const struct ecs_json_field answer_fields[] = {
    {"result", ECS_JSON_T_WORD, true, offsetof(struct answer, result), .words = results},
    {"identifier", ECS_JSON_T_STR, .offset = offsetof(struct answer, identifier), .low = 1,
     .high = IDENTIFIER_MAX},
    {"expires", ECS_JSON_T_STR, .offset = offsetof(struct answer, expires), .low = 1, .high = 40},
    {"fields", ECS_JSON_T_STRS, .offset = offsetof(struct answer, fields), .high = ECS_ADDRESS_FIELDS},
    {"address", ECS_JSON_T_SUB, .offset = offsetof(struct answer, part),
     .set_offset = offsetof(struct answer, has_address), .sub = part_fields},
    {0},
};

static void refuse(struct ecs_address_result *r, const char *reason)
{
    *r = (struct ecs_address_result){.verdict = ECS_ADDRESS_UNREACHABLE, .reason = reason};
}

/* It goes to devices in XML (TS.43 AddrIdentifier): printable ASCII but what old clients break on (C-34). */
static bool is_identifier(struct ecs_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x21 || s.p[i] > 0x7e || strchr("<>\"'&", s.p[i]))
            return false;
    return true;
}

static bool read_fields(const struct answer *a, unsigned *ret_bad)
{
    unsigned bad = 0;

    for (size_t i = 0; i < a->fields.n; i++) {
        size_t k = 0;

        while (k < ECS_ADDRESS_FIELDS && !ecs_str_eq(a->fields.item[i], ecs_str_of(names[k])))
            k++;
        if (k == ECS_ADDRESS_FIELDS)
            return false;
        bad |= 1u << k;
    }
    *ret_bad = bad;
    return true;
}

/* A suggestion goes back to the user and then to the validator: it must pass our own rules. */
static bool read_suggestion(struct ecs_arena *arena, const struct answer *a, const struct ecs_address *asked,
                            struct ecs_address *ret_address)
{
    struct ecs_address address;
    unsigned missing, wrong;

    memcpy(address.field, a->part, sizeof(address.field));
    if (!address.field[ECS_ADDRESS_COUNTRY].n)
        address.field[ECS_ADDRESS_COUNTRY] = asked->field[ECS_ADDRESS_COUNTRY];
    if (!address.field[ECS_ADDRESS_NAME].n)
        address.field[ECS_ADDRESS_NAME] = asked->field[ECS_ADDRESS_NAME];
    if (!ecs_address_tidy(arena, &address))
        return false;
    ecs_address_judge(&address, &missing, &wrong);
    *ret_address = address;
    return !missing && !wrong;
}

void ecs_address_read(struct ecs_arena *arena, struct ecs_str body, const struct ecs_address *asked,
                      int64_t now, struct ecs_address_result *ret_result)
{
    struct answer a = {0};
    struct ecs_address_result r = {0};
    const char *why = NULL;

    if (ecs_json_bind(arena, body, answer_fields, &a, &why) != ECS_OK) {
        refuse(ret_result, why ? why : "the answer cannot be read");
        return;
    }
    static const enum ecs_address_verdict verdicts[] = {ECS_ADDRESS_GOOD, ECS_ADDRESS_PENDING,
                                                        ECS_ADDRESS_BAD, ECS_ADDRESS_SUGGESTION};
    r.verdict = verdicts[a.result];
    r.identifier = a.identifier;
    if (!is_identifier(a.identifier))
        refuse(&r, "identifier: characters that devices cannot take");
    else if (a.expires.n && (!ecs_time_parse(a.expires, &r.expires_s) || r.expires_s <= now))
        refuse(&r, "expires: not a time in the future");
    else if (!read_fields(&a, &r.bad))
        refuse(&r, "fields: an unknown field");
    else if (r.verdict == ECS_ADDRESS_SUGGESTION &&
             (!a.has_address || !read_suggestion(arena, &a, asked, &r.suggestion)))
        refuse(&r, "address: the suggestion is incomplete or against the rules of its country");
    else if (r.verdict != ECS_ADDRESS_BAD)
        r.bad = 0;
    *ret_result = r;
}
