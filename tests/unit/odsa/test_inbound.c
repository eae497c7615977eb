/* SPDX-License-Identifier: Apache-2.0 */
/* What SM-DP+ and BSS tell by themselves: whose it may be, that it is done before it is noted, and storms. */
#include "driver_play.h"

/* ---- told by SM-DP+ and BSS ---- */

static bool report(const char *sender, int point, const char *iccid)
{
    const struct ecs_smdp_progress p = {
        .call_id = ECS_STR("n-1"), .iccid = ecs_str_of(iccid), .point = point, .success = true};

    return tell((struct ecs_odsa_inbound){.sender = ecs_str_of(sender), .smdp = &p});
}

static void test_a_source_tells_of_its_own_profiles_only(void **state)
{
    (void)state;
    put(ECS_JOURNEY_COMPANION, ODSA_READY, ECS_JOURNEY_F_RESERVED | ECS_JOURNEY_F_RELEASED);
    w.row.iccid = ECS_STR(ICCID);
    w.row.smdp = ECS_STR("main");
    w.profile = (struct ecs_profile){
        .id = 3, .journey = 7, .iccid = ECS_STR(ICCID), .smdp = ECS_STR("main"), .status = 1};
    assert_false(report("other", ECS_SMDP_POINT_INSTALL, ICCID));
    expect_state(ODSA_READY);
    w.profile = (struct ecs_profile){0}; /* nor where only the journey tells whose it is */
    assert_false(report("other", ECS_SMDP_POINT_DOWNLOAD, ICCID));
    assert_false(w.row.flags & ECS_JOURNEY_F_DOWNLOADED);
    assert_int_equal(w.noted, 0);
    assert_true(report("twin", ECS_SMDP_POINT_DOWNLOAD, ICCID)); /* the same server by another name */
    assert_true(w.row.flags & ECS_JOURNEY_F_DOWNLOADED);
    assert_true(report("main", ECS_SMDP_POINT_INSTALL, ICCID));
    expect_state(ODSA_COMPLETING);
    assert_int_equal(w.noted, 2);
}

static void test_the_deletion_of_a_foreign_profile_goes_on_with_nothing(void **state)
{
    (void)state;
    put(ECS_JOURNEY_TRANSFER, ODSA_DELETING, 0);
    w.row.old_iccid = ECS_STR(OLD_ICCID);
    w.row.smdp = ECS_STR("other"); /* of the new one */
    w.profile =
        (struct ecs_profile){.id = 4, .iccid = ECS_STR(OLD_ICCID), .smdp = ECS_STR("main"), .status = 1};
    assert_false(report("other", ECS_SMDP_POINT_DELETE, OLD_ICCID));
    expect_state(ODSA_DELETING);
    assert_int_equal(w.changes, 0);
    assert_true(report("main", ECS_SMDP_POINT_DELETE, OLD_ICCID));
    expect_state(ODSA_RESERVING);
    assert_int_equal(w.changes, 1);
}

static bool tell_line(struct ecs_str line_state, struct ecs_str service)
{
    const struct ecs_bss_event e = {.kind = ECS_BSS_EVENT_LINE,
                                    .id = ECS_STR("e-1"),
                                    .subject = {.imsi = ECS_STR(IMSI)},
                                    .line_state = line_state,
                                    .service = service,
                                    .service_state = service.n ? ECS_STR("provisioned") : ECS_STR_NULL};

    return tell((struct ecs_odsa_inbound){.sender = ECS_STR("bss"), .bss = &e});
}

static void test_events_of_lines_are_noted_behind_their_effect(void **state)
{
    (void)state;
    w.line = (struct ecs_subscriber_facts){.known = true, .line_state = ECS_ROW_LINE_ACTIVE};
    w.line_changes = true;
    assert_true(tell_line(ECS_STR("terminated"), ECS_STR_NULL));
    assert_int_equal(w.lines, 1);
    assert_int_equal(w.revoked, 2); /* before and behind: whatever a crash leaves is void */
    assert_int_equal(w.noted, 1);
    w.line.line_state = ECS_ROW_LINE_TERMINATED;
    w.line_changes = false;
    assert_true(tell_line(ECS_STR("terminated"), ECS_STR_NULL));
    assert_int_equal(w.revoked, 2);
    assert_true(tell_line(ECS_STR_NULL, ECS_STR("vowifi")));
    assert_int_equal(w.services, 1);
    w.known_event = true;
    assert_true(tell_line(ECS_STR("active"), ECS_STR_NULL));
    assert_int_equal(w.lines, 2);
    w.known_event = false;
    w.line.known = false;
    w.noted = 0;
    assert_false(tell_line(ECS_STR("active"), ECS_STR_NULL));
    assert_int_equal(w.noted, 0);
}

static void test_where_a_line_is_is_written_for_lines_that_are_here(void **state)
{
    struct ecs_bss_event e = {
        .kind = ECS_BSS_EVENT_LINE, .subject = {.imsi = ECS_STR(IMSI)}, .area = ECS_STR("north.coast")};
    struct ecs_odsa_inbound in = {.sender = ECS_STR("bss"), .bss = &e};

    (void)state;
    w.line = (struct ecs_subscriber_facts){.known = true};
    assert_true(tell(in));
    assert_int_equal(w.places, 1);
    assert_int_equal(w.lines, 0);
    e.area = ECS_STR_NULL;
    e.visited_plmn = ECS_STR(""); /* no longer known */
    assert_true(tell(in));
    assert_int_equal(w.places, 2);
    w.line.known = false;
    assert_false(tell(in));
    assert_int_equal(w.places, 2);
}

static void test_a_storm_about_one_profile_calls_the_device_once(void **state)
{
    struct ecs_bss_event e = {
        .kind = ECS_BSS_EVENT_PROFILE,
        .subject = {.imsi = ECS_STR(IMSI), .app = ECS_STR("ap2006")},
        .profile = {.iccid = ECS_STR(ICCID), .terminal_id = ECS_STR("WATCH"), .status = 3}};
    struct ecs_odsa_inbound in = {.sender = ECS_STR("bss"), .bss = &e};

    (void)state;
    w.line.known = true;
    w.profile = (struct ecs_profile){.id = 4,
                                     .imsi = ECS_STR(IMSI),
                                     .app = 2006,
                                     .iccid = ECS_STR(ICCID),
                                     .terminal_id = ECS_STR("watch"),
                                     .status = 1};
    assert_true(tell(in));
    assert_int_equal(w.notified, 1);
    w.profile.status = 3;
    for (int i = 0; i < 5; i++)
        assert_true(tell(in));
    assert_int_equal(w.notified, 1);
    assert_int_equal(w.changes, 6);
    e.profile.msisdn = ECS_STR("15551230000");
    assert_true(tell(in));
    assert_int_equal(w.notified, 2);
}

static void test_profiles_are_found_without_the_line_that_has_them(void **state)
{
    struct ecs_bss_event e = {.kind = ECS_BSS_EVENT_PROFILE,
                              .subject = {.app = ECS_STR("ap2011")},
                              .profile = {.iccid = ECS_STR(ICCID), .status = 4}};
    struct ecs_odsa_inbound in = {.sender = ECS_STR("bss"), .bss = &e};

    (void)state;
    w.profile = (struct ecs_profile){
        .id = 4, .enterprise = ECS_STR("acme"), .app = 2011, .iccid = ECS_STR(ICCID), .status = 1};
    assert_true(tell(in));
    assert_int_equal(w.changes, 1);
    w.profile = (struct ecs_profile){.id = 4,
                                     .imsi = ECS_STR(IMSI),
                                     .line_imsi = ECS_STR("001010000000077"),
                                     .app = 2006,
                                     .iccid = ECS_STR(ICCID),
                                     .status = 1};
    e.subject.imsi = ECS_STR("001010000000077"); /* a companion's own */
    assert_true(tell(in));
    assert_int_equal(w.changes, 2);
    e.subject.imsi = ECS_STR("001010000000078"); /* nobody's here */
    assert_false(tell(in));
    assert_int_equal(w.changes, 2);
}

static void test_of_a_storm_of_nudges_one_is_written(void **state)
{
    (void)state;
    put_activating();
    w.row.state = ecs_str_of(odsa_states[ODSA_AWAITING].name);
    w.row.attempts = 4;
    w.row.due_at = ecs_clock_now() + 600;
    conf.lease_s = 0; /* nobody takes it up here */
    assert_int_equal(fire("nudge").fire.fired, ECS_FIRED);
    assert_int_equal(w.moves, 1);
    w.leased = false;
    for (int i = 0; i < 5; i++)
        assert_int_equal(fire("nudge").fire.fired, ECS_FIRED);
    assert_int_equal(w.moves, 1);
    assert_int_equal(w.row.attempts, 0);
}

static void test_a_late_event_of_a_former_order_says_nothing(void **state)
{
    struct ecs_bss_event e = {.kind = ECS_BSS_EVENT_ORDER,
                              .key = ECS_STR("ecs-0f8fad5b-d9cb-469f-a165-70867728950e-1"),
                              .result = {.status = ECS_BSS_REFUSED, .why = "no"}};
    struct ecs_odsa_inbound in = {.sender = ECS_STR("bss"), .bss = &e};

    (void)state;
    put_activating();
    w.row.state = ecs_str_of(odsa_states[ODSA_AWAITING].name);
    w.leased = true;
    assert_true(tell(in));
    expect_state(ODSA_AWAITING);
    e.key = ECS_STR("ecs-0f8fad5b-d9cb-469f-a165-70867728950e-2");
    assert_true(tell(in));
    expect_state(ODSA_WITHDRAWING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_source_tells_of_its_own_profiles_only),
        CASE(test_the_deletion_of_a_foreign_profile_goes_on_with_nothing),
        CASE(test_events_of_lines_are_noted_behind_their_effect),
        CASE(test_where_a_line_is_is_written_for_lines_that_are_here),
        CASE(test_a_storm_about_one_profile_calls_the_device_once),
        CASE(test_profiles_are_found_without_the_line_that_has_them),
        CASE(test_of_a_storm_of_nudges_one_is_written),
        CASE(test_a_late_event_of_a_former_order_says_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
