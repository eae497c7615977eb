/* SPDX-License-Identifier: Apache-2.0 */
/* Accounting records on their way from the database to the accounting servers: some are taken with a lease,
 * sent side by side, then settled by one statement. What is not answered comes again, on any node. */
#include "accounting_job.h"

#include <stdlib.h>

#include "ecs/accounting.h"
#include "ecs/log.h"
#include "node.h"

enum {
    FIRST_MS = 1000,
    EVERY_MS = 1000,
    AGAIN_MS = 10,
    LOOK_US = 10000000,
    LOOK_OFF_S = 3600, /* while accounting is off: what was left is given up in its time */
    LIMIT_MS = 5000,
    SEND_MS = 60000, /* above two limits of the section and their steps */
    LEASE_SPARE_S = 30,
};

struct child {
    struct ecs_flow flow;
    struct run *run;
    struct ecs_accounting_sending sending;
    bool under_way;
};

struct run {
    struct ecs_flow flow;
    struct accounting_job *job;
    struct engine *engine;
    const struct ecs_accounting_conf *conf;
    struct ecs_accounting_state state;
    struct ecs_accounting_rows rows;
    struct child child[ECS_ACCOUNTING_BATCH];
    size_t pending;
    bool starting, looked, dead;
    struct ecs_accounting_settled settled;
};

struct accounting_job {
    struct front *front;
    struct ecs_timer timer;
    struct run *run; /* under way */
    int64_t looked_us;
};

/* ---- engine ---- */

static struct ecs_neighbour_stats *stats_of(void *arg, const char *name)
{
    struct front *front = arg;

    return ecs_metrics_neighbour(front->metrics, name);
}

static void count(void *arg, enum ecs_accounting_count what)
{
    struct front *front = arg;

    ecs_metric_count(front->metrics, ECS_M_ACCOUNTING, what);
}

bool engine_accounting_new(struct front *front, struct engine *e)
{
    const struct ecs_snapshot *s = e->snapshot;
    struct ecs_accounting_env env = {.loop = front->worker->loop,
                                     .store = front->store,
                                     .crypto = front->crypto,
                                     .diameter = front->diameter,
                                     .node = s->server->name,
                                     .full = &front->node->accounting_full,
                                     .stats = stats_of,
                                     .count = count,
                                     .arg = front,
                                     .lab = s->server->mode == ECS_MODE_LAB,
                                     .former = front->engine ? front->engine->accounting : NULL};
    size_t n;
    const struct ecs_radius_row *servers = ecs_conf_list(s->conf, "radius_servers", &n);
    char err[256] = "";

    e->accounting =
        ecs_accounting_new(&env, ecs_conf_get(s->conf, "accounting"), servers, n, err, sizeof(err));
    if (!e->accounting)
        ecs_log_at(NULL, ECS_EV_CONFIG, ECS_LOG_ERROR, "accounting: %s", err);
    return e->accounting;
}

void engine_accounting_free(struct engine *e)
{
    ecs_accounting_free(e->accounting);
}

/* ---- one run ---- */

static enum ecs_next look_at_rows(struct ecs_flow *f)
{
    struct run *r = f->self;
    int64_t now_us = ecs_loop_now_us(f->loop);

    if (now_us - r->job->looked_us < LOOK_US)
        return ECS_NEXT;
    r->job->looked_us = now_us;
    r->looked = true;
    return ecs_store_accounting_look(f, r->job->front->store, (unsigned)r->conf->max_waiting,
                                     (unsigned)r->conf->keep_s, &r->state);
}

static void note_state(struct run *r)
{
    struct front *front = r->job->front;
    bool full = r->state.waiting >= r->conf->max_waiting;

    atomic_store_explicit(&front->metrics->accounting_waiting, (uint64_t)r->state.waiting,
                          memory_order_relaxed);
    atomic_store_explicit(&front->metrics->accounting_oldest_s, (uint64_t)r->state.oldest_s,
                          memory_order_relaxed);
    ecs_metric_add(&front->metrics->cell[ECS_M_ACCOUNTING][ECS_ACCOUNTING_GIVEN_UP],
                   (uint64_t)r->state.given_up);
    if (r->state.given_up)
        ecs_log_at(NULL, ECS_EV_ACCOUNTING, ECS_LOG_ERROR,
                   "%lld records were given up: nobody answered them in time", (long long)r->state.given_up);
    if (full != atomic_exchange(&front->node->accounting_full, full))
        ecs_log_at(NULL, ECS_EV_ACCOUNTING, full ? ECS_LOG_ERROR : ECS_LOG_NOTICE,
                   full ? "%lld records wait (accounting.max_waiting): further ones are not written"
                        : "%lld records wait: further ones are written again",
                   (long long)r->state.waiting);
}

static enum ecs_next take_rows(struct ecs_flow *f)
{
    struct run *r = f->self;

    if (r->looked)
        note_state(r);
    if (!ecs_accounting_is_on(r->engine->accounting))
        return ECS_DONE;
    return ecs_store_accounting_take(f, r->job->front->store, ECS_ACCOUNTING_BATCH,
                                     (unsigned)(2 * r->conf->limit_ms / 1000) + LEASE_SPARE_S, &r->rows);
}

static enum ecs_next send_row(struct ecs_flow *f)
{
    struct child *c = f->self;

    return ecs_accounting_send(f, c->run->engine->accounting, &c->sending);
}

static enum ecs_next end_row(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

static const struct ecs_step child_steps[] = {
    {"send-record", send_row, 0},
    {"end", end_row, 0},
    {0},
};

static void child_end(struct ecs_flow *f)
{
    struct child *c = f->frame[0].self;
    struct run *r = c->run;

    ecs_arena_free(f->arena);
    if (!c->under_way)
        return; /* nobody waits for it any more */
    c->under_way = false;
    if (--r->pending == 0 && !r->starting)
        ecs_flow_resume(&r->flow);
}

static void stop_children(void *arg)
{
    struct run *r = arg;

    for (size_t i = 0; i < r->rows.n; i++)
        if (r->child[i].under_way) {
            r->child[i].under_way = false;
            ecs_flow_abort(&r->child[i].flow);
        }
}

static enum ecs_next send_rows(struct ecs_flow *f)
{
    struct run *r = f->self;

    if (r->rows.n > ECS_ACCOUNTING_BATCH)
        r->rows.n = ECS_ACCOUNTING_BATCH;
    r->starting = true;
    for (size_t i = 0; i < r->rows.n; i++) {
        struct child *c = &r->child[i];
        struct ecs_arena *arena = ecs_arena_new(NULL, 0);

        c->run = r;
        c->sending.row = &r->rows.rows[i];
        c->sending.why = "no memory";
        if (!arena)
            continue;
        c->under_way = true;
        r->pending++;
        ecs_flow_start(&c->flow, f->loop, arena, NULL, child_steps, c, child_end);
    }
    r->starting = false;
    return r->pending ? ecs_flow_wait(f, stop_children, r) : ECS_NEXT;
}

static bool list_ids(struct run *r)
{
    struct ecs_str *ids = ecs_alloc(r->flow.arena, (3 * r->rows.n + 1) * sizeof(*ids));
    struct ecs_str *started = ids + r->rows.n, *again = ids + 2 * r->rows.n;

    if (!ids)
        return false;
    for (size_t i = 0; i < r->rows.n; i++) {
        const struct ecs_accounting_sending *s = &r->child[i].sending;

        if (s->answered) {
            ids[r->settled.answered_n++] = s->row->id;
            continue;
        }
        r->dead |= s->dead;
        again[r->settled.again_n++] = s->row->id;
        if (s->started)
            started[r->settled.started_n++] = s->row->id;
    }
    r->settled.answered = ids;
    r->settled.started = started;
    r->settled.again = again;
    r->settled.rest_s = (unsigned)r->conf->rest_s;
    r->settled.longest_rest_s = (unsigned)r->conf->longest_rest_s;
    return true;
}

static enum ecs_next settle_rows(struct ecs_flow *f)
{
    struct run *r = f->self;

    if (r->rows.n == 0)
        return ECS_DONE;
    if (!list_ids(r))
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory");
    return ecs_store_accounting_settle(f, r->job->front->store, &r->settled);
}

static enum ecs_next note_settled(struct ecs_flow *f)
{
    struct run *r = f->self;
    struct front *front = r->job->front;
    const char *why = NULL;

    if (f->rc != ECS_OK)
        return ECS_DONE;
    for (size_t i = 0; i < r->rows.n && !why; i++)
        if (!r->child[i].sending.answered)
            why = r->child[i].sending.why;
    ecs_metric_add(&front->metrics->cell[ECS_M_ACCOUNTING][ECS_ACCOUNTING_SENT], r->settled.answered_n);
    ecs_metric_add(&front->metrics->cell[ECS_M_ACCOUNTING][ECS_ACCOUNTING_AGAIN], r->settled.again_n);
    if (r->settled.again_n)
        ecs_log(NULL, ECS_EV_ACCOUNTING, "%zu of %zu records come again: %s", r->settled.again_n, r->rows.n,
                why ? why : "not answered");
    return ECS_DONE;
}

static const struct ecs_step run_steps[] = {
    {"look", look_at_rows, LIMIT_MS},  {"take", take_rows, LIMIT_MS}, {"send", send_rows, SEND_MS},
    {"settle", settle_rows, LIMIT_MS}, {"note", note_settled, 0},     {0},
};

/* ---- the timer ---- */

static void on_time(void *arg);

static void run_end(struct ecs_flow *f)
{
    struct run *r = f->frame[0].self;
    struct accounting_job *job = r->job;
    struct engine *engine = r->engine;
    bool stopped = f->rc == ECS_E_CANCELLED, full = r->rows.n == ECS_ACCOUNTING_BATCH;
    uint32_t ms = r->dead ? (uint32_t)r->conf->rest_s * 1000 : full && f->rc == ECS_OK ? AGAIN_MS : EVERY_MS;

    if (f->rc != ECS_OK && !stopped)
        ecs_log(NULL, ECS_EV_DB_ERROR, "accounting: %s", f->reason);
    job->run = NULL;
    ecs_arena_free(f->arena); /* with the run */
    engine_unref(engine);
    if (!stopped)
        ecs_timer_arm(&job->timer, job->front->worker->loop, ms, on_time, job);
}

static void on_time(void *arg)
{
    struct accounting_job *job = arg;
    struct front *front = job->front;
    bool on = ecs_accounting_is_on(front->engine->accounting) ||
              ecs_loop_now_us(front->worker->loop) - job->looked_us >= LOOK_OFF_S * INT64_C(1000000);
    struct ecs_arena *arena = on && !front->draining ? ecs_arena_new(NULL, 0) : NULL;
    struct run *r = arena ? ecs_alloc(arena, sizeof(*r)) : NULL;

    if (!r) {
        ecs_arena_free(arena);
        ecs_timer_arm(&job->timer, front->worker->loop, EVERY_MS, on_time, job);
        return;
    }
    r->job = job;
    r->engine = engine_ref(front->engine);
    r->conf = ecs_conf_get(r->engine->snapshot->conf, "accounting");
    job->run = r;
    ecs_flow_start(&r->flow, front->worker->loop, arena, NULL, run_steps, r, run_end);
}

struct accounting_job *accounting_job_start(struct front *front)
{
    struct accounting_job *job = calloc(1, sizeof(*job));

    if (!job) {
        ecs_log_at(NULL, ECS_EV_START, ECS_LOG_ERROR, "accounting: no memory");
        return NULL;
    }
    job->front = front;
    job->looked_us = -LOOK_OFF_S * INT64_C(1000000);
    ecs_timer_arm(&job->timer, front->worker->loop, FIRST_MS, on_time, job);
    ecs_accounting_node(front->engine->accounting, ECS_ACCOUNTING_ON);
    return job;
}

void accounting_job_leave(struct accounting_job *job)
{
    if (job)
        ecs_accounting_node(job->front->engine->accounting, ECS_ACCOUNTING_OFF);
}

void accounting_job_stop(struct accounting_job *job)
{
    if (!job)
        return;
    ecs_timer_disarm(&job->timer);
    if (job->run) {
        stop_children(job->run);
        ecs_flow_abort(&job->run->flow);
    }
    ecs_timer_disarm(&job->timer);
    free(job);
}

bool accounting_is_written(const struct front *front)
{
    return ecs_accounting_is_idle(front->engine->accounting);
}
