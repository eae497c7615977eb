/* SPDX-License-Identifier: Apache-2.0 */
/* The document by the letter of TS.43 2.9: strict readers for XML and JSON that give one list of values. */

#include "document.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "markup.h"

enum { DEPTH_MAX = 12, PATH_MAX_N = 400 };

/* ---- list ---- */

void ecs_sim_document_add(struct ecs_sim_document *document, struct ecs_str path, struct ecs_str value,
                          struct ecs_str raw, bool is_text)
{
    struct ecs_sim_value *added = ecs_alloc(document->arena, sizeof(*added));
    const char *slash;
    char *path_copy = ecs_strdup(document->arena, path);
    char *value_copy = ecs_strdup(document->arena, value);

    if (!added || !path_copy || !value_copy)
        return;
    slash = memrchr(path_copy, '/', path.n);
    added->path = (struct ecs_str){path_copy, path.n};
    added->name = slash ? ecs_str_of(slash + 1) : added->path;
    added->value = (struct ecs_str){value_copy, value.n};
    added->raw = raw;
    added->is_text = is_text;
    *document->end = added;
    document->end = &added->next;
}

struct ecs_str ecs_sim_document_get(const struct ecs_sim_document *document, const char *path)
{
    for (const struct ecs_sim_value *v = document->first; v; v = v->next) {
        if (ecs_str_eq(v->path, ecs_str_of(path)))
            return v->value;
    }
    return ECS_STR_NULL;
}

struct ecs_str ecs_sim_document_app(const struct ecs_sim_document *document, struct ecs_str app,
                                    const char *name)
{
    for (const struct ecs_sim_value *v = document->first; v; v = v->next) {
        if (v->path.n == app.n + 1 + strlen(name) && ecs_str_starts_with(v->path, app) &&
            v->path.p[app.n] == '/' && !strcmp(v->path.p + app.n + 1, name))
            return v->value;
    }
    return ECS_STR_NULL;
}

bool ecs_sim_document_has_app(const struct ecs_sim_document *document, struct ecs_str app)
{
    for (const struct ecs_sim_value *v = document->first; v; v = v->next) {
        if (v->path.n > app.n && ecs_str_starts_with(v->path, app) && v->path.p[app.n] == '/')
            return true;
    }
    return false;
}

/* ---- entities ---- */

static size_t put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

static bool number_of(struct ecs_str digits, uint32_t *ret_code)
{
    bool hex = digits.n && (digits.p[0] == 'x' || digits.p[0] == 'X');
    uint32_t code = 0;

    for (size_t i = hex; i < digits.n; i++) {
        char c = digits.p[i];
        uint32_t digit = c >= '0' && c <= '9'                            ? (uint32_t)(c - '0')
                         : hex && (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (uint32_t)((c | 0x20) - 'a' + 10)
                                                                         : 99;
        if (digit == 99 || code > 0x10FFFF)
            return false;
        code = code * (hex ? 16 : 10) + digit;
    }
    *ret_code = code;
    return digits.n > (size_t)hex && code && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
}

/* name: between & and ;. Returns the number of bytes written, 0 for an unknown one. */
static size_t resolve_entity(struct ecs_str name, char *out)
{
    static const struct {
        const char *name;
        char c;
    } known[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    uint32_t code;

    for (size_t i = 0; i < ECS_ARRAY_LEN(known); i++) {
        if (ecs_str_eq(name, ecs_str_of(known[i].name))) {
            *out = known[i].c;
            return 1;
        }
    }
    if (name.n > 1 && name.p[0] == '#' && number_of((struct ecs_str){name.p + 1, name.n - 1}, &code))
        return put_utf8(out, code);
    return 0;
}

bool ecs_sim_entities(struct ecs_arena *arena, struct ecs_str raw, enum ecs_sim_entities how,
                      struct ecs_str *ret_text)
{
    char *out;
    size_t n = 0;

    *ret_text = raw;
    if (how == ECS_SIM_ENTITIES_NONE || !raw.n || !memchr(raw.p, '&', raw.n))
        return true;
    out = ecs_alloc(arena, raw.n + 4);
    if (!out)
        return false;
    for (size_t i = 0; i < raw.n; i++) {
        struct ecs_str rest = {raw.p + i, raw.n - i};
        ptrdiff_t end;
        size_t put;

        if (raw.p[i] != '&') {
            out[n++] = raw.p[i];
            continue;
        }
        if (how == ECS_SIM_ENTITIES_AOSP) {
            out[n++] = '&';
            i += ecs_str_starts_with(rest, ECS_STR("&amp;")) ? 4 : 0;
            continue;
        }
        end = ecs_str_find(rest, ECS_STR(";"));
        put =
            end > 1 && end < 12 ? resolve_entity((struct ecs_str){rest.p + 1, (size_t)end - 1}, out + n) : 0;
        if (!put)
            return false;
        n += put;
        i += (size_t)end;
    }
    *ret_text = (struct ecs_str){out, n};
    return true;
}

/* ---- XML ---- */

struct level {
    size_t path_n;      /* length of the path with this level */
    size_t seen_from;   /* siblings of this level's children begin here in names */
    struct ecs_str tag; /* element name */
};

struct xml_reader {
    struct ecs_sim_document *document;
    struct ecs_sim_report *report;
    struct ecs_sim_markup markup;
    struct level levels[DEPTH_MAX];
    size_t depth;
    char path[PATH_MAX_N];
    struct ecs_str names[256]; /* types of the siblings met so far, a stack */
    size_t name_n;
};

static bool broken(struct ecs_sim_report *report, const char *text)
{
    ecs_sim_find(report, ECS_SIM_BREAK, "C-29", "the XML document: %s", text);
    return false;
}

static size_t count_sibling(struct xml_reader *r, struct ecs_str type)
{
    size_t seen = 0;

    for (size_t i = r->levels[r->depth - 1].seen_from; i < r->name_n; i++)
        seen += ecs_str_eq(r->names[i], type);
    if (r->name_n < ECS_ARRAY_LEN(r->names))
        r->names[r->name_n++] = type;
    return seen;
}

static bool push(struct xml_reader *r, const struct ecs_sim_tag *tag)
{
    struct ecs_str type = ecs_sim_tag_attr(tag, "type");
    bool is_app = r->depth == 1 && ecs_str_eq(type, ECS_STR("APPLICATION"));
    size_t n = r->levels[r->depth - 1].path_n, seen;

    if (r->depth == DEPTH_MAX || n + type.n + 12 > PATH_MAX_N)
        return broken(r->report, "it is nested too deep");
    if (!type.n || tag->attr_n != 1)
        return broken(r->report, "a characteristic must have the attribute type and no other");
    seen = is_app ? 0 : count_sibling(r, type);
    if (n)
        r->path[n++] = '/';
    if (is_app)
        type = ECS_STR("?"); /* until its AppID comes */
    memcpy(r->path + n, type.p, type.n);
    n += type.n;
    if (seen)
        n += (size_t)snprintf(r->path + n, PATH_MAX_N - n, "[%zu]", seen);
    r->levels[r->depth++] = (struct level){n, r->name_n, tag->name};
    return true;
}

static bool add_parm(struct xml_reader *r, const struct ecs_sim_tag *tag)
{
    struct ecs_str name = ecs_sim_tag_attr(tag, "name"), raw = ecs_sim_tag_attr(tag, "value"), value;
    size_t n = r->levels[r->depth - 1].path_n;

    if (!name.n || !raw.p || tag->attr_n != 2)
        return broken(r->report, "a parm must have the attributes name and value and no other");
    if (r->depth < 2)
        return broken(r->report, "a parm stands outside any characteristic");
    if (!ecs_sim_entities(r->document->arena, raw, ECS_SIM_ENTITIES_XML, &value))
        return broken(r->report, "a value holds a raw & or an unknown entity");
    if (r->path[0] == '?') {
        if (!ecs_str_eq_nocase(name, ECS_STR("AppID")))
            return broken(r->report, "the first parm of an APPLICATION is not AppID");
        if (value.n > 20 || r->depth != 2)
            return broken(r->report, "an AppID is malformed");
        memcpy(r->path, value.p, value.n);
        r->levels[1].path_n = n = value.n;
    }
    if (n + name.n + 2 > PATH_MAX_N)
        return broken(r->report, "a parameter name is too long");
    r->path[n++] = '/';
    memcpy(r->path + n, name.p, name.n);
    ecs_sim_document_add(r->document, (struct ecs_str){r->path, n + name.n}, value, raw, true);
    return true;
}

static bool open_tag(struct xml_reader *r, const struct ecs_sim_tag *tag)
{
    if (!r->depth) {
        if (!ecs_str_eq(tag->name, ECS_STR("wap-provisioningdoc")) || tag->self_closing)
            return broken(r->report, "the root element is not wap-provisioningdoc");
        r->levels[r->depth++] = (struct level){0, 0, tag->name};
        return true;
    }
    if (ecs_str_eq(tag->name, ECS_STR("parm"))) {
        if (!tag->self_closing)
            return broken(r->report, "a parm is not self-closing");
        return add_parm(r, tag);
    }
    if (!ecs_str_eq(tag->name, ECS_STR("characteristic")))
        return broken(r->report, "an element is neither characteristic nor parm");
    if (!push(r, tag))
        return false;
    if (tag->self_closing)
        r->name_n = r->levels[--r->depth].seen_from;
    return true;
}

static bool read_xml(struct ecs_sim_document *document, struct ecs_sim_report *report)
{
    struct xml_reader r = {.document = document, .report = report, .markup = {.text = document->body}};
    struct ecs_sim_tag tag;
    bool closed = false;

    for (;;) {
        switch (ecs_sim_markup_next(&r.markup, &tag)) {
        case ECS_SIM_MARKUP_END:
            return closed && !r.depth ? true : broken(report, "the XML ends too early");
        case ECS_SIM_MARKUP_BAD:
            return broken(report, r.markup.fault);
        case ECS_SIM_TAG_OPEN:
            if (closed)
                return broken(report, "something follows the root element");
            if (!open_tag(&r, &tag))
                return false;
            break;
        case ECS_SIM_TAG_CLOSE:
            if (!r.depth || !ecs_str_eq(r.levels[r.depth - 1].tag, tag.name))
                return broken(report, "an end tag does not match its begin");
            r.name_n = r.levels[--r.depth].seen_from;
            closed = !r.depth;
            break;
        }
    }
}

/* ---- JSON ---- */

static bool walk_json(struct ecs_sim_document *document, json_t *value, char *path, size_t n, unsigned depth);

static bool walk_item(struct ecs_sim_document *document, json_t *item, char *path, size_t n, size_t index,
                      unsigned depth)
{
    void *member = json_is_object(item) && json_object_size(item) == 1 ? json_object_iter(item) : NULL;
    json_t *inner = member ? json_object_iter_value(member) : NULL;
    size_t number = 0;
    const char *key;

    if (!json_is_object(inner)) {
        if (index)
            n += (size_t)snprintf(path + n, PATH_MAX_N - n, "[%zu]", index);
        return walk_json(document, item, path, n, depth + 1);
    }
    key = json_object_iter_key(member);
    if (n + strlen(key) + 16 > PATH_MAX_N)
        return false;
    number = (size_t)snprintf(path + n, PATH_MAX_N - n, "/%s", key);
    if (index)
        number += (size_t)snprintf(path + n + number, PATH_MAX_N - n - number, "[%zu]", index);
    return walk_json(document, inner, path, n + number, depth + 1);
}

static bool walk_object(struct ecs_sim_document *document, json_t *object, char *path, size_t n,
                        unsigned depth)
{
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value)
    {
        size_t added;

        if (n + strlen(key) + 16 > PATH_MAX_N)
            return false;
        if (!n && (!strcmp(key, "Vers") || !strcmp(key, "Token")))
            added = (size_t)snprintf(path, PATH_MAX_N, "%s", key[0] == 'V' ? "VERS" : "TOKEN");
        else
            added = (size_t)snprintf(path + n, PATH_MAX_N - n, "%s%s", n ? "/" : "", key);
        if (!walk_json(document, value, path, n + added, depth + 1))
            return false;
    }
    return true;
}

static bool walk_json(struct ecs_sim_document *document, json_t *value, char *path, size_t n, unsigned depth)
{
    char *text;

    if (depth > DEPTH_MAX || n + 16 > PATH_MAX_N)
        return false;
    if (json_is_object(value))
        return walk_object(document, value, path, n, depth);
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            if (!walk_item(document, json_array_get(value, i), path, n, i, depth))
                return false;
        }
        return true;
    }
    if (json_is_string(value)) {
        struct ecs_str s = {json_string_value(value), json_string_length(value)};

        ecs_sim_document_add(document, (struct ecs_str){path, n}, s, s, true);
        return true;
    }
    text = json_dumps(value, JSON_ENCODE_ANY);
    if (text)
        ecs_sim_document_add(document, (struct ecs_str){path, n}, ecs_str_of(text), ECS_STR_NULL, false);
    free(text);
    return text != NULL;
}

static bool read_json(struct ecs_sim_document *document, struct ecs_sim_report *report)
{
    json_error_t error;
    json_t *root = json_loadb(document->body.p, document->body.n, JSON_REJECT_DUPLICATES, &error);
    char path[PATH_MAX_N];
    bool good;

    if (!root || !json_is_object(root)) {
        ecs_sim_find(report, ECS_SIM_BREAK, "", "the document is not a JSON object%s%s", root ? "" : ": ",
                     root ? "" : error.text);
        json_decref(root);
        return false;
    }
    good = walk_json(document, root, path, 0, 0);
    if (!good)
        ecs_sim_find(report, ECS_SIM_BREAK, "", "the JSON is nested too deep or has too long names");
    json_decref(root);
    return good;
}

bool ecs_sim_document_read(struct ecs_sim_document *document, struct ecs_arena *arena, struct ecs_str body,
                           bool is_json, struct ecs_sim_report *report)
{
    *document = (struct ecs_sim_document){.arena = arena, .is_json = is_json, .body = body};
    document->end = &document->first;
    return is_json ? read_json(document, report) : read_xml(document, report);
}
