/* SPDX-License-Identifier: Apache-2.0 */
/* Where the back end of an application gets App tokens (TS.43 14.2.1, 2.8.3): it proves itself as at the
 * token endpoint and hands what it gets to its application on the phone. */
#include "engine_userinfo.h"
#include "web_oauth.h"

#include "ecs/json.h"
#include "ecs/log.h"
#include "ecs/oauth_server.h"

struct asking {
    struct ecs_oauth_ask client; /* first: web_oauth_error looks for it */
    struct ecs_app_token_ask app;
};

bool web_app_token_enabled(const struct ecs_snapshot *snapshot)
{
    return ecs_oauth_has_endpoint(snapshot->conf) &&
           userinfo_operations(snapshot) & 1u << ECS_OP_GET_3P_APP_INFO;
}

static enum ecs_next prove_client(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct asking *a = web_own(c, sizeof(*a));

    if (!a || !c->engine->auth.oauth)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the token request");
    if (c->query.n) /* RFC 6749 2.3 */
        return ecs_flow_fail(f, ECS_E_BAD_REQUEST, "parameters must be in the body");
    a->client = (struct ecs_oauth_ask){.server = c->engine->auth.oauth,
                                       .form = &c->form,
                                       .authorization = c->authorization,
                                       .peer = c->peer,
                                       .now = c->now};
    return ecs_flow_call(f, ecs_oauth_client_steps, &a->client);
}

static enum ecs_next make_token(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct asking *a = c->own;

    a->app = (struct ecs_app_token_ask){
        .env = &c->engine->userinfo,
        .client_id = ecs_str_of(a->client.client_id),
        .client_app = web_field(c, "application"),
        .name = web_field(c, "name"),
    };
    return ecs_flow_call(f, ecs_app_token_steps, &a->app);
}

static enum ecs_next write_answer(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    const struct asking *a = c->own;
    struct ecs_json_out out = {.buf = &c->out};

    c->content_type_out = "application/json";
    web_header(c, "Pragma", "no-cache");
    ecs_metric_count(c->front->metrics, ECS_M_SERVER_TOKENS, 0);
    ecs_json_begin(&out, NULL, '{');
    ecs_json_str(&out, "app_token", a->app.token);
    ecs_json_i64(&out, "expires_in", a->app.expires_s - c->now);
    ecs_json_str(&out, "expires_at", a->app.expiry);
    ecs_json_str(&out, "application", ecs_str_of(a->app.app->client_id));
    ecs_json_end(&out, '}');
    ecs_log(&c->log, ECS_EV_SERVER_TOKEN, "App token of %s issued to %s", a->app.app->client_id,
            a->client.client_id);
    return ECS_DONE;
}

const struct ecs_step web_app_token_steps[] = {
    {"prove-client", prove_client, 0},
    {"make-app-token", make_token, 0},
    {"write-app-token", write_answer, 0},
    {0},
};

void web_app_token_error(struct web_call *c, enum ecs_rc rc)
{
    struct asking *a = c->own;

    if (a && rc == ECS_E_FORBIDDEN && a->client.error == ECS_OAUTH_OK)
        a->client.error = ECS_OAUTH_UNAUTHORIZED_CLIENT;
    web_oauth_error(c, rc);
}
