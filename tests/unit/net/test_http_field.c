/* SPDX-License-Identifier: Apache-2.0 */
/* Retry-After and Cache-Control, and the collector of header lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/http_pool_priv.h"

#define DAY_1994 INT64_C(784111777) /* 06 Nov 1994 08:49:37 */

static int64_t retry(const char *text, int64_t now)
{
    return ecs_http_retry_after_s(ecs_str_of(text), now);
}

static int64_t age(const char *text)
{
    return ecs_http_max_age_s(ecs_str_of(text));
}

static void test_retry_after_takes_seconds(void **state)
{
    (void)state;
    assert_int_equal(retry("0", 5), 0);
    assert_int_equal(retry(" 120\t", 5), 120);
    assert_int_equal(retry("99999999999999999999999", 5), 31536000);
}

static void test_retry_after_takes_http_dates(void **state)
{
    const char *date = "Sun, 06 Nov 1994 08:49:37 GMT";

    (void)state;
    assert_int_equal(retry(date, DAY_1994 - 30), 30);
    assert_int_equal(retry(date, DAY_1994), 0);
    assert_int_equal(retry(date, DAY_1994 + 30), 0);
    assert_int_equal(retry("Thu, 31 Dec 2099 23:59:59 GMT", DAY_1994), 31536000);
}

static void test_retry_after_of_another_form_is_none(void **state)
{
    static const char *const wrong[] = {"",
                                        "-1",
                                        "1.5",
                                        "+3",
                                        "3 s",
                                        "soon",
                                        "Sun, 06 Nov 1994 08:49:37",
                                        "Sun, 06 Nov 1994 08:49:37 CET",
                                        "Sun, 06 Noo 1994 08:49:37 GMT",
                                        "Sun, 31 Feb 1994 08:49:37 GMT",
                                        "Sun, 06 Nov 1994 25:49:37 GMT",
                                        "Sun, 06 Nov 19x4 08:49:37 GMT",
                                        "Sun, 06 Nov 1994 08.49.37 GMT",
                                        "Sunday, 06-Nov-94 08:49:37 GMT"};

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(wrong); i++)
        assert_int_equal(retry(wrong[i], 5), -1);
    assert_int_equal(ecs_http_retry_after_s(ECS_STR_NULL, 5), -1);
}

static void test_cache_control_gives_the_shortest_age(void **state)
{
    (void)state;
    assert_int_equal(age("public, max-age=21600, must-revalidate"), 21600);
    assert_int_equal(age("Max-Age=60 ,max-age=\"30\""), 30);
    assert_int_equal(age("max-age=3600, no-cache"), 0);
    assert_int_equal(age("NO-STORE"), 0);
    assert_int_equal(age("max-age=99999999999999999999"), 31536000);
}

static void test_cache_control_without_an_age_says_nothing(void **state)
{
    (void)state;
    assert_int_equal(age(""), -1);
    assert_int_equal(age("public,,  ,private"), -1);
    assert_int_equal(age("max-age"), -1);
    assert_int_equal(age("max-age=, s-maxage=10"), -1);
    assert_int_equal(age("max-age=-5"), -1);
    assert_int_equal(age("max-age=\""), -1);
}

static bool add(struct http_head *head, const char *line)
{
    return http_head_add(head, ecs_str_of(line));
}

static void test_headers_are_kept_in_order_with_lower_case_names(void **state)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct http_head head = {0};
    const struct ecs_ask_header *h;

    (void)state;
    assert_true(add(&head, "HTTP/1.1 103 Early Hints\r\n") && add(&head, "Link: </x>\r\n") &&
                add(&head, "\r\n"));
    assert_true(add(&head, "HTTP/2 200\r\n") && add(&head, "X-One:  a: b \r\n") &&
                add(&head, "x-empty:\r\n"));
    h = http_head_copy(&head, arena);
    assert_non_null(h);
    assert_string_equal(h[0].name, "x-one");
    assert_string_equal(h[0].value, "a: b");
    assert_string_equal(h[1].name, "x-empty");
    assert_string_equal(h[1].value, "");
    assert_null(h[2].name);
    http_head_done(&head);
    ecs_arena_free(arena);
}

static void test_malformed_header_lines_spoil_the_answer(void **state)
{
    static const char *const wrong[] = {"no colon\r\n",  " folded: x\r\n", ": nameless\r\n", "a b: c\r\n",
                                        "a: b\001c\r\n", "a: b\rc\r\n",    "(a): c\r\n"};

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(wrong); i++) {
        struct http_head head = {0};

        assert_false(add(&head, wrong[i]));
        assert_true(head.malformed && !head.too_large);
        assert_int_equal(head.n, 0);
        http_head_done(&head);
    }
}

static void test_headers_are_bounded_in_number_and_size(void **state)
{
    static char line[HTTP_HEAD_BYTES + 64];
    struct http_head head = {0};

    (void)state;
    for (int i = 0; i < HTTP_HEAD_MAX; i++)
        assert_true(add(&head, "a: b\r\n"));
    assert_false(add(&head, "a: b\r\n"));
    assert_true(head.too_large);
    http_head_done(&head);

    head = (struct http_head){0};
    memset(line, 'x', sizeof(line) - 1);
    memcpy(line, "a: ", 3);
    assert_false(add(&head, line));
    assert_true(head.too_large);
    http_head_done(&head);

    head = (struct http_head){0};
    line[HTTP_HEAD_BYTES - 1] = '\0'; /* "a", NUL, value, NUL: fits just so */
    assert_true(add(&head, line));
    http_head_done(&head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retry_after_takes_seconds),
        cmocka_unit_test(test_retry_after_takes_http_dates),
        cmocka_unit_test(test_retry_after_of_another_form_is_none),
        cmocka_unit_test(test_cache_control_gives_the_shortest_age),
        cmocka_unit_test(test_cache_control_without_an_age_says_nothing),
        cmocka_unit_test(test_headers_are_kept_in_order_with_lower_case_names),
        cmocka_unit_test(test_malformed_header_lines_spoil_the_answer),
        cmocka_unit_test(test_headers_are_bounded_in_number_and_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
