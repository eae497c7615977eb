/* SPDX-License-Identifier: Apache-2.0 */
/* Diameter over SCTP, where daemon and kernel have it; without, a peer that asks for it is down and says why.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "diameter_rig.h"

static int listen_sctp(uint16_t *ret_port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP);

    if (fd < 0)
        return -1;
    assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
    assert_int_equal(listen(fd, 2), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    *ret_port = ntohs(a.sin_port);
    return fd;
}

static void set_sctp(uint16_t port)
{
    struct ecs_diameter_peer_conf row = peer_row("sctp", &one);

    row.port = port;
    row.sctp = true;
    row.reconnect_ms = 20000;
    set_rows(&row, 1, NULL, 0);
}

static void test_without_it_the_peer_is_down_and_says_why(void **state)
{
    uint16_t port = 1;
    int fd = ecs_diameter_has_sctp() ? listen_sctp(&port) : -1;

    (void)state;
    if (fd >= 0) {
        close(fd);
        skip();
    }
    set_sctp(port);
    TURN_UNTIL(view_of("sctp").state == ECS_DIAMETER_DOWN && view_of("sctp").reason[0]);
    assert_non_null(strstr(view_of("sctp").reason, "rotocol not supported"));
}

static void test_capabilities_come_as_one_message(void **state)
{
    uint16_t port = 0;
    int fd = ecs_diameter_has_sctp() ? listen_sctp(&port) : -1, got = -1;
    char bytes[4096];
    ssize_t n;

    (void)state;
    if (fd < 0)
        skip(); /* no option ECS_SCTP, or no such protocol in the kernel */
    set_sctp(port);
    TURN_UNTIL(view_of("sctp").state >= ECS_DIAMETER_ASKING);
    got = accept(fd, NULL, NULL);
    assert_true(got >= 0);
    turn_for(20);
    n = recv(got, bytes, sizeof(bytes), 0);
    assert_true(n > ECS_DIAMETER_HEADER);
    assert_int_equal(ecs_diameter_measure((struct ecs_str){bytes, (size_t)n}), n);
    close(got);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_without_it_the_peer_is_down_and_says_why, rig_open, rig_close),
        cmocka_unit_test_setup_teardown(test_capabilities_come_as_one_message, rig_open, rig_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
