/* SPDX-License-Identifier: Apache-2.0 */
/* Which state of a service counts for a line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "ecs/store_availability.h"

enum { ROOM = 16 };

struct picked {
    struct ecs_service_state states[ROOM];
    size_t n;
};

static struct picked pick(const char *const *texts, size_t n, struct ecs_state_line line)
{
    struct picked p = {.n = 0};
    struct ecs_str list[ROOM];

    for (size_t i = 0; i < n; i++)
        list[i] = ecs_str_of(texts[i]);
    assert_true(ecs_states_pick(list, n, &line, p.states, &p.n));
    return p;
}

#define PICK(line, ...)                                                                                      \
    pick((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *),    \
         (struct ecs_state_line)line)
#define LINE(...)                                                                                            \
    {                                                                                                        \
        .imsi = ECS_STR("001010123456789"), __VA_ARGS__                                                      \
    }

static void check(struct picked p, enum ecs_availability state)
{
    assert_int_equal(p.n, 1);
    assert_int_equal(p.states[0].state, state);
}

static void test_no_state_and_states_of_others_are_none(void **state)
{
    (void)state;
    assert_int_equal(PICK(LINE(), "O unavailable volte * gold * 0 0 ").n, 0);
    assert_int_equal(PICK(LINE(.brand = ECS_STR("silver")), "O unavailable volte * gold * 0 0 ").n, 0);
    assert_int_equal(PICK(LINE(), "O unavailable volte * * north 0 0 ").n, 0);
    assert_int_equal(PICK(LINE(.area = ECS_STR("northern")), "O unavailable volte * * north 0 0 ").n, 0);
    assert_int_equal(PICK(LINE(), "O unavailable volte nr * * 0 0 ").n, 0); /* not its radio access */
}

static void test_all_parts_of_a_state_come_out(void **state)
{
    struct picked p = PICK(LINE(.brand = ECS_STR("gold"), .area = ECS_STR("north.coast")),
                           "F not-deployed data nr gold north 600 1772600000 text-1");

    (void)state;
    check(p, ECS_AVAILABLE_NOT_DEPLOYED);
    assert_true(ecs_str_eq(p.states[0].service, ECS_STR("data")));
    assert_true(ecs_str_eq(p.states[0].rat, ECS_STR("nr")));
    assert_true(ecs_str_eq(p.states[0].message_key, ECS_STR("text-1")));
    assert_int_equal(p.states[0].validity_s, 600);
    assert_int_equal(p.states[0].expected_end, 1772600000);
}

static void test_the_more_special_one_counts_whatever_the_order(void **state)
{
    static const char *const rows[] = {
        /* from the least to the most special; each alone says which one it is by its state */
        "F unavailable smsoip * * * 0 0 ",          "O ready smsoip * * * 0 0 ",
        "O not-deployed smsoip * gold * 0 0 ",      "O degraded smsoip * * mcc-001 0 0 ",
        "O unavailable smsoip * * plmn-00101 0 0 ", "O ready smsoip * * north 0 0 ",
        "F degraded smsoip * * north.coast 0 0 ",   "F not-deployed smsoip * gold north.coast 0 0 ",
    };
    static const enum ecs_availability states[] = {
        ECS_AVAILABLE_NOT_NOW, ECS_AVAILABLE_READY, ECS_AVAILABLE_NOT_DEPLOYED, ECS_AVAILABLE_DEGRADED,
        ECS_AVAILABLE_NOT_NOW, ECS_AVAILABLE_READY, ECS_AVAILABLE_DEGRADED,     ECS_AVAILABLE_NOT_DEPLOYED,
    };
    struct ecs_state_line line = LINE(.brand = ECS_STR("gold"), .area = ECS_STR("north.coast"));

    (void)state;
    for (size_t most = 0; most < ECS_ARRAY_LEN(rows); most++)
        for (size_t other = 0; other < most; other++) {
            check(pick((const char *const[]){rows[most], rows[other]}, 2, line), states[most]);
            check(pick((const char *const[]){rows[other], rows[most]}, 2, line), states[most]);
        }
}

static void test_of_equal_ones_the_operators_and_then_the_worse_counts(void **state)
{
    (void)state;
    check(PICK(LINE(), "F unavailable volte * * * 0 0 ", "O ready volte * * * 0 0 "), ECS_AVAILABLE_READY);
    check(PICK(LINE(), "F degraded volte * * * 0 0 ", "F unavailable volte * * * 0 0 "),
          ECS_AVAILABLE_NOT_NOW);
    check(PICK(LINE(), "O unavailable volte * * * 0 0 ", "O ready volte lte * * 0 0 "), ECS_AVAILABLE_READY);
}

static void test_one_radio_access_of_several_stands_beside_all(void **state)
{
    struct picked p = PICK(LINE(), "O unavailable data nr * * 0 0 ", "O degraded data * * * 0 0 ");

    (void)state;
    assert_int_equal(p.n, 2);
    assert_true(ecs_str_eq(p.states[0].rat, ECS_STR("nr")));
    assert_null(p.states[1].rat.p);
}

static void test_a_country_is_where_the_line_was_last(void **state)
{
    static const char row[] = "O unavailable vowifi * * mcc-262 0 0 ",
                      own[] = "O unavailable vowifi * * mcc-001 0 0 ",
                      net[] = "O unavailable vowifi * * plmn-00101 0 0 ";

    (void)state;
    assert_int_equal(PICK(LINE(), row).n, 0);
    assert_int_equal(PICK(LINE(.visited = ECS_STR("26201")), row).n, 1);
    assert_int_equal(PICK(LINE(.visited = ECS_STR("26201")), own).n, 0);
    assert_int_equal(PICK(LINE(), own).n, 1);
    assert_int_equal(PICK(LINE(), net).n, 1);
    assert_int_equal(PICK(LINE(.visited = ECS_STR("001012")), net).n, 0); /* six digits are another network */
    assert_int_equal(PICK(LINE(.roams = true), own).n, 0);                /* abroad, nobody knows where */
}

static void test_a_text_of_another_form_is_no_state(void **state)
{
    static const char *const bad[] = {
        "",
        "O",
        "O unavailable volte * * * 0",
        "O gone volte * * * 0 0 ",
        "O unavailable volte * * * x 0 ",
        "O unavailable volte * * * 0 y ",
        "O unavailable  * * * 0 0 ",
    };
    struct ecs_service_state out[1];
    size_t n;

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(bad); i++) {
        struct ecs_str text = ecs_str_of(bad[i]);

        assert_false(ecs_states_pick(&text, 1, &(const struct ecs_state_line)LINE(), out, &n));
    }
}

static void test_names_of_areas_have_one_form(void **state)
{
    static const struct {
        const char *text;
        bool any, own;
    } rows[] = {
        {"north", true, true},
        {"north.coast.isle-7", true, true},
        {"n", true, true},
        {"mcc-262", true, false},
        {"plmn-26201", true, false},
        {"plmn-262015", true, false},
        {"", false, false},
        {"North", false, false},
        {".north", false, false},
        {"north.", false, false},
        {"north..coast", false, false},
        {"-north", false, false},
        {"mcc-26", false, false},
        {"mcc-2621", false, false},
        {"plmn-2620", false, false},
        {"no rth", false, false},
        {"mcc-a62", false, false},
        {"nord\xc3\xb6", false, false},
        {"north.-coast", false, false},
    };
    char longest[65];

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        assert_int_equal(ecs_area_is_valid(ecs_str_of(rows[i].text), false), rows[i].any);
        assert_int_equal(ecs_area_is_valid(ecs_str_of(rows[i].text), true), rows[i].own);
    }
    for (size_t i = 0; i < sizeof(longest) - 1; i++)
        longest[i] = 'a';
    assert_true(ecs_area_is_valid((struct ecs_str){longest, 63}, true));
    assert_false(ecs_area_is_valid((struct ecs_str){longest, 64}, true));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_state_and_states_of_others_are_none),
        cmocka_unit_test(test_all_parts_of_a_state_come_out),
        cmocka_unit_test(test_the_more_special_one_counts_whatever_the_order),
        cmocka_unit_test(test_of_equal_ones_the_operators_and_then_the_worse_counts),
        cmocka_unit_test(test_one_radio_access_of_several_stands_beside_all),
        cmocka_unit_test(test_a_country_is_where_the_line_was_last),
        cmocka_unit_test(test_a_text_of_another_form_is_no_state),
        cmocka_unit_test(test_names_of_areas_have_one_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
