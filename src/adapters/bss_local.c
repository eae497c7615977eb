/* SPDX-License-Identifier: Apache-2.0 */
/* The built-in BSS: plans from a table, and orders that are carried out by being written down, once per key.
 * What a line is afterwards (profiles, card) is the engine's to write. */
#include "adapters/bss_int.h"
#include "ecs/store_bss.h"

struct local {
    struct ecs_bss *bss;
    unsigned what;
    struct ecs_bss_order order;
    struct ecs_offer_key key;
    struct ecs_offers offers;
    struct ecs_local_ordered ordered;
    struct ecs_bss_plans *plans;
    struct ecs_bss_result *result;
};

static enum ecs_next take_plans(struct ecs_flow *f, struct local *l)
{
    struct ecs_bss_plan *plans = ecs_alloc(f->arena, (l->offers.n + 1) * sizeof(*plans));

    if (l->offers.result.rc != ECS_OK || !plans) {
        l->plans->status = ECS_BSS_AGAIN;
        l->plans->why = ecs_strerror(plans ? l->offers.result.rc : ECS_E_TOO_LARGE);
        return ECS_DONE;
    }
    for (size_t i = 0; i < l->offers.n; i++)
        plans[i] = (struct ecs_bss_plan){.id = l->offers.rows[i].id,
                                         .name = l->offers.rows[i].name,
                                         .description = l->offers.rows[i].description,
                                         .profile_type = l->offers.rows[i].profile_type,
                                         .service = l->offers.rows[i].service};
    l->plans->plans = plans;
    l->plans->n = l->offers.n;
    return ECS_DONE;
}

/* Failures of the database, and keys that are there for something else or not at all. */
static bool is_refused(const struct local *l, struct ecs_bss_result *r)
{
    enum ecs_rc rc = l->ordered.result.rc;

    if (rc == ECS_E_BAD_PARAMETER) {
        r->status = ECS_BSS_DENIED;
        r->why = "the local BSS cannot write the order down";
    } else if (rc != ECS_OK) {
        r->status = ECS_BSS_AGAIN;
        r->why = ecs_strerror(rc);
    } else if (!l->ordered.action.p && l->what != BSS_LOCAL_CANCEL) {
        r->status = ECS_BSS_UNKNOWN;
        r->why = "the local BSS has no order with this key";
    } else if (l->ordered.action.p &&
               !ecs_str_eq(l->ordered.action, ecs_str_of(ecs_bss_action_names[l->order.action]))) {
        r->status = ECS_BSS_DENIED;
        r->why = "the key was used for another order";
    }
    return r->status != ECS_BSS_DONE;
}

static void take_order(struct local *l, struct ecs_arena *arena)
{
    struct ecs_bss_result *r = l->result;
    const char *reference = ecs_strdup(arena, l->order.key);

    *r = (struct ecs_bss_result){.status = ECS_BSS_DONE};
    if (is_refused(l, r) || l->what == BSS_LOCAL_CANCEL)
        return;
    r->reference = ecs_str_of(reference);
    if (l->ordered.cancelled) {
        r->status = ECS_BSS_REFUSED;
        r->why = "the order was cancelled";
    } else if (!l->ordered.done) {
        r->status = ECS_BSS_PENDING;
    } else if (l->order.action == ECS_BSS_SERVICE_ON) {
        r->service_status = 1;
    } else if (l->order.action == ECS_BSS_SERVICE_OFF) {
        r->service_status = 3;
    }
}

static enum ecs_next take(struct ecs_flow *f)
{
    struct local *l = f->self;

    if (l->plans)
        return take_plans(f, l);
    take_order(l, f->arena);
    return ECS_DONE;
}

static enum ecs_next ask_tables(struct ecs_flow *f)
{
    struct local *l = f->self;
    const struct ecs_bss_order *o = &l->order;
    const struct ecs_bss_subject *s = &o->subject;
    struct ecs_store *store = l->bss->env.store;

    if (l->plans)
        return ecs_store_offers(f, store, &l->key, &l->offers);
    if (l->what == BSS_LOCAL_FIND)
        return ecs_store_local_order_get(f, store, o->key, &l->ordered);
    if (l->what == BSS_LOCAL_CANCEL)
        return ecs_store_local_order_cancel(f, store, o->key, &l->ordered);
    return ecs_store_local_order(f, store,
                                 &(const struct ecs_local_order){
                                     .key = o->key,
                                     .action = ecs_str_of(ecs_bss_action_names[o->action]),
                                     .imsi = s->imsi,
                                     .enterprise = s->enterprise,
                                     .app = s->app,
                                     .target_id = s->target_id,
                                     .eid = s->eid,
                                     .iccid = o->iccid.p ? o->iccid : s->target_iccid,
                                     .old_iccid = s->old_iccid,
                                     .service = s->service,
                                     .plan = s->plan,
                                     .delay_s = (unsigned)l->bss->conf->local_async_s,
                                 },
                                 &l->ordered);
}

static const struct ecs_step local_steps[] = {
    {"bss-tables", ask_tables, 0},
    {"bss-rows", take, 0},
    {0},
};

enum ecs_next bss_local_plans(struct ecs_flow *f, struct ecs_bss *bss, const struct ecs_bss_subject *subject,
                              struct ecs_bss_plans *ret_plans)
{
    static const int apps[] = {2006, 2009, 2011};
    struct local *l = ecs_alloc(f->arena, sizeof(*l));

    if (!l) {
        *ret_plans = (struct ecs_bss_plans){.status = ECS_BSS_AGAIN, .why = ecs_strerror(ECS_E_TOO_LARGE)};
        return ECS_NEXT;
    }
    l->bss = bss;
    l->plans = ret_plans;
    l->key = (struct ecs_offer_key){.app = apps[bss_kind(subject->app)],
                                    .imsi = subject->imsi,
                                    .enterprise = subject->enterprise,
                                    .service = subject->service,
                                    .plan = subject->plan};
    return ecs_flow_call(f, local_steps, l);
}

enum ecs_next bss_local_order(struct ecs_flow *f, struct ecs_bss *bss, const struct ecs_bss_order *order,
                              unsigned what, struct ecs_bss_result *ret_result)
{
    struct local *l = ecs_alloc(f->arena, sizeof(*l));

    if (!l) {
        *ret_result = (struct ecs_bss_result){.status = ECS_BSS_AGAIN, .why = ecs_strerror(ECS_E_TOO_LARGE)};
        return ECS_NEXT;
    }
    l->bss = bss;
    l->what = what;
    l->order = *order;
    l->result = ret_result;
    return ecs_flow_call(f, local_steps, l);
}
