/* SPDX-License-Identifier: Apache-2.0 */
/* Accept, Accept-Language, Accept-Encoding (RFC 9110 12.4, 12.5; clients.md C-11, C-25). */
#include "ecs/negotiate.h"

#include <string.h>

enum {
    Q_ONE = 1000,
    MAX_ITEMS = 64 /* items of one header that are looked at */
};

struct item {
    struct ecs_str value;
    unsigned q; /* 0..1000 */
};

/* Cuts at separator, but not inside quotes; false when *rest is empty. */
static bool cut_quoted(struct ecs_str *rest, char separator, struct ecs_str *ret_part)
{
    bool quoted = false;
    size_t i;

    if (rest->n == 0)
        return false;
    for (i = 0; i < rest->n; i++) {
        if (quoted && rest->p[i] == '\\')
            i++;
        else if (rest->p[i] == '"')
            quoted = !quoted;
        else if (!quoted && rest->p[i] == separator)
            break;
    }
    if (i > rest->n)
        i = rest->n;
    *ret_part = (struct ecs_str){rest->p, i};
    if (i < rest->n)
        i++;
    *rest = (struct ecs_str){rest->p + i, rest->n - i};
    return true;
}

/* "0.85" -> 850; nonsense counts as 1, which is what its absence means. */
static unsigned read_q(struct ecs_str text)
{
    unsigned q, weight = 100;

    if (text.n == 0 || (text.p[0] != '0' && text.p[0] != '1'))
        return Q_ONE;
    q = text.p[0] == '1' ? Q_ONE : 0;
    if (text.n == 1)
        return q;
    if (text.p[1] != '.')
        return Q_ONE;
    for (size_t i = 2; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return Q_ONE;
        q += (unsigned)(text.p[i] - '0') * weight;
        weight /= 10;
    }
    return q > Q_ONE ? Q_ONE : q;
}

static bool next_item(struct ecs_str *rest, struct item *ret_item)
{
    struct ecs_str part, parameter;

    while (cut_quoted(rest, ',', &part)) {
        struct item item = {ECS_STR_NULL, Q_ONE};

        if (!cut_quoted(&part, ';', &item.value) || (item.value = ecs_str_trim(item.value)).n == 0)
            continue;
        while (cut_quoted(&part, ';', &parameter)) {
            struct ecs_str name;

            if (ecs_str_cut(&parameter, '=', &name) && ecs_str_eq_nocase(ecs_str_trim(name), ECS_STR("q")))
                item.q = read_q(ecs_str_trim(parameter));
        }
        *ret_item = item;
        return true;
    }
    return false;
}

struct ecs_accept ecs_accept_read(struct ecs_str accept)
{
    struct item item;
    bool xml = false, json = false, relay = false, other = false;

    for (unsigned i = 0; i < MAX_ITEMS && next_item(&accept, &item); i++) {
        if (item.q == 0)
            continue;
        if (ecs_str_eq_nocase(item.value, ECS_STR(ECS_TYPE_XML)))
            xml = true;
        else if (ecs_str_eq_nocase(item.value, ECS_STR(ECS_TYPE_JSON)))
            json = true;
        else if (ecs_str_eq_nocase(item.value, ECS_STR(ECS_TYPE_RELAY)))
            relay = true;
        else
            other = true;
    }
    return (struct ecs_accept){
        .format = !xml && (json || (relay && !other)) ? ECS_FORMAT_JSON : ECS_FORMAT_XML,
        .relay = relay,
    };
}

const char *ecs_format_type(enum ecs_format format)
{
    return format == ECS_FORMAT_JSON ? ECS_TYPE_JSON : ECS_TYPE_XML;
}

bool ecs_accepts_gzip(struct ecs_str accept_encoding)
{
    unsigned gzip = 0, identity = 0;
    struct item item;

    for (unsigned i = 0; i < MAX_ITEMS && next_item(&accept_encoding, &item); i++) {
        if (ecs_str_eq_nocase(item.value, ECS_STR("gzip")) ||
            ecs_str_eq_nocase(item.value, ECS_STR("x-gzip")))
            gzip = item.q > gzip ? item.q : gzip;
        else if (ecs_str_eq_nocase(item.value, ECS_STR("identity")))
            identity = item.q;
    }
    return gzip > 0 && gzip >= identity;
}

/* Whole subtags: "de" is in "de-AT", not in "den". */
static bool is_prefix(struct ecs_str range, struct ecs_str language)
{
    return ecs_str_starts_with_nocase(language, range) &&
           (language.n == range.n || language.p[range.n] == '-');
}

/* A language is unwanted when a range with q=0 covers it and no better one names it. */
static bool is_unwanted(struct ecs_str language, const struct item *items, size_t n)
{
    size_t longest = 0;
    bool unwanted = false;

    for (size_t i = 0; i < n; i++) {
        if (is_prefix(items[i].value, language) && items[i].value.n > longest) {
            longest = items[i].value.n;
            unwanted = items[i].q == 0;
        }
    }
    return unwanted;
}

static bool find_language(struct ecs_str range, const struct ecs_str *available, size_t n, size_t *ret_index)
{
    struct ecs_str shorter = range;

    while (shorter.n) {
        for (size_t i = 0; i < n; i++) {
            if (ecs_str_eq_nocase(available[i], shorter)) {
                *ret_index = i;
                return true;
            }
        }
        while (shorter.n && shorter.p[shorter.n - 1] != '-')
            shorter.n--;
        if (shorter.n)
            shorter.n--;
    }
    for (size_t i = 0; i < n; i++) {
        if (is_prefix(range, available[i])) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

static void sort_by_q(struct item *items, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct item moved = items[i];
        size_t at = i;

        for (; at > 0 && items[at - 1].q < moved.q; at--)
            items[at] = items[at - 1];
        items[at] = moved;
    }
}

size_t ecs_language_match(struct ecs_str accept_language, const struct ecs_str *available, size_t n,
                          size_t fallback)
{
    struct item items[MAX_ITEMS];
    size_t n_items = 0, index;

    while (n_items < MAX_ITEMS && next_item(&accept_language, &items[n_items]))
        n_items++;
    sort_by_q(items, n_items);
    for (size_t i = 0; i < n_items && items[i].q > 0; i++) {
        if (ecs_str_eq(items[i].value, ECS_STR("*")))
            index = fallback;
        else if (!find_language(items[i].value, available, n, &index))
            continue;
        if (!is_unwanted(available[index], items, n_items))
            return index;
    }
    if (is_unwanted(available[fallback], items, n_items))
        for (index = 0; index < n; index++)
            if (!is_unwanted(available[index], items, n_items))
                return index;
    return fallback;
}
