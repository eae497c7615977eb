/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of sources of eSIM profiles: a set of them, calls as flows. Include behind cmocka.h. */
#pragma once

#include "../http_double.h"
#include "ecs/smdp.h"

#define EID   "89001012012341234012345678901224"
#define ICCID "8949000000000000017"

struct smdp_rig {
    struct rig rig;
    struct ecs_smdp_conf conf[3];
    struct ecs_smdps *set;
    struct ecs_smdp *smdp;
    struct ecs_neighbour *control;
    struct ecs_neighbour_stats stats;
    unsigned counted[ECS_SMDP_FN_COUNT][ECS_SMDP_STATUS_COUNT];
};

RIG_HELPER struct ecs_neighbour_stats *smdp_stats(void *arg, const char *name)
{
    struct smdp_rig *x = arg;

    assert_non_null(strstr(name, "smdp-"));
    return &x->stats;
}

RIG_HELPER void smdp_count(void *arg, enum ecs_smdp_function function, enum ecs_smdp_status status)
{
    struct smdp_rig *x = arg;

    x->counted[function][status]++;
}

RIG_HELPER struct ecs_smdp_env smdp_env(struct smdp_rig *x)
{
    return (struct ecs_smdp_env){.pool = x->rig.pool,
                                 .stats = smdp_stats,
                                 .stats_arg = x,
                                 .count = smdp_count,
                                 .count_arg = x,
                                 .lab = true};
}

RIG_HELPER struct ecs_smdp_conf smdp_es2_conf(const char *url)
{
    return (struct ecs_smdp_conf){.name = "main",
                                  .type = ECS_SMDP_ES2PLUS,
                                  .url = url,
                                  .address = "smdp.example.com",
                                  .requester = "1.3.6.1.4.1.99999.1",
                                  .protocol = "gsma/rsp/v2.5.0",
                                  .confirm_address = true,
                                  .connect_ms = 2000,
                                  .total_ms = 5000,
                                  .max_in_flight = 8};
}

/* With conf[0] set. */
RIG_HELPER void smdp_open(struct smdp_rig *x)
{
    struct ecs_smdp_env env;
    struct ecs_neighbour_conf control = {.name = "control",
                                         .allow_plain = true,
                                         .ca_file = x->conf[0].ca_file,
                                         .cert_file = x->conf[0].certificate,
                                         .key_file = x->conf[0].key};

    signal(SIGPIPE, SIG_IGN);
    rig_open(&x->rig);
    env = smdp_env(x);
    x->set = ecs_smdps_new(&env, x->conf, 1);
    x->control = ecs_neighbour_new(x->rig.pool, &control);
    assert_true(x->set && x->control);
    x->smdp = ecs_smdps_find(x->set, ecs_str_of(x->conf[0].name));
    assert_non_null(x->smdp);
}

RIG_HELPER void smdp_close(struct smdp_rig *x)
{
    ecs_smdps_free(x->set);
    ecs_neighbour_free(x->control);
    rig_turns(&x->rig, 20);
    rig_close(&x->rig);
}

/* ---- calls ---- */

struct smdp_asked {
    struct ecs_flow flow;
    struct ecs_arena *arena;
    struct smdp_rig *x;
    enum ecs_smdp_function function;
    struct ecs_smdp_order order;
    struct ecs_smdp_confirm confirm;
    struct ecs_smdp_cancel cancel;
    struct ecs_smdp_release release;
    struct ecs_smdp_result result;
    bool done, ended;
};

RIG_HELPER enum ecs_next smdp_ask(struct ecs_flow *f)
{
    struct smdp_asked *a = f->self;

    switch (a->function) {
    case ECS_SMDP_FN_ORDER:
        return ecs_smdp_order(f, a->x->smdp, &a->order, &a->result);
    case ECS_SMDP_FN_CONFIRM:
        return ecs_smdp_confirm(f, a->x->smdp, &a->confirm, &a->result);
    case ECS_SMDP_FN_CANCEL:
        return ecs_smdp_cancel(f, a->x->smdp, &a->cancel, &a->result);
    case ECS_SMDP_FN_RELEASE:
        return ecs_smdp_release(f, a->x->smdp, &a->release, &a->result);
    default:
        return ecs_smdp_state(f, a->x->smdp, a->order.call_id, a->order.iccid, &a->result);
    }
}

RIG_HELPER enum ecs_next smdp_note(struct ecs_flow *f)
{
    struct smdp_asked *a = f->self;

    a->done = f->rc == ECS_OK;
    return ECS_DONE;
}

RIG_HELPER void smdp_end(struct ecs_flow *f)
{
    struct smdp_asked *a = f->self;

    a->ended = true;
}

__attribute__((unused)) static const struct ecs_step smdp_steps[] = {
    {"ask", smdp_ask, 60000}, {"note", smdp_note, 0}, {0}};

/* A call never fails its flow. The result's texts live until the next call with a. */
RIG_HELPER void smdp_run(struct smdp_rig *x, struct smdp_asked *a, enum ecs_smdp_function function)
{
    int64_t end = ecs_clock_mono_us() + 20000000;

    ecs_arena_free(a->arena);
    a->arena = ecs_arena_new(NULL, 0);
    assert_non_null(a->arena);
    a->x = x;
    a->function = function;
    a->done = a->ended = false;
    memset(&a->result, 0xee, sizeof(a->result));
    ecs_flow_start(&a->flow, x->rig.loop, a->arena, NULL, smdp_steps, a, smdp_end);
    while (!a->ended && ecs_clock_mono_us() < end)
        assert_int_equal(ecs_loop_turn(x->rig.loop, 20000), ECS_OK);
    assert_true(a->ended && a->done);
    assert_true((unsigned)a->result.status < ECS_SMDP_STATUS_COUNT);
    assert_true(a->result.status == ECS_SMDP_OK || a->result.why);
}

RIG_HELPER void smdp_free(struct smdp_asked *a)
{
    ecs_arena_free(a->arena);
    a->arena = NULL;
}

#define assert_text(text, wanted)                                                                            \
    do {                                                                                                     \
        struct ecs_str have = (text);                                                                        \
        if (!ecs_str_eq(have, ecs_str_of(wanted)))                                                           \
            fail_msg("%.*s is not %s", ECS_FMT(have), (wanted));                                             \
    } while (0)
#define assert_status(a, wanted)                                                                             \
    do {                                                                                                     \
        if ((a)->result.status != (wanted))                                                                  \
            fail_msg("%s (%s) is not %s", ecs_smdp_status_names[(a)->result.status],                         \
                     (a)->result.why ? (a)->result.why : "", ecs_smdp_status_names[wanted]);                 \
    } while (0)
