/* SPDX-License-Identifier: Apache-2.0 */
/* Token endpoint of application servers (TS.43 2.8.3, RFC 6749 3.2, RFC 7009): the HTTP side. Answers and
 * errors have the forms of RFC 6749 5.1 and 5.2; what was wrong stands in error_description and in the log,
 * secrets in neither. */
#include "web_oauth.h"

#include <string.h>

#include "ecs/conf.h"
#include "ecs/json.h"
#include "ecs/log.h"
#include "ecs/oauth_server.h"

struct ecs_oauth_server *web_oauth_server(struct front *front, const struct ecs_snapshot *s)
{
    struct ecs_oauth_env env = {.conf = s->conf,
                                .public_url = s->web->public_url,
                                .web_path = s->web->path,
                                .pool = front->pool,
                                .crypto = front->crypto,
                                .store = front->store};

    if (ecs_oauth_has_endpoint(s->conf))
        env.jwks_stats = ecs_metrics_neighbour(front->metrics, "server-caller-jwks");
    else
        env.introspection_stats = ecs_metrics_neighbour(front->metrics, "introspection");
    return ecs_oauth_server_new(&env);
}

bool web_oauth_enabled(const struct ecs_snapshot *snapshot)
{
    return ecs_oauth_has_endpoint(snapshot->conf);
}

/* The setting's part behind "oauth/", which is the route. */
static bool is_path(const struct web_call *c, const char *path)
{
    return ecs_str_eq(c->rest, ecs_str_of(path + strlen("oauth/")));
}

static enum ecs_next choose_endpoint(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    const struct ecs_oauth_conf *conf = ecs_conf_get(c->engine->snapshot->conf, "oauth");
    bool token = is_path(c, conf->token_path);
    struct ecs_oauth_ask *ask;

    if (!token && !is_path(c, conf->revoke_path))
        return ecs_flow_fail(f, ECS_E_NOT_FOUND, "no endpoint of this name");
    ask = web_own(c, sizeof(*ask));
    if (!ask || !c->engine->auth.oauth)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the token request");
    /* RFC 6749 2.3: credentials are never taken from the request URI. */
    if (c->query.n)
        return ecs_flow_fail(f, ECS_E_BAD_REQUEST, "parameters must be in the body");
    *ask = (struct ecs_oauth_ask){.server = c->engine->auth.oauth,
                                  .form = &c->form,
                                  .authorization = c->authorization,
                                  .peer = c->peer,
                                  .now = c->now};
    return ecs_flow_call(f, token ? ecs_oauth_token_steps : ecs_oauth_revoke_steps, ask);
}

static enum ecs_next write_answer(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    const struct ecs_oauth_ask *ask = c->own;
    struct ecs_json_out out = {.buf = &c->out};

    c->content_type_out = "application/json";
    web_header(c, "Pragma", "no-cache");
    ecs_json_begin(&out, NULL, '{');
    if (ask->access_token.n) {
        ecs_metric_count(c->front->metrics, ECS_M_SERVER_TOKENS, 0);
        ecs_json_str(&out, "access_token", ask->access_token);
        ecs_json_str(&out, "token_type", ECS_STR("Bearer"));
        ecs_json_i64(&out, "expires_in", ask->expires_in_s);
        if (ask->scope.n)
            ecs_json_str(&out, "scope", ask->scope);
    }
    ecs_json_end(&out, '}');
    return ECS_DONE;
}

const struct ecs_step web_oauth_steps[] = {
    {"choose-endpoint", choose_endpoint, 0},
    {"write-token-answer", write_answer, 0},
    {0},
};

/* ---- errors ---- */

static int status_of(const struct ecs_oauth_ask *ask, enum ecs_rc rc)
{
    if (!ask || ask->error == ECS_OAUTH_OK)
        return ecs_rc_http(rc);
    if (ask->error == ECS_OAUTH_INVALID_CLIENT)
        return 401;
    return ask->error == ECS_OAUTH_BUSY ? 503 : 400;
}

static const char *word_of(const struct ecs_oauth_ask *ask, int status)
{
    if (ask && ask->error != ECS_OAUTH_OK)
        return ecs_oauth_error_word(ask->error);
    if (status == 503)
        return "temporarily_unavailable";
    return status >= 500 ? "server_error" : "invalid_request";
}

void web_oauth_error(struct web_call *c, enum ecs_rc rc)
{
    const struct ecs_oauth_ask *ask = c->own;
    int status = status_of(ask, rc);
    const char *word = word_of(ask, status);
    struct ecs_json_out out = {.buf = &c->out};

    ecs_metric_count(c->front->metrics, ECS_M_SERVER_REFUSED, 0);
    ecs_buf_reset(&c->out);
    c->content_type_out = "application/json";
    c->status = status;
    web_header(c, "Pragma", "no-cache");
    if (status == 401)
        web_header(c, "WWW-Authenticate", "Basic realm=\"token endpoint\", charset=\"UTF-8\"");
    ecs_json_begin(&out, NULL, '{');
    ecs_json_str(&out, "error", ecs_str_of(word));
    if (status < 500 && c->flow.reason)
        ecs_json_str(&out, "error_description", ecs_str_of(c->flow.reason));
    ecs_json_end(&out, '}');
    ecs_log(&c->log, ECS_EV_SERVER_TOKEN, "refused to %s: %s",
            ask && ask->client_id ? ask->client_id : "an unknown caller", word);
}
