/* SPDX-License-Identifier: Apache-2.0 */
/* Result codes: one table (src/base/error.def) knows code, HTTP status, log level, metric label and text. */
#pragma once

#include "ecs/str.h"

enum ecs_rc {
#define ERR(code, http, level, metric, text) ECS_E_##code,
#include "../../src/base/error.def"
#undef ERR
    ECS_RC_COUNT
};
#define ECS_OK ECS_E_OK

const char *ecs_strerror(enum ecs_rc rc);
const char *ecs_rc_name(enum ecs_rc rc);   /* "TOKEN_EXPIRED" */
const char *ecs_rc_metric(enum ecs_rc rc); /* "token_expired" */
int ecs_rc_http(enum ecs_rc rc);
int ecs_rc_level(enum ecs_rc rc); /* enum ecs_log_level */
