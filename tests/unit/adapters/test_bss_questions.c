/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to a BSS in TM Forum shapes: eligibility and profiles from inventories, plans from the catalogue.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bss_rig.h"

#define PRODUCT  "/base/tmf-api/productInventory/v4/product"
#define SERVICE  "/base/tmf-api/serviceInventory/v4/service"
#define RESOURCE "/base/tmf-api/resourceInventoryManagement/v4/resource"
#define OFFERING "/base/tmf-api/productCatalogManagement/v4/productOffering"

static struct bss_world world;

static void open_tmf(void)
{
    world = (struct bss_world){.conf = {.type = ECS_BSS_TMF}};
    bss_open(&world);
}

static struct bss_job a_question(void)
{
    return (struct bss_job){.subject = {.imsi = ECS_STR("001010000000001"),
                                        .msisdn = ECS_STR("491700000001"),
                                        .app = ECS_STR("ap2006")}};
}

/* The answers to both questions as JSON. */
static void answer_both(const char *products, const char *services)
{
    static char rules[16384];

    snprintf(rules, sizeof(rules),
             "{\"path\": \"" PRODUCT "\", \"json\": %s}, {\"path\": \"" SERVICE "\", \"json\": %s}", products,
             services);
    set_rule(&world.w, rules);
}

#define ACTIVE(values) "[{\"id\": \"p-1\", \"status\": \"active\", \"productCharacteristic\": [" values "]}]"

static void test_a_product_tells_eligibility_and_services(void **state)
{
    static const struct {
        const char *products;
        int eligible;
    } rows[] = {
        {ACTIVE("{\"name\": \"companionEligible\", \"value\": true}"), 1},
        {ACTIVE("{\"name\": \"companionEligible\", \"value\": \"false\"}"), 0},
        {ACTIVE("{\"name\": \"companionEligible\", \"value\": 2}"), 2},
        {ACTIVE("{\"name\": \"companionEligible\", \"value\": {\"value\": \"1\"}}"), 1},
        {ACTIVE("{\"name\": \"companionEligible\", \"value\": \"perhaps\"}"), -1},
        {ACTIVE("{\"name\": \"primaryEligible\", \"value\": true}"), -1},
        {"[{\"id\": \"p-1\", \"status\": \"suspended\"}]", 0},
        {"[]", 0},
    };

    (void)state;
    open_tmf();
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct bss_job j = a_question();

        answer_both(rows[i].products, "[]");
        bss_do(&world, &j, ASK);
        check_status(j.line.status, ECS_BSS_DONE, j.line.why);
        if (j.line.eligible != rows[i].eligible)
            fail_msg("%s: %d", rows[i].products, j.line.eligible);
    }
    check_asked(&world, "productCharacteristic.name=msisdn&productCharacteristic.value=491700000001");
    {
        struct bss_job j = a_question();

        answer_both(
            ACTIVE("{\"name\": \"companionServices\", \"value\": [\"SharedNumber\", \"DiffNumber\"]}"), "[]");
        bss_do(&world, &j, ASK);
        check_text(j.line.services, "SharedNumber,DiffNumber");
    }
    bss_close(&world);
}

static void test_services_tell_the_profiles_of_the_application(void **state)
{
    static const char services[] =
        "[{\"id\": \"s-1\", \"state\": \"active\", \"serviceSpecification\": {\"id\": \"CFS_COMPANION\"},"
        "  \"serviceCharacteristic\": [{\"name\": \"iccid\", \"value\": \"8944500102198304826\"},"
        "   {\"name\": \"eid\", \"value\": \"89049032123451234512345678901235\"},"
        "   {\"name\": \"terminalId\", \"value\": \"359911111111111\"},"
        "   {\"name\": \"serviceType\", \"value\": \"SharedNumber\"},"
        "   {\"name\": \"activationCode\", \"value\": \"1$smdp.example.com$M\"}]},"
        " {\"id\": \"s-2\", \"state\": \"active\", \"isServiceEnabled\": false,"
        "  \"serviceSpecification\": {\"name\": \"cfs_companion\"},"
        "  \"serviceCharacteristic\": [{\"name\": \"iccid\", \"value\": \"8944500102198304818\"}]},"
        " {\"id\": \"s-3\", \"state\": \"reserved\", \"serviceSpecification\": {\"id\": \"CFS_COMPANION\"}},"
        " {\"id\": \"s-4\", \"state\": \"inactive\", \"serviceSpecification\": {\"id\": \"CFS_COMPANION\"},"
        "  \"serviceOrderItem\": [{\"state\": \"inProgress\"}]},"
        " {\"id\": \"s-5\", \"state\": \"feasibilityChecked\", \"serviceSpecification\": {\"id\": "
        "\"CFS_COMPANION\"}},"
        " {\"id\": \"s-6\", \"state\": \"active\", \"serviceSpecification\": {\"id\": \"CFS_PRIMARY\"}},"
        " {\"id\": \"s-7\", \"state\": \"active\", \"serviceSpecification\": {\"id\": \"CFS_VOWIFI\"}},"
        " {\"id\": \"s-8\", \"state\": \"active\", \"serviceSpecification\": {\"id\": \"CFS_COMPANION\"},"
        "  \"serviceCharacteristic\": [{\"name\": \"iccid\", \"value\": \"none\"}]},"
        " {\"id\": \"s-9\", \"state\": \"terminated\", \"serviceSpecification\": {\"id\": "
        "\"CFS_COMPANION\"}}]";
    static const int status[] = {1, 3, 2, 2, 4};
    struct bss_job j = a_question();

    (void)state;
    open_tmf();
    answer_both(ACTIVE(""), services);
    bss_do(&world, &j, ASK);
    check_status(j.line.status, ECS_BSS_DONE, j.line.why);
    assert_int_equal(j.line.n_profiles, ECS_ARRAY_LEN(status));
    for (size_t i = 0; i < ECS_ARRAY_LEN(status); i++)
        assert_int_equal(j.line.profiles[i].status, status[i]);
    check_text(j.line.profiles[0].iccid, "8944500102198304826");
    check_text(j.line.profiles[0].eid, "89049032123451234512345678901235");
    check_text(j.line.profiles[0].terminal_id, "359911111111111");
    check_text(j.line.profiles[0].service, "SharedNumber");
    check_text(j.line.profiles[0].code, "1$smdp.example.com$M");
    bss_close(&world);
}

static void test_resources_complete_what_services_leave_out(void **state)
{
    struct bss_job j = a_question();

    (void)state;
    world = (struct bss_world){.conf = {.type = ECS_BSS_TMF}};
    world.items[0] = ECS_STR("resource-filter=relatedParty.id={msisdn}");
    world.conf.templates = (struct ecs_str_list){world.items, 1};
    bss_open(&world);
    set_rule(&world.w,
             "{\"path\": \"" PRODUCT "\", \"json\": " ACTIVE(
                 "") "},"
                     "{\"path\": \"" SERVICE "\", \"json\": [{\"id\": \"s-1\", \"state\": \"active\","
                     " \"serviceSpecification\": {\"id\": \"CFS_COMPANION\"},"
                     " \"supportingResource\": [{\"id\": \"r-1\"}, {\"id\": \"r-2\"}, {\"id\": \"r-3\"}]}]},"
                     "{\"path\": \"" RESOURCE "\", \"json\": ["
                     " {\"id\": \"r-1\", \"serialNumber\": \"8944500102198304826\", "
                     "\"resourceSpecification\": {\"name\": \"ICCID\"}},"
                     " {\"id\": \"r-2\", \"value\": \"491700000009\", \"category\": \"MSISDN\"},"
                     " {\"id\": \"r-3\", \"value\": \"wrong\", \"category\": \"imsi\"},"
                     " {\"id\": \"r-9\", \"value\": \"89049032123451234512345678901235\", \"category\": "
                     "\"EID\"}]}");
    bss_do(&world, &j, ASK);
    check_status(j.line.status, ECS_BSS_DONE, j.line.why);
    assert_int_equal(j.line.n_profiles, 1);
    check_text(j.line.profiles[0].iccid, "8944500102198304826");
    check_text(j.line.profiles[0].msisdn, "491700000009");
    assert_null(j.line.profiles[0].line_imsi.p); /* no IMSI */
    assert_null(j.line.profiles[0].eid.p);       /* of somebody else */
    check_asked(&world, "relatedParty.id=491700000001");
    bss_close(&world);
}

static void test_a_filter_without_its_value_is_not_asked(void **state)
{
    struct bss_job j = a_question();

    (void)state;
    open_tmf();
    j.subject.msisdn = ECS_STR_NULL;
    bss_do(&world, &j, ASK);
    check_status(j.line.status, ECS_BSS_DONE, j.line.why);
    assert_int_equal(j.line.eligible, -1);
    assert_int_equal(asked_times(&world.w), 0);
    bss_close(&world);
}

static void test_values_in_filters_are_escaped(void **state)
{
    struct bss_job j = a_question();

    (void)state;
    open_tmf();
    j.subject.msisdn = ECS_STR("49&x=1 ");
    answer_both("[]", "[]");
    bss_do(&world, &j, ASK);
    check_asked(&world, "productCharacteristic.value=49%26x%3D1%20");
    bss_close(&world);
}

static void test_answers_that_are_no_lists_are_told_apart(void **state)
{
    static const struct {
        const char *rule;
        enum ecs_bss_status status;
    } rows[] = {
        {"{\"path\": \"" PRODUCT "\", \"json\": {\"a\": 1}}", ECS_BSS_DENIED},
        {"{\"path\": \"" PRODUCT "\", \"body\": \"{[\"}", ECS_BSS_AGAIN},
        {"{\"path\": \"" PRODUCT "\", \"status\": 500}", ECS_BSS_AGAIN},
        {"{\"path\": \"" PRODUCT "\", \"status\": 403}", ECS_BSS_DENIED},
        {"{\"path\": \"" PRODUCT "\", \"mode\": \"cut\"}", ECS_BSS_AGAIN},
        {"{\"path\": \"" PRODUCT "\", \"mode\": \"garbage\"}", ECS_BSS_AGAIN},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct bss_job j = a_question();

        open_tmf();
        set_rule(&world.w, rows[i].rule);
        bss_do(&world, &j, ASK);
        check_status(j.line.status, rows[i].status, rows[i].rule);
        assert_non_null(j.line.why);
        assert_int_equal(j.line.eligible, -1); /* nothing is made up */
        bss_close(&world);
    }
}

static const char offerings[] =
    "[{\"id\": \"watch-share\", \"name\": \"Watch\", \"description\": \"Your number on the wrist\","
    "  \"lifecycleStatus\": \"Active\", \"prodSpecCharValueUse\": [{\"name\": \"profileType\","
    "  \"productSpecCharacteristicValue\": [{\"value\": \"watch-type\"}]}, {\"name\": \"serviceType\","
    "  \"productSpecCharacteristicValue\": [{\"value\": \"SharedNumber\"}]}]},"
    " {\"id\": \"old\", \"lifecycleStatus\": \"Retired\"}, {\"id\": \"hidden\", \"isSellable\": false},"
    " {\"name\": \"no id\"}, {\"id\": \"own\", \"prodSpecCharValueUse\": [{\"name\": \"serviceType\","
    "  \"productSpecCharacteristicValue\": [{\"value\": \"DiffNumber\"}]}]}]";

static void test_plans_are_read_from_the_catalogue_and_kept(void **state)
{
    struct bss_job j = a_question();
    char rule[4096];

    (void)state;
    world = (struct bss_world){.conf = {.type = ECS_BSS_TMF, .plans_cache_s = 60}};
    bss_open(&world);
    snprintf(rule, sizeof(rule), "{\"path\": \"" OFFERING "\", \"json\": %s}", offerings);
    set_rule(&world.w, rule);
    bss_do(&world, &j, PLANS);
    check_status(j.plans.status, ECS_BSS_DONE, j.plans.why);
    assert_int_equal(j.plans.n, 2);
    check_text(j.plans.plans[0].id, "watch-share");
    check_text(j.plans.plans[0].name, "Watch");
    check_text(j.plans.plans[0].description, "Your number on the wrist");
    check_text(j.plans.plans[0].profile_type, "watch-type");
    check_text(j.plans.plans[0].service, "SharedNumber");
    check_text(j.plans.plans[1].name, "own");
    check_asked(&world, "category=companion");
    j.subject.service = ECS_STR("sharednumber");
    bss_do(&world, &j, PLANS); /* kept: another choice of the same */
    assert_int_equal(j.plans.n, 1);
    j.subject.plan = ECS_STR("own");
    bss_do(&world, &j, PLANS);
    assert_int_equal(j.plans.n, 0);
    assert_int_equal(asked_times(&world.w), 1);
    ecs_clock_fake(ecs_clock_now() + 61);
    bss_do(&world, &j, PLANS);
    ecs_clock_fake(0);
    assert_int_equal(asked_times(&world.w), 2);
    bss_close(&world);
}

static void test_a_failed_catalogue_is_no_empty_one(void **state)
{
    struct bss_job j = a_question();

    (void)state;
    open_tmf();
    set_rule(&world.w, "{\"path\": \"" OFFERING "\", \"status\": 503}");
    bss_do(&world, &j, PLANS);
    check_status(j.plans.status, ECS_BSS_AGAIN, j.plans.why);
    assert_int_equal(j.plans.n, 0);
    bss_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_product_tells_eligibility_and_services),
        cmocka_unit_test(test_services_tell_the_profiles_of_the_application),
        cmocka_unit_test(test_resources_complete_what_services_leave_out),
        cmocka_unit_test(test_a_filter_without_its_value_is_not_asked),
        cmocka_unit_test(test_values_in_filters_are_escaped),
        cmocka_unit_test(test_answers_that_are_no_lists_are_told_apart),
        cmocka_unit_test(test_plans_are_read_from_the_catalogue_and_kept),
        cmocka_unit_test(test_a_failed_catalogue_is_no_empty_one),
    };

    return cmocka_run_group_tests(tests, start_origin, stop_origin);
}
