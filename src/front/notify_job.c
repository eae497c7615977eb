/* SPDX-License-Identifier: Apache-2.0 */
/* One message: send it, judge the result, settle its row. A job that fails on the way (database, time) leaves
 * the row to the end of its lease. */
#include <stdio.h>
#include <string.h>

#include "ecs/clock.h"
#include "ecs/log.h"
#include "notify_priv.h"

enum { JOB_MEMORY = 256 << 10, SEND_LIMIT_MS = 60000, SETTLE_LIMIT_MS = 5000, CHANNEL_AWAY_S = 60 };

/* ---- pure ---- */

int64_t notify_backoff_ms(int64_t attempts, int64_t retry_after_s, uint32_t random)
{
    enum { FIRST_MS = 10000, MOST_MS = 900000, DOUBLINGS = 7 };
    int64_t most = FIRST_MS, least = retry_after_s > 0 ? retry_after_s * 1000 : 0;

    for (int64_t i = 1; i < attempts && i <= DOUBLINGS; i++)
        most *= 2;
    if (most > MOST_MS)
        most = MOST_MS;
    most = (int64_t)((uint64_t)most * random >> 32);
    return most > least ? most : least;
}

static bool is_ims(struct ecs_str app)
{
    return ecs_str_eq(app, ECS_STR("ap2003")) || ecs_str_eq(app, ECS_STR("ap2004")) ||
           ecs_str_eq(app, ECS_STR("ap2005"));
}

const char *notify_apps_text(struct ecs_arena *arena, const struct ecs_str *apps, size_t n, bool with_vowifi)
{
    const char *text = "";
    bool ims = false, named = false;

    for (size_t i = 0; i < n && text; i++) {
        text = ecs_printf(arena, "%s%s%.*s", text, i ? "," : "", ECS_FMT(apps[i]));
        ims = ims || is_ims(apps[i]);
        named = named || ecs_str_eq(apps[i], ECS_STR("ap2004"));
    }
    return text && with_vowifi && ims && !named ? ecs_printf(arena, "%s,ap2004", text) : text;
}

unsigned notify_bucket_has(struct notify_bucket *bucket, int64_t per_second, int64_t now_us, unsigned want)
{
    double most = (double)per_second;

    bucket->tokens += (double)(now_us - bucket->at_us) * most / 1e6;
    if (bucket->tokens > most || !bucket->at_us)
        bucket->tokens = most;
    bucket->at_us = now_us;
    if (bucket->tokens < 1)
        return 0;
    return bucket->tokens < want ? (unsigned)bucket->tokens : want;
}

void notify_bucket_take(struct notify_bucket *bucket, unsigned n)
{
    bucket->tokens -= n;
}

/* ---- steps ---- */

static int channel_of(const struct notify_job *job)
{
    return job->row.channel == ECS_PUSH_GCM ? ECS_PUSH_FCM : job->row.channel;
}

static enum ecs_next not_sent(struct notify_job *job, enum ecs_send_class class, int64_t after_s,
                              const char *reason)
{
    job->untried = true;
    job->result = (struct ecs_send_result){.class = class, .retry_after_s = after_s, .reason = reason};
    return ECS_NEXT;
}

static enum ecs_next send(struct ecs_flow *f)
{
    struct notify_job *job = f->self;
    const struct engine *e = job->engine;
    int channel = channel_of(job);
    const char *apps = notify_apps_text(f->arena, job->row.apps, job->row.n_apps, e->notify->with_vowifi);

    if (!apps)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for a notification");
    /* Taken although the channel is away: only when it may go by SMS. */
    if (!(e->push_channels & 1u << channel) || notify_is_stopped(job->notify, channel))
        return not_sent(job, ECS_SEND_RETRY, CHANNEL_AWAY_S, "the channel is not in use");
    if (channel == ECS_NOTIFY_HOOK)
        return notify_hook_send(f, job, apps);
    if (channel == ECS_PUSH_SMS && !job->row.msisdn.n)
        return not_sent(job, ECS_SEND_BAD, 0, "the line has no number");
    ecs_time_format(job->row.timestamp ? job->row.timestamp : ecs_clock_now(), job->timestamp);
    /* For collapse keys: a number of ours, no identity. */
    snprintf(job->device, sizeof(job->device), "d%lld", (long long)job->row.registration);
    job->message = (struct ecs_push_message){
        .channel = (enum ecs_push_channel)channel,
        .token = job->row.token,
        .apps = ecs_str_of(apps),
        .timestamp = ecs_str_of(job->timestamp),
        .device = ecs_str_of(job->device),
        .msisdn = job->row.msisdn,
        .user_id = job->row.imsi,
        .ttl_s = job->row.life_s,
        .attempts = job->row.attempts > 0 ? (unsigned)job->row.attempts - 1 : 0,
    };
    return ecs_push_send(f, e->push, &job->message, ecs_clock_now(), &job->result);
}

static bool may_go_by_sms(const struct notify_job *job)
{
    if (!notify_has_fallback(job->engine) || !job->row.registration || !job->row.msisdn.n)
        return false;
    return job->result.class != ECS_SEND_RETRY || job->untried ||
           job->row.attempts >= job->engine->notify->fallback_after;
}

static enum ecs_next settle(struct ecs_flow *f)
{
    struct notify_job *job = f->self;
    struct front *front = job->notify->front;
    const struct ecs_send_result *r = &job->result;
    uint32_t random;

    if (job->row.channel == ECS_NOTIFY_HOOK && !job->untried)
        notify_hook_judge(job);
    if (!job->untried)
        ecs_metric_count(front->metrics, ECS_M_NOTIFICATIONS, (unsigned)(5 * job->row.channel) + r->class);
    if (r->class == ECS_SEND_CONFIG)
        notify_channel_stop(job->notify, channel_of(job), r->reason);
    if (!ecs_random(front->crypto, &random, sizeof(random)))
        random = UINT32_MAX; /* the longest wait */
    job->finish = (struct ecs_notify_finish){
        .id = job->row.id,
        .serial = job->row.serial,
        .class = (int)r->class,
        .delay_ms = notify_backoff_ms(job->row.attempts, r->retry_after_s, random),
        .dead_since_s = r->dead_since_s,
        .may_sms = may_go_by_sms(job),
    };
    return ecs_store_notify_finish(f, front->store, &job->finish, &job->outcome);
}

static unsigned outcome_cell(struct ecs_str outcome)
{
    static const char *const words[] = {"sent", "again",   "held",    "later", "sms",
                                        "dead", "expired", "dropped", "gone"};
    unsigned i = 0;

    while (i + 1 < ECS_ARRAY_LEN(words) && !ecs_str_eq(outcome, ecs_str_of(words[i])))
        i++;
    return i;
}

static enum ecs_next tell(struct ecs_flow *f)
{
    struct notify_job *job = f->self;
    const struct ecs_send_result *r = &job->result;
    struct ecs_log_ctx log = {0};
    struct ecs_imsi imsi;

    ecs_metric_count(job->notify->front->metrics, ECS_M_NOTIFY_ENDS, outcome_cell(job->outcome));
    if (ecs_imsi_parse(job->row.imsi, &imsi))
        ecs_imsi_mask(&imsi, log.imsi);
    snprintf(log.apps, sizeof(log.apps), "%.*s", ECS_FMT(job->message.apps));
    if (r->class == ECS_SEND_BAD && !job->untried)
        ecs_log(&log, ECS_EV_NOTIFY_FAULT, "by %s: can never be sent: %s",
                notify_channel_name(job->row.channel), r->reason ? r->reason : "no reason given");
    ecs_log(&log, ECS_EV_NOTIFIED, "by %s, attempt %lld: %.*s%s%s", notify_channel_name(job->row.channel),
            (long long)job->row.attempts, ECS_FMT(job->outcome), r->reason ? ": " : "",
            r->reason ? r->reason : "");
    return ECS_DONE;
}

static enum ecs_next give_up(struct ecs_flow *f)
{
    struct notify_job *job = f->self;

    ecs_log_at(NULL, ECS_EV_NOTIFIED, ECS_LOG_WARNING, "by %s: not settled, it is tried again later: %s",
               notify_channel_name(job->row.channel), f->reason);
    return ECS_DONE;
}

static const struct ecs_step job_steps[] = {
    {"send", send, SEND_LIMIT_MS},
    {"settle", settle, SETTLE_LIMIT_MS},
    {"tell", tell, 0},
    {"give-up", give_up, 0},
    {0},
};

/* ---- begin and end ---- */

static void job_end(struct ecs_flow *f)
{
    struct notify_job *job = f->frame[0].self;
    struct notify *n = job->notify;

    if (job->next)
        job->next->prev = job->prev;
    if (job->prev)
        job->prev->next = job->next;
    else
        n->jobs = job->next;
    n->job_n--;
    n->channel_jobs[job->row.channel]--;
    n->front->in_work--; /* a node that drains waits for it */
    engine_unref(job->engine);
    ecs_arena_free(f->arena);
}

static bool copy_text(struct ecs_arena *arena, struct ecs_str *text)
{
    const char *copy = text->p ? ecs_strdup(arena, *text) : NULL;
    bool good = copy || !text->p;

    text->p = copy;
    return good;
}

static bool copy_row(struct ecs_arena *arena, const struct ecs_outgoing *row, struct ecs_outgoing *ret_row)
{
    struct ecs_str *apps = ecs_alloc(arena, row->n_apps * sizeof(*apps) + 1);
    bool good = apps != NULL;

    *ret_row = *row;
    ret_row->apps = apps;
    for (size_t i = 0; i < row->n_apps && good; i++) {
        apps[i] = row->apps[i];
        good = copy_text(arena, &apps[i]);
    }
    return good && copy_text(arena, &ret_row->imsi) && copy_text(arena, &ret_row->msisdn) &&
           copy_text(arena, &ret_row->token);
}

bool notify_job_start(struct notify *notify, const struct ecs_outgoing *row)
{
    struct ecs_arena *arena = ecs_arena_new(&notify->front->worker->cache, JOB_MEMORY);
    struct notify_job *job = arena ? ecs_alloc(arena, sizeof(*job)) : NULL;

    if (!job || !copy_row(arena, row, &job->row)) {
        ecs_arena_free(arena);
        return false;
    }
    job->notify = notify;
    job->engine = engine_ref(notify->front->engine);
    job->next = notify->jobs;
    if (job->next)
        job->next->prev = job;
    notify->jobs = job;
    notify->job_n++;
    notify->channel_jobs[row->channel]++;
    notify->front->in_work++;
    ecs_flow_start(&job->flow, notify->front->worker->loop, arena, NULL, job_steps, job, job_end);
    return true;
}
