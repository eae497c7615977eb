/* SPDX-License-Identifier: Apache-2.0 */
/* Which handler a method and a path call for, and whether the socket's role suffices. */
#include "admin_internal.h"

#include <string.h>

const struct admin_route admin_routes[] = {
#define ROUTE(method, pattern, need, handler, help)                                                          \
    {ECS_HTTP_##method, #method, pattern, ADMIN_NEED_##need, admin_##handler##_steps, #handler, help},
#include "routes.def"
#undef ROUTE
    {0},
};

const char *admin_role_name(enum ecs_role role)
{
    static const char *const names[] = {
        [ECS_ROLE_VIEWER] = "viewer",
        [ECS_ROLE_CARE] = "care",
        [ECS_ROLE_ADMIN] = "admin",
        [ECS_ROLE_METRICS] = "metrics",
    };

    return names[role];
}

static bool role_suffices(enum ecs_role role, enum admin_need need)
{
    static const enum admin_need gives[] = {
        [ECS_ROLE_VIEWER] = ADMIN_NEED_VIEWER,
        [ECS_ROLE_CARE] = ADMIN_NEED_CARE,
        [ECS_ROLE_ADMIN] = ADMIN_NEED_ADMIN,
        [ECS_ROLE_METRICS] = ADMIN_NEED_ANY,
    };

    return gives[role] >= need;
}

/* Part by part; a {part} takes any text but none. */
static bool path_matches(struct ecs_str pattern, struct ecs_str path, struct ecs_str arg[ADMIN_ARGS_MAX])
{
    struct ecs_str want, have;
    size_t n = 0;

    while (ecs_str_cut(&pattern, '/', &want)) {
        if (!ecs_str_cut(&path, '/', &have))
            return false;
        if (!want.n || want.p[0] != '{') {
            if (!ecs_str_eq(want, have))
                return false;
        } else {
            if (!have.n || n == ADMIN_ARGS_MAX)
                return false;
            arg[n++] = have;
        }
    }
    return path.n == 0;
}

enum ecs_rc admin_route_find(enum ecs_http_method method, struct ecs_str path, enum ecs_role role,
                             struct admin_match *ret_match)
{
    struct admin_match match = {0};

    if (method == ECS_HTTP_HEAD)
        method = ECS_HTTP_GET;
    if (path.n > 1 && path.p[path.n - 1] == '/')
        return ECS_E_NOT_FOUND;
    for (const struct admin_route *route = admin_routes; route->pattern; route++) {
        struct ecs_str arg[ADMIN_ARGS_MAX] = {{NULL, 0}, {NULL, 0}};

        if (!path_matches(ecs_str_of(route->pattern), path, arg))
            continue;
        if (role == ECS_ROLE_METRICS && !role_suffices(role, route->need))
            continue;
        match.allow |= 1u << route->method;
        if (route->method != method)
            continue;
        match.route = route;
        memcpy(match.arg, arg, sizeof(arg));
    }
    *ret_match = match;
    if (!match.allow)
        return ECS_E_NOT_FOUND;
    if (!match.route)
        return ECS_E_METHOD;
    return role_suffices(role, match.route->need) ? ECS_OK : ECS_E_FORBIDDEN;
}
