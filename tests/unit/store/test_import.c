/* SPDX-License-Identifier: Apache-2.0 */
/* Schema upgrade and bulk import against a real server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../pg_test.h"
#include "ecs/import.h"
#include "ecs/schema.h"

static struct ecs_pg_sync *db;

static struct ecs_schema_status status_now(void)
{
    struct ecs_schema_status status = {0};

    assert_int_equal(ecs_schema_status(db, &status), ECS_OK);
    return status;
}

static void test_an_empty_database_is_upgraded_once(void **state)
{
    unsigned applied = 99;

    (void)state;
    assert_int_equal(status_now().state, ECS_SCHEMA_EMPTY);
    assert_int_equal(ecs_schema_upgrade(db, &applied), ECS_OK);
    assert_int_equal(applied, status_now().program);
    assert_int_equal(status_now().state, ECS_SCHEMA_CURRENT);
    assert_int_equal(ecs_schema_upgrade(db, &applied), ECS_OK);
    assert_int_equal(applied, 0);
    assert_int_equal(pg_test_number("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), 0);
}

static void test_every_table_and_column_has_a_comment(void **state)
{
    (void)state;
    assert_int_equal(
        pg_test_number("SELECT count(*) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
                       "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND "
                       "a.attnum > 0 AND NOT a.attisdropped AND "
                       "(col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid) IS NULL)"),
        0);
}

static void test_an_edited_or_newer_schema_is_refused_and_left_alone(void **state)
{
    unsigned applied;

    (void)state;
    pg_test_sql("BEGIN; CREATE TABLE keep AS SELECT * FROM schema_version; "
                "UPDATE schema_version SET checksum = 'x' WHERE number = 1; COMMIT");
    assert_int_equal(status_now().state, ECS_SCHEMA_MODIFIED);
    assert_int_equal(status_now().modified, 1);
    assert_int_equal(ecs_schema_upgrade(db, &applied), ECS_E_CONFLICT);
    pg_test_sql("UPDATE schema_version v SET checksum = k.checksum FROM keep k WHERE k.number = v.number; "
                "DROP TABLE keep; INSERT INTO schema_version SELECT max(number) + 1, 'future', 'y' FROM "
                "schema_version");
    assert_int_equal(status_now().state, ECS_SCHEMA_NEWER);
    assert_int_equal(ecs_schema_upgrade(db, &applied), ECS_E_CONFLICT);
    pg_test_sql("DELETE FROM schema_version WHERE name = 'future'");
    assert_int_equal(status_now().state, ECS_SCHEMA_CURRENT);
}

/* Stands for the real wrapping: tells what it got. */
static enum ecs_rc wrap(void *arg, const struct ecs_import_key *key, struct ecs_wrapped_key *ret_wrapped)
{
    unsigned *calls = arg;

    (*calls)++;
    if (ecs_str_eq(key->imsi, ECS_STR("001010000000666")))
        return ECS_E_INTERNAL;
    memset(ret_wrapped->ki, key->is_op ? 'P' : 'C', 48);
    memset(ret_wrapped->opc, key->tuak ? 'T' : 'M', 48);
    memcpy(ret_wrapped->ki, key->ki, key->ki_n);
    memcpy(ret_wrapped->opc, key->op, key->op_n);
    ret_wrapped->ki_n = ret_wrapped->opc_n = 48;
    return ECS_OK;
}

struct run {
    enum ecs_rc rc;
    struct ecs_import_result result;
    char rejects[4096];
    unsigned wrapped;
};

static struct run import(bool devices, const char *text, unsigned chunk)
{
    struct run run = {0};
    struct ecs_import_conf conf = {.chunk = chunk, .wrap = wrap, .arg = &run.wrapped};

    conf.in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    conf.rejects = fmemopen(run.rejects, sizeof(run.rejects), "w");
    assert_non_null(conf.in);
    assert_non_null(conf.rejects);
    run.rc =
        devices ? ecs_import_devices(db, &conf, &run.result) : ecs_import_subscribers(db, &conf, &run.result);
    fclose(conf.in);
    fclose(conf.rejects);
    if (run.rc != ECS_OK && run.rc != ECS_E_BAD_PARAMETER)
        fail_msg("%s", run.result.error);
    return run;
}

#define KI "000102030405060708090a0b0c0d0e0f"

static void test_good_lines_go_in_and_bad_ones_are_told_with_line_and_reason(void **state)
{
    static const char text[] = "\xef\xbb\xbfmsisdn,IMSI,plan,ki,opc,op,sqn,line_state\r\n"
                               "491700000010,001010000000010,gold," KI "," KI ",,0000000000ff,active\r\n"
                               "\"+491700000011\",\"001010000000011\",gold,,,,,suspended\r\n"
                               "\r\n"
                               "1,001010000000012,gold,,,,,\n"
                               "491700000013,00101x,gold,,,,,\n"
                               "491700000014,001010000000014,lead,,,,,\n"
                               "491700000015,001010000000015,,,,,,\n"
                               "491700000010,001010000000010,gold,,,,,\n"
                               "491700000016,001010000000016,gold,zz,zz,,,\n"
                               "491700000017,001010000000666,gold," KI ",," KI ",,\n"
                               "491700000018,\"001010000000018,gold,,,,,\n"
                               "491700000019,001010000000019\n"
                               "491700000020,001010000000020,gold,,,,,dead\n"
                               "491700000021,001010000000021,gold," KI ",," KI ",,barred";
    struct run run;

    (void)state;
    pg_test_sql("INSERT INTO plan (plan, name) VALUES ('gold', 'Gold'), ('tin', 'Tin')");
    run = import(false, text, 0);
    assert_int_equal(run.rc, ECS_OK);
    assert_int_equal(run.result.lines, 13);
    assert_int_equal(run.result.accepted, 3);
    assert_int_equal(run.result.rejected, 10);
    assert_int_equal(run.result.inserted, 3);
    assert_int_equal(run.wrapped, 3);
    for (unsigned line = 5; line <= 14; line++) {
        char head[16];

        snprintf(head, sizeof(head), "%u: ", line);
        if (!strstr(run.rejects, head))
            fail_msg("no word on line %u in: %s", line, run.rejects);
    }
    assert_non_null(strstr(run.rejects, "7: unknown plan\n"));
    assert_non_null(strstr(run.rejects, "8: a new subscriber needs a plan\n"));
    assert_non_null(strstr(run.rejects, "9: the imsi is there a second time\n"));
    assert_null(strstr(run.rejects, "00101")); /* no identifiers */
    assert_int_equal(pg_test_number("SELECT count(*) FROM subscriber"), 3);
    assert_int_equal(pg_test_number("SELECT sqn FROM auc WHERE imsi = '001010000000010' AND "
                                    "ki_wrapped = '\\x" KI "'::bytea || repeat('C', 32)::bytea"),
                     255);
    assert_int_equal(pg_test_number("SELECT count(*) FROM auc WHERE ki_wrapped = '\\x" KI
                                    "'::bytea || repeat('P', 32)::bytea AND amf = '\\x0000'"),
                     1);
    assert_int_equal(
        pg_test_number("SELECT count(*) FROM subscriber WHERE msisdn = '491700000011' AND line_state = "
                       "'suspended'"),
        1);
}

static void test_a_second_import_changes_only_what_it_says(void **state)
{
    int64_t revision = pg_test_number("SELECT sum(revision)::bigint FROM subscriber");
    struct run run;

    (void)state;
    run = import(false, "imsi,plan,line_state\n001010000000010,,\n001010000000011,tin,\n", 0);
    assert_int_equal(run.result.accepted, 2);
    assert_int_equal(run.result.inserted, 0);
    assert_int_equal(run.result.updated, 1);
    assert_int_equal(pg_test_number("SELECT sum(revision)::bigint FROM subscriber"), revision + 1);
    assert_int_equal(
        pg_test_number("SELECT count(*) FROM subscriber WHERE line_state = 'suspended' AND plan = 'tin' "
                       "AND msisdn = '491700000011'"),
        1);
    /* An older SQN does not come back with the key. */
    run = import(false, "imsi,ki,opc,sqn\n001010000000010," KI "," KI ",000000000001\n", 0);
    assert_int_equal(run.result.accepted, 1);
    assert_int_equal(pg_test_number("SELECT sqn FROM auc WHERE imsi = '001010000000010'"), 255);
}

static void test_chunks_are_independent_of_their_size(void **state)
{
    char text[8192] = "imsi,plan\n";
    struct run run;

    (void)state;
    for (int i = 0; i < 100; i++) {
        char line[64];

        snprintf(line, sizeof(line), "00101%010d,%s\n", 5000 + i, i % 10 ? "gold" : "none");
        strcat(text, line);
    }
    run = import(false, text, 7);
    assert_int_equal(run.rc, ECS_OK);
    assert_int_equal(run.result.lines, 100);
    assert_int_equal(run.result.accepted, 90);
    assert_int_equal(run.result.rejected, 10);
    assert_int_equal(pg_test_number("SELECT count(*) FROM subscriber WHERE imsi LIKE '0010100000050__'"), 90);
}

static void test_a_wrong_header_line_stops_the_import(void **state)
{
    struct run run;

    (void)state;
    run = import(false, "imsi,colour\n", 0);
    assert_int_equal(run.rc, ECS_E_BAD_PARAMETER);
    assert_non_null(strstr(run.result.error, "column 2 is unknown"));
    run = import(false, "plan,msisdn\n", 0);
    assert_int_equal(run.rc, ECS_E_BAD_PARAMETER);
    assert_non_null(strstr(run.result.error, "imsi is missing"));
    run = import(false, "imsi,imsi\n", 0);
    assert_int_equal(run.rc, ECS_E_BAD_PARAMETER);
}

static void test_device_types_are_imported(void **state)
{
    struct run run = import(true,
                            "tac,vendor,model,category,capabilities\n"
                            "35000001,\"A \"\"quoted\"\", maker\",Phone 1,phone,volte;vowifi 5g\n"
                            "35000002,,,,\n"
                            "3500000,x,y,phone,\n"
                            "35000003,x,y,fridge,\n"
                            "35000004,x,y,watch,\"volte,{evil}\"\n",
                            0);

    (void)state;
    assert_int_equal(run.result.accepted, 2);
    assert_int_equal(run.result.rejected, 3);
    assert_int_equal(pg_test_number("SELECT count(*) FROM device_model WHERE tac = '35000001' AND vendor = "
                                    "'A \"quoted\", maker' AND capabilities = '{volte,vowifi,5g}'"),
                     1);
    assert_int_equal(
        pg_test_number("SELECT count(*) FROM device_model WHERE tac = '35000002' AND category = 'other'"), 1);
}

static int setup(void **state)
{
    char error[256] = "";

    (void)state;
    if (pg_test_start() != 0 || ecs_pg_sync_connect(pg_test_conninfo(), 5, error, &db) != ECS_OK) {
        fprintf(stderr, "%s\n", error);
        return -1;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ecs_pg_sync_free(db);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_empty_database_is_upgraded_once),
        cmocka_unit_test(test_every_table_and_column_has_a_comment),
        cmocka_unit_test(test_an_edited_or_newer_schema_is_refused_and_left_alone),
        cmocka_unit_test(test_good_lines_go_in_and_bad_ones_are_told_with_line_and_reason),
        cmocka_unit_test(test_a_second_import_changes_only_what_it_says),
        cmocka_unit_test(test_chunks_are_independent_of_their_size),
        cmocka_unit_test(test_a_wrong_header_line_stops_the_import),
        cmocka_unit_test(test_device_types_are_imported),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
