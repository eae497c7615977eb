/* SPDX-License-Identifier: Apache-2.0 */
/* Names of paths, filters and members: our defaults, replaced one by one by the operator's. */
#include <string.h>

#include "adapters/bss_int.h"

enum { TMF = ECS_BSS_TMF, REST = ECS_BSS_REST, NAME_MAX_BYTES = 64 };

static const struct {
    const char *name, *def;
    int dialect;
    bool is_path;
} rows[BSS_NAME_COUNT] = {
#define PATH(id, dialect, name, def, help) [BSS_##id] = {name, def, dialect, true},
#define TEXT(id, dialect, name, def, help) [BSS_##id] = {name, def, dialect, false},
#include "adapters/bss_names.def"
#undef PATH
#undef TEXT
};

static const struct {
    const char *id, *tmf, *rest;
    size_t offset;
} members[BSS_MEMBER_COUNT] = {
#define MEMBER(id, field, tmf, rest) [BSS_M_##id] = {#id, tmf, rest, offsetof(struct ecs_bss_subject, field)},
#include "adapters/bss_members.def"
#undef MEMBER
};

static const struct {
    const char *id, *tmf, *rest;
} answers[BSS_ANSWER_COUNT] = {
#define ANSWER(id, tmf, rest) [BSS_A_##id] = {#id, tmf, rest},
#include "adapters/bss_answers.def"
#undef ANSWER
};

const char *const bss_kinds[3] = {"companion", "primary", "enterprise"};

unsigned bss_kind(struct ecs_str app)
{
    if (ecs_str_eq(app, ECS_STR("ap2009")))
        return 1;
    return ecs_str_eq(app, ECS_STR("ap2011")) ? 2 : 0;
}

struct ecs_str bss_subject_get(const struct ecs_bss_subject *subject, enum bss_member member)
{
    struct ecs_str value;

    memcpy(&value, (const char *)subject + members[member].offset, sizeof(value));
    return value;
}

/* "char-old-iccid" of OLD_ICCID. */
static bool is_named(struct ecs_str name, const char *prefix, const char *id)
{
    size_t n = strlen(prefix);

    if (!ecs_str_starts_with(name, ecs_str_of(prefix)) || name.n - n != strlen(id))
        return false;
    for (size_t i = 0; i < name.n - n; i++) {
        char c = id[i] == '_' ? '-' : (char)(id[i] | 0x20);

        if (name.p[n + i] != c)
            return false;
    }
    return true;
}

static bool is_id(struct ecs_str name, const char *prefix)
{
    for (size_t i = 0; i < BSS_MEMBER_COUNT; i++)
        if (strcmp(prefix, "answer-") != 0 && is_named(name, prefix, members[i].id))
            return true;
    for (size_t i = 0; i < BSS_ANSWER_COUNT; i++)
        if (strcmp(prefix, "member-") != 0 && is_named(name, prefix, answers[i].id))
            return true;
    return false;
}

const char *bss_names_fault(int dialect, bool is_path, struct ecs_str item)
{
    struct ecs_str name;

    if (!memchr(item.p, '=', item.n) || !ecs_str_cut(&item, '=', &name) || name.n == 0)
        return "must be name=value";
    for (size_t i = 0; i < item.n; i++)
        if ((unsigned char)item.p[i] <= ' ' || item.p[i] == 0x7f)
            return "the value has blanks or control characters";
    if (is_path && item.n && item.p[0] != '/')
        return "a path begins with /";
    for (size_t i = 0; i < BSS_NAME_COUNT; i++)
        if (rows[i].dialect == dialect && rows[i].is_path == is_path &&
            ecs_str_eq(name, ecs_str_of(rows[i].name)))
            return NULL;
    if (is_path)
        return "there is no path of that name in this dialect";
    if (dialect == TMF ? is_id(name, "char-") : is_id(name, "member-") || is_id(name, "answer-"))
        return item.n && item.n <= NAME_MAX_BYTES ? NULL : "a member's name has 1 to 64 bytes";
    return "there is no template of that name in this dialect";
}

static void replace(struct bss_names *names, const struct ecs_bss_conf *conf, bool is_path,
                    struct ecs_str item)
{
    bool tmf = conf->type == TMF;
    struct ecs_str *member = tmf ? names->tmf_member : names->member;
    struct ecs_str *answer = tmf ? names->tmf_answer : names->answer;
    struct ecs_str name;

    if (!ecs_str_cut(&item, '=', &name))
        return;
    for (size_t i = 0; i < BSS_NAME_COUNT; i++)
        if (rows[i].dialect == conf->type && rows[i].is_path == is_path &&
            ecs_str_eq(name, ecs_str_of(rows[i].name)))
            names->name[i] = item;
    for (size_t i = 0; !is_path && i < BSS_MEMBER_COUNT; i++)
        if (is_named(name, tmf ? "char-" : "member-", members[i].id))
            member[i] = item;
    for (size_t i = 0; !is_path && i < BSS_ANSWER_COUNT; i++)
        if (is_named(name, tmf ? "char-" : "answer-", answers[i].id))
            answer[i] = item;
}

void bss_names_load(const struct ecs_bss_conf *conf, struct bss_names *ret_names)
{
    for (size_t i = 0; i < BSS_NAME_COUNT; i++)
        ret_names->name[i] = ecs_str_of(rows[i].def);
    for (size_t i = 0; i < BSS_MEMBER_COUNT; i++) {
        ret_names->member[i] = ecs_str_of(members[i].rest);
        ret_names->tmf_member[i] = ecs_str_of(members[i].tmf);
    }
    for (size_t i = 0; i < BSS_ANSWER_COUNT; i++) {
        ret_names->answer[i] = ecs_str_of(answers[i].rest);
        ret_names->tmf_answer[i] = ecs_str_of(answers[i].tmf);
    }
    for (size_t i = 0; i < conf->paths.n; i++)
        replace(ret_names, conf, true, conf->paths.items[i]);
    for (size_t i = 0; i < conf->templates.n; i++)
        replace(ret_names, conf, false, conf->templates.items[i]);
}
