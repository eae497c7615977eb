/* SPDX-License-Identifier: Apache-2.0 */
/* The libcrypto objects of one thread, fetched once: looking an algorithm up per call costs three to five
 * times the work itself. The AEAD part is in crypto_aead.c. */
#include "codec/crypto_priv.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    size_t len;
} digests[ECS_DIGEST_COUNT] = {
    [ECS_DIGEST_SHA1] = {"SHA1", ECS_SHA1_LEN},
    [ECS_DIGEST_SHA256] = {"SHA256", ECS_SHA256_LEN},
};

static EVP_CIPHER_CTX *make_ecb(const char *name)
{
    static const uint8_t no_key[32];
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

    if (!cipher || !ctx || EVP_EncryptInit_ex2(ctx, cipher, no_key, NULL, NULL) != 1 ||
        EVP_CIPHER_CTX_set_padding(ctx, 0) != 1) {
        EVP_CIPHER_CTX_free(ctx);
        ctx = NULL;
    }
    EVP_CIPHER_free(cipher); /* the context holds its own reference */
    return ctx;
}

static bool make_digest(struct ecs_crypto *crypto, enum ecs_digest_alg alg)
{
    EVP_MD *md = EVP_MD_fetch(NULL, digests[alg].name, NULL);
    bool ok;

    crypto->digest[alg] = EVP_MD_CTX_new();
    ok = md && crypto->digest[alg] && EVP_DigestInit_ex2(crypto->digest[alg], md, NULL) == 1;
    EVP_MD_free(md);
    return ok;
}

static bool make_hmac(struct ecs_crypto *crypto, EVP_MAC *hmac, enum ecs_digest_alg alg)
{
    char name[8];
    OSSL_PARAM params[2];

    memcpy(name, digests[alg].name, strlen(digests[alg].name) + 1);
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0);
    params[1] = OSSL_PARAM_construct_end();
    crypto->hmac[alg] = EVP_MAC_CTX_new(hmac);
    return crypto->hmac[alg] && EVP_MAC_CTX_set_params(crypto->hmac[alg], params) == 1;
}

static bool make_all(struct ecs_crypto *crypto)
{
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    bool ok = hmac != NULL;

    for (enum ecs_digest_alg alg = 0; ok && alg < ECS_DIGEST_COUNT; alg++)
        ok = make_digest(crypto, alg) && make_hmac(crypto, hmac, alg);
    EVP_MAC_free(hmac);
    if (!ok)
        return false;
    crypto->aes128 = make_ecb("AES-128-ECB");
    crypto->aes256 = make_ecb("AES-256-ECB");
    crypto->gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    return crypto->aes128 && crypto->aes256 && crypto->gcm;
}

struct ecs_crypto *ecs_crypto_new(void)
{
    struct ecs_crypto *crypto = calloc(1, sizeof(*crypto));

    if (crypto && !make_all(crypto)) {
        ecs_crypto_free(crypto);
        crypto = NULL;
    }
    return crypto;
}

void ecs_crypto_free(struct ecs_crypto *crypto)
{
    if (!crypto)
        return;
    EVP_CIPHER_CTX_free(crypto->aes128);
    EVP_CIPHER_CTX_free(crypto->aes256);
    EVP_CIPHER_free(crypto->gcm);
    for (enum ecs_digest_alg alg = 0; alg < ECS_DIGEST_COUNT; alg++) {
        EVP_MD_CTX_free(crypto->digest[alg]);
        EVP_MAC_CTX_free(crypto->hmac[alg]);
    }
    ecs_wipe(crypto, sizeof(*crypto));
    free(crypto);
}

bool ecs_aes_set_key(struct ecs_crypto *crypto, const uint8_t *key, size_t key_n)
{
    crypto->aes = NULL;
    if (key_n != 16 && key_n != 32)
        return false;
    EVP_CIPHER_CTX *ctx = key_n == 16 ? crypto->aes128 : crypto->aes256;
    if (EVP_EncryptInit_ex2(ctx, NULL, key, NULL, NULL) != 1)
        return false;
    crypto->aes = ctx;
    return true;
}

bool ecs_aes_encrypt(struct ecs_crypto *crypto, const uint8_t *in, size_t n, uint8_t *out)
{
    int done = 0;

    if (!crypto->aes || n % 16 != 0 || n > ECS_CRYPTO_MAX)
        return false;
    return EVP_EncryptUpdate(crypto->aes, out, &done, in, (int)n) == 1 && (size_t)done == n;
}

size_t ecs_digest_len(enum ecs_digest_alg alg)
{
    return digests[alg].len;
}

bool ecs_digest(struct ecs_crypto *crypto, enum ecs_digest_alg alg, const struct ecs_str *parts,
                size_t n_parts, uint8_t *out)
{
    EVP_MD_CTX *ctx = crypto->digest[alg];

    if (EVP_DigestInit_ex2(ctx, NULL, NULL) != 1)
        return false;
    for (size_t i = 0; i < n_parts; i++)
        if (parts[i].n && EVP_DigestUpdate(ctx, parts[i].p, parts[i].n) != 1)
            return false;
    return EVP_DigestFinal_ex(ctx, out, NULL) == 1;
}

bool ecs_hmac(struct ecs_crypto *crypto, enum ecs_digest_alg alg, const uint8_t *key, size_t key_n,
              const struct ecs_str *parts, size_t n_parts, uint8_t *out)
{
    EVP_MAC_CTX *ctx = crypto->hmac[alg];
    size_t n = 0;

    if (key_n == 0 || EVP_MAC_init(ctx, key, key_n, NULL) != 1)
        return false;
    for (size_t i = 0; i < n_parts; i++)
        if (parts[i].n && EVP_MAC_update(ctx, (const unsigned char *)parts[i].p, parts[i].n) != 1)
            return false;
    return EVP_MAC_final(ctx, out, &n, digests[alg].len) == 1 && n == digests[alg].len;
}

bool ecs_derive_key(struct ecs_crypto *crypto, const uint8_t master[32], struct ecs_str label,
                    uint8_t ret_key[32])
{
    const struct ecs_str parts[] = {label, {"\x01", 1}};

    return ecs_hmac(crypto, ECS_DIGEST_SHA256, master, 32, parts, ECS_ARRAY_LEN(parts), ret_key);
}

bool ecs_random(struct ecs_crypto *crypto, void *out, size_t n)
{
    if (n > sizeof(crypto->random))
        return n <= ECS_CRYPTO_MAX && RAND_bytes(out, (int)n) == 1;
    if (n > crypto->random_left) {
        crypto->random_left = 0;
        if (RAND_bytes(crypto->random, sizeof(crypto->random)) != 1)
            return false;
        crypto->random_left = sizeof(crypto->random);
    }
    crypto->random_left -= n;
    memcpy(out, crypto->random + crypto->random_left, n);
    ecs_wipe(crypto->random + crypto->random_left, n); /* what was handed out is not kept */
    return true;
}

bool ecs_ct_equal(const void *a, const void *b, size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}

void ecs_wipe(void *bytes, size_t n)
{
    OPENSSL_cleanse(bytes, n);
}
