/* SPDX-License-Identifier: Apache-2.0 */
/* The process: snapshot, workers, signals. Lives on the main thread. */
#pragma once

#include "front_internal.h"

enum { ECS_WORKERS_MAX = 256 };

struct ecs_node {
    const char *conf_path;
    struct ecs_snapshot *snapshot; /* of the main thread */
    struct ecs_loop *loop;
    unsigned worker_n;
    struct ecs_worker *workers;
    struct front *fronts;
    struct ecs_metrics **metrics;  /* one per worker */
    int *device_fds, admin_fds[4]; /* device_fds: worker_n x listener_n, taken over by the workers */
    unsigned listener_n, admin_n;
    int callback_fds[8]; /* taken over by worker 0 */
    bool callback_is_tls[8];
    unsigned callback_n;
    bool listener_is_tls[ECS_LISTENERS_MAX];
    enum ecs_role { ECS_ROLE_VIEWER, ECS_ROLE_CARE, ECS_ROLE_ADMIN, ECS_ROLE_METRICS } admin_roles[4];
    struct ecs_watchdog watchdog;
    struct ecs_diameter_node *diameter; /* of worker 0; NULL: none */
    _Atomic bool accounting_full;       /* no further records are written */
    int64_t start_s;
    _Atomic int64_t reloads, reload_failures;
    _Atomic int64_t certificate_expires_s;
    _Atomic unsigned running; /* workers that have not ended */
    bool stopping;
    struct ecs_mailbox *mailbox; /* of the main loop */
};

/* Worker side. */
enum ecs_rc front_start(struct ecs_worker *worker, void *node);
void front_stop(struct ecs_worker *worker);
/* From the main thread: each worker takes the snapshot over, or drains and ends. */
void front_post_reload(struct front *front, struct ecs_snapshot *snapshot);
void front_post_drain(struct front *front);
