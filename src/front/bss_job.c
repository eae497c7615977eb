/* SPDX-License-Identifier: Apache-2.0 */
/* A timer that runs the BSS adapter's two chores (ecs/bss_sync.h), one after the other: hubs until all have
 * us, then pages of changes; profiles on them go the way of events. Nothing to do with a local BSS. */
#include "bss_job.h"

#include <stdlib.h>

#include "ecs/bss_sync.h"
#include "ecs/odsa.h"

enum { FIRST_MS = 2000, NEXT_PAGE_MS = 500, EVERY_MS = 15000, MEMORY = 4 << 20, LIMIT_MS = 5000 };

struct bss_job {
    struct front *front;
    struct ecs_timer timer;
    struct run *run; /* under way */
    struct engine
        *registered; /* of the adapter that has been registered, held; a reload brings another one */
};

struct run {
    struct ecs_flow flow;
    struct bss_job *job;
    struct engine *engine;
    struct ecs_bss_sync hub, sync;
    size_t event;
    struct ecs_odsa_inbound inbound;
};

static enum ecs_next register_hubs(struct ecs_flow *f)
{
    struct run *r = f->self;

    r->hub = (struct ecs_bss_sync){.bss = r->engine->bss, .store = r->job->front->store};
    return r->job->registered == r->engine ? ECS_NEXT : ecs_flow_call(f, ecs_bss_hub_steps, &r->hub);
}

static void set_registered(struct bss_job *job, struct engine *engine)
{
    struct engine *before = job->registered;

    job->registered = engine ? engine_ref(engine) : NULL;
    engine_unref(before);
}

static enum ecs_next note_hubs(struct ecs_flow *f)
{
    struct run *r = f->self;

    (void)f;
    if (r->hub.registered)
        ecs_log(NULL, ECS_EV_BSS, "registered at %u hubs", r->hub.registered);
    if (r->hub.why)
        ecs_log_at(NULL, ECS_EV_BSS, ECS_LOG_WARNING, "not registered at a hub: %s", r->hub.why);
    else if (r->job->registered != r->engine)
        set_registered(r->job, r->engine);
    return ECS_NEXT;
}

static enum ecs_next read_changes(struct ecs_flow *f)
{
    struct run *r = f->self;

    r->sync = (struct ecs_bss_sync){.bss = r->engine->bss, .store = r->job->front->store};
    return ecs_flow_call(f, ecs_bss_sync_steps, &r->sync);
}

static enum ecs_next note_changes(struct ecs_flow *f)
{
    const struct run *r = f->self;

    if (r->sync.why)
        ecs_log_at(NULL, ECS_EV_BSS, ECS_LOG_WARNING, "changes cannot be read: %s", r->sync.why);
    else if (r->sync.seen)
        ecs_log(NULL, ECS_EV_BSS, "changes: %u rows read, %u of ours changed, %zu profiles", r->sync.seen,
                r->sync.changed, r->sync.n_events);
    return ECS_NEXT;
}

static enum ecs_next take_profile(struct ecs_flow *f)
{
    struct run *r = f->self;

    if (r->event == r->sync.n_events)
        return ECS_DONE;
    r->inbound = (struct ecs_odsa_inbound){
        .env = &r->engine->odsa, .sender = ECS_STR("bss"), .bss = &r->sync.events[r->event++]};
    return ecs_flow_call(f, ecs_odsa_inbound_steps, &r->inbound);
}

static enum ecs_next next_profile(struct ecs_flow *f)
{
    return ecs_flow_goto(f, take_profile);
}

static enum ecs_next end_run(struct ecs_flow *f)
{
    if (f->rc != ECS_OK && f->rc != ECS_E_CANCELLED)
        ecs_log_at(NULL, ECS_EV_BSS, ECS_LOG_WARNING, "hubs and changes: %s", f->reason);
    return ECS_DONE;
}

static const struct ecs_step run_steps[] = {
    {"register-hubs", register_hubs, 0},
    {"note-hubs", note_hubs, 0},
    {"read-changes", read_changes, 0},
    {"note-changes", note_changes, 0},
    {"take-profile", take_profile, LIMIT_MS},
    {"next-profile", next_profile, 0},
    {"end", end_run, 0},
    {0},
};

static void look(void *arg);

static void run_end(struct ecs_flow *f)
{
    struct run *r = f->self;
    struct bss_job *job = r->job;
    struct engine *engine = r->engine;
    bool more = f->rc == ECS_OK && r->sync.more, stopped = f->rc == ECS_E_CANCELLED;

    job->run = NULL;
    ecs_arena_free(f->arena); /* with the run */
    engine_unref(engine);
    if (!stopped)
        ecs_timer_arm(&job->timer, job->front->worker->loop, more ? NEXT_PAGE_MS : EVERY_MS, look, job);
}

static void look(void *arg)
{
    struct bss_job *job = arg;
    struct front *front = job->front;
    struct ecs_arena *arena = ecs_bss_is_local(front->engine->bss) ? NULL : ecs_arena_new(NULL, MEMORY);
    struct run *r = arena ? ecs_alloc(arena, sizeof(*r)) : NULL;

    if (ecs_bss_is_local(front->engine->bss))
        set_registered(job, NULL);
    if (!r || front->draining) {
        ecs_arena_free(arena);
        ecs_timer_arm(&job->timer, front->worker->loop, EVERY_MS, look, job);
        return;
    }
    r->job = job;
    r->engine = engine_ref(front->engine);
    job->run = r;
    ecs_flow_start(&r->flow, front->worker->loop, arena, NULL, run_steps, r, run_end);
}

struct bss_job *bss_job_start(struct front *front)
{
    struct bss_job *job = calloc(1, sizeof(*job));

    if (!job)
        return NULL;
    job->front = front;
    ecs_timer_arm(&job->timer, front->worker->loop, FIRST_MS, look, job);
    return job;
}

void bss_job_stop(struct bss_job *job)
{
    if (!job)
        return;
    ecs_timer_disarm(&job->timer);
    if (job->run)
        ecs_flow_abort(&job->run->flow);
    set_registered(job, NULL);
    free(job);
}
