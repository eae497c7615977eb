/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the runner: its state, and a message under way. */
#pragma once

#include "front_internal.h"
#include "notify.h"

struct notify_job {
    struct ecs_flow flow; /* its arena is the job's own */
    struct notify_job *next, *prev;
    struct notify *notify;
    struct engine *engine;
    struct ecs_outgoing row; /* texts in the arena */
    struct ecs_push_message message;
    struct ecs_send_result result;
    struct ecs_notify_finish finish;
    struct ecs_str outcome;
    char device[24], timestamp[21];
    struct ecs_ask ask; /* of the web hook */
    struct ecs_ask_answer answer;
    bool untried; /* nothing was sent: the channel is stopped, and the row is to go by SMS */
};

struct notify {
    struct front *front;
    struct ecs_timer timer;
    struct ecs_flow *round; /* under way, or NULL */
    struct notify_job *jobs;
    unsigned job_n, channel_jobs[ECS_NOTIFY_CHANNELS];
    struct notify_bucket all, channel[ECS_NOTIFY_CHANNELS];
    int64_t stopped_until_us[ECS_NOTIFY_CHANNELS]; /* monotonic; 0: in use */
    int64_t depth_at_us;                           /* when the depth is to be looked at again */
    bool control_told, stopping;
};

/* Whether failed pushes of the present configuration may go by SMS. */
bool notify_has_fallback(const struct engine *engine);
bool notify_is_stopped(const struct notify *notify, int channel);
void notify_channel_stop(struct notify *notify, int channel, const char *reason);

/* Asks the web hook; the next step is notify_hook_judge. */
enum ecs_next notify_hook_send(struct ecs_flow *f, struct notify_job *job, const char *apps);
void notify_hook_judge(struct notify_job *job);

/* Sends a copy of row; false: no memory, the row comes back when its lease ends. */
bool notify_job_start(struct notify *notify, const struct ecs_outgoing *row);
