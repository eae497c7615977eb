/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of driver and inbound events do: a row put, an event fired or told; the life of a test. */
#pragma once

#include "driver_peers.h"

/* ---- rig ---- */

static inline void put(enum ecs_journey_kind kind, enum odsa_state state, int flags)
{
    w.row = (struct ecs_journey){.id = 7,
                                 .version = 1,
                                 .kind = kind,
                                 .state = ecs_str_of(odsa_states[state].name),
                                 .key = ECS_STR("0f8fad5b-d9cb-469f-a165-70867728950e"),
                                 .imsi = ECS_STR(IMSI),
                                 .app = 2006,
                                 .target_id = ECS_STR("watch"),
                                 .calls = 2,
                                 .flags = flags,
                                 .created_at = ecs_clock_now(),
                                 .due_at = odsa_states[state].kind == ODSA_WORK ? ecs_clock_now() : 0,
                                 .deadline_at = ecs_clock_now() + 86400};
}

static inline void put_activating(void)
{
    put(ECS_JOURNEY_COMPANION, ODSA_ACTIVATING,
        ECS_JOURNEY_F_RESERVED | ECS_JOURNEY_F_ORDERED | 2 << ECS_JOURNEY_ORDER_SHIFT);
    w.row.iccid = ECS_STR(ICCID);
    w.row.smdp = ECS_STR("main");
}

static inline void expect_state(enum odsa_state state)
{
    assert_string_equal(odsa_states[odsa_state_of(&w.row)].name, odsa_states[state].name);
}

static inline enum ecs_next end(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

struct job {
    struct ecs_flow flow;
    struct ecs_journey_fire fire;
    struct ecs_odsa_inbound inbound;
    bool device, ended;
    enum ecs_rc rc;
};

static inline void job_end(struct ecs_flow *f)
{
    struct job *j = f->self;

    j->ended = true;
    j->rc = f->rc;
}

static inline void start(struct job *j, const struct ecs_step *steps)
{
    ecs_flow_start(&j->flow, loop, w.arena, NULL, steps, j, job_end);
}

static inline enum ecs_next do_fire(struct ecs_flow *f)
{
    struct job *j = f->self;

    return ecs_flow_call(f, ecs_journey_fire_steps, &j->fire);
}

static inline struct job fire(const char *event)
{
    static const struct ecs_step steps[] = {{"fire", do_fire, 0}, {"end", end, 0}, {0}};
    struct job j = {.fire = {.env = &env, .id = 7, .event = event}};

    start(&j, steps);
    assert_true(j.ended && j.rc == ECS_OK);
    return j;
}

static inline enum ecs_next do_inbound(struct ecs_flow *f)
{
    struct job *j = f->self;

    j->inbound.env = &env;
    return ecs_flow_call(f, ecs_odsa_inbound_steps, &j->inbound);
}

static inline bool tell(struct ecs_odsa_inbound inbound)
{
    static const struct ecs_step steps[] = {{"inbound", do_inbound, 0}, {"end", end, 0}, {0}};
    struct job j = {.inbound = inbound};

    start(&j, steps);
    assert_true(j.ended && j.rc == ECS_OK);
    return j.inbound.known;
}

/* ---- life ---- */

static inline int set_up(void **state)
{
    static struct ecs_str notifiers[] = {{"CN=a", 4}, {"CN=b", 4}};
    struct ecs_keyring ring = {.count = 1, .keys = {{.id = 7, .key = {1, 2, 3}}}};

    (void)state;
    memset(&w, 0, sizeof(w));
    w.arena = ecs_arena_new(NULL, 0);
    for (size_t i = 0; i < 3; i++)
        sources[i].conf = (struct ecs_smdp_conf){.name = (const char *const[]){"main", "twin", "other"}[i],
                                                 .address = "smdp.example.net",
                                                 .notifiers = {&notifiers[i / 2], 1}};
    conf = (struct ecs_odsa_conf){.wait_ms = 20,
                                  .question_s = 900,
                                  .portal_s = 900,
                                  .deleting_s = 900,
                                  .ready_s = 900,
                                  .give_up_s = 86400,
                                  .retry_s = 1,
                                  .retry_max_s = 60,
                                  .retries = 5,
                                  .lease_s = 60};
    loop = ecs_loop_new();
    crypto = ecs_crypto_new();
    sealer = crypto ? ecs_sealer_new(crypto, &ring, ECS_STR("odsa-code")) : NULL;
    auth.crypto = crypto;
    holds = 0;
    env = (struct ecs_odsa_env){.conf = &conf,
                                .auth = &auth,
                                .smdps = (struct ecs_smdps *)&sources,
                                .code_sealer = sealer,
                                .runner = loop ? ecs_odsa_runner_new(loop, NULL) : NULL,
                                .hold = hold,
                                .drop = drop};
    return sealer && env.runner && w.arena ? 0 : -1;
}

static inline int tear_down(void **state)
{
    (void)state;
    ecs_odsa_runner_free(env.runner);
    assert_int_equal(holds, 0);
    ecs_sealer_free(sealer);
    ecs_crypto_free(crypto);
    ecs_loop_free(loop);
    ecs_arena_free(w.arena);
    return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
