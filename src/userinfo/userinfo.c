/* SPDX-License-Identifier: Apache-2.0 */
/* A request about numbers and applications, from the proven caller to the answer: the story that all
 * operations share. What TS.43 tells by OperationResult is an answer and never fails the flow. */
#include "userinfo_priv.h"

#include "ecs/log.h"
#include "ecs/messages.h"

#define NONE ECS_DECISION_COUNT

/* A new operation is one row here and one file. */
static const struct userinfo_op ops[] = {
    {ECS_OP_GET_PHONE_NUMBER, {ECS_DECIDE_USERINFO_NUMBER, NONE}, userinfo_get_phone_number_steps},
    {ECS_OP_VERIFY_PHONE_NUMBER,
     {ECS_DECIDE_USERINFO_VERIFY, ECS_DECIDE_APPAUTH_VERIFY},
     userinfo_verify_phone_number_steps},
    {ECS_OP_GET_SUBSCRIBER_INFO,
     {ECS_DECIDE_USERINFO_SUBSCRIBER_INFO, NONE},
     userinfo_get_subscriber_info_steps},
    {ECS_OP_ACQUIRE_TEMPORARY_TOKEN, {NONE, NONE}, userinfo_acquire_temporary_token_steps},
    {ECS_OP_ACQUIRE_OPERATOR_TOKEN, {NONE, NONE}, userinfo_acquire_operator_token_steps},
    {ECS_OP_VALIDATE_OPERATOR_TOKEN, {NONE, NONE}, userinfo_validate_operator_token_steps},
    {ECS_OP_GET_SUBSCRIBER_DEVICE_INFO,
     {NONE, ECS_DECIDE_APPAUTH_DEVICE_INFO},
     userinfo_get_subscriber_device_info_steps},
    {ECS_OP_GET_3P_APP_INFO, {NONE, NONE}, userinfo_get_3p_app_info_steps},
};

unsigned ecs_userinfo_operations(const struct ecs_userinfo_conf *conf, unsigned offered)
{
    static const enum ecs_app apps[] = {ECS_APP_2014, ECS_APP_2015};
    unsigned operations = 0;

    for (size_t i = 0; i < ECS_ARRAY_LEN(apps); i++)
        for (size_t k = 0; k < ECS_ARRAY_LEN(ops); k++)
            if (offered & 1u << apps[i] && ecs_operation_is_of(ops[k].operation, apps[i]) &&
                userinfo_list_has(&conf->operations, ecs_str_of(ecs_operation_name(ops[k].operation))))
                operations |= 1u << ops[k].operation;
    return operations;
}

static const struct userinfo_op *op_of(enum ecs_operation operation)
{
    for (size_t i = 0; i < ECS_ARRAY_LEN(ops); i++)
        if (ops[i].operation == operation)
            return &ops[i];
    return NULL;
}

/* ---- refusals ---- */

enum ecs_next userinfo_out_of_memory(struct ecs_flow *f)
{
    return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the operation");
}

static void clear_answer(struct userinfo_answer *a, enum ecs_operation operation, int result)
{
    *a = (struct userinfo_answer){.operation = operation, .result = result, .verified = -1, .validity = -1};
}

enum ecs_next userinfo_refuse(struct ecs_flow *f, int result, const char *why)
{
    struct ecs_userinfo *info = f->self;

    clear_answer(&info->work->answer, info->work->operation, result);
    info->work->why = why;
    return ECS_DONE;
}

static struct ecs_str text_of(struct ecs_flow *f, const struct ecs_userinfo *info, struct ecs_str key)
{
    struct ecs_substitution values[] = {
        {ECS_STR("brand"), info->line->brand},
        {ECS_STR("plan"), info->line->plan_name},
    };

    if (!key.n || ecs_str_eq(key, ECS_STR("notice")))
        return ECS_STR_NULL;
    return ecs_message(info->env->messages, info->language, key, values, ECS_ARRAY_LEN(values), f->arena);
}

enum ecs_next userinfo_forbid(struct ecs_flow *f, const char *why)
{
    struct ecs_userinfo *info = f->self;
    enum ecs_decision message =
        info->work->app == ECS_APP_2014 ? ECS_DECIDE_USERINFO_MESSAGE : ECS_DECIDE_APPAUTH_MESSAGE;

    if (info->work->server)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "%s", why);
    (void)userinfo_refuse(f, ECS_RESULT_GENERAL, why);
    info->work->answer.error_text = text_of(f, info, info->work->decisions.v[message].s);
    return ECS_DONE;
}

enum ecs_next userinfo_no_number(struct ecs_flow *f)
{
    struct ecs_userinfo *info = f->self;

    if (info->work->server)
        return ecs_flow_fail(f, ECS_E_NOT_FOUND, "the number of the subscriber is not known");
    return userinfo_refuse(f, ECS_RESULT_GENERAL, "the number of the line is not known");
}

static enum ecs_next finish(struct ecs_flow *f);

/* ---- read ---- */

static unsigned credential_of(enum ecs_auth_method method)
{
    return method == ECS_AUTH_TEMPORARY  ? ECS_BY_TEMPORARY
           : method == ECS_AUTH_OPERATOR ? ECS_BY_OPERATOR
           : method == ECS_AUTH_SERVER   ? ECS_BY_SERVER
                                         : ECS_BY_DEVICE;
}

/* Who may ask for it in this way: 403, or 405 for what devices are not offered here (13.1.1). */
static enum ecs_next check_caller(struct ecs_flow *f, struct ecs_userinfo *info)
{
    struct userinfo_work *w = info->work;
    unsigned by = credential_of(info->auth->method);
    bool asks_for_itself =
        w->operation == ECS_OP_GET_PHONE_NUMBER || w->operation == ECS_OP_VERIFY_PHONE_NUMBER;

    w->server = by != ECS_BY_DEVICE && w->operation != ECS_OP_ACQUIRE_OPERATOR_TOKEN;
    /* AcquireTemporaryToken may be served for other applications only. */
    if (!userinfo_list_has(&info->env->conf->operations, ecs_str_of(ecs_operation_name(w->operation))))
        return ecs_flow_fail(f, ECS_E_METHOD, "operation: is not offered here");
    if (!ecs_operation_accepts(w->operation, by))
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "operation: not with this kind of authentication");
    if (by == ECS_BY_DEVICE && asks_for_itself &&
        !userinfo_list_has(&info->env->conf->device_operations, ecs_str_of(ecs_operation_name(w->operation))))
        return ecs_flow_fail(f, ECS_E_METHOD, "operation: is not offered to devices here");
    return ECS_NEXT;
}

static enum ecs_next read_operation(struct ecs_flow *f)
{
    struct ecs_userinfo *info = f->self;
    const struct ecs_ts43_request *r = info->request;
    struct userinfo_work *w = ecs_arena_secret(f->arena, sizeof(*w));
    enum ecs_operation operation = ECS_OPERATION_COUNT;

    if (!w)
        return userinfo_out_of_memory(f);
    info->work = w;
    info->rule = ECS_STR("");
    w->operation = operation;
    clear_answer(&w->answer, operation, ECS_RESULT_SUCCESS);
    if (!ecs_operation_app(r, &w->app))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "the request has no such application");
    if (!r->param[ECS_P_OPERATION].n)
        return ecs_flow_goto(f, finish);
    if (!ecs_operation_find(r->param[ECS_P_OPERATION], &operation) || !op_of(operation))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "the operation is none of this module");
    w->operation = operation;
    w->answer.operation = operation;
    w->client_id = ecs_unquote(r->param[ECS_P_CLIENT_ID]);
    w->scope = ecs_unquote(r->param[ECS_P_SCOPE]);
    return check_caller(f, info);
}

/* ---- facts ---- */

static const struct {
    enum ecs_operation operation;
    enum ecs_word_odsa_operation word;
} operations[] = {
    {ECS_OP_GET_PHONE_NUMBER, ECS_ODSA_OP_GET_PHONE_NUMBER},
    {ECS_OP_VERIFY_PHONE_NUMBER, ECS_ODSA_OP_VERIFY_PHONE_NUMBER},
    {ECS_OP_GET_SUBSCRIBER_INFO, ECS_ODSA_OP_GET_SUBSCRIBER_INFO},
    {ECS_OP_ACQUIRE_TEMPORARY_TOKEN, ECS_ODSA_OP_ACQUIRE_TEMPORARY_TOKEN},
    {ECS_OP_ACQUIRE_OPERATOR_TOKEN, ECS_ODSA_OP_ACQUIRE_OPERATOR_TOKEN},
    {ECS_OP_VALIDATE_OPERATOR_TOKEN, ECS_ODSA_OP_VALIDATE_OPERATOR_TOKEN},
    {ECS_OP_GET_SUBSCRIBER_DEVICE_INFO, ECS_ODSA_OP_GET_SUBSCRIBER_DEVICE_INFO},
    {ECS_OP_GET_3P_APP_INFO, ECS_ODSA_OP_GET_3P_APP_INFO},
};

static const struct {
    enum ecs_auth_method method;
    enum ecs_word_credential word;
} credentials[] = {
    {ECS_AUTH_EAP_CONTINUE, ECS_CREDENTIAL_SIM},  {ECS_AUTH_EAP_BEGIN, ECS_CREDENTIAL_SIM},
    {ECS_AUTH_OIDC_RETURN, ECS_CREDENTIAL_LOGIN}, {ECS_AUTH_OIDC_BEGIN, ECS_CREDENTIAL_LOGIN},
    {ECS_AUTH_OTP_ANSWER, ECS_CREDENTIAL_CODE},   {ECS_AUTH_OTP_BEGIN, ECS_CREDENTIAL_CODE},
    {ECS_AUTH_TOKEN, ECS_CREDENTIAL_TOKEN},       {ECS_AUTH_TEMPORARY, ECS_CREDENTIAL_TEMPORARY},
    {ECS_AUTH_OPERATOR, ECS_CREDENTIAL_OPERATOR},
};

void userinfo_tell_application(struct ecs_userinfo *info, const struct ecs_userinfo_app_conf *app,
                               struct ecs_str client_id)
{
    info->work->application = app;
    if (client_id.n)
        (void)ecs_fact_set_str(info->facts, ECS_FACT_APPLICATION, client_id);
    if (app && app->scopes.n)
        (void)ecs_fact_set_words(info->facts, ECS_FACT_APPLICATION_SCOPES, app->scopes.items, app->scopes.n);
}

bool userinfo_is_proven(const struct ecs_userinfo *info)
{
    return info->auth->server && (info->request->param[ECS_P_ACCESS_TOKEN].n || info->request->bearer.n);
}

bool userinfo_is_orphan(const struct ecs_userinfo *info)
{
    const struct ecs_grant_used *grant = info->auth->grant;

    return grant && grant->client_id.n && !ecs_userinfo_app(info->env, grant->client_id);
}

static void add_facts(struct ecs_userinfo *info)
{
    const struct userinfo_work *w = info->work;
    const struct ecs_grant_used *grant = info->auth->grant;
    struct ecs_facts *facts = info->facts;

    for (size_t i = 0; i < ECS_ARRAY_LEN(operations); i++)
        if (operations[i].operation == w->operation)
            (void)ecs_fact_set_int(facts, ECS_FACT_OPERATION, operations[i].word);
    for (size_t i = 0; i < ECS_ARRAY_LEN(credentials); i++)
        if (credentials[i].method == info->auth->method)
            (void)ecs_fact_set_int(facts, ECS_FACT_CREDENTIAL, credentials[i].word);
    (void)ecs_fact_set_int(facts, ECS_FACT_CALLER, w->server ? ECS_CALLER_SERVER : ECS_CALLER_DEVICE);
    (void)ecs_fact_set_str(facts, ECS_FACT_REQUESTOR, info->request->param[ECS_P_REQUESTOR_ID]);
    (void)ecs_fact_set_bool(facts, ECS_FACT_REQUESTOR_PROVEN, userinfo_is_proven(info));
    if (grant && grant->client_id.n)
        userinfo_tell_application(info, ecs_userinfo_app(info->env, grant->client_id), grant->client_id);
}

/* ---- decide ---- */

static enum ecs_service service_of(const struct ecs_userinfo *info)
{
    return info->work->app == ECS_APP_2014 ? ECS_SERVICE_USERINFO : ECS_SERVICE_APPAUTH;
}

void userinfo_decide(struct ecs_userinfo *info)
{
    ecs_decide(info->env->policy, service_of(info), info->facts, &info->work->decisions);
}

int64_t userinfo_choice(const struct ecs_userinfo *info, enum ecs_decision of_2014, enum ecs_decision of_2015)
{
    enum ecs_decision id = info->work->app == ECS_APP_2014 ? of_2014 : of_2015;

    return id == NONE ? 0 : info->work->decisions.v[id].i;
}

static enum ecs_next decide(struct ecs_flow *f)
{
    struct ecs_userinfo *info = f->self;
    struct userinfo_work *w = info->work;
    const struct userinfo_op *op = op_of(w->operation);
    enum ecs_decision allowed = op->allowed[w->app == ECS_APP_2015];

    add_facts(info);
    userinfo_decide(info);
    if (userinfo_is_orphan(info) && w->operation != ECS_OP_VALIDATE_OPERATOR_TOKEN)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "the application of the token is not registered any more");
    if (allowed != NONE)
        info->rule = ecs_decide_rule(info->env->policy, allowed, &w->decisions);
    if (w->server &&
        userinfo_choice(info, ECS_DECIDE_USERINFO_DEMAND_PROOF, ECS_DECIDE_APPAUTH_DEMAND_PROOF) &&
        !userinfo_is_proven(info))
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "requestor_id and access_token are needed");
    if (allowed == NONE || w->decisions.v[allowed].i)
        return ECS_NEXT;
    if (w->server)
        return userinfo_forbid(f, "the policy does not allow it");
    (void)userinfo_forbid(f, "the policy does not allow it");
    return ecs_flow_goto(f, finish);
}

static enum ecs_next operate(struct ecs_flow *f)
{
    struct ecs_userinfo *info = f->self;

    return ecs_flow_call(f, op_of(info->work->operation)->steps, info);
}

/* ---- finish ---- */

enum { REFUSED_VALIDITY_S = 300 };

static enum ecs_next finish(struct ecs_flow *f)
{
    struct ecs_userinfo *info = f->self;
    const struct userinfo_work *w = info->work;
    int64_t validity = REFUSED_VALIDITY_S;

    if (w->operation != ECS_OPERATION_COUNT)
        validity = userinfo_choice(info, ECS_DECIDE_USERINFO_VALIDITY, ECS_DECIDE_APPAUTH_VALIDITY);
    if (validity <= 0 || (w->answer.result != ECS_RESULT_SUCCESS && validity > REFUSED_VALIDITY_S))
        validity = REFUSED_VALIDITY_S;
    info->validity_s = validity;
    info->result = w->answer.result;
    if (w->why)
        ecs_log(f->log, ECS_EV_DECISION, "%s: OperationResult %d: %s", ecs_operation_name(w->operation),
                w->answer.result, w->why);
    return ECS_DONE;
}

const struct ecs_step ecs_userinfo_steps[] = {
    {"read-operation", read_operation, 0},
    {"decide-operation", decide, 0},
    {"operate", operate, 0},
    {"finish", finish, 0},
    {0},
};
