/* SPDX-License-Identifier: Apache-2.0 */
/* What SM-DP+ and BSS tell by themselves: which journey, profile or line it is about, and what becomes of it.
 * Events come late, twice, in the wrong order and about things unknown; none of that is a failure. An event
 * is noted as seen behind its effect, so that what a crash cuts off is done when it is told again. */
#include "odsa_inbound.h"

#include "ecs/clock.h"

enum { DB_LIMIT_MS = 10000, FIRE_LIMIT_MS = 30000 };

enum { SENDER_MAX = 128, ID_MAX = 256 };

/* Not in the middle of a character: the database would refuse it, each time it is told. */
static struct ecs_str cut(struct ecs_str text, size_t max)
{
    if (text.n <= max)
        return text;
    while (max > 0 && ((unsigned char)text.p[max] & 0xc0) == 0x80)
        max--;
    return (struct ecs_str){text.p, max};
}

static bool has_number(const struct ecs_odsa_inbound *in, struct ecs_str id)
{
    return id.n && in->sender.n;
}

enum ecs_next odsa_inbound_look(struct ecs_flow *f, struct ecs_str id)
{
    struct ecs_odsa_inbound *in = f->self;

    in->fresh = true;
    return has_number(in, id) ? ecs_store_odsa_event_known(f, in->env->store, cut(in->sender, SENDER_MAX),
                                                           cut(id, ID_MAX), &in->fresh)
                              : ECS_NEXT;
}

enum ecs_next odsa_inbound_seen(struct ecs_flow *f, struct ecs_str id)
{
    struct ecs_odsa_inbound *in = f->self;

    in->fresh = true;
    return has_number(in, id) ? ecs_store_odsa_event_seen(f, in->env->store, cut(in->sender, SENDER_MAX),
                                                          cut(id, ID_MAX), &in->fresh)
                              : ECS_NEXT;
}

enum ecs_next odsa_inbound_fire(struct ecs_flow *f, enum odsa_event event, const char *call,
                                struct ecs_str detail)
{
    struct ecs_odsa_inbound *in = f->self;
    struct ecs_journey_patch patch = in->fire.patch;

    in->fire = (struct ecs_journey_fire){
        .env = in->env,
        .id = in->journey.id,
        .event = odsa_event_names[event],
        .patch = patch,
        .note = {.neighbour = in->bss ? "bss" : ecs_printf(f->arena, "smdp %.*s", ECS_FMT(in->sender)),
                 .call = call,
                 .detail = detail,
                 .us = -1},
    };
    return ecs_flow_call(f, ecs_journey_fire_steps, &in->fire);
}

/* ---- an order of ours ---- */

/* "ecs-<key>-<number>" */
static bool read_key(struct ecs_str key, struct ecs_str *ret_key, uint32_t *ret_number)
{
    enum { PREFIX = 4, UUID = 36 };
    struct ecs_str number;

    if (!ecs_str_starts_with(key, ECS_STR("ecs-")) || key.n < PREFIX + UUID + 2 ||
        key.p[PREFIX + UUID] != '-')
        return false;
    for (size_t i = 0; i < UUID; i++) {
        char c = key.p[PREFIX + i];
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
            return false;
    }
    *ret_key = (struct ecs_str){key.p + PREFIX, UUID};
    number = (struct ecs_str){key.p + PREFIX + UUID + 1, key.n - PREFIX - UUID - 1};
    return ecs_str_to_u32(number, ret_number);
}

static enum ecs_next find_order(struct ecs_flow *f)
{
    struct ecs_odsa_inbound *in = f->self;
    struct ecs_str key;
    uint32_t number;

    if (read_key(in->bss->key, &key, &number))
        return ecs_store_journey_find(f, in->env->store, ECS_JOURNEY_BY_KEY, key, &in->journey);
    if (in->bss->reference.n)
        return ecs_store_journey_find(f, in->env->store, ECS_JOURNEY_BY_REFERENCE, in->bss->reference,
                                      &in->journey);
    return ECS_NEXT;
}

/* Is the event about what the journey waits for now? Of former orders nothing is to be learnt. */
static bool is_current(const struct ecs_odsa_inbound *in, bool *ret_brings_profile)
{
    const struct ecs_journey *j = &in->journey;
    enum odsa_state state = odsa_state_of(j);
    struct ecs_str key;
    uint32_t number;
    bool of_state = state == ODSA_COMPLETING || state == ODSA_ENDING_OLD || state == ODSA_STOPPING ||
                    state == ODSA_SWITCHING;

    *ret_brings_profile = !of_state;
    if (!read_key(in->bss->key, &key, &number))
        return !of_state;
    return (int)number == (of_state ? j->calls : odsa_order_number(j));
}

static enum ecs_next fire_order(struct ecs_flow *f)
{
    struct ecs_odsa_inbound *in = f->self;
    const struct ecs_bss_result *r = &in->bss->result;
    bool brings_profile;

    in->known = in->journey.id != 0;
    if (!in->known || !is_current(in, &brings_profile))
        return ECS_NEXT;
    if (brings_profile) {
        in->fire.patch = (struct ecs_journey_patch){.iccid = r->iccid,
                                                    .code = r->code,
                                                    .address = r->address,
                                                    .msisdn = r->msisdn,
                                                    .line_imsi = r->line_imsi};
        if (!in->journey.bss_reference.n)
            in->fire.patch.bss_reference = r->reference.n ? r->reference : in->bss->reference;
    }
    switch (r->status) {
    case ECS_BSS_DONE:
        return odsa_inbound_fire(f, ODSA_EV_BSS_DONE, "event", r->reason);
    case ECS_BSS_REFUSED:
        in->fire.patch.reason = ecs_str_of(r->why ? r->why : "the BSS has told a failure");
        return odsa_inbound_fire(f, ODSA_EV_BSS_FAILED, "event", in->fire.patch.reason);
    case ECS_BSS_PENDING:
    case ECS_BSS_UNKNOWN:
        return ECS_NEXT;
    default: /* what it wants is asked for */
        return odsa_inbound_fire(f, ODSA_EV_NUDGE, "event", ecs_str_of(ecs_bss_status_names[r->status]));
    }
}

static enum ecs_next note_bss(struct ecs_flow *f)
{
    struct ecs_odsa_inbound *in = f->self;

    return odsa_inbound_seen(f, in->bss->id);
}

static enum ecs_next finish(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

static const struct ecs_step order_steps[] = {
    {"find-order", find_order, DB_LIMIT_MS},
    {"fire-order", fire_order, FIRE_LIMIT_MS},
    {"note-bss", note_bss, DB_LIMIT_MS},
    {"finish", finish, 0},
    {0},
};

/* ---- progress of a download ---- */

static enum ecs_next find_profile(struct ecs_flow *f)
{
    struct ecs_odsa_inbound *in = f->self;

    if (!in->smdp->iccid.n)
        return ecs_flow_goto(f, finish);
    return ecs_store_profile_by_iccid(f, in->env->store, in->smdp->iccid, &in->profile);
}

static bool shares_notifier(const struct ecs_smdp_conf *a, const struct ecs_smdp_conf *b)
{
    for (size_t i = 0; i < a->notifiers.n; i++)
        for (size_t k = 0; k < b->notifiers.n; k++)
            if (ecs_str_eq(a->notifiers.items[i], b->notifiers.items[k]))
                return true;
    return false;
}

/* Several sources may be one server, whose certificate stands with each of them. Nobody speaks for a source
 * that has gone; where it is not known (profiles of the BSS) anybody may. */
static bool may_speak(const struct ecs_odsa_inbound *in, struct ecs_str source)
{
    const struct ecs_smdp *sender, *owner;

    if (!source.n || ecs_str_eq(source, in->sender))
        return true;
    sender = ecs_smdps_find(in->env->smdps, in->sender);
    owner = ecs_smdps_find(in->env->smdps, source);
    return sender && owner && shares_notifier(ecs_smdp_conf_of(sender), ecs_smdp_conf_of(owner));
}

static enum ecs_next refuse_sender(struct ecs_flow *f, struct ecs_odsa_inbound *in)
{
    ecs_log(NULL, ECS_EV_JOURNEY_ALARM, "smdp %.*s tells of a profile of another source: left alone",
            ECS_FMT(in->sender));
    in->known = false;
    return ecs_flow_goto(f, finish);
}

static enum ecs_next find_journey(struct ecs_flow *f)
{
    struct ecs_odsa_inbound *in = f->self;

    if (in->profile.id && !may_speak(in, in->profile.smdp))
        return refuse_sender(f, in);
    return ecs_store_journey_find(f, in->env->store,
                                  in->smdp->point == ECS_SMDP_POINT_DELETE ? ECS_JOURNEY_BY_OLD_ICCID
                                                                           : ECS_JOURNEY_BY_ICCID,
                                  in->smdp->iccid, &in->journey);
}

static enum odsa_event event_of(const struct ecs_smdp_progress *p)
{
    if (p->point == ECS_SMDP_POINT_DELETE)
        return p->success ? ODSA_EV_OLD_DELETED : ODSA_EVENT_COUNT;
    if (p->point < ECS_SMDP_POINT_CHECK || p->point > ECS_SMDP_POINT_DELETE)
        return ODSA_EVENT_COUNT;
    if (!p->success)
        return ODSA_EV_NOT_INSTALLED;
    return p->point == ECS_SMDP_POINT_DOWNLOAD  ? ODSA_EV_DOWNLOADED
           : p->point == ECS_SMDP_POINT_INSTALL ? ODSA_EV_INSTALLED
                                                : ODSA_EVENT_COUNT;
}

static enum ecs_next fire_progress(struct ecs_flow *f)
{
    struct ecs_odsa_inbound *in = f->self;
    const struct ecs_smdp_progress *p = in->smdp;
    enum odsa_event event = event_of(p);
    const char *detail = ecs_printf(f->arena, "point %d%s%.*s%s%.*s", p->point, p->success ? "" : " failed ",
                                    ECS_FMT(p->subject), p->subject.n ? "/" : "", ECS_FMT(p->reason));

    /* Of a deletion the journey's source is that of the profile behind it. */
    if (in->journey.id && p->point != ECS_SMDP_POINT_DELETE && !may_speak(in, in->journey.smdp))
        return refuse_sender(f, in);
    in->known = in->journey.id || in->profile.id;
    if (event == ODSA_EVENT_COUNT || !in->journey.id || in->journey.ended_at)
        return ECS_NEXT;
    /* A report from before this journey (the same ICCID may come again) says nothing about it. */
    if (p->at && p->at + 300 < in->journey.created_at)
        return ECS_NEXT;
    if (!detail)
        return ecs_flow_fail(f, ECS_E_TOO_LARGE, "a notification needs too much memory");
    return odsa_inbound_fire(f, event, "handleDownloadProgressInfo", ecs_str_of(detail));
}

/* What no journey is about (any more) is kept with the profile. */
static enum ecs_next change_profile(struct ecs_flow *f)
{
    struct ecs_odsa_inbound *in = f->self;
    const struct ecs_smdp_progress *p = in->smdp;
    struct ecs_profile_change *change = ecs_alloc(f->arena, sizeof(*change));
    int64_t at = p->at ? p->at : ecs_clock_now();

    if (!in->profile.id || !p->success)
        return ECS_NEXT;
    if (!change)
        return ecs_flow_fail(f, ECS_E_TOO_LARGE, "a notification needs too much memory");
    change->row.id = in->profile.id;
    if (p->point == ECS_SMDP_POINT_DELETE && in->profile.deleted_at < at &&
        (!in->profile.installed_at || in->profile.installed_at <= at)) {
        change->row.deleted_at = at;
    } else if (p->point == ECS_SMDP_POINT_INSTALL && !in->profile.installed_at && in->profile.status == 1 &&
               (!in->journey.id || in->journey.ended_at)) {
        change->row.installed_at = at;
        change->drop_code = true;
    } else {
        return ECS_NEXT;
    }
    return ecs_store_profile_change(f, in->env->store, change, NULL, &in->profile.id);
}

static enum ecs_next note_progress(struct ecs_flow *f)
{
    struct ecs_odsa_inbound *in = f->self;
    const char *id = ecs_printf(f->arena, "%.*s/%d", ECS_FMT(in->smdp->call_id), in->smdp->point);

    return in->smdp->call_id.n && id ? odsa_inbound_seen(f, ecs_str_of(id)) : ECS_NEXT;
}

static const struct ecs_step progress_steps[] = {
    {"find-profile", find_profile, DB_LIMIT_MS},
    {"find-journey", find_journey, DB_LIMIT_MS},
    {"fire-progress", fire_progress, FIRE_LIMIT_MS},
    {"change-profile", change_profile, DB_LIMIT_MS},
    {"note-progress", note_progress, DB_LIMIT_MS},
    {"finish", finish, 0},
    {0},
};

/* ---- which of them ---- */

static enum ecs_next choose(struct ecs_flow *f)
{
    struct ecs_odsa_inbound *in = f->self;

    if (in->smdp)
        return ecs_flow_call(f, progress_steps, in);
    switch (in->bss->kind) {
    case ECS_BSS_EVENT_ORDER:
        return ecs_flow_call(f, order_steps, in);
    case ECS_BSS_EVENT_LINE:
        return ecs_flow_call(f, odsa_inbound_line_steps, in);
    case ECS_BSS_EVENT_PROFILE:
        return ecs_flow_call(f, odsa_inbound_profile_steps, in);
    default:
        return ECS_DONE;
    }
}

const struct ecs_step ecs_odsa_inbound_steps[] = {
    {"choose", choose, 0},
    {"finish", finish, 0},
    {0},
};
