/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the JSON Web Signature wrapper share: the key set, strict base64url, small JSON helpers.
 */
#pragma once

#include <jansson.h>

#include "ecs/jws.h"

enum { JWS_MAX_TOKEN = 16384, JWS_MAX_SET = 65536, JWS_MAX_KEYS = 64, JWS_MAX_KID = 256 };
/* libjose takes symmetric keys of 32 to 1,024 bytes. */
enum { JWS_MIN_SECRET = 32, JWS_MAX_SECRET = 1024 };

struct jws_key {
    json_t *jwk;   /* only the members that the signature needs */
    char *kid;     /* NULL: none */
    unsigned algs; /* bits 1 << enum ecs_jws_alg that this key may be used with */
};
struct ecs_jwk_set {
    bool secret;
    size_t n;
    struct jws_key key[JWS_MAX_KEYS];
};

/* Alphabet, length and unused bits as RFC 4648 section 5 demands, without padding; "" is not accepted. */
bool jws_is_base64url(struct ecs_str text);
/* Decoded bytes with a NUL behind them, in the arena; {NULL, 0}: not base64url, or no room. */
struct ecs_str jws_decode(struct ecs_str text, struct ecs_arena *arena);
/* Object of a JSON text without duplicate members, or NULL; the caller releases it. */
json_t *jws_load(struct ecs_str text);
/* String member; {NULL, 0}: absent. ok becomes false when it is there and no string. */
struct ecs_str jws_member(const json_t *object, const char *name, bool *ok);

/* Public members of a JWK or of a PEM's JWK; NULL: of no use to us. ret_algs as in struct jws_key. */
json_t *jws_clean_key(const json_t *jwk, unsigned *ret_algs);
/* As jws_clean_key for an OpenSSL key of a PEM text: private key first, then public key, then certificate. */
json_t *jws_pem_private(struct ecs_str pem, const char **ret_reason);
json_t *jws_pem_public(struct ecs_str pem);
/* {"kty":"oct","k":...}; NULL: length out of range, or no memory. */
json_t *jws_secret_key(struct ecs_str secret);
/* Overwrites private and symmetric members before the tree is released; NULL allowed. */
void jws_wipe_key(json_t *jwk);

/* libjose says its errors on stderr unless it is told otherwise: an object that keeps it silent. */
void *jws_quiet(void);
void jws_quiet_free(void *cfg);
