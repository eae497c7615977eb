/* SPDX-License-Identifier: Apache-2.0 */
/* The device request, from parse to send: the story of this daemon in one table. Answers that are no document
 * are in device_reply.c. */
#include "device.h"

#include <string.h>

#include "ecs/clock.h"
#include "engine_ladder.h"
#include "notify.h"

enum { FACTS_LIMIT_MS = 5000, COOKIE_CANDIDATES = 4, COOKIE_LINES = 16 };

/* ---- parse and check ---- */

static enum ecs_next admit(struct ecs_flow *f)
{
    struct device *d = f->self;
    const struct ecs_device_conf *conf = d->engine->snapshot->device;
    struct ecs_str path = d->http->path, ours = ecs_str_of(conf->path);

    if (d->http->method != ECS_HTTP_GET && d->http->method != ECS_HTTP_POST)
        return ecs_flow_fail(f, ECS_E_METHOD, "neither GET nor POST");
    if (path.n && path.p[path.n - 1] == '/')
        path.n--;
    if (ours.p[ours.n - 1] == '/')
        ours.n--;
    if (ours.n && path.n && !ecs_str_eq(path, ours))
        return ecs_flow_fail(f, ECS_E_NOT_FOUND, "the path is not that of the entitlement resource");
    if (d->front->draining)
        return ecs_flow_fail(f, ECS_E_DRAINING, "this node is shutting down");
    return ECS_NEXT;
}

/* The request body after its content coding; ECS_OK leaves it in *ret_body. */
static enum ecs_rc decode_body(struct device *d, struct ecs_str *ret_body, const char **ret_why)
{
    struct ecs_str coding = ecs_str_trim(ecs_http_header_get(d->http, "Content-Encoding"));
    struct ecs_buf *out = &d->front->scratch;
    enum ecs_rc rc;
    char *copy;

    *ret_body = d->http->body;
    *ret_why = "Content-Encoding";
    if (!coding.n || ecs_str_eq_nocase(coding, ECS_STR("identity")))
        return ECS_OK;
    if (!ecs_str_eq_nocase(coding, ECS_STR("gzip")) && !ecs_str_eq_nocase(coding, ECS_STR("x-gzip")))
        return ECS_E_MEDIA_TYPE;
    ecs_buf_reset(out);
    rc = ecs_gzip_inflate(d->front->gzip, *ret_body, (size_t)d->engine->snapshot->limits->inflated, out);
    if (rc != ECS_OK)
        return rc;
    ecs_metric_count(d->front->metrics, ECS_M_GZIP, ECS_M_GZIP_REQUEST);
    copy = ecs_strdup(d->flow.arena, ecs_buf_str(out));
    *ret_body = (struct ecs_str){copy, out->n};
    return copy ? ECS_OK : ECS_E_TOO_LARGE;
}

static enum ecs_next parse(struct ecs_flow *f)
{
    struct device *d = f->self;
    struct ecs_ts43_input input = {.post = d->http->method == ECS_HTTP_POST, .query = d->http->query};
    const char *why;
    enum ecs_rc rc = decode_body(d, &input.body, &why);

    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "%s", why);
    input.content_type = ecs_http_header_get(d->http, "Content-Type");
    input.accept = ecs_http_header_get(d->http, "Accept");
    input.accept_language = ecs_http_header_get(d->http, "Accept-Language");
    input.user_agent = ecs_http_header_get(d->http, "User-Agent");
    input.authorization = ecs_http_header_get(d->http, "Authorization");
    rc = ecs_ts43_request_read(f->arena, &input, &d->request, &why);
    device_note_request(d);
    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "%s", why);
    if (input.post && d->request.kind != ECS_TS43_CONTINUATION && !d->engine->snapshot->device->post)
        return ecs_flow_fail(f, ECS_E_METHOD, "POST is switched off");
    return ECS_NEXT;
}

static enum ecs_next check(struct ecs_flow *f)
{
    struct device *d = f->self;
    const struct ecs_snapshot *s = d->engine->snapshot;
    const char *why;
    enum ecs_rc rc = ecs_ts43_request_check(&d->request, &why);

    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "%s", why);
    if (d->request.kind != ECS_TS43_NEW)
        return ECS_NEXT;
    if (!ecs_version_allowed(d->request.version, &s->bounds))
        return ecs_flow_fail(f, ECS_E_VERSION, "entitlement_version is outside of the configured bounds");
    if (d->request.has_terminal &&
        !ecs_limiter_take(d->front->device_limiter, ecs_hash(d->request.terminal.s, d->request.terminal.n),
                          ecs_loop_now_us(f->loop), &d->auth.retry_after_s)) {
        ecs_metric_count(d->front->metrics, ECS_M_LIMITS, ECS_M_LIMIT_DEVICE);
        return ecs_flow_fail(f, ECS_E_RATE_LIMIT, "limits.device_per_minute is reached");
    }
    return ECS_NEXT;
}

/* ---- room for it ---- */

static const struct {
    unsigned metric;
    const char *why;
} refusals[] = {
    [REFUSED_IN_WORK] = {ECS_M_LIMIT_IN_WORK, "limits.in_work is reached"},
    [REFUSED_PRESSURE] = {ECS_M_LIMIT_PRESSURE, "answers take longer than limits.answer_target"},
    [REFUSED_OUTSTANDING] = {ECS_M_LIMIT_OUTSTANDING, "limits.eap_outstanding is reached"},
};

static enum admission_class class_of(enum ecs_auth_method method)
{
    switch (method) {
    case ECS_AUTH_EAP_CONTINUE:
    case ECS_AUTH_OTP_ANSWER:
    case ECS_AUTH_OIDC_RETURN:
        return ADMIT_CONTINUATION;
    case ECS_AUTH_EAP_BEGIN:
    case ECS_AUTH_OTP_BEGIN:
    case ECS_AUTH_OIDC_BEGIN:
        return ADMIT_NEW;
    default:
        return ADMIT_TOKEN;
    }
}

/* Their time is that of a neighbour. */
static bool waits_for_others(enum ecs_auth_method method)
{
    return method == ECS_AUTH_OIDC_RETURN || method == ECS_AUTH_SERVER || method == ECS_AUTH_TEMPORARY ||
           method == ECS_AUTH_OPERATOR;
}

/* Asked by the EAP method, which knows best when an exchange begins: also behind a stale token. */
static bool may_begin(void *arg)
{
    struct device *d = arg;
    enum admission_verdict verdict = admission_may_begin(
        &d->front->admission, d->http->first ? ADMIT_CHOSEN : ADMIT_NEW, ecs_loop_now_us(d->flow.loop));

    if (verdict != ADMITTED)
        ecs_metric_count(d->front->metrics, ECS_M_LIMITS, refusals[verdict].metric);
    d->no_room = verdict != ADMITTED;
    return !d->no_room;
}

/* A provider that hangs must not keep token requests out. */
static void park(void *arg, bool parked)
{
    struct device *d = arg;

    if (d->admitted && d->parked != parked) {
        admission_park(&d->front->admission, parked);
        d->parked = parked;
    }
}

static enum ecs_next find_room(struct ecs_flow *f)
{
    struct device *d = f->self;
    enum admission_class class = class_of(d->auth.method);
    enum admission_verdict verdict;

    if (d->http->first && class > ADMIT_CHOSEN)
        class = ADMIT_CHOSEN;
    verdict = admission_enter(&d->front->admission, class, ecs_loop_now_us(f->loop));

    if (verdict != ADMITTED) {
        ecs_metric_count(d->front->metrics, ECS_M_LIMITS, refusals[verdict].metric);
        return ecs_flow_fail(f, ECS_E_OVERLOAD, "%s", refusals[verdict].why);
    }
    d->admitted = true;
    return ECS_NEXT;
}

/* ---- authenticate ---- */

static void find_cookies(struct device *d)
{
    struct ecs_str lines[COOKIE_LINES];
    size_t n = 0;

    for (size_t i = 0; i < d->http->header_count && n < COOKIE_LINES; i++)
        if (ecs_str_eq_nocase(d->http->headers[i].name, ECS_STR("Cookie")))
            lines[n++] = d->http->headers[i].value;
    d->auth.cookies = d->cookies;
    d->auth.cookie_n = ecs_cookie_find(lines, n, ecs_str_of(d->engine->snapshot->auth->cookie), d->cookies,
                                       COOKIE_CANDIDATES);
}

/* One key per IPv4 address or IPv6 /64. */
static uint64_t source_of(const char *peer)
{
    struct ecs_cidr block;

    if (!ecs_cidr_parse(ecs_str_of(peer), &block))
        return ecs_hash(peer, strlen(peer));
    return ecs_hash(block.addr, memcmp(block.addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0 ? 16 : 8);
}

static enum ecs_next choose_method(struct ecs_flow *f)
{
    struct device *d = f->self;
    enum ecs_rc rc;

    d->auth.env = &d->engine->auth;
    d->auth.request = &d->request;
    d->auth.now = d->now;
    d->auth.peer = d->http->peer;
    d->auth.host = ecs_http_host(d->http);
    d->auth.may_begin = may_begin;
    d->auth.may_begin_arg = d;
    d->auth.parked = park;
    d->auth.parked_arg = d;
    if (d->request.kind != ECS_TS43_NEW)
        find_cookies(d);
    d->auth.source_hash = source_of(d->http->peer);
    rc = ecs_auth_select(&d->auth);
    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "no credential that this server can check");
    return ECS_NEXT;
}

static enum ecs_next authenticate(struct ecs_flow *f)
{
    struct device *d = f->self;

    d->authenticating = true;
    return ecs_flow_call(f, ecs_auth_steps(d->auth.method), &d->auth);
}

/* ---- facts ---- */

static struct ecs_str terminal_of(const struct device *d)
{
    return d->request.has_terminal ? (struct ecs_str){d->request.terminal.s, d->request.terminal.n}
                                   : ECS_STR_NULL;
}

/* The database is away: what was known when this device last asked here, where the operator permits it. */
static bool recall(struct device *d)
{
    const struct ecs_last_known_conf *conf = d->engine->snapshot->last_known;
    const struct ecs_subscriber_facts *facts = NULL;
    int64_t age_s;

    if (!conf->max_age_s || !d->front->known || d->auth.method != ECS_AUTH_TOKEN ||
        ecs_store_is_up(d->front->store))
        return false;
    for (size_t i = 0; i < d->request.n_apps; i++)
        if (!(d->engine->snapshot->last_known_apps & 1u << d->request.apps[i]))
            return false;
    facts = last_known_get(d->front->known, ecs_str_of(d->auth.imsi.s), terminal_of(d), conf->max_age_s,
                           d->now, &age_s);
    ecs_metric_count(d->front->metrics, ECS_M_LAST_KNOWN, facts ? ECS_M_RECALLED : ECS_M_NOT_RECALLED);
    if (!facts)
        return false;
    d->facts = *facts;
    d->from_memory = true;
    d->answer.validity_max_s = conf->validity_s;
    ecs_log(&d->http->log, ECS_EV_LAST_KNOWN, "facts of %lld s ago", (long long)age_s);
    return true;
}

static void remember(struct device *d)
{
    if (d->engine->snapshot->last_known->max_age_s && d->front->known && !d->from_memory)
        last_known_put(d->front->known, ecs_str_of(d->auth.imsi.s), terminal_of(d), &d->facts, d->now);
}

/* What the database has just refused must not open when it is away. */
static void forget(struct device *d)
{
    if (d->front->known && !d->from_memory)
        last_known_forget(d->front->known, ecs_str_of(d->auth.imsi.s), terminal_of(d));
}

bool device_facts_key(struct device *d, struct ecs_facts_key *ret_key)
{
    *ret_key = (struct ecs_facts_key){.imsi = ecs_str_of(d->auth.imsi.s)};
    if (d->request.has_terminal) {
        ret_key->terminal_id = terminal_of(d);
        if (d->request.terminal.tac[0])
            ret_key->tac = ecs_str_of(d->request.terminal.tac);
    }
    return ecs_app_data_key(d->flow.arena, d->front->crypto, &d->request, d->engine->snapshot->offered, ret_key);
}

static enum ecs_next load_facts(struct ecs_flow *f)
{
    struct device *d = f->self;
    struct ecs_facts_key key;

    if (class_of(d->auth.method) == ADMIT_CONTINUATION)
        device_note_request(d); /* only now known: the request that opened the exchange */
    if (d->auth.outcome != ECS_AUTH_PASSED)
        return ecs_flow_goto(f, device_send_round);
    if (!d->auth.imsi.s[0])
        return ECS_NEXT; /* no line behind it */
    if (f->log)
        ecs_imsi_mask(&d->auth.imsi, f->log->imsi);
    if (!device_facts_key(d, &key))
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the request does not fit into limits.arena");
    if (!key.data.n && d->auth.facts)
        d->facts = *d->auth.facts;
    if (!key.data.n && (d->auth.facts || recall(d)))
        return ECS_NEXT;
    return ecs_store_facts(f, d->front->store, &key, &d->facts);
}

/* A token of a subscriber who has gone or was revoked; with EAP_ID beside it the device is challenged
 * instead. */
static enum ecs_next stale_token(struct ecs_flow *f, struct device *d)
{
    if (!d->request.param[ECS_P_EAP_ID].n)
        return ecs_flow_fail(f, ECS_E_TOKEN_INVALID, "token: revoked, or its subscriber has gone");
    d->auth.method = ECS_AUTH_EAP_BEGIN;
    d->auth.outcome = ECS_AUTH_PASSED;
    return ecs_flow_call(f, ecs_auth_steps(ECS_AUTH_EAP_BEGIN), &d->auth);
}

static enum ecs_next check_subscriber(struct ecs_flow *f)
{
    struct device *d = f->self;

    if (!d->auth.imsi.s[0])
        return ECS_NEXT;
    if (d->auth.method == ECS_AUTH_TOKEN &&
        (!d->facts.known ||
         ecs_auth_token_current(&d->auth.token, (uint32_t)d->facts.token_generation) != ECS_OK)) {
        forget(d);
        return stale_token(f, d);
    }
    if (!d->facts.known)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "the subscriber is not in the database");
    remember(d);
    if (d->auth.provider.n && !d->auth.repeated)
        after_auth(d->front, d->engine, &d->auth);
    return ECS_NEXT;
}

/* ---- decide, render, send ---- */

static enum ecs_next decide(struct ecs_flow *f)
{
    struct device *d = f->self;
    enum ecs_rc rc;

    if (d->auth.outcome != ECS_AUTH_PASSED)
        return ecs_flow_goto(f, device_send_round);
    rc = answer_build(&d->answer, &d->request, &d->facts, &d->auth);
    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc == ECS_E_TOO_LARGE ? ECS_E_NO_MEMORY : rc, "the document cannot be built");
    return ECS_NEXT;
}

static enum ecs_next render(struct ecs_flow *f)
{
    struct device *d = f->self;
    struct ecs_buf *out = &d->front->scratch;
    enum ecs_rc rc;

    ecs_buf_reset(out);
    rc = ecs_doc_render(d->answer.doc, ecs_accept_read(d->request.accept).format, out);
    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "the document cannot be rendered");
    return ECS_NEXT;
}

const struct ecs_step device_steps[] = {
    {"admit", admit, 0},
    {"parse", parse, 0},
    {"check", check, 0},
    {"check-applications", device_check_applications, 0},
    {"choose-method", choose_method, 0},
    {"find-room", find_room, 0},
    {"check-early", device_check_early, 0},
    {"judge-early", device_judge_early, 0},
    {"authenticate", authenticate, 0},
    {"load-facts", load_facts, FACTS_LIMIT_MS},
    {"check-subscriber", check_subscriber, 0},
    {"register-push", notify_register, 0},
    {"check-operation", device_check_operation, 0},
    {"act", device_act, 0},
    {"operate", device_operate, 0},
    {"decide", decide, 0},
    {"render", render, 0},
    {"send", device_send_document, 0},
    {"send-round", device_send_round, 0},
    {"send-error", device_send_error, 0},
    {0},
};

static void client_gone(void *arg)
{
    struct device *d = arg;

    d->http = NULL;
    ecs_flow_abort(&d->flow);
}

/* Refusals say nothing about the load; an answer, or a back end that was too slow for one, does. */
static void leave(struct device *d)
{
    int64_t now = ecs_clock_mono_us();
    /* Operations wait for the driver of journeys: no load of ours. */
    bool tells = d->http && !waits_for_others(d->auth.method) && !d->auth.waited &&
                 !d->answer.context.operation && (d->flow.rc == ECS_OK || d->flow.rc == ECS_E_TIMEOUT);

    park(d, false); /* its client has gone while it waited */
    /* The exchange was found, whatever became of it. */
    if (d->auth.method == ECS_AUTH_EAP_CONTINUE && (d->auth.verdict || d->auth.imsi.s[0]))
        admission_continued(&d->front->admission);

    admission_leave(&d->front->admission, tells ? now - d->http->received_us : -1, now);
}

static void device_end(struct ecs_flow *f)
{
    struct device *d = f->self;
    struct engine *engine = d->engine;

    if (d->admitted)
        leave(d);
    ecs_metric_add(&d->front->metrics->in_work, (uint64_t)-1);
    d->front->in_work--;
    if (d->auth.verdict)
        ecs_metric_count(d->front->metrics, ECS_M_EAP, d->auth.verdict - 1);
    if (d->http)
        ecs_http_reply(d->http, &d->reply); /* d goes with the arena */
    engine_unref(engine);                   /* after the reply, whose headers name texts of the snapshot */
}

void device_handle(struct ecs_http_request *http)
{
    static const struct ecs_http_reply exhausted = {
        .status = 503,
        .body = {"short of memory\n", 16},
        .content_type = "text/plain",
        .headers = {{{"Retry-After", 11}, {"30", 2}}, {{"Cache-Control", 13}, {"no-store", 8}}},
        .header_count = 2};
    struct front *front = http->env;
    struct device *d = ecs_alloc(http->arena, sizeof(*d));

    if (!d) {
        ecs_http_reply(http, &exhausted);
        return;
    }
    d->user.kind = FRONT_DEVICE;
    d->front = front;
    d->http = http;
    d->engine = engine_ref(front->engine);
    d->now = ecs_clock_now();
    d->reply = exhausted;
    d->answer.front = front;
    d->answer.engine = d->engine;
    d->answer.arena = http->arena;
    d->answer.now = d->now;
    http->user = &d->user;
    front->in_work++;
    ecs_metric_add(&front->metrics->in_work, 1);
    ecs_http_on_gone(http, client_gone, d);
    ecs_flow_start(&d->flow, http->loop, http->arena, &http->log, device_steps, d, device_end);
}
