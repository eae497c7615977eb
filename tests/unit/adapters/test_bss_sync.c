/* SPDX-License-Identifier: Apache-2.0 */
/* Hubs and reconciliation with a database and a double of the BSS: registered once, page by page, resumed
 * where it was left, and only what differs is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../pg_test.h"
#include "bss_rig.h"
#include "ecs/bss_sync.h"
#include "ecs/log.h"
#include "ecs/schema.h"
#include "ecs/store.h"

#define SERVICE "/base/tmf-api/serviceInventory/v4/service"
#define PRODUCT "/base/tmf-api/productInventory/v4/product"

static struct bss_world world;
static struct ecs_store *store;
static struct ecs_pg_stats stats;

static int set_up(void **state)
{
    struct ecs_pg_sync *sync = NULL;
    char error[256];

    ecs_log_init(ECS_LOG_TEXT, ECS_LOG_ERROR);
    if (pg_test_start() != 0 || ecs_pg_sync_connect(pg_test_conninfo(), 5, error, &sync) != ECS_OK ||
        ecs_schema_upgrade(sync, NULL) != ECS_OK)
        return -1;
    ecs_pg_sync_free(sync);
    pg_test_sql(
        "INSERT INTO plan (plan, name) VALUES ('basic', 'Basic'), ('gold', 'Gold');"
        "INSERT INTO subscriber (imsi, plan, msisdn) VALUES ('001010000000001', 'basic', '491700000001'),"
        "('001010000000002', 'basic', '491700000002'), ('001010000000003', 'basic', '491700000003'),"
        "('001010000000004', 'basic', '491700000003')");
    return start_origin(state);
}

static int tear_down(void **state)
{
    return stop_origin(state);
}

static void open_world(void)
{
    struct ecs_store_conf conf = {
        .ind_bits = 5, .limit_attempts = 200, .limit_window_s = 60, .session_life_s = 60};

    world = (struct bss_world){
        .conf = {.type = ECS_BSS_TMF, .sync_every_s = 60, .callback = "https://ecs.example/bss"}};
    bss_open(&world);
    conf.pg.conninfo = pg_test_conninfo();
    store = ecs_store_new(world.w.rig.loop, &conf, &stats);
    assert_non_null(store);
    pg_test_sql("UPDATE bss_cursor SET since = NULL, began_at = NULL, leased_to = NULL, page = 0");
}

static void close_world(void)
{
    ecs_store_free(store);
    bss_close(&world);
}

static struct ecs_bss_sync work;
static bool over;

static enum ecs_next run_hubs(struct ecs_flow *f)
{
    return ecs_flow_call(f, ecs_bss_hub_steps, &work);
}

static enum ecs_next run_sync(struct ecs_flow *f)
{
    return ecs_flow_call(f, ecs_bss_sync_steps, &work);
}

static enum ecs_next done(struct ecs_flow *f)
{
    over = f->rc == ECS_OK;
    return ECS_DONE;
}

static void ended(struct ecs_flow *f)
{
    unsigned *left = f->frame[0].self;

    *left = 0;
}

static void run(enum ecs_next (*what)(struct ecs_flow *f))
{
    const struct ecs_step steps[] = {{"what", what, 0}, {"done", done, 0}, {0}};
    struct ecs_flow flow;
    unsigned left = 1;

    work = (struct ecs_bss_sync){.bss = world.bss, .store = store};
    over = false;
    ecs_flow_start(&flow, world.w.rig.loop, world.w.arena, NULL, steps, &left, ended);
    pg_test_turn(world.w.rig.loop, &left, 8000);
    assert_int_equal(left, 0);
    assert_true(over);
}

static void test_each_hub_is_told_once(void **state)
{
    (void)state;
    open_world();
    set_rule(
        &world.w,
        "{\"path\": \"/base/tmf-api/serviceInventory/v4/hub\", \"status\": 201, \"json\": {\"id\": \"h-1\"}},"
        "{\"path\": \"/base/tmf-api/productInventory/v4/hub\", \"status\": 409},"
        "{\"path\": \"/base/tmf-api/serviceOrdering/v4/hub\", \"status\": 503}");
    run(run_hubs);
    assert_int_equal(work.registered, 2);
    assert_non_null(work.why);
    check_asked(&world, "{\\\"callback\\\":\\\"https://ecs.example/bss\\\"}");
    assert_int_equal(asked_times(&world.w), 3);
    assert_int_equal(
        pg_test_number("SELECT count(*) FROM bss_hub WHERE hub_id = 'h-1' AND api = 'service-hub'"), 1);
    set_rule(&world.w,
             "{\"path\": \"/base/tmf-api/serviceOrdering/v4/hub\", \"status\": 201, \"json\": {\"id\": 7}}");
    run(run_hubs); /* the one that is missing */
    assert_int_equal(work.registered, 1);
    assert_null(work.why);
    assert_int_equal(asked_times(&world.w), 4);
    run(run_hubs);
    assert_int_equal(work.registered, 0);
    assert_int_equal(asked_times(&world.w), 4);
    close_world();
}

/* A service of a line; four at a time. */
static const char *a_line(const char *spec, const char *is_state, const char *msisdn)
{
    static char text[4][512];
    static unsigned turn;
    char *p = text[turn++ % 4];

    snprintf(p, sizeof(text[0]),
             "{\"id\": \"s\", \"state\": \"%s\", \"serviceSpecification\": {\"id\": \"%s\"}, "
             "\"serviceCharacteristic\": "
             "[{\"name\": \"msisdn\", \"value\": \"%s\"}]}",
             is_state, spec, msisdn);
    return p;
}

/* Services and products of the lines, and one profile. */
static void set_changes(void)
{
    static const char products[] = "{\"status\": \"suspended\", \"productSerialNumber\": \"491700000001\", "
                                   "\"productOffering\": {\"id\": \"gold\"}},"
                                   "{\"status\": \"active\", \"productSerialNumber\": \"491700000002\", "
                                   "\"productOffering\": {\"id\": \"unknown\"}},"
                                   "{\"status\": \"terminated\", \"productSerialNumber\": \"491700000003\"}";
    static const char profile[] =
        "{\"state\": \"active\", \"serviceSpecification\": {\"id\": \"CFS_COMPANION\"}, "
        "\"serviceCharacteristic\": "
        "[{\"name\": \"primaryMsisdn\", \"value\": \"491700000001\"}, {\"name\": \"iccid\", \"value\": "
        "\"8944500102198304826\"}]}";
    char rules[8192];

    snprintf(rules, sizeof(rules),
             "{\"path\": \"" SERVICE
             "\", \"headers\": {\"X-Total-Count\": \"5\"}, \"json\": [%s, %s, %s, %s, %s]},"
             "{\"path\": \"" PRODUCT "\", \"headers\": {\"X-Total-Count\": \"3\"}, \"json\": [%s]}",
             a_line("CFS_VOWIFI", "active", "491700000001"), a_line("CFS_VOLTE", "reserved", "491700000001"),
             a_line("CFS_VOWIFI", "active", "499999999999"), a_line("CFS_VOWIFI", "active", "491700000003"),
             profile, products);
    set_rule(&world.w, rules);
}

static void test_changes_are_written_where_they_differ(void **state)
{
    (void)state;
    open_world();
    set_changes();
    run(run_sync);
    assert_null(work.why);
    assert_false(work.more);
    assert_int_equal(work.seen, 8);
    assert_int_equal(work.changed,
                     3); /* vowifi, volte, the suspended line; numbers of two lines are nobody's */
    assert_int_equal(work.n_events, 1);
    check_text(work.events[0].profile.iccid, "8944500102198304826");
    check_text(work.events[0].subject.msisdn, "491700000001");
    assert_int_equal(
        pg_test_number("SELECT count(*) FROM line_service WHERE imsi = '001010000000001' AND ((service = "
                       "'vowifi' AND prov_status = 1) OR (service = 'volte' AND prov_status = 3))"),
        2);
    assert_int_equal(
        pg_test_number("SELECT count(*) FROM subscriber WHERE line_state = 'suspended' AND plan = 'gold'"),
        1);
    assert_int_equal(
        pg_test_number("SELECT count(*) FROM subscriber WHERE line_state = 'active' AND plan = 'basic'"), 3);
    assert_int_equal(pg_test_number("SELECT sum(seen)::bigint FROM bss_cursor"), 8);
    close_world();
}

static void test_a_pass_begins_when_it_is_time_and_writes_nothing_twice(void **state)
{
    (void)state;
    open_world();
    set_changes();
    run(run_sync);
    run(run_sync); /* not yet time */
    assert_int_equal(work.seen, 0);
    assert_int_equal(asked_times(&world.w), 2);
    pg_test_sql("UPDATE bss_cursor SET since = since - interval '2 minutes'");
    run(run_sync);
    assert_int_equal(work.seen, 8);
    assert_int_equal(work.changed, 0);
    check_asked(&world, "lastUpdate.gte=20");
    close_world();
}

static void test_a_pass_goes_on_where_it_was_left(void **state)
{
    char rules[2048];

    (void)state;
    open_world();
    snprintf(rules, sizeof(rules),
             "{\"path\": \"" SERVICE "\", \"times\": 1, \"json\": [%s]},"
             "{\"path\": \"" SERVICE "\", \"times\": 1, \"status\": 503},"
             "{\"path\": \"" SERVICE "\", \"json\": []}, {\"path\": \"" PRODUCT "\", \"json\": []}",
             a_line("CFS_VOWIFI", "active", "491700000002"));
    set_rule(&world.w, rules);
    run(run_sync);
    assert_true(work.more); /* without a count only an empty page is the last one */
    assert_int_equal(pg_test_number("SELECT page FROM bss_cursor WHERE what = 'service'"), 1);
    run(run_sync);
    assert_non_null(work.why);
    assert_int_equal(pg_test_number("SELECT page FROM bss_cursor WHERE what = 'service'"), 1);
    run(run_sync); /* left alone for a minute */
    assert_null(work.why);
    assert_int_equal(asked_times(&world.w), 3);
    pg_test_sql("UPDATE bss_cursor SET leased_to = NULL");
    run(run_sync);
    check_asked(&world, "offset=1&limit=50");
    assert_int_equal(
        pg_test_number(
            "SELECT count(*) FROM bss_cursor WHERE what = 'service' AND page = 0 AND began_at IS NULL AND "
            "since IS NOT NULL"),
        1);
    close_world();
}

static void test_pages_that_are_no_lists_stop_the_pass(void **state)
{
    (void)state;
    open_world();
    set_rule(&world.w,
             "{\"path\": \"" SERVICE "\", \"json\": {\"a\": 1}}, {\"path\": \"" PRODUCT "\", \"json\": []}");
    run(run_sync);
    assert_non_null(work.why);
    assert_int_equal(pg_test_number("SELECT count(*) FROM bss_cursor WHERE since IS NULL"), 1);
    close_world();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_hub_is_told_once),
        cmocka_unit_test(test_changes_are_written_where_they_differ),
        cmocka_unit_test(test_a_pass_begins_when_it_is_time_and_writes_nothing_twice),
        cmocka_unit_test(test_a_pass_goes_on_where_it_was_left),
        cmocka_unit_test(test_pages_that_are_no_lists_stop_the_pass),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
