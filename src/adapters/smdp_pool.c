/* SPDX-License-Identifier: Apache-2.0 */
/* Prepared activation codes out of our database. What an SM-DP+ does with a profile is the state of a row:
 * an order takes it, a confirmation gives its code out, a cancellation frees it or makes it void. */
#include "adapters/smdp_int.h"
#include "ecs/store_pool.h"

enum { STORE_MS = 10000 };

struct pool {
    struct smdp_call *call;
    struct ecs_pool_row row;
};

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
    return smdp->env->store && ecs_store_is_up(smdp->env->store);
}

static enum ecs_next ask(struct ecs_flow *f)
{
    struct pool *p = f->self;
    const struct smdp_call *c = p->call;
    struct ecs_store *store = c->smdp->env->store;
    struct ecs_str smdp = ecs_str_of(c->smdp->conf->name), owner = smdp_owner(c->call_id);

    switch (c->function) {
    case ECS_SMDP_FN_ORDER:
        if (c->iccid.p)
            return ecs_store_pool_take_iccid(f, store, c->call_id, smdp, c->iccid, &p->row);
        return ecs_store_pool_take(f, store, c->call_id, smdp, c->profile_type,
                                   (unsigned)c->smdp->conf->low_stock + 1, &p->row);
    case ECS_SMDP_FN_CONFIRM:
        return ecs_store_pool_give(f, store, smdp, c->iccid, owner, &p->row);
    case ECS_SMDP_FN_CANCEL:
        return ecs_store_pool_drop(f, store, smdp, c->iccid, owner, c->reusable, &p->row);
    default:
        return ecs_store_pool_get(f, store, smdp, c->iccid, &p->row);
    }
}

static void end(struct ecs_smdp_result *r, enum ecs_smdp_status status, const char *why)
{
    r->status = status;
    r->why = why;
}

/* Texts of the row live in the result of the database: as long as the arena. */
static void tell(struct ecs_flow *f, const struct pool *p, struct ecs_smdp_result *r)
{
    const struct ecs_smdp_env *env = p->call->smdp->env;
    const struct ecs_pool_row *row = &p->row;
    struct ecs_str code, address, matching_id;
    bool confirmation;

    if (!env->open || !env->open(env->open_arg, f->arena, row->code_sealed, &code) ||
        !ecs_activation_code_read(code, &address, &matching_id, &confirmation)) {
        end(r, ECS_SMDP_DENIED, "the code in the pool cannot be opened with our keys");
        return;
    }
    r->iccid = row->iccid;
    r->code = code;
    r->address = address;
    r->matching_id = matching_id;
    r->line_imsi = row->line_imsi;
    r->msisdn = row->msisdn;
    r->eid = p->call->eid;
}

static void read_order(struct ecs_flow *f, const struct pool *p, struct ecs_smdp_result *r)
{
    const struct ecs_smdp_conf *conf = p->call->smdp->conf;
    const struct ecs_pool_row *row = &p->row;

    if (!row->found)
        end(r, p->call->iccid.p ? ECS_SMDP_REFUSED : ECS_SMDP_NO_STOCK,
            p->call->iccid.p ? "the pool does not have the profile"
                             : "no code of this type is left in the pool");
    else if (!row->mine && row->state == ECS_POOL_FREE) /* as it was when somebody was just taking it */
        end(r, ECS_SMDP_AGAIN, "the profile is being taken elsewhere");
    else if (!row->mine || row->state == ECS_POOL_VOID)
        end(r, ECS_SMDP_TAKEN, "the profile was given out, or may not be used again");
    else
        tell(f, p, r);
    if (r->status == ECS_SMDP_OK && !p->call->iccid.p && row->left < conf->low_stock)
        ecs_log_at(f->log, ECS_EV_SMDP, ECS_LOG_WARNING,
                   "pool %s runs out: %lld codes of type \"%.*s\" are left", conf->name, (long long)row->left,
                   ECS_FMT(p->call->profile_type));
}

static void read_other(struct ecs_flow *f, const struct pool *p, struct ecs_smdp_result *r)
{
    const struct ecs_pool_row *row = &p->row;
    enum ecs_smdp_function function = p->call->function;

    if (!row->found) {
        end(r, ECS_SMDP_REFUSED, "the pool does not have the profile");
    } else if (function == ECS_SMDP_FN_STATE) {
        static const char *const names[] = {"Available", "Allocated", "Released", "Unavailable"};

        r->iccid = row->iccid;
        r->state = ecs_str_of(names[row->state]);
    } else if (function == ECS_SMDP_FN_CANCEL) {
        r->iccid = row->iccid;
        r->warning = !row->mine; /* nothing of ours was there any more */
    } else if (function == ECS_SMDP_FN_CONFIRM && row->mine && row->state == ECS_POOL_GIVEN) {
        tell(f, p, r);
    } else if (function == ECS_SMDP_FN_CONFIRM && row->mine && row->state == ECS_POOL_TAKEN) {
        end(r, ECS_SMDP_AGAIN, "the same call is under way elsewhere"); /* it has just given it */
    } else if (function == ECS_SMDP_FN_RELEASE &&
               (row->state == ECS_POOL_TAKEN || row->state == ECS_POOL_GIVEN)) {
        r->iccid = row->iccid;
    } else {
        end(r, ECS_SMDP_TAKEN, "the profile is no longer reserved for this procedure");
    }
}

static enum ecs_next judge(struct ecs_flow *f)
{
    struct pool *p = f->self;
    struct ecs_smdp_result *r = p->call->result;
    enum ecs_rc rc = ecs_store_pool_rc(&p->row);

    if (rc != ECS_OK)
        end(r, ECS_SMDP_AGAIN,
            rc == ECS_E_CONFLICT ? "the same call is under way elsewhere" : ecs_strerror(rc));
    else if (p->call->function == ECS_SMDP_FN_ORDER)
        read_order(f, p, r);
    else
        read_other(f, p, r);
    return ECS_DONE;
}

static const struct ecs_step steps[] = {
    {"pool-ask", ask, STORE_MS},
    {"pool-judge", judge, 0},
    {0},
};

static enum ecs_next call_pool(struct ecs_flow *f, struct smdp_call *call)
{
    struct pool *p = ecs_alloc(f->arena, sizeof(*p));

    if (!p || !call->smdp->env->store) {
        end(call->result, ECS_SMDP_AGAIN, p ? "there is no database" : "no memory");
        return ECS_NEXT;
    }
    p->call = call;
    return ecs_flow_call(f, steps, p);
}

const struct smdp_ops smdp_pool_ops = {
    .open = open_source, .close = close_source, .call = call_pool, .is_up = is_up};
