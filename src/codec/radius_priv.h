/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the RADIUS codec share. */
#pragma once

#include "ecs/radius.h"

enum { RADIUS_TYPE_VENDOR = 26, RADIUS_VENDOR_HEAD = 6, RADIUS_CODES = 7 };

struct radius_attr_row {
    uint32_t vendor;
    uint8_t type;
    enum { RADIUS_TEXT, RADIUS_OCTETS, RADIUS_U32 } kind;
    uint8_t low, high;
    char allowed[RADIUS_CODES]; /* by radius_column: '0', '1' or 'N' */
    const char *text;
};
extern const struct radius_attr_row ecs_radius_attr_rows[ECS_RADIUS_ATTR_COUNT];

/* Column of the table; -1: no such code. */
int ecs_radius_column(unsigned code);
/* Sizes of values, what must be there once only, and pieces of EAP-Message in a row; sending: what the packet
 * must not hold, too. */
enum ecs_radius_fault ecs_radius_check(struct ecs_str attrs, unsigned code, bool sending);
