/* SPDX-License-Identifier: Apache-2.0 */
/* A call of a server (portal partner, SM-DP+, BSS), from route to answer. Faults that a caller can act on are
 * results of the call (callback_refuse), those of partners are written to the audit table with its name; only
 * what is ours to mend fails the flow. */
#include "callback.h"

#include <string.h>

#include "ecs/clock.h"
#include "ecs/store_admin.h"
#include "node.h"

enum {
    CALL_MEMORY = 1 << 20,
    BODY_MAX = 64 << 10, /* of an SM-DP+, with what the eUICC has signed */
    CONNECTIONS = 512,
    AUDIT_LIMIT_MS = 5000,
    TAIL_MAX = 128,
    LIMITER_SLOTS = 1024
};

const struct callback_route callback_routes[] = {
#define CALLBACK(method, path, handler, who, help)                                                           \
    {ECS_HTTP_##method, path, callback_##handler##_steps, #handler, callback_by_##who, #who, help},
#include "callback_routes.def"
#undef CALLBACK
    {0},
};

static const struct {
    int status;
    const char *code, *text;
} faults[CALLBACK_FAULT_COUNT] = {
    [CALLBACK_GOOD] = {200, "", ""},
    [CALLBACK_NO_PATH] = {404, "no_such_path", "there is no such path"},
    [CALLBACK_METHOD] = {405, "method_not_allowed", "this path takes POST only"},
    [CALLBACK_NO_CREDENTIAL] = {401, "credential_needed", "a bearer token is needed"},
    [CALLBACK_UNKNOWN_PARTNER] = {403, "unknown_partner",
                                  "nobody who may call this has that certificate or token"},
    [CALLBACK_RATE_LIMITED] = {429, "rate_limited", "too many calls"},
    [CALLBACK_BAD_REQUEST] = {400, "bad_request", "the body is malformed"},
    [CALLBACK_REFERENCE_UNKNOWN] = {404, "reference_unknown", "the reference is not one of this server"},
    [CALLBACK_REFERENCE_EXPIRED] = {410, "reference_expired", "the reference has expired"},
    [CALLBACK_SERVICE_FORBIDDEN] = {403, "service_forbidden", "this partner does not serve that service"},
    [CALLBACK_BRAND_FORBIDDEN] = {403, "brand_forbidden", "this partner does not serve that brand"},
    [CALLBACK_OTHER_PARTNER] = {403, "other_partner", "another partner has taken this hand-over"},
    [CALLBACK_SUBSCRIBER_GONE] = {404, "subscriber_gone", "the subscriber is no longer there"},
    [CALLBACK_FLOW_CLOSED] = {409, "flow_closed", "the flow of this reference has ended"},
    [CALLBACK_EVENT_REUSED] = {409, "event_id_reused", "event_id was used for another report"},
    [CALLBACK_PROCEDURE_GONE] = {404, "procedure_gone",
                                 "the procedure of this reference is not kept any more"},
    [CALLBACK_NOT_EXPECTED] = {409, "not_expected", "the procedure does not take this event where it stands"},
};

/* ---- for handlers ---- */

enum ecs_next callback_refuse(struct callback_call *call, enum callback_fault fault, const char *why)
{
    call->fault = fault;
    call->why = why;
    return ECS_DONE;
}

enum ecs_next callback_bind(struct callback_call *call, const struct ecs_json_field *fields, void *out)
{
    const char *reason = "";
    enum ecs_rc rc = ecs_json_bind(call->flow.arena, call->body, fields, out, &reason);
    struct ecs_str rest = ecs_str_of(reason), path;

    if (rc == ECS_OK)
        return ECS_NEXT;
    if (ecs_rc_http(rc) >= 500)
        return ecs_flow_fail(&call->flow, rc, "%s", reason);
    /* "path: fault" */
    if (rc == ECS_E_BAD_PARAMETER && ecs_str_find(rest, ECS_STR(": ")) > 0 && ecs_str_cut(&rest, ':', &path))
        call->field = ecs_strdup(call->flow.arena, path);
    return callback_refuse(call, CALLBACK_BAD_REQUEST, reason);
}

/* ---- steps ---- */

/* One part of a row's path may be free: "{event}", what stands behind it must be there again. */
static bool is_path(struct callback_call *c, const char *wanted, struct ecs_str path)
{
    size_t n = strcspn(wanted, "{");
    struct ecs_str behind;

    if (!wanted[n])
        return ecs_str_eq(path, ecs_str_of(wanted));
    behind = ecs_str_of(strchr(wanted, '}') + 1);
    if (path.n < behind.n || memcmp(path.p + path.n - behind.n, behind.p, behind.n) != 0)
        return false;
    path.n -= behind.n;
    if (path.n <= n || path.n - n > TAIL_MAX || memcmp(path.p, wanted, n) != 0 ||
        memchr(path.p + n, '/', path.n - n))
        return false;
    return front_keep(c->flow.arena, (struct ecs_str){path.p + n, path.n - n}, &c->tail);
}

static enum ecs_next route(struct ecs_flow *f)
{
    struct callback_call *c = f->self;
    struct ecs_str path = c->http->path;
    enum ecs_next next;
    uint64_t caller;

    for (const struct callback_route *r = callback_routes; r->path && !c->route; r++)
        if (is_path(c, r->path, path))
            c->route = r;
    if (!c->route) {
        callback_refuse(c, CALLBACK_NO_PATH, NULL);
        return ECS_NEXT;
    }
    if (c->http->method != c->route->method) {
        callback_refuse(c, CALLBACK_METHOD, NULL);
        return ECS_NEXT;
    }
    next = c->route->identify(c);
    if (next != ECS_NEXT)
        return next == ECS_DONE ? ECS_NEXT : next;
    caller = ecs_hash_more(ecs_hash(c->route->who, strlen(c->route->who)), c->caller, strlen(c->caller));
    if (!ecs_limiter_take(c->front->callback_limiter, caller, ecs_loop_now_us(f->loop), &c->retry_after_s)) {
        callback_refuse(c, CALLBACK_RATE_LIMITED, NULL);
        return ECS_NEXT;
    }
    return ecs_flow_call(f, c->route->steps, c);
}

static int good_status(const struct callback_call *c)
{
    return c->good_status ? c->good_status : faults[CALLBACK_GOOD].status;
}

static const char *who_calls(const struct callback_call *c)
{
    return c->route ? c->route->who : "caller";
}

/* What a partner was refused or told; reports that were carried out have their row already. What an SM-DP+ or
 * a BSS has told stands in the timelines of journeys. */
static enum ecs_next audit(struct ecs_flow *f)
{
    struct callback_call *c = f->self;
    const char *actor, *action, *detail;

    if (!c->route || c->route->identify == callback_by_partner)
        ecs_metric_count(c->front->metrics, c->fault ? ECS_M_PORTAL_REFUSED : ECS_M_PORTAL, 0);
    else
        ecs_metric_count(c->front->metrics, c->fault ? ECS_M_INBOUND_REFUSED : ECS_M_INBOUND, 0);
    ecs_log(&c->log, ECS_EV_PORTAL, "%s by %s %s: %d %s", c->route ? c->route->name : "no path", who_calls(c),
            c->caller ? c->caller : "unknown", c->fault ? faults[c->fault].status : good_status(c),
            c->fault ? faults[c->fault].code : "done");
    if (!c->partner || c->audited)
        return ECS_NEXT;
    actor = ecs_printf(f->arena, "partner:%s", c->partner->name);
    action = ecs_printf(f->arena, "portal.%s", c->route->name);
    detail = c->fault          ? ecs_printf(f->arena, "{\"refused\":\"%s\"}", faults[c->fault].code)
             : c->audit_detail ? c->audit_detail
                               : "{}";
    if (!actor || !action || !detail)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the call does not fit into memory");
    return ecs_store_audit(f, c->front->store, ecs_str_of(actor), ECS_STR("portal"), ecs_str_of(action),
                           ecs_str_of(c->subject), ecs_str_of(detail));
}

static void write_fault(struct callback_call *c, const char *code, const char *text)
{
    ecs_buf_reset(&c->out);
    c->json = (struct ecs_json_out){.buf = &c->out};
    ecs_json_begin(&c->json, NULL, '{');
    ecs_json_str(&c->json, "error", ecs_str_of(code));
    ecs_json_str(&c->json, "message", ecs_str_of(text));
    if (c->field)
        ecs_json_str(&c->json, "field", ecs_str_of(c->field));
    ecs_json_end(&c->json, '}');
}

static void add_header(struct callback_call *c, struct ecs_str name, struct ecs_str value)
{
    c->reply.headers[c->reply.header_count++] = (struct ecs_http_header){name, value};
}

static enum ecs_next answer(struct ecs_flow *f)
{
    struct callback_call *c = f->self;

    c->reply = (struct ecs_http_reply){.status = c->fault ? faults[c->fault].status : good_status(c),
                                       .content_type = "application/json"};
    if (c->reply.status == 204)
        c->reply.content_type = NULL;
    if (c->extra.name.p)
        add_header(c, c->extra.name, c->extra.value);
    if (c->fault)
        write_fault(c, faults[c->fault].code, c->why ? c->why : faults[c->fault].text);
    if (c->fault == CALLBACK_METHOD)
        add_header(c, ECS_STR("Allow"), ECS_STR("POST"));
    if (c->fault == CALLBACK_NO_CREDENTIAL)
        add_header(c, ECS_STR("WWW-Authenticate"), ECS_STR("Bearer"));
    if (c->out.overflow)
        return ecs_flow_fail(f, ECS_E_TOO_LARGE, "the answer is too large");
    return ECS_DONE;
}

/* Last step of the table: any failure lands here. */
static enum ecs_next answer_error(struct ecs_flow *f)
{
    struct callback_call *c = f->self;
    bool value = f->rc == ECS_E_BAD_PARAMETER && c->route; /* a constraint of the database */
    bool reused = f->rc == ECS_E_CONFLICT && c->route;     /* of two reports at once on two hand-overs */

    c->field = NULL;
    if (f->rc == ECS_E_NOT_FOUND && c->ref.journey)
        write_fault(c, faults[CALLBACK_PROCEDURE_GONE].code, faults[CALLBACK_PROCEDURE_GONE].text);
    else if (reused)
        write_fault(c, faults[CALLBACK_EVENT_REUSED].code, faults[CALLBACK_EVENT_REUSED].text);
    else if (value)
        write_fault(c, faults[CALLBACK_BAD_REQUEST].code, "the database refuses a value");
    else
        write_fault(c, ecs_rc_http(f->rc) == 503 ? "unavailable" : "internal", ecs_strerror(f->rc));
    c->reply = (struct ecs_http_reply){.status = ecs_rc_http(f->rc), .content_type = "application/json"};
    if (c->reply.status == 503)
        add_header(c, ECS_STR("Retry-After"), ECS_STR("5"));
    ecs_log_at(&c->log, ECS_EV_PORTAL, (enum ecs_log_level)ecs_rc_level(f->rc), "%s by %s %s: %d %s: %s",
               c->route ? c->route->name : "no path", who_calls(c), c->caller ? c->caller : "unknown",
               c->reply.status, ecs_rc_name(f->rc), f->reason);
    return ECS_DONE;
}

static const struct ecs_step callback_steps[] = {
    {"route", route, 0},
    {"audit", audit, AUDIT_LIMIT_MS},
    {"answer", answer, 0},
    {"answer-error", answer_error, 0},
    {0},
};

/* ---- begin and end ---- */

static void call_end(struct ecs_flow *f)
{
    struct callback_call *c = f->self;
    struct ecs_http_request *http = c->http;
    struct ecs_http_reply reply = c->reply;
    struct engine *engine = c->engine;

    if (http) {
        if (reply.status != 204)
            front_take_body(http, &c->out, ECS_STR("{}"), &reply);
        if (c->fault == CALLBACK_RATE_LIMITED)
            reply.headers[reply.header_count++] = (struct ecs_http_header){
                ECS_STR("Retry-After"), ecs_str_of(ecs_printf(http->arena, "%u", c->retry_after_s + 1))};
        reply.headers[reply.header_count++] =
            (struct ecs_http_header){ECS_STR("Cache-Control"), ECS_STR("no-store")};
    }
    c->front->in_work--;
    ecs_metric_add(&c->front->metrics->in_work, (uint64_t)-1);
    ecs_buf_done(&c->out);
    ecs_arena_free(f->arena); /* with the call */
    if (http)
        ecs_http_reply(http, &reply);
    engine_unref(engine); /* behind the reply, whose headers name texts of the snapshot */
}

static void client_gone(void *arg)
{
    struct callback_call *c = arg;

    c->http = NULL; /* what was reported is carried out */
}

static void handle(struct ecs_http_request *http)
{
    static const struct ecs_http_reply exhausted = {
        .status = 503, .body = {"{\"error\":\"unavailable\"}", 23}, .content_type = "application/json"};
    struct front *front = http->env;
    struct ecs_arena *arena = ecs_arena_new(NULL, CALL_MEMORY);
    struct callback_call *c = arena ? ecs_alloc(arena, sizeof(*c)) : NULL;

    if (!c || !front_keep(arena, http->body, &c->body) ||
        !front_keep(arena, ecs_http_header_get(http, "Authorization"), &c->authorization)) {
        ecs_arena_free(arena);
        ecs_http_reply(http, &exhausted);
        return;
    }
    c->front = front;
    c->engine = engine_ref(front->engine);
    c->http = http;
    c->log = http->log;
    c->now = ecs_clock_now();
    c->over_tls = http->tls;
    if (http->client)
        c->client = *http->client;
    c->out.limit = CALL_MEMORY / 4;
    c->json.buf = &c->out;
    c->reply = exhausted;
    front->in_work++; /* a drain waits for it */
    ecs_metric_add(&front->metrics->in_work, 1);
    http->user = c;
    ecs_http_on_gone(http, client_gone, c);
    ecs_flow_start(&c->flow, http->loop, arena, &c->log, callback_steps, c, call_end);
}

/* ---- servers ---- */

enum ecs_rc callback_start(struct front *front)
{
    const struct ecs_node *node = front->node;
    const struct ecs_snapshot *s = front->engine->snapshot;
    struct ecs_http_server_conf conf = {
        .limits = {.body = BODY_MAX, .connections = CONNECTIONS},
        .handler = handle,
        .env = front,
        .worker = front->worker->index,
    };
    enum ecs_rc rc = ECS_OK;

    if (!node->callback_n)
        return ECS_OK;
    front->callback_limiter =
        ecs_limiter_new((uint32_t)s->callback->per_minute, (uint32_t)s->callback->burst, LIMITER_SLOTS);
    if (!front->callback_limiter)
        return ECS_E_NO_MEMORY;
    for (unsigned i = 0; i < node->callback_n; i++) {
        conf.listen_fd = node->callback_fds[i];
        conf.tls = node->callback_is_tls[i] ? s->callback_tls : NULL;
        front->callback_servers[i] = ecs_http_server_new(front->worker->loop, &conf, &rc);
        if (!front->callback_servers[i])
            return rc;
        front->callback_server_n = i + 1;
    }
    return ECS_OK;
}

void callback_reload(struct front *front, const struct ecs_snapshot *s)
{
    if (!front->callback_limiter)
        return;
    ecs_limiter_set(front->callback_limiter, (uint32_t)s->callback->per_minute, (uint32_t)s->callback->burst);
    for (unsigned i = 0; i < front->callback_server_n; i++)
        ecs_http_server_set_tls(front->callback_servers[i], s->callback_tls); /* plain ones ignore it */
}

void callback_free(struct front *front)
{
    for (unsigned i = 0; i < front->callback_server_n; i++)
        ecs_http_server_free(front->callback_servers[i]);
    ecs_limiter_free(front->callback_limiter);
}
