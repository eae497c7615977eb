/* SPDX-License-Identifier: Apache-2.0 */
/* Client parsers, reproduced by their rules: what is case-sensitive, which entities are resolved, what is
 * lost around nested blocks, how many blocks are read (clients.md 2.7, 3.2, 7.4, 8, 9). */

#include "view.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "markup.h"

enum { DEPTH_MAX = 12, PARMS_MAX = 200, KEY_MAX = 300 };

struct parser_rules {
    enum ecs_sim_entities entities;
    bool lower_names;  /* parameter names in any case */
    bool leaf_only;    /* parms of a block with nested blocks are lost */
    bool merge_apps;   /* all applications in one map, the last one wins */
    bool by_place;     /* first attribute is the name, second the value, whatever they are called */
    bool counts_attrs; /* root 1, characteristic 1, parm 2 with name before value */
    bool rat_blocks;   /* nested blocks are keyed by AccessType and HomeRoamingNWType */
    bool all_names;    /* the client reads every parameter, else the usual ones */
    bool token_only;   /* only the token is read */
    bool self_closing; /* a parm must close itself */
    bool side_by_side; /* a parm is name and directly behind it value, or it is not seen */
    unsigned apps_max; /* 0: any number */
};

#define LIBRARY_RULES                                                                                        \
    {                                                                                                        \
        .entities = ECS_SIM_ENTITIES_AOSP, .lower_names = true, .merge_apps = true, .all_names = true        \
    }
static const struct parser_rules rules_of[ECS_SIM_READER_COUNT] = {
    [ECS_SIM_READER_LIBRARY] = LIBRARY_RULES,
    [ECS_SIM_READER_ODSA] = LIBRARY_RULES,
    [ECS_SIM_READER_IMS] = {.entities = ECS_SIM_ENTITIES_AOSP,
                            .leaf_only = true,
                            .by_place = true,
                            .rat_blocks = true},
    [ECS_SIM_READER_SAMSUNG_OLD] = {.entities = ECS_SIM_ENTITIES_NONE,
                                    .lower_names = true,
                                    .counts_attrs = true,
                                    .apps_max = 3},
    [ECS_SIM_READER_SAMSUNG_NEW] = {.entities = ECS_SIM_ENTITIES_XML,
                                    .lower_names = true,
                                    .counts_attrs = true,
                                    .apps_max = 3},
    [ECS_SIM_READER_HEALTH] = {.entities = ECS_SIM_ENTITIES_XML, .by_place = true, .all_names = true},
    [ECS_SIM_READER_HEADLESS] = {.entities = ECS_SIM_ENTITIES_XML, .leaf_only = true},
    [ECS_SIM_READER_MICROG] = {.entities = ECS_SIM_ENTITIES_XML, .token_only = true},
    [ECS_SIM_READER_SATELLITE] = {.all_names = true}, /* these read JSON only */
    [ECS_SIM_READER_SLICING] = {.all_names = true},
    [ECS_SIM_READER_NODE] = {.all_names = true},
    [ECS_SIM_READER_PNV] = {.all_names = true},
    [ECS_SIM_READER_SIMADMIN] = {.entities = ECS_SIM_ENTITIES_XML, .leaf_only = true, .self_closing = true},
    [ECS_SIM_READER_VALIDATOR] = {.entities = ECS_SIM_ENTITIES_NONE, .side_by_side = true},
};

/* What the IMS clients look for. */
static const char *const usual_names[] = {"EntitlementStatus", "TC_Status",       "AddrStatus",
                                          "ProvStatus",        "ServiceFlow_URL", "ServiceFlow_UserData",
                                          "version",           "validity",        "token"};

struct parm {
    struct ecs_str name, value;
};

struct block {
    struct ecs_str type;
    size_t first_parm;
    bool has_nested;
};

struct parser {
    struct ecs_sim_document *view;
    struct ecs_sim_report *report;
    const struct parser_rules *rules;
    struct block blocks[DEPTH_MAX];
    size_t depth;
    struct parm parms[PARMS_MAX];
    size_t parm_n;
    unsigned apps;
};

static struct ecs_str parm_of(const struct parser *p, size_t depth, const char *name)
{
    size_t end = depth + 1 < p->depth ? p->blocks[depth + 1].first_parm : p->parm_n;

    for (size_t i = p->blocks[depth].first_parm; i < end; i++) {
        if (ecs_str_eq_nocase(p->parms[i].name, ecs_str_of(name)))
            return p->parms[i].value;
    }
    return ECS_STR_NULL;
}

/* Key of the innermost block, as the client files it. */
static size_t block_key(const struct parser *p, char key[KEY_MAX])
{
    size_t n = 0, depth = p->depth - 1;
    struct ecs_str app = p->depth > 1 ? parm_of(p, 1, "AppID") : ECS_STR_NULL;

    if (p->rules->rat_blocks && depth > 1) {
        struct ecs_str access = parm_of(p, depth, "AccessType"),
                       home = parm_of(p, depth, "HomeRoamingNWType");

        return (size_t)snprintf(key, KEY_MAX, "RAT/%.*s-%.*s", (int)(access.n < 20 ? access.n : 20), access.p,
                                (int)(home.n < 20 ? home.n : 20), home.p);
    }
    for (size_t i = 1; i <= depth; i++) {
        struct ecs_str part = i == 1 && app.n && !p->rules->merge_apps ? app : p->blocks[i].type;

        if (n + part.n + 2 > KEY_MAX)
            break;
        if (n)
            key[n++] = p->rules->merge_apps ? '|' : '/';
        memcpy(key + n, part.p, part.n);
        n += part.n;
    }
    return n;
}

static struct ecs_sim_value *find_value(const struct ecs_sim_document *view, struct ecs_str path)
{
    for (struct ecs_sim_value *v = view->first; v; v = v->next) {
        if (ecs_str_eq(v->path, path))
            return v;
    }
    return NULL;
}

static void file_parm(struct parser *p, const char *key, size_t key_n, const struct parm *parm)
{
    char path[KEY_MAX * 2];
    size_t n = key_n;
    struct ecs_sim_value *old;

    if (key_n + parm->name.n + 2 > sizeof(path))
        return;
    memcpy(path, key, key_n);
    path[n++] = '/';
    for (size_t i = 0; i < parm->name.n; i++) {
        char c = parm->name.p[i];

        path[n++] = p->rules->lower_names && c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    old = find_value(p->view, (struct ecs_str){path, n});
    if (old)
        old->value = parm->value; /* the last one wins */
    else
        ecs_sim_document_add(p->view, (struct ecs_str){path, n}, parm->value, ECS_STR_NULL, true);
}

static void close_block(struct parser *p)
{
    const struct block *block = &p->blocks[p->depth - 1];
    char key[KEY_MAX];
    size_t key_n = block_key(p, key);
    bool is_app = p->depth == 2 && ecs_str_eq_nocase(block->type, ECS_STR("APPLICATION"));
    bool beyond = false;

    if (is_app)
        beyond = ++p->apps > p->rules->apps_max && p->rules->apps_max;
    if (p->depth > 1 && !beyond && !(p->rules->leaf_only && block->has_nested)) {
        for (size_t i = block->first_parm; i < p->parm_n; i++)
            file_parm(p, key, key_n, &p->parms[i]);
    }
    /* an application's AppID has to stay while its nested blocks are filed, and goes with it */
    p->parm_n = block->first_parm;
    p->depth--;
}

static bool refuse(struct parser *p, const char *text)
{
    ecs_sim_find(p->report, ECS_SIM_BREAK, "C-29", "this client would refuse the XML: %s", text);
    return false;
}

static bool count_attrs(struct parser *p, const struct ecs_sim_tag *tag, bool is_parm)
{
    if (!p->rules->counts_attrs)
        return true;
    if (is_parm)
        return (tag->attr_n == 2 && ecs_str_eq_nocase(tag->attrs[0].name, ECS_STR("name")) &&
                ecs_str_eq_nocase(tag->attrs[1].name, ECS_STR("value"))) ||
               refuse(p, "a parm must have exactly name and then value");
    return tag->attr_n == 1 || refuse(p, "root and characteristic must have exactly one attribute");
}

static bool is_side_by_side(const struct ecs_sim_tag *tag)
{
    return tag->attr_n >= 2 && ecs_str_eq(tag->attrs[0].name, ECS_STR("name")) &&
           ecs_str_eq(tag->attrs[1].name, ECS_STR("value")) &&
           tag->attrs[1].name.p == tag->attrs[0].raw.p + tag->attrs[0].raw.n + 2;
}

static bool take_parm(struct parser *p, const struct ecs_sim_tag *tag)
{
    struct ecs_str name = ecs_sim_tag_attr(tag, "name"), raw = ecs_sim_tag_attr(tag, "value");
    struct parm *parm = &p->parms[p->parm_n];

    if (p->rules->by_place && tag->attr_n >= 2) {
        name = tag->attrs[0].raw;
        raw = tag->attrs[1].raw;
    }
    if (!count_attrs(p, tag, true))
        return false;
    if (p->rules->self_closing && !tag->self_closing)
        return refuse(p, "a parm does not close itself");
    if (p->rules->side_by_side && !is_side_by_side(tag))
        return true; /* not seen: comparing tells */
    if (p->parm_n == PARMS_MAX || !p->depth)
        return refuse(p, "a parm stands outside the document, or there are too many");
    if (!ecs_sim_entities(p->view->arena, raw, p->rules->entities, &parm->value))
        return refuse(p, "an entity cannot be resolved");
    parm->name = name;
    p->parm_n++;
    return true;
}

static bool take_open(struct parser *p, const struct ecs_sim_tag *tag)
{
    if (ecs_str_eq_nocase(tag->name, ECS_STR("parm")))
        return take_parm(p, tag);
    if (p->depth == DEPTH_MAX)
        return refuse(p, "it is nested too deep");
    if (!count_attrs(p, tag, false))
        return false;
    if (p->depth)
        p->blocks[p->depth - 1].has_nested = true;
    p->blocks[p->depth++] =
        (struct block){p->rules->by_place && tag->attr_n ? tag->attrs[0].raw : ecs_sim_tag_attr(tag, "type"),
                       p->parm_n, false};
    if (tag->self_closing)
        close_block(p);
    return true;
}

static bool parse(struct parser *p, struct ecs_str body)
{
    struct ecs_sim_markup markup = {.text = body};
    struct ecs_sim_tag tag;

    for (;;) {
        switch (ecs_sim_markup_next(&markup, &tag)) {
        case ECS_SIM_MARKUP_END:
            return true;
        case ECS_SIM_MARKUP_BAD:
            return refuse(p, markup.fault);
        case ECS_SIM_TAG_OPEN:
            if (!take_open(p, &tag))
                return false;
            break;
        case ECS_SIM_TAG_CLOSE:
            if (p->depth && !ecs_str_eq_nocase(tag.name, ECS_STR("parm")))
                close_block(p);
            break;
        }
    }
}

/* ---- what arrives ---- */

static bool is_read(const struct parser_rules *rules, struct ecs_str name)
{
    if (rules->all_names)
        return true;
    if (rules->token_only)
        return ecs_str_eq(name, ECS_STR("token"));
    for (size_t i = 0; i < ECS_ARRAY_LEN(usual_names); i++) {
        if (ecs_str_eq_nocase(name, ecs_str_of(usual_names[i])))
            return true;
    }
    return false;
}

static bool comes_again(const struct ecs_sim_value *value)
{
    for (const struct ecs_sim_value *later = value->next; later; later = later->next) {
        if (ecs_str_eq_nocase(later->name, value->name) &&
            !ecs_str_starts_with(later->path, ECS_STR("VERS")) &&
            !ecs_str_starts_with(later->path, ECS_STR("TOKEN")))
            return true;
    }
    return false;
}

static void compare(const struct ecs_sim_document *view, const struct ecs_sim_personality *who,
                    const struct ecs_sim_value *sent, struct ecs_sim_report *report)
{
    struct ecs_str rest = sent->path, block, got;
    char name[100];

    if (!ecs_str_cut(&rest, '/', &block) || memchr(rest.p, '/', rest.n) || rest.n >= sizeof(name))
        return; /* nested: judged by what is made of it */
    if (!is_read(&rules_of[who->reader], sent->name) || ecs_str_eq(sent->name, ECS_STR("AppID")))
        return;
    snprintf(name, sizeof(name), "%.*s", ECS_FMT(rest));
    got = ecs_sim_view_get(view, who, block, name);
    if (!got.p && sent->value.n)
        ecs_sim_find(report, ECS_SIM_BREAK, "C-32", "this client would not see %.*s", ECS_FMT(sent->path));
    else if (!ecs_str_eq(got, sent->value) && !(rules_of[who->reader].merge_apps && comes_again(sent)))
        ecs_sim_find(report, ECS_SIM_BREAK, "C-34",
                     "this client would see another value of %.*s: entities are not "
                     "resolved as sent",
                     ECS_FMT(sent->path));
}

bool ecs_sim_view_read(struct ecs_sim_document *view, struct ecs_arena *arena,
                       const struct ecs_sim_personality *who, const struct ecs_sim_document *document,
                       struct ecs_sim_report *report)
{
    struct parser parser = {.view = view, .report = report, .rules = &rules_of[who->reader]};

    *view = (struct ecs_sim_document){.arena = arena, .is_json = document->is_json, .body = document->body};
    view->end = &view->first;
    if (document->is_json) {
        for (const struct ecs_sim_value *v = document->first; v; v = v->next)
            ecs_sim_document_add(view, v->path, v->value, v->raw, v->is_text);
        return true;
    }
    if (!parse(&parser, document->body))
        return false;
    for (const struct ecs_sim_value *v = document->first; v; v = v->next)
        compare(view, who, v, report);
    return true;
}

struct ecs_str ecs_sim_view_get(const struct ecs_sim_document *view, const struct ecs_sim_personality *who,
                                struct ecs_str block, const char *name)
{
    const struct parser_rules *rules = &rules_of[who->reader];
    char path[KEY_MAX];
    size_t n;
    const struct ecs_sim_value *value;

    if (view->is_json)
        return ecs_sim_document_app(view, block, name);
    if (rules->merge_apps && ecs_str_starts_with_nocase(block, ECS_STR("ap")))
        block = ECS_STR("APPLICATION");
    n = (size_t)snprintf(path, sizeof(path), "%.*s/%s", (int)(block.n < 60 ? block.n : 60), block.p, name);
    if (n >= sizeof(path))
        return ECS_STR_NULL;
    for (size_t i = block.n; rules->lower_names && i < n; i++)
        path[i] = path[i] >= 'A' && path[i] <= 'Z' ? (char)(path[i] | 0x20) : path[i];
    value = find_value(view, (struct ecs_str){path, n});
    return value ? value->value : ECS_STR_NULL;
}
