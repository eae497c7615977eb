/* SPDX-License-Identifier: Apache-2.0 */
/* Diameter connections to peers (AAA, HSS, PCRF, relays): capabilities, watchdog (RFC 3539), routing by
 * realm, failover and requests of the other side. The connections live in one node on one loop (worker 0),
 * since a peer takes one connection per Origin-Host; every worker asks through a handle of its own. */
#pragma once

#include "ecs/diameter.h"
#include "ecs/mailbox.h"
#include "ecs/neighbour.h"

struct ecs_diameter_node; /* all connections */
struct ecs_diameter;      /* what one worker asks through */

enum { ECS_DIAMETER_APPLICATIONS = 8, ECS_DIAMETER_ADDRESSES = 8, ECS_DIAMETER_NAME = 64 };

/* Who we are: fixed while the node lives. Strings are copied. */
struct ecs_diameter_identity {
    const char *host, *realm;                      /* Origin-Host, Origin-Realm */
    const char *product;                           /* Product-Name; NULL: "entitlementd" */
    uint32_t vendor_id;                            /* ours at IANA, or 0 */
    const char *addresses[ECS_DIAMETER_ADDRESSES]; /* Host-IP-Address, numeric; none: of all interfaces */
    struct {
        uint32_t id, vendor; /* vendor 0: Auth-Application-Id by itself */
        bool accounting;
    } application[ECS_DIAMETER_APPLICATIONS]; /* ends with id 0 */
};

struct ecs_diameter_inbound; /* a request of a peer that waits for our answer */

/* Called on the node's thread; may not free or reload the node. */
struct ecs_diameter_hooks {
    /* A request that is well formed and meant for us (RAR, ASR ...). True: it was taken, and
     * ecs_diameter_reply is called once, now or later. False: the peer gets 3001. message is borrowed for the
     * call. A repetition has the T flag and the end-to-end id of the first. NULL: all get 3001. */
    bool (*on_request)(void *arg, struct ecs_diameter_inbound *inbound,
                       const struct ecs_diameter_message *message);
    /* The peer has lost its state (Origin-State-Id has grown): its sessions are gone. May be NULL. */
    void (*on_restart)(void *arg, struct ecs_str origin_host);
    void *arg;
};

struct ecs_diameter_peer_conf {
    const char *name;     /* for logs, metrics and routes: unique, below ECS_DIAMETER_NAME bytes */
    const char *host;     /* name or address */
    uint16_t port;        /* 0: 3868, with TLS 5658 */
    bool sctp;            /* one-to-one, without TLS; only when ecs_diameter_has_sctp() */
    const char *identity; /* Origin-Host that the peer must have; NULL: any */
    bool tls;             /* from the first byte on */
    const char *ca_file, *cert_file,
        *key_file;          /* PEM, read anew for every connection; NULL: system's, none */
    const char *tls_name;   /* in the peer's certificate; NULL: identity, else host */
    uint32_t connect_ms;    /* TCP, TLS, capabilities; 0: 5,000 */
    uint32_t answer_ms;     /* then another peer is tried; 0: 8,000 */
    uint32_t watchdog_ms;   /* Tw; 0: 30,000. RFC 3539 wants 6,000 at least */
    uint32_t reconnect_ms;  /* Tc; 0: 30,000 */
    unsigned max_in_flight; /* budget of outstanding requests; 0: 256, at most 4,000 */
    /* Answers 3xxx count as http_errors, all others as ok; breaker_open: not in service. NULL: none */
    struct ecs_neighbour_stats *stats;
};
/* Requests for that realm and application may go to that peer. Lower priority is preferred, weights share
 * the requests within one priority (0 counts as 1). Rows of the realm itself come before those of "*". */
struct ecs_diameter_route {
    const char *realm;    /* "*": any */
    uint32_t application; /* 0: any */
    const char *peer;
    unsigned priority, weight;
};
struct ecs_diameter_conf {
    const struct ecs_diameter_peer_conf *peers;
    size_t peers_n;
    const struct ecs_diameter_route *routes;
    size_t routes_n;
    /* Without: a peer that comes back after a failure serves when it has answered three watchdogs (RFC 3539).
     * With: it serves after the first one when no other peer does. */
    bool use_reopening;
    struct ecs_neighbour_stats *stats; /* refused requests: no peer, budget; NULL: none */
};

/* NULL: no memory, or no host or realm. mailbox is the loop's and lives longer than the node. */
struct ecs_diameter_node *ecs_diameter_node_new(struct ecs_loop *loop, struct ecs_mailbox *mailbox,
                                                const struct ecs_diameter_identity *identity,
                                                const struct ecs_diameter_hooks *hooks) ECS_MUST_CHECK;
/* Sets or replaces peers and routes. Peers whose row is the same keep their connection; others finish what is
 * outstanding (20 s at most), take leave with DPR and go, or come back with their new row. An empty list
 * takes leave of all in order (ecs_diameter_node_view shows when it is done). ECS_E_CONFIG with a sentence in
 * err: nothing was changed (a route to no peer, names twice or too long, no memory). */
enum ecs_rc ecs_diameter_node_set(struct ecs_diameter_node *node, const struct ecs_diameter_conf *conf,
                                  char *err, size_t err_size) ECS_MUST_CHECK;
/* DPR to all, outstanding requests fail. Before the mailboxes of node and handles end. NULL allowed. */
void ecs_diameter_node_free(struct ecs_diameter_node *node);

enum ecs_diameter_state {
    ECS_DIAMETER_DOWN,
    ECS_DIAMETER_OPENING, /* TCP, TLS */
    ECS_DIAMETER_ASKING,  /* CER is out */
    ECS_DIAMETER_OKAY,    /* in service */
    ECS_DIAMETER_SUSPECT, /* a watchdog is unanswered: no new requests */
    ECS_DIAMETER_REOPEN,  /* connected again after a failure, on probation */
    ECS_DIAMETER_CLOSING, /* DPR was said */
    ECS_DIAMETER_STATE_COUNT
};
struct ecs_diameter_view {
    char name[ECS_DIAMETER_NAME];
    char origin_host[256], origin_realm[256]; /* what the peer says; "" before */
    enum ecs_diameter_state state;
    bool leaving; /* by a reload */
    unsigned in_flight;
    uint64_t failovers; /* requests that went elsewhere because of this peer */
    int64_t state_s;    /* so long in this state */
    char reason[160];   /* of the last failure; "" */
};
bool ecs_diameter_has_sctp(void);                                   /* built with the option ECS_SCTP */
const char *ecs_diameter_state_name(enum ecs_diameter_state state); /* "okay" */
/* Rows of all peers, at most max; returns how many there are. On the node's thread. */
size_t ecs_diameter_node_view(const struct ecs_diameter_node *node, struct ecs_diameter_view *out,
                              size_t max);

/* The answer to an inbound request; result is a Result-Code, more: further AVPs (whole ones). Session-Id,
 * Origin-Host, Origin-Realm and Proxy-Info are put by us. Silent when the connection is gone meanwhile. Frees
 * inbound. On the node's thread; after ecs_diameter_node_free it only frees. */
void ecs_diameter_reply(struct ecs_diameter_inbound *inbound, uint32_t result, struct ecs_str more);

/* ---- asking, from any worker ---- */

/* mailbox: of the worker that asks. NULL: no memory. The node may go before the handle. */
struct ecs_diameter *ecs_diameter_open(struct ecs_diameter_node *node,
                                       struct ecs_mailbox *mailbox) ECS_MUST_CHECK;
/* On the asking worker's thread, after its flows have ended. NULL allowed. */
void ecs_diameter_close(struct ecs_diameter *d);
/* Is a peer in service (with use_reopening: or on probation and alive) that speaks the application and serves
 * the realm? From any thread. */
bool ecs_diameter_is_up(const struct ecs_diameter *d, struct ecs_str realm, uint32_t application);
/* As of ecs_diameter_identity; lives as long as the handle. */
const char *ecs_diameter_host(const struct ecs_diameter *d);
const char *ecs_diameter_realm(const struct ecs_diameter *d);
/* A new Session-Id "<host>;<high>;<low>" (6733 8.8), never used before, also not by an earlier process. NULL:
 * arena exhausted. */
const char *ecs_diameter_session_id(struct ecs_diameter *d, struct ecs_arena *arena) ECS_MUST_CHECK;

struct ecs_diameter_ask {
    /* Command, application and AVPs, Destination-Realm among them: it chooses the peer, Destination-Host does
     * when a peer has that name. flags 0: those of the command's row. Ids are ours. Borrowed for the call. */
    struct ecs_diameter_message message;
    uint32_t limit_ms; /* the whole time; 0: 20,000. Give the step a limit_ms above that */
    bool stay; /* do not go to another peer once it was sent: the state of the exchange is at one place */
};
struct ecs_diameter_answer {
    /* ECS_OK: there is an answer, whatever its result. ECS_E_BACKEND: no peer, connection lost, or an answer
     * that cannot be one; ECS_E_TIMEOUT; ECS_E_OVERLOAD: the budget of all peers is spent; ECS_E_NO_MEMORY;
     * ECS_E_BAD_PARAMETER: the request cannot be sent. */
    enum ecs_rc rc;
    struct ecs_diameter_message message; /* in the flow's arena, wiped with it */
    struct ecs_diameter_result result;
    enum ecs_diameter_fault fault; /* NONE, or UNSUPPORTED: it holds an unknown mandatory AVP */
    const char *peer;              /* name of the last one that was asked; "" */
    unsigned attempts;             /* peers that were asked */
    const char *error;             /* for logs: static; NULL with ECS_OK */
};
/* Never fails the flow; waits limit_ms at most. */
enum ecs_next ecs_diameter_ask(struct ecs_flow *f, struct ecs_diameter *d, const struct ecs_diameter_ask *ask,
                               struct ecs_diameter_answer *ret_answer);
