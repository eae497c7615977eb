/* SPDX-License-Identifier: Apache-2.0 */
/* TUAK. The 200-byte state is filled with every field in reversed byte order, permuted, and read the same way
 * (TS 35.231 6); OpenSSL offers Keccak only with its own padding, so the permutation is here. */
#include "ecs/tuak.h"
#include "ecs/crypto.h"

#include <string.h>

enum field {
    AT_TOP = 0,
    AT_INSTANCE = 32,
    AT_NAME = 33,
    AT_RAND = 40,
    AT_AMF = 56,
    AT_SQN = 58,
    AT_K = 64,
    AT_PAD_FIRST = 96,
    AT_PAD_LAST = 135,
    OUT_CK = 32,
    OUT_IK = 64,
    OUT_AK = 96,
};

enum instance {
    INSTANCE_F1 = 0x00,
    INSTANCE_F1_STAR = 0x80,
    INSTANCE_F2_F5 = 0x40,
    INSTANCE_F5_STAR = 0xC0,
};

/* rho offset and pi target for the walk over the 24 lanes other than (0,0), FIPS 202 3.2.2 and 3.2.3. */
static const uint8_t rho[24] = {1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                                27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};
static const uint8_t pi[24] = {10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
                               15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1};
static const uint64_t iota[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000, 0x000000000000808B,
    0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008A, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000A, 0x000000008000808B, 0x800000000000008B, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800A, 0x800000008000000A,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

static uint64_t rotate(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

void ecs_keccak_f1600(uint64_t lanes[25])
{
    for (int round = 0; round < 24; round++) {
        uint64_t column[5], moved;

        for (int x = 0; x < 5; x++)
            column[x] = lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20];
        for (int x = 0; x < 5; x++) {
            uint64_t d = column[(x + 4) % 5] ^ rotate(column[(x + 1) % 5], 1);
            for (int y = 0; y < 25; y += 5)
                lanes[x + y] ^= d;
        }
        moved = lanes[1];
        for (int i = 0; i < 24; i++) {
            uint64_t here = lanes[pi[i]];
            lanes[pi[i]] = rotate(moved, rho[i]);
            moved = here;
        }
        for (int y = 0; y < 25; y += 5) {
            memcpy(column, lanes + y, sizeof(column));
            for (int x = 0; x < 5; x++)
                lanes[x + y] = column[x] ^ (~column[(x + 1) % 5] & column[(x + 2) % 5]);
        }
        lanes[0] ^= iota[round];
    }
}

static void permute(uint8_t state[200], unsigned iterations)
{
    uint64_t lanes[25];

    for (int i = 0; i < 25; i++) {
        lanes[i] = 0;
        for (int b = 7; b >= 0; b--)
            lanes[i] = lanes[i] << 8 | state[8 * i + b];
    }
    while (iterations--)
        ecs_keccak_f1600(lanes);
    for (int i = 0; i < 200; i++)
        state[i] = (uint8_t)(lanes[i / 8] >> (8 * (i % 8)));
    ecs_wipe(lanes, sizeof(lanes));
}

static void copy_reversed(uint8_t *out, const uint8_t *in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = in[n - 1 - i];
}

/* Fills the state with what all functions share; rand, amf and sqn are NULL where the function has none. */
static void fill(uint8_t state[200], const uint8_t *top, unsigned instance, const uint8_t *k, size_t k_n,
                 const uint8_t *rand, const uint8_t *amf, const uint8_t *sqn)
{
    memset(state, 0, 200);
    copy_reversed(state + AT_TOP, top, 32);
    state[AT_INSTANCE] = (uint8_t)(instance | (k_n == 32));
    copy_reversed(state + AT_NAME, (const uint8_t *)"TUAK1.0", 7);
    if (rand)
        copy_reversed(state + AT_RAND, rand, 16);
    if (amf)
        copy_reversed(state + AT_AMF, amf, 2);
    if (sqn)
        copy_reversed(state + AT_SQN, sqn, 6);
    copy_reversed(state + AT_K, k, k_n);
    state[AT_PAD_FIRST] = 0x1F;
    state[AT_PAD_LAST] = 0x80;
}

bool ecs_tuak_topc(const uint8_t *k, size_t k_n, const uint8_t top[32], unsigned iterations,
                   uint8_t ret_topc[32])
{
    uint8_t state[200];

    if ((k_n != 16 && k_n != 32) || iterations < 1 || iterations > 255)
        return false;
    fill(state, top, 0, k, k_n, NULL, NULL, NULL);
    permute(state, iterations);
    copy_reversed(ret_topc, state, 32);
    ecs_wipe(state, sizeof(state));
    return true;
}

static bool key_is_valid(const struct ecs_tuak_key *key)
{
    return (key->k_n == 16 || key->k_n == 32) && (key->mac_n == 8 || key->mac_n == 16 || key->mac_n == 32) &&
           (key->res_n == 4 || key->res_n == 8 || key->res_n == 16 || key->res_n == 32) &&
           (key->ck_n == 16 || key->ck_n == 32) && (key->ik_n == 16 || key->ik_n == 32) &&
           key->iterations >= 1;
}

bool ecs_tuak(const struct ecs_tuak_key *key, const uint8_t rand[16], const uint8_t sqn[6],
              const uint8_t amf[2], struct ecs_tuak_out *ret_out)
{
    uint8_t state[200];

    if (!key_is_valid(key))
        return false;
    /* The length codes are the length in bytes itself (8, 16, 32); a RES of 4 bytes has code 0. */
    unsigned res_code = key->res_n == 4 ? 0 : key->res_n;
    unsigned lengths = res_code | (key->ck_n == 32 ? 4u : 0u) | (key->ik_n == 32 ? 2u : 0u);

    fill(state, key->topc, INSTANCE_F1 | key->mac_n, key->k, key->k_n, rand, amf, sqn);
    permute(state, key->iterations);
    copy_reversed(ret_out->mac_a, state, key->mac_n);
    fill(state, key->topc, INSTANCE_F1_STAR | key->mac_n, key->k, key->k_n, rand, amf, sqn);
    permute(state, key->iterations);
    copy_reversed(ret_out->mac_s, state, key->mac_n);
    fill(state, key->topc, INSTANCE_F2_F5 | lengths, key->k, key->k_n, rand, NULL, NULL);
    permute(state, key->iterations);
    copy_reversed(ret_out->res, state, key->res_n);
    copy_reversed(ret_out->ck, state + OUT_CK, key->ck_n);
    copy_reversed(ret_out->ik, state + OUT_IK, key->ik_n);
    copy_reversed(ret_out->ak, state + OUT_AK, 6);
    fill(state, key->topc, INSTANCE_F5_STAR, key->k, key->k_n, rand, NULL, NULL);
    permute(state, key->iterations);
    copy_reversed(ret_out->ak_star, state + OUT_AK, 6);
    ecs_wipe(state, sizeof(state));
    return true;
}
