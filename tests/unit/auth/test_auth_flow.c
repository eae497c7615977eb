/* SPDX-License-Identifier: Apache-2.0 */
/* The relay method, from the first request to the document or error: AAA and store are doubles at link time.
 */
#include "adapters/aaa_int.h"
#include "relay_rig.h"

/* ---- the relay ---- */

/* proves: E-002 A-023 A-024 A-025 E-018 */
static void test_the_conversation_is_handed_on(void **state)
{
    struct ecs_arena *arena = new_arena();
    struct ecs_str first_challenge, second;
    struct run *begun, *next, *done;
    uint8_t packet[200];
    size_t n;

    (void)state;
    begin_with("one", NULL);
    first_challenge = challenge(5);
    second = challenge(6);
    say(ECS_AAA_MORE, first_challenge);
    say(ECS_AAA_MORE, second);
    say(ECS_AAA_ACCEPTED, ECS_STR_NULL)->kept = true;
    begun = first(arena, NAI, NULL);
    assert_int_equal(begun->rc, ECS_OK);
    assert_int_equal(begun->auth.outcome, ECS_AUTH_CHALLENGE);
    assert_true(ecs_str_eq(begun->auth.packet, first_challenge));
    assert_int_equal(begun->auth.cookie.p[0], 'r');
    assert_true(begun->auth.waited);
    assert_int_equal(aaa.seen[0].n, 5 + strlen(NAI));
    assert_memory_equal(aaa.seen[0].p + 5, NAI, strlen(NAI));
    assert_null(aaa.thread[0].p);
    n = solve(5, packet);
    next = answer(arena, begun, packet, n);
    assert_int_equal(next->auth.outcome, ECS_AUTH_CHALLENGE);
    assert_true(ecs_str_eq(next->auth.packet, second));
    assert_int_equal(aaa.seen[1].n, n);
    assert_memory_equal(aaa.seen[1].p, packet, n);
    assert_true(ecs_str_eq(aaa.thread[1], ECS_STR("thread")));
    n = solve(6, packet);
    done = answer(arena, begun, packet, n);
    assert_int_equal(done->rc, ECS_OK);
    assert_int_equal(done->auth.outcome, ECS_AUTH_PASSED);
    assert_string_equal(done->auth.imsi.s, IMSI);
    assert_true(ecs_str_eq(done->auth.provider, ECS_STR("one")));
    assert_int_equal(done->auth.issued_s, 1000);
    assert_int_equal(aaa.ended, 1);
    assert_int_equal(cleared, 1);
    assert_int_equal(rig.stats[0].passed, 1);
    ecs_arena_free(arena);
}

/* proves: E-015 */
static void test_a_copy_of_a_packet_finds_what_became_of_it(void **state)
{
    struct ecs_arena *arena = new_arena();
    struct run *begun, *done, *copy;
    uint8_t packet[200];
    size_t n;

    (void)state;
    begin_with("one", NULL);
    say(ECS_AAA_MORE, challenge(5));
    say(ECS_AAA_MORE, challenge(6));
    say(ECS_AAA_ACCEPTED, ECS_STR_NULL)->kept = true;
    begun = first(arena, NAI, NULL);
    n = solve(5, packet);
    (void)answer(arena, begun, packet, n);
    copy = answer(arena, begun, packet, n);
    assert_int_equal(copy->auth.outcome, ECS_AUTH_CHALLENGE);
    assert_true(ecs_str_eq(copy->auth.packet, challenge(6)));
    n = solve(6, packet);
    done = answer(arena, begun, packet, n);
    copy = answer(arena, begun, packet, n);
    assert_false(done->auth.repeated);
    assert_true(copy->auth.repeated);
    assert_int_equal(copy->auth.outcome, ECS_AUTH_PASSED);
    assert_string_equal(copy->auth.imsi.s, IMSI);
    assert_int_equal(copy->auth.issued_s, done->auth.issued_s);
    assert_memory_equal(copy->auth.handle, done->auth.handle, 32);
    assert_int_equal(aaa.at, 3);
    assert_int_equal(aaa.ended, 1);
    assert_int_equal(cleared, 1);
    ecs_arena_free(arena);
}

/* proves: A-024 A-025 A-027 A-028 A-029 A-030 E-017 */
static void test_each_code_of_table_7_has_its_status_in_any_round(void **state)
{
    static const struct {
        uint32_t from, to;
        bool base, tgpp; /* in that space */
        enum ecs_rc rc;
    } rows[] = {
        {3001, 3010, true, true, ECS_E_BACKEND},        {4001, 4001, true, true, ECS_E_AUTH_REJECTED},
        {4002, 4003, true, false, ECS_E_BACKEND},       {4181, 4181, false, true, ECS_E_BACKEND},
        {5001, 5001, true, true, ECS_E_AUTH_REJECTED},  {5002, 5002, true, true, ECS_E_BACKEND},
        {5003, 5003, true, true, ECS_E_AUTH_REJECTED},  {5004, 5017, true, true, ECS_E_BACKEND},
        {5041, 5041, false, true, ECS_E_AUTH_REJECTED}, {5420, 5423, false, true, ECS_E_AUTH_REJECTED},
        {5450, 5452, false, true, ECS_E_AUTH_REJECTED}, {5453, 5454, false, true, ECS_E_BACKEND},
        {5999, 5999, true, true, ECS_E_BACKEND},        {1002, 1002, true, false, ECS_E_BACKEND},
        {2003, 2003, true, false, ECS_E_BACKEND},
    };
    static struct ecs_str refused[] = {{"5041", 4}, {"5420", 4}, {"5421", 4}, {"5422", 4},
                                       {"5423", 4}, {"5450", 4}, {"5451", 4}, {"5452", 4}};
    const struct ecs_aaa_conf conf = {.refused_codes = {refused, ECS_ARRAY_LEN(refused)}};

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++)
        for (uint32_t code = rows[i].from; code <= rows[i].to; code++)
            for (unsigned how = 0; how < 4; how++) { /* space, round */
                struct ecs_arena *arena = new_arena();
                uint32_t vendor = how & 1 ? 10415 : 0;
                struct run *run;
                uint8_t packet[200];

                if (how & 1 ? !rows[i].tgpp : !rows[i].base) {
                    ecs_arena_free(arena);
                    continue;
                }
                begin_with("one", NULL);
                if (how & 2)
                    say(ECS_AAA_MORE, challenge(5));
                say(aaa_code_verdict(&conf, vendor, code), ECS_STR("\3\5\0\4"))->code = code;
                run = first(arena, NAI, NULL);
                if (how & 2)
                    run = answer(arena, run, packet, solve(5, packet));
                if (run->rc != rows[i].rc)
                    fail_msg("code %u of vendor %u: %s", code, vendor, ecs_rc_name(run->rc));
                ecs_arena_free(arena);
            }
}

static void test_bad_packets_are_not_handed_on(void **state)
{
    static const uint8_t nak[] = {2, 5, 0, 6, 3, 50}, success[] = {3, 5, 0, 4},
                         other[] = {2, 5, 0, 8, 50, 2, 0, 0};
    struct ecs_arena *arena = new_arena();
    struct run *begun;
    uint8_t packet[200];
    size_t n;

    (void)state;
    begin_with("one", NULL);
    say(ECS_AAA_MORE, challenge(5));
    say(ECS_AAA_MORE, challenge(6));
    say(ECS_AAA_REJECTED, ECS_STR_NULL);
    begun = first(arena, NAI, NULL);
    n = solve(5, packet);
    assert_int_equal(answer(arena, begun, packet, n - 1)->rc, ECS_E_BAD_PACKET);
    assert_int_equal(answer(arena, begun, success, sizeof(success))->rc, ECS_E_BAD_PACKET);
    assert_int_equal(answer(arena, begun, other, sizeof(other))->rc, ECS_E_BAD_PACKET);
    (void)solve(6, packet);
    assert_int_equal(answer(arena, begun, packet, n)->rc, ECS_E_BAD_PACKET);
    assert_int_equal(aaa.at, 1);
    assert_int_equal(answer(arena, begun, nak, sizeof(nak))->rc,
                     ECS_OK); /* the AAA may propose another method */
    assert_memory_equal(aaa.seen[1].p, nak, sizeof(nak));
    packet[1] = 5;
    assert_int_equal(answer(arena, begun, packet, n)->rc, ECS_E_BAD_PACKET); /* that round is over */
    (void)solve(6, packet);
    assert_int_equal(answer(arena, begun, packet, n)->rc, ECS_E_AUTH_REJECTED);
    assert_int_equal(answer(arena, begun, packet, n)->rc, ECS_E_AUTH_REJECTED);
    packet[n - 1] ^= 1;
    assert_int_equal(answer(arena, begun, packet, n)->rc, ECS_E_AUTH_REJECTED); /* refused is refused */
    assert_int_equal(aaa.at, 3);
    ecs_arena_free(arena);
}

static void test_whom_the_aaa_names_must_be_the_one_of_eap_id(void **state)
{
    static const struct {
        const char *identity, *named;
        enum ecs_rc rc;
    } rows[] = {
        {NAI, NULL, ECS_OK},
        {NAI, IMSI, ECS_OK},
        {NAI, "001010000000002", ECS_E_AUTH_REJECTED},
        {NAI, "nonsense", ECS_E_AUTH_REJECTED},
        {"2pseudonym@nai.epc.mnc001.mcc001.3gppnetwork.org", IMSI, ECS_OK},
        {"4reauth@nai.epc.mnc001.mcc001.3gppnetwork.org", IMSI, ECS_OK},
        {"2pseudonym@nai.epc.mnc001.mcc001.3gppnetwork.org", NULL, ECS_E_AUTH_REJECTED},
        {"2pseudonym@nai.epc.mnc001.mcc001.3gppnetwork.org", "310410000000001", ECS_E_AUTH_REJECTED},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_arena *arena = new_arena();
        struct run *begun, *done;
        uint8_t packet[200];

        begin_with("one", NULL);
        say(ECS_AAA_MORE, challenge(5));
        say(ECS_AAA_ACCEPTED, ECS_STR_NULL)->imsi = rows[i].named ? ecs_str_of(rows[i].named) : ECS_STR_NULL;
        begun = first(arena, rows[i].identity, NULL);
        assert_int_equal(begun->rc, ECS_OK);
        done = answer(arena, begun, packet, solve(5, packet));
        assert_int_equal(done->rc, rows[i].rc);
        if (done->rc == ECS_OK)
            assert_string_equal(done->auth.imsi.s, IMSI);
        ecs_arena_free(arena);
    }
}

/* proves: E-024 */
static void test_identities_that_cannot_be_resolved_get_511(void **state)
{
    struct ecs_arena *arena = new_arena();

    (void)state;
    begin_with("local", "hss");
    assert_int_equal(first(arena, "2abc@nai.epc.mnc001.mcc001.3gppnetwork.org", NULL)->rc, ECS_E_AUTH_NEEDED);
    begin_with("local", "one");
    assert_int_equal(first(arena, "2abc@nai.epc.mnc070.mcc901.3gppnetwork.org", NULL)->rc, ECS_E_AUTH_NEEDED);
    assert_int_equal(first(arena, "2abc@evil.mnc001.mcc001.3gppnetwork.org", NULL)->rc, ECS_E_AUTH_NEEDED);
    assert_int_equal(aaa.at, 0);
    assert_int_equal(local_asked, 0);
    ecs_arena_free(arena);
}

static void test_nobody_is_accepted_behind_identity_rounds_without_a_challenge(void **state)
{
    static const uint8_t identity[] = {1, 9, 0, 12, 23, 5, 0, 0, 13, 1, 0, 0};
    struct ecs_arena *arena = new_arena();

    (void)state;
    begin_with("one", NULL);
    say(ECS_AAA_MORE, (struct ecs_str){(const char *)identity, sizeof(identity)});
    say(ECS_AAA_ACCEPTED, ECS_STR_NULL);
    assert_int_equal(first(arena, NAI, NULL)->rc, ECS_E_BACKEND);
    ecs_arena_free(arena);
}

static void test_challenge_after_challenge_comes_to_an_end(void **state)
{
    struct ecs_arena *arena = new_arena();
    struct run *begun, *run = NULL;
    uint8_t packet[200];

    (void)state;
    begin_with("one", NULL);
    for (uint8_t i = 1; i <= RELAY_PHONE_ROUNDS_MAX + 1; i++)
        say(ECS_AAA_MORE, challenge(i));
    begun = first(arena, NAI, NULL);
    for (uint8_t i = 1; i <= RELAY_PHONE_ROUNDS_MAX; i++) {
        aaa.script[i].eap_out = challenge((uint8_t)(i + 1));
        run = answer(arena, begun, packet, solve(i, packet));
    }
    assert_int_equal(run->rc, ECS_E_BACKEND);
    ecs_arena_free(arena);
}

/* ---- the ladder ---- */

static void test_the_next_rung_is_asked_when_one_cannot_tell(void **state)
{
    struct ecs_arena *arena = new_arena();
    struct run *run;

    (void)state;
    begin_with("one", "two");
    say(ECS_AAA_TRANSIENT, ECS_STR_NULL)->code = 3002;
    say(ECS_AAA_MORE, challenge(5));
    run = first(arena, NAI, NULL);
    assert_int_equal(run->auth.outcome, ECS_AUTH_CHALLENGE);
    assert_string_equal(aaa.last_provider, "two");
    assert_true(ecs_str_eq(row.row.provider, ECS_STR("two")));
    assert_int_equal(row.attempts, 1);
    assert_int_equal(rig.stats[0].result[ECS_RUNG_TRANSIENT], 1);
    begin_with("one", "two");
    aaa.up[0] = false;
    say(ECS_AAA_MORE, challenge(5));
    assert_int_equal(first(arena, NAI, NULL)->auth.outcome, ECS_AUTH_CHALLENGE);
    assert_int_equal(rig.stats[0].skipped, 1);
    begin_with("one", "two");
    say(ECS_AAA_REJECTED, ECS_STR_NULL);
    assert_int_equal(first(arena, NAI, NULL)->rc, ECS_E_AUTH_REJECTED);
    assert_int_equal(aaa.at, 1);
    begin_with("local", "one");
    say(ECS_AAA_MORE, challenge(5));
    assert_int_equal(first(arena, NAI, NULL)->auth.outcome, ECS_AUTH_CHALLENGE);
    assert_int_equal(local_asked, 1);
    begin_with("local", NULL);
    assert_int_equal(first(arena, NAI, NULL)->rc, ECS_E_AUTH_REJECTED);
    begin_with("one", "two");
    aaa.up[0] = aaa.up[1] = false;
    assert_int_equal(first(arena, NAI, NULL)->rc, ECS_E_BACKEND);
    ecs_arena_free(arena);
}

static void test_an_aaa_is_asked_about_identities_of_its_realms_only(void **state)
{
    struct ecs_arena *arena = new_arena();

    (void)state;
    begin_with("one", "two");
    aaa.foreign[0] = true;
    say(ECS_AAA_MORE, challenge(5));
    assert_int_equal(first(arena, NAI, NULL)->auth.outcome, ECS_AUTH_CHALLENGE);
    assert_string_equal(aaa.last_provider, "two");
    assert_int_equal(rig.stats[0].skipped, 0);
    begin_with("one", "local");
    aaa.foreign[0] = true;
    assert_int_equal(first(arena, NAI, NULL)->rc, ECS_E_AUTH_REJECTED); /* "local" does not know it */
    assert_int_equal(local_asked, 1);
    begin_with("one", NULL);
    aaa.foreign[0] = true;
    assert_int_equal(first(arena, NAI, NULL)->rc, ECS_E_FORBIDDEN);
    assert_int_equal(first(arena, "2abc@nai.epc.mnc001.mcc001.3gppnetwork.org", NULL)->rc, ECS_E_AUTH_NEEDED);
    assert_int_equal(aaa.at, 0);
    assert_int_equal(row.attempts, 0);
    ecs_arena_free(arena);
}

static void test_too_many_attempts_end_before_the_aaa_is_asked(void **state)
{
    struct ecs_arena *arena = new_arena();
    struct run *run;

    (void)state;
    begin_with("one", NULL);
    row.granted = false;
    run = first(arena, NAI, NULL);
    assert_int_equal(run->rc, ECS_E_RATE_LIMIT);
    assert_true(run->auth.retry_after_s > 0);
    assert_int_equal(aaa.at, 0);
    ecs_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_conversation_is_handed_on),
        cmocka_unit_test(test_a_copy_of_a_packet_finds_what_became_of_it),
        cmocka_unit_test(test_each_code_of_table_7_has_its_status_in_any_round),
        cmocka_unit_test(test_bad_packets_are_not_handed_on),
        cmocka_unit_test(test_whom_the_aaa_names_must_be_the_one_of_eap_id),
        cmocka_unit_test(test_identities_that_cannot_be_resolved_get_511),
        cmocka_unit_test(test_nobody_is_accepted_behind_identity_rounds_without_a_challenge),
        cmocka_unit_test(test_challenge_after_challenge_comes_to_an_end),
        cmocka_unit_test(test_the_next_rung_is_asked_when_one_cannot_tell),
        cmocka_unit_test(test_an_aaa_is_asked_about_identities_of_its_realms_only),
        cmocka_unit_test(test_too_many_attempts_end_before_the_aaa_is_asked),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
