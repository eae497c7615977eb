/* SPDX-License-Identifier: Apache-2.0 */
/* Campaigns: changes of many lines, told page by page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "outbox_lines.h"

struct campaign_call {
    struct ecs_campaign_row row;
    int64_t id;
    struct ecs_campaign_rows list;
};

static enum ecs_next call_add(struct ecs_flow *f, void *arg)
{
    struct campaign_call *c = arg;

    return ecs_store_campaign_add(f, store, &c->row, &c->id);
}

static enum ecs_next call_list(struct ecs_flow *f, void *arg)
{
    struct campaign_call *c = arg;

    return ecs_store_campaign_list(f, store, 10, &c->list);
}

static enum ecs_next call_cancel(struct ecs_flow *f, void *arg)
{
    struct campaign_call *c = arg;

    return ecs_store_campaign_cancel(f, store, c->id);
}

static void many_lines(void)
{
    pg_test_sql(
        "INSERT INTO subscriber (imsi, plan) SELECT (1020000000000 + g)::text, 'gold' FROM "
        "generate_series(1, 250) g;"
        "INSERT INTO push_registration (imsi, terminal_id, channel, token, token_digest, apps) "
        "SELECT s.imsi, 't' || s.imsi, 2, 't' || s.imsi, decode(md5(s.imsi), 'hex'), '{ap2003,ap2004}' "
        "FROM subscriber s WHERE s.imsi LIKE '102%'");
}

static void test_a_mass_change_is_walked_page_by_page(void **state)
{
    struct ecs_notify_kept kept;

    (void)state;
    many_lines();
    pg_test_sql("UPDATE subscriber SET line_state = 'barred' WHERE imsi LIKE '102%'");
    assert_int_equal(pg_test_number("SELECT count(*) FROM notification"), 0);
    assert_int_equal(pg_test_number("SELECT count(*) FROM notify_campaign WHERE scope = 'lines'"), 1);
    kept = keep_once(); /* A and B come first and did not change */
    assert_int_equal(kept.queued, 98);
    for (int i = 0; i < 20 && kept.queued >= 0; i++) {
        pg_test_sql("UPDATE notify_campaign SET next_at = now() WHERE done_at IS NULL");
        kept = keep_once();
    }
    assert_int_equal(pg_test_number("SELECT count(*) FROM notification"), 250);
    assert_int_equal(waiting(A) + waiting(B), 0);
    assert_int_equal(pg_test_number("SELECT queued FROM notify_campaign WHERE done_at IS NOT NULL"), 250);
    assert_int_equal(pg_test_number("SELECT walked FROM notify_campaign"), 252);
}

static void test_plans_services_brands_and_policies_make_campaigns(void **state)
{
    (void)state;
    many_lines();
    pg_test_sql(
        "UPDATE plan SET features = '{volte,vowifi,smsoip}' WHERE plan = 'gold';"
        "UPDATE plan SET features = '{volte,vowifi}' WHERE plan = 'gold';"
        "UPDATE brand SET name = name || '!' WHERE brand = 'acme';"
        "UPDATE content_base SET policy_checksum = 'one';"
        "UPDATE content_base SET policy_checksum = 'two';"
        "INSERT INTO line_service (imsi, service, prov_status) SELECT imsi, 'vowifi', 1 FROM subscriber "
        "WHERE imsi LIKE '102%'");
    assert_int_equal(pg_test_number("SELECT count(*) FROM notification"), 0);
    assert_int_equal(
        pg_test_number("SELECT count(*) FROM notify_campaign WHERE scope = 'plan' AND apps = '{ap2005}'"), 1);
    assert_int_equal(pg_test_number("SELECT count(*) FROM notify_campaign WHERE scope = 'brand'"), 1);
    assert_true(pg_test_number(
                    "SELECT count(*) FROM notify_campaign WHERE scope = 'all' AND reason = 'policy'") == 1);
    assert_int_equal(
        pg_test_number("SELECT count(*) FROM notify_campaign WHERE scope = 'services' AND value = "
                       "'vowifi' AND apps = '{ap2004}'"),
        1);
    pg_test_sql("DELETE FROM notify_campaign WHERE scope <> 'services'");
    for (int i = 0; i < 20; i++) {
        pg_test_sql("UPDATE notify_campaign SET next_at = now() WHERE done_at IS NULL");
        (void)keep_once();
    }
    assert_int_equal(pg_test_number("SELECT count(*) FROM notification WHERE apps = '{ap2004}'"), 250);
}

static void test_a_notice_is_told_at_its_begin_and_its_end(void **state)
{
    (void)state;
    pg_test_sql(
        "INSERT INTO service_notice (service, starts_at, ends_at, effect, message_key) VALUES ('vowifi', "
        "now() - interval '1 s', now() + interval '1 h', 'unavailable', 'works')");
    assert_int_equal(pg_test_number("SELECT count(*) FROM notify_campaign WHERE done_at IS NULL"), 2);
    assert_int_equal(pg_test_number("SELECT count(*) FROM notify_campaign WHERE next_at <= now()"), 1);
    assert_int_equal(keep_once().queued, 2);
    expect(A, "ap2004");
    expect(B, "ap2004");
    pg_test_sql("DELETE FROM service_notice"); /* ends now */
    assert_int_equal(pg_test_number("SELECT count(*) FROM notify_campaign WHERE done_at IS NULL"), 1);
    assert_int_equal(keep_once().queued, 2);
    assert_int_equal(keep_once().queued, -1);
}

static void test_a_campaign_by_hand_is_spread_and_can_be_cancelled(void **state)
{
    struct campaign_call c = {.row = {.scope = ECS_STR("plan"),
                                      .value = ECS_STR("gold"),
                                      .reason = ECS_STR("operator"),
                                      .spread_s = 7200}};

    (void)state;
    outbox_run(call_add, &c);
    assert_true(c.id > 0);
    assert_int_equal(keep_once().queued, 1); /* one of two now, the other one in an hour */
    assert_int_equal(keep_once().queued, -1);
    assert_in_range(pg_test_number("SELECT extract(epoch FROM next_at - now())::bigint FROM notify_campaign"),
                    3500, 3600);
    outbox_run(call_list, &c);
    assert_int_equal(c.list.n, 1);
    assert_int_equal(c.list.rows[0].queued, 1);
    assert_int_equal(c.list.rows[0].total, 2);
    assert_int_equal(c.list.rows[0].done_at, 0);
    outbox_run(call_cancel, &c);
    assert_int_equal(outbox_try(call_cancel, &c), ECS_E_NOT_FOUND);
    pg_test_sql("UPDATE notify_campaign SET next_at = now()");
    assert_int_equal(keep_once().queued, -1);
    c.row.value = ECS_STR("no-such-plan");
    assert_int_equal(outbox_try(call_add, &c), ECS_E_NOT_FOUND);
    pg_test_sql("UPDATE notify_control SET enabled = false");
    c.row.value = ECS_STR("gold");
    outbox_run(call_add, &c);
    assert_int_equal(c.id, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_mass_change_is_walked_page_by_page, fresh),
        cmocka_unit_test_setup(test_plans_services_brands_and_policies_make_campaigns, fresh),
        cmocka_unit_test_setup(test_a_notice_is_told_at_its_begin_and_its_end, fresh),
        cmocka_unit_test_setup(test_a_campaign_by_hand_is_spread_and_can_be_cancelled, fresh),
    };

    return cmocka_run_group_tests(tests, setup, outbox_done);
}
