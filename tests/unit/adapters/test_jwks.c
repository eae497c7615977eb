/* SPDX-License-Identifier: Apache-2.0 */
/* Key sets: when they are fetched, how often, and what happens when the issuer is away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "double_rig.h"
#include "ecs/jwks.h"

enum { NOW = 1700000000 };

/* One verification as a flow of its own. Token and expectation are locals of the step, as callers write them.
 */
struct check {
    struct ecs_flow flow;
    struct ecs_arena *arena;
    struct ecs_jwks *jwks;
    const struct ecs_jws_signer *signer;
    int64_t now;
    struct ecs_jwks_result result;
    void (*then)(struct check *c);
    void *then_arg;
    bool done, ended;
};

static enum ecs_next verify(struct ecs_flow *f)
{
    struct check *c = f->self;
    char json[128], token[1024];
    struct ecs_str aud = ECS_STR("us"), jws;
    struct ecs_jws_expect expect = {.algs = 1u << ECS_JWS_ES256,
                                    .iss = ECS_STR("https://idp.example"),
                                    .aud = &aud,
                                    .aud_n = 1,
                                    .now = c->now,
                                    .need_exp = true};

    snprintf(json, sizeof(json),
             "{\"iss\":\"https://idp.example\",\"aud\":\"us\",\"sub\":\"me\",\"exp\":%lld}",
             (long long)c->now + 1000000);
    jws = ecs_jws_sign(c->signer, ecs_str_of(json), f->arena);
    assert_true(jws.n > 0 && jws.n < sizeof(token));
    memcpy(token, jws.p, jws.n);
    return ecs_jwks_verify(f, c->jwks, (struct ecs_str){token, jws.n}, &expect, &c->result);
}

static enum ecs_next note(struct ecs_flow *f)
{
    struct check *c = f->self;

    c->done = f->rc == ECS_OK;
    if (c->done && c->then)
        c->then(c);
    return ECS_DONE;
}

static void at_end(struct ecs_flow *f)
{
    struct check *c = f->self;

    c->ended = true;
}

static const struct ecs_step check_steps[] = {{"verify", verify, 20000}, {"note", note, 0}, {0}};

static void start(struct world *w, struct check *c, struct ecs_jwks *jwks,
                  const struct ecs_jws_signer *signer, int64_t now)
{
    c->arena = ecs_arena_new(NULL, 0);
    c->jwks = jwks;
    c->signer = signer;
    c->now = now;
    ecs_flow_start(&c->flow, w->rig.loop, c->arena, NULL, check_steps, c, at_end);
}

static void finish(struct world *w, struct check *c)
{
    for (int i = 0; i < 1000 && !c->ended; i++)
        assert_int_equal(ecs_loop_turn(w->rig.loop, 20000), ECS_OK);
    assert_true(c->ended);
    ecs_arena_free(c->arena);
}

/* Verdict, or -1 when there is no set. */
static int verdict(struct world *w, struct ecs_jwks *jwks, const struct ecs_jws_signer *signer, int64_t now)
{
    struct check c = {0};

    start(w, &c, jwks, signer, now);
    finish(w, &c);
    assert_true(c.done);
    if (c.result.rc == ECS_E_BACKEND)
        return -1;
    assert_int_equal(c.result.rc, ECS_OK);
    return (int)c.result.verdict;
}

static void publish(struct world *w, const struct ecs_jws_signer *signer, const char *more)
{
    struct ecs_str set = ecs_jws_signer_jwks(signer, w->arena);
    char rule[4096];

    assert_non_null(set.p);
    snprintf(rule, sizeof(rule), "{\"path\": \"/jwks\", \"json\": %.*s%s}", ECS_FMT(set), more);
    set_rule(w, rule);
}

static struct ecs_jwks *open_jwks(struct world *w, struct ecs_jwks_conf conf)
{
    struct ecs_jwks *jwks;

    conf.url = origin_url("/jwks");
    jwks = ecs_jwks_new(w->n, &conf);
    assert_non_null(jwks);
    return jwks;
}

struct keys {
    struct ecs_jws_signer *a, *b, *none; /* kid "a", kid "b", no kid */
};

static void open_all(struct world *w, struct keys *k)
{
    world_open(w);
    k->a = new_signer(w, "a");
    k->b = new_signer(w, "b");
    k->none = new_signer(w, NULL);
}

static void close_all(struct world *w, struct keys *k, struct ecs_jwks *jwks)
{
    ecs_jwks_free(jwks);
    ecs_jws_signer_free(k->a);
    ecs_jws_signer_free(k->b);
    ecs_jws_signer_free(k->none);
    world_close(w);
}

static void test_the_set_is_fetched_once_and_kept(void **state)
{
    struct ecs_jwks *jwks;
    struct world w;
    struct keys k;

    (void)state;
    open_all(&w, &k);
    publish(&w, k.a, "");
    jwks = open_jwks(&w, (struct ecs_jwks_conf){0});
    for (int i = 0; i < 3; i++)
        assert_int_equal(verdict(&w, jwks, k.a, NOW + i * 1000), ECS_JWS_OK);
    assert_int_equal(asked_times(&w), 1);
    assert_int_equal(verdict(&w, jwks, k.a, NOW + 3600), ECS_JWS_OK); /* an hour is the default age */
    assert_int_equal(asked_times(&w), 2);
    assert_int_equal(verdict(&w, jwks, k.a, NOW + 3600 - 61), ECS_JWS_OK); /* the clock was set back */
    assert_int_equal(asked_times(&w), 3);
    close_all(&w, &k, jwks);
}

static void test_an_unknown_key_id_fetches_at_most_once_an_interval(void **state)
{
    struct ecs_jwks *jwks;
    struct world w;
    struct keys k;

    (void)state;
    open_all(&w, &k);
    publish(&w, k.a, "");
    jwks = open_jwks(&w, (struct ecs_jwks_conf){.min_interval_s = 30});
    assert_int_equal(verdict(&w, jwks, k.a, NOW), ECS_JWS_OK);
    for (int i = 1; i < 30; i += 7)
        assert_int_equal(verdict(&w, jwks, k.b, NOW + i), ECS_JWS_NO_KEY);
    assert_int_equal(asked_times(&w), 1);
    assert_int_equal(verdict(&w, jwks, k.b, NOW + 30), ECS_JWS_NO_KEY);
    assert_int_equal(verdict(&w, jwks, k.b, NOW + 31), ECS_JWS_NO_KEY);
    assert_int_equal(asked_times(&w), 2);
    close_all(&w, &k, jwks);
}

/* Its time is that of its start, and another one's fetch came between. */
static void test_a_request_that_began_before_the_last_fetch_asks_nobody(void **state)
{
    struct ecs_jwks *jwks;
    struct world w;
    struct keys k;

    (void)state;
    open_all(&w, &k);
    publish(&w, k.a, "");
    jwks = open_jwks(&w, (struct ecs_jwks_conf){.max_age_s = 100, .min_interval_s = 30});
    assert_int_equal(verdict(&w, jwks, k.a, NOW), ECS_JWS_OK);
    for (int back = 0; back <= 60; back += 12) {
        assert_int_equal(verdict(&w, jwks, k.a, NOW - back), ECS_JWS_OK);
        assert_int_equal(verdict(&w, jwks, k.b, NOW - back), ECS_JWS_NO_KEY);
    }
    assert_int_equal(asked_times(&w), 1);
    assert_int_equal(verdict(&w, jwks, k.b, NOW - 61), ECS_JWS_NO_KEY); /* that is the clock's doing */
    assert_int_equal(asked_times(&w), 2);
    assert_int_equal(verdict(&w, jwks, k.b, NOW - 61 + 29),
                     ECS_JWS_NO_KEY); /* whose time counts from now on */
    assert_int_equal(asked_times(&w), 2);
    assert_int_equal(verdict(&w, jwks, k.b, NOW - 61 + 30), ECS_JWS_NO_KEY);
    assert_int_equal(asked_times(&w), 3);
    close_all(&w, &k, jwks);
}

static void test_a_failed_fetch_is_not_repeated_for_an_older_request(void **state)
{
    struct ecs_jwks *jwks;
    struct world w;
    struct keys k;

    (void)state;
    open_all(&w, &k);
    set_rule(&w, "{\"path\": \"/jwks\", \"status\": 503}");
    jwks = open_jwks(&w, (struct ecs_jwks_conf){.min_interval_s = 10});
    assert_int_equal(verdict(&w, jwks, k.a, NOW), -1);
    publish(&w, k.a, "");
    assert_int_equal(verdict(&w, jwks, k.a, NOW - 1), -1);
    assert_int_equal(verdict(&w, jwks, k.a, NOW - 60), -1);
    assert_int_equal(asked_times(&w), 1);
    assert_int_equal(verdict(&w, jwks, k.a, NOW + 9), -1); /* the interval counts from the fetch */
    assert_int_equal(verdict(&w, jwks, k.a, NOW + 10), ECS_JWS_OK);
    assert_int_equal(asked_times(&w), 2);
    close_all(&w, &k, jwks);
}

static void test_a_rotated_key_is_found_with_and_without_key_id(void **state)
{
    struct ecs_jws_signer *other;
    struct ecs_jwks *jwks;
    struct world w;
    struct keys k;

    (void)state;
    open_all(&w, &k);
    other = new_signer(&w, NULL);
    publish(&w, k.a, "");
    jwks = open_jwks(&w, (struct ecs_jwks_conf){.min_interval_s = 10});
    assert_int_equal(verdict(&w, jwks, k.a, NOW), ECS_JWS_OK);
    publish(&w, k.b, "");
    assert_int_equal(verdict(&w, jwks, k.b, NOW + 20), ECS_JWS_OK);
    publish(&w, k.none, "");
    assert_int_equal(verdict(&w, jwks, k.none, NOW + 40), ECS_JWS_OK);
    publish(&w, other, "");
    assert_int_equal(verdict(&w, jwks, other, NOW + 60), ECS_JWS_OK);
    assert_int_not_equal(verdict(&w, jwks, k.none, NOW + 61), ECS_JWS_OK);
    ecs_jws_signer_free(other);
    close_all(&w, &k, jwks);
}

static void test_cache_control_shortens_the_age_but_not_the_interval(void **state)
{
    struct ecs_jwks *jwks;
    struct world w;
    struct keys k;

    (void)state;
    open_all(&w, &k);
    publish(&w, k.a, ", \"headers\": {\"Cache-Control\": \"public, max-age=100\"}");
    jwks = open_jwks(&w, (struct ecs_jwks_conf){0});
    assert_int_equal(verdict(&w, jwks, k.a, NOW), ECS_JWS_OK);
    assert_int_equal(verdict(&w, jwks, k.a, NOW + 99), ECS_JWS_OK);
    assert_int_equal(asked_times(&w), 1);
    publish(&w, k.a, ", \"headers\": {\"Cache-Control\": \"no-store\"}");
    assert_int_equal(verdict(&w, jwks, k.a, NOW + 100), ECS_JWS_OK);
    assert_int_equal(verdict(&w, jwks, k.a, NOW + 129), ECS_JWS_OK);
    assert_int_equal(asked_times(&w), 2);
    publish(&w, k.a, ", \"headers\": {\"Cache-Control\": \"max-age=90000\"}");
    assert_int_equal(verdict(&w, jwks, k.a, NOW + 130), ECS_JWS_OK);
    assert_int_equal(verdict(&w, jwks, k.a, NOW + 130 + 3599), ECS_JWS_OK);
    assert_int_equal(asked_times(&w), 3);
    assert_int_equal(verdict(&w, jwks, k.a, NOW + 130 + 3600), ECS_JWS_OK); /* it cannot lengthen it */
    assert_int_equal(asked_times(&w), 4);
    close_all(&w, &k, jwks);
}

static void test_a_set_outlives_the_issuer_for_a_while(void **state)
{
    struct ecs_jwks *jwks;
    struct world w;
    struct keys k;

    (void)state;
    open_all(&w, &k);
    publish(&w, k.a, "");
    jwks = open_jwks(&w, (struct ecs_jwks_conf){.max_age_s = 100, .min_interval_s = 10, .stale_s = 1000});
    assert_int_equal(verdict(&w, jwks, k.a, NOW), ECS_JWS_OK);
    set_rule(&w, "{\"path\": \"/jwks\", \"status\": 503}");
    assert_int_equal(verdict(&w, jwks, k.a, NOW + 100), ECS_JWS_OK);
    assert_int_equal(verdict(&w, jwks, k.a, NOW + 105), ECS_JWS_OK); /* not asked again yet */
    assert_int_equal(asked_times(&w), 2);
    assert_int_equal(verdict(&w, jwks, k.a, NOW + 999), ECS_JWS_OK);
    assert_int_equal(verdict(&w, jwks, k.a, NOW + 1000), -1);
    publish(&w, k.a, "");
    assert_int_equal(verdict(&w, jwks, k.a, NOW + 1005), -1);
    assert_int_equal(verdict(&w, jwks, k.a, NOW + 1010), ECS_JWS_OK);
    close_all(&w, &k, jwks);
}

static void test_an_answer_that_is_no_key_set_changes_nothing(void **state)
{
    static const char *const rules[] = {
        "{\"path\": \"/jwks\", \"body\": \"<html>down for maintenance</html>\"}",
        "{\"path\": \"/jwks\", \"json\": {\"keys\": []}}",
        "{\"path\": \"/jwks\", \"json\": {\"keys\": [{\"kty\": \"EC\", \"crv\": \"P-256\", \"x\": \"AA\"}]}}",
        "{\"path\": \"/jwks\", \"status\": 302, \"headers\": {\"Location\": \"/echo\"}}",
        "{\"path\": \"/jwks\", \"mode\": \"cut\", \"json\": {\"keys\": []}}",
    };
    struct ecs_jwks *jwks, *empty;
    struct world w;
    struct keys k;

    (void)state;
    open_all(&w, &k);
    publish(&w, k.a, "");
    jwks = open_jwks(&w, (struct ecs_jwks_conf){.max_age_s = 100, .min_interval_s = 10});
    empty = open_jwks(&w, (struct ecs_jwks_conf){.min_interval_s = 10});
    assert_int_equal(verdict(&w, jwks, k.a, NOW), ECS_JWS_OK);
    for (size_t i = 0; i < ECS_ARRAY_LEN(rules); i++) {
        int before = asked_times(&w);

        set_rule(&w, rules[i]);
        assert_int_equal(verdict(&w, jwks, k.a, NOW + 100 * ((int)i + 1)), ECS_JWS_OK);
        assert_int_equal(verdict(&w, empty, k.a, NOW + 100 * ((int)i + 1)), -1);
        assert_int_equal(asked_times(&w), before + 2);
    }
    ecs_jwks_free(empty);
    close_all(&w, &k, jwks);
}

static void test_a_wrong_signature_of_a_known_key_asks_nobody(void **state)
{
    struct ecs_jws_signer *forged;
    struct ecs_jwks *jwks;
    struct world w;
    struct keys k;

    (void)state;
    open_all(&w, &k);
    forged = new_signer(&w, "a");
    publish(&w, k.a, "");
    jwks = open_jwks(&w, (struct ecs_jwks_conf){0});
    assert_int_equal(verdict(&w, jwks, k.a, NOW), ECS_JWS_OK);
    assert_int_equal(verdict(&w, jwks, forged, NOW + 100), ECS_JWS_SIGNATURE);
    assert_int_equal(asked_times(&w), 1);
    ecs_jws_signer_free(forged);
    close_all(&w, &k, jwks);
}

static void test_callers_wait_for_one_fetch_and_survive_those_that_leave(void **state)
{
    enum { CALLERS = 8 };
    struct check c[CALLERS] = {0};
    struct ecs_jwks *jwks;
    struct world w;
    struct keys k;

    (void)state;
    open_all(&w, &k);
    publish(&w, k.a, ", \"delay_ms\": 80");
    jwks = open_jwks(&w, (struct ecs_jwks_conf){0});
    for (int i = 0; i < CALLERS; i++)
        start(&w, &c[i], jwks, k.a, NOW);
    rig_turns(&w.rig, 20);
    ecs_flow_abort(&c[0].flow); /* the one that began the fetch */
    ecs_flow_abort(&c[4].flow);
    ecs_flow_abort(&c[7].flow);
    for (int i = 0; i < CALLERS; i++) {
        finish(&w, &c[i]);
        assert_true(c[i].done == (i != 0 && i != 4 && i != 7));
        if (c[i].done)
            assert_int_equal(c[i].result.verdict, ECS_JWS_OK);
    }
    assert_int_equal(asked_times(&w), 1);
    close_all(&w, &k, jwks);
}

static void abort_next(struct check *c)
{
    struct check *other = c->then_arg;

    ecs_flow_abort(&other->flow);
    ecs_jwks_free(c->jwks); /* in the middle of being served */
}

static void test_a_served_caller_may_abort_others_and_free_the_set(void **state)
{
    struct check c[3] = {0};
    struct ecs_jwks *jwks;
    struct world w;
    struct keys k;

    (void)state;
    open_all(&w, &k);
    publish(&w, k.a, ", \"delay_ms\": 30");
    jwks = open_jwks(&w, (struct ecs_jwks_conf){0});
    c[0].then = abort_next;
    c[0].then_arg = &c[1];
    for (int i = 0; i < 3; i++)
        start(&w, &c[i], jwks, k.a, NOW);
    for (int i = 0; i < 3; i++) {
        finish(&w, &c[i]);
        assert_true(c[i].done == (i != 1));
    }
    assert_int_equal(c[2].result.verdict, ECS_JWS_OK);
    close_all(&w, &k, NULL);
}

static void test_a_set_given_back_while_it_is_fetched_goes_away(void **state)
{
    struct check waits = {0}, leaves = {0};
    struct ecs_jwks *jwks;
    struct world w;
    struct keys k;

    (void)state;
    open_all(&w, &k);
    publish(&w, k.a, ", \"delay_ms\": 50");
    jwks = open_jwks(&w, (struct ecs_jwks_conf){0});
    start(&w, &waits, jwks, k.a, NOW);
    rig_turns(&w.rig, 5);
    ecs_jwks_free(jwks);
    finish(&w, &waits);
    assert_int_equal(waits.result.verdict, ECS_JWS_OK);

    jwks = open_jwks(&w, (struct ecs_jwks_conf){0});
    start(&w, &leaves, jwks, k.a, NOW);
    rig_turns(&w.rig, 5);
    ecs_flow_abort(&leaves.flow);
    finish(&w, &leaves);
    close_all(&w, &k, jwks); /* nobody waits: the fetch is given up */
}

static void test_a_neighbour_that_refuses_at_once_is_no_trouble(void **state)
{
    const struct ecs_jwks_conf conf = {.url = "ftp://nowhere.example/"};
    struct ecs_jwks *jwks;
    struct world w;
    struct keys k;

    (void)state;
    open_all(&w, &k);
    jwks = ecs_jwks_new(w.n, &conf);
    assert_int_equal(verdict(&w, jwks, k.a, NOW), -1);
    close_all(&w, &k, jwks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_set_is_fetched_once_and_kept),
        cmocka_unit_test(test_an_unknown_key_id_fetches_at_most_once_an_interval),
        cmocka_unit_test(test_a_request_that_began_before_the_last_fetch_asks_nobody),
        cmocka_unit_test(test_a_failed_fetch_is_not_repeated_for_an_older_request),
        cmocka_unit_test(test_a_rotated_key_is_found_with_and_without_key_id),
        cmocka_unit_test(test_cache_control_shortens_the_age_but_not_the_interval),
        cmocka_unit_test(test_a_set_outlives_the_issuer_for_a_while),
        cmocka_unit_test(test_an_answer_that_is_no_key_set_changes_nothing),
        cmocka_unit_test(test_a_wrong_signature_of_a_known_key_asks_nobody),
        cmocka_unit_test(test_callers_wait_for_one_fetch_and_survive_those_that_leave),
        cmocka_unit_test(test_a_served_caller_may_abort_others_and_free_the_set),
        cmocka_unit_test(test_a_set_given_back_while_it_is_fetched_goes_away),
        cmocka_unit_test(test_a_neighbour_that_refuses_at_once_is_no_trouble),
    };

    return cmocka_run_group_tests(tests, start_origin, stop_origin);
}
