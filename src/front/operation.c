/* SPDX-License-Identifier: Apache-2.0 */
/* The operation of a request that is proven: does this deployment serve it? (TS.43 Table 13, Table 38) */
#include "device.h"

#include "ecs/operation.h"

enum ecs_next device_check_operation(struct ecs_flow *f)
{
    struct device *d = f->self;
    int result;
    enum ecs_rc rc;

    if (d->auth.outcome != ECS_AUTH_PASSED)
        return ECS_NEXT; /* a challenge instead: the next step sends it */
    rc = ecs_operation_judge(&d->request, d->engine->auth.operations, &result);
    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "operation: is not supported here");
    return ECS_NEXT;
}
