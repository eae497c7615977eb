/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors and profiles of an HSS on the test's own loop (TS 29.273 8): what is asked, what is taken, that
 * nothing is ever registered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "aaa_rig.h"

#define IMSI "001010000000001"

static int open_hss(void **state)
{
    spoken = ECS_DIAMETER_APP_SWX;
    return open_aaa(state);
}

static void put_bytes(enum ecs_diameter_avp_id id, char fill, size_t n)
{
    char bytes[64];

    memset(bytes, fill, sizeof(bytes));
    ecs_diameter_put(&more, id, (struct ecs_str){bytes, n});
}

enum spoiled { WHOLE, NO_SCHEME, OTHER_SCHEME, SHORT_RAND, SHORT_XRES, LONG_XRES, NO_CK, SHORT_IK, SPOILED };

static void put_vector(const char *scheme, enum spoiled how)
{
    size_t item = ecs_diameter_group_begin(&more, ECS_AVP_SIP_AUTH_DATA_ITEM);
    char challenge_bytes[32];

    memset(challenge_bytes, 'r', 16);
    memset(challenge_bytes + 16, 'a', 16);
    if (how != NO_SCHEME)
        ecs_diameter_put(&more, ECS_AVP_SIP_AUTHENTICATION_SCHEME,
                         how == OTHER_SCHEME ? ECS_STR("Digest-AKAv1-MD5") : ecs_str_of(scheme));
    ecs_diameter_put(&more, ECS_AVP_SIP_AUTHENTICATE,
                     (struct ecs_str){challenge_bytes, how == SHORT_RAND ? 31 : 32});
    put_bytes(ECS_AVP_SIP_AUTHORIZATION, 'x', how == SHORT_XRES ? 3 : how == LONG_XRES ? 17 : 8);
    if (how != NO_CK)
        put_bytes(ECS_AVP_CONFIDENTIALITY_KEY, 'c', 16);
    put_bytes(ECS_AVP_INTEGRITY_KEY, 'i', how == SHORT_IK ? 15 : 16);
    ecs_diameter_group_end(&more, item);
}

static void begin_answer(void)
{
    ecs_buf_reset(&more);
    ecs_diameter_put_u32(&more, ECS_AVP_AUTH_SESSION_STATE, 1);
}

static void ask_vector(struct talk *t, bool prime, const uint8_t *rand, const uint8_t *auts)
{
    *t = (struct talk){.what = VECTOR,
                       .vector = {.provider = ECS_STR("hss"),
                                  .imsi = ECS_STR(IMSI),
                                  .prime = prime,
                                  .network = ECS_STR("WLAN"),
                                  .resync_rand = rand,
                                  .resync_auts = auts}};
    answer_with(2001);
    run_talk(t);
}

static bool is_all(const uint8_t *bytes, size_t n, char fill)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != (uint8_t)fill)
            return false;
    return true;
}

static void test_a_vector_is_asked_for_by_imsi_and_scheme(void **state)
{
    struct talk t;
    struct ecs_str group, data;
    uint32_t number;

    (void)state;
    begin_answer();
    put_vector("EAP-AKA'", WHOLE);
    ask_vector(&t, true, NULL, NULL);
    assert_int_equal(one.last.code, 303);
    assert_int_equal(one.last.application, ECS_DIAMETER_APP_SWX);
    want_text(ECS_AVP_USER_NAME, IMSI);
    want_number(ECS_AVP_AUTH_SESSION_STATE, 1);
    want_number(ECS_AVP_SIP_NUMBER_AUTH_ITEMS, 1);
    want_number(ECS_AVP_RAT_TYPE, 0);
    want_text(ECS_AVP_ANID, "WLAN");
    want_none(ECS_AVP_AUTH_APPLICATION_ID);
    assert_true(
        ecs_diameter_get(ecs_buf_str(&one.request_avps), ECS_AVP_VENDOR_SPECIFIC_APPLICATION_ID, &group));
    assert_true(ecs_diameter_get_u32(group, ECS_AVP_VENDOR_ID, &number));
    assert_int_equal(number, ECS_DIAMETER_TGPP);
    assert_true(ecs_diameter_get_u32(group, ECS_AVP_AUTH_APPLICATION_ID, &number));
    assert_int_equal(number, ECS_DIAMETER_APP_SWX);
    assert_true(ecs_diameter_get(ecs_buf_str(&one.request_avps), ECS_AVP_SIP_AUTH_DATA_ITEM, &group));
    assert_true(ecs_diameter_get(group, ECS_AVP_SIP_AUTHENTICATION_SCHEME, &data));
    assert_true(ecs_str_eq(data, ECS_STR("EAP-AKA'")));
    assert_false(ecs_diameter_get(group, ECS_AVP_SIP_AUTHORIZATION, &data));
    assert_int_equal(t.vector.outcome, ECS_HSS_OK);
    assert_true(t.vector.is_prime);
    assert_true(is_all(t.vector.rand, 16, 'r') && is_all(t.vector.autn, 16, 'a') &&
                is_all(t.vector.ck, 16, 'c') && is_all(t.vector.ik, 16, 'i') &&
                is_all(t.vector.xres, 8, 'x'));
    assert_int_equal(t.vector.xres_n, 8);
    end_talk(&t);
}

static void test_what_the_answer_says_about_the_scheme_counts(void **state)
{
    struct talk t;

    (void)state;
    begin_answer();
    put_vector("EAP-AKA", WHOLE);
    ask_vector(&t, true, NULL, NULL);
    assert_int_equal(t.vector.outcome, ECS_HSS_OK);
    assert_false(t.vector.is_prime);
    end_talk(&t);
}

static void test_a_resynchronisation_carries_rand_and_auts(void **state)
{
    uint8_t rand[16], auts[14];
    struct ecs_str group, data;
    struct talk t;

    (void)state;
    memset(rand, 'R', sizeof(rand));
    memset(auts, 'S', sizeof(auts));
    begin_answer();
    put_vector("EAP-AKA", WHOLE);
    ask_vector(&t, false, rand, auts);
    assert_true(ecs_diameter_get(ecs_buf_str(&one.request_avps), ECS_AVP_SIP_AUTH_DATA_ITEM, &group));
    assert_true(ecs_diameter_get(group, ECS_AVP_SIP_AUTHORIZATION, &data));
    assert_true(ecs_str_eq(data, ECS_STR("RRRRRRRRRRRRRRRRSSSSSSSSSSSSSS")));
    want_none(ECS_AVP_ANID);
    assert_int_equal(t.vector.outcome, ECS_HSS_OK);
    end_talk(&t);
}

static void test_a_spoiled_vector_is_none_and_a_whole_one_behind_it_serves(void **state)
{
    struct talk t;

    (void)state;
    for (int how = NO_SCHEME; how < SPOILED; how++) {
        begin_answer();
        put_vector("EAP-AKA", (enum spoiled)how);
        ask_vector(&t, false, NULL, NULL);
        assert_int_equal(t.vector.outcome, ECS_HSS_TRANSIENT);
        assert_non_null(t.vector.why);
        assert_true(is_all(t.vector.rand, 16, 0) && is_all(t.vector.ck, 16, 0) &&
                    is_all(t.vector.xres, 16, 0));
        end_talk(&t);
        put_vector("EAP-AKA", WHOLE);
        ask_vector(&t, false, NULL, NULL);
        assert_int_equal(t.vector.outcome, ECS_HSS_OK);
        end_talk(&t);
    }
    begin_answer();
    ask_vector(&t, false, NULL, NULL);
    assert_int_equal(t.vector.outcome, ECS_HSS_TRANSIENT);
    end_talk(&t);
}

/* proves: A-029 A-030 */
static void test_refusals_of_the_hss_are_told_apart(void **state)
{
    static const struct {
        uint32_t code;
        enum ecs_hss_outcome outcome;
    } cases[] = {{5001, ECS_HSS_UNKNOWN},   {5450, ECS_HSS_UNKNOWN},   {5452, ECS_HSS_UNKNOWN},
                 {5006, ECS_HSS_TRANSIENT}, {4181, ECS_HSS_TRANSIENT}, {5999, ECS_HSS_TRANSIENT}};
    struct ecs_str refused[] = {ECS_STR("5450"), ECS_STR("5452")};
    struct talk t;

    (void)state;
    rows[2].refused_codes = (struct ecs_str_list){refused, 2};
    one.no_result = true;
    for (size_t i = 0; i < ECS_ARRAY_LEN(cases); i++) {
        size_t group;

        begin_answer();
        put_vector("EAP-AKA", WHOLE);
        group = ecs_diameter_group_begin(&more, ECS_AVP_EXPERIMENTAL_RESULT);
        ecs_diameter_put_u32(&more, ECS_AVP_VENDOR_ID, ECS_DIAMETER_TGPP);
        ecs_diameter_put_u32(&more, ECS_AVP_EXPERIMENTAL_RESULT_CODE, cases[i].code);
        ecs_diameter_group_end(&more, group);
        ask_vector(&t, false, NULL, NULL);
        assert_int_equal(t.vector.outcome, cases[i].outcome);
        assert_int_equal(t.vector.code, cases[i].code);
        assert_true(t.vector.experimental);
        assert_true(is_all(t.vector.ck, 16, 0));
        end_talk(&t);
    }
    one.no_result = false;
    rows[2].refused_codes = (struct ecs_str_list){NULL, 0};
}

static void ask_profile(struct talk *t)
{
    *t = (struct talk){.what = PROFILE, .profile = {.provider = ECS_STR("hss"), .imsi = ECS_STR(IMSI)}};
    answer_with(2001);
    run_talk(t);
}

static void test_a_profile_is_read_and_nothing_is_registered(void **state)
{
    struct talk t;
    size_t data, id;

    (void)state;
    for (uint32_t barred = 0; barred < 2; barred++) {
        begin_answer();
        data = ecs_diameter_group_begin(&more, ECS_AVP_NON_3GPP_USER_DATA);
        id = ecs_diameter_group_begin(&more, ECS_AVP_SUBSCRIPTION_ID);
        ecs_diameter_put_u32(&more, ECS_AVP_SUBSCRIPTION_ID_TYPE, 0);
        ecs_diameter_put(&more, ECS_AVP_SUBSCRIPTION_ID_DATA, ECS_STR("491700000001"));
        ecs_diameter_group_end(&more, id);
        ecs_diameter_put_u32(&more, ECS_AVP_NON_3GPP_IP_ACCESS, barred);
        ecs_diameter_group_end(&more, data);
        ask_profile(&t);
        assert_int_equal(one.last.code, 301);
        want_number(ECS_AVP_SERVER_ASSIGNMENT_TYPE, 12);
        want_number(ECS_AVP_AUTH_SESSION_STATE, 1);
        want_text(ECS_AVP_USER_NAME, IMSI);
        assert_int_equal(t.profile.outcome, ECS_HSS_OK);
        assert_int_equal(t.profile.barred, barred == 1);
        assert_true(ecs_str_eq(t.profile.msisdn, ECS_STR("491700000001")));
        end_talk(&t);
    }
    begin_answer();
    ask_profile(&t);
    assert_int_equal(t.profile.outcome, ECS_HSS_TRANSIENT); /* no profile inside */
    end_talk(&t);
}

static void test_what_is_no_imsi_is_not_sent(void **state)
{
    unsigned before = one.requests + two.requests;
    struct talk t = {.what = VECTOR, .vector = {.provider = ECS_STR("hss"), .imsi = ECS_STR("0" IMSI "@x")}};

    (void)state;
    run_talk(&t);
    assert_int_equal(t.vector.outcome, ECS_HSS_TRANSIENT);
    end_talk(&t);
    t = (struct talk){.what = VECTOR, .vector = {.provider = ECS_STR("swm"), .imsi = ECS_STR(IMSI)}};
    run_talk(&t);
    assert_int_equal(t.vector.outcome, ECS_HSS_TRANSIENT); /* an AAA is no HSS */
    end_talk(&t);
    assert_int_equal(one.requests + two.requests, before);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_hss, close_aaa)
    const struct CMUnitTest tests[] = {
        TEST(test_a_vector_is_asked_for_by_imsi_and_scheme),
        TEST(test_what_the_answer_says_about_the_scheme_counts),
        TEST(test_a_resynchronisation_carries_rand_and_auts),
        TEST(test_a_spoiled_vector_is_none_and_a_whole_one_behind_it_serves),
        TEST(test_refusals_of_the_hss_are_told_apart),
        TEST(test_a_profile_is_read_and_nothing_is_registered),
        TEST(test_what_is_no_imsi_is_not_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
