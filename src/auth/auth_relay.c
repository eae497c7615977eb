/* SPDX-License-Identifier: Apache-2.0 */
/* The phone's answer to a challenge that an AAA made: checked, handed on once, and what comes back kept, so
 * that a repeated request finds it (aaa.md 2.4 item 6). */
#include "auth_relay.h"

#include <string.h>

#include "ecs/log.h"
#include "ecs/ts43.h"

enum { STORE_LIMIT_MS = 5000, LOOK_AGAIN_MS = 200, LOOK_SELDOM_MS = 1600 };

/* Says of a packet that was handed on what became of it, in the background: the phone has gone, and with it
 * the AAA's answer. Its repetition need not wait for what never comes. */
struct leaving {
    struct ecs_flow flow;
    struct ecs_store *store;
    uint8_t handle[32], digest[ECS_RELAY_DIGEST];
};

static enum ecs_next give_up(struct ecs_flow *f)
{
    struct leaving *l = f->self;

    return ecs_store_relay_end(f, l->store, (struct ecs_str){(const char *)l->handle, sizeof(l->handle)},
                               l->digest, ECS_RELAY_FAILED, ECS_STR_NULL);
}

static enum ecs_next given_up(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

static const struct ecs_step leaving_steps[] = {
    {"give-up", give_up, STORE_LIMIT_MS},
    {"given-up", given_up, 0},
    {0},
};

static void left(struct ecs_flow *f)
{
    ecs_arena_free(f->arena);
}

struct relaying {
    struct relay_answer *in;
    struct ecs_relay_session session;
    struct auth_leg leg;
    uint8_t digest[ECS_RELAY_DIGEST];
    uint8_t identifier, type;
    struct ecs_imsi imsi;
    enum ecs_relay_outcome outcome; /* of this leg */
    const char *why;
    struct ecs_timer timer;
    uint32_t pause_ms; /* between two looks at a copy's fate; it grows */
    struct ecs_flow *flow;
    bool handed_on; /* and what came of it is not kept */
    struct ecs_store *store;
    struct ecs_loop *loop;
    uint8_t handle[32];
};

/* When the request's memory is given back; its engine may have gone by then. */
static void leave(void *arg)
{
    struct relaying *w = arg;
    struct ecs_arena *arena = w->handed_on ? ecs_arena_new(NULL, 0) : NULL;
    struct leaving *l = arena ? ecs_alloc(arena, sizeof(*l)) : NULL;

    if (!l) {
        ecs_arena_free(arena);
        return;
    }
    l->store = w->store;
    memcpy(l->handle, w->handle, sizeof(l->handle));
    memcpy(l->digest, w->digest, sizeof(l->digest));
    ecs_flow_start(&l->flow, w->loop, arena, NULL, leaving_steps, l, left);
}

static struct ecs_str handle_of(const struct ecs_auth *auth)
{
    return (struct ecs_str){(const char *)auth->handle, sizeof(auth->handle)};
}

static struct ecs_str copy(struct ecs_flow *f, struct ecs_str s)
{
    return (struct ecs_str){ecs_memdup(f->arena, s.p ? s.p : "", s.n ? s.n : 1), s.n};
}

/* ---- which exchange, and has anybody handed this packet on ---- */

static enum ecs_next read_packet(struct ecs_flow *f)
{
    struct relay_answer *in = f->self;
    struct relaying *w = ecs_alloc(f->arena, sizeof(*w));
    struct ecs_str bytes = {(const char *)in->packet, in->packet_n};
    struct ecs_eap_packet packet;

    if (!w)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the EAP exchange");
    if (ecs_eap_decode(in->packet, in->packet_n, &packet) != ECS_EAP_FAULT_NONE ||
        packet.code != ECS_EAP_RESPONSE)
        return ecs_flow_fail(f, ECS_E_BAD_PACKET, "eap-relay-packet: not an EAP response");
    w->in = in;
    w->flow = f;
    w->loop = f->loop;
    w->store = in->auth->env->store;
    memcpy(w->handle, in->auth->handle, sizeof(w->handle));
    if (!ecs_defer(f->arena, leave, w))
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the EAP exchange");
    w->identifier = packet.identifier;
    w->type = packet.type;
    w->pause_ms = LOOK_AGAIN_MS;
    if (!ecs_digest(in->auth->env->crypto, ECS_DIGEST_SHA256, &bytes, 1, w->digest))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "digest");
    in->own = w;
    return ECS_NEXT;
}

static struct relaying *work_of(struct ecs_flow *f)
{
    return ((struct relay_answer *)f->self)->own;
}

static enum ecs_next take_session(struct ecs_flow *f)
{
    struct relaying *w = work_of(f);
    struct ecs_auth *auth = w->in->auth;

    return ecs_store_relay_take(f, auth->env->store, handle_of(auth), w->digest, w->identifier, w->type,
                                &w->session);
}

/* What the session says replaces the request that brought the answer: only its headers count (C-26). */
static enum ecs_rc adopt(struct ecs_flow *f, struct relaying *w)
{
    struct ecs_auth *auth = w->in->auth;
    enum ecs_rc rc = auth_adopt_request(f, auth, w->session.state);

    auth->issued_s = w->session.created_at;
    auth->provider = w->session.provider;
    if (ecs_imsi_parse(w->session.imsi, &auth->imsi) && f->log)
        ecs_imsi_mask(&auth->imsi, f->log->imsi);
    return rc;
}

static void look_again(void *arg)
{
    struct relaying *w = arg;

    ecs_flow_resume(w->flow);
}

static void stop_looking(void *arg)
{
    struct relaying *w = arg;

    ecs_timer_disarm(&w->timer);
}

static enum ecs_next wait_for_copy(struct ecs_flow *f);
static enum ecs_next hand_on(struct ecs_flow *f);
static enum ecs_next tell(struct ecs_flow *f);

static enum ecs_next judge_session(struct ecs_flow *f)
{
    struct relaying *w = work_of(f);
    struct ecs_auth *auth = w->in->auth;
    const struct ecs_relay_session *s = &w->session;
    enum ecs_rc rc;

    if (s->found == ECS_RELAY_LOST) {
        w->in->lost = true;
        return ECS_DONE;
    }
    rc = adopt(f, w);
    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "the saved request cannot be read");
    switch (s->found) {
    case ECS_RELAY_CLAIMED:
        w->handed_on = true;
        return ecs_flow_goto(f, hand_on);
    case ECS_RELAY_ASKING:
        /* Whoever handed it on may have left without an answer. */
        auth->waited = true;
        if (s->asked_ms > auth->env->conf->aaa_limit_ms + LOOK_AGAIN_MS)
            return auth_unavailable(f, auth, "the AAA's answer to a copy of this packet is missing");
        return ecs_flow_goto(f, wait_for_copy);
    case ECS_RELAY_COPY:
        auth->repeated = true;
        w->outcome = s->outcome;
        w->why = "an earlier copy of this packet was answered so";
        return ecs_flow_goto(f, tell);
    default:
        if (s->outcome == ECS_RELAY_REFUSED)
            return ecs_flow_fail(f, ECS_E_AUTH_REJECTED, "an earlier answer of this exchange was refused");
        return ecs_flow_fail(f, ECS_E_BAD_PACKET,
                             "eap-relay-packet: not an answer to the outstanding EAP request");
    }
}

static enum ecs_next wait_for_copy(struct ecs_flow *f)
{
    struct relaying *w = work_of(f);

    ecs_timer_arm(&w->timer, f->loop, w->pause_ms, look_again, w);
    if (w->pause_ms < LOOK_SELDOM_MS)
        w->pause_ms *= 2;
    return ecs_flow_wait(f, stop_looking, w);
}

static enum ecs_next look(struct ecs_flow *f)
{
    return ecs_flow_goto(f, take_session);
}

/* ---- with the AAA ---- */

static enum ecs_next hand_on(struct ecs_flow *f)
{
    struct relaying *w = work_of(f);
    struct ecs_auth *auth = w->in->auth;
    const struct ecs_ts43_request *request = auth->request;
    struct ecs_str identity = request->param[ECS_P_EAP_ID];
    struct ecs_eap_id id;
    struct auth_leg *leg = &w->leg;

    auth_time_start(auth, f);
    leg->auth = auth;
    leg->deadline_us = auth->deadline_us;
    leg->talk.prime = auth_identity_is_prime(identity);
    leg->talk.identity = identity;
    leg->talk.kind = ecs_eap_id_parse(identity, &id);
    leg->round = (struct ecs_aaa_round){
        .provider = w->session.provider,
        .identity = identity,
        .eap = {(const char *)w->in->packet, w->in->packet_n},
        .thread = w->session.thread,
    };
    if (request->has_terminal && request->terminal.is_imei)
        leg->round.imei = (struct ecs_str){request->terminal.s, request->terminal.n};
    return ecs_flow_call(f, auth_leg_steps, leg);
}

/* The next request for the phone is kept before it goes out: its answer may reach another node. */
static enum ecs_next keep_request(struct ecs_flow *f, struct relaying *w)
{
    const struct ecs_aaa_round *r = &w->leg.round;
    struct ecs_relay_next next = {
        .handle = handle_of(w->in->auth),
        .digest = w->digest,
        .identifier = w->leg.talk.identifier,
        .method = w->leg.talk.type,
        .request = copy(f, r->eap_out),
        .thread = copy(f, r->thread_out.p ? r->thread_out : r->thread),
        .wait_s = r->wait_s,
    };

    w->session.request = next.request;
    if (!next.request.p || !next.thread.p)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the EAP request");
    return ecs_store_relay_next(f, w->in->auth->env->store, &next);
}

static enum ecs_next keep(struct ecs_flow *f)
{
    struct relaying *w = work_of(f);
    struct ecs_auth *auth = w->in->auth;
    struct ecs_str imsi = ECS_STR_NULL;

    w->why = w->leg.why;
    switch (w->leg.end) {
    case LEG_CHALLENGE:
        if (w->session.rounds < RELAY_PHONE_ROUNDS_MAX)
            return keep_request(f, w);
        w->why = "the AAA sends challenge after challenge";
        w->outcome = ECS_RELAY_FAILED;
        break;
    case LEG_PASSED:
        w->outcome = relay_accept(&w->leg, &w->why) ? ECS_RELAY_PASSED : ECS_RELAY_REFUSED;
        break;
    case LEG_REFUSED:
        w->outcome = ECS_RELAY_REFUSED;
        break;
    case LEG_TRANSIENT:
    case LEG_NO_IDENTITY:
        w->outcome = ECS_RELAY_FAILED;
        break;
    }
    if (w->outcome == ECS_RELAY_PASSED)
        imsi = ecs_str_of(auth->imsi.s);
    return ecs_store_relay_end(f, auth->env->store, handle_of(auth), w->digest, w->outcome, imsi);
}

/* ---- what the phone gets ---- */

static enum ecs_next tell(struct ecs_flow *f)
{
    struct relaying *w = work_of(f);
    struct ecs_auth *auth = w->in->auth;

    w->handed_on = false;
    switch (w->outcome) {
    case ECS_RELAY_OPEN:
        auth->packet = w->session.request;
        auth->outcome = ECS_AUTH_CHALLENGE;
        return ECS_DONE;
    case ECS_RELAY_PASSED:
        if (!auth->imsi.s[0])
            return ecs_flow_fail(f, ECS_E_INTERNAL, "an exchange that has passed without an IMSI");
        if (f->log)
            ecs_imsi_mask(&auth->imsi, f->log->imsi);
        auth->verdict = ECS_EAP_V_SUCCESS + 1;
        auth->outcome = ECS_AUTH_PASSED;
        if (!auth->repeated)
            auth_clear_attempts(f, auth);
        return ECS_DONE;
    case ECS_RELAY_REFUSED:
        auth->verdict = ECS_EAP_V_REJECTED + 1;
        return ecs_flow_fail(f, ECS_E_AUTH_REJECTED, "AAA: %s", w->why ? w->why : "refused");
    case ECS_RELAY_FAILED:
        break;
    }
    return auth_unavailable(f, auth, w->why);
}

/* judge-session goes on at hand-on, wait-for-copy or tell. */
const struct ecs_step auth_relay_steps[] = {
    {"read-packet", read_packet, 0},
    {"take-session", take_session, STORE_LIMIT_MS},
    {"judge-session", judge_session, 0},
    {"wait-for-copy", wait_for_copy, LOOK_SELDOM_MS + 1000},
    {"look-again", look, 0},
    {"hand-on", hand_on, 0},
    {"keep", keep, STORE_LIMIT_MS},
    {"tell", tell, 0},
    {0},
};
