/* SPDX-License-Identifier: Apache-2.0 */
/* Accepting is ours, not MHD's: whoever is refused costs an accept and a close, so that a wave of connections
 * is shed faster than it comes, and nobody waits in the queue behind those that will be refused anyway. */
#include <errno.h>
#include <microhttpd.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ecs/clock.h"
#include "http_priv.h"

enum {
    ADMITTED_PER_TURN = 64, /* the others of the turn come first */
    LOOKED_AT_PER_TURN = 1024,
    PAUSE_MS = 100,
    FRESH_US = 250000,
};

static void on_listen(void *arg, int fd, unsigned io);

/* A worker is behind since the first of an unbroken row of turns that found more ready handshakes than it
 * takes at a time. */
static int64_t behind_us(const struct ecs_http_server *s)
{
    int64_t now = ecs_clock_mono_us();

    return s->full_since_us && now - s->full_at_us < FRESH_US ? now - s->full_since_us : 0;
}

void http_accept_load(struct ecs_http_server *s, bool full)
{
    int64_t now = full ? ecs_clock_mono_us() : 0;

    if (full)
        s->full_at_us = now;
    if (!full || !s->full_since_us)
        s->full_since_us = now;
}

static void go_on(void *arg)
{
    struct ecs_http_server *s = arg;

    if (s->listen_watch)
        ecs_watch_set(s->listen_watch, ECS_IO_READ);
}

/* Out of descriptors or memory: the queue waits a little, instead of a loop that turns for nothing. */
static void pause_accept(struct ecs_http_server *s, int error)
{
    http_conn_tell_refused(s, strerror(error));
    ecs_watch_set(s->listen_watch, 0);
    ecs_timer_arm(&s->accept_timer, s->loop, PAUSE_MS, go_on, s);
}

static void refuse(int fd)
{
    struct linger reset = {.l_onoff = 1};

    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    close(fd);
}

static void on_listen(void *arg, int fd, unsigned io)
{
    struct ecs_http_server *s = arg;
    unsigned admitted = 0;

    (void)io;
    for (unsigned i = 0; i < LOOKED_AT_PER_TURN && admitted < ADMITTED_PER_TURN; i++) {
        struct sockaddr_storage ss;
        socklen_t n = sizeof(ss);
        int conn = accept4(fd, (struct sockaddr *)&ss, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (conn < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (conn < 0 && (errno == ECONNABORTED || errno == EINTR))
            continue;
        if (conn < 0) {
            pause_accept(s, errno);
            return;
        }
        if (!http_conn_admit(s, (struct sockaddr *)&ss, n, behind_us(s))) {
            refuse(conn);
            continue;
        }
        admitted++;
        (void)MHD_add_connection(s->daemon, conn, (struct sockaddr *)&ss, n); /* closes it when it fails */
        s->kick = true;
    }
}

bool http_accept_start(struct ecs_http_server *s)
{
    s->listen_watch = ecs_loop_fd_add(s->loop, s->conf.listen_fd, ECS_IO_READ, on_listen, s);
    return s->listen_watch != NULL;
}

void http_accept_stop(struct ecs_http_server *s)
{
    ecs_timer_disarm(&s->accept_timer);
    ecs_watch_free(s->listen_watch);
    s->listen_watch = NULL;
    if (s->conf.listen_fd >= 0)
        close(s->conf.listen_fd);
    s->conf.listen_fd = -1;
}
