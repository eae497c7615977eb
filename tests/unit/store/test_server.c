/* SPDX-License-Identifier: Apache-2.0 */
/* Access tokens of application servers against a real server with the real schema: single use, binding,
 * assertions that come twice, at the same moment, too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ecs/store_server.h"
#include "store_rig.h"

enum what { ISSUE, USE, REVOKE, BIND, REAP_SERVER };

struct server_job {
    struct ecs_flow flow;
    struct ecs_arena *arena;
    enum what what;
    struct ecs_server_issue issue;
    struct ecs_server_use use;
    struct ecs_server_used used;
    struct ecs_server_binding binding;
    bool fresh;
    unsigned rows;
    unsigned *left;
    enum ecs_rc rc;
};

static const uint8_t digest_a[32] = {1}, digest_b[32] = {2}, jti_a[32] = {3}, subject_a[32] = {4},
                     subject_b[32] = {5};

static enum ecs_next call(struct ecs_flow *f)
{
    struct server_job *j = f->self;

    switch (j->what) {
    case ISSUE:
        return ecs_store_server_issue(f, store, &j->issue, &j->fresh);
    case USE:
        return ecs_store_server_use(f, store, &j->use, &j->used);
    case REVOKE:
        return ecs_store_server_revoke(f, store, j->use.digest, j->use.client_id, &j->issue.assertion,
                                       &j->fresh);
    case BIND:
        return ecs_store_server_bind(f, store, &j->binding, &j->fresh);
    default:
        return ecs_store_server_reap(f, store, 100, &j->rows);
    }
}

static const struct ecs_step call_steps[] = {{"call", call, 0}, {"end", end, 0}, {"error", end, 0}, {0}};

static void call_end(struct ecs_flow *f)
{
    struct server_job *j = f->frame[0].self;

    j->rc = f->rc;
    (*j->left)--;
}

static void begin(struct server_job *j, enum what what, unsigned *left)
{
    j->what = what;
    j->left = left;
    (*left)++;
    j->arena = ecs_arena_new(NULL, 0);
    assert_non_null(j->arena);
    ecs_flow_start(&j->flow, loop, j->arena, NULL, call_steps, j, call_end);
}

static void finish(struct server_job *j, size_t n, unsigned *left)
{
    pg_test_turn(loop, left, 8000);
    assert_int_equal(*left, 0);
    for (size_t i = 0; i < n; i++) {
        if (j[i].rc != ECS_OK)
            fail_msg("%s", j[i].flow.reason);
        ecs_arena_free(j[i].arena);
    }
}

static void do_call(struct server_job *j, enum what what)
{
    unsigned left = 0;

    begin(j, what, &left);
    finish(j, 1, &left);
}

static struct server_job issue_of(const uint8_t *digest, bool single_use)
{
    return (struct server_job){.issue = {.digest = digest,
                                         .client_id = ECS_STR("mdm-7"),
                                         .scope = ECS_STR("a b"),
                                         .single_use = single_use,
                                         .life_s = 60}};
}

static enum ecs_server_verdict use(const uint8_t *digest, const char *client, const char *requestor,
                                   const char *enterprise, const uint8_t *subject)
{
    struct server_job j = {.use = {.digest = digest,
                                   .client_id = ecs_str_of(client),
                                   .requestor_id = ecs_str_of(requestor),
                                   .enterprise_id = ecs_str_of(enterprise),
                                   .subject = subject}};

    do_call(&j, USE);
    return j.used.verdict;
}

static int clear(void **state)
{
    (void)state;
    pg_test_sql("DELETE FROM server_token; DELETE FROM jwt_seen");
    return 0;
}

static void test_a_token_is_bound_by_its_first_use(void **state)
{
    struct server_job j = issue_of(digest_a, false);

    (void)state;
    do_call(&j, ISSUE);
    assert_true(j.fresh);
    assert_int_equal(use(digest_b, "mdm-7", "r1", NULL, NULL), ECS_SERVER_UNKNOWN);
    assert_int_equal(use(digest_a, "mdm-8", "r1", NULL, NULL), ECS_SERVER_OTHER_CLIENT);
    assert_int_equal(use(digest_a, "mdm-7", "r1", NULL, NULL), ECS_SERVER_GOOD);
    assert_int_equal(use(digest_a, "mdm-7", "r2", NULL, NULL), ECS_SERVER_OTHER_REQUESTOR);
    assert_int_equal(use(digest_a, "mdm-7", "r1", "e1", NULL), ECS_SERVER_GOOD);
    assert_int_equal(use(digest_a, "mdm-7", "r1", "e2", NULL), ECS_SERVER_OTHER_ENTERPRISE);
    assert_int_equal(use(digest_a, "mdm-7", "r1", NULL, subject_a), ECS_SERVER_GOOD);
    pg_test_sql("UPDATE server_token SET expires_at = now()");
    assert_int_equal(use(digest_a, "mdm-7", "r1", "e1", NULL), ECS_SERVER_EXPIRED);
}

static void test_a_repeated_use_writes_nothing(void **state)
{
    struct server_job j = issue_of(digest_a, false);
    int64_t before;

    (void)state;
    do_call(&j, ISSUE);
    assert_int_equal(use(digest_a, "mdm-7", "r1", "e1", NULL), ECS_SERVER_GOOD);
    before = pg_test_number("SELECT xmin::text::bigint FROM server_token");
    assert_int_equal(use(digest_a, "mdm-7", "r1", "e1", NULL), ECS_SERVER_GOOD);
    assert_int_equal(use(digest_a, "mdm-7", "r1", NULL, NULL), ECS_SERVER_GOOD);
    assert_int_equal(pg_test_number("SELECT xmin::text::bigint FROM server_token"), before);
}

static void test_a_single_use_token_serves_one_of_many_requests_at_once(void **state)
{
    static struct server_job j[20];
    struct server_job one = issue_of(digest_a, true);
    unsigned left = 0, good = 0;

    (void)state;
    do_call(&one, ISSUE);
    memset(j, 0, sizeof(j));
    for (size_t i = 0; i < 20; i++) {
        j[i].use = (struct ecs_server_use){
            .digest = digest_a, .client_id = ECS_STR("mdm-7"), .requestor_id = ECS_STR("r1")};
        begin(&j[i], USE, &left);
    }
    finish(j, 20, &left);
    for (size_t i = 0; i < 20; i++) {
        good += j[i].used.verdict == ECS_SERVER_GOOD;
        assert_true(j[i].used.verdict == ECS_SERVER_GOOD || j[i].used.verdict == ECS_SERVER_USED ||
                    j[i].used.verdict == ECS_SERVER_RACED);
    }
    assert_int_equal(good, 1);
    assert_int_equal(use(digest_a, "mdm-7", "r1", NULL, NULL), ECS_SERVER_USED);
}

static void test_a_token_with_a_subject_goes_with_it_only(void **state)
{
    struct server_job j = issue_of(digest_a, true);

    (void)state;
    j.issue.subject = subject_a;
    do_call(&j, ISSUE);
    assert_int_equal(use(digest_a, "mdm-7", "r1", NULL, NULL), ECS_SERVER_OTHER_SUBJECT);
    assert_int_equal(use(digest_a, "mdm-7", "r1", NULL, subject_b), ECS_SERVER_OTHER_SUBJECT);
    assert_int_equal(use(digest_a, "mdm-7", "r1", NULL, subject_a), ECS_SERVER_GOOD);
    assert_int_equal(use(digest_a, "mdm-7", "r1", NULL, subject_a), ECS_SERVER_USED);
}

static void test_an_assertion_buys_one_token_even_at_the_same_moment(void **state)
{
    static struct server_job j[10];
    uint8_t digests[10][32] = {{0}};
    unsigned left = 0, fresh = 0;

    (void)state;
    for (size_t i = 0; i < 10; i++) {
        digests[i][0] = (uint8_t)(i + 10);
        j[i] = issue_of(digests[i], false);
        j[i].issue.assertion =
            (struct ecs_server_assertion){ECS_STR("client:mdm-7"), jti_a, ecs_clock_now() + 60};
        begin(&j[i], ISSUE, &left);
    }
    finish(j, 10, &left);
    for (size_t i = 0; i < 10; i++)
        fresh += j[i].fresh;
    assert_int_equal(fresh, 1);
    assert_int_equal(pg_test_number("SELECT count(*) FROM server_token"), 1);
    /* the same jti of another issuer is another assertion */
    j[0] = issue_of(digest_b, false);
    j[0].issue.assertion =
        (struct ecs_server_assertion){ECS_STR("client:mdm-8"), jti_a, ecs_clock_now() + 60};
    do_call(&j[0], ISSUE);
    assert_true(j[0].fresh);
}

static void test_a_client_revokes_its_own_tokens_only(void **state)
{
    struct server_job j = issue_of(digest_a, false);

    (void)state;
    do_call(&j, ISSUE);
    j.use = (struct ecs_server_use){.digest = digest_a, .client_id = ECS_STR("mdm-8")};
    do_call(&j, REVOKE);
    assert_int_equal(use(digest_a, "mdm-7", "r1", NULL, NULL), ECS_SERVER_GOOD);
    j.use.client_id = ECS_STR("mdm-7");
    j.issue.assertion = (struct ecs_server_assertion){ECS_STR("client:mdm-7"), jti_a, ecs_clock_now() + 60};
    do_call(&j, REVOKE);
    assert_true(j.fresh);
    assert_int_equal(use(digest_a, "mdm-7", "r1", NULL, NULL), ECS_SERVER_UNKNOWN);
    j.fresh = true;
    do_call(&j, REVOKE);
    assert_false(j.fresh); /* the assertion was spent */
}

static void test_the_reaper_takes_what_has_ended(void **state)
{
    struct server_job j = issue_of(digest_a, false), other = issue_of(digest_b, false);

    (void)state;
    do_call(&j, ISSUE);
    do_call(&other, ISSUE);
    pg_test_sql("UPDATE server_token SET expires_at = now() - interval '25 hours' WHERE digest = "
                "decode(rpad('01', 64, '0'), 'hex');"
                "INSERT INTO jwt_seen VALUES ('x', decode(repeat('00', 32), 'hex'), now()), "
                "('y', decode(repeat('00', 32), 'hex'), now() + interval '1 hour')");
    do_call(&j, REAP_SERVER);
    assert_int_equal(j.rows, 1);
    assert_int_equal(pg_test_number("SELECT count(*) FROM server_token"), 1);
    assert_int_equal(pg_test_number("SELECT count(*) FROM jwt_seen WHERE issuer = 'y'"), 1);
    assert_int_equal(pg_test_number("SELECT count(*) FROM jwt_seen"), 1);
}

static struct server_job binding_of(const uint8_t *jti, const uint8_t *owner)
{
    return (struct server_job){.binding = {.issuer = ECS_STR("application:bank"),
                                           .jti = jti,
                                           .owner = owner,
                                           .expires_s = ecs_clock_now() + 60}};
}

static bool binds(const uint8_t *jti, const uint8_t *owner)
{
    struct server_job j = binding_of(jti, owner);

    do_call(&j, BIND);
    return j.fresh;
}

static void test_a_token_of_others_belongs_to_its_first_owner(void **state)
{
    static const uint8_t token[32] = {21}, owners[2][32] = {{22}, {23}};
    struct server_job j[10];
    unsigned left = 0;
    bool first;

    (void)state;
    assert_true(binds(jti_a, subject_a));
    assert_true(binds(jti_a, subject_a));
    assert_false(binds(jti_a, subject_b));
    assert_false(binds(jti_a, subject_b));
    /* Two at once: one of them wins, and copies of its request find that when they ask again. */
    for (size_t i = 0; i < ECS_ARRAY_LEN(j); i++)
        j[i] = binding_of(token, owners[i % 2]);
    for (size_t i = 0; i < ECS_ARRAY_LEN(j); i++)
        begin(&j[i], BIND, &left);
    finish(j, ECS_ARRAY_LEN(j), &left);
    first = binds(token, owners[0]);
    assert_int_equal(binds(token, owners[1]), !first);
    for (size_t i = 0; i < ECS_ARRAY_LEN(j); i++)
        assert_false(j[i].fresh && (i % 2 == 0) != first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_token_is_bound_by_its_first_use, clear),
        cmocka_unit_test_setup(test_a_repeated_use_writes_nothing, clear),
        cmocka_unit_test_setup(test_a_single_use_token_serves_one_of_many_requests_at_once, clear),
        cmocka_unit_test_setup(test_a_token_with_a_subject_goes_with_it_only, clear),
        cmocka_unit_test_setup(test_an_assertion_buys_one_token_even_at_the_same_moment, clear),
        cmocka_unit_test_setup(test_a_client_revokes_its_own_tokens_only, clear),
        cmocka_unit_test_setup(test_a_token_of_others_belongs_to_its_first_owner, clear),
        cmocka_unit_test_setup(test_the_reaper_takes_what_has_ended, clear),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
