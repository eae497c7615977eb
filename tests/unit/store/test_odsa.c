/* SPDX-License-Identifier: Apache-2.0 */
/* Journeys against a real server: each member there and back, changes of several writers, leases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "odsa_view_rig.h"

/* ---- there and back ---- */

static struct ecs_journey full_journey(void)
{
    return (struct ecs_journey){.kind = ECS_JOURNEY_TRANSFER,
                                .state = ECS_STR("asking"),
                                .imsi = ECS_STR(A),
                                .requestor = ECS_STR("requestor-1"),
                                .app = 2009,
                                .operation_type = 3,
                                .terminal_id = ECS_STR("phone-a"),
                                .target_id = ECS_STR("phone-b"),
                                .eid = ECS_STR(EID),
                                .old_id = ECS_STR("phone-old"),
                                .old_iccid = ECS_STR(ICCID_1),
                                .iccid = ECS_STR(ICCID_2),
                                .service = ECS_STR("SharedNumber"),
                                .plan = ECS_STR("plan-7"),
                                .profile_type = ECS_STR("type-8"),
                                .name = ECS_STR("Zo\xc3\xab's \"watch\" {1,2}"),
                                .vendor = ECS_STR("vendor"),
                                .model = ECS_STR("model"),
                                .sw_version = ECS_STR("9.1"),
                                .smdp = ECS_STR("main"),
                                .address = ECS_STR("smdp.example.com"),
                                .code = {"\x00\x01\xff\x7f", 4},
                                .matching_id = {"\xfe\x00", 2},
                                .bss_reference = ECS_STR("order/1"),
                                .line_imsi = ECS_STR("001010000000999"),
                                .msisdn = ECS_STR("491510009999"),
                                .reason = ECS_STR("waits for an answer"),
                                .profile = 71,
                                .old_profile = 72,
                                .flags = ECS_JOURNEY_F_ASKS | ECS_JOURNEY_F_CANCEL,
                                .polls = 4,
                                .attempts = 5,
                                .calls = 6,
                                .due_at = 2000000001,
                                .deadline_at = 2000000002,
                                .page_url = ECS_STR("https://shop.example/buy?x=1"),
                                .page_data = ECS_STR("a={b}&c=\"d\"")};
}

static void expect_full(const struct ecs_journey *is, const struct ecs_journey *should)
{
    expect_text(is->state, should->state.p);
    assert_int_equal(is->kind, should->kind);
    expect_text(is->imsi, should->imsi.p);
    expect_text(is->enterprise, NULL);
    expect_text(is->requestor, should->requestor.p);
    assert_int_equal(is->app, should->app);
    assert_int_equal(is->operation_type, should->operation_type);
    expect_text(is->terminal_id, should->terminal_id.p);
    expect_text(is->target_id, should->target_id.p);
    expect_text(is->eid, should->eid.p);
    expect_text(is->old_id, should->old_id.p);
    expect_text(is->old_iccid, should->old_iccid.p);
    expect_text(is->iccid, should->iccid.p);
    expect_text(is->service, should->service.p);
    expect_text(is->plan, should->plan.p);
    expect_text(is->profile_type, should->profile_type.p);
    expect_text(is->name, should->name.p);
    expect_text(is->vendor, should->vendor.p);
    expect_text(is->model, should->model.p);
    expect_text(is->sw_version, should->sw_version.p);
    expect_text(is->smdp, should->smdp.p);
    expect_text(is->address, should->address.p);
    assert_true(ecs_str_eq(is->code, should->code));
    assert_true(ecs_str_eq(is->matching_id, should->matching_id));
    expect_text(is->bss_reference, should->bss_reference.p);
    expect_text(is->line_imsi, should->line_imsi.p);
    expect_text(is->msisdn, should->msisdn.p);
    expect_text(is->reason, should->reason.p);
    expect_text(is->page_url, should->page_url.p);
    expect_text(is->page_data, should->page_data.p);
    assert_int_equal(is->profile, should->profile);
    assert_int_equal(is->old_profile, should->old_profile);
    assert_int_equal(is->flags, should->flags);
    assert_int_equal(is->polls, 0); /* counted by the view only */
    assert_int_equal(is->attempts, should->attempts);
    assert_int_equal(is->calls, should->calls);
    assert_int_equal(is->due_at, should->due_at);
    assert_int_equal(is->deadline_at, should->deadline_at);
    assert_int_equal(is->ended_at, 0);
    assert_false(is->leased);
}

static void test_every_member_comes_back_as_it_was_written(void **state)
{
    struct ecs_journey j = full_journey(), is;
    int64_t now = ecs_clock_now();
    char key[37] = "";

    (void)state;
    open_journey(&j);
    is = journey_of(j.id);
    expect_full(&is, &j);
    assert_int_equal(is.version, 1);
    assert_int_equal(is.key.n, 36);
    assert_in_range(is.created_at, now - 2, now + 5);
    assert_int_equal(is.changed_at, is.created_at);
    memcpy(key, is.key.p, 36);
    assert_int_equal(found_by(ECS_JOURNEY_BY_KEY, ecs_str_of(key)), j.id);
    j.state = ECS_STR("choosing"); /* and by an update */
    move_on(&j);
    is = journey_of(j.id);
    expect_full(&is, &j);
    assert_int_equal(is.version, 2);
}

static void test_members_that_are_none_come_back_as_none(void **state)
{
    struct ecs_journey j = new_journey(ECS_JOURNEY_COMPANION, A, "watch"), is;

    (void)state;
    j.imsi = ECS_STR_NULL;
    j.enterprise = ECS_STR("Fleet"); /* compared without regard to case (TS.43 1.7) */
    j.target_id = ECS_STR("WATCH");
    j.iccid = ECS_STR(ICCID_1 "F");
    j.msisdn = ECS_STR("+491510000777");
    j.bss_reference = ECS_STR("");
    open_journey(&j);
    is = journey_of(j.id);
    expect_text(is.imsi, NULL);
    expect_text(is.enterprise, "fleet");
    expect_text(is.target_id, "watch");
    expect_text(is.iccid, ICCID_1);
    expect_text(is.msisdn, "491510000777");
    expect_text(is.bss_reference, NULL);
    expect_text(is.reason, NULL);
    assert_null(is.code.p);
    assert_int_equal(is.due_at, 0);
    assert_int_equal(is.profile, 0);
}

static void test_texts_that_no_database_takes_are_refused(void **state)
{
    struct ecs_journey j = new_journey(ECS_JOURNEY_COMPANION, A, "watch");
    struct move_call c = {.move = {.journey = &j}};
    struct ecs_journey_note note = {.event = "ok", .detail = {"\xff", 1}, .us = -1};

    (void)state;
    j.name = (struct ecs_str){"\xc3(", 2};
    assert_int_equal(outbox_try(call_move, &c), ECS_E_BAD_PARAMETER);
    j.name = ECS_STR_NULL;
    c.move.note = &note;
    assert_int_equal(outbox_try(call_move, &c), ECS_E_BAD_PARAMETER);
    note.detail = ECS_STR_NULL;
    j.eid = ECS_STR("123");
    assert_int_equal(outbox_try(call_move, &c), ECS_E_BAD_PARAMETER);
    assert_int_equal(pg_test_number("SELECT count(*) FROM journey"), 0);
}

/* ---- several writers ---- */

static void test_the_slower_of_two_writers_is_told_so(void **state)
{
    struct ecs_journey j = new_journey(ECS_JOURNEY_COMPANION, A, "watch"), other;

    (void)state;
    open_journey(&j);
    other = j;
    j.state = ECS_STR("activating");
    move_on(&j);
    other.state = ECS_STR("withdrawing");
    assert_int_equal(moved(&other).moved, ECS_JOURNEY_STALE);
    expect_text(journey_of(j.id).state, "activating");
    assert_int_equal(count("journey_step WHERE journey", j.id), 2);
    other.version = j.version;
    assert_int_equal(moved(&other).moved, ECS_JOURNEY_MOVED);
}

struct race {
    struct ecs_flow flow;
    struct ecs_arena *arena;
    struct move_call call;
    unsigned *left;
};

static enum ecs_next race_move(struct ecs_flow *f)
{
    struct race *r = f->self;

    return call_move(f, &r->call);
}

static void race_end(struct ecs_flow *f)
{
    struct race *r = f->frame[0].self;

    (*r->left)--;
}

/* Both under way at the same time, on two connections. */
static void race_two(const struct ecs_journey *a, const struct ecs_journey *b,
                     const struct ecs_profile_change *profile, enum ecs_journey_moved ret_moved[2])
{
    static const struct ecs_step race_steps[] = {
        {"move", race_move, 0}, {"end", end, 0}, {"error", end, 0}, {0}};
    const struct ecs_journey *journeys[2] = {a, b};
    struct race races[2] = {{.left = NULL}};
    unsigned left = 2;

    for (size_t i = 0; i < 2; i++) {
        races[i].arena = ecs_arena_new(NULL, 0);
        races[i].left = &left;
        races[i].call.move.journey = journeys[i];
        races[i].call.move.profiles = profile;
        races[i].call.move.n_profiles = profile != NULL;
        ecs_flow_start(&races[i].flow, loop, races[i].arena, NULL, race_steps, &races[i], race_end);
    }
    pg_test_turn(loop, &left, 8000);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(races[i].flow.rc, ECS_OK);
        ret_moved[i] = races[i].call.result.moved;
        ecs_arena_free(races[i].arena);
    }
}

static void test_of_moves_at_the_same_time_one_wins(void **state)
{
    struct ecs_journey j = new_journey(ECS_JOURNEY_COMPANION, A, "watch");
    enum ecs_journey_moved moved_as[2];

    (void)state;
    open_journey(&j);
    for (int i = 0; i < 20; i++) {
        race_two(&j, &j, NULL, moved_as);
        assert_int_equal(moved_as[0] == ECS_JOURNEY_MOVED, moved_as[1] == ECS_JOURNEY_STALE);
        assert_int_equal(moved_as[0] == ECS_JOURNEY_STALE, moved_as[1] == ECS_JOURNEY_MOVED);
        j.version++;
    }
    assert_int_equal(journey_of(j.id).version, 21);
}

static void test_of_openings_at_the_same_time_one_wins(void **state)
{
    enum ecs_journey_moved moved_as[2];
    char target[16];

    (void)state;
    for (int i = 0; i < 20; i++) {
        struct ecs_journey j;

        snprintf(target, sizeof(target), "watch%d", i);
        j = new_journey(ECS_JOURNEY_COMPANION, A, target);
        race_two(&j, &j, NULL, moved_as);
        assert_int_equal(moved_as[0] == ECS_JOURNEY_MOVED, moved_as[1] == ECS_JOURNEY_EXISTS);
        assert_int_equal(moved_as[0] == ECS_JOURNEY_EXISTS, moved_as[1] == ECS_JOURNEY_MOVED);
    }
    assert_int_equal(pg_test_number("SELECT count(*) FROM journey"), 20);
}

static void test_of_owners_of_an_iccid_at_the_same_time_one_wins(void **state)
{
    enum ecs_journey_moved moved_as[2];
    char target[16], iccid[24];

    (void)state;
    for (int i = 0; i < 20; i++) {
        struct ecs_profile_change change = {.row = {.status = 2}};
        struct ecs_journey a, b;

        snprintf(target, sizeof(target), "watch%d", i);
        snprintf(iccid, sizeof(iccid), "89490000000000001%02d", i);
        change.row.iccid = ecs_str_of(iccid);
        a = new_journey(ECS_JOURNEY_COMPANION, A, target);
        b = new_journey(ECS_JOURNEY_COMPANION, i < 10 ? B : A, i < 10 ? target : "other");
        race_two(&a, &b, &change, moved_as);
        assert_int_equal(count("profile WHERE status <> 4 AND iccid::bigint - 8949000000000000100", i), 1);
        if (i < 10) /* two lines */
            assert_int_equal(moved_as[0] == ECS_JOURNEY_MOVED, moved_as[1] == ECS_JOURNEY_TAKEN);
        else /* one line: it is the same profile */
            assert_int_equal(moved_as[0] + moved_as[1], 2 * ECS_JOURNEY_MOVED);
        pg_test_sql("DELETE FROM journey WHERE target_id = 'other'");
    }
}

static void test_a_target_has_one_open_journey_that_brings_a_profile(void **state)
{
    struct ecs_journey first = new_journey(ECS_JOURNEY_COMPANION, A, "watch"), j;
    struct ecs_journey_result result;

    (void)state;
    open_journey(&first);
    j = new_journey(ECS_JOURNEY_MOVE, A, "WATCH");
    j.old_iccid = ECS_STR(ICCID_1);
    result = moved(&j);
    assert_int_equal(result.moved, ECS_JOURNEY_EXISTS);
    assert_int_equal(result.id, first.id);
    j.target_id = ECS_STR("watch-2"); /* another target */
    open_journey(&j);
    j = new_journey(ECS_JOURNEY_COMPANION, B, "watch"); /* another line */
    open_journey(&j);
    j = new_journey(ECS_JOURNEY_SWITCH, A, "watch"); /* beside it */
    j.iccid = ECS_STR(ICCID_2);
    open_journey(&j);
    j.id = 0;
    assert_int_equal(moved(&j).moved, ECS_JOURNEY_EXISTS);
    j.iccid = ECS_STR(ICCID_3);
    open_journey(&j);
    first.state = ECS_STR("done"); /* an ended one is in nobody's way */
    first.ended_at = 1;
    move_on(&first);
    j = new_journey(ECS_JOURNEY_COMPANION, A, "watch");
    open_journey(&j);
}

static void test_profiles_are_recovered_side_by_side(void **state)
{
    struct ecs_journey one = new_journey(ECS_JOURNEY_RECOVERY, A, "phone-a"), two = one;

    (void)state;
    one.old_iccid = ECS_STR(ICCID_1);
    two.old_iccid = ECS_STR(ICCID_2);
    open_journey(&one);
    open_journey(&two);
    two.id = 0;
    assert_int_equal(moved(&two).moved, ECS_JOURNEY_EXISTS);
}

/* proves: OP-039 */
static void test_an_old_iccid_is_moved_by_the_first_who_asks(void **state)
{
    struct ecs_journey one = new_journey(ECS_JOURNEY_TRANSFER, A, "phone-b"), two = one, three;
    struct ecs_journey_result result;

    (void)state;
    one.old_iccid = two.old_iccid = ECS_STR(ICCID_1);
    open_journey(&one);
    two.target_id = ECS_STR("phone-c");
    result = moved(&two);
    assert_int_equal(result.moved, ECS_JOURNEY_EXISTS);
    assert_int_equal(result.id, one.id);
    two.imsi = ECS_STR(B);
    result = moved(&two);
    assert_int_equal(result.moved, ECS_JOURNEY_EXISTS);
    assert_int_equal(result.id, 0);                          /* not told to a stranger */
    three = new_journey(ECS_JOURNEY_TRANSFER, A, "phone-d"); /* told later, by the portal */
    open_journey(&three);
    three.old_iccid = ECS_STR(ICCID_1);
    result = moved(&three);
    assert_int_equal(result.moved, ECS_JOURNEY_EXISTS);
    assert_int_equal(result.id, one.id);
    expect_text(journey_of(three.id).old_iccid, NULL);
}

static void test_a_removed_line_takes_its_journeys_along_and_breaks_no_driver(void **state)
{
    struct ecs_journey j = new_journey(ECS_JOURNEY_COMPANION, C, "watch"), new = j;
    struct get_call get;

    (void)state;
    open_journey(&j);
    add_profile(C, ICCID_1, "watch");
    pg_test_sql("DELETE FROM subscriber WHERE imsi = '" C "'");
    j.state = ECS_STR("activating");
    assert_int_equal(moved(&j).moved, ECS_JOURNEY_STALE);
    assert_int_equal(moved(&new).moved, ECS_JOURNEY_STALE);
    get = (struct get_call){.id = j.id};
    assert_int_equal(outbox_try(call_get, &get), ECS_E_NOT_FOUND);
    assert_false(claimed(j.id, true, 30, NULL));
    assert_int_equal(pg_test_number("SELECT count(*) FROM profile"), 0);
    assert_int_equal(pg_test_number("SELECT count(*) FROM journey_step"), 0);
}

/* ---- leases ---- */

static void test_a_lease_is_had_by_one_until_it_is_given_up_or_over(void **state)
{
    struct ecs_journey j = new_journey(ECS_JOURNEY_COMPANION, A, "watch"), mine = {0};
    struct due_call due = {.max = 100};

    (void)state;
    j.due_at = ecs_clock_now();
    open_journey(&j);
    outbox_run(call_due, &due);
    assert_int_equal(due.n, 1);
    assert_int_equal(due.ids[0], j.id);
    assert_true(claimed(j.id, false, 30, &mine));
    assert_true(mine.leased);
    assert_false(claimed(j.id, true, 30, NULL));
    outbox_run(call_due, &due);
    assert_int_equal(due.n, 0);
    j.state = ECS_STR("activating"); /* who had read it before notices that it was taken */
    assert_int_equal(moved(&j).moved, ECS_JOURNEY_STALE);
    j.version = mine.version;
    move_on(&j);
    assert_true(journey_of(j.id).leased); /* a change keeps the lease */
    assert_int_equal(moved_with(&(struct ecs_journey_move){.journey = &j, .release = true}).moved,
                     ECS_JOURNEY_MOVED);
    assert_false(journey_of(j.id).leased);
    assert_true(claimed(j.id, false, 30, NULL));
    pg_test_sql("UPDATE journey SET leased_until = now() - interval '1 s'"); /* its node has died */
    assert_true(claimed(j.id, false, 30, &mine));
    j.version = mine.version;
    assert_int_equal(
        moved_with(&(struct ecs_journey_move){.journey = &j, .release = true, .lease_s = 0}).version,
        j.version + 1);
}

static void test_a_journey_can_be_opened_with_its_lease(void **state)
{
    struct ecs_journey j = new_journey(ECS_JOURNEY_COMPANION, A, "watch");
    struct ecs_journey_result result;

    (void)state;
    result = moved_with(&(struct ecs_journey_move){.journey = &j, .lease_s = 30});
    assert_int_equal(result.moved, ECS_JOURNEY_MOVED);
    assert_false(claimed(result.id, true, 30, NULL));
    assert_int_equal(pg_test_number("SELECT count(*) FROM journey_step"), 0); /* no note was given */
    j.id = result.id;
    j.version = result.version;
    pg_test_sql("UPDATE journey SET leased_until = now() + interval '1 s'");
    assert_int_equal(moved_with(&(struct ecs_journey_move){.journey = &j, .lease_s = 60}).moved,
                     ECS_JOURNEY_MOVED);
    assert_int_equal(
        pg_test_number("SELECT count(*) FROM journey WHERE leased_until > now() + interval '50 s'"), 1);
}

static void test_what_is_due_comes_oldest_first_and_only_then(void **state)
{
    static const struct {
        const char *target;
        int due, deadline; /* seconds from now; 0: none */
    } cases[] = {{"a", -10, 0}, {"b", 60, 0}, {"c", 60, -20}, {"d", 0, 0}, {"e", -5, 60}, {"f", 0, -1}};
    struct due_call due = {.max = 3};
    int64_t ids[6], now = ecs_clock_now();

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(cases); i++) {
        struct ecs_journey j = new_journey(ECS_JOURNEY_COMPANION, A, cases[i].target);

        j.due_at = cases[i].due ? now + cases[i].due : 0;
        j.deadline_at = cases[i].deadline ? now + cases[i].deadline : 0;
        open_journey(&j);
        ids[i] = j.id;
    }
    outbox_run(call_due, &due);
    assert_int_equal(due.n, 3);
    assert_int_equal(due.ids[0], ids[2]);
    assert_int_equal(due.ids[1], ids[0]);
    assert_int_equal(due.ids[2], ids[4]);
    due.max = 100;
    outbox_run(call_due, &due);
    assert_int_equal(due.n, 4);
    assert_int_equal(due.ids[3], ids[5]);
    assert_false(claimed(ids[1], false, 30, NULL));
    assert_true(claimed(ids[1], true, 30, NULL));
    assert_false(claimed(ids[3], false, 30, NULL));
    pg_test_sql("UPDATE journey SET ended_at = now() WHERE target_id = 'a'");
    assert_false(claimed(ids[0], true, 30, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_every_member_comes_back_as_it_was_written, fresh_odsa),
        cmocka_unit_test_setup(test_members_that_are_none_come_back_as_none, fresh_odsa),
        cmocka_unit_test_setup(test_texts_that_no_database_takes_are_refused, fresh_odsa),
        cmocka_unit_test_setup(test_the_slower_of_two_writers_is_told_so, fresh_odsa),
        cmocka_unit_test_setup(test_of_moves_at_the_same_time_one_wins, fresh_odsa),
        cmocka_unit_test_setup(test_of_openings_at_the_same_time_one_wins, fresh_odsa),
        cmocka_unit_test_setup(test_of_owners_of_an_iccid_at_the_same_time_one_wins, fresh_odsa),
        cmocka_unit_test_setup(test_a_target_has_one_open_journey_that_brings_a_profile, fresh_odsa),
        cmocka_unit_test_setup(test_profiles_are_recovered_side_by_side, fresh_odsa),
        cmocka_unit_test_setup(test_an_old_iccid_is_moved_by_the_first_who_asks, fresh_odsa),
        cmocka_unit_test_setup(test_a_removed_line_takes_its_journeys_along_and_breaks_no_driver, fresh_odsa),
        cmocka_unit_test_setup(test_a_lease_is_had_by_one_until_it_is_given_up_or_over, fresh_odsa),
        cmocka_unit_test_setup(test_a_journey_can_be_opened_with_its_lease, fresh_odsa),
        cmocka_unit_test_setup(test_what_is_due_comes_oldest_first_and_only_then, fresh_odsa),
    };

    return cmocka_run_group_tests(tests, setup, outbox_done);
}
