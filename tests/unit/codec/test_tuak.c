/* SPDX-License-Identifier: Apache-2.0 */
/* TUAK against the conformance test sets, Keccak-f[1600] against its own. */
#include "vectors.h"

#include "ecs/tuak.h"

/* proves: E-010 */
static void test_all_six_sets_match(void **state)
{
    struct vec v = vec_open("tuak.txt");
    int sets = 0;

    (void)state;
    while (vec_next(&v) == 15) {
        struct vec_bytes k = vec_hex(v.column[1]), rand = vec_hex(v.column[2]), sqn = vec_hex(v.column[3]);
        struct vec_bytes amf = vec_hex(v.column[4]), top = vec_hex(v.column[5]), topc = vec_hex(v.column[7]);
        struct vec_bytes f1 = vec_hex(v.column[8]), f2 = vec_hex(v.column[10]), f3 = vec_hex(v.column[11]);
        struct vec_bytes f4 = vec_hex(v.column[12]);
        struct ecs_tuak_key key = {
            .k_n = (uint8_t)k.n,
            .mac_n = (uint8_t)f1.n,
            .res_n = (uint8_t)f2.n,
            .ck_n = (uint8_t)f3.n,
            .ik_n = (uint8_t)f4.n,
            .iterations = (uint8_t)atoi(v.column[6]),
        };
        struct ecs_tuak_out out;

        print_message("set %s\n", v.column[0]);
        memcpy(key.k, k.p, k.n);
        assert_true(ecs_tuak_topc(k.p, k.n, top.p, key.iterations, key.topc));
        assert_bytes(key.topc, topc);
        assert_true(ecs_tuak(&key, rand.p, sqn.p, amf.p, &out));
        assert_bytes(out.mac_a, f1);
        assert_bytes(out.mac_s, vec_hex(v.column[9]));
        assert_bytes(out.res, f2);
        assert_bytes(out.ck, f3);
        assert_bytes(out.ik, f4);
        assert_bytes(out.ak, vec_hex(v.column[13]));
        assert_bytes(out.ak_star, vec_hex(v.column[14]));
        sets++;
    }
    assert_int_equal(sets, 6);
}

static void test_permutation_of_the_zero_state_is_known(void **state)
{
    uint64_t lanes[25] = {0};

    (void)state;
    ecs_keccak_f1600(lanes);
    assert_true(lanes[0] == UINT64_C(0xF1258F7940E1DDE7));
    assert_true(lanes[1] == UINT64_C(0x84D5CCF933C0478A));
    assert_true(lanes[24] == UINT64_C(0xEAF1FF7B5CECA249));
}

static void test_lengths_that_tuak_does_not_have_are_refused(void **state)
{
    const struct ecs_tuak_key good = {
        .k_n = 16, .mac_n = 8, .res_n = 8, .ck_n = 16, .ik_n = 16, .iterations = 1};
    struct ecs_tuak_key bad[6] = {good, good, good, good, good, good};
    uint8_t zero[32] = {0};
    struct ecs_tuak_out out;

    (void)state;
    bad[0].k_n = 24;
    bad[1].mac_n = 4;
    bad[2].res_n = 6;
    bad[3].ck_n = 8;
    bad[4].ik_n = 0;
    bad[5].iterations = 0;
    assert_true(ecs_tuak(&good, zero, zero, zero, &out));
    for (size_t i = 0; i < ECS_ARRAY_LEN(bad); i++)
        assert_false(ecs_tuak(&bad[i], zero, zero, zero, &out));
    assert_false(ecs_tuak_topc(zero, 15, zero, 1, zero));
    assert_false(ecs_tuak_topc(zero, 16, zero, 0, zero));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_six_sets_match),
        cmocka_unit_test(test_permutation_of_the_zero_state_is_known),
        cmocka_unit_test(test_lengths_that_tuak_does_not_have_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
