/* SPDX-License-Identifier: Apache-2.0 */
/* Neighbours on the event loop: curl's sockets become watches, its timer one of ours, and what it wants at
 * once runs in the hook at the end of the turn (the wheel would add up to 8 ms to each call). Flows go on
 * only after curl has returned, so nothing that a flow does (ask, give up, free a neighbour) ever happens
 * inside a callback of curl. */
#include "http_pool_priv.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ecs/clock.h"

enum {
    CONNECT_MS = 3000,
    TOTAL_MS = 10000,
    MAX_IN_FLIGHT = 64,
    BREAKER_FAILURES = 5,
    BREAKER_MS = 5000,
    MAX_ANSWER = 65536,
    /* The second one is for a peer that allows fewer streams than the budget, or says goodbye. */
    HTTP2_CONNECTIONS = 2,
    POKE_MAX = 16
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_ready = CURLE_FAILED_INIT;

static void start_curl(void)
{
    curl_ready = curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- breaker ---- */

static void set_open(struct ecs_neighbour *n, bool open)
{
    if (n->open == open)
        return;
    n->open = open;
    if (open)
        http_count(&n->stats->breaker_open, 1);
    else
        http_uncount(&n->stats->breaker_open);
}

bool ecs_neighbour_is_up(const struct ecs_neighbour *n)
{
    return !n->open || (!n->probing && ecs_clock_mono_us() >= n->open_until_us);
}

enum ecs_rc http_neighbour_admit(struct ecs_neighbour *n, bool *ret_probe, const char **ret_error)
{
    if (!ecs_neighbour_is_up(n)) {
        http_count(&n->stats->refused_breaker, 1);
        *ret_error = "not asked: it did not answer lately";
        return ECS_E_OVERLOAD;
    }
    if (n->in_flight >= n->conf.max_in_flight) {
        http_count(&n->stats->refused_budget, 1);
        *ret_error = "not asked: too many calls are under way";
        return ECS_E_OVERLOAD;
    }
    *ret_probe = n->open;
    if (n->open)
        n->probing = true;
    return ECS_OK;
}

static void open_breaker(struct ecs_neighbour *n, const char *why)
{
    if (!n->open)
        ecs_log(NULL, ECS_EV_NEIGHBOUR_DOWN, "%s: %s; %u failures in a row", n->conf.name, why, n->failures);
    n->open_until_us = ecs_clock_mono_us() + (int64_t)n->conf.breaker_ms * 1000;
    set_open(n, true);
}

void http_neighbour_judge(struct ecs_neighbour *n, bool probe, enum ecs_rc rc, const char *why)
{
    if (probe)
        n->probing = false;
    if (rc == ECS_E_CANCELLED)
        return;
    if (rc != ECS_E_BACKEND && rc != ECS_E_TIMEOUT) {
        if (n->open)
            ecs_log(NULL, ECS_EV_NEIGHBOUR_UP, "%s", n->conf.name);
        n->failures = 0;
        set_open(n, false);
        return;
    }
    if (n->failures < UINT32_MAX)
        n->failures++;
    /* A late failure of a call from before says nothing new. */
    if (probe || (!n->open && n->failures >= n->conf.breaker_failures))
        open_breaker(n, why);
}

/* ---- curl on the loop ---- */

static void deliver(struct ecs_neighbour *n)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(n->multi, &left)))
        if (message->msg == CURLMSG_DONE)
            http_call_end(message->easy_handle, message->data.result);
}

static struct http_watch *find_watch(struct ecs_neighbour *n, curl_socket_t fd)
{
    struct http_watch *w = n->watches;

    while (w && w->fd != fd)
        w = w->next;
    return w;
}

static void poke_sockets(struct ecs_neighbour *n)
{
    curl_socket_t fd[POKE_MAX];
    unsigned count = 0;
    int running;

    for (const struct http_watch *w = n->watches; w && count < POKE_MAX; w = w->next)
        fd[count++] = w->fd;
    for (unsigned i = 0; i < count; i++)
        if (find_watch(n, fd[i]))
            (void)curl_multi_socket_action(n->multi, fd[i], CURL_CSELECT_IN, &running);
}

/* When a shared connection ends, this version of curl may tell only one of its streams (which it perhaps
 * repeats without a word to us), and the others sleep until the socket stirs again, which it need not do. A
 * socket said to be ready makes one more of them look, so this goes on as long as it brings calls to their
 * end: one spare read for each event. */
static void wake_streams(struct ecs_neighbour *n)
{
    uint64_t before;

    do {
        before = n->ended;
        poke_sockets(n);
        deliver(n);
    } while (n->ended != before);
}

static void drive(struct ecs_neighbour *n, curl_socket_t fd, int events)
{
    int running;

    n->busy++;
    (void)curl_multi_socket_action(n->multi, fd, events, &running);
    deliver(n);
    if (n->conf.http2 && n->in_flight > 0)
        wake_streams(n);
    n->busy--;
    http_neighbour_release(n);
}

static void on_io(void *arg, int fd, unsigned io)
{
    struct http_watch *w = arg;
    int events = (io & ECS_IO_READ ? CURL_CSELECT_IN : 0) | (io & ECS_IO_WRITE ? CURL_CSELECT_OUT : 0) |
                 (io & ECS_IO_HANGUP ? CURL_CSELECT_ERR : 0);

    drive(w->n, fd, events);
}

static void unwatch(struct ecs_neighbour *n, curl_socket_t fd)
{
    for (struct http_watch **at = &n->watches; *at; at = &(*at)->next) {
        struct http_watch *w = *at;

        if (w->fd != fd)
            continue;
        *at = w->next;
        ecs_watch_free(w->watch);
        free(w);
        return;
    }
}

/* -1 makes curl give up its transfers: better than one that nobody wakes. */
static int watch(struct ecs_neighbour *n, curl_socket_t fd, unsigned io)
{
    struct http_watch *w = find_watch(n, fd);

    if (w) {
        ecs_watch_set(w->watch, io);
        return 0;
    }
    w = calloc(1, sizeof(*w));
    if (!w)
        return -1;
    *w = (struct http_watch){.next = n->watches, .n = n, .fd = fd};
    w->watch = ecs_loop_fd_add(n->pool->loop, fd, io, on_io, w);
    if (!w->watch) {
        free(w);
        return -1;
    }
    n->watches = w;
    return 0;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    struct ecs_neighbour *n = arg;

    (void)easy;
    (void)socket_arg;
    if (what == CURL_POLL_REMOVE) {
        unwatch(n, fd);
        return 0;
    }
    return watch(n, fd,
                 (what & CURL_POLL_IN ? (unsigned)ECS_IO_READ : 0) |
                     (what & CURL_POLL_OUT ? (unsigned)ECS_IO_WRITE : 0));
}

int http_close_socket(void *arg, curl_socket_t fd)
{
    unwatch(arg, fd);
    return close(fd);
}

static void on_timer(void *arg)
{
    drive(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long ms, void *arg)
{
    struct ecs_neighbour *n = arg;

    (void)multi;
    ecs_timer_disarm(&n->timer);
    n->kick = ms == 0;
    if (ms > 0)
        ecs_timer_arm(&n->timer, n->pool->loop, ms < INT32_MAX ? (uint32_t)ms : INT32_MAX, on_timer, n);
    return 0;
}

/* ---- pool ---- */

static int64_t before_sleep(void *arg)
{
    const struct ecs_http_pool *pool = arg;

    for (const struct ecs_neighbour *n = pool->neighbours; n; n = n->next)
        if (n->kick)
            return 0;
    return -1;
}

static void release_pool(struct ecs_http_pool *pool)
{
    if (pool->freed && pool->busy == 0 && !pool->neighbours)
        free(pool);
}

static struct ecs_neighbour *next_kicked(struct ecs_http_pool *pool)
{
    struct ecs_neighbour *n = pool->neighbours;

    while (n && (!n->kick || n->kick_turn == pool->turn))
        n = n->next;
    return n;
}

/* Each neighbour at most once a turn. The list is read anew each time: flows that go on may change it. */
static void after_turn(void *arg)
{
    struct ecs_http_pool *pool = arg;
    struct ecs_neighbour *n;

    pool->turn++;
    pool->busy++;
    while ((n = next_kicked(pool))) {
        n->kick = false;
        n->kick_turn = pool->turn;
        drive(n, CURL_SOCKET_TIMEOUT, 0);
    }
    pool->busy--;
    release_pool(pool);
}

struct ecs_http_pool *ecs_http_pool_new(struct ecs_loop *loop)
{
    struct ecs_http_pool *pool;

    (void)pthread_once(&curl_once, start_curl);
    if (curl_ready != CURLE_OK)
        return NULL;
    pool = calloc(1, sizeof(*pool));
    if (!pool)
        return NULL;
    pool->loop = loop;
    pool->hook = (struct ecs_loop_hook){.prepare = before_sleep, .after = after_turn, .arg = pool};
    ecs_loop_hook_add(loop, &pool->hook);
    return pool;
}

void ecs_http_pool_free(struct ecs_http_pool *pool)
{
    if (!pool || pool->freed)
        return;
    pool->freed = true;
    ecs_loop_hook_remove(pool->loop, &pool->hook);
    release_pool(pool);
}

/* ---- neighbours ---- */

static void free_conf(struct ecs_neighbour_conf *conf)
{
    free((char *)conf->name);
    free((char *)conf->ca_file);
    free((char *)conf->cert_file);
    free((char *)conf->key_file);
}

static bool copy_text(const char **text)
{
    if (*text)
        *text = strdup(*text);
    return *text != NULL;
}

static bool copy_conf(struct ecs_neighbour_conf *to, const struct ecs_neighbour_conf *from)
{
    bool ok;

    *to = *from;
    if (!to->name)
        to->name = "neighbour";
    ok = copy_text(&to->name);
    ok &= copy_text(&to->ca_file) || !from->ca_file;
    ok &= copy_text(&to->cert_file) || !from->cert_file;
    ok &= copy_text(&to->key_file) || !from->key_file;
    to->connect_ms = from->connect_ms ? from->connect_ms : CONNECT_MS;
    to->total_ms = from->total_ms ? from->total_ms : TOTAL_MS;
    to->max_in_flight = from->max_in_flight ? from->max_in_flight : MAX_IN_FLIGHT;
    to->breaker_failures = from->breaker_failures ? from->breaker_failures : BREAKER_FAILURES;
    to->breaker_ms = from->breaker_ms ? from->breaker_ms : BREAKER_MS;
    to->max_answer = from->max_answer ? from->max_answer : MAX_ANSWER;
    return ok;
}

/* HTTP/1.1 needs no cap of connections: the budget is one. As many may stay open for the next calls. */
static bool set_multi(struct ecs_neighbour *n)
{
    CURLMcode rc = CURLM_OK;

#define SET(option, value) rc = rc == CURLM_OK ? curl_multi_setopt(n->multi, option, value) : rc
    SET(CURLMOPT_SOCKETFUNCTION, on_socket);
    SET(CURLMOPT_SOCKETDATA, n);
    SET(CURLMOPT_TIMERFUNCTION, set_timer);
    SET(CURLMOPT_TIMERDATA, n);
    SET(CURLMOPT_PIPELINING, n->conf.http2 ? (long)CURLPIPE_MULTIPLEX : (long)CURLPIPE_NOTHING);
    SET(CURLMOPT_MAX_HOST_CONNECTIONS, n->conf.http2 ? (long)HTTP2_CONNECTIONS : 0L);
    SET(CURLMOPT_MAXCONNECTS, (long)n->conf.max_in_flight);
#undef SET
    return rc == CURLM_OK;
}

struct ecs_neighbour *ecs_neighbour_new(struct ecs_http_pool *pool, const struct ecs_neighbour_conf *conf)
{
    struct ecs_neighbour *n = calloc(1, sizeof(*n));

    if (!n)
        return NULL;
    n->pool = pool;
    n->stats = conf->stats ? conf->stats : &n->own;
    n->multi = curl_multi_init();
    if (!copy_conf(&n->conf, conf) || !n->multi || !set_multi(n)) {
        curl_multi_cleanup(n->multi);
        free_conf(&n->conf);
        free(n);
        return NULL;
    }
    n->next = pool->neighbours;
    pool->neighbours = n;
    return n;
}

static void unlink_neighbour(struct ecs_neighbour *n)
{
    struct ecs_neighbour **at = &n->pool->neighbours;

    while (*at != n)
        at = &(*at)->next;
    *at = n->next;
}

void http_neighbour_release(struct ecs_neighbour *n)
{
    struct ecs_http_pool *pool = n->pool;

    if (!n->freed || n->in_flight > 0 || n->busy > 0)
        return;
    unlink_neighbour(n);
    (void)curl_multi_cleanup(n->multi); /* closes what is open, which may still set the timer */
    while (n->watches)
        unwatch(n, n->watches->fd);
    ecs_timer_disarm(&n->timer);
    set_open(n, false);
    free_conf(&n->conf);
    free(n);
    release_pool(pool);
}

const char *ecs_neighbour_name(const struct ecs_neighbour *n)
{
    return n->conf.name;
}

void ecs_neighbour_free(struct ecs_neighbour *n)
{
    if (!n)
        return;
    n->freed = true;
    http_neighbour_release(n);
}
