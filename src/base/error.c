/* SPDX-License-Identifier: Apache-2.0 */
/* Result codes as a table made from error.def. */
#include "ecs/error.h"

#include "ecs/log.h"

struct row {
    const char *name;
    const char *metric;
    const char *text;
    int http;
    int level;
};

static const struct row rows[ECS_RC_COUNT] = {
#define ERR(code, http_status, log_level, metric_label, human_text)                                          \
    [ECS_E_##code] = {.name = #code,                                                                         \
                      .metric = (metric_label),                                                              \
                      .text = (human_text),                                                                  \
                      .http = (http_status),                                                                 \
                      .level = ECS_LOG_##log_level},
#include "error.def"
#undef ERR
};

/* A code from outside the table is a fault of ours and is shown as such. */
static const struct row *row_of(enum ecs_rc rc)
{
    return &rows[(unsigned)rc < ECS_RC_COUNT ? rc : ECS_E_INTERNAL];
}

const char *ecs_strerror(enum ecs_rc rc)
{
    return row_of(rc)->text;
}

const char *ecs_rc_name(enum ecs_rc rc)
{
    return row_of(rc)->name;
}

const char *ecs_rc_metric(enum ecs_rc rc)
{
    return row_of(rc)->metric;
}

int ecs_rc_http(enum ecs_rc rc)
{
    return row_of(rc)->http;
}

int ecs_rc_level(enum ecs_rc rc)
{
    return row_of(rc)->level;
}
