/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures with OpenSSL. For every algorithm of the key one context is prepared at loading; a signature
 * duplicates it, which spares the fetch of the implementation (a large part of an ECDSA signature) and needs
 * no lock. */
#include "ecs/sign.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>

struct ecs_signer {
    EVP_PKEY *key;
    enum ecs_sign_key kind;
    EVP_PKEY_CTX *ready[ECS_SIGN_ALG_COUNT]; /* NULL: not for this kind of key */
    EVP_MD *md[ECS_SIGN_ALG_COUNT];
};

static const struct {
    enum ecs_sign_key kind;
    bool pss;
    size_t digest_len;
    const char *md;
} algs[ECS_SIGN_ALG_COUNT] = {
    [ECS_SIGN_RSA_PKCS1_SHA256] = {ECS_SIGN_KEY_RSA, false, 32, "SHA256"},
    [ECS_SIGN_RSA_PKCS1_SHA384] = {ECS_SIGN_KEY_RSA, false, 48, "SHA384"},
    [ECS_SIGN_RSA_PKCS1_SHA512] = {ECS_SIGN_KEY_RSA, false, 64, "SHA512"},
    [ECS_SIGN_RSA_PSS_SHA256] = {ECS_SIGN_KEY_RSA, true, 32, "SHA256"},
    [ECS_SIGN_RSA_PSS_SHA384] = {ECS_SIGN_KEY_RSA, true, 48, "SHA384"},
    [ECS_SIGN_RSA_PSS_SHA512] = {ECS_SIGN_KEY_RSA, true, 64, "SHA512"},
    [ECS_SIGN_ECDSA_SHA256] = {ECS_SIGN_KEY_EC, false, 32, "SHA256"},
    [ECS_SIGN_ECDSA_SHA384] = {ECS_SIGN_KEY_EC, false, 48, "SHA384"},
    [ECS_SIGN_ECDSA_SHA512] = {ECS_SIGN_KEY_EC, false, 64, "SHA512"},
};

/* An encrypted key must fail instead of asking on a terminal. */
static int refuse_passphrase(char *buf, int size, int rwflag, void *userdata)
{
    (void)buf, (void)size, (void)rwflag;
    *(bool *)userdata = true;
    return -1;
}

static bool prepare(struct ecs_signer *s, enum ecs_sign_alg alg)
{
    EVP_PKEY_CTX *ctx;

    s->md[alg] = EVP_MD_fetch(NULL, algs[alg].md, NULL);
    s->ready[alg] = ctx = EVP_PKEY_CTX_new_from_pkey(NULL, s->key, NULL);
    if (!s->md[alg] || !ctx || EVP_PKEY_sign_init(ctx) <= 0)
        return false;
    if (algs[alg].kind == ECS_SIGN_KEY_RSA) {
        if (EVP_PKEY_CTX_set_rsa_padding(ctx, algs[alg].pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) <= 0)
            return false;
        if (EVP_PKEY_CTX_set_signature_md(ctx, s->md[alg]) <= 0)
            return false;
        return !algs[alg].pss || EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0;
    }
    return EVP_PKEY_CTX_set_signature_md(ctx, s->md[alg]) > 0;
}

static const char *accept_key(struct ecs_signer *s)
{
    switch (EVP_PKEY_get_base_id(s->key)) {
    case EVP_PKEY_RSA:
        s->kind = ECS_SIGN_KEY_RSA;
        if (EVP_PKEY_get_bits(s->key) < 2048)
            return "the RSA key is shorter than 2048 bits";
        break;
    case EVP_PKEY_EC:
        s->kind = ECS_SIGN_KEY_EC;
        break;
    default:
        return "the private key is neither RSA nor EC";
    }
    if (EVP_PKEY_get_size(s->key) <= 0 || EVP_PKEY_get_size(s->key) > ECS_SIGN_MAX)
        return "the private key is too large";
    for (unsigned alg = 0; alg < ECS_SIGN_ALG_COUNT; alg++)
        if (algs[alg].kind == s->kind && !prepare(s, alg))
            return "the private key cannot be used for signatures";
    return NULL;
}

struct ecs_signer *ecs_signer_load(struct ecs_str pem, char *err, size_t err_size)
{
    struct ecs_signer *s = calloc(1, sizeof(*s));
    BIO *bio = s && pem.n <= 1 << 20 ? BIO_new_mem_buf(pem.p ? pem.p : "", (int)pem.n) : NULL;
    bool encrypted = false;
    const char *fault = "no memory for the private key";

    ERR_clear_error();
    if (bio) {
        s->key = PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, &encrypted);
        fault = encrypted ? "the private key is encrypted" : "there is no readable private key in PEM form";
        if (s->key)
            fault = accept_key(s);
    }
    BIO_free(bio);
    ERR_clear_error();
    if (!fault)
        return s;
    snprintf(err, err_size, "%s", fault);
    ecs_signer_free(s);
    return NULL;
}

void ecs_signer_free(struct ecs_signer *s)
{
    if (!s)
        return;
    for (unsigned alg = 0; alg < ECS_SIGN_ALG_COUNT; alg++) {
        EVP_PKEY_CTX_free(s->ready[alg]);
        EVP_MD_free(s->md[alg]);
    }
    EVP_PKEY_free(s->key);
    free(s);
}

enum ecs_sign_key ecs_signer_key(const struct ecs_signer *s)
{
    return s->kind;
}

unsigned ecs_signer_bits(const struct ecs_signer *s)
{
    return (unsigned)EVP_PKEY_get_bits(s->key);
}

bool ecs_signer_can(const struct ecs_signer *s, enum ecs_sign_alg alg)
{
    return alg < ECS_SIGN_ALG_COUNT && s->ready[alg];
}

size_t ecs_sign_digest_len(enum ecs_sign_alg alg)
{
    return alg < ECS_SIGN_ALG_COUNT ? algs[alg].digest_len : 0;
}

enum ecs_rc ecs_sign_digest(const struct ecs_signer *s, enum ecs_sign_alg alg, struct ecs_str digest,
                            uint8_t *out, size_t *ret_n)
{
    EVP_PKEY_CTX *ctx;
    size_t n = ECS_SIGN_MAX;
    int ok;

    if (!ecs_signer_can(s, alg) || digest.n != algs[alg].digest_len)
        return ECS_E_BAD_PARAMETER;
    ctx = EVP_PKEY_CTX_dup(s->ready[alg]);
    if (!ctx)
        return ECS_E_NO_MEMORY;
    ok = EVP_PKEY_sign(ctx, out, &n, (const uint8_t *)digest.p, digest.n);
    EVP_PKEY_CTX_free(ctx);
    if (ok <= 0) {
        ERR_clear_error();
        return ECS_E_INTERNAL;
    }
    *ret_n = n;
    return ECS_OK;
}

enum ecs_rc ecs_sign(const struct ecs_signer *s, enum ecs_sign_alg alg, struct ecs_str message, uint8_t *out,
                     size_t *ret_n)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    if (!ecs_signer_can(s, alg))
        return ECS_E_BAD_PARAMETER;
    if (EVP_Digest(message.p, message.n, digest, &n, s->md[alg], NULL) != 1) {
        ERR_clear_error();
        return ECS_E_INTERNAL;
    }
    return ecs_sign_digest(s, alg, (struct ecs_str){(const char *)digest, n}, out, ret_n);
}
