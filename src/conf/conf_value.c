/* SPDX-License-Identifier: Apache-2.0 */
/* Values of settings: text to field, field to text, comparison; one row per type. */
#include <string.h>

#include "conf/conf_priv.h"

/* Smallest first; the suffix "" is the plain number. */
struct unit {
    const char *suffix;
    int64_t factor;
};

static const struct unit size_units[] = {{"", 1}, {"k", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {NULL, 0}};
static const struct unit second_units[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {NULL, 0}};
static const struct unit milli_units[] = {{"ms", 1},      {"s", 1000},     {"m", 60000},
                                          {"h", 3600000}, {"d", 86400000}, {NULL, 0}};

/* What the operator wrote, cut so that a fault stays one line; never called for secrets. */
static void add_quoted(struct ecs_buf *why, struct ecs_str text)
{
    ecs_buf_add_char(why, '"');
    ecs_buf_add(why, text.p, text.n < 48 ? text.n : 48);
    ecs_buf_add_cstr(why, text.n < 48 ? "\"" : "...\"");
}

static const struct unit *units_of(const struct ecs_setting *setting)
{
    switch (setting->type) {
    case ECS_SETTING_SIZE:
        return size_units;
    case ECS_SETTING_DURATION_S:
        return second_units;
    case ECS_SETTING_DURATION_MS:
        return milli_units;
    default:
        return NULL;
    }
}

static void print_number(const struct ecs_setting *setting, int64_t value, struct ecs_buf *buf)
{
    const struct unit *units = units_of(setting), *best = units;

    if (!units) {
        ecs_buf_add_i64(buf, value);
        return;
    }
    for (const struct unit *u = units; value && u->suffix; u++)
        if (value % u->factor == 0)
            best = u;
    ecs_buf_add_i64(buf, value / best->factor);
    ecs_buf_add_cstr(buf, best->suffix);
}

/* What min and max count for types where they are no values. */
static const char *counted(const struct ecs_setting *setting)
{
    if (setting->type == ECS_SETTING_STRING)
        return " bytes";
    return setting->type == ECS_SETTING_STRING_LIST ? " entries" : "";
}

bool ecs_value_has_range(const struct ecs_setting *setting)
{
    return setting->min || setting->max;
}

void ecs_value_print_range(const struct ecs_setting *setting, struct ecs_buf *buf)
{
    bool no_floor = setting->min == INT64_MIN || (*counted(setting) && setting->min == 0);

    if (setting->max == INT64_MAX) {
        ecs_buf_add_cstr(buf, "at least ");
        print_number(setting, setting->min, buf);
    } else if (no_floor) {
        ecs_buf_add_cstr(buf, "at most ");
        print_number(setting, setting->max, buf);
    } else {
        print_number(setting, setting->min, buf);
        if (setting->max != setting->min) {
            ecs_buf_add_cstr(buf, " to ");
            print_number(setting, setting->max, buf);
        }
    }
    ecs_buf_add_cstr(buf, counted(setting));
}

static bool is_in_range(const struct ecs_setting *setting, int64_t value)
{
    return !ecs_value_has_range(setting) || (value >= setting->min && value <= setting->max);
}

static bool check_range(const struct ecs_setting *setting, int64_t value, struct ecs_buf *why)
{
    if (is_in_range(setting, value))
        return true;
    print_number(setting, value, why);
    ecs_buf_add_cstr(why, " is out of range, allowed: ");
    ecs_value_print_range(setting, why);
    return false;
}

bool ecs_value_count_fits(const struct ecs_setting *setting, size_t n, struct ecs_buf *why)
{
    if (setting->type != ECS_SETTING_STRING_LIST || is_in_range(setting, (int64_t)n))
        return true;
    ecs_buf_printf(why, "has %zu entries, allowed: ", n);
    ecs_value_print_range(setting, why);
    return false;
}

static enum ecs_setting_type item_type(const struct ecs_setting *setting)
{
    return setting->type == ECS_SETTING_INT_LIST ? ECS_SETTING_INT : setting->type;
}

static bool refuse_form(const struct ecs_setting *setting, struct ecs_str text, struct ecs_buf *why)
{
    add_quoted(why, text);
    ecs_buf_printf(why, " is not %s", ecs_value_types[item_type(setting)].form);
    return false;
}

static bool parse_bool(const struct ecs_setting *setting, struct ecs_arena *arena, struct ecs_str text,
                       void *field, struct ecs_buf *why)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};

    (void)arena;
    for (size_t i = 0; i < ECS_ARRAY_LEN(words); i++)
        if (ecs_str_eq_nocase(text, ecs_str_of(words[i]))) {
            *(bool *)field = i % 2;
            return true;
        }
    return refuse_form(setting, text, why);
}

static bool parse_int(const struct ecs_setting *setting, struct ecs_arena *arena, struct ecs_str text,
                      void *field, struct ecs_buf *why)
{
    int64_t value;

    (void)arena;
    if (!ecs_str_to_i64(text, &value))
        return refuse_form(setting, text, why);
    if (!check_range(setting, value, why))
        return false;
    *(int64_t *)field = value;
    return true;
}

/* Digits and a suffix; only 0 may stand without the suffix where plain numbers have no meaning. */
static bool parse_scaled(const struct ecs_setting *setting, struct ecs_arena *arena, struct ecs_str text,
                         void *field, struct ecs_buf *why)
{
    const struct unit *unit = units_of(setting);
    struct ecs_str digits = {text.p, 0}, suffix;
    int64_t value, scaled;

    (void)arena;
    while (digits.n < text.n && text.p[digits.n] >= '0' && text.p[digits.n] <= '9')
        digits.n++;
    suffix = (struct ecs_str){text.p + digits.n, text.n - digits.n};
    while (unit->suffix && !ecs_str_eq(suffix, ecs_str_of(unit->suffix)))
        unit++;
    if (!ecs_str_to_i64(digits, &value) || (!unit->suffix && (suffix.n || value)))
        return refuse_form(setting, text, why);
    if (__builtin_mul_overflow(value, unit->suffix ? unit->factor : 1, &scaled)) {
        add_quoted(why, text);
        ecs_buf_add_cstr(why, " is too large");
        return false;
    }
    if (!check_range(setting, scaled, why))
        return false;
    *(int64_t *)field = scaled;
    return true;
}

static bool keep_text(const struct ecs_setting *setting, struct ecs_arena *arena, struct ecs_str text,
                      struct ecs_str *ret_copy, struct ecs_buf *why)
{
    char *copy = setting->flags & ECS_SETTING_SECRET ? ecs_arena_secret(arena, text.n + 1)
                                                     : ecs_alloc(arena, text.n + 1);

    if (!copy) {
        ecs_buf_add_cstr(why, "is too large: no memory left for it");
        return false;
    }
    memcpy(copy, text.p, text.n);
    *ret_copy = (struct ecs_str){copy, text.n};
    return true;
}

static bool parse_string(const struct ecs_setting *setting, struct ecs_arena *arena, struct ecs_str text,
                         void *field, struct ecs_buf *why)
{
    struct ecs_str copy;

    if (!is_in_range(setting, (int64_t)text.n)) {
        ecs_buf_printf(why, "has %zu bytes, allowed: ", text.n);
        ecs_value_print_range(setting, why);
        return false;
    }
    if (!keep_text(setting, arena, text, &copy, why))
        return false;
    *(const char **)field = copy.p;
    return true;
}

static bool is_absolute(struct ecs_str text)
{
    if (text.n < 1 || text.n > 4095 || text.p[0] != '/')
        return false;
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < ' ')
            return false;
    return true;
}

static bool parse_path(const struct ecs_setting *setting, struct ecs_arena *arena, struct ecs_str text,
                       void *field, struct ecs_buf *why)
{
    struct ecs_str copy;

    if (!is_absolute(text))
        return refuse_form(setting, text, why);
    if (!keep_text(setting, arena, text, &copy, why))
        return false;
    *(const char **)field = copy.p;
    return true;
}

static bool parse_enum(const struct ecs_setting *setting, struct ecs_arena *arena, struct ecs_str text,
                       void *field, struct ecs_buf *why)
{
    struct ecs_hint hint = {.given = text};

    (void)arena;
    for (int i = 0; setting->names[i]; i++) {
        if (ecs_str_eq(text, ecs_str_of(setting->names[i]))) {
            *(int *)field = i;
            return true;
        }
        ecs_hint_offer(&hint, setting->names[i]);
    }
    add_quoted(why, text);
    ecs_buf_add_cstr(why, " is not one of");
    for (int i = 0; setting->names[i]; i++)
        ecs_buf_printf(why, "%s %s", i ? "," : "", setting->names[i]);
    if (hint.best)
        ecs_buf_printf(why, "; did you mean \"%s\"?", hint.best);
    return false;
}

static bool parse_string_item(const struct ecs_setting *setting, struct ecs_arena *arena, struct ecs_str text,
                              void *field, struct ecs_buf *why)
{
    if (!text.n) {
        ecs_buf_add_cstr(why, "an entry must not be empty");
        return false;
    }
    return keep_text(setting, arena, text, field, why);
}

static void print_bool(const struct ecs_setting *setting, const void *field, struct ecs_buf *buf)
{
    (void)setting;
    ecs_buf_add_cstr(buf, *(const bool *)field ? "true" : "false");
}

static void print_int(const struct ecs_setting *setting, const void *field, struct ecs_buf *buf)
{
    print_number(setting, *(const int64_t *)field, buf);
}

static void print_quoted(struct ecs_buf *buf, struct ecs_str s)
{
    ecs_buf_add_char(buf, '"');
    ecs_buf_add_json(buf, s);
    ecs_buf_add_char(buf, '"');
}

static void print_string(const struct ecs_setting *setting, const void *field, struct ecs_buf *buf)
{
    (void)setting;
    print_quoted(buf, ecs_str_of(*(const char *const *)field));
}

static void print_enum(const struct ecs_setting *setting, const void *field, struct ecs_buf *buf)
{
    ecs_buf_add_cstr(buf, setting->names[*(const int *)field]);
}

static void print_string_list(const struct ecs_setting *setting, const void *field, struct ecs_buf *buf)
{
    const struct ecs_str_list *list = field;

    (void)setting;
    ecs_buf_add_char(buf, '[');
    for (size_t i = 0; i < list->n; i++) {
        ecs_buf_add_cstr(buf, i ? ", " : "");
        print_quoted(buf, list->items[i]);
    }
    ecs_buf_add_char(buf, ']');
}

static void print_int_list(const struct ecs_setting *setting, const void *field, struct ecs_buf *buf)
{
    const struct ecs_int_list *list = field;

    ecs_buf_add_char(buf, '[');
    for (size_t i = 0; i < list->n; i++) {
        ecs_buf_add_cstr(buf, i ? ", " : "");
        print_number(setting, list->items[i], buf);
    }
    ecs_buf_add_char(buf, ']');
}

static bool same_bool(const void *a, const void *b)
{
    return *(const bool *)a == *(const bool *)b;
}

static bool same_int(const void *a, const void *b)
{
    return *(const int64_t *)a == *(const int64_t *)b;
}

static bool same_enum(const void *a, const void *b)
{
    return *(const int *)a == *(const int *)b;
}

static bool same_string(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;

    return x && y ? strcmp(x, y) == 0 : x == y;
}

static bool same_string_list(const void *a, const void *b)
{
    const struct ecs_str_list *x = a, *y = b;
    size_t i = 0;

    while (i < x->n && i < y->n && ecs_str_eq(x->items[i], y->items[i]))
        i++;
    return i == x->n && i == y->n;
}

static bool same_int_list(const void *a, const void *b)
{
    const struct ecs_int_list *x = a, *y = b;

    return x->n == y->n && (!x->n || memcmp(x->items, y->items, x->n * sizeof(int64_t)) == 0);
}

/* clang-format off */
const struct ecs_value_type ecs_value_types[ECS_SETTING_COUNT] = {
    [ECS_SETTING_BOOL] = { "switch", "true or false",
        sizeof(bool), 0, false, parse_bool, print_bool, same_bool },
    [ECS_SETTING_INT] = { "number", "a whole number",
        sizeof(int64_t), 0, false, parse_int, print_int, same_int },
    [ECS_SETTING_SIZE] = { "size", "a size in bytes such as 512, 64k, 4M or 1G",
        sizeof(int64_t), 0, false, parse_scaled, print_int, same_int },
    [ECS_SETTING_DURATION_S] = { "time", "a time in whole seconds with its unit such as 30s, 5m, 12h or 7d",
        sizeof(int64_t), 0, false, parse_scaled, print_int, same_int },
    [ECS_SETTING_DURATION_MS] = { "short time", "a time with its unit such as 250ms, 30s or 5m",
        sizeof(int64_t), 0, false, parse_scaled, print_int, same_int },
    [ECS_SETTING_STRING] = { "text", "a text",
        sizeof(char *), 0, true, parse_string, print_string, same_string },
    [ECS_SETTING_PATH] = { "path", "an absolute path (beginning with /) or credential:name",
        sizeof(char *), 0, true, parse_path, print_string, same_string },
    [ECS_SETTING_ENUM] = { "choice", "one of the listed words",
        sizeof(int), 0, true, parse_enum, print_enum, same_enum },
    [ECS_SETTING_STRING_LIST] = { "list of texts", "a list such as [one, two]",
        sizeof(struct ecs_str_list), sizeof(struct ecs_str), true,
        parse_string_item, print_string_list, same_string_list },
    [ECS_SETTING_INT_LIST] = { "list of numbers", "a list of whole numbers such as [1, 2]",
        sizeof(struct ecs_int_list), sizeof(int64_t), false, parse_int, print_int_list, same_int_list },
};
/* clang-format on */

static size_t count_commas(struct ecs_str text)
{
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == ',';
    return n;
}

bool ecs_value_default(const struct ecs_setting *setting, struct ecs_arena *arena, void *field,
                       struct ecs_buf *why)
{
    const struct ecs_value_type *type = &ecs_value_types[setting->type];
    struct ecs_str rest = ecs_str_of(setting->def), part;
    struct ecs_any_list list = {0};

    if (!setting->def)
        return true;
    if (!type->item_size)
        return type->parse(setting, arena, rest, field, why);
    list.items = ecs_alloc(arena, (count_commas(rest) + 1) * type->item_size);
    if (!list.items)
        return false;
    while (ecs_str_cut(&rest, ',', &part)) {
        if (!type->parse(setting, arena, ecs_str_trim(part), (char *)list.items + list.n * type->item_size,
                         why))
            return false;
        list.n++;
    }
    memcpy(field, &list, sizeof(list));
    return ecs_value_count_fits(setting, list.n, why);
}
