/* SPDX-License-Identifier: Apache-2.0 */
/* The document as a given client's own parser delivers it, and what the client then does. */
#pragma once

#include "personality.h"

/* Reads the body with the client's parser. Values that the client needs and loses or sees changed are
 * findings. False when the client would refuse the document as a whole. */
bool ecs_sim_view_read(struct ecs_sim_document *view, struct ecs_arena *arena,
                       const struct ecs_sim_personality *who, const struct ecs_sim_document *document,
                       struct ecs_sim_report *report) ECS_MUST_CHECK;
/* The value as the client finds it; {NULL, 0} when it finds none. block: "ap2004", "VERS", "TOKEN". */
struct ecs_str ecs_sim_view_get(const struct ecs_sim_document *view, const struct ecs_sim_personality *who,
                                struct ecs_str block, const char *name);

/* Plain words, a line per application; findings where the outcome harms the user. apps: as asked for. */
void ecs_sim_meaning(struct ecs_buf *words, const struct ecs_sim_personality *who,
                     const struct ecs_sim_document *document, const struct ecs_sim_document *view,
                     const struct ecs_sim_params *asked, struct ecs_sim_report *report);

/* The compatibility list's rules for documents (C-26 to C-38), whoever the client is. content_type as
 * received. */
void ecs_sim_document_check(const struct ecs_sim_document *document, struct ecs_str content_type,
                            const struct ecs_sim_params *asked, struct ecs_sim_report *report);
