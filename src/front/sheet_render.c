/* SPDX-License-Identifier: Apache-2.0 */
/* From a template and values to a page. Everything that is not of the operator's files is escaped here. */
#include "sheet_priv.h"

#include <string.h>

struct value {
    struct value *next;
    const char *name;
    struct ecs_str text;
    bool on, is_list;
    const struct sheet_template *part;
    struct sheet_scope *first, *last; /* items */
};

struct sheet_scope {
    struct ecs_arena *arena;
    const struct sheet_scope *outer;
    struct sheet_scope *next; /* item */
    struct value *values;
    bool *failed; /* of the page */
};

/* ---- values ---- */

static struct sheet_scope *new_scope(struct ecs_arena *arena, const struct sheet_scope *outer)
{
    struct sheet_scope *s = ecs_alloc(arena, sizeof(*s));

    if (!s)
        return NULL;
    s->arena = arena;
    s->outer = outer;
    s->failed = outer ? outer->failed : ecs_alloc(arena, sizeof(bool));
    return s->failed ? s : NULL;
}

struct sheet_scope *sheet_scope_new(struct ecs_arena *arena)
{
    return new_scope(arena, NULL);
}

static struct value *new_value(struct sheet_scope *scope, const char *name)
{
    struct value *v = scope ? ecs_alloc(scope->arena, sizeof(*v)) : NULL;

    if (!v) {
        if (scope)
            *scope->failed = true;
        return NULL;
    }
    v->name = name;
    v->next = scope->values;
    scope->values = v;
    return v;
}

void sheet_put(struct sheet_scope *scope, const char *name, struct ecs_str text)
{
    struct value *v = new_value(scope, name);

    if (v) {
        v->text = text;
        v->on = text.n > 0;
    }
}

void sheet_put_flag(struct sheet_scope *scope, const char *name, bool on)
{
    struct value *v = new_value(scope, name);

    if (v)
        v->on = on;
}

void sheet_put_part(struct sheet_scope *scope, const char *name, const struct sheet_template *part)
{
    struct value *v = part ? new_value(scope, name) : NULL;

    if (v) {
        v->part = part;
        v->on = true;
    }
}

struct sheet_scope *sheet_put_item(struct sheet_scope *scope, const char *list)
{
    struct value *v = scope ? scope->values : NULL;
    struct sheet_scope *item;

    while (v && strcmp(v->name, list) != 0)
        v = v->next;
    if (!v)
        v = new_value(scope, list);
    item = v ? new_scope(scope->arena, scope) : NULL;
    if (!item) {
        if (scope)
            *scope->failed = true;
        return NULL;
    }
    v->is_list = v->on = true;
    if (v->last)
        v->last->next = item;
    else
        v->first = item;
    v->last = item;
    return item;
}

static const struct value *find(const struct sheet_scope *scope, struct ecs_str name)
{
    for (; scope; scope = scope->outer)
        for (const struct value *v = scope->values; v; v = v->next)
            if (ecs_str_eq(name, ecs_str_of(v->name)))
                return v;
    return NULL;
}

/* ---- escaping ---- */

static const char *entity_of(unsigned char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void sheet_add_escaped(struct ecs_buf *out, struct ecs_str text)
{
    if (!ecs_str_is_utf8(text)) {
        ecs_buf_add_cstr(out, "\xef\xbf\xbd");
        return;
    }
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        const char *entity = entity_of(c);

        if (entity)
            ecs_buf_add_cstr(out, entity);
        else if ((c >= 0x20 && c != 0x7f) || c == '\n')
            ecs_buf_add_char(out, (char)c);
    }
}

/* ---- the page ---- */

struct page {
    const struct sheet_texts *texts;
    struct ecs_buf *out;
    unsigned depth;
};

static void add_value(const struct sheet_scope *scope, struct ecs_str name, struct ecs_buf *out)
{
    const struct value *v = find(scope, name);

    if (v)
        sheet_add_escaped(out, v->text);
}

/* A text of the catalogue: plain, with {name}s. */
static void add_text(struct page *p, const struct sheet_scope *scope, struct ecs_str key)
{
    struct ecs_str text = p->texts ? p->texts->get(p->texts->env, key) : ECS_STR_NULL;

    while (text.n) {
        const char *open = memchr(text.p, '{', text.n);
        const char *close = open ? memchr(open, '}', text.n - (size_t)(open - text.p)) : NULL;

        if (!close) {
            sheet_add_escaped(p->out, text);
            return;
        }
        sheet_add_escaped(p->out, (struct ecs_str){text.p, (size_t)(open - text.p)});
        add_value(scope, (struct ecs_str){open + 1, (size_t)(close - open - 1)}, p->out);
        text = (struct ecs_str){close + 1, text.n - (size_t)(close + 1 - text.p)};
    }
}

static void render(struct page *p, const struct sheet_template *t, size_t from, size_t to,
                   const struct sheet_scope *scope);

static void render_part(struct page *p, const struct sheet_scope *scope, struct ecs_str name)
{
    const struct value *v = find(scope, name);

    if (!v || !v->part || p->depth >= 2)
        return;
    p->depth++;
    render(p, v->part, 0, v->part->n, scope);
    p->depth--;
}

static void render_with(struct page *p, const struct sheet_template *t, size_t at,
                        const struct sheet_scope *scope)
{
    const struct value *v = find(scope, t->op[at].s);

    if (!v || !v->on)
        return;
    if (!v->is_list)
        render(p, t, at + 1, t->op[at].jump, scope);
    for (const struct sheet_scope *item = v->first; item; item = item->next)
        render(p, t, at + 1, t->op[at].jump, item);
}

static void render(struct page *p, const struct sheet_template *t, size_t from, size_t to,
                   const struct sheet_scope *scope)
{
    for (size_t i = from; i < to && !p->out->overflow; i++) {
        const struct sheet_op *op = &t->op[i];
        const struct value *v;

        switch (op->kind) {
        case SHEET_OP_LITERAL:
            ecs_buf_add_str(p->out, op->s);
            break;
        case SHEET_OP_VALUE:
            add_value(scope, op->s, p->out);
            break;
        case SHEET_OP_TEXT:
            add_text(p, scope, op->s);
            break;
        case SHEET_OP_PART:
            render_part(p, scope, op->s);
            break;
        case SHEET_OP_WITH:
            render_with(p, t, i, scope);
            i = op->jump;
            break;
        case SHEET_OP_WITHOUT:
            v = find(scope, op->s);
            if (v && v->on)
                i = op->jump;
            break;
        case SHEET_OP_END:
            break;
        }
    }
}

void sheet_render(const struct sheet_template *page, const struct sheet_scope *scope,
                  const struct sheet_texts *texts, struct ecs_buf *out)
{
    struct page p = {.texts = texts, .out = out};

    if (!page || !scope || *scope->failed)
        out->overflow = true;
    else
        render(&p, page, 0, page->n, scope);
}
