/* SPDX-License-Identifier: Apache-2.0 */
/* Message catalogues: loading with all checks, and lookup by language and key. */
#include "ecs/messages.h"

#include "ecs/policy.h"
#include "rules/text_priv.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CATALOGUE_BYTES = 8 << 20, MAX_LANGUAGES = 64, MAX_KEYS = 2000 };

struct entry {
    struct ecs_str key, text;
    bool has_placeholders;
    unsigned line, column;
};

struct catalogue {
    const char *file;
    struct entry *entries; /* sorted by key */
    size_t n;
};

struct ecs_messages {
    struct ecs_arena *arena;
    struct ecs_str names[MAX_LANGUAGES]; /* default language first */
    struct catalogue catalogue[MAX_LANGUAGES];
    size_t n;
};

static int by_key(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    size_t n = x->key.n < y->key.n ? x->key.n : y->key.n;
    int order = memcmp(x->key.p, y->key.p, n);

    return order ? order : (x->key.n > y->key.n) - (x->key.n < y->key.n);
}

static const struct entry *find(const struct catalogue *c, struct ecs_str key)
{
    struct entry wanted = {.key = key};

    return key.n && c->n ? bsearch(&wanted, c->entries, c->n, sizeof(wanted), by_key) : NULL;
}

static bool is_key(struct ecs_str key)
{
    for (size_t i = 0; i < key.n; i++)
        if (!key.p[i] || !strchr("abcdefghijklmnopqrstuvwxyz0123456789-_.", key.p[i]))
            return false;
    return key.n > 0 && key.n <= 64 && !ecs_str_eq(key, ECS_STR("none")) &&
           !ecs_str_eq(key, ECS_STR("notice"));
}

static bool read_entry(struct ecs_arena *arena, const struct ecs_yaml_node *node, struct ecs_faults *faults,
                       struct entry *ret_entry)
{
    struct ecs_why why;
    char *key, *text;

    if (!is_key(node->key)) {
        ecs_fault_add(
            faults, node->file, node->key_line, node->key_column,
            "\"%.*s\" cannot be the key of a message (lower-case letters, digits, \"-\", \"_\", \".\")",
            ECS_FMT(node->key));
        return false;
    }
    if (node->kind != ECS_YAML_SCALAR) {
        ecs_fault_at(faults, node, "message %.*s: a text is expected", ECS_FMT(node->key));
        return false;
    }
    if (!ecs_text_check(node->text, &why)) {
        ecs_fault_at(faults, node, "message %.*s: %s", ECS_FMT(node->key), why.text);
        return false;
    }
    key = ecs_strdup(arena, node->key);
    text = ecs_strdup(arena, node->text);
    if (!key || !text) {
        ecs_fault_at(faults, node, "the catalogue is too large");
        return false;
    }
    *ret_entry = (struct entry){{key, node->key.n},
                                {text, node->text.n},
                                memchr(text, '{', node->text.n) != NULL,
                                node->line,
                                node->column};
    return true;
}

static void read_entries(struct ecs_messages *m, const struct ecs_yaml_node *node, struct ecs_faults *faults,
                         struct catalogue *c)
{
    if (!node || node->kind != ECS_YAML_MAPPING || !node->count || node->count > MAX_KEYS) {
        ecs_fault_add(faults, c->file, node ? node->line : 1, node ? node->column : 1,
                      "\"messages:\" with 1 to %d texts (key: text) is expected", MAX_KEYS);
        return;
    }
    c->entries = ecs_alloc(m->arena, node->count * sizeof(*c->entries));
    if (!c->entries) {
        ecs_fault_at(faults, node, "the catalogue is too large");
        return;
    }
    for (const struct ecs_yaml_node *item = node->child; item; item = item->next)
        c->n += read_entry(m->arena, item, faults, &c->entries[c->n]);
    qsort(c->entries, c->n, sizeof(*c->entries), by_key);
}

static bool is_language(struct ecs_str tag)
{
    for (size_t i = 0; i < tag.n; i++)
        if (!tag.p[i] || !strchr("abcdefghijklmnopqrstuvwxyz0123456789-", tag.p[i]))
            return false;
    return tag.n >= 2 && tag.n <= 35;
}

static void read_catalogue(struct ecs_messages *m, const struct ecs_yaml_node *root, struct ecs_str stem,
                           struct ecs_faults *faults)
{
    const struct ecs_yaml_node *language = ecs_yaml_get(root, "language");
    char *name = ecs_strdup(m->arena, stem), *file = ecs_strdup(m->arena, ecs_str_of(root->file));

    if (!name || !file || m->n == MAX_LANGUAGES) {
        ecs_fault_at(faults, root, "too many languages (at most %d)", MAX_LANGUAGES);
        return;
    }
    if (!language || language->kind != ECS_YAML_SCALAR || !is_language(language->text) ||
        !ecs_str_eq(language->text, stem)) {
        ecs_fault_at(faults, language ? language : root,
                     "\"language:\" must be a language tag in lower case and the name of the file (%.*s)",
                     ECS_FMT(stem));
        return;
    }
    for (const struct ecs_yaml_node *member = root->child; member; member = member->next)
        if (!ecs_str_eq(member->key, ECS_STR("language")) && !ecs_str_eq(member->key, ECS_STR("messages")))
            ecs_fault_add(faults, member->file, member->key_line, member->key_column, "unknown key \"%.*s\"",
                          ECS_FMT(member->key));
    m->names[m->n] = (struct ecs_str){name, stem.n};
    m->catalogue[m->n].file = file;
    read_entries(m, ecs_yaml_get(root, "messages"), faults, &m->catalogue[m->n]);
    m->n++;
}

static int is_yaml(const struct dirent *entry)
{
    size_t n = strlen(entry->d_name);

    return entry->d_name[0] != '.' && n > 5 && !strcmp(entry->d_name + n - 5, ".yaml");
}

static void read_files(struct ecs_messages *m, const char *dir, struct ecs_arena *scratch,
                       struct ecs_faults *faults)
{
    struct dirent **entries;
    int n = scandir(dir, &entries, is_yaml, alphasort);

    if (n < 0) {
        ecs_fault_add(faults, dir, 0, 0, "cannot read the directory: %s", strerror(errno));
        return;
    }
    for (int i = 0; i < n; i++) {
        const char *path = ecs_printf(scratch, "%s/%s", dir, entries[i]->d_name);
        const struct ecs_yaml_node *root = path ? ecs_yaml_load(scratch, path, faults) : NULL;
        struct ecs_str stem = {entries[i]->d_name, strlen(entries[i]->d_name) - 5};

        if (!path)
            ecs_fault_add(faults, dir, 0, 0, "the catalogues are too large");
        if (root)
            read_catalogue(m, root, stem, faults);
        free(entries[i]);
    }
    free(entries);
}

static bool default_first(struct ecs_messages *m, struct ecs_str language)
{
    for (size_t i = 0; i < m->n; i++) {
        struct catalogue c = m->catalogue[i];
        struct ecs_str name = m->names[i];

        if (!ecs_str_eq(name, language))
            continue;
        m->catalogue[i] = m->catalogue[0];
        m->names[i] = m->names[0];
        m->catalogue[0] = c;
        m->names[0] = name;
        return true;
    }
    return false;
}

static void compare_languages(const struct ecs_messages *m, size_t other, struct ecs_faults *faults,
                              struct ecs_faults *warnings)
{
    const struct catalogue *first = &m->catalogue[0], *c = &m->catalogue[other];

    for (size_t i = 0; i < c->n; i++) {
        const struct entry *e = &c->entries[i], *original = find(first, e->key);
        struct ecs_str missing;

        if (!original)
            ecs_fault_add(faults, c->file, e->line, e->column, "message %.*s is not in %s", ECS_FMT(e->key),
                          first->file);
        else if (!ecs_text_placeholders_in(e->text, original->text, &missing))
            ecs_fault_add(faults, c->file, e->line, e->column,
                          "message %.*s: {%.*s} is not in the text of %s", ECS_FMT(e->key), ECS_FMT(missing),
                          first->file);
    }
    for (size_t i = 0; warnings && i < first->n; i++)
        if (!find(c, first->entries[i].key))
            ecs_fault_add(warnings, c->file, 0, 0, "message %.*s is missing; the text of %.*s is used",
                          ECS_FMT(first->entries[i].key), ECS_FMT(m->names[0]));
}

struct ecs_messages *ecs_messages_load(const char *dir, const char *default_language,
                                       struct ecs_faults *faults, struct ecs_faults *warnings)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, CATALOGUE_BYTES),
                     *scratch = ecs_arena_new(NULL, CATALOGUE_BYTES * 2);
    struct ecs_messages *m = arena && scratch ? ecs_alloc(arena, sizeof(*m)) : NULL;
    unsigned before = faults->count;

    if (m) {
        m->arena = arena;
        read_files(m, dir, scratch, faults);
        if (!default_first(m, ecs_str_of(default_language)))
            ecs_fault_add(faults, dir, 0, 0, "the default language \"%s\" has no usable file",
                          default_language);
        for (size_t i = 1; i < m->n; i++)
            compare_languages(m, i, faults, warnings);
    } else {
        ecs_fault_add(faults, NULL, 0, 0, "no memory for the messages");
    }
    ecs_arena_free(scratch);
    if (faults->count == before)
        return m;
    ecs_arena_free(arena);
    return NULL;
}

void ecs_messages_free(struct ecs_messages *messages)
{
    if (messages)
        ecs_arena_free(messages->arena);
}

const struct ecs_str *ecs_messages_languages(const struct ecs_messages *messages, size_t *ret_n)
{
    *ret_n = messages->n;
    return messages->names;
}

bool ecs_message_exists(const struct ecs_messages *messages, struct ecs_str key)
{
    return find(&messages->catalogue[0], key) != NULL;
}

struct ecs_str ecs_message(const struct ecs_messages *messages, size_t language, struct ecs_str key,
                           const struct ecs_substitution *values, size_t n, struct ecs_arena *arena)
{
    const struct entry *e = language < messages->n ? find(&messages->catalogue[language], key) : NULL;

    if (!e)
        e = find(&messages->catalogue[0], key);
    if (!e)
        return ECS_STR("");
    return e->has_placeholders ? ecs_text_fill(e->text, values, n, arena) : e->text;
}

struct policy_check {
    const struct ecs_messages *messages;
    struct ecs_faults *faults;
    bool good;
};

static void check_key(void *arg, struct ecs_str key, const char *file, unsigned line)
{
    struct policy_check *check = arg;

    if (ecs_message_exists(check->messages, key))
        return;
    ecs_fault_add(check->faults, file, line, 1, "message \"%.*s\" is not in %s", ECS_FMT(key),
                  check->messages->catalogue[0].file);
    check->good = false;
}

bool ecs_messages_check_policy(const struct ecs_messages *messages, const struct ecs_policy *policy,
                               struct ecs_faults *faults)
{
    struct policy_check check = {messages, faults, true};

    ecs_policy_texts(policy, ECS_TYPE_MESSAGE, check_key, &check);
    return check.good;
}
