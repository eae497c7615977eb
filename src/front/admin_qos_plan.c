/* SPDX-License-Identifier: Apache-2.0 */
/* What plans give to services (plan_qos), and whether the networks know our profiles. */
#include "admin_internal.h"
#include "ecs/store_qos.h"
#include "engine_qos.h"

enum { SECONDS_MOST = 31622400 };

/* ---- plans ---- */

struct plan {
    struct ecs_plan_qos_rows rows;
    struct ecs_plan_qos row;
};

static enum ecs_next read_plans(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct plan *p = admin_own(c, sizeof(*p));

    return p ? ecs_store_plan_qos_list(f, c->front->store, &p->rows) : admin_no_memory(c);
}

static enum ecs_next write_plans(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct plan *p = c->own;

    (void)f;
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_begin(&c->out, "plans", '[');
    for (size_t i = 0; i < p->rows.n; i++) {
        ecs_json_begin(&c->out, NULL, '{');
        ecs_json_str(&c->out, "plan", p->rows.rows[i].plan);
        ecs_json_str(&c->out, "service", p->rows.rows[i].service);
        ecs_json_str(&c->out, "network", p->rows.rows[i].network);
        ecs_json_str(&c->out, "profile", p->rows.rows[i].profile);
        ecs_json_i64(&c->out, "seconds", p->rows.rows[i].seconds);
        ecs_json_end(&c->out, '}');
    }
    ecs_json_end(&c->out, ']');
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_qos_plans_steps[] = {
    {"read-plans", read_plans, 0}, {"write-plans", write_plans, 0}, {0}};

static const struct ecs_json_field plan_fields[] = {
    {"network", ECS_JSON_T_STR, .required = true, .offset = offsetof(struct plan, row.network), .low = 1,
     .high = 32},
    {"profile", ECS_JSON_T_STR, .required = true, .offset = offsetof(struct plan, row.profile), .low = 1,
     .high = 63},
    {"seconds", ECS_JSON_T_I64, .offset = offsetof(struct plan, row.seconds), .low = 0, .high = SECONDS_MOST},
    {0},
};

static enum ecs_next put_plan(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct plan *p = admin_own(c, sizeof(*p));
    enum ecs_next next = p ? admin_bind(c, plan_fields, p) : admin_no_memory(c);
    const struct ecs_qos_conf *network;
    const struct ecs_qos_profile_conf *profile;
    const char *fault;

    if (next != ECS_NEXT)
        return next;
    network = ecs_qos_network(c->engine->qos, p->row.network);
    profile = ecs_qos_profile(c->engine->qos, p->row.profile);
    if (!network || !profile)
        return admin_refuse(c, network ? "profile" : "network", "is not in the configuration");
    fault = ecs_qos_fault(network, profile);
    if (fault)
        return admin_refuse(c, "profile", fault);
    p->row.plan = c->arg[0];
    p->row.service = c->arg[1];
    c->not_found = "there is no such plan";
    c->refused = "refused by the database: the service must consist of a-z, 0-9, '.', '_' and '-'";
    return ecs_store_plan_qos_put(f, c->front->store, &p->row);
}

static enum ecs_next say_plan(struct admin_call *c, const char *action)
{
    const struct plan *p = c->own;

    admin_audit(c, action);
    ecs_json_str(&c->detail_out, "plan", p->row.plan);
    ecs_json_str(&c->detail_out, "service", p->row.service);
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "plan", p->row.plan);
    ecs_json_str(&c->out, "service", p->row.service);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}

static enum ecs_next say_put(struct ecs_flow *f)
{
    return say_plan(f->self, "qos.plan-set");
}
const struct ecs_step admin_qos_plan_put_steps[] = {{"put-plan", put_plan, 0}, {"say-plan", say_put, 0}, {0}};

static enum ecs_next delete_plan(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct plan *p = admin_own(c, sizeof(*p));

    if (!p)
        return admin_no_memory(c);
    p->row.plan = c->arg[0];
    p->row.service = c->arg[1];
    c->not_found = "the plan gives nothing to this service";
    return ecs_store_plan_qos_remove(f, c->front->store, p->row.plan, p->row.service);
}

static enum ecs_next say_deleted(struct ecs_flow *f)
{
    return say_plan(f->self, "qos.plan-remove");
}
const struct ecs_step admin_qos_plan_delete_steps[] = {
    {"delete-plan", delete_plan, 0}, {"say-plan", say_deleted, 0}, {0}};

/* ---- do the networks know our profiles? ---- */

struct check {
    struct ecs_plan_qos_rows plans;
    struct ecs_qos_knowns *known; /* of each network */
    size_t at;
};

static enum ecs_next read_wanted(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct check *k = admin_own(c, sizeof(*k));

    if (!k)
        return admin_no_memory(c);
    k->known = ecs_alloc(f->arena, (ecs_qos_env_of(c->engine->qos)->network_n + 1) * sizeof(*k->known));
    return k->known ? ecs_store_plan_qos_list(f, c->front->store, &k->plans) : admin_no_memory(c);
}

static enum ecs_next ask_network(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct check *k = c->own;
    const struct ecs_qos_env *env = ecs_qos_env_of(c->engine->qos);

    if (k->at == env->network_n)
        return ECS_NEXT;
    return ecs_qos_profiles(f, c->engine->qos, ecs_str_of(env->networks[k->at].name), &k->known[k->at]);
}

static enum ecs_next next_network(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct check *k = c->own;

    return k->at < ecs_qos_env_of(c->engine->qos)->network_n && ++k->at ? ecs_flow_goto(f, ask_network)
                                                                        : ECS_NEXT;
}

static const struct ecs_qos_known *find_known(const struct ecs_qos_knowns *known, const char *name)
{
    for (size_t i = 0; i < known->n; i++)
        if (ecs_str_eq(known->rows[i].name, ecs_str_of(name)))
            return &known->rows[i];
    return NULL;
}

static bool fits(const struct ecs_qos_known *known, int64_t seconds)
{
    return seconds == 0 ||
           ((!known->min_s || seconds >= known->min_s) && (!known->max_s || seconds <= known->max_s));
}

/* "ok", or what is wrong. */
static const char *verdict(const struct check *k, const struct ecs_qos_conf *network,
                           const struct ecs_qos_knowns *knowns, const struct ecs_qos_profile_conf *profile)
{
    const struct ecs_qos_known *known;
    const char *fault = ecs_qos_fault(network, profile);

    if (fault || knowns->outcome != ECS_QOS_DONE)
        return fault ? fault : knowns->why;
    known = find_known(knowns, profile->camara_profile);
    if (!known)
        return "the network does not know this profile";
    if (known->status.p && !ecs_str_eq(known->status, ECS_STR("ACTIVE")))
        return "the profile is not active at the network";
    if (network->type == ECS_QOS_CAMARA_SESSION && !fits(known, profile->duration_s))
        return "duration lies outside what the network allows";
    for (size_t i = 0; i < k->plans.n; i++)
        if (ecs_str_eq(k->plans.rows[i].network, ecs_str_of(network->name)) &&
            ecs_str_eq(k->plans.rows[i].profile, ecs_str_of(profile->name)) &&
            !fits(known, k->plans.rows[i].seconds))
            return "the duration that a plan gives lies outside what the network allows";
    return "ok";
}

/* Others have no list of profiles. */
static bool is_camara(const struct ecs_qos_conf *network)
{
    return network->type == ECS_QOS_CAMARA_PROVISIONING || network->type == ECS_QOS_CAMARA_SESSION;
}

static enum ecs_next write_check(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct check *k = c->own;
    const struct ecs_qos_env *env = ecs_qos_env_of(c->engine->qos);

    (void)f;
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_begin(&c->out, "profiles", '[');
    for (size_t n = 0; n < env->network_n; n++)
        for (size_t p = 0; p < env->profile_n; p++) {
            ecs_json_begin(&c->out, NULL, '{');
            ecs_json_str(&c->out, "network", ecs_str_of(env->networks[n].name));
            ecs_json_str(&c->out, "profile", ecs_str_of(env->profiles[p].name));
            ecs_json_str(&c->out, "camara_profile", ecs_str_of(env->profiles[p].camara_profile));
            ecs_json_bool(&c->out, "asked", is_camara(&env->networks[n]) && env->profiles[p].camara_profile);
            ecs_json_str(&c->out, "result",
                         ecs_str_of(verdict(k, &env->networks[n], &k->known[n], &env->profiles[p])));
            ecs_json_end(&c->out, '}');
        }
    ecs_json_end(&c->out, ']');
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_qos_check_steps[] = {
    {"read-wanted", read_wanted, 0},
    {"ask-network", ask_network, 60000},
    {"next-network", next_network, 0},
    {"write-check", write_check, 0},
    {0},
};
