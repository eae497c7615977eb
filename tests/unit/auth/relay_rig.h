/* SPDX-License-Identifier: Apache-2.0 */
/* EAP methods run against doubles: a request in, an outcome out. For one test program each. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "auth/auth_relay.h"
#include "ecs/identity.h"
#include "ecs/keyring.h"
#include "ecs/loop.h"
#include "ecs/ts43.h"
#include "ecs/vectors.h"
#include "relay_doubles.h"
#include "relay_store.h"

static struct {
    struct ecs_loop *loop;
    struct ecs_crypto *crypto;
    struct ecs_sealer *sealer;
    struct ecs_plmn plmn;
    struct ecs_auth_conf conf;
    struct ecs_identity_conf identity;
    struct ecs_auth_env env;
    struct ecs_limiter *limiter;
    struct ecs_rung_stats stats[4];
    size_t stats_n;
    struct ecs_str ladder[4];
    struct ecs_str_list list;
} rig;

static struct ecs_rung_stats *stats_of(void *owner, const char *name)
{
    (void)owner, (void)name;
    return &rig.stats[rig.stats_n++];
}

/* A ladder of those names, a fresh script. */
static void begin_with(const char *first, const char *second)
{
    struct ecs_ladder_conf conf = {.usual = &rig.list, .aaa = (struct ecs_aaa *)&rig, .stats_of = stats_of};
    const char *error;

    for (size_t i = 0; i < ECS_ARRAY_LEN(aaa.seen); i++)
        ecs_buf_done(&aaa.seen[i]);
    memset(&aaa, 0, sizeof(aaa));
    memset(&row, 0, sizeof(row));
    memset(rig.stats, 0, sizeof(rig.stats));
    aaa.up[0] = aaa.up[1] = row.granted = true;
    hss_asked = local_asked = cleared = 0;
    rig.stats_n = 0;
    rig.ladder[0] = ecs_str_of(first);
    rig.ladder[1] = second ? ecs_str_of(second) : ECS_STR_NULL;
    rig.list = (struct ecs_str_list){rig.ladder, second ? 2 : 1};
    ecs_ladder_free(rig.env.ladder);
    rig.env.ladder = ecs_ladder_new(&conf, &error);
    assert_non_null(rig.env.ladder);
}

static int set_up(void **state)
{
    static const struct ecs_keyring ring = {.count = 1, .keys = {{1, {7}}}};

    (void)state;
    rig.loop = ecs_loop_new();
    rig.crypto = ecs_crypto_new();
    rig.sealer = ecs_sealer_new(rig.crypto, &ring, ECS_STR("hss-vector"));
    rig.limiter = ecs_limiter_new(0, 1, 16);
    if (!rig.loop || !rig.crypto || !rig.sealer || !rig.limiter || ecs_loop_turn(rig.loop, 0) != ECS_OK ||
        !ecs_plmn_parse(ECS_STR("00101"), &rig.plmn))
        return -1;
    static struct ecs_str realms[] = {{"nai.epc", 7}};
    rig.conf.realms = (struct ecs_str_list){realms, 1};
    rig.conf.aaa_limit_ms = 18000;
    rig.conf.attempts_window_s = 300;
    rig.identity.network = "WLAN";
    rig.env = (struct ecs_auth_env){.conf = &rig.conf,
                                    .plmns = &rig.plmn,
                                    .plmn_n = 1,
                                    .crypto = rig.crypto,
                                    .source_limiter = rig.limiter,
                                    .vectors = &nobody,
                                    .identity = &rig.identity,
                                    .vector_sealer = rig.sealer,
                                    .aaa = (struct ecs_aaa *)&rig};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < ECS_ARRAY_LEN(aaa.seen); i++)
        ecs_buf_done(&aaa.seen[i]);
    ecs_ladder_free(rig.env.ladder);
    ecs_limiter_free(rig.limiter);
    ecs_sealer_free(rig.sealer);
    ecs_crypto_free(rig.crypto);
    ecs_loop_free(rig.loop);
    return 0;
}

struct run {
    struct ecs_flow flow;
    struct ecs_auth auth;
    struct ecs_ts43_request request;
    struct ecs_str cookie;
    char cookie_text[64];
    enum ecs_rc rc;
    bool ended;
};

static enum ecs_next authenticate(struct ecs_flow *f)
{
    struct run *run = f->self;

    return ecs_flow_call(f, ecs_auth_steps(run->auth.method), &run->auth);
}

static enum ecs_next last(struct ecs_flow *f)
{
    struct run *run = f->self;

    run->rc = f->rc;
    return ECS_DONE;
}

static const struct ecs_step run_steps[] = {{"authenticate", authenticate, 0}, {"last", last, 0}, {0}};

static void run_end(struct ecs_flow *f)
{
    struct run *run = f->self;

    run->ended = true;
}

static void run_it(struct run *run, struct ecs_arena *arena)
{
    run->auth.env = &rig.env;
    run->auth.request = &run->request;
    run->auth.now = 2000;
    assert_int_equal(ecs_auth_select(&run->auth), ECS_OK);
    ecs_flow_start(&run->flow, rig.loop, arena, NULL, run_steps, run, run_end);
    assert_true(run->ended);
}

static struct run *first(struct ecs_arena *arena, const char *identity, const char *token)
{
    struct run *run = ecs_alloc(arena, sizeof(*run));

    run->request.kind = ECS_TS43_NEW;
    run->request.notif_action = -1;
    run->request.param[ECS_P_EAP_ID] = ecs_str_of(identity);
    if (token)
        run->request.param[ECS_P_TOKEN] = ecs_str_of(token);
    run_it(run, arena);
    return run;
}

static struct run *answer(struct ecs_arena *arena, const struct run *begun, const void *packet, size_t n)
{
    struct run *run = ecs_alloc(arena, sizeof(*run));
    char *text = ecs_alloc(arena, ECS_BASE64_LEN(n) + 1);

    run->request.kind = ECS_TS43_CONTINUATION;
    run->request.eap_packet = (struct ecs_str){text, ecs_base64_encode(packet, n, text)};
    run->cookie = begun->auth.cookie;
    run->auth.cookies = &run->cookie;
    run->auth.cookie_n = 1;
    run_it(run, arena);
    return run;
}

__attribute__((unused)) static struct ecs_str challenge(uint8_t identifier)
{
    static uint8_t packets[16][200];
    static const uint8_t zeros[32];
    uint8_t *packet = packets[identifier % 16];

    return (struct ecs_str){(const char *)packet, ecs_eap_make_challenge(rig.crypto, identifier, zeros, zeros,
                                                                         zeros, 0, packet, 200)};
}

/* An answer of a phone that is well-formed; only the AAA could tell whether it is right. */
__attribute__((unused)) static size_t solve(uint8_t identifier, uint8_t out[200])
{
    static const uint8_t zeros[32];

    return ecs_eap_make_challenge_answer(rig.crypto, ECS_EAP_TYPE_AKA, identifier,
                                         (struct ecs_str){"12345678", 8}, zeros, out, 200);
}

#define new_arena() ecs_arena_new(NULL, 0)
