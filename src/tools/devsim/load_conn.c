/* SPDX-License-Identifier: Apache-2.0 */
/* One connection of a load run: connecting, sending and reading as far as the socket lets it. */

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "ecs/clock.h"
#include "load.h"

/* ---- end of a job ---- */

void ecs_load_conn_free_for_job(struct ecs_load_conn *conn)
{
    conn->next_idle = NULL;
    *conn->load->idle_end = conn;
    conn->load->idle_end = &conn->next_idle;
}

static void end_job(struct ecs_load_conn *conn)
{
    struct ecs_load *load = conn->load;

    if (!conn->has_job)
        return;
    conn->has_job = false;
    if (conn->subscriber && conn->kind == ECS_LOAD_EAP)
        conn->subscriber->busy = false;
    ecs_arena_free(conn->arena);
    conn->arena = NULL;
    ecs_load_conn_free_for_job(conn);
    load->active--;
}

void ecs_load_conn_unhold(struct ecs_load_conn *conn)
{
    struct ecs_load *load = conn->load;
    struct ecs_load_conn **at = &load->held_first;

    if (!conn->release_us)
        return;
    conn->release_us = 0;
    while (*at != conn)
        at = &(*at)->next_held;
    *at = conn->next_held;
    if (!*at)
        load->held_end = at;
}

void ecs_load_conn_close(struct ecs_load_conn *conn)
{
    if (conn->tls && conn->load->mode == ECS_LOAD_RESUME) {
        struct ecs_tls_session *newer = ecs_tls_client_session_take(conn->tls);

        if (newer) {
            ecs_tls_session_free(conn->session);
            conn->session = newer;
        }
    }
    ecs_tls_client_free(conn->tls);
    conn->tls = NULL;
    conn->state = ECS_LOAD_CLOSED;
    ecs_load_conn_unhold(conn);
    ecs_buf_reset(&conn->in);
    ecs_buf_reset(&conn->out);
}

void ecs_load_conn_fail(struct ecs_load_conn *conn, enum ecs_load_error error, const char *text)
{
    ecs_load_stats_error(&conn->load->stats, error, text);
    ecs_load_conn_close(conn);
    end_job(conn);
}

static void finish_job(struct ecs_load_conn *conn, bool keep)
{
    struct ecs_load_stats *stats = &conn->load->stats;
    int64_t held_us = conn->kind == ECS_LOAD_DELAY ? (int64_t)conn->load->delay_ms * 1000 : 0;

    if (conn->scheduled_us >= conn->load->start_us) { /* else it began in the warm-up */
        stats->jobs_done++;
        ecs_load_histogram_add(&stats->job, ecs_clock_mono_us() - conn->scheduled_us - held_us);
    }
    if (keep)
        conn->state = ECS_LOAD_IDLE;
    else
        ecs_load_conn_close(conn);
    end_job(conn);
}

/* ---- beginning ---- */

static bool open_connection(struct ecs_load_conn *conn)
{
    struct ecs_load *load = conn->load;
    struct ecs_sim_device *d = &load->device;
    struct ecs_tls_client_open how = {
        .addr = (const struct sockaddr *)&load->addr.sa,
        .addr_n = load->addr.n,
        .host = d->client.no_name_check ? NULL : d->url.host,
        .sni = d->client.no_sni ? NULL : d->url.host,
        .hold_finished = conn->kind == ECS_LOAD_DELAY,
        .resume = conn->kind == ECS_LOAD_RESUME ? conn->session : NULL,
    };
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = conn};

    if (load->own_sources) /* 127.0.0.0/8 is all ours: each connection is a device of its own */
        how.local_ipv4 = 0x7f000000u | (1 + ++load->source % 0xfffffdu);
    conn->opened_us = ecs_clock_mono_us();
    conn->job_resumes = how.resume != NULL;
    conn->tls = ecs_tls_client_open(d->client.tls, &how);
    if (!conn->tls || epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, ecs_tls_client_fd(conn->tls), &event)) {
        ecs_load_conn_fail(conn, ECS_LOAD_E_CONNECT, strerror(errno));
        return false;
    }
    conn->state = ECS_LOAD_CONNECTING;
    return true;
}

static bool begin_request(struct ecs_load_conn *conn)
{
    if (!ecs_load_job_request(conn))
        return false;
    conn->sent = 0;
    ecs_buf_reset(&conn->in);
    conn->sent_us = ecs_clock_mono_us();
    conn->state = ECS_LOAD_SENDING;
    return true;
}

void ecs_load_job_start(struct ecs_load_conn *conn, enum ecs_load_mode kind,
                        struct ecs_load_subscriber *subscriber, int64_t scheduled_us)
{
    bool kept = conn->state == ECS_LOAD_IDLE;

    conn->has_job = true;
    conn->kind = kind;
    conn->subscriber = subscriber;
    conn->scheduled_us = scheduled_us;
    conn->due_us = ecs_clock_mono_us() + (int64_t)conn->load->timeout_ms * 1000;
    conn->load->active++;
    if (subscriber && kind == ECS_LOAD_EAP)
        subscriber->busy = true;
    if (kept && (kind != ECS_LOAD_TOKEN || conn->load->fresh)) {
        ecs_load_conn_close(conn);
        kept = false;
    }
    if (kept ? begin_request(conn) : open_connection(conn))
        ecs_load_conn_drive(conn);
}

/* ---- driving ---- */

static void hold(struct ecs_load_conn *conn)
{
    struct ecs_load *load = conn->load;

    if (conn->release_us || !ecs_tls_client_is_holding(conn->tls))
        return;
    conn->release_us = ecs_clock_mono_us() + (int64_t)load->delay_ms * 1000;
    conn->next_held = NULL;
    *load->held_end = conn;
    load->held_end = &conn->next_held;
}

static bool established(struct ecs_load_conn *conn)
{
    struct ecs_load_stats *stats = &conn->load->stats;
    bool resumed = ecs_tls_client_is_resumed(conn->tls);

    stats->handshakes++;
    ecs_load_histogram_add(&stats->handshake, ecs_clock_mono_us() - conn->opened_us);
    if (conn->job_resumes) {
        stats->resumed += resumed;
        stats->not_resumed += !resumed;
    }
    if (conn->kind == ECS_LOAD_HANDSHAKE || !(conn->subscriber || conn->load->plain_path)) {
        finish_job(conn, false);
        return false;
    }
    return begin_request(conn);
}

static bool wait_or_fail(struct ecs_load_conn *conn, enum ecs_tls_io io, enum ecs_load_error error)
{
    const char *text = ecs_tls_client_error(conn->tls);
    char copy[200];

    if (io == ECS_TLS_WANT_READ || io == ECS_TLS_WANT_WRITE)
        return false;
    snprintf(copy, sizeof(copy), "%s", *text ? text : "the server closed the connection");
    if (!strncmp(copy, "cannot connect", 14))
        error = ECS_LOAD_E_CONNECT;
    ecs_load_conn_fail(conn, error, copy);
    return false;
}

static bool connect_on(struct ecs_load_conn *conn)
{
    enum ecs_tls_io io = ecs_tls_client_handshake(conn->tls);

    if (conn->kind == ECS_LOAD_DELAY) {
        hold(conn);
        if (io == ECS_TLS_OK && ecs_tls_client_is_holding(conn->tls))
            return false; /* TLS 1.3: this side is ready, the server waits for Finished */
    }
    if (io == ECS_TLS_OK)
        return established(conn);
    return wait_or_fail(conn, io, ECS_LOAD_E_TLS);
}

static bool send_on(struct ecs_load_conn *conn)
{
    while (conn->sent < conn->out.n) {
        size_t n;
        enum ecs_tls_io io =
            ecs_tls_client_write(conn->tls, conn->out.p + conn->sent, conn->out.n - conn->sent, &n);

        if (io != ECS_TLS_OK)
            return wait_or_fail(conn, io, ECS_LOAD_E_HTTP);
        conn->sent += n;
    }
    conn->state = ECS_LOAD_READING;
    return true;
}

static bool take_answer(struct ecs_load_conn *conn, const struct ecs_sim_response *response)
{
    struct ecs_load *load = conn->load;
    uint64_t failed_before = 0, failed_after = 0;

    ecs_load_histogram_add(&load->stats.answer, ecs_clock_mono_us() - conn->sent_us);
    for (size_t i = 0; i < ECS_LOAD_E_COUNT; i++)
        failed_before += load->stats.errors[i];
    if (ecs_load_job_answer(conn, response)) {
        conn->sent = 0;
        conn->sent_us = ecs_clock_mono_us();
        ecs_buf_reset(&conn->in);
        if (response->keep_alive) {
            conn->state = ECS_LOAD_SENDING;
            return true;
        }
        ecs_load_conn_fail(conn, ECS_LOAD_E_HTTP, "the server closes the connection after the challenge");
        return false;
    }
    for (size_t i = 0; i < ECS_LOAD_E_COUNT; i++)
        failed_after += load->stats.errors[i];
    if (failed_after == failed_before) {
        finish_job(conn, conn->kind == ECS_LOAD_TOKEN && !load->fresh && response->keep_alive);
    }
    return false;
}

static bool read_on(struct ecs_load_conn *conn)
{
    struct ecs_sim_response response;
    const char *fault = NULL;
    enum ecs_sim_parse parse;
    bool closed = false;

    for (;;) {
        char *room = ecs_buf_reserve(&conn->in, 8192);
        size_t n = 0;
        enum ecs_tls_io io;

        if (!room) {
            ecs_load_conn_fail(conn, ECS_LOAD_E_HTTP, "the answer is too large");
            return false;
        }
        io = ecs_tls_client_read(conn->tls, room, 8192, &n);
        if (io == ECS_TLS_CLOSED)
            closed = true;
        else if (io != ECS_TLS_OK)
            return wait_or_fail(conn, io, ECS_LOAD_E_HTTP);
        conn->in.n += closed ? 0 : n;
        conn->load->stats.bytes_in += closed ? 0 : n;
        parse = ecs_sim_response_parse(conn->in.p, conn->in.n, closed, &response, &fault);
        if (parse == ECS_SIM_DONE)
            return take_answer(conn, &response);
        if (parse == ECS_SIM_BAD || closed) {
            ecs_load_conn_fail(conn, ECS_LOAD_E_HTTP, fault ? fault : "the connection ended");
            return false;
        }
    }
}

/* Between jobs: tickets may arrive, or the server hangs up. */
static bool idle_on(struct ecs_load_conn *conn)
{
    char bytes[256];
    size_t n;
    enum ecs_tls_io io = ecs_tls_client_read(conn->tls, bytes, sizeof(bytes), &n);

    if (io == ECS_TLS_WANT_READ || io == ECS_TLS_WANT_WRITE)
        return false;
    conn->load->stats.reconnects++;
    ecs_load_conn_close(conn);
    return false;
}

void ecs_load_conn_drive(struct ecs_load_conn *conn)
{
    bool more = true;

    while (more) {
        switch (conn->state) {
        case ECS_LOAD_CLOSED:
            more = false;
            break;
        case ECS_LOAD_IDLE:
            more = idle_on(conn);
            break;
        case ECS_LOAD_CONNECTING:
            more = connect_on(conn);
            break;
        case ECS_LOAD_SENDING:
            more = send_on(conn);
            break;
        case ECS_LOAD_READING:
            more = read_on(conn);
            break;
        }
    }
}
