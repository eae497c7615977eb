/* SPDX-License-Identifier: Apache-2.0 */
/* The RADIUS client and one server: what is sent, what is sent again, what is believed, and identifiers. */
#include "radius_rig.h"

static struct rig_server a;

static void test_a_request_is_answered(void **state)
{
    struct ecs_radius_server_conf conf;
    struct rig_ask ask = {.told = false};
    struct ecs_neighbour_stats stats = {0};
    struct ecs_radius *radius;
    struct ecs_str text;

    (void)state;
    rig_open_server(&a);
    conf = rig_conf("a", &a, 0);
    conf.stats = &stats;
    radius = rig_open(&conf, 1, NULL);
    assert_int_equal(rig_ask_once(&ask, radius, NULL), ECS_OK);
    assert_int_equal(ask.answer.code, ECS_RADIUS_ACCESS_ACCEPT);
    assert_true(ecs_radius_get(ask.answer.attrs, ECS_RADIUS_REPLY_MESSAGE, &text));
    assert_true(ecs_str_eq(text, ECS_STR("hello")));
    assert_string_equal(ask.answer.server, "a");
    assert_null(ask.answer.error);
    assert_int_equal(a.n, 1);
    assert_memory_equal(a.kept[0].p + ECS_RADIUS_HEADER + 18, "\1\5a@b", 5);
    rig_end(&ask);
    assert_int_equal(stats.calls, 1);
    assert_int_equal(stats.ok, 1);
    assert_int_equal(stats.in_flight, 0);
    assert_true(stats.us_total > 0);
    ecs_radius_free(radius);
    rig_close_server(&a);
}

static void test_a_lost_packet_is_sent_again_byte_by_byte(void **state)
{
    struct ecs_radius_server_conf conf;
    struct ecs_radius *radius;

    (void)state;
    rig_open_server(&a);
    a.skip = 2;
    conf = rig_conf("a", &a, 0);
    radius = rig_open(&conf, 1, NULL);
    assert_int_equal(rig_code(radius, NULL), ECS_RADIUS_ACCESS_ACCEPT);
    assert_int_equal(a.n, 3);
    for (unsigned i = 1; i < 3; i++) {
        assert_int_equal(a.kept[i].n, a.kept[0].n);
        assert_memory_equal(a.kept[i].p, a.kept[0].p, a.kept[0].n);
        assert_int_equal(a.from[i].sin_port, a.from[0].sin_port);
    }
    assert_int_equal(rig_view(radius, 0).repetitions, 2);
    /* A new request has everything new. */
    assert_int_equal(rig_code(radius, NULL), ECS_RADIUS_ACCESS_ACCEPT);
    assert_memory_not_equal(a.kept[3].p + 4, a.kept[0].p + 4, 16);
    assert_int_not_equal(a.kept[3].p[1], a.kept[0].p[1]);
    ecs_radius_free(radius);
    rig_close_server(&a);
}

/* RFC 5080 2.2.1: doubled each time, a tenth more or less. */
static void test_repetitions_come_slower_and_slower(void **state)
{
    struct ecs_radius_conf more = {.first_ms = 100, .total_ms = 1000};
    struct ecs_radius_server_conf conf;
    struct rig_ask ask = {.told = false};
    struct ecs_radius *radius;

    (void)state;
    rig_open_server(&a);
    a.silent = true;
    conf = rig_conf("a", &a, 0);
    radius = rig_open(&conf, 1, &more);
    assert_int_equal(rig_ask_once(&ask, radius, NULL), ECS_E_TIMEOUT);
    assert_int_equal(a.n, 4); /* 0, 100, 300, 700 ms */
    assert_in_range(ask.us, 990000, 3000000);
    assert_string_equal(ask.answer.error, "no RADIUS server has answered");
    rig_end(&ask);
    ecs_radius_free(radius);
    rig_close_server(&a);
}

/* First every lie, then the truth. */
static void lie(struct rig_server *server, unsigned at)
{
    struct rd_packet packet;

    rig_reply(server, at, 2, RD_BAD_AUTHENTICATOR);
    rig_reply(server, at, 2, RD_UNSIGNED);
    rig_reply(server, at, 2, RD_BAD_SIGNATURE);
    rig_reply(server, at, 5, RD_GOOD); /* Accounting-Response */
    rd_begin(&packet, 2, (uint8_t)(server->kept[at].p[1] + 1));
    rd_end(&packet, server->kept[at].p, rig_secret, RD_GOOD);
    rig_send(server, at, &packet); /* under another identifier */
    rd_begin(&packet, 2, server->kept[at].p[1]);
    rd_end(&packet, server->kept[at].p, "a secret of another", RD_GOOD);
    rig_send(server, at, &packet);
    rd_begin(&packet, 2, server->kept[at].p[1]);
    rd_attr(&packet, 27, "123", 3); /* Session-Timeout of three bytes */
    rd_end(&packet, server->kept[at].p, rig_secret, RD_GOOD);
    rig_send(server, at, &packet);
    packet.n = 3;
    rig_send(server, at, &packet);
    rig_reply(server, at, 3, RD_GOOD);
}

/* proves: E-021 */
static void test_only_proven_answers_are_believed(void **state)
{
    struct ecs_radius_server_conf conf;
    struct ecs_radius *radius;

    (void)state;
    rig_open_server(&a);
    a.answer = lie;
    conf = rig_conf("a", &a, 0);
    radius = rig_open(&conf, 1, NULL);
    assert_int_equal(rig_code(radius, NULL), ECS_RADIUS_ACCESS_REJECT);
    assert_int_equal(a.n, 1);
    assert_int_equal(rig_view(radius, 0).discarded, 8);
    assert_memory_equal(rig_view(radius, 0).reason, "a packet was not believed", 25);
    ecs_radius_free(radius);
    rig_close_server(&a);
}

static void answer_twice(struct rig_server *server, unsigned at)
{
    rig_reply(server, at, 11, RD_GOOD);
    rig_reply(server, at, 11, RD_GOOD);
}

static void test_a_second_answer_is_passed_over(void **state)
{
    struct ecs_radius_server_conf conf;
    struct ecs_radius *radius;

    (void)state;
    rig_open_server(&a);
    a.answer = answer_twice;
    conf = rig_conf("a", &a, 0);
    radius = rig_open(&conf, 1, NULL);
    assert_int_equal(rig_code(radius, NULL), ECS_RADIUS_ACCESS_CHALLENGE);
    RIG_TURN_UNTIL(rig_view(radius, 0).discarded == 1);
    ecs_radius_free(radius);
    rig_close_server(&a);
}

/* ---- identifiers ---- */

enum { MANY = 600 };
static struct rig_ask many[MANY];

static void begin_many(struct ecs_radius *radius)
{
    memset(many, 0, sizeof(many));
    for (unsigned i = 0; i < MANY; i++) {
        rig_begin(&many[i], radius, NULL);
        if (i % 50 == 49)
            rig_turn_ms(1); /* the double's socket is not endless */
    }
}

static void test_more_requests_than_identifiers_use_more_sockets(void **state)
{
    static bool seen[65536];
    static uint8_t ids[65536][32]; /* a bit per identifier */
    struct ecs_radius_server_conf conf;
    struct ecs_radius_conf more = {.first_ms = 3000, .total_ms = 6000};
    struct ecs_radius *radius;
    unsigned ports = 0;

    (void)state;
    memset(seen, 0, sizeof(seen));
    memset(ids, 0, sizeof(ids));
    rig_open_server(&a);
    a.silent = true;
    conf = rig_conf("a", &a, 0);
    conf.max_in_flight = 700;
    radius = rig_open(&conf, 1, &more);
    begin_many(radius);
    RIG_TURN_UNTIL(a.n == MANY);
    assert_int_equal(rig_view(radius, 0).in_flight, MANY);
    assert_int_equal(rig_view(radius, 0).sockets, 3);
    for (unsigned i = 0; i < MANY; i++) {
        uint16_t port = a.from[i].sin_port;
        uint8_t id = a.kept[i].p[1], bit = (uint8_t)(1u << id % 8);

        assert_false(ids[port][id / 8] & bit); /* never twice */
        ids[port][id / 8] |= bit;
        ports += !seen[port];
        seen[port] = true;
    }
    assert_int_equal(ports, 3);
    for (unsigned i = MANY; i-- > 0;)
        rig_accept(&a, i);
    for (unsigned i = 0; i < MANY; i++) {
        rig_turn_until(&many[i].ended);
        assert_int_equal(many[i].answer.rc, ECS_OK);
        rig_end(&many[i]);
    }
    assert_int_equal(rig_view(radius, 0).in_flight, 0);
    /* What was answered may be used again. */
    a.silent = false;
    a.n = 0;
    assert_int_equal(rig_code(radius, NULL), ECS_RADIUS_ACCESS_ACCEPT);
    assert_int_equal(rig_view(radius, 0).sockets, 3);
    ecs_radius_free(radius);
    rig_close_server(&a);
}

static void test_identifiers_without_answer_rest(void **state)
{
    struct ecs_radius_server_conf conf;
    struct ecs_radius_conf more = {.total_ms = 50, .dead_after = 10000};
    struct ecs_radius *radius;

    (void)state;
    rig_open_server(&a);
    a.silent = true;
    conf = rig_conf("a", &a, 0);
    conf.max_in_flight = 300;
    radius = rig_open(&conf, 1, &more);
    for (unsigned i = 0; i < 256; i++)
        rig_begin(&many[i], radius, NULL);
    for (unsigned i = 0; i < 256; i++) {
        rig_turn_until(&many[i].ended);
        assert_int_equal(many[i].answer.rc, ECS_E_TIMEOUT);
        rig_end(&many[i]);
    }
    assert_int_equal(rig_view(radius, 0).sockets, 1);
    a.silent = false;
    assert_int_equal(rig_code(radius, NULL), ECS_RADIUS_ACCESS_ACCEPT);
    assert_int_equal(rig_view(radius, 0).sockets,
                     2); /* a server may still hold the old ones for repetitions */
    ecs_radius_free(radius);
    rig_close_server(&a);
}

static void test_later_rounds_have_the_last_part_of_the_budget(void **state)
{
    struct ecs_radius_server_conf conf;
    struct rig_ask first[7];
    struct ecs_radius *radius;

    (void)state;
    memset(first, 0, sizeof(first));
    rig_open_server(&a);
    a.silent = true;
    conf = rig_conf("a", &a, 0);
    conf.max_in_flight = 8;
    radius = rig_open(&conf, 1, NULL);
    for (size_t i = 0; i < ECS_ARRAY_LEN(first); i++)
        rig_begin(&first[i], radius, NULL);
    assert_int_equal(rig_code(radius, NULL), -ECS_E_OVERLOAD);
    RIG_TURN_UNTIL(a.n == ECS_ARRAY_LEN(first));
    a.silent = false;
    assert_int_equal(rig_code(radius, "a"), ECS_RADIUS_ACCESS_ACCEPT);
    for (size_t i = 0; i < ECS_ARRAY_LEN(first); i++) {
        rig_turn_until(&first[i].ended);
        rig_end(&first[i]);
    }
    ecs_radius_free(radius);
    rig_close_server(&a);
}

static void test_a_budget_bounds_what_is_under_way(void **state)
{
    struct ecs_radius_server_conf conf;
    struct ecs_neighbour_stats stats = {0};
    struct rig_ask first = {.told = false};
    struct ecs_radius *radius;

    (void)state;
    rig_open_server(&a);
    a.silent = true;
    conf = rig_conf("a", &a, 0);
    conf.max_in_flight = 1;
    conf.stats = &stats;
    radius = rig_open(&conf, 1, NULL);
    rig_begin(&first, radius, NULL);
    assert_int_equal(rig_code(radius, NULL), -ECS_E_OVERLOAD);
    assert_int_equal(rig_code(radius, "a"), -ECS_E_OVERLOAD);
    assert_int_equal(stats.refused_budget, 2);
    rig_turn_until(&first.ended);
    rig_end(&first);
    ecs_radius_free(radius);
    rig_close_server(&a);
}

/* ---- ends ---- */

static void test_a_flow_may_go_while_it_waits(void **state)
{
    struct ecs_radius_server_conf conf;
    struct rig_ask ask = {.told = false};
    struct ecs_radius *radius;

    (void)state;
    rig_open_server(&a);
    a.silent = true;
    conf = rig_conf("a", &a, 0);
    radius = rig_open(&conf, 1, NULL);
    rig_begin(&ask, radius, NULL);
    RIG_TURN_UNTIL(a.n == 1);
    ecs_flow_abort(&ask.flow);
    rig_end(&ask);
    assert_int_equal(rig_view(radius, 0).in_flight, 0);
    rig_accept(&a, 0); /* too late: nobody waits */
    RIG_TURN_UNTIL(rig_view(radius, 0).discarded == 1);
    ecs_radius_free(radius);
    rig_close_server(&a);
}

static void test_what_is_under_way_outlives_the_client(void **state)
{
    struct ecs_radius_server_conf conf;
    struct rig_ask ask = {.told = false}, gone = {.told = false};
    struct ecs_radius *radius;

    (void)state;
    rig_open_server(&a);
    a.skip = 2;
    conf = rig_conf("a", &a, 0);
    radius = rig_open(&conf, 1, NULL);
    rig_begin(&ask, radius, NULL);
    rig_begin(&gone, radius, NULL);
    ecs_radius_free(radius);
    assert_int_equal(rig_code(radius, NULL), -ECS_E_BACKEND);
    ecs_flow_abort(&gone.flow);
    rig_end(&gone);
    rig_turn_until(&ask.ended);
    assert_int_equal(ask.answer.rc, ECS_OK);
    rig_end(&ask);
    rig_close_server(&a);
}

static void test_requests_that_make_no_packet_are_refused(void **state)
{
    struct rig_ask ask = {.request = {.code = ECS_RADIUS_ACCESS_REQUEST, .attrs = ECS_STR("\1\6a@b")}};
    struct ecs_radius_server_conf conf;
    struct ecs_radius *radius;

    (void)state;
    rig_open_server(&a);
    conf = rig_conf("a", &a, 0);
    radius = rig_open(&conf, 1, NULL);
    assert_int_equal(rig_ask_once(&ask, radius, NULL), ECS_E_BAD_PARAMETER);
    rig_end(&ask);
    ask.request = (struct ecs_radius_request){.code = ECS_RADIUS_ACCOUNTING_REQUEST};
    assert_int_equal(rig_ask_once(&ask, radius, NULL), ECS_E_BAD_PARAMETER);
    rig_end(&ask);
    assert_int_equal(rig_code(radius, "b"), -ECS_E_BACKEND);
    assert_int_equal(a.n, 0);
    assert_false(rig_view(radius, 0).dead); /* no fault of the server */
    ecs_radius_free(radius);
    rig_close_server(&a);
}

/* ---- accounting ---- */

/* RFC 2866 5.2: the delay changes the packet, so each one has its own identifier; an answer to any is good.
 */
static void answer_the_first(struct rig_server *server, unsigned at)
{
    if (at == 1)
        rig_accept(server, 0);
}

static void test_accounting_says_how_old_it_is(void **state)
{
    struct ecs_radius_conf more = {.use = ECS_RADIUS_ACCOUNTING, .first_ms = 1200, .total_ms = 4000};
    struct rig_ask ask = {.request = {.code = ECS_RADIUS_ACCOUNTING_REQUEST,
                                      .attrs = ECS_STR("\x28\6\0\0\0\7\x2c\3s"),
                                      .delay_s = 300}};
    struct ecs_radius_server_conf conf;
    struct ecs_radius *radius;
    size_t at;

    (void)state;
    rig_open_server(&a);
    a.answer = answer_the_first;
    conf = rig_conf("a", &a, 0);
    radius = rig_open(&conf, 1, &more);
    assert_int_equal(rig_ask_once(&ask, radius, NULL), ECS_OK);
    assert_int_equal(ask.answer.code, ECS_RADIUS_ACCOUNTING_RESPONSE);
    assert_int_equal(a.n, 2);
    assert_int_not_equal(a.kept[0].p[1], a.kept[1].p[1]);
    at = rd_find(a.kept[0].p, a.kept[0].n, 41);
    assert_memory_equal(a.kept[0].p + at, "\0\0\1\x2c", 4);
    at = rd_find(a.kept[1].p, a.kept[1].n, 41);
    assert_memory_equal(a.kept[1].p + at, "\0\0\1\x2d", 4);
    assert_int_equal(rd_find(a.kept[0].p, a.kept[0].n, 80), 0);
    rig_end(&ask);
    ecs_radius_free(radius);
    rig_close_server(&a);
}

/* ---- configuration ---- */

static void test_faults_of_the_configuration_are_named(void **state)
{
    struct ecs_radius_server_conf good = {
        .name = "a", .host = "127.0.0.1", .secret = ECS_STR("0123456789abcdef")};
    struct ecs_radius_server_conf rows[2] = {good, good};
    struct ecs_radius_conf conf = {.servers = rows, .servers_n = 1};
    char err[200];

    (void)state;
#define REFUSED(sentence)                                                                                    \
    do {                                                                                                     \
        assert_null(ecs_radius_new(loop, &conf, err, sizeof(err)));                                          \
        assert_string_equal(err, sentence);                                                                  \
    } while (0)
    rows[0].secret = ECS_STR("0123456789abcde");
    assert_string_equal(ecs_radius_server_doubt(&rows[0]),
                        "its secret is below 16 bytes and can be guessed from one recorded packet");
    REFUSED("RADIUS server a: its secret is below 16 bytes");
    rows[0].short_secret = true;
    rows[0].secret = ECS_STR("");
    REFUSED("RADIUS server a: it needs a secret");
    rows[0] = good;
    rows[0].name = "";
    REFUSED("RADIUS server : it needs a name, below 64 bytes");
    rows[0] = good;
    rows[0].host = NULL;
    REFUSED("RADIUS server a: it needs a host, at most 255 bytes");
    rows[0] = good;
    conf.servers_n = 2;
    REFUSED("RADIUS server a: its name is there twice");
    conf.servers_n = 0;
    REFUSED("RADIUS: there must be 1 to 16 servers");
    conf.servers_n = 1;
    conf.local_address = "localhost";
    REFUSED("RADIUS: the local address is not a numeric address");
    conf.local_address = NULL;
    conf.nas_identifier = "";
    REFUSED("RADIUS: the NAS identifier must have 1 to 253 bytes");
    conf.nas_identifier = NULL;
    rows[0].tls = true;
    rows[0].ca_file = "/nowhere.pem";
    assert_null(ecs_radius_new(loop, &conf, err, sizeof(err)));
    assert_memory_equal(err, "RADIUS server a: ", 17);
    assert_null(ecs_radius_server_doubt(&rows[0]));
    assert_null(ecs_radius_server_doubt(&good));
    good.host = "192.0.2.1";
    assert_memory_equal(ecs_radius_server_doubt(&good), "RADIUS over UDP is not encrypted", 32);
#undef REFUSED
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request_is_answered),
        cmocka_unit_test(test_a_lost_packet_is_sent_again_byte_by_byte),
        cmocka_unit_test(test_repetitions_come_slower_and_slower),
        cmocka_unit_test(test_only_proven_answers_are_believed),
        cmocka_unit_test(test_a_second_answer_is_passed_over),
        cmocka_unit_test(test_more_requests_than_identifiers_use_more_sockets),
        cmocka_unit_test(test_identifiers_without_answer_rest),
        cmocka_unit_test(test_later_rounds_have_the_last_part_of_the_budget),
        cmocka_unit_test(test_a_budget_bounds_what_is_under_way),
        cmocka_unit_test(test_a_flow_may_go_while_it_waits),
        cmocka_unit_test(test_what_is_under_way_outlives_the_client),
        cmocka_unit_test(test_requests_that_make_no_packet_are_refused),
        cmocka_unit_test(test_accounting_says_how_old_it_is),
        cmocka_unit_test(test_faults_of_the_configuration_are_named),
    };

    return cmocka_run_group_tests(tests, rig_set_up, rig_tear_down);
}
