/* SPDX-License-Identifier: Apache-2.0 */
/* The server's side of EAP-AKA' (RFC 9048): vectors bound to the network's name, challenges, answers. */
#include "vectors.h"

#include "ecs/eap_prf.h"
#include "ecs/eap_server.h"

#define CAPTURE  "aka_prime_exchange.txt"
#define IDENTITY ECS_STR("6001010000000001@nai.epc.mnc001.mcc001.3gppnetwork.org")
#define WLAN     ECS_STR("WLAN")

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

static struct ecs_aka_key card_key(void)
{
    struct ecs_aka_key key = {.alg = ECS_AKA_MILENAGE, .ki_n = 16, .amf = {0x80, 0}};

    memset(key.ki, 0x11, 16);
    memset(key.opc, 0x22, 16);
    return key;
}

struct leg {
    struct ecs_aka_key key;
    struct ecs_aka_vector vector;
    struct ecs_eap_state state;
    struct ecs_eap_packet request;
};

static void begin(struct leg *leg, struct ecs_str network)
{
    static const uint8_t rand[16] = {1, 2, 3};

    *leg = (struct leg){.key = card_key()};
    assert_int_equal(ecs_aka_vector_make(crypto, &leg->key, rand, 0x41, &leg->vector), ECS_OK);
    assert_int_equal(ecs_eap_bind_vector(crypto, network, &leg->vector), ECS_OK);
    assert_int_equal(ecs_eap_begin(crypto, IDENTITY, &leg->vector, 0x2a,
                                   ECS_EAP_EXTRA_CHECKCODE | ECS_EAP_EXTRA_RESULT_IND | ECS_EAP_EXTRA_BIDDING,
                                   &leg->state),
                     ECS_OK);
    assert_int_equal(ecs_eap_decode(leg->state.request, leg->state.request_n, &leg->request),
                     ECS_EAP_FAULT_NONE);
}

/* What a card and a peer make of the challenge, from its bytes alone. */
static size_t peer(const struct leg *leg, uint8_t out[256], struct ecs_eap_keys *ret_keys)
{
    const struct ecs_eap_attrs *a = &leg->request.attrs;
    const uint8_t *rand = (const uint8_t *)a->value[ECS_AT_RAND].p,
                  *autn = (const uint8_t *)a->value[ECS_AT_AUTN].p;
    struct ecs_aka_usim usim = {0};
    struct ecs_aka_usim_answer card;
    uint8_t ck[16], ik[16];

    assert_int_equal(ecs_aka_usim_answer(crypto, &leg->key, rand, autn, &usim, &card), ECS_OK);
    assert_int_equal(card.kind, ECS_USIM_RES);
    assert_true(ecs_eap_aka_prime_ck_ik(crypto, a->value[ECS_AT_KDF_INPUT], autn, card.ik, card.ck, ck, ik));
    assert_true(ecs_eap_aka_prime_keys(crypto, IDENTITY, ik, ck, ret_keys));
    assert_int_equal(ecs_eap_mac_verify(crypto, &leg->request, ret_keys->k_aut, ECS_STR_NULL), ECS_OK);
    return ecs_eap_make_challenge_answer(crypto, ECS_EAP_TYPE_AKA_PRIME, leg->request.identifier,
                                         (struct ecs_str){(char *)card.res, card.res_n}, ret_keys->k_aut, out,
                                         256);
}

static void test_a_challenge_names_network_and_key_derivation_and_is_answered(void **state)
{
    struct ecs_eap_keys keys;
    struct ecs_eap_result result;
    struct leg leg;
    uint8_t packet[256];
    size_t n;

    (void)state;
    begin(&leg, WLAN);
    assert_int_equal(leg.request.type, ECS_EAP_TYPE_AKA_PRIME);
    assert_int_equal(leg.request.attrs.kdf_n, 1);
    assert_int_equal(leg.request.attrs.kdf[0], 1);
    assert_true(ecs_str_eq(leg.request.attrs.value[ECS_AT_KDF_INPUT], WLAN));
    assert_false(ecs_eap_has(&leg.request.attrs, ECS_AT_BIDDING));
    n = peer(&leg, packet, &keys);
    assert_int_equal(ecs_eap_answer(crypto, &leg.state, &leg.vector, NULL, 0, packet, n, &result), ECS_OK);
    assert_int_equal(result.verdict, ECS_EAP_V_SUCCESS);
    assert_memory_equal(result.msk, keys.msk, sizeof(keys.msk));
    for (size_t i = 8; i < n; i++) { /* one bit anywhere behind the head */
        packet[i] ^= 1;
        assert_int_equal(ecs_eap_answer(crypto, &leg.state, &leg.vector, NULL, 0, packet, n, &result),
                         ECS_OK);
        assert_int_not_equal(result.verdict, ECS_EAP_V_SUCCESS);
        packet[i] ^= 1;
    }
}

static void test_an_answer_of_the_other_method_is_none(void **state)
{
    static const uint8_t rand[16] = {1, 2, 3};
    struct ecs_eap_keys keys;
    struct ecs_eap_result result;
    struct ecs_aka_vector plain;
    struct ecs_eap_state aka;
    struct leg leg;
    uint8_t packet[256];
    size_t n;

    (void)state;
    begin(&leg, WLAN);
    n = peer(&leg, packet, &keys);
    packet[4] = ECS_EAP_TYPE_AKA;
    assert_int_equal(ecs_eap_answer(crypto, &leg.state, &leg.vector, NULL, 0, packet, n, &result), ECS_OK);
    assert_int_equal(result.verdict, ECS_EAP_V_BAD_PACKET);
    assert_int_equal(ecs_aka_vector_make(crypto, &leg.key, rand, 0x41, &plain), ECS_OK);
    assert_int_equal(ecs_eap_begin(crypto, IDENTITY, &plain, 0x2a, 0, &aka), ECS_OK);
    packet[4] = ECS_EAP_TYPE_AKA_PRIME;
    assert_int_equal(ecs_eap_answer(crypto, &aka, &plain, NULL, 0, packet, n, &result), ECS_OK);
    assert_int_equal(result.verdict, ECS_EAP_V_BAD_PACKET);
}

static void test_a_vector_is_bound_once_and_to_a_name_that_fits(void **state)
{
    static const uint8_t rand[16] = {1, 2, 3};
    char name[ECS_EAP_NETWORK_MAX + 1];
    struct ecs_aka_key key = card_key();
    struct ecs_aka_vector vector;
    struct leg leg;

    (void)state;
    memset(name, 'N', sizeof(name));
    assert_int_equal(ecs_aka_vector_make(crypto, &key, rand, 0x41, &vector), ECS_OK);
    assert_int_equal(ecs_eap_bind_vector(crypto, ECS_STR(""), &vector), ECS_E_BAD_PARAMETER);
    assert_int_equal(ecs_eap_bind_vector(crypto, (struct ecs_str){name, sizeof(name)}, &vector),
                     ECS_E_BAD_PARAMETER);
    assert_false(vector.prime);
    assert_int_equal(ecs_eap_bind_vector(crypto, WLAN, &vector), ECS_OK);
    assert_int_equal(ecs_eap_bind_vector(crypto, WLAN, &vector), ECS_E_BAD_PARAMETER);
    begin(&leg, (struct ecs_str){name, ECS_EAP_NETWORK_MAX}); /* the longest one fits with all extras */
}

/* The capture has an identity round before it, which is not ours: its MAC must fit, its checkcode must not.
 */
static void test_the_mac_of_an_independent_peer_fits(void **state)
{
    struct vec_bytes identity = vec_get(CAPTURE, "identity"), response = vec_nth(CAPTURE, "packet", 4),
                     request = vec_nth(CAPTURE, "packet", 3), ck = vec_get(CAPTURE, "ck"),
                     ik = vec_get(CAPTURE, "ik");
    struct ecs_aka_vector vector = {.prime = true, .network = WLAN, .sqn = 1, .xres_n = 8};
    struct ecs_eap_state mine;
    struct ecs_eap_result result;
    struct ecs_eap_packet p;

    (void)state;
    assert_int_equal(ecs_eap_decode(request.p, request.n, &p), ECS_EAP_FAULT_NONE);
    memcpy(vector.rand, p.attrs.value[ECS_AT_RAND].p, 16);
    memcpy(vector.autn, p.attrs.value[ECS_AT_AUTN].p, 16);
    memcpy(vector.ck, ck.p, 16);
    memcpy(vector.ik, ik.p, 16);
    assert_int_equal(ecs_eap_decode(response.p, response.n, &p), ECS_EAP_FAULT_NONE);
    memcpy(vector.xres, p.attrs.value[ECS_AT_RES].p, 8);
    assert_int_equal(ecs_eap_begin(crypto, vec_str(&identity), &vector, response.p[1], 0, &mine), ECS_OK);
    assert_int_equal(ecs_eap_answer(crypto, &mine, &vector, NULL, 0, response.p, response.n, &result),
                     ECS_OK);
    assert_int_equal(result.verdict, ECS_EAP_V_REJECTED);
    assert_string_equal(result.reason, "checkcode of an identity round that did not take place");
    response.p[response.n - 1] ^= 1;
    assert_int_equal(ecs_eap_answer(crypto, &mine, &vector, NULL, 0, response.p, response.n, &result),
                     ECS_OK);
    assert_string_equal(result.reason, "MAC is wrong");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_challenge_names_network_and_key_derivation_and_is_answered),
        cmocka_unit_test(test_an_answer_of_the_other_method_is_none),
        cmocka_unit_test(test_a_vector_is_bound_once_and_to_a_name_that_fits),
        cmocka_unit_test(test_the_mac_of_an_independent_peer_fits),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
