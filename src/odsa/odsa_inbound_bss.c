/* SPDX-License-Identifier: Apache-2.0 */
/* Events of the BSS about lines and profiles: facts that change, profiles that were never ordered here
 * (TS.43 7.5), the end of what a journey waits for. Changes of lines notify devices by themselves. */
#include "ecs/clock.h"
#include "ecs/store_admin.h"
#include "ecs/store_bss.h"
#include "odsa_inbound.h"

enum { DB_LIMIT_MS = 10000, FIRE_LIMIT_MS = 30000 };

struct told {
    struct ecs_str imsi;
    struct ecs_facts_key key;
    struct ecs_subscriber_facts line;
    struct ecs_subscriber_rows rows;
    struct ecs_bss_rows row;
    struct ecs_str none, status;
    struct ecs_subscriber_fields place;
    unsigned changed;
    int64_t number;
    int app;
    struct ecs_odsa_key view_key;
    struct ecs_odsa_view view;
    struct ecs_profile_change change;
};

static enum ecs_next finish(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

static enum ecs_next look_first(struct ecs_flow *f)
{
    struct ecs_odsa_inbound *in = f->self;
    struct told *own = ecs_alloc(f->arena, sizeof(*own));

    if (!own)
        return ecs_flow_fail(f, ECS_E_TOO_LARGE, "an event needs too much memory");
    in->own = own;
    return odsa_inbound_look(f, in->bss->id);
}

static enum ecs_next note_last(struct ecs_flow *f)
{
    struct ecs_odsa_inbound *in = f->self;

    return odsa_inbound_seen(f, in->bss->id);
}

/* ---- whose ---- */

static enum ecs_next find_number(struct ecs_flow *f)
{
    struct ecs_odsa_inbound *in = f->self;
    struct told *own = in->own;
    const struct ecs_bss_subject *s = &in->bss->subject;

    if (!in->fresh) {
        in->known = true;
        return ecs_flow_goto(f, finish);
    }
    own->imsi = s->imsi;
    if (s->imsi.n || !s->msisdn.n)
        return ECS_NEXT;
    return ecs_store_subscriber_get(f, in->env->store, ECS_BY_MSISDN, s->msisdn, &own->rows);
}

static enum ecs_next find_line(struct ecs_flow *f)
{
    struct ecs_odsa_inbound *in = f->self;
    struct told *own = in->own;

    if (!own->imsi.n && own->rows.n == 1)
        own->imsi = own->rows.rows[0].imsi;
    if (!own->imsi.n)
        return ECS_NEXT;
    own->key.imsi = own->imsi;
    return ecs_store_facts(f, in->env->store, &own->key, &own->line);
}

/* ---- a line ---- */

static bool ends_line(const struct ecs_odsa_inbound *in)
{
    return ecs_str_eq(in->bss->line_state, ECS_STR("terminated"));
}

/* A line that has ended takes its devices' tokens with it (bss.md 5): those of before, lest a crash between
 * the two statements leaves them; and those that were made meanwhile. */
static enum ecs_next revoke_tokens(struct ecs_flow *f)
{
    struct ecs_odsa_inbound *in = f->self;
    struct told *own = in->own;

    if (!own->line.known || !ends_line(in) || own->line.line_state == ECS_ROW_LINE_TERMINATED)
        return ECS_NEXT;
    return ecs_store_tokens_revoke(f, in->env->store, own->imsi, &own->number);
}

static enum ecs_next revoke_late_tokens(struct ecs_flow *f)
{
    struct ecs_odsa_inbound *in = f->self;
    struct told *own = in->own;

    if (!ends_line(in) || !own->changed)
        return ECS_NEXT;
    return ecs_store_tokens_revoke(f, in->env->store, own->imsi, &own->number);
}

/* Storms repeat what is known: the statements write what is other than before, and nothing else. A plan that
 * is not in our table says nothing about ours. */
static enum ecs_next set_line(struct ecs_flow *f)
{
    struct ecs_odsa_inbound *in = f->self;
    struct told *own = in->own;

    in->known = own->line.known;
    if (!in->known)
        return ecs_flow_goto(f, finish);
    own->row = (struct ecs_bss_rows){
        .imsi = &own->imsi, .msisdn = &own->none, .a = &in->bss->line_state, .b = &in->bss->plan, .n = 1};
    if (!in->bss->line_state.n && !in->bss->plan.n)
        return ECS_NEXT;
    return ecs_store_bss_lines(f, in->env->store, &own->row, &own->changed);
}

/* ProvStatus */
static struct ecs_str status_of(struct ecs_str state)
{
    if (ecs_str_eq(state, ECS_STR("provisioned")))
        return ECS_STR("1");
    if (ecs_str_eq(state, ECS_STR("not-provisioned")))
        return ECS_STR("0");
    return ecs_str_eq(state, ECS_STR("in-progress")) ? ECS_STR("3") : ECS_STR_NULL;
}

static enum ecs_next set_service(struct ecs_flow *f)
{
    struct ecs_odsa_inbound *in = f->self;
    struct told *own = in->own;

    own->status = status_of(in->bss->service_state);
    own->row = (struct ecs_bss_rows){
        .imsi = &own->imsi, .msisdn = &own->none, .a = &in->bss->service, .b = &own->status, .n = 1};
    if (!in->bss->service.n || !own->status.n)
        return ECS_NEXT;
    return ecs_store_bss_services(f, in->env->store, &own->row, &own->changed);
}

static enum ecs_next set_place(struct ecs_flow *f)
{
    struct ecs_odsa_inbound *in = f->self;
    struct told *own = in->own;

    own->place = (struct ecs_subscriber_fields){
        .area = in->bss->area, .roaming = in->bss->roaming, .visited_plmn = in->bss->visited_plmn};
    if (!in->bss->area.p && !in->bss->roaming.p && !in->bss->visited_plmn.p)
        return ECS_NEXT;
    return ecs_store_subscriber_set(f, in->env->store, own->imsi, &own->place, &own->number);
}

const struct ecs_step odsa_inbound_line_steps[] = {
    {"look-first", look_first, DB_LIMIT_MS},
    {"find-number", find_number, DB_LIMIT_MS},
    {"find-line", find_line, DB_LIMIT_MS},
    {"revoke-tokens", revoke_tokens, DB_LIMIT_MS},
    {"set-line", set_line, DB_LIMIT_MS},
    {"set-place", set_place, DB_LIMIT_MS},
    {"revoke-late-tokens", revoke_late_tokens, DB_LIMIT_MS},
    {"set-service", set_service, DB_LIMIT_MS},
    {"note-last", note_last, DB_LIMIT_MS},
    {"finish", finish, 0},
    {0},
};

/* ---- a profile ---- */

static enum ecs_next find_profile(struct ecs_flow *f)
{
    struct ecs_odsa_inbound *in = f->self;

    if (!in->bss->profile.iccid.n)
        return ECS_NEXT;
    return ecs_store_profile_by_iccid(f, in->env->store, in->bss->profile.iccid, &in->profile);
}

static int app_of(const struct ecs_odsa_inbound *in)
{
    static const struct {
        const char *name;
        int number;
    } apps[] = {{"ap2006", 2006}, {"ap2009", 2009}, {"ap2011", 2011}};

    if (in->profile.id)
        return in->profile.app;
    for (size_t i = 0; i < ECS_ARRAY_LEN(apps); i++)
        if (ecs_str_eq(in->bss->subject.app, ecs_str_of(apps[i].name)))
            return apps[i].number;
    return in->bss->profile.service.n ? 2006 : 2009;
}

/* By the line, or by the profile's own IMSI, where it has one. */
static bool is_under_another_line(const struct ecs_odsa_inbound *in, struct ecs_str imsi)
{
    const struct ecs_profile *had = &in->profile;

    return had->id && had->imsi.n && imsi.n && !ecs_str_eq(imsi, had->imsi) &&
           !ecs_str_eq(imsi, had->line_imsi);
}

/* Which open journeys the line (of an enterprise: the device) has: one of them may wait for just this. */
static enum ecs_next look_at_journeys(struct ecs_flow *f)
{
    struct ecs_odsa_inbound *in = f->self;
    struct told *own = in->own;
    const struct ecs_bss_profile *p = &in->bss->profile;
    struct ecs_str owner = in->profile.id ? in->profile.imsi : own->imsi;

    own->app = app_of(in);
    if (is_under_another_line(in, own->imsi)) {
        ecs_log(NULL, ECS_EV_JOURNEY_ALARM, "the BSS tells of a profile under another line than ours");
        return ecs_flow_goto(f, finish);
    }
    if (!p->iccid.n || (!owner.n && !in->profile.enterprise.n) || (!in->profile.id && !own->line.known))
        return ecs_flow_goto(f, finish);
    in->known = true;
    own->imsi = owner;
    own->view_key = (struct ecs_odsa_key){
        .imsi = owner,
        .enterprise = owner.n ? ECS_STR_NULL : in->profile.enterprise,
        .app = own->app,
        .target_id = owner.n || p->terminal_id.n ? p->terminal_id : in->profile.terminal_id,
        .eid = p->eid,
    };
    return ecs_store_odsa_view(f, in->env->store, &own->view_key, &own->view);
}

static bool same(struct ecs_str a, struct ecs_str b)
{
    return a.n && ecs_str_eq(a, b);
}

static bool waits_for_it(const struct ecs_journey *j, const struct ecs_bss_profile *p)
{
    enum odsa_state state = odsa_state_of(j);

    if (j->ended_at || j->kind > ECS_JOURNEY_RECOVERY)
        return false;
    if (same(j->iccid, p->iccid))
        return true;
    return !j->iccid.n && (state == ODSA_CHOOSING || state == ODSA_AWAITING || state == ODSA_DELETING) &&
           (same(j->target_id, p->terminal_id) || same(j->eid, p->eid));
}

static enum ecs_next fire_journey(struct ecs_flow *f)
{
    struct ecs_odsa_inbound *in = f->self;
    struct told *own = in->own;
    const struct ecs_bss_profile *p = &in->bss->profile;

    for (size_t i = 0; i < own->view.n_journeys && !in->journey.id; i++)
        if (waits_for_it(&own->view.journeys[i], p))
            in->journey = own->view.journeys[i];
    if (!in->journey.id)
        return ECS_NEXT;
    if (p->status == 4)
        return odsa_inbound_fire(f, ODSA_EV_CANCEL, "event", ECS_STR("the BSS has ended the profile"));
    if (p->status != 1)
        return ECS_NEXT;
    in->fire.patch = (struct ecs_journey_patch){.iccid = p->iccid,
                                                .code = p->code,
                                                .address = p->address,
                                                .msisdn = p->msisdn,
                                                .line_imsi = p->line_imsi};
    return odsa_inbound_fire(f, ODSA_EV_ACTIVATED, "event", ECS_STR("the BSS tells the profile"));
}

static bool is_other(struct ecs_str told, struct ecs_str had)
{
    return told.p && !ecs_str_eq(told, had);
}

/* As the row will have it: codes are sealed and differ each time. */
static bool is_new_of_profile(const struct ecs_profile *had, const struct ecs_bss_profile *p)
{
    return !had->id || (p->status && p->status != had->status) || p->code.n || is_other(p->eid, had->eid) ||
           is_other(p->service, had->service) || is_other(p->address, had->address) ||
           is_other(p->line_imsi, had->line_imsi) || is_other(p->msisdn, had->msisdn) ||
           (p->terminal_id.n && !ecs_str_eq_nocase(p->terminal_id, had->terminal_id));
}

/* The row of the profile itself, unless its journey writes that. */
static enum ecs_next change_profile(struct ecs_flow *f)
{
    struct ecs_odsa_inbound *in = f->self;
    struct told *own = in->own;
    const struct ecs_bss_profile *p = &in->bss->profile;
    bool fired = in->journey.id && in->fire.event && in->fire.fired != ECS_FIRED_NOT;
    struct ecs_profile *row = &own->change.row;

    if ((fired && (p->status != 4 || !in->profile.id)) ||
        (!in->profile.id && (p->status < 1 || p->status > 3)))
        return ECS_NEXT;
    *row = (struct ecs_profile){
        .id = in->profile.id,
        .imsi = own->imsi,
        .app = own->app,
        .iccid = p->iccid,
        .eid = p->eid,
        .terminal_id = p->terminal_id,
        .service = p->service,
        .address = p->address,
        .line_imsi = p->line_imsi,
        .msisdn = p->msisdn,
        .origin = in->profile.id ? ECS_STR_NULL : ECS_STR("bss"),
        .status = p->status,
        .secondary = p->secondary,
    };
    own->change.set_secondary = !in->profile.id;
    own->change.drop_code = p->status == 4;
    if (p->code.n && p->status != 4 && !ecs_odsa_seal(in->env, f->arena, p->code, &row->code))
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "an activation code could not be sealed");
    /* Storms repeat what is known. It is written all the same, as another event may be on its way, but nobody
     * is called for it. */
    return ecs_store_profile_change(f, in->env->store, &own->change,
                                    is_new_of_profile(&in->profile, p) ? "profile changed" : NULL,
                                    &own->number);
}

const struct ecs_step odsa_inbound_profile_steps[] = {
    {"look-first", look_first, DB_LIMIT_MS},
    {"find-number", find_number, DB_LIMIT_MS},
    {"find-line", find_line, DB_LIMIT_MS},
    {"find-profile", find_profile, DB_LIMIT_MS},
    {"look-at-journeys", look_at_journeys, DB_LIMIT_MS},
    {"fire-journey", fire_journey, FIRE_LIMIT_MS},
    {"change-profile", change_profile, DB_LIMIT_MS},
    {"note-last", note_last, DB_LIMIT_MS},
    {"finish", finish, 0},
    {0},
};
