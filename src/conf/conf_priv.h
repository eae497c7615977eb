/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this module share and nobody else needs. */
#pragma once

#include <stdatomic.h>

#include "ecs/conf.h"

/* conf_yaml.c: as ecs_yaml_load and ecs_yaml_parse, but a file whose only faults are duplicate keys, aliases,
 * anchors or tags still gives its tree (without them), so that the faults behind can be reported in the same
 * run. */
struct ecs_yaml_node *ecs_yaml_load_partial(struct ecs_arena *arena, const char *path,
                                            struct ecs_faults *faults);
struct ecs_yaml_node *ecs_yaml_parse_partial(struct ecs_arena *arena, const char *name, struct ecs_str text,
                                             struct ecs_faults *faults);

/* conf_file.c: a whole regular file of at most limit bytes; false with why otherwise. The text, which has a
 * NUL behind it, goes back by ecs_file_forget, which wipes it. */
bool ecs_file_read(const char *path, size_t limit, struct ecs_str *ret_text, char why[256]) ECS_MUST_CHECK;
void ecs_file_forget(struct ecs_str text);
/* "credential:name" to the path of the credential. */
bool ecs_credential_path(struct ecs_str reference, char ret_path[4096], char why[256]) ECS_MUST_CHECK;
bool ecs_secret_is_reference(struct ecs_str value);
/* What "file:/path" or "credential:name" stands for, not trimmed; forget it with ecs_file_forget. */
bool ecs_secret_read(struct ecs_str reference, struct ecs_str *ret_text, char why[256]) ECS_MUST_CHECK;

/* conf_value.c: one type of setting. */
struct ecs_value_type {
    const char *name;  /* "number" */
    const char *form;  /* how a value is written, for faults and the manual */
    size_t size;       /* of the field */
    size_t item_size;  /* of a list's item; 0 when not a list */
    bool takes_quotes; /* a text; for the others quotes are a fault */
    /* text to the field or, for a list, to one item. When false, why says "must be ..." */
    bool (*parse)(const struct ecs_setting *setting, struct ecs_arena *arena, struct ecs_str text,
                  void *field, struct ecs_buf *why);
    void (*print)(const struct ecs_setting *setting, const void *field, struct ecs_buf *buf);
    bool (*same)(const void *a, const void *b);
};
extern const struct ecs_value_type ecs_value_types[ECS_SETTING_COUNT];

/* Head of both list types. */
struct ecs_any_list {
    void *items;
    size_t n;
};

/* The default of a row to its field; false with why when the default itself is wrong. */
bool ecs_value_default(const struct ecs_setting *setting, struct ecs_arena *arena, void *field,
                       struct ecs_buf *why);
bool ecs_value_has_range(const struct ecs_setting *setting);
/* "1 to 64", "at least 1s", "at most 63 bytes" */
void ecs_value_print_range(const struct ecs_setting *setting, struct ecs_buf *buf);
/* Number of entries of a list against min and max; for other types always true. */
bool ecs_value_count_fits(const struct ecs_setting *setting, size_t n, struct ecs_buf *why);

/* conf_check.c: the name nearest to what was written, at most two edits away. */
struct ecs_hint {
    struct ecs_str given;
    const char *best; /* NULL when nothing is near */
    unsigned distance;
};
void ecs_hint_offer(struct ecs_hint *hint, const char *candidate);
/* False when a FILE_MUST_EXIST path cannot be read; why then says so. */
bool ecs_check_file(const struct ecs_setting *setting, const void *field, struct ecs_buf *why);

/* conf_snapshot.c */
struct ecs_slot {
    char *data; /* one struct, or n of them */
    size_t n;
    bool present; /* false: an optional section that is left out */
};

struct ecs_conf {
    atomic_uint refs;
    struct ecs_arena *arena;
    const struct ecs_section *sections;
    size_t n_sections;
    struct ecs_slot *slots; /* one per section */
};

/* conf_apply.c: fills the slots from the file's tree; all faults are recorded. */
void ecs_conf_apply(struct ecs_conf *conf, const char *path, struct ecs_yaml_node *root,
                    struct ecs_faults *faults);
