/* SPDX-License-Identifier: Apache-2.0 */
/* Hex, base64 and base32: the vectors of RFC 4648 section 10, tolerance, limits and round trips. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ecs/str.h"
#include "random.h"

#include <string.h>

#define S(literal) ECS_STR(literal)

static const struct {
    const char *plain;
    const char *base64;
    const char *base32;
} vectors[] = {
    {"", "", ""},
    {"f", "Zg==", "my"},
    {"fo", "Zm8=", "mzxq"},
    {"foo", "Zm9v", "mzxw6"},
    {"foob", "Zm9vYg==", "mzxw6yq"},
    {"fooba", "Zm9vYmE=", "mzxw6ytb"},
    {"foobar", "Zm9vYmFy", "mzxw6ytboi"},
};

static void test_the_vectors_of_rfc_4648_hold_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(vectors); i++) {
        size_t n = strlen(vectors[i].plain);
        uint8_t back[8];
        char text[16];

        assert_int_equal(ecs_base64_encode(vectors[i].plain, n, text), ECS_BASE64_LEN(n));
        assert_string_equal(text, vectors[i].base64);
        assert_int_equal(ecs_base64_decode(ecs_str_of(vectors[i].base64), back, sizeof(back)), n);
        assert_memory_equal(back, vectors[i].plain, n);
        assert_int_equal(ecs_base32_encode(vectors[i].plain, n, text), ECS_BASE32_LEN(n));
        assert_string_equal(text, vectors[i].base32);
        assert_int_equal(ecs_base32_decode(ecs_str_of(vectors[i].base32), back, sizeof(back)), n);
        assert_memory_equal(back, vectors[i].plain, n);
    }
}

static void test_base64_with_breaks_without_padding_and_of_the_url_alphabet_is_read(void **state)
{
    uint8_t out[8];

    (void)state;
    assert_int_equal(ecs_base64_decode(S("Zm9v\r\nYg"), out, sizeof(out)), 4);
    assert_memory_equal(out, "foob", 4);
    assert_int_equal(ecs_base64_decode(S(" Z g = \t=\n"), out, sizeof(out)), 1);
    assert_int_equal(ecs_base64_decode(S("+/+/"), out, sizeof(out)), 3);
    assert_memory_equal(out, "\xFB\xFF\xBF", 3);
    assert_int_equal(ecs_base64_decode(S("-_-_"), out, sizeof(out)), 3);
    assert_memory_equal(out, "\xFB\xFF\xBF", 3);
    assert_int_equal(ecs_base64_decode(S(" \r\n"), out, sizeof(out)), 0);
}

static void test_text_that_is_not_base64_is_refused(void **state)
{
    static const struct ecs_str bad[] = {
        {"Z", 1},     {"Zm9vY", 5}, {"Zg=", 3},        {"Zg===", 5}, {"Zm8==", 5},
        {"Zm9v=", 5}, {"====", 4},  {"=", 1},          {"Z=g=", 4},  {"Zg==Zg==", 8},
        {"Zm9*", 4},  {"Zm9\0", 4}, {"Zm\xC3\xA4", 4}, {"Z===", 4},  {"Zg.=", 4},
    };
    uint8_t out[16];

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(bad); i++)
        assert_int_equal(ecs_base64_decode(bad[i], out, sizeof(out)), -1);
}

static void test_decoders_stop_at_the_end_of_the_room(void **state)
{
    uint8_t out[3] = {0, 0, 0xAA};

    (void)state;
    assert_int_equal(ecs_base64_decode(S("Zm9v"), out, 2), -1);
    assert_int_equal(out[2], 0xAA);
    assert_int_equal(ecs_base64_decode(S("Zm9v"), out, 3), 3);
    out[2] = 0xAA;
    assert_int_equal(ecs_base32_decode(S("mzxw6"), out, 2), -1);
    assert_int_equal(out[2], 0xAA);
    assert_int_equal(ecs_base32_decode(S("mzxw6"), out, 3), 3);
    assert_int_equal(ecs_base64_decode(S(""), NULL, 0), 0);
    assert_int_equal(ecs_base64_decode(S("Zg"), NULL, 0), -1);
}

/* A token has exactly one spelling, so other letter case or loose bits must not pass. */
static void test_base32_has_one_spelling_only(void **state)
{
    static const char *const bad[] = {"m",  "MY", "my======", "mz", "mzx", "mzxw6y",
                                      "m1", "m8", "m ",       "m-", "0"};
    uint8_t out[8];

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(bad); i++)
        assert_int_equal(ecs_base32_decode(ecs_str_of(bad[i]), out, sizeof(out)), -1);
}

static void test_base32_uses_no_character_that_a_url_must_escape(void **state)
{
    uint64_t seed = 7;
    uint8_t bytes[200];
    char text[ECS_BASE32_LEN(200) + 1];
    size_t n;

    (void)state;
    fill_random(&seed, bytes, sizeof(bytes));
    n = ecs_base32_encode(bytes, sizeof(bytes), text);
    assert_int_equal(strspn(text, "abcdefghijklmnopqrstuvwxyz234567"), n);
}

static void test_hex_is_read_in_either_case_and_exact_length_only(void **state)
{
    uint8_t out[2] = {1, 2};
    char text[9];

    (void)state;
    ecs_hex_encode("\x00\x7f\x80\xff", 4, text);
    assert_string_equal(text, "007f80ff");
    ecs_hex_encode(NULL, 0, text);
    assert_string_equal(text, "");
    assert_true(ecs_hex_decode(S("aBF0"), out, 2));
    assert_memory_equal(out, "\xab\xf0", 2);
    assert_false(ecs_hex_decode(S("abf"), out, 2));
    assert_false(ecs_hex_decode(S("abf00"), out, 2));
    assert_false(ecs_hex_decode(S("abf000"), out, 2));
    assert_false(ecs_hex_decode(S("abfg"), out, 2));
    assert_false(ecs_hex_decode(S(":b00"), out, 2));
    assert_false(ecs_hex_decode(S("a/00"), out, 2));
    assert_false(ecs_hex_decode(S("0xab"), out, 2));
    assert_true(ecs_hex_decode(ECS_STR_NULL, out, 0));
}

static void test_random_bytes_survive_all_three_encodings(void **state)
{
    uint64_t seed = 4648;

    (void)state;
    for (int round = 0; round < 1500; round++) {
        size_t n = next_random(&seed) % 100;
        uint8_t bytes[100], back[100];
        char text[256];

        fill_random(&seed, bytes, n);
        memset(text, 'Z', sizeof(text));
        assert_int_equal(ecs_base64_encode(bytes, n, text), ECS_BASE64_LEN(n));
        assert_int_equal(strlen(text), ECS_BASE64_LEN(n));
        assert_int_equal(text[ECS_BASE64_LEN(n) + 1], 'Z');
        assert_int_equal(ecs_base64_decode(ecs_str_of(text), back, n), n);
        assert_memory_equal(back, bytes, n);
        assert_int_equal(ecs_base32_encode(bytes, n, text), ECS_BASE32_LEN(n));
        assert_int_equal(ecs_base32_decode(ecs_str_of(text), back, n), n);
        assert_memory_equal(back, bytes, n);
        ecs_hex_encode(bytes, n, text);
        assert_true(ecs_hex_decode(ecs_str_of(text), back, n));
        assert_memory_equal(back, bytes, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_vectors_of_rfc_4648_hold_both_ways),
        cmocka_unit_test(test_base64_with_breaks_without_padding_and_of_the_url_alphabet_is_read),
        cmocka_unit_test(test_text_that_is_not_base64_is_refused),
        cmocka_unit_test(test_decoders_stop_at_the_end_of_the_room),
        cmocka_unit_test(test_base32_has_one_spelling_only),
        cmocka_unit_test(test_base32_uses_no_character_that_a_url_must_escape),
        cmocka_unit_test(test_hex_is_read_in_either_case_and_exact_length_only),
        cmocka_unit_test(test_random_bytes_survive_all_three_encodings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
