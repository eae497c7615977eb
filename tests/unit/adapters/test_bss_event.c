/* SPDX-License-Identifier: Apache-2.0 */
/* Events of a BSS: TM Forum envelopes in both spellings, our own form, and what is of no use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "ecs/bss.h"

#define KEY "ecs-7c9e6679-7425-40de-944b-e07fc1f90ae7-1"

static struct ecs_bss_conf conf = {.type = ECS_BSS_LOCAL, .url = "", .callback = ""};
static struct ecs_bss *bss;
static struct ecs_arena *arena;

static int set_up(void **state)
{
    static const struct ecs_bss_env env = {.lab = true};

    (void)state;
    arena = ecs_arena_new(NULL, 0);
    bss = ecs_bss_new(&env, &conf);
    return arena && bss ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ecs_bss_free(bss);
    ecs_arena_free(arena);
    return 0;
}

static struct ecs_bss_event read_event(const char *name, const char *body)
{
    struct ecs_bss_event event;
    const char *why = NULL;

    if (ecs_bss_event_read(bss, arena, ecs_str_of(name), ecs_str_of(body), &event, &why) != ECS_OK)
        fail_msg("%s: %s", body, why);
    return event;
}

static void check_text(struct ecs_str have, const char *wanted)
{
    if (!ecs_str_eq(have, ecs_str_of(wanted)))
        fail_msg("\"%.*s\" in place of \"%s\"", ECS_FMT(have), wanted ? wanted : "(none)");
}

static void check_refused(const char *body, const char *wanted)
{
    struct ecs_bss_event event;
    const char *why = NULL;

    assert_int_equal(ecs_bss_event_read(bss, arena, ECS_STR_NULL, ecs_str_of(body), &event, &why),
                     ECS_E_BAD_PARAMETER);
    assert_string_equal(why, wanted);
}

static void test_an_order_event_tells_key_state_and_profile(void **state)
{
    struct ecs_bss_event e = read_event(
        "serviceOrderStateChangeEvent",
        "{\"eventId\": \"e-1\", \"eventTime\": \"2026-03-04T05:06:07.250Z\", \"eventType\": "
        "\"ServiceOrderStateChangeEvent\", \"event\": {\"serviceOrder\": {\"id\": \"so-17\", \"externalId\": "
        "\"" KEY
        "\", \"state\": \"completed\", \"serviceOrderItem\": [{\"service\": {\"serviceCharacteristic\": ["
        "{\"name\": \"iccid\", \"value\": \"8944500102198304826\"}]}}]}}}");

    (void)state;
    assert_int_equal(e.kind, ECS_BSS_EVENT_ORDER);
    check_text(e.id, "e-1");
    assert_int_equal(e.at, 1772600767);
    check_text(e.key, KEY);
    check_text(e.reference, "so-17");
    assert_int_equal(e.result.status, ECS_BSS_DONE);
    check_text(e.result.iccid, "8944500102198304826");
}

static void test_keys_stand_in_lists_too(void **state)
{
    static const char *const forms[] = {
        "\"externalId\": [{\"id\": \"" KEY "\", \"owner\": \"ecs\"}]",
        "\"externalReference\": [{\"id\": \"x-1\", \"name\": \"crm\"}, {\"id\": \"" KEY
        "\", \"name\": \"entitlementd\"}]",
        "\"externalReference\": [{\"name\": \"" KEY "\", \"externalReferenceType\": \"order\"}]",
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(forms); i++) {
        char body[512];

        snprintf(body, sizeof(body),
                 "{\"event\": {\"productOrder\": {\"id\": \"1\", \"state\": \"failed\", %s}}}", forms[i]);
        check_text(read_event(NULL, body).key, KEY);
    }
}

static void test_an_order_without_state_is_to_be_asked_for(void **state)
{
    struct ecs_bss_event e = read_event(NULL, "{\"event\": {\"serviceOrder\": {\"id\": \"so-17\"}}}");

    (void)state;
    assert_int_equal(e.kind, ECS_BSS_EVENT_ORDER);
    assert_int_equal(e.result.status, ECS_BSS_AGAIN);
    e = read_event(NULL, "{\"event\": {\"cancelServiceOrder\": {\"state\": \"done\", \"serviceOrder\": "
                         "{\"id\": \"so-17\"}}}}");
    assert_int_equal(e.kind, ECS_BSS_EVENT_ORDER);
    check_text(e.reference, "so-17");
    assert_int_equal(e.result.status, ECS_BSS_AGAIN);
}

static void test_a_held_order_with_an_address_sends_the_user_to_the_portal(void **state)
{
    struct ecs_bss_event e = read_event("serviceOrderInformationRequiredEvent",
                                        "{\"event\": {\"serviceOrder\": {\"id\": \"so-17\", \"state\": "
                                        "\"held\", \"serviceOrderItem\": [{\"service\": "
                                        "{\"serviceCharacteristic\": [{\"name\": \"portalUrl\", \"value\": "
                                        "\"https://shop.example/t\"}]}}]}}}");

    (void)state;
    assert_int_equal(e.result.status, ECS_BSS_WEBSITE);
    check_text(e.result.url, "https://shop.example/t");
}

static void test_a_service_of_a_profile_tells_the_profile(void **state)
{
    static const char body[] =
        "{\"eventType\": \"%s\", \"timeOccurred\": \"2026-03-04\", \"event\": {\"service\": {\"id\": \"s\", "
        "\"state\": \"%s\","
        "\"serviceSpecification\": {\"id\": \"CFS_PRIMARY\"}, \"serviceCharacteristic\": ["
        "{\"name\": \"primaryMsisdn\", \"value\": \"+491700000001\"}, {\"name\": \"iccid\", \"value\": "
        "\"8944500102198304826\"},"
        "{\"name\": \"eid\", \"value\": \"89049032123451234512345678901235\"}]}}}";
    struct ecs_bss_event e;
    char text[1024];

    (void)state;
    snprintf(text, sizeof(text), body, "ServiceStateChangeEvent", "suspended");
    e = read_event(NULL, text);
    assert_int_equal(e.kind, ECS_BSS_EVENT_PROFILE);
    check_text(e.subject.msisdn, "491700000001");
    check_text(e.subject.app, "ap2009");
    check_text(e.profile.iccid, "8944500102198304826");
    assert_int_equal(e.profile.status, 3);
    snprintf(text, sizeof(text), body, "ServiceDeleteEvent", "active");
    assert_int_equal(read_event(NULL, text).profile.status, 4);
}

static void test_a_service_of_the_line_tells_its_state(void **state)
{
    static const struct {
        const char *state, *more, *told;
    } rows[] = {
        {"active", "", "provisioned"},        {"active", ", \"isServiceEnabled\": false", "not-provisioned"},
        {"reserved", "", "in-progress"},      {"inactive", "", "not-provisioned"},
        {"suspended", "", "not-provisioned"}, {"terminated", "", "not-provisioned"}};

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_bss_event e;
        char body[512];

        snprintf(body, sizeof(body),
                 "{\"event\": {\"service\": {\"name\": \"CFS_VOWIFI\", \"state\": \"%s\"%s, "
                 "\"serviceCharacteristic\": "
                 "[{\"name\": \"msisdn\", \"value\": \"491700000001\"}]}}}",
                 rows[i].state, rows[i].more);
        e = read_event(NULL, body);
        assert_int_equal(e.kind, ECS_BSS_EVENT_LINE);
        check_text(e.service, "vowifi");
        check_text(e.service_state, rows[i].told);
    }
}

static void test_a_product_tells_state_and_plan_of_the_line(void **state)
{
    struct ecs_bss_event e =
        read_event("productStateChangeEvent",
                   "{\"event\": {\"product\": {\"status\": \"suspended\", \"productSerialNumber\": "
                   "\"491700000001\", \"productOffering\": {\"id\": \"gold\"}}}}");

    (void)state;
    assert_int_equal(e.kind, ECS_BSS_EVENT_LINE);
    check_text(e.subject.msisdn, "491700000001");
    check_text(e.line_state, "suspended");
    check_text(e.plan, "gold");
}

static void test_what_is_of_no_use_is_ignored(void **state)
{
    static const char *const bodies[] = {
        "{\"eventType\": \"ProductBatchEvent\", \"event\": {}}",
        "{\"event\": {\"party\": {\"id\": \"1\"}}}",
        "{\"event\": {\"service\": {\"name\": \"CFS_TV\", \"state\": \"active\"}}}",
        "{\"event\": {\"service\": {\"name\": \"CFS_VOWIFI\", \"state\": \"active\"}}}",
        "{\"event\": {\"product\": {\"status\": \"suspended\"}}}",
        "{\"eventType\": \"ServiceOrderDeleteEvent\", \"event\": {\"serviceOrder\": {\"id\": \"1\", "
        "\"state\": \"failed\"}}}",
        "{\"event\": {\"cancelServiceOrder\": {\"state\": \"inProgress\", \"serviceOrder\": {\"id\": "
        "\"so-17\"}}}}",
        "{\"event\": {\"serviceOrder\": {\"state\": \"failed\"}}}",
        "{\"event\": {\"serviceOrder\": 7, \"service\": []}}",
        "{\"type\": \"weather\"}",
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(bodies); i++)
        if (read_event(NULL, bodies[i]).kind != ECS_BSS_EVENT_IGNORED)
            fail_msg("%s", bodies[i]);
}

static void test_our_own_form_tells_all_three(void **state)
{
    struct ecs_bss_event e = read_event(
        NULL, "{\"id\": \"7\", \"at\": \"2026-03-04T05:06:07Z\", \"type\": \"order\", \"key\": \"" KEY
              "\", \"result\": \"refused\", \"reason\": \"credit\"}");

    (void)state;
    assert_int_equal(e.kind, ECS_BSS_EVENT_ORDER);
    assert_int_equal(e.result.status, ECS_BSS_REFUSED);
    assert_int_equal(e.at, 1772600767);
    check_text(e.result.reason, "credit");
    e = read_event(NULL, "{\"type\": \"line\", \"imsi\": \"001010000000001\", \"lineState\": \"suspended\", "
                         "\"plan\": \"gold\","
                         "\"service\": \"volte\", \"serviceState\": \"in-progress\"}");
    assert_int_equal(e.kind, ECS_BSS_EVENT_LINE);
    check_text(e.line_state, "suspended");
    check_text(e.service_state, "in-progress");
    e = read_event(
        NULL, "{\"type\": \"profile\", \"msisdn\": \"+491700000001\", \"iccid\": \"8944500102198304826f\", "
              "\"serviceStatus\": 1, \"activationCode\": \"LPA:1$smdp.example.com$X\", \"terminalId\": "
              "\"359911111111111\", \"newMsisdn\": \"491700000002\", \"name\": \"Watch\"}");
    assert_int_equal(e.kind, ECS_BSS_EVENT_PROFILE);
    check_text(e.subject.msisdn, "491700000001");
    check_text(e.subject.app, "ap2006");
    check_text(e.subject.name, "Watch");
    check_text(e.profile.iccid, "8944500102198304826");
    check_text(e.profile.msisdn, "491700000002");
    check_text(e.profile.code, "LPA:1$smdp.example.com$X");
    assert_int_equal(e.profile.status, 1);
}

static void test_an_event_tells_where_a_line_is(void **state)
{
    struct ecs_bss_event e =
        read_event(NULL, "{\"type\": \"line\", \"imsi\": \"001010000000001\", \"area\": "
                         "\"north.coast\", \"roaming\": \"roaming\", \"visitedPlmn\": \"26201\"}");

    (void)state;
    assert_int_equal(e.kind, ECS_BSS_EVENT_LINE);
    check_text(e.area, "north.coast");
    check_text(e.roaming, "roaming");
    check_text(e.visited_plmn, "26201");
    e = read_event(NULL, "{\"type\": \"line\", \"imsi\": \"001010000000001\", \"visitedPlmn\": \"\"}");
    assert_int_equal(e.kind, ECS_BSS_EVENT_LINE);
    assert_non_null(e.visited_plmn.p);
    assert_int_equal(e.visited_plmn.n, 0);
    assert_null(e.area.p);
    check_refused("{\"type\": \"line\", \"imsi\": \"001010000000001\", \"area\": \"Nord\"}",
                  "area is not a name like north.coast");
    check_refused("{\"type\": \"line\", \"imsi\": \"001010000000001\", \"area\": \"mcc-262\"}",
                  "area is not a name like north.coast");
    check_refused("{\"type\": \"line\", \"imsi\": \"001010000000001\", \"roaming\": \"abroad\"}",
                  "roaming is not one of unknown, home, roaming");
    check_refused("{\"type\": \"line\", \"imsi\": \"001010000000001\", \"visitedPlmn\": \"2620\"}",
                  "visitedPlmn is not 5 or 6 digits");
}

static void test_wrong_members_are_named(void **state)
{
    (void)state;
    check_refused("", "the event is no JSON object");
    check_refused("[1]", "the event is no JSON object");
    check_refused("{\"a\": 1, \"a\": 2}", "the event is no JSON object");
    check_refused("{}", "the event has neither event nor type");
    check_refused("{\"event\": 7}", "event is no object");
    check_refused("{\"type\": \"order\", \"result\": \"done\"}",
                  "an event of an order needs key or reference");
    check_refused("{\"type\": \"order\", \"key\": \"k\", \"result\": \"fine\"}",
                  "result is not one of done, pending, again, website, in-use, refused, denied");
    check_refused("{\"type\": \"order\", \"key\": \"k\", \"result\": \"done\", \"iccid\": \"x\"}",
                  "the BSS tells an ICCID that is none");
    check_refused("{\"type\": \"line\", \"plan\": \"gold\"}", "an event of a line needs imsi or msisdn");
    check_refused("{\"type\": \"line\", \"imsi\": \"x\", \"plan\": \"gold\"}", "imsi is not 6 to 15 digits");
    check_refused("{\"type\": \"line\", \"imsi\": \"001010000000001\"}",
                  "an event of a line needs lineState, plan, service, area, roaming or visitedPlmn");
    check_refused("{\"type\": \"line\", \"imsi\": \"001010000000001\", \"lineState\": \"on\"}",
                  "lineState is not one of active, suspended, barred, terminated");
    check_refused("{\"type\": \"line\", \"imsi\": \"001010000000001\", \"service\": \"vowifi\"}",
                  "service and serviceState belong together");
    check_refused("{\"type\": \"profile\", \"imsi\": \"001010000000001\", \"serviceStatus\": 1}",
                  "an event of a profile needs iccid and serviceStatus (1 to 4)");
    check_refused(
        "{\"type\": \"profile\", \"imsi\": \"001010000000001\", \"iccid\": \"8944500102198304826\", "
        "\"serviceStatus\": 1, \"eid\": \"12\"}",
        "a member of the profile does not have its form");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_order_event_tells_key_state_and_profile),
        cmocka_unit_test(test_keys_stand_in_lists_too),
        cmocka_unit_test(test_an_order_without_state_is_to_be_asked_for),
        cmocka_unit_test(test_a_held_order_with_an_address_sends_the_user_to_the_portal),
        cmocka_unit_test(test_a_service_of_a_profile_tells_the_profile),
        cmocka_unit_test(test_a_service_of_the_line_tells_its_state),
        cmocka_unit_test(test_a_product_tells_state_and_plan_of_the_line),
        cmocka_unit_test(test_what_is_of_no_use_is_ignored),
        cmocka_unit_test(test_our_own_form_tells_all_three),
        cmocka_unit_test(test_an_event_tells_where_a_line_is),
        cmocka_unit_test(test_wrong_members_are_named),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
