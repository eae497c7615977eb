/* SPDX-License-Identifier: Apache-2.0 */
/* An accepted account is ordered at the BSS, under a key that the same acceptance always has; what it says
 * becomes the state of the account. When it does not answer, the next request of the device asks again. */
#include "billing_job.h"

#include <stdio.h>
#include <string.h>

#include "ecs/bss.h"
#include "ecs/log.h"
#include "ecs/store_data.h"

enum { LIMIT_MS = 5000, ORDER_LIMIT_MS = 60000, AGAIN_S = 30 };

struct billing_job {
    struct ecs_flow flow;
    struct front *front;
    struct engine *engine;
    struct billing_order order;
    struct ecs_bss_order ask;
    struct ecs_bss_result result;
    struct ecs_billing_set set;
    enum ecs_data_verdict verdict;
    int64_t serial;
    char key[33], masked[20];
    void (*done)(void *arg);
    void *arg;
};

static enum ecs_next claim(struct ecs_flow *f)
{
    struct billing_job *job = f->self;

    return ecs_store_billing_claim(f, job->front->store, ecs_str_of(job->order.imsi.s), job->order.account,
                                   AGAIN_S, &job->serial);
}

static bool make_key(struct billing_job *job)
{
    char serial[24];
    uint8_t digest[ECS_SHA256_LEN];
    int n = snprintf(serial, sizeof(serial), "%lld", (long long)job->serial);
    const struct ecs_str parts[] = {ECS_STR("billing-order"),
                                    ecs_str_of(job->order.imsi.s),
                                    {(const char *)job->order.account, ECS_ACCOUNT_LEN},
                                    {serial, (size_t)n}};

    if (!ecs_digest(job->front->crypto, ECS_DIGEST_SHA256, parts, ECS_ARRAY_LEN(parts), digest))
        return false;
    ecs_hex_encode(digest, (sizeof(job->key) - 1) / 2, job->key);
    return true;
}

static enum ecs_next finish(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

static enum ecs_next order(struct ecs_flow *f)
{
    struct billing_job *job = f->self;

    if (!job->serial)
        return ecs_flow_goto(f, finish); /* ordered a moment ago by another request */
    if (!make_key(job))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "libcrypto fails");
    job->ask = (struct ecs_bss_order){.action = ECS_BSS_SERVICE_ON,
                                      .key = ecs_str_of(job->key),
                                      .subject = {.imsi = ecs_str_of(job->order.imsi.s),
                                                  .msisdn = job->order.msisdn,
                                                  .app = ECS_STR("ap2012"),
                                                  .terminal_id = job->order.terminal_id,
                                                  .service = ECS_STR("CarrierBilling"),
                                                  .store = job->order.vendor,
                                                  .store_user = job->order.user},
                                      .repeated = true};
    return ecs_bss_order(f, job->engine->bss, &job->ask, &job->result);
}

/* What the answer makes of the account; false: it stays, and is asked for again. */
static bool state_of(enum ecs_bss_status status, enum ecs_billing_state *ret_state)
{
    static const struct {
        enum ecs_bss_status status;
        enum ecs_billing_state state;
    } rows[] = {
        {ECS_BSS_DONE, ECS_BILLING_ACTIVE},
        {ECS_BSS_PENDING, ECS_BILLING_ORDERED},
        {ECS_BSS_REFUSED, ECS_BILLING_BLOCKED},
        {ECS_BSS_WEBSITE,
         ECS_BILLING_NONE}, /* accepted, to be finished on a page: status 0 with TC_Status 1 */
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++)
        if (rows[i].status == status) {
            *ret_state = rows[i].state;
            return true;
        }
    return false;
}

static enum ecs_next settle(struct ecs_flow *f)
{
    struct billing_job *job = f->self;

    if (job->result.status != ECS_BSS_DONE && job->result.status != ECS_BSS_PENDING)
        ecs_log_at(NULL, ECS_EV_BSS, ECS_LOG_WARNING, "carrier billing of %s: %s (%s)", job->masked,
                   ecs_bss_status_names[job->result.status],
                   job->result.why ? job->result.why : "no reason told");
    job->set = (struct ecs_billing_set){.imsi = ecs_str_of(job->order.imsi.s),
                                        .vendor = job->order.vendor,
                                        .terms = -1,
                                        .force = true,
                                        .of_order = true,
                                        .serial = job->serial,
                                        .actor = ECS_STR("bss"),
                                        .subject_masked = ecs_str_of(job->masked)};
    memcpy(job->set.account, job->order.account, ECS_ACCOUNT_LEN);
    if (!state_of(job->result.status, &job->set.state))
        return ecs_flow_goto(f, finish);
    return ecs_store_billing_set(f, job->front->store, &job->set, &job->verdict);
}

static const struct ecs_step steps[] = {
    {"claim", claim, LIMIT_MS},
    {"order", order, ORDER_LIMIT_MS},
    {"settle", settle, LIMIT_MS},
    {"end", finish, 0},
    {0},
};

static void end(struct ecs_flow *f)
{
    struct billing_job *job = f->self;

    if (f->rc != ECS_OK && f->rc != ECS_E_CANCELLED)
        ecs_log(NULL, ECS_EV_DB_ERROR, "carrier billing of %s could not be ordered: %s", job->masked,
                f->reason);
    if (job->done)
        job->done(job->arg);
    job->front->in_work--;
    ecs_metric_add(&job->front->metrics->in_work, (uint64_t)-1);
    engine_unref(job->engine);
    ecs_arena_free(f->arena);
}

static bool keep_order(struct billing_job *job, struct ecs_arena *arena, const struct billing_order *from)
{
    struct ecs_str *const texts[] = {&job->order.msisdn, &job->order.terminal_id, &job->order.vendor,
                                     &job->order.user};

    job->order = *from;
    for (size_t i = 0; i < ECS_ARRAY_LEN(texts); i++)
        if (!front_keep(arena, *texts[i], texts[i]))
            return false;
    return true;
}

bool billing_job_start(struct front *front, struct engine *engine, const struct billing_order *order_,
                       void (*done)(void *arg), void *arg, struct billing_job **ret_job)
{
    struct ecs_arena *arena = ecs_arena_new(&front->worker->cache, 0);
    struct billing_job *job = arena ? ecs_alloc(arena, sizeof(*job)) : NULL;

    *ret_job = NULL;
    if (!job || !keep_order(job, arena, order_)) {
        ecs_arena_free(arena);
        return false;
    }
    job->front = front;
    job->engine = engine_ref(engine);
    job->flow.arena = arena;
    job->done = done;
    job->arg = arg;
    ecs_imsi_mask(&job->order.imsi, job->masked);
    *ret_job = job;
    front->in_work++; /* a drain waits for it */
    ecs_metric_add(&front->metrics->in_work, 1);
    ecs_flow_start(&job->flow, front->worker->loop, arena, NULL, steps, job, end);
    return true;
}

void billing_job_forget(struct billing_job *job)
{
    job->done = NULL;
}
