/* SPDX-License-Identifier: Apache-2.0 */
/* Get3PAppInfo (14.2): the application behind an App token, which is spent by it: one statement judges and
 * counts, so that it names its application once, on whatever node. */
#include "userinfo_priv.h"

#include <string.h>

enum { USE_LIMIT_MS = 5000 };

static enum ecs_next spend(struct ecs_flow *f)
{
    struct ecs_userinfo *info = f->self;
    struct ecs_str token = info->request->param[ECS_P_APP_TOKEN];
    struct ecs_grant_used *used;

    info->rule = ecs_decide_rule(info->env->policy, ECS_DECIDE_APPAUTH_APP_INFO, &info->work->decisions);
    if (!info->work->decisions.v[ECS_DECIDE_APPAUTH_APP_INFO].i)
        return userinfo_forbid(f, "the policy does not allow it");
    if (!token.n)
        return userinfo_refuse(f, ECS_RESULT_INVALID_PARAMETER, "App_token is missing");
    used = ecs_alloc(f->arena, sizeof(*used));
    if (!used)
        return userinfo_out_of_memory(f);
    info->work->own = used;
    return ecs_grant_use(f, info->env->auth, ECS_GRANT_APP, token, info->request, ECS_OP_GET_3P_APP_INFO,
                         ECS_APP_2015, true, used);
}

static enum ecs_next answer(struct ecs_flow *f)
{
    struct ecs_userinfo *info = f->self;
    const struct ecs_grant_used *used = info->work->own;
    const struct ecs_userinfo_app_conf *app = NULL;
    struct userinfo_answer *a = &info->work->answer;
    const char *why;

    if (ecs_grant_rc(used->verdict, &why) != ECS_OK)
        return userinfo_refuse(f, ECS_RESULT_INVALID_PARAMETER, why);
    if (used->client_id.n)
        app = ecs_userinfo_app(info->env, used->client_id);
    if (!app)
        return userinfo_refuse(f, ECS_RESULT_INVALID_PARAMETER, "the application is not registered any more");
    a->app_name = used->scope.n ? used->scope : ecs_str_of(app->name); /* of this token, or of all */
    return ECS_DONE;
}

const struct ecs_step userinfo_get_3p_app_info_steps[] = {
    {"spend-app-token", spend, USE_LIMIT_MS},
    {"answer-application", answer, 0},
    {0},
};

/* ---- making ---- */

enum { MINT_LIMIT_MS = 5000, NAME_MAX = 256 };

struct minting {
    struct ecs_grant_order order;
    struct ecs_grant grant;
};

static bool is_name(struct ecs_str name)
{
    for (size_t i = 0; i < name.n; i++)
        if ((unsigned char)name.p[i] < 0x20 || memchr("<>\"'\x7f", name.p[i], 5)) /* C-34 */
            return false;
    return name.n <= NAME_MAX && ecs_str_is_utf8(name);
}

static enum ecs_next mint(struct ecs_flow *f)
{
    struct ecs_app_token_ask *ask = f->self;
    struct minting *m = ecs_arena_secret(f->arena, sizeof(*m));
    const struct ecs_userinfo_app_conf *app = ask->client_app.n
                                                  ? ecs_userinfo_app(ask->env, ask->client_app)
                                                  : ecs_userinfo_app_of(ask->env, ask->client_id);
    struct ecs_str back_end;

    if (!m)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the App token");
    ask->own = m;
    back_end = ecs_str_of(!app ? NULL : app->back_end[0] ? app->back_end : app->client_id);
    if (!app || !ecs_str_eq(back_end, ask->client_id))
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "this client is the back end of no such application");
    if (!is_name(ask->name))
        return ecs_flow_fail(f, ECS_E_BAD_PARAMETER,
                             "name: at most 256 bytes of UTF-8 without quotation marks, angle brackets and "
                             "control characters");
    if (!ask->name.n && !app->name[0])
        return ecs_flow_fail(f, ECS_E_BAD_PARAMETER, "name: is missing, and the application has none here");
    ask->app = app;
    m->order = (struct ecs_grant_order){
        .kind = ECS_GRANT_APP,
        .app = ECS_APP_2015,
        .operations = 1u << ECS_OP_GET_3P_APP_INFO,
        .client_id = ecs_str_of(app->client_id),
        .scope = ask->name,
    };
    return ecs_grant_mint(f, ask->env->auth, &m->order, &m->grant);
}

static enum ecs_next hand_over(struct ecs_flow *f)
{
    struct ecs_app_token_ask *ask = f->self;
    const struct minting *m = ask->own;

    ask->token = ecs_str_of(m->grant.text);
    ask->expiry = ecs_str_of(m->grant.added.expiry);
    ask->expires_s = m->grant.added.expires_s;
    return ECS_DONE;
}

const struct ecs_step ecs_app_token_steps[] = {
    {"mint-app-token", mint, MINT_LIMIT_MS},
    {"hand-app-token-over", hand_over, 0},
    {0},
};
