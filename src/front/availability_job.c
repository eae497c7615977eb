/* SPDX-License-Identifier: Apache-2.0 */
/* A timer that asks each feed when it is due: the claim in the database sees to it that one node asks. What a
 * feed tells replaces what it told before, in one transaction; a silent feed's states are dropped or kept. */
#include "availability_job.h"

#include <stdlib.h>
#include <string.h>

#include "ecs/log.h"

/* A lease is longer than a question with all its repetitions and the statements around it. */
enum {
    FIRST_MS = 500,
    LOOK_MS = 250,
    US_PER_S = 1000000,
    LEASE_S = 240,
    FORGET_S = 10,
    LIMIT_MS = 10000,
    MEMORY = 4 << 20
};

struct feed {
    struct ecs_feed *feed;
    const struct ecs_feed_conf *conf;
    int64_t next_us; /* monotonic */
    int64_t skipped; /* rows of unknown brands, as told last */
    size_t missing;  /* rows with unknown texts, as told last */
    bool failing;    /* told once */
    bool asked;      /* since this configuration: a tag is of this address */
};

struct availability_job {
    struct front *front;
    struct ecs_timer timer;
    struct engine *engine; /* whose feeds these are, held */
    struct feed *feeds;
    size_t n;
    int64_t forget_us; /* next look for feeds that nobody asks any more, monotonic */
    struct run *run;
};

struct run {
    struct ecs_flow flow;
    struct availability_job *job;
    struct feed *feed; /* NULL: those that are gone are forgotten */
    bool forgets;
    struct ecs_feed_claim claim;
    struct ecs_feed_poll poll;
    struct ecs_state_changes changes;
    struct ecs_str *names;
    int64_t removed;
};

static int64_t now_us(const struct availability_job *job)
{
    return ecs_loop_now_us(job->front->worker->loop);
}

struct ecs_str availability_message(const struct engine *engine, enum ecs_availability state)
{
    const struct ecs_availability_conf *c = ecs_conf_get(engine->snapshot->conf, "availability");
    struct ecs_str key =
        ecs_str_of(state == ECS_AVAILABLE_NOT_DEPLOYED ? c->not_deployed_message : c->outage_message);

    if (state == ECS_AVAILABLE_READY || !key.n || !ecs_message_exists(engine->snapshot->messages, key))
        return ECS_STR_NULL;
    return key;
}

void availability_snapshot_check(const struct ecs_snapshot *s, const char *path, struct ecs_faults *faults)
{
    size_t n;
    const struct ecs_feed_conf *feeds = ecs_conf_list(s->conf, "availability_feeds", &n);

    for (size_t i = 0; i < n; i++) {
        if (s->server->mode == ECS_MODE_PRODUCTION &&
            (strncmp(feeds[i].url, "http://", 7) == 0 ||
             (feeds[i].auth == ECS_FEED_AUTH_OAUTH && strncmp(feeds[i].token_url, "http://", 7) == 0)))
            ecs_fault_add(faults, path, 0, 0,
                          "availability_feeds \"%s\": http:// is refused unless server.mode is lab",
                          feeds[i].name);
        for (size_t k = 0; k < i; k++)
            if (strcmp(feeds[i].name, feeds[k].name) == 0)
                ecs_fault_add(faults, path, 0, 0, "availability_feeds: \"%s\" stands twice", feeds[i].name);
    }
}

/* ---- a question ---- */

static enum ecs_next forget(struct ecs_flow *f)
{
    struct run *r = f->self;
    struct availability_job *job = r->job;

    if (job->forget_us > now_us(job))
        return ECS_NEXT;
    job->forget_us = now_us(job) + US_PER_S; /* the database may be away */
    r->forgets = true;
    r->names = ecs_alloc(f->arena, (job->n + 1) * sizeof(*r->names));
    if (!r->names)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for a look at feeds");
    for (size_t i = 0; i < job->n; i++)
        r->names[i] = ecs_str_of(job->feeds[i].conf->name);
    return ecs_store_feed_forget(f, job->front->store, r->names, job->n, &r->removed);
}

static enum ecs_next claim(struct ecs_flow *f)
{
    struct run *r = f->self;
    const struct ecs_feed_conf *c;

    if (r->forgets)
        r->job->forget_us = now_us(r->job) + FORGET_S * US_PER_S;
    if (r->removed)
        ecs_log(NULL, ECS_EV_AVAILABILITY, "%lld states of feeds that are gone were removed",
                (long long)r->removed);
    if (!r->feed)
        return ECS_DONE;
    c = r->feed->conf;
    return ecs_store_feed_claim(f, r->job->front->store, ecs_str_of(c->name), c->every_s, LEASE_S, &r->claim);
}

static bool is_stale(const struct run *r)
{
    return r->feed->conf->stale == ECS_FEED_STALE_DROP && r->claim.silent_s >= r->feed->conf->stale_s;
}

static enum ecs_next ask(struct ecs_flow *f)
{
    struct run *r = f->self;
    int64_t every_us = r->feed->conf->every_s * US_PER_S;

    /* Another node has asked, or asks: it may die. */
    r->feed->next_us =
        now_us(r->job) + (r->claim.ours || every_us < 10 * US_PER_S ? US_PER_S : every_us / 10);
    if (!r->claim.ours)
        return ECS_DONE;
    r->poll = (struct ecs_feed_poll){.feed = r->feed->feed, .etag = r->claim.etag};
    /* What was dropped while a crash kept its tag, and what another address has told, is asked for whole. */
    if (!r->feed->asked || is_stale(r))
        r->poll.etag = ECS_STR_NULL;
    r->feed->asked = true;
    return ecs_flow_call(f, ecs_feed_poll_steps, &r->poll);
}

/* A text that the catalogues do not have would be none; said once for each other number of them. */
static void choose_messages(const struct run *r)
{
    const struct engine *e = r->job->engine;
    struct ecs_str missing = ECS_STR_NULL;
    size_t n = 0;

    for (size_t i = 0; i < r->poll.document.n; i++) {
        struct ecs_state_row *row = &r->poll.document.rows[i];

        if (row->message_key.p && !ecs_message_exists(e->snapshot->messages, row->message_key)) {
            missing = row->message_key;
            row->message_key = ECS_STR_NULL;
            n++;
        }
        if (!row->message_key.p)
            row->message_key = availability_message(e, row->state);
    }
    if (n && n != r->feed->missing)
        ecs_log_at(NULL, ECS_EV_AVAILABILITY, ECS_LOG_WARNING,
                   "feed %s: the message catalogues do not have \"%.*s\" (%zu states)", r->feed->conf->name,
                   ECS_FMT(missing), n);
    r->feed->missing = n;
}

static enum ecs_state_tell tell_of(const struct engine *engine)
{
    const struct ecs_availability_conf *c = ecs_conf_get(engine->snapshot->conf, "availability");

    return (enum ecs_state_tell)c->tell;
}

static bool is_dropped(const struct run *r)
{
    return r->poll.outcome == ECS_FEED_FAILED && is_stale(r);
}

static enum ecs_next put(struct ecs_flow *f)
{
    struct run *r = f->self;
    const bool dropped = is_dropped(r);
    const struct ecs_state_put what = {
        .source = ecs_str_of(r->feed->conf->name),
        .whole = true,
        .tell = dropped ? ECS_STATE_TELL_NONE : tell_of(r->job->engine),
        .rows = r->poll.document.rows,
        .n = r->poll.document.n,
    };

    if (r->poll.outcome != ECS_FEED_NEW && !dropped)
        return ECS_NEXT;
    choose_messages(r);
    return ecs_store_state_put(f, r->job->front->store, &what, &r->changes);
}

static enum ecs_next settle(struct ecs_flow *f)
{
    struct run *r = f->self;
    struct ecs_store *store = r->job->front->store;
    struct ecs_str name = ecs_str_of(r->feed->conf->name);

    r->feed->next_us = now_us(r->job) + r->feed->conf->every_s * US_PER_S;
    if (r->poll.outcome == ECS_FEED_FAILED)
        return ecs_store_feed_bad(f, store, name, ecs_str_of(r->poll.why), is_dropped(r));
    /* A brand may come: what was left out is asked for again. */
    return ecs_store_feed_good(f, store, name, r->changes.skipped ? ECS_STR_NULL : r->poll.new_etag);
}

static enum ecs_next tell(struct ecs_flow *f)
{
    struct run *r = f->self;
    const char *name = r->feed->conf->name;
    bool failed = r->poll.outcome == ECS_FEED_FAILED;

    (void)f;
    if (r->changes.changed || r->changes.skipped != r->feed->skipped)
        ecs_log(NULL, ECS_EV_AVAILABILITY,
                "feed %s: %lld states have changed, %lld campaigns, %lld of unknown brands%s", name,
                (long long)r->changes.changed, (long long)r->changes.told, (long long)r->changes.skipped,
                failed ? "; it is silent, what it told is dropped" : "");
    if (failed && !r->feed->failing)
        ecs_log_at(NULL, ECS_EV_AVAILABILITY, ECS_LOG_WARNING, "feed %s: %s", name, r->poll.why);
    if (!failed && r->feed->failing)
        ecs_log(NULL, ECS_EV_AVAILABILITY, "feed %s answers again", name);
    r->feed->failing = failed;
    r->feed->skipped = r->changes.skipped;
    return ECS_DONE;
}

/* What the database refuses is a fault of the feed like others: named, and asked for again in its time. */
static enum ecs_next give_up(struct ecs_flow *f)
{
    static const char refused[] = "the database refuses its states: with them more than 200 would stand";
    struct run *r = f->self;

    if (f->rc == ECS_OK || f->rc == ECS_E_CANCELLED || f->rc == ECS_E_BACKEND)
        return ECS_DONE;
    if (f->rc != ECS_E_BAD_PARAMETER || !r->feed || !r->claim.ours) {
        ecs_log_at(NULL, ECS_EV_AVAILABILITY, ECS_LOG_WARNING, "a feed could not be taken over: %s",
                   f->reason);
        return ECS_DONE;
    }
    if (!r->feed->failing)
        ecs_log_at(NULL, ECS_EV_AVAILABILITY, ECS_LOG_WARNING, "feed %s: %s", r->feed->conf->name, refused);
    r->feed->failing = true;
    r->feed->next_us = now_us(r->job) + r->feed->conf->every_s * US_PER_S;
    return ecs_store_feed_bad(f, r->job->front->store, ecs_str_of(r->feed->conf->name), ecs_str_of(refused),
                              false);
}

static const struct ecs_step run_steps[] = {
    {"forget", forget, LIMIT_MS}, {"claim", claim, LIMIT_MS}, {"ask", ask, 0},         {"put", put, LIMIT_MS},
    {"settle", settle, LIMIT_MS}, {"tell", tell, 0},          {"give-up", give_up, 0}, {0},
};

/* ---- life ---- */

static void free_feeds(struct availability_job *job)
{
    for (size_t i = 0; i < job->n; i++)
        ecs_feed_free(job->feeds[i].feed);
    free(job->feeds);
    job->feeds = NULL;
    job->n = 0;
    engine_unref(job->engine);
    job->engine = NULL;
}

/* A reload has brought another engine: its feeds are asked at once, with new connections. */
static void take_engine(struct availability_job *job)
{
    struct front *front = job->front;
    size_t n;
    const struct ecs_feed_conf *confs;

    if (job->engine == front->engine)
        return;
    free_feeds(job);
    job->engine = engine_ref(front->engine);
    job->forget_us = 0;
    confs = ecs_conf_list(job->engine->snapshot->conf, "availability_feeds", &n);
    job->feeds = calloc(n + 1, sizeof(*job->feeds));
    for (size_t i = 0; job->feeds && i < n; i++) {
        struct ecs_feed *feed =
            ecs_feed_new(front->pool, &confs[i], ecs_metrics_neighbour(front->metrics, confs[i].name),
                         job->engine->snapshot->server->mode == ECS_MODE_LAB);

        if (feed)
            job->feeds[job->n++] = (struct feed){.feed = feed, .conf = &confs[i]};
        else
            ecs_log_at(NULL, ECS_EV_AVAILABILITY, ECS_LOG_ERROR, "no memory: feed %s is not asked",
                       confs[i].name);
    }
}

static struct feed *due_feed(struct availability_job *job)
{
    struct feed *due = NULL;

    for (size_t i = 0; i < job->n; i++)
        if (job->feeds[i].next_us <= now_us(job) && (!due || job->feeds[i].next_us < due->next_us))
            due = &job->feeds[i];
    return due;
}

static void look(void *arg);

static void run_end(struct ecs_flow *f)
{
    struct run *r = f->frame[0].self;
    struct availability_job *job = r->job;
    bool stopped = f->rc == ECS_E_CANCELLED;

    if (r->feed && r->feed->next_us <= now_us(job)) /* the database is away */
        r->feed->next_us = now_us(job) + US_PER_S;
    job->run = NULL;
    ecs_arena_free(f->arena); /* with the run */
    if (!stopped)
        ecs_timer_arm(&job->timer, job->front->worker->loop, LOOK_MS, look, job);
}

static void look(void *arg)
{
    struct availability_job *job = arg;
    struct ecs_arena *arena = NULL;
    struct run *r = NULL;
    struct feed *due = NULL;

    if (!job->front->draining) {
        take_engine(job);
        due = due_feed(job);
        if (due || job->forget_us <= now_us(job))
            arena = ecs_arena_new(&job->front->worker->cache, MEMORY);
    }
    r = arena ? ecs_alloc(arena, sizeof(*r)) : NULL;
    if (!r) {
        ecs_arena_free(arena);
        ecs_timer_arm(&job->timer, job->front->worker->loop, LOOK_MS, look, job);
        return;
    }
    r->job = job;
    r->feed = due;
    job->run = r;
    ecs_flow_start(&r->flow, job->front->worker->loop, arena, NULL, run_steps, r, run_end);
}

struct availability_job *availability_job_start(struct front *front)
{
    struct availability_job *job = calloc(1, sizeof(*job));

    if (!job)
        return NULL;
    job->front = front;
    ecs_timer_arm(&job->timer, front->worker->loop, FIRST_MS, look, job);
    return job;
}

void availability_job_stop(struct availability_job *job)
{
    if (!job)
        return;
    ecs_timer_disarm(&job->timer);
    if (job->run)
        ecs_flow_abort(&job->run->flow);
    free_feeds(job);
    free(job);
}
