/* SPDX-License-Identifier: Apache-2.0 */
/* One connection: handshake, request, answer, and what is checked of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "load.h"

static void fail(struct load_conn *conn, const char *what)
{
    const char *why = conn->tls ? ecs_tls_client_error(conn->tls) : "";

    load_fault(conn->load, "%s%s%s", what, *why ? ": " : "", why);
    load_conn_close(conn);
}

void load_conn_close(struct load_conn *conn)
{
    ecs_tls_client_free(conn->tls); /* closing takes the descriptor out of epoll */
    conn->tls = NULL;
    conn->state = CONN_FREE;
    if (conn->card)
        conn->card->busy = false;
    conn->card = NULL;
}

bool load_conn_open(struct load_conn *conn)
{
    struct load *load = conn->load;
    struct ecs_tls_client_open how = {.addr = (const struct sockaddr *)&load->address,
                                      .addr_n = load->address_n,
                                      .sni = "aes.bench.example",
                                      .hold_finished = load->options.delay_ms > 0,
                                      .resume = conn->session};
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = conn};

    conn->started_us = load_now_us();
    conn->in_n = conn->out_n = conn->out_at = 0;
    conn->round = 0;
    conn->tls = ecs_tls_client_open(load->tls, &how);
    if (!conn->tls) {
        load_fault(load, "socket: %s", strerror(errno));
        return false;
    }
    if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, ecs_tls_client_fd(conn->tls), &event)) {
        fail(conn, "epoll_ctl");
        return false;
    }
    conn->state = CONN_HANDSHAKE;
    return true;
}

static void set_out(struct load_conn *conn, struct ecs_str out)
{
    conn->out = out.p;
    conn->out_n = out.n;
    conn->out_at = conn->in_n = 0;
    conn->state = CONN_SEND;
}

void load_conn_request(struct load_conn *conn)
{
    set_out(conn, *load_request_next(conn->load));
}

static bool count_resumed(struct load_conn *conn)
{
    struct load *load = conn->load;

    if (!load->measuring || load->options.mode != LOAD_RESUME)
        return true;
    if (ecs_tls_client_is_resumed(conn->tls)) {
        load->resumed++;
        return true;
    }
    fail(conn, "the session was not resumed");
    return false;
}

static void after_handshake(struct load_conn *conn)
{
    struct load *load = conn->load;

    if (!count_resumed(conn))
        return;
    switch (load->options.mode) {
    case LOAD_HANDSHAKE:
        load->done++;
        load_latency(load, load_now_us() - conn->started_us);
        load_conn_close(conn);
        return;
    case LOAD_EAP:
        if (!load_eap_begin(conn))
            fail(conn, "EAP: the first request cannot be made");
        else
            set_out(conn, (struct ecs_str){conn->out, conn->out_n});
        return;
    case LOAD_OPEN:
    case LOAD_KEEP:
        if (!load->measuring) {
            conn->state = CONN_IDLE;
            return;
        }
        break;
    default:
        break;
    }
    load_conn_request(conn);
}

/* ---- the answer ---- */

/* Length of the head and of the whole answer; 0: not complete; -1: not what was expected. */
static int measure_answer(struct load_conn *conn, size_t *ret_head, size_t *ret_all)
{
    const char *end = memmem(conn->in, conn->in_n, "\r\n\r\n", 4), *length;

    if (!end)
        return conn->in_n < sizeof(conn->in) ? 0 : -1;
    *ret_head = (size_t)(end - conn->in) + 4;
    if (memcmp(conn->in, "HTTP/1.1 ", 9) != 0 || atoi(conn->in + 9) != conn->load->options.status)
        return -1;
    length = memmem(conn->in, *ret_head, "Content-Length: ", 16);
    if (!length)
        return -1;
    *ret_all = *ret_head + strtoul(length + 16, NULL, 10);
    if (*ret_all > sizeof(conn->in) - 1)
        return -1;
    return conn->in_n >= *ret_all;
}

/* A ticket is used once, as TLS 1.3 wants it. */
static void renew_session(struct load_conn *conn)
{
    struct ecs_tls_session *session = ecs_tls_client_session_take(conn->tls);

    if (!session)
        return;
    ecs_tls_session_free(conn->session);
    conn->session = session;
}

static void answered(struct load_conn *conn, size_t head)
{
    struct load *load = conn->load;
    const char *expect = load->options.expect;
    bool done = true;

    if (load->options.mode == LOAD_EAP) {
        if (!load_eap_go_on(conn, head, &done)) {
            fail(conn, "EAP: not the expected answer");
            return;
        }
        if (!done) {
            set_out(conn, (struct ecs_str){conn->out, conn->out_n});
            return;
        }
    } else if (expect && !memmem(conn->in + head, conn->in_n - head, expect, strlen(expect))) {
        fail(conn, "the body lacks the expected text");
        return;
    }
    if (load->measuring) {
        load->done++;
        load_latency(load, load_now_us() - conn->started_us);
    }
    if (load->options.mode == LOAD_RESUME)
        renew_session(conn);
    if (load->options.mode == LOAD_KEEP || load->options.mode == LOAD_OPEN || load->options.mode == LOAD_IDLE)
        conn->state = CONN_IDLE;
    else
        load_conn_close(conn);
}

static void fail_answer(struct load_conn *conn)
{
    size_t n = conn->in_n < 60 ? conn->in_n : 60;
    char text[100];

    for (size_t i = 0; i < n; i++)
        if (conn->in[i] < ' ')
            conn->in[i] = ' ';
    snprintf(text, sizeof(text), "not the expected answer: %.*s", (int)n, conn->in);
    fail(conn, text);
}

static enum ecs_tls_io receive(struct load_conn *conn)
{
    size_t n, head, all;
    enum ecs_tls_io io =
        ecs_tls_client_read(conn->tls, conn->in + conn->in_n, sizeof(conn->in) - conn->in_n, &n);
    int complete;

    if (io != ECS_TLS_OK)
        return io;
    conn->in_n += n;
    complete = measure_answer(conn, &head, &all);
    if (complete < 0)
        fail_answer(conn);
    else if (complete > 0)
        answered(conn, head);
    return ECS_TLS_OK;
}

/* ---- steps ---- */

static enum ecs_tls_io shake_hands(struct load_conn *conn)
{
    enum ecs_tls_io io = ecs_tls_client_handshake(conn->tls);

    if ((io == ECS_TLS_OK || io == ECS_TLS_WANT_READ) && ecs_tls_client_is_holding(conn->tls)) {
        conn->state = CONN_HELD;
        conn->release_us = load_now_us() + (int64_t)conn->load->options.delay_ms * 1000;
        return ECS_TLS_WANT_READ;
    }
    if (io == ECS_TLS_OK)
        after_handshake(conn);
    return io;
}

static enum ecs_tls_io send_out(struct load_conn *conn)
{
    size_t n;
    enum ecs_tls_io io =
        ecs_tls_client_write(conn->tls, conn->out + conn->out_at, conn->out_n - conn->out_at, &n);

    if (io != ECS_TLS_OK)
        return io;
    conn->out_at += n;
    if (conn->out_at == conn->out_n)
        conn->state = CONN_RECEIVE;
    return ECS_TLS_OK;
}

/* An idle connection only hears the end, or a session ticket. */
static enum ecs_tls_io listen_idle(struct load_conn *conn)
{
    char byte;
    size_t n;
    enum ecs_tls_io io = ecs_tls_client_read(conn->tls, &byte, 1, &n);

    return io == ECS_TLS_OK ? ECS_TLS_FAILED : io;
}

void load_conn_step(struct load_conn *conn)
{
    enum ecs_tls_io io = ECS_TLS_OK;

    while (io == ECS_TLS_OK && conn->tls) {
        enum conn_state was = conn->state;

        switch (was) {
        case CONN_HANDSHAKE:
            io = shake_hands(conn);
            break;
        case CONN_SEND:
            io = send_out(conn);
            break;
        case CONN_RECEIVE:
            io = receive(conn);
            break;
        case CONN_IDLE:
            io = listen_idle(conn);
            break;
        case CONN_HELD:
        case CONN_FREE:
            return;
        }
        if (conn->tls && conn->state == CONN_IDLE && was != CONN_IDLE)
            return;
    }
    if (io == ECS_TLS_CLOSED || io == ECS_TLS_FAILED)
        fail(conn, io == ECS_TLS_CLOSED ? "the server closed the connection" : "connection");
}
