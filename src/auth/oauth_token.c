/* SPDX-License-Identifier: Apache-2.0 */
/* The token endpoint (TS.43 2.8.3 steps 1 and 2) and the end of a token: a proven client gets an opaque
 * random text of 256 bits, of which the database has the digest. */
#include <string.h>

#include "ecs/log.h"
#include "oauth_ask.h"

enum { STORE_LIMIT_MS = 5000, JWKS_LIMIT_MS = 15000 };

const char *ecs_oauth_error_word(enum ecs_oauth_error error)
{
    static const char *const words[] = {
        [ECS_OAUTH_OK] = "",
        [ECS_OAUTH_INVALID_REQUEST] = "invalid_request",
        [ECS_OAUTH_INVALID_CLIENT] = "invalid_client",
        [ECS_OAUTH_INVALID_GRANT] = "invalid_grant",
        [ECS_OAUTH_UNAUTHORIZED_CLIENT] = "unauthorized_client",
        [ECS_OAUTH_UNSUPPORTED_GRANT_TYPE] = "unsupported_grant_type",
        [ECS_OAUTH_INVALID_SCOPE] = "invalid_scope",
        [ECS_OAUTH_INVALID_TARGET] = "invalid_target",
        [ECS_OAUTH_BUSY] = "temporarily_unavailable",
    };

    return words[error];
}

/* ---- what is asked for ---- */

static enum ecs_next check_grant(struct ecs_flow *f)
{
    struct ecs_oauth_ask *ask = f->self;
    struct oauth_work *w = ask->work;

    /* Figure 6 of TS.43 has no grant_type: left out it is that of a client for itself. */
    if (w->method == OAUTH_JWT_BEARER || !w->grant.n || ecs_str_eq(w->grant, ECS_STR("client_credentials")))
        return w->method != OAUTH_JWT_BEARER && w->caller->methods == OAUTH_JWT_BEARER
                   ? oauth_refuse(f, ask, ECS_OAUTH_UNAUTHORIZED_CLIENT, "only with a jwt-bearer grant")
                   : ECS_NEXT;
    return oauth_refuse(f, ask, ECS_OAUTH_UNSUPPORTED_GRANT_TYPE, "grant_type is not supported");
}

/* Words of the scope joined by single blanks; false: one of them is not this caller's. */
static bool grant_scope(struct ecs_arena *arena, const struct ecs_oauth_caller *caller, struct ecs_str asked,
                        struct ecs_str *ret_scope)
{
    const struct ecs_str_list *all = &caller->conf->scopes;
    const char *text = "";
    struct ecs_str word;

    if (!asked.n)
        for (size_t i = 0; text && i < all->n; i++)
            text = ecs_printf(arena, "%s%s%.*s", text, i ? " " : "", ECS_FMT(all->items[i]));
    while (text && ecs_str_cut(&asked, ' ', &word)) {
        if (!word.n)
            continue;
        if (!oauth_list_has(all, word))
            return false;
        text = ecs_printf(arena, "%s%s%.*s", text, text[0] ? " " : "", ECS_FMT(word));
    }
    *ret_scope = ecs_str_of(text);
    return text != NULL;
}

static bool resource_is_ours(const struct ecs_oauth_server *server, const struct oauth_work *w)
{
    struct ecs_str resource = w->resource, issuer = ecs_str_of(server->issuer);

    for (size_t i = 0; i < resource.n; i++) /* RFC 8707 2: a URI without fragment */
        if (resource.p[i] <= ' ' || resource.p[i] > '~' || resource.p[i] == '#')
            return false;
    if (!resource.n || oauth_list_has(&w->caller->conf->resources, resource))
        return true;
    return ecs_str_starts_with(resource, issuer) && (resource.n == issuer.n || resource.p[issuer.n] == '/');
}

static enum ecs_next check_wishes(struct ecs_flow *f)
{
    struct ecs_oauth_ask *ask = f->self;
    struct oauth_work *w = ask->work;
    struct ecs_str asked = w->scope.n ? w->scope : w->result.claims.scope;

    if (!grant_scope(f->arena, w->caller, asked, &ask->scope))
        return oauth_refuse(f, ask, ECS_OAUTH_INVALID_SCOPE, "scope: not one of this client");
    if (!resource_is_ours(ask->server, w))
        return oauth_refuse(f, ask, ECS_OAUTH_INVALID_TARGET, "resource: not of this server");
    return ECS_NEXT;
}

/* ---- issue ---- */

static bool make_text(struct ecs_arena *arena, struct ecs_oauth_ask *ask, struct oauth_work *w)
{
    uint8_t random[OAUTH_TOKEN_BYTES];
    char *text = ecs_arena_secret(arena, ECS_BASE32_LEN(OAUTH_TOKEN_BYTES) + 1);

    if (!text || !ecs_random(ask->server->crypto, random, sizeof(random)))
        return false;
    ask->access_token = (struct ecs_str){text, ecs_base32_encode(random, sizeof(random), text)};
    ecs_wipe(random, sizeof(random));
    return oauth_digest(ask->server->crypto, "access-token", ask->access_token, w->digest);
}

static enum ecs_next issue(struct ecs_flow *f)
{
    struct ecs_oauth_ask *ask = f->self;
    struct oauth_work *w = ask->work;
    const struct ecs_server_caller_conf *c = w->caller->conf;

    if (!make_text(f->arena, ask, w))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "an access token cannot be made");
    ask->expires_in_s = c->token_life_s;
    if (w->has_subject && ask->expires_in_s > OAUTH_SINGLE_USE_LIFE_S)
        ask->expires_in_s = OAUTH_SINGLE_USE_LIFE_S;
    w->issue = (struct ecs_server_issue){
        .digest = w->digest,
        .client_id = ecs_str_of(c->client_id),
        .scope = ask->scope,
        .audience = w->resource,
        .subject = w->has_subject ? w->subject : NULL,
        .single_use = w->has_subject || c->single_use,
        .life_s = (uint32_t)ask->expires_in_s,
        .assertion = w->spent,
    };
    return ecs_store_server_issue(f, ask->server->store, &w->issue, &w->fresh);
}

/* One that was seen before is as good as none. */
static enum ecs_next refuse_replay(struct ecs_flow *f, struct ecs_oauth_ask *ask, const struct oauth_work *w)
{
    return oauth_refuse(f, ask,
                        w->method == OAUTH_JWT_BEARER ? ECS_OAUTH_INVALID_GRANT : ECS_OAUTH_INVALID_CLIENT,
                        "assertion: was used before");
}

static enum ecs_next hand_over(struct ecs_flow *f)
{
    struct ecs_oauth_ask *ask = f->self;
    struct oauth_work *w = ask->work;

    if (!w->fresh)
        return refuse_replay(f, ask, w);
    ecs_log(f->log, ECS_EV_SERVER_TOKEN, "issued to %s for %lld s%s", ask->client_id,
            (long long)ask->expires_in_s, w->issue.single_use ? ", single use" : "");
    return ECS_DONE;
}

const struct ecs_step ecs_oauth_token_steps[] = {
    {"read-token-request", oauth_read_request, 0},
    {"verify-client", oauth_verify_client, JWKS_LIMIT_MS},
    {"judge-client", oauth_judge_client, 0},
    {"check-grant", check_grant, 0},
    {"check-wishes", check_wishes, 0},
    {"issue", issue, STORE_LIMIT_MS},
    {"hand-over", hand_over, 0},
    {0},
};

/* ---- revoke ---- */

static enum ecs_next revoke(struct ecs_flow *f)
{
    struct ecs_oauth_ask *ask = f->self;
    struct oauth_work *w = ask->work;

    if (!w->token.n)
        return oauth_refuse(f, ask, ECS_OAUTH_INVALID_REQUEST, "token is missing");
    if (w->method == OAUTH_JWT_BEARER)
        return oauth_refuse(f, ask, ECS_OAUTH_INVALID_CLIENT, "a grant is no client authentication");
    if (!oauth_digest(ask->server->crypto, "access-token", w->token, w->digest))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "the digest of the access token cannot be made");
    return ecs_store_server_revoke(f, ask->server->store, w->digest, ecs_str_of(ask->client_id), &w->spent,
                                   &w->fresh);
}

static enum ecs_next end_revocation(struct ecs_flow *f)
{
    struct ecs_oauth_ask *ask = f->self;
    struct oauth_work *w = ask->work;

    if (!w->fresh)
        return refuse_replay(f, ask, w);
    ecs_log(f->log, ECS_EV_SERVER_TOKEN, "revoked by %s", ask->client_id);
    return ECS_DONE;
}

const struct ecs_step ecs_oauth_revoke_steps[] = {
    {"read-revocation", oauth_read_request, 0}, {"verify-client", oauth_verify_client, JWKS_LIMIT_MS},
    {"judge-client", oauth_judge_client, 0},    {"revoke", revoke, STORE_LIMIT_MS},
    {"end-revocation", end_revocation, 0},      {0},
};

/* ---- other endpoints ---- */

/* An assertion is good once here, too; who came with a secret has nothing to be spent. */
static enum ecs_next spend(struct ecs_flow *f)
{
    struct ecs_oauth_ask *ask = f->self;
    struct oauth_work *w = ask->work;

    if (w->method == OAUTH_JWT_BEARER)
        return oauth_refuse(f, ask, ECS_OAUTH_INVALID_CLIENT, "a grant is no client authentication");
    w->fresh = true;
    if (!w->spent.issuer.n)
        return ECS_NEXT;
    if (!oauth_digest(ask->server->crypto, "no-token", ECS_STR(""), w->digest))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "the digest cannot be made");
    return ecs_store_server_revoke(f, ask->server->store, w->digest, ecs_str_of(ask->client_id), &w->spent,
                                   &w->fresh);
}

static enum ecs_next accept_client(struct ecs_flow *f)
{
    struct ecs_oauth_ask *ask = f->self;
    struct oauth_work *w = ask->work;

    return w->fresh ? ECS_DONE : refuse_replay(f, ask, w);
}

const struct ecs_step ecs_oauth_client_steps[] = {
    {"read-client", oauth_read_request, 0},  {"verify-client", oauth_verify_client, JWKS_LIMIT_MS},
    {"judge-client", oauth_judge_client, 0}, {"spend-assertion", spend, STORE_LIMIT_MS},
    {"accept-client", accept_client, 0},     {0},
};
