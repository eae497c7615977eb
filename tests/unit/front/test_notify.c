/* SPDX-License-Identifier: Apache-2.0 */
/* The runner with a real database and a double of the senders: what it sends, when, and what it makes of the
 * results. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../store/store_rig.h"
#include "front/front_internal.h"
#include "front/notify.h"

#define LINE   "001010000000201"
#define MSISDN "491510000201"

/* ---- the double: answers by a script, keeps what it was given ---- */

struct sent {
    enum ecs_push_channel channel;
    char token[32], apps[64], timestamp[24], msisdn[16], user_id[16];
    int64_t at_us;
};
static struct sent sent[256];
static unsigned sent_n;
static struct ecs_send_result script[16]; /* of the first messages; behind it: OK */
static unsigned script_n;

bool ecs_push_has(const struct ecs_push *push, enum ecs_push_channel channel)
{
    (void)push;
    return channel == ECS_PUSH_FCM || channel == ECS_PUSH_SMS;
}

struct ecs_push *ecs_push_new(struct ecs_http_pool *pool, struct ecs_loop *of,
                              const struct ecs_push_conf *conf, struct ecs_arena *arena,
                              const char **ret_error)
{
    (void)pool;
    (void)of;
    (void)conf;
    (void)arena;
    *ret_error = "a double";
    return NULL;
}

void ecs_push_free(struct ecs_push *push)
{
    (void)push;
}

static void keep_text(char *to, size_t size, struct ecs_str text)
{
    snprintf(to, size, "%.*s", ECS_FMT(text));
}

enum ecs_next ecs_push_text(struct ecs_flow *f, struct ecs_push *push, const struct ecs_sms_text *text,
                            struct ecs_send_result *ret_result)
{
    (void)push;
    (void)text;
    (void)ret_result;
    return ecs_flow_fail(f, ECS_E_INTERNAL, "not in this test");
}

enum ecs_next ecs_push_send(struct ecs_flow *f, struct ecs_push *push, const struct ecs_push_message *m,
                            int64_t now, struct ecs_send_result *ret_result)
{
    struct sent *s = &sent[sent_n];

    (void)f;
    (void)push;
    (void)now;
    assert_true(sent_n < ECS_ARRAY_LEN(sent));
    *s = (struct sent){.channel = m->channel, .at_us = ecs_clock_mono_us()};
    keep_text(s->token, sizeof(s->token), m->token);
    keep_text(s->apps, sizeof(s->apps), m->apps);
    keep_text(s->timestamp, sizeof(s->timestamp), m->timestamp);
    keep_text(s->msisdn, sizeof(s->msisdn), m->msisdn);
    keep_text(s->user_id, sizeof(s->user_id), m->user_id);
    *ret_result = sent_n < script_n ? script[sent_n] : (struct ecs_send_result){.class = ECS_SEND_OK};
    sent_n++;
    return ECS_NEXT;
}

/* ---- a front with what the runner needs ---- */

static struct ecs_worker worker;
static struct front front;
static struct engine engine;
static struct ecs_notify_conf conf;
static struct ecs_metrics *metrics;

static int start_front(void **state)
{
    if (setup(state) != 0)
        return -1;
    pg_test_sql("INSERT INTO plan (plan, name) VALUES ('gold', 'Gold')");
    metrics = calloc(1, sizeof(*metrics));
    worker.loop = loop;
    front = (struct front){
        .worker = &worker, .store = store, .metrics = metrics, .crypto = ecs_crypto_new(), .engine = &engine};
    return metrics && front.crypto ? 0 : -1;
}

static int stop_front(void **state)
{
    ecs_crypto_free(front.crypto);
    free(metrics);
    ecs_arena_cache_done(&worker.cache);
    return teardown(state);
}

static int begin(void **state)
{
    (void)state;
    sent_n = script_n = 0;
    memset(metrics, 0, sizeof(*metrics));
    pg_test_sql(
        "DELETE FROM subscriber WHERE plan = 'gold'; DELETE FROM notify_campaign;"
        "INSERT INTO subscriber (imsi, msisdn, plan) VALUES ('" LINE "', '" MSISDN "', 'gold');"
        "INSERT INTO push_registration (imsi, terminal_id, channel, token, token_digest, apps) VALUES "
        "('" LINE "', 'phone', 2, 'token-1', decode(md5('1'), 'hex'), '{ap2003,ap2005}')");
    conf = (struct ecs_notify_conf){.enabled = true,
                                    .with_vowifi = true,
                                    .fallback_after = 2,
                                    .ttl_s = 3600,
                                    .per_second = 200,
                                    .fcm_per_second = 200,
                                    .apns_per_second = 200,
                                    .wns_per_second = 200,
                                    .sms_per_second = 200,
                                    .parallel = 8,
                                    .lease_s = 60,
                                    .pause_s = 2,
                                    .campaign_per_second = 100,
                                    .bulk_rows = 100};
    engine = (struct engine){.refs = 1,
                             .notify = &conf,
                             .push = (struct ecs_push *)metrics, /* only told apart from NULL */
                             .push_channels = 1 | 1u << ECS_PUSH_FCM | 1u << ECS_PUSH_SMS};
    front.notify = notify_start(&front);
    return front.notify ? 0 : -1;
}

static int end_of_test(void **state)
{
    (void)state;
    notify_stop(front.notify);
    assert_null(front.notify);
    assert_int_equal(engine.refs, 1);
    assert_int_equal(front.in_work, 0);
    return 0;
}

static void turn_until(unsigned count, int64_t limit_ms)
{
    int64_t until = ecs_clock_mono_us() + limit_ms * 1000;

    while (sent_n < count && ecs_clock_mono_us() < until)
        assert_int_equal(ecs_loop_turn(loop, 20000), ECS_OK);
    assert_int_equal(sent_n, count);
}

static void turn_for(int64_t ms)
{
    int64_t until = ecs_clock_mono_us() + ms * 1000;

    while (ecs_clock_mono_us() < until)
        assert_int_equal(ecs_loop_turn(loop, 20000), ECS_OK);
}

/* The configuration reaches the triggers in the runner's first round. */
static void wait_for_enabled(int wanted)
{
    for (int i = 0; i < 50; i++) {
        turn_for(100);
        if (pg_test_number("SELECT enabled::int FROM notify_control") == wanted)
            return;
    }
    fail_msg("notify_control.enabled does not become %d", wanted);
}

static void bar_the_line(void)
{
    pg_test_sql(
        "UPDATE subscriber SET line_state = CASE line_state WHEN 'barred' THEN 'active' ELSE 'barred' END "
        "WHERE imsi = '" LINE "'");
}

/* ---- pure ---- */

/* proves: G-020 */
static void test_waits_double_up_to_a_quarter_of_an_hour_and_obey_the_provider(void **state)
{
    (void)state;
    assert_in_range(notify_backoff_ms(1, 0, UINT32_MAX), 9999, 10000);
    assert_in_range(notify_backoff_ms(2, 0, UINT32_MAX), 19999, 20000);
    assert_in_range(notify_backoff_ms(5, 0, UINT32_MAX), 159999, 160000);
    assert_in_range(notify_backoff_ms(8, 0, UINT32_MAX), 899999, 900000);
    assert_in_range(notify_backoff_ms(1000, 0, UINT32_MAX), 899999, 900000);
    assert_int_equal(notify_backoff_ms(3, 0, 0), 0);
    assert_in_range(notify_backoff_ms(3, 0, UINT32_MAX / 2), 19999, 20000);
    assert_int_equal(notify_backoff_ms(1, 120, 0), 120000);
    assert_in_range(notify_backoff_ms(4, 30, UINT32_MAX), 79999, 80000);
}

/* proves: X-052 */
static void test_an_ims_application_is_always_named_with_ap2004(void **state)
{
    static const struct {
        const char *apps[3], *with, *without;
    } rows[] = {
        {{"ap2003", NULL}, "ap2003,ap2004", "ap2003"},
        {{"ap2003", "ap2004", NULL}, "ap2003,ap2004", "ap2003,ap2004"},
        {{"ap2009", NULL}, "ap2009", "ap2009"},
        {{"ap2009", "ap2005", NULL}, "ap2009,ap2005,ap2004", "ap2009,ap2005"},
    };
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_str apps[3];
        size_t n = 0;

        for (; n < 3 && rows[i].apps[n]; n++)
            apps[n] = ecs_str_of(rows[i].apps[n]);
        assert_string_equal(notify_apps_text(arena, apps, n, true), rows[i].with);
        assert_string_equal(notify_apps_text(arena, apps, n, false), rows[i].without);
    }
    ecs_arena_free(arena);
}

static void test_a_bucket_lets_a_rate_through(void **state)
{
    struct notify_bucket b = {0};
    int64_t now = 1000000;
    unsigned n, total = 0;

    (void)state;
    assert_int_equal(notify_bucket_has(&b, 10, now, 100), 10);
    assert_int_equal(notify_bucket_has(&b, 10, now, 3), 3);
    for (int i = 0; i < 1000; i++, now += 10000) { /* ten seconds */
        n = notify_bucket_has(&b, 10, now, 100);
        notify_bucket_take(&b, n);
        total += n;
    }
    assert_in_range(total, 108, 110);
    assert_int_equal(notify_bucket_has(&b, 10, now + 3600000000, 100), 10);
}

/* ---- the runner ---- */

/* proves: G-010 G-011 G-013 */
static void test_a_change_is_pushed_within_two_seconds(void **state)
{
    int64_t before;

    (void)state;
    wait_for_enabled(1);
    before = ecs_clock_mono_us();
    bar_the_line();
    turn_until(1, 3000);
    assert_true(sent[0].at_us - before < 2000000);
    assert_int_equal(sent[0].channel, ECS_PUSH_FCM);
    assert_string_equal(sent[0].token, "token-1");
    assert_string_equal(sent[0].apps, "ap2003,ap2005,ap2004");
    assert_int_equal(strlen(sent[0].timestamp), 20);
    assert_int_equal(sent[0].timestamp[19], 'Z');
    turn_for(1000);
    assert_int_equal(sent_n, 1);
    assert_int_equal(pg_test_number("SELECT count(*) FROM notification"), 0);
    assert_int_equal(metrics->cell[ECS_M_NOTIFICATIONS][5 * ECS_PUSH_FCM + ECS_SEND_OK], 1);
    bar_the_line();
    turn_until(2, 3000);
    assert_true(strcmp(sent[1].timestamp, sent[0].timestamp) > 0);
}

static void test_a_stopped_channel_holds_its_rows_and_alarms_once(void **state)
{
    (void)state;
    wait_for_enabled(1);
    script[0] = (struct ecs_send_result){.class = ECS_SEND_CONFIG, .reason = "PERMISSION_DENIED"};
    script_n = 1;
    bar_the_line();
    turn_until(1, 3000);
    turn_for(100);
    assert_int_equal(metrics->notify_stopped[ECS_PUSH_FCM], 1);
    assert_true(notify_stopped_s(front.notify, ECS_PUSH_FCM) > 0);
    turn_for(900);
    assert_int_equal(sent_n, 1);
    assert_int_equal(pg_test_number("SELECT count(*) FROM notification WHERE leased_until IS NULL"), 1);
    turn_until(2, 3000); /* the pause of 2 s is over */
    turn_for(100);
    assert_int_equal(metrics->notify_stopped[ECS_PUSH_FCM], 0);
    assert_int_equal(notify_stopped_s(front.notify, ECS_PUSH_FCM), 0);
}

/* proves: G-020 */
static void test_results_settle_the_row(void **state)
{
    (void)state;
    wait_for_enabled(1);
    script[0] =
        (struct ecs_send_result){.class = ECS_SEND_RETRY, .retry_after_s = 600, .reason = "UNAVAILABLE"};
    script[1] = (struct ecs_send_result){.class = ECS_SEND_BAD, .reason = "INVALID_ARGUMENT"};
    script[2] = (struct ecs_send_result){.class = ECS_SEND_DROP, .reason = "UNREGISTERED"};
    script_n = 3;
    bar_the_line();
    turn_until(1, 3000);
    turn_for(200);
    assert_in_range(pg_test_number("SELECT extract(epoch FROM not_before - now())::bigint FROM notification"),
                    590, 600);
    pg_test_sql("UPDATE notification SET not_before = now()");
    turn_until(2, 3000);
    turn_for(200);
    assert_int_equal(pg_test_number("SELECT count(*) FROM notification"), 0);
    assert_int_equal(pg_test_number("SELECT count(*) FROM push_registration"), 1);
    bar_the_line();
    turn_until(3, 3000);
    turn_for(200);
    assert_int_equal(pg_test_number("SELECT count(*) FROM push_registration"), 0);
    bar_the_line();
    turn_for(800);
    assert_int_equal(sent_n, 3);
}

/* proves: G-018 */
static void test_failed_push_falls_back_to_sms(void **state)
{
    (void)state;
    conf.sms = NOTIFY_SMS_FALLBACK;
    notify_reload(front.notify);
    wait_for_enabled(1);
    script[0] = (struct ecs_send_result){.class = ECS_SEND_DROP, .reason = "UNREGISTERED"};
    script_n = 1;
    bar_the_line();
    turn_until(2, 3000);
    assert_int_equal(sent[1].channel, ECS_PUSH_SMS);
    assert_string_equal(sent[1].msisdn, MSISDN);
    assert_string_equal(sent[1].user_id, LINE);
    assert_string_equal(sent[1].apps, "ap2003,ap2005,ap2004");
}

/* proves: G-018 */
static void test_a_stopped_channel_falls_back_to_sms(void **state)
{
    (void)state;
    conf.sms = NOTIFY_SMS_FALLBACK;
    conf.pause_s = 600;
    notify_reload(front.notify);
    wait_for_enabled(1);
    script[0] = (struct ecs_send_result){.class = ECS_SEND_CONFIG, .reason = "PERMISSION_DENIED"};
    script_n = 1;
    bar_the_line();
    turn_until(2, 4000);
    assert_int_equal(sent[0].channel, ECS_PUSH_FCM);
    assert_int_equal(sent[1].channel, ECS_PUSH_SMS);
    bar_the_line();
    turn_until(3, 4000);
    assert_int_equal(sent[2].channel, ECS_PUSH_SMS);
}

static void test_rates_bound_what_is_sent(void **state)
{
    (void)state;
    conf.fcm_per_second = 10;
    wait_for_enabled(1);
    pg_test_sql("INSERT INTO subscriber (imsi, plan) SELECT (1030000000000 + g)::text, 'gold' FROM "
                "generate_series(1, 40) g;"
                "INSERT INTO push_registration (imsi, terminal_id, channel, token, token_digest, apps) "
                "SELECT s.imsi, 't', 2, 't' || s.imsi, decode(md5(s.imsi), 'hex'), '{ap2004}' "
                "FROM subscriber s WHERE s.imsi LIKE '103%';"
                "UPDATE subscriber SET line_state = 'barred' WHERE imsi LIKE '103%'");
    turn_until(40, 15000);
    assert_in_range(sent[39].at_us - sent[0].at_us, 2000000, 10000000); /* 30 at 10 per second */
}

static void test_switched_off_means_silence(void **state)
{
    (void)state;
    conf.enabled = false;
    notify_reload(front.notify);
    wait_for_enabled(0);
    bar_the_line();
    turn_for(800);
    assert_int_equal(sent_n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits_double_up_to_a_quarter_of_an_hour_and_obey_the_provider),
        cmocka_unit_test(test_an_ims_application_is_always_named_with_ap2004),
        cmocka_unit_test(test_a_bucket_lets_a_rate_through),
        cmocka_unit_test_setup_teardown(test_a_change_is_pushed_within_two_seconds, begin, end_of_test),
        cmocka_unit_test_setup_teardown(test_a_stopped_channel_holds_its_rows_and_alarms_once, begin,
                                        end_of_test),
        cmocka_unit_test_setup_teardown(test_results_settle_the_row, begin, end_of_test),
        cmocka_unit_test_setup_teardown(test_failed_push_falls_back_to_sms, begin, end_of_test),
        cmocka_unit_test_setup_teardown(test_a_stopped_channel_falls_back_to_sms, begin, end_of_test),
        cmocka_unit_test_setup_teardown(test_rates_bound_what_is_sent, begin, end_of_test),
        cmocka_unit_test_setup_teardown(test_switched_off_means_silence, begin, end_of_test),
    };

    return cmocka_run_group_tests(tests, start_front, stop_front);
}
