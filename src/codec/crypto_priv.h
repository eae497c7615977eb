/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the crypto part share. */
#pragma once

#include "ecs/crypto.h"

#include <openssl/evp.h>

/* Longest piece handed to libcrypto in one call, whose lengths are int. */
#define ECS_CRYPTO_MAX ((size_t)1 << 30)

struct ecs_crypto {
    EVP_CIPHER_CTX *aes128, *aes256;
    EVP_CIPHER_CTX *aes; /* the one that has the current key, or NULL */
    EVP_CIPHER *gcm;
    EVP_MD_CTX *digest[ECS_DIGEST_COUNT];
    EVP_MAC_CTX *hmac[ECS_DIGEST_COUNT];
    size_t random_left; /* bytes of random[0..] not handed out yet */
    uint8_t random[256];
};
