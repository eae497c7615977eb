/* SPDX-License-Identifier: Apache-2.0 */
/* The server as a whole: one libmicrohttpd daemon without threads of its own, driven by the worker's loop
 * through its epoll descriptor and a hook around each turn. */
#include "ecs/http_server.h"

#include <fcntl.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include "ecs/clock.h"
#include "http_mhd.h"
#include "http_priv.h"

enum {
    RUNS_PER_TURN =
        4, /* MHD often has more to do at once; a further run is cheaper than a turn of the loop */
    SIDE_EVENTS = 64,
};

static const struct ecs_http_limits usual = {
    .body = 256 * 1024,
    .discard = 16 * 1024 * 1024,
    .pool = 20 * 1024,
    .arena = 1024 * 1024,
    .connections = 20000,
    .per_prefix = 10000,
    .handshake_ms = 10000,
    .read_ms = 15000,
    .idle_ms = 60000,
    .write_ms = 60000,
    .gone_after_ms = 250,
    .trim_after_ms = 2000,
};

void ecs_http_limits_default(struct ecs_http_limits *l)
{
    l->body = l->body ? l->body : usual.body;
    l->discard = l->discard ? l->discard : usual.discard;
    l->pool = l->pool ? l->pool : usual.pool;
    l->arena = l->arena ? l->arena : usual.arena;
    l->connections = l->connections ? l->connections : usual.connections;
    l->per_prefix = l->per_prefix ? l->per_prefix : usual.per_prefix;
    l->handshake_ms = l->handshake_ms ? l->handshake_ms : usual.handshake_ms;
    l->read_ms = l->read_ms ? l->read_ms : usual.read_ms;
    l->idle_ms = l->idle_ms ? l->idle_ms : usual.idle_ms;
    l->write_ms = l->write_ms ? l->write_ms : usual.write_ms;
    l->gone_after_ms = l->gone_after_ms ? l->gone_after_ms : usual.gone_after_ms;
    l->trim_after_ms = l->trim_after_ms ? l->trim_after_ms : usual.trim_after_ms;
}

static void on_mhd_ready(void *arg, int fd, unsigned io)
{
    struct ecs_http_server *s = arg;

    (void)fd, (void)io;
    s->ready = true;
}

static void on_side_ready(void *arg, int fd, unsigned io)
{
    struct ecs_http_server *s = arg;
    struct epoll_event events[SIDE_EVENTS];
    int n = epoll_wait(fd, events, SIDE_EVENTS, 0);

    (void)io;
    http_accept_load(s, n == SIDE_EVENTS);
    for (int i = 0; i < n; i++)
        http_conn_event(events[i].data.ptr, events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR));
}

/* Microseconds until MHD wants to run; -1: only on events. */
static int64_t mhd_wait_us(struct ecs_http_server *s)
{
    MHD_UNSIGNED_LONG_LONG ms;

    if (MHD_get_timeout(s->daemon, &ms) != MHD_YES)
        return -1;
    return ms > 3600000 ? INT64_C(3600000000) : (int64_t)ms * 1000;
}

static int64_t before_sleep(void *arg)
{
    struct ecs_http_server *s = arg;
    int64_t wait = s->kick ? 0 : mhd_wait_us(s);

    s->due_us = wait < 0 ? INT64_MAX : wait ? ecs_clock_mono_us() + wait : 0;
    return wait;
}

static void run(struct ecs_http_server *s)
{
    int runs = 0;

    do {
        s->ready = s->kick = false;
        s->running = true;
        MHD_run(s->daemon);
        s->running = false;
        http_park_flush(s);
        http_park_waiting(s);
    } while (++runs < RUNS_PER_TURN && (s->kick || mhd_wait_us(s) == 0));
}

static void after_events(void *arg)
{
    struct ecs_http_server *s = arg;

    if (s->ready || s->kick || s->due_us == 0 || (s->due_us != INT64_MAX && ecs_clock_mono_us() >= s->due_us))
        run(s);
}

__attribute__((format(printf, 2, 0))) static void log_mhd(void *cls, const char *format, va_list args)
{
    struct ecs_http_server *s = cls;
    struct ecs_log_ctx ctx = {.worker = s->conf.worker};
    char line[256];
    size_t n;

    vsnprintf(line, sizeof(line), format, args);
    n = strlen(line);
    while (n && (line[n - 1] == '\n' || line[n - 1] == ' '))
        line[--n] = '\0';
    ecs_log_at(&ctx, ECS_EV_HTTP, ECS_LOG_DEBUG, "%s", line);
}

/* Leaves the bytes as they are: the path is used raw. */
static size_t keep_escapes(void *cls, struct MHD_Connection *conn, char *s)
{
    (void)cls, (void)conn;
    return strlen(s);
}

static void on_connection(void *cls, struct MHD_Connection *conn, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    http_conn_notify(cls, conn, socket_context, code == MHD_CONNECTION_NOTIFY_STARTED);
}

static bool start_mhd(struct ecs_http_server *s)
{
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | MHD_USE_NO_LISTEN_SOCKET |
                     (s->tls ? MHD_USE_TLS : 0u);
    struct MHD_OptionItem options[] =
    { {MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)log_mhd, s},
      {MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)s->conf.limits.pool, NULL},
      /* Ours is checked first, so that connections over the limit are closed and not left in the backlog. */
      {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)s->conf.limits.connections + 64, NULL},
      {MHD_OPTION_CONNECTION_TIMEOUT, 0, NULL},
      {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)http_request_line, s},
      {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)keep_escapes, NULL},
      {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)http_request_completed, s},
      {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, s},
#if MHD_VERSION >= 0x00097701
      /* Blanks in the request target are kept from this level on. */
      {MHD_OPTION_CLIENT_DISCIPLINE_LVL, -2, NULL},
#endif
      {s->tls ? MHD_OPTION_HTTPS_CERT_CALLBACK2 : MHD_OPTION_END, 0, s->tls ? http_tls_callback() : NULL},
      {MHD_OPTION_HTTPS_PRIORITIES, 0, s->priority},
      {MHD_OPTION_END, 0, NULL},
    };

    s->daemon = MHD_start_daemon(flags, 0, NULL, NULL, http_request_access, s, MHD_OPTION_ARRAY, options,
                                 MHD_OPTION_END);
    return s->daemon != NULL;
}

static enum ecs_rc start(struct ecs_http_server *s)
{
    const union MHD_DaemonInfo *epoll;

    s->side_fd = epoll_create1(EPOLL_CLOEXEC);
    if (s->tls && !s->priority)
        return ECS_E_NO_MEMORY;
    if (s->side_fd < 0 || getrandom(&s->ids, sizeof(s->ids), 0) != sizeof(s->ids))
        return ECS_E_INTERNAL;
    if (!start_mhd(s))
        return ECS_E_CONFIG;
    epoll = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (!epoll)
        return ECS_E_INTERNAL;
    s->watch = ecs_loop_fd_add(s->loop, epoll->epoll_fd, ECS_IO_READ, on_mhd_ready, s);
    s->side_watch = ecs_loop_fd_add(s->loop, s->side_fd, ECS_IO_READ, on_side_ready, s);
    if (!s->watch || !s->side_watch || !http_accept_start(s))
        return ECS_E_NO_MEMORY;
    s->hook = (struct ecs_loop_hook){.prepare = before_sleep, .after = after_events, .arg = s};
    ecs_loop_hook_add(s->loop, &s->hook);
    s->hooked = true;
    return ECS_OK;
}

struct ecs_http_server *ecs_http_server_new(struct ecs_loop *loop, const struct ecs_http_server_conf *conf,
                                            enum ecs_rc *ret_rc)
{
    struct ecs_http_server *s = calloc(1, sizeof(*s));
    enum ecs_rc rc;

    if (!s) {
        *ret_rc = ECS_E_NO_MEMORY;
        return NULL;
    }
    s->conf = *conf;
    s->loop = loop;
    s->side_fd = -1;
    s->stats = conf->stats ? conf->stats : &s->own_stats;
    ecs_http_limits_default(&s->conf.limits);
    s->trim_chunk = http_trim_chunk(s->conf.limits.pool);
    if (conf->tls) {
        s->tls = ecs_http_tls_ref(conf->tls);
        s->priority = strdup(http_tls_priority(s->tls));
    }
    /* A duplicate: on failure the caller keeps its own. */
    s->conf.listen_fd = fcntl(conf->listen_fd, F_DUPFD_CLOEXEC, 0);
    rc = s->conf.listen_fd < 0 ? ECS_E_INTERNAL : start(s);
    if (rc != ECS_OK) {
        *ret_rc = rc;
        ecs_http_server_free(s);
        return NULL;
    }
    close(conf->listen_fd);
    return s;
}

void ecs_http_server_set_tls(struct ecs_http_server *s, struct ecs_http_tls *tls)
{
    if (!s->tls || !tls)
        return;
    ecs_http_tls_ref(tls);
    ecs_http_tls_unref(s->tls);
    s->tls = tls;
    s->own_priority = strcmp(http_tls_priority(tls), s->priority) != 0;
}

void ecs_http_server_drain(struct ecs_http_server *s)
{
    if (s->draining)
        return;
    s->draining = true;
    http_accept_stop(s);
    for (struct http_peer *p = s->peers; p; p = p->next)
        http_conn_drain(p);
    s->kick = true;
}

bool ecs_http_server_is_idle(const struct ecs_http_server *s)
{
    return !s->peers;
}

const struct ecs_http_stats *ecs_http_server_stats(const struct ecs_http_server *s)
{
    return s->stats;
}

void ecs_http_server_free(struct ecs_http_server *s)
{
    if (!s)
        return;
    http_accept_stop(s);
    if (s->daemon) {
        /* MHD aborts the process when it is stopped while a connection is suspended. */
        for (struct http_peer *p = s->peers; p; p = p->next) {
            http_request_gone(p);
            http_conn_kill(p, false);
        }
        MHD_run(s->daemon);
        MHD_stop_daemon(s->daemon);
    }
    if (s->hooked)
        ecs_loop_hook_remove(s->loop, &s->hook);
    ecs_watch_free(s->watch);
    ecs_watch_free(s->side_watch);
    if (s->side_fd >= 0)
        close(s->side_fd);
    ecs_http_tls_unref(s->tls);
    http_prefix_done(&s->prefixes);
    free(s->priority);
    free(s);
}
