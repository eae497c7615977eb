/* SPDX-License-Identifier: Apache-2.0 */
/* A small blocking HTTP client for tools that talk to the daemon over its Unix socket, or as its clients do.
 * Not for worker threads. */
#pragma once

#include "ecs/buf.h"
#include "ecs/error.h"

struct ecs_http_call {
    const char *socket; /* path of a Unix socket; NULL: url */
    const char *url;    /* "https://host:port" in front of target; the server's certificate is verified */
    const char *ca;     /* PEM file of authorities; NULL: those of the system */
    const char *authorization, *accept; /* headers; NULL: none, and anything */
    const char *method;                 /* "GET" */
    const char *target;                 /* path and query, escaped */
    struct ecs_str body;                /* {NULL, 0}: none; else sent as content_type */
    const char *content_type;           /* NULL: application/json */
    unsigned timeout_s;                 /* 0: 30; connecting included */
};

struct ecs_http_called {
    int status;
    bool is_json;        /* by Content-Type */
    struct ecs_buf body; /* at most 64 MiB; given back by ecs_buf_done */
};

/* ECS_E_BACKEND: no answer, and error (256 bytes) says why; then *ret_called has no body. Any HTTP status is
 * ECS_OK. */
enum ecs_rc ecs_http_call(const struct ecs_http_call *call, char error[256],
                          struct ecs_http_called *ret_called) ECS_MUST_CHECK;
