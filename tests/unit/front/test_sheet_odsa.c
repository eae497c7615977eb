/* SPDX-License-Identifier: Apache-2.0 */
/* The eSIM pages without daemon: which page a journey is on, and what is kept between two requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "front/sheet_odsa.h"

struct fixture {
    struct front front;
    struct engine engine;
    struct ecs_snapshot snapshot;
    struct ecs_websheet_conf conf;
    struct web_call call;
    struct sheet sheet;
    struct sheet_odsa odsa;
};

static int set_up(void **state)
{
    struct fixture *x = calloc(1, sizeof(*x));

    assert_non_null(x);
    x->front.crypto = ecs_crypto_new();
    x->call.flow.arena = ecs_arena_new(NULL, 0);
    assert_non_null(x->front.crypto);
    assert_non_null(x->call.flow.arena);
    x->conf.esim_terms = 3;
    x->snapshot.websheet = &x->conf;
    x->engine.snapshot = &x->snapshot;
    x->call.engine = &x->engine;
    x->call.front = &x->front;
    x->sheet.call = &x->call;
    x->sheet.odsa = &x->odsa;
    x->odsa.sheet = &x->sheet;
    x->odsa.journey.state = ECS_STR("choosing");
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

/* ---- pages ---- */

static void test_a_new_subscription_asks_for_plan_and_terms(void **state)
{
    static const enum ecs_journey_kind kinds[] = {ECS_JOURNEY_COMPANION, ECS_JOURNEY_PRIMARY,
                                                  ECS_JOURNEY_ENTERPRISE, ECS_JOURNEY_MANAGE};
    struct fixture *x = *state;
    struct sheet_odsa *o = &x->odsa;

    for (size_t i = 0; i < ECS_ARRAY_LEN(kinds); i++) {
        o->journey.kind = kinds[i];
        o->form = (struct odsa_form){0};
        assert_int_equal(sheet_odsa_page(o), SHEET_PAGE_ODSA_PLAN);
        o->form.plan = ECS_STR("gold");
        assert_int_equal(sheet_odsa_page(o), SHEET_PAGE_ODSA_TERMS);
        o->form.terms = 2; /* they have changed meanwhile */
        assert_int_equal(sheet_odsa_page(o), SHEET_PAGE_ODSA_TERMS);
        o->form.terms = 3;
        assert_int_equal(sheet_odsa_page(o), SHEET_PAGE_COUNT);
    }
}

static void test_a_plan_that_the_device_named_is_not_asked_for_again(void **state)
{
    struct fixture *x = *state;
    struct sheet_odsa *o = &x->odsa;

    o->journey.plan = ECS_STR("gold");
    assert_int_equal(sheet_odsa_page(o), SHEET_PAGE_ODSA_TERMS);
}

static void test_without_plans_and_terms_the_user_agrees_at_least(void **state)
{
    struct fixture *x = *state;
    struct sheet_odsa *o = &x->odsa;

    x->conf.esim_terms = 0;
    o->no_plans = true;
    assert_int_equal(sheet_odsa_page(o), SHEET_PAGE_ODSA_CONFIRM);
    o->form.confirmed = true;
    assert_int_equal(sheet_odsa_page(o), SHEET_PAGE_COUNT);
}

static void test_a_transfer_asks_for_old_device_code_and_consent(void **state)
{
    struct fixture *x = *state;
    struct sheet_odsa *o = &x->odsa;

    x->conf.transfer_code = true;
    o->journey.kind = ECS_JOURNEY_TRANSFER;
    assert_int_equal(sheet_odsa_page(o), SHEET_PAGE_ODSA_OLD);
    o->form.selected = true;
    assert_int_equal(sheet_odsa_page(o), SHEET_PAGE_ODSA_CODE);
    o->form.verified = true;
    assert_int_equal(sheet_odsa_page(o), SHEET_PAGE_ODSA_CONFIRM);
    o->form.confirmed = true;
    assert_int_equal(sheet_odsa_page(o), SHEET_PAGE_COUNT);
    /* The device has named the old card, the operator wants no code. */
    x->conf.transfer_code = false;
    o->form = (struct odsa_form){0};
    o->journey.old_iccid = ECS_STR("8988303000000000001");
    assert_int_equal(sheet_odsa_page(o), SHEET_PAGE_ODSA_CONFIRM);
}

/* proves: O-057 */
static void test_the_state_of_the_journey_tells_how_the_flow_ends(void **state)
{
    static const struct {
        const char *state, *outcome;
    } rows[] = {
        {"reserving", "delayed"},   {"activating", "delayed"}, {"awaiting", "delayed"},
        {"returning", "delayed"},   {"ready", "ready"},        {"completing", "done"},
        {"ending-old", "done"},     {"done", "done"},          {"ended", "done"},
        {"failed", "failed"},       {"withdrawing", "failed"}, {"revoking", "failed"},
        {"dismissed", "dismissed"},
    };
    struct fixture *x = *state;
    struct sheet_odsa *o = &x->odsa;

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        o->journey.state = ecs_str_of(rows[i].state);
        assert_int_equal(sheet_odsa_page(o), SHEET_PAGE_ODSA_END);
        assert_string_equal(o->outcome, rows[i].outcome);
    }
    o->journey.state = ECS_STR("deleting");
    assert_int_equal(sheet_odsa_page(o), SHEET_PAGE_ODSA_DELETE);
}

static void test_a_device_chosen_here_ends_with_the_selection(void **state)
{
    static const char *const states[] = {"reserving", "awaiting", "ready", "deleting"};
    struct fixture *x = *state;
    struct sheet_odsa *o = &x->odsa;

    o->form.selected = true;
    for (size_t i = 0; i < ECS_ARRAY_LEN(states); i++) {
        o->journey.state = ecs_str_of(states[i]);
        assert_int_equal(sheet_odsa_page(o), SHEET_PAGE_ODSA_END);
        assert_string_equal(o->outcome, "selected");
    }
    o->journey.state = ECS_STR("failed");
    (void)sheet_odsa_page(o);
    assert_string_equal(o->outcome, "failed");
}

/* ---- the form ---- */

static void test_what_was_chosen_comes_back(void **state)
{
    struct fixture *x = *state;
    struct sheet_odsa *o = &x->odsa;
    struct ecs_str sealed;

    o->form = (struct odsa_form){.terms = 2000000003,
                                 .selected = true,
                                 .plan = ECS_STR("gold"),
                                 .old_iccid = ECS_STR("8988303000000000001")};
    sealed = sheet_odsa_form_seal(o);
    assert_non_null(sealed.p);
    sheet_odsa_form_open(o, sealed);
    assert_true(o->form.given && o->form.terms == 2000000003 && o->form.selected);
    assert_false(o->form.verified || o->form.confirmed);
    assert_true(ecs_str_eq(o->form.plan, ECS_STR("gold")));
    assert_true(ecs_str_eq(o->form.old_iccid, ECS_STR("8988303000000000001")));
    assert_int_equal(o->form.old_id.n, 0);
}

static void test_a_form_of_another_session_or_spoiled_counts_as_none(void **state)
{
    struct fixture *x = *state;
    struct sheet_odsa *o = &x->odsa;
    struct ecs_str sealed, copy;
    char *bytes;

    o->form = (struct odsa_form){.verified = true, .plan = ECS_STR("gold")};
    sealed = sheet_odsa_form_seal(o);
    bytes = ecs_memdup(x->call.flow.arena, sealed.p, sealed.n);
    assert_non_null(bytes);
    copy = (struct ecs_str){bytes, sealed.n};
    for (size_t i = 0; i < copy.n; i++) {
        bytes[i] ^= 1;
        sheet_odsa_form_open(o, copy);
        assert_false(o->form.given || o->form.verified);
        bytes[i] ^= 1;
    }
    for (size_t n = 0; n < sealed.n; n++) {
        sheet_odsa_form_open(o, (struct ecs_str){sealed.p, n});
        assert_false(o->form.given);
    }
    x->sheet.handle[0] ^= 1;
    sheet_odsa_form_open(o, sealed);
    assert_false(o->form.given);
    x->sheet.handle[0] ^= 1;
    x->sheet.secret[0] ^= 1;
    sheet_odsa_form_open(o, sealed);
    assert_false(o->form.given);
}

static void test_too_long_texts_are_left_out(void **state)
{
    struct fixture *x = *state;
    struct sheet_odsa *o = &x->odsa;
    char text[SHEET_ODSA_TEXT_MAX + 1];

    memset(text, 'a', sizeof(text));
    o->form = (struct odsa_form){.plan = {text, sizeof(text)}, .old_id = {text, SHEET_ODSA_TEXT_MAX}};
    sheet_odsa_form_open(o, sheet_odsa_form_seal(o));
    assert_true(o->form.given);
    assert_int_equal(o->form.plan.n, 0);
    assert_int_equal(o->form.old_id.n, SHEET_ODSA_TEXT_MAX);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_a_new_subscription_asks_for_plan_and_terms),
        CASE(test_a_plan_that_the_device_named_is_not_asked_for_again),
        CASE(test_without_plans_and_terms_the_user_agrees_at_least),
        CASE(test_a_transfer_asks_for_old_device_code_and_consent),
        CASE(test_the_state_of_the_journey_tells_how_the_flow_ends),
        CASE(test_a_device_chosen_here_ends_with_the_selection),
        CASE(test_what_was_chosen_comes_back),
        CASE(test_a_form_of_another_session_or_spoiled_counts_as_none),
        CASE(test_too_long_texts_are_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
