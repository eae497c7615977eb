/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of the HTTP client: neighbours (http_pool.c), asks and calls (http_pool_ask.c,
 * http_pool_call.c), heads of answers (http_pool_head.c). Each neighbour has a curl multi handle of its own,
 * so that connection limits, TLS files and name caches of one do not reach another, and freeing it closes its
 * connections. */
#pragma once

#include <curl/curl.h>

#include "ecs/buf.h"
#include "ecs/neighbour.h"

enum { HTTP_HEAD_MAX = 64, HTTP_HEAD_BYTES = 16384 };

/* Headers of the answer as "name\0value\0", names in lower case. */
struct http_head {
    struct ecs_buf text;
    struct {
        uint32_t name, value; /* offsets in text */
    } at[HTTP_HEAD_MAX];
    unsigned n;
    bool too_large, malformed;
};
/* One line as received, with or without its end. A status line empties the head: what came before was an
 * interim answer. False: too large or malformed, as the flags say. */
bool http_head_add(struct http_head *head, struct ecs_str line);
/* Copy for the flow, ends with name NULL; NULL: arena exhausted. */
const struct ecs_ask_header *http_head_copy(const struct http_head *head, struct ecs_arena *arena);
void http_head_done(struct http_head *head);

struct http_watch {
    struct http_watch *next;
    struct ecs_neighbour *n;
    struct ecs_watch *watch;
    curl_socket_t fd;
};

struct ecs_neighbour {
    struct ecs_http_pool *pool;
    struct ecs_neighbour *next;
    struct ecs_neighbour_conf conf; /* strings owned */
    struct ecs_neighbour_stats own; /* when the caller wants none */
    struct ecs_neighbour_stats *stats;
    CURLM *multi;
    struct http_watch *watches;
    struct ecs_timer timer; /* curl's */
    bool kick;              /* curl wants to run at once */
    uint64_t ended;         /* calls that curl brought to an end */
    unsigned kick_turn;
    unsigned busy; /* depth of drive(): curl's handle is in use */
    bool freed;
    unsigned in_flight;
    /* breaker */
    bool open, probing;
    unsigned failures; /* in a row */
    int64_t open_until_us;
};

struct ecs_http_pool {
    struct ecs_loop *loop;
    struct ecs_loop_hook hook;
    struct ecs_neighbour *neighbours;
    unsigned turn, busy;
    bool freed;
};

/* NULL, or why the ask cannot be sent. */
const char *http_ask_check(const struct ecs_neighbour *n, const struct ecs_ask *ask);
enum ecs_rc http_neighbour_admit(struct ecs_neighbour *n, bool *ret_probe, const char **ret_error);
/* What a call says about the neighbour: ECS_E_BACKEND and ECS_E_TIMEOUT are failures, ECS_E_CANCELLED is
 * neither, everything else an answer. why: for the log. */
void http_neighbour_judge(struct ecs_neighbour *n, bool probe, enum ecs_rc rc, const char *why);
/* Frees the neighbour when it was given back, has no call and curl is not at work for it. */
void http_neighbour_release(struct ecs_neighbour *n);
/* The transfer is over: answers and resumes its flow. */
void http_call_end(CURL *easy, CURLcode result);
/* CURLOPT_CLOSESOCKETFUNCTION: the watch goes before the descriptor, whatever curl forgets to tell. */
int http_close_socket(void *arg, curl_socket_t fd);

static inline void http_count(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}
static inline void http_uncount(_Atomic uint64_t *counter)
{
    atomic_fetch_sub_explicit(counter, 1, memory_order_relaxed);
}
