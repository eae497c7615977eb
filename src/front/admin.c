/* SPDX-License-Identifier: Apache-2.0 */
/* A call of the operator's interface, from route to answer: find the handler, run its steps, write the audit
 * row of a change, answer. Errors are JSON: {"error": text, "field": name}. */
#include "admin_internal.h"

#include <string.h>

#include "ecs/clock.h"

enum {
    CALL_MEMORY = 64 << 20,
    HTTP_MEMORY = 32 << 20,
    BODY_MAX = 1 << 20,
    CONNECTIONS = 256,
    AUDIT_LIMIT_MS = 5000
};

/* ---- steps ---- */

/* {parts} of a path: percent sequences decoded once; no control characters. */
static bool decode_part(struct ecs_arena *arena, struct ecs_str text, struct ecs_str *ret_part)
{
    char *out = ecs_strdup(arena, text);
    size_t n = 0;

    if (!out)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t byte = (uint8_t)text.p[i];

        if (byte == '%') {
            if (text.n - i < 3 || !ecs_hex_decode((struct ecs_str){text.p + i + 1, 2}, &byte, 1))
                return false;
            i += 2;
        }
        if (byte < 0x20 || byte == 0x7f)
            return false;
        out[n++] = (char)byte;
    }
    out[n] = '\0';
    *ret_part = (struct ecs_str){out, n};
    return ecs_str_is_utf8(*ret_part);
}

static enum ecs_next route(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    enum ecs_rc rc = admin_route_find(c->http->method, c->http->path, c->role, &c->match);

    if (rc == ECS_E_NOT_FOUND)
        return ecs_flow_fail(f, rc, "there is no such path");
    if (rc == ECS_E_METHOD)
        return ecs_flow_fail(f, rc, "this path does not know method %.*s", ECS_FMT(c->http->method_name));
    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "the role of this socket (%s) does not suffice",
                             admin_role_name(c->role));
    for (size_t i = 0; i < ADMIN_ARGS_MAX && c->match.arg[i].p; i++)
        if (!decode_part(f->arena, c->match.arg[i], &c->arg[i]))
            return ecs_flow_fail(f, ECS_E_BAD_REQUEST, "the path cannot be decoded");
    return ecs_flow_call(f, c->match.route->steps, c);
}

static enum ecs_next audit(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const char *actor;

    if (!c->action)
        return ECS_NEXT;
    c->changed = true;
    ecs_json_end(&c->detail_out, '}');
    ecs_log(&c->log, ECS_EV_ADMIN, "%s by socket:%s, subject %s", c->action, admin_role_name(c->role),
            c->subject[0] ? c->subject : "none");
    actor = ecs_printf(f->arena, "socket:%s", admin_role_name(c->role));
    if (!actor || c->detail.overflow)
        return admin_no_memory(c);
    return ecs_store_audit(f, c->front->store, ecs_str_of(actor), ecs_str_of(admin_role_name(c->role)),
                           ecs_str_of(c->action), ecs_str_of(c->subject), ecs_buf_str(&c->detail));
}

static enum ecs_next answer(struct ecs_flow *f)
{
    struct admin_call *c = f->self;

    if (c->body.overflow)
        return ecs_flow_fail(f, ECS_E_TOO_LARGE, "the answer is too large");
    c->reply.status = c->status ? c->status : 200;
    c->reply.content_type = c->content_type ? c->content_type : "application/json";
    return ECS_DONE;
}

/* What a person can act on; the database's own words only where they say more than ours. */
static const char *error_text(struct admin_call *c, enum ecs_rc rc)
{
    bool from_database = ecs_str_starts_with(ecs_str_of(c->flow.reason), ECS_STR("database: "));

    if (c->changed)
        return "the change was made, but it could not be written to the audit table";
    if (from_database && rc == ECS_E_NOT_FOUND && c->not_found)
        return c->not_found;
    if (from_database && (rc == ECS_E_BAD_PARAMETER || rc == ECS_E_CONFLICT) && c->refused)
        return c->refused;
    if (from_database && rc == ECS_E_BACKEND)
        return "the database is not reachable";
    return c->flow.reason[0] ? c->flow.reason : ecs_strerror(rc);
}

static struct ecs_str allow_header(struct ecs_arena *arena, unsigned allow)
{
    const char *text =
        ecs_printf(arena, "%s%s%s%s", allow & 1u << ECS_HTTP_GET ? "GET, HEAD, " : "",
                   allow & 1u << ECS_HTTP_PUT ? "PUT, " : "", allow & 1u << ECS_HTTP_POST ? "POST, " : "",
                   allow & 1u << ECS_HTTP_DELETE ? "DELETE, " : "");
    size_t n = text ? strlen(text) : 0;

    return (struct ecs_str){text, n > 2 ? n - 2 : 0};
}

/* Last step of the table: any failure lands here. */
static enum ecs_next answer_error(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    enum ecs_rc rc = f->rc;
    const char *text = error_text(c, rc);

    ecs_buf_reset(&c->body);
    c->out = (struct ecs_json_out){.buf = &c->body};
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "error", ecs_str_of(text));
    if (c->field)
        ecs_json_str(&c->out, "field", ecs_str_of(c->field));
    ecs_json_end(&c->out, '}');
    c->reply = (struct ecs_http_reply){.status = ecs_rc_http(rc), .content_type = "application/json"};
    if (c->http && rc == ECS_E_METHOD)
        c->reply.headers[c->reply.header_count++] =
            (struct ecs_http_header){ECS_STR("Allow"), allow_header(c->http->arena, c->match.allow)};
    ecs_log_at(&c->log, ECS_EV_ADMIN, c->changed ? ECS_LOG_ERROR : ECS_LOG_INFO, "%s: %d %s: %s",
               c->match.route ? c->match.route->name : "no route", c->reply.status, ecs_rc_name(rc), text);
    return ECS_DONE;
}

static const struct ecs_step admin_steps[] = {
    {"route", route, 0},
    {"audit", audit, AUDIT_LIMIT_MS},
    {"answer", answer, 0},
    {"answer-error", answer_error, 0},
    {0},
};

/* ---- begin and end ---- */

static void call_end(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct ecs_http_request *http = c->http;
    struct ecs_http_reply reply = c->reply;

    if (http) {
        front_take_body(http, &c->body, ECS_STR("{}"), &reply);
        if (reply.header_count < ECS_HTTP_REPLY_HEADERS)
            reply.headers[reply.header_count++] =
                (struct ecs_http_header){ECS_STR("Cache-Control"), ECS_STR("no-store")};
    }
    ecs_buf_done(&c->body);
    ecs_buf_done(&c->detail);
    engine_unref(c->engine);
    ecs_arena_free(f->arena); /* with the call */
    if (http)
        ecs_http_reply(http, &reply);
}

/* A change goes on to its audit row; what only reads is given up. */
static void client_gone(void *arg)
{
    struct admin_call *c = arg;

    c->http = NULL;
    if (!c->match.route || c->match.route->method == ECS_HTTP_GET)
        ecs_flow_abort(&c->flow);
}

static void call_begin(struct ecs_http_request *http, enum ecs_role role)
{
    static const struct ecs_http_reply exhausted = {
        .status = 503, .body = {"{\"error\":\"short of memory\"}", 27}, .content_type = "application/json"};
    struct front *front = http->env;
    struct ecs_arena *arena = ecs_arena_new(NULL, CALL_MEMORY);
    struct admin_call *c = arena ? ecs_alloc(arena, sizeof(*c)) : NULL;

    if (!c) {
        ecs_arena_free(arena);
        ecs_http_reply(http, &exhausted);
        return;
    }
    c->front = front;
    c->engine = engine_ref(front->engine);
    c->http = http;
    c->log = http->log;
    c->role = role;
    c->now = ecs_clock_now();
    c->body.limit = CALL_MEMORY / 2;
    c->out.buf = &c->body;
    c->detail_out.buf = &c->detail;
    ecs_json_begin(&c->detail_out, NULL, '{');
    c->reply = exhausted;
    http->user = c;
    ecs_http_on_gone(http, client_gone, c);
    ecs_flow_start(&c->flow, http->loop, arena, &c->log, admin_steps, c, call_end);
}

static void handle_viewer(struct ecs_http_request *http)
{
    call_begin(http, ECS_ROLE_VIEWER);
}

static void handle_care(struct ecs_http_request *http)
{
    call_begin(http, ECS_ROLE_CARE);
}

static void handle_admin(struct ecs_http_request *http)
{
    call_begin(http, ECS_ROLE_ADMIN);
}

static void handle_metrics(struct ecs_http_request *http)
{
    call_begin(http, ECS_ROLE_METRICS);
}

enum ecs_rc admin_start(struct front *front)
{
    static void (*const handlers[])(struct ecs_http_request *) = {
        [ECS_ROLE_VIEWER] = handle_viewer,
        [ECS_ROLE_CARE] = handle_care,
        [ECS_ROLE_ADMIN] = handle_admin,
        [ECS_ROLE_METRICS] = handle_metrics,
    };
    const struct ecs_node *node = front->node;
    struct ecs_http_server_conf conf = {
        .limits = {.body = BODY_MAX, .connections = CONNECTIONS, .arena = HTTP_MEMORY},
        .env = front,
        .worker = front->worker->index,
    };
    enum ecs_rc rc = ECS_OK;

    for (unsigned i = 0; i < node->admin_n; i++) {
        conf.listen_fd = node->admin_fds[i];
        conf.handler = handlers[node->admin_roles[i]];
        front->admin_servers[i] = ecs_http_server_new(front->worker->loop, &conf, &rc);
        if (!front->admin_servers[i])
            return rc;
        front->admin_server_n = i + 1;
    }
    return ECS_OK;
}
