/* SPDX-License-Identifier: Apache-2.0 */
/* Our own EAP server with vectors of an HSS, which is a double at link time; the card is that of the codec.
 */
#include "ecs/eap_prf.h"
#include "relay_rig.h"

static struct ecs_aka_key key = {
    .alg = ECS_AKA_MILENAGE, .ki = {1, 2, 3}, .ki_n = 16, .opc = {4, 5, 6}, .res_n = 8};

static const char *phone_identity = NAI;

static void give_vector(uint64_t sqn)
{
    const uint8_t rand[16] = {(uint8_t)sqn, 9};
    struct ecs_aka_vector v;

    assert_int_equal(ecs_aka_vector_make(rig.crypto, &key, rand, sqn, &v), ECS_OK);
    hss = (struct ecs_hss_vector){.outcome = ECS_HSS_OK, .code = 2001, .xres_n = v.xres_n};
    memcpy(hss.rand, v.rand, 16);
    memcpy(hss.autn, v.autn, 16);
    memcpy(hss.ck, v.ck, 16);
    memcpy(hss.ik, v.ik, 16);
    memcpy(hss.xres, v.xres, v.xres_n);
}

/* What a phone with the card answers. */
static size_t card(struct ecs_aka_usim *usim, struct ecs_str request, uint8_t out[200])
{
    struct ecs_aka_usim_answer a;
    struct ecs_eap_packet packet;
    uint8_t mk[20], k_aut[16], rand[16], autn[16];

    assert_int_equal(ecs_eap_decode((const uint8_t *)request.p, request.n, &packet), ECS_EAP_FAULT_NONE);
    memcpy(rand, packet.attrs.value[ECS_AT_RAND].p, 16);
    memcpy(autn, packet.attrs.value[ECS_AT_AUTN].p, 16);
    assert_int_equal(ecs_aka_usim_answer(rig.crypto, &key, rand, autn, usim, &a), ECS_OK);
    if (a.kind == ECS_USIM_AUTS)
        return ecs_eap_make_sync_failure(ECS_EAP_TYPE_AKA, packet.identifier, a.auts, out, 200);
    assert_int_equal(a.kind, ECS_USIM_RES);
    assert_true(ecs_eap_aka_mk(rig.crypto, ecs_str_of(phone_identity), a.ik, a.ck, mk));
    ecs_eap_aka_k_aut(mk, k_aut);
    return ecs_eap_make_challenge_answer(rig.crypto, ECS_EAP_TYPE_AKA, packet.identifier,
                                         (struct ecs_str){(const char *)a.res, a.res_n}, k_aut, out, 200);
}

static void test_a_vector_of_the_hss_authenticates(void **state)
{
    struct ecs_arena *arena = new_arena();
    struct ecs_aka_usim usim = {0};
    struct run *begun, *done, *copy;
    uint8_t packet[200];
    size_t n;

    (void)state;
    begin_with("hss", NULL);
    give_vector(32);
    begun = first(arena, NAI, NULL);
    assert_int_equal(begun->auth.outcome, ECS_AUTH_CHALLENGE);
    assert_int_equal(begun->auth.cookie.p[0], 'h');
    assert_int_equal(row.row.kind, ECS_RELAY_HSS);
    assert_true(row.row.vector.n > 0);
    assert_null(memmem(row.vector, row.row.vector.n, hss.xres, hss.xres_n)); /* sealed */
    n = card(&usim, begun->auth.packet, packet);
    done = answer(arena, begun, packet, n);
    assert_int_equal(done->rc, ECS_OK);
    assert_int_equal(done->auth.outcome, ECS_AUTH_PASSED);
    assert_true(ecs_str_eq(done->auth.provider, ECS_STR("hss")));
    copy = answer(arena, begun, packet, n);
    assert_int_equal(copy->auth.outcome, ECS_AUTH_PASSED);
    assert_true(copy->auth.repeated);
    assert_int_equal(hss_asked, 1);
    assert_int_equal(cleared, 1);
    ecs_arena_free(arena);
}

static void test_resynchronisation_is_the_business_of_the_hss(void **state)
{
    struct ecs_arena *arena = new_arena();
    struct ecs_aka_usim usim = {.seq = {100}};
    struct run *begun, *again;
    uint8_t packet[200];

    (void)state;
    begin_with("hss", NULL);
    give_vector(32);
    begun = first(arena, NAI, NULL);
    assert_false(hss_resync);
    give_vector(101 << 5);
    again = answer(arena, begun, packet, card(&usim, begun->auth.packet, packet));
    assert_int_equal(again->rc, ECS_OK);
    assert_int_equal(again->auth.outcome, ECS_AUTH_CHALLENGE);
    assert_true(hss_resync);
    assert_int_equal(again->auth.packet.p[1], (char)(begun->auth.packet.p[1] + 1));
    again = answer(arena, begun, packet, card(&usim, again->auth.packet, packet));
    assert_int_equal(again->auth.outcome, ECS_AUTH_PASSED);
    ecs_arena_free(arena);
}

static void test_what_the_hss_cannot_do(void **state)
{
    struct ecs_arena *arena = new_arena();
    struct ecs_aka_usim usim = {.seq = {100}};
    struct run *begun;
    uint8_t packet[200];
    size_t n;

    (void)state;
    begin_with("hss", "two");
    hss = (struct ecs_hss_vector){.outcome = ECS_HSS_UNKNOWN, .code = 5001};
    assert_int_equal(first(arena, NAI, NULL)->rc, ECS_E_AUTH_REJECTED);
    assert_int_equal(aaa.at, 0);
    hss = (struct ecs_hss_vector){.outcome = ECS_HSS_TRANSIENT, .code = 4181};
    say(ECS_AAA_MORE, challenge(5));
    assert_int_equal(first(arena, NAI, NULL)->auth.outcome, ECS_AUTH_CHALLENGE);
    assert_int_equal(aaa.at, 1);
    begin_with("hss", NULL);
    assert_int_equal(first(arena, NAI, NULL)->rc, ECS_E_BACKEND);
    give_vector(32);
    hss.xres_n = 3;
    assert_int_equal(first(arena, NAI, NULL)->rc, ECS_E_BACKEND);
    give_vector(32);
    begun = first(arena, NAI, NULL);
    hss = (struct ecs_hss_vector){.outcome = ECS_HSS_TRANSIENT};
    assert_int_equal(answer(arena, begun, packet, card(&usim, begun->auth.packet, packet))->rc,
                     ECS_E_BACKEND);
    give_vector(32);
    begun = first(arena, NAI, NULL);
    n = solve(begun->auth.packet.p[1], packet);
    assert_int_equal(answer(arena, begun, packet, n)->rc, ECS_E_AUTH_REJECTED);
    usim.seq[0] = 0;
    n = card(&usim, begun->auth.packet, packet);
    assert_int_equal(answer(arena, begun, packet, n)->rc, ECS_E_AUTH_REJECTED); /* refused is refused */
    ecs_arena_free(arena);
}

/* Nothing here can tell whether AUTS is genuine. */
static void test_resynchronisations_are_attempts_and_a_refused_one_ends_the_exchange(void **state)
{
    struct ecs_arena *arena = new_arena();
    struct ecs_aka_usim usim = {.seq = {100}};
    struct run *begun;
    uint8_t packet[200];
    size_t n;

    (void)state;
    begin_with("hss", NULL);
    give_vector(32);
    begun = first(arena, NAI, NULL);
    n = card(&usim, begun->auth.packet, packet);
    row.granted = false;
    assert_int_equal(answer(arena, begun, packet, n)->rc, ECS_E_BACKEND);
    assert_int_equal(row.attempts, 2);
    assert_int_equal(hss_asked, 1);
    row.granted = true;
    hss = (struct ecs_hss_vector){.outcome = ECS_HSS_UNKNOWN, .code = 5001};
    assert_int_equal(answer(arena, begun, packet, n)->rc, ECS_E_AUTH_REJECTED);
    assert_int_equal(row.attempts, 3);
    give_vector(101 << 5);
    assert_int_equal(answer(arena, begun, packet, n)->rc, ECS_E_AUTH_REJECTED);
    assert_int_equal(hss_asked, 2);
    ecs_arena_free(arena);
}

/* An HSS without EAP-AKA' answers with EAP-AKA: that is what the phone gets (aaa.md 4). */
static void test_an_hss_may_know_the_older_method_only(void **state)
{
    static const char newer[] = "6" IMSI "@nai.epc.mnc001.mcc001.3gppnetwork.org";
    struct ecs_arena *arena = new_arena();
    struct ecs_aka_usim usim = {0};
    struct run *begun;
    uint8_t packet[200];
    size_t n;

    (void)state;
    begin_with("hss", NULL);
    rig.identity.aka_prime = true;
    give_vector(32);
    begun = first(arena, newer, NULL);
    assert_true(hss_prime);
    assert_int_equal(begun->rc, ECS_OK);
    assert_int_equal(begun->auth.packet.p[4], ECS_EAP_TYPE_AKA);
    assert_int_equal(row.row.method, ECS_EAP_TYPE_AKA);
    phone_identity = newer;
    n = card(&usim, begun->auth.packet, packet);
    phone_identity = NAI;
    assert_int_equal(answer(arena, begun, packet, n)->auth.outcome, ECS_AUTH_PASSED);
    hss.is_prime = true;
    begun = first(arena, newer, NULL);
    assert_int_equal(begun->auth.packet.p[4], ECS_EAP_TYPE_AKA_PRIME);
    assert_int_equal(row.row.method, ECS_EAP_TYPE_AKA_PRIME);
    rig.identity.aka_prime = false;
    ecs_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_vector_of_the_hss_authenticates),
        cmocka_unit_test(test_resynchronisation_is_the_business_of_the_hss),
        cmocka_unit_test(test_what_the_hss_cannot_do),
        cmocka_unit_test(test_resynchronisations_are_attempts_and_a_refused_one_ends_the_exchange),
        cmocka_unit_test(test_an_hss_may_know_the_older_method_only),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
