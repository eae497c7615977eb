/* SPDX-License-Identifier: Apache-2.0 */
/* ap2010: data plan, usage, 5G standalone and the list of boosts (TS.43 section 9). What the plan does not
 * say is left out: any subset may be offered. */
#include "app_internal.h"

enum { DISABLED, ENABLED, INCOMPATIBLE };
enum { FIRST_OF_12 = 12 };

static const char *const services[] = {"dataplan", NULL};
/* Table 78, in the order of ecs_data_boost.target; of the first two 0 means nothing (D-009). */
static const char *const targets[ECS_BOOST_TARGETS] = {"PDB",
                                                       "Jitter",
                                                       "MinDownlinkDataRate",
                                                       "MaxDownlinkDataRate",
                                                       "MaxDownlinkBurstRate",
                                                       "MinUplinkDataRate",
                                                       "MaxUplinkDataRate",
                                                       "MaxUplinkBurstRate",
                                                       "PER"};
enum { POSITIVE = 2 };

static void add_plan(struct ecs_doc *doc, struct ecs_doc_node *node, const struct ecs_data_facts *data)
{
    struct ecs_doc_node *list;

    if (!data->n_access)
        return;
    list = ecs_doc_list_boxed(doc, node, "DataPlanInfo", "DataPlanInfoDetails");
    for (size_t i = 0; i < data->n_access; i++) {
        struct ecs_doc_node *item = ecs_doc_item(doc, list);

        ecs_doc_int(doc, item, "AccessType", data->access[i].type);
        ecs_doc_str(doc, item, "DataPlanType",
                    data->access[i].metered ? ECS_STR("Metered") : ECS_STR("Unmetered"));
    }
}

static void add_targets(struct ecs_doc *doc, struct ecs_doc_node *item, const struct ecs_data_boost *boost)
{
    struct ecs_doc_node *group = NULL;

    for (unsigned i = 0; i < ECS_BOOST_TARGETS; i++) {
        if (boost->target[i] < (i < POSITIVE ? 1 : 0))
            continue;
        if (!group)
            group = ecs_doc_group(doc, item, "TargetCharacteristicsInfo");
        ecs_doc_int(doc, group, targets[i], boost->target[i]);
    }
}

/* Each boost by the decisions made for it. */
static bool add_boosts(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node)
{
    const struct ecs_data_facts *data = c->line->data;
    struct ecs_doc_node *list = NULL;
    bool pending = false;

    for (size_t i = 0; i < data->n_boosts; i++) {
        const struct ecs_data_boost *boost = &data->boosts[i];
        bool old = boost->type == ECS_BOOST_INTERACTIVE && c->version.major < FIRST_OF_12;
        struct ecs_facts facts = c->facts;
        struct ecs_decisions decisions;
        struct ecs_boost_view view;
        struct ecs_doc_node *item;

        app_boost_facts(&facts, data, boost->type, false);
        ecs_decide(c->policy, ECS_SERVICE_DATAPLAN, &facts, &decisions);
        app_boost_resolve(&decisions, boost, app_flow_has_url(c, decisions.v[ECS_DECIDE_DATAPLAN_FLOW_URL].s),
                          &view);
        if (!list)
            list = ecs_doc_list_boxed(doc, node, "DataBoostInfo", "DataBoostInfoDetails");
        item = ecs_doc_item(doc, list);
        ecs_doc_int(doc, item, "BoostType", old ? 0 : boost->type);
        /* Bought and included ones count as enabled: the device asks for them when an application wants one.
         */
        ecs_doc_int(doc, item, "BoostTypeStatus",
                    view.entitlement > INCOMPATIBLE ? ENABLED : view.entitlement);
        if (decisions.v[ECS_DECIDE_DATAPLAN_TARGETS].i)
            add_targets(doc, item, boost);
        pending |= boost->state == ECS_BOOST_PENDING;
    }
    return pending;
}

static void add_usage(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                      const struct ecs_data_facts *data)
{
    struct ecs_doc_node *list;

    if (!data->n_usage)
        return;
    list = ecs_doc_list_boxed(doc, node, "DataUsageInfo", "DataUsageInfoDetails");
    for (size_t i = 0; i < data->n_usage; i++) {
        const struct ecs_data_usage *usage = &data->usage[i];
        struct ecs_doc_node *item = ecs_doc_item(doc, list);

        ecs_doc_int(doc, item, "DataUsageType", usage->type);
        if (usage->name.n)
            ecs_doc_str(doc, item, "DataUsageName", ecs_doc_text(c->arena, usage->name));
        if (usage->description.n)
            ecs_doc_str(doc, item, "DataUsageDescription", ecs_doc_text(c->arena, usage->description));
        if (usage->cycle_end)
            ecs_doc_time(doc, item, "EndOfBillingCycle", usage->cycle_end);
        if (usage->allowance >= 0)
            ecs_doc_int(doc, item, "DataAllowanceInBytes", usage->allowance);
        ecs_doc_int(doc, item, "DataUsedInBytes", usage->used);
    }
}

static void add_sa(struct ecs_doc *doc, struct ecs_doc_node *node, int64_t mode, int by_plan)
{
    int status = mode == ECS_SA_MODE_ON ? 1 : mode == ECS_SA_MODE_OFF ? 0 : by_plan;

    if (mode == ECS_SA_MODE_OMIT || status < 0)
        return;
    ecs_doc_int(doc, ecs_doc_item(doc, ecs_doc_list_boxed(doc, node, "5GSAInfo", "5GSAInfoDetails")),
                "5GSAStatus", status);
}

enum ecs_rc app_build_dataplan(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                               const struct ecs_decisions *decisions, struct ecs_app_result *result)
{
    static const struct ecs_data_facts nothing = {.sa = -1};
    const struct ecs_data_facts *data = c->line->data ? c->line->data : &nothing;
    const struct ecs_decision_value *v = decisions->v;
    bool pending = false;

    if (c->request->param[ECS_P_BOOST_TYPE].p)
        return app_build_boost(c, doc, node, decisions, result);
    if (v[ECS_DECIDE_DATAPLAN_PLAN].i)
        add_plan(doc, node, data);
    if (v[ECS_DECIDE_DATAPLAN_BOOSTS].i && data != &nothing)
        pending = add_boosts(c, doc, node);
    if (v[ECS_DECIDE_DATAPLAN_USAGE].i)
        add_usage(c, doc, node, data);
    add_sa(doc, node, v[ECS_DECIDE_DATAPLAN_SA].i, data->sa);
    result->status = ENABLED;
    app_validity(c, v[pending ? ECS_DECIDE_DATAPLAN_VALIDITY_PENDING : ECS_DECIDE_DATAPLAN_VALIDITY].i,
                 services);
    return ECS_OK;
}
