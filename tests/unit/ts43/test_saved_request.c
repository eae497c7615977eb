/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that wait in a session row: what comes back, and what is refused. */
#include "request_fixture.h"

static struct ecs_buf saved;

static int done(void **state)
{
    ecs_buf_done(&saved);
    return tear_down(state);
}

static void assert_same(const struct ecs_ts43_request *a, const struct ecs_ts43_request *b)
{
    assert_int_equal(a->kind, b->kind);
    for (unsigned i = 0; i < ECS_P_COUNT; i++) {
        assert_true(ecs_str_eq(a->param[i], b->param[i]));
        assert_int_equal(!a->param[i].p, !b->param[i].p);
    }
    assert_int_equal(a->n_apps, b->n_apps);
    assert_memory_equal(a->apps, b->apps, a->n_apps * sizeof(a->apps[0]));
    assert_true(ecs_str_eq(a->skipped_apps, b->skipped_apps));
    assert_int_equal(a->has_version, b->has_version);
    assert_int_equal(ecs_version_compare(a->version, b->version), 0);
    assert_int_equal(a->vers, b->vers);
    assert_int_equal(a->has_terminal, b->has_terminal);
    assert_string_equal(a->terminal.s, b->terminal.s);
    assert_int_equal(a->has_imsi, b->has_imsi);
    assert_string_equal(a->imsi.s, b->imsi.s);
    assert_int_equal(a->notif_action, b->notif_action);
    assert_true(ecs_str_eq(a->accept, b->accept));
    assert_true(ecs_str_eq(a->accept_language, b->accept_language));
    assert_true(ecs_str_eq(a->user_agent, b->user_agent));
}

static void save(const char *query)
{
    struct ecs_ts43_input input = {
        .query = ecs_str_of(query),
        .accept = ECS_STR("application/json"),
        .accept_language = ECS_STR("de"),
        .user_agent = ECS_STR("PRD-TS43"),
    };

    assert_int_equal(ecs_ts43_request_read(arena, &input, &req, &reason), ECS_OK);
    ecs_buf_reset(&saved);
    ecs_ts43_request_save(&req, &saved);
    assert_false(saved.overflow);
}

static const char query[] =
    "app=ap2003,ap2004,ap7777&terminal_id=490154203237518&entitlement_version=8.1&vers=-2&"
    "EAP_ID=%00enc&IMSI=001010123456789&notif_action=2&notif_token=n&boost_type=&"
    "terminal_vendor=a%E9";

static void test_everything_comes_back(void **state)
{
    struct ecs_ts43_request loaded;

    (void)state;
    save(query);
    assert_true(saved.n < 250);
    assert_int_equal(ecs_ts43_request_load(arena, ecs_buf_str(&saved), &loaded), ECS_OK);
    assert_same(&req, &loaded);
    assert_true(ecs_str_eq(loaded.accept, ECS_STR("application/json")));
    save("code=c&state=s");
    assert_int_equal(ecs_ts43_request_load(arena, ecs_buf_str(&saved), &loaded), ECS_OK);
    assert_int_equal(loaded.kind, ECS_TS43_RETURN);
}

static void test_every_cut_is_refused_or_complete_in_itself(void **state)
{
    struct ecs_ts43_request loaded;
    size_t whole, good = 0;

    (void)state;
    save(query);
    whole = saved.n;
    for (size_t n = 0; n < whole; n++) {
        char *copy = ecs_memdup(arena, saved.p, n ? n : 1);
        enum ecs_rc rc = ecs_ts43_request_load(arena, (struct ecs_str){copy, n}, &loaded);

        assert_true(rc == ECS_OK || rc == ECS_E_SESSION_LOST);
        good += rc == ECS_OK;
    }
    assert_true(good <= 14); /* only cuts between two records */
}

static void test_damaged_rows_are_a_lost_session(void **state)
{
    struct ecs_ts43_request loaded;
    const struct ecs_str bad[] = {
        ECS_STR(""),
        ECS_STR("ER"),
        ECS_STR("XR\1\0"),
        ECS_STR("ER\2\0"),
        ECS_STR("ER\1\1"),          /* a continuation is never saved */
        ECS_STR("ER\1\2"),          /* says return, but nothing in it makes it one */
        ECS_STR("ER\1\0\x05\0\1x"), /* vers is no integer */
        ECS_STR("ER\1\0\x05\0\2"),  /* length beyond the end */
        ECS_STR("ER\1\0\x05\0\0"),  /* empty value */
        ECS_STR("ER\1\0\x05\0\1"
                "1\x05\0\1"
                "1"), /* twice */
        ECS_STR("ER\1\0\xfb\0\1"
                "a\xfb\0\1"
                "a"), /* header twice */
        ECS_STR("ER\1\0\x07\0\3"
                "abc"),                /* no IMSI */
        ECS_STR("ER\1\0\x0c\0\1\x07"), /* control character */
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(bad); i++)
        assert_int_equal(ecs_ts43_request_load(arena, bad[i], &loaded), ECS_E_SESSION_LOST);
}

static void test_records_of_a_newer_release_are_skipped(void **state)
{
    struct ecs_ts43_request loaded;

    (void)state;
    assert_int_equal(ecs_ts43_request_load(arena,
                                           ECS_STR("ER\1\0\xc8\0\3new\x05\0\1"
                                                   "4"),
                                           &loaded),
                     ECS_OK);
    assert_int_equal(loaded.vers, 4);
}

/* Random queries from the vocabulary of the table: what can be read can be saved and comes back the same. */
static void test_any_readable_request_survives(void **state)
{
    static const char *const values[] = {"1",          "ap2004", "null", "",  "8.0",      "%00x",  "a%C3%A9",
                                         "ap2003,ap9", "%41",    "-2",   "0", "00101012", "s t+u", "null%20"};
    uint64_t seed = 99;
    unsigned read = 0;

    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct ecs_ts43_request loaded;
        char text[512] = "";
        size_t n = 0;

        for (int k = 0; k < 6; k++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
            n += (size_t)snprintf(text + n, sizeof(text) - n, "%s=%s&",
                                  ecs_param_name((enum ecs_param)((seed >> 33) % ECS_P_COUNT)),
                                  values[(seed >> 20) % ECS_ARRAY_LEN(values)]);
        }
        if (get(text) != ECS_OK)
            continue;
        read++;
        ecs_buf_reset(&saved);
        ecs_ts43_request_save(&req, &saved);
        assert_int_equal(ecs_ts43_request_load(arena, ecs_buf_str(&saved), &loaded), ECS_OK);
        assert_same(&req, &loaded);
        if (round % 200 == 0) {
            ecs_arena_free(arena);
            arena = ecs_arena_new(NULL, 0);
        }
    }
    assert_true(read > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_everything_comes_back, set_up, done),
        cmocka_unit_test_setup_teardown(test_every_cut_is_refused_or_complete_in_itself, set_up, done),
        cmocka_unit_test_setup_teardown(test_damaged_rows_are_a_lost_session, set_up, done),
        cmocka_unit_test_setup_teardown(test_records_of_a_newer_release_are_skipped, set_up, done),
        cmocka_unit_test_setup_teardown(test_any_readable_request_survives, set_up, done),
    };

    return cmocka_run_group_tests_name("saved_request", tests, NULL, NULL);
}
