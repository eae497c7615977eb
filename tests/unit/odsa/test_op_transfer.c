/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles that move: from phone to phone (TS.43 8.5 to 8.11), from watch to watch (7.6), and back to a phone
 * that has lost its own (8.13). */
#include "op_ask.h"

#define CODE(n)                                                                                              \
    "\"DownloadInfo\":{\"ProfileIccid\":\"893404123456789010" #n "\",\"ProfileActivationCode\":"             \
    "\"MSRzbWRwLmV4YW1wbGUubmV0JEsw" CODE_##n "\"}"
#define CODE_1 "MQ=="
#define ADDRESS                                                                                              \
    "\"DownloadInfo\":{\"ProfileIccid\":\"8934041234567890101\",\"ProfileSmdpAddress\":\"smdp.example."      \
    "net\"}"
#define READY    "\"SubscriptionResult\":\"2\",\"OperationResult\":\"1\""
#define DONE     "\"SubscriptionResult\":\"3\",\"OperationResult\":\"1\""
#define FROM_NEW "&operation_type=3&terminal_id=" NEW_PHONE "&terminal_eid=" NEW_EID
#define FROM_OLD                                                                                             \
    "&operation_type=3&terminal_id=" PHONE "&old_terminal_id=" PHONE "&target_terminal_id=" NEW_PHONE        \
    "&target_terminal_eid=" NEW_EID
#define OLD_ICCID "&old_terminal_iccid=" LINE_ICCID

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

/* proves: OP-009 O-060 */
static void test_the_old_iccid_is_checked(void **state)
{
    (void)state;
    db.foreign = ECS_STR("8934041111111111116");
    assert_int_equal(ask("ap2009", "ManageSubscription", FROM_NEW "&old_terminal_iccid=8934041111111111116"),
                     ECS_E_FORBIDDEN);
    assert_answer("ap2009", "ManageSubscription", FROM_NEW "&old_terminal_iccid=8934042222222222221",
                  DISMISSED("102"));
    add_profile(2009, "8934043333333333331", PHONE)->status = 4;
    assert_answer("ap2009", "ManageSubscription", FROM_NEW "&old_terminal_iccid=8934043333333333331",
                  DISMISSED("102"));
    add_profile(2009, "8934044444444444441", PHONE);
    assert_answer("ap2009", "ManageSubscription",
                  FROM_NEW "&old_terminal_iccid=8934044444444444441&old_terminal_id=490154203237599",
                  DISMISSED("102"));
    assert_int_equal(db.opened, 0);
}

/* proves: O-061 OP-014 */
static void test_the_new_phone_takes_the_only_card_over(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        assert_answer("ap2009", "ManageSubscription", FROM_NEW, ADDRESS "," READY);
    assert_int_equal(db.opened, 1);
    assert_true(ecs_str_eq(db.journeys[0].old_iccid, ECS_STR(LINE_ICCID)));
    assert_false(db.journeys[0].flags & (ECS_JOURNEY_F_FROM_OLD | ECS_JOURNEY_F_OLD_FIRST));
    assert_answer("ap2009", "ManageSubscription",
                  "&operation_type=4&terminal_id=" NEW_PHONE "&terminal_iccid=8934041234567890101", DONE);
    assert_true(db.journeys[0].flags & ECS_JOURNEY_F_OLD_ENDED);
    assert_true(ecs_str_eq(db.line_iccid, ECS_STR("8934041234567890101")));
}

static void test_a_repeat_goes_on_when_the_old_one_has_ended_first(void **state)
{
    (void)state;
    use_rules("primary", "  - name: first\n    then: { old-ends: before }\n");
    add_profile(2009, LINE_ICCID, PHONE);
    for (int i = 0; i < 3; i++)
        assert_answer("ap2009", "ManageSubscription", FROM_NEW OLD_ICCID, ADDRESS "," READY);
    assert_int_equal(db.profiles[0].status, 4);
    assert_true(db.journeys[0].flags & ECS_JOURNEY_F_OLD_FIRST);
    assert_true(fire_at(&db.journeys[0], ODSA_EV_INSTALLED, &rig.conf));
    drive(&db.journeys[0], &rig.conf);
    assert_answer("ap2009", "ManageSubscription", FROM_NEW OLD_ICCID, DONE);
    assert_int_equal(db.opened, 1);
}

/* proves: OP-012 OP-013 OP-003 */
static void test_the_old_phone_asks_for_the_new_one(void **state)
{
    (void)state;
    assert_answer("ap2009", "ManageSubscription", FROM_OLD OLD_ICCID, ADDRESS "," READY);
    assert_true(db.journeys[0].flags & ECS_JOURNEY_F_FROM_OLD);
    assert_true(ecs_str_eq(db.journeys[0].eid, ECS_STR(NEW_EID)));
    assert_true(ecs_str_eq(db.journeys[0].target_id, ECS_STR(NEW_PHONE)));
    /* Both get the download data, a third phone does not. */
    assert_int_equal(ask("ap2009", "AcquireConfiguration", "&terminal_id=" PHONE), ECS_OK);
    assert_true(answers(
        "\"PrimaryConfiguration\":{\"ICCID\":\"8934041234567890101\",\"ServiceStatus\":\"1\"," ADDRESS));
    assert_int_equal(ask("ap2009", "AcquireConfiguration", "&terminal_id=" NEW_PHONE), ECS_OK);
    assert_true(answers(ADDRESS));
    assert_int_equal(ask("ap2009", "AcquireConfiguration", "&terminal_id=351111111111119"), ECS_OK);
    assert_null(strstr(rig.json, "DownloadInfo"));
}

static void test_an_old_phone_that_knows_no_other_gets_a_code(void **state)
{
    (void)state;
    assert_answer("ap2009", "ManageSubscription",
                  "&operation_type=3&old_terminal_id=" PHONE OLD_ICCID "&terminal_eid=" NEW_EID
                  "&redownloadable_profile=1",
                  CODE(1) "," READY);
    assert_int_equal(db.journeys[0].eid.n, 0);
    assert_answer("ap2009", "ManageSubscription",
                  "&operation_type=4&terminal_id=" NEW_PHONE "&terminal_iccid=8934041234567890101", DONE);
}

/* proves: OP-010 O-062 */
static void test_a_missing_old_identifier_is_found_by_the_portal(void **state)
{
    (void)state;
    rig.has_portal = true;
    rig.env.portal_url = "https://portal.example.net/odsa";
    add_profile(2009, "8934044444444444441", "352099001761499");
    assert_int_equal(ask("ap2009", "ManageSubscription", FROM_NEW), ECS_OK);
    assert_true(answers("\"SubscriptionResult\":\"1\""));
    assert_int_equal(db.journeys[0].old_iccid.n, 0);
    assert_answer("ap2009", "ManageSubscription", FROM_NEW "&old_terminal_iccid=8934044444444444441",
                  ADDRESS "," READY);
    assert_int_equal(db.opened, 1);
    assert_string_equal(db.last_event, "chosen");
    assert_true(ecs_str_eq(db.journeys[0].old_iccid, ECS_STR("8934044444444444441")));
}

static void test_an_old_device_id_alone_tells_the_profile(void **state)
{
    (void)state;
    add_profile(2009, "8934044444444444441", "352099001761499");
    assert_answer("ap2009", "ManageSubscription", FROM_NEW "&old_terminal_id=352099001761499",
                  ADDRESS "," READY);
    assert_true(ecs_str_eq(db.journeys[0].old_iccid, ECS_STR("8934044444444444441")));
    assert_int_equal(db.journeys[0].old_profile, 51);
}

/* proves: OP-024 O-038 */
static void test_redownloadable_profiles_can_be_demanded(void **state)
{
    (void)state;
    use_rules("primary", "  - name: demand\n    then: { demand-redownloadable: yes }\n");
    assert_answer("ap2009", "ManageSubscription", FROM_NEW,
                  "\"SubscriptionResult\":\"7\",\"OperationResult\":\"1\"");
    assert_answer("ap2009", "ManageSubscription", FROM_NEW "&redownloadable_profile=0",
                  "\"SubscriptionResult\":\"7\",\"OperationResult\":\"1\"");
    assert_int_equal(db.opened, 0);
    assert_answer("ap2009", "ManageSubscription", FROM_NEW "&redownloadable_profile=1", ADDRESS "," READY);
    assert_answer("ap2009", "ManageSubscription", "&operation_type=0&terminal_id=351111111111119",
                  "\"DownloadInfo\":{\"ProfileIccid\":\"8934041234567890102\",\"ProfileActivationCode\":"
                  "\"MSRzbWRwLmV4YW1wbGUubmV0JEswMg==\"}," READY);
}

/* proves: OP-022 */
static void test_a_profile_in_use_has_to_be_deleted_first(void **state)
{
    (void)state;
    db.outcomes[ODSA_ACTIVATING] = ODSA_EV_IN_USE;
    add_profile(2009, LINE_ICCID, PHONE);
    for (int i = 0; i < 2; i++)
        assert_answer("ap2009", "ManageSubscription", FROM_OLD OLD_ICCID "&redownloadable_profile=1",
                      "\"SubscriptionResult\":\"6\",\"OperationResult\":\"1\"");
    assert_int_equal(ask("ap2009", "AcquireConfiguration", ""), ECS_OK);
    assert_true(answers("\"ServiceStatus\":\"2\""));
    db.outcomes[ODSA_ACTIVATING] = ODSA_EV_OK;
    assert_true(fire_at(&db.journeys[0], ODSA_EV_OLD_DELETED, &rig.conf));
    drive(&db.journeys[0], &rig.conf);
    assert_int_equal(ask("ap2009", "AcquireConfiguration", ""), ECS_OK);
    assert_true(answers("\"ServiceStatus\":\"1\",\"DownloadInfo\""));
    assert_int_equal(db.opened, 1);
}

/* proves: OP-039 */
static void test_of_two_transfers_of_one_card_the_first_wins(void **state)
{
    (void)state;
    assert_int_equal(ask("ap2009", "ManageSubscription", FROM_NEW OLD_ICCID), ECS_OK);
    assert_int_equal(
        ask("ap2009", "ManageSubscription", "&operation_type=3&terminal_id=351111111111119" OLD_ICCID),
        ECS_OK);
    assert_true(answers("\"SubscriptionResult\":\"5\""));
    assert_true(answers("\"OperationResult\":\"100\""));
    assert_int_equal(db.opened, 1);
}

static void test_a_card_that_has_just_changed_is_not_moved(void **state)
{
    (void)state;
    rig.line.sim_changed_at = NOW - 3600;
    assert_int_equal(ask("ap2009", "ManageSubscription", FROM_NEW), ECS_OK);
    assert_true(answers("Your SIM card was changed a short time ago."));
    assert_true(answers("\"OperationResult\":\"100\""));
    rig.line.sim_changed_at = NOW - 86401;
    assert_answer("ap2009", "ManageSubscription", FROM_NEW, ADDRESS "," READY);
}

/* proves: OC-024 OC-025 OC-026 */
static void test_profiles_move_from_watch_to_watch(void **state)
{
#define MOVE                                                                                                 \
    "&operation_type=3&companion_terminal_id=351756051524004&companion_terminal_eid=" WATCH_EID              \
    "&companion_terminal_vendor=A"
    (void)state;
    add_profile(2006, "8934045555555555551", WATCH);
    add_profile(2006, "8934046666666666661", "351756051524888");
    assert_answer("ap2006", "ManageSubscription", MOVE, DISMISSED("100")); /* no portal here */
    rig.has_portal = true;
    rig.env.portal_url = "https://portal.example.net/odsa";
    assert_int_equal(ask("ap2006", "ManageSubscription", MOVE), ECS_OK);
    assert_true(answers("\"SubscriptionResult\":\"1\""));
    assert_int_equal(
        ask("ap2006", "ManageSubscription", MOVE "&old_companion_terminal_iccid=8934045555555555551"),
        ECS_OK);
    assert_true(answers("\"SubscriptionResult\":\"2\""));
    assert_int_equal(db.journeys[0].kind, ECS_JOURNEY_MOVE);
    assert_true(fire_at(&db.journeys[0], ODSA_EV_INSTALLED, &rig.conf));
    drive(&db.journeys[0], &rig.conf);
    assert_int_equal(db.profiles[1].status, 1);
    use_rules("companion", "  - name: none\n    then: { transfer: not-supported }\n");
    assert_int_equal(
        ask("ap2006", "ManageSubscription", MOVE "1&old_companion_terminal_iccid=8934046666666666661"),
        ECS_E_VERSION);
}

/* proves: OP-028 OP-030 */
static void test_a_deleted_profile_is_given_back(void **state)
{
    (void)state;
    add_profile(2009, LINE_ICCID, PHONE);
    assert_int_equal(ask("ap2009", "AcquireConfiguration", ""), ECS_OK);
    assert_true(answers("\"PrimaryConfiguration\":{\"ICCID\":\"" LINE_ICCID "\",\"ServiceStatus\":\"1\"}"));
    for (int i = 0; i < 2; i++)
        assert_answer("ap2009", "ManageSubscription",
                      "&operation_type=7&terminal_iccid=" LINE_ICCID "&terminal_eid=" NEW_EID,
                      ADDRESS ",\"PrimaryConfiguration\":{\"ICCID\":\"8934041234567890101\","
                              "\"ServiceStatus\":\"1\"," ADDRESS "}," READY);
    assert_int_equal(db.opened, 1);
    assert_int_equal(db.journeys[0].old_profile, 51);
    assert_answer("ap2009", "ManageSubscription", "&operation_type=7&terminal_iccid=8934042222222222221",
                  DISMISSED("102"));
    assert_answer("ap2009", "ManageSubscription", "&operation_type=4&terminal_iccid=8934041234567890101",
                  DONE);
}

/* proves: OP-008 O-035 */
static void test_what_was_not_ordered_cannot_be_reported(void **state)
{
    (void)state;
    assert_answer("ap2009", "ManageSubscription", "&operation_type=4&terminal_iccid=8934042222222222221",
                  DISMISSED("102"));
    assert_answer("ap2009", "ManageSubscription", "&operation_type=4", DISMISSED("102"));
    add_profile(2009, "8934044444444444441", "352099001761499");
    assert_answer("ap2009", "ManageSubscription", "&operation_type=4&terminal_iccid=8934044444444444441",
                  DISMISSED("102"));
    db.outcomes[ODSA_ACTIVATING] = db.outcomes[ODSA_AWAITING] = ODSA_EV_PENDING;
    assert_int_equal(ask("ap2009", "ManageSubscription", "&operation_type=0"), ECS_OK);
    assert_answer("ap2009", "ManageSubscription", "&operation_type=4&terminal_iccid=8934041234567890101",
                  DISMISSED("102"));
    assert_int_equal(db.fired, 1);
}

/* proves: OP-018 OP-019 */
static void test_a_temporary_token_ends_with_the_report(void **state)
{
    static struct ecs_grant_used grant;

    (void)state;
    rig.auth.method = ECS_AUTH_TEMPORARY;
    rig.auth.grant = &grant;
    assert_int_equal(ask("ap2009", "CheckEligibility", "&terminal_id=" NEW_PHONE "&temporary_token=tmp6b1e"),
                     ECS_OK);
    assert_int_equal(ask("ap2009", "ManageSubscription", FROM_NEW OLD_ICCID "&temporary_token=tmp6b1e"),
                     ECS_OK);
    assert_int_equal(
        ask("ap2009", "AcquireConfiguration", "&terminal_id=" NEW_PHONE "&temporary_token=tmp6b1e"), ECS_OK);
    assert_int_equal(db.finished, 0);
    assert_int_equal(ask("ap2009", "ManageSubscription",
                         "&operation_type=4&terminal_id=" NEW_PHONE "&terminal_iccid=8934041234567890101"
                         "&temporary_token=tmp6b1e"),
                     ECS_OK);
    assert_true(answers("\"SubscriptionResult\":\"3\""));
    assert_int_equal(db.finished, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_the_old_iccid_is_checked),
        T(test_the_new_phone_takes_the_only_card_over),
        T(test_a_repeat_goes_on_when_the_old_one_has_ended_first),
        T(test_the_old_phone_asks_for_the_new_one),
        T(test_an_old_phone_that_knows_no_other_gets_a_code),
        T(test_a_missing_old_identifier_is_found_by_the_portal),
        T(test_an_old_device_id_alone_tells_the_profile),
        T(test_redownloadable_profiles_can_be_demanded),
        T(test_a_profile_in_use_has_to_be_deleted_first),
        T(test_of_two_transfers_of_one_card_the_first_wins),
        T(test_a_card_that_has_just_changed_is_not_moved),
        T(test_profiles_move_from_watch_to_watch),
        T(test_a_deleted_profile_is_given_back),
        T(test_what_was_not_ordered_cannot_be_reported),
        T(test_a_temporary_token_ends_with_the_report),
    };

    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
