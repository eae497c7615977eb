/* SPDX-License-Identifier: Apache-2.0 */
/* Store, driver and BSS in memory for the tests of the operations: the functions that the operations call,
 * over arrays, with the real state tables. Neighbours do what rig says, at once. */
#pragma once

#include "odsa/op_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ecs/auth.h"
#include "ecs/grant.h"

enum { NOW = 1790000000, ROWS = 16 };

static struct db {
    struct ecs_profile profiles[ROWS];
    struct ecs_journey journeys[ROWS];
    size_t n_profiles, n_journeys, n_polled;
    struct ecs_str foreign, line_iccid;
    struct {
        uint8_t device[ECS_POLL_DEVICE_LEN];
        int64_t polls;
    } polled[ROWS];
    enum ecs_identity_state target_state, eid_state;
    enum ecs_device_category category; /* UNKNOWN: the TAC is in no list */
    bool enterprise_active;
    int64_t enterprise_max, enterprise_living;
    enum odsa_event outcomes[ODSA_STATE_COUNT]; /* of works; 0: OK */
    struct ecs_bss_conf bss;
    struct ecs_bss_line line;
    struct ecs_bss_plans plans;
    unsigned opened, delivered, kicked, asked, fired, finished, minted, granted;
    const char *last_event;
    struct ecs_arena *arena;
} db;

/* ---- driver ---- */

static void take_consequence(const struct ecs_journey *before, struct ecs_journey *after)
{
    struct odsa_consequence c;

    odsa_consequence(before, after, NOW, &c);
    for (size_t i = 0; i < c.n_profiles; i++) {
        struct ecs_profile *p = NULL, *row = &c.profiles[i].row;

        for (size_t k = 0; row->id && k < db.n_profiles; k++)
            if (db.profiles[k].id == row->id)
                p = &db.profiles[k];
        if (!p) {
            p = &db.profiles[db.n_profiles++];
            *p = *row;
            p->id = after->profile = 100 + (int64_t)db.n_profiles;
        }
        p->status = row->status ? row->status : p->status;
        p->code = c.profiles[i].drop_code ? ECS_STR_NULL : row->code.p ? row->code : p->code;
        p->address = row->address.p ? row->address : p->address;
        p->iccid = row->iccid.p ? row->iccid : p->iccid;
        p->installed_at = row->installed_at ? row->installed_at : p->installed_at;
        if (c.profiles[i].set_waiting)
            p->waiting = row->waiting;
    }
    if (c.line_iccid)
        db.line_iccid = after->iccid;
}

static bool fire_at(struct ecs_journey *j, enum odsa_event event, const struct ecs_odsa_conf *conf)
{
    const struct odsa_row *row = odsa_match(j, odsa_state_of(j), event);
    struct ecs_journey before = *j;

    if (!row)
        return false;
    odsa_apply(j, row, NOW, conf);
    if (odsa_states[odsa_state_of(j)].kind == ODSA_FINAL && !j->ended_at)
        j->ended_at = NOW;
    take_consequence(&before, j);
    return true;
}

static void drive(struct ecs_journey *j, const struct ecs_odsa_conf *conf)
{
    for (unsigned i = 0; i < 20 && odsa_states[odsa_state_of(j)].kind == ODSA_WORK; i++) {
        enum odsa_state state = odsa_state_of(j);
        enum odsa_event event = db.outcomes[state] ? db.outcomes[state] : ODSA_EV_OK;

        if (event == ODSA_EV_PENDING || event == ODSA_EV_RETRY) {
            if (!fire_at(j, event, conf) || state == odsa_state_of(j))
                return;
            continue;
        }
        if (state == ODSA_RESERVING && event == ODSA_EV_OK)
            j->iccid = ecs_str_of(ecs_printf(db.arena, "89340412345678901%02d", (int)j->id));
        if (state == ODSA_CONFIRMING && event == ODSA_EV_OK) {
            j->address = ECS_STR("smdp.example.net");
            j->flags |= ECS_JOURNEY_F_RELEASED;
            if (!(j->flags & ECS_JOURNEY_F_BY_ADDRESS))
                j->code = ecs_str_of(ecs_printf(db.arena, "sealed:1$smdp.example.net$K%02d", (int)j->id));
        }
        if (!fire_at(j, event, conf))
            fail_msg("%.*s has no event %s", ECS_FMT(j->state), odsa_event_names[event]);
    }
}

static struct ecs_journey *journey_with(int64_t id)
{
    for (size_t i = 0; i < db.n_journeys; i++)
        if (db.journeys[i].id == id)
            return &db.journeys[i];
    return NULL;
}

void odsa_kick(const struct ecs_odsa_env *env, int64_t id)
{
    db.kicked++;
    drive(journey_with(id), env->conf);
}

enum ecs_next odsa_await(struct ecs_flow *f, const struct ecs_odsa_env *env, int64_t id)
{
    (void)f, (void)env, (void)id;
    return ECS_NEXT;
}

static bool is_taken(const struct ecs_journey *j)
{
    for (size_t i = 0; i < db.n_journeys; i++) {
        const struct ecs_journey *o = &db.journeys[i];

        if (!o->ended_at && j->kind != ECS_JOURNEY_SWITCH && o->kind != ECS_JOURNEY_SWITCH &&
            (odsa_str_same(o->target_id, j->target_id) ||
             (j->kind < ECS_JOURNEY_END && odsa_str_same(o->old_iccid, j->old_iccid))))
            return true;
    }
    return false;
}

enum ecs_next odsa_open(struct ecs_flow *f, const struct ecs_odsa_env *env, struct ecs_journey *journey,
                        struct ecs_journey_result *ret_result)
{
    struct ecs_journey *j;

    (void)f;
    *ret_result = (struct ecs_journey_result){.moved = ECS_JOURNEY_EXISTS};
    if (is_taken(journey))
        return ECS_NEXT;
    j = &db.journeys[db.n_journeys++];
    *j = *journey;
    j->id = (int64_t)db.n_journeys;
    db.opened++;
    if (!fire_at(j, ODSA_EV_START, env->conf))
        fail_msg("kind %d cannot start", j->kind);
    *ret_result = (struct ecs_journey_result){.moved = ECS_JOURNEY_MOVED, .id = j->id};
    return ECS_NEXT;
}

static enum ecs_next do_fire(struct ecs_flow *f)
{
    struct ecs_journey_fire *fire = f->self;
    struct ecs_journey *j = journey_with(fire->id);
    enum odsa_event event = ODSA_EV_START;

    assert_non_null(j);
    while (strcmp(odsa_event_names[event], fire->event) != 0)
        event++;
    db.fired++;
    db.last_event = fire->event;
    if (fire->patch.old_iccid.n)
        j->old_iccid = fire->patch.old_iccid;
    if (fire->patch.old_id.n)
        j->old_id = fire->patch.old_id;
    fire->fired = fire_at(j, event, fire->env->conf) ? ECS_FIRED : ECS_FIRED_NOT;
    drive(j, fire->env->conf);
    fire->journey = *j;
    return ECS_DONE;
}

const struct ecs_step ecs_journey_fire_steps[] = {{"fire", do_fire, 0}, {0}};

/* ---- secrets, grants ---- */

bool ecs_odsa_open(const struct ecs_odsa_env *env, struct ecs_arena *arena, struct ecs_str sealed,
                   struct ecs_str *ret_text)
{
    (void)env, (void)arena;
    if (!ecs_str_starts_with(sealed, ECS_STR("sealed:")))
        return false;
    *ret_text = (struct ecs_str){sealed.p + 7, sealed.n - 7};
    return true;
}
