/* SPDX-License-Identifier: Apache-2.0 */
/* Activation codes, words, status codes, settings and progress notifications: what needs no network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/smdp_int.h"
#include "ecs/conf.h"

#define S(literal) ECS_STR(literal)

static struct ecs_arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = ecs_arena_new(NULL, 0);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ecs_arena_free(arena);
    return 0;
}

/* ---- codes ---- */

/* proves: O-031 */
static void test_codes_are_built_with_the_parts_that_are_there(void **state)
{
    static const struct {
        const char *address, *id, *oid;
        bool confirmation;
        const char *code;
    } rows[] = {
        {"smdp.example.com", "ECS-4K7Q-20A1", NULL, false, "1$smdp.example.com$ECS-4K7Q-20A1"},
        {"smdp.example.com", "ECS-4K7Q-20A1", "1.3.6.1.4.1.31746", false,
         "1$smdp.example.com$ECS-4K7Q-20A1$1.3.6.1.4.1.31746"},
        {"smdp.example.com", "ECS-4K7Q-20A1", "1.3.6.1.4.1.31746", true,
         "1$smdp.example.com$ECS-4K7Q-20A1$1.3.6.1.4.1.31746$1"},
        {"smdp.example.com", "ECS-4K7Q-20A1", NULL, true, "1$smdp.example.com$ECS-4K7Q-20A1$$1"},
        {"smdp.example.com", "", NULL, false, "1$smdp.example.com$"},
        {"one.example.com,two.example.com", "A", NULL, false, "1$one.example.com$A"},
    };
    char text[ECS_ACTIVATION_CODE_MAX + 1];

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        assert_true(ecs_activation_code(ecs_str_of(rows[i].address), ecs_str_of(rows[i].id),
                                        ecs_str_of(rows[i].oid), rows[i].confirmation, text));
        assert_string_equal(text, rows[i].code);
    }
}

static void test_codes_are_not_built_of_parts_that_would_change_their_meaning(void **state)
{
    char text[ECS_ACTIVATION_CODE_MAX + 1], id[200], host[230];

    (void)state;
    memset(id, 'A', sizeof(id));
    memset(host, 'h', sizeof(host));
    assert_false(ecs_activation_code(S("smdp.example.com"), S("A$B"), ECS_STR_NULL, false, text));
    assert_false(ecs_activation_code(S("smdp.example.com"), S("A B"), ECS_STR_NULL, false, text));
    assert_false(ecs_activation_code(S("smdp.example.com"), S("A\n"), ECS_STR_NULL, false, text));
    assert_false(ecs_activation_code(S("smdp$x"), S("A"), ECS_STR_NULL, false, text));
    assert_false(ecs_activation_code(S(""), S("A"), ECS_STR_NULL, false, text));
    assert_false(ecs_activation_code(S("smdp.example.com"), S("A"), S("1.x"), false, text));
    assert_false(
        ecs_activation_code(S("smdp.example.com"), (struct ecs_str){id, 129}, ECS_STR_NULL, false, text));
    assert_false(ecs_activation_code((struct ecs_str){host, 230}, (struct ecs_str){id, 100}, ECS_STR_NULL,
                                     false, text));
    assert_true(ecs_activation_code((struct ecs_str){host, 152}, (struct ecs_str){id, 100}, ECS_STR_NULL,
                                    false, text));
    assert_int_equal(strlen(text), ECS_ACTIVATION_CODE_MAX);
    assert_false(ecs_activation_code((struct ecs_str){host, 153}, (struct ecs_str){id, 100}, ECS_STR_NULL,
                                     false, text));
}

static void test_codes_are_read_with_and_without_prefix_and_with_fields_of_later_versions(void **state)
{
    static const struct {
        const char *text, *address, *id;
        bool confirmation;
    } rows[] = {
        {"1$smdp.example.com$ECS-4K7Q-20A1", "smdp.example.com", "ECS-4K7Q-20A1", false},
        {"LPA:1$smdp.example.com$ECS-4K7Q-20A1", "smdp.example.com", "ECS-4K7Q-20A1", false},
        {" lpa:1$SMDP.example.com$A$$1\r\n", "SMDP.example.com", "A", true},
        {"1$smdp.example.com$A$1.3.6.1$1", "smdp.example.com", "A", true},
        {"1$smdp.example.com$A$1.3.6.1$1$$x$", "smdp.example.com", "A", true},
        {"1$smdp.example.com$", "smdp.example.com", "", false},
    };
    static const char *const bad[] = {"",
                                      "LPA:",
                                      "2$smdp.example.com$A",
                                      "1",
                                      "1$",
                                      "1$smdp.example.com",
                                      "1$$A",
                                      "1$https://smdp.example.com$A",
                                      "1$smdp$A",
                                      "1$smdp.example.com$A B",
                                      "1$smdp.example.com$A$x",
                                      "1$smdp.example.com$A$$2"};
    struct ecs_str address, id;
    bool confirmation;
    char longest[300];

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        if (!ecs_activation_code_read(ecs_str_of(rows[i].text), &address, &id, &confirmation))
            fail_msg("%s", rows[i].text);
        assert_true(ecs_str_eq(address, ecs_str_of(rows[i].address)) &&
                    ecs_str_eq(id, ecs_str_of(rows[i].id)));
        assert_int_equal(confirmation, rows[i].confirmation);
    }
    for (size_t i = 0; i < ECS_ARRAY_LEN(bad); i++)
        if (ecs_activation_code_read(ecs_str_of(bad[i]), &address, &id, &confirmation))
            fail_msg("%s was read", bad[i]);
    memset(longest, '$', sizeof(longest));
    memcpy(longest, "1$smdp.example.com$A", 20);
    assert_true(ecs_activation_code_read((struct ecs_str){longest, 255}, &address, &id, &confirmation));
    assert_false(ecs_activation_code_read((struct ecs_str){longest, 256}, &address, &id, &confirmation));
}

static void test_words_are_told_from_what_only_looks_like_them(void **state)
{
    (void)state;
    assert_true(smdp_is_fqdn(S("smdp.example.com")));
    assert_true(smdp_is_fqdn(S("a-1.b2")));
    assert_false(smdp_is_fqdn(S("localhost")));
    assert_false(smdp_is_fqdn(S("192.0.2.1")));
    assert_false(smdp_is_fqdn(S("smdp.example.com.")));
    assert_false(smdp_is_fqdn(S("smdp..com")));
    assert_false(smdp_is_fqdn(S("-a.com")));
    assert_false(smdp_is_fqdn(S("a-.com")));
    assert_false(smdp_is_fqdn(S("smdp.example.com:443")));
    assert_false(smdp_is_fqdn(S("")));
    assert_true(smdp_is_code(S("8.2.1")));
    assert_true(smdp_is_code(S("12")));
    assert_false(smdp_is_code(S("8.")));
    assert_false(smdp_is_code(S(".8")));
    assert_false(smdp_is_code(S("8..2")));
    assert_false(smdp_is_code(S("8.2a")));
    assert_false(smdp_is_code(S("")));
    assert_true(ecs_str_eq(smdp_owner(S("ecs-7f3a-12")), S("ecs-7f3a-")));
    assert_true(ecs_str_eq(smdp_owner(S("one")), S("one")));
    assert_true(ecs_str_eq(smdp_iccid(S("8949000000000000017F")), S("8949000000000000017")));
    assert_null(smdp_iccid(S("894900000000000001712")).p); /* 21 */
    assert_null(smdp_iccid(S("89490000000000000")).p);     /* 17 */
}

/* ---- status codes ---- */

static void test_each_pair_of_the_digest_has_its_reaction(void **state)
{
    static const struct {
        enum ecs_smdp_function function;
        const char *subject, *reason;
        enum ecs_smdp_status first, repeated;
    } rows[] = {
        {ECS_SMDP_FN_ORDER, "8.2.1", "3.9", ECS_SMDP_REFUSED, ECS_SMDP_REFUSED},
        {ECS_SMDP_FN_ORDER, "8.2.1", "3.3", ECS_SMDP_IN_USE, ECS_SMDP_OK},
        {ECS_SMDP_FN_CONFIRM, "8.2.1", "3.3", ECS_SMDP_TAKEN, ECS_SMDP_OK},
        {ECS_SMDP_FN_CANCEL, "8.2.1", "3.3", ECS_SMDP_TAKEN, ECS_SMDP_OK},
        {ECS_SMDP_FN_CANCEL, "8.2.1", "3.9", ECS_SMDP_REFUSED, ECS_SMDP_OK},
        {ECS_SMDP_FN_RELEASE, "8.2.1", "3.3", ECS_SMDP_TAKEN, ECS_SMDP_OK},
        {ECS_SMDP_FN_ORDER, "8.2.5", "3.7", ECS_SMDP_NO_STOCK, ECS_SMDP_NO_STOCK},
        {ECS_SMDP_FN_CONFIRM, "8.2.6", "3.8", ECS_SMDP_TAKEN, ECS_SMDP_OK},
        {ECS_SMDP_FN_CONFIRM, "8.9.5", "3.3", ECS_SMDP_OK, ECS_SMDP_OK},
        {ECS_SMDP_FN_CONFIRM, "8.9", "5.1", ECS_SMDP_AGAIN, ECS_SMDP_AGAIN},
        {ECS_SMDP_FN_CONFIRM, "8.8.1", "1.1", ECS_SMDP_DENIED, ECS_SMDP_DENIED},
        {ECS_SMDP_FN_ORDER, "1.1", "1.1", ECS_SMDP_DENIED, ECS_SMDP_DENIED},
        {ECS_SMDP_FN_ORDER, "1.6", "5.3", ECS_SMDP_AGAIN, ECS_SMDP_AGAIN},
        {ECS_SMDP_FN_ORDER, "1.2.2", "2.1", ECS_SMDP_DENIED, ECS_SMDP_DENIED},
        /* by class */
        {ECS_SMDP_FN_ORDER, "1.9", "1.9", ECS_SMDP_DENIED, ECS_SMDP_DENIED},
        {ECS_SMDP_FN_ORDER, "8.9.9", "1.9", ECS_SMDP_REFUSED, ECS_SMDP_REFUSED},
        {ECS_SMDP_FN_ORDER, "8.9.9", "2.9", ECS_SMDP_DENIED, ECS_SMDP_DENIED},
        {ECS_SMDP_FN_ORDER, "8.9.9", "3.10", ECS_SMDP_REFUSED, ECS_SMDP_REFUSED},
        {ECS_SMDP_FN_ORDER, "8.9.9", "4.9", ECS_SMDP_AGAIN, ECS_SMDP_AGAIN},
        {ECS_SMDP_FN_ORDER, "8.9.9", "5.9", ECS_SMDP_AGAIN, ECS_SMDP_AGAIN},
        {ECS_SMDP_FN_ORDER, "8.9.9", "6.9", ECS_SMDP_REFUSED, ECS_SMDP_REFUSED},
        {ECS_SMDP_FN_ORDER, "8.9.9", "7.9", ECS_SMDP_REFUSED, ECS_SMDP_REFUSED},
        {ECS_SMDP_FN_ORDER, "8.9.9", "41.9", ECS_SMDP_REFUSED, ECS_SMDP_REFUSED},
        {ECS_SMDP_FN_ORDER, "8.9.9", "4", ECS_SMDP_REFUSED, ECS_SMDP_REFUSED},
    };
    struct smdp_call call = {.iccid = S("8949000000000000017"), .matching_id = S("A")};
    const char *why;

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_str subject = ecs_str_of(rows[i].subject), reason = ecs_str_of(rows[i].reason);

        call.function = rows[i].function;
        call.repeated = false;
        if (smdp_judge(&call, subject, reason, &why) != rows[i].first)
            fail_msg("%s/%s: %s", rows[i].subject, rows[i].reason, why);
        call.repeated = true;
        if (smdp_judge(&call, subject, reason, &why) != rows[i].repeated)
            fail_msg("%s/%s repeated: %s", rows[i].subject, rows[i].reason, why);
    }
    call.function = ECS_SMDP_FN_ORDER;
    call.iccid = ECS_STR_NULL; /* by profile type: a profile that the SM-DP+ chose itself */
    assert_int_equal(smdp_judge(&call, S("8.2.1"), S("3.3"), &why), ECS_SMDP_TAKEN);
    assert_int_equal(smdp_judge(&call, ECS_STR_NULL, ECS_STR_NULL, &why), ECS_SMDP_REFUSED);
}

/* ---- settings ---- */

static const struct ecs_section sections[] = {
    {"smdp", ecs_smdp_settings, sizeof(struct ecs_smdp_conf), .is_list = true,
     .check = ecs_smdp_settings_check, .help = "Sources."},
    {0},
};

/* proves: O-032 */
static void test_settings_are_well_formed_and_checked(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } rows[] = {
        {"{name: main, url: 'https://s.example.com:8443', address: smdp.example.com, requester: 1.2.3, "
         "certificate: /etc/hostname}",
         true},
        {"{name: main, url: 'http://127.0.0.1:99/pre', address: smdp.example.com, requester: x}", true},
        {"{name: main, url: 'http://localhost', address: 'a.example.com,b.example.com', requester: x}", true},
        {"{name: stock, type: pool}", true},
        {"{name: fix, type: static, address: smdp.example.com, smds: lpa.ds.example.com, oid: 1.3.6}", true},
        {"{name: fix, type: static}", false},
        {"{name: fix, type: static, address: 'https://smdp.example.com'}", false},
        {"{name: fix, type: static, address: 'smdp.example.com:443'}", false},
        {"{name: fix, type: static, address: Smdp.example.com}", false},
        {"{name: fix, type: static, address: 192.0.2.7}", false},
        {"{name: fix, type: static, address: 'a.example.com,'}", false},
        {"{name: fix, type: static, address: ',a.example.com'}", false},
        {"{name: fix, type: static, address: 'a.example.com, b.example.com'}", false},
        {"{name: fix, type: static, address: a.example.com, url: 'https://x'}", false},
        {"{name: Fix, type: pool}", false},
        {"{name: fix_1, type: pool}", false},
        {"{name: fix, type: pool, oid: 1.x}", false},
        {"{name: fix, type: pool, smds: x}", false},
        {"{name: fix, type: pool, protocol: gsma/other/1}", false},
        {"{name: fix, type: pool, eid_prefixes: [89x]}", false},
        {"{name: fix, type: pool, eid_prefixes: ['89049032'], profile_types: [watch]}", true},
        {"{name: fix, type: pool, key: /etc/hostname}", false},
        {"{name: main, address: smdp.example.com, requester: x}", false},
        {"{name: main, url: 'http://smdp.example.com', address: smdp.example.com, requester: x}", false},
        {"{name: main, url: 'http://127.0.0.1:99@evil', address: smdp.example.com, requester: x}", false},
        {"{name: main, url: 'https://s.example.com', address: smdp.example.com, requester: x}", false},
        {"{name: main, url: 'http://127.0.0.1:99', address: smdp.example.com}", false},
        {"{name: main, url: 'http://127.0.0.1:99', address: smdp.example.com, requester: x, connect: 5s, "
         "timeout: 1s}",
         false},
    };
    struct ecs_faults faults;

    (void)state;
    ecs_faults_init(&faults, arena);
    if (!ecs_conf_check_tables(sections, &faults))
        fail_msg("%s", faults.first->text);
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        const char *text = ecs_printf(arena, "smdp:\n  - %s\n", rows[i].text);
        struct ecs_conf *conf;

        ecs_faults_init(&faults, arena);
        conf = ecs_conf_parse("x.yaml", ecs_str_of(text), sections, &faults);
        if ((conf != NULL) != rows[i].good)
            fail_msg("%s: %s", rows[i].text, faults.first ? faults.first->text : "was taken");
        ecs_conf_unref(conf);
    }
}

/* ---- progress ---- */

#define DONE "\"notificationPointStatus\":{\"status\":\"Executed-Success\"}"
#define ICC  "\"iccid\":\"8949000000000000017F\""

static enum ecs_rc read(const char *text, struct ecs_smdp_progress *p)
{
    const char *why = NULL;
    enum ecs_rc rc;

    memset(p, 0, sizeof(*p));
    rc = ecs_smdp_progress_read(arena, ecs_str_of(text), p, &why);
    assert_true(rc == ECS_OK || why);
    return rc;
}

static void test_progress_as_the_specification_writes_it_is_read(void **state)
{
    struct ecs_smdp_progress p;

    (void)state;
    assert_int_equal(
        read("{\"header\":{\"functionRequesterIdentifier\":\"smdp\",\"functionCallIdentifier\":\"n-1\"},"
             "\"eid\":\"89001012012341234012345678901224\"," ICC
             ",\"profileType\":\"watch\",\"timestamp\":\"2026-03-04T09:15:00Z\",\"notificationPointId\":"
             "4," DONE ",\"resultData\":\"vyc=\"}",
             &p),
        ECS_OK);
    assert_true(ecs_str_eq(p.iccid, S("8949000000000000017")));
    assert_true(ecs_str_eq(p.eid, S("89001012012341234012345678901224")));
    assert_true(ecs_str_eq(p.call_id, S("n-1")));
    assert_true(ecs_str_eq(p.profile_type, S("watch")));
    assert_int_equal(p.point, ECS_SMDP_POINT_INSTALL);
    assert_true(p.success);
    assert_int_equal(p.at, 1772615700);
}

static void test_progress_as_real_servers_write_it_is_read(void **state)
{
    struct ecs_smdp_progress p;

    (void)state;
    assert_int_equal(
        read("\xef\xbb\xbf{\"iccid\":\"8949000000000000017f\",\"notificationPointId\":\"3\",\"timeStamp\":"
             "\"1772615700\",\"tac\":\"35290611\",\"imei\":null,\"resultData\":null," DONE "}",
             &p),
        ECS_OK);
    assert_int_equal(p.point, 3);
    assert_int_equal(p.at, 1772615700);
    assert_null(p.call_id.p);
    assert_int_equal(
        read("{" ICC ",\"notificationPointId\":101,\"timestamp\":1772615700123,\"notificationPointStatus\":"
             "{\"status\":\"executed-withwarning\"}}",
             &p),
        ECS_OK);
    assert_int_equal(p.point, 101);
    assert_true(p.success);
    assert_int_equal(p.at, 1772615700);
    assert_int_equal(
        read("{" ICC ",\"notificationPointId\":4,\"timestamp\":\"soon\",\"notificationPointStatus\":{"
             "\"status\":\"Failed\",\"statusCodeData\":{\"subjectCode\":\"8.1\",\"reasonCode\":\"4.8\"}}}",
             &p),
        ECS_OK);
    assert_false(p.success);
    assert_true(ecs_str_eq(p.subject, S("8.1")) && ecs_str_eq(p.reason, S("4.8")));
    assert_int_equal(p.at, 0);
}

static void test_what_is_no_progress_is_told_from_what_is_no_json(void **state)
{
    static const char *const useless[] = {
        "{}",
        "{\"header\":{}}",
        "{\"iccid\":\"12\",\"notificationPointId\":4," DONE "}",
        "{" ICC "," DONE "}",
        "{" ICC ",\"notificationPointId\":0," DONE "}",
        "{" ICC ",\"notificationPointId\":-4," DONE "}",
        "{" ICC ",\"notificationPointId\":4}",
        "{" ICC ",\"notificationPointId\":4,\"notificationPointStatus\":{\"status\":\"Perhaps\"}}",
        "{" ICC ",\"notificationPointId\":4,\"notificationPointStatus\":\"Executed-Success\"}",
    };
    static const char *const spoiled[] = {"", "x", "[]", "\"a\"", "{", "{\"iccid\":}", "\xff\xfe"};
    struct ecs_smdp_progress p;

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(useless); i++)
        if (read(useless[i], &p) != ECS_E_BAD_PARAMETER)
            fail_msg("%s", useless[i]);
    for (size_t i = 0; i < ECS_ARRAY_LEN(spoiled); i++)
        if (read(spoiled[i], &p) != ECS_E_BAD_REQUEST)
            fail_msg("%s", spoiled[i]);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_codes_are_built_with_the_parts_that_are_there),
        CASE(test_codes_are_not_built_of_parts_that_would_change_their_meaning),
        CASE(test_codes_are_read_with_and_without_prefix_and_with_fields_of_later_versions),
        CASE(test_words_are_told_from_what_only_looks_like_them),
        CASE(test_each_pair_of_the_digest_has_its_reaction),
        CASE(test_settings_are_well_formed_and_checked),
        CASE(test_progress_as_the_specification_writes_it_is_read),
        CASE(test_progress_as_real_servers_write_it_is_read),
        CASE(test_what_is_no_progress_is_told_from_what_is_no_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
