/* SPDX-License-Identifier: Apache-2.0 */
/* The way to a RADIUS server: connected UDP sockets or TLS connections with 256 identifiers each, one more
 * when all are taken; requests out, answers in. What cannot be proven is discarded silently (RFC 2865 3,
 * 3579 3.2). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/radius_priv.h"

enum { READS_PER_TURN = 64 };

/* ---- identifiers ---- */

static void rest(struct rad_link *link, uint8_t id, int64_t from_us)
{
    unsigned at = (link->ring_at + link->ring_n) % RAD_IDS;

    link->slots[id].ask = NULL;
    link->ring[at].id = id;
    link->ring[at].from_us = from_us;
    link->ring_n++;
}

/* Place in the row of the first identifier that has rested enough; -1: none. */
static int find_rested(const struct rad_link *link)
{
    int64_t now = ecs_clock_mono_us();

    for (unsigned i = 0; i < link->ring_n; i++) {
        unsigned at = (link->ring_at + i) % RAD_IDS;

        if (link->ring[at].from_us <= now)
            return (int)at;
    }
    return -1;
}

static uint8_t take_id(struct rad_link *link, unsigned at)
{
    uint8_t id = link->ring[at].id;

    link->ring[at] = link->ring[link->ring_at]; /* the hole goes to the front */
    link->ring_at = (link->ring_at + 1) % RAD_IDS;
    link->ring_n--;
    return id;
}

static void drop_try(struct rad_ask *ask, const struct rad_link *link, uint8_t id)
{
    for (unsigned i = 0; i < ask->tries_n; i++)
        if (ask->tries[i].link == link && ask->tries[i].id == id) {
            ask->tries_n--;
            memmove(&ask->tries[i], &ask->tries[i + 1], (ask->tries_n - i) * sizeof(ask->tries[0]));
            return;
        }
}

static void release_one(struct rad_ask *ask, struct rad_link *link, uint8_t id, bool answered)
{
    int64_t now = ecs_clock_mono_us();

    drop_try(ask, link, id);
    rest(link, id, answered ? now : now + (int64_t)RAD_REST_MS * 1000);
}

void rad_release(struct rad_ask *ask, const struct rad_link *answered_on, uint8_t answered_id)
{
    while (ask->tries_n) {
        struct rad_try *try = &ask->tries[0];

        release_one(ask, try->link, try->id, try->link == answered_on && try->id == answered_id);
    }
}

/* ---- links ---- */

/* Requests that are out on it wait for another one. */
static void close_link(struct rad_link *link)
{
    struct rad_server *server = link->server;
    struct rad_link **at = &server->links;

    while (*at != link)
        at = &(*at)->next;
    *at = link->next;
    server->links_n--;
    for (unsigned id = 0; id < RAD_IDS; id++) {
        struct rad_ask *ask = link->slots[id].ask;

        if (!ask)
            continue;
        drop_try(ask, link, (uint8_t)id);
        if (ask->tries_n == 0 && ask->server == server)
            ask->is_waiting = true;
    }
    ecs_watch_free(link->watch);
    if (link->fd >= 0)
        close(link->fd);
    ecs_stream_free(link->stream);
    ecs_buf_done(&link->in);
    free(link);
}

void rad_close_links(struct rad_server *server)
{
    while (server->links)
        close_link(server->links);
}

static struct rad_link *make_link(struct rad_server *server)
{
    struct rad_link *link = calloc(1, sizeof(*link));

    if (!link)
        return NULL;
    link->server = server;
    link->fd = -1;
    link->in.limit = 8 * ECS_RADIUS_MAX;
    for (unsigned id = 0; id < RAD_IDS; id++)
        rest(link, (uint8_t)id, 0);
    link->next = server->links;
    server->links = link;
    server->links_n++;
    return link;
}

/* ---- what comes in ---- */

static void discard(struct rad_server *server, const char *why)
{
    server->discarded++;
    rad_note(server, "a packet was not believed", why);
}

/* RFC 2865 3, RFC 5997 3: what a server may say to a request. */
static bool is_answer_to(unsigned request, unsigned answer)
{
    switch (request) {
    case ECS_RADIUS_ACCESS_REQUEST:
        return answer == ECS_RADIUS_ACCESS_ACCEPT || answer == ECS_RADIUS_ACCESS_REJECT ||
               answer == ECS_RADIUS_ACCESS_CHALLENGE;
    case ECS_RADIUS_ACCOUNTING_REQUEST:
        return answer == ECS_RADIUS_ACCOUNTING_RESPONSE;
    default:
        return answer == ECS_RADIUS_ACCESS_ACCEPT || answer == ECS_RADIUS_ACCOUNTING_RESPONSE;
    }
}

static void receive(struct rad_link *link, struct ecs_str bytes)
{
    struct rad_server *server = link->server;
    struct ecs_radius_packet packet;
    enum ecs_radius_fault fault = ecs_radius_decode(bytes, &packet);
    enum ecs_radius_proof proof;
    struct rad_slot *slot;
    struct rad_ask *ask;

    if (fault) {
        discard(server, ecs_radius_fault_text(fault));
        return;
    }
    slot = &link->slots[packet.identifier];
    ask = slot->ask;
    if (!ask) { /* of a request that has ended: nothing strange */
        server->discarded++;
        return;
    }
    proof = ecs_radius_prove(&packet, server->secret, slot->authenticator,
                             ask->request->code == ECS_RADIUS_ACCESS_REQUEST);
    if (proof) {
        discard(server, ecs_radius_proof_text(proof));
        return;
    }
    if (!is_answer_to(ask->request->code, packet.code)) {
        discard(server, "it is not an answer to what was asked");
        return;
    }
    rad_release(ask, link, packet.identifier);
    rad_heard(server, ask->flow != NULL);
    if (ask->flow)
        rad_answered(ask, server, &packet);
}

/* ---- UDP ---- */

/* An ICMP message: nobody listens there, or no way leads there. */
static void refused(struct rad_server *server, int error)
{
    rad_note(server, "the socket says", strerror(error));
    rad_move_all(server, false);
}

static void on_socket(void *arg, int fd, unsigned io)
{
    struct rad_link *link = arg;
    struct rad_server *server = link->server;
    struct ecs_radius *radius = server->radius;
    char bytes[ECS_RADIUS_MAX];

    (void)io;
    rad_enter(radius);
    for (int i = 0; i < READS_PER_TURN; i++) {
        ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

        if (n >= 0) {
            receive(link, (struct ecs_str){bytes, (size_t)n});
            continue;
        }
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            refused(server, errno);
        break;
    }
    rad_leave(radius);
}

static bool open_socket(struct rad_link *link)
{
    struct rad_server *server = link->server;
    const struct ecs_radius *radius = server->radius;
    int family = server->address.ss_family;

    link->fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (link->fd < 0)
        return false;
    if (radius->local_n && radius->local.ss_family == family &&
        bind(link->fd, (const struct sockaddr *)&radius->local, radius->local_n))
        return false;
    if (connect(link->fd, (const struct sockaddr *)&server->address, server->address_n))
        return false;
    link->watch = ecs_loop_fd_add(radius->loop, link->fd, ECS_IO_READ, on_socket, link);
    link->is_up = link->watch != NULL;
    return link->is_up;
}

static enum rad_sent send_datagram(struct rad_link *link, struct ecs_str bytes)
{
    ssize_t n = -1;

    for (int i = 0; i < 2 && n < 0; i++) { /* the first error may be of an earlier packet */
        n = send(link->fd, bytes.p, bytes.n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == ENOBUFS))
            return RAD_SENT; /* as good as lost on the way */
    }
    if (n >= 0)
        return RAD_SENT;
    rad_note(link->server, "cannot send", strerror(errno));
    return RAD_USELESS;
}

/* ---- TLS ---- */

static void on_up(void *arg)
{
    struct rad_link *link = arg;
    struct ecs_radius *radius = link->server->radius;

    rad_enter(radius);
    link->is_up = true;
    rad_wake_all(link->server);
    rad_leave(radius);
}

static void on_down(void *arg, const char *reason)
{
    struct rad_link *link = arg;
    struct rad_server *server = link->server;
    struct ecs_radius *radius = server->radius;
    bool was_up = link->is_up;
    char text[120];

    rad_enter(radius);
    snprintf(text, sizeof(text), "%s", reason); /* it dies with the stream */
    close_link(link);
    if (was_up) {
        rad_note(server, "the connection ended", text);
        rad_ask_again(server);
    } else {
        rad_failed(server, "no connection", text);
        rad_move_all(server, true);
    }
    rad_leave(radius);
}

/* All whole packets; -1: framing is lost. */
static int read_packets(struct rad_link *link)
{
    size_t at = 0;
    ptrdiff_t n;

    while ((n = ecs_radius_measure((struct ecs_str){link->in.p + at, link->in.n - at})) > 0) {
        receive(link, (struct ecs_str){link->in.p + at, (size_t)n});
        at += (size_t)n;
    }
    if (at)
        memmove(link->in.p, link->in.p + at, link->in.n - at);
    link->in.n -= at;
    return n < 0 ? -1 : 0;
}

static void on_bytes(void *arg, struct ecs_str bytes)
{
    struct rad_link *link = arg;
    struct rad_server *server = link->server;
    struct ecs_radius *radius = server->radius;

    rad_enter(radius);
    ecs_buf_add_str(&link->in, bytes);
    if (link->in.overflow || read_packets(link) < 0) {
        close_link(link);
        rad_failed(server, "the connection was given up", "what came is no RADIUS");
        rad_move_all(server, true);
    }
    rad_leave(radius);
}

static bool open_stream(struct rad_link *link)
{
    struct rad_server *server = link->server;
    struct ecs_stream_conf conf = {.host = server->conf.host,
                                   .port = server->conf.port,
                                   .tls = server->tls,
                                   .tls_name = server->conf.tls_name,
                                   .on_up = on_up,
                                   .on_bytes = on_bytes,
                                   .on_down = on_down,
                                   .arg = link};

    link->stream = ecs_stream_open(server->radius->loop, &conf);
    return link->stream != NULL;
}

/* ---- sending ---- */

static struct rad_link *open_link(struct rad_server *server)
{
    struct rad_link *link = make_link(server);

    if (link && (server->tls ? open_stream(link) : open_socket(link)))
        return link;
    rad_note(server, "no socket", strerror(errno));
    if (link)
        close_link(link);
    return NULL;
}

/* A link that is up with a free identifier. */
static enum rad_sent find_link(struct rad_server *server, struct rad_link **ret_link, unsigned *ret_at)
{
    struct rad_link *link;
    bool coming = false;

    if (!server->tls && server->address_n == 0) {
        if (!server->resolve)
            rad_server_look_up(server);
        if (server->address_n == 0)
            return server->resolve ? RAD_NOT_YET : RAD_USELESS;
    }
    for (link = server->links; link; link = link->next) {
        int at = link->is_up ? find_rested(link) : -1;

        coming = coming || !link->is_up;
        if (at >= 0) {
            *ret_link = link;
            *ret_at = (unsigned)at;
            return RAD_SENT;
        }
    }
    if (coming)
        return RAD_NOT_YET;
    if (server->links_n >= RAD_LINKS)
        return RAD_FULL;
    link = open_link(server);
    if (!link)
        return RAD_USELESS;
    *ret_link = link;
    *ret_at = link->ring_at;
    return link->is_up ? RAD_SENT : RAD_NOT_YET;
}

/* The request's attributes and what is ours. */
static struct ecs_str make_attrs(const struct rad_ask *ask)
{
    struct ecs_radius *radius = ask->radius;
    const struct ecs_radius_request *request = ask->request;

    if (request->code == ECS_RADIUS_ACCESS_REQUEST)
        return request->attrs;
    ecs_buf_reset(&radius->extra);
    ecs_buf_add_str(&radius->extra, request->attrs);
    if (request->code == ECS_RADIUS_ACCOUNTING_REQUEST) {
        int64_t waited_us = ecs_clock_mono_us() - ask->begun_us;

        ecs_radius_put_u32(&radius->extra, ECS_RADIUS_ACCT_DELAY_TIME,
                           request->delay_s + (uint32_t)(waited_us / 1000000));
    } else if (radius->nas_identifier) {
        ecs_radius_put(&radius->extra, ECS_RADIUS_NAS_IDENTIFIER, ecs_str_of(radius->nas_identifier));
    }
    return ecs_buf_str(&radius->extra);
}

/* Into radius->out. authenticator: in as random bytes, out as sent. */
static bool encode(const struct rad_ask *ask, uint8_t id, uint8_t authenticator[ECS_RADIUS_AUTH_LEN])
{
    struct ecs_radius *radius = ask->radius;
    struct ecs_radius_packet packet = {.code = (uint8_t)ask->request->code, .identifier = id};

    packet.attrs = make_attrs(ask);
    memcpy(packet.authenticator, authenticator, sizeof(packet.authenticator));
    ecs_buf_reset(&radius->out);
    return !radius->extra.overflow &&
           ecs_radius_encode_request(&packet, ask->server->secret, &radius->out, authenticator);
}

static enum rad_sent transmit(struct rad_link *link)
{
    struct ecs_str bytes = ecs_buf_str(&link->server->radius->out);

    if (!link->stream)
        return send_datagram(link, bytes);
    return ecs_stream_send(link->stream, bytes) ? RAD_SENT : RAD_NOT_YET;
}

static enum rad_sent send_anew(struct rad_ask *ask)
{
    uint8_t authenticator[ECS_RADIUS_AUTH_LEN], id;
    struct rad_link *link = NULL;
    unsigned at = 0;
    enum rad_sent sent = find_link(ask->server, &link, &at);

    if (sent != RAD_SENT)
        return sent;
    if (!ecs_random(ask->radius->crypto, authenticator, sizeof(authenticator)))
        return RAD_USELESS;
    id = take_id(link, at);
    if (!encode(ask, id, authenticator)) {
        rest(link, id, 0);
        return RAD_WRONG;
    }
    if (ask->tries_n == RAD_TRIES)
        release_one(ask, ask->tries[0].link, ask->tries[0].id, false);
    memcpy(link->slots[id].authenticator, authenticator, sizeof(authenticator));
    link->slots[id].ask = ask;
    ask->tries[ask->tries_n++] = (struct rad_try){link, id};
    sent = transmit(link);
    if (sent != RAD_SENT)
        release_one(ask, link, id, true); /* it never left */
    return sent;
}

/* The try that can be sent again as it was: of an Access-Request, over UDP, to the present server. */
static struct rad_try *repeatable(struct rad_ask *ask)
{
    struct rad_try *try = ask->tries_n ? &ask->tries[ask->tries_n - 1] : NULL;

    return try && !try->link->stream && try->link->server == ask->server &&
           ask->request->code == ECS_RADIUS_ACCESS_REQUEST
        ?
    try : NULL
        ;
}

enum rad_sent rad_send(struct rad_ask *ask, bool again)
{
    struct rad_try *try = again ? repeatable(ask) : NULL;
    uint8_t authenticator[ECS_RADIUS_AUTH_LEN];

    if (!try)
        return send_anew(ask);
    memcpy(authenticator, try->link->slots[try->id].authenticator, sizeof(authenticator));
    return encode(ask, try->id, authenticator) ? transmit(try->link) : RAD_WRONG;
}
