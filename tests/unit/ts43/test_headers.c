/* SPDX-License-Identifier: Apache-2.0 */
/* Format, language, coding, cookie and software, from the headers of real clients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "ecs/negotiate.h"

#define XML  "text/vnd.wap.connectivity-xml"
#define JSON "application/json"
#define REL  "application/vnd.gsma.eap-relay.v1.0+json"

/* proves: X-025 */
static void test_accept_decides_the_format(void **state)
{
    const struct {
        const char *accept;
        enum ecs_format format;
        bool relay;
    } rows[] = {
        {XML, ECS_FORMAT_XML, false},
        {JSON ", " XML, ECS_FORMAT_XML, false},
        {JSON ";q=1.0, " XML ";q=0.1", ECS_FORMAT_XML, false},
        {REL ", " XML, ECS_FORMAT_XML, true},
        {REL "," JSON, ECS_FORMAT_JSON, true},
        {JSON, ECS_FORMAT_JSON, false},
        {"application/json, application/xml", ECS_FORMAT_JSON, false},
        {"Application/JSON;charset=\"a,b;q=0\"", ECS_FORMAT_JSON, false},
        {REL, ECS_FORMAT_JSON, true},
        {"  ," REL ",,", ECS_FORMAT_JSON, true},
        {REL ", */*", ECS_FORMAT_XML, true},
        {"application/xml", ECS_FORMAT_XML, false},
        {"*/*", ECS_FORMAT_XML, false},
        {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", ECS_FORMAT_XML, false},
        {"", ECS_FORMAT_XML, false},
        {NULL, ECS_FORMAT_XML, false},
        {"image/png", ECS_FORMAT_XML, false},
        {"nonsense;;;=,\"", ECS_FORMAT_XML, false},
        {XML ";q=0, " JSON, ECS_FORMAT_JSON, false},
        {JSON ";q=0.000, */*", ECS_FORMAT_XML, false},
        {JSON " ; Q = 0 ", ECS_FORMAT_XML, false},
        {JSON ";q=0.001", ECS_FORMAT_JSON, false},
        {JSON ";q=bad", ECS_FORMAT_JSON, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ecs_accept accept = ecs_accept_read(ecs_str_of(rows[i].accept));

        if (accept.format != rows[i].format || accept.relay != rows[i].relay)
            fail_msg("Accept: %s", rows[i].accept);
    }
}

/* proves: P-038 X-027 */
static void test_content_types_are_exact(void **state)
{
    (void)state;
    assert_string_equal(ecs_format_type(ECS_FORMAT_XML), "text/vnd.wap.connectivity-xml");
    assert_string_equal(ecs_format_type(ECS_FORMAT_JSON), "application/json");
}

/* proves: P-033 */
static void test_best_language_is_found(void **state)
{
    const struct ecs_str available[] = {ECS_STR("en"), ECS_STR("de"), ECS_STR("fr"), ECS_STR("pt-BR"),
                                        ECS_STR("zh-Hant")};
    const struct {
        const char *header;
        size_t index;
    } rows[] = {
        {"de", 1},
        {"DE-at", 1},
        {"de-AT-1996, fr", 1},
        {"xx;q=1,fr;q=0.5", 2},
        {"fr;q=0.5, de;q=0.7", 1},
        {"fr;q=0.5, de;q=0.5", 2},
        {"pt", 3},
        {"pt-PT, fr;q=0.9", 2},
        {"zh-Hant-TW", 4},
        {"pt-br,pt;q=0.8,en;q=0.5", 3},
        {"xx, *;q=0.5", 0},
        {"de;q=0, fr;q=0, *", 0},
        {"en;q=0, *", 1},
        {"en;q=0", 1},
        {"*;q=0", 0},
        {"d", 0},
        {"den", 0},
        {"", 0},
        {NULL, 0},
        {";;;,,=;q=", 0},
        {"de;q=0, de-AT", 0},
        {"xx", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (ecs_language_match(ecs_str_of(rows[i].header), available, 5, 0) != rows[i].index)
            fail_msg("Accept-Language: %s", rows[i].header);
    assert_int_equal(ecs_language_match(ECS_STR("xx"), available, 5, 2), 2);
}

/* proves: P-036 */
static void test_only_a_listed_coding_is_used(void **state)
{
    const char *const yes[] = {"gzip",
                               "GZIP",
                               "x-gzip",
                               "br, gzip;q=0.1",
                               "deflate,gzip;q=1.0,*;q=0.5",
                               "identity;q=0, gzip",
                               "identity;q=0.5, gzip;q=0.5"};
    const char *const no[] = {NULL, "",    "br",      "gzip;q=0", "gzip;q=0.0, identity",
                              "*",  "gzi", "gzipped", "identity", "identity, gzip;q=0.5"};

    (void)state;
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
        assert_true(ecs_accepts_gzip(ecs_str_of(yes[i])));
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        assert_false(ecs_accepts_gzip(ecs_str_of(no[i])));
}

/* All values that the lines give for "ecsid", joined with "|". */
static void assert_cookies(const char *const *lines, size_t n, const char *wanted)
{
    struct ecs_str in[8], values[4];
    char text[256] = "";
    size_t found;

    for (size_t i = 0; i < n; i++)
        in[i] = ecs_str_of(lines[i]);
    found = ecs_cookie_find(in, n, ECS_STR("ecsid"), values, 4);
    for (size_t i = 0; i < found; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%.*s", i ? "|" : "",
                 ECS_FMT(values[i]));
    assert_string_equal(text, wanted);
}

/* proves: X-019 */
static void test_session_cookie_is_found_in_every_form(void **state)
{
    (void)state;
    assert_cookies((const char *const[]){"ecsid=abc"}, 1, "abc");
    assert_cookies((const char *const[]){"lb=node7", "ecsid=abc"}, 2, "abc");
    assert_cookies((const char *const[]){"$Version=1; ecsid=\"abc\"; $Path=\"/\""}, 1, "abc");
    assert_cookies((const char *const[]){"ecsid=abc; Path=/; Secure; HttpOnly"}, 1, "abc");
    assert_cookies((const char *const[]){"a=1; b=2;ecsid=abc;c=\"x;ecsid=no\""}, 1, "abc");
    assert_cookies((const char *const[]){"a=1, ecsid=abc , b=2"}, 1, "abc");
    assert_cookies((const char *const[]){"ecsid=old; ecsid=new", "ecsid=old"}, 2, "old|new");
    assert_cookies((const char *const[]){"ecsid = abc "}, 1, "abc");
    assert_cookies((const char *const[]){"ecsid=a=b=="}, 1, "a=b==");
    assert_cookies((const char *const[]){"ECSID=abc; ecsid2=x; xecsid=y; ecsid=; ecsid; =ecsid"}, 1, "");
    assert_cookies((const char *const[]){"", ";;;,,", "=\""}, 3, "");
    assert_cookies((const char *const[]){"ecsid=1;ecsid=2;ecsid=3;ecsid=4;ecsid=5"}, 1, "1|2|3|4");
}

static void test_cookie_search_is_bounded(void **state)
{
    char line[1024] = "";

    (void)state;
    for (int i = 0; i < 63; i++)
        strcat(line, "a=1;");
    strcat(line, "ecsid=abc");
    assert_cookies((const char *const[]){line}, 1, "abc");
    line[strlen(line) - 9] = '\0';
    strcat(line, "a=1;ecsid=abc");
    assert_cookies((const char *const[]){line}, 1, "");
}

static void assert_part(struct ecs_str part, const char *wanted, const char *header)
{
    if (!ecs_str_eq(part, wanted ? ecs_str_of(wanted) : ECS_STR_NULL))
        fail_msg("User-Agent: %s: \"%.*s\", not \"%s\"", header, ECS_FMT(part), wanted ? wanted : "");
}

/* proves: X-006 */
static void test_user_agents_of_real_clients(void **state)
{
    const struct {
        const char *header, *vendor, *model, *client, *client_version, *os, *os_version;
    } rows[] = {
        {"PRD-TS43 term-ACME/Phone1-A1 client-IMS-Entitlement/3.1 OS-Android/15", "ACME", "Phone1-A1",
         "IMS-Entitlement", "3.1", "Android", "15"},
        {"PRD-TS43 TVENDOR/TMODEL IMS-Entitlement/1.0 OS-Android/8.0", "TVENDOR", "TMODEL", "IMS-Entitlement",
         "1.0", "Android", "8.0"},
        {"PRD-TS43 term-vend/Pixel 7 Pro  /1.0 OS-Android/14 QPR 2", "vend", "Pixel 7 Pro", NULL, "1.0",
         "Android", "14 QPR 2"},
        {"PRD-TS43/2.0 SEC/S911B IMS-Entitlement/6 OS-Android/14", "SEC", "S911B", "IMS-Entitlement", "6",
         "Android", "14"},
        {"prd-ts43 term-\xc3\xa9/\xff client-Companion-ODSA/1", "\xc3\xa9", "\xff", "Companion-ODSA", "1",
         NULL, NULL},
        {"PRD-TS43 OS-Android/9", NULL, NULL, NULL, NULL, "Android", "9"},
        {"PRD-TS43 client-Server-ODSA/1", NULL, NULL, "Server-ODSA", "1", NULL, NULL},
        {"PRD-TS43", NULL, NULL, NULL, NULL, NULL, NULL},
        {"PRD-TS43   ", NULL, NULL, NULL, NULL, NULL, NULL},
        {"PRD-TS43 / / OS-/", NULL, NULL, NULL, NULL, NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ecs_user_agent agent = ecs_user_agent_read(ecs_str_of(rows[i].header));

        assert_true(agent.ts43);
        assert_part(agent.vendor, rows[i].vendor, rows[i].header);
        assert_part(agent.model, rows[i].model, rows[i].header);
        assert_part(agent.client, rows[i].client, rows[i].header);
        assert_part(agent.client_version, rows[i].client_version, rows[i].header);
        assert_part(agent.os, rows[i].os, rows[i].header);
        assert_part(agent.os_version, rows[i].os_version, rows[i].header);
    }
    assert_false(ecs_user_agent_read(ECS_STR("okhttp/4.9")).ts43);
    assert_false(ecs_user_agent_read(ECS_STR_NULL).ts43);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept_decides_the_format),
        cmocka_unit_test(test_content_types_are_exact),
        cmocka_unit_test(test_best_language_is_found),
        cmocka_unit_test(test_only_a_listed_coding_is_used),
        cmocka_unit_test(test_session_cookie_is_found_in_every_form),
        cmocka_unit_test(test_cookie_search_is_bounded),
        cmocka_unit_test(test_user_agents_of_real_clients),
    };

    return cmocka_run_group_tests_name("headers", tests, NULL, NULL);
}
