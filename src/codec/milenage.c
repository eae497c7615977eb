/* SPDX-License-Identifier: Apache-2.0 */
/* Milenage on AES-128. The five output blocks depend on TEMP only, so they go through the cipher in one call.
 */
#include "ecs/milenage.h"

#include <string.h>

const struct ecs_milenage_constants ecs_milenage_defaults = {
    .r = {64, 0, 32, 64, 96},
    .c = {{0}, {[15] = 1}, {[15] = 2}, {[15] = 4}, {[15] = 8}},
};

static void xor16(uint8_t *out, const uint8_t *a, const uint8_t *b)
{
    for (int i = 0; i < 16; i++)
        out[i] = a[i] ^ b[i];
}

/* Cyclic rotation of 128 bits towards the most significant bit. */
static void rotate(uint8_t *out, const uint8_t *in, unsigned bits)
{
    unsigned bytes = bits / 8, rest = bits % 8;

    for (unsigned i = 0; i < 16; i++) {
        unsigned high = in[(i + bytes) % 16], low = in[(i + bytes + 1) % 16];
        out[i] = (uint8_t)(high << rest | low >> (8 - rest));
    }
}

bool ecs_milenage_opc(struct ecs_crypto *crypto, const uint8_t k[16], const uint8_t op[16],
                      uint8_t ret_opc[16])
{
    uint8_t block[16];

    if (!ecs_aes_set_key(crypto, k, 16) || !ecs_aes_encrypt(crypto, op, 16, block))
        return false;
    xor16(ret_opc, block, op);
    return true;
}

/* The inputs of the five last encryptions, side by side. */
static void make_inputs(const struct ecs_milenage_constants *constants, const uint8_t *opc,
                        const uint8_t *temp, const uint8_t *sqn, const uint8_t *amf, uint8_t blocks[5][16])
{
    uint8_t in1[16], mixed[16];

    memcpy(in1, sqn, 6);
    memcpy(in1 + 6, amf, 2);
    memcpy(in1 + 8, in1, 8);
    xor16(mixed, in1, opc);
    rotate(blocks[0], mixed, constants->r[0]);
    xor16(blocks[0], blocks[0], temp);
    xor16(blocks[0], blocks[0], constants->c[0]);
    xor16(mixed, temp, opc);
    for (int i = 1; i < 5; i++) {
        rotate(blocks[i], mixed, constants->r[i]);
        xor16(blocks[i], blocks[i], constants->c[i]);
    }
    ecs_wipe(mixed, sizeof(mixed));
}

bool ecs_milenage(struct ecs_crypto *crypto, const uint8_t k[16], const uint8_t opc[16],
                  const struct ecs_milenage_constants *constants, const uint8_t rand[16],
                  const uint8_t sqn[6], const uint8_t amf[2], struct ecs_milenage_out *ret_out)
{
    uint8_t temp[16], blocks[5][16];
    bool ok;

    if (!constants)
        constants = &ecs_milenage_defaults;
    for (int i = 0; i < 5; i++)
        if (constants->r[i] > 127)
            return false;
    xor16(temp, rand, opc);
    ok = ecs_aes_set_key(crypto, k, 16) && ecs_aes_encrypt(crypto, temp, 16, temp);
    if (ok) {
        make_inputs(constants, opc, temp, sqn, amf, blocks);
        ok = ecs_aes_encrypt(crypto, blocks[0], sizeof(blocks), blocks[0]);
    }
    if (ok) {
        for (int i = 0; i < 5; i++)
            xor16(blocks[i], blocks[i], opc);
        memcpy(ret_out->mac_a, blocks[0], 8);
        memcpy(ret_out->mac_s, blocks[0] + 8, 8);
        memcpy(ret_out->ak, blocks[1], 6);
        memcpy(ret_out->res, blocks[1] + 8, 8);
        memcpy(ret_out->ck, blocks[2], 16);
        memcpy(ret_out->ik, blocks[3], 16);
        memcpy(ret_out->ak_star, blocks[4], 6);
    }
    ecs_wipe(temp, sizeof(temp));
    ecs_wipe(blocks, sizeof(blocks));
    return ok;
}
