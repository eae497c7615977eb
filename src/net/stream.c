/* SPDX-License-Identifier: Apache-2.0 */
/* An outgoing connection as a row of states: look the name up, try its addresses in turn, shake hands, then
 * carry bytes. Any failure ends in on_down, called from the loop only. */
#include "ecs/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if ECS_SCTP
#include <arpa/inet.h>
#include <linux/sctp.h>
#endif

#include "ecs/buf.h"
#include "ecs/crypto.h"
#include "net/resolve.h"

enum {
    CONNECT_MS = 10000,
    MAX_OUT = 256 * 1024,
    HOST_MAX = 256,
    READ_BYTES = 16 * 1024,
    READS_PER_TURN = 16, /* then others have their turn */
};

enum state { LOOKING_UP, CONNECTING, SHAKING_HANDS, UP, DOWN };

struct ecs_stream {
    struct ecs_loop *loop;
    struct ecs_stream_conf conf;
    char host[HOST_MAX], tls_name[HOST_MAX];
    enum state state;
    struct net_resolve *resolve;
    struct addrinfo *list, *next; /* next: address to be tried after the present one */
    int fd;
    struct ecs_tls_client *tls;
    struct ecs_watch *watch;
    struct ecs_timer limit, later;
    struct ecs_buf out;
    size_t out_at; /* sent so far */
    bool tls_wants_write;
    bool *gone; /* set by ecs_stream_free during a callback */
    char reason[200];
};

static void try_next(struct ecs_stream *s);

static void close_socket(struct ecs_stream *s)
{
    ecs_watch_free(s->watch);
    s->watch = NULL;
    if (s->tls)
        ecs_tls_client_free(s->tls); /* closes the descriptor */
    else if (s->fd >= 0)
        close(s->fd);
    s->tls = NULL;
    s->fd = -1;
}

/* ---- telling the owner ---- */

static void tell_down(void *arg)
{
    struct ecs_stream *s = arg;

    s->conf.on_down(s->conf.arg, s->reason);
}

/* From inside a call of the owner, too: the callback comes with the next turn. */
static void go_down(struct ecs_stream *s, const char *what, const char *why)
{
    if (s->state == DOWN)
        return;
    s->state = DOWN;
    snprintf(s->reason, sizeof(s->reason), "%s%s%s", what, why ? ": " : "", why ? why : "");
    net_resolve_cancel(s->resolve);
    s->resolve = NULL;
    close_socket(s);
    ecs_timer_disarm(&s->limit);
    ecs_timer_arm(&s->later, s->loop, 0, tell_down, s);
}

static void on_limit(void *arg)
{
    struct ecs_stream *s = arg;
    static const char *const what[] = {[LOOKING_UP] = "the name could not be looked up in time",
                                       [CONNECTING] = "no connection in time",
                                       [SHAKING_HANDS] = "no TLS handshake in time"};

    go_down(s, (size_t)s->state < ECS_ARRAY_LEN(what) ? what[s->state] : "too late", NULL);
}

/* ---- bytes ---- */

/* *ret_n is set with ECS_TLS_OK only. */
static enum ecs_tls_io write_some(struct ecs_stream *s, const char *bytes, size_t n, size_t *ret_n)
{
    ssize_t sent;

    if (s->tls)
        return ecs_tls_client_write(s->tls, bytes, n, ret_n);
    do
        sent = send(s->fd, bytes, n, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return errno == EAGAIN ? ECS_TLS_WANT_WRITE : ECS_TLS_FAILED;
    *ret_n = (size_t)sent;
    return ECS_TLS_OK;
}

static enum ecs_tls_io read_some(struct ecs_stream *s, char *bytes, size_t n, size_t *ret_n)
{
    ssize_t got;

    if (s->tls)
        return ecs_tls_client_read(s->tls, bytes, n, ret_n);
    do
        got = recv(s->fd, bytes, n, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return errno == EAGAIN ? ECS_TLS_WANT_READ : ECS_TLS_FAILED;
    *ret_n = (size_t)got;
    return got == 0 ? ECS_TLS_CLOSED : ECS_TLS_OK;
}

static const char *io_error(const struct ecs_stream *s)
{
    return s->tls ? ecs_tls_client_error(s->tls) : strerror(errno);
}

static void watch_for(struct ecs_stream *s)
{
    bool writing = s->out_at < s->out.n || s->tls_wants_write;

    if (s->watch)
        ecs_watch_set(s->watch, ECS_IO_READ | (writing ? ECS_IO_WRITE : 0u));
}

/* How much of what waits goes at once. */
static size_t next_bytes(const struct ecs_stream *s)
{
    struct ecs_str waiting = {s->out.p + s->out_at, s->out.n - s->out_at};
    ptrdiff_t n = s->conf.measure ? s->conf.measure(waiting) : 0;

    return n > 0 ? (size_t)n : waiting.n;
}

static void flush(struct ecs_stream *s)
{
    while (s->state == UP && s->out_at < s->out.n) {
        size_t n = 0;
        enum ecs_tls_io io = write_some(s, s->out.p + s->out_at, next_bytes(s), &n);

        if (io == ECS_TLS_OK) {
            s->out_at += n;
            continue;
        }
        if (io == ECS_TLS_WANT_READ || io == ECS_TLS_WANT_WRITE)
            break;
        go_down(s, "the connection broke", io_error(s));
        return;
    }
    if (s->out_at == s->out.n) {
        if (s->out.p)
            ecs_wipe(s->out.p, s->out.n); /* credentials of a bind, one-time codes */
        ecs_buf_reset(&s->out);
        s->out_at = 0;
    }
    watch_for(s);
}

static void read_on(void *arg);

static void take_bytes(struct ecs_stream *s)
{
    char bytes[READ_BYTES];
    bool gone = false;

    s->gone = &gone;
    for (int i = 0; i < READS_PER_TURN && s->state == UP; i++) {
        size_t n = 0;
        enum ecs_tls_io io = read_some(s, bytes, sizeof(bytes), &n);

        if (io == ECS_TLS_OK) {
            s->conf.on_bytes(s->conf.arg, (struct ecs_str){bytes, n});
            if (gone)
                return;
            continue;
        }
        s->gone = NULL;
        s->tls_wants_write = io == ECS_TLS_WANT_WRITE;
        if (io == ECS_TLS_CLOSED)
            go_down(s, "the peer closed the connection", NULL);
        else if (io == ECS_TLS_FAILED)
            go_down(s, "the connection broke", io_error(s));
        else
            watch_for(s);
        return;
    }
    s->gone = NULL;
    if (s->state == UP)
        ecs_timer_arm(&s->later, s->loop, 0, read_on,
                      s); /* TLS may hold bytes that the socket does not show */
}

static void read_on(void *arg)
{
    take_bytes(arg);
}

/* ---- coming up ---- */

static void come_up(struct ecs_stream *s)
{
    bool gone = false;

    s->state = UP;
    ecs_timer_disarm(&s->limit);
    if (s->list)
        freeaddrinfo(s->list);
    s->list = s->next = NULL;
    s->gone = &gone;
    s->conf.on_up(s->conf.arg);
    if (gone)
        return;
    s->gone = NULL;
    if (s->state == UP)
        flush(s);
}

static int socket_error(int fd)
{
    int error = 0;
    socklen_t n = sizeof(error);

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) ? errno : error;
}

static void shake_hands(struct ecs_stream *s)
{
    enum ecs_tls_io io;

    s->state = SHAKING_HANDS;
    io = ecs_tls_client_handshake(s->tls);
    if (io == ECS_TLS_WANT_READ || io == ECS_TLS_WANT_WRITE) {
        ecs_watch_set(s->watch, io == ECS_TLS_WANT_READ ? ECS_IO_READ : ECS_IO_WRITE);
    } else if (io == ECS_TLS_OK) {
        come_up(s);
    } else {
        snprintf(s->reason, sizeof(s->reason), "%s", ecs_tls_client_error(s->tls));
        close_socket(s);
        try_next(s);
    }
}

static void on_socket(void *arg, int fd, unsigned io)
{
    struct ecs_stream *s = arg;
    int error;

    switch (s->state) {
    case CONNECTING:
        error = socket_error(fd);
        if (error) {
            snprintf(s->reason, sizeof(s->reason), "cannot connect: %s", strerror(error));
            close_socket(s);
            try_next(s);
        } else if (s->tls) {
            shake_hands(s);
        } else {
            come_up(s);
        }
        break;
    case SHAKING_HANDS:
        shake_hands(s);
        break;
    case UP:
        if (io & ECS_IO_WRITE)
            flush(s);
        if (s->state == UP)
            take_bytes(s);
        break;
    default:
        break;
    }
}

static bool open_tls(struct ecs_stream *s, const struct addrinfo *to)
{
    struct ecs_tls_client_open how = {
        .addr = to->ai_addr, .addr_n = to->ai_addrlen, .host = s->tls_name, .sni = s->tls_name};

    s->tls = ecs_tls_client_open(s->conf.tls, &how);
    s->fd = s->tls ? ecs_tls_client_fd(s->tls) : -1;
    return s->tls;
}

#if ECS_SCTP
bool ecs_stream_has_sctp(void)
{
    return true;
}

/* Payload protocol 46 is Diameter in clear text (RFC 6733 11.4): the only use so far. */
static bool open_sctp(struct ecs_stream *s, const struct addrinfo *to)
{
    struct sctp_sndinfo info = {.snd_ppid = htonl(46)};
    int on = 1;

    s->fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_SCTP);
    if (s->fd < 0)
        return false;
    setsockopt(s->fd, IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof(on));
    setsockopt(s->fd, IPPROTO_SCTP, SCTP_DEFAULT_SNDINFO, &info, sizeof(info));
    return connect(s->fd, to->ai_addr, to->ai_addrlen) == 0 || errno == EINPROGRESS;
}
#else
bool ecs_stream_has_sctp(void)
{
    return false;
}

static bool open_sctp(struct ecs_stream *s, const struct addrinfo *to)
{
    (void)s;
    (void)to;
    errno = EPROTONOSUPPORT;
    return false;
}
#endif

static bool open_plain(struct ecs_stream *s, const struct addrinfo *to)
{
    int on = 1;

    if (s->conf.sctp)
        return open_sctp(s, to);
    s->fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd < 0)
        return false;
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return connect(s->fd, to->ai_addr, to->ai_addrlen) == 0 || errno == EINPROGRESS;
}

/* The reason of the last address stays when there is none left. */
static void try_next(struct ecs_stream *s)
{
    while (s->next) {
        const struct addrinfo *to = s->next;

        s->next = to->ai_next;
        s->state = CONNECTING;
        if (s->conf.tls ? open_tls(s, to) : open_plain(s, to)) {
            s->watch = ecs_loop_fd_add(s->loop, s->fd, ECS_IO_WRITE, on_socket, s);
            if (s->watch)
                return;
            snprintf(s->reason, sizeof(s->reason), "the socket cannot be watched");
        } else {
            snprintf(s->reason, sizeof(s->reason), "cannot connect: %s", strerror(errno));
        }
        close_socket(s);
    }
    {
        char last[sizeof(s->reason)];

        memcpy(last, s->reason, sizeof(last));
        go_down(s, last[0] ? last : "there is no address", NULL);
    }
}

static void take_addresses(void *arg, struct addrinfo *list, const char *error)
{
    struct ecs_stream *s = arg;

    s->resolve = NULL;
    if (!list) {
        go_down(s, "the name cannot be looked up", error);
        return;
    }
    s->list = s->next = list;
    try_next(s);
}

struct ecs_stream *ecs_stream_open(struct ecs_loop *loop, const struct ecs_stream_conf *conf)
{
    struct ecs_stream *s = calloc(1, sizeof(*s));
    const char *name = conf->tls_name ? conf->tls_name : conf->host;

    if (!s || strlen(conf->host) >= HOST_MAX || strlen(name) >= HOST_MAX) {
        free(s);
        return NULL;
    }
    s->loop = loop;
    s->conf = *conf;
    s->fd = -1;
    s->out.limit = conf->max_out ? conf->max_out : MAX_OUT;
    memcpy(s->host, conf->host, strlen(conf->host) + 1);
    memcpy(s->tls_name, name, strlen(name) + 1);
    ecs_timer_arm(&s->limit, loop, conf->connect_ms ? conf->connect_ms : CONNECT_MS, on_limit, s);
    s->resolve = net_resolve_start(loop, s->host, conf->port, take_addresses, s, &s->list);
    if (s->list) {
        s->next = s->list;
        try_next(s);
    } else if (!s->resolve) {
        go_down(s, "the name cannot be looked up: no memory or thread", NULL);
    }
    return s;
}

/* What was sent makes room. */
static void compact(struct ecs_stream *s)
{
    if (s->out_at == 0)
        return;
    memmove(s->out.p, s->out.p + s->out_at, s->out.n - s->out_at);
    s->out.n -= s->out_at;
    s->out_at = 0;
}

bool ecs_stream_send(struct ecs_stream *s, struct ecs_str bytes)
{
    if (s->state != UP || s->out.n - s->out_at + bytes.n > s->out.limit)
        return false;
    compact(s);
    ecs_buf_add_str(&s->out, bytes);
    if (s->out.overflow) {
        go_down(s, "no memory for output", NULL);
        return false;
    }
    flush(s);
    return true;
}

void ecs_stream_free(struct ecs_stream *s)
{
    size_t n;

    if (!s)
        return;
    if (s->gone)
        *s->gone = true;
    if (s->state == UP && s->out_at < s->out.n)
        (void)write_some(s, s->out.p + s->out_at, s->out.n - s->out_at, &n);
    if (s->state == UP && !s->tls)
        shutdown(s->fd, SHUT_WR);
    net_resolve_cancel(s->resolve);
    close_socket(s);
    ecs_timer_disarm(&s->limit);
    ecs_timer_disarm(&s->later);
    if (s->list)
        freeaddrinfo(s->list);
    ecs_buf_done(&s->out);
    free(s);
}
