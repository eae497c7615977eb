/* SPDX-License-Identifier: Apache-2.0 */
/* Facts of where a line is and what its card says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "app/app_internal.h"
#include "ecs/app.h"
#include "ecs/sim.h"
#include "ecs/store_availability.h"

enum { NOW = 1772600000 };

struct scene {
    struct ecs_arena *arena;
    struct ecs_policy *policy;
    struct ecs_ts43_request request;
    struct ecs_place place;
    struct ecs_subscriber_facts line;
    struct ecs_imsi imsi;
    struct ecs_plmn home;
    struct ecs_gate gate;
    struct ecs_app_context context;
};

static int set_up(void **state)
{
    struct scene *s = test_calloc(1, sizeof(*s));
    struct ecs_faults faults;

    s->arena = ecs_arena_new(NULL, 0);
    ecs_faults_init(&faults, s->arena);
    s->policy = ecs_policy_load(ECS_SOURCE_DIR "/conf/policy.d", &faults, NULL);
    assert_non_null(s->policy);
    s->request = (struct ecs_ts43_request){.apps = {ECS_APP_2004}, .n_apps = 1, .notif_action = -1};
    s->line = (struct ecs_subscriber_facts){.known = true, .place = &s->place};
    assert_true(ecs_imsi_parse(ECS_STR("001010123456789"), &s->imsi));
    assert_true(ecs_plmn_parse(ECS_STR("001002"), &s->home));
    s->gate = (struct ecs_gate){.home = &s->home, .n_home = 1};
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;

    ecs_policy_free(s->policy);
    ecs_arena_free(s->arena);
    test_free(s);
    return 0;
}

static const struct ecs_fact_value *facts_of(struct scene *s)
{
    s->context = (struct ecs_app_context){.arena = s->arena,
                                          .policy = s->policy,
                                          .request = &s->request,
                                          .line = &s->line,
                                          .imsi = &s->imsi,
                                          .gate = &s->gate,
                                          .now = NOW};
    ecs_app_facts(&s->context);
    return s->context.facts.v;
}

static void test_every_service_has_a_state_and_ready_when_nothing_is_told(void **state)
{
    static const enum ecs_fact facts[] = {
        ECS_FACT_NETWORK_VOLTE, ECS_FACT_NETWORK_VONR,  ECS_FACT_NETWORK_VOWIFI,  ECS_FACT_NETWORK_SMSOIP,
        ECS_FACT_NETWORK_DATA,  ECS_FACT_NETWORK_BOOST, ECS_FACT_NETWORK_BILLING, ECS_FACT_NETWORK_SATELLITE,
    };
    struct scene *s = *state;
    struct ecs_service_state row = {.state = ECS_AVAILABLE_NOT_NOW};

    for (size_t i = 0; i < ECS_ARRAY_LEN(facts); i++) {
        const struct ecs_fact_value *v;

        s->place = (struct ecs_place){.states = &row, .n_states = 1};
        row.service = ecs_str_of(ecs_state_services[i]);
        v = facts_of(s);
        for (size_t k = 0; k < ECS_ARRAY_LEN(facts); k++) {
            assert_true(v[facts[k]].known);
            assert_int_equal(v[facts[k]].i, i == k ? ECS_AVAILABILITY_NOT_NOW : ECS_AVAILABILITY_READY);
        }
    }
    assert_null(ecs_state_services[ECS_ARRAY_LEN(facts)]);
    s->line.place = NULL; /* nothing was read */
    assert_false(facts_of(s)[ECS_FACT_NETWORK_VOLTE].known);
}

static void test_a_state_of_one_radio_access_is_not_that_of_the_service(void **state)
{
    struct scene *s = *state;
    const struct ecs_service_state row = {
        .service = ECS_STR("data"), .rat = ECS_STR("nr"), .state = ECS_AVAILABLE_NOT_NOW};

    s->place = (struct ecs_place){.states = &row, .n_states = 1};
    assert_int_equal(facts_of(s)[ECS_FACT_NETWORK_DATA].i, ECS_AVAILABILITY_READY);
}

static void test_the_text_is_that_of_the_state_that_explains_the_answer(void **state)
{
    struct scene *s = *state;
    struct ecs_service_state rows[] = {
        {.service = ECS_STR("billing"),
         .rat = ECS_STR("nr"),
         .state = ECS_AVAILABLE_NOT_DEPLOYED,
         .message_key = ECS_STR("of-nr")},
        {.service = ECS_STR("billing"), .state = ECS_AVAILABLE_DEGRADED, .message_key = ECS_STR("of-all")},
        {.service = ECS_STR("data"), .state = ECS_AVAILABLE_DEGRADED, .message_key = ECS_STR("of-data")},
        {.service = ECS_STR("boost"), .state = ECS_AVAILABLE_NOT_NOW, .message_key = ECS_STR("of-boost")},
    };

    s->place = (struct ecs_place){.states = rows, .n_states = ECS_ARRAY_LEN(rows)};
    (void)facts_of(s);
    assert_true(ecs_str_eq(app_state_message(&s->context, "billing"), ECS_STR("of-all")));
    assert_true(ecs_str_eq(app_state_message(&s->context, "dataplan"), ECS_STR("of-boost"))); /* the worse */
    rows[1].state = ECS_AVAILABLE_READY;
    assert_true(ecs_str_eq(app_state_message(&s->context, "billing"), ECS_STR("of-nr")));
    assert_int_equal(app_state_message(&s->context, "satmode").n, 0);
}

static void test_the_visited_network_says_whether_a_line_roams(void **state)
{
    static const struct {
        enum ecs_roaming row;
        const char *visited;
        int roams; /* -1: not known */
    } rows[] = {
        {ECS_ROW_ROAMING_UNKNOWN, NULL, -1},    {ECS_ROW_ROAMING_UNKNOWN, "00101", 0},
        {ECS_ROW_ROAMING_UNKNOWN, "001002", 0}, {ECS_ROW_ROAMING_UNKNOWN, "26201", 1},
        {ECS_ROW_ROAMING_HOME, "26201", 0},     {ECS_ROW_ROAMING_ROAMING, "00101", 1},
        {ECS_ROW_ROAMING_HOME, NULL, 0},
    };
    struct scene *s = *state;

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        const struct ecs_fact_value *v;

        s->line.roaming = rows[i].row;
        s->line.visited_plmn = ecs_str_of(rows[i].visited);
        v = &facts_of(s)[ECS_FACT_LINE_ROAMING];
        assert_int_equal(v->known, rows[i].roams >= 0);
        if (v->known)
            assert_int_equal(v->i, rows[i].roams ? ECS_ROAMING_ROAMING : ECS_ROAMING_HOME);
    }
}

static void test_a_partner_tells_what_works_abroad(void **state)
{
    struct scene *s = *state;
    const struct ecs_str services[] = {ECS_STR("volte")};
    const struct ecs_fact_value *v;

    s->line.visited_plmn = ECS_STR("26201");
    v = facts_of(s);
    assert_true(v[ECS_FACT_VISITED_PARTNER].known && !v[ECS_FACT_VISITED_PARTNER].i);
    assert_false(v[ECS_FACT_VISITED_SERVICES].known);
    s->place =
        (struct ecs_place){.partner = true, .country = ECS_STR("DE"), .visited = services, .n_visited = 1};
    v = facts_of(s);
    assert_int_equal(v[ECS_FACT_VISITED_PARTNER].i, 1);
    assert_int_equal(v[ECS_FACT_VISITED_SERVICES].n, 1);
    assert_true(ecs_str_eq(v[ECS_FACT_VISITED_COUNTRY].s, ECS_STR("DE")));
    s->line.visited_plmn = ECS_STR("00101");
    assert_false(facts_of(s)[ECS_FACT_VISITED_PARTNER].known); /* at home there are no partners */
}

/* proves: P-071 */
static void test_the_card_gives_a_brand_only_to_a_line_without_one(void **state)
{
    struct ecs_str gid = ECS_STR("0a");
    const struct ecs_sim_conf rows[] = {{.brand = "blue", .gid1 = {.items = &gid, .n = 1}}};
    struct scene *s = *state;
    const struct ecs_fact_value *v;

    s->gate.sims = rows;
    s->gate.n_sims = 1;
    assert_false(facts_of(s)[ECS_FACT_BRAND].known);
    s->request.param[ECS_P_GID1] = ECS_STR("0AFF");
    v = facts_of(s);
    assert_true(ecs_str_eq(v[ECS_FACT_BRAND].s, ECS_STR("blue")));
    assert_true(ecs_str_eq(v[ECS_FACT_SIM_BRAND].s, ECS_STR("blue")));
    assert_false(v[ECS_FACT_SIM_OTHER_BRAND].known);
    s->line.brand = ECS_STR("green");
    v = facts_of(s);
    assert_true(ecs_str_eq(v[ECS_FACT_BRAND].s, ECS_STR("green")));
    assert_int_equal(v[ECS_FACT_SIM_OTHER_BRAND].i, 1);
    s->line.brand = ECS_STR("blue");
    v = facts_of(s);
    assert_true(v[ECS_FACT_SIM_OTHER_BRAND].known && !v[ECS_FACT_SIM_OTHER_BRAND].i);
    s->line = (struct ecs_subscriber_facts){.known = false};
    assert_false(facts_of(s)[ECS_FACT_BRAND].known); /* a card without a subscriber */
}

static void test_area_and_enterprise_of_the_line_are_facts(void **state)
{
    struct scene *s = *state;
    const struct ecs_fact_value *v;

    assert_false(facts_of(s)[ECS_FACT_LINE_ENTERPRISE].known);
    s->place = (struct ecs_place){.area = ECS_STR("north.coast"), .enterprise = ECS_STR("ent-1")};
    v = facts_of(s);
    assert_true(ecs_str_eq(v[ECS_FACT_LINE_AREA].s, ECS_STR("north.coast")));
    assert_true(ecs_str_eq(v[ECS_FACT_LINE_ENTERPRISE].s, ECS_STR("ent-1")));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_service_has_a_state_and_ready_when_nothing_is_told, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_state_of_one_radio_access_is_not_that_of_the_service, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_the_text_is_that_of_the_state_that_explains_the_answer, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_the_visited_network_says_whether_a_line_roams, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_partner_tells_what_works_abroad, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_card_gives_a_brand_only_to_a_line_without_one, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_area_and_enterprise_of_the_line_are_facts, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
