/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of third parties: temporary_token (TS.43 2.8.6) and operator_token (14.1.6). The answers are those
 * of Table 8: 400 what cannot be attributed, 401 a token that is not valid, 403 what it does not cover, 404
 * what is not there; never 511 and never a challenge. */
#include "auth_internal.h"
#include "ecs/grant.h"
#include "ecs/log.h"
#include "ecs/ts43.h"

enum { LIMIT_MS = 3000 };

struct work {
    struct ecs_grant_used used;
    enum ecs_grant_kind kind;
    enum ecs_param param;
    enum ecs_operation operation;
    enum ecs_app app;
};

/* Which operations a token covers was decided when it was made (src/ts43/operations.def). */
static enum ecs_next check_request(struct ecs_flow *f, enum ecs_grant_kind kind, enum ecs_param param)
{
    struct ecs_auth *auth = f->self;
    const struct ecs_ts43_request *request = auth->request;
    struct work *w = ecs_alloc(f->arena, sizeof(*w));
    const char *name = ecs_param_name(param);

    if (!w)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the request of a third party");
    auth->exchange = w;
    w->kind = kind;
    w->param = param;
    if (request->n_apps != 1)
        return ecs_flow_fail(f, ECS_E_BAD_PARAMETER, "app: %s is for one application", name);
    w->app = request->apps[0];
    if (!request->param[ECS_P_OPERATION].n)
        return ecs_flow_fail(f, ECS_E_BAD_PARAMETER, "operation: is missing beside %s", name);
    if (!ecs_operation_find(request->param[ECS_P_OPERATION], &w->operation))
        return ecs_flow_fail(f, ECS_E_BAD_PARAMETER, "operation: is not one of TS.43");
    return ECS_NEXT;
}

static enum ecs_next check_temporary(struct ecs_flow *f)
{
    return check_request(f, ECS_GRANT_TEMPORARY, ECS_P_TEMPORARY_TOKEN);
}

static enum ecs_next check_operator(struct ecs_flow *f)
{
    return check_request(f, ECS_GRANT_OPERATOR, ECS_P_OPERATOR_TOKEN);
}

/* A phone may hold a temporary token, too (transfers, AcquireOperatorToken): it names its terminal_id, and an
 * access_token of its request is that of an application. Operator tokens leave the phone and are consumed by
 * servers only (14.1.6). A terminal_id makes no phone of who asks for what is the servers'. */
static bool is_phone(const struct ecs_auth *auth, const struct work *w)
{
    if (w->kind == ECS_GRANT_OPERATOR || auth->request->param[ECS_P_REQUESTOR_ID].n ||
        !auth->request->has_terminal || w->app == ECS_APP_2014)
        return false;
    return w->app != ECS_APP_2015 || w->operation == ECS_OP_ACQUIRE_OPERATOR_TOKEN;
}

/* A calling server proves itself first (TS.43 2.8.3). */
static enum ecs_next prove_caller(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;

    if (is_phone(auth, auth->exchange) || !ecs_auth_server_is_wanted(auth))
        return ECS_NEXT;
    return ecs_flow_call(f, ecs_auth_server_steps, auth);
}

/* An operation that this deployment does not serve uses nothing up. */
static enum ecs_next use_token(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct work *w = auth->exchange;
    bool served = auth->env->operations & 1u << w->operation;

    return ecs_grant_use(f, auth->env, w->kind, auth->request->param[w->param], auth->request, w->operation,
                         w->app, served, &w->used);
}

/* ValidateOperatorToken asks whether the token is good: "no" is its answer (Table 123), not a refusal. Who
 * may not ask, or about another application, is refused all the same. */
static bool is_question(const struct ecs_auth *auth, const struct work *w)
{
    static const unsigned answers = 1u << ECS_GRANT_UNKNOWN | 1u << ECS_GRANT_EXPIRED |
                                    1u << ECS_GRANT_FINISHED | 1u << ECS_GRANT_REVOKED |
                                    1u << ECS_GRANT_USED | 1u << ECS_GRANT_GONE;

    return w->kind == ECS_GRANT_OPERATOR && w->operation == ECS_OP_VALIDATE_OPERATOR_TOKEN &&
           w->app == ECS_APP_2015 && auth->env->operations & 1u << w->operation &&
           answers >> w->used.verdict & 1;
}

static enum ecs_next judge_token(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct work *w = auth->exchange;
    const char *why;
    enum ecs_rc rc = ecs_grant_rc(w->used.verdict, &why);

    auth->grant = &w->used;
    if (rc != ECS_OK && is_question(auth, w)) {
        auth->outcome = ECS_AUTH_PASSED;
        return ECS_DONE; /* without a line */
    }
    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "%s: %s", ecs_param_name(w->param), why);
    if (!ecs_imsi_parse(w->used.imsi, &auth->imsi))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "the token's row has no subscriber");
    auth->repeated = w->used.repeated;
    auth->outcome = ECS_AUTH_PASSED;
    return ECS_DONE;
}

const struct ecs_step ecs_auth_temporary_steps[] = {
    {"check-request", check_temporary, 0},
    {"prove-caller", prove_caller, 0},
    {"use-token", use_token, LIMIT_MS},
    {"judge-token", judge_token, 0},
    {0},
};
const struct ecs_step ecs_auth_operator_steps[] = {
    {"check-request", check_operator, 0},
    {"prove-caller", prove_caller, 0},
    {"use-token", use_token, LIMIT_MS},
    {"judge-token", judge_token, 0},
    {0},
};
