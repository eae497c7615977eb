/* SPDX-License-Identifier: Apache-2.0 */
/* All pages of a snapshot: a directory with templates, texts (texts/<language>.yaml) and, per brand, a
 * subdirectory with what differs. A file x.html is looked for as <brand>/x.<language>.html, <brand>/x.html,
 * x.<language>.html, x.html. Terms are terms-text.html and, for versions of their own, terms-text.<n>.html.
 */
#pragma once

#include "sheet_template.h"

enum sheet_page {
#define PAGE(id, file) SHEET_PAGE_##id,
#include "sheet_pages.def"
#undef PAGE
    SHEET_PAGE_COUNT
};

struct sheet_set; /* immutable, for all threads */

/* NULL with faults. default_language must be among the texts. */
struct sheet_set *sheet_set_load(const char *dir, const char *default_language, struct ecs_faults *faults,
                                 struct ecs_faults *warnings);
void sheet_set_free(struct sheet_set *set); /* NULL allowed */

/* One brand and language of the set. */
struct sheet_view {
    const struct sheet_set *set;
    size_t brand, language;
    struct ecs_arena *arena; /* for texts */
};
/* brand: p NULL or unknown: the directory itself. accept_language, then fallback (a tag, may be absent), then
 * the default language. */
struct sheet_view sheet_view_of(const struct sheet_set *set, struct ecs_str brand,
                                struct ecs_str accept_language, struct ecs_str fallback,
                                struct ecs_arena *arena);
struct ecs_str sheet_view_language(const struct sheet_view *view);
const struct sheet_template *sheet_view_page(const struct sheet_view *view, enum sheet_page page);
/* The terms of that version, else those without one. */
const struct sheet_template *sheet_view_terms(const struct sheet_view *view, int64_t version);
/* Text of the catalogue with its {name}s left in; {NULL, 0}: no such key. */
struct ecs_str sheet_view_text(const struct sheet_view *view, struct ecs_str key);
/* Adds lang, dir and brand to the scope and renders. */
void sheet_view_render(const struct sheet_view *view, const struct sheet_template *page,
                       struct sheet_scope *scope, struct ecs_buf *out);
