/* SPDX-License-Identifier: Apache-2.0 */
/* What a change of state means beside it: rows of profiles, the notification, the line's own ICCID. Pure. */
#include "odsa_priv.h"

static bool gives_profile(enum ecs_journey_kind kind)
{
    return kind <= ECS_JOURNEY_RECOVERY && kind != ECS_JOURNEY_WAITING;
}

/* What the journey knows of the new profile. */
static struct ecs_profile profile_of(const struct ecs_journey *j)
{
    return (struct ecs_profile){
        .id = j->profile,
        .journey = j->id,
        .imsi = j->imsi,
        .enterprise = j->enterprise,
        .app = j->app,
        .iccid = j->iccid,
        .eid = j->eid,
        .terminal_id = j->target_id.n ? j->target_id : j->terminal_id,
        .service = j->service,
        .plan = j->plan,
        .smdp = j->smdp,
        .address = j->address,
        .code = j->code,
        .name = j->name,
        .vendor = j->vendor,
        .model = j->model,
        .sw_version = j->sw_version,
        .line_imsi = j->line_imsi,
        .msisdn = j->msisdn,
        .origin = j->flags & ECS_JOURNEY_F_BSS_PROFILE ? ECS_STR("bss") : ECS_STR("ecs"),
        .status = 2,
    };
}

static struct ecs_profile_change *add(struct odsa_consequence *c, int64_t id)
{
    struct ecs_profile_change *change = &c->profiles[c->n_profiles++];

    change->row.id = id;
    return change;
}

static void end_profile(struct odsa_consequence *c, int64_t id)
{
    struct ecs_profile_change *change;

    if (!id)
        return;
    change = add(c, id);
    change->row.status = 4;
    change->drop_code = true;
}

static bool is_given_up(enum odsa_state state)
{
    return state == ODSA_FAILED || state == ODSA_DISMISSED || state == ODSA_EXPIRED;
}

static bool is_undone(enum odsa_state state)
{
    return state == ODSA_WITHDRAWING || state == ODSA_REVOKING || state == ODSA_STOPPING ||
           state == ODSA_RETURNING;
}

static void change_new_profile(const struct ecs_journey *after, enum odsa_state state, int64_t now,
                               struct odsa_consequence *c)
{
    bool is_new = !after->profile && gives_profile(after->kind);
    struct ecs_profile_change *change;

    if (is_new && (!after->iccid.n || is_given_up(state) || is_undone(state)))
        return;
    if (!is_new && !after->profile)
        return;
    if (is_new || state == ODSA_READY) {
        change = add(c, after->profile);
        change->row = profile_of(after);
        change->row.status = state == ODSA_READY || state == ODSA_COMPLETING ? 1 : 2;
        change->set_waiting = !is_new;
        if (after->kind == ECS_JOURNEY_WAITING)
            change->row.origin = ECS_STR_NULL;
        if (state == ODSA_COMPLETING)
            change->row.installed_at = now;
    } else if (state == ODSA_COMPLETING) {
        change = add(c, after->profile);
        change->row.status = 1;
        change->row.installed_at = now;
        change->drop_code = true;
    } else if (is_given_up(state) && after->kind == ECS_JOURNEY_WAITING) {
        change = add(c, after->profile);
        change->row.status = 3;
        change->row.waiting = change->set_waiting = true;
    } else if (is_given_up(state)) {
        end_profile(c, after->profile);
    }
}

static void change_old_profile(const struct ecs_journey *before, const struct ecs_journey *after,
                               enum odsa_state state, struct odsa_consequence *c)
{
    bool ended = after->flags & ~before->flags & ECS_JOURNEY_F_OLD_ENDED;

    /* The new ICCID of a recovery takes the place of the old one at once. */
    ended = ended || (after->kind == ECS_JOURNEY_RECOVERY && state == ODSA_READY);
    if (!ended)
        return;
    end_profile(c, after->old_profile);
    c->line_iccid = after->app == 2009;
}

static const char *reason_to_notify(const struct ecs_journey *before, const struct ecs_journey *after,
                                    enum odsa_state state)
{
    enum odsa_state was = odsa_state_of(before);

    if (state == ODSA_READY)
        return "profile ready";
    if (state == ODSA_ENDED)
        return "subscription ended";
    if (state == ODSA_DONE && after->kind == ECS_JOURNEY_SWITCH)
        return "service switched";
    /* Whoever answered the question or left the portal knows. */
    if (is_given_up(state) && was != ODSA_ASKING && was != ODSA_CHOOSING)
        return "journey ended";
    return NULL;
}

void odsa_consequence(const struct ecs_journey *before, const struct ecs_journey *after, int64_t now,
                      struct odsa_consequence *ret_consequence)
{
    struct odsa_consequence *c = ret_consequence;
    enum odsa_state state = odsa_state_of(after);

    *c = (struct odsa_consequence){0};
    if (before->profile && !after->profile)
        end_profile(c, before->profile);
    if (ecs_str_eq(before->state, after->state)) {
        if (!after->profile && state != ODSA_READY)
            change_new_profile(after, state, now, c); /* its ICCID became known while it stays where it is */
        return;
    }
    if (gives_profile(after->kind) || after->kind == ECS_JOURNEY_WAITING)
        change_new_profile(after, state, now, c);
    change_old_profile(before, after, state, c);
    if (after->kind == ECS_JOURNEY_END && state == ODSA_ENDED)
        end_profile(c, after->profile);
    if (after->kind == ECS_JOURNEY_SWITCH && state == ODSA_DONE && after->profile)
        add(c, after->profile)->row.status = after->flags & ECS_JOURNEY_F_SERVICE_ON ? 1 : 3;
    c->notify = reason_to_notify(before, after, state);
}
