/* SPDX-License-Identifier: Apache-2.0 */
/* Connections: who may connect, how long each phase may last, who is watched while MHD does not look. All
 * limits of time are ours; MHD's own timeout restarts with each byte and would let a slow sender stay for
 * ever. */
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "http_priv.h"

static void on_timer(void *arg);

int http_conn_accept(void *cls, const struct sockaddr *sa, socklen_t n)
{
    struct ecs_http_server *s = cls;
    const struct ecs_http_limits *l = &s->conf.limits;
    struct http_addr addr;
    bool ok = http_addr_of(sa, n, &addr);

    ok = ok && atomic_load_explicit(&s->stats->connections_open, memory_order_relaxed) < l->connections;
    if (ok && !addr.is_unix && !http_addr_in(&addr, s->conf.proxies, s->conf.proxy_count))
        ok = http_prefix_count(&s->prefixes, http_addr_prefix(&addr)) < l->per_prefix;
    if (ok)
        return MHD_YES;
    STAT_ADD(s, connections_refused, 1);
    ecs_log(NULL, ECS_EV_LIMIT, "connection refused: too many%s",
            atomic_load_explicit(&s->stats->connections_open, memory_order_relaxed) < l->connections
                ? " from one address"
                : "");
    return MHD_NO;
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
        return l->read_ms;
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
    ecs_timer_arm(&p->timer, p->server->loop, limit_of(p, phase), on_timer, p);
}

static void on_timer(void *arg)
{
    struct http_peer *p = arg;
    struct ecs_http_server *s = p->server;
    const struct ecs_http_limits *l = &s->conf.limits;

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
