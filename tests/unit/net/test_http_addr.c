/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, listening sockets and the table of prefixes. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ecs/str.h"
#include "net/http_priv.h"

static void test_cidr_texts_are_read_exactly(void **state)
{
    static const struct {
        const char *text;
        int bits; /* -1: refused */
    } rows[] = {{"10.0.0.0/8", 104},  {"192.0.2.1", 128}, {"0.0.0.0/0", 96},      {"2001:db8::/32", 32},
                {"::1", 128},         {"::/0", 0},        {"10.0.0.0/33", -1},    {"", -1},
                {"/8", -1},           {"10.0.0/8", -1},   {"2001:db8::/129", -1}, {"10.0.0.0/", -1},
                {"10.0.0.0/8/8", -1}, {"host", -1},       {"10.0.0.0/-1", -1}};
    struct ecs_cidr c;

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        bool ok = ecs_cidr_parse(ecs_str_of(rows[i].text), &c);

        if (ok != (rows[i].bits >= 0) || (ok && c.bits != rows[i].bits))
            fail_msg("%s", rows[i].text);
    }
}

static struct http_addr addr(const char *text)
{
    struct ecs_cidr c;
    struct http_addr a = {0};

    assert_true(ecs_cidr_parse(ecs_str_of(text), &c));
    memcpy(a.bytes, c.addr, 16);
    return a;
}

static void test_addresses_match_their_blocks_only(void **state)
{
    struct http_addr in4 = addr("10.1.255.7"), out4 = addr("10.2.0.0"), in6 = addr("2001:db8:1:7fff::1"),
                     out6 = addr("2001:db8:1:8000::"), local = {.is_unix = true};
    struct ecs_cidr blocks[2];
    char text[48];

    (void)state;
    assert_true(ecs_cidr_parse(ECS_STR("10.1.0.0/16"), &blocks[0]));
    assert_true(ecs_cidr_parse(ECS_STR("2001:db8:1::/49"), &blocks[1]));
    assert_true(http_addr_in(&in4, blocks, 2));
    assert_true(http_addr_in(&in6, blocks, 2));
    assert_false(http_addr_in(&out4, blocks, 2));
    assert_false(http_addr_in(&out6, blocks, 2));
    assert_false(http_addr_in(&local, blocks, 2));
    http_addr_print(&in4, text);
    assert_string_equal(text, "10.1.255.7");
    http_addr_print(&in6, text);
    assert_string_equal(text, "2001:db8:1:7fff::1");
    struct http_addr same = addr("2001:db8:1:7fff:ffff::"), next = addr("2001:db8:1:7ffe::1");

    assert_true(http_addr_prefix(&in6) == http_addr_prefix(&same));
    assert_true(http_addr_prefix(&in6) != http_addr_prefix(&next));
    assert_true(http_addr_prefix(&in4) != http_addr_prefix(&out4));
}

static void test_loopback_is_told_from_the_rest(void **state)
{
    static const char *const yes[] = {"127.0.0.1:80",        "127.9.9.9", "[::1]:443",   "::1",
                                      "localhost:8080",      "localhost", "/run/x.sock", "@x",
                                      "[::ffff:127.0.0.1]:1"};
    static const char *const no[] = {"0.0.0.0:80",   ":80", "*:80",      "[::]:80",
                                     "192.0.2.1:80", "",    "128.0.0.1", "localhost.example:1"};

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(yes); i++)
        if (!ecs_addr_is_loopback(ecs_str_of(yes[i])))
            fail_msg("%s", yes[i]);
    for (size_t i = 0; i < ECS_ARRAY_LEN(no); i++)
        if (ecs_addr_is_loopback(ecs_str_of(no[i])))
            fail_msg("%s", no[i]);
}

static void test_listeners_open_where_told_and_say_why_not(void **state)
{
    static const char *const bad[] = {
        "",       "127.0.0.1",       "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536",
        "::1:80", "host.example:80", "1.2.3.4:-1"};
    char err[128], at[32];
    struct sockaddr_in sa;
    socklen_t n = sizeof(sa);
    int a, b;

    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(bad); i++) {
        err[0] = '\0';
        if (ecs_listen_tcp(ecs_str_of(bad[i]), false, err, sizeof(err)) != -1 || !err[0])
            fail_msg("%s", bad[i]);
    }
    a = ecs_listen_tcp(ECS_STR("127.0.0.1:0"), true, err, sizeof(err));
    assert_true(a >= 0);
    assert_int_equal(getsockname(a, (struct sockaddr *)&sa, &n), 0);
    snprintf(at, sizeof(at), "127.0.0.1:%u", ntohs(sa.sin_port));
    b = ecs_listen_tcp(ecs_str_of(at), true, err, sizeof(err)); /* a second worker */
    assert_true(b >= 0);
    assert_int_equal(ecs_listen_tcp(ecs_str_of(at), false, err, sizeof(err)), -1);
    assert_non_null(strstr(err, "in use"));
    close(a);
    close(b);
    a = ecs_listen_tcp(ECS_STR("*:0"), false, err, sizeof(err));
    assert_true(a >= 0);
    close(a);
}

/* Against a plain array as model: random additions and removals, few keys that collide often. */
static void test_prefix_table_counts_like_a_plain_array(void **state)
{
    struct http_prefix_table t = {0};
    uint32_t model[300] = {0};
    uint64_t seed = 1;

    (void)state;
    for (int round = 0; round < 60000; round++) {
        unsigned k;
        bool add;

        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        k = (unsigned)((seed >> 33) % 300);
        add = (seed >> 60) < (round < 30000 ? 9 : 7);
        if (add) {
            assert_true(http_prefix_add(&t, (uint64_t)(k + 1) << 32));
            model[k]++;
        } else {
            http_prefix_remove(&t, (uint64_t)(k + 1) << 32);
            model[k] -= model[k] > 0;
        }
        assert_int_equal(http_prefix_count(&t, (uint64_t)(k + 1) << 32), model[k]);
    }
    for (unsigned k = 0; k < 300; k++) {
        assert_int_equal(http_prefix_count(&t, (uint64_t)(k + 1) << 32), model[k]);
        while (model[k]--)
            http_prefix_remove(&t, (uint64_t)(k + 1) << 32);
    }
    assert_int_equal(t.used, 0);
    http_prefix_done(&t);
}

static void test_suites_of_a_hello_are_read_within_its_bounds(void **state)
{
    uint8_t hello[64] = {3, 3};
    size_t n;

    (void)state;
    hello[34] = 2; /* session id of two bytes */
    hello[38] = 6; /* three suites */
    memcpy(hello + 39, "\xc0\x2b\x13\x01\xcc\xa8", 6);
    n = 45;
    assert_int_equal(http_hello_suites(hello, n), HTTP_SUITE_ECDSA | HTTP_SUITE_RSA);
    memcpy(hello + 43, "\x00\x2f", 2);
    assert_int_equal(http_hello_suites(hello, n), HTTP_SUITE_ECDSA);
    memcpy(hello + 39, "\xc0\x30", 2);
    assert_int_equal(http_hello_suites(hello, n), HTTP_SUITE_RSA);
    for (size_t cut = 0; cut < n; cut++) {
        uint8_t *exact = malloc(cut ? cut : 1); /* for the sanitizer */

        assert_non_null(exact);
        memcpy(exact, hello, cut);
        assert_int_equal(http_hello_suites(exact, cut), 0);
        free(exact);
    }
    hello[34] = 255;
    assert_int_equal(http_hello_suites(hello, n), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cidr_texts_are_read_exactly),
        cmocka_unit_test(test_addresses_match_their_blocks_only),
        cmocka_unit_test(test_loopback_is_told_from_the_rest),
        cmocka_unit_test(test_listeners_open_where_told_and_say_why_not),
        cmocka_unit_test(test_suites_of_a_hello_are_read_within_its_bounds),
        cmocka_unit_test(test_prefix_table_counts_like_a_plain_array),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
