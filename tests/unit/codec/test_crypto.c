/* SPDX-License-Identifier: Apache-2.0 */
/* Ciphers, digests, sealing and random bytes against published vectors. */
#include "vectors.h"

#include "ecs/crypto.h"

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

/* FIPS 197 appendix C.1 and C.3 */
static void test_aes_gives_the_blocks_of_fips_197(void **state)
{
    struct vec_bytes key = vec_hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    struct vec_bytes plain = vec_hex("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
    uint8_t out[32];

    (void)state;
    assert_true(ecs_aes_set_key(crypto, key.p, 16));
    assert_true(ecs_aes_encrypt(crypto, plain.p, 32, out));
    assert_bytes(out, vec_hex("69c4e0d86a7b0430d8cdb78070b4c55a69c4e0d86a7b0430d8cdb78070b4c55a"));
    assert_true(ecs_aes_set_key(crypto, key.p, 32));
    assert_true(ecs_aes_encrypt(crypto, plain.p, 16, out));
    assert_bytes(out, vec_hex("8ea2b7ca516745bfeafc49904b496089"));
}

static void test_aes_refuses_other_key_sizes_and_part_blocks(void **state)
{
    uint8_t key[32] = {0}, out[16];

    (void)state;
    assert_true(ecs_aes_set_key(crypto, key, 16));
    assert_false(ecs_aes_encrypt(crypto, key, 15, out));
    assert_false(ecs_aes_set_key(crypto, key, 24));
    assert_false(ecs_aes_encrypt(crypto, key, 16, out)); /* no key any more */
}

/* FIPS 180-2 "abc" and the 56-byte message, in parts */
static void test_digests_of_parts_are_those_of_the_whole(void **state)
{
    const struct ecs_str abc[] = {ECS_STR("a"), ECS_STR_NULL, ECS_STR("bc")};
    const struct ecs_str longer[] = {ECS_STR("abcdbcdecdefdefgefgh"),
                                     ECS_STR("fghighijhijkijkljklmklmnlmnomnopnopq")};
    uint8_t out[32];

    (void)state;
    assert_true(ecs_digest(crypto, ECS_DIGEST_SHA1, abc, 3, out));
    assert_bytes(out, vec_hex("a9993e364706816aba3e25717850c26c9cd0d89d"));
    assert_true(ecs_digest(crypto, ECS_DIGEST_SHA1, longer, 2, out));
    assert_bytes(out, vec_hex("84983e441c3bd26ebaae4aa1f95129e5e54670f1"));
    assert_true(ecs_digest(crypto, ECS_DIGEST_SHA256, abc, 3, out));
    assert_bytes(out, vec_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    assert_int_equal(ecs_digest_len(ECS_DIGEST_SHA1), 20);
    assert_int_equal(ecs_digest_len(ECS_DIGEST_SHA256), 32);
}

/* RFC 2202 cases 1, 2, 6 and RFC 4231 cases 1, 2, 6 */
static void test_hmac_gives_the_values_of_rfc_2202_and_4231(void **state)
{
    const struct ecs_str hi[] = {ECS_STR("Hi "), ECS_STR("There")};
    const struct ecs_str jefe[] = {ECS_STR("what do ya want "), ECS_STR("for nothing?")};
    const struct ecs_str big[] = {ECS_STR("Test Using Larger Than Block-Size Key - Hash Key First")};
    uint8_t key[131], out[32];

    (void)state;
    memset(key, 0x0b, sizeof(key));
    assert_true(ecs_hmac(crypto, ECS_DIGEST_SHA1, key, 20, hi, 2, out));
    assert_bytes(out, vec_hex("b617318655057264e28bc0b6fb378c8ef146be00"));
    assert_true(ecs_hmac(crypto, ECS_DIGEST_SHA256, key, 20, hi, 2, out));
    assert_bytes(out, vec_hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"));
    assert_true(ecs_hmac(crypto, ECS_DIGEST_SHA1, (const uint8_t *)"Jefe", 4, jefe, 2, out));
    assert_bytes(out, vec_hex("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"));
    assert_true(ecs_hmac(crypto, ECS_DIGEST_SHA256, (const uint8_t *)"Jefe", 4, jefe, 2, out));
    assert_bytes(out, vec_hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
    memset(key, 0xaa, sizeof(key));
    assert_true(ecs_hmac(crypto, ECS_DIGEST_SHA1, key, 80, big, 1, out));
    assert_bytes(out, vec_hex("aa4ae5e15272d00e95705637ce8a3b55ed402112"));
    assert_true(ecs_hmac(crypto, ECS_DIGEST_SHA256, key, 131, big, 1, out));
    assert_bytes(out, vec_hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
    assert_false(ecs_hmac(crypto, ECS_DIGEST_SHA1, key, 0, big, 1, out));
}

/* RFC 5869 A.1: PRK, info, first 32 bytes of OKM */
static void test_derived_keys_are_those_of_hkdf_expand(void **state)
{
    struct vec_bytes master = vec_hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
    struct vec_bytes info = vec_hex("f0f1f2f3f4f5f6f7f8f9");
    uint8_t a[32], b[32];

    (void)state;
    assert_true(ecs_derive_key(crypto, master.p, vec_str(&info), a));
    assert_bytes(a, vec_hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"));
    assert_true(ecs_derive_key(crypto, master.p, ECS_STR("token"), a));
    assert_true(ecs_derive_key(crypto, master.p, ECS_STR("cookie"), b));
    assert_memory_not_equal(a, b, 32);
}

/* GCM specification (McGrew, Viega), cases 13, 14 and 16 */
static void test_gcm_gives_the_published_values_with_one_kept_key(void **state)
{
    uint8_t zero[32] = {0}, out[128];
    struct ecs_aead_key *key = ecs_aead_key_new(crypto, zero);

    (void)state;
    assert_non_null(key);
    assert_true(ecs_aead_seal(key, zero, ECS_STR_NULL, zero, 16, out));
    assert_bytes(out, vec_hex("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"));
    assert_true(ecs_aead_seal(key, zero, ECS_STR_NULL, zero, 0, out));
    assert_bytes(out, vec_hex("530f8afbc74536b9a963b4f1c4cb738b"));
    ecs_aead_key_free(key);

    struct vec_bytes k = vec_hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
    struct vec_bytes iv = vec_hex("cafebabefacedbaddecaf888");
    struct vec_bytes aad = vec_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    struct vec_bytes plain = vec_hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                                     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
    struct vec_bytes sealed = vec_hex("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                                      "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
                                      "76fc6ece0f4e1768cddf8853bb2d551b");
    key = ecs_aead_key_new(crypto, k.p);
    assert_non_null(key);
    assert_true(ecs_aead_seal(key, iv.p, vec_str(&aad), plain.p, plain.n, out));
    assert_bytes(out, sealed);
    assert_true(ecs_aead_open(key, iv.p, vec_str(&aad), sealed.p, sealed.n, out));
    assert_bytes(out, plain);
    ecs_aead_key_free(key);
}

static void test_every_changed_bit_of_a_sealed_text_is_noticed(void **state)
{
    uint8_t k[32] = {1}, nonce[12] = {2}, sealed[8 + 16], out[8];
    struct ecs_aead_key *key = ecs_aead_key_new(crypto, k);

    (void)state;
    assert_non_null(key);
    assert_true(ecs_aead_seal(key, nonce, ECS_STR("x"), (const uint8_t *)"abcdefgh", 8, sealed));
    for (size_t bit = 0; bit < 8 * sizeof(sealed); bit++) {
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        memset(out, 0x55, sizeof(out));
        assert_false(ecs_aead_open(key, nonce, ECS_STR("x"), sealed, sizeof(sealed), out));
        for (size_t i = 0; i < sizeof(out); i++)
            assert_int_equal(out[i], 0); /* nothing unauthenticated is left behind */
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_false(ecs_aead_open(key, nonce, ECS_STR("y"), sealed, sizeof(sealed), out));
    assert_false(ecs_aead_open(key, nonce, ECS_STR("x"), sealed, 15, out));
    assert_true(
        ecs_aead_open(key, nonce, ECS_STR("x"), sealed, sizeof(sealed), out)); /* works after failures */
    assert_memory_equal(out, "abcdefgh", 8);
    ecs_aead_key_free(key);
}

static void test_a_wrapped_key_opens_only_in_its_row_and_column(void **state)
{
    const struct ecs_str imsi = ECS_STR("001010123456789"), other = ECS_STR("001010123456788");
    uint8_t k[32] = {7}, ki[16] = "sixteen bytes ki", wrapped[16 + ECS_WRAP_OVERHEAD], again[sizeof(wrapped)],
            out[16];
    uint8_t id = 0;
    struct ecs_aead_key *key = ecs_aead_key_new(crypto, k);

    (void)state;
    assert_non_null(key);
    assert_true(ecs_wrap_seal(crypto, key, 9, imsi, ECS_STR("ki"), ki, 16, wrapped));
    assert_int_equal(wrapped[0], 1);
    assert_true(ecs_wrap_key_id(wrapped, sizeof(wrapped), &id));
    assert_int_equal(id, 9);
    assert_true(ecs_wrap_open(key, imsi, ECS_STR("ki"), wrapped, sizeof(wrapped), out));
    assert_memory_equal(out, ki, 16);
    assert_false(ecs_wrap_open(key, other, ECS_STR("ki"), wrapped, sizeof(wrapped), out));
    assert_false(ecs_wrap_open(key, imsi, ECS_STR("opc"), wrapped, sizeof(wrapped), out));
    assert_false(
        ecs_wrap_open(key, ECS_STR("001010123456789|k"), ECS_STR("i"), wrapped, sizeof(wrapped), out));
    assert_false(ecs_wrap_open(key, imsi, ECS_STR("ki"), wrapped, sizeof(wrapped) - 1, out));
    assert_false(ecs_wrap_key_id(wrapped, ECS_WRAP_OVERHEAD - 1, &id));
    assert_true(ecs_wrap_seal(crypto, key, 9, imsi, ECS_STR("ki"), ki, 16, again));
    assert_memory_not_equal(wrapped + 2, again + 2, 12); /* fresh nonce */
    wrapped[0] = 2;
    assert_false(ecs_wrap_open(key, imsi, ECS_STR("ki"), wrapped, sizeof(wrapped), out));
    ecs_aead_key_free(key);
}

static void test_random_bytes_do_not_repeat_over_the_buffer_border(void **state)
{
    uint8_t a[16], seen[200][16], big[1000] = {0};
    size_t zeros = 0;

    (void)state;
    for (int i = 0; i < 200; i++) {
        assert_true(ecs_random(crypto, a, sizeof(a)));
        for (int j = 0; j < i; j++)
            assert_memory_not_equal(a, seen[j], sizeof(a));
        memcpy(seen[i], a, sizeof(a));
    }
    assert_true(ecs_random(crypto, big, sizeof(big)));
    for (size_t i = 0; i < sizeof(big); i++)
        zeros += big[i] == 0;
    assert_true(zeros < 100);
    assert_true(ecs_random(crypto, big, 0));
}

static void test_constant_time_compare_and_wipe(void **state)
{
    uint8_t a[4] = {1, 2, 3, 4}, b[4] = {1, 2, 3, 5};

    (void)state;
    assert_true(ecs_ct_equal(a, b, 3));
    assert_false(ecs_ct_equal(a, b, 4));
    ecs_wipe(a, sizeof(a));
    assert_memory_equal(a, "\0\0\0\0", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aes_gives_the_blocks_of_fips_197),
        cmocka_unit_test(test_aes_refuses_other_key_sizes_and_part_blocks),
        cmocka_unit_test(test_digests_of_parts_are_those_of_the_whole),
        cmocka_unit_test(test_hmac_gives_the_values_of_rfc_2202_and_4231),
        cmocka_unit_test(test_derived_keys_are_those_of_hkdf_expand),
        cmocka_unit_test(test_gcm_gives_the_published_values_with_one_kept_key),
        cmocka_unit_test(test_every_changed_bit_of_a_sealed_text_is_noticed),
        cmocka_unit_test(test_a_wrapped_key_opens_only_in_its_row_and_column),
        cmocka_unit_test(test_random_bytes_do_not_repeat_over_the_buffer_border),
        cmocka_unit_test(test_constant_time_compare_and_wipe),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
