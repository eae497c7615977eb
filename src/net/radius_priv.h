/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the RADIUS client share. */
#pragma once

#include <netdb.h>

#include "ecs/clock.h"
#include "ecs/crypto.h"
#include "ecs/radius_client.h"
#include "ecs/stream.h"
#include "net/resolve.h"

enum {
    RAD_IDS = 256,
    RAD_LINKS = 32,      /* sockets or connections to one server */
    RAD_REST_MS = 30000, /* an identifier whose request was not answered is not used again for so long */
    RAD_TRIES = 6,       /* identifiers that one request holds at a time */
    RAD_FIRST_MS = 2000,
    RAD_MOST_MS = 16000, /* MRT of RFC 5080 */
    RAD_PRINT = 32,
};

struct rad_link;
struct rad_server;

/* One identifier under which a request is out. */
struct rad_try {
    struct rad_link *link;
    uint8_t id;
};

/* A request under way. Lives in the arena of its flow; that of a Status-Server in its server. */
struct rad_ask {
    struct rad_ask *next, **where; /* in server->asks; where: what points here */
    struct ecs_radius *radius;
    struct rad_server *server; /* the present one */
    struct ecs_flow *flow;     /* NULL: a Status-Server */
    const struct ecs_radius_request *request;
    struct ecs_radius_request copy;
    struct ecs_radius_answer *answer;
    struct rad_try tries[RAD_TRIES];
    unsigned tries_n;
    uint32_t tried;   /* servers, by bit of their place */
    bool only;        /* no other server */
    bool is_waiting;  /* for the address or the connection of the server */
    bool is_moving;   /* the server is of no use now: go on with another one */
    bool is_trial;    /* of a dead server whose time is over */
    bool is_wrong;    /* cannot be written */
    unsigned sends;   /* to the present server */
    uint32_t wait_ms; /* until the next repetition */
    int64_t begun_us, end_us, sent_us;
    struct ecs_timer timer;
};

struct rad_slot {
    struct rad_ask *ask; /* NULL: free or resting */
    uint8_t authenticator[ECS_RADIUS_AUTH_LEN];
};

/* A connected UDP socket or a TLS connection, with its 256 identifiers. Those that are free wait in a row:
 * first come, first taken, so that each rests as long as it can. */
struct rad_link {
    struct rad_link *next;
    struct rad_server *server;
    int fd; /* UDP; -1 */
    struct ecs_watch *watch;
    struct ecs_stream *stream; /* TLS; NULL */
    bool is_up;
    struct ecs_buf in;
    struct rad_slot slots[RAD_IDS];
    struct {
        uint8_t id;
        int64_t from_us; /* may be used from then on */
    } ring[RAD_IDS];
    unsigned ring_at, ring_n;
};

struct rad_server {
    struct ecs_radius *radius;
    struct ecs_radius_server_conf conf; /* strings belong to us */
    char name[ECS_RADIUS_NAME];
    unsigned place;
    struct ecs_radius_secret *secret;
    struct ecs_tls_client_ctx *tls;
    struct ecs_neighbour_stats own, *stats;
    struct net_resolve *resolve;
    struct sockaddr_storage address;
    socklen_t address_n; /* 0: not known (yet) */
    struct rad_link *links;
    unsigned links_n;
    struct rad_ask *asks;
    unsigned in_flight;
    /* health */
    bool is_dead, has_trial, answers_status;
    unsigned unanswered, probes_answered;
    int64_t dead_until_us, state_since_us;
    struct rad_ask probe;
    struct ecs_timer probe_timer;
    bool probe_is_out;
    uint64_t repetitions, failovers, discarded;
    char reason[160];
    int64_t told_until_us;
};

struct ecs_radius {
    struct ecs_loop *loop;
    struct ecs_crypto *crypto;
    struct ecs_radius_conf conf; /* without strings and servers */
    char *nas_identifier;
    struct sockaddr_storage local;
    socklen_t local_n; /* 0: none */
    struct rad_server *servers[ECS_RADIUS_SERVERS];
    size_t servers_n;
    unsigned turn; /* shares conversations among servers of one priority */
    struct ecs_buf out, extra;
    unsigned busy; /* callbacks that run */
    size_t asks_n;
    unsigned refs; /* of owners */
    bool freed;    /* the last of them has gone */
    uint8_t print[RAD_PRINT];
};

static inline void rad_count(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}
static inline void rad_uncount(_Atomic uint64_t *counter)
{
    atomic_fetch_sub_explicit(counter, 1, memory_order_relaxed);
}

/* --- radius_client.c: nothing is destroyed between enter and leave --- */
void rad_enter(struct ecs_radius *radius);
void rad_leave(struct ecs_radius *radius);

/* --- radius_same.c --- */
/* Digest of all that makes a client; false: no memory. */
bool rad_print_conf(struct ecs_crypto *crypto, const struct ecs_radius_conf *conf,
                    uint8_t ret_print[RAD_PRINT]);

/* --- radius_link.c --- */
enum rad_sent {
    RAD_SENT,
    RAD_NOT_YET, /* address or connection are coming: rad_wake_all tells */
    RAD_USELESS, /* nothing can be sent to this server now; its reason is set */
    RAD_FULL,    /* no identifier is free */
    RAD_WRONG,   /* the request cannot be written */
};
/* Under a new identifier; with again under the last one, byte by byte the same. */
enum rad_sent rad_send(struct rad_ask *ask, bool again);
/* Gives the identifiers back; answered: that one may be used at once. */
void rad_release(struct rad_ask *ask, const struct rad_link *answered_on, uint8_t answered_id);
/* Closes all links; requests out on them hold no identifier any more. */
void rad_close_links(struct rad_server *server);

/* --- radius_ask.c --- */
/* The address or connection that is_waiting requests want is there. */
void rad_wake_all(struct rad_server *server);
/* A connection that was up is gone: what was out on it is asked again, on a new one or elsewhere. */
void rad_ask_again(struct rad_server *server);
/* Requests of the server go on elsewhere, in the next turn; those that cannot, stay. only_waiting: of those
 * not sent yet. */
void rad_move_all(struct rad_server *server, bool only_waiting);
/* A valid answer of that server; packet points into what was received. */
void rad_answered(struct rad_ask *ask, struct rad_server *server, const struct ecs_radius_packet *packet);
uint32_t rad_spread(struct ecs_radius *radius, uint32_t ms); /* a tenth more or less */

/* --- radius_server.c --- */
void rad_server_open(struct rad_server *server);
void rad_server_close(struct rad_server *server); /* without its memory */
/* Begins to look its name up; a numeric address is there at once. */
void rad_server_look_up(struct rad_server *server);
/* May requests be given to it? Sets *ret_trial when it is dead and its time is over. */
bool rad_server_takes(const struct rad_server *server, bool *ret_trial);
/* A valid answer came: to a request, or to a Status-Server. */
void rad_heard(struct rad_server *server, bool to_request);
/* A request was not answered. */
void rad_unheard(struct rad_server *server, bool trial);
void rad_failed(struct rad_server *server, const char *what, const char *why); /* no connection or address */
/* What an operator should see; nothing else happens. */
void rad_note(struct rad_server *server, const char *what, const char *why);
