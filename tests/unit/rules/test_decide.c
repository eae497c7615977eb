/* SPDX-License-Identifier: Apache-2.0 */
/* Evaluation: first match per decision, default for the rest, groups, bounded time; and the explanation of
 * it. */
#include "fixture.h"

#include "ecs/clock.h"

static const char vowifi_rules[] = "service: vowifi\n"
                                   "rules:\n"
                                   "  - name: suspended\n"
                                   "    when: [ \"line.state is suspended\" ]\n"
                                   "    then: { offer: no, message: first, validity: 1h }\n"
                                   "  - name: imsi-range\n"
                                   "    when: [ \"sim.imsi starts with 00101\", \"brand is acme\" ]\n"
                                   "    then: { offer: no, message: second, terms: not-required }\n"
                                   "  - name: rest\n"
                                   "    then: { address: renew, message: third }\n" VOWIFI_DEFAULT;

static void rule_is(const struct fixture *f, enum ecs_decision id, const struct ecs_decisions *d,
                    const char *name)
{
    assert_true(ecs_str_eq(ecs_decide_rule(f->policy, id, d), ecs_str_of(name)));
}

static void test_the_first_match_wins_for_each_decision_alone(void **state)
{
    struct fixture *f = *state;
    struct ecs_facts facts = {0};
    struct ecs_decisions d;

    must_load(f, NULL, vowifi_rules, NULL);
    ecs_fact_set_int(&facts, ECS_FACT_LINE_STATE, ECS_LINE_SUSPENDED);
    ecs_fact_set_str(&facts, ECS_FACT_SIM_IMSI, ECS_STR("001011234567890"));
    ecs_fact_set_str(&facts, ECS_FACT_BRAND, ECS_STR("acme"));
    ecs_decide(f->policy, ECS_SERVICE_VOWIFI, &facts, &d);
    assert_int_equal(d.v[ECS_DECIDE_VOWIFI_OFFER].i, ECS_OFFER_NO);
    assert_string_equal(d.v[ECS_DECIDE_VOWIFI_MESSAGE].s.p, "first");
    assert_int_equal(d.v[ECS_DECIDE_VOWIFI_VALIDITY].i, 3600);
    assert_int_equal(d.v[ECS_DECIDE_VOWIFI_TERMS].i, ECS_NEED_NOT_REQUIRED);
    assert_int_equal(d.v[ECS_DECIDE_VOWIFI_ADDRESS].i, ECS_NEED_RENEW);
    assert_int_equal(d.v[ECS_DECIDE_VOWIFI_FLOW_HOLD].i, 30);
    rule_is(f, ECS_DECIDE_VOWIFI_MESSAGE, &d, "suspended");
    rule_is(f, ECS_DECIDE_VOWIFI_TERMS, &d, "imsi-range");
    rule_is(f, ECS_DECIDE_VOWIFI_ADDRESS, &d, "rest");
    rule_is(f, ECS_DECIDE_VOWIFI_FLOW_HOLD, &d, "default");
}

static void test_all_conditions_of_a_rule_must_hold(void **state)
{
    struct fixture *f = *state;
    struct ecs_facts facts = {0};
    struct ecs_decisions d;

    must_load(f, NULL, vowifi_rules, NULL);
    ecs_fact_set_str(&facts, ECS_FACT_SIM_IMSI, ECS_STR("001011234567890"));
    ecs_fact_set_str(&facts, ECS_FACT_BRAND, ECS_STR("other"));
    ecs_decide(f->policy, ECS_SERVICE_VOWIFI, &facts, &d);
    assert_int_equal(d.v[ECS_DECIDE_VOWIFI_OFFER].i, ECS_OFFER_YES);
    rule_is(f, ECS_DECIDE_VOWIFI_OFFER, &d, "default");
    assert_string_equal(d.v[ECS_DECIDE_VOWIFI_MESSAGE].s.p, "third");
}

static void test_a_service_touches_only_its_own_decisions(void **state)
{
    struct fixture *f = *state;
    struct ecs_facts facts = {0};
    struct ecs_decisions d, before;

    must_load(f, NULL, vowifi_rules, NULL);
    memset(&d, 0x5a, sizeof(d));
    before = d;
    ecs_decide(f->policy, ECS_SERVICE_SMSOIP, &facts, &d);
    for (unsigned i = 0; i < ECS_DECISION_COUNT; i++) {
        bool own = ecs_decision_service((enum ecs_decision)i) == ECS_SERVICE_SMSOIP;

        assert_true((memcmp(&d.v[i], &before.v[i], sizeof(d.v[i])) != 0) == own);
    }
}

static void test_groups_set_their_members_and_may_not_meet_a_member(void **state)
{
    struct fixture *f = *state;
    struct ecs_facts facts = {0};
    struct ecs_decisions d;

    must_load(f,
              "service: voice\nrules: [{name: r, then: {lte: disabled, nr-home: incompatible, nr-irat: "
              "eps-fallback}}]\n" VOICE_DEFAULT,
              NULL, NULL);
    ecs_decide(f->policy, ECS_SERVICE_VOICE, &facts, &d);
    assert_int_equal(d.v[ECS_DECIDE_VOICE_LTE_HOME].i, ECS_STATUS_DISABLED);
    assert_int_equal(d.v[ECS_DECIDE_VOICE_LTE_ROAMING].i, ECS_STATUS_DISABLED);
    assert_int_equal(d.v[ECS_DECIDE_VOICE_NR_HOME].i, ECS_STATUS_INCOMPATIBLE);
    assert_int_equal(d.v[ECS_DECIDE_VOICE_NR_ROAMING].i, ECS_STATUS_BY_LINE_STATE);
    assert_int_equal(d.v[ECS_DECIDE_VOICE_NR_ROAMING_IRAT].i, ECS_NR_IRAT_EPS_FALLBACK);
    assert_null(load(
        f, "service: voice\nrules: [{name: r, then: {lte: disabled, lte-home: enabled}}]\n" VOICE_DEFAULT,
        NULL, NULL));
    assert_true(has_text(&f->faults, "lte-home is set twice"));
    assert_null(
        load(f, "service: voice\nrules: [{name: r, then: {lte-home-irat: eps-fallback}}]\n" VOICE_DEFAULT,
             NULL, NULL));
    assert_true(has_text(&f->faults, "lte-home-irat: \"eps-fallback\" is not one of: none, 4g-srvcc"));
}

/* 500 rules of 32 conditions, all true but the last: the largest policy there can be (the time is only
 * printed). */
static void test_the_largest_policy_is_evaluated_completely(void **state)
{
    static char text[1000000];
    struct fixture *f = *state;
    struct ecs_facts facts = {0};
    struct ecs_decisions d;
    int64_t began;
    size_t n = (size_t)sprintf(text, "service: smsoip\nrules:\n");

    for (int r = 0; r < 500; r++) {
        n += (size_t)sprintf(text + n, "- name: r%d\n  then: { status: enabled }\n  when:\n", r);
        for (int c = 0; c < 31; c++)
            n += (size_t)sprintf(text + n, "  - \"plan.features has not x%d\"\n", c);
        n += (size_t)sprintf(text + n, "  - \"vowifi.terms_version is %d\"\n", r);
    }
    strcat(text, SMSOIP_DEFAULT);
    ecs_arena_free(f->arena);
    f->arena = ecs_arena_new(NULL, 64 << 20);
    ecs_faults_init(&f->faults, f->arena);
    ecs_faults_init(&f->warnings, f->arena);
    must_load(f, NULL, NULL, text);
    ecs_fact_set_int(&facts, ECS_FACT_VOWIFI_TERMS_VERSION, 499);
    began = ecs_clock_mono_us();
    ecs_decide(f->policy, ECS_SERVICE_SMSOIP, &facts, &d);
    print_message("16,000 conditions: %lld us\n", (long long)(ecs_clock_mono_us() - began));
    assert_int_equal(d.v[ECS_DECIDE_SMSOIP_STATUS].rule, 499);
    ecs_fact_set_int(&facts, ECS_FACT_VOWIFI_TERMS_VERSION, 500);
    ecs_decide(f->policy, ECS_SERVICE_SMSOIP, &facts, &d);
    assert_int_equal(d.v[ECS_DECIDE_SMSOIP_STATUS].rule, -1);
    assert_int_equal(d.v[ECS_DECIDE_SMSOIP_STATUS].i, ECS_STATUS_BY_LINE_STATE);
}

static void has_part(const struct ecs_buf *buf, const char *part)
{
    if (!strstr(buf->p, part))
        fail_msg("%s\nis not in\n%s", part, buf->p);
}

static void test_the_explanation_shows_rules_facts_and_what_they_decided(void **state)
{
    struct fixture *f = *state;
    struct ecs_facts facts = {0};
    struct ecs_buf buf = {0};

    must_load(f, NULL, vowifi_rules, NULL);
    ecs_fact_set_int(&facts, ECS_FACT_LINE_STATE, ECS_LINE_SUSPENDED);
    ecs_fact_set_str(&facts, ECS_FACT_SIM_IMSI, ECS_STR("001011234567890"));
    ecs_fact_set_str(&facts, ECS_FACT_BRAND, ECS_STR("ac\"me"));
    ecs_explain(f->policy, ECS_SERVICE_VOWIFI, &facts, &buf);
    ecs_buf_add_char(&buf, '\0');
    has_part(&buf, "{\"service\":\"vowifi\",\"app\":\"ap2004\",\"policy\":\"");
    has_part(&buf, "\"offer\":{\"value\":\"no\",\"rule\":\"suspended\"}");
    has_part(&buf, "\"validity\":{\"value\":\"1h\",\"rule\":\"suspended\"}");
    has_part(&buf, "\"terms\":{\"value\":\"required\",\"rule\":\"default\"}");
    has_part(&buf,
             "{\"name\":\"suspended\",\"file\":\"vowifi.yaml\",\"line\":3,\"matches\":true,\"conditions\":["
             "{\"text\":\"line.state is "
             "suspended\",\"fact\":\"line.state\",\"value\":\"suspended\",\"holds\":true}],"
             "\"decided\":[\"offer\",\"message\",\"validity\"],\"decided_before\":[]}");
    has_part(&buf, "\"value\":\"00101*******890\",\"holds\":true}");
    has_part(&buf, "\"value\":\"ac\\\"me\",\"holds\":false}");
    has_part(&buf, "\"conditions\":[],\"decided\":[\"address\"],\"decided_before\":[\"message\"]}]}");
    assert_null(strstr(buf.p, "1234567"));
    ecs_buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_first_match_wins_for_each_decision_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_all_conditions_of_a_rule_must_hold, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_service_touches_only_its_own_decisions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_groups_set_their_members_and_may_not_meet_a_member, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_the_largest_policy_is_evaluated_completely, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_explanation_shows_rules_facts_and_what_they_decided, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
