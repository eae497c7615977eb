/* SPDX-License-Identifier: Apache-2.0 */
/* AcquireOperatorToken (14.1): a token that the device hands to a registered application, which has proven
 * itself by its access_token here or when the temporary token was acquired. Its scopes decide what its back
 * end may ask. */
#include "userinfo_priv.h"

#include <string.h>

#include "ecs/log.h"

enum { MINT_LIMIT_MS = 5000 };

struct minting {
    struct ecs_grant_order order;
    struct ecs_grant grant;
    uint8_t terminal[16];
    struct ecs_str scope;
};

/* ---- which application ---- */

/* The temporary token stays in the client of the phone that has acquired it (14.1.5); only a registered
 * server may come without that phone's terminal_id. */
static bool is_strange_terminal(const struct ecs_userinfo *info)
{
    const struct ecs_grant_used *grant = info->auth->grant;
    uint8_t terminal[16];

    if (!grant || grant->terminal.n != sizeof(terminal) || info->auth->server)
        return false;
    if (!info->request->has_terminal)
        return true;
    ecs_token_terminal_digest(info->env->auth->crypto, &info->request->terminal, terminal);
    return !ecs_ct_equal(terminal, grant->terminal.p, sizeof(terminal));
}

/* A temporary token that was acquired for an application proves it, and is of no use to another one (T-006).
 */
static enum ecs_next know_application(struct ecs_flow *f)
{
    struct ecs_userinfo *info = f->self;
    struct userinfo_work *w = info->work;
    const struct ecs_grant_used *grant = info->auth->grant;
    struct ecs_str bound = grant ? grant->client_id : ECS_STR_NULL;
    const struct ecs_userinfo_app_conf *app;
    struct userinfo_access access;
    const char *why;

    if (!w->client_id.n)
        return userinfo_refuse(f, ECS_RESULT_INVALID_PARAMETER, "client_id is missing");
    app = ecs_userinfo_app(info->env, w->client_id);
    if (!app)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "client_id: not registered");
    if (bound.n && !ecs_str_eq_nocase(bound, w->client_id))
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "temporary_token: acquired for another application");
    if (is_strange_terminal(info))
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "temporary_token: acquired by another terminal");
    if (info->request->param[ECS_P_ACCESS_TOKEN].n &&
        userinfo_access_judge(info->env, info->request->param[ECS_P_ACCESS_TOKEN], w->client_id, info->now,
                              f->arena, &app, &access, &why) != ECS_OK)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "%s", why);
    if (info->request->param[ECS_P_ACCESS_TOKEN].n && !userinfo_access_show(info, f->arena, app, &access))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "digest");
    w->app_proven = bound.n || info->request->param[ECS_P_ACCESS_TOKEN].n;
    if (!w->app_proven && (app->access_token_required || !grant))
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "access_token is missing");
    userinfo_tell_application(info, app, ecs_str_of(app->client_id));
    userinfo_decide(info);
    return ecs_flow_call(f, userinfo_access_bind_steps, info);
}

/* ---- what it may ask ---- */

/* The scopes of the request, all of which have to be the application's; none asked for: all it has. Each
 * once, however often it was written. */
static enum ecs_rc join_scopes(struct ecs_arena *arena, const struct ecs_userinfo_app_conf *app,
                               struct ecs_str asked, struct ecs_str *ret_scope)
{
    const char *text = "";
    struct ecs_str word, rest = asked;

    while (ecs_str_cut(&rest, ' ', &word))
        if (word.n && !userinfo_list_has(&app->scopes, word))
            return ECS_E_BAD_PARAMETER;
    for (size_t i = 0; text && i < app->scopes.n; i++)
        if (!asked.n || userinfo_words_have(asked, app->scopes.items[i]))
            text = ecs_printf(arena, "%s%s%.*s", text, text[0] ? " " : "", ECS_FMT(app->scopes.items[i]));
    *ret_scope = ecs_str_of(text);
    return text ? ECS_OK : ECS_E_NO_MEMORY;
}

static unsigned opened_by(const struct ecs_userinfo *info, struct ecs_str scope)
{
    static const enum ecs_operation consuming[] = {
        ECS_OP_VALIDATE_OPERATOR_TOKEN, ECS_OP_GET_SUBSCRIBER_DEVICE_INFO, ECS_OP_VERIFY_PHONE_NUMBER};
    unsigned operations = 0;

    for (size_t i = 0; i < ECS_ARRAY_LEN(consuming); i++)
        if (info->env->auth->operations & 1u << consuming[i] &&
            userinfo_scope_opens(info->env->conf, scope, consuming[i]))
            operations |= 1u << consuming[i];
    return operations;
}

/* ---- the token ---- */

static enum ecs_next mint(struct ecs_flow *f)
{
    struct ecs_userinfo *info = f->self;
    struct userinfo_work *w = info->work;
    struct minting *m = ecs_arena_secret(f->arena, sizeof(*m));
    enum ecs_rc rc;

    if (!m)
        return userinfo_out_of_memory(f);
    w->own = m;
    info->rule = ecs_decide_rule(info->env->policy, ECS_DECIDE_APPAUTH_OPERATOR_TOKEN, &w->decisions);
    if (!w->decisions.v[ECS_DECIDE_APPAUTH_OPERATOR_TOKEN].i)
        return userinfo_forbid(f, "the policy does not allow it");
    rc = join_scopes(f->arena, w->application, w->scope, &m->scope);
    if (rc == ECS_E_BAD_PARAMETER)
        return userinfo_refuse(f, ECS_RESULT_INVALID_PARAMETER, "scope: not one of this application");
    if (rc != ECS_OK)
        return userinfo_out_of_memory(f);
    if (info->request->has_terminal)
        ecs_token_terminal_digest(info->env->auth->crypto, &info->request->terminal, m->terminal);
    m->order = (struct ecs_grant_order){
        .kind = ECS_GRANT_OPERATOR,
        .imsi = &info->auth->imsi,
        .terminal = info->request->has_terminal ? m->terminal : NULL,
        .app = ECS_APP_2015,
        .operations = opened_by(info, m->scope),
        .requestors = w->application->requestors.items,
        .requestor_n = w->application->requestors.n,
        .client_id = ecs_str_of(w->application->client_id),
        .scope = m->scope,
    };
    if (!m->order.operations)
        return userinfo_refuse(f, ECS_RESULT_INVALID_PARAMETER, "scope: opens no operation");
    return ecs_grant_mint(f, info->env->auth, &m->order, &m->grant);
}

static enum ecs_next answer(struct ecs_flow *f)
{
    struct ecs_userinfo *info = f->self;
    const struct userinfo_work *w = info->work;
    const struct minting *m = w->own;
    const struct userinfo_keys *keys = userinfo_keys_of(info->env);
    const struct ecs_jwe_key *receiver = keys->apps[w->application - info->env->apps].receiver;
    struct userinfo_answer *a = &info->work->answer;

    a->operator_token = ecs_str_of(m->grant.text);
    if (receiver)
        a->operator_token = ecs_jwe_encrypt(receiver, a->operator_token, f->arena);
    if (!a->operator_token.p)
        return ecs_flow_fail(f, ECS_E_INTERNAL, "the operator token cannot be encrypted");
    a->operator_expiry = ecs_str_of(m->grant.added.expiry);
    a->auth_url = ecs_str_of(keys->auth_url);
    a->client_id = ecs_str_of(w->application->client_id);
    ecs_log(f->log, ECS_EV_DECISION, "operator token for %s", w->application->client_id);
    return ECS_DONE;
}

const struct ecs_step userinfo_acquire_operator_token_steps[] = {
    {"know-application", know_application, 0},
    {"mint-token", mint, MINT_LIMIT_MS},
    {"answer-token", answer, 0},
    {0},
};
