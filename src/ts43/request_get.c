/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of a query string. */
#include "ecs/form.h"
#include "ts43/request_priv.h"

bool ecs_reading_query(struct reading *reading, struct ecs_str query)
{
    struct ecs_form form;
    const char *reason;
    enum ecs_rc rc = ecs_form_parse(reading->arena, query, &form, &reason);
    enum ecs_param param;

    if (rc != ECS_OK)
        return ecs_reading_fail(reading, rc, reason);
    for (size_t i = 0; i < form.n; i++)
        if (ecs_param_find(form.field[i].name, &param) &&
            !ecs_reading_store(reading, param, form.field[i].value))
            return false;
    return true;
}
