/* SPDX-License-Identifier: Apache-2.0 */
/* Documents of the IMS applications with the policy and the texts that are delivered: thousands of line
 * states, each document checked against the parameter tables and rendered in both forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "../base/random.h"
#include "ecs/app.h"

enum { NOW = 1772600000 };

static uint64_t seed = 4711;

static unsigned random_below(unsigned n)
{
    return (unsigned)((next_random(&seed) >> 16) % n);
}

struct fixture {
    struct ecs_policy *policy;
    struct ecs_messages *messages;
    struct ecs_crypto *crypto;
    struct ecs_sealer *sealer;
    struct ecs_arena *arena; /* of the fixture */
};

static int set_up(void **state)
{
    static struct fixture x;
    struct ecs_keyring ring = {.count = 1, .keys = {{.id = 1, .key = {3}}}};
    struct ecs_faults faults;

    x.arena = ecs_arena_new(NULL, 0);
    ecs_faults_init(&faults, x.arena);
    x.policy = ecs_policy_load(ECS_SOURCE_DIR "/conf/policy.d", &faults, NULL);
    x.messages = ecs_messages_load(ECS_SOURCE_DIR "/conf/messages", "en", &faults, NULL);
    x.crypto = ecs_crypto_new();
    x.sealer = ecs_sealer_new(x.crypto, &ring, ECS_STR("flow"));
    *state = &x;
    return x.policy && x.messages && x.crypto && x.sealer ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;

    ecs_policy_free(x->policy);
    ecs_messages_free(x->messages);
    ecs_sealer_free(x->sealer);
    ecs_crypto_free(x->crypto);
    ecs_arena_free(x->arena);
    return 0;
}

static const char query[] =
    "terminal_id=490154203237518&vers=0&app=ap2003&app=ap2004&app=ap2005&IMSI=001010123456789"
    "&token=x&terminal_vendor=ACME&terminal_model=P1&terminal_sw_version=1&entitlement_version=";

struct scene {
    struct ecs_arena *arena;
    struct ecs_ts43_request request;
    struct ecs_subscriber_facts line;
    struct ecs_line_service services[4];
    struct ecs_imsi imsi;
    struct ecs_app_context context;
    struct ecs_doc *doc;
};

static void open_scene(struct scene *s, const struct fixture *x, const char *version)
{
    struct ecs_ts43_input input = {0};
    const char *why = "";

    memset(s, 0, sizeof(*s));
    s->arena = ecs_arena_new(NULL, 0);
    input.query = ecs_str_of(ecs_printf(s->arena, "%s%s", query, version));
    assert_int_equal(ecs_ts43_request_read(s->arena, &input, &s->request, &why), ECS_OK);
    assert_true(ecs_imsi_parse(ECS_STR("001010123456789"), &s->imsi));
    s->line.known = true;
    s->line.imsi = ecs_str_of(s->imsi.s);
    s->context = (struct ecs_app_context){.arena = s->arena,
                                          .crypto = x->crypto,
                                          .flow_sealer = x->sealer,
                                          .policy = x->policy,
                                          .messages = x->messages,
                                          .request = &s->request,
                                          .line = &s->line,
                                          .imsi = &s->imsi,
                                          .plmn_n = 5,
                                          .portal_url = "https://portal.example.net/w?a=1&b=2",
                                          .irat_names = 3,
                                          .offered = 7,
                                          .now = NOW};
}

static void build(struct scene *s)
{
    s->context.version = ecs_version_effective(s->request.version, NULL, 0);
    s->doc = ecs_doc_new(s->arena);
    ecs_app_facts(&s->context);
    assert_int_equal(ecs_app_build(&s->context, s->doc), ECS_OK);
    assert_true(ecs_doc_vers(s->doc, 5, s->context.validity_s));
    ecs_doc_token(s->doc, ECS_STR("k5wz7mq2tr4d6x3h"), 1000);
}

static struct ecs_str render(struct scene *s, enum ecs_format format)
{
    struct ecs_buf buf = {0};
    struct ecs_str text;

    assert_int_equal(ecs_doc_render(s->doc, format, &buf), ECS_OK);
    text = (struct ecs_str){ecs_strdup(s->arena, ecs_buf_str(&buf)), buf.n};
    ecs_buf_done(&buf);
    assert_non_null(text.p);
    return text;
}

static bool has(struct ecs_str text, const char *part)
{
    return ecs_str_find(text, ecs_str_of(part)) >= 0;
}

static void random_line(struct scene *s)
{
    static const struct ecs_str features[] = {
        ECS_STR("volte"),        ECS_STR("volte-roaming"), ECS_STR("vonr"),  ECS_STR("vonr-roaming"),
        ECS_STR("eps-fallback"), ECS_STR("vowifi"),        ECS_STR("smsoip")};
    static const char *const names[] = {"volte", "vonr", "vowifi", "smsoip"};
    struct ecs_str *set = ecs_alloc(s->arena, sizeof(features));
    size_t n = 0;

    for (size_t i = 0; i < ECS_ARRAY_LEN(features); i++)
        if (random_below(4))
            set[n++] = features[i];
    s->line.features = set;
    s->line.n_features = n;
    s->line.line_state = (enum ecs_line_state)(random_below(6) ? 0 : random_below(4));
    s->line.identity = (enum ecs_identity_state)(random_below(5) ? 0 : random_below(4));
    s->line.category = random_below(2) ? ECS_ROW_DEVICE_PHONE : ECS_ROW_DEVICE_UNKNOWN;
    s->line.capabilities = set;
    s->line.n_capabilities = n ? random_below((unsigned)n + 1) : 0;
    for (size_t i = 0; i < 4; i++)
        if (random_below(4))
            s->services[s->line.n_services++] = (struct ecs_line_service){
                .service = ecs_str_of(names[i]),
                .tc_status = (int)random_below(5) - 1,
                .addr_status = (int)random_below(5) - 1,
                .prov_status = (int)random_below(5) - 1,
                .tc_version = (int)random_below(4) - 1,
                .addr_expiry = random_below(3) ? 0 : NOW - 50 + (int)random_below(100),
                .flow_closed_at = random_below(3) ? 0 : NOW - (int)random_below(60),
                .override = (enum ecs_override)(random_below(4) ? 0 : random_below(4))};
    s->line.services = s->services;
}

/* proves: V-001 V-002 V-003 V-005 V-007 V-008 V-009 V-011 V-015 V-023 C-001 C-002 C-006 C-008 C-011 S-002
 * X-032 X-034 */
static void test_every_line_state_gives_a_document_that_the_tables_accept(void **state)
{
    static const char *const versions[] = {"1.0", "2.0", "6.9", "7.0", "8.0", "12.0", "99.1"};
    struct fixture *x = *state;

    for (unsigned i = 0; i < 3000; i++) {
        struct ecs_buf fault = {0};
        struct ecs_str xml, json;
        json_t *parsed;
        struct scene s;

        open_scene(&s, x, versions[i % ECS_ARRAY_LEN(versions)]);
        random_line(&s);
        build(&s);
        if (ecs_doc_check(s.doc, s.context.version, &fault) != ECS_OK)
            fail_msg("case %u: %.*s", i, ECS_FMT(ecs_buf_str(&fault)));
        xml = render(&s, ECS_FORMAT_XML);
        json = render(&s, ECS_FORMAT_JSON);
        parsed = json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(parsed);
        assert_non_null(json_object_get(parsed, "ap2003"));
        assert_int_equal(json_object_size(json_object_get(parsed, "ap2005")), 1);
        assert_int_equal(has(xml, "VoiceOverCellularEntitleInfo"), s.context.version.major >= 7);
        assert_true(s.context.validity_s > 0);
        assert_int_equal(s.context.result_n, 3);
        json_decref(parsed);
        ecs_buf_done(&fault);
        ecs_arena_free(s.arena);
    }
}

static struct ecs_line_service complete(void)
{
    return (struct ecs_line_service){.service = ECS_STR("vowifi"),
                                     .tc_status = 1,
                                     .addr_status = 1,
                                     .prov_status = 1,
                                     .tc_version = 1,
                                     .addr_identifier = ECS_STR("loc-77f0"),
                                     .addr_expiry = NOW + 86400};
}

static void all_features(struct scene *s)
{
    static const struct ecs_str features[] = {ECS_STR("volte"), ECS_STR("vonr"), ECS_STR("vowifi"),
                                              ECS_STR("smsoip")};

    s->line.features = features;
    s->line.n_features = ECS_ARRAY_LEN(features);
}

/* proves: V-004 V-006 */
static void test_an_enabled_line_carries_expiry_and_identifier_of_the_address(void **state)
{
    struct scene s;
    struct ecs_str xml;

    open_scene(&s, *state, "12.0");
    all_features(&s);
    s.services[0] = complete();
    s.line.services = s.services;
    s.line.n_services = 1;
    build(&s);
    xml = render(&s, ECS_FORMAT_XML);
    assert_true(has(xml, "<parm name=\"AddrExpiry\" value=\"2026-03-05T04:53:20Z\"/>"));
    assert_true(has(xml, "<parm name=\"AddrIdentifier\" value=\"loc-77f0\"/>"));
    assert_int_equal(s.context.result[1].status, 1);
    assert_int_equal(s.context.orders, 0);
    ecs_arena_free(s.arena);
}

/* proves: V-017 V-018 P-047 */
static void test_the_portal_reference_is_opaque_and_opens_to_the_subscriber(void **state)
{
    struct fixture *x = *state;
    struct scene s;
    struct ecs_str xml, json, sid;
    struct ecs_flow_ref ref;
    ptrdiff_t at;

    open_scene(&s, x, "12.0");
    all_features(&s);
    build(&s);
    xml = render(&s, ECS_FORMAT_XML);
    json = render(&s, ECS_FORMAT_JSON);
    assert_true(has(json, "https://portal.example.net/w?a=1&b=2"));
    assert_true(has(xml, "https://portal.example.net/w?a=1&amp;b=2"));
    assert_false(has(xml, "001010123456789"));
    at = ecs_str_find(json, ECS_STR("sid="));
    assert_true(at > 0);
    sid = (struct ecs_str){json.p + at + 4, ECS_TOKEN_TEXT_MAX};
    assert_int_equal(ecs_flow_ref_open(x->sealer, sid, &ref), ECS_OK);
    assert_string_equal(ref.imsi.s, "001010123456789");
    assert_true(ref.expires_s > NOW + s.context.validity_s);
    ecs_arena_free(s.arena);
}

/* proves: P-009 */
static void test_an_application_that_is_not_offered_is_refused_in_its_own_form(void **state)
{
    struct scene s;
    struct ecs_str json;

    open_scene(&s, *state, "12.0");
    s.request.apps[0] = ECS_APP_2016;
    s.request.apps[1] = ECS_APP_2009;
    s.request.apps[2] = ECS_APP_2006;
    build(&s);
    json = render(&s, ECS_FORMAT_JSON);
    assert_true(has(json, "\"ap2016\":{\"EntitlementStatus\":\"2\"}"));
    assert_true(has(json, "\"ap2009\":{\"OperationResult\":\"100\",\"PrimaryAppEligibility\":\"2\"}"));
    assert_true(has(json, "\"ap2006\":{\"OperationResult\":\"100\",\"CompanionAppEligibility\":\"2\","
                          "\"CompanionDeviceServices\":\"\"}"));
    s.request.apps[0] = ECS_APP_2017; /* a name without operations in TS.43 12.0 */
    s.request.apps[1] = ECS_APP_2003;
    build(&s);
    json = render(&s, ECS_FORMAT_JSON);
    assert_true(has(json, "\"ap2017\":{\"OperationResult\":\"103\"}"));
    ecs_arena_free(s.arena);
}

/* proves: P-052 */
static void test_the_document_holds_as_long_as_its_shortest_application_and_no_longer_than_a_notice(
    void **state)
{
    static const struct ecs_notice outage = {.service = ECS_STR("smsoip"),
                                             .message_key = ECS_STR("outage"),
                                             .ends_at = NOW + 700,
                                             .validity_s = 900};
    struct scene s;
    int64_t stable;

    open_scene(&s, *state, "12.0");
    all_features(&s);
    s.services[0] = complete();
    s.line.services = s.services;
    s.line.n_services = 1;
    build(&s);
    stable = s.context.validity_s;
    assert_true(stable >= 3600);
    s.line.notices = &outage;
    s.line.n_notices = 1;
    build(&s);
    assert_int_equal(s.context.validity_s, 700);
    s.line.n_notices = 0;
    s.services[0].prov_status = 3;
    build(&s);
    assert_true(s.context.validity_s < 600);
    s.services[0].prov_status = 1;
    s.services[0].addr_expiry = NOW + 61;
    build(&s);
    assert_int_equal(s.context.validity_s, 61);
    ecs_arena_free(s.arena);
}

/* proves: P-032 */
static void test_a_refusal_speaks_the_language_of_the_request(void **state)
{
    struct fixture *x = *state;
    size_t n;
    const struct ecs_str *languages = ecs_messages_languages(x->messages, &n);
    struct ecs_str said[8];
    struct scene s;

    assert_in_range(n, 3, 8);
    for (size_t i = 0; i < n; i++) {
        open_scene(&s, x, "12.0");
        s.context.language = i;
        s.line.line_state = ECS_ROW_LINE_BARRED;
        build(&s);
        said[i] = render(&s, ECS_FORMAT_XML);
        assert_true(has(said[i], "MessageForIncompatible"));
        for (size_t k = 0; k < i; k++)
            if (ecs_str_eq(said[i], said[k]))
                fail_msg("%.*s and %.*s say the same", ECS_FMT(languages[i]), ECS_FMT(languages[k]));
        said[i].p = ecs_strdup(x->arena, said[i]);
        ecs_arena_free(s.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_line_state_gives_a_document_that_the_tables_accept),
        cmocka_unit_test(test_an_enabled_line_carries_expiry_and_identifier_of_the_address),
        cmocka_unit_test(test_the_portal_reference_is_opaque_and_opens_to_the_subscriber),
        cmocka_unit_test(test_an_application_that_is_not_offered_is_refused_in_its_own_form),
        cmocka_unit_test(
            test_the_document_holds_as_long_as_its_shortest_application_and_no_longer_than_a_notice),
        cmocka_unit_test(test_a_refusal_speaks_the_language_of_the_request),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
