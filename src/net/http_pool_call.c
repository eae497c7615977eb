/* SPDX-License-Identifier: Apache-2.0 */
/* One call: the ask becomes a curl handle, the answer goes to the flow's arena. The time limit
 * is our own timer and not curl's, which does not count while a call waits for a connection. Texts about
 * failures come from a table, because curl's own name hosts and paths. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ecs/clock.h"
#include "http_pool_priv.h"

enum {
    REPEATS = 2,
    IDLE_S = 60,           /* a connection unused for longer is not used again */
    IDLE_HTTP2_S = 3600,   /* providers of push count many short connections as abuse */
    KEEPALIVE_IDLE_S = 30, /* TCP's: a peer that vanished is noticed before the next call is lost on it */
    KEEPALIVE_INTERVAL_S = 15
};

struct call {
    struct ecs_neighbour *n;
    struct ecs_flow *flow;
    struct ecs_ask_answer *ret;
    CURL *easy;
    struct curl_slist *headers;
    struct ecs_timer limit;
    struct ecs_buf body;
    struct http_head head;
    int64_t begun_us;
    unsigned repeats;
    bool probe, too_large, no_memory;
};

/* ---- from ask to handle ---- */

static void wipe(struct ecs_buf *buf)
{
    if (buf->p)
        explicit_bzero(buf->p, buf->cap);
    ecs_buf_done(buf);
}

static bool add_line(struct call *call, const char *name, const char *between, const char *value)
{
    struct ecs_buf line = {0};
    struct curl_slist *list = NULL;

    ecs_buf_add_cstr(&line, name);
    ecs_buf_add_cstr(&line, between);
    ecs_buf_add_cstr(&line, value);
    ecs_buf_add_char(&line, '\0');
    if (!line.overflow)
        list = curl_slist_append(call->headers, line.p);
    if (list)
        call->headers = list;
    wipe(&line);
    return list != NULL;
}

static bool add_basic(struct call *call, const char *user, const char *password)
{
    struct ecs_buf pair = {0}, text = {0};
    bool ok = false;

    ecs_buf_printf(&pair, "%s:%s", user, password);
    if (!pair.overflow && ecs_buf_reserve(&text, ECS_BASE64_LEN(pair.n) + 1)) {
        (void)ecs_base64_encode(pair.p, pair.n, text.p);
        ok = add_line(call, "Authorization", ": Basic ", text.p);
    }
    wipe(&pair);
    wipe(&text);
    return ok;
}

/* "Name:" takes a header of curl's own away, "Name;" sends it empty. */
static bool add_headers(struct call *call, const struct ecs_ask *ask)
{
    bool ok = add_line(call, "Expect", ":", "");

    if (ask->content_type)
        ok = ok && add_line(call, "Content-Type", ": ", ask->content_type);
    else
        ok = ok && add_line(call, "Content-Type", ":", "");
    if (ask->bearer)
        ok = ok && add_line(call, "Authorization", ": Bearer ", ask->bearer);
    if (ask->basic_user)
        ok = ok && add_basic(call, ask->basic_user, ask->basic_password);
    for (size_t i = 0; ok && i < ECS_ASK_HEADERS && ask->header[i].name; i++) {
        const struct ecs_ask_header *h = &ask->header[i];

        ok = h->value[strspn(h->value, " ")] ? add_line(call, h->name, ": ", h->value)
                                             : add_line(call, h->name, ";", "");
    }
    return ok;
}

static size_t on_header(char *bytes, size_t size, size_t n, void *arg)
{
    struct call *call = arg;

    /* Behind the body come trailers: nobody asked for them. */
    if (call->body.n > 0)
        return size * n;
    return http_head_add(&call->head, (struct ecs_str){bytes, size * n}) ? size * n : 0;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
    struct call *call = arg;
    size_t len = size * n;

    if (len > call->n->conf.max_answer - call->body.n) {
        call->too_large = true;
        return 0;
    }
    ecs_buf_add(&call->body, bytes, len);
    call->no_memory = call->body.overflow;
    return call->no_memory ? 0 : len;
}

#define SET(option, value) rc = rc == CURLE_OK ? curl_easy_setopt(call->easy, option, value) : rc

static long http_version(const struct ecs_neighbour *n, const char *url)
{
    if (!n->conf.http2)
        return CURL_HTTP_VERSION_1_1;
    if (ecs_str_starts_with_nocase(ecs_str_of(url), ECS_STR("http://")))
        return CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
    return CURL_HTTP_VERSION_2TLS;
}

static CURLcode set_transport(struct call *call, const char *url)
{
    const struct ecs_neighbour_conf *conf = &call->n->conf;
    CURLcode rc = CURLE_OK;

    SET(CURLOPT_NOSIGNAL, 1L);
    /* Else giving up a call whose name is still being resolved would wait for the resolver. */
    SET(CURLOPT_QUICK_EXIT, 1L);
    SET(CURLOPT_PROTOCOLS_STR, conf->allow_plain ? "https,http" : "https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_HTTP_VERSION, http_version(call->n, url));
    SET(CURLOPT_PIPEWAIT, conf->http2 ? 1L : 0L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)conf->connect_ms);
    SET(CURLOPT_MAXAGE_CONN, conf->http2 ? (long)IDLE_HTTP2_S : (long)IDLE_S);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_IDLE_S);
    SET(CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_INTERVAL_S);
    SET(CURLOPT_CLOSESOCKETFUNCTION, http_close_socket);
    SET(CURLOPT_CLOSESOCKETDATA, call->n);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    if (conf->ca_file) {
        SET(CURLOPT_CAINFO, conf->ca_file);
        SET(CURLOPT_CAPATH, NULL); /* the system's folder is trusted beside it otherwise */
    }
    if (conf->cert_file) {
        SET(CURLOPT_SSLCERT, conf->cert_file);
        SET(CURLOPT_SSLKEY, conf->key_file ? conf->key_file : conf->cert_file);
    }
    return rc;
}

static CURLcode set_request(struct call *call, const struct ecs_ask *ask)
{
    CURLcode rc = CURLE_OK;

    SET(CURLOPT_URL, ask->url);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_USERAGENT, "entitlementd");
    SET(CURLOPT_HTTPHEADER, call->headers);
    SET(CURLOPT_PRIVATE, (char *)call);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, call);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, call);
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)call->n->conf.max_answer);
    if (ask->body.n > 0 || strcmp(ask->method, "POST") == 0 || strcmp(ask->method, "PUT") == 0) {
        SET(CURLOPT_POSTFIELDS, ask->body.n > 0 ? ask->body.p : "");
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)ask->body.n);
    }
    SET(CURLOPT_CUSTOMREQUEST, ask->method);
    SET(CURLOPT_FRESH_CONNECT, ask->once ? 1L : 0L); /* curl repeats on kept connections only */
    return rc;
}

#undef SET

static void free_call(struct call *call)
{
    curl_easy_cleanup(call->easy);
    for (struct curl_slist *line = call->headers; line; line = line->next)
        explicit_bzero(line->data, strlen(line->data));
    curl_slist_free_all(call->headers);
    wipe(&call->body);
    http_head_done(&call->head);
    free(call);
}

static struct call *new_call(struct ecs_neighbour *n, const struct ecs_ask *ask)
{
    struct call *call = calloc(1, sizeof(*call));

    if (!call)
        return NULL;
    call->n = n;
    call->body.limit = n->conf.max_answer;
    call->easy = curl_easy_init();
    if (call->easy && add_headers(call, ask) && set_transport(call, ask->url) == CURLE_OK &&
        set_request(call, ask) == CURLE_OK && curl_multi_add_handle(n->multi, call->easy) == CURLM_OK)
        return call;
    free_call(call);
    return NULL;
}

/* ---- from handle to answer ---- */

static enum ecs_rc reason_of(CURLcode code, const char **ret_text)
{
    static const struct {
        CURLcode code;
        enum ecs_rc rc;
        const char *text;
    } table[] = {
        {CURLE_URL_MALFORMAT, ECS_E_BAD_PARAMETER, "the URL is malformed"},
        {CURLE_COULDNT_RESOLVE_HOST, ECS_E_BACKEND, "its name cannot be resolved"},
        {CURLE_COULDNT_CONNECT, ECS_E_BACKEND, "it refuses connections or cannot be reached"},
        {CURLE_OPERATION_TIMEDOUT, ECS_E_TIMEOUT, "no connection within the time limit"},
        {CURLE_SSL_CONNECT_ERROR, ECS_E_BACKEND, "the TLS handshake failed"},
        {CURLE_PEER_FAILED_VERIFICATION, ECS_E_BACKEND, "its certificate is not trusted or has another name"},
        {CURLE_SSL_CERTPROBLEM, ECS_E_BACKEND, "our client certificate or its key cannot be used"},
        {CURLE_SSL_CACERT_BADFILE, ECS_E_BACKEND, "the file of trusted certificates cannot be read"},
        {CURLE_SEND_ERROR, ECS_E_BACKEND, "the connection broke while asking"},
        {CURLE_RECV_ERROR, ECS_E_BACKEND, "the connection broke before the whole answer was in"},
        {CURLE_GOT_NOTHING, ECS_E_BACKEND, "the connection was closed without an answer"},
        {CURLE_PARTIAL_FILE, ECS_E_BACKEND, "the connection broke before the whole answer was in"},
        {CURLE_UNSUPPORTED_PROTOCOL, ECS_E_BACKEND, "the answer is not HTTP"},
        {CURLE_WEIRD_SERVER_REPLY, ECS_E_BACKEND, "the answer is not HTTP"},
        {CURLE_BAD_CONTENT_ENCODING, ECS_E_BACKEND, "the answer is not HTTP"},
        {CURLE_HTTP2, ECS_E_BACKEND, "the HTTP/2 connection broke"},
        {CURLE_HTTP2_STREAM, ECS_E_BACKEND, "the HTTP/2 stream was reset"},
        {CURLE_FILESIZE_EXCEEDED, ECS_E_TOO_LARGE, "the answer is too large"},
        {CURLE_OUT_OF_MEMORY, ECS_E_BACKEND, "out of memory"},
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(table); i++)
        if (table[i].code == code) {
            *ret_text = table[i].text;
            return table[i].rc;
        }
    *ret_text = "the call failed";
    return ECS_E_BACKEND;
}

static enum ecs_rc outcome_of(const struct call *call, CURLcode code, const char **ret_text)
{
    long version = 0;

    if (call->too_large || call->head.too_large) {
        *ret_text = call->too_large ? "the answer is too large" : "the headers of the answer are too large";
        return ECS_E_TOO_LARGE;
    }
    if (call->head.malformed || call->no_memory) {
        *ret_text = call->no_memory ? "out of memory" : "a header of the answer is malformed";
        return ECS_E_BACKEND;
    }
    if (code != CURLE_OK)
        return reason_of(code, ret_text);
    (void)curl_easy_getinfo(call->easy, CURLINFO_HTTP_VERSION, &version);
    if (call->n->conf.http2 && version != CURL_HTTP_VERSION_2_0) {
        *ret_text = "it does not speak HTTP/2";
        return ECS_E_BACKEND;
    }
    *ret_text = NULL;
    return ECS_OK;
}

const char *ecs_ask_header(const struct ecs_ask_answer *answer, const char *name)
{
    for (const struct ecs_ask_header *h = answer->headers; h && h->name; h++)
        if (strcmp(h->name, name) == 0)
            return h->value;
    return NULL;
}

static bool copy_answer(const struct call *call, struct ecs_arena *arena, struct ecs_ask_answer *ret_answer)
{
    struct ecs_ask_answer a = {.rc = ECS_OK, .retry_after_s = -1};
    char *body = ecs_arena_secret(arena, call->body.n + 1); /* tokens come in bodies */
    const char *retry;
    long status = 0;

    a.headers = http_head_copy(&call->head, arena);
    if (!body || !a.headers)
        return false;
    if (call->body.n > 0)
        memcpy(body, call->body.p, call->body.n);
    (void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    a.status = (int)status;
    a.body = (struct ecs_str){body, call->body.n};
    a.content_type = ecs_str_of(ecs_ask_header(&a, "content-type"));
    a.location = ecs_str_of(ecs_ask_header(&a, "location"));
    retry = ecs_ask_header(&a, "retry-after");
    if (retry)
        a.retry_after_s = ecs_http_retry_after_s(ecs_str_of(retry), ecs_clock_now());
    *ret_answer = a;
    return true;
}

static void count_outcome(const struct call *call, enum ecs_rc rc)
{
    struct ecs_neighbour_stats *stats = call->n->stats;
    long status = 0;

    if (rc != ECS_OK) {
        http_count(rc == ECS_E_TIMEOUT ? &stats->timeouts : &stats->failures, 1);
        return;
    }
    (void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    http_count(status < 500 && status != 429 ? &stats->ok : &stats->http_errors, 1);
    http_count(&stats->us_total, (uint64_t)(ecs_clock_mono_us() - call->begun_us));
}

/* The call leaves curl, the budget and the timer; the neighbour may be gone afterwards. */
static void discard(struct call *call)
{
    struct ecs_neighbour *n = call->n;

    ecs_timer_disarm(&call->limit);
    (void)curl_multi_remove_handle(n->multi, call->easy);
    n->in_flight--;
    http_uncount(&n->stats->in_flight);
    free_call(call);
    http_neighbour_release(n);
}

static void answer_flow(struct call *call, enum ecs_rc rc, const char *error)
{
    struct ecs_flow *f = call->flow;
    struct ecs_ask_answer *ret = call->ret;

    count_outcome(call, rc);
    http_neighbour_judge(call->n, call->probe, rc, error);
    *ret = (struct ecs_ask_answer){.rc = rc, .retry_after_s = -1, .error = error};
    if (rc == ECS_OK && !copy_answer(call, f->arena, ret)) {
        ret->rc = ECS_E_TOO_LARGE;
        ret->error = "the answer does not fit into the memory of the request";
    }
    discard(call);
    ecs_flow_resume(f);
}

/* A server may say goodbye on an HTTP/2 connection just when we use it again. As curl does by itself for
 * HTTP/1.1, a call of which no answer has begun is then asked again: first as it comes (the connection is
 * mostly seen to be dead by then), then on a new connection for certain. */
static bool ask_again(struct call *call, CURLcode result)
{
    long connects = 1;

    if (!call->n->conf.http2 || call->repeats == REPEATS || call->head.n > 0 || call->head.malformed ||
        (result != CURLE_HTTP2 && result != CURLE_SEND_ERROR && result != CURLE_RECV_ERROR &&
         result != CURLE_GOT_NOTHING && result != CURLE_PARTIAL_FILE))
        return false;
    if (curl_easy_getinfo(call->easy, CURLINFO_NUM_CONNECTS, &connects) != CURLE_OK || connects > 0)
        return false;
    call->repeats++;
    return curl_multi_remove_handle(call->n->multi, call->easy) == CURLM_OK &&
           curl_easy_setopt(call->easy, CURLOPT_FRESH_CONNECT, call->repeats == REPEATS ? 1L : 0L) ==
               CURLE_OK &&
           curl_multi_add_handle(call->n->multi, call->easy) == CURLM_OK;
}

void http_call_end(CURL *easy, CURLcode result)
{
    char *private = NULL;
    struct call *call;
    const char *error;
    enum ecs_rc rc;

    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
    call = (struct call *)(void *)private;
    call->n->ended++;
    if (ask_again(call, result))
        return;
    rc = outcome_of(call, result, &error);
    answer_flow(call, rc, error);
}

static void on_limit(void *arg)
{
    answer_flow(arg, ECS_E_TIMEOUT, "no answer within the time limit");
}

/* The flow is not waiting any more; that says nothing about the neighbour. */
static void cancel(void *arg)
{
    struct call *call = arg;

    http_neighbour_judge(call->n, call->probe, ECS_E_CANCELLED, NULL);
    discard(call);
}

static enum ecs_next refuse(struct ecs_ask_answer *ret_answer, enum ecs_rc rc, const char *error)
{
    *ret_answer = (struct ecs_ask_answer){.rc = rc, .retry_after_s = -1, .error = error};
    return ECS_NEXT;
}

enum ecs_next ecs_neighbour_ask(struct ecs_flow *f, struct ecs_neighbour *n, const struct ecs_ask *ask,
                                struct ecs_ask_answer *ret_answer)
{
    const char *error = http_ask_check(n, ask);
    struct call *call;
    enum ecs_rc rc;
    bool probe;

    if (error)
        return refuse(ret_answer, ECS_E_BAD_PARAMETER, error);
    rc = http_neighbour_admit(n, &probe, &error);
    if (rc != ECS_OK)
        return refuse(ret_answer, rc, error);
    call = new_call(n, ask);
    if (!call) {
        http_neighbour_judge(n, probe, ECS_E_CANCELLED, NULL);
        return refuse(ret_answer, ECS_E_OVERLOAD, "not asked: out of memory");
    }
    call->flow = f;
    call->ret = ret_answer;
    call->probe = probe;
    call->begun_us = ecs_clock_mono_us();
    n->in_flight++;
    http_count(&n->stats->calls, 1);
    http_count(&n->stats->in_flight, 1);
    ecs_timer_arm(&call->limit, f->loop, ask->total_ms ? ask->total_ms : n->conf.total_ms, on_limit, call);
    return ecs_flow_wait(f, cancel, call);
}
