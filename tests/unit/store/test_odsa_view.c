/* SPDX-License-Identifier: Apache-2.0 */
/* What a request of on-device activation is told, profiles alone, and what is cleared away, against a real
 * server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "odsa_view_rig.h"

static struct ecs_odsa_key key_of(const char *imsi, const char *target)
{
    return (struct ecs_odsa_key){.imsi = ecs_str_of(imsi),
                                 .app = 2006,
                                 .terminal_id = ECS_STR("phone-a"),
                                 .target_id = ecs_str_of(target)};
}

/* ---- the view ---- */

static void test_a_line_without_anything_sees_nothing(void **state)
{
    struct ecs_odsa_key key = key_of(A, "watch");
    struct ecs_odsa_view view = view_of(&key);

    (void)state;
    assert_int_equal(view.n_profiles, 0);
    assert_int_equal(view.n_journeys, 0);
    assert_false(view.target_known);
    assert_int_equal(view.target_category, ECS_ROW_DEVICE_UNKNOWN);
    assert_int_equal(view.target_state, ECS_ROW_IDENTITY_UNKNOWN);
    assert_int_equal(view.eid_state, ECS_ROW_IDENTITY_UNKNOWN);
    assert_int_equal(view.owners[0], ECS_ICCID_UNKNOWN);
    assert_int_equal(view.family_n, 0);
    assert_false(view.enterprise_known);
    assert_false(view.enterprise_active);
    key.imsi = ECS_STR("001019999999999"); /* nobody */
    assert_int_equal(view_of(&key).n_profiles, 0);
}

static void test_the_view_tells_of_device_eid_and_relations(void **state)
{
    struct ecs_odsa_key key = key_of(A, "35999999000001");
    struct ecs_odsa_view view;

    (void)state;
    pg_test_sql("INSERT INTO device_model (tac, category, capabilities) VALUES ('35999999', 'watch', "
                "'{esim,volte}') ON CONFLICT DO NOTHING;"
                "INSERT INTO device_identity (terminal_id, state) VALUES ('35999999000001', 'stolen'), ('" EID
                "', 'deny');"
                "INSERT INTO line_relation (imsi, other_imsi) VALUES ('" A "', '" B "'), ('" A
                "', '001010000000777'), ('" B "', '" C "')");
    key.target_tac = ECS_STR("35999999");
    key.eid = ECS_STR(EID);
    view = view_of(&key);
    assert_true(view.target_known);
    assert_int_equal(view.target_category, ECS_ROW_DEVICE_WATCH);
    assert_int_equal(view.n_target_capabilities, 2);
    expect_text(view.target_capabilities[1], "volte");
    assert_int_equal(view.target_state, ECS_ROW_IDENTITY_STOLEN);
    assert_int_equal(view.eid_state, ECS_ROW_IDENTITY_DENY);
    assert_int_equal(view.family_n, 2);
    pg_test_sql("UPDATE device_model SET capabilities = '{}' WHERE tac = '35999999'");
    view = view_of(&key);
    assert_true(view.target_known);
    assert_int_equal(view.n_target_capabilities, 0);
}

static void test_living_profiles_of_owner_and_app_are_listed_and_fresh_ends(void **state)
{
    struct ecs_odsa_key key = key_of(A, NULL);
    struct ecs_profile_change primary = {.row = new_profile(A, ICCID_2, "phone-a")};
    struct ecs_odsa_view view;
    int64_t first = add_profile(A, ICCID_1, "watch-1"), third;

    (void)state;
    primary.row.app = 2009;
    changed(&primary);
    third = add_profile(A, ICCID_3, "watch-2");
    add_profile(B, "8949000000000000044", "watch-b");
    view = view_of(&key);
    assert_int_equal(view.n_profiles, 2);
    assert_int_equal(view.profiles[0].id, first);
    assert_int_equal(view.profiles[1].id, third);
    changed(&(struct ecs_profile_change){.row = {.id = first, .status = 4}});
    view = view_of(&key);
    assert_int_equal(view.n_profiles, 2);
    assert_int_equal(view.profiles[0].status, 4);
    pg_test_sql("UPDATE profile SET ended_at = now() - interval '25 h' WHERE status = 4");
    view = view_of(&key);
    assert_int_equal(view.n_profiles, 1);
    assert_int_equal(view.profiles[0].id, third);
}

static void test_dead_profiles_do_not_push_living_ones_out(void **state)
{
    struct ecs_odsa_key key = key_of(A, NULL);
    struct ecs_odsa_view view;
    int64_t living;

    (void)state;
    pg_test_sql("INSERT INTO profile (imsi, app, iccid, status, ended_at) SELECT '" A "', 2006, "
                "(8949000000000010000 + n)::text, 4, now() FROM generate_series(1, 70) n");
    living = add_profile(A, ICCID_1, "watch");
    view = view_of(&key);
    assert_int_equal(view.n_profiles, 64);
    assert_int_equal(view.profiles[63].id, living);
}

static void test_open_journeys_are_listed_and_those_of_the_target_that_just_ended(void **state)
{
    struct ecs_odsa_key key = key_of(A, "WATCH-1");
    struct ecs_journey one = new_journey(ECS_JOURNEY_COMPANION, A, "watch-1"), two = one, other = one;
    struct ecs_odsa_view view;

    (void)state;
    open_journey(&one);
    two.target_id = ECS_STR("watch-2");
    open_journey(&two);
    other.imsi = ECS_STR(B);
    open_journey(&other);
    view = view_of(&key);
    assert_int_equal(view.n_journeys, 2);
    assert_int_equal(view.journeys[0].id, two.id); /* newest first */
    one.state = two.state = ECS_STR("done");
    one.ended_at = two.ended_at = 1;
    move_on(&one);
    move_on(&two);
    view = view_of(&key);
    assert_int_equal(view.n_journeys, 1);
    assert_int_equal(view.journeys[0].id, one.id);
    expect_text(view.journeys[0].state, "done");
    key.target_id = ECS_STR_NULL;
    assert_int_equal(view_of(&key).n_journeys, 0);
    key.terminal_id = ECS_STR("watch-2"); /* a device that is its own target */
    assert_int_equal(view_of(&key).n_journeys, 1);
    pg_test_sql("UPDATE journey SET ended_at = now() - interval '25 h' WHERE ended_at IS NOT NULL");
    assert_int_equal(view_of(&key).n_journeys, 0);
}

static void test_polls_count_per_journey_until_its_state_changes(void **state)
{
    struct ecs_odsa_key key = key_of(A, "watch-1");
    struct ecs_journey one = new_journey(ECS_JOURNEY_COMPANION, A, "watch-1"), two = one;
    struct ecs_odsa_view view;

    (void)state;
    open_journey(&one);
    two.target_id = ECS_STR("watch-2");
    open_journey(&two);
    key.poll = true;
    for (int i = 1; i <= 3; i++) {
        view = view_of(&key);
        assert_int_equal(view.n_journeys, 2);
        assert_int_equal(view.journeys[1].id, one.id);
        assert_int_equal(view.journeys[1].polls, i);
        assert_int_equal(view.journeys[1].version, 1); /* polls stop no writer */
        assert_int_equal(view.journeys[0].polls, 0);
    }
    key.poll = false;
    assert_int_equal(view_of(&key).journeys[1].polls, 3);
    one.flags = ECS_JOURNEY_F_CANCEL;
    one.polls = 2; /* read before the last poll */
    move_on(&one);
    assert_int_equal(journey_of(one.id).polls, 3);
    key.poll = true;
    key.target_id = ECS_STR_NULL; /* counts all open ones */
    view = view_of(&key);
    assert_int_equal(view.journeys[0].polls, 1);
    assert_int_equal(view.journeys[1].polls, 4);
    one.state = ECS_STR("activating");
    one.polls = 4;
    move_on(&one);
    assert_int_equal(journey_of(one.id).polls, 0);
    view_of(&key);
    one.polls = 0; /* begun anew by the device */
    move_on(&one);
    assert_int_equal(journey_of(one.id).polls, 0);
    one.state = ECS_STR("done");
    one.ended_at = 1;
    move_on(&one);
    key.target_id = ECS_STR("watch-1");
    view = view_of(&key);
    assert_int_equal(view.n_journeys, 2);
    assert_int_equal(journey_of(one.id).polls, 0);
}

static void test_the_view_tells_whose_the_named_iccids_are(void **state)
{
    struct ecs_odsa_key key = key_of(A, "watch");
    struct ecs_odsa_view view;
    int64_t old = add_profile(A, ICCID_1, "watch"), stranger = add_profile(B, ICCID_2, "watch-b");

    (void)state;
    key.iccids[0] = ECS_STR(ICCID_1 "F");
    key.iccids[1] = ECS_STR(ICCID_2);
    key.iccids[3] = ECS_STR(ICCID_3);
    view = view_of(&key);
    assert_int_equal(view.owners[0], ECS_ICCID_OURS);
    assert_int_equal(view.owners[1], ECS_ICCID_FOREIGN);
    assert_int_equal(view.owners[2], ECS_ICCID_UNKNOWN); /* none was named */
    assert_int_equal(view.owners[3], ECS_ICCID_UNKNOWN);
    changed(&(struct ecs_profile_change){.row = {.id = old, .status = 4}});
    changed(&(struct ecs_profile_change){.row = {.id = stranger, .status = 4}});
    view = view_of(&key);
    assert_int_equal(view.owners[0], ECS_ICCID_DEAD);
    assert_int_equal(view.owners[1], ECS_ICCID_FOREIGN);
    add_profile(B, ICCID_1, "watch-b"); /* given to somebody else */
    assert_int_equal(view_of(&key).owners[0], ECS_ICCID_FOREIGN);
    /* Cards count, too, with or without filler. */
    pg_test_sql("UPDATE subscriber SET iccid = '" ICCID_3 "F' WHERE imsi = '" B "'");
    assert_int_equal(view_of(&key).owners[3], ECS_ICCID_FOREIGN);
    pg_test_sql("UPDATE subscriber SET iccid = '" ICCID_3 "' WHERE imsi = '" A "'");
    assert_int_equal(view_of(&key).owners[3], ECS_ICCID_OURS);
    /* An ICCID of a companion with a line of its own belongs to both. */
    add_profile(C, "8949000000000000055", "watch-c");
    pg_test_sql("UPDATE subscriber SET iccid = '8949000000000000055' WHERE imsi = '" A "'");
    key.iccids[2] = ECS_STR("8949000000000000055");
    assert_int_equal(view_of(&key).owners[2], ECS_ICCID_OURS);
}

static void test_an_enterprise_sees_its_device(void **state)
{
    struct ecs_odsa_key key = {.enterprise = ECS_STR("FLEET"),
                               .app = 2011,
                               .target_id = ECS_STR("scanner-2"),
                               .iccids = {ECS_STR(ICCID_2)}};
    struct ecs_journey j = {.kind = ECS_JOURNEY_ENTERPRISE,
                            .state = ECS_STR("reserving"),
                            .enterprise = ECS_STR("fleet"),
                            .app = 2011,
                            .target_id = ECS_STR("scanner-1")};
    struct ecs_odsa_view view;

    (void)state;
    open_journey(&j);
    j.id = 0;
    j.target_id = ECS_STR("scanner-2");
    open_journey(&j);
    for (int i = 1; i <= 2; i++) {
        struct ecs_profile p =
            new_profile(NULL, i == 1 ? ICCID_1 : ICCID_2, i == 1 ? "scanner-1" : "scanner-2");

        p.enterprise = ECS_STR("fleet");
        p.app = 2011;
        changed(&(struct ecs_profile_change){.row = p});
    }
    key.poll = true;
    view = view_of(&key);
    assert_int_equal(view.n_profiles, 1);
    expect_text(view.profiles[0].iccid, ICCID_2);
    assert_int_equal(view.n_journeys, 1);
    assert_int_equal(view.journeys[0].id, j.id);
    assert_int_equal(view.journeys[0].polls, 1);
    assert_int_equal(view.owners[0], ECS_ICCID_OURS);
    assert_true(view.enterprise_known);
    assert_true(view.enterprise_active);
    assert_int_equal(view.enterprise_max, 3);
    assert_int_equal(view.enterprise_living, 2);
    expect_text(view.enterprise_brand, NULL);
    key.target_id = ECS_STR_NULL;
    view = view_of(&key);
    assert_int_equal(view.n_profiles, 0); /* however many there are */
    assert_int_equal(view.n_journeys, 0);
    assert_int_equal(view.enterprise_living, 2);
    pg_test_sql("UPDATE enterprise SET state = 'suspended', max_devices = NULL, brand = 'acme'");
    view = view_of(&key);
    assert_true(view.enterprise_known);
    assert_false(view.enterprise_active);
    assert_int_equal(view.enterprise_max, -1);
    expect_text(view.enterprise_brand, "acme");
    key.enterprise = ECS_STR("nobody");
    assert_false(view_of(&key).enterprise_known);
}

/* ---- profiles alone ---- */

static void test_every_member_of_a_profile_comes_back(void **state)
{
    struct ecs_profile_change change = {.row = {.imsi = ECS_STR(A),
                                                .app = 2009,
                                                .iccid = ECS_STR(ICCID_1),
                                                .eid = ECS_STR(EID),
                                                .terminal_id = ECS_STR("Phone-A"),
                                                .service = ECS_STR("DiffNumber"),
                                                .plan = ECS_STR("plan-1"),
                                                .smdp = ECS_STR("main"),
                                                .address = ECS_STR("smdp.example.com"),
                                                .code = {"\x01\x00\x02", 3},
                                                .name = ECS_STR("name"),
                                                .vendor = ECS_STR("vendor"),
                                                .model = ECS_STR("model"),
                                                .sw_version = ECS_STR("1.0"),
                                                .line_imsi = ECS_STR("001010000000888"),
                                                .msisdn = ECS_STR("+491510000888"),
                                                .origin = ECS_STR("bss"),
                                                .status = 3,
                                                .secondary = true,
                                                .waiting = true,
                                                .delivered_at = 1700000001,
                                                .installed_at = 1700000002,
                                                .deleted_at = 1700000003}};
    struct ecs_profile p;
    int64_t id = changed(&change);

    (void)state;
    p = profile_of(ICCID_1);
    assert_int_equal(p.id, id);
    assert_int_equal(p.journey, 0);
    expect_text(p.imsi, A);
    expect_text(p.enterprise, NULL);
    assert_int_equal(p.app, 2009);
    expect_text(p.eid, EID);
    expect_text(p.terminal_id, "phone-a");
    expect_text(p.service, "DiffNumber");
    expect_text(p.plan, "plan-1");
    expect_text(p.smdp, "main");
    expect_text(p.address, "smdp.example.com");
    assert_true(ecs_str_eq(p.code, change.row.code));
    expect_text(p.name, "name");
    expect_text(p.vendor, "vendor");
    expect_text(p.model, "model");
    expect_text(p.sw_version, "1.0");
    expect_text(p.line_imsi, "001010000000888");
    expect_text(p.msisdn, "491510000888");
    expect_text(p.origin, "bss");
    assert_int_equal(p.status, 3);
    assert_true(p.secondary);
    assert_true(p.waiting);
    assert_in_range(p.created_at, ecs_clock_now() - 5, ecs_clock_now() + 5);
    assert_int_equal(p.delivered_at, 1700000001);
    assert_int_equal(p.installed_at, 1700000002);
    assert_int_equal(p.deleted_at, 1700000003);
}

static void test_a_change_touches_only_what_is_told(void **state)
{
    struct ecs_profile row = new_profile(A, ICCID_1, "watch"), p;

    (void)state;
    row.name = ECS_STR("name");
    row.plan = ECS_STR("plan-1");
    row.code = (struct ecs_str){"code", 4};
    row.secondary = true;
    row.delivered_at = 1700000001;
    row.id = changed(&(struct ecs_profile_change){.row = row});
    changed(&(struct ecs_profile_change){.row = {.id = row.id, .plan = ECS_STR("")}});
    p = profile_of(ICCID_1);
    expect_text(p.name, "name");
    expect_text(p.plan, NULL);
    assert_int_equal(p.status, 2);
    assert_true(p.secondary);
    assert_int_equal(p.delivered_at, 1700000001);
    changed(&(struct ecs_profile_change){
        .row = {.id = row.id, .status = 1, .installed_at = 1700000005, .waiting = true},
        .drop_code = true,
        .set_secondary = true});
    p = profile_of(ICCID_1);
    assert_null(p.code.p);
    assert_false(p.secondary);
    assert_false(p.waiting); /* not to be set */
    assert_int_equal(p.status, 1);
    assert_int_equal(p.installed_at, 1700000005);
    changed(&(struct ecs_profile_change){.row = {.id = row.id, .deleted_at = 1700000006}});
    assert_int_equal(profile_of(ICCID_1).deleted_at, 1700000006);
    changed(&(struct ecs_profile_change){.row = {.id = row.id, .waiting = true, .code = {"new", 3}},
                                         .set_waiting = true});
    p = profile_of(ICCID_1);
    assert_true(p.waiting);
    assert_int_equal(p.delivered_at, 0); /* the new code was not */
    changed(&(struct ecs_profile_change){.row = {.id = row.id, .installed_at = 1700000007}});
    assert_int_equal(profile_of(ICCID_1).deleted_at, 0); /* installed again */
    changed(&(struct ecs_profile_change){.row = {.id = row.id, .status = 4}});
    assert_int_equal(profile_of(ICCID_1).id, 0);
    assert_int_equal(pg_test_number("SELECT count(*) FROM profile WHERE code IS NOT NULL"), 0);
}

static void test_a_living_iccid_stands_once(void **state)
{
    struct change_call c = {.change = {.row = new_profile(B, ICCID_1, "watch-b")}};
    int64_t first = add_profile(A, ICCID_1, "watch"), second;

    (void)state;
    assert_int_equal(outbox_try(call_change, &c), ECS_E_CONFLICT);
    assert_int_equal(add_profile(A, ICCID_1 "f", "WATCH"), first); /* told twice */
    assert_int_equal(add_profile(A, ICCID_1, NULL), first);
    second = add_profile(A, ICCID_1, "watch-2"); /* it has moved */
    assert_true(second != first);
    assert_int_equal(count("profile WHERE status = 4 AND id", first), 1);
    c.change.row = (struct ecs_profile){.id = add_profile(A, ICCID_2, "watch"), .iccid = ECS_STR(ICCID_1)};
    assert_int_equal(outbox_try(call_change, &c), ECS_E_CONFLICT);
    c.change.row = new_profile("001019999999999", ICCID_3, "watch");
    assert_int_equal(outbox_try(call_change, &c), ECS_E_NOT_FOUND);
    c.change.row = (struct ecs_profile){.id = 99999999, .status = 1};
    assert_int_equal(outbox_try(call_change, &c), ECS_E_NOT_FOUND);
    c.change.row = new_profile(A, "12AB", "watch");
    assert_int_equal(outbox_try(call_change, &c), ECS_E_BAD_PARAMETER);
}

static void test_a_change_without_a_journey_notifies_when_told_to(void **state)
{
    struct change_call c = {.change = {.row = new_profile(A, ICCID_1, "watch")}};

    (void)state;
    outbox_run(call_change, &c);
    assert_int_equal(waiting(A), 0);
    c.change.row = (struct ecs_profile){.id = c.id, .status = 1};
    c.notify_reason = "profile";
    outbox_run(call_change, &c);
    expect(A, "ap2006");
}

static enum ecs_next call_delivered(struct ecs_flow *f, void *arg)
{
    return ecs_store_profile_delivered(f, store, *(int64_t *)arg);
}

static void test_the_first_delivery_is_kept(void **state)
{
    int64_t id = add_profile(A, ICCID_1, "watch");

    (void)state;
    outbox_run(call_delivered, &id);
    assert_in_range(profile_of(ICCID_1).delivered_at, ecs_clock_now() - 5, ecs_clock_now() + 5);
    pg_test_sql("UPDATE profile SET delivered_at = to_timestamp(1700000000)");
    outbox_run(call_delivered, &id);
    assert_int_equal(profile_of(ICCID_1).delivered_at, 1700000000);
}

/* ---- what is old ---- */

struct reap_call {
    unsigned keep_days, max, n;
};

static enum ecs_next call_reap(struct ecs_flow *f, void *arg)
{
    struct reap_call *c = arg;

    return ecs_store_odsa_reap(f, store, c->keep_days, c->max, &c->n);
}

static void test_what_has_ended_goes_after_its_time(void **state)
{
    struct reap_call c = {.keep_days = 30, .max = 2};
    struct ecs_journey j = new_journey(ECS_JOURNEY_COMPANION, A, "watch"), recovery;

    (void)state;
    pg_test_sql(
        "INSERT INTO journey (kind, state, imsi, app, operation_type, target_id, ended_at) SELECT "
        "'companion', 'done', '" A "', 2006, 0, 'w' || n, now() - n * interval '10 d' "
        "FROM generate_series(1, 5) n;"
        "INSERT INTO profile (imsi, app, iccid, status, ended_at) VALUES "
        "('" A "', 2006, '" ICCID_1 "', 4, now() - interval '31 d'), "
        "('" A "', 2006, '" ICCID_2 "', 4, now() - interval '29 d'), "
        "('" A "', 2006, '" ICCID_3 "', 4, now() - interval '31 d');"
        "INSERT INTO odsa_event_seen VALUES ('bss', '1', now() - interval '31 d'), ('bss', '2', now())");
    open_journey(&j);
    recovery = new_journey(ECS_JOURNEY_RECOVERY, A, "phone-a");
    recovery.old_iccid = ECS_STR(ICCID_3); /* brought back right now */
    open_journey(&recovery);
    outbox_run(call_reap, &c);
    assert_int_equal(c.n, 2); /* as many as it may */
    outbox_run(call_reap, &c);
    assert_int_equal(c.n, 1);
    outbox_run(call_reap, &c);
    assert_int_equal(c.n, 0);
    assert_int_equal(pg_test_number("SELECT count(*) FROM journey"), 4);
    assert_int_equal(pg_test_number("SELECT count(*) FROM journey_step"), 2);
    assert_int_equal(pg_test_number("SELECT count(*) FROM profile"), 2);
    assert_int_equal(pg_test_number("SELECT count(*) FROM odsa_event_seen"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_line_without_anything_sees_nothing, fresh_odsa),
        cmocka_unit_test_setup(test_the_view_tells_of_device_eid_and_relations, fresh_odsa),
        cmocka_unit_test_setup(test_living_profiles_of_owner_and_app_are_listed_and_fresh_ends, fresh_odsa),
        cmocka_unit_test_setup(test_dead_profiles_do_not_push_living_ones_out, fresh_odsa),
        cmocka_unit_test_setup(test_open_journeys_are_listed_and_those_of_the_target_that_just_ended,
                               fresh_odsa),
        cmocka_unit_test_setup(test_polls_count_per_journey_until_its_state_changes, fresh_odsa),
        cmocka_unit_test_setup(test_the_view_tells_whose_the_named_iccids_are, fresh_odsa),
        cmocka_unit_test_setup(test_an_enterprise_sees_its_device, fresh_odsa),
        cmocka_unit_test_setup(test_every_member_of_a_profile_comes_back, fresh_odsa),
        cmocka_unit_test_setup(test_a_change_touches_only_what_is_told, fresh_odsa),
        cmocka_unit_test_setup(test_a_living_iccid_stands_once, fresh_odsa),
        cmocka_unit_test_setup(test_a_change_without_a_journey_notifies_when_told_to, fresh_odsa),
        cmocka_unit_test_setup(test_the_first_delivery_is_kept, fresh_odsa),
        cmocka_unit_test_setup(test_what_has_ended_goes_after_its_time, fresh_odsa),
    };

    return cmocka_run_group_tests(tests, setup, outbox_done);
}
