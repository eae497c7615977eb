/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to devices: the document, the EAP challenge, the error; and what is told to log and metrics. */
#include "background.h"
#include "device.h"
#include "engine_qos.h"
#include "token_watch.h"

#include <stdio.h>
#include <string.h>

#include "ecs/clock.h"

enum { RETRY_MIN_S = 5, RETRY_SESSION_S = 1, RETRY_SPREAD_S = 25 };

static void add_header(struct ecs_http_reply *reply, struct ecs_str name, struct ecs_str value)
{
    if (value.p && reply->header_count < ECS_HTTP_REPLY_HEADERS)
        reply->headers[reply->header_count++] = (struct ecs_http_header){name, value};
}

static void start_reply(struct device *d, int status, const char *content_type)
{
    d->reply = (struct ecs_http_reply){.status = status, .content_type = content_type};
    add_header(&d->reply, ECS_STR("Cache-Control"), ECS_STR("no-store"));
}

static struct ecs_str arena_copy(struct device *d, struct ecs_str bytes)
{
    return (struct ecs_str){ecs_memdup(d->flow.arena, bytes.p, bytes.n ? bytes.n : 1), bytes.n};
}

/* What is no AppID may be anything, an identity that came under the wrong name included: it is only counted.
 */
static void note_skipped(const struct ecs_log_ctx *log, struct ecs_str rest)
{
    char names[64] = "";
    struct ecs_str part;
    size_t at = 0;
    unsigned other = 0;

    if (!rest.n)
        return;
    while (ecs_str_cut(&rest, ',', &part))
        if (part.n == 6 && ecs_str_starts_with_nocase(part, ECS_STR("ap")) && at + 8 < sizeof(names))
            at += (size_t)snprintf(names + at, sizeof(names) - at, " %.*s", ECS_FMT(part));
        else
            other++;
    ecs_log(log, ECS_EV_APP_SKIPPED, "AppIDs that TS.43 does not have:%s and %u others", names, other);
}

void device_note_request(struct device *d)
{
    const struct ecs_ts43_request *r = &d->request;
    struct ecs_log_ctx *log = &d->http->log;
    size_t at = 0;

    for (size_t i = 0; i < r->n_apps && at + 8 < sizeof(log->apps); i++)
        at += (size_t)snprintf(log->apps + at, sizeof(log->apps) - at, "%s%s", i ? " " : "",
                               ecs_app_id(r->apps[i]));
    if (r->has_terminal)
        memcpy(log->tac, r->terminal.tac, sizeof(log->tac));
    note_skipped(log, r->skipped_apps);
    for (size_t i = 0; i < r->n_notes; i++)
        ecs_log_at(log, ECS_EV_PARAM_IGNORED, ECS_LOG_DEBUG, "%s", r->notes[i]);
}

/* ---- document ---- */

/* The packed form of the document when the device takes one and it is worth it, else the document. */
static struct ecs_str packed(struct device *d, struct ecs_str body)
{
    int64_t min = d->engine->snapshot->device->gzip_min;
    struct ecs_buf *out = &d->front->packed;

    if (!min || body.n < (size_t)min || !ecs_accepts_gzip(ecs_http_header_get(d->http, "Accept-Encoding")))
        return body;
    ecs_buf_reset(out);
    if (ecs_gzip_deflate(d->front->gzip, body, out) != ECS_OK)
        return body;
    add_header(&d->reply, ECS_STR("Content-Encoding"), ECS_STR("gzip"));
    ecs_metric_count(d->front->metrics, ECS_M_GZIP, ECS_M_GZIP_ANSWER);
    return ecs_buf_str(out);
}

static void count_method(struct device *d, unsigned outcome)
{
    ecs_metric_count(d->front->metrics, ECS_M_METHODS, 4 * (unsigned)d->auth.method + outcome);
}

static void log_decisions(struct device *d)
{
    const struct ecs_app_context *c = &d->answer.context;

    for (size_t i = 0; i < c->result_n; i++) {
        const struct ecs_app_result *r = &c->result[i];

        ecs_metric_count(d->front->metrics, ECS_M_APPS, (unsigned)r->app * 4 + ((unsigned)r->status & 3));
        ecs_log_at(&d->http->log, ECS_EV_DECISION, ECS_LOG_DEBUG, "%s: status %d by rule %.*s",
                   ecs_app_id(r->app), r->status, ECS_FMT(r->offered ? r->rule : ECS_STR("(not offered)")));
    }
}

enum ecs_next device_send_document(struct ecs_flow *f)
{
    struct device *d = f->self;
    enum ecs_format format = ecs_accept_read(d->request.accept).format;

    start_reply(d, 200, ecs_format_type(format));
    add_header(&d->reply, ECS_STR("Content-Language"), d->engine->languages[d->answer.context.language]);
    d->reply.body = arena_copy(d, packed(d, ecs_buf_str(&d->front->scratch)));
    if (!d->reply.body.p)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the document does not fit into limits.arena");
    ecs_metric_count(d->front->metrics, ECS_M_FORMATS, format == ECS_FORMAT_JSON);
    count_method(d, ECS_M_AUTH_OK);
    log_decisions(d);
    if (d->answer.context.orders && !d->auth.repeated)
        orders_write(d->front, &d->auth.imsi, d->answer.context.orders);
    if (!d->auth.repeated)
        qos_seen(d->front, &d->auth.imsi, d->request.param[ECS_P_IPV4_ADDR], d->request.param[ECS_P_IPV6_ADDR]);
    token_watch_device(d);
    return ECS_DONE;
}

/* ---- rounds of an authentication ---- */

static const char *session_cookie(struct device *d)
{
    return ecs_printf(d->flow.arena, "%s=%.*s; Path=/; Secure; HttpOnly", d->engine->snapshot->auth->cookie,
                      ECS_FMT(d->auth.cookie));
}

/* One key, no blanks, no escaped slashes; the cookie repeats its first value on every round (C-12, C-18). */
static enum ecs_next send_challenge(struct ecs_flow *f)
{
    struct device *d = f->self;
    static const char head[] = "{\"eap-relay-packet\":\"", tail[] = "\"}";
    char text[ECS_BASE64_LEN(1020) + sizeof(head) + sizeof(tail)];
    const char *cookie = session_cookie(d);
    size_t n = sizeof(head) - 1;

    memcpy(text, head, n);
    n += ecs_base64_encode(d->auth.packet.p, d->auth.packet.n, text + n);
    memcpy(text + n, tail, sizeof(tail) - 1);
    n += sizeof(tail) - 1;
    start_reply(d, 200, ECS_TYPE_RELAY);
    d->reply.body = arena_copy(d, (struct ecs_str){text, n});
    if (!cookie || !d->reply.body.p)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the challenge");
    add_header(&d->reply, ECS_STR("Set-Cookie"), ecs_str_of(cookie));
    admission_begun(&d->front->admission, d->http->source, ecs_loop_now_us(f->loop));
    return ECS_DONE;
}

static enum ecs_next send_redirect(struct ecs_flow *f)
{
    struct device *d = f->self;

    start_reply(d, 302, NULL);
    add_header(&d->reply, ECS_STR("Location"), d->auth.location);
    return ECS_DONE;
}

/* An empty body tells clients of RCC.14 that the code comes by SMS (rcc14 digest 6). */
static enum ecs_next send_otp_sent(struct ecs_flow *f)
{
    struct device *d = f->self;
    const char *cookie = session_cookie(d);

    start_reply(d, 200, NULL);
    if (!cookie)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the cookie");
    add_header(&d->reply, ECS_STR("Set-Cookie"), ecs_str_of(cookie));
    return ECS_DONE;
}

static enum ecs_next send_declined(struct ecs_flow *f)
{
    struct device *d = f->self;
    struct ecs_buf *out = &d->front->scratch;
    enum ecs_format format = ecs_accept_read(d->request.accept).format;
    enum ecs_rc rc = answer_build_declined(&d->answer, &d->request, &d->auth);

    ecs_buf_reset(out);
    if (rc == ECS_OK)
        rc = ecs_doc_render(d->answer.doc, format, out);
    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "the document cannot be built");
    start_reply(d, 200, ecs_format_type(format));
    d->reply.body = arena_copy(d, ecs_buf_str(out));
    return d->reply.body.p ? ECS_DONE : ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the document");
}

enum ecs_next device_send_round(struct ecs_flow *f)
{
    static const ecs_step_fn senders[] = {
        [ECS_AUTH_CHALLENGE] = send_challenge,
        [ECS_AUTH_REDIRECT] = send_redirect,
        [ECS_AUTH_OTP_SENT] = send_otp_sent,
        [ECS_AUTH_DECLINED] = send_declined,
    };
    struct device *d = f->self;

    count_method(d, d->auth.outcome == ECS_AUTH_DECLINED ? ECS_M_AUTH_REFUSED : ECS_M_AUTH_CHALLENGE);
    return senders[d->auth.outcome](f);
}

/* ---- error ---- */

/* Whole positive seconds, spread so that devices do not come back together (C-42). */
static uint32_t retry_after(struct device *d, enum ecs_rc rc)
{
    uint16_t random = 0;
    uint32_t overload_s = (uint32_t)d->engine->snapshot->limits->overload_retry_s;

    if (rc == ECS_E_SESSION_LOST)
        return RETRY_SESSION_S;
    if (!ecs_random(d->front->crypto, &random, sizeof(random)))
        random = 7;
    if (rc == ECS_E_OVERLOAD) /* the wave comes back flatter */
        return overload_s + random % overload_s;
    return (d->auth.retry_after_s ? d->auth.retry_after_s : RETRY_MIN_S) + random % RETRY_SPREAD_S;
}

static void note_auth_failure(struct device *d, enum ecs_rc rc)
{
    count_method(d, ecs_rc_http(rc) >= 500 && ecs_rc_http(rc) != 511 ? ECS_M_AUTH_ERROR : ECS_M_AUTH_REFUSED);
    if (rc == ECS_E_RATE_LIMIT)
        ecs_metric_count(d->front->metrics, ECS_M_LIMITS,
                         d->auth.method == ECS_AUTH_EAP_BEGIN && d->auth.exchange ? ECS_M_LIMIT_SUBSCRIBER
                                                                                  : ECS_M_LIMIT_SOURCE);
}

/* Last step of the table: any failure lands here with the flow's code. */
enum ecs_next device_send_error(struct ecs_flow *f)
{
    struct device *d = f->self;
    enum ecs_rc rc = f->rc;
    int status = ecs_rc_http(rc);
    bool refused;
    struct ecs_buf *out = &d->front->scratch;

    if (d->authenticating)
        note_auth_failure(d, rc);
    if (rc == ECS_E_OVERLOAD && d->authenticating && !d->no_room)
        ecs_metric_count(d->front->metrics, ECS_M_LIMITS, ECS_M_LIMIT_DATABASE);
    ecs_buf_reset(out);
    /* An unknown subscriber and a wrong answer of the card look alike (E-026). */
    ecs_error_body(rc, status < 500 && rc != ECS_E_AUTH_REJECTED ? f->reason : NULL, out);
    start_reply(d, status, "text/plain; charset=utf-8");
    d->reply.body = arena_copy(d, ecs_buf_str(out));
    if (!d->reply.body.p)
        d->reply.body = ECS_STR("");
    if (status == 503)
        add_header(&d->reply, ECS_STR("Retry-After"),
                   ecs_str_of(ecs_printf(f->arena, "%u", retry_after(d, rc))));
    if (status == 405)
        add_header(&d->reply, ECS_STR("Allow"),
                   d->engine->snapshot->device->post ? ECS_STR("GET, POST") : ECS_STR("GET"));
    if (d->auth.misused)
        token_watch_misuse(d);
    refused = d->authenticating && (status < 500 || status == 511 || rc == ECS_E_RATE_LIMIT);
    ecs_log_at(&d->http->log, refused ? ECS_EV_AUTH_FAILED : ECS_EV_REQUEST_FAILED,
               (enum ecs_log_level)ecs_rc_level(rc), "%d %s: %s", status, ecs_rc_name(rc), f->reason);
    return ECS_DONE;
}

void device_answered(const struct ecs_http_request *http, int status, size_t body_bytes)
{
    struct front *front = http->env;
    const struct device *d = (const struct device *)http->user;
    /* Not the loop's time: that is of the turn's begin, before the wait for the database. */
    int64_t us = http->received_us ? ecs_clock_mono_us() - http->received_us : 0;

    ecs_metric_count(front->metrics, ECS_M_ANSWERS, (unsigned)d->flow.rc);
    ecs_metric_latency(front->metrics, status == 200 && d->auth.outcome == ECS_AUTH_CHALLENGE, us);
    ecs_log(&http->log, ECS_EV_REQUEST, "%d, %zu bytes, %s, %lld us", status, body_bytes,
            d->authenticating ? ecs_auth_method_name(d->auth.method) : "no credential", (long long)us);
}
