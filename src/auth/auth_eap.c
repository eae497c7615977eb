/* SPDX-License-Identifier: Apache-2.0 */
/* EAP-AKA ended by ourselves (TS.43 2.8.1 with the packet shape of clients.md C-12 to C-24): the first
 * request is kept in the session row, the answer may reach any node, and every verdict but a challenge
 * becomes an HTTP status. */
#include "auth_eap.h"

#include <string.h>

#include "ecs/eap_server.h"
#include "ecs/identity.h"
#include "ecs/log.h"
#include "ecs/ts43.h"

enum { SEPARATION_BIT = 0x80 };

bool eap_work_start(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct eap_work *w = ecs_arena_secret(f->arena, sizeof(*w));

    if (!w)
        return false;
    w->exchange.auth = auth;
    auth->exchange = w;
    return true;
}

/* The cookie itself is never stored: the row is found by its digest. */
bool eap_hash_cookie(struct ecs_auth *auth, struct ecs_str cookie)
{
    struct ecs_str parts[] = {ECS_STR("eap-session"), cookie};

    return ecs_digest(auth->env->crypto, ECS_DIGEST_SHA256, parts, 2, auth->handle);
}

/* A vector of EAP-AKA' has the separation bit in its AMF and keys bound to the network (RFC 9048 3.3,
 * TS 33.102 F.2). One of an HSS is taken as it is: it says which method it is for, whatever was asked
 * (aaa.md 4). */
enum ecs_rc eap_bind_vector(struct ecs_auth *auth, struct eap_work *w)
{
    struct ecs_aka_vector *v = w->exchange.vector;
    enum ecs_rc rc;
    uint8_t rand[16];

    if (!w->exchange.key)
        auth->prime = v->prime;
    if (!auth->prime || v->prime)
        return ECS_OK;
    w->exchange.key->amf[0] |= SEPARATION_BIT;
    memcpy(rand, v->rand, sizeof(rand));
    rc = ecs_aka_vector_make(auth->env->crypto, w->exchange.key, rand, v->sqn, v);
    return rc == ECS_OK ? ecs_eap_bind_vector(auth->env->crypto, ecs_str_of(auth->env->identity->network), v)
                        : rc;
}

/* The outstanding challenge of the exchange as a packet to be sent. */
enum ecs_next eap_challenge(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct eap_work *w = eap_work_of(auth);
    enum ecs_rc rc = eap_bind_vector(auth, w);

    if (rc == ECS_OK)
        rc = ecs_eap_begin(auth->env->crypto, auth->request->param[ECS_P_EAP_ID], w->exchange.vector,
                           w->exchange.identifier, 0, &w->eap);

    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "the EAP challenge could not be made");
    auth->packet = (struct ecs_str){(const char *)w->eap.request, w->eap.request_n};
    auth->outcome = ECS_AUTH_CHALLENGE;
    return ECS_DONE;
}

/* ---- answer ---- */

static enum ecs_next decode_answer(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct ecs_eap_packet packet;
    enum ecs_eap_fault fault;
    struct eap_work *w;
    ptrdiff_t n;

    if (!eap_work_start(f))
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the EAP exchange");
    w = eap_work_of(auth);
    n = ecs_base64_decode(auth->request->eap_packet, w->packet, sizeof(w->packet));
    if (n < 0)
        return ecs_flow_fail(f, ECS_E_BAD_PACKET, "eap-relay-packet: not base64 or over %d bytes",
                             EAP_PACKET_MAX);
    w->packet_n = (size_t)n;
    fault = ecs_eap_decode(w->packet, w->packet_n, &packet);
    if (fault != ECS_EAP_FAULT_NONE)
        return ecs_flow_fail(f, ECS_E_BAD_PACKET, "eap-relay-packet: %s", ecs_eap_fault_text(fault));
    if (auth->cookie_n == 0)
        return ecs_flow_fail(f, ECS_E_SESSION_LOST, "EAP answer without a session cookie");
    return ECS_NEXT;
}

static enum ecs_next relay(struct ecs_flow *f);

static enum ecs_next ask_session(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct eap_work *w = eap_work_of(auth);

    auth->cookie = auth->cookies[w->cookie_at++];
    if (!eap_hash_cookie(auth, auth->cookie))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "digest");
    switch (auth_cookie_kind(auth->cookie)) {
    case AUTH_COOKIE_RELAY:
        return ecs_flow_goto(f, relay);
    case AUTH_COOKIE_HSS:
        w->vectors = &ecs_vectors_hss;
        break;
    case AUTH_COOKIE_LOCAL:
        w->vectors = auth->env->vectors;
        w->exchange.provider = ECS_STR("local");
        break;
    }
    w->exchange.answer = NULL;
    return w->vectors->resume(f, &w->exchange);
}

/* An AAA's exchange: all its steps are in auth_relay.c. */
static enum ecs_next relay(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct eap_work *w = eap_work_of(auth);

    w->relay = (struct relay_answer){.auth = auth, .packet = w->packet, .packet_n = w->packet_n};
    return ecs_flow_call(f, auth_relay_steps, &w->relay);
}

static enum ecs_next relayed(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct eap_work *w = eap_work_of(auth);

    if (!w->relay.lost)
        return ECS_DONE;
    if (w->cookie_at < auth->cookie_n)
        return ecs_flow_goto(f, ask_session);
    return ecs_flow_fail(f, ECS_E_SESSION_LOST, "no session for the cookie");
}

static enum ecs_next judge(struct ecs_flow *f);
static enum ecs_next end_session(struct ecs_flow *f);
static enum ecs_next reopen_session(struct ecs_flow *f);

/* What the session says replaces the request that brought the answer: only its Accept header counts (C-26).
 */
enum ecs_rc auth_adopt_request(struct ecs_flow *f, struct ecs_auth *auth, struct ecs_str saved)
{
    struct ecs_ts43_request first;
    enum ecs_rc rc = ecs_ts43_request_load(f->arena, saved, &first);

    if (rc != ECS_OK)
        return rc;
    if (auth->request->accept.n)
        first.accept = auth->request->accept;
    if (auth->request->accept_language.n)
        first.accept_language = auth->request->accept_language;
    if (auth->request->user_agent.n)
        first.user_agent = auth->request->user_agent;
    *auth->request = first;
    auth->prime = auth_identity_is_prime(first.param[ECS_P_EAP_ID]);
    return ECS_OK;
}

static enum ecs_next adopt_request(struct ecs_flow *f, struct eap_work *w)
{
    struct ecs_auth *auth = f->self;
    enum ecs_rc rc = auth_adopt_request(f, auth, w->exchange.saved);

    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "the saved request cannot be read");
    auth->imsi = w->exchange.imsi;
    auth->repeated = w->exchange.repeated;
    auth->issued_s = w->exchange.created_s;
    auth->facts = w->exchange.facts;
    if (f->log)
        ecs_imsi_mask(&auth->imsi, f->log->imsi);
    rc = eap_bind_vector(auth, w);
    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "the vector cannot be bound to the network");
    rc = ecs_eap_resume(auth->request->param[ECS_P_EAP_ID], w->exchange.vector, w->exchange.identifier,
                        w->exchange.rounds, &w->eap);
    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc == ECS_E_BAD_PARAMETER ? ECS_E_SESSION_LOST : rc,
                             "the saved exchange cannot be used");
    return judge(f);
}

static enum ecs_next take_session(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct eap_work *w = eap_work_of(auth);
    enum ecs_rc rc = w->vectors->take(f, &w->exchange);

    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "the session cannot be used");
    if (w->exchange.outcome == ECS_EXCHANGE_OK)
        return adopt_request(f, w);
    if (w->exchange.outcome == ECS_EXCHANGE_LOST && w->cookie_at < auth->cookie_n)
        return ecs_flow_goto(f, ask_session);
    if (w->exchange.outcome == ECS_EXCHANGE_LOST)
        return ecs_flow_fail(f, ECS_E_SESSION_LOST, "no session for the cookie");
    return ecs_flow_fail(f, ECS_E_AUTH_REJECTED,
                         w->exchange.outcome == ECS_EXCHANGE_REFUSED
                             ? "an earlier answer of this exchange was refused"
                             : "subscriber or key not known");
}

static enum ecs_next start_resync(struct ecs_flow *f, struct eap_work *w, const struct ecs_eap_result *result)
{
    struct ecs_auth *auth = f->self;
    enum ecs_rc rc = ECS_OK;

    /* Without the key, who has it checks the MAC-S of AUTS. */
    if (w->exchange.key)
        rc = ecs_aka_resync(auth->env->crypto, w->exchange.key, w->eap.rand, result->auts,
                            &w->exchange.sqn_ms);
    w->refusal = "AUTS with a wrong MAC-S";
    if (rc == ECS_E_AUTH_REJECTED)
        return ecs_flow_goto(f, end_session);
    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "AUTS could not be checked");
    w->refusal = "the card asks for resynchronisation again and again";
    if (w->exchange.rounds >= ECS_EAP_CHALLENGES_MAX)
        return ecs_flow_goto(f, end_session);
    memcpy(w->exchange.auts, result->auts, sizeof(w->exchange.auts));
    auth_time_start(auth, f);
    w->exchange.shares = 1;
    w->exchange.identifier++;
    if (!ecs_random(auth->env->crypto, w->exchange.rand, sizeof(w->exchange.rand)))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "no random bytes");
    return w->vectors->resync(f, &w->exchange);
}

static enum ecs_next act_on(struct ecs_flow *f, struct eap_work *w, const struct ecs_eap_result *result)
{
    struct ecs_auth *auth = f->self;

    auth->verdict = (unsigned)result->verdict + 1;
    switch (result->verdict) {
    case ECS_EAP_V_SUCCESS:
        auth->outcome = ECS_AUTH_PASSED;
        auth->provider = w->exchange.provider;
        ecs_rung_passed(ecs_ladder_find(auth->env->ladder, auth->provider));
        w->vectors->passed(f, &w->exchange);
        return ECS_DONE;
    case ECS_EAP_V_RESYNC:
        return start_resync(f, w, result);
    case ECS_EAP_V_BAD_PACKET:
        return ecs_flow_fail(f, ECS_E_BAD_PACKET, "eap-relay-packet: %s", result->reason);
    case ECS_EAP_V_WRONG_IDENTIFIER:
        return ecs_flow_goto(f, reopen_session);
    default:
        w->refusal = result->reason;
        return ecs_flow_goto(f, end_session);
    }
}

static enum ecs_next judge(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct eap_work *w = eap_work_of(auth);
    struct ecs_eap_result result;
    char nai[80];
    struct ecs_str alternative = ECS_STR_NULL;
    char digit = auth_identity_is_prime(auth->request->param[ECS_P_EAP_ID]) ? '6' : '0';
    enum ecs_next next;
    enum ecs_rc rc;

    for (size_t i = 0; i < auth->env->plmn_n && !alternative.p; i++)
        if (ecs_plmn_matches(&auth->env->plmns[i], &auth->imsi))
            alternative =
                (struct ecs_str){nai, ecs_eap_nai_make(digit, &auth->imsi, &auth->env->plmns[i], nai)};
    rc = ecs_eap_answer(auth->env->crypto, &w->eap, w->exchange.vector, &alternative, alternative.p ? 1 : 0,
                        w->packet, w->packet_n, &result);
    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "the EAP answer could not be checked");
    next = act_on(f, w, &result);
    ecs_wipe(&result, sizeof(result));
    return next;
}

static enum ecs_next send_next_challenge(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct eap_work *w = eap_work_of(auth);
    enum ecs_rc rc = w->vectors->take(f, &w->exchange);

    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "the vector provider's answer cannot be used");
    if (w->exchange.outcome == ECS_EXCHANGE_LOST)
        return ecs_flow_fail(f, ECS_E_SESSION_LOST, "the session ended during resynchronisation");
    if (w->exchange.outcome == ECS_EXCHANGE_UNAVAILABLE)
        return auth_unavailable(f, auth, w->exchange.why);
    w->refusal = "no further challenge in this exchange";
    if (w->exchange.outcome != ECS_EXCHANGE_OK)
        return ecs_flow_goto(f, end_session);
    return eap_challenge(f);
}

static enum ecs_next end_session(struct ecs_flow *f)
{
    struct eap_work *w = eap_work_of(f->self);

    return w->vectors->mark(f, &w->exchange, true);
}

static enum ecs_next refuse(struct ecs_flow *f)
{
    return ecs_flow_fail(f, ECS_E_AUTH_REJECTED, "EAP: %s", eap_work_of(f->self)->refusal);
}

/* A packet for another challenge is not processed (RFC 3748 4.1): the outstanding one is sent again. */
static enum ecs_next reopen_session(struct ecs_flow *f)
{
    struct eap_work *w = eap_work_of(f->self);

    return w->vectors->mark(f, &w->exchange, false);
}

static enum ecs_next send_again(struct ecs_flow *f)
{
    return eap_challenge(f);
}

/* take-session judges, too: next-challenge follows a resynchronisation, end-session a refusal, reopen-session
 * a packet that is for another challenge; relay is ask-session's other way. */
const struct ecs_step ecs_auth_eap_answer_steps[] = {
    {"decode-answer", decode_answer, 0},
    {"ask-session", ask_session, EAP_LIMIT_MS},
    {"take-session", take_session, EAP_LIMIT_MS},
    {"next-challenge", send_next_challenge, 0},
    {"end-session", end_session, EAP_LIMIT_MS},
    {"refuse", refuse, 0},
    {"reopen-session", reopen_session, EAP_LIMIT_MS},
    {"send-again", send_again, 0},
    {"relay", relay, 0},
    {"relayed", relayed, 0},
    {0},
};
