/* SPDX-License-Identifier: Apache-2.0 */
/* Spellings of telephone numbers. */
#include "ecs/e164.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *read(const char *text, const char *country)
{
    static struct ecs_msisdn number;

    strcpy(number.s, "kept");
    return ecs_e164_read(ecs_str_of(text), ecs_str_of(country), &number) ? number.s : NULL;
}

/* proves: N-013 T-024 */
static void test_all_spellings_of_a_number_are_the_same_digits(void **state)
{
    static const char *const texts[] = {
        "+4790000001",     " 4790000001",    "4790000001",        "004790000001",    "\"+4790000001\"",
        "'004790000001'",  "+47 900 00 001", "+47-900.00.001",    "tel:+4790000001", "TEL:+47-900-00001",
        "(47) 900 00 001", " +4790000001 ",  "\" +4790000001 \"", "00 47 90000001",
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(texts); i++) {
        if (!read(texts[i], ""))
            fail_msg("%s is not read", texts[i]);
        assert_string_equal(read(texts[i], ""), "4790000001");
    }
    (void)state;
}

static void test_national_numbers_need_the_country_code(void **state)
{
    assert_null(read("090000001", ""));
    assert_string_equal(read("090000001", "47"), "4790000001");
    assert_string_equal(read("0 90 00 00 01", "47"), "4790000001");
    assert_string_equal(read("004790000001", "46"), "4790000001"); /* the prefix 00 is no trunk prefix */
    assert_string_equal(read("+4790000001", "46"), "4790000001");
    (void)state;
}

static void test_what_is_no_number_is_refused_and_changes_nothing(void **state)
{
    static const char *const texts[] = {
        "",
        " ",
        "+",
        "++4790000001",
        "+0790000001",
        "0000001",
        "1234",
        "+1234",
        "12345678901234567",
        "+1234567890123456",
        "47900000o1",
        "+47/90000001",
        "\"+479000",
        "0x4790000001",
        "47+90000001",
        "tel:",
        "\"\"",
        "000",
    };
    struct ecs_msisdn number = {"kept"};
    char many[200];

    for (size_t i = 0; i < ECS_ARRAY_LEN(texts); i++)
        if (read(texts[i], ""))
            fail_msg("%s is read", texts[i]);
    memset(many, '-', sizeof(many));
    assert_false(ecs_e164_read((struct ecs_str){many, sizeof(many)}, ECS_STR_NULL, &number));
    memset(many, '1', sizeof(many));
    assert_false(ecs_e164_read((struct ecs_str){many, sizeof(many)}, ECS_STR_NULL, &number));
    assert_false(ecs_e164_read(ECS_STR("+4790\0000001"), ECS_STR_NULL, &number));
    assert_false(ecs_e164_read(ECS_STR_NULL, ECS_STR_NULL, &number));
    assert_false(ecs_e164_read(ECS_STR("0123456789012345"), ECS_STR("47"), &number));
    assert_string_equal(number.s, "kept");
    (void)state;
}

static void test_quotation_marks_go_away_in_pairs_only(void **state)
{
    assert_true(ecs_str_eq(ecs_unquote(ECS_STR(" \"phone\" ")), ECS_STR("phone")));
    assert_true(ecs_str_eq(ecs_unquote(ECS_STR("'openid phone'")), ECS_STR("openid phone")));
    assert_true(ecs_str_eq(ecs_unquote(ECS_STR("\"phone'")), ECS_STR("\"phone'")));
    assert_true(ecs_str_eq(ecs_unquote(ECS_STR("\"")), ECS_STR("\"")));
    assert_int_equal(ecs_unquote(ECS_STR("\"\"")).n, 0);
    assert_int_equal(ecs_unquote(ECS_STR_NULL).n, 0);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_spellings_of_a_number_are_the_same_digits),
        cmocka_unit_test(test_national_numbers_need_the_country_code),
        cmocka_unit_test(test_what_is_no_number_is_refused_and_changes_nothing),
        cmocka_unit_test(test_quotation_marks_go_away_in_pairs_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
