/* SPDX-License-Identifier: Apache-2.0 */
/* The EAP encoder and AT_MAC: the captured exchanges, and what we make ourselves. */
#include "vectors.h"

#include "../base/random.h"
#include "ecs/eap.h"

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

/* Which packets of a captured exchange carry AT_MAC, and whose answer adds NONCE_S. */
static void check_exchange(const char *file, uint8_t type)
{
    static const struct {
        enum ecs_eap_message message;
        bool mac, nonce;
    } want[14] = {
        {ECS_EAP_MSG_NONE, false, false},
        {ECS_EAP_MSG_REQ_IDENTITY, false, false},
        {ECS_EAP_MSG_RSP_IDENTITY, false, false},
        {ECS_EAP_MSG_REQ_CHALLENGE, true, false},
        {ECS_EAP_MSG_RSP_CHALLENGE, true, false},
        {ECS_EAP_MSG_REQ_NOTIFICATION, true, false},
        {ECS_EAP_MSG_RSP_NOTIFICATION, true, false},
        {ECS_EAP_MSG_NONE, false, false},
        {ECS_EAP_MSG_NONE, false, false},
        {ECS_EAP_MSG_REQ_REAUTH, true, false},
        {ECS_EAP_MSG_RSP_REAUTH, true, true},
        {ECS_EAP_MSG_REQ_NOTIFICATION, true, false},
        {ECS_EAP_MSG_RSP_NOTIFICATION, true, false},
        {ECS_EAP_MSG_NONE, false, false},
    };
    struct vec_bytes k_aut = vec_get(file, "k_aut"), nonce = vec_get(file, "nonce_s"),
                     id = vec_get(file, "identity");

    for (int i = 0; i < 14; i++) {
        struct vec_bytes b = vec_nth(file, "packet", i);
        struct ecs_str extra = want[i].nonce ? vec_str(&nonce) : ECS_STR_NULL;
        struct ecs_eap_packet p;

        assert_int_equal(ecs_eap_decode(b.p, b.n, &p), ECS_EAP_FAULT_NONE);
        assert_int_equal(p.message, want[i].message);
        if (want[i].message != ECS_EAP_MSG_NONE)
            assert_int_equal(p.type, type);
        assert_int_equal(ecs_eap_has(&p.attrs, ECS_AT_MAC), want[i].mac);
        assert_int_equal(ecs_eap_mac_verify(crypto, &p, k_aut.p, extra),
                         want[i].mac ? ECS_OK : ECS_E_AUTH_REJECTED);
        if (want[i].message == ECS_EAP_MSG_RSP_IDENTITY)
            assert_true(ecs_str_eq(p.attrs.value[ECS_AT_IDENTITY], vec_str(&id)));
        if (i == 0)
            assert_true(ecs_str_eq(p.data, vec_str(&id)));
        for (size_t at = 5; want[i].mac && at < b.n; at++) { /* reserved bytes count too */
            b.p[at] ^= 0x40;
            if (ecs_eap_decode(b.p, b.n, &p) == ECS_EAP_FAULT_NONE && p.type == type)
                assert_int_equal(ecs_eap_mac_verify(crypto, &p, k_aut.p, extra), ECS_E_AUTH_REJECTED);
            b.p[at] ^= 0x40;
        }
    }
}

/* proves: E-004 */
static void test_the_captured_exchanges_decode_and_every_mac_is_right(void **state)
{
    (void)state;
    check_exchange("aka_exchange.txt", ECS_EAP_TYPE_AKA);
    check_exchange("aka_prime_exchange.txt", ECS_EAP_TYPE_AKA_PRIME);
}

/* SHA-1 / SHA-256 over the identity round of the capture. */
static void test_the_captured_checkcodes_are_the_digest_of_the_identity_round(void **state)
{
    static const struct {
        const char *file;
        enum ecs_digest_alg alg;
    } cases[] = {{"aka_exchange.txt", ECS_DIGEST_SHA1}, {"aka_prime_exchange.txt", ECS_DIGEST_SHA256}};

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(cases); i++) {
        struct vec_bytes a = vec_nth(cases[i].file, "packet", 1), b = vec_nth(cases[i].file, "packet", 2);
        struct vec_bytes challenge = vec_nth(cases[i].file, "packet", 3);
        const struct ecs_str parts[] = {vec_str(&a), vec_str(&b)};
        struct ecs_eap_packet p;
        uint8_t digest[32];

        assert_true(ecs_digest(crypto, cases[i].alg, parts, 2, digest));
        assert_int_equal(ecs_eap_decode(challenge.p, challenge.n, &p), ECS_EAP_FAULT_NONE);
        assert_int_equal(p.attrs.value[ECS_AT_CHECKCODE].n, ecs_digest_len(cases[i].alg));
        assert_memory_equal(p.attrs.value[ECS_AT_CHECKCODE].p, digest, ecs_digest_len(cases[i].alg));
    }
}

/* The captured plain text is what AT_ENCR_DATA holds: encrypting it (CBC by hand) gives the packet's bytes.
 */
static void test_the_captured_encrypted_attributes_decode(void **state)
{
    const char *file = "aka_exchange.txt";
    struct vec_bytes challenge = vec_nth(file, "packet", 3), plain = vec_get(file, "plain");
    struct vec_bytes k_encr = vec_get(file, "k_encr"), reauth_id = vec_get(file, "reauth_identity");
    struct ecs_eap_packet p;
    struct ecs_eap_attrs inner;
    uint8_t block[16];

    (void)state;
    assert_int_equal(ecs_eap_decode(challenge.p, challenge.n, &p), ECS_EAP_FAULT_NONE);
    assert_int_equal(p.attrs.value[ECS_AT_ENCR_DATA].n, plain.n);
    assert_true(ecs_aes_set_key(crypto, k_encr.p, 16));
    memcpy(block, p.attrs.value[ECS_AT_IV].p, 16);
    for (size_t at = 0; at < plain.n; at += 16) {
        for (int i = 0; i < 16; i++)
            block[i] ^= plain.p[at + (size_t)i];
        assert_true(ecs_aes_encrypt(crypto, block, 16, block));
        assert_memory_equal(block, p.attrs.value[ECS_AT_ENCR_DATA].p + at, 16);
    }
    assert_int_equal(ecs_eap_decode_encrypted(plain.p, plain.n, ECS_EAP_TYPE_AKA, &inner),
                     ECS_EAP_FAULT_NONE);
    assert_true(ecs_str_eq(inner.value[ECS_AT_NEXT_PSEUDONYM], ECS_STR("22b15f099c73abb1d0242")));
    assert_true(ecs_str_eq(inner.value[ECS_AT_NEXT_REAUTH_ID], vec_str(&reauth_id)));
}

/* proves: E-001 E-004 X-013 */
static void test_the_packets_of_the_relay_example_are_made_byte_for_byte(void **state)
{
    const char *file = "ts43_relay.txt";
    struct vec_bytes identity = vec_get(file, "identity"), rand = vec_get(file, "rand"),
                     autn = vec_get(file, "autn");
    struct vec_bytes k_aut = vec_get(file, "k_aut"), res = vec_get(file, "res");
    struct vec_bytes want[3] = {vec_nth(file, "packet", 0), vec_nth(file, "packet", 1),
                                vec_nth(file, "packet", 2)};
    struct ecs_eap_packet p;
    uint8_t out[ECS_EAP_MAX];
    size_t n;

    (void)state;
    n = ecs_eap_make_identity(0x29, vec_str(&identity), out, sizeof(out));
    assert_int_equal(n, want[0].n);
    assert_bytes(out, want[0]);
    n = ecs_eap_make_challenge(crypto, 0x2a, rand.p, autn.p, k_aut.p, 0, out, sizeof(out));
    assert_int_equal(n, want[1].n);
    assert_bytes(out, want[1]);
    assert_int_equal(ecs_eap_decode(out, n, &p), ECS_EAP_FAULT_NONE);
    assert_int_equal(p.code, 1);
    assert_int_equal(p.type, 23);
    assert_int_equal(p.subtype, 1);
    assert_int_equal(out[8], 1);   /* where old clients look for AT_RAND, */
    assert_int_equal(out[28], 2);  /* AT_AUTN */
    assert_int_equal(out[48], 11); /* and AT_MAC */
    n = ecs_eap_make_challenge_answer(crypto, ECS_EAP_TYPE_AKA, 0x2a, vec_str(&res), k_aut.p, out,
                                      sizeof(out));
    assert_int_equal(n, want[2].n);
    assert_bytes(out, want[2]);
}

/* proves: X-013 */
static void test_further_attributes_of_a_challenge_come_after_the_mac(void **state)
{
    uint8_t rand[16] = {1}, autn[16] = {2}, k_aut[16] = {3}, out[96];

    (void)state;
    for (unsigned extras = 0; extras < 8; extras++) {
        struct ecs_eap_packet p;
        size_t n = ecs_eap_make_challenge(crypto, 1, rand, autn, k_aut, extras, out, sizeof(out));

        assert_int_equal(n, 68 + 4 * (size_t)__builtin_popcount(extras));
        assert_true(out[8] == 1 && out[28] == 2 && out[48] == 11);
        assert_int_equal(ecs_eap_decode(out, n, &p), ECS_EAP_FAULT_NONE);
        assert_int_equal(ecs_eap_mac_verify(crypto, &p, k_aut, ECS_STR_NULL), ECS_OK);
        assert_int_equal(ecs_eap_has(&p.attrs, ECS_AT_CHECKCODE), (extras & ECS_EAP_EXTRA_CHECKCODE) != 0);
        assert_int_equal(ecs_eap_has(&p.attrs, ECS_AT_RESULT_IND), (extras & ECS_EAP_EXTRA_RESULT_IND) != 0);
        assert_int_equal(ecs_eap_has(&p.attrs, ECS_AT_BIDDING), (extras & ECS_EAP_EXTRA_BIDDING) != 0);
    }
    assert_int_equal(ecs_eap_make_challenge(crypto, 1, rand, autn, k_aut, 0, out, 67), 0);
}

static void test_the_other_answers_decode_to_what_was_put_in(void **state)
{
    const uint8_t types[] = {ECS_EAP_TYPE_AKA, ECS_EAP_TYPE_AKA_PRIME};
    const uint8_t auts[14] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
    struct ecs_eap_packet p;
    uint8_t out[ECS_EAP_MAX];
    char long_id[1100];
    size_t n;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        n = ecs_eap_make_sync_failure(types[i], 9, auts, out, sizeof(out));
        assert_int_equal(n, 24);
        assert_int_equal(ecs_eap_decode(out, n, &p), ECS_EAP_FAULT_NONE);
        assert_int_equal(p.message, ECS_EAP_MSG_RSP_SYNC);
        assert_memory_equal(p.attrs.value[ECS_AT_AUTS].p, auts, 14);
        n = ecs_eap_make_reject(types[i], 9, out, sizeof(out));
        assert_int_equal(ecs_eap_decode(out, n, &p), ECS_EAP_FAULT_NONE);
        assert_int_equal(p.message, ECS_EAP_MSG_RSP_REJECT);
        n = ecs_eap_make_client_error(types[i], 9, 0x1234, out, sizeof(out));
        assert_int_equal(ecs_eap_decode(out, n, &p), ECS_EAP_FAULT_NONE);
        assert_int_equal(p.attrs.number[ECS_AT_CLIENT_ERROR_CODE], 0x1234);
        n = ecs_eap_make_aka_identity(types[i], 9, ECS_STR("0001010000000001@x.y"), out, sizeof(out));
        assert_int_equal(ecs_eap_decode(out, n, &p), ECS_EAP_FAULT_NONE);
        assert_true(ecs_str_eq(p.attrs.value[ECS_AT_IDENTITY], ECS_STR("0001010000000001@x.y")));
    }
    assert_int_equal(ecs_eap_make_result(ECS_EAP_SUCCESS, 3, out, sizeof(out)), 4);
    assert_memory_equal(out, "\x03\x03\x00\x04", 4);
    assert_int_equal(ecs_eap_make_result(ECS_EAP_SUCCESS, 3, out, 3), 0);
    memset(long_id, 'a', sizeof(long_id));
    n = ecs_eap_make_identity(1, (struct ecs_str){long_id, ECS_EAP_MAX - 5}, out, sizeof(out));
    assert_int_equal(n, ECS_EAP_MAX);
    assert_int_equal(ecs_eap_make_identity(1, (struct ecs_str){long_id, ECS_EAP_MAX - 4}, out, sizeof(out)),
                     0);
    assert_int_equal(ecs_eap_make_aka_identity(23, 1, (struct ecs_str){long_id, 1017}, out, sizeof(out)), 0);
}

static void test_values_that_do_not_suit_an_attribute_are_not_written(void **state)
{
    static const struct {
        enum ecs_eap_attr attr;
        size_t n;
        uint16_t number;
    } bad[] = {
        {ECS_AT_RAND, 15, 0},      {ECS_AT_MAC, 17, 0},  {ECS_AT_RES, 3, 0},       {ECS_AT_RES, 17, 0},
        {ECS_AT_RES, 8, 72},       {ECS_AT_AUTS, 13, 0}, {ECS_AT_ENCR_DATA, 8, 0}, {ECS_AT_ENCR_DATA, 0, 0},
        {ECS_AT_ANY_ID_REQ, 1, 0}, {ECS_AT_KDF, 2, 1},   {ECS_AT_CHECKCODE, 4, 0}, {ECS_AT_PADDING, 3, 0},
    };
    static const char bytes[32];

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(bad); i++) {
        struct ecs_eap_writer w;
        uint8_t out[128];

        ecs_eap_write_start(&w, out, sizeof(out), 1, 1, 23, 1);
        ecs_eap_write_attr(&w, bad[i].attr, (struct ecs_str){bytes, bad[i].n}, bad[i].number);
        assert_int_equal(ecs_eap_write_end(&w), 0);
    }
}

static void test_random_identities_and_results_survive_the_round_trip(void **state)
{
    uint64_t seed = 0x5EED1;

    (void)state;
    for (int i = 0; i < 500; i++) {
        uint8_t value[256], out[ECS_EAP_MAX];
        struct ecs_eap_packet p;
        size_t value_n = 4 + next_random(&seed) % 13, id_n = next_random(&seed) % 254;
        uint8_t identifier = (uint8_t)next_random(&seed);

        fill_random(&seed, value, sizeof(value));
        size_t n = ecs_eap_make_challenge_answer(
            crypto, 50, identifier, (struct ecs_str){(char *)value, value_n}, value + 100, out, sizeof(out));
        assert_int_equal(ecs_eap_decode(out, n, &p), ECS_EAP_FAULT_NONE);
        assert_int_equal(p.identifier, identifier);
        assert_int_equal(p.attrs.number[ECS_AT_RES], 8 * value_n);
        assert_memory_equal(p.attrs.value[ECS_AT_RES].p, value, value_n);
        assert_int_equal(ecs_eap_mac_verify(crypto, &p, value + 100, ECS_STR_NULL), ECS_OK);
        assert_int_equal(ecs_eap_mac_verify(crypto, &p, value + 101, ECS_STR_NULL), ECS_E_AUTH_REJECTED);
        n = ecs_eap_make_aka_identity(23, identifier, (struct ecs_str){(char *)value, id_n}, out,
                                      sizeof(out));
        assert_int_equal(n % 4, 0);
        assert_int_equal(ecs_eap_decode(out, n, &p), ECS_EAP_FAULT_NONE);
        assert_int_equal(p.attrs.value[ECS_AT_IDENTITY].n, id_n);
        assert_memory_equal(p.attrs.value[ECS_AT_IDENTITY].p, value, id_n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_captured_exchanges_decode_and_every_mac_is_right),
        cmocka_unit_test(test_the_captured_checkcodes_are_the_digest_of_the_identity_round),
        cmocka_unit_test(test_the_captured_encrypted_attributes_decode),
        cmocka_unit_test(test_the_packets_of_the_relay_example_are_made_byte_for_byte),
        cmocka_unit_test(test_further_attributes_of_a_challenge_come_after_the_mac),
        cmocka_unit_test(test_the_other_answers_decode_to_what_was_put_in),
        cmocka_unit_test(test_values_that_do_not_suit_an_attribute_are_not_written),
        cmocka_unit_test(test_random_identities_and_results_survive_the_round_trip),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
