/* SPDX-License-Identifier: Apache-2.0 */
/* AcquireConfiguration (6.5.5): profiles and procedures under way, with their status and download data. When
 * nothing is known here, the BSS may know a profile that was activated through another channel (7.5). */
#include "op_priv.h"

#include "ecs/auth.h"
#include "ecs/log.h"

enum { BSS_LIMIT_MS = 60000, STORE_LIMIT_MS = 5000, FIRE_LIMIT_MS = 60000 };

struct acquiring {
    struct odsa_list *list;
    struct ecs_bss_subject subject;
    struct ecs_bss_line line;
    const struct ecs_bss_profile *told; /* the one to be adopted */
    struct ecs_profile other;           /* with its ICCID; id 0: none */
    struct ecs_profile_change change;
    int64_t row; /* of the last one that was adopted; 0: none was */
    size_t at;   /* profile to be adopted; later: entry to be noted */
    struct ecs_journey_fire fire;
};

static enum ecs_next end_polling(struct ecs_flow *f);

static enum ecs_next make_list(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    struct acquiring *a = odsa->work->own;

    if (!a)
        a = odsa->work->own = ecs_alloc(f->arena, sizeof(*a));
    if (!a || !(a->list = odsa_list(f, odsa)))
        return odsa_out_of_memory(f);
    return ECS_NEXT;
}

/* ---- profiles of another channel ---- */

static enum ecs_next ask_bss(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    struct acquiring *a = odsa->work->own;
    const struct ecs_bss *bss = odsa->env->bss;

    if (a->list->n || !bss || ecs_bss_is_local(bss))
        return ecs_flow_goto(f, end_polling);
    a->subject = odsa_subject(odsa);
    return ecs_bss_ask(f, odsa->env->bss, &a->subject, &a->line);
}

static bool is_known(const struct odsa_work *w, struct ecs_str iccid)
{
    for (size_t i = 0; i < w->view.n_profiles; i++)
        if (odsa_str_same(w->view.profiles[i].iccid, iccid))
            return true;
    return false;
}

static bool fill_row(struct ecs_flow *f, const struct ecs_odsa *odsa, const struct ecs_bss_profile *p,
                     struct ecs_profile *row)
{
    const struct odsa_request *q = &odsa->work->request;

    *row = (struct ecs_profile){
        .imsi = q->enterprise.n ? ECS_STR_NULL : ecs_str_of(odsa->auth->imsi.s),
        .enterprise = q->enterprise,
        .app = (int)ecs_app_number(q->app),
        .iccid = p->iccid,
        .eid = p->eid.n ? p->eid : q->eid,
        .terminal_id = p->terminal_id.n ? p->terminal_id : q->target_id,
        .service = p->service,
        .address = p->address,
        .name = q->name,
        .vendor = q->vendor,
        .model = q->model,
        .line_imsi = p->line_imsi,
        .msisdn = p->msisdn,
        .origin = ECS_STR("bss"),
        .status = p->status ? p->status : ODSA_SS_ON,
        .secondary = p->secondary,
    };
    if (q->app == ECS_APP_2006 && !row->service.n)
        row->service = ecs_str_of(odsa_service_names[0]);
    return !p->code.n || ecs_odsa_seal(odsa->env, f->arena, p->code, &row->code);
}

static enum ecs_next reload(struct ecs_flow *f);

/* The next one that is not known to this line. */
static enum ecs_next find_unknown(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    struct acquiring *a = odsa->work->own;

    if (a->line.status != ECS_BSS_DONE && a->at == 0)
        ecs_log(f->log, ECS_EV_DECISION, "the BSS has not told profiles: %s",
                a->line.why ? a->line.why : "no reason");
    while (a->line.status == ECS_BSS_DONE && a->at < a->line.n_profiles) {
        a->told = &a->line.profiles[a->at++];
        if (a->told->iccid.n && a->told->status != ODSA_SS_DEAD && !is_known(odsa->work, a->told->iccid))
            return ecs_store_profile_by_iccid(f, odsa->env->store, a->told->iccid, &a->other);
    }
    return a->row ? ecs_flow_goto(f, reload) : ecs_flow_goto(f, end_polling);
}

static enum ecs_next adopt(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    struct acquiring *a = odsa->work->own;

    if (a->other.id) {
        ecs_log(f->log, ECS_EV_FOREIGN_PROFILE, "the BSS tells a profile that lives elsewhere; left out");
        return ecs_flow_goto(f, find_unknown);
    }
    a->change = (struct ecs_profile_change){.set_secondary = a->told->secondary};
    if (!fill_row(f, odsa, a->told, &a->change.row))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "the activation code of the BSS cannot be sealed");
    return ecs_store_profile_change(f, odsa->env->store, &a->change, NULL, &a->row);
}

static enum ecs_next adopt_next(struct ecs_flow *f)
{
    return ecs_flow_goto(f, find_unknown);
}

static enum ecs_next reload(struct ecs_flow *f)
{
    return odsa_load_view(f, f->self, false);
}

/* ---- too many polls ---- */

static enum ecs_next end_polling(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    struct acquiring *a = odsa->work->own;

    a->at = 0;
    for (size_t i = 0; i < a->list->n; i++) {
        const struct ecs_journey *j = a->list->of[i].journey;

        if (!a->list->of[i].polled_out)
            continue;
        a->fire = (struct ecs_journey_fire){
            .env = odsa->env,
            .id = j->id,
            .event = odsa_event_names[ODSA_EV_POLLED_OUT],
            .note = {.neighbour = "device", .us = -1},
        };
        return ecs_flow_call(f, ecs_journey_fire_steps, &a->fire);
    }
    return ECS_NEXT;
}

/* ---- the answer ---- */

static enum ecs_next note_delivery(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    struct acquiring *a = odsa->work->own;

    while (a->at < a->list->n) {
        const struct ecs_profile *p = a->list->of[a->at].profile;
        bool first = a->list->entries[a->at++].download && p && !p->delivered_at;

        if (first)
            return ecs_store_profile_delivered(f, odsa->env->store, p->id);
    }
    return ECS_NEXT;
}

static enum ecs_next answer(struct ecs_flow *f)
{
    struct ecs_odsa *odsa = f->self;
    const struct acquiring *a = odsa->work->own;
    struct odsa_answer *out = &odsa->work->answer;

    if (a->at < a->list->n)
        return ecs_flow_goto(f, note_delivery);
    out->configurations = a->list->entries;
    out->n_configurations = a->list->n;
    out->polling_unit = a->list->polling_unit;
    odsa->work->pending = a->list->pending;
    return ECS_DONE;
}

const struct ecs_step op_acquire_configuration_steps[] = {
    {"list-known", make_list, 0},
    {"ask-profiles", ask_bss, BSS_LIMIT_MS},
    {"find-unknown", find_unknown, STORE_LIMIT_MS},
    {"adopt-profile", adopt, STORE_LIMIT_MS},
    {"adopt-next", adopt_next, 0},
    {"load-adopted", reload, STORE_LIMIT_MS},
    {"list-adopted", make_list, 0},
    {"end-polling", end_polling, FIRE_LIMIT_MS},
    {"note-delivery", note_delivery, STORE_LIMIT_MS},
    {"answer-configuration", answer, 0},
    {0},
};
