/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: append-only writing, reading of flat device bodies, binding of admin bodies to structs by tables. */
#pragma once

#include "ecs/arena.h"
#include "ecs/buf.h"
#include "ecs/error.h"

struct json_t;

/* --- writing; look at buf->overflow at the end --- */

/* With the quotes; " \ and control characters escaped, bytes that are not UTF-8 become U+FFFD. */
void ecs_json_add_string(struct ecs_buf *buf, struct ecs_str value);
/* As ecs_json_add_string, with the colon behind it. */
void ecs_json_add_name(struct ecs_buf *buf, struct ecs_str name);

/* Members and items with the commas between them. key NULL: inside an array, or the top value. */
struct ecs_json_out {
    struct ecs_buf *buf;
    bool comma; /* a value was written in the open object or array */
};
void ecs_json_begin(struct ecs_json_out *out, const char *key, char bracket);       /* '{' or '[' */
void ecs_json_end(struct ecs_json_out *out, char bracket);                          /* '}' or ']' */
void ecs_json_str(struct ecs_json_out *out, const char *key, struct ecs_str value); /* {NULL, 0} gives null */
void ecs_json_i64(struct ecs_json_out *out, const char *key, int64_t value);
void ecs_json_bool(struct ecs_json_out *out, const char *key, bool value);

/* --- reading --- */

enum ecs_json_kind {
    ECS_JSON_NULL,
    ECS_JSON_BOOL,
    ECS_JSON_NUMBER,
    ECS_JSON_STRING,
    ECS_JSON_ARRAY,
    ECS_JSON_OBJECT,
};

enum { ECS_JSON_MAX_MEMBERS = 256 };

struct ecs_json_member {
    struct ecs_str name; /* decoded; {"", 0} in an array */
    enum ecs_json_kind kind;
    struct ecs_str value; /* string: decoded; number, bool, null: as written; array, object: its text */
};

/* Members in text order; duplicates are kept, since which of them are faults depends on the name. */
struct ecs_json_flat {
    struct ecs_json_member *member;
    size_t n;
};

/* Top level of one JSON object; a leading UTF-8 byte order mark is allowed. Strings without escapes point
 * into text, which has to live as long as the arena. U+0000 is kept only as first character of a string.
 * ECS_E_BAD_REQUEST with a constant ret_reason: not JSON, not UTF-8, an array (said apart), another value,
 * more than ECS_JSON_MAX_MEMBERS members; ECS_E_TOO_LARGE: arena exhausted. */
enum ecs_rc ecs_json_flat_parse(struct ecs_arena *arena, struct ecs_str text, struct ecs_json_flat *ret_flat,
                                const char **ret_reason) ECS_MUST_CHECK;
/* Items of a member of kind ECS_JSON_ARRAY that ecs_json_flat_parse gave. */
enum ecs_rc ecs_json_flat_items(struct ecs_arena *arena, const struct ecs_json_member *array,
                                struct ecs_json_flat *ret_items, const char **ret_reason) ECS_MUST_CHECK;

/* A whole text (object or array), duplicates refused; the tree is released with the arena. ret_reason (in the
 * arena) names line, column and fault. Includers of <jansson.h> see struct json_t as json_t. */
enum ecs_rc ecs_json_load(struct ecs_arena *arena, struct ecs_str text, struct json_t **ret_json,
                          const char **ret_reason) ECS_MUST_CHECK;

/* --- binding: rows say which member goes where --- */

enum ecs_json_type {
    ECS_JSON_T_STR,  /* struct ecs_str; length low..high bytes */
    ECS_JSON_T_I64,  /* int64_t; low..high */
    ECS_JSON_T_BOOL, /* bool */
    ECS_JSON_T_WORD, /* int: index in words */
    ECS_JSON_T_STRS, /* struct ecs_json_strs; at most high items, each 1..255 bytes */
    ECS_JSON_T_SUB,  /* members of sub, offsets relative to this field's */
    ECS_JSON_T_LIST, /* struct ecs_json_list of objects described by sub, item_size bytes each; at most high
                        items */
};

struct ecs_json_strs {
    struct ecs_str *item;
    size_t n;
};
struct ecs_json_list {
    void *items;
    size_t n;
};

/* A table ends with a row whose name is NULL. low = high = 0: no bound for I64, 0..255 bytes for STR, 100
 * items. */
struct ecs_json_field {
    const char *name;
    enum ecs_json_type type;
    bool required;
    size_t offset;
    size_t set_offset; /* of a bool that becomes true when the member was given; 0 = none */
    int64_t low, high;
    const char *const *words; /* ends with NULL */
    const struct ecs_json_field *sub;
    size_t item_size;
};

/* Fields of absent or null members keep the value they had. Members without a row are refused. On failure
 * (ECS_E_BAD_PARAMETER, or what ecs_json_load gives) out is partly written and ret_reason (in the arena) is
 * "path: fault" of the first fault, values not quoted. Strings are copied into the arena. */
enum ecs_rc ecs_json_bind(struct ecs_arena *arena, struct ecs_str text, const struct ecs_json_field *fields,
                          void *out, const char **ret_reason) ECS_MUST_CHECK;
