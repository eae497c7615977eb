/* SPDX-License-Identifier: Apache-2.0 */
/* Replies: from our struct into MHD's response object, and the answers that the server gives by itself. */
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "http_priv.h"

enum { HEADER_MAX = 4096 };

static struct MHD_Response *response_of(struct ecs_str body)
{
    void *p = (void *)(uintptr_t)(body.n ? body.p : "");

#if MHD_VERSION >= 0x00097701
    return MHD_create_response_from_buffer_static(body.n, p);
#else
    return MHD_create_response_from_buffer(body.n, p, MHD_RESPMEM_PERSISTENT);
#endif
}

static bool add_header(struct MHD_Response *response, struct ecs_str name, struct ecs_str value)
{
    char n[64], v[HEADER_MAX];

    if (name.n >= sizeof(n) || value.n >= sizeof(v))
        return false;
    memcpy(n, name.p, name.n);
    n[name.n] = '\0';
    if (value.n)
        memcpy(v, value.p, value.n);
    v[value.n] = '\0';
    return strlen(v) == value.n && MHD_add_response_header(response, n, v) == MHD_YES;
}

static bool fill(struct MHD_Response *response, const struct ecs_http_reply *reply, bool close)
{
    bool ok = reply->header_count <= ECS_HTTP_REPLY_HEADERS;

    if (reply->content_type)
        ok = ok && MHD_add_response_header(response, "Content-Type", reply->content_type) == MHD_YES;
    for (size_t i = 0; ok && i < reply->header_count; i++)
        ok = add_header(response, reply->headers[i].name, reply->headers[i].value);
    if (ok && close)
        ok = MHD_add_response_header(response, "Connection", "close") == MHD_YES;
    return ok;
}

/* A reply that cannot be sent as given (a control character in a header, say) becomes an empty 500. */
static struct MHD_Response *make_response(const struct http_call *call, const struct ecs_http_reply *reply,
                                          int *ret_status)
{
    bool close = reply->close || call->peer->server->draining;
    struct MHD_Response *response = response_of(reply->body);

    *ret_status = reply->status;
    if (response && (reply->status < 200 || reply->status > 599 || !fill(response, reply, close))) {
        ecs_log_at(&call->pub.log, ECS_EV_HTTP, ECS_LOG_ERROR,
                   "status=%d: the reply has an unusable status or header", reply->status);
        MHD_destroy_response(response);
        response = response_of(ECS_STR(""));
        *ret_status = 500;
    }
    return response;
}

static void send_reply(struct http_call *call, const struct ecs_http_reply *reply)
{
    struct http_peer *peer = call->peer;
    struct ecs_http_server *s = peer->server;
    struct MHD_Response *response;
    bool queued = false;
    int status;

    if (call->answered)
        return;
    call->answered = true;
    response = make_response(call, reply, &status);
    STAT_ADD(s, bytes_out, reply->body.n);
    if (s->conf.on_answer)
        s->conf.on_answer(&call->pub, status, reply->body.n);
    if (peer->watched) {
        http_conn_watch(peer, false, false);
        peer->watched = false;
    }
    http_conn_phase(peer, PEER_SENDING);
    /* call is not touched any more: queueing may send everything and end the request. */
    bool suspended = call->suspended, head_only = call->pub.method == ECS_HTTP_HEAD;

    peer->body_follows = peer->tls && response && reply->body.n > 0 && !head_only;
    if (response) {
        queued = MHD_queue_response(peer->conn, (unsigned)status, response) == MHD_YES;
        MHD_destroy_response(response);
    }
    if (!queued)
        http_conn_kill(peer, false);
    if (suspended) {
        MHD_resume_connection(peer->conn);
        s->kick = true;
    }
}

void ecs_http_reply(struct ecs_http_request *r, const struct ecs_http_reply *reply)
{
    send_reply((struct http_call *)(void *)r, reply); /* pub is its first member */
}

void http_reply_refuse(struct http_call *call, enum ecs_rc rc)
{
    const char *text = ecs_strerror(rc);
    struct ecs_http_reply reply = {
        .status = ecs_rc_http(rc),
        .content_type = "text/plain",
        .body = ecs_str_of(text),
        .headers = {{ECS_STR("Cache-Control"), ECS_STR("no-store")}},
        .header_count = 1,
        .close = true,
    };

    /* A 503 without it makes AOSP switch services on (C-42). */
    if (reply.status == 503)
        reply.headers[reply.header_count++] = (struct ecs_http_header){ECS_STR("Retry-After"), ECS_STR("30")};
    STAT_ADD(call->peer->server, requests_refused, 1);
    send_reply(call, &reply);
}
