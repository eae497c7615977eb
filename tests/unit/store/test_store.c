/* SPDX-License-Identifier: Apache-2.0 */
/* Facts and the content revision against a real server with the real schema. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store_rig.h"

/* ---- facts ---- */

static void test_a_complete_subscriber_gives_all_facts(void **state)
{
    struct job j = {0};
    const struct ecs_line_service *s;

    (void)state;
    pg_test_sql(
        "INSERT INTO brand VALUES ('alpha', 'Alpha', 'de');"
        "INSERT INTO plan (plan, name, features, brand) VALUES ('full', 'Full', '{volte,vowifi}', 'alpha');"
        "INSERT INTO subscriber (imsi, msisdn, iccid, plan, roaming, visited_plmn, language, line_state) "
        "VALUES "
        "('001010000000001', '491700000001', '8949000000000000001', 'full', 'roaming', '26202', 'en-GB', "
        "'suspended');"
        "INSERT INTO device_model VALUES ('35123456', 'Maker', 'Watch 1', 'watch', '{vowifi,5g}');"
        "INSERT INTO device_identity VALUES ('35123456000000', 'deny', 'test');"
        "INSERT INTO line_service (imsi, service, tc_status, tc_version, tc_at, addr_status, addr_expiry, "
        "addr_identifier, prov_status, override, flow_closed_at) VALUES ('001010000000001', 'vowifi', 1, 4, "
        "'2026-01-01 00:00:00Z', 2, '2027-01-01 00:00:00Z', 'addr-7', 3, 'allow', '2026-02-02 00:00:00Z'), "
        "('001010000000001', 'volte', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'none', NULL)");
    facts_of(&j, "001010000000001", "35123456000000", "35123456");
    assert_true(j.facts.known);
    assert_true(ecs_str_eq(j.facts.imsi, ECS_STR("001010000000001")));
    assert_true(ecs_str_eq(j.facts.msisdn, ECS_STR("491700000001")));
    assert_true(ecs_str_eq(j.facts.iccid, ECS_STR("8949000000000000001")));
    assert_int_equal(j.facts.line_state, ECS_ROW_LINE_SUSPENDED);
    assert_int_equal(j.facts.roaming, ECS_ROW_ROAMING_ROAMING);
    assert_true(ecs_str_eq(j.facts.visited_plmn, ECS_STR("26202")));
    assert_true(ecs_str_eq(j.facts.language, ECS_STR("en-GB")));
    assert_true(ecs_str_eq(j.facts.brand, ECS_STR("alpha"))); /* through the plan */
    assert_true(ecs_str_eq(j.facts.brand_language, ECS_STR("de")));
    assert_true(ecs_str_eq(j.facts.plan_name, ECS_STR("Full")));
    assert_true(ecs_facts_has_feature(&j.facts, ECS_STR("vowifi")));
    assert_false(ecs_facts_has_feature(&j.facts, ECS_STR("vonr")));
    assert_int_equal(j.facts.category, ECS_ROW_DEVICE_WATCH);
    assert_true(ecs_facts_has_capability(&j.facts, ECS_STR("5g")));
    assert_int_equal(j.facts.identity, ECS_ROW_IDENTITY_DENY);
    assert_int_equal(j.facts.n_services, 2);
    s = ecs_facts_service(&j.facts, ECS_STR("vowifi"));
    assert_non_null(s);
    assert_int_equal(s->tc_status, 1);
    assert_int_equal(s->tc_version, 4);
    assert_int_equal(s->tc_at, 1767225600);
    assert_int_equal(s->addr_status, 2);
    assert_int_equal(s->addr_expiry, 1798761600);
    assert_true(ecs_str_eq(s->addr_identifier, ECS_STR("addr-7")));
    assert_int_equal(s->prov_status, 3);
    assert_int_equal(s->override, ECS_ROW_OVERRIDE_ALLOW);
    assert_true(s->flow_closed_at > s->tc_at);
    s = ecs_facts_service(&j.facts, ECS_STR("volte"));
    assert_non_null(s);
    assert_int_equal(s->tc_status, -1);
    assert_int_equal(s->tc_at, 0);
    assert_null(s->addr_identifier.p);
    assert_null(ecs_facts_service(&j.facts, ECS_STR("vonr")));
    ecs_arena_free(j.arena);
}

static void test_a_bare_subscriber_and_an_unknown_one_give_a_row_each(void **state)
{
    struct job j = {0};

    (void)state;
    facts_of(&j, "001010000000002", NULL, NULL);
    assert_true(j.facts.known);
    assert_int_equal(j.facts.n_services, 0);
    assert_int_equal(j.facts.n_features, 0);
    assert_int_equal(j.facts.category, ECS_ROW_DEVICE_UNKNOWN);
    assert_int_equal(j.facts.identity, ECS_ROW_IDENTITY_UNKNOWN);
    assert_null(j.facts.msisdn.p);
    facts_of(&j, "999990000000009", "35123456000000", "35123456");
    assert_false(j.facts.known);
    assert_int_equal(j.facts.category, ECS_ROW_DEVICE_WATCH);
    assert_int_equal(j.facts.identity, ECS_ROW_IDENTITY_DENY);
    assert_true(j.facts.content_revision > 0);
    ecs_arena_free(j.arena);
}

static void test_notices_reach_their_brand_while_they_last(void **state)
{
    struct job j = {0};

    (void)state;
    pg_test_sql(
        "INSERT INTO service_notice (service, brand, starts_at, ends_at, effect, message_key, validity_s) "
        "VALUES "
        "('vowifi', NULL, now() - interval '1 h', now() + interval '1 h', 'unavailable', 'works', 600), "
        "('volte', 'alpha', now() - interval '1 h', now() + interval '1 h', 'info', 'hello', 60), "
        "('vonr', NULL, now() + interval '1 h', now() + interval '2 h', 'info', 'later', 60), "
        "('vonr', NULL, now() - interval '2 h', now() - interval '1 h', 'info', 'over', 60)");
    facts_of(&j, "001010000000001", NULL, NULL);
    assert_int_equal(j.facts.n_notices, 2);
    assert_true(ecs_str_eq(j.facts.notices[0].message_key, ECS_STR("works")));
    assert_true(j.facts.notices[0].unavailable);
    assert_int_equal(j.facts.notices[0].validity_s, 600);
    assert_in_range(j.facts.notices[0].ends_at, ecs_clock_now() + 3500, ecs_clock_now() + 3700);
    assert_true(ecs_str_eq(j.facts.notices[1].service, ECS_STR("volte")));
    assert_false(j.facts.notices[1].unavailable);
    facts_of(&j, "001010000000002", NULL, NULL);
    assert_int_equal(j.facts.n_notices, 1);
    ecs_arena_free(j.arena);
    pg_test_sql("DELETE FROM service_notice");
}

struct change {
    const char *sql;
    bool grows; /* else it must stay as it was */
};

static void test_the_content_revision_grows_with_every_change_and_never_falls(void **state)
{
    static const struct change changes[] = {
        {"UPDATE subscriber SET line_state = 'barred' WHERE imsi = '001010000000003'", true},
        {"UPDATE subscriber SET line_state = 'barred' WHERE imsi = '001010000000003'", false},
        {"UPDATE subscriber SET token_generation = 5 WHERE imsi = '001010000000003'", false},
        {"UPDATE plan SET features = '{vonr}' WHERE plan = 'basic'", true},
        {"UPDATE plan SET features = '{vonr}' WHERE plan = 'basic'", false},
        {"UPDATE plan SET revision = 0, name = 'B' WHERE plan = 'basic'", true},
        {"INSERT INTO brand VALUES ('beta', 'Beta')", false},
        {"UPDATE brand SET name = 'B' WHERE brand = 'beta'", false},
        {"UPDATE brand SET name = 'C' WHERE brand = 'beta'", false},
        {"UPDATE subscriber SET brand = 'beta' WHERE imsi = '001010000000003'", true},
        {"UPDATE brand SET default_language = 'fr' WHERE brand = 'beta'", true},
        {"UPDATE subscriber SET brand = NULL WHERE imsi = '001010000000003'", true},
        {"INSERT INTO plan (plan, name) VALUES ('new', 'New')", false},
        {"UPDATE subscriber SET plan = 'new' WHERE imsi = '001010000000003'", true},
        {"UPDATE plan SET brand = 'beta' WHERE plan = 'new'", true},
        {"UPDATE plan SET brand = NULL WHERE plan = 'new'", true},
        {"UPDATE subscriber SET plan = 'basic' WHERE imsi = '001010000000003'", true},
        {"INSERT INTO line_service (imsi, service, tc_status) VALUES ('001010000000003', 'vowifi', 0)", true},
        {"UPDATE line_service SET tc_status = 1 WHERE imsi = '001010000000003'", true},
        {"UPDATE line_service SET tc_status = 1 WHERE imsi = '001010000000003'", false},
        {"DELETE FROM line_service WHERE imsi = '001010000000003'", true},
        {"INSERT INTO device_model (tac) VALUES ('35000000')", true},
        {"UPDATE device_model SET category = 'phone' WHERE tac = '35000000'", true},
        {"DELETE FROM device_model WHERE tac = '35000000'", true},
        {"INSERT INTO device_identity VALUES ('35000000000001', 'allow')", true},
        {"UPDATE device_identity SET state = 'stolen' WHERE terminal_id = '35000000000001'", true},
        {"DELETE FROM device_identity WHERE terminal_id = '35000000000001'", true},
        {"INSERT INTO service_notice (service, starts_at, ends_at, effect, message_key) VALUES ('volte', "
         "now() - "
         "interval '1 s', now() + interval '1 h', 'info', 'k')",
         true},
        {"UPDATE service_notice SET ends_at = now()", true},
        {"DELETE FROM service_notice", false},
        {"UPDATE content_base SET base = base + 1, policy_checksum = 'x'", true},
        {"UPDATE subscriber SET updated_at = now() WHERE imsi = '001010000000002'", false},
    };
    int64_t before, after;

    (void)state;
    make_subscriber("001010000000003", 0);
    before = revision_of("001010000000003");
    assert_in_range(before, 1, INT32_MAX);
    for (size_t i = 0; i < ECS_ARRAY_LEN(changes); i++) {
        pg_test_sql(changes[i].sql);
        after = revision_of("001010000000003");
        if (changes[i].grows ? after <= before : after != before)
            fail_msg("%s: %lld -> %lld", changes[i].sql, (long long)before, (long long)after);
        before = after;
    }
}

static void test_a_subscriber_who_comes_back_has_a_higher_revision(void **state)
{
    int64_t before;

    (void)state;
    make_subscriber("001010000000004", 0);
    pg_test_sql("UPDATE subscriber SET msisdn = '12345' WHERE imsi = '001010000000004'");
    before = revision_of("001010000000004");
    pg_test_sql("DELETE FROM subscriber WHERE imsi = '001010000000004'; SELECT pg_sleep(1.1)");
    make_subscriber("001010000000004", 0);
    assert_true(revision_of("001010000000004") >= before);
}

static void test_a_notice_that_begins_and_ends_by_itself_moves_the_revision(void **state)
{
    int64_t first, second, third;

    (void)state;
    pg_test_sql("INSERT INTO service_notice (service, starts_at, ends_at, effect, message_key) VALUES "
                "('volte', now() + "
                "interval '300 ms', now() + interval '600 ms', 'info', 'k')");
    first = revision_of("001010000000003");
    pg_test_sql("SELECT pg_sleep(0.35)");
    second = revision_of("001010000000003");
    pg_test_sql("SELECT pg_sleep(0.35)");
    third = revision_of("001010000000003");
    assert_true(second > first);
    assert_true(third > second);
    pg_test_sql("DELETE FROM service_notice");
    assert_true(revision_of("001010000000003") >= third);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_complete_subscriber_gives_all_facts),
        cmocka_unit_test(test_a_bare_subscriber_and_an_unknown_one_give_a_row_each),
        cmocka_unit_test(test_notices_reach_their_brand_while_they_last),
        cmocka_unit_test(test_the_content_revision_grows_with_every_change_and_never_falls),
        cmocka_unit_test(test_a_subscriber_who_comes_back_has_a_higher_revision),
        cmocka_unit_test(test_a_notice_that_begins_and_ends_by_itself_moves_the_revision),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
