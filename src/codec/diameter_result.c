/* SPDX-License-Identifier: Apache-2.0 */
/* Results of answers by their table; numbers without a row are judged by their class. */
#include "ecs/diameter.h"

enum { VENDOR_BASE = 0, VENDOR_TGPP = 10415 };

static const struct {
    uint32_t vendor, code;
    enum ecs_diameter_meaning meaning;
    const char *name;
} results[] = {
#define RESULT(name, space, number, meaning) {VENDOR_##space, number, ECS_DIAMETER_MEANS_##meaning, #name},
#include "codec/diameter_results.def"
#undef RESULT
};

/* aaa.md 3: an unknown success is none that we understand. */
static const enum ecs_diameter_meaning classes[] = {
    [1] = ECS_DIAMETER_MEANS_FAULT, [2] = ECS_DIAMETER_MEANS_FAULT, [3] = ECS_DIAMETER_MEANS_LATER,
    [4] = ECS_DIAMETER_MEANS_LATER, [5] = ECS_DIAMETER_MEANS_FAULT,
};

static ptrdiff_t find(uint32_t vendor, uint32_t code)
{
    for (size_t i = 0; i < ECS_ARRAY_LEN(results); i++)
        if (results[i].code == code && results[i].vendor == vendor)
            return (ptrdiff_t)i;
    return -1;
}

bool ecs_diameter_result_of(const struct ecs_diameter_message *answer, struct ecs_diameter_result *ret_result)
{
    struct ecs_diameter_result result = {0};
    struct ecs_str group;
    ptrdiff_t row;

    if (!ecs_diameter_get_u32(answer->avps, ECS_AVP_RESULT_CODE, &result.code) &&
        (!ecs_diameter_get(answer->avps, ECS_AVP_EXPERIMENTAL_RESULT, &group) ||
         !ecs_diameter_get_u32(group, ECS_AVP_VENDOR_ID, &result.vendor) ||
         !ecs_diameter_get_u32(group, ECS_AVP_EXPERIMENTAL_RESULT_CODE, &result.code)))
        return false;
    row = find(result.vendor, result.code);
    if (row >= 0)
        result.meaning = results[row].meaning;
    else
        result.meaning = result.code / 1000 >= 1 && result.code / 1000 <= 5 ? classes[result.code / 1000]
                                                                            : ECS_DIAMETER_MEANS_FAULT;
    *ret_result = result;
    return true;
}

const char *ecs_diameter_result_name(const struct ecs_diameter_result *result)
{
    ptrdiff_t row = find(result->vendor, result->code);

    return row >= 0 ? results[row].name : "unknown result";
}
