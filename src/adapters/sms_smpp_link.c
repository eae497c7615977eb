/* SPDX-License-Identifier: Apache-2.0 */
/* The connection of an SMPP session: bind, enquire_link both ways, answers to what the SMSC asks, unbind, and
 * the rest between two attempts. */
#include <stdio.h>
#include <string.h>

#include "ecs/crypto.h"
#include "ecs/log.h"
#include "sms_smpp_int.h"

enum {
    REST_MS = 1000, /* doubles */
    REST_MAX_MS = 60000,
    REST_CONFIG_MS = 30000, /* our credentials are refused: asking often locks accounts */
    UNBIND_MS = 2000,
    INTERFACE_VERSION = 0x34,
};

uint32_t smpp_next_sequence(struct sms_smpp *s)
{
    s->sequence = s->sequence >= 0x7fffffff ? 1 : s->sequence + 1;
    return s->sequence;
}

static bool say(struct sms_smpp *s, const struct ecs_smpp_pdu *pdu)
{
    bool good;

    ecs_buf_reset(&s->out);
    good = s->stream && ecs_smpp_encode(pdu, &s->out) && ecs_stream_send(s->stream, ecs_buf_str(&s->out));
    if (s->out.p)
        ecs_wipe(s->out.p, s->out.cap); /* the password of a bind */
    return good;
}

static bool ask(struct sms_smpp *s, enum ecs_smpp_command command)
{
    struct ecs_smpp_pdu pdu = {.command = command, .sequence = smpp_next_sequence(s)};

    return say(s, &pdu);
}

static void reply(struct sms_smpp *s, enum ecs_smpp_command command, uint32_t status, uint32_t sequence)
{
    struct ecs_smpp_pdu pdu = {.command = command, .status = status, .sequence = sequence};

    (void)say(s, &pdu);
}

/* ---- going down ---- */

static void set_resting(struct sms_smpp *s, bool resting)
{
    if (s->resting == resting)
        return;
    s->resting = resting;
    if (resting)
        smpp_count(&s->stats->breaker_open);
    else
        atomic_fetch_sub_explicit(&s->stats->breaker_open, 1, memory_order_relaxed);
}

static void disconnect(struct sms_smpp *s)
{
    ecs_stream_free(s->stream);
    s->stream = NULL;
    s->state = SMPP_IDLE;
    s->epoch++;
    s->asked_us = 0;
    ecs_buf_reset(&s->in);
    ecs_timer_disarm(&s->link);
}

/* reason: static. detail: for the log. All messages come back to their senders, who will repeat them. */
static void go_down(struct sms_smpp *s, enum ecs_send_class class, const char *reason, const char *detail)
{
    int64_t now = ecs_loop_now_us(s->loop);
    uint32_t least = class == ECS_SEND_CONFIG ? REST_CONFIG_MS : REST_MS;

    ecs_log(NULL, ECS_EV_NEIGHBOUR_DOWN, "smsc: %s%s%s", reason, detail ? ": " : "", detail ? detail : "");
    disconnect(s);
    s->rest_ms = s->rest_ms * 2 < least ? least : s->rest_ms * 2 > REST_MAX_MS ? REST_MAX_MS : s->rest_ms * 2;
    /* Workers that lost the SMSC together do not come back together. */
    s->rest_until_us = now + (int64_t)(s->rest_ms + ecs_hash(&s, sizeof(s)) % (s->rest_ms / 4 + 1)) * 1000;
    s->rest_class = class;
    s->rest_reason = reason;
    set_resting(s, true);
    smpp_fail(s, true, class, (s->rest_until_us - now + 999999) / 1000000, reason);
}

/* The connection is gone in order; what waits opens the next one. */
static void end_session(struct sms_smpp *s)
{
    disconnect(s);
    smpp_fail(s, false, ECS_SEND_RETRY, 0, "the session ended");
    if (s->waiting.first && s->state == SMPP_IDLE)
        smpp_open(s);
}

static void on_down(void *arg, const char *reason)
{
    struct sms_smpp *s = arg;
    char detail[200];

    snprintf(detail, sizeof(detail), "%s", reason); /* it dies with the stream */
    smpp_enter(s);
    if (s->state == SMPP_UNBINDING)
        end_session(s);
    else
        go_down(s, ECS_SEND_RETRY, s->state == SMPP_OPENING ? "no connection" : "the connection was lost",
                detail);
    smpp_leave(s);
}

void smpp_close(struct sms_smpp *s)
{
    if (s->state == SMPP_BOUND)
        (void)ask(s, ECS_SMPP_UNBIND);
    disconnect(s);
    set_resting(s, false);
}

/* ---- keep-alive ---- */

static void on_link(void *arg);

static void arm_link(struct sms_smpp *s, int64_t ms)
{
    ecs_timer_arm(&s->link, s->loop, (uint32_t)ms, on_link, s);
}

static int64_t link_ms(const struct sms_smpp *s)
{
    return s->conf->idle_ms && s->conf->idle_ms < s->conf->enquire_ms ? s->conf->idle_ms
                                                                      : s->conf->enquire_ms;
}

void smpp_ask_link(struct sms_smpp *s)
{
    if (s->state != SMPP_BOUND || s->asked_us)
        return;
    s->asked_us = ecs_loop_now_us(s->loop);
    (void)ask(s, ECS_SMPP_ENQUIRE_LINK);
    arm_link(s, s->conf->response_ms);
}

static void watch_link(struct sms_smpp *s, int64_t now)
{
    bool unused = s->sent.n == 0 && s->waiting.n == 0;

    if (s->asked_us) {
        go_down(s, ECS_SEND_RETRY, "no answer to enquire_link", NULL);
    } else if (s->conf->idle_ms && unused && now - s->used_us >= s->conf->idle_ms * 1000) {
        s->state = SMPP_UNBINDING;
        (void)ask(s, ECS_SMPP_UNBIND);
        arm_link(s, UNBIND_MS);
    } else if (now - s->heard_us >= s->conf->enquire_ms * 1000) {
        smpp_ask_link(s);
    } else {
        arm_link(s, link_ms(s));
    }
}

static void on_link(void *arg)
{
    struct sms_smpp *s = arg;

    smpp_enter(s);
    if (s->state == SMPP_BINDING)
        go_down(s, ECS_SEND_RETRY, "no answer to bind_transceiver", NULL);
    else if (s->state == SMPP_UNBINDING)
        end_session(s);
    else if (s->state == SMPP_BOUND)
        watch_link(s, ecs_loop_now_us(s->loop));
    smpp_leave(s);
}

/* ---- what comes in ---- */

static void take_bind_response(struct sms_smpp *s, const struct ecs_smpp_pdu *pdu)
{
    enum ecs_smpp_meaning meaning = ecs_smpp_status_meaning(pdu->status);

    if (s->state != SMPP_BINDING)
        return;
    if (pdu->status != ECS_SMPP_ROK) {
        bool config = meaning == ECS_SMPP_MEANS_CONFIG || meaning == ECS_SMPP_MEANS_BAD;

        go_down(s, config ? ECS_SEND_CONFIG : ECS_SEND_RETRY, "the SMSC refused the bind",
                ecs_smpp_status_name(pdu->status));
        return;
    }
    s->state = SMPP_BOUND;
    s->rest_ms = 0;
    s->used_us = ecs_loop_now_us(s->loop);
    set_resting(s, false);
    ecs_log(NULL, ECS_EV_NEIGHBOUR_UP, "smsc: bound");
    arm_link(s, link_ms(s));
    smpp_pump(s);
}

static void take_request(struct sms_smpp *s, const struct ecs_smpp_pdu *pdu)
{
    switch (pdu->command) {
    case ECS_SMPP_ENQUIRE_LINK:
        reply(s, ECS_SMPP_ENQUIRE_LINK_RESP, ECS_SMPP_ROK, pdu->sequence);
        break;
    case ECS_SMPP_DELIVER_SM: /* receipts and messages to our number: nobody reads them */
    case ECS_SMPP_DATA_SM:
        reply(s, ecs_smpp_response_of(pdu->command), ECS_SMPP_ROK, pdu->sequence);
        break;
    case ECS_SMPP_UNBIND:
        reply(s, ECS_SMPP_UNBIND_RESP, ECS_SMPP_ROK, pdu->sequence);
        go_down(s, ECS_SEND_RETRY, "the SMSC ended the session", NULL);
        break;
    case ECS_SMPP_ALERT_NOTIFICATION: /* has no response */
    case ECS_SMPP_OUTBIND:
        break;
    default:
        reply(s, ECS_SMPP_GENERIC_NACK, ECS_SMPP_RINVCMDID, pdu->sequence);
        break;
    }
}

static void take_packet(struct sms_smpp *s, const struct ecs_smpp_pdu *pdu)
{
    switch (pdu->command) {
    case ECS_SMPP_BIND_TRANSCEIVER_RESP:
        take_bind_response(s, pdu);
        break;
    case ECS_SMPP_SUBMIT_SM_RESP:
        smpp_answered(s, pdu);
        smpp_pump(s);
        break;
    case ECS_SMPP_GENERIC_NACK:
        if (s->state == SMPP_BINDING)
            go_down(s, ECS_SEND_CONFIG, "the SMSC does not know bind_transceiver", NULL);
        else
            smpp_answered(s, pdu);
        smpp_pump(s);
        break;
    case ECS_SMPP_UNBIND_RESP:
        if (s->state == SMPP_UNBINDING)
            end_session(s);
        break;
    default:
        if (!ecs_smpp_is_response(pdu->id))
            take_request(s, pdu);
        break;
    }
}

/* Of a response only the header counts here, so a fault in its body does no harm. */
static void read_packet(struct sms_smpp *s, struct ecs_str bytes)
{
    struct ecs_smpp_pdu pdu = {0};
    enum ecs_smpp_fault fault = ecs_smpp_decode(bytes, &pdu);

    if (!fault || (fault != ECS_SMPP_FAULT_COMMAND && ecs_smpp_is_response(pdu.id)))
        take_packet(s, &pdu);
    else if (!ecs_smpp_is_response(pdu.id))
        reply(s, ECS_SMPP_GENERIC_NACK, ecs_smpp_fault_status(fault), pdu.sequence);
}

/* All whole packets of the buffer; -1: framing is lost. A packet may end the session and even begin another
 * one, whose buffer is empty: nothing is left to be read then. */
static int read_packets(struct sms_smpp *s)
{
    unsigned epoch = s->epoch;
    ptrdiff_t n = 0;
    size_t at = 0;

    while ((n = ecs_smpp_measure((struct ecs_str){s->in.p + at, s->in.n - at})) > 0) {
        read_packet(s, (struct ecs_str){s->in.p + at, (size_t)n});
        if (s->epoch != epoch)
            return 0;
        at += (size_t)n;
    }
    memmove(s->in.p, s->in.p + at, s->in.n - at);
    s->in.n -= at;
    return n < 0 ? -1 : 0;
}

static void on_bytes(void *arg, struct ecs_str bytes)
{
    struct sms_smpp *s = arg;

    smpp_enter(s);
    s->heard_us = ecs_loop_now_us(s->loop);
    if (s->asked_us) {
        s->asked_us = 0;
        arm_link(s, link_ms(s));
    }
    ecs_buf_add_str(&s->in, bytes);
    if (s->in.overflow) {
        go_down(s, ECS_SEND_RETRY, "no memory", NULL);
    } else if (read_packets(s) < 0) {
        reply(s, ECS_SMPP_GENERIC_NACK, ECS_SMPP_RINVCMDLEN, 0);
        go_down(s, ECS_SEND_RETRY, "the SMSC sent a malformed packet",
                ecs_smpp_fault_text(ECS_SMPP_FAULT_LENGTH));
    }
    smpp_leave(s);
}

/* ---- coming up ---- */

static void on_up(void *arg)
{
    struct sms_smpp *s = arg;
    struct ecs_smpp_pdu pdu = {.command = ECS_SMPP_BIND_TRANSCEIVER, .sequence = smpp_next_sequence(s)};

    pdu.text[ECS_SMPP_F_SYSTEM_ID] = ecs_str_of(s->conf->system_id);
    pdu.text[ECS_SMPP_F_PASSWORD] = ecs_str_of(s->conf->password);
    pdu.text[ECS_SMPP_F_SYSTEM_TYPE] = ecs_str_of(s->conf->system_type);
    pdu.number[ECS_SMPP_F_INTERFACE_VERSION] = INTERFACE_VERSION;
    s->state = SMPP_BINDING;
    s->heard_us = ecs_loop_now_us(s->loop);
    arm_link(s, s->conf->response_ms);
    if (say(s, &pdu))
        return;
    smpp_enter(s);
    go_down(s, ECS_SEND_CONFIG, "bind_transceiver cannot be written", NULL);
    smpp_leave(s);
}

void smpp_open(struct sms_smpp *s)
{
    struct ecs_stream_conf conf = {.host = s->conf->host,
                                   .port = (uint16_t)s->conf->port,
                                   .tls = s->tls,
                                   .connect_ms = (uint32_t)s->conf->connect_ms,
                                   .on_up = on_up,
                                   .on_bytes = on_bytes,
                                   .on_down = on_down,
                                   .arg = s};

    s->stream = ecs_stream_open(s->loop, &conf);
    if (s->stream)
        s->state = SMPP_OPENING;
    else
        go_down(s, ECS_SEND_RETRY, "no memory", NULL);
}
