/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to Diameter peers as flows of their own. */
#pragma once

#include "diameter_double.h"

static struct ecs_loop *loop;
static struct ecs_mailbox *mailbox;
static struct ecs_diameter_node *node;
static struct ecs_diameter *handle;
static struct dd one, two;
static struct ecs_neighbour_stats stats_one, stats_two, stats_node;
static struct ecs_diameter_hooks hooks;
static uint32_t asked_application = ECS_DIAMETER_APP_SWM;

struct asked {
    struct ecs_flow flow;
    struct ecs_arena *arena;
    struct ecs_buf avps;
    struct ecs_diameter_ask ask;
    struct ecs_diameter_answer answer;
    bool done;
};

#define TURN_UNTIL(condition)                                                                                \
    do {                                                                                                     \
        int64_t end_ = ecs_clock_mono_us() + 8000000;                                                        \
        while (!(condition)) {                                                                               \
            if (ecs_clock_mono_us() > end_)                                                                  \
                fail_msg("never became true: %s", #condition);                                               \
            assert_int_equal(ecs_loop_turn(loop, 2000), ECS_OK);                                             \
        }                                                                                                    \
    } while (0)

DD_HELPER void turn_for(int ms)
{
    int64_t end = ecs_clock_mono_us() + (int64_t)ms * 1000;

    while (ecs_clock_mono_us() < end)
        assert_int_equal(ecs_loop_turn(loop, 2000), ECS_OK);
}

DD_HELPER enum ecs_next asked_ask(struct ecs_flow *f)
{
    struct asked *a = f->self;

    return ecs_diameter_ask(f, handle, &a->ask, &a->answer);
}

DD_HELPER enum ecs_next asked_note(struct ecs_flow *f)
{
    struct asked *a = f->self;

    a->done = true;
    return ECS_DONE;
}

DD_HELPER void asked_end(struct ecs_flow *f)
{
    (void)f;
}

DD_HELPER void ask_prepare(struct asked *a, const char *realm, const char *host)
{
    *a = (struct asked){.arena = ecs_arena_new(NULL, 0)};
    ecs_diameter_put(&a->avps, ECS_AVP_SESSION_ID, ecs_str_of(ecs_diameter_session_id(handle, a->arena)));
    ecs_diameter_put_u32(&a->avps, ECS_AVP_AUTH_APPLICATION_ID, asked_application);
    ecs_diameter_put(&a->avps, ECS_AVP_ORIGIN_HOST, ecs_str_of(ecs_diameter_host(handle)));
    ecs_diameter_put(&a->avps, ECS_AVP_ORIGIN_REALM, ecs_str_of(ecs_diameter_realm(handle)));
    if (realm)
        ecs_diameter_put(&a->avps, ECS_AVP_DESTINATION_REALM, ecs_str_of(realm));
    if (host)
        ecs_diameter_put(&a->avps, ECS_AVP_DESTINATION_HOST, ecs_str_of(host));
    ecs_diameter_put_u32(&a->avps, ECS_AVP_AUTH_REQUEST_TYPE, 3);
    ecs_diameter_put(&a->avps, ECS_AVP_EAP_PAYLOAD, ECS_STR("\x02\x01\0\x05\x01"));
    a->ask.message =
        (struct ecs_diameter_message){.command = ECS_DIAMETER_EAP, .application = asked_application};
    a->ask.limit_ms = 4000;
}

DD_HELPER void ask_start(struct asked *a)
{
    static const struct ecs_step steps[] = {{"ask", asked_ask, 30000}, {"note", asked_note, 0}, {0}};

    a->ask.message.avps = ecs_buf_str(&a->avps);
    ecs_flow_start(&a->flow, loop, a->arena, NULL, steps, a, asked_end);
}

DD_HELPER void ask_free(struct asked *a)
{
    ecs_arena_free(a->arena);
    ecs_buf_done(&a->avps);
}

/* Whole: the answer is left in a, whose memory the caller frees. */
DD_HELPER void ask_realm(struct asked *a, const char *realm)
{
    ask_prepare(a, realm, NULL);
    ask_start(a);
    TURN_UNTIL(a->done);
}

/* One request to realm "test": its result, and who answered. */
DD_HELPER enum ecs_rc ask_once(const char *peer)
{
    struct asked a;
    enum ecs_rc rc;

    ask_realm(&a, "test");
    rc = a.answer.rc;
    if (peer)
        assert_string_equal(a.answer.peer, peer);
    ask_free(&a);
    return rc;
}
