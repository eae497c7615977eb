/* SPDX-License-Identifier: Apache-2.0 */
/* What the relay does with each EAP request of an AAA. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "auth/auth_relay.h"

#define NAI "0001010000000001@nai.epc.mnc001.mcc001.3gppnetwork.org"

static struct relay_talk new_talk(enum ecs_eap_id_kind kind)
{
    return (struct relay_talk){.identity = ECS_STR(NAI), .kind = kind};
}

static enum relay_act judge(struct relay_talk *talk, const void *packet, size_t n)
{
    return relay_judge(talk, (struct ecs_str){packet, n});
}

/* An AKA-Identity request with one attribute of that number. */
static enum relay_act judge_identity(struct relay_talk *talk, uint8_t attribute)
{
    const uint8_t packet[] = {1, 9, 0, 12, 23, 5, 0, 0, attribute, 1, 0, 0};

    return judge(talk, packet, sizeof(packet));
}

static enum relay_act judge_notification(struct relay_talk *talk, uint16_t code)
{
    const uint8_t packet[] = {1, 9, 0, 12, 23, 12, 0, 0, 12, 1, (uint8_t)(code >> 8), (uint8_t)code};

    return judge(talk, packet, sizeof(packet));
}

static size_t make_challenge(uint8_t type, uint8_t out[200])
{
    struct ecs_crypto *crypto = ecs_crypto_new();
    const uint8_t zeros[32] = {0};
    size_t n = type == ECS_EAP_TYPE_AKA ? ecs_eap_make_challenge(crypto, 7, zeros, zeros, zeros, 0, out, 200)
                                        : ecs_eap_make_prime_challenge(crypto, 7, zeros, zeros,
                                                                       ECS_STR("WLAN"), zeros, 0, out, 200);

    ecs_crypto_free(crypto);
    assert_true(n > 0);
    return n;
}

static void test_a_challenge_is_for_the_phone(void **state)
{
    struct relay_talk talk = new_talk(ECS_EAP_ID_PERMANENT);
    uint8_t packet[200];
    size_t n = make_challenge(ECS_EAP_TYPE_AKA, packet);

    (void)state;
    assert_int_equal(judge(&talk, packet, n), RELAY_TO_PHONE);
    assert_int_equal(talk.identifier, 7);
    assert_int_equal(talk.type, ECS_EAP_TYPE_AKA);
}

/* proves: X-014 */
static void test_a_challenge_of_aka_prime_is_only_for_a_phone_that_asks_for_it(void **state)
{
    static const uint8_t nak[] = {2, 7, 0, 6, 3, 23};
    struct relay_talk talk = new_talk(ECS_EAP_ID_PERMANENT), prime = new_talk(ECS_EAP_ID_PERMANENT);
    uint8_t packet[200];
    size_t n = make_challenge(ECS_EAP_TYPE_AKA_PRIME, packet);

    (void)state;
    assert_int_equal(judge(&talk, packet, n), RELAY_ANSWER);
    assert_int_equal(talk.answer_n, sizeof(nak));
    assert_memory_equal(talk.answer, nak, sizeof(nak));
    assert_int_equal(judge(&talk, packet, n), RELAY_BROKEN); /* a Nak is said once */
    prime.prime = true;
    assert_int_equal(judge(&prime, packet, n), RELAY_TO_PHONE);
    assert_int_equal(prime.type, ECS_EAP_TYPE_AKA_PRIME);
}

/* proves: X-015 */
static void test_identity_requests_are_answered_with_eap_id(void **state)
{
    static const uint8_t attributes[] = {13, 17, 10};
    struct ecs_eap_packet packet;

    (void)state;
    for (size_t i = 0; i < sizeof(attributes); i++) {
        struct relay_talk talk = new_talk(ECS_EAP_ID_PERMANENT);

        assert_int_equal(judge_identity(&talk, attributes[i]), RELAY_ANSWER);
        assert_int_equal(ecs_eap_decode(talk.answer, talk.answer_n, &packet), ECS_EAP_FAULT_NONE);
        assert_int_equal(packet.identifier, 9);
        assert_int_equal(packet.message, ECS_EAP_MSG_RSP_IDENTITY);
        assert_true(ecs_str_eq(packet.attrs.value[ECS_AT_IDENTITY], ECS_STR(NAI)));
    }
}

static void test_identities_that_nobody_here_knows_end_it(void **state)
{
    static const struct {
        enum ecs_eap_id_kind kind;
        uint8_t attribute;
        enum relay_act act;
    } rows[] = {
        {ECS_EAP_ID_PSEUDONYM, 13, RELAY_ANSWER},      {ECS_EAP_ID_PSEUDONYM, 17, RELAY_ANSWER},
        {ECS_EAP_ID_PSEUDONYM, 10, RELAY_NO_IDENTITY}, {ECS_EAP_ID_REAUTH, 13, RELAY_ANSWER},
        {ECS_EAP_ID_REAUTH, 17, RELAY_NO_IDENTITY},    {ECS_EAP_ID_REAUTH, 10, RELAY_NO_IDENTITY},
        {ECS_EAP_ID_ENCRYPTED, 10, RELAY_ANSWER},      {ECS_EAP_ID_ANONYMOUS, 10, RELAY_NO_IDENTITY},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct relay_talk talk = new_talk(rows[i].kind);

        assert_int_equal(judge_identity(&talk, rows[i].attribute), rows[i].act);
    }
}

static void test_an_encrypted_identity_fits(void **state)
{
    char text[1016];
    struct relay_talk talk = {.identity = {text, sizeof(text)}, .kind = ECS_EAP_ID_ENCRYPTED};

    (void)state;
    memset(text, 'A', sizeof(text));
    text[0] = '\0';
    assert_int_equal(judge_identity(&talk, 10), RELAY_ANSWER);
    assert_int_equal(talk.answer_n, 8 + 4 + 1016);
}

/* proves: X-015 */
static void test_after_three_rounds_it_is_enough(void **state)
{
    struct relay_talk talk = new_talk(ECS_EAP_ID_PERMANENT);

    (void)state;
    for (unsigned i = 0; i < RELAY_ROUNDS_MAX; i++)
        assert_int_equal(judge_identity(&talk, 13), RELAY_ANSWER);
    assert_int_equal(judge_identity(&talk, 13), RELAY_BROKEN);
}

/* proves: X-014 */
static void test_only_a_failure_before_authentication_can_be_acknowledged(void **state)
{
    static const uint8_t answer[] = {2, 9, 0, 8, 23, 12, 0, 0};
    struct relay_talk talk = new_talk(ECS_EAP_ID_PERMANENT);

    (void)state;
    assert_int_equal(judge_notification(&talk, 16384), RELAY_ANSWER);
    assert_int_equal(talk.answer_n, sizeof(answer));
    assert_memory_equal(talk.answer, answer, sizeof(answer));
    talk.rounds = 0;
    assert_int_equal(judge_notification(&talk, 32768), RELAY_BROKEN);
    talk.rounds = 0;
    assert_int_equal(judge_notification(&talk, 0), RELAY_BROKEN);
    talk.rounds = 0;
    assert_int_equal(judge_notification(&talk, 1026), RELAY_BROKEN);
    talk.rounds = 0;
    assert_int_equal(judge_notification(&talk, 0xc000), RELAY_BROKEN);
}

static void test_plain_rounds_of_eap_are_answered(void **state)
{
    static const uint8_t identity[] = {1, 3, 0, 5, 1}, note[] = {1, 4, 0, 9, 2, 'T', 'e', 'x', 't'};
    static const uint8_t noted[] = {2, 4, 0, 5, 2}, md5[] = {1, 5, 0, 6, 4, 0}, nak[] = {2, 5, 0, 6, 3, 23};
    struct relay_talk talk = new_talk(ECS_EAP_ID_PERMANENT);

    (void)state;
    assert_int_equal(judge(&talk, identity, sizeof(identity)), RELAY_ANSWER);
    assert_int_equal(talk.answer_n, 5 + strlen(NAI));
    assert_memory_equal(talk.answer + 5, NAI, strlen(NAI));
    assert_int_equal(judge(&talk, note, sizeof(note)), RELAY_ANSWER);
    assert_memory_equal(talk.answer, noted, sizeof(noted));
    assert_int_equal(judge(&talk, md5, sizeof(md5)), RELAY_ANSWER);
    assert_memory_equal(talk.answer, nak, sizeof(nak));
}

/* proves: X-014 */
static void test_what_is_no_request_ends_it(void **state)
{
    static const uint8_t success[] = {3, 1, 0, 4}, failure[] = {4, 1, 0, 4}, response[] = {2, 1, 0, 5, 1};
    static const uint8_t cut[] = {1, 1, 0, 9, 1}, none[] = {0};
    const struct {
        const uint8_t *p;
        size_t n;
    } rows[] = {{success, 4}, {failure, 4}, {response, 5}, {cut, 5}, {none, 0}, {none, 1}};
    uint8_t huge[1500] = {1, 1, 1500 >> 8, 1500 & 0xff, 1};

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct relay_talk talk = new_talk(ECS_EAP_ID_PERMANENT);

        assert_int_equal(judge(&talk, rows[i].p, rows[i].n), RELAY_BROKEN);
        assert_non_null(talk.why);
    }
    struct relay_talk talk = new_talk(ECS_EAP_ID_PERMANENT);
    assert_int_equal(judge(&talk, huge, sizeof(huge)), RELAY_BROKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_challenge_is_for_the_phone),
        cmocka_unit_test(test_a_challenge_of_aka_prime_is_only_for_a_phone_that_asks_for_it),
        cmocka_unit_test(test_identity_requests_are_answered_with_eap_id),
        cmocka_unit_test(test_identities_that_nobody_here_knows_end_it),
        cmocka_unit_test(test_an_encrypted_identity_fits),
        cmocka_unit_test(test_after_three_rounds_it_is_enough),
        cmocka_unit_test(test_only_a_failure_before_authentication_can_be_acknowledged),
        cmocka_unit_test(test_plain_rounds_of_eap_are_answered),
        cmocka_unit_test(test_what_is_no_request_ends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
