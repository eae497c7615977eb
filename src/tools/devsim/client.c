/* SPDX-License-Identifier: Apache-2.0 */
/* The waiting HTTPS client of the run and scenario commands. */

#include "client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "ecs/clock.h"

static unsigned limit_of(const struct ecs_sim_client *client)
{
    return client->timeout_ms ? client->timeout_ms : 30000;
}

/* False when the time is over. */
static bool wait_for(struct ecs_sim_client *client, enum ecs_tls_io io, int64_t due_us)
{
    struct pollfd pfd = {.fd = ecs_tls_client_fd(client->conn),
                         .events = io == ECS_TLS_WANT_WRITE ? POLLOUT : POLLIN};
    int64_t left_us = due_us - ecs_clock_mono_us();

    if (left_us <= 0)
        return false;
    return poll(&pfd, 1, (int)(left_us / 1000) + 1) >= 0 || errno == EINTR;
}

static bool fail(struct ecs_sim_client *client, const char *what, const char *why)
{
    snprintf(client->error, sizeof(client->error), "%.100s: %.180s", what, why);
    return false;
}

void ecs_sim_client_disconnect(struct ecs_sim_client *client)
{
    if (client->conn && client->resume) {
        struct ecs_tls_session *newer = ecs_tls_client_session_take(client->conn);

        if (newer) {
            ecs_tls_session_free(client->session);
            client->session = newer;
        }
    }
    ecs_tls_client_free(client->conn);
    client->conn = NULL;
    ecs_buf_reset(&client->in);
}

void ecs_sim_client_done(struct ecs_sim_client *client)
{
    ecs_sim_client_disconnect(client);
    ecs_tls_session_free(client->session);
    client->session = NULL;
    ecs_buf_done(&client->in);
}

static bool shake_hands(struct ecs_sim_client *client)
{
    int64_t due_us = ecs_clock_mono_us() + (int64_t)limit_of(client) * 1000;

    for (;;) {
        enum ecs_tls_io io = ecs_tls_client_handshake(client->conn);

        if (io == ECS_TLS_OK)
            return true;
        if (io == ECS_TLS_CLOSED || io == ECS_TLS_FAILED)
            return fail(client, client->conn_to, ecs_tls_client_error(client->conn));
        if (!wait_for(client, io, due_us))
            return fail(client, client->conn_to, "no connection in time");
    }
}

static bool open_connection(struct ecs_sim_client *client, const struct ecs_sim_url *url)
{
    struct ecs_sim_addr addr;
    struct ecs_tls_client_open how = {.host = client->no_name_check ? NULL : url->host,
                                      .sni = client->no_sni ? NULL : url->host,
                                      .resume = client->resume ? client->session : NULL};

    if (!ecs_sim_url_resolve(url, client->resolve, client->resolve_n, &addr, client->error,
                             sizeof(client->error)))
        return false;
    how.addr = (const struct sockaddr *)&addr.sa;
    how.addr_n = addr.n;
    client->conn = ecs_tls_client_open(client->tls, &how);
    snprintf(client->conn_to, sizeof(client->conn_to), "%s", url->authority);
    if (!client->conn)
        return fail(client, client->conn_to, strerror(errno));
    client->connections++;
    if (shake_hands(client))
        return true;
    ecs_sim_client_disconnect(client);
    return false;
}

static bool send_all(struct ecs_sim_client *client, struct ecs_str request, int64_t due_us)
{
    size_t at = 0, n;

    while (at < request.n) {
        enum ecs_tls_io io = ecs_tls_client_write(client->conn, request.p + at, request.n - at, &n);

        if (io == ECS_TLS_OK)
            at += n;
        else if (io == ECS_TLS_CLOSED || io == ECS_TLS_FAILED)
            return fail(client, client->conn_to, ecs_tls_client_error(client->conn));
        else if (!wait_for(client, io, due_us))
            return fail(client, client->conn_to, "the server does not read the request");
    }
    return true;
}

static bool read_more(struct ecs_sim_client *client, int64_t due_us, bool *ret_closed)
{
    char *room = ecs_buf_reserve(&client->in, 16384);
    size_t n;

    if (!room)
        return fail(client, client->conn_to, "the answer is larger than 16 MiB");
    for (;;) {
        enum ecs_tls_io io = ecs_tls_client_read(client->conn, room, 16384, &n);

        if (io == ECS_TLS_OK) {
            client->in.n += n;
            return true;
        }
        if (io == ECS_TLS_CLOSED) {
            *ret_closed = true;
            return true;
        }
        if (io == ECS_TLS_FAILED)
            return fail(client, client->conn_to, ecs_tls_client_error(client->conn));
        if (!wait_for(client, io, due_us))
            return fail(client, client->conn_to, "no answer in time");
    }
}

static bool read_answer(struct ecs_sim_client *client, struct ecs_sim_response *response)
{
    int64_t due_us = ecs_clock_mono_us() + (int64_t)limit_of(client) * 1000;
    const char *fault = NULL;
    bool closed = false;

    for (;;) {
        enum ecs_sim_parse parse =
            ecs_sim_response_parse(client->in.p, client->in.n, closed, response, &fault);

        if (parse == ECS_SIM_DONE)
            return true;
        if (parse == ECS_SIM_BAD)
            return fail(client, client->conn_to, fault);
        if (closed)
            return fail(client, client->conn_to, "the connection ended without an answer");
        if (!read_more(client, due_us, &closed))
            return false;
    }
}

enum ecs_sim_exchange ecs_sim_client_exchange(struct ecs_sim_client *client, const struct ecs_sim_url *url,
                                              struct ecs_str request, struct ecs_sim_response *ret_response)
{
    for (unsigned round = 0; round < 2; round++) {
        bool kept = client->conn && !strcmp(client->conn_to, url->authority);
        int64_t due_us;

        ecs_buf_reset(&client->in);
        if (!kept) {
            ecs_sim_client_disconnect(client);
            if (!open_connection(client, url))
                return ECS_SIM_NO_CONNECTION;
        }
        due_us = ecs_clock_mono_us() + (int64_t)limit_of(client) * 1000;
        if (send_all(client, request, due_us) && read_answer(client, ret_response)) {
            if (!ret_response->keep_alive) {
                struct ecs_buf answer = client->in; /* the response points into it */

                client->in = (struct ecs_buf){0};
                ecs_sim_client_disconnect(client);
                ecs_buf_done(&client->in);
                client->in = answer;
            }
            return ECS_SIM_EXCHANGED;
        }
        kept = kept && !client->in.n;
        ecs_sim_client_disconnect(client);
        if (!kept)
            return ECS_SIM_NO_ANSWER;
    }
    return ECS_SIM_NO_ANSWER;
}
