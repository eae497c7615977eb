/* SPDX-License-Identifier: Apache-2.0 */
/* Building the document tree. */
#include "ecs/clock.h"
#include "ts43/doc_priv.h"

#include <inttypes.h>

struct ecs_doc *ecs_doc_new(struct ecs_arena *arena)
{
    struct ecs_doc *doc = ecs_alloc(arena, sizeof(*doc));

    if (!doc)
        return NULL;
    doc->arena = arena;
    doc->end = &doc->app;
    return doc;
}

bool ecs_doc_vers(struct ecs_doc *doc, int64_t version, int64_t validity_s)
{
    bool legal = version > 0 ? version <= INT32_MAX && validity_s >= 0 && validity_s <= INT32_MAX
                             : version >= -2 && validity_s == version;

    if (!legal)
        return false;
    doc->has_vers = true;
    doc->version = version;
    doc->validity_s = validity_s;
    return true;
}

void ecs_doc_token(struct ecs_doc *doc, struct ecs_str token, int64_t validity_s)
{
    doc->has_token = true;
    doc->token = token;
    doc->token_validity_s = validity_s;
}

struct ecs_doc_node *ecs_doc_app(struct ecs_doc *doc, enum ecs_app app)
{
    struct ecs_doc_app *block = ecs_alloc(doc->arena, sizeof(*block));

    if (!block) {
        doc->failed = true;
        return NULL;
    }
    block->app = app;
    block->node.kind = ECS_DOC_GROUP;
    block->node.end = &block->node.child;
    *doc->end = block;
    doc->end = &block->next;
    return &block->node;
}

static struct ecs_doc_node *add_node(struct ecs_doc *doc, struct ecs_doc_node *in, enum ecs_doc_kind kind,
                                     struct ecs_str name, struct ecs_str value)
{
    struct ecs_doc_node *node = in ? ecs_alloc(doc->arena, sizeof(*node)) : NULL;

    if (!node) {
        doc->failed = true;
        return NULL;
    }
    *node = (struct ecs_doc_node){.kind = kind, .name = name, .value = value};
    node->end = &node->child;
    *in->end = node;
    in->end = &node->next;
    return node;
}

void ecs_doc_str(struct ecs_doc *doc, struct ecs_doc_node *in, const char *name, struct ecs_str value)
{
    add_node(doc, in, ECS_DOC_VALUE, ecs_str_of(name), value.p ? value : ECS_STR(""));
}

void ecs_doc_int(struct ecs_doc *doc, struct ecs_doc_node *in, const char *name, int64_t value)
{
    static const char digits[] = "0123456789";
    char *text;

    /* nearly all values are states of one digit */
    if (value >= 0 && value <= 9) {
        add_node(doc, in, ECS_DOC_VALUE, ecs_str_of(name), (struct ecs_str){digits + value, 1});
        return;
    }
    text = ecs_printf(doc->arena, "%" PRId64, value);
    if (!text)
        doc->failed = true;
    else
        add_node(doc, in, ECS_DOC_VALUE, ecs_str_of(name), ecs_str_of(text));
}

void ecs_doc_time(struct ecs_doc *doc, struct ecs_doc_node *in, const char *name, int64_t unix_seconds)
{
    char *text = ecs_alloc(doc->arena, 21);

    if (!text) {
        doc->failed = true;
        return;
    }
    ecs_time_format(unix_seconds, text);
    add_node(doc, in, ECS_DOC_VALUE, ecs_str_of(name), ecs_str_of(text));
}

struct ecs_doc_node *ecs_doc_group(struct ecs_doc *doc, struct ecs_doc_node *in, const char *name)
{
    return add_node(doc, in, ECS_DOC_GROUP, ecs_str_of(name), ECS_STR_NULL);
}

struct ecs_doc_node *ecs_doc_list_boxed(struct ecs_doc *doc, struct ecs_doc_node *in, const char *name,
                                        const char *item)
{
    return add_node(doc, in, ECS_DOC_LIST_BOXED, ecs_str_of(name), ecs_str_of(item));
}

struct ecs_doc_node *ecs_doc_list_bare(struct ecs_doc *doc, struct ecs_doc_node *in, const char *name)
{
    return add_node(doc, in, ECS_DOC_LIST_BARE, ecs_str_of(name), ECS_STR_NULL);
}

struct ecs_doc_node *ecs_doc_item(struct ecs_doc *doc, struct ecs_doc_node *list)
{
    struct ecs_str name = !list ? ECS_STR_NULL : list->kind == ECS_DOC_LIST_BOXED ? list->value : list->name;

    return add_node(doc, list, ECS_DOC_GROUP, name, ECS_STR_NULL);
}

enum ecs_rc ecs_doc_render(const struct ecs_doc *doc, enum ecs_format format, struct ecs_buf *out)
{
    if (doc->failed)
        return ECS_E_TOO_LARGE;
    if (!doc->has_vers)
        return ECS_E_INTERNAL;
    if (format == ECS_FORMAT_JSON)
        ecs_render_json(doc, out);
    else
        ecs_render_xml(doc, out);
    return out->overflow ? ECS_E_TOO_LARGE : ECS_OK;
}
