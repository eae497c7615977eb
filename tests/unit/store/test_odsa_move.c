/* SPDX-License-Identifier: Apache-2.0 */
/* Journeys against a real server: what goes with a change, and what an event from outside is about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ecs/clock.h"
#include "odsa_view_rig.h"

/* ---- what goes with a change ---- */

static void test_a_change_brings_profiles_timeline_and_notification_at_once(void **state)
{
    struct ecs_journey j = new_journey(ECS_JOURNEY_COMPANION, A, "watch");
    struct ecs_profile_change change = {
        .row = {.iccid = ECS_STR(ICCID_1 "f"), .terminal_id = ECS_STR("watch"), .status = 2}};
    struct ecs_journey_note note = {.event = "ok",
                                    .neighbour = "smdp main",
                                    .call = "downloadOrder",
                                    .detail = ECS_STR("Executed-Success"),
                                    .us = 1234};
    struct ecs_journey_move move = {
        .journey = &j, .profiles = &change, .n_profiles = 1, .note = &note, .notify_reason = "journey ready"};
    struct ecs_journey_result result;
    struct ecs_profile p;

    (void)state;
    open_journey(&j);
    assert_int_equal(waiting(A), 0);
    j.state = ECS_STR("ready");
    result = moved_with(&move);
    assert_int_equal(result.moved, ECS_JOURNEY_MOVED);
    p = profile_of(ICCID_1);
    assert_int_equal(p.id, result.profile);
    assert_int_equal(p.journey, j.id);
    assert_int_equal(p.app, 2006);
    assert_int_equal(p.status, 2);
    expect_text(p.imsi, A);
    expect_text(p.origin, "ecs");
    assert_int_equal(journey_of(j.id).profile, result.profile);
    assert_int_equal(pg_test_number("SELECT count(*) FROM journey_step WHERE event = 'ok' AND "
                                    "state_from = 'reserving' AND state_to = 'ready' AND "
                                    "neighbour = 'smdp main' AND call = 'downloadOrder' AND "
                                    "detail = 'Executed-Success' AND us = 1234"),
                     1);
    assert_int_equal(
        pg_test_number("SELECT count(*) FROM journey_step WHERE state_from IS NULL AND us IS NULL"), 1);
    assert_int_equal(pg_test_number("SELECT count(*) FROM notification WHERE reason = 'journey ready' AND "
                                    "registration = (SELECT id FROM push_registration WHERE "
                                    "terminal_id = 'phone-a')"),
                     1);
    expect(A, "ap2006");
    assert_int_equal(moved_with(&move).moved, ECS_JOURNEY_STALE); /* then nothing of it is done */
    expect(A, "");
    assert_int_equal(count("journey_step WHERE journey", j.id), 2);
}

static void test_a_new_journey_can_bring_its_profile_with_it(void **state)
{
    struct ecs_journey j = new_journey(ECS_JOURNEY_COMPANION, A, "watch");
    struct ecs_profile_change change = {.row = {.iccid = ECS_STR(ICCID_1), .status = 1}};
    struct ecs_journey_move move = {.journey = &j, .profiles = &change, .n_profiles = 1};
    struct ecs_journey_result result = moved_with(&move);

    (void)state;
    assert_int_equal(result.moved, ECS_JOURNEY_MOVED);
    assert_int_equal(journey_of(result.id).profile, result.profile);
    assert_int_equal(profile_of(ICCID_1).journey, result.id);
}

static void test_the_profile_of_an_enterprise_notifies_nobody(void **state)
{
    struct ecs_journey j = {.kind = ECS_JOURNEY_ENTERPRISE,
                            .state = ECS_STR("reserving"),
                            .enterprise = ECS_STR("fleet"),
                            .app = 2011,
                            .target_id = ECS_STR("scanner")};
    struct ecs_profile_change change = {.row = {.iccid = ECS_STR(ICCID_1), .status = 1}};
    struct ecs_journey_move move = {
        .journey = &j, .profiles = &change, .n_profiles = 1, .notify_reason = "journey ready"};

    (void)state;
    assert_int_equal(moved_with(&move).moved, ECS_JOURNEY_MOVED);
    assert_int_equal(pg_test_number("SELECT count(*) FROM notification"), 0);
    expect_text(profile_of(ICCID_1).enterprise, "fleet");
}

static void test_an_iccid_of_another_line_stops_the_whole_change(void **state)
{
    struct ecs_journey j = new_journey(ECS_JOURNEY_COMPANION, A, "watch");
    struct ecs_profile_change change = {.row = {.iccid = ECS_STR(ICCID_1), .status = 2}};
    struct ecs_journey_move move = {
        .journey = &j, .profiles = &change, .n_profiles = 1, .notify_reason = "journey ready"};
    struct ecs_journey_result result;

    (void)state;
    add_profile(B, ICCID_1, "watch-b");
    open_journey(&j);
    j.state = ECS_STR("activating");
    result = moved_with(&move);
    assert_int_equal(result.moved, ECS_JOURNEY_TAKEN);
    expect_text(journey_of(j.id).state, "reserving");
    expect_text(profile_of(ICCID_1).imsi, B);
    assert_int_equal(waiting(A), 0);
    j.id = 0;
    j.target_id = ECS_STR("watch-2");
    assert_int_equal(moved_with(&move).moved, ECS_JOURNEY_TAKEN);
    assert_int_equal(pg_test_number("SELECT count(*) FROM journey"), 1);
}

static void test_the_old_profile_ends_with_the_change_and_its_iccid_may_come_again(void **state)
{
    struct ecs_journey j = new_journey(ECS_JOURNEY_MOVE, A, "watch-2");
    int64_t old = add_profile(A, ICCID_1, "watch-1");
    struct ecs_profile_change changes[2] = {
        {.row = {.iccid = ECS_STR(ICCID_1), .terminal_id = ECS_STR("watch-2"), .status = 1}},
        {.row = {.id = old, .status = 4}}};
    struct ecs_journey_result result;

    (void)state;
    j.old_iccid = ECS_STR(ICCID_1);
    j.old_profile = old;
    open_journey(&j);
    result = moved_with(&(struct ecs_journey_move){.journey = &j, .profiles = changes, .n_profiles = 2});
    assert_int_equal(result.moved, ECS_JOURNEY_MOVED);
    assert_true(result.profile != old);
    assert_int_equal(profile_of(ICCID_1).id, result.profile);
    assert_int_equal(count("profile WHERE status = 4 AND ended_at IS NOT NULL AND id", old), 1);
}

static void test_the_card_of_the_line_becomes_the_new_profile(void **state)
{
    struct ecs_journey j = new_journey(ECS_JOURNEY_TRANSFER, A, "phone-b");
    struct ecs_journey_move move = {.journey = &j, .line_iccid = true};

    (void)state;
    pg_test_sql("UPDATE subscriber SET iccid = '" ICCID_1 "F' WHERE imsi = '" A "'");
    j.iccid = ECS_STR(ICCID_1);
    open_journey(&j);
    j.version = moved_with(&move).version;
    assert_int_equal(pg_test_number("SELECT count(*) FROM subscriber WHERE iccid = '" ICCID_1 "F'"), 1);
    assert_int_equal(pg_test_number("SELECT count(sim_changed_at) FROM subscriber"), 0);
    j.iccid = ECS_STR(ICCID_2);
    assert_int_equal(moved_with(&move).moved, ECS_JOURNEY_MOVED);
    assert_int_equal(pg_test_number("SELECT count(*) FROM subscriber WHERE iccid = '" ICCID_2 "' AND "
                                    "sim_changed_at IS NOT NULL AND imsi = '" A "'"),
                     1);
}

static void test_an_end_stays_the_first_end(void **state)
{
    struct ecs_journey j = new_journey(ECS_JOURNEY_COMPANION, A, "watch"), is;

    (void)state;
    open_journey(&j);
    j.ended_at = 1;
    j.state = ECS_STR("failed");
    j.reason = ECS_STR("refused");
    move_on(&j);
    is = journey_of(j.id);
    assert_in_range(is.ended_at, ecs_clock_now() - 5, ecs_clock_now() + 5);
    pg_test_sql("UPDATE journey SET ended_at = to_timestamp(1700000000)");
    j.flags = ECS_JOURNEY_F_DOWNLOADED;
    move_on(&j);
    assert_int_equal(journey_of(j.id).ended_at, 1700000000);
}

static void test_a_timeline_stays_bounded(void **state)
{
    struct ecs_journey j = new_journey(ECS_JOURNEY_COMPANION, A, "watch");

    (void)state;
    open_journey(&j);
    pg_test_sql("UPDATE journey SET steps = 500");
    move_on(&j); /* asked again and again */
    assert_int_equal(count("journey_step WHERE journey", j.id), 1);
    j.state = ECS_STR("activating");
    move_on(&j);
    assert_int_equal(count("journey_step WHERE journey", j.id), 2);
    pg_test_sql("UPDATE journey SET steps = 2000");
    j.state = ECS_STR("reserving");
    move_on(&j);
    assert_int_equal(count("journey_step WHERE journey", j.id), 2);
}

/* ---- clocks ---- */

static void test_what_a_clock_a_little_ahead_has_made_due_can_be_claimed(void **state)
{
    struct ecs_journey j = new_journey(ECS_JOURNEY_COMPANION, A, "watch");
    struct get_call c = {.lease_s = 30};
    struct due_call due = {.max = 100};
    int64_t now = ecs_clock_now();

    (void)state;
    j.due_at = now + 4;
    open_journey(&j);
    outbox_run(call_due, &due);
    assert_int_equal(due.n, 0); /* nobody looks for it before its time */
    c.id = j.id;
    outbox_run(call_claim, &c);
    assert_true(c.taken);
    assert_in_range(c.now, now + 4, now + 10); /* not before it is due */
    j = new_journey(ECS_JOURNEY_COMPANION, A, "phone");
    j.due_at = now + 60;
    open_journey(&j);
    assert_false(claimed(j.id, false, 30, NULL));
    c.id = j.id;
    c.force = true;
    outbox_run(call_claim, &c);
    assert_true(c.taken);
    assert_in_range(c.now, now, now + 10); /* the database's clock */
}

/* ---- what an event is about ---- */

static void test_events_find_the_open_journey_before_the_newest(void **state)
{
    struct ecs_journey one = new_journey(ECS_JOURNEY_COMPANION, A, "watch-1"), two = one, three = one;
    struct ecs_journey four = new_journey(ECS_JOURNEY_END, A, "watch-2");

    (void)state;
    one.bss_reference = two.bss_reference = three.bss_reference = ECS_STR("o-1");
    one.iccid = two.iccid = three.iccid = ECS_STR(ICCID_1);
    two.old_iccid = ECS_STR(ICCID_2);
    two.target_id = ECS_STR("watch-2");
    three.target_id = ECS_STR("watch-3");
    open_journey(&one);
    open_journey(&two);
    three.ended_at = 1;
    open_journey(&three);
    assert_int_equal(found_by(ECS_JOURNEY_BY_REFERENCE, ECS_STR("o-1")), two.id);
    assert_int_equal(found_by(ECS_JOURNEY_BY_ICCID, ECS_STR(ICCID_1 "F")), two.id);
    assert_int_equal(found_by(ECS_JOURNEY_BY_OLD_ICCID, ECS_STR(ICCID_2)), two.id);
    assert_int_equal(found_by(ECS_JOURNEY_BY_OLD_ICCID, ECS_STR(ICCID_1)), 0);
    four.iccid = ECS_STR(ICCID_1); /* what brings a profile before what ends it */
    open_journey(&four);
    assert_int_equal(found_by(ECS_JOURNEY_BY_ICCID, ECS_STR(ICCID_1)), two.id);
    pg_test_sql("DELETE FROM journey WHERE kind = 'end'");
    pg_test_sql("UPDATE journey SET ended_at = now()");
    assert_int_equal(found_by(ECS_JOURNEY_BY_ICCID, ECS_STR(ICCID_1)), three.id);
    assert_int_equal(found_by(ECS_JOURNEY_BY_KEY, ECS_STR("00000000-0000-0000-0000-000000000000")), 0);
}

static void test_nonsense_from_outside_finds_nothing(void **state)
{
    static const struct ecs_str keys[] = {{"", 0},
                                          {NULL, 0},
                                          {"00000000-0000-0000-0000-00000000000g", 36},
                                          {"000000000000000000000000000000000000", 36},
                                          {"'; DROP TABLE journey; --", 25},
                                          {"\xff\xfe", 2}};

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(keys); i++) {
        for (int by = ECS_JOURNEY_BY_KEY; by <= ECS_JOURNEY_BY_OLD_ICCID; by++)
            assert_int_equal(found_by((enum ecs_journey_by)by, keys[i]), 0);
    }
}

struct seen_call {
    struct ecs_str sender, id;
    bool fresh;
};

static enum ecs_next call_seen(struct ecs_flow *f, void *arg)
{
    struct seen_call *c = arg;

    return ecs_store_odsa_event_seen(f, store, c->sender, c->id, &c->fresh);
}

static void test_an_event_is_fresh_once_per_sender(void **state)
{
    struct seen_call c = {.sender = ECS_STR("bss"), .id = ECS_STR("e-1")};

    (void)state;
    outbox_run(call_seen, &c);
    assert_true(c.fresh);
    outbox_run(call_seen, &c);
    assert_false(c.fresh);
    c.sender = ECS_STR("smdp main");
    outbox_run(call_seen, &c);
    assert_true(c.fresh);
    c.id = ECS_STR("");
    assert_int_equal(outbox_try(call_seen, &c), ECS_E_BAD_PARAMETER);
}

static void test_an_old_iccid_told_later_finds_its_profile(void **state)
{
    struct ecs_journey j = new_journey(ECS_JOURNEY_MOVE, A, "watch-2"), k;
    int64_t old = add_profile(A, ICCID_1, "watch-1");

    (void)state;
    add_profile(B, ICCID_2, "watch-b");
    open_journey(&j);
    assert_int_equal(journey_of(j.id).old_profile, 0);
    j.old_iccid = ECS_STR(ICCID_1);
    move_on(&j);
    assert_int_equal(journey_of(j.id).old_profile, old);
    k = new_journey(ECS_JOURNEY_MOVE, A, "watch-3");
    open_journey(&k);
    k.old_iccid = ECS_STR(ICCID_2); /* of somebody else */
    move_on(&k);
    assert_int_equal(journey_of(k.id).old_profile, 0);
}

struct poll_call {
    uint8_t device[ECS_POLL_DEVICE_LEN];
    int64_t polls;
    unsigned reaped;
};

static enum ecs_next call_poll(struct ecs_flow *f, void *arg)
{
    struct poll_call *c = arg;

    return ecs_store_eligibility_poll(f, store, c->device, &c->polls);
}

static enum ecs_next call_reap(struct ecs_flow *f, void *arg)
{
    struct poll_call *c = arg;

    return ecs_store_odsa_reap(f, store, 30, 10, &c->reaped);
}

/* proves: O-016 */
static void test_polls_for_eligibility_are_counted_by_device_and_day(void **state)
{
    struct poll_call c = {.device = "phone 1"}, other = {.device = "phone 2"};

    (void)state;
    pg_test_sql("DELETE FROM eligibility_poll");
    for (int i = 1; i <= 3; i++) {
        outbox_run(call_poll, &c);
        assert_int_equal(c.polls, i);
    }
    outbox_run(call_poll, &other);
    assert_int_equal(other.polls, 1);
    pg_test_sql("UPDATE eligibility_poll SET day = day - 1");
    outbox_run(call_poll, &c);
    assert_int_equal(c.polls, 1);
    assert_int_equal(pg_test_number("SELECT count(*) FROM eligibility_poll"), 2);
    pg_test_sql(
        "UPDATE eligibility_poll SET day = day - 1 WHERE day < (SELECT max(day) FROM eligibility_poll)");
    outbox_run(call_reap, &c);
    assert_int_equal(pg_test_number("SELECT count(*) FROM eligibility_poll"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_change_brings_profiles_timeline_and_notification_at_once, fresh_odsa),
        cmocka_unit_test_setup(test_a_new_journey_can_bring_its_profile_with_it, fresh_odsa),
        cmocka_unit_test_setup(test_the_profile_of_an_enterprise_notifies_nobody, fresh_odsa),
        cmocka_unit_test_setup(test_an_iccid_of_another_line_stops_the_whole_change, fresh_odsa),
        cmocka_unit_test_setup(test_the_old_profile_ends_with_the_change_and_its_iccid_may_come_again,
                               fresh_odsa),
        cmocka_unit_test_setup(test_the_card_of_the_line_becomes_the_new_profile, fresh_odsa),
        cmocka_unit_test_setup(test_an_end_stays_the_first_end, fresh_odsa),
        cmocka_unit_test_setup(test_a_timeline_stays_bounded, fresh_odsa),
        cmocka_unit_test_setup(test_what_a_clock_a_little_ahead_has_made_due_can_be_claimed, fresh_odsa),
        cmocka_unit_test_setup(test_events_find_the_open_journey_before_the_newest, fresh_odsa),
        cmocka_unit_test_setup(test_nonsense_from_outside_finds_nothing, fresh_odsa),
        cmocka_unit_test_setup(test_an_event_is_fresh_once_per_sender, fresh_odsa),
        cmocka_unit_test_setup(test_an_old_iccid_told_later_finds_its_profile, fresh_odsa),
        cmocka_unit_test_setup(test_polls_for_eligibility_are_counted_by_device_and_day, fresh_odsa),
    };

    return cmocka_run_group_tests(tests, setup, outbox_done);
}
