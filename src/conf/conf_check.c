/* SPDX-License-Identifier: Apache-2.0 */
/* Checks beside the values: the nearest name for a mistyped one, files that must exist, and the tables of
 * settings themselves (a module's unit test runs these, so that a wrong row is found before anybody loads a
 * file). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf_priv.h"

enum {
    HINT_EDITS = 2,
    HINT_LENGTH = 64,
};

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned least = a < b ? a : b;

    return least < c ? least : c;
}

/* Levenshtein: insertions, deletions and replacements. Both texts at most HINT_LENGTH long. */
static unsigned count_edits(struct ecs_str a, struct ecs_str b)
{
    unsigned row[HINT_LENGTH + 1];

    for (unsigned j = 0; j <= b.n; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a.n; i++) {
        unsigned diagonal = row[0];

        row[0] = i;
        for (unsigned j = 1; j <= b.n; j++) {
            unsigned above = row[j];

            row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a.p[i - 1] != b.p[j - 1]));
            diagonal = above;
        }
    }
    return row[b.n];
}

void ecs_hint_offer(struct ecs_hint *hint, const char *candidate)
{
    struct ecs_str name = ecs_str_of(candidate);
    unsigned distance;

    if (!hint->given.n || hint->given.n > HINT_LENGTH || name.n > HINT_LENGTH)
        return;
    distance = ecs_str_eq_nocase(hint->given, name) ? 0 : count_edits(hint->given, name);
    /* Two edits turn any short word into any other. */
    if (distance > HINT_EDITS || (distance == HINT_EDITS && name.n < 4) || distance >= name.n)
        return;
    if (!hint->best || distance < hint->distance) {
        hint->best = candidate;
        hint->distance = distance;
    }
}

bool ecs_check_file(const struct ecs_setting *setting, const void *field, struct ecs_buf *why)
{
    const char *path;
    int fd;

    if (setting->type != ECS_SETTING_PATH || !(setting->flags & ECS_SETTING_FILE_MUST_EXIST))
        return true;
    path = *(const char *const *)field;
    if (!path)
        return true;
    /* Opening is what will be done later; access() would ask for the wrong user id. */
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        ecs_buf_printf(why, "%s cannot be read: %s", path, strerror(errno));
        return false;
    }
    close(fd);
    return true;
}

static bool is_key(const char *key)
{
    size_t n = strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_");

    return n > 0 && !key[n] && key[0] >= 'a';
}

static const char *wrong_flags(const struct ecs_setting *s)
{
    bool is_text = s->type == ECS_SETTING_STRING || s->type == ECS_SETTING_STRING_LIST;

    if ((s->flags & ECS_SETTING_SECRET) && !is_text)
        return "only a text can be a secret";
    if ((s->flags & ECS_SETTING_FILE_MUST_EXIST) && s->type != ECS_SETTING_PATH)
        return "only a path can name a file that must exist";
    if ((s->flags & ECS_SETTING_REQUIRED) && s->def)
        return "a required setting has no default";
    if ((s->type == ECS_SETTING_ENUM) != (s->names != NULL))
        return "names belong to a choice, and to nothing else";
    if (s->min > s->max)
        return "the range is empty";
    return NULL;
}

/* What is wrong with one row, apart from its default. */
static const char *wrong_row(const struct ecs_section *section, const struct ecs_setting *s)
{
    const struct ecs_value_type *type;

    if ((unsigned)s->type >= ECS_SETTING_COUNT)
        return "the type is unknown";
    type = &ecs_value_types[s->type];
    if (!is_key(s->key))
        return "a key consists of lower case letters, digits and _";
    if (s->offset > section->size || section->size - s->offset < type->size)
        return "the field lies outside of the struct";
    if (!s->help || !*s->help)
        return "the help is missing";
    for (const struct ecs_setting *other = section->settings; other != s; other++) {
        if (strcmp(other->key, s->key) == 0)
            return "the key stands twice";
        if ((unsigned)other->type < ECS_SETTING_COUNT && other->offset < s->offset + type->size &&
            s->offset < other->offset + ecs_value_types[other->type].size)
            return "the field is filled by two settings";
    }
    return wrong_flags(s);
}

static void check_row(const struct ecs_section *section, const struct ecs_setting *s,
                      struct ecs_faults *faults, struct ecs_buf *why)
{
    union {
        struct ecs_any_list list;
        int64_t number;
    } field = {0};
    const char *wrong = wrong_row(section, s);

    ecs_buf_reset(why);
    if (wrong) {
        ecs_fault_add(faults, NULL, 0, 0, "table: %s.%s: %s", section->name, s->key, wrong);
    } else if (!ecs_value_default(s, faults->arena, &field, why)) {
        ecs_buf_add_char(why, '\0');
        ecs_fault_add(faults, NULL, 0, 0, "table: %s.%s: the default is refused: %s", section->name, s->key,
                      why->p && !why->overflow ? why->p : "no memory");
    } else if (s->type == ECS_SETTING_ENUM && !s->def && !(s->flags & ECS_SETTING_REQUIRED)) {
        ecs_fault_add(faults, NULL, 0, 0, "table: %s.%s: a choice needs a default", section->name, s->key);
    }
}

bool ecs_conf_check_tables(const struct ecs_section *sections, struct ecs_faults *faults)
{
    unsigned before = faults->count;
    struct ecs_buf why = {0};

    for (const struct ecs_section *section = sections; section->name; section++) {
        if (!is_key(section->name) || !section->help || !*section->help)
            ecs_fault_add(faults, NULL, 0, 0, "table: section %s: a wrong name, or no help", section->name);
        for (const struct ecs_section *other = sections; other != section; other++)
            if (strcmp(other->name, section->name) == 0)
                ecs_fault_add(faults, NULL, 0, 0, "table: section %s stands twice", section->name);
        for (const struct ecs_setting *s = section->settings; s->key; s++)
            check_row(section, s, faults, &why);
    }
    ecs_buf_done(&why);
    return faults->count == before;
}
