/* SPDX-License-Identifier: Apache-2.0 */
/* Aligned tables, key and value lines, JSON. */
#include "ctl.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MAX = 16 };

void ctl_print_json(const json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
    putchar('\n');
}

const char *ctl_cell(struct ctl *ctl, const json_t *value)
{
    const char *text = "";
    size_t n = json_array_size(value);

    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_STRING:
        return json_string_value(value);
    case JSON_INTEGER:
        text = ecs_printf(ctl->arena, "%lld", (long long)json_integer_value(value));
        break;
    case JSON_REAL:
        text = ecs_printf(ctl->arena, "%g", json_real_value(value));
        break;
    case JSON_TRUE:
        return "yes";
    case JSON_FALSE:
        return "no";
    case JSON_NULL:
        return "-";
    case JSON_OBJECT:
        text = json_dumps(value, JSON_COMPACT);
        if (text && !ecs_defer(ctl->arena, free, (void *)(uintptr_t)text))
            text = NULL;
        break;
    case JSON_ARRAY:
        for (size_t i = 0; i < n && text; i++)
            text = ecs_printf(ctl->arena, "%s%s%s", text, i ? ", " : "",
                              ctl_cell(ctl, json_array_get(value, i)));
        if (!n)
            return "-";
        break;
    }
    return text ? text : "?";
}

/* Characters, not bytes: continuation bytes of UTF-8 take no place. */
static size_t width_of(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* Control characters must not reach the terminal. */
static void print_clean(const char *text)
{
    for (; *text; text++)
        putchar(iscntrl((unsigned char)*text) ? ' ' : *text);
}

static void print_padded(const char *text, size_t width, bool last)
{
    print_clean(text);
    for (size_t n = width_of(text); n < width && !last; n++)
        putchar(' ');
    fputs(last ? "\n" : "  ", stdout);
}

static const char *heading(struct ctl *ctl, const char *name)
{
    char *text = ecs_strdup(ctl->arena, ecs_str_of(name));

    for (char *p = text; p && *p; p++)
        *p = *p == '_' ? ' ' : (char)toupper((unsigned char)*p);
    return text ? text : name;
}

void ctl_print_table(struct ctl *ctl, const json_t *rows, const char *const *columns)
{
    size_t width[COLUMNS_MAX] = {0}, n = 0;

    for (; columns[n] && n < COLUMNS_MAX; n++) {
        width[n] = width_of(columns[n]);
        for (size_t i = 0; i < json_array_size(rows); i++) {
            size_t w = width_of(ctl_cell(ctl, json_object_get(json_array_get(rows, i), columns[n])));

            width[n] = w > width[n] ? w : width[n];
        }
    }
    for (size_t k = 0; k < n; k++)
        print_padded(heading(ctl, columns[k]), width[k], k + 1 == n);
    for (size_t i = 0; i < json_array_size(rows); i++)
        for (size_t k = 0; k < n; k++)
            print_padded(ctl_cell(ctl, json_object_get(json_array_get(rows, i), columns[k])), width[k],
                         k + 1 == n);
}

static bool is_table(const json_t *value)
{
    return json_is_array(value) && json_is_object(json_array_get(value, 0));
}

/* Columns are the members of the first row. */
static void print_member_table(struct ctl *ctl, const char *name, json_t *rows)
{
    const char *columns[COLUMNS_MAX + 1] = {NULL}, *key;
    json_t *value;
    size_t n = 0;

    json_object_foreach(json_array_get(rows, 0), key, value)
    {
        if (n < COLUMNS_MAX)
            columns[n++] = key;
    }
    printf("\n%s\n", heading(ctl, name));
    ctl_print_table(ctl, rows, columns);
}

void ctl_print_object(struct ctl *ctl, const json_t *object)
{
    json_t *members = (json_t *)(uintptr_t)object, *value;
    const char *key;
    size_t width = 0;

    json_object_foreach(members, key, value)
    {
        width = strlen(key) > width ? strlen(key) : width;
    }
    json_object_foreach(members, key, value)
    {
        if (is_table(value))
            continue;
        printf("%s:%*s ", key, (int)(width - strlen(key)), "");
        print_clean(ctl_cell(ctl, value));
        putchar('\n');
    }
    json_object_foreach(members, key, value)
    {
        if (is_table(value))
            print_member_table(ctl, key, value);
    }
}
