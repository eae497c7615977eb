/* SPDX-License-Identifier: Apache-2.0 */
/* Half-open handshakes, and the time from the start of a server to its first TLS connection. */
#include <errno.h>
#include <poll.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

extern char **environ;

static void sleep_us(int64_t us)
{
    struct timespec t = {us / 1000000, us % 1000000 * 1000};

    nanosleep(&t, NULL);
}

/* ---- half-open ---- */

static bool open_half(struct load *load, struct pollfd *slot)
{
    static const unsigned char begin[8] = {22, 3, 1, 2, 0, 1, 0, 1};

    slot->events = POLLIN;
    slot->fd = socket(load->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return slot->fd >= 0 && connect(slot->fd, (struct sockaddr *)&load->address, load->address_n) == 0 &&
           send(slot->fd, begin, sizeof(begin), MSG_NOSIGNAL) == sizeof(begin);
}

static void reap_closed(struct load *load, struct pollfd *slots, int64_t *ret_last_us)
{
    char bytes[64];

    if (poll(slots, load->options.connections, 50) <= 0)
        return;
    for (unsigned i = 0; i < load->options.connections; i++)
        if (slots[i].fd >= 0 && slots[i].revents &&
            recv(slots[i].fd, bytes, sizeof(bytes), MSG_DONTWAIT) <= 0) {
            close(slots[i].fd);
            slots[i].fd = -1;
            load->done++;
            load_latency(load, load_now_us() - load->begin_us);
            *ret_last_us = load_now_us();
        }
}

/* done: sockets that the server has closed; latencies: when, from the begin. */
bool load_run_half(struct load *load)
{
    struct pollfd *slots = calloc(load->options.connections, sizeof(*slots));
    int64_t last_us;

    if (!slots)
        return false;
    last_us = load->begin_us = load_now_us();
    for (unsigned i = 0; i < load->options.connections; i++)
        if (!open_half(load, &slots[i])) {
            load_fault(load, "socket %u: %s", i, strerror(errno));
            free(slots);
            return false;
        }
    printf("ready\n");
    fflush(stdout);
    while (load->done < load->options.connections &&
           load_now_us() - load->begin_us < (int64_t)(load->options.seconds * 1e6))
        reap_closed(load, slots, &last_us);
    load->end_us = last_us;
    if (load->done < load->options.connections)
        load_fault(load, "%lu half-open connections are still there", load->options.connections - load->done);
    for (unsigned i = 0; i < load->options.connections; i++)
        if (slots[i].fd >= 0)
            close(slots[i].fd);
    free(slots);
    return !load->failed;
}

/* ---- start ---- */

/* One connection attempt: true when TLS stands; *ret_tcp when TCP was accepted. */
static bool attempt(struct load *load, bool *ret_tcp)
{
    struct ecs_tls_client_open how = {.addr = (const struct sockaddr *)&load->address,
                                      .addr_n = load->address_n,
                                      .sni = "aes.bench.example"};
    struct ecs_tls_client *tls = ecs_tls_client_open(load->tls, &how);
    enum ecs_tls_io io;

    while (tls && ((io = ecs_tls_client_handshake(tls)) == ECS_TLS_WANT_READ || io == ECS_TLS_WANT_WRITE)) {
        struct pollfd p = {ecs_tls_client_fd(tls), io == ECS_TLS_WANT_READ ? POLLIN : POLLOUT, 0};

        if (io == ECS_TLS_WANT_READ)
            *ret_tcp = true;
        if (poll(&p, 1, 1000) <= 0)
            break;
    }
    if (tls)
        ecs_tls_client_free(tls);
    return tls && io == ECS_TLS_OK;
}

/* Latency 0: to the first TLS handshake, from the spawn of the command. The command is ended afterwards. */
bool load_run_start(struct load *load)
{
    int64_t limit;
    bool tcp = false, up = false;
    pid_t pid;
    int status, rc;

    load_ready();
    load->begin_us = load_now_us();
    limit = load->begin_us + (int64_t)(load->options.seconds * 1e6);
    rc = posix_spawnp(&pid, load->options.command[0], NULL, NULL, load->options.command, environ);
    if (rc) {
        load_fault(load, "%s: %s", load->options.command[0], strerror(rc));
        return false;
    }
    while (!(up = attempt(load, &tcp)) && load_now_us() < limit && waitpid(pid, &status, WNOHANG) == 0)
        sleep_us(500);
    load->end_us = load_now_us();
    if (up) {
        load->done = 1;
        load_latency(load, load->end_us - load->begin_us);
    } else {
        load_fault(load, "the server did not come up%s", tcp ? " (TCP only)" : "");
    }
    kill(pid, SIGTERM);
    waitpid(pid, &status, 0);
    return up;
}
