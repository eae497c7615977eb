/* SPDX-License-Identifier: Apache-2.0 */
/* Several RADIUS servers: who is asked, when another one is, and how a dead one is found and comes back. */
#include "radius_rig.h"

static struct rig_server a, b, c;
static struct ecs_radius_server_conf rows[3];

/* a before b before c. */
static void open_all(void)
{
    rig_open_server(&a);
    rig_open_server(&b);
    rig_open_server(&c);
    rows[0] = rig_conf("a", &a, 1);
    rows[1] = rig_conf("b", &b, 2);
    rows[2] = rig_conf("c", &c, 3);
}

static void close_all(struct ecs_radius *radius)
{
    ecs_radius_free(radius);
    rig_close_server(&a);
    rig_close_server(&b);
    rig_close_server(&c);
}

static void assert_asks(struct ecs_radius *radius, const char *want)
{
    struct rig_ask ask = {.told = false};

    assert_int_equal(rig_ask_once(&ask, radius, NULL), ECS_OK);
    assert_string_equal(ask.answer.server, want);
    rig_end(&ask);
}

static void test_the_lowest_priority_is_asked(void **state)
{
    struct ecs_radius_server_conf turned[3];
    struct ecs_radius *radius;

    (void)state;
    open_all();
    turned[0] = rows[2];
    turned[1] = rows[0];
    turned[2] = rows[1];
    radius = rig_open(turned, 3, NULL);
    for (int i = 0; i < 5; i++)
        assert_asks(radius, "a");
    close_all(radius);
}

static void test_servers_of_one_priority_share_the_requests(void **state)
{
    struct ecs_radius *radius;

    (void)state;
    open_all();
    rows[1].priority = 1;
    radius = rig_open(rows, 3, NULL);
    for (int i = 0; i < 40; i++)
        assert_int_equal(rig_code(radius, NULL), ECS_RADIUS_ACCESS_ACCEPT);
    assert_int_equal(a.n + b.n, 40);
    assert_in_range(a.n, 10, 30);
    assert_int_equal(c.n, 0);
    close_all(radius);
}

static void test_a_silent_server_is_left_after_its_repetitions(void **state)
{
    struct rig_ask ask = {.told = false};
    struct ecs_radius *radius;

    (void)state;
    open_all();
    a.silent = true;
    radius = rig_open(rows, 3, NULL);
    assert_int_equal(rig_ask_once(&ask, radius, NULL), ECS_OK);
    assert_string_equal(ask.answer.server, "b");
    assert_int_equal(a.n, 2);
    assert_int_equal(b.n, 1);
    assert_in_range(ask.us, 150000, 850000); /* 60 and 120 ms */
    /* Another server, another packet. */
    assert_memory_not_equal(a.kept[0].p + 4, b.kept[0].p + 4, 16);
    assert_int_equal(rig_view(radius, 0).failovers, 1);
    assert_int_equal(rig_view(radius, 0).in_flight, 0);
    rig_end(&ask);
    close_all(radius);
}

/* RFC 3579 2.6.1: only the server that gave State knows what it means. */
static void test_a_conversation_stays_with_its_server(void **state)
{
    struct ecs_radius_conf more = {.total_ms = 700};
    struct ecs_radius *radius;

    (void)state;
    open_all();
    radius = rig_open(rows, 3, &more);
    assert_int_equal(rig_code(radius, "b"), ECS_RADIUS_ACCESS_ACCEPT);
    assert_int_equal(b.n, 1);
    b.silent = true;
    assert_int_equal(rig_code(radius, "b"), -ECS_E_TIMEOUT);
    assert_int_equal(b.n, 1 + 4); /* 0, 60, 180, 420 ms */
    assert_int_equal(a.n + c.n, 0);
    close_all(radius);
}

static void answer_for_a(struct rig_server *server, unsigned at)
{
    (void)server;
    (void)at;
    rig_accept(&a, 0);
}

static void test_a_late_answer_counts(void **state)
{
    struct rig_ask ask = {.told = false};
    struct ecs_radius *radius;

    (void)state;
    open_all();
    a.silent = true;
    b.answer = answer_for_a; /* the first server answers when the second one was asked */
    radius = rig_open(rows, 3, NULL);
    assert_int_equal(rig_ask_once(&ask, radius, NULL), ECS_OK);
    assert_string_equal(ask.answer.server, "a");
    rig_end(&ask);
    rig_accept(&b, 0); /* nobody waits for it any more */
    RIG_TURN_UNTIL(rig_view(radius, 1).discarded == 1);
    assert_int_equal(rig_view(radius, 1).in_flight, 0);
    close_all(radius);
}

static void test_a_port_where_nobody_listens_is_left_at_once(void **state)
{
    struct ecs_radius_conf more = {.first_ms = 2000, .total_ms = 8000};
    struct rig_ask ask = {.told = false};
    struct ecs_radius *radius;

    (void)state;
    open_all();
    rig_close_server(&a);
    radius = rig_open(rows, 3, &more);
    assert_int_equal(rig_ask_once(&ask, radius, NULL), ECS_OK);
    assert_string_equal(ask.answer.server, "b");
    assert_in_range(ask.us, 0, 1500000);
    assert_string_equal(rig_view(radius, 0).reason, "the socket says: Connection refused");
    rig_end(&ask);
    rig_open_server(&a);
    close_all(radius);
}

static void test_accounting_goes_to_the_next_server_too(void **state)
{
    struct ecs_radius_conf more = {.use = ECS_RADIUS_ACCOUNTING};
    struct rig_ask ask = {
        .request = {.code = ECS_RADIUS_ACCOUNTING_REQUEST, .attrs = ECS_STR("\x28\6\0\0\0\1")}};
    struct ecs_radius *radius;

    (void)state;
    open_all();
    a.silent = true;
    radius = rig_open(rows, 2, &more);
    assert_int_equal(rig_ask_once(&ask, radius, NULL), ECS_OK);
    assert_string_equal(ask.answer.server, "b");
    assert_int_equal(ask.answer.code, ECS_RADIUS_ACCOUNTING_RESPONSE);
    assert_int_equal(ask.answer.attrs.n,
                     18); /* Message-Authenticator, which it need not have but must be right */
    assert_int_equal(a.n, 2);
    assert_int_not_equal(a.kept[0].p[1], a.kept[1].p[1]); /* a packet that is older is another one */
    rig_end(&ask);
    close_all(radius);
}

/* ---- names ---- */

static void test_names_are_looked_up(void **state)
{
    struct ecs_radius_conf more = {.first_ms = 1500, .total_ms = 8000, .local_address = "127.0.0.1"};
    struct ecs_radius *radius;

    (void)state;
    open_all();
    rows[0].host = "localhost"; /* both families; ours is that of local_address */
    radius = rig_open(rows, 1, &more);
    assert_false(rig_view(radius, 0).connected);
    assert_int_equal(rig_code(radius, NULL), ECS_RADIUS_ACCESS_ACCEPT); /* it waits for the address */
    assert_true(rig_view(radius, 0).connected);
    close_all(radius);
}

static void on_v6(void *arg, int fd, unsigned io)
{
    struct rd_packet request, packet;
    struct sockaddr_in6 from;
    socklen_t from_n = sizeof(from);
    ssize_t n = recvfrom(fd, request.p, sizeof(request.p), 0, (struct sockaddr *)&from, &from_n);

    (void)io;
    assert_true(n > 0 && rd_is_genuine(request.p, (size_t)n, rig_secret));
    *(bool *)arg = true;
    rd_begin(&packet, ECS_RADIUS_ACCESS_REJECT, request.p[1]);
    rd_end(&packet, request.p, rig_secret, RD_GOOD);
    assert_int_equal(sendto(fd, packet.p, packet.n, 0, (struct sockaddr *)&from, from_n), packet.n);
}

static void test_servers_may_have_ipv6_addresses(void **state)
{
    struct sockaddr_in6 addr = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct ecs_radius_conf more = {.local_address = "::1"};
    socklen_t n = sizeof(addr);
    struct ecs_radius *radius;
    struct ecs_watch *watch;
    bool asked = false;
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    (void)state;
    if (fd < 0 || bind(fd, (struct sockaddr *)&addr, n))
        skip(); /* a machine without IPv6 */
    assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &n), 0);
    watch = ecs_loop_fd_add(loop, fd, ECS_IO_READ, on_v6, &asked);
    open_all();
    rows[0].host = "::1";
    rows[0].port = ntohs(addr.sin6_port);
    radius = rig_open(rows, 1, &more);
    assert_int_equal(rig_code(radius, NULL), ECS_RADIUS_ACCESS_REJECT);
    assert_true(asked);
    close_all(radius);
    ecs_watch_free(watch);
    close(fd);
}

static void test_a_name_without_address_is_passed_over(void **state)
{
    struct ecs_radius *radius;

    (void)state;
    open_all();
    rows[0].host = "nowhere.invalid";
    radius = rig_open(rows, 3, NULL);
    assert_asks(radius, "b");
    close_all(radius);
}

static void test_a_client_may_end_while_names_are_looked_up(void **state)
{
    struct rig_ask ask = {.told = false};
    struct ecs_radius *radius;

    (void)state;
    open_all();
    rows[0].host = "nowhere.invalid";
    radius = rig_open(rows, 1, NULL);
    rig_begin(&ask, radius, NULL);
    ecs_flow_abort(&ask.flow);
    rig_end(&ask);
    close_all(radius);
    rig_turn_ms(20);
}

/* ---- health ---- */

static void kill_a(struct ecs_radius *radius, unsigned requests)
{
    a.silent = true;
    for (unsigned i = 0; i < requests; i++) {
        assert_false(rig_view(radius, 0).dead);
        assert_asks(radius, "b");
    }
    assert_true(rig_view(radius, 0).dead);
    assert_string_equal(rig_view(radius, 0).reason, "requests in a row were not answered");
    a.n = b.n = 0;
}

static void test_a_dead_server_is_not_asked_for_a_while(void **state)
{
    struct ecs_neighbour_stats stats = {0};
    struct ecs_radius *radius;
    struct rig_ask ask = {.told = false};

    (void)state;
    open_all();
    rows[0].stats = &stats;
    radius = rig_open(rows, 3, NULL);
    kill_a(radius, 3);
    assert_int_equal(stats.breaker_open, 1);
    assert_int_equal(rig_ask_once(&ask, radius, NULL), ECS_OK);
    assert_in_range(ask.us, 0, 130000); /* nothing is lost by it: 162 ms at least */
    rig_end(&ask);
    assert_int_equal(a.n, 0);
    /* After its time one request is risked, and only one at a time. */
    rig_turn_ms(420);
    rig_begin(&ask, radius, NULL);
    assert_asks(radius, "b");
    rig_turn_until(&ask.ended);
    assert_string_equal(ask.answer.server, "b");
    rig_end(&ask);
    assert_int_equal(a.n, 2);
    assert_true(rig_view(radius, 0).dead);
    assert_asks(radius, "b"); /* the time begins anew */
    assert_int_equal(a.n, 2);
    /* It answers again. */
    rig_turn_ms(420);
    a.silent = false;
    assert_asks(radius, "a");
    assert_false(rig_view(radius, 0).dead);
    assert_int_equal(stats.breaker_open, 0);
    assert_asks(radius, "a");
    close_all(radius);
}

static void test_answers_between_keep_a_server_alive(void **state)
{
    struct ecs_radius *radius;

    (void)state;
    open_all();
    radius = rig_open(rows, 2, NULL);
    for (int i = 0; i < 3; i++) {
        a.skip = 2;
        assert_asks(radius, "b");
        assert_asks(radius, "a");
    }
    assert_false(rig_view(radius, 0).dead);
    close_all(radius);
}

static void test_status_server_brings_a_server_back(void **state)
{
    struct ecs_radius_conf more = {
        .status_server = true, .probe_answers = 3, .nas_identifier = "ecs", .dead_ms = 100};
    struct ecs_radius *radius;
    unsigned before;

    (void)state;
    open_all();
    radius = rig_open(rows, 2, &more);
    RIG_TURN_UNTIL(rig_view(radius, 0).answers_status);
    assert_int_equal(a.status_n, 1); /* to learn whether it knows it */
    assert_int_not_equal(rd_find(a.kept[0].p, a.kept[0].n, 32), 0);
    kill_a(radius, 3);
    rig_turn_ms(150);
    RIG_TURN_UNTIL(a.status_n > 1);
    assert_asks(radius, "b"); /* the dead time is over, but it does not answer Status-Server */
    assert_int_equal(a.n, 0);
    a.silent = false;
    before = a.status_n;
    while (rig_view(radius, 0).dead && a.status_n < before + 10)
        rig_turn_ms(5);
    assert_int_equal(a.status_n, before + 3);
    assert_asks(radius, "a");
    rig_turn_ms(200);
    assert_int_equal(a.status_n, before + 3); /* those that live are not asked */
    close_all(radius);
}

static void test_a_server_without_status_server_gets_its_trial(void **state)
{
    struct ecs_radius_conf more = {.status_server = true, .dead_ms = 150};
    struct ecs_radius *radius;

    (void)state;
    open_all();
    a.deaf_to_status = true;
    radius = rig_open(rows, 2, &more);
    RIG_TURN_UNTIL(a.status_n == 1);
    rig_turn_ms(20);
    assert_false(rig_view(radius, 0).answers_status);
    kill_a(radius, 3);
    rig_turn_ms(200);
    a.silent = false;
    assert_asks(radius, "a");
    close_all(radius);
}

static void test_a_server_that_forgot_status_server_gets_its_trial_too(void **state)
{
    struct ecs_radius_conf more = {.status_server = true, .dead_ms = 120};
    struct ecs_radius *radius;

    (void)state;
    open_all();
    radius = rig_open(rows, 2, &more);
    RIG_TURN_UNTIL(rig_view(radius, 0).answers_status);
    kill_a(radius, 3);
    a.silent = false;
    a.deaf_to_status = true; /* another program is there now */
    rig_turn_ms(200);
    assert_asks(radius, "b");
    rig_turn_ms(1050);
    assert_asks(radius, "a");
    close_all(radius);
}

static void test_a_configuration_that_is_the_same_goes_on_with_its_dead_server(void **state)
{
    struct ecs_radius_conf conf = {.first_ms = 60, .total_ms = 150, .dead_after = 1, .dead_ms = 5000};
    struct rig_ask ask = {.told = false};
    struct ecs_radius *radius, *again;
    char err[200];

    (void)state;
    open_all();
    a.silent = true;
    conf.servers = rows;
    conf.servers_n = 1;
    radius = ecs_radius_new(loop, &conf, err, sizeof(err));
    assert_non_null(radius);
    assert_int_equal(rig_ask_once(&ask, radius, NULL), ECS_E_TIMEOUT);
    rig_end(&ask);
    again = ecs_radius_again(radius, &conf);
    assert_ptr_equal(again, radius);
    ecs_radius_free(radius);
    assert_false(ecs_radius_is_up(again));
    rows[0].secret = ECS_STR("another secret that is long");
    assert_null(ecs_radius_again(again, &conf));
    rows[0] = rig_conf("a", &a, 1);
    conf.dead_ms = 4000;
    assert_null(ecs_radius_again(again, &conf));
    assert_null(ecs_radius_again(NULL, &conf));
    close_all(again);
}

static void test_when_all_are_dead_nobody_waits(void **state)
{
    struct ecs_radius_conf more = {.dead_after = 1, .total_ms = 150, .dead_ms = 600};
    struct ecs_neighbour_stats stats = {0};
    struct rig_ask ask = {.told = false};
    struct ecs_radius *radius;

    (void)state;
    open_all();
    a.silent = true;
    rows[0].stats = &stats;
    radius = rig_open(rows, 1, &more);
    assert_true(ecs_radius_is_up(radius));
    assert_int_equal(rig_code(radius, NULL), -ECS_E_TIMEOUT);
    assert_false(ecs_radius_is_up(radius));
    a.n = 0;
    assert_int_equal(rig_ask_once(&ask, radius, NULL), ECS_E_BACKEND);
    assert_string_equal(ask.answer.error, "all RADIUS servers are dead");
    assert_in_range(ask.us, 0, 130000);
    rig_end(&ask);
    assert_int_equal(a.n, 0);
    assert_int_equal(stats.refused_breaker, 1);
    assert_int_equal(stats.timeouts, 1);
    /* A conversation that it began is not given up: it may be back any time. */
    a.silent = false;
    assert_int_equal(rig_code(radius, "a"), ECS_RADIUS_ACCESS_ACCEPT);
    assert_true(ecs_radius_is_up(radius));
    close_all(radius);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_lowest_priority_is_asked),
        cmocka_unit_test(test_servers_of_one_priority_share_the_requests),
        cmocka_unit_test(test_a_silent_server_is_left_after_its_repetitions),
        cmocka_unit_test(test_a_conversation_stays_with_its_server),
        cmocka_unit_test(test_a_late_answer_counts),
        cmocka_unit_test(test_a_port_where_nobody_listens_is_left_at_once),
        cmocka_unit_test(test_accounting_goes_to_the_next_server_too),
        cmocka_unit_test(test_names_are_looked_up),
        cmocka_unit_test(test_servers_may_have_ipv6_addresses),
        cmocka_unit_test(test_a_name_without_address_is_passed_over),
        cmocka_unit_test(test_a_client_may_end_while_names_are_looked_up),
        cmocka_unit_test(test_a_dead_server_is_not_asked_for_a_while),
        cmocka_unit_test(test_answers_between_keep_a_server_alive),
        cmocka_unit_test(test_status_server_brings_a_server_back),
        cmocka_unit_test(test_a_server_without_status_server_gets_its_trial),
        cmocka_unit_test(test_a_server_that_forgot_status_server_gets_its_trial_too),
        cmocka_unit_test(test_a_configuration_that_is_the_same_goes_on_with_its_dead_server),
        cmocka_unit_test(test_when_all_are_dead_nobody_waits),
    };

    return cmocka_run_group_tests(tests, rig_set_up, rig_tear_down);
}
