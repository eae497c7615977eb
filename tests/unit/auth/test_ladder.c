/* SPDX-License-Identifier: Apache-2.0 */
/* The ladder: order by brand, breaker, budget, figures. The providers are doubles at link time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ecs/arena.h"
#include "ecs/ladder.h"
#include "ecs/loop.h"

static bool is_up = true;
static struct ecs_rung_stats places[4];
static const char *names[4];

bool ecs_aaa_type(const struct ecs_aaa *aaa, struct ecs_str provider, enum ecs_aaa_type *ret_type)
{
    (void)aaa;
    *ret_type = ecs_str_eq(provider, ECS_STR("hss")) ? ECS_AAA_SWX : ECS_AAA_RADIUS;
    return !ecs_str_eq(provider, ECS_STR("nobody"));
}

bool ecs_aaa_is_up(const struct ecs_aaa *aaa, struct ecs_str provider)
{
    (void)aaa, (void)provider;
    return is_up;
}

static struct ecs_rung_stats *stats_of(void *owner, const char *name)
{
    (void)owner;
    for (size_t i = 0; i < ECS_ARRAY_LEN(places); i++)
        if (!names[i] || strcmp(names[i], name) == 0) {
            names[i] = names[i] ? names[i] : strdup(name);
            return &places[i];
        }
    return NULL;
}

static struct ecs_str usual_items[] = {{"one", 3}, {"hss", 3}, {"local", 5}};
static struct ecs_str beta_items[] = {{"local", 5}, {"one", 3}};
static const struct ecs_str_list usual = {usual_items, 3};
static const struct ecs_ladder_row beta = {"beta", {beta_items, 2}};

static struct ecs_ladder *make(struct ecs_ladder_conf conf)
{
    const char *error;
    struct ecs_ladder *ladder;

    for (size_t i = 0; i < ECS_ARRAY_LEN(places); i++) {
        free((char *)names[i]);
        names[i] = NULL;
    }
    memset(places, 0, sizeof(places));
    is_up = true;
    conf.usual = &usual;
    conf.rows = &beta;
    conf.row_n = 1;
    conf.aaa = (struct ecs_aaa *)&conf; /* only handed on to the doubles */
    conf.stats_of = stats_of;
    ladder = ecs_ladder_new(&conf, &error);
    assert_non_null(ladder);
    return ladder;
}

static void test_brands_have_ladders_of_their_own(void **state)
{
    struct ecs_ladder *ladder = make((struct ecs_ladder_conf){0});
    struct ecs_rung *const *rungs;
    struct ecs_rung *all;

    (void)state;
    assert_int_equal(ecs_ladder_rungs(ladder, ECS_STR_NULL, &rungs), 3);
    assert_int_equal(rungs[0]->kind, ECS_RUNG_RELAY);
    assert_int_equal(rungs[1]->kind, ECS_RUNG_HSS);
    assert_int_equal(rungs[2]->kind, ECS_RUNG_LOCAL);
    assert_int_equal(ecs_ladder_rungs(ladder, ECS_STR("gamma"), &rungs), 3);
    assert_int_equal(ecs_ladder_rungs(ladder, ECS_STR("beta"), &rungs), 2);
    assert_string_equal(rungs[1]->name, "one");
    assert_ptr_equal(rungs[1], ecs_ladder_find(ladder, ECS_STR("one"))); /* one health for all ladders */
    assert_int_equal(ecs_ladder_all(ladder, &all), 3);
    assert_null(ecs_ladder_find(ladder, ECS_STR("two")));
    ecs_ladder_free(ladder);
}

static void test_a_name_that_is_none_is_refused(void **state)
{
    struct ecs_str items[] = {{"nobody", 6}};
    struct ecs_str_list list = {items, 1};
    const struct ecs_ladder_conf conf = {.usual = &list};
    const char *error = NULL;

    (void)state;
    assert_null(ecs_ladder_new(&conf, &error));
    assert_non_null(strstr(error, "section aaa"));
}

static void call(struct ecs_ladder *ladder, struct ecs_loop *loop, enum ecs_rung_result result, uint32_t code)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_rung_call *its = ecs_rung_begin(ladder, ecs_ladder_find(ladder, ECS_STR("one")), arena, loop);

    assert_int_equal(places[0].in_flight, 1);
    ecs_rung_end(its, result, code);
    assert_int_equal(places[0].in_flight, 0);
    ecs_arena_free(arena);
    assert_int_equal(places[0].in_flight, 0);
}

static void test_failures_in_a_row_open_the_breaker_and_one_at_a_time_tries_again(void **state)
{
    struct ecs_loop *loop = ecs_loop_new();
    struct ecs_ladder *ladder = make((struct ecs_ladder_conf){.failures = 3, .pause_ms = 1000});
    const struct ecs_rung *one = ecs_ladder_find(ladder, ECS_STR("one"));
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_rung_call *probe;
    int64_t now;

    (void)state;
    assert_int_equal(ecs_loop_turn(loop, 0), ECS_OK);
    now = ecs_loop_now_us(loop);
    call(ladder, loop, ECS_RUNG_SILENT, 0);
    call(ladder, loop, ECS_RUNG_TRANSIENT, 3002);
    call(ladder, loop, ECS_RUNG_TRANSIENT, 4181); /* of one subscriber: the row begins anew */
    call(ladder, loop, ECS_RUNG_SILENT, 0);
    call(ladder, loop, ECS_RUNG_SILENT, 0);
    assert_true(ecs_rung_is_up(ladder, one, now));
    call(ladder, loop, ECS_RUNG_SILENT, 0);
    assert_false(ecs_rung_is_up(ladder, one, now));
    assert_false(ecs_rung_is_up(ladder, one, now + 999000));
    assert_true(ecs_rung_is_up(ladder, one, now + 1000001));
    probe = ecs_rung_begin(ladder, ecs_ladder_find(ladder, ECS_STR("one")), arena, loop);
    assert_false(ecs_rung_is_up(ladder, one, now + 1000001));
    ecs_rung_end(probe, ECS_RUNG_REFUSED, 4001);
    assert_true(ecs_rung_is_up(ladder, one, now));
    assert_int_equal(places[0].failed_code, 0);
    assert_true(places[0].failed_s > 0);
    ecs_arena_free(arena);
    ecs_ladder_free(ladder);
    ecs_loop_free(loop);
}

static void test_a_call_that_is_given_up_leaves_its_place(void **state)
{
    struct ecs_loop *loop = ecs_loop_new();
    struct ecs_ladder *ladder = make((struct ecs_ladder_conf){.max_in_flight = 1});
    struct ecs_rung *one = ecs_ladder_find(ladder, ECS_STR("one"));
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);

    (void)state;
    assert_non_null(ecs_rung_begin(ladder, one, arena, loop));
    assert_false(ecs_rung_is_up(ladder, one, 0)); /* the budget is spent */
    ecs_ladder_free(ladder);
    ecs_arena_free(arena); /* later than the ladder, as with a reload */
    assert_int_equal(places[0].in_flight, 0);
    assert_int_equal(places[0].result[ECS_RUNG_ANSWERED] + places[0].result[ECS_RUNG_SILENT], 0);
    ecs_loop_free(loop);
}

static void test_only_local_is_up_when_nothing_else_is(void **state)
{
    struct ecs_ladder *ladder = make((struct ecs_ladder_conf){0});

    (void)state;
    is_up = false;
    assert_false(ecs_rung_is_up(ladder, ecs_ladder_find(ladder, ECS_STR("hss")), 0));
    assert_true(ecs_rung_is_up(ladder, ecs_ladder_find(ladder, ECS_STR("local")), 0));
    ecs_ladder_free(ladder);
}

static void test_percentiles_are_bounds_of_buckets(void **state)
{
    static struct ecs_rung_stats a, b;
    const struct ecs_rung_stats *both[] = {&a, &b};

    (void)state;
    assert_int_equal(ecs_rung_percentile(both, 2, 50), 0);
    a.bucket[0] = 40;
    b.bucket[0] = 20;
    b.bucket[3] = 39;
    a.bucket[ECS_RUNG_BUCKETS] = 1;
    assert_int_equal(ecs_rung_percentile(both, 2, 50), ecs_rung_bounds_us[0]);
    assert_int_equal(ecs_rung_percentile(both, 2, 99), ecs_rung_bounds_us[3]);
    assert_int_equal(ecs_rung_percentile(both, 2, 100), UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_brands_have_ladders_of_their_own),
        cmocka_unit_test(test_a_name_that_is_none_is_refused),
        cmocka_unit_test(test_failures_in_a_row_open_the_breaker_and_one_at_a_time_tries_again),
        cmocka_unit_test(test_a_call_that_is_given_up_leaves_its_place),
        cmocka_unit_test(test_only_local_is_up_when_nothing_else_is),
        cmocka_unit_test(test_percentiles_are_bounds_of_buckets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
