/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors, resynchronisation and the card's acceptance rules (TS 33.102 6.3 and Annex C). */
#include "vectors.h"

#include "ecs/aka.h"

#define SQN(seq, ind) ((uint64_t)(seq) << ECS_AKA_IND_BITS | (ind))

static struct ecs_crypto *crypto;
static const uint8_t some_rand[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

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

static struct ecs_aka_key make_key(enum ecs_aka_alg alg, const struct vec_bytes *ki,
                                   const struct vec_bytes *opc)
{
    struct ecs_aka_key key = {.alg = alg, .ki_n = (uint8_t)ki->n};

    memcpy(key.ki, ki->p, ki->n);
    memcpy(key.opc, opc->p, opc->n);
    return key;
}

static struct ecs_aka_key set_19(void)
{
    struct vec_bytes k = vec_hex("5122250214c33e723a5dd523fc145fc0"),
                     opc = vec_hex("981d464c7c52eb6e5036234984ad0bcf");
    struct ecs_aka_key key = make_key(ECS_AKA_MILENAGE, &k, &opc);

    key.amf[0] = 0xc3;
    key.amf[1] = 0xab;
    return key;
}

static void test_the_vector_of_the_relay_example_is_made(void **state)
{
    const char *file = "ts43_relay.txt";
    struct vec_bytes k = vec_get(file, "k"), opc = vec_get(file, "opc"), rand = vec_get(file, "rand");
    struct vec_bytes sqn = vec_get(file, "sqn"), amf = vec_get(file, "amf");
    struct ecs_aka_key key = make_key(ECS_AKA_MILENAGE, &k, &opc);
    struct ecs_aka_vector v;

    (void)state;
    memcpy(key.amf, amf.p, 2);
    assert_int_equal(ecs_aka_vector_make(crypto, &key, rand.p, vec_number(&sqn), &v), ECS_OK);
    assert_bytes(v.rand, rand);
    assert_bytes(v.autn, vec_get(file, "autn"));
    assert_int_equal(v.xres_n, 8);
    assert_bytes(v.xres, vec_get(file, "res"));
    assert_bytes(v.ck, vec_get(file, "ck"));
    assert_bytes(v.ik, vec_get(file, "ik"));
    assert_true(v.sqn == vec_number(&sqn));
}

static void test_auts_of_real_authentication_centres_are_read(void **state)
{
    struct vec f = vec_open("milenage_resync.txt");
    int rows = 0;

    (void)state;
    while (vec_next(&f) == 5) {
        struct vec_bytes k = vec_hex(f.column[0]), opc = vec_hex(f.column[1]), rand = vec_hex(f.column[2]);
        struct vec_bytes want = vec_hex(f.column[3]), auts = vec_hex(f.column[4]);
        struct ecs_aka_key key = make_key(ECS_AKA_MILENAGE, &k, &opc);
        uint64_t sqn = 0;

        assert_int_equal(ecs_aka_resync(crypto, &key, rand.p, auts.p, &sqn), ECS_OK);
        assert_true(sqn == vec_number(&want));
        rows++;
    }
    assert_int_equal(rows, 3);
}

/* proves: E-007 */
static void test_a_forged_auts_is_refused_and_changes_nothing(void **state)
{
    struct vec_bytes rand = vec_hex("ffc57e4c9a34831214c574c2a335723a"),
                     auts = vec_hex("be94b91eed1a07e6b5b01973b7e5");
    struct ecs_aka_key key = set_19();
    uint64_t sqn = 77;

    (void)state;
    for (size_t bit = 0; bit < 8 * ECS_AKA_AUTS_LEN; bit++) {
        auts.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(ecs_aka_resync(crypto, &key, rand.p, auts.p, &sqn), ECS_E_AUTH_REJECTED);
        auts.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    rand.p[0] ^= 1; /* right AUTS, but for another challenge */
    assert_int_equal(ecs_aka_resync(crypto, &key, rand.p, auts.p, &sqn), ECS_E_AUTH_REJECTED);
    assert_true(sqn == 77);
}

/* The card's AUTS for the known SQN_MS values is the known one. */
static void test_the_card_makes_the_auts_of_the_vectors(void **state)
{
    struct vec f = vec_open("milenage_resync.txt");

    (void)state;
    while (vec_next(&f) == 5) {
        struct vec_bytes k = vec_hex(f.column[0]), opc = vec_hex(f.column[1]), rand = vec_hex(f.column[2]);
        struct vec_bytes ms = vec_hex(f.column[3]);
        struct ecs_aka_key key = make_key(ECS_AKA_MILENAGE, &k, &opc);
        struct ecs_aka_usim usim = {.seq = {0}};
        struct ecs_aka_usim_answer answer;
        struct ecs_aka_vector v;
        uint64_t sqn_ms = vec_number(&ms);

        usim.seq[sqn_ms % ECS_AKA_SLOTS] = sqn_ms >> ECS_AKA_IND_BITS;
        assert_true(ecs_aka_usim_sqn(&usim) == sqn_ms);
        assert_int_equal(ecs_aka_vector_make(crypto, &key, rand.p, sqn_ms, &v), ECS_OK); /* a replay */
        assert_int_equal(ecs_aka_usim_answer(crypto, &key, v.rand, v.autn, &usim, &answer), ECS_OK);
        assert_int_equal(answer.kind, ECS_USIM_AUTS);
        assert_bytes(answer.auts, vec_hex(f.column[4]));
    }
}

static enum ecs_aka_usim_kind present(struct ecs_aka_usim *usim, uint64_t sqn)
{
    struct ecs_aka_key key = set_19();
    struct ecs_aka_usim_answer answer;
    struct ecs_aka_vector v;

    assert_int_equal(ecs_aka_vector_make(crypto, &key, some_rand, sqn, &v), ECS_OK);
    assert_int_equal(ecs_aka_usim_answer(crypto, &key, v.rand, v.autn, usim, &answer), ECS_OK);
    if (answer.kind == ECS_USIM_RES) {
        assert_int_equal(answer.res_n, v.xres_n);
        assert_memory_equal(answer.res, v.xres, v.xres_n);
        assert_memory_equal(answer.ck, v.ck, 16);
        assert_memory_equal(answer.ik, v.ik, 16);
    }
    return answer.kind;
}

static void test_the_card_takes_each_number_once_per_slot(void **state)
{
    struct ecs_aka_usim usim = {.seq = {0}};

    (void)state;
    assert_int_equal(present(&usim, SQN(0, 0)), ECS_USIM_AUTS); /* not above 0 */
    assert_int_equal(present(&usim, SQN(10, 0)), ECS_USIM_RES);
    assert_int_equal(present(&usim, SQN(10, 0)), ECS_USIM_AUTS);
    assert_int_equal(present(&usim, SQN(9, 0)), ECS_USIM_AUTS);
    assert_int_equal(present(&usim, SQN(9, 1)), ECS_USIM_RES); /* late, but its slot is older */
    assert_int_equal(present(&usim, SQN(9, 1)), ECS_USIM_AUTS);
    assert_int_equal(present(&usim, SQN(11, 0)), ECS_USIM_RES);
    assert_true(ecs_aka_usim_sqn(&usim) == SQN(11, 0));
}

static void test_the_card_refuses_a_jump_beyond_delta(void **state)
{
    struct ecs_aka_usim usim = {.seq = {0}};

    (void)state;
    assert_int_equal(present(&usim, SQN(ECS_AKA_DELTA + 1, 3)), ECS_USIM_AUTS);
    assert_int_equal(present(&usim, SQN(ECS_AKA_DELTA, 3)), ECS_USIM_RES);
    assert_int_equal(present(&usim, SQN(2 * ECS_AKA_DELTA + 1, 4)), ECS_USIM_AUTS); /* measured from SEQ_MS */
    assert_int_equal(present(&usim, SQN(2 * ECS_AKA_DELTA, 4)), ECS_USIM_RES);
    usim.delta = 5;
    assert_int_equal(present(&usim, SQN(2 * ECS_AKA_DELTA + 6, 4)), ECS_USIM_AUTS);
    assert_int_equal(present(&usim, SQN(2 * ECS_AKA_DELTA + 5, 4)), ECS_USIM_RES);
}

static void test_the_card_refuses_what_is_older_than_its_limit(void **state)
{
    struct ecs_aka_usim usim = {.seq = {[0] = 100}, .limit = 10};

    (void)state;
    assert_int_equal(present(&usim, SQN(90, 1)), ECS_USIM_AUTS);
    assert_int_equal(present(&usim, SQN(91, 1)), ECS_USIM_RES);
}

static void test_the_card_refuses_a_changed_autn_without_moving(void **state)
{
    struct ecs_aka_key key = set_19();
    struct ecs_aka_usim usim = {.seq = {0}}, before = usim;
    struct ecs_aka_usim_answer answer;
    struct ecs_aka_vector v;

    (void)state;
    assert_int_equal(ecs_aka_vector_make(crypto, &key, some_rand, SQN(5, 0), &v), ECS_OK);
    for (size_t bit = 0; bit < 128; bit++) {
        v.autn[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(ecs_aka_usim_answer(crypto, &key, v.rand, v.autn, &usim, &answer), ECS_OK);
        assert_int_equal(answer.kind, ECS_USIM_MAC_FAILURE);
        v.autn[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_memory_equal(&usim, &before, sizeof(usim));
}

static void test_tuak_goes_the_whole_way_with_every_length(void **state)
{
    struct vec_bytes k = vec_hex("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0efeeedecebeae9e8e7e6e5e4e3e2e1e0");
    struct vec_bytes topc = vec_hex("305425427e18c503c8a4b294ea72c95d0c36c6c6b29d0c65de5974d5977f8524");
    const uint8_t res_lengths[] = {4, 8, 16};

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(res_lengths); i++) {
        struct ecs_aka_key key = make_key(ECS_AKA_TUAK, &k, &topc);
        struct ecs_aka_usim usim = {.seq = {0}};
        struct ecs_aka_usim_answer answer;
        struct ecs_aka_vector v;
        uint64_t sqn = 0;

        key.res_n = res_lengths[i];
        key.tuak_iterations = (uint8_t)i;
        assert_int_equal(ecs_aka_vector_make(crypto, &key, some_rand, SQN(7, 2), &v), ECS_OK);
        assert_int_equal(v.xres_n, res_lengths[i]);
        assert_int_equal(ecs_aka_usim_answer(crypto, &key, v.rand, v.autn, &usim, &answer), ECS_OK);
        assert_int_equal(answer.kind, ECS_USIM_RES);
        assert_int_equal(answer.res_n, v.xres_n);
        assert_memory_equal(answer.res, v.xres, v.xres_n);
        assert_int_equal(ecs_aka_usim_answer(crypto, &key, v.rand, v.autn, &usim, &answer), ECS_OK);
        assert_int_equal(answer.kind, ECS_USIM_AUTS);
        assert_int_equal(ecs_aka_resync(crypto, &key, v.rand, answer.auts, &sqn), ECS_OK);
        assert_true(sqn == SQN(7, 2));
    }
}

static void test_keys_with_impossible_lengths_are_a_configuration_error(void **state)
{
    struct ecs_milenage_constants turned = ecs_milenage_defaults;
    struct ecs_aka_key good = set_19(), bad[8];
    struct ecs_aka_vector v;

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(bad); i++)
        bad[i] = good;
    turned.r[4] = 200;
    bad[0].ki_n = 32; /* Milenage has 16 */
    bad[1].res_n = 3;
    bad[2].res_n = 9;
    bad[3].milenage = &turned;
    bad[4].alg = (enum ecs_aka_alg)7;
    bad[5].alg = bad[6].alg = bad[7].alg = ECS_AKA_TUAK;
    bad[5].ki_n = 20;
    bad[6].res_n = 6;
    bad[7].res_n = 32; /* does not fit into AT_RES */
    for (size_t i = 0; i < ECS_ARRAY_LEN(bad); i++)
        assert_int_equal(ecs_aka_vector_make(crypto, &bad[i], some_rand, 1, &v), ECS_E_CONFIG);
    assert_int_equal(ecs_aka_vector_make(crypto, &good, some_rand, ECS_AKA_SQN_MAX + 1, &v),
                     ECS_E_BAD_PARAMETER);
    good.res_n = 4;
    assert_int_equal(ecs_aka_vector_make(crypto, &good, some_rand, ECS_AKA_SQN_MAX, &v), ECS_OK);
    assert_int_equal(v.xres_n, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_vector_of_the_relay_example_is_made),
        cmocka_unit_test(test_auts_of_real_authentication_centres_are_read),
        cmocka_unit_test(test_a_forged_auts_is_refused_and_changes_nothing),
        cmocka_unit_test(test_the_card_makes_the_auts_of_the_vectors),
        cmocka_unit_test(test_the_card_takes_each_number_once_per_slot),
        cmocka_unit_test(test_the_card_refuses_a_jump_beyond_delta),
        cmocka_unit_test(test_the_card_refuses_what_is_older_than_its_limit),
        cmocka_unit_test(test_the_card_refuses_a_changed_autn_without_moving),
        cmocka_unit_test(test_tuak_goes_the_whole_way_with_every_length),
        cmocka_unit_test(test_keys_with_impossible_lengths_are_a_configuration_error),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
