/* SPDX-License-Identifier: Apache-2.0 */
/* Providers on a Diameter node with two doubles as peers: what is asked, and what the double saw. */
#pragma once

#include "../net/diameter_rig.h"
#include "adapters/aaa_int.h"

#define IDENTITY "0001010000000001@nai.epc.mnc001.mcc001.3gppnetwork.org"

DD_HELPER const uint8_t challenge[] = {1, 7, 0, 8, 23, 1, 0, 0}, success[] = {3, 7, 0, 4},
                        failure[] = {4, 7, 0, 4};
static struct ecs_str realms[] = {ECS_STR("*.3gppnetwork.org")};
static struct ecs_aaa_conf rows[] = {
    {.name = "swm", .type = ECS_AAA_SWM, .realm = "test", .limit_ms = 3000, .rat = ECS_AAA_RAT_WLAN},
    {.name = "eap", .type = ECS_AAA_DIAMETER_EAP, .realm = "test", .limit_ms = 3000},
    {.name = "hss", .type = ECS_AAA_SWX, .realm = "test", .limit_ms = 3000, .rat = ECS_AAA_RAT_WLAN},
};
static struct ecs_aaa *aaa;
static uint32_t spoken;     /* application of the peers; 0: SWm */
static struct ecs_buf more; /* AVPs of the peer's answers */

struct talk {
    struct ecs_flow flow;
    struct ecs_aaa_round round;
    struct ecs_hss_vector vector;
    struct ecs_hss_profile profile;
    enum { EAP, VECTOR, PROFILE } what;
    bool done;
};

DD_HELPER enum ecs_next ask_it(struct ecs_flow *f)
{
    struct talk *t = f->self;

    if (t->what == VECTOR)
        return ecs_hss_vector(f, aaa, &t->vector);
    return t->what == PROFILE ? ecs_hss_profile(f, aaa, &t->profile) : ecs_aaa_ask(f, aaa, &t->round);
}

DD_HELPER enum ecs_next note_it(struct ecs_flow *f)
{
    struct talk *t = f->self;

    t->done = true;
    return ECS_DONE;
}

DD_HELPER void on_end(struct ecs_flow *f)
{
    (void)f;
}

DD_HELPER void run_talk(struct talk *t)
{
    static const struct ecs_step steps[] = {{"ask", ask_it, 5000}, {"note", note_it, 0}, {0}};

    ecs_flow_start(&t->flow, loop, ecs_arena_new(NULL, 0), NULL, steps, t, on_end);
    TURN_UNTIL(t->done);
}

DD_HELPER void end_talk(struct talk *t)
{
    ecs_arena_free(t->flow.arena);
}

DD_HELPER void eap(struct talk *t, const char *provider, struct ecs_str thread)
{
    *t = (struct talk){.round = {.provider = ecs_str_of(provider),
                                 .identity = ECS_STR(IDENTITY),
                                 .eap = ECS_STR("\x02\x01\0\x06\x01x"),
                                 .thread = thread,
                                 .imei = ECS_STR("3520990017614899")}};
    run_talk(t);
}

DD_HELPER int open_aaa(void **state)
{
    struct ecs_aaa_env env = {0};
    char err[200];

    if (rig_open(state))
        return -1;
    one.application = two.application = spoken;
    set_both(NULL);
    wait_okay("one");
    wait_okay("two");
    env.loop = loop;
    env.diameter = handle;
    env.nas_identifier = "ecs";
    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++)
        rows[i].user_realms = (struct ecs_str_list){realms, 1};
    aaa = ecs_aaa_new(&env, rows, ECS_ARRAY_LEN(rows), NULL, 0, err, sizeof(err));
    ecs_buf_reset(&more);
    return aaa ? 0 : -1;
}

DD_HELPER int close_aaa(void **state)
{
    ecs_aaa_free(aaa);
    ecs_buf_done(&more);
    return rig_close(state);
}

/* The next answers of both peers. */
DD_HELPER void answer_with(uint32_t result)
{
    one.more = two.more = ecs_buf_str(&more);
    one.result = two.result = result;
}

DD_HELPER void want_text(enum ecs_diameter_avp_id id, const char *text)
{
    struct ecs_str data;

    assert_true(ecs_diameter_get(ecs_buf_str(&one.request_avps), id, &data));
    assert_true(ecs_str_eq(data, ecs_str_of(text)));
}

DD_HELPER void want_number(enum ecs_diameter_avp_id id, uint32_t number)
{
    uint32_t value;

    assert_true(ecs_diameter_get_u32(ecs_buf_str(&one.request_avps), id, &value));
    assert_int_equal(value, number);
}

DD_HELPER void want_none(enum ecs_diameter_avp_id id)
{
    struct ecs_str data;

    assert_false(ecs_diameter_get(ecs_buf_str(&one.request_avps), id, &data));
}
