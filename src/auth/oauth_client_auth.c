/* SPDX-License-Identifier: Apache-2.0 */
/* Who speaks at the token endpoint (RFC 6749 2.3, RFC 7521 4.2, RFC 7523): form and header are read, the
 * caller is found by what it says of itself, then it has to prove it. An assertion is judged with the
 * algorithms and keys of that caller only. */
#include <jansson.h>
#include <string.h>

#include "ecs/form.h"
#include "ecs/json.h"
#include "ecs/log.h"
#include "oauth_ask.h"

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define GRANT_BEARER   "urn:ietf:params:oauth:grant-type:jwt-bearer"

enum { BASIC_MAX = 1536, AUDIENCES_MAX = 20 };

/* One key per IPv4 address or IPv6 /64, as for devices: a network of the latter has addresses without end. */
static uint64_t source_of(const char *peer)
{
    struct ecs_cidr block;

    if (!ecs_cidr_parse(ecs_str_of(peer), &block))
        return ecs_hash(peer, strlen(peer));
    return ecs_hash(block.addr, memcmp(block.addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0 ? 16 : 8);
}

enum ecs_next oauth_refuse(struct ecs_flow *f, struct ecs_oauth_ask *ask, enum ecs_oauth_error error,
                           const char *why)
{
    enum ecs_rc rc = ECS_E_BAD_REQUEST;

    ask->error = error;
    if (error == ECS_OAUTH_INVALID_CLIENT || error == ECS_OAUTH_INVALID_GRANT) {
        rc = ECS_E_AUTH_REJECTED;
        (void)ecs_limiter_take(ask->server->failures, source_of(ask->peer), ecs_loop_now_us(f->loop), NULL);
    }
    if (error == ECS_OAUTH_BUSY)
        rc = ECS_E_RATE_LIMIT;
    return ecs_flow_fail(f, rc, "%s", why);
}

/* ---- reading ---- */

/* RFC 6749 3.2: no parameter twice. */
static bool take_field(const struct ecs_form *form, struct ecs_str name, struct ecs_str *ret_value)
{
    bool found = false;

    for (size_t i = 0; i < form->n; i++) {
        if (!ecs_str_eq(form->field[i].name, name))
            continue;
        if (found)
            return false;
        found = true;
        if (form->field[i].value.n) /* one without a value counts as left out */
            *ret_value = form->field[i].value;
    }
    return true;
}

static bool read_fields(const struct ecs_form *form, struct oauth_work *w)
{
    const struct {
        struct ecs_str name, *value;
    } rows[] = {
        {ECS_STR("grant_type"), &w->grant},
        {ECS_STR("client_id"), &w->client_id},
        {ECS_STR("client_secret"), &w->client_secret},
        {ECS_STR("client_assertion_type"), &w->assertion_type},
        {ECS_STR("client_assertion"), &w->client_assertion},
        {ECS_STR("assertion"), &w->assertion},
        {ECS_STR("scope"), &w->scope},
        {ECS_STR("resource"), &w->resource},
        {ECS_STR("token"), &w->token},
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++)
        if (!take_field(form, rows[i].name, rows[i].value))
            return false;
    return true;
}

/* User and password as the client has written them; false: not of RFC 7617. */
static bool read_basic(struct ecs_arena *arena, struct ecs_str header, struct oauth_work *w)
{
    struct ecs_str scheme, rest = ecs_str_trim(header);
    uint8_t *text = ecs_arena_secret(arena, BASIC_MAX);
    ptrdiff_t n;

    if (!ecs_str_cut(&rest, ' ', &scheme) || !ecs_str_eq_nocase(scheme, ECS_STR("Basic")) || !text)
        return false;
    n = ecs_base64_decode(ecs_str_trim(rest), text, BASIC_MAX);
    for (ptrdiff_t i = 0; i < n; i++) {
        if (text[i] != ':')
            continue;
        w->basic_user = (struct ecs_str){(char *)text, (size_t)i};
        w->basic_password = (struct ecs_str){(char *)text + i + 1, (size_t)(n - i - 1)};
        return w->basic_user.n > 0;
    }
    return false;
}

/* Header (0) or payload (1) of an assertion that nobody has checked yet: good for choosing a key only. */
static struct ecs_str peek(struct ecs_arena *arena, struct ecs_str token, unsigned part, const char *name)
{
    struct ecs_str rest = token, text = ECS_STR_NULL;
    const char *why;
    uint8_t *bytes;
    ptrdiff_t n;
    json_t *json, *value;

    for (unsigned i = 0; i <= part; i++)
        if (token.n > 16384 || !ecs_str_cut(&rest, '.', &text))
            return ECS_STR_NULL;
    bytes = ecs_alloc(arena, text.n + 1);
    n = bytes ? ecs_base64_decode(text, bytes, text.n) : -1;
    if (n <= 0 || ecs_json_load(arena, (struct ecs_str){(char *)bytes, (size_t)n}, &json, &why) != ECS_OK)
        return ECS_STR_NULL;
    value = json_object_get(json, name);
    return (struct ecs_str){json_string_value(value), json_string_length(value)};
}

/* ---- finding ---- */

/* RFC 6749 2.3.1 wants both parts form-encoded; many clients send them as they are. */
static struct ecs_str decoded(struct ecs_arena *arena, struct ecs_str text)
{
    struct ecs_form form;
    const char *why;
    char *pair = ecs_printf(arena, "v=%.*s", ECS_FMT(text));

    if (!pair || ecs_str_find(text, ECS_STR("&")) >= 0 ||
        ecs_form_parse(arena, ecs_str_of(pair), &form, &why) != ECS_OK || form.n != 1)
        return text;
    return form.field[0].value;
}

static void find_basic(struct ecs_arena *arena, const struct ecs_oauth_server *server, struct oauth_work *w)
{
    w->method = OAUTH_BASIC;
    w->caller = oauth_find_client(server, w->basic_user);
    if (!w->caller)
        w->caller = oauth_find_client(server, decoded(arena, w->basic_user));
}

static void find_assertion(struct ecs_arena *arena, const struct ecs_oauth_server *server,
                           struct oauth_work *w)
{
    struct ecs_str alg = peek(arena, w->client_assertion, 0, "alg");

    w->method = ecs_str_starts_with(alg, ECS_STR("HS")) ? OAUTH_SECRET_JWT : OAUTH_PRIVATE_KEY_JWT;
    w->signed_text = w->client_assertion;
    w->caller =
        oauth_find_client(server, w->client_id.n ? w->client_id : peek(arena, w->client_assertion, 1, "iss"));
    /* A caller with one of the two methods is judged by it, whatever the assertion says. */
    if (w->caller && !(w->caller->methods & OAUTH_SECRET_JWT))
        w->method = OAUTH_PRIVATE_KEY_JWT;
    else if (w->caller && !(w->caller->methods & OAUTH_PRIVATE_KEY_JWT))
        w->method = OAUTH_SECRET_JWT;
}

static void find_bearer(struct ecs_arena *arena, const struct ecs_oauth_server *server, struct oauth_work *w)
{
    w->method = OAUTH_JWT_BEARER;
    w->signed_text = w->assertion;
    w->issuer = peek(arena, w->assertion, 1, "iss");
    w->caller = oauth_find_issuer(server, w->issuer);
}

/* NULL, or what is wrong with the form of the request. */
static const char *choose(struct ecs_flow *f, struct ecs_oauth_ask *ask, struct oauth_work *w)
{
    bool bearer = ecs_str_eq(w->grant, ECS_STR(GRANT_BEARER));
    unsigned ways = (ask->authorization.n > 0) + (w->client_assertion.n > 0) + bearer;

    if (ways > 1)
        return "more than one way of authentication";
    if (w->client_assertion.n && !ecs_str_eq(w->assertion_type, ECS_STR(ASSERTION_TYPE)))
        return "client_assertion_type: only " ASSERTION_TYPE;
    if (bearer && !w->assertion.n)
        return "assertion is missing";
    if (ask->authorization.n && read_basic(f->arena, ask->authorization, w))
        find_basic(f->arena, ask->server, w);
    else if (w->client_assertion.n)
        find_assertion(f->arena, ask->server, w);
    else if (bearer)
        find_bearer(f->arena, ask->server, w);
    return NULL;
}

enum ecs_next oauth_read_request(struct ecs_flow *f)
{
    struct ecs_oauth_ask *ask = f->self;
    struct oauth_work *w = ecs_arena_secret(f->arena, sizeof(*w));
    int64_t now_us = ecs_loop_now_us(f->loop);
    const char *why;

    if (!w)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the token request");
    ask->work = w;
    if (!ecs_limiter_peek(ask->server->failures, source_of(ask->peer), now_us, NULL))
        return oauth_refuse(f, ask, ECS_OAUTH_BUSY, "too many refused requests from this address");
    if (!read_fields(ask->form, w))
        return oauth_refuse(f, ask, ECS_OAUTH_INVALID_REQUEST, "a parameter is given twice");
    why = choose(f, ask, w);
    if (why)
        return oauth_refuse(f, ask, ECS_OAUTH_INVALID_REQUEST, why);
    if (!w->caller)
        return oauth_refuse(
            f, ask, w->method == OAUTH_JWT_BEARER ? ECS_OAUTH_INVALID_GRANT : ECS_OAUTH_INVALID_CLIENT,
            w->method ? "unknown client or issuer" : "no client authentication of a known kind");
    ask->client_id = w->caller->conf->client_id;
    if (w->client_id.n && !ecs_str_eq(w->client_id, ecs_str_of(ask->client_id)))
        return oauth_refuse(f, ask, ECS_OAUTH_INVALID_CLIENT, "client_id is of another client");
    if (!(w->caller->methods & w->method))
        return oauth_refuse(f, ask, ECS_OAUTH_INVALID_CLIENT, "this client proves itself in another way");
    if (!oauth_admits_peer(w->caller, ask->peer))
        return oauth_refuse(f, ask, ECS_OAUTH_INVALID_CLIENT, "not from this address");
    return ECS_NEXT;
}

/* ---- proving ---- */

static bool same_secret(struct ecs_crypto *crypto, struct ecs_str given, const char *secret)
{
    uint8_t a[32], b[32];

    /* Digests, so that not even the length shows. */
    return secret && oauth_digest(crypto, "client-secret", given, a) &&
           oauth_digest(crypto, "client-secret", ecs_str_of(secret), b) && ecs_ct_equal(a, b, sizeof(a));
}

static enum ecs_next check_password(struct ecs_flow *f, struct ecs_oauth_ask *ask, struct oauth_work *w)
{
    const struct ecs_server_caller_conf *c = w->caller->conf;
    const struct ecs_str given[] = {w->basic_password, decoded(f->arena, w->basic_password)};
    bool good = false;

    for (size_t i = 0; i < ECS_ARRAY_LEN(given); i++) {
        good |= same_secret(ask->server->crypto, given[i], c->client_secret);
        good |= same_secret(ask->server->crypto, given[i], c->old_secret);
    }
    return good ? ECS_NEXT : oauth_refuse(f, ask, ECS_OAUTH_INVALID_CLIENT, "the client secret is wrong");
}

static bool set_expectation(struct ecs_arena *arena, const struct ecs_oauth_ask *ask, struct oauth_work *w)
{
    const struct ecs_server_caller_conf *c = w->caller->conf;
    struct ecs_str *aud = ecs_alloc(arena, AUDIENCES_MAX * sizeof(*aud));
    size_t n = 0;

    if (!aud)
        return false;
    aud[n++] = ecs_str_of(ask->server->token_url);
    aud[n++] = ecs_str_of(ask->server->issuer);
    for (size_t i = 0; i < c->audiences.n && n < AUDIENCES_MAX; i++)
        aud[n++] = c->audiences.items[i];
    w->expect = (struct ecs_jws_expect){
        .algs = w->method == OAUTH_SECRET_JWT ? 1U << ECS_JWS_HS256 : w->caller->algs,
        .iss = w->method == OAUTH_JWT_BEARER ? w->issuer : ecs_str_of(c->client_id),
        .aud = aud,
        .aud_n = n,
        .now = ask->now,
        .skew_s = OAUTH_SKEW_S,
        .max_life_s = c->assertion_life_s,
        .need_exp = true,
        .need_sub = true,
    };
    return true;
}

static void verify_by_secret(struct ecs_arena *arena, struct oauth_work *w)
{
    w->result.verdict =
        ecs_jws_verify(w->signed_text, w->caller->secret, &w->expect, arena, &w->result.claims);
    if (w->result.verdict == ECS_JWS_SIGNATURE && w->caller->old_secret)
        w->result.verdict =
            ecs_jws_verify(w->signed_text, w->caller->old_secret, &w->expect, arena, &w->result.claims);
}

enum ecs_next oauth_verify_client(struct ecs_flow *f)
{
    struct ecs_oauth_ask *ask = f->self;
    struct oauth_work *w = ask->work;

    if (w->method == OAUTH_BASIC)
        return check_password(f, ask, w);
    if (!set_expectation(f->arena, ask, w))
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the assertion");
    if (w->method != OAUTH_SECRET_JWT && w->caller->jwks)
        return ecs_jwks_verify(f, w->caller->jwks, w->signed_text, &w->expect, &w->result);
    if (w->method == OAUTH_SECRET_JWT)
        verify_by_secret(f->arena, w);
    else
        w->result.verdict =
            ecs_jws_verify(w->signed_text, w->caller->pem, &w->expect, f->arena, &w->result.claims);
    return ECS_NEXT;
}

/* sub of a grant: whose token the access token is to be used with. */
static bool read_subject(const struct ecs_oauth_ask *ask, struct oauth_work *w)
{
    static const char *const kinds[] = {"temptoken", "operatortoken"};
    struct ecs_str sub = w->result.claims.sub, kind;

    if (!ecs_str_cut(&sub, ':', &kind) || !sub.n)
        return false;
    for (size_t i = 0; i < ECS_ARRAY_LEN(kinds); i++)
        if (ecs_str_eq(kind, ecs_str_of(kinds[i]))) {
            w->has_subject = true;
            return oauth_digest(ask->server->crypto, kinds[i], sub, w->subject);
        }
    return false;
}

/* Header and payload: whoever has an ECDSA signature can write a second one of the same text (n - s). */
static struct ecs_str signed_part(struct ecs_str token)
{
    while (token.n && token.p[token.n - 1] != '.')
        token.n--;
    return token;
}

/* Without jti what was signed must not come twice. */
static bool note_assertion(struct ecs_arena *arena, const struct ecs_oauth_ask *ask, struct oauth_work *w)
{
    const struct ecs_jws_claims *c = &w->result.claims;
    bool good = c->jti.n
                    ? oauth_digest(ask->server->crypto, "jti", c->jti, w->jti)
                    : oauth_digest(ask->server->crypto, "assertion", signed_part(w->signed_text), w->jti);
    const char *issuer =
        ecs_printf(arena, "%s:%.*s", w->method == OAUTH_JWT_BEARER ? "grant" : "client", ECS_FMT(c->iss));

    w->spent = (struct ecs_server_assertion){ecs_str_of(issuer), w->jti, c->exp + 2 * OAUTH_SKEW_S};
    return good && issuer;
}

enum ecs_next oauth_judge_client(struct ecs_flow *f)
{
    struct ecs_oauth_ask *ask = f->self;
    struct oauth_work *w = ask->work;
    enum ecs_oauth_error error =
        w->method == OAUTH_JWT_BEARER ? ECS_OAUTH_INVALID_GRANT : ECS_OAUTH_INVALID_CLIENT;

    if (w->method != OAUTH_BASIC) {
        if (w->result.rc != ECS_OK)
            return ecs_flow_fail(f, ECS_E_BACKEND, "the key set of the client cannot be had");
        if (w->result.verdict != ECS_JWS_OK)
            return oauth_refuse(
                f, ask, error,
                ecs_printf(f->arena, "assertion: %s", ecs_jws_verdict_text(w->result.verdict)));
        if (w->method != OAUTH_JWT_BEARER && !ecs_str_eq(w->result.claims.sub, w->result.claims.iss))
            return oauth_refuse(f, ask, error, "assertion: sub is not the client_id");
        if (w->method == OAUTH_JWT_BEARER && !read_subject(ask, w))
            return oauth_refuse(f, ask, error, "assertion: sub is neither temptoken: nor operatortoken:");
        if (!note_assertion(f->arena, ask, w))
            return ecs_flow_fail(f, ECS_E_INTERNAL, "the digest of the assertion cannot be made");
    }
    /* Only who has proven to be the client uses up its share. */
    if (!ecs_limiter_take(ask->server->requests, ecs_hash(ask->client_id, strlen(ask->client_id)),
                          ecs_loop_now_us(f->loop), NULL))
        return oauth_refuse(f, ask, ECS_OAUTH_BUSY, "oauth.requests_per_minute is reached");
    return ECS_NEXT;
}
