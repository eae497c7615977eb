/* SPDX-License-Identifier: Apache-2.0 */
/* EAP-AKA ended by ourselves (TS.43 2.8.1 with the packet shape of clients.md C-12 to C-24): the first
 * request is kept in the session row, the answer may reach any node, and every verdict but a challenge
 * becomes an HTTP status. */
#include <string.h>

#include "auth_internal.h"
#include "ecs/buf.h"
#include "ecs/eap_server.h"
#include "ecs/identity.h"
#include "ecs/log.h"
#include "ecs/ts43.h"
#include "ecs/vectors.h"

enum { COOKIE_BYTES = 20, LIMIT_MS = 5000, PACKET_MAX = 1500, SEPARATION_BIT = 0x80 };

struct work {
    struct ecs_exchange exchange;
    struct ecs_eap_state eap;
    uint8_t packet[PACKET_MAX];
    size_t packet_n;
    size_t cookie_at;    /* candidate that is tried */
    const char *refusal; /* static text */
};

static struct work *work_of(struct ecs_auth *auth)
{
    return auth->exchange;
}

static bool start_work(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct work *w = ecs_arena_secret(f->arena, sizeof(*w));

    if (!w)
        return false;
    w->exchange.auth = auth;
    auth->exchange = w;
    return true;
}

/* The cookie itself is never stored: the row is found by its digest. */
static bool hash_cookie(struct ecs_auth *auth, struct ecs_str cookie)
{
    struct ecs_str parts[] = {ECS_STR("eap-session"), cookie};

    return ecs_digest(auth->env->crypto, ECS_DIGEST_SHA256, parts, 2, auth->handle);
}

/* ---- begin ---- */

static enum ecs_next ask_vector(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    uint8_t cookie[COOKIE_BYTES];
    char text[ECS_BASE32_LEN(COOKIE_BYTES) + 1];
    struct ecs_buf saved = {0};
    struct work *w;
    bool good;

    if (!auth->source_counted && !ecs_limiter_take(auth->env->source_limiter, auth->source_hash,
                                                   ecs_loop_now_us(f->loop), &auth->retry_after_s))
        return ecs_flow_fail(f, ECS_E_RATE_LIMIT, "too many EAP exchanges from one source address");
    if (auth->may_begin && !auth->may_begin(auth->may_begin_arg))
        return ecs_flow_fail(f, ECS_E_OVERLOAD, "there is no room for new EAP exchanges");
    if (!start_work(f))
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the EAP exchange");
    w = work_of(auth);
    good = ecs_random(auth->env->crypto, cookie, sizeof(cookie)) &&
           ecs_random(auth->env->crypto, w->exchange.rand, sizeof(w->exchange.rand)) &&
           ecs_random(auth->env->crypto, &w->exchange.identifier, 1);
    ecs_base32_encode(cookie, sizeof(cookie), text);
    auth->cookie = (struct ecs_str){ecs_strdup(f->arena, ecs_str_of(text)), sizeof(text) - 1};
    ecs_ts43_request_save(auth->request, &saved);
    w->exchange.saved = (struct ecs_str){ecs_memdup(f->arena, saved.p, saved.n), saved.n};
    good =
        good && !saved.overflow && auth->cookie.p && w->exchange.saved.p && hash_cookie(auth, auth->cookie);
    ecs_buf_done(&saved);
    if (!good)
        return ecs_flow_fail(f, ECS_E_INTERNAL, "the EAP exchange could not be prepared");
    return auth->env->vectors->begin(f, &w->exchange);
}

/* A vector of EAP-AKA' has the separation bit in its AMF and keys bound to the network (RFC 9048 3.3,
 * TS 33.102 F.2). One that comes bound (from an HSS) is taken as it is. */
static enum ecs_rc bind_vector(struct ecs_auth *auth, struct work *w)
{
    struct ecs_aka_vector *v = w->exchange.vector;
    enum ecs_rc rc = ECS_OK;
    uint8_t rand[16];

    if (!auth->prime || v->prime)
        return ECS_OK;
    if (w->exchange.key) {
        w->exchange.key->amf[0] |= SEPARATION_BIT;
        memcpy(rand, v->rand, sizeof(rand));
        rc = ecs_aka_vector_make(auth->env->crypto, w->exchange.key, rand, v->sqn, v);
    }
    return rc == ECS_OK ? ecs_eap_bind_vector(auth->env->crypto, ecs_str_of(auth->env->identity->network), v)
                        : rc;
}

/* The outstanding challenge of the exchange as a packet to be sent. */
static enum ecs_next challenge(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct work *w = work_of(auth);
    enum ecs_rc rc = bind_vector(auth, w);

    if (rc == ECS_OK)
        rc = ecs_eap_begin(auth->env->crypto, auth->request->param[ECS_P_EAP_ID], w->exchange.vector,
                           w->exchange.identifier, 0, &w->eap);

    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "the EAP challenge could not be made");
    auth->packet = (struct ecs_str){(const char *)w->eap.request, w->eap.request_n};
    auth->outcome = ECS_AUTH_CHALLENGE;
    return ECS_DONE;
}

static enum ecs_next send_challenge(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct work *w = work_of(auth);
    enum ecs_rc rc = auth->env->vectors->take(f, &w->exchange);

    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "the vector provider's answer cannot be used");
    if (w->exchange.outcome == ECS_EXCHANGE_LIMITED) {
        auth->retry_after_s = (uint32_t)(auth->env->conf->attempts_window_s / 4 + 1);
        return ecs_flow_fail(f, ECS_E_RATE_LIMIT, "too many EAP exchanges of this subscriber");
    }
    if (w->exchange.outcome != ECS_EXCHANGE_OK)
        return ecs_flow_fail(f, ECS_E_AUTH_REJECTED, "subscriber or key not known");
    return challenge(f);
}

const struct ecs_step ecs_auth_eap_begin_steps[] = {
    {"check-identity", auth_check_identity, 0},
    {"ask-vector", ask_vector, LIMIT_MS},
    {"send-challenge", send_challenge, 0},
    {0},
};

/* ---- answer ---- */

static enum ecs_next decode_answer(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct ecs_eap_packet packet;
    enum ecs_eap_fault fault;
    struct work *w;
    ptrdiff_t n;

    if (!start_work(f))
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the EAP exchange");
    w = work_of(auth);
    n = ecs_base64_decode(auth->request->eap_packet, w->packet, sizeof(w->packet));
    if (n < 0)
        return ecs_flow_fail(f, ECS_E_BAD_PACKET, "eap-relay-packet: not base64 or over %d bytes",
                             PACKET_MAX);
    w->packet_n = (size_t)n;
    fault = ecs_eap_decode(w->packet, w->packet_n, &packet);
    if (fault != ECS_EAP_FAULT_NONE)
        return ecs_flow_fail(f, ECS_E_BAD_PACKET, "eap-relay-packet: %s", ecs_eap_fault_text(fault));
    if (auth->cookie_n == 0)
        return ecs_flow_fail(f, ECS_E_SESSION_LOST, "EAP answer without a session cookie");
    return ECS_NEXT;
}

static enum ecs_next ask_session(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct work *w = work_of(auth);

    auth->cookie = auth->cookies[w->cookie_at++];
    if (!hash_cookie(auth, auth->cookie))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "digest");
    return auth->env->vectors->resume(f, &w->exchange);
}

static enum ecs_next judge(struct ecs_flow *f);
static enum ecs_next end_session(struct ecs_flow *f);
static enum ecs_next reopen_session(struct ecs_flow *f);

/* What the session says replaces the request that brought the answer: only its Accept header counts (C-26).
 */
static enum ecs_next adopt_request(struct ecs_flow *f, struct work *w)
{
    struct ecs_auth *auth = f->self;
    struct ecs_ts43_request first;
    enum ecs_rc rc = ecs_ts43_request_load(f->arena, w->exchange.saved, &first);

    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "the saved request cannot be read");
    if (auth->request->accept.n)
        first.accept = auth->request->accept;
    if (auth->request->accept_language.n)
        first.accept_language = auth->request->accept_language;
    if (auth->request->user_agent.n)
        first.user_agent = auth->request->user_agent;
    *auth->request = first;
    auth->imsi = w->exchange.imsi;
    auth->repeated = w->exchange.repeated;
    auth->issued_s = w->exchange.created_s;
    auth->facts = w->exchange.facts;
    if (f->log)
        ecs_imsi_mask(&auth->imsi, f->log->imsi);
    auth->prime = auth_identity_is_prime(first.param[ECS_P_EAP_ID]);
    rc = bind_vector(auth, w);
    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "the vector cannot be bound to the network");
    rc = ecs_eap_resume(first.param[ECS_P_EAP_ID], w->exchange.vector, w->exchange.identifier,
                        w->exchange.rounds, &w->eap);
    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc == ECS_E_BAD_PARAMETER ? ECS_E_SESSION_LOST : rc,
                             "the saved exchange cannot be used");
    return judge(f);
}

static enum ecs_next take_session(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct work *w = work_of(auth);
    enum ecs_rc rc = auth->env->vectors->take(f, &w->exchange);

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

static enum ecs_next start_resync(struct ecs_flow *f, struct work *w, const struct ecs_eap_result *result)
{
    struct ecs_auth *auth = f->self;
    enum ecs_rc rc =
        ecs_aka_resync(auth->env->crypto, w->exchange.key, w->eap.rand, result->auts, &w->exchange.sqn_ms);

    w->refusal = "AUTS with a wrong MAC-S";
    if (rc == ECS_E_AUTH_REJECTED)
        return ecs_flow_goto(f, end_session);
    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "AUTS could not be checked");
    w->refusal = "the card asks for resynchronisation again and again";
    if (w->exchange.rounds >= ECS_EAP_CHALLENGES_MAX)
        return ecs_flow_goto(f, end_session);
    w->exchange.identifier++;
    if (!ecs_random(auth->env->crypto, w->exchange.rand, sizeof(w->exchange.rand)))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "no random bytes");
    return auth->env->vectors->resync(f, &w->exchange);
}

static enum ecs_next act_on(struct ecs_flow *f, struct work *w, const struct ecs_eap_result *result)
{
    struct ecs_auth *auth = f->self;

    auth->verdict = (unsigned)result->verdict + 1;
    switch (result->verdict) {
    case ECS_EAP_V_SUCCESS:
        auth->outcome = ECS_AUTH_PASSED;
        auth->env->vectors->passed(f, &w->exchange);
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
    struct work *w = work_of(auth);
    struct ecs_eap_result result;
    char nai[80];
    struct ecs_str alternative = ECS_STR_NULL;
    enum ecs_next next;
    enum ecs_rc rc;

    for (size_t i = 0; i < auth->env->plmn_n && !alternative.p; i++)
        if (ecs_plmn_matches(&auth->env->plmns[i], &auth->imsi))
            alternative = (struct ecs_str){
                nai, ecs_eap_nai_make(auth->prime ? '6' : '0', &auth->imsi, &auth->env->plmns[i], nai)};
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
    struct work *w = work_of(auth);
    enum ecs_rc rc = auth->env->vectors->take(f, &w->exchange);

    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "the vector provider's answer cannot be used");
    if (w->exchange.outcome == ECS_EXCHANGE_LOST)
        return ecs_flow_fail(f, ECS_E_SESSION_LOST, "the session ended during resynchronisation");
    if (w->exchange.outcome != ECS_EXCHANGE_OK)
        return ecs_flow_fail(f, ECS_E_AUTH_REJECTED, "no further challenge in this exchange");
    return challenge(f);
}

static enum ecs_next end_session(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;

    return auth->env->vectors->mark(f, &work_of(auth)->exchange, true);
}

static enum ecs_next refuse(struct ecs_flow *f)
{
    return ecs_flow_fail(f, ECS_E_AUTH_REJECTED, "EAP: %s", work_of(f->self)->refusal);
}

/* A packet for another challenge is not processed (RFC 3748 4.1): the outstanding one is sent again. */
static enum ecs_next reopen_session(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;

    return auth->env->vectors->mark(f, &work_of(auth)->exchange, false);
}

static enum ecs_next send_again(struct ecs_flow *f)
{
    return challenge(f);
}

/* take-session judges, too: next-challenge follows a resynchronisation, end-session a refusal, reopen-session
 * a packet that is for another challenge. */
const struct ecs_step ecs_auth_eap_answer_steps[] = {
    {"decode-answer", decode_answer, 0},
    {"ask-session", ask_session, LIMIT_MS},
    {"take-session", take_session, LIMIT_MS},
    {"next-challenge", send_next_challenge, 0},
    {"end-session", end_session, LIMIT_MS},
    {"refuse", refuse, 0},
    {"reopen-session", reopen_session, LIMIT_MS},
    {"send-again", send_again, 0},
    {0},
};
