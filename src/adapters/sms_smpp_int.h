/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of the SMPP session: sms_smpp.c holds the messages (queue, window, speed),
 * sms_smpp_link.c the connection (bind, keep-alive, what the SMSC asks). */
#pragma once

#include <stdatomic.h>

#include "adapters/sms_smpp.h"
#include "ecs/smpp.h"
#include "ecs/stream.h"

enum smpp_state { SMPP_IDLE, SMPP_OPENING, SMPP_BINDING, SMPP_BOUND, SMPP_UNBINDING };

struct smpp_submit {
    struct smpp_submit *next;
    struct sms_smpp *session; /* NULL: finished */
    struct ecs_flow *flow;
    struct ecs_send_result *result;
    char *pdu;
    size_t pdu_n;
    uint32_t sequence;
    int64_t begun_us;
    struct ecs_timer timer;
};
struct smpp_list {
    struct smpp_submit *first;
    size_t n;
};

struct sms_smpp {
    struct ecs_loop *loop;
    const struct ecs_smpp_conf *conf;
    struct ecs_smpp_conf copy; /* what conf points to; its strings are borrowed */
    const char *sender;
    struct ecs_neighbour_stats *stats, own;
    struct ecs_tls_client_ctx *tls;
    enum smpp_state state;
    struct ecs_stream *stream;
    unsigned epoch; /* counts connections that ended */
    struct ecs_buf in, out;
    uint32_t sequence;
    struct smpp_list waiting, sent;
    unsigned busy; /* callbacks that are inside */
    bool freed;
    /* speed */
    size_t window;     /* now; the configured one at most */
    unsigned good;     /* responses without complaint since the window changed */
    uint32_t pause_ms; /* of the last throttling */
    int64_t resume_us; /* nothing is sent before */
    int64_t next_us;   /* per_second: when the next one is due */
    struct ecs_timer pace;
    /* connection */
    struct ecs_timer link;
    int64_t heard_us, asked_us, used_us; /* asked: enquire_link under way since; 0: none */
    uint32_t rest_ms;
    int64_t rest_until_us;
    enum ecs_send_class rest_class;
    const char *rest_reason; /* static */
    bool resting;            /* in the gauge */
};

static inline void smpp_count(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* --- sms_smpp.c --- */
/* Around everything that may resume flows: the session may be given back meanwhile. */
void smpp_enter(struct sms_smpp *s);
void smpp_leave(struct sms_smpp *s);
void smpp_pump(struct sms_smpp *s);
/* submit_sm_resp, or generic_nack to a submit. */
void smpp_answered(struct sms_smpp *s, const struct ecs_smpp_pdu *pdu);
/* Those that were sent; and_waiting: the queue, too. */
void smpp_fail(struct sms_smpp *s, bool and_waiting, enum ecs_send_class class, int64_t retry_after_s,
               const char *reason);

/* --- sms_smpp_link.c --- */
void smpp_open(struct sms_smpp *s);
/* An unanswered submit: is the SMSC still there? */
void smpp_ask_link(struct sms_smpp *s);
void smpp_close(struct sms_smpp *s);
uint32_t smpp_next_sequence(struct sms_smpp *s);
