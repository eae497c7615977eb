/* SPDX-License-Identifier: Apache-2.0 */
/* A loaded template, as its loader makes it and its renderer reads it. */
#pragma once

#include "sheet_template.h"

enum sheet_op_kind {
    SHEET_OP_LITERAL,
    SHEET_OP_VALUE,
    SHEET_OP_TEXT,
    SHEET_OP_PART,
    SHEET_OP_WITH,    /* jump: its SHEET_OP_END */
    SHEET_OP_WITHOUT, /* jump: its SHEET_OP_END */
    SHEET_OP_END,
};

struct sheet_op {
    enum sheet_op_kind kind;
    struct ecs_str s; /* bytes of a literal, name or key of all else */
    size_t jump;
};

struct sheet_template {
    struct sheet_op *op;
    size_t n;
    const char *policy;
};

enum { SHEET_DEPTH = 8 }; /* sections within sections, files within files */
