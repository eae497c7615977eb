/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 as a client reads it. */
#pragma once

#include "ecs/arena.h"

enum { ECS_SIM_HEADERS_MAX = 48, ECS_SIM_BODY_MAX = 4 << 20 };

struct ecs_sim_header {
    struct ecs_str name, value;
};

struct ecs_sim_response {
    int status;
    struct ecs_str reason;
    struct ecs_sim_header headers[ECS_SIM_HEADERS_MAX];
    size_t header_n;
    struct ecs_str body; /* chunks joined; content coding still applied */
    size_t consumed;     /* bytes of the connection that belonged to this answer */
    bool keep_alive;
    bool until_close; /* the body ends with the connection */
};

enum ecs_sim_parse {
    ECS_SIM_MORE, /* not complete yet */
    ECS_SIM_DONE,
    ECS_SIM_BAD /* not HTTP/1.1: *ret_fault says why */
};

/* Reads one answer from the begin of the bytes, which are changed only when a chunked body is joined (with
 * ECS_SIM_DONE). closed: no more bytes will come. Everything in *response points into bytes. Interim answers
 * (1xx) are skipped. */
enum ecs_sim_parse ecs_sim_response_parse(char *bytes, size_t n, bool closed,
                                          struct ecs_sim_response *response, const char **ret_fault);
/* First header of the name, case ignored; {NULL, 0} when absent. */
struct ecs_str ecs_sim_response_header(const struct ecs_sim_response *response, const char *name);
/* The media type without parameters, blanks trimmed. */
struct ecs_str ecs_sim_media_type(struct ecs_str content_type);
