/* SPDX-License-Identifier: Apache-2.0 */
/* Request parameters in the order and the escaping of each client. */

#include "params.h"

#include <stdlib.h>
#include <string.h>

void ecs_sim_params_init(struct ecs_sim_params *params, struct ecs_arena *arena)
{
    *params = (struct ecs_sim_params){.arena = arena};
    params->end = &params->first;
}

static struct ecs_str keep(struct ecs_sim_params *params, struct ecs_str text)
{
    char *copy = ecs_strdup(params->arena, text);

    if (!copy) {
        params->no_memory = true;
        return ECS_STR_NULL;
    }
    return (struct ecs_str){copy, text.n};
}

void ecs_sim_params_add(struct ecs_sim_params *params, struct ecs_str name, struct ecs_str value)
{
    struct ecs_sim_param *param = ecs_alloc(params->arena, sizeof(*param));

    if (!param) {
        params->no_memory = true;
        return;
    }
    param->name = keep(params, name);
    param->value = keep(params, value);
    *params->end = param;
    params->end = &param->next;
}

void ecs_sim_params_add_cstr(struct ecs_sim_params *params, const char *name, const char *value)
{
    ecs_sim_params_add(params, ecs_str_of(name), ecs_str_of(value));
}

void ecs_sim_params_remove(struct ecs_sim_params *params, struct ecs_str name)
{
    struct ecs_sim_param **at = &params->first;

    while (*at) {
        if (ecs_str_eq((*at)->name, name))
            *at = (*at)->next;
        else
            at = &(*at)->next;
    }
    params->end = at;
}

void ecs_sim_params_set(struct ecs_sim_params *params, struct ecs_str name, struct ecs_str value)
{
    struct ecs_sim_param *param = params->first;
    struct ecs_sim_param **at;

    while (param && !ecs_str_eq(param->name, name))
        param = param->next;
    if (!param) {
        ecs_sim_params_add(params, name, value);
        return;
    }
    param->value = keep(params, value);
    at = &param->next;
    while (*at) {
        if (ecs_str_eq((*at)->name, name))
            *at = (*at)->next;
        else
            at = &(*at)->next;
    }
    params->end = at;
}

struct ecs_str ecs_sim_params_get(const struct ecs_sim_params *params, const char *name)
{
    for (const struct ecs_sim_param *param = params->first; param; param = param->next) {
        if (ecs_str_eq(param->name, ecs_str_of(name)))
            return param->value;
    }
    return ECS_STR_NULL;
}

void ecs_sim_params_copy(struct ecs_sim_params *to, const struct ecs_sim_params *from)
{
    for (const struct ecs_sim_param *param = from->first; param; param = param->next)
        ecs_sim_params_add(to, param->name, param->value);
}

void ecs_sim_params_add_defaults(struct ecs_sim_params *params, const struct ecs_sim_params *user,
                                 const char *pairs)
{
    struct ecs_str rest = ecs_str_of(pairs), pair, name;

    while (ecs_str_cut(&rest, '|', &pair)) {
        const struct ecs_sim_param *given = user->first;

        if (!ecs_str_cut(&pair, '=', &name))
            continue;
        while (given && !ecs_str_eq(given->name, name))
            given = given->next;
        if (!given)
            ecs_sim_params_add(params, name, pair.p ? pair : ECS_STR(""));
    }
}

/* ---- order ---- */

struct ranked {
    struct ecs_sim_param *param;
    uint64_t rank;
    size_t place;
};

static uint64_t table_rank(struct ecs_str name, const char *table)
{
    struct ecs_str rest = ecs_str_of(table), word;
    uint64_t rank = 0;

    while (ecs_str_cut(&rest, ' ', &word) && !ecs_str_eq(name, word))
        rank++;
    return rank;
}

bool ecs_sim_words_have(const char *words, struct ecs_str word)
{
    struct ecs_str rest = ecs_str_of(words), one;

    while (ecs_str_cut(&rest, ' ', &one)) {
        if (ecs_str_eq(one, word))
            return true;
    }
    return false;
}

/* String.hashCode spread as HashMap does; the bucket decides the order of iteration. */
static uint64_t java_rank(struct ecs_str name, size_t buckets)
{
    uint32_t hash = 0;

    for (size_t i = 0; i < name.n; i++)
        hash = 31 * hash + (uint8_t)name.p[i];
    hash ^= hash >> 16;
    return hash & (buckets - 1);
}

static int compare_ranked(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;

    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

static int compare_names(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    size_t n = a->param->name.n < b->param->name.n ? a->param->name.n : b->param->name.n;
    int order = memcmp(a->param->name.p, b->param->name.p, n);

    if (order || a->param->name.n != b->param->name.n)
        return order ? order : a->param->name.n < b->param->name.n ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

void ecs_sim_params_sort(struct ecs_sim_params *params, enum ecs_sim_order order, const char *table)
{
    struct ranked ranked[128];
    size_t n = 0, buckets = 16;

    for (struct ecs_sim_param *param = params->first; param; param = param->next) {
        if (n == ECS_ARRAY_LEN(ranked))
            return; /* more than any client sends: stays as given */
        ranked[n].param = param;
        ranked[n].place = n;
        n++;
    }
    while (n * 4 > buckets * 3)
        buckets *= 2; /* load factor 0.75 */
    for (size_t i = 0; i < n; i++) {
        struct ecs_str name = ranked[i].param->name;

        ranked[i].rank = order == ECS_SIM_ORDER_TABLE ? table_rank(name, table) : java_rank(name, buckets);
    }
    qsort(ranked, n, sizeof(*ranked), order == ECS_SIM_ORDER_ALPHABET ? compare_names : compare_ranked);
    params->end = &params->first;
    for (size_t i = 0; i < n; i++) {
        *params->end = ranked[i].param;
        params->end = &ranked[i].param->next;
    }
    *params->end = NULL;
}

/* ---- text forms ---- */

static bool is_bare(unsigned char c, enum ecs_sim_escape escape)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    return c && strchr(escape == ECS_SIM_ESCAPE_ANDROID ? "_-!.~'()*" : "_-.*", c);
}

void ecs_sim_escape(struct ecs_buf *buf, struct ecs_str text, enum ecs_sim_escape escape)
{
    static const char digits[] = "0123456789ABCDEF";

    if (escape == ECS_SIM_ESCAPE_RAW) {
        ecs_buf_add_str(buf, text);
        return;
    }
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        char coded[3] = {'%', digits[c >> 4], digits[c & 15]};

        if (is_bare(c, escape))
            ecs_buf_add_char(buf, (char)c);
        else if (c == ' ' && escape == ECS_SIM_ESCAPE_FORM)
            ecs_buf_add_char(buf, '+');
        else
            ecs_buf_add(buf, coded, sizeof(coded));
    }
}

void ecs_sim_params_query(struct ecs_buf *buf, const struct ecs_sim_params *params,
                          enum ecs_sim_escape escape)
{
    for (const struct ecs_sim_param *param = params->first; param; param = param->next) {
        if (param != params->first)
            ecs_buf_add_char(buf, '&');
        ecs_sim_escape(buf, param->name, escape);
        ecs_buf_add_char(buf, '=');
        ecs_sim_escape(buf, param->value, escape);
    }
}

static bool name_is_later(const struct ecs_sim_param *param)
{
    for (const struct ecs_sim_param *later = param->next; later; later = later->next) {
        if (ecs_str_eq(later->name, param->name))
            return true;
    }
    return false;
}

static bool name_was_before(const struct ecs_sim_params *params, const struct ecs_sim_param *param)
{
    const struct ecs_sim_param *before = params->first;

    while (before != param && !ecs_str_eq(before->name, param->name))
        before = before->next;
    return before != param;
}

static void add_app_list(struct ecs_buf *buf, const struct ecs_sim_param *first)
{
    ecs_buf_add_char(buf, '[');
    for (const struct ecs_sim_param *param = first; param; param = param->next) {
        if (!ecs_str_eq(param->name, first->name))
            continue;
        if (param != first)
            ecs_buf_add_char(buf, ',');
        ecs_buf_add_json(buf, param->value);
    }
    ecs_buf_add_char(buf, ']');
}

void ecs_sim_params_json(struct ecs_buf *buf, const struct ecs_sim_params *params, const char *number)
{
    bool first = true;

    ecs_buf_add_char(buf, '{');
    for (const struct ecs_sim_param *param = params->first; param; param = param->next) {
        bool is_app = ecs_str_eq(param->name, ECS_STR("app"));
        bool several = name_is_later(param);
        bool bare = number && ecs_str_eq(param->name, ecs_str_of(number)) && ecs_str_is_digits(param->value);

        if (is_app ? name_was_before(params, param) : several)
            continue;
        ecs_buf_add_cstr(buf, first ? "\"" : ",\"");
        first = false;
        ecs_buf_add_json(buf, param->name);
        ecs_buf_add_cstr(buf, bare ? "\":" : "\":\"");
        if (is_app && several)
            add_app_list(buf, param);
        else
            ecs_buf_add_json(buf, param->value);
        if (!bare)
            ecs_buf_add_char(buf, '"');
    }
    ecs_buf_add_char(buf, '}');
}
