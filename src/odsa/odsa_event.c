/* SPDX-License-Identifier: Apache-2.0 */
/* Journeys from outside: opening one, and events of devices, portals, neighbours and care agents. An event is
 * a change of the row, whoever works on it at the time; the driver is told afterwards. */
#include "odsa_drive.h"

#include "ecs/clock.h"

enum { TRIES = 8, DB_LIMIT_MS = 10000 };

/* ---- opening ---- */

enum ecs_next odsa_open(struct ecs_flow *f, const struct ecs_odsa_env *env, struct ecs_journey *journey,
                        struct ecs_journey_result *ret_result)
{
    static const struct ecs_journey_note created = {.event = "created", .us = -1};
    const struct odsa_row *row;
    struct ecs_journey_move *move = ecs_alloc(f->arena, sizeof(*move));

    journey->id = 0;
    journey->state = ECS_STR_NULL;
    row = odsa_match(journey, ODSA_NONE, ODSA_EV_START);
    if (!row)
        return ecs_flow_fail(f, ECS_E_INTERNAL, "a journey of this kind cannot begin");
    if (!move)
        return odsa_drive_no_memory(f);
    odsa_apply(journey, row, ecs_clock_now(), env->conf);
    odsa_choose_source(env, journey);
    *move = (struct ecs_journey_move){.journey = journey, .note = &created};
    env->runner->stats.started++;
    return ecs_store_journey_move(f, env->store, move, ret_result);
}

/* ---- events ---- */

struct fire {
    enum odsa_event event;
    unsigned tries;
    struct ecs_journey after;
    struct odsa_consequence consequence;
    struct ecs_journey_note note;
    struct ecs_journey_move move;
    struct ecs_journey_result result;
};

static enum odsa_event find_event(const char *name)
{
    int event = 0;

    while (event < ODSA_EVENT_COUNT && !ecs_str_eq(ecs_str_of(name), ecs_str_of(odsa_event_names[event])))
        event++;
    return (enum odsa_event)event;
}

static enum ecs_next begin(struct ecs_flow *f)
{
    struct ecs_journey_fire *fire = f->self;
    struct fire *own = ecs_alloc(f->arena, sizeof(*own));

    if (!own)
        return odsa_drive_no_memory(f);
    fire->own = own;
    own->event = find_event(fire->event);
    if (own->event == ODSA_EVENT_COUNT || odsa_event_is_outcome(own->event) || own->event == ODSA_EV_START)
        return ecs_flow_fail(f, ECS_E_BAD_PARAMETER, "a journey has no event of this name from outside");
    return ECS_NEXT;
}

static enum ecs_next read_row(struct ecs_flow *f)
{
    struct ecs_journey_fire *fire = f->self;

    return ecs_store_journey_get(f, fire->env->store, fire->id, &fire->journey);
}

static void take_text(struct ecs_str *to, struct ecs_str told, bool *ret_any)
{
    if (!told.p || ecs_str_eq(*to, told))
        return;
    *to = told;
    *ret_any = true;
}

/* What was reserved by us or given out already is not replaced by what somebody tells. */
static bool may_take_profile(const struct ecs_journey *j)
{
    return !(j->flags & (ECS_JOURNEY_F_RESERVED | ECS_JOURNEY_F_CONFIRMED)) &&
           j->kind <= ECS_JOURNEY_RECOVERY;
}

/* False: the code cannot be sealed. */
static bool patch(struct ecs_flow *f, const struct ecs_journey_fire *fire, struct ecs_journey *j,
                  bool *ret_any)
{
    const struct ecs_journey_patch *p = &fire->patch;
    int flags = j->flags;

    take_text(&j->plan, p->plan, ret_any);
    take_text(&j->old_id, p->old_id, ret_any);
    take_text(&j->old_iccid, p->old_iccid, ret_any);
    take_text(&j->bss_reference, p->bss_reference, ret_any);
    take_text(&j->line_imsi, p->line_imsi, ret_any);
    take_text(&j->msisdn, p->msisdn, ret_any);
    take_text(&j->reason, p->reason, ret_any);
    j->flags |= p->set_flags;
    *ret_any = *ret_any || j->flags != flags;
    if (!may_take_profile(j))
        return true;
    if (j->kind != ECS_JOURNEY_WAITING)
        take_text(&j->iccid, p->iccid, ret_any);
    take_text(&j->address, p->address, ret_any);
    if (!p->code.n)
        return true;
    *ret_any = true;
    return ecs_odsa_seal(fire->env, f->arena, p->code, &j->code);
}

static enum ecs_next finish(struct ecs_flow *f);

/* Nothing would be written that does not stand there. Of a storm of nudges one is enough. */
static bool is_repeated(const struct fire *own, const struct odsa_row *row, const struct ecs_journey *j)
{
    bool waits = j->due_at && j->due_at <= ecs_clock_now() && !j->attempts && !j->leased;

    return row->next == row->state && (row->effect == ODSA_E_NONE || (own->event == ODSA_EV_NUDGE && waits));
}

static enum ecs_next change(struct ecs_flow *f)
{
    struct ecs_journey_fire *fire = f->self;
    struct fire *own = fire->own;
    enum odsa_state state = odsa_state_of(&fire->journey);
    const struct odsa_row *row;
    bool any = false;

    own->after = fire->journey;
    fire->fired = ECS_FIRED_NOT;
    if (fire->journey.ended_at || state == ODSA_NONE)
        return ecs_flow_goto(f, finish);
    if (!patch(f, fire, &own->after, &any))
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "an activation code could not be sealed");
    row = odsa_match(&own->after, state, own->event);
    if (!row)
        return ecs_flow_goto(f, finish);
    fire->fired = odsa_states[state].sticky && row->next == state ? ECS_FIRED_NOTED : ECS_FIRED;
    if (!any && is_repeated(own, row, &fire->journey))
        return ecs_flow_goto(f, finish);
    odsa_apply(&own->after, row, ecs_clock_now(), fire->env->conf);
    odsa_choose_source(fire->env, &own->after);
    odsa_consequence(&fire->journey, &own->after, ecs_clock_now(), &own->consequence);
    return ECS_NEXT;
}

static enum ecs_next write_row(struct ecs_flow *f)
{
    struct ecs_journey_fire *fire = f->self;
    struct fire *own = fire->own;

    own->note = fire->note;
    own->note.event = odsa_event_names[own->event];
    own->move = (struct ecs_journey_move){
        .journey = &own->after,
        .profiles = own->consequence.profiles,
        .n_profiles = own->consequence.n_profiles,
        .note = &own->note,
        .notify_reason = own->consequence.notify,
    };
    return ecs_store_journey_move(f, fire->env->store, &own->move, &own->result);
}

static void count(struct ecs_odsa_stats *stats, enum odsa_state state)
{
    stats->done += state == ODSA_DONE || state == ODSA_ENDED;
    stats->failed += state == ODSA_FAILED;
    stats->dismissed += state == ODSA_DISMISSED;
    stats->expired += state == ODSA_EXPIRED;
}

static enum ecs_next written(struct ecs_flow *f)
{
    struct ecs_journey_fire *fire = f->self;
    struct fire *own = fire->own;

    if (own->result.moved == ECS_JOURNEY_STALE && ++own->tries < TRIES)
        return ecs_flow_goto(f, read_row);
    if (own->result.moved == ECS_JOURNEY_STALE)
        return ecs_flow_fail(f, ECS_E_OVERLOAD, "a journey changes too fast");
    if (own->result.moved != ECS_JOURNEY_MOVED) {
        fire->fired = ECS_FIRED_NOT; /* the profile lives elsewhere, or another journey is in the way */
        return ecs_flow_goto(f, finish);
    }
    if (own->after.ended_at)
        count(&fire->env->runner->stats, odsa_state_of(&own->after));
    ecs_log(NULL, ECS_EV_JOURNEY, "journey %lld (%s): %s%s%s, %.*s to %.*s", (long long)fire->id,
            ecs_journey_kinds[own->after.kind], own->note.event, own->note.neighbour ? " by " : "",
            own->note.neighbour ? own->note.neighbour : "", ECS_FMT(fire->journey.state),
            ECS_FMT(own->after.state));
    fire->journey = own->after;
    fire->journey.version = own->result.version;
    fire->journey.profile = own->result.profile;
    if (odsa_states[odsa_state_of(&fire->journey)].kind != ODSA_WORK)
        return ecs_flow_goto(f, finish);
    odsa_kick(fire->env, fire->id);
    return ECS_NEXT;
}

static enum ecs_next wait_for_driver(struct ecs_flow *f)
{
    struct ecs_journey_fire *fire = f->self;
    const struct fire *own = fire->own;

    return fire->wait ? odsa_await_as(f, fire->env, fire->id, odsa_event_is_of_device(own->event))
                      : ecs_flow_goto(f, finish);
}

static enum ecs_next read_again(struct ecs_flow *f)
{
    struct ecs_journey_fire *fire = f->self;

    return ecs_store_journey_get(f, fire->env->store, fire->id, &fire->journey);
}

static enum ecs_next finish(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

const struct ecs_step ecs_journey_fire_steps[] = {
    {"begin", begin, 0},
    {"read-row", read_row, DB_LIMIT_MS},
    {"change", change, 0},
    {"write-row", write_row, DB_LIMIT_MS},
    {"written", written, 0},
    {"wait-for-driver", wait_for_driver, 60000},
    {"read-again", read_again, DB_LIMIT_MS},
    {"finish", finish, 0},
    {0},
};
