/* SPDX-License-Identifier: Apache-2.0 */
/* Events of networks, values that are sent to them, and the sections of the configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/qos_int.h"
#include "ecs/conf.h"

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

/* ---- events ---- */

#define CLOUD(api, data)                                                                                     \
    "{\"id\":\"1\",\"source\":\"x\",\"specversion\":\"1.0\",\"type\":\"org.camaraproject." api               \
    "\",\"time\":\"2026-01-01T00:00:00Z\",\"data\":{" data "}}"
#define SESSION(data)    CLOUD("quality-on-demand.v1.qos-status-changed", data)
#define ASSIGNMENT(data) CLOUD("qos-provisioning.v0.status-changed", data)
#define T8(events)                                                                                           \
    "{\"transaction\":\"https://nef.example/a/subscriptions/h1\",\"eventReports\":[" events "]}"
#define NOTIFY(events)                                                                                       \
    "{\"evSubsUri\":\"https://pcf/npcf-policyauthorization/v1/app-sessions/h1/"                              \
    "events-subscription\",\"evNotifs\":[" events "]}"

static const struct {
    enum ecs_qos_type type;
    enum ecs_qos_door door;
    const char *body;
    int news; /* -1: refused */
} rows[] = {
    {ECS_QOS_CAMARA_SESSION, 0, SESSION("\"sessionId\":\"h1\",\"qosStatus\":\"AVAILABLE\""),
     ECS_QOS_NEWS_ACTIVE},
    {ECS_QOS_CAMARA_SESSION, 0, SESSION("\"sessionId\":\"h1\",\"qosStatus\":\"REQUESTED\""),
     ECS_QOS_NEWS_NONE},
    {ECS_QOS_CAMARA_SESSION, 0,
     SESSION("\"sessionId\":\"h1\",\"qosStatus\":\"UNAVAILABLE\",\"statusInfo\":\"DURATION_EXPIRED\""),
     ECS_QOS_NEWS_EXPIRED},
    {ECS_QOS_CAMARA_SESSION, 0,
     SESSION("\"sessionId\":\"h1\",\"qosStatus\":\"UNAVAILABLE\",\"statusInfo\":\"DELETE_REQUESTED\""),
     ECS_QOS_NEWS_DELETED},
    {ECS_QOS_CAMARA_SESSION, 0, SESSION("\"sessionId\":\"h1\",\"qosStatus\":\"UNAVAILABLE\""),
     ECS_QOS_NEWS_LOST},
    {ECS_QOS_CAMARA_SESSION, 0, SESSION("\"sessionId\":\"h1\",\"qosStatus\":\"PERHAPS\""), -1},
    {ECS_QOS_CAMARA_SESSION, 0, SESSION("\"qosStatus\":\"AVAILABLE\""), -1},
    {ECS_QOS_CAMARA_SESSION, 0, SESSION("\"sessionId\":\"..\",\"qosStatus\":\"AVAILABLE\""), -1},
    {ECS_QOS_CAMARA_SESSION, 0, ASSIGNMENT("\"assignmentId\":\"h1\",\"status\":\"AVAILABLE\""),
     ECS_QOS_NEWS_NONE},
    {ECS_QOS_CAMARA_PROVISIONING, 0, ASSIGNMENT("\"assignmentId\":\"h1\",\"status\":\"AVAILABLE\""),
     ECS_QOS_NEWS_ACTIVE},
    {ECS_QOS_CAMARA_PROVISIONING, 0,
     ASSIGNMENT("\"assignmentId\":\"h1\",\"status\":\"UNAVAILABLE\",\"statusInfo\":\"NETWORK_TERMINATED\""),
     ECS_QOS_NEWS_LOST},
    {ECS_QOS_CAMARA_PROVISIONING, 0, "{\"id\":\"1\",\"specversion\":\"2.0\",\"type\":\"x\"}", -1},
    {ECS_QOS_CAMARA_PROVISIONING, 0, "[]", -1},
    {ECS_QOS_T8, 0, T8("{\"event\":\"SUCCESSFUL_RESOURCES_ALLOCATION\"}"), ECS_QOS_NEWS_ACTIVE},
    {ECS_QOS_T8, 0, T8("{\"event\":\"SESSION_TERMINATION\"}"), ECS_QOS_NEWS_LOST},
    {ECS_QOS_T8, 0, T8("{\"event\":\"LOSS_OF_BEARER\"},{\"event\":\"SUCCESSFUL_RESOURCES_ALLOCATION\"}"),
     ECS_QOS_NEWS_LOST},
    {ECS_QOS_T8, 0, T8("{\"event\":\"PLMN_CHG\"}"), ECS_QOS_NEWS_NONE},
    {ECS_QOS_T8, 0, T8(""), -1},
    {ECS_QOS_T8, ECS_QOS_DOOR_NOTIFY, T8("{\"event\":\"PLMN_CHG\"}"), -1},
    {ECS_QOS_N5, ECS_QOS_DOOR_NOTIFY, NOTIFY("{\"event\":\"FAILED_RESOURCES_ALLOCATION\"}"),
     ECS_QOS_NEWS_LOST},
    {ECS_QOS_N5, ECS_QOS_DOOR_NOTIFY, NOTIFY("{\"event\":\"SUCCESSFUL_RESOURCES_ALLOCATION\"}"),
     ECS_QOS_NEWS_ACTIVE},
    {ECS_QOS_N5, ECS_QOS_DOOR_NOTIFY, "{\"evNotifs\":[{\"event\":\"PLMN_CHG\"}]}", -1},
    {ECS_QOS_N5, ECS_QOS_DOOR_TERMINATE,
     "{\"termCause\":\"PDU_SESSION_TERMINATION\",\"resUri\":\"https://pcf/x/app-sessions/h1\"}",
     ECS_QOS_NEWS_LOST},
    {ECS_QOS_N5, ECS_QOS_DOOR_TERMINATE, "{\"termCause\":\"PDU_SESSION_TERMINATION\"}", -1},
    {ECS_QOS_N5, ECS_QOS_DOOR_EVENT, NOTIFY("{\"event\":\"PLMN_CHG\"}"), -1},
    {ECS_QOS_RX, 0, "{}", -1},
};

static void test_each_event_is_understood_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_qos_conf conf = {.name = "n", .type = (int)rows[i].type};
        struct ecs_qos_event e = {0};
        const char *why = NULL;
        enum ecs_rc rc = ecs_qos_event_read(&conf, rows[i].door, arena, ecs_str_of(rows[i].body), &e, &why);

        if ((rows[i].news < 0) != (rc != ECS_OK))
            fail_msg("%s: %s", rows[i].body, rc == ECS_OK ? "was taken" : why);
        if (rc != ECS_OK)
            continue;
        if ((int)e.news != rows[i].news)
            fail_msg("%s: %d", rows[i].body, e.news);
        if (e.news != ECS_QOS_NEWS_NONE)
            assert_true(ecs_str_eq(e.handle, ECS_STR("h1")));
    }
}

/* ---- values ---- */

static void test_rates_have_a_unit(void **state)
{
    static const struct {
        const char *text;
        uint64_t bps;
    } good[] = {{"1 bps", 1},
                {"10 Mbps", 10000000},
                {"1.5 Gbps", 1500000000},
                {"0.25 Kbps", 250},
                {"3 Tbps", 3000000000000}};
    static const char *const bad[] = {
        "",        "10",     "10Mbps",   "10 mbps",           "10  Mbps",   "-1 Mbps",       "1. Mbps",
        ".5 Mbps", "0 Mbps", "10 Mbps ", "9999999999999 bps", "99999 Tbps", "1.1234567 Mbps"};
    uint64_t bps;

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(good); i++) {
        if (!qos_rate(good[i].text, &bps))
            fail_msg("%s", good[i].text);
        assert_true(bps == good[i].bps);
    }
    for (size_t i = 0; i < ECS_ARRAY_LEN(bad); i++)
        if (qos_rate(bad[i], &bps))
            fail_msg("%s", bad[i]);
}

static void test_links_give_their_last_part_only_when_it_may_stand_in_a_path(void **state)
{
    static const struct {
        const char *link, *part;
    } links[] = {
        {"https://a/b/7", "7"},          {"7", "7"}, {"https://a/b/7?x=/9", "7"}, {"https://a/b/7/", "7"},
        {"https://a/b/..", NULL},        {"", NULL}, {"https://a/b/x%2F", NULL},  {"https://a/b/a b", NULL},
        {"urn:uuid:1-2", "urn:uuid:1-2"}};

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(links); i++) {
        struct ecs_str part = qos_last_part(arena, ecs_str_of(links[i].link));

        if (links[i].part ? !ecs_str_eq(part, ecs_str_of(links[i].part)) : part.p != NULL)
            fail_msg("%s: %.*s", links[i].link, ECS_FMT(part));
    }
}

static void test_filters_name_the_device(void **state)
{
    (void)state;
    assert_string_equal(qos_flow(arena, ECS_STR("permit out ip from any to {ue}"), ECS_STR("10.0.0.1")),
                        "permit out ip from any to 10.0.0.1");
    assert_null(qos_flow(arena, ECS_STR("permit in ip from {ue} to any"), ECS_STR_NULL));
    assert_string_equal(qos_flow(arena, ECS_STR("permit out ip from any to assigned"), ECS_STR_NULL),
                        "permit out ip from any to assigned");
}

/* ---- settings ---- */

static const struct ecs_section sections[] = {
    {"qos", ecs_qos_settings, sizeof(struct ecs_qos_conf), .is_list = true, .check = ecs_qos_settings_check,
     .help = "Q."},
    {"qos_profiles", ecs_qos_profile_settings, sizeof(struct ecs_qos_profile_conf), .is_list = true,
     .check = ecs_qos_profile_check, .help = "P."},
    {0},
};

static void try_conf(const char *yaml, const char *fault)
{
    struct ecs_faults faults;
    struct ecs_conf *c;

    ecs_faults_init(&faults, arena);
    c = ecs_conf_parse("test", ecs_str_of(yaml), sections, &faults);
    if (!fault && !c)
        fail_msg("%s: %s", yaml, faults.first->text);
    if (fault && (c || !strstr(faults.first->text, fault)))
        fail_msg("%s: %s", yaml, c ? "taken" : faults.first->text);
    ecs_conf_unref(c);
}

#define GATEWAY "qos:\n  - name: gw\n    url: https://gw.example\n"
#define BOOST   "qos_profiles:\n  - name: boost\n"
static void test_sections_are_checked(void **state)
{
    static const struct {
        const char *yaml, *fault; /* NULL: good */
    } confs[] = {
        {"", NULL},
        {GATEWAY, NULL},
        {GATEWAY "    auth: oauth\n", "token_url"},
        {GATEWAY "    auth: key\n", "key_value"},
        {GATEWAY "    callback: https://ecs.example\n", "nobody could send events"},
        {GATEWAY "    callback: https://ecs.example\n    notifiers: [\"CN=x\"]\n", NULL},
        {GATEWAY "    events_token: short\n", "32 bytes"},
        {GATEWAY "    type: t8\n    as_id: ecs\n", "callback"},
        {GATEWAY "    type: t8\n    callback: https://ecs.example\n    notifiers: [\"CN=x\"]\n", "as_id"},
        {GATEWAY "    type: n5\n", "callback"},
        {GATEWAY "    path: x/\n", "path"},
        {"qos:\n  - name: pcrf\n    type: rx\n", "realm"},
        {"qos:\n  - name: pcrf\n    type: rx\n    realm: example.org\n", NULL},
        {"qos:\n  - name: GW\n    url: https://gw.example\n", "name"},
        {"qos:\n  - name: gw\n    url: ftp://gw.example\n", "url"},
        {BOOST, NULL},
        {BOOST "    down: 10 Mbps\n    server: 203.0.113.0/24\n    sst: 1\n    sd: 0a0b0c\n", NULL},
        {BOOST "    down: fast\n", "down"},
        {BOOST "    server: example.org\n", "server"},
        {BOOST "    sd: 0a0b0c\n", "sst"},
        {BOOST "    flows: [\"deny out ip from any to any\"]\n", "flows"},
        {BOOST "    camara_profile: \"QOS L\"\n", "camara_profile"},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(confs); i++)
        try_conf(confs[i].yaml, confs[i].fault);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_each_event_is_understood_or_refused),
        T(test_rates_have_a_unit),
        T(test_links_give_their_last_part_only_when_it_may_stand_in_a_path),
        T(test_filters_name_the_device),
        T(test_sections_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
