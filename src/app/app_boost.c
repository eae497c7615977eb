/* SPDX-License-Identifier: Apache-2.0 */
/* Data boosts (TS.43 9.5): how one stands, and the answer to a device that wants one now. */
#include "app_internal.h"

enum { DISABLED, ENABLED, INCOMPATIBLE, PROVISIONING, INCLUDED };  /* Table 87 */
enum { NOT_PROVISIONED, PROVISIONED, NOT_AVAILABLE, IN_PROGRESS }; /* Table 88 */
enum { BOOST_SERVICE = 10 };

static const char *const services[] = {"dataplan", NULL};

/* sold: there is a page that sells it. */
void app_boost_resolve(const struct ecs_decisions *decisions, const struct ecs_data_boost *boost, bool sold,
                       struct ecs_boost_view *v)
{
    int64_t go = decisions->v[ECS_DECIDE_DATAPLAN_BOOST].i;
    int done = decisions->v[ECS_DECIDE_DATAPLAN_TRACKING].i == ECS_TRACKING_NOT_TRACKED ? NOT_AVAILABLE
                                                                                        : PROVISIONED;

    *v = (struct ecs_boost_view){.entitlement = INCOMPATIBLE, .provisioning = NOT_AVAILABLE, .boost = boost};
    if (!boost)
        return;
    if (boost->state == ECS_BOOST_ACTIVE) {
        v->entitlement = ENABLED;
        v->provisioning = done;
    } else if (boost->state == ECS_BOOST_PENDING) {
        v->entitlement = PROVISIONING;
        v->provisioning = IN_PROGRESS;
    } else if (go == ECS_BOOST_GO_REFUSED || boost->offer == ECS_BOOST_REFUSED) {
        return;
    } else if (go == ECS_BOOST_GO_PAUSED || boost->offer == ECS_BOOST_PAUSED) {
        v->entitlement = DISABLED;
    } else if (boost->offer == ECS_BOOST_INCLUDED) {
        v->entitlement = INCLUDED;
        v->provisioning = done;
    } else {
        v->entitlement = sold ? ENABLED : DISABLED;
        v->to_buy = sold;
        if (sold)
            v->provisioning = (int)decisions->v[ECS_DECIDE_DATAPLAN_BUY_PROVISIONING].i;
    }
}

void ecs_app_boost(struct ecs_app_context *c, int64_t type, struct ecs_boost_view *ret_view)
{
    struct ecs_facts facts = c->facts;
    struct ecs_decisions decisions;

    app_boost_facts(&facts, c->line->data, type, true);
    ecs_decide(c->policy, ECS_SERVICE_DATAPLAN, &facts, &decisions);
    app_boost_resolve(&decisions, ecs_data_boost_find(c->line->data, type), true, ret_view);
}

enum ecs_rc app_build_boost(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                            const struct ecs_decisions *decisions, struct ecs_app_result *result)
{
    const struct ecs_decision_value *v = decisions->v;
    const struct ecs_data_boost *boost = NULL;
    struct ecs_boost_view view;
    int64_t type, validity;

    if (app_boost_asked(c->request, &type))
        boost = ecs_data_boost_find(c->line->data, type);
    app_boost_resolve(decisions, boost, app_flow_has_url(c, v[ECS_DECIDE_DATAPLAN_FLOW_URL].s), &view);
    validity = v[view.entitlement == PROVISIONING ? ECS_DECIDE_DATAPLAN_VALIDITY_PENDING
                                                  : ECS_DECIDE_DATAPLAN_VALIDITY]
                   .i;
    if (boost && boost->state == ECS_BOOST_ACTIVE && boost->ends_at > c->now &&
        boost->ends_at - c->now < validity)
        validity = boost->ends_at - c->now;
    ecs_doc_int(doc, node, "EntitlementStatus", view.entitlement);
    ecs_doc_int(doc, node, "ProvStatus", view.provisioning);
    result->status = view.entitlement == INCLUDED ? ENABLED : view.entitlement;
    app_validity(c, validity, services);
    if (!view.to_buy)
        return ECS_OK;
    return app_flow_write(c, doc, node,
                          &(struct app_flow){.service = BOOST_SERVICE,
                                             .name = "boost",
                                             .url = v[ECS_DECIDE_DATAPLAN_FLOW_URL].s,
                                             .data = v[ECS_DECIDE_DATAPLAN_FLOW_DATA].s,
                                             .type = v[ECS_DECIDE_DATAPLAN_FLOW_TYPE].i,
                                             .encoded = v[ECS_DECIDE_DATAPLAN_FLOW_ENCODED].i,
                                             .life_s = validity + 3600,
                                             .provisioning = view.provisioning,
                                             .boost = boost->type});
}
