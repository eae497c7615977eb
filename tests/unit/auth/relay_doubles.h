/* SPDX-License-Identifier: Apache-2.0 */
/* Doubles at link time of AAA and HSS, and an authentication centre that knows nobody. For one test program
 * each. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "auth/auth_relay.h"
#include "ecs/buf.h"
#include "ecs/vectors.h"

#define IMSI "001010000000001"
#define NAI  "0" IMSI "@nai.epc.mnc001.mcc001.3gppnetwork.org"

/* ---- the AAA ---- */

static struct {
    struct ecs_aaa_round script[12]; /* only what comes out counts */
    size_t n, at;
    struct ecs_buf seen[12]; /* EAP packets that came */
    struct ecs_str thread[12];
    unsigned ended, failed_asks;
    bool up[2];      /* of "one" and "two" */
    bool foreign[2]; /* is not asked about these identities */
    char last_provider[8];
} aaa;

static struct ecs_hss_vector hss;
static unsigned hss_asked;
static bool hss_resync, hss_prime;

bool ecs_aaa_type(const struct ecs_aaa *a, struct ecs_str provider, enum ecs_aaa_type *ret_type)
{
    (void)a;
    *ret_type = ecs_str_eq(provider, ECS_STR("hss")) ? ECS_AAA_SWX : ECS_AAA_SWM;
    return true;
}

bool ecs_aaa_is_up(const struct ecs_aaa *a, struct ecs_str provider)
{
    (void)a;
    return aaa.up[ecs_str_eq(provider, ECS_STR("two"))];
}

bool ecs_aaa_serves(const struct ecs_aaa *a, struct ecs_str provider, struct ecs_str identity)
{
    (void)a;
    assert_true(identity.n > 0);
    return !aaa.foreign[ecs_str_eq(provider, ECS_STR("two"))];
}

enum ecs_next ecs_aaa_ask(struct ecs_flow *f, struct ecs_aaa *a, struct ecs_aaa_round *round)
{
    const struct ecs_aaa_round *to = &aaa.script[aaa.at];

    (void)f, (void)a;
    assert_true(round->limit_ms > 0 && round->limit_ms <= 18000);
    assert_true(aaa.at < aaa.n);
    ecs_buf_reset(&aaa.seen[aaa.at]);
    ecs_buf_add_str(&aaa.seen[aaa.at], round->eap);
    aaa.thread[aaa.at++] = round->thread;
    memcpy(aaa.last_provider, round->provider.p, round->provider.n + 1);
    round->verdict = to->verdict;
    round->code = to->code;
    round->experimental = to->experimental;
    round->eap_out = to->eap_out;
    round->thread_out = to->thread_out;
    round->imsi = to->imsi;
    round->kept = to->kept;
    return ECS_NEXT;
}

void ecs_aaa_end(struct ecs_aaa *a, struct ecs_str provider, struct ecs_str identity, struct ecs_str thread)
{
    (void)a, (void)provider, (void)thread;
    assert_true(ecs_str_eq(identity, ECS_STR(NAI)));
    aaa.ended++;
}

enum ecs_next ecs_hss_vector(struct ecs_flow *f, struct ecs_aaa *a, struct ecs_hss_vector *ask)
{
    struct ecs_hss_vector answer = hss;

    (void)f, (void)a;
    assert_true(ecs_str_eq(ask->imsi, ECS_STR(IMSI)));
    hss_resync = ask->resync_rand != NULL;
    hss_prime = ask->prime;
    hss_asked++;
    answer.provider = ask->provider;
    answer.imsi = ask->imsi;
    *ask = answer;
    return ECS_NEXT;
}

/* ---- keys of our own: none ---- */

static unsigned local_asked;

static enum ecs_next local_begin(struct ecs_flow *f, struct ecs_exchange *x)
{
    (void)f;
    local_asked++;
    x->outcome = ECS_EXCHANGE_UNKNOWN;
    return ECS_NEXT;
}

static enum ecs_next local_resume(struct ecs_flow *f, struct ecs_exchange *x)
{
    (void)f;
    x->outcome = ECS_EXCHANGE_LOST;
    return ECS_NEXT;
}

static enum ecs_rc local_take(struct ecs_flow *f, struct ecs_exchange *x)
{
    (void)f, (void)x;
    return ECS_OK;
}

static const struct ecs_vector_ops nobody = {
    .name = "none", .begin = local_begin, .resume = local_resume, .take = local_take};

/* The script's next answer. */
__attribute__((unused)) static struct ecs_aaa_round *say(enum ecs_aaa_verdict verdict, struct ecs_str eap)
{
    struct ecs_aaa_round *round = &aaa.script[aaa.n++];

    *round = (struct ecs_aaa_round){.verdict = verdict, .eap_out = eap, .thread_out = ECS_STR("thread")};
    return round;
}
