/* SPDX-License-Identifier: Apache-2.0 */
/* Access tokens as a client: the three grants, keeping, single flight. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "oauth_fixture.h"

static void test_client_secret_goes_into_the_body(void **state)
{
    struct ecs_oauth_client *client;
    struct world w;
    const char *log;

    (void)state;
    world_open(&w);
    give(&w, "T-1", "3600");
    client = open_client(&w, (struct ecs_oauth_client_conf){.scope = "a b"});
    assert_string_equal(token_at(&w, client, NOW, NULL), "T-1");
    log = origin_log(&w);
    assert_non_null(strstr(log, "\"method\": \"POST\""));
    assert_non_null(strstr(log, "\"content-type\": \"application/x-www-form-urlencoded\""));
    assert_non_null(strstr(log,
                           "\"body\": \"grant_type=client_credentials&scope=a%20b&client_id=me%20%26%20co"
                           "&client_secret=s%3Ae%2Fc%20r%25t\""));
    assert_null(strstr(log, "\"authorization\""));
    ecs_oauth_client_free(client);
    world_close(&w);
}

static void test_client_secret_goes_into_the_basic_header(void **state)
{
    static const char pair[] = "me%20%26%20co:s%3Ae%2Fc%20r%25t";
    char basic[ECS_BASE64_LEN(sizeof(pair)) + 1];
    struct ecs_oauth_client *client;
    struct world w;
    const char *log;

    (void)state;
    world_open(&w);
    give(&w, "T-1", "3600");
    client = open_client(&w, (struct ecs_oauth_client_conf){.basic = true});
    assert_string_equal(token_at(&w, client, NOW, NULL), "T-1");
    ecs_base64_encode(pair, sizeof(pair) - 1, basic);
    log = origin_log(&w);
    assert_non_null(strstr(log, basic));
    assert_non_null(strstr(log, "\"body\": \"grant_type=client_credentials\""));
    ecs_oauth_client_free(client);
    world_close(&w);
}

/* Verifies the form field of the only request as a JWS of the signer; gives its claims. */
static struct ecs_jws_claims sent_assertion(struct world *w, const struct ecs_jws_signer *signer,
                                            const char *field)
{
    struct ecs_str set = ecs_jws_signer_jwks(signer, w->arena), token;
    struct ecs_jwk_set *keys = ecs_jwk_set_parse(set);
    struct ecs_jws_expect expect = {
        .algs = 1u << ECS_JWS_ES256, .now = NOW, .need_exp = true, .need_iat = true, .max_life_s = 3600};
    struct ecs_jws_claims claims = {0};
    const char *at = strstr(origin_log(w), field);

    assert_non_null(at);
    assert_non_null(keys);
    token.p = at + strlen(field);
    token.n = strcspn(token.p, "&\"");
    assert_int_equal(ecs_jws_verify(token, keys, &expect, w->arena, &claims), ECS_JWS_OK);
    ecs_jwk_set_free(keys);
    return claims;
}

static void test_private_key_jwt_signs_a_client_assertion(void **state)
{
    struct ecs_jws_signer *signer;
    struct ecs_oauth_client *client;
    struct ecs_jws_claims claims;
    struct world w;

    (void)state;
    world_open(&w);
    signer = new_signer(&w, "key-1");
    give(&w, "T-2", "3600");
    client = open_client(&w, (struct ecs_oauth_client_conf){.grant = ECS_OAUTH_PRIVATE_KEY_JWT,
                                                            .signer = signer,
                                                            .client_id = "client-7",
                                                            .audience = "https://as.example"});
    assert_string_equal(token_at(&w, client, NOW, NULL), "T-2");
    assert_non_null(strstr(origin_log(&w),
                           "grant_type=client_credentials&client_assertion_type="
                           "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&"));
    claims = sent_assertion(&w, signer, "&client_assertion=");
    assert_true(ecs_str_eq(claims.iss, ECS_STR("client-7")));
    assert_true(ecs_str_eq(claims.sub, ECS_STR("client-7")));
    assert_true(ecs_jws_claim_has(&claims, "aud", ECS_STR("https://as.example")));
    assert_true(ecs_str_eq(claims.kid, ECS_STR("key-1")));
    assert_int_equal(claims.jti.n, 32);
    assert_int_equal(claims.iat, NOW);
    assert_int_equal(claims.exp, NOW + 300);
    ecs_oauth_client_free(client);
    ecs_jws_signer_free(signer);
    world_close(&w);
}

static void test_jwt_bearer_signs_the_claims_of_a_service_account(void **state)
{
    struct ecs_jws_signer *signer;
    struct ecs_oauth_client *client;
    struct ecs_jws_claims claims;
    struct world w;

    (void)state;
    world_open(&w);
    signer = new_signer(&w, "key-1");
    give(&w, "T-3", "3599");
    client = open_client(&w, (struct ecs_oauth_client_conf){.grant = ECS_OAUTH_JWT_BEARER,
                                                            .signer = signer,
                                                            .client_id = "push@project.example",
                                                            .scope = "https://scope.example/messaging"});
    assert_string_equal(token_at(&w, client, NOW, NULL), "T-3");
    assert_non_null(
        strstr(origin_log(&w),
               "\"body\": \"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="));
    claims = sent_assertion(&w, signer, "&assertion=");
    assert_true(ecs_str_eq(claims.iss, ECS_STR("push@project.example")));
    assert_null(claims.sub.p);
    assert_true(ecs_str_eq(claims.scope, ECS_STR("https://scope.example/messaging")));
    assert_true(ecs_jws_claim_has(&claims, "aud", ecs_str_of(origin_url("/token"))));
    assert_int_equal(claims.exp, NOW + 3600);
    ecs_oauth_client_free(client);
    ecs_jws_signer_free(signer);
    world_close(&w);
}

static void test_tokens_are_used_until_shortly_before_their_end(void **state)
{
    static const struct {
        const char *expires_in;
        int64_t use_s;
    } cases[] = {{"3600", 3300}, {"\"3600\"", 3300}, {"500", 250},
                 {"60", 30},     {"null", 300},      {"99999999999", 2591700}};
    struct world w;

    (void)state;
    world_open(&w);
    for (size_t i = 0; i < ECS_ARRAY_LEN(cases); i++) {
        struct ecs_oauth_client *client = open_client(&w, (struct ecs_oauth_client_conf){0});

        give(&w, "old", cases[i].expires_in);
        assert_string_equal(token_at(&w, client, NOW, NULL), "old");
        give(&w, "new", "3600");
        assert_string_equal(token_at(&w, client, NOW + cases[i].use_s - 1, NULL), "old");
        assert_string_equal(token_at(&w, client, NOW + cases[i].use_s, NULL), "new");
        give(&w, "third", "3600");
        assert_string_equal(token_at(&w, client, NOW + cases[i].use_s - 60, NULL), "new"); /* began before */
        assert_string_equal(token_at(&w, client, NOW + cases[i].use_s - 61, NULL), "third"); /* set back */
        ecs_oauth_client_free(client);
    }
    assert_int_equal(asked_times(&w), 3 * (int)ECS_ARRAY_LEN(cases));
    world_close(&w);
}

static void test_a_token_of_no_life_is_used_once(void **state)
{
    struct ecs_oauth_client *client;
    struct world w;

    (void)state;
    world_open(&w);
    give(&w, "T", "0");
    client = open_client(&w, (struct ecs_oauth_client_conf){0});
    assert_string_equal(token_at(&w, client, NOW, NULL), "T");
    assert_string_equal(token_at(&w, client, NOW, NULL), "T");
    assert_int_equal(asked_times(&w), 2);
    ecs_oauth_client_free(client);
    world_close(&w);
}

/* A fetch for a request that began before the last one: the times of the token do not go back with it. */
static void test_a_fetch_of_an_older_request_counts_from_the_last_one(void **state)
{
    struct ecs_oauth_client *client;
    struct world w;

    (void)state;
    world_open(&w);
    give(&w, "old", "3600");
    client = open_client(&w, (struct ecs_oauth_client_conf){0});
    assert_string_equal(token_at(&w, client, NOW, NULL), "old");
    ecs_oauth_client_drop(client, "old");
    give(&w, "new", "3600");
    assert_string_equal(token_at(&w, client, NOW - 50, NULL), "new");
    give(&w, "third", "3600");
    assert_string_equal(token_at(&w, client, NOW + 3299, NULL), "new");
    assert_int_equal(asked_times(&w), 2);
    assert_string_equal(token_at(&w, client, NOW + 3300, NULL), "third");
    ecs_oauth_client_free(client);
    world_close(&w);
}

static void test_a_dropped_token_is_fetched_anew_once(void **state)
{
    struct ecs_oauth_client *client;
    struct world w;

    (void)state;
    world_open(&w);
    give(&w, "old", "3600");
    client = open_client(&w, (struct ecs_oauth_client_conf){0});
    assert_string_equal(token_at(&w, client, NOW, NULL), "old");
    give(&w, "new", "3600");
    ecs_oauth_client_drop(client, "something else");
    assert_string_equal(token_at(&w, client, NOW, NULL), "old");
    ecs_oauth_client_drop(client, "old");
    assert_string_equal(token_at(&w, client, NOW, NULL), "new");
    ecs_oauth_client_drop(client, "old"); /* another call that was refused with the old one */
    assert_string_equal(token_at(&w, client, NOW, NULL), "new");
    assert_int_equal(asked_times(&w), 2);
    ecs_oauth_client_free(client);
    world_close(&w);
}

static void test_one_fetch_serves_all_that_wait(void **state)
{
    enum { CALLERS = 6 };
    struct get g[CALLERS] = {0};
    struct ecs_oauth_client *client;
    struct world w;

    (void)state;
    world_open(&w);
    set_rule(
        &w,
        "{\"path\": \"/token\", \"delay_ms\": 60, \"json\": {\"access_token\": \"T\", \"expires_in\": 9}}");
    client = open_client(&w, (struct ecs_oauth_client_conf){0});
    for (int i = 0; i < CALLERS; i++)
        start(&w, &g[i], client, NOW);
    rig_turns(&w.rig, 10);
    ecs_flow_abort(&g[0].flow);
    ecs_flow_abort(&g[3].flow);
    ecs_oauth_client_free(client); /* lives until the waiting are served */
    for (int i = 0; i < CALLERS; i++) {
        finish(&w, &g[i]);
        assert_true(g[i].done == (i != 0 && i != 3));
        if (g[i].done)
            assert_string_equal(g[i].token.token, "T");
        ecs_arena_free(g[i].arena);
    }
    assert_int_equal(asked_times(&w), 1);
    world_close(&w);
}

static void test_a_client_nobody_waits_for_gives_its_fetch_up(void **state)
{
    struct get g = {0};
    struct ecs_oauth_client *client;
    struct world w;

    (void)state;
    world_open(&w);
    set_rule(&w, "{\"path\": \"/token\", \"mode\": \"hang\"}");
    client = open_client(&w, (struct ecs_oauth_client_conf){0});
    start(&w, &g, client, NOW);
    rig_turns(&w.rig, 10);
    ecs_flow_abort(&g.flow);
    finish(&w, &g);
    ecs_arena_free(g.arena);
    ecs_oauth_client_free(client);
    world_close(&w); /* the sanitizer would tell of a fetch left behind */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client_secret_goes_into_the_body),
        cmocka_unit_test(test_client_secret_goes_into_the_basic_header),
        cmocka_unit_test(test_private_key_jwt_signs_a_client_assertion),
        cmocka_unit_test(test_jwt_bearer_signs_the_claims_of_a_service_account),
        cmocka_unit_test(test_tokens_are_used_until_shortly_before_their_end),
        cmocka_unit_test(test_a_token_of_no_life_is_used_once),
        cmocka_unit_test(test_a_fetch_of_an_older_request_counts_from_the_last_one),
        cmocka_unit_test(test_a_dropped_token_is_fetched_anew_once),
        cmocka_unit_test(test_one_fetch_serves_all_that_wait),
        cmocka_unit_test(test_a_client_nobody_waits_for_gives_its_fetch_up),
    };

    return cmocka_run_group_tests(tests, start_origin, stop_origin);
}
