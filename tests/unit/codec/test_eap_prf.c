/* SPDX-License-Identifier: Apache-2.0 */
/* Key derivation against the published and the captured values. */
#include "vectors.h"

#include "ecs/eap_prf.h"

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

static void test_generator_gives_the_example_of_nist_at_every_length(void **state)
{
    struct vec_bytes xkey = vec_get("fips186.txt", "xkey"), want = vec_get("fips186.txt", "out");
    uint8_t out[41];

    (void)state;
    for (size_t n = 0; n <= want.n; n++) {
        memset(out, 0xEE, sizeof(out));
        ecs_fips186_prf(xkey.p, out, n);
        assert_memory_equal(out, want.p, n);
        assert_int_equal(out[n], 0xEE);
    }
}

static void check_keys(const char *file, const struct ecs_eap_keys *keys)
{
    assert_bytes(keys->k_encr, vec_get(file, "k_encr"));
    assert_int_equal(keys->k_aut_n, vec_get(file, "k_aut").n);
    assert_bytes(keys->k_aut, vec_get(file, "k_aut"));
    assert_bytes(keys->msk, vec_get(file, "msk"));
    assert_bytes(keys->emsk, vec_get(file, "emsk"));
}

/* XKEY' = SHA1(identity | counter | NONCE_S | MK), then MSK and EMSK only (RFC 4187 7). */
static void check_reauth(const char *file, const uint8_t mk[20])
{
    struct vec_bytes identity = vec_get(file, "reauth_identity"), counter = vec_get(file, "counter");
    struct vec_bytes nonce = vec_get(file, "nonce_s");
    const struct ecs_str parts[] = {
        vec_str(&identity), vec_str(&counter), vec_str(&nonce), {(const char *)mk, 20}};
    uint8_t xkey[20], out[128];

    assert_true(ecs_digest(crypto, ECS_DIGEST_SHA1, parts, 4, xkey));
    assert_bytes(xkey, vec_get(file, "xkey"));
    ecs_fips186_prf(xkey, out, sizeof(out));
    assert_bytes(out, vec_get(file, "reauth_msk"));
    assert_bytes(out + 64, vec_get(file, "reauth_emsk"));
}

static void test_keys_of_rfc_4186_match(void **state)
{
    const char *file = "rfc4186.txt";
    struct vec_bytes p[5] = {vec_get(file, "identity"), vec_get(file, "kc"), vec_get(file, "nonce_mt"),
                             vec_get(file, "versions"), vec_get(file, "selected")};
    struct ecs_str parts[5];
    struct ecs_eap_keys keys;
    uint8_t mk[20];

    (void)state;
    for (int i = 0; i < 5; i++)
        parts[i] = vec_str(&p[i]);
    assert_true(ecs_digest(crypto, ECS_DIGEST_SHA1, parts, 5, mk));
    assert_bytes(mk, vec_get(file, "mk"));
    ecs_eap_aka_expand(mk, &keys);
    check_keys(file, &keys);
    check_reauth(file, mk);
}

static void test_keys_of_the_captured_exchange_match(void **state)
{
    const char *file = "aka_exchange.txt";
    struct vec_bytes identity = vec_get(file, "identity"), ik = vec_get(file, "ik"), ck = vec_get(file, "ck");
    struct ecs_eap_keys keys;
    uint8_t mk[20], k_aut[16], msk[64];

    (void)state;
    assert_true(ecs_eap_aka_mk(crypto, vec_str(&identity), ik.p, ck.p, mk));
    assert_bytes(mk, vec_get(file, "mk"));
    ecs_eap_aka_expand(mk, &keys);
    check_keys(file, &keys);
    ecs_eap_aka_k_aut(mk, k_aut);
    assert_memory_equal(k_aut, keys.k_aut, 16);
    memset(k_aut, 0, sizeof(k_aut));
    ecs_eap_aka_k_aut_msk(mk, k_aut, msk);
    assert_memory_equal(k_aut, keys.k_aut, 16);
    assert_memory_equal(msk, keys.msk, 64);
    check_reauth(file, mk);
}

/* proves: E-003 */
static void test_master_key_takes_the_identity_byte_for_byte(void **state)
{
    const char *file = "ts43_relay.txt";
    struct vec_bytes identity = vec_get(file, "identity"), ik = vec_get(file, "ik"), ck = vec_get(file, "ck");
    uint8_t mk[20], k_aut[16];

    (void)state;
    assert_true(ecs_eap_aka_mk(crypto, vec_str(&identity), ik.p, ck.p, mk));
    assert_bytes(mk, vec_get(file, "mk"));
    ecs_eap_aka_k_aut(mk, k_aut);
    assert_bytes(k_aut, vec_hex("f5d15dba0e481d73e3d8e1faf8d07167"));
    identity.p[identity.n - 1] = 'G'; /* no case folding */
    assert_true(ecs_eap_aka_mk(crypto, vec_str(&identity), ik.p, ck.p, mk));
    assert_memory_not_equal(mk, vec_get(file, "mk").p, 20);
}

/* proves: E-011 */
static void test_aka_prime_keys_of_rfc_5448_match_in_all_four_cases(void **state)
{
    struct vec v = vec_open("rfc5448.txt");
    int cases = 0;

    (void)state;
    while (vec_next(&v) == 12) {
        struct vec_bytes autn = vec_hex(v.column[2]), ik = vec_hex(v.column[3]), ck = vec_hex(v.column[4]);
        uint8_t ck_prime[16], ik_prime[16];
        struct ecs_eap_keys keys;

        print_message("case %s\n", v.column[0]);
        assert_true(
            ecs_eap_aka_prime_ck_ik(crypto, ecs_str_of(v.column[1]), autn.p, ik.p, ck.p, ck_prime, ik_prime));
        assert_bytes(ck_prime, vec_hex(v.column[5]));
        assert_bytes(ik_prime, vec_hex(v.column[6]));
        assert_true(ecs_eap_aka_prime_keys(crypto, ECS_STR("0555444333222111"), ik_prime, ck_prime, &keys));
        assert_bytes(keys.k_encr, vec_hex(v.column[7]));
        assert_int_equal(keys.k_aut_n, 32);
        assert_bytes(keys.k_aut, vec_hex(v.column[8]));
        assert_bytes(keys.k_re, vec_hex(v.column[9]));
        assert_bytes(keys.msk, vec_hex(v.column[10]));
        assert_bytes(keys.emsk, vec_hex(v.column[11]));
        cases++;
    }
    assert_int_equal(cases, 4);
}

static void test_aka_prime_keys_of_the_captured_exchange_match(void **state)
{
    const char *file = "aka_prime_exchange.txt";
    struct vec_bytes identity = vec_get(file, "identity"), network = vec_get(file, "network");
    struct vec_bytes autn = vec_get("aka_exchange.txt", "autn"), ik = vec_get("aka_exchange.txt", "ik");
    struct vec_bytes ck = vec_get("aka_exchange.txt", "ck");
    uint8_t ck_prime[16], ik_prime[16];
    struct ecs_eap_keys keys;

    (void)state;
    assert_true(ecs_eap_aka_prime_ck_ik(crypto, vec_str(&network), autn.p, ik.p, ck.p, ck_prime, ik_prime));
    assert_bytes(ck_prime, vec_get(file, "ck"));
    assert_bytes(ik_prime, vec_get(file, "ik"));
    assert_true(ecs_eap_aka_prime_keys(crypto, vec_str(&identity), ik_prime, ck_prime, &keys));
    check_keys(file, &keys);
    assert_bytes(keys.k_re, vec_get(file, "k_re"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generator_gives_the_example_of_nist_at_every_length),
        cmocka_unit_test(test_keys_of_rfc_4186_match),
        cmocka_unit_test(test_keys_of_the_captured_exchange_match),
        cmocka_unit_test(test_master_key_takes_the_identity_byte_for_byte),
        cmocka_unit_test(test_aka_prime_keys_of_rfc_5448_match_in_all_four_cases),
        cmocka_unit_test(test_aka_prime_keys_of_the_captured_exchange_match),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
