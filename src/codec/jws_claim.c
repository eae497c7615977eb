/* SPDX-License-Identifier: Apache-2.0 */
/* Small parts of the JSON Web Signature wrapper: strict base64url, JSON objects, claims by name. */
#include <stdio.h>
#include <string.h>

#include "codec/jws_priv.h"

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '-')
        return 62;
    return c == '_' ? 63 : -1;
}

bool jws_is_base64url(struct ecs_str text)
{
    int last;

    if (text.n == 0 || text.n % 4 == 1)
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (value_of(text.p[i]) < 0)
            return false;
    /* One value must have one text: bits behind the last byte are zero. */
    last = value_of(text.p[text.n - 1]);
    if (text.n % 4 == 2)
        return (last & 15) == 0;
    return text.n % 4 != 3 || (last & 3) == 0;
}

struct ecs_str jws_decode(struct ecs_str text, struct ecs_arena *arena)
{
    size_t room = text.n * 3 / 4;
    char *out = jws_is_base64url(text) ? ecs_alloc(arena, room + 1) : NULL;
    ptrdiff_t n = out ? ecs_base64_decode(text, (uint8_t *)out, room) : -1;

    return n < 0 ? ECS_STR_NULL : (struct ecs_str){out, (size_t)n};
}

json_t *jws_load(struct ecs_str text)
{
    json_error_t error;
    json_t *json = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &error);

    if (json_is_object(json))
        return json;
    json_decref(json);
    return NULL;
}

struct ecs_str jws_member(const json_t *object, const char *name, bool *ok)
{
    const json_t *value = json_object_get(object, name);

    if (!json_is_string(value)) {
        *ok &= value == NULL;
        return ECS_STR_NULL;
    }
    return (struct ecs_str){json_string_value(value), json_string_length(value)};
}

/* A claim whose own name has dots ("https://example.net/x") comes before a path. */
static const json_t *find_claim(const json_t *object, const char *name)
{
    const json_t *found = json_object_get(object, name);
    struct ecs_str rest = ecs_str_of(name), part;

    if (found)
        return found;
    while (object && ecs_str_cut(&rest, '.', &part)) {
        char key[128];

        if (part.n >= sizeof(key))
            return NULL;
        memcpy(key, part.p, part.n);
        key[part.n] = '\0';
        object = json_object_get(object, key);
    }
    return object;
}

struct ecs_str ecs_jws_claim(const struct ecs_jws_claims *claims, const char *name, struct ecs_arena *arena)
{
    json_t *json = jws_load(claims->json);
    const json_t *value = find_claim(json, name);
    char number[64];
    struct ecs_str text = ECS_STR_NULL;
    const char *copy;

    if (json_is_string(value))
        text = (struct ecs_str){json_string_value(value), json_string_length(value)};
    if (json_is_integer(value))
        snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        snprintf(number, sizeof(number), "%.17g", json_real_value(value));
    if (json_is_number(value))
        text = ecs_str_of(number);
    copy = text.p ? ecs_strdup(arena, text) : NULL;
    json_decref(json);
    return (struct ecs_str){copy, copy ? text.n : 0};
}

bool ecs_jws_claim_bool(const struct ecs_jws_claims *claims, const char *name, bool *ret_value)
{
    json_t *json = jws_load(claims->json);
    const json_t *value = find_claim(json, name);
    bool found = json_is_boolean(value);

    if (found)
        *ret_value = json_is_true(value);
    json_decref(json);
    return found;
}

static bool has_word(const json_t *value, struct ecs_str word)
{
    struct ecs_str rest = {json_string_value(value), json_string_length(value)}, part;

    if (!rest.p)
        return false;
    if (ecs_str_eq(rest, word))
        return true;
    while (ecs_str_cut(&rest, ' ', &part))
        if (part.n && ecs_str_eq(part, word))
            return true;
    return false;
}

bool ecs_jws_claim_has(const struct ecs_jws_claims *claims, const char *name, struct ecs_str value)
{
    json_t *json = jws_load(claims->json);
    const json_t *claim = find_claim(json, name), *item;
    bool has = has_word(claim, value);
    size_t i;

    json_array_foreach(claim, i, item)
    {
        struct ecs_str text = {json_string_value(item), json_string_length(item)};

        has |= text.p && ecs_str_eq(text, value);
    }
    json_decref(json);
    return has;
}
