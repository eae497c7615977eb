/* SPDX-License-Identifier: Apache-2.0 */
/* Exchanges with an AAA or HSS behind them, attempts, and what the HSS says of a line, against a real server
 * with the real schema. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../pg_test.h"
#include "ecs/log.h"
#include "ecs/schema.h"
#include "ecs/store_relay.h"

static struct ecs_loop *loop;
static struct ecs_pg_stats stats;
static struct ecs_store *store;

struct job {
    struct ecs_flow flow;
    enum ecs_next (*call)(struct ecs_flow *f, struct job *j);
    struct ecs_relay_new row;
    struct ecs_relay_next next;
    struct ecs_relay_session session;
    struct ecs_hss_session hss;
    struct ecs_hss_again again;
    uint8_t handle[32], digest[32];
    uint8_t identifier, method;
    enum ecs_relay_outcome outcome;
    struct ecs_facts_key key;
    struct ecs_subscriber_facts facts;
    struct ecs_str number;
    bool flag;
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
    ecs_flow_start(&j->flow, loop, j->flow.arena, NULL, steps, j, on_end);
}

static void run(struct job *j, enum ecs_next (*what)(struct ecs_flow *f, struct job *j))
{
    unsigned left = 0;

    ecs_arena_free(j->flow.arena);
    begin(j, what, &left);
    pg_test_turn(loop, &left, 8000);
    assert_int_equal(left, 0);
    if (j->rc != ECS_OK)
        fail_msg("%s", j->flow.reason);
}

static struct ecs_str handle_of(const struct job *j)
{
    return (struct ecs_str){(const char *)j->handle, sizeof(j->handle)};
}

#define IMSI ECS_STR("001010000000001")
#define CALL(name, call_)                                                                                    \
    static enum ecs_next name(struct ecs_flow *f, struct job *j)                                             \
    {                                                                                                        \
        return call_;                                                                                        \
    }
CALL(admit, ecs_store_relay_admit(f, store, j->digest, &j->flag))
CALL(open_row, ecs_store_relay_open(f, store, &j->row))
CALL(take, ecs_store_relay_take(f, store, handle_of(j), j->digest, j->identifier, j->method, &j->session))
CALL(next, ecs_store_relay_next(f, store, &j->next))
CALL(end_row, ecs_store_relay_end(f, store, handle_of(j), j->digest, j->outcome, IMSI))
CALL(hss_take, ecs_store_hss_take(f, store, handle_of(j), &j->hss))
CALL(hss_again, ecs_store_hss_again(f, store, &j->again))
CALL(hss_mark, ecs_store_hss_mark(f, store, handle_of(j), j->flag))
CALL(passed, ecs_store_relay_passed(f, store, j->digest, handle_of(j)))
CALL(claim, ecs_store_profile_claim(f, store, IMSI, 3600, &j->flag))
CALL(note, ecs_store_profile_note(f, store, IMSI, j->flag))
CALL(number, ecs_store_number_note(f, store, IMSI, j->number))
CALL(facts, ecs_store_facts(f, store, &j->key, &j->facts))
CALL(reap, ecs_store_relay_reap(f, store, 100, &j->reaped))
CALL(attempt_reap, ecs_store_attempt_reap(f, store, 100, &j->reaped))

/* A fresh exchange whose outstanding request has identifier 5. */
static void fill(struct job *j, enum ecs_relay_kind kind, uint8_t number)
{
    memset(j->handle, number, sizeof(j->handle));
    memset(j->digest, number ^ 0x55, sizeof(j->digest));
    j->identifier = 5;
    j->method = 23;
    j->row = (struct ecs_relay_new){.kind = kind,
                                    .handle = handle_of(j),
                                    .provider = ECS_STR("aaa"),
                                    .imsi = IMSI,
                                    .state = ECS_STR("request"),
                                    .identifier = 5,
                                    .method = 23,
                                    .request = ECS_STR("eap"),
                                    .thread = ECS_STR("thread"),
                                    .vector = kind == ECS_RELAY_HSS ? ECS_STR("sealed") : ECS_STR_NULL};
    run(j, open_row);
}

#define LIFE_OF                                                                                              \
    "SELECT round(extract(epoch FROM expires_at - created_at))::bigint FROM relay_session WHERE kind = "

/* A conversation with an AAA lives 60 s at most (aaa.md 8.3), one of our own as auth.session says. */
static void test_a_relayed_exchange_lives_a_minute_at_most(void **state)
{
    struct job j = {0};

    (void)state;
    fill(&j, ECS_RELAY_EAP, 91);
    assert_int_equal(pg_test_number(LIFE_OF "1"), 60);
    fill(&j, ECS_RELAY_HSS, 92);
    assert_int_equal(pg_test_number(LIFE_OF "2"), 90);
    ecs_arena_free(j.flow.arena);
    pg_test_sql("DELETE FROM relay_session");
}

static void test_a_packet_is_claimed_once_and_only_when_it_answers(void **state)
{
    struct job j = {0};

    (void)state;
    fill(&j, ECS_RELAY_EAP, 1);
    j.identifier = 6;
    run(&j, take);
    assert_int_equal(j.session.found, ECS_RELAY_MISFIT);
    j.identifier = 5;
    j.method = 50;
    run(&j, take);
    assert_int_equal(j.session.found, ECS_RELAY_MISFIT);
    j.method = 3; /* a Nak to the first request */
    run(&j, take);
    assert_int_equal(j.session.found, ECS_RELAY_CLAIMED);
    assert_true(ecs_str_eq(j.session.provider, ECS_STR("aaa")));
    assert_true(ecs_str_eq(j.session.imsi, IMSI));
    assert_true(ecs_str_eq(j.session.state, ECS_STR("request")));
    assert_true(ecs_str_eq(j.session.thread, ECS_STR("thread")));
    assert_int_equal(j.session.rounds, 1);
    run(&j, take);
    assert_int_equal(j.session.found, ECS_RELAY_ASKING);
    j.digest[0] ^= 1;
    run(&j, take);
    assert_int_equal(j.session.found, ECS_RELAY_MISFIT); /* one question at a time */
    j.handle[0] ^= 1;
    run(&j, take);
    assert_int_equal(j.session.found, ECS_RELAY_LOST);
    ecs_arena_free(j.flow.arena);
}

/* proves: E-015 */
static void test_of_many_copies_at_once_one_is_handed_on(void **state)
{
    struct job first = {0}, copies[12] = {0};
    unsigned left = 0, claimed = 0, asking = 0;

    (void)state;
    fill(&first, ECS_RELAY_EAP, 2);
    for (size_t i = 0; i < ECS_ARRAY_LEN(copies); i++) {
        copies[i] = first;
        copies[i].flow = (struct ecs_flow){0};
        begin(&copies[i], take, &left);
    }
    pg_test_turn(loop, &left, 8000);
    for (size_t i = 0; i < ECS_ARRAY_LEN(copies); i++) {
        assert_int_equal(copies[i].rc, ECS_OK);
        claimed += copies[i].session.found == ECS_RELAY_CLAIMED;
        asking += copies[i].session.found == ECS_RELAY_ASKING;
        ecs_arena_free(copies[i].flow.arena);
    }
    assert_int_equal(claimed, 1);
    assert_int_equal(asking, ECS_ARRAY_LEN(copies) - 1);
    ecs_arena_free(first.flow.arena);
}

static void test_what_became_of_a_packet_is_found_by_its_copies(void **state)
{
    struct job j = {0};

    (void)state;
    fill(&j, ECS_RELAY_EAP, 3);
    run(&j, take);
    j.next = (struct ecs_relay_next){.handle = handle_of(&j),
                                     .digest = j.digest,
                                     .identifier = 6,
                                     .method = 23,
                                     .request = ECS_STR("second"),
                                     .thread = ECS_STR("further"),
                                     .wait_s = 20};
    run(&j, next);
    run(&j, take);
    assert_int_equal(j.session.found, ECS_RELAY_COPY);
    assert_true(ecs_str_eq(j.session.request, ECS_STR("second")));
    assert_true(
        pg_test_number("SELECT count(*) FROM relay_session WHERE request = 'second' AND rounds = 2 AND "
                       "expires_at < now() + interval '21 seconds'") == 1);
    j.digest[1] ^= 1;
    j.identifier = 6;
    j.method = 3;
    run(&j, take);
    assert_int_equal(j.session.found, ECS_RELAY_MISFIT); /* a Nak is too late */
    j.method = 23;
    run(&j, take);
    assert_int_equal(j.session.found, ECS_RELAY_CLAIMED);
    assert_true(ecs_str_eq(j.session.thread, ECS_STR("further")));
    j.outcome = ECS_RELAY_PASSED;
    run(&j, end_row);
    run(&j, take);
    assert_int_equal(j.session.found, ECS_RELAY_COPY);
    assert_int_equal(j.session.outcome, ECS_RELAY_PASSED);
    pg_test_sql("UPDATE relay_session SET finished_at = now() - interval '11 seconds' WHERE outcome = 1");
    run(&j, take);
    assert_int_equal(j.session.found, ECS_RELAY_LOST);
    ecs_arena_free(j.flow.arena);
}

static void test_a_vector_is_answered_again_only_as_a_copy(void **state)
{
    struct job j = {0};

    (void)state;
    fill(&j, ECS_RELAY_HSS, 4);
    run(&j, take);
    assert_int_equal(j.session.found, ECS_RELAY_LOST); /* the other kind */
    run(&j, hss_take);
    assert_true(j.hss.found && !j.hss.repeated);
    assert_true(ecs_str_eq(j.hss.vector, ECS_STR("sealed")));
    assert_int_equal(j.hss.identifier, 5);
    run(&j, hss_take);
    assert_true(j.hss.repeated);
    j.flag = false;
    run(&j, hss_mark);
    run(&j, hss_take);
    assert_false(j.hss.repeated); /* it waits on as if nothing had come */
    j.again = (struct ecs_hss_again){
        .handle = handle_of(&j), .vector = ECS_STR("newer"), .rounds = j.hss.rounds, .identifier = 6};
    run(&j, hss_again);
    assert_true(j.again.found && j.again.taken);
    assert_int_equal(j.again.now_identifier, 6);
    j.again.vector = ECS_STR("late");
    j.again.identifier = 6;
    run(&j, hss_again); /* a copy that lost the race */
    assert_true(j.again.found && !j.again.taken);
    assert_true(ecs_str_eq(j.again.now_vector, ECS_STR("newer")));
    j.flag = true;
    run(&j, hss_mark);
    run(&j, hss_take);
    assert_int_equal(j.hss.rounds, 0);
    assert_null(j.hss.vector.p);
    ecs_arena_free(j.flow.arena);
}

static void test_attempts_are_counted_in_a_window_and_cleared_by_a_success(void **state)
{
    struct job j = {0};

    (void)state;
    fill(&j, ECS_RELAY_HSS, 5);
    for (unsigned i = 0; i < 3; i++) {
        run(&j, admit);
        assert_true(j.flag);
    }
    run(&j, admit);
    assert_false(j.flag);
    pg_test_sql("UPDATE auth_attempt SET window_started = window_started - interval '61 seconds'");
    run(&j, admit);
    assert_true(j.flag);
    run(&j, passed);
    assert_true(pg_test_number("SELECT count(*) FROM auth_attempt") == 0);
    assert_true(pg_test_number(
                    "SELECT count(*) FROM relay_session WHERE handle = decode(repeat('05', 32), 'hex') AND "
                    "expires_at < now() + interval '13 seconds'") == 1);
    run(&j, admit);
    pg_test_sql("UPDATE auth_attempt SET window_started = window_started - interval '25 hours'");
    run(&j, attempt_reap);
    assert_int_equal(j.reaped, 1);
    ecs_arena_free(j.flow.arena);
}

static void test_expired_exchanges_are_lost_and_reaped(void **state)
{
    struct job j = {0};

    (void)state;
    fill(&j, ECS_RELAY_EAP, 6);
    run(&j, reap);
    pg_test_sql("UPDATE relay_session SET expires_at = now() WHERE handle = decode(repeat('06', 32), 'hex')");
    run(&j, take);
    assert_int_equal(j.session.found, ECS_RELAY_LOST);
    run(&j, reap);
    assert_int_equal(j.reaped, 1);
    ecs_arena_free(j.flow.arena);
}

static void test_the_profile_of_a_line_is_asked_for_once_and_raises_its_revision(void **state)
{
    struct job j = {.key = {.imsi = IMSI}};
    int64_t revision;

    (void)state;
    run(&j, facts);
    assert_int_equal(j.facts.non3gpp, ECS_ROW_NON3GPP_UNKNOWN);
    revision = j.facts.content_revision;
    run(&j, claim);
    assert_true(j.flag);
    run(&j, claim);
    assert_false(j.flag);
    run(&j, facts);
    assert_int_equal(j.facts.content_revision, revision);
    j.flag = true;
    run(&j, note);
    run(&j, facts);
    assert_int_equal(j.facts.non3gpp, ECS_ROW_NON3GPP_BARRED);
    assert_int_equal(j.facts.content_revision, revision + 1);
    j.flag = true;
    run(&j, note);
    run(&j, facts);
    assert_int_equal(j.facts.content_revision, revision + 1);
    j.flag = false;
    run(&j, note);
    run(&j, facts);
    assert_int_equal(j.facts.non3gpp, ECS_ROW_NON3GPP_ALLOWED);
    j.number = ECS_STR("491512345");
    run(&j, number);
    run(&j, facts);
    assert_true(ecs_str_eq(j.facts.msisdn, ECS_STR("491512345")));
    pg_test_sql("UPDATE subscriber SET msisdn = '49170'");
    run(&j, number);
    run(&j, facts);
    assert_true(ecs_str_eq(j.facts.msisdn, ECS_STR("49170")));
    ecs_arena_free(j.flow.arena);
}

static int setup(void **state)
{
    struct ecs_store_conf conf = {
        .ind_bits = 5, .ind = 3, .limit_attempts = 3, .limit_window_s = 60, .session_life_s = 90};
    struct ecs_pg_sync *sync = NULL;
    char error[256];

    (void)state;
    ecs_log_init(ECS_LOG_TEXT, ECS_LOG_ERROR);
    loop = ecs_loop_new();
    if (!loop || pg_test_start() != 0 || ecs_pg_sync_connect(pg_test_conninfo(), 5, error, &sync) != ECS_OK)
        return -1;
    if (ecs_schema_upgrade(sync, NULL) != ECS_OK) {
        fprintf(stderr, "%s\n", ecs_pg_sync_error(sync));
        return -1;
    }
    ecs_pg_sync_free(sync);
    pg_test_sql("INSERT INTO plan (plan, name) VALUES ('basic', 'Basic');"
                "INSERT INTO subscriber (imsi, plan) VALUES ('001010000000001', 'basic')");
    conf.pg.conninfo = pg_test_conninfo();
    store = ecs_store_new(loop, &conf, &stats);
    return store ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    ecs_store_free(store);
    ecs_loop_free(loop);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_relayed_exchange_lives_a_minute_at_most),
        cmocka_unit_test(test_a_packet_is_claimed_once_and_only_when_it_answers),
        cmocka_unit_test(test_of_many_copies_at_once_one_is_handed_on),
        cmocka_unit_test(test_what_became_of_a_packet_is_found_by_its_copies),
        cmocka_unit_test(test_a_vector_is_answered_again_only_as_a_copy),
        cmocka_unit_test(test_attempts_are_counted_in_a_window_and_cleared_by_a_success),
        cmocka_unit_test(test_expired_exchanges_are_lost_and_reaped),
        cmocka_unit_test(test_the_profile_of_a_line_is_asked_for_once_and_raises_its_revision),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
