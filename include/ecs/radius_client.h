/* SPDX-License-Identifier: Apache-2.0 */
/* RADIUS servers that we ask (AAA, accounting), without blocking: UDP with retransmission (RFC 5080 2.2.1) or
 * RadSec (RFC 6614) on the worker's loop; a list with priorities, health by Status-Server (RFC 5997), dead
 * time and failover. Answers without a valid Message-Authenticator are never believed (CVE-2024-3596). */
#pragma once

#include "ecs/neighbour.h"
#include "ecs/radius.h"

struct ecs_radius; /* one per worker and use; everything about it happens on the loop's thread */

enum { ECS_RADIUS_SERVERS = 16, ECS_RADIUS_NAME = 64, ECS_RADIUS_SECRET_MIN = 16 };

enum ecs_radius_use { ECS_RADIUS_AUTHENTICATION, ECS_RADIUS_ACCOUNTING };

/* All strings are copied. */
struct ecs_radius_server_conf {
    const char *name;      /* for logs, metrics and conversations: unique, below ECS_RADIUS_NAME bytes */
    const char *host;      /* name or address */
    uint16_t port;         /* 0: 1812, accounting 1813, TLS 2083 */
    struct ecs_str secret; /* NULL with tls: "radsec" (RFC 6614 2.3) */
    bool short_secret;     /* a secret below ECS_RADIUS_SECRET_MIN bytes is taken (lab) */
    bool tls;              /* RadSec */
    const char *ca_file;   /* PEM; NULL: the system's */
    const char *cert_file, *key_file; /* PEM; RadSec servers demand one */
    const char *tls_name;             /* in the server's certificate; NULL: host */
    unsigned priority;      /* lower is preferred; servers of the same one share the conversations */
    unsigned max_in_flight; /* budget of outstanding requests, an eighth of it for later rounds; 0: 256 */
    struct ecs_neighbour_stats *stats; /* ok: any valid answer; breaker_open: dead. NULL: none */
};
struct ecs_radius_conf {
    enum ecs_radius_use use;
    const struct ecs_radius_server_conf *servers;
    size_t servers_n;           /* 1 to ECS_RADIUS_SERVERS */
    const char *local_address;  /* numeric, to send from (servers know us by it); NULL: the kernel's choice */
    const char *nas_identifier; /* in Status-Server packets; NULL: none */
    uint32_t first_ms;          /* until the first repetition, doubled for each further one; 0: 2,000 */
    unsigned sends;             /* to one server, while there is another; 0: 2 */
    uint32_t total_ms;          /* of one request over all servers; 0: 18,000 */
    unsigned dead_after;        /* requests in a row that a server left unanswered; 0: 3 */
    uint32_t dead_ms;   /* then it is not asked for so long, unless Status-Server tells earlier; 0: 30,000 */
    bool status_server; /* ask dead servers with Status-Server, and each of them once at start */
    uint32_t probe_ms;  /* between two of these; 0: 10,000 */
    unsigned probe_answers; /* answers in a row that bring a server back; 0: 2 */
};
/* NULL with a sentence in err (NUL-terminated, cut; no secret): the configuration cannot be, a file of TLS
 * cannot be read, or no memory. Names are looked up from now on. */
struct ecs_radius *ecs_radius_new(struct ecs_loop *loop, const struct ecs_radius_conf *conf, char *err,
                                  size_t err_size) ECS_MUST_CHECK;
/* former once more, with its connections and its dead servers, when conf (files of TLS included) is what it
 * was made of; each reference is freed by itself. NULL: another conf, or former is NULL. On former's thread.
 */
struct ecs_radius *ecs_radius_again(struct ecs_radius *former, const struct ecs_radius_conf *conf);
/* Requests under way go on to their end; the memory lives until the last of them. NULL allowed. */
void ecs_radius_free(struct ecs_radius *radius);
/* What an operator should know about that server's row: plain UDP beyond this host, a short secret. Static;
 * NULL: nothing. */
const char *ecs_radius_server_doubt(const struct ecs_radius_server_conf *server);

struct ecs_radius_request {
    /* Access-Request or Accounting-Request, as the use is */
    enum ecs_radius_code code;
    /* Written by ecs_radius_put...; borrowed until the next step. Message-Authenticator and Acct-Delay-Time
     * are added here. */
    struct ecs_str attrs;
    /* Later rounds of a conversation: the answer's server, the only one that knows its State (RFC
     * 3579 2.6.1). NULL: any */
    const char *server;
    uint32_t delay_s;  /* accounting: age of the record already; the time of waiting is added */
    uint32_t limit_ms; /* the whole time, when it is less than total_ms; 0: that */
};
struct ecs_radius_answer {
    /* ECS_OK: there is a valid answer, whatever its code. ECS_E_TIMEOUT: none in total_ms. ECS_E_OVERLOAD:
     * not asked: budgets spent. ECS_E_BACKEND: not asked: all servers are dead, or request->server is not in
     * the list (any more). ECS_E_BAD_PARAMETER: the request cannot be sent. ECS_E_NO_MEMORY */
    enum ecs_rc rc;
    uint8_t code; /* enum ecs_radius_code: Accept, Reject, Challenge; Accounting-Response */
    struct ecs_str attrs;
    const char *server; /* its name */
    const char *error;  /* static or in the arena; no secret; NULL with ECS_OK */
};
/* May wait, at most total_ms; give the step a limit_ms above that. Answer in the flow's arena. The flow does
 * not fail by itself: the next step looks at ret_answer->rc. Beginnings fail over, later rounds wait for
 * their server. */
enum ecs_next ecs_radius_ask(struct ecs_flow *f, struct ecs_radius *radius,
                             const struct ecs_radius_request *request, struct ecs_radius_answer *ret_answer);
/* False: all servers are dead and none is to be tried yet. */
bool ecs_radius_is_up(const struct ecs_radius *radius);

struct ecs_radius_view {
    char name[ECS_RADIUS_NAME];
    bool tls, dead, connected; /* connected: address known, with TLS the connection is up */
    bool answers_status;       /* Status-Server was answered at least once */
    unsigned in_flight, sockets;
    uint64_t repetitions; /* packets sent again */
    uint64_t failovers;   /* requests that went elsewhere */
    uint64_t discarded;   /* packets of it that were not believed or not expected */
    int64_t state_s;      /* seconds in this state */
    char reason[160];     /* of the last failure or discarded packet; "" */
};
/* Rows of all servers, at most max; returns how many there are. */
size_t ecs_radius_view(const struct ecs_radius *radius, struct ecs_radius_view *out, size_t max);
