/* SPDX-License-Identifier: Apache-2.0 */
/* YAML text to a tree of nodes with positions, and the list of faults. This is the only file that knows
 * libyaml. The event interface is used, with a stack of our own, because the library's documents do not say
 * which keys are duplicates, resolve aliases silently and nest without a limit. */
#include "ecs/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "conf/conf_priv.h"

enum {
    MAX_DEPTH = 32,
    MAX_FAULTS = 100,
    MAX_FILE_BYTES = 4 << 20,
};

/* One open sequence or mapping. */
struct level {
    struct ecs_yaml_node *node;
    struct ecs_yaml_node **end;   /* where the next child is hung in */
    struct ecs_yaml_node *member; /* mapping: a member whose key is read and whose value is not */
};

struct reader {
    yaml_parser_t parser;
    struct ecs_arena *arena;
    struct ecs_faults *faults;
    const char *file;
    struct ecs_str text;
    struct ecs_yaml_node *root;
    struct level stack[MAX_DEPTH];
    unsigned depth;
    unsigned documents;
};

void ecs_faults_init(struct ecs_faults *faults, struct ecs_arena *arena)
{
    *faults = (struct ecs_faults){.arena = arena};
    faults->end = &faults->first;
}

ECS_PRINTF(5, 0)
static void add_fault(struct ecs_faults *faults, const char *file, unsigned line, unsigned column,
                      const char *format, va_list args)
{
    char text[768];
    struct ecs_fault *fault;

    if (faults->count++ >= MAX_FAULTS)
        return;
    vsnprintf(text, sizeof(text), format, args);
    /* It goes to a terminal: what was written in a file must not steer it. */
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    fault = ecs_alloc(faults->arena, sizeof(*fault));
    if (!fault)
        return;
    if (!file)
        fault->text = ecs_printf(faults->arena, "%s", text);
    else if (line)
        fault->text = ecs_printf(faults->arena, "%s:%u:%u: %s", file, line, column, text);
    else
        fault->text = ecs_printf(faults->arena, "%s: %s", file, text);
    if (!fault->text)
        fault->text = "no memory left to describe this fault";
    *faults->end = fault;
    faults->end = &fault->next;
}

void ecs_fault_at(struct ecs_faults *faults, const struct ecs_yaml_node *node, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_fault(faults, node ? node->file : NULL, node ? node->line : 0, node ? node->column : 0, format, args);
    va_end(args);
}

void ecs_fault_add(struct ecs_faults *faults, const char *file, unsigned line, unsigned column,
                   const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_fault(faults, file, line, column, format, args);
    va_end(args);
}

static void fault_mark(struct reader *r, const yaml_mark_t *mark, const char *text)
{
    ecs_fault_add(r->faults, r->file, (unsigned)mark->line + 1, (unsigned)mark->column + 1, "%s", text);
}

static bool fault_memory(struct reader *r)
{
    ecs_fault_add(r->faults, r->file, 0, 0, "the file is too large for the memory set aside for it");
    return false;
}

/* The next node in the open level; for a mapping this is the member whose key was read before. */
static struct ecs_yaml_node *place_node(struct reader *r, enum ecs_yaml_kind kind, const yaml_mark_t *mark)
{
    struct level *level = r->depth ? &r->stack[r->depth - 1] : NULL;
    struct ecs_yaml_node *node = level ? level->member : NULL;

    if (!node)
        node = ecs_alloc(r->arena, sizeof(*node));
    if (!node)
        return NULL;
    node->kind = kind;
    node->file = r->file;
    node->line = (unsigned)mark->line + 1;
    node->column = (unsigned)mark->column + 1;
    if (!level) {
        r->root = node;
        return node;
    }
    level->member = NULL;
    *level->end = node;
    level->end = &node->next;
    level->node->count++;
    return node;
}

static bool awaits_key(const struct reader *r)
{
    const struct level *level = r->depth ? &r->stack[r->depth - 1] : NULL;

    return level && level->node->kind == ECS_YAML_MAPPING && !level->member;
}

static bool copy_text(struct reader *r, const yaml_event_t *event, struct ecs_str *ret_text)
{
    struct ecs_str raw = {(const char *)event->data.scalar.value, event->data.scalar.length};
    char *copy;

    if (raw.n && memchr(raw.p, 0, raw.n)) {
        fault_mark(r, &event->start_mark, "a value must not contain a NUL character");
        return false;
    }
    copy = ecs_strdup(r->arena, raw.n ? raw : ECS_STR(""));
    if (!copy)
        return fault_memory(r);
    *ret_text = (struct ecs_str){copy, raw.n};
    return true;
}

static bool read_key(struct reader *r, const yaml_event_t *event)
{
    struct ecs_yaml_node *member = ecs_alloc(r->arena, sizeof(*member));

    if (!member)
        return fault_memory(r);
    if (!copy_text(r, event, &member->key))
        return false;
    member->key_line = (unsigned)event->start_mark.line + 1;
    member->key_column = (unsigned)event->start_mark.column + 1;
    r->stack[r->depth - 1].member = member;
    return true;
}

static void refuse_marks(struct reader *r, const yaml_event_t *event, const void *anchor, bool tagged)
{
    if (anchor)
        fault_mark(r, &event->start_mark, "anchors (&name) are not supported");
    if (tagged)
        fault_mark(r, &event->start_mark, "tags (!type) are not supported");
}

static bool on_scalar(struct reader *r, const yaml_event_t *event)
{
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    struct ecs_yaml_node *node;

    refuse_marks(r, event, event->data.scalar.anchor,
                 event->data.scalar.tag || (plain && !event->data.scalar.plain_implicit));
    if (awaits_key(r))
        return read_key(r, event);
    node = place_node(r, ECS_YAML_SCALAR, &event->start_mark);
    if (!node)
        return fault_memory(r);
    node->quoted = !plain;
    return copy_text(r, event, &node->text);
}

/* The alias is replaced by an empty text; the fault is what counts. */
static bool on_alias(struct reader *r, const yaml_event_t *event)
{
    struct ecs_yaml_node *node;

    fault_mark(r, &event->start_mark, "aliases (*name) are not supported");
    if (awaits_key(r))
        return false;
    node = place_node(r, ECS_YAML_SCALAR, &event->start_mark);
    if (!node)
        return fault_memory(r);
    node->text = ECS_STR("");
    return true;
}

static bool open_level(struct reader *r, const yaml_event_t *event, enum ecs_yaml_kind kind)
{
    struct ecs_yaml_node *node;

    if (awaits_key(r)) {
        fault_mark(r, &event->start_mark, "a key must be a plain text");
        return false;
    }
    if (r->depth == MAX_DEPTH) {
        fault_mark(r, &event->start_mark, "the file nests deeper than 32 levels");
        return false;
    }
    node = place_node(r, kind, &event->start_mark);
    if (!node)
        return fault_memory(r);
    r->stack[r->depth++] = (struct level){.node = node, .end = &node->child};
    return true;
}

static bool on_sequence(struct reader *r, const yaml_event_t *event)
{
    refuse_marks(r, event, event->data.sequence_start.anchor, event->data.sequence_start.tag);
    return open_level(r, event, ECS_YAML_SEQUENCE);
}

static bool on_mapping(struct reader *r, const yaml_event_t *event)
{
    refuse_marks(r, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
    return open_level(r, event, ECS_YAML_MAPPING);
}

/* A member with the same key that is in the table already, or NULL after adding this one. */
static struct ecs_yaml_node *enter_key(struct ecs_yaml_node **slots, size_t mask,
                                       struct ecs_yaml_node *member)
{
    size_t i = (size_t)ecs_hash(member->key.p, member->key.n) & mask;

    while (slots[i]) {
        if (ecs_str_eq(slots[i]->key, member->key))
            return slots[i];
        i = (i + 1) & mask;
    }
    slots[i] = member;
    return NULL;
}

/* Members with a key that stood before are reported and taken out, so that the first one counts. */
static bool drop_duplicates(struct reader *r, struct ecs_yaml_node *mapping)
{
    struct ecs_yaml_node **link = &mapping->child, *member, *earlier, **slots;
    size_t size = 4;

    while (size < 2 * mapping->count)
        size *= 2;
    slots = calloc(size, sizeof(struct ecs_yaml_node *));
    if (!slots)
        return fault_memory(r);
    while ((member = *link)) {
        earlier = enter_key(slots, size - 1, member);
        if (!earlier) {
            link = &member->next;
            continue;
        }
        ecs_fault_add(r->faults, r->file, member->key_line, member->key_column,
                      "key \"%.*s\" stands twice, first in line %u",
                      (int)(member->key.n < 64 ? member->key.n : 64), member->key.p, earlier->key_line);
        *link = member->next;
        mapping->count--;
    }
    free(slots);
    return true;
}

static bool close_level(struct reader *r)
{
    struct ecs_yaml_node *node = r->stack[--r->depth].node;

    return node->kind != ECS_YAML_MAPPING || node->count < 2 || drop_duplicates(r, node);
}

static bool on_event(struct reader *r, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (r->documents++ == 0)
            return true;
        fault_mark(r, &event->start_mark, "only one document (---) per file is supported");
        return false;
    case YAML_SCALAR_EVENT:
        return on_scalar(r, event);
    case YAML_ALIAS_EVENT:
        return on_alias(r, event);
    case YAML_SEQUENCE_START_EVENT:
        return on_sequence(r, event);
    case YAML_MAPPING_START_EVENT:
        return on_mapping(r, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return close_level(r);
    default:
        return true;
    }
}

/* For bytes that are no text the library knows the offset only. */
static void fault_bytes(struct reader *r, const char *problem)
{
    size_t offset = r->parser.problem_offset < r->text.n ? r->parser.problem_offset : r->text.n;
    unsigned line = 1, column = 1;

    for (size_t i = 0; i < offset; i++) {
        column = r->text.p[i] == '\n' ? 1 : column + 1;
        line += r->text.p[i] == '\n';
    }
    ecs_fault_add(r->faults, r->file, line, column, "not UTF-8 text: %s", problem);
}

static void fault_syntax(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem ? p->problem : "it cannot be read";

    if (p->error == YAML_MEMORY_ERROR)
        fault_memory(r);
    else if (p->error == YAML_READER_ERROR)
        fault_bytes(r, problem);
    else
        ecs_fault_add(r->faults, r->file, (unsigned)p->problem_mark.line + 1,
                      (unsigned)p->problem_mark.column + 1, "not well-formed YAML: %s%s%s", problem,
                      p->context ? " " : "", p->context ? p->context : "");
}

static bool read_events(struct reader *r)
{
    yaml_event_t event;
    bool good = true, end = false;

    while (good && !end) {
        if (!yaml_parser_parse(&r->parser, &event)) {
            fault_syntax(r);
            return false;
        }
        end = event.type == YAML_STREAM_END_EVENT;
        good = on_event(r, &event);
        yaml_event_delete(&event);
    }
    return good;
}

/* No document, or one that holds nothing: the same as an empty mapping. */
static struct ecs_yaml_node *finish_root(struct reader *r)
{
    struct ecs_yaml_node *root = r->root;

    if (root && (root->kind != ECS_YAML_SCALAR || root->quoted || root->text.n))
        return root;
    root = ecs_alloc(r->arena, sizeof(*root));
    if (!root) {
        fault_memory(r);
        return NULL;
    }
    *root = (struct ecs_yaml_node){.kind = ECS_YAML_MAPPING, .file = r->file, .line = 1, .column = 1};
    return root;
}

struct ecs_yaml_node *ecs_yaml_parse_partial(struct ecs_arena *arena, const char *name, struct ecs_str text,
                                             struct ecs_faults *faults)
{
    struct reader r = {.arena = arena, .faults = faults, .text = text};
    bool good;

    r.file = ecs_strdup(arena, ecs_str_of(name));
    if (!r.file || !yaml_parser_initialize(&r.parser)) {
        r.file = NULL;
        fault_memory(&r);
        return NULL;
    }
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)(text.n ? text.p : ""), text.n);
    good = read_events(&r);
    yaml_parser_delete(&r.parser);
    return good ? finish_root(&r) : NULL;
}

struct ecs_yaml_node *ecs_yaml_load_partial(struct ecs_arena *arena, const char *path,
                                            struct ecs_faults *faults)
{
    struct ecs_yaml_node *root;
    struct ecs_str text;
    char why[256];

    if (!ecs_file_read(path, MAX_FILE_BYTES, &text, why)) {
        ecs_fault_add(faults, path, 0, 0, "%s", why);
        return NULL;
    }
    root = ecs_yaml_parse_partial(arena, path, text, faults);
    ecs_file_forget(text);
    return root;
}

struct ecs_yaml_node *ecs_yaml_load(struct ecs_arena *arena, const char *path, struct ecs_faults *faults)
{
    unsigned before = faults->count;
    struct ecs_yaml_node *root = ecs_yaml_load_partial(arena, path, faults);

    return faults->count == before ? root : NULL;
}

struct ecs_yaml_node *ecs_yaml_parse(struct ecs_arena *arena, const char *name, struct ecs_str text,
                                     struct ecs_faults *faults)
{
    unsigned before = faults->count;
    struct ecs_yaml_node *root = ecs_yaml_parse_partial(arena, name, text, faults);

    return faults->count == before ? root : NULL;
}

struct ecs_yaml_node *ecs_yaml_get(const struct ecs_yaml_node *node, const char *key)
{
    struct ecs_str wanted = ecs_str_of(key);
    struct ecs_yaml_node *member;

    if (!node || node->kind != ECS_YAML_MAPPING)
        return NULL;
    for (member = node->child; member; member = member->next)
        if (ecs_str_eq(member->key, wanted))
            return member;
    return NULL;
}
