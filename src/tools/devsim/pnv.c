/* SPDX-License-Identifier: Apache-2.0 */
/* A number-verification server (clients.md 5): an access token by client credentials with HTTP Basic, or by a
 * signed assertion about the temporary token (RFC 7523 2.1), then GetPhoneNumber by POST. Answers are judged
 * by RFC 6749, TS.43 Table 8 and the carrier specification that the digest cites. */

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "ecs/clock.h"
#include "ecs/json.h"
#include "ecs/jws.h"

enum { KEY_MAX = 16384, ASSERTION_LIFE_S = 300, CREDENTIALS_LIFE_S = 3600 };

static bool ECS_PRINTF(2, 3) stop(struct ecs_sim_device *d, const char *format, ...)
{
    char text[300];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    ecs_sim_find(&d->report, ECS_SIM_BREAK, "", "%s", text);
    d->outcome = ECS_SIM_GOT_RUBBISH;
    return false;
}

/* ---- assertion ---- */

static struct ecs_jws_signer *load_signer(struct ecs_sim_device *d)
{
    struct ecs_str name = ecs_str_of(d->pnv->assertion_alg ? d->pnv->assertion_alg : "RS256");
    const char *reason = "cannot be read";
    char pem[KEY_MAX];
    enum ecs_jws_alg alg;
    struct ecs_jws_signer *signer = NULL;
    FILE *file = NULL;
    size_t n;

    if (!ecs_jws_alg_find(name, &alg) || alg == ECS_JWS_HS256) {
        stop(d, "--assertion-alg %s is none of RS256, PS256, ES256", name.p);
        return NULL;
    }
    file = fopen(d->pnv->assertion_key, "re");
    n = file ? fread(pem, 1, sizeof(pem), file) : 0;
    if (file)
        fclose(file);
    if (n && n < sizeof(pem))
        signer = ecs_jws_signer_new(alg, (struct ecs_str){pem, n}, d->pnv->kid, &reason);
    ecs_wipe(pem, sizeof(pem));
    if (!signer)
        stop(d, "the key of the assertion: %s", reason);
    return signer;
}

/* About a temporary token (grant jwt-bearer), or about the server itself (private_key_jwt). {NULL, 0} with
 * the outcome set when it cannot be made. */
static struct ecs_str make_assertion(struct ecs_sim_device *d, const char *audience)
{
    struct ecs_jws_signer *signer = load_signer(d);
    struct ecs_buf claims = {0};
    struct ecs_json_out out = {.buf = &claims};
    struct ecs_str made = ECS_STR_NULL;
    int64_t now = ecs_clock_now();
    uint8_t id[16];
    char jti[2 * sizeof(id) + 1];
    const char *issuer = d->pnv->issuer ? d->pnv->issuer : d->pnv->client_id;
    const char *subject =
        d->temporary.n ? ecs_printf(d->arena, "temptoken:%.*s", ECS_FMT(d->temporary)) : issuer;

    if (!signer)
        return made;
    if (ecs_random(d->crypto, id, sizeof(id))) {
        ecs_hex_encode(id, sizeof(id), jti);
        ecs_json_begin(&out, NULL, '{');
        ecs_json_str(&out, "iss", ecs_str_of(issuer ? issuer : "google-pnv"));
        ecs_json_str(&out, "sub", ecs_str_of(subject));
        ecs_json_str(&out, "aud", ecs_str_of(audience));
        ecs_json_i64(&out, "iat", now);
        ecs_json_i64(&out, "exp", now + ASSERTION_LIFE_S);
        ecs_json_str(&out, "jti", ecs_str_of(jti));
        if (d->pnv->scope)
            ecs_json_str(&out, "scope", ecs_str_of(d->pnv->scope));
        ecs_json_end(&out, '}');
        if (!claims.overflow)
            made = ecs_jws_sign(signer, ecs_buf_str(&claims), d->arena);
    }
    ecs_buf_done(&claims);
    ecs_jws_signer_free(signer);
    if (!made.n)
        stop(d, "the assertion cannot be signed");
    return made;
}

/* ---- token endpoint ---- */

static void add_field(struct ecs_buf *body, const char *name, struct ecs_str value)
{
    ecs_buf_printf(body, "%s%s=", body->n ? "&" : "", name);
    ecs_sim_escape(body, value, ECS_SIM_ESCAPE_FORM);
}

/* Name and secret, each escaped as in a form (RFC 6749 2.3.1). */
static char *basic_credentials(struct ecs_sim_device *d)
{
    struct ecs_buf plain = {0};
    char *text = NULL;

    ecs_sim_escape(&plain, ecs_str_of(d->pnv->client_id), ECS_SIM_ESCAPE_FORM);
    ecs_buf_add_char(&plain, ':');
    ecs_sim_escape(&plain, ecs_str_of(d->pnv->client_secret), ECS_SIM_ESCAPE_FORM);
    if (!plain.overflow)
        text = ecs_alloc(d->arena, ECS_BASE64_LEN(plain.n) + 1);
    if (text)
        ecs_base64_encode(plain.p, plain.n, text);
    ecs_buf_done(&plain);
    return text;
}

static void add_assertion(const struct ecs_sim_device *d, struct ecs_buf *body, struct ecs_str assertion)
{
    if (d->temporary.n) {
        add_field(body, "grant_type", ECS_STR("urn:ietf:params:oauth:grant-type:jwt-bearer"));
        add_field(body, "assertion", assertion);
        return;
    }
    add_field(body, "grant_type", ECS_STR("client_credentials"));
    add_field(body, "client_assertion_type",
              ECS_STR("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
    add_field(body, "client_assertion", assertion);
}

static bool write_token_request(struct ecs_sim_device *d, const struct ecs_sim_url *url, struct ecs_buf *out)
{
    struct ecs_buf body = {0};
    char *basic = d->pnv->assertion_key ? NULL : basic_credentials(d);
    struct ecs_str assertion = ECS_STR_NULL;

    if (d->pnv->assertion_key) {
        assertion = make_assertion(d, url->text);
        if (!assertion.n)
            return false;
        ecs_sim_explain_mask(&d->explain, assertion);
        add_assertion(d, &body, assertion);
    } else {
        ecs_sim_explain_mask(&d->explain, ecs_str_of(basic));
        add_field(&body, "grant_type", ECS_STR("client_credentials"));
    }
    if (d->pnv->scope)
        add_field(&body, "scope", ecs_str_of(d->pnv->scope));
    if (d->pnv->resource)
        add_field(&body, "resource", ecs_str_of(d->pnv->resource));
    ecs_buf_printf(
        out, "POST %s%s%.*s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nAccept: application/json\r\n",
        url->path, url->query.n ? "?" : "", ECS_FMT(url->query), url->authority, d->wire.who->user_agent);
    if (basic)
        ecs_buf_printf(out, "Authorization: Basic %s\r\n", basic);
    ecs_buf_printf(out, "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n\r\n",
                   body.n);
    ecs_buf_add_str(out, ecs_buf_str(&body));
    ecs_buf_done(&body);
    return !out->overflow || stop(d, "the request is too large");
}

/* RFC 6749 5.1, 5.2 */
static bool read_access_token(struct ecs_sim_device *d)
{
    json_t *root = json_loadb(d->body.p, d->body.n, JSON_REJECT_DUPLICATES, NULL);
    const char *token = json_string_value(json_object_get(root, "access_token"));
    const char *type = json_string_value(json_object_get(root, "token_type"));
    const char *error = json_string_value(json_object_get(root, "error"));
    json_int_t life = json_integer_value(json_object_get(root, "expires_in"));
    struct ecs_str cache = ecs_sim_response_header(&d->response, "Cache-Control");
    int most = d->pnv->assertion_key && d->temporary.n ? ASSERTION_LIFE_S : CREDENTIALS_LIFE_S;
    bool good = d->response.status == 200 && token && *token && type && !strcasecmp(type, "Bearer");

    d->outcome = d->response.status == 200 ? ECS_SIM_GOT_RUBBISH : ECS_SIM_GOT_STATUS;
    if (d->response.status != 200)
        ecs_sim_find(&d->report, ECS_SIM_NOTE, "", "the token endpoint answers %d%s%s", d->response.status,
                     error ? ": " : " without an error code (RFC 6749 5.2)", error ? error : "");
    else if (!good)
        ecs_sim_find(&d->report, ECS_SIM_BREAK, "",
                     "the answer of the token endpoint lacks %s (RFC 6749 5.1)",
                     token && *token ? "token_type Bearer" : "access_token");
    if (good && (life <= 0 || life > most))
        ecs_sim_find(&d->report, ECS_SIM_FAULT, "", "expires_in is missing, or over %d s (clients.md 5)",
                     most);
    if (good && ecs_str_find_nocase(cache, ECS_STR("no-store")) < 0)
        ecs_sim_find(&d->report, ECS_SIM_FAULT, "", "the token's answer lacks Cache-Control: no-store");
    if (good) {
        ecs_sim_explain_mask(&d->explain, ecs_str_of(token));
        ecs_sim_params_set(&d->params, ECS_STR("access_token"), ecs_str_of(token));
    }
    json_decref(root);
    return good;
}

bool ecs_sim_device_access_token(struct ecs_sim_device *d)
{
    const struct ecs_sim_pnv *pnv = d->pnv;
    const char *web = pnv->web_path ? pnv->web_path : "/web";
    const char *text = pnv->token_url ? pnv->token_url
                                      : ecs_printf(d->arena, "https://%s%s%s/oauth/token", d->url.authority,
                                                   *web == '/' ? "" : "/", web);
    struct ecs_buf request = {0};
    struct ecs_sim_url url;
    char err[300];
    bool good;

    if (!pnv->assertion_key && !(pnv->client_id && pnv->client_secret))
        return stop(d, "--client-id with --client-secret or --assertion-key is missing");
    if (!text || !ecs_sim_url_parse(d->arena, text, &url, err, sizeof(err)))
        return stop(d, "the address of the token endpoint cannot be used");
    good = write_token_request(d, &url, &request) &&
           ecs_sim_device_exchange(d, &url, ecs_buf_str(&request)) == ECS_SIM_EXCHANGED &&
           read_access_token(d);
    ecs_buf_done(&request);
    return good;
}

/* ---- the number ---- */

enum ecs_sim_result ecs_sim_device_pnv(struct ecs_sim_device *d, struct ecs_buf *words)
{
    const struct ecs_sim_pnv *pnv = d->pnv;
    bool basic = pnv->client_id && pnv->client_secret;

    if (!d->temporary.n) {
        stop(d, "--temporary-token is missing: the phone side gets one (personality gms)");
        return ECS_SIM_RESULT_USAGE;
    }
    ecs_sim_explain_mask(&d->explain, d->temporary);
    if (pnv->access_token)
        ecs_sim_params_set(&d->params, ECS_STR("access_token"), ecs_str_of(pnv->access_token));
    else if ((basic || pnv->assertion_key) && !ecs_sim_device_access_token(d))
        return ecs_sim_result_of(d);
    if (ecs_sim_device_start(d, ECS_SIM_AUTH_TEMPORARY) == ECS_SIM_GOT_DOCUMENT)
        ecs_sim_device_study(d, words);
    else if (d->outcome == ECS_SIM_GOT_STATUS)
        ecs_sim_status_judge(d, false, 0);
    return ecs_sim_result_of(d);
}
