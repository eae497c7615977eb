/* SPDX-License-Identifier: Apache-2.0 */
/* How the outcome of a work changes the journey: what was told, the row of the table, and when to try again.
 * Pure but for the sealing of the code. */
#include "odsa_drive.h"

int64_t odsa_backoff_s(const struct ecs_odsa_conf *conf, int attempts, uint32_t random)
{
    int64_t most = conf->retry_s;

    for (int i = 1; i < attempts && most < conf->retry_max_s; i++)
        most *= 2;
    if (most > conf->retry_max_s)
        most = conf->retry_max_s;
    return most - (int64_t)((uint64_t)(most / 2) * (UINT32_MAX - random) >> 32);
}

/* bss.md 3.3: 30 s, 1, 2, 5, 10 ... 60 min. */
int64_t odsa_poll_s(int attempts)
{
    static const int steps[] = {30, 60, 120, 300, 600, 1200, 1800, 3600};
    size_t at = attempts > 0 ? (size_t)attempts : 0;

    return steps[at < ECS_ARRAY_LEN(steps) ? at : ECS_ARRAY_LEN(steps) - 1];
}

/* These are undone or looked for as long as the operator wants it; the others for a number of tries. */
static bool is_patient(enum odsa_state state)
{
    return state == ODSA_AWAITING || state == ODSA_WITHDRAWING || state == ODSA_REVOKING ||
           state == ODSA_STOPPING;
}

static bool is_worn_out(const struct ecs_journey *j, enum odsa_state state, enum odsa_event event,
                        int64_t now, const struct ecs_odsa_conf *conf)
{
    if (state == ODSA_ENDING_OLD)
        return false;
    if (j->deadline_at && now >= j->deadline_at)
        return true;
    return event == ODSA_EV_RETRY && !is_patient(state) && j->attempts >= conf->retries;
}

/* The event that the table knows. */
static enum odsa_event event_of(const struct odsa_outcome *o, const struct ecs_journey *j,
                                enum odsa_state state, int64_t now, const struct ecs_odsa_conf *conf)
{
    bool waits = o->event == ODSA_EV_RETRY || o->event == ODSA_EV_PENDING;

    if (waits && is_worn_out(j, state, o->event, now, conf))
        return ODSA_EV_EXHAUSTED;
    if (!odsa_event_is_outcome(o->event) || odsa_match(j, state, o->event))
        return o->event;
    return o->event == ODSA_EV_PENDING ? ODSA_EV_RETRY : ODSA_EV_REFUSED;
}

static void take_text(struct ecs_str *to, struct ecs_str told)
{
    if (told.n)
        *to = told;
}

static bool take_told(struct odsa_drive *d, struct ecs_journey *j)
{
    const struct odsa_outcome *o = &d->outcome;

    take_text(&j->smdp, o->smdp);
    take_text(&j->iccid, o->iccid);
    take_text(&j->address, o->address);
    take_text(&j->line_imsi, o->line_imsi);
    take_text(&j->msisdn, o->msisdn);
    take_text(&j->bss_reference, o->reference);
    if (o->event == ODSA_EV_WEBSITE) {
        j->page_url = o->page_url;
        j->page_data = o->page_data;
    }
    j->flags &= ~o->clear_flags;
    j->flags |= o->set_flags;
    return !o->code.n || ecs_odsa_seal(d->env, d->flow.arena, o->code, &j->code);
}

static bool is_undone(enum odsa_state state)
{
    return state == ODSA_WITHDRAWING || state == ODSA_REVOKING || state == ODSA_STOPPING ||
           odsa_states[state].kind == ODSA_FINAL;
}

/* The same work again: when. */
static void postpone(struct ecs_journey *j, const struct odsa_outcome *o, const struct ecs_odsa_conf *conf,
                     int64_t now, uint32_t random)
{
    int64_t wait_s;

    if (o->event != ODSA_EV_PENDING && o->event != ODSA_EV_OK) {
        j->attempts++;
        wait_s = odsa_backoff_s(conf, j->attempts, random);
    } else {
        wait_s = odsa_poll_s(j->attempts++);
    }
    if (wait_s < o->retry_after_s)
        wait_s = o->retry_after_s;
    /* What was noted meanwhile says more than waiting could. */
    j->due_at = j->flags & (ECS_JOURNEY_F_BSS_DONE | ECS_JOURNEY_F_BSS_FAILED) ? now : now + wait_s;
    if (j->deadline_at && j->due_at > j->deadline_at)
        j->due_at = j->deadline_at;
}

bool odsa_take_outcome(struct odsa_drive *d, struct ecs_journey *journey, int64_t now, uint32_t random,
                       const struct odsa_row **ret_row)
{
    const struct ecs_odsa_conf *conf = d->env->conf;
    struct odsa_outcome *o = &d->outcome;
    enum odsa_state state = odsa_state_of(journey), next;
    const struct odsa_row *row;
    int calls = journey->calls;

    if (!take_told(d, journey))
        return false;
    o->event = event_of(o, journey, state, now, conf);
    row = odsa_match(journey, state, o->event);
    *ret_row = row;
    if (!row)
        return true;
    odsa_apply(journey, row, now, conf);
    next = (enum odsa_state)row->next;
    if (next == state && odsa_event_is_outcome(o->event) &&
        (journey->calls == calls || row->effect == ODSA_E_ANEW_LATER))
        postpone(journey, o, conf, now, random);
    if (o->why && o->event != ODSA_EV_OK)
        journey->reason = ecs_str_of(o->why);
    else if (next != state && !is_undone(next))
        journey->reason = ECS_STR("");
    else if (next == ODSA_DONE || next == ODSA_ENDED)
        journey->reason = ECS_STR("");
    return true;
}
