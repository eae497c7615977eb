/* SPDX-License-Identifier: Apache-2.0 */
/* Begin of a login at an OpenID Connect provider (TS.43 2.8.2): the request is kept, the device is sent to
 * the provider with state, nonce and PKCE challenge. The way back is in auth_oidc_return.c. */
#include <stdio.h>
#include <string.h>

#include "ecs/form.h"
#include "login_priv.h"

enum { VERIFIER_BYTES = 32, URL_MAX = 8192 };

/* ---- which provider ---- */

static bool has_word(const struct ecs_str_list *list, struct ecs_str word)
{
    for (size_t i = 0; i < list->n; i++)
        if (word.n && ecs_str_eq_nocase(list->items[i], word))
            return true;
    return list->n == 0;
}

static bool serves(const struct ecs_oidc_conf *c, const struct ecs_auth *auth)
{
    const struct ecs_ts43_request *r = auth->request;

    for (size_t i = 0; i < r->n_apps; i++)
        if (!has_word(&c->apps, ecs_str_of(ecs_app_id(r->apps[i]))))
            return false;
    return has_word(&c->hosts, auth->host) && has_word(&c->gid1, r->param[ECS_P_GID1]);
}

const struct login_provider *login_provider_for(const struct ecs_auth *auth)
{
    const struct ecs_logins *l = auth->env->logins;

    for (size_t i = 0; login_is_bare(auth) && i < l->provider_n; i++)
        if (serves(l->provider[i].conf, auth))
            return &l->provider[i];
    return NULL;
}

const struct login_provider *login_provider_named(const struct ecs_logins *logins, struct ecs_str name)
{
    for (size_t i = 0; i < logins->provider_n; i++)
        if (ecs_str_eq(ecs_str_of(logins->provider[i].conf->name), name))
            return &logins->provider[i];
    return NULL;
}

bool auth_oidc_begins(const struct ecs_auth *auth)
{
    return login_provider_for(auth) != NULL;
}

/* ---- begin ---- */

struct begin {
    const struct login_provider *provider;
    char state[ECS_LOGIN_SECRET_LEN + 1], nonce[ECS_LOGIN_SECRET_LEN + 1];
    char verifier[ECS_BASE64_LEN(VERIFIER_BYTES) + 1], challenge[ECS_BASE64_LEN(ECS_SHA256_LEN) + 1];
    uint8_t handle[ECS_LOGIN_DIGEST];
    struct ecs_login_new login;
};

static void base64url(const uint8_t *bytes, size_t n, char *out)
{
    size_t length = ecs_base64_encode(bytes, n, out);

    while (length && out[length - 1] == '=')
        out[--length] = '\0';
    for (size_t i = 0; i < length; i++)
        out[i] = out[i] == '+' ? '-' : out[i] == '/' ? '_' : out[i];
}

/* RFC 7636 4.1, 4.2 (S256) */
static bool make_pkce(struct ecs_crypto *crypto, struct begin *b)
{
    uint8_t bytes[VERIFIER_BYTES], digest[ECS_SHA256_LEN];
    struct ecs_str part;

    if (!ecs_random(crypto, bytes, sizeof(bytes)))
        return false;
    base64url(bytes, sizeof(bytes), b->verifier);
    ecs_wipe(bytes, sizeof(bytes));
    part = ecs_str_of(b->verifier);
    if (!ecs_digest(crypto, ECS_DIGEST_SHA256, &part, 1, digest))
        return false;
    base64url(digest, sizeof(digest), b->challenge);
    return true;
}

static bool make_secrets(struct ecs_crypto *crypto, struct begin *b)
{
    return ecs_login_secret(crypto, b->state) && ecs_login_secret(crypto, b->nonce) &&
           ecs_login_digest(crypto, ECS_LOGIN_OF_STATE, ecs_str_of(b->state), b->handle) &&
           (!b->provider->conf->pkce || make_pkce(crypto, b));
}

static enum ecs_next keep_request(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct begin *b = ecs_arena_secret(f->arena, sizeof(*b));
    int64_t now_us = ecs_loop_now_us(f->loop);

    if (!b)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the login");
    auth->exchange = b;
    b->provider = login_provider_for(auth);
    if (!b->provider)
        return ecs_flow_fail(f, ECS_E_AUTH_NEEDED, "no identity provider serves this request");
    if (!ecs_limiter_take(auth->env->source_limiter, auth->source_hash, now_us, &auth->retry_after_s))
        return ecs_flow_fail(f, ECS_E_RATE_LIMIT, "too many logins from one source address");
    if (!ecs_limiter_take(b->provider->begun, 1, now_us, &auth->retry_after_s))
        return ecs_flow_fail(f, ECS_E_RATE_LIMIT, "oidc.begin_per_minute is reached");
    if (!make_secrets(auth->env->crypto, b))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "the login could not be prepared");
    b->login = (struct ecs_login_new){
        .handle = b->handle,
        .kind = ECS_LOGIN_OIDC,
        .provider = ecs_str_of(b->provider->conf->name),
        .request = login_save_request(f, auth->request),
        .nonce = ecs_str_of(b->nonce),
        .verifier = b->verifier[0] ? ecs_str_of(b->verifier) : ECS_STR_NULL,
        .life_s = (unsigned)b->provider->conf->life_s,
    };
    if (!b->login.request.p)
        return ecs_flow_fail(f, ECS_E_TOO_LARGE, "the request is too large to be kept");
    return ecs_store_login_add(f, auth->env->store, &b->login);
}

static void add_parameter(struct ecs_buf *url, const char *name, struct ecs_str value)
{
    bool first = !memchr(url->p, '?', url->n);

    ecs_buf_add_char(url, first ? '?' : '&');
    ecs_buf_add_cstr(url, name);
    ecs_buf_add_char(url, '=');
    ecs_form_add_escaped(url, value);
}

static void write_location(const struct ecs_logins *logins, const struct begin *b, struct ecs_buf *url)
{
    const struct ecs_oidc_conf *c = b->provider->conf;

    ecs_buf_add_cstr(url, c->authorize_url);
    add_parameter(url, "response_type", ECS_STR("code"));
    add_parameter(url, "scope", ecs_str_of(c->scope));
    add_parameter(url, "client_id", ecs_str_of(c->client_id));
    add_parameter(url, "redirect_uri", ecs_str_of(logins->redirect_uri));
    add_parameter(url, "state", ecs_str_of(b->state));
    add_parameter(url, "nonce", ecs_str_of(b->nonce));
    if (c->pkce) {
        add_parameter(url, "code_challenge", ecs_str_of(b->challenge));
        add_parameter(url, "code_challenge_method", ECS_STR("S256"));
    }
    if (c->max_age_s) {
        char seconds[24];

        snprintf(seconds, sizeof(seconds), "%lld", (long long)c->max_age_s);
        add_parameter(url, "max_age", ecs_str_of(seconds));
    }
    for (size_t i = 0; i < c->authorize_parameters.n; i++) {
        struct ecs_str value = c->authorize_parameters.items[i], name;
        char text[64];

        if (!ecs_str_cut(&value, '=', &name) || name.n >= sizeof(text))
            continue; /* ecs_oidc_check lets none pass */
        memcpy(text, name.p, name.n);
        text[name.n] = '\0';
        add_parameter(url, text, value);
    }
}

static enum ecs_next redirect(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    const struct begin *b = auth->exchange;
    struct ecs_buf url = {.limit = URL_MAX};
    const char *copy = NULL;

    write_location(auth->env->logins, b, &url);
    if (!url.overflow)
        copy = ecs_strdup(f->arena, ecs_buf_str(&url));
    ecs_buf_done(&url);
    if (!copy)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the address of the identity provider");
    auth->location = ecs_str_of(copy);
    auth->outcome = ECS_AUTH_REDIRECT;
    return ECS_DONE;
}

const struct ecs_step ecs_auth_oidc_begin_steps[] = {
    {"keep-request", keep_request, LOGIN_DB_MS},
    {"redirect", redirect, 0},
    {0},
};
