/* SPDX-License-Identifier: Apache-2.0 */
/* Sources without ES2+: the pool of prepared codes against a real database, the static one; and the choice
 * among several. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../pg_test.h"
#include "ecs/import.h"
#include "ecs/log.h"
#include "ecs/schema.h"
#include "ecs/store_pool.h"
#include "smdp_rig.h"

static struct smdp_rig x;
static struct smdp_asked a;
static struct ecs_store *store;
static struct ecs_pg_stats stats;
static bool sealed_by_others;

/* Stands for the key ring: a sealed text is the code with a head. */
static bool open_code(void *arg, struct ecs_arena *arena, struct ecs_str sealed, struct ecs_str *ret_text)
{
    char *text;

    (void)arg;
    if (sealed_by_others || !ecs_str_starts_with(sealed, ECS_STR("sealed:")))
        return false;
    text = ecs_strdup(arena, (struct ecs_str){sealed.p + 7, sealed.n - 7});
    *ret_text = ecs_str_of(text);
    return text != NULL;
}

static const char *seal_code(void *arg, struct ecs_str code, struct ecs_sealed_code *ret_sealed)
{
    struct ecs_str address, id;
    bool confirmation;

    (void)arg;
    if (!ecs_activation_code_read(code, &address, &id, &confirmation))
        return "code is no activation code";
    ret_sealed->n =
        (size_t)snprintf((char *)ret_sealed->bytes, sizeof(ret_sealed->bytes), "sealed:%.*s", ECS_FMT(code));
    snprintf(ret_sealed->address, sizeof(ret_sealed->address), "%.*s", ECS_FMT(address));
    return NULL;
}

static struct ecs_import_result import(const char *text, char *rejects, size_t size)
{
    struct ecs_import_conf conf = {.chunk = 3, .seal = seal_code};
    struct ecs_import_result result;
    struct ecs_pg_sync *sync = NULL;
    char error[256];

    conf.in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    conf.rejects = fmemopen(rejects, size, "w");
    assert_true(conf.in && conf.rejects);
    assert_int_equal(ecs_pg_sync_connect(pg_test_conninfo(), 5, error, &sync), ECS_OK);
    if (ecs_import_pool(sync, &conf, &result) != ECS_OK)
        fail_msg("%s", result.error);
    fclose(conf.in);
    fclose(conf.rejects);
    ecs_pg_sync_free(sync);
    return result;
}

static int set_up(void **state)
{
    struct ecs_pg_sync *sync = NULL;
    char error[256];

    (void)state;
    ecs_log_init(ECS_LOG_TEXT, ECS_LOG_ERROR);
    if (pg_test_start() != 0 || ecs_pg_sync_connect(pg_test_conninfo(), 5, error, &sync) != ECS_OK)
        return -1;
    if (ecs_schema_upgrade(sync, NULL) != ECS_OK) {
        fprintf(stderr, "%s\n", ecs_pg_sync_error(sync));
        return -1;
    }
    ecs_pg_sync_free(sync);
    return 0;
}

static void open_pool(void)
{
    struct ecs_store_conf conf = {
        .ind_bits = 5, .limit_attempts = 200, .limit_window_s = 60, .session_life_s = 60};
    struct ecs_smdp_env env;

    rig_open(&x.rig);
    conf.pg.conninfo = pg_test_conninfo();
    store = ecs_store_new(x.rig.loop, &conf, &stats);
    assert_non_null(store);
    env = smdp_env(&x);
    env.store = store;
    env.open = open_code;
    x.conf[0] = (struct ecs_smdp_conf){.name = "stock", .type = ECS_SMDP_POOL, .low_stock = 2};
    x.set = ecs_smdps_new(&env, x.conf, 1);
    assert_non_null(x.set);
    x.smdp = ecs_smdps_find(x.set, ECS_STR("stock"));
}

static int begin(void **state)
{
    (void)state;
    memset(&x, 0, sizeof(x));
    memset(&a, 0, sizeof(a));
    sealed_by_others = false;
    pg_test_sql(
        "TRUNCATE profile_pool RESTART IDENTITY;"
        "INSERT INTO profile_pool (smdp, profile_type, iccid, code_sealed, address, line_imsi, msisdn) "
        "VALUES "
        "('stock', 'watch', '8949000000000000001', 'sealed:1$p.example.com$CODE-1', 'p.example.com', "
        "'001010000000101', '4915100000101'),"
        "('stock', 'watch', '8949000000000000002', 'sealed:1$p.example.com$CODE-2', 'p.example.com', NULL, "
        "NULL),"
        "('stock', 'watch', '8949000000000000003', 'sealed:1$p.example.com$CODE-3', 'p.example.com', NULL, "
        "NULL),"
        "('stock', '', '8949000000000000004', 'sealed:1$p.example.com$CODE-4', 'p.example.com', NULL, NULL),"
        "('other', 'watch', '8949000000000000005', 'sealed:1$p.example.com$CODE-5', 'p.example.com', NULL, "
        "NULL)");
    open_pool();
    a.order = (struct ecs_smdp_order){.call_id = ECS_STR("ecs-A-1"), .profile_type = ECS_STR("watch")};
    a.confirm = (struct ecs_smdp_confirm){
        .call_id = ECS_STR("ecs-A-2"), .iccid = ECS_STR("8949000000000000001"), .release = true};
    a.release =
        (struct ecs_smdp_release){.call_id = ECS_STR("ecs-A-3"), .iccid = ECS_STR("8949000000000000001")};
    a.cancel = (struct ecs_smdp_cancel){
        .call_id = ECS_STR("ecs-A-4"), .iccid = ECS_STR("8949000000000000001"), .reusable = true};
    return 0;
}

static int end(void **state)
{
    (void)state;
    smdp_free(&a);
    ecs_smdps_free(x.set);
    ecs_store_free(store);
    rig_close(&x.rig);
    return 0;
}

static int64_t rows_in(const char *state)
{
    char sql[160];

    snprintf(sql, sizeof(sql), "SELECT count(*) FROM profile_pool WHERE smdp = 'stock' AND state = '%s'",
             state);
    return pg_test_number(sql);
}

static void test_the_oldest_code_is_taken_once_however_often_the_call_comes(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
        assert_status(&a, ECS_SMDP_OK);
        assert_text(a.result.iccid, "8949000000000000001");
        assert_text(a.result.code, "1$p.example.com$CODE-1");
        assert_text(a.result.matching_id, "CODE-1");
        assert_text(a.result.address, "p.example.com");
        assert_text(a.result.line_imsi, "001010000000101");
        assert_text(a.result.msisdn, "4915100000101");
    }
    assert_int_equal(rows_in("taken"), 1);
    a.order.call_id = ECS_STR("ecs-B-1");
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    assert_text(a.result.iccid, "8949000000000000002");
    a.order.profile_type = ECS_STR_NULL; /* codes for orders that name no type */
    a.order.call_id = ECS_STR("ecs-C-1");
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    assert_text(a.result.iccid, "8949000000000000004");
}

static void test_an_empty_pool_has_no_stock(void **state)
{
    (void)state;
    a.order.profile_type = ECS_STR("tablet");
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    assert_status(&a, ECS_SMDP_NO_STOCK);
    assert_int_equal(rows_in("taken"), 0);
}

static void test_a_code_goes_out_at_the_confirmation_of_its_own_procedure_only(void **state)
{
    (void)state;
    smdp_run(&x, &a, ECS_SMDP_FN_CONFIRM);
    assert_status(&a, ECS_SMDP_TAKEN); /* it was never ordered */
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    a.confirm.call_id = ECS_STR("ecs-AA-2");
    smdp_run(&x, &a, ECS_SMDP_FN_CONFIRM);
    assert_status(&a, ECS_SMDP_TAKEN);
    assert_int_equal(rows_in("given"), 0);
    a.confirm.call_id = ECS_STR("ecs-A-2");
    for (unsigned i = 0; i < 2; i++) {
        smdp_run(&x, &a, ECS_SMDP_FN_CONFIRM);
        assert_status(&a, ECS_SMDP_OK);
        assert_text(a.result.code, "1$p.example.com$CODE-1");
    }
    assert_int_equal(rows_in("given"), 1);
    smdp_run(&x, &a, ECS_SMDP_FN_RELEASE);
    assert_status(&a, ECS_SMDP_OK);
    a.order = (struct ecs_smdp_order){.call_id = ECS_STR("ecs-A-1"), .iccid = ECS_STR("8949000000000000001")};
    smdp_run(&x, &a, ECS_SMDP_FN_STATE);
    assert_text(a.result.state, "Released");
}

static void test_what_nobody_has_seen_is_free_again_and_what_went_out_is_void(void **state)
{
    (void)state;
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    smdp_run(&x, &a, ECS_SMDP_FN_CANCEL);
    assert_status(&a, ECS_SMDP_OK);
    assert_false(a.result.warning);
    assert_int_equal(rows_in("free"), 4);
    smdp_run(&x, &a, ECS_SMDP_FN_CANCEL); /* again: nothing of ours is there */
    assert_status(&a, ECS_SMDP_OK);
    assert_true(a.result.warning);
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    assert_text(a.result.iccid, "8949000000000000001");
    smdp_run(&x, &a, ECS_SMDP_FN_CONFIRM);
    smdp_run(&x, &a, ECS_SMDP_FN_CANCEL);
    assert_status(&a, ECS_SMDP_OK);
    assert_int_equal(rows_in("void"), 1);
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    assert_status(&a, ECS_SMDP_TAKEN);
    a.cancel.iccid = ECS_STR("8949000000000000999");
    smdp_run(&x, &a, ECS_SMDP_FN_CANCEL);
    assert_status(&a, ECS_SMDP_REFUSED);
}

static void test_a_late_cancellation_leaves_the_next_owner_alone(void **state)
{
    (void)state;
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    smdp_run(&x, &a, ECS_SMDP_FN_CANCEL);
    a.order.call_id = ECS_STR("ecs-B-1");
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    assert_text(a.result.iccid, "8949000000000000001");
    smdp_run(&x, &a, ECS_SMDP_FN_CANCEL); /* its answer was lost: A asks again */
    assert_status(&a, ECS_SMDP_OK);
    assert_true(a.result.warning);
    assert_int_equal(rows_in("taken"), 1);
}

static void test_a_profile_can_be_taken_by_its_iccid(void **state)
{
    (void)state;
    a.order.iccid = ECS_STR("8949000000000000003F");
    for (unsigned i = 0; i < 2; i++) {
        smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
        assert_status(&a, ECS_SMDP_OK);
        assert_text(a.result.iccid, "8949000000000000003");
    }
    a.order.call_id = ECS_STR("ecs-B-1");
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    assert_status(&a, ECS_SMDP_TAKEN);
    a.order.iccid = ECS_STR("8949000000000000005"); /* of another source */
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    assert_status(&a, ECS_SMDP_REFUSED);
}

static void test_a_code_sealed_by_other_keys_is_an_alarm_and_a_lost_database_is_again(void **state)
{
    (void)state;
    sealed_by_others = true;
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    assert_status(&a, ECS_SMDP_DENIED);
    assert_null(a.result.code.p);
    sealed_by_others = false;
    pg_test_sql("ALTER TABLE profile_pool RENAME TO profile_pool_away");
    smdp_run(&x, &a, ECS_SMDP_FN_CONFIRM);
    assert_status(&a, ECS_SMDP_AGAIN);
    pg_test_sql("ALTER TABLE profile_pool_away RENAME TO profile_pool");
    smdp_run(&x, &a, ECS_SMDP_FN_CONFIRM);
    assert_status(&a, ECS_SMDP_OK);
}

/* Flows of one loop on two connections: nobody gets what another one has. */
static void test_calls_at_the_same_time_get_different_codes(void **state)
{
    static const char *const ids[] = {"ecs-A-1", "ecs-B-1", "ecs-C-1", "ecs-C-1", "ecs-D-1"};
    struct smdp_asked many[5] = {0};
    unsigned got = 0, none = 0, again = 0;

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        many[i].x = &x;
        many[i].order =
            (struct ecs_smdp_order){.call_id = ecs_str_of(ids[i]), .profile_type = ECS_STR("watch")};
        many[i].arena = ecs_arena_new(NULL, 0);
        ecs_flow_start(&many[i].flow, x.rig.loop, many[i].arena, NULL, smdp_steps, &many[i], smdp_end);
    }
    for (size_t i = 0; i < 5; i++) {
        while (!many[i].ended)
            assert_int_equal(ecs_loop_turn(x.rig.loop, 20000), ECS_OK);
        got += many[i].result.status == ECS_SMDP_OK;
        none += many[i].result.status == ECS_SMDP_NO_STOCK;
        again += many[i].result.status == ECS_SMDP_AGAIN;
        for (size_t k = 0; k < i; k++)
            if (many[i].result.status == ECS_SMDP_OK && many[k].result.status == ECS_SMDP_OK &&
                strcmp(ids[i], ids[k]) != 0)
                assert_false(ecs_str_eq(many[i].result.iccid, many[k].result.iccid));
    }
    assert_int_equal(got + none + again, 5);
    assert_true(got >= 3);
    assert_int_equal(rows_in("taken"), 3);
    for (size_t i = 0; i < 5; i++)
        ecs_arena_free(many[i].arena);
}

/* ---- import ---- */

static void test_codes_are_imported_and_what_was_given_out_is_left_alone(void **state)
{
    char rejects[1024] = "";
    struct ecs_import_result r;

    (void)state;
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    r = import("iccid,code,smdp,profile_type,line_imsi,msisdn\n"
               "8949000000000000011F,LPA:1$p.example.com$NEW-1,stock,watch,001010000000111,+4915100000111\n"
               "8949000000000000012,1$p.example.com$NEW-2,stock,,,\n"
               "8949000000000000012,1$p.example.com$NEW-2,stock,,,\n"
               "8949000000000000002,1$p.example.com$BETTER,stock,watch,,\n"
               "8949000000000000001,1$p.example.com$NEW-0,stock,watch,,\n"
               "8949000000000000013,1$https://p.example.com$NEW-3,stock,,,\n"
               "8949000000000000014,,stock,,,\n"
               "89490000000000000140001,1$p.example.com$X,stock,,,\n"
               "8949000000000000015,1$p.example.com$X,The Stock,,,\n"
               "8949000000000000016,1$p.example.com$X,stock,,12,\n",
               rejects, sizeof(rejects));
    assert_int_equal(r.lines, 10);
    assert_int_equal(r.inserted, 2);
    assert_int_equal(r.updated, 1);
    assert_int_equal(r.rejected, 7);
    assert_null(strstr(rejects, "NEW"));
    assert_non_null(strstr(rejects, "6: the profile was given out already"));
    assert_non_null(strstr(rejects, "4: the iccid is there a second time"));
    assert_non_null(strstr(rejects, "7: code is no activation code"));
    a.order.call_id = ECS_STR("ecs-B-1");
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    assert_text(a.result.code, "1$p.example.com$BETTER");
    a.order.iccid = ECS_STR("8949000000000000011");
    a.order.call_id = ECS_STR("ecs-C-1");
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    assert_text(a.result.code, "LPA:1$p.example.com$NEW-1");
    assert_text(a.result.msisdn, "4915100000111");
}

/* ---- stock ---- */

struct counted {
    struct ecs_flow flow;
    struct ecs_pool_stock *rows;
    size_t n;
    bool ended;
};

static enum ecs_next ask_stock(struct ecs_flow *f)
{
    struct counted *c = f->self;

    return ecs_store_pool_stock(f, store, &c->rows, &c->n);
}

static enum ecs_next note_stock(struct ecs_flow *f)
{
    assert_int_equal(f->rc, ECS_OK);
    return ECS_DONE;
}

static void end_stock(struct ecs_flow *f)
{
    struct counted *c = f->self;

    c->ended = true;
}

static void test_the_stock_is_told_by_source_and_type(void **state)
{
    static const struct ecs_step stock_steps[] = {{"ask", ask_stock, 0}, {"note", note_stock, 0}, {0}};
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct counted c = {0};

    (void)state;
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    ecs_flow_start(&c.flow, x.rig.loop, arena, NULL, stock_steps, &c, end_stock);
    while (!c.ended)
        assert_int_equal(ecs_loop_turn(x.rig.loop, 20000), ECS_OK);
    assert_int_equal(c.n, 3);
    assert_text(c.rows[0].smdp, "other");
    assert_text(c.rows[1].profile_type, "");
    assert_text(c.rows[2].profile_type, "watch");
    assert_int_equal(c.rows[2].free, 2);
    assert_int_equal(c.rows[2].taken, 1);
    assert_int_equal(c.rows[2].given + c.rows[2].void_, 0);
    ecs_arena_free(arena);
}

/* ---- static, choice ---- */

static void test_a_static_source_tells_its_address_and_asks_nobody(void **state)
{
    (void)state;
    x.conf[0] = (struct ecs_smdp_conf){
        .name = "stock", .type = ECS_SMDP_STATIC, .address = "d.example.com,e.example.com"};
    ecs_smdps_free(x.set);
    x.set = ecs_smdps_new(&(struct ecs_smdp_env){.pool = x.rig.pool}, x.conf, 1);
    x.smdp = ecs_smdps_find(x.set, ECS_STR("stock"));
    a.order.eid = ECS_STR(EID);
    a.order.iccid = ECS_STR(ICCID);
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    assert_status(&a, ECS_SMDP_OK);
    assert_text(a.result.address, "d.example.com,e.example.com");
    assert_text(a.result.code, "1$d.example.com$");
    assert_text(a.result.iccid, ICCID);
    a.order.iccid = ECS_STR_NULL; /* it has no new ones */
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    assert_status(&a, ECS_SMDP_REFUSED);
    smdp_run(&x, &a, ECS_SMDP_FN_CONFIRM);
    assert_status(&a, ECS_SMDP_OK);
    assert_non_null(a.result.matching_id.p);
    smdp_run(&x, &a, ECS_SMDP_FN_CANCEL);
    assert_status(&a, ECS_SMDP_OK);
    smdp_run(&x, &a, ECS_SMDP_FN_STATE);
    assert_status(&a, ECS_SMDP_REFUSED);
}

static void test_the_first_source_that_serves_type_and_eid_is_chosen(void **state)
{
    struct ecs_str watch = ECS_STR("watch"), car = ECS_STR("car"), phone = ECS_STR("phone"),
                   prefix = ECS_STR("8900");
    struct ecs_smdp_conf confs[] = {
        {.name = "a",
         .type = ECS_SMDP_STATIC,
         .address = "a.example.com",
         .profile_types = {&watch, 1},
         .eid_prefixes = {&prefix, 1}},
        {.name = "b", .type = ECS_SMDP_STATIC, .address = "b.example.com", .profile_types = {&watch, 1}},
        smdp_es2_conf("http://127.0.0.1:1"),
        {.name = "d", .type = ECS_SMDP_STATIC, .address = "d.example.com", .profile_types = {&phone, 1}},
    };
    struct ecs_smdp_env env = smdp_env(&x);
    struct ecs_smdps *set;
    struct ecs_smdp *kept = x.smdp;

    (void)state;
    confs[2].profile_types = (struct ecs_str_list){(struct ecs_str[]){phone, car}, 2};
    set = ecs_smdps_new(&env, confs, 4);
    assert_string_equal(ecs_smdp_conf_of(ecs_smdps_choose(set, watch, ECS_STR(EID)))->name, "a");
    assert_string_equal(ecs_smdp_conf_of(ecs_smdps_choose(set, watch, ECS_STR("8904")))->name, "b");
    assert_string_equal(ecs_smdp_conf_of(ecs_smdps_choose(set, watch, ECS_STR_NULL))->name, "a");
    assert_string_equal(ecs_smdp_conf_of(ecs_smdps_choose(set, ECS_STR_NULL, ECS_STR("8904")))->name, "b");
    assert_string_equal(ecs_smdp_conf_of(ecs_smdps_choose(set, phone, ECS_STR(EID)))->name, "main");
    assert_null(ecs_smdps_choose(set, ECS_STR("tablet"), ECS_STR(EID)));
    assert_null(ecs_smdps_find(set, ECS_STR("gone")));
    x.smdp = ecs_smdps_find(set, ECS_STR("main"));
    a.order.profile_type = phone;
    for (unsigned i = 0; i < 3; i++) /* the breaker opens */
        smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    assert_string_equal(ecs_smdp_conf_of(ecs_smdps_choose(set, phone, ECS_STR(EID)))->name, "d");
    assert_string_equal(ecs_smdp_conf_of(ecs_smdps_choose(set, car, ECS_STR(EID)))->name,
                        "main"); /* none else */
    ecs_smdps_free(set);
    x.smdp = kept;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_the_oldest_code_is_taken_once_however_often_the_call_comes),
        CASE(test_an_empty_pool_has_no_stock),
        CASE(test_a_code_goes_out_at_the_confirmation_of_its_own_procedure_only),
        CASE(test_what_nobody_has_seen_is_free_again_and_what_went_out_is_void),
        CASE(test_a_late_cancellation_leaves_the_next_owner_alone),
        CASE(test_a_profile_can_be_taken_by_its_iccid),
        CASE(test_a_code_sealed_by_other_keys_is_an_alarm_and_a_lost_database_is_again),
        CASE(test_calls_at_the_same_time_get_different_codes),
        CASE(test_codes_are_imported_and_what_was_given_out_is_left_alone),
        CASE(test_the_stock_is_told_by_source_and_type),
        CASE(test_a_static_source_tells_its_address_and_asks_nobody),
        CASE(test_the_first_source_that_serves_type_and_eid_is_chosen),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
