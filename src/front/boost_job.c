/* SPDX-License-Identifier: Apache-2.0 */
/* Boosts that were ordered at the BSS and whose end nobody waits for: the outcome of an order that it took
 * its time for, and the taking back of one that nobody got his boost for. A row is looked at until it is
 * over, by one node at a time. */
#include "boost_job.h"

#include <stdlib.h>

#include "ecs/bss.h"
#include "ecs/log.h"
#include "ecs/store_boost.h"
#include "qos_work.h"

enum {
    LANES = 2,
    MEMORY = 1 << 20,
    FIRST_MS = 1500,
    EVERY_MS = 2000,
    NEXT_MS = 10,
    DB_LIMIT_MS = 5000,
    CALL_LIMIT_MS = 190000,
    RETRY_S = 15,
    UNKNOWN_MOST = 5, /* a BSS may need a moment until it finds what it has just taken */
};

struct lane {
    struct boost_job *job;
    struct ecs_timer timer;
    struct run *run; /* under way; NULL: none */
};

struct boost_job {
    struct front *front;
    struct lane lanes[LANES];
};

struct run {
    struct ecs_flow flow;
    struct lane *lane;
    struct engine *engine;
    struct ecs_boost_orders orders; /* one at most */
    struct ecs_bss_order ask;
    struct ecs_bss_result result;
    enum ecs_boost_order_state state;
    char masked[20];
};

bool boost_order_describe(struct ecs_arena *arena, uint8_t type, struct ecs_bss_order *order)
{
    const char *service = ecs_printf(arena, "DataBoost-%u", type);

    order->action = ECS_BSS_SERVICE_ON;
    order->subject.app = ECS_STR("ap2010");
    order->subject.service = ecs_str_of(service);
    return service != NULL;
}

static enum ecs_next take(struct ecs_flow *f)
{
    struct run *r = f->self;
    const struct ecs_bss_conf *bss = ecs_bss_conf_of(r->engine->bss);

    return ecs_store_boost_order_take(f, r->lane->job->front->store, 1,
                                      (unsigned)(bss->total_ms / 1000 * 6) + 10, &r->orders);
}

static enum ecs_next call(struct ecs_flow *f)
{
    struct run *r = f->self;
    const struct ecs_boost_order *o = r->orders.rows;
    struct ecs_imsi imsi;
    const char *back;

    if (!r->orders.n)
        return ECS_DONE;
    if (ecs_imsi_parse(o->imsi, &imsi))
        ecs_imsi_mask(&imsi, r->masked);
    r->ask = (struct ecs_bss_order){.key = o->key,
                                    .subject = {.imsi = o->imsi, .msisdn = o->msisdn, .iccid = o->iccid}};
    back = ecs_printf(f->arena, "%.*s-back", ECS_FMT(o->key));
    if (!boost_order_describe(f->arena, o->type, &r->ask) || !back)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory");
    if (o->state == ECS_BOOST_ORDER_PENDING)
        return ecs_bss_find(f, r->engine->bss, &r->ask, o->reference, &r->result);
    if (o->state == ECS_BOOST_ORDER_CANCEL)
        return ecs_bss_cancel(f, r->engine->bss, &r->ask, o->reference, &r->result);
    r->ask.action = ECS_BSS_COMPENSATE;
    r->ask.subject.purchase = o->key;
    r->ask.key = ecs_str_of(back);
    r->ask.repeated = o->tries > 1;
    return ecs_bss_order(f, r->engine->bss, &r->ask, &r->result);
}

/* What the answer makes of the order. */
static enum ecs_boost_order_state state_behind(const struct ecs_boost_order *o, enum ecs_bss_status status)
{
    bool no = status == ECS_BSS_REFUSED || status == ECS_BSS_WEBSITE || status == ECS_BSS_IN_USE;

    if (status == ECS_BSS_DONE)
        return o->state == ECS_BOOST_ORDER_PENDING ? ECS_BOOST_ORDER_DONE : ECS_BOOST_ORDER_OVER;
    if (o->state == ECS_BOOST_ORDER_PENDING && status == ECS_BSS_UNKNOWN && o->tries >= UNKNOWN_MOST)
        return ECS_BOOST_ORDER_OVER;
    if (!no)
        return o->state;
    return o->state == ECS_BOOST_ORDER_PENDING  ? ECS_BOOST_ORDER_OVER
           : o->state == ECS_BOOST_ORDER_CANCEL ? ECS_BOOST_ORDER_COMPENSATE
                                                : ECS_BOOST_ORDER_REFUSED;
}

static enum ecs_next settle(struct ecs_flow *f)
{
    struct run *r = f->self;
    const struct ecs_boost_order *o = r->orders.rows;
    const char *why = r->result.why ? r->result.why : "";
    int64_t delay = qos_delay_s(RETRY_S, o->tries, r->result.retry_after_s);

    r->state = state_behind(o, r->result.status);
    if (r->state != o->state)
        delay = 0;
    return ecs_store_boost_order_settle(f, r->lane->job->front->store, o, r->state, delay, ecs_str_of(why),
                                        ecs_str_of(r->masked));
}

static enum ecs_next tell(struct ecs_flow *f)
{
    const struct run *r = f->self;
    const struct ecs_boost_order *o = r->orders.rows;
    bool stuck = r->state == ECS_BOOST_ORDER_REFUSED || r->result.status == ECS_BSS_DENIED;

    (void)f;
    if (r->state == o->state && !stuck)
        return ECS_DONE;
    if (r->state == ECS_BOOST_ORDER_REFUSED || r->state == ECS_BOOST_ORDER_OVER)
        ecs_metric_count(r->lane->job->front->metrics,
                         r->state == ECS_BOOST_ORDER_OVER ? ECS_M_BOOST_TAKEN_BACK : ECS_M_BOOST_STUCK, 0);
    ecs_log_at(NULL, ECS_EV_SHEET, stuck ? ECS_LOG_ERROR : ECS_LOG_NOTICE,
               "order of a boost for %s: %s -> %s%s%s", r->masked, ecs_boost_order_states[o->state],
               ecs_boost_order_states[r->state], r->result.why ? ": " : "",
               r->result.why ? r->result.why : "");
    return ECS_DONE;
}

static enum ecs_next give_up(struct ecs_flow *f)
{
    if (f->rc != ECS_E_CANCELLED && f->rc != ECS_E_BACKEND) /* the store tells when the database is away */
        ecs_log_at(NULL, ECS_EV_SHEET, ECS_LOG_WARNING, "orders of boosts are looked at later: %s",
                   f->reason);
    return ECS_DONE;
}

static const struct ecs_step run_steps[] = {
    {"take", take, DB_LIMIT_MS}, {"call", call, CALL_LIMIT_MS}, {"settle", settle, DB_LIMIT_MS},
    {"tell", tell, 0},           {"give-up", give_up, 0},       {0},
};

static void look(void *arg);

static void run_end(struct ecs_flow *f)
{
    struct run *r = f->frame[0].self;
    struct lane *lane = r->lane;
    struct front *front = lane->job->front;
    bool more = f->rc == ECS_OK && r->orders.n, stopped = f->rc == ECS_E_CANCELLED;

    lane->run = NULL;
    front->in_work--;
    engine_unref(r->engine);
    ecs_arena_free(f->arena); /* with the run */
    if (!stopped)
        ecs_timer_arm(&lane->timer, front->worker->loop, more ? NEXT_MS : EVERY_MS, look, lane);
}

static void look(void *arg)
{
    struct lane *lane = arg;
    struct front *front = lane->job->front;
    /* Our own tables know nothing of orders that were made at a BSS. */
    bool may = !front->draining && !ecs_bss_is_local(front->engine->bss);
    struct ecs_arena *arena = may ? ecs_arena_new(&front->worker->cache, MEMORY) : NULL;
    struct run *r = arena ? ecs_alloc(arena, sizeof(*r)) : NULL;

    if (!r) {
        ecs_arena_free(arena);
        ecs_timer_arm(&lane->timer, front->worker->loop, EVERY_MS, look, lane);
        return;
    }
    r->lane = lane;
    r->engine = engine_ref(front->engine);
    lane->run = r;
    front->in_work++;
    ecs_flow_start(&r->flow, front->worker->loop, arena, NULL, run_steps, r, run_end);
}

struct boost_job *boost_job_start(struct front *front)
{
    struct boost_job *job = calloc(1, sizeof(*job));

    if (!job)
        return NULL;
    job->front = front;
    for (size_t i = 0; i < LANES; i++) {
        job->lanes[i].job = job;
        ecs_timer_arm(&job->lanes[i].timer, front->worker->loop, FIRST_MS + EVERY_MS * i / LANES, look,
                      &job->lanes[i]);
    }
    return job;
}

void boost_job_stop(struct boost_job *job)
{
    if (!job)
        return;
    for (size_t i = 0; i < LANES; i++) {
        ecs_timer_disarm(&job->lanes[i].timer);
        if (job->lanes[i].run)
            ecs_flow_abort(&job->lanes[i].run->flow);
    }
    free(job);
}
