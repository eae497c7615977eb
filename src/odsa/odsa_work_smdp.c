/* SPDX-License-Identifier: Apache-2.0 */
/* Works at the source of profiles: order, confirm, release, withdraw (smdp.md 4, 6, 7). A call that may have
 * been made before has the same name again, and the adapter is told so. */
#include "ecs/auth.h"
#include "odsa_drive.h"

#include "ecs/clock.h"

enum { CALL_LIMIT_MS = 150000 };

const char *odsa_call_name(struct ecs_arena *arena, const struct ecs_journey *journey, int number)
{
    return ecs_printf(arena, "ecs-%.*s-%d", ECS_FMT(journey->key), number);
}

enum ecs_next odsa_work_ends(struct odsa_drive *d, enum odsa_event event, const char *why)
{
    d->outcome.event = event;
    d->outcome.why = why;
    return ECS_DONE;
}

/* ---- beginning and end of each call ---- */

void odsa_choose_source(const struct ecs_odsa_env *env, struct ecs_journey *j)
{
    struct ecs_smdp *smdp;

    if (odsa_state_of(j) != ODSA_RESERVING || j->smdp.n || !env->smdps)
        return;
    smdp = ecs_smdps_choose(env->smdps, j->profile_type, j->eid);
    if (smdp)
        j->smdp = ecs_str_of(ecs_smdp_conf_of(smdp)->name);
}

/* A journey without one was begun before there was one that serves it. */
static struct ecs_smdp *find_source(struct odsa_drive *d)
{
    struct ecs_journey *j = &d->journey;
    struct ecs_smdp *smdp = j->smdp.n ? ecs_smdps_find(d->env->smdps, j->smdp)
                                      : ecs_smdps_choose(d->env->smdps, j->profile_type, j->eid);

    if (smdp && !j->smdp.n)
        d->outcome.smdp = ecs_str_of(ecs_smdp_conf_of(smdp)->name);
    return smdp;
}

/* ECS_NEXT: d->smdp and d->call_id are set. */
static enum ecs_next begin_call(struct ecs_flow *f, struct odsa_drive *d, const char *call)
{
    const char *name = odsa_call_name(f->arena, &d->journey, d->journey.calls);

    d->smdp = find_source(d);
    if (!d->smdp && d->journey.smdp.n) {
        d->outcome.alarm = true;
        return odsa_work_ends(d, ODSA_EV_RETRY, "the SM-DP+ is not in the configuration any more");
    }
    if (!d->smdp)
        return odsa_work_ends(d, ODSA_EV_REFUSED, "no SM-DP+ serves this profile type and EID");
    d->outcome.neighbour = ecs_printf(f->arena, "smdp %s", ecs_smdp_conf_of(d->smdp)->name);
    d->outcome.call = call;
    if (!name || !d->outcome.neighbour)
        return odsa_drive_no_memory(f);
    d->call_id = ecs_str_of(name);
    d->called_us = ecs_clock_mono_us();
    d->smdp_result = (struct ecs_smdp_result){0};
    d->runner->stats.calls++;
    return ECS_NEXT;
}

static void end_call(struct odsa_drive *d)
{
    d->outcome.us = ecs_clock_mono_us() - d->called_us;
}

/* May the present call be the second one of its name? */
static bool may_be_repeated(const struct odsa_drive *d)
{
    return d->repeated || d->journey.attempts > 0;
}

static enum ecs_next end_by_status(struct odsa_drive *d)
{
    static const struct {
        enum odsa_event event;
        bool alarm;
    } meanings[ECS_SMDP_STATUS_COUNT] = {
        [ECS_SMDP_OK] = {ODSA_EV_OK, false},         [ECS_SMDP_AGAIN] = {ODSA_EV_RETRY, false},
        [ECS_SMDP_NO_STOCK] = {ODSA_EV_RETRY, true}, [ECS_SMDP_IN_USE] = {ODSA_EV_IN_USE, false},
        [ECS_SMDP_TAKEN] = {ODSA_EV_TAKEN, false},   [ECS_SMDP_REFUSED] = {ODSA_EV_REFUSED, false},
        [ECS_SMDP_DENIED] = {ODSA_EV_RETRY, true},
    };
    const struct ecs_smdp_result *r = &d->smdp_result;

    d->outcome.alarm = meanings[r->status].alarm;
    d->outcome.retry_after_s = r->retry_after_s;
    return odsa_work_ends(d, meanings[r->status].event,
                          r->why || r->status == ECS_SMDP_OK ? r->why : ecs_smdp_status_names[r->status]);
}

static bool is_on_device(struct ecs_str state)
{
    static const char *const words[] = {"Downloaded", "Installed", "Enabled", "Disabled"};

    for (size_t i = 0; i < ECS_ARRAY_LEN(words); i++)
        if (ecs_str_eq_nocase(state, ecs_str_of(words[i])))
            return true;
    return false;
}

/* ---- downloadOrder ---- */

static enum ecs_next reserve(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;
    const struct ecs_journey *j = &d->journey;
    enum ecs_next next = begin_call(f, d, "downloadOrder");
    struct ecs_smdp_order order = {.call_id = d->call_id, .eid = j->eid, .repeated = may_be_repeated(d)};

    if (next != ECS_NEXT)
        return next;
    if (odsa_reuses(j))
        order.iccid = j->old_iccid;
    else
        order.profile_type = j->profile_type;
    return ecs_smdp_order(f, d->smdp, &order, &d->smdp_result);
}

/* "In use" is what both our own lost call and a profile that is still installed look like. */
static bool is_doubtful(const struct odsa_drive *d)
{
    return d->smdp_result.status == ECS_SMDP_OK && d->smdp_result.warning && odsa_reuses(&d->journey) &&
           may_be_repeated(d);
}

static enum ecs_next judge_reserved(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;
    const char *name = ecs_printf(f->arena, "ecs-%.*s-s%d", ECS_FMT(d->journey.key), d->journey.calls);

    end_call(d);
    if (!name)
        return odsa_drive_no_memory(f);
    d->smdp_state = (struct ecs_smdp_result){.status = ECS_SMDP_REFUSED};
    return is_doubtful(d) ? ecs_smdp_state(f, d->smdp, ecs_str_of(name), d->journey.old_iccid, &d->smdp_state)
                          : ECS_NEXT;
}

static enum ecs_next take_reserved(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;
    struct ecs_smdp_result *r = &d->smdp_result;

    (void)f;
    if (d->smdp_state.status == ECS_SMDP_AGAIN)
        return odsa_work_ends(d, ODSA_EV_RETRY, d->smdp_state.why);
    if (d->smdp_state.status == ECS_SMDP_OK && is_on_device(d->smdp_state.state))
        return odsa_work_ends(d, ODSA_EV_IN_USE, "the old profile is still on its device");
    if (r->status == ECS_SMDP_OK) {
        /* Prepared codes are for no EID: nothing waits for the device at the address alone. */
        if (ecs_smdp_conf_of(d->smdp)->type == ECS_SMDP_POOL)
            d->outcome.clear_flags = ECS_JOURNEY_F_BY_ADDRESS;
        d->outcome.iccid = !r->iccid.n && odsa_reuses(&d->journey) ? d->journey.old_iccid : r->iccid;
        d->outcome.address = r->address;
        d->outcome.code = r->code;
        d->outcome.line_imsi = r->line_imsi;
        d->outcome.msisdn = r->msisdn;
    }
    return end_by_status(d);
}

const struct ecs_step odsa_reserve_steps[] = {
    {"reserve", reserve, CALL_LIMIT_MS},
    {"judge-reserved", judge_reserved, CALL_LIMIT_MS},
    {"take-reserved", take_reserved, 0},
    {0},
};

/* ---- confirmOrder ---- */

static bool is_by_address(const struct odsa_drive *d)
{
    return d->journey.flags & ECS_JOURNEY_F_BY_ADDRESS && d->journey.eid.n;
}

/* Its own, and kept before the call: what was confirmed by a lost call must be known. */
static enum ecs_next choose_matching_id(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;
    enum ecs_next next = begin_call(f, d, "confirmOrder");
    struct ecs_str text;

    d->result = (struct ecs_journey_result){.moved = ECS_JOURNEY_MOVED, .version = d->journey.version};
    if (next != ECS_NEXT)
        return next;
    if (ecs_smdp_conf_of(d->smdp)->type != ECS_SMDP_ES2PLUS || is_by_address(d) || d->journey.matching_id.n)
        return ECS_NEXT;
    if (!odsa_matching_id_new(d->env, f->arena, &text) ||
        !ecs_odsa_seal(d->env, f->arena, text, &d->journey.matching_id))
        return odsa_drive_no_memory(f);
    return odsa_drive_keep(f);
}

static enum ecs_next confirm(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;
    const struct ecs_journey *j = &d->journey;
    struct ecs_smdp_confirm *c = ecs_alloc(f->arena, sizeof(*c));

    /* Changed meanwhile, and nothing was called yet: look at it again. */
    if (d->result.moved != ECS_JOURNEY_MOVED)
        return odsa_work_ends(d, ODSA_EV_NUDGE, NULL);
    d->journey.version = d->result.version;
    if (!c)
        return odsa_drive_no_memory(f);
    *c = (struct ecs_smdp_confirm){.call_id = d->call_id,
                                   .iccid = j->iccid,
                                   .eid = j->eid,
                                   .release = true,
                                   .repeated = may_be_repeated(d)};
    if (is_by_address(d))
        c->matching_id = ECS_STR("");
    else if (j->matching_id.n && !ecs_odsa_open(d->env, f->arena, j->matching_id, &c->matching_id)) {
        d->outcome.alarm = true;
        return odsa_work_ends(d, ODSA_EV_RETRY, "the kept matching id cannot be opened: key ring?");
    }
    d->called_us = ecs_clock_mono_us();
    return ecs_smdp_confirm(f, d->smdp, c, &d->smdp_result);
}

/* What the device needs. False: the parts do not make a code. */
static bool make_code(struct ecs_flow *f, struct odsa_drive *d)
{
    const struct ecs_smdp_conf *conf = ecs_smdp_conf_of(d->smdp);
    const struct ecs_smdp_result *r = &d->smdp_result;
    struct ecs_str matching = r->matching_id;
    char *text = ecs_arena_secret(f->arena, ECS_ACTIVATION_CODE_MAX + 1);

    d->outcome.address = r->address.n           ? r->address
                         : d->journey.address.n ? d->journey.address
                                                : ecs_str_of(conf->address);
    if (is_by_address(d))
        return true;
    if (r->code.n || d->journey.code.n) {
        d->outcome.code = r->code;
        return true;
    }
    if (!matching.n && d->journey.matching_id.n &&
        !ecs_odsa_open(d->env, f->arena, d->journey.matching_id, &matching))
        return false;
    if (!text || !d->outcome.address.n ||
        !ecs_activation_code(d->outcome.address, matching.p ? matching : ECS_STR(""), ecs_str_of(conf->oid),
                             false, text))
        return false;
    d->outcome.code = ecs_str_of(text);
    return true;
}

static enum ecs_next take_confirmed(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;

    end_call(d);
    if (d->smdp_result.status != ECS_SMDP_OK)
        return end_by_status(d);
    d->outcome.set_flags = ECS_JOURNEY_F_RELEASED;
    if (make_code(f, d))
        return odsa_work_ends(d, ODSA_EV_OK, NULL);
    d->outcome.alarm = true;
    return odsa_work_ends(d, ODSA_EV_REFUSED, "address and matching id make no activation code");
}

const struct ecs_step odsa_confirm_steps[] = {
    {"choose-matching-id", choose_matching_id, 0},
    {"confirm", confirm, CALL_LIMIT_MS},
    {"take-confirmed", take_confirmed, 0},
    {0},
};

/* ---- releaseProfile ---- */

static enum ecs_next release(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;
    enum ecs_next next = begin_call(f, d, "releaseProfile");
    const struct ecs_smdp_release call = {
        .call_id = d->call_id, .iccid = d->journey.iccid, .repeated = may_be_repeated(d)};

    return next == ECS_NEXT ? ecs_smdp_release(f, d->smdp, &call, &d->smdp_result) : next;
}

static enum ecs_next take_released(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;
    struct ecs_smdp_result *r = &d->smdp_result;

    (void)f;
    end_call(d);
    /* Released before, by a call whose answer was lost. */
    if (r->status != ECS_SMDP_OK && r->status != ECS_SMDP_TAKEN && r->status != ECS_SMDP_IN_USE)
        return end_by_status(d);
    d->outcome.set_flags = ECS_JOURNEY_F_RELEASED;
    if (!d->journey.address.n)
        d->outcome.address = r->address.n ? r->address : ecs_str_of(ecs_smdp_conf_of(d->smdp)->address);
    return odsa_work_ends(d, ODSA_EV_OK, NULL);
}

const struct ecs_step odsa_release_steps[] = {
    {"release", release, CALL_LIMIT_MS},
    {"take-released", take_released, 0},
    {0},
};

/* ---- cancelOrder ---- */

static enum ecs_next withdraw(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;
    const struct ecs_journey *j = &d->journey;
    struct ecs_smdp_cancel *c = ecs_alloc(f->arena, sizeof(*c));
    enum ecs_next next;

    if (!(j->flags & ECS_JOURNEY_F_RESERVED) || !j->iccid.n)
        return odsa_work_ends(d, ODSA_EV_OK, NULL);
    next = begin_call(f, d, "cancelOrder");
    if (next != ECS_NEXT)
        return next;
    if (!c)
        return odsa_drive_no_memory(f);
    *c = (struct ecs_smdp_cancel){.call_id = d->call_id,
                                  .iccid = j->iccid,
                                  .eid = j->eid,
                                  .reusable = !(j->flags & ECS_JOURNEY_F_CONFIRMED),
                                  .repeated = may_be_repeated(d)};
    if (is_by_address(d) && j->flags & ECS_JOURNEY_F_CONFIRMED)
        c->matching_id = ECS_STR("");
    else if (j->matching_id.n && !ecs_odsa_open(d->env, f->arena, j->matching_id, &c->matching_id))
        c->matching_id = ECS_STR_NULL;
    return ecs_smdp_cancel(f, d->smdp, c, &d->smdp_result);
}

static enum ecs_next take_withdrawn(struct ecs_flow *f)
{
    struct odsa_drive *d = f->self;

    (void)f;
    end_call(d);
    d->outcome.alarm = d->smdp_result.status == ECS_SMDP_REFUSED;
    return end_by_status(d);
}

const struct ecs_step odsa_withdraw_steps[] = {
    {"withdraw", withdraw, CALL_LIMIT_MS},
    {"take-withdrawn", take_withdrawn, 0},
    {0},
};
