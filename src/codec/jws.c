/* SPDX-License-Identifier: Apache-2.0 */
/* Verification of compact JSON Web Signatures. The order is: size and form, header, algorithm against the
 * caller's list, keys that fit, signature by libjose, and only then the claims. The header chooses nothing
 * but the key among keys that the caller trusts: keys or addresses inside a token are never looked at. */
#include "ecs/jws.h"

#include <jose/jws.h>
#include <math.h>
#include <string.h>

#include "codec/jws_priv.h"

/* Keys that the token does not name are tried one by one, which a set of 64 would make dear. */
enum { MAX_TRIES = 8 };

static const char *const alg_names[ECS_JWS_ALG_COUNT] = {
    [ECS_JWS_RS256] = "RS256",
    [ECS_JWS_PS256] = "PS256",
    [ECS_JWS_ES256] = "ES256",
    [ECS_JWS_HS256] = "HS256",
};

static const char *const verdict_texts[] = {
    [ECS_JWS_OK] = "good",
    [ECS_JWS_MALFORMED] = "not a signed token of the compact form",
    [ECS_JWS_ALGORITHM] = "signature algorithm not allowed",
    [ECS_JWS_NO_KEY] = "no key of that key id",
    [ECS_JWS_SIGNATURE] = "signature is wrong",
    [ECS_JWS_EXPIRED] = "expired",
    [ECS_JWS_NOT_YET] = "issued in the future or not valid yet",
    [ECS_JWS_TOO_OLD] = "issued too long ago, or valid for too long",
    [ECS_JWS_ISSUER] = "other issuer",
    [ECS_JWS_AUDIENCE] = "other audience",
    [ECS_JWS_NONCE] = "other nonce",
    [ECS_JWS_CLAIMS] = "a needed claim is missing or of the wrong type",
};

const char *ecs_jws_alg_name(enum ecs_jws_alg alg)
{
    return (unsigned)alg < ECS_JWS_ALG_COUNT ? alg_names[alg] : "none";
}

bool ecs_jws_alg_find(struct ecs_str name, enum ecs_jws_alg *ret_alg)
{
    for (unsigned alg = 0; alg < ECS_JWS_ALG_COUNT; alg++) {
        if (!ecs_str_eq(name, ecs_str_of(alg_names[alg])))
            continue;
        *ret_alg = alg;
        return true;
    }
    return false;
}

const char *ecs_jws_verdict_text(enum ecs_jws_verdict verdict)
{
    return (unsigned)verdict < ECS_ARRAY_LEN(verdict_texts) ? verdict_texts[verdict] : "unknown";
}

/* --- form --- */

struct parts {
    struct ecs_str header, payload, signature;
};

static bool split(struct ecs_str token, struct parts *ret_parts)
{
    struct parts parts;
    struct ecs_str rest = token;
    unsigned dots = 0;

    for (size_t i = 0; i < token.n && i < JWS_MAX_TOKEN; i++)
        dots += token.p[i] == '.';
    if (token.n > JWS_MAX_TOKEN || dots != 2 || !ecs_str_cut(&rest, '.', &parts.header) ||
        !ecs_str_cut(&rest, '.', &parts.payload))
        return false;
    parts.signature = rest;
    if (!jws_is_base64url(parts.header) || !jws_is_base64url(parts.payload))
        return false;
    /* An empty third part is the form of unsigned tokens: its header is looked at to tell what it is. */
    if (parts.signature.n && !jws_is_base64url(parts.signature))
        return false;
    *ret_parts = parts;
    return true;
}

static json_t *load_header(struct ecs_str header, struct ecs_arena *arena)
{
    struct ecs_str text = jws_decode(header, arena);

    return text.p ? jws_load(text) : NULL;
}

struct ecs_str ecs_jws_kid(struct ecs_str token, struct ecs_arena *arena)
{
    struct parts parts;
    json_t *header = split(token, &parts) ? load_header(parts.header, arena) : NULL;
    bool ok = true;
    struct ecs_str kid = jws_member(header, "kid", &ok);
    const char *copy = kid.p && kid.n <= JWS_MAX_KID ? ecs_strdup(arena, kid) : NULL;

    json_decref(header);
    return (struct ecs_str){copy, copy ? kid.n : 0};
}

struct ecs_str ecs_jws_issuer(struct ecs_str token, struct ecs_arena *arena)
{
    struct parts parts;
    struct ecs_str payload = split(token, &parts) ? jws_decode(parts.payload, arena) : ECS_STR_NULL;
    json_t *claims = payload.p ? jws_load(payload) : NULL;
    bool ok = true;
    struct ecs_str iss = jws_member(claims, "iss", &ok);
    const char *copy = iss.p && iss.n <= JWS_MAX_KID ? ecs_strdup(arena, iss) : NULL;

    json_decref(claims);
    return (struct ecs_str){copy, copy ? iss.n : 0};
}

/* Members that change what the signature means are refused, whether we know them or not (RFC 7515 4.1.11,
 * RFC 7797, RFC 8725 3.12). */
static enum ecs_jws_verdict check_header(const json_t *header, unsigned allowed, enum ecs_jws_alg *ret_alg,
                                         struct ecs_str *ret_kid)
{
    bool ok = true;
    struct ecs_str alg = jws_member(header, "alg", &ok), cty = jws_member(header, "cty", &ok),
                   kid = jws_member(header, "kid", &ok);

    (void)jws_member(header, "typ", &ok);
    if (!ok || kid.n > JWS_MAX_KID || json_object_get(header, "crit") || json_object_get(header, "zip") ||
        json_object_get(header, "b64") || json_object_get(header, "enc"))
        return ECS_JWS_MALFORMED;
    if (ecs_str_eq_nocase(cty, ECS_STR("JWT")) || ecs_str_eq_nocase(cty, ECS_STR("application/jwt")))
        return ECS_JWS_MALFORMED;
    if (!alg.p || !ecs_jws_alg_find(alg, ret_alg) || !(allowed & 1U << *ret_alg))
        return ECS_JWS_ALGORITHM;
    *ret_kid = kid;
    return ECS_JWS_OK;
}

/* --- signature --- */

static bool signature_fits(struct ecs_str text, enum ecs_jws_alg alg)
{
    size_t n = text.n * 3 / 4;

    switch (alg) {
    case ECS_JWS_HS256:
        return n == 32;
    case ECS_JWS_ES256:
        return n == 64;
    default:
        return n >= 256 && n <= 1024;
    }
}

static bool verify_by(const json_t *jws, const json_t *jwk)
{
    jose_cfg_t *cfg = jws_quiet();
    bool good = cfg && jose_jws_ver(cfg, jws, NULL, jwk, false);

    jws_quiet_free(cfg);
    return good;
}

/* The key that the token names comes first, wherever it stands in the set: the bound is for the others, those
 * that have no name and, for a token that names none, all. */
static enum ecs_jws_verdict try_keys(const json_t *jws, const struct ecs_jwk_set *keys, enum ecs_jws_alg alg,
                                     struct ecs_str kid)
{
    bool tried = false, other_type = false;
    unsigned tries = 0;

    if (keys->secret != (alg == ECS_JWS_HS256))
        return ECS_JWS_ALGORITHM;
    for (size_t i = 0; kid.p && i < keys->n; i++) {
        const struct jws_key *key = &keys->key[i];
        bool fits = key->algs & 1U << alg;

        if (!key->kid || !ecs_str_eq(kid, ecs_str_of(key->kid)))
            continue;
        if (fits && verify_by(jws, key->jwk))
            return ECS_JWS_OK;
        tried |= fits;
        other_type |= !fits;
    }
    for (size_t i = 0; i < keys->n && tries < MAX_TRIES; i++) {
        const struct jws_key *key = &keys->key[i];

        if ((kid.p && key->kid) || !(key->algs & 1U << alg))
            continue;
        tries++;
        if (verify_by(jws, key->jwk))
            return ECS_JWS_OK;
    }
    if (tried || tries)
        return ECS_JWS_SIGNATURE;
    return other_type ? ECS_JWS_ALGORITHM : ECS_JWS_NO_KEY;
}

static enum ecs_jws_verdict check_signature(const struct parts *parts, const struct ecs_jwk_set *keys,
                                            enum ecs_jws_alg alg, struct ecs_str kid)
{
    enum ecs_jws_verdict verdict;
    json_t *jws;

    if (!signature_fits(parts->signature, alg))
        return ECS_JWS_SIGNATURE;
    jws = json_pack("{s:s%, s:s%, s:s%}", "protected", parts->header.p, parts->header.n, "payload",
                    parts->payload.p, parts->payload.n, "signature", parts->signature.p, parts->signature.n);
    verdict = jws ? try_keys(jws, keys, alg, kid) : ECS_JWS_MALFORMED;
    json_decref(jws);
    return verdict;
}

/* --- claims --- */

/* NumericDate (RFC 7519 2): also with a fraction, which is cut. 0: absent, so that only a lower bound may be
 * written as 0. */
static bool read_time(const json_t *claims, const char *name, int64_t low, int64_t *ret_s)
{
    const json_t *value = json_object_get(claims, name);
    double real = value ? json_number_value(value) : 0;

    *ret_s = 0;
    if (!value)
        return true;
    if (!json_is_number(value) || !isfinite(real) || real < (double)low || real > 9007199254740992.0)
        return false;
    *ret_s = json_is_integer(value) ? (int64_t)json_integer_value(value) : (int64_t)real;
    return true;
}

static enum ecs_jws_verdict check_times(const struct ecs_jws_claims *c, const struct ecs_jws_expect *e)
{
    if (c->exp && e->now >= c->exp + e->skew_s)
        return ECS_JWS_EXPIRED;
    if (c->nbf > e->now + e->skew_s || c->iat > e->now + e->skew_s)
        return ECS_JWS_NOT_YET;
    if (e->max_life_s <= 0)
        return ECS_JWS_OK;
    if (!c->exp && !c->iat)
        return ECS_JWS_CLAIMS;
    if (c->exp && c->exp - (c->iat ? c->iat : e->now + e->skew_s) > e->max_life_s)
        return ECS_JWS_TOO_OLD;
    if (c->iat && e->now - c->iat > e->max_life_s + e->skew_s)
        return ECS_JWS_TOO_OLD;
    return ECS_JWS_OK;
}

static bool is_wanted(const json_t *value, const struct ecs_jws_expect *e)
{
    struct ecs_str aud = {json_string_value(value), json_string_length(value)};

    for (size_t i = 0; aud.p && i < e->aud_n; i++)
        if (ecs_str_eq(aud, e->aud[i]))
            return true;
    return false;
}

static enum ecs_jws_verdict check_audience(const json_t *claims, const struct ecs_jws_expect *e)
{
    const json_t *aud = json_object_get(claims, "aud"), *item;
    bool found = is_wanted(aud, e), ok = true;
    struct ecs_str azp = jws_member(claims, "azp", &ok);
    size_t i;

    if (aud && !json_is_string(aud) && !json_is_array(aud))
        return ECS_JWS_CLAIMS;
    json_array_foreach(aud, i, item)
    {
        if (!json_is_string(item))
            return ECS_JWS_CLAIMS;
        found |= is_wanted(item, e);
    }
    if (!ok)
        return ECS_JWS_CLAIMS;
    if (e->aud_n && !found)
        return ECS_JWS_AUDIENCE;
    if (e->azp.p && (azp.p || json_array_size(aud) > 1) && !ecs_str_eq(azp, e->azp))
        return ECS_JWS_AUDIENCE;
    return ECS_JWS_OK;
}

static bool copy_claim(struct ecs_arena *arena, struct ecs_str value, struct ecs_str *ret_copy)
{
    const char *copy = value.p ? ecs_strdup(arena, value) : NULL;

    *ret_copy = (struct ecs_str){copy, copy ? value.n : 0};
    return copy || !value.p;
}

/* Texts into the arena. scope may be something else than a text (some issuers give an array). */
static bool read_claims(const json_t *json, struct ecs_arena *arena, struct ecs_jws_claims *out)
{
    bool ok = true, ignored = true;

    ok &= copy_claim(arena, jws_member(json, "iss", &ok), &out->iss);
    ok &= copy_claim(arena, jws_member(json, "sub", &ok), &out->sub);
    ok &= copy_claim(arena, jws_member(json, "jti", &ok), &out->jti);
    ok &= copy_claim(arena, jws_member(json, "nonce", &ok), &out->nonce);
    ok &= copy_claim(arena, jws_member(json, "scope", &ignored), &out->scope);
    ok &= read_time(json, "exp", 1, &out->exp);
    ok &= read_time(json, "iat", 1, &out->iat);
    ok &= read_time(json, "nbf", 0, &out->nbf);
    return ok;
}

static enum ecs_jws_verdict check_claims(const json_t *json, const struct ecs_jws_expect *e,
                                         const struct ecs_jws_claims *c)
{
    enum ecs_jws_verdict verdict;

    if ((e->need_exp && !c->exp) || (e->need_iat && !c->iat) || (e->need_jti && c->jti.n == 0) ||
        (e->need_sub && c->sub.n == 0))
        return ECS_JWS_CLAIMS;
    if (e->iss.p && !ecs_str_eq(c->iss, e->iss))
        return ECS_JWS_ISSUER;
    verdict = check_audience(json, e);
    if (verdict == ECS_JWS_OK)
        verdict = check_times(c, e);
    if (verdict == ECS_JWS_OK && e->nonce.p && !ecs_str_eq(c->nonce, e->nonce))
        verdict = ECS_JWS_NONCE;
    return verdict;
}

static enum ecs_jws_verdict verify_parts(const struct parts *parts, const json_t *header,
                                         const struct ecs_jwk_set *keys, const struct ecs_jws_expect *expect,
                                         struct ecs_arena *arena, struct ecs_jws_claims *ret_claims)
{
    struct ecs_jws_claims claims = {0};
    struct ecs_str kid = ECS_STR_NULL;
    enum ecs_jws_alg alg = ECS_JWS_ALG_COUNT;
    enum ecs_jws_verdict verdict = check_header(header, expect->algs, &alg, &kid);
    json_t *json;

    if (verdict == ECS_JWS_OK)
        verdict = check_signature(parts, keys, alg, kid);
    if (verdict != ECS_JWS_OK)
        return verdict;
    claims.json = jws_decode(parts->payload, arena);
    json = claims.json.p ? jws_load(claims.json) : NULL;
    if (!json)
        return ECS_JWS_MALFORMED;
    verdict = ECS_JWS_CLAIMS;
    if (read_claims(json, arena, &claims) && copy_claim(arena, kid, &claims.kid))
        verdict = check_claims(json, expect, &claims);
    json_decref(json);
    if (verdict == ECS_JWS_OK)
        *ret_claims = claims;
    return verdict;
}

enum ecs_jws_verdict ecs_jws_verify(struct ecs_str token, const struct ecs_jwk_set *keys,
                                    const struct ecs_jws_expect *expect, struct ecs_arena *arena,
                                    struct ecs_jws_claims *ret_claims)
{
    enum ecs_jws_verdict verdict;
    struct parts parts;
    json_t *header;

    if (!split(token, &parts))
        return ECS_JWS_MALFORMED;
    header = load_header(parts.header, arena);
    if (!header)
        return ECS_JWS_MALFORMED;
    verdict = verify_parts(&parts, header, keys, expect, arena, ret_claims);
    json_decref(header);
    return verdict;
}
