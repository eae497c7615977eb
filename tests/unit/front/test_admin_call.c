/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers of the operator's interface up to the point where the database is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "front/admin_internal.h"

enum { NOW = 1800000000 };

struct fixture {
    struct ecs_loop *loop;
    struct ecs_arena *arena;
    struct ecs_crypto *crypto;
    struct ecs_sealer *flow_sealer, *token_sealer;
    struct front front;
    struct engine engine;
    struct ecs_http_request http;
    struct admin_call call;
    const struct ecs_step *steps;
    bool ended;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct ecs_keyring ring;
    struct ecs_faults faults;

    assert_non_null(f);
    f->loop = ecs_loop_new();
    f->arena = ecs_arena_new(NULL, 0);
    f->crypto = ecs_crypto_new();
    assert_non_null(f->loop);
    assert_non_null(f->arena);
    assert_non_null(f->crypto);
    ecs_faults_init(&faults, f->arena);
    assert_true(ecs_keyring_parse(
        "ring", ECS_STR("1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"), &ring,
        &faults));
    f->flow_sealer = ecs_sealer_new(f->crypto, &ring, ECS_STR("flow"));
    f->token_sealer = ecs_sealer_new(f->crypto, &ring, ECS_STR("token"));
    f->engine.flow_sealer = f->flow_sealer;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    ecs_buf_done(&f->call.body);
    ecs_buf_done(&f->call.detail);
    ecs_sealer_free(f->flow_sealer);
    ecs_sealer_free(f->token_sealer);
    ecs_arena_free(f->arena);
    ecs_crypto_free(f->crypto);
    ecs_loop_free(f->loop);
    free(f);
    return 0;
}

static struct fixture *current;

static enum ecs_next run_handler(struct ecs_flow *flow)
{
    return ecs_flow_call(flow, current->steps, &current->call);
}

static enum ecs_next stop(struct ecs_flow *flow)
{
    (void)flow;
    return ECS_DONE;
}

static void on_end(struct ecs_flow *flow)
{
    (void)flow;
    current->ended = true;
}

/* The handler's code; it must end before it waits for anything. */
static enum ecs_rc handle(struct fixture *f, const struct ecs_step *steps, const char *body,
                          const char *query, const char *part)
{
    static const struct ecs_step table[] = {{"run", run_handler, 0}, {"stop", stop, 0}, {0}};

    ecs_buf_reset(&f->call.body);
    f->http = (struct ecs_http_request){.body = ecs_str_of(body), .query = ecs_str_of(query)};
    f->call = (struct admin_call){.front = &f->front,
                                  .engine = &f->engine,
                                  .http = &f->http,
                                  .now = NOW,
                                  .body = f->call.body,
                                  .arg = {ecs_str_of(part)}};
    f->call.out.buf = &f->call.body;
    f->steps = steps;
    f->ended = false;
    current = f;
    ecs_flow_start(&f->call.flow, f->loop, f->arena, NULL, table, &f->call, on_end);
    assert_true(f->ended);
    assert_null(f->call.action);
    return f->call.flow.rc;
}

static enum ecs_rc ask_reference(struct fixture *f, const char *text)
{
    char *body = ecs_printf(f->arena, "{\"reference\":\"%s\"}", text);

    assert_non_null(body);
    return handle(f, admin_flow_reference_steps, body, NULL, NULL);
}

/* proves: V-018 */
static void test_expired_and_forged_references_are_not_found(void **state)
{
    struct fixture *f = *state;
    struct ecs_flow_ref ref = {
        .imsi = {"001010000000001"}, .service = 4, .issued_s = NOW - 100, .expires_s = NOW};
    char text[ECS_TOKEN_TEXT_MAX + 1];

    assert_int_equal(ecs_flow_ref_seal(f->crypto, f->flow_sealer, &ref, text), ECS_OK);
    assert_int_equal(ask_reference(f, text), ECS_E_NOT_FOUND);
    ref.expires_s = NOW + 100;
    assert_int_equal(ecs_flow_ref_seal(f->crypto, f->token_sealer, &ref, text), ECS_OK);
    assert_int_equal(ask_reference(f, text), ECS_E_NOT_FOUND);
    assert_int_equal(ecs_flow_ref_seal(f->crypto, f->flow_sealer, &ref, text), ECS_OK);
    text[20] = text[20] == 'a' ? 'b' : 'a';
    assert_int_equal(ask_reference(f, text), ECS_E_NOT_FOUND);
    assert_int_equal(ask_reference(f, "x"), ECS_E_NOT_FOUND);
    assert_null(strstr(f->call.flow.reason, "00101"));
}

static void test_a_refusal_tells_the_member(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const struct ecs_step *steps;
        const char *body, *query, *part, *field;
    } rows[] = {
        {admin_flow_reference_steps, "{}", NULL, NULL, "reference"},
        {admin_flow_reference_steps, "{\"reference\":\"a\",\"x\":1}", NULL, NULL, "x"},
        {admin_subscriber_put_steps, "{\"plan\":7}", NULL, "001010000000001", "plan"},
        {admin_subscriber_put_steps, "{\"msisdn\":\"abc\"}", NULL, "001010000000001", "msisdn"},
        {admin_subscriber_put_steps, "{}", NULL, "00101000000000x", "imsi"},
        {admin_subscriber_put_steps, "{}", NULL, "0010100000000012", "imsi"},
        {admin_service_put_steps, "{\"override\":\"maybe\"}", NULL, "001010000000001", "service"},
        {admin_subscriber_find_steps, "", "msisdn=1&msisdn=2", NULL, "msisdn"},
        {admin_subscriber_find_steps, "", "imsi=1", NULL, "imsi"},
        {admin_audit_list_steps, "", "limit=1001", NULL, "limit"},
        {admin_audit_list_steps, "", "before=-1", NULL, "before"},
        {admin_notice_list_steps, "", "limit=x", NULL, "limit"},
        {admin_notice_delete_steps, "", NULL, "0", "id"},
        {admin_order_done_steps, "{\"provisioned\":1}", NULL, "5", "provisioned"},
        {admin_model_put_steps, "{\"vendor\":\"a\",\"model\":\"b\",\"category\":\"car\"}", NULL, "12345678",
         "category"},
        {admin_identity_put_steps, "{\"state\":\"deny\"}", NULL, "has blank", "terminal_id"},
        {admin_plan_put_steps, "{\"features\":[\"a\",\"\"]}", NULL, "gold", "features[1]"},
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        assert_int_equal(handle(f, rows[i].steps, rows[i].body, rows[i].query, rows[i].part),
                         ECS_E_BAD_PARAMETER);
        assert_non_null(f->call.field);
        assert_string_equal(f->call.field, rows[i].field);
        assert_memory_equal(f->call.flow.reason, rows[i].field, strlen(rows[i].field));
    }
}

static void test_a_body_that_is_no_json_is_a_bad_request(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(handle(f, admin_subscriber_put_steps, "{\"plan\":", NULL, "001010000000001"),
                     ECS_E_BAD_REQUEST);
    assert_null(f->call.field);
    assert_int_equal(
        handle(f, admin_subscriber_put_steps, "{\"plan\":\"a\",\"plan\":\"b\"}", NULL, "001010000000001"),
        ECS_E_BAD_REQUEST);
}

static void test_notices_of_another_time(void **state)
{
    struct fixture *f = *state;
    struct ecs_notice_row rows[] = {
        {.service = ECS_STR("vowifi"),
         .effect = ECS_STR("unavailable"),
         .starts_at = 100,
         .ends_at = 200,
         .message_key = ECS_STR("a"),
         .validity_s = 60},
        {.service = ECS_STR("smsoip"),
         .effect = ECS_STR("info"),
         .starts_at = 150,
         .ends_at = 300,
         .brand = ECS_STR("mine")},
        {.service = ECS_STR("volte"),
         .effect = ECS_STR("info"),
         .starts_at = 150,
         .ends_at = 300,
         .brand = ECS_STR("theirs")},
    };
    struct ecs_notice_rows all = {rows, ECS_ARRAY_LEN(rows)};
    struct ecs_subscriber_facts facts = {.brand = ECS_STR("mine")};
    static const struct {
        int64_t at;
        size_t n;
    } times[] = {{99, 0}, {100, 1}, {149, 1}, {150, 2}, {199, 2}, {200, 1}, {299, 1}, {300, 0}};

    for (size_t i = 0; i < ECS_ARRAY_LEN(times); i++) {
        assert_int_equal(admin_notices_at(f->arena, &all, times[i].at, &facts), ECS_OK);
        assert_int_equal(facts.n_notices, times[i].n);
    }
    assert_int_equal(admin_notices_at(f->arena, &all, 160, &facts), ECS_OK);
    assert_true(facts.notices[0].unavailable);
    assert_int_equal(facts.notices[0].validity_s, 60);
    assert_false(facts.notices[1].unavailable);
    facts.brand = ECS_STR_NULL;
    assert_int_equal(admin_notices_at(f->arena, &all, 160, &facts), ECS_OK);
    assert_int_equal(facts.n_notices, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_expired_and_forged_references_are_not_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_refusal_tells_the_member, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_body_that_is_no_json_is_a_bad_request, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_notices_of_another_time, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
