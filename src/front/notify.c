/* SPDX-License-Identifier: Apache-2.0 */
/* The runner, on worker 0 of each node: looks into the outbox twice a second (a change is told within a
 * second; LISTEN would save little and miss what leases and times make due), takes what the rates and the
 * number of messages under way allow, and hands each row to a job. Rows are leased, so nodes do not send the
 * same, and what a dead node had taken comes back. */
#include <stdlib.h>

#include "ecs/log.h"
#include "notify_priv.h"

enum {
    ROUND_MS = 500,
    AGAIN_MS = 100, /* there was more */
    FAILED_MS = 2000,
    DEPTH_US = 5000000,
    KEEP_ROWS = 1000,
    LIMIT_MS = 5000
};

struct round {
    struct ecs_flow flow;
    struct notify *notify;
    struct engine *engine;
    struct ecs_notify_control control;
    struct ecs_notify_kept kept;
    struct ecs_notify_depth depth;
    unsigned most[ECS_NOTIFY_CHANNELS];
    unsigned wanted;
    struct ecs_outgoing_rows rows;
    bool looked; /* depth is filled */
};

static int64_t now_us(const struct notify *n)
{
    return ecs_loop_now_us(n->front->worker->loop);
}

bool notify_has_fallback(const struct engine *engine)
{
    return (engine->notify->sms == NOTIFY_SMS_FALLBACK || engine->notify->sms == NOTIFY_SMS_UNREGISTERED) &&
           engine->push_channels & 1u << ECS_PUSH_SMS;
}

bool notify_is_stopped(const struct notify *notify, int channel)
{
    return notify->stopped_until_us[channel] > now_us(notify);
}

int64_t notify_stopped_s(const struct notify *notify, int channel)
{
    int64_t left = notify ? notify->stopped_until_us[channel] - now_us(notify) : 0;

    return left > 0 ? (left + 999999) / 1000000 : 0;
}

const char *notify_channel_name(int channel)
{
    static const char *const names[ECS_NOTIFY_CHANNELS] = {"none", "gcm", "fcm",    "wns",
                                                           "apns", "sms", "webhook"};

    return channel > 0 && channel < ECS_NOTIFY_CHANNELS ? names[channel] : names[0];
}

/* One alarm for each stop, however many messages fail at the same time. */
void notify_channel_stop(struct notify *notify, int channel, const char *reason)
{
    int64_t pause_s = notify->front->engine->notify->pause_s;

    if (notify_is_stopped(notify, channel))
        return;
    notify->stopped_until_us[channel] = now_us(notify) + pause_s * 1000000;
    atomic_store_explicit(&notify->front->metrics->notify_stopped[channel], 1, memory_order_relaxed);
    ecs_log(NULL, ECS_EV_CHANNEL_STOPPED, "%s is left alone for %lld s: %s", notify_channel_name(channel),
            (long long)pause_s, reason ? reason : "no reason given");
}

static void look_at_stops(struct notify *n)
{
    for (int channel = 1; channel < ECS_NOTIFY_CHANNELS; channel++)
        if (n->stopped_until_us[channel] && !notify_is_stopped(n, channel)) {
            n->stopped_until_us[channel] = 0;
            atomic_store_explicit(&n->front->metrics->notify_stopped[channel], 0, memory_order_relaxed);
        }
}

/* ---- steps of a round ---- */

static bool is_on(const struct round *r)
{
    return r->engine->notify->enabled && r->engine->push_channels != 1;
}

static enum ecs_next tell_control(struct ecs_flow *f)
{
    struct round *r = f->self;
    const struct ecs_notify_conf *c = r->engine->notify;
    bool any = r->engine->push_channels != 1;

    if (r->notify->control_told)
        return ECS_NEXT;
    r->control = (struct ecs_notify_control){
        .enabled = c->enabled && any,
        .with_vowifi = c->with_vowifi,
        .on_policy = c->on_policy,
        .sms = ecs_str_of(r->engine->push_channels & 1u << ECS_PUSH_SMS ? notify_sms_names[c->sms] : "off"),
        .policy_delay_s = c->policy_delay_s,
        .bulk_rows = c->bulk_rows,
        .campaign_rate = c->campaign_per_second,
        .ttl_s = c->ttl_s,
        .hook_apps = c->webhook_apps.items,
        .n_hook_apps = r->engine->push_channels & 1u << ECS_NOTIFY_HOOK ? c->webhook_apps.n : 0,
    };
    return ecs_store_notify_control(f, r->notify->front->store, &r->control);
}

/* A reload while it was being told leaves it to the next round. */
static enum ecs_next look(struct ecs_flow *f)
{
    struct round *r = f->self;

    if (r->engine == r->notify->front->engine)
        r->notify->control_told = true;
    if (!is_on(r))
        return ECS_NEXT;
    if (now_us(r->notify) < r->notify->depth_at_us)
        return ECS_NEXT;
    r->notify->depth_at_us = now_us(r->notify) + DEPTH_US;
    r->looked = true;
    return ecs_store_notify_depth(f, r->notify->front->store, &r->depth);
}

static void tell_depth(const struct round *r)
{
    struct ecs_metrics *m = r->notify->front->metrics;
    uint64_t waiting = 0, due = 0;

    for (unsigned i = 1; i < ECS_NOTIFY_CHANNELS; i++) {
        waiting += (uint64_t)r->depth.waiting[i];
        due += (uint64_t)r->depth.due[i];
    }
    atomic_store_explicit(&m->notify_waiting, waiting, memory_order_relaxed);
    atomic_store_explicit(&m->notify_due, due, memory_order_relaxed);
    atomic_store_explicit(&m->notify_oldest_s, (uint64_t)r->depth.oldest_s, memory_order_relaxed);
}

/* Rows of a channel that cannot be used now are left where they are, unless they may go by SMS. */
static int64_t rate_of(const struct round *r, int channel)
{
    const struct ecs_notify_conf *c = r->engine->notify;
    const int64_t rates[ECS_NOTIFY_CHANNELS] = {0,
                                                c->fcm_per_second,
                                                c->fcm_per_second,
                                                c->wns_per_second,
                                                c->apns_per_second,
                                                c->sms_per_second,
                                                c->webhook_per_second};
    int provider = channel == ECS_PUSH_GCM ? ECS_PUSH_FCM : channel;
    bool usable = r->engine->push_channels & 1u << channel && !notify_is_stopped(r->notify, provider);

    if (!usable && (channel >= ECS_PUSH_SMS || !notify_has_fallback(r->engine)))
        return 0;
    return rates[channel];
}

/* No channel has more than three quarters of the places: a slow provider must not be everybody's wait. */
static unsigned room_of(const struct round *r, int channel, unsigned slots)
{
    unsigned share = (3 * (unsigned)r->engine->notify->parallel + 3) / 4,
             used = r->notify->channel_jobs[channel];

    if (used >= share)
        return 0;
    return slots < share - used ? slots : share - used;
}

static enum ecs_next take(struct ecs_flow *f)
{
    struct round *r = f->self;
    struct notify *n = r->notify;
    unsigned slots = (unsigned)r->engine->notify->parallel;

    if (!is_on(r))
        return ECS_NEXT;
    if (r->looked)
        tell_depth(r);
    look_at_stops(n);
    slots = n->job_n < slots && !n->front->draining ? slots - n->job_n : 0;
    slots = notify_bucket_has(&n->all, r->engine->notify->per_second, now_us(n), slots);
    for (int channel = 1; channel < ECS_NOTIFY_CHANNELS && slots; channel++) {
        int64_t rate = rate_of(r, channel);

        r->most[channel] =
            rate ? notify_bucket_has(&n->channel[channel], rate, now_us(n), room_of(r, channel, slots)) : 0;
        r->wanted += r->most[channel];
    }
    if (!r->wanted)
        return ECS_NEXT;
    return ecs_store_notify_take(f, n->front->store, r->most, (unsigned)r->engine->notify->lease_s, &r->rows);
}

/* Each channel may have used all slots, so there may be more rows than slots: they are few, and leased. */
static enum ecs_next begin_jobs(struct ecs_flow *f)
{
    struct round *r = f->self;
    struct notify *n = r->notify;

    notify_bucket_take(&n->all, (unsigned)r->rows.n);
    for (size_t i = 0; i < r->rows.n; i++) {
        notify_bucket_take(&n->channel[r->rows.rows[i].channel], 1);
        if (!notify_job_start(n, &r->rows.rows[i]))
            ecs_log(NULL, ECS_EV_NOTIFY_FAULT, "no memory for a notification; it is tried again later");
    }
    return ECS_NEXT;
}

/* Behind the sending: a line that somebody else's transaction holds makes it fail, and that must stop nobody.
 * Expired addresses are marked without any channel, too: VERS.version grows with the mark. */
static enum ecs_next keep(struct ecs_flow *f)
{
    struct round *r = f->self;

    return ecs_store_notify_keep(f, r->notify->front->store, KEEP_ROWS, &r->kept);
}

static enum ecs_next tell_kept(struct ecs_flow *f)
{
    struct round *r = f->self;

    if (r->kept.expired > 0)
        ecs_log_at(NULL, ECS_EV_NOTIFIED, ECS_LOG_NOTICE,
                   "%lld notifications were given up: notify.ttl is over", (long long)r->kept.expired);
    return ECS_DONE;
}

static enum ecs_next give_up(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

static const struct ecs_step round_steps[] = {
    {"tell-control", tell_control, LIMIT_MS},
    {"look", look, LIMIT_MS},
    {"take", take, LIMIT_MS},
    {"begin-jobs", begin_jobs, 0},
    {"keep", keep, LIMIT_MS},
    {"tell-kept", tell_kept, 0},
    {"give-up", give_up, 0},
    {0},
};

/* ---- rounds ---- */

static void begin_round(void *arg);

static void round_end(struct ecs_flow *f)
{
    struct round *r = f->frame[0].self;
    struct notify *n = r->notify;
    bool failed = f->rc != ECS_OK;
    bool more = r->kept.queued >= 0 || r->kept.addresses == KEEP_ROWS || r->rows.n > 0;

    /* The store tells by itself when the database is away. */
    if (failed && f->rc != ECS_E_CANCELLED && f->rc != ECS_E_BACKEND)
        ecs_log(NULL, ECS_EV_NOTIFY_FAULT, "the outbox cannot be read: %s", f->reason);
    n->round = NULL;
    engine_unref(r->engine);
    ecs_arena_free(f->arena);
    if (!n->stopping)
        ecs_timer_arm(&n->timer, n->front->worker->loop,
                      failed ? FAILED_MS
                      : more ? AGAIN_MS
                             : ROUND_MS,
                      begin_round, n);
}

static void begin_round(void *arg)
{
    struct notify *n = arg;
    struct ecs_arena *arena = ecs_arena_new(&n->front->worker->cache, 4 << 20);
    struct round *r = arena ? ecs_alloc(arena, sizeof(*r)) : NULL;

    if (!r) {
        ecs_arena_free(arena);
        ecs_timer_arm(&n->timer, n->front->worker->loop, FAILED_MS, begin_round, n);
        return;
    }
    r->notify = n;
    r->engine = engine_ref(n->front->engine);
    r->kept.queued = -1;
    n->round = &r->flow;
    ecs_flow_start(&r->flow, n->front->worker->loop, arena, NULL, round_steps, r, round_end);
}

struct notify *notify_start(struct front *front)
{
    struct notify *n = calloc(1, sizeof(*n));

    if (!n) {
        ecs_log(NULL, ECS_EV_NOTIFY_FAULT, "no memory: this node sends no notifications");
        return NULL;
    }
    n->front = front;
    ecs_timer_arm(&n->timer, front->worker->loop, 0, begin_round, n);
    return n;
}

void notify_reload(struct notify *notify)
{
    if (!notify)
        return;
    notify->control_told = false;
    for (int channel = 1; channel < ECS_NOTIFY_CHANNELS; channel++)
        notify->stopped_until_us[channel] =
            notify->stopped_until_us[channel] ? 1 : 0; /* other credentials? */
    if (!notify->round)
        ecs_timer_arm(&notify->timer, notify->front->worker->loop, 0, begin_round, notify);
}

void notify_stop(struct notify *notify)
{
    if (!notify)
        return;
    notify->stopping = true;
    ecs_timer_disarm(&notify->timer);
    if (notify->round)
        ecs_flow_abort(notify->round);
    while (notify->jobs)
        ecs_flow_abort(&notify->jobs->flow);
    notify->front->notify = NULL;
    free(notify);
}
