/* SPDX-License-Identifier: Apache-2.0 */
/* Sentences for care agents: every mode of a service has its own reason and its own behaviour of the phone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "front/admin_internal.h"

#define EXPLANATION                                                                                          \
    "{\"decisions\":{\"offer\":{\"value\":\"no\",\"rule\":\"not-in-plan\"},\"status\":{\"value\":\"x\","     \
    "\"rule\":\"default\"},\"eligibility\":{\"value\":\"x\",\"rule\":\"not-in-plan\"},"                      \
    "\"lte-home\":{\"value\":\"x\",\"rule\":\"default\"},\"lte-roaming\":{\"value\":\"x\",\"rule\":\"not-"   \
    "in-plan\"}},"                                                                                           \
    "\"rules\":[{\"name\":\"other\",\"conditions\":[]},{\"name\":\"not-in-plan\",\"conditions\":["           \
    "{\"text\":\"plan.features has not vowifi\",\"value\":\"[volte]\",\"holds\":true},"                      \
    "{\"text\":\"line.state is active\",\"value\":\"active\",\"holds\":true}]}]}"

struct fixture {
    struct ecs_arena *arena;
    struct ecs_doc *doc;
    struct ecs_doc_node *block;
    struct ecs_facts facts;
    struct admin_sentence sentence;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    f->arena = ecs_arena_new(NULL, 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    ecs_arena_free(f->arena);
    free(f);
    return 0;
}

static void say(struct fixture *f, enum ecs_app app, int status, bool offered)
{
    struct ecs_app_result result = {.app = app, .status = status, .offered = offered, .rule = ECS_STR("r")};

    assert_int_equal(admin_sentence(f->arena, &result, f->block, &f->facts,
                                    offered ? ECS_STR(EXPLANATION) : ECS_STR_NULL, &f->sentence),
                     ECS_OK);
}

static void vowifi(struct fixture *f, int status, int terms, int address, int provisioning, const char *url,
                   const char *message)
{
    f->doc = ecs_doc_new(f->arena);
    f->block = ecs_doc_app(f->doc, ECS_APP_2004);
    ecs_doc_int(f->doc, f->block, "EntitlementStatus", status);
    ecs_doc_str(f->doc, f->block, "ServiceFlow_URL", ecs_str_of(url));
    ecs_doc_str(f->doc, f->block, "MessageForIncompatible", ecs_str_of(message));
    ecs_doc_int(f->doc, f->block, "AddrStatus", address);
    ecs_doc_int(f->doc, f->block, "TC_Status", terms);
    ecs_doc_int(f->doc, f->block, "ProvStatus", provisioning);
    say(f, ECS_APP_2004, status, true);
}

static void assert_has(struct ecs_str text, const char *part)
{
    if (ecs_str_find(text, ecs_str_of(part)) < 0)
        fail_msg("\"%.*s\" does not say \"%s\"", ECS_FMT(text), part);
}

static void assert_has_not(struct ecs_str text, const char *part)
{
    if (ecs_str_find(text, ecs_str_of(part)) >= 0)
        fail_msg("\"%.*s\" says \"%s\"", ECS_FMT(text), part);
}

static void test_a_refusal_names_rule_conditions_and_text(void **state)
{
    struct fixture *f = *state;

    vowifi(f, 2, 2, 2, 2, "", "Not in your plan.");
    assert_has(f->sentence.status_word, "incompatible");
    assert_has(f->sentence.summary,
               "Wi-Fi calling is off: rule \"not-in-plan\" applies: plan.features has not vowifi (it is "
               "[volte]) and line.state is active (it is active)");
    assert_has(f->sentence.phone, "Not in your plan.");
    vowifi(f, 2, 2, 2, 2, "", "");
    assert_has(f->sentence.phone, "its own text");
}

static void test_missing_data_are_named_one_by_one(void **state)
{
    struct fixture *f = *state;

    vowifi(f, 0, 0, 1, 0, "https://p.example/", "");
    assert_has(f->sentence.summary, "terms and conditions have not been accepted");
    assert_has_not(f->sentence.summary, "address");
    assert_has(f->sentence.phone, "https://p.example/");
    vowifi(f, 0, 1, 0, 0, "https://p.example/", "");
    assert_has(f->sentence.summary, "no emergency address");
    assert_has_not(f->sentence.summary, "terms");
    vowifi(f, 0, 0, 0, 0, "", "");
    assert_has(f->sentence.summary, "accepted, and no emergency address");
    assert_has(f->sentence.phone, "policy.portal_url");
}

static void test_data_that_are_there_but_do_not_count_are_told_apart(void **state)
{
    struct fixture *f = *state;

    assert_true(ecs_fact_set_int(&f->facts, ECS_FACT_VOWIFI_TERMS, ECS_TERMS_ACCEPTED));
    assert_true(ecs_fact_set_int(&f->facts, ECS_FACT_VOWIFI_ADDRESS, ECS_ADDRESS_AVAILABLE));
    vowifi(f, 0, 0, 0, 0, "https://p.example/", "");
    assert_has(f->sentence.summary, "terms that were accepted do not count");
    assert_has(f->sentence.summary, "address that was captured does not count");
}

static void test_waiting_states(void **state)
{
    struct fixture *f = *state;

    vowifi(f, 0, 3, 1, 0, "", "");
    assert_has(f->sentence.summary, "being checked");
    vowifi(f, 3, 1, 1, 0, "", "");
    assert_has(f->sentence.summary, "has not activated");
    vowifi(f, 3, 1, 1, 3, "", "");
    assert_has(f->sentence.summary, "is activating");
    vowifi(f, 1, 1, 1, 1, "", "");
    assert_has(f->sentence.summary, "Wi-Fi calling is allowed");
    assert_has(f->sentence.phone, "look at that setting");
}

static void test_provisioning_by_the_word_of_the_policy_names_the_rule(void **state)
{
    static const char explanation[] = "{\"decisions\":{\"offer\":{\"value\":\"provisioning\",\"rule\":\"in-"
                                      "provisioning\"}},\"rules\":[{\"name\":"
                                      "\"in-provisioning\",\"conditions\":[{\"text\":\"vowifi.override is "
                                      "provisioning\",\"value\":\"provisioning\"}]}]}";
    struct fixture *f = *state;
    struct ecs_app_result result = {.app = ECS_APP_2004, .status = 3, .offered = true, .rule = ECS_STR("r")};

    vowifi(f, 3, 1, 1, 3, "", "");
    assert_int_equal(
        admin_sentence(f->arena, &result, f->block, &f->facts, ecs_str_of(explanation), &f->sentence),
        ECS_OK);
    assert_has(f->sentence.summary, "rule \"in-provisioning\" applies: vowifi.override is provisioning");
}

static void test_voice_is_told_per_access_and_network(void **state)
{
    struct fixture *f = *state;
    struct ecs_doc_node *list, *item;

    f->doc = ecs_doc_new(f->arena);
    f->block = ecs_doc_app(f->doc, ECS_APP_2003);
    list = ecs_doc_list_boxed(f->doc, f->block, "VoiceOverCellularEntitleInfo", "RATVoiceEntitleInfoDetails");
    for (int network = 2; network <= 3; network++) {
        item = ecs_doc_item(f->doc, list);
        ecs_doc_int(f->doc, item, "AccessType", 1);
        ecs_doc_int(f->doc, item, "HomeRoamingNWType", network);
        ecs_doc_int(f->doc, item, "EntitlementStatus", network == 2 ? 1 : 2);
    }
    item = ecs_doc_item(f->doc, list);
    ecs_doc_int(f->doc, item, "AccessType", 2);
    ecs_doc_int(f->doc, item, "HomeRoamingNWType", 1);
    ecs_doc_int(f->doc, item, "EntitlementStatus", 3);
    say(f, ECS_APP_2003, 1, true);
    assert_has(f->sentence.summary, "VoLTE at home: on; VoLTE abroad: refused, rule \"not-in-plan\" applies");
    assert_has(f->sentence.summary, "5G voice at home and abroad: being activated");
}

static void test_old_voice_form_and_sms(void **state)
{
    struct fixture *f = *state;

    f->doc = ecs_doc_new(f->arena);
    f->block = ecs_doc_app(f->doc, ECS_APP_2003);
    ecs_doc_int(f->doc, f->block, "EntitlementStatus", 0);
    say(f, ECS_APP_2003, 0, true);
    assert_has(f->sentence.summary, "VoLTE at home: off, that is the default of the policy");
    say(f, ECS_APP_2005, 1, true);
    assert_has(f->sentence.summary, "SMS over IP: on");
    say(f, ECS_APP_2005, 2, true);
    assert_has(f->sentence.summary, "SMS over IP: refused");
    assert_has(f->sentence.phone, "older networks");
}

static void test_an_application_that_is_not_offered(void **state)
{
    struct fixture *f = *state;

    f->doc = ecs_doc_new(f->arena);
    f->block = ecs_doc_app(f->doc, ECS_APP_2016);
    say(f, ECS_APP_2016, 2, false);
    assert_has(f->sentence.summary, "ap2016 is not offered by this server");
}

/* ---- eSIM activation ---- */

static void activation(struct fixture *f, enum ecs_app app, int status, const char *name, const char *value)
{
    f->doc = ecs_doc_new(f->arena);
    f->block = ecs_doc_app(f->doc, app);
    if (app == ECS_APP_2006)
        ecs_doc_str(f->doc, f->block, "CompanionDeviceServices",
                    ecs_str_of(status == 1 ? "SharedNumber" : ""));
    if (name)
        ecs_doc_str(f->doc, f->block, name, ecs_str_of(value));
    ecs_doc_int(f->doc, f->block, "OperationResult", 1);
    say(f, app, status, true);
}

static void test_eligibility_names_the_rule_and_what_the_device_does(void **state)
{
    struct fixture *f = *state;

    activation(f, ECS_APP_2006, 0, "GeneralErrorText", "Not in your plan.");
    assert_has(f->sentence.status_word, "disabled");
    assert_has(f->sentence.summary,
               "Companions such as watches cannot be activated: rule \"not-in-plan\" applies: plan.features "
               "has not vowifi (it is [volte])");
    assert_has(f->sentence.phone, "shows the user: Not in your plan.");
    activation(f, ECS_APP_2006, 1, NULL, NULL);
    assert_has(f->sentence.summary, "may be activated, services SharedNumber: rule \"not-in-plan\"");
    activation(f, ECS_APP_2009, 2, "NotEnabledURL", "https://p.example/no");
    assert_has(f->sentence.summary, "cannot be activated on this device");
    assert_has(f->sentence.phone, "opens https://p.example/no");
    activation(f, ECS_APP_2009, 0, "PollingInterval", "5");
    assert_has(f->sentence.phone, "asks again after 5 min.");
    activation(f, ECS_APP_2011, 0, "GeneralErrorText", "x");
    assert_has(f->sentence.phone, "The managing server cannot order profiles.");
    assert_has_not(f->sentence.phone, "shows the user");
}

static void test_a_refused_request_and_a_policy_without_services_are_told(void **state)
{
    static const char allowed[] =
        "{\"decisions\":{\"eligibility\":{\"value\":\"enabled\",\"rule\":\"default\"}},"
        "\"rules\":[]}";
    struct ecs_app_result result = {.app = ECS_APP_2006, .offered = true, .rule = ECS_STR("r")};
    struct fixture *f = *state;

    f->doc = ecs_doc_new(f->arena);
    f->block = ecs_doc_app(f->doc, ECS_APP_2006);
    ecs_doc_int(f->doc, f->block, "OperationResult", 102);
    say(f, ECS_APP_2006, 0, true);
    assert_has(f->sentence.summary, "refused with OperationResult 102");
    activation(f, ECS_APP_2006, 0, NULL, NULL);
    assert_int_equal(
        admin_sentence(f->arena, &result, f->block, &f->facts, ecs_str_of(allowed), &f->sentence), ECS_OK);
    assert_has(f->sentence.summary, "allows none of the services");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_refusal_names_rule_conditions_and_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_missing_data_are_named_one_by_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_data_that_are_there_but_do_not_count_are_told_apart, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_waiting_states, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_provisioning_by_the_word_of_the_policy_names_the_rule, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_voice_is_told_per_access_and_network, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_old_voice_form_and_sms, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_application_that_is_not_offered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_eligibility_names_the_rule_and_what_the_device_does, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_refused_request_and_a_policy_without_services_are_told, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
