/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of the Diameter client. Threads: everything of a node and its peers belongs to the node's
 * loop, but for what stands under its lock; an ask belongs to the asking worker, then to the node, then to
 * the worker again, handed over by mail. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "ecs/crypto.h"
#include "ecs/diameter_peer.h"
#include "ecs/stream.h"

enum {
    DIA_SLOT_BITS = 12,                      /* of a hop-by-hop id; the rest counts */
    DIA_SLOT_OWN = (1 << DIA_SLOT_BITS) - 1, /* CER, DWR, DPR */
    DIA_PEER_APPLICATIONS = 32,
};

struct dia_ask;

struct dia_peer {
    struct dia_peer *next;
    struct ecs_diameter_node *node;
    uint32_t serial;         /* never used twice */
    struct ecs_arena *arena; /* of conf's strings */
    struct ecs_diameter_peer_conf conf;
    struct ecs_arena *next_arena; /* the row that comes after what is outstanding; NULL: none */
    struct ecs_diameter_peer_conf next_conf;
    bool leaving;
    enum ecs_diameter_state state;
    int64_t state_us;
    char reason[160];
    /* connection */
    struct ecs_stream *stream;
    struct ecs_tls_client_ctx *tls;
    unsigned epoch; /* counts connections that ended */
    struct ecs_buf in;
    struct ecs_timer timer, drain_timer;
    uint32_t own_hop; /* hop-by-hop id of our last CER, DWR or DPR */
    uint32_t rest_ms;
    bool unwelcome; /* the peer said so with DPR */
    /* watchdog, RFC 3539 3.4 */
    bool watching; /* a DWR is unanswered */
    bool failed;   /* the connection before was lost: probation */
    int answered;  /* DWA of the probation; -1: one was missed */
    /* what the peer said */
    char origin_host[256], origin_realm[256];
    uint32_t origin_state; /* 0: not said */
    bool relay;
    uint32_t application[DIA_PEER_APPLICATIONS];
    size_t applications;
    /* outstanding requests by slot */
    struct dia_ask **slot;
    uint16_t *free_slot;
    unsigned slots, free_slots, in_flight;
    uint32_t generation;
    uint64_t failovers;
    struct ecs_neighbour_stats *stats, own_stats;
    bool in_service; /* as the gauge has it */
};

struct dia_route {
    const char *realm;
    uint32_t application;
    struct dia_peer *peer;
    unsigned priority, weight;
};

struct dia_serving {
    const char *realm; /* in route_arena */
    uint32_t application;
};

struct ecs_diameter_inbound {
    struct ecs_diameter_inbound *next, *prev;
    struct ecs_diameter_node *node; /* NULL: freed */
    uint32_t peer;
    unsigned epoch;
    struct ecs_diameter_message head; /* without AVPs */
    struct ecs_buf keep;              /* Session-Id and Proxy-Info, as they go back */
    size_t session_n;                 /* of keep: the Session-Id */
};

struct ecs_diameter_node {
    _Atomic unsigned refs; /* the owner and the handles */
    pthread_mutex_t lock;
    struct ecs_mailbox *mailbox; /* under the lock; NULL: freed */
    struct dia_serving *serving; /* under the lock: what peers in service can be asked */
    size_t serving_n;
    _Atomic uint64_t session;
    struct ecs_arena *arena;
    struct ecs_diameter_identity me;
    struct {
        uint8_t bytes[16];
        size_t n;
    } address[ECS_DIAMETER_ADDRESSES];
    size_t addresses;
    uint32_t state_id;
    /* of the loop's thread */
    struct ecs_loop *loop;
    bool freed;
    struct ecs_diameter_hooks hooks;
    uint32_t end_to_end, serials;
    uint64_t random;
    struct dia_peer *peers;
    struct ecs_arena *route_arena;
    struct dia_route *routes;
    size_t routes_n;
    bool use_reopening;
    struct ecs_neighbour_stats *stats, own_stats;
    struct dia_ask *asks;
    struct ecs_diameter_inbound *inbound;
    struct ecs_timer reap;
    struct ecs_buf avps, out; /* of the message that is being written */
};

static inline void dia_count(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}
static inline void dia_uncount(_Atomic uint64_t *counter)
{
    atomic_fetch_sub_explicit(counter, 1, memory_order_relaxed);
}

/* --- diameter_node.c --- */
void dia_node_unref(struct ecs_diameter_node *node);
uint32_t dia_random(struct ecs_diameter_node *node);
static inline bool dia_is_draining(const struct dia_peer *peer)
{
    return peer->leaving || peer->next_arena;
}

/* --- diameter_route.c --- */
/* Routes, or peers in service, are others now. */
void dia_publish(struct ecs_diameter_node *node);

/* --- diameter_list.c --- */
const char *dia_copy(struct ecs_arena *arena, const char *text, bool *good); /* *good false: no memory */
void dia_peer_free(struct dia_peer *peer);
void dia_reap(void *node);

/* --- diameter_peer.c --- */
void dia_peer_open(struct dia_peer *peer);
/* The connection ends now, whatever is under way. reason is logged and kept; config: asking soon is no use.
 */
void dia_peer_fail(struct dia_peer *peer, const char *reason, bool config);
void dia_peer_close(struct dia_peer *peer); /* without anything else */
void dia_peer_enter(struct dia_peer *peer, enum ecs_diameter_state state);
void dia_peer_leave(struct dia_peer *peer); /* DPR with DO_NOT_WANT_TO_TALK_TO_YOU, then down */
/* Something that came proves life (RFC 3539). */
void dia_heard(struct dia_peer *peer, bool watchdog_answer);
void dia_capable(struct dia_peer *peer);                    /* CEA was good */
void dia_take_leave(struct dia_peer *peer, uint32_t cause); /* DPR came and was answered */
void dia_drain(struct dia_peer *peer);

/* --- diameter_base.c --- */
/* Header by command (its ids are the caller's), AVPs from node->avps. */
bool dia_say(struct dia_peer *peer, struct ecs_diameter_message *message);
bool dia_say_capabilities(struct dia_peer *peer);
bool dia_say_watchdog(struct dia_peer *peer);
bool dia_say_disconnect(struct dia_peer *peer, uint32_t cause);
/* Commands of application 0, both ways; message is without fault. */
void dia_take_base(struct dia_peer *peer, const struct ecs_diameter_message *message);

/* --- diameter_inbound.c --- */
void dia_take_request(struct dia_peer *peer, const struct ecs_diameter_message *message,
                      enum ecs_diameter_fault fault, const struct ecs_diameter_avp *failed);
void dia_forget_inbound(struct ecs_diameter_node *node);
