/* SPDX-License-Identifier: Apache-2.0 */
/* Values that survive the XML readers of phones, which do not resolve entities other than &amp;
 * (clients.md 2.7). */
#include "ts43/doc_priv.h"

#include <string.h>

enum {
    MAX_GROWTH = 3 /* a byte becomes at most three, in UTF-8 and as %XX */
};

static size_t put(char *out, const char *text)
{
    size_t n = strlen(text);

    memcpy(out, text, n);
    return n;
}

/* A straight double quote opens at the beginning and behind a blank or a bracket. */
static const char *typographic(char c, char before)
{
    switch (c) {
    case '<':
        return "\u2039";
    case '>':
        return "\u203a";
    case '\'':
        return "\u2019";
    case '"':
        return before == '\0' || before == ' ' || before == '(' || before == '[' ? "\u201c" : "\u201d";
    default:
        return c == '\t' || c == '\n' || c == '\r' ? " " : "";
    }
}

/* Bytes of the UTF-8 sequence at s.p[i] that may be shown, 0 otherwise (C1 controls count as not to be
 * shown). */
static size_t sequence(struct ecs_str s, size_t i)
{
    unsigned char first = (unsigned char)s.p[i];
    size_t n = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

    if (n > s.n - i || !ecs_str_is_utf8((struct ecs_str){s.p + i, n}))
        return 0;
    return n == 2 && first == 0xc2 && (unsigned char)s.p[i + 1] < 0xa0 ? 0 : n;
}

static bool is_harmless(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '<' && c != '>' && c != '"' && c != '\'';
}

struct ecs_str ecs_doc_text(struct ecs_arena *arena, struct ecs_str text)
{
    size_t i = 0, n = 0;
    char *out;

    while (i < text.n && is_harmless((unsigned char)text.p[i]))
        i++;
    if (i == text.n)
        return text.p ? text : ECS_STR("");
    if (!(out = ecs_alloc(arena, text.n * MAX_GROWTH)))
        return ECS_STR_NULL;
    memcpy(out, text.p, i);
    n = i;
    while (i < text.n) {
        unsigned char c = (unsigned char)text.p[i];
        size_t len = 1;

        if (is_harmless(c)) {
            out[n++] = (char)c;
        } else if (c < 0x80) {
            n += put(out + n, typographic((char)c, n ? out[n - 1] : '\0'));
        } else if ((len = sequence(text, i)) > 0) {
            memcpy(out + n, text.p + i, len);
            n += len;
        }
        i += len ? len : 1;
    }
    return (struct ecs_str){out, n};
}

static bool stays_in_url(unsigned char c)
{
    return c > 0x20 && c < 0x7f && !memchr("<>\"'\\^`{|}", c, 10);
}

struct ecs_str ecs_doc_url(struct ecs_arena *arena, struct ecs_str url)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t i = 0, n;
    char *out;

    while (i < url.n && stays_in_url((unsigned char)url.p[i]))
        i++;
    if (i == url.n)
        return url.p ? url : ECS_STR("");
    if (!(out = ecs_alloc(arena, url.n * MAX_GROWTH)))
        return ECS_STR_NULL;
    memcpy(out, url.p, i);
    for (n = i; i < url.n; i++) {
        unsigned char c = (unsigned char)url.p[i];

        if (stays_in_url(c)) {
            out[n++] = (char)c;
        } else {
            out[n++] = '%';
            out[n++] = hex[c >> 4];
            out[n++] = hex[c & 15];
        }
    }
    return (struct ecs_str){out, n};
}
