/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of an SMPP session: each waits in a queue for the session, for a place in the window and for
 * the speed that the SMSC allows, then for its response. */
#include <stdlib.h>
#include <string.h>

#include "ecs/crypto.h"
#include "sms_smpp_int.h"

enum {
    WAITING_MAX = 1000,
    WAITING_MS = 40000,
    PAUSE_MS = 1000, /* after throttling; doubles */
    PAUSE_MAX_MS = 30000,
    GOOD_TO_WIDEN = 10, /* responses without complaint that open the window by one */
    BURST_US = 100000,  /* per_second may be caught up for so long */
    TTL_MAX_S = 28 * 86400,
};

void smpp_enter(struct sms_smpp *s)
{
    s->busy++;
}

static void destroy(struct sms_smpp *s)
{
    smpp_close(s);
    ecs_timer_disarm(&s->pace);
    ecs_tls_client_ctx_free(s->tls);
    ecs_buf_done(&s->in);
    if (s->out.p)
        ecs_wipe(s->out.p, s->out.cap);
    ecs_buf_done(&s->out);
    free(s);
}

void smpp_leave(struct sms_smpp *s)
{
    if (--s->busy == 0 && s->freed)
        destroy(s);
}

/* ---- lists ---- */

static void append(struct smpp_list *list, struct smpp_submit *submit)
{
    struct smpp_submit **at = &list->first;

    while (*at)
        at = &(*at)->next;
    submit->next = NULL;
    *at = submit;
    list->n++;
}

static bool take_out(struct smpp_list *list, const struct smpp_submit *submit)
{
    for (struct smpp_submit **at = &list->first; *at; at = &(*at)->next)
        if (*at == submit) {
            *at = submit->next;
            list->n--;
            return true;
        }
    return false;
}

static void drop(struct smpp_submit *submit)
{
    struct sms_smpp *s = submit->session;

    if (!take_out(&s->waiting, submit))
        (void)take_out(&s->sent, submit);
    ecs_timer_disarm(&submit->timer);
    submit->session = NULL;
    atomic_fetch_sub_explicit(&s->stats->in_flight, 1, memory_order_relaxed);
}

/* The flow goes on; the session may be gone afterwards unless the caller is between enter and leave. */
static void finish(struct smpp_submit *submit, enum ecs_send_class class, int64_t retry_after_s,
                   const char *reason)
{
    drop(submit);
    *submit->result =
        (struct ecs_send_result){.class = class, .retry_after_s = retry_after_s, .reason = reason};
    ecs_flow_resume(submit->flow);
}

void smpp_fail(struct sms_smpp *s, bool and_waiting, enum ecs_send_class class, int64_t retry_after_s,
               const char *reason)
{
    while (s->sent.first) {
        smpp_count(&s->stats->failures);
        finish(s->sent.first, class, retry_after_s, reason);
    }
    while (and_waiting && s->waiting.first) {
        smpp_count(&s->stats->failures);
        finish(s->waiting.first, class, retry_after_s, reason);
    }
}

/* ---- speed ---- */

static void on_pace(void *arg)
{
    smpp_pump(arg);
}

/* True when one may be sent now; else the pump is called again. */
static bool may_send(struct sms_smpp *s, int64_t now)
{
    int64_t at = s->resume_us > s->next_us ? s->resume_us : s->next_us;

    if (at <= now)
        return true;
    ecs_timer_arm(&s->pace, s->loop, (uint32_t)((at - now + 999) / 1000), on_pace, s);
    return false;
}

static void count_pace(struct sms_smpp *s, int64_t now)
{
    if (s->conf->per_second <= 0)
        return;
    if (s->next_us < now - BURST_US)
        s->next_us = now - BURST_US;
    s->next_us += 1000000 / s->conf->per_second;
}

/* Several answers of one burst count once. */
static void slow_down(struct sms_smpp *s, int64_t now)
{
    s->good = 0;
    if (now < s->resume_us)
        return;
    s->pause_ms = s->pause_ms == 0                 ? PAUSE_MS
                  : s->pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS
                                                   : s->pause_ms * 2;
    s->window = s->window > 1 ? s->window / 2 : 1;
    s->resume_us = now + (int64_t)s->pause_ms * 1000;
}

static void speed_up(struct sms_smpp *s)
{
    if (++s->good < GOOD_TO_WIDEN)
        return;
    s->good = 0;
    if (s->window < (size_t)s->conf->window)
        s->window++;
    else
        s->pause_ms = 0;
}

/* ---- sending ---- */

static void on_no_response(void *arg)
{
    struct smpp_submit *submit = arg;
    struct sms_smpp *s = submit->session;

    smpp_enter(s);
    smpp_count(&s->stats->timeouts);
    finish(submit, ECS_SEND_RETRY, 0, "no response");
    smpp_ask_link(s);
    smpp_pump(s);
    smpp_leave(s);
}

static void on_waited(void *arg)
{
    struct smpp_submit *submit = arg;

    smpp_count(&submit->session->stats->timeouts);
    finish(submit, ECS_SEND_RETRY, 0, "waited too long for the session");
}

static bool send_one(struct sms_smpp *s, struct smpp_submit *submit, int64_t now)
{
    uint32_t sequence = smpp_next_sequence(s);

    for (int i = 0; i < 4; i++)
        submit->pdu[12 + i] = (char)(uint8_t)(sequence >> (24 - 8 * i));
    if (!ecs_stream_send(s->stream, (struct ecs_str){submit->pdu, submit->pdu_n}))
        return false;
    submit->sequence = sequence;
    (void)take_out(&s->waiting, submit);
    append(&s->sent, submit);
    ecs_timer_arm(&submit->timer, s->loop, (uint32_t)s->conf->response_ms, on_no_response, submit);
    s->used_us = now;
    count_pace(s, now);
    return true;
}

void smpp_pump(struct sms_smpp *s)
{
    int64_t now = ecs_loop_now_us(s->loop);

    while (s->state == SMPP_BOUND && s->waiting.first && s->sent.n < s->window && may_send(s, now))
        if (!send_one(s, s->waiting.first, now))
            return; /* the connection is full or breaks: on_down tells */
}

/* ---- responses ---- */

static enum ecs_send_class class_of(uint32_t status)
{
    static const enum ecs_send_class classes[] = {
        [ECS_SMPP_MEANS_OK] = ECS_SEND_OK,           [ECS_SMPP_MEANS_RETRY] = ECS_SEND_RETRY,
        [ECS_SMPP_MEANS_THROTTLED] = ECS_SEND_RETRY, [ECS_SMPP_MEANS_DEAD] = ECS_SEND_DROP,
        [ECS_SMPP_MEANS_CONFIG] = ECS_SEND_CONFIG,   [ECS_SMPP_MEANS_BAD] = ECS_SEND_BAD,
    };

    return classes[ecs_smpp_status_meaning(status)];
}

static void count_response(struct sms_smpp *s, const struct smpp_submit *submit, enum ecs_send_class class,
                           int64_t now)
{
    smpp_count(class == ECS_SEND_RETRY ? &s->stats->http_errors : &s->stats->ok);
    atomic_fetch_add_explicit(&s->stats->us_total, (uint64_t)(now - submit->begun_us), memory_order_relaxed);
}

void smpp_answered(struct sms_smpp *s, const struct ecs_smpp_pdu *pdu)
{
    int64_t now = ecs_loop_now_us(s->loop), after_s = 0;
    struct smpp_submit *submit = s->sent.first;
    enum ecs_send_class class = class_of(pdu->status);

    while (submit && submit->sequence != pdu->sequence)
        submit = submit->next;
    if (!submit)
        return; /* too late, or never sent */
    if (ecs_smpp_status_meaning(pdu->status) == ECS_SMPP_MEANS_THROTTLED) {
        slow_down(s, now);
        after_s = (s->resume_us - now + 999999) / 1000000;
    } else if (class == ECS_SEND_OK) {
        speed_up(s);
    }
    if (pdu->command == ECS_SMPP_GENERIC_NACK && class == ECS_SEND_OK)
        class = ECS_SEND_BAD;
    count_response(s, submit, class, now);
    finish(submit, class, after_s, class == ECS_SEND_OK ? "accepted" : ecs_smpp_status_name(pdu->status));
}

/* ---- the caller's side ---- */

static void cancel(void *arg)
{
    struct smpp_submit *submit = arg;
    struct sms_smpp *s = submit->session;

    if (!s)
        return;
    drop(submit);
    if (s->waiting.first) /* its place in the window is free */
        ecs_timer_arm(&s->pace, s->loop, 0, on_pace, s);
}

/* Type of number and numbering plan of the sender: "+49..." is international, up to eight digits a short
 * code, other digits national, everything else a name. */
static struct ecs_str shape_sender(const struct sms_smpp *s, struct ecs_smpp_pdu *pdu)
{
    struct ecs_str sender = ecs_str_of(s->sender);
    uint8_t ton, npi = 1;

    if (sender.n > 1 && sender.p[0] == '+') {
        ton = 1;
        sender.p++;
        sender.n--;
    } else if (ecs_str_is_digits(sender)) {
        ton = sender.n <= 8 ? 3 : 2;
        npi = sender.n <= 8 ? 0 : 1;
    } else {
        ton = 5;
        npi = 0;
    }
    pdu->number[ECS_SMPP_F_SOURCE_TON] = s->conf->sender_ton >= 0 ? (uint8_t)s->conf->sender_ton : ton;
    pdu->number[ECS_SMPP_F_SOURCE_NPI] = s->conf->sender_npi >= 0 ? (uint8_t)s->conf->sender_npi : npi;
    return sender;
}

/* Relative time (7.1.1): YYMMDDhhmmss000R. */
static const char *format_validity(struct ecs_arena *arena, int64_t ttl_s)
{
    long long t = ttl_s > TTL_MAX_S ? TTL_MAX_S : ttl_s;

    return ecs_printf(arena, "0000%02lld%02lld%02lld%02lld000R", t / 86400, t / 3600 % 24, t / 60 % 60,
                      t % 60);
}

static bool encode(const struct sms_smpp *s, struct ecs_arena *arena, const struct sms_smpp_message *message,
                   struct smpp_submit *submit)
{
    struct ecs_smpp_pdu pdu = {.command = ECS_SMPP_SUBMIT_SM};
    const struct ecs_sms_part *part = message->part;
    char octets[ECS_SMS_UDH_MAX + ECS_SMS_DATA_MAX];
    struct ecs_buf buf = {0};
    bool good;

    memcpy(octets, part->udh, part->udh_n);
    memcpy(octets + part->udh_n, part->data, part->data_n);
    pdu.text[ECS_SMPP_F_SHORT_MESSAGE] = (struct ecs_str){octets, (size_t)part->udh_n + part->data_n};
    pdu.text[ECS_SMPP_F_SERVICE_TYPE] = ecs_str_of(s->conf->service_type);
    pdu.text[ECS_SMPP_F_SOURCE_ADDR] = shape_sender(s, &pdu);
    pdu.number[ECS_SMPP_F_DEST_TON] = 1;
    pdu.number[ECS_SMPP_F_DEST_NPI] = 1;
    pdu.text[ECS_SMPP_F_DEST_ADDR] = message->to;
    pdu.number[ECS_SMPP_F_ESM_CLASS] = part->udh_n ? 0x40 : 0;
    pdu.number[ECS_SMPP_F_DATA_CODING] = ecs_sms_data_coding(message->coding);
    if (s->conf->validity && message->ttl_s > 0)
        pdu.text[ECS_SMPP_F_VALIDITY] = ecs_str_of(format_validity(arena, message->ttl_s));
    good = ecs_smpp_encode(&pdu, &buf);
    submit->pdu_n = buf.n;
    submit->pdu = good ? ecs_arena_secret(arena, buf.n) : NULL; /* it may hold a one-time code */
    if (submit->pdu)
        memcpy(submit->pdu, buf.p, buf.n);
    if (buf.p)
        ecs_wipe(buf.p, buf.cap);
    ecs_wipe(octets, sizeof(octets));
    ecs_buf_done(&buf);
    return submit->pdu;
}

static enum ecs_next refuse(struct ecs_send_result *result, enum ecs_send_class class, int64_t retry_after_s,
                            const char *reason)
{
    *result = (struct ecs_send_result){.class = class, .retry_after_s = retry_after_s, .reason = reason};
    return ECS_NEXT;
}

enum ecs_next sms_smpp_submit(struct ecs_flow *f, struct sms_smpp *s, const struct sms_smpp_message *message,
                              struct ecs_send_result *ret_result)
{
    int64_t now = ecs_loop_now_us(s->loop);
    struct smpp_submit *submit = ecs_alloc(f->arena, sizeof(*submit));

    if (!submit)
        return refuse(ret_result, ECS_SEND_RETRY, 0, "no memory");
    if (!ecs_str_is_digits(message->to) || message->to.n > 20)
        return refuse(ret_result, ECS_SEND_BAD, 0, "the number is no number");
    if (s->state == SMPP_IDLE && now < s->rest_until_us) {
        smpp_count(&s->stats->refused_breaker);
        return refuse(ret_result, s->rest_class, (s->rest_until_us - now + 999999) / 1000000, s->rest_reason);
    }
    if (s->waiting.n >= WAITING_MAX) {
        smpp_count(&s->stats->refused_budget);
        return refuse(ret_result, ECS_SEND_RETRY, 1, "too many messages wait");
    }
    if (!encode(s, f->arena, message, submit))
        return refuse(ret_result, ECS_SEND_BAD, 0, "the message does not fit into a packet");
    submit->session = s;
    submit->flow = f;
    submit->result = ret_result;
    submit->begun_us = now;
    append(&s->waiting, submit);
    smpp_count(&s->stats->calls);
    smpp_count(&s->stats->in_flight);
    ecs_timer_arm(&submit->timer, s->loop, WAITING_MS, on_waited, submit);
    smpp_enter(s);
    if (s->state == SMPP_IDLE)
        smpp_open(s);
    else
        smpp_pump(s);
    smpp_leave(s);
    return ecs_flow_wait(f, cancel, submit);
}

struct sms_smpp *sms_smpp_new(struct ecs_loop *loop, const struct ecs_smpp_conf *conf, const char *sender,
                              struct ecs_neighbour_stats *stats, struct ecs_arena *arena,
                              const char **ret_error)
{
    struct sms_smpp *s = calloc(1, sizeof(*s));
    struct ecs_tls_client_conf tls = {
        .ca_file = conf->ca_file, .cert_file = conf->certificate, .key_file = conf->certificate_key};
    char error[300];

    if (!s) {
        *ret_error = "sms: no memory";
        return NULL;
    }
    s->loop = loop;
    s->copy = *conf;
    s->conf = &s->copy;
    s->sender = sender;
    s->stats = stats ? stats : &s->own;
    s->window = (size_t)conf->window;
    s->in.limit = 2 * ECS_SMPP_PDU_MAX;
    if (conf->tls && !(s->tls = ecs_tls_client_ctx_new(&tls, error, sizeof(error)))) {
        *ret_error = ecs_printf(arena, "sms: %s", error);
        free(s);
        return NULL;
    }
    return s;
}

void sms_smpp_free(struct sms_smpp *s)
{
    if (!s)
        return;
    s->freed = true;
    if (s->busy == 0)
        destroy(s);
}
