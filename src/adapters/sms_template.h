/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to the HTTP interface of an SMS gateway, from the operator's templates. Pure. */
#pragma once

#include "adapters/push_int.h"

/* NULL, or what is wrong with the templates and headers of the section: a sentence, static. */
const char *sms_template_fault(const struct ecs_sms_http_conf *conf);

struct sms_values {
    struct ecs_str to, from;
    enum ecs_sms_coding coding;
    const struct ecs_sms_part *part;
    uint16_t port; /* 0: none */
};
/* url and body of one message; body {NULL, 0} without a template. False: arena exhausted, or over 16 KiB. */
bool sms_template_fill(const struct ecs_sms_http_conf *conf, const struct sms_values *values,
                       struct ecs_arena *arena, const char **ret_url,
                       struct ecs_str *ret_body) ECS_MUST_CHECK;
/* Configured headers, in the arena, into headers (room for all of them); false: arena exhausted. */
bool sms_template_headers(const struct ecs_sms_http_conf *conf, struct ecs_arena *arena,
                          struct ecs_ask_header *headers) ECS_MUST_CHECK;
