/* SPDX-License-Identifier: Apache-2.0 */
/* A boost that the business support system charges: ordered there before it counts as bought. The session
 * takes its step first, so that of two copies of one press only one orders; the key of the order is that of
 * the purchase, so that a press after silence asks for the first order instead of making a second one. */
#include "sheet_service.h"

#include <string.h>

static bool is_charged(const struct sheet_service *x)
{
    return x->kind == &service_boost && x->sheet->call->engine->snapshot->websheet->boost_order;
}

enum ecs_next sheet_boost_gate(struct ecs_flow *f)
{
    struct sheet_service *x = sheet_service_of(f);
    struct sheet *s = x->sheet;

    if (!is_charged(x))
        return ECS_NEXT;
    x->order.repeated = x->ordered;
    x->ordered = true;
    s->move = (struct ecs_sheet_move){.step = s->row.step, .stage = ECS_SHEET_ASKED, .terms = -1};
    memcpy(s->move.handle, s->handle, sizeof(s->handle));
    s->move.form = sheet_service_seal(x);
    if (!s->move.form.p)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the pages need more memory");
    return ecs_store_sheet_move(f, s->call->front->store, &s->move, &s->moved);
}

enum ecs_next sheet_boost_order(struct ecs_flow *f)
{
    struct sheet_service *x = sheet_service_of(f);
    struct sheet *s = x->sheet;
    const char *service = ecs_printf(f->arena, "DataBoost-%u", x->boost);

    if (!is_charged(x))
        return ECS_NEXT;
    if (!s->moved) /* a copy of the press is at it */
        return sheet_redirect(f);
    s->row.step++;
    if (!service)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the pages need more memory");
    x->order.action = ECS_BSS_SERVICE_ON;
    x->order.key = ecs_str_of(x->key);
    x->order.subject = (struct ecs_bss_subject){.imsi = s->row.imsi,
                                                .msisdn = s->facts.msisdn,
                                                .iccid = s->facts.iccid,
                                                .app = ECS_STR("ap2010"),
                                                .service = ecs_str_of(service)};
    return ecs_bss_order(f, s->call->engine->bss, &x->order, &x->answer);
}

enum ecs_next sheet_boost_ordered(struct ecs_flow *f)
{
    struct sheet_service *x = sheet_service_of(f);
    const struct ecs_bss_result *r = &x->answer;
    struct web_call *c = x->sheet->call;

    if (!is_charged(x) || r->status == ECS_BSS_DONE || r->status == ECS_BSS_PENDING)
        return ECS_NEXT;
    ecs_log_at(&c->log, ECS_EV_SHEET, ECS_LOG_WARNING, "boost: the BSS answers %s (%s)",
               ecs_bss_status_names[r->status], r->why ? r->why : "no reason told");
    /* Nobody knows what became of it: the page stays, and the next press asks for this order. */
    if (r->status == ECS_BSS_AGAIN || r->status == ECS_BSS_UNKNOWN)
        return ecs_flow_fail(f, ECS_E_BACKEND, "the BSS does not answer the order of a boost");
    x->end = (struct service_end){.outcome = SERVICE_FAILED,
                                  .code = r->status == ECS_BSS_DENIED ? SERVICE_FAILURE_UNKNOWN
                                                                      : SERVICE_FAILURE_PAYMENT};
    return sheet_service_save(x, ECS_SHEET_FINISHED);
}
