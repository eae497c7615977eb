/* SPDX-License-Identifier: Apache-2.0 */
/* Sources of eSIM profiles: which one serves, and what all calls have in common: checks of what is asked, a
 * line in the log and a count for each end that is no plain success. */
#include "adapters/smdp_int.h"

#include <stdlib.h>
#include <string.h>

#include "ecs/ids.h"

struct ecs_smdps {
    struct ecs_smdp_env env;
    size_t n;
    struct ecs_smdp smdp[];
};

const char *const ecs_smdp_function_names[ECS_SMDP_FN_COUNT] = {
    [ECS_SMDP_FN_ORDER] = "downloadOrder",    [ECS_SMDP_FN_CONFIRM] = "confirmOrder",
    [ECS_SMDP_FN_CANCEL] = "cancelOrder",     [ECS_SMDP_FN_RELEASE] = "releaseProfile",
    [ECS_SMDP_FN_STATE] = "getProfileStatus",
};

const char *const ecs_smdp_status_names[ECS_SMDP_STATUS_COUNT] = {
    [ECS_SMDP_OK] = "ok",         [ECS_SMDP_AGAIN] = "again", [ECS_SMDP_NO_STOCK] = "no-stock",
    [ECS_SMDP_IN_USE] = "in-use", [ECS_SMDP_TAKEN] = "taken", [ECS_SMDP_REFUSED] = "refused",
    [ECS_SMDP_DENIED] = "denied",
};

static const struct smdp_ops *const kinds[] = {
    [ECS_SMDP_ES2PLUS] = &smdp_es2plus_ops,
    [ECS_SMDP_POOL] = &smdp_pool_ops,
    [ECS_SMDP_STATIC] = &smdp_static_ops,
};

/* ---- the set ---- */

struct ecs_smdps *ecs_smdps_new(const struct ecs_smdp_env *env, const struct ecs_smdp_conf *confs, size_t n)
{
    struct ecs_smdps *set = calloc(1, sizeof(*set) + n * sizeof(set->smdp[0]));

    if (!set)
        return NULL;
    set->env = *env;
    for (size_t i = 0; i < n; i++) {
        struct ecs_smdp *smdp = &set->smdp[set->n++];

        smdp->conf = &confs[i];
        smdp->env = &set->env;
        smdp->ops = kinds[confs[i].type];
        if (!smdp->ops->open(smdp, env)) {
            ecs_smdps_free(set);
            return NULL;
        }
    }
    return set;
}

void ecs_smdps_free(struct ecs_smdps *smdps)
{
    if (!smdps)
        return;
    for (size_t i = 0; i < smdps->n; i++)
        smdps->smdp[i].ops->close(&smdps->smdp[i]);
    free(smdps);
}

static bool serves(const struct ecs_smdp_conf *conf, struct ecs_str profile_type, struct ecs_str eid)
{
    const struct ecs_str_list *types = &conf->profile_types, *prefixes = &conf->eid_prefixes;
    bool type = !types->n || !profile_type.p, prefix = !prefixes->n || !eid.p;

    for (size_t i = 0; !type && i < types->n; i++)
        type = ecs_str_eq(types->items[i], profile_type);
    for (size_t i = 0; !prefix && i < prefixes->n; i++)
        prefix = ecs_str_starts_with(eid, prefixes->items[i]);
    return type && prefix;
}

struct ecs_smdp *ecs_smdps_choose(const struct ecs_smdps *smdps, struct ecs_str profile_type,
                                  struct ecs_str eid)
{
    const struct ecs_smdp *first = NULL, *up = NULL;

    for (size_t i = 0; i < smdps->n && !up; i++) {
        const struct ecs_smdp *smdp = &smdps->smdp[i];

        if (!serves(smdp->conf, profile_type, eid))
            continue;
        if (!first)
            first = smdp;
        if (smdp->ops->is_up(smdp))
            up = smdp;
    }
    return (struct ecs_smdp *)(uintptr_t)(up ? up : first);
}

struct ecs_smdp *ecs_smdps_find(const struct ecs_smdps *smdps, struct ecs_str name)
{
    for (size_t i = 0; i < smdps->n; i++)
        if (ecs_str_eq(name, ecs_str_of(smdps->smdp[i].conf->name)))
            return (struct ecs_smdp *)(uintptr_t)&smdps->smdp[i];
    return NULL;
}

const struct ecs_smdp_conf *ecs_smdp_conf_of(const struct ecs_smdp *smdp)
{
    return smdp->conf;
}

/* ---- a call ---- */

static bool is_call_id(struct ecs_str id)
{
    for (size_t i = 0; i < id.n; i++)
        if (id.p[i] <= ' ' || id.p[i] > '~')
            return false;
    return id.n >= 1 && id.n <= SMDP_CALL_ID_MAX;
}

/* NULL, or what is wrong with what is asked: nobody is called with it (smdp.md 4). Empty texts count as left
 * out, but for the matching id. */
static const char *check(struct smdp_call *c)
{
    struct ecs_eid eid;

    if (!c->iccid.n)
        c->iccid = ECS_STR_NULL;
    if (!c->eid.n)
        c->eid = ECS_STR_NULL;
    if (!c->profile_type.n)
        c->profile_type = ECS_STR_NULL;
    if (!c->confirmation_code.n)
        c->confirmation_code = ECS_STR_NULL;
    if (!is_call_id(c->call_id))
        return "the call has no usable id";
    if (c->eid.p && !ecs_eid_parse(c->eid, &eid))
        return "the EID is not 32 digits, or its check digits are wrong";
    if (c->iccid.p) {
        c->iccid = smdp_iccid(c->iccid);
        if (!c->iccid.p)
            return "the ICCID is not 18 to 20 digits";
    } else if (c->function != ECS_SMDP_FN_ORDER || c->smdp->conf->type == ECS_SMDP_STATIC) {
        return "no ICCID is given"; /* a static source has no new ones */
    } else if (c->smdp->conf->type == ECS_SMDP_ES2PLUS && !c->profile_type.p) {
        return "neither ICCID nor profile type is given";
    }
    if (!smdp_is_matching_id(c->matching_id))
        return "the matching id cannot stand in an activation code";
    if (c->function == ECS_SMDP_FN_CONFIRM && c->matching_id.p && !c->matching_id.n && !c->eid.p)
        return "the default SM-DP+ needs an EID";
    return NULL;
}

static enum ecs_next begin(struct ecs_flow *f)
{
    struct smdp_call *c = f->self;
    const char *wrong = check(c);

    if (!wrong)
        return c->smdp->ops->call(f, c);
    c->result->status = ECS_SMDP_REFUSED;
    c->result->why = wrong;
    return ECS_NEXT;
}

static enum ecs_log_level level_of(enum ecs_smdp_status status)
{
    switch (status) {
    case ECS_SMDP_OK:
        return ECS_LOG_INFO;
    case ECS_SMDP_AGAIN:
        return ECS_LOG_WARNING;
    case ECS_SMDP_NO_STOCK:
    case ECS_SMDP_DENIED:
        return ECS_LOG_ERROR;
    default:
        return ECS_LOG_NOTICE;
    }
}

static enum ecs_next finish(struct ecs_flow *f)
{
    const struct smdp_call *c = f->self;
    const struct ecs_smdp_env *env = c->smdp->env;
    struct ecs_smdp_result *r = c->result;

    if (r->status != ECS_SMDP_OK && !r->why)
        r->why = ecs_smdp_status_names[r->status];
    if (env->count)
        env->count(env->count_arg, c->function, r->status);
    if (r->status != ECS_SMDP_OK || r->warning)
        ecs_log_at(f->log, ECS_EV_SMDP, level_of(r->status), "%s at %s: %s%s%s, %lld ms",
                   ecs_smdp_function_names[c->function], c->smdp->conf->name,
                   ecs_smdp_status_names[r->status], r->why ? ": " : "", r->why ? r->why : "",
                   (long long)(ecs_loop_now_us(f->loop) - c->begun_us) / 1000);
    return ECS_DONE;
}

static const struct ecs_step steps[] = {
    {"smdp-call", begin, SMDP_CALL_MS},
    {"smdp-end", finish, 0},
    {0},
};

/* Results are made of what was asked for: it lives as long as they do. */
static bool keep(struct ecs_arena *arena, struct smdp_call *c)
{
    struct ecs_str *texts[] = {&c->call_id, &c->iccid,       &c->profile_type,
                               &c->eid,     &c->matching_id, &c->confirmation_code};

    for (size_t i = 0; i < ECS_ARRAY_LEN(texts); i++) {
        char *p = texts[i]->p ? ecs_arena_secret(arena, texts[i]->n + 1) : NULL;

        if (texts[i]->p && !p)
            return false;
        if (texts[i]->n)
            memcpy(p, texts[i]->p, texts[i]->n);
        texts[i]->p = p;
    }
    return true;
}

static enum ecs_next run(struct ecs_flow *f, struct ecs_smdp *smdp, enum ecs_smdp_function function,
                         const struct smdp_call *asked, struct ecs_smdp_result *ret_result)
{
    struct smdp_call *c = ecs_alloc(f->arena, sizeof(*c));

    *ret_result = (struct ecs_smdp_result){.status = ECS_SMDP_OK};
    if (!c) {
        ret_result->status = ECS_SMDP_AGAIN;
        ret_result->why = "no memory";
        return ECS_NEXT;
    }
    *c = *asked;
    if (!keep(f->arena, c)) {
        ret_result->status = ECS_SMDP_AGAIN;
        ret_result->why = "no memory";
        return ECS_NEXT;
    }
    c->smdp = smdp;
    c->function = function;
    c->result = ret_result;
    c->begun_us = ecs_loop_now_us(f->loop);
    return ecs_flow_call(f, steps, c);
}

enum ecs_next ecs_smdp_order(struct ecs_flow *f, struct ecs_smdp *smdp, const struct ecs_smdp_order *order,
                             struct ecs_smdp_result *ret_result)
{
    const struct smdp_call call = {.call_id = order->call_id,
                                   .iccid = order->iccid,
                                   .profile_type = order->profile_type,
                                   .eid = order->eid,
                                   .repeated = order->repeated};

    return run(f, smdp, ECS_SMDP_FN_ORDER, &call, ret_result);
}

enum ecs_next ecs_smdp_confirm(struct ecs_flow *f, struct ecs_smdp *smdp,
                               const struct ecs_smdp_confirm *confirm, struct ecs_smdp_result *ret_result)
{
    const struct smdp_call call = {.call_id = confirm->call_id,
                                   .iccid = confirm->iccid,
                                   .eid = confirm->eid,
                                   .matching_id = confirm->matching_id,
                                   .confirmation_code = confirm->confirmation_code,
                                   .release = confirm->release,
                                   .repeated = confirm->repeated};

    return run(f, smdp, ECS_SMDP_FN_CONFIRM, &call, ret_result);
}

enum ecs_next ecs_smdp_release(struct ecs_flow *f, struct ecs_smdp *smdp,
                               const struct ecs_smdp_release *release, struct ecs_smdp_result *ret_result)
{
    const struct smdp_call call = {
        .call_id = release->call_id, .iccid = release->iccid, .repeated = release->repeated};

    return run(f, smdp, ECS_SMDP_FN_RELEASE, &call, ret_result);
}

enum ecs_next ecs_smdp_cancel(struct ecs_flow *f, struct ecs_smdp *smdp, const struct ecs_smdp_cancel *cancel,
                              struct ecs_smdp_result *ret_result)
{
    const struct smdp_call call = {.call_id = cancel->call_id,
                                   .iccid = cancel->iccid,
                                   .eid = cancel->eid,
                                   .matching_id = cancel->matching_id,
                                   .reusable = cancel->reusable,
                                   .repeated = cancel->repeated};

    return run(f, smdp, ECS_SMDP_FN_CANCEL, &call, ret_result);
}

enum ecs_next ecs_smdp_state(struct ecs_flow *f, struct ecs_smdp *smdp, struct ecs_str call_id,
                             struct ecs_str iccid, struct ecs_smdp_result *ret_result)
{
    const struct smdp_call call = {.call_id = call_id, .iccid = iccid};

    return run(f, smdp, ECS_SMDP_FN_STATE, &call, ret_result);
}
