/* SPDX-License-Identifier: Apache-2.0 */
/* Loading: every fault with file, line and column, all of them at once; warnings; hash. */
#include "fixture.h"

static void test_all_faults_of_a_file_are_reported_with_positions(void **state)
{
    static const char text[] = "service: vowifi\n"
                               "rules:\n"
                               "  - name: a\n"
                               "    when: [ \"line.stat is active\" ]\n"
                               "    then: { ofer: no }\n"
                               "  - name: a\n"
                               "    wen: [ \"line.state is active\" ]\n"
                               "    then: { offer: perhaps, validity: 12 }\n"
                               "  - when: [ plan.features < 3 ]\n"
                               "  - name: d\n"
                               "    then: {}\n"
                               "default: { offer: yes, offerr: no }\n";
    struct fixture *f = *state;

    assert_null(load(f, NULL, text, NULL));
    assert_true(
        has_text(&f->faults, "vowifi.yaml:4:14: unknown fact \"line.stat\" (did you mean \"line.state\"?)"));
    assert_true(
        has_text(&f->faults, "vowifi.yaml:5:13: unknown decision \"ofer\" (did you mean \"offer\"?)"));
    assert_true(has_text(&f->faults, "vowifi.yaml:6:11: the name \"a\" is used by the rule in line 3"));
    assert_true(has_text(&f->faults, "vowifi.yaml:7:5: unknown key \"wen\" (did you mean \"when\"?)"));
    assert_true(
        has_text(&f->faults, "vowifi.yaml:8:20: offer: \"perhaps\" is not one of: no, yes, provisioning"));
    assert_true(has_text(&f->faults, "vowifi.yaml:8:39: validity: \"12\" is not a duration"));
    assert_true(
        has_text(&f->faults, "vowifi.yaml:9:27: operator \"<\" does not fit plan.features (set of words)"));
    assert_true(has_text(&f->faults, "vowifi.yaml:9:5: the rule needs a name"));
    assert_true(has_text(&f->faults, "vowifi.yaml:9:5: the rule has no \"then\""));
    assert_true(has_text(&f->faults, "vowifi.yaml:11:11: the rule decides nothing"));
    assert_true(has_text(&f->faults, "vowifi.yaml:12:24: unknown decision \"offerr\""));
    assert_true(has_text(&f->faults, "vowifi.yaml:12:10: the default block does not set terms-version"));
}

static void test_a_default_block_is_mandatory_and_complete(void **state)
{
    struct fixture *f = *state;

    assert_null(load(f, NULL, NULL, "service: smsoip\n"));
    assert_true(has_text(&f->faults, "smsoip.yaml:1:1: the default block is missing"));
    assert_null(load(f, NULL, NULL, "service: smsoip\ndefault: { status: enabled }\n"));
    assert_true(has_text(&f->faults, "smsoip.yaml:2:10: the default block does not set validity"));
    assert_true(has_text(&f->faults, "smsoip.yaml:2:10: the default block does not set start-provisioning"));
    assert_null(load(f, NULL, NULL, "service: smsoip\ndefault: enabled\n"));
    assert_true(has_text(&f->faults, "smsoip.yaml:2:10: decisions are written as"));
}

static void test_each_service_needs_exactly_one_file(void **state)
{
    struct fixture *f = *state;

    assert_null(load(f, NULL, NULL, "service: voice\n" VOICE_DEFAULT));
    assert_true(has_text(&f->faults, "smsoip.yaml:1:10: the rules of voice are already in voice.yaml"));
    assert_true(has_text(&f->faults, "no file has the rules of service smsoip"));
    assert_null(load(f, NULL, NULL, "service: vowify\n"));
    assert_true(
        has_text(&f->faults, "smsoip.yaml:1:10: unknown service \"vowify\" (did you mean \"vowifi\"?)"));
    assert_null(load(f, NULL, NULL, "rules: []\n"));
    assert_true(has_text(&f->faults, "\"service:\" with the name of a service is missing"));
}

static void test_odd_yaml_shapes_are_faults_not_crashes(void **state)
{
    static const char *const texts[] = {
        "",
        "[]",
        "x",
        "service: [smsoip]",
        "service: smsoip\nrules: x\n" SMSOIP_DEFAULT,
        "service: smsoip\nrules: [x]\n" SMSOIP_DEFAULT,
        "service: smsoip\nrules: [{name: a, when: {b: c}, then: {status: enabled}}]\n" SMSOIP_DEFAULT,
        "service: smsoip\nrules: [{name: a, when: [[b]], then: {status: enabled}}]\n" SMSOIP_DEFAULT,
        "service: smsoip\nrules: [{name: a, when: \"\", then: {status: enabled}}]\n" SMSOIP_DEFAULT,
        "service: smsoip\nrules: [{name: a, then: x}]\n" SMSOIP_DEFAULT,
        "service: smsoip\nrules: [{name: [], then: {status: enabled}}]\n" SMSOIP_DEFAULT,
        "service: smsoip\nrules: [{name: default, then: {status: enabled}}]\n" SMSOIP_DEFAULT,
        "service: smsoip\nrules: [{name: a, then: {status: [enabled]}}]\n" SMSOIP_DEFAULT,
        "service: smsoip\nrules: [{name: a, then: {status: unknown}}]\n" SMSOIP_DEFAULT,
        "service: smsoip\nrules: [{name: a, then: {status: enabled, status: disabled}}]\n" SMSOIP_DEFAULT,
        "service: smsoip\nrules: [",
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ECS_ARRAY_LEN(texts); i++) {
        unsigned before = f->faults.count;

        if (load(f, NULL, NULL, texts[i]))
            fail_msg("accepted: %s", texts[i]);
        assert_true(f->faults.count > before);
    }
}

static void test_limits_of_rules_and_conditions_hold(void **state)
{
    static char text[200000];
    struct fixture *f = *state;
    size_t n;

    n = (size_t)sprintf(text, "service: smsoip\nrules:\n");
    for (int i = 0; i < 501; i++)
        n += (size_t)sprintf(text + n,
                             "  - { name: r%d, when: \"brand is b%d\", then: { status: enabled } }\n", i, i);
    strcat(text, SMSOIP_DEFAULT);
    assert_null(load(f, NULL, NULL, text));
    assert_true(has_text(&f->faults, "smsoip.yaml:3:3: more than 500 rules"));

    n = (size_t)sprintf(text,
                        "service: smsoip\nrules:\n  - name: r\n    then: { status: enabled }\n    when:\n");
    for (int i = 0; i < 33; i++)
        n += (size_t)sprintf(text + n, "      - \"brand is b%d\"\n", i);
    strcat(text, SMSOIP_DEFAULT);
    assert_null(load(f, NULL, NULL, text));
    assert_true(has_text(&f->faults, "smsoip.yaml:6:7: more than 32 conditions"));
}

static void test_unreachable_rules_are_warned_of(void **state)
{
    static const char text[] =
        "service: smsoip\n"
        "rules:\n"
        "  - { name: always, then: { status: enabled } }\n"
        "  - { name: half, when: \"brand is x\", then: { status: disabled, validity: 1h } }\n"
        "  - { name: never, when: \"brand is x\", then: { status: disabled } }\n"
        "  - { name: odd, when: \"plan.features has smsip\", then: { validity: 1h } }\n" SMSOIP_DEFAULT;
    struct fixture *f = *state;

    must_load(f, NULL, NULL, text);
    assert_int_equal(f->warnings.count, 2);
    assert_true(has_text(&f->warnings, "smsoip.yaml:5:5: the rule is never reached"));
    assert_true(has_text(&f->warnings, "smsoip.yaml:6:24: \"smsip\" is not a usual word of plan.features"));
}

static void test_addresses_and_templates_are_checked(void **state)
{
    static const struct {
        const char *set, *fault;
    } rows[] = {
        {"flow-url: http://portal.example.net/", "is not an https address, portal or none"},
        {"flow-url: \"https://portal.example.net/a b\"", "is not an https address"},
        {"flow-url: \"https://\"", "is not an https address"},
        {"flow-url: \"https://x/<y>\"", "is not an https address"},
        {"flow-data: \"sid={sesion}\"", "unknown placeholder {sesion} (did you mean \"session\"?)"},
        {"flow-data: \"sid={session\"", "\"{\" without \"}\""},
        {"flow-data: \"sid=session}\"", "\"}\" without \"{\""},
        {"flow-data: \"sid='a'\"", "must be percent-encoded"},
        {"message: \"Not for you\"", "is not a word of lower-case letters"},
        {"terms-version: one", "whole number"},
    };
    struct fixture *f = *state;
    char text[1024];

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        snprintf(text, sizeof(text), "service: vowifi\nrules: [{name: a, then: {%s}}]\n" VOWIFI_DEFAULT,
                 rows[i].set);
        assert_null(load(f, NULL, text, NULL));
        assert_true(has_text(&f->faults, rows[i].fault));
    }
    snprintf(text, sizeof(text), "service: vowifi\nrules: [{name: a, then: {%s}}]\n" VOWIFI_DEFAULT,
             "flow-url: \"https://portal.example.net/v?x=1\", flow-data: \"s={session}&m={msisdn}\", "
             "message: none");
    ecs_faults_init(&f->faults, f->arena);
    must_load(f, NULL, text, NULL);
}

static void test_hash_follows_the_content_only(void **state)
{
    struct fixture *f = *state;
    uint64_t first, second;

    must_load(f, NULL, NULL,
              "service: smsoip\nrules: [{name: a, when: \"brand is x\", then: {status: "
              "enabled}}]\n" SMSOIP_DEFAULT);
    first = ecs_policy_hash(f->policy);
    must_load(f, NULL, NULL,
              "# comment\nservice: smsoip\nrules:\n  - name: a\n    when: [ 'brand is x' ]\n    then:\n      "
              "status: enabled\n" SMSOIP_DEFAULT);
    assert_true(ecs_policy_hash(f->policy) == first);
    must_load(f, NULL, NULL,
              "service: smsoip\nrules: [{name: a, when: \"brand is y\", then: {status: "
              "enabled}}]\n" SMSOIP_DEFAULT);
    second = ecs_policy_hash(f->policy);
    assert_true(second != first);
    must_load(f, NULL, NULL,
              "service: smsoip\nrules: [{name: a, when: \"brand is y\", then: {status: "
              "disabled}}]\n" SMSOIP_DEFAULT);
    assert_true(ecs_policy_hash(f->policy) != second);
}

static void test_facts_that_rules_ask_for_are_known(void **state)
{
    struct fixture *f = *state;

    must_load(f, NULL, NULL,
              "service: smsoip\nrules: [{name: a, when: \"vowifi.terms_at older than 3d\", then: {status: "
              "enabled}}]\n" SMSOIP_DEFAULT);
    assert_true(ecs_policy_uses(f->policy, ECS_FACT_VOWIFI_TERMS_AT));
    assert_true(ecs_policy_uses(f->policy, ECS_FACT_TIME_NOW));
    assert_false(ecs_policy_uses(f->policy, ECS_FACT_BRAND));
}

static void test_a_missing_directory_is_a_fault(void **state)
{
    struct fixture *f = *state;

    assert_null(ecs_policy_load("/nonexistent/policy.d", &f->faults, NULL));
    assert_true(has_text(&f->faults, "/nonexistent/policy.d: cannot read the directory"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_faults_of_a_file_are_reported_with_positions, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_default_block_is_mandatory_and_complete, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_each_service_needs_exactly_one_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_odd_yaml_shapes_are_faults_not_crashes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limits_of_rules_and_conditions_hold, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unreachable_rules_are_warned_of, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_addresses_and_templates_are_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hash_follows_the_content_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_facts_that_rules_ask_for_are_known, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_missing_directory_is_a_fault, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
