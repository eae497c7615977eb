/* SPDX-License-Identifier: Apache-2.0 */
/* AcquireTemporaryToken (6.5.7, 13.1.2, 14.1.5 steps 6 to 8): a token for those of the operations asked for
 * that the policy allows. One that comes with the access_token of an application belongs to that application
 * (T-006). */
#include "userinfo_priv.h"

enum { MINT_LIMIT_MS = 5000 };

static const struct {
    enum ecs_operation operation;
    enum ecs_decision allowed[2]; /* ap2014, ap2015; ECS_DECISION_COUNT: never */
} targets[] = {
    {ECS_OP_GET_PHONE_NUMBER, {ECS_DECIDE_USERINFO_TOKEN_NUMBER, ECS_DECISION_COUNT}},
    {ECS_OP_VERIFY_PHONE_NUMBER, {ECS_DECIDE_USERINFO_TOKEN_VERIFY, ECS_DECIDE_APPAUTH_TOKEN_VERIFY}},
    {ECS_OP_GET_SUBSCRIBER_INFO, {ECS_DECIDE_USERINFO_TOKEN_INFO, ECS_DECISION_COUNT}},
    {ECS_OP_ACQUIRE_OPERATOR_TOKEN, {ECS_DECISION_COUNT, ECS_DECIDE_APPAUTH_TOKEN_OPERATOR}},
};

struct minting {
    struct ecs_grant_order order;
    struct ecs_grant grant;
    uint8_t terminal[16];
};

static enum ecs_next know_application(struct ecs_flow *f)
{
    struct ecs_userinfo *info = f->self;
    struct userinfo_work *w = info->work;
    const struct ecs_userinfo_app_conf *app = NULL;
    struct userinfo_access access;
    const char *why;
    enum ecs_rc rc = ECS_OK;

    if (userinfo_access_is_of_app(info->request))
        rc = userinfo_access_judge(info->env, info->request->param[ECS_P_ACCESS_TOKEN], w->client_id,
                                   info->now, f->arena, &app, &access, &why);
    else if (w->client_id.n)
        app = ecs_userinfo_app(info->env, w->client_id);
    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "%s", why);
    w->app_proven = userinfo_access_is_of_app(info->request);
    if (w->app_proven && !userinfo_access_show(info, f->arena, app, &access))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "digest");
    userinfo_tell_application(info, app, ecs_str_of(app ? app->client_id : NULL));
    userinfo_decide(info);
    return ecs_flow_call(f, userinfo_access_bind_steps, info);
}

static unsigned allowed_of(const struct ecs_userinfo *info, unsigned asked)
{
    const struct userinfo_work *w = info->work;
    unsigned allowed = 0;

    for (size_t i = 0; i < ECS_ARRAY_LEN(targets); i++) {
        enum ecs_decision id = targets[i].allowed[w->app == ECS_APP_2015];

        if (asked & info->env->auth->operations & 1u << targets[i].operation && id != ECS_DECISION_COUNT &&
            w->decisions.v[id].i)
            allowed |= 1u << targets[i].operation;
    }
    return allowed;
}

/* NULL: there is something to be granted, perhaps. */
static const char *targets_fault(struct ecs_str names, unsigned *ret_asked)
{
    bool all_known = ecs_operation_list(names, ret_asked);

    if (!names.n)
        return "operation_targets is missing";
    return !all_known && !*ret_asked ? "operation_targets names no operation of TS.43" : NULL;
}

static enum ecs_next mint(struct ecs_flow *f)
{
    struct ecs_userinfo *info = f->self;
    struct userinfo_work *w = info->work;
    struct minting *m;
    bool is_for_servers = w->app_proven && w->app == ECS_APP_2014;
    unsigned asked, allowed;
    const char *fault = targets_fault(ecs_unquote(info->request->param[ECS_P_OPERATION_TARGETS]), &asked);

    info->rule = ecs_decide_rule(info->env->policy,
                                 w->app == ECS_APP_2014 ? ECS_DECIDE_USERINFO_TOKEN_NUMBER
                                                        : ECS_DECIDE_APPAUTH_TOKEN_OPERATOR,
                                 &w->decisions);
    if (fault)
        return userinfo_refuse(f, ECS_RESULT_INVALID_PARAMETER, fault);
    allowed = allowed_of(info, asked);
    if (!allowed)
        return userinfo_forbid(f, "none of operation_targets is allowed");
    m = ecs_arena_secret(f->arena, sizeof(*m));
    if (!m)
        return userinfo_out_of_memory(f);
    w->own = m;
    if (info->request->has_terminal)
        ecs_token_terminal_digest(info->env->auth->crypto, &info->request->terminal, m->terminal);
    m->order = (struct ecs_grant_order){
        .kind = ECS_GRANT_TEMPORARY,
        .imsi = &info->auth->imsi,
        .terminal = info->request->has_terminal ? m->terminal : NULL,
        .app = w->app,
        .operations = allowed,
        .client_id = ecs_str_of(w->app_proven ? w->application->client_id : NULL),
        /* What servers present is for those of this application; with ap2015 the phone presents it. */
        .requestors = is_for_servers ? w->application->requestors.items : NULL,
        .requestor_n = is_for_servers ? w->application->requestors.n : 0,
    };
    return ecs_grant_mint(f, info->env->auth, &m->order, &m->grant);
}

static enum ecs_next answer(struct ecs_flow *f)
{
    struct ecs_userinfo *info = f->self;
    const struct minting *m = info->work->own;
    struct userinfo_answer *a = &info->work->answer;
    struct ecs_str list = ECS_STR("");

    for (size_t i = 0; i < ECS_ARRAY_LEN(targets) && list.p; i++)
        if (m->order.operations >> targets[i].operation & 1)
            list = ecs_str_of(ecs_printf(f->arena, "%.*s%s%s", ECS_FMT(list), list.n ? "," : "",
                                         ecs_operation_name(targets[i].operation)));
    if (!list.p)
        return userinfo_out_of_memory(f);
    a->token = ecs_str_of(m->grant.text);
    a->token_expiry = ecs_str_of(m->grant.added.expiry);
    a->token_targets = list;
    return ECS_DONE;
}

const struct ecs_step userinfo_acquire_temporary_token_steps[] = {
    {"know-application", know_application, 0},
    {"mint-token", mint, MINT_LIMIT_MS},
    {"answer-token", answer, 0},
    {0},
};
