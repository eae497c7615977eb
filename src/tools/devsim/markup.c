/* SPDX-License-Identifier: Apache-2.0 */
/* Scanner for the document's XML. Nesting is checked by its callers, which keep the stack they need anyway.
 */

#include "markup.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == ':' || (unsigned char)c >= 0x80;
}

static enum ecs_sim_markup_kind bad(struct ecs_sim_markup *m, const char *fault)
{
    m->fault = fault;
    return ECS_SIM_MARKUP_BAD;
}

static char peek(const struct ecs_sim_markup *m)
{
    return m->at < m->text.n ? m->text.p[m->at] : '\0';
}

static struct ecs_str take_name(struct ecs_sim_markup *m)
{
    size_t begin = m->at;

    while (m->at < m->text.n && is_name_char(m->text.p[m->at]))
        m->at++;
    return (struct ecs_str){m->text.p + begin, m->at - begin};
}

static bool skip_blanks(struct ecs_sim_markup *m, bool in_tag)
{
    size_t begin = m->at;

    while (m->at < m->text.n && is_blank(m->text.p[m->at])) {
        if (in_tag && m->text.p[m->at] == '\n')
            m->has_break_in_tag = true;
        m->at++;
    }
    return m->at > begin;
}

/* Text between tags, up to the next "<". */
static void skip_text(struct ecs_sim_markup *m)
{
    while (m->at < m->text.n && m->text.p[m->at] != '<') {
        if (!is_blank(m->text.p[m->at]))
            m->has_text = true;
        m->at++;
    }
}

/* <?...?>, <!--...-->, <!...>; false when none begins here. */
static bool skip_special(struct ecs_sim_markup *m, bool *ret_bad)
{
    static const struct {
        const char *begin, *end;
    } forms[] = {{"<?", "?>"}, {"<!--", "-->"}, {"<!", ">"}};
    struct ecs_str rest = {m->text.p + m->at, m->text.n - m->at};

    for (size_t i = 0; i < ECS_ARRAY_LEN(forms); i++) {
        ptrdiff_t end;

        if (!ecs_str_starts_with(rest, ecs_str_of(forms[i].begin)))
            continue;
        end = ecs_str_find(rest, ecs_str_of(forms[i].end));
        *ret_bad = end < 0;
        m->at += end < 0 ? rest.n : (size_t)end + strlen(forms[i].end);
        m->has_comment |= i == 1;
        m->has_doctype |= i == 2;
        return true;
    }
    return false;
}

static enum ecs_sim_markup_kind take_attr(struct ecs_sim_markup *m, struct ecs_sim_tag *tag)
{
    struct ecs_sim_attr *attr = &tag->attrs[tag->attr_n];
    size_t begin;
    char quote;

    if (tag->attr_n == ECS_SIM_ATTRS_MAX)
        return bad(m, "an element has more than eight attributes");
    attr->name = take_name(m);
    if (!attr->name.n)
        return bad(m, "something else than a name stands in a tag");
    for (size_t i = 0; i < tag->attr_n; i++) {
        if (ecs_str_eq(tag->attrs[i].name, attr->name))
            return bad(m, "an attribute is there twice");
    }
    skip_blanks(m, true);
    if (peek(m) != '=')
        return bad(m, "an attribute has no value");
    m->at++;
    skip_blanks(m, true);
    quote = peek(m);
    if (quote != '"' && quote != '\'')
        return bad(m, "an attribute value is not quoted");
    m->has_single_quote |= quote == '\'';
    begin = ++m->at;
    while (m->at < m->text.n && m->text.p[m->at] != quote) {
        if (m->text.p[m->at] == '<')
            return bad(m, "a raw < stands in an attribute value");
        m->has_break_in_tag |= m->text.p[m->at] == '\n';
        m->at++;
    }
    if (m->at == m->text.n)
        return bad(m, "a quote is not closed");
    attr->raw = (struct ecs_str){m->text.p + begin, m->at - begin};
    m->at++;
    tag->attr_n++;
    return ECS_SIM_TAG_OPEN;
}

static enum ecs_sim_markup_kind take_close(struct ecs_sim_markup *m, struct ecs_sim_tag *tag)
{
    m->at += 2;
    tag->name = take_name(m);
    skip_blanks(m, true);
    if (!tag->name.n || peek(m) != '>')
        return bad(m, "an end tag is malformed");
    m->at++;
    return ECS_SIM_TAG_CLOSE;
}

static enum ecs_sim_markup_kind take_open(struct ecs_sim_markup *m, struct ecs_sim_tag *tag)
{
    m->at++;
    tag->name = take_name(m);
    if (!tag->name.n)
        return bad(m, "a tag has no name");
    for (;;) {
        bool blank = skip_blanks(m, true);
        enum ecs_sim_markup_kind kind;

        if (peek(m) == '>') {
            m->at++;
            return ECS_SIM_TAG_OPEN;
        }
        if (peek(m) == '/' && m->at + 1 < m->text.n && m->text.p[m->at + 1] == '>') {
            m->at += 2;
            tag->self_closing = true;
            return ECS_SIM_TAG_OPEN;
        }
        if (!blank)
            return bad(m, "a tag is not closed");
        kind = take_attr(m, tag);
        if (kind == ECS_SIM_MARKUP_BAD)
            return kind;
    }
}

enum ecs_sim_markup_kind ecs_sim_markup_next(struct ecs_sim_markup *m, struct ecs_sim_tag *ret_tag)
{
    bool broken = false;

    ret_tag->attr_n = 0;
    ret_tag->self_closing = false;
    ret_tag->name = ECS_STR_NULL;
    do
        skip_text(m);
    while (m->at < m->text.n && skip_special(m, &broken) && !broken);
    if (broken)
        return bad(m, "a comment or declaration is not closed");
    if (m->at == m->text.n)
        return ECS_SIM_MARKUP_END;
    if (m->at + 1 < m->text.n && m->text.p[m->at + 1] == '/')
        return take_close(m, ret_tag);
    return take_open(m, ret_tag);
}

struct ecs_str ecs_sim_tag_attr(const struct ecs_sim_tag *tag, const char *name)
{
    for (size_t i = 0; i < tag->attr_n; i++) {
        if (ecs_str_eq(tag->attrs[i].name, ecs_str_of(name)))
            return tag->attrs[i].raw;
    }
    return ECS_STR_NULL;
}
