/* SPDX-License-Identifier: Apache-2.0 */
/* State of reading one condition: shared by the reader (policy_expr.c) and the operators (policy_ops.c). */
#pragma once

#include "rules/rules_priv.h"

enum { ECS_EXPR_TOKENS = 2 * ECS_ITEMS_MAX + 16, ECS_EXPR_BYTES = 8192 };

struct ecs_expr_token {
    struct ecs_str text;
    size_t at;
    char punctuation; /* one of [ ] , or 0 for a word */
    bool quoted;
};

struct ecs_expr {
    struct ecs_str text;
    struct ecs_arena *arena;
    struct ecs_expr_token token[ECS_EXPR_TOKENS];
    unsigned n_tokens, next;
    const struct ecs_operator *op;
    struct ecs_kind kind;
    struct ecs_value value[ECS_ITEMS_MAX];
    unsigned n_values;
    struct ecs_why *why, *warning;
    size_t at; /* of the fault */
};

enum ecs_operand { NO_VALUE, ONE_VALUE, LIST, ONE_OR_LIST, PAIR, AGE };

struct ecs_operator {
    const char *name;
    unsigned types;
    enum ecs_operand operand;
    bool negate;
    bool (*build)(struct ecs_expr *p, struct ecs_condition *c);
    const char *help;
};

extern const struct ecs_operator ecs_operators[]; /* ends with name NULL */

/* Notes where the fault is (byte of the text); always false. */
bool ecs_expr_fail(struct ecs_expr *p, size_t at);
