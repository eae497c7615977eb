/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted identities of EAP-AKA: RSA-OAEP with OpenSSL. */
#include "ecs/eap_privacy.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ecs/crypto.h"

enum { BITS_MIN = 2048, BITS_MAX = 4096, BLOCK_MAX = BITS_MAX / 8 };

struct ecs_privacy_key {
    EVP_PKEY *key;
    size_t identifier_n;
    char identifier[ECS_PRIVACY_KEY_ID_MAX];
};

/* An encrypted key must fail instead of asking on a terminal. */
static int refuse_passphrase(char *buf, int size, int rwflag, void *userdata)
{
    (void)buf, (void)size, (void)rwflag, (void)userdata;
    return -1;
}

static const char *accept_key(EVP_PKEY *key)
{
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
        return "the private key is not RSA";
    if (EVP_PKEY_get_bits(key) < BITS_MIN || EVP_PKEY_get_bits(key) > BITS_MAX)
        return "the RSA key has not 2048 to 4096 bits";
    return NULL;
}

struct ecs_privacy_key *ecs_privacy_key_load(struct ecs_str pem, struct ecs_str identifier, char *err,
                                             size_t err_size)
{
    struct ecs_privacy_key *k = calloc(1, sizeof(*k));
    BIO *bio = pem.n <= INT32_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
    const char *why = "no memory";

    if (k && bio && identifier.n <= sizeof(k->identifier)) {
        k->key = PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, NULL);
        why = k->key ? accept_key(k->key) : "no private key in PEM form, or an encrypted one";
    } else if (k && bio) {
        why = "the key identifier is too long";
    }
    ERR_clear_error();
    BIO_free(bio);
    if (!why) {
        k->identifier_n = identifier.n;
        if (identifier.n)
            memcpy(k->identifier, identifier.p, identifier.n);
        return k;
    }
    (void)snprintf(err, err_size, "%s", why);
    ecs_privacy_key_free(k);
    return NULL;
}

void ecs_privacy_key_free(struct ecs_privacy_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->key);
    free(key);
}

/* Old phones broke the base64 into lines. */
static ptrdiff_t read_cipher(struct ecs_str text, uint8_t out[BLOCK_MAX])
{
    char packed[BLOCK_MAX / 3 * 4 + 8];
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
            continue;
        if (n == sizeof(packed))
            return -1;
        packed[n++] = c;
    }
    return ecs_base64_decode((struct ecs_str){packed, n}, out, BLOCK_MAX);
}

static bool decrypt(const struct ecs_privacy_key *key, const EVP_MD *mgf, const uint8_t *cipher, size_t n,
                    uint8_t plain[BLOCK_MAX], size_t *ret_n)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key->key, NULL);
    size_t size = BLOCK_MAX;
    bool good = ctx && n == (size_t)EVP_PKEY_get_size(key->key) && EVP_PKEY_decrypt_init(ctx) > 0 &&
                EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0 &&
                EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) > 0 &&
                EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, mgf) > 0 &&
                EVP_PKEY_decrypt(ctx, plain, &size, cipher, n) > 0;

    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    *ret_n = size;
    return good;
}

static bool open_with(const struct ecs_privacy_key *key, enum ecs_privacy_mgf mgf, const uint8_t *cipher,
                      size_t n, uint8_t plain[BLOCK_MAX], size_t *ret_n)
{
    if (mgf != ECS_PRIVACY_MGF_SHA1 && decrypt(key, EVP_sha256(), cipher, n, plain, ret_n))
        return true;
    return mgf != ECS_PRIVACY_MGF_SHA256 && decrypt(key, EVP_sha1(), cipher, n, plain, ret_n);
}

static bool is_named(const struct ecs_privacy_key *key, struct ecs_str name)
{
    return name.n && ecs_str_eq_nocase((struct ecs_str){key->identifier, key->identifier_n}, name);
}

enum ecs_rc ecs_privacy_open(const struct ecs_privacy_key *const *keys, size_t n, enum ecs_privacy_mgf mgf,
                             const struct ecs_eap_id *id, char out[ECS_EAP_NAI_MAX + 1], size_t *ret_n)
{
    uint8_t cipher[BLOCK_MAX], plain[BLOCK_MAX];
    struct ecs_eap_id inside;
    ptrdiff_t cipher_n = read_cipher(id->cipher_text, cipher);
    enum ecs_rc rc = ECS_E_AUTH_NEEDED;
    bool named = false, found = false;
    size_t plain_n = 0;

    for (size_t i = 0; i < n; i++)
        named = named || is_named(keys[i], id->key_identifier);
    for (size_t i = 0; cipher_n > 0 && i < n && !found; i++)
        if (!named || is_named(keys[i], id->key_identifier))
            found = open_with(keys[i], mgf, cipher, (size_t)cipher_n, plain, &plain_n);
    if (found && plain_n <= ECS_EAP_NAI_MAX &&
        ecs_eap_id_parse((struct ecs_str){(const char *)plain, plain_n}, &inside) == ECS_EAP_ID_PERMANENT) {
        memcpy(out, plain, plain_n);
        out[plain_n] = '\0';
        *ret_n = plain_n;
        rc = ECS_OK;
    }
    ecs_wipe(plain, sizeof(plain));
    return rc;
}
