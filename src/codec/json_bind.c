/* SPDX-License-Identifier: Apache-2.0 */
/* JSON trees bound to structs: one row per member, the first fault told with its path. */
#include "ecs/json.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

enum { MAX_PATH_DEPTH = 8, DEFAULT_STR_MAX = 255, DEFAULT_ITEMS_MAX = 100 };

struct bind {
    struct ecs_arena *arena;
    struct {
        const char *name; /* NULL: an item */
        size_t index;
    } path[MAX_PATH_DEPTH];
    size_t depth;
    const char *fault;
    enum ecs_rc rc;
};

static void decref(void *json)
{
    json_decref(json);
}

enum ecs_rc ecs_json_load(struct ecs_arena *arena, struct ecs_str text, json_t **ret_json,
                          const char **ret_reason)
{
    json_error_t error;
    json_t *json;

    if (ecs_str_starts_with(text, ECS_STR("\xef\xbb\xbf")))
        text = (struct ecs_str){text.p + 3, text.n - 3};
    json = json_loadb(text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES, &error);
    if (!json) {
        const char *what =
            json_error_code(&error) == json_error_duplicate_key ? "a member is given twice" : "not JSON";
        char *reason = ecs_printf(arena, "line %d, column %d: %s", error.line, error.column, what);

        *ret_reason = reason ? reason : "not JSON";
        return ECS_E_BAD_REQUEST;
    }
    if (!ecs_defer(arena, decref, json)) {
        *ret_reason = "the text does not fit into the memory of a request";
        return ECS_E_TOO_LARGE;
    }
    *ret_json = json;
    return ECS_OK;
}

static bool refuse(struct bind *bind, enum ecs_rc rc, const char *what)
{
    char path[256];
    size_t n = 0;

    for (size_t i = 0; i < bind->depth && n < sizeof(path); i++) {
        size_t room = sizeof(path) - n;

        if (bind->path[i].name)
            n += (size_t)snprintf(path + n, room, "%s%.60s", i ? "." : "", bind->path[i].name);
        else
            n += (size_t)snprintf(path + n, room, "[%zu]", bind->path[i].index);
    }
    if (bind->fault)
        return false;
    bind->rc = rc;
    bind->fault = n ? ecs_printf(bind->arena, "%s: %s", path, what) : what;
    if (!bind->fault)
        bind->fault = what;
    return false;
}

static bool refuse_range(struct bind *bind, const char *format, int64_t low, int64_t high)
{
    char text[120];

    snprintf(text, sizeof(text), "must be %s from %" PRId64 " to %" PRId64, format, low, high);
    return refuse(bind, ECS_E_BAD_PARAMETER, text);
}

static bool no_room(struct bind *bind)
{
    return refuse(bind, ECS_E_TOO_LARGE, "does not fit into the memory of a request");
}

static bool copy_string(struct bind *bind, const json_t *json, size_t low, size_t high,
                        struct ecs_str *ret_string)
{
    struct ecs_str s;

    if (!json_is_string(json))
        return refuse(bind, ECS_E_BAD_PARAMETER, "must be a string");
    s = (struct ecs_str){json_string_value(json), json_string_length(json)};
    if (s.n < low || s.n > high)
        return refuse_range(bind, "a string with a length", (int64_t)low, (int64_t)high);
    if (!(s.p = ecs_strdup(bind->arena, s)))
        return no_room(bind);
    *ret_string = s;
    return true;
}

static bool bind_object(struct bind *bind, const json_t *json, const struct ecs_json_field *fields,
                        char *out);

static bool bind_i64(struct bind *bind, const json_t *json, const struct ecs_json_field *field, char *out)
{
    bool bounded = field->low != 0 || field->high != 0;
    int64_t value;

    if (!json_is_integer(json))
        return bounded ? refuse_range(bind, "an integer", field->low, field->high)
                       : refuse(bind, ECS_E_BAD_PARAMETER, "must be an integer");
    value = json_integer_value(json);
    if (bounded && (value < field->low || value > field->high))
        return refuse_range(bind, "an integer", field->low, field->high);
    memcpy(out, &value, sizeof(value));
    return true;
}

static bool bind_word(struct bind *bind, const json_t *json, const struct ecs_json_field *field, char *out)
{
    char text[200] = "must be one of";
    size_t n = strlen(text);

    for (int i = 0; field->words[i]; i++) {
        if (json_is_string(json) && strcmp(json_string_value(json), field->words[i]) == 0) {
            memcpy(out, &i, sizeof(i));
            return true;
        }
        if (n < sizeof(text))
            n += (size_t)snprintf(text + n, sizeof(text) - n, "%s %s", i ? "," : "", field->words[i]);
    }
    return refuse(bind, ECS_E_BAD_PARAMETER, text);
}

static bool bind_items(struct bind *bind, const json_t *json, const struct ecs_json_field *field, char *out)
{
    bool strings = field->type == ECS_JSON_T_STRS;
    size_t item_size = strings ? sizeof(struct ecs_str) : field->item_size;
    size_t high = field->high > 0 ? (size_t)field->high : DEFAULT_ITEMS_MAX, n = json_array_size(json);
    char *items = NULL;

    if (!json_is_array(json))
        return refuse(bind, ECS_E_BAD_PARAMETER, "must be an array");
    if (n > high)
        return refuse_range(bind, "an array with a length", 0, (int64_t)high);
    if (n && !(items = ecs_alloc(bind->arena, n * item_size)))
        return no_room(bind);
    if (bind->depth == MAX_PATH_DEPTH)
        return refuse(bind, ECS_E_INTERNAL, "the table is nested too deeply");
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(json, i);
        bool good;

        bind->path[bind->depth].name = NULL;
        bind->path[bind->depth++].index = i;
        good = strings ? copy_string(bind, item, 1, DEFAULT_STR_MAX, (struct ecs_str *)(void *)items + i)
                       : bind_object(bind, item, field->sub, items + i * item_size);
        bind->depth--;
        if (!good)
            return false;
    }
    if (strings)
        *(struct ecs_json_strs *)(void *)out = (struct ecs_json_strs){(struct ecs_str *)(void *)items, n};
    else
        *(struct ecs_json_list *)(void *)out = (struct ecs_json_list){items, n};
    return true;
}

static bool bind_value(struct bind *bind, const json_t *json, const struct ecs_json_field *field, char *out)
{
    switch (field->type) {
    case ECS_JSON_T_STR:
        return copy_string(bind, json, (size_t)field->low,
                           field->high > 0 ? (size_t)field->high : DEFAULT_STR_MAX,
                           (struct ecs_str *)(void *)out);
    case ECS_JSON_T_I64:
        return bind_i64(bind, json, field, out);
    case ECS_JSON_T_BOOL:
        if (!json_is_boolean(json))
            return refuse(bind, ECS_E_BAD_PARAMETER, "must be true or false");
        *(bool *)out = json_is_true(json);
        return true;
    case ECS_JSON_T_WORD:
        return bind_word(bind, json, field, out);
    case ECS_JSON_T_SUB:
        return bind_object(bind, json, field->sub, out);
    case ECS_JSON_T_STRS:
    case ECS_JSON_T_LIST:
        return bind_items(bind, json, field, out);
    }
    return refuse(bind, ECS_E_INTERNAL, "the table has a row of unknown type");
}

static bool bind_field(struct bind *bind, const json_t *object, const struct ecs_json_field *field, char *out)
{
    const json_t *value = json_object_get(object, field->name);
    bool good;

    if (bind->depth == MAX_PATH_DEPTH)
        return refuse(bind, ECS_E_INTERNAL, "the table is nested too deeply");
    bind->path[bind->depth++].name = field->name;
    if (!value || json_is_null(value))
        good = !field->required || refuse(bind, ECS_E_BAD_PARAMETER, "is missing");
    else
        good = bind_value(bind, value, field, out + field->offset);
    bind->depth--;
    if (good && field->set_offset && value && !json_is_null(value))
        *(bool *)(out + field->set_offset) = true;
    return good;
}

static bool known_members(struct bind *bind, const json_t *object, const struct ecs_json_field *fields)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        const struct ecs_json_field *field = fields;

        while (field->name && strcmp(field->name, name) != 0)
            field++;
        if (!field->name) {
            if (bind->depth < MAX_PATH_DEPTH)
                bind->path[bind->depth++].name = name;
            return refuse(bind, ECS_E_BAD_PARAMETER, "is not a known member");
        }
    }
    return true;
}

static bool bind_object(struct bind *bind, const json_t *json, const struct ecs_json_field *fields, char *out)
{
    if (!json_is_object(json))
        return refuse(bind, ECS_E_BAD_PARAMETER, "must be an object");
    if (!known_members(bind, json, fields))
        return false;
    for (const struct ecs_json_field *field = fields; field->name; field++)
        if (!bind_field(bind, json, field, out))
            return false;
    return true;
}

enum ecs_rc ecs_json_bind(struct ecs_arena *arena, struct ecs_str text, const struct ecs_json_field *fields,
                          void *out, const char **ret_reason)
{
    struct bind bind = {.arena = arena};
    json_t *json;
    enum ecs_rc rc = ecs_json_load(arena, text, &json, ret_reason);

    if (rc != ECS_OK)
        return rc;
    if (!bind_object(&bind, json, fields, out)) {
        *ret_reason = bind.fault;
        return bind.rc;
    }
    return ECS_OK;
}
