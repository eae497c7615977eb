/* SPDX-License-Identifier: Apache-2.0 */
/* Query strings and form-urlencoded bodies as a list of names and values. */
#pragma once

#include "ecs/arena.h"
#include "ecs/buf.h"
#include "ecs/error.h"

enum {
    ECS_FORM_MAX_FIELDS = 256,
    ECS_FORM_MAX_NAME = 128,    /* bytes after decoding */
    ECS_FORM_MAX_VALUE = 16384, /* bytes after decoding */
};

struct ecs_form_field {
    struct ecs_str name;
    struct ecs_str value; /* never {NULL, 0}: a name without "=" has an empty value */
};

struct ecs_form {
    struct ecs_form_field *field; /* in text order, duplicates kept */
    size_t n;
};

/* Percent sequences are decoded exactly once, "+" is a blank, raw blanks and reserved characters are taken as
 * they are, a broken percent sequence stays literal, a leading "?" is dropped, and a blank with "HTTP/1.1" or
 * "HTTP/1.0" at the end of a value is cut off (clients.md C-3). Pieces without a name are skipped. A NUL is
 * kept only as first byte of a value (an encrypted EAP_ID begins with it; the caller decides whether that is
 * allowed). Strings without escapes point into text, which has to live as long as the arena.
 * ECS_E_BAD_REQUEST: too many or too long fields, a NUL elsewhere; ECS_E_TOO_LARGE: arena exhausted.
 * ret_reason is set on failure: a constant text. */
enum ecs_rc ecs_form_parse(struct ecs_arena *arena, struct ecs_str text, struct ecs_form *ret_form,
                           const char **ret_reason) ECS_MUST_CHECK;

/* Appends text so that ecs_form_parse gives it back: letters, digits and "-._~" stay, the rest as %XX. */
void ecs_form_add_escaped(struct ecs_buf *buf, struct ecs_str text);
