/* SPDX-License-Identifier: Apache-2.0 */
/* Query strings as phones really send them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "ecs/form.h"

static struct ecs_arena *arena;
static struct ecs_form form;
static const char *reason;

static int set_up(void **state)
{
    (void)state;
    arena = ecs_arena_new(NULL, 0);
    memset(&form, 0, sizeof(form));
    reason = NULL;
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ecs_arena_free(arena);
    return 0;
}

static enum ecs_rc parse(const char *text)
{
    return ecs_form_parse(arena, ecs_str_of(text), &form, &reason);
}

static void assert_field(size_t i, const char *name, const char *value)
{
    assert_true(i < form.n);
    assert_true(ecs_str_eq(form.field[i].name, ecs_str_of(name)));
    assert_true(ecs_str_eq(form.field[i].value, ecs_str_of(value)));
}

/* proves: P-004 */
static void test_values_are_decoded_exactly_once(void **state)
{
    (void)state;
    assert_int_equal(parse("EAP_ID=0001%40nai.epc&x=%2540&%61b=%c3%A9"), ECS_OK);
    assert_int_equal(form.n, 3);
    assert_field(0, "EAP_ID", "0001@nai.epc");
    assert_field(1, "x", "%40");
    assert_field(2, "ab", "\xc3\xa9");
}

/* proves: X-003 */
static void test_blanks_and_reserved_characters_are_tolerated(void **state)
{
    (void)state;
    assert_int_equal(parse("a=x%20y&b=x+y&c=x y&d=u@h/p?q=1;2&vers=1 HTTP/1.1&last=2%20HTTP/1.0"), ECS_OK);
    assert_int_equal(form.n, 6);
    assert_field(0, "a", "x y");
    assert_field(1, "b", "x y");
    assert_field(2, "c", "x y");
    assert_field(3, "d", "u@h/p?q=1;2");
    assert_field(4, "vers", "1");
    assert_field(5, "last", "2");
}

static void test_broken_percent_sequences_stay_literal(void **state)
{
    (void)state;
    assert_int_equal(parse("a=%&b=%4&c=%zz&d=%4g%41&e=100%"), ECS_OK);
    assert_field(0, "a", "%");
    assert_field(1, "b", "%4");
    assert_field(2, "c", "%zz");
    assert_field(3, "d", "%4gA");
    assert_field(4, "e", "100%");
}

static void test_odd_shapes_are_read_without_fault(void **state)
{
    (void)state;
    assert_int_equal(parse(""), ECS_OK);
    assert_int_equal(form.n, 0);
    assert_int_equal(ecs_form_parse(arena, ECS_STR_NULL, &form, &reason), ECS_OK);
    assert_int_equal(form.n, 0);
    assert_int_equal(parse("?&&a&=lost&b=&c==&"), ECS_OK);
    assert_int_equal(form.n, 3);
    assert_field(0, "a", "");
    assert_non_null(form.field[0].value.p);
    assert_field(1, "b", "");
    assert_field(2, "c", "=");
}

static void test_text_without_escapes_is_not_copied(void **state)
{
    const char *text = "app=ap2004&vers=0";
    size_t before = ecs_arena_used(arena);

    (void)state;
    assert_int_equal(parse(text), ECS_OK);
    assert_ptr_equal(form.field[0].value.p, text + 4);
    assert_ptr_equal(form.field[1].name.p, text + 11);
    assert_true(ecs_arena_used(arena) - before < 200);
}

static void test_number_of_fields_is_limited(void **state)
{
    char text[3 * (ECS_FORM_MAX_FIELDS + 1) + 1] = "";

    (void)state;
    for (size_t i = 0; i < ECS_FORM_MAX_FIELDS; i++)
        memcpy(text + 2 * i, "a&", 3);
    assert_int_equal(parse(text), ECS_OK);
    assert_int_equal(form.n, ECS_FORM_MAX_FIELDS);
    strcat(text, "a");
    assert_int_equal(parse(text), ECS_E_BAD_REQUEST);
    assert_string_equal(reason, "too many parameters");
}

static void test_lengths_are_limited(void **state)
{
    static char text[ECS_FORM_MAX_VALUE + 8];

    (void)state;
    memset(text, 'v', sizeof(text) - 1);
    memcpy(text, "a=", 2);
    text[2 + ECS_FORM_MAX_VALUE] = '\0';
    assert_int_equal(parse(text), ECS_OK);
    text[2 + ECS_FORM_MAX_VALUE] = 'v';
    assert_int_equal(parse(text), ECS_E_BAD_REQUEST);
    assert_string_equal(reason, "a parameter value is too long");
    memset(text, 'n', ECS_FORM_MAX_NAME + 1);
    strcpy(text + ECS_FORM_MAX_NAME + 1, "=1");
    assert_int_equal(parse(text), ECS_E_BAD_REQUEST);
    assert_string_equal(reason, "a parameter name is too long");
    text[ECS_FORM_MAX_NAME] = '\0';
    assert_int_equal(parse(text), ECS_OK);
}

static void test_zero_bytes_are_kept_only_in_front_of_a_value(void **state)
{
    (void)state;
    assert_int_equal(parse("EAP_ID=%00abc"), ECS_OK);
    assert_int_equal(form.field[0].value.n, 4);
    assert_memory_equal(form.field[0].value.p, "\0abc", 4);
    assert_int_equal(parse("EAP_ID=a%00bc"), ECS_E_BAD_REQUEST);
    assert_int_equal(parse("EAP_ID=%00%00bc"), ECS_E_BAD_REQUEST);
    assert_int_equal(parse("a%00=1"), ECS_E_BAD_REQUEST);
    assert_int_equal(ecs_form_parse(arena, ECS_STR("a=b\0c"), &form, &reason), ECS_E_BAD_REQUEST);
}

static void test_small_arena_is_reported(void **state)
{
    struct ecs_arena *small = ecs_arena_new(NULL, 64);

    (void)state;
    assert_int_equal(ecs_form_parse(small, ECS_STR("a=1&b=2&c=3&d=4&e=5"), &form, &reason), ECS_E_TOO_LARGE);
    ecs_arena_free(small);
}

static uint64_t random_of(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return *seed >> 33;
}

static void test_escaped_text_comes_back(void **state)
{
    uint64_t seed = 20261123;
    struct ecs_buf buf = {0};

    (void)state;
    for (int round = 0; round < 500; round++) {
        char bytes[64];
        size_t n = random_of(&seed) % sizeof(bytes);

        for (size_t i = 0; i < n; i++)
            bytes[i] = (char)(1 + random_of(&seed) % 255);
        ecs_buf_reset(&buf);
        ecs_buf_add_cstr(&buf, "name=");
        ecs_form_add_escaped(&buf, (struct ecs_str){bytes, n});
        if (ecs_str_ends_with((struct ecs_str){bytes, n}, ECS_STR(" HTTP/1.1")))
            continue;
        assert_int_equal(ecs_form_parse(arena, ecs_buf_str(&buf), &form, &reason), ECS_OK);
        assert_int_equal(form.n, 1);
        assert_true(ecs_str_eq(form.field[0].value, (struct ecs_str){bytes, n}));
    }
    ecs_buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_values_are_decoded_exactly_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_blanks_and_reserved_characters_are_tolerated, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_broken_percent_sequences_stay_literal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_odd_shapes_are_read_without_fault, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_text_without_escapes_is_not_copied, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_number_of_fields_is_limited, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lengths_are_limited, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_zero_bytes_are_kept_only_in_front_of_a_value, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_small_arena_is_reported, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_escaped_text_comes_back, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("form", tests, NULL, NULL);
}
