/* SPDX-License-Identifier: Apache-2.0 */
/* One call to a BSS over HTTP: its exchanges one after the other, each with a token where there is one, one
 * repetition with a fresh token after 401, and a bound on the whole. What is asked and what the answers mean
 * is the dialect's. */
#include <string.h>

#include "adapters/bss_int.h"
#include "ecs/clock.h"
#include "ecs/form.h"

enum { STEP_LIMIT_MS = 130000, LEAST_MS = 20, BODY_MAX = 65536 };

struct bss_call *bss_call_new(struct ecs_flow *f, struct ecs_bss *bss, bool (*next)(struct bss_call *call))
{
    struct bss_call *call = ecs_alloc(f->arena, sizeof(*call));

    if (!call)
        return NULL;
    call->bss = bss;
    call->flow = f;
    call->arena = f->arena;
    call->next = next;
    call->begun_us = ecs_clock_mono_us();
    call->answer.retry_after_s = -1;
    return call;
}

/* ---- steps ---- */

static enum ecs_next fetch_token(struct ecs_flow *f)
{
    struct bss_call *call = f->self;

    return call->bss->oauth ? ecs_oauth_client_token(f, call->bss->oauth, ecs_clock_now(), &call->token)
                            : ECS_NEXT;
}

/* Two exchanges' time for the whole; what is left is the limit of this one. */
static uint32_t time_left_ms(const struct bss_call *call)
{
    int64_t total = call->bss->conf->total_ms;
    int64_t left = 2 * total - (ecs_clock_mono_us() - call->begun_us) / 1000;

    return left <= 0 ? 0 : (uint32_t)(left < total ? left : total);
}

static enum ecs_next not_asked(struct bss_call *call, enum ecs_rc rc, const char *why)
{
    call->answer = (struct ecs_ask_answer){.rc = rc, .retry_after_s = -1, .error = why};
    return ECS_NEXT;
}

static enum ecs_next ask(struct ecs_flow *f)
{
    struct bss_call *call = f->self;
    const struct ecs_bss_conf *conf = call->bss->conf;

    if (call->bss->oauth && call->token.rc != ECS_OK)
        return not_asked(call, call->token.rc, call->token.error);
    call->ask.total_ms = time_left_ms(call);
    if (call->ask.total_ms < LEAST_MS)
        return not_asked(call, ECS_E_TIMEOUT, "no time is left for another exchange");
    if (call->bss->oauth)
        call->ask.bearer = call->token.token;
    if (conf->auth == ECS_BSS_AUTH_BASIC) {
        call->ask.basic_user = conf->client_id;
        call->ask.basic_password = conf->client_secret;
    }
    return ecs_neighbour_ask(f, call->bss->neighbour, &call->ask, &call->answer);
}

static enum ecs_next take_answer(struct ecs_flow *f)
{
    struct bss_call *call = f->self;

    if (call->answer.rc == ECS_OK && call->answer.status == 401 && call->bss->oauth && !call->retried) {
        call->retried = true;
        ecs_oauth_client_drop(call->bss->oauth, call->token.token);
        return ecs_flow_goto(f, fetch_token);
    }
    call->stage++;
    return call->next(call) ? ecs_flow_goto(f, fetch_token) : ECS_DONE;
}

/* The neighbour has its own limits; these only stand behind them. */
static const struct ecs_step call_steps[] = {
    {"bss-token", fetch_token, STEP_LIMIT_MS},
    {"bss-ask", ask, STEP_LIMIT_MS},
    {"bss-answer", take_answer, 0},
    {0},
};

enum ecs_next bss_call_run(struct bss_call *call)
{
    return call->next(call) ? ecs_flow_call(call->flow, call_steps, call) : ECS_NEXT;
}

/* ---- what is asked ---- */

/* https://bss + path + tail + "?" + query */
static bool set_url(struct bss_call *call, enum bss_name path, struct ecs_str tail, struct ecs_str query)
{
    struct ecs_str base = ecs_str_of(call->bss->conf->url), at = call->bss->names.name[path];
    struct ecs_buf escaped = {.limit = BSS_QUERY_MAX};

    if (!at.n)
        return false;
    while (base.n && base.p[base.n - 1] == '/')
        base.n--;
    ecs_form_add_escaped(&escaped, tail);
    if (!escaped.overflow)
        call->ask.url = ecs_printf(call->arena, "%.*s%.*s%s%.*s%s%.*s", ECS_FMT(base), ECS_FMT(at),
                                   tail.n ? "/" : "", (int)escaped.n, escaped.p ? escaped.p : "",
                                   query.n ? "?" : "", (int)query.n, query.n ? query.p : "");
    ecs_buf_done(&escaped);
    return call->ask.url != NULL;
}

static void set_headers(struct bss_call *call, const char *key)
{
    const struct ecs_bss_conf *conf = call->bss->conf;
    struct ecs_ask_header *h = call->ask.header;

    *h++ = (struct ecs_ask_header){"Accept", "application/json"};
    if (key)
        *h++ = (struct ecs_ask_header){"Idempotency-Key", key};
    if (conf->auth == ECS_BSS_AUTH_KEY)
        *h = (struct ecs_ask_header){conf->key_header, conf->key_value};
}

bool bss_ask_get(struct bss_call *call, enum bss_name path, struct ecs_str tail, struct ecs_str query)
{
    call->ask = (struct ecs_ask){.method = "GET"};
    set_headers(call, NULL);
    return set_url(call, path, tail, query);
}

bool bss_ask_post(struct bss_call *call, enum bss_name path, json_t *body, struct ecs_str key)
{
    size_t n = body ? json_dumpb(body, NULL, 0, JSON_COMPACT) : 0;
    char *text = n > 0 && n <= BODY_MAX ? ecs_alloc(call->arena, n) : NULL;
    const char *id = key.n ? ecs_strdup(call->arena, key) : NULL;
    bool good = text && (id || !key.n) && json_dumpb(body, text, n, JSON_COMPACT) == n;

    json_decref(body);
    if (!good)
        return false;
    call->ask = (struct ecs_ask){
        .method = "POST", .content_type = "application/json", .body = {text, n}, .once = key.n > 0};
    set_headers(call, id);
    return set_url(call, path, ECS_STR_NULL, ECS_STR_NULL);
}

/* ---- filters ---- */

static bool placeholder(const struct bss_call *call, struct ecs_str name, struct ecs_str *ret_value)
{
    static const struct {
        const char *name;
        enum bss_member member;
    } rows[] = {
        {"msisdn", BSS_M_MSISDN},   {"imsi", BSS_M_IMSI}, {"iccid", BSS_M_LINE_ICCID},     {"eid", BSS_M_EID},
        {"terminal", BSS_M_TARGET}, {"plan", BSS_M_PLAN}, {"enterprise", BSS_M_ENTERPRISE}};
    char *since;

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++)
        if (ecs_str_eq(name, ecs_str_of(rows[i].name))) {
            *ret_value = bss_subject_get(&call->subject, rows[i].member);
            return ret_value->n > 0;
        }
    *ret_value = ECS_STR_NULL;
    if (ecs_str_eq(name, ECS_STR("kind")))
        *ret_value = ecs_str_of(bss_kinds[bss_kind(call->subject.app)]);
    else if (ecs_str_eq(name, ECS_STR("key")))
        *ret_value = call->order.key;
    else if (ecs_str_eq(name, ECS_STR("reference")))
        *ret_value = call->reference;
    else if (ecs_str_eq(name, ECS_STR("since")) && call->since) {
        since = ecs_alloc(call->arena, 21);
        if (since)
            ecs_time_format(call->since, since);
        *ret_value = ecs_str_of(since);
    }
    return ret_value->n > 0;
}

bool bss_fill(const struct bss_call *call, struct ecs_str text, struct ecs_str *ret_text)
{
    struct ecs_buf out = {.limit = BSS_QUERY_MAX};
    struct ecs_str value;
    bool good = text.n > 0;
    char *copy;

    for (size_t i = 0; good && i < text.n; i++) {
        const char *end = text.p[i] == '{' ? memchr(text.p + i, '}', text.n - i) : NULL;

        if (!end) {
            ecs_buf_add_char(&out, text.p[i]);
            continue;
        }
        good = placeholder(call, (struct ecs_str){text.p + i + 1, (size_t)(end - text.p) - i - 1}, &value);
        if (good)
            ecs_form_add_escaped(&out, value);
        i = (size_t)(end - text.p);
    }
    good = good && !out.overflow;
    copy = good ? ecs_strdup(call->arena, ecs_buf_str(&out)) : NULL;
    *ret_text = (struct ecs_str){copy, copy ? out.n : 0};
    ecs_buf_done(&out);
    return copy != NULL;
}

/* ---- what was answered ---- */

static const struct {
    int low, high;
    enum ecs_bss_status status;
    const char *why;
} statuses[] = {
    {200, 299, ECS_BSS_DONE, NULL},
    {401, 401, ECS_BSS_DENIED, "HTTP 401: the BSS does not take our credentials"},
    {403, 403, ECS_BSS_DENIED, "HTTP 403: the BSS does not allow us this call"},
    {404, 404, ECS_BSS_UNKNOWN, "HTTP 404: the BSS has nothing at this address"},
    {408, 408, ECS_BSS_AGAIN, "HTTP 408: the BSS was too slow"},
    {409, 409, ECS_BSS_REFUSED, "HTTP 409: conflict"},
    {400, 400, ECS_BSS_REFUSED, "HTTP 400"},
    {422, 422, ECS_BSS_REFUSED, "HTTP 422"},
    {423, 425, ECS_BSS_AGAIN, "HTTP 423 to 425: busy"},
    {429, 429, ECS_BSS_AGAIN, "HTTP 429: too many calls"},
    {400, 499, ECS_BSS_DENIED, "HTTP 4xx: the BSS does not take the form of our call"},
    {501, 501, ECS_BSS_DENIED, "HTTP 501: the BSS has no such function"},
    {500, 599, ECS_BSS_AGAIN, "HTTP 5xx: the BSS has failed"},
    {0, 999, ECS_BSS_DENIED, "an HTTP status that is no answer"},
};

enum ecs_bss_status bss_http_status(const struct bss_call *call, const char **ret_why)
{
    const struct ecs_ask_answer *a = &call->answer;
    size_t i = 0;

    if (a->rc == ECS_E_BAD_PARAMETER || a->rc == ECS_E_CONFIG || a->rc == ECS_E_TOO_LARGE) {
        *ret_why = a->error ? a->error : ecs_strerror(a->rc);
        return a->rc == ECS_E_TOO_LARGE ? ECS_BSS_AGAIN : ECS_BSS_DENIED;
    }
    if (a->rc != ECS_OK) {
        *ret_why = a->error ? a->error : ecs_strerror(a->rc);
        return ECS_BSS_AGAIN;
    }
    while (i + 1 < ECS_ARRAY_LEN(statuses) && (a->status < statuses[i].low || a->status > statuses[i].high))
        i++;
    *ret_why = statuses[i].why;
    return statuses[i].status;
}

const json_t *bss_body(const struct bss_call *call, const char **ret_why)
{
    json_t *json = NULL;
    const char *reason;

    if (call->answer.body.n && ecs_json_load(call->arena, call->answer.body, &json, &reason) == ECS_OK)
        return json;
    *ret_why = "the answer of the BSS is no JSON";
    return NULL;
}
