/* SPDX-License-Identifier: Apache-2.0 */
/* Polls: what several lines ask at a time is looked up in one batch and tells each what the view would tell
 * it; open journeys are counted, ended ones shown. Against a real server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "odsa_view_rig.h"

#define D "001010000000104"

/* ---- several at a time ---- */

struct poller {
    struct outbox_call call;
    struct view_call view;
    struct ecs_arena *arena;
};

static struct ecs_odsa_key poll_of(const char *imsi, const char *target)
{
    return (struct ecs_odsa_key){.imsi = ecs_str_of(imsi),
                                 .app = 2006,
                                 .terminal_id = ECS_STR("phone-a"),
                                 .target_id = ecs_str_of(target),
                                 .poll = true};
}

static void start_poll(struct poller *p, const struct ecs_odsa_key *key, unsigned *left)
{
    static const struct ecs_step poller_steps[] = {
        {"ask", outbox_ask, 0}, {"end", end, 0}, {"error", end, 0}, {0}};

    *p = (struct poller){.view = {.key = *key}, .arena = ecs_arena_new(NULL, 0)};
    assert_non_null(p->arena);
    p->call = (struct outbox_call){.fn = call_view, .arg = &p->view, .left = left};
    (*left)++;
    ecs_flow_start(&p->call.flow, loop, p->arena, NULL, poller_steps, &p->call, outbox_end);
}

static void end_poll(struct poller *p)
{
    assert_int_equal(p->call.flow.rc, ECS_OK);
    ecs_arena_free(p->arena);
}

static uint64_t stat_of(const atomic_uint_fast64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void test_polls_of_several_lines_go_out_in_batches_and_do_not_mix(void **state)
{
    enum { N = 6 };
    static const char *const lines[N] = {A, B, C, D, A, B};
    static const char *const targets[N] = {"watch", "watch", "watch", "watch", "other", NULL};
    struct ecs_journey a = new_journey(ECS_JOURNEY_COMPANION, A, "watch"), b = a;
    struct poller p[N];
    uint64_t batches = stat_of(&stats.batches), keys = stat_of(&stats.batched_keys);
    unsigned left = 0;

    (void)state;
    open_journey(&a);
    b.imsi = ECS_STR(B);
    open_journey(&b);
    add_profile(A, ICCID_1, "watch");
    add_profile(C, ICCID_3, "watch");
    for (int i = 0; i < N; i++) {
        struct ecs_odsa_key key = poll_of(lines[i], targets[i]);

        start_poll(&p[i], &key, &left);
    }
    pg_test_turn(loop, &left, 8000);
    assert_int_equal(left, 0);
    assert_int_equal(stat_of(&stats.batched_keys) - keys, N);
    assert_true(stat_of(&stats.batches) - batches < N);
    for (int i = 0; i < N; i++) {
        static const unsigned profiles[N] = {1, 0, 1, 0, 1, 0}, journeys[N] = {1, 1, 0, 0, 1, 1};
        const struct ecs_odsa_view *view = &p[i].view.view;

        assert_int_equal(view->n_profiles, profiles[i]);
        assert_int_equal(view->n_journeys, journeys[i]);
        for (size_t k = 0; k < view->n_profiles; k++)
            expect_text(view->profiles[k].imsi, lines[i]);
        for (size_t k = 0; k < view->n_journeys; k++)
            expect_text(view->journeys[k].imsi, lines[i]);
    }
    assert_int_equal(p[4].view.view.journeys[0].polls, 0); /* about another device */
    assert_int_equal(journey_of(a.id).polls, 1);
    assert_int_equal(journey_of(b.id).polls, 2); /* of the device, and of all */
    for (int i = 0; i < N; i++)
        end_poll(&p[i]);
}

/* ---- the same as the view ---- */

static void test_a_poll_tells_what_the_view_tells(void **state)
{
    struct ecs_odsa_key key = poll_of(A, "35999999000001");
    struct ecs_journey j = new_journey(ECS_JOURNEY_COMPANION, A, "35999999000001");
    struct ecs_odsa_view view;

    (void)state;
    pg_test_sql("INSERT INTO device_model (tac, category, capabilities) VALUES ('35999999', 'watch', "
                "'{esim,volte}') ON CONFLICT (tac) DO UPDATE SET capabilities = excluded.capabilities;"
                "INSERT INTO device_identity (terminal_id, state) VALUES ('35999999000001', 'stolen');"
                "INSERT INTO line_relation (imsi, other_imsi) VALUES ('" A "', '" B "')");
    key.target_tac = ECS_STR("35999999");
    open_journey(&j);
    add_profile(A, ICCID_1, "35999999000001");
    for (int poll = 0; poll < 2; poll++) {
        key.poll = poll;
        view = view_of(&key);
        assert_true(view.target_known);
        assert_int_equal(view.target_category, ECS_ROW_DEVICE_WATCH);
        assert_int_equal(view.n_target_capabilities, 2);
        expect_text(view.target_capabilities[0], "esim");
        expect_text(view.target_capabilities[1], "volte");
        assert_int_equal(view.target_state, ECS_ROW_IDENTITY_STOLEN);
        assert_int_equal(view.eid_state, ECS_ROW_IDENTITY_UNKNOWN);
        assert_int_equal(view.family_n, 1);
        assert_false(view.enterprise_known);
        assert_int_equal(view.enterprise_max, -1);
        assert_int_equal(view.n_profiles, 1);
        assert_int_equal(view.n_journeys, 1);
        assert_int_equal(view.journeys[0].id, j.id);
    }
    /* A list is asked for: the type of the asking device is known all the same. */
    key.target_id = ECS_STR_NULL;
    for (int poll = 0; poll < 2; poll++) {
        key.poll = poll;
        view = view_of(&key);
        assert_true(view.target_known);
        assert_int_equal(view.target_state, ECS_ROW_IDENTITY_UNKNOWN);
    }
    key.target_tac = ECS_STR_NULL;
    view = view_of(&key);
    assert_false(view.target_known);
    assert_int_equal(view.n_target_capabilities, 0);
}

static void test_a_poll_that_names_an_eid_or_an_iccid_is_told_of_them(void **state)
{
    struct ecs_odsa_key key = poll_of(A, "watch");
    struct ecs_journey j = new_journey(ECS_JOURNEY_COMPANION, A, "watch");
    struct ecs_odsa_view view;

    (void)state;
    pg_test_sql("INSERT INTO device_identity (terminal_id, state) VALUES ('" EID "', 'deny')");
    open_journey(&j);
    add_profile(B, ICCID_2, "watch-b");
    key.eid = ECS_STR(EID);
    view = view_of(&key);
    assert_int_equal(view.eid_state, ECS_ROW_IDENTITY_DENY);
    assert_int_equal(view.journeys[0].polls, 1);
    key.eid = ECS_STR_NULL;
    key.iccids[0] = ECS_STR(ICCID_2);
    view = view_of(&key);
    assert_int_equal(view.owners[0], ECS_ICCID_FOREIGN);
    assert_int_equal(view.journeys[0].polls, 2);
}

/* ---- counting ---- */

static void test_only_open_journeys_are_counted(void **state)
{
    struct ecs_odsa_key key = poll_of(A, "watch");
    struct ecs_journey ended = new_journey(ECS_JOURNEY_COMPANION, A, "watch"), other = ended;
    struct ecs_odsa_view view;
    uint64_t statements;

    (void)state;
    open_journey(&ended);
    ended.state = ECS_STR("done");
    ended.ended_at = 1;
    move_on(&ended);
    other.target_id = ECS_STR("tablet");
    open_journey(&other);
    statements = stat_of(&stats.statements);
    view = view_of(&key);
    assert_int_equal(stat_of(&stats.statements) - statements, 1); /* nothing to count */
    assert_int_equal(view.n_journeys, 2);
    assert_int_equal(view.journeys[0].id, other.id); /* open ones first */
    assert_int_equal(view.journeys[1].id, ended.id);
    assert_true(view.journeys[1].ended_at != 0);
    assert_int_equal(view.journeys[1].polls, 0);
    assert_int_equal(journey_of(ended.id).polls, 0);
    assert_int_equal(journey_of(other.id).polls, 0);
    key.target_id = ECS_STR("TABLET");
    view = view_of(&key);
    assert_int_equal(view.n_journeys, 1); /* what ended was about another device */
    assert_int_equal(view.journeys[0].polls, 1);
    assert_int_equal(journey_of(other.id).version, 1); /* polls stop no writer */
}

static void test_without_a_target_all_open_ones_are_counted_and_what_ended_for_the_asking_device(void **state)
{
    struct ecs_odsa_key key = poll_of(A, NULL);
    struct ecs_journey one = new_journey(ECS_JOURNEY_COMPANION, A, "watch-1"), two = one, own = one,
                       stranger = one, primary = one;
    struct ecs_odsa_view view;

    (void)state;
    open_journey(&one);
    two.target_id = ECS_STR("watch-2");
    open_journey(&two);
    own.target_id = ECS_STR("phone-a");
    open_journey(&own);
    own.state = ECS_STR("done");
    own.ended_at = 1;
    move_on(&own);
    stranger.imsi = ECS_STR(B);
    open_journey(&stranger);
    primary.kind = ECS_JOURNEY_PRIMARY;
    primary.app = 2009;
    open_journey(&primary);
    view = view_of(&key);
    assert_int_equal(view.n_journeys, 3);
    assert_int_equal(view.journeys[0].id, two.id);
    assert_int_equal(view.journeys[0].polls, 1);
    assert_int_equal(view.journeys[1].id, one.id);
    assert_int_equal(view.journeys[1].polls, 1);
    assert_int_equal(view.journeys[2].id, own.id);
    assert_int_equal(view.journeys[2].polls, 0);
    assert_int_equal(journey_of(stranger.id).polls, 0);
    assert_int_equal(journey_of(primary.id).polls, 0);
    pg_test_sql("UPDATE journey SET ended_at = now() - interval '25 h' WHERE ended_at IS NOT NULL");
    assert_int_equal(view_of(&key).n_journeys, 2);
}

static void test_a_key_that_is_no_text_fails_alone(void **state)
{
    struct ecs_odsa_key good = poll_of(A, "watch"), bad = poll_of(B, "watch");
    struct poller p[2];
    unsigned left = 0;

    (void)state;
    add_profile(A, ICCID_1, "watch");
    bad.target_id = (struct ecs_str){"\xff", 1};
    start_poll(&p[0], &bad, &left);
    start_poll(&p[1], &good, &left);
    pg_test_turn(loop, &left, 8000);
    assert_int_equal(left, 0);
    assert_int_equal(p[0].call.flow.rc, ECS_E_BAD_PARAMETER);
    ecs_arena_free(p[0].arena);
    assert_int_equal(p[1].view.view.n_profiles, 1);
    end_poll(&p[1]);
}

static int fresh_with_another_line(void **state)
{
    fresh_odsa(state);
    pg_test_sql("INSERT INTO subscriber (imsi, plan) VALUES ('" D "', 'gold')");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_polls_of_several_lines_go_out_in_batches_and_do_not_mix,
                               fresh_with_another_line),
        cmocka_unit_test_setup(test_a_poll_tells_what_the_view_tells, fresh_with_another_line),
        cmocka_unit_test_setup(test_a_poll_that_names_an_eid_or_an_iccid_is_told_of_them,
                               fresh_with_another_line),
        cmocka_unit_test_setup(test_only_open_journeys_are_counted, fresh_with_another_line),
        cmocka_unit_test_setup(
            test_without_a_target_all_open_ones_are_counted_and_what_ended_for_the_asking_device,
            fresh_with_another_line),
        cmocka_unit_test_setup(test_a_key_that_is_no_text_fails_alone, fresh_with_another_line),
    };

    return cmocka_run_group_tests(tests, setup, outbox_done);
}
