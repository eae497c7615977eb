/* SPDX-License-Identifier: Apache-2.0 */
/* Log events: journal fields under systemd, one JSON object per line on standard error elsewhere.
 * Personal identifiers and secrets are never arguments: pass masked forms (ecs/ids.h). */
#pragma once

#include "ecs/str.h"

enum ecs_log_level {
    ECS_LOG_ERROR = 3,
    ECS_LOG_WARNING = 4,
    ECS_LOG_NOTICE = 5,
    ECS_LOG_INFO = 6,
    ECS_LOG_DEBUG = 7,
};

enum ecs_event {
#define EVENT(name, level, text) ECS_EV_##name,
#include "../../src/base/events.def"
#undef EVENT
    ECS_EVENT_COUNT
};

enum ecs_log_target {
    ECS_LOG_AUTO, /* journal when JOURNAL_STREAM names our stderr, else JSON lines */
    ECS_LOG_JSON,
    ECS_LOG_JOURNAL,
    ECS_LOG_TEXT, /* for people: tools and tests */
};

/* What every line about one request carries; all strings masked or harmless, any may be "". */
struct ecs_log_ctx {
    char request_id[17]; /* 16 hex digits */
    char imsi[20];       /* masked */
    char tac[9];
    char apps[48]; /* "ap2003 ap2004" */
    const char *step;
    unsigned worker;
};

/* Once at start, before threads; level may be changed later from any thread. */
void ecs_log_init(enum ecs_log_target target, enum ecs_log_level level);
void ecs_log_set_level(enum ecs_log_level level);
bool ecs_log_enabled(enum ecs_event event);
/* ctx may be NULL. At most 1,000 characters of message; more is cut. Per event name at most 200 lines/s;
 * what is dropped is counted and told once a second. Does not block: a full journal or pipe drops the line. */
void ecs_log(const struct ecs_log_ctx *ctx, enum ecs_event event, const char *format, ...) ECS_PRINTF(3, 4);
/* As ecs_log with another level than the table's. */
void ecs_log_at(const struct ecs_log_ctx *ctx, enum ecs_event event, enum ecs_log_level level, const char *format,
                ...) ECS_PRINTF(4, 5);
const char *ecs_event_name(enum ecs_event event);
uint64_t ecs_log_dropped(void);
