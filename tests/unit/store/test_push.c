/* SPDX-License-Identifier: Apache-2.0 */
/* Registrations and the outbox against a real server: statuses, what each change of the data calls for,
 * leases, outcomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "outbox_lines.h"

/* ---- registration ---- */

/* proves: G-007 */
static void test_the_same_token_again_is_success_and_elsewhere_a_duplicate(void **state)
{
    struct register_call gone = {.entry = entry_of(A, "phone-a", 0, "token-x", NULL, 0)};

    (void)state;
    assert_int_equal(register_token(A, "phone-a", "token-a", ims_apps, 3), ECS_REGISTERED);
    assert_int_equal(register_token(A, "other-a", "token-a", ims_apps, 3), ECS_REGISTER_DUPLICATE);
    assert_int_equal(register_token(B, "tablet-b", "token-a", ims_apps, 3), ECS_REGISTER_DUPLICATE);
    assert_int_equal(register_token(B, "phone-a", "token-a", ims_apps, 3), ECS_REGISTER_DUPLICATE);
    assert_int_equal(pg_test_number("SELECT count(*) FROM push_registration"), 2);
    outbox_run(call_unregister, &gone); /* never seen: no error */
    assert_int_equal(pg_test_number("SELECT count(*) FROM push_registration"), 2);
}

static void test_a_card_that_moved_takes_the_token_over_at_its_second_request(void **state)
{
    (void)state;
    pg_test_sql("UPDATE push_registration SET registered_at = now() - interval '2 h' WHERE imsi = '" A "'");
    assert_int_equal(register_token(C, "phone-a", "token-a", ims_apps, 3), ECS_REGISTER_DUPLICATE);
    assert_int_equal(register_token(C, "phone-a", "token-a", ims_apps, 3), ECS_REGISTERED);
    assert_int_equal(pg_test_number("SELECT count(*) FROM push_registration WHERE imsi = '" A "'"), 0);
}

static void test_a_new_token_takes_its_applications_from_the_old_one(void **state)
{
    struct register_call r = {.entry = entry_of(A, "phone-a", 0, "token-a2", NULL, 0)};

    (void)state;
    assert_int_equal(register_token(A, "phone-a", "token-a2", ims_apps, 2), ECS_REGISTERED);
    assert_int_equal(pg_test_number("SELECT count(*) FROM push_registration WHERE imsi = '" A "' AND "
                                    "token = 'token-a' AND apps = '{ap2005}'"),
                     1);
    assert_int_equal(register_token(A, "phone-a", "token-a2", ims_apps, 3), ECS_REGISTERED);
    assert_int_equal(pg_test_number("SELECT count(*) FROM push_registration WHERE imsi = '" A "'"), 1);
    outbox_run(call_unregister, &r);
    assert_int_equal(pg_test_number("SELECT count(*) FROM push_registration WHERE imsi = '" A "'"), 0);
}

static void test_a_line_has_a_bounded_number_of_registrations(void **state)
{
    char terminal[16], token[16];

    (void)state;
    for (int i = 0; i < 40; i++) {
        snprintf(terminal, sizeof(terminal), "t%d", i);
        snprintf(token, sizeof(token), "token%02d", i);
        assert_int_equal(register_token(C, terminal, token, ims_apps, 1), ECS_REGISTERED);
    }
    assert_int_equal(pg_test_number("SELECT count(*) FROM push_registration WHERE imsi = '" C "'"), 32);
    assert_int_equal(pg_test_number("SELECT count(*) FROM push_registration WHERE token = 'token39'"), 1);
}

static void test_facts_tell_the_registrations_of_the_device(void **state)
{
    struct job j = {0};
    struct ecs_registration r;

    (void)state;
    facts_of(&j, A, "phone-a", NULL);
    assert_int_equal(j.facts.n_registrations, 1);
    assert_true(ecs_registration_read(j.facts.registrations[0], &r));
    assert_int_equal(r.channel, 2);
    assert_true(ecs_str_eq(r.digest, ECS_STR("746f6b656e2d61000000000000000000")));
    assert_true(ecs_registration_has(&r, ECS_STR("ap2005")));
    assert_false(ecs_registration_has(&r, ECS_STR("ap2006")));
    assert_int_equal(r.app_name.n, 0);
    facts_of(&j, A, "another", NULL);
    assert_int_equal(j.facts.n_registrations, 0);
    facts_of(&j, B, "phone-a", NULL);
    assert_int_equal(j.facts.n_registrations, 0);
    ecs_arena_free(j.arena);
    assert_false(ecs_registration_read(ECS_STR("5 00 ap2004 "), &r));
    assert_false(ecs_registration_read(ECS_STR("2 746f6b656e2d61000000000000000000"), &r));
}

/* ---- what calls for a notification ---- */

struct change {
    const char *sql, *a, *b; /* applications that A and B are told of; "" none */
};

static const struct change changes[] = {
    {"UPDATE subscriber SET line_state = 'barred' WHERE imsi = '" A "'", "ap2003,ap2004,ap2005", ""},
    {"UPDATE subscriber SET line_state = 'barred' WHERE imsi = '" A "'", "", ""}, /* nothing new */
    {"UPDATE subscriber SET language = 'de', token_generation = 7 WHERE imsi = '" A "'", "", ""},
    {"UPDATE subscriber SET plan = 'silver' WHERE imsi IN ('" A "', '" B "')", "ap2003,ap2004,ap2005",
     "ap2004"},
    {"UPDATE subscriber SET brand = 'acme' WHERE imsi = '" B "'", "", "ap2004"},
    {"INSERT INTO line_service (imsi, service, prov_status) VALUES ('" A "', 'vowifi', 1)", "ap2004", ""},
    {"UPDATE line_service SET prov_status = 0 WHERE imsi = '" A "' AND service = 'vowifi'", "ap2004", ""},
    /* the order that the answer itself wrote */
    {"UPDATE line_service SET prov_status = 3 WHERE imsi = '" A "' AND service = 'vowifi'", "", ""},
    {"UPDATE line_service SET flow_closed_at = now() WHERE imsi = '" A "'", "", ""},
    {"UPDATE line_service SET addr_status = 1, addr_expiry = now() + interval '1 d' WHERE imsi = '" A "'",
     "ap2004", ""},
    {"UPDATE line_service SET override = 'deny' WHERE imsi = '" A "'", "ap2004", ""},
    {"DELETE FROM line_service WHERE imsi = '" A "'", "ap2004", ""},
    {"INSERT INTO line_service (imsi, service, prov_status) VALUES ('" A "', 'volte', 1)", "",
     ""}, /* as unknown */
    {"INSERT INTO line_service (imsi, service, prov_status) VALUES ('" A "', 'vonr', 0)", "ap2003,ap2004",
     ""},
    {"INSERT INTO line_service (imsi, service, override) VALUES ('" B "', 'smsoip', 'deny')", "", "ap2004"},
    {"UPDATE plan SET features = '{volte}' WHERE plan = 'gold'", "", ""}, /* nobody has it any more */
    {"UPDATE plan SET features = '{vonr}' WHERE plan = 'silver'", "ap2003,ap2004", "ap2004"},
    {"UPDATE plan SET features = '{vonr,telepathy}' WHERE plan = 'silver'", "ap2003,ap2004,ap2005", "ap2004"},
    {"UPDATE plan SET features = '{telepathy,vonr}' WHERE plan = 'silver'", "", ""}, /* only the order */
    {"UPDATE plan SET name = 'Argent' WHERE plan = 'silver'", "", ""},
    {"INSERT INTO device_identity (terminal_id, state) VALUES ('phone-a', 'stolen')", "ap2003,ap2004,ap2005",
     ""},
    {"UPDATE device_identity SET reason = 'x' WHERE terminal_id = 'phone-a'", "", ""},
    {"DELETE FROM device_identity WHERE terminal_id = 'phone-a'", "ap2003,ap2004,ap2005", ""},
};

/* proves: G-013 */
static void test_each_change_tells_the_registered_devices_of_its_applications(void **state)
{
    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(changes); i++) {
        pg_test_sql(changes[i].sql);
        print_message("%s\n", changes[i].sql);
        expect(A, changes[i].a);
        expect(B, changes[i].b);
        expect(C, "");
    }
    pg_test_sql("UPDATE notify_control SET enabled = false;"
                "UPDATE subscriber SET line_state = 'suspended' WHERE imsi = '" A "'");
    expect(A, "");
}

/* proves: G-019 */
static void test_a_change_that_is_rolled_back_tells_nobody(void **state)
{
    (void)state;
    pg_test_sql("BEGIN; UPDATE subscriber SET line_state = 'barred' WHERE imsi = '" A "'; ROLLBACK");
    assert_int_equal(waiting(A), 0);
}

static void test_lines_without_a_registration_are_told_by_sms_when_wanted(void **state)
{
    (void)state;
    set_control("unregistered");
    pg_test_sql("UPDATE subscriber SET line_state = 'barred' WHERE imsi IN ('" A "', '" C "')");
    assert_int_equal(pg_test_number("SELECT channel FROM notification WHERE imsi = '" A "'"), 2);
    assert_int_equal(pg_test_number("SELECT channel FROM notification WHERE imsi = '" C "'"), 5);
    expect(C, "ap2003,ap2004,ap2005");
    set_control("instead");
    pg_test_sql("DELETE FROM notification;"
                "INSERT INTO line_service (imsi, service, prov_status) VALUES ('" A "', 'vonr', 0)");
    assert_int_equal(pg_test_number("SELECT channel FROM notification WHERE imsi = '" A "'"), 5);
    pg_test_sql("INSERT INTO line_service (imsi, service, override) VALUES ('" A "', 'smsoip', 'deny')");
    assert_int_equal(pg_test_number("SELECT serial FROM notification WHERE imsi = '" A "'"), 2);
    expect(A, "ap2003,ap2004,ap2005"); /* one SMS for both */
}

static void test_named_changes_go_to_the_web_hook_beside_sms(void **state)
{
    struct take_call t;
    struct ecs_outgoing row;

    (void)state;
    set_control("instead");
    pg_test_sql("SELECT notify_enqueue(ARRAY['" A "'], '{ap2011,ap2004}', 'test')");
    assert_int_equal(waiting(A), 2);
    pg_test_sql("SELECT notify_enqueue(ARRAY['" A "'], '{ap2011}', 'test')"); /* joins both */
    assert_int_equal(waiting(A), 2);
    pg_test_sql("DELETE FROM notification WHERE channel = 5; SELECT notify_enqueue(ARRAY['" B
                "'], NULL, 'test')");
    t = take_some(10, 60);
    assert_int_equal(t.rows.n, 2);
    assert_int_equal(t.rows.rows[0].channel, ECS_NOTIFY_HOOK);
    assert_int_equal(t.rows.rows[0].n_apps, 1);
    assert_true(ecs_str_eq(t.rows.rows[0].apps[0], ECS_STR("ap2011")));
    assert_int_equal(t.rows.rows[1].channel, 5); /* what names nothing is not for the hook */
    row = t.rows.rows[0];
    finish_as(&row, (struct ecs_notify_finish){.class = 0}, "sent");
}

/* proves: V-022 */
static void test_an_address_that_expires_is_told_once(void **state)
{
    struct ecs_notify_kept kept;

    (void)state;
    pg_test_sql("INSERT INTO line_service (imsi, service, addr_status, addr_expiry) VALUES ('" A
                "', 'vowifi', 1, now() - interval '5 s'); DELETE FROM notification");
    kept = keep_once();
    assert_int_equal(kept.addresses, 1);
    expect(A, "ap2004");
    kept = keep_once();
    assert_int_equal(kept.addresses, 0);
    expect(A, "");
    pg_test_sql("UPDATE line_service SET addr_expiry = now() - interval '3 s' WHERE imsi = '" A
                "'; DELETE FROM notification");
    kept = keep_once();
    assert_int_equal(kept.addresses, 1);
    expect(A, "ap2004");
}

/* ---- taking and settling ---- */

static void touch(const char *imsi)
{
    char sql[160];

    snprintf(sql, sizeof(sql), "SELECT notify_enqueue(ARRAY['%s'], NULL, 'test')", imsi);
    pg_test_sql(sql);
}

static void test_a_row_is_taken_once_until_its_lease_ends(void **state)
{
    struct take_call first, second;

    (void)state;
    touch(A);
    first = take_some(10, 1);
    assert_int_equal(first.rows.n, 1);
    assert_true(ecs_str_eq(first.rows.rows[0].imsi, ECS_STR(A)));
    assert_true(ecs_str_eq(first.rows.rows[0].token, ECS_STR("token-a")));
    assert_true(ecs_str_eq(first.rows.rows[0].msisdn, ECS_STR("491510000101")));
    assert_int_equal(first.rows.rows[0].n_apps, 3);
    assert_int_equal(first.rows.rows[0].attempts, 1);
    assert_in_range(first.rows.rows[0].life_s, 3500, 3600);
    second = take_some(10, 60);
    assert_int_equal(second.rows.n, 0);
    pg_test_sql("SELECT pg_sleep(1.1)");
    second = take_some(10, 60);
    assert_int_equal(second.rows.n, 1);
    assert_int_equal(second.rows.rows[0].attempts, 2);
}

/* proves: X-052 */
static void test_timestamps_of_a_device_only_grow(void **state)
{
    int64_t last = 0;

    (void)state;
    assert_int_equal(register_token(A, "phone-a", "token-a2", (const struct ecs_str[]){ECS_STR("ap2009")}, 1),
                     0);
    for (int i = 0; i < 4; i++) {
        struct take_call t;

        touch(A);
        t = take_some(10, 60);
        assert_int_equal(t.rows.n, 2); /* two tokens of one device */
        for (size_t k = 0; k < 2; k++)
            assert_true(t.rows.rows[k].timestamp >= ecs_clock_now() - 2);
        assert_int_not_equal(t.rows.rows[0].timestamp, t.rows.rows[1].timestamp);
        for (size_t k = 0; k < 2; k++)
            assert_true(t.rows.rows[k].timestamp > last);
        last = t.rows.rows[0].timestamp > t.rows.rows[1].timestamp ? t.rows.rows[0].timestamp
                                                                   : t.rows.rows[1].timestamp;
        pg_test_sql("DELETE FROM notification");
    }
}

static void test_a_change_during_the_send_is_told_again(void **state)
{
    struct take_call t;
    struct ecs_outgoing row;

    (void)state;
    touch(A);
    t = take_some(10, 60);
    row = t.rows.rows[0];
    touch(A); /* joins the leased row */
    assert_int_equal(waiting(A), 1);
    assert_int_equal(take_some(10, 60).rows.n, 0);
    finish_as(&row, (struct ecs_notify_finish){.class = 0}, "again");
    t = take_some(10, 60);
    assert_int_equal(t.rows.n, 1);
    row = t.rows.rows[0];
    finish_as(&row, (struct ecs_notify_finish){.class = 0}, "sent");
    assert_int_equal(waiting(A), 0);
    assert_int_equal(pg_test_number("SELECT count(*) FROM push_registration WHERE imsi = '" A
                                    "' AND last_success_at IS NOT NULL"),
                     1);
    finish_as(&row, (struct ecs_notify_finish){.class = 0}, "gone");
}

/* proves: G-020 */
static void test_a_dead_token_goes_and_only_that(void **state)
{
    struct ecs_outgoing row;

    (void)state;
    assert_int_equal(register_token(A, "watch-a", "token-w", ims_apps, 3), ECS_REGISTERED);
    pg_test_sql("SELECT notify_enqueue(ARRAY['" A "'], NULL, 'test')");
    row = take_some(10, 60).rows.rows[0];
    finish_as(&row, (struct ecs_notify_finish){.class = 1}, "dead");
    assert_int_equal(pg_test_number("SELECT count(*) FROM push_registration WHERE imsi = '" A "'"), 1);
    assert_int_equal(pg_test_number("SELECT count(*) FROM push_registration"), 2);
    assert_int_equal(waiting(A), 1); /* that of the other token */
}

static void test_a_token_registered_after_its_death_stays(void **state)
{
    struct ecs_outgoing row;

    (void)state;
    touch(A);
    row = take_some(10, 60).rows.rows[0];
    finish_as(&row,
              (struct ecs_notify_finish){
                  .class = 1, .dead_since_s = ecs_clock_now() - 3600, .delay_ms = 100, .may_sms = true},
              "later");
    assert_int_equal(pg_test_number("SELECT count(*) FROM push_registration WHERE imsi = '" A "'"), 1);
    pg_test_sql("UPDATE notification SET not_before = now(), leased_until = NULL");
    row = take_some(10, 60).rows.rows[0];
    finish_as(&row, (struct ecs_notify_finish){.class = 1, .dead_since_s = ecs_clock_now() + 60}, "dead");
    assert_int_equal(pg_test_number("SELECT count(*) FROM push_registration WHERE imsi = '" A "'"), 0);
}

/* proves: G-020 */
static void test_later_waits_and_ends_with_the_life_time(void **state)
{
    struct ecs_outgoing row;

    (void)state;
    touch(A);
    row = take_some(10, 60).rows.rows[0];
    finish_as(&row, (struct ecs_notify_finish){.class = 2, .delay_ms = 600}, "later");
    assert_int_equal(take_some(10, 60).rows.n, 0);
    touch(A); /* a further change does not cut the wait short */
    assert_int_equal(take_some(10, 60).rows.n, 0);
    pg_test_sql("SELECT pg_sleep(0.7)");
    row = take_some(10, 60).rows.rows[0];
    assert_int_equal(row.attempts, 2);
    finish_as(&row, (struct ecs_notify_finish){.class = 2, .delay_ms = 7200000}, "expired");
    assert_int_equal(waiting(A), 0);
    assert_int_equal(pg_test_number("SELECT failures FROM push_registration WHERE imsi = '" A "'"), 2);
    touch(A);
    pg_test_sql("UPDATE notification SET expires_at = now()");
    assert_int_equal(keep_once().expired, 1);
}

/* proves: G-018 */
static void test_what_push_cannot_do_goes_by_sms_when_it_may(void **state)
{
    struct take_call t;
    struct ecs_outgoing row;

    (void)state;
    touch(A);
    row = take_some(10, 60).rows.rows[0];
    finish_as(&row, (struct ecs_notify_finish){.class = 1, .may_sms = true}, "sms");
    assert_int_equal(pg_test_number("SELECT count(*) FROM push_registration WHERE imsi = '" A "'"), 0);
    t = take_some(10, 60);
    assert_int_equal(t.rows.n, 1);
    assert_int_equal(t.rows.rows[0].channel, 5);
    assert_int_equal(t.rows.rows[0].registration, 0);
    assert_int_equal(t.rows.rows[0].timestamp, 0);
    assert_int_equal(t.rows.rows[0].n_apps, 3);
    row = t.rows.rows[0];
    finish_as(&row, (struct ecs_notify_finish){.class = 1, .may_sms = true}, "dead");
    touch(B);
    row = take_some(10, 60).rows.rows[0];
    finish_as(&row, (struct ecs_notify_finish){.class = 4}, "dropped");
    assert_int_equal(waiting(B), 0);
    touch(B);
    row = take_some(10, 60).rows.rows[0];
    finish_as(&row, (struct ecs_notify_finish){.class = 3, .may_sms = true}, "held");
    row = take_some(10, 60).rows.rows[0];
    assert_int_equal(row.attempts, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_the_same_token_again_is_success_and_elsewhere_a_duplicate, fresh),
        cmocka_unit_test_setup(test_a_card_that_moved_takes_the_token_over_at_its_second_request, fresh),
        cmocka_unit_test_setup(test_a_new_token_takes_its_applications_from_the_old_one, fresh),
        cmocka_unit_test_setup(test_a_line_has_a_bounded_number_of_registrations, fresh),
        cmocka_unit_test_setup(test_facts_tell_the_registrations_of_the_device, fresh),
        cmocka_unit_test_setup(test_each_change_tells_the_registered_devices_of_its_applications, fresh),
        cmocka_unit_test_setup(test_a_change_that_is_rolled_back_tells_nobody, fresh),
        cmocka_unit_test_setup(test_lines_without_a_registration_are_told_by_sms_when_wanted, fresh),
        cmocka_unit_test_setup(test_named_changes_go_to_the_web_hook_beside_sms, fresh),
        cmocka_unit_test_setup(test_an_address_that_expires_is_told_once, fresh),
        cmocka_unit_test_setup(test_a_row_is_taken_once_until_its_lease_ends, fresh),
        cmocka_unit_test_setup(test_timestamps_of_a_device_only_grow, fresh),
        cmocka_unit_test_setup(test_a_change_during_the_send_is_told_again, fresh),
        cmocka_unit_test_setup(test_a_dead_token_goes_and_only_that, fresh),
        cmocka_unit_test_setup(test_a_token_registered_after_its_death_stays, fresh),
        cmocka_unit_test_setup(test_later_waits_and_ends_with_the_life_time, fresh),
        cmocka_unit_test_setup(test_what_push_cannot_do_goes_by_sms_when_it_may, fresh),
    };

    return cmocka_run_group_tests(tests, setup, outbox_done);
}
