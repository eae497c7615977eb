/* SPDX-License-Identifier: Apache-2.0 */
/* One peer: connect, capabilities, watchdog by the algorithm of RFC 3539 3.4.1, leave, rest, connect again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ecs/log.h"
#include "net/diameter_ask.h"

enum {
    DRAIN_MS = 20000, /* for what is outstanding when a peer has to go */
    LEAVE_MS = 2000,  /* for the DPA, or for the peer to close after its DPR */
    JITTER_MS = 2000, /* of the watchdog, either way */
    SHORT_REST = 8,   /* the first rest is that part of Tc */
    LONG_REST = 10,   /* so many Tc when the peer does not want us */
    PORT = 3868,
    PORT_TLS = 5658,
    CAUSE_REBOOTING = 0,
    CAUSE_DO_NOT_WANT = 2,
};

static void on_timer(void *arg);

static void arm(struct dia_peer *peer, uint32_t ms)
{
    ecs_timer_arm(&peer->timer, peer->node->loop, ms, on_timer, peer);
}

void dia_peer_enter(struct dia_peer *peer, enum ecs_diameter_state state)
{
    bool in_service = state == ECS_DIAMETER_OKAY;
    bool probation = state == ECS_DIAMETER_REOPEN || peer->state == ECS_DIAMETER_REOPEN;

    peer->state = state;
    peer->state_us = ecs_loop_now_us(peer->node->loop);
    if (in_service == peer->in_service) {
        if (probation)
            dia_publish(peer->node); /* use_reopening */
        return;
    }
    peer->in_service = in_service;
    if (in_service)
        dia_uncount(&peer->stats->breaker_open);
    else
        dia_count(&peer->stats->breaker_open);
    dia_publish(peer->node);
}

/* ---- going down ---- */

static void rest(struct dia_peer *peer, bool config)
{
    uint32_t most = peer->conf.reconnect_ms;

    if (config || peer->rest_ms == 0)
        peer->rest_ms = config ? most : most / SHORT_REST + 1;
    else
        peer->rest_ms = peer->rest_ms < most / 2 ? peer->rest_ms * 2 : most;
    if (peer->unwelcome)
        most *= LONG_REST;
    arm(peer, (peer->unwelcome ? most : peer->rest_ms) + dia_random(peer->node) % (peer->rest_ms / 4 + 1));
    peer->unwelcome = false;
}

void dia_peer_close(struct dia_peer *peer)
{
    ecs_stream_free(peer->stream);
    ecs_tls_client_ctx_free(peer->tls);
    peer->stream = NULL;
    peer->tls = NULL;
    peer->epoch++;
    if (peer->in.p)
        ecs_wipe(peer->in.p, peer->in.cap);
    ecs_buf_reset(&peer->in);
    ecs_timer_disarm(&peer->timer);
    ecs_timer_disarm(&peer->drain_timer);
    peer->watching = false;
    peer->applications = 0;
    peer->relay = false;
}

static void go_down(struct dia_peer *peer, bool config)
{
    dia_peer_close(peer);
    dia_peer_enter(peer, ECS_DIAMETER_DOWN);
    dia_fail_over(peer, true);
    if (dia_is_draining(peer))
        dia_drain(peer);
    else
        rest(peer, config);
}

void dia_peer_fail(struct dia_peer *peer, const char *reason, bool config)
{
    bool was_up = peer->state >= ECS_DIAMETER_OKAY;

    if (was_up || strncmp(peer->reason, reason, sizeof(peer->reason) - 1) != 0)
        ecs_log(NULL, ECS_EV_NEIGHBOUR_DOWN, "diameter %s: %s", peer->conf.name, reason);
    snprintf(peer->reason, sizeof(peer->reason), "%s", reason);
    if (was_up)
        peer->failed = true;
    go_down(peer, config);
}

/* In order: nothing failed, so there is no probation at the next time. */
static void end_orderly(struct dia_peer *peer)
{
    peer->failed = false;
    go_down(peer, false);
}

void dia_peer_leave(struct dia_peer *peer)
{
    if (!dia_say_disconnect(peer, CAUSE_DO_NOT_WANT)) {
        dia_peer_fail(peer, "the connection takes no more bytes", false);
        return;
    }
    dia_peer_enter(peer, ECS_DIAMETER_CLOSING);
    arm(peer, LEAVE_MS);
}

void dia_take_leave(struct dia_peer *peer, uint32_t cause)
{
    snprintf(peer->reason, sizeof(peer->reason), "the peer took leave (cause %u)", (unsigned)cause);
    ecs_log(NULL, ECS_EV_NEIGHBOUR_DOWN, "diameter %s: %s", peer->conf.name, peer->reason);
    peer->unwelcome = cause != CAUSE_REBOOTING;
    dia_peer_enter(peer, ECS_DIAMETER_CLOSING);
    dia_fail_over(peer, true); /* the answers will not come any more */
    arm(peer, LEAVE_MS);
}

static void on_drained_too_long(void *arg)
{
    struct dia_peer *peer = arg;

    dia_fail_over(peer, true);
}

void dia_drain(struct dia_peer *peer)
{
    bool up = peer->state >= ECS_DIAMETER_OKAY && peer->state < ECS_DIAMETER_CLOSING;

    if (up && peer->in_flight) {
        if (!peer->drain_timer.loop)
            ecs_timer_arm(&peer->drain_timer, peer->node->loop, DRAIN_MS, on_drained_too_long, peer);
        return;
    }
    ecs_timer_disarm(&peer->drain_timer);
    /* Later: callers are in the middle of the peer's lists. */
    if (!peer->node->reap.loop)
        ecs_timer_arm(&peer->node->reap, peer->node->loop, 0, dia_reap, peer->node);
}

/* ---- watchdog ---- */

static void set_watchdog(struct dia_peer *peer)
{
    uint32_t tw = peer->conf.watchdog_ms, jitter = tw >= 3 * JITTER_MS ? JITTER_MS : tw / 3;

    arm(peer, tw - jitter + dia_random(peer->node) % (2 * jitter + 1));
}

static void send_watchdog(struct dia_peer *peer)
{
    peer->watching = true;
    if (dia_say_watchdog(peer))
        set_watchdog(peer);
    else
        dia_peer_fail(peer, "the connection takes no more bytes", false);
}

static void come_into_service(struct dia_peer *peer)
{
    ecs_log(NULL, ECS_EV_NEIGHBOUR_UP, "diameter %s: in service", peer->conf.name);
    peer->reason[0] = '\0';
    peer->rest_ms = 0;
    dia_peer_enter(peer, ECS_DIAMETER_OKAY);
}

void dia_heard(struct dia_peer *peer, bool watchdog_answer)
{
    if (watchdog_answer)
        peer->watching = false;
    if (peer->state == ECS_DIAMETER_REOPEN) {
        if (watchdog_answer && ++peer->answered == 3)
            come_into_service(peer);
        else if (watchdog_answer && peer->answered == 1)
            dia_publish(peer->node); /* use_reopening */
        return;                      /* the timer asks again */
    }
    if (peer->state == ECS_DIAMETER_SUSPECT)
        come_into_service(peer);
    if (peer->state == ECS_DIAMETER_OKAY)
        set_watchdog(peer);
}

void dia_capable(struct dia_peer *peer)
{
    if (!peer->failed) {
        come_into_service(peer);
        set_watchdog(peer);
        return;
    }
    peer->answered = 0;
    dia_peer_enter(peer, ECS_DIAMETER_REOPEN);
    send_watchdog(peer);
}

/* The timer has run out while the connection stands. */
static void watch(struct dia_peer *peer)
{
    if (!peer->watching) {
        send_watchdog(peer);
    } else if (peer->state == ECS_DIAMETER_OKAY) {
        ecs_log(NULL, ECS_EV_NEIGHBOUR_DOWN, "diameter %s: no answer to a watchdog", peer->conf.name);
        snprintf(peer->reason, sizeof(peer->reason), "no answer to a watchdog");
        dia_peer_enter(peer, ECS_DIAMETER_SUSPECT);
        dia_fail_over(peer, false);
        set_watchdog(peer);
    } else if (peer->state == ECS_DIAMETER_REOPEN && peer->answered >= 0) {
        peer->answered = -1;
        dia_publish(peer->node);
        set_watchdog(peer);
    } else {
        dia_peer_fail(peer, "no answer to two watchdogs", false);
    }
}

static void on_timer(void *arg)
{
    struct dia_peer *peer = arg;

    switch (peer->state) {
    case ECS_DIAMETER_DOWN:
        dia_peer_open(peer);
        break;
    case ECS_DIAMETER_ASKING:
        dia_peer_fail(peer, "no answer to our capabilities", false);
        break;
    case ECS_DIAMETER_CLOSING:
        end_orderly(peer);
        break;
    case ECS_DIAMETER_OPENING:
        break; /* the stream has a limit of its own */
    default:
        watch(peer);
        break;
    }
}

/* ---- what comes in ---- */

static void take_message(struct dia_peer *peer, struct ecs_str bytes)
{
    struct ecs_diameter_message message = {.command = ECS_DIAMETER_UNKNOWN};
    struct ecs_diameter_avp failed = {.id = ECS_AVP_UNKNOWN};
    enum ecs_diameter_fault fault = ecs_diameter_decode(bytes, &message, &failed);
    bool request = message.flags & ECS_DIAMETER_R;
    bool base =
        message.application == ECS_DIAMETER_APP_BASE &&
        (message.command == ECS_DIAMETER_CAPABILITIES || message.command == ECS_DIAMETER_DEVICE_WATCHDOG ||
         message.command == ECS_DIAMETER_DISCONNECT_PEER);

    dia_heard(peer, base && !request && message.command == ECS_DIAMETER_DEVICE_WATCHDOG &&
                        message.hop_by_hop == peer->own_hop);
    if (base && (!fault || fault == ECS_DIAMETER_FAULT_UNSUPPORTED))
        dia_take_base(peer, &message);
    else if (base && !request && peer->state == ECS_DIAMETER_ASKING)
        dia_peer_fail(peer, ecs_diameter_fault_text(fault), true);
    else if (request)
        dia_take_request(peer, &message, fault, &failed);
    else if (!base)
        dia_answered(peer, &message, fault, bytes);
}

/* A message may end the connection and even begin another one. */
static void on_bytes(void *arg, struct ecs_str bytes)
{
    struct dia_peer *peer = arg;
    unsigned epoch = peer->epoch;
    ptrdiff_t n = 0;
    size_t at = 0;

    ecs_buf_add_str(&peer->in, bytes);
    if (peer->in.overflow) {
        dia_peer_fail(peer, "no memory", false);
        return;
    }
    while ((n = ecs_diameter_measure((struct ecs_str){peer->in.p + at, peer->in.n - at})) > 0) {
        take_message(peer, (struct ecs_str){peer->in.p + at, (size_t)n});
        if (peer->epoch != epoch)
            return;
        at += (size_t)n;
    }
    if (n < 0) {
        dia_peer_fail(peer, "the peer sent what is no Diameter message", false);
        return;
    }
    memmove(peer->in.p, peer->in.p + at, peer->in.n - at);
    peer->in.n -= at;
    ecs_wipe(peer->in.p + peer->in.n, at);
}

static void on_down(void *arg, const char *reason)
{
    struct dia_peer *peer = arg;
    char copy[sizeof(peer->reason)];

    snprintf(copy, sizeof(copy), "%s", reason); /* it dies with the stream */
    if (peer->state == ECS_DIAMETER_CLOSING)
        end_orderly(peer);
    else
        dia_peer_fail(peer, copy, false);
}

/* ---- coming up ---- */

static void on_up(void *arg)
{
    struct dia_peer *peer = arg;

    dia_peer_enter(peer, ECS_DIAMETER_ASKING);
    arm(peer, peer->conf.connect_ms);
    if (!dia_say_capabilities(peer))
        dia_peer_fail(peer, "our capabilities cannot be written", true);
}

static const char *open_tls(struct dia_peer *peer, char *error, size_t error_size)
{
    struct ecs_tls_client_conf tls = {
        .ca_file = peer->conf.ca_file, .cert_file = peer->conf.cert_file, .key_file = peer->conf.key_file};

    if (!peer->conf.tls)
        return NULL;
    peer->tls = ecs_tls_client_ctx_new(&tls, error, error_size);
    return peer->tls ? NULL : error;
}

void dia_peer_open(struct dia_peer *peer)
{
    const struct ecs_diameter_peer_conf *c = &peer->conf;
    char error[160] = "";
    const char *wrong = open_tls(peer, error, sizeof(error));
    struct ecs_stream_conf conf = {.host = c->host,
                                   .port = c->port  ? c->port
                                           : c->tls ? PORT_TLS
                                                    : PORT,
                                   .tls = peer->tls,
                                   .sctp = c->sctp,
                                   .measure = c->sctp ? ecs_diameter_measure : NULL,
                                   .tls_name = c->tls_name ? c->tls_name : c->identity,
                                   .connect_ms = c->connect_ms,
                                   .max_out = 4 * ECS_DIAMETER_MAX,
                                   .on_up = on_up,
                                   .on_bytes = on_bytes,
                                   .on_down = on_down,
                                   .arg = peer};

    peer->in.limit = 2 * ECS_DIAMETER_MAX;
    if (!wrong && !(peer->stream = ecs_stream_open(peer->node->loop, &conf)))
        wrong = "no memory for a connection";
    if (wrong)
        dia_peer_fail(peer, wrong, true);
    else
        dia_peer_enter(peer, ECS_DIAMETER_OPENING);
}
