/* SPDX-License-Identifier: Apache-2.0 */
/* Which applications a request asks for, and the tables behind it. */
#include "request_fixture.h"

#include "ts43/request_priv.h"

static void assert_refused(enum ecs_rc rc, const char *text)
{
    assert_int_equal(rc, ECS_E_BAD_PARAMETER);
    assert_string_equal(reason, text);
}

/* proves: P-005 P-006 P-007 X-001 */
static void test_all_forms_of_app_are_the_same_set(void **state)
{
    const char *const queries[] = {
        "app=ap2003&app=ap2004",       "app=ap2003,ap2004",
        "app=%5Bap2003,ap2004%5D",     "app=[ap2003, ap2004]",
        "app=AP2003&App=Ap2004",       "app=ap2003%2Cap2004",
        "app=[\"ap2003\",\"ap2004\"]", "app=ap2003&app=ap2004&app=ap2003,ap2004,,",
    };
    const char *const bodies[] = {
        "{\"app\":[\"ap2003\",\"ap2004\"]}",
        "{\"app\":\"[ap2003,ap2004]\"}",
        "{\"app\":\"ap2003,ap2004\"}",
        "{\"app\":\"[ \\\"ap2003\\\" , \\\"ap2004\\\" ]\"}",
        "{\"app\":[\"ap2003\",null,\"ap2004\",\"ap2003\"]}",
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(queries); i++) {
        assert_int_equal(get(queries[i]), ECS_OK);
        assert_apps("ap2003 ap2004");
    }
    for (size_t i = 0; i < ECS_ARRAY_LEN(bodies); i++) {
        assert_int_equal(post(bodies[i]), ECS_OK);
        assert_apps("ap2003 ap2004");
    }
    assert_int_equal(post("{\"app\":\"ap2004\"}"), ECS_OK);
    assert_apps("ap2004");
    assert_int_equal(get("app=ap2005&app=ap2003"), ECS_OK);
    assert_apps("ap2005 ap2003");
}

/* proves: P-010 */
static void test_unknown_applications_are_skipped(void **state)
{
    (void)state;
    assert_int_equal(get("app=ap9999&app=ap2004&app=ap2018&app=ap2007,x%22y"), ECS_OK);
    assert_apps("ap2004");
    assert_true(ecs_str_eq(req.skipped_apps, ECS_STR("ap9999,ap2018,ap2007,x?y")));
    assert_refused(get("app=ap9999"), "app names no application of TS.43");
    assert_refused(get("app=ap2004x"), "app names no application of TS.43");
    assert_int_equal(get("app=[]"), ECS_OK);
    assert_null(req.param[ECS_P_APP].p);
}

/* proves: P-012 */
static void test_service_configuration_is_not_mixed_in(void **state)
{
    (void)state;
    assert_refused(get("app=ap2002&app=ap2004"), "app asks for a service configuration of RCC.14");
    assert_refused(get("app=ap2004,AP2001"), "app asks for a service configuration of RCC.14");
    assert_refused(get("app=ap2001"), "app asks for a service configuration of RCC.14");
}

/* proves: P-013 */
static void test_only_one_application_may_have_operations(void **state)
{
    (void)state;
    assert_int_equal(get("app=ap2006&app=ap2004&operation=CheckEligibility"), ECS_OK);
    assert_apps("ap2006 ap2004");
    assert_refused(get("app=ap2006&app=ap2009"), "app names two applications that need an operation");
    assert_refused(get("app=ap2004,ap2014,ap2015"), "app names two applications that need an operation");
    assert_int_equal(get("app=ap2003,ap2004,ap2005,ap2010,ap2012,ap2013,ap2016,ap2006,ap2006"), ECS_OK);
    assert_int_equal(req.n_apps, 8);
}

static void test_skipped_list_is_bounded(void **state)
{
    char query[1200] = "app=ap2004";

    (void)state;
    for (int i = 0; i < 120; i++)
        strcat(query, ",ap99999");
    assert_int_equal(get(query), ECS_OK);
    assert_true(req.skipped_apps.n <= 128);
    strcat(query, "&app=ap2003,ap2003,ap2003,ap2003,ap2003,ap2003,ap2003,ap2003,ap2003");
    assert_refused(get(query), "app is too long");
}

static void test_table_of_applications(void **state)
{
    const unsigned numbers[] = {2003, 2004, 2005, 2006, 2009, 2010, 2011, 2012, 2013, 2014, 2015, 2016, 2017};
    unsigned operations = 0;
    enum ecs_app app;

    (void)state;
    assert_int_equal(ECS_APP_COUNT, ECS_ARRAY_LEN(numbers));
    for (unsigned i = 0; i < ECS_APP_COUNT; i++) {
        assert_int_equal(ecs_app_number((enum ecs_app)i), numbers[i]);
        assert_true(ecs_app_find(ecs_str_of(ecs_app_id((enum ecs_app)i)), &app));
        assert_int_equal(app, i);
        assert_true(ecs_app_find_name(ecs_str_of(ecs_app_name((enum ecs_app)i)), &app));
        assert_int_equal(app, i);
        assert_true(ecs_app_clause((enum ecs_app)i)[0] != '\0');
        operations += ecs_app_has_operations((enum ecs_app)i);
    }
    assert_int_equal(operations, 5);
    assert_false(ecs_app_find(ECS_STR("ap2007"), &app));
    assert_false(ecs_app_find_name(ECS_STR("volte"), &app));
    assert_string_equal(ecs_app_group(ECS_APP_2003), ecs_app_group(ECS_APP_2005));
    assert_string_not_equal(ecs_app_group(ECS_APP_2004), ecs_app_group(ECS_APP_2006));
}

static void test_table_of_parameters(void **state)
{
    enum ecs_param param;

    (void)state;
    for (unsigned i = 0; i < ECS_P_COUNT; i++) {
        assert_true(ecs_param_find(ecs_str_of(ecs_param_name((enum ecs_param)i)), &param));
        assert_int_equal(param, i);
    }
    assert_false(ecs_param_find(ECS_STR(""), &param));
    assert_false(ecs_param_find(ECS_STR("tokens"), &param));
    assert_int_equal(ecs_param_secrecy(ECS_P_TOKEN), ECS_SECRECY_SECRET);
    assert_int_equal(ecs_param_secrecy(ECS_P_IMSI), ECS_SECRECY_PERSONAL);
    assert_int_equal(ecs_param_secrecy(ECS_P_OPERATION), ECS_SECRECY_OPEN);
}

/* Saved requests of other releases are read by these numbers. */
static void test_saved_codes_are_unique(void **state)
{
    bool used[256] = {false};

    (void)state;
    for (unsigned i = 0; i < ECS_P_COUNT; i++) {
        assert_in_range(ecs_param_rows[i].code, 1, 250);
        assert_false(used[ecs_param_rows[i].code]);
        used[ecs_param_rows[i].code] = true;
        assert_in_range(ecs_param_rows[i].max, 4, UINT16_MAX);
    }
}

static struct ecs_version version_of(const char *text)
{
    struct ecs_version version = {0, 0};

    assert_true(ecs_version_parse(ecs_str_of(text), &version));
    return version;
}

/* proves: P-022 */
static void test_versions_are_repaired_or_refused(void **state)
{
    const char *const eight[] = {"8.0", "V8.0", "v8", "8", "8.0.1", " 8.0 ", "08.00"};
    const char *const bad[] = {"",        "abc",  "8.",  ".8",  "8.x",  "8.0.",
                               "8.0.1.2", "-8.0", "8,0", "VV8", "8.0b", "1234567.0"};
    struct ecs_version version;

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(eight); i++) {
        version = version_of(eight[i]);
        assert_true(version.major == 8 && version.minor == 0);
    }
    for (size_t i = 0; i < ECS_ARRAY_LEN(bad); i++)
        assert_false(ecs_version_parse(ecs_str_of(bad[i]), &version));
    assert_refused(get("entitlement_version=abc"), "entitlement_version is not a version such as 8.0");
}

/* proves: P-019 X-046 */
static void test_versions_compare_as_two_integers(void **state)
{
    struct ecs_version_bounds bounds = {.min = {10, 0}}, none = {0};

    (void)state;
    assert_true(ecs_version_compare(version_of("11.10"), version_of("11.9")) > 0);
    assert_true(ecs_version_compare(version_of("10.0"), version_of("9.0")) > 0);
    assert_int_equal(ecs_version_compare(version_of("8"), version_of("8.0")), 0);
    assert_false(ecs_version_allowed(version_of("9.9"), &bounds));
    assert_true(ecs_version_allowed(version_of("10.0"), &bounds));
    assert_true(ecs_version_allowed(version_of("11.10"), &bounds));
    bounds.max = version_of("11.10");
    assert_true(ecs_version_allowed(version_of("11.10"), &bounds));
    assert_false(ecs_version_allowed(version_of("11.11"), &bounds));
    assert_true(ecs_version_allowed(version_of("99.0"), &none));
    assert_true(ecs_version_allowed(version_of("1.0"), &none));
    assert_int_equal(ecs_rc_http(ECS_E_VERSION), 406);
}

/* proves: X-008 */
static void test_form_of_the_document_follows_the_version(void **state)
{
    const struct ecs_version_map map[] = {{{2, 0}, {2, 99}, {5, 0}}, {{2, 0}, {3, 0}, {9, 0}}};

    (void)state;
    assert_int_equal(ecs_version_form(ECS_APP_2003, version_of("2.0")), ECS_FORM_FLAT);
    assert_int_equal(ecs_version_form(ECS_APP_2003, version_of("6.9")), ECS_FORM_FLAT);
    assert_int_equal(ecs_version_form(ECS_APP_2003, version_of("7.0")), ECS_FORM_NESTED);
    assert_int_equal(ecs_version_form(ECS_APP_2003, version_of("12.0")), ECS_FORM_NESTED);
    assert_int_equal(ecs_version_form(ECS_APP_2004, version_of("12.0")), ECS_FORM_FLAT);
    assert_int_equal(ecs_version_effective(version_of("13.7"), NULL, 0).major, 12);
    assert_int_equal(ecs_version_effective(version_of("13.7"), NULL, 0).minor, 0);
    assert_int_equal(ecs_version_effective(version_of("2.0"), map, 2).major, 5);
    assert_int_equal(ecs_version_effective(version_of("3.0"), map, 2).major, 9);
    assert_int_equal(ecs_version_effective(version_of("4.0"), map, 2).major, 4);
}

static void test_error_bodies_tell_the_fault_and_nothing_more(void **state)
{
    struct ecs_buf buf = {0};
    char *big;

    (void)state;
    ecs_error_body(ECS_E_BAD_PARAMETER, "terminal_id is missing", &buf);
    assert_true(ecs_str_eq(ecs_buf_str(&buf),
                           ECS_STR("a request parameter is missing or malformed: terminal_id is missing\n")));
    ecs_buf_reset(&buf);
    ecs_error_body(ECS_E_VERSION, NULL, &buf);
    assert_true(ecs_str_eq(ecs_buf_str(&buf), ECS_STR("protocol not supported\n")));
    ecs_buf_reset(&buf);
    ecs_error_body(ECS_E_INTERNAL, "null pointer in step load", &buf);
    assert_true(ecs_str_eq(ecs_buf_str(&buf), ECS_STR("internal error\n")));
    ecs_buf_reset(&buf);
    big = ecs_alloc(arena, 1000);
    memset(big, '\n', 999);
    ecs_error_body(ECS_E_FORBIDDEN, big, &buf);
    assert_int_equal(buf.n, 200);
    assert_ptr_equal(memchr(buf.p, '\n', buf.n), buf.p + 199);
    ecs_buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ECS_TEST(test_all_forms_of_app_are_the_same_set),
        ECS_TEST(test_unknown_applications_are_skipped),
        ECS_TEST(test_service_configuration_is_not_mixed_in),
        ECS_TEST(test_only_one_application_may_have_operations),
        ECS_TEST(test_skipped_list_is_bounded),
        ECS_TEST(test_table_of_applications),
        ECS_TEST(test_table_of_parameters),
        ECS_TEST(test_saved_codes_are_unique),
        ECS_TEST(test_versions_are_repaired_or_refused),
        ECS_TEST(test_versions_compare_as_two_integers),
        ECS_TEST(test_form_of_the_document_follows_the_version),
        ECS_TEST(test_error_bodies_tell_the_fault_and_nothing_more),
    };

    return cmocka_run_group_tests_name("apps", tests, NULL, NULL);
}
