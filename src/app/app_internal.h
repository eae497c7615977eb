/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the applications share. */
#pragma once

#include "ecs/app.h"
#include "ims_state.h"

struct app_portal_states {
    int terms, address, provisioning; /* TS.43 values */
};
/* JSON Web Token that hands the user over to a page, in the arena; {NULL, 0}: not signed. */
struct ecs_str app_portal_jwt(struct ecs_app_context *c, const char *service, const char *reference,
                              const struct app_portal_states *states, int64_t expires_s);

typedef enum ecs_rc (*app_build_fn)(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                                    const struct ecs_decisions *decisions, struct ecs_app_result *result);

enum ecs_rc app_build_voice(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                            const struct ecs_decisions *decisions, struct ecs_app_result *result);
enum ecs_rc app_build_vowifi(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                             const struct ecs_decisions *decisions, struct ecs_app_result *result);
enum ecs_rc app_build_smsoip(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                             const struct ecs_decisions *decisions, struct ecs_app_result *result);

/* Text of a message decision in the language of the request, fit for documents; "notice" stands for the text
 * of the notice on one of the services (NULL ends the list). {"", 0} when there is none. */
struct ecs_str app_message(struct ecs_app_context *c, struct ecs_str key, const char *const *services);
/* The validity of this application joins the document's; notices on the services shorten it. */
void app_validity(struct ecs_app_context *c, int64_t validity_s, const char *const *services);
