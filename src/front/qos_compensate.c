/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that were paid for and have failed: the order to the BSS to compensate them, until it is answered.
 */
#include "ecs/bss.h"
#include "ecs/log.h"
#include "qos_work.h"

enum { MEMORY = 1 << 20, DB_LIMIT_MS = 5000, CALL_LIMIT_MS = 190000, PENDING_S = 60, RETRY_S = 10 };

struct qos_compensation {
    struct ecs_flow flow;
    struct qos_runner *runner;
    struct engine *engine;
    struct qos_compensation *next, **link;
    struct ecs_qos_compensation row;
    struct ecs_bss_order order;
    struct ecs_bss_result result;
    const char *state;
};

static enum ecs_next order(struct ecs_flow *f)
{
    struct qos_compensation *w = f->self;
    const struct ecs_qos_compensation *r = &w->row;

    w->order = (struct ecs_bss_order){
        .action = ECS_BSS_COMPENSATE,
        .key = r->key,
        .subject = {.imsi = r->imsi,
                    .msisdn = r->msisdn,
                    .iccid = r->iccid,
                    .app = ECS_STR("ap2010"),
                    .service = r->origin,
                    .purchase = r->reference},
        .repeated = r->tries > 1,
    };
    if (ecs_str_eq(r->state, ECS_STR("pending")))
        return ecs_bss_find(f, w->engine->bss, &w->order, r->bss_reference, &w->result);
    return ecs_bss_order(f, w->engine->bss, &w->order, &w->result);
}

static enum ecs_next settle(struct ecs_flow *f)
{
    struct qos_compensation *w = f->self;
    const struct ecs_bss_result *r = &w->result;
    int64_t delay = qos_delay_s(RETRY_S, w->row.tries, r->retry_after_s);

    switch (r->status) {
    case ECS_BSS_DONE:
        w->state = "done";
        break;
    case ECS_BSS_PENDING:
        w->state = "pending";
        delay = PENDING_S;
        break;
    case ECS_BSS_AGAIN:
        w->state = ecs_str_eq(w->row.state, ECS_STR("pending")) ? "pending" : "due";
        break;
    case ECS_BSS_UNKNOWN: /* it never arrived */
        w->state = "due";
        break;
    default:
        w->state = "refused";
        break;
    }
    return ecs_store_qos_compensation_settle(f, w->runner->front->store, w->row.request, w->row.serial,
                                             ecs_str_of(w->state), r->reference, delay,
                                             ecs_str_of(r->why ? r->why : ""));
}

static enum ecs_next tell(struct ecs_flow *f)
{
    struct qos_compensation *w = f->self;
    const char *why = w->result.why ? w->result.why : "";
    bool refused = w->state[0] == 'r';

    (void)f;
    if (refused || w->state[1] == 'o')
        ecs_metric_count(w->runner->front->metrics, refused ? ECS_M_QOS_UNCOMPENSATED : ECS_M_QOS_COMPENSATED,
                         0);
    ecs_log(NULL, refused ? ECS_EV_QOS_ALARM : ECS_EV_QOS, "compensation of request %lld: %s%s%s",
            (long long)w->row.request, w->state, *why ? ": " : "", why);
    return ECS_DONE;
}

static enum ecs_next give_up(struct ecs_flow *f)
{
    const struct qos_compensation *w = f->self;

    if (f->rc != ECS_E_CANCELLED)
        ecs_log_at(NULL, ECS_EV_QOS, ECS_LOG_WARNING,
                   "compensation of request %lld: not settled, it is taken up again: %s",
                   (long long)w->row.request, f->reason);
    return ECS_DONE;
}

static const struct ecs_step steps[] = {{"order", order, CALL_LIMIT_MS},
                                        {"settle", settle, DB_LIMIT_MS},
                                        {"tell", tell, 0},
                                        {"give-up", give_up, 0},
                                        {0}};

static void work_end(struct ecs_flow *f)
{
    struct qos_compensation *w = f->frame[0].self;

    *w->link = w->next;
    if (w->next)
        w->next->link = w->link;
    w->runner->front->in_work--;
    engine_unref(w->engine);
    ecs_arena_free(f->arena);
}

void qos_compensation_start(struct qos_runner *runner, const struct ecs_qos_compensation *row)
{
    struct ecs_arena *arena = ecs_arena_new(&runner->front->worker->cache, MEMORY);
    struct qos_compensation *w = arena ? ecs_alloc(arena, sizeof(*w)) : NULL;
    bool good = w != NULL;

    if (w) {
        struct ecs_qos_compensation *r = &w->row;
        struct ecs_str *const texts[] = {&r->state,   &r->bss_reference, &r->key,    &r->imsi,
                                         &r->msisdn,  &r->iccid,         &r->origin, &r->reference,
                                         &r->profile, &r->reason};

        *r = *row;
        for (size_t i = 0; good && i < ECS_ARRAY_LEN(texts); i++)
            good = front_keep(arena, *texts[i], texts[i]);
    }
    if (!good) { /* the lease ends */
        ecs_arena_free(arena);
        return;
    }
    w->runner = runner;
    w->engine = engine_ref(runner->front->engine);
    w->next = runner->compensations;
    w->link = &runner->compensations;
    if (w->next)
        w->next->link = &w->next;
    runner->compensations = w;
    runner->front->in_work++;
    ecs_flow_start(&w->flow, runner->front->worker->loop, arena, NULL, steps, w, work_end);
}

void qos_compensation_abort(struct qos_compensation *work)
{
    ecs_flow_abort(&work->flow);
}
