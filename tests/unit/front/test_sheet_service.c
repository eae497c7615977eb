/* SPDX-License-Identifier: Apache-2.0 */
/* The pages of boosts, carrier billing and satellite without daemon: what a session stands for, what the user
 * was shown, what is sealed for its browser alone, and user data as JSON and XML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "front/sheet_service.h"

struct fixture {
    struct front front;
    struct engine engine;
    struct web_call call;
    struct sheet sheet;
    struct sheet_service service;
    struct ecs_data_boost offer;
};

static int set_up(void **state)
{
    struct fixture *x = calloc(1, sizeof(*x));

    assert_non_null(x);
    x->front.crypto = ecs_crypto_new();
    x->call.flow.arena = ecs_arena_new(NULL, 0);
    assert_non_null(x->front.crypto);
    assert_non_null(x->call.flow.arena);
    x->call.engine = &x->engine;
    x->call.front = &x->front;
    x->sheet.call = &x->call;
    x->sheet.service = &x->service;
    x->service.sheet = &x->sheet;
    x->service.offer = &x->offer;
    x->offer = (struct ecs_data_boost){.type = 166, .seconds = 3600, .price = ECS_STR("1 EUR")};
    memset(x->sheet.secret, 7, sizeof(x->sheet.secret));
    memset(x->sheet.handle, 9, sizeof(x->sheet.handle));
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;

    ecs_arena_free(x->call.flow.arena);
    ecs_crypto_free(x->front.crypto);
    free(x);
    return 0;
}

/* ---- sessions ---- */

static void test_the_session_names_the_boost(void **state)
{
    static const struct {
        const char *rest;
        int type;
    } rows[] = {{"1", 1},  {"166", 166}, {"255", 255}, {"0", 0}, {"256", 0},
                {"-1", 0}, {"", 0},      {"x", 0},     {"1x", 0}};
    struct fixture *x = *state;

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        x->service.boost = 0;
        assert_int_equal(service_boost.identify(&x->service, ecs_str_of(rows[i].rest)), rows[i].type != 0);
        assert_int_equal(x->service.boost, rows[i].type);
    }
}

static void test_the_session_names_the_account(void **state)
{
    static const uint8_t wanted[ECS_ACCOUNT_LEN] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
    static const char *const wrong[] = {"", "0123456789abcde", "0123456789abcdef0", "0123456789abcdeg"};
    struct fixture *x = *state;

    assert_true(service_billing.identify(&x->service, ECS_STR("0123456789abcdef")));
    assert_memory_equal(x->service.set.account, wanted, sizeof(wanted));
    assert_true(ecs_str_eq(x->service.account, ECS_STR("0123456789abcdef")));
    for (size_t i = 0; i < ECS_ARRAY_LEN(wrong); i++)
        assert_false(service_billing.identify(&x->service, ecs_str_of(wrong[i])));
}

static void test_the_session_of_satellite_names_nothing_else(void **state)
{
    struct fixture *x = *state;

    assert_true(service_satmode.identify(&x->service, ECS_STR("")));
    assert_false(service_satmode.identify(&x->service, ECS_STR("-1")));
}

/* ---- what was shown ---- */

static void expect_other_token(struct fixture *x, const char *first)
{
    char other[32];

    assert_true(sheet_boost_token(&x->service, other));
    assert_string_not_equal(other, first);
}

static void test_what_the_user_was_shown_is_what_he_buys(void **state)
{
    struct fixture *x = *state;
    char first[32], again[32];

    assert_true(sheet_boost_token(&x->service, first));
    assert_true(sheet_boost_token(&x->service, again));
    assert_string_equal(first, again);
    assert_int_equal(strlen(first), 26);
    x->offer.price = ECS_STR("2 EUR");
    expect_other_token(x, first);
    x->offer.price = ECS_STR("1 EUR");
    x->offer.seconds = 60;
    expect_other_token(x, first);
    x->offer.seconds = 3600;
    x->offer.type = 34;
    expect_other_token(x, first);
    x->offer.type = 166;
    x->sheet.secret[0] ^= 1; /* another browser */
    expect_other_token(x, first);
}

static void test_what_is_sealed_opens_in_its_own_session_only(void **state)
{
    struct fixture *x = *state;
    struct ecs_str sealed = sheet_seal(&x->sheet, "one", ECS_STR("text")), opened;
    char *copy;

    assert_non_null(sealed.p);
    opened = sheet_unseal(&x->sheet, "one", sealed);
    assert_true(ecs_str_eq(opened, ECS_STR("text")));
    assert_null(sheet_unseal(&x->sheet, "two", sealed).p);
    for (size_t n = 0; n < sealed.n; n++)
        assert_null(sheet_unseal(&x->sheet, "one", (struct ecs_str){sealed.p, n}).p);
    for (size_t i = 0; i < sealed.n; i++) {
        copy = ecs_memdup(x->call.flow.arena, sealed.p, sealed.n);
        assert_non_null(copy);
        copy[i] = (char)(copy[i] ^ 1);
        assert_null(sheet_unseal(&x->sheet, "one", (struct ecs_str){copy, sealed.n}).p);
    }
    x->sheet.handle[0] ^= 1;
    assert_null(sheet_unseal(&x->sheet, "one", sealed).p);
    x->sheet.handle[0] ^= 1;
    x->sheet.secret[0] ^= 1;
    assert_null(sheet_unseal(&x->sheet, "one", sealed).p);
}

/* ---- user data ---- */

/* proves: D-019 B-007 */
static void test_the_reference_is_found_in_json_and_xml(void **state)
{
    static const struct {
        const char *type, *body, *sid; /* sid NULL: none */
    } rows[] = {
        {"application/json", "{\"sid\":\"abc234\"}", "abc234"},
        {"Application/JSON; charset=utf-8", "{\"lang\":\"en\",\"sid\":\"abc\",\"n\":1}", "abc"},
        {"application/json", "{\"sid\":7}", NULL},
        {"application/json", "{\"x\":{\"sid\":\"abc\"}}", NULL},
        {"application/json", "{}", NULL},
        {"text/xml", "<?xml version=\"1.0\"?><data><parm name=\"sid\" value=\"abc\"/></data>", "abc"},
        {"text/xml,application/xml",
         "<data><parm name=\"lang\" value=\"en\"/><parm name=\"sid\" value=\"abc\"/></data>", "abc"},
        {"application/xml", "<data><sid> abc\n</sid></data>", "abc"},
        {"application/xml; charset=utf-8", "<data sid=\"abc\"/>", "abc"},
        {"text/xml", "<parm name=\"sid\"/><parm name=\"x\" value=\"abc\"/>", NULL},
        {"text/xml", "<sid>abc", NULL},
        {"text/xml", "<parm name=\"sid\" value=\"abc", NULL},
        {"text/xml", "", NULL},
    };
    struct fixture *x = *state;

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        const char *why = NULL;
        enum ecs_rc rc = ECS_E_INTERNAL;
        struct ecs_str sid;

        x->call.form = (struct ecs_form){0};
        x->call.content_type = ecs_str_of(rows[i].type);
        x->call.body = ecs_str_of(rows[i].body);
        assert_true(web_user_data(&x->call, &rc, &why));
        assert_int_equal(rc, ECS_OK);
        sid = web_field(&x->call, "sid");
        if (!ecs_str_eq(sid, ecs_str_of(rows[i].sid)) || !sid.p != !rows[i].sid)
            fail_msg("%s: \"%.*s\"", rows[i].body, ECS_FMT(sid));
    }
}

static void test_other_bodies_are_left_to_the_form(void **state)
{
    static const char *const types[] = {"", "application/x-www-form-urlencoded", "text/plain",
                                        "application/jsonx"};
    struct fixture *x = *state;
    const char *why;
    enum ecs_rc rc;

    x->call.body = ECS_STR("{\"sid\":\"abc\"}");
    for (size_t i = 0; i < ECS_ARRAY_LEN(types); i++) {
        x->call.content_type = ecs_str_of(types[i]);
        assert_false(web_user_data(&x->call, &rc, &why));
    }
}

static void test_broken_json_is_a_bad_request(void **state)
{
    static const char *const bodies[] = {"{", "[]", "5", "{\"sid\":\"\xff\"}"};
    struct fixture *x = *state;

    x->call.content_type = ECS_STR("application/json");
    for (size_t i = 0; i < ECS_ARRAY_LEN(bodies); i++) {
        const char *why = NULL;
        enum ecs_rc rc = ECS_OK;

        x->call.body = ecs_str_of(bodies[i]);
        assert_true(web_user_data(&x->call, &rc, &why));
        assert_int_not_equal(rc, ECS_OK);
        assert_non_null(why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_session_names_the_boost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_session_names_the_account, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_session_of_satellite_names_nothing_else, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_the_user_was_shown_is_what_he_buys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_sealed_opens_in_its_own_session_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_reference_is_found_in_json_and_xml, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_bodies_are_left_to_the_form, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_broken_json_is_a_bad_request, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
