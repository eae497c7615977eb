/* SPDX-License-Identifier: Apache-2.0 */
/* Pure parts of the AAA providers: the thread of a conversation, names that are sent, answers of RADIUS,
 * accounting records, what the sections say together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/accounting_int.h"

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

/* ---- thread ---- */

static void test_a_thread_comes_back_as_it_was(void **state)
{
    const struct aaa_thread all = {ECS_STR("aaa.test"), ECS_STR("ecs;1;2"), ECS_STR("st\0te")};
    struct aaa_thread back;
    struct ecs_str bytes;

    (void)state;
    assert_true(aaa_thread_write(arena, true, &all, &bytes));
    assert_true(aaa_thread_read(bytes, true, &back));
    assert_true(ecs_str_eq(back.server, all.server) && ecs_str_eq(back.session, all.session) &&
                ecs_str_eq(back.state, all.state));
    assert_false(aaa_thread_read(bytes, false, &back));
    for (size_t n = 0; n < bytes.n; n++)
        assert_false(aaa_thread_read((struct ecs_str){bytes.p, n}, true, &back));
    assert_true(aaa_thread_write(arena, false, &(struct aaa_thread){.server = ECS_STR("one")}, &bytes));
    assert_true(aaa_thread_read(bytes, false, &back));
    assert_null(back.state.p);
}

static void test_a_state_that_is_too_long_makes_no_thread(void **state)
{
    char *big = ecs_alloc(arena, ECS_AAA_THREAD_MAX);
    struct aaa_thread thread = {ECS_STR("s"), ECS_STR("i"), {big, ECS_AAA_THREAD_MAX - 8}};
    struct ecs_str bytes;

    (void)state;
    memset(big, 'x', ECS_AAA_THREAD_MAX);
    assert_false(aaa_thread_write(arena, true, &thread, &bytes));
    assert_null(bytes.p);
    thread.state.n = ECS_AAA_THREAD_MAX - 9;
    assert_true(aaa_thread_write(arena, true, &thread, &bytes));
    assert_int_equal(bytes.n, ECS_AAA_THREAD_MAX);
}

/* ---- names ---- */

static void test_names_hold_an_imsi_in_their_permanent_forms_only(void **state)
{
    static const struct {
        const char *name, *imsi;
    } rows[] = {
        {"001010000000001", "001010000000001"},
        {"0001010000000001@nai.epc.mnc001.mcc001.3gppnetwork.org", "001010000000001"},
        {"6001010000000001@x.test", "001010000000001"},
        {"2abcdef@x.test", NULL},
        {"anonymous@x.test", NULL},
        {"", NULL},
        {"0@x", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++)
        if (!ecs_str_eq(aaa_imsi_of_name(ecs_str_of(rows[i].name)), ecs_str_of(rows[i].imsi)))
            fail_msg("%s", rows[i].name);
}

static void test_an_encrypted_identity_travels_inside_eap_only(void **state)
{
    struct ecs_str realms[] = {ECS_STR("*.test")}, name;
    struct ecs_aaa_conf c = {.name = "a", .user_realms = {realms, 1}};
    struct ecs_str encrypted = {"\0QUJDRA==", 9};

    (void)state;
    assert_non_null(aaa_user_name(&c, encrypted, arena, &name));
    c.anonymous_realm = "home.test";
    assert_null(aaa_user_name(&c, encrypted, arena, &name));
    assert_true(ecs_str_eq(name, ECS_STR("anonymous@home.test")));
    assert_null(aaa_user_name(&c, ECS_STR("0001010000000001@HOME.Test"), arena, &name));
    assert_non_null(aaa_user_name(&c, ECS_STR("0001010000000001@test"), arena, &name));
    assert_non_null(aaa_user_name(&c, ECS_STR("0001010000000001@eviltest"), arena, &name));
}

/* ---- RADIUS ---- */

static enum ecs_aaa_verdict judge(unsigned code, struct ecs_buf *attrs, bool bare, bool first,
                                  struct ecs_aaa_round *round)
{
    struct ecs_aaa_conf c = {.accept_without_eap = bare};
    struct ecs_radius_answer answer = {.rc = ECS_OK, .code = (uint8_t)code, .attrs = ecs_buf_str(attrs)};
    struct ecs_str state;

    *round = (struct ecs_aaa_round){.verdict = ECS_AAA_TRANSIENT};
    aaa_judge_radius(&c, &answer, first, arena, round, &state);
    return round->verdict;
}

static void test_radius_answers_are_judged_by_their_code(void **state)
{
    static const char success[] = {3, 7, 0, 4}, request[] = {1, 7, 0, 5, 23};
    struct ecs_aaa_round round;
    struct ecs_buf ok = {0}, more = {0}, bare = {0};

    (void)state;
    ecs_radius_put_eap(&ok, (struct ecs_str){success, sizeof(success)});
    ecs_radius_put(&ok, ECS_RADIUS_USER_NAME, ECS_STR("0001010000000001@x.test"));
    ecs_radius_put(&ok, ECS_RADIUS_CLASS, ECS_STR("class"));
    ecs_radius_put_u32(&ok, ECS_RADIUS_SESSION_TIMEOUT, 600);
    ecs_radius_put_eap(&more, (struct ecs_str){request, sizeof(request)});
    ecs_radius_put_u32(&more, ECS_RADIUS_SESSION_TIMEOUT, 30);
    assert_int_equal(judge(ECS_RADIUS_ACCESS_ACCEPT, &ok, false, false, &round), ECS_AAA_ACCEPTED);
    assert_true(ecs_str_eq(round.imsi, ECS_STR("001010000000001")));
    assert_true(ecs_str_eq(round.class, ECS_STR("class")));
    assert_int_equal(round.session_s, 600);
    assert_false(round.kept);
    assert_int_equal(judge(ECS_RADIUS_ACCESS_ACCEPT, &ok, false, true, &round), ECS_AAA_TRANSIENT);
    assert_int_equal(judge(ECS_RADIUS_ACCESS_CHALLENGE, &more, false, true, &round), ECS_AAA_MORE);
    assert_int_equal(round.wait_s, 30);
    assert_int_equal(judge(ECS_RADIUS_ACCESS_CHALLENGE, &bare, false, true, &round), ECS_AAA_TRANSIENT);
    assert_int_equal(judge(ECS_RADIUS_ACCESS_ACCEPT, &bare, false, false, &round), ECS_AAA_TRANSIENT);
    assert_int_equal(judge(ECS_RADIUS_ACCESS_ACCEPT, &bare, true, false, &round), ECS_AAA_ACCEPTED);
    assert_int_equal(judge(ECS_RADIUS_ACCESS_REJECT, &bare, false, false, &round), ECS_AAA_REJECTED);
    assert_non_null(round.why);
    ecs_radius_put(&ok, ECS_RADIUS_TGPP_IMSI, ECS_STR("001010000000002"));
    assert_int_equal(judge(ECS_RADIUS_ACCESS_ACCEPT, &ok, false, false, &round), ECS_AAA_TRANSIENT);
    ecs_buf_done(&ok);
    ecs_buf_done(&more);
}

/* ---- accounting ---- */

static const struct ecs_accounting_row row = {.kind = ECS_ACCOUNTING_SESSION,
                                              .session = {"00000001000000ff", 16},
                                              .nas = {"ecs.test", 8},
                                              .user_name = {"u@x.test", 8},
                                              .class = {"c", 1},
                                              .event_at = 1700000000};

static void test_an_event_of_diameter_has_the_same_session_each_time(void **state)
{
    const struct aaa_origin me = {"another.test", "test"}; /* not the node that wrote the row */
    const struct ecs_accounting_conf conf = {.realm = "acct.test"};
    struct ecs_diameter_message m = {.command = ECS_DIAMETER_ACCOUNTING, .flags = ECS_DIAMETER_R};
    struct ecs_buf first = {0}, second = {0};
    struct ecs_str text;
    uint32_t number;
    int64_t time;

    (void)state;
    accounting_put_acr(&first, &conf, &me, &row, ACCOUNTING_EVENT_RECORD);
    accounting_put_acr(&second, &conf, &me, &row, ACCOUNTING_EVENT_RECORD);
    assert_true(ecs_str_eq(ecs_buf_str(&first), ecs_buf_str(&second)));
    m.avps = ecs_buf_str(&first);
    assert_int_equal(ecs_diameter_missing(&m), ECS_AVP_UNKNOWN);
    assert_true(ecs_diameter_get(m.avps, ECS_AVP_SESSION_ID, &text));
    assert_true(ecs_str_eq(text, ECS_STR("ecs.test;1;255;acct")));
    assert_true(ecs_diameter_get_u32(m.avps, ECS_AVP_ACCOUNTING_RECORD_TYPE, &number));
    assert_int_equal(number, 1);
    assert_true(ecs_diameter_get_u32(m.avps, ECS_AVP_ACCT_APPLICATION_ID, &number));
    assert_int_equal(number, 3);
    assert_true(ecs_diameter_get_time(m.avps, ECS_AVP_EVENT_TIMESTAMP, &time));
    assert_int_equal(time, 1700000000);
    ecs_buf_done(&first);
    ecs_buf_done(&second);
}

static void test_start_and_stop_of_diameter_are_one_session_with_rising_numbers(void **state)
{
    const struct aaa_origin me = {"ecs.test", "test"};
    const struct ecs_accounting_conf conf = {.realm = "acct.test"};
    static const struct {
        enum accounting_acr type;
        uint32_t number;
    } want[] = {{ACCOUNTING_START_RECORD, 0}, {ACCOUNTING_STOP_RECORD, 1}};

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(want); i++) {
        struct ecs_buf buf = {0};
        struct ecs_str text;
        uint32_t number;

        accounting_put_acr(&buf, &conf, &me, &row, want[i].type);
        assert_true(ecs_diameter_get(ecs_buf_str(&buf), ECS_AVP_SESSION_ID, &text));
        assert_true(ecs_str_eq(text, ECS_STR("ecs.test;1;255;acct")));
        assert_true(ecs_diameter_get_u32(ecs_buf_str(&buf), ECS_AVP_ACCOUNTING_RECORD_TYPE, &number));
        assert_int_equal(number, want[i].type);
        assert_true(ecs_diameter_get_u32(ecs_buf_str(&buf), ECS_AVP_ACCOUNTING_RECORD_NUMBER, &number));
        assert_int_equal(number, want[i].number);
        ecs_buf_done(&buf);
    }
}

static void test_records_of_radius_say_who_and_when(void **state)
{
    struct ecs_buf start = {0}, stop = {0}, on = {0};
    struct ecs_accounting_row node = {.kind = ECS_ACCOUNTING_ON, .session = row.session, .nas = row.nas};
    struct ecs_str text;
    uint32_t number;

    (void)state;
    assert_true(accounting_put_record(&start, &row, ECS_RADIUS_START));
    assert_true(accounting_put_record(&stop, &row, ECS_RADIUS_STOP));
    assert_true(accounting_put_record(&on, &node, ECS_RADIUS_ON));
    assert_true(ecs_radius_get_u32(ecs_buf_str(&start), ECS_RADIUS_ACCT_STATUS_TYPE, &number));
    assert_int_equal(number, 1);
    assert_true(ecs_radius_get(ecs_buf_str(&start), ECS_RADIUS_CLASS, &text));
    assert_false(ecs_radius_get(ecs_buf_str(&start), ECS_RADIUS_ACCT_SESSION_TIME, &text));
    assert_true(ecs_radius_get_u32(ecs_buf_str(&stop), ECS_RADIUS_ACCT_STATUS_TYPE, &number));
    assert_int_equal(number, 2);
    assert_true(ecs_radius_get_u32(ecs_buf_str(&stop), ECS_RADIUS_ACCT_TERMINATE_CAUSE, &number));
    assert_true(ecs_radius_get(ecs_buf_str(&on), ECS_RADIUS_ACCT_SESSION_ID, &text));
    assert_false(ecs_radius_get(ecs_buf_str(&on), ECS_RADIUS_USER_NAME, &text));
    ecs_buf_done(&start);
    ecs_buf_done(&stop);
    ecs_buf_done(&on);
}

/* ---- sections together ---- */

static unsigned check(const struct ecs_aaa_sections *s, const char *words)
{
    struct ecs_faults faults, warnings;

    ecs_faults_init(&faults, arena);
    ecs_faults_init(&warnings, arena);
    ecs_aaa_check_all(s, "x", &faults, &warnings);
    for (const struct ecs_fault *f = faults.first; words && f; f = f->next)
        if (strstr(f->text, words))
            return faults.count;
    if (words)
        fail_msg("nobody said: %s", words);
    return faults.count;
}

static void test_sections_must_fit_together(void **state)
{
    struct ecs_str servers[] = {ECS_STR("r")}, applications[] = {ECS_STR("swm")};
    struct ecs_diameter_section diameter = {
        .host = "e.test", .realm = "test", .applications = {applications, 1}};
    struct ecs_aaa_conf aaa[2] = {{.name = "a", .type = ECS_AAA_SWM, .realm = "x.test"},
                                  {.name = "b", .type = ECS_AAA_RADIUS, .servers = {servers, 1}}};
    struct ecs_radius_row radius[2] = {{.name = "r", .host = "127.0.0.1", .secret = "0123456789abcdef"},
                                       {.name = "q", .host = "127.0.0.1", .secret = "short"}};
    struct ecs_diameter_peer_row peers[2] = {{.name = "p", .host = "127.0.0.1"},
                                             {.name = "p", .host = "::1"}};
    struct ecs_diameter_route_row routes[1] = {{.realm = "*", .peer = "p"}};
    struct ecs_aaa_sections s = {.aaa = aaa,
                                 .aaa_n = 2,
                                 .radius = radius,
                                 .radius_n = 1,
                                 .diameter = &diameter,
                                 .peers = peers,
                                 .peers_n = 1,
                                 .routes = routes,
                                 .routes_n = 1,
                                 .production = true};

    (void)state;
    assert_int_equal(check(&s, NULL), 0);
    s.radius_n = 2;
    assert_int_equal(check(&s, "a secret below 16 bytes"), 1);
    s.production = false;
    assert_int_equal(check(&s, NULL), 0);
    radius[1].name = "r";
    assert_int_equal(check(&s, "\"r\" stands twice"), 1);
    s.radius_n = 0;
    assert_int_equal(check(&s, "has no \"r\""), 1);
    s.radius_n = 1;
    s.peers_n = 2;
    assert_int_equal(check(&s, "\"p\" stands twice"), 1);
    s.peers_n = 1;
    routes[0].peer = "q";
    assert_int_equal(check(&s, "diameter_peers has no \"q\""), 1);
    routes[0].peer = "p";
    aaa[0].type = ECS_AAA_SWX;
    assert_int_equal(check(&s, "does not name the application of type swx"), 1);
    aaa[1].name = "a";
    assert_int_equal(check(&s, "aaa: \"a\" stands twice"), 2);
}

static void test_a_realm_that_no_route_leads_to_is_a_fault_of_the_configuration(void **state)
{
    enum { APPLICATION_SWM = 2 }; /* of ecs_diameter_application_names */
    struct ecs_str applications[] = {ECS_STR("swm"), ECS_STR("accounting")};
    struct ecs_diameter_section diameter = {
        .host = "e.test", .realm = "test", .applications = {applications, 2}};
    struct ecs_aaa_conf aaa = {.name = "a", .type = ECS_AAA_SWM, .realm = "x.test"};
    struct ecs_accounting_conf accounting = {.via = ECS_ACCOUNTING_DIAMETER, .realm = "x.test"};
    struct ecs_diameter_peer_row peer = {.name = "p", .host = "127.0.0.1"};
    struct ecs_diameter_route_row route = {.realm = "X.test", .peer = "p"};
    struct ecs_aaa_sections s = {.aaa = &aaa,
                                 .aaa_n = 1,
                                 .diameter = &diameter,
                                 .accounting = &accounting,
                                 .peers = &peer,
                                 .peers_n = 1,
                                 .routes = &route,
                                 .routes_n = 1};

    (void)state;
    assert_int_equal(check(&s, NULL), 0);
    route.application = APPLICATION_SWM;
    assert_int_equal(check(&s, "accounting: section diameter_routes has no row for realm x.test"), 1);
    route.realm = "y.test";
    assert_int_equal(check(&s, "aaa \"a\": section diameter_routes has no row for realm x.test"), 2);
    route.realm = "*";
    route.application = 0;
    assert_int_equal(check(&s, NULL), 0);
    s.aaa_n = s.peers_n = s.routes_n = 0;
    assert_int_equal(check(&s, "accounting: section diameter_peers is empty"), 1);
}

static void test_peers_without_routes_serve_every_realm(void **state)
{
    struct ecs_diameter_section diameter = {.host = "e.test", .realm = "test"};
    struct ecs_diameter_peer_row peers[2] = {{.name = "p", .host = "127.0.0.1"},
                                             {.name = "q", .host = "::1"}};
    struct ecs_aaa_sections s = {.diameter = &diameter, .peers = peers, .peers_n = 2};
    struct ecs_diameter_conf conf;

    (void)state;
    assert_true(ecs_diameter_conf_of(&s, arena, NULL, NULL, &conf));
    assert_int_equal(conf.routes_n, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(conf.routes[i].realm, "*");
        assert_string_equal(conf.routes[i].peer, conf.peers[i].name);
        assert_int_equal(conf.routes[i].application, 0);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_a_thread_comes_back_as_it_was),
        TEST(test_a_state_that_is_too_long_makes_no_thread),
        TEST(test_names_hold_an_imsi_in_their_permanent_forms_only),
        TEST(test_an_encrypted_identity_travels_inside_eap_only),
        TEST(test_radius_answers_are_judged_by_their_code),
        TEST(test_an_event_of_diameter_has_the_same_session_each_time),
        TEST(test_start_and_stop_of_diameter_are_one_session_with_rising_numbers),
        TEST(test_records_of_radius_say_who_and_when),
        TEST(test_sections_must_fit_together),
        TEST(test_a_realm_that_no_route_leads_to_is_a_fault_of_the_configuration),
        TEST(test_peers_without_routes_serve_every_realm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
