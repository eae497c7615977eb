/* SPDX-License-Identifier: Apache-2.0 */
/* The parameter table. */
#include "ts43/request_priv.h"

enum { OPEN = ECS_SECRECY_OPEN, PERSONAL = ECS_SECRECY_PERSONAL, SECRET = ECS_SECRECY_SECRET };

const struct param_row ecs_param_rows[ECS_P_COUNT] = {
#define PARAM(code, id, name, max, class, secrecy, clause)                                                   \
    [ECS_P_##id] = {code, {name, sizeof(name) - 1}, max, class, (enum ecs_secrecy)secrecy},
#define PARAM_ALIAS(name, id)
#include "ts43/request.def"
#undef PARAM
#undef PARAM_ALIAS
};

static const struct alias {
    struct ecs_str name;
    enum ecs_param param;
} aliases[] = {
#define PARAM(code, id, name, max, class, secrecy, clause)
#define PARAM_ALIAS(name, id) {{name, sizeof(name) - 1}, ECS_P_##id},
#include "ts43/request.def"
#undef PARAM
#undef PARAM_ALIAS
};

const char *ecs_param_name(enum ecs_param param)
{
    return ecs_param_rows[param].name.p;
}

enum ecs_secrecy ecs_param_secrecy(enum ecs_param param)
{
    return ecs_param_rows[param].secrecy;
}

bool ecs_param_find(struct ecs_str name, enum ecs_param *ret_param)
{
    for (unsigned i = 0; i < ECS_P_COUNT; i++) {
        if (ecs_param_rows[i].name.n == name.n && ecs_str_eq_nocase(ecs_param_rows[i].name, name)) {
            *ret_param = (enum ecs_param)i;
            return true;
        }
    }
    for (size_t i = 0; i < ECS_ARRAY_LEN(aliases); i++) {
        if (ecs_str_eq_nocase(aliases[i].name, name)) {
            *ret_param = aliases[i].param;
            return true;
        }
    }
    return false;
}
