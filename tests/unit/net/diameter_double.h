/* SPDX-License-Identifier: Apache-2.0 */
/* A Diameter peer on the test's own loop: it takes connections, answers as it is told and counts. */
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ecs/clock.h"
#include "ecs/diameter_peer.h"

#define DD_HELPER __attribute__((unused)) static

enum dd_answer {
    DD_ANSWER,
    DD_HOLD, /* kept, answered by dd_release */
    DD_SILENT,
    DD_OTHER_SESSION,
    DD_OTHER_END_TO_END,
    DD_OTHER_COMMAND,
    DD_NO_RESULT,
    DD_BAD_AVP,
    DD_NOISE, /* no Diameter */
};
enum { DD_CONNS = 8, DD_HELD = 512 };

struct dd;
struct dd_conn {
    struct dd *dd;
    int fd;
    struct ecs_watch *watch;
    struct ecs_buf in;
};
struct dd_seen {
    uint32_t hop, end_to_end, code, application;
    uint8_t flags;
    int conn;
    char session[100];
};
struct dd {
    struct ecs_loop *loop;
    int fd;
    uint16_t port;
    struct ecs_watch *watch;
    struct dd_conn conn[DD_CONNS];
    /* orders */
    const char *host;
    uint32_t cea_result, application, vendor, state_id, result;
    bool relay, mute, no_leave; /* mute: watchdogs are not answered; no_leave: DPR neither */
    bool dwr_first;             /* asks a watchdog before it answers our capabilities */
    enum dd_answer how;
    /* what was seen */
    unsigned accepted, cer, dwr, dwa, dpr, dpa, requests, repeated, closed;
    struct dd_seen last, held[DD_HELD];
    size_t held_n;
    struct ecs_buf cer_bytes, answer_bytes; /* the last CER; the last answer to a request of ours */
};

DD_HELPER void dd_send(struct dd *dd, int at, struct ecs_str bytes)
{
    ssize_t sent = dd->conn[at].fd < 0 ? -1 : send(dd->conn[at].fd, bytes.p, bytes.n, MSG_NOSIGNAL);

    if (sent >= 0) /* else the node has gone already */
        assert_int_equal(sent, (ssize_t)bytes.n);
}

DD_HELPER void dd_say(struct dd *dd, int at, struct ecs_diameter_message m, struct ecs_buf *avps)
{
    struct ecs_buf out = {0};

    m.avps = ecs_buf_str(avps);
    assert_true(ecs_diameter_encode(&m, &out));
    dd_send(dd, at, ecs_buf_str(&out));
    ecs_buf_done(&out);
    ecs_buf_done(avps);
}

DD_HELPER void dd_put_origin(const struct dd *dd, struct ecs_buf *b)
{
    ecs_diameter_put(b, ECS_AVP_ORIGIN_HOST, ecs_str_of(dd->host));
    ecs_diameter_put(b, ECS_AVP_ORIGIN_REALM, ECS_STR("test"));
    if (dd->state_id)
        ecs_diameter_put_u32(b, ECS_AVP_ORIGIN_STATE_ID, dd->state_id);
}

/* A request of the peer's own to the neighbour. */
DD_HELPER void dd_ask(struct dd *dd, int at, enum ecs_diameter_command command, uint32_t cause)
{
    struct ecs_diameter_message m = {
        .command = command, .flags = ECS_DIAMETER_R, .hop_by_hop = 0x77, .end_to_end = 0x78};
    struct ecs_buf b = {0};

    dd_put_origin(dd, &b);
    if (command == ECS_DIAMETER_DISCONNECT_PEER)
        ecs_diameter_put_u32(&b, ECS_AVP_DISCONNECT_CAUSE, cause);
    dd_say(dd, at, m, &b);
}

DD_HELPER void dd_answer_base(struct dd *dd, int at, const struct ecs_diameter_message *request)
{
    struct ecs_diameter_message m = {
        .command = request->command, .hop_by_hop = request->hop_by_hop, .end_to_end = request->end_to_end};
    struct ecs_buf b = {0};
    size_t group;

    ecs_diameter_put_u32(&b, ECS_AVP_RESULT_CODE,
                         m.command == ECS_DIAMETER_CAPABILITIES && dd->cea_result ? dd->cea_result : 2001);
    dd_put_origin(dd, &b);
    if (m.command == ECS_DIAMETER_CAPABILITIES) {
        ecs_diameter_put_address(&b, ECS_AVP_HOST_IP_ADDRESS, "\x7f\0\0\x01", 4);
        ecs_diameter_put_u32(&b, ECS_AVP_VENDOR_ID, 0);
        ecs_diameter_put(&b, ECS_AVP_PRODUCT_NAME, ECS_STR("double"));
        if (dd->relay)
            ecs_diameter_put_u32(&b, ECS_AVP_AUTH_APPLICATION_ID, ECS_DIAMETER_APP_RELAY);
        group = ecs_diameter_group_begin(&b, ECS_AVP_VENDOR_SPECIFIC_APPLICATION_ID);
        ecs_diameter_put_u32(&b, ECS_AVP_VENDOR_ID, ECS_DIAMETER_TGPP);
        ecs_diameter_put_u32(&b, ECS_AVP_AUTH_APPLICATION_ID,
                             dd->application ? dd->application : ECS_DIAMETER_APP_SWM);
        ecs_diameter_group_end(&b, group);
    }
    dd_say(dd, at, m, &b);
}

DD_HELPER void dd_answer(struct dd *dd, const struct dd_seen *seen, uint32_t result, enum dd_answer how)
{
    struct ecs_diameter_message m = {
        .command = how == DD_OTHER_COMMAND ? ECS_DIAMETER_AA : ECS_DIAMETER_EAP,
        .application = seen->application,
        .flags = (uint8_t)(ECS_DIAMETER_P | (result / 1000 == 3 ? ECS_DIAMETER_E : 0)),
        .hop_by_hop = seen->hop,
        .end_to_end = seen->end_to_end + (how == DD_OTHER_END_TO_END)};
    struct ecs_buf b = {0};

    if (how == DD_NOISE) {
        dd_send(dd, seen->conn, ECS_STR("HTTP/1.1 400 Bad Request\r\n\r\n"));
        return;
    }
    ecs_diameter_put(&b, ECS_AVP_SESSION_ID,
                     how == DD_OTHER_SESSION ? ECS_STR("x;1;1") : ecs_str_of(seen->session));
    if (how != DD_NO_RESULT)
        ecs_diameter_put_u32(&b, ECS_AVP_RESULT_CODE, result);
    ecs_diameter_put(&b, ECS_AVP_ORIGIN_HOST, how == DD_BAD_AVP ? ECS_STR("a\nb") : ecs_str_of(dd->host));
    ecs_diameter_put(&b, ECS_AVP_ORIGIN_REALM, ECS_STR("test"));
    dd_say(dd, seen->conn, m, &b);
}

/* Answers what was held, the last one first. */
DD_HELPER void dd_release(struct dd *dd)
{
    while (dd->held_n)
        dd_answer(dd, &dd->held[--dd->held_n], 2001, DD_ANSWER);
}

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
    ecs_buf_done(&dd->cer_bytes);
    ecs_buf_done(&dd->answer_bytes);
}
