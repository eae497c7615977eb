/* SPDX-License-Identifier: Apache-2.0 */
/* The second factor behind a login (TS.43 2.8.2.1): our own code page or a server of the operator's. Nothing
 * is given out before it has passed, and what proves it is single-use or signed, never a flag.
 *
 * Our page returns state (the transaction) and code (a proof of 160 random bits, in the row as a digest).
 * A foreign server gets the transaction and a signed request, and returns state and code, a signed result:
 * {"iss": second_factor_url, "aud": redirect_uri, "nonce": transaction, "exp": ..., "result": "passed"}. */
#include <string.h>

#include "ecs/json.h"
#include "login_priv.h"

enum { REQUEST_S = 300, RESULT_S = 600, CLAIMS_MAX = 8192 };

enum ecs_next factor_begin(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct login_work *w = auth->exchange;
    const struct ecs_oidc_conf *c = w->provider->conf;
    bool page = c->second_factor == ECS_FACTOR_PAGE;

    if (page && !w->line->msisdn.n)
        return login_decline(f, w->provider, ECS_E_FORBIDDEN, ECS_STR("no_number"),
                             "the line has no number that a code could be sent to");
    if (!ecs_login_secret(auth->env->crypto, w->tx) ||
        !ecs_login_digest(auth->env->crypto, ECS_LOGIN_OF_STATE, ecs_str_of(w->tx), w->tx_handle) ||
        (page &&
         !ecs_login_digest(auth->env->crypto, ECS_LOGIN_OF_FACTOR_NUMBER, w->line->msisdn, w->number)))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "the second factor could not be prepared");
    w->factor = (struct ecs_login_new){
        .handle = w->tx_handle,
        .kind = ECS_LOGIN_FACTOR,
        .provider = ecs_str_of(c->name),
        .request = w->row.request,
        .imsi = w->line->imsi,
        .number = page ? w->number : NULL,
        .life_s = (unsigned)c->life_s,
    };
    return ecs_store_login_add(f, auth->env->store, &w->factor);
}

/* What a foreign server is told, signed with the shared secret; {NULL, 0}: no memory. */
static struct ecs_str sign_request(struct ecs_flow *f, const struct ecs_auth *auth,
                                   const struct login_work *w)
{
    const struct ecs_oidc_conf *c = w->provider->conf;
    struct ecs_buf claims = {.limit = CLAIMS_MAX};
    struct ecs_json_out out = {.buf = &claims};
    struct ecs_str text = ECS_STR_NULL;

    ecs_json_begin(&out, NULL, '{');
    ecs_json_str(&out, "iss", ecs_str_of(auth->env->logins->redirect_uri));
    ecs_json_str(&out, "aud", ecs_str_of(c->second_factor_url));
    ecs_json_str(&out, "sub", w->id.claims.sub);
    ecs_json_str(&out, "nonce", ecs_str_of(w->tx));
    ecs_json_i64(&out, "iat", auth->now);
    ecs_json_i64(&out, "exp", auth->now + REQUEST_S);
    ecs_json_end(&out, '}');
    if (!claims.overflow)
        text = ecs_jws_sign(w->provider->factor, ecs_buf_str(&claims), f->arena);
    ecs_buf_done(&claims);
    return text;
}

enum ecs_next factor_redirect(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct login_work *w = auth->exchange;
    const struct ecs_oidc_conf *c = w->provider->conf;

    if (c->second_factor == ECS_FACTOR_PAGE) {
        auth->location =
            ecs_login_url(f->arena, auth->env->logins->page_url, "t", ecs_str_of(w->tx), NULL, ECS_STR_NULL);
    } else {
        struct ecs_str request = sign_request(f, auth, w);

        if (request.n)
            auth->location =
                ecs_login_url(f->arena, c->second_factor_url, "state", ecs_str_of(w->tx), "request", request);
    }
    if (!auth->location.p)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the address of the second factor");
    auth->outcome = ECS_AUTH_REDIRECT;
    return ECS_DONE;
}

static bool proof_holds(const struct ecs_auth *auth, const struct login_work *w)
{
    uint8_t digest[ECS_LOGIN_DIGEST];

    return w->row.proof.n == sizeof(digest) &&
           ecs_login_digest(auth->env->crypto, ECS_LOGIN_OF_PROOF, w->code, digest) &&
           ecs_ct_equal(digest, w->row.proof.p, sizeof(digest));
}

/* NULL: passed; else why not. */
static const char *result_fault(struct ecs_flow *f, const struct ecs_auth *auth, const struct login_work *w)
{
    const struct ecs_oidc_conf *c = w->provider->conf;
    struct ecs_str us = ecs_str_of(auth->env->logins->redirect_uri);
    struct ecs_jws_expect expect = {
        .algs = 1u << ECS_JWS_HS256,
        .iss = ecs_str_of(c->second_factor_url),
        .aud = &us,
        .aud_n = 1,
        .nonce = w->state,
        .now = auth->now,
        .skew_s = c->skew_s,
        .max_life_s = RESULT_S,
        .need_exp = true,
    };
    struct ecs_jws_claims claims;
    enum ecs_jws_verdict verdict =
        ecs_jws_verify(w->code, w->provider->factor_key, &expect, f->arena, &claims);

    if (verdict != ECS_JWS_OK)
        return ecs_jws_verdict_text(verdict);
    return ecs_str_eq(ecs_jws_claim(&claims, "result", f->arena), ECS_STR("passed")) ? NULL
                                                                                     : "it did not pass";
}

enum ecs_next factor_check(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct login_work *w = auth->exchange;
    const char *fault = NULL;

    switch ((enum ecs_oidc_factor)w->provider->conf->second_factor) {
    case ECS_FACTOR_PAGE:
        fault = proof_holds(auth, w) ? NULL : "code is not the proof of the code page";
        break;
    case ECS_FACTOR_EXTERNAL:
        fault = result_fault(f, auth, w);
        break;
    case ECS_FACTOR_NONE: /* changed by a reload meanwhile */
        fault = "it is not configured any more";
        break;
    }
    if (fault) {
        const char *why = ecs_printf(f->arena, "second factor: %s", fault);

        return login_decline(f, w->provider, ECS_E_AUTH_REJECTED, ECS_STR("second_factor_failed"),
                             why ? why : "second factor");
    }
    if (!ecs_imsi_parse(w->row.imsi, &auth->imsi))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "a row holds no IMSI");
    return login_passed(f, "login with second factor at", w->provider->conf->name);
}
