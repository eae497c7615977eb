/* SPDX-License-Identifier: Apache-2.0 */
/* entitlement_version: reading, comparing, and what depends on it (TS.43 2.5, 4). */
#include "ecs/ts43.h"

enum { MAX_DIGITS = 6 };

/* The highest version that this server speaks; clients above it are answered by its rules (clients.md C-8).
 */
static const struct ecs_version highest = {12, 0};

/* From this version on the application's document has the form, before it the flat one. */
static const struct form_switch {
    enum ecs_app app;
    struct ecs_version since;
    enum ecs_doc_form form;
} switches[] = {
    {ECS_APP_2003, {7, 0}, ECS_FORM_NESTED}, /* TS.43 4, note */
};

static bool take_number(struct ecs_str *rest, uint32_t *ret_number)
{
    uint32_t number = 0;
    size_t n = 0;

    while (n < rest->n && n <= MAX_DIGITS && rest->p[n] >= '0' && rest->p[n] <= '9')
        number = number * 10 + (uint32_t)(rest->p[n++] - '0');
    if (n == 0 || n > MAX_DIGITS)
        return false;
    *rest = (struct ecs_str){rest->p + n, rest->n - n};
    *ret_number = number;
    return true;
}

static bool take_dot(struct ecs_str *rest)
{
    if (rest->n == 0 || rest->p[0] != '.')
        return false;
    *rest = (struct ecs_str){rest->p + 1, rest->n - 1};
    return true;
}

bool ecs_version_parse(struct ecs_str text, struct ecs_version *ret_version)
{
    struct ecs_version version = {0, 0};
    uint32_t third;

    text = ecs_str_trim(text);
    if (text.n && (text.p[0] == 'v' || text.p[0] == 'V'))
        text = (struct ecs_str){text.p + 1, text.n - 1};
    if (!take_number(&text, &version.major))
        return false;
    if (take_dot(&text) && !take_number(&text, &version.minor))
        return false;
    if (take_dot(&text) && !take_number(&text, &third))
        return false;
    if (text.n)
        return false;
    *ret_version = version;
    return true;
}

int ecs_version_compare(struct ecs_version a, struct ecs_version b)
{
    if (a.major != b.major)
        return a.major < b.major ? -1 : 1;
    return a.minor == b.minor ? 0 : a.minor < b.minor ? -1 : 1;
}

static bool is_set(struct ecs_version version)
{
    return version.major != 0 || version.minor != 0;
}

bool ecs_version_allowed(struct ecs_version version, const struct ecs_version_bounds *bounds)
{
    if (is_set(bounds->min) && ecs_version_compare(version, bounds->min) < 0)
        return false;
    return !is_set(bounds->max) || ecs_version_compare(version, bounds->max) <= 0;
}

struct ecs_version ecs_version_effective(struct ecs_version version, const struct ecs_version_map *map,
                                         size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (ecs_version_compare(version, map[i].from) >= 0 && ecs_version_compare(version, map[i].to) <= 0) {
            version = map[i].as;
            break;
        }
    }
    return ecs_version_compare(version, highest) > 0 ? highest : version;
}

enum ecs_doc_form ecs_version_form(enum ecs_app app, struct ecs_version version)
{
    for (size_t i = 0; i < ECS_ARRAY_LEN(switches); i++)
        if (switches[i].app == app && ecs_version_compare(version, switches[i].since) >= 0)
            return switches[i].form;
    return ECS_FORM_FLAT;
}
