/* SPDX-License-Identifier: Apache-2.0 */
/* TS.43 Table 7: what codes of an AAA come to, in both spaces, and the operator's own lists before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/aaa_int.h"
#include "ecs/conf.h"

enum { BASE = 0, TGPP = ECS_DIAMETER_TGPP, OTHER_VENDOR = 9 };

static const struct ecs_section sections[] = {
    {"aaa", ecs_aaa_settings, sizeof(struct ecs_aaa_conf), .is_list = true, .check = ecs_aaa_check,
     .help = "AAA."},
    {0},
};

static struct ecs_arena *arena;
static struct ecs_conf *conf;

static const struct ecs_aaa_conf *row(const char *more)
{
    struct ecs_faults faults;
    char yaml[600];
    size_t n;

    snprintf(yaml, sizeof(yaml), "aaa:\n  - name: a\n    type: swm\n    realm: home.test\n%s", more);
    ecs_faults_init(&faults, arena);
    ecs_conf_unref(conf);
    conf = ecs_conf_parse("test", ecs_str_of(yaml), sections, &faults);
    if (!conf)
        fail_msg("%s\n%s", yaml, faults.first->text);
    return ecs_conf_list(conf, "aaa", &n);
}

static int set_up(void **state)
{
    (void)state;
    arena = ecs_arena_new(NULL, 0);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ecs_conf_unref(conf);
    conf = NULL;
    ecs_arena_free(arena);
    return 0;
}

static void expect(const struct ecs_aaa_conf *c, uint32_t vendor, uint32_t from, uint32_t to,
                   enum ecs_aaa_verdict verdict)
{
    for (uint32_t code = from; code <= to; code++)
        if (aaa_code_verdict(c, vendor, code) != verdict)
            fail_msg("code %u of vendor %u: %d", code, vendor, (int)aaa_code_verdict(c, vendor, code));
}

static void test_table_7_decides_by_result_code(void **state)
{
    const struct ecs_aaa_conf *c = row("");

    (void)state;
    expect(c, BASE, 1001, 1001, ECS_AAA_MORE);
    expect(c, BASE, 2001, 2002, ECS_AAA_ACCEPTED);
    expect(c, BASE, 3001, 3010, ECS_AAA_TRANSIENT);
    expect(c, BASE, 4001, 4001, ECS_AAA_REJECTED);
    expect(c, BASE, 4002, 4003, ECS_AAA_TRANSIENT);
    expect(c, BASE, 5001, 5001, ECS_AAA_REJECTED);
    expect(c, BASE, 5002, 5002, ECS_AAA_TRANSIENT);
    expect(c, BASE, 5003, 5003, ECS_AAA_REJECTED);
    expect(c, BASE, 5004, 5017, ECS_AAA_TRANSIENT);
}

/* proves: A-029 */
static void test_experimental_results_of_3gpp_are_decided_by_the_same_table(void **state)
{
    const struct ecs_aaa_conf *c = row("");

    (void)state;
    expect(c, TGPP, 5001, 5001, ECS_AAA_REJECTED);
    expect(c, TGPP, 5002, 5002, ECS_AAA_TRANSIENT);
    expect(c, TGPP, 5003, 5003, ECS_AAA_REJECTED);
    expect(c, TGPP, 5004, 5017, ECS_AAA_TRANSIENT);
    expect(c, TGPP, 4001, 4001, ECS_AAA_REJECTED);
    /* Success and another round are told by Result-Code only; another vendor's numbers mean other things. */
    expect(c, TGPP, 1001, 1001, ECS_AAA_TRANSIENT);
    expect(c, TGPP, 2001, 2002, ECS_AAA_TRANSIENT);
    expect(c, OTHER_VENDOR, 5001, 5003, ECS_AAA_TRANSIENT);
}

/* proves: A-030 */
static void test_codes_beyond_the_table_are_transient_but_for_subscription_codes(void **state)
{
    static const uint32_t refused[] = {5041, 5420, 5421, 5422, 5423, 5450, 5451, 5452, 5554};
    const struct ecs_aaa_conf *c = row("");

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(refused); i++) {
        expect(c, TGPP, refused[i], refused[i], ECS_AAA_REJECTED);
        expect(c, BASE, refused[i], refused[i], ECS_AAA_TRANSIENT);
    }
    expect(c, TGPP, 4181, 4181, ECS_AAA_TRANSIENT);
    expect(c, TGPP, 5453, 5454, ECS_AAA_TRANSIENT);
    expect(c, BASE, 5018, 5040, ECS_AAA_TRANSIENT);
    expect(c, TGPP, 5999, 5999, ECS_AAA_TRANSIENT);
    expect(c, BASE, 1002, 2000, ECS_AAA_TRANSIENT);
    expect(c, BASE, 2003, 3000, ECS_AAA_TRANSIENT);
    expect(c, BASE, 3011, 4000, ECS_AAA_TRANSIENT);
    expect(c, BASE, 0, 0, ECS_AAA_TRANSIENT);
}

static void test_the_operators_lists_go_before_the_table(void **state)
{
    const struct ecs_aaa_conf *c = row(
        "    refused_codes: [\"5004\", \"result:5012\"]\n    transient_codes: [\"result:5001\", \"5003\"]\n");

    (void)state;
    expect(c, TGPP, 5004, 5004, ECS_AAA_REJECTED);
    expect(c, BASE, 5004, 5004, ECS_AAA_TRANSIENT);
    expect(c, BASE, 5012, 5012, ECS_AAA_REJECTED);
    expect(c, TGPP, 5012, 5012, ECS_AAA_TRANSIENT);
    expect(c, BASE, 5001, 5001, ECS_AAA_TRANSIENT);
    expect(c, TGPP, 5001, 5001, ECS_AAA_REJECTED);
    expect(c, TGPP, 5003, 5003, ECS_AAA_TRANSIENT);
    expect(c, BASE, 5003, 5003, ECS_AAA_REJECTED);
    expect(c, TGPP, 5450, 5450, ECS_AAA_TRANSIENT); /* the list was replaced */
}

static void test_codes_are_read_strictly(void **state)
{
    static const char *const bad[] = {"",      "5",       "1001",     "2001",  "result:2001", "6000",
                                      "-5001", "result:", "result:x", "5001 ", "base:5001",   "99999999999"};
    struct ecs_diameter_result code;

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(bad); i++)
        if (aaa_code_read(ecs_str_of(bad[i]), &code))
            fail_msg("\"%s\" was taken", bad[i]);
    assert_true(aaa_code_read(ECS_STR("5450"), &code));
    assert_int_equal(code.vendor, TGPP);
    assert_int_equal(code.code, 5450);
    assert_true(aaa_code_read(ECS_STR("result:5012"), &code));
    assert_int_equal(code.vendor, BASE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_table_7_decides_by_result_code, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_experimental_results_of_3gpp_are_decided_by_the_same_table,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_codes_beyond_the_table_are_transient_but_for_subscription_codes,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_operators_lists_go_before_the_table, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_codes_are_read_strictly, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
