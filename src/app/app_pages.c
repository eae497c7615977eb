/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a service as the consent pages need it: the same facts, the same policy, the same order of
 * evaluation as for devices. */
#include "app_internal.h"

enum { ITEM_MISSING = 0, ITEM_RUNNING = 3, INCOMPATIBLE = 2 };

/* Devices hear "missing" for a running item beside a missing one (Table 20); users are asked for neither
 * twice. */
static int unmerged(const struct ecs_app_context *c, int item, enum ecs_fact fact)
{
    const struct ecs_fact_value *v = &c->facts.v[fact];

    return item == ITEM_MISSING && v->known && v->i == ITEM_RUNNING ? ITEM_RUNNING : item;
}

void ecs_app_vowifi(struct ecs_app_context *c, struct ecs_vowifi_view *ret_view)
{
    static const char *const services[] = {"vowifi", NULL};
    struct ecs_decisions decisions;
    struct vowifi_state s;

    /* Shortly after a flow devices still hear "missing" (C-31b); nobody is to be asked again for that. */
    ecs_fact_unset(&c->facts, ECS_FACT_VOWIFI_FLOW_CLOSED);
    ecs_decide(c->policy, ECS_SERVICE_VOWIFI, &c->facts, &decisions);
    vowifi_resolve(&c->facts, &decisions, c->now, &s);
    *ret_view = (struct ecs_vowifi_view){
        .entitlement = s.entitlement,
        .terms = unmerged(c, s.terms, ECS_FACT_VOWIFI_TERMS),
        .address = unmerged(c, s.address, ECS_FACT_VOWIFI_ADDRESS),
        .provisioning = s.provisioning,
        .terms_version = decisions.v[ECS_DECIDE_VOWIFI_TERMS_VERSION].i,
    };
    if (s.entitlement == INCOMPATIBLE)
        ret_view->message = app_message(c, decisions.v[ECS_DECIDE_VOWIFI_MESSAGE].s, services);
}
