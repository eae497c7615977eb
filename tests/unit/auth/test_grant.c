/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens for third parties against a real database: binding, counted uses, repetitions, two nodes at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "../pg_test.h"
#include "ecs/crypto.h"
#include "ecs/grant.h"
#include "ecs/schema.h"

enum call { MINT, USE, FINISH, FINISH_ALL, REAP, MISUSE };

struct job {
    struct ecs_flow flow;
    struct ecs_arena *arena;
    enum call call;
    struct ecs_store *store;
    struct ecs_grant_order order;
    struct ecs_grant grant;
    const char *text;
    enum ecs_grant_kind kind;
    struct ecs_ts43_request request;
    enum ecs_operation operation;
    enum ecs_app app;
    bool count;
    struct ecs_grant_used used;
    struct ecs_str imsi;
    int64_t number, generation, most;
    struct ecs_misuse_noted noted;
    unsigned reaped;
    unsigned *left;
    enum ecs_rc rc;
};

static struct ecs_loop *loop;
static struct ecs_pg_stats stats;
static struct ecs_store *nodes[2];
static struct ecs_crypto *crypto;
static struct ecs_imsi ana, ben;
static struct ecs_str uses[] = {{"ManageSubscription=3", 20}};
static struct ecs_grant_conf conf = {.temporary_life_s = 300,
                                     .operator_life_s = 600,
                                     .app_life_s = 60,
                                     .uses = {uses, 1},
                                     .repeat_s = 2,
                                     .per_subscriber = 6};

static enum ecs_next ask(struct ecs_flow *f)
{
    struct job *j = f->self;
    struct ecs_auth_env env = {.crypto = crypto, .store = j->store, .grants = &conf};

    switch (j->call) {
    case MINT:
        return ecs_grant_mint(f, &env, &j->order, &j->grant);
    case USE:
        return ecs_grant_use(f, &env, j->kind, ecs_str_of(j->text), &j->request, j->operation, j->app,
                             j->count, &j->used);
    case FINISH:
        return ecs_grant_finish(f, &env, j->kind, ecs_str_of(j->text), &j->imsi);
    case FINISH_ALL:
        return ecs_store_grant_finish_all(f, j->store, j->imsi, &j->number);
    case MISUSE:
        return ecs_store_misuse_note(f, j->store, j->imsi, j->generation, j->most, 3600, &j->noted);
    default:
        return ecs_store_grant_reap(f, j->store, 100, &j->reaped);
    }
}

static enum ecs_next end(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

static const struct ecs_step steps[] = {{"ask", ask, 0}, {"end", end, 0}, {"error", end, 0}, {0}};

static void on_end(struct ecs_flow *f)
{
    struct job *j = f->frame[0].self;

    j->rc = f->rc;
    (*j->left)--;
}

static void start(struct job *j, enum call call, unsigned *left)
{
    j->call = call;
    j->store = j->store ? j->store : nodes[0];
    j->left = left;
    (*left)++;
    j->arena = ecs_arena_new(NULL, 0);
    assert_non_null(j->arena);
    ecs_flow_start(&j->flow, loop, j->arena, NULL, steps, j, on_end);
}

static enum ecs_rc run(struct job *j, enum call call)
{
    unsigned left = 0;

    ecs_arena_free(j->arena);
    j->arena = NULL;
    start(j, call, &left);
    pg_test_turn(loop, &left, 8000);
    assert_int_equal(left, 0);
    return j->rc;
}

static void mint(struct job *j, const struct ecs_imsi *imsi, unsigned operations)
{
    j->order = (struct ecs_grant_order){.imsi = imsi, .app = ECS_APP_2014, .operations = operations};
    if (operations & 1u << ECS_OP_MANAGE_SUBSCRIPTION)
        j->order.app = ECS_APP_2009;
    assert_int_equal(run(j, MINT), ECS_OK);
    j->text = j->grant.text;
    j->app = j->order.app;
    j->count = true;
}

static enum ecs_grant_verdict use(struct job *j, enum ecs_operation operation, const char *requestor,
                                  const char *rest)
{
    j->operation = operation;
    j->request = (struct ecs_ts43_request){.n_apps = 1};
    j->request.param[ECS_P_REQUESTOR_ID] = ecs_str_of(requestor);
    j->request.param[ECS_P_VERS] = ecs_str_of(rest);
    assert_int_equal(run(j, USE), ECS_OK);
    return j->used.verdict;
}

#define PHONE (1u << ECS_OP_GET_PHONE_NUMBER)

/* proves: A-051 A-054 A-057 */
static void test_a_token_serves_its_operation_and_application_once(void **state)
{
    struct job j = {0};
    const char *why;

    (void)state;
    mint(&j, &ana, PHONE);
    assert_int_equal(strlen(j.grant.text), ECS_GRANT_TEXT_MAX);
    assert_true(j.grant.added.expires_s - ecs_clock_now() <= 300);
    assert_int_equal(strlen(j.grant.added.expiry), 20);
    assert_int_equal(j.grant.added.expiry[19], 'Z');
    assert_int_equal(use(&j, ECS_OP_GET_SUBSCRIBER_INFO, NULL, "1"), ECS_GRANT_OTHER_OPERATION);
    assert_int_equal(ecs_grant_rc(j.used.verdict, &why), ECS_E_FORBIDDEN);
    j.app = ECS_APP_2015;
    assert_int_equal(use(&j, ECS_OP_GET_PHONE_NUMBER, NULL, "1"), ECS_GRANT_OTHER_APP);
    j.app = ECS_APP_2014;
    j.kind = ECS_GRANT_OPERATOR;
    assert_int_equal(use(&j, ECS_OP_GET_PHONE_NUMBER, NULL, "1"), ECS_GRANT_UNKNOWN);
    j.kind = ECS_GRANT_TEMPORARY;
    assert_int_equal(use(&j, ECS_OP_GET_PHONE_NUMBER, NULL, "1"), ECS_GRANT_OK);
    assert_true(ecs_str_eq(j.used.imsi, ecs_str_of(ana.s)));
    assert_int_equal(j.used.uses_left, 0);
    assert_false(j.used.repeated);
    assert_int_equal(use(&j, ECS_OP_GET_PHONE_NUMBER, NULL, "2"), ECS_GRANT_USED);
    assert_int_equal(ecs_grant_rc(j.used.verdict, &why), ECS_E_TEMP_TOKEN);
    ecs_arena_free(j.arena);
}

static void test_a_repetition_within_seconds_is_not_counted_and_a_later_one_is(void **state)
{
    struct job j = {0};

    (void)state;
    mint(&j, &ana, PHONE);
    assert_int_equal(use(&j, ECS_OP_GET_PHONE_NUMBER, "shop-7", "1"), ECS_GRANT_OK);
    assert_int_equal(use(&j, ECS_OP_GET_PHONE_NUMBER, "shop-7", "1"), ECS_GRANT_OK);
    assert_true(j.used.repeated);
    assert_int_equal(use(&j, ECS_OP_GET_PHONE_NUMBER, "shop-8", "1"), ECS_GRANT_USED);
    usleep(2100 * 1000);
    assert_int_equal(use(&j, ECS_OP_GET_PHONE_NUMBER, "shop-7", "1"), ECS_GRANT_USED);
    ecs_arena_free(j.arena);
}

static void test_looking_counts_nothing(void **state)
{
    struct job j = {0};

    (void)state;
    mint(&j, &ana, PHONE);
    for (int i = 0; i < 3; i++) {
        j.count = false;
        assert_int_equal(use(&j, ECS_OP_GET_PHONE_NUMBER, NULL, "1"), ECS_GRANT_OK);
        assert_int_equal(j.used.uses_left, 1);
    }
    j.count = true;
    assert_int_equal(use(&j, ECS_OP_GET_PHONE_NUMBER, NULL, "2"), ECS_GRANT_OK);
    j.count = false;
    assert_int_equal(use(&j, ECS_OP_GET_PHONE_NUMBER, NULL, "2"), ECS_GRANT_OK);
    assert_int_equal(use(&j, ECS_OP_GET_PHONE_NUMBER, NULL, "3"), ECS_GRANT_USED);
    ecs_arena_free(j.arena);
}

/* proves: A-057 */
static void test_two_nodes_give_a_single_use_once(void **state)
{
    struct job made = {0};
    static struct job j[20];
    unsigned left = 0, good = 0;

    (void)state;
    memset(j, 0, sizeof(j));
    mint(&made, &ana, PHONE);
    for (unsigned i = 0; i < 20; i++) {
        static char number[20][4];

        snprintf(number[i], sizeof(number[i]), "%u", i);
        j[i].store = nodes[i % 2];
        j[i].text = made.text;
        j[i].app = ECS_APP_2014;
        j[i].operation = ECS_OP_GET_PHONE_NUMBER;
        j[i].count = true;
        j[i].request.param[ECS_P_VERS] = ecs_str_of(number[i]);
        start(&j[i], USE, &left);
    }
    pg_test_turn(loop, &left, 8000);
    assert_int_equal(left, 0);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(j[i].rc, ECS_OK);
        good += j[i].used.verdict == ECS_GRANT_OK;
        ecs_arena_free(j[i].arena);
    }
    assert_int_equal(good, 1);
    ecs_arena_free(made.arena);
}

/* proves: A-057 */
static void test_uses_are_counted_per_operation(void **state)
{
    struct job j = {0};

    (void)state;
    mint(&j, &ana, 1u << ECS_OP_MANAGE_SUBSCRIPTION | 1u << ECS_OP_ACQUIRE_CONFIGURATION);
    assert_int_equal(use(&j, ECS_OP_MANAGE_SUBSCRIPTION, NULL, "1"), ECS_GRANT_OK);
    assert_int_equal(use(&j, ECS_OP_MANAGE_SUBSCRIPTION, NULL, "2"), ECS_GRANT_OK);
    assert_int_equal(use(&j, ECS_OP_MANAGE_SUBSCRIPTION, NULL, "3"), ECS_GRANT_OK);
    assert_int_equal(use(&j, ECS_OP_MANAGE_SUBSCRIPTION, NULL, "4"), ECS_GRANT_USED);
    assert_int_equal(use(&j, ECS_OP_ACQUIRE_CONFIGURATION, NULL, "5"), ECS_GRANT_OK);
    assert_int_equal(use(&j, ECS_OP_ACQUIRE_CONFIGURATION, NULL, "6"), ECS_GRANT_USED);
    assert_int_equal(use(&j, ECS_OP_CHECK_ELIGIBILITY, NULL, "7"), ECS_GRANT_OK); /* comes with the first */
    ecs_arena_free(j.arena);
}

static void test_only_named_requestors_may_present_it(void **state)
{
    static const struct ecs_str requestors[] = {{"Shop-7", 6}, {"bank", 4}};
    struct job j = {0};

    (void)state;
    j.order = (struct ecs_grant_order){
        .imsi = &ana, .app = ECS_APP_2014, .operations = PHONE, .requestors = requestors, .requestor_n = 2};
    assert_int_equal(run(&j, MINT), ECS_OK);
    j.text = j.grant.text;
    j.app = ECS_APP_2014;
    j.count = true;
    assert_int_equal(use(&j, ECS_OP_GET_PHONE_NUMBER, NULL, "1"), ECS_GRANT_OTHER_REQUESTOR);
    assert_int_equal(use(&j, ECS_OP_GET_PHONE_NUMBER, "shop-8", "1"), ECS_GRANT_OTHER_REQUESTOR);
    assert_int_equal(use(&j, ECS_OP_GET_PHONE_NUMBER, "shop-7", "1"), ECS_GRANT_OK);
    ecs_arena_free(j.arena);
}

/* proves: A-053 A-058 */
static void test_expired_finished_revoked_and_foreign_ones_are_refused(void **state)
{
    struct job j = {0}, gone = {0};
    const char *why;

    (void)state;
    mint(&j, &ben, PHONE);
    assert_int_equal(run(&j, FINISH), ECS_OK);
    assert_true(ecs_str_eq(j.imsi, ecs_str_of(ben.s)));
    assert_int_equal(use(&j, ECS_OP_GET_PHONE_NUMBER, NULL, "1"), ECS_GRANT_FINISHED);
    assert_int_equal(run(&j, FINISH), ECS_E_NOT_FOUND);
    mint(&j, &ben, PHONE);
    j.imsi = ecs_str_of(ben.s);
    assert_int_equal(run(&j, FINISH_ALL), ECS_OK);
    assert_int_equal(j.number, 1);
    assert_int_equal(use(&j, ECS_OP_GET_PHONE_NUMBER, NULL, "1"), ECS_GRANT_FINISHED);
    mint(&j, &ben, PHONE);
    pg_test_sql(
        "UPDATE subscriber SET token_generation = token_generation + 1 WHERE imsi = '001010000000008'");
    assert_int_equal(use(&j, ECS_OP_GET_PHONE_NUMBER, NULL, "1"), ECS_GRANT_REVOKED);
    mint(&j, &ben, PHONE);
    pg_test_sql("UPDATE grant_token SET expires_at = now()");
    assert_int_equal(use(&j, ECS_OP_GET_PHONE_NUMBER, NULL, "1"), ECS_GRANT_EXPIRED);
    assert_int_equal(ecs_grant_rc(j.used.verdict, &why), ECS_E_TEMP_TOKEN);
    assert_int_equal(run(&j, REAP), ECS_OK);
    assert_true(j.reaped >= 4);
    assert_int_equal(use(&j, ECS_OP_GET_PHONE_NUMBER, NULL, "1"), ECS_GRANT_UNKNOWN);
    j.text = "unknown";
    assert_int_equal(use(&j, ECS_OP_GET_PHONE_NUMBER, NULL, "1"), ECS_GRANT_UNKNOWN);
    mint(&gone, &ben, PHONE);
    pg_test_sql("DELETE FROM subscriber WHERE imsi = '001010000000008'");
    assert_int_equal(use(&gone, ECS_OP_GET_PHONE_NUMBER, NULL, "1"), ECS_GRANT_GONE);
    assert_int_equal(ecs_grant_rc(gone.used.verdict, &why), ECS_E_NOT_FOUND);
    ecs_arena_free(j.arena);
    ecs_arena_free(gone.arena);
}

static void test_what_does_not_fit_together_is_not_made(void **state)
{
    struct job j = {0};

    (void)state;
    pg_test_sql("DELETE FROM grant_token");
    j.order = (struct ecs_grant_order){.imsi = &ana, .app = ECS_APP_2015, .operations = PHONE};
    assert_int_equal(run(&j, MINT), ECS_E_BAD_PARAMETER); /* not an operation of ap2015 */
    j.order.app = ECS_APP_2014;
    j.order.kind = ECS_GRANT_OPERATOR;
    assert_int_equal(run(&j, MINT), ECS_E_BAD_PARAMETER); /* not for operator tokens */
    j.order.kind = ECS_GRANT_TEMPORARY;
    j.order.imsi = NULL;
    assert_int_equal(run(&j, MINT), ECS_E_BAD_PARAMETER); /* of nobody */
    j.order.imsi = &ben;
    assert_int_equal(run(&j, MINT), ECS_E_NOT_FOUND); /* deleted above */
    j.order.imsi = &ana;
    j.order.operations = 0;
    assert_int_equal(run(&j, MINT), ECS_E_BAD_PARAMETER);
    j.order.operations = PHONE;
    for (int i = 0; i < 6; i++)
        assert_int_equal(run(&j, MINT), ECS_OK);
    assert_int_equal(run(&j, MINT), ECS_E_RATE_LIMIT);
    ecs_arena_free(j.arena);
}

static void test_app_and_operator_tokens_are_of_the_same_kind_of_row(void **state)
{
    struct job j = {0};

    (void)state;
    pg_test_sql("DELETE FROM grant_token");
    j.order = (struct ecs_grant_order){.kind = ECS_GRANT_APP,
                                       .app = ECS_APP_2015,
                                       .operations = 1u << ECS_OP_GET_3P_APP_INFO,
                                       .client_id = ECS_STR("bank-7731")};
    assert_int_equal(run(&j, MINT), ECS_OK);
    j.kind = ECS_GRANT_APP;
    j.text = j.grant.text;
    j.app = ECS_APP_2015;
    j.count = true;
    assert_int_equal(use(&j, ECS_OP_GET_3P_APP_INFO, NULL, "1"), ECS_GRANT_OK);
    assert_true(ecs_str_eq(j.used.client_id, ECS_STR("bank-7731")));
    assert_null(j.used.imsi.p);
    assert_int_equal(use(&j, ECS_OP_GET_3P_APP_INFO, NULL, "2"), ECS_GRANT_USED);
    j.order = (struct ecs_grant_order){.kind = ECS_GRANT_OPERATOR,
                                       .imsi = &ana,
                                       .app = ECS_APP_2015,
                                       .operations = 1u << ECS_OP_VERIFY_PHONE_NUMBER,
                                       .scope = ECS_STR("openid phone"),
                                       .life_s = 30};
    assert_int_equal(run(&j, MINT), ECS_OK);
    assert_true(j.grant.added.expires_s - ecs_clock_now() <= 30);
    j.kind = ECS_GRANT_OPERATOR;
    for (int i = 0; i < 5; i++) {
        char number[4];

        snprintf(number, sizeof(number), "%d", i);
        assert_int_equal(use(&j, ECS_OP_VERIFY_PHONE_NUMBER, NULL, number), ECS_GRANT_OK);
        assert_int_equal(j.used.uses_left, -1);
    }
    assert_true(ecs_str_eq(j.used.scope, ECS_STR("openid phone")));
    ecs_arena_free(j.arena);
}

/* Of two alike the slower one has waited for the lock of the row, and finds a use younger than itself. */
/* proves: T-021 */
static void test_an_app_token_is_not_given_to_a_copy_that_waited_for_the_lock(void **state)
{
    struct job j = {0};

    (void)state;
    pg_test_sql("DELETE FROM grant_token");
    j.order = (struct ecs_grant_order){
        .kind = ECS_GRANT_APP, .app = ECS_APP_2015, .operations = 1u << ECS_OP_GET_3P_APP_INFO};
    assert_int_equal(run(&j, MINT), ECS_OK);
    j.kind = ECS_GRANT_APP;
    j.text = j.grant.text;
    j.app = ECS_APP_2015;
    j.count = true;
    assert_int_equal(use(&j, ECS_OP_GET_3P_APP_INFO, NULL, "1"), ECS_GRANT_OK);
    pg_test_sql("UPDATE grant_token SET used_at = ARRAY[now() + interval '5 seconds']");
    assert_int_equal(use(&j, ECS_OP_GET_3P_APP_INFO, NULL, "1"), ECS_GRANT_USED);
    j.count = false;
    assert_int_equal(use(&j, ECS_OP_GET_3P_APP_INFO, NULL, "1"), ECS_GRANT_USED);
    ecs_arena_free(j.arena);
}

static void test_repeated_misuse_voids_the_tokens_once_and_old_ones_do_nothing(void **state)
{
    struct job j = {.imsi = ECS_STR("001010000000007"), .most = 3};

    (void)state;
    assert_int_equal(run(&j, MISUSE), ECS_OK);
    assert_int_equal(j.noted.times, 1);
    assert_int_equal(j.noted.generation, -1);
    assert_int_equal(run(&j, MISUSE), ECS_OK);
    assert_int_equal(run(&j, MISUSE), ECS_OK);
    assert_int_equal(j.noted.times, 3);
    assert_int_equal(j.noted.generation, 1);
    assert_int_equal(run(&j, MISUSE), ECS_OK); /* the token is of generation 0 */
    assert_int_equal(j.noted.times, 0);
    j.generation = 1;
    j.most = 0;
    for (int i = 1; i <= 5; i++) {
        assert_int_equal(run(&j, MISUSE), ECS_OK);
        assert_int_equal(j.noted.times, i);
        assert_int_equal(j.noted.generation, -1);
    }
    ecs_arena_free(j.arena);
}

static int setup(void **state)
{
    struct ecs_store_conf store_conf = {
        .ind_bits = 5, .limit_attempts = 200, .limit_window_s = 60, .session_life_s = 60};
    struct ecs_pg_sync *sync = NULL;
    char error[256];

    (void)state;
    ecs_log_init(ECS_LOG_TEXT, ECS_LOG_ERROR);
    loop = ecs_loop_new();
    crypto = ecs_crypto_new();
    if (!loop || !crypto || pg_test_start() != 0 ||
        ecs_pg_sync_connect(pg_test_conninfo(), 5, error, &sync) != ECS_OK)
        return -1;
    if (ecs_schema_upgrade(sync, NULL) != ECS_OK) {
        fprintf(stderr, "%s\n", ecs_pg_sync_error(sync));
        return -1;
    }
    ecs_pg_sync_free(sync);
    pg_test_sql(
        "INSERT INTO plan (plan, name) VALUES ('basic', 'Basic');"
        "INSERT INTO subscriber (imsi, plan) VALUES ('001010000000007', 'basic'), ('001010000000008', "
        "'basic')");
    store_conf.pg.conninfo = pg_test_conninfo();
    for (int i = 0; i < 2; i++)
        nodes[i] = ecs_store_new(loop, &store_conf, &stats);
    return nodes[0] && nodes[1] && ecs_imsi_parse(ECS_STR("001010000000007"), &ana) &&
                   ecs_imsi_parse(ECS_STR("001010000000008"), &ben)
               ? 0
               : -1;
}

static int teardown(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        ecs_store_free(nodes[i]);
    ecs_loop_free(loop);
    ecs_crypto_free(crypto);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_token_serves_its_operation_and_application_once),
        cmocka_unit_test(test_a_repetition_within_seconds_is_not_counted_and_a_later_one_is),
        cmocka_unit_test(test_looking_counts_nothing),
        cmocka_unit_test(test_two_nodes_give_a_single_use_once),
        cmocka_unit_test(test_uses_are_counted_per_operation),
        cmocka_unit_test(test_only_named_requestors_may_present_it),
        cmocka_unit_test(test_expired_finished_revoked_and_foreign_ones_are_refused),
        cmocka_unit_test(test_what_does_not_fit_together_is_not_made),
        cmocka_unit_test(test_app_and_operator_tokens_are_of_the_same_kind_of_row),
        cmocka_unit_test(test_an_app_token_is_not_given_to_a_copy_that_waited_for_the_lock),
        cmocka_unit_test(test_repeated_misuse_voids_the_tokens_once_and_old_ones_do_nothing),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
