/* SPDX-License-Identifier: Apache-2.0 */
/* The dialect with one address per question: which one is asked, with what, and what its answers mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bss_rig.h"

static struct bss_world world;

static void open_rest(void)
{
    world = (struct bss_world){.conf = {.type = ECS_BSS_REST}};
    bss_open(&world);
}

static void test_each_action_has_its_address(void **state)
{
    static const struct {
        enum ecs_bss_action action;
        const char *app, *service, *path;
    } rows[] = {
        {ECS_BSS_SUBSCRIBE, "ap2006", "SharedNumber", "/base/activations"},
        {ECS_BSS_RECOVER, "ap2009", NULL, "/base/recoveries"},
        {ECS_BSS_TRANSFER, "ap2009", NULL, "/base/transfers/primary"},
        {ECS_BSS_TRANSFER, "ap2006", "SharedNumber", "/base/transfers/shared-number"},
        {ECS_BSS_TRANSFER, "ap2006", "DiffNumber", "/base/transfers/stand-alone"},
        {ECS_BSS_END, "ap2006", NULL, "/base/deactivations"},
        {ECS_BSS_END_OLD, "ap2009", NULL, "/base/deactivations/old"},
        {ECS_BSS_CONFIRM, "ap2006", NULL, "/base/confirmations"},
        {ECS_BSS_SERVICE_ON, "ap2006", NULL, "/base/services/activate"},
        {ECS_BSS_SERVICE_OFF, "ap2006", NULL, "/base/services/deactivate"},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct bss_job j = an_order(rows[i].action);
        bool transfer = rows[i].action == ECS_BSS_TRANSFER;
        char text[256];

        open_rest();
        j.order.subject.app = ecs_str_of(rows[i].app);
        j.order.subject.service = ecs_str_of(rows[i].service);
        set_rule(&world.w,
                 "{\"prefix\": \"/base/\", \"json\": {\"result\": \"ok\", \"reference\": \"R-1\"}}");
        bss_do(&world, &j, ORDER);
        check_status(j.result.status, ECS_BSS_DONE, rows[i].path);
        check_text(j.result.reference, "R-1");
        snprintf(text, sizeof(text), "\"path\": \"%s\"", rows[i].path);
        check_asked(&world, text);
        snprintf(text, sizeof(text), "\"path\": \"%s/check\"", rows[i].path);
        assert_true((strstr(origin_log(&world.w), text) != NULL) == transfer);
        assert_int_equal(asked_times(&world.w), transfer ? 2 : 1);
        snprintf(text, sizeof(text), "\\\"operation\\\":\\\"%s\\\"", ecs_bss_action_names[rows[i].action]);
        check_asked(&world, text);
        check_asked(&world, "\"idempotency-key\": \"ecs-7c9e6679-7425-40de-944b-e07fc1f90ae7-1\"");
        check_asked(&world, "\\\"imsi\\\":\\\"001010000000001\\\"");
        bss_close(&world);
    }
}

static void test_a_transfer_that_does_not_pass_its_check_is_not_ordered(void **state)
{
    static const struct {
        const char *result;
        enum ecs_bss_status status;
    } rows[] = {{"refused", ECS_BSS_REFUSED},
                {"in-use", ECS_BSS_IN_USE},
                {"website", ECS_BSS_WEBSITE},
                {"again", ECS_BSS_AGAIN},
                {"pending", ECS_BSS_PENDING}};

    (void)state;
    open_rest();
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct bss_job j = an_order(ECS_BSS_TRANSFER);
        char rule[512];

        snprintf(
            rule, sizeof(rule),
            "{\"path\": \"/base/transfers/shared-number/check\", \"json\": {\"result\": \"%s\", \"reason\": "
            "\"T-%zu\", \"url\": \"https://portal.example/x\", \"userData\": \"a=b\"}}",
            rows[i].result, i);
        set_rule(&world.w, rule);
        bss_do(&world, &j, ORDER);
        check_status(j.result.status, rows[i].status, j.result.why);
        check_text(j.result.url, "https://portal.example/x");
        check_text(j.result.data, "a=b");
    }
    assert_null(strstr(origin_log(&world.w), "\"path\": \"/base/transfers/shared-number\""));
    bss_close(&world);
}

static void test_a_repeated_order_is_looked_for_first(void **state)
{
    struct bss_job j = an_order(ECS_BSS_TRANSFER);

    (void)state;
    open_rest();
    j.order.repeated = true;
    set_rule(
        &world.w,
        "{\"path\": \"/base/orders/status\", \"json\": {\"result\": \"pending\", \"reference\": \"R-7\"}}");
    bss_do(&world, &j, ORDER);
    check_status(j.result.status, ECS_BSS_PENDING, j.result.why);
    check_text(j.result.reference, "R-7");
    assert_int_equal(asked_times(&world.w), 1);
    set_rule(&world.w,
             "{\"path\": \"/base/orders/status\", \"status\": 404, \"json\": {\"result\": \"unknown\"}},"
             "{\"path\": \"/base/transfers/shared-number\", \"json\": {\"result\": \"ok\"}}");
    bss_do(&world, &j, ORDER);
    check_status(j.result.status, ECS_BSS_DONE, j.result.why);
    assert_null(strstr(origin_log(&world.w), "/check"));
    bss_close(&world);
}

static void test_answers_are_judged_by_result_and_http(void **state)
{
    static const struct {
        int http;
        const char *json;
        enum ecs_bss_status status;
    } rows[] = {
        {200, "{\"result\": \"ok\"}", ECS_BSS_DONE},
        {200, "{\"result\": \"DONE\"}", ECS_BSS_DONE},
        {200, "{}", ECS_BSS_DONE},
        {202, "{}", ECS_BSS_PENDING},
        {200, "{\"result\": \"hurrah\"}", ECS_BSS_DENIED},
        {200, "{\"result\": \"S-77\"}", ECS_BSS_IN_USE},
        {409, "{\"result\": \"in-use\"}", ECS_BSS_IN_USE},
        {409, "{\"reason\": \"S-77\"}", ECS_BSS_IN_USE},
        {422, "{\"result\": \"ok\"}", ECS_BSS_DENIED},
        {422, "{\"reason\": \"X\"}", ECS_BSS_REFUSED},
        {200, "[]", ECS_BSS_AGAIN},
        {404, "[]", ECS_BSS_DENIED},
        {503, "{\"result\": \"ok\"}", ECS_BSS_AGAIN},
        {401, "{\"result\": \"ok\"}", ECS_BSS_DENIED},
    };

    (void)state;
    world = (struct bss_world){.conf = {.type = ECS_BSS_REST}};
    world.items[0] = ECS_STR("S-77=in-use");
    world.conf.codes = (struct ecs_str_list){world.items, 1};
    bss_open(&world);
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct bss_job j = an_order(ECS_BSS_SUBSCRIBE);
        char rule[512];

        snprintf(rule, sizeof(rule), "{\"prefix\": \"/base/\", \"status\": %d, \"json\": %s}", rows[i].http,
                 rows[i].json);
        set_rule(&world.w, rule);
        bss_do(&world, &j, ORDER);
        check_status(j.result.status, rows[i].status, rows[i].json);
    }
    bss_close(&world);
}

static void test_names_of_members_can_be_the_operators(void **state)
{
    struct bss_job j = an_order(ECS_BSS_SUBSCRIBE);

    (void)state;
    world = (struct bss_world){.conf = {.type = ECS_BSS_REST}};
    world.items[0] = ECS_STR("member-msisdn=customer.phone.number");
    world.items[1] = ECS_STR("answer-iccid=esim.card.id");
    world.items[2] = ECS_STR("answer-result=outcome");
    world.items[3] = ECS_STR("activate=/v7/esim");
    world.conf.templates = (struct ecs_str_list){world.items, 3};
    world.conf.paths = (struct ecs_str_list){world.items + 3, 1};
    bss_open(&world);
    set_rule(&world.w,
             "{\"path\": \"/base/v7/esim\", \"json\": {\"outcome\": \"done\", \"esim\": {\"card\": {\"id\": "
             "\"8944500102198304826\"}}}}");
    bss_do(&world, &j, ORDER);
    check_status(j.result.status, ECS_BSS_DONE, j.result.why);
    check_text(j.result.iccid, "8944500102198304826");
    check_asked(&world, "\\\"customer\\\":{\\\"phone\\\":{\\\"number\\\":\\\"491700000001\\\"}}");
    bss_close(&world);
}

static void test_eligibility_and_profiles_are_two_questions(void **state)
{
    struct bss_job j = {.subject = {.imsi = ECS_STR("001010000000001"), .app = ECS_STR("ap2006")}};

    (void)state;
    open_rest();
    set_rule(
        &world.w,
        "{\"path\": \"/base/eligibility\", \"json\": {\"eligible\": true, \"services\": [\"SharedNumber\"]}},"
        "{\"path\": \"/base/entitlements/status\", \"json\": {\"profiles\": [{\"iccid\": "
        "\"8944500102198304826\", \"serviceStatus\": 1, \"service\": \"SharedNumber\", \"secondary\": true},"
        "{\"iccid\": \"bad\", \"serviceStatus\": 1}, {\"iccid\": \"8944500102198304818\"},"
        "{\"iccid\": \"8944500102198304818\", \"serviceStatus\": \"deactivated\"}]}}");
    bss_do(&world, &j, ASK);
    check_status(j.line.status, ECS_BSS_DONE, j.line.why);
    assert_int_equal(j.line.eligible, 1);
    check_text(j.line.services, "SharedNumber");
    assert_int_equal(j.line.n_profiles, 2);
    assert_int_equal(j.line.profiles[0].status, 1);
    assert_true(j.line.profiles[0].secondary);
    assert_int_equal(j.line.profiles[1].status, 3);
    bss_close(&world);
}

static void test_a_requestor_is_validated_before_anything_else(void **state)
{
    struct bss_job j = {
        .subject = {.enterprise = ECS_STR("acme"), .requestor = ECS_STR("mdm-1"), .app = ECS_STR("ap2011")}};

    (void)state;
    open_rest();
    set_rule(&world.w, "{\"path\": \"/base/users/validate\", \"json\": {\"result\": \"refused\", \"reason\": "
                       "\"no-contract\"}}");
    bss_do(&world, &j, ASK);
    check_status(j.line.status, ECS_BSS_DONE, j.line.why);
    assert_int_equal(j.line.eligible, 0);
    check_text(j.line.reason, "no-contract");
    assert_int_equal(asked_times(&world.w), 1);
    check_asked(&world, "\\\"enterprise\\\":{\\\"id\\\":\\\"acme\\\",\\\"requestor\\\":\\\"mdm-1\\\"}");
    set_rule(&world.w, "{\"prefix\": \"/base/\", \"json\": {\"result\": \"ok\", \"eligible\": 1}}");
    bss_do(&world, &j, ASK);
    assert_int_equal(j.line.eligible, 1);
    assert_int_equal(asked_times(&world.w), 4);
    bss_close(&world);
}

static void test_questions_that_are_off_are_not_asked(void **state)
{
    struct bss_job j = {.subject = {.imsi = ECS_STR("001010000000001"), .app = ECS_STR("ap2006")}};

    (void)state;
    world = (struct bss_world){.conf = {.type = ECS_BSS_REST}};
    world.items[0] = ECS_STR("eligibility=");
    world.items[1] = ECS_STR("plans=");
    world.items[2] = ECS_STR("entitlement-status=");
    world.conf.paths = (struct ecs_str_list){world.items, 3};
    bss_open(&world);
    bss_do(&world, &j, ASK);
    check_status(j.line.status, ECS_BSS_DONE, j.line.why);
    assert_int_equal(j.line.eligible, -1);
    bss_do(&world, &j, PLANS);
    check_status(j.plans.status, ECS_BSS_DONE, j.plans.why);
    assert_int_equal(asked_times(&world.w), 0);
    bss_close(&world);
}

static void test_one_plan_is_asked_for_by_its_id(void **state)
{
    struct bss_job j = {
        .subject = {.imsi = ECS_STR("001010000000001"), .app = ECS_STR("ap2006"), .plan = ECS_STR("gold")}};

    (void)state;
    open_rest();
    set_rule(
        &world.w,
        "{\"path\": \"/base/plans/by-id\", \"json\": {\"plans\": [{\"id\": \"gold\", \"name\": \"Gold\", "
        "\"profileType\": \"t1\"}, {\"id\": \"silver\"}]}}");
    bss_do(&world, &j, PLANS);
    check_status(j.plans.status, ECS_BSS_DONE, j.plans.why);
    assert_int_equal(j.plans.n, 1);
    check_text(j.plans.plans[0].name, "Gold");
    check_text(j.plans.plans[0].profile_type, "t1");
    check_asked(&world, "\\\"planId\\\":\\\"gold\\\"");
    bss_close(&world);
}

static void test_orders_are_found_and_cancelled_by_key(void **state)
{
    struct bss_job j = an_order(ECS_BSS_SUBSCRIBE);

    (void)state;
    open_rest();
    set_rule(&world.w, "{\"path\": \"/base/orders/status\", \"json\": {\"result\": \"unknown\"}},"
                       "{\"path\": \"/base/orders/cancel\", \"json\": {\"result\": \"unknown\"}}");
    bss_do(&world, &j, FIND);
    check_status(j.result.status, ECS_BSS_UNKNOWN, j.result.why);
    bss_do(&world, &j, CANCEL);
    check_status(j.result.status, ECS_BSS_DONE, j.result.why);
    check_asked(&world, "\\\"key\\\":\\\"ecs-7c9e6679-7425-40de-944b-e07fc1f90ae7-1\\\"");
    set_rule(
        &world.w,
        "{\"path\": \"/base/orders/cancel\", \"json\": {\"result\": \"refused\", \"reason\": \"late\"}}");
    bss_do(&world, &j, CANCEL);
    check_status(j.result.status, ECS_BSS_REFUSED, j.result.why);
    bss_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_action_has_its_address),
        cmocka_unit_test(test_a_transfer_that_does_not_pass_its_check_is_not_ordered),
        cmocka_unit_test(test_a_repeated_order_is_looked_for_first),
        cmocka_unit_test(test_answers_are_judged_by_result_and_http),
        cmocka_unit_test(test_names_of_members_can_be_the_operators),
        cmocka_unit_test(test_eligibility_and_profiles_are_two_questions),
        cmocka_unit_test(test_a_requestor_is_validated_before_anything_else),
        cmocka_unit_test(test_questions_that_are_off_are_not_asked),
        cmocka_unit_test(test_one_plan_is_asked_for_by_its_id),
        cmocka_unit_test(test_orders_are_found_and_cancelled_by_key),
    };

    return cmocka_run_group_tests(tests, start_origin, stop_origin);
}
