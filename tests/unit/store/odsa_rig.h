/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of journeys and profiles: each call of the store in one line, and lines to begin with. */
#pragma once

#include "ecs/store_odsa.h"
#include "outbox_lines.h"

#define ICCID_1 "8949000000000000011"
#define ICCID_2 "8949000000000000022"
#define ICCID_3 "8949000000000000033"
#define EID     "89049032123451234512345678901224"

/* Lines A, B and C; A's phone is registered for ap2006, its tablet for ap2004 only. */
static inline int fresh_odsa(void **state)
{
    static const struct ecs_str companion = {"ap2006", 6};

    fresh(state);
    pg_test_sql("DELETE FROM odsa_event_seen; DELETE FROM enterprise; DELETE FROM push_registration;"
                "INSERT INTO enterprise (enterprise_id, name, max_devices) VALUES ('fleet', 'Fleet', 3)");
    assert_int_equal(register_token(A, "phone-a", "token-a", &companion, 1), ECS_REGISTERED);
    assert_int_equal(register_token(A, "tablet-a", "token-t", &ims_apps[1], 1), ECS_REGISTERED);
    return 0;
}

/* ---- calls ---- */

struct move_call {
    struct ecs_journey_move move;
    struct ecs_journey_result result;
};

static inline enum ecs_next call_move(struct ecs_flow *f, void *arg)
{
    struct move_call *c = arg;

    return ecs_store_journey_move(f, store, &c->move, &c->result);
}

/* What comes back, without texts: they belong to the call's arena. */
static inline struct ecs_journey_result moved_with(const struct ecs_journey_move *move)
{
    struct move_call c = {.move = *move};

    outbox_run(call_move, &c);
    return c.result;
}

static inline struct ecs_journey_result moved(const struct ecs_journey *journey)
{
    struct ecs_journey_note note = {.event = "ok", .us = -1};

    return moved_with(&(struct ecs_journey_move){.journey = journey, .note = &note});
}

static inline struct ecs_journey new_journey(enum ecs_journey_kind kind, const char *imsi, const char *target)
{
    return (struct ecs_journey){.kind = kind,
                                .state = ECS_STR("reserving"),
                                .imsi = ecs_str_of(imsi),
                                .app = 2006,
                                .terminal_id = ECS_STR("phone-a"),
                                .target_id = ecs_str_of(target)};
}

/* Opens it and takes over id and version. */
static inline void open_journey(struct ecs_journey *journey)
{
    struct ecs_journey_result result = moved(journey);

    assert_int_equal(result.moved, ECS_JOURNEY_MOVED);
    journey->id = result.id;
    journey->version = result.version;
}

static inline void move_on(struct ecs_journey *journey)
{
    struct ecs_journey_result result = moved(journey);

    assert_int_equal(result.moved, ECS_JOURNEY_MOVED);
    journey->version = result.version;
}

struct get_call {
    int64_t id, now;
    struct ecs_journey journey;
    bool force, taken;
    unsigned lease_s;
    enum ecs_journey_by by;
    struct ecs_str value;
};

static inline enum ecs_next call_get(struct ecs_flow *f, void *arg)
{
    struct get_call *c = arg;

    return ecs_store_journey_get(f, store, c->id, &c->journey);
}

static inline enum ecs_next call_find(struct ecs_flow *f, void *arg)
{
    struct get_call *c = arg;

    return ecs_store_journey_find(f, store, c->by, c->value, &c->journey);
}

static inline enum ecs_next call_claim(struct ecs_flow *f, void *arg)
{
    struct get_call *c = arg;

    return ecs_store_journey_claim(f, store, c->id, c->force, c->lease_s, &c->journey, &c->now, &c->taken);
}

/* Its texts live until the next call. */
static inline struct ecs_journey journey_of(int64_t id)
{
    struct get_call c = {.id = id};

    outbox_run(call_get, &c);
    return c.journey;
}

static inline int64_t found_by(enum ecs_journey_by by, struct ecs_str value)
{
    struct get_call c = {.by = by, .value = value, .journey = {.id = -1}};

    outbox_run(call_find, &c);
    return c.journey.id;
}

static inline bool claimed(int64_t id, bool force, unsigned lease_s, struct ecs_journey *ret_journey)
{
    struct get_call c = {.id = id, .force = force, .lease_s = lease_s};

    outbox_run(call_claim, &c);
    if (c.taken && ret_journey)
        *ret_journey = c.journey;
    return c.taken;
}

struct due_call {
    int64_t ids[ECS_JOURNEY_DUE_MAX];
    unsigned max, n;
};

static inline enum ecs_next call_due(struct ecs_flow *f, void *arg)
{
    struct due_call *c = arg;

    return ecs_store_journey_due(f, store, c->ids, c->max, &c->n);
}

static inline int64_t count(const char *format, int64_t id)
{
    char sql[320];

    snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s = %lld", format, (long long)id);
    return pg_test_number(sql);
}

static inline void expect_text(struct ecs_str is, const char *should)
{
    if (!ecs_str_eq(is, ecs_str_of(should)) || !is.p != !should)
        fail_msg("\"%.*s\" instead of \"%s\"", ECS_FMT(is), should ? should : "(none)");
}
