/* SPDX-License-Identifier: Apache-2.0 */
/* Orders in TM Forum shapes: what goes out, what each answer means, and that silence orders nothing twice. */
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

static void test_an_order_names_line_device_and_profile(void **state)
{
    struct bss_job j = an_order(ECS_BSS_SUBSCRIBE);

    (void)state;
    open_tmf();
    answer_order(201, order_json("acknowledged", ""));
    bss_do(&world, &j, ORDER);
    check_status(j.result.status, ECS_BSS_PENDING, j.result.why);
    check_text(j.result.reference, "so-17");
    check_asked(&world, "\"idempotency-key\": \"" KEY "\"");
    check_asked(&world, "\\\"externalId\\\":\\\"" KEY "\\\"");
    check_asked(&world, "\\\"action\\\":\\\"add\\\"");
    check_asked(&world, "\\\"serviceSpecification\\\":{\\\"id\\\":\\\"CFS_COMPANION\\\"}");
    check_asked(&world, "{\\\"name\\\":\\\"primaryMsisdn\\\",\\\"value\\\":\\\"491700000001\\\"}");
    check_asked(&world, "{\\\"name\\\":\\\"eid\\\",\\\"value\\\":\\\"89049032123451234512345678901235\\\"}");
    check_asked(&world, "{\\\"name\\\":\\\"iccid\\\",\\\"value\\\":\\\"8944500102198304826\\\"}");
    check_asked(&world, "{\\\"name\\\":\\\"planId\\\",\\\"value\\\":\\\"watch-share\\\"}");
    check_asked(&world, "{\\\"name\\\":\\\"operation\\\",\\\"value\\\":\\\"subscribe\\\"}");
    assert_int_equal(asked_times(&world.w), 1);
    bss_close(&world);
}

static void test_each_state_of_an_order_has_its_meaning(void **state)
{
    static const struct {
        const char *state;
        enum ecs_bss_status status;
    } rows[] = {{"acknowledged", ECS_BSS_PENDING},
                {"pending", ECS_BSS_PENDING},
                {"held", ECS_BSS_PENDING},
                {"inProgress", ECS_BSS_PENDING},
                {"assessingCancellation", ECS_BSS_PENDING},
                {"pendingCancellation", ECS_BSS_PENDING},
                {"completed", ECS_BSS_DONE},
                {"COMPLETED", ECS_BSS_DONE},
                {"partial", ECS_BSS_REFUSED},
                {"failed", ECS_BSS_REFUSED},
                {"rejected", ECS_BSS_REFUSED},
                {"cancelled", ECS_BSS_REFUSED},
                {"aNewStateOfVersionSix", ECS_BSS_PENDING}};

    (void)state;
    open_tmf();
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct bss_job j = an_order(ECS_BSS_SUBSCRIBE);

        answer_order(201, order_json(rows[i].state, ""));
        bss_do(&world, &j, ORDER);
        check_status(j.result.status, rows[i].status, rows[i].state);
        assert_true((j.result.why == NULL) ==
                    (j.result.status == ECS_BSS_DONE || j.result.status == ECS_BSS_PENDING));
    }
    bss_close(&world);
}

static void test_a_completed_order_brings_the_profile(void **state)
{
    /* Characteristics come as texts, numbers and objects. */
    static const char item[] =
        ", \"serviceOrderItem\": [{\"id\": \"1\", \"state\": \"completed\", \"service\": "
        "{\"serviceCharacteristic\": ["
        "{\"name\": \"iccid\", \"value\": {\"value\": \"8944500102198304826F\"}},"
        "{\"name\": \"activationCode\", \"value\": \"1$smdp.example.com$ECS-4K7Q-20A1\"},"
        "{\"name\": \"smdpAddress\", \"value\": \"smdp.example.com\"},"
        "{\"name\": \"msisdn\", \"value\": 491700000009},"
        "{\"name\": \"imsi\", \"value\": \"001010000000009\"}]}}]";
    struct bss_job j = an_order(ECS_BSS_SUBSCRIBE);

    (void)state;
    open_tmf();
    answer_order(201, order_json("completed", item));
    bss_do(&world, &j, ORDER);
    check_status(j.result.status, ECS_BSS_DONE, j.result.why);
    check_text(j.result.iccid, "8944500102198304826");
    check_text(j.result.code, "1$smdp.example.com$ECS-4K7Q-20A1");
    check_text(j.result.address, "smdp.example.com");
    check_text(j.result.msisdn, "491700000009");
    check_text(j.result.line_imsi, "001010000000009");
    answer_order(201, order_json("partial", item)); /* the only item is done */
    bss_do(&world, &j, ORDER);
    check_status(j.result.status, ECS_BSS_DONE, j.result.why);
    bss_close(&world);
}

static void test_values_without_their_form_make_the_answer_unusable(void **state)
{
    static const char *const bad[] = {"\"iccid\", \"value\": \"8944x\"",
                                      "\"iccid\", \"value\": \"894450010219830482612\"",
                                      "\"activationCode\", \"value\": \"hello\"",
                                      "\"smdpAddress\", \"value\": \"smdp example\"",
                                      "\"msisdn\", \"value\": \"+49 170\"",
                                      "\"imsi\", \"value\": \"12\"",
                                      "\"portalUrl\", \"value\": \"javascript:x\"",
                                      "\"portalUrl\", \"value\": \"http://plain.example/\""};

    (void)state;
    open_tmf();
    for (size_t i = 0; i < ECS_ARRAY_LEN(bad); i++) {
        struct bss_job j = an_order(ECS_BSS_SUBSCRIBE);
        char item[512];

        snprintf(item, sizeof(item),
                 ", \"serviceOrderItem\": [{\"service\": {\"serviceCharacteristic\": [{\"name\": %s}]}}]",
                 bad[i]);
        answer_order(201, order_json("completed", item));
        bss_do(&world, &j, ORDER);
        check_status(j.result.status, ECS_BSS_DENIED, bad[i]);
        assert_non_null(j.result.why);
    }
    bss_close(&world);
}

static void test_codes_of_refusals_say_what_is_to_be_done(void **state)
{
    static const struct {
        const char *code;
        enum ecs_bss_status status;
    } rows[] = {{"PROFILE_IN_USE", ECS_BSS_IN_USE},
                {"goto-shop", ECS_BSS_WEBSITE},
                {"BUSY", ECS_BSS_AGAIN},
                {"credit.limit", ECS_BSS_REFUSED}};

    (void)state;
    world = (struct bss_world){.conf = {.type = ECS_BSS_TMF}};
    world.items[0] = ECS_STR("PROFILE_IN_USE=in-use");
    world.items[1] = ECS_STR("GOTO-SHOP=website");
    world.items[2] = ECS_STR("BUSY=again");
    world.conf.codes = (struct ecs_str_list){world.items, 3};
    bss_open(&world);
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct bss_job j = an_order(ECS_BSS_SUBSCRIBE);
        char text[512];

        snprintf(text, sizeof(text),
                 ", \"errorMessage\": [{\"code\": \"%s\", \"reason\": \"text for people\"}]", rows[i].code);
        answer_order(201, order_json("rejected", text));
        bss_do(&world, &j, ORDER);
        check_status(j.result.status, rows[i].status, rows[i].code);
        check_text(j.result.reason, rows[i].code);
        snprintf(text, sizeof(text), "{\"code\": \"%s\", \"reason\": \"text\"}", rows[i].code);
        answer_order(422, text);
        bss_do(&world, &j, ORDER);
        check_status(j.result.status, rows[i].status, rows[i].code);
        check_text(j.result.reason, rows[i].code);
    }
    bss_close(&world);
}

static void test_a_code_that_may_be_a_number_of_somebody_is_not_kept(void **state)
{
    struct bss_job j = an_order(ECS_BSS_SUBSCRIBE);

    (void)state;
    open_tmf();
    answer_order(201, order_json("rejected", ", \"errorMessage\": [{\"code\": \"491700000001\"}]"));
    bss_do(&world, &j, ORDER);
    check_status(j.result.status, ECS_BSS_REFUSED, j.result.why);
    assert_null(j.result.reason.p);
    bss_close(&world);
}

static void test_each_http_status_has_its_meaning(void **state)
{
    static const struct {
        int http;
        enum ecs_bss_status status;
    } rows[] = {{401, ECS_BSS_DENIED}, {403, ECS_BSS_DENIED}, {404, ECS_BSS_DENIED}, {405, ECS_BSS_DENIED},
                {400, ECS_BSS_DENIED}, {408, ECS_BSS_AGAIN},  {429, ECS_BSS_AGAIN},  {500, ECS_BSS_AGAIN},
                {501, ECS_BSS_DENIED}, {503, ECS_BSS_AGAIN},  {302, ECS_BSS_DENIED}};

    (void)state;
    open_tmf();
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct bss_job j = an_order(ECS_BSS_SUBSCRIBE);

        answer_order(rows[i].http, "{}");
        bss_do(&world, &j, ORDER);
        check_status(j.result.status, rows[i].status, j.result.why);
        assert_non_null(j.result.why);
    }
    set_rule(&world.w, "{\"path\": \"" ORDERS "\", \"status\": 503, \"headers\": {\"Retry-After\": \"7\"}}");
    {
        struct bss_job j = an_order(ECS_BSS_SUBSCRIBE);

        bss_do(&world, &j, ORDER);
        assert_int_equal(j.result.retry_after_s, 7);
    }
    bss_close(&world);
}

static void test_an_unreadable_answer_is_looked_up_and_not_ordered_again(void **state)
{
    struct bss_job j = an_order(ECS_BSS_SUBSCRIBE);

    (void)state;
    open_tmf();
    set_rule(&world.w, "{\"path\": \"" ORDERS "\", \"status\": 201, \"body\": \"<html>\"}");
    bss_do(&world, &j, ORDER);
    check_status(j.result.status, ECS_BSS_AGAIN, j.result.why);
    set_rule(&world.w,
             "{\"method\": \"GET\", \"path\": \"" ORDERS "\", \"json\": [{\"id\": \"so-1\", \"externalId\": "
             "\"other\", \"state\": \"completed\"}, {\"id\": \"so-17\", \"externalId\": \"" KEY
             "\", \"state\": \"inProgress\"}]}");
    j.order.repeated = true;
    bss_do(&world, &j, ORDER);
    check_status(j.result.status, ECS_BSS_PENDING, j.result.why);
    check_text(j.result.reference, "so-17"); /* not the one of somebody else */
    check_asked(&world, "externalId=" KEY);
    assert_int_equal(asked_times(&world.w), 2);
    bss_close(&world);
}

static void test_a_repeated_order_that_never_arrived_is_sent_with_the_same_key(void **state)
{
    struct bss_job j = an_order(ECS_BSS_SUBSCRIBE);
    char rules[5120];

    (void)state;
    open_tmf();
    snprintf(rules, sizeof(rules),
             "{\"method\": \"GET\", \"path\": \"" ORDERS "\", \"json\": []},"
             "{\"method\": \"POST\", \"path\": \"" ORDERS "\", \"status\": 201, \"json\": %s}",
             order_json("completed", ""));
    set_rule(&world.w, rules);
    j.order.repeated = true;
    bss_do(&world, &j, ORDER);
    check_status(j.result.status, ECS_BSS_DONE, j.result.why);
    check_asked(&world, "\"idempotency-key\": \"" KEY "\"");
    assert_int_equal(asked_times(&world.w), 2);
    bss_close(&world);
}

static void test_nothing_is_ordered_while_the_search_fails(void **state)
{
    struct bss_job j = an_order(ECS_BSS_SUBSCRIBE);

    (void)state;
    open_tmf();
    set_rule(&world.w, "{\"path\": \"" ORDERS "\", \"status\": 500}");
    j.order.repeated = true;
    bss_do(&world, &j, ORDER);
    check_status(j.result.status, ECS_BSS_AGAIN, j.result.why);
    assert_int_equal(asked_times(&world.w), 1);
    assert_null(strstr(origin_log(&world.w), "POST"));
    bss_close(&world);
}

static void test_a_conflict_is_our_own_order_of_before(void **state)
{
    struct bss_job j = an_order(ECS_BSS_SUBSCRIBE);
    char rules[5120];

    (void)state;
    open_tmf();
    snprintf(rules, sizeof(rules),
             "{\"method\": \"POST\", \"path\": \"" ORDERS
             "\", \"status\": 409, \"json\": {\"code\": \"409\"}},"
             "{\"method\": \"GET\", \"path\": \"" ORDERS "\", \"json\": [%s]}",
             order_json("completed", ""));
    set_rule(&world.w, rules);
    bss_do(&world, &j, ORDER);
    check_status(j.result.status, ECS_BSS_DONE, j.result.why);
    bss_close(&world);
}

static void test_a_broken_connection_sends_no_second_order_by_itself(void **state)
{
    struct bss_job j = an_order(ECS_BSS_SUBSCRIBE);

    (void)state;
    open_tmf();
    set_rule(&world.w, "{\"path\": \"" ORDERS "\", \"json\": []}");
    bss_do(&world, &j, FIND); /* leaves a kept connection */
    set_rule(&world.w, "{\"path\": \"" ORDERS "\", \"mode\": \"nothing\"}");
    bss_do(&world, &j, ORDER);
    check_status(j.result.status, ECS_BSS_AGAIN, j.result.why);
    assert_int_equal(asked_times(&world.w), 2);
    bss_close(&world);
}

static void test_a_slow_bss_is_left_within_its_time(void **state)
{
    struct bss_job j = an_order(ECS_BSS_SUBSCRIBE);
    int64_t begin;

    (void)state;
    world = (struct bss_world){.conf = {.type = ECS_BSS_TMF, .total_ms = 300}};
    bss_open(&world);
    set_rule(&world.w, "{\"path\": \"" ORDERS "\", \"status\": 201, \"delay_ms\": 3000}");
    begin = ecs_clock_mono_us();
    bss_do(&world, &j, ORDER);
    check_status(j.result.status, ECS_BSS_AGAIN, j.result.why);
    assert_true(ecs_clock_mono_us() - begin < 1500000);
    bss_close(&world);
}

static void test_a_search_tells_unknown_orders(void **state)
{
    struct bss_job j = an_order(ECS_BSS_SUBSCRIBE);

    (void)state;
    open_tmf();
    set_rule(&world.w, "{\"path\": \"" ORDERS "\", \"json\": []}");
    bss_do(&world, &j, FIND);
    check_status(j.result.status, ECS_BSS_UNKNOWN, j.result.why);
    set_rule(&world.w,
             "{\"path\": \"" ORDERS "/so-17\", \"json\": {\"id\": \"so-17\", \"state\": \"failed\"}}");
    j.reference = ECS_STR("so-17");
    bss_do(&world, &j, FIND);
    check_status(j.result.status, ECS_BSS_REFUSED, j.result.why);
    bss_close(&world);
}

static void test_a_cancellation_looks_first_what_there_is(void **state)
{
    static const struct {
        const char *state, *task;
        enum ecs_bss_status status;
        int asked;
    } rows[] = {{"inProgress", "done", ECS_BSS_DONE, 2},
                {"inProgress", "accepted", ECS_BSS_PENDING, 2},
                {"held", "terminatedWithError", ECS_BSS_REFUSED, 2},
                {"completed", "done", ECS_BSS_REFUSED, 1},
                {"failed", "done", ECS_BSS_DONE, 1},
                {"cancelled", "done", ECS_BSS_DONE, 1},
                {"pendingCancellation", "done", ECS_BSS_PENDING, 1}};

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct bss_job j = an_order(ECS_BSS_SUBSCRIBE);
        char rules[5120];

        open_tmf();
        snprintf(rules, sizeof(rules),
                 "{\"method\": \"GET\", \"path\": \"" ORDERS "\", \"json\": [%s]},"
                 "{\"method\": \"POST\", \"prefix\": "
                 "\"/base/tmf-api/serviceOrdering/v4/cancelServiceOrder\", \"status\": "
                 "201, \"json\": {\"id\": \"c-1\", \"state\": \"%s\"}}",
                 order_json(rows[i].state, ""), rows[i].task);
        set_rule(&world.w, rules);
        bss_do(&world, &j, CANCEL);
        check_status(j.result.status, rows[i].status, rows[i].state);
        assert_int_equal(asked_times(&world.w), rows[i].asked);
        if (rows[i].asked == 2)
            check_asked(&world, "\\\"serviceOrder\\\":{\\\"id\\\":\\\"so-17\\\"}");
        bss_close(&world);
    }
}

static void test_an_order_that_is_not_there_needs_no_cancellation(void **state)
{
    struct bss_job j = an_order(ECS_BSS_SUBSCRIBE);

    (void)state;
    open_tmf();
    set_rule(&world.w, "{\"path\": \"" ORDERS "\", \"json\": []}");
    bss_do(&world, &j, CANCEL);
    check_status(j.result.status, ECS_BSS_DONE, j.result.why);
    assert_int_equal(asked_times(&world.w), 1);
    bss_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_order_names_line_device_and_profile),
        cmocka_unit_test(test_each_state_of_an_order_has_its_meaning),
        cmocka_unit_test(test_a_completed_order_brings_the_profile),
        cmocka_unit_test(test_values_without_their_form_make_the_answer_unusable),
        cmocka_unit_test(test_codes_of_refusals_say_what_is_to_be_done),
        cmocka_unit_test(test_a_code_that_may_be_a_number_of_somebody_is_not_kept),
        cmocka_unit_test(test_each_http_status_has_its_meaning),
        cmocka_unit_test(test_an_unreadable_answer_is_looked_up_and_not_ordered_again),
        cmocka_unit_test(test_a_repeated_order_that_never_arrived_is_sent_with_the_same_key),
        cmocka_unit_test(test_nothing_is_ordered_while_the_search_fails),
        cmocka_unit_test(test_a_conflict_is_our_own_order_of_before),
        cmocka_unit_test(test_a_broken_connection_sends_no_second_order_by_itself),
        cmocka_unit_test(test_a_slow_bss_is_left_within_its_time),
        cmocka_unit_test(test_a_search_tells_unknown_orders),
        cmocka_unit_test(test_a_cancellation_looks_first_what_there_is),
        cmocka_unit_test(test_an_order_that_is_not_there_needs_no_cancellation),
    };

    return cmocka_run_group_tests(tests, start_origin, stop_origin);
}
