/* SPDX-License-Identifier: Apache-2.0 */
/* Facts that outlive their request: nothing of a copy points into what it was made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ecs/store_availability.h"

static struct ecs_str text(struct ecs_arena *arena, const char *s)
{
    const char *copy = ecs_strdup(arena, ecs_str_of(s));

    assert_non_null(copy);
    return ecs_str_of(copy);
}

static struct ecs_subscriber_facts make(struct ecs_arena *arena)
{
    struct ecs_place *place = ecs_alloc(arena, sizeof(*place));
    struct ecs_service_state *states = ecs_alloc(arena, 2 * sizeof(*states));
    struct ecs_str *visited = ecs_alloc(arena, 2 * sizeof(*visited)),
                   *features = ecs_alloc(arena, sizeof(*features));

    assert_true(place && states && visited && features);
    features[0] = text(arena, "volte");
    visited[0] = text(arena, "vowifi");
    visited[1] = text(arena, "data");
    states[0] = (struct ecs_service_state){.service = text(arena, "volte"),
                                           .message_key = text(arena, "outage"),
                                           .state = ECS_AVAILABLE_NOT_NOW,
                                           .expected_end = 77};
    states[1] = (struct ecs_service_state){.service = text(arena, "data"), .rat = text(arena, "nr")};
    *place = (struct ecs_place){.area = text(arena, "north"),
                                .country = text(arena, "DE"),
                                .partner = true,
                                .visited = visited,
                                .n_visited = 2,
                                .states = states,
                                .n_states = 2};
    return (struct ecs_subscriber_facts){.known = true,
                                         .imsi = text(arena, "001010123456789"),
                                         .features = features,
                                         .n_features = 1,
                                         .place = place};
}

static void test_a_copy_stands_alone(void **state)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_subscriber_facts facts = make(arena), *copy = ecs_facts_copy(&facts);
    const struct ecs_place *place;

    (void)state;
    assert_non_null(copy);
    ecs_arena_free(arena);
    place = copy->place;
    assert_true(ecs_str_eq(copy->imsi, ECS_STR("001010123456789")));
    assert_true(ecs_facts_has_feature(copy, ECS_STR("volte")));
    assert_true(ecs_str_eq(place->area, ECS_STR("north")) && ecs_str_eq(place->country, ECS_STR("DE")));
    assert_null(place->enterprise.p);
    assert_true(place->partner && place->n_visited == 2 && ecs_str_eq(place->visited[1], ECS_STR("data")));
    assert_int_equal(place->n_states, 2);
    assert_true(ecs_str_eq(place->states[0].service, ECS_STR("volte")));
    assert_true(ecs_str_eq(place->states[0].message_key, ECS_STR("outage")));
    assert_int_equal(place->states[0].state, ECS_AVAILABLE_NOT_NOW);
    assert_int_equal(place->states[0].expected_end, 77);
    assert_true(ecs_str_eq(place->states[1].rat, ECS_STR("nr")));
    assert_null(place->states[1].message_key.p);
    free(copy);
}

static void test_facts_without_a_place_have_none(void **state)
{
    const struct ecs_subscriber_facts facts = {.known = false};
    struct ecs_subscriber_facts *copy = ecs_facts_copy(&facts);

    (void)state;
    assert_non_null(copy);
    assert_null(copy->place);
    free(copy);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_copy_stands_alone),
        cmocka_unit_test(test_facts_without_a_place_have_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
