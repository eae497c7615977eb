/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP services that we call (identity provider, push provider, address check, SMS gateway ...), without
 * blocking: libcurl's multi interface on the worker's loop. Every neighbour has a budget of outstanding calls
 * and a breaker, so that a slow or dead one costs its own callers only. */
#pragma once

#include <stdatomic.h>

#include "ecs/flow.h"

struct ecs_http_pool; /* one per worker */
struct ecs_neighbour;

struct ecs_http_pool *ecs_http_pool_new(struct ecs_loop *loop); /* NULL: no memory */
/* After all neighbours were given back and all flows have ended. */
void ecs_http_pool_free(struct ecs_http_pool *pool);

/* Written by the worker's thread, read by any (relaxed). */
struct ecs_neighbour_stats {
    _Atomic uint64_t calls, ok, http_errors; /* ok: any answer below 500 but 429 */
    _Atomic uint64_t failures, timeouts;     /* no answer */
    _Atomic uint64_t refused_budget, refused_breaker;
    _Atomic uint64_t in_flight, breaker_open; /* now; breaker_open 0 or 1 */
    _Atomic uint64_t us_total;                /* of answered calls */
};

struct ecs_neighbour_conf {
    const char *name;    /* for logs and metrics: "idp", "fcm"; static or as long as the neighbour */
    const char *ca_file; /* PEM; NULL: the system's */
    const char *cert_file, *key_file; /* client certificate, PEM; NULL: none */
    uint32_t connect_ms, total_ms;    /* 0: 3,000 and 10,000 */
    unsigned max_in_flight;           /* budget; 0: 64 */
    unsigned breaker_failures;        /* failures in a row that open the breaker; 0: 5 */
    uint32_t breaker_ms; /* then nobody is asked for so long, afterwards one at a time until it answers; 0:
                            5,000 */
    size_t max_answer;   /* bytes of an answer's body; 0: 65,536 */
    bool http2;          /* one multiplexed connection, HTTP/2 required */
    bool allow_plain;    /* http:// beside https:// (loopback, lab) */
    struct ecs_neighbour_stats *stats; /* NULL: none */
};
/* Strings of conf are copied. NULL: no memory. */
struct ecs_neighbour *ecs_neighbour_new(struct ecs_http_pool *pool, const struct ecs_neighbour_conf *conf);
/* Calls under way go on to their end; the memory lives until the last of them. NULL allowed. */
void ecs_neighbour_free(struct ecs_neighbour *neighbour);

struct ecs_ask_header {
    const char *name, *value; /* control characters refuse the call */
};
enum { ECS_ASK_HEADERS = 12 };
struct ecs_ask {
    const char *method; /* "GET", "POST", "PUT", "DELETE" */
    const char *url;    /* https:// ; redirects are never followed, no proxy of the environment is used */
    struct ecs_ask_header header[ECS_ASK_HEADERS]; /* ends with name NULL */
    const char *content_type;                      /* of the body; NULL: none */
    struct ecs_str body;                           /* borrowed until the next step */
    const char *basic_user, *basic_password;       /* both or none */
    const char *bearer;                            /* token, or NULL */
    uint32_t total_ms;                             /* 0: the neighbour's */
    bool once; /* on a connection of its own, so that it is never asked again by itself (see below) */
};
struct ecs_ask_answer {
    /* ECS_OK: there is an answer, whatever its status. ECS_E_BACKEND: none (refused, broken, TLS),
     * ECS_E_TIMEOUT, ECS_E_OVERLOAD: budget spent or breaker open, not asked; ECS_E_TOO_LARGE: body over
     * max_answer; ECS_E_BAD_PARAMETER: the ask itself cannot be sent. */
    enum ecs_rc rc;
    int status;
    struct ecs_str content_type, location, body; /* in the flow's arena; {NULL, 0} when absent */
    const struct ecs_ask_header *headers; /* all of the answer, names in lower case, ends with name NULL */
    int64_t retry_after_s;                /* from Retry-After, seconds or HTTP date; -1: none */
    const char *error; /* for logs: static or in the arena; no URL, no secret; NULL with ECS_OK */
};
/* May wait, at most total_ms; give the step a limit_ms above that, else the flow fails by its own limit and
 * the breaker learns nothing. A call on a kept connection that the server has closed meanwhile is asked again
 * once or twice, when no answer had begun: a request that must not be done twice needs an id of its own in
 * the protocol above. The flow does not fail by itself: the next step looks at ret_answer->rc. */
enum ecs_next ecs_neighbour_ask(struct ecs_flow *f, struct ecs_neighbour *neighbour,
                                const struct ecs_ask *ask, struct ecs_ask_answer *ret_answer);
/* Value of a header of the answer by lower-case name; NULL when absent. */
const char *ecs_ask_header(const struct ecs_ask_answer *answer, const char *name);
/* False while the breaker is open: for choices that can be made beforehand. True again when a probe is due.
 */
bool ecs_neighbour_is_up(const struct ecs_neighbour *neighbour);
const char *ecs_neighbour_name(const struct ecs_neighbour *neighbour); /* of conf, for logs */

/* ---- values of headers, pure ---- */

/* Retry-After: seconds from now (Unix seconds), by number or HTTP date (IMF-fixdate); a date that is past
 * gives 0, at most a year; -1: neither. */
int64_t ecs_http_retry_after_s(struct ecs_str value, int64_t now);
/* Cache-Control: the smallest max-age in seconds, at most a year; 0 for no-store and no-cache; -1: says
 * nothing. */
int64_t ecs_http_max_age_s(struct ecs_str cache_control);
