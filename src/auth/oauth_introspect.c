/* SPDX-License-Identifier: Apache-2.0 */
/* Access tokens of another authorization server (RFC 7662): one question each, a positive answer is believed
 * for a short time. Nothing else is kept, so a made-up token costs the other side, within the neighbour's
 * budget, but never pushes many good answers out. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "ecs/buf.h"
#include "ecs/form.h"
#include "ecs/json.h"
#include "ecs/log.h"
#include "oauth_priv.h"

enum { ASK_LIMIT_MS = 12000 };

struct work {
    struct ecs_ask ask;
    struct ecs_ask_answer answer;
    uint8_t digest[32];
};

static struct oauth_introspected *slot_of(struct ecs_oauth_server *server, const uint8_t digest[32])
{
    return &server->introspected[(digest[0] | digest[1] << 8) % OAUTH_INTROSPECTIONS];
}

static bool write_body(struct ecs_flow *f, const struct oauth_asking *asking, struct work *w)
{
    struct ecs_buf buf = {0};
    char *body;

    ecs_buf_add_cstr(&buf, "token=");
    ecs_form_add_escaped(&buf, asking->token);
    ecs_buf_add_cstr(&buf, "&token_type_hint=access_token");
    body = buf.overflow ? NULL : ecs_arena_secret(f->arena, buf.n);
    if (body)
        memcpy(body, buf.p, buf.n);
    w->ask.body = (struct ecs_str){body, buf.n};
    if (buf.p)
        ecs_wipe(buf.p, buf.n);
    ecs_buf_done(&buf);
    return body != NULL;
}

static enum ecs_next ask_server(struct ecs_flow *f)
{
    struct oauth_asking *asking = f->self;
    struct ecs_oauth_server *server = asking->server;
    struct work *w = ecs_alloc(f->arena, sizeof(*w));
    const struct oauth_introspected *kept;

    if (!w || !oauth_digest(server->crypto, "introspected", asking->token, w->digest))
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the introspection");
    asking->work = w;
    kept = slot_of(server, w->digest);
    if (kept->until_s > asking->now && ecs_ct_equal(kept->digest, w->digest, sizeof(w->digest))) {
        asking->found = *kept;
        return ECS_DONE;
    }
    w->ask = (struct ecs_ask){
        .method = "POST",
        .url = server->conf->introspection_url,
        .header = {{"Accept", "application/json"}},
        .content_type = "application/x-www-form-urlencoded",
        .basic_user = server->conf->introspection_client,
        .basic_password = server->conf->introspection_secret,
    };
    if (!write_body(f, asking, w))
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the introspection");
    return ecs_neighbour_ask(f, server->introspection, &w->ask, &w->answer);
}

/* A text that does not fit is left out, which refuses what depends on it. */
static void take_text(const json_t *json, const char *name, char *out, size_t out_n)
{
    const char *text = json_string_value(json_object_get(json, name));

    if (text && strlen(text) < out_n)
        snprintf(out, out_n, "%s", text);
}

static bool has_member(const json_t *json, const char *name, const char *copy)
{
    return json_object_get(json, name) && copy[0] == '\0';
}

static enum ecs_next keep(struct ecs_flow *f, const json_t *json)
{
    struct oauth_asking *asking = f->self;
    struct work *w = asking->work;
    struct oauth_introspected found = {.until_s = asking->now + asking->server->conf->introspection_keep_s};
    const json_t *exp = json_object_get(json, "exp");
    int64_t exp_s = json_is_number(exp) ? (int64_t)json_number_value(exp) : 0;

    memcpy(found.digest, w->digest, sizeof(found.digest));
    take_text(json, "client_id", found.client_id, sizeof(found.client_id));
    take_text(json, "scope", found.scope, sizeof(found.scope));
    take_text(json, "requestor_id", found.requestor_id, sizeof(found.requestor_id));
    take_text(json, "enterprise_id", found.enterprise_id, sizeof(found.enterprise_id));
    if (!found.client_id[0] || has_member(json, "requestor_id", found.requestor_id) ||
        has_member(json, "enterprise_id", found.enterprise_id) || (exp && exp_s <= 0))
        return ecs_flow_fail(f, ECS_E_BACKEND,
                             "introspection: the answer lacks client_id or has odd members");
    if (exp && exp_s <= asking->now)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "access_token: expired");
    if (exp && exp_s < found.until_s)
        found.until_s = exp_s;
    *slot_of(asking->server, w->digest) = found;
    asking->found = found;
    return ECS_DONE;
}

static enum ecs_next read_answer(struct ecs_flow *f)
{
    struct oauth_asking *asking = f->self;
    struct work *w = asking->work;
    const char *why;
    json_t *json;

    if (w->answer.rc != ECS_OK)
        return ecs_flow_fail(f, w->answer.rc == ECS_E_TIMEOUT ? ECS_E_TIMEOUT : ECS_E_BACKEND,
                             "introspection: %s", w->answer.error ? w->answer.error : "no answer");
    if (w->answer.status != 200)
        return ecs_flow_fail(f, ECS_E_BACKEND, "introspection: the other server answered %d",
                             w->answer.status);
    if (ecs_json_load(f->arena, w->answer.body, &json, &why) != ECS_OK ||
        !json_is_boolean(json_object_get(json, "active")))
        return ecs_flow_fail(f, ECS_E_BACKEND, "introspection: the answer is not of RFC 7662");
    if (!json_is_true(json_object_get(json, "active")))
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "access_token: not active");
    return keep(f, json);
}

const struct ecs_step oauth_introspect_steps[] = {
    {"ask-introspection", ask_server, ASK_LIMIT_MS},
    {"read-introspection", read_answer, 0},
    {0},
};
