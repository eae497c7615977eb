/* SPDX-License-Identifier: Apache-2.0 */
/* Routes of the operator's interface: matching, methods, roles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "front/admin_internal.h"

static enum ecs_rc find(enum ecs_http_method method, const char *path, enum ecs_role role,
                        struct admin_match *match)
{
    return admin_route_find(method, ecs_str_of(path), role, match);
}

static void assert_text(struct ecs_str s, const char *text)
{
    assert_true(ecs_str_eq(s, ecs_str_of(text)));
}

static void test_every_route_is_found_by_its_own_pattern_and_only_by_its_role(void **state)
{
    (void)state;
    for (const struct admin_route *r = admin_routes; r->pattern; r++) {
        struct admin_match match;

        assert_int_equal(find(r->method, r->pattern, ECS_ROLE_ADMIN, &match), ECS_OK);
        assert_ptr_equal(match.route, r);
        assert_non_null(r->steps[0].fn);
        assert_int_equal(find(r->method, r->pattern, ECS_ROLE_CARE, &match),
                         r->need == ADMIN_NEED_ADMIN ? ECS_E_FORBIDDEN : ECS_OK);
        assert_int_equal(find(r->method, r->pattern, ECS_ROLE_VIEWER, &match),
                         r->need > ADMIN_NEED_VIEWER ? ECS_E_FORBIDDEN : ECS_OK);
        assert_int_equal(find(r->method, r->pattern, ECS_ROLE_METRICS, &match),
                         r->need > ADMIN_NEED_ANY ? ECS_E_NOT_FOUND : ECS_OK);
    }
}

static void test_only_care_and_admin_may_change_anything(void **state)
{
    (void)state;
    for (const struct admin_route *r = admin_routes; r->pattern; r++)
        if (r->method != ECS_HTTP_GET && strcmp(r->name, "explain") != 0)
            assert_true(r->need >= ADMIN_NEED_CARE);
}

static void test_parts_are_handed_over_in_order(void **state)
{
    struct admin_match match;

    (void)state;
    assert_int_equal(
        find(ECS_HTTP_PUT, "/v1/subscribers/001010000000001/services/vowifi", ECS_ROLE_ADMIN, &match),
        ECS_OK);
    assert_string_equal(match.route->name, "service_put");
    assert_text(match.arg[0], "001010000000001");
    assert_text(match.arg[1], "vowifi");
    assert_int_equal(find(ECS_HTTP_GET, "/v1/devices/models/12345678", ECS_ROLE_ADMIN, &match), ECS_OK);
    assert_string_equal(match.route->name, "model_get");
    assert_int_equal(find(ECS_HTTP_GET, "/v1/devices/models", ECS_ROLE_ADMIN, &match), ECS_OK);
    assert_string_equal(match.route->name, "identity_get");
    assert_text(match.arg[0], "models");
    assert_null(match.arg[1].p);
}

static void test_other_paths_are_not_found(void **state)
{
    static const char *const paths[] = {"",
                                        "/",
                                        "/v1",
                                        "/v1/",
                                        "/healthy",
                                        "health",
                                        "/health/",
                                        "//health",
                                        "/health/x",
                                        "/v1/plans/",
                                        "/v1/plans//",
                                        "/v1/plans/a/b",
                                        "/v2/status",
                                        "/V1/status",
                                        "/v1/subscribers//revoke",
                                        "/v1/subscribers/1/services/",
                                        "/v1/orders/1",
                                        "/v1/orders/1/undone"};
    struct admin_match match;

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(paths); i++)
        assert_int_equal(find(ECS_HTTP_GET, paths[i], ECS_ROLE_ADMIN, &match), ECS_E_NOT_FOUND);
}

static void test_a_known_path_with_another_method_tells_the_methods(void **state)
{
    struct admin_match match;

    (void)state;
    assert_int_equal(find(ECS_HTTP_POST, "/v1/plans/gold", ECS_ROLE_ADMIN, &match), ECS_E_METHOD);
    assert_int_equal(match.allow, 1u << ECS_HTTP_GET | 1u << ECS_HTTP_PUT);
    assert_null(match.route);
    assert_int_equal(find(ECS_HTTP_OTHER, "/v1/reload", ECS_ROLE_ADMIN, &match), ECS_E_METHOD);
    assert_int_equal(match.allow, 1u << ECS_HTTP_POST);
    assert_int_equal(find(ECS_HTTP_POST, "/v1/status", ECS_ROLE_METRICS, &match), ECS_E_NOT_FOUND);
    assert_int_equal(find(ECS_HTTP_POST, "/health", ECS_ROLE_METRICS, &match), ECS_E_METHOD);
}

static void test_head_is_served_as_get(void **state)
{
    struct admin_match match;

    (void)state;
    assert_int_equal(find(ECS_HTTP_HEAD, "/ready", ECS_ROLE_METRICS, &match), ECS_OK);
    assert_string_equal(match.route->name, "ready");
    assert_int_equal(find(ECS_HTTP_HEAD, "/v1/reload", ECS_ROLE_ADMIN, &match), ECS_E_METHOD);
}

static void test_routes_do_not_hide_each_other(void **state)
{
    (void)state;
    for (const struct admin_route *a = admin_routes; a->pattern; a++)
        for (const struct admin_route *b = a + 1; b->pattern; b++)
            assert_false(a->method == b->method && strcmp(a->pattern, b->pattern) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_route_is_found_by_its_own_pattern_and_only_by_its_role),
        cmocka_unit_test(test_only_care_and_admin_may_change_anything),
        cmocka_unit_test(test_parts_are_handed_over_in_order),
        cmocka_unit_test(test_other_paths_are_not_found),
        cmocka_unit_test(test_a_known_path_with_another_method_tells_the_methods),
        cmocka_unit_test(test_head_is_served_as_get),
        cmocka_unit_test(test_routes_do_not_hide_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
