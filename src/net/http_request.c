/* SPDX-License-Identifier: Apache-2.0 */
/* Requests on their way in: request line, headers and body from MHD's callbacks into one struct. The request
 * target is taken raw, before MHD would cut and decode it. */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_mhd.h"
#include "http_priv.h"

static const struct {
    const char *name;
    enum ecs_http_method method;
} methods[] = {
    {"GET", ECS_HTTP_GET}, {"POST", ECS_HTTP_POST},     {"HEAD", ECS_HTTP_HEAD},
    {"PUT", ECS_HTTP_PUT}, {"DELETE", ECS_HTTP_DELETE}, {"OPTIONS", ECS_HTTP_OPTIONS},
};

static enum ecs_http_method method_of(const char *name)
{
    for (size_t i = 0; i < ECS_ARRAY_LEN(methods); i++)
        if (strcmp(methods[i].name, name) == 0)
            return methods[i].method;
    return ECS_HTTP_OTHER;
}

struct ecs_str ecs_http_host(const struct ecs_http_request *r)
{
    struct ecs_str host = ecs_str_trim(ecs_http_header_get(r, "Host"));
    bool literal = host.n && host.p[0] == '[';

    for (size_t i = 0; i < host.n; i++)
        if (host.p[i] == (literal ? ']' : ':'))
            host.n = i + literal;
    return host.n ? host : ECS_STR_NULL;
}

struct ecs_str ecs_http_header_get(const struct ecs_http_request *r, const char *name)
{
    struct ecs_str wanted = ecs_str_of(name);

    for (size_t i = 0; i < r->header_count; i++)
        if (ecs_str_eq_nocase(r->headers[i].name, wanted))
            return r->headers[i].value;
    return ECS_STR_NULL;
}

/* splitmix64: request ids are to be distinct, not secret. */
static void make_id(struct ecs_http_server *s, char out[17])
{
    static const char digits[] = "0123456789abcdef";
    uint64_t z = s->ids += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    for (int i = 0; i < 16; i++, z >>= 4)
        out[i] = digits[z & 15];
    out[16] = '\0';
}

static bool split_target(struct http_call *call, const char *target)
{
    size_t n = strlen(target);
    char *copy = ecs_memdup(call->pub.arena, target, n + 1);
    char *mark = copy ? memchr(copy, '?', n) : NULL;

    if (!copy)
        return false;
    call->pub.path = (struct ecs_str){copy, mark ? (size_t)(mark - copy) : n};
    if (mark)
        call->pub.query = (struct ecs_str){mark + 1, n - call->pub.path.n - 1};
    return true;
}

static struct http_call *new_call(struct http_peer *peer, const char *target)
{
    struct ecs_http_server *s = peer->server;
    struct ecs_arena *arena = ecs_arena_new(s->conf.cache, s->conf.limits.arena);
    struct http_call *call = arena ? ecs_alloc(arena, sizeof(*call)) : NULL;

    if (call) {
        call->peer = peer;
        call->body.limit = s->conf.limits.body;
        call->pub.arena = arena;
        call->pub.loop = s->loop;
        call->pub.env = s->conf.env;
        call->pub.tls = s->tls != NULL;
        call->pub.source = http_addr_prefix(&peer->addr);
        if (peer->client)
            call->pub.client = ecs_memdup(arena, peer->client, sizeof(*peer->client));
        call->pub.log.worker = s->conf.worker;
        make_id(s, call->pub.log.request_id);
        memcpy(call->pub.peer, peer->name, sizeof(call->pub.peer));
    }
    if (!call || !split_target(call, target ? target : "")) {
        ecs_arena_free(arena);
        return NULL;
    }
    return call;
}

/* MHD calls this before it parses the request line's target; its result becomes the request's context. */
void *http_request_line(void *cls, const char *target, struct MHD_Connection *conn)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct http_peer *peer = info ? info->socket_context : NULL;
    const char *mark;

    (void)cls;
    if (!peer)
        return NULL;
    http_request_end(peer); /* there should be none */
    if (peer->phase == PEER_IDLE)
        http_conn_phase(peer, PEER_READING);
    peer->call = new_call(peer, target);
    /* MHD would next decode the query into a list of arguments, 70 bytes of the connection's pool for each,
     * which we never read. The text is its own writable buffer, so the query is ended here. */
    mark = target ? strchr(target, '?') : NULL;
    if (mark && mark[1])
        ((char *)(uintptr_t)mark)[1] = '\0';
    return peer;
}

struct header_walk {
    struct http_call *call;
    struct ecs_http_header *list;
    size_t room;
};

static enum MHD_Result add_header(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_n,
                                  const char *value, size_t value_n)
{
    struct header_walk *w = cls;

    (void)kind;
    if (w->call->pub.header_count == w->room)
        return MHD_NO;
    w->list[w->call->pub.header_count++] =
        (struct ecs_http_header){{name, name_n}, {value ? value : "", value_n}};
    return MHD_YES;
}

static bool collect_headers(struct http_call *call, struct MHD_Connection *conn)
{
    int n = MHD_get_connection_values_n(conn, MHD_HEADER_KIND, NULL, NULL);
    struct header_walk w = {.call = call, .room = n > 0 ? (size_t)n : 0};

    w.list = ecs_alloc(call->pub.arena, (w.room + 1) * sizeof(*w.list));
    if (!w.list)
        return false;
    call->pub.headers = w.list;
    MHD_get_connection_values_n(conn, MHD_HEADER_KIND, add_header, &w);
    return true;
}

/* What makes the end of a message ambiguous is refused: behind a proxy it would smuggle requests (RFC
 * 9112 6.3, 11.2). MHD itself is lenient here. */
static enum ecs_rc check_framing(const struct ecs_http_request *r, uint64_t *ret_length)
{
    struct ecs_str coding = ECS_STR_NULL, length = ECS_STR_NULL;
    int64_t value = 0;

    for (size_t i = 0; i < r->header_count; i++) {
        struct ecs_str name = r->headers[i].name, v = ecs_str_trim(r->headers[i].value);

        if (!name.n || memchr(name.p, ' ', name.n) || memchr(name.p, '\t', name.n))
            return ECS_E_BAD_REQUEST;
        if (ecs_str_eq_nocase(name, ECS_STR("Transfer-Encoding"))) {
            if (coding.p || !ecs_str_eq_nocase(v, ECS_STR("chunked")))
                return ECS_E_BAD_REQUEST;
            coding = v;
        } else if (ecs_str_eq_nocase(name, ECS_STR("Content-Length"))) {
            if (length.p && !ecs_str_eq(length, v))
                return ECS_E_BAD_REQUEST;
            length = v;
        }
    }
    if (coding.p && length.p)
        return ECS_E_BAD_REQUEST;
    if (length.p && !ecs_str_to_i64(length, &value))
        return ECS_E_BAD_REQUEST;
    *ret_length = value > 0 ? (uint64_t)value : 0;
    return ECS_OK;
}

/* First call of MHD's handler: the headers are complete. */
static enum MHD_Result on_headers(struct http_call *call, struct MHD_Connection *conn, const char *method)
{
    const struct ecs_http_limits *l = &call->peer->server->conf.limits;
    const union MHD_ConnectionInfo *head;
    uint64_t length = 0;
    enum ecs_rc rc;

    call->head_done = true;
    call->pub.method = method_of(method);
    call->pub.method_name = ecs_str_of(method);
    head = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (head)
        STAT_ADD(call->peer->server, bytes_in, head->header_size);
    rc = collect_headers(call, conn) ? check_framing(&call->pub, &length) : ECS_E_TOO_LARGE;
    if (rc != ECS_OK) {
        http_reply_refuse(call, rc);
        return MHD_YES;
    }
    if (length > l->body) {
        /* Without "Expect: 100-continue" the client sends first and reads then: closing on it at once would
         * reset the connection and lose our answer, so a body that is not absurd is read and dropped. */
        if (length > l->discard || ecs_http_header_get(&call->pub, "Expect").p)
            http_reply_refuse(call, ECS_E_TOO_LARGE);
        else
            call->refuse = ECS_E_TOO_LARGE;
    } else if (length && !ecs_buf_reserve(&call->body, (size_t)length))
        http_reply_refuse(call, ECS_E_NO_MEMORY);
    return MHD_YES;
}

static enum MHD_Result on_body(struct http_call *call, const char *bytes, size_t n)
{
    struct ecs_http_server *s = call->peer->server;

    STAT_ADD(s, bytes_in, n);
    call->body_seen += n;
    if (call->refuse == ECS_OK) {
        ecs_buf_add(&call->body, bytes, n);
        if (call->body.overflow) {
            call->refuse = ECS_E_TOO_LARGE;
            ecs_buf_done(&call->body);
        }
    }
    return call->body_seen <= s->conf.limits.discard ? MHD_YES : MHD_NO;
}

/* Last call: the body is complete. Either the handler answers at once or MHD is told to leave the connection
 * alone. */
static enum MHD_Result hand_over(struct http_call *call, struct MHD_Connection *conn)
{
    struct http_peer *peer = call->peer;
    struct ecs_http_server *s = peer->server;

    if (call->refuse != ECS_OK) {
        http_reply_refuse(call, call->refuse);
        return MHD_YES;
    }
    call->handed_over = true;
    call->pub.body = call->body.p ? ecs_buf_str(&call->body) : ECS_STR("");
    call->pub.received_us = ecs_loop_now_us(s->loop);
    if (peer->trusted)
        http_addr_forwarded(&call->pub, s->conf.proxies, s->conf.proxy_count, peer->name, call->pub.peer);
    call->pub.first = !peer->served;
    if (!peer->served)
        STAT_ADD(s, connections_fresh, -1);
    peer->served = true;
    STAT_ADD(s, requests, 1);
    s->conf.handler(&call->pub);
    if (call->answered)
        return MHD_YES;
    call->suspended = true;
    MHD_suspend_connection(conn);
    http_conn_phase(peer, PEER_HANDLING);
    return MHD_YES;
}

enum MHD_Result http_request_access(void *cls, struct MHD_Connection *conn, const char *url,
                                    const char *method, const char *version, const char *upload,
                                    size_t *upload_n, void **context)
{
    struct http_peer *peer = *context;
    struct http_call *call = peer ? peer->call : NULL;
    size_t n = *upload_n;

    (void)cls, (void)url, (void)version;
    if (!call)
        return MHD_NO; /* no memory for the request, or its client was declared gone: close */
    if (!call->head_done) {
        http_trim_learn(peer, method);
        return on_headers(call, conn, method);
    }
    if (n) {
        *upload_n = 0;
        return on_body(call, upload, n);
    }
    return call->answered || call->handed_over ? MHD_YES : hand_over(call, conn);
}

/* The request is over, answered or not: tells a handler that still works on it and frees everything. */
void http_request_end(struct http_peer *peer)
{
    struct http_call *call = peer->call;

    if (!call)
        return;
    peer->call = NULL;
    if (call->handed_over && !call->answered) {
        STAT_ADD(peer->server, clients_gone, 1);
        if (call->gone_fn)
            call->gone_fn(call->gone_arg);
    }
    ecs_buf_done(&call->body);
    ecs_arena_free(call->pub.arena);
}

void http_request_gone(struct http_peer *peer)
{
    bool suspended = peer->call && peer->call->suspended && !peer->call->answered;

    if (peer->watched) {
        http_conn_watch(peer, false, false);
        peer->watched = false;
    }
    if (!suspended)
        return;
    http_request_end(peer);
    http_conn_kill(peer, false);
    MHD_resume_connection(peer->conn);
}

void http_request_completed(void *cls, struct MHD_Connection *conn, void **context,
                            enum MHD_RequestTerminationCode code)
{
    struct http_peer *peer = *context;

    (void)cls, (void)conn;
    *context = NULL;
    if (!peer)
        return;
    http_request_end(peer);
    if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK && !peer->killed)
        http_conn_phase(peer, PEER_IDLE);
}

void ecs_http_on_gone(struct ecs_http_request *r, void (*fn)(void *), void *arg)
{
    struct http_call *call = (struct http_call *)(void *)r; /* pub is its first member */

    call->gone_fn = fn;
    call->gone_arg = arg;
}
