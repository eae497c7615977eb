/* SPDX-License-Identifier: Apache-2.0 */
/* Work that no device waits for: activation orders, the announcement of the policy, the reaper of EAP
 * sessions. Each is a small flow with an arena of its own. */
#include "background.h"

#include <stdio.h>

#include "ecs/log.h"
#include "ecs/store_admin.h"
#include "ecs/store_boost.h"
#include "ecs/store_bss.h"
#include "ecs/store_data.h"
#include "ecs/store_grant.h"
#include "ecs/store_login.h"
#include "ecs/store_orders.h"
#include "ecs/store_portal.h"
#include "ecs/store_qos.h"
#include "ecs/store_relay.h"
#include "ecs/store_server.h"
#include "ecs/store_sheet.h"

enum { REAP_ROWS = 500, REAP_EVERY_MS = 2000, REAP_AGAIN_MS = 10, ANNOUNCE_AGAIN_MS = 1000, LIMIT_MS = 5000 };

struct job {
    struct ecs_flow flow;
    struct front *front;
    struct ecs_imsi imsi;
    struct ecs_str services[5];
    size_t service_n;
    char checksum[24];
    int64_t number;
    unsigned reaped;
    size_t reaper;
    bool more;
};

static struct job *new_job(struct front *front)
{
    struct ecs_arena *arena = ecs_arena_new(&front->worker->cache, 0);
    struct job *job = arena ? ecs_alloc(arena, sizeof(*job)) : NULL;

    if (!job) {
        ecs_arena_free(arena);
        return NULL;
    }
    job->front = front;
    job->flow.arena = arena;
    return job;
}

static enum ecs_next finish(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

static void start(struct job *job, const struct ecs_step *steps, void (*on_end)(struct ecs_flow *f))
{
    ecs_flow_start(&job->flow, job->front->worker->loop, job->flow.arena, NULL, steps, job, on_end);
}

/* ---- activation orders ---- */

static enum ecs_next add_orders(struct ecs_flow *f)
{
    struct job *job = f->self;

    return ecs_store_orders_add(f, job->front->store, ecs_str_of(job->imsi.s), job->services, job->service_n,
                                &job->number);
}

static const struct ecs_step order_steps[] = {
    {"add-orders", add_orders, LIMIT_MS},
    {"end", finish, 0},
    {0},
};

/* A lost order is made again by the device's next request. */
static void orders_end(struct ecs_flow *f)
{
    struct job *job = f->self;
    char masked[20];

    ecs_imsi_mask(&job->imsi, masked);
    if (f->rc != ECS_OK)
        ecs_log(NULL, ECS_EV_DB_ERROR, "an activation order for %s was not written: %s", masked, f->reason);
    else if (job->number > 0)
        ecs_metric_add(&job->front->metrics->cell[ECS_M_ORDERS][0], (uint64_t)job->number);
    ecs_arena_free(f->arena);
}

void orders_write(struct front *front, const struct ecs_imsi *imsi, unsigned orders)
{
    struct job *job = new_job(front);

    if (!job)
        return;
    job->imsi = *imsi;
    for (unsigned bit = 1; bit < ECS_ORDER_END; bit <<= 1)
        if (orders & bit)
            job->services[job->service_n++] = ecs_str_of(ecs_order_service(bit));
    start(job, order_steps, orders_end);
}

/* ---- policy ---- */

static enum ecs_next announce(struct ecs_flow *f)
{
    struct job *job = f->self;

    return ecs_store_policy_announce(f, job->front->store, ecs_str_of(job->checksum));
}

static const struct ecs_step announce_steps[] = {
    {"announce", announce, LIMIT_MS},
    {"end", finish, 0},
    {0},
};

static void announce_again(void *arg)
{
    policy_announce(arg);
}

static void announce_end(struct ecs_flow *f)
{
    struct job *job = f->self;
    struct front *front = job->front;
    enum ecs_rc rc = f->rc;

    ecs_arena_free(f->arena);
    if (rc != ECS_OK && rc != ECS_E_CANCELLED)
        ecs_timer_arm(&front->announce_timer, front->worker->loop, ANNOUNCE_AGAIN_MS, announce_again, front);
}

void policy_announce(struct front *front)
{
    struct job *job = new_job(front);

    if (!job)
        return;
    snprintf(job->checksum, sizeof(job->checksum), "%016llx",
             (unsigned long long)ecs_policy_hash(front->engine->snapshot->policy));
    start(job, announce_steps, announce_end);
}

/* ---- reaper ---- */

/* Ended journeys and profiles stay for care agents to look at. */
static enum ecs_next reap_journeys(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                   unsigned *ret_rows)
{
    const struct job *job = f->self;

    return ecs_store_odsa_reap(f, store, (unsigned)job->front->engine->odsa.conf->keep_days, max_rows,
                               ret_rows);
}

static enum ecs_next reap_local_orders(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                       unsigned *ret_rows)
{
    const struct job *job = f->self;

    return ecs_store_local_order_reap(f, store, (unsigned)job->front->engine->odsa.conf->keep_days, max_rows,
                                      ret_rows);
}

static enum ecs_next reap_qos(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                              unsigned *ret_rows)
{
    const struct job *job = f->self;

    return ecs_store_qos_reap(f, store, (unsigned)job->front->engine->odsa.conf->keep_days, max_rows, ret_rows);
}

static void reap(void *arg);

/* Tables whose rows end by themselves, one row for each. */
static enum ecs_next (*const reapers[])(struct ecs_flow *f, struct ecs_store *store, unsigned max_rows,
                                        unsigned *ret_rows) = {
    ecs_store_eap_reap,   ecs_store_login_reap,  ecs_store_otp_reap,    ecs_store_sheet_reap,
    ecs_store_grant_reap, ecs_store_misuse_reap, ecs_store_portal_reap, ecs_store_server_reap,
    reap_journeys,        reap_local_orders,    reap_qos,    ecs_store_relay_reap,  ecs_store_data_keep,    ecs_store_attempt_reap,
    ecs_store_boost_order_reap,
};

static enum ecs_next delete_rows(struct ecs_flow *f)
{
    struct job *job = f->self;

    return reapers[job->front->reap_at](f, job->front->store, REAP_ROWS, &job->reaped);
}

static enum ecs_next next_table(struct ecs_flow *f)
{
    struct job *job = f->self;

    job->more |= job->reaped == REAP_ROWS;
    job->front->reap_at = (job->front->reap_at + 1) % ECS_ARRAY_LEN(reapers);
    return ++job->reaper < ECS_ARRAY_LEN(reapers) ? ecs_flow_goto(f, delete_rows) : ECS_DONE;
}

static const struct ecs_step reap_steps[] = {
    {"delete-rows", delete_rows, LIMIT_MS},
    {"next-table", next_table, 0},
    {"end", finish, 0},
    {0},
};

static void reap_end(struct ecs_flow *f)
{
    struct job *job = f->self;
    struct front *front = job->front;
    bool more = f->rc == ECS_OK && job->more, stopped = f->rc == ECS_E_CANCELLED;

    if (f->rc !=
        ECS_OK) /* the next pass begins behind the table that failed: it keeps no other from its turn */
        front->reap_at = (front->reap_at + 1) % ECS_ARRAY_LEN(reapers);
    ecs_arena_free(f->arena);
    if (!stopped)
        ecs_timer_arm(&front->reap_timer, front->worker->loop, more ? REAP_AGAIN_MS : REAP_EVERY_MS, reap,
                      front);
}

static void reap(void *arg)
{
    struct front *front = arg;
    struct job *job = new_job(front);

    if (job)
        start(job, reap_steps, reap_end);
    else
        ecs_timer_arm(&front->reap_timer, front->worker->loop, REAP_EVERY_MS, reap, front);
}

void reaper_start(struct front *front)
{
    ecs_timer_arm(&front->reap_timer, front->worker->loop, REAP_EVERY_MS, reap, front);
}
