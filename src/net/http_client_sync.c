/* SPDX-License-Identifier: Apache-2.0 */
/* Blocking calls over a Unix socket or to an address, with libcurl. */
#include "ecs/http_client.h"

#include <curl/curl.h>
#include <stdio.h>

enum { TIMEOUT_S = 30, CONNECT_TIMEOUT_S = 5, BODY_MAX = 64 << 20 };

static size_t on_data(char *bytes, size_t size, size_t n, void *arg)
{
    struct ecs_buf *body = arg;

    ecs_buf_add(body, bytes, size * n);
    return body->overflow ? 0 : size * n;
}

/* The first option that libcurl refuses ends the call. */
static CURLcode set_options(CURL *curl, const struct ecs_http_call *call, const char *url,
                            struct curl_slist *headers, struct ecs_buf *body, char *why)
{
    CURLcode rc = CURLE_OK;

#define SET(option, value) rc = rc == CURLE_OK ? curl_easy_setopt(curl, option, value) : rc
    SET(CURLOPT_ERRORBUFFER, why);
    if (call->socket)
        SET(CURLOPT_UNIX_SOCKET_PATH, call->socket);
    if (call->ca)
        SET(CURLOPT_CAINFO, call->ca);
    SET(CURLOPT_URL, url);
    SET(CURLOPT_PROTOCOLS_STR, call->socket ? "http" : "http,https");
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_CUSTOMREQUEST, call->method);
    SET(CURLOPT_HTTPHEADER, headers);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
    SET(CURLOPT_TIMEOUT, call->timeout_s ? (long)call->timeout_s : (long)TIMEOUT_S);
    SET(CURLOPT_WRITEFUNCTION, on_data);
    SET(CURLOPT_WRITEDATA, body);
    if (call->body.p) {
        SET(CURLOPT_POSTFIELDS, call->body.p);
        SET(CURLOPT_POSTFIELDSIZE, (long)call->body.n);
    }
#undef SET
    return rc;
}

static void take_answer(CURL *curl, struct ecs_http_called *called)
{
    const char *type = NULL;
    long status = 0;

    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    called->status = (int)status;
    called->is_json = type && ecs_str_starts_with_nocase(ecs_str_of(type), ECS_STR("application/json"));
}

static struct curl_slist *add_header(struct curl_slist *list, const char *name, const char *value, bool *good)
{
    struct ecs_buf line = {0};
    struct curl_slist *longer;

    ecs_buf_printf(&line, "%s: %s", name, value);
    ecs_buf_add_char(&line, '\0');
    longer = line.overflow ? NULL : curl_slist_append(list, line.p);
    ecs_buf_done(&line);
    *good &= longer != NULL;
    return longer ? longer : list;
}

static struct curl_slist *headers_of(const struct ecs_http_call *call, bool *good)
{
    struct curl_slist *list = NULL;

    list = add_header(list, "Accept", call->accept ? call->accept : "*/*", good);
    if (call->body.p)
        list = add_header(list, "Content-Type", call->content_type ? call->content_type : "application/json",
                          good);
    if (call->authorization)
        list = add_header(list, "Authorization", call->authorization, good);
    return list;
}

enum ecs_rc ecs_http_call(const struct ecs_http_call *call, char error[256],
                          struct ecs_http_called *ret_called)
{
    struct ecs_http_called called = {.body = {.limit = BODY_MAX}};
    struct ecs_buf url = {0};
    char why[CURL_ERROR_SIZE] = "";
    CURL *curl = curl_easy_init();
    bool good = true;
    struct curl_slist *headers = headers_of(call, &good);
    CURLcode rc = CURLE_OUT_OF_MEMORY;

    ecs_buf_printf(&url, "%s%s", call->socket ? "http://localhost" : call->url, call->target);
    ecs_buf_add_char(&url, '\0');
    if (curl && good && !url.overflow)
        rc = set_options(curl, call, url.p, headers, &called.body, why);
    if (rc == CURLE_OK)
        rc = curl_easy_perform(curl);
    if (rc == CURLE_OK)
        take_answer(curl, &called);
    else
        snprintf(error, 256, "%s", why[0] ? why : curl_easy_strerror(rc));
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    ecs_buf_done(&url);
    if (rc != CURLE_OK) {
        ecs_buf_done(&called.body);
        return ECS_E_BACKEND;
    }
    *ret_called = called;
    return ECS_OK;
}
