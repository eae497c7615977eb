/* SPDX-License-Identifier: Apache-2.0 */
/* What each client sees in a document, what it does with it, and the checks of the compatibility list. */

#include "common.h"

#define HEAD "<?xml version=\"1.0\"?>\n<wap-provisioningdoc version=\"1.1\">"
#define VERS                                                                                                 \
    "<characteristic type=\"VERS\"><parm name=\"version\" value=\"1\"/><parm name=\"validity\" "             \
    "value=\"60\"/>"                                                                                         \
    "</characteristic>"
#define TOKEN                                                                                                \
    "<characteristic type=\"TOKEN\"><parm name=\"token\" value=\"abc\"/><parm name=\"validity\" "            \
    "value=\"9\"/>"                                                                                          \
    "</characteristic>"
#define APP(id, rest)                                                                                        \
    "<characteristic type=\"APPLICATION\"><parm name=\"AppID\" value=\"" id "\"/>" rest "</characteristic>"
#define P(name, value) "<parm name=\"" name "\" value=\"" value "\"/>"
#define TAIL           "</wap-provisioningdoc>"
#define DOC(apps)      HEAD VERS TOKEN apps TAIL

struct scene {
    struct ecs_sim_report report;
    struct ecs_sim_document document, view;
    struct ecs_sim_params asked;
    struct ecs_buf words;
    bool read, seen;
};

/* apps: "ap2003 ap2004" */
static struct scene *look(struct ecs_arena *arena, const char *client, const char *body, const char *apps)
{
    struct scene *s = ecs_alloc(arena, sizeof(*s));
    struct ecs_str rest = ecs_str_of(apps), app;

    assert_non_null(s);
    ecs_sim_report_init(&s->report, arena);
    ecs_sim_params_init(&s->asked, arena);
    while (ecs_str_cut(&rest, ' ', &app))
        ecs_sim_params_add(&s->asked, ECS_STR("app"), app);
    s->read = ecs_sim_document_read(&s->document, arena, ecs_str_of(body), *body == '{', &s->report);
    if (s->read)
        s->seen = ecs_sim_view_read(&s->view, arena, who(client), &s->document, &s->report);
    if (s->seen)
        ecs_sim_meaning(&s->words, who(client), &s->document, &s->view, &s->asked, &s->report);
    return s;
}

static bool says(struct scene *s, const char *part)
{
    return ecs_str_find(ecs_buf_str(&s->words), ecs_str_of(part)) >= 0;
}

static void end(struct scene *s)
{
    ecs_buf_done(&s->words);
}

static void test_xml_and_json_give_the_same_paths(void **state)
{
    static const char xml[] = DOC(APP(
        "ap2003",
        "<characteristic type=\"VoiceOverCellularEntitleInfo\"><characteristic type=\"RATVoice\">" P(
            "AccessType",
            "1") "</characteristic><characteristic type=\"RATVoice\">" P("AccessType",
                                                                         "2") "</characteristic></"
                                                                              "characteristic>" P("RegisterNo"
                                                                                                  "tifStatus",
                                                                                                  "0"))
                                      APP("ap2004", P("A", "x&amp;y")));
    static const char json[] = "{\"Vers\":{\"version\":\"1\",\"validity\":\"60\"},\"Token\":{\"token\":"
                               "\"abc\",\"validity\":\"9\"},\"ap2003\":{"
                               "\"VoiceOverCellularEntitleInfo\":[{\"RATVoice\":{\"AccessType\":\"1\"}},{"
                               "\"RATVoice\":{\"AccessType\":\"2\"}}],"
                               "\"RegisterNotifStatus\":\"0\"},\"ap2004\":{\"A\":\"x&y\"}}";
    struct scene *a = look(*state, "library", xml, ""), *b = look(*state, "library", json, "");
    size_t n = 0;

    assert_true(a->read && b->read);
    assert_text(
        ecs_sim_document_get(&a->document, "ap2003/VoiceOverCellularEntitleInfo/RATVoice[1]/AccessType"),
        "2");
    for (const struct ecs_sim_value *v = b->document.first; v; v = v->next, n++) {
        char path[200];

        snprintf(path, sizeof(path), "%.*s", ECS_FMT(v->path));
        assert_text(ecs_sim_document_get(&a->document, path), ecs_strdup(*state, v->value));
    }
    assert_int_equal(n, 8);
    end(a);
    end(b);
}

static void test_ill_formed_documents_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "<wap-provisioningdoc version=\"1.1\">",
        "<doc/>",
        HEAD TAIL TAIL,
        HEAD "<parm name=\"a\" value=\"b\"/>" TAIL,
        HEAD "<characteristic type=\"VERS\"><parm name=\"a\" value=\"b\"></parm></characteristic>" TAIL,
        HEAD "<characteristic type=\"VERS\"><parm name=\"a\" value=\"x & y\"/></characteristic>" TAIL,
        HEAD "<characteristic type=\"VERS\"><parm name=\"a\" value=\"&nbsp;\"/></characteristic>" TAIL,
        HEAD "<characteristic type=\"VERS\"><parm name=\"a\" value=\"a<b\"/></characteristic>" TAIL,
        HEAD "<characteristic type=\"VERS\"><parm name=\"a\" name=\"b\"/></characteristic>" TAIL,
        HEAD "<characteristic type=\"VERS\"><parm name=a value=\"b\"/></characteristic>" TAIL,
        HEAD "<characteristic kind=\"VERS\"></characteristic>" TAIL,
        HEAD "<characteristic type=\"APPLICATION\">" P("EntitlementStatus", "1") "</characteristic>" TAIL,
        HEAD "<other/>" TAIL,
        HEAD VERS "</characteristic>" TAIL,
        HEAD "<!-- open" TAIL,
        "{\"Vers\":",
        "{\"a\":\"1\",\"a\":\"2\"}",
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(bad); i++) {
        struct scene *s = look(*state, "library", bad[i], "");

        assert_false(s->read);
        assert_true(s->report.breaks > 0);
        end(s);
    }
}

static void test_entities_arrive_as_each_client_resolves_them(void **state)
{
    static const char body[] =
        DOC(APP("ap2004", P("ServiceFlow_URL", "https://p/?a=1&amp;b=&lt;") P("EntitlementStatus", "1")));
    static const struct {
        const char *client, *value;
        bool finding;
    } rows[] = {
        {"library", "https://p/?a=1&b=&lt;", true},
        {"ims", "https://p/?a=1&b=&lt;", true},
        {"samsung-old", "https://p/?a=1&amp;b=&lt;", true},
        {"samsung-new", "https://p/?a=1&b=<", false},
        {"health", "https://p/?a=1&b=<", false},
        {"headless", "https://p/?a=1&b=<", false},
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct scene *s = look(*state, rows[i].client, body, "ap2004");

        assert_true(s->seen);
        assert_text(ecs_sim_view_get(&s->view, who(rows[i].client), ECS_STR("ap2004"), "ServiceFlow_URL"),
                    rows[i].value);
        assert_int_equal(found(&s->report, "C-34", ECS_SIM_BREAK) != NULL, rows[i].finding);
        end(s);
    }
}

static void test_parameter_names_match_as_each_client_compares_them(void **state)
{
    static const char body[] = DOC(APP("ap2004", P("entitlementstatus", "1")));
    struct scene *library = look(*state, "library", body, "ap2004"),
                 *ims = look(*state, "ims", body, "ap2004");

    assert_text(ecs_sim_view_get(&library->view, who("library"), ECS_STR("ap2004"), "EntitlementStatus"),
                "1");
    assert_null(ecs_sim_view_get(&ims->view, who("ims"), ECS_STR("ap2004"), "EntitlementStatus").p);
    assert_true(says(ims, "Wi-Fi calling: incompatible, switched off"));
    end(library);
    end(ims);
}

static void test_library_merges_applications_and_the_last_wins(void **state)
{
    struct scene *s =
        look(*state, "library",
             DOC(APP("ap2004", P("EntitlementStatus", "1")) APP("ap2005", P("EntitlementStatus", "0"))),
             "ap2004 ap2005");

    assert_text(ecs_sim_view_get(&s->view, who("library"), ECS_STR("ap2004"), "EntitlementStatus"), "0");
    assert_int_equal(s->report.breaks, 0);
    end(s);
}

static void test_ims_loses_parameters_around_nested_blocks(void **state)
{
    static const char body[] = DOC(APP(
        "ap2004", P("EntitlementStatus", "1") "<characteristic type=\"X\">" P("a", "b") "</characteristic>"));
    struct scene *ims = look(*state, "ims", body, "ap2004"), *health = look(*state, "health", body, "ap2004");

    assert_non_null(found(&ims->report, "C-32", ECS_SIM_BREAK));
    assert_int_equal(health->report.breaks, 0);
    end(ims);
    end(health);
}

static void test_ims_reads_voice_flat_or_by_access_type(void **state)
{
#define CELL(access, home, status)                                                                           \
    "<characteristic type=\"RATVoiceEntitleInfoDetails\">" P("AccessType", access)                           \
        P("HomeRoamingNWType", home) P("EntitlementStatus", status) "</characteristic>"
    struct scene *flat = look(*state, "ims", DOC(APP("ap2003", P("EntitlementStatus", "1"))), "ap2003");
    struct scene *cells =
        look(*state, "ims",
             DOC(APP("ap2003", "<characteristic type=\"VoiceOverCellularEntitleInfo\">" CELL("1", "2", "1")
                                   CELL("2", "3", "0") "</characteristic>")),
             "ap2003");
    struct scene *none = look(*state, "ims", DOC(APP("ap2003", P("x", "1"))), "ap2003");

    assert_true(says(flat, "Voice over cellular: on"));
    assert_true(says(cells, "VoLTE home on, VoNR roaming off"));
    assert_non_null(found(&none->report, "C-32", ECS_SIM_BREAK));
    end(flat);
    end(cells);
    end(none);
}

/* clients.md 3.3: the four outcomes and the trap beside them */
static void test_ims_judges_wifi_calling_by_all_four_values(void **state)
{
#define STATES(status, tc, addr, prov)                                                                       \
    DOC(APP("ap2004", P("EntitlementStatus", status) P("TC_Status", tc) P("AddrStatus", addr)                \
                          P("ProvStatus", prov) P("ServiceFlow_URL", "https://p/")))
    static const struct {
        const char *body, *words;
        bool harm;
    } rows[] = {
        {STATES("1", "1", "1", "1"), "entitled", false},
        {STATES("1", "2", "2", "2"), "entitled", false},
        {STATES("0", "0", "1", "1"), "data missing", false},
        {STATES("0", "1", "0", "0"), "data missing", false},
        {STATES("0", "3", "1", "1"), "in progress", false},
        {STATES("0", "1", "1", "0"), "in progress", false},
        {STATES("3", "1", "1", "1"), "in progress", false},
        {STATES("2", "1", "1", "1"), "incompatible", false},
        {STATES("0", "1", "1", "1"), "not switched off", true},
        {STATES("0", "2", "2", "2"), "not switched off", true},
        {STATES("1", "1", "0", "1"), "not switched off", true},
        {DOC(APP("ap2004", P("EntitlementStatus", "1"))), "entitled", false},
        {DOC(APP("ap2004", P("EntitlementStatus", "0"))), "not switched off", true},
        {DOC(APP("ap2004", P("EntitlementStatus", "0") P("TC_Status", "0"))), "data missing", true},
        {DOC(APP("ap2004", P("TC_Status", "0"))), "incompatible", false},
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct scene *s = look(*state, "ims", rows[i].body, "ap2004");

        assert_true(says(s, rows[i].words));
        assert_int_equal(found(&s->report, "C-31a", ECS_SIM_BREAK) != NULL, rows[i].harm);
        end(s);
    }
}

static void test_missing_application_is_switched_off_by_android(void **state)
{
    struct scene *s = look(*state, "ims", DOC(APP("ap2004", P("EntitlementStatus", "2"))), "ap2004 ap2005");

    assert_true(says(s, "SMS over IP: not in the answer"));
    assert_non_null(found(&s->report, "C-31", ECS_SIM_BREAK));
    end(s);
}

static void test_samsung_counts_attributes_and_blocks(void **state)
{
    struct scene *order =
        look(*state, "samsung-new",
             HEAD VERS TOKEN "<characteristic type=\"APPLICATION\"><parm name=\"AppID\" value=\"ap2004\"/>"
                             "<parm value=\"1\" name=\"EntitlementStatus\"/></characteristic>" TAIL,
             "ap2004");
    struct scene *root = look(*state, "samsung-old",
                              "<wap-provisioningdoc version=\"1.1\" x=\"y\">" VERS TOKEN APP(
                                  "ap2004", P("EntitlementStatus", "1")) TAIL,
                              "ap2004");
    struct scene *fourth =
        look(*state, "samsung-new",
             DOC(APP("ap2003", P("EntitlementStatus", "1")) APP("ap2004", P("EntitlementStatus", "1"))
                     APP("ap2005", P("EntitlementStatus", "1")) APP("ap2010", P("EntitlementStatus", "1"))),
             "ap2010");

    assert_false(order->seen);
    assert_false(root->seen);
    assert_true(fourth->seen);
    assert_non_null(found(&fourth->report, "C-32", ECS_SIM_BREAK));
    end(order);
    end(root);
    end(fourth);
}

static void test_json_is_rubbish_to_xml_clients(void **state)
{
    static const char body[] =
        "{\"Vers\":{\"version\":\"1\",\"validity\":\"60\"},\"Token\":{\"token\":\"a\"},\"ap2004\":{"
        "\"EntitlementStatus\":\"1\"}}";

    static const char xml_only[] = "ims samsung-old headless simadmin odsa-primary odsa-companion gms";

    for (size_t i = 0; i < ecs_sim_personality_count; i++) {
        const char *name = ecs_sim_personalities[i].name;
        bool reads = !ecs_sim_words_have(xml_only, ecs_str_of(name));
        struct scene *s = look(*state, name, body, "ap2004");

        assert_int_equal(found(&s->report, "C-25", ECS_SIM_BREAK) == NULL, reads);
        end(s);
    }
}

static void test_vers_pairs_are_told_in_words(void **state)
{
#define PAIR(a, b)                                                                                           \
    HEAD "<characteristic type=\"VERS\">" P("version", a) P("validity", b) "</characteristic>" TOKEN TAIL
    static const struct {
        const char *body, *words;
    } rows[] = {
        {PAIR("7", "86400"), "version 7, to be asked again in 86400 s"},
        {PAIR("7", "0"), "without limit"},
        {PAIR("0", "0"), "reset to the default"},
        {PAIR("-1", "-1"), "no more questions"},
        {PAIR("5", "-1"), "no meaning"},
        {HEAD TOKEN TAIL, "no meaning"},
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct scene *s = look(*state, "ims", rows[i].body, "");

        assert_true(says(s, rows[i].words));
        end(s);
    }
}

static void test_download_information_must_fit_the_client(void **state)
{
#define DOWNLOAD(parms)                                                                                      \
    DOC(APP("ap2006", P("OperationResult", "1")                                                              \
                          P("SubscriptionResult", "2") "<characteristic type=\"DownloadInfo\">" parms        \
                                                       "</characteristic>"))
    static const struct {
        const char *client, *body;
        bool harm;
    } rows[] = {
        {"library", DOWNLOAD(P("ProfileSmdpAddress", "smdp.test") P("ProfileIccid", "8900")), false},
        {"library", DOWNLOAD(P("ProfileSmdpAddress", "smdp.test")), true},
        {"library", DOWNLOAD(P("ProfileActivationCode", "MSRzbWRwJFg=")), false},
        {"library", DOWNLOAD(P("ProfileActivationCode", "1$smdp.test$X")), true},
        {"health", DOWNLOAD(P("ProfileActivationCode", "1$smdp.test$X")), false},
        {"health", DOWNLOAD(P("ProfileActivationCode", "MSRzbWRwJFg=")), true},
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct scene *s = look(*state, rows[i].client, rows[i].body, "ap2006");

        assert_true(says(s, "success; download profile;"));
        assert_int_equal(found(&s->report, "C-38", ECS_SIM_BREAK) != NULL, rows[i].harm);
        end(s);
    }
}

static void test_document_check_names_the_broken_rule(void **state)
{
    static const char type[] = "text/vnd.wap.connectivity-xml";
    static const struct {
        const char *body, *type, *apps, *rule;
    } rows[] = {
        {DOC(APP("ap2004", P("EntitlementStatus", "1"))), type, "ap2004", NULL},
        {DOC(APP("ap2004", P("EntitlementStatus", "1"))), "text/vnd.wap.connectivity-xml; charset=utf-8",
         "ap2004", "C-27"},
        {DOC(APP("ap2004", P("EntitlementStatus", "1"))), type, "ap2004 ap2005", "C-31"},
        {DOC(APP("ap2004", P("EntitlementStatus", "1"))), type, "ap2004 ap9999", NULL},
        {DOC(APP("ap2004", P("EntitlementStatus", "1"))), type, "", "C-31"},
        {DOC(APP("ap2004", P("x", "a&quot;b"))), type, "ap2004", "C-34"},
        {DOC(APP("ap2004", P("x", "a\nb"))), type, "ap2004", "C-29"},
        {HEAD VERS TOKEN "<!-- x -->" TAIL, type, "", "C-29"},
        {HEAD VERS TAIL, type, "", "C-30"},
        {HEAD TOKEN TAIL, type, "", "C-30"},
        {PAIR("5", "-1"), type, "", "C-30"},
        {"<wap-provisioningdoc version=\"1.0\">" VERS TOKEN TAIL, type, "", "C-29"},
        {"{\"Vers\":{\"version\":\"1\",\"validity\":60},\"Token\":{\"token\":\"a\",\"validity\":\"1\"}}",
         "application/json", "", "C-35"},
        {"{\"Vers\":{\"version\":\"1\",\"validity\":\"60\"},\"Token\":{\"token\":\"a\",\"validity\":\"1\"},"
         "\"ap2009\":{"
         "\"TemporaryToken\":\"x\"}}",
         "application/json", "ap2009", "C-36"},
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct scene *s = look(*state, "samsung-new", rows[i].body, rows[i].apps);

        assert_true(s->read);
        ecs_sim_report_init(&s->report, *state);
        ecs_sim_document_check(&s->document, ecs_str_of(rows[i].type), &s->asked, &s->report);
        if (rows[i].rule) {
            assert_non_null(s->report.first);
            assert_string_equal(s->report.first->rule, rows[i].rule);
        } else {
            assert_null(s->report.first);
        }
        end(s);
    }
}

/* ---- status codes ---- */

static void test_status_codes_lead_where_the_client_goes(void **state)
{
    static const struct {
        const char *client;
        int status;
        const char *retry_after;
        bool again;
        const char *rule;
        enum ecs_sim_severity severity;
    } rows[] = {
        {"library", 511, NULL, true, NULL, 0},
        {"ims", 503, NULL, false, "C-42", ECS_SIM_BREAK},
        {"ims", 503, "soon", false, "C-42", ECS_SIM_BREAK},
        {"ims", 503, "30", false, NULL, 0},
        {"library", 503, "0", false, "C-42", ECS_SIM_FAULT},
        {"samsung-old", 406, NULL, false, "C-44", ECS_SIM_BREAK},
        {"samsung-new", 400, NULL, false, "C-42", ECS_SIM_BREAK},
        {"samsung-new", 500, NULL, false, "C-42", ECS_SIM_BREAK},
        {"samsung-new", 511, NULL, true, NULL, 0},
        {"health", 409, NULL, false, NULL, 0},
        {"headless", 403, NULL, true, "C-41", ECS_SIM_NOTE},
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_sim_device *d = ecs_alloc(*state, sizeof(*d));

        assert_non_null(d);
        d->arena = *state;
        d->wire.who = who(rows[i].client);
        ecs_sim_report_init(&d->report, *state);
        d->response.status = rows[i].status;
        if (rows[i].retry_after)
            d->response.headers[d->response.header_n++] =
                (struct ecs_sim_header){ECS_STR("Retry-After"), ecs_str_of(rows[i].retry_after)};
        assert_int_equal(ecs_sim_status_judge(d, true, 0), rows[i].again);
        assert_false(ecs_sim_status_judge(d, true, 1)); /* never twice */
        if (rows[i].rule)
            assert_non_null(found(&d->report, rows[i].rule, rows[i].severity));
        else
            assert_null(d->report.first);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SENTENCE(test_xml_and_json_give_the_same_paths),
        SENTENCE(test_ill_formed_documents_are_refused),
        SENTENCE(test_entities_arrive_as_each_client_resolves_them),
        SENTENCE(test_parameter_names_match_as_each_client_compares_them),
        SENTENCE(test_library_merges_applications_and_the_last_wins),
        SENTENCE(test_ims_loses_parameters_around_nested_blocks),
        SENTENCE(test_ims_reads_voice_flat_or_by_access_type),
        SENTENCE(test_ims_judges_wifi_calling_by_all_four_values),
        SENTENCE(test_missing_application_is_switched_off_by_android),
        SENTENCE(test_samsung_counts_attributes_and_blocks),
        SENTENCE(test_json_is_rubbish_to_xml_clients),
        SENTENCE(test_vers_pairs_are_told_in_words),
        SENTENCE(test_download_information_must_fit_the_client),
        SENTENCE(test_document_check_names_the_broken_rule),
        SENTENCE(test_status_codes_lead_where_the_client_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
