/* SPDX-License-Identifier: Apache-2.0 */
/* modules: odsa ts43 codec base */
/* Requests of on-device service activation: what was read without a fault has the forms that store, BSS and
 * SM-DP+ are promised; a fault is named. */
#include <stdlib.h>
#include <string.h>

#include "ecs/auth.h"
#include "odsa/op_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
    if (!condition)
        abort();
}

static bool is_iccid(struct ecs_str text)
{
    return !text.n || (text.n >= 18 && text.n <= 20 && ecs_str_is_digits(text));
}

static bool is_service(struct ecs_str text)
{
    for (const char *const *name = odsa_service_names; *name; name++)
        if (ecs_str_eq(text, ecs_str_of(*name)))
            return true;
    return !text.n;
}

static void check(const struct odsa_request *q, bool strict)
{
    bool typed = q->operation == ECS_OP_MANAGE_SUBSCRIPTION || q->operation == ECS_OP_MANAGE_SERVICE;

    demand(ecs_operation_is_of(q->operation, q->app));
    demand(typed ? (q->operation == ECS_OP_MANAGE_SERVICE ? q->type == 10 || q->type == 11
                                                          : q->type >= 0 && q->type <= 7)
                 : q->type == -1);
    demand(q->target_id.n < sizeof(q->own.target.s) && q->old_id.n < sizeof(q->own.old.s));
    demand(is_iccid(q->iccid) && is_iccid(q->old_iccid));
    demand(!q->eid.n || (q->eid.n == 32 && ecs_str_is_digits(q->eid)));
    demand(!q->target_tac.n || (q->target_tac.n == 8 && ecs_str_is_digits(q->target_tac)));
    demand(q->button >= -1 && q->button <= 1 && is_service(q->service));
    for (size_t i = 0; i < ECS_ARRAY_LEN(q->limits); i++)
        demand(q->limits[i] == -1 || q->limits[i] > 0);
    demand(q->app != ECS_APP_2006 || !typed || q->target_id.n);
    demand(q->operation != ECS_OP_MANAGE_SERVICE || q->app != ECS_APP_2006 || (q->iccid.n && q->service.n));
    demand(q->operation != ECS_OP_ACQUIRE_TEMPORARY_TOKEN || q->targets);
    demand(!strict || q->app != ECS_APP_2006 || q->operation != ECS_OP_MANAGE_SUBSCRIPTION || q->eid.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_ts43_input input = {.query = {(const char *)data, size}};
    struct ecs_odsa_conf conf = {.strict = size & 1};
    struct ecs_odsa_env env = {.conf = &conf};
    struct ecs_auth auth = {.enterprise = size & 2 ? ECS_STR("ent-1") : ECS_STR_NULL};
    struct ecs_ts43_request *request = ecs_alloc(arena, sizeof(*request));
    struct odsa_request *read = ecs_alloc(arena, sizeof(*read));
    struct ecs_odsa odsa = {.env = &env, .request = request, .auth = &auth};
    const char *reason = NULL;
    enum ecs_app app;

    demand(request && read);
    if (ecs_ts43_request_read(arena, &input, request, &reason) == ECS_OK &&
        ecs_operation_app(request, &app)) {
        int result = 0;
        enum ecs_rc rc = odsa_request_read(&odsa, read, &result, &reason);

        demand(rc == ECS_OK || (rc == ECS_E_BAD_PARAMETER && reason));
        demand(rc != ECS_OK || result == ECS_RESULT_SUCCESS || reason);
        demand(rc != ECS_OK || result == ECS_RESULT_SUCCESS || result == ECS_RESULT_INVALID_OPERATION ||
               result == ECS_RESULT_INVALID_PARAMETER);
        if (rc == ECS_OK && result == ECS_RESULT_SUCCESS)
            check(read, conf.strict);
    }
    ecs_arena_free(arena);
    return 0;
}
