/* SPDX-License-Identifier: Apache-2.0 */
/* gzip in both directions; compared with zlib's own gzip reading. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "ecs/gzip.h"

static struct ecs_gzip *gzip;

static int set_up(void **state)
{
    (void)state;
    gzip = ecs_gzip_new(6);
    return gzip ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ecs_gzip_free(gzip);
    return 0;
}

/* "hello\n" by gzip(1) -n */
static const unsigned char hello[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                      0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0xe7, 0x02, 0x00,
                                      0x20, 0x30, 0x3a, 0x36, 0x06, 0x00, 0x00, 0x00};

static struct ecs_str str(const void *p, size_t n)
{
    return (struct ecs_str){p, n};
}

static void test_text_of_another_program_is_inflated(void **state)
{
    struct ecs_buf out = {0};

    (void)state;
    ecs_buf_add_cstr(&out, "kept ");
    assert_int_equal(ecs_gzip_inflate(gzip, str(hello, sizeof(hello)), 100, &out), ECS_OK);
    assert_true(ecs_str_eq(ecs_buf_str(&out), ECS_STR("kept hello\n")));
    ecs_buf_done(&out);
}

static void test_members_in_a_row_are_one_text(void **state)
{
    unsigned char two[2 * sizeof(hello)];
    struct ecs_buf out = {0};

    (void)state;
    memcpy(two, hello, sizeof(hello));
    memcpy(two + sizeof(hello), hello, sizeof(hello));
    assert_int_equal(ecs_gzip_inflate(gzip, str(two, sizeof(two)), 12, &out), ECS_OK);
    assert_true(ecs_str_eq(ecs_buf_str(&out), ECS_STR("hello\nhello\n")));
    assert_int_equal(ecs_gzip_inflate(gzip, str(two, sizeof(two)), 11, &out), ECS_E_TOO_LARGE);
    ecs_buf_done(&out);
}

static void test_bomb_ends_at_the_limit(void **state)
{
    static char zeros[4 << 20];
    struct ecs_buf packed = {0}, out = {0};

    (void)state;
    assert_int_equal(ecs_gzip_deflate(gzip, str(zeros, sizeof(zeros)), &packed), ECS_OK);
    assert_true(packed.n < 8192);
    assert_int_equal(ecs_gzip_inflate(gzip, ecs_buf_str(&packed), 65536, &out), ECS_E_TOO_LARGE);
    assert_int_equal(out.n, 0);
    assert_true(out.cap <= 4 * 65536);
    assert_int_equal(ecs_gzip_inflate(gzip, ecs_buf_str(&packed), sizeof(zeros), &out), ECS_OK);
    assert_int_equal(out.n, sizeof(zeros));
    ecs_buf_done(&packed);
    ecs_buf_done(&out);
}

static void test_limit_is_exact(void **state)
{
    struct ecs_buf out = {0};

    (void)state;
    assert_int_equal(ecs_gzip_inflate(gzip, str(hello, sizeof(hello)), 6, &out), ECS_OK);
    assert_int_equal(out.n, 6);
    assert_int_equal(ecs_gzip_inflate(gzip, str(hello, sizeof(hello)), 5, &out), ECS_E_TOO_LARGE);
    assert_int_equal(out.n, 6);
    ecs_buf_done(&out);
}

static void test_every_cut_and_every_flipped_byte_is_refused(void **state)
{
    struct ecs_buf out = {0};

    (void)state;
    for (size_t n = 0; n < sizeof(hello); n++) {
        assert_int_equal(ecs_gzip_inflate(gzip, str(hello, n), 100, &out), ECS_E_BAD_REQUEST);
        assert_int_equal(out.n, 0);
    }
    for (size_t i = 10; i < sizeof(hello); i++) { /* behind the header, of which some bytes mean nothing */
        unsigned char bad[sizeof(hello)];

        memcpy(bad, hello, sizeof(hello));
        bad[i] ^= 0x11;
        assert_int_not_equal(ecs_gzip_inflate(gzip, str(bad, sizeof(bad)), 100, &out), ECS_OK);
        assert_int_equal(out.n, 0);
    }
    assert_int_equal(ecs_gzip_inflate(gzip, ECS_STR("plain text"), 100, &out), ECS_E_BAD_REQUEST);
    assert_int_equal(ecs_gzip_inflate(gzip, ECS_STR_NULL, 100, &out), ECS_E_BAD_REQUEST);
    ecs_buf_done(&out);
}

static void test_bytes_behind_the_member_are_refused(void **state)
{
    unsigned char more[sizeof(hello) + 1];
    struct ecs_buf out = {0};

    (void)state;
    memcpy(more, hello, sizeof(hello));
    more[sizeof(hello)] = 'x';
    assert_int_equal(ecs_gzip_inflate(gzip, str(more, sizeof(more)), 100, &out), ECS_E_BAD_REQUEST);
    ecs_buf_done(&out);
}

static void test_object_serves_many_texts_of_all_sizes(void **state)
{
    struct ecs_buf packed = {0}, out = {0};
    char *text = malloc(70000);

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < 70000; i++)
        text[i] = (char)(i * i >> 3);
    for (size_t n = 0; n < 70000; n = n * 3 + 1) {
        ecs_buf_reset(&packed);
        ecs_buf_reset(&out);
        assert_int_equal(ecs_gzip_deflate(gzip, str(text, n), &packed), ECS_OK);
        assert_int_equal(ecs_gzip_inflate(gzip, ecs_buf_str(&packed), n, &out), ECS_OK);
        assert_true(ecs_str_eq(ecs_buf_str(&out), str(text, n)));
    }
    free(text);
    ecs_buf_done(&packed);
    ecs_buf_done(&out);
}

static void test_full_buffer_is_reported(void **state)
{
    struct ecs_buf out = {.limit = 8};

    (void)state;
    assert_int_equal(ecs_gzip_deflate(gzip, ECS_STR("some text"), &out), ECS_E_NO_MEMORY);
    assert_true(out.overflow);
    assert_int_equal(out.n, 0);
    ecs_buf_done(&out);
}

static void test_level_out_of_range_falls_back(void **state)
{
    struct ecs_gzip *other = ecs_gzip_new(77);
    struct ecs_buf packed = {0};

    (void)state;
    assert_non_null(other);
    assert_int_equal(ecs_gzip_deflate(other, ECS_STR("text"), &packed), ECS_OK);
    ecs_gzip_free(other);
    ecs_gzip_free(NULL);
    ecs_buf_done(&packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_text_of_another_program_is_inflated, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_members_in_a_row_are_one_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bomb_ends_at_the_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limit_is_exact, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_cut_and_every_flipped_byte_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bytes_behind_the_member_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_object_serves_many_texts_of_all_sizes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_full_buffer_is_reported, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_level_out_of_range_falls_back, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("gzip", tests, NULL, NULL);
}
