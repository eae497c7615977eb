/* SPDX-License-Identifier: Apache-2.0 */
/* Pages for people and endpoints for servers on the device listeners, under web.path: the routes of
 * web_routes.def and a request of theirs in work. */
#pragma once

#include "ecs/form.h"
#include "front_internal.h"

enum web_body {
    WEB_BODY_NONE,      /* a body is refused */
    WEB_BODY_FORM,      /* application/x-www-form-urlencoded: in call->form */
    WEB_BODY_USER_DATA, /* the same, or user data as JSON or XML (TS.43 Table 50): their sid in call->form */
    WEB_BODY_RAW,       /* the handler reads call->http->body by itself */
};
enum { WEB_GET = 1 << ECS_HTTP_GET, WEB_POST = 1 << ECS_HTTP_POST, WEB_PUT = 1 << ECS_HTTP_PUT };

struct web_call;

struct web_route {
    const char *path; /* below web.path, without its first slash; "x/": with everything below */
    unsigned methods; /* WEB_GET (HEAD too), WEB_POST */
    enum web_body body;
    bool (*enabled)(const struct ecs_snapshot *snapshot);
    const struct ecs_step *steps; /* self: struct web_call; ends with ECS_DONE */
    void (*error)(struct web_call *call,
                  enum ecs_rc rc); /* fills the answer of a failed call; must not wait */
    const char *name;              /* for logs and metrics */
};
extern const struct web_route web_routes[]; /* ends with path NULL */

struct web_call {
    struct front_user user; /* first */
    struct ecs_flow flow; /* its arena is the call's own: a POST is completed even when its client has left */
    struct front *front;
    struct engine *engine;
    struct ecs_http_request *http; /* NULL: the client has gone */
    const struct web_route *route;
    struct ecs_log_ctx log;
    enum ecs_http_method method;
    int64_t now;         /* Unix seconds */
    struct ecs_str rest; /* path behind the route's, raw */
    struct ecs_str query_text;
    struct ecs_form query, form;
    const struct ecs_str *cookies; /* values of the Cookie header lines, copied */
    size_t cookie_n;
    struct ecs_str accept_language, authorization, content_type, body; /* copies in the call's arena */
    char peer[48];
    void *own; /* of the handler */
    /* answer; the body is copied at the end */
    int status;                   /* 0: 200 */
    const char *content_type_out; /* NULL: text/html; charset=utf-8 */
    struct ecs_buf out;
    struct ecs_http_header headers[ECS_HTTP_REPLY_HEADERS];
    size_t header_n;
};

/* sheet_body.c: the reference in JSON or XML user data as the only field of the form. False: neither of these
 * types, nothing was read. */
bool web_user_data(struct web_call *call, enum ecs_rc *ret_rc, const char **ret_reason);
/* First field of that name in the form, else in the query; {NULL, 0}: none. */
struct ecs_str web_field(const struct web_call *call, const char *name);
/* First value of a cookie of that name; {NULL, 0}: none. */
struct ecs_str web_cookie(const struct web_call *call, const char *name);
/* The value must live in the call's arena or be static. */
void web_header(struct web_call *call, const char *name, const char *value);
/* Zeroed memory for the handler's state in call->own; NULL: fail the flow with ECS_E_NO_MEMORY. */
void *web_own(struct web_call *call, size_t n);
/* public_url + web.path + "/" + path, in the arena; NULL: no memory. */
const char *web_url(const struct ecs_snapshot *snapshot, const char *path, struct ecs_arena *arena);

/* Ready-made error answers for routes: a line of text; RFC 6749 5.2 style JSON {"error": ...}. */
void web_error_text(struct web_call *call, enum ecs_rc rc);
void web_error_json(struct web_call *call, enum ecs_rc rc);
