/* SPDX-License-Identifier: Apache-2.0 */
/* An HSS as vector provider (SWx): one vector per challenge, kept sealed between two requests; sequence
 * numbers are the HSS's, so is the check of AUTS. Our own EAP server does the rest. */
#include <string.h>

#include "auth_relay.h"
#include "ecs/identity.h"
#include "ecs/keyring.h"
#include "ecs/ts43.h"
#include "ecs/vectors.h"

enum { STORE_LIMIT_MS = 5000, ASK_LIMIT_MS = 25000, VECTOR_VERSION = 1 };

/* What is sealed. */
struct packed {
    uint8_t version, prime, xres_n, rest;
    uint8_t rand[16], autn[16], ck[16], ik[16], xres[16];
};
_Static_assert(sizeof(struct packed) + ECS_WRAP_OVERHEAD <= ECS_RELAY_VECTOR_MAX, "sealed vector");

enum call { BEGIN, RESUME, RESYNC };

struct answer {
    struct ecs_exchange *x;
    enum call call;
    bool parked, granted;
    uint8_t subject[ECS_RELAY_DIGEST];
    struct ecs_hss_vector *ask; /* secret */
    struct ecs_rung_call *asking;
    uint8_t sealed[ECS_RELAY_VECTOR_MAX];
    struct ecs_relay_new open;
    struct ecs_hss_session session;
    struct ecs_hss_again again;
};

static struct answer *answer_of(struct ecs_flow *f, struct ecs_exchange *x, enum call call)
{
    struct answer *a = x->answer;

    if (!a)
        a = x->answer = ecs_alloc(f->arena, sizeof(*a));
    if (!a)
        return NULL;
    a->x = x;
    a->call = call;
    return a;
}

static struct ecs_str handle_of(const struct ecs_exchange *x)
{
    return (struct ecs_str){(const char *)x->auth->handle, sizeof(x->auth->handle)};
}

/* ---- sealing ---- */

static const struct ecs_str field = {"hss-vector", 10};

static bool seal(struct ecs_exchange *x, const struct ecs_hss_vector *v, struct answer *a,
                 struct ecs_str *ret_sealed)
{
    struct ecs_crypto *crypto = x->auth->env->crypto;
    struct packed p = {.version = VECTOR_VERSION, .prime = v->is_prime, .xres_n = (uint8_t)v->xres_n};
    struct ecs_aead_key *key;
    uint8_t id;
    bool good;

    memcpy(p.rand, v->rand, sizeof(p.rand));
    memcpy(p.autn, v->autn, sizeof(p.autn));
    memcpy(p.ck, v->ck, sizeof(p.ck));
    memcpy(p.ik, v->ik, sizeof(p.ik));
    memcpy(p.xres, v->xres, v->xres_n);
    key = ecs_sealer_current(x->auth->env->vector_sealer, &id);
    good = key && ecs_wrap_seal(crypto, key, id, ecs_str_of(x->auth->imsi.s), field, (const uint8_t *)&p,
                                sizeof(p), a->sealed);
    ecs_wipe(&p, sizeof(p));
    *ret_sealed = (struct ecs_str){(const char *)a->sealed, sizeof(p) + ECS_WRAP_OVERHEAD};
    return good;
}

static enum ecs_rc unseal(struct ecs_flow *f, struct ecs_exchange *x, struct ecs_str imsi,
                          struct ecs_str sealed)
{
    struct ecs_aead_key *key = NULL;
    struct packed p;
    uint8_t id;
    bool good;

    x->vector = ecs_arena_secret(f->arena, sizeof(*x->vector));
    if (!x->vector)
        return ECS_E_NO_MEMORY;
    if (sealed.n != sizeof(p) + ECS_WRAP_OVERHEAD)
        return ECS_E_SESSION_LOST;
    if (ecs_wrap_key_id((const uint8_t *)sealed.p, sealed.n, &id))
        key = ecs_sealer_find(x->auth->env->vector_sealer, id);
    good = key && ecs_wrap_open(key, imsi, field, (const uint8_t *)sealed.p, sealed.n, (uint8_t *)&p) &&
           p.version == VECTOR_VERSION && p.xres_n >= 4 && p.xres_n <= sizeof(p.xres);
    if (good) {
        x->vector->xres_n = p.xres_n;
        x->vector->prime = p.prime;
        if (p.prime)
            x->vector->network = ecs_str_of(x->auth->env->identity->network);
        memcpy(x->vector->rand, p.rand, sizeof(p.rand));
        memcpy(x->vector->autn, p.autn, sizeof(p.autn));
        memcpy(x->vector->ck, p.ck, sizeof(p.ck));
        memcpy(x->vector->ik, p.ik, sizeof(p.ik));
        memcpy(x->vector->xres, p.xres, sizeof(p.xres));
        memcpy(x->rand, p.rand, sizeof(p.rand));
    }
    ecs_wipe(&p, sizeof(p));
    return good ? ECS_OK : ECS_E_SESSION_LOST;
}

/* ---- asking the HSS ---- */

/* Nothing here tells whether AUTS is genuine, nor whether a copy of it is on its way: each counts as an
 * attempt, so that nobody makes the HSS compute at will. */
static enum ecs_next admit(struct ecs_flow *f)
{
    struct answer *a = f->self;
    struct ecs_auth *auth = a->x->auth;

    a->granted = true;
    if (a->call != RESYNC)
        return ECS_NEXT;
    if (!auth_attempt_subject(auth, auth->request->param[ECS_P_EAP_ID], a->subject))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "digest");
    return ecs_store_relay_admit(f, auth->env->store, a->subject, &a->granted);
}

static enum ecs_next ask(struct ecs_flow *f)
{
    struct answer *a = f->self;
    struct ecs_exchange *x = a->x;
    const struct ecs_auth_env *env = x->auth->env;
    uint32_t left = auth_time_left(auth_deadline(x->auth, f, x->shares), f);

    if (!a->granted) {
        x->outcome = ECS_EXCHANGE_UNAVAILABLE;
        x->why = "too many EAP exchanges of this subscriber";
        return ECS_DONE;
    }
    a->ask = ecs_arena_secret(f->arena, sizeof(*a->ask));
    if (!a->ask)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the EAP exchange");
    *a->ask = (struct ecs_hss_vector){.provider = x->provider,
                                      .imsi = ecs_str_of(x->auth->imsi.s),
                                      .prime = x->auth->prime,
                                      .limit_ms = left,
                                      .outcome = ECS_HSS_TRANSIENT,
                                      .why = "auth.aaa_limit is over"};
    if (x->auth->prime)
        a->ask->network = ecs_str_of(env->identity->network);
    if (a->call == RESYNC) {
        a->ask->resync_rand = x->vector->rand;
        a->ask->resync_auts = x->auts;
    }
    if (!left)
        return ECS_NEXT;
    auth_park(x->auth, true);
    a->parked = true;
    a->asking = ecs_rung_begin(env->ladder, ecs_ladder_find(env->ladder, x->provider), f->arena, f->loop);
    return ecs_hss_vector(f, env->aaa, a->ask);
}

static const enum ecs_exchange_outcome outcomes[] = {
    [ECS_HSS_OK] = ECS_EXCHANGE_OK,
    [ECS_HSS_UNKNOWN] = ECS_EXCHANGE_UNKNOWN,
    [ECS_HSS_TRANSIENT] = ECS_EXCHANGE_UNAVAILABLE,
};

/* Keeps the vector before its challenge goes out: the answer may reach another node. */
static enum ecs_next keep(struct ecs_flow *f)
{
    struct answer *a = f->self;
    struct ecs_exchange *x = a->x;
    struct ecs_hss_vector *v = a->ask;
    struct ecs_store *store = x->auth->env->store;
    struct ecs_str sealed;

    if (a->parked)
        auth_park(x->auth, false);
    a->parked = false;
    if (v->outcome == ECS_HSS_OK && (v->xres_n < 4 || v->xres_n > sizeof(v->xres))) {
        v->outcome = ECS_HSS_TRANSIENT;
        v->why = "the HSS sends a vector that cannot be used";
    }
    ecs_rung_end(a->asking,
                 v->outcome == ECS_HSS_OK        ? ECS_RUNG_ANSWERED
                 : v->outcome == ECS_HSS_UNKNOWN ? ECS_RUNG_REFUSED
                 : v->code                       ? ECS_RUNG_TRANSIENT
                                                 : ECS_RUNG_SILENT,
                 v->code);
    x->outcome = outcomes[v->outcome];
    x->why = v->why ? v->why : "the HSS cannot tell now";
    if (x->outcome != ECS_EXCHANGE_OK)
        return ECS_DONE;
    if (!seal(x, v, a, &sealed))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "the vector cannot be sealed");
    if (a->call == RESYNC) {
        a->again = (struct ecs_hss_again){
            .handle = handle_of(x), .vector = sealed, .rounds = x->rounds, .identifier = x->identifier};
        return ecs_store_hss_again(f, store, &a->again);
    }
    a->open = (struct ecs_relay_new){
        .kind = ECS_RELAY_HSS,
        .handle = handle_of(x),
        .provider = x->provider,
        .imsi = ecs_str_of(x->auth->imsi.s),
        .state = x->saved,
        .identifier = x->identifier,
        .method = v->is_prime ? ECS_EAP_TYPE_AKA_PRIME : ECS_EAP_TYPE_AKA,
        .vector = sealed,
    };
    return ecs_store_relay_open(f, store, &a->open);
}

static enum ecs_next kept(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

static const struct ecs_step ask_steps[] = {
    {"admit", admit, STORE_LIMIT_MS},
    {"ask-hss", ask, ASK_LIMIT_MS},
    {"keep-vector", keep, STORE_LIMIT_MS},
    {"kept", kept, 0},
    {0},
};

static enum ecs_next ask_for(struct ecs_flow *f, struct ecs_exchange *x, enum call call)
{
    struct answer *a = answer_of(f, x, call);

    if (!a)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the EAP exchange");
    return ecs_flow_call(f, ask_steps, a);
}

static enum ecs_next begin(struct ecs_flow *f, struct ecs_exchange *x)
{
    return ask_for(f, x, BEGIN);
}

static enum ecs_next resync(struct ecs_flow *f, struct ecs_exchange *x)
{
    return ask_for(f, x, RESYNC);
}

static enum ecs_next resume(struct ecs_flow *f, struct ecs_exchange *x)
{
    struct answer *a = answer_of(f, x, RESUME);

    if (!a)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the EAP exchange");
    return ecs_store_hss_take(f, x->auth->env->store, handle_of(x), &a->session);
}

/* ---- what came ---- */

static enum ecs_rc take_session(struct ecs_flow *f, struct ecs_exchange *x, const struct ecs_hss_session *s)
{
    x->outcome = !s->found ? ECS_EXCHANGE_LOST : s->rounds ? ECS_EXCHANGE_OK : ECS_EXCHANGE_REFUSED;
    if (x->outcome != ECS_EXCHANGE_OK)
        return ECS_OK;
    if (!ecs_imsi_parse(s->imsi, &x->imsi))
        return ECS_E_INTERNAL;
    x->provider = s->provider;
    x->saved = s->state;
    x->identifier = s->identifier;
    x->rounds = (uint8_t)s->rounds;
    x->repeated = s->repeated;
    x->created_s = s->created_at;
    return unseal(f, x, s->imsi, s->vector);
}

static enum ecs_rc take_again(struct ecs_flow *f, struct ecs_exchange *x, const struct ecs_hss_again *again)
{
    if (x->outcome != ECS_EXCHANGE_OK)
        return ECS_OK;
    x->outcome = again->found ? ECS_EXCHANGE_OK : ECS_EXCHANGE_LOST;
    if (!again->found)
        return ECS_OK;
    x->identifier = again->now_identifier;
    return unseal(f, x, ecs_str_of(x->auth->imsi.s), again->now_vector);
}

static enum ecs_rc take(struct ecs_flow *f, struct ecs_exchange *x)
{
    struct answer *a = x->answer;

    if (a->call == RESUME)
        return take_session(f, x, &a->session);
    if (a->call == RESYNC)
        return take_again(f, x, &a->again);
    x->rounds = 1;
    return x->outcome == ECS_EXCHANGE_OK ? unseal(f, x, a->open.imsi, a->open.vector) : ECS_OK;
}

static enum ecs_next mark(struct ecs_flow *f, struct ecs_exchange *x, bool refused)
{
    return ecs_store_hss_mark(f, x->auth->env->store, handle_of(x), refused);
}

static void passed(struct ecs_flow *f, const struct ecs_exchange *x)
{
    if (!x->repeated)
        auth_clear_attempts(f, x->auth);
}

const struct ecs_vector_ops ecs_vectors_hss = {
    .name = "hss",
    .begin = begin,
    .resume = resume,
    .resync = resync,
    .take = take,
    .mark = mark,
    .passed = passed,
};
