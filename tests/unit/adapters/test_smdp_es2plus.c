/* SPDX-License-Identifier: Apache-2.0 */
/* ES2+ against an HTTP double: what is asked, how answers are read, what is done when they do not come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "smdp_rig.h"

#include "smdp_double.h"

#define DONE "'header':{'functionExecutionStatus':{'status':'Executed-Success'}}"
#define HEADERS                                                                                              \
    "'headers':{'Content-Type':'application/json;charset=UTF-8','X-Admin-Protocol':'gsma/rsp/v2.4.0'}"
#define RULE(json) "[{" HEADERS ",'json':{" json "}}]"
#define FAILED(subject, reason)                                                                              \
    "'header':{'functionExecutionStatus':{'status':'Failed','statusCodeData':{'subjectCode':'" subject       \
    "','reasonCode':'" reason "','subjectIdentifier':'" ICCID "','message':'about " ICCID "'}}}"

static struct smdp_rig x;
static struct smdp_asked a;

static int set_up(void **state)
{
    (void)state;
    double_start(&smdp_double, NULL);
    snprintf(smdp_url, sizeof(smdp_url), "http://localhost:%u/", smdp_double.port);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    double_stop(&smdp_double);
    return 0;
}

static int begin(void **state)
{
    (void)state;
    memset(&x, 0, sizeof(x));
    memset(&a, 0, sizeof(a));
    x.conf[0] = smdp_es2_conf(smdp_url);
    smdp_open(&x);
    a.order = (struct ecs_smdp_order){
        .call_id = ECS_STR("ecs-7f3a-1"), .profile_type = ECS_STR("watch"), .eid = ECS_STR(EID)};
    a.confirm = (struct ecs_smdp_confirm){.call_id = ECS_STR("ecs-7f3a-2"),
                                          .iccid = ECS_STR(ICCID),
                                          .eid = ECS_STR(EID),
                                          .matching_id = ECS_STR("ECS-4K7Q-20A1"),
                                          .release = true};
    a.cancel =
        (struct ecs_smdp_cancel){.call_id = ECS_STR("ecs-7f3a-3"), .iccid = ECS_STR(ICCID), .reusable = true};
    a.release = (struct ecs_smdp_release){.call_id = ECS_STR("ecs-7f3a-4"), .iccid = ECS_STR(ICCID)};
    return 0;
}

static int end(void **state)
{
    (void)state;
    smdp_free(&a);
    smdp_close(&x);
    return 0;
}

static void test_an_order_names_profile_type_and_eid_and_learns_the_iccid(void **state)
{
    json_t *log, *body;
    const json_t *request;

    (void)state;
    smdp_rules(&x, RULE(DONE ",'iccid':'" ICCID "F','more':[1]"));
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    assert_status(&a, ECS_SMDP_OK);
    assert_false(a.result.warning);
    assert_null(a.result.why);
    assert_text(a.result.iccid, ICCID);
    assert_text(a.result.address, "smdp.example.com");
    log = smdp_log(&x);
    assert_int_equal(json_array_size(log), 1);
    request = json_array_get(log, 0);
    assert_string_equal(smdp_at(request, "method"), "POST");
    assert_string_equal(smdp_at(request, "path"), PATH "downloadOrder");
    assert_string_equal(smdp_at(request, "headers.content-type"), "application/json");
    assert_string_equal(smdp_at(request, "headers.x-admin-protocol"), "gsma/rsp/v2.5.0");
    body = smdp_body(log, 0);
    assert_string_equal(smdp_at(body, "header.functionRequesterIdentifier"), "1.3.6.1.4.1.99999.1");
    assert_string_equal(smdp_at(body, "header.functionCallIdentifier"), "ecs-7f3a-1");
    assert_string_equal(smdp_at(body, "profileType"), "watch");
    assert_string_equal(smdp_at(body, "eid"), EID);
    assert_int_equal(json_object_size(body), 3); /* nothing that is absent is sent as null */
    assert_int_equal(x.counted[ECS_SMDP_FN_ORDER][ECS_SMDP_OK], 1);
    json_decref(body);
    json_decref(log);
}

static void test_an_iccid_of_19_digits_is_padded_where_the_server_wants_it(void **state)
{
    json_t *log, *body;

    (void)state;
    smdp_rules(&x, RULE(DONE ",'iccid':'" ICCID "f'"));
    a.order.iccid = ECS_STR(ICCID "F");
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    assert_status(&a, ECS_SMDP_OK);
    x.conf[0].pad_iccid = true;
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    assert_text(a.result.iccid, ICCID);
    log = smdp_log(&x);
    body = smdp_body(log, 0);
    assert_string_equal(smdp_at(body, "iccid"), ICCID);
    json_decref(body);
    body = smdp_body(log, 1);
    assert_string_equal(smdp_at(body, "iccid"), ICCID "F");
    json_decref(body);
    json_decref(log);
}

static void test_a_confirmation_sends_what_is_set_and_follows_the_named_address(void **state)
{
    json_t *log, *body;

    (void)state;
    x.conf[0].smds = "smds.example.net";
    a.confirm.confirmation_code = ECS_STR("1234");
    smdp_rules(&x,
               RULE(DONE ",'eid':'" EID "','matchingId':'ECS-4K7Q-20A1','smdpAddress':'two.example.com'"));
    smdp_run(&x, &a, ECS_SMDP_FN_CONFIRM);
    assert_status(&a, ECS_SMDP_OK);
    assert_false(a.result.warning);
    assert_text(a.result.matching_id, "ECS-4K7Q-20A1");
    assert_text(a.result.address, "two.example.com");
    assert_text(a.result.eid, EID);
    log = smdp_log(&x);
    body = smdp_body(log, 0);
    assert_string_equal(smdp_at(body, "iccid"), ICCID);
    assert_string_equal(smdp_at(body, "matchingId"), "ECS-4K7Q-20A1");
    assert_string_equal(smdp_at(body, "smdsAddress"), "smds.example.net");
    assert_string_equal(smdp_at(body, "confirmationCode"), "1234");
    assert_true(json_is_true(json_object_get(body, "releaseFlag")));
    json_decref(body);
    json_decref(log);
    x.conf[0].confirm_address = false;
    smdp_run(&x, &a, ECS_SMDP_FN_CONFIRM);
    assert_text(a.result.address, "smdp.example.com");
}

/* proves: OP-013 */
static void test_the_default_smdp_case_has_an_empty_matching_id_and_the_eid(void **state)
{
    json_t *log, *body;

    (void)state;
    smdp_rules(&x, RULE(DONE ",'eid':'" EID "','matchingId':''"));
    a.confirm.matching_id = ECS_STR("");
    a.confirm.release = false;
    smdp_run(&x, &a, ECS_SMDP_FN_CONFIRM);
    assert_status(&a, ECS_SMDP_OK);
    assert_non_null(a.result.matching_id.p);
    assert_int_equal(a.result.matching_id.n, 0);
    log = smdp_log(&x);
    body = smdp_body(log, 0);
    assert_string_equal(smdp_at(body, "matchingId"), "");
    assert_string_equal(smdp_at(body, "eid"), EID);
    assert_true(json_is_false(json_object_get(body, "releaseFlag")));
    json_decref(body);
    json_decref(log);
    a.confirm.eid = ECS_STR_NULL;
    smdp_run(&x, &a, ECS_SMDP_FN_CONFIRM);
    assert_status(&a, ECS_SMDP_REFUSED);
}

static void test_a_matching_id_made_by_the_server_is_taken_if_a_code_can_hold_it(void **state)
{
    (void)state;
    a.confirm.matching_id = ECS_STR_NULL;
    smdp_rules(&x, RULE(DONE ",'matchingId':'MADE-BY-THEM'"));
    smdp_run(&x, &a, ECS_SMDP_FN_CONFIRM);
    assert_status(&a, ECS_SMDP_OK);
    assert_text(a.result.matching_id, "MADE-BY-THEM");
    smdp_rules(&x, RULE(DONE ",'matchingId':'A$B'"));
    smdp_run(&x, &a, ECS_SMDP_FN_CONFIRM);
    assert_status(&a, ECS_SMDP_DENIED);
    assert_null(a.result.matching_id.p);
    smdp_rules(&x, RULE(DONE));
    smdp_run(&x, &a, ECS_SMDP_FN_CONFIRM);
    assert_status(&a, ECS_SMDP_DENIED);
}

static void test_cancel_and_release_say_what_becomes_of_the_profile(void **state)
{
    json_t *log, *body;

    (void)state;
    a.cancel.eid = ECS_STR(EID);
    a.cancel.matching_id = ECS_STR("ECS-1");
    smdp_rules(&x, RULE(DONE));
    smdp_run(&x, &a, ECS_SMDP_FN_CANCEL);
    assert_status(&a, ECS_SMDP_OK);
    a.cancel.reusable = false;
    a.cancel.eid = a.cancel.matching_id = ECS_STR_NULL;
    smdp_run(&x, &a, ECS_SMDP_FN_CANCEL);
    smdp_run(&x, &a, ECS_SMDP_FN_RELEASE);
    assert_status(&a, ECS_SMDP_OK);
    log = smdp_log(&x);
    body = smdp_body(log, 0);
    assert_string_equal(smdp_at(json_array_get(log, 0), "path"), PATH "cancelOrder");
    assert_string_equal(smdp_at(body, "finalProfileStatusIndicator"), "Available");
    assert_string_equal(smdp_at(body, "eid"), EID);
    assert_string_equal(smdp_at(body, "matchingId"), "ECS-1");
    json_decref(body);
    body = smdp_body(log, 1);
    assert_string_equal(smdp_at(body, "finalProfileStatusIndicator"), "Unavailable");
    assert_int_equal(json_object_size(body), 3);
    json_decref(body);
    body = smdp_body(log, 2);
    assert_string_equal(smdp_at(json_array_get(log, 2), "path"), PATH "releaseProfile");
    assert_int_equal(json_object_size(body), 2);
    json_decref(body);
    json_decref(log);
}

static void test_the_state_of_a_profile_is_read_from_the_list(void **state)
{
    (void)state;
    a.order.iccid = ECS_STR(ICCID);
    smdp_rules(&x,
               RULE(DONE ",'profileStatusList':[{'iccid':'8949000000000000999','state':'Released'},7,"
                         "{'iccid':'" ICCID "F','eid':'" EID "','state':'Installed','acToken':'ECS-9'}]"));
    smdp_run(&x, &a, ECS_SMDP_FN_STATE);
    assert_status(&a, ECS_SMDP_OK);
    assert_text(a.result.state, "Installed");
    assert_text(a.result.matching_id, "ECS-9");
    smdp_rules(&x, RULE(DONE ",'profileStatusList':[]"));
    smdp_run(&x, &a, ECS_SMDP_FN_STATE);
    assert_status(&a, ECS_SMDP_REFUSED);
    smdp_rules(&x, "[{'status':404}]");
    smdp_run(&x, &a, ECS_SMDP_FN_STATE);
    assert_status(&a, ECS_SMDP_REFUSED);
}

static void test_success_with_small_faults_is_a_success_with_a_warning(void **state)
{
    static const char *const rules[] = {
        "[{'json':{" DONE ",'iccid':'" ICCID "'}}]", /* no X-Admin-Protocol */
        "[{'headers':{'X-Admin-Protocol':'other/v1','Content-Type':'application/json'},'json':{" DONE
        ",'iccid':'" ICCID "'}}]",
        "[{'headers':{'X-Admin-Protocol':'gsma/rsp/v2.5.0','Content-Type':'text/plain'},'json':{" DONE
        ",'iccid':'" ICCID "'}}]",
        RULE("'header':{'functionExecutionStatus':{'status':'Executed-WithWarning','statusCodeData':"
             "{'subjectCode':'8.9','reasonCode':'5.1'}}},'iccid':'" ICCID "'"),
        RULE(DONE), /* the ICCID is ours */
    };

    (void)state;
    a.order.iccid = ECS_STR(ICCID);
    for (size_t i = 0; i < ECS_ARRAY_LEN(rules); i++) {
        smdp_rules(&x, rules[i]);
        smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
        assert_status(&a, ECS_SMDP_OK);
        if (!a.result.warning || !a.result.why)
            fail_msg("no warning with %s", rules[i]);
        assert_text(a.result.iccid, ICCID);
    }
    smdp_rules(&x, "[{'status':204}]");
    smdp_run(&x, &a, ECS_SMDP_FN_RELEASE);
    assert_status(&a, ECS_SMDP_OK);
    assert_true(a.result.warning);
}

static void test_refusals_are_judged_by_their_codes_and_tell_nothing_else(void **state)
{
    static const struct {
        const char *rule;
        enum ecs_smdp_status status;
    } rows[] = {
        {RULE(FAILED("8.2.5", "3.7")), ECS_SMDP_NO_STOCK},
        {RULE(FAILED("8.2.5", "3.9")), ECS_SMDP_REFUSED},
        {RULE(FAILED("8.1.1", "3.10")), ECS_SMDP_TAKEN},
        {RULE(FAILED("8.9", "5.1")), ECS_SMDP_AGAIN},
        {RULE(FAILED("1.2", "4.4")), ECS_SMDP_AGAIN},
        {RULE(FAILED("8.99", "4.77")), ECS_SMDP_AGAIN},
        {RULE(FAILED("1.6", "2.2")), ECS_SMDP_DENIED},
        {"[{'status':400,'json':{" FAILED("8.2.5", "3.7") "}}]", ECS_SMDP_NO_STOCK},
        {RULE("'header':{'functionExecutionStatus':{'status':'Failed'}}"), ECS_SMDP_REFUSED},
        {RULE("'header':{'functionExecutionStatus':{'status':'Expired'}}"), ECS_SMDP_AGAIN},
        {RULE("'header':{'functionExecutionStatus':{'status':'Strange'}},'iccid':'" ICCID "'"),
         ECS_SMDP_AGAIN},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        smdp_rules(&x, rows[i].rule);
        smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
        assert_status(&a, rows[i].status);
        assert_null(a.result.iccid.p);
        if (strstr(a.result.why, ICCID) || strstr(a.result.why, "about"))
            fail_msg("%s", a.result.why);
    }
    smdp_rules(&x, RULE(FAILED("8.2.5", "3.7")));
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    assert_text(a.result.subject, "8.2.5");
    assert_text(a.result.reason, "3.7");
}

/* proves: OP-022 OP-029 */
static void test_an_installed_profile_is_in_use_unless_the_call_was_made_before(void **state)
{
    (void)state;
    a.order.iccid = ECS_STR(ICCID);
    smdp_rules(&x, RULE(FAILED("8.2.1", "3.3")));
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    assert_status(&a, ECS_SMDP_IN_USE);
    a.order.repeated = true;
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    assert_status(&a, ECS_SMDP_OK);
    assert_true(a.result.warning);
    assert_text(a.result.iccid, ICCID);
}

static void test_a_repeated_confirmation_that_is_done_already_is_a_success(void **state)
{
    (void)state;
    smdp_rules(&x, RULE(FAILED("8.2.6", "3.8")));
    smdp_run(&x, &a, ECS_SMDP_FN_CONFIRM);
    assert_status(&a, ECS_SMDP_TAKEN);
    a.confirm.repeated = true;
    smdp_run(&x, &a, ECS_SMDP_FN_CONFIRM);
    assert_status(&a, ECS_SMDP_OK);
    assert_text(a.result.matching_id, "ECS-4K7Q-20A1");
    assert_text(a.result.address, "smdp.example.com");
    a.confirm.matching_id = ECS_STR_NULL; /* what it made is lost */
    smdp_run(&x, &a, ECS_SMDP_FN_CONFIRM);
    assert_status(&a, ECS_SMDP_TAKEN);
}

static void test_http_statuses_say_whether_a_later_try_helps(void **state)
{
    static const struct {
        const char *rule;
        enum ecs_smdp_status status;
        uint32_t retry_after_s;
    } rows[] = {
        {"[{'status':503,'headers':{'Retry-After':'7'}}]", ECS_SMDP_AGAIN, 7},
        {"[{'status':500,'json':{" DONE ",'iccid':'" ICCID "'}}]", ECS_SMDP_AGAIN, 0},
        {"[{'status':429,'headers':{'Retry-After':'999999'}}]", ECS_SMDP_AGAIN, 86400},
        {"[{'status':400}]", ECS_SMDP_DENIED, 0},
        {"[{'status':404}]", ECS_SMDP_DENIED, 0},
        {"[{'status':302,'headers':{'Location':'http://localhost:1/'}}]", ECS_SMDP_DENIED, 0},
        {"[{'status':200,'body':'<html>'}]", ECS_SMDP_AGAIN, 0},
        {"[{'status':200,'body':''}]", ECS_SMDP_AGAIN, 0},
        {"[{'status':200,'json':{'iccid':'" ICCID "'}}]", ECS_SMDP_AGAIN, 0},
        {RULE(DONE), ECS_SMDP_DENIED, 0}, /* an order by type without ICCID */
        {RULE(DONE ",'iccid':'12'"), ECS_SMDP_DENIED, 0},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        smdp_rules(&x, rows[i].rule);
        smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
        if (a.result.status != rows[i].status)
            fail_msg("%s: %s", rows[i].rule, a.result.why);
        assert_int_equal(a.result.retry_after_s, rows[i].retry_after_s);
    }
}

static void test_who_refuses_our_credentials_is_left_alone_for_a_while(void **state)
{
    json_t *log;

    (void)state;
    smdp_rules(&x, RULE(FAILED("1.1", "1.2")));
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    assert_status(&a, ECS_SMDP_DENIED);
    smdp_run(&x, &a, ECS_SMDP_FN_CONFIRM);
    assert_status(&a, ECS_SMDP_DENIED);
    log = smdp_log(&x);
    assert_int_equal(json_array_size(log), 1);
    json_decref(log);
}

static void test_a_lost_answer_is_asked_for_once_more_with_the_same_bytes(void **state)
{
    json_t *log, *first, *second;

    (void)state;
    a.order.iccid = ECS_STR(ICCID);
    smdp_rules(&x, "[{'mode':'cut','times':1,'json':{" DONE "}},{" HEADERS
                   ",'json':{" FAILED("8.2.1", "3.3") "}}]");
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    assert_status(&a, ECS_SMDP_OK); /* the first one was carried out */
    assert_true(a.result.warning);
    log = smdp_log(&x);
    assert_int_equal(json_array_size(log), 2);
    first = smdp_body(log, 0);
    second = smdp_body(log, 1);
    assert_true(json_equal(first, second));
    json_decref(first);
    json_decref(second);
    json_decref(log);
    smdp_rules(&x, "[{'mode':'cut','json':{" DONE "}}]");
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    assert_status(&a, ECS_SMDP_AGAIN);
    log = smdp_log(&x);
    assert_int_equal(json_array_size(log), 2); /* once, not for ever */
    json_decref(log);
}

static void test_silence_is_again_and_is_not_repeated_at_once(void **state)
{
    int64_t begun = ecs_clock_mono_us();
    json_t *log;

    (void)state;
    x.conf[0].total_ms = 700;
    smdp_rules(&x, "[{'mode':'hang'}]");
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    assert_status(&a, ECS_SMDP_AGAIN);
    assert_true(ecs_clock_mono_us() - begun < 4000000);
    log = smdp_log(&x);
    assert_int_equal(json_array_size(log), 1);
    json_decref(log);
}

static void test_a_server_that_cannot_be_reached_is_again(void **state)
{
    struct smdp_rig away = {.conf = {smdp_es2_conf("http://127.0.0.1:1")}};

    (void)state;
    smdp_open(&away);
    smdp_run(&away, &a, ECS_SMDP_FN_ORDER);
    assert_status(&a, ECS_SMDP_AGAIN);
    assert_int_equal(atomic_load(&away.stats.calls), 2);
    assert_int_equal(away.counted[ECS_SMDP_FN_ORDER][ECS_SMDP_AGAIN], 1);
    smdp_close(&away);
}

static void test_calls_with_wrong_words_are_not_made(void **state)
{
    static const char *const eids[] = {"8900101201234123401234567890122", "89001012012341234012345678901225",
                                       "890010120123412340123456789012241",
                                       "8900101201234123401234567890122x"};
    json_t *log;

    (void)state;
    smdp_rules(&x, RULE(DONE));
    for (size_t i = 0; i < ECS_ARRAY_LEN(eids); i++) {
        a.order.eid = ecs_str_of(eids[i]);
        smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
        assert_status(&a, ECS_SMDP_REFUSED);
    }
    a.order.eid = ECS_STR("");
    a.order.profile_type = ECS_STR("");
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    assert_status(&a, ECS_SMDP_REFUSED);
    a.order.iccid = ECS_STR("8949x");
    smdp_run(&x, &a, ECS_SMDP_FN_ORDER);
    assert_status(&a, ECS_SMDP_REFUSED);
    a.release.call_id = ECS_STR("a b");
    smdp_run(&x, &a, ECS_SMDP_FN_RELEASE);
    assert_status(&a, ECS_SMDP_REFUSED);
    a.confirm.matching_id = ECS_STR("A$B");
    smdp_run(&x, &a, ECS_SMDP_FN_CONFIRM);
    assert_status(&a, ECS_SMDP_REFUSED);
    a.cancel.iccid = ECS_STR_NULL;
    smdp_run(&x, &a, ECS_SMDP_FN_CANCEL);
    assert_status(&a, ECS_SMDP_REFUSED);
    log = smdp_log(&x);
    assert_int_equal(json_array_size(log), 0);
    json_decref(log);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_an_order_names_profile_type_and_eid_and_learns_the_iccid),
        CASE(test_an_iccid_of_19_digits_is_padded_where_the_server_wants_it),
        CASE(test_a_confirmation_sends_what_is_set_and_follows_the_named_address),
        CASE(test_the_default_smdp_case_has_an_empty_matching_id_and_the_eid),
        CASE(test_a_matching_id_made_by_the_server_is_taken_if_a_code_can_hold_it),
        CASE(test_cancel_and_release_say_what_becomes_of_the_profile),
        CASE(test_the_state_of_a_profile_is_read_from_the_list),
        CASE(test_success_with_small_faults_is_a_success_with_a_warning),
        CASE(test_refusals_are_judged_by_their_codes_and_tell_nothing_else),
        CASE(test_an_installed_profile_is_in_use_unless_the_call_was_made_before),
        CASE(test_a_repeated_confirmation_that_is_done_already_is_a_success),
        CASE(test_http_statuses_say_whether_a_later_try_helps),
        CASE(test_who_refuses_our_credentials_is_left_alone_for_a_while),
        CASE(test_a_lost_answer_is_asked_for_once_more_with_the_same_bytes),
        CASE(test_silence_is_again_and_is_not_repeated_at_once),
        CASE(test_a_server_that_cannot_be_reached_is_again),
        CASE(test_calls_with_wrong_words_are_not_made),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
