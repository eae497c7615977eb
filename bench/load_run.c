/* SPDX-License-Identifier: Apache-2.0 */
/* The measured part: which connection is opened or asked when. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "load.h"

enum {
    EVENTS = 256,
    SETUP_IN_FLIGHT = 64,
    SETUP_LIMIT_US = 60000000,
    TAIL_LIMIT_US = 10000000,
    DUE_MAX = 1 << 16
};

void load_ready(void)
{
    char line[16];

    printf("ready\n");
    fflush(stdout);
    if (!fgets(line, sizeof(line), stdin))
        exit(1); /* the caller has gone */
}

static void release_held(struct load *load)
{
    int64_t now = load_now_us();

    if (!load->options.delay_ms)
        return;
    for (unsigned i = 0; i < load->options.connections; i++) {
        struct load_conn *conn = &load->conns[i];

        if (conn->state != CONN_HELD || conn->release_us > now)
            continue;
        if (ecs_tls_client_release(conn->tls) != ECS_TLS_OK) {
            load_fault(load, "the held bytes cannot be sent");
            load_conn_close(conn);
            continue;
        }
        conn->state = CONN_HANDSHAKE;
        load_conn_step(conn);
    }
}

/* One turn; waits until wait_us at most. */
static bool turn(struct load *load, int64_t wait_us)
{
    struct epoll_event events[EVENTS];
    struct timespec wait = {wait_us / 1000000, wait_us % 1000000 * 1000};
    int n = epoll_pwait2(load->epoll, events, EVENTS, &wait, NULL);

    if (n < 0 && errno != EINTR) {
        load_fault(load, "epoll: %s", strerror(errno));
        return false;
    }
    for (int i = 0; i < n; i++)
        load_conn_step(events[i].data.ptr);
    release_held(load);
    return true;
}

static unsigned count_state(const struct load *load, enum conn_state state)
{
    unsigned n = 0;

    for (unsigned i = 0; i < load->options.connections; i++)
        n += load->conns[i].state == state;
    return n;
}

/* Opens kept connections, or fetches one session per slot for resumption. */
static bool set_up(struct load *load)
{
    bool resume = load->options.mode == LOAD_RESUME;
    int64_t limit = load_now_us() + SETUP_LIMIT_US;
    unsigned opened = 0, all = load->options.connections;

    for (;;) {
        unsigned idle = count_state(load, CONN_IDLE), free_ = count_state(load, CONN_FREE);
        unsigned busy = all - idle - free_;

        if (load->failed)
            return false;
        if (opened == all && busy == 0)
            return true;
        while (opened < all && busy < SETUP_IN_FLIGHT) {
            if (!load_conn_open(&load->conns[opened]))
                return false;
            opened++;
            busy++;
        }
        if (!turn(load, 10000) || load_now_us() > limit) {
            load_fault(load, "set-up: %u of %u connections, %u idle%s", opened, all, idle,
                       resume ? " (resume)" : "");
            return false;
        }
    }
}

static bool may_start(const struct load *load, int64_t now)
{
    return !load->failed && (!load->options.count || load->started < load->options.count) &&
           now - load->begin_us < (int64_t)(load->options.seconds * 1e6);
}

/* Keeps every slot busy: the next request, or the next connection. */
static void run_closed(struct load *load)
{
    bool keep = load->options.mode == LOAD_KEEP;
    enum conn_state rest = keep ? CONN_IDLE : CONN_FREE;

    for (;;) {
        int64_t now = load_now_us();
        unsigned resting = 0;

        for (unsigned i = 0; i < load->options.connections; i++) {
            struct load_conn *conn = &load->conns[i];

            while (conn->state == rest && may_start(load, now)) {
                load->started++;
                conn->started_us = load_now_us();
                if (keep)
                    load_conn_request(conn);
                else if (!load_conn_open(conn))
                    break;
                load_conn_step(conn);
            }
            resting += conn->state == rest || conn->state == CONN_FREE;
        }
        if (resting == load->options.connections)
            return;
        if (now - load->begin_us > (int64_t)(load->options.seconds * 1e6) + TAIL_LIMIT_US) {
            load_fault(load, "%u connections did not end", load->options.connections - resting);
            return;
        }
        if (!turn(load, load->options.delay_ms ? 500 : 10000))
            return;
    }
}

/* ---- open loop ---- */

struct schedule {
    int64_t due[DUE_MAX]; /* ring of requests that are due and have no connection yet */
    unsigned first, n;
    double next_us;
    uint64_t random;
};

/* Poisson arrivals from a fixed seed. */
static double gap_us(struct schedule *s, double rate)
{
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return -log(1.0 - (double)(s->random >> 11) / 9007199254740992.0) * 1e6 / rate;
}

static void schedule_due(struct load *load, struct schedule *s, int64_t now)
{
    while ((int64_t)s->next_us <= now && may_start(load, (int64_t)s->next_us)) {
        if (s->n == DUE_MAX) {
            load_fault(load, "more than %d requests wait for a connection", DUE_MAX);
            return;
        }
        s->due[(s->first + s->n++) % DUE_MAX] = (int64_t)s->next_us;
        load->started++;
        s->next_us += gap_us(s, load->options.rate);
    }
}

static void run_open(struct load *load)
{
    static struct schedule s;
    unsigned at = 0, all = load->options.connections;

    s = (struct schedule){.next_us = (double)load->begin_us, .random = 0x9E3779B97F4A7C15u};
    for (;;) {
        int64_t now = load_now_us(), wait;

        schedule_due(load, &s, now);
        for (unsigned tried = 0; s.n && tried < all; tried++, at = (at + 1) % all) {
            struct load_conn *conn = &load->conns[at];

            if (conn->state != CONN_IDLE)
                continue;
            conn->started_us = s.due[s.first];
            s.first = (s.first + 1) % DUE_MAX;
            s.n--;
            load_conn_request(conn);
            load_conn_step(conn);
        }
        wait = (int64_t)s.next_us - load_now_us();
        if (!may_start(load, now)) {
            if (load->failed || load->done == load->started)
                return;
            if (now - load->begin_us > (int64_t)(load->options.seconds * 1e6) + TAIL_LIMIT_US) {
                load_fault(load, "%lu requests were not answered", load->started - load->done);
                return;
            }
            wait = 1000;
        }
        if (!turn(load, wait < 0 || s.n ? 0 : wait))
            return;
    }
}

/* ---- the modes ---- */

bool load_run(struct load *load)
{
    enum load_mode mode = load->options.mode;

    if (mode == LOAD_HALF)
        return load_run_half(load);
    if (mode == LOAD_START)
        return load_run_start(load);
    if ((mode == LOAD_KEEP || mode == LOAD_OPEN || mode == LOAD_RESUME || mode == LOAD_IDLE) && !set_up(load))
        return false;
    load->latency_n = 0;
    load_ready();
    load->measuring = true;
    load->begin_us = load_now_us();
    if (mode == LOAD_OPEN)
        run_open(load);
    else if (mode != LOAD_IDLE)
        run_closed(load);
    else if (turn(load, 0))
        load->done = count_state(load, CONN_IDLE); /* those still open */
    load->end_us = load_now_us();
    return !load->failed;
}
