/* SPDX-License-Identifier: Apache-2.0 */
/* What logins of people share: providers of one worker, secrets and their digests, one-time codes, the way
 * back to the saved request, the refusal as a document. */
#include <stdlib.h>
#include <string.h>

#include "ecs/form.h"
#include "ecs/messages.h"
#include "ecs/negotiate.h"
#include "login_priv.h"

enum { LIMITER_SLOTS = 16, JWKS_STALE_S = 86400, REASON_MAX = 64, REF_BYTES = 5 };

/* ---- life ---- */

static const char *make_keys(struct login_provider *p)
{
    const struct ecs_oidc_conf *c = p->conf;
    const char *why = "no memory";

    if (c->client_auth == ECS_OIDC_PRIVATE_KEY) {
        p->signer = ecs_jws_signer_new((enum ecs_jws_alg)c->key_algorithm, ecs_str_of(c->private_key),
                                       c->key_id[0] ? c->key_id : NULL, &why);
        if (!p->signer)
            return why;
    }
    if (c->second_factor == ECS_FACTOR_EXTERNAL) {
        p->factor = ecs_jws_signer_secret(ecs_str_of(c->second_factor_secret), NULL);
        p->factor_key = ecs_jwk_set_secret(ecs_str_of(c->second_factor_secret));
        if (!p->factor || !p->factor_key)
            return "second_factor_secret cannot be used";
    }
    return NULL;
}

static const char *make_provider(struct ecs_http_pool *pool, const struct ecs_logins_conf *conf,
                                 struct login_provider *p)
{
    const struct ecs_oidc_conf *c = p->conf;
    struct ecs_neighbour_conf neighbour = {
        .name = c->name,
        .ca_file = c->ca_file,
        .total_ms = (uint32_t)c->timeout_ms,
        .connect_ms = (uint32_t)c->timeout_ms,
        .max_in_flight = (unsigned)c->in_flight,
        .stats = conf->stats_of ? conf->stats_of(conf->stats_owner, c->name) : NULL,
        .allow_plain = true, /* ecs_oidc_check lets nothing but loopback pass */
    };
    struct ecs_jwks_conf jwks = {
        .url = c->jwks_url, .min_interval_s = c->key_interval_s, .stale_s = JWKS_STALE_S};

    for (size_t i = 0; i < c->algorithms.n; i++) {
        enum ecs_jws_alg alg;

        if (ecs_jws_alg_find(c->algorithms.items[i], &alg))
            p->algorithms |= 1u << alg;
    }
    p->begun = ecs_limiter_new((uint32_t)c->begin_per_minute, (uint32_t)c->begin_per_minute, LIMITER_SLOTS);
    p->neighbour = ecs_neighbour_new(pool, &neighbour);
    p->jwks = p->neighbour ? ecs_jwks_new(p->neighbour, &jwks) : NULL;
    if (!p->begun || !p->jwks)
        return "no memory";
    return make_keys(p);
}

static void free_provider(struct login_provider *p)
{
    ecs_jwks_free(p->jwks);
    ecs_neighbour_free(p->neighbour);
    ecs_jws_signer_free(p->signer);
    ecs_jws_signer_free(p->factor);
    ecs_jwk_set_free(p->factor_key);
    ecs_limiter_free(p->begun);
}

struct ecs_logins *ecs_logins_new(struct ecs_http_pool *pool, const struct ecs_logins_conf *conf,
                                  const char **ret_error)
{
    struct ecs_logins *l = calloc(1, sizeof(*l));
    const struct ecs_otp_conf *otp = conf->otp;
    const char *error = NULL;

    *ret_error = "no memory";
    if (!l)
        return NULL;
    l->otp = otp;
    l->messages = conf->messages;
    l->sms = conf->sms;
    l->limits = (struct ecs_otp_limits){(unsigned)otp->life_s, (unsigned)otp->interval_s,
                                        (unsigned)otp->per_day, (unsigned)otp->tries};
    l->redirect_uri = strdup(conf->redirect_uri);
    l->page_url = strdup(conf->page_url);
    l->otp_begun =
        ecs_limiter_new((uint32_t)otp->begin_per_minute, (uint32_t)otp->begin_per_minute, LIMITER_SLOTS);
    l->provider = calloc(conf->oidc_n + 1, sizeof(*l->provider));
    if (!l->redirect_uri || !l->page_url || !l->otp_begun || !l->provider)
        error = "no memory";
    for (size_t i = 0; i < conf->oidc_n && !error; i++) {
        l->provider[i].conf = &conf->oidc[i];
        l->provider_n = i + 1;
        error = make_provider(pool, conf, &l->provider[i]);
    }
    if (!error)
        return l;
    ecs_logins_free(l);
    *ret_error = error;
    return NULL;
}

void ecs_logins_free(struct ecs_logins *logins)
{
    if (!logins)
        return;
    for (size_t i = 0; i < logins->provider_n; i++)
        free_provider(&logins->provider[i]);
    ecs_limiter_free(logins->otp_begun);
    free(logins->provider);
    free(logins->redirect_uri);
    free(logins->page_url);
    free(logins);
}

const struct ecs_otp_limits *ecs_logins_limits(const struct ecs_logins *logins)
{
    return &logins->limits;
}

const char *ecs_logins_redirect_uri(const struct ecs_logins *logins)
{
    return logins->redirect_uri;
}

/* ---- secrets ---- */

bool ecs_login_secret(struct ecs_crypto *crypto, char ret_text[ECS_LOGIN_SECRET_LEN + 1])
{
    uint8_t bytes[ECS_LOGIN_SECRET_BYTES];

    if (!ecs_random(crypto, bytes, sizeof(bytes)))
        return false;
    ecs_base32_encode(bytes, sizeof(bytes), ret_text);
    ecs_wipe(bytes, sizeof(bytes));
    return true;
}

bool ecs_login_digest(struct ecs_crypto *crypto, enum ecs_login_digest what, struct ecs_str text,
                      uint8_t ret_digest[ECS_LOGIN_DIGEST])
{
    static const char *const labels[] = {"login-state", "login-cookie", "login-proof", "login-number",
                                         "factor-number"};
    struct ecs_str parts[] = {ecs_str_of(labels[what]), ECS_STR(":"), text};

    return ecs_digest(crypto, ECS_DIGEST_SHA256, parts, ECS_ARRAY_LEN(parts), ret_digest);
}

bool ecs_otp_digest(struct ecs_crypto *crypto, struct ecs_str secret, struct ecs_str code,
                    uint8_t ret_digest[ECS_LOGIN_DIGEST])
{
    struct ecs_str parts[] = {ECS_STR("login-code:"), code};

    return secret.n > 0 && ecs_hmac(crypto, ECS_DIGEST_SHA256, (const uint8_t *)secret.p, secret.n, parts,
                                    ECS_ARRAY_LEN(parts), ret_digest);
}

bool ecs_otp_code(const struct ecs_logins *logins, struct ecs_crypto *crypto,
                  char ret_code[ECS_OTP_DIGITS_MAX + 1])
{
    size_t n = (size_t)logins->otp->digits;

    for (size_t i = 0; i < n;) {
        uint8_t byte;

        if (!ecs_random(crypto, &byte, 1))
            return false;
        if (byte < 250) /* a multiple of ten: every digit alike */
            ret_code[i++] = (char)('0' + byte % 10);
    }
    ret_code[n] = '\0';
    return true;
}

struct ecs_str login_message(const struct ecs_logins *logins, struct ecs_arena *arena,
                             struct ecs_str accept_language, const char *key, const char *otherwise,
                             const struct ecs_substitution *values, size_t n)
{
    size_t count = 0;
    const struct ecs_str *languages =
        logins->messages ? ecs_messages_languages(logins->messages, &count) : NULL;
    struct ecs_buf text = {.limit = 2000};
    struct ecs_str found = ECS_STR_NULL;

    if (count && ecs_message_exists(logins->messages, ecs_str_of(key)))
        return ecs_message(logins->messages, ecs_language_match(accept_language, languages, count, 0),
                           ecs_str_of(key), values, n, arena);
    ecs_template_expand(ecs_str_of(otherwise), values, n, false, &text);
    if (!text.overflow)
        found = (struct ecs_str){ecs_memdup(arena, text.p, text.n), text.n};
    ecs_buf_done(&text);
    return found.p ? found : ECS_STR_NULL;
}

bool ecs_otp_send(const struct ecs_logins *logins, struct ecs_arena *arena, struct ecs_str accept_language,
                  struct ecs_str msisdn, const char *code, uint16_t port)
{
    struct ecs_substitution value = {ECS_STR("code"), ecs_str_of(code)};
    struct ecs_str text = ecs_str_of(code);

    if (!port)
        text = login_message(logins, arena, accept_language, "login-code-sms", "Your code is {code}.", &value,
                             1);
    return text.n && logins->sms.send && logins->sms.send(logins->sms.owner, msisdn, text, port);
}

struct ecs_str ecs_login_url(struct ecs_arena *arena, const char *url, const char *name1,
                             struct ecs_str value1, const char *name2, struct ecs_str value2)
{
    struct ecs_buf out = {.limit = 16384};
    struct ecs_str copy = ECS_STR_NULL;

    ecs_buf_add_cstr(&out, url);
    ecs_buf_add_char(&out, strchr(url, '?') ? '&' : '?');
    ecs_buf_add_cstr(&out, name1);
    ecs_buf_add_char(&out, '=');
    ecs_form_add_escaped(&out, value1);
    if (name2) {
        ecs_buf_add_char(&out, '&');
        ecs_buf_add_cstr(&out, name2);
        ecs_buf_add_char(&out, '=');
        ecs_form_add_escaped(&out, value2);
    }
    if (!out.overflow)
        copy.p = ecs_strdup(arena, ecs_buf_str(&out));
    if (copy.p)
        copy.n = out.n;
    ecs_buf_done(&out);
    return copy;
}

/* ---- requests ---- */

bool login_is_bare(const struct ecs_auth *auth)
{
    static const enum ecs_param credentials[] = {ECS_P_TOKEN,           ECS_P_EAP_ID,
                                                 ECS_P_TEMPORARY_TOKEN, ECS_P_OPERATOR_TOKEN,
                                                 ECS_P_ACCESS_TOKEN,    ECS_P_APP_TOKEN};
    const struct ecs_ts43_request *r = auth->request;

    for (size_t i = 0; i < ECS_ARRAY_LEN(credentials); i++)
        if (r->param[credentials[i]].n)
            return false;
    /* Servers name themselves by requestor_id and are never sent to a page for people. */
    return auth->env->logins && r->kind == ECS_TS43_NEW && !r->bearer.n && r->has_terminal;
}

struct ecs_str login_save_request(struct ecs_flow *f, const struct ecs_ts43_request *request)
{
    struct ecs_buf saved = {.limit = ECS_LOGIN_REQUEST_MAX};
    struct ecs_str copy = ECS_STR_NULL;

    ecs_ts43_request_save(request, &saved);
    if (!saved.overflow)
        copy.p = ecs_memdup(f->arena, saved.p, saved.n);
    if (copy.p)
        copy.n = saved.n;
    ecs_buf_done(&saved);
    return copy;
}

/* The Accept of a browser names no document; that of the first request then counts. */
static bool names_document(struct ecs_str accept)
{
    return ecs_str_find_nocase(accept, ECS_STR(ECS_TYPE_XML)) >= 0 ||
           ecs_str_find_nocase(accept, ECS_STR(ECS_TYPE_JSON)) >= 0 ||
           ecs_str_find_nocase(accept, ECS_STR(ECS_TYPE_RELAY)) >= 0;
}

enum ecs_rc login_adopt_request(struct ecs_flow *f, struct ecs_auth *auth, struct ecs_str saved)
{
    struct ecs_ts43_request first;
    enum ecs_rc rc = ecs_ts43_request_load(f->arena, saved, &first);

    if (rc != ECS_OK)
        return rc == ECS_E_SESSION_LOST ? ECS_E_AUTH_NEEDED : rc;
    if (names_document(auth->request->accept))
        first.accept = auth->request->accept;
    if (auth->request->accept_language.n)
        first.accept_language = auth->request->accept_language;
    if (auth->request->user_agent.n)
        first.user_agent = auth->request->user_agent;
    *auth->request = first;
    return ECS_OK;
}

/* An OAuth error code as it may go into a URL and a log: what is no word is told as "error". */
static struct ecs_str clean_reason(struct ecs_str reason)
{
    for (size_t i = 0; i < reason.n; i++) {
        char c = reason.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'))
            return ECS_STR("error");
    }
    return reason.n && reason.n <= REASON_MAX ? reason : ECS_STR("error");
}

enum ecs_next login_decline(struct ecs_flow *f, const struct login_provider *provider, enum ecs_rc rc,
                            struct ecs_str reason, const char *why)
{
    struct ecs_auth *auth = f->self;
    uint8_t bytes[REF_BYTES] = {0};
    char ref[ECS_BASE32_LEN(REF_BYTES) + 1];
    struct ecs_substitution values[] = {{ECS_STR("ref"), ECS_STR_NULL}, {ECS_STR("reason"), ECS_STR_NULL}};
    struct ecs_buf data = {.limit = 2000};
    const char *copy;

    if (!provider || (!provider->conf->error_url[0] && rc != ECS_OK))
        return ecs_flow_fail(f, rc == ECS_OK ? ECS_E_AUTH_NEEDED : rc, "%s", why);
    if (!ecs_random(auth->env->crypto, bytes, sizeof(bytes)))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "no random bytes");
    ecs_base32_encode(bytes, sizeof(bytes), ref);
    values[0].value = ecs_str_of(ref);
    values[1].value = clean_reason(reason);
    ecs_template_expand(ecs_str_of(provider->conf->error_data), values, ECS_ARRAY_LEN(values), true, &data);
    copy = data.overflow ? NULL : ecs_strdup(f->arena, ecs_buf_str(&data));
    ecs_buf_done(&data);
    if (!copy)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the refusal");
    auth->error_url = ecs_str_of(provider->conf->error_url);
    auth->error_data = ecs_str_of(copy);
    auth->error_text = login_message(auth->env->logins, f->arena, auth->request->accept_language,
                                     "login-failed", "The login was not completed.", NULL, 0);
    auth->outcome = ECS_AUTH_DECLINED;
    ecs_log(f->log, ECS_EV_AUTH_FAILED, "login at %s: %s (%.*s), ref %s", provider->conf->name, why,
            ECS_FMT(values[1].value), ref);
    return ECS_DONE;
}

enum ecs_next login_passed(struct ecs_flow *f, const char *how, const char *provider)
{
    struct ecs_auth *auth = f->self;

    auth->issued_s = auth->now;
    auth->outcome = ECS_AUTH_PASSED;
    if (f->log)
        ecs_imsi_mask(&auth->imsi, f->log->imsi);
    ecs_log(f->log, ECS_EV_AUTH_OK, "%s %s", how, provider);
    return ECS_DONE;
}
