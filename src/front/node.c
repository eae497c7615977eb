/* SPDX-License-Identifier: Apache-2.0 */
/* The main thread: opens sockets, starts workers, then only waits for signals: reload, drain, stop. */
#include "node.h"
#include "callback.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ecs/clock.h"
#include "ecs/log.h"

enum { STOP_CHECK_MS = 20 };

/* ---- sockets ---- */

static bool add_listener(struct ecs_node *node, struct ecs_str address, bool tls)
{
    bool is_unix = address.p[0] == '/' || address.p[0] == '@';
    unsigned at = node->listener_n;
    char err[256];
    int shared = -1;

    if (at == ECS_LISTENERS_MAX)
        return false;
    for (unsigned w = 0; w < node->worker_n; w++) {
        int *fd = &node->device_fds[w * ECS_LISTENERS_MAX + at];

        if (!is_unix)
            *fd = ecs_listen_tcp(address, node->worker_n > 1, err, sizeof(err));
        else if (w == 0)
            *fd = shared = ecs_listen_unix(address.p, 0666, err, sizeof(err));
        else
            *fd = dup(shared);
        if (*fd < 0) {
            ecs_log_at(NULL, ECS_EV_START, ECS_LOG_ERROR, "%.*s: %s", ECS_FMT(address), err);
            return false;
        }
        ecs_listen_backlog(*fd, (unsigned)node->snapshot->limits->backlog);
    }
    node->listener_is_tls[at] = tls;
    node->listener_n++;
    return true;
}

/* The table was filled with room for all listeners; workers read it as worker_n x listener_n. */
static void close_ranks(struct ecs_node *node)
{
    for (unsigned w = 0; w < node->worker_n; w++)
        memmove(&node->device_fds[w * node->listener_n], &node->device_fds[w * ECS_LISTENERS_MAX],
                node->listener_n * sizeof(int));
}

static unsigned octal(int64_t digits)
{
    return (unsigned)(digits / 100 % 10 * 64 + digits / 10 % 10 * 8 + digits % 10);
}

static bool add_admin(struct ecs_node *node, const char *address, enum ecs_role role)
{
    const struct ecs_admin_conf *conf = node->snapshot->admin;
    char err[256];
    int fd;

    if (!address || !address[0])
        return true;
    if (role == ECS_ROLE_METRICS)
        fd = ecs_listen_tcp(ecs_str_of(address), false, err, sizeof(err));
    else
        fd = ecs_listen_unix(address, octal(conf->socket_mode), err, sizeof(err));
    if (fd < 0) {
        ecs_log_at(NULL, ECS_EV_START, ECS_LOG_ERROR, "%s: %s", address, err);
        return false;
    }
    node->admin_fds[node->admin_n] = fd;
    node->admin_roles[node->admin_n++] = role;
    return true;
}

static bool add_callback(struct ecs_node *node, struct ecs_str address)
{
    bool is_unix = address.p[0] == '/' || address.p[0] == '@';
    char err[256];
    int fd = is_unix
                 ? ecs_listen_unix(address.p, octal(node->snapshot->callback->socket_mode), err, sizeof(err))
                 : ecs_listen_tcp(address, false, err, sizeof(err));

    if (fd < 0) {
        ecs_log_at(NULL, ECS_EV_START, ECS_LOG_ERROR, "callback.listen: %.*s: %s", ECS_FMT(address), err);
        return false;
    }
    node->callback_fds[node->callback_n] = fd;
    node->callback_is_tls[node->callback_n++] = !is_unix;
    return true;
}

static bool open_sockets(struct ecs_node *node)
{
    const struct ecs_device_conf *d = node->snapshot->device;
    const struct ecs_admin_conf *a = node->snapshot->admin;

    for (size_t i = 0; i < d->listen.n; i++)
        if (!add_listener(node, d->listen.items[i], true))
            return false;
    for (size_t i = 0; i < d->plain_listen.n; i++)
        if (!add_listener(node, d->plain_listen.items[i], false))
            return false;
    close_ranks(node);
    for (size_t i = 0; i < node->snapshot->callback->listen.n; i++)
        if (!add_callback(node, node->snapshot->callback->listen.items[i]))
            return false;
    return add_admin(node, a->socket, ECS_ROLE_ADMIN) && add_admin(node, a->care_socket, ECS_ROLE_CARE) &&
           add_admin(node, a->viewer_socket, ECS_ROLE_VIEWER) &&
           add_admin(node, a->metrics_listen, ECS_ROLE_METRICS);
}

/* ---- reload ---- */

static void tell(const struct ecs_faults *faults, enum ecs_event event, enum ecs_log_level level)
{
    for (const struct ecs_fault *f = faults->first; f; f = f->next)
        ecs_log_at(NULL, event, level, "%s", f->text);
}

static void tell_restart(const struct ecs_snapshot *old, const struct ecs_snapshot *fresh,
                         struct ecs_arena *arena)
{
    struct ecs_str_list changed = ecs_conf_restart_diff(old->conf, fresh->conf, arena);

    for (size_t i = 0; i < changed.n; i++)
        ecs_log_at(NULL, ECS_EV_RELOAD, ECS_LOG_WARNING,
                   "%.*s was changed: it takes effect at the next start", ECS_FMT(changed.items[i]));
}

static void reload(struct ecs_node *node)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_faults faults, warnings;
    struct ecs_snapshot *fresh;
    char state[64];

    if (!arena)
        return;
    snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)ecs_clock_mono_us());
    ecs_loop_notify(state);
    ecs_faults_init(&faults, arena);
    ecs_faults_init(&warnings, arena);
    fresh = ecs_snapshot_load(node->conf_path, node->snapshot, &faults, &warnings);
    tell(&warnings, ECS_EV_CONFIG, ECS_LOG_WARNING);
    if (!fresh) {
        tell(&faults, ECS_EV_CONFIG, ECS_LOG_ERROR);
        ecs_log(NULL, ECS_EV_RELOAD_FAILED, "%u faults; everything stays as it was", faults.count);
        atomic_fetch_add(&node->reload_failures, 1);
    } else {
        tell_restart(node->snapshot, fresh, arena);
        ecs_log_set_level((enum ecs_log_level)(fresh->server->log_level + ECS_LOG_ERROR));
        for (unsigned i = 0; i < node->worker_n; i++)
            front_post_reload(&node->fronts[i], fresh);
        ecs_snapshot_unref(node->snapshot);
        node->snapshot = fresh;
        atomic_store(&node->certificate_expires_s, fresh->tls ? ecs_http_tls_expires(fresh->tls) : 0);
        atomic_fetch_add(&node->reloads, 1);
        ecs_log(NULL, ECS_EV_RELOAD, "configuration, policy, keys and certificates were taken over");
    }
    ecs_loop_notify("READY=1");
    ecs_arena_free(arena);
}

/* ---- signals, start, end ---- */

static void check_stopped(void *arg)
{
    struct ecs_node *node = arg;
    static struct ecs_timer timer;

    if (atomic_load(&node->running) == 0)
        ecs_loop_stop(node->loop);
    else
        ecs_timer_arm(&timer, node->loop, STOP_CHECK_MS, check_stopped, node);
}

static void on_signal(void *arg, int signo)
{
    struct ecs_node *node = arg;

    if (signo == SIGHUP) {
        if (!node->stopping)
            reload(node);
        return;
    }
    if (node->stopping)
        return; /* the service manager ends what takes too long */
    node->stopping = true;
    ecs_loop_notify("STOPPING=1");
    ecs_log(NULL, ECS_EV_STOP, "%s: draining, at most %lld s", strsignal(signo),
            (long long)node->snapshot->server->drain_s);
    for (unsigned i = 0; i < node->worker_n; i++)
        front_post_drain(&node->fronts[i]);
    check_stopped(node);
}

static unsigned count_workers(const struct ecs_snapshot *s)
{
    long n = s->server->workers ? (long)s->server->workers : sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : n > ECS_WORKERS_MAX ? ECS_WORKERS_MAX : (unsigned)n;
}

static bool allocate(struct ecs_node *node)
{
    node->workers = calloc(node->worker_n, sizeof(*node->workers));
    node->fronts = calloc(node->worker_n, sizeof(*node->fronts));
    node->metrics = calloc(node->worker_n, sizeof(*node->metrics));
    node->device_fds = calloc((size_t)node->worker_n * ECS_LISTENERS_MAX, sizeof(int));
    node->loop = ecs_loop_new();
    if (!node->workers || !node->fronts || !node->metrics || !node->device_fds || !node->loop)
        return false;
    for (unsigned i = 0; i < node->worker_n; i++) {
        /* Each in its own cache lines. */
        node->metrics[i] = aligned_alloc(64, (sizeof(struct ecs_metrics) + 63) / 64 * 64);
        if (!node->metrics[i])
            return false;
        memset(node->metrics[i], 0, sizeof(struct ecs_metrics));
    }
    return true;
}

static bool start_workers(struct ecs_node *node)
{
    for (unsigned i = 0; i < node->worker_n; i++) {
        atomic_fetch_add(&node->running, 1);
        if (ecs_worker_start(&node->workers[i], i, front_start, front_stop, node) == ECS_OK)
            continue;
        atomic_fetch_sub(&node->running, 1);
        for (unsigned k = 0; k < i; k++) {
            front_post_drain(&node->fronts[k]);
            ecs_worker_join(&node->workers[k]);
        }
        return false;
    }
    return true;
}

static void release(struct ecs_node *node)
{
    for (unsigned i = 0; node->metrics && i < node->worker_n; i++)
        free(node->metrics[i]);
    free(node->metrics);
    free(node->workers);
    free(node->fronts);
    free(node->device_fds);
    ecs_loop_free(node->loop);
    ecs_snapshot_unref(node->snapshot);
}

static bool watch_signals(struct ecs_node *node)
{
    static const int signals[] = {SIGHUP, SIGTERM, SIGINT};

    for (size_t i = 0; i < ECS_ARRAY_LEN(signals); i++)
        if (ecs_loop_signal_add(node->loop, signals[i], on_signal, node) != ECS_OK)
            return false;
    return true;
}

int ecs_node_run(const char *conf_path, struct ecs_snapshot *snapshot)
{
    struct ecs_node node = {
        .conf_path = conf_path, .snapshot = snapshot, .worker_n = count_workers(snapshot)};
    int status = 1;

    node.start_s = ecs_clock_now();
    atomic_store(&node.certificate_expires_s, snapshot->tls ? ecs_http_tls_expires(snapshot->tls) : 0);
    if (allocate(&node) && watch_signals(&node) && open_sockets(&node) && start_workers(&node)) {
        ecs_watchdog_start(&node.watchdog, node.loop, node.workers, node.worker_n);
        ecs_log(NULL, ECS_EV_START, "%s: entitlementd %s with %u workers on %u addresses",
                snapshot->server->name, ECS_VERSION, node.worker_n, node.listener_n);
        ecs_loop_notify("READY=1");
        status = ecs_loop_run(node.loop) == ECS_OK ? 0 : 1;
        ecs_watchdog_stop(&node.watchdog);
        for (unsigned i = 0; i < node.worker_n; i++)
            ecs_worker_join(&node.workers[i]);
        ecs_log(NULL, ECS_EV_STOP, "ended");
    }
    release(&node);
    return status;
}
