/* SPDX-License-Identifier: Apache-2.0 */
/* A default SM-DP+ that is told nothing: the operator's systems have prepared the profile there, the device
 * asks for it by its EID (smdp.md 4 case C). */
#include "adapters/smdp_int.h"

static bool open_source(struct ecs_smdp *smdp, const struct ecs_smdp_env *env)
{
    (void)smdp;
    (void)env;
    return true;
}

static void close_source(struct ecs_smdp *smdp)
{
    (void)smdp;
}

static bool is_up(const struct ecs_smdp *smdp)
{
    (void)smdp;
    return true;
}

static void tell(struct ecs_flow *f, const struct smdp_call *call)
{
    struct ecs_smdp_result *r = call->result;
    const struct ecs_smdp_conf *c = call->smdp->conf;
    char code[ECS_ACTIVATION_CODE_MAX + 1];

    r->iccid = call->iccid;
    r->eid = call->eid;
    r->matching_id = ECS_STR("");
    r->address = ecs_str_of(c->address);
    if (ecs_activation_code(r->address, r->matching_id, ecs_str_of(c->oid), false, code))
        r->code = ecs_str_of(ecs_strdup(f->arena, ecs_str_of(code)));
}

static enum ecs_next call_static(struct ecs_flow *f, struct smdp_call *call)
{
    if (call->function == ECS_SMDP_FN_ORDER || call->function == ECS_SMDP_FN_CONFIRM) {
        tell(f, call);
    } else if (call->function == ECS_SMDP_FN_STATE) {
        call->result->status = ECS_SMDP_REFUSED;
        call->result->why = "the source has no such function";
    }
    return ECS_NEXT;
}

const struct smdp_ops smdp_static_ops = {
    .open = open_source, .close = close_source, .call = call_static, .is_up = is_up};
