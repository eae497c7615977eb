/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration document (TS.43 2.9): a tree in the arena, checks, and the two renderers. When the arena
 * is exhausted, builders give NULL, take NULL for a node, and ecs_doc_render says ECS_E_TOO_LARGE. */
#pragma once

#include "ecs/arena.h"
#include "ecs/buf.h"
#include "ecs/error.h"
#include "ecs/negotiate.h"
#include "ecs/ts43.h"

/* Shapes of a node in XML and in JSON:
 *   value        <parm name="n" value="v"/>                          "n":"v"
 *   group        <characteristic type="n">...                        "n":{...}
 *   boxed list   <characteristic type="n"> with items
 *                <characteristic type="item"> in it                  "n":[{"item":{...}},...]
 *   bare list    <characteristic type="n"> repeated                  "n":[{...},...]
 * An empty boxed list is an empty characteristic or [], an empty bare list nothing or []. */
enum ecs_doc_kind {
    ECS_DOC_VALUE,
    ECS_DOC_GROUP,
    ECS_DOC_LIST_BOXED,
    ECS_DOC_LIST_BARE,
};

struct ecs_doc_node {
    enum ecs_doc_kind kind;
    struct ecs_str name;  /* of an item: the list's item name, or the list's own name */
    struct ecs_str value; /* value; boxed list: item name */
    struct ecs_doc_node *child, **end, *next;
};

struct ecs_doc_app {
    enum ecs_app app;
    struct ecs_doc_node node; /* a group without a name */
    struct ecs_doc_app *next;
};

struct ecs_doc {
    struct ecs_arena *arena;
    bool failed, has_vers, has_token;
    int64_t version, validity_s;
    struct ecs_str token;
    int64_t token_validity_s; /* negative: not sent (no limit) */
    struct ecs_doc_app *app, **end;
};

struct ecs_doc *ecs_doc_new(struct ecs_arena *arena); /* NULL: arena exhausted */
/* One of the pairs >0/>=0, 0/0, -1/-1, -2/-2 (ts43-protocol.md 8.4); false and nothing set otherwise. */
bool ecs_doc_vers(struct ecs_doc *doc, int64_t version, int64_t validity_s) ECS_MUST_CHECK;
void ecs_doc_token(struct ecs_doc *doc, struct ecs_str token, int64_t validity_s);

/* Names and values are not copied: they have to live as long as the document. AppID is written by the
 * renderer. */
struct ecs_doc_node *ecs_doc_app(struct ecs_doc *doc, enum ecs_app app);
void ecs_doc_str(struct ecs_doc *doc, struct ecs_doc_node *in, const char *name, struct ecs_str value);
void ecs_doc_int(struct ecs_doc *doc, struct ecs_doc_node *in, const char *name, int64_t value);
void ecs_doc_time(struct ecs_doc *doc, struct ecs_doc_node *in, const char *name, int64_t unix_seconds);
struct ecs_doc_node *ecs_doc_group(struct ecs_doc *doc, struct ecs_doc_node *in, const char *name);
struct ecs_doc_node *ecs_doc_list_boxed(struct ecs_doc *doc, struct ecs_doc_node *in, const char *name,
                                        const char *item);
struct ecs_doc_node *ecs_doc_list_bare(struct ecs_doc *doc, struct ecs_doc_node *in, const char *name);
struct ecs_doc_node *ecs_doc_item(struct ecs_doc *doc, struct ecs_doc_node *list); /* a group */

/* Values that phones take without entities (clients.md C-34). Both give {NULL, 0} when the arena is
 * exhausted. text: for people: straight quotes and angle brackets become typographic ones, line breaks and
 * tabs a blank, other control characters and bytes that are not UTF-8 disappear. url: URLs and user data:
 * what RFC 3986 does not allow in a URI becomes %XX; % and & stay. */
struct ecs_str ecs_doc_text(struct ecs_arena *arena, struct ecs_str text);
struct ecs_str ecs_doc_url(struct ecs_arena *arena, struct ecs_str url);

/* For tests and debug builds: VERS there, each application once, names, places, types, ranges and mandatory
 * parameters as in params_*.def for that version, no illegal combination (ts43-ims.md 2.4, 3.2, 3.3), no
 * duplicate names. Applications without rows: only duplicates and values. ECS_E_INTERNAL with "ap2004:
 * AddrStatus is missing" and the like appended to fault. */
enum ecs_rc ecs_doc_check(const struct ecs_doc *doc, struct ecs_version version,
                          struct ecs_buf *fault) ECS_MUST_CHECK;

/* Appends the document in one pass. ECS_E_INTERNAL without VERS; ECS_E_TOO_LARGE when building ran out of
 * arena or the buffer refuses. */
enum ecs_rc ecs_doc_render(const struct ecs_doc *doc, enum ecs_format format,
                           struct ecs_buf *out) ECS_MUST_CHECK;
