/* SPDX-License-Identifier: Apache-2.0 */
/* The one XML form that TS.43 clients read (TS.43 2.9.2, clients.md C-29): characteristic and parm elements,
 * written without blanks or line breaks between them. Append-only; look at buf->overflow at the end. */
#pragma once

#include "ecs/buf.h"

/* Attribute value: & < > " ' become entities, tab and line breaks a blank, other characters that XML 1.0
 * forbids are dropped, bytes that are not UTF-8 become U+FFFD. */
void ecs_xml_add_value(struct ecs_buf *buf, struct ecs_str value);

void ecs_xml_begin_doc(struct ecs_buf *buf); /* declaration, line feed, root element */
void ecs_xml_end_doc(struct ecs_buf *buf);
void ecs_xml_begin(struct ecs_buf *buf, struct ecs_str type); /* <characteristic type="..."> */
void ecs_xml_end(struct ecs_buf *buf);
void ecs_xml_parm(struct ecs_buf *buf, struct ecs_str name,
                  struct ecs_str value); /* <parm name="..." value="..."/> */
