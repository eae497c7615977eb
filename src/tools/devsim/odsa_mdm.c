/* SPDX-License-Identifier: Apache-2.0 */
/* A server that manages the devices of an enterprise (ap2011, TS.43 10): access token, the token of the pair
 * of requestor and enterprise, plans, a profile for one device. */

#include "odsa.h"

enum { SUBSCRIBE = 0 };

static bool need(struct ecs_sim_odsa *o, const char *value, const char *option)
{
    return value || ecs_sim_odsa_stop(o, ECS_SIM_RESULT_USAGE, "%s is needed", option);
}

/* CheckEligibility with the access token; the answer has the token for all that follows (10.2, step 5). */
static bool enter(struct ecs_sim_odsa *o, struct ecs_sim_actor *server)
{
    const struct ecs_sim_odsa_param params[] = {
        {"requestor_id", o->own->requestor}, {"enterprise_id", o->own->enterprise}, {0}};
    struct ecs_sim_device *d = &server->device;

    if (o->options->pnv.access_token)
        ecs_sim_params_set(&d->params, ECS_STR("access_token"), ecs_str_of(o->options->pnv.access_token));
    else if (!ecs_sim_device_access_token(d)) {
        ecs_sim_odsa_tell(o, server);
        return ecs_sim_odsa_stop(o, ecs_sim_result_of(d), "the token endpoint gave no access token");
    }
    ecs_sim_odsa_say(o, "  server has an access token");
    if (!ecs_sim_odsa_eligible(o, server, "EnterpriseAppEligibility", params))
        return false;
    ecs_sim_params_remove(&d->params, ECS_STR("access_token"));
    return d->token.n ||
           ecs_sim_odsa_stop(o, ECS_SIM_RESULT_BROKEN, "CheckEligibility gave no token (TS.43 10.2)");
}

/* As the user says, else the first offer. */
static bool choose_plan(struct ecs_sim_odsa *o, struct ecs_sim_actor *server, const char **ret_plan)
{
    const struct ecs_sim_odsa_param params[] = {{"requestor_id", o->own->requestor}, {0}};

    *ret_plan = o->own->plan;
    if (!ecs_sim_odsa_do(o, server, "AcquirePlan", ECS_SIM_ODSA_NO_TYPE, params))
        return false;
    for (const struct ecs_sim_value *v = server->device.document.first; v && !*ret_plan; v = v->next)
        if (ecs_str_eq(v->name, ECS_STR("PlanId")) && v->value.n)
            *ret_plan = ecs_strdup(o->arena, v->value);
    if (*ret_plan)
        ecs_sim_odsa_say(o, "  server takes the plan %s", *ret_plan);
    return *ret_plan || ecs_sim_odsa_stop(o, ECS_SIM_RESULT_REFUSED, "no plan is offered to the enterprise");
}

bool ecs_sim_odsa_mdm(struct ecs_sim_odsa *o)
{
    const struct ecs_sim_odsa_options *own = o->own;
    const struct ecs_sim_odsa_param named[] = {
        {"requestor_id", own->requestor}, {"enterprise_terminal_id", own->device_id}, {0}};
    struct ecs_sim_actor *server;
    const char *plan = NULL;

    o->app = "ap2011";
    if (!need(o, own->requestor, "--requestor") || !need(o, own->enterprise, "--enterprise") ||
        !need(o, own->device_id, "--device-id") || !need(o, own->device_eid, "--device-eid"))
        return false;
    server = ecs_sim_odsa_actor(o, "server", "library", "0", false);
    if (!server || !enter(o, server) || !choose_plan(o, server, &plan) ||
        !ecs_sim_odsa_do(o, server, "AcquireConfiguration", ECS_SIM_ODSA_NO_TYPE, named))
        return false;
    {
        const struct ecs_sim_odsa_param params[] = {{"requestor_id", own->requestor},
                                                    {"plan_id", plan},
                                                    {"enterprise_terminal_id", own->device_id},
                                                    {"enterprise_terminal_eid", own->device_eid},
                                                    {0}};
        const struct ecs_sim_odsa_wish wish = {server, SUBSCRIBE, params, named, own->device_eid};

        return ecs_sim_odsa_obtain(o, &wish) && ecs_sim_odsa_in_service(o, &wish);
    }
}
