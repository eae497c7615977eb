/* SPDX-License-Identifier: Apache-2.0 */
/* Ciphers, digests and random bytes. Everything that libcrypto would look up or allocate per call is kept in
 * objects that belong to one thread; no call here waits or takes a lock. A false return means that libcrypto
 * failed (no memory) unless the comment says otherwise. */
#pragma once

#include "ecs/str.h"

#define ECS_SHA1_LEN      20
#define ECS_SHA256_LEN    32
#define ECS_AEAD_KEY_LEN  32
#define ECS_AEAD_IV_LEN   12
#define ECS_AEAD_TAG_LEN  16
#define ECS_WRAP_OVERHEAD (2 + ECS_AEAD_IV_LEN + ECS_AEAD_TAG_LEN)

struct ecs_crypto;   /* one per thread */
struct ecs_aead_key; /* one AES-256-GCM key, used by one thread */

/* NULL when libcrypto lacks an algorithm or memory. */
struct ecs_crypto *ecs_crypto_new(void) ECS_MUST_CHECK;
void ecs_crypto_free(struct ecs_crypto *crypto); /* NULL is allowed; wipes what it held */

/* AES block cipher (FIPS 197), for Milenage: the key stays until the next call of ecs_aes_set_key.
 * key_n is 16 or 32, else false. */
bool ecs_aes_set_key(struct ecs_crypto *crypto, const uint8_t *key, size_t key_n) ECS_MUST_CHECK;
/* n is a multiple of 16, each block on its own (ECB); out may be in. False also without a key. */
bool ecs_aes_encrypt(struct ecs_crypto *crypto, const uint8_t *in, size_t n, uint8_t *out) ECS_MUST_CHECK;

enum ecs_digest_alg { ECS_DIGEST_SHA1, ECS_DIGEST_SHA256, ECS_DIGEST_COUNT };
size_t ecs_digest_len(enum ecs_digest_alg alg); /* 20 or 32 */
/* Digest of the concatenated parts; out holds ecs_digest_len(alg) bytes. */
bool ecs_digest(struct ecs_crypto *crypto, enum ecs_digest_alg alg, const struct ecs_str *parts,
                size_t n_parts, uint8_t *out) ECS_MUST_CHECK;
/* HMAC (RFC 2104) over the concatenated parts, not truncated. key_n is 1 or more. */
bool ecs_hmac(struct ecs_crypto *crypto, enum ecs_digest_alg alg, const uint8_t *key, size_t key_n,
              const struct ecs_str *parts, size_t n_parts, uint8_t *out) ECS_MUST_CHECK;

/* A key for one purpose: HKDF-Expand (RFC 5869 2.3) with SHA-256, info = label, 32 bytes. */
bool ecs_derive_key(struct ecs_crypto *crypto, const uint8_t master[32], struct ecs_str label,
                    uint8_t ret_key[32]) ECS_MUST_CHECK;

/* AES-256-GCM with a 12-byte nonce, which must never repeat under one key. The key bytes may be wiped after
 * _new. The object must be used and freed on one thread. */
struct ecs_aead_key *ecs_aead_key_new(struct ecs_crypto *crypto,
                                      const uint8_t key[ECS_AEAD_KEY_LEN]) ECS_MUST_CHECK;
void ecs_aead_key_free(struct ecs_aead_key *key);
/* out holds n + 16 bytes: ciphertext, tag. */
bool ecs_aead_seal(struct ecs_aead_key *key, const uint8_t nonce[ECS_AEAD_IV_LEN], struct ecs_str aad,
                   const uint8_t *plain, size_t n, uint8_t *out) ECS_MUST_CHECK;
/* sealed_n counts the tag; out holds sealed_n - 16 bytes and is wiped when the tag is wrong (false). */
bool ecs_aead_open(struct ecs_aead_key *key, const uint8_t nonce[ECS_AEAD_IV_LEN], struct ecs_str aad,
                   const uint8_t *sealed, size_t sealed_n, uint8_t *out) ECS_MUST_CHECK;

/* Subscriber keys at rest: version 1 | key id | nonce(12) | ciphertext | tag(16), bound to the subscriber and
 * the column by AAD = "<owner>|<field>" in ASCII (owner: IMSI digits; field: "ki", "opc"). A wrapped value
 * that was copied to another row or column does not open. out holds n + ECS_WRAP_OVERHEAD bytes. */
bool ecs_wrap_seal(struct ecs_crypto *crypto, struct ecs_aead_key *key, uint8_t key_id, struct ecs_str owner,
                   struct ecs_str field, const uint8_t *plain, size_t n, uint8_t *out) ECS_MUST_CHECK;
/* The key id of a wrapped value; false when too short or of an unknown version. */
bool ecs_wrap_key_id(const uint8_t *wrapped, size_t wrapped_n, uint8_t *ret_key_id) ECS_MUST_CHECK;
/* out holds wrapped_n - ECS_WRAP_OVERHEAD bytes; false when malformed, of another owner, field or key. */
bool ecs_wrap_open(struct ecs_aead_key *key, struct ecs_str owner, struct ecs_str field,
                   const uint8_t *wrapped, size_t wrapped_n, uint8_t *out) ECS_MUST_CHECK;

/* RAND_bytes, fetched in larger pieces; do not fork and go on using the object in both processes. */
bool ecs_random(struct ecs_crypto *crypto, void *out, size_t n) ECS_MUST_CHECK;

/* Takes the same time whatever the bytes are. */
bool ecs_ct_equal(const void *a, const void *b, size_t n);
void ecs_wipe(void *bytes, size_t n); /* is not optimised away */
