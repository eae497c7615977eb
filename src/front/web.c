/* SPDX-License-Identifier: Apache-2.0 */
/* A request under web.path, from route to answer. Its memory is its own, so that what a person has submitted
 * is carried out although the browser left. */
#include "web.h"

#include <string.h>

#include "callback.h"
#include "ecs/clock.h"
#include "ecs/negotiate.h"
#include "ecs/ts43.h"
#include "sheet.h"
#include "sheet_service.h"
#include "web_oauth.h"
#include "web_otp.h"

enum { CALL_MEMORY = 1 << 20, COOKIE_LINES = 16 };

const struct web_route web_routes[] = {
#define WEB(path, methods, body, enabled, steps, error, name)                                                \
    {path, methods, body, enabled, steps, error, name},
#include "web_routes.def"
#undef WEB
    {0},
};

/* ---- for handlers ---- */

static struct ecs_str field_of(const struct ecs_form *form, struct ecs_str name)
{
    for (size_t i = 0; i < form->n; i++)
        if (ecs_str_eq(form->field[i].name, name))
            return form->field[i].value;
    return ECS_STR_NULL;
}

struct ecs_str web_field(const struct web_call *call, const char *name)
{
    struct ecs_str value = field_of(&call->form, ecs_str_of(name));

    return value.p ? value : field_of(&call->query, ecs_str_of(name));
}

struct ecs_str web_cookie(const struct web_call *call, const char *name)
{
    struct ecs_str value = ECS_STR_NULL;
    size_t n = ecs_cookie_find(call->cookies, call->cookie_n, ecs_str_of(name), &value, 1);

    return n ? value : ECS_STR_NULL;
}

void web_header(struct web_call *call, const char *name, const char *value)
{
    if (value && call->header_n < ECS_ARRAY_LEN(call->headers))
        call->headers[call->header_n++] = (struct ecs_http_header){ecs_str_of(name), ecs_str_of(value)};
}

void *web_own(struct web_call *call, size_t n)
{
    call->own = ecs_arena_secret(call->flow.arena, n);
    return call->own;
}

const char *web_url(const struct ecs_snapshot *snapshot, const char *path, struct ecs_arena *arena)
{
    return ecs_printf(arena, "%s%s/%s", snapshot->web->public_url, snapshot->web->path, path);
}

void web_error_text(struct web_call *call, enum ecs_rc rc)
{
    int status = ecs_rc_http(rc);

    ecs_buf_reset(&call->out);
    ecs_error_body(rc, status < 500 ? call->flow.reason : NULL, &call->out);
    call->content_type_out = "text/plain; charset=utf-8";
    call->status = status == 511 ? 403 : status;
}

void web_error_json(struct web_call *call, enum ecs_rc rc)
{
    int status = ecs_rc_http(rc);

    ecs_buf_reset(&call->out);
    ecs_buf_printf(&call->out, "{\"error\":\"%s\"}",
                   status == 503   ? "temporarily_unavailable"
                   : status >= 500 ? "server_error"
                                   : "invalid_request");
    call->content_type_out = "application/json";
    call->status = status == 511 ? 403 : status;
}

/* ---- steps ---- */

static enum ecs_rc read_posted_form(struct web_call *c, const char **ret_why)
{
    struct ecs_str type = c->content_type;

    for (size_t i = 0; i < type.n; i++)
        if (type.p[i] == ';')
            type.n = i;
    type = ecs_str_trim(type);
    /* Old web views post user data without a type (clients.md 3.5). */
    if (!type.n || ecs_str_eq_nocase(type, ECS_STR("application/x-www-form-urlencoded")))
        return ecs_form_parse(c->flow.arena, c->body, &c->form, ret_why);
    *ret_why = "the body must be a form";
    return ECS_E_MEDIA_TYPE;
}

static enum ecs_next read_form(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    enum web_body body = c->route->body;
    const char *why;
    enum ecs_rc rc = ecs_form_parse(f->arena, c->query_text, &c->query, &why);

    if (rc == ECS_OK && body == WEB_BODY_NONE && c->body.n)
        return ecs_flow_fail(f, ECS_E_BAD_REQUEST, "a body is not expected here");
    if (rc == ECS_OK && c->body.n && !(body == WEB_BODY_USER_DATA && web_user_data(c, &rc, &why)) &&
        (body == WEB_BODY_FORM || body == WEB_BODY_USER_DATA))
        rc = read_posted_form(c, &why);
    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "%s", why);
    return ecs_flow_call(f, c->route->steps, c);
}

static enum ecs_next answer(struct ecs_flow *f)
{
    struct web_call *c = f->self;

    if (c->out.overflow)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the answer is too large");
    return ECS_DONE;
}

/* Last step of the table: any failure lands here. */
static enum ecs_next answer_error(struct ecs_flow *f)
{
    struct web_call *c = f->self;

    c->header_n = 0;
    c->content_type_out = NULL;
    c->status = 0;
    c->route->error(c, f->rc);
    if (!c->status)
        c->status = ecs_rc_http(f->rc);
    if (c->status == 503)
        web_header(c, "Retry-After", "10");
    ecs_log_at(&c->log, ECS_EV_REQUEST_FAILED, (enum ecs_log_level)ecs_rc_level(f->rc), "%s: %d %s: %s",
               c->route->name, c->status, ecs_rc_name(f->rc), f->reason);
    return ECS_DONE;
}

static const struct ecs_step web_steps[] = {
    {"read-form", read_form, 0},
    {"answer", answer, 0},
    {"answer-error", answer_error, 0},
    {0},
};

/* ---- begin and end ---- */

static void add_common_headers(struct ecs_http_reply *reply)
{
    static const struct ecs_http_header common[] = {
        {{"Cache-Control", 13}, {"no-store", 8}},
        {{"X-Content-Type-Options", 22}, {"nosniff", 7}},
        {{"Referrer-Policy", 15}, {"no-referrer", 11}},
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(common) && reply->header_count < ECS_HTTP_REPLY_HEADERS; i++)
        reply->headers[reply->header_count++] = common[i];
}

static void call_end(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct ecs_http_request *http = c->http;
    struct ecs_http_reply reply = {.status = c->status ? c->status : 200};

    if (http) {
        reply.content_type = c->content_type_out ? c->content_type_out : "text/html; charset=utf-8";
        front_take_body(http, &c->out, ECS_STR(""), &reply);
        /* The headers' texts go with the call's arena: the request's must hold them. */
        for (size_t i = 0; i < c->header_n; i++) {
            struct ecs_http_header h = c->headers[i];
            char *name = ecs_strdup(http->arena, h.name), *value = ecs_strdup(http->arena, h.value);

            if (name && value)
                reply.headers[reply.header_count++] =
                    (struct ecs_http_header){{name, h.name.n}, {value, h.value.n}};
        }
        add_common_headers(&reply);
        if (reply.status == 302 || reply.status == 303)
            reply.content_type = NULL;
    }
    admission_leave(&c->front->admission, -1, ecs_clock_mono_us());
    c->front->in_work--;
    ecs_metric_add(&c->front->metrics->in_work, (uint64_t)-1);
    ecs_buf_done(&c->out);
    engine_unref(c->engine);
    if (http)
        http->user = &c->front->web_user; /* the call itself is gone when the answer is counted */
    ecs_arena_free(f->arena);
    if (http)
        ecs_http_reply(http, &reply);
}

static void client_gone(void *arg)
{
    struct web_call *c = arg;

    c->http = NULL;
    if (c->method != ECS_HTTP_POST)
        ecs_flow_abort(&c->flow);
}

static bool keep_cookies(struct web_call *c)
{
    struct ecs_str *lines = ecs_alloc(c->flow.arena, COOKIE_LINES * sizeof(*lines));

    c->cookies = lines;
    for (size_t i = 0; lines && i < c->http->header_count && c->cookie_n < COOKIE_LINES; i++)
        if (ecs_str_eq_nocase(c->http->headers[i].name, ECS_STR("Cookie")) &&
            !front_keep(c->flow.arena, c->http->headers[i].value, &lines[c->cookie_n++]))
            return false;
    return lines != NULL;
}

/* The call may outlive its request: nothing of it points into the request. */
static bool keep_request(struct web_call *c, struct ecs_str rest)
{
    const struct ecs_http_request *http = c->http;

    memcpy(c->peer, http->peer, sizeof(c->peer));
    return front_keep(c->flow.arena, rest, &c->rest) &&
           front_keep(c->flow.arena, http->query, &c->query_text) &&
           front_keep(c->flow.arena, http->body, &c->body) &&
           front_keep(c->flow.arena, ecs_http_header_get(http, "Accept-Language"), &c->accept_language) &&
           front_keep(c->flow.arena, ecs_http_header_get(http, "Authorization"), &c->authorization) &&
           front_keep(c->flow.arena, ecs_http_header_get(http, "Content-Type"), &c->content_type) &&
           keep_cookies(c);
}

static bool has_room(struct front *front, struct ecs_http_request *http)
{
    int64_t now_us = ecs_loop_now_us(http->loop);

    if (admission_enter(&front->admission, ADMIT_TOKEN, now_us) == ADMITTED)
        return true;
    ecs_metric_count(front->metrics, ECS_M_LIMITS, ECS_M_LIMIT_IN_WORK);
    return false;
}

static void begin(struct ecs_http_request *http, const struct web_route *route, struct ecs_str rest)
{
    static const struct ecs_http_reply exhausted = {
        .status = 503,
        .body = {"the server is busy\n", 19},
        .content_type = "text/plain",
        .headers = {{{"Retry-After", 11}, {"10", 2}}, {{"Cache-Control", 13}, {"no-store", 8}}},
        .header_count = 2};
    struct front *front = http->env;
    size_t memory = CALL_MEMORY + (size_t)front->engine->snapshot->limits->body;
    struct ecs_arena *arena;
    struct web_call *c;

    http->user = &front->web_user;
    if (!has_room(front, http)) {
        ecs_http_reply(http, &exhausted);
        return;
    }
    arena = ecs_arena_new(&front->worker->cache, memory);
    c = arena ? ecs_alloc(arena, sizeof(*c)) : NULL;
    if (c) {
        c->flow.arena = arena;
        c->http = http;
    }
    if (!c || !keep_request(c, rest)) {
        admission_leave(&front->admission, -1, ecs_loop_now_us(http->loop));
        ecs_arena_free(arena);
        ecs_http_reply(http, &exhausted);
        return;
    }
    c->user.kind = FRONT_WEB;
    c->front = front;
    c->engine = engine_ref(front->engine);
    c->route = route;
    c->log = http->log;
    c->method = http->method;
    c->now = ecs_clock_now();
    c->out.limit = CALL_MEMORY / 2;
    http->user = &c->user;
    front->in_work++;
    ecs_metric_add(&front->metrics->in_work, 1);
    ecs_http_on_gone(http, client_gone, c);
    ecs_flow_start(&c->flow, http->loop, arena, &c->log, web_steps, c, call_end);
}

/* ---- routes ---- */

static const struct web_route *find_route(const struct ecs_snapshot *s, struct ecs_str below,
                                          struct ecs_str *ret_rest)
{
    for (const struct web_route *r = web_routes; r->path; r++) {
        struct ecs_str path = ecs_str_of(r->path);
        bool whole =
            path.n && path.p[path.n - 1] == '/' ? ecs_str_starts_with(below, path) : ecs_str_eq(below, path);

        if (!whole || (r->enabled && !r->enabled(s)))
            continue;
        *ret_rest = (struct ecs_str){below.p + path.n, below.n - path.n};
        return r;
    }
    return NULL;
}

/* Without any page or endpoint the paths are the entitlement resource's, as all others. */
static bool any_enabled(const struct ecs_snapshot *s)
{
    for (const struct web_route *r = web_routes; r->path; r++)
        if (!r->enabled || r->enabled(s))
            return true;
    return false;
}

static void refuse(struct ecs_http_request *http, int status, unsigned methods)
{
    struct front *front = http->env;
    struct ecs_http_reply reply = {.status = status, .content_type = "text/plain; charset=utf-8"};

    if (status == 405)
        reply.headers[reply.header_count++] =
            (struct ecs_http_header){ECS_STR("Allow"), methods == WEB_POST  ? ECS_STR("POST")
                                                       : methods & WEB_POST ? ECS_STR("GET, HEAD, POST")
                                                                            : ECS_STR("GET, HEAD")};
    reply.body = status == 405 ? ECS_STR("the method is not allowed\n")
                               : ECS_STR("there is nothing at this address\n");
    add_common_headers(&reply);
    http->user = &front->web_user;
    ecs_http_reply(http, &reply);
}

bool web_handle(struct ecs_http_request *http)
{
    struct front *front = http->env;
    const struct ecs_snapshot *s = front->engine->snapshot;
    struct ecs_str base = ecs_str_of(s->web->path), path = http->path, rest;
    const struct web_route *route;
    unsigned method = http->method == ECS_HTTP_HEAD ? WEB_GET : 1u << http->method;

    if (!ecs_str_starts_with(path, base) || path.n <= base.n || path.p[base.n] != '/')
        return false;
    route = find_route(s, (struct ecs_str){path.p + base.n + 1, path.n - base.n - 1}, &rest);
    if (!route && !any_enabled(s))
        return false;
    if (!route)
        refuse(http, 404, 0);
    else if (!(route->methods & method))
        refuse(http, 405, route->methods);
    else
        begin(http, route, rest);
    return true;
}

void web_answered(const struct ecs_http_request *http, int status, size_t body_bytes)
{
    int64_t us = http->received_us ? ecs_clock_mono_us() - http->received_us : 0;

    ecs_log(&http->log, ECS_EV_REQUEST, "%d, %zu bytes, web page or endpoint, %lld us", status, body_bytes,
            (long long)us);
}
