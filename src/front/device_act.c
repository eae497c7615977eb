/* SPDX-License-Identifier: Apache-2.0 */
/* What a plain request changes before it is answered: the user's word on the terms of carrier billing
 * (MSG_btn of ap2012), and the activation of an account whose terms were accepted. Everything may come twice.
 */
#include "billing_job.h"
#include "device.h"

#include <string.h>

#include "ecs/odsa.h"
#include "ecs/store_data.h"

enum { STORE_LIMIT_MS = 5000, WAIT_LIMIT_MS = 20000, ASK_AGAIN_S = 300 };

/* ---- before authentication ---- */

enum ecs_next device_check_applications(struct ecs_flow *f)
{
    struct device *d = f->self;
    const char *why;
    enum ecs_rc rc;

    if (d->request.kind != ECS_TS43_NEW)
        return ECS_NEXT;
    rc = ecs_app_check_request(&d->request, d->engine->snapshot->offered, &why);
    return rc == ECS_OK ? ECS_NEXT : ecs_flow_fail(f, rc, "%s", why);
}

/* ---- behind it ---- */

struct act {
    struct device *device;
    struct ecs_billing_view view;
    struct ecs_billing_set set;
    enum ecs_data_verdict verdict;
    struct billing_job *job;
    struct ecs_timer timer;
    struct ecs_flow *flow;
    struct ecs_facts_key key;
    uint8_t account[ECS_ACCOUNT_LEN];
    char masked[20];
    bool changed, waiting;
};

static const struct ecs_billing_row *row_of(const struct act *a)
{
    return &a->device->facts.data->billing;
}

static struct ecs_billing_set set_of(struct act *a, enum ecs_billing_state state, int terms, bool force)
{
    struct device *d = a->device;
    struct ecs_billing_set set = {.imsi = ecs_str_of(d->auth.imsi.s),
                                  .vendor = d->request.param[ECS_P_STORE_VENDOR],
                                  .terms = terms,
                                  .state = state,
                                  .force = force,
                                  .actor = ECS_STR("device"),
                                  .subject_masked = ecs_str_of(a->masked)};

    memcpy(set.account, a->account, sizeof(set.account));
    return set;
}

/* The button of the dialog (Table 90), where one is offered: else the terms are accepted on the page only. A
 * refusal of what is active already changes nothing. */
static enum ecs_next take_answer(struct ecs_flow *f)
{
    struct act *a = f->self;
    struct ecs_str button = a->device->request.param[ECS_P_MSG_BTN];
    bool accepted = ecs_str_eq(button, ECS_STR("1"));

    if (!button.p || !a->view.dialog)
        return ECS_NEXT;
    a->set = set_of(a, accepted ? ECS_BILLING_WANTED : ECS_BILLING_NONE, accepted ? 1 : 0, false);
    a->changed = true;
    return ecs_store_billing_set(f, a->device->front->store, &a->set, &a->verdict);
}

/* The BSS works on our order, and its event may have got lost. */
static bool is_to_be_asked(const struct ecs_billing_row *row, int64_t now)
{
    return row->state == ECS_BILLING_ORDERED && row->ordered_at && row->ordered_at + ASK_AGAIN_S <= now;
}

static bool is_wanted(const struct act *a)
{
    bool accepted = a->set.actor.n && a->set.state == ECS_BILLING_WANTED;

    if (a->set.actor.n && a->set.state == ECS_BILLING_NONE && a->verdict == ECS_DATA_DONE)
        return false;
    return row_of(a)->state == ECS_BILLING_WANTED || (accepted && a->verdict == ECS_DATA_DONE) ||
           (a->view.by_bss && is_to_be_asked(row_of(a), a->device->now));
}

static void stop_waiting(struct act *a)
{
    struct device *d = a->device;

    if (a->waiting)
        d->auth.parked(d->auth.parked_arg, false);
    ecs_timer_disarm(&a->timer);
    if (a->job)
        billing_job_forget(a->job);
    a->job = NULL;
}

static void order_ended(void *arg)
{
    struct act *a = arg;

    a->job = NULL;
    stop_waiting(a);
    if (a->waiting)
        ecs_flow_resume(a->flow);
}

static void tired(void *arg)
{
    struct act *a = arg;

    stop_waiting(a);
    ecs_flow_resume(a->flow);
}

static void gone(void *arg)
{
    stop_waiting(arg);
}

static enum ecs_next order_at_bss(struct ecs_flow *f, struct act *a)
{
    struct device *d = a->device;
    struct billing_order order = {.imsi = d->auth.imsi,
                                  .msisdn = d->facts.msisdn,
                                  .vendor = d->request.param[ECS_P_STORE_VENDOR],
                                  .user = d->request.param[ECS_P_STORE_USER_ID]};
    int64_t wait_ms = d->engine->odsa.conf->wait_ms;

    if (d->request.has_terminal)
        order.terminal_id = (struct ecs_str){d->request.terminal.s, d->request.terminal.n};
    memcpy(order.account, a->account, sizeof(order.account));
    if (!billing_job_start(d->front, d->engine, &order, order_ended, a, &a->job) || !a->job || wait_ms <= 0) {
        stop_waiting(a);
        return ECS_NEXT; /* it has ended, or the next request finds it done or asks again */
    }
    a->flow = f;
    a->waiting = true;
    d->auth.waited = true; /* the BSS's time tells nothing about our load, and keeps nobody out */
    d->auth.parked(d->auth.parked_arg, true);
    ecs_timer_arm(&a->timer, f->loop, (uint32_t)wait_ms, tired, a);
    return ecs_flow_wait(f, gone, a);
}

static enum ecs_next activate(struct ecs_flow *f)
{
    struct act *a = f->self;

    if (!is_wanted(a))
        return ECS_NEXT;
    a->changed = true;
    if (a->view.by_bss)
        return order_at_bss(f, a);
    a->set = set_of(a, ECS_BILLING_ACTIVE, -1, true);
    a->set.of_order = true;
    return ecs_store_billing_set(f, a->device->front->store, &a->set, &a->verdict);
}

/* The answer shows the new state, and VERS.version that goes with it. */
static enum ecs_next look_again(struct ecs_flow *f)
{
    struct act *a = f->self;
    struct device *d = a->device;

    if (!a->changed)
        return ECS_NEXT;
    d->answer.prepared = false;
    if (!device_facts_key(d, &a->key))
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the request does not fit into limits.arena");
    return ecs_store_facts(f, d->front->store, &a->key, &d->facts);
}

static enum ecs_next done(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

static const struct ecs_step act_steps[] = {
    {"take-answer", take_answer, STORE_LIMIT_MS},
    {"activate", activate, WAIT_LIMIT_MS},
    {"look-again", look_again, STORE_LIMIT_MS},
    {"done", done, 0},
    {0},
};

enum ecs_next device_act(struct ecs_flow *f)
{
    struct device *d = f->self;
    struct act *a;

    if (d->auth.outcome != ECS_AUTH_PASSED || !d->facts.data ||
        !(d->engine->snapshot->offered & 1u << ECS_APP_2012) ||
        !ecs_ts43_request_has_app(&d->request, ECS_APP_2012))
        return ECS_NEXT;
    if (!d->request.param[ECS_P_MSG_BTN].p && d->facts.data->billing.state != ECS_BILLING_WANTED &&
        !is_to_be_asked(&d->facts.data->billing, d->now))
        return ECS_NEXT;
    a = ecs_alloc(f->arena, sizeof(*a));
    if (!a)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the request does not fit into limits.arena");
    a->device = d;
    if (!ecs_billing_account(d->front->crypto, d->request.param[ECS_P_STORE_VENDOR],
                             d->request.param[ECS_P_STORE_USER_ID], a->account))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "libcrypto fails");
    ecs_imsi_mask(&d->auth.imsi, a->masked);
    answer_prepare(&d->answer, &d->request, &d->facts, &d->auth);
    ecs_app_billing(&d->answer.context, &a->view);
    return a->view.offered ? ecs_flow_call(f, act_steps, a) : ECS_NEXT;
}
