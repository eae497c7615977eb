/* SPDX-License-Identifier: Apache-2.0 */
/* Pages for people: HTML files of the operator with places for values. No code in them, and no way around the
 * escaping:
 *   {name}                a value, escaped for text and for quoted attributes
 *   {@key}                a text of the catalogue in the page's language; its own {name}s are values, too
 *   {#name} ... {/name}   for each item of a list; once when a text is not empty or a condition holds
 *   {^name} ... {/name}   when that is not so
 *   {>file.html}          the content of another file, taken in when the page is loaded
 *   {!name}               another template, put in when the page is made
 *   {{                    a brace
 * In <script> and <style> only {>file} is known; what stands in them is named in the content security policy
 * by its digest. Values are refused (when the file is loaded) in comments, outside of the quotes of a tag, in
 * event handlers and style attributes; in addresses (href, action ...) only SHEET_URL ones may stand. */
#pragma once

#include "ecs/arena.h"
#include "ecs/buf.h"
#include "ecs/crypto.h"
#include "ecs/yaml.h"

struct sheet_template; /* immutable, lives in the arena it was loaded into; for all threads */

enum sheet_kind {
    SHEET_VALUE, /* text, condition */
    SHEET_URL,   /* text that our own code makes: an address */
    SHEET_LIST,  /* {#name} only */
    SHEET_PART,  /* {!name} */
};
struct sheet_name {
    const char *name;
    enum sheet_kind kind;
};

struct sheet_loader {
    /* Text of a file in the arena and the path to be named in faults; false: there is no such file (a fault
     * is recorded for an unreadable one). */
    bool (*read)(void *env, const char *file, struct ecs_arena *arena, struct ecs_faults *faults,
                 struct ecs_str *ret_text, const char **ret_path);
    bool (*has_text)(void *env, struct ecs_str key);
    void *env;
    const struct sheet_name *names; /* all that pages may use; ends with name NULL */
};

/* NULL with faults (file:line:column) for anything that is wrong, not only the first. */
const struct sheet_template *sheet_template_load(struct ecs_arena *arena, struct ecs_crypto *crypto,
                                                 const struct sheet_loader *loader, const char *file,
                                                 struct ecs_faults *faults);
/* Content-Security-Policy of the page: nothing from elsewhere, its own script and style by digest. */
const char *sheet_template_policy(const struct sheet_template *page);

/* ---- values ---- */

/* Names and values of one page, or of one item of a list in it. Memory of the arena; when that is exhausted,
 * sheet_render says so. Names and values are borrowed. */
struct sheet_scope;
struct sheet_scope *sheet_scope_new(struct ecs_arena *arena);
void sheet_put(struct sheet_scope *scope, const char *name, struct ecs_str value);
void sheet_put_flag(struct sheet_scope *scope, const char *name, bool on);
void sheet_put_part(struct sheet_scope *scope, const char *name, const struct sheet_template *part);
/* A further item of the list; its values go before those of the page. */
struct sheet_scope *sheet_put_item(struct sheet_scope *scope, const char *list);

struct sheet_texts {
    struct ecs_str (*get)(void *env, struct ecs_str key); /* {NULL, 0}: none */
    void *env;
};
/* Appends the page. out->overflow: it does not fit, or memory was short. */
void sheet_render(const struct sheet_template *page, const struct sheet_scope *scope,
                  const struct sheet_texts *texts, struct ecs_buf *out);
/* & < > " ' become entities, control characters but line breaks vanish, what is not UTF-8 becomes U+FFFD. */
void sheet_add_escaped(struct ecs_buf *out, struct ecs_str text);
