/* SPDX-License-Identifier: Apache-2.0 */
/* A Diameter peer on the test's own loop: it takes connections, answers as it is told and counts. */
#pragma once

#include "diameter_double_say.h"

DD_HELPER void dd_close(struct dd *dd, int at)
{
    struct dd_conn *c = &dd->conn[at];

    if (c->fd < 0)
        return;
    ecs_watch_free(c->watch);
    close(c->fd);
    ecs_buf_done(&c->in);
    c->fd = -1;
    dd->closed++;
}

DD_HELPER void dd_take_request(struct dd *dd, int at, const struct ecs_diameter_message *m)
{
    struct dd_seen seen = {.hop = m->hop_by_hop,
                           .end_to_end = m->end_to_end,
                           .code = m->code,
                           .application = m->application,
                           .flags = m->flags,
                           .conn = at};
    struct ecs_str session = {0};

    assert_int_equal(ecs_diameter_missing(m), ECS_AVP_UNKNOWN);
    assert_true(ecs_diameter_get(m->avps, ECS_AVP_SESSION_ID, &session));
    snprintf(seen.session, sizeof(seen.session), "%.*s", ECS_FMT(session));
    dd->requests++;
    ecs_buf_reset(&dd->request_avps);
    ecs_buf_add_str(&dd->request_avps, m->avps);
    dd->repeated += (m->flags & ECS_DIAMETER_T) != 0;
    dd->last = seen;
    if (dd->how == DD_HOLD && dd->held_n < DD_HELD)
        dd->held[dd->held_n++] = seen;
    else if (dd->how != DD_SILENT)
        dd_answer(dd, &seen, dd->result ? dd->result : 2001, dd->how);
}

DD_HELPER void dd_take(struct dd *dd, int at, struct ecs_str bytes)
{
    struct ecs_diameter_message m = {0};
    struct ecs_diameter_avp failed;

    assert_int_equal(ecs_diameter_decode(bytes, &m, &failed), ECS_DIAMETER_FAULT_NONE);
    if (!(m.flags & ECS_DIAMETER_R)) {
        dd->dwa += m.command == ECS_DIAMETER_DEVICE_WATCHDOG;
        dd->dpa += m.command == ECS_DIAMETER_DISCONNECT_PEER;
        ecs_buf_reset(&dd->answer_bytes);
        ecs_buf_add_str(&dd->answer_bytes, bytes);
    } else if (m.command == ECS_DIAMETER_CAPABILITIES) {
        dd->cer++;
        ecs_buf_reset(&dd->cer_bytes);
        ecs_buf_add_str(&dd->cer_bytes, bytes);
        if (dd->dwr_first)
            dd_ask(dd, at, ECS_DIAMETER_DEVICE_WATCHDOG, 0);
        dd_answer_base(dd, at, &m);
    } else if (m.command == ECS_DIAMETER_DEVICE_WATCHDOG) {
        dd->dwr++;
        if (!dd->mute)
            dd_answer_base(dd, at, &m);
    } else if (m.command == ECS_DIAMETER_DISCONNECT_PEER) {
        dd->dpr++;
        if (!dd->no_leave)
            dd_answer_base(dd, at, &m);
    } else {
        dd_take_request(dd, at, &m);
    }
}

DD_HELPER void dd_on_conn(void *arg, int fd, unsigned io)
{
    struct dd_conn *c = arg;
    int at = (int)(c - c->dd->conn);
    char bytes[65536];
    ssize_t got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    ptrdiff_t n;
    size_t used = 0;

    (void)io;
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        dd_close(c->dd, at);
        return;
    }
    ecs_buf_add(&c->in, bytes, (size_t)got);
    while (c->fd >= 0 && (n = ecs_diameter_measure((struct ecs_str){c->in.p + used, c->in.n - used})) > 0) {
        dd_take(c->dd, at, (struct ecs_str){c->in.p + used, (size_t)n});
        used += (size_t)n;
    }
    if (c->fd < 0)
        return;
    memmove(c->in.p, c->in.p + used, c->in.n - used);
    c->in.n -= used;
}

DD_HELPER void dd_on_accept(void *arg, int fd, unsigned io)
{
    struct dd *dd = arg;
    int got = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)io;
    for (int i = 0; i < DD_CONNS && got >= 0; i++)
        if (dd->conn[i].fd < 0) {
            dd->conn[i] = (struct dd_conn){.dd = dd, .fd = got};
            dd->conn[i].watch = ecs_loop_fd_add(dd->loop, got, ECS_IO_READ, dd_on_conn, &dd->conn[i]);
            dd->accepted++;
            return;
        }
    fail_msg("the double has no place for a connection");
}

/* port 0: any. */
DD_HELPER void dd_open(struct dd *dd, struct ecs_loop *loop, const char *host, uint16_t port)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    socklen_t n = sizeof(a);
    int on = 1;

    *dd = (struct dd){.loop = loop, .host = host};
    for (int i = 0; i < DD_CONNS; i++)
        dd->conn[i].fd = -1;
    dd->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(dd->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    assert_int_equal(bind(dd->fd, (struct sockaddr *)&a, n), 0);
    assert_int_equal(listen(dd->fd, 8), 0);
    assert_int_equal(getsockname(dd->fd, (struct sockaddr *)&a, &n), 0);
    dd->port = ntohs(a.sin_port);
    dd->watch = ecs_loop_fd_add(loop, dd->fd, ECS_IO_READ, dd_on_accept, dd);
}

/* All connections break and nobody listens any more. */
DD_HELPER void dd_kill(struct dd *dd)
{
    for (int i = 0; i < DD_CONNS; i++)
        dd_close(dd, i);
    if (dd->fd >= 0) {
        ecs_watch_free(dd->watch);
        close(dd->fd);
    }
    dd->fd = -1;
    ecs_buf_done(&dd->request_avps);
    ecs_buf_done(&dd->cer_bytes);
    ecs_buf_done(&dd->answer_bytes);
}
