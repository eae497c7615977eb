/* SPDX-License-Identifier: Apache-2.0 */
/* One leg of a relayed conversation: questions to the AAA until there is a challenge for the phone or a
 * result. Identity and notification rounds are between the AAA and us (TS.43 2.8.1; aaa.md 2.4). */
#include "auth_relay.h"

#include <string.h>

#include "ecs/log.h"
#include "ecs/ts43.h"

enum { ASK_LIMIT_MS = 25000, END_LIMIT_MS = 2000, LEAST_MS = 50 };

/* ---- time ---- */

void auth_time_start(struct ecs_auth *auth, const struct ecs_flow *f)
{
    auth->deadline_us = ecs_loop_now_us(f->loop) + auth->env->conf->aaa_limit_ms * 1000;
}

int64_t auth_deadline(const struct ecs_auth *auth, const struct ecs_flow *f, unsigned shares)
{
    int64_t now = ecs_loop_now_us(f->loop);

    return now + (auth->deadline_us - now) / (shares ? shares : 1);
}

uint32_t auth_time_left(int64_t deadline_us, const struct ecs_flow *f)
{
    int64_t ms = (deadline_us - ecs_loop_now_us(f->loop)) / 1000;

    return ms < LEAST_MS ? 0 : (uint32_t)ms;
}

void auth_park(struct ecs_auth *auth, bool parked)
{
    auth->waited = true;
    if (auth->parked)
        auth->parked(auth->parked_arg, parked);
}

/* ---- Table 7 ---- */

enum ecs_next auth_unavailable(struct ecs_flow *f, const struct ecs_auth *auth, const char *why)
{
    bool other = !auth->request->param[ECS_P_TOKEN].n && ecs_auth_has_alternative(auth);

    return ecs_flow_fail(f, other ? ECS_E_AUTH_NEEDED : ECS_E_BACKEND, "%s",
                         why ? why : "no provider of authentication can be asked");
}

/* ---- the leg ---- */

static enum ecs_next end_leg(struct auth_leg *leg, enum leg_end end, const char *why)
{
    leg->end = end;
    leg->why = why;
    return ECS_DONE;
}

static enum ecs_next ask(struct ecs_flow *f)
{
    struct auth_leg *leg = f->self;
    const struct ecs_auth_env *env = leg->auth->env;
    struct ecs_rung *rung = ecs_ladder_find(env->ladder, leg->round.provider);
    uint32_t left = auth_time_left(leg->deadline_us, f);

    leg->round.limit_ms = left;
    if (!left)
        return end_leg(leg, LEG_TRANSIENT, "auth.aaa_limit is over");
    auth_park(leg->auth, true);
    leg->call = ecs_rung_begin(env->ladder, rung, f->arena, f->loop);
    return ecs_aaa_ask(f, env->aaa, &leg->round);
}

static enum ecs_next take(struct ecs_flow *f);

/* Answers of ours to requests that are none of the phone's business. */
static enum ecs_next go_on(struct ecs_flow *f, struct auth_leg *leg)
{
    struct ecs_aaa_round *r = &leg->round;
    const struct ecs_aaa_round next = {.provider = r->provider,
                                       .identity = r->identity,
                                       .eap = {(const char *)leg->talk.answer, leg->talk.answer_n},
                                       .thread = r->thread_out.p ? r->thread_out : r->thread,
                                       .imei = r->imei};

    *r = next;
    return ecs_flow_goto(f, ask);
}

static enum ecs_next take_request(struct ecs_flow *f, struct auth_leg *leg)
{
    struct ecs_aaa_round *r = &leg->round;

    if (r->thread_out.n > ECS_RELAY_THREAD_MAX)
        return end_leg(leg, LEG_TRANSIENT, "the AAA's state is too long to be kept");
    switch (relay_judge(&leg->talk, r->eap_out)) {
    case RELAY_TO_PHONE:
        return end_leg(leg, LEG_CHALLENGE, NULL);
    case RELAY_ANSWER:
        return go_on(f, leg);
    case RELAY_NO_IDENTITY:
        return end_leg(leg, LEG_NO_IDENTITY, leg->talk.why);
    case RELAY_BROKEN:
        break;
    }
    return end_leg(leg, LEG_TRANSIENT, leg->talk.why);
}

static enum ecs_next take(struct ecs_flow *f)
{
    struct auth_leg *leg = f->self;
    struct ecs_aaa_round *r = &leg->round;

    auth_park(leg->auth, false);
    switch (r->verdict) {
    case ECS_AAA_MORE:
    case ECS_AAA_REPEAT:
        ecs_rung_end(leg->call, ECS_RUNG_ANSWERED, r->code);
        return take_request(f, leg);
    case ECS_AAA_ACCEPTED:
        ecs_rung_end(leg->call, ECS_RUNG_ANSWERED, r->code);
        /* Whether an identity alone may do, the provider's settings have decided; behind identity rounds it
         * never may. */
        if (leg->begins && leg->talk.rounds)
            return end_leg(leg, LEG_TRANSIENT, "the AAA accepts a phone that it has not challenged");
        return end_leg(leg, LEG_PASSED, NULL);
    case ECS_AAA_REJECTED:
        ecs_rung_end(leg->call, ECS_RUNG_REFUSED, r->code);
        return end_leg(leg, LEG_REFUSED, r->why);
    case ECS_AAA_TRANSIENT:
    case ECS_AAA_VERDICT_COUNT:
        break;
    }
    ecs_rung_end(leg->call, r->code ? ECS_RUNG_TRANSIENT : ECS_RUNG_SILENT, r->code);
    return end_leg(leg, LEG_TRANSIENT, r->why ? r->why : "the AAA cannot tell now");
}

const struct ecs_step auth_leg_steps[] = {
    {"ask-aaa", ask, ASK_LIMIT_MS},
    {"take-aaa", take, 0},
    {0},
};

/* ---- success ---- */

static bool is_ours(const struct ecs_auth_env *env, const struct ecs_imsi *imsi)
{
    for (size_t i = 0; i < env->plmn_n; i++)
        if (ecs_plmn_matches(&env->plmns[i], imsi))
            return true;
    return false;
}

bool relay_subscriber(const struct ecs_auth_env *env, struct ecs_str eap_id, struct ecs_str named,
                      struct ecs_imsi *ret_imsi, const char **ret_why)
{
    struct ecs_eap_id id;
    struct ecs_imsi imsi;
    bool permanent = ecs_eap_id_parse(eap_id, &id) == ECS_EAP_ID_PERMANENT;

    *ret_why = "the AAA does not say whom the identity belongs to";
    if (!named.n && !permanent)
        return false;
    *ret_why = "the AAA names an IMSI that is none";
    if (named.n && !ecs_imsi_parse(named, &imsi))
        return false;
    *ret_why = "the AAA accepts another IMSI than the one in EAP_ID";
    if (named.n && permanent && strcmp(imsi.s, id.imsi.s) != 0)
        return false;
    *ret_imsi = permanent ? id.imsi : imsi;
    *ret_why = "the AAA accepts an IMSI of a network that is not served here";
    return is_ours(env, ret_imsi);
}

bool relay_accept(struct auth_leg *leg, const char **ret_why)
{
    struct ecs_auth *auth = leg->auth;
    const struct ecs_aaa_round *r = &leg->round;
    struct ecs_str thread = r->thread_out.p ? r->thread_out : r->thread;
    bool good = relay_subscriber(auth->env, r->identity, r->imsi, &auth->imsi, ret_why);
    struct ecs_eap_id id;

    /* Only now is it known whose card it is: that of a brand with a ladder of its own is proven there. */
    if (good && ecs_eap_id_parse(r->identity, &id) != ECS_EAP_ID_PERMANENT &&
        !auth_climb_may_prove(auth, r->provider)) {
        *ret_why = "the AAA accepts a card of a brand that others prove";
        good = false;
    }
    if (r->kept)
        ecs_aaa_end(auth->env->aaa, r->provider, r->identity, thread);
    if (!good)
        return false;
    ecs_rung_passed(ecs_ladder_find(auth->env->ladder, r->provider));
    auth->provider = r->provider;
    auth->msisdn = r->msisdn;
    auth->aaa_class = r->class;
    auth->aaa_session_s = r->session_s;
    auth->outcome = ECS_AUTH_PASSED;
    return true;
}

/* ---- attempts ---- */

bool auth_attempt_subject(const struct ecs_auth *auth, struct ecs_str eap_id,
                          uint8_t subject[ECS_RELAY_DIGEST])
{
    struct ecs_eap_id id;
    bool permanent = ecs_eap_id_parse(eap_id, &id) == ECS_EAP_ID_PERMANENT;
    struct ecs_str parts[] = {ECS_STR("auth-attempt"), permanent ? ecs_str_of(id.imsi.s) : eap_id};

    return ecs_digest(auth->env->crypto, ECS_DIGEST_SHA256, parts, 2, subject);
}

/* A flow of its own: the phone does not wait for it. */
struct clearing {
    struct ecs_flow flow;
    struct ecs_store *store;
    uint8_t subject[ECS_RELAY_DIGEST], handle[32];
};

static enum ecs_next clear(struct ecs_flow *f)
{
    struct clearing *c = f->self;

    return ecs_store_relay_passed(f, c->store, c->subject,
                                  (struct ecs_str){(const char *)c->handle, sizeof(c->handle)});
}

static enum ecs_next end(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

static const struct ecs_step clear_steps[] = {
    {"clear-attempts", clear, END_LIMIT_MS},
    {"end", end, 0},
    {0},
};

static void cleared(struct ecs_flow *f)
{
    ecs_arena_free(f->arena);
}

void auth_clear_attempts(struct ecs_flow *f, const struct ecs_auth *auth)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct clearing *c = arena ? ecs_alloc(arena, sizeof(*c)) : NULL;

    if (!c || !auth_attempt_subject(auth, auth->request->param[ECS_P_EAP_ID], c->subject)) {
        ecs_arena_free(arena);
        return; /* the count runs out by itself */
    }
    c->store = auth->env->store;
    memcpy(c->handle, auth->handle, sizeof(c->handle));
    ecs_flow_start(&c->flow, f->loop, arena, NULL, clear_steps, c, cleared);
}
