/* SPDX-License-Identifier: Apache-2.0 */
/* The vocabulary: tables are consistent, setters keep types, printing masks what is private. */
#include "fixture.h"

#include "rules/rules_priv.h"

static void test_names_are_unique_and_found(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ECS_FACT_COUNT; i++) {
        enum ecs_fact id;

        assert_true(ecs_fact_find(ecs_str_of(ecs_fact_name((enum ecs_fact)i)), &id));
        assert_int_equal(id, i);
        assert_true(ecs_fact_help((enum ecs_fact)i)[0] && ecs_fact_source((enum ecs_fact)i)[0]);
        if (ecs_fact_type((enum ecs_fact)i) == ECS_TYPE_ENUM)
            assert_in_range(ecs_words_count(ecs_fact_kind((enum ecs_fact)i).words), 2, 62);
    }
    for (unsigned i = 0; i < ECS_WORDS_COUNT; i++)
        assert_int_equal(ecs_words_find((enum ecs_words)i, ECS_STR("unknown")), -1);
}

static void test_decisions_of_a_service_stand_together_and_groups_name_them(void **state)
{
    unsigned total = 0;

    (void)state;
    for (unsigned s = 0; s < ECS_SERVICE_COUNT; s++) {
        enum ecs_decision first, end, found;

        ecs_service_range((enum ecs_service)s, &first, &end);
        assert_int_equal(first, total);
        assert_in_range(end - first, 1, 64);
        total = end;
        for (unsigned i = first; i < end; i++) {
            assert_int_equal(ecs_decision_service((enum ecs_decision)i), s);
            assert_true(ecs_decision_find((enum ecs_service)s,
                                          ecs_str_of(ecs_decision_name((enum ecs_decision)i)), &found));
            assert_int_equal(found, i);
        }
    }
    assert_int_equal(total, ECS_DECISION_COUNT);
    for (const struct ecs_decision_group *g = ecs_decision_groups; g->name; g++) {
        struct ecs_str rest = ecs_str_of(g->members), name;
        enum ecs_decision member, before = ECS_DECISION_COUNT;

        while (ecs_str_cut(&rest, ' ', &name)) {
            assert_true(ecs_decision_find(g->service, name, &member));
            if (before != ECS_DECISION_COUNT)
                assert_int_equal(ecs_decision_kind(member).words, ecs_decision_kind(before).words);
            before = member;
        }
        assert_false(ecs_decision_find(g->service, ecs_str_of(g->name), &member));
    }
}

static void test_words_have_the_numbers_of_the_protocol_tables(void **state)
{
    (void)state;
    assert_int_equal(ECS_TERMS_MISSING, 0);
    assert_int_equal(ECS_TERMS_ACCEPTED, 1);
    assert_int_equal(ECS_TERMS_NOT_REQUIRED, 2);
    assert_int_equal(ECS_TERMS_IN_PROGRESS, 3);
    assert_int_equal(ECS_ADDRESS_IN_PROGRESS, 3);
    assert_int_equal(ECS_PROV_PROVISIONED, 1);
    assert_int_equal(ECS_PROV_IN_PROGRESS, 3);
    assert_int_equal(ECS_STATUS_ENABLED, 1);
    assert_int_equal(ECS_STATUS_INCOMPATIBLE, 2);
    assert_int_equal(ECS_STATUS_PROVISIONING, 3);
    assert_string_equal(ecs_word(ECS_WORDS_lte_irat, ECS_LTE_IRAT_SRVCC), "4g-srvcc");
    assert_null(ecs_word(ECS_WORDS_lte_irat, 2));
    assert_null(ecs_word(ECS_WORDS_lte_irat, -1));
}

static void test_setters_refuse_other_types_and_impossible_values(void **state)
{
    struct ecs_facts facts = {0};

    (void)state;
    assert_true(ecs_fact_set_word(&facts, ECS_FACT_LINE_STATE, ECS_STR("barred")));
    assert_int_equal(facts.v[ECS_FACT_LINE_STATE].i, ECS_LINE_BARRED);
    assert_false(ecs_fact_set_word(&facts, ECS_FACT_LINE_STATE, ECS_STR("bared")));
    assert_false(facts.v[ECS_FACT_LINE_STATE].known); /* the former value is gone as well */
    assert_true(ecs_fact_set_word(&facts, ECS_FACT_LINE_ROAMING, ECS_STR("unknown")));
    assert_false(facts.v[ECS_FACT_LINE_ROAMING].known);
    assert_true(ecs_fact_set_int(&facts, ECS_FACT_VOWIFI_TERMS, 3));
    assert_false(ecs_fact_set_int(&facts, ECS_FACT_VOWIFI_TERMS, 4));
    assert_false(facts.v[ECS_FACT_VOWIFI_TERMS].known);
    assert_false(ecs_fact_set_int(&facts, ECS_FACT_BRAND, 4));
    assert_false(ecs_fact_set_bool(&facts, ECS_FACT_BRAND, true));
    assert_false(ecs_fact_set_str(&facts, ECS_FACT_SUB_EXISTS, ECS_STR("yes")));
    assert_true(ecs_fact_set_str(&facts, ECS_FACT_BRAND, ECS_STR("")));
    assert_false(facts.v[ECS_FACT_BRAND].known);
    assert_false(ecs_fact_set_str(&facts, ECS_FACT_SIM_IMSI, ECS_STR("00101x")));
    assert_false(ecs_fact_set_words(&facts, ECS_FACT_BRAND, NULL, 0));
    assert_true(ecs_fact_set_version(&facts, ECS_FACT_CLIENT_VERSION, 12, 0));
    assert_int_equal(facts.v[ECS_FACT_CLIENT_VERSION].i, 12000);
    assert_false(ecs_fact_set_version(&facts, ECS_FACT_CLIENT_VERSION, 12, 1000));
}

static void test_texts_become_typed_facts_or_say_why_not(void **state)
{
    struct fixture *f = *state;
    struct ecs_facts facts = {0};
    char why[200];

    assert_false(
        ecs_fact_set_text(&facts, ECS_FACT_VOWIFI_TERMS_AT, ECS_STR("now"), f->arena, why, sizeof(why)));
    assert_non_null(strstr(why, "time.now"));
    assert_true(
        ecs_fact_set_text(&facts, ECS_FACT_TIME_NOW, ECS_STR("2026-01-01"), f->arena, why, sizeof(why)));
    assert_true(
        ecs_fact_set_text(&facts, ECS_FACT_VOWIFI_TERMS_AT, ECS_STR("now-2h"), f->arena, why, sizeof(why)));
    assert_int_equal(facts.v[ECS_FACT_VOWIFI_TERMS_AT].i, facts.v[ECS_FACT_TIME_NOW].i - 7200);
    assert_true(
        ecs_fact_set_text(&facts, ECS_FACT_PLAN_FEATURES, ECS_STR("volte , vonr"), f->arena, NULL, 0));
    assert_int_equal(facts.v[ECS_FACT_PLAN_FEATURES].n, 2);
    assert_false(ecs_fact_set_text(&facts, ECS_FACT_PLAN_FEATURES, ECS_STR("volte,,vonr"), f->arena, why,
                                   sizeof(why)));
    assert_false(facts.v[ECS_FACT_PLAN_FEATURES].known);
    assert_false(
        ecs_fact_set_text(&facts, ECS_FACT_LINE_STATE, ECS_STR("activ"), f->arena, why, sizeof(why)));
    assert_non_null(strstr(why, "did you mean \"active\""));
}

static void test_hour_and_weekday_follow_the_offset(void **state)
{
    struct ecs_facts facts = {0};

    (void)state;
    ecs_facts_set_now(&facts, 0, 0); /* Thursday */
    assert_int_equal(facts.v[ECS_FACT_TIME_WEEKDAY].i, ECS_WEEKDAY_THURSDAY);
    assert_int_equal(facts.v[ECS_FACT_TIME_HOUR].i, 0);
    ecs_facts_set_now(&facts, 0, -3600);
    assert_int_equal(facts.v[ECS_FACT_TIME_WEEKDAY].i, ECS_WEEKDAY_WEDNESDAY);
    assert_int_equal(facts.v[ECS_FACT_TIME_HOUR].i, 23);
    ecs_facts_set_now(&facts, 1780315200, 7200); /* 2026-06-01T12:00:00Z, a Monday */
    assert_int_equal(facts.v[ECS_FACT_TIME_WEEKDAY].i, ECS_WEEKDAY_MONDAY);
    assert_int_equal(facts.v[ECS_FACT_TIME_HOUR].i, 14);
}

static void expect_print(const struct ecs_facts *facts, enum ecs_fact id, const char *text)
{
    struct ecs_buf buf = {0};

    ecs_fact_print(facts, id, &buf);
    ecs_buf_add_char(&buf, '\0');
    assert_string_equal(buf.p, text);
    ecs_buf_done(&buf);
}

static void test_facts_print_readably_and_private_ones_masked(void **state)
{
    struct ecs_str items[] = {ECS_STR("volte"), ECS_STR("vonr")};
    struct ecs_facts facts = {0};

    (void)state;
    expect_print(&facts, ECS_FACT_SIM_IMSI, "unknown");
    ecs_fact_set_str(&facts, ECS_FACT_SIM_IMSI, ECS_STR("001011234567890"));
    expect_print(&facts, ECS_FACT_SIM_IMSI, "00101*******890");
    ecs_fact_set_str(&facts, ECS_FACT_SIM_IMSI, ECS_STR("00101123"));
    expect_print(&facts, ECS_FACT_SIM_IMSI, "********");
    ecs_fact_set_str(&facts, ECS_FACT_BRAND, ECS_STR("acme"));
    expect_print(&facts, ECS_FACT_BRAND, "acme");
    ecs_fact_set_words(&facts, ECS_FACT_PLAN_FEATURES, items, 2);
    expect_print(&facts, ECS_FACT_PLAN_FEATURES, "[volte, vonr]");
    ecs_fact_set_version(&facts, ECS_FACT_CLIENT_VERSION, 10, 2);
    expect_print(&facts, ECS_FACT_CLIENT_VERSION, "10.2");
    ecs_fact_set_int(&facts, ECS_FACT_TIME_NOW, 1780315200);
    expect_print(&facts, ECS_FACT_TIME_NOW, "2026-06-01T12:00:00Z");
    ecs_fact_set_bool(&facts, ECS_FACT_SUB_EXISTS, false);
    expect_print(&facts, ECS_FACT_SUB_EXISTS, "no");
}

/* What devices send is matched against patterns: nothing that could make that slow is taken. */
static void test_names_and_patterns_are_checked(void **state)
{
    static const struct {
        enum ecs_type type;
        const char *text, *why; /* NULL: taken */
    } rows[] = {
        {ECS_TYPE_NAME, "none", NULL},
        {ECS_TYPE_NAME, "main", NULL},
        {ECS_TYPE_NAME, "smdp.example.net:8443/x", NULL},
        {ECS_TYPE_NAME, "", "is not a name"},
        {ECS_TYPE_NAME, "two words", "is not a name"},
        {ECS_TYPE_NAME, "a<b", "is not a name"},
        {ECS_TYPE_NAME, "1234567890123456789012345678901234567890123456789012345678901234", NULL},
        {ECS_TYPE_NAME, "12345678901234567890123456789012345678901234567890123456789012345", "is not a name"},
        {ECS_TYPE_PATTERN, "none", NULL},
        {ECS_TYPE_PATTERN, "^[0-9]{6}$", NULL},
        {ECS_TYPE_PATTERN, "^(ja|nein)$", NULL},
        {ECS_TYPE_PATTERN, "^[A-Z]{2,99}[0-9]+$", NULL},
        {ECS_TYPE_PATTERN, "", "it is empty"},
        {ECS_TYPE_PATTERN, "^[0-9", "not a regular expression"},
        {ECS_TYPE_PATTERN, "(a", "not a regular expression"},
        {ECS_TYPE_PATTERN, "(a+)+", "groups cannot be repeated"},
        {ECS_TYPE_PATTERN, "(a){9}", "groups cannot be repeated"},
        {ECS_TYPE_PATTERN, "a{100}", "99 repetitions"},
        {ECS_TYPE_PATTERN, "a{1,100}", "99 repetitions"},
        {ECS_TYPE_PATTERN, "a{99}{99}{99}{99}{99}", "cannot be repeated again"},
        {ECS_TYPE_PATTERN, "a+{99}", "cannot be repeated again"},
        {ECS_TYPE_PATTERN, "(a)\\1", "back references"},
        {ECS_TYPE_PATTERN, "\u00e4", "printable ASCII"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_kind kind = {rows[i].type, ECS_WORDS_none};
        struct ecs_value value;
        struct ecs_why why = {""};
        bool good = ecs_value_parse(kind, ecs_str_of(rows[i].text), f->arena, &value, &why);

        if (good != !rows[i].why || (rows[i].why && !strstr(why.text, rows[i].why)))
            fail_msg("\"%s\": %s", rows[i].text, good ? "taken" : why.text);
    }
}

static void test_the_manual_names_every_fact_operator_and_decision(void **state)
{
    struct ecs_buf buf = {0};
    char cell[80];

    (void)state;
    ecs_rules_write_manual(&buf);
    ecs_buf_add_char(&buf, '\0');
    assert_false(buf.overflow);
    for (unsigned i = 0; i < ECS_FACT_COUNT; i++) {
        snprintf(cell, sizeof(cell), "| `%s` |", ecs_fact_name((enum ecs_fact)i));
        assert_non_null(strstr(buf.p, cell));
    }
    for (unsigned i = 0; i < ECS_DECISION_COUNT; i++) {
        snprintf(cell, sizeof(cell), "| `%s` |", ecs_decision_name((enum ecs_decision)i));
        assert_non_null(strstr(buf.p, cell));
    }
    assert_non_null(strstr(buf.p, "| `has none of` | set of words |"));
    assert_non_null(strstr(buf.p, "| `is known` | all types |"));
    assert_non_null(strstr(buf.p, "word: `active`, `suspended`, `barred`, `terminated`"));
    ecs_buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_unique_and_found),
        cmocka_unit_test(test_decisions_of_a_service_stand_together_and_groups_name_them),
        cmocka_unit_test(test_words_have_the_numbers_of_the_protocol_tables),
        cmocka_unit_test(test_setters_refuse_other_types_and_impossible_values),
        cmocka_unit_test_setup_teardown(test_texts_become_typed_facts_or_say_why_not, set_up, tear_down),
        cmocka_unit_test(test_hour_and_weekday_follow_the_offset),
        cmocka_unit_test(test_facts_print_readably_and_private_ones_masked),
        cmocka_unit_test_setup_teardown(test_names_and_patterns_are_checked, set_up, tear_down),
        cmocka_unit_test(test_the_manual_names_every_fact_operator_and_decision),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
