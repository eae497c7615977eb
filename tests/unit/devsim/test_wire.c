/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of every client, byte for byte, as clients.md describes them. */

#include "common.h"

static const struct ecs_sim_url plain_url = {
    .host = "ecs.test", .port = "443", .path = "/", .query = {"", 0}, .authority = "ecs.test"};
static const struct ecs_sim_url deep_url = {
    .host = "ecs.test", .port = "8443", .path = "/ts43", .query = {"op=1", 4}, .authority = "ecs.test:8443"};

static struct ecs_sim_usim card(void)
{
    struct ecs_sim_usim usim = {.imsi = {"001010123456789"}, .mnc_digits = 2};

    return usim;
}

/* The bytes of a first request; user parameters as name, value, ..., NULL. */
static struct ecs_str first(struct ecs_arena *arena, const struct ecs_sim_wire *wire, enum ecs_sim_auth auth,
                            const char *token, const char *const *user)
{
    struct ecs_sim_params params, given;
    struct ecs_sim_usim usim = card();
    struct ecs_buf buf = {0};
    struct ecs_str text;

    ecs_sim_params_init(&params, arena);
    ecs_sim_params_init(&given, arena);
    for (; *user; user += 2)
        ecs_sim_params_add_cstr(&given, user[0], user[1]);
    ecs_sim_wire_params(&params, wire, &given, auth, &usim, ecs_str_of(token));
    ecs_sim_wire_first(&buf, wire, &params, auth == ECS_SIM_AUTH_TOKEN ? ECS_SIM_FAST : ECS_SIM_START, NULL);
    assert_false(buf.overflow);
    text = (struct ecs_str){ecs_strdup(arena, ecs_buf_str(&buf)), buf.n};
    ecs_buf_done(&buf);
    return text;
}

static struct ecs_str line_of(struct ecs_str text, const char *begin)
{
    struct ecs_str line;

    while (ecs_str_cut(&text, '\n', &line)) {
        if (ecs_str_starts_with(line, ecs_str_of(begin)))
            return ecs_str_trim(line);
    }
    return ECS_STR_NULL;
}

static void test_library_starts_as_android_does(void **state)
{
    static const char *const user[] = {"notif_token",
                                       "a:b",
                                       "notif_action",
                                       "2",
                                       "app_name",
                                       "x y",
                                       "app",
                                       "ap2004",
                                       "app",
                                       "ap2003",
                                       "terminal_vendor",
                                       "ACMEcorp",
                                       "terminal_model",
                                       "Phone(1)*long-name",
                                       "entitlement_version",
                                       "8.0",
                                       NULL};
    struct ecs_sim_wire wire = {.who = who("library"), .url = &plain_url, .format = ECS_SIM_FORMAT_XML};

    assert_text(
        first(*state, &wire, ECS_SIM_AUTH_EAP, NULL, user),
        "GET "
        "/?EAP_ID=0001010123456789%40nai.epc.mnc001.mcc001.3gppnetwork.org&notif_action=2&notif_token=a%3Ab"
        "&terminal_id=490154203237518&app_name=x%20y&app=ap2004&app=ap2003&terminal_vendor=ACME&terminal_"
        "model="
        "Phone(1)*l&terminal_sw_version=14.2&vers=0&entitlement_version=8.0 HTTP/1.1\r\n"
        "Host: ecs.test\r\n"
        "User-Agent: PRD-TS43 term-ACME/Phone(1)*l /1.0 OS-Android/14.2\r\n"
        "Accept: application/vnd.gsma.eap-relay.v1.0+json\r\n"
        "Accept-Language: en-GB\r\n"
        "Accept-Encoding: gzip\r\n"
        "Connection: Keep-Alive\r\n\r\n");
}

static void test_library_asks_fast_with_imsi_before_token(void **state)
{
    static const char *const user[] = {NULL};
    struct ecs_sim_wire wire = {.who = who("library"), .url = &deep_url, .format = ECS_SIM_FORMAT_BOTH};
    struct ecs_str text = first(*state, &wire, ECS_SIM_AUTH_TOKEN, "t/k", user);

    assert_true(
        ecs_str_starts_with(text, ECS_STR("GET /ts43?op=1&IMSI=001010123456789&token=t%2Fk&terminal_id=")));
    assert_text(line_of(text, "Host:"), "Host: ecs.test:8443");
    assert_text(line_of(text, "Accept:"), "Accept: application/json, text/vnd.wap.connectivity-xml");
    assert_null(line_of(text, "Cookie").p);
}

static void test_library_posts_strings_and_a_bracketed_list(void **state)
{
    static const char *const user[] = {"app",    "ap2003", "app", "ap2004", "terminal_sw_version",
                                       "a/b\"c", NULL};
    struct ecs_sim_wire wire = {.who = who("library"), .url = &plain_url, .post = true};
    struct ecs_str text = first(*state, &wire, ECS_SIM_AUTH_EAP, NULL, user);
    ptrdiff_t at = ecs_str_find(text, ECS_STR("\r\n\r\n"));

    assert_true(ecs_str_starts_with(text, ECS_STR("POST / HTTP/1.1\r\n")));
    assert_text(line_of(text, "Content-Type:"), "Content-Type: application/json");
    assert_text((struct ecs_str){text.p + at + 4, text.n - (size_t)at - 4},
                "{\"EAP_ID\":\"0001010123456789@nai.epc.mnc001.mcc001.3gppnetwork.org\",\"terminal_id\":"
                "\"490154203237518\",\"app\":\"[ap2003,ap2004]\",\"terminal_vendor\":\"Acme\",\"terminal_"
                "model\":\"Phone "
                "1\",\"terminal_sw_version\":\"a\\/b\\\"c\",\"vers\":\"0\",\"entitlement_version\":\"2.0\"}");
}

static void test_ims_sends_placeholders_and_three_applications(void **state)
{
    static const char *const user[] = {NULL};
    struct ecs_sim_wire wire = {.who = who("ims"), .url = &plain_url, .format = ECS_SIM_FORMAT_XML};
    struct ecs_str text = first(*state, &wire, ECS_SIM_AUTH_EAP, NULL, user);

    assert_true(
        ecs_str_find(text, ECS_STR("&app=ap2004&app=ap2003&app=ap2005&terminal_vendor=vend&terminal_model="
                                   "modelY&terminal_sw_version=versionZ&vers=0&")) > 0);
    assert_text(line_of(text, "User-Agent:"),
                "User-Agent: PRD-TS43 term-vend/modelY client-IMS-Entitlement/1.0 OS-Android/versionZ");
}

static void test_samsung_differs_in_blanks_and_always_takes_xml(void **state)
{
    static const char *const user[] = {"terminal_sw_version", "A B", NULL};
    struct ecs_sim_wire old = {.who = who("samsung-old"), .url = &deep_url},
                        newer = {.who = who("samsung-new"), .url = &deep_url};
    struct ecs_str a = first(*state, &old, ECS_SIM_AUTH_TOKEN, "tok", user);
    struct ecs_str b = first(*state, &newer, ECS_SIM_AUTH_TOKEN, "tok", user);

    assert_true(ecs_str_starts_with(a, ECS_STR("GET /?"))); /* always the root */
    assert_true(ecs_str_find(a, ECS_STR("terminal_sw_version=A+B")) > 0);
    assert_true(ecs_str_find(b, ECS_STR("terminal_sw_version=A%20B")) > 0);
    assert_text(line_of(a, "Accept:"),
                "Accept: application/vnd.gsma.eap-relay.v1.0+json, text/vnd.wap.connectivity-xml");
    assert_text(line_of(a, "User-Agent:"),
                "User-Agent: PRD-TS43/2.0 samsung/A B IMS-Entitlement/6 OS-Android/11");
    assert_text(line_of(b, "User-Agent:"), "User-Agent: PRD-TS43 SEC/A B IMS-Entitlement/6 OS-Android/14");
    assert_text(line_of(a, "Cache-Control:"), "Cache-Control: max-age=0");
}

static void test_health_sends_raw_values(void **state)
{
    static const char *const user[] = {"vers", "1 HTTP/1.1", NULL};
    struct ecs_sim_wire wire = {.who = who("health"), .url = &plain_url};
    struct ecs_str text = first(*state, &wire, ECS_SIM_AUTH_EAP, NULL, user);

    assert_true(ecs_str_starts_with(
        text,
        ECS_STR(
            "GET /?terminal_id=490154203237518&EAP_ID=0001010123456789@nai.epc.mnc001.mcc001.3gppnetwork.org"
            "&app=ap2006&vers=1 HTTP/1.1&app_name=Health&terminal_model=ABC-L29 watch&terminal_iccid=")));
    assert_text(line_of(text, "Connection:"), "Connection: close");
    text = first(*state, &wire, ECS_SIM_AUTH_TOKEN, "tok", user);
    assert_int_equal(ecs_str_find(text, ECS_STR("IMSI=")), -1);
    assert_true(ecs_str_find(text, ECS_STR("&provisioning_version=4.0&")) > 0);
    assert_text(line_of(text, "Accept:"), "Accept: application/json, application/xml");
    wire.post = true;
    text = first(*state, &wire, ECS_SIM_AUTH_EAP, NULL, user);
    assert_text(line_of(text, "Content-Type:"), "Content-Type: application/json; charset=utf-8");
    assert_true(ecs_str_find(text, ECS_STR("\"notif_action\":1}")) > 0); /* a number */
}

static void test_headless_sorts_and_keeps_the_query_on_the_answer(void **state)
{
    static const uint8_t packet[] = {2, 1, 0, 4};
    struct ecs_sim_wire wire = {.who = who("headless"), .url = &plain_url};
    struct ecs_sim_params params, user;
    struct ecs_sim_usim usim = card();
    struct ecs_sim_cookies cookies = {.arena = *state};
    struct ecs_buf buf = {0};

    ecs_sim_params_init(&params, *state);
    ecs_sim_params_init(&user, *state);
    ecs_sim_wire_params(&params, &wire, &user, ECS_SIM_AUTH_EAP, &usim, ECS_STR_NULL);
    ecs_sim_wire_answer(&buf, &wire, &params, ECS_SIM_ANSWER, &cookies, packet, sizeof(packet));
    assert_true(ecs_str_starts_with(
        ecs_buf_str(&buf),
        ECS_STR(
            "POST "
            "/?EAP_ID=0001010123456789%40nai.epc.mnc001.mcc001.3gppnetwork.org&app=ap2004&entitlement_version"
            "=1&terminal_id=490154203237518&terminal_model=probe+1&terminal_sw_version=1.0&terminal_vendor="
            "probe"
            "&vers=1 HTTP/1.1\r\n")));
    assert_text(line_of(ecs_buf_str(&buf), "Content-Type:"), "Content-Type: application/json");
    ecs_buf_done(&buf);
}

static void test_library_answers_to_the_bare_address(void **state)
{
    static const uint8_t packet[] = {0xff, 0xff, 0xff, 0xfb};
    struct ecs_sim_wire wire = {.who = who("library"), .url = &deep_url, .format = ECS_SIM_FORMAT_JSON};
    struct ecs_sim_params params;
    struct ecs_sim_cookies cookies = {.arena = *state, .n = 2};
    struct ecs_buf buf = {0};

    ecs_sim_params_init(&params, *state);
    cookies.lines[0] = ecs_printf(*state, "A=1");
    cookies.lines[1] = ecs_printf(*state, "B=2");
    ecs_sim_wire_answer(&buf, &wire, &params, ECS_SIM_ANSWER, &cookies, packet, sizeof(packet));
    assert_text(
        ecs_buf_str(&buf),
        "POST /ts43?op=1 HTTP/1.1\r\nHost: ecs.test:8443\r\nUser-Agent: PRD-TS43 term-/ /1.0 OS-Android/\r\n"
        "Accept: application/vnd.gsma.eap-relay.v1.0+json, application/json\r\nAccept-Language: en-GB\r\n"
        "Accept-Encoding: gzip\r\nConnection: Keep-Alive\r\nCookie: A=1\r\nCookie: B=2\r\nContent-Type: "
        "application/vnd.gsma.eap-relay.v1.0+json\r\nContent-Length: 35\r\n\r\n"
        "{\"eap-relay-packet\":\"\\/\\/\\/\\/+w==\"}");
    ecs_buf_reset(&buf);
    ecs_sim_wire_answer(&buf, &wire, &params, ECS_SIM_AUTS, &cookies, packet, sizeof(packet));
    assert_text(line_of(ecs_buf_str(&buf), "Accept:"), "Accept: application/vnd.gsma.eap-relay.v1.0+json");
    ecs_buf_done(&buf);
}

static void test_gzip_bodies_carry_their_coding(void **state)
{
    static const char *const user[] = {NULL};
    struct ecs_gzip *gzip = ecs_gzip_new(6);
    struct ecs_sim_wire wire = {.who = who("health"), .url = &plain_url, .post = true, .gzip = gzip};
    struct ecs_str text = first(*state, &wire, ECS_SIM_AUTH_EAP, NULL, user);
    ptrdiff_t at = ecs_str_find(text, ECS_STR("\r\n\r\n"));
    struct ecs_buf body = {0};

    assert_text(line_of(text, "Content-Encoding:"), "Content-Encoding: gzip");
    assert_int_equal(
        ecs_gzip_inflate(gzip, (struct ecs_str){text.p + at + 4, text.n - (size_t)at - 4}, 65536, &body),
        ECS_OK);
    assert_true(ecs_str_starts_with(ecs_buf_str(&body), ECS_STR("{\"terminal_id\":")));
    ecs_buf_done(&body);
    ecs_gzip_free(gzip);
}

static void test_unwanted_defaults_are_left_out(void **state)
{
    const char *const user[] = {"terminal_id", ecs_sim_unwanted, "vers", "", NULL};
    struct ecs_sim_wire wire = {.who = who("library"), .url = &plain_url};
    struct ecs_str text = first(*state, &wire, ECS_SIM_AUTH_NONE, NULL, user);

    assert_int_equal(ecs_str_find(text, ECS_STR("terminal_id")), -1);
    assert_true(ecs_str_find(text, ECS_STR("&vers=&")) > 0);
    assert_int_equal(ecs_str_find(text, ECS_STR("EAP_ID")), -1);
}

/* java.util.HashMap of "b", "a", "AaAa", "BBBB": equal hashes keep their order */
static void test_java_order_goes_by_bucket(void **state)
{
    struct ecs_sim_params params;
    struct ecs_buf buf = {0};

    ecs_sim_params_init(&params, *state);
    ecs_sim_params_add_cstr(&params, "b", "1");
    ecs_sim_params_add_cstr(&params, "AaAa", "2");
    ecs_sim_params_add_cstr(&params, "a", "3");
    ecs_sim_params_add_cstr(&params, "BBBB", "4");
    ecs_sim_params_sort(&params, ECS_SIM_ORDER_JAVA_HASH, NULL);
    ecs_sim_params_query(&buf, &params, ECS_SIM_ESCAPE_FORM);
    /* hash("a") = 97 -> 1, hash("b") = 98 -> 2, hash("AaAa") = 2031744 = 0x1F0080 -> 0x9F -> 15 */
    assert_text(ecs_buf_str(&buf), "a=3&b=1&AaAa=2&BBBB=4");
    ecs_buf_done(&buf);
}

static void test_escapes_are_those_of_each_client(void **state)
{
    static const struct {
        enum ecs_sim_escape escape;
        const char *text;
    } rows[] = {{ECS_SIM_ESCAPE_ANDROID, "a%20%40~'()*!_-.%2B%C3%A9"},
                {ECS_SIM_ESCAPE_FORM, "a+%40%7E%27%28%29*%21_-.%2B%C3%A9"},
                {ECS_SIM_ESCAPE_PERCENT, "a%20%40%7E%27%28%29*%21_-.%2B%C3%A9"},
                {ECS_SIM_ESCAPE_RAW, "a @~'()*!_-.+\xc3\xa9"}};

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_buf buf = {0};

        ecs_sim_escape(&buf, ECS_STR("a @~'()*!_-.+\xc3\xa9"), rows[i].escape);
        assert_text(ecs_buf_str(&buf), rows[i].text);
        ecs_buf_done(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SENTENCE(test_library_starts_as_android_does),
        SENTENCE(test_library_asks_fast_with_imsi_before_token),
        SENTENCE(test_library_posts_strings_and_a_bracketed_list),
        SENTENCE(test_ims_sends_placeholders_and_three_applications),
        SENTENCE(test_samsung_differs_in_blanks_and_always_takes_xml),
        SENTENCE(test_health_sends_raw_values),
        SENTENCE(test_headless_sorts_and_keeps_the_query_on_the_answer),
        SENTENCE(test_library_answers_to_the_bare_address),
        SENTENCE(test_gzip_bodies_carry_their_coding),
        SENTENCE(test_unwanted_defaults_are_left_out),
        SENTENCE(test_java_order_goes_by_bucket),
        SENTENCE(test_escapes_are_those_of_each_client),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
