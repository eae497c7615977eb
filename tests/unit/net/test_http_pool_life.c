/* SPDX-License-Identifier: Apache-2.0 */
/* Budget, breaker, and calls whose flow, neighbour or pool goes away while they are under way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "neighbour_fixture.h"

enum { MANY = 16 };

static struct ecs_neighbour_stats stats;

static struct ecs_neighbour *open_rig(struct rig *rig, struct ecs_neighbour_conf conf)
{
    memset(&stats, 0, sizeof(stats));
    rig_open(rig);
    conf.stats = &stats;
    return new_neighbour(rig, conf);
}

static enum ecs_rc ask_rc(struct rig *rig, struct ecs_neighbour *n, const char *url)
{
    struct asked a = {0};

    rig_ask(rig, &a, n, "GET", url);
    asked_free(&a);
    return a.answer.rc;
}

static void test_calls_beyond_the_budget_are_not_asked(void **state)
{
    struct asked a[MANY] = {0};
    struct ecs_neighbour *n;
    struct rig rig;
    int refused = 0;

    (void)state;
    n = open_rig(&rig, (struct ecs_neighbour_conf){.max_in_flight = 4});
    for (int i = 0; i < MANY; i++) {
        a[i].n = n;
        a[i].ask = (struct ecs_ask){.method = "GET", .url = plain_url("/slow/100")};
        asked_start(&rig, &a[i]);
        refused += a[i].ended && a[i].answer.rc == ECS_E_OVERLOAD;
    }
    assert_int_equal(refused, MANY - 4);
    assert_int_equal(stats.refused_budget, MANY - 4);
    assert_int_equal(stats.in_flight, 4);
    for (int i = 0; i < MANY; i++) {
        asked_wait(&rig, &a[i]);
        if (i < 4)
            assert_int_equal(a[i].answer.status, 200);
        asked_free(&a[i]);
    }
    assert_int_equal(stats.in_flight, 0);
    assert_int_equal(ask_rc(&rig, n, plain_url("/status/200")), ECS_OK);
    assert_true(ecs_neighbour_is_up(n)); /* a full budget is no failure */
    ecs_neighbour_free(n);
    rig_close(&rig);
}

static void test_failures_in_a_row_open_the_breaker_and_an_answer_closes_it(void **state)
{
    struct ecs_neighbour *n;
    struct rig rig;

    (void)state;
    n = open_rig(&rig, (struct ecs_neighbour_conf){.breaker_failures = 3, .breaker_ms = 150});
    assert_int_equal(ask_rc(&rig, n, dead_url()), ECS_E_BACKEND);
    assert_int_equal(ask_rc(&rig, n, dead_url()), ECS_E_BACKEND);
    assert_int_equal(ask_rc(&rig, n, plain_url("/status/503")), ECS_OK); /* alive: the row begins anew */
    assert_int_equal(ask_rc(&rig, n, dead_url()), ECS_E_BACKEND);
    assert_int_equal(ask_rc(&rig, n, dead_url()), ECS_E_BACKEND);
    assert_true(ecs_neighbour_is_up(n));
    assert_int_equal(ask_rc(&rig, n, dead_url()), ECS_E_BACKEND);
    assert_false(ecs_neighbour_is_up(n));
    assert_int_equal(stats.breaker_open, 1);
    assert_int_equal(ask_rc(&rig, n, plain_url("/status/200")), ECS_E_OVERLOAD);
    assert_int_equal(stats.refused_breaker, 1);

    rig_turns(&rig, 170);
    assert_true(ecs_neighbour_is_up(n)); /* a probe is due */
    assert_int_equal(stats.breaker_open, 1);
    assert_int_equal(ask_rc(&rig, n, dead_url()), ECS_E_BACKEND); /* one failure is enough now */
    assert_int_equal(ask_rc(&rig, n, plain_url("/status/200")), ECS_E_OVERLOAD);

    rig_turns(&rig, 170);
    assert_int_equal(ask_rc(&rig, n, plain_url("/status/200")), ECS_OK);
    assert_int_equal(stats.breaker_open, 0);
    assert_int_equal(ask_rc(&rig, n, dead_url()), ECS_E_BACKEND);
    assert_true(ecs_neighbour_is_up(n));
    ecs_neighbour_free(n);
    rig_close(&rig);
}

static void test_timeouts_open_the_breaker_too(void **state)
{
    struct ecs_neighbour *n;
    struct rig rig;

    (void)state;
    n = open_rig(&rig, (struct ecs_neighbour_conf){.breaker_failures = 2, .total_ms = 30});
    assert_int_equal(ask_rc(&rig, n, plain_url("/mode/hang")), ECS_E_TIMEOUT);
    assert_int_equal(ask_rc(&rig, n, plain_url("/mode/hang")), ECS_E_TIMEOUT);
    assert_int_equal(ask_rc(&rig, n, plain_url("/status/200")), ECS_E_OVERLOAD);
    ecs_neighbour_free(n);
    assert_int_equal(stats.breaker_open, 0); /* the gauge does not outlive the neighbour */
    rig_close(&rig);
}

static void test_only_one_call_probes_a_neighbour_that_was_down(void **state)
{
    struct asked probe = {.ask = {.method = "GET"}};
    struct ecs_neighbour *n;
    struct rig rig;

    (void)state;
    n = open_rig(&rig, (struct ecs_neighbour_conf){.breaker_failures = 1, .breaker_ms = 20});
    assert_int_equal(ask_rc(&rig, n, dead_url()), ECS_E_BACKEND);
    rig_turns(&rig, 40);
    probe.n = n;
    probe.ask.url = plain_url("/slow/100");
    asked_start(&rig, &probe);
    assert_false(ecs_neighbour_is_up(n));
    assert_int_equal(ask_rc(&rig, n, plain_url("/status/200")), ECS_E_OVERLOAD);
    ecs_flow_abort(&probe.flow); /* says nothing: the next call is the probe */
    asked_free(&probe);
    assert_true(ecs_neighbour_is_up(n));
    asked_start(&rig, &probe);
    asked_wait(&rig, &probe);
    assert_int_equal(probe.answer.status, 200);
    assert_int_equal(stats.breaker_open, 0);
    asked_free(&probe);
    ecs_neighbour_free(n);
    rig_close(&rig);
}

static void test_an_aborted_flow_takes_its_call_with_it(void **state)
{
    static const int after_ms[] = {0, 1, 5, 40, 110};
    struct ecs_neighbour *n;
    struct rig rig;

    (void)state;
    n = open_rig(&rig, (struct ecs_neighbour_conf){0});
    for (size_t i = 0; i < ECS_ARRAY_LEN(after_ms); i++) {
        struct asked a = {.n = n, .ask = {.method = "GET", .url = plain_url("/slow/100")}};

        asked_start(&rig, &a);
        assert_int_equal(stats.in_flight, 1);
        rig_turns(&rig, after_ms[i]);
        ecs_flow_abort(&a.flow);
        assert_true(a.ended);
        assert_int_equal(stats.in_flight, 0);
        asked_free(&a);
    }
    rig_turns(&rig, 150); /* nothing comes back to flows that are gone */
    assert_int_equal(ask_rc(&rig, n, plain_url("/status/200")), ECS_OK);
    assert_int_equal(stats.failures + stats.timeouts, 0);
    ecs_neighbour_free(n);
    rig_close(&rig);
}

static enum ecs_next short_note(struct ecs_flow *f)
{
    return asked_note(f);
}

static void test_the_limit_of_a_step_ends_the_call(void **state)
{
    static const struct ecs_step steps[] = {{"ask", asked_ask, 40}, {"note", short_note, 0}, {0}};
    struct asked a = {.ask = {.method = "GET", .url = plain_url("/mode/hang")}};
    struct rig rig;

    (void)state;
    a.n = open_rig(&rig, (struct ecs_neighbour_conf){0});
    a.arena = ecs_arena_new(NULL, 0);
    ecs_flow_start(&a.flow, rig.loop, a.arena, NULL, steps, &a, asked_end);
    asked_wait(&rig, &a);
    assert_int_equal(a.flow.rc, ECS_E_TIMEOUT);
    assert_int_equal(stats.in_flight, 0);
    asked_free(&a);
    ecs_neighbour_free(a.n);
    rig_close(&rig);
}

static void test_a_neighbour_given_back_finishes_its_calls(void **state)
{
    struct asked a[MANY] = {0}, gone = {.ask = {.method = "GET", .url = plain_url("/mode/hang")}};
    struct ecs_neighbour *n;
    struct rig rig;

    (void)state;
    n = open_rig(&rig, (struct ecs_neighbour_conf){0});
    gone.n = n;
    asked_start(&rig, &gone);
    for (int i = 0; i < MANY; i++) {
        a[i].n = n;
        a[i].ask = (struct ecs_ask){.method = "GET", .url = plain_url("/slow/50")};
        asked_start(&rig, &a[i]);
    }
    rig_turns(&rig, 10);
    ecs_neighbour_free(n);
    for (int i = 0; i < MANY; i++) {
        asked_wait(&rig, &a[i]);
        assert_int_equal(a[i].answer.status, 200);
        asked_free(&a[i]);
    }
    ecs_flow_abort(&gone.flow); /* the last one out */
    asked_free(&gone);
    assert_int_equal(stats.in_flight, 0);
    rig_close(&rig);
}

static void free_all(struct asked *a)
{
    struct rig *rig = a->then_arg;

    ecs_neighbour_free(a->n);
    ecs_http_pool_free(rig->pool);
}

static void test_a_flow_may_free_neighbour_and_pool_with_the_answer(void **state)
{
    struct rig rig;
    struct asked a = {.then = free_all, .then_arg = &rig};

    (void)state;
    a.n = open_rig(&rig, (struct ecs_neighbour_conf){0});
    rig_ask(&rig, &a, a.n, "GET", plain_url("/status/200"));
    assert_int_equal(a.answer.status, 200);
    asked_free(&a);
    rig_turns(&rig, 5);
    ecs_loop_free(rig.loop);
}

static void abort_other(struct asked *a)
{
    struct asked *other = a->then_arg;

    ecs_flow_abort(&other->flow);
}

static void ask_again(struct asked *a)
{
    struct asked *other = a->then_arg;

    if (!other->arena) {
        struct rig rig = {.loop = a->flow.loop};

        asked_start(&rig, other);
    }
}

/* Answers that come in one go: the first flow aborts the second, whose answer is in as well. */
static void test_a_flow_may_abort_and_start_others_with_the_answer(void **state)
{
    struct asked a[3] = {0};
    struct ecs_neighbour *n;
    struct rig rig;

    (void)state;
    n = open_rig(&rig, (struct ecs_neighbour_conf){0});
    for (int i = 0; i < 3; i++) {
        a[i].n = n;
        a[i].ask = (struct ecs_ask){.method = "GET", .url = plain_url("/slow/30")};
    }
    a[0].then = abort_other;
    a[0].then_arg = &a[1];
    a[1].then = abort_other;
    a[1].then_arg = &a[0];
    for (int round = 0; round < 5; round++) {
        asked_start(&rig, &a[0]);
        asked_start(&rig, &a[1]);
        rig_turns(&rig, 20);
        usleep(30000); /* both answers wait in the sockets */
        asked_wait(&rig, &a[0]);
        asked_wait(&rig, &a[1]);
        assert_true(a[0].done != a[1].done);
        asked_free(&a[0]);
        asked_free(&a[1]);
    }
    a[0].then = ask_again;
    a[0].then_arg = &a[2];
    asked_start(&rig, &a[0]);
    asked_wait(&rig, &a[0]);
    asked_wait(&rig, &a[2]);
    assert_int_equal(a[2].answer.status, 200);
    asked_free(&a[0]);
    asked_free(&a[2]);
    ecs_neighbour_free(n);
    rig_close(&rig);
}

static void test_many_calls_at_once_are_answered_each_with_its_own(void **state)
{
    enum { CALLS = 60 };
    static struct asked a[CALLS];
    static char url[CALLS][64];
    struct ecs_neighbour *n;
    struct rig rig;

    (void)state;
    n = open_rig(&rig, (struct ecs_neighbour_conf){0});
    for (int i = 0; i < CALLS; i++) {
        snprintf(url[i], sizeof(url[i]), "%s", plain_url(""));
        snprintf(url[i] + strlen(url[i]), 20, "/bytes/%d", i * 101);
        a[i] = (struct asked){.n = n, .ask = {.method = "GET", .url = url[i]}};
        asked_start(&rig, &a[i]);
    }
    for (int i = 0; i < CALLS; i++) {
        asked_wait(&rig, &a[i]);
        assert_int_equal(a[i].answer.rc, ECS_OK);
        assert_int_equal(a[i].answer.body.n, i * 101);
        asked_free(&a[i]);
    }
    assert_int_equal(stats.ok, CALLS);
    ecs_neighbour_free(n);
    rig_close(&rig);
}

/* Calls of all kinds, some of them given up, over one and two versions of HTTP: each ends, and as its path
 * says. */
static void run_storm(bool http2)
{
    static const struct {
        const char *path;
        enum ecs_rc rc;
    } kinds[] = {{"/status/200", ECS_OK},          {"/mode/close", ECS_OK}, {"/mode/cut", ECS_E_BACKEND},
                 {"/mode/nothing", ECS_E_BACKEND}, {"/slow/3", ECS_OK},     {"/bytes/30000", ECS_OK},
                 {"/bytes/70000", ECS_E_TOO_LARGE}};
    enum { ROUNDS = 25 };
    struct ecs_neighbour *n;
    unsigned seed = 4711;
    struct rig rig;

    n = open_rig(&rig,
                 (struct ecs_neighbour_conf){.breaker_failures = 100000, .http2 = http2, .total_ms = 5000});
    for (int round = 0; round < ROUNDS; round++) {
        struct asked a[MANY] = {0};
        size_t kind[MANY];

        for (int i = 0; i < MANY; i++) {
            kind[i] = (size_t)rand_r(&seed) % ECS_ARRAY_LEN(kinds);
            a[i].n = n;
            a[i].ask = (struct ecs_ask){.method = "GET", .url = plain_url(kinds[kind[i]].path)};
            asked_start(&rig, &a[i]);
        }
        rig_turns(&rig, rand_r(&seed) % 4);
        for (int i = 0; i < MANY; i++)
            if (rand_r(&seed) % 8 == 0)
                ecs_flow_abort(&a[i].flow);
        for (int i = 0; i < MANY; i++) {
            asked_wait(&rig, &a[i]);
            if (a[i].answer.rc == ECS_E_TIMEOUT)
                fail_msg("%s: %s", kinds[kind[i]].path, a[i].answer.error);
            /* On a shared connection one kind spoils the others. */
            if (a[i].done && !http2)
                assert_int_equal(a[i].answer.rc, kinds[kind[i]].rc);
            asked_free(&a[i]);
        }
        assert_int_equal(stats.in_flight, 0);
    }
    assert_int_equal(stats.timeouts, 0);
    ecs_neighbour_free(n);
    rig_close(&rig);
}

static void test_a_server_that_closes_at_random_makes_no_call_hang(void **state)
{
    (void)state;
    run_storm(false);
    run_storm(true);
}

static void test_a_call_costs_no_tick_of_the_timer_wheel(void **state)
{
    struct ecs_neighbour *n;
    struct rig rig;
    int quick = 0;

    (void)state;
    n = open_rig(&rig, (struct ecs_neighbour_conf){0});
    for (int i = 0; i < 50; i++) {
        struct asked a = {0};

        rig_ask(&rig, &a, n, "GET", plain_url("/status/200"));
        quick += a.us < 5000; /* with the wheel: 8 ms and more, since calls begin when a tick has passed */
        asked_free(&a);
    }
    assert_true(quick >= 25);
    ecs_neighbour_free(n);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls_beyond_the_budget_are_not_asked),
        cmocka_unit_test(test_failures_in_a_row_open_the_breaker_and_an_answer_closes_it),
        cmocka_unit_test(test_timeouts_open_the_breaker_too),
        cmocka_unit_test(test_only_one_call_probes_a_neighbour_that_was_down),
        cmocka_unit_test(test_an_aborted_flow_takes_its_call_with_it),
        cmocka_unit_test(test_the_limit_of_a_step_ends_the_call),
        cmocka_unit_test(test_a_neighbour_given_back_finishes_its_calls),
        cmocka_unit_test(test_a_flow_may_free_neighbour_and_pool_with_the_answer),
        cmocka_unit_test(test_a_flow_may_abort_and_start_others_with_the_answer),
        cmocka_unit_test(test_many_calls_at_once_are_answered_each_with_its_own),
        cmocka_unit_test(test_a_server_that_closes_at_random_makes_no_call_hang),
        cmocka_unit_test(test_a_call_costs_no_tick_of_the_timer_wheel),
    };

    return cmocka_run_group_tests(tests, start_plain, stop_plain);
}
