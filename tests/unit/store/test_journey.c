/* SPDX-License-Identifier: Apache-2.0 */
/* Journeys, profiles, enterprises, relations and offers as the operator's interface looks at them, against a
 * real server with the real schema. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../pg_test.h"
#include "ecs/log.h"
#include "ecs/schema.h"
#include "ecs/store_journey.h"

static struct rig {
    struct ecs_loop *loop;
    struct ecs_pg_stats stats;
    struct ecs_store *store;
} rig;

/* ---- one call as a flow ---- */

struct job {
    struct ecs_flow flow;
    enum ecs_next (*call)(struct ecs_flow *f, struct job *j);
    struct ecs_journey_filter filter;
    struct ecs_journey_rows journeys;
    struct ecs_journey_step_rows steps;
    struct ecs_journey_counts counts;
    struct ecs_profile_rows profiles;
    struct ecs_enterprise_row enterprise;
    struct ecs_enterprise_rows enterprises;
    struct ecs_relation_row relation;
    struct ecs_relation_rows relations;
    struct ecs_plan_offer offer;
    struct ecs_plan_offers offers;
    struct ecs_str key, other;
    int64_t id;
    unsigned limit, left;
    bool created;
};

static enum ecs_next call(struct ecs_flow *f)
{
    struct job *j = f->self;

    return j->call(f, j);
}
static enum ecs_next end(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}
static const struct ecs_step steps[] = {{"call", call, 0}, {"end", end, 0}, {"error", end, 0}, {0}};

static void on_end(struct ecs_flow *f)
{
    struct job *j = f->frame[0].self;

    j->left = 0;
}

static enum ecs_rc run(struct job *j, enum ecs_next (*what)(struct ecs_flow *f, struct job *j))
{
    ecs_arena_free(j->flow.arena);
    j->call = what;
    j->left = 1;
    j->flow.arena = ecs_arena_new(NULL, 0);
    assert_non_null(j->flow.arena);
    ecs_flow_start(&j->flow, rig.loop, j->flow.arena, NULL, steps, j, on_end);
    pg_test_turn(rig.loop, &j->left, 8000);
    assert_int_equal(j->left, 0);
    if (j->flow.rc == ECS_E_INTERNAL)
        fail_msg("%s", j->flow.reason);
    return j->flow.rc;
}

#define IMSI  "001010000000001"
#define OTHER "001010000000002"
#define EID   "89049032000000000000000000000019"
#define ICCID "8901000000000000013"
#define OLD   "8901000000000000021"

/* Six journeys: 1 ended, 2 ready, 3 tried twice, 4 overdue, 5 of an enterprise, 6 a transfer of the other
 * line. */
static const char rows[] =
    "INSERT INTO plan (plan, name) VALUES ('basic', 'Basic');"
    "INSERT INTO subscriber (imsi, msisdn, plan) VALUES ('" IMSI "', '491700000001', 'basic'),"
    " ('" OTHER "', '491700000002', 'basic');"
    "INSERT INTO brand (brand, name) VALUES ('blue', 'Blue');"
    "INSERT INTO enterprise (enterprise_id, name, max_devices) VALUES ('acme', 'Acme', 10);"
    "INSERT INTO journey (kind, state, imsi, app, operation_type, target_id, ended_at) VALUES"
    " ('companion', 'done', '" IMSI "', 2006, 0, 'w1', now());"
    "INSERT INTO journey (kind, state, imsi, app, operation_type, target_id, eid, iccid, code) VALUES"
    " ('companion', 'ready', '" IMSI "', 2006, 0, 'w2', '" EID "', '" ICCID "', '\\x010203');"
    "INSERT INTO journey (kind, state, imsi, app, operation_type, target_id, attempts, due_at) VALUES"
    " ('primary', 'reserving', '" IMSI "', 2009, 0, 'p1', 2, now() + interval '1 hour');"
    "INSERT INTO journey (kind, state, imsi, app, operation_type, target_id, deadline_at) VALUES"
    " ('companion', 'ready', '" IMSI "', 2006, 0, 'w3', now() - interval '1 hour');"
    "INSERT INTO journey (kind, state, enterprise, app, operation_type, target_id) VALUES"
    " ('enterprise', 'ready', 'acme', 2011, 0, 't1');"
    "INSERT INTO journey (kind, state, imsi, app, operation_type, target_id, old_iccid, changed_at) VALUES"
    " ('transfer', 'choosing', '" OTHER "', 2009, 3, 'p2', '" OLD "', now() - interval '2 days');"
    "INSERT INTO journey_step (journey, at, event, state_to, neighbour, detail) VALUES"
    " (2, '2026-01-01T10:00:00.250Z', 'created', 'reserving', 'device', '');"
    "INSERT INTO journey_step (journey, event, state_from, state_to, neighbour, call, detail, us) VALUES"
    " (2, 'ok', 'reserving', 'activating', 'smdp main', 'downloadOrder', 'Executed-Success', 1234),"
    " (2, 'ok', 'activating', 'confirming', 'bss', 'subscribe', '', 99);"
    "INSERT INTO profile (imsi, app, iccid, journey) VALUES ('" IMSI "', 2006, '" ICCID "', 2);"
    "INSERT INTO profile (imsi, app, iccid, status, ended_at) VALUES ('" IMSI "', 2009, '" OLD "', 4, now());"
    "INSERT INTO profile (enterprise, app, iccid) VALUES ('acme', 2011, '8901000000000000039')";

#define CALL(name, call_)                                                                                    \
    static enum ecs_next name(struct ecs_flow *f, struct job *j)                                             \
    {                                                                                                        \
        return call_;                                                                                        \
    }
CALL(list, ecs_store_journey_list(f, rig.store, &j->filter, &j->journeys))
CALL(timeline, ecs_store_journey_timeline(f, rig.store, j->id, j->limit, &j->steps))
CALL(count, ecs_store_journey_count(f, rig.store, 300, &j->counts))
CALL(profile_list, ecs_store_profile_list(f, rig.store, j->key, j->other, 100, &j->profiles))
CALL(enterprise_list, ecs_store_enterprise_list(f, rig.store, 100, &j->enterprises))
CALL(enterprise_get, ecs_store_enterprise_get(f, rig.store, j->key, &j->enterprise))
CALL(enterprise_put, ecs_store_enterprise_put(f, rig.store, &j->enterprise, &j->created))
CALL(enterprise_delete, ecs_store_enterprise_delete(f, rig.store, j->key))
CALL(relation_list, ecs_store_relation_list(f, rig.store, j->key, &j->relations))
CALL(relation_put, ecs_store_relation_put(f, rig.store, &j->relation, &j->created))
CALL(relation_delete, ecs_store_relation_delete(f, rig.store, j->key, j->other))
CALL(offer_list, ecs_store_plan_offer_list(f, rig.store, 100, &j->offers))
CALL(offer_put, ecs_store_plan_offer_put(f, rig.store, &j->offer, &j->created))
CALL(offer_delete, ecs_store_plan_offer_delete(f, rig.store, j->offer.id, j->offer.app))

static int setup(void **state)
{
    struct ecs_store_conf conf = {.session_life_s = 60};
    struct ecs_pg_sync *sync = NULL;
    char error[256];

    (void)state;
    ecs_log_init(ECS_LOG_TEXT, ECS_LOG_ERROR);
    rig.loop = ecs_loop_new();
    if (!rig.loop || pg_test_start() != 0 ||
        ecs_pg_sync_connect(pg_test_conninfo(), 5, error, &sync) != ECS_OK)
        return -1;
    if (ecs_schema_upgrade(sync, NULL) != ECS_OK) {
        fprintf(stderr, "%s\n", ecs_pg_sync_error(sync));
        return -1;
    }
    ecs_pg_sync_free(sync);
    pg_test_sql(rows);
    conf.pg.conninfo = pg_test_conninfo();
    rig.store = ecs_store_new(rig.loop, &conf, &rig.stats);
    return rig.store ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    ecs_store_free(rig.store);
    ecs_loop_free(rig.loop);
    return 0;
}

/* ---- journeys ---- */

/* Ids in the order of the list, as text. */
static void assert_listed(struct job *j, const char *wanted)
{
    char text[64] = "";

    if (!j->filter.limit)
        j->filter.limit = 100;
    if (!j->filter.stuck_s)
        j->filter.stuck_s = 300;
    assert_int_equal(run(j, list), ECS_OK);
    for (size_t i = 0; i < j->journeys.n; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%lld", i ? " " : "",
                 (long long)j->journeys.rows[i].id);
    assert_string_equal(text, wanted);
}

static void test_each_filter_finds_its_own(void **state)
{
    static const struct {
        struct ecs_journey_filter filter;
        const char *wanted;
    } cases[] = {
        {{.kind = -1}, "6 5 4 3 2 1"},
        {{.kind = -1, .limit = 2}, "6 5"},
        {{.kind = -1, .before = 3}, "2 1"},
        {{.kind = -1, .open = true}, "6 5 4 3 2"},
        {{.kind = -1, .stuck = true}, "4 3"},
        {{.kind = -1, .stuck = true, .stuck_s = 7200}, "3"},
        {{.kind = ECS_JOURNEY_COMPANION}, "4 2 1"},
        {{.kind = ECS_JOURNEY_COMPANION, .open = true, .before = 4}, "2"},
        {{.kind = -1, .state = {"ready", 5}}, "5 4 2"},
        {{.kind = -1, .imsi = {IMSI, 15}}, "4 3 2 1"},
        {{.kind = -1, .imsi = {IMSI, 15}, .open = true, .limit = 2}, "4 3"},
        {{.kind = -1, .imsi = {IMSI, 15}, .stuck = true}, "4 3"},
        {{.kind = -1, .msisdn = {"491700000002", 12}}, "6"},
        {{.kind = -1, .iccid = {ICCID, 19}}, "2"},
        {{.kind = -1, .iccid = {OLD, 19}}, "6"},
        {{.kind = -1, .eid = {EID, 32}}, "2"},
        {{.kind = -1, .enterprise = {"ACME", 4}}, "5"},
        {{.kind = -1, .imsi = {OTHER, 15}, .iccid = {ICCID, 19}}, ""},
        {{.kind = -1, .imsi = {IMSI, 15}, .eid = {EID, 32}, .state = {"done", 4}}, ""},
        {{.kind = -1, .imsi = {"001019999999999", 15}}, ""},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(cases); i++) {
        struct job j = {.filter = cases[i].filter};

        assert_listed(&j, cases[i].wanted);
        ecs_arena_free(j.flow.arena);
    }
}

static void test_a_row_has_what_is_known(void **state)
{
    struct job j = {.filter = {.kind = -1, .eid = {EID, 32}}};
    const struct ecs_journey *row;

    (void)state;
    assert_listed(&j, "2");
    row = &j.journeys.rows[0];
    assert_int_equal(row->kind, ECS_JOURNEY_COMPANION);
    assert_true(ecs_str_eq(row->state, ECS_STR("ready")));
    assert_true(ecs_str_eq(row->imsi, ECS_STR(IMSI)));
    assert_true(ecs_str_eq(row->iccid, ECS_STR(ICCID)));
    assert_int_equal(row->key.n, 36);
    assert_int_equal(row->app, 2006);
    assert_null(row->enterprise.p);
    assert_int_equal(row->ended_at, 0);
    assert_false(row->leased);
    ecs_arena_free(j.flow.arena);
}

static void test_the_timeline_is_in_order_and_keeps_the_last_steps(void **state)
{
    struct job j = {.id = 2, .limit = 100};

    (void)state;
    assert_int_equal(run(&j, timeline), ECS_OK);
    assert_int_equal(j.steps.n, 3);
    assert_int_equal(j.steps.rows[0].at_us % 1000000, 250000);
    assert_null(j.steps.rows[0].from.p);
    assert_int_equal(j.steps.rows[0].us, -1);
    assert_true(ecs_str_eq(j.steps.rows[1].call, ECS_STR("downloadOrder")));
    assert_int_equal(j.steps.rows[1].us, 1234);
    assert_true(ecs_str_eq(j.steps.rows[2].to, ECS_STR("confirming")));
    j.limit = 2;
    assert_int_equal(run(&j, timeline), ECS_OK);
    assert_int_equal(j.steps.n, 2);
    assert_true(ecs_str_eq(j.steps.rows[0].call, ECS_STR("downloadOrder")));
    j.id = 99;
    assert_int_equal(run(&j, timeline), ECS_OK);
    assert_int_equal(j.steps.n, 0);
    ecs_arena_free(j.flow.arena);
}

static void test_open_ones_are_counted_by_kind_and_state(void **state)
{
    struct job j = {0};
    int64_t n = 0, stuck = 0;

    (void)state;
    assert_int_equal(run(&j, count), ECS_OK);
    assert_int_equal(j.counts.n, 4);
    for (size_t i = 0; i < j.counts.n; i++) {
        const struct ecs_journey_count *row = &j.counts.rows[i];

        n += row->n;
        stuck += row->stuck;
        assert_false(ecs_str_eq(row->state, ECS_STR("done")));
        if (ecs_str_eq(row->kind, ECS_STR("companion"))) {
            assert_int_equal(row->n, 2);
            assert_int_equal(row->stuck, 1);
        }
    }
    assert_int_equal(n, 5);
    assert_int_equal(stuck, 2);
    ecs_arena_free(j.flow.arena);
}

static void test_profiles_of_a_line_or_an_enterprise(void **state)
{
    struct job j = {.key = ECS_STR(IMSI)};

    (void)state;
    assert_int_equal(run(&j, profile_list), ECS_OK);
    assert_int_equal(j.profiles.n, 2);
    assert_int_equal(j.profiles.rows[0].status, 4);
    assert_int_equal(j.profiles.rows[1].journey, 2);
    assert_true(ecs_str_eq(j.profiles.rows[1].iccid, ECS_STR(ICCID)));
    j.key = ECS_STR_NULL;
    j.other = ECS_STR("Acme");
    assert_int_equal(run(&j, profile_list), ECS_OK);
    assert_int_equal(j.profiles.n, 1);
    assert_int_equal(j.profiles.rows[0].app, 2011);
    ecs_arena_free(j.flow.arena);
}

/* ---- lists that people keep ---- */

static void test_an_enterprise_is_added_changed_and_removed(void **state)
{
    struct job j = {.key = ECS_STR("Beta")};

    (void)state;
    j.enterprise = (struct ecs_enterprise_row){.enterprise = ECS_STR("Beta"), .max_devices = -2};
    assert_int_equal(run(&j, enterprise_put), ECS_OK);
    assert_true(j.created);
    assert_int_equal(run(&j, enterprise_get), ECS_OK);
    assert_true(ecs_str_eq(j.enterprise.enterprise, ECS_STR("beta")));
    assert_true(ecs_str_eq(j.enterprise.state, ECS_STR("active")));
    assert_int_equal(j.enterprise.max_devices, -1);
    j.enterprise = (struct ecs_enterprise_row){.enterprise = ECS_STR("beta"),
                                               .name = ECS_STR("Beta GmbH"),
                                               .state = ECS_STR("suspended"),
                                               .brand = ECS_STR("blue"),
                                               .max_devices = 5};
    assert_int_equal(run(&j, enterprise_put), ECS_OK);
    assert_false(j.created);
    j.enterprise = (struct ecs_enterprise_row){.enterprise = ECS_STR("beta"), .max_devices = -2};
    assert_int_equal(run(&j, enterprise_put), ECS_OK); /* nothing is told: nothing changes */
    assert_int_equal(run(&j, enterprise_get), ECS_OK);
    assert_true(ecs_str_eq(j.enterprise.name, ECS_STR("Beta GmbH")));
    assert_true(ecs_str_eq(j.enterprise.brand, ECS_STR("blue")));
    assert_int_equal(j.enterprise.max_devices, 5);
    j.enterprise =
        (struct ecs_enterprise_row){.enterprise = ECS_STR("beta"), .brand = ECS_STR(""), .max_devices = -1};
    assert_int_equal(run(&j, enterprise_put), ECS_OK);
    assert_int_equal(run(&j, enterprise_get), ECS_OK);
    assert_null(j.enterprise.brand.p);
    assert_int_equal(j.enterprise.max_devices, -1);
    assert_int_equal(run(&j, enterprise_list), ECS_OK);
    assert_int_equal(j.enterprises.n, 2);
    assert_int_equal(j.enterprises.rows[0].devices, 1);
    assert_int_equal(run(&j, enterprise_delete), ECS_OK);
    assert_int_equal(run(&j, enterprise_delete), ECS_E_NOT_FOUND);
    assert_int_equal(run(&j, enterprise_get), ECS_E_NOT_FOUND);
    ecs_arena_free(j.flow.arena);
}

static void test_a_wrong_enterprise_is_refused(void **state)
{
    struct job j = {0};

    (void)state;
    j.enterprise = (struct ecs_enterprise_row){.enterprise = ECS_STR("a b"), .max_devices = -2};
    assert_int_equal(run(&j, enterprise_put), ECS_E_BAD_PARAMETER);
    j.enterprise = (struct ecs_enterprise_row){
        .enterprise = ECS_STR("gamma"), .brand = ECS_STR("no-such"), .max_devices = -2};
    assert_int_equal(run(&j, enterprise_put), ECS_E_BAD_PARAMETER);
    ecs_arena_free(j.flow.arena);
}

static void test_an_enterprise_with_something_alive_stays(void **state)
{
    struct job j = {.key = ECS_STR("acme")};

    (void)state;
    assert_int_equal(run(&j, enterprise_delete), ECS_E_CONFLICT);
    pg_test_sql("INSERT INTO enterprise (enterprise_id) VALUES ('delta');"
                "INSERT INTO journey (kind, state, enterprise, app, operation_type) VALUES"
                " ('enterprise', 'reserving', 'delta', 2011, 0)");
    j.key = ECS_STR("delta");
    assert_int_equal(run(&j, enterprise_delete), ECS_E_CONFLICT);
    pg_test_sql("UPDATE journey SET state = 'failed', ended_at = now() WHERE enterprise = 'delta'");
    assert_int_equal(run(&j, enterprise_delete), ECS_OK);
    ecs_arena_free(j.flow.arena);
}

static void test_lines_are_related_and_parted(void **state)
{
    struct job j = {.key = ECS_STR(IMSI), .other = ECS_STR(OTHER)};

    (void)state;
    j.relation = (struct ecs_relation_row){ECS_STR(IMSI), ECS_STR(OTHER), ECS_STR("family")};
    assert_int_equal(run(&j, relation_put), ECS_OK);
    assert_true(j.created);
    assert_int_equal(run(&j, relation_put), ECS_OK);
    assert_false(j.created);
    j.relation.imsi = ECS_STR("001019999999999");
    assert_int_equal(run(&j, relation_put), ECS_E_BAD_PARAMETER);
    j.key = ECS_STR(OTHER); /* seen from the other side */
    j.other = ECS_STR(IMSI);
    assert_int_equal(run(&j, relation_list), ECS_OK);
    assert_int_equal(j.relations.n, 1);
    assert_true(ecs_str_eq(j.relations.rows[0].imsi, ECS_STR(IMSI)));
    assert_int_equal(run(&j, relation_delete), ECS_OK);
    assert_int_equal(run(&j, relation_delete), ECS_E_NOT_FOUND);
    ecs_arena_free(j.flow.arena);
}

static void test_an_offer_is_added_changed_and_removed(void **state)
{
    struct job j = {0};

    (void)state;
    j.offer = (struct ecs_plan_offer){.id = ECS_STR("Watch-S"), .app = 2006, .sort = -1, .active = -1};
    assert_int_equal(run(&j, offer_put), ECS_OK);
    assert_true(j.created);
    j.offer = (struct ecs_plan_offer){.id = ECS_STR("Watch-S"),
                                      .app = 2006,
                                      .service = ECS_STR("SharedNumber"),
                                      .brand = ECS_STR("blue"),
                                      .description = ECS_STR("One number"),
                                      .sort = 5,
                                      .active = 0};
    assert_int_equal(run(&j, offer_put), ECS_OK);
    assert_false(j.created);
    j.offer = (struct ecs_plan_offer){
        .id = ECS_STR("Watch-S"), .app = 2006, .brand = ECS_STR(""), .sort = -1, .active = -1};
    assert_int_equal(run(&j, offer_put), ECS_OK);
    assert_int_equal(run(&j, offer_list), ECS_OK);
    assert_int_equal(j.offers.n, 1);
    assert_true(ecs_str_eq(j.offers.rows[0].name, ECS_STR("Watch-S")));
    assert_true(ecs_str_eq(j.offers.rows[0].description, ECS_STR("One number")));
    assert_true(ecs_str_eq(j.offers.rows[0].service, ECS_STR("SharedNumber")));
    assert_null(j.offers.rows[0].brand.p);
    assert_int_equal(j.offers.rows[0].sort, 5);
    assert_int_equal(j.offers.rows[0].active, 0);
    j.offer.brand = ECS_STR("no-such");
    assert_int_equal(run(&j, offer_put), ECS_E_BAD_PARAMETER);
    j.offer.app = 2009;
    assert_int_equal(run(&j, offer_delete), ECS_E_NOT_FOUND);
    j.offer.app = 2006;
    assert_int_equal(run(&j, offer_delete), ECS_OK);
    assert_int_equal(run(&j, offer_list), ECS_OK);
    assert_int_equal(j.offers.n, 0);
    ecs_arena_free(j.flow.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_filter_finds_its_own),
        cmocka_unit_test(test_a_row_has_what_is_known),
        cmocka_unit_test(test_the_timeline_is_in_order_and_keeps_the_last_steps),
        cmocka_unit_test(test_open_ones_are_counted_by_kind_and_state),
        cmocka_unit_test(test_profiles_of_a_line_or_an_enterprise),
        cmocka_unit_test(test_an_enterprise_is_added_changed_and_removed),
        cmocka_unit_test(test_a_wrong_enterprise_is_refused),
        cmocka_unit_test(test_an_enterprise_with_something_alive_stays),
        cmocka_unit_test(test_lines_are_related_and_parted),
        cmocka_unit_test(test_an_offer_is_added_changed_and_removed),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
