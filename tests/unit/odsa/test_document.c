/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of all operations against the golden files of tests/golden/ap2006, ap2009 and ap2011: the worked
 * examples of the ODSA digest (clause 5) and of server-initiated ODSA. With ECS_GOLDEN_WRITE set in the
 * environment the files are written instead; look at the difference before keeping it. */
#include "odsa/op_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "ecs/buf.h"
#include "ecs/doc.h"

#define S(text) ECS_STR(text)

static const struct odsa_download by_code = {
    S("8934041234567890125"), {NULL, 0}, S("1$smdp.example.net$K7QX2-0042-ZP")};
static const struct odsa_download by_address = {S("8934041234567890125"), S("smdp.example.net"), {NULL, 0}};
static const struct odsa_download recovered = {
    S("8934041234567890166"), {NULL, 0}, S("1$smdp.example.net$9C-TRANSFER-88")};
static const struct odsa_download watch_code = {{NULL, 0}, {NULL, 0}, S("1$smdp.example.net$K7QX2-0042-ZP")};
static const struct odsa_download fleet_code = {{NULL, 0}, {NULL, 0}, S("1$smdp.example.net$KEY-0001")};
static const struct odsa_message question = {.title = S("Check"),
                                             .text = S("Enter the code from your letter"),
                                             .hint = S("6 digits"),
                                             .validation = S("^[0-9]{6}$"),
                                             .has_accept = true,
                                             .has_reject = true,
                                             .freetext = true};
static const struct odsa_message plain_question = {.text = S("Last four digits of your order number?"),
                                                   .has_accept = true,
                                                   .has_reject = true,
                                                   .freetext = true};
static const struct ecs_profile watch = {.name = S("Ana\u2019s watch"),
                                         .vendor = S("ACME"),
                                         .model = S("W3"),
                                         .eid = S("89033023426100000000001234567892")};
static const struct odsa_configuration watch_activating[] = {
    {.iccid = S("8934041234567890133"), .service = S("SharedNumber"), .status = 2, .polling = 2}};
static const struct odsa_configuration watch_ready[] = {{.iccid = S("8934041234567890133"),
                                                         .service = S("SharedNumber"),
                                                         .status = 1,
                                                         .download = &watch_code,
                                                         .device_info = &watch}};
static const struct odsa_configuration phone_activating[] = {
    {.iccid = S("8934041234567890125"), .status = 2, .polling = 45}};
static const struct odsa_configuration phone_two[] = {
    {.iccid = S("8934041234567890125"), .status = 1},
    {.iccid = S("8934041234567890141"), .status = 3, .secondary = true}};
static const struct odsa_configuration phone_waiting[] = {
    {.iccid = S("8934041234567890158"), .status = 3, .message = &plain_question}};
static const struct odsa_configuration phone_recovered[] = {
    {.iccid = S("8934041234567890166"), .status = 1, .download = &recovered}};
static const struct odsa_configuration fleet[] = {
    {.iccid = S("8934041234567890174"), .status = 2, .polling = 30}};
static const struct odsa_plan plans[] = {{S("IOT-S"), S("Small fleet"), {NULL, 0}},
                                         {S("IOT-L"), S("Large fleet"), S("Pooled data")}};

#define ANSWER(app_, op) .operation = ECS_OP_##op, .app = ECS_APP_##app_, .result = 1
static const struct {
    const char *name;
    struct odsa_answer answer;
} cases[] = {
    {"ap2006/eligible",
     {ANSWER(2006, CHECK_ELIGIBILITY), .eligibility = 1, .services = S("SharedNumber,FamilyNumber")}},
    {"ap2006/not-eligible",
     {ANSWER(2006, CHECK_ELIGIBILITY), .services = S("SharedNumber"),
      .page_url = S("https://portal.example.net/watch/no"), .page_data = S("ref=5521&lang=en")}},
    {"ap2006/to-portal",
     {ANSWER(2006, MANAGE_SUBSCRIPTION), .subscription = 1,
      .page_url = S("https://portal.example.net/watch/new"),
      .page_data = S("encodedValue=eyJzdWIiOiI3ZjNjIiwibGFuZyI6ImVuIn0="), .page_type = S("json")}},
    {"ap2006/service", {ANSWER(2006, MANAGE_SERVICE), .service_status = 2}},
    {"ap2006/service-not-supported",
     {.operation = ECS_OP_MANAGE_SERVICE, .app = ECS_APP_2006, .result = 103, .service_status = 1}},
    {"ap2006/activating",
     {ANSWER(2006, ACQUIRE_CONFIGURATION), .configurations = watch_activating, .n_configurations = 1}},
    {"ap2006/ready",
     {ANSWER(2006, ACQUIRE_CONFIGURATION), .configurations = watch_ready, .n_configurations = 1}},
    {"ap2006/nothing", {ANSWER(2006, ACQUIRE_CONFIGURATION)}},
    {"ap2006/wrong-operation", {.operation = ECS_OP_MANAGE_SERVICE, .app = ECS_APP_2006, .result = 101}},
    {"ap2009/not-yet", {ANSWER(2009, CHECK_ELIGIBILITY), .polling = 30, .polling_unit = 1}},
    {"ap2009/by-code", {ANSWER(2009, MANAGE_SUBSCRIPTION), .subscription = 2, .download = &by_code}},
    {"ap2009/by-address", {ANSWER(2009, MANAGE_SUBSCRIPTION), .subscription = 2, .download = &by_address}},
    {"ap2009/question", {ANSWER(2009, MANAGE_SUBSCRIPTION), .subscription = 8, .message = &question}},
    {"ap2009/wrong-answer",
     {.operation = ECS_OP_MANAGE_SUBSCRIPTION, .app = ECS_APP_2009, .result = 104, .subscription = 5}},
    {"ap2009/confirmed", {ANSWER(2009, MANAGE_SUBSCRIPTION), .subscription = 3}},
    {"ap2009/recovered",
     {ANSWER(2009, MANAGE_SUBSCRIPTION), .subscription = 2, .download = &recovered,
      .configurations = phone_recovered, .n_configurations = 1}},
    {"ap2009/activating",
     {ANSWER(2009, ACQUIRE_CONFIGURATION), .configurations = phone_activating, .n_configurations = 1,
      .polling_unit = 1}},
    {"ap2009/two-profiles",
     {ANSWER(2009, ACQUIRE_CONFIGURATION), .configurations = phone_two, .n_configurations = 2}},
    {"ap2009/waiting",
     {ANSWER(2009, ACQUIRE_CONFIGURATION), .configurations = phone_waiting, .n_configurations = 1}},
    {"ap2009/nothing", {ANSWER(2009, ACQUIRE_CONFIGURATION)}},
    {"ap2009/token",
     {ANSWER(2009, ACQUIRE_TEMPORARY_TOKEN), .token = S("tmp6b1e"), .token_expiry = S("2026-03-01T10:15:30Z"),
      .token_targets = S("ManageSubscription,AcquireConfiguration")}},
    {"ap2009/error",
     {.operation = ECS_OP_CHECK_ELIGIBILITY,
      .app = ECS_APP_2009,
      .result = 100,
      .error_url = S("https://portal.example.net/why"),
      .error_data = S("c=7&lang=en"),
      .error_text = S("Please try again later.")}},
    {"ap2011/eligible", {ANSWER(2011, CHECK_ELIGIBILITY), .eligibility = 1}},
    {"ap2011/plans", {ANSWER(2011, ACQUIRE_PLAN), .plans = plans, .n_plans = 2}},
    {"ap2011/no-plans", {ANSWER(2011, ACQUIRE_PLAN)}},
    {"ap2011/nothing", {ANSWER(2011, ACQUIRE_CONFIGURATION)}},
    {"ap2011/activating",
     {ANSWER(2011, ACQUIRE_CONFIGURATION), .configurations = fleet, .n_configurations = 1,
      .polling_unit = 1}},
    {"ap2011/download", {ANSWER(2011, MANAGE_SUBSCRIPTION), .subscription = 2, .download = &fleet_code}},
};

static const struct ecs_odsa_conf conf;

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
static void render(const char *name, const struct odsa_answer *answer)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_doc *doc = ecs_doc_new(arena);
    struct ecs_buf buf = {0};
    json_t *json;

    assert_true(ecs_doc_vers(doc, 1, 86400));
    odsa_document(answer, &conf, doc, ecs_doc_app(doc, answer->app));
    if (ecs_doc_check(doc, (struct ecs_version){12, 0}, &buf) != ECS_OK)
        fail_msg("%s: %.*s", name, (int)buf.n, buf.p);
    assert_int_equal(ecs_doc_render(doc, ECS_FORMAT_XML, &buf), ECS_OK);
    compare(name, "xml", &buf);
    ecs_buf_reset(&buf);
    assert_int_equal(ecs_doc_render(doc, ECS_FORMAT_JSON, &buf), ECS_OK);
    compare(name, "json", &buf);
    assert_non_null(json = json_loadb(buf.p, buf.n, JSON_REJECT_DUPLICATES, NULL));
    json_decref(json);
    ecs_buf_done(&buf);
    ecs_arena_free(arena);
}

/* proves: O-001 O-020 O-021 O-027 O-028 O-029 O-031 O-039 O-044 O-046 O-047 O-069 O-070 OC-001 OC-002 OC-013
 * OC-014 OC-017 OP-001 OP-030 OP-031 OP-032 OP-036 OS-005 OS-010 OS-011 */
static void test_each_worked_example_has_its_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(cases); i++)
        render(cases[i].name, &cases[i].answer);
}

/* Whatever stands in the answer beside its result does not go out. */
static void test_no_answer_holds_what_its_result_does_not_allow(void **state)
{
    static const struct odsa_configuration off[] = {
        {.iccid = S("8934041234567890125"),
         .status = 3,
         .polling = 9,
         .download = &by_code,
         .device_info = &watch},
        {.iccid = S("8934041234567890141"), .status = 4, .polling = 9, .secondary = true}};

    (void)state;
    for (int app = 0; app < 3; app++)
        for (int operation = ECS_OP_CHECK_ELIGIBILITY; operation <= ECS_OP_ACQUIRE_TEMPORARY_TOKEN;
             operation++)
            for (int result = 1; result <= 8; result++) {
                struct ecs_arena *arena = ecs_arena_new(NULL, 0);
                struct ecs_doc *doc = ecs_doc_new(arena);
                struct ecs_buf fault = {0};
                static const enum ecs_app apps[] = {ECS_APP_2006, ECS_APP_2009, ECS_APP_2011};
                struct odsa_answer a = {
                    .operation = (enum ecs_operation)operation,
                    .app = apps[app],
                    .result = result == 6 ? 100 : 1,
                    .eligibility = result % 3,
                    .polling = 7,
                    .polling_unit = 1,
                    .services = S("SharedNumber"),
                    .page_url = S("https://p.example/x"),
                    .page_data = S("a=b"),
                    .page_type = S("json"),
                    .subscription = result,
                    .download = &by_code,
                    .message = &question,
                    .service_status = 1 + result % 4,
                    .configurations = operation == ECS_OP_ACQUIRE_CONFIGURATION ? off : NULL,
                    .n_configurations = operation == ECS_OP_ACQUIRE_CONFIGURATION ? 2 : 0};

                if (!ecs_operation_is_of(a.operation, a.app)) {
                    ecs_arena_free(arena);
                    continue;
                }
                if (apps[app] != ECS_APP_2009 && result == 8)
                    a.message = NULL, a.subscription = 5; /* only phones are asked */
                assert_true(ecs_doc_vers(doc, 1, 86400));
                odsa_document(&a, &conf, doc, ecs_doc_app(doc, a.app));
                if (ecs_doc_check(doc, (struct ecs_version){12, 0}, &fault) != ECS_OK)
                    fail_msg("app %d, operation %d, result %d: %.*s", app, operation, result, (int)fault.n,
                             fault.p);
                ecs_buf_done(&fault);
                ecs_arena_free(arena);
            }
}

static void test_the_checks_of_documents_find_forbidden_members(void **state)
{
    static const struct {
        enum ecs_app app;
        const char *name, *value, *fault;
    } rows[] = {
        {ECS_APP_2006, "SubscriptionResult", "2", "DownloadInfo and result 2"},
        {ECS_APP_2006, "SubscriptionResult", "1", "SubscriptionServiceURL and result 1"},
        {ECS_APP_2009, "SubscriptionResult", "8", "MSG and result 8"},
        {ECS_APP_2009, "SubscriptionResult", "9", "SubscriptionResult has a value"},
        {ECS_APP_2006, "CompanionAppEligibility", "1", "are not together"},
        {ECS_APP_2006, "PrimaryAppEligibility", "1", "is not known here"},
        {ECS_APP_2009, "PollingInterval", "5", "PollingInterval with another eligibility"},
        {ECS_APP_2009, "TemporaryToken", "x", "not all members of a temporary token"},
        {ECS_APP_2009, "ServiceStatus", "5", "ServiceStatus has a value"},
        {ECS_APP_2011, "EnterpriseAppEligbility", "1", "is not known here"},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_arena *arena = ecs_arena_new(NULL, 0);
        struct ecs_doc *doc = ecs_doc_new(arena);
        struct ecs_doc_node *node = ecs_doc_app(doc, rows[i].app);
        struct ecs_buf fault = {0};

        assert_true(ecs_doc_vers(doc, 1, 86400));
        ecs_doc_int(doc, node, "OperationResult", 1);
        ecs_doc_str(doc, node, rows[i].name, ecs_str_of(rows[i].value));
        assert_int_equal(ecs_doc_check(doc, (struct ecs_version){12, 0}, &fault), ECS_E_INTERNAL);
        ecs_buf_add_char(&fault, '\0');
        if (!strstr(fault.p, rows[i].fault))
            fail_msg("%s: %s", rows[i].name, fault.p);
        ecs_buf_done(&fault);
        ecs_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_worked_example_has_its_form),
        cmocka_unit_test(test_no_answer_holds_what_its_result_does_not_allow),
        cmocka_unit_test(test_the_checks_of_documents_find_forbidden_members),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
