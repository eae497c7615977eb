/* SPDX-License-Identifier: Apache-2.0 */
/* The document as XML (TS.43 2.9.2, 2.9.3): VERS, TOKEN, one APPLICATION per application with AppID first. */
#include "ecs/xml.h"
#include "ts43/doc_priv.h"

static void add_version(struct ecs_buf *out, int64_t version)
{
    ecs_buf_add_str(out, ECS_STR("<parm name=\"version\" value=\""));
    ecs_buf_add_i64(out, version);
    ecs_buf_add_str(out, ECS_STR("\"/>"));
}

static void add_validity(struct ecs_buf *out, int64_t validity_s)
{
    ecs_buf_add_str(out, ECS_STR("<parm name=\"validity\" value=\""));
    ecs_buf_add_i64(out, validity_s);
    ecs_buf_add_str(out, ECS_STR("\"/>"));
}

static void add_children(struct ecs_buf *out, const struct ecs_doc_node *node)
{
    for (const struct ecs_doc_node *child = node->child; child; child = child->next) {
        if (child->kind == ECS_DOC_VALUE) {
            ecs_xml_parm(out, child->name, child->value);
        } else if (child->kind == ECS_DOC_LIST_BARE) {
            add_children(out, child);
        } else {
            ecs_xml_begin(out, child->name);
            add_children(out, child);
            ecs_xml_end(out);
        }
    }
}

void ecs_render_xml(const struct ecs_doc *doc, struct ecs_buf *out)
{
    ecs_xml_begin_doc(out);
    ecs_xml_begin(out, ECS_STR("VERS"));
    add_version(out, doc->version);
    add_validity(out, doc->validity_s);
    ecs_xml_end(out);
    if (doc->has_token) {
        ecs_xml_begin(out, ECS_STR("TOKEN"));
        ecs_xml_parm(out, ECS_STR("token"), doc->token);
        if (doc->token_validity_s >= 0)
            add_validity(out, doc->token_validity_s);
        ecs_xml_end(out);
    }
    for (const struct ecs_doc_app *app = doc->app; app; app = app->next) {
        ecs_xml_begin(out, ECS_STR("APPLICATION"));
        ecs_xml_parm(out, ECS_STR("AppID"), ecs_str_of(ecs_app_id(app->app)));
        add_children(out, &app->node);
        ecs_xml_end(out);
    }
    ecs_xml_end_doc(out);
}
