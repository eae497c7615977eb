/* SPDX-License-Identifier: Apache-2.0 */
/* Texts with {placeholders}: messages for users (made fit for XML attributes of clients that do not decode
 * entities) and the data handed to web pages (percent-encoded). */
#include "rules/text_priv.h"

#include "ecs/messages.h"

#include <string.h>

enum { MESSAGE_BYTES = ECS_MESSAGE_MAX * 4 };

static bool starts_character(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

static bool is_name(struct ecs_str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!name.p[i] || !strchr("abcdefghijklmnopqrstuvwxyz0123456789_", name.p[i]))
            return false;
    return name.n > 0;
}

/* Cuts the text before the next well-formed placeholder and its name off *rest; false when none is left
 * (before is then all of it). */
static bool next_placeholder(struct ecs_str *rest, struct ecs_str *ret_before, struct ecs_str *ret_name)
{
    for (size_t i = 0; i < rest->n; i++) {
        const char *end = rest->p[i] == '{' ? memchr(rest->p + i, '}', rest->n - i) : NULL;
        struct ecs_str name;

        if (!end)
            continue;
        name = (struct ecs_str){rest->p + i + 1, (size_t)(end - rest->p) - i - 1};
        if (!is_name(name))
            continue;
        *ret_before = (struct ecs_str){rest->p, i};
        *ret_name = name;
        rest->n -= (size_t)(end + 1 - rest->p);
        rest->p = end + 1;
        return true;
    }
    *ret_before = *rest;
    *rest = ECS_STR("");
    return false;
}

bool ecs_text_check(struct ecs_str text, struct ecs_why *ret_why)
{
    struct ecs_str rest = text, before, name;
    size_t characters = 0;

    if (!text.n || !ecs_str_is_utf8(text)) {
        ecs_refuse(ret_why, text.n ? "the text is not valid UTF-8" : "the text is empty");
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];

        characters += starts_character(text.p[i]);
        if (c < ' ' || c == 127 || (c == 0xc2 && (unsigned char)text.p[i + 1] < 0xa0)) {
            ecs_refuse(ret_why, "the text holds a line break or another control character");
            return false;
        }
        if (strchr("<>\"'", text.p[i])) {
            ecs_refuse(ret_why,
                       "the text holds %c; < > \" ' break some devices (typographic quotes are fine)", c);
            return false;
        }
    }
    if (characters > ECS_MESSAGE_MAX) {
        ecs_refuse(ret_why, "the text has %zu characters, at most %d are sent", characters, ECS_MESSAGE_MAX);
        return false;
    }
    do {
        bool more = next_placeholder(&rest, &before, &name);

        if (memchr(before.p, '{', before.n) || memchr(before.p, '}', before.n)) {
            ecs_refuse(ret_why, "\"{\" and \"}\" only stand around the name of a placeholder");
            return false;
        }
        if (!more)
            return true;
    } while (true);
}

bool ecs_text_placeholders_in(struct ecs_str text, struct ecs_str original, struct ecs_str *ret_missing)
{
    struct ecs_str rest = text, before, name, other;

    while (next_placeholder(&rest, &before, &name)) {
        struct ecs_str all = original;
        bool found = false;

        while (!found && next_placeholder(&all, &before, &other))
            found = ecs_str_eq(name, other);
        if (!found) {
            *ret_missing = name;
            return false;
        }
    }
    return true;
}

static struct ecs_str value_of(struct ecs_str name, const struct ecs_substitution *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (ecs_str_eq(values[i].name, name))
            return values[i].value;
    return ECS_STR("");
}

/* A bounded text for users. */
struct line {
    char *p;
    size_t n, characters;
};

/* Whole characters only; false when the line is full. */
static bool add_character(struct line *line, const char *p, size_t n)
{
    if (line->characters == ECS_MESSAGE_MAX || line->n + n > MESSAGE_BYTES)
        return false;
    memcpy(line->p + line->n, p, n);
    line->n += n;
    line->characters++;
    return true;
}

/* What goes out for one character of a value. */
static struct ecs_str fit(struct ecs_str character, bool first)
{
    unsigned char c = (unsigned char)*character.p;

    if (c == '\'')
        return ECS_STR("\xe2\x80\x99");
    if (c == '"')
        return first ? ECS_STR("\xe2\x80\x9c") : ECS_STR("\xe2\x80\x9d");
    if (c == '<' || c == '>' || c < ' ' || c == 127 ||
        (c == 0xc2 && character.n == 2 && (unsigned char)character.p[1] < 0xa0))
        return ECS_STR("");
    return character;
}

static void add_text(struct line *line, struct ecs_str s, bool is_value)
{
    bool opening = true;

    if (is_value && !ecs_str_is_utf8(s))
        return;
    for (size_t i = 0, end; i < s.n; i = end) {
        struct ecs_str character;

        for (end = i + 1; end < s.n && !starts_character(s.p[end]); end++)
            ;
        character = (struct ecs_str){s.p + i, end - i};
        if (is_value) {
            bool quote = s.p[i] == '"';

            character = fit(character, opening);
            opening = opening != quote;
        }
        if (character.n && !add_character(line, character.p, character.n))
            return;
    }
}

struct ecs_str ecs_text_fill(struct ecs_str text, const struct ecs_substitution *values, size_t n,
                             struct ecs_arena *arena)
{
    struct line line = {.p = ecs_alloc(arena, MESSAGE_BYTES + 1)};
    struct ecs_str rest = text, before, name;
    bool more;

    if (!line.p)
        return ECS_STR_NULL;
    do {
        more = next_placeholder(&rest, &before, &name);
        add_text(&line, before, false);
        if (more)
            add_text(&line, value_of(name, values, n), true);
    } while (more);
    return (struct ecs_str){line.p, line.n};
}

static void add_percent(struct ecs_buf *out, struct ecs_str s)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            (c && strchr("-._~", c))) {
            ecs_buf_add_char(out, (char)c);
        } else {
            ecs_buf_add_char(out, '%');
            ecs_buf_add_char(out, hex[c >> 4]);
            ecs_buf_add_char(out, hex[c & 15]);
        }
    }
}

void ecs_template_expand(struct ecs_str text, const struct ecs_substitution *values, size_t n, bool percent,
                         struct ecs_buf *out)
{
    struct ecs_str rest = text, before, name;
    bool more;

    do {
        more = next_placeholder(&rest, &before, &name);
        ecs_buf_add_str(out, before);
        if (more && percent)
            add_percent(out, value_of(name, values, n));
        else if (more)
            ecs_buf_add_str(out, value_of(name, values, n));
    } while (more);
}
