/* SPDX-License-Identifier: Apache-2.0 */
/* Operations for companions (TS.43 7): eligibility, the ways to a profile, its services and its end. */
#include "op_ask.h"

#define DOWNLOAD                                                                                             \
    "\"DownloadInfo\":{\"ProfileIccid\":\"8934041234567890101\",\"ProfileSmdpAddress\":\"smdp.example."      \
    "net\"}"
#define READY       DOWNLOAD ",\"SubscriptionResult\":\"2\",\"OperationResult\":\"1\""
#define DONE        "\"SubscriptionResult\":\"3\",\"OperationResult\":\"1\""
#define WATCH_ICCID "&companion_terminal_id=" WATCH "&companion_terminal_iccid=8934041234567890101"

static enum ecs_rc subscribe(void)
{
    return ask("ap2006", "ManageSubscription", SUBSCRIBE_WATCH);
}

static bool answers(const char *part)
{
    if (strstr(rig.json, part))
        return true;
    print_message("wanted %s\nin %s\n", part, rig.json);
    return false;
}

/* proves: O-001 O-002 OC-001 OC-002 OC-003 OC-007 O-014 */
static void test_eligibility_and_services_follow_plan_line_and_device(void **state)
{
    (void)state;
    assert_answer("ap2006", "CheckEligibility", "&companion_terminal_id=" WATCH,
                  "\"CompanionAppEligibility\":\"1\",\"CompanionDeviceServices\":\"SharedNumber\","
                  "\"OperationResult\":\"1\"");
    rig.features[rig.line.n_features++] = ECS_STR("diff-number");
    rig.features[rig.line.n_features++] = ECS_STR("family-number");
    assert_int_equal(ask("ap2006", "CheckEligibility", ""), ECS_OK);
    assert_true(answers("\"CompanionDeviceServices\":\"SharedNumber,DiffNumber,FamilyNumber\""));
    rig.line.n_features = 0;
    assert_answer("ap2006", "CheckEligibility", "",
                  "\"CompanionAppEligibility\":\"0\",\"CompanionDeviceServices\":\"\",\"GeneralErrorText\":"
                  "\"Your plan does not include this service. You can add it or change your plan in your "
                  "account.\",\"OperationResult\":\"1\"");
    rig.line.n_features = 1;
    db.category = ECS_ROW_DEVICE_PHONE;
    assert_int_equal(ask("ap2006", "CheckEligibility", "&companion_terminal_id=" WATCH), ECS_OK);
    assert_true(answers("\"CompanionAppEligibility\":\"2\",\"CompanionDeviceServices\":\"\""));
    db.category = ECS_ROW_DEVICE_WATCH;
    rig.line.line_state = ECS_ROW_LINE_SUSPENDED;
    assert_int_equal(ask("ap2006", "CheckEligibility", "&companion_terminal_id=" WATCH), ECS_OK);
    assert_true(answers("\"CompanionAppEligibility\":\"0\""));
}

/* proves: OC-004 O-024 O-025 O-026 */
static void test_a_page_tells_why_the_application_cannot_be_used(void **state)
{
    (void)state;
    rig.line.n_features = 0;
    rig.has_portal = true;
    use_rules("companion", "  - name: page\n    then: { not-enabled-url: \"https://p.example/no?x=1\", "
                           "not-enabled-data: \"ref={session}\" }\n");
    assert_answer("ap2006", "CheckEligibility", "",
                  "\"CompanionAppEligibility\":\"0\",\"CompanionDeviceServices\":\"\","
                  "\"NotEnabledURL\":\"https://p.example/no\",\"NotEnabledUserData\":\"x=1&sid=s0&lang=en\","
                  "\"OperationResult\":\"1\"");
    use_rules("companion", "  - name: page\n    then: { not-enabled-url: \"https://p.example/no\", "
                           "not-enabled-data: \"ref={session}\", not-enabled-type: xml }\n");
    assert_int_equal(ask("ap2006", "CheckEligibility", ""), ECS_OK);
    assert_true(answers("\"NotEnabledUserData\":\"encodedValue=PD94bWwgdmVyc2lvbj0iMS4wIj8+PGRhdGE+"));
    assert_true(answers("\"NotEnabledContentsType\":\"xml\""));
}

/* proves: O-020 O-027 O-029 O-030 O-061 OC-022 */
static void test_a_native_subscription_is_downloaded_and_a_repeat_gives_the_same(void **state)
{
    (void)state;
    assert_answer("ap2006", "ManageSubscription", SUBSCRIBE_WATCH, READY);
    assert_answer("ap2006", "ManageSubscription", SUBSCRIBE_WATCH, READY);
    assert_int_equal(db.opened, 1);
    assert_int_equal(db.delivered, 1);
    assert_int_equal(db.journeys[0].kind, ECS_JOURNEY_COMPANION);
    assert_true(ecs_str_eq(db.journeys[0].service, ECS_STR("SharedNumber")));
    assert_true(ecs_str_eq(db.journeys[0].name, ECS_STR("Ana")));
}

/* proves: O-031 O-033 */
static void test_without_an_eid_there_is_an_activation_code(void **state)
{
    (void)state;
    assert_answer(
        "ap2006", "ManageSubscription",
        "&operation_type=0&companion_terminal_id=" WATCH "&companion_terminal_vendor=A",
        "\"DownloadInfo\":{\"ProfileIccid\":\"8934041234567890101\",\"ProfileActivationCode\":"
        "\"MSRzbWRwLmV4YW1wbGUubmV0JEswMQ==\"},\"SubscriptionResult\":\"2\",\"OperationResult\":\"1\"");
}

/* proves: O-035 O-036 O-041 O-043 OC-006 OC-013 OC-014 OC-015 OC-016 OC-021 */
static void test_the_story_of_a_watch_from_nothing_to_service(void **state)
{
    static const char list[] = "&companion_terminal_id=" WATCH;

    (void)state;
    assert_answer("ap2006", "AcquireConfiguration", list, "\"OperationResult\":\"1\"");
    db.outcomes[ODSA_ACTIVATING] = db.outcomes[ODSA_AWAITING] = ODSA_EV_PENDING;
    assert_int_equal(subscribe(), ECS_OK);
    assert_string_equal(rig.json, "\"ap2006\":{\"SubscriptionResult\":\"4\",\"OperationResult\":\"1\"}");
    assert_answer(
        "ap2006", "AcquireConfiguration", list,
        "\"CompanionConfigurations\":[{\"CompanionConfiguration\":{\"ICCID\":\"8934041234567890101\","
        "\"CompanionDeviceService\":\"SharedNumber\",\"ServiceStatus\":\"2\",\"PollingInterval\":"
        "\"45\",\"PollingIntervalUnit\":\"1\"}}],\"OperationResult\":\"1\"");
    db.outcomes[ODSA_AWAITING] = ODSA_EV_OK;
    drive(&db.journeys[0], &rig.conf);
    for (int i = 0; i < 2; i++)
        assert_answer("ap2006", "AcquireConfiguration", i ? "" : list,
                      "\"CompanionConfigurations\":[{\"CompanionConfiguration\":{\"ICCID\":"
                      "\"8934041234567890101\",\"CompanionDeviceService\":\"SharedNumber\",\"ServiceStatus\":"
                      "\"1\"," DOWNLOAD "}}],\"OperationResult\":\"1\"");
    assert_int_equal(db.delivered, 1);
    assert_answer("ap2006", "ManageSubscription", "&operation_type=4" WATCH_ICCID, DONE);
    assert_answer("ap2006", "ManageSubscription", "&operation_type=4" WATCH_ICCID, DONE);
    assert_string_equal(db.last_event, "installed");
    assert_answer(
        "ap2006", "AcquireConfiguration", list,
        "\"CompanionConfigurations\":[{\"CompanionConfiguration\":{\"ICCID\":\"8934041234567890101\","
        "\"CompanionDeviceService\":\"SharedNumber\",\"ServiceStatus\":\"1\"}}],"
        "\"OperationResult\":\"1\"");
    assert_answer("ap2006", "ManageSubscription", SUBSCRIBE_WATCH, DONE);
    assert_int_equal(db.opened, 1);
}

/* proves: OC-017 OC-018 OC-012 */
static void test_device_data_are_for_terminals_without_web_view(void **state)
{
    struct ecs_str items[] = {ECS_STR("acme/ONE5")};

    (void)state;
    assert_int_equal(
        ask("ap2006", "ManageSubscription", SUBSCRIBE_WATCH "%3C%22%27%26&companion_terminal_model=W3"),
        ECS_OK);
    assert_int_equal(ask("ap2006", "AcquireConfiguration", ""), ECS_OK);
    assert_null(strstr(rig.json, "CompanionDeviceInfo"));
    rig.conf.no_web_view = (struct ecs_str_list){items, 1};
    assert_int_equal(ask("ap2006", "AcquireConfiguration", ""), ECS_OK);
    assert_true(
        answers("\"CompanionDeviceInfo\":{\"CompanionTerminalFriendlyName\":\"Ana\u2039\u201d\u2019&\","
                "\"CompanionTerminalVendor\":\"ACME\",\"CompanionTerminalModel\":\"W3\","
                "\"CompanionTerminalEid\":\"" WATCH_EID "\"}"));
    items[0] = ECS_STR("49015420");
    assert_int_equal(ask("ap2006", "AcquireConfiguration", ""), ECS_OK);
    assert_true(answers("CompanionDeviceInfo"));
    items[0] = ECS_STR("49015421");
    assert_int_equal(ask("ap2006", "AcquireConfiguration", ""), ECS_OK);
    assert_null(strstr(rig.json, "CompanionDeviceInfo"));
}

/* proves: O-015 O-016 O-017 O-019 */
static void test_polling_ends_at_the_maximum(void **state)
{
    (void)state;
    db.outcomes[ODSA_ACTIVATING] = db.outcomes[ODSA_AWAITING] = ODSA_EV_PENDING;
    assert_int_equal(subscribe(), ECS_OK);
    for (int poll = 1; poll <= 5; poll++) {
        assert_int_equal(ask("ap2006", "AcquireConfiguration", "&companion_terminal_id=" WATCH), ECS_OK);
        assert_true(answers(poll < 3 ? "\"ServiceStatus\":\"2\"" : "\"ServiceStatus\":\"4\""));
        assert_true((strstr(rig.json, "PollingInterval") != NULL) == (poll < 3));
    }
    assert_int_equal(db.fired, 1);
    assert_string_equal(db.last_event, "polled-out");
    assert_int_equal(odsa_state_of(&db.journeys[0]), ODSA_EXPIRED);
    assert_int_equal(subscribe(), ECS_OK); /* a new order begins anew */
    assert_int_equal(db.opened, 2);
}

/* proves: O-021 O-022 O-023 OC-019 O-057 */
static void test_the_portal_is_told_by_policy_and_its_result_is_found(void **state)
{
    (void)state;
    rig.has_portal = true;
    rig.env.portal_url = "https://portal.example.net/odsa";
    use_rules("companion",
              "  - name: web\n    when: [ \"operation.type is 0\" ]\n"
              "    then: { subscribe: portal, portal-type: json }\n"
              "  - name: other\n    when: [ \"operation.type is 2\" ]\n"
              "    then: { manage: portal, portal-url: \"https://portal.example.net/manage\" }\n");
    for (int i = 0; i < 2; i++)
        assert_answer("ap2006", "ManageSubscription", SUBSCRIBE_WATCH,
                      "\"SubscriptionServiceURL\":\"https://portal.example.net/odsa\","
                      "\"SubscriptionServiceUserData\":\"encodedValue=eyJzaWQiOiJzMSIsImxhbmciOiJlbiJ9\","
                      "\"SubscriptionServiceContentsType\":\"json\",\"SubscriptionResult\":\"1\","
                      "\"OperationResult\":\"1\"");
    assert_int_equal(db.opened, 1);
    assert_int_equal(ask("ap2006", "AcquireConfiguration", "&companion_terminal_id=" WATCH), ECS_OK);
    assert_true(answers("\"ServiceStatus\":\"2\""));
    db.journeys[0].iccid = ECS_STR("8934041234567890101");
    db.journeys[0].address = ECS_STR("smdp.example.net");
    assert_true(fire_at(&db.journeys[0], ODSA_EV_ACTIVATED, &rig.conf));
    assert_answer("ap2006", "ManageSubscription", SUBSCRIBE_WATCH, READY);
    assert_true(fire_at(&db.journeys[0], ODSA_EV_INSTALLED, &rig.conf));
    drive(&db.journeys[0], &rig.conf);
    assert_int_equal(ask("ap2006", "ManageSubscription", "&operation_type=2&companion_terminal_id=" WATCH),
                     ECS_OK);
    assert_true(answers("\"SubscriptionServiceURL\":\"https://portal.example.net/manage\""));
}

static void test_raw_user_data_and_other_forms(void **state)
{
    (void)state;
    rig.has_portal = true;
    rig.env.portal_url = "https://portal.example.net/odsa";
    use_rules("companion", "  - name: web\n    then: { subscribe: portal, portal-type: query }\n");
    assert_int_equal(subscribe(), ECS_OK);
    assert_true(answers("\"SubscriptionServiceUserData\":\"sid=s1&lang=en\""));
    assert_null(strstr(rig.json, "ContentsType"));
}

/* proves: O-024 O-025 */
static void test_unencoded_user_data_are_for_json_documents_only(void **state)
{
    (void)state;
    rig.has_portal = true;
    rig.env.portal_url = "https://portal.example.net/odsa";
    use_rules("companion",
              "  - name: web\n    then: { subscribe: portal, portal-type: json, portal-encoded: no }\n");
    rig.json_only = true;
    assert_int_equal(subscribe(), ECS_OK);
    rig.json_only = false;
    assert_true(
        answers("\"SubscriptionServiceUserData\":\"{\\\"sid\\\":\\\"s1\\\",\\\"lang\\\":\\\"en\\\"}\""));
    rig.accept = "text/vnd.wap.connectivity-xml";
    assert_int_equal(subscribe(), ECS_OK);
    assert_true(answers("\"SubscriptionServiceUserData\":\"encodedValue="));
}

/* proves: O-071 */
static void test_a_device_that_cannot_be_notified_is_told_to_poll(void **state)
{
    (void)state;
    rig.conf.polling_s = 0;
    db.outcomes[ODSA_ACTIVATING] = db.outcomes[ODSA_AWAITING] = ODSA_EV_PENDING;
    assert_int_equal(subscribe(), ECS_OK);
    assert_int_equal(ask("ap2006", "AcquireConfiguration", "&companion_terminal_id=" WATCH), ECS_OK);
    assert_true(answers("\"PollingInterval\":\"300\""));
    rig.push = true;
    assert_int_equal(ask("ap2006", "AcquireConfiguration", "&companion_terminal_id=" WATCH), ECS_OK);
    assert_null(strstr(rig.json, "PollingInterval"));
}

/* proves: O-064 O-003 */
static void test_a_portal_that_is_not_there_is_an_error_and_no_journey(void **state)
{
    (void)state;
    use_rules("companion", "  - name: web\n    then: { subscribe: portal }\n");
    assert_answer("ap2006", "ManageSubscription", SUBSCRIBE_WATCH, DISMISSED("100"));
    assert_int_equal(db.opened, 0);
}

static void test_a_failed_order_is_a_general_error_with_a_text(void **state)
{
    (void)state;
    db.outcomes[ODSA_ACTIVATING] = ODSA_EV_REFUSED;
    assert_int_equal(subscribe(), ECS_OK);
    assert_string_equal(rig.json,
                        "\"ap2006\":{\"SubscriptionResult\":\"5\",\"GeneralErrorText\":\"The eSIM could "
                        "not be set up. Please try again later or contact customer service.\","
                        "\"OperationResult\":\"100\"}");
    assert_int_equal(ask("ap2006", "AcquireConfiguration", "&companion_terminal_id=" WATCH), ECS_OK);
    assert_true(answers("\"ServiceStatus\":\"4\""));
}

/* proves: O-008 */
static void test_who_is_not_eligible_gets_no_subscription(void **state)
{
    (void)state;
    rig.line.n_features = 0;
    assert_int_equal(subscribe(), ECS_OK);
    assert_true(answers("\"SubscriptionResult\":\"5\",\"GeneralErrorText\":\"Your plan does not"));
    assert_true(answers("\"OperationResult\":\"100\""));
    rig.line.n_features = 1;
    assert_int_equal(
        ask("ap2006", "ManageSubscription", SUBSCRIBE_WATCH "&companion_terminal_service=DiffNumber"),
        ECS_OK);
    assert_true(answers(DISMISSED("100")));
    assert_int_equal(db.opened, 0);
}

/* proves: OC-028 OC-029 OC-030 O-006 O-040 */
static void test_services_are_switched_on_and_off(void **state)
{
#define SWITCH(type) "&operation_type=" #type "&companion_terminal_service=SharedNumber" WATCH_ICCID
#define STATUS(n)    "\"ServiceStatus\":\"" #n "\",\"OperationResult\":\"1\""
    (void)state;
    assert_int_equal(ask("ap2006", "ManageService", SWITCH(10)), ECS_OK);
    assert_true(answers("\"ServiceStatus\":\"3\",\"OperationResult\":\"102\""));
    assert_int_equal(subscribe(), ECS_OK);
    assert_true(fire_at(&db.journeys[0], ODSA_EV_INSTALLED, &rig.conf));
    drive(&db.journeys[0], &rig.conf);
    assert_answer("ap2006", "ManageService", SWITCH(10), STATUS(1));
    assert_int_equal(db.opened, 1);
    assert_answer("ap2006", "ManageService", SWITCH(11), STATUS(3));
    assert_answer("ap2006", "ManageService", SWITCH(11), STATUS(3));
    assert_int_equal(db.opened, 2);
    assert_answer("ap2006", "ManageSubscription", SWITCH(6), DONE);
    assert_answer("ap2006", "ManageSubscription", SWITCH(5), DONE);
    assert_int_equal(db.profiles[0].status, 1);
    db.outcomes[ODSA_SWITCHING] = ODSA_EV_PENDING;
    assert_answer("ap2006", "ManageService", SWITCH(11), STATUS(1));
    db.journeys[db.n_journeys - 1].ended_at = NOW;
    db.profiles[0].status = 3;
    assert_answer("ap2006", "ManageService", SWITCH(10), STATUS(2));
    assert_answer("ap2006", "ManageService", SWITCH(10), STATUS(2));
    assert_int_equal(db.opened, 5);
    db.foreign = ECS_STR("8934041234567890109");
    assert_int_equal(
        ask("ap2006", "ManageService",
            "&operation_type=10&companion_terminal_service=SharedNumber&companion_terminal_id=" WATCH
            "&companion_terminal_iccid=8934041234567890109"),
        ECS_E_FORBIDDEN);
    use_rules("companion", "  - name: off\n    then: { manage-service: no }\n");
    assert_int_equal(ask("ap2006", "ManageService", SWITCH(10)), ECS_OK);
    assert_true(answers("\"OperationResult\":\"103\""));
}

/* proves: OC-031 */
static void test_type_1_ends_what_stands_and_type_2_has_nothing_to_manage(void **state)
{
#define END "&operation_type=1&companion_terminal_id=" WATCH
    (void)state;
    assert_answer("ap2006", "ManageSubscription", END, DISMISSED("102"));
    assert_int_equal(subscribe(), ECS_OK);
    assert_answer("ap2006", "ManageSubscription", END, DISMISSED("1")); /* not installed yet: taken back */
    assert_int_equal(odsa_state_of(&db.journeys[0]), ODSA_DISMISSED);
    assert_int_equal(subscribe(), ECS_OK);
    assert_int_equal(db.opened, 2);
    assert_true(fire_at(&db.journeys[1], ODSA_EV_INSTALLED, &rig.conf));
    drive(&db.journeys[1], &rig.conf);
    assert_answer("ap2006", "ManageSubscription", "&operation_type=2&companion_terminal_id=" WATCH, DONE);
    assert_answer("ap2006", "ManageSubscription", END, DONE);
    assert_answer("ap2006", "ManageSubscription", END, DONE);
    assert_int_equal(db.opened, 3);
    assert_int_equal(db.journeys[2].kind, ECS_JOURNEY_END);
    assert_int_equal(db.profiles[1].status, 4);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_eligibility_and_services_follow_plan_line_and_device),
        T(test_a_page_tells_why_the_application_cannot_be_used),
        T(test_a_native_subscription_is_downloaded_and_a_repeat_gives_the_same),
        T(test_without_an_eid_there_is_an_activation_code),
        T(test_the_story_of_a_watch_from_nothing_to_service),
        T(test_device_data_are_for_terminals_without_web_view),
        T(test_polling_ends_at_the_maximum),
        T(test_the_portal_is_told_by_policy_and_its_result_is_found),
        T(test_raw_user_data_and_other_forms),
        T(test_unencoded_user_data_are_for_json_documents_only),
        T(test_a_device_that_cannot_be_notified_is_told_to_poll),
        T(test_a_portal_that_is_not_there_is_an_error_and_no_journey),
        T(test_a_failed_order_is_a_general_error_with_a_text),
        T(test_who_is_not_eligible_gets_no_subscription),
        T(test_services_are_switched_on_and_off),
        T(test_type_1_ends_what_stands_and_type_2_has_nothing_to_manage),
    };

    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
