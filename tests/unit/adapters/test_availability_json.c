/* SPDX-License-Identifier: Apache-2.0 */
/* Documents of status systems: taken whole, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ecs/availability.h"
#include "ecs/buf.h"
#include "ecs/clock.h"

enum { NOW = 1772600000 };

static enum ecs_rc parse(struct ecs_arena *arena, const char *text, struct ecs_feed_document *ret,
                         const char **ret_why)
{
    *ret_why = NULL;
    return ecs_feed_parse(arena, ecs_str_of(text), NOW, ret, ret_why);
}

static void test_all_members_are_taken(void **state)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_feed_document d;
    const char *why;

    (void)state;
    assert_int_equal(
        parse(arena,
              "{\"generated\":\"2026-03-04T05:00:00Z\",\"states\":[{\"service\":\"volte\",\"state\":"
              "\"unavailable\","
              "\"rat\":\"lte\",\"brand\":\"gold\",\"area\":\"north.coast\",\"message\":\"outage\",\"since\":"
              "\"2026-03-04T04:00:00Z\",\"expected_end\":\"2026-03-04T08:00:00+01:00\",\"validity_s\":600},"
              "{\"service\":\"vonr\",\"state\":\"ready\"}]}",
              &d, &why),
        ECS_OK);
    assert_int_equal(d.n, 2);
    assert_true(ecs_str_eq(d.rows[0].service, ECS_STR("volte")) && ecs_str_eq(d.rows[0].rat, ECS_STR("lte")));
    assert_true(ecs_str_eq(d.rows[0].brand, ECS_STR("gold")) &&
                ecs_str_eq(d.rows[0].area, ECS_STR("north.coast")));
    assert_int_equal(d.rows[0].state, ECS_AVAILABLE_NOT_NOW);
    assert_int_equal(d.rows[0].expected_end - d.rows[0].since, 3 * 3600);
    assert_int_equal(d.rows[0].validity_s, 600);
    assert_null(d.rows[1].brand.p);
    assert_null(d.rows[1].rat.p);
    assert_int_equal(d.rows[1].since, 0);
    ecs_arena_free(arena);
}

static void test_what_begins_later_is_left_for_later(void **state)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_feed_document d;
    const char *why;
    char text[300], soon[21], later[21];

    (void)state;
    ecs_time_format(NOW + 30, soon);
    ecs_time_format(NOW + 3600, later);
    snprintf(text, sizeof(text),
             "{\"states\":[{\"service\":\"volte\",\"state\":\"unavailable\",\"since\":\"%s\"},"
             "{\"service\":\"vonr\",\"state\":\"unavailable\",\"since\":\"%s\"}]}",
             later, soon);
    assert_int_equal(parse(arena, text, &d, &why), ECS_OK);
    assert_int_equal(d.n, 1);
    assert_int_equal(d.later, 1);
    assert_true(ecs_str_eq(d.rows[0].service, ECS_STR("vonr")));
    ecs_arena_free(arena);
}

static void test_a_fault_spoils_the_whole_and_is_named(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"", NULL},
        {"[]", NULL},
        {"{}", "states"},
        {"{\"states\":1}", "states"},
        {"{\"states\":[1]}", "states"},
        {"{\"states\":[],\"more\":1}", "more"},
        {"{\"states\":[],\"generated\":\"now\"}", "generated"},
        {"{\"states\":[{\"service\":\"volte\"}]}", "state"},
        {"{\"states\":[{\"service\":\"fax\",\"state\":\"ready\"}]}", "service"},
        {"{\"states\":[{\"service\":\"volte\",\"state\":\"gone\"}]}", "state"},
        {"{\"states\":[{\"service\":\"volte\",\"state\":\"ready\",\"rat\":\"gsm\"}]}", "rat"},
        {"{\"states\":[{\"service\":\"volte\",\"state\":\"ready\",\"area\":\"Nord\"}]}", "area"},
        {"{\"states\":[{\"service\":\"volte\",\"state\":\"ready\",\"brand\":\"a b\"}]}", "brand"},
        {"{\"states\":[{\"service\":\"volte\",\"state\":\"ready\",\"message\":\"a\\u0000b\"}]}", NULL},
        {"{\"states\":[{\"service\":\"volte\",\"state\":\"ready\",\"since\":\"yesterday\"}]}", "since"},
        {"{\"states\":[{\"service\":\"volte\",\"state\":\"ready\",\"expected_end\":\"2030-01-01T00:00:00Z\"}]"
         "}",
         "expected_end"},
        {"{\"states\":[{\"service\":\"volte\",\"state\":\"ready\",\"validity_s\":0}]}", "validity_s"},
        {"{\"states\":[{\"service\":\"volte\",\"state\":\"ready\"},{\"service\":\"volte\",\"state\":"
         "\"degraded\"}]}",
         "states[1]: stands twice"},
        {"{\"states\":[{\"service\":\"volte\",\"service\":\"vonr\",\"state\":\"ready\"}]}", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_arena *arena = ecs_arena_new(NULL, 0);
        struct ecs_feed_document d = {.n = 77};
        const char *why;

        assert_int_not_equal(parse(arena, rows[i].text, &d, &why), ECS_OK);
        assert_int_equal(d.n, 77);
        assert_non_null(why);
        if (rows[i].why && !strstr(why, rows[i].why))
            fail_msg("%s: %s", rows[i].text, why);
        ecs_arena_free(arena);
    }
}

static void test_more_states_than_can_stand_are_refused(void **state)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_buf text = {0};
    struct ecs_feed_document d;
    const char *why;

    (void)state;
    for (int n = ECS_STATES_MAX; n <= ECS_STATES_MAX + 1; n++) {
        text.n = 0;
        ecs_buf_add_cstr(&text, "{\"states\":[");
        for (int i = 0; i < n; i++)
            ecs_buf_printf(&text, "%s{\"service\":\"data\",\"state\":\"ready\",\"area\":\"a%d\"}",
                           i ? "," : "", i);
        ecs_buf_add_cstr(&text, "]}");
        assert_int_equal(ecs_feed_parse(arena, ecs_buf_str(&text), NOW, &d, &why) == ECS_OK,
                         n == ECS_STATES_MAX);
    }
    ecs_buf_done(&text);
    ecs_arena_free(arena);
}

static bool accepts(const struct ecs_feed_conf *row)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_faults faults;
    bool good;

    ecs_faults_init(&faults, arena);
    good = ecs_feed_settings_check(row, &faults, NULL);
    assert_int_equal(good, faults.count == 0);
    ecs_arena_free(arena);
    return good;
}

static void test_settings_of_a_feed_are_checked(void **state)
{
    const struct ecs_feed_conf good = {
        .name = "noc", .url = "https://noc.example/states", .every_s = 60, .stale_s = 600};
    struct ecs_feed_conf c = good;

    (void)state;
    assert_true(accepts(&good));
    c.name = "operator";
    assert_false(accepts(&c));
    c.name = "No";
    assert_false(accepts(&c));
    c = good;
    c.url = "http://noc.example/";
    assert_false(accepts(&c));
    c.url = "http://127.0.0.1:80/";
    assert_true(accepts(&c));
    c = good;
    c.stale_s = 60;
    assert_false(accepts(&c));
    for (int auth = ECS_FEED_AUTH_OAUTH; auth <= ECS_FEED_AUTH_KEY; auth++) {
        c = good;
        c.auth = auth;
        assert_false(accepts(&c));
        c.token_url = "https://as.example/token";
        c.client_id = c.client_secret = c.bearer = c.key_value = "x";
        assert_true(accepts(&c));
    }
    c = good;
    c.key = "/key";
    assert_false(accepts(&c));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_members_are_taken),
        cmocka_unit_test(test_what_begins_later_is_left_for_later),
        cmocka_unit_test(test_a_fault_spoils_the_whole_and_is_named),
        cmocka_unit_test(test_more_states_than_can_stand_are_refused),
        cmocka_unit_test(test_settings_of_a_feed_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
