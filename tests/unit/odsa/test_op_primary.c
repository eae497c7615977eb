/* SPDX-License-Identifier: Apache-2.0 */
/* Operations for phones (TS.43 8) and for servers of enterprises (10): eligibility, new subscriptions, the
 * question to the user, waiting profiles, lists, temporary tokens, plans. */
#include "op_ask.h"

#define ADDRESS                                                                                              \
    "\"DownloadInfo\":{\"ProfileIccid\":\"8934041234567890101\",\"ProfileSmdpAddress\":\"smdp.example."      \
    "net\"}"
#define READY "\"SubscriptionResult\":\"2\",\"OperationResult\":\"1\""
#define DONE  "\"SubscriptionResult\":\"3\",\"OperationResult\":\"1\""
#define NEW   "&operation_type=0&terminal_eid=" NEW_EID

static bool answers(const char *part)
{
    if (strstr(rig.json, part))
        return true;
    print_message("wanted %s\nin %s\n", part, rig.json);
    return false;
}

static struct ecs_profile *add_profile(const char *iccid, const char *device)
{
    struct ecs_profile *p = &db.profiles[db.n_profiles++];

    *p = (struct ecs_profile){.id = 50 + (int64_t)db.n_profiles,
                              .imsi = rig.line.imsi,
                              .app = 2009,
                              .iccid = ecs_str_of(iccid),
                              .terminal_id = ecs_str_of(device),
                              .origin = ECS_STR("ecs"),
                              .status = 1,
                              .installed_at = NOW - 1000};
    return p;
}

/* proves: OP-001 OP-002 O-012 O-013 O-014 */
static void test_eligibility_is_polled_only_while_the_policy_sees_an_end(void **state)
{
    (void)state;
    assert_answer("ap2009", "CheckEligibility", "",
                  "\"PrimaryAppEligibility\":\"1\",\"OperationResult\":\"1\"");
    assert_int_equal(db.asked, 0);
    db.bss.ask_eligibility = true;
    db.line.status = ECS_BSS_PENDING;
    assert_answer("ap2009", "CheckEligibility", "",
                  "\"PrimaryAppEligibility\":\"0\",\"PollingInterval\":\"30\",\"PollingIntervalUnit\":\"1\","
                  "\"GeneralErrorText\":\"This cannot be checked at the moment. Please try again later.\","
                  "\"OperationResult\":\"1\"");
    rig.conf.polling_minutes = true;
    assert_int_equal(ask("ap2009", "CheckEligibility", ""), ECS_OK);
    assert_true(answers("\"PollingInterval\":\"1\",\"GeneralErrorText\""));
    db.line = (struct ecs_bss_line){.status = ECS_BSS_DONE, .eligible = 2};
    assert_int_equal(ask("ap2009", "CheckEligibility", ""), ECS_OK);
    assert_true(answers("\"PrimaryAppEligibility\":\"2\""));
    assert_null(strstr(rig.json, "PollingInterval"));
    db.line.eligible = 1;
    assert_answer("ap2009", "CheckEligibility", "",
                  "\"PrimaryAppEligibility\":\"1\",\"OperationResult\":\"1\"");
    rig.line.known = false;
    assert_int_equal(ask("ap2009", "CheckEligibility", ""), ECS_OK);
    assert_true(answers("\"PrimaryAppEligibility\":\"0\""));
}

/* proves: O-016 */
static void test_polls_for_eligibility_end_at_the_maximum(void **state)
{
    (void)state;
    db.bss.ask_eligibility = true;
    db.line.status = ECS_BSS_PENDING;
    for (int poll = 1; poll <= 5; poll++) {
        assert_int_equal(ask("ap2009", "CheckEligibility", ""), ECS_OK);
        assert_true(answers("\"PrimaryAppEligibility\":\"0\""));
        assert_true((strstr(rig.json, "PollingInterval") != NULL) == (poll <= 3));
    }
    assert_int_equal(ask("ap2009", "CheckEligibility", "&terminal_id=" NEW_PHONE), ECS_OK);
    assert_true(answers("PollingInterval")); /* of another device */
}

/* proves: OP-006 OP-007 */
static void test_a_new_subscription_is_confirmed_with_its_iccid(void **state)
{
    (void)state;
    assert_answer("ap2009", "ManageSubscription", NEW, ADDRESS "," READY);
    assert_answer("ap2009", "ManageSubscription", "&operation_type=4&terminal_iccid=8934041234567890101",
                  DONE);
    assert_answer("ap2009", "AcquireConfiguration", "",
                  "\"PrimaryConfiguration\":{\"ICCID\":\"8934041234567890101\",\"ServiceStatus\":\"1\"},"
                  "\"OperationResult\":\"1\"");
    assert_answer("ap2009", "ManageSubscription", "&operation_type=4&terminal_iccid=8934041234567890101",
                  DONE);
}

/* proves: OP-005 OP-003 */
static void test_the_other_side_of_a_phone_is_named_by_target(void **state)
{
#define SIDE "&target_terminal_id=" NEW_PHONE
    (void)state;
    assert_answer("ap2009", "ManageSubscription", "&operation_type=0&target_terminal_eid=" NEW_EID SIDE,
                  ADDRESS "," READY);
    assert_true(ecs_str_eq(db.journeys[0].target_id, ECS_STR(NEW_PHONE)));
    assert_true(ecs_str_eq(db.journeys[0].terminal_id, ECS_STR(PHONE)));
    assert_answer("ap2009", "ManageSubscription",
                  "&operation_type=4&target_terminal_iccid=8934041234567890101" SIDE, DONE);
}

static void test_forms_of_the_activation_code_are_configured(void **state)
{
    (void)state;
    use_rules("primary", "  - name: code\n    then: { delivery: code }\n");
    rig.conf.lpa_prefix = true;
    assert_int_equal(ask("ap2009", "ManageSubscription", NEW), ECS_OK);
    assert_true(answers("\"ProfileActivationCode\":\"TFBBOjEkc21kcC5leGFtcGxlLm5ldCRLMDE=\""));
    rig.conf.raw_code = true;
    assert_int_equal(ask("ap2009", "ManageSubscription", NEW), ECS_OK);
    assert_true(answers("\"ProfileActivationCode\":\"LPA:1$smdp.example.net$K01\""));
    rig.conf.lpa_prefix = false;
    assert_int_equal(ask("ap2009", "ManageSubscription", NEW), ECS_OK);
    assert_true(answers("\"ProfileActivationCode\":\"1$smdp.example.net$K01\""));
}

/* ---- the question ---- */

static const char question[] =
    "  - name: ask\n    then: { question: odsa-question-code, question-text: yes, question-pattern: "
    "\"^[0-9]{6}$\", question-hint: odsa-question-code-hint, question-error: odsa-question-code-error }\n";

/* proves: O-039 O-044 O-045 O-047 O-048 O-051 OP-021 */
static void test_the_question_is_put_and_its_answer_checked(void **state)
{
    (void)state;
    use_rules("primary", question);
    for (int i = 0; i < 2; i++)
        assert_answer(
            "ap2009", "ManageSubscription", NEW,
            "\"MSG\":{\"Message\":\"Please enter the code that we have sent to you.\",\"Accept_btn\":"
            "\"1\",\"Reject_btn\":\"1\",\"Accept_freetext\":\"1\",\"Accept_freetext_hint\":"
            "\"6 digits\",\"Accept_freetext_validation\":\"encodedValue=XlswLTldezZ9JA==\","
            "\"Accept_freetext_validation_failed_error_text\":\"The code has 6 digits.\"},"
            "\"SubscriptionResult\":\"8\",\"OperationResult\":\"1\"");
    assert_int_equal(db.opened, 1);
    assert_answer("ap2009", "ManageSubscription", NEW "&MSG_response=114477&MSG_btn=1", ADDRESS "," READY);
    assert_string_equal(db.last_event, "answered");
    assert_answer("ap2009", "ManageSubscription", NEW "&MSG_response=114477&MSG_btn=1", ADDRESS "," READY);
    assert_int_equal(db.opened, 1);
}

/* proves: O-007 O-052 O-037 */
static void test_wrong_and_unasked_answers_are_104_and_a_rejection_ends_it(void **state)
{
    static const char *const wrong[] = {"&MSG_response=1144&MSG_btn=1", "&MSG_response=114477", "&MSG_btn=1",
                                        "&MSG_response=1144771&MSG_btn=1"};

    (void)state;
    assert_answer("ap2009", "ManageSubscription", NEW "&MSG_response=1&MSG_btn=1", DISMISSED("104"));
    use_rules("primary", question);
    for (size_t i = 0; i < ECS_ARRAY_LEN(wrong); i++) {
        char *tail = ecs_printf(rig.arena, NEW "%s", wrong[i]);

        assert_int_equal(ask("ap2009", "ManageSubscription", NEW), ECS_OK);
        assert_true(answers("\"SubscriptionResult\":\"8\""));
        assert_answer("ap2009", "ManageSubscription", tail, DISMISSED("104"));
        assert_int_equal(odsa_state_of(&db.journeys[i]), ODSA_FAILED);
        assert_answer("ap2009", "ManageSubscription", NEW "&MSG_response=114477&MSG_btn=1", DISMISSED("104"));
    }
    assert_int_equal(ask("ap2009", "ManageSubscription", NEW), ECS_OK);
    assert_answer("ap2009", "ManageSubscription", NEW "&MSG_btn=0&MSG_response=114477", DISMISSED("1"));
    assert_string_equal(db.last_event, "rejected");
    assert_int_equal(db.profiles[0].id, 0);
}

/* proves: O-049 */
static void test_texts_are_cut_to_the_limits_of_the_device(void **state)
{
    (void)state;
    use_rules("primary", question);
    assert_int_equal(
        ask("ap2009", "ManageSubscription", NEW "&MSG_character_display_limits=-1,20,-1,-1,4,10"), ECS_OK);
    assert_true(answers("\"Message\":\"Please enter the\u2026\""));
    assert_true(answers("\"Accept_freetext_hint\":\"6 d\u2026\""));
    assert_true(answers("error_text\":\"The code\u2026\""));
}

static void test_shortening_counts_characters(void **state)
{
    static const struct {
        const char *text;
        int limit;
        const char *wanted;
    } rows[] = {
        {"abc", -1, "abc"},
        {"abc", 3, "abc"},
        {"abcd", 3, "ab\u2026"},
        {"\u00e4\u00f6\u00fc", 3, "\u00e4\u00f6\u00fc"},
        {"\u00e4\u00f6\u00fc\u00df", 3, "\u00e4\u00f6\u2026"},
        {"one two three", 9, "one two\u2026"},
        {"one two", 4, "one\u2026"},
        {"a veryverylong", 8, "a veryv\u2026"},
        {"abc", 1, "\u2026"},
        {"", 5, ""},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_str cut = odsa_shorten(rig.arena, ecs_str_of(rows[i].text), rows[i].limit);

        if (!ecs_str_eq(cut, ecs_str_of(rows[i].wanted)))
            fail_msg("\"%s\" to %d: \"%.*s\"", rows[i].text, rows[i].limit, ECS_FMT(cut));
    }
}

/* proves: O-046 */
static void test_a_question_without_text_has_two_buttons_only(void **state)
{
    (void)state;
    use_rules("primary", "  - name: ask\n    then: { question: odsa-question-code, question-text: no, "
                         "question-hint: odsa-question-code-hint, question-pattern: x }\n");
    assert_answer(
        "ap2009", "ManageSubscription", NEW,
        "\"MSG\":{\"Message\":\"Please enter the code that we have sent to you.\",\"Accept_btn\":\"1\","
        "\"Reject_btn\":\"1\",\"Accept_freetext\":\"0\"},\"SubscriptionResult\":\"8\","
        "\"OperationResult\":\"1\"");
    assert_answer("ap2009", "ManageSubscription", NEW "&MSG_btn=1", ADDRESS "," READY);
}

/* ---- waiting profiles ---- */

/* proves: OP-026 OP-027 OP-035 OP-036 */
static void test_a_waiting_profile_is_released_by_the_right_answer(void **state)
{
#define WAITING NEW "&terminal_iccid=8934047777777777771"
    struct ecs_profile *p;

    (void)state;
    use_rules("primary", question);
    p = add_profile("8934047777777777771", PHONE);
    p->waiting = true;
    p->installed_at = 0;
    p->status = 3;
    p->eid = ECS_STR(NEW_EID);
    p->address = ECS_STR("smdp.example.net");
    assert_int_equal(ask("ap2009", "AcquireConfiguration", ""), ECS_OK);
    assert_true(answers("\"PrimaryConfiguration\":{\"ICCID\":\"8934047777777777771\",\"ServiceStatus\":\"3\","
                        "\"MSG\":{\"Message\":\"Please enter"));
    assert_answer("ap2009", "ManageSubscription", WAITING "&MSG_response=nonsense&MSG_btn=1",
                  DISMISSED("104"));
    assert_int_equal(db.opened, 0);
    assert_answer("ap2009", "ManageSubscription", WAITING "&MSG_btn=0", DISMISSED("1"));
    assert_answer("ap2009", "ManageSubscription", WAITING "&MSG_response=114477&MSG_btn=1",
                  "\"DownloadInfo\":{\"ProfileIccid\":\"8934047777777777771\",\"ProfileSmdpAddress\":"
                  "\"smdp.example.net\"}," READY);
    assert_int_equal(db.journeys[0].kind, ECS_JOURNEY_WAITING);
    assert_int_equal(ask("ap2009", "AcquireConfiguration", ""), ECS_OK);
    assert_true(answers("\"ServiceStatus\":\"1\",\"DownloadInfo\""));
}

/* ---- lists ---- */

/* proves: OP-031 OP-032 OP-033 OP-034 OP-037 */
static void test_one_profile_stands_alone_and_of_several_one_is_primary(void **state)
{
    static const char second[] =
        "{\"PrimaryConfiguration\":{\"ICCID\":\"8934044444444444441\",\"ServiceStatus\":"
        "\"1\",\"SecondaryICCID\":\"1\"}}";

    (void)state;
    assert_answer("ap2009", "AcquireConfiguration", "", "\"OperationResult\":\"1\"");
    add_profile("8934044444444444441", "352099001761499");
    assert_int_equal(ask("ap2009", "AcquireConfiguration", ""), ECS_OK);
    assert_true(
        answers("\"PrimaryConfiguration\":{\"ICCID\":\"8934044444444444441\",\"ServiceStatus\":\"1\"}"));
    add_profile(LINE_ICCID, PHONE);
    assert_int_equal(ask("ap2009", "AcquireConfiguration", ""), ECS_OK);
    assert_true(answers("\"PrimaryConfigurations\":[{\"PrimaryConfiguration\":{\"ICCID\":\"" LINE_ICCID
                        "\",\"ServiceStatus\":\"1\"}},"));
    assert_true(answers(second));
    assert_int_equal(ask("ap2009", "AcquireConfiguration", "&terminal_iccid=8934044444444444441"), ECS_OK);
    assert_true(
        answers("\"PrimaryConfiguration\":{\"ICCID\":\"8934044444444444441\",\"ServiceStatus\":\"1\"}"));
    rig.conf.stand_alone_primary = true;
    assert_int_equal(ask("ap2009", "AcquireConfiguration", ""), ECS_OK);
    assert_true(answers("\"PrimaryConfiguration\":{\"ICCID\":\"" LINE_ICCID "\",\"ServiceStatus\":\"1\"}"));
    db.profiles[0].status = db.profiles[1].status = 4;
    rig.conf.stand_alone_primary = false;
    assert_int_equal(ask("ap2009", "AcquireConfiguration", "&target_terminal_id=" PHONE), ECS_OK);
    assert_true(answers("\"ServiceStatus\":\"4\""));
}

/* proves: OC-023 */
static void test_a_profile_of_another_channel_is_adopted(void **state)
{
    static struct ecs_bss_profile told[2];

    (void)state;
    db.bss.type = ECS_BSS_REST;
    told[0] = (struct ecs_bss_profile){
        .iccid = ECS_STR("8934048888888888881"), .code = ECS_STR("1$smdp.example.net$BSS-1"), .status = 1};
    told[1] = (struct ecs_bss_profile){.iccid = ECS_STR("8934048888888888899"), .status = 4};
    db.line =
        (struct ecs_bss_line){.status = ECS_BSS_DONE, .eligible = -1, .profiles = told, .n_profiles = 2};
    for (int i = 0; i < 2; i++)
        assert_answer("ap2006", "AcquireConfiguration", "&companion_terminal_id=" WATCH,
                      "\"CompanionConfigurations\":[{\"CompanionConfiguration\":{\"ICCID\":"
                      "\"8934048888888888881\",\"CompanionDeviceService\":\"SharedNumber\",\"ServiceStatus\":"
                      "\"1\",\"DownloadInfo\":{\"ProfileIccid\":\"8934048888888888881\","
                      "\"ProfileActivationCode\":\"MSRzbWRwLmV4YW1wbGUubmV0JEJTUy0x\"}}}],"
                      "\"OperationResult\":\"1\"");
    assert_int_equal(db.asked, 1);
    assert_int_equal(db.n_profiles, 1);
    assert_int_equal(db.delivered, 1);
    assert_int_equal(ask("ap2006", "ManageSubscription", SUBSCRIBE_WATCH), ECS_OK);
    assert_true(answers("\"SubscriptionResult\":\"2\""));
    assert_int_equal(db.opened, 0);
    assert_int_equal(ask("ap2006", "ManageSubscription",
                         "&operation_type=4&companion_terminal_id=" WATCH
                         "&companion_terminal_iccid=8934048888888888881"),
                     ECS_OK);
    assert_true(answers("\"SubscriptionResult\":\"3\""));
    assert_int_equal(db.profiles[0].installed_at, NOW);
}

static void test_a_profile_that_lives_elsewhere_is_not_adopted(void **state)
{
    static struct ecs_bss_profile told[2];

    (void)state;
    db.bss.type = ECS_BSS_REST;
    db.foreign = ECS_STR("8934048888888888881");
    told[0] = (struct ecs_bss_profile){.iccid = ECS_STR("8934048888888888881"), .status = 1};
    told[1] = (struct ecs_bss_profile){.iccid = ECS_STR("8934048888888888899"), .status = 1};
    db.line =
        (struct ecs_bss_line){.status = ECS_BSS_DONE, .eligible = -1, .profiles = told, .n_profiles = 2};
    assert_int_equal(ask("ap2006", "AcquireConfiguration", "&companion_terminal_id=" WATCH), ECS_OK);
    assert_true(answers("8934048888888888899"));
    assert_null(strstr(rig.json, "8934048888888888881"));
    assert_int_equal(db.n_profiles, 1);
    db.line.n_profiles = 1;
    db.n_profiles = 0;
    assert_answer("ap2006", "AcquireConfiguration", "&companion_terminal_id=" WATCH,
                  "\"OperationResult\":\"1\"");
}

static void test_barred_devices_may_only_be_taken_away(void **state)
{
    (void)state;
    db.target_state = ECS_ROW_IDENTITY_STOLEN;
    assert_int_equal(ask("ap2009", "ManageSubscription", NEW), ECS_E_FORBIDDEN);
    assert_int_equal(ask("ap2009", "CheckEligibility", ""), ECS_E_FORBIDDEN);
    assert_int_equal(ask("ap2009", "ManageSubscription", "&operation_type=1"), ECS_OK);
    db.target_state = ECS_ROW_IDENTITY_UNKNOWN;
    db.eid_state = ECS_ROW_IDENTITY_DENY;
    assert_int_equal(ask("ap2009", "ManageSubscription", NEW), ECS_E_FORBIDDEN);
}

/* ---- temporary tokens ---- */

/* proves: O-065 O-066 O-067 */
static void test_temporary_tokens_are_for_what_the_policy_allows(void **state)
{
#define TARGETS "&operation_targets="
    (void)state;
    assert_answer(
        "ap2009", "AcquireTemporaryToken",
        TARGETS "ManageSubscription%2C%20AcquireConfiguration,ManageService,Foo",
        "\"TemporaryToken\":\"tmp6b1e\",\"TemporaryTokenExpiry\":\"2026-09-21T15:16:40Z\","
        "\"OperationTargets\":\"ManageSubscription,AcquireConfiguration\",\"OperationResult\":\"1\"");
    assert_int_equal(db.granted, 1u << ECS_OP_MANAGE_SUBSCRIPTION | 1u << ECS_OP_ACQUIRE_CONFIGURATION);
    assert_answer("ap2009", "AcquireTemporaryToken", TARGETS "ManageService", "\"OperationResult\":\"100\"");
    assert_answer("ap2009", "AcquireTemporaryToken", TARGETS "Foo", "\"OperationResult\":\"102\"");
    assert_answer("ap2009", "AcquireTemporaryToken", TARGETS "AcquireTemporaryToken",
                  "\"OperationResult\":\"102\"");
    assert_answer("ap2009", "AcquireTemporaryToken", TARGETS "GetPhoneNumber", "\"OperationResult\":\"100\"");
    assert_answer("ap2006", "AcquireTemporaryToken", TARGETS "ManageSubscription",
                  "\"OperationResult\":\"100\"");
    rig.line.sim_changed_at = NOW - 60;
    assert_answer("ap2009", "AcquireTemporaryToken", TARGETS "ManageSubscription",
                  "\"OperationResult\":\"100\"");
    assert_int_equal(db.minted, 1);
}

/* ---- enterprises ---- */

/* proves: O-069 O-070 OS-005 OS-009 OS-010 OS-011 OS-012 OS-013 OS-014 */
static void test_a_server_orders_for_devices_of_its_enterprise(void **state)
{
#define MDM    "&requestor_id=r1&terminal_id=0"
#define DEVICE MDM "&enterprise_terminal_id=" NEW_PHONE "&enterprise_terminal_eid=" NEW_EID
    static const struct ecs_bss_plan plans[] = {{.id = ECS_STR("FLEET-5"),
                                                 .name = ECS_STR("Fleet 5 GB"),
                                                 .description = ECS_STR("Five gigabytes"),
                                                 .profile_type = ECS_STR("fleet")},
                                                {.id = ECS_STR("FLEET-9")}};

    (void)state;
    rig.auth.method = ECS_AUTH_SERVER;
    rig.auth.enterprise = ECS_STR("ENT-4471");
    rig.line.known = false;
    assert_answer("ap2011", "CheckEligibility", MDM,
                  "\"EnterpriseAppEligibility\":\"1\",\"OperationResult\":\"1\"");
    assert_answer("ap2011", "AcquirePlan", MDM, "\"OperationResult\":\"1\"");
    db.plans = (struct ecs_bss_plans){.status = ECS_BSS_DONE, .plans = plans, .n = 2};
    assert_answer("ap2011", "AcquirePlan", MDM,
                  "\"PlanOffers\":[{\"PlanOffer\":{\"PlanId\":\"FLEET-5\",\"PlanName\":\"Fleet 5 GB\","
                  "\"PlanDescription\":\"Five gigabytes\"}},{\"PlanOffer\":{\"PlanId\":\"FLEET-9\"}}],"
                  "\"OperationResult\":\"1\"");
    assert_answer("ap2011", "AcquireConfiguration", DEVICE,
                  "\"EnterpriseDeviceConfigurations\":[],\"OperationResult\":\"1\"");
    assert_answer("ap2011", "ManageSubscription", DEVICE "&operation_type=0&plan_id=OTHER", DISMISSED("102"));
    assert_int_equal(db.opened, 0);
    assert_answer("ap2011", "ManageSubscription", DEVICE "&operation_type=0&plan_id=FLEET-5",
                  "\"DownloadInfo\":{\"ProfileIccid\":\"8934041234567890101\",\"ProfileActivationCode\":"
                  "\"MSRzbWRwLmV4YW1wbGUubmV0JEswMQ==\"}," READY);
    assert_true(ecs_str_eq(db.journeys[0].profile_type, ECS_STR("fleet")));
    assert_true(ecs_str_eq(db.journeys[0].plan, ECS_STR("FLEET-5")));
    assert_true(ecs_str_eq(db.journeys[0].enterprise, ECS_STR("ENT-4471")));
    assert_int_equal(db.journeys[0].imsi.n, 0);
    assert_int_equal(ask("ap2011", "AcquireConfiguration", DEVICE), ECS_OK);
    assert_true(answers("\"EnterpriseDeviceConfigurations\":[{\"EnterpriseConfiguration\":{\"ICCID\":"
                        "\"8934041234567890101\",\"ServiceStatus\":\"1\",\"DownloadInfo\""));
    assert_answer("ap2011", "ManageSubscription", DEVICE "&operation_type=3", DISMISSED("102"));
    db.plans.status = ECS_BSS_AGAIN;
    assert_int_equal(ask("ap2011", "AcquirePlan", MDM), ECS_OK);
    assert_true(answers("\"OperationResult\":\"100\""));
    db.enterprise_active = false;
    assert_int_equal(ask("ap2011", "CheckEligibility", MDM), ECS_OK);
    assert_true(answers("\"EnterpriseAppEligibility\":\"0\""));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_eligibility_is_polled_only_while_the_policy_sees_an_end),
        T(test_polls_for_eligibility_end_at_the_maximum),
        T(test_a_new_subscription_is_confirmed_with_its_iccid),
        T(test_the_other_side_of_a_phone_is_named_by_target),
        T(test_forms_of_the_activation_code_are_configured),
        T(test_the_question_is_put_and_its_answer_checked),
        T(test_wrong_and_unasked_answers_are_104_and_a_rejection_ends_it),
        T(test_texts_are_cut_to_the_limits_of_the_device),
        T(test_shortening_counts_characters),
        T(test_a_question_without_text_has_two_buttons_only),
        T(test_a_waiting_profile_is_released_by_the_right_answer),
        T(test_one_profile_stands_alone_and_of_several_one_is_primary),
        T(test_a_profile_of_another_channel_is_adopted),
        T(test_a_profile_that_lives_elsewhere_is_not_adopted),
        T(test_barred_devices_may_only_be_taken_away),
        T(test_temporary_tokens_are_for_what_the_policy_allows),
        T(test_a_server_orders_for_devices_of_its_enterprise),
    };

    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
