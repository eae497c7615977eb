/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of all operations against the golden files of tests/golden/ap2014 and ap2015: the worked examples of
 * the applications digest (clauses 7.5, 8.7). With ECS_GOLDEN_WRITE set in the environment the files are
 * written instead; look at the difference before keeping it. */
#include "userinfo/userinfo_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "ecs/buf.h"

#define S(text) ECS_STR(text)
#define OF(op)  .operation = ECS_OP_##op

static const struct {
    const char *name;
    enum ecs_app app;
    struct userinfo_answer answer;
} cases[] = {
    {"ap2014/number",
     ECS_APP_2014,
     {OF(GET_PHONE_NUMBER), .result = 1, .verified = -1, .validity = -1, .number = S("+4790000001")}},
    {"ap2014/number-encoded",
     ECS_APP_2014,
     {OF(GET_PHONE_NUMBER), .result = 1, .verified = -1, .validity = -1,
      .number = S("encodedValue=KzQ3OTAwMDAwMDE=")}},
    {"ap2014/verified",
     ECS_APP_2014,
     {OF(VERIFY_PHONE_NUMBER), .result = 1, .validity = -1, .verified = 1,
      .verified_number = S("+4790000001")}},
    {"ap2014/not-verified",
     ECS_APP_2014,
     {OF(VERIFY_PHONE_NUMBER), .result = 1, .validity = -1, .verified = 0,
      .verified_number = S("+4790000002")}},
    {"ap2014/subscriber",
     ECS_APP_2014,
     {OF(GET_SUBSCRIBER_INFO), .result = 1, .verified = -1, .validity = -1, .number = S("+4790000001"),
      .has_info = true, .sim_id_type = 2,
      .sim_id = S("5f2b9c0e41aa7d1e5f2b9c0e41aa7d1e5f2b9c0e41aa7d1e5f2b9c0e41aa7d1e"),
      .mvno = S("NORDMOBIL")}},
    {"ap2014/subscriber-by-imsi",
     ECS_APP_2014,
     {OF(GET_SUBSCRIBER_INFO), .result = 1, .verified = -1, .validity = -1, .number = S("+4790000001"),
      .has_info = true, .sim_id = S("242990000000017")}},
    {"ap2014/token",
     ECS_APP_2014,
     {OF(ACQUIRE_TEMPORARY_TOKEN), .result = 1, .verified = -1, .validity = -1, .token = S("tmp.Qk1.a7"),
      .token_expiry = S("2025-09-12T10:05:00Z"), .token_targets = S("GetPhoneNumber,GetSubscriberInfo")}},
    {"ap2014/refused",
     ECS_APP_2014,
     {OF(GET_PHONE_NUMBER), .verified = -1, .validity = -1, .result = 100,
      .error_text = S("Please ask <us>."), .number = S("+4790000001")}},
    {"ap2014/login",
     ECS_APP_2014,
     {.operation = ECS_OPERATION_COUNT, .result = 1, .verified = -1, .validity = -1}},
    {"ap2015/temporary-token",
     ECS_APP_2015,
     {OF(ACQUIRE_TEMPORARY_TOKEN), .result = 1, .verified = -1, .validity = -1, .token = S("tmp.op.31"),
      .token_expiry = S("2025-09-12T10:05:00Z"), .token_targets = S("AcquireOperatorToken")}},
    {"ap2015/operator-token",
     ECS_APP_2015,
     {OF(ACQUIRE_OPERATOR_TOKEN), .result = 1, .verified = -1, .validity = -1,
      .operator_token = S("opt.c3VwZXI"), .operator_expiry = S("2025-09-12T10:15:00Z"),
      .auth_url = S("https://ecs.example.net/"), .client_id = S("bank-7731")}},
    {"ap2015/valid",
     ECS_APP_2015,
     {OF(VALIDATE_OPERATOR_TOKEN), .result = 1, .verified = -1, .validity = 1,
      .validated = S("client_id,scope")}},
    {"ap2015/not-valid",
     ECS_APP_2015,
     {OF(VALIDATE_OPERATOR_TOKEN), .result = 1, .verified = -1, .validity = 0}},
    {"ap2015/device",
     ECS_APP_2015,
     {OF(GET_SUBSCRIBER_DEVICE_INFO), .result = 1, .verified = -1, .validity = -1, .number = S("+4790000001"),
      .imsi = S("242990000000017")}},
    {"ap2015/verified",
     ECS_APP_2015,
     {OF(VERIFY_PHONE_NUMBER), .result = 1, .validity = -1, .verified = 1,
      .verified_number = S("+4790000001")}},
    {"ap2015/application",
     ECS_APP_2015,
     {OF(GET_3P_APP_INFO), .result = 1, .verified = -1, .validity = -1, .app_name = S("x9Qe77Lm")}},
    {"ap2015/used-app-token",
     ECS_APP_2015,
     {OF(GET_3P_APP_INFO), .verified = -1, .validity = -1, .result = 102, .app_name = S("x9Qe77Lm")}},
};

static void compare(const char *name, const char *type, const struct ecs_buf *buf)
{
    static char wanted[8192];
    char path[256];
    FILE *file;
    size_t n;

    snprintf(path, sizeof(path), ECS_SOURCE_DIR "/tests/golden/%s.%s", name, type);
    if (getenv("ECS_GOLDEN_WRITE")) {
        assert_non_null(file = fopen(path, "wb"));
        assert_int_equal(fwrite(buf->p, 1, buf->n, file), buf->n);
        assert_int_equal(fclose(file), 0);
        return;
    }
    if (!(file = fopen(path, "rb")))
        fail_msg("%s is missing", path);
    n = fread(wanted, 1, sizeof(wanted), file);
    assert_int_equal(fclose(file), 0);
    if (buf->n != n || memcmp(buf->p, wanted, n) != 0)
        fail_msg("%s: %.*s", path, (int)buf->n, buf->p);
}

/* With the checks of documents and in both forms. */
static void render(const char *name, enum ecs_app app, const struct userinfo_answer *answer)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_doc *doc = ecs_doc_new(arena);
    struct ecs_buf buf = {0};
    json_t *json;

    assert_true(ecs_doc_vers(doc, 1, 86400));
    userinfo_document(answer, doc, ecs_doc_app(doc, app));
    if (ecs_doc_check(doc, (struct ecs_version){12, 0}, &buf) != ECS_OK)
        fail_msg("%s: %.*s", name, (int)buf.n, buf.p);
    assert_int_equal(ecs_doc_render(doc, ECS_FORMAT_XML, &buf), ECS_OK);
    compare(name, "xml", &buf);
    ecs_buf_reset(&buf);
    assert_int_equal(ecs_doc_render(doc, ECS_FORMAT_JSON, &buf), ECS_OK);
    assert_non_null(json = json_loadb(buf.p, buf.n, JSON_REJECT_DUPLICATES, NULL));
    json_decref(json);
    compare(name, "json", &buf);
    ecs_buf_done(&buf);
    ecs_arena_free(arena);
}

static void test_blocks_are_those_of_the_specification(void **state)
{
    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(cases); i++)
        render(cases[i].name, cases[i].app, &cases[i].answer);
}

/* The checks notice what the writer cannot make. */
static void test_members_that_do_not_go_together_are_found(void **state)
{
    static const struct {
        enum ecs_app app;
        const char *members[8]; /* name, value */
        const char *fault;
    } rows[] = {
        {ECS_APP_2014, {"OperationResult", "100", "MSISDN", "+4790000001"}, "beside an error"},
        {ECS_APP_2014, {"OperationResult", "1", "MSISDN", "4790000001"}, "neither E.164"},
        {ECS_APP_2014, {"MSISDN", "+4790000001"}, "OperationResult is missing"},
        {ECS_APP_2014,
         {"OperationResult", "1", "PhoneNumberVerification", "0", "msisdn", "+4790000001"},
         "without a match"},
        {ECS_APP_2014, {"OperationResult", "1", "msisdn", "+4790000001"}, "without a match"},
        {ECS_APP_2014, {"OperationResult", "1", "TemporaryToken", "x"}, "Table 48"},
        {ECS_APP_2014, {"OperationResult", "1", "OperatorToken", "x"}, "not known here"},
        {ECS_APP_2015, {"OperationResult", "1", "OperatorToken", "x", "ClientID", "y"}, "Table 117"},
        {ECS_APP_2015, {"OperationResult", "1", "OperatorTokenAuthURL", "https://x/"}, "without a token"},
        {ECS_APP_2015,
         {"OperationResult", "1", "OperatorTokenValidity", "1"},
         "parameters that were validated"},
        {ECS_APP_2015,
         {"OperationResult", "1", "OperatorTokenValidatedParams", "scope"},
         "without OperatorTokenValidity"},
        {ECS_APP_2015, {"OperationResult", "1", "OperatorTokenValidity", "2"}, "cannot have"},
        {ECS_APP_2015,
         {"OperationResult", "1", "MSISDN", "+4790000001", "IMSI", "24299x"},
         "other characters"},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_arena *arena = ecs_arena_new(NULL, 0);
        struct ecs_doc *doc = ecs_doc_new(arena);
        struct ecs_doc_node *node = ecs_doc_app(doc, rows[i].app);
        struct ecs_buf fault = {0};

        assert_true(ecs_doc_vers(doc, 1, 1));
        for (size_t k = 0; k < 8 && rows[i].members[k]; k += 2)
            ecs_doc_str(doc, node, rows[i].members[k], ecs_str_of(rows[i].members[k + 1]));
        assert_int_equal(ecs_doc_check(doc, (struct ecs_version){12, 0}, &fault), ECS_E_INTERNAL);
        if (ecs_str_find(ecs_buf_str(&fault), ecs_str_of(rows[i].fault)) < 0)
            fail_msg("row %zu: %.*s", i, (int)fault.n, fault.p);
        ecs_buf_done(&fault);
        ecs_arena_free(arena);
    }
}

static void test_the_sim_identity_fits_its_type(void **state)
{
    static const struct {
        int type;
        const char *id;
        bool good;
    } rows[] = {{0, "242990000000017", true},
                {0, "7f3c", false},
                {1, "5f2b9c0e-41aa-8d1e-9f2b-9c0e41aa7d1e", true},
                {1, "242990000000017", false},
                {2, "5f2b9c0e41aa7d1e", false}};

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct userinfo_answer a = {OF(GET_SUBSCRIBER_INFO),
                                    .result = 1,
                                    .verified = -1,
                                    .validity = -1,
                                    .number = S("+4790000001"),
                                    .has_info = true,
                                    .sim_id_type = rows[i].type,
                                    .sim_id = ecs_str_of(rows[i].id)};
        struct ecs_arena *arena = ecs_arena_new(NULL, 0);
        struct ecs_doc *doc = ecs_doc_new(arena);
        struct ecs_buf fault = {0};

        assert_true(ecs_doc_vers(doc, 1, 1));
        userinfo_document(&a, doc, ecs_doc_app(doc, ECS_APP_2014));
        assert_int_equal(ecs_doc_check(doc, (struct ecs_version){12, 0}, &fault) == ECS_OK, rows[i].good);
        ecs_buf_done(&fault);
        ecs_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_are_those_of_the_specification),
        cmocka_unit_test(test_members_that_do_not_go_together_are_found),
        cmocka_unit_test(test_the_sim_identity_fits_its_type),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
