/* SPDX-License-Identifier: Apache-2.0 */
/* Places in HTML: text, tag, quotes, comment, script and style. Stricter than browsers: what would be read
 * in two ways is refused for values anyway. */
#include "sheet_html.h"

#include <string.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool is_letter(char c)
{
    c = lower(c);
    return c >= 'a' && c <= 'z';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_one_of(const char *name, size_t n, const char *const *list)
{
    for (; *list; list++)
        if (strlen(*list) == n && memcmp(*list, name, n) == 0)
            return true;
    return false;
}

static bool is_raw_tag(const struct sheet_html *h)
{
    static const char *const raw[] = {"script", "style", NULL};

    return is_one_of(h->tag, h->tag_n, raw);
}

static void add(char *name, size_t size, size_t *n, char c)
{
    if (*n + 1 < size)
        name[(*n)++] = lower(c);
    else
        name[0] = '?'; /* too long to be any that is known */
}

static void feed_text(struct sheet_html *h, char c)
{
    if (h->matched == 1) { /* behind "<" */
        h->matched = 0;
        if (c == '!' || c == '?') {
            h->place = SHEET_IN_COMMENT;
            h->comment_is_doctype = true; /* until "--" follows */
            h->attribute_n = 0;
            return;
        }
        if (c == '/' || is_letter(c)) {
            h->place = SHEET_IN_TAG;
            h->tag_n = h->attribute_n = 0;
            h->naming = true;
            h->value_next = false;
            add(h->tag, sizeof(h->tag), &h->tag_n, c);
            return;
        }
    }
    if (c == '<')
        h->matched = 1;
}

static void feed_comment(struct sheet_html *h, char c)
{
    if (h->attribute_n < 2) {
        h->attribute_n++;
        if (c == '-' && h->attribute_n == 1)
            h->matched = 1;
        else if (c == '-' && h->matched == 1)
            h->comment_is_doctype = false;
        if (h->attribute_n == 2)
            h->matched = 0;
        if (c != '>' || !h->comment_is_doctype)
            return;
    }
    if (c == '>' && (h->comment_is_doctype || h->matched >= 2)) {
        h->place = SHEET_IN_TEXT;
        h->matched = 0;
        return;
    }
    h->matched = c == '-' ? h->matched + 1 : 0;
}

static void end_tag(struct sheet_html *h)
{
    h->place = is_raw_tag(h) ? SHEET_IN_RAW : SHEET_IN_TEXT;
    h->matched = 0;
}

static void feed_tag(struct sheet_html *h, char c)
{
    if (c == '>') {
        end_tag(h);
    } else if (h->naming && !is_blank(c) && c != '/') {
        add(h->tag, sizeof(h->tag), &h->tag_n, c);
    } else if ((c == '"' || c == '\'') && h->value_next) {
        h->place = SHEET_IN_QUOTES;
        h->quote = c;
        h->first = 0;
        h->value_next = false;
    } else if (c == '=') {
        h->value_next = true;
    } else if (is_blank(c) || c == '/') {
        h->naming = false;
        if (!h->value_next && h->attribute_n && h->attribute[h->attribute_n - 1] != ' ')
            add(h->attribute, sizeof(h->attribute), &h->attribute_n, ' ');
    } else {
        h->naming = false;
        if (h->attribute_n && h->attribute[h->attribute_n - 1] == ' ')
            h->attribute_n = 0;
        h->value_next = false;
        add(h->attribute, sizeof(h->attribute), &h->attribute_n, c);
    }
}

void sheet_html_feed(struct sheet_html *h, char c)
{
    switch (h->place) {
    case SHEET_IN_TEXT:
        feed_text(h, c);
        break;
    case SHEET_IN_TAG:
        feed_tag(h, c);
        break;
    case SHEET_IN_QUOTES:
        if (c == h->quote) {
            h->place = SHEET_IN_TAG;
            h->attribute_n = 0;
        } else if (!h->first) {
            h->first = c;
        }
        break;
    case SHEET_IN_COMMENT:
        feed_comment(h, c);
        break;
    case SHEET_IN_RAW:
        if (c == '<') { /* the caller has asked sheet_html_raw_ends() */
            h->place = SHEET_IN_TEXT;
            h->matched = 1;
        }
        break;
    }
}

bool sheet_html_raw_ends(const struct sheet_html *h, struct ecs_str rest)
{
    struct ecs_str name = {h->tag, h->tag_n};

    if (rest.n < name.n + 3 || rest.p[0] != '<' || rest.p[1] != '/' ||
        !ecs_str_starts_with_nocase((struct ecs_str){rest.p + 2, rest.n - 2}, name))
        return false;
    return rest.p[2 + name.n] == '>' || is_blank(rest.p[2 + name.n]);
}

bool sheet_html_same(const struct sheet_html *a, const struct sheet_html *b)
{
    if (a->place != b->place || (a->place == SHEET_IN_TEXT && a->matched != b->matched))
        return false;
    if (a->place == SHEET_IN_TAG)
        return !a->naming && !b->naming && !a->value_next && !b->value_next;
    return a->place != SHEET_IN_QUOTES || (a->quote == b->quote && a->attribute_n == b->attribute_n &&
                                           memcmp(a->attribute, b->attribute, a->attribute_n) == 0);
}

const char *sheet_html_refuses(const struct sheet_html *h, bool is_url)
{
    static const char *const addresses[] = {"href",       "src",     "action",     "formaction",
                                            "data",       "cite",    "xlink:href", "poster",
                                            "background", "content", NULL};
    static const char *const code[] = {"style", "srcdoc", "http-equiv", "?", NULL};
    size_t n = h->attribute_n;

    if (h->place == SHEET_IN_TEXT)
        return h->matched ? "a value cannot stand behind a \"<\"" : NULL;
    if (h->place == SHEET_IN_TAG)
        return "a value in a tag must stand in quotes, behind a name and \"=\"";
    if (h->place != SHEET_IN_QUOTES)
        return "a value cannot stand in a comment, script or style";
    while (n && h->attribute[n - 1] == ' ')
        n--;
    if (n == 0 || h->attribute[0] == '?' || is_one_of(h->attribute, n, code) ||
        (n > 2 && h->attribute[0] == 'o' && h->attribute[1] == 'n'))
        return "a value cannot stand in this attribute";
    if (is_one_of(h->attribute, n, addresses) && !is_url && h->first != '#')
        return "only an address of the server can stand in this attribute";
    return NULL;
}
