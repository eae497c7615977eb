/* SPDX-License-Identifier: Apache-2.0 */
/* Behind an authentication: what the network says of the line is kept for the requests to come. The phone
 * does not wait for it. The HSS is only read (SAR type 12), never told that we serve the subscriber (aaa.md
 * 4). */
#include "engine_ladder.h"

#include "ecs/aaa.h"
#include "ecs/accounting.h"
#include "ecs/log.h"
#include "ecs/store_relay.h"

enum { STORE_LIMIT_MS = 5000, ASK_LIMIT_MS = 25000 };

struct after {
    struct ecs_flow flow;
    struct front *front;
    struct engine *engine;
    struct ecs_imsi imsi;
    struct ecs_msisdn msisdn; /* "": none is named */
    struct ecs_hss_profile profile;
    bool claimed;
};

static struct ecs_str imsi_of(const struct after *a)
{
    return ecs_str_of(a->imsi.s);
}

static enum ecs_next note_number(struct ecs_flow *f)
{
    struct after *a = f->self;

    if (!a->engine->snapshot->auth->aaa_msisdn || !a->msisdn.s[0])
        return ECS_NEXT;
    return ecs_store_number_note(f, a->front->store, imsi_of(a), ecs_str_of(a->msisdn.s));
}

static enum ecs_next claim_profile(struct ecs_flow *f)
{
    struct after *a = f->self;
    const struct ecs_auth_conf *conf = a->engine->snapshot->auth;

    if (!conf->hss_profile[0] || !ecs_aaa_is_up(a->engine->aaa, ecs_str_of(conf->hss_profile)))
        return ECS_DONE;
    return ecs_store_profile_claim(f, a->front->store, imsi_of(a), (uint32_t)conf->hss_profile_age_s,
                                   &a->claimed);
}

static enum ecs_next ask_profile(struct ecs_flow *f)
{
    struct after *a = f->self;

    if (!a->claimed)
        return ECS_DONE;
    a->profile = (struct ecs_hss_profile){.provider = ecs_str_of(a->engine->snapshot->auth->hss_profile),
                                          .imsi = imsi_of(a),
                                          .limit_ms = (uint32_t)a->engine->snapshot->auth->aaa_limit_ms,
                                          .outcome = ECS_HSS_TRANSIENT};
    return ecs_hss_profile(f, a->engine->aaa, &a->profile);
}

static enum ecs_next note_profile(struct ecs_flow *f)
{
    struct after *a = f->self;

    if (a->profile.outcome != ECS_HSS_OK) {
        ecs_log(f->log, ECS_EV_NEIGHBOUR_DOWN, "the HSS did not give a profile: %s",
                a->profile.why ? a->profile.why : "no reason given");
        return a->profile.outcome == ECS_HSS_TRANSIENT
                   ? ecs_store_profile_release(f, a->front->store, imsi_of(a))
                   : ECS_DONE;
    }
    return ecs_store_profile_note(f, a->front->store, imsi_of(a), a->profile.barred);
}

/* The HSS may know a number that nobody else has named. */
static enum ecs_next note_its_number(struct ecs_flow *f)
{
    struct after *a = f->self;

    if (a->msisdn.s[0] || !a->profile.msisdn.n || !ecs_msisdn_parse(a->profile.msisdn, &a->msisdn) ||
        !a->engine->snapshot->auth->aaa_msisdn)
        return ECS_DONE;
    return ecs_store_number_note(f, a->front->store, imsi_of(a), ecs_str_of(a->msisdn.s));
}

static enum ecs_next finish(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

static const struct ecs_step after_steps[] = {
    {"note-number", note_number, STORE_LIMIT_MS},
    {"claim-profile", claim_profile, STORE_LIMIT_MS},
    {"ask-profile", ask_profile, ASK_LIMIT_MS},
    {"note-profile", note_profile, STORE_LIMIT_MS},
    {"note-its-number", note_its_number, STORE_LIMIT_MS},
    {"end", finish, 0},
    {0},
};

static void after_end(struct ecs_flow *f)
{
    struct after *a = f->self;
    struct engine *engine = a->engine;

    if (f->rc != ECS_OK && f->rc != ECS_E_CANCELLED)
        ecs_log(NULL, ECS_EV_DB_ERROR, "what the network says of a line was not kept: %s", f->reason);
    a->front->in_work--;
    ecs_metric_add(&a->front->metrics->in_work, (uint64_t)-1);
    ecs_arena_free(f->arena);
    engine_unref(engine);
}

void after_auth(struct front *front, struct engine *engine, const struct ecs_auth *auth)
{
    const struct ecs_auth_conf *conf = engine->snapshot->auth;
    struct ecs_arena *arena;
    struct after *a;

    ecs_accounting_passed(engine->accounting, auth->request->param[ECS_P_EAP_ID], ecs_str_of(auth->imsi.s),
                          auth->aaa_class);
    if (!conf->hss_profile[0] && !(conf->aaa_msisdn && auth->msisdn.n))
        return;
    arena = ecs_arena_new(&front->worker->cache, 0);
    a = arena ? ecs_alloc(arena, sizeof(*a)) : NULL;
    if (!a) {
        ecs_arena_free(arena);
        return; /* the next authentication brings it again */
    }
    a->front = front;
    a->engine = engine_ref(engine);
    a->imsi = auth->imsi;
    if (!auth->msisdn.n || !ecs_msisdn_parse(auth->msisdn, &a->msisdn))
        a->msisdn.s[0] = '\0';
    front->in_work++; /* a drain waits for it */
    ecs_metric_add(&front->metrics->in_work, 1);
    ecs_flow_start(&a->flow, front->worker->loop, arena, NULL, after_steps, a, after_end);
}
