/* SPDX-License-Identifier: Apache-2.0 */
/* States, events and the tables of all kinds: which row an event meets, and what a row does to a journey.
 * Pure. */
#include <string.h>

#include "fsm.h"

const struct odsa_state_info odsa_states[ODSA_STATE_COUNT] = {
    [ODSA_NONE] = {"", "no journey yet", ODSA_WAIT, false, 0, 0},
#define STATE(id, name_, kind_, sticky_, result_, status_, help_)                                            \
    [ODSA_##id] = {name_, help_, ODSA_##kind_, sticky_, result_, status_},
#include "states.def"
#undef STATE
};

const char *const odsa_event_names[ODSA_EVENT_COUNT] = {
#define EVENT(id, name, from, help) [ODSA_EV_##id] = name,
#include "events.def"
#undef EVENT
};

const struct odsa_table odsa_tables[ECS_JOURNEY_KIND_COUNT] = {
#define ACTIVATION                                                                                           \
    {                                                                                                        \
        odsa_start_rows, odsa_user_rows, odsa_order_rows, odsa_ready_rows, odsa_undo_rows, NULL              \
    }
    [ECS_JOURNEY_COMPANION] = {"companion", ACTIVATION},
    [ECS_JOURNEY_PRIMARY] = {"primary", ACTIVATION},
    [ECS_JOURNEY_ENTERPRISE] = {"enterprise", ACTIVATION},
#undef ACTIVATION
    [ECS_JOURNEY_WAITING] = {"waiting",
                             {odsa_waiting_rows, odsa_user_rows, odsa_ready_rows, odsa_undo_rows, NULL}},
#define TRANSFER                                                                                             \
    {                                                                                                        \
        odsa_transfer_rows, odsa_delete_rows, odsa_start_rows, odsa_user_rows, odsa_order_rows,              \
            odsa_ready_rows, odsa_undo_rows, NULL                                                            \
    }
    [ECS_JOURNEY_TRANSFER] = {"transfer", TRANSFER},
    [ECS_JOURNEY_MOVE] = {"move", TRANSFER},
#undef TRANSFER
    [ECS_JOURNEY_RECOVERY] = {"recovery",
                              {odsa_delete_rows, odsa_start_rows, odsa_user_rows, odsa_order_rows,
                               odsa_ready_rows, odsa_undo_rows, NULL}},
    [ECS_JOURNEY_END] = {"end", {odsa_end_rows, odsa_user_rows, NULL}},
    [ECS_JOURNEY_SWITCH] = {"switch", {odsa_switch_rows, NULL}},
    [ECS_JOURNEY_MANAGE] = {"manage", {odsa_manage_rows, odsa_user_rows, NULL}},
};

/* ---- conditions and effects ---- */

int odsa_order_number(const struct ecs_journey *journey)
{
    return journey->flags >> ECS_JOURNEY_ORDER_SHIFT & 127;
}

/* Only a profile of ours can be given out again; a plastic card cannot. */
bool odsa_reuses(const struct ecs_journey *j)
{
    return j->flags & ECS_JOURNEY_F_REDOWNLOADABLE && j->old_profile && j->old_iccid.n &&
           (j->kind == ECS_JOURNEY_TRANSFER || j->kind == ECS_JOURNEY_MOVE);
}

#define HAS(flag)   (0 != (j->flags & ECS_JOURNEY_F_##flag))
#define SET(flag)   (j->flags |= ECS_JOURNEY_F_##flag)
#define CLEAR(flag) (j->flags &= ~ECS_JOURNEY_F_##flag)

static bool is_told(const struct ecs_journey *j)
{
    return j->iccid.n && (j->code.n || j->address.n);
}

static bool is_ending(const struct ecs_journey *j)
{
    return HAS(CANCEL) || HAS(EXPIRED);
}

/* The same ICCID on another device: there is no old one to end. */
static bool old_lives(const struct ecs_journey *j)
{
    if (j->old_iccid.n && ecs_str_eq(j->iccid, j->old_iccid))
        return false;
    return (j->old_iccid.n || j->old_profile) && !HAS(OLD_ENDED);
}

static bool ends_old_now(const struct ecs_journey *j)
{
    return HAS(OLD_FIRST) && old_lives(j) && !is_ending(j);
}

static void forget_order(struct ecs_journey *j)
{
    CLEAR(ORDERED);
    j->flags &= (1 << ECS_JOURNEY_ORDER_SHIFT) - 1;
    j->bss_reference = ECS_STR_NULL;
}

static void place_order(struct ecs_journey *j)
{
    forget_order(j);
    SET(ORDERED);
    j->flags |= (j->calls & 127) << ECS_JOURNEY_ORDER_SHIFT;
}

static void begin_anew(struct ecs_journey *j)
{
    j->calls++;
    j->attempts = 0;
    CLEAR(BSS_DONE);
    CLEAR(BSS_FAILED);
    if (ecs_str_eq(j->state, ecs_str_of(odsa_states[ODSA_ACTIVATING].name)))
        place_order(j);
}

static void become_activated(struct ecs_journey *j)
{
    SET(PORTAL_DONE);
    SET(BSS_PROFILE);
    SET(ORDERED);
    SET(CONFIRMED);
    SET(RELEASED);
}

static void drop_profile(struct ecs_journey *j)
{
    CLEAR(RESERVED);
    CLEAR(CONFIRMED);
    CLEAR(RELEASED);
    j->iccid = j->matching_id = j->code = j->address = ECS_STR_NULL;
    j->profile = 0;
}

const char *const odsa_guard_words[ODSA_GUARD_COUNT] = {
#define GUARD(id, words, expression) [ODSA_G_##id] = words,
#include "guards.def"
#undef GUARD
};
const char *const odsa_effect_words[ODSA_EFFECT_COUNT] = {
#define EFFECT(id, words, statements) [ODSA_E_##id] = words,
#include "effects.def"
#undef EFFECT
};

#define GUARD(id, words, expression)                                                                         \
    static bool guard_##id(const struct ecs_journey *j)                                                      \
    {                                                                                                        \
        (void)j;                                                                                             \
        return expression;                                                                                   \
    }
#include "guards.def"
#undef GUARD
#define EFFECT(id, words, statements)                                                                        \
    static void effect_##id(struct ecs_journey *j)                                                           \
    {                                                                                                        \
        (void)j;                                                                                             \
        statements;                                                                                          \
    }
#include "effects.def"
#undef EFFECT

bool odsa_guard_holds(enum odsa_guard guard, const struct ecs_journey *journey)
{
    static bool (*const guards[ODSA_GUARD_COUNT])(const struct ecs_journey *) = {
#define GUARD(id, words, expression) guard_##id,
#include "guards.def"
#undef GUARD
    };

    return guards[guard](journey);
}

static void do_effect(enum odsa_effect effect, struct ecs_journey *journey)
{
    static void (*const effects[ODSA_EFFECT_COUNT])(struct ecs_journey *) = {
#define EFFECT(id, words, statements) effect_##id,
#include "effects.def"
#undef EFFECT
    };

    effects[effect](journey);
}

/* ---- look-ups ---- */

enum odsa_state odsa_state_find(struct ecs_str name)
{
    for (int i = ODSA_NONE + 1; i < ODSA_STATE_COUNT; i++)
        if (ecs_str_eq(name, ecs_str_of(odsa_states[i].name)))
            return (enum odsa_state)i;
    return ODSA_NONE;
}

enum odsa_state odsa_state_of(const struct ecs_journey *journey)
{
    return odsa_state_find(journey->state);
}

enum { FROM_DEVICE, FROM_WORK, FROM_PORTAL, FROM_BSS, FROM_SMDP, FROM_CLOCK, FROM_CARE };

static const uint8_t origins[ODSA_EVENT_COUNT] = {
#define EVENT(id, name, from, help) FROM_##from,
#include "events.def"
#undef EVENT
};

bool odsa_event_is_outcome(enum odsa_event event)
{
    return origins[event] == FROM_WORK;
}

bool odsa_event_is_of_device(enum odsa_event event)
{
    return origins[event] == FROM_DEVICE;
}

const struct odsa_row *odsa_match(const struct ecs_journey *journey, enum odsa_state state,
                                  enum odsa_event event)
{
    const struct odsa_row *const *block = odsa_tables[journey->kind].blocks;

    for (; *block; block++)
        for (const struct odsa_row *row = *block; row->clause; row++)
            if (row->state == state && row->event == event &&
                odsa_guard_holds((enum odsa_guard)row->guard, journey))
                return row;
    return NULL;
}

/* ---- changes ---- */

static int64_t patience_s(enum odsa_state state, const struct ecs_odsa_conf *conf)
{
    switch (state) {
    case ODSA_ASKING:
        return conf->question_s;
    case ODSA_CHOOSING:
        return conf->portal_s;
    case ODSA_DELETING:
        return conf->deleting_s;
    case ODSA_READY:
        return conf->ready_s;
    default:
        return conf->give_up_s;
    }
}

enum { FIRST_POLL_S = 30 };

static void enter(struct ecs_journey *j, enum odsa_state next, int64_t now, const struct ecs_odsa_conf *conf)
{
    const struct odsa_state_info *info = &odsa_states[next];

    j->state = ecs_str_of(info->name);
    j->polls = j->attempts = 0;
    j->changed_at = now;
    j->due_at = j->deadline_at = 0;
    if (info->kind == ODSA_FINAL) {
        j->ended_at = now;
        return;
    }
    j->deadline_at = next == ODSA_ENDING_OLD ? 0 : now + patience_s(next, conf); /* 12.50 */
    j->due_at = info->kind == ODSA_WAIT ? j->deadline_at : now;
    if (next == ODSA_AWAITING) {
        j->due_at += HAS(BSS_DONE) || HAS(BSS_FAILED) ? 0 : FIRST_POLL_S;
    } else if (info->kind == ODSA_WORK) {
        j->calls++;
        CLEAR(BSS_DONE);
        CLEAR(BSS_FAILED);
    }
    if (next == ODSA_ACTIVATING)
        place_order(j);
}

void odsa_apply(struct ecs_journey *journey, const struct odsa_row *row, int64_t now,
                const struct ecs_odsa_conf *conf)
{
    enum odsa_state next = (enum odsa_state)row->next;

    do_effect((enum odsa_effect)row->effect, journey);
    if (next != (enum odsa_state)row->state)
        enter(journey, next, now, conf);
    else if (odsa_states[next].kind == ODSA_WORK && row->effect != ODSA_E_NONE &&
             row->effect != ODSA_E_POLLS_ANEW)
        journey->due_at = now; /* something has changed: look at it now */
}

/* ---- for people ---- */

const char *ecs_journey_state_help(struct ecs_str state)
{
    enum odsa_state found = odsa_state_find(state);

    return found == ODSA_NONE ? NULL : odsa_states[found].help;
}

bool ecs_journey_is_final(struct ecs_str state)
{
    enum odsa_state found = odsa_state_find(state);

    return found != ODSA_NONE && odsa_states[found].kind == ODSA_FINAL;
}

const char *ecs_journey_advice(const struct ecs_journey *journey)
{
    static const char *const advice[ODSA_STATE_COUNT] = {
        [ODSA_ASKING] = "The device shows a question: ask the user to answer it, or cancel.",
        [ODSA_CHOOSING] = "The user is on the portal: ask them to finish there, or cancel.",
        [ODSA_DELETING] = "Ask the user to delete the old eSIM profile on the old device, or cancel.",
        [ODSA_RESERVING] =
            "Nothing to do; when it repeats, look at the SM-DP+ (stock, credentials), then retry.",
        [ODSA_ACTIVATING] = "Nothing to do; when it repeats, look at the BSS, then retry.",
        [ODSA_AWAITING] =
            "Look for the order at the BSS; its result is taken over by itself. Retry asks now.",
        [ODSA_CONFIRMING] = "Nothing to do; when it repeats, look at the SM-DP+, then retry.",
        [ODSA_RELEASING] = "Nothing to do; when it repeats, look at the SM-DP+, then retry.",
        [ODSA_READY] = "Ask the user to download the profile (device online, eSIM menu open), or cancel.",
        [ODSA_COMPLETING] = "The user is served; when it repeats, look at the BSS, then retry.",
        [ODSA_ENDING_OLD] =
            "The user is served; end the old subscription at the BSS by hand, then cancel, or "
            "retry.",
        [ODSA_SWITCHING] = "Nothing to do; when it repeats, look at the BSS, then retry.",
        [ODSA_STOPPING] =
            "Nothing to do; when it repeats, end the subscription at the BSS by hand, then retry.",
        [ODSA_RETURNING] = "Nothing to do; the user can go to the portal meanwhile.",
        [ODSA_WITHDRAWING] = "Nothing to do; when it repeats, withdraw the profile at the SM-DP+ by hand.",
        [ODSA_REVOKING] = "Nothing to do; when it repeats, cancel the order at the BSS by hand.",
        [ODSA_DONE] = "It is over. The service works when device and network agree.",
        [ODSA_ENDED] = "It is over. The user may delete the profile on the device.",
        [ODSA_FAILED] = "It is over; the reason and the timeline say why. The user may begin again.",
        [ODSA_DISMISSED] = "It is over. The user may begin again.",
        [ODSA_EXPIRED] = "It is over. The user may begin again.",
    };
    const char *text = advice[odsa_state_of(journey)];

    return text ? text : "The state is unknown to this release: look at the other nodes' release.";
}
