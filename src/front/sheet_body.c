/* SPDX-License-Identifier: Apache-2.0 */
/* User data that a phone posts as JSON or XML (TS.43 Tables 50, 83, 93, 140): the reference in it, and
 * nothing else, for what stands beside it is for people who read logs of portals. A reference is letters and
 * digits; what is not one of ours is refused when it is opened. */
#include "ecs/json.h"
#include "web.h"

static const char name[] = "sid";

static bool is_type(struct ecs_str type, const char *wanted)
{
    for (size_t i = 0; i < type.n; i++)
        if (type.p[i] == ';' || type.p[i] == ',') /* "text/xml,application/xml" is one of Table 50 */
            type.n = i;
    return ecs_str_eq_nocase(ecs_str_trim(type), ecs_str_of(wanted));
}

static enum ecs_rc read_json(struct ecs_arena *arena, struct ecs_str text, struct ecs_str *ret_value,
                             const char **ret_reason)
{
    struct ecs_json_flat flat;
    enum ecs_rc rc = ecs_json_flat_parse(arena, text, &flat, ret_reason);

    for (size_t i = 0; rc == ECS_OK && i < flat.n; i++)
        if (ecs_str_eq(flat.member[i].name, ecs_str_of(name)) && flat.member[i].kind == ECS_JSON_STRING)
            *ret_value = flat.member[i].value;
    return rc;
}

/* What stands behind the first mark in text; false: it is not there. */
static bool behind(struct ecs_str text, const char *mark, struct ecs_str *ret_rest)
{
    struct ecs_str wanted = ecs_str_of(mark);
    ptrdiff_t at = ecs_str_find(text, wanted);

    if (at < 0)
        return false;
    *ret_rest = (struct ecs_str){text.p + at + wanted.n, text.n - (size_t)at - wanted.n};
    return true;
}

/* Up to the first of these bytes; false: none of them follows. */
static bool up_to(struct ecs_str text, char end, struct ecs_str *ret_value)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == end) {
            *ret_value = ecs_str_trim((struct ecs_str){text.p, i});
            return true;
        }
    return false;
}

/* <sid>...</sid>, or sid="..." in a tag, or a parm of that name. No entity is needed in a reference. */
static void read_xml(struct ecs_str text, struct ecs_str *ret_value)
{
    struct ecs_str rest, tag;

    if (behind(text, "<sid>", &rest)) {
        (void)up_to(rest, '<', ret_value);
    } else if (behind(text, "name=\"sid\"", &rest) && up_to(rest, '>', &tag) &&
               behind(tag, "value=\"", &rest)) {
        (void)up_to(rest, '"', ret_value);
    } else if (behind(text, " sid=\"", &rest)) {
        (void)up_to(rest, '"', ret_value);
    }
}

bool web_user_data(struct web_call *c, enum ecs_rc *ret_rc, const char **ret_reason)
{
    bool is_json = is_type(c->content_type, "application/json");
    struct ecs_str value = ECS_STR_NULL;
    struct ecs_form_field *field;

    if (!is_json && !is_type(c->content_type, "text/xml") && !is_type(c->content_type, "application/xml"))
        return false;
    *ret_rc = ECS_OK;
    if (is_json)
        *ret_rc = read_json(c->flow.arena, c->body, &value, ret_reason);
    else
        read_xml(c->body, &value);
    if (*ret_rc != ECS_OK || !value.p)
        return true; /* without a reference the page tells that it must be opened again */
    field = ecs_alloc(c->flow.arena, sizeof(*field));
    if (!field) {
        *ret_rc = ECS_E_NO_MEMORY;
        *ret_reason = "the pages need more memory";
        return true;
    }
    *field = (struct ecs_form_field){{name, sizeof(name) - 1}, value};
    c->form = (struct ecs_form){field, 1};
    return true;
}
