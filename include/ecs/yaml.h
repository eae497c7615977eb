/* SPDX-License-Identifier: Apache-2.0 */
/* YAML files as a tree of nodes with file, line and column; duplicate keys, aliases and tags are refused.
 * For files of the operator only: parsing time is not bounded against hostile input. */
#pragma once

#include "ecs/arena.h"
#include "ecs/error.h"

enum ecs_yaml_kind {
    ECS_YAML_SCALAR,
    ECS_YAML_SEQUENCE,
    ECS_YAML_MAPPING,
};

struct ecs_yaml_node {
    enum ecs_yaml_kind kind;
    struct ecs_str text; /* scalar: its value; NUL-terminated in the arena */
    bool quoted;         /* scalar in quotes: never a number, boolean or null */
    struct ecs_str key;  /* in a mapping: the key of this member */
    unsigned key_line, key_column;
    const char *file; /* as given to the loader */
    unsigned line, column; /* of the value, from 1 */
    struct ecs_yaml_node *child; /* first member or item */
    struct ecs_yaml_node *next;  /* next sibling, in file order */
    size_t count;                /* number of children */
};

/* Faults, collected in order; each "file:line:column: text". */
struct ecs_faults {
    struct ecs_fault {
        struct ecs_fault *next;
        const char *text;
    } *first, **end;
    unsigned count; /* at most 100 are kept, all are counted */
    struct ecs_arena *arena;
};

void ecs_faults_init(struct ecs_faults *faults, struct ecs_arena *arena);
void ecs_fault_at(struct ecs_faults *faults, const struct ecs_yaml_node *node, const char *format, ...)
    ECS_PRINTF(3, 4);
/* Position given by hand, or without one when file is NULL. */
void ecs_fault_add(struct ecs_faults *faults, const char *file, unsigned line, unsigned column, const char *format,
                   ...) ECS_PRINTF(5, 6);

/* NULL with a fault recorded when the file cannot be read (limit 4 MiB) or is not well-formed. An empty file is an
 * empty mapping. Nodes live in the arena. */
struct ecs_yaml_node *ecs_yaml_load(struct ecs_arena *arena, const char *path, struct ecs_faults *faults);
struct ecs_yaml_node *ecs_yaml_parse(struct ecs_arena *arena, const char *name, struct ecs_str text,
                                     struct ecs_faults *faults);
/* Member of a mapping, NULL when absent or node is no mapping. */
struct ecs_yaml_node *ecs_yaml_get(const struct ecs_yaml_node *node, const char *key);
