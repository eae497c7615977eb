/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of the logger. */
#pragma once

#include "ecs/log.h"

enum {
    ECS_LOG_MESSAGE_MAX = 1000, /* bytes of message, more is cut */
    ECS_LOG_LINE_MAX = 4096,    /* PIPE_BUF: what a pipe takes whole or not at all */
    ECS_LOG_STEP_MAX = 63,
};

struct ecs_log_line {
    enum ecs_event event;
    enum ecs_log_level level;
    int64_t time_us; /* Unix, always of the real clock */
    struct ecs_str message;
    const struct ecs_log_ctx *ctx; /* may be NULL */
};

/* The line with its line feed; returns its length, at most ECS_LOG_LINE_MAX. */
size_t ecs_log_json(const struct ecs_log_line *line, char out[ECS_LOG_LINE_MAX]);

const char *ecs_log_level_name(enum ecs_log_level level);
void ecs_log_count_drop(void);
/* The subscriber of a context; a digit string that somebody forgot to mask is masked here. */
struct ecs_str ecs_log_imsi(const struct ecs_log_ctx *ctx, char room[20]);

/* Starts the thread that talks to the journal; false when the system refuses. More calls do nothing. */
bool ecs_log_journal_start(void);
/* Queues a copy; false when the queue is full. Never waits for the journal. */
bool ecs_log_journal_put(const struct ecs_log_line *line);
