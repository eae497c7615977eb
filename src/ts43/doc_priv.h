/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the document share. */
#pragma once

#include "ecs/doc.h"

void ecs_render_xml(const struct ecs_doc *doc, struct ecs_buf *out);
void ecs_render_json(const struct ecs_doc *doc, struct ecs_buf *out);

const struct ecs_doc_node *ecs_doc_find(const struct ecs_doc_node *in, const char *name);
/* Value of an integer parameter, -1 when absent or no integer. */
int64_t ecs_doc_int_of(const struct ecs_doc_node *in, const char *name);
/* Combinations that rows cannot express; NULL or the fault. */
const char *ecs_doc_combination_fault(enum ecs_app app, const struct ecs_doc_node *node);
/* The same for on-device service activation. */
const char *ecs_doc_data_fault(enum ecs_app app, const struct ecs_doc_node *node);
const char *ecs_doc_odsa_fault(enum ecs_app app, const struct ecs_doc_node *node);
/* The same for numbers and applications (ap2014, ap2015). */
const char *ecs_doc_userinfo_fault(const struct ecs_doc_node *node);
