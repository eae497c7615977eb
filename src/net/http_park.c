/* SPDX-License-Identifier: Apache-2.0 */
/* Parking of unfinished TLS handshakes. MHD with epoll calls gnutls_handshake() over and over while a
 * handshake waits for its client: one half ClientHello would occupy a core. So our pull function notes "would
 * block" before the client's Finished, and after MHD's run the connection is suspended and its socket watched
 * by us. */
#include <errno.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "http_priv.h"

static ssize_t pull(gnutls_transport_ptr_t ptr, void *buf, size_t n)
{
    struct http_peer *peer = ptr;
    ssize_t r;

    if (!peer || peer->killed)
        return 0;
    r = recv(peer->fd, buf, n, 0);
    if (r > 0 && peer->phase == PEER_IDLE)
        http_conn_phase(peer, PEER_READING);
    if (r < 0 && errno == EAGAIN && !peer->finished && !peer->wants_parking && !peer->parked) {
        peer->wants_parking = true;
        peer->park_next = peer->server->to_park;
        peer->server->to_park = peer;
        errno = EAGAIN;
    }
    return r;
}

/* MHD makes two records of an answer, head and body. The head is held back by the kernel (MSG_MORE), so that
 * both leave in one segment; should the body not come in this turn, http_park_flush lets the head go. */
static ssize_t push_head(struct http_peer *peer, const struct msghdr *msg)
{
    ssize_t n = sendmsg(peer->fd, msg, MSG_NOSIGNAL | MSG_MORE);

    peer->body_follows = peer->rest_sent = false;
    if (n > 0 && !peer->held) {
        peer->held = true;
        peer->held_next = peer->server->held;
        peer->server->held = peer;
    }
    return n;
}

static ssize_t push_rest(struct http_peer *peer, const struct msghdr *msg)
{
    ssize_t n = sendmsg(peer->fd, msg, MSG_NOSIGNAL);

    if (n > 0)
        peer->rest_sent = true;
    return n;
}

static ssize_t push(gnutls_transport_ptr_t ptr, const giovec_t *iov, int iov_count)
{
    struct http_peer *peer = ptr;
    struct msghdr msg = {.msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = (size_t)iov_count};

    if (!peer) {
        errno = EPIPE;
        return -1;
    }
    return peer->body_follows ? push_head(peer, &msg) : push_rest(peer, &msg);
}

static void on_client_finished(struct http_peer *peer, gnutls_session_t session)
{
    peer->finished = true;
    peer->client = http_client_read(session);
    STAT_ADD(peer->server, handshakes_ok, 1);
    if (gnutls_session_is_resumed(session))
        STAT_ADD(peer->server, handshakes_resumed, 1);
    http_conn_phase(peer, PEER_READING);
}

static int on_message(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
                      const gnutls_datum_t *msg)
{
    struct http_peer *peer = gnutls_transport_get_ptr(session);

    if (!incoming || !peer || peer->finished)
        return 0;
    if (type == GNUTLS_HANDSHAKE_CLIENT_HELLO && when == GNUTLS_HOOK_PRE)
        peer->suites = (uint8_t)http_hello_suites(msg->data, msg->size);
    else if (type == GNUTLS_HANDSHAKE_FINISHED && when == GNUTLS_HOOK_POST)
        on_client_finished(peer, session);
    return 0;
}

void http_park_start(struct http_peer *peer, struct gnutls_session_int *session)
{
    gnutls_transport_set_ptr(session, peer);
    gnutls_transport_set_pull_function(session, pull);
    gnutls_transport_set_vec_push_function(session, push);
    if (!peer)
        return;
    gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_BOTH, on_message);
    peer->tls = ecs_http_tls_ref(peer->server->tls);
    if (!http_tls_enable(peer->tls, session, peer->server->own_priority))
        http_conn_kill(peer, false);
}

/* The peer is going to be freed. */
void http_park_forget(struct http_peer *peer)
{
    for (struct http_peer **at = &peer->server->to_park; peer->wants_parking && *at; at = &(*at)->park_next)
        if (*at == peer) {
            *at = peer->park_next;
            peer->wants_parking = false;
            break;
        }
    for (struct http_peer **at = &peer->server->held; peer->held && *at; at = &(*at)->held_next)
        if (*at == peer) {
            *at = peer->held_next;
            peer->held = false;
            break;
        }
    if (peer->parked) {
        http_conn_watch(peer, false, true);
        peer->parked = false;
        STAT_ADD(peer->server, handshakes_parked, -1);
    }
}

/* After MHD_run: heads whose body has not followed go out alone. */
void http_park_flush(struct ecs_http_server *server)
{
    const int on = 1;

    while (server->held) {
        struct http_peer *peer = server->held;

        server->held = peer->held_next;
        if (!peer->rest_sent)
            (void)setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        peer->held = peer->rest_sent = false;
    }
}

static void park(struct http_peer *peer)
{
    if (!http_conn_watch(peer, true, true)) {
        http_conn_kill(peer, false); /* out of memory for the watch: better lose one client than spin */
        return;
    }
    MHD_suspend_connection(peer->conn);
    peer->parked = true;
    STAT_ADD(peer->server, handshakes_parked, 1);
}

/* Only outside MHD_run: MHD must have done with the connection, and resumed ones must have been taken back.
 */
void http_park_waiting(struct ecs_http_server *server)
{
    while (server->to_park) {
        struct http_peer *peer = server->to_park;

        server->to_park = peer->park_next;
        peer->wants_parking = false;
        if (!peer->finished && !peer->killed && !peer->parked)
            park(peer);
    }
}

void http_park_resume(struct http_peer *peer)
{
    http_conn_watch(peer, false, true);
    peer->parked = false;
    STAT_ADD(peer->server, handshakes_parked, -1);
    MHD_resume_connection(peer->conn);
    peer->server->kick = true;
}
