/* SPDX-License-Identifier: Apache-2.0 */
/* The table of facts and the typed ways to set and print them. */
#include "rules/rules_priv.h"

#include <stdio.h>
#include <string.h>

enum { PRIVATE = 1 };

static const struct {
    const char *name;
    struct ecs_kind kind;
    unsigned flags;
    const char *source, *help;
} table[ECS_FACT_COUNT] = {
#define FACT(id, fact_name, type, words, fact_flags, from, text)                                             \
    [ECS_FACT_##id] = {fact_name, {ECS_TYPE_##type, ECS_WORDS_##words}, fact_flags, from, text},
#include "rules/facts.def"
#undef FACT
};

const char *ecs_fact_name(enum ecs_fact id)
{
    return table[id].name;
}

enum ecs_type ecs_fact_type(enum ecs_fact id)
{
    return table[id].kind.type;
}

struct ecs_kind ecs_fact_kind(enum ecs_fact id)
{
    return table[id].kind;
}

bool ecs_fact_is_private(enum ecs_fact id)
{
    return table[id].flags & PRIVATE;
}

const char *ecs_fact_source(enum ecs_fact id)
{
    return table[id].source;
}

const char *ecs_fact_help(enum ecs_fact id)
{
    return table[id].help;
}

const char *ecs_fact_candidate(unsigned i, int unused)
{
    (void)unused;
    return i < ECS_FACT_COUNT ? table[i].name : NULL;
}

bool ecs_fact_find(struct ecs_str name, enum ecs_fact *ret_id)
{
    for (unsigned i = 0; i < ECS_FACT_COUNT; i++) {
        if (ecs_str_eq(ecs_str_of(table[i].name), name)) {
            *ret_id = (enum ecs_fact)i;
            return true;
        }
    }
    return false;
}

void ecs_fact_unset(struct ecs_facts *facts, enum ecs_fact id)
{
    facts->v[id] = (struct ecs_fact_value){0};
}

/* Setting starts from "unknown", so that a refused value never leaves the one before. */
static bool set_number(struct ecs_facts *facts, enum ecs_fact id, bool possible, int64_t i)
{
    ecs_fact_unset(facts, id);
    if (!possible)
        return false;
    facts->v[id].i = i;
    facts->v[id].known = true;
    return true;
}

bool ecs_fact_set_bool(struct ecs_facts *facts, enum ecs_fact id, bool value)
{
    return set_number(facts, id, table[id].kind.type == ECS_TYPE_BOOL, value);
}

bool ecs_fact_set_int(struct ecs_facts *facts, enum ecs_fact id, int64_t value)
{
    struct ecs_kind kind = table[id].kind;
    bool number = kind.type == ECS_TYPE_INT || kind.type == ECS_TYPE_VERSION || kind.type == ECS_TYPE_TIME;

    return set_number(facts, id, number || (kind.type == ECS_TYPE_ENUM && ecs_word(kind.words, value)),
                      value);
}

bool ecs_fact_set_version(struct ecs_facts *facts, enum ecs_fact id, unsigned major, unsigned minor)
{
    return set_number(facts, id, table[id].kind.type == ECS_TYPE_VERSION && major < 1000 && minor < 1000,
                      (int64_t)major * 1000 + minor);
}

bool ecs_fact_set_str(struct ecs_facts *facts, enum ecs_fact id, struct ecs_str value)
{
    enum ecs_type type = table[id].kind.type;

    ecs_fact_unset(facts, id);
    if (type != ECS_TYPE_STRING && type != ECS_TYPE_DIGITS)
        return false;
    if (!value.n)
        return true;
    if (type == ECS_TYPE_DIGITS && !ecs_str_is_digits(value))
        return false;
    facts->v[id].s = value;
    facts->v[id].known = true;
    return true;
}

bool ecs_fact_set_words(struct ecs_facts *facts, enum ecs_fact id, const struct ecs_str *items, size_t n)
{
    ecs_fact_unset(facts, id);
    if (table[id].kind.type != ECS_TYPE_SET)
        return false;
    facts->v[id].items = items;
    facts->v[id].n = n;
    facts->v[id].known = true;
    return true;
}

bool ecs_fact_set_word(struct ecs_facts *facts, enum ecs_fact id, struct ecs_str word)
{
    int i;

    ecs_fact_unset(facts, id);
    if (table[id].kind.type != ECS_TYPE_ENUM)
        return false;
    if (!word.n || ecs_str_eq(word, ECS_STR("unknown")))
        return true;
    i = ecs_words_find(table[id].kind.words, word);
    return set_number(facts, id, i >= 0, i);
}

static bool set_list(struct ecs_facts *facts, enum ecs_fact id, struct ecs_str text, struct ecs_arena *arena,
                     struct ecs_why *why)
{
    struct ecs_str rest = text, part, *items = ecs_alloc(arena, ECS_ITEMS_MAX * sizeof(*items));
    struct ecs_value v;
    size_t n = 0;

    while (items && ecs_str_cut(&rest, ',', &part)) {
        if (n == ECS_ITEMS_MAX) {
            ecs_refuse(why, "more than %d words", ECS_ITEMS_MAX);
            return false;
        }
        if (!ecs_value_parse(table[id].kind, ecs_str_trim(part), arena, &v, why))
            return false;
        items[n++] = v.s;
    }
    if (!items)
        ecs_refuse(why, "out of memory");
    return items && ecs_fact_set_words(facts, id, items, n);
}

static bool set_scalar(struct ecs_facts *facts, enum ecs_fact id, struct ecs_str text,
                       struct ecs_arena *arena, struct ecs_why *why)
{
    const struct ecs_fact_value *now = &facts->v[ECS_FACT_TIME_NOW];
    enum ecs_type type = table[id].kind.type;
    struct ecs_value v;

    if (!text.n)
        return true;
    if (!ecs_value_parse(table[id].kind, text, arena, &v, why))
        return false;
    if (v.from_now) {
        if (!now->known) {
            ecs_refuse(why, "a time relative to now needs the fact time.now");
            return false;
        }
        v.i += now->i;
    }
    if (v.unknown)
        return true;
    return type == ECS_TYPE_STRING || type == ECS_TYPE_DIGITS ? ecs_fact_set_str(facts, id, v.s)
                                                              : set_number(facts, id, true, v.i);
}

bool ecs_fact_set_text(struct ecs_facts *facts, enum ecs_fact id, struct ecs_str text,
                       struct ecs_arena *arena, char *why, size_t size)
{
    struct ecs_why reason = {""};
    bool is_list = table[id].kind.type == ECS_TYPE_SET;

    /* time.now itself may be given relative to its former value, so it is not unset here. */
    if (id != ECS_FACT_TIME_NOW)
        ecs_fact_unset(facts, id);
    if (is_list ? set_list(facts, id, text, arena, &reason) : set_scalar(facts, id, text, arena, &reason))
        return true;
    ecs_fact_unset(facts, id);
    if (why && size)
        snprintf(why, size, "%s", reason.text);
    return false;
}

void ecs_facts_set_now(struct ecs_facts *facts, int64_t unix_seconds, int offset_s)
{
    int64_t local = unix_seconds + offset_s;
    int64_t second = ((local % 86400) + 86400) % 86400;
    int64_t day = (local - second) / 86400; /* day 0 was a Thursday */

    set_number(facts, ECS_FACT_TIME_NOW, true, unix_seconds);
    set_number(facts, ECS_FACT_TIME_HOUR, true, second / 3600);
    set_number(facts, ECS_FACT_TIME_WEEKDAY, true, ((day + 3) % 7 + 7) % 7);
}

/* Network code and the last three digits stay, as for the IMSI in logs; short ones vanish. */
static void print_masked(struct ecs_str s, struct ecs_buf *out)
{
    for (size_t i = 0; i < s.n; i++)
        ecs_buf_add_char(out, s.n > 9 && (i < 5 || i + 3 >= s.n) ? s.p[i] : '*');
}

void ecs_fact_print_value(enum ecs_fact id, const struct ecs_fact_value *value, struct ecs_buf *out)
{
    enum ecs_type type = table[id].kind.type;

    if (!value->known) {
        ecs_buf_add_cstr(out, "unknown");
    } else if (type == ECS_TYPE_SET) {
        ecs_buf_add_char(out, '[');
        for (size_t i = 0; i < value->n; i++) {
            ecs_buf_add_cstr(out, i ? ", " : "");
            ecs_buf_add_str(out, value->items[i]);
        }
        ecs_buf_add_char(out, ']');
    } else if (type == ECS_TYPE_STRING || type == ECS_TYPE_DIGITS) {
        if (ecs_fact_is_private(id))
            print_masked(value->s, out);
        else
            ecs_buf_add_str(out, value->s);
    } else {
        ecs_value_print(table[id].kind, value->i, ECS_STR_NULL, out);
    }
}

void ecs_fact_print(const struct ecs_facts *facts, enum ecs_fact id, struct ecs_buf *out)
{
    ecs_fact_print_value(id, &facts->v[id], out);
}
