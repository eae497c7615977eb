/* SPDX-License-Identifier: Apache-2.0 */
/* Load generator of the benches: one thread, epoll, TLS by OpenSSL, every answer checked. A run has a set-up
 * (connections that are kept), says "ready" on standard output, waits for a line on standard input, measures,
 * and prints one JSON line; so the caller can read the server's CPU time exactly around the measured part. */
#pragma once

#include <stdio.h>
#include <sys/socket.h>

#include "ecs/aka.h"
#include "ecs/ids.h"
#include "ecs/tls_client.h"

enum load_mode {
    LOAD_KEEP,      /* requests on kept connections, the next as soon as the last is answered */
    LOAD_OPEN,      /* requests on kept connections at a given rate; latency counts from the scheduled time */
    LOAD_HANDSHAKE, /* new connections, closed after the handshake */
    LOAD_COLD,      /* new connections with one request each */
    LOAD_RESUME,    /* the same with TLS sessions resumed */
    LOAD_EAP,       /* new connections with a full EAP-AKA each */
    LOAD_IDLE,      /* kept connections, one request each, then silence */
    LOAD_HALF,      /* sockets that send eight bytes of a ClientHello, then nothing */
    LOAD_START,     /* runs the command behind "--", measures until the first TLS connection */
    LOAD_MODE_COUNT
};

struct load_options {
    enum load_mode mode;
    const char *address; /* 127.0.0.1:PORT */
    enum ecs_tls_version tls;
    unsigned connections; /* at a time */
    unsigned long count;  /* of connections or requests; 0: until the time is over */
    double seconds;       /* longest run of the measured part, at most 120 */
    double rate;          /* per second (open) */
    unsigned delay_ms;    /* the client's Finished is held back so long */
    const char *targets;  /* file: one request target per line, taken in turn */
    const char *expect;   /* text that every body must hold */
    const char *cards;    /* file: "imsi ki opc terminal" per line (eap) */
    int status;           /* expected */
    char *const *command; /* start */
};

struct load_card {
    struct ecs_imsi imsi;
    char terminal[32];
    struct ecs_aka_key key;
    struct ecs_aka_usim state;
    bool busy; /* an exchange is under way */
};

enum conn_state { CONN_FREE, CONN_HANDSHAKE, CONN_HELD, CONN_SEND, CONN_RECEIVE, CONN_IDLE };

struct load_conn {
    struct load *load;
    struct ecs_tls_client *tls;
    enum conn_state state;
    int64_t started_us; /* of the connection, or the time the request was due */
    int64_t release_us; /* CONN_HELD */
    const char *out;
    size_t out_n, out_at;
    char in[8192];
    size_t in_n;
    struct ecs_tls_session *session;
    struct load_card *card;
    unsigned round;     /* EAP: requests answered on this connection */
    char scratch[2048]; /* EAP request */
};

struct load {
    struct load_options options;
    struct sockaddr_storage address;
    socklen_t address_n;
    struct ecs_tls_client_ctx *tls;
    struct ecs_crypto *crypto;
    int epoll;
    struct load_conn *conns;
    struct ecs_str *requests; /* complete, from the targets */
    size_t request_n, request_next;
    struct load_card *cards;
    size_t card_n, card_next;
    bool measuring;
    unsigned long started, done, failed, resumed, reconnects;
    int64_t begin_us, end_us;
    uint32_t *latency_us;
    size_t latency_n, latency_cap;
    char fault[300]; /* the first one */
};

int64_t load_now_us(void);
void load_fault(struct load *load, const char *format, ...) ECS_PRINTF(2, 3);
void load_latency(struct load *load, int64_t us);

/* load_data.c */
bool load_targets_read(struct load *load);
bool load_cards_read(struct load *load);
const struct ecs_str *load_request_next(struct load *load);
struct load_card *load_card_next(struct load *load);

/* load_conn.c: what comes of a step is told by conn->state; CONN_FREE after the end or a fault. */
bool load_conn_open(struct load_conn *conn);
void load_conn_request(struct load_conn *conn); /* the next request on an idle connection */
void load_conn_step(struct load_conn *conn);
void load_conn_close(struct load_conn *conn);

/* load_eap.c */
bool load_eap_begin(struct load_conn *conn);
/* The whole answer is in conn->in, its head is head_n bytes. True: conn->out is the next request, or, when
 * *ret_done, the exchange is over. */
bool load_eap_go_on(struct load_conn *conn, size_t head_n, bool *ret_done);

/* load_run.c: the modes; true when nothing failed */
bool load_run(struct load *load);
/* load_other.c */
bool load_run_half(struct load *load);
bool load_run_start(struct load *load);
void load_report(const struct load *load);
void load_ready(void); /* says "ready" and waits for a line */
