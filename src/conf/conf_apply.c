/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of the file to the structs of the sections. Goes on after each fault, so that the operator sees
 * all of them in one run. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf/conf_priv.h"

struct apply {
    struct ecs_conf *conf;
    struct ecs_faults *faults;
    const char *path;
    struct ecs_buf why;
};

/* One struct that is being filled. */
struct target {
    const struct ecs_section *section;
    const struct ecs_yaml_node *node; /* its mapping, NULL when the file leaves it out */
    char *data;
    char label[96]; /* "http", "peers[2]" */
};

static const char *reason(struct apply *a)
{
    ecs_buf_add_char(&a->why, '\0');
    return a->why.p && !a->why.overflow ? a->why.p : "no memory left";
}

/* A fault with the reason that was collected, which is emptied. */
static bool refuse(struct apply *a, const struct target *t, const struct ecs_setting *s,
                   const struct ecs_yaml_node *node)
{
    if (node)
        ecs_fault_at(a->faults, node, "%s.%s: %s", t->label, s->key, reason(a));
    else
        ecs_fault_add(a->faults, a->path, 0, 0, "%s.%s: %s", t->label, s->key, reason(a));
    ecs_buf_reset(&a->why);
    return false;
}

static bool is_null(const struct ecs_yaml_node *node)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};

    for (size_t i = 0; i < ECS_ARRAY_LEN(words); i++)
        if (node->kind == ECS_YAML_SCALAR && !node->quoted && ecs_str_eq(node->text, ecs_str_of(words[i])))
            return true;
    return false;
}

/* The tree lives on for the checks of the module; a secret has no business there. */
static void wipe_text(struct ecs_yaml_node *node)
{
    char *p;

    if (!node->text.n)
        return;
    memcpy(&p, &node->text.p, sizeof(p)); /* a copy in the tree's arena */
    explicit_bzero(p, node->text.n);
    node->text = ECS_STR("");
}

/* Parses what the secret's file holds. */
static bool parse_reference(struct apply *a, const struct ecs_setting *s, struct ecs_str reference,
                            void *field)
{
    const struct ecs_value_type *type = &ecs_value_types[s->type];
    struct ecs_str content, trimmed;
    char why[256];
    bool good = false;

    if (!ecs_secret_read(reference, &content, why)) {
        ecs_buf_add_cstr(&a->why, why);
        return false;
    }
    trimmed = ecs_str_trim(content);
    if (!trimmed.n)
        ecs_buf_add_cstr(&a->why, "the file that it names is empty");
    else if (memchr(trimmed.p, 0, trimmed.n))
        ecs_buf_add_cstr(&a->why, "the file that it names holds a NUL byte: it must be a text");
    else
        good = type->parse(s, a->conf->arena, trimmed, field, &a->why);
    ecs_file_forget(content);
    return good;
}

static bool parse_credential_path(struct apply *a, const struct ecs_setting *s, struct ecs_str reference,
                                  void *field)
{
    char path[4096], why[256];

    if (ecs_credential_path(reference, path, why))
        return ecs_value_types[s->type].parse(s, a->conf->arena, ecs_str_of(path), field, &a->why);
    ecs_buf_add_cstr(&a->why, why);
    return false;
}

/* One scalar to a field or to an item of a list. */
static bool read_scalar(struct apply *a, const struct ecs_setting *s, const struct ecs_yaml_node *node,
                        void *field)
{
    const struct ecs_value_type *type = &ecs_value_types[s->type];

    if (node->kind != ECS_YAML_SCALAR) {
        ecs_buf_printf(&a->why, "must be %s, not a %s", type->item_size ? "a single value" : type->form,
                       node->kind == ECS_YAML_MAPPING ? "mapping" : "list");
        return false;
    }
    if (is_null(node)) {
        ecs_buf_add_cstr(&a->why, "has no value; write one, or comment the line out for the default");
        return false;
    }
    if (node->quoted && !type->takes_quotes) {
        ecs_buf_printf(&a->why, "must be %s, not a text in quotes",
                       s->type == ECS_SETTING_INT_LIST ? "a whole number" : type->form);
        return false;
    }
    if ((s->flags & ECS_SETTING_SECRET) && ecs_secret_is_reference(node->text))
        return parse_reference(a, s, node->text, field);
    if (s->type == ECS_SETTING_PATH && ecs_str_starts_with(node->text, ECS_STR("credential:")))
        return parse_credential_path(a, s, node->text, field);
    return type->parse(s, a->conf->arena, node->text, field, &a->why);
}

/* Every faulty item is reported. */
static bool read_list(struct apply *a, const struct target *t, const struct ecs_setting *s,
                      struct ecs_yaml_node *node)
{
    size_t item_size = ecs_value_types[s->type].item_size;
    struct ecs_any_list list = {0};
    bool good = true;

    if (node->kind != ECS_YAML_SEQUENCE) {
        ecs_buf_printf(&a->why, "must be %s", ecs_value_types[s->type].form);
        return refuse(a, t, s, node);
    }
    list.items = ecs_alloc(a->conf->arena, (node->count + 1) * item_size);
    if (!list.items) {
        ecs_buf_add_cstr(&a->why, "is too large: no memory left for it");
        return refuse(a, t, s, node);
    }
    for (struct ecs_yaml_node *item = node->child; item; item = item->next) {
        if (!read_scalar(a, s, item, (char *)list.items + list.n++ * item_size))
            good = refuse(a, t, s, item);
        if (s->flags & ECS_SETTING_SECRET)
            wipe_text(item);
    }
    if (good && !ecs_value_count_fits(s, list.n, &a->why))
        good = refuse(a, t, s, node);
    if (good)
        memcpy(t->data + s->offset, &list, sizeof(list));
    return good;
}

static bool read_setting(struct apply *a, const struct target *t, const struct ecs_setting *s)
{
    struct ecs_yaml_node *node = ecs_yaml_get(t->node, s->key);
    void *field = t->data + s->offset;
    bool good;

    if (!node && (s->flags & ECS_SETTING_REQUIRED)) {
        ecs_buf_add_cstr(&a->why, "is missing; it has no default");
        return refuse(a, t, s, t->node);
    }
    if (!node) {
        if (!ecs_value_default(s, a->conf->arena, field, &a->why))
            return refuse(a, t, s, t->node);
    } else if (ecs_value_types[s->type].item_size) {
        return read_list(a, t, s, node);
    } else {
        good = read_scalar(a, s, node, field);
        if (s->flags & ECS_SETTING_SECRET)
            wipe_text(node);
        if (!good)
            return refuse(a, t, s, node);
    }
    return ecs_check_file(s, field, &a->why) || refuse(a, t, s, node ? node : t->node);
}

/* Where else a key that is unknown here would be right, or NULL. */
static const char *find_home(const struct apply *a, struct ecs_str key)
{
    for (const struct ecs_section *section = a->conf->sections; section->name; section++)
        for (const struct ecs_setting *s = section->settings; s->key; s++)
            if (ecs_str_eq(key, ecs_str_of(s->key)))
                return section->name;
    return NULL;
}

static void refuse_unknown(struct apply *a, const struct target *t, const struct ecs_yaml_node *member)
{
    struct ecs_hint hint = {.given = member->key};
    const char *home = find_home(a, member->key);

    for (const struct ecs_setting *s = t->section->settings; s->key; s++)
        ecs_hint_offer(&hint, s->key);
    ecs_buf_printf(&a->why, "%s: there is no setting \"%.*s\"", t->label,
                   (int)(member->key.n < 64 ? member->key.n : 64), member->key.p);
    if (hint.best)
        ecs_buf_printf(&a->why, "; did you mean \"%s\"?", hint.best);
    else if (home)
        ecs_buf_printf(&a->why, " here; there is one in section \"%s\"", home);
    ecs_fault_add(a->faults, a->path, member->key_line, member->key_column, "%s", reason(a));
    ecs_buf_reset(&a->why);
}

static void fill_struct(struct apply *a, const struct target *t)
{
    unsigned before = a->faults->count;

    for (const struct ecs_yaml_node *member = t->node ? t->node->child : NULL; member;
         member = member->next) {
        const struct ecs_setting *s = t->section->settings;

        while (s->key && !ecs_str_eq(member->key, ecs_str_of(s->key)))
            s++;
        if (!s->key)
            refuse_unknown(a, t, member);
    }
    for (const struct ecs_setting *s = t->section->settings; s->key; s++)
        read_setting(a, t, s);
    if (a->faults->count != before || !t->section->check)
        return;
    if (!t->section->check(t->data, a->faults, t->node) && a->faults->count == before)
        ecs_fault_add(a->faults, a->path, t->node ? t->node->line : 0, t->node ? t->node->column : 0,
                      "%s: the settings do not fit together", t->label);
}

/* False with a fault when the node has another shape. An empty section (all its lines commented out) is NULL.
 */
static bool take_shape(struct apply *a, const char *label, enum ecs_yaml_kind kind,
                       struct ecs_yaml_node **node)
{
    if (*node && is_null(*node))
        *node = NULL;
    if (!*node || (*node)->kind == kind)
        return true;
    ecs_fault_at(a->faults, *node, "%s: must be %s", label,
                 kind == ECS_YAML_MAPPING ? "a mapping (key: value)"
                                          : "a list (each entry begins with \"- \")");
    return false;
}

static void apply_list(struct apply *a, const struct ecs_section *section, struct ecs_slot *slot,
                       struct ecs_yaml_node *node)
{
    struct target t = {.section = section};

    slot->present = true;
    if (!take_shape(a, section->name, ECS_YAML_SEQUENCE, &node) || !node)
        return;
    t.data = slot->data = ecs_alloc(a->conf->arena, (node->count + 1) * section->size);
    if (!t.data) {
        ecs_fault_at(a->faults, node, "%s: too many entries", section->name);
        return;
    }
    for (struct ecs_yaml_node *item = node->child; item; item = item->next, t.data += section->size) {
        struct ecs_yaml_node *entry = item;

        snprintf(t.label, sizeof(t.label), "%s[%zu]", section->name, ++slot->n);
        if (!take_shape(a, t.label, ECS_YAML_MAPPING, &entry))
            continue;
        /* An empty entry has its place too, for the settings that it lacks. */
        t.node = entry ? entry : item;
        fill_struct(a, &t);
    }
}

static void apply_section(struct apply *a, const struct ecs_section *section, struct ecs_slot *slot,
                          struct ecs_yaml_node *node)
{
    struct target t = {.section = section};

    if (section->is_list) {
        apply_list(a, section, slot, node);
        return;
    }
    slot->present = node || !section->is_optional;
    if (!slot->present || !take_shape(a, section->name, ECS_YAML_MAPPING, &node))
        return;
    snprintf(t.label, sizeof(t.label), "%s", section->name);
    t.node = node;
    t.data = slot->data = ecs_alloc(a->conf->arena, section->size ? section->size : 1);
    slot->n = 1;
    if (t.data)
        fill_struct(a, &t);
    else
        ecs_fault_add(a->faults, a->path, 0, 0, "%s: no memory", section->name);
}

static void refuse_unknown_sections(struct apply *a, const struct ecs_yaml_node *root)
{
    for (const struct ecs_yaml_node *member = root->child; member; member = member->next) {
        struct ecs_hint hint = {.given = member->key};
        const struct ecs_section *section = a->conf->sections;

        for (; section->name && !ecs_str_eq(member->key, ecs_str_of(section->name)); section++)
            ecs_hint_offer(&hint, section->name);
        if (section->name)
            continue;
        ecs_fault_add(a->faults, a->path, member->key_line, member->key_column,
                      "there is no section \"%.*s\"%s%s%s", (int)(member->key.n < 64 ? member->key.n : 64),
                      member->key.p, hint.best ? "; did you mean \"" : "", hint.best ? hint.best : "",
                      hint.best ? "\"?" : "");
    }
}

void ecs_conf_apply(struct ecs_conf *conf, const char *path, struct ecs_yaml_node *root,
                    struct ecs_faults *faults)
{
    struct apply a = {.conf = conf, .faults = faults, .path = path};

    if (root->kind != ECS_YAML_MAPPING) {
        ecs_fault_at(faults, root, "the file must be a mapping of sections (name:)");
        return;
    }
    refuse_unknown_sections(&a, root);
    for (size_t i = 0; i < conf->n_sections; i++)
        apply_section(&a, &conf->sections[i], &conf->slots[i], ecs_yaml_get(root, conf->sections[i].name));
    ecs_buf_done(&a.why);
}
