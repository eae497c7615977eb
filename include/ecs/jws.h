/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Web Signatures in compact form (RFC 7515, 7519) behind an allow-list: libjose does the signature, this
 * decides what may be believed. Pure: keys, text and time come in. Sets and signers do not change once made:
 * several threads may use one. */
#pragma once

#include "ecs/arena.h"
#include "ecs/error.h"

enum ecs_jws_alg { ECS_JWS_RS256, ECS_JWS_PS256, ECS_JWS_ES256, ECS_JWS_HS256, ECS_JWS_ALG_COUNT };
const char *ecs_jws_alg_name(enum ecs_jws_alg alg); /* "RS256" */
bool ecs_jws_alg_find(struct ecs_str name, enum ecs_jws_alg *ret_alg) ECS_MUST_CHECK;

/* Public keys of an issuer (RFC 7517); keys that we cannot use (other types, weak, "use":"enc") are left out.
 */
struct ecs_jwk_set;
/* NULL: no JSON Web Key Set, or over 64 KiB or 64 keys. */
struct ecs_jwk_set *ecs_jwk_set_parse(struct ecs_str json);
/* One symmetric key (HS256), for client secrets of at least 32 bytes; NULL: too short, no memory. */
struct ecs_jwk_set *ecs_jwk_set_secret(struct ecs_str secret);
/* PEM: public or private key, or certificate; its public part under this kid (NULL: none). */
struct ecs_jwk_set *ecs_jwk_set_pem(struct ecs_str pem, const char *kid);
void ecs_jwk_set_free(struct ecs_jwk_set *set); /* NULL allowed */
size_t ecs_jwk_set_size(const struct ecs_jwk_set *set);
bool ecs_jwk_set_has(const struct ecs_jwk_set *set, struct ecs_str kid);

/* kid of the header without any check, to choose keys by; {NULL, 0}: none or unreadable. In the arena. */
struct ecs_str ecs_jws_kid(struct ecs_str token, struct ecs_arena *arena);
/* iss of the claims, unchecked as well: to find whose keys they are. */
struct ecs_str ecs_jws_issuer(struct ecs_str token, struct ecs_arena *arena);

enum ecs_jws_verdict {
    ECS_JWS_OK,
    ECS_JWS_MALFORMED, /* not three parts, too long, no JSON, nested or compressed, "crit" */
    ECS_JWS_ALGORITHM, /* none, or another one than expected, or one that does not fit the key */
    ECS_JWS_NO_KEY,    /* no key of that kid: the set may be old */
    ECS_JWS_SIGNATURE,
    ECS_JWS_EXPIRED,
    ECS_JWS_NOT_YET, /* nbf or iat in the future */
    ECS_JWS_TOO_OLD, /* iat before max_age, or exp too far */
    ECS_JWS_ISSUER,
    ECS_JWS_AUDIENCE,
    ECS_JWS_NONCE,
    ECS_JWS_CLAIMS, /* a needed claim is missing or of the wrong type */
};
const char *ecs_jws_verdict_text(enum ecs_jws_verdict verdict); /* for logs */

struct ecs_jws_expect {
    unsigned algs;      /* bits 1 << enum ecs_jws_alg; HS256 is only taken with a set of ecs_jwk_set_secret */
    struct ecs_str iss; /* {NULL, 0}: not looked at */
    const struct ecs_str *aud; /* one of these must be in aud; n 0: not looked at */
    size_t aud_n;
    struct ecs_str azp;   /* when aud has several members or azp is there: must be this (OIDC core 3.1.3.7) */
    struct ecs_str nonce; /* {NULL, 0}: not looked at */
    int64_t now, skew_s;  /* Unix seconds; seconds of grace on both sides */
    int64_t max_life_s;   /* exp - iat (or exp - now without iat) at most; 0: any */
    bool need_exp, need_iat, need_jti, need_sub;
};
struct ecs_jws_claims {
    struct ecs_str iss, sub, jti, nonce, scope, kid; /* {NULL, 0}: absent; in the arena */
    int64_t exp, iat, nbf;                           /* 0: absent */
    struct ecs_str json;                             /* the payload */
};
/* Tokens over 16 KiB are malformed. ret_claims is written with ECS_JWS_OK only. */
enum ecs_jws_verdict ecs_jws_verify(struct ecs_str token, const struct ecs_jwk_set *keys,
                                    const struct ecs_jws_expect *expect, struct ecs_arena *arena,
                                    struct ecs_jws_claims *ret_claims) ECS_MUST_CHECK;
/* A string claim by name, also "a.b" into objects; numbers as their text; {NULL, 0}: absent or another type.
 */
struct ecs_str ecs_jws_claim(const struct ecs_jws_claims *claims, const char *name, struct ecs_arena *arena);
/* A claim that is true or false; false: there is none. */
bool ecs_jws_claim_bool(const struct ecs_jws_claims *claims, const char *name, bool *ret_value);
/* True when the claim has the value, alone, in an array, or as a word of a blank-separated text (scope). */
bool ecs_jws_claim_has(const struct ecs_jws_claims *claims, const char *name, struct ecs_str value);

/* Signing: provider tokens (APNs ES256), assertions (FCM RS256), private_key_jwt, signed hand-overs. */
struct ecs_jws_signer;
/* pem: private key; kid NULL: none. NULL with a reason: not that kind of key. */
struct ecs_jws_signer *ecs_jws_signer_new(enum ecs_jws_alg alg, struct ecs_str pem, const char *kid,
                                          const char **ret_reason);
struct ecs_jws_signer *ecs_jws_signer_secret(struct ecs_str secret, const char *kid);
void ecs_jws_signer_free(struct ecs_jws_signer *signer); /* NULL allowed */
/* claims_json is signed as it stands. {NULL, 0}: failure of the library or the arena. */
struct ecs_str ecs_jws_sign(const struct ecs_jws_signer *signer, struct ecs_str claims_json,
                            struct ecs_arena *arena);
/* Public half as a JSON Web Key Set, for others to verify by; {NULL, 0} for a secret. */
struct ecs_str ecs_jws_signer_jwks(const struct ecs_jws_signer *signer, struct ecs_arena *arena);
