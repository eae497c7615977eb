/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of all applications and operations against the matrix of Table 27: what has to be there, what
 * values may be, which identities are meant. */
#include "op_ask.h"

#define ID      "&companion_terminal_id=" WATCH
#define ICCID   "&companion_terminal_iccid=8934041234567890125"
#define SERVICE "&companion_terminal_service=SharedNumber"
#define OLD     "&old_companion_terminal_iccid=8934041234567890125"

struct row {
    const char *app, *operation, *tail;
    int result;       /* OperationResult of reading; 0: HTTP 400 */
    const char *note; /* of what is missing but not insisted on; NULL: nothing */
};

static const struct row rows[] = {
    /* operation and operation_type */
    {"ap2006", "", "", 0, "operation is missing"},
    {"ap2009", "CheckEligibility", "", 1, NULL},
    {"ap2009", "checkELIGIBILITY", "", 1, NULL},
    {"ap2006", "Foo", "", 101, NULL},
    {"ap2006", "GetPhoneNumber", "", 101, NULL},
    {"ap2011", "ManageService", "&operation_type=10", 101, NULL},
    {"ap2006", "ManageSubscription", ID, 102, "operation_type is missing"},
    {"ap2006", "ManageSubscription", ID "&operation_type=8", 102, "operation_type is none of the operation"},
    {"ap2006", "ManageSubscription", ID "&operation_type=9", 102, NULL},
    {"ap2006", "ManageSubscription", ID "&operation_type=10", 102, NULL},
    {"ap2006", "ManageSubscription", ID "&operation_type=-1", 102, NULL},
    {"ap2006", "ManageSubscription", ID "&operation_type=x", 102, NULL},
    {"ap2006", "ManageService", ID ICCID SERVICE "&operation_type=0", 102, NULL},
    {"ap2006", "ManageService", ID ICCID SERVICE "&operation_type=12", 102, NULL},
    {"ap2006", "ManageService", ID ICCID SERVICE, 102, "operation_type is missing"},
    {"ap2006", "ManageService", ID ICCID SERVICE "&operation_type=10", 1, NULL},
    {"ap2006", "ManageService", ID ICCID SERVICE "&operation_type=11", 1, NULL},
    /* companions */
    {"ap2006", "CheckEligibility", "", 1, NULL},
    {"ap2006", "AcquireConfiguration", "", 1, NULL},
    {"ap2006", "ManageSubscription", "&operation_type=0", 102, "companion_terminal_id is missing"},
    {"ap2006", "ManageSubscription", ID "&operation_type=0", 1, "companion_terminal_eid is missing"},
    {"ap2006", "ManageSubscription", SUBSCRIBE_WATCH, 1, NULL},
    {"ap2006", "ManageSubscription", ID "&operation_type=5", 102, "companion_terminal_iccid is missing"},
    {"ap2006", "ManageSubscription", ID "&operation_type=6", 102, NULL},
    {"ap2006", "ManageSubscription", ID ICCID "&operation_type=6", 1, "companion_terminal_eid is missing"},
    {"ap2006", "ManageService", ID ICCID "&operation_type=10", 102, "companion_terminal_service is missing"},
    {"ap2006", "ManageService", ID SERVICE "&operation_type=10", 102, "companion_terminal_iccid is missing"},
    {"ap2006", "ManageService", ID ICCID "&companion_terminal_service=Foo&operation_type=10", 102, NULL},
    {"ap2006", "ManageService", ID ICCID "&companion_terminal_service=sharednumber&operation_type=10", 1,
     NULL},
    /* primary devices */
    {"ap2009", "ManageSubscription", "&operation_type=0", 1, NULL},
    {"ap2009", "ManageSubscription", "&operation_type=4", 1, "terminal_iccid is missing"},
    {"ap2009", "ManageSubscription", "&operation_type=5", 102, "terminal_iccid is missing"},
    {"ap2009", "ManageSubscription", "&operation_type=7", 102, "terminal_iccid is missing"},
    {"ap2009", "ManageSubscription", "&operation_type=7&terminal_iccid=" LINE_ICCID, 1, NULL},
    {"ap2009", "ManageSubscription",
     "&operation_type=4&target_terminal_id=352099001761481"
     "&target_terminal_iccid=" LINE_ICCID,
     1, NULL},
    {"ap2009", "ManageSubscription", "&operation_type=3&redownloadable_profile=2", 102, NULL},
    {"ap2009", "ManageSubscription", "&operation_type=0&MSG_btn=2", 102, "MSG_btn is neither 0 nor 1"},
    {"ap2009", "AcquireTemporaryToken", "", 102, "operation_targets names no operation"},
    {"ap2009", "AcquireTemporaryToken", "&operation_targets=Foo,Bar", 102, NULL},
    {"ap2009", "AcquireTemporaryToken", "&operation_targets=Foo%2C%20ManageSubscription", 1, NULL},
    /* identities */
    {"ap2009", "ManageSubscription", "&operation_type=0&terminal_eid=8903302342610000000000123456789", 102,
     NULL},
    {"ap2009", "ManageSubscription", "&operation_type=0&terminal_eid=89033023426100000000001234567893", 102,
     NULL},
    {"ap2009", "ManageSubscription", "&operation_type=0&terminal_eid=" WATCH_EID, 1, NULL},
    {"ap2009", "ManageSubscription", "&operation_type=0&target_terminal_id=35209900176148", 102, NULL},
    {"ap2009", "ManageSubscription", "&operation_type=0&target_terminal_id=3520990017614812", 102, NULL},
    {"ap2009", "ManageSubscription", "&operation_type=0&target_terminal_id=352099001761481", 1, NULL},
    {"ap2006", "ManageSubscription", "&companion_terminal_id=12345&operation_type=1", 102, NULL},
    {"ap2006", "CheckEligibility", "&companion_terminal_id=6f0c2c1e-6a36-4f7a-9f2b-3d6c0a4a51aa", 1, NULL},
    {"ap2009", "AcquireConfiguration", "&terminal_iccid=893404123456789", 102, NULL},
    {"ap2009", "AcquireConfiguration", "&terminal_iccid=8934041234567890125F", 1, NULL},
    {"ap2009", "AcquireConfiguration", "&terminal_iccid=89340412345678901251234", 102, NULL},
    {"ap2006", "ManageSubscription", ID OLD "&operation_type=3&old_companion_terminal_id=%20x%22", 102, NULL},
    /* what others send besides is no fault */
    {"ap2009", "CheckEligibility", "&target_terminal_sn=x&target_terminal_imeis=1&foo=bar", 1, NULL},
    {"ap2009", "CheckEligibility", "&MSG_character_display_limits=0,a", 1, NULL},
    /* servers */
    {"ap2011", "AcquirePlan", "&requestor_id=r1&terminal_id=0", 1, NULL},
    {"ap2011", "AcquireConfiguration", "&requestor_id=r1&terminal_id=0", 1, NULL},
    {"ap2011", "ManageSubscription", "&requestor_id=r1&operation_type=0", 102,
     "enterprise_terminal_id is missing"},
    {"ap2011", "ManageSubscription",
     "&requestor_id=r1&operation_type=0&plan_id=P1&enterprise_terminal_id=" WATCH, 1,
     "enterprise_terminal_eid is missing"},
};

static struct odsa_request *read_request(const char *app, const char *operation, const char *tail,
                                         enum ecs_rc *ret_rc, int *ret_result, const char **ret_why)
{
    struct odsa_request *q = ecs_alloc(rig.arena, sizeof(*q));

    (void)ask(app, operation, tail); /* leaves the request, and exercises everything behind it */
    rig.auth.enterprise = strcmp(app, "ap2011") == 0 ? ECS_STR("ENT-4471") : ECS_STR_NULL;
    *ret_rc = odsa_request_read(&rig.odsa, q, ret_result, ret_why);
    return q;
}

/* proves: O-004 O-005 O-009 O-010 O-011 O-050 O-059 O-063 OC-005 OC-010 OC-011 */
static void test_each_request_is_judged_by_the_matrix(void **state)
{
    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        const char *why = NULL;
        enum ecs_rc rc;
        int result = 0;

        (void)read_request(row->app, row->operation, row->tail, &rc, &result, &why);
        if ((row->result ? rc != ECS_OK || result != row->result : rc != ECS_E_BAD_PARAMETER) ||
            (row->note && (!why || strcmp(why, row->note) != 0)) || (row->result == 1 && !row->note && why))
            fail_msg("%s %s%s: rc %d, result %d, why \"%s\"", row->app, row->operation, row->tail, rc, result,
                     why ? why : "");
    }
}

/* proves: OC-008 */
static void test_strict_reading_insists_on_all_of_them(void **state)
{
    static const struct row strict[] = {
        {"ap2006", "ManageSubscription", ID "&operation_type=0", 102, "companion_terminal_eid is missing"},
        {"ap2006", "ManageSubscription", ID "&companion_terminal_eid=" WATCH_EID "&operation_type=0", 102,
         "companion_terminal_vendor is missing"},
        {"ap2006", "ManageSubscription",
         ID "&companion_terminal_eid=" WATCH_EID "&companion_terminal_vendor=A&operation_type=0", 102,
         "companion_terminal_friendly_name is missing"},
        {"ap2006", "ManageSubscription", SUBSCRIBE_WATCH, 1, NULL},
        {"ap2009", "ManageSubscription", "&operation_type=4", 102, "terminal_iccid is missing"},
    };

    (void)state;
    rig.conf.strict = true;
    for (size_t i = 0; i < ECS_ARRAY_LEN(strict); i++) {
        const char *why = NULL;
        enum ecs_rc rc;
        int result = 0;

        (void)read_request(strict[i].app, strict[i].operation, strict[i].tail, &rc, &result, &why);
        assert_int_equal(result, strict[i].result);
        if (strict[i].note)
            assert_string_equal(why, strict[i].note);
        else
            assert_null(why);
    }
}

static void assert_str(struct ecs_str text, const char *wanted)
{
    assert_int_equal(text.n, strlen(wanted));
    assert_memory_equal(text.p, wanted, text.n);
}

/* proves: OP-003 */
static void test_target_names_the_device_else_terminal(void **state)
{
    struct odsa_request *q;
    const char *why;
    enum ecs_rc rc;
    int result;

    (void)state;
    q = read_request("ap2009", "ManageSubscription",
                     "&operation_type=0&terminal_eid=" WATCH_EID "&terminal_iccid=8934041234567890125", &rc,
                     &result, &why);
    assert_str(q->target_id, PHONE);
    assert_str(q->target_tac, "49015420");
    assert_str(q->eid, WATCH_EID);
    assert_str(q->iccid, "8934041234567890125");
    assert_false(q->other_target || q->names_target);
    q = read_request("ap2009", "ManageSubscription",
                     "&operation_type=3&terminal_eid=" WATCH_EID "&target_terminal_id=" NEW_PHONE
                     "&target_terminal_eid=" NEW_EID "&old_terminal_id=" PHONE,
                     &rc, &result, &why);
    assert_str(q->target_id, NEW_PHONE);
    assert_str(q->eid, NEW_EID);
    assert_int_equal(q->iccid.n, 0);
    assert_true(q->other_target && q->names_target && odsa_old_asks(q));
    /* The EID of the asking phone is not that of another one. */
    q = read_request("ap2009", "ManageSubscription",
                     "&operation_type=0&terminal_eid=" WATCH_EID "&target_terminal_id=" NEW_PHONE, &rc,
                     &result, &why);
    assert_int_equal(q->eid.n, 0);
    q = read_request("ap2009", "ManageSubscription",
                     "&operation_type=0&terminal_eid=" WATCH_EID "&target_terminal_id=" PHONE, &rc, &result,
                     &why);
    assert_str(q->eid, WATCH_EID);
    assert_false(q->other_target);
}

static void test_iccids_are_brought_into_one_form(void **state)
{
    static const char *const forms[] = {"8934041234567890125", "8934041234567890125F",
                                        "98430421436587092115F5", "984304214365870921F5"};
    const char *why;
    enum ecs_rc rc;
    int result;

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(forms); i++) {
        char tail[80];
        struct odsa_request *q;

        snprintf(tail, sizeof(tail), "&terminal_iccid=%s", forms[i]);
        q = read_request("ap2009", "AcquireConfiguration", tail, &rc, &result, &why);
        if (i == 2) {
            assert_int_equal(result, ECS_RESULT_INVALID_PARAMETER); /* 22 characters */
            continue;
        }
        if (i == 3)
            assert_str(q->iccid, "8934401234567890125"); /* halves of each byte change places */
        else
            assert_str(q->iccid, "8934041234567890125");
    }
}

/* proves: O-050 */
static void test_limits_are_six_numbers_or_nothing(void **state)
{
    static const struct {
        const char *text;
        int first, last;
    } limits[] = {
        {"40,200,12,12,-1,-1", 40, -1}, {"1,2,3,4,5,6", 1, 6},     {" 1 , 2,3,4,5, 6 ", 1, 6},
        {"1,2,3,4,5", -1, -1},          {"1,2,3,4,5,6,7", -1, -1}, {"0,2,3,4,5,6", -1, -1},
        {"1,2,3,4,5,-2", -1, -1},       {"a,2,3,4,5,6", -1, -1},   {"1,2,3,4,5,99999999999", -1, -1},
    };
    const char *why;
    enum ecs_rc rc;
    int result;

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(limits); i++) {
        struct odsa_request *q;
        char *tail = ecs_printf(rig.arena, "&MSG_character_display_limits=%s", limits[i].text);

        for (char *at = tail; *at; at++)
            *at = *at == ' ' ? '+' : *at;
        q = read_request("ap2009", "AcquireConfiguration", tail, &rc, &result, &why);
        assert_int_equal(q->limits[0], limits[i].first);
        assert_int_equal(q->limits[5], limits[i].last);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_request_is_judged_by_the_matrix, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_strict_reading_insists_on_all_of_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_target_names_the_device_else_terminal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_iccids_are_brought_into_one_form, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limits_are_six_numbers_or_nothing, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
