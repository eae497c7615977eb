/* SPDX-License-Identifier: Apache-2.0 */
/* The operation table. */
#include "ecs/operation.h"

enum { ELIGIBILITY, OPTIONAL, WHOLE };

#define A(number) (1u << ECS_APP_##number)
static const struct operation {
    struct ecs_str name;
    unsigned apps, credentials;
    int unserved;
} operations[ECS_OPERATION_COUNT] = {
#define DEVICE    ECS_BY_DEVICE
#define TEMPORARY ECS_BY_TEMPORARY
#define OPERATOR  ECS_BY_OPERATOR
#define SERVER    ECS_BY_SERVER
#define OPERATION(id, name, apps, credentials, unserved, clause)                                             \
    [ECS_OP_##id] = {{name, sizeof(name) - 1}, apps, credentials, unserved},
#include "ts43/operations.def"
#undef OPERATION
};

const char *ecs_operation_name(enum ecs_operation operation)
{
    return operations[operation].name.p;
}

bool ecs_operation_find(struct ecs_str name, enum ecs_operation *ret_operation)
{
    for (unsigned i = 0; i < ECS_OPERATION_COUNT; i++)
        if (ecs_str_eq_nocase(operations[i].name, name)) {
            *ret_operation = (enum ecs_operation)i;
            return true;
        }
    return false;
}

bool ecs_operation_is_of(enum ecs_operation operation, enum ecs_app app)
{
    return operations[operation].apps & 1u << app;
}

bool ecs_operation_accepts(enum ecs_operation operation, unsigned by)
{
    return operations[operation].credentials & by;
}

bool ecs_operation_list(struct ecs_str names, unsigned *ret_operations)
{
    struct ecs_str name;
    enum ecs_operation operation;
    bool all_known = true;

    *ret_operations = 0;
    while (ecs_str_cut(&names, ',', &name))
        if (ecs_operation_find(ecs_str_trim(name), &operation))
            *ret_operations |= 1u << operation;
        else
            all_known = false;
    return all_known && *ret_operations;
}

bool ecs_operation_app(const struct ecs_ts43_request *request, enum ecs_app *ret_app)
{
    for (size_t i = 0; i < request->n_apps; i++)
        if (ecs_app_has_operations(request->apps[i])) {
            *ret_app = request->apps[i];
            return true;
        }
    return false;
}

enum ecs_rc ecs_operation_judge(const struct ecs_ts43_request *request, unsigned served, int *ret_result)
{
    enum ecs_operation operation;
    enum ecs_app app;

    *ret_result = ECS_RESULT_SUCCESS;
    if (!ecs_operation_app(request, &app))
        return ECS_OK;
    *ret_result = ECS_RESULT_GENERAL;
    if (!request->param[ECS_P_OPERATION].n)
        return ECS_OK;
    *ret_result = ECS_RESULT_INVALID_OPERATION;
    if (!ecs_operation_find(request->param[ECS_P_OPERATION], &operation) ||
        !ecs_operation_is_of(operation, app))
        return ECS_OK;
    *ret_result = ECS_RESULT_SUCCESS;
    if (served & 1u << operation)
        return ECS_OK;
    *ret_result = operations[operation].unserved == OPTIONAL ? ECS_RESULT_NOT_SUPPORTED : ECS_RESULT_GENERAL;
    return operations[operation].unserved == WHOLE && request->n_apps == 1 ? ECS_E_METHOD : ECS_OK;
}
