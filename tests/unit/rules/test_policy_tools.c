/* SPDX-License-Identifier: Apache-2.0 */
/* Test cases of the operator and the comparison of two policies. */
#include "fixture.h"

static const char smsoip_rules[] =
    "service: smsoip\n"
    "rules:\n"
    "  - { name: barred, when: \"line.state is barred\", then: { status: incompatible } }\n"
    "  - { name: old, when: \"vowifi.terms_at older than 10d\", then: { validity: 1h } }\n" SMSOIP_DEFAULT;

static bool run(struct fixture *f, const char *text, struct ecs_buf *out, struct ecs_policy_result *result)
{
    const struct ecs_yaml_node *root = ecs_yaml_parse(f->arena, "cases.yaml", ecs_str_of(text), &f->faults);
    bool good;

    assert_non_null(root);
    *result = (struct ecs_policy_result){0};
    ecs_buf_reset(out);
    good = ecs_policy_test_node(f->policy, root, &f->faults, out, result);
    ecs_buf_add_char(out, '\0');
    return good;
}

static void test_cases_that_agree_pass(void **state)
{
    struct ecs_policy_result result;
    struct fixture *f = *state;
    struct ecs_buf out = {0};

    must_load(f, "service: voice\nrules: [{name: r, then: {all: disabled}}]\n" VOICE_DEFAULT, NULL,
              smsoip_rules);
    assert_true(run(f,
                    "service: smsoip\n"
                    "facts: { line.state: barred, plan.features: [ a, b ], vowifi.terms_at: now-11d, "
                    "time.now: 2026-01-01 }\n"
                    "cases:\n"
                    "- { name: one, expect: { status: incompatible, validity: 1h }, by: { status: barred, "
                    "validity: old } }\n"
                    "- { name: two, facts: { line.state: unknown }, expect: { status: by-line-state }, by: { "
                    "status: default } }\n"
                    "- { name: three, service: voice, expect: { all: disabled } }\n",
                    &out, &result));
    assert_int_equal(result.cases, 3);
    assert_int_equal(result.failed, 0);
    assert_string_equal(out.p, "");
    assert_int_equal(f->faults.count, 0);
    ecs_buf_done(&out);
}

static void test_mismatches_are_told_with_place_value_and_rule(void **state)
{
    struct ecs_policy_result result;
    struct fixture *f = *state;
    struct ecs_buf out = {0};

    must_load(f, NULL, NULL, smsoip_rules);
    assert_false(run(f,
                     "service: smsoip\n"
                     "cases:\n"
                     "- name: barred line\n"
                     "  facts: { line.state: barred }\n"
                     "  expect: { status: enabled, validity: 3d }\n"
                     "- { name: fine, expect: { validity: 48h } }\n"
                     "- { name: who, expect: { validity: 2d }, by: { status: barred } }\n",
                     &out, &result));
    assert_int_equal(result.cases, 3);
    assert_int_equal(result.failed, 2);
    assert_string_equal(
        out.p, "cases.yaml:5:21: barred line: status is incompatible (rule barred), expected enabled\n"
               "cases.yaml:5:40: barred line: validity is 2d (rule default), expected 3d\n"
               "cases.yaml:7:56: who: status was decided by rule default, expected barred\n");
    ecs_buf_done(&out);
}

static void test_faulty_case_files_are_refused_with_positions(void **state)
{
    static const struct {
        const char *text, *fault;
    } rows[] = {
        {"cases: []\n", "cases.yaml:1:1: \"service:\" with the name of a service is expected"},
        {"service: smsoip\n", "a list under \"cases:\" is expected"},
        {"service: smsoip\ncases: []\n", "a list under \"cases:\" is expected"},
        {"service: smsoip\ncase: []\n", "cases.yaml:2:1: unknown key \"case\""},
        {"service: smsoip\ncases: [{expect: {status: enabled}}]\n", "a case needs a name"},
        {"service: smsoip\ncases: [{name: a}]\n", "at least one decision"},
        {"service: smsoip\ncases: [{name: a, expect: {stat: enabled}}]\n", "unknown decision \"stat\""},
        {"service: smsoip\ncases: [{name: a, expect: {status: on}}]\n",
         "status: a possible value (word) is expected"},
        {"service: smsoip\nfacts: {line.stat: x}\ncases: [{name: a, expect: {status: enabled}}]\n",
         "cases.yaml:2:9: unknown fact \"line.stat\" (did you mean \"line.state\"?)"},
        {"service: smsoip\nfacts: {line.state: x}\ncases: [{name: a, expect: {status: enabled}}]\n",
         "cases.yaml:2:21: line.state: \"x\" is not one of"},
        {"service: smsoip\nfacts: {brand: [x]}\ncases: [{name: a, expect: {status: enabled}}]\n",
         "brand is text"},
        {"service: smsoip\nfacts: {vowifi.terms_at: now}\ncases: [{name: a, expect: {status: enabled}}]\n",
         "needs the fact time.now"},
        {"service: smsoip\nfacts: {plan.features: [[x]]}\ncases: [{name: a, expect: {status: enabled}}]\n",
         "a word is expected"},
        {"service: smsoip\ncases: [x]\n", "a mapping is expected"},
        {"service: smsoip\ncases: [{name: a, expect: {status: by-line-state}, by: {status: [x]}}]\n",
         "the name of a rule is expected"},
    };
    struct ecs_policy_result result;
    struct fixture *f = *state;
    struct ecs_buf out = {0};

    must_load(f, NULL, NULL, smsoip_rules);
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        if (run(f, rows[i].text, &out, &result))
            fail_msg("passed: %s", rows[i].text);
        assert_true(has_text(&f->faults, rows[i].fault));
    }
    ecs_buf_done(&out);
}

static void test_comparison_counts_changes_by_rule(void **state)
{
    static const char changed[] =
        "service: smsoip\n"
        "rules:\n"
        "  - { name: barred, when: \"line.state is barred\", then: { status: disabled } }\n"
        "  - { name: brand, when: \"brand is x\", then: { validity: 1h } }\n"
        "  - { name: same, when: \"brand is y\", then: { validity: 2d } }\n" SMSOIP_DEFAULT;
    struct ecs_policy_compare *compare;
    struct ecs_policy *from, *to;
    struct ecs_facts facts = {0};
    struct fixture *f = *state;
    struct ecs_buf out = {0};

    must_load(f, NULL, NULL, smsoip_rules);
    from = f->policy;
    f->policy = NULL;
    must_load(f, NULL, NULL, changed);
    to = f->policy;
    compare = ecs_policy_compare_new(from, to);
    assert_non_null(compare);
    assert_int_equal(ecs_policy_compare_add(compare, &facts), 0);
    ecs_fact_set_str(&facts, ECS_FACT_BRAND, ECS_STR("y"));
    assert_int_equal(ecs_policy_compare_add(compare, &facts), 0); /* another rule, the same value */
    ecs_fact_set_str(&facts, ECS_FACT_BRAND, ECS_STR("x"));
    assert_int_equal(ecs_policy_compare_add(compare, &facts), 1);
    ecs_fact_set_int(&facts, ECS_FACT_LINE_STATE, ECS_LINE_BARRED);
    assert_int_equal(ecs_policy_compare_add(compare, &facts), 2);
    ecs_policy_compare_write(compare, &out);
    ecs_buf_add_char(&out, '\0');
    assert_string_equal(out.p,
                        "{\"seen\":4,\"changed\":2,\"changes\":["
                        "{\"service\":\"smsoip\",\"decision\":\"validity\",\"old\":\"2d\",\"old_rule\":"
                        "\"default\",\"new\":\"1h\",\"new_rule\":\"brand\",\"count\":2},"
                        "{\"service\":\"smsoip\",\"decision\":\"status\",\"old\":\"incompatible\",\"old_"
                        "rule\":\"barred\",\"new\":\"disabled\",\"new_rule\":\"barred\",\"count\":1}],"
                        "\"others\":0}");
    ecs_buf_done(&out);
    ecs_policy_compare_free(compare);
    ecs_policy_free(from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cases_that_agree_pass, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_mismatches_are_told_with_place_value_and_rule, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_faulty_case_files_are_refused_with_positions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_comparison_counts_changes_by_rule, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
