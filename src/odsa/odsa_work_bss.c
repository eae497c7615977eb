/* SPDX-License-Identifier: Apache-2.0 */
/* Works at the BSS: an order, its result, its cancellation (bss.md 3). Nothing is ordered twice: an order
 * that may have been placed before is looked for by its key first. What the BSS tells by itself stands in
 * flags and saves the question. */
#include <stdio.h>

#include "odsa_drive.h"

#include "ecs/clock.h"

enum { CALL_LIMIT_MS = 150000, DB_LIMIT_MS = 10000 };

static const char *const app_names[] = {"ap2006", "ap2009", "ap2011"};

static enum ecs_bss_action action_of(const struct ecs_journey *j, enum odsa_state state)
{
    switch (state) {
    case ODSA_COMPLETING:
        return ECS_BSS_CONFIRM;
    case ODSA_ENDING_OLD:
        return ECS_BSS_END_OLD;
    case ODSA_STOPPING:
        return ECS_BSS_END;
    case ODSA_SWITCHING:
        return j->flags & ECS_JOURNEY_F_SERVICE_ON ? ECS_BSS_SERVICE_ON : ECS_BSS_SERVICE_OFF;
    default:
        break;
    }
    if (j->kind == ECS_JOURNEY_TRANSFER || j->kind == ECS_JOURNEY_MOVE)
        return ECS_BSS_TRANSFER;
    return j->kind == ECS_JOURNEY_RECOVERY ? ECS_BSS_RECOVER : ECS_BSS_SUBSCRIBE;
}

static struct ecs_bss_subject subject_of(const struct odsa_drive *d)
{
    const struct ecs_journey *j = &d->journey;

    return (struct ecs_bss_subject){
        .imsi = j->imsi,
        .msisdn = d->line.msisdn,
        .iccid = d->line.iccid,
        .enterprise = j->enterprise,
        .requestor = j->requestor,
        .app = ecs_str_of(app_names[j->app == 2006   ? 0
                                    : j->app == 2009 ? 1
                                                     : 2]),
        .terminal_id = j->terminal_id,
        .target_id = j->target_id.n ? j->target_id : j->terminal_id,
        .eid = j->eid,
        .target_iccid = j->iccid,
        .service = j->service,
        .plan = j->plan,
        .old_id = j->old_id,
        .old_iccid = j->old_iccid,
        .name = j->name,
        .vendor = j->vendor,
        .model = j->model,
    };
}

/* The order that brings the profile is looked for and cancelled in later states, too. */
static bool is_about_profile(const struct ecs_journey *j)
{
    enum odsa_state state = odsa_state_of(j);

    return state == ODSA_ACTIVATING || state == ODSA_AWAITING || state == ODSA_REVOKING;
}

/* The BSS's number of the order meant: only that one's is kept. */
static struct ecs_str reference_of(const struct ecs_journey *j)
{
    return is_about_profile(j) ? j->bss_reference : ECS_STR_NULL;
}

static enum ecs_next make_order(struct ecs_flow *f, struct odsa_drive *d)
{
    const struct ecs_journey *j = &d->journey;
    enum odsa_state state = odsa_state_of(j);
    const char *key = odsa_call_name(f->arena, j, is_about_profile(j) ? odsa_order_number(j) : j->calls);

    if (!key)
        return odsa_drive_no_memory(f);
    d->order = (struct ecs_bss_order){
        .action = action_of(j, state), .key = ecs_str_of(key), .subject = subject_of(d)};
    if (!(j->flags & ECS_JOURNEY_F_BSS_PROFILE))
        d->order.iccid = j->iccid;
    d->bss_result = (struct ecs_bss_result){0};
    d->outcome.neighbour = "bss";
    return ECS_NEXT;
}

static void begin_call(struct odsa_drive *d, const char *call)
{
    d->outcome.call = call;
    d->called_us = ecs_clock_mono_us();
    d->runner->stats.calls++;
}

/* A page that phones cannot be sent to counts as not told: the policy's is used. */
static void take_page(struct odsa_outcome *o, const struct ecs_bss_result *r)
{
    enum { URL_MAX = 2048, DATA_MAX = 8192 };
    bool http = ecs_str_starts_with_nocase(r->url, ECS_STR("https://")) ||
                ecs_str_starts_with_nocase(r->url, ECS_STR("http://"));

    if (!http || r->url.n > URL_MAX || r->data.n > DATA_MAX || !ecs_str_is_utf8(r->url) ||
        !ecs_str_is_utf8(r->data))
        return;
    o->page_url = r->url;
    o->page_data = r->data;
}

static enum ecs_next end_by_status(struct odsa_drive *d)
{
    static const struct {
        enum odsa_event event;
        bool alarm;
    } meanings[ECS_BSS_STATUS_COUNT] = {
        [ECS_BSS_DONE] = {ODSA_EV_OK, false},         [ECS_BSS_PENDING] = {ODSA_EV_PENDING, false},
        [ECS_BSS_AGAIN] = {ODSA_EV_RETRY, false},     [ECS_BSS_WEBSITE] = {ODSA_EV_WEBSITE, false},
        [ECS_BSS_IN_USE] = {ODSA_EV_IN_USE, false},   [ECS_BSS_REFUSED] = {ODSA_EV_REFUSED, false},
        [ECS_BSS_UNKNOWN] = {ODSA_EV_PENDING, false}, [ECS_BSS_DENIED] = {ODSA_EV_RETRY, true},
    };
    const struct ecs_bss_result *r = &d->bss_result;
    struct odsa_outcome *o = &d->outcome;
    enum odsa_state state = odsa_state_of(&d->journey);

    o->us = ecs_clock_mono_us() - d->called_us;
    o->retry_after_s = r->retry_after_s;
    /* The end of the old one is never given up: who refuses it is asked until somebody looks. */
    o->alarm = meanings[r->status].alarm || (state == ODSA_ENDING_OLD && r->status == ECS_BSS_REFUSED);
    if (state == ODSA_ACTIVATING || state == ODSA_AWAITING) {
        o->reference = r->reference;
        o->line_imsi = r->line_imsi;
        o->msisdn = r->msisdn;
        if (d->journey.flags & ECS_JOURNEY_F_BSS_PROFILE) {
            o->iccid = r->iccid;
            o->code = r->code;
            o->address = r->address;
        }
    }
    if (r->status == ECS_BSS_WEBSITE)
        take_page(o, r);
    return odsa_work_ends(d, meanings[r->status].event,
                          r->why || r->status == ECS_BSS_DONE || r->status == ECS_BSS_PENDING
                              ? r->why
                              : ecs_bss_status_names[r->status]);
}

/* The BSS has told it by an event. ECS_NEXT: it has not. */
static enum ecs_next take_told(struct odsa_drive *d)
{
    const struct ecs_journey *j = &d->journey;

    if (j->flags & ECS_JOURNEY_F_BSS_FAILED)
        return odsa_work_ends(d, ODSA_EV_REFUSED,
                              j->reason.n ? ecs_strdup(d->flow.arena, j->reason)
                                          : "the BSS has told a failure");
    return j->flags & ECS_JOURNEY_F_BSS_DONE ? odsa_work_ends(d, ODSA_EV_OK, NULL) : ECS_NEXT;
}

/* ---- an order ---- */

static enum ecs_next look_at_line(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;

    return take_told(d) == ECS_DONE ? ECS_DONE : odsa_drive_line(f);
}

static enum ecs_next find_first(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;
    enum ecs_next next = make_order(f, d);

    if (next != ECS_NEXT)
        return next;
    d->bss_result.status = ECS_BSS_UNKNOWN;
    if (!d->repeated && !d->journey.attempts)
        return ECS_NEXT;
    begin_call(d, "find order");
    return ecs_bss_find(f, d->env->bss, &d->order, reference_of(&d->journey), &d->bss_result);
}

static enum ecs_next place(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;

    if (d->bss_result.status != ECS_BSS_UNKNOWN)
        return end_by_status(d);
    d->bss_result = (struct ecs_bss_result){0};
    begin_call(d, ecs_printf(f->arena, "order %s", ecs_bss_action_names[d->order.action]));
    return ecs_bss_order(f, d->env->bss, &d->order, &d->bss_result);
}

static enum ecs_next take(struct ecs_flow *f)
{
    return end_by_status(f->self);
}

const struct ecs_step odsa_order_steps[] = {
    {"look-at-line", look_at_line, DB_LIMIT_MS},
    {"find-first", find_first, CALL_LIMIT_MS},
    {"place", place, CALL_LIMIT_MS},
    {"take", take, 0},
    {0},
};

/* ---- its result ---- */

static enum ecs_next find_result(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;
    enum ecs_next next = make_order(f, d);

    if (next != ECS_NEXT)
        return next;
    /* An order of the portal has no key of ours. */
    if (!odsa_order_number(&d->journey) && !d->journey.bss_reference.n)
        return odsa_work_ends(d, ODSA_EV_PENDING, NULL);
    begin_call(d, "find order");
    return ecs_bss_find(f, d->env->bss, &d->order, reference_of(&d->journey), &d->bss_result);
}

const struct ecs_step odsa_await_order_steps[] = {
    {"look-at-line", look_at_line, DB_LIMIT_MS},
    {"find-result", find_result, CALL_LIMIT_MS},
    {"take", take, 0},
    {0},
};

/* ---- its cancellation ---- */

static enum ecs_next revoke(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;
    enum ecs_next next = make_order(f, d);

    if (next != ECS_NEXT)
        return next;
    begin_call(d, "cancel order");
    return ecs_bss_cancel(f, d->env->bss, &d->order, reference_of(&d->journey), &d->bss_result);
}

static enum ecs_next load_line(struct ecs_flow *f)
{
    return odsa_drive_line(f);
}

/* An order that the BSS does not have needs no cancellation. */
static enum ecs_next take_revoked(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;

    if (d->bss_result.status == ECS_BSS_UNKNOWN)
        d->bss_result.status = ECS_BSS_DONE;
    return end_by_status(d);
}

const struct ecs_step odsa_revoke_steps[] = {
    {"load-line", load_line, DB_LIMIT_MS},
    {"revoke", revoke, CALL_LIMIT_MS},
    {"take-revoked", take_revoked, 0},
    {0},
};
