/* SPDX-License-Identifier: Apache-2.0 */
/* Codes of an AAA and what they come to: the operator's own lists first, then TS.43 Table 7. */
#include "adapters/aaa_int.h"

enum { SPACE_BASE = 1, SPACE_TGPP = 2, SPACE_BOTH = SPACE_BASE | SPACE_TGPP };

static const struct {
    unsigned spaces;
    uint32_t from, to;
    enum ecs_aaa_verdict verdict;
} table[] = {
#define ROW(row, space, from, to, verdict) {SPACE_##space, from, to, ECS_AAA_##verdict},
#include "adapters/aaa_table7.def"
#undef ROW
};

bool aaa_code_read(struct ecs_str text, struct ecs_diameter_result *ret_code)
{
    static const struct ecs_str result = ECS_STR("result:");
    struct ecs_diameter_result code = {.vendor = ECS_DIAMETER_TGPP};

    if (ecs_str_starts_with(text, result)) {
        text.p += result.n;
        text.n -= result.n;
        code.vendor = 0;
    }
    if (!ecs_str_is_digits(text) || !ecs_str_to_u32(text, &code.code) || code.code < 2002 || code.code > 5999)
        return false;
    *ret_code = code;
    return true;
}

static bool is_in(const struct ecs_str_list *list, uint32_t vendor, uint32_t code)
{
    struct ecs_diameter_result row;

    for (size_t i = 0; i < list->n; i++)
        if (aaa_code_read(list->items[i], &row) && row.code == code && row.vendor == vendor)
            return true;
    return false;
}

enum ecs_aaa_verdict aaa_code_verdict(const struct ecs_aaa_conf *conf, uint32_t vendor, uint32_t code)
{
    unsigned space = vendor == 0 ? SPACE_BASE : vendor == ECS_DIAMETER_TGPP ? SPACE_TGPP : 0;

    if (is_in(&conf->transient_codes, vendor, code))
        return ECS_AAA_TRANSIENT;
    if (is_in(&conf->refused_codes, vendor, code))
        return ECS_AAA_REJECTED;
    for (size_t i = 0; i < ECS_ARRAY_LEN(table); i++)
        if ((table[i].spaces & space) && code >= table[i].from && code <= table[i].to)
            return table[i].verdict;
    return ECS_AAA_TRANSIENT;
}
