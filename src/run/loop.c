/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop: sd-event for descriptors and signals, an own wheel for the many short timers, hooks around
 * every turn. A turn serves one ready source (sd-event's unit), then due timers, then the hooks. */
#include "ecs/loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "ecs/clock.h"
#include "run_internal.h"

struct ecs_watch {
    struct ecs_loop *loop;
    sd_event_source *source;
    int fd;
    unsigned io;
    void (*fn)(void *arg, int fd, unsigned io);
    void *arg;
};

struct signal_watch {
    struct signal_watch *next;
    sd_event_source *source;
    void (*fn)(void *arg, int signo);
    void *arg;
};

struct ecs_loop {
    sd_event *event;
    struct ecs_loop_hook *hooks;
    struct signal_watch *signals;
    struct ecs_wheel wheel;
    int64_t now_us;
    bool stop;
};

struct ecs_loop *ecs_loop_new(void)
{
    struct ecs_loop *loop = calloc(1, sizeof(*loop));

    if (!loop)
        return NULL;
    if (sd_event_new(&loop->event) < 0) {
        free(loop);
        return NULL;
    }
    loop->now_us = ecs_clock_mono_us();
    ecs_wheel_init(&loop->wheel, loop->now_us);
    return loop;
}

void ecs_loop_free(struct ecs_loop *loop)
{
    if (!loop)
        return;
    while (loop->signals) {
        struct signal_watch *w = loop->signals;

        loop->signals = w->next;
        sd_event_source_disable_unref(w->source);
        free(w);
    }
    sd_event_unref(loop->event);
    free(loop);
}

int64_t ecs_loop_now_us(const struct ecs_loop *loop)
{
    return loop->now_us;
}

void ecs_loop_stop(struct ecs_loop *loop)
{
    loop->stop = true;
}

struct ecs_wheel *ecs_loop_wheel(struct ecs_loop *loop)
{
    return &loop->wheel;
}

static uint32_t epoll_bits(unsigned io)
{
    return (io & ECS_IO_READ ? EPOLLIN : 0u) | (io & ECS_IO_WRITE ? EPOLLOUT : 0u);
}

static int on_fd(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct ecs_watch *w = userdata;
    unsigned io = 0;

    (void)source;
    if (revents & EPOLLIN)
        io |= ECS_IO_READ;
    if (revents & EPOLLOUT)
        io |= ECS_IO_WRITE;
    if (revents & (EPOLLHUP | EPOLLERR | EPOLLRDHUP))
        io |= ECS_IO_HANGUP;
    w->fn(w->arg, fd, io);
    return 0;
}

struct ecs_watch *ecs_loop_fd_add(struct ecs_loop *loop, int fd, unsigned io,
                                  void (*fn)(void *arg, int fd, unsigned io), void *arg)
{
    struct ecs_watch *w = calloc(1, sizeof(*w));

    if (!w)
        return NULL;
    w->loop = loop;
    w->fd = fd;
    w->io = io;
    w->fn = fn;
    w->arg = arg;
    if (sd_event_add_io(loop->event, &w->source, fd, epoll_bits(io), on_fd, w) < 0) {
        free(w);
        return NULL;
    }
    return w;
}

void ecs_watch_set(struct ecs_watch *watch, unsigned io)
{
    if (watch->io == io)
        return;
    watch->io = io;
    (void)sd_event_source_set_io_events(watch->source, epoll_bits(io));
}

void ecs_watch_free(struct ecs_watch *watch)
{
    if (!watch)
        return;
    sd_event_source_disable_unref(watch->source);
    free(watch);
}

void ecs_loop_hook_add(struct ecs_loop *loop, struct ecs_loop_hook *hook)
{
    struct ecs_loop_hook **at = &loop->hooks;

    while (*at)
        at = &(*at)->next;
    hook->next = NULL;
    *at = hook;
}

void ecs_loop_hook_remove(struct ecs_loop *loop, struct ecs_loop_hook *hook)
{
    for (struct ecs_loop_hook **at = &loop->hooks; *at; at = &(*at)->next)
        if (*at == hook) {
            *at = hook->next;
            return;
        }
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
    struct signal_watch *w = userdata;

    (void)source;
    w->fn(w->arg, (int)info->ssi_signo);
    return 0;
}

enum ecs_rc ecs_loop_signal_add(struct ecs_loop *loop, int signo, void (*fn)(void *arg, int signo), void *arg)
{
    struct signal_watch *w = calloc(1, sizeof(*w));

    if (!w)
        return ECS_E_NO_MEMORY;
    w->fn = fn;
    w->arg = arg;
    if (sd_event_add_signal(loop->event, &w->source, signo, on_signal, w) < 0) {
        free(w);
        return ECS_E_INTERNAL;
    }
    w->next = loop->signals;
    loop->signals = w;
    return ECS_OK;
}

void ecs_loop_block_signals(const int *signals, size_t n)
{
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < n; i++)
        sigaddset(&set, signals[i]);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static int64_t sleep_bound(struct ecs_loop *loop, int64_t max_wait_us)
{
    int64_t bound = max_wait_us, t = ecs_wheel_wait_us(&loop->wheel, ecs_clock_mono_us());

    if (t >= 0 && (bound < 0 || t < bound))
        bound = t;
    for (struct ecs_loop_hook *h = loop->hooks; h; h = h->next) {
        t = h->prepare ? h->prepare(h->arg) : -1;
        if (t >= 0 && (bound < 0 || t < bound))
            bound = t;
    }
    return bound;
}

enum ecs_rc ecs_loop_turn(struct ecs_loop *loop, int64_t max_wait_us)
{
    int64_t wait = sleep_bound(loop, max_wait_us);
    int r = sd_event_prepare(loop->event);

    if (r == 0)
        r = sd_event_wait(loop->event, wait < 0 ? UINT64_MAX : (uint64_t)wait);
    loop->now_us = ecs_clock_mono_us(); /* for the callbacks: the sleep may have been long */
    if (r > 0)
        r = sd_event_dispatch(loop->event);
    loop->now_us = ecs_clock_mono_us();
    if (r < 0 && r != -EINTR)
        return ECS_E_INTERNAL;
    ecs_wheel_run(&loop->wheel, loop->now_us);
    for (struct ecs_loop_hook *h = loop->hooks, *next; h; h = next) {
        next = h->next;
        if (h->after)
            h->after(h->arg);
    }
    return ECS_OK;
}

enum ecs_rc ecs_loop_run(struct ecs_loop *loop)
{
    enum ecs_rc rc = ECS_OK;

    loop->stop = false;
    while (!loop->stop && rc == ECS_OK)
        rc = ecs_loop_turn(loop, -1);
    return rc;
}

void ecs_loop_notify(const char *state)
{
    (void)sd_notify(0, state);
}

uint64_t ecs_loop_watchdog_us(void)
{
    uint64_t us = 0;

    return sd_watchdog_enabled(0, &us) > 0 ? us : 0;
}
