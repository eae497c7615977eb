/* SPDX-License-Identifier: Apache-2.0 */
/* ap2016: satellite access and the networks for it (TS.43 section 15). */
#include "app_internal.h"

enum { DISABLED, ENABLED, INCOMPATIBLE, PROVISIONING };                /* Table 136 */
enum { TERMS_MISSING, TERMS_DONE, TERMS_NOT_REQUIRED, TERMS_RUNNING }; /* as Table 17 */
enum { NOT_PROVISIONED, PROVISIONED, NOT_TRACKED, IN_PROGRESS };       /* as Table 18 */
enum { SATMODE_SERVICE = 16 };

static const char *const services[] = {"satmode", NULL};

static int64_t fact(const struct ecs_facts *facts, enum ecs_fact id, int64_t otherwise)
{
    return facts->v[id].known ? facts->v[id].i : otherwise;
}

static int terms_of(const struct ecs_facts *f, const struct ecs_decisions *d)
{
    int64_t need = d->v[ECS_DECIDE_SATMODE_TERMS].i,
            state = fact(f, ECS_FACT_SATMODE_TERMS, ECS_TERMS_MISSING);

    if (need == ECS_NEED_NOT_REQUIRED || (state == ECS_TERMS_NOT_REQUIRED && need != ECS_NEED_RENEW))
        return TERMS_NOT_REQUIRED;
    if (state == ECS_TERMS_IN_PROGRESS)
        return TERMS_RUNNING;
    if (state != ECS_TERMS_ACCEPTED || need == ECS_NEED_RENEW)
        return TERMS_MISSING;
    return fact(f, ECS_FACT_SATMODE_TERMS_VERSION, 0) < d->v[ECS_DECIDE_SATMODE_TERMS_VERSION].i
               ? TERMS_MISSING
               : TERMS_DONE;
}

static void resolve(struct ecs_app_context *c, const struct ecs_decisions *d, struct ecs_satmode_view *v,
                    bool *ret_start)
{
    int64_t offer = d->v[ECS_DECIDE_SATMODE_OFFER].i;
    bool tracked = d->v[ECS_DECIDE_SATMODE_PROVISIONING].i == ECS_TRACKING_TRACKED;

    *ret_start = false;
    *v = (struct ecs_satmode_view){
        .entitlement = ENABLED,
        .terms = terms_of(&c->facts, d),
        .provisioning = tracked
                            ? (int)fact(&c->facts, ECS_FACT_SATMODE_PROVISIONING, ECS_PROV_NOT_PROVISIONED)
                            : PROVISIONED,
        .terms_version = d->v[ECS_DECIDE_SATMODE_TERMS_VERSION].i,
        .message = ECS_STR(""),
    };
    if (offer == ECS_OFFER_NO) {
        v->entitlement = INCOMPATIBLE;
        v->message = app_message(c, d->v[ECS_DECIDE_SATMODE_MESSAGE].s, services);
    } else if (offer == ECS_OFFER_PROVISIONING) {
        v->entitlement = PROVISIONING;
    } else if (v->terms == TERMS_MISSING) {
        v->entitlement = DISABLED;
    } else if (v->terms == TERMS_RUNNING || v->provisioning == IN_PROGRESS) {
        v->entitlement = PROVISIONING;
    } else if (v->provisioning == NOT_PROVISIONED) {
        *ret_start = d->v[ECS_DECIDE_SATMODE_START_PROVISIONING].i;
        v->entitlement = *ret_start ? PROVISIONING : DISABLED;
    }
}

void ecs_app_satmode(struct ecs_app_context *c, struct ecs_satmode_view *ret_view)
{
    struct ecs_decisions decisions;
    bool start;

    ecs_decide(c->policy, ECS_SERVICE_SATMODE, &c->facts, &decisions);
    resolve(c, &decisions, ret_view, &start);
}

static void add_services(struct ecs_doc *doc, struct ecs_doc_node *item,
                         const struct ecs_satellite_network *network)
{
    static const struct ecs_str policies[] = {{"", 0}, {"constrained", 11}, {"unconstrained", 13}};
    const struct {
        struct ecs_str type;
        int policy;
    } rows[] = {{ECS_STR("data"), network->data}, {ECS_STR("voice"), network->voice}};
    struct ecs_doc_node *list = NULL;

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++) {
        struct ecs_doc_node *service;

        if (rows[i].policy < 1 || rows[i].policy > 2)
            continue;
        if (!list)
            list = ecs_doc_list_boxed(doc, item, "AllowedServicesInfo", "AllowedServices");
        service = ecs_doc_item(doc, list);
        ecs_doc_str(doc, service, "ServiceType", rows[i].type);
        ecs_doc_str(doc, service, "ServicePolicy", policies[rows[i].policy]);
    }
}

static void add_networks(const struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                         const char *name, bool barred, bool also_empty)
{
    const struct ecs_data_facts *data = c->line->data;
    struct ecs_doc_node *list = also_empty ? ecs_doc_list_bare(doc, node, name) : NULL;

    for (size_t i = 0; data && i < data->n_networks; i++) {
        const struct ecs_satellite_network *network = &data->networks[i];
        struct ecs_doc_node *item;

        if (network->barred != barred)
            continue;
        if (!list)
            list = ecs_doc_list_bare(doc, node, name);
        item = ecs_doc_item(doc, list);
        ecs_doc_str(doc, item, "PLMN", network->plmn);
        if (network->metered >= 0)
            ecs_doc_str(doc, item, "DataPlanType",
                        network->metered ? ECS_STR("metered") : ECS_STR("unmetered"));
        add_services(doc, item, network);
    }
}

enum ecs_rc app_build_satmode(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                              const struct ecs_decisions *decisions, struct ecs_app_result *result)
{
    const struct ecs_decision_value *v = decisions->v;
    struct ecs_satmode_view view;
    enum ecs_rc rc = ECS_OK;
    int64_t validity;
    bool start;

    resolve(c, decisions, &view, &start);
    /* An activation that nobody could begin is no offer (Z-002). */
    if (view.entitlement == DISABLED && !app_flow_has_url(c, v[ECS_DECIDE_SATMODE_FLOW_URL].s))
        view.entitlement = INCOMPATIBLE;
    validity = v[view.entitlement == PROVISIONING ? ECS_DECIDE_SATMODE_VALIDITY_PENDING
                                                  : ECS_DECIDE_SATMODE_VALIDITY]
                   .i;
    result->status = view.entitlement;
    app_validity(c, validity, services);
    if (start)
        c->orders |= ECS_ORDER_SATMODE;
    if (!view.message.p)
        return ECS_E_TOO_LARGE;
    ecs_doc_int(doc, node, "EntitlementStatus", view.entitlement);
    if (view.entitlement == DISABLED)
        rc = app_flow_write(c, doc, node,
                            &(struct app_flow){.service = SATMODE_SERVICE,
                                               .name = "satmode",
                                               .url = v[ECS_DECIDE_SATMODE_FLOW_URL].s,
                                               .data = v[ECS_DECIDE_SATMODE_FLOW_DATA].s,
                                               .type = v[ECS_DECIDE_SATMODE_FLOW_TYPE].i,
                                               .encoded = v[ECS_DECIDE_SATMODE_FLOW_ENCODED].i,
                                               .life_s = validity + 3600,
                                               .terms = view.terms,
                                               .provisioning = view.provisioning});
    if (view.entitlement == INCOMPATIBLE)
        ecs_doc_str(doc, node, "MessageForIncompatible", view.message);
    if (view.entitlement == ENABLED)
        add_networks(c, doc, node, "PLMNAllowed", false, true);
    if (view.entitlement == ENABLED || v[ECS_DECIDE_SATMODE_BARRED].i)
        add_networks(c, doc, node, "PLMNBarred", true, view.entitlement == ENABLED);
    return rc;
}
