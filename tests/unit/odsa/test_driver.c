/* SPDX-License-Identifier: Apache-2.0 */
/* The driver while others change the row: events meanwhile, a lost lease, clocks that differ, whoever waits;
 * and what SM-DP+ and BSS tell by themselves. */
#include "driver_peers.h"

/* ---- rig ---- */

static void put(enum ecs_journey_kind kind, enum odsa_state state, int flags)
{
    w.row = (struct ecs_journey){.id = 7,
                                 .version = 1,
                                 .kind = kind,
                                 .state = ecs_str_of(odsa_states[state].name),
                                 .key = ECS_STR("0f8fad5b-d9cb-469f-a165-70867728950e"),
                                 .imsi = ECS_STR(IMSI),
                                 .app = 2006,
                                 .target_id = ECS_STR("watch"),
                                 .calls = 2,
                                 .flags = flags,
                                 .created_at = ecs_clock_now(),
                                 .due_at = odsa_states[state].kind == ODSA_WORK ? ecs_clock_now() : 0,
                                 .deadline_at = ecs_clock_now() + 86400};
}

static void put_activating(void)
{
    put(ECS_JOURNEY_COMPANION, ODSA_ACTIVATING,
        ECS_JOURNEY_F_RESERVED | ECS_JOURNEY_F_ORDERED | 2 << ECS_JOURNEY_ORDER_SHIFT);
    w.row.iccid = ECS_STR(ICCID);
    w.row.smdp = ECS_STR("main");
}

static void expect_state(enum odsa_state state)
{
    assert_string_equal(odsa_states[odsa_state_of(&w.row)].name, odsa_states[state].name);
}

static enum ecs_next end(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

struct job {
    struct ecs_flow flow;
    struct ecs_journey_fire fire;
    struct ecs_odsa_inbound inbound;
    bool device, ended;
    enum ecs_rc rc;
};

static void job_end(struct ecs_flow *f)
{
    struct job *j = f->self;

    j->ended = true;
    j->rc = f->rc;
}

static void start(struct job *j, const struct ecs_step *steps)
{
    ecs_flow_start(&j->flow, loop, w.arena, NULL, steps, j, job_end);
}

static enum ecs_next do_fire(struct ecs_flow *f)
{
    struct job *j = f->self;

    return ecs_flow_call(f, ecs_journey_fire_steps, &j->fire);
}

static struct job fire(const char *event)
{
    static const struct ecs_step steps[] = {{"fire", do_fire, 0}, {"end", end, 0}, {0}};
    struct job j = {.fire = {.env = &env, .id = 7, .event = event}};

    start(&j, steps);
    assert_true(j.ended && j.rc == ECS_OK);
    return j;
}

static enum ecs_next do_inbound(struct ecs_flow *f)
{
    struct job *j = f->self;

    j->inbound.env = &env;
    return ecs_flow_call(f, ecs_odsa_inbound_steps, &j->inbound);
}

static bool tell(struct ecs_odsa_inbound inbound)
{
    static const struct ecs_step steps[] = {{"inbound", do_inbound, 0}, {"end", end, 0}, {0}};
    struct job j = {.inbound = inbound};

    start(&j, steps);
    assert_true(j.ended && j.rc == ECS_OK);
    return j.inbound.known;
}

static enum ecs_next do_wait(struct ecs_flow *f)
{
    struct job *j = f->self;

    return odsa_await_as(f, &env, 7, j->device);
}

static const struct ecs_step wait_steps[] = {{"wait", do_wait, 60000}, {"end", end, 0}, {0}};

/* ---- changed meanwhile ---- */

static void test_an_event_during_a_call_and_its_outcome_both_count(void **state)
{
    (void)state;
    put_activating();
    odsa_kick(&env, 7);
    assert_int_equal(fire("cancel").fire.fired, ECS_FIRED_NOTED);
    expect_state(ODSA_ACTIVATING);
    answer("bss order"); /* done: what stands is taken back */
    expect_state(ODSA_WITHDRAWING);
    answer("smdp cancel");
    expect_state(ODSA_REVOKING);
    answer("bss cancel");
    expect_state(ODSA_DISMISSED);
    assert_int_equal(w.called, 3);
    assert_int_equal(ecs_odsa_runner_busy(env.runner), 0);
    assert_int_equal(holds, 0);
}

static void test_an_outcome_of_a_former_call_is_dropped_and_the_present_state_worked_on(void **state)
{
    (void)state;
    put_activating();
    w.row.state = ecs_str_of(odsa_states[ODSA_AWAITING].name);
    odsa_kick(&env, 7);
    assert_int_equal(fire("cancel").fire.fired, ECS_FIRED);
    expect_state(ODSA_WITHDRAWING);
    answer("bss find"); /* too late */
    assert_string_equal(w.call, "smdp cancel");
    expect_state(ODSA_WITHDRAWING);
}

static void test_without_its_lease_a_drive_writes_the_outcome_and_stops(void **state)
{
    (void)state;
    put_activating();
    odsa_kick(&env, 7);
    conf.lease_s = 0; /* it is over, and another node has taken it: */
    w.row.version++;
    answer("bss order");
    expect_state(ODSA_CONFIRMING);
    assert_false(w.last.release);
    assert_int_equal(w.last.lease_s, 0);
    assert_true(w.leased); /* by the other one, which confirms */
    assert_int_equal(w.called, 1);
    assert_int_equal(ecs_odsa_runner_busy(env.runner), 0);
}

static void test_without_its_lease_a_drive_does_no_work_of_another_state(void **state)
{
    unsigned moves;

    (void)state;
    put_activating();
    odsa_kick(&env, 7);
    conf.lease_s = 0;
    w.row.version += 2; /* the other node has gone on */
    w.row.state = ecs_str_of(odsa_states[ODSA_CONFIRMING].name);
    w.row.calls++;
    moves = w.moves;
    answer("bss order");
    assert_int_equal(w.moves, moves);
    assert_int_equal(w.called, 1);
    assert_true(w.leased);
    assert_int_equal(ecs_odsa_runner_busy(env.runner), 0);
}

static void test_a_state_of_a_later_release_is_left_alone_for_a_lease(void **state)
{
    (void)state;
    put_activating();
    w.row.state = ECS_STR("polishing");
    odsa_kick(&env, 7);
    assert_int_equal(w.claims, 1);
    assert_int_equal(w.moves, 0);
    assert_true(w.leased);
}

static void test_the_source_stands_in_the_row_before_it_is_called(void **state)
{
    (void)state;
    put(ECS_JOURNEY_COMPANION, ODSA_ASKING, 0);
    assert_int_equal(fire("answered").fire.fired, ECS_FIRED);
    assert_string_equal(w.call, "smdp order");
    assert_true(ecs_str_eq(w.source_when_called, ECS_STR("main")));
}

/* ---- clocks ---- */

static void test_pauses_are_counted_by_the_clock_of_the_database(void **state)
{
    int64_t there;

    (void)state;
    put_activating();
    w.ahead_s = 3600; /* this node is an hour behind; what it was told to do is due */
    there = ecs_clock_now() + w.ahead_s;
    w.row.due_at = there - 1;
    w.row.deadline_at = there + 86400;
    odsa_kick(&env, 7);
    w.bss = (struct ecs_bss_result){.status = ECS_BSS_AGAIN, .why = "no answer", .retry_after_s = 40};
    answer("bss order");
    expect_state(ODSA_ACTIVATING);
    assert_in_range(w.row.due_at, there + 40, there + 45);
    assert_false(w.leased);
}

/* ---- whoever waits ---- */

static void go_to_ready(void)
{
    put_activating();
    w.row.state = ecs_str_of(odsa_states[ODSA_CONFIRMING].name);
    odsa_kick(&env, 7);
    w.smdp = (struct ecs_smdp_result){.status = ECS_SMDP_OK, .address = ECS_STR("smdp.example.net")};
}

static void test_the_device_that_waits_needs_no_notification(void **state)
{
    struct job j = {.device = true};

    (void)state;
    go_to_ready();
    start(&j, wait_steps);
    assert_false(j.ended);
    answer("smdp confirm");
    assert_true(j.ended);
    expect_state(ODSA_READY);
    assert_null(w.last.notify_reason);
}

static void test_a_portal_that_waits_does_not_keep_the_device_from_hearing(void **state)
{
    struct job j = {.device = false};

    (void)state;
    go_to_ready();
    start(&j, wait_steps);
    answer("smdp confirm");
    assert_true(j.ended);
    assert_string_equal(w.last.notify_reason, "profile ready");
}

static void test_waiting_ends_with_its_time_or_with_the_client(void **state)
{
    struct job tired = {.device = true}, left = {.device = true};

    (void)state;
    go_to_ready();
    start(&tired, wait_steps);
    start(&left, wait_steps);
    ecs_flow_abort(&left.flow);
    assert_int_equal(left.rc, ECS_E_CANCELLED);
    for (int i = 0; i < 100 && !tired.ended; i++)
        assert_int_equal(ecs_loop_turn(loop, 10000), ECS_OK);
    assert_true(tired.ended && tired.rc == ECS_OK);
    answer("smdp confirm"); /* the drive goes on; nobody waits */
    expect_state(ODSA_READY);
    assert_string_equal(w.last.notify_reason, "profile ready");
}

static void test_a_drive_under_way_is_aborted_with_its_runner(void **state)
{
    (void)state;
    put_activating();
    odsa_kick(&env, 7);
    assert_int_equal(holds, 1);
    ecs_odsa_runner_free(env.runner);
    env.runner = NULL;
    assert_null(w.open); /* the call was told to forget it */
    assert_int_equal(holds, 0);
    assert_true(w.leased); /* until it runs out */
    expect_state(ODSA_ACTIVATING);
}

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

/* ---- life ---- */

static int set_up(void **state)
{
    static struct ecs_str notifiers[] = {{"CN=a", 4}, {"CN=b", 4}};
    struct ecs_keyring ring = {.count = 1, .keys = {{.id = 7, .key = {1, 2, 3}}}};

    (void)state;
    memset(&w, 0, sizeof(w));
    w.arena = ecs_arena_new(NULL, 0);
    for (size_t i = 0; i < 3; i++)
        sources[i].conf = (struct ecs_smdp_conf){.name = (const char *const[]){"main", "twin", "other"}[i],
                                                 .address = "smdp.example.net",
                                                 .notifiers = {&notifiers[i / 2], 1}};
    conf = (struct ecs_odsa_conf){.wait_ms = 20,
                                  .question_s = 900,
                                  .portal_s = 900,
                                  .deleting_s = 900,
                                  .ready_s = 900,
                                  .give_up_s = 86400,
                                  .retry_s = 1,
                                  .retry_max_s = 60,
                                  .retries = 5,
                                  .lease_s = 60};
    loop = ecs_loop_new();
    crypto = ecs_crypto_new();
    sealer = crypto ? ecs_sealer_new(crypto, &ring, ECS_STR("odsa-code")) : NULL;
    auth.crypto = crypto;
    holds = 0;
    env = (struct ecs_odsa_env){.conf = &conf,
                                .auth = &auth,
                                .smdps = (struct ecs_smdps *)&sources,
                                .code_sealer = sealer,
                                .runner = loop ? ecs_odsa_runner_new(loop, NULL) : NULL,
                                .hold = hold,
                                .drop = drop};
    return sealer && env.runner && w.arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ecs_odsa_runner_free(env.runner);
    assert_int_equal(holds, 0);
    ecs_sealer_free(sealer);
    ecs_crypto_free(crypto);
    ecs_loop_free(loop);
    ecs_arena_free(w.arena);
    return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_an_event_during_a_call_and_its_outcome_both_count),
        CASE(test_an_outcome_of_a_former_call_is_dropped_and_the_present_state_worked_on),
        CASE(test_without_its_lease_a_drive_writes_the_outcome_and_stops),
        CASE(test_without_its_lease_a_drive_does_no_work_of_another_state),
        CASE(test_a_state_of_a_later_release_is_left_alone_for_a_lease),
        CASE(test_the_source_stands_in_the_row_before_it_is_called),
        CASE(test_pauses_are_counted_by_the_clock_of_the_database),
        CASE(test_the_device_that_waits_needs_no_notification),
        CASE(test_a_portal_that_waits_does_not_keep_the_device_from_hearing),
        CASE(test_waiting_ends_with_its_time_or_with_the_client),
        CASE(test_a_drive_under_way_is_aborted_with_its_runner),
        CASE(test_a_source_tells_of_its_own_profiles_only),
        CASE(test_the_deletion_of_a_foreign_profile_goes_on_with_nothing),
        CASE(test_events_of_lines_are_noted_behind_their_effect),
        CASE(test_a_storm_about_one_profile_calls_the_device_once),
        CASE(test_a_late_event_of_a_former_order_says_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
