/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 server of one worker: requests in, replies out, over TLS, TCP on loopback or a Unix socket.
 * Everything runs on the loop's thread and nothing here waits; only struct ecs_http_tls and the counters are
 * shared with other threads. */
#pragma once

#include <stdatomic.h>

#include "ecs/arena.h"
#include "ecs/error.h"
#include "ecs/log.h"

struct ecs_loop;
struct ecs_http_server;
struct ecs_http_tls;

enum ecs_http_method {
    ECS_HTTP_GET,
    ECS_HTTP_HEAD,
    ECS_HTTP_POST,
    ECS_HTTP_PUT,
    ECS_HTTP_DELETE,
    ECS_HTTP_OPTIONS,
    ECS_HTTP_OTHER
};

struct ecs_http_header {
    struct ecs_str name, value;
};

/* Whom a client certificate names, verified against the client CA of the listener. */
struct ecs_http_client {
    char fingerprint[65]; /* SHA-256 of the certificate, lower-case hex */
    char subject[256];    /* distinguished name, RFC 4514: "CN=portal,O=Example"; "" when it is longer */
};

/* All strings are stable until the reply was given or the client has gone. */
struct ecs_http_request {
    struct ecs_arena *arena;
    struct ecs_loop *loop;
    void *env; /* of the server's settings */
    enum ecs_http_method method;
    struct ecs_str method_name;
    struct ecs_str path;  /* raw, without query; "" when the client sent only a query */
    struct ecs_str query; /* raw text behind the first '?', blanks included; {NULL, 0} without '?' */
    struct ecs_str body;  /* raw, unchunked, at most limits.body bytes */
    const struct ecs_http_header *headers; /* in order, repeated ones kept, names as sent */
    size_t header_count;
    char peer[48];   /* textual source address ("192.0.2.1", "2001:db8::1", "unix"), seen through trusted
                        proxies */
    bool first;      /* of its connection, for which it was let in */
    uint64_t source; /* key of the connection's own address (IPv6: its /64), as admit() gets it */
    bool tls;        /* our own TLS */
    const struct ecs_http_client *client; /* NULL: the listener asks for no certificate */
    int64_t received_us;                  /* monotonic: the whole request is in */
    struct ecs_log_ctx log;               /* request_id is set */
    void *user;                           /* the handler's own, NULL at first */
};

/* First header of that name, ASCII case ignored; {NULL, 0} when absent. */
struct ecs_str ecs_http_header_get(const struct ecs_http_request *request, const char *name);
/* Host without port; {NULL, 0} when absent. An unchecked word of the client. */
struct ecs_str ecs_http_host(const struct ecs_http_request *request);

enum { ECS_HTTP_REPLY_HEADERS = 10 };

struct ecs_http_reply {
    int status;               /* 200..599 */
    const char *content_type; /* NULL: none */
    struct ecs_str body;      /* in the request's arena or static; not sent for HEAD, but its length is */
    struct ecs_http_header headers[ECS_HTTP_REPLY_HEADERS]; /* names and values without control characters */
    size_t header_count;
    bool close; /* end the connection after this reply */
};

/* Exactly once for each request: inside the handler, or later on the same thread. The request is gone
 * afterwards. */
void ecs_http_reply(struct ecs_http_request *request, const struct ecs_http_reply *reply);
/* fn(arg) is called instead of a reply when the client has gone or the server is freed: cancel the work, do
 * not reply; the arena is freed after it returns. A later call replaces the former; fn NULL removes it. A
 * client that leaves is noticed within limits.gone_after_ms plus the loop's delay. */
void ecs_http_on_gone(struct ecs_http_request *request, void (*fn)(void *arg), void *arg);

/* Address blocks, IPv4 kept as ::ffff:a.b.c.d with 96 more bits. */
struct ecs_cidr {
    uint8_t addr[16];
    uint8_t bits;
};
/* "10.0.0.0/8", "2001:db8::/32" or a single address. */
bool ecs_cidr_parse(struct ecs_str text, struct ecs_cidr *ret_cidr) ECS_MUST_CHECK;

/* 0 in any field means its default, which the comment gives. */
struct ecs_http_limits {
    size_t body;    /* bytes of a request body; 256 KiB */
    size_t discard; /* of a body over the limit, so many bytes are read and dropped before the 413; 16 MiB */
    size_t pool;    /* bytes for request line and headers of a connection; 20 KiB: docs/decisions/0003 */
    size_t arena;   /* bytes of request memory (ecs_arena_new); 1 MiB */
    unsigned connections; /* of this server (this worker); 20,000; more are closed at once */
    unsigned
        per_prefix; /* of those from one IPv4 address or one IPv6 /64, trusted proxies excepted; 10,000 */
    uint32_t handshake_ms;  /* accept to the end of the TLS handshake; 10,000 */
    uint32_t read_ms;       /* first byte (or end of handshake) to the end of a request; 15,000 */
    uint32_t idle_ms;       /* between requests of one connection; 60,000 */
    uint32_t write_ms;      /* reply given to reply taken by the kernel; 60,000 */
    uint32_t gone_after_ms; /* a request in work for this long is watched for a client that leaves; 250 */
    uint32_t trim_after_ms; /* an idle connection gives memory back after this time; 2,000 */
};
void ecs_http_limits_default(struct ecs_http_limits *limits); /* fills the fields that are 0 */

/* Written by the server's thread, read by any (relaxed). */
struct ecs_http_stats {
    _Atomic uint64_t connections_open, connections_total, connections_refused;
    _Atomic uint64_t connections_fresh; /* open now, and no request has come on it yet */
    _Atomic uint64_t handshakes_ok, handshakes_resumed, handshakes_failed,
        handshakes_parked;           /* parked: now */
    _Atomic uint64_t deadline_kills; /* handshake, reading or writing took too long */
    _Atomic uint64_t idle_closed;
    _Atomic uint64_t requests;            /* given to the handler */
    _Atomic uint64_t requests_refused;    /* answered by the server itself: malformed or too large */
    _Atomic uint64_t clients_gone;        /* left before the reply */
    _Atomic uint64_t bytes_in, bytes_out; /* request heads and bodies; reply bodies */
};

struct ecs_http_server_conf {
    int listen_fd; /* non-blocking; closed by a successful ecs_http_server_new(), which keeps a duplicate */
    struct ecs_http_tls *tls; /* NULL: plain; the server takes its own reference */
    struct ecs_http_limits limits;
    const struct ecs_cidr *proxies; /* trusted to tell the client's address; must outlive the server */
    size_t proxy_count;
    bool trust_unix; /* peers on a Unix socket count as trusted proxies */
    void (*handler)(struct ecs_http_request *request);
    /* May a further connection begin? Asked after the limits of number; false closes it at once. behind_us:
     * for how long there have been more ready handshakes than a turn takes. NULL: always. */
    bool (*admit)(void *env, int64_t behind_us, uint64_t source);
    /* Called with every answer of a request that has got past its request line; may be NULL. The request's
     * log and env are set, in refusals of the server itself the rest may be incomplete. */
    void (*on_answer)(const struct ecs_http_request *request, int status, size_t body_bytes);
    void *env;
    struct ecs_arena_cache *cache; /* of the loop's thread; NULL allowed */
    struct ecs_http_stats *stats;  /* NULL: the server's own */
    unsigned worker;               /* for log lines */
};

/* NULL with a code in *ret_rc when memory, descriptors or the TLS set-up fail. */
struct ecs_http_server *ecs_http_server_new(struct ecs_loop *loop, const struct ecs_http_server_conf *conf,
                                            enum ecs_rc *ret_rc) ECS_MUST_CHECK;
/* New connections get the new material; open ones keep theirs. */
void ecs_http_server_set_tls(struct ecs_http_server *server, struct ecs_http_tls *tls);
/* Stops accepting, closes idle connections; requests in work are answered with Connection: close. */
void ecs_http_server_drain(struct ecs_http_server *server);
bool ecs_http_server_is_idle(const struct ecs_http_server *server); /* no connection left */
const struct ecs_http_stats *ecs_http_server_stats(const struct ecs_http_server *server);
/* Unanswered requests are told that their client has gone. Not from inside a handler. */
void ecs_http_server_free(struct ecs_http_server *server);

/* Listening sockets: numeric "127.0.0.1:8443", "[::1]:0", ":443" or "*:443" (IPv6 and IPv4). -1 with a
 * sentence in err. reuseport: several workers bind the same address. */
int ecs_listen_tcp(struct ecs_str addr_port, bool reuseport, char *err, size_t err_size) ECS_MUST_CHECK;
/* How many connections may wait to be accepted (the kernel bounds it by net.core.somaxconn). What finds the
 * queue full is dropped by the kernel, and its client tries again by itself: the cheapest way to shed a wave.
 */
void ecs_listen_backlog(int fd, unsigned connections);
/* A path or "@name" (abstract). A dead socket file is replaced, a live one refused. mode: permissions, as
 * 0660. */
int ecs_listen_unix(const char *path, unsigned mode, char *err, size_t err_size) ECS_MUST_CHECK;
/* True for 127.0.0.0/8 and ::1 with or without port, "localhost", and Unix sockets ('/' or '@' first). */
bool ecs_addr_is_loopback(struct ecs_str addr_port);

/* Certificates and keys: immutable, counted references, shared by workers. */
struct ecs_http_cert_conf {
    const char *cert_file; /* PEM, leaf first, then its chain */
    const char *key_file;  /* PEM; NULL: in cert_file */
};
struct ecs_http_tls_conf {
    const struct ecs_http_cert_conf
        *certs;        /* the first is the default for clients without or with unknown SNI; */
    size_t cert_count; /* of equally named ones the first that the client can verify is used */
    const char
        *ticket_key_file; /* 64 random bytes, the same on all nodes; NULL: previous's key or a random one */
    const struct ecs_http_tls *previous; /* on reload; NULL allowed */
    const char
        *client_ca_file;  /* PEM; clients must show a certificate of one of these; NULL: none is asked for */
    const char *priority; /* GnuTLS priority string; NULL: ours (TLS 1.3 and 1.2, AEAD, ECDHE only) */
};
struct ecs_http_tls *ecs_http_tls_load(const struct ecs_http_tls_conf *conf, char *err,
                                       size_t err_size) ECS_MUST_CHECK;
struct ecs_http_tls *ecs_http_tls_ref(struct ecs_http_tls *tls);
void ecs_http_tls_unref(struct ecs_http_tls *tls); /* NULL allowed */
/* Unix time at which the first of the certificates ends. */
int64_t ecs_http_tls_expires(const struct ecs_http_tls *tls);
