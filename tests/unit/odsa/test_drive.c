/* SPDX-License-Identifier: Apache-2.0 */
/* What an outcome of a work makes of a journey: the event that counts, what was told, when it is tried again,
 * what becomes of profiles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "ecs/auth.h"
#include "ecs/keyring.h"
#include "odsa/odsa_drive.h"

enum { NOW = 1000000 };

static const struct ecs_odsa_conf conf = {.question_s = 900,
                                          .portal_s = 3600,
                                          .deleting_s = 86400,
                                          .ready_s = 864000,
                                          .give_up_s = 259200,
                                          .retry_s = 5,
                                          .retry_max_s = 60,
                                          .retries = 3};
static struct ecs_crypto *crypto;
static struct ecs_sealer *sealer;
static struct ecs_auth_env auth;
static struct ecs_odsa_env env;
static struct odsa_drive drive;

static struct ecs_journey journey_in(enum ecs_journey_kind kind, enum odsa_state state)
{
    return (struct ecs_journey){.id = 1,
                                .kind = kind,
                                .state = ecs_str_of(odsa_states[state].name),
                                .imsi = ECS_STR("001010000000001"),
                                .app = 2009,
                                .calls = 3,
                                .deadline_at = NOW + 259200,
                                .due_at = NOW};
}

static enum odsa_event outcome(struct ecs_journey *j, struct odsa_outcome what)
{
    const struct odsa_row *row = NULL;

    drive.outcome = what;
    assert_true(odsa_take_outcome(&drive, j, NOW, UINT32_MAX, &row));
    assert_non_null(row);
    return drive.outcome.event;
}

static void test_pauses_double_up_to_the_longest(void **state)
{
    (void)state;
    assert_int_equal(odsa_backoff_s(&conf, 1, UINT32_MAX), 5);
    assert_int_equal(odsa_backoff_s(&conf, 2, UINT32_MAX), 10);
    assert_int_equal(odsa_backoff_s(&conf, 4, UINT32_MAX), 40);
    assert_int_equal(odsa_backoff_s(&conf, 30, UINT32_MAX), 60);
    assert_in_range(odsa_backoff_s(&conf, 30, 0), 30, 31);
    assert_int_equal(odsa_poll_s(0), 30);
    assert_int_equal(odsa_poll_s(3), 300);
    assert_int_equal(odsa_poll_s(100), 3600);
}

static void test_after_so_many_repetitions_it_is_given_up(void **state)
{
    struct ecs_journey j = journey_in(ECS_JOURNEY_COMPANION, ODSA_RESERVING);

    (void)state;
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(outcome(&j, (struct odsa_outcome){.event = ODSA_EV_RETRY, .why = "no answer"}),
                         ODSA_EV_RETRY);
        assert_int_equal(j.attempts, i);
        assert_true(j.due_at > NOW);
        assert_int_equal(j.calls, 3); /* the same logical call */
    }
    assert_int_equal(outcome(&j, (struct odsa_outcome){.event = ODSA_EV_RETRY, .why = "no answer"}),
                     ODSA_EV_EXHAUSTED);
    assert_int_equal(odsa_state_of(&j), ODSA_FAILED);
    assert_true(ecs_str_eq(j.reason, ECS_STR("no answer")));
}

static void test_the_end_of_the_old_one_is_never_given_up(void **state)
{
    struct ecs_journey j = journey_in(ECS_JOURNEY_TRANSFER, ODSA_ENDING_OLD);

    (void)state;
    j.deadline_at = 0;
    j.flags = ECS_JOURNEY_F_CONFIRMED | ECS_JOURNEY_F_RELEASED;
    for (int i = 0; i < 50; i++)
        outcome(&j, (struct odsa_outcome){.event = i % 2 ? ODSA_EV_REFUSED : ODSA_EV_RETRY, .why = "down"});
    assert_int_equal(odsa_state_of(&j), ODSA_ENDING_OLD);
    assert_int_equal(j.due_at, NOW + 60);
    assert_int_equal(j.calls, 3 + 25); /* what was refused is ordered anew, what was not answered is not */
}

static void test_retry_after_is_respected(void **state)
{
    struct ecs_journey j = journey_in(ECS_JOURNEY_COMPANION, ODSA_ACTIVATING);

    (void)state;
    outcome(&j, (struct odsa_outcome){.event = ODSA_EV_RETRY, .why = "busy", .retry_after_s = 500});
    assert_int_equal(j.due_at, NOW + 500);
}

static void test_what_the_bss_has_told_meanwhile_is_looked_at_now(void **state)
{
    struct ecs_journey j = journey_in(ECS_JOURNEY_COMPANION, ODSA_ACTIVATING);

    (void)state;
    j.flags |= ECS_JOURNEY_F_BSS_DONE;
    outcome(&j, (struct odsa_outcome){.event = ODSA_EV_RETRY, .why = "no answer"});
    assert_int_equal(odsa_state_of(&j), ODSA_ACTIVATING);
    assert_int_equal(j.due_at, NOW);
}

static void test_a_wish_for_the_end_is_done_behind_the_outcome(void **state)
{
    struct ecs_journey j = journey_in(ECS_JOURNEY_COMPANION, ODSA_RESERVING);
    const struct odsa_row *row = odsa_match(&j, ODSA_RESERVING, ODSA_EV_CANCEL);

    (void)state;
    assert_int_equal(row->next, ODSA_RESERVING);
    odsa_apply(&j, row, NOW, &conf);
    outcome(&j, (struct odsa_outcome){.event = ODSA_EV_OK, .iccid = ECS_STR("8949000000000000017")});
    assert_int_equal(odsa_state_of(&j), ODSA_WITHDRAWING);
    outcome(&j, (struct odsa_outcome){.event = ODSA_EV_OK});
    assert_int_equal(odsa_state_of(&j), ODSA_DISMISSED);
    assert_true(j.ended_at > 0);
}

static void test_an_unexpected_outcome_counts_as_refused(void **state)
{
    struct ecs_journey j = journey_in(ECS_JOURNEY_END, ODSA_STOPPING);

    (void)state;
    assert_int_equal(outcome(&j, (struct odsa_outcome){.event = ODSA_EV_IN_USE, .why = "in use"}),
                     ODSA_EV_REFUSED);
    assert_int_equal(odsa_state_of(&j), ODSA_FAILED);
}

static void test_the_code_is_kept_sealed_and_opens_again(void **state)
{
    struct ecs_journey j = journey_in(ECS_JOURNEY_PRIMARY, ODSA_CONFIRMING);
    struct ecs_str code = ECS_STR("1$smdp.example.com$ABCDE-FGHIJ"), text;

    (void)state;
    outcome(&j,
            (struct odsa_outcome){.event = ODSA_EV_OK, .code = code, .set_flags = ECS_JOURNEY_F_RELEASED});
    assert_int_equal(odsa_state_of(&j), ODSA_READY);
    assert_null(memmem(j.code.p, j.code.n, "ABCDE", 5));
    assert_true(ecs_odsa_open(&env, drive.flow.arena, j.code, &text));
    assert_true(ecs_str_eq(text, code));
    ((char *)(uintptr_t)j.code.p)[j.code.n - 1] ^= 1;
    assert_false(ecs_odsa_open(&env, drive.flow.arena, j.code, &text));
    assert_false(ecs_odsa_open(&env, drive.flow.arena, ECS_STR("short"), &text));
}

static void test_matching_ids_are_capital_letters_and_digits(void **state)
{
    struct ecs_str a, b;

    (void)state;
    assert_true(odsa_matching_id_new(&env, drive.flow.arena, &a));
    assert_true(odsa_matching_id_new(&env, drive.flow.arena, &b));
    assert_int_equal(a.n, 23);
    assert_false(ecs_str_eq(a, b));
    for (size_t i = 0; i < a.n; i++)
        assert_true(i % 6 == 5 ? a.p[i] == '-'
                               : (a.p[i] >= 'A' && a.p[i] <= 'Z') || (a.p[i] >= '2' && a.p[i] <= '7'));
}

static void test_profiles_follow_the_journey(void **state)
{
    struct ecs_journey before = journey_in(ECS_JOURNEY_TRANSFER, ODSA_RESERVING), after = before;
    struct odsa_consequence c;

    (void)state;
    before.old_profile = after.old_profile = 4;
    after.old_iccid = before.old_iccid = ECS_STR("8949000000000000009");
    outcome(&after, (struct odsa_outcome){.event = ODSA_EV_OK, .iccid = ECS_STR("8949000000000000017")});
    odsa_consequence(&before, &after, NOW, &c);
    assert_int_equal(c.n_profiles, 1); /* a new row, on its way */
    assert_int_equal(c.profiles[0].row.id, 0);
    assert_int_equal(c.profiles[0].row.status, 2);
    assert_null(c.notify);

    before = after;
    before.profile = after.profile = 9;
    before.state = ecs_str_of("confirming");
    after.state = ecs_str_of("ready");
    odsa_consequence(&before, &after, NOW, &c);
    assert_int_equal(c.profiles[0].row.id, 9);
    assert_int_equal(c.profiles[0].row.status, 1);
    assert_string_equal(c.notify, "profile ready");

    before.state = ecs_str_of("ending-old");
    after.state = ecs_str_of("done");
    after.flags |= ECS_JOURNEY_F_OLD_ENDED;
    odsa_consequence(&before, &after, NOW, &c);
    assert_int_equal(c.n_profiles, 1);
    assert_int_equal(c.profiles[0].row.id, 4);
    assert_int_equal(c.profiles[0].row.status, 4);
    assert_true(c.profiles[0].drop_code && c.line_iccid);

    before.state = ecs_str_of("withdrawing");
    after.state = ecs_str_of("failed");
    after.flags = before.flags;
    odsa_consequence(&before, &after, NOW, &c);
    assert_int_equal(c.profiles[0].row.id, 9);
    assert_int_equal(c.profiles[0].row.status, 4);
    assert_string_equal(c.notify, "journey ended");
}

static int setup(void **state)
{
    struct ecs_keyring ring = {.count = 1, .keys = {{.id = 7, .key = {1, 2, 3}}}};

    (void)state;
    crypto = ecs_crypto_new();
    sealer = crypto ? ecs_sealer_new(crypto, &ring, ECS_STR("odsa-code")) : NULL;
    auth.crypto = crypto;
    env = (struct ecs_odsa_env){.conf = &conf, .auth = &auth, .code_sealer = sealer};
    drive.env = &env;
    drive.flow.arena = ecs_arena_new(NULL, 0);
    return sealer && drive.flow.arena ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    ecs_arena_free(drive.flow.arena);
    ecs_sealer_free(sealer);
    ecs_crypto_free(crypto);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pauses_double_up_to_the_longest),
        cmocka_unit_test(test_after_so_many_repetitions_it_is_given_up),
        cmocka_unit_test(test_the_end_of_the_old_one_is_never_given_up),
        cmocka_unit_test(test_retry_after_is_respected),
        cmocka_unit_test(test_what_the_bss_has_told_meanwhile_is_looked_at_now),
        cmocka_unit_test(test_a_wish_for_the_end_is_done_behind_the_outcome),
        cmocka_unit_test(test_an_unexpected_outcome_counts_as_refused),
        cmocka_unit_test(test_the_code_is_kept_sealed_and_opens_again),
        cmocka_unit_test(test_matching_ids_are_capital_letters_and_digits),
        cmocka_unit_test(test_profiles_follow_the_journey),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
