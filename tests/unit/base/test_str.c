/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing, cutting, numbers and UTF-8 at their boundaries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ecs/str.h"
#include "random.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define S(literal) ECS_STR(literal)

static void test_absent_and_empty_strings_are_equal_and_safe(void **state)
{
    struct ecs_str none = ECS_STR_NULL, part = S("untouched");

    (void)state;
    assert_true(ecs_str_eq(none, S("")));
    assert_true(ecs_str_eq_nocase(S(""), none));
    assert_true(ecs_str_starts_with(S("abc"), none));
    assert_true(ecs_str_ends_with(none, none));
    assert_false(ecs_str_starts_with(none, S("a")));
    assert_int_equal(ecs_str_find(none, none), 0);
    assert_int_equal(ecs_str_find(none, S("a")), -1);
    assert_int_equal(ecs_str_find_nocase(none, S("a")), -1);
    assert_int_equal(ecs_str_trim(none).n, 0);
    assert_false(ecs_str_cut(&none, ',', &part));
    assert_true(ecs_str_eq(part, S("untouched")));
    assert_false(ecs_str_is_digits(none));
    assert_true(ecs_str_is_utf8(none));
    assert_null(ecs_str_of(NULL).p);
    assert_int_equal(ecs_str_of("abc").n, 3);
    assert_int_equal(ecs_hash(NULL, 0), UINT64_C(0xcbf29ce484222325));
}

static void test_case_is_folded_for_ascii_letters_only(void **state)
{
    (void)state;
    assert_true(ecs_str_eq_nocase(S("AbZz09-"), S("aBzZ09-")));
    assert_false(ecs_str_eq(S("a"), S("A")));
    assert_false(ecs_str_eq_nocase(S("@"), S("`"))); /* neighbours of A and a */
    assert_false(ecs_str_eq_nocase(S("["), S("{")));
    assert_false(ecs_str_eq_nocase(S("\xC4"), S("\xE4")));
    assert_true(ecs_str_starts_with_nocase(S("Bearer x"), S("bearer ")));
    assert_false(ecs_str_starts_with_nocase(S("Bear"), S("bearer")));
    assert_false(ecs_str_starts_with(S("Bearer"), S("bear")));
    assert_true(ecs_str_ends_with(S("a.xml"), S(".xml")));
    assert_false(ecs_str_ends_with(S("xml"), S(".xml")));
}

static void test_a_needle_is_found_at_both_ends_and_over_nul_bytes(void **state)
{
    (void)state;
    assert_int_equal(ecs_str_find(S("abcabc"), S("abc")), 0);
    assert_int_equal(ecs_str_find(S("xxabc"), S("abc")), 2);
    assert_int_equal(ecs_str_find(S("xxab"), S("abc")), -1);
    assert_int_equal(ecs_str_find(S("a\0b\0c"), S("\0c")), 3);
    assert_int_equal(ecs_str_find_nocase(S("xxABC"), S("abc")), 2);
    assert_int_equal(ecs_str_find_nocase(S("ab"), S("abc")), -1);
    assert_int_equal(ecs_str_find_nocase(S("ab"), S("")), 0);
}

static void test_trim_takes_blanks_of_both_ends_and_none_within(void **state)
{
    (void)state;
    assert_true(ecs_str_eq(ecs_str_trim(S(" \t\r\na b\n")), S("a b")));
    assert_int_equal(ecs_str_trim(S(" \t\r\n")).n, 0);
    assert_int_equal(ecs_str_trim(S("\v\0")).n, 2);
}

static void test_cut_walks_over_all_parts(void **state)
{
    static const char *const expected[] = {"a", "", "bc"};
    struct ecs_str rest = S("a,,bc,"), part;
    size_t n = 0;

    (void)state;
    while (ecs_str_cut(&rest, ',', &part)) {
        assert_in_range(n, 0, 2);
        assert_true(ecs_str_eq(part, ecs_str_of(expected[n])));
        n++;
    }
    assert_int_equal(n, 3);
    assert_int_equal(rest.n, 0);
}

static void test_numbers_are_exact_to_the_last_value_of_their_type(void **state)
{
    static const char *const bad[] = {"",
                                      "-",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "0x1",
                                      "1.0",
                                      "--1",
                                      "9223372036854775808",
                                      "1e3",
                                      "-9223372036854775809",
                                      "18446744073709551616",
                                      "99999999999999999999"};
    int64_t i = 7;
    uint32_t u = 7;

    (void)state;
    for (size_t k = 0; k < ECS_ARRAY_LEN(bad); k++)
        assert_false(ecs_str_to_i64(ecs_str_of(bad[k]), &i));
    assert_int_equal(i, 7);
    assert_true(ecs_str_to_i64(S("9223372036854775807"), &i) && i == INT64_MAX);
    assert_true(ecs_str_to_i64(S("-9223372036854775808"), &i) && i == INT64_MIN);
    assert_true(ecs_str_to_i64(S("-0"), &i) && i == 0);
    assert_true(ecs_str_to_i64(S("00012"), &i) && i == 12);
    assert_false(ecs_str_to_i64(S("1\0"), &i));
    assert_false(ecs_str_to_u32(S("4294967296"), &u));
    assert_false(ecs_str_to_u32(S("-1"), &u));
    assert_false(ecs_str_to_u32(ECS_STR_NULL, &u));
    assert_int_equal(u, 7);
    assert_true(ecs_str_to_u32(S("4294967295"), &u) && u == UINT32_MAX);
}

static void test_random_numbers_survive_printing_and_parsing(void **state)
{
    uint64_t seed = 20240601;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        int64_t value = (int64_t)(next_random(&seed) >> (next_random(&seed) % 64)), back = 0;
        char text[24];

        if (round % 2)
            value = -value;
        (void)snprintf(text, sizeof(text), "%" PRId64, value);
        assert_true(ecs_str_to_i64(ecs_str_of(text), &back));
        assert_true(back == value);
    }
}

static void test_only_well_formed_utf8_passes(void **state)
{
    static const struct {
        struct ecs_str s;
        bool ok;
    } cases[] = {
        {{"plain ascii text longer than eight", 34}, true},
        {{"\xC2\x80", 2}, true},
        {{"\xDF\xBF", 2}, true},
        {{"\xE0\xA0\x80", 3}, true},
        {{"\xED\x9F\xBF", 3}, true},
        {{"\xEE\x80\x80", 3}, true},
        {{"\xEF\xBF\xBF", 3}, true},
        {{"\xF0\x90\x80\x80", 4}, true},
        {{"\xF4\x8F\xBF\xBF", 4}, true},
        {{"\xC0\x80", 2}, false},
        {{"\xC1\xBF", 2}, false},
        {{"\xE0\x9F\xBF", 3}, false},
        {{"\xED\xA0\x80", 3}, false},
        {{"\xED\xBF\xBF", 3}, false},
        {{"\xF0\x8F\xBF\xBF", 4}, false},
        {{"\xF4\x90\x80\x80", 4}, false},
        {{"\xF5\x80\x80\x80", 4}, false},
        {{"\xFF", 1}, false},
        {{"\x80", 1}, false},
        {{"\xC2", 1}, false},
        {{"\xE1\x80", 2}, false},
        {{"\xF1\x80\x80", 3}, false},
        {{"\xC2"
          "a",
          2},
         false},
        {{"\xE1\x80"
          "a",
          3},
         false},
        {{"\xF1\x80\x80"
          "a",
          4},
         false},
        {{"a\0b", 3}, false},
        {{"\0", 1}, false},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(cases); i++)
        assert_int_equal(ecs_str_is_utf8(cases[i].s), cases[i].ok);
}

static void test_a_bad_byte_is_seen_at_every_place_of_a_long_text(void **state)
{
    char text[40];

    (void)state;
    for (size_t at = 0; at < sizeof(text); at++) {
        memset(text, 'x', sizeof(text));
        assert_true(ecs_str_is_utf8((struct ecs_str){text, sizeof(text)}));
        text[at] = '\0';
        assert_false(ecs_str_is_utf8((struct ecs_str){text, sizeof(text)}));
        text[at] = (char)0x80;
        assert_false(ecs_str_is_utf8((struct ecs_str){text, sizeof(text)}));
        text[at] = 0x01;
        assert_true(ecs_str_is_utf8((struct ecs_str){text, sizeof(text)}));
    }
}

static void test_the_hash_is_fnv_1a_and_can_be_continued(void **state)
{
    (void)state;
    /* Published test values of FNV-1a, 64 bits. */
    assert_true(ecs_hash("a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(ecs_hash("foobar", 6) == UINT64_C(0x85944171f73967e8));
    assert_true(ecs_hash_more(ecs_hash("foo", 3), "bar", 3) == ecs_hash("foobar", 6));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_absent_and_empty_strings_are_equal_and_safe),
        cmocka_unit_test(test_case_is_folded_for_ascii_letters_only),
        cmocka_unit_test(test_a_needle_is_found_at_both_ends_and_over_nul_bytes),
        cmocka_unit_test(test_trim_takes_blanks_of_both_ends_and_none_within),
        cmocka_unit_test(test_cut_walks_over_all_parts),
        cmocka_unit_test(test_numbers_are_exact_to_the_last_value_of_their_type),
        cmocka_unit_test(test_random_numbers_survive_printing_and_parsing),
        cmocka_unit_test(test_only_well_formed_utf8_passes),
        cmocka_unit_test(test_a_bad_byte_is_seen_at_every_place_of_a_long_text),
        cmocka_unit_test(test_the_hash_is_fnv_1a_and_can_be_continued),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
