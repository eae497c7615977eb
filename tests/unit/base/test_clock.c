/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks and the time texts; the calendar is compared with that of libc. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ecs/clock.h"
#include "random.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define S(literal) ECS_STR(literal)

static void assert_formats(int64_t s, const char *expected)
{
    char out[21];

    ecs_time_format(s, out);
    assert_string_equal(out, expected);
}

static void assert_parses(const char *text, int64_t expected)
{
    int64_t s = -1;

    assert_true(ecs_time_parse(ecs_str_of(text), &s));
    assert_true(s == expected);
}

static void test_known_times_have_their_text(void **state)
{
    (void)state;
    assert_formats(0, "1970-01-01T00:00:00Z");
    assert_formats(-1, "1969-12-31T23:59:59Z");
    assert_formats(951782400, "2000-02-29T00:00:00Z");
    assert_formats(1717243200, "2024-06-01T12:00:00Z");
    assert_formats(2147483648, "2038-01-19T03:14:08Z");
    assert_formats(INT64_C(4107542400), "2100-03-01T00:00:00Z");
    assert_formats(INT64_C(253402300799), "9999-12-31T23:59:59Z");
}

static void test_times_outside_of_four_digit_years_stop_at_the_border(void **state)
{
    (void)state;
    assert_formats(INT64_C(253402300800), "9999-12-31T23:59:59Z");
    assert_formats(INT64_MAX, "9999-12-31T23:59:59Z");
    assert_formats(-INT64_C(62167219200), "0000-01-01T00:00:00Z");
    assert_formats(INT64_MIN, "0000-01-01T00:00:00Z");
}

static void test_dates_and_times_with_zone_are_read(void **state)
{
    (void)state;
    assert_parses("1970-01-01", 0);
    assert_parses("2024-06-01", 1717200000);
    assert_parses("2024-06-01T12:00:00Z", 1717243200);
    assert_parses("2024-06-01T14:00:00+02:00", 1717243200);
    assert_parses("2024-06-01T06:30:00-05:30", 1717243200);
    assert_parses("2024-06-01T12:00:00-00:00", 1717243200);
    assert_parses("2000-02-29T00:00:00Z", 951782400);
    assert_parses("1969-12-31T23:59:59Z", -1);
    assert_parses("0000-01-01T00:00:00Z", -INT64_C(62167219200));
    assert_parses("9999-12-31T23:59:59Z", INT64_C(253402300799));
}

static void test_malformed_times_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "2024",
        "2024-6-1",
        "2024-06-01T",
        "2024-06-01T12:00:00",
        "2024-06-01T12:00Z",
        "2024-06-01 12:00:00Z",
        "2024-06-01t12:00:00z",
        "2024-06-01T12:00:00.5Z",
        "2024-06-01T12:00:00ZZ",
        "2024-06-01T12:00:00+0200",
        "2024-06-01T12:00:00+02",
        "2024-06-01T12:00:00+24:00",
        "2024-06-01T12:00:00+02:60",
        "2024-06-01T12:00:00 02:00",
        "2024-00-01",
        "2024-13-01",
        "2024-01-00",
        "2024-01-32",
        "2024-04-31",
        "2023-02-29",
        "1900-02-29",
        "2024-02-30",
        "2024-06-01T24:00:00Z",
        "2024-06-01T12:60:00Z",
        "2024-06-01T12:00:60Z",
        "-024-06-01",
        "2024/06/01",
        " 2024-06-01",
        "2024-06-01 ",
        "2024-06-0\xB2",
    };
    int64_t s = 42;

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(bad); i++)
        assert_false(ecs_time_parse(ecs_str_of(bad[i]), &s));
    assert_false(ecs_time_parse(ECS_STR_NULL, &s));
    assert_int_equal(s, 42);
}

static void test_the_calendar_agrees_with_libc_whatever_the_zone(void **state)
{
    uint64_t seed = 8601;

    (void)state;
    setenv("TZ", "Pacific/Auckland", 1);
    tzset();
    for (int round = 0; round < 3000; round++) {
        int64_t s = (int64_t)(next_random(&seed) % UINT64_C(315569519999)) - INT64_C(62167219200), back;
        char expected[21], out[21];
        time_t t = (time_t)s;
        struct tm tm;

        assert_non_null(gmtime_r(&t, &tm));
        /* strftime does not pad years below 1000 on glibc, so the year is put in by hand. */
        (void)strftime(expected + 4, sizeof(expected) - 4, "-%m-%dT%H:%M:%SZ", &tm);
        for (int i = 3, year = tm.tm_year + 1900; i >= 0; i--, year /= 10)
            expected[i] = (char)('0' + year % 10);
        ecs_time_format(s, out);
        assert_string_equal(out, expected);
        assert_true(ecs_time_parse(ecs_str_of(out), &back));
        assert_true(back == s);
    }
}

static void test_the_wall_clock_can_be_fixed_and_given_back(void **state)
{
    int64_t mono = ecs_clock_mono_us();

    (void)state;
    ecs_clock_fake(1717243200);
    assert_int_equal(ecs_clock_now(), 1717243200);
    assert_true(ecs_clock_now_us() == INT64_C(1717243200000000));
    assert_true(ecs_clock_mono_us() >= mono);
    ecs_clock_fake(0);
    assert_in_range(ecs_clock_now(), (uintmax_t)time(NULL) - 1, (uintmax_t)time(NULL) + 1);
    assert_in_range(ecs_clock_now_us() / 1000000, (uintmax_t)time(NULL) - 1, (uintmax_t)time(NULL) + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_times_have_their_text),
        cmocka_unit_test(test_times_outside_of_four_digit_years_stop_at_the_border),
        cmocka_unit_test(test_dates_and_times_with_zone_are_read),
        cmocka_unit_test(test_malformed_times_are_refused),
        cmocka_unit_test(test_the_calendar_agrees_with_libc_whatever_the_zone),
        cmocka_unit_test(test_the_wall_clock_can_be_fixed_and_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
