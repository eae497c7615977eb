/* SPDX-License-Identifier: Apache-2.0 */
/* The begin of an EAP exchange: limits, then the ladder of providers until one has made a challenge
 * (TS.43 2.8.1). */
#include "auth_eap.h"

#include <string.h>

#include "ecs/buf.h"
#include "ecs/log.h"
#include "ecs/ts43.h"

static enum ecs_next prepare(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct ecs_buf saved = {0};
    struct eap_work *w;
    bool good;

    if (!auth->source_counted && !ecs_limiter_take(auth->env->source_limiter, auth->source_hash,
                                                   ecs_loop_now_us(f->loop), &auth->retry_after_s))
        return ecs_flow_fail(f, ECS_E_RATE_LIMIT, "too many EAP exchanges from one source address");
    if (auth->may_begin && !auth->may_begin(auth->may_begin_arg))
        return ecs_flow_fail(f, ECS_E_OVERLOAD, "there is no room for new EAP exchanges");
    if (!eap_work_start(f))
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the EAP exchange");
    w = eap_work_of(auth);
    good = ecs_random(auth->env->crypto, w->exchange.rand, sizeof(w->exchange.rand)) &&
           ecs_random(auth->env->crypto, &w->exchange.identifier, 1);
    ecs_ts43_request_save(auth->request, &saved);
    w->exchange.saved = (struct ecs_str){ecs_memdup(f->arena, saved.p, saved.n), saved.n};
    good = good && !saved.overflow && w->exchange.saved.p;
    ecs_buf_done(&saved);
    if (!good)
        return ecs_flow_fail(f, ECS_E_INTERNAL, "the EAP exchange could not be prepared");
    auth_time_start(auth, f);
    auth_climb_start(&w->climb, auth);
    return ECS_NEXT;
}

static bool make_cookie(struct ecs_flow *f, struct ecs_auth *auth, enum ecs_rung_kind kind)
{
    static const char letters[] = {
        [ECS_RUNG_LOCAL] = 0, [ECS_RUNG_RELAY] = AUTH_COOKIE_RELAY, [ECS_RUNG_HSS] = AUTH_COOKIE_HSS};
    uint8_t cookie[AUTH_COOKIE_BYTES];
    char text[1 + AUTH_COOKIE_LEN + 1];
    const char *from = kind == ECS_RUNG_LOCAL ? text + 1 : text;

    if (!ecs_random(auth->env->crypto, cookie, sizeof(cookie)))
        return false;
    text[0] = letters[kind];
    ecs_base32_encode(cookie, sizeof(cookie), text + 1);
    auth->cookie = (struct ecs_str){ecs_strdup(f->arena, ecs_str_of(from)), strlen(from)};
    return auth->cookie.p && eap_hash_cookie(auth, auth->cookie);
}

static enum ecs_next ask_provider(struct ecs_flow *f);

static enum ecs_next climb(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct auth_climb *c = &eap_work_of(auth)->climb;

    if (!auth_climb_next(c, auth, ecs_loop_now_us(f->loop)))
        return auth_climb_fail(f, c, auth);
    if (c->kind == ECS_RUNG_LOCAL || c->counted)
        return ecs_flow_goto(f, ask_provider);
    if (!auth_attempt_subject(auth, auth->request->param[ECS_P_EAP_ID], c->subject))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "digest");
    c->counted = true;
    return ecs_store_relay_admit(f, auth->env->store, c->subject, &c->granted);
}

static enum ecs_next too_many(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;

    auth->retry_after_s = (uint32_t)(auth->env->conf->attempts_window_s / 4 + 1);
    return ecs_flow_fail(f, ECS_E_RATE_LIMIT, "too many EAP exchanges of this subscriber");
}

static enum ecs_next ask_provider(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct eap_work *w = eap_work_of(auth);
    enum ecs_rung_kind kind = w->climb.kind;

    if (kind != ECS_RUNG_LOCAL && !w->climb.granted)
        return too_many(f);
    if (!make_cookie(f, auth, kind))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "the EAP exchange could not be prepared");
    if (kind == ECS_RUNG_RELAY)
        return auth_climb_relay(f, &w->climb, auth, w->exchange.identifier);
    w->vectors = kind == ECS_RUNG_HSS ? &ecs_vectors_hss : auth->env->vectors;
    w->exchange.provider = w->climb.rung ? ecs_str_of(w->climb.rung->name) : ECS_STR("local");
    w->exchange.shares = w->climb.left + 1;
    w->exchange.answer = NULL;
    return w->vectors->begin(f, &w->exchange);
}

/* To the next rung; that no rung knows the subscriber ends it as a wrong answer of the card would (E-026). */
static enum ecs_next climb_on(struct ecs_flow *f, struct eap_work *w, const char *why)
{
    w->climb.failed = true;
    w->climb.why = why;
    return ecs_flow_goto(f, climb);
}

static enum ecs_next take_vector(struct ecs_flow *f, struct eap_work *w)
{
    enum ecs_rc rc = w->vectors->take(f, &w->exchange);

    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "the vector provider's answer cannot be used");
    switch (w->exchange.outcome) {
    case ECS_EXCHANGE_OK:
        return eap_challenge(f);
    case ECS_EXCHANGE_LIMITED:
        return too_many(f);
    case ECS_EXCHANGE_UNAVAILABLE:
        return climb_on(f, w, w->exchange.why);
    default:
        /* Our own keys are those of some cards; an HSS knows its subscribers. */
        w->climb.unknown = true;
        if (w->climb.kind == ECS_RUNG_LOCAL)
            return ecs_flow_goto(f, climb);
        return ecs_flow_fail(f, ECS_E_AUTH_REJECTED, "subscriber or key not known");
    }
}

/* Nobody was challenged: the AAA takes the identity alone, and the row of "aaa" permits it. */
static enum ecs_next accept_at_once(struct ecs_flow *f, struct eap_work *w)
{
    struct ecs_auth *auth = f->self;
    const char *why;

    if (!relay_accept(&w->climb.leg, &why))
        return ecs_flow_fail(f, ECS_E_AUTH_REJECTED, "AAA: %s", why);
    auth->issued_s = auth->now;
    auth_clear_attempts(f, auth);
    return ECS_DONE;
}

static enum ecs_next take_answer(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct eap_work *w = eap_work_of(auth);
    struct auth_leg *leg = &w->climb.leg;

    if (w->climb.kind != ECS_RUNG_RELAY)
        return take_vector(f, w);
    switch (leg->end) {
    case LEG_CHALLENGE:
        return auth_climb_keep(f, &w->climb, auth, w->exchange.saved);
    case LEG_PASSED:
        return accept_at_once(f, w);
    case LEG_REFUSED:
        return ecs_flow_fail(f, ECS_E_AUTH_REJECTED, "AAA: %s", leg->why ? leg->why : "refused");
    case LEG_NO_IDENTITY:
        return ecs_flow_fail(f, ECS_E_AUTH_NEEDED, "EAP_ID: %s", leg->why);
    case LEG_TRANSIENT:
        break;
    }
    return climb_on(f, w, leg->why);
}

static enum ecs_next send_relayed(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;

    auth->packet = eap_work_of(auth)->climb.leg.round.eap_out;
    auth->outcome = ECS_AUTH_CHALLENGE;
    return ECS_DONE;
}

const struct ecs_step ecs_auth_eap_begin_steps[] = {
    {"check-identity", auth_check_identity, 0},
    {"prepare", prepare, 0},
    {"climb", climb, EAP_LIMIT_MS},
    {"ask-provider", ask_provider, EAP_LIMIT_MS},
    {"take-answer", take_answer, EAP_LIMIT_MS},
    {"send-relayed", send_relayed, 0},
    {0},
};
