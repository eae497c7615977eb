/* SPDX-License-Identifier: Apache-2.0 */
/* The operation table and what a deployment answers to operations that it does not serve. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ecs/operation.h"

static struct ecs_ts43_request request_of(const char *operation, enum ecs_app first, int second)
{
    struct ecs_ts43_request r = {.n_apps = 1};

    r.apps[0] = first;
    if (second >= 0)
        r.apps[r.n_apps++] = (enum ecs_app)second;
    r.param[ECS_P_OPERATION] = ecs_str_of(operation);
    return r;
}

/* proves: P-024 */
static void test_operation_names_do_not_differ_by_case(void **state)
{
    enum ecs_operation operation;

    (void)state;
    assert_true(ecs_operation_find(ECS_STR("checkeligibility"), &operation));
    assert_int_equal(operation, ECS_OP_CHECK_ELIGIBILITY);
    assert_true(ecs_operation_find(ECS_STR("GET3PAPPINFO"), &operation));
    assert_int_equal(operation, ECS_OP_GET_3P_APP_INFO);
    assert_false(ecs_operation_find(ECS_STR("CheckEligibility "), &operation));
    assert_false(ecs_operation_find(ECS_STR(""), &operation));
    for (unsigned i = 0; i < ECS_OPERATION_COUNT; i++) {
        assert_true(ecs_operation_find(ecs_str_of(ecs_operation_name((enum ecs_operation)i)), &operation));
        assert_int_equal(operation, i);
    }
}

static void test_lists_of_names_tell_known_and_unknown_ones(void **state)
{
    unsigned bits;

    (void)state;
    assert_true(ecs_operation_list(ECS_STR("ManageSubscription, acquireconfiguration"), &bits));
    assert_int_equal(bits, 1u << ECS_OP_MANAGE_SUBSCRIPTION | 1u << ECS_OP_ACQUIRE_CONFIGURATION);
    assert_false(ecs_operation_list(ECS_STR("GetPhoneNumber,Foo"), &bits));
    assert_int_equal(bits, 1u << ECS_OP_GET_PHONE_NUMBER);
    assert_false(ecs_operation_list(ECS_STR(""), &bits));
    assert_int_equal(bits, 0);
}

static void test_operations_belong_to_applications_that_have_them(void **state)
{
    (void)state;
    for (unsigned op = 0; op < ECS_OPERATION_COUNT; op++) {
        unsigned apps = 0;

        for (unsigned app = 0; app < ECS_APP_COUNT; app++)
            if (ecs_operation_is_of((enum ecs_operation)op, (enum ecs_app)app)) {
                assert_true(ecs_app_has_operations((enum ecs_app)app));
                apps++;
            }
        assert_true(apps > 0);
    }
    assert_true(ecs_operation_is_of(ECS_OP_VERIFY_PHONE_NUMBER, ECS_APP_2015));
    assert_false(ecs_operation_is_of(ECS_OP_GET_PHONE_NUMBER, ECS_APP_2015));
}

static void test_operator_tokens_open_the_consuming_operations_only(void **state)
{
    unsigned open = 0;

    (void)state;
    for (unsigned op = 0; op < ECS_OPERATION_COUNT; op++)
        if (ecs_operation_accepts((enum ecs_operation)op, ECS_BY_OPERATOR))
            open |= 1u << op;
    assert_int_equal(open, 1u << ECS_OP_VALIDATE_OPERATOR_TOKEN | 1u << ECS_OP_GET_SUBSCRIBER_DEVICE_INFO |
                               1u << ECS_OP_VERIFY_PHONE_NUMBER);
    assert_false(ecs_operation_accepts(ECS_OP_GET_SUBSCRIBER_INFO, ECS_BY_DEVICE));
    assert_false(ecs_operation_accepts(ECS_OP_ACQUIRE_TEMPORARY_TOKEN, ECS_BY_TEMPORARY));
}

/* proves: P-054 */
static void test_what_is_not_served_is_405_or_103_or_not_eligible(void **state)
{
    static const struct {
        const char *operation;
        enum ecs_app app;
        int second;
        enum ecs_rc rc;
        int result;
    } rows[] = {
        {"AcquirePlan", ECS_APP_2011, -1, ECS_E_METHOD, 0},
        {"getphonenumber", ECS_APP_2014, -1, ECS_E_METHOD, 0},
        {"GetPhoneNumber", ECS_APP_2014, ECS_APP_2004, ECS_OK, ECS_RESULT_GENERAL},
        {"ManageService", ECS_APP_2006, -1, ECS_OK, ECS_RESULT_NOT_SUPPORTED},
        {"ManageService", ECS_APP_2014, -1, ECS_OK, ECS_RESULT_INVALID_OPERATION},
        {"CheckEligibility", ECS_APP_2009, -1, ECS_OK, ECS_RESULT_GENERAL},
        {"Foo", ECS_APP_2009, -1, ECS_OK, ECS_RESULT_INVALID_OPERATION},
        {NULL, ECS_APP_2009, -1, ECS_OK, ECS_RESULT_GENERAL},
        {"Foo", ECS_APP_2004, -1, ECS_OK, ECS_RESULT_SUCCESS},
    };
    int result;

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_ts43_request r = request_of(rows[i].operation, rows[i].app, rows[i].second);

        assert_int_equal(ecs_operation_judge(&r, 0, &result), rows[i].rc);
        if (rows[i].rc == ECS_OK)
            assert_int_equal(result, rows[i].result);
    }
}

static void test_what_is_served_is_left_to_its_application(void **state)
{
    struct ecs_ts43_request r = request_of("GetPhoneNumber", ECS_APP_2014, -1);
    int result;

    (void)state;
    assert_int_equal(ecs_operation_judge(&r, 1u << ECS_OP_GET_PHONE_NUMBER, &result), ECS_OK);
    assert_int_equal(result, ECS_RESULT_SUCCESS);
    assert_int_equal(ecs_operation_judge(&r, 1u << ECS_OP_VERIFY_PHONE_NUMBER, &result), ECS_E_METHOD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operation_names_do_not_differ_by_case),
        cmocka_unit_test(test_lists_of_names_tell_known_and_unknown_ones),
        cmocka_unit_test(test_operations_belong_to_applications_that_have_them),
        cmocka_unit_test(test_operator_tokens_open_the_consuming_operations_only),
        cmocka_unit_test(test_what_is_not_served_is_405_or_103_or_not_eligible),
        cmocka_unit_test(test_what_is_served_is_left_to_its_application),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
