/* SPDX-License-Identifier: Apache-2.0 */
/* Connections: who may connect, how long each phase may last, who is watched while MHD does not look. All
 * limits of time are ours; MHD's own timeout restarts with each byte and would let a slow sender stay for
 * ever. */
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "ecs/clock.h"
#include "http_priv.h"

enum {
    DRAIN_MS = 1500,
    PEEK_MS = 1000 /* how often a connection that is being read is asked whether its client is still there */
};

static void on_timer(void *arg);

/* Under attack one line a second is enough. */
void http_conn_tell_refused(struct ecs_http_server *s, const char *why)
{
    uint64_t total = atomic_load_explicit(&s->stats->connections_refused, memory_order_relaxed) + 1;
    struct ecs_log_ctx ctx = {.worker = s->conf.worker};
    int64_t now = ecs_loop_now_us(s->loop);

    STAT_ADD(s, connections_refused, 1);
    if (s->refused_told && now - s->refused_at_us < 1000000)
        return;
    ecs_log(&ctx, ECS_EV_LIMIT, "connections refused: %llu, the last because of %s",
            (unsigned long long)(total - s->refused_told), why);
    s->refused_told = total;
    s->refused_at_us = now;
}

bool http_conn_admit(struct ecs_http_server *s, const struct sockaddr *sa, socklen_t n, int64_t behind_us)
{
    const struct ecs_http_limits *l = &s->conf.limits;
    const char *why = NULL;
    struct http_addr addr;

    if (s->open >= l->connections)
        why = "too many in all";
    else if (!http_addr_of(sa, n, &addr))
        why = "an address of an unknown kind";
    else if (!addr.is_unix && !http_addr_in(&addr, s->conf.proxies, s->conf.proxy_count) &&
             http_prefix_count(&s->prefixes, http_addr_prefix(&addr)) >= l->per_prefix)
        why = "too many from one address";
    else if (s->conf.admit && !s->conf.admit(s->conf.env, behind_us, http_addr_prefix(&addr)))
        why = "a worker that is behind";
    if (!why)
        return true;
    http_conn_tell_refused(s, why);
    return false;
}

static struct http_peer *new_peer(struct ecs_http_server *s, struct MHD_Connection *conn)
{
    const union MHD_ConnectionInfo *fd = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
    const union MHD_ConnectionInfo *sa = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct http_peer *p = calloc(1, sizeof(*p));
    struct sockaddr_storage ss = {0};
    socklen_t n = sizeof(ss);

    if (!p || !fd || !sa) {
        free(p);
        return NULL;
    }
    p->fd = fd->connect_fd;
    p->server = s;
    p->conn = conn;
    /* MHD hands out the address without its length. */
    if (getpeername(p->fd, (struct sockaddr *)&ss, &n) < 0 ||
        !http_addr_of((struct sockaddr *)&ss, n, &p->addr))
        p->addr.is_unix = sa->client_addr && sa->client_addr->sa_family == AF_UNIX;
    p->trusted =
        p->addr.is_unix ? s->conf.trust_unix : http_addr_in(&p->addr, s->conf.proxies, s->conf.proxy_count);
    if (!p->addr.is_unix && !p->trusted && !http_prefix_add(&s->prefixes, http_addr_prefix(&p->addr))) {
        free(p);
        return NULL;
    }
    http_addr_print(&p->addr, p->name);
    p->next = s->peers;
    if (p->next)
        p->next->prev = p;
    s->peers = p;
    return p;
}

static void start(struct ecs_http_server *s, struct MHD_Connection *conn, void **socket_context)
{
    const union MHD_ConnectionInfo *tls =
        s->tls ? MHD_get_connection_info(conn, MHD_CONNECTION_INFO_GNUTLS_SESSION) : NULL;
    const union MHD_ConnectionInfo *fd = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct http_peer *p = new_peer(s, conn);

    *socket_context = p;
    STAT_ADD(s, connections_total, 1);
    STAT_ADD(s, connections_open, 1);
    if (p)
        STAT_ADD(s, connections_fresh, 1);
    s->open++;
    if (p)
        http_conn_phase(p, s->tls ? PEER_HANDSHAKE : PEER_READING);
    if (tls)
        http_park_start(p, tls->tls_session);
    if (!p && fd)
        shutdown(fd->connect_fd, SHUT_RDWR); /* no memory: all callbacks know a missing peer */
}

static void end(struct http_peer *p)
{
    struct ecs_http_server *s = p->server;

    ecs_timer_disarm(&p->timer);
    http_request_end(p);
    if (!p->served)
        STAT_ADD(s, connections_fresh, -1);
    if (s->tls && !p->finished)
        STAT_ADD(s, handshakes_failed, 1);
    http_park_forget(p);
    if (p->watched)
        http_conn_watch(p, false, false);
    if (!p->addr.is_unix && !p->trusted)
        http_prefix_remove(&s->prefixes, http_addr_prefix(&p->addr));
    if (p->prev)
        p->prev->next = p->next;
    else
        s->peers = p->next;
    if (p->next)
        p->next->prev = p->prev;
    ecs_http_tls_unref(p->tls);
    free(p->client);
    free(p);
}

void http_conn_notify(void *cls, struct MHD_Connection *conn, void **socket_context, bool started)
{
    struct ecs_http_server *s = cls;

    if (started) {
        start(s, conn, socket_context);
        return;
    }
    STAT_ADD(s, connections_open, -1);
    s->open--;
    if (*socket_context)
        end(*socket_context);
    *socket_context = NULL;
}

static uint32_t limit_of(const struct http_peer *p, enum peer_phase phase)
{
    const struct ecs_http_limits *l = &p->server->conf.limits;

    switch (phase) {
    case PEER_HANDSHAKE:
        return l->handshake_ms;
    case PEER_READING:
        return l->read_ms < PEEK_MS ? l->read_ms : PEEK_MS;
    case PEER_HANDLING:
        return l->gone_after_ms;
    case PEER_SENDING:
        return l->write_ms;
    case PEER_IDLE:
        break;
    }
    return p->server->trim_chunk && !p->trimmed && l->trim_after_ms < l->idle_ms ? l->trim_after_ms
                                                                                 : l->idle_ms;
}

void http_conn_phase(struct http_peer *p, enum peer_phase phase)
{
    p->phase = phase;
    if (phase == PEER_IDLE)
        p->trimmed = false;
    if (phase == PEER_READING)
        p->read_end_us = ecs_clock_mono_us() + (int64_t)p->server->conf.limits.read_ms * 1000;
    ecs_timer_arm(&p->timer, p->server->loop, limit_of(p, phase), on_timer, p);
}

/* libmicrohttpd does not notice a client that leaves in the middle of its request. True when this one may go
 * on. */
static bool still_reading(struct http_peer *p)
{
    int64_t left_us = p->read_end_us - ecs_clock_mono_us();
    char byte;

    if (left_us <= 0)
        return false;
    if (recv(p->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0) {
        http_conn_kill(p, false);
        return true;
    }
    ecs_timer_arm(&p->timer, p->server->loop,
                  left_us < PEEK_MS * 1000 ? (uint32_t)(left_us / 1000 + 1) : PEEK_MS, on_timer, p);
    return true;
}

static void on_timer(void *arg)
{
    struct http_peer *p = arg;
    struct ecs_http_server *s = p->server;
    const struct ecs_http_limits *l = &s->conf.limits;

    if (p->phase == PEER_READING && still_reading(p))
        return;

    if (p->phase == PEER_HANDLING) {
        if (!p->watched && p->call && p->call->suspended)
            p->watched = http_conn_watch(p, true, false);
        return;
    }
    if (p->phase == PEER_IDLE && s->trim_chunk && !p->trimmed && l->trim_after_ms < l->idle_ms) {
        p->trimmed = true;
        http_trim(p);
        ecs_timer_arm(&p->timer, s->loop, l->idle_ms - l->trim_after_ms, on_timer, p);
        return;
    }
    if (p->phase == PEER_IDLE)
        STAT_ADD(s, idle_closed, 1);
    else
        STAT_ADD(s, deadline_kills, 1);
    http_conn_kill(p, p->phase == PEER_IDLE);
}

/* Makes MHD close the connection. Politely: only its input ends, so that TLS can still say goodbye. */
void http_conn_kill(struct http_peer *p, bool politely)
{
    if (p->killed)
        return;
    p->killed = true;
    shutdown(p->fd, politely ? SHUT_RD : SHUT_RDWR);
    if (p->parked)
        http_park_resume(p);
    p->server->kick = true;
}

/* Nobody waits for a client that has not asked yet; what is under way gets a moment. */
void http_conn_drain(struct http_peer *p)
{
    if (p->phase == PEER_IDLE)
        http_conn_kill(p, true);
    else if (p->phase == PEER_HANDSHAKE || (p->phase == PEER_READING && !p->call)) {
        p->read_end_us = ecs_clock_mono_us() + DRAIN_MS * 1000;
        ecs_timer_arm(&p->timer, p->server->loop, DRAIN_MS, on_timer, p);
    }
}

bool http_conn_watch(struct http_peer *p, bool on, bool for_input)
{
    struct epoll_event e = {.events = (for_input ? EPOLLIN : 0u) | EPOLLRDHUP, .data.ptr = p};

    return epoll_ctl(p->server->side_fd, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, p->fd, &e) == 0;
}

void http_conn_event(struct http_peer *p, bool hangup)
{
    if (p->parked)
        http_park_resume(p);
    else if (p->watched && hangup)
        http_request_gone(p);
}
