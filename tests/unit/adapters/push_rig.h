/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of the push channels: sections from text, sends as flows. Include behind cmocka.h. */
#pragma once

#include "../http_double.h"
#include "ecs/conf.h"
#include "ecs/push_conf.h"

static const struct ecs_section push_sections[] = {
    {"fcm", ecs_fcm_settings, sizeof(struct ecs_fcm_conf), .check = ecs_fcm_check, .is_optional = true,
     .help = "FCM."},
    {"apns", ecs_apns_settings, sizeof(struct ecs_apns_conf), .check = ecs_apns_check, .is_optional = true,
     .help = "APNs."},
    {"wns", ecs_wns_settings, sizeof(struct ecs_wns_conf), .check = ecs_wns_check, .is_optional = true,
     .help = "WNS."},
    {"sms", ecs_sms_settings, sizeof(struct ecs_sms_conf), .check = ecs_sms_check, .is_optional = true,
     .help = "SMS."},
    {0},
};

struct push_rig {
    struct rig rig;
    struct ecs_arena *arena;
    struct ecs_conf *conf;
    struct ecs_push *push;
    struct ecs_neighbour_stats stats[ECS_PUSH_SMS + 1];
};

/* The sections of a configuration text; all faults end the test. */
RIG_HELPER struct ecs_conf *push_conf_parse(const char *yaml, struct ecs_arena *arena)
{
    struct ecs_faults faults;
    struct ecs_conf *conf;

    ecs_faults_init(&faults, arena);
    conf = ecs_conf_parse("test", ecs_str_of(yaml), push_sections, &faults);
    if (!conf)
        fail_msg("%s", faults.first->text);
    return conf;
}

RIG_HELPER void push_open(struct push_rig *x, const char *yaml)
{
    const char *error = NULL;
    struct ecs_push_conf conf = {0};

    for (unsigned channel = 0; channel <= ECS_PUSH_SMS; channel++)
        conf.stats[channel] = &x->stats[channel];
    memset(x, 0, sizeof(*x));
    signal(SIGPIPE, SIG_IGN);
    rig_open(&x->rig);
    x->arena = ecs_arena_new(NULL, 0);
    x->conf = push_conf_parse(yaml, x->arena);
    conf.fcm = ecs_conf_get(x->conf, "fcm");
    conf.apns = ecs_conf_get(x->conf, "apns");
    conf.wns = ecs_conf_get(x->conf, "wns");
    conf.sms = ecs_conf_get(x->conf, "sms");
    x->push = ecs_push_new(x->rig.pool, x->rig.loop, &conf, x->arena, &error);
    if (!x->push)
        fail_msg("%s", error);
    ecs_conf_unref(x->conf); /* nothing of the snapshot may be needed from here on */
}

RIG_HELPER void push_close(struct push_rig *x)
{
    ecs_push_free(x->push);
    rig_turns(&x->rig, 20);
    rig_close(&x->rig);
    ecs_arena_free(x->arena);
}

struct sent {
    struct ecs_flow flow;
    struct ecs_arena *arena;
    struct ecs_push *push;
    struct ecs_push_message message;
    struct ecs_sms_text text; /* sent instead when it has a text */
    struct ecs_send_result result;
    int64_t now;
    bool done, ended;
};

RIG_HELPER enum ecs_next sent_send(struct ecs_flow *f)
{
    struct sent *s = f->self;

    if (s->text.text.n)
        return ecs_push_text(f, s->push, &s->text, &s->result);
    return ecs_push_send(f, s->push, &s->message, s->now, &s->result);
}

RIG_HELPER enum ecs_next sent_note(struct ecs_flow *f)
{
    struct sent *s = f->self;

    s->done = f->rc == ECS_OK;
    return ECS_DONE;
}

RIG_HELPER void sent_end(struct ecs_flow *f)
{
    struct sent *s = f->self;

    s->ended = true;
}

__attribute__((unused)) static const struct ecs_step sent_steps[] = {
    {"send", sent_send, 90000}, {"note", sent_note, 0}, {0}};

RIG_HELPER void sent_start(struct push_rig *x, struct sent *s)
{
    s->push = x->push;
    s->arena = ecs_arena_new(NULL, 0);
    if (!s->now)
        s->now = 1764000000;
    if (!s->message.apps.p)
        s->message.apps = ECS_STR("ap2003,ap2004");
    if (!s->message.timestamp.p)
        s->message.timestamp = ECS_STR("2026-03-04T09:15:00+01:00");
    s->done = s->ended = false;
    memset(&s->result, 0xee, sizeof(s->result));
    ecs_flow_start(&s->flow, x->rig.loop, s->arena, NULL, sent_steps, s, sent_end);
}

RIG_HELPER void sent_wait(struct push_rig *x, struct sent *s)
{
    int64_t end = ecs_clock_mono_us() + 20000000;

    while (!s->ended && ecs_clock_mono_us() < end)
        assert_int_equal(ecs_loop_turn(x->rig.loop, 20000), ECS_OK);
    assert_true(s->ended);
    assert_true(s->done); /* a send never fails the flow */
}

/* Sends, waits and forgets; the result without what lived in the arena but with its reason copied. */
RIG_HELPER struct ecs_send_result sent_do(struct push_rig *x, struct sent *s)
{
    static char reason[200];
    struct ecs_send_result result;

    sent_start(x, s);
    sent_wait(x, s);
    result = s->result;
    snprintf(reason, sizeof(reason), "%s", result.reason ? result.reason : "(none)");
    result.reason = reason;
    ecs_arena_free(s->arena);
    s->arena = NULL;
    return result;
}

RIG_HELPER struct ecs_send_result push_to(struct push_rig *x, enum ecs_push_channel channel,
                                          const char *token)
{
    struct sent s = {
        .message = {
            .channel = channel, .token = ecs_str_of(token), .device = ECS_STR("device-1"), .ttl_s = 3600}};

    return sent_do(x, &s);
}
