/* SPDX-License-Identifier: Apache-2.0 */
/* Identities: what the parsers take and refuse, and that masks hide enough. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ecs/ids.h"
#include "random.h"

#include <stdio.h>
#include <string.h>

#define S(literal) ECS_STR(literal)

static void test_an_imsi_has_six_to_fifteen_digits(void **state)
{
    static const struct ecs_str bad[] = {
        {"", 0},
        {"12345", 5},
        {"0010112345678901", 16},
        {"00101123456789a", 15},
        {"+00101123456789", 15},
        {" 00101123456789", 15},
        {"0010112345678\0"
         "9",
         15},
        {"00101\n", 6},
        {NULL, 0},
    };
    struct ecs_imsi imsi = {"untouched"};

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(bad); i++)
        assert_false(ecs_imsi_parse(bad[i], &imsi));
    assert_string_equal(imsi.s, "untouched");
    assert_true(ecs_imsi_parse(S("001010"), &imsi));
    assert_string_equal(imsi.s, "001010");
    assert_true(ecs_imsi_parse(S("001011234567890"), &imsi));
    assert_string_equal(imsi.s, "001011234567890");
}

static void test_an_msisdn_loses_its_plus_sign_and_nothing_else(void **state)
{
    struct ecs_msisdn msisdn = {"x"};

    (void)state;
    assert_true(ecs_msisdn_parse(S("+491701234567"), &msisdn));
    assert_string_equal(msisdn.s, "491701234567");
    assert_true(ecs_msisdn_parse(S("12345"), &msisdn));
    assert_true(ecs_msisdn_parse(S("+123456789012345"), &msisdn));
    assert_string_equal(msisdn.s, "123456789012345");
    assert_false(ecs_msisdn_parse(S("1234567890123456"), &msisdn));
    assert_false(ecs_msisdn_parse(S("1234"), &msisdn));
    assert_false(ecs_msisdn_parse(S("+1234"), &msisdn));
    assert_false(ecs_msisdn_parse(S("++12345"), &msisdn));
    assert_false(ecs_msisdn_parse(S("+"), &msisdn));
    assert_false(ecs_msisdn_parse(S(""), &msisdn));
    assert_false(ecs_msisdn_parse(S("0049 170 123"), &msisdn));
    assert_string_equal(msisdn.s, "123456789012345");
}

static void test_an_eid_has_32_digits_and_its_check_digits_fit(void **state)
{
    struct ecs_eid eid = {"kept"};

    (void)state;
    assert_false(ecs_eid_parse(S("89001012012341234012345678901225"), &eid));
    assert_false(ecs_eid_parse(S("8900101201234123401234567890122"), &eid));
    assert_false(ecs_eid_parse(S("890010120123412340123456789012244"), &eid));
    assert_false(ecs_eid_parse(S("8900101201234123401234567890122x"), &eid));
    assert_false(ecs_eid_parse(S(""), &eid));
    assert_string_equal(eid.s, "kept");
    assert_true(ecs_eid_parse(S("89001012012341234012345678901224"), &eid));
    assert_true(ecs_eid_parse(S("89049032123451234512345678901235"), &eid));
    assert_string_equal(eid.s, "89049032123451234512345678901235");
}

static void test_an_iccid_is_kept_without_its_filler_nibble(void **state)
{
    struct ecs_iccid iccid;

    (void)state;
    assert_true(ecs_iccid_parse(S("8949000000000000001"), &iccid));
    assert_string_equal(iccid.s, "8949000000000000001");
    assert_true(ecs_iccid_parse(S("8949000000000000001F"), &iccid));
    assert_string_equal(iccid.s, "8949000000000000001");
    assert_true(ecs_iccid_parse(S("8949000000000000001f"), &iccid));
    assert_string_equal(iccid.s, "8949000000000000001");
    assert_true(ecs_iccid_parse(S("894900000000000000"), &iccid));       /* 18 */
    assert_true(ecs_iccid_parse(S("8949000000000000000012"), &iccid));   /* 22 */
    assert_true(ecs_iccid_parse(S("894900000000000000001F"), &iccid));   /* 21 and the nibble */
    assert_false(ecs_iccid_parse(S("8949000000000000000012F"), &iccid)); /* 23 characters */
    assert_false(ecs_iccid_parse(S("89490000000000000000123"), &iccid));
    assert_false(ecs_iccid_parse(S("89490000000000000"), &iccid));
    assert_false(ecs_iccid_parse(S("89490000000000000F"), &iccid)); /* 17 digits */
    assert_false(ecs_iccid_parse(S("8949000000000000FF"), &iccid));
    assert_false(ecs_iccid_parse(S("F949000000000000001"), &iccid));
    assert_false(ecs_iccid_parse(S("F"), &iccid));
    assert_false(ecs_iccid_parse(S(""), &iccid));
}

static void test_a_terminal_id_of_fourteen_to_seventeen_digits_has_a_tac(void **state)
{
    struct ecs_terminal_id id;

    (void)state;
    assert_true(ecs_terminal_id_parse(S("35184209123456"), &id));
    assert_true(id.is_imei);
    assert_string_equal(id.tac, "35184209");
    assert_true(ecs_terminal_id_parse(S("35184209123456789"), &id));
    assert_true(id.is_imei);
    assert_int_equal(id.n, 17);
    assert_true(ecs_terminal_id_parse(S("3518420912345"), &id));
    assert_false(id.is_imei);
    assert_string_equal(id.tac, "");
    assert_true(ecs_terminal_id_parse(S("351842091234567890"), &id));
    assert_false(id.is_imei);
    assert_true(ecs_terminal_id_parse(S("A0000012345678"), &id)); /* MEID */
    assert_false(id.is_imei);
    assert_string_equal(id.s, "a0000012345678");
}

static void test_a_terminal_id_is_opaque_printable_and_of_one_case(void **state)
{
    static const struct ecs_str bad[] = {
        {"", 0},     {NULL, 0},  {"a b", 3},  {"a\"b", 3},     {"a'b", 3},
        {"a\0b", 3}, {"a\n", 2}, {"\x7f", 1}, {"\xC3\xA4", 2},
    };
    struct ecs_terminal_id upper, lower;
    char text[65];

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(bad); i++)
        assert_false(ecs_terminal_id_parse(bad[i], &upper));
    assert_true(ecs_terminal_id_parse(S("6B9D7C10-00AA-4F0E-9C59-5AF0E3A0B1C2"), &upper));
    assert_true(ecs_terminal_id_parse(S("6b9d7c10-00aa-4f0e-9c59-5af0e3a0b1c2"), &lower));
    assert_string_equal(upper.s, lower.s);
    assert_true(ecs_terminal_id_parse(S("0"), &upper));
    memset(text, '~', sizeof(text));
    assert_true(ecs_terminal_id_parse((struct ecs_str){text, 63}, &upper));
    assert_int_equal(upper.n, 63);
    assert_int_equal(upper.s[63], '\0');
    assert_false(ecs_terminal_id_parse((struct ecs_str){text, 64}, &upper));
}

static void test_a_plmn_is_read_in_all_three_spellings(void **state)
{
    static const char *const bad[] = {"",       "0010",  "001",   "0010101", "001-0",  "001-0101", "00-101",
                                      "001--1", "abc01", "0010a", "001-",    "00101-", "-00101"};
    struct ecs_plmn plmn = {"x", "y"};

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(bad); i++)
        assert_false(ecs_plmn_parse(ecs_str_of(bad[i]), &plmn));
    assert_string_equal(plmn.mcc, "x");
    assert_true(ecs_plmn_parse(S("00101"), &plmn));
    assert_string_equal(plmn.mcc, "001");
    assert_string_equal(plmn.mnc, "01");
    assert_true(ecs_plmn_parse(S("001-02"), &plmn));
    assert_string_equal(plmn.mnc, "02");
    assert_true(ecs_plmn_parse(S("310260"), &plmn));
    assert_string_equal(plmn.mnc, "260");
    assert_true(ecs_plmn_parse(S("310-026"), &plmn));
    assert_string_equal(plmn.mcc, "310");
    assert_string_equal(plmn.mnc, "026");
}

static void test_a_plmn_matches_the_imsi_by_all_its_digits(void **state)
{
    struct ecs_plmn two, three, none = {{0}, {0}};
    struct ecs_imsi imsi;

    (void)state;
    assert_true(ecs_plmn_parse(S("31026"), &two));
    assert_true(ecs_plmn_parse(S("310260"), &three));
    assert_true(ecs_imsi_parse(S("310261234567890"), &imsi));
    assert_true(ecs_plmn_matches(&two, &imsi));
    assert_false(ecs_plmn_matches(&three, &imsi));
    assert_true(ecs_imsi_parse(S("310260"), &imsi));
    assert_true(ecs_plmn_matches(&three, &imsi));
    assert_false(ecs_plmn_matches(&none, &imsi));
}

static void test_masks_have_the_documented_form(void **state)
{
    struct ecs_terminal_id id;
    struct ecs_imsi imsi;
    char out[24];

    (void)state;
    assert_true(ecs_imsi_parse(S("001010123456789"), &imsi));
    ecs_imsi_mask(&imsi, out);
    assert_string_equal(out, "00101*******789");
    ecs_digits_mask("491701234567", out);
    assert_string_equal(out, "49*******567");
    ecs_digits_mask("8949000000000000000012", out);
    assert_string_equal(out, "89*****************012");
    ecs_digits_mask("89049032123451234512345678901235", out); /* an EID: fewer stars than digits */
    assert_string_equal(out, "89*****************235");
    ecs_digits_mask("", out);
    assert_string_equal(out, "");
    ecs_digits_mask(NULL, out);
    assert_string_equal(out, "");
    assert_true(ecs_terminal_id_parse(S("351842091234567"), &id));
    ecs_terminal_id_mask(&id, out);
    assert_string_equal(out, "35184209*");
    assert_true(ecs_terminal_id_parse(S("6B9D7C10-00AA"), &id));
    ecs_terminal_id_mask(&id, out);
    assert_string_equal(out, "6b9d*");
    assert_true(ecs_terminal_id_parse(S("abc"), &id));
    ecs_terminal_id_mask(&id, out);
    assert_string_equal(out, "a*");
}

static void test_masks_hide_at_least_four_digits_of_every_number(void **state)
{
    static const char digits[] = "1234567890123456789012";
    char out[24];

    (void)state;
    for (size_t n = 1; n < sizeof(digits); n++) {
        char text[24] = "";
        size_t stars = 0;

        memcpy(text, digits, n);
        ecs_digits_mask(text, out);
        assert_int_equal(strlen(out), n);
        for (const char *p = out; *p; p++)
            stars += *p == '*';
        assert_true(stars >= (n < 4 ? n : 4));
        if (n >= 6 && n <= 15) {
            struct ecs_imsi imsi;

            assert_true(ecs_imsi_parse((struct ecs_str){text, n}, &imsi));
            ecs_imsi_mask(&imsi, out);
            stars = 0;
            for (const char *p = out; *p; p++)
                stars += *p == '*';
            assert_int_equal(strlen(out), n);
            assert_true(stars >= 4);
        }
    }
}

static void test_random_bytes_never_make_an_identity_of_other_characters(void **state)
{
    static const char alphabet[] = "0123456789+-F \0x";
    uint64_t seed = 23003;

    (void)state;
    for (int round = 0; round < 5000; round++) {
        struct ecs_msisdn msisdn;
        struct ecs_iccid iccid;
        struct ecs_imsi imsi;
        char text[26];
        size_t n = next_random(&seed) % sizeof(text);

        for (size_t i = 0; i < n; i++) {
            size_t pick = next_random(&seed) % (round % 3 == 0 ? sizeof(alphabet) - 1 : 10);

            text[i] = alphabet[pick];
        }
        if (ecs_imsi_parse((struct ecs_str){text, n}, &imsi))
            assert_int_equal(strspn(imsi.s, "0123456789"), n);
        if (ecs_msisdn_parse((struct ecs_str){text, n}, &msisdn))
            assert_int_equal(strspn(msisdn.s, "0123456789"), strlen(msisdn.s));
        if (ecs_iccid_parse((struct ecs_str){text, n}, &iccid)) {
            assert_int_equal(strspn(iccid.s, "0123456789"), strlen(iccid.s));
            assert_in_range(strlen(iccid.s), 18, 22);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_imsi_has_six_to_fifteen_digits),
        cmocka_unit_test(test_an_msisdn_loses_its_plus_sign_and_nothing_else),
        cmocka_unit_test(test_an_eid_has_32_digits_and_its_check_digits_fit),
        cmocka_unit_test(test_an_iccid_is_kept_without_its_filler_nibble),
        cmocka_unit_test(test_a_terminal_id_of_fourteen_to_seventeen_digits_has_a_tac),
        cmocka_unit_test(test_a_terminal_id_is_opaque_printable_and_of_one_case),
        cmocka_unit_test(test_a_plmn_is_read_in_all_three_spellings),
        cmocka_unit_test(test_a_plmn_matches_the_imsi_by_all_its_digits),
        cmocka_unit_test(test_masks_have_the_documented_form),
        cmocka_unit_test(test_masks_hide_at_least_four_digits_of_every_number),
        cmocka_unit_test(test_random_bytes_never_make_an_identity_of_other_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
