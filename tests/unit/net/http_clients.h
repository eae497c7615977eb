/* SPDX-License-Identifier: Apache-2.0 */
/* Clients in the thread of the fixture's server: whenever one would wait, the server's loop turns. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>

#include "ecs/buf.h"
#include "http_fixture.h"

struct client {
    struct fixture *f;
    int fd;
    SSL *ssl;
    struct ecs_buf in;
    bool eof;
};

struct answer {
    int status;
    char *head; /* in the client's buffer's copy */
    char *body;
    size_t body_n;
};

HELPER int connect_raw(struct fixture *f)
{
    struct sockaddr_in sa = {
        .sin_family = AF_INET, .sin_port = htons(f->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

HELPER void client_open(struct client *c, struct fixture *f)
{
    *c = (struct client){.f = f, .fd = connect_raw(f)};
}

HELPER void client_close(struct client *c)
{
    SSL_free(c->ssl);
    if (c->fd >= 0)
        close(c->fd);
    ecs_buf_done(&c->in);
    *c = (struct client){.fd = -1};
}

/* One try: bytes moved, 0 when the operation would wait, -1 at the end or failure. */
HELPER ssize_t client_io(struct client *c, void *bytes, size_t n, bool out)
{
    size_t done = 0;
    ssize_t r;

    if (c->ssl) {
        int ok = out ? SSL_write_ex(c->ssl, bytes, n, &done) : SSL_read_ex(c->ssl, bytes, n, &done);
        int why = ok ? 0 : SSL_get_error(c->ssl, ok);

        return ok ? (ssize_t)done : why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
    }
    r = out ? send(c->fd, bytes, n, MSG_NOSIGNAL) : recv(c->fd, bytes, n, 0);
    return r > 0 ? r : r < 0 && errno == EAGAIN ? 0 : -1;
}

HELPER bool client_send(struct client *c, const void *bytes, size_t n)
{
    int64_t end = ecs_clock_mono_us() + 10000000;

    for (size_t at = 0; at < n && ecs_clock_mono_us() < end;) {
        ssize_t r = client_io(c, (char *)(uintptr_t)bytes + at, n - at, true);

        if (r < 0)
            return false;
        at += (size_t)r;
        assert_int_equal(ecs_loop_turn(c->f->loop, r ? 0 : 2000), ECS_OK);
    }
    return true;
}

HELPER void client_say(struct client *c, const char *text)
{
    assert_true(client_send(c, text, strlen(text)));
}

/* Reads for at most ms or until at least want more bytes are in. */
HELPER void client_read(struct client *c, size_t want, int64_t ms)
{
    int64_t end = ecs_clock_mono_us() + ms * 1000;
    size_t goal = c->in.n + want;

    while (!c->eof && c->in.n < goal && ecs_clock_mono_us() < end) {
        char *room = ecs_buf_reserve(&c->in, 65536);
        ssize_t r;

        assert_non_null(room);
        r = client_io(c, room, 65536, false);
        if (r > 0)
            c->in.n += (size_t)r;
        else if (r < 0)
            c->eof = true;
        else
            assert_int_equal(ecs_loop_turn(c->f->loop, 1000), ECS_OK);
    }
}

HELPER void answer_free(struct answer *a)
{
    free(a->head);
    free(a->body);
    *a = (struct answer){0};
}

/* Next reply of the connection; status 0 when it ended or 5 s passed. head_only: the request was HEAD. */
HELPER void client_answer(struct client *c, bool head_only, struct answer *a)
{
    int64_t end = ecs_clock_mono_us() + 5000000;
    char *stop = NULL, *length;
    size_t head_n;

    *a = (struct answer){0};
    while (!(stop = c->in.n ? memmem(c->in.p, c->in.n, "\r\n\r\n", 4) : NULL) && !c->eof &&
           ecs_clock_mono_us() < end)
        client_read(c, 1, 100);
    if (!stop)
        return;
    head_n = (size_t)(stop - c->in.p) + 4;
    a->head = strndup(c->in.p, head_n);
    assert_int_equal(sscanf(a->head, "HTTP/1.1 %d ", &a->status), 1);
    length = strcasestr(a->head, "\r\nContent-Length:");
    a->body_n = length && !head_only && a->status >= 200 ? strtoul(length + 17, NULL, 10) : 0;
    while (c->in.n < head_n + a->body_n && !c->eof && ecs_clock_mono_us() < end)
        client_read(c, 1, 100);
    assert_true(c->in.n >= head_n + a->body_n);
    a->body = strndup(c->in.p + head_n, a->body_n);
    memmove(c->in.p, c->in.p + head_n + a->body_n, c->in.n - head_n - a->body_n);
    c->in.n -= head_n + a->body_n;
}

HELPER void client_ask(struct client *c, const char *request, struct answer *a)
{
    client_say(c, request);
    client_answer(c, strncmp(request, "HEAD", 4) == 0, a);
}

/* The server has ended the connection within ms. */
HELPER bool client_sees_end(struct client *c, int64_t ms)
{
    client_read(c, SIZE_MAX / 2, ms);
    return c->eof;
}
