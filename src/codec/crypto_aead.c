/* SPDX-License-Identifier: Apache-2.0 */
/* AES-256-GCM with contexts that keep the key schedule (a call sets the nonce only), and the form in which
 * subscriber keys are stored. */
#include "codec/crypto_priv.h"

#include <stdlib.h>
#include <string.h>

#define WRAP_VERSION 1

struct ecs_aead_key {
    EVP_CIPHER_CTX *seal;
    EVP_CIPHER_CTX *open;
};

struct ecs_aead_key *ecs_aead_key_new(struct ecs_crypto *crypto, const uint8_t key[ECS_AEAD_KEY_LEN])
{
    struct ecs_aead_key *k = calloc(1, sizeof(*k));

    if (!k)
        return NULL;
    k->seal = EVP_CIPHER_CTX_new();
    k->open = EVP_CIPHER_CTX_new();
    if (!k->seal || !k->open || EVP_EncryptInit_ex2(k->seal, crypto->gcm, key, NULL, NULL) != 1 ||
        EVP_DecryptInit_ex2(k->open, crypto->gcm, key, NULL, NULL) != 1) {
        ecs_aead_key_free(k);
        return NULL;
    }
    return k;
}

void ecs_aead_key_free(struct ecs_aead_key *key)
{
    if (!key)
        return;
    EVP_CIPHER_CTX_free(key->seal);
    EVP_CIPHER_CTX_free(key->open);
    free(key);
}

bool ecs_aead_seal(struct ecs_aead_key *key, const uint8_t nonce[ECS_AEAD_IV_LEN], struct ecs_str aad,
                   const uint8_t *plain, size_t n, uint8_t *out)
{
    EVP_CIPHER_CTX *ctx = key->seal;
    int done = 0, last = 0;

    if (n > ECS_CRYPTO_MAX || aad.n > ECS_CRYPTO_MAX ||
        EVP_EncryptInit_ex2(ctx, NULL, NULL, nonce, NULL) != 1)
        return false;
    if (aad.n && EVP_EncryptUpdate(ctx, NULL, &done, (const unsigned char *)aad.p, (int)aad.n) != 1)
        return false;
    done = 0;
    if (n && EVP_EncryptUpdate(ctx, out, &done, plain, (int)n) != 1)
        return false;
    if (EVP_EncryptFinal_ex(ctx, out + done, &last) != 1 || (size_t)done + (size_t)last != n)
        return false;
    return EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, ECS_AEAD_TAG_LEN, out + n) == 1;
}

static bool decrypt(EVP_CIPHER_CTX *ctx, const uint8_t *nonce, struct ecs_str aad, const uint8_t *sealed,
                    size_t n, uint8_t *out)
{
    uint8_t tag[ECS_AEAD_TAG_LEN];
    int done = 0, last = 0;

    memcpy(tag, sealed + n, sizeof(tag));
    if (EVP_DecryptInit_ex2(ctx, NULL, NULL, nonce, NULL) != 1)
        return false;
    if (aad.n && EVP_DecryptUpdate(ctx, NULL, &done, (const unsigned char *)aad.p, (int)aad.n) != 1)
        return false;
    done = 0;
    if (n && EVP_DecryptUpdate(ctx, out, &done, sealed, (int)n) != 1)
        return false;
    if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag) != 1)
        return false;
    return EVP_DecryptFinal_ex(ctx, out + done, &last) == 1 && (size_t)done + (size_t)last == n;
}

bool ecs_aead_open(struct ecs_aead_key *key, const uint8_t nonce[ECS_AEAD_IV_LEN], struct ecs_str aad,
                   const uint8_t *sealed, size_t sealed_n, uint8_t *out)
{
    if (sealed_n < ECS_AEAD_TAG_LEN || sealed_n > ECS_CRYPTO_MAX || aad.n > ECS_CRYPTO_MAX)
        return false;
    size_t n = sealed_n - ECS_AEAD_TAG_LEN;
    if (decrypt(key->open, nonce, aad, sealed, n, out))
        return true;
    if (n)
        ecs_wipe(out, n);
    return false;
}

/* "<owner>|<field>"; both are short and ours, longer ones are refused rather than cut. */
static bool make_aad(struct ecs_str owner, struct ecs_str field, char *out, size_t room,
                     struct ecs_str *ret_aad)
{
    if (owner.n == 0 || field.n == 0 || owner.n + 1 + field.n > room)
        return false;
    if (memchr(owner.p, '|', owner.n) || memchr(field.p, '|', field.n))
        return false;
    memcpy(out, owner.p, owner.n);
    out[owner.n] = '|';
    memcpy(out + owner.n + 1, field.p, field.n);
    *ret_aad = (struct ecs_str){out, owner.n + 1 + field.n};
    return true;
}

bool ecs_wrap_seal(struct ecs_crypto *crypto, struct ecs_aead_key *key, uint8_t key_id, struct ecs_str owner,
                   struct ecs_str field, const uint8_t *plain, size_t n, uint8_t *out)
{
    char room[64];
    struct ecs_str aad;

    if (!make_aad(owner, field, room, sizeof(room), &aad))
        return false;
    out[0] = WRAP_VERSION;
    out[1] = key_id;
    return ecs_random(crypto, out + 2, ECS_AEAD_IV_LEN) &&
           ecs_aead_seal(key, out + 2, aad, plain, n, out + 2 + ECS_AEAD_IV_LEN);
}

bool ecs_wrap_key_id(const uint8_t *wrapped, size_t wrapped_n, uint8_t *ret_key_id)
{
    if (wrapped_n < ECS_WRAP_OVERHEAD || wrapped[0] != WRAP_VERSION)
        return false;
    *ret_key_id = wrapped[1];
    return true;
}

bool ecs_wrap_open(struct ecs_aead_key *key, struct ecs_str owner, struct ecs_str field,
                   const uint8_t *wrapped, size_t wrapped_n, uint8_t *out)
{
    const size_t head = 2 + ECS_AEAD_IV_LEN;
    uint8_t key_id;
    char room[64];
    struct ecs_str aad;

    if (!ecs_wrap_key_id(wrapped, wrapped_n, &key_id) || !make_aad(owner, field, room, sizeof(room), &aad))
        return false;
    return ecs_aead_open(key, wrapped + 2, aad, wrapped + head, wrapped_n - head, out);
}
