/* SPDX-License-Identifier: Apache-2.0 */
/* The operation of a request that is proven: does this deployment serve it (TS.43 Table 13, Table 38)? Then
 * it is done, before the document is built. */
#include "device.h"
#include "sheet.h"

#include "ecs/operation.h"

/* ---- modules of operations ---- */

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

static void *begin_odsa(struct device *d)
{
    d->odsa = odsa_of(d);
    return &d->odsa;
}

static void write_odsa(struct device *d, struct ecs_doc *doc, struct ecs_doc_node *node)
{
    struct ecs_app_context *c = &d->answer.context;

    ecs_odsa_document(&d->odsa, doc, node);
    c->operation_rule = d->odsa.rule;
    c->operation_validity_s = d->odsa.validity_s;
    d->answer.enterprise_token = d->odsa.result == ECS_RESULT_SUCCESS;
}

static void *begin_userinfo(struct device *d)
{
    struct ecs_app_context *c = &d->answer.context;

    d->userinfo = (struct ecs_userinfo){
        .env = &d->engine->userinfo,
        .request = &d->request,
        .auth = &d->auth,
        .line = &d->facts,
        .facts = &c->facts,
        .language = c->language,
        .now = d->now,
    };
    return &d->userinfo;
}

static void write_userinfo(struct device *d, struct ecs_doc *doc, struct ecs_doc_node *node)
{
    struct ecs_app_context *c = &d->answer.context;

    ecs_userinfo_document(&d->userinfo, doc, node);
    c->operation_rule = d->userinfo.rule;
    c->operation_validity_s = d->userinfo.validity_s;
}

static const struct module {
    unsigned apps; /* bits 1 << enum ecs_app */
    bool logs_in;  /* a log-in without an operation is answered by the module; else as CheckEligibility */
    void *(*begin)(struct device *d);
    const struct ecs_step *steps;
    void (*write)(struct device *d, struct ecs_doc *doc, struct ecs_doc_node *node);
} modules[] = {
    {1u << ECS_APP_2006 | 1u << ECS_APP_2009 | 1u << ECS_APP_2011, false, begin_odsa, ecs_odsa_steps,
     write_odsa},
    {1u << ECS_APP_2014 | 1u << ECS_APP_2015, true, begin_userinfo, ecs_userinfo_steps, write_userinfo},
};

/* Of the application with operations, when it is offered; NULL: none. */
static const struct module *module_of(const struct device *d)
{
    enum ecs_app app;

    for (size_t i = 0; ecs_operation_app(&d->request, &app) && i < ECS_ARRAY_LEN(modules); i++)
        if (modules[i].apps & d->engine->snapshot->offered & 1u << app)
            return &modules[i];
    return NULL;
}

/* ---- before authentication ---- */

enum ecs_next device_check_early(struct ecs_flow *f)
{
    struct device *d = f->self;
    const char *why;

    if (module_of(d) &&
        ecs_userinfo_check_early(&d->engine->userinfo, &d->request, d->now, f->arena, &why) != ECS_OK)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "%s", why);
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
    return d->request.n_apps == 1 && !d->request.param[ECS_P_OPERATION].n && module_of(d);
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
    if (lacks_operation(d) && module_of(d)->logs_in)
        return ECS_NEXT;
    if (lacks_operation(d))
        d->request.param[ECS_P_OPERATION] = ECS_STR("CheckEligibility");
    /* One of an application that is not offered is not served, though another one may have it. */
    rc = ecs_operation_judge(&d->request, module_of(d) ? d->engine->auth.operations : 0, &result);
    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "operation: is not supported here");
    return ECS_NEXT;
}

static void write_block(void *arg, struct ecs_doc *doc, struct ecs_doc_node *node)
{
    struct device *d = arg;

    module_of(d)->write(d, doc, node);
}

/* Behind device_check_operation. */
static bool is_served(const struct device *d)
{
    int result;

    if (!d->request.param[ECS_P_OPERATION].n)
        return lacks_operation(d); /* a log-in */
    return ecs_operation_judge(&d->request, d->engine->auth.operations, &result) == ECS_OK &&
           result == ECS_RESULT_SUCCESS;
}

enum ecs_next device_operate(struct ecs_flow *f)
{
    struct device *d = f->self;
    struct ecs_app_context *c = &d->answer.context;
    const struct module *module = module_of(d);

    if (d->auth.outcome != ECS_AUTH_PASSED || !module || !is_served(d))
        return ECS_NEXT;
    answer_prepare(&d->answer, &d->request, &d->facts, &d->auth);
    c->operation = write_block;
    c->operation_arg = d;
    return ecs_flow_call(f, module->steps, module->begin(d));
}
