/* SPDX-License-Identifier: Apache-2.0 */
/* The background of requests for quality of service, on worker 0 of each node: what is due is taken under a
 * lease, the network is asked, and the row is settled with what came of it. A node that dies leaves rows
 * whose lease ends; who takes them then looks for what the network has made of them before it asks again. */
#include "engine_qos.h"

#include <stdlib.h>
#include <string.h>

#include "ecs/bss.h"
#include "ecs/clock.h"
#include "ecs/log.h"
#include "ecs/store_qos.h"
#include "qos_work.h"

enum {
    FIRST_MS = 500,
    EVERY_MS = 1000,
    AGAIN_MS = 20,
    JOBS = 32,
    JOB_MEMORY = 2 << 20,
    DB_LIMIT_MS = 5000,
    CALL_LIMIT_MS = 140000,
    DELAY_MOST_S = 900,
    IDLE_CHECK_S = 300,
    COMPENSATIONS = 8,
    UNKNOWN_S = 600 /* a network that no node knows: given up then */
};

struct look {
    struct ecs_flow flow;
    struct qos_runner *runner;
    struct engine *engine;
    unsigned room;
    struct ecs_qos_dues dues;
    struct ecs_qos_compensations compensations;
};

/* ---- one request ---- */

struct job {
    struct ecs_flow flow;
    struct qos_runner *runner;
    struct engine *engine;
    struct job *next, **link;
    struct ecs_qos_due due;
    const struct ecs_qos_conf *network; /* NULL: not configured */
    const char *did;
    struct ecs_qos_call call;
    struct ecs_qos_settle settle;
    enum ecs_qos_state state;
    bool ours, foreign;
    struct ecs_str former_word;
};

static const char *did_of(enum ecs_qos_state state)
{
    return state == ECS_QOS_WANTED ? "apply" : state == ECS_QOS_RELEASING ? "release" : "query";
}

/* Rx: a session that is in the way is ended for a newer request only, else two of them would end each other
 * for ever. Others do not end it. */
static bool makes_room(const struct job *j)
{
    return !j->network || j->network->type != ECS_QOS_RX || j->due.former_id < j->due.id;
}

/* A handle of ours is stored before the network sees it. */
static enum ecs_next prepare(struct ecs_flow *f)
{
    struct job *j = f->self;
    const struct ecs_qos_due *due = &j->due;
    int64_t left = due->ends_at - ecs_clock_now();

    j->ours = true;
    j->call = (struct ecs_qos_call){
        .network = due->network,
        .profile = due->profile,
        .key = ecs_str_of(ecs_printf(f->arena, "ecs-qos-%lld", (long long)due->id)),
        .sink = ecs_str_of(ecs_printf(f->arena, "%lld-%.*s", (long long)due->id, ECS_FMT(due->secret))),
        .subject = {due->imsi, due->msisdn, due->ue_ipv4, due->ue_ipv6},
        .seconds = due->seconds == 0   ? 0
                   : due->ends_at == 0 ? due->seconds
                   : left > 1          ? left
                                       : 1,
        .handle = due->handle,
        .host = due->host,
        .former = makes_room(j) ? due->former : ECS_STR_NULL,
        .repeated = due->repeated,
        .active = due->state == ECS_QOS_ACTIVE,
    };
    if (!j->call.key.p || !j->call.sink.p)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the request does not fit into memory");
    if (due->state != ECS_QOS_WANTED)
        return ECS_NEXT;
    if (!ecs_qos_prepare(j->engine->qos, &j->call, f->arena))
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the request does not fit into memory");
    if (!j->call.handle.n || due->handle.n)
        return ECS_NEXT;
    return ecs_store_qos_mark(f, j->runner->front->store, due, j->call.handle, &j->ours);
}

static enum ecs_next ask(struct ecs_flow *f)
{
    struct job *j = f->self;

    if (!j->ours) /* another node has it */
        return ECS_DONE;
    j->foreign = j->due.state == ECS_QOS_WANTED && ecs_qos_is_foreign(j->engine->qos, &j->call);
    if (j->due.state == ECS_QOS_WANTED && !j->foreign)
        return ecs_qos_apply(f, j->engine->qos, &j->call);
    if (j->due.state == ECS_QOS_RELEASING || j->foreign)
        return ecs_qos_release(f, j->engine->qos, &j->call);
    return ecs_qos_query(f, j->engine->qos, &j->call);
}

static bool is_late(const struct job *j)
{
    return j->due.waited_s >= (j->network ? j->network->give_up_s : UNKNOWN_S);
}

static const char *result_of(const struct job *j)
{
    static const char *const words[3][ECS_QOS_OUTCOME_COUNT] = {
        {"active", "requested", "again", "refused", "gone"},
        {"active", "requested", "again", "refused", "gone"},
        {"released", "again", "again", "refused", "gone"},
    };
    unsigned did = j->due.state == ECS_QOS_WANTED ? 0 : j->due.state == ECS_QOS_RELEASING ? 2 : 1;
    enum ecs_qos_outcome outcome = j->call.outcome;

    if (j->foreign && (outcome == ECS_QOS_DONE || outcome == ECS_QOS_GONE))
        return "vacated";
    /* What was sent before may have come into force, whatever the last answer says. */
    if (did == 0 && ((outcome == ECS_QOS_AGAIN && is_late(j)) || outcome == ECS_QOS_REFUSED))
        return j->call.unknown || j->due.repeated ? "abandoned" : "refused";
    if (did == 0 && outcome == ECS_QOS_AGAIN && !j->call.unknown && !j->due.repeated)
        return "nothing";
    if (did == 1 && outcome == ECS_QOS_PENDING && is_late(j))
        return "refused";
    if (did == 2 && (outcome == ECS_QOS_AGAIN || outcome == ECS_QOS_PENDING) && is_late(j))
        return "refused";
    return words[did][outcome];
}

int64_t qos_delay_s(int64_t retry_s, int64_t tries, uint32_t told_s)
{
    int64_t delay = retry_s;

    for (int64_t i = 1; i < tries && delay < DELAY_MOST_S; i++)
        delay *= 2;
    if (delay > DELAY_MOST_S)
        delay = DELAY_MOST_S;
    return delay < told_s ? told_s : delay;
}

/* Not behind the moment at which it is given up, however long the network asks us to wait. */
static int64_t delay_of(const struct job *j)
{
    int64_t delay = qos_delay_s(j->network ? j->network->retry_s : 5, j->due.tries, j->call.retry_after_s);
    int64_t left = j->network ? j->network->give_up_s - j->due.waited_s : UNKNOWN_S;

    return j->due.state == ECS_QOS_WANTED && left > 0 && delay > left ? left : delay;
}

static enum ecs_next settle(struct ecs_flow *f)
{
    struct job *j = f->self;
    const struct ecs_qos_call *c = &j->call;
    bool late = j->due.state == ECS_QOS_REQUESTED && c->outcome == ECS_QOS_PENDING;

    j->settle = (struct ecs_qos_settle){
        .id = j->due.id,
        .serial = j->due.serial,
        .did = ecs_str_of(j->did),
        .result = ecs_str_of(result_of(j)),
        .handle = c->handle_out,
        .host = c->host_out,
        .ends_at = c->ends_at,
        .delay_s = delay_of(j),
        .check_s = j->network ? j->network->check_s : IDLE_CHECK_S,
        .renewals = j->network ? j->network->renewals : 0,
        .waits = c->waits,
        .reason = ecs_str_of(c->why ? c->why
                             : late ? "the network has not put it in force in time"
                                    : ""),
    };
    return ecs_store_qos_settle(f, j->runner->front->store, &j->settle, &j->state);
}

/* The former session was ended to make room for this one. */
static enum ecs_next end_former(struct ecs_flow *f)
{
    struct job *j = f->self;

    if (!j->call.former_ended || !j->due.former_id)
        return ECS_NEXT;
    return ecs_store_qos_tell(
        f, j->runner->front->store,
        &(const struct ecs_qos_tell){.id = j->due.former_id,
                                     .handle = j->due.former,
                                     .what = ECS_STR("expired"),
                                     .reason = ECS_STR("another session took its place")},
        &j->former_word);
}

void qos_note(struct front *front, int64_t id, struct ecs_str network, enum ecs_qos_state before,
              enum ecs_qos_state state, bool paid, const char *why)
{
    enum ecs_metric metric = state == ECS_QOS_ACTIVE   ? ECS_M_QOS_ACTIVE
                             : state == ECS_QOS_ENDED  ? ECS_M_QOS_ENDED
                             : state == ECS_QOS_FAILED ? ECS_M_QOS_FAILED
                                                       : ECS_METRIC_COUNT;

    if (state != before && metric != ECS_METRIC_COUNT)
        ecs_metric_count(front->metrics, metric, 0);
    if (state == ECS_QOS_FAILED && state != before)
        ecs_log(NULL, ECS_EV_QOS_ALARM, "request %lld at %.*s has failed%s: %s", (long long)id,
                ECS_FMT(network), paid ? ", it was paid for" : "", why);
    else
        ecs_log(NULL, ECS_EV_QOS, "request %lld at %.*s: %s%s%s", (long long)id, ECS_FMT(network),
                state < ECS_QOS_STATE_COUNT ? ecs_qos_states[state] : "taken over by another node",
                *why ? ": " : "", why);
}

static enum ecs_next tell(struct ecs_flow *f)
{
    struct job *j = f->self;
    const char *why = j->settle.reason.p ? j->settle.reason.p : "";

    (void)f;
    if (j->due.state == ECS_QOS_RELEASING && ecs_str_eq(j->settle.result, ECS_STR("refused"))) {
        ecs_metric_count(j->runner->front->metrics, ECS_M_QOS_UNRELEASED, 0);
        ecs_log(NULL, ECS_EV_QOS_ALARM, "request %lld at %.*s could not be released: %s",
                (long long)j->due.id, ECS_FMT(j->due.network), why);
    }
    qos_note(j->runner->front, j->due.id, j->due.network, j->due.state, j->state, j->due.paid, why);
    return ECS_DONE;
}

static enum ecs_next give_up(struct ecs_flow *f)
{
    const struct job *j = f->self;

    if (f->rc != ECS_E_CANCELLED)
        ecs_log_at(NULL, ECS_EV_QOS, ECS_LOG_WARNING,
                   "request %lld: not settled, it is taken up again later: %s", (long long)j->due.id,
                   f->reason);
    return ECS_DONE;
}

static const struct ecs_step job_steps[] = {
    {"prepare", prepare, DB_LIMIT_MS},
    {"ask", ask, CALL_LIMIT_MS},
    {"settle", settle, DB_LIMIT_MS},
    {"end-former", end_former, DB_LIMIT_MS},
    {"tell", tell, 0},
    {"give-up", give_up, 0},
    {0},
};

static void job_end(struct ecs_flow *f)
{
    struct job *j = f->frame[0].self;
    struct qos_runner *runner = j->runner;

    *j->link = j->next;
    if (j->next)
        j->next->link = j->link;
    runner->job_n--;
    runner->front->in_work--; /* a node that drains waits for it */
    engine_unref(j->engine);
    ecs_arena_free(f->arena);
}

static bool copy(struct ecs_arena *arena, struct ecs_str *text)
{
    return front_keep(arena, *text, text);
}

static bool copy_due(struct ecs_arena *arena, struct ecs_qos_due *d)
{
    struct ecs_str *const texts[] = {&d->network, &d->profile, &d->imsi,   &d->msisdn,
                                     &d->ue_ipv4, &d->ue_ipv6, &d->handle, &d->host,
                                     &d->secret,  &d->former,  &d->origin};
    bool good = true;

    for (size_t i = 0; good && i < ECS_ARRAY_LEN(texts); i++)
        good = copy(arena, texts[i]);
    return good;
}

static void start_job(struct qos_runner *runner, const struct ecs_qos_due *due)
{
    struct ecs_arena *arena = ecs_arena_new(&runner->front->worker->cache, JOB_MEMORY);
    struct job *j = arena ? ecs_alloc(arena, sizeof(*j)) : NULL;

    if (j)
        j->due = *due;
    if (!j || !copy_due(arena, &j->due)) { /* the lease ends */
        ecs_arena_free(arena);
        return;
    }
    j->runner = runner;
    j->engine = engine_ref(runner->front->engine);
    j->network = ecs_qos_network(j->engine->qos, j->due.network);
    j->did = did_of(j->due.state);
    j->next = runner->jobs;
    j->link = (struct job **)&runner->jobs;
    if (j->next)
        j->next->link = &j->next;
    runner->jobs = j;
    runner->job_n++;
    runner->front->in_work++;
    ecs_flow_start(&j->flow, runner->front->worker->loop, arena, NULL, job_steps, j, job_end);
}

/* ---- the search ---- */

/* Longer than any call of it, so that no other node does the same meanwhile: three exchanges, each of them
 * redirected once, one repeated with a new token, and two tokens. */
static unsigned lease_s(const struct ecs_qos_env *env)
{
    int64_t longest = 1000;

    for (size_t i = 0; i < env->network_n; i++) {
        int64_t most = env->networks[i].total_ms * (env->networks[i].auth == ECS_QOS_AUTH_OAUTH ? 9 : 6);

        if (most > longest)
            longest = most;
    }
    return (unsigned)(longest / 1000) + 2 + DB_LIMIT_MS / 1000;
}

static enum ecs_next find_due(struct ecs_flow *f)
{
    struct look *l = f->self;
    const struct ecs_qos_env *env = ecs_qos_env_of(l->engine->qos);
    struct ecs_str *told = ecs_alloc(f->arena, 2 * (env->network_n + 1) * sizeof(*told)), *known;
    struct ecs_qos_taking taking = {
        .most = l->room, .lease_s = lease_s(env), .told = told, .known_n = env->network_n};

    if (!told)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory");
    known = told + env->network_n + 1;
    taking.known = known;
    for (size_t i = 0; i < env->network_n; i++) {
        const struct ecs_qos_conf *q = &env->networks[i];

        known[i] = ecs_str_of(q->name);
        if (q->ue_address != ECS_QOS_UE_REQUEST)
            continue;
        told[taking.told_n++] = known[i];
        if ((unsigned)q->address_age_s > taking.age_s)
            taking.age_s = (unsigned)q->address_age_s;
    }
    return ecs_store_qos_take(f, l->runner->front->store, &taking, &l->dues);
}

static enum ecs_next start_due(struct ecs_flow *f)
{
    struct look *l = f->self;

    (void)f;
    for (size_t i = 0; i < l->dues.n; i++)
        if (l->dues.rows[i].state < ECS_QOS_ENDED)
            start_job(l->runner, &l->dues.rows[i]);
    return ECS_NEXT;
}

static enum ecs_next find_compensations(struct ecs_flow *f)
{
    struct look *l = f->self;
    const struct ecs_bss_conf *bss = ecs_bss_conf_of(l->engine->bss);

    return ecs_store_qos_compensation_take(f, l->runner->front->store, COMPENSATIONS,
                                           (unsigned)(bss->total_ms / 1000 * 6) + 10, &l->compensations);
}

static enum ecs_next start_compensations(struct ecs_flow *f)
{
    struct look *l = f->self;

    (void)f;
    for (size_t i = 0; i < l->compensations.n; i++)
        qos_compensation_start(l->runner, &l->compensations.rows[i]);
    return ECS_DONE;
}

static enum ecs_next end_look(struct ecs_flow *f)
{
    /* The store tells by itself when the database is away. */
    if (f->rc != ECS_E_CANCELLED && f->rc != ECS_E_BACKEND)
        ecs_log(NULL, ECS_EV_QOS_ALARM, "requests that are due cannot be found: %s", f->reason);
    return ECS_DONE;
}

static const struct ecs_step look_steps[] = {
    {"find-due", find_due, DB_LIMIT_MS},
    {"start-due", start_due, 0},
    {"find-compensations", find_compensations, DB_LIMIT_MS},
    {"start-compensations", start_compensations, 0},
    {"end", end_look, 0},
    {0},
};

static void look(void *arg);

static void look_end(struct ecs_flow *f)
{
    struct look *l = f->frame[0].self;
    struct qos_runner *runner = l->runner;
    bool more = f->rc == ECS_OK && l->dues.n == l->room && l->room > 0, stopped = f->rc == ECS_E_CANCELLED;

    runner->look = NULL;
    engine_unref(l->engine);
    ecs_arena_free(f->arena); /* with the look */
    if (!stopped)
        ecs_timer_arm(&runner->timer, runner->front->worker->loop, more ? AGAIN_MS : EVERY_MS, look, runner);
}

static void look(void *arg)
{
    struct qos_runner *runner = arg;
    struct front *front = runner->front;
    bool may = !front->draining && runner->job_n < JOBS;
    struct ecs_arena *arena = may ? ecs_arena_new(&front->worker->cache, JOB_MEMORY) : NULL;
    struct look *l = arena ? ecs_alloc(arena, sizeof(*l)) : NULL;

    if (!l) {
        ecs_arena_free(arena);
        ecs_timer_arm(&runner->timer, front->worker->loop, EVERY_MS, look, runner);
        return;
    }
    l->runner = runner;
    l->engine = engine_ref(front->engine);
    l->room = JOBS - runner->job_n < ECS_QOS_DUE_MAX ? JOBS - runner->job_n : ECS_QOS_DUE_MAX;
    runner->look = &l->flow;
    ecs_flow_start(&l->flow, front->worker->loop, arena, NULL, look_steps, l, look_end);
}

struct qos_runner *qos_start(struct front *front)
{
    struct qos_runner *runner = calloc(1, sizeof(*runner));

    if (!runner)
        return NULL;
    runner->front = front;
    ecs_timer_arm(&runner->timer, front->worker->loop, FIRST_MS, look, runner);
    return runner;
}

void qos_stop(struct qos_runner *runner)
{
    if (!runner)
        return;
    ecs_timer_disarm(&runner->timer);
    if (runner->look)
        ecs_flow_abort(runner->look);
    while (runner->jobs)
        ecs_flow_abort(&((struct job *)runner->jobs)->flow);
    while (runner->compensations)
        qos_compensation_abort(runner->compensations);
    ecs_timer_disarm(&runner->timer);
    free(runner);
}
