/* SPDX-License-Identifier: Apache-2.0 */
/* Firebase Cloud Messaging by HTTP v1: a service account signs for an access token, the token sends. One
 * HTTP/2 connection per worker. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/push_int.h"
#include "ecs/json.h"
#include "ecs/oauth_client.h"

#define SCOPE "https://www.googleapis.com/auth/firebase.messaging"

enum { PROJECT_MAX = 100 };

struct push_fcm {
    struct ecs_neighbour *api, *tokens;
    struct ecs_jws_signer *signer;
    struct ecs_oauth_client *oauth;
    char *url; /* .../messages:send */
};

/* ---- the service account ---- */

struct account {
    const char *project, *key_id, *key, *email, *token_url;
};

static const char *member(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));

    return text && text[0] ? text : NULL;
}

static bool is_project(const char *name)
{
    size_t n = strlen(name);

    /* It becomes a part of a path. */
    return n <= PROJECT_MAX && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.:") == n;
}

/* NULL, or what is wrong with the key file. */
static const char *read_account(const struct ecs_fcm_conf *conf, struct ecs_arena *arena,
                                struct account *account)
{
    json_t *json = NULL;
    const char *reason, *type;

    if (ecs_json_load(arena, ecs_str_of(conf->service_account), &json, &reason) != ECS_OK)
        return "fcm: service_account is no JSON";
    type = member(json, "type");
    if (!type || strcmp(type, "service_account") != 0)
        return "fcm: service_account is no key file of a service account";
    *account = (struct account){.project = member(json, "project_id"),
                                .key_id = member(json, "private_key_id"),
                                .key = member(json, "private_key"),
                                .email = member(json, "client_email"),
                                .token_url = conf->token_url ? conf->token_url : member(json, "token_uri")};
    if (!account->project || !is_project(account->project))
        return "fcm: service_account has no usable project_id";
    if (!account->key || !account->key_id)
        return "fcm: service_account has no private_key or private_key_id";
    if (!account->email)
        return "fcm: service_account has no client_email";
    /* A key file that came from elsewhere must not send our assertion in clear. */
    if (!account->token_url ||
        (account->token_url != conf->token_url && push_url_is_plain(account->token_url)))
        return "fcm: service_account has no https token_uri";
    return NULL;
}

static bool build(struct push_fcm *fcm, struct ecs_http_pool *pool, const struct ecs_fcm_conf *conf,
                  struct ecs_neighbour_stats *stats, const struct account *account)
{
    struct ecs_neighbour_conf api = {.name = "fcm",
                                     .ca_file = conf->ca_file,
                                     .http2 = !push_url_is_plain(conf->url),
                                     .allow_plain = push_url_is_plain(conf->url),
                                     .stats = stats};
    struct ecs_neighbour_conf tokens = {
        .name = "fcm-oauth", .ca_file = conf->ca_file, .allow_plain = push_url_is_plain(account->token_url)};
    struct ecs_oauth_client_conf oauth = {.grant = ECS_OAUTH_JWT_BEARER,
                                          .token_url = account->token_url,
                                          .client_id = account->email,
                                          .scope = SCOPE,
                                          .audience = account->token_url,
                                          .signer = fcm->signer};

    fcm->api = ecs_neighbour_new(pool, &api);
    fcm->tokens = ecs_neighbour_new(pool, &tokens);
    fcm->oauth = fcm->tokens ? ecs_oauth_client_new(fcm->tokens, &oauth) : NULL;
    return fcm->api && fcm->oauth &&
           asprintf(&fcm->url, "%s/v1/projects/%s/messages:send", conf->url, account->project) > 0;
}

struct push_fcm *push_fcm_new(struct ecs_http_pool *pool, const struct ecs_fcm_conf *conf,
                              struct ecs_neighbour_stats *stats, struct ecs_arena *arena,
                              const char **ret_error)
{
    struct push_fcm *fcm = calloc(1, sizeof(*fcm));
    /* The key's text must not stay in the caller's arena. */
    struct ecs_arena *own = ecs_arena_new(NULL, 0);
    struct account account = {0};
    const char *reason = "no memory",
               *wrong = fcm && own ? read_account(conf, own, &account) : "fcm: no memory";

    if (!wrong) {
        fcm->signer = ecs_jws_signer_new(ECS_JWS_RS256, ecs_str_of(account.key), account.key_id, &reason);
        if (!fcm->signer)
            wrong = ecs_printf(arena, "fcm: private_key of service_account: %s", reason);
        else if (!build(fcm, pool, conf, stats, &account))
            wrong = "fcm: no memory";
    }
    ecs_arena_free(own);
    if (!wrong)
        return fcm;
    *ret_error = wrong;
    push_fcm_free(fcm);
    return NULL;
}

void push_fcm_free(struct push_fcm *fcm)
{
    if (!fcm)
        return;
    if (fcm->oauth)
        ecs_oauth_client_free(fcm->oauth);
    ecs_jws_signer_free(fcm->signer);
    ecs_neighbour_free(fcm->tokens);
    ecs_neighbour_free(fcm->api);
    free(fcm->url);
    free(fcm);
}

/* ---- sending ---- */

static bool write_ask(const void *sender, const struct ecs_push_message *message, struct ecs_arena *arena,
                      struct ecs_ask *ask)
{
    const struct push_fcm *fcm = sender;

    ask->url = fcm->url;
    ask->content_type = "application/json";
    ask->body = push_fcm_body(message, arena);
    return ask->body.p != NULL;
}

static void judge(const struct ecs_ask_answer *from, const struct push_answer *answer,
                  struct ecs_arena *arena, struct push_verdict *ret_verdict)
{
    (void)from;
    push_judge_fcm(answer, arena, ret_verdict);
}

enum ecs_next push_fcm_send(struct ecs_flow *f, struct push_fcm *fcm, const struct ecs_push_message *message,
                            int64_t now, struct ecs_send_result *ret_result)
{
    struct push_bearer bearer = {.sender = fcm,
                                 .api = fcm->api,
                                 .oauth = fcm->oauth,
                                 .body_max = PUSH_BODY_MAX,
                                 .write_ask = write_ask,
                                 .judge = judge};

    return push_bearer_send(f, &bearer, message, now, ret_result);
}
