/* SPDX-License-Identifier: Apache-2.0 */
/* Milenage (3GPP TS 35.206): f1, f1*, f2 to f5 and f5*, all from one call. */
#pragma once

#include "ecs/crypto.h"

/* Rotations in bits (0..127) and additive constants of OUT1..OUT5, index 0 to 4. */
struct ecs_milenage_constants {
    uint8_t r[5];
    uint8_t c[5][16];
};
/* r = 64, 0, 32, 64, 96; c1 = 0, c2..c5 = 1, 2, 4, 8 (TS 35.206 4.1). */
extern const struct ecs_milenage_constants ecs_milenage_defaults;

struct ecs_milenage_out {
    uint8_t mac_a[8];   /* f1 */
    uint8_t mac_s[8];   /* f1* */
    uint8_t res[8];     /* f2 */
    uint8_t ck[16];     /* f3 */
    uint8_t ik[16];     /* f4 */
    uint8_t ak[6];      /* f5 */
    uint8_t ak_star[6]; /* f5* */
};

/* OPc = AES_K(OP) xor OP. */
bool ecs_milenage_opc(struct ecs_crypto *crypto, const uint8_t k[16], const uint8_t op[16],
                      uint8_t ret_opc[16]) ECS_MUST_CHECK;
/* constants may be NULL (the defaults). False when a rotation is above 127 or libcrypto failed. The caller
 * wipes *ret_out. */
bool ecs_milenage(struct ecs_crypto *crypto, const uint8_t k[16], const uint8_t opc[16],
                  const struct ecs_milenage_constants *constants, const uint8_t rand[16],
                  const uint8_t sqn[6], const uint8_t amf[2],
                  struct ecs_milenage_out *ret_out) ECS_MUST_CHECK;
