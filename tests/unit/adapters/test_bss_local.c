/* SPDX-License-Identifier: Apache-2.0 */
/* The built-in BSS on a real database: plans by line, orders once per key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../pg_test.h"
#include "ecs/bss.h"
#include "ecs/log.h"
#include "ecs/schema.h"
#include "ecs/store.h"

static struct ecs_loop *loop;
static struct ecs_store *store;
static struct ecs_pg_stats stats;
static struct ecs_arena *arena;
static struct ecs_bss *bss;
static struct ecs_bss_conf conf = {.type = ECS_BSS_LOCAL, .url = "", .callback = ""};

static int set_up(void **state)
{
    struct ecs_store_conf store_conf = {
        .ind_bits = 5, .limit_attempts = 200, .limit_window_s = 60, .session_life_s = 60};
    struct ecs_pg_sync *sync = NULL;
    struct ecs_bss_env env = {0};
    char error[256];

    (void)state;
    ecs_log_init(ECS_LOG_TEXT, ECS_LOG_ERROR);
    loop = ecs_loop_new();
    if (!loop || pg_test_start() != 0 || ecs_pg_sync_connect(pg_test_conninfo(), 5, error, &sync) != ECS_OK ||
        ecs_schema_upgrade(sync, NULL) != ECS_OK)
        return -1;
    ecs_pg_sync_free(sync);
    pg_test_sql("INSERT INTO brand (brand, name) VALUES ('blue', 'Blue'), ('red', 'Red');"
                "INSERT INTO plan (plan, name, brand) VALUES ('basic', 'Basic', 'blue');"
                "INSERT INTO subscriber (imsi, plan) VALUES ('001010000000001', 'basic');"
                "INSERT INTO subscriber (imsi, plan, brand) VALUES ('001010000000002', 'basic', 'red');"
                "INSERT INTO plan_offer (plan_id, app, brand, enterprise, service, profile_type, name, sort, "
                "active) VALUES "
                "('watch', 2006, NULL, NULL, 'SharedNumber', 'type-1', 'Watch', 20, true),"
                "('own', 2006, NULL, NULL, 'DiffNumber', NULL, 'Own', 10, true),"
                "('blue-only', 2006, 'blue', NULL, NULL, NULL, 'Blue', 30, true),"
                "('gone', 2006, NULL, NULL, NULL, NULL, 'Gone', 1, false),"
                "('phone', 2009, NULL, NULL, NULL, NULL, 'Phone', 1, true),"
                "('fleet', 2011, NULL, 'acme', NULL, NULL, 'Fleet', 1, true)");
    store_conf.pg.conninfo = pg_test_conninfo();
    store = ecs_store_new(loop, &store_conf, &stats);
    arena = ecs_arena_new(NULL, 0);
    env.store = store;
    bss = ecs_bss_new(&env, &conf);
    return store && arena && bss ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ecs_bss_free(bss);
    ecs_store_free(store);
    ecs_arena_free(arena);
    ecs_loop_free(loop);
    return 0;
}

enum what { ASK, PLANS, ORDER, FIND, CANCEL };
struct job {
    struct ecs_flow flow;
    enum what what;
    struct ecs_bss_subject subject;
    struct ecs_bss_order order;
    struct ecs_bss_line line;
    struct ecs_bss_plans plans;
    struct ecs_bss_result result;
    unsigned left;
    bool done;
};

static enum ecs_next ask(struct ecs_flow *f)
{
    struct job *j = f->self;

    switch (j->what) {
    case ASK:
        return ecs_bss_ask(f, bss, &j->subject, &j->line);
    case PLANS:
        return ecs_bss_plans(f, bss, &j->subject, &j->plans);
    case ORDER:
        return ecs_bss_order(f, bss, &j->order, &j->result);
    case FIND:
        return ecs_bss_find(f, bss, &j->order, ECS_STR_NULL, &j->result);
    default:
        return ecs_bss_cancel(f, bss, &j->order, ECS_STR_NULL, &j->result);
    }
}

static enum ecs_next note(struct ecs_flow *f)
{
    struct job *j = f->self;

    j->done = f->rc == ECS_OK;
    return ECS_DONE;
}

static const struct ecs_step steps[] = {{"ask", ask, 0}, {"note", note, 0}, {0}};

static void ended(struct ecs_flow *f)
{
    struct job *j = f->frame[0].self;

    j->left = 0;
}

static void run(struct job *j, enum what what)
{
    j->what = what;
    j->left = 1;
    ecs_flow_start(&j->flow, loop, arena, NULL, steps, j, ended);
    pg_test_turn(loop, &j->left, 8000);
    assert_true(!j->left && j->done);
}

static struct job an_order(enum ecs_bss_action action, const char *key)
{
    return (struct job){.order = {.action = action,
                                  .key = ecs_str_of(key),
                                  .iccid = ECS_STR("8944500102198304826"),
                                  .subject = {.imsi = ECS_STR("001010000000001"), .app = ECS_STR("ap2006")}}};
}

static void check_plans(const char *imsi, const char *enterprise, const char *app, const char *service,
                        const char *wanted)
{
    struct job j = {.subject = {.imsi = ecs_str_of(imsi),
                                .enterprise = ecs_str_of(enterprise),
                                .app = ecs_str_of(app),
                                .service = ecs_str_of(service)}};
    char text[256] = "";

    run(&j, PLANS);
    assert_int_equal(j.plans.status, ECS_BSS_DONE);
    for (size_t i = 0; i < j.plans.n; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%.*s", i ? " " : "",
                 ECS_FMT(j.plans.plans[i].id));
    assert_string_equal(text, wanted);
}

static void test_plans_are_those_of_line_application_and_service(void **state)
{
    (void)state;
    check_plans("001010000000001", NULL, "ap2006", NULL, "own watch blue-only");
    check_plans("001010000000002", NULL, "ap2006", NULL, "own watch");
    check_plans("001010000000001", NULL, "ap2006", "sharednumber", "watch blue-only");
    check_plans("001010000000001", NULL, "ap2009", NULL, "phone");
    check_plans(NULL, "acme", "ap2011", NULL, "fleet");
    check_plans(NULL, "other", "ap2011", NULL, "");
}

static void test_one_plan_is_told_with_its_type(void **state)
{
    struct job j = {
        .subject = {.imsi = ECS_STR("001010000000001"), .app = ECS_STR("ap2006"), .plan = ECS_STR("watch")}};

    (void)state;
    run(&j, PLANS);
    assert_int_equal(j.plans.n, 1);
    assert_true(ecs_str_eq(j.plans.plans[0].profile_type, ECS_STR("type-1")));
    assert_true(ecs_str_eq(j.plans.plans[0].service, ECS_STR("SharedNumber")));
}

static void test_eligibility_is_left_to_policy(void **state)
{
    struct job j = {.subject = {.imsi = ECS_STR("001010000000001"), .app = ECS_STR("ap2006")}};

    (void)state;
    run(&j, ASK);
    assert_int_equal(j.line.status, ECS_BSS_DONE);
    assert_int_equal(j.line.eligible, -1);
    assert_null(j.line.services.p);
}

static void test_a_key_is_ordered_once(void **state)
{
    struct job j = an_order(ECS_BSS_SUBSCRIBE, "ecs-a-1");

    (void)state;
    run(&j, FIND);
    assert_int_equal(j.result.status, ECS_BSS_UNKNOWN);
    for (int i = 0; i < 3; i++) {
        run(&j, ORDER);
        assert_int_equal(j.result.status, ECS_BSS_DONE);
        assert_true(ecs_str_eq(j.result.reference, ECS_STR("ecs-a-1")));
    }
    run(&j, FIND);
    assert_int_equal(j.result.status, ECS_BSS_DONE);
    assert_int_equal(pg_test_number("SELECT count(*) FROM local_order WHERE key = 'ecs-a-1'"), 1);
    assert_int_equal(pg_test_number("SELECT asked FROM local_order WHERE key = 'ecs-a-1'"), 3);
    j.order.action = ECS_BSS_END; /* another one under the same key */
    run(&j, ORDER);
    assert_int_equal(j.result.status, ECS_BSS_DENIED);
}

static void test_services_are_switched_at_once(void **state)
{
    struct job j = an_order(ECS_BSS_SERVICE_ON, "ecs-b-1");

    (void)state;
    run(&j, ORDER);
    assert_int_equal(j.result.status, ECS_BSS_DONE);
    assert_int_equal(j.result.service_status, 1);
    j = an_order(ECS_BSS_SERVICE_OFF, "ecs-b-2");
    run(&j, ORDER);
    assert_int_equal(j.result.service_status, 3);
}

static void test_a_cancelled_order_stays_so(void **state)
{
    struct job j = an_order(ECS_BSS_SUBSCRIBE, "ecs-c-1");

    (void)state;
    run(&j, CANCEL); /* nothing to cancel */
    assert_int_equal(j.result.status, ECS_BSS_DONE);
    run(&j, ORDER);
    run(&j, CANCEL);
    assert_int_equal(j.result.status, ECS_BSS_DONE);
    run(&j, CANCEL);
    assert_int_equal(j.result.status, ECS_BSS_DONE);
    run(&j, FIND);
    assert_int_equal(j.result.status, ECS_BSS_REFUSED);
    run(&j, ORDER);
    assert_int_equal(j.result.status, ECS_BSS_REFUSED);
    assert_non_null(j.result.why);
}

static void test_a_delayed_order_is_done_later(void **state)
{
    struct job j = an_order(ECS_BSS_SUBSCRIBE, "ecs-d-1");

    (void)state;
    conf.local_async_s = 3600;
    run(&j, ORDER);
    conf.local_async_s = 0;
    assert_int_equal(j.result.status, ECS_BSS_PENDING);
    run(&j, FIND);
    assert_int_equal(j.result.status, ECS_BSS_PENDING);
    pg_test_sql("UPDATE local_order SET done_at = now() WHERE key = 'ecs-d-1'");
    run(&j, FIND);
    assert_int_equal(j.result.status, ECS_BSS_DONE);
}

static void test_what_the_database_refuses_is_an_alarm_and_no_failure(void **state)
{
    struct job j = an_order(ECS_BSS_SUBSCRIBE,
                            "a key of more than sixty-four characters, which no logical call ever has");

    (void)state;
    run(&j, ORDER);
    assert_int_equal(j.result.status, ECS_BSS_DENIED);
    pg_test_sql("ALTER TABLE local_order RENAME TO elsewhere");
    j = an_order(ECS_BSS_SUBSCRIBE, "ecs-e-1");
    run(&j, ORDER);
    pg_test_sql("ALTER TABLE elsewhere RENAME TO local_order");
    assert_int_equal(j.result.status, ECS_BSS_AGAIN);
    assert_non_null(j.result.why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans_are_those_of_line_application_and_service),
        cmocka_unit_test(test_one_plan_is_told_with_its_type),
        cmocka_unit_test(test_eligibility_is_left_to_policy),
        cmocka_unit_test(test_a_key_is_ordered_once),
        cmocka_unit_test(test_services_are_switched_at_once),
        cmocka_unit_test(test_a_cancelled_order_stays_so),
        cmocka_unit_test(test_a_delayed_order_is_done_later),
        cmocka_unit_test(test_what_the_database_refuses_is_an_alarm_and_no_failure),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
