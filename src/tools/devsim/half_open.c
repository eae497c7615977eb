/* SPDX-License-Identifier: Apache-2.0 */
/* "half-open": sockets that send the begin of a ClientHello (or nothing) and wait, as an attacker or a very
 * slow device does. Says how long the server let them. */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "ecs/clock.h"
#include "load.h"

enum { OPT_COUNT = 1000, OPT_SECONDS, OPT_BYTES, OPT_DRIP, OPT_ALLOW_REMOTE };

struct half {
    struct ecs_sim_options options;
    uint32_t count, seconds, bytes, drip_ms;
    bool allow_remote;
    struct ecs_sim_addr addr;
    struct slow {
        int fd; /* -1: closed */
        uint32_t sent;
        int64_t opened_us;
    } * slow;
    struct ecs_load_histogram life;
    uint32_t refused, closed;
};

/* A TLS record that announces 512 bytes of ClientHello. */
static const uint8_t hello[] = {0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03};

static const struct argp_option half_options[] = {
    {"count", OPT_COUNT, "N", 0, "sockets (default 1000)", 0},
    {"seconds", OPT_SECONDS, "S", 0, "hold them so long (at most 60; default 10)", 0},
    {"bytes", OPT_BYTES, "N", 0, "bytes of the ClientHello to send (0 to 11; default 8)", 0},
    {"drip", OPT_DRIP, "MS", 0, "then one more byte each MS milliseconds", 0},
    {"allow-remote", OPT_ALLOW_REMOTE, NULL, 0, "the server may be on another machine; only your own", 0},
    {0},
};

static error_t parse_half(int key, char *arg, struct argp_state *state)
{
    struct half *h = state->input;
    uint32_t *slot = key == OPT_COUNT     ? &h->count
                     : key == OPT_SECONDS ? &h->seconds
                     : key == OPT_BYTES   ? &h->bytes
                     : key == OPT_DRIP    ? &h->drip_ms
                                          : NULL;
    uint32_t max = key == OPT_COUNT     ? 20000
                   : key == OPT_SECONDS ? 60
                   : key == OPT_BYTES   ? sizeof(hello)
                                        : 60000;

    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = &h->options;
        return 0;
    }
    if (key == OPT_ALLOW_REMOTE) {
        h->allow_remote = true;
        return 0;
    }
    if (!slot)
        return ARGP_ERR_UNKNOWN;
    if (!ecs_str_to_u32(ecs_str_of(arg), slot) || *slot > max) {
        argp_error(state, "%s: a number up to %u is needed", arg, max);
        return EINVAL;
    }
    return 0;
}

static void gone(struct half *h, struct slow *one)
{
    ecs_load_histogram_add(&h->life, ecs_clock_mono_us() - one->opened_us);
    close(one->fd);
    one->fd = -1;
    h->closed++;
}

static void open_one(struct half *h, struct slow *one, int epoll_fd)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = one};
    struct timeval limit = {.tv_sec = 1};

    one->fd = socket(h->addr.sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (one->fd >= 0)
        setsockopt(one->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)); /* bounds connect, too */
    if (one->fd < 0 || connect(one->fd, (const struct sockaddr *)&h->addr.sa, h->addr.n) ||
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, one->fd, &event) ||
        send(one->fd, hello, h->bytes, MSG_NOSIGNAL) != (ssize_t)h->bytes) {
        if (one->fd >= 0)
            close(one->fd);
        one->fd = -1;
        h->refused++;
        return;
    }
    one->sent = h->bytes;
    one->opened_us = ecs_clock_mono_us();
}

static void drip(struct half *h)
{
    for (uint32_t i = 0; i < h->count; i++) {
        struct slow *one = &h->slow[i];
        uint8_t byte = one->sent < sizeof(hello) ? hello[one->sent] : 0;

        if (one->fd >= 0 && send(one->fd, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1)
            one->sent++;
    }
}

static void hold(struct half *h, int epoll_fd)
{
    int64_t end_us = ecs_clock_mono_us() + (int64_t)h->seconds * 1000000, drip_us = 0, now_us;

    while ((now_us = ecs_clock_mono_us()) < end_us && h->closed + h->refused < h->count) {
        struct epoll_event events[128];
        int n = epoll_wait(epoll_fd, events, ECS_ARRAY_LEN(events),
                           h->drip_ms && h->drip_ms < 100 ? (int)h->drip_ms : 100);

        for (int i = 0; i < n; i++) {
            struct slow *one = events[i].data.ptr;
            char bytes[256];

            if (recv(one->fd, bytes, sizeof(bytes), MSG_DONTWAIT) <= 0)
                gone(h, one);
        }
        if (h->drip_ms && now_us >= drip_us) {
            drip(h);
            drip_us = now_us + (int64_t)h->drip_ms * 1000;
        }
    }
}

static int play(struct half *h)
{
    struct rlimit files;
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);

    if (!getrlimit(RLIMIT_NOFILE, &files)) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    h->slow = calloc(h->count, sizeof(*h->slow));
    if (!h->slow || epoll_fd < 0) {
        if (epoll_fd >= 0)
            close(epoll_fd);
        return ECS_SIM_RESULT_USAGE;
    }
    for (uint32_t i = 0; i < h->count; i++)
        open_one(h, &h->slow[i], epoll_fd);
    hold(h, epoll_fd);
    printf("{\"mode\":\"half-open\",\"opened\":%u,\"refused\":%u,\"closed_by_server\":%u,\"still_open\":%u,"
           "\"life_p50_us\":%llu,\"life_max_us\":%llu}\n",
           h->count - h->refused, h->refused, h->closed, h->count - h->refused - h->closed,
           (unsigned long long)ecs_load_histogram_at(&h->life, 0.5), (unsigned long long)h->life.max_us);
    for (uint32_t i = 0; i < h->count; i++) {
        if (h->slow[i].fd >= 0)
            close(h->slow[i].fd);
    }
    free(h->slow);
    close(epoll_fd);
    return ECS_SIM_RESULT_OK;
}

int ecs_sim_cmd_half_open(int argc, char **argv)
{
    static const struct argp_child children[] = {{&ecs_sim_options_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = half_options,
        .parser = parse_half,
        .children = children,
        .doc =
            "Opens sockets that never finish their TLS handshake, and tells how long the server kept them.\v"
            "Exit codes: 0 done, 1 usage, 2 the server cannot be reached.",
    };
    struct half h = {.count = 1000, .seconds = 10, .bytes = 8};
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_sim_url url;
    char err[300] = "--url is missing";
    int rc = ECS_SIM_RESULT_USAGE;

    if (!arena)
        return rc;
    if (!argp_parse(&argp, argc, argv, 0, NULL, &h)) {
        bool good =
            h.options.url && ecs_sim_url_parse(arena, h.options.url, &url, err, sizeof(err)) &&
            ecs_sim_url_resolve(&url, h.options.resolve, h.options.resolve_n, &h.addr, err, sizeof(err));

        if (good && !h.allow_remote && !ecs_sim_addr_is_loopback(&h.addr)) {
            snprintf(err, sizeof(err), "%s is not on this machine: this needs --allow-remote", url.host);
            good = false;
        }
        if (good)
            rc = play(&h);
        else
            fprintf(stderr, "entitlement-devsim: %s\n", err);
        if (good && h.refused == h.count)
            rc = ECS_SIM_RESULT_CONNECTION;
    }
    ecs_arena_free(arena);
    return rc;
}
