/* SPDX-License-Identifier: Apache-2.0 */
/* The operation of a request that is proven: does this deployment serve it (TS.43 Table 13, Table 38)? Then
 * it is done, before the document is built. */
#include "device.h"
#include "sheet.h"

#include "ecs/operation.h"

static struct ecs_odsa odsa_of(struct device *d)
{
    struct ecs_app_context *c = &d->answer.context;

    return (struct ecs_odsa){
        .env = &d->engine->odsa,
        .request = &d->request,
        .auth = &d->auth,
        .line = &d->facts,
        .facts = &c->facts,
        .language = c->language,
        .now = d->now,
        .portal = sheet_odsa_portal,
        .portal_arg = d,
    };
}

/* ---- before authentication ---- */

enum ecs_next device_check_early(struct ecs_flow *f)
{
    struct device *d = f->self;

    if (!ecs_odsa_early_applies(&d->request, d->engine->snapshot->offered))
        return ECS_NEXT;
    answer_prepare(&d->answer, &d->request, &d->facts, &d->auth);
    d->answer.prepared = false; /* the subscriber is not known yet */
    d->odsa = odsa_of(d);
    return ecs_flow_call(f, ecs_odsa_early_steps, &d->odsa);
}

enum ecs_next device_judge_early(struct ecs_flow *f)
{
    struct device *d = f->self;

    if (!d->odsa.location.n)
        return ECS_NEXT;
    d->auth.outcome = ECS_AUTH_REDIRECT;
    d->auth.location = d->odsa.location;
    return ecs_flow_goto(f, device_send_round);
}

/* ---- behind it ---- */

/* Of applications that are nothing but operations (O-009); beside others the block of the document says it.
 */
static bool lacks_operation(const struct device *d)
{
    enum ecs_app app;

    return d->request.n_apps == 1 && !d->request.param[ECS_P_OPERATION].n &&
           ecs_operation_app(&d->request, &app) &&
           ecs_odsa_operations(d->engine->snapshot->offered & 1u << app);
}

/* Android fetches the token with a request that names no operation, and asks for the operation afterwards:
 * such a log-in is answered as the question that any flow begins with. */
static bool is_login(enum ecs_auth_method method)
{
    return method == ECS_AUTH_EAP_CONTINUE || method == ECS_AUTH_OTP_ANSWER || method == ECS_AUTH_OIDC_RETURN;
}

enum ecs_next device_check_operation(struct ecs_flow *f)
{
    struct device *d = f->self;
    int result;
    enum ecs_rc rc;

    if (d->auth.outcome != ECS_AUTH_PASSED)
        return ECS_NEXT; /* a challenge instead: the next step sends it */
    if (lacks_operation(d) && !is_login(d->auth.method))
        return ecs_flow_fail(f, ECS_E_BAD_PARAMETER, "operation is missing");
    if (lacks_operation(d))
        d->request.param[ECS_P_OPERATION] = ECS_STR("CheckEligibility");
    rc = ecs_operation_judge(&d->request, d->engine->auth.operations, &result);
    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "operation: is not supported here");
    return ECS_NEXT;
}

static void write_block(void *arg, struct ecs_doc *doc, struct ecs_doc_node *node)
{
    struct device *d = arg;

    ecs_odsa_document(&d->odsa, doc, node);
    d->answer.context.operation_rule = d->odsa.rule;
    d->answer.context.operation_validity_s = d->odsa.validity_s;
    d->answer.enterprise_token = d->odsa.result == ECS_RESULT_SUCCESS;
}

enum ecs_next device_operate(struct ecs_flow *f)
{
    struct device *d = f->self;
    struct ecs_app_context *c = &d->answer.context;
    enum ecs_app app;
    int result;

    if (d->auth.outcome != ECS_AUTH_PASSED || !ecs_operation_app(&d->request, &app) ||
        !(d->engine->snapshot->offered & 1u << app) ||
        ecs_operation_judge(&d->request, d->engine->auth.operations, &result) != ECS_OK ||
        result != ECS_RESULT_SUCCESS)
        return ECS_NEXT;
    answer_prepare(&d->answer, &d->request, &d->facts, &d->auth);
    d->odsa = odsa_of(d);
    c->operation = write_block;
    c->operation_arg = d;
    return ecs_flow_call(f, ecs_odsa_steps, &d->odsa);
}
