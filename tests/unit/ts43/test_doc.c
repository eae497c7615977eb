/* SPDX-License-Identifier: Apache-2.0 */
/* Documents against the golden files of tests/golden/doc. With ECS_GOLDEN_WRITE set in the environment the
 * files are written instead; look at the difference before keeping it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ecs/doc.h"

static struct ecs_arena *arena;
static struct ecs_doc *doc;

static int set_up(void **state)
{
    (void)state;
    arena = ecs_arena_new(NULL, 0);
    doc = arena ? ecs_doc_new(arena) : NULL;
    return doc ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ecs_arena_free(arena);
    return 0;
}

static void compare(const char *name, const char *type, const struct ecs_buf *buf)
{
    static char wanted[8192];
    char path[256];
    FILE *file;
    size_t n;

    snprintf(path, sizeof(path), ECS_SOURCE_DIR "/tests/golden/doc/%s.%s", name, type);
    if (getenv("ECS_GOLDEN_WRITE")) {
        assert_non_null(file = fopen(path, "wb"));
        assert_int_equal(fwrite(buf->p, 1, buf->n, file), buf->n);
        assert_int_equal(fclose(file), 0);
        return;
    }
    assert_non_null(file = fopen(path, "rb"));
    n = fread(wanted, 1, sizeof(wanted), file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(buf->n, n);
    assert_memory_equal(buf->p, wanted, n);
}

static void assert_golden(const char *name)
{
    struct ecs_buf buf = {0};
    json_t *json;

    assert_int_equal(ecs_doc_render(doc, ECS_FORMAT_XML, &buf), ECS_OK);
    compare(name, "xml", &buf);
    ecs_buf_reset(&buf);
    assert_int_equal(ecs_doc_render(doc, ECS_FORMAT_JSON, &buf), ECS_OK);
    compare(name, "json", &buf);
    assert_non_null(json = json_loadb(buf.p, buf.n, JSON_REJECT_DUPLICATES, NULL));
    json_decref(json);
    ecs_buf_done(&buf);
}

static void assert_checks(uint32_t major, const char *wanted)
{
    struct ecs_buf fault = {0};
    enum ecs_rc rc = ecs_doc_check(doc, (struct ecs_version){major, 0}, &fault);

    ecs_buf_add_char(&fault, '\0');
    assert_string_equal(fault.p, wanted);
    assert_int_equal(rc, wanted[0] ? ECS_E_INTERNAL : ECS_OK);
    ecs_buf_done(&fault);
}

static struct ecs_doc_node *add_vowifi(int status, int address, int terms, int prov)
{
    struct ecs_doc_node *app = ecs_doc_app(doc, ECS_APP_2004);

    ecs_doc_int(doc, app, "EntitlementStatus", status);
    ecs_doc_str(doc, app, "ServiceFlow_URL", ECS_STR("https://portal.example.net/vowifi"));
    ecs_doc_str(doc, app, "ServiceFlow_UserData", ECS_STR("sid=9c1e77&entitlement_name=VoWiFi&sig=u3Vb0"));
    ecs_doc_str(doc, app, "MessageForIncompatible", ECS_STR_NULL);
    ecs_doc_int(doc, app, "AddrStatus", address);
    ecs_doc_int(doc, app, "TC_Status", terms);
    ecs_doc_int(doc, app, "ProvStatus", prov);
    return app;
}

static struct ecs_doc_node *add_rat(struct ecs_doc_node *list, int access, int where, int status)
{
    struct ecs_doc_node *rat = ecs_doc_item(doc, list);

    ecs_doc_int(doc, rat, "AccessType", access);
    ecs_doc_int(doc, rat, "HomeRoamingNWType", where);
    ecs_doc_int(doc, rat, "EntitlementStatus", status);
    return rat;
}

static struct ecs_doc_node *add_voice_list(void)
{
    return ecs_doc_list_boxed(doc, ecs_doc_app(doc, ECS_APP_2003), "VoiceOverCellularEntitleInfo",
                              "RATVoiceEntitleInfoDetails");
}

static void add_voice(void)
{
    struct ecs_doc_node *list = add_voice_list(), *rat;

    add_rat(list, 1, 1, 1);
    rat = add_rat(list, 2, 2, 1);
    ecs_doc_str(doc, rat, "NetworkVoiceIRATCapability", ECS_STR("EPS-Fallback"));
    ecs_doc_str(doc, rat, "NetworkVoiceIRatCapability", ECS_STR("EPS-Fallback"));
    rat = add_rat(list, 2, 3, 2);
    ecs_doc_str(doc, rat, "MessageForIncompatible", ECS_STR("5G calling is not part of your roaming plan."));
}

/* proves: P-039 P-040 P-041 P-042 P-043 P-044 P-047 X-029 X-034 X-037 V-002 V-009 */
static void test_vowifi_with_data_missing(void **state)
{
    (void)state;
    assert_true(ecs_doc_vers(doc, 7, 172800));
    ecs_doc_token(doc, ECS_STR("n4c7x2vd6rtq"), 604800);
    add_vowifi(0, 0, 1, 2);
    assert_checks(8, "");
    assert_golden("vowifi-data-missing");
}

/* proves: V-004 V-006 */
static void test_vowifi_enabled_with_expiring_address(void **state)
{
    struct ecs_doc_node *app;

    (void)state;
    assert_true(ecs_doc_vers(doc, 7, 0));
    ecs_doc_token(doc, ECS_STR("n4c7x2vd6rtq"), 0);
    app = add_vowifi(1, 1, 1, 1);
    ecs_doc_time(doc, app, "AddrExpiry", 1801353600);
    ecs_doc_str(doc, app, "AddrIdentifier", ECS_STR("loc-77f0"));
    ecs_doc_int(doc, app, "RegisterNotifStatus", 0);
    assert_checks(8, "");
    assert_golden("vowifi-enabled");
}

/* proves: P-045 P-046 C-002 C-013 X-034 */
static void test_voice_nested(void **state)
{
    (void)state;
    assert_true(ecs_doc_vers(doc, 3, 86400));
    ecs_doc_token(doc, ECS_STR("m2p9h6"), -1);
    add_voice();
    assert_checks(7, "");
    assert_golden("voice-nested");
}

/* proves: C-001 */
static void test_voice_flat_for_old_clients(void **state)
{
    struct ecs_doc_node *app;

    (void)state;
    assert_true(ecs_doc_vers(doc, 3, 86400));
    app = ecs_doc_app(doc, ECS_APP_2003);
    ecs_doc_int(doc, app, "EntitlementStatus", 1);
    assert_checks(6, "");
    assert_checks(7, "ap2003: VoiceOverCellularEntitleInfo is missing");
    assert_golden("voice-flat");
}

/* proves: S-002 S-004 P-039 */
static void test_combined_document(void **state)
{
    struct ecs_doc_node *app;

    (void)state;
    assert_true(ecs_doc_vers(doc, 1, 86400));
    ecs_doc_token(doc, ECS_STR("k5"), 604800);
    add_vowifi(2, 2, 2, 2);
    add_voice();
    app = ecs_doc_app(doc, ECS_APP_2005);
    ecs_doc_int(doc, app, "EntitlementStatus", 1);
    assert_checks(12, "");
    assert_golden("ims-combined");
}

static void add_satellite_service(struct ecs_doc_node *list, struct ecs_str type, struct ecs_str policy)
{
    struct ecs_doc_node *item = ecs_doc_item(doc, list);

    ecs_doc_str(doc, item, "ServiceType", type);
    ecs_doc_str(doc, item, "ServicePolicy", policy);
}

/* proves: P-046 X-041 Z-011 */
static void test_other_list_shapes(void **state)
{
    struct ecs_doc_node *app, *list, *item, *inner;

    (void)state;
    assert_true(ecs_doc_vers(doc, 1, 86400));
    app = ecs_doc_app(doc, ECS_APP_2016);
    ecs_doc_int(doc, app, "EntitlementStatus", 1);
    list = ecs_doc_list_bare(doc, app, "PLMNAllowed");
    item = ecs_doc_item(doc, list);
    ecs_doc_str(doc, item, "PLMN", ECS_STR("31026"));
    inner = ecs_doc_list_boxed(doc, item, "AllowedServicesInfo", "AllowedServices");
    add_satellite_service(inner, ECS_STR("data"), ECS_STR("constrained"));
    add_satellite_service(inner, ECS_STR("voice"), ECS_STR("unconstrained"));
    item = ecs_doc_item(doc, list);
    ecs_doc_str(doc, item, "PLMN", ECS_STR("31027"));
    ecs_doc_list_bare(doc, app, "PLMNBarred");
    app = ecs_doc_app(doc, ECS_APP_2017); /* without rows: any names */
    ecs_doc_int(doc, app, "OperationResult", 104);
    ecs_doc_list_boxed(doc, app, "CompanionConfigurations", "CompanionConfiguration");
    ecs_doc_str(doc, ecs_doc_group(doc, app, "DownloadInfo"), "ProfileIccid", ECS_STR("8900101012341234567"));
    assert_checks(12, "");
    assert_golden("shapes");
}

/* proves: X-036 */
static void test_texts_become_harmless(void **state)
{
    struct ecs_doc_node *app;

    (void)state;
    assert_true(ecs_doc_vers(doc, 1, 86400));
    app = ecs_doc_app(doc, ECS_APP_2004);
    ecs_doc_int(doc, app, "EntitlementStatus", 2);
    ecs_doc_str(doc, app, "ServiceFlow_URL",
                ecs_doc_url(arena, ECS_STR("https://p.example/\xc3\xa9?a=\"<x y>'&b=%20|")));
    ecs_doc_str(doc, app, "ServiceFlow_UserData", ECS_STR_NULL);
    ecs_doc_str(
        doc, app, "MessageForIncompatible",
        ecs_doc_text(
            arena, ECS_STR("\"Wi-Fi\" isn't <on> (\"plan\" A&B)\n\xc3\xa9\x01\xe9\xf0\x9f\x98\x80\xc2\x85")));
    ecs_doc_int(doc, app, "AddrStatus", 2);
    ecs_doc_int(doc, app, "TC_Status", 2);
    ecs_doc_int(doc, app, "ProvStatus", 2);
    assert_checks(8, "");
    assert_golden("texts");
    assert_true(ecs_str_eq(ecs_doc_text(arena, ECS_STR("plain & simple")), ECS_STR("plain & simple")));
    assert_true(ecs_str_eq(ecs_doc_url(arena, ECS_STR_NULL), ECS_STR("")));
}

/* Whatever a builder is given, the renderers stay well-formed even without ecs_doc_text. */
static void test_hostile_values_cannot_break_a_document(void **state)
{
    struct ecs_buf buf = {0};
    json_t *json;

    (void)state;
    assert_true(ecs_doc_vers(doc, 1, 1));
    ecs_doc_str(doc, ecs_doc_app(doc, ECS_APP_2005), "a\"b",
                ECS_STR("x\"/><parm name=\"y\" value=\"\x01\xff"));
    assert_int_equal(ecs_doc_render(doc, ECS_FORMAT_XML, &buf), ECS_OK);
    assert_int_equal(ecs_str_find(ecs_buf_str(&buf), ECS_STR("<parm name=\"y\"")), -1);
    assert_true(
        ecs_str_find(ecs_buf_str(&buf), ECS_STR("value=\"x&quot;/&gt;&lt;parm name=&quot;y&quot; value=&quot;"
                                                "\xef\xbf\xbd\"/>")) > 0);
    ecs_buf_reset(&buf);
    assert_int_equal(ecs_doc_render(doc, ECS_FORMAT_JSON, &buf), ECS_OK);
    assert_non_null(json = json_loadb(buf.p, buf.n, JSON_REJECT_DUPLICATES, NULL));
    assert_int_equal(json_object_size(json_object_get(json, "ap2005")), 1);
    json_decref(json);
    ecs_buf_done(&buf);
    assert_checks(8, "ap2005: a\"b holds a character that clients misread; ap2005: a\"b is not known here; "
                     "ap2005: EntitlementStatus is missing");
}

/* proves: X-030 */
static void test_only_legal_vers_pairs_are_taken(void **state)
{
    const int64_t good[][2] = {{1, 1}, {1, 0}, {INT32_MAX, 86400}, {0, 0}, {-1, -1}, {-2, -2}};
    const int64_t bad[][2] = {{5, -1},  {0, 1},  {-1, 0},  {-1, -2},
                              {-3, -3}, {-3, 5}, {-4, -4}, {INT64_C(2147483648), 1}};
    struct ecs_buf buf = {0};

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(bad); i++)
        assert_false(ecs_doc_vers(doc, bad[i][0], bad[i][1]));
    assert_int_equal(ecs_doc_render(doc, ECS_FORMAT_XML, &buf), ECS_E_INTERNAL);
    assert_int_equal(buf.n, 0);
    assert_checks(8, "VERS is missing");
    for (size_t i = 0; i < ECS_ARRAY_LEN(good); i++)
        assert_true(ecs_doc_vers(doc, good[i][0], good[i][1]));
    ecs_buf_done(&buf);
}

static void test_check_finds_faults_of_names_and_values(void **state)
{
    struct ecs_doc_node *app;

    (void)state;
    assert_true(ecs_doc_vers(doc, 1, 1));
    app = ecs_doc_app(doc, ECS_APP_2005);
    ecs_doc_int(doc, app, "EntitlementStatus", 4);
    ecs_doc_int(doc, app, "AppID", 1);
    ecs_doc_int(doc, app, "EntitlementStatus", 1);
    ecs_doc_group(doc, app, "Sub");
    assert_checks(8, "ap2005: EntitlementStatus is there twice; ap2005: EntitlementStatus has a value that "
                     "it cannot have; "
                     "ap2005: AppID is written by the renderer; ap2005: AppID is not known here; "
                     "ap2005: structure Sub is not known here");
}

static void test_check_wants_every_mandatory_parameter(void **state)
{
    struct ecs_doc_node *app;

    (void)state;
    assert_true(ecs_doc_vers(doc, 1, 1));
    app = ecs_doc_app(doc, ECS_APP_2004);
    ecs_doc_int(doc, app, "EntitlementStatus", 2);
    ecs_doc_str(doc, app, "AddrExpiry", ECS_STR("tomorrow"));
    assert_checks(
        8, "ap2004: AddrExpiry has a value that it cannot have; ap2004: ServiceFlow_URL is missing; "
           "ap2004: ServiceFlow_UserData is missing; ap2004: MessageForIncompatible is missing; "
           "ap2004: AddrStatus is missing; ap2004: TC_Status is missing; ap2004: ProvStatus is missing");
}

/* The 256 combinations of Table 20: the check takes exactly those that have one mode. */
static void test_check_knows_the_legal_vowifi_combinations(void **state)
{
    unsigned legal = 0;

    (void)state;
    for (int i = 0; i < 256; i++) {
        struct ecs_buf fault = {0};

        doc = ecs_doc_new(arena);
        assert_true(ecs_doc_vers(doc, 1, 1));
        add_vowifi(i >> 6, i >> 4 & 3, i >> 2 & 3, i & 3);
        legal += ecs_doc_check(doc, (struct ecs_version){8, 0}, &fault) == ECS_OK;
        ecs_buf_done(&fault);
    }
    assert_int_equal(legal, 64 + 64 + 8 + 20 + 20 + 8);
}

static void test_check_knows_the_rules_of_voice_entries(void **state)
{
    struct ecs_doc_node *list, *rat;

    (void)state;
    assert_true(ecs_doc_vers(doc, 1, 1));
    list = add_voice_list();
    assert_checks(8, "ap2003: VoiceOverCellularEntitleInfo is empty (4.1.1)");
    rat = add_rat(list, 1, 1, 1);
    assert_checks(8, "");
    ecs_doc_str(doc, rat, "NetworkVoiceIRATCapability", ECS_STR("EPS-Fallback"));
    assert_checks(8, "ap2003: the inter-RAT capability does not belong to the access type (Table 21)");
    doc = ecs_doc_new(arena);
    assert_true(ecs_doc_vers(doc, 1, 1));
    list = add_voice_list();
    add_rat(list, 2, 1, 1);
    add_rat(list, 2, 3, 1);
    assert_checks(8, "ap2003: entries of one access type overlap (4.1.1)");
    doc = ecs_doc_new(arena);
    assert_true(ecs_doc_vers(doc, 1, 1));
    rat = add_rat(add_voice_list(), 2, 1, 1);
    ecs_doc_str(doc, rat, "MessageForIncompatible", ECS_STR("x"));
    assert_checks(8, "ap2003: MessageForIncompatible with a status other than 2 (Table 21)");
}

static void test_exhausted_arena_is_told_by_render(void **state)
{
    (void)state;
    for (size_t limit = 200; limit < 3000; limit += 40) {
        struct ecs_arena *small = ecs_arena_new(NULL, limit);
        struct ecs_buf buf = {0};

        doc = ecs_doc_new(small);
        if (doc) {
            assert_true(ecs_doc_vers(doc, 100, 1));
            ecs_doc_time(doc, add_vowifi(1, 1, 1, 1), "AddrExpiry", 1801353600);
            add_voice();
            assert_int_equal(ecs_doc_render(doc, ECS_FORMAT_XML, &buf),
                             doc->failed ? ECS_E_TOO_LARGE : ECS_OK);
            assert_int_equal(buf.n == 0, doc->failed);
        }
        ecs_buf_done(&buf);
        ecs_arena_free(small);
    }
}

static void test_full_buffer_is_told_by_render(void **state)
{
    struct ecs_buf buf = {.limit = 100};

    (void)state;
    assert_true(ecs_doc_vers(doc, 1, 1));
    add_voice();
    assert_int_equal(ecs_doc_render(doc, ECS_FORMAT_JSON, &buf), ECS_E_TOO_LARGE);
    ecs_buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_vowifi_with_data_missing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_vowifi_enabled_with_expiring_address, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_voice_nested, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_voice_flat_for_old_clients, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_combined_document, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_list_shapes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_texts_become_harmless, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hostile_values_cannot_break_a_document, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_only_legal_vers_pairs_are_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_check_finds_faults_of_names_and_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_check_wants_every_mandatory_parameter, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_check_knows_the_legal_vowifi_combinations, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_check_knows_the_rules_of_voice_entries, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_exhausted_arena_is_told_by_render, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_full_buffer_is_told_by_render, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("doc", tests, NULL, NULL);
}
