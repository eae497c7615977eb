/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and applications of third parties: what their operations work with, made from the snapshot. */
#include "engine_userinfo.h"

#include <string.h>

#include "ecs/log.h"
#include "ecs/oauth_server.h"

#define APP_TOKEN_PATH "oauth/app_token" /* row of web_routes.def */

enum { LIMITER_SLOTS = 16384, WHY_MAX = 256 };

static struct ecs_userinfo_env env_of(const struct ecs_snapshot *s)
{
    struct ecs_userinfo_env env = {
        .conf = ecs_conf_get(s->conf, "number"),
        .policy = s->policy,
        .messages = s->messages,
        .public_url = s->web->public_url,
    };

    env.apps = ecs_conf_list(s->conf, "applications", &env.app_n);
    return env;
}

unsigned userinfo_operations(const struct ecs_snapshot *s)
{
    return ecs_userinfo_operations(ecs_conf_get(s->conf, "number"), s->offered);
}

void userinfo_snapshot_check(const struct ecs_snapshot *s, const char *path, struct ecs_faults *faults)
{
    const struct ecs_oauth_conf *oauth = ecs_conf_get(s->conf, "oauth");
    struct ecs_userinfo_env env = env_of(s);
    char why[WHY_MAX];

    if (ecs_userinfo_env_init(&env, s->offered, why, sizeof(why)))
        ecs_userinfo_env_done(&env);
    else
        ecs_fault_add(faults, path, 0, 0, "%s", why);
    if (strcmp(oauth->token_path, APP_TOKEN_PATH) == 0 || strcmp(oauth->revoke_path, APP_TOKEN_PATH) == 0)
        ecs_fault_add(faults, path, 0, 0, "oauth: %s is the path of App tokens (docs/number.md)",
                      APP_TOKEN_PATH);
}

/* Belongs to the worker: a reload gives nobody new tries. */
static bool want_limiter(struct front *front, const struct ecs_userinfo_conf *conf)
{
    uint32_t per_minute = (uint32_t)conf->verify_per_minute, burst = (uint32_t)conf->verify_burst;

    if (front->verify_limiter)
        ecs_limiter_set(front->verify_limiter, per_minute, burst);
    else
        front->verify_limiter = ecs_limiter_new(per_minute, burst, LIMITER_SLOTS);
    return front->verify_limiter != NULL;
}

bool engine_userinfo_new(struct front *front, struct engine *e)
{
    struct ecs_userinfo_env env = env_of(e->snapshot);
    char why[WHY_MAX];

    if (!want_limiter(front, env.conf))
        return false;
    env.auth = &e->auth;
    env.limiter = front->verify_limiter;
    e->userinfo = env;
    if (ecs_userinfo_env_init(&e->userinfo, e->snapshot->offered, why, sizeof(why)))
        return true;
    ecs_log(NULL, ECS_EV_CONFIG, "%s", why);
    return false;
}

void engine_userinfo_free(struct engine *e)
{
    ecs_userinfo_env_done(&e->userinfo);
}
