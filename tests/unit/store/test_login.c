/* SPDX-License-Identifier: Apache-2.0 */
/* Logins between two requests, one-time codes and subjects of identity providers, against a real server with
 * the real schema. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../pg_test.h"
#include "ecs/log.h"
#include "ecs/schema.h"
#include "ecs/store_login.h"

struct rig {
    struct ecs_loop *loop;
    struct ecs_pg_stats stats;
    struct ecs_store *store;
};
static struct rig rig;

static const struct ecs_otp_limits limits = {.life_s = 600, .interval_s = 60, .per_day = 3, .tries = 4};

/* ---- one call as a flow ---- */

struct job {
    struct ecs_flow flow;
    enum ecs_next (*call)(struct ecs_flow *f, struct job *j);
    uint8_t handle[32], code[32], proof[32], number[32];
    struct ecs_login_new login;
    struct ecs_login_row row;
    struct ecs_login_lines lines;
    enum ecs_subject_by by;
    struct ecs_str subject, msisdn, imsi;
    bool first, created;
    struct ecs_otp_begun begun;
    struct ecs_otp_tried tried;
    struct ecs_factor_sent sent;
    struct ecs_subject_rows subjects;
    unsigned reaped, *left;
    enum ecs_rc rc;
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

    j->rc = f->rc;
    (*j->left)--;
}

static void begin(struct job *j, enum ecs_next (*what)(struct ecs_flow *f, struct job *j), unsigned *left)
{
    j->call = what;
    j->left = left;
    (*left)++;
    j->flow.arena = ecs_arena_new(NULL, 0);
    ecs_flow_start(&j->flow, rig.loop, j->flow.arena, NULL, steps, j, on_end);
}

static enum ecs_rc run(struct job *j, enum ecs_next (*what)(struct ecs_flow *f, struct job *j))
{
    unsigned left = 0;

    ecs_arena_free(j->flow.arena);
    begin(j, what, &left);
    pg_test_turn(rig.loop, &left, 8000);
    assert_int_equal(left, 0);
    return j->rc;
}

#define CALL(name, call_)                                                                                    \
    static enum ecs_next name(struct ecs_flow *f, struct job *j)                                             \
    {                                                                                                        \
        return call_;                                                                                        \
    }
CALL(take, ecs_store_login_take(f, rig.store, j->handle, &j->row))
CALL(reopen, ecs_store_login_reopen(f, rig.store, j->handle))
CALL(lines, ecs_store_login_lines(f, rig.store, j->by, ECS_STR("idp"), j->subject, &j->lines))
CALL(otp_try, ecs_store_otp_try(f, rig.store, j->handle, j->code, &limits, &j->tried))
CALL(factor_send, ecs_store_factor_send(f, rig.store, j->handle, j->code, j->first, &limits, &j->sent))
CALL(factor_try, ecs_store_factor_try(f, rig.store, j->handle, j->code, j->proof, &limits, &j->tried))
CALL(login_reap, ecs_store_login_reap(f, rig.store, 2, &j->reaped))
CALL(otp_reap, ecs_store_otp_reap(f, rig.store, 100, &j->reaped))
CALL(subject_put, ecs_store_subject_put(f, rig.store, ECS_STR("idp"), j->subject, j->imsi, &j->created))
CALL(subject_delete, ecs_store_subject_delete(f, rig.store, ECS_STR("idp"), j->subject, j->imsi))
CALL(subject_list, ecs_store_subject_list(f, rig.store, j->imsi, &j->subjects))

static enum ecs_next add(struct ecs_flow *f, struct job *j)
{
    j->login.handle = j->handle;
    j->login.life_s = 600;
    return ecs_store_login_add(f, rig.store, &j->login);
}

static enum ecs_next otp_begin(struct ecs_flow *f, struct job *j)
{
    struct ecs_otp_new *otp = ecs_alloc(f->arena, sizeof(*otp));

    *otp = (struct ecs_otp_new){j->handle, j->code, j->number, ECS_STR("request"), j->msisdn, j->imsi};
    return ecs_store_otp_begin(f, rig.store, otp, &limits, &j->begun);
}

/* ---- cases ---- */

static void fill(struct job *j, uint8_t number)
{
    memset(j->handle, number, 32);
    memset(j->code, number ^ 0x40, 32);
    memset(j->number, number ^ 0x80, 32);
    memset(j->proof, number ^ 0xc0, 32);
}

static void prepare(struct job *j, uint8_t number)
{
    fill(j, number);
    j->login = (struct ecs_login_new){.kind = ECS_LOGIN_OIDC,
                                      .provider = ECS_STR("idp"),
                                      .request = ECS_STR("saved\0request"),
                                      .nonce = ECS_STR("nonce"),
                                      .verifier = ECS_STR("verifier")};
}

static void test_a_login_is_taken_once_and_comes_back_whole(void **state)
{
    struct job j = {0};

    (void)state;
    prepare(&j, 1);
    assert_int_equal(run(&j, add), ECS_OK);
    assert_int_equal(run(&j, take), ECS_OK);
    assert_true(j.row.found);
    assert_int_equal(j.row.kind, ECS_LOGIN_OIDC);
    assert_true(ecs_str_eq(j.row.provider, ECS_STR("idp")));
    assert_true(ecs_str_eq(j.row.request, ECS_STR("saved\0request")));
    assert_true(ecs_str_eq(j.row.nonce, ECS_STR("nonce")));
    assert_true(ecs_str_eq(j.row.verifier, ECS_STR("verifier")));
    assert_null(j.row.imsi.p);
    assert_int_equal(run(&j, take), ECS_OK);
    assert_false(j.row.found);
    ecs_arena_free(j.flow.arena);
}

static void test_of_many_takers_at_once_one_has_it(void **state)
{
    static struct job j[20];
    unsigned left = 0, found = 0;

    (void)state;
    prepare(&j[0], 2);
    assert_int_equal(run(&j[0], add), ECS_OK);
    ecs_arena_free(j[0].flow.arena);
    for (unsigned i = 0; i < 20; i++) {
        fill(&j[i], 2);
        begin(&j[i], take, &left);
    }
    pg_test_turn(rig.loop, &left, 8000);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(j[i].rc, ECS_OK);
        found += j[i].row.found;
        ecs_arena_free(j[i].flow.arena);
    }
    assert_int_equal(found, 1);
}

static void test_an_expired_login_is_not_found_and_is_reaped_in_small_portions(void **state)
{
    struct job j = {0};

    (void)state;
    pg_test_sql("DELETE FROM login");
    for (uint8_t i = 10; i < 13; i++) {
        prepare(&j, i);
        assert_int_equal(run(&j, add), ECS_OK);
    }
    pg_test_sql("UPDATE login SET expires_at = now()");
    assert_int_equal(run(&j, take), ECS_OK);
    assert_false(j.row.found);
    prepare(&j, 13);
    assert_int_equal(run(&j, add), ECS_OK);
    assert_int_equal(run(&j, login_reap), ECS_OK);
    assert_int_equal(j.reaped, 2);
    assert_int_equal(run(&j, login_reap), ECS_OK);
    assert_int_equal(j.reaped, 1);
    assert_int_equal(pg_test_number("SELECT count(*) FROM login"), 1);
    ecs_arena_free(j.flow.arena);
}

static void test_a_login_may_be_reopened_but_not_without_end(void **state)
{
    struct job j = {0};

    (void)state;
    prepare(&j, 20);
    assert_int_equal(run(&j, add), ECS_OK);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(run(&j, take), ECS_OK);
        assert_true(j.row.found);
        assert_int_equal(run(&j, reopen), ECS_OK);
    }
    assert_int_equal(run(&j, take), ECS_OK);
    assert_false(j.row.found);
    ecs_arena_free(j.flow.arena);
}

static void test_a_request_that_is_too_large_is_refused(void **state)
{
    static char large[ECS_LOGIN_REQUEST_MAX + 1];
    struct job j = {0};

    (void)state;
    prepare(&j, 21);
    j.login.request = (struct ecs_str){large, sizeof(large)};
    assert_int_equal(run(&j, add), ECS_E_TOO_LARGE);
    j.login.request.n--;
    assert_int_equal(run(&j, add), ECS_OK);
    ecs_arena_free(j.flow.arena);
}

static void test_subjects_lead_to_lines_by_table_number_and_imsi(void **state)
{
    struct job j = {.by = ECS_SUBJECT_TABLE, .subject = ECS_STR("Sub|1"), .imsi = ECS_STR("001010000000001")};

    (void)state;
    assert_int_equal(run(&j, subject_put), ECS_OK);
    assert_true(j.created);
    assert_int_equal(run(&j, subject_put), ECS_OK);
    assert_false(j.created);
    assert_int_equal(run(&j, lines), ECS_OK);
    assert_int_equal(j.lines.n, 1);
    assert_true(ecs_str_eq(j.lines.line[0].imsi, ECS_STR("001010000000001")));
    assert_true(ecs_str_eq(j.lines.line[0].msisdn, ECS_STR("4915100000001")));
    j.imsi = ECS_STR("001010000000002");
    assert_int_equal(run(&j, subject_put), ECS_OK);
    assert_int_equal(run(&j, lines), ECS_OK);
    assert_int_equal(j.lines.n, 2);
    j.subject = ECS_STR("sub|1"); /* byte by byte */
    assert_int_equal(run(&j, lines), ECS_OK);
    assert_int_equal(j.lines.n, 0);
    j.by = ECS_SUBJECT_MSISDN;
    j.subject = ECS_STR("4915100000002");
    assert_int_equal(run(&j, lines), ECS_OK);
    assert_int_equal(j.lines.n, 2); /* multi-SIM */
    j.by = ECS_SUBJECT_IMSI;
    j.subject = ECS_STR("001010000000003");
    assert_int_equal(run(&j, lines), ECS_OK);
    assert_int_equal(j.lines.n, 1);
    j.imsi = ECS_STR("001010000000001");
    assert_int_equal(run(&j, subject_list), ECS_OK);
    assert_int_equal(j.subjects.n, 1);
    assert_true(ecs_str_eq(j.subjects.rows[0].subject, ECS_STR("Sub|1")));
    j.subject = ECS_STR("Sub|1");
    assert_int_equal(run(&j, subject_delete), ECS_OK);
    assert_int_equal(run(&j, subject_delete), ECS_E_NOT_FOUND);
    j.imsi = ECS_STR("999990000000000");
    assert_int_equal(run(&j, subject_put), ECS_E_BAD_PARAMETER);
    ecs_arena_free(j.flow.arena);
}

static void start_otp(struct job *j, uint8_t number, const char *msisdn, const char *imsi)
{
    fill(j, number);
    j->msisdn = ecs_str_of(msisdn);
    j->imsi = ecs_str_of(imsi);
    assert_int_equal(run(j, otp_begin), ECS_OK);
}

static void test_a_right_code_serves_once(void **state)
{
    struct job j = {0};

    (void)state;
    start_otp(&j, 30, "4915100000001", NULL);
    assert_true(j.begun.granted);
    assert_true(ecs_str_eq(j.begun.imsi, ECS_STR("001010000000001")));
    assert_int_equal(run(&j, otp_try), ECS_OK);
    assert_true(j.tried.found && j.tried.right);
    assert_true(ecs_str_eq(j.tried.imsi, ECS_STR("001010000000001")));
    assert_true(ecs_str_eq(j.tried.request, ECS_STR("request")));
    assert_int_equal(run(&j, otp_try), ECS_OK);
    assert_false(j.tried.found);
    assert_int_equal(run(&j, take), ECS_OK); /* not by the other door */
    assert_false(j.row.found);
    ecs_arena_free(j.flow.arena);
}

static void test_after_four_wrong_codes_the_right_one_is_wrong_too(void **state)
{
    struct job j = {0};

    (void)state;
    start_otp(&j, 31, "4915100000003", NULL);
    j.code[0] ^= 1;
    for (unsigned i = 1; i <= 4; i++) {
        assert_int_equal(run(&j, otp_try), ECS_OK);
        assert_true(j.tried.found);
        assert_false(j.tried.right);
        assert_int_equal(j.tried.tries, i);
    }
    j.code[0] ^= 1;
    assert_int_equal(run(&j, otp_try), ECS_OK);
    assert_false(j.tried.found);
    ecs_arena_free(j.flow.arena);
}

static void test_a_number_has_its_minute_and_its_day(void **state)
{
    struct job j = {0}, former = {0};

    (void)state;
    start_otp(&former, 32, "4915100000001", NULL);
    assert_true(former.begun.granted);
    fill(&j, 33);
    memcpy(j.number, former.number, 32);
    j.msisdn = former.msisdn;
    assert_int_equal(run(&j, otp_begin), ECS_OK);
    assert_false(j.begun.granted);
    assert_in_range(j.begun.wait_s, 55, 60);
    for (int i = 0; i < 2; i++) {
        pg_test_sql("UPDATE otp_number SET sent_at = sent_at - interval '61 s'");
        assert_int_equal(run(&j, otp_begin), ECS_OK);
        assert_true(j.begun.granted);
        j.handle[1]++;
    }
    pg_test_sql("UPDATE otp_number SET sent_at = sent_at - interval '61 s'");
    assert_int_equal(run(&j, otp_begin), ECS_OK);
    assert_false(j.begun.granted); /* three a day */
    assert_in_range(j.begun.wait_s, 86000, 86400);
    pg_test_sql("UPDATE otp_number SET day_began = now() - interval '25 h'");
    assert_int_equal(run(&j, otp_begin), ECS_OK);
    assert_true(j.begun.granted);
    assert_int_equal(run(&former, otp_try), ECS_OK);
    assert_false(former.tried.found); /* a new code makes the former void */
    pg_test_sql("UPDATE otp_number SET day_began = now() - interval '25 h', sent_at = day_began");
    assert_int_equal(run(&j, otp_reap), ECS_OK);
    assert_int_equal(
        pg_test_number("SELECT count(*) FROM otp_number WHERE sent_at < now() - interval '1 day'"), 0);
    ecs_arena_free(j.flow.arena);
    ecs_arena_free(former.flow.arena);
}

static void test_a_number_that_nobody_has_is_treated_alike(void **state)
{
    struct job j = {0};

    (void)state;
    start_otp(&j, 34, "4915199999999", NULL);
    assert_true(j.begun.granted);
    assert_null(j.begun.imsi.p);
    j.handle[0]++;
    assert_int_equal(run(&j, otp_begin), ECS_OK);
    assert_false(j.begun.granted);
    assert_true(j.begun.wait_s > 50);
    start_otp(&j, 35, "4915100000002", NULL); /* two lines: not one's */
    assert_true(j.begun.granted);
    assert_null(j.begun.imsi.p);
    start_otp(&j, 36, "4915100000002", "001010000000003");
    assert_true(ecs_str_eq(j.begun.imsi, ECS_STR("001010000000003")));
    start_otp(&j, 37, "4915100000001", "001010000000002"); /* the IMSI's number is another one */
    assert_true(j.begun.granted);
    assert_null(j.begun.imsi.p);
    ecs_arena_free(j.flow.arena);
}

static void test_the_code_page_sends_once_by_itself_and_again_on_demand(void **state)
{
    struct job j = {0};

    (void)state;
    fill(&j, 40);
    j.login = (struct ecs_login_new){.kind = ECS_LOGIN_FACTOR,
                                     .provider = ECS_STR("idp"),
                                     .request = ECS_STR("r"),
                                     .imsi = ECS_STR("001010000000001"),
                                     .number = j.number};
    assert_int_equal(run(&j, add), ECS_OK);
    assert_int_equal(run(&j, factor_try), ECS_OK);
    assert_false(j.tried.found); /* no code yet */
    j.first = true;
    assert_int_equal(run(&j, factor_send), ECS_OK);
    assert_true(j.sent.found && j.sent.send && j.sent.has_code);
    assert_true(ecs_str_eq(j.sent.msisdn, ECS_STR("4915100000001")));
    assert_in_range(j.sent.wait_s, 59, 60);
    assert_int_equal(run(&j, factor_send), ECS_OK);
    assert_true(j.sent.found && !j.sent.send && j.sent.has_code);
    j.first = false;
    assert_int_equal(run(&j, factor_send), ECS_OK);
    assert_true(j.sent.found && !j.sent.send); /* within the minute */
    pg_test_sql("UPDATE otp_number SET sent_at = sent_at - interval '61 s'");
    j.first = true;
    assert_int_equal(run(&j, factor_send), ECS_OK);
    assert_false(j.sent.send);
    assert_int_equal(j.sent.wait_s, 0);
    j.first = false;
    j.code[5] ^= 1;
    assert_int_equal(run(&j, factor_send), ECS_OK);
    assert_true(j.sent.send);
    j.code[5] ^= 1;
    assert_int_equal(run(&j, factor_try), ECS_OK);
    assert_true(j.tried.found && !j.tried.right); /* the former code */
    assert_int_equal(j.tried.tries, 1);
    j.code[5] ^= 1;
    assert_int_equal(run(&j, factor_try), ECS_OK);
    assert_true(j.tried.found && j.tried.right);
    assert_int_equal(run(&j, factor_try), ECS_OK);
    assert_true(j.tried.right); /* the form was sent twice */
    assert_int_equal(run(&j, take), ECS_OK);
    assert_true(j.row.found);
    assert_int_equal(j.row.kind, ECS_LOGIN_FACTOR);
    assert_int_equal(j.row.proof.n, 32);
    assert_memory_equal(j.row.proof.p, j.proof, 32);
    assert_int_equal(run(&j, reopen), ECS_OK); /* for logins at the provider only */
    assert_int_equal(run(&j, take), ECS_OK);
    assert_false(j.row.found);
    assert_int_equal(run(&j, factor_send), ECS_OK);
    assert_false(j.sent.found);
    ecs_arena_free(j.flow.arena);
}

static int setup(void **state)
{
    struct ecs_store_conf conf = {
        .ind_bits = 5, .ind = 3, .limit_attempts = 200, .limit_window_s = 60, .session_life_s = 60};
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
    pg_test_sql(
        "INSERT INTO plan (plan, name) VALUES ('basic', 'Basic');"
        "INSERT INTO subscriber (imsi, msisdn, plan) VALUES ('001010000000001', '4915100000001', 'basic'), "
        "('001010000000002', '4915100000002', 'basic'), ('001010000000003', '4915100000002', 'basic'), "
        "('001010000000004', '4915100000003', 'basic')");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_login_is_taken_once_and_comes_back_whole),
        cmocka_unit_test(test_of_many_takers_at_once_one_has_it),
        cmocka_unit_test(test_an_expired_login_is_not_found_and_is_reaped_in_small_portions),
        cmocka_unit_test(test_a_login_may_be_reopened_but_not_without_end),
        cmocka_unit_test(test_a_request_that_is_too_large_is_refused),
        cmocka_unit_test(test_subjects_lead_to_lines_by_table_number_and_imsi),
        cmocka_unit_test(test_a_right_code_serves_once),
        cmocka_unit_test(test_after_four_wrong_codes_the_right_one_is_wrong_too),
        cmocka_unit_test(test_a_number_has_its_minute_and_its_day),
        cmocka_unit_test(test_a_number_that_nobody_has_is_treated_alike),
        cmocka_unit_test(test_the_code_page_sends_once_by_itself_and_again_on_demand),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
