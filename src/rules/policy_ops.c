/* SPDX-License-Identifier: Apache-2.0 */
/* The operators of conditions: which types they fit, which values they take, and how the values become a
 * test. */
#include "rules/expr_priv.h"

bool ecs_expr_fail(struct ecs_expr *p, size_t at)
{
    p->at = at;
    return false;
}

static bool no_memory(struct ecs_expr *p)
{
    ecs_refuse(p->why, "the policy is too large");
    return ecs_expr_fail(p, 0);
}

static bool build_known(struct ecs_expr *p, struct ecs_condition *c)
{
    (void)p;
    c->test = ecs_test_known;
    return true;
}

static bool build_texts(struct ecs_expr *p, struct ecs_condition *c)
{
    struct ecs_str *texts = ecs_alloc(p->arena, p->n_values * sizeof(*texts));

    if (!texts)
        return no_memory(p);
    for (unsigned i = 0; i < p->n_values; i++)
        texts[i] = p->value[i].s;
    c->texts = texts;
    c->n_texts = p->n_values;
    return true;
}

static bool build_numbers(struct ecs_expr *p, struct ecs_condition *c)
{
    int64_t *numbers = ecs_alloc(p->arena, p->n_values * sizeof(*numbers));

    if (!numbers)
        return no_memory(p);
    for (unsigned i = 0; i < p->n_values; i++)
        numbers[i] = p->value[i].i;
    c->test = ecs_test_number;
    c->numbers = numbers;
    c->n_numbers = p->n_values;
    return true;
}

static bool build_equal(struct ecs_expr *p, struct ecs_condition *c)
{
    if (p->kind.type == ECS_TYPE_STRING || p->kind.type == ECS_TYPE_DIGITS) {
        c->test = ecs_test_text;
        return build_texts(p, c);
    }
    if (p->kind.type != ECS_TYPE_BOOL && p->kind.type != ECS_TYPE_ENUM)
        return build_numbers(p, c);
    c->test = ecs_test_mask;
    c->mask = 0;
    for (unsigned i = 0; i < p->n_values; i++)
        c->mask |= UINT64_C(1) << (p->value[i].unknown ? ECS_UNKNOWN_BIT : (unsigned)p->value[i].i);
    return true;
}

static bool build_prefix(struct ecs_expr *p, struct ecs_condition *c)
{
    c->test = ecs_test_prefix;
    return build_texts(p, c);
}

/* A word that no plan or device usually has is probably misspelt, but data may be ahead of this table. */
static const char *usual_word(unsigned i, int list)
{
    return ecs_word((enum ecs_words)list, i);
}

static bool build_members(struct ecs_expr *p, struct ecs_condition *c)
{
    for (unsigned i = 0; i < p->n_values && p->kind.words != ECS_WORDS_none; i++) {
        char hint[80];

        if (ecs_words_find(p->kind.words, p->value[i].s) >= 0)
            continue;
        ecs_suggest(p->value[i].s, usual_word, p->kind.words, hint);
        ecs_refuse(p->warning, "\"%.*s\" is not a usual word of %s%s", ECS_FMT(p->value[i].s),
                   ecs_fact_name((enum ecs_fact)c->fact), hint);
    }
    return build_texts(p, c);
}

static bool build_any(struct ecs_expr *p, struct ecs_condition *c)
{
    c->test = ecs_test_any;
    return build_members(p, c);
}

static bool build_all(struct ecs_expr *p, struct ecs_condition *c)
{
    c->test = ecs_test_all;
    return build_members(p, c);
}

/* Values and offsets stay far inside the type, so one second more or less cannot overflow. */
static void set_low(struct ecs_condition *c, const struct ecs_value *v, int64_t more)
{
    c->low = v->i + more;
    c->low_from_now = v->from_now;
}

static void set_high(struct ecs_condition *c, const struct ecs_value *v, int64_t more)
{
    c->high = v->i + more;
    c->high_from_now = v->from_now;
}

static void set_open(struct ecs_condition *c)
{
    c->test = ecs_test_range;
    c->low = INT64_MIN;
    c->high = INT64_MAX;
}

static bool build_less(struct ecs_expr *p, struct ecs_condition *c)
{
    set_open(c);
    set_high(c, &p->value[0], -1);
    return true;
}

static bool build_at_most(struct ecs_expr *p, struct ecs_condition *c)
{
    set_open(c);
    set_high(c, &p->value[0], 0);
    return true;
}

static bool build_more(struct ecs_expr *p, struct ecs_condition *c)
{
    set_open(c);
    set_low(c, &p->value[0], 1);
    return true;
}

static bool build_at_least(struct ecs_expr *p, struct ecs_condition *c)
{
    set_open(c);
    set_low(c, &p->value[0], 0);
    return true;
}

static bool build_between(struct ecs_expr *p, struct ecs_condition *c)
{
    set_open(c);
    set_low(c, &p->value[0], 0);
    set_high(c, &p->value[1], 0);
    if (c->low_from_now != c->high_from_now || c->low <= c->high)
        return true;
    ecs_refuse(p->why, "the first value of \"between\" is above the second: never true");
    return ecs_expr_fail(p, p->token[2].at);
}

static bool build_older(struct ecs_expr *p, struct ecs_condition *c)
{
    struct ecs_value v = {.i = -p->value[0].i, .from_now = true};

    set_open(c);
    set_high(c, &v, -1);
    return true;
}

static bool build_younger(struct ecs_expr *p, struct ecs_condition *c)
{
    struct ecs_value v = {.i = -p->value[0].i, .from_now = true};

    set_open(c);
    set_low(c, &v, 1);
    return true;
}

#define T(type)  (1u << ECS_TYPE_##type)
#define T_ANY    (~0u)
#define T_NUMBER (T(INT) | T(VERSION))
#define T_TEXT   (T(STRING) | T(DIGITS))
#define T_LIST   (T_NUMBER | T_TEXT | T(ENUM))
#define T_RANGE  (T_NUMBER | T(TIME))

const struct ecs_operator ecs_operators[] = {
    {"is", T_LIST | T(BOOL), ONE_VALUE, false, build_equal, "the fact has this value"},
    {"is not", T_LIST | T(BOOL), ONE_VALUE, true, build_equal, "the opposite of is"},
    {"in", T_LIST, LIST, false, build_equal,
     "the fact has one of the values; a list of words may hold unknown"},
    {"not in", T_LIST, LIST, true, build_equal, "the opposite of in"},
    {"<", T_RANGE, ONE_VALUE, false, build_less, "below, or before"},
    {"<=", T_RANGE, ONE_VALUE, false, build_at_most, "at most, or not after"},
    {">", T_RANGE, ONE_VALUE, false, build_more, "above, or after"},
    {">=", T_RANGE, ONE_VALUE, false, build_at_least, "at least, or not before"},
    {"between", T_RANGE, PAIR, false, build_between, "from A to B, both included"},
    {"older than", T(TIME), AGE, false, build_older, "longer ago than the duration"},
    {"younger than", T(TIME), AGE, false, build_younger, "not as long ago as the duration, or still to come"},
    {"starts with", T_TEXT, ONE_OR_LIST, false, build_prefix, "begins with the text, or with one of a list"},
    {"does not start with", T_TEXT, ONE_OR_LIST, true, build_prefix, "the opposite of starts with"},
    {"has", T(SET), ONE_VALUE, false, build_any, "the set holds the word"},
    {"has not", T(SET), ONE_VALUE, true, build_any, "the opposite of has"},
    {"has any of", T(SET), LIST, false, build_any, "the set holds at least one of the words"},
    {"has all of", T(SET), LIST, false, build_all, "the set holds each of the words"},
    {"has none of", T(SET), LIST, true, build_any, "the opposite of has any of"},
    {"is known", T_ANY, NO_VALUE, false, build_known, "the fact came in"},
    {"is not known", T_ANY, NO_VALUE, true, build_known, "as is unknown"},
    {"is unknown", T_ANY, NO_VALUE, true, build_known, "the fact did not come in"},
    {"is not unknown", T_ANY, NO_VALUE, false, build_known, "as is known"},
    {NULL, 0, NO_VALUE, false, NULL, NULL},
};

void ecs_expr_write_manual(struct ecs_buf *out)
{
    ecs_buf_add_cstr(out, "| Operator | Fits | Meaning |\n|---|---|---|\n");
    for (const struct ecs_operator *op = ecs_operators; op->name; op++) {
        unsigned n = 0;

        ecs_buf_printf(out, "| `%s` | ", op->name);
        for (unsigned type = 0; type <= ECS_TYPE_TIME; type++)
            if (op->types != T_ANY && op->types & 1u << type)
                ecs_buf_printf(out, "%s%s", n++ ? ", " : "", ecs_type_name((enum ecs_type)type));
        ecs_buf_printf(out, "%s | %s |\n", n ? "" : "all types", op->help);
    }
}
