/* SPDX-License-Identifier: Apache-2.0 */
/* The byte buffer: growth, limits, formatted text that just fits, numbers and JSON escapes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ecs/buf.h"
#include "random.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The sanitizer would end the process where malloc must return NULL. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void assert_content(const struct ecs_buf *buf, const char *expected)
{
    assert_false(buf->overflow);
    assert_true(ecs_str_eq(ecs_buf_str(buf), ecs_str_of(expected)));
}

static void test_an_empty_buffer_takes_nothing_and_everything(void **state)
{
    struct ecs_buf buf = {.n = 0};

    (void)state;
    ecs_buf_add(&buf, NULL, 0);
    ecs_buf_add_str(&buf, ECS_STR_NULL);
    ecs_buf_add_json(&buf, ECS_STR_NULL);
    ecs_buf_printf(&buf, "%s", "");
    assert_int_equal(ecs_buf_str(&buf).n, 0);
    ecs_buf_add_cstr(&buf, "ab");
    ecs_buf_add_char(&buf, '\0');
    ecs_buf_add_str(&buf, ECS_STR("c"));
    assert_int_equal(buf.n, 4);
    assert_memory_equal(buf.p, "ab\0c", 4);
    ecs_buf_done(&buf);
    assert_null(buf.p);
    ecs_buf_done(&buf);
    ecs_buf_add_cstr(&buf, "again");
    assert_content(&buf, "again");
    ecs_buf_done(&buf);
}

static void test_random_appends_equal_the_same_bytes_in_a_row(void **state)
{
    struct ecs_buf buf = {.n = 0};
    static uint8_t all[200000];
    uint64_t seed = 31;
    size_t n = 0;

    (void)state;
    for (int round = 0; round < 2; round++) { /* the second round in the memory of the first */
        ecs_buf_reset(&buf);
        for (n = 0; n + 1000 < sizeof(all);) {
            size_t part = next_random(&seed) % 1000;

            fill_random(&seed, all + n, part);
            ecs_buf_add(&buf, all + n, part);
            n += part;
        }
        assert_false(buf.overflow);
        assert_int_equal(buf.n, n);
        assert_memory_equal(buf.p, all, n);
    }
    ecs_buf_done(&buf);
}

static void test_the_limit_holds_exactly_and_is_kept(void **state)
{
    struct ecs_buf buf = {.limit = 1000};

    (void)state;
    for (int i = 0; i < 1000; i++)
        ecs_buf_add_char(&buf, 'x');
    assert_false(buf.overflow);
    ecs_buf_add_char(&buf, 'y');
    assert_true(buf.overflow);
    assert_int_equal(buf.n, 1000);
    assert_null(ecs_buf_reserve(&buf, 1));
    assert_null(ecs_buf_reserve(&buf, SIZE_MAX));
    ecs_buf_reset(&buf);
    assert_false(buf.overflow);
    assert_non_null(ecs_buf_reserve(&buf, 1000));
    assert_null(ecs_buf_reserve(&buf, 1001));
    ecs_buf_done(&buf);
    assert_int_equal(buf.limit, 1000);
}

static void test_a_lowered_limit_counts_after_a_reset(void **state)
{
    struct ecs_buf buf = {.n = 0};

    (void)state;
    ecs_buf_add_cstr(&buf, "some text");
    buf.limit = 4;
    ecs_buf_reset(&buf);
    ecs_buf_add_cstr(&buf, "1234");
    assert_content(&buf, "1234");
    ecs_buf_add_char(&buf, '5');
    assert_true(buf.overflow);
    ecs_buf_done(&buf);
}

static void test_sixteen_mebibytes_are_the_limit_when_none_is_given(void **state)
{
    struct ecs_buf buf = {.n = 0};

    (void)state;
    assert_non_null(ecs_buf_reserve(&buf, 16 * 1024 * 1024));
    assert_null(ecs_buf_reserve(&buf, 16 * 1024 * 1024 + 1));
    assert_true(buf.overflow);
    ecs_buf_done(&buf);
}

static void test_memory_that_the_system_refuses_keeps_the_content(void **state)
{
    struct ecs_buf buf = {.limit = SIZE_MAX};

    (void)state;
    ecs_buf_add_cstr(&buf, "kept");
    assert_null(ecs_buf_reserve(&buf, SIZE_MAX / 4));
    assert_true(buf.overflow);
    assert_null(ecs_buf_reserve(&buf, SIZE_MAX));
    assert_null(ecs_buf_reserve(&buf, SIZE_MAX - 4));
    assert_int_equal(buf.n, 4);
    assert_memory_equal(buf.p, "kept", 4);
    ecs_buf_done(&buf);
}

static void test_formatted_text_fits_to_the_last_byte(void **state)
{
    (void)state;
    for (int before = 0; before <= 20; before++) {
        struct ecs_buf buf = {.limit = 20};

        for (int i = 0; i < before; i++)
            ecs_buf_add_char(&buf, 'x');
        ecs_buf_printf(&buf, "%0*d", 10, 7);
        assert_int_equal(buf.overflow, before > 10);
        if (before <= 10) {
            assert_int_equal(buf.n, before + 10);
            assert_memory_equal(buf.p + before, "0000000007", 10);
        }
        ecs_buf_done(&buf);
    }
}

static void test_numbers_print_as_printf_does(void **state)
{
    static const int64_t values[] = {0, 1, -1, 9, 10, -10, 99, 100, INT64_MAX, INT64_MIN};
    struct ecs_buf buf = {.n = 0};
    uint64_t seed = 5;
    char expected[32];

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(values) + 500; i++) {
        int64_t value = i < ECS_ARRAY_LEN(values) ? values[i] : (int64_t)next_random(&seed);

        ecs_buf_reset(&buf);
        ecs_buf_add_i64(&buf, value);
        (void)snprintf(expected, sizeof(expected), "%" PRId64, value);
        assert_content(&buf, expected);
    }
    ecs_buf_done(&buf);
}

static void test_json_text_is_escaped_where_needed_and_only_there(void **state)
{
    struct ecs_buf buf = {.n = 0};

    (void)state;
    ecs_buf_add_json(&buf, ECS_STR("a\"b\\c/\b\f\n\r\t\x01\x1f\x7f\xC3\xA4\xE2\x80\xA8"));
    assert_content(&buf, "a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xC3\xA4\xE2\x80\xA8");
    ecs_buf_reset(&buf);
    ecs_buf_add_json(&buf, (struct ecs_str){"\0\"", 2});
    assert_content(&buf, "\\u0000\\\"");
    ecs_buf_done(&buf);
}

static void test_every_byte_is_either_kept_or_escaped(void **state)
{
    struct ecs_buf buf = {.n = 0};

    (void)state;
    for (int c = 0; c < 256; c++) {
        char byte = (char)c;
        bool special = c < 0x20 || c == '"' || c == '\\';

        ecs_buf_reset(&buf);
        ecs_buf_add_json(&buf, (struct ecs_str){&byte, 1});
        assert_true(special ? buf.n >= 2 && buf.p[0] == '\\' : buf.n == 1 && buf.p[0] == byte);
    }
    ecs_buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_empty_buffer_takes_nothing_and_everything),
        cmocka_unit_test(test_random_appends_equal_the_same_bytes_in_a_row),
        cmocka_unit_test(test_the_limit_holds_exactly_and_is_kept),
        cmocka_unit_test(test_a_lowered_limit_counts_after_a_reset),
        cmocka_unit_test(test_sixteen_mebibytes_are_the_limit_when_none_is_given),
        cmocka_unit_test(test_memory_that_the_system_refuses_keeps_the_content),
        cmocka_unit_test(test_formatted_text_fits_to_the_last_byte),
        cmocka_unit_test(test_numbers_print_as_printf_does),
        cmocka_unit_test(test_json_text_is_escaped_where_needed_and_only_there),
        cmocka_unit_test(test_every_byte_is_either_kept_or_escaped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
