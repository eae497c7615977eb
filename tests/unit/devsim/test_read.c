/* SPDX-License-Identifier: Apache-2.0 */
/* How each client reads answers: HTTP, content types, cookies, relay bodies and EAP packets. */

#include "common.h"

#include <stdlib.h>

/* ---- HTTP ---- */

static enum ecs_sim_parse parse(struct ecs_arena *arena, const char *text, bool closed,
                                struct ecs_sim_response *response)
{
    const char *fault;
    char *copy = ecs_strdup(arena, ecs_str_of(text));

    assert_non_null(copy);
    return ecs_sim_response_parse(copy, strlen(copy), closed, response, &fault);
}

static void test_answer_with_length_is_complete_with_its_last_byte(void **state)
{
    static const char text[] = "HTTP/1.1 511 Network Authentication Required\r\nContent-Type: text/plain\r\n"
                               "content-length: 5\r\n\r\nhello";
    struct ecs_sim_response r;
    const char *fault;

    for (size_t n = 0; n < sizeof(text) - 1; n++) {
        char copy[sizeof(text)];

        memcpy(copy, text, sizeof(text));
        assert_int_equal(ecs_sim_response_parse(copy, n, false, &r, &fault), ECS_SIM_MORE);
        memcpy(copy, text, sizeof(text));
        assert_int_equal(ecs_sim_response_parse(copy, n, true, &r, &fault), ECS_SIM_BAD);
    }
    assert_int_equal(parse(*state, text, false, &r), ECS_SIM_DONE);
    assert_int_equal(r.status, 511);
    assert_text(r.reason, "Network Authentication Required");
    assert_text(r.body, "hello");
    assert_int_equal(r.consumed, sizeof(text) - 1);
    assert_true(r.keep_alive);
    assert_text(ecs_sim_response_header(&r, "CONTENT-TYPE"), "text/plain");
}

static void test_chunks_are_joined(void **state)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                               "3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n";
    struct ecs_sim_response r;
    const char *fault;

    for (size_t n = 0; n < sizeof(text) - 1; n++) {
        char copy[sizeof(text)];

        memcpy(copy, text, sizeof(text));
        assert_int_equal(ecs_sim_response_parse(copy, n, false, &r, &fault), ECS_SIM_MORE);
    }
    assert_int_equal(parse(*state, text, false, &r), ECS_SIM_DONE);
    assert_text(r.body, "abc0123456789");
    assert_false(r.keep_alive);
    assert_int_equal(r.consumed, sizeof(text) - 1);
}

static void test_interim_answers_are_skipped(void **state)
{
    struct ecs_sim_response r;

    assert_int_equal(
        parse(*state, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, &r),
        ECS_SIM_DONE);
    assert_int_equal(r.status, 200);
}

static void test_body_up_to_the_end_of_the_connection(void **state)
{
    struct ecs_sim_response r;

    assert_int_equal(parse(*state, "HTTP/1.0 200 OK\r\n\r\nabc", false, &r), ECS_SIM_MORE);
    assert_int_equal(parse(*state, "HTTP/1.0 200 OK\r\n\r\nabc", true, &r), ECS_SIM_DONE);
    assert_text(r.body, "abc");
}

static void test_what_is_not_http_is_refused(void **state)
{
    static const char *const bad[] = {
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 2xx OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    };
    struct ecs_sim_response r;

    for (size_t i = 0; i < ECS_ARRAY_LEN(bad); i++)
        assert_int_equal(parse(*state, bad[i], false, &r), ECS_SIM_BAD);
}

/* ---- content type ---- */

static void test_content_types_are_judged_as_the_clients_do(void **state)
{
    static const struct {
        const char *client, *type, *body;
        enum ecs_sim_content content;
    } rows[] = {
        {"library", "text/vnd.wap.connectivity-xml", "", ECS_SIM_CONTENT_XML},
        {"library", "application/xml; charset=utf-8", "", ECS_SIM_CONTENT_XML},
        {"library", "text/vnd.wap.connectivity", "", ECS_SIM_CONTENT_XML},
        {"library", "application/vnd.gsma.eap-relay.v1.0+json; charset=utf-8", "", ECS_SIM_CONTENT_JSON},
        {"library", "Application/JSON", "", ECS_SIM_CONTENT_UNKNOWN},
        {"library", "text/plain", "<", ECS_SIM_CONTENT_UNKNOWN},
        {"library", "", "{", ECS_SIM_CONTENT_UNKNOWN},
        {"samsung-old", "text/vnd.wap.connectivity-xml; charset=utf-8", " <x", ECS_SIM_CONTENT_XML},
        {"samsung-old", "text/plain", "{}", ECS_SIM_CONTENT_JSON},
        {"samsung-new", "text/plain", "?", ECS_SIM_CONTENT_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++)
        assert_int_equal(
            ecs_sim_content(who(rows[i].client), ecs_str_of(rows[i].type), ecs_str_of(rows[i].body)),
            rows[i].content);
}

/* ---- cookies ---- */

static void take(struct ecs_sim_cookies *cookies, const char *client, const char *const *lines,
                 struct ecs_sim_report *report)
{
    static struct ecs_sim_response response;

    memset(&response, 0, sizeof(response));
    for (; *lines; lines++)
        response.headers[response.header_n++] =
            (struct ecs_sim_header){ECS_STR("Set-Cookie"), ecs_str_of(*lines)};
    ecs_sim_cookies_take(cookies, who(client), &response, report);
}

static void assert_cookies(const struct ecs_sim_cookies *cookies, const char *wanted)
{
    struct ecs_buf buf = {0};

    ecs_sim_cookies_write(&buf, cookies);
    assert_text(ecs_buf_str(&buf), wanted);
    ecs_buf_done(&buf);
}

static void test_library_keeps_first_cookies_one_line_each(void **state)
{
    static const char *const first[] = {"A=1; Path=/; Secure; HttpOnly", "B=2; Max-Age=60; Path=/",
                                        "C=3; Max-Age=60; Expires=Thu, 01 Jan 2099 00:00:00 GMT", NULL};
    static const char *const later[] = {"A=9", NULL};
    struct ecs_sim_cookies cookies = {.arena = *state};

    take(&cookies, "library", first, NULL);
    take(&cookies, "library", later, NULL);
    assert_cookies(&cookies, "Cookie: A=1\r\nCookie: B=\"2\"\r\nCookie: C=3\r\n");
}

static void test_samsung_returns_the_latest_with_attributes_and_needs_one(void **state)
{
    static const char *const first[] = {"A=1; Path=/; Secure", "B=2; HttpOnly", NULL};
    static const char *const later[] = {"A=9; Path=/", NULL}, *const none[] = {NULL};
    struct ecs_sim_cookies cookies = {.arena = *state};
    struct ecs_sim_report report;

    ecs_sim_report_init(&report, *state);
    take(&cookies, "samsung-new", first, &report);
    assert_cookies(&cookies, "Cookie: A=1; Path=/; Secure; B=2; HttpOnly\r\n");
    take(&cookies, "samsung-new", later, &report);
    assert_cookies(&cookies, "Cookie: A=9; Path=/\r\n");
    assert_int_equal(report.breaks, 0);
    take(&cookies, "samsung-new", none, &report);
    assert_non_null(found(&report, "C-18", ECS_SIM_BREAK));
}

static void test_health_returns_the_last_line_and_headless_pairs(void **state)
{
    static const char *const lines[] = {"A=1; Path=/", "B=2; Path=/; Secure", NULL};
    struct ecs_sim_cookies health = {.arena = *state}, headless = {.arena = *state};

    take(&health, "health", lines, NULL);
    assert_cookies(&health, "Cookie: B=2; Path=/; Secure\r\n");
    take(&headless, "headless", lines, NULL);
    assert_cookies(&headless, "Cookie: A=1; B=2\r\n");
}

/* ---- relay bodies ---- */

static void test_packet_readers_have_the_clients_habits(void **state)
{
    /* base64 of 01 02 00 04 = AQIABA== */
    static const struct {
        const char *body;
        bool json, strings, cut;
    } rows[] = {
        {"{\"eap-relay-packet\":\"AQIABA==\"}", true, true, true},
        {"{\"eap-relay-packet\": \"AQIABA==\"}", true, true, false},
        {"{ \"eap-relay-packet\" : \"AQIABA==\" }", true, true, false},
        {"{\"eap-relay-packet\":\"AQIABA==\",\"session\":\"x\"}", true, true, false},
        {"{\"eap-relay-packet\":\"AQIABA==\",\"n\":1}", true, false, false},
        {"{\"eap-relay-packet\":null}", false, false, false},
        {"{\"eap-relay-packet\":\"AQIABA\"}", false, false, false},
        {"{\"other\":\"AQIABA==\"}", false, false, true},
        {"[\"AQIABA==\"]", false, false, false},
        {"", false, false, false},
        {"<xml/>", false, false, false},
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_sim_challenge c;
        struct ecs_sim_report report;
        struct ecs_str body = ecs_str_of(rows[i].body);

        ecs_sim_report_init(&report, *state);
        assert_int_equal(ecs_sim_packet_take(body, ECS_SIM_PACKET_JSON, &c, &report), rows[i].json);
        assert_int_equal(ecs_sim_packet_take(body, ECS_SIM_PACKET_JSON_STRINGS, &c, &report),
                         rows[i].strings);
        assert_int_equal(ecs_sim_packet_take(body, ECS_SIM_PACKET_CUT, &c, &report), rows[i].cut);
        if (!rows[i].json && !rows[i].strings && !rows[i].cut)
            assert_true(report.breaks >= 3);
        if (rows[i].cut) {
            assert_int_equal(c.n, 4);
            assert_memory_equal(c.packet, "\1\2\0\4", 4);
        }
    }
}

/* ---- EAP packets ---- */

#define HEAD "\x01\x2a\x00\x44\x17\x01\x00\x00"
#define RAND "\x01\x05\x00\x00RRRRRRRRRRRRRRRR"
#define AUTN                                                                                                 \
    "\x02\x05\x00\x00"                                                                                       \
    "AAAAAAAAAAAAAAAA"
#define MAC        "\x0b\x05\x00\x00MMMMMMMMMMMMMMMM"
#define RESULT_IND "\x87\x01\x00\x00"

static bool read_as(struct ecs_arena *arena, enum ecs_sim_attr_reader reader, const char *bytes, size_t n,
                    unsigned length)
{
    struct ecs_sim_challenge c = {.n = n};
    struct ecs_sim_report report;
    bool good;

    ecs_sim_report_init(&report, arena);
    memcpy(c.packet, bytes, n);
    c.packet[2] = (uint8_t)(length >> 8);
    c.packet[3] = (uint8_t)length;
    good = ecs_sim_challenge_read(&c, reader, &report);
    assert_int_equal(good, report.breaks == 0);
    if (good && c.has_vector) {
        assert_memory_equal(c.rand, "RRRRRRRRRRRRRRRR", 16);
        assert_memory_equal(c.autn, "AAAAAAAAAAAAAAAA", 16);
    }
    return good && c.has_vector;
}

static void test_attribute_readers_have_the_clients_habits(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        bool walk, fixed, step;
    } rows[] = {
#define ROW(bytes, walk, fixed, step) {bytes, sizeof(bytes) - 1, walk, fixed, step}
        ROW(HEAD RAND AUTN MAC, true, true, true),
        ROW(HEAD AUTN RAND MAC, true, false, true),
        ROW(HEAD RAND AUTN RESULT_IND MAC, true, true, true),
        ROW(HEAD RESULT_IND RAND AUTN MAC, true, false, false),
        ROW(HEAD RAND RESULT_IND AUTN MAC, true, false, false),
        ROW(HEAD RAND MAC, false, false, false),
        ROW(HEAD RAND AUTN, true, true, true),
        ROW(HEAD RAND AUTN "\x00\x00", false, true, true),
        ROW(HEAD RAND AUTN "\x0b\x00\x00\x00", false, true, true),
        ROW(HEAD RAND AUTN "\x0b", false, true, true),
        ROW(HEAD RAND AUTN "\x0b\x06\x00\x00", false, true, true),
        ROW(HEAD "\x01\x04\x00\x00RRRRRRRRRRRR" AUTN MAC, false, false, false),
#undef ROW
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        unsigned n = (unsigned)rows[i].n;

        assert_int_equal(read_as(*state, ECS_SIM_ATTR_WALK, rows[i].bytes, n, n), rows[i].walk);
        assert_int_equal(read_as(*state, ECS_SIM_ATTR_FIXED, rows[i].bytes, n, n), rows[i].fixed);
        assert_int_equal(read_as(*state, ECS_SIM_ATTR_STEP, rows[i].bytes, n, n), rows[i].step);
        assert_false(read_as(*state, ECS_SIM_ATTR_WALK, rows[i].bytes, n, n + 1));
        assert_false(read_as(*state, ECS_SIM_ATTR_FIXED, rows[i].bytes, n, n - 1));
    }
}

static void test_every_cut_of_a_challenge_is_survived(void **state)
{
    static const char whole[] = HEAD RAND AUTN MAC;

    for (unsigned n = 0; n < sizeof(whole) - 1; n++) {
        for (int reader = ECS_SIM_ATTR_WALK; reader <= ECS_SIM_ATTR_STEP; reader++) {
            bool good = read_as(*state, (enum ecs_sim_attr_reader)reader, whole, n, n);

            /* without AT_MAC the phones still go on; the readers by place do not mind a cut AT_MAC */
            assert_int_equal(good, n == 48 || (n > 48 && reader != ECS_SIM_ATTR_WALK));
        }
    }
}

static void test_challenge_check_names_order_and_form(void **state)
{
    struct ecs_sim_challenge c = {.n = 68, .code = 1, .type = 23, .subtype = 1};
    struct ecs_sim_report report;

    ecs_sim_report_init(&report, *state);
    memcpy(c.packet, HEAD AUTN RAND MAC, 68);
    ecs_sim_challenge_check(&c, ECS_STR("{\"eap-relay-packet\": \"x\"}"), &report);
    assert_non_null(found(&report, "C-12", ECS_SIM_FAULT));
    assert_non_null(found(&report, "C-13", ECS_SIM_FAULT));
    ecs_sim_report_init(&report, *state);
    c.subtype = 5;
    ecs_sim_challenge_check(&c, ECS_STR(""), &report);
    assert_non_null(found(&report, "C-14", ECS_SIM_FAULT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SENTENCE(test_answer_with_length_is_complete_with_its_last_byte),
        SENTENCE(test_chunks_are_joined),
        SENTENCE(test_interim_answers_are_skipped),
        SENTENCE(test_body_up_to_the_end_of_the_connection),
        SENTENCE(test_what_is_not_http_is_refused),
        SENTENCE(test_content_types_are_judged_as_the_clients_do),
        SENTENCE(test_library_keeps_first_cookies_one_line_each),
        SENTENCE(test_samsung_returns_the_latest_with_attributes_and_needs_one),
        SENTENCE(test_health_returns_the_last_line_and_headless_pairs),
        SENTENCE(test_packet_readers_have_the_clients_habits),
        SENTENCE(test_attribute_readers_have_the_clients_habits),
        SENTENCE(test_every_cut_of_a_challenge_is_survived),
        SENTENCE(test_challenge_check_names_order_and_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
