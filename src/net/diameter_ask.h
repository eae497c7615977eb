/* SPDX-License-Identifier: Apache-2.0 */
/* A request on its way between a worker and the peers of the node. It belongs to the worker, then to the
 * node, then to the worker again, handed over by mail; each part of the struct says whose it is. */
#pragma once

#include "net/diameter_priv.h"

enum { DIA_TRIED_MAX = 4 }; /* peers for one request */

struct dia_ask {
    struct ecs_mail mail;
    struct ecs_diameter *home;
    /* the worker's */
    struct ecs_flow *flow; /* NULL: nobody waits any more */
    struct ecs_diameter_answer *ret;
    /* written by the worker, then the node's */
    struct ecs_buf bytes;                /* the request, whole */
    struct ecs_str realm, host, session; /* in bytes */
    uint32_t application, code;
    int64_t deadline_us;
    bool stay;
    /* the node's */
    struct dia_ask *next, *prev;
    struct dia_peer *peer; /* where it is outstanding; NULL: nowhere */
    uint32_t hop_by_hop;
    uint32_t tried[DIA_TRIED_MAX]; /* serials of peers */
    unsigned tried_n, attempts;    /* attempts: it was really sent */
    bool unanswered;               /* a peer may have it without having answered: T flag (6733 3) */
    int64_t sent_us;
    struct ecs_timer timer;
    /* the node's, then the worker's */
    enum ecs_rc rc;
    const char *error; /* static */
    struct ecs_buf answer;
    char peer_name[ECS_DIAMETER_NAME];
};

struct ecs_diameter {
    _Atomic unsigned refs; /* the owner and its asks */
    struct ecs_diameter_node *node;
    pthread_mutex_t lock;
    struct ecs_mailbox *mailbox; /* under the lock; NULL: closed */
};

/* --- diameter_ask.c --- */
/* Home with it: rc and error are set. The node forgets it. */
void dia_ask_finish(struct dia_ask *ask, enum ecs_rc rc, const char *error);

/* --- diameter_pending.c --- */
void dia_ask_arrived(struct ecs_mail *mail, void *owner);
bool dia_slots_make(struct dia_peer *peer); /* false: no memory */
/* An answer of the peer to a request of a worker. */
void dia_answered(struct dia_peer *peer, const struct ecs_diameter_message *message,
                  enum ecs_diameter_fault fault, struct ecs_str bytes);
/* Requests go elsewhere; with lost those that cannot fail, else they stay. */
void dia_fail_over(struct dia_peer *peer, bool lost);

/* --- diameter_route.c --- */
struct dia_peer *dia_choose(struct ecs_diameter_node *node, const struct dia_ask *ask, enum ecs_rc *ret_rc,
                            const char **ret_error);
