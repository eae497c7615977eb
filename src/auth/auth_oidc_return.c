/* SPDX-License-Identifier: Apache-2.0 */
/* Return leg of a login (TS.43 2.8.2, 2.8.4): the state finds the kept request, the code becomes tokens, the
 * ID token a subscriber, and the kept request goes on; or it is refused by a document with an error page. */
#include <string.h>

#include "login_priv.h"

enum { RETRY_MAX_S = 300, ROTATION_S = 30, CLAIM_MAX = 255 };

static enum ecs_next reopen(struct ecs_flow *f);
static enum ecs_next check_factor(struct ecs_flow *f);

/* ---- the kept request ---- */

static enum ecs_next take_login(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    const struct ecs_ts43_request *r = auth->request;
    struct login_work *w = ecs_arena_secret(f->arena, sizeof(*w));

    if (!w)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the login");
    auth->exchange = w;
    if (!auth->env->logins)
        return ecs_flow_fail(f, ECS_E_AUTH_NEEDED, "logins are not configured");
    w->code = r->param[ECS_P_CODE];
    w->error = r->param[ECS_P_ERROR];
    w->iss = r->param[ECS_P_ISS];
    w->state = r->param[ECS_P_STATE];
    if (!ecs_login_digest(auth->env->crypto, ECS_LOGIN_OF_STATE, w->state, w->handle))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "digest");
    return ecs_store_login_take(f, auth->env->store, w->handle, &w->row);
}

static enum ecs_next adopt_login(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct login_work *w = auth->exchange;
    const char *issuer;
    enum ecs_rc rc;

    if (!w->row.found)
        return ecs_flow_fail(f, ECS_E_AUTH_NEEDED, "state is unknown, used or expired");
    rc = login_adopt_request(f, auth, w->row.request);
    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "the saved request cannot be read");
    memcpy(auth->handle, w->handle, sizeof(auth->handle));
    w->provider = login_provider_named(auth->env->logins, w->row.provider);
    if (!w->provider)
        return ecs_flow_fail(f, ECS_E_AUTH_NEEDED, "the login's identity provider is configured no more");
    issuer = w->provider->conf->issuer;
    /* Mix-up of providers (RFC 9207): neither code nor error is believed. */
    if (w->row.kind == ECS_LOGIN_OIDC && w->iss.n && !ecs_str_eq(w->iss, ecs_str_of(issuer)))
        return ecs_flow_fail(f, ECS_E_AUTH_REJECTED, "iss is not the issuer that the login began with");
    if (w->error.n)
        return login_decline(f, w->provider, ECS_OK, w->error, "the provider returned an error");
    if (w->row.kind == ECS_LOGIN_FACTOR)
        return ecs_flow_goto(f, check_factor);
    return ECS_NEXT;
}

/* ---- tokens ---- */

static enum ecs_next exchange_code(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct login_work *w = auth->exchange;

    if (!oidc_token_ask(f, auth, w))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "the token request could not be made");
    return ecs_neighbour_ask(f, w->provider->neighbour, &w->ask, &w->answer);
}

/* Nothing was spent: the device may come again with the same address. */
static enum ecs_next later(struct ecs_flow *f, enum ecs_rc rc, const char *why)
{
    struct ecs_auth *auth = f->self;
    struct login_work *w = auth->exchange;

    w->later_rc = rc;
    w->later = why;
    if (w->answer.retry_after_s > 0)
        auth->retry_after_s =
            (uint32_t)(w->answer.retry_after_s < RETRY_MAX_S ? w->answer.retry_after_s : RETRY_MAX_S);
    return ecs_flow_goto(f, reopen);
}

static enum ecs_next read_tokens(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct login_work *w = auth->exchange;
    const char *why = NULL;

    if (w->answer.rc != ECS_OK)
        return later(
            f, w->answer.rc == ECS_E_TIMEOUT || w->answer.rc == ECS_E_OVERLOAD ? w->answer.rc : ECS_E_BACKEND,
            w->answer.error ? w->answer.error : "the token endpoint does not answer");
    switch (
        oidc_token_read(f->arena, w->answer.status, w->answer.body, &w->access_token, &w->id_token, &why)) {
    case OIDC_TOKEN_OK:
        return ECS_NEXT;
    case OIDC_TOKEN_REFUSED:
        return ecs_flow_fail(f, ECS_E_AUTH_NEEDED, "%s", why);
    case OIDC_TOKEN_CONFIG:
        ecs_log_at(f->log, ECS_EV_NEIGHBOUR_DOWN, ECS_LOG_ERROR, "%s: %s (HTTP status %d)",
                   w->provider->conf->name, why, w->answer.status);
        break;
    case OIDC_TOKEN_LATER:
        break;
    }
    (void)auth;
    return later(f, ECS_E_BACKEND, why);
}

static enum ecs_next check_id_token(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct login_work *w = auth->exchange;
    const struct ecs_oidc_conf *c = w->provider->conf;
    struct ecs_str *client = ecs_alloc(f->arena, sizeof(*client));
    struct ecs_jws_expect *expect = ecs_alloc(f->arena, sizeof(*expect));

    if (!client || !expect)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the ID token");
    *client = ecs_str_of(c->client_id);
    *expect = (struct ecs_jws_expect){
        .algs = w->provider->algorithms,
        .iss = ecs_str_of(c->issuer),
        .aud = client,
        .aud_n = 1,
        .azp = *client,
        .nonce = w->row.nonce,
        .now = auth->now,
        .skew_s = c->skew_s,
        .need_exp = true,
        .need_iat = true,
        .need_sub = true,
    };
    return ecs_jwks_verify(f, w->provider->jwks, w->id_token, expect, &w->id);
}

/* ECS_NEXT, or what a token that does not hold leads to. */
static enum ecs_next judge(struct ecs_flow *f, const struct ecs_jwks_result *result, const char *what)
{
    struct ecs_auth *auth = f->self;
    struct login_work *w = auth->exchange;
    const char *why;

    if (result->rc != ECS_OK)
        return ecs_flow_fail(f, result->rc, "%s: the provider's keys cannot be fetched", what);
    if (result->verdict == ECS_JWS_OK)
        return ECS_NEXT;
    if (result->verdict == ECS_JWS_NO_KEY) { /* rotated, and asked for a moment ago */
        auth->retry_after_s = ROTATION_S;
        return ecs_flow_fail(f, ECS_E_BACKEND, "%s: signed by a key that the provider has not published",
                             what);
    }
    why = ecs_printf(f->arena, "%s: %s", what, ecs_jws_verdict_text(result->verdict));
    return login_decline(f, w->provider, ECS_E_AUTH_REJECTED, ECS_STR("invalid_token"), why ? why : what);
}

/* auth_time within max_age (OIDC core 3.1.2.1). */
static bool is_recent(struct ecs_flow *f, const struct login_work *w, int64_t now)
{
    const struct ecs_oidc_conf *c = w->provider->conf;
    int64_t at;

    return !c->max_age_s || (ecs_str_to_i64(ecs_jws_claim(&w->id.claims, "auth_time", f->arena), &at) &&
                             at <= now + c->skew_s && now - at <= c->max_age_s + c->skew_s);
}

static enum ecs_next check_access_token(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct login_work *w = auth->exchange;
    const struct ecs_oidc_conf *c = w->provider->conf;
    enum ecs_next next = judge(f, &w->id, "ID token");
    struct ecs_str at_hash;
    struct ecs_jws_expect *expect;

    if (next != ECS_NEXT)
        return next;
    if (!is_recent(f, w, auth->now))
        return login_decline(f, w->provider, ECS_E_AUTH_REJECTED, ECS_STR("invalid_token"),
                             "ID token: auth_time is missing or longer ago than max_age");
    at_hash = ecs_jws_claim(&w->id.claims, "at_hash", f->arena);
    if (at_hash.n && !oidc_access_token_fits(auth->env->crypto, w->access_token, at_hash))
        return login_decline(f, w->provider, ECS_E_AUTH_REJECTED, ECS_STR("invalid_token"),
                             "access token: is not the one of at_hash");
    if (!c->access_token_jwt)
        return ECS_NEXT;
    expect = ecs_alloc(f->arena, sizeof(*expect));
    if (!expect)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the access token");
    *expect = (struct ecs_jws_expect){
        .algs = w->provider->algorithms,
        .iss = ecs_str_of(c->issuer),
        .aud = c->access_token_audience.items,
        .aud_n = c->access_token_audience.n,
        .now = auth->now,
        .skew_s = c->skew_s,
        .need_exp = true,
    };
    return ecs_jwks_verify(f, w->provider->jwks, w->access_token, expect, &w->access);
}

/* ---- the subscriber ---- */

/* OpenID Connect core 5.1: "phone_number_verified": false is a number that the user has only typed in. */
static bool is_unverified(const struct login_work *w)
{
    bool told = false;

    return strcmp(w->provider->conf->subject_claim, "phone_number") == 0 &&
           ecs_jws_claim_bool(&w->id.claims, "phone_number_verified", &told) && !told;
}

static enum ecs_next find_lines(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct login_work *w = auth->exchange;
    const struct ecs_oidc_conf *c = w->provider->conf;
    struct ecs_str prefix = ecs_str_of(c->subject_prefix);
    struct ecs_msisdn msisdn;
    struct ecs_imsi imsi;
    bool good;

    if (c->access_token_jwt) {
        enum ecs_next next = judge(f, &w->access, "access token");

        if (next != ECS_NEXT)
            return next;
    }
    if (is_unverified(w))
        return login_decline(f, w->provider, ECS_E_AUTH_REJECTED, ECS_STR("unknown_subscriber"),
                             "ID token: phone_number_verified is false");
    w->subject = ecs_jws_claim(&w->id.claims, c->subject_claim, f->arena);
    if (prefix.n && ecs_str_starts_with(w->subject, prefix))
        w->subject = (struct ecs_str){w->subject.p + prefix.n, w->subject.n - prefix.n};
    good = w->subject.n && w->subject.n <= CLAIM_MAX;
    if (good && c->subject == ECS_SUBJECT_MSISDN && (good = ecs_msisdn_parse(w->subject, &msisdn)))
        w->subject.p = ecs_strdup(f->arena, ecs_str_of(msisdn.s)), w->subject.n = strlen(msisdn.s);
    if (good && c->subject == ECS_SUBJECT_IMSI)
        good = ecs_imsi_parse(w->subject, &imsi);
    if (!good || !w->subject.p)
        return login_decline(f, w->provider, ECS_E_AUTH_REJECTED, ECS_STR("unknown_subscriber"),
                             "ID token: the claim that names the subscriber is missing or malformed");
    return ecs_store_login_lines(f, auth->env->store, (enum ecs_subject_by)c->subject, ecs_str_of(c->name),
                                 w->subject, &w->lines);
}

/* The line of the SIM in the device when it tells, else the only one. */
static const struct ecs_login_line *line_of(const struct ecs_login_lines *lines,
                                            const struct ecs_ts43_request *request)
{
    if (!request->has_imsi)
        return lines->n == 1 ? &lines->line[0] : NULL;
    for (size_t i = 0; i < lines->n; i++)
        if (ecs_str_eq(lines->line[i].imsi, ecs_str_of(request->imsi.s)))
            return &lines->line[i];
    return NULL;
}

static enum ecs_next choose_line(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct login_work *w = auth->exchange;

    w->line = line_of(&w->lines, auth->request);
    if (!w->lines.n)
        return login_decline(f, w->provider, ECS_E_FORBIDDEN, ECS_STR("unknown_subscriber"),
                             "no line belongs to this account");
    if (!w->line)
        return login_decline(f, w->provider, ECS_E_FORBIDDEN, ECS_STR("other_line"),
                             auth->request->has_imsi
                                 ? "the account has other lines than the one that IMSI names"
                                 : "the account has several lines and the device does not say which");
    if (!ecs_imsi_parse(w->line->imsi, &auth->imsi))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "a row holds no IMSI");
    if (w->provider->conf->second_factor == ECS_FACTOR_NONE)
        return login_passed(f, "login at", w->provider->conf->name);
    return factor_begin(f);
}

static enum ecs_next send_to_factor(struct ecs_flow *f)
{
    return factor_redirect(f);
}

static enum ecs_next check_factor(struct ecs_flow *f)
{
    return factor_check(f);
}

/* ---- not now ---- */

static enum ecs_next reopen(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct login_work *w = auth->exchange;

    return ecs_store_login_reopen(f, auth->env->store, w->handle);
}

static enum ecs_next try_later(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    const struct login_work *w = auth->exchange;

    return ecs_flow_fail(f, w->later_rc, "%s", w->later);
}

const struct ecs_step ecs_auth_oidc_return_steps[] = {
    {"take-login", take_login, LOGIN_DB_MS},
    {"adopt-login", adopt_login, 0},
    {"exchange-code", exchange_code, LOGIN_ASK_MS},
    {"read-tokens", read_tokens, 0},
    {"check-id-token", check_id_token, LOGIN_ASK_MS},
    {"check-access-token", check_access_token, LOGIN_ASK_MS},
    {"find-lines", find_lines, LOGIN_DB_MS},
    {"choose-line", choose_line, LOGIN_DB_MS},
    {"send-to-factor", send_to_factor, 0},
    {"check-factor", check_factor, 0},
    {"reopen", reopen, LOGIN_DB_MS},
    {"try-later", try_later, 0},
    {0},
};
