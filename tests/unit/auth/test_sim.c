/* SPDX-License-Identifier: Apache-2.0 */
/* Brands of SIM cards, and networks that are home. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ecs/sim.h"

#define LIST(...)                                                                                            \
    {                                                                                                        \
        .items = (struct ecs_str[]){__VA_ARGS__},                                                            \
        .n = sizeof((struct ecs_str[]){__VA_ARGS__}) / sizeof(struct ecs_str)                                \
    }

static const char *brand_of(const struct ecs_sim_conf *rows, size_t n, const char *imsi, const char *gid1,
                            const char *gid2)
{
    struct ecs_imsi parsed;
    const struct ecs_sim_conf *found;

    assert_true(ecs_imsi_parse(ecs_str_of(imsi), &parsed));
    found = ecs_sim_find(rows, n, &parsed, ecs_str_of(gid1), ecs_str_of(gid2));
    return found ? found->brand : "";
}

/* proves: P-071 */
static void test_group_identifiers_tell_brands_of_one_range_apart(void **state)
{
    const struct ecs_sim_conf rows[] = {
        {.brand = "blue", .plmns = LIST(ECS_STR("00101")), .gid1 = LIST(ECS_STR("1A"), ECS_STR("1b2c"))},
        {.brand = "green",
         .plmns = LIST(ECS_STR("00101")),
         .gid1 = LIST(ECS_STR("1a")),
         .gid2 = LIST(ECS_STR("07"))},
        {.brand = "deep", .imsis = LIST(ECS_STR("0010147")), .gid2 = LIST(ECS_STR("07"))},
        {.brand = "own", .plmns = LIST(ECS_STR("00101"), ECS_STR("001001"))},
    };
    static const struct {
        const char *imsi, *gid1, *gid2, *brand;
    } cards[] = {
        {"001010123456789", "1a", "", "blue"},       {"001010123456789", "1AFFFFFF", "07", "blue"},
        {"001010123456789", "1b2cff", NULL, "blue"}, {"001010123456789", "1b", NULL, "own"},
        {"001010123456789", NULL, NULL, "own"},      {"001010123456789", "", "", "own"},
        {"001014700000001", NULL, "07ff", "deep"},   {"001014700000001", "1a", "07", "blue"},
        {"001014800000001", NULL, "07ff", "own"},    {"262010123456789", "1a", "07", ""},
        {"001001123456789", NULL, NULL, "own"},      {"001002123456789", NULL, NULL, ""},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(cards); i++)
        assert_string_equal(brand_of(rows, ECS_ARRAY_LEN(rows), cards[i].imsi, cards[i].gid1, cards[i].gid2),
                            cards[i].brand);
    assert_string_equal(brand_of(NULL, 0, "001010123456789", "1a", ""), "");
}

static void test_home_is_the_cards_own_network_and_those_of_the_operator(void **state)
{
    struct ecs_plmn home[2];
    struct ecs_gate gate = {.home = home, .n_home = 2};
    struct ecs_imsi imsi;

    (void)state;
    assert_true(ecs_imsi_parse(ECS_STR("001010123456789"), &imsi));
    assert_true(ecs_plmn_parse(ECS_STR("00101"), &home[0]) && ecs_plmn_parse(ECS_STR("001002"), &home[1]));
    assert_true(ecs_gate_is_home(&gate, &imsi, ECS_STR("00101")));
    assert_true(ecs_gate_is_home(&gate, &imsi, ECS_STR("001002")));
    assert_false(ecs_gate_is_home(&gate, &imsi, ECS_STR("00102")));
    assert_false(ecs_gate_is_home(&gate, &imsi, ECS_STR("26201")));
    assert_false(ecs_gate_is_home(&gate, &imsi, ECS_STR("x")));
    assert_true(ecs_gate_is_home(NULL, &imsi, ECS_STR("00101")));
    assert_false(ecs_gate_is_home(NULL, &imsi, ECS_STR("001002")));
}

static bool accepts(const struct ecs_sim_conf *row)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_faults faults;
    bool good;

    assert_non_null(arena);
    ecs_faults_init(&faults, arena);
    good = ecs_sim_settings_check(row, &faults, NULL);
    assert_int_equal(good, faults.count == 0);
    ecs_arena_free(arena);
    return good;
}

static void test_a_row_says_something_that_can_be(void **state)
{
    (void)state;
    assert_false(accepts(&(const struct ecs_sim_conf){.brand = "a"}));
    assert_true(accepts(&(const struct ecs_sim_conf){.brand = "a", .plmns = LIST(ECS_STR("26201"))}));
    assert_false(accepts(&(const struct ecs_sim_conf){.brand = "a", .plmns = LIST(ECS_STR("2620"))}));
    assert_true(accepts(&(const struct ecs_sim_conf){.brand = "a", .imsis = LIST(ECS_STR("26201"))}));
    assert_false(accepts(&(const struct ecs_sim_conf){.brand = "a", .imsis = LIST(ECS_STR("2620"))}));
    assert_false(accepts(&(const struct ecs_sim_conf){.brand = "a", .imsis = LIST(ECS_STR("2620x1"))}));
    assert_true(
        accepts(&(const struct ecs_sim_conf){.brand = "a", .gid1 = LIST(ECS_STR("0a"), ECS_STR("FF"))}));
    assert_false(
        accepts(&(const struct ecs_sim_conf){.brand = "a", .gid1 = LIST(ECS_STR("0a"), ECS_STR("F"))}));
    assert_false(accepts(&(const struct ecs_sim_conf){.brand = "a", .gid2 = LIST(ECS_STR("0g"))}));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_group_identifiers_tell_brands_of_one_range_apart),
        cmocka_unit_test(test_home_is_the_cards_own_network_and_those_of_the_operator),
        cmocka_unit_test(test_a_row_says_something_that_can_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
