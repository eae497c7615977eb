/* SPDX-License-Identifier: Apache-2.0 */
/* Milenage against the conformance test sets. */
#include "vectors.h"

#include "ecs/milenage.h"

static struct ecs_crypto *crypto;

static int setup(void **state)
{
    (void)state;
    crypto = ecs_crypto_new();
    return crypto ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    ecs_crypto_free(crypto);
    return 0;
}

/* proves: E-009 */
static void test_all_twenty_sets_match(void **state)
{
    struct vec v = vec_open("milenage.txt");
    int sets = 0;

    (void)state;
    while (vec_next(&v) == 14) {
        struct vec_bytes k = vec_hex(v.column[1]), op = vec_hex(v.column[2]), rand = vec_hex(v.column[4]);
        struct vec_bytes sqn = vec_hex(v.column[5]), amf = vec_hex(v.column[6]);
        struct ecs_milenage_out out;
        uint8_t opc[16];

        print_message("set %s\n", v.column[0]);
        assert_true(ecs_milenage_opc(crypto, k.p, op.p, opc));
        assert_bytes(opc, vec_hex(v.column[3]));
        assert_true(ecs_milenage(crypto, k.p, opc, NULL, rand.p, sqn.p, amf.p, &out));
        assert_bytes(out.mac_a, vec_hex(v.column[7]));
        assert_bytes(out.mac_s, vec_hex(v.column[8]));
        assert_bytes(out.res, vec_hex(v.column[9]));
        assert_bytes(out.ck, vec_hex(v.column[10]));
        assert_bytes(out.ik, vec_hex(v.column[11]));
        assert_bytes(out.ak, vec_hex(v.column[12]));
        assert_bytes(out.ak_star, vec_hex(v.column[13]));
        sets++;
    }
    assert_int_equal(sets, 20);
}

/* The definition, block by block: OUTi = E(rot(E(RAND ^ OPc) ^ OPc, ri) ^ ci) ^ OPc, with rotation bit by
 * bit. */
static void out_by_definition(const uint8_t *k, const uint8_t *opc, const uint8_t *rand, unsigned r,
                              const uint8_t *c, uint8_t out[16])
{
    uint8_t temp[16], turned[16] = {0};

    for (int i = 0; i < 16; i++)
        temp[i] = rand[i] ^ opc[i];
    assert_true(ecs_aes_set_key(crypto, k, 16));
    assert_true(ecs_aes_encrypt(crypto, temp, 16, temp));
    for (unsigned bit = 0; bit < 128; bit++) {
        unsigned from = (bit + r) % 128;
        uint8_t x = temp[from / 8] ^ opc[from / 8];
        turned[bit / 8] |= (uint8_t)((x >> (7 - from % 8) & 1) << (7 - bit % 8));
    }
    for (int i = 0; i < 16; i++)
        turned[i] ^= c[i];
    assert_true(ecs_aes_encrypt(crypto, turned, 16, out));
    for (int i = 0; i < 16; i++)
        out[i] ^= opc[i];
}

static void test_operator_constants_change_the_functions_as_defined(void **state)
{
    struct vec_bytes k = vec_hex("465b5ce8b199b49faa5f0a2ee238a6bc"),
                     opc = vec_hex("cd63cb71954a9f4e48a5994e37a02baf");
    struct vec_bytes rand = vec_hex("23553cbe9637a89d218ae64dae47bf35");
    struct ecs_milenage_constants own = ecs_milenage_defaults;
    struct ecs_milenage_out out;
    uint8_t sqn[6] = {0}, amf[2] = {0}, want[16];

    (void)state;
    for (unsigned r = 0; r < 128; r++) {
        own.r[2] = (uint8_t)r;
        own.c[2][0] = (uint8_t)(r * 7);
        assert_true(ecs_milenage(crypto, k.p, opc.p, &own, rand.p, sqn, amf, &out));
        out_by_definition(k.p, opc.p, rand.p, r, own.c[2], want);
        assert_memory_equal(out.ck, want, 16);
    }
    own.r[2] = 128;
    assert_false(ecs_milenage(crypto, k.p, opc.p, &own, rand.p, sqn, amf, &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_twenty_sets_match),
        cmocka_unit_test(test_operator_constants_change_the_functions_as_defined),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
