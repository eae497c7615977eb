/* SPDX-License-Identifier: Apache-2.0 */
/* The EAP-AKA server: every answer a phone may give to a challenge, and the verdict. */
#include "vectors.h"

#include "../base/random.h"
#include "ecs/eap_prf.h"
#include "ecs/eap_server.h"

#define RELAY "ts43_relay.txt"

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

static struct ecs_aka_key relay_key(void)
{
    struct ecs_aka_key key = {.alg = ECS_AKA_MILENAGE, .ki_n = 16};

    memcpy(key.ki, vec_get(RELAY, "k").p, 16);
    memcpy(key.opc, vec_get(RELAY, "opc").p, 16);
    memcpy(key.amf, vec_get(RELAY, "amf").p, 2);
    return key;
}

/* The exchange of ts43-protocol.md 17 after its first leg. */
struct leg {
    struct vec_bytes identity;
    struct ecs_aka_key key;
    struct ecs_aka_vector vector;
    struct ecs_eap_state state;
};

static struct leg begin(unsigned extras)
{
    struct leg leg = {.identity = vec_get(RELAY, "identity"), .key = relay_key()};
    struct vec_bytes rand = vec_get(RELAY, "rand"), sqn = vec_get(RELAY, "sqn");

    assert_int_equal(ecs_aka_vector_make(crypto, &leg.key, rand.p, vec_number(&sqn), &leg.vector), ECS_OK);
    assert_int_equal(ecs_eap_begin(crypto, vec_str(&leg.identity), &leg.vector, 0x2a, extras, &leg.state),
                     ECS_OK);
    return leg;
}

static struct ecs_eap_result answer(const struct leg *leg, const uint8_t *packet, size_t n)
{
    struct ecs_eap_result result;
    uint8_t *exact = malloc(n ? n : 1);

    assert_non_null(exact);
    memcpy(exact, packet, n);
    assert_int_equal(ecs_eap_answer(crypto, &leg->state, &leg->vector, NULL, 0, exact, n, &result), ECS_OK);
    assert_non_null(result.reason);
    free(exact);
    return result;
}

static enum ecs_eap_verdict verdict_of(const struct leg *leg, const char *hex)
{
    struct vec_bytes b = vec_hex(hex);

    return answer(leg, b.p, b.n).verdict;
}

/* K_aut of the leg's vector for an identity. */
static void key_for(const struct leg *leg, struct ecs_str identity, uint8_t k_aut[16])
{
    uint8_t mk[20];

    assert_true(ecs_eap_aka_mk(crypto, identity, leg->vector.ik, leg->vector.ck, mk));
    ecs_eap_aka_k_aut(mk, k_aut);
}

/* The packet with its MAC made right again. */
static struct ecs_eap_result answer_signed(const struct leg *leg, const char *attrs)
{
    struct vec_bytes a = vec_hex(attrs);
    uint8_t packet[256] = {2, 0x2a, 0, (uint8_t)(8 + a.n), 23, 1}, k_aut[16];

    memcpy(packet + 8, a.p, a.n);
    key_for(leg, vec_str(&leg->identity), k_aut);
    assert_true(ecs_eap_mac_sign(crypto, packet, 8 + a.n, k_aut, ECS_STR_NULL));
    return answer(leg, packet, 8 + a.n);
}

/* proves: E-001 E-003 E-004 E-005 X-013 */
static void test_the_relay_example_runs_from_challenge_to_success(void **state)
{
    struct leg leg = begin(0);
    struct vec_bytes request = vec_nth(RELAY, "packet", 1), response = vec_nth(RELAY, "packet", 2);
    struct ecs_eap_keys keys;

    (void)state;
    assert_int_equal(leg.state.request_n, request.n);
    assert_bytes(leg.state.request, request);
    struct ecs_eap_result result = answer(&leg, response.p, response.n);
    assert_int_equal(result.verdict, ECS_EAP_V_SUCCESS);
    assert_int_equal(result.alternative, 0);
    ecs_eap_aka_expand(vec_get(RELAY, "mk").p, &keys);
    assert_memory_equal(result.msk, keys.msk, 64);
}

/* proves: E-005 */
static void test_a_wrong_mac_or_res_is_rejected_without_a_key(void **state)
{
    struct leg leg = begin(0);
    struct vec_bytes response = vec_nth(RELAY, "packet", 2);
    const uint8_t no_msk[64] = {0};

    (void)state;
    for (size_t bit = 12 * 8; bit < 8 * response.n; bit++) {
        if (bit / 8 >= 20 && bit / 8 < 22)
            continue; /* type and length of AT_MAC */
        response.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        struct ecs_eap_result result = answer(&leg, response.p, response.n);
        assert_int_equal(result.verdict, ECS_EAP_V_REJECTED);
        assert_memory_equal(result.msk, no_msk, 64);
        response.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

#define MAC_0 "0b05000000000000000000000000000000000000"

/* proves: E-005 */
static void test_res_must_have_the_bits_of_xres_even_with_a_right_mac(void **state)
{
    struct leg leg = begin(0);

    (void)state;
    assert_int_equal(answer_signed(&leg, "03030040a54211d5e3ba50bf" MAC_0).verdict, ECS_EAP_V_SUCCESS);
    assert_int_equal(answer_signed(&leg, "03030040a54211d5e3ba50be" MAC_0).verdict, ECS_EAP_V_REJECTED);
    assert_int_equal(answer_signed(&leg, "0303003fa54211d5e3ba50bf" MAC_0).verdict, ECS_EAP_V_REJECTED);
    assert_int_equal(answer_signed(&leg, "03020020a54211d5" MAC_0).verdict,
                     ECS_EAP_V_REJECTED); /* a prefix */
    assert_int_equal(answer_signed(&leg, "03050080a54211d5e3ba50bf0000000000000000" MAC_0).verdict,
                     ECS_EAP_V_REJECTED);
}

/* proves: E-013 X-024 */
static void test_skippable_attributes_and_absent_result_indication_do_no_harm(void **state)
{
    struct leg leg = begin(ECS_EAP_EXTRA_RESULT_IND | ECS_EAP_EXTRA_CHECKCODE);

    (void)state;
    assert_int_equal(answer_signed(&leg, "03030040a54211d5e3ba50bf" MAC_0).verdict, ECS_EAP_V_SUCCESS);
    assert_int_equal(answer_signed(&leg, "03030040a54211d5e3ba50bfc8010000" MAC_0).verdict,
                     ECS_EAP_V_SUCCESS);
    assert_int_equal(answer_signed(&leg, "03030040a54211d5e3ba50bf87010000" MAC_0).verdict,
                     ECS_EAP_V_SUCCESS);
    assert_int_equal(answer_signed(&leg, "03030040a54211d5e3ba50bf86010000" MAC_0).verdict,
                     ECS_EAP_V_SUCCESS);
    /* a checkcode over an identity round that nobody had */
    assert_int_equal(
        answer_signed(&leg, "03030040a54211d5e3ba50bf8606000011223344112233441122334411223344aabbccdd" MAC_0)
            .verdict,
        ECS_EAP_V_REJECTED);
}

/* proves: X-024 */
static void test_results_of_four_eight_and_sixteen_bytes_are_taken(void **state)
{
    struct leg leg = begin(0);
    uint8_t k_aut[16], packet[ECS_EAP_MAX];

    (void)state;
    key_for(&leg, vec_str(&leg.identity), k_aut);
    leg.key.alg = ECS_AKA_TUAK;
    for (uint8_t n = 4; n <= 16; n *= 2) {
        leg.key.res_n = n;
        assert_int_equal(ecs_aka_vector_make(crypto, &leg.key, leg.state.rand, leg.state.sqn, &leg.vector),
                         ECS_OK);
        assert_int_equal(ecs_eap_begin(crypto, vec_str(&leg.identity), &leg.vector, 1, 0, &leg.state),
                         ECS_OK);
        key_for(&leg, vec_str(&leg.identity), k_aut);
        size_t len = ecs_eap_make_challenge_answer(
            crypto, 23, 1, (struct ecs_str){(char *)leg.vector.xres, n}, k_aut, packet, sizeof(packet));
        assert_int_equal(answer(&leg, packet, len).verdict, ECS_EAP_V_SUCCESS);
    }
}

/* proves: E-014 */
static void test_an_answer_to_another_request_is_not_processed(void **state)
{
    struct leg leg = begin(0);
    struct vec_bytes response = vec_nth(RELAY, "packet", 2);

    (void)state;
    for (unsigned identifier = 0; identifier < 256; identifier++) {
        response.p[1] = (uint8_t)identifier;
        assert_int_equal(answer(&leg, response.p, response.n).verdict,
                         identifier == 0x2a ? ECS_EAP_V_SUCCESS : ECS_EAP_V_WRONG_IDENTIFIER);
    }
}

/* proves: E-016 */
static void test_a_refusal_of_the_phone_never_is_a_success(void **state)
{
    struct leg leg = begin(0);
    struct vec_bytes error = vec_hex("022a000c170e000016010003");

    (void)state;
    assert_int_equal(verdict_of(&leg, "022a000817020000"), ECS_EAP_V_PEER_REJECT);
    struct ecs_eap_result result = answer(&leg, error.p, error.n);
    assert_int_equal(result.verdict, ECS_EAP_V_CLIENT_ERROR);
    assert_int_equal(result.client_error, 3);
}

static void test_other_packets_are_told_apart(void **state)
{
    struct leg leg = begin(0);
    struct vec_bytes nak = vec_hex("022a00060332"), empty_nak = vec_hex("022a000503");
    struct vec_bytes zero = vec_hex("022a000c17010000c8000000");

    (void)state;
    assert_int_equal(answer(&leg, nak.p, nak.n).verdict, ECS_EAP_V_NAK);
    assert_int_equal(answer(&leg, nak.p, nak.n).nak_type, 50);
    assert_int_equal(answer(&leg, empty_nak.p, empty_nak.n).verdict, ECS_EAP_V_NAK);
    assert_int_equal(answer(&leg, empty_nak.p, empty_nak.n).nak_type, 0);
    struct ecs_eap_result result = answer(&leg, zero.p, zero.n);
    assert_int_equal(result.verdict, ECS_EAP_V_BAD_PACKET);
    assert_int_equal(result.fault, ECS_EAP_FAULT_ZERO_LENGTH);
    assert_int_equal(result.fault_type, 200);
    assert_int_equal(verdict_of(&leg, ""), ECS_EAP_V_BAD_PACKET);
    assert_int_equal(verdict_of(&leg, "022a"), ECS_EAP_V_BAD_PACKET);
    assert_int_equal(verdict_of(&leg, "032a0004"), ECS_EAP_V_BAD_PACKET);
    assert_int_equal(verdict_of(&leg, "042a0004"), ECS_EAP_V_BAD_PACKET);
    assert_int_equal(verdict_of(&leg, "022a00060d00"), ECS_EAP_V_BAD_PACKET);     /* EAP-TLS */
    assert_int_equal(verdict_of(&leg, "022a000832020000"), ECS_EAP_V_BAD_PACKET); /* EAP-AKA' */
    assert_int_equal(verdict_of(&leg, "022a0008170c0000"), ECS_EAP_V_BAD_PACKET); /* notification */
    assert_int_equal(verdict_of(&leg, "022a000d170500000e02000530"), ECS_EAP_V_BAD_PACKET);
    assert_int_equal(verdict_of(&leg, "022a0010170500000e02000430616263"),
                     ECS_EAP_V_BAD_PACKET); /* identity */
    assert_int_equal(answer(&leg, leg.state.request, leg.state.request_n).verdict,
                     ECS_EAP_V_BAD_PACKET); /* echo */
    assert_string_equal(ecs_eap_verdict_name(ECS_EAP_V_WRONG_IDENTIFIER), "wrong_identifier");
}

/* proves: E-006 X-021 */
static void test_a_synchronisation_failure_leads_to_new_challenges_up_to_the_third(void **state)
{
    struct leg leg = begin(0);
    struct ecs_aka_usim usim = {.seq = {[3] = leg.vector.sqn >> ECS_AKA_IND_BITS}};
    struct ecs_aka_usim_answer card;
    uint8_t packet[ECS_EAP_MAX], last_rand[16];
    uint64_t sqn_ms = 0;

    (void)state;
    usim.seq[leg.vector.sqn % ECS_AKA_SLOTS] = leg.vector.sqn >> ECS_AKA_IND_BITS; /* seen already */
    assert_int_equal(ecs_aka_usim_answer(crypto, &leg.key, leg.vector.rand, leg.vector.autn, &usim, &card),
                     ECS_OK);
    assert_int_equal(card.kind, ECS_USIM_AUTS);
    size_t n = ecs_eap_make_sync_failure(23, leg.state.identifier, card.auts, packet, sizeof(packet));
    struct ecs_eap_result result = answer(&leg, packet, n);
    assert_int_equal(result.verdict, ECS_EAP_V_RESYNC);
    assert_memory_equal(result.auts, card.auts, 14);
    assert_int_equal(ecs_aka_resync(crypto, &leg.key, leg.state.rand, result.auts, &sqn_ms), ECS_OK);
    assert_true(sqn_ms == ecs_aka_usim_sqn(&usim));

    memcpy(last_rand, leg.state.rand, 16);
    uint8_t fresh[16] = {9, 9, 9};
    assert_int_equal(ecs_aka_vector_make(crypto, &leg.key, fresh, sqn_ms + ECS_AKA_SLOTS, &leg.vector),
                     ECS_OK);
    assert_int_equal(ecs_eap_challenge_again(crypto, &leg.state, &leg.vector), ECS_OK);
    assert_int_equal(leg.state.identifier, 0x2b);
    assert_int_equal(leg.state.request[1], 0x2b);
    assert_memory_not_equal(leg.state.rand, last_rand, 16);
    assert_true(leg.state.sqn > sqn_ms);
    assert_int_equal(answer(&leg, packet, n).verdict, ECS_EAP_V_WRONG_IDENTIFIER); /* the old AUTS again */

    assert_int_equal(ecs_aka_usim_answer(crypto, &leg.key, leg.vector.rand, leg.vector.autn, &usim, &card),
                     ECS_OK);
    assert_int_equal(card.kind, ECS_USIM_RES);
    uint8_t k_aut[16];
    key_for(&leg, vec_str(&leg.identity), k_aut);
    n = ecs_eap_make_challenge_answer(crypto, 23, 0x2b, (struct ecs_str){(char *)card.res, card.res_n}, k_aut,
                                      packet, sizeof(packet));
    assert_int_equal(answer(&leg, packet, n).verdict, ECS_EAP_V_SUCCESS);

    assert_int_equal(ecs_eap_challenge_again(crypto, &leg.state, &leg.vector), ECS_OK); /* the third */
    struct ecs_eap_state before = leg.state;
    assert_int_equal(ecs_eap_challenge_again(crypto, &leg.state, &leg.vector), ECS_E_AUTH_REJECTED);
    assert_memory_equal(&before, &leg.state, sizeof(before));
}

/* proves: X-016 */
static void test_the_default_realm_is_tried_when_the_mac_does_not_fit(void **state)
{
    const struct ecs_str own = ECS_STR("0001010123456789@entitlement.example.org");
    struct leg leg = begin(0);
    struct vec_bytes alternative = vec_get(RELAY, "identity"), response = vec_nth(RELAY, "packet", 2);
    const struct ecs_str tries[] = {own, ECS_STR_NULL, vec_str(&alternative)};
    struct ecs_eap_result result;

    (void)state;
    assert_int_equal(ecs_eap_begin(crypto, own, &leg.vector, 0x2a, 0, &leg.state), ECS_OK);
    assert_int_equal(answer(&leg, response.p, response.n).verdict,
                     ECS_EAP_V_REJECTED); /* no alternative given */
    assert_int_equal(
        ecs_eap_answer(crypto, &leg.state, &leg.vector, tries, 3, response.p, response.n, &result), ECS_OK);
    assert_int_equal(result.verdict, ECS_EAP_V_SUCCESS);
    assert_int_equal(result.alternative, 3);
    response.p[response.n - 1] ^= 1;
    assert_int_equal(
        ecs_eap_answer(crypto, &leg.state, &leg.vector, tries, 3, response.p, response.n, &result), ECS_OK);
    assert_int_equal(result.verdict, ECS_EAP_V_REJECTED);
}

static void test_the_vector_of_another_challenge_is_refused(void **state)
{
    struct leg leg = begin(0);
    struct vec_bytes response = vec_nth(RELAY, "packet", 2);
    struct ecs_eap_result result;

    (void)state;
    leg.vector.sqn++;
    assert_int_equal(
        ecs_eap_answer(crypto, &leg.state, &leg.vector, NULL, 0, response.p, response.n, &result),
        ECS_E_BAD_PARAMETER);
    leg.vector.sqn--;
    leg.vector.rand[15] ^= 1;
    assert_int_equal(
        ecs_eap_answer(crypto, &leg.state, &leg.vector, NULL, 0, response.p, response.n, &result),
        ECS_E_BAD_PARAMETER);
}

static void test_identities_that_do_not_fit_are_refused(void **state)
{
    struct leg leg = begin(0);
    char name[254];

    (void)state;
    memset(name, '1', sizeof(name));
    assert_int_equal(ecs_eap_begin(crypto, ECS_STR_NULL, &leg.vector, 1, 0, &leg.state), ECS_E_BAD_PARAMETER);
    assert_int_equal(ecs_eap_begin(crypto, (struct ecs_str){name, 254}, &leg.vector, 1, 0, &leg.state),
                     ECS_E_BAD_PARAMETER);
    assert_int_equal(ecs_eap_begin(crypto, (struct ecs_str){name, 253}, &leg.vector, 1, 7, &leg.state),
                     ECS_OK);
    uint8_t packed[ECS_EAP_STATE_MAX];
    assert_true(ecs_eap_state_pack(&leg.state, packed) <= sizeof(packed));
}

static void test_the_state_survives_the_database_and_damage_is_noticed(void **state)
{
    struct leg leg = begin(ECS_EAP_EXTRA_CHECKCODE);
    struct vec_bytes response = vec_nth(RELAY, "packet", 2);
    uint8_t packed[ECS_EAP_STATE_MAX + 1];
    uint64_t seed = 0x5EED3;
    size_t n = ecs_eap_state_pack(&leg.state, packed);
    struct leg other = leg;

    (void)state;
    memset(&other.state, 0xEE, sizeof(other.state));
    assert_true(ecs_eap_state_unpack(packed, n, &other.state));
    assert_memory_equal(&other.state, &leg.state, sizeof(leg.state));
    assert_int_equal(answer(&other, response.p, response.n).verdict, ECS_EAP_V_SUCCESS);
    for (size_t short_n = 0; short_n < n; short_n++)
        assert_false(ecs_eap_state_unpack(packed, short_n, &other.state));
    assert_false(ecs_eap_state_unpack(packed, n + 1, &other.state));
    for (size_t at = 0; at < 28; at++) { /* the head: version, identifier, counts, RAND, lengths */
        uint8_t saved = packed[at];
        packed[at] = 0xFF;
        bool sqn = at >= 4 && at < 10; /* any 48-bit number is a legal SQN */
        assert_int_equal(ecs_eap_state_unpack(packed, n, &other.state), sqn);
        packed[at] = saved;
    }
    for (int i = 0; i < 5000; i++) { /* anything that is taken can be packed and used again */
        uint8_t noise[ECS_EAP_STATE_MAX];
        fill_random(&seed, noise, sizeof(noise));
        noise[0] = 1;
        noise[2] = 1;
        noise[3] &= 7;
        noise[26] = (uint8_t)(68 + noise[26] % 29);
        noise[27] = (uint8_t)(1 + noise[27] % 253);
        noise[29] = noise[1];
        memcpy(noise + 40, noise + 10, 16);
        size_t noise_n = 28u + noise[26] + noise[27];
        assert_true(ecs_eap_state_unpack(noise, noise_n, &other.state));
        assert_int_equal(ecs_eap_state_pack(&other.state, packed), noise_n);
        assert_memory_equal(packed, noise, noise_n);
    }
}

static void test_damaged_answers_never_succeed(void **state)
{
    struct leg leg = begin(0);
    struct vec_bytes response = vec_nth(RELAY, "packet", 2);
    uint64_t seed = 0x5EED4;

    (void)state;
    for (int i = 0; i < 5000; i++) {
        struct vec_bytes b = response;
        for (unsigned changes = 1 + (unsigned)(next_random(&seed) % 4); changes; changes--)
            b.p[next_random(&seed) % b.n] ^= (uint8_t)(1u << next_random(&seed) % 8);
        b.n -= next_random(&seed) % 3 == 0 ? next_random(&seed) % b.n : 0;
        if (b.n == response.n && memcmp(b.p, response.p, b.n) == 0)
            continue;
        assert_int_not_equal(answer(&leg, b.p, b.n).verdict, ECS_EAP_V_SUCCESS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_relay_example_runs_from_challenge_to_success),
        cmocka_unit_test(test_a_wrong_mac_or_res_is_rejected_without_a_key),
        cmocka_unit_test(test_res_must_have_the_bits_of_xres_even_with_a_right_mac),
        cmocka_unit_test(test_skippable_attributes_and_absent_result_indication_do_no_harm),
        cmocka_unit_test(test_results_of_four_eight_and_sixteen_bytes_are_taken),
        cmocka_unit_test(test_an_answer_to_another_request_is_not_processed),
        cmocka_unit_test(test_a_refusal_of_the_phone_never_is_a_success),
        cmocka_unit_test(test_other_packets_are_told_apart),
        cmocka_unit_test(test_a_synchronisation_failure_leads_to_new_challenges_up_to_the_third),
        cmocka_unit_test(test_the_default_realm_is_tried_when_the_mac_does_not_fit),
        cmocka_unit_test(test_the_vector_of_another_challenge_is_refused),
        cmocka_unit_test(test_identities_that_do_not_fit_are_refused),
        cmocka_unit_test(test_the_state_survives_the_database_and_damage_is_noticed),
        cmocka_unit_test(test_damaged_answers_never_succeed),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
