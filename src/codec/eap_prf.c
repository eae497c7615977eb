/* SPDX-License-Identifier: Apache-2.0 */
/* Key derivation of the EAP methods (RFC 4187 7, RFC 5448 3). */
#define OPENSSL_SUPPRESS_DEPRECATED /* SHA1_Transform, see g_function */
#include "ecs/eap_prf.h"

#include <openssl/sha.h>

#include <string.h>

static const uint32_t sha1_start[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};

/* One compression (FIPS 180-4 6.1.2) of XKEY | 44 zero bytes, from the standard start value. The low-level
 * call is deprecated but has no successor: EVP always pads (docs/decisions/0005). ctx and block are wiped by
 * the caller. */
static void g_function(const uint32_t xkey[5], SHA_CTX *ctx, uint8_t block[64], uint32_t out[5])
{
    for (int i = 0; i < 20; i++)
        block[i] = (uint8_t)(xkey[i / 4] >> (24 - 8 * (i % 4)));
    memset(block + 20, 0, 44);
    ctx->h0 = sha1_start[0];
    ctx->h1 = sha1_start[1];
    ctx->h2 = sha1_start[2];
    ctx->h3 = sha1_start[3];
    ctx->h4 = sha1_start[4];
    SHA1_Transform(ctx, block);
    out[0] = ctx->h0;
    out[1] = ctx->h1;
    out[2] = ctx->h2;
    out[3] = ctx->h3;
    out[4] = ctx->h4;
}

/* xkey = 1 + xkey + w mod 2^160 */
static void step_key(uint32_t xkey[5], const uint32_t w[5])
{
    uint64_t carry = 1;

    for (int i = 4; i >= 0; i--) {
        carry += (uint64_t)xkey[i] + w[i];
        xkey[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

void ecs_fips186_prf(const uint8_t xkey[20], uint8_t *out, size_t n)
{
    uint32_t key[5], w[5];
    SHA_CTX ctx;
    uint8_t message[64], block[20];

    for (int i = 0; i < 5; i++)
        key[i] = (uint32_t)xkey[4 * i] << 24 | (uint32_t)xkey[4 * i + 1] << 16 |
                 (uint32_t)xkey[4 * i + 2] << 8 | xkey[4 * i + 3];
    while (n) {
        size_t part = n < sizeof(block) ? n : sizeof(block);

        g_function(key, &ctx, message, w);
        step_key(key, w);
        for (int i = 0; i < 20; i++)
            block[i] = (uint8_t)(w[i / 4] >> (24 - 8 * (i % 4)));
        memcpy(out, block, part);
        out += part;
        n -= part;
    }
    ecs_wipe(key, sizeof(key));
    ecs_wipe(w, sizeof(w));
    ecs_wipe(&ctx, sizeof(ctx));
    ecs_wipe(message, sizeof(message));
    ecs_wipe(block, sizeof(block));
}

bool ecs_eap_aka_mk(struct ecs_crypto *crypto, struct ecs_str identity, const uint8_t ik[16],
                    const uint8_t ck[16], uint8_t ret_mk[20])
{
    const struct ecs_str parts[] = {identity, {(const char *)ik, 16}, {(const char *)ck, 16}};

    return ecs_digest(crypto, ECS_DIGEST_SHA1, parts, ECS_ARRAY_LEN(parts), ret_mk);
}

void ecs_eap_aka_expand(const uint8_t mk[20], struct ecs_eap_keys *ret_keys)
{
    uint8_t stream[16 + 16 + 64 + 64];

    ecs_fips186_prf(mk, stream, sizeof(stream));
    memset(ret_keys, 0, sizeof(*ret_keys));
    memcpy(ret_keys->k_encr, stream, 16);
    memcpy(ret_keys->k_aut, stream + 16, 16);
    ret_keys->k_aut_n = 16;
    memcpy(ret_keys->msk, stream + 32, 64);
    memcpy(ret_keys->emsk, stream + 96, 64);
    ecs_wipe(stream, sizeof(stream));
}

void ecs_eap_aka_k_aut(const uint8_t mk[20], uint8_t ret_k_aut[16])
{
    uint8_t stream[32];

    ecs_fips186_prf(mk, stream, sizeof(stream));
    memcpy(ret_k_aut, stream + 16, 16);
    ecs_wipe(stream, sizeof(stream));
}

void ecs_eap_aka_k_aut_msk(const uint8_t mk[20], uint8_t ret_k_aut[16], uint8_t ret_msk[64])
{
    uint8_t stream[16 + 16 + 64];

    ecs_fips186_prf(mk, stream, sizeof(stream));
    memcpy(ret_k_aut, stream + 16, 16);
    memcpy(ret_msk, stream + 32, 64);
    ecs_wipe(stream, sizeof(stream));
}

bool ecs_eap_aka_prime_ck_ik(struct ecs_crypto *crypto, struct ecs_str network, const uint8_t sqn_ak[6],
                             const uint8_t ik[16], const uint8_t ck[16], uint8_t ret_ck[16],
                             uint8_t ret_ik[16])
{
    const char length[2] = {(char)(network.n >> 8), (char)network.n};
    const struct ecs_str parts[] = {
        {"\x20", 1}, network, {length, 2}, {(const char *)sqn_ak, 6}, {"\x00\x06", 2},
    };
    uint8_t key[32], out[32];
    bool ok;

    if (network.n > UINT16_MAX)
        return false;
    memcpy(key, ck, 16);
    memcpy(key + 16, ik, 16);
    ok = ecs_hmac(crypto, ECS_DIGEST_SHA256, key, sizeof(key), parts, ECS_ARRAY_LEN(parts), out);
    if (ok) {
        memcpy(ret_ck, out, 16);
        memcpy(ret_ik, out + 16, 16);
    }
    ecs_wipe(key, sizeof(key));
    ecs_wipe(out, sizeof(out));
    return ok;
}

/* PRF'(key, label | identity) of RFC 5448 3.4, in whole blocks of 32 bytes. */
static bool prime_prf(struct ecs_crypto *crypto, const uint8_t key[32], struct ecs_str label,
                      struct ecs_str identity, uint8_t *out, unsigned blocks)
{
    for (unsigned i = 0; i < blocks; i++) {
        const char number = (char)(i + 1);
        const struct ecs_str parts[] = {
            {(const char *)out + 32 * (i ? i - 1 : 0), i ? 32 : 0},
            label,
            identity,
            {&number, 1},
        };

        if (!ecs_hmac(crypto, ECS_DIGEST_SHA256, key, 32, parts, ECS_ARRAY_LEN(parts), out + 32 * i))
            return false;
    }
    return true;
}

bool ecs_eap_aka_prime_keys(struct ecs_crypto *crypto, struct ecs_str identity, const uint8_t ik_prime[16],
                            const uint8_t ck_prime[16], struct ecs_eap_keys *ret_keys)
{
    uint8_t key[32], mk[7 * 32]; /* 208 bytes are used */
    bool ok;

    memcpy(key, ik_prime, 16);
    memcpy(key + 16, ck_prime, 16);
    ok = prime_prf(crypto, key, ECS_STR("EAP-AKA'"), identity, mk, 7);
    if (ok) {
        memcpy(ret_keys->k_encr, mk, 16);
        memcpy(ret_keys->k_aut, mk + 16, 32);
        ret_keys->k_aut_n = 32;
        memcpy(ret_keys->k_re, mk + 48, 32);
        memcpy(ret_keys->msk, mk + 80, 64);
        memcpy(ret_keys->emsk, mk + 144, 64);
    }
    ecs_wipe(key, sizeof(key));
    ecs_wipe(mk, sizeof(mk));
    return ok;
}
