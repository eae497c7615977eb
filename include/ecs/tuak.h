/* SPDX-License-Identifier: Apache-2.0 */
/* TUAK (3GPP TS 35.231): the authentication functions on Keccak-f[1600]. No libcrypto, no state. */
#pragma once

#include "ecs/str.h"

struct ecs_tuak_key {
    uint8_t k[32];
    uint8_t topc[32];
    uint8_t k_n;        /* bytes: 16 or 32 */
    uint8_t mac_n;      /* bytes: 8, 16 or 32 */
    uint8_t res_n;      /* bytes: 4, 8, 16 or 32 */
    uint8_t ck_n;       /* bytes: 16 or 32 */
    uint8_t ik_n;       /* bytes: 16 or 32 */
    uint8_t iterations; /* of the permutation, 1..255; 1 is the usual value */
};

struct ecs_tuak_out {
    uint8_t mac_a[32];  /* f1, mac_n bytes */
    uint8_t mac_s[32];  /* f1*, mac_n bytes */
    uint8_t res[32];    /* f2, res_n bytes */
    uint8_t ck[32];     /* f3, ck_n bytes */
    uint8_t ik[32];     /* f4, ik_n bytes */
    uint8_t ak[6];      /* f5 */
    uint8_t ak_star[6]; /* f5* */
};

/* One application of the permutation to 25 lanes; public for its own test. */
void ecs_keccak_f1600(uint64_t lanes[25]);
/* TOPc from TOP; false when k_n or iterations are out of range. */
bool ecs_tuak_topc(const uint8_t *k, size_t k_n, const uint8_t top[32], unsigned iterations,
                   uint8_t ret_topc[32]) ECS_MUST_CHECK;
/* False when a length of the key is none of those above. The caller wipes *ret_out. */
bool ecs_tuak(const struct ecs_tuak_key *key, const uint8_t rand[16], const uint8_t sqn[6],
              const uint8_t amf[2], struct ecs_tuak_out *ret_out) ECS_MUST_CHECK;
