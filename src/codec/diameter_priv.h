/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of the Diameter codec: the table of AVPs. */
#pragma once

#include "ecs/diameter.h"

enum diameter_type {
    TYPE_OCTETS,
    TYPE_UTF8, /* not judged: pseudonyms of EAP need not be text */
    TYPE_IDENTITY,
    TYPE_U32, /* Enumerated and Integer32, too */
    TYPE_U64,
    TYPE_TIME,
    TYPE_ADDRESS,
    TYPE_GROUP,
    TYPE_AVPS, /* a group whose members are not judged: they may be wrong or foreign by purpose */
    TYPE_COUNT,
};
struct diameter_avp_row {
    uint32_t code, vendor;
    enum diameter_type type;
    bool mandatory;
    const char *name;
};
extern const struct diameter_avp_row ecs_diameter_avp_rows[ECS_AVP_COUNT];
/* Bytes that a value of a type has at least and at most. */
extern const struct diameter_size {
    size_t least, most;
} ecs_diameter_sizes[TYPE_COUNT];

static inline size_t diameter_pad(size_t n)
{
    return (n + 3) & ~(size_t)3;
}
