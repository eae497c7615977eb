/* SPDX-License-Identifier: Apache-2.0 */
/* Orders in TM Forum shapes: credentials, product orders, the end of the old one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bss_rig.h"

#define ORDERS "/base/tmf-api/serviceOrdering/v4/serviceOrder"
#define KEY    "ecs-7c9e6679-7425-40de-944b-e07fc1f90ae7-1"

static struct bss_world world;

static void open_tmf(void)
{
    world = (struct bss_world){.conf = {.type = ECS_BSS_TMF}};
    bss_open(&world);
}

/* An order there in that state; more: members, each with a comma before it. */
static const char *order_json(const char *state, const char *more)
{
    static char text[4096];

    snprintf(text, sizeof(text), "{\"id\": \"so-17\", \"externalId\": \"" KEY "\", \"state\": \"%s\"%s}",
             state, more);
    return text;
}

static void answer_order(int status, const char *json)
{
    char rule[8192];

    snprintf(rule, sizeof(rule),
             "{\"method\": \"POST\", \"path\": \"" ORDERS "\", \"status\": %d, \"json\": %s}", status, json);
    set_rule(&world.w, rule);
}

static void test_charged_orders_go_to_product_ordering(void **state)
{
    static const char path[] = "/base/tmf-api/productOrderingManagement/v4/productOrder";
    struct bss_job j = an_order(ECS_BSS_SUBSCRIBE);
    char rule[1024];

    (void)state;
    world = (struct bss_world){.conf = {.type = ECS_BSS_TMF, .order_api = ECS_BSS_ORDERS_PRODUCT}};
    bss_open(&world);
    snprintf(
        rule, sizeof(rule),
        "{\"method\": \"POST\", \"path\": \"%s\", \"status\": 201, \"json\": {\"id\": \"po-1\", \"state\": "
        "\"completed\","
        "\"productOrderItem\": [{\"product\": {\"productCharacteristic\": [{\"name\": \"iccid\", \"value\": "
        "\"8944500102198304826\"}]}}]}}",
        path);
    set_rule(&world.w, rule);
    bss_do(&world, &j, ORDER);
    check_status(j.result.status, ECS_BSS_DONE, j.result.why);
    check_text(j.result.iccid, "8944500102198304826");
    check_asked(&world, "\\\"productOffering\\\":{\\\"id\\\":\\\"watch-share\\\"}");
    bss_close(&world);
}

static void test_the_end_of_the_old_one_names_the_old_profile(void **state)
{
    struct bss_job j = an_order(ECS_BSS_END_OLD);

    (void)state;
    open_tmf();
    j.order.iccid = ECS_STR_NULL;
    answer_order(201, order_json("completed", ""));
    bss_do(&world, &j, ORDER);
    check_status(j.result.status, ECS_BSS_DONE, j.result.why);
    check_asked(&world, "\\\"action\\\":\\\"delete\\\"");
    check_asked(&world, "{\\\"name\\\":\\\"iccid\\\",\\\"value\\\":\\\"8944500102198304818\\\"}");
    check_asked(&world, "\\\"state\\\":\\\"terminated\\\"");
    bss_close(&world);
}

static void test_a_refused_token_is_renewed_once_and_the_order_sent_once_more(void **state)
{
    struct bss_job j = an_order(ECS_BSS_SUBSCRIBE);
    char rules[5120];

    (void)state;
    world = (struct bss_world){.conf = {.type = ECS_BSS_TMF,
                                        .auth = ECS_BSS_AUTH_OAUTH,
                                        .client_id = "ecs",
                                        .client_secret = "secret",
                                        .token_basic = true}};
    bss_open(&world);
    snprintf(
        rules, sizeof(rules),
        "{\"path\": \"/token\", \"times\": 1, \"json\": {\"access_token\": \"T-1\", \"expires_in\": 3600}},"
        "{\"path\": \"/token\", \"json\": {\"access_token\": \"T-2\", \"expires_in\": 3600}},"
        "{\"path\": \"" ORDERS "\", \"times\": 1, \"status\": 401},"
        "{\"path\": \"" ORDERS "\", \"status\": 201, \"json\": %s}",
        order_json("completed", ""));
    set_rule(&world.w, rules);
    bss_do(&world, &j, ORDER);
    check_status(j.result.status, ECS_BSS_DONE, j.result.why);
    check_asked(&world, "\"authorization\": \"Bearer T-1\"");
    check_asked(&world, "\"authorization\": \"Bearer T-2\"");
    assert_int_equal(asked_times(&world.w), 4);
    /* refused for good: once more, and no more */
    set_rule(&world.w, "{\"path\": \"/token\", \"json\": {\"access_token\": \"T-3\", \"expires_in\": 3600}},"
                       "{\"path\": \"" ORDERS "\", \"status\": 401}");
    bss_do(&world, &j, ORDER);
    check_status(j.result.status, ECS_BSS_DENIED, j.result.why);
    assert_int_equal(asked_times(&world.w), 7);
    bss_close(&world);
}

static void test_refused_credentials_are_an_alarm_and_no_order_goes_out(void **state)
{
    struct bss_job j = an_order(ECS_BSS_SUBSCRIBE);

    (void)state;
    world = (struct bss_world){
        .conf = {
            .type = ECS_BSS_TMF, .auth = ECS_BSS_AUTH_OAUTH, .client_id = "ecs", .client_secret = "secret"}};
    bss_open(&world);
    set_rule(&world.w, "{\"path\": \"/token\", \"status\": 401, \"json\": {\"error\": \"invalid_client\"}}");
    bss_do(&world, &j, ORDER);
    check_status(j.result.status, ECS_BSS_DENIED, j.result.why);
    assert_int_equal(asked_times(&world.w), 1);
    bss_close(&world);
}

static void test_keys_and_passwords_go_into_their_headers(void **state)
{
    struct bss_job j = an_order(ECS_BSS_SUBSCRIBE);

    (void)state;
    world = (struct bss_world){
        .conf = {
            .type = ECS_BSS_TMF, .auth = ECS_BSS_AUTH_KEY, .key_header = "X-Api-Key", .key_value = "k-1"}};
    bss_open(&world);
    bss_do(&world, &j, ORDER);
    check_asked(&world, "\"x-api-key\": \"k-1\"");
    bss_close(&world);
    world = (struct bss_world){
        .conf = {.type = ECS_BSS_TMF, .auth = ECS_BSS_AUTH_BASIC, .client_id = "u", .client_secret = "p"}};
    bss_open(&world);
    bss_do(&world, &j, ORDER);
    check_asked(&world, "\"authorization\": \"Basic dTpw\"");
    bss_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_charged_orders_go_to_product_ordering),
        cmocka_unit_test(test_the_end_of_the_old_one_names_the_old_profile),
        cmocka_unit_test(test_a_refused_token_is_renewed_once_and_the_order_sent_once_more),
        cmocka_unit_test(test_refused_credentials_are_an_alarm_and_no_order_goes_out),
        cmocka_unit_test(test_keys_and_passwords_go_into_their_headers),
    };

    return cmocka_run_group_tests(tests, start_origin, stop_origin);
}
