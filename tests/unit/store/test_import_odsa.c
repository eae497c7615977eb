/* SPDX-License-Identifier: Apache-2.0 */
/* Imports for eSIM orchestration against a real server: offers, enterprises, relations, profiles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../pg_test.h"
#include "ecs/import.h"
#include "ecs/schema.h"

static struct ecs_pg_sync *db;

static int set_up(void **state)
{
    char error[256];

    (void)state;
    if (pg_test_start() != 0 || ecs_pg_sync_connect(pg_test_conninfo(), 5, error, &db) != ECS_OK ||
        ecs_schema_upgrade(db, NULL) != ECS_OK)
        return -1;
    pg_test_sql("INSERT INTO brand (brand, name) VALUES ('blue', 'Blue');"
                "INSERT INTO plan (plan, name) VALUES ('basic', 'Basic');"
                "INSERT INTO subscriber (imsi, plan) VALUES ('001010000000001', 'basic'), "
                "('001010000000002', 'basic')");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ecs_pg_sync_free(db);
    return 0;
}

typedef enum ecs_rc (*import_fn)(struct ecs_pg_sync *, const struct ecs_import_conf *,
                                 struct ecs_import_result *);

static char rejects[8192];

/* "accepted rejected inserted updated" */
static const char *import(import_fn fn, const char *csv)
{
    static char text[64];
    FILE *in = fmemopen((void *)(uintptr_t)csv, strlen(csv), "r"), *out = tmpfile();
    struct ecs_import_conf conf = {.in = in, .rejects = out};
    struct ecs_import_result r;
    size_t n;

    assert_non_null(in);
    assert_non_null(out);
    if (fn(db, &conf, &r) != ECS_OK)
        fail_msg("%s / %s", r.error, ecs_pg_sync_error(db));
    rewind(out);
    n = fread(rejects, 1, sizeof(rejects) - 1, out);
    rejects[n] = '\0';
    fclose(in);
    fclose(out);
    snprintf(text, sizeof(text), "%d %d %d %d", (int)r.accepted, (int)r.rejected, (int)r.inserted,
             (int)r.updated);
    return text;
}

static void check_rejected(const char *text)
{
    if (!strstr(rejects, text))
        fail_msg("\"%s\" is not in:\n%s", text, rejects);
}

static void test_offers_are_added_and_changed(void **state)
{
    (void)state;
    assert_string_equal(import(ecs_import_offers, "plan_id,app,name,service,profile_type,brand,sort,active\n"
                                                  "watch,companion,Watch,SharedNumber,Type A,blue,5,true\n"
                                                  "watch,2009,Phone,,,,,\n"
                                                  "phone,ap2009,,,,,,false\n"),
                        "3 0 3 0");
    assert_int_equal(
        pg_test_number("SELECT count(*) FROM plan_offer WHERE app = 2006 AND service = 'SharedNumber' AND "
                       "profile_type = 'Type A' AND brand = 'blue' AND sort = 5 AND active"),
        1);
    assert_int_equal(
        pg_test_number("SELECT count(*) FROM plan_offer WHERE name = 'phone' AND NOT active AND sort = 100"),
        1);
    assert_string_equal(import(ecs_import_offers, "plan_id,app,name\nwatch,companion,New\nphone,primary,\n"),
                        "2 0 0 1");
    assert_int_equal(
        pg_test_number("SELECT count(*) FROM plan_offer WHERE name = 'New' AND service = 'SharedNumber'"), 1);
}

static void test_lines_of_offers_that_are_wrong_are_told(void **state)
{
    (void)state;
    assert_string_equal(import(ecs_import_offers, "plan_id,app,brand,sort,active\n"
                                                  "x,companion,red,,\n"
                                                  "y,watch,,,\n"
                                                  "z,,,,\n"
                                                  "-z,2006,,,\n"
                                                  "s,2006,,many,\n"
                                                  "t,2006,,,yes\n"
                                                  "twice,2006,,,\n"
                                                  "twice,2006,,,\n"),
                        "1 7 1 0");
    check_rejected("2: unknown brand");
    check_rejected("3: app is not companion");
    check_rejected("4: app is not companion");
    check_rejected("5: plan_id is not");
    check_rejected("6: sort is not a number");
    check_rejected("7: active is not true or false");
    check_rejected("9: the plan is there a second time");
}

static void test_enterprises_are_added_and_changed(void **state)
{
    (void)state;
    assert_string_equal(import(ecs_import_enterprises,
                               "enterprise_id,name,state,max_devices,brand\n"
                               "acme,Acme,,10,blue\nfleet,,suspended,,\nACME,,,,\nx,,gone,,\n"),
                        "2 2 2 0");
    check_rejected("4: enterprise_id is not");
    check_rejected("5: state is not active or suspended");
    assert_string_equal(import(ecs_import_enterprises, "enterprise_id,max_devices\nacme,20\nfleet,\n"),
                        "2 0 0 1");
    assert_int_equal(
        pg_test_number("SELECT max_devices FROM enterprise WHERE enterprise_id = 'acme' AND name = 'Acme'"),
        20);
}

static void test_relations_are_joined_once(void **state)
{
    (void)state;
    assert_string_equal(import(ecs_import_relations, "imsi,other_imsi,role\n"
                                                     "001010000000001,001010000000002,family\n"
                                                     "001010000000001,001010000000009,\n"
                                                     "001010000000001,001010000000001,\n"
                                                     "001010000000007,001010000000001,\n"
                                                     "001010000000002,001010000000001,owner\n"),
                        "2 3 2 0");
    check_rejected("4: a line has no relation to itself");
    check_rejected("5: unknown subscriber");
    check_rejected("6: role is not family");
    assert_string_equal(import(ecs_import_relations, "imsi,other_imsi\n001010000000001,001010000000002\n"),
                        "1 0 0 0");
}

static void test_profiles_are_adopted(void **state)
{
    (void)state;
    assert_string_equal(
        import(ecs_import_profiles,
               "iccid,imsi,enterprise,app,eid,terminal_id,service,status,name,msisdn\n"
               "8944500102198304826F,001010000000001,,companion,89049032123451234512345678901235,"
               "359911111111111,SharedNumber,activated,Watch,+491700000002\n"
               "8944500102198304818,,acme,enterprise,,,,deactivated,,\n"
               "8944500102198304834,,,companion,,,,,,\n"
               "8944500102198304842,001010000000007,,companion,,,,,,\n"
               "8944500102198304859,,nobody,enterprise,,,,,,\n"
               "8944500102198304867,001010000000001,,companion,12,,,,,\n"
               "894450010219830486700,001010000000001,,companion,,,,,,\n"
               "8944500102198304875,001010000000001,,companion,,,,ended,,\n"),
        "2 6 2 0");
    check_rejected("4: either imsi or enterprise must own the profile");
    check_rejected("5: unknown subscriber");
    check_rejected("6: unknown enterprise");
    check_rejected("7: eid is not 32 digits");
    check_rejected("8: iccid is not 18 to 20 digits");
    check_rejected("9: status is not activated");
    assert_int_equal(
        pg_test_number(
            "SELECT count(*) FROM profile WHERE iccid = '8944500102198304826' AND status = 1 AND app = "
            "2006 AND origin = 'import' AND msisdn = '491700000002' AND name = 'Watch'"),
        1);
}

static void test_a_profile_of_somebody_else_is_left_alone(void **state)
{
    (void)state;
    pg_test_sql(
        "INSERT INTO profile (iccid, imsi, app, status, address, origin) VALUES ('8944500102198304900', "
        "'001010000000001', 2009, 2, 'smdp.example.com', 'ecs')");
    assert_string_equal(import(ecs_import_profiles,
                               "iccid,imsi,app,status,address,name\n"
                               "8944500102198304826,001010000000002,companion,,,\n"
                               "8944500102198304900,001010000000001,primary,activated,x.example,Phone\n"),
                        "1 1 0 1");
    check_rejected("2: somebody else has this profile");
    /* what this server made keeps its state */
    assert_int_equal(
        pg_test_number(
            "SELECT count(*) FROM profile WHERE iccid = '8944500102198304900' AND status = 2 AND address = "
            "'smdp.example.com' AND name = 'Phone' AND origin = 'ecs'"),
        1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offers_are_added_and_changed),
        cmocka_unit_test(test_lines_of_offers_that_are_wrong_are_told),
        cmocka_unit_test(test_enterprises_are_added_and_changed),
        cmocka_unit_test(test_relations_are_joined_once),
        cmocka_unit_test(test_profiles_are_adopted),
        cmocka_unit_test(test_a_profile_of_somebody_else_is_left_alone),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
