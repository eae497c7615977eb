/* SPDX-License-Identifier: Apache-2.0 */
/* One call to a network over HTTP: its exchanges one after the other, each with a token where there is one,
 * one repetition with a fresh token after 401, one redirect within the same host. What is asked and what the
 * answers mean is the dialect's. */
#include <string.h>

#include "adapters/qos_int.h"
#include "ecs/clock.h"

enum { STEP_LIMIT_MS = 70000 };

const char qos_exhausted[] = "the call's memory is used up";

static const struct {
    const char *code;
    enum ecs_qos_outcome outcome;
    bool waits;
    const char *why;
} codes[] = {
#define CODE(code, outcome, waits, why) {code, ECS_QOS_##outcome, waits, why},
#include "adapters/qos_codes.def"
#undef CODE
};

/* ---- begin ---- */

struct qos_job *qos_job_new(struct ecs_flow *f, struct ecs_qos *qos, const struct qos_network *net,
                            struct ecs_qos_call *call)
{
    struct qos_job *job = ecs_alloc(f->arena, sizeof(*job));

    if (call) {
        call->outcome = ECS_QOS_AGAIN;
        call->why = qos_exhausted;
        call->handle_out = call->host_out = ECS_STR_NULL;
        call->ends_at = 0;
        call->retry_after_s = 0;
        call->waits = call->former_ended = call->unknown = false;
    }
    if (!job)
        return NULL;
    job->qos = qos;
    job->net = net;
    job->conf = net->conf;
    job->flow = f;
    job->arena = f->arena;
    job->call = call;
    job->answer.retry_after_s = -1;
    job->correlator = call ? ecs_strdup(f->arena, call->key) : NULL;
    return call && !job->correlator ? NULL : job;
}

/* ---- steps ---- */

static enum ecs_next fetch_token(struct ecs_flow *f)
{
    struct qos_job *job = f->self;

    return job->net->oauth ? ecs_oauth_client_token(f, job->net->oauth, ecs_clock_now(), &job->token)
                           : ECS_NEXT;
}

static enum ecs_next ask(struct ecs_flow *f)
{
    struct qos_job *job = f->self;

    if (job->net->oauth && job->token.rc != ECS_OK) {
        job->answer =
            (struct ecs_ask_answer){.rc = job->token.rc, .retry_after_s = -1, .error = job->token.error};
        return ECS_NEXT;
    }
    if (job->net->oauth)
        job->ask.bearer = job->token.token;
    if (job->conf->auth == ECS_QOS_AUTH_BASIC) {
        job->ask.basic_user = job->conf->client_id;
        job->ask.basic_password = job->conf->client_secret;
    }
    return ecs_neighbour_ask(f, job->net->neighbour, &job->ask, &job->answer);
}

/* A redirect (TS 29.500) that stays at the host of the configuration. */
static bool is_near(const struct qos_job *job)
{
    struct ecs_str base = ecs_str_of(job->conf->url), to = job->answer.location;

    for (size_t i = 8; i < base.n; i++) /* behind "https://" */
        if (base.p[i] == '/')
            base.n = i;
    return (job->answer.status == 307 || job->answer.status == 308) && to.n > base.n &&
           ecs_str_starts_with(to, base) && to.p[base.n] == '/';
}

static enum ecs_next take_answer(struct ecs_flow *f)
{
    struct qos_job *job = f->self;

    if (job->answer.rc == ECS_OK && job->answer.status == 401 && job->net->oauth && !job->retried) {
        job->retried = true;
        ecs_oauth_client_drop(job->net->oauth, job->token.token);
        return ecs_flow_goto(f, fetch_token);
    }
    if (job->answer.rc == ECS_OK && !job->moved && is_near(job)) {
        job->moved = true;
        job->ask.url = ecs_strdup(job->arena, job->answer.location);
        if (job->ask.url)
            return ecs_flow_goto(f, fetch_token);
    }
    job->stage++;
    return job->next(job) ? ecs_flow_goto(f, fetch_token) : ECS_DONE;
}

/* The neighbour has its own limits; these only stand behind them. */
static const struct ecs_step job_steps[] = {
    {"qos-token", fetch_token, STEP_LIMIT_MS},
    {"qos-ask", ask, STEP_LIMIT_MS},
    {"qos-answer", take_answer, 0},
    {0},
};

enum ecs_next qos_job_run(struct qos_job *job, bool (*next)(struct qos_job *job))
{
    job->next = next;
    return next(job) ? ecs_flow_call(job->flow, job_steps, job) : ECS_NEXT;
}

/* ---- what is asked ---- */

bool qos_ask(struct qos_job *job, const char *method, const char *path, const char *tail, json_t *body)
{
    size_t n = body ? json_dumpb(body, NULL, 0, JSON_COMPACT) : 0;
    char *text = n > 0 && n <= QOS_BODY_MAX ? ecs_alloc(job->arena, n) : NULL;
    bool good = !body || (text && json_dumpb(body, text, n, JSON_COMPACT) == n);
    struct ecs_str base = ecs_str_of(job->conf->url);
    struct ecs_ask_header *h = job->ask.header;

    json_decref(body);
    while (base.n && base.p[base.n - 1] == '/')
        base.n--;
    job->ask = (struct ecs_ask){.method = method,
                                .url = ecs_printf(job->arena, "%.*s%s%s", ECS_FMT(base), path, tail),
                                .content_type = text ? "application/json" : NULL,
                                .body = {text, text ? n : 0},
                                .once = strcmp(method, "POST") == 0};
    *h++ = (struct ecs_ask_header){"Accept", "application/json, application/problem+json"};
    if (job->correlator)
        *h++ = (struct ecs_ask_header){"x-correlator", job->correlator};
    if (job->conf->auth == ECS_QOS_AUTH_KEY)
        *h = (struct ecs_ask_header){job->conf->key_header, job->conf->key_value};
    job->moved = false;
    return good && job->ask.url;
}

/* ---- what was answered ---- */

bool qos_end(struct qos_job *job, enum ecs_qos_outcome outcome, const char *why)
{
    struct ecs_qos_call *c = job->call;

    c->outcome = outcome;
    c->why = why;
    if (outcome == ECS_QOS_AGAIN && job->answer.retry_after_s > 0)
        c->retry_after_s = job->answer.retry_after_s < 86400 ? (uint32_t)job->answer.retry_after_s : 86400;
    return false;
}

bool qos_is_good(const struct qos_job *job)
{
    return job->answer.rc == ECS_OK && job->answer.status >= 200 && job->answer.status < 300;
}

const json_t *qos_body(struct qos_job *job)
{
    json_t *json = NULL;
    const char *reason;

    if (job->answer.rc == ECS_OK && job->answer.body.n &&
        ecs_json_load(job->arena, job->answer.body, &json, &reason) == ECS_OK)
        return json;
    return NULL;
}

struct ecs_str qos_text(struct ecs_arena *arena, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    struct ecs_str s = {json_string_value(value), json_string_length(value)};
    char *copy = s.p && s.n ? ecs_strdup(arena, s) : NULL;

    return (struct ecs_str){copy, copy ? s.n : 0};
}

struct ecs_str qos_code(struct qos_job *job)
{
    const json_t *body = qos_body(job);
    struct ecs_str code = qos_text(job->arena, body, "code");

    return code.p ? code : qos_text(job->arena, body, "cause");
}

/* Without a code that we know. */
static const struct {
    int low, high;
    enum ecs_qos_outcome outcome;
    const char *why;
} statuses[] = {
    {200, 299, ECS_QOS_AGAIN, "the network's answer cannot be read"},
    {300, 399, ECS_QOS_REFUSED, "the network points elsewhere"},
    {401, 401, ECS_QOS_AGAIN, "HTTP 401: the network does not take our credentials"},
    {403, 403, ECS_QOS_AGAIN, "HTTP 403: the network does not allow us this call"},
    {404, 404, ECS_QOS_REFUSED, "HTTP 404: the network has nothing at this address"},
    {408, 408, ECS_QOS_AGAIN, "HTTP 408: the network was too slow"},
    {409, 409, ECS_QOS_AGAIN, "HTTP 409: another session is in force"},
    {425, 425, ECS_QOS_AGAIN, "HTTP 425: too early"},
    {429, 429, ECS_QOS_AGAIN, "HTTP 429: too many requests"},
    {400, 499, ECS_QOS_REFUSED, "HTTP 4xx: the network does not take our request"},
    {501, 501, ECS_QOS_REFUSED, "HTTP 501: the network has no such function"},
    {500, 599, ECS_QOS_AGAIN, "HTTP 5xx: the network has failed"},
};

bool qos_refused(struct qos_job *job)
{
    const struct ecs_ask_answer *a = &job->answer;
    struct ecs_str code;

    if (a->rc != ECS_OK) {
        job->call->unknown = a->rc == ECS_E_BACKEND || a->rc == ECS_E_TIMEOUT || a->rc == ECS_E_TOO_LARGE;
        return qos_end(job, a->rc == ECS_E_BAD_PARAMETER ? ECS_QOS_REFUSED : ECS_QOS_AGAIN,
                       a->error ? a->error : ecs_strerror(a->rc));
    }
    job->call->unknown = a->status >= 500 || a->status < 300;
    code = a->status >= 400 ? qos_code(job) : ECS_STR_NULL;
    for (size_t i = 0; code.p && i < ECS_ARRAY_LEN(codes); i++)
        if (ecs_str_eq(code, ecs_str_of(codes[i].code))) {
            job->call->waits = codes[i].waits;
            return qos_end(job, codes[i].outcome, codes[i].why);
        }
    for (size_t i = 0; i < ECS_ARRAY_LEN(statuses); i++)
        if (a->status >= statuses[i].low && a->status <= statuses[i].high)
            return qos_end(job, statuses[i].outcome, statuses[i].why);
    return qos_end(job, ECS_QOS_REFUSED, "an HTTP status that is no answer");
}

bool qos_unsure(struct qos_job *job)
{
    qos_refused(job);
    if (job->call->outcome == ECS_QOS_REFUSED)
        job->call->outcome = ECS_QOS_AGAIN;
    return false;
}

/* ---- handles and addresses ---- */

/* Unreserved characters of RFC 3986, and what ids have in practice; not "." and "..". */
static bool is_part(struct ecs_str s)
{
    if (!s.n || s.n > QOS_HANDLE_MAX || ecs_str_eq(s, ECS_STR(".")) || ecs_str_eq(s, ECS_STR("..")))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              (c && strchr("-._~:", c))))
            return false;
    }
    return true;
}

struct ecs_str qos_last_part(struct ecs_arena *arena, struct ecs_str link)
{
    char *copy;

    for (size_t i = 0; i < link.n; i++)
        if (link.p[i] == '?' || link.p[i] == '#')
            link.n = i;
    while (link.n && link.p[link.n - 1] == '/')
        link.n--;
    for (size_t i = link.n; i > 0; i--)
        if (link.p[i - 1] == '/') {
            link.p += i;
            link.n -= i;
            break;
        }
    copy = is_part(link) ? ecs_strdup(arena, link) : NULL;
    return (struct ecs_str){copy, copy ? link.n : 0};
}

const char *qos_handle_tail(const struct qos_job *job, const char *before, const char *behind)
{
    struct ecs_str handle = job->call->handle;

    return is_part(handle) ? ecs_printf(job->arena, "%s/%.*s%s", before, ECS_FMT(handle), behind) : NULL;
}

const char *qos_sink(const struct qos_job *job, const char *door)
{
    struct ecs_str base = ecs_str_of(job->conf->callback);

    while (base.n && base.p[base.n - 1] == '/')
        base.n--;
    if (!base.n || !job->call->sink.n)
        return NULL;
    return ecs_printf(job->arena, "%.*s/qos/%s%.*s", ECS_FMT(base), door, ECS_FMT(job->call->sink));
}

bool qos_is_our_sink(const struct qos_job *job, const json_t *address)
{
    const struct ecs_str own = job->call->sink;
    struct ecs_str found = {json_string_value(address), json_string_length(address)};

    return own.n && found.p && found.n > own.n && found.p[found.n - own.n - 1] == '/' &&
           memcmp(found.p + found.n - own.n, own.p, own.n) == 0;
}
