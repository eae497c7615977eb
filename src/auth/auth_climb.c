/* SPDX-License-Identifier: Apache-2.0 */
/* The begin of an EAP exchange, from provider to provider: one that is down, or cannot tell now, hands over
 * to the next; one that refuses ends the climb. */
#include "auth_relay.h"

#include "ecs/identity.h"
#include "ecs/sim.h"
#include "ecs/ts43.h"

/* What the card itself says, before anything is known of the subscriber. */
static struct ecs_str brand_of(const struct ecs_auth *auth)
{
    const struct ecs_ts43_request *r = auth->request;
    const struct ecs_sim_conf *sim = NULL;

    if (auth->imsi.s[0] && auth->env->sim_n)
        sim = ecs_sim_find(auth->env->sims, auth->env->sim_n, &auth->imsi, r->param[ECS_P_GID1],
                           r->param[ECS_P_GID2]);
    return sim ? ecs_str_of(sim->brand) : ECS_STR_NULL;
}

void auth_climb_start(struct auth_climb *climb, const struct ecs_auth *auth)
{
    climb->n = climb->at = 0;
    if (auth->env->ladder)
        climb->n = ecs_ladder_rungs(auth->env->ladder, brand_of(auth), &climb->rungs);
}

bool auth_climb_may_prove(const struct ecs_auth *auth, struct ecs_str provider)
{
    struct ecs_rung *const *rungs;
    size_t n = auth->env->ladder ? ecs_ladder_rungs(auth->env->ladder, brand_of(auth), &rungs) : 0;

    for (size_t i = 0; i < n; i++)
        if (ecs_str_eq(ecs_str_of(rungs[i]->name), provider))
            return true;
    return false;
}

bool auth_climb_resolves(const struct ecs_auth_env *env)
{
    struct ecs_rung *const *rungs;
    size_t n = env->ladder ? ecs_ladder_rungs(env->ladder, ECS_STR_NULL, &rungs) : 0;

    for (size_t i = 0; i < n; i++)
        if (rungs[i]->kind == ECS_RUNG_RELAY)
            return true;
    return false;
}

/* An AAA is asked about identities of its realms only; one that names no IMSI can be resolved by nobody else.
 */
static bool suits(const struct ecs_rung *rung, const struct ecs_auth *auth)
{
    if (rung->kind != ECS_RUNG_RELAY)
        return auth->imsi.s[0];
    return ecs_aaa_serves(auth->env->aaa, ecs_str_of(rung->name), auth->request->param[ECS_P_EAP_ID]);
}

static bool is_up(const struct ecs_rung *rung, const struct ecs_auth *auth, int64_t now_us)
{
    return ecs_rung_is_up(auth->env->ladder, rung, now_us);
}

bool auth_climb_next(struct auth_climb *climb, const struct ecs_auth *auth, int64_t now_us)
{
    if (!auth->env->ladder) {
        climb->kind = ECS_RUNG_LOCAL;
        return climb->at++ == 0;
    }
    while (climb->at < climb->n) {
        struct ecs_rung *rung = climb->rungs[climb->at++];

        if (!suits(rung, auth))
            continue;
        if (!is_up(rung, auth, now_us)) {
            ecs_rung_skipped(rung);
            climb->failed = true;
            climb->why = "no provider of authentication can be asked now";
            continue;
        }
        climb->rung = rung;
        climb->kind = rung->kind;
        climb->left = 0;
        for (size_t i = climb->at; i < climb->n; i++)
            climb->left += climb->rungs[i]->kind != ECS_RUNG_LOCAL && suits(climb->rungs[i], auth) &&
                           is_up(climb->rungs[i], auth, now_us);
        return true;
    }
    return false;
}

enum ecs_next auth_climb_fail(struct ecs_flow *f, const struct auth_climb *climb, const struct ecs_auth *auth)
{
    if (climb->failed)
        return auth_unavailable(f, auth, climb->why);
    if (climb->unknown)
        return ecs_flow_fail(f, ECS_E_AUTH_REJECTED, "subscriber or key not known");
    if (auth->imsi.s[0])
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "EAP_ID: a realm that no provider here is asked about");
    return ecs_flow_fail(f, ECS_E_AUTH_NEEDED, "EAP_ID: an identity that no provider here can resolve");
}

/* The phone never sends this packet: TS.43 2.8.1 makes it of EAP_ID, byte for byte. */
enum ecs_next auth_climb_relay(struct ecs_flow *f, struct auth_climb *climb, struct ecs_auth *auth,
                               uint8_t identifier)
{
    const struct ecs_ts43_request *request = auth->request;
    struct ecs_str identity = request->param[ECS_P_EAP_ID];
    struct auth_leg *leg = &climb->leg;
    struct ecs_eap_id id;
    uint8_t *packet = ecs_alloc(f->arena, RELAY_ANSWER_MAX);

    if (!packet)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the EAP exchange");
    *leg = (struct auth_leg){.auth = auth, .begins = true};
    leg->deadline_us = auth_deadline(auth, f, climb->left + 1);
    leg->talk.identity = identity;
    leg->talk.kind = ecs_eap_id_parse(identity, &id);
    leg->talk.prime = auth->prime;
    leg->round = (struct ecs_aaa_round){
        .provider = ecs_str_of(climb->rung->name),
        .identity = identity,
        .eap = {(const char *)packet, ecs_eap_make_identity(identifier, identity, packet, RELAY_ANSWER_MAX)},
    };
    if (!leg->round.eap.n)
        return ecs_flow_fail(f, ECS_E_BAD_PARAMETER, "EAP_ID: does not fit into an EAP packet");
    if (request->has_terminal && request->terminal.is_imei)
        leg->round.imei = (struct ecs_str){request->terminal.s, request->terminal.n};
    return ecs_flow_call(f, auth_leg_steps, leg);
}

enum ecs_next auth_climb_keep(struct ecs_flow *f, struct auth_climb *climb, struct ecs_auth *auth,
                              struct ecs_str saved)
{
    const struct ecs_aaa_round *r = &climb->leg.round;

    climb->open = (struct ecs_relay_new){
        .kind = ECS_RELAY_EAP,
        .handle = {(const char *)auth->handle, sizeof(auth->handle)},
        .provider = r->provider,
        .imsi = auth->imsi.s[0] ? ecs_str_of(auth->imsi.s) : ECS_STR_NULL,
        .state = saved,
        .identifier = climb->leg.talk.identifier,
        .method = climb->leg.talk.type,
        .request = r->eap_out,
        .thread = r->thread_out.p ? r->thread_out : r->thread,
        .wait_s = r->wait_s,
    };
    return ecs_store_relay_open(f, auth->env->store, &climb->open);
}

enum auth_cookie auth_cookie_kind(struct ecs_str cookie)
{
    if (cookie.n == AUTH_COOKIE_LEN + 1 &&
        (cookie.p[0] == AUTH_COOKIE_RELAY || cookie.p[0] == AUTH_COOKIE_HSS))
        return (enum auth_cookie)cookie.p[0];
    return AUTH_COOKIE_LOCAL;
}
