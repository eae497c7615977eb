/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions: what each operator means for each type, for known and unknown facts, and what is
 * refused where. */
#include "fixture.h"

#include "rules/rules_priv.h"

static struct ecs_facts facts;

/* 1, 0, or -1 when the condition does not parse. */
static int eval(struct fixture *f, const char *text)
{
    struct ecs_condition c;
    struct ecs_why why, warning;
    size_t at;

    if (!ecs_expr_parse(ecs_str_of(text), f->arena, &c, &why, &at, &warning)) {
        print_message("%s: %zu: %s\n", text, at, why.text);
        return -1;
    }
    return ecs_condition_holds(&c, &facts);
}

static void refused(struct fixture *f, const char *text, size_t at, const char *why_part)
{
    struct ecs_condition c;
    struct ecs_why why, warning;
    size_t ret_at = 999;

    assert_false(ecs_expr_parse(ecs_str_of(text), f->arena, &c, &why, &ret_at, &warning));
    if (ret_at != at || !strstr(why.text, why_part))
        fail_msg("%s: %zu: %s (wanted %zu: %s)", text, ret_at, why.text, at, why_part);
}

struct row {
    const char *text;
    int expected;
};

static void check(struct fixture *f, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (eval(f, rows[i].text) != rows[i].expected)
            fail_msg("\"%s\" is not %d", rows[i].text, rows[i].expected);
}

static void set(struct fixture *f, const char *name, const char *text)
{
    enum ecs_fact id;
    char why[200] = "";

    assert_true(ecs_fact_find(ecs_str_of(name), &id));
    if (!ecs_fact_set_text(&facts, id, ecs_str_of(text), f->arena, why, sizeof(why)))
        fail_msg("%s: %s", name, why);
}

static void test_operators_of_words_and_yes_no(void **state)
{
    static const struct row rows[] = {
        {"line.state is suspended", 1},
        {"line.state is active", 0},
        {"line.state is not active", 1},
        {"line.state is not suspended", 0},
        {"line.state in [active, suspended]", 1},
        {"line.state in [active]", 0},
        {"line.state not in [active, barred]", 1},
        {"line.state not-in [suspended]", 0},
        {"line.state is known", 1},
        {"line.state is unknown", 0},
        {"line.state in [unknown]", 0},
        {"device.known is yes", 1},
        {"device.known is true", 1},
        {"device.known is no", 0},
        {"device.known is not no", 1},
    };

    memset(&facts, 0, sizeof(facts));
    set(*state, "line.state", "suspended");
    set(*state, "device.known", "yes");
    check(*state, rows, ECS_ARRAY_LEN(rows));
}

static void test_operators_of_numbers_and_versions(void **state)
{
    static const struct row rows[] = {
        {"vowifi.terms_version is 3", 1},
        {"vowifi.terms_version is not 3", 0},
        {"vowifi.terms_version in [1, 3]", 1},
        {"vowifi.terms_version not in [1, 2]", 1},
        {"vowifi.terms_version < 3", 0},
        {"vowifi.terms_version <= 3", 1},
        {"vowifi.terms_version<=3", 1},
        {"vowifi.terms_version > 3", 0},
        {"vowifi.terms_version > -3", 1},
        {"vowifi.terms_version >= 3", 1},
        {"vowifi.terms_version between 3 and 5", 1},
        {"vowifi.terms_version between 1 and 3", 1},
        {"vowifi.terms_version between 4 and 5", 0},
        {"client.version >= 7.0", 1},
        {"client.version > 10.2", 0},
        {"client.version < 10.3", 1},
        {"client.version is 10.2", 1},
        {"client.version < 7", 0},
    };

    memset(&facts, 0, sizeof(facts));
    set(*state, "vowifi.terms_version", "3");
    set(*state, "client.version", "10.2");
    check(*state, rows, ECS_ARRAY_LEN(rows));
}

static void test_operators_of_texts_and_digits(void **state)
{
    static const struct row rows[] = {
        {"device.vendor is samsung", 1},
        {"device.vendor is \"SAMSUNG\"", 1},
        {"device.vendor in [apple, Samsung]", 1},
        {"device.vendor not in ['apple']", 1},
        {"device.vendor starts with sam", 1},
        {"device.vendor starts-with [app, sam]", 1},
        {"device.vendor starts with [app, sams ]", 1},
        {"device.vendor does not start with sam", 0},
        {"device.model is \"Galaxy S 24\"", 1},
        {"sim.imsi starts with 00101", 1},
        {"sim.imsi starts with [00102, 0010112]", 1},
        {"sim.imsi is 001011234567890", 1},
        {"sim.imsi is 00101123456789", 0},
        {"sim.imsi starts with 0010112345678901", 0},
    };

    memset(&facts, 0, sizeof(facts));
    set(*state, "device.vendor", "Samsung");
    set(*state, "device.model", "Galaxy S 24");
    set(*state, "sim.imsi", "001011234567890");
    check(*state, rows, ECS_ARRAY_LEN(rows));
}

static void test_operators_of_sets(void **state)
{
    static const struct row rows[] = {
        {"plan.features has volte", 1},
        {"plan.features has vowifi", 0},
        {"plan.features has volt", 0},
        {"plan.features has not vowifi", 1},
        {"plan.features has-not volte", 0},
        {"plan.features has any of [vowifi, vonr]", 1},
        {"plan.features has any of [vowifi]", 0},
        {"plan.features has all of [volte, vonr]", 1},
        {"plan.features has all of [volte, vowifi]", 0},
        {"plan.features has none of [vowifi, smsoip]", 1},
        {"plan.features has none of [vowifi, vonr]", 0},
        {"plan.features is known", 1},
    };

    memset(&facts, 0, sizeof(facts));
    set(*state, "plan.features", "volte, vonr");
    check(*state, rows, ECS_ARRAY_LEN(rows));
    /* An empty set is known and has nothing. */
    ecs_fact_set_words(&facts, ECS_FACT_PLAN_FEATURES, NULL, 0);
    assert_int_equal(eval(*state, "plan.features is known"), 1);
    assert_int_equal(eval(*state, "plan.features has not volte"), 1);
    assert_int_equal(eval(*state, "plan.features has all of [volte]"), 0);
}

static void test_operators_of_times(void **state)
{
    static const struct row rows[] = {
        {"vowifi.address_expiry < now", 0},
        {"vowifi.address_expiry > now", 1},
        {"vowifi.address_expiry < now+31d", 1},
        {"vowifi.address_expiry <= now+30d", 1},
        {"vowifi.address_expiry < now+30d", 0},
        {"vowifi.address_expiry >= 2026-03-31", 1},
        {"vowifi.address_expiry between now and 2026-12-31", 1},
        {"vowifi.address_expiry between 2026-01-01T00:00:00Z and 2026-01-02", 0},
        {"vowifi.terms_at older than 364d", 1},
        {"vowifi.terms_at older than 365d", 0},
        {"vowifi.terms_at older than 366d", 0},
        {"vowifi.terms_at younger than 366d", 1},
        {"vowifi.terms_at younger than 365d", 0},
        {"time.hour >= 12", 1},
        {"time.weekday is sunday", 1},
    };

    memset(&facts, 0, sizeof(facts));
    set(*state, "time.now", "2026-03-01T12:00:00Z");
    set(*state, "vowifi.address_expiry", "now+30d");
    set(*state, "vowifi.terms_at", "2025-03-01T12:00:00Z");
    ecs_facts_set_now(&facts, facts.v[ECS_FACT_TIME_NOW].i, 0);
    check(*state, rows, ECS_ARRAY_LEN(rows));
    /* Without the time, nothing relative to it holds. */
    ecs_fact_unset(&facts, ECS_FACT_TIME_NOW);
    assert_int_equal(eval(*state, "vowifi.terms_at older than 1d"), 0);
    assert_int_equal(eval(*state, "vowifi.address_expiry >= 2026-03-31"), 1);
}

static void test_unknown_facts_satisfy_only_opposite_forms(void **state)
{
    static const struct row rows[] = {
        {"line.state is active", 0},
        {"line.state is not active", 1},
        {"line.state in [active, unknown]", 1},
        {"line.state not in [active, unknown]", 0},
        {"line.state is not unknown", 0},
        {"line.state is known", 0},
        {"line.state is-unknown", 1},
        {"sub.exists is no", 0},
        {"sub.exists is not yes", 1},
        {"vowifi.terms_version < 5", 0},
        {"vowifi.terms_version >= 5", 0},
        {"vowifi.terms_version is not 5", 1},
        {"brand is x", 0},
        {"brand not in [x]", 1},
        {"brand does not start with x", 1},
        {"plan.features has volte", 0},
        {"plan.features has not volte", 1},
        {"plan.features has all of [volte]", 0},
        {"plan.features has none of [volte]", 1},
        {"vowifi.terms_at older than 1d", 0},
        {"vowifi.terms_at younger than 1d", 0},
    };

    memset(&facts, 0, sizeof(facts));
    set(*state, "time.now", "2026-03-01");
    check(*state, rows, ECS_ARRAY_LEN(rows));
}

static void test_faulty_conditions_are_refused_at_their_place(void **state)
{
    refused(*state, "", 0, "empty");
    refused(*state, "   ", 0, "empty");
    refused(*state, "line.stat is active", 0, "did you mean \"line.state\"");
    refused(*state, "nothing.alike is active", 0, "unknown fact \"nothing.alike\"");
    refused(*state, "line.state", 10, "operator is missing");
    refused(*state, "line.state = active", 11, "unknown operator \"=\"");
    refused(*state, "line.state has active", 11, "does not fit line.state (word)");
    refused(*state, "line.state < active", 11, "takes: is, is not, in, not in, is known, is unknown");
    refused(*state, "plan.features is volte", 14, "has any of");
    refused(*state, "line.state is activ", 14, "did you mean \"active\"");
    refused(*state, "line.state is", 13, "followed by one value");
    refused(*state, "line.state is [active]", 14, "one value");
    refused(*state, "line.state in active", 14, "a list such as");
    refused(*state, "line.state in []", 15, "a value");
    refused(*state, "line.state in [active", 21, "missing here");
    refused(*state, "line.state in [active,]", 22, "a value");
    refused(*state, "line.state in [active barred]", 22, "missing here");
    refused(*state, "line.state is active or barred", 21, "too much");
    refused(*state, "line.state is known active", 20, "too much");
    refused(*state, "brand is \"open", 9, "not closed");
    refused(*state, "brand is \"\"", 9, "empty text");
    refused(*state, "vowifi.terms_version > many", 23, "whole number");
    refused(*state, "vowifi.terms_version > 99999999999999999999", 23, "whole number");
    refused(*state, "vowifi.terms_version between 1 2", 31, "\"and\"");
    refused(*state, "vowifi.terms_version between 5 and 1", 29, "never true");
    refused(*state, "client.version > seven", 17, "version such as");
    refused(*state, "client.version > 7.", 17, "version such as");
    refused(*state, "sim.imsi starts with 12a", 21, "digits");
    refused(*state, "plan.features has VoLTE", 18, "lower-case");
    refused(*state, "device.known is maybe", 16, "neither yes nor no");
    refused(*state, "vowifi.terms_at older than 5", 27, "duration such as");
    refused(*state, "vowifi.terms_at < tomorrow", 18, "not a time");
    refused(*state, "vowifi.terms_at < now*3d", 18, "not a time");
    refused(*state, "vowifi.terms_at < 2026-02-30", 18, "not a time");
}

static void test_long_conditions_are_refused_without_harm(void **state)
{
    struct fixture *f = *state;
    char text[12000] = "brand in [";
    struct ecs_condition c;
    struct ecs_why why, warning;
    size_t at;

    for (int i = 0; i < 64; i++)
        strcat(text, i ? ", b" : "b");
    strcat(text, "]");
    assert_true(ecs_expr_parse(ecs_str_of(text), f->arena, &c, &why, &at, &warning));
    text[strlen(text) - 1] = '\0';
    strcat(text, ", one-more]");
    refused(*state, text, 10 + 64 * 3 - 2 + 2, "more than 64 values");
    while (strlen(text) < 8000)
        strcat(text, ", b");
    assert_false(ecs_expr_parse(ecs_str_of(text), f->arena, &c, &why, &at, &warning));
    assert_string_equal(why.text, "the condition is too long (at most 64 values)");
    while (strlen(text) < 9000)
        strcat(text, ", b");
    refused(*state, text, 0, "longer than");
}

static void test_unusual_words_of_sets_give_a_hint(void **state)
{
    struct ecs_condition c;
    struct ecs_why why, warning;
    size_t at;

    assert_true(ecs_expr_parse(ECS_STR("plan.features has vowfi"), ((struct fixture *)*state)->arena, &c,
                               &why, &at, &warning));
    assert_non_null(strstr(warning.text, "did you mean \"vowifi\""));
    assert_true(ecs_expr_parse(ECS_STR("request.apps has ap2003"), ((struct fixture *)*state)->arena, &c,
                               &why, &at, &warning));
    assert_string_equal(warning.text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_operators_of_words_and_yes_no, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_operators_of_numbers_and_versions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_operators_of_texts_and_digits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_operators_of_sets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_operators_of_times, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unknown_facts_satisfy_only_opposite_forms, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_faulty_conditions_are_refused_at_their_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_conditions_are_refused_without_harm, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unusual_words_of_sets_give_a_hint, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
