/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a snapshot: made once, shared by reference count, compared with its successor. */
#include <stdlib.h>
#include <string.h>

#include "conf/conf_priv.h"

enum {
    TREE_BYTES = 64 << 20, /* nodes of a file of 4 MiB */
    CONF_BYTES = 32 << 20,
};

static struct ecs_conf *new_conf(const struct ecs_section *sections)
{
    struct ecs_conf *conf = calloc(1, sizeof(*conf));

    if (!conf)
        return NULL;
    atomic_init(&conf->refs, 1);
    conf->sections = sections;
    while (sections[conf->n_sections].name)
        conf->n_sections++;
    conf->arena = ecs_arena_new(NULL, CONF_BYTES);
    if (conf->arena)
        conf->slots = ecs_alloc(conf->arena, (conf->n_sections + 1) * sizeof(*conf->slots));
    if (!conf->slots) {
        ecs_conf_unref(conf);
        return NULL;
    }
    return conf;
}

static struct ecs_conf *finish(struct ecs_conf *conf, const char *path, struct ecs_yaml_node *root,
                               struct ecs_faults *faults, unsigned before)
{
    if (root)
        ecs_conf_apply(conf, path, root, faults);
    if (root && faults->count == before)
        return conf;
    ecs_conf_unref(conf);
    return NULL;
}

/* text.p NULL: read the file at path. */
static struct ecs_conf *make(const char *path, struct ecs_str text, const struct ecs_section *sections,
                             struct ecs_faults *faults)
{
    struct ecs_arena *tree = ecs_arena_new(NULL, TREE_BYTES);
    struct ecs_conf *conf = new_conf(sections);
    unsigned before = faults->count;
    struct ecs_yaml_node *root;

    if (tree && conf) {
        root = text.p ? ecs_yaml_parse_partial(tree, path, text, faults)
                      : ecs_yaml_load_partial(tree, path, faults);
        conf = finish(conf, path, root, faults, before);
    } else {
        ecs_fault_add(faults, path, 0, 0, "no memory to read it");
        ecs_conf_unref(conf);
        conf = NULL;
    }
    ecs_arena_free(tree);
    return conf;
}

struct ecs_conf *ecs_conf_load(const char *path, const struct ecs_section *sections,
                               struct ecs_faults *faults)
{
    return make(path, ECS_STR_NULL, sections, faults);
}

struct ecs_conf *ecs_conf_parse(const char *name, struct ecs_str text, const struct ecs_section *sections,
                                struct ecs_faults *faults)
{
    return make(name, text.p ? text : ECS_STR(""), sections, faults);
}

struct ecs_conf *ecs_conf_ref(struct ecs_conf *conf)
{
    if (conf)
        atomic_fetch_add_explicit(&conf->refs, 1, memory_order_relaxed);
    return conf;
}

void ecs_conf_unref(struct ecs_conf *conf)
{
    /* Release: what this thread read of the snapshot comes before. Acquire: the last one frees after all of
     * that. */
    if (!conf || atomic_fetch_sub_explicit(&conf->refs, 1, memory_order_acq_rel) != 1)
        return;
    ecs_arena_free(conf->arena);
    free(conf);
}

static const struct ecs_slot *find_slot(const struct ecs_conf *conf, const char *name, bool is_list)
{
    for (size_t i = 0; i < conf->n_sections; i++)
        if (strcmp(conf->sections[i].name, name) == 0)
            return conf->sections[i].is_list == is_list ? &conf->slots[i] : NULL;
    return NULL;
}

const void *ecs_conf_get(const struct ecs_conf *conf, const char *name)
{
    const struct ecs_slot *slot = find_slot(conf, name, false);

    return slot && slot->present ? slot->data : NULL;
}

const void *ecs_conf_list(const struct ecs_conf *conf, const char *name, size_t *ret_n)
{
    const struct ecs_slot *slot = find_slot(conf, name, true);

    *ret_n = slot ? slot->n : 0;
    return slot && slot->n ? slot->data : NULL;
}

/* Names that are gathered; there is room for one per setting. */
struct names {
    struct ecs_arena *arena;
    struct ecs_str_list list;
    size_t room;
};

static void add_name(struct names *names, const char *name)
{
    if (!name || names->list.n >= names->room)
        return;
    names->list.items[names->list.n++] = ecs_str_of(name);
}

static size_t count_settings(const struct ecs_section *section)
{
    size_t n = 0;

    while (section->settings[n].key)
        n++;
    return n;
}

static bool needs_restart(const struct ecs_section *section)
{
    for (const struct ecs_setting *s = section->settings; s->key; s++)
        if (s->reload == ECS_RELOAD_RESTART)
            return true;
    return false;
}

static void compare_struct(struct names *names, const struct ecs_section *section, const char *label,
                           const char *before, const char *after)
{
    for (const struct ecs_setting *s = section->settings; s->key; s++)
        if (s->reload == ECS_RELOAD_RESTART &&
            !ecs_value_types[s->type].same(before + s->offset, after + s->offset))
            add_name(names, ecs_printf(names->arena, "%s.%s", label, s->key));
}

static void compare_section(struct names *names, const struct ecs_section *section,
                            const struct ecs_slot *before, const struct ecs_slot *after)
{
    size_t n = before->n < after->n ? before->n : after->n;
    const char *label = section->name;

    if ((before->n != after->n || before->present != after->present) && needs_restart(section))
        add_name(names, ecs_printf(names->arena, "%s", section->name));
    for (size_t i = 0; i < n; i++) {
        if (section->is_list)
            label = ecs_printf(names->arena, "%s[%zu]", section->name, i + 1);
        if (label)
            compare_struct(names, section, label, before->data + i * section->size,
                           after->data + i * section->size);
    }
}

struct ecs_str_list ecs_conf_restart_diff(const struct ecs_conf *before, const struct ecs_conf *after,
                                          struct ecs_arena *arena)
{
    struct names names = {.arena = arena};

    if (before->sections != after->sections)
        return names.list;
    for (size_t i = 0; i < after->n_sections; i++)
        names.room += 1 + after->slots[i].n * count_settings(&after->sections[i]);
    names.list.items = ecs_alloc(arena, names.room * sizeof(*names.list.items) + 1);
    if (!names.list.items)
        names.room = 0;
    for (size_t i = 0; i < after->n_sections; i++)
        compare_section(&names, &after->sections[i], &before->slots[i], &after->slots[i]);
    return names.list;
}
