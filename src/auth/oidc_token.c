/* SPDX-License-Identifier: Apache-2.0 */
/* The token endpoint of an OpenID Connect provider: what it is asked (RFC 6749 4.1.3, RFC 7523 2.2, RFC 7636
 * 4.5) and what its answer says (RFC 6749 5, OIDC core 3.1.3). No I/O here. */
#include <string.h>

#include "ecs/form.h"
#include "ecs/json.h"
#include "login_priv.h"

enum { ASSERTION_S = 60, BODY_MAX = 32768, TOKEN_MAX = 16384 };

/* ---- asking ---- */

static void add(struct ecs_buf *body, const char *name, struct ecs_str value)
{
    if (body->n)
        ecs_buf_add_char(body, '&');
    ecs_buf_add_cstr(body, name);
    ecs_buf_add_char(body, '=');
    ecs_form_add_escaped(body, value);
}

/* {NULL, 0}: no memory, or the key cannot sign. */
static struct ecs_str make_assertion(struct ecs_flow *f, const struct ecs_auth *auth,
                                     const struct login_provider *p)
{
    struct ecs_buf claims = {.limit = BODY_MAX};
    struct ecs_json_out out = {.buf = &claims};
    char id[ECS_LOGIN_SECRET_LEN + 1];
    struct ecs_str text = ECS_STR_NULL;

    if (!ecs_login_secret(auth->env->crypto, id))
        return text;
    ecs_json_begin(&out, NULL, '{');
    ecs_json_str(&out, "iss", ecs_str_of(p->conf->client_id));
    ecs_json_str(&out, "sub", ecs_str_of(p->conf->client_id));
    ecs_json_str(&out, "aud", ecs_str_of(p->conf->token_url));
    ecs_json_str(&out, "jti", ecs_str_of(id));
    ecs_json_i64(&out, "iat", auth->now);
    ecs_json_i64(&out, "exp", auth->now + ASSERTION_S);
    ecs_json_end(&out, '}');
    if (!claims.overflow)
        text = ecs_jws_sign(p->signer, ecs_buf_str(&claims), f->arena);
    ecs_buf_done(&claims);
    return text;
}

/* RFC 6749 2.3.1: both parts of Basic are form-encoded first. In the arena. */
static const char *escaped(struct ecs_flow *f, const char *text)
{
    struct ecs_buf out = {.limit = BODY_MAX};
    char *copy = NULL;

    ecs_form_add_escaped(&out, ecs_str_of(text));
    if (!out.overflow)
        copy = ecs_strdup(f->arena, ecs_buf_str(&out));
    ecs_buf_done(&out);
    return copy;
}

static bool add_client(struct ecs_flow *f, const struct ecs_auth *auth, struct login_work *w,
                       struct ecs_buf *body)
{
    const struct ecs_oidc_conf *c = w->provider->conf;
    struct ecs_str assertion;

    switch ((enum ecs_oidc_client_auth)c->client_auth) {
    case ECS_OIDC_SECRET_BASIC:
        w->ask.basic_user = escaped(f, c->client_id);
        w->ask.basic_password = escaped(f, c->client_secret);
        return w->ask.basic_user && w->ask.basic_password;
    case ECS_OIDC_SECRET_POST:
        add(body, "client_id", ecs_str_of(c->client_id));
        add(body, "client_secret", ecs_str_of(c->client_secret));
        return true;
    case ECS_OIDC_PRIVATE_KEY:
        assertion = make_assertion(f, auth, w->provider);
        add(body, "client_id", ecs_str_of(c->client_id));
        add(body, "client_assertion_type", ECS_STR("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
        add(body, "client_assertion", assertion);
        return assertion.n > 0;
    }
    return false;
}

bool oidc_token_ask(struct ecs_flow *f, const struct ecs_auth *auth, struct login_work *w)
{
    struct ecs_buf body = {.limit = BODY_MAX};
    char *copy = NULL;
    bool good;

    w->ask = (struct ecs_ask){.method = "POST",
                              .url = w->provider->conf->token_url,
                              .header = {{"Accept", "application/json"}},
                              .content_type = "application/x-www-form-urlencoded"};
    add(&body, "grant_type", ECS_STR("authorization_code"));
    add(&body, "code", w->code);
    add(&body, "redirect_uri", ecs_str_of(auth->env->logins->redirect_uri));
    if (w->row.verifier.n)
        add(&body, "code_verifier", w->row.verifier);
    good = add_client(f, auth, w, &body);
    if (good && !body.overflow)
        copy = ecs_arena_secret(f->arena, body.n);
    if (copy) {
        memcpy(copy, body.p, body.n);
        w->ask.body = (struct ecs_str){copy, body.n};
        ecs_wipe(body.p, body.n);
    }
    ecs_buf_done(&body);
    return copy != NULL;
}

/* ---- reading ---- */

/* A member that is there once and is a string, else {NULL, 0}. */
static struct ecs_str member(const struct ecs_json_flat *flat, const char *name)
{
    struct ecs_str found = ECS_STR_NULL;
    unsigned n = 0;

    for (size_t i = 0; i < flat->n; i++)
        if (ecs_str_eq(flat->member[i].name, ecs_str_of(name))) {
            n++;
            found = flat->member[i].kind == ECS_JSON_STRING ? flat->member[i].value : ECS_STR_NULL;
        }
    return n == 1 ? found : ECS_STR_NULL;
}

static enum oidc_token_verdict read_error(const struct ecs_json_flat *flat, int status, const char **ret_why)
{
    struct ecs_str error = member(flat, "error");

    if (ecs_str_eq(error, ECS_STR("invalid_grant"))) {
        *ret_why = "the token endpoint refuses the code";
        return OIDC_TOKEN_REFUSED;
    }
    if (status == 429 || status >= 500 || ecs_str_eq(error, ECS_STR("temporarily_unavailable")) ||
        ecs_str_eq(error, ECS_STR("server_error"))) {
        *ret_why = "the token endpoint is out of order";
        return OIDC_TOKEN_LATER;
    }
    *ret_why = "the token endpoint does not accept this client: see section oidc of the configuration";
    return OIDC_TOKEN_CONFIG;
}

enum oidc_token_verdict oidc_token_read(struct ecs_arena *arena, int status, struct ecs_str body,
                                        struct ecs_str *ret_access, struct ecs_str *ret_id,
                                        const char **ret_why)
{
    struct ecs_json_flat flat = {0};
    const char *fault;
    bool readable = ecs_json_flat_parse(arena, body, &flat, &fault) == ECS_OK;
    struct ecs_str access, id;

    if (status != 200)
        return read_error(&flat, status, ret_why);
    access = member(&flat, "access_token");
    id = member(&flat, "id_token");
    *ret_why = "the answer of the token endpoint is no JSON object";
    if (!readable)
        return OIDC_TOKEN_LATER;
    *ret_why = "the answer of the token endpoint lacks access_token, id_token or token_type Bearer";
    if (!access.n || !id.n || access.n > TOKEN_MAX ||
        !ecs_str_eq_nocase(member(&flat, "token_type"), ECS_STR("Bearer")))
        return OIDC_TOKEN_LATER;
    *ret_access = access;
    *ret_id = id;
    return OIDC_TOKEN_OK;
}

bool oidc_access_token_fits(struct ecs_crypto *crypto, struct ecs_str access_token, struct ecs_str at_hash)
{
    uint8_t digest[ECS_SHA256_LEN], given[ECS_SHA256_LEN / 2];

    return ecs_digest(crypto, ECS_DIGEST_SHA256, &access_token, 1, digest) &&
           ecs_base64_decode(at_hash, given, sizeof(given)) == (ptrdiff_t)sizeof(given) &&
           ecs_ct_equal(given, digest, sizeof(given));
}
