/* SPDX-License-Identifier: Apache-2.0 */
/* EAP_ID: what each form of identity means, and which forms are refused. */
#include "vectors.h"

#include "../base/random.h"
#include "ecs/eap_id.h"

#define REALM "@nai.epc.mnc001.mcc001.3gppnetwork.org"

/* proves: E-023 */
static void test_the_first_digit_gives_method_and_kind(void **state)
{
    static const struct {
        const char *text;
        enum ecs_eap_id_kind kind;
        enum ecs_eap_method method;
        const char *imsi;
    } rows[] = {
        {"0001010123456789" REALM, ECS_EAP_ID_PERMANENT, ECS_EAP_METHOD_AKA, "001010123456789"},
        {"1001010123456789" REALM, ECS_EAP_ID_PERMANENT, ECS_EAP_METHOD_SIM, "001010123456789"},
        {"6001010123456789" REALM, ECS_EAP_ID_PERMANENT, ECS_EAP_METHOD_AKA_PRIME, "001010123456789"},
        {"0001010" REALM, ECS_EAP_ID_PERMANENT, ECS_EAP_METHOD_AKA, "001010"},
        {"0001010123456789", ECS_EAP_ID_PERMANENT, ECS_EAP_METHOD_AKA, "001010123456789"}, /* no realm */
        {"2abc" REALM, ECS_EAP_ID_PSEUDONYM, ECS_EAP_METHOD_AKA, ""},
        {"3abc" REALM, ECS_EAP_ID_PSEUDONYM, ECS_EAP_METHOD_SIM, ""},
        {"7abc" REALM, ECS_EAP_ID_PSEUDONYM, ECS_EAP_METHOD_AKA_PRIME, ""},
        {"4abc" REALM, ECS_EAP_ID_REAUTH, ECS_EAP_METHOD_AKA, ""},
        {"5abc" REALM, ECS_EAP_ID_REAUTH, ECS_EAP_METHOD_SIM, ""},
        {"8abc" REALM, ECS_EAP_ID_REAUTH, ECS_EAP_METHOD_AKA_PRIME, ""},
        {"4befa8b05c287b3e12020", ECS_EAP_ID_REAUTH, ECS_EAP_METHOD_AKA, ""},
        {"Y24fNSrz8BP274jOJaF17Wfx@eapsim.foo", ECS_EAP_ID_PSEUDONYM, ECS_EAP_METHOD_NONE, ""},
        {"anonymous" REALM, ECS_EAP_ID_ANONYMOUS, ECS_EAP_METHOD_NONE, ""},
        {"0anonymous" REALM, ECS_EAP_ID_ANONYMOUS, ECS_EAP_METHOD_AKA, ""},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_eap_id id;

        if (ecs_eap_id_parse(ecs_str_of(rows[i].text), &id) != rows[i].kind)
            fail_msg("%s: %s", rows[i].text, ecs_eap_id_kind_name(id.kind));
        assert_int_equal(id.method, rows[i].method);
        assert_string_equal(id.imsi.s, rows[i].imsi);
        assert_null(id.reason);
    }
}

static void test_malformed_identities_are_refused_with_a_reason(void **state)
{
    static const struct ecs_str rows[] = {
        ECS_STR(""),
        ECS_STR("@nai.epc.mnc001.mcc001.3gppnetwork.org"),
        ECS_STR("0001010123456789@"),
        ECS_STR("0001010123456789@a@b"),
        ECS_STR("0001010123456789@.a"),
        ECS_STR("0001010123456789@a."),
        ECS_STR("0001010123456789@a..b"),
        ECS_STR("0001010123456789@-a"),
        ECS_STR("0001010123456789@a_b"),
        ECS_STR("0001010123456789@a/b"),
        ECS_STR("000101" REALM),            /* 5 digits */
        ECS_STR("00010101234567890" REALM), /* 16 digits */
        ECS_STR("000101012345678x" REALM),
        ECS_STR("0" REALM),
        ECS_STR("6" REALM),
        ECS_STR("1abc" REALM),
        ECS_STR("0001010123456789 " REALM),
        ECS_STR("0001010123456789\n" REALM),
        ECS_STR("00010101234567\x00"
                "9" REALM),
        ECS_STR("2ab\x7f" REALM),
        ECS_STR("2ab\xc3\xa4" REALM),
        ECS_STR("2a\"b" REALM),
        ECS_STR("home!0001010123456789"), /* decoration without a realm */
        ECS_STR("!0001010123456789" REALM),
        ECS_STR("home!" REALM),
    };
    char long_id[300];

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_eap_id id;

        if (ecs_eap_id_parse(rows[i], &id) != ECS_EAP_ID_MALFORMED)
            fail_msg("row %zu: %s", i, ecs_eap_id_kind_name(id.kind));
        assert_non_null(id.reason);
        assert_string_equal(id.imsi.s, ""); /* nothing half parsed is left */
        assert_null(id.user.p);
    }
    struct ecs_eap_id id;
    memset(long_id, 'a', sizeof(long_id));
    long_id[0] = '2';
    assert_int_equal(ecs_eap_id_parse((struct ecs_str){long_id, 253}, &id), ECS_EAP_ID_PSEUDONYM);
    assert_int_equal(ecs_eap_id_parse((struct ecs_str){long_id, 254}, &id), ECS_EAP_ID_MALFORMED);
}

static void test_the_realm_gives_the_network(void **state)
{
    static const struct {
        const char *text, *realm, *mcc, *mnc;
        bool decorated;
    } rows[] = {
        {"0234150999999999@nai.epc.mnc015.mcc234.3gppnetwork.org", "nai.epc.mnc015.mcc234.3gppnetwork.org",
         "234", "015", false},
        {"0234150999999999@NAI.EPC.MNC015.MCC234.3GPPNETWORK.ORG", "NAI.EPC.MNC015.MCC234.3GPPNETWORK.ORG",
         "234", "015", false},
        {"0234150999999999@wlan.mnc015.mcc234.3gppnetwork.org", "wlan.mnc015.mcc234.3gppnetwork.org", "234",
         "015", false},
        {"0234150999999999@mnc015.mcc234.pub.3gppnetwork.org", "mnc015.mcc234.pub.3gppnetwork.org", "234",
         "015", false},
        {"0234150999999999@xmnc015.mcc234.3gppnetwork.org", "xmnc015.mcc234.3gppnetwork.org", "", "", false},
        {"0234150999999999@nai.epc.mnc15.mcc234.3gppnetwork.org", "nai.epc.mnc15.mcc234.3gppnetwork.org", "",
         "", false},
        {"0234150999999999@nai.epc.mnc01x.mcc234.3gppnetwork.org", "nai.epc.mnc01x.mcc234.3gppnetwork.org",
         "", "", false},
        {"0234150999999999@nai.epc.mnc015.mcc234.3gppnetwork.org.evil.example",
         "nai.epc.mnc015.mcc234.3gppnetwork.org.evil.example", "", "", false},
        {"0234150999999999@example.org", "example.org", "", "", false},
        {"nai.epc.mnc015.mcc234.3gppnetwork.org!0234150999999999@nai.epc.mnc001.mcc001.3gppnetwork.org",
         "nai.epc.mnc015.mcc234.3gppnetwork.org", "234", "015", true},
        {"b.example!a.example!0234150999999999@c.example", "a.example", "", "", true},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_eap_id id;

        if (ecs_eap_id_parse(ecs_str_of(rows[i].text), &id) != ECS_EAP_ID_PERMANENT)
            fail_msg("%s: %s", rows[i].text, ecs_eap_id_kind_name(id.kind));
        assert_true(ecs_str_eq(id.realm, ecs_str_of(rows[i].realm)));
        assert_true(ecs_str_eq(id.user, ECS_STR("0234150999999999")));
        assert_string_equal(id.realm_plmn.mcc, rows[i].mcc);
        assert_string_equal(id.realm_plmn.mnc, rows[i].mnc);
        assert_int_equal(id.decorated, rows[i].decorated);
    }
}

static void test_a_realm_with_a_guessed_mnc_still_belongs_to_its_network(void **state)
{
    static const struct {
        const char *text;
        struct ecs_plmn home;
        bool is_of;
    } rows[] = {
        {"0234150999999999@nai.epc.mnc015.mcc234.3gppnetwork.org", {"234", "15"}, true},
        {"0234150999999999@nai.epc.mnc150.mcc234.3gppnetwork.org",
         {"234", "15"},
         true}, /* digits of the IMSI */
        {"0234150999999999@nai.epc.mnc016.mcc234.3gppnetwork.org", {"234", "15"}, false},
        {"0234150999999999@nai.epc.mnc015.mcc235.3gppnetwork.org", {"234", "15"}, false},
        {"0310410999999999@nai.epc.mnc410.mcc310.3gppnetwork.org", {"310", "410"}, true},
        {"0310410999999999@nai.epc.mnc041.mcc310.3gppnetwork.org", {"310", "410"}, false},
        {"2abc@nai.epc.mnc015.mcc234.3gppnetwork.org", {"234", "15"}, true},
        {"2abc@nai.epc.mnc150.mcc234.3gppnetwork.org", {"234", "15"}, false}, /* no IMSI to explain it */
        {"0234150999999999@example.org", {"234", "15"}, false},
        {"0234150999999999", {"234", "15"}, false},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_eap_id id;

        assert_int_not_equal(ecs_eap_id_parse(ecs_str_of(rows[i].text), &id), ECS_EAP_ID_MALFORMED);
        if (ecs_eap_id_realm_is_of(&id, &rows[i].home) != rows[i].is_of)
            fail_msg("%s", rows[i].text);
    }
}

/* proves: E-023 */
static void test_the_default_identity_pads_the_mnc_to_three_digits(void **state)
{
    const struct ecs_imsi imsi = {"234150999999999"}, other = {"310410123456789"};
    const struct ecs_plmn two = {"234", "15"}, three = {"310", "410"};
    char out[80];

    (void)state;
    assert_int_equal(ecs_eap_nai_make('0', &imsi, &two, out), 54);
    assert_string_equal(out, "0234150999999999@nai.epc.mnc015.mcc234.3gppnetwork.org");
    assert_int_equal(ecs_eap_nai_make('6', &other, &three, out), 54);
    assert_string_equal(out, "6310410123456789@nai.epc.mnc410.mcc310.3gppnetwork.org");
}

static void test_encrypted_identities_are_recognised(void **state)
{
    struct ecs_eap_id id;
    char text[1100];

    (void)state;
    assert_int_equal(ecs_eap_id_parse(ECS_STR("\0QUJD\nREVG=,CertificateSerialNumber=12"), &id),
                     ECS_EAP_ID_ENCRYPTED);
    assert_true(ecs_str_eq(id.cipher_text, ECS_STR("QUJD\nREVG=")));
    assert_true(ecs_str_eq(id.key_identifier, ECS_STR("CertificateSerialNumber=12")));
    assert_int_equal(ecs_eap_id_parse(ECS_STR("\0QUJD"), &id), ECS_EAP_ID_ENCRYPTED);
    assert_null(id.key_identifier.p);
    assert_int_equal(ecs_eap_id_parse(ECS_STR("\0"), &id), ECS_EAP_ID_MALFORMED);
    assert_int_equal(ecs_eap_id_parse(ECS_STR("\0 \n"), &id), ECS_EAP_ID_MALFORMED);
    assert_int_equal(ecs_eap_id_parse(ECS_STR("\0,a=b"), &id), ECS_EAP_ID_MALFORMED);
    assert_int_equal(ecs_eap_id_parse(ECS_STR("\0QU*D"), &id), ECS_EAP_ID_MALFORMED);
    assert_int_equal(ecs_eap_id_parse(ECS_STR("\0QUJD,=b"), &id), ECS_EAP_ID_MALFORMED);
    assert_int_equal(ecs_eap_id_parse(ECS_STR("\0QUJD,a b=c"), &id), ECS_EAP_ID_MALFORMED);
    memset(text, 'A', sizeof(text));
    text[0] = '\0';
    assert_int_equal(ecs_eap_id_parse((struct ecs_str){text, 1016}, &id), ECS_EAP_ID_ENCRYPTED);
    assert_int_equal(ecs_eap_id_parse((struct ecs_str){text, 1017}, &id), ECS_EAP_ID_MALFORMED);
}

static void test_made_identities_parse_back(void **state)
{
    uint64_t seed = 0x5EED5;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        struct ecs_imsi imsi = {""};
        struct ecs_plmn home = {"", ""};
        struct ecs_eap_id id;
        size_t digits = 6 + next_random(&seed) % 10, mnc_n = 2 + next_random(&seed) % 2;
        char out[80];

        for (size_t d = 0; d < digits; d++)
            imsi.s[d] = (char)('0' + next_random(&seed) % 10);
        memcpy(home.mcc, imsi.s, 3);
        memcpy(home.mnc, imsi.s + 3, mnc_n);
        size_t n = ecs_eap_nai_make('0', &imsi, &home, out);
        assert_int_equal(n, strlen(out));
        assert_int_equal(ecs_eap_id_parse(ecs_str_of(out), &id), ECS_EAP_ID_PERMANENT);
        assert_string_equal(id.imsi.s, imsi.s);
        assert_true(ecs_eap_id_realm_is_of(&id, &home));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_digit_gives_method_and_kind),
        cmocka_unit_test(test_malformed_identities_are_refused_with_a_reason),
        cmocka_unit_test(test_the_realm_gives_the_network),
        cmocka_unit_test(test_a_realm_with_a_guessed_mnc_still_belongs_to_its_network),
        cmocka_unit_test(test_the_default_identity_pads_the_mnc_to_three_digits),
        cmocka_unit_test(test_encrypted_identities_are_recognised),
        cmocka_unit_test(test_made_identities_parse_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
