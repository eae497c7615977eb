/* SPDX-License-Identifier: Apache-2.0 */
/* A boost that the business support system charges: ordered there before it counts as bought. The order is
 * written down first (ecs/store_boost.h), so that of all presses, sessions and nodes one orders at a time,
 * and what ends in between is taken back in the background (boost_job.c). */
#include "boost_job.h"
#include "ecs/store_boost.h"
#include "sheet_service.h"

/* An order may take as long as its step; behind silence the user may press again for a while. */
enum { LEASE_S = 200, WAIT_S = 900 };

static bool is_charged(const struct sheet_service *x)
{
    return x->kind == &service_boost && x->sheet->call->engine->snapshot->websheet->boost_order;
}

static bool is_ordered(const struct sheet_service *x)
{
    return is_charged(x) && (x->begun == ECS_BOOST_ORDER || x->begun == ECS_BOOST_AGAIN);
}

enum ecs_next sheet_boost_begin(struct ecs_flow *f)
{
    struct sheet_service *x = sheet_service_of(f);

    if (!is_charged(x))
        return ECS_NEXT;
    return ecs_store_boost_order_begin(f, x->sheet->call->front->store, &x->buy, LEASE_S, WAIT_S, &x->begun);
}

enum ecs_next sheet_boost_order(struct ecs_flow *f)
{
    struct sheet_service *x = sheet_service_of(f);
    struct sheet *s = x->sheet;

    if (!is_charged(x) || x->begun == ECS_BOOST_HELD)
        return ECS_NEXT;
    if (x->begun == ECS_BOOST_BUSY)
        return sheet_redirect(f);
    if (x->begun == ECS_BOOST_OVER)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "the order of this reference was taken back");
    if (!is_ordered(x)) {
        x->end = (struct service_end){.outcome = SERVICE_FAILED};
        return sheet_service_save(x, ECS_SHEET_FINISHED);
    }
    if (!boost_order_describe(f->arena, x->boost, &x->order))
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the pages need more memory");
    x->order.repeated = x->begun == ECS_BOOST_AGAIN;
    x->order.key = x->buy.key;
    x->order.subject.imsi = s->row.imsi;
    x->order.subject.msisdn = s->facts.msisdn;
    x->order.subject.iccid = s->facts.iccid;
    return ecs_bss_order(f, s->call->engine->bss, &x->order, &x->answer);
}

static bool is_taken(const struct ecs_bss_result *r)
{
    return r->status == ECS_BSS_DONE || r->status == ECS_BSS_PENDING;
}

/* Nobody knows what became of it. */
static bool is_open(const struct ecs_bss_result *r)
{
    return r->status == ECS_BSS_AGAIN || r->status == ECS_BSS_UNKNOWN;
}

enum ecs_next sheet_boost_ordered(struct ecs_flow *f)
{
    struct sheet_service *x = sheet_service_of(f);
    const struct ecs_bss_result *r = &x->answer;
    struct web_call *c = x->sheet->call;

    if (!is_ordered(x) || is_taken(r))
        return ECS_NEXT;
    ecs_log_at(&c->log, ECS_EV_SHEET, ECS_LOG_WARNING, "boost: the BSS answers %s (%s)",
               ecs_bss_status_names[r->status], r->why ? r->why : "no reason told");
    return ecs_store_boost_order_leave(f, c->front->store, &x->buy, !is_open(r), ecs_str_of(r->why));
}

enum ecs_next sheet_boost_left(struct ecs_flow *f)
{
    struct sheet_service *x = sheet_service_of(f);
    const struct ecs_bss_result *r = &x->answer;

    if (!is_ordered(x) || is_taken(r))
        return ECS_NEXT;
    if (is_open(r)) /* the page stays, and the next press asks for this order */
        return ecs_flow_fail(f, ECS_E_BACKEND, "the BSS does not answer the order of a boost");
    x->end = (struct service_end){.outcome = SERVICE_FAILED,
                                  .code = r->status == ECS_BSS_DENIED ? SERVICE_FAILURE_UNKNOWN
                                                                      : SERVICE_FAILURE_PAYMENT};
    return sheet_service_save(x, ECS_SHEET_FINISHED);
}

enum ecs_next sheet_boost_buy(struct ecs_flow *f)
{
    struct sheet_service *x = sheet_service_of(f);
    struct ecs_store *store = x->sheet->call->front->store;

    if (!is_charged(x))
        return ecs_store_boost_buy(f, store, &x->buy, &x->bought);
    return ecs_store_boost_order_buy(f, store, &x->buy, x->answer.status == ECS_BSS_PENDING,
                                     x->answer.reference, &x->bought);
}
