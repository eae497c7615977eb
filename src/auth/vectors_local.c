/* SPDX-License-Identifier: Apache-2.0 */
/* The built-in authentication centre as vector provider: keys (wrapped) and sequence numbers come from the
 * database in the same round trip as the session, the vector is computed here. */
#include <string.h>

#include "ecs/clock.h"
#include "ecs/log.h"
#include "ecs/store.h"
#include "ecs/ts43.h"
#include "ecs/vectors.h"

enum call { BEGIN, RESUME, RESYNC };

struct answer {
    enum call call;
    struct ecs_eap_begin begin;
    struct ecs_eap_begun begun;
    struct ecs_eap_session session;
    struct ecs_eap_resync resync;
    struct ecs_eap_challenge challenge;
};

static struct answer *answer_of(struct ecs_flow *f, struct ecs_exchange *x, enum call call)
{
    struct answer *a = x->answer;

    if (!a)
        a = x->answer = ecs_alloc(f->arena, sizeof(*a));
    if (a)
        a->call = call;
    return a;
}

static struct ecs_str handle_of(const struct ecs_exchange *x)
{
    return (struct ecs_str){(const char *)x->auth->handle, sizeof(x->auth->handle)};
}

static enum ecs_next begin(struct ecs_flow *f, struct ecs_exchange *x)
{
    const struct ecs_ts43_request *request = x->auth->request;
    struct answer *a = answer_of(f, x, BEGIN);

    if (!a)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the EAP exchange");
    a->begin = (struct ecs_eap_begin){.imsi = ecs_str_of(x->auth->imsi.s),
                                      .handle = handle_of(x),
                                      .state = x->saved,
                                      .identifier = x->identifier};
    if (request->has_terminal) {
        a->begin.terminal_id = (struct ecs_str){request->terminal.s, request->terminal.n};
        if (request->terminal.tac[0])
            a->begin.tac = ecs_str_of(request->terminal.tac);
    }
    memcpy(a->begin.rand, x->rand, sizeof(x->rand));
    return ecs_store_eap_begin(f, x->auth->env->store, &a->begin, &a->begun);
}

static enum ecs_next resume(struct ecs_flow *f, struct ecs_exchange *x)
{
    struct answer *a = answer_of(f, x, RESUME);

    if (!a)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the EAP exchange");
    return ecs_store_eap_finish(f, x->auth->env->store, handle_of(x), &a->session);
}

static enum ecs_next resync(struct ecs_flow *f, struct ecs_exchange *x)
{
    struct answer *a = answer_of(f, x, RESYNC);

    if (!a)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the EAP exchange");
    a->resync = (struct ecs_eap_resync){
        .handle = handle_of(x), .sqn_ms = x->sqn_ms, .identifier = x->identifier, .rounds = x->rounds};
    memcpy(a->resync.rand, x->rand, sizeof(x->rand));
    return ecs_store_eap_resync(f, x->auth->env->store, &a->resync, &a->challenge);
}

static enum ecs_next mark(struct ecs_flow *f, struct ecs_exchange *x, bool refused)
{
    return ecs_store_eap_mark(f, x->auth->env->store, handle_of(x), refused);
}

/* One wrapped value; out holds 32 bytes. */
static bool unwrap(const struct ecs_exchange *x, struct ecs_str owner, struct ecs_str field,
                   struct ecs_str wrapped, uint8_t *out, size_t *ret_n)
{
    struct ecs_aead_key *key = NULL;
    uint8_t id;

    if (wrapped.n <= ECS_WRAP_OVERHEAD || wrapped.n - ECS_WRAP_OVERHEAD > 32)
        return false;
    if (ecs_wrap_key_id((const uint8_t *)wrapped.p, wrapped.n, &id))
        key = ecs_sealer_find(x->auth->env->key_sealer, id);
    *ret_n = wrapped.n - ECS_WRAP_OVERHEAD;
    return key && ecs_wrap_open(key, owner, field, (const uint8_t *)wrapped.p, wrapped.n, out);
}

static enum ecs_rc unwrap_key(struct ecs_flow *f, struct ecs_exchange *x, struct ecs_str imsi,
                              const struct ecs_auc_key *row)
{
    size_t ki_n, opc_n;

    x->key = ecs_arena_secret(f->arena, sizeof(*x->key));
    x->vector = ecs_arena_secret(f->arena, sizeof(*x->vector));
    if (!x->key || !x->vector)
        return ECS_E_NO_MEMORY;
    x->key->alg = row->tuak ? ECS_AKA_TUAK : ECS_AKA_MILENAGE;
    x->key->res_n = row->res_len;
    memcpy(x->key->amf, row->amf, sizeof(row->amf));
    if (!unwrap(x, imsi, ECS_STR("ki"), row->ki_wrapped, x->key->ki, &ki_n) ||
        !unwrap(x, imsi, ECS_STR("opc"), row->opc_wrapped, x->key->opc, &opc_n) ||
        opc_n != (row->tuak ? 32u : 16u)) {
        ecs_log_at(
            f->log, ECS_EV_CONFIG, ECS_LOG_ERROR,
            "a subscriber key cannot be unwrapped: damaged, or its key is not in auth.subscriber_keys");
        return ECS_E_CONFIG;
    }
    x->key->ki_n = (uint8_t)ki_n;
    return ECS_OK;
}

static enum ecs_rc make_vector(struct ecs_exchange *x, const uint8_t rand[16], uint64_t sqn)
{
    return ecs_aka_vector_make(x->auth->env->crypto, x->key, rand, sqn, x->vector);
}

static enum ecs_exchange_outcome outcome_of(enum ecs_eap_outcome row, enum ecs_exchange_outcome unknown)
{
    switch (row) {
    case ECS_ROW_EAP_OK:
    case ECS_ROW_EAP_RACED:
        return ECS_EXCHANGE_OK;
    case ECS_ROW_EAP_LIMITED:
        return ECS_EXCHANGE_LIMITED;
    case ECS_ROW_EAP_UNKNOWN:
        break;
    }
    return unknown;
}

static enum ecs_rc take_begun(struct ecs_flow *f, struct ecs_exchange *x, struct answer *a)
{
    enum ecs_rc rc;

    x->outcome = outcome_of(a->begun.outcome, ECS_EXCHANGE_UNKNOWN);
    if (x->outcome != ECS_EXCHANGE_OK)
        return ECS_OK;
    rc = unwrap_key(f, x, a->begin.imsi, &a->begun.key);
    x->rounds = 1;
    return rc == ECS_OK ? make_vector(x, x->rand, a->begun.sqn) : rc;
}

static enum ecs_rc take_session(struct ecs_flow *f, struct ecs_exchange *x, struct answer *a)
{
    struct ecs_eap_session *s = &a->session;
    enum ecs_rc rc;

    x->outcome = outcome_of(s->outcome, ECS_EXCHANGE_LOST);
    if (x->outcome != ECS_EXCHANGE_OK)
        return ECS_OK;
    if (!s->has_key || s->rounds == 0) {
        x->outcome = s->has_key ? ECS_EXCHANGE_REFUSED : ECS_EXCHANGE_UNKNOWN;
        return ECS_OK;
    }
    if (!ecs_imsi_parse(s->imsi, &x->imsi))
        return ECS_E_INTERNAL;
    x->saved = s->state;
    x->identifier = s->identifier;
    x->rounds = (uint8_t)s->rounds;
    x->repeated = s->repeated;
    x->created_s = s->created_at;
    x->facts = &s->facts;
    memcpy(x->rand, s->rand, sizeof(x->rand));
    rc = unwrap_key(f, x, s->imsi, &s->key);
    return rc == ECS_OK ? make_vector(x, s->rand, s->sqn) : rc;
}

static enum ecs_rc take_challenge(struct ecs_exchange *x, const struct answer *a)
{
    x->outcome = outcome_of(a->challenge.outcome, ECS_EXCHANGE_LOST);
    if (x->outcome != ECS_EXCHANGE_OK)
        return ECS_OK;
    /* Of a copy of the request that was faster, its challenge is sent again. */
    x->identifier = a->challenge.identifier;
    return make_vector(x, a->challenge.rand, a->challenge.sqn);
}

static enum ecs_rc take(struct ecs_flow *f, struct ecs_exchange *x)
{
    struct answer *a = x->answer;

    if (a->call == BEGIN)
        return take_begun(f, x, a);
    return a->call == RESUME ? take_session(f, x, a) : take_challenge(x, a);
}

/* A flow of its own: the phone does not wait for the count of attempts to be cleared. */
struct passed {
    struct ecs_flow flow;
    struct ecs_store *store;
    struct ecs_imsi imsi;
};

static enum ecs_next clear_attempts(struct ecs_flow *f)
{
    struct passed *p = f->self;

    return ecs_store_eap_passed(f, p->store, ecs_str_of(p->imsi.s));
}

static enum ecs_next passed_end(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

static const struct ecs_step passed_steps[] = {
    {"clear-attempts", clear_attempts, 2000},
    {"end", passed_end, 0},
    {0},
};

static void free_passed(struct ecs_flow *f)
{
    ecs_arena_free(f->arena);
}

static void passed(struct ecs_flow *f, const struct ecs_exchange *x)
{
    struct ecs_arena *arena;
    struct passed *p;

    const struct answer *a = x->answer;

    if (a->session.attempts <= 1)
        return;
    arena = ecs_arena_new(NULL, 0);
    p = arena ? ecs_alloc(arena, sizeof(*p)) : NULL;
    if (!p) {
        ecs_arena_free(arena);
        return; /* the count runs out by itself */
    }
    p->store = x->auth->env->store;
    p->imsi = x->imsi;
    ecs_flow_start(&p->flow, f->loop, arena, NULL, passed_steps, p, free_passed);
}

const struct ecs_vector_ops ecs_vectors_local = {
    .name = "local",
    .begin = begin,
    .resume = resume,
    .resync = resync,
    .take = take,
    .mark = mark,
    .passed = passed,
};
