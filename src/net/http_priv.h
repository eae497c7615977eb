/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the HTTP server share: the server, its connections ("peers") and the request in work. */
#pragma once

#include <sys/socket.h>

#include "ecs/buf.h"
#include "ecs/http_server.h"
#include "ecs/loop.h"

struct MHD_Connection;
struct MHD_Daemon;
struct gnutls_session_int;

/* Address without port; IPv4 as ::ffff:a.b.c.d. */
struct http_addr {
    uint8_t bytes[16];
    bool is_unix;
};

/* Counts connections by prefix: open addressing, linear probing, no tombstones. */
struct http_prefix_slot {
    uint64_t key; /* 0: free */
    uint32_t count;
};
struct http_prefix_table {
    struct http_prefix_slot *slots;
    size_t size, used; /* size is a power of two or 0 */
};

enum peer_phase {
    PEER_HANDSHAKE,
    PEER_READING, /* a request is coming in, or the first one is awaited */
    PEER_HANDLING,
    PEER_SENDING,
    PEER_IDLE, /* kept alive between two requests */
};

/* One connection: made when MHD starts it, freed when MHD has closed it. */
struct http_peer {
    struct http_peer *next, *prev; /* all of the server */
    struct http_peer *park_next;
    struct http_peer *held_next;
    struct ecs_http_server *server;
    struct MHD_Connection *conn;
    struct http_call *call; /* NULL between requests, and after its client was declared gone */
    struct ecs_http_tls *tls;
    struct ecs_http_client *client; /* of its certificate; NULL: none is asked for */
    int fd;
    enum peer_phase phase;
    int64_t read_end_us; /* PEER_READING: deadline of the whole request */
    bool finished;       /* the client's Finished has arrived */
    bool wants_parking;  /* on the server's list, see http_park.c */
    bool parked;         /* suspended in MHD during its handshake, watched by side_fd */
    bool watched;        /* suspended in MHD during a request, watched by side_fd for hang-up */
    bool killed;         /* shut down by us */
    bool body_follows;   /* the next record is the head of an answer that has a body */
    bool held;      /* on the server's list: the head was given to the kernel with MSG_MORE in this turn */
    bool rest_sent; /* something was sent after it */
    bool served;    /* a request of it was given to the handler */
    bool trusted;   /* a proxy that may name the client */
    bool trimmed;
    uint8_t suites;         /* HTTP_SUITE_* of the client's hello, TLS 1.2 only */
    struct ecs_timer timer; /* the phase's limit */
    const char *pool_start; /* for http_trim.c; NULL: not known */
    struct http_addr addr;
    char name[48];
};

/* One request, in its own arena from the request line on. */
struct http_call {
    struct ecs_http_request pub;
    struct http_peer *peer;
    struct ecs_buf body;
    size_t body_seen;
    enum ecs_rc refuse; /* not OK: the server answers this by itself */
    bool head_done;     /* the headers were looked at */
    bool handed_over;   /* the handler was called */
    bool answered;
    bool suspended;
    void (*gone_fn)(void *arg);
    void *gone_arg;
    struct ecs_http_header headers[];
};

struct ecs_http_server {
    struct ecs_http_server_conf conf;
    struct ecs_loop *loop;
    struct MHD_Daemon *daemon;
    struct ecs_http_stats *stats, own_stats;
    struct ecs_http_tls *tls;
    struct ecs_watch *watch, *side_watch, *listen_watch;
    struct ecs_timer accept_timer;
    unsigned open;                     /* connections of this server; the stats may be shared */
    int64_t full_since_us, full_at_us; /* http_accept_load */
    struct ecs_loop_hook hook;
    int side_fd; /* epoll: parked handshakes, and long requests whose client may hang up */
    bool ready;  /* MHD's descriptor was readable */
    bool kick;   /* something was resumed or shut down: run MHD soon */
    bool hooked;
    bool draining;
    bool running;      /* inside MHD_run */
    bool own_priority; /* tls has another priority string than the one MHD was started with */
    int64_t due_us;    /* MHD asks to run at this time; INT64_MAX: never */
    uint64_t ids;      /* state of the request ids' generator */
    struct http_peer *peers;
    struct http_peer *to_park;
    struct http_peer *held;
    struct http_prefix_table prefixes;
    uint64_t refused_told; /* log lines: at most one a second */
    int64_t refused_at_us;
    size_t trim_chunk; /* see http_trim.c; 0: off */
    char *priority;    /* the string that MHD was started with; NULL: plain */
};

#define STAT_ADD(server, field, n)                                                                           \
    atomic_store_explicit(&(server)->stats->field,                                                           \
                          atomic_load_explicit(&(server)->stats->field, memory_order_relaxed) +              \
                              (uint64_t)(n),                                                                 \
                          memory_order_relaxed)

/* http_addr.c */
bool http_addr_of(const struct sockaddr *sa, socklen_t n, struct http_addr *ret_addr);
void http_addr_print(const struct http_addr *addr, char out[48]);
bool http_addr_in(const struct http_addr *addr, const struct ecs_cidr *cidrs, size_t n);
uint64_t http_addr_prefix(const struct http_addr *addr);
/* The client's address as told by trusted proxies: from the right, the first that is not a trusted proxy
 * itself. */
void http_addr_forwarded(const struct ecs_http_request *request, const struct ecs_cidr *proxies,
                         size_t proxy_count, const char *connection_peer, char out[48]);

/* http_limit.c */
uint32_t http_prefix_count(const struct http_prefix_table *table, uint64_t key);
bool http_prefix_add(struct http_prefix_table *table, uint64_t key); /* false: no memory */
void http_prefix_remove(struct http_prefix_table *table, uint64_t key);
void http_prefix_done(struct http_prefix_table *table);

/* http_conn.c */
bool http_conn_admit(struct ecs_http_server *server, const struct sockaddr *sa, socklen_t n,
                     int64_t behind_us);
/* Counts a refused connection; says so at most once a second. */
void http_conn_tell_refused(struct ecs_http_server *server, const char *why);
void http_conn_notify(void *cls, struct MHD_Connection *conn, void **socket_context, bool started);
void http_conn_phase(struct http_peer *peer, enum peer_phase phase);
void http_conn_kill(struct http_peer *peer, bool politely);
void http_conn_drain(struct http_peer *peer);
void http_conn_event(struct http_peer *peer, bool hangup); /* from side_fd */
bool http_conn_watch(struct http_peer *peer, bool on, bool for_input);

/* http_accept.c */
bool http_accept_start(struct ecs_http_server *server); /* false: no memory */
void http_accept_stop(struct ecs_http_server *server);  /* closes the listener */
/* Each look at the parked handshakes: were there as many ready ones as are taken at a time? */
void http_accept_load(struct ecs_http_server *server, bool full);

/* http_request.c */
void *http_request_line(void *cls, const char *target, struct MHD_Connection *conn);
void http_request_end(struct http_peer *peer);
void http_request_gone(struct http_peer *peer); /* declares the client of a suspended request gone */

/* http_reply.c */
void http_reply_refuse(struct http_call *call, enum ecs_rc rc); /* an answer of the server itself */

/* http_park.c */
void http_park_start(struct http_peer *peer, struct gnutls_session_int *session);
void http_park_forget(struct http_peer *peer);
void http_park_flush(struct ecs_http_server *server);
void http_park_waiting(struct ecs_http_server *server);
void http_park_resume(struct http_peer *peer);

/* http_hello.c */
enum { HTTP_SUITE_ECDSA = 1, HTTP_SUITE_RSA = 2 };
unsigned http_hello_suites(const uint8_t *msg, size_t n); /* body of a ClientHello; 0 when malformed */

/* http_client_cert.c */
bool http_client_demand(const struct ecs_http_tls *tls, struct gnutls_session_int *session);
/* After the handshake: the verified certificate's names; NULL without one. Freed with free(). */
struct ecs_http_client *http_client_read(struct gnutls_session_int *session);

/* http_tls.c, http_cert.c */
const char *http_tls_priority(const struct ecs_http_tls *tls);
bool http_tls_enable(const struct ecs_http_tls *tls, struct gnutls_session_int *session, bool set_priority);
void *http_tls_callback(void); /* the certificate callback for MHD */

/* http_trim.c */
size_t http_trim_chunk(size_t pool);
void http_trim_learn(struct http_peer *peer, const char *method);
void http_trim(struct http_peer *peer);
