/* SPDX-License-Identifier: Apache-2.0 */
/* ap2010, ap2012, ap2013 and ap2016: parameters that are refused, tokens for the Wi-Fi gateway, references
 * for pages, and thousands of line states whose documents the parameter tables accept. */
#include "services_rig.h"

#include <jansson.h>

#include "../base/random.h"
#include "ecs/wifi_identity.h"

static uint64_t seed = 815;

static unsigned random_below(unsigned n)
{
    return (unsigned)((next_random(&seed) >> 16) % n);
}

/* proves: D-022 B-001 B-016 */
static void test_parameters_that_are_refused(void **state)
{
    static const struct {
        const char *query, *why;
    } cases[] = {
        {"app=ap2010&boost_type=abc", "boost_type: is not a number from 0 to 255"},
        {"app=ap2010&boostType=-1", "boost_type: is not a number from 0 to 255"},
        {"app=ap2010&boost_type=256", "boost_type: is not a number from 0 to 255"},
        {"app=ap2012&store_vendor=a", "store_user_id: is missing"},
        {"app=ap2012&store_user_id=a", "store_vendor: is missing"},
        {"app=ap2012&store_vendor=a&store_user_id=b&MSG_btn=2", "MSG_btn: is neither 0 nor 1"},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(cases); i++) {
        struct ecs_arena *arena = ecs_arena_new(NULL, 0);
        struct ecs_ts43_input input = {.query = ecs_str_of(cases[i].query)};
        struct ecs_ts43_request request;
        const char *why = "";

        assert_int_equal(ecs_ts43_request_read(arena, &input, &request, &why), ECS_OK);
        assert_int_equal(ecs_app_check_request(&request, OFFERED, &why), ECS_E_BAD_PARAMETER);
        assert_string_equal(why, cases[i].why);
        assert_int_equal(ecs_app_check_request(&request, 0, &why), ECS_OK); /* nobody offers it */
        ecs_arena_free(arena);
    }
}

static const char key_hex[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/* proves: U-007 U-009 */
static void test_tokens_are_bounded_fresh_and_hide_the_imsi(void **state)
{
    struct fixture *x = *state;
    struct ecs_wifi_identity_conf conf = {.key = key_hex,
                                          .key_id = "w1",
                                          .issuer = "",
                                          .audience = "",
                                          .algorithm = ECS_WIFI_A256GCMKW,
                                          .msisdn = true};
    char issuer[129] = "", kid[65] = "";
    struct ecs_wifi_identity *w = ecs_wifi_identity_new(x->crypto, &conf);
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_imsi imsi;
    struct ecs_str one, two;

    assert_non_null(w);
    assert_true(ecs_imsi_parse(ECS_STR("001010123456789"), &imsi));
    one = ecs_wifi_identity_make(w, arena, &imsi, ECS_STR("4915112345678"), NOW, NOW + 60);
    two = ecs_wifi_identity_make(w, arena, &imsi, ECS_STR("4915112345678"), NOW, NOW + 60);
    assert_true(one.n > 100 && one.n <= ECS_WIFI_IDENTITY_MAX && two.n == one.n);
    assert_memory_not_equal(one.p, two.p, one.n);
    assert_int_equal(ecs_str_find(one, ECS_STR("001010123456789")), -1);
    memset(issuer, 1, 128); /* six bytes each in JSON */
    memset(kid, 'k', 64);
    conf.issuer = conf.audience = issuer;
    conf.key_id = kid;
    assert_null(ecs_wifi_identity_make(w, arena, &imsi, ECS_STR_NULL, NOW, 0).p);
    ecs_arena_free(arena);
    ecs_wifi_identity_free(w);
}

/* ---- anything ---- */

static void random_line(struct scene *s)
{
    static const char *const names[] = {"dataplan", "billing", "identity", "satmode"};
    struct ecs_data_boost *list = ecs_alloc(s->arena, 3 * sizeof(*list));

    fill_plan(s);
    fill_networks(s, -1, -1);
    s->line.n_services = 0;
    memcpy(list, boosts, sizeof(boosts));
    for (size_t i = 0; i < 3; i++) {
        list[i].offer = (enum ecs_boost_offer)random_below(ECS_BOOST_OFFER_COUNT);
        list[i].state = (enum ecs_boost_state)random_below(ECS_BOOST_STATE_COUNT);
        list[i].ends_at = NOW - 50 + (int)random_below(100);
    }
    s->data.boosts = list;
    s->data.n_boosts = random_below(4);
    s->data.n_networks = random_below(4);
    s->data.n_access = random_below(3);
    s->data.n_usage = random_below(3);
    s->data.sa = (int)random_below(3) - 1;
    s->line.n_features = random_below(ECS_ARRAY_LEN(features) + 1);
    s->line.line_state = (enum ecs_line_state)(random_below(6) ? 0 : random_below(4));
    s->line.identity = (enum ecs_identity_state)(random_below(5) ? 0 : random_below(4));
    s->data.billing =
        (struct ecs_billing_row){.found = random_below(4) > 0,
                                 .state = (enum ecs_billing_state)random_below(ECS_BILLING_STATE_COUNT),
                                 .terms = (int)random_below(4)};
    if (random_below(2))
        s->data.pseudonym = ECS_STR("2abc@x");
    s->data.pseudonym_ends = random_below(2) ? NOW - 10 + (int)random_below(20) : 0;
    for (size_t i = 0; i < 4; i++)
        if (random_below(3))
            s->services[s->line.n_services++] = (struct ecs_line_service){
                .service = ecs_str_of(names[i]),
                .tc_status = (int)random_below(5) - 1,
                .addr_status = -1,
                .prov_status = (int)random_below(5) - 1,
                .tc_version = (int)random_below(4) - 1,
                .override = (enum ecs_override)(random_below(4) ? 0 : random_below(4))};
    if (!random_below(4))
        s->context.portal_url = "";
    if (!random_below(8))
        s->line.data = NULL;
}

/* proves: U-001 U-002 Z-001 Z-004 Z-005 B-004 */
static void test_every_line_state_gives_documents_that_the_tables_accept(void **state)
{
    static const char *const queries[] = {
        "app=ap2010&app=ap2012&app=ap2013&app=ap2016&store_vendor=S&store_user_id=u",
        "app=ap2010&boost_type=166&app=ap2016", "app=ap2010&boost_type=171", STORE "&MSG_btn=1"};

    for (unsigned i = 0; i < 3000; i++) {
        struct ecs_str json;
        json_t *parsed;
        struct scene s;

        open_scene(&s, *state, queries[i % ECS_ARRAY_LEN(queries)]);
        random_line(&s);
        build(&s);
        accept(&s);
        (void)render(&s, ECS_FORMAT_XML);
        json = render(&s, ECS_FORMAT_JSON);
        parsed = json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(parsed);
        assert_true(s.context.validity_s > 0);
        json_decref(parsed);
        ecs_arena_free(s.arena);
    }
}

/* The reference tells the page what was asked for, and nobody else. */
static void test_references_carry_boost_and_account(void **state)
{
    struct fixture *x = *state;
    uint8_t account[ECS_ACCOUNT_LEN];
    struct ecs_flow_ref ref;
    struct ecs_buf buf = {0};
    struct scene s;
    ptrdiff_t at;

    open_scene(&s, x, STORE "&app=ap2010&boost_type=0");
    s.data.boosts = boosts;
    s.data.n_boosts = 1;
    build(&s);
    assert_int_equal(ecs_doc_render(s.doc, ECS_FORMAT_JSON, &buf), ECS_OK);
    at = ecs_str_find(ecs_buf_str(&buf), ECS_STR("sid="));
    assert_true(at > 0);
    assert_int_equal(ecs_flow_ref_open(x->sealer, (struct ecs_str){buf.p + at + 4, ECS_TOKEN_TEXT_MAX}, &ref),
                     ECS_OK);
    assert_int_equal(ref.service, 12);
    assert_true(ecs_billing_account(x->crypto, ECS_STR("s0042"), ECS_STR("U-77D1"), account));
    assert_memory_equal(ref.account, account, sizeof(account));
    buf.p[at] = 'S';
    at = ecs_str_find(ecs_buf_str(&buf), ECS_STR("sid="));
    assert_true(at > 0);
    assert_int_equal(ecs_flow_ref_open(x->sealer, (struct ecs_str){buf.p + at + 4, ECS_TOKEN_TEXT_MAX}, &ref),
                     ECS_OK);
    assert_int_equal(ref.service, 10);
    assert_int_equal(ref.boost, 166);
    ecs_buf_done(&buf);
    ecs_arena_free(s.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameters_that_are_refused),
        cmocka_unit_test(test_tokens_are_bounded_fresh_and_hide_the_imsi),
        cmocka_unit_test(test_every_line_state_gives_documents_that_the_tables_accept),
        cmocka_unit_test(test_references_carry_boost_and_account),
    };

    return cmocka_run_group_tests_name("service_states", tests, set_up, tear_down);
}
