/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions as text: "fact operator value". The text is cut into at most ECS_EXPR_TOKENS tokens, the longest
 * operator that stands behind the fact is taken, its values are read with the type of the fact, and a test
 * function with its operands comes out. No recursion; time linear in the text. */
#include "rules/expr_priv.h"

#include <stdio.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* One token from *at on. */
static bool read_token(struct ecs_expr *p, size_t *at, struct ecs_expr_token *t)
{
    const char *s = p->text.p;
    size_t n = p->text.n, i = *at, end;

    *t = (struct ecs_expr_token){.at = i};
    if (strchr("[],", s[i]) && s[i]) {
        t->punctuation = s[i];
        end = i + 1;
    } else if (s[i] == '"' || s[i] == '\'') {
        const char *close = memchr(s + i + 1, s[i], n - i - 1);

        if (!close) {
            ecs_refuse(p->why, "the quote is not closed");
            return ecs_expr_fail(p, i);
        }
        t->quoted = true;
        t->text = (struct ecs_str){s + i + 1, (size_t)(close - s) - i - 1};
        end = (size_t)(close - s) + 1;
    } else {
        bool sign = s[i] == '<' || s[i] == '>' || s[i] == '=' || s[i] == '!';

        for (end = i; end < n && !is_blank(s[end]) && (!s[end] || !strchr("[],\"'", s[end])); end++)
            if ((s[end] == '<' || s[end] == '>' || s[end] == '=' || s[end] == '!') != sign)
                break;
    }
    if (!t->quoted)
        t->text = (struct ecs_str){s + i, end - i};
    *at = end;
    return true;
}

static bool read_tokens(struct ecs_expr *p)
{
    for (size_t i = 0; i < p->text.n;) {
        if (is_blank(p->text.p[i])) {
            i++;
            continue;
        }
        if (p->n_tokens == ECS_EXPR_TOKENS) {
            ecs_refuse(p->why, "the condition is too long (at most %d values)", ECS_ITEMS_MAX);
            return ecs_expr_fail(p, i);
        }
        if (!read_token(p, &i, &p->token[p->n_tokens]))
            return false;
        p->n_tokens++;
    }
    if (p->n_tokens)
        return true;
    ecs_refuse(p->why, "the condition is empty");
    return ecs_expr_fail(p, 0);
}

/* Number of tokens that the operator takes behind the fact ("has not" or "has-not"), 0 when it is another
 * one. */
static unsigned match_operator(const struct ecs_expr *p, const char *name)
{
    struct ecs_str rest = ecs_str_of(name), word;
    unsigned n = 0;

    if (p->n_tokens > 1 && !p->token[1].quoted && p->token[1].text.n == rest.n && strchr(name, ' ')) {
        size_t i = 0;

        while (i < rest.n && p->token[1].text.p[i] == (name[i] == ' ' ? '-' : name[i]))
            i++;
        if (i == rest.n)
            return 1;
    }
    while (ecs_str_cut(&rest, ' ', &word)) {
        const struct ecs_expr_token *t = &p->token[1 + n];

        if (1 + n >= p->n_tokens || t->quoted || t->punctuation || !ecs_str_eq(t->text, word))
            return 0;
        n++;
    }
    return n;
}

static void list_operators(enum ecs_type type, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (const struct ecs_operator *op = ecs_operators; op->name && used < size; op++)
        if (op->types & 1u << type && !strstr(op->name, "is not "))
            used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "", op->name);
}

static bool find_operator(struct ecs_expr *p, enum ecs_fact fact)
{
    char list[160];
    size_t best = 0;

    for (const struct ecs_operator *op = ecs_operators; op->name; op++) {
        unsigned n = match_operator(p, op->name);

        if (!n || strlen(op->name) <= best)
            continue;
        best = strlen(op->name);
        p->op = op;
        p->next = 1 + n;
    }
    list_operators(p->kind.type, list, sizeof(list));
    if (!p->op && p->n_tokens < 2) {
        ecs_refuse(p->why, "the operator is missing; %s takes: %s", ecs_fact_name(fact), list);
        return ecs_expr_fail(p, p->text.n);
    }
    if (!p->op)
        ecs_refuse(p->why, "unknown operator \"%.*s\"; %s takes: %s", ECS_FMT(p->token[1].text),
                   ecs_fact_name(fact), list);
    else if (!(p->op->types & 1u << p->kind.type))
        ecs_refuse(p->why, "operator \"%s\" does not fit %s (%s), which takes: %s", p->op->name,
                   ecs_fact_name(fact), ecs_type_name(p->kind.type), list);
    else
        return true;
    return ecs_expr_fail(p, p->token[1].at);
}

static bool at_word(const struct ecs_expr *p)
{
    return p->next < p->n_tokens && !p->token[p->next].punctuation;
}

static bool at_punctuation(const struct ecs_expr *p, char c)
{
    return p->next < p->n_tokens && p->token[p->next].punctuation == c;
}

static bool expected(struct ecs_expr *p, const char *what)
{
    ecs_refuse(p->why, "operator \"%s\" is followed by %s", p->op->name, what);
    return ecs_expr_fail(p, p->next < p->n_tokens ? p->token[p->next].at : p->text.n);
}

static bool read_value(struct ecs_expr *p)
{
    const struct ecs_expr_token *t = &p->token[p->next];
    struct ecs_kind kind =
        p->op->operand == AGE ? (struct ecs_kind){ECS_TYPE_DURATION, ECS_WORDS_none} : p->kind;

    if (!at_word(p))
        return expected(p, p->op->operand == ONE_VALUE ? "one value (in, not in and has any of take lists)"
                                                       : "a value");
    if (p->n_values == ECS_ITEMS_MAX) {
        ecs_refuse(p->why, "more than %d values", ECS_ITEMS_MAX);
        return ecs_expr_fail(p, t->at);
    }
    if (!ecs_value_parse(kind, t->text, p->arena, &p->value[p->n_values], p->why))
        return ecs_expr_fail(p, t->at);
    p->n_values++;
    p->next++;
    return true;
}

static bool read_list(struct ecs_expr *p)
{
    if (!at_punctuation(p, '['))
        return expected(p, "a list such as [a, b]");
    do {
        p->next++;
        if (!read_value(p))
            return false;
    } while (at_punctuation(p, ','));
    if (!at_punctuation(p, ']'))
        return expected(p, "a list; \",\" or \"]\" is missing here");
    p->next++;
    return true;
}

static bool read_pair(struct ecs_expr *p)
{
    if (!read_value(p))
        return false;
    if (!at_word(p) || !ecs_str_eq(p->token[p->next].text, ECS_STR("and")))
        return expected(p, "two values with \"and\" between them");
    p->next++;
    return read_value(p);
}

static bool read_operand(struct ecs_expr *p)
{
    enum ecs_operand operand = p->op->operand;
    bool good = true;

    if (operand == LIST || (operand == ONE_OR_LIST && at_punctuation(p, '[')))
        good = read_list(p);
    else if (operand == PAIR)
        good = read_pair(p);
    else if (operand != NO_VALUE)
        good = read_value(p);
    if (!good || p->next == p->n_tokens)
        return good;
    ecs_refuse(p->why, "\"%.*s\" is too much here (a text with blanks stands in quotes)",
               ECS_FMT(p->token[p->next].text));
    return ecs_expr_fail(p, p->token[p->next].at);
}

static bool parse_condition(struct ecs_expr *p, struct ecs_condition *ret_condition)
{
    struct ecs_condition c = {0};
    enum ecs_fact fact;
    char hint[80];

    if (p->text.n > ECS_EXPR_BYTES) {
        ecs_refuse(p->why, "the condition is longer than %d bytes", ECS_EXPR_BYTES);
        return ecs_expr_fail(p, 0);
    }
    if (!read_tokens(p))
        return false;
    if (!ecs_fact_find(p->token[0].text, &fact)) {
        ecs_suggest(p->token[0].text, ecs_fact_candidate, 0, hint);
        ecs_refuse(p->why, "unknown fact \"%.*s\"%s", ECS_FMT(p->token[0].text), hint);
        return ecs_expr_fail(p, p->token[0].at);
    }
    p->kind = ecs_fact_kind(fact);
    if (!find_operator(p, fact) || !read_operand(p))
        return false;
    c.fact = (uint16_t)fact;
    c.negate = p->op->negate;
    if (!p->op->build(p, &c))
        return false;
    *ret_condition = c;
    return true;
}

bool ecs_expr_parse(struct ecs_str text, struct ecs_arena *arena, struct ecs_condition *ret_condition,
                    struct ecs_why *ret_why, size_t *ret_at, struct ecs_why *ret_warning)
{
    struct ecs_expr p = {.text = text, .arena = arena, .why = ret_why, .warning = ret_warning};
    bool good;

    ret_warning->text[0] = '\0';
    good = parse_condition(&p, ret_condition);
    if (!good)
        *ret_at = p.at;
    return good;
}
