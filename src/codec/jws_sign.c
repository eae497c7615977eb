/* SPDX-License-Identifier: Apache-2.0 */
/* Signing of compact JSON Web Signatures: provider tokens, assertions, signed hand-overs. */
#include <jose/b64.h>
#include <jose/jws.h>
#include <stdlib.h>
#include <string.h>

#include "codec/jws_priv.h"
#include "ecs/crypto.h"

struct ecs_jws_signer {
    enum ecs_jws_alg alg;
    json_t *jwk; /* with its private members */
    char *kid;   /* NULL: none */
};

/* Takes jwk. */
static struct ecs_jws_signer *make(enum ecs_jws_alg alg, json_t *jwk, const char *kid)
{
    struct ecs_jws_signer *signer = jwk ? calloc(1, sizeof(*signer)) : NULL;

    if (!signer) {
        jws_wipe_key(jwk);
        return NULL;
    }
    *signer = (struct ecs_jws_signer){.alg = alg, .jwk = jwk, .kid = kid ? strdup(kid) : NULL};
    if (!kid || signer->kid)
        return signer;
    ecs_jws_signer_free(signer);
    return NULL;
}

struct ecs_jws_signer *ecs_jws_signer_new(enum ecs_jws_alg alg, struct ecs_str pem, const char *kid,
                                          const char **ret_reason)
{
    static const char *const wrong[ECS_JWS_ALG_COUNT] = {
        [ECS_JWS_RS256] = "RS256 needs an RSA key of 2048 to 8192 bits",
        [ECS_JWS_PS256] = "PS256 needs an RSA key of 2048 to 8192 bits",
        [ECS_JWS_ES256] = "ES256 needs an EC key of the curve P-256",
        [ECS_JWS_HS256] = "HS256 has no private key",
    };
    struct ecs_jws_signer *signer;
    unsigned algs = 0;
    json_t *jwk, *clean;

    *ret_reason = "unknown algorithm";
    jwk = (unsigned)alg < ECS_JWS_ALG_COUNT ? jws_pem_private(pem, ret_reason) : NULL;
    if (!jwk)
        return NULL;
    clean = jws_clean_key(jwk, &algs);
    json_decref(clean);
    if (!(algs & 1U << alg)) {
        *ret_reason = wrong[alg];
        jws_wipe_key(jwk);
        return NULL;
    }
    signer = make(alg, jwk, kid);
    *ret_reason = signer ? NULL : "no memory for the private key";
    return signer;
}

struct ecs_jws_signer *ecs_jws_signer_secret(struct ecs_str secret, const char *kid)
{
    return make(ECS_JWS_HS256, jws_secret_key(secret), kid);
}

void ecs_jws_signer_free(struct ecs_jws_signer *signer)
{
    if (!signer)
        return;
    jws_wipe_key(signer->jwk);
    free(signer->kid);
    free(signer);
}

static json_t *header_of(const struct ecs_jws_signer *signer)
{
    return json_pack("{s:{s:s, s:s, s:s*}}", "protected", "alg", ecs_jws_alg_name(signer->alg), "typ", "JWT",
                     "kid", signer->kid);
}

struct ecs_str ecs_jws_sign(const struct ecs_jws_signer *signer, struct ecs_str claims_json,
                            struct ecs_arena *arena)
{
    void *cfg = jws_quiet();
    json_t *jws =
        json_pack("{s:o}", "payload", jose_b64_enc(claims_json.p ? claims_json.p : "", claims_json.n));
    json_t *header = header_of(signer);
    const char *protected, *payload, *signature;
    char *text = NULL;

    if (cfg && jws && header && jose_jws_sig(cfg, jws, header, signer->jwk) &&
        json_unpack(jws, "{s:s, s:s, s:s}", "protected", &protected, "payload", &payload, "signature",
                    &signature) == 0)
        text = ecs_printf(arena, "%s.%s.%s", protected, payload, signature);
    json_decref(header);
    json_decref(jws);
    jws_quiet_free(cfg);
    return ecs_str_of(text);
}

struct ecs_str ecs_jws_signer_jwks(const struct ecs_jws_signer *signer, struct ecs_arena *arena)
{
    unsigned algs = 0;
    json_t *set = NULL, *clean = signer->alg == ECS_JWS_HS256 ? NULL : jws_clean_key(signer->jwk, &algs);
    struct ecs_str out = ECS_STR_NULL;
    char *text;

    if (clean && json_object_set_new(clean, "use", json_string("sig")) == 0 &&
        json_object_set_new(clean, "alg", json_string(ecs_jws_alg_name(signer->alg))) == 0 &&
        (!signer->kid || json_object_set_new(clean, "kid", json_string(signer->kid)) == 0))
        set = json_pack("{s:[O]}", "keys", clean);
    text = set ? json_dumps(set, JSON_COMPACT) : NULL;
    if (text)
        out = ecs_str_of(ecs_strdup(arena, ecs_str_of(text)));
    free(text);
    json_decref(set);
    json_decref(clean);
    return out;
}
