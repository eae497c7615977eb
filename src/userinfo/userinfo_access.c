/* SPDX-License-Identifier: Apache-2.0 */
/* Access tokens of applications (14.1.5 steps 2, 7): signed by the back end of a registered application, or
 * with a secret shared with it, perhaps encrypted for us. Judged before a phone is authenticated, since that
 * is dear. */
#include "userinfo_priv.h"

#include "ecs/crypto.h"
#include "ecs/store_server.h"

enum { SKEW_S = 30, BIND_LIMIT_MS = 5000, BIND_TRIES = 2, STEM_CHARS = 42 };

/* A calling server names itself by requestor_id (or has an operator token), and its access_token is that of
 * the token endpoint. */
bool userinfo_access_is_of_app(const struct ecs_ts43_request *request)
{
    enum ecs_operation operation;

    if (!request->param[ECS_P_ACCESS_TOKEN].n || request->param[ECS_P_REQUESTOR_ID].n ||
        request->param[ECS_P_OPERATOR_TOKEN].n || !request->has_terminal || request->n_apps != 1)
        return false;
    if (!ecs_operation_find(request->param[ECS_P_OPERATION], &operation))
        return false;
    if (request->apps[0] == ECS_APP_2015)
        return operation == ECS_OP_ACQUIRE_TEMPORARY_TOKEN || operation == ECS_OP_ACQUIRE_OPERATOR_TOKEN ||
               operation == ECS_OP_GET_3P_APP_INFO;
    return request->apps[0] == ECS_APP_2014 && operation == ECS_OP_ACQUIRE_TEMPORARY_TOKEN &&
           !request->param[ECS_P_TEMPORARY_TOKEN].n;
}

static const struct ecs_userinfo_app_conf *find(const struct ecs_userinfo_env *env, struct ecs_str client_id,
                                                struct ecs_str issuer)
{
    if (client_id.n)
        return ecs_userinfo_app(env, client_id);
    for (size_t i = 0; issuer.n && i < env->app_n; i++)
        if (ecs_str_eq(issuer, ecs_str_of(env->apps[i].client_id)) ||
            userinfo_list_has(&env->apps[i].issuers, issuer))
            return &env->apps[i];
    return NULL;
}

static enum ecs_jws_verdict verify(const struct ecs_userinfo_env *env,
                                   const struct ecs_userinfo_app_conf *app, struct ecs_str token,
                                   struct ecs_str issuer, int64_t now, struct ecs_arena *arena,
                                   struct ecs_jws_claims *ret_claims)
{
    const struct userinfo_keys *keys = userinfo_keys_of(env);
    const struct userinfo_app_keys *own = &keys->apps[app - env->apps];
    struct ecs_jws_expect expect = {
        .algs = own->public ? own->algs : 1u << ECS_JWS_HS256,
        .iss = issuer, /* known to be one of the application's */
        .aud = keys->audiences,
        .aud_n = keys->audience_n,
        .now = now,
        .skew_s = SKEW_S,
        .max_life_s = env->conf->access_token_life_s,
        .need_exp = true,
    };

    return ecs_jws_verify(token, own->public ? own->public : own->secret, &expect, arena, ret_claims);
}

enum ecs_rc userinfo_access_judge(const struct ecs_userinfo_env *env, struct ecs_str token,
                                  struct ecs_str client_id, int64_t now, struct ecs_arena *arena,
                                  const struct ecs_userinfo_app_conf **ret_app,
                                  struct userinfo_access *ret_access, const char **ret_why)
{
    const struct userinfo_keys *keys = userinfo_keys_of(env);
    const struct ecs_userinfo_app_conf *app;
    enum ecs_jws_verdict verdict;
    struct ecs_str issuer;

    *ret_why = "access_token: cannot be decrypted";
    if (ecs_jwe_looks_like(token))
        token = keys->private ? ecs_jwe_decrypt(keys->private, token, arena) : ECS_STR_NULL;
    if (!token.p)
        return ECS_E_FORBIDDEN;
    issuer = ecs_jws_issuer(token, arena);
    app = find(env, client_id, issuer);
    *ret_why = client_id.n ? "client_id: not registered" : "access_token: of no registered application";
    if (!app || !keys->apps || (!keys->apps[app - env->apps].public && !keys->apps[app - env->apps].secret))
        return ECS_E_FORBIDDEN;
    *ret_why = "access_token: of another application than client_id names";
    if (!issuer.n ||
        (!ecs_str_eq(issuer, ecs_str_of(app->client_id)) && !userinfo_list_has(&app->issuers, issuer)))
        return ECS_E_FORBIDDEN;
    ret_access->text = token;
    verdict = verify(env, app, token, issuer, now, arena, &ret_access->claims);
    *ret_why = ecs_printf(arena, "access_token: %s", ecs_jws_verdict_text(verdict));
    if (!*ret_why)
        *ret_why = "access_token: is not valid";
    if (verdict != ECS_JWS_OK)
        return ECS_E_FORBIDDEN;
    *ret_app = app;
    return ECS_OK;
}

enum ecs_rc ecs_userinfo_check_early(const struct ecs_userinfo_env *env,
                                     const struct ecs_ts43_request *request, int64_t now,
                                     struct ecs_arena *arena, const char **ret_why)
{
    const struct ecs_userinfo_app_conf *app;
    struct userinfo_access access;

    *ret_why = "";
    if (!userinfo_access_is_of_app(request))
        return ECS_OK;
    return userinfo_access_judge(env, request->param[ECS_P_ACCESS_TOKEN],
                                 ecs_unquote(request->param[ECS_P_CLIENT_ID]), now, arena, &app, &access,
                                 ret_why);
}

/* ---- whose it is ---- */

/* What cannot be changed in a token: of an ES256 signature anybody can make a second one, with the same first
 * half. */
static struct ecs_str stem_of(struct ecs_str token)
{
    struct ecs_str part, rest = token;

    (void)ecs_str_cut(&rest, '.', &part);
    (void)ecs_str_cut(&rest, '.', &part);
    return (struct ecs_str){token.p, token.n - (rest.n > STEM_CHARS ? rest.n - STEM_CHARS : 0)};
}

bool userinfo_access_show(struct ecs_userinfo *info, struct ecs_arena *arena,
                          const struct ecs_userinfo_app_conf *app, const struct userinfo_access *access)
{
    struct userinfo_work *w = info->work;
    struct ecs_crypto *crypto = info->env->auth->crypto;
    struct ecs_str jti = access->claims.jti;
    struct ecs_str parts[] = {ECS_STR("owner|"), ecs_str_of(info->auth->imsi.s), ECS_STR("|"),
                              jti.n ? ECS_STR("jti|") : ECS_STR("text|"),
                              jti.n ? jti : stem_of(access->text)};

    if (!app->access_token_bound)
        return true;
    w->shown.issuer = ecs_str_of(ecs_printf(arena, "application:%s", app->client_id));
    w->shown.expires_s = access->claims.exp + SKEW_S;
    return w->shown.issuer.p && ecs_digest(crypto, ECS_DIGEST_SHA256, parts + 3, 2, w->shown.id) &&
           ecs_digest(crypto, ECS_DIGEST_SHA256, parts, ECS_ARRAY_LEN(parts), w->shown.owner);
}

static enum ecs_next bind_token(struct ecs_flow *f)
{
    struct ecs_userinfo *info = f->self;
    struct userinfo_work *w = info->work;
    struct ecs_server_binding binding = {.issuer = w->shown.issuer,
                                         .jti = w->shown.id,
                                         .owner = w->shown.owner,
                                         .expires_s = w->shown.expires_s};

    if (!w->shown.issuer.n)
        return ECS_DONE;
    return ecs_store_server_bind(f, info->env->auth->store, &binding, &w->shown.good);
}

static enum ecs_next judge_binding(struct ecs_flow *f)
{
    struct ecs_userinfo *info = f->self;

    if (info->work->shown.good)
        return ECS_DONE;
    if (++info->work->shown.tries < BIND_TRIES)
        return ecs_flow_goto(f, bind_token);
    return ecs_flow_fail(f, ECS_E_FORBIDDEN, "access_token: was used for another line");
}

const struct ecs_step userinfo_access_bind_steps[] = {
    {"bind-access-token", bind_token, BIND_LIMIT_MS},
    {"judge-binding", judge_binding, 0},
    {0},
};
