/* SPDX-License-Identifier: Apache-2.0 */
/* The application table. */
#include "ecs/ts43.h"

enum { PLAIN, OPERATIONS, NAME };

static const struct app {
    unsigned number;
    struct ecs_str id;
    struct ecs_str name;
    int kind;
    const char *group, *clause;
} apps[ECS_APP_COUNT] = {
#define APP(number, name, kind, group, clause)                                                               \
    [ECS_APP_##number] = {                                                                                   \
        number, {"ap" #number, sizeof("ap" #number) - 1}, {name, sizeof(name) - 1}, kind, group, clause},
#include "ts43/appids.def"
#undef APP
};

unsigned ecs_app_number(enum ecs_app app)
{
    return apps[app].number;
}

const char *ecs_app_id(enum ecs_app app)
{
    return apps[app].id.p;
}

const char *ecs_app_name(enum ecs_app app)
{
    return apps[app].name.p;
}

const char *ecs_app_clause(enum ecs_app app)
{
    return apps[app].clause;
}

const char *ecs_app_group(enum ecs_app app)
{
    return apps[app].group;
}

bool ecs_app_has_operations(enum ecs_app app)
{
    return apps[app].kind == OPERATIONS;
}

bool ecs_app_is_name_only(enum ecs_app app)
{
    return apps[app].kind == NAME;
}

bool ecs_app_find(struct ecs_str id, enum ecs_app *ret_app)
{
    for (unsigned i = 0; i < ECS_APP_COUNT; i++) {
        if (ecs_str_eq_nocase(apps[i].id, id)) {
            *ret_app = (enum ecs_app)i;
            return true;
        }
    }
    return false;
}

bool ecs_app_find_name(struct ecs_str name, enum ecs_app *ret_app)
{
    for (unsigned i = 0; i < ECS_APP_COUNT; i++) {
        if (ecs_str_eq_nocase(apps[i].name, name)) {
            *ret_app = (enum ecs_app)i;
            return true;
        }
    }
    return false;
}
