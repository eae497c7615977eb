/* SPDX-License-Identifier: Apache-2.0 */
/* A Diameter peer on the test's own loop, first half: its orders, what it has seen, what it says. */
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
    struct ecs_str more; /* further AVPs of answers */
    bool no_result;      /* more holds it */
    /* what was seen */
    unsigned accepted, cer, dwr, dwa, dpr, dpa, requests, repeated, closed;
    struct dd_seen last, held[DD_HELD];
    size_t held_n;
    struct ecs_buf request_avps;            /* of the last request */
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
        .command = how == DD_OTHER_COMMAND ? ECS_DIAMETER_AA : ECS_DIAMETER_UNKNOWN,
        .code = seen->code,
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
    if (how != DD_NO_RESULT && !dd->no_result)
        ecs_diameter_put_u32(&b, ECS_AVP_RESULT_CODE, result);
    ecs_diameter_put(&b, ECS_AVP_ORIGIN_HOST, how == DD_BAD_AVP ? ECS_STR("a\nb") : ecs_str_of(dd->host));
    ecs_diameter_put(&b, ECS_AVP_ORIGIN_REALM, ECS_STR("test"));
    ecs_buf_add_str(&b, dd->more);
    dd_say(dd, seen->conn, m, &b);
}

/* Answers what was held, the last one first. */
DD_HELPER void dd_release(struct dd *dd)
{
    while (dd->held_n)
        dd_answer(dd, &dd->held[--dd->held_n], 2001, DD_ANSWER);
}
