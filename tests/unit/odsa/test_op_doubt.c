/* SPDX-License-Identifier: Apache-2.0 */
/* Requests in doubt: answers that nobody asked for, old identities that nobody has checked, procedures that
 * look like one that is over, devices that are barred. Nothing may be ordered on their word. */
#include "op_ask.h"

#define FROM_NEW  "&operation_type=3&terminal_id=" NEW_PHONE "&terminal_eid=" NEW_EID
#define OLD_ICCID "&old_terminal_iccid=" LINE_ICCID
#define OLD_PHONE "352099001761499"
#define ESIM      "8934044444444444441"
#define DONE      "\"SubscriptionResult\":\"3\",\"OperationResult\":\"1\""

static bool answers(const char *part)
{
    if (strstr(rig.json, part))
        return true;
    print_message("wanted %s\nin %s\n", part, rig.json);
    return false;
}

static struct ecs_profile *add_profile(int app, const char *iccid, const char *device)
{
    struct ecs_profile *p = &db.profiles[db.n_profiles++];

    *p = (struct ecs_profile){.id = 50 + (int64_t)db.n_profiles,
                              .imsi = rig.line.imsi,
                              .app = app,
                              .iccid = ecs_str_of(iccid),
                              .terminal_id = ecs_str_of(device),
                              .service = app == 2006 ? ECS_STR("SharedNumber") : ECS_STR_NULL,
                              .origin = ECS_STR("ecs"),
                              .status = 1,
                              .installed_at = NOW - 1000};
    return p;
}

static void use_portal(void)
{
    rig.has_portal = true;
    rig.env.portal_url = "https://portal.example.net/odsa";
}

/* proves: OP-009 OP-010 */
static void test_an_old_iccid_told_behind_the_portal_is_checked_too(void **state)
{
    (void)state;
    use_portal();
    add_profile(2009, ESIM, OLD_PHONE);
    assert_int_equal(ask("ap2009", "ManageSubscription", FROM_NEW), ECS_OK);
    assert_true(answers("\"SubscriptionResult\":\"1\""));
    assert_answer("ap2009", "ManageSubscription", FROM_NEW "&old_terminal_iccid=8934042222222222221",
                  DISMISSED("102"));
    assert_answer("ap2009", "ManageSubscription",
                  FROM_NEW "&old_terminal_iccid=" ESIM "&old_terminal_id=351111111111119", DISMISSED("102"));
    assert_int_equal(odsa_state_of(&db.journeys[0]), ODSA_CHOOSING);
    assert_int_equal(db.journeys[0].old_iccid.n, 0);
    assert_int_equal(db.fired, 0);
    assert_int_equal(ask("ap2009", "ManageSubscription", FROM_NEW "&old_terminal_iccid=" ESIM), ECS_OK);
    assert_true(answers("\"SubscriptionResult\":\"2\""));
}

/* proves: OC-024 OC-026 */
static void test_an_old_watch_without_a_profile_is_no_choice(void **state)
{
#define MOVE                                                                                                 \
    "&operation_type=3&companion_terminal_id=351756051524004&companion_terminal_eid=" WATCH_EID              \
    "&companion_terminal_vendor=A"
    (void)state;
    use_portal();
    add_profile(2006, "8934045555555555551", WATCH);
    assert_int_equal(ask("ap2006", "ManageSubscription", MOVE), ECS_OK);
    assert_int_equal(ask("ap2006", "ManageSubscription", MOVE "&old_companion_terminal_id=351756051524888"),
                     ECS_OK);
    assert_true(answers("\"SubscriptionResult\":\"1\"")); /* the portal has to go on asking */
    assert_string_equal(db.last_event, "asked-again");
    assert_int_equal(ask("ap2006", "ManageSubscription", MOVE "&old_companion_terminal_id=" WATCH), ECS_OK);
    assert_string_equal(db.last_event, "chosen");
    assert_true(answers("\"SubscriptionResult\":\"2\""));
    assert_true(ecs_str_eq(db.journeys[0].old_iccid, ECS_STR("8934045555555555551")));
}

/* proves: OP-014 */
static void test_the_old_one_ends_first_also_when_the_portal_finds_it(void **state)
{
    (void)state;
    use_portal();
    use_rules("primary", "  - name: first\n    then: { old-ends: before }\n");
    add_profile(2009, ESIM, OLD_PHONE);
    assert_int_equal(ask("ap2009", "ManageSubscription", FROM_NEW), ECS_OK);
    assert_true(db.journeys[0].flags & ECS_JOURNEY_F_OLD_FIRST);
    assert_int_equal(ask("ap2009", "ManageSubscription", FROM_NEW "&old_terminal_iccid=" ESIM), ECS_OK);
    assert_true(answers("\"SubscriptionResult\":\"2\""));
    assert_true(db.journeys[0].flags & ECS_JOURNEY_F_OLD_ENDED);
}

/* proves: O-051 O-052 */
static void test_a_rejection_orders_nothing_even_without_a_question(void **state)
{
    (void)state;
    assert_answer("ap2009", "ManageSubscription", FROM_NEW "&MSG_btn=0", DISMISSED("1"));
    assert_answer("ap2009", "ManageSubscription", FROM_NEW "&MSG_btn=0&MSG_response=1", DISMISSED("104"));
    assert_int_equal(db.opened, 0);
}

/* proves: O-061 */
static void test_a_procedure_that_is_over_answers_only_while_its_profile_is_there(void **state)
{
    (void)state;
    add_profile(2009, LINE_ICCID, PHONE);
    assert_int_equal(ask("ap2009", "ManageSubscription", FROM_NEW OLD_ICCID), ECS_OK);
    assert_true(fire_at(&db.journeys[0], ODSA_EV_INSTALLED, &rig.conf));
    drive(&db.journeys[0], &rig.conf);
    assert_answer("ap2009", "ManageSubscription", FROM_NEW OLD_ICCID, DONE);
    /* The line came back to a profile with the old ICCID, and moves once more. */
    db.profiles[1].status = 4;
    db.profiles[0].status = 1;
    assert_int_equal(ask("ap2009", "ManageSubscription", FROM_NEW OLD_ICCID), ECS_OK);
    assert_true(answers("\"SubscriptionResult\":\"2\""));
    assert_int_equal(db.opened, 2);
}

/* proves: OP-028 */
static void test_what_was_recovered_can_be_lost_again(void **state)
{
#define RECOVER "&operation_type=7&terminal_iccid=" LINE_ICCID
    (void)state;
    add_profile(2009, LINE_ICCID, PHONE);
    assert_int_equal(ask("ap2009", "ManageSubscription", RECOVER), ECS_OK);
    assert_true(fire_at(&db.journeys[0], ODSA_EV_INSTALLED, &rig.conf));
    drive(&db.journeys[0], &rig.conf);
    assert_answer("ap2009", "ManageSubscription", RECOVER, DONE); /* the same request, late */
    /* A profile that may be loaded again keeps its ICCID. */
    db.journeys[0].iccid = db.profiles[1].iccid = ECS_STR(LINE_ICCID);
    assert_int_equal(ask("ap2009", "ManageSubscription", RECOVER), ECS_OK);
    assert_true(answers("\"SubscriptionResult\":\"2\""));
    assert_int_equal(db.opened, 2);
}

static void test_a_watch_that_has_a_profile_of_somebody_else_may_get_ours(void **state)
{
    (void)state;
    db.foreign = ECS_STR("8934041111111111116");
    assert_int_equal(
        ask("ap2006", "ManageSubscription", SUBSCRIBE_WATCH "&companion_terminal_iccid=8934041111111111116"),
        ECS_OK);
    assert_true(answers("\"SubscriptionResult\":\"2\""));
    assert_true(answers("\"ProfileIccid\":\"8934041234567890101\""));
    assert_int_equal(ask("ap2006", "ManageSubscription",
                         "&operation_type=4&companion_terminal_id=" WATCH
                         "&companion_terminal_iccid=8934041111111111116"),
                     ECS_E_FORBIDDEN);
}

static void test_a_stolen_phone_gets_no_list_of_the_line(void **state)
{
    (void)state;
    assert_int_equal(ask("ap2009", "ManageSubscription", FROM_NEW), ECS_OK);
    rig.line.identity = ECS_ROW_IDENTITY_STOLEN;
    assert_int_equal(ask("ap2009", "AcquireConfiguration", "&terminal_id=" NEW_PHONE), ECS_E_FORBIDDEN);
    /* Another device, named by a stolen one, is not barred for that. */
    assert_int_equal(
        ask("ap2009", "AcquireConfiguration", "&target_terminal_id=" NEW_PHONE "&terminal_id=" PHONE),
        ECS_OK);
}

static void test_an_enterprise_gets_no_more_profiles_than_it_may_have(void **state)
{
#define ORDER                                                                                                \
    "&requestor_id=6f0c&operation_type=0&enterprise_terminal_id=" NEW_PHONE                                  \
    "&enterprise_terminal_eid=" NEW_EID
    (void)state;
    rig.auth.enterprise = ECS_STR("ENT-4471");
    db.enterprise_max = db.enterprise_living = 10;
    assert_int_equal(ask("ap2011", "ManageSubscription", ORDER), ECS_OK);
    assert_true(answers("\"OperationResult\":\"100\""));
    assert_int_equal(db.opened, 0);
    db.enterprise_living = 9;
    assert_int_equal(ask("ap2011", "ManageSubscription", ORDER), ECS_OK);
    assert_true(answers("\"SubscriptionResult\":\"2\""));
}

static void test_transfers_of_phones_that_are_not_supported_are_no_406(void **state)
{
    (void)state;
    use_rules("primary", "  - name: none\n    then: { transfer: not-supported }\n");
    assert_int_equal(ask("ap2009", "ManageSubscription", FROM_NEW OLD_ICCID), ECS_OK);
    assert_true(answers("\"OperationResult\":\"100\""));
    assert_int_equal(db.opened, 0);
}

static void test_a_report_that_is_faster_than_the_bss_is_no_fault(void **state)
{
#define REPORT "&operation_type=4&terminal_iccid=8934042222222222221"
    (void)state;
    use_portal();
    use_rules("primary", "  - name: web\n    then: { subscribe: portal }\n");
    assert_int_equal(ask("ap2009", "ManageSubscription", "&operation_type=0"), ECS_OK);
    assert_int_equal(ask("ap2009", "ManageSubscription", REPORT), ECS_OK);
    assert_true(answers("\"SubscriptionResult\":\"1\"")); /* the pages are open still */
    db.outcomes[ODSA_AWAITING] = ODSA_EV_PENDING;
    assert_true(fire_at(&db.journeys[0], ODSA_EV_ORDERED, &rig.conf));
    assert_int_equal(odsa_state_of(&db.journeys[0]), ODSA_AWAITING);
    assert_int_equal(ask("ap2009", "ManageSubscription", REPORT), ECS_OK);
    assert_true(answers("\"SubscriptionResult\":\"4\""));
    assert_int_equal(db.fired, 0);
}

/* proves: O-061 OC-031 */
static void test_of_two_profiles_of_a_device_the_named_one_ends(void **state)
{
#define END(iccid) "&operation_type=1&terminal_iccid=" iccid
    (void)state;
    add_profile(2009, ESIM, PHONE);
    add_profile(2009, "8934045555555555551", PHONE);
    db.outcomes[ODSA_STOPPING] = ODSA_EV_PENDING;
    assert_int_equal(ask("ap2009", "ManageSubscription", END(ESIM)), ECS_OK);
    assert_int_equal(db.opened, 1);
    db.journeys[0].target_id = ECS_STR("351111111111119"); /* of the double: one for each device */
    db.outcomes[ODSA_STOPPING] = ODSA_EV_OK;
    assert_answer("ap2009", "ManageSubscription", END("8934045555555555551"), DONE);
    assert_int_equal(db.opened, 2);
    assert_int_equal(db.profiles[1].status, 4);
    assert_int_equal(db.profiles[0].status, 1);
    /* Its answer was lost: the same again. */
    assert_answer("ap2009", "ManageSubscription", END("8934045555555555551"), DONE);
    assert_int_equal(db.opened, 2);
}

/* proves: OC-030 */
static void test_both_ways_to_switch_a_service_meet_in_one_procedure(void **state)
{
    (void)state;
    add_profile(2006, ESIM, WATCH)->status = 3;
    db.outcomes[ODSA_SWITCHING] = ODSA_EV_PENDING;
#define OF_WATCH "&companion_terminal_id=" WATCH "&companion_terminal_iccid=" ESIM
    assert_int_equal(
        ask("ap2006", "ManageService", "&operation_type=10&companion_terminal_service=SharedNumber" OF_WATCH),
        ECS_OK);
    assert_true(answers("\"ServiceStatus\":\"2\""));
    assert_int_equal(ask("ap2006", "ManageSubscription", "&operation_type=5" OF_WATCH), ECS_OK);
    assert_true(answers("\"SubscriptionResult\":\"4\""));
    assert_int_equal(ask("ap2006", "ManageSubscription", "&operation_type=6" OF_WATCH), ECS_OK);
    assert_true(answers("\"OperationResult\":\"100\""));
    assert_int_equal(db.opened, 1);
}

static void test_a_phone_that_only_looks_does_not_end_the_procedure_of_another(void **state)
{
    (void)state;
    db.outcomes[ODSA_ACTIVATING] = db.outcomes[ODSA_AWAITING] = ODSA_EV_PENDING;
    assert_int_equal(ask("ap2009", "ManageSubscription", FROM_NEW), ECS_OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(ask("ap2009", "AcquireConfiguration", "&terminal_id=351111111111119"), ECS_OK);
    assert_true(answers("\"ServiceStatus\":\"2\""));
    assert_int_equal(db.fired, 0);
}

/* proves: OP-009 */
static void test_the_profile_of_a_watch_cannot_be_moved_to_a_phone(void **state)
{
    (void)state;
    add_profile(2006, "8934045555555555551", WATCH);
    assert_answer("ap2009", "ManageSubscription", FROM_NEW "&old_terminal_iccid=8934045555555555551",
                  DISMISSED("102"));
    assert_answer("ap2009", "ManageSubscription", "&operation_type=7&terminal_iccid=8934045555555555551",
                  DISMISSED("102"));
    assert_int_equal(db.opened, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_an_old_iccid_told_behind_the_portal_is_checked_too),
        T(test_an_old_watch_without_a_profile_is_no_choice),
        T(test_the_old_one_ends_first_also_when_the_portal_finds_it),
        T(test_a_rejection_orders_nothing_even_without_a_question),
        T(test_a_procedure_that_is_over_answers_only_while_its_profile_is_there),
        T(test_what_was_recovered_can_be_lost_again),
        T(test_a_watch_that_has_a_profile_of_somebody_else_may_get_ours),
        T(test_a_stolen_phone_gets_no_list_of_the_line),
        T(test_an_enterprise_gets_no_more_profiles_than_it_may_have),
        T(test_transfers_of_phones_that_are_not_supported_are_no_406),
        T(test_a_report_that_is_faster_than_the_bss_is_no_fault),
        T(test_of_two_profiles_of_a_device_the_named_one_ends),
        T(test_both_ways_to_switch_a_service_meet_in_one_procedure),
        T(test_a_phone_that_only_looks_does_not_end_the_procedure_of_another),
        T(test_the_profile_of_a_watch_cannot_be_moved_to_a_phone),
    };

    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
