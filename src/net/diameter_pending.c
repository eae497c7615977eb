/* SPDX-License-Identifier: Apache-2.0 */
/* Requests on the node: each is sent to a peer, waits there in a slot (part of its hop-by-hop id) for its
 * answer, and goes to the next peer when the answer does not come, the connection ends, or the peer says that
 * this way leads nowhere. */
#include <stdlib.h>
#include <string.h>

#include "net/diameter_ask.h"

bool dia_slots_make(struct dia_peer *peer)
{
    unsigned n = peer->conf.max_in_flight;
    struct dia_ask **slot = calloc(n, sizeof(struct dia_ask *));
    uint16_t *free_slot = calloc(n, sizeof(*free_slot));

    if (!slot || !free_slot) {
        free((void *)slot);
        free(free_slot);
        return false;
    }
    for (unsigned i = 0; i < n; i++)
        free_slot[i] = (uint16_t)(n - 1 - i);
    free((void *)peer->slot);
    free(peer->free_slot);
    peer->slot = slot;
    peer->free_slot = free_slot;
    peer->slots = peer->free_slots = n;
    return true;
}

static void take_slot(struct dia_peer *peer, struct dia_ask *ask)
{
    uint16_t at = peer->free_slot[--peer->free_slots];

    peer->slot[at] = ask;
    peer->in_flight++;
    ask->peer = peer;
    ask->hop_by_hop = peer->generation++ << DIA_SLOT_BITS | at;
    dia_count(&peer->stats->in_flight);
}

static void give_slot(struct dia_ask *ask)
{
    struct dia_peer *peer = ask->peer;
    unsigned at = ask->hop_by_hop & DIA_SLOT_OWN;

    if (!peer)
        return;
    peer->slot[at] = NULL;
    peer->free_slot[peer->free_slots++] = (uint16_t)at;
    peer->in_flight--;
    ask->peer = NULL;
    dia_uncount(&peer->stats->in_flight);
    if (peer->in_flight == 0 && dia_is_draining(peer))
        dia_drain(peer);
}

static void finish(struct dia_ask *ask, enum ecs_rc rc, const char *error)
{
    give_slot(ask);
    dia_ask_finish(ask, rc, error);
}

/* ---- sending ---- */

static void patch_u32(struct ecs_buf *bytes, size_t at, uint32_t value)
{
    for (size_t i = 0; i < 4; i++)
        bytes->p[at + i] = (char)(uint8_t)(value >> (24 - 8 * i));
}

static void on_time(void *arg);

static void arm(struct dia_ask *ask, int64_t now, int64_t ms)
{
    int64_t left = (ask->deadline_us - now + 999) / 1000;

    ecs_timer_arm(&ask->timer, ask->home->node->loop,
                  (uint32_t)(left < 1    ? 1
                             : left < ms ? left
                                         : ms),
                  on_time, ask);
}

/* False: this peer cannot take it. */
static bool send_to(struct dia_ask *ask, struct dia_peer *peer)
{
    int64_t now = ecs_loop_now_us(peer->node->loop);

    take_slot(peer, ask);
    ask->tried[ask->tried_n++] = peer->serial;
    memcpy(ask->peer_name, peer->conf.name, strlen(peer->conf.name) + 1);
    ask->bytes.p[4] = (char)(uint8_t)(((uint8_t)ask->bytes.p[4] & ~ECS_DIAMETER_T) |
                                      (ask->unanswered ? ECS_DIAMETER_T : 0));
    patch_u32(&ask->bytes, 12, ask->hop_by_hop);
    if (!ecs_stream_send(peer->stream, ecs_buf_str(&ask->bytes))) {
        give_slot(ask);
        return false;
    }
    dia_count(&peer->stats->calls);
    ask->attempts++;
    ask->sent_us = now;
    arm(ask, now, peer->conf.answer_ms);
    return true;
}

/* To a peer that was not tried; without one it ends with rc and error, or with what the routes say when these
 * are ECS_OK and NULL. */
static void go_on(struct dia_ask *ask, enum ecs_rc rc, const char *error)
{
    struct ecs_diameter_node *node = ask->home->node;
    enum ecs_rc why = ECS_OK;
    const char *text = NULL;
    struct dia_peer *peer;

    while ((peer = dia_choose(node, ask, &why, &text)))
        if (send_to(ask, peer))
            return;
    if (rc == ECS_OK && ask->attempts == 0)
        dia_count(why == ECS_E_OVERLOAD ? &node->stats->refused_budget : &node->stats->refused_breaker);
    finish(ask, rc != ECS_OK ? rc : why, rc != ECS_OK ? error : text);
}

static bool has_alternative(const struct dia_ask *ask)
{
    enum ecs_rc rc;
    const char *error;

    return !ask->stay && dia_choose(ask->home->node, ask, &rc, &error);
}

static void on_time(void *arg)
{
    struct dia_ask *ask = arg;
    struct dia_peer *peer = ask->peer;
    int64_t now = ecs_loop_now_us(ask->home->node->loop);

    if (now >= ask->deadline_us) {
        dia_count(&peer->stats->timeouts);
        finish(ask, ECS_E_TIMEOUT, "the peer did not answer in time");
    } else if (now - ask->sent_us >= (int64_t)peer->conf.answer_ms * 1000 && has_alternative(ask)) {
        dia_count(&peer->stats->timeouts);
        peer->failovers++;
        ask->unanswered = true;
        give_slot(ask);
        go_on(ask, ECS_E_TIMEOUT, "the peer did not answer in time");
    } else {
        arm(ask, now, peer->conf.answer_ms);
    }
}

void dia_ask_arrived(struct ecs_mail *mail, void *owner)
{
    struct dia_ask *ask = (struct dia_ask *)mail;
    struct ecs_diameter_node *node = ask->home->node;

    (void)owner;
    ask->next = node->asks;
    if (node->asks)
        node->asks->prev = ask;
    node->asks = ask;
    if (node->freed) {
        dia_ask_finish(ask, ECS_E_BACKEND, "the Diameter node has stopped");
        return;
    }
    patch_u32(&ask->bytes, 16, node->end_to_end++);
    go_on(ask, ECS_OK, NULL);
}

/* ---- failover ---- */

void dia_fail_over(struct dia_peer *peer, bool lost)
{
    for (unsigned i = 0; i < peer->slots; i++) {
        struct dia_ask *ask = peer->slot[i];

        if (!ask)
            continue;
        if (has_alternative(ask)) {
            peer->failovers++;
            ask->unanswered = true;
            give_slot(ask);
            go_on(ask, ECS_E_BACKEND, "the connection was lost");
        } else if (lost) {
            dia_count(&peer->stats->failures);
            finish(ask, ECS_E_BACKEND, "the connection was lost");
        }
    }
}

/* ---- answers ---- */

/* NULL: it may be the answer to this request. */
static const char *judge(const struct dia_ask *ask, const struct ecs_diameter_message *message,
                         enum ecs_diameter_fault fault)
{
    struct ecs_str session;

    if (fault && fault != ECS_DIAMETER_FAULT_UNSUPPORTED)
        return ecs_diameter_fault_text(fault);
    if (message->code != ask->code || message->application != ask->application)
        return "the answer is to another command or application";
    if (memcmp(ask->bytes.p + 16,
               (uint8_t[]){(uint8_t)(message->end_to_end >> 24), (uint8_t)(message->end_to_end >> 16),
                           (uint8_t)(message->end_to_end >> 8), (uint8_t)message->end_to_end},
               4) != 0)
        return "the answer has another end-to-end identifier";
    if (ask->session.n && ecs_diameter_get(message->avps, ECS_AVP_SESSION_ID, &session) &&
        !ecs_str_eq(session, ask->session))
        return "the answer belongs to another session";
    return NULL;
}

static void keep_answer(struct dia_ask *ask, struct ecs_str bytes)
{
    ask->answer.limit = ECS_DIAMETER_MAX;
    ecs_buf_add_str(&ask->answer, bytes);
    if (ask->answer.overflow)
        finish(ask, ECS_E_NO_MEMORY, "no memory for the answer");
    else
        finish(ask, ECS_OK, NULL);
}

void dia_answered(struct dia_peer *peer, const struct ecs_diameter_message *message,
                  enum ecs_diameter_fault fault, struct ecs_str bytes)
{
    unsigned at = message->hop_by_hop & DIA_SLOT_OWN;
    struct dia_ask *ask = at < peer->slots ? peer->slot[at] : NULL;
    struct ecs_diameter_result result;
    const char *wrong;

    if (!ask || ask->hop_by_hop != message->hop_by_hop)
        return; /* too late: it went elsewhere or nobody waits */
    wrong = judge(ask, message, fault);
    if (wrong) {
        dia_count(&peer->stats->failures);
        finish(ask, ECS_E_BACKEND, wrong);
        return;
    }
    if (!ecs_diameter_result_of(message, &result))
        result = (struct ecs_diameter_result){.meaning = ECS_DIAMETER_MEANS_FAULT};
    dia_count(result.vendor == 0 && result.code / 1000 == 3 ? &peer->stats->http_errors : &peer->stats->ok);
    atomic_fetch_add_explicit(&peer->stats->us_total,
                              (uint64_t)(ecs_loop_now_us(peer->node->loop) - ask->sent_us),
                              memory_order_relaxed);
    if (result.meaning == ECS_DIAMETER_MEANS_ELSEWHERE && has_alternative(ask)) {
        peer->failovers++;
        give_slot(ask);
        go_on(ask, ECS_E_BACKEND, "the peer cannot deliver it, and no other one took it");
        return;
    }
    keep_answer(ask, bytes);
}
