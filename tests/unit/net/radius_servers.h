/* SPDX-License-Identifier: Apache-2.0 */
/* RADIUS servers on the loop of the test. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../radius_double.h"
#include "ecs/clock.h"
#include "ecs/log.h"
#include "ecs/radius_client.h"

static const char rig_secret[] = "a secret of nobody";
static struct ecs_loop *loop;

enum { RIG_KEPT = 800 };

/* A server. What it does with a request is its answer function; all requests are kept. */
struct rig_server {
    int fd;
    uint16_t port;
    struct ecs_watch *watch;
    bool silent, deaf_to_status;
    unsigned skip; /* so many requests are not answered */
    void (*answer)(struct rig_server *server, unsigned at);
    unsigned n, status_n; /* requests kept; Status-Server seen */
    struct rd_packet kept[RIG_KEPT];
    struct sockaddr_in from[RIG_KEPT];
};

RD_HELPER void rig_send(struct rig_server *server, unsigned at, const struct rd_packet *packet)
{
    ssize_t n = sendto(server->fd, packet->p, packet->n, 0, (struct sockaddr *)&server->from[at],
                       sizeof(server->from[at]));

    assert_int_equal(n, packet->n);
}

/* An answer that fits the request, altered as told. */
RD_HELPER void rig_reply(struct rig_server *server, unsigned at, uint8_t code, enum rd_how how)
{
    const struct rd_packet *request = &server->kept[at];
    struct rd_packet packet;

    rd_begin(&packet, code, request->p[1]);
    if (code != 5)
        rd_attr(&packet, 18, "hello", 5);
    rd_end(&packet, request->p, rig_secret, how);
    rig_send(server, at, &packet);
}

/* What a good server says. */
RD_HELPER void rig_accept(struct rig_server *server, unsigned at)
{
    rig_reply(server, at, server->kept[at].p[0] == 4 ? 5 : 2, RD_GOOD);
}

static void rig_on_socket(void *arg, int fd, unsigned io)
{
    struct rig_server *server = arg;
    socklen_t from_n = sizeof(server->from[0]);
    struct rd_packet *kept;
    ssize_t n;

    (void)io;
    assert_in_range(server->n, 0, RIG_KEPT - 1);
    kept = &server->kept[server->n];
    n = recvfrom(fd, kept->p, sizeof(kept->p), 0, (struct sockaddr *)&server->from[server->n], &from_n);
    assert_true(n > 0);
    kept->n = (size_t)n;
    assert_true(rd_is_genuine(kept->p, kept->n, rig_secret));
    if (kept->p[0] == 12) { /* not kept: the next one overwrites it */
        server->status_n++;
        if (!server->deaf_to_status && !server->silent)
            rig_reply(server, server->n, 2, RD_UNSIGNED);
        return;
    }
    server->n++;
    if (server->silent)
        return;
    if (server->skip)
        server->skip--;
    else
        server->answer(server, server->n - 1);
}

RD_HELPER void rig_open_server(struct rig_server *server)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(addr);
    int size = 4 << 20;

    memset(server, 0, sizeof(*server));
    server->answer = rig_accept;
    server->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(server->fd >= 0);
    (void)setsockopt(server->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    assert_int_equal(bind(server->fd, (struct sockaddr *)&addr, n), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&addr, &n), 0);
    server->port = ntohs(addr.sin_port);
    server->watch = ecs_loop_fd_add(loop, server->fd, ECS_IO_READ, rig_on_socket, server);
    assert_non_null(server->watch);
}

RD_HELPER void rig_close_server(struct rig_server *server)
{
    ecs_watch_free(server->watch);
    close(server->fd);
}
