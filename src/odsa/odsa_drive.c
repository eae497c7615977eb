/* SPDX-License-Identifier: Apache-2.0 */
/* The driver: claims a journey, runs the work of its state, writes what has come of it in one statement, and
 * goes on until somebody outside or a time has to be waited for. It belongs to no request: the device may
 * leave. What comes from outside meanwhile changes the row, and the driver notices by its version. */
#include "odsa_drive.h"

#include <stdlib.h>

#include "ecs/auth.h"
#include "ecs/clock.h"
#include "ecs/crypto.h"

enum { DRIVE_MEMORY = 4 << 20, TURNS_MAX = 40, DB_LIMIT_MS = 10000, A_MOMENT_MS = 50 };

/* The work of each state. */
static const struct ecs_step *const works[ODSA_STATE_COUNT] = {
    [ODSA_RESERVING] = odsa_reserve_steps,    [ODSA_ACTIVATING] = odsa_order_steps,
    [ODSA_AWAITING] = odsa_await_order_steps, [ODSA_CONFIRMING] = odsa_confirm_steps,
    [ODSA_RELEASING] = odsa_release_steps,    [ODSA_COMPLETING] = odsa_order_steps,
    [ODSA_ENDING_OLD] = odsa_order_steps,     [ODSA_SWITCHING] = odsa_order_steps,
    [ODSA_STOPPING] = odsa_order_steps,       [ODSA_RETURNING] = odsa_withdraw_steps,
    [ODSA_WITHDRAWING] = odsa_withdraw_steps, [ODSA_REVOKING] = odsa_revoke_steps,
};

enum ecs_next odsa_drive_no_memory(struct ecs_flow *f)
{
    return ecs_flow_fail(f, ECS_E_TOO_LARGE, "a journey needs too much memory");
}

static uint32_t random_of(const struct ecs_odsa_env *env)
{
    uint32_t random;

    return env->auth->crypto && ecs_random(env->auth->crypto, &random, sizeof(random)) ? random : UINT32_MAX;
}

/* Due and deadline are told by the database's clock, by which a journey is claimed: nodes' clocks differ. */
static int64_t now_of(const struct odsa_drive *d)
{
    return ecs_clock_now() + d->ahead_s;
}

/* By our own steady clock, from before the database was asked: over here no later than there. */
static bool holds_lease(const struct odsa_drive *d)
{
    return ecs_clock_mono_us() - d->leased_us < d->env->conf->lease_s * 1000000;
}

static bool is_work(const struct ecs_journey *j)
{
    return odsa_states[odsa_state_of(j)].kind == ODSA_WORK;
}

/* ---- steps ---- */

static enum ecs_next claim(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;

    d->leased_us = ecs_clock_mono_us();
    return ecs_store_journey_claim(f, d->env->store, d->id, false, (unsigned)d->env->conf->lease_s,
                                   &d->journey, &d->claimed_at, &d->taken);
}

/* What nobody has changed since it was made was not called for either: a claim is a version of its own. */
static enum ecs_next begin(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;

    if (!d->taken)
        return ECS_DONE;
    d->ahead_s = d->claimed_at - ecs_clock_now();
    d->repeated = d->journey.version > 2;
    return ECS_NEXT;
}

static enum ecs_next change(struct ecs_flow *f);
static enum ecs_next let_go(struct ecs_flow *f);

static enum ecs_next work(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;
    enum odsa_state state = odsa_state_of(&d->journey);
    int64_t now = now_of(d);
    const struct ecs_step *steps = works[state];

    /* A state of a later release: its nodes go on, and we keep away as long as a lease lasts. */
    if (state == ODSA_NONE || !holds_lease(d))
        return ECS_DONE;
    if (d->turns++ >= TURNS_MAX)
        return ecs_flow_goto(f, let_go);
    d->outcome = (struct odsa_outcome){.us = -1};
    if (!steps) {
        if (odsa_states[state].kind == ODSA_FINAL || !d->journey.deadline_at || d->journey.deadline_at > now)
            return ecs_flow_goto(f, let_go);
        d->outcome.event = ODSA_EV_TIMEOUT;
        return ecs_flow_goto(f, change);
    }
    if (d->journey.due_at > now)
        return ecs_flow_goto(f, let_go);
    return ecs_flow_call(f, steps, d);
}

static void tell(const struct odsa_drive *d, const struct odsa_row *row)
{
    const struct odsa_outcome *o = &d->outcome;

    if (o->alarm || (o->event == ODSA_EV_EXHAUSTED && row))
        ecs_log(NULL, ECS_EV_JOURNEY_ALARM, "journey %lld (%s), %s: %s%s%s%s", (long long)d->id,
                ecs_journey_kinds[d->journey.kind], odsa_states[odsa_state_of(&d->journey)].name,
                o->neighbour ? o->neighbour : "", o->neighbour ? ": " : "",
                o->why ? o->why : odsa_event_names[o->event],
                o->event == ODSA_EV_EXHAUSTED ? "; it is given up" : "");
    if (!row)
        ecs_log_at(NULL, ECS_EV_JOURNEY, ECS_LOG_WARNING, "journey %lld, %s: the outcome \"%s\" has no row",
                   (long long)d->id, odsa_states[odsa_state_of(&d->journey)].name,
                   odsa_event_names[o->event]);
}

/* The row as it will be, and what goes with it. */
static enum ecs_next change(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;
    const struct odsa_row *row;
    int64_t now = now_of(d);

    d->after = d->journey;
    if (!odsa_take_outcome(d, &d->after, now, random_of(d->env), &row))
        return odsa_drive_no_memory(f);
    tell(d, row);
    if (!row)
        return ecs_flow_goto(f, let_go);
    odsa_choose_source(d->env, &d->after);
    odsa_consequence(&d->journey, &d->after, now, &d->consequence);
    return d->consequence.line_iccid ? odsa_drive_line(f) : ECS_NEXT;
}

/* The card of the line is replaced only when it is the one that was moved or brought back. */
/* The subscriber's row may hold the filler that fills the last octet of 19 digits. */
static bool is_of_line(const struct odsa_drive *d)
{
    struct ecs_str iccid = d->line.iccid;

    if (iccid.n && (iccid.p[iccid.n - 1] == 'F' || iccid.p[iccid.n - 1] == 'f'))
        iccid.n--;
    return d->line.known && iccid.n && ecs_str_eq(iccid, d->journey.old_iccid);
}

static void make_note(struct odsa_drive *d)
{
    const struct odsa_outcome *o = &d->outcome;

    d->note = (struct ecs_journey_note){.event = odsa_event_names[o->event],
                                        .neighbour = o->neighbour,
                                        .call = o->call,
                                        .detail = ecs_str_of(o->why),
                                        .us = o->us};
}

static bool is_awaited_by_device(const struct odsa_drive *d)
{
    for (const struct odsa_waiter *w = d->waiting; w; w = w->next)
        if (w->device)
            return true;
    return false;
}

/* Whoever has taken over a lost lease keeps it. */
static enum ecs_next move(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;
    bool release = !d->lost && (!is_work(&d->after) || d->after.due_at > now_of(d));

    d->asked_us = ecs_clock_mono_us();
    d->silent = odsa_state_of(&d->after) == ODSA_READY && is_awaited_by_device(d);
    make_note(d);
    d->move = (struct ecs_journey_move){
        .journey = &d->after,
        .profiles = d->consequence.profiles,
        .n_profiles = d->consequence.n_profiles,
        .note = &d->note,
        /* The device that waits here is answered at once. */
        .notify_reason = d->silent ? NULL : d->consequence.notify,
        .release = release,
        .lease_s = release || d->lost ? 0 : (unsigned)d->env->conf->lease_s,
        .line_iccid = d->consequence.line_iccid && is_of_line(d),
    };
    return ecs_store_journey_move(f, d->env->store, &d->move, &d->result);
}

static void count(struct odsa_drive *d)
{
    struct ecs_odsa_stats *s = &d->runner->stats;

    s->retries += d->outcome.event == ODSA_EV_RETRY;
    switch (odsa_state_of(&d->after)) {
    case ODSA_DONE:
    case ODSA_ENDED:
        s->done++;
        break;
    case ODSA_FAILED:
        s->failed++;
        break;
    case ODSA_DISMISSED:
        s->dismissed++;
        break;
    case ODSA_EXPIRED:
        s->expired++;
        break;
    default:
        break;
    }
}

static enum ecs_next look_again(struct ecs_flow *f);

/* The profile that a neighbour has told belongs to somebody else: nothing of it may be kept. */
static enum ecs_next refuse_profile(struct ecs_flow *f, struct odsa_drive *d)
{
    struct odsa_outcome *o = &d->outcome;

    if (!o->iccid.n)
        return ecs_flow_fail(f, ECS_E_CONFLICT, "a profile of this journey lives with another line");
    o->event = ODSA_EV_EXHAUSTED;
    o->why = "the ICCID that was told lives with another line";
    o->alarm = true;
    o->iccid = o->code = o->address = ECS_STR_NULL;
    return ecs_flow_goto(f, change);
}

static enum ecs_next moved(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;

    if (d->result.moved != ECS_JOURNEY_MOVED)
        d->silent = false;
    if (d->result.moved == ECS_JOURNEY_STALE)
        return ecs_flow_goto(f, look_again);
    if (d->result.moved == ECS_JOURNEY_TAKEN)
        return refuse_profile(f, d);
    if (d->result.moved != ECS_JOURNEY_MOVED)
        return ecs_flow_fail(f, ECS_E_CONFLICT, "another open journey is in the way of this one");
    count(d);
    ecs_log(NULL, ECS_EV_JOURNEY, "journey %lld (%s): %s, %s to %s%s%s", (long long)d->id,
            ecs_journey_kinds[d->journey.kind], d->note.event, odsa_states[odsa_state_of(&d->journey)].name,
            odsa_states[odsa_state_of(&d->after)].name, d->outcome.why ? ": " : "",
            d->outcome.why ? d->outcome.why : "");
    d->repeated = d->after.calls == d->journey.calls;
    d->journey = d->after;
    d->journey.version = d->result.version;
    d->journey.profile = d->result.profile;
    if (!d->move.release && !d->lost)
        d->leased_us = d->asked_us;
    d->silent = d->silent && d->move.release;
    return d->move.release || d->lost ? ECS_DONE : ecs_flow_goto(f, work);
}

static enum ecs_next look_again(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;

    d->after = d->journey; /* to know what the outcome belongs to */
    return ecs_store_journey_get(f, d->env->store, d->id, &d->journey);
}

/* Changed meanwhile: the outcome holds as long as the state still has the same call. Without the lease
 * nothing more is done: another node may be at the next call already. */
static enum ecs_next apply_again(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;
    bool same = ecs_str_eq(d->after.state, d->journey.state) && d->after.calls == d->journey.calls;

    if (d->journey.ended_at)
        return ECS_DONE;
    if (d->turns++ >= TURNS_MAX)
        return ecs_flow_goto(f, let_go);
    d->lost = !holds_lease(d);
    if (same)
        return ecs_flow_goto(f, change);
    ecs_log(NULL, ECS_EV_JOURNEY, "journey %lld: \"%s\" came too late, it is %s now", (long long)d->id,
            odsa_event_names[d->outcome.event], odsa_states[odsa_state_of(&d->journey)].name);
    d->repeated = true;
    return ecs_flow_goto(f, work);
}

static enum ecs_next let_go(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;

    if (!holds_lease(d))
        return ECS_DONE;
    d->move = (struct ecs_journey_move){.journey = &d->journey, .release = true};
    return ecs_store_journey_move(f, d->env->store, &d->move, &d->result);
}

/* Changed meanwhile: the lease is still ours, and nobody else can take up what there is to do now. */
static enum ecs_next gone(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;

    if (d->result.moved != ECS_JOURNEY_STALE || d->turns > TURNS_MAX)
        return ECS_DONE;
    return ecs_store_journey_get(f, d->env->store, d->id, &d->journey);
}

static enum ecs_next go_on(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;

    if (d->journey.ended_at)
        return ECS_DONE;
    d->repeated = true;
    return ecs_flow_goto(f, work);
}

/* The lease runs out and somebody goes on. */
static enum ecs_next end(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;

    if (f->rc != ECS_OK && f->rc != ECS_E_BACKEND && f->rc != ECS_E_NOT_FOUND)
        ecs_log(NULL, ECS_EV_JOURNEY_ALARM, "journey %lld stops for a while: %s", (long long)d->id,
                f->reason);
    return ECS_DONE;
}

static const struct ecs_step drive_steps[] = {
    {"claim", claim, DB_LIMIT_MS},
    {"begin", begin, 0},
    {"work", work, 0},
    {"change", change, DB_LIMIT_MS},
    {"move", move, DB_LIMIT_MS},
    {"moved", moved, 0},
    {"look-again", look_again, DB_LIMIT_MS},
    {"apply-again", apply_again, 0},
    {"let-go", let_go, DB_LIMIT_MS},
    {"gone", gone, DB_LIMIT_MS},
    {"go-on", go_on, 0},
    {"end", end, 0},
    {0},
};

enum ecs_next odsa_drive_line(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;
    const struct ecs_facts_key key = {.imsi = d->journey.imsi};

    if (d->line_known || !d->journey.imsi.n)
        return ECS_NEXT;
    d->line_known = true;
    return ecs_store_facts(f, d->env->store, &key, &d->line);
}

enum ecs_next odsa_drive_keep(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;

    d->move = (struct ecs_journey_move){.journey = &d->journey, .lease_s = (unsigned)d->env->conf->lease_s};
    return ecs_store_journey_move(f, d->env->store, &d->move, &d->result);
}

/* ---- begin, end, waiting ---- */

static void leave(struct odsa_waiter *w)
{
    if (!w->link)
        return;
    *w->link = w->next;
    if (w->next)
        w->next->link = w->link;
    w->link = NULL;
    ecs_timer_disarm(&w->timer);
}

static void wake(void *arg)
{
    struct odsa_waiter *w = arg;

    leave(w);
    ecs_flow_resume(w->flow);
}

/* The move that makes no notification because of this one is on its way. */
static void tire(void *arg)
{
    struct odsa_waiter *w = arg;

    if (w->device && w->drive->silent)
        ecs_timer_arm(&w->timer, w->flow->loop, A_MOMENT_MS, tire, w);
    else
        wake(w);
}

static void cancel_wait(void *arg)
{
    leave(arg);
}

static struct odsa_drive *find_drive(const struct ecs_odsa_runner *runner, int64_t id)
{
    struct odsa_drive *d = runner->drives;

    while (d && d->id != id)
        d = d->next;
    return d;
}

static void drive_end(struct ecs_flow *f)
{
    struct odsa_drive *d = f->frame[0].self;
    struct ecs_odsa_runner *runner = d->runner;
    const struct ecs_odsa_env *env = d->env;
    struct ecs_arena *arena = f->arena;
    struct odsa_waiter *waiting = d->waiting;

    if (d->next)
        d->next->prev = d->prev;
    if (d->prev)
        d->prev->next = d->next;
    else
        runner->drives = d->next;
    runner->busy--;
    if (waiting)
        waiting->link = &waiting; /* a woken flow may make another one leave */
    if (d->again && f->rc == ECS_OK && !runner->stopping)
        odsa_kick(env, d->id);
    while (waiting)
        wake(waiting);
    ecs_arena_free(arena);
    if (env->drop)
        env->drop(env->hold_arg);
}

void odsa_kick(const struct ecs_odsa_env *env, int64_t id)
{
    struct ecs_odsa_runner *runner = env->runner;
    struct odsa_drive *d = find_drive(runner, id);
    struct ecs_arena *arena;

    if (d)
        d->again = true;
    if (d || runner->stopping)
        return;
    arena = ecs_arena_new(runner->cache, DRIVE_MEMORY);
    d = arena ? ecs_alloc(arena, sizeof(*d)) : NULL;
    if (!d) { /* found again by the look at what is due */
        ecs_arena_free(arena);
        return;
    }
    d->runner = runner;
    d->env = env;
    d->id = id;
    d->next = runner->drives;
    if (d->next)
        d->next->prev = d;
    runner->drives = d;
    runner->busy++;
    if (env->hold)
        env->hold(env->hold_arg);
    ecs_flow_start(&d->flow, runner->loop, arena, NULL, drive_steps, d, drive_end);
}

enum ecs_next odsa_await_as(struct ecs_flow *f, const struct ecs_odsa_env *env, int64_t id, bool device)
{
    struct odsa_drive *d = find_drive(env->runner, id);
    struct odsa_waiter *w = d && env->conf->wait_ms > 0 ? ecs_alloc(f->arena, sizeof(*w)) : NULL;

    if (!w)
        return ECS_NEXT;
    w->flow = f;
    w->drive = d;
    w->device = device;
    w->next = d->waiting;
    w->link = &d->waiting;
    if (w->next)
        w->next->link = &w->next;
    d->waiting = w;
    ecs_timer_arm(&w->timer, f->loop, (uint32_t)env->conf->wait_ms, tire, w);
    return ecs_flow_wait(f, cancel_wait, w);
}

enum ecs_next odsa_await(struct ecs_flow *f, const struct ecs_odsa_env *env, int64_t id)
{
    return odsa_await_as(f, env, id, true);
}
