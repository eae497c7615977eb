/* SPDX-License-Identifier: Apache-2.0 */
/* The document as JSON (TS.43 2.9.4, Table 11): Vers, Token, one member per AppID; every scalar is a string.
 */
#include "ecs/json.h"
#include "ts43/doc_priv.h"

static void add_number(struct ecs_buf *out, int64_t value)
{
    ecs_buf_add_char(out, '"');
    ecs_buf_add_i64(out, value);
    ecs_buf_add_char(out, '"');
}

static void add_object(struct ecs_buf *out, const struct ecs_doc_node *node);

static void add_items(struct ecs_buf *out, const struct ecs_doc_node *list)
{
    ecs_buf_add_char(out, '[');
    for (const struct ecs_doc_node *item = list->child; item; item = item->next) {
        if (list->kind == ECS_DOC_LIST_BOXED) {
            ecs_buf_add_char(out, '{');
            ecs_json_add_name(out, item->name);
        }
        add_object(out, item);
        if (list->kind == ECS_DOC_LIST_BOXED)
            ecs_buf_add_char(out, '}');
        if (item->next)
            ecs_buf_add_char(out, ',');
    }
    ecs_buf_add_char(out, ']');
}

static void add_object(struct ecs_buf *out, const struct ecs_doc_node *node)
{
    ecs_buf_add_char(out, '{');
    for (const struct ecs_doc_node *child = node->child; child; child = child->next) {
        ecs_json_add_name(out, child->name);
        if (child->kind == ECS_DOC_VALUE)
            ecs_json_add_string(out, child->value);
        else if (child->kind == ECS_DOC_GROUP)
            add_object(out, child);
        else
            add_items(out, child);
        if (child->next)
            ecs_buf_add_char(out, ',');
    }
    ecs_buf_add_char(out, '}');
}

void ecs_render_json(const struct ecs_doc *doc, struct ecs_buf *out)
{
    ecs_buf_add_str(out, ECS_STR("{\"Vers\":{\"version\":"));
    add_number(out, doc->version);
    ecs_buf_add_str(out, ECS_STR(",\"validity\":"));
    add_number(out, doc->validity_s);
    ecs_buf_add_char(out, '}');
    if (doc->has_token) {
        ecs_buf_add_str(out, ECS_STR(",\"Token\":{\"token\":"));
        ecs_json_add_string(out, doc->token);
        if (doc->token_validity_s >= 0) {
            ecs_buf_add_str(out, ECS_STR(",\"validity\":"));
            add_number(out, doc->token_validity_s);
        }
        ecs_buf_add_char(out, '}');
    }
    for (const struct ecs_doc_app *app = doc->app; app; app = app->next) {
        ecs_buf_add_char(out, ',');
        ecs_json_add_name(out, ecs_str_of(ecs_app_id(app->app)));
        add_object(out, &app->node);
    }
    ecs_buf_add_char(out, '}');
}
