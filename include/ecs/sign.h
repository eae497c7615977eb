/* SPDX-License-Identifier: Apache-2.0 */
/* Private keys that sign: what a TLS server needs of its certificate's key. Immutable after loading, so one
 * signer may be used by all threads at once. */
#pragma once

#include "ecs/error.h"

struct ecs_signer;

enum ecs_sign_key {
    ECS_SIGN_KEY_RSA,
    ECS_SIGN_KEY_EC, /* P-256, P-384 or P-521 */
};

enum ecs_sign_alg {
    ECS_SIGN_RSA_PKCS1_SHA256, /* RFC 8017 8.2 */
    ECS_SIGN_RSA_PKCS1_SHA384,
    ECS_SIGN_RSA_PKCS1_SHA512,
    ECS_SIGN_RSA_PSS_SHA256, /* RFC 8017 8.1 with salt length = digest length (RFC 8446 4.2.3) */
    ECS_SIGN_RSA_PSS_SHA384,
    ECS_SIGN_RSA_PSS_SHA512,
    ECS_SIGN_ECDSA_SHA256, /* DER form (RFC 3279 2.2.3) */
    ECS_SIGN_ECDSA_SHA384,
    ECS_SIGN_ECDSA_SHA512,
    ECS_SIGN_ALG_COUNT
};

enum { ECS_SIGN_MAX = 2048 }; /* longest signature in bytes: RSA of 16384 bits */

/* First private key of the text (PKCS#8, PKCS#1 or SEC1; not encrypted). RSA below 2,048 bits and other kinds
 * of keys are refused. NULL with a sentence in err (NUL-terminated, cut at err_size). */
struct ecs_signer *ecs_signer_load(struct ecs_str pem, char *err, size_t err_size) ECS_MUST_CHECK;
void ecs_signer_free(struct ecs_signer *signer); /* NULL allowed */
enum ecs_sign_key ecs_signer_key(const struct ecs_signer *signer);
unsigned ecs_signer_bits(const struct ecs_signer *signer);
/* False when the key's kind cannot do it. */
bool ecs_signer_can(const struct ecs_signer *signer, enum ecs_sign_alg alg);
size_t ecs_sign_digest_len(enum ecs_sign_alg alg); /* 32, 48 or 64 */

/* Signs a digest made by the caller / a whole message. out holds ECS_SIGN_MAX bytes. ECS_E_BAD_PARAMETER: the
 * key cannot do alg, or digest has the wrong length; ECS_E_INTERNAL: the library failed. */
enum ecs_rc ecs_sign_digest(const struct ecs_signer *signer, enum ecs_sign_alg alg, struct ecs_str digest,
                            uint8_t *out, size_t *ret_n) ECS_MUST_CHECK;
enum ecs_rc ecs_sign(const struct ecs_signer *signer, enum ecs_sign_alg alg, struct ecs_str message,
                     uint8_t *out, size_t *ret_n) ECS_MUST_CHECK;
