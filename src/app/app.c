/* SPDX-License-Identifier: Apache-2.0 */
/* The applications of a request, one after the other: registry, facts, and what all of them share. */
#include "app_internal.h"

#include <string.h>

#include "ecs/operation.h"

/* A new application without operations is one row here and one file. */
static const struct {
    enum ecs_app app;
    enum ecs_service service;
    app_build_fn build;
    enum ecs_decision status; /* whose rule is named in logs */
} apps[] = {
    {ECS_APP_2003, ECS_SERVICE_VOICE, app_build_voice, ECS_DECIDE_VOICE_LTE_HOME},
    {ECS_APP_2004, ECS_SERVICE_VOWIFI, app_build_vowifi, ECS_DECIDE_VOWIFI_OFFER},
    {ECS_APP_2005, ECS_SERVICE_SMSOIP, app_build_smsoip, ECS_DECIDE_SMSOIP_STATUS},
    {ECS_APP_2010, ECS_SERVICE_DATAPLAN, app_build_dataplan, ECS_DECIDE_DATAPLAN_BOOST},
    {ECS_APP_2012, ECS_SERVICE_BILLING, app_build_billing, ECS_DECIDE_BILLING_OFFER},
    {ECS_APP_2013, ECS_SERVICE_IDENTITY, app_build_identity, ECS_DECIDE_IDENTITY_ELIGIBILITY},
    {ECS_APP_2016, ECS_SERVICE_SATMODE, app_build_satmode, ECS_DECIDE_SATMODE_OFFER},
};

enum { NOT_OFFERED_VALIDITY_S = 86400, INCOMPATIBLE = 2 };

bool ecs_app_service(enum ecs_app app, enum ecs_service *ret_service)
{
    for (size_t i = 0; i < ECS_ARRAY_LEN(apps); i++)
        if (apps[i].app == app) {
            *ret_service = apps[i].service;
            return true;
        }
    return false;
}

const char *ecs_order_service(unsigned bit)
{
    return bit == ECS_ORDER_VOLTE    ? "volte"
           : bit == ECS_ORDER_VONR   ? "vonr"
           : bit == ECS_ORDER_VOWIFI ? "vowifi"
           : bit == ECS_ORDER_SMSOIP ? "smsoip"
                                     : "satmode";
}

/* A known AppID that is not offered here (P-009): refused in the form of its kind. */
static void build_not_offered(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                              enum ecs_app app)
{
    int result;

    if (ecs_app_is_name_only(app)) {
        ecs_doc_int(doc, node, "OperationResult", ECS_RESULT_NOT_SUPPORTED);
    } else if (!ecs_app_has_operations(app)) {
        ecs_doc_int(doc, node, "EntitlementStatus", INCOMPATIBLE);
    } else {
        /* 405 is no block: whoever may send it has judged before; beside other applications it is this. */
        if (ecs_operation_judge(c->request, c->offered & 1u << app ? c->operations : 0, &result) != ECS_OK)
            result = ECS_RESULT_GENERAL;
        ecs_doc_int(doc, node, "OperationResult", result);
        if (app == ECS_APP_2006 && result == ECS_RESULT_GENERAL) {
            ecs_doc_int(doc, node, "CompanionAppEligibility", INCOMPATIBLE);
            ecs_doc_str(doc, node, "CompanionDeviceServices", ECS_STR(""));
        }
        if (app == ECS_APP_2009 && result == ECS_RESULT_GENERAL)
            ecs_doc_int(doc, node, "PrimaryAppEligibility", INCOMPATIBLE);
        if (app == ECS_APP_2011 && result == ECS_RESULT_GENERAL)
            ecs_doc_int(doc, node, "EnterpriseAppEligibility", INCOMPATIBLE);
    }
    app_validity(c, NOT_OFFERED_VALIDITY_S, NULL);
}

/* The place in the document is not stated by TS.43: every application of the answer has it (G-003). */
static void add_notification_status(const struct ecs_app_context *c, struct ecs_doc *doc,
                                    struct ecs_doc_node *node)
{
    if (c->request->param[ECS_P_NOTIF_TOKEN].n && c->request->notif_action != -1)
        ecs_doc_int(doc, node, "RegisterNotifStatus", c->notif_status);
}

static enum ecs_rc build_one(struct ecs_app_context *c, struct ecs_doc *doc, enum ecs_app app)
{
    struct ecs_doc_node *node = ecs_doc_app(doc, app);
    struct ecs_app_result *result = &c->result[c->result_n++];
    enum ecs_rc rc = ECS_OK;

    *result = (struct ecs_app_result){.app = app, .status = INCOMPATIBLE, .rule = ECS_STR("")};
    for (size_t i = 0; i < ECS_ARRAY_LEN(apps) && !result->offered; i++) {
        struct ecs_decisions decisions;

        if (apps[i].app != app || !(c->offered & 1u << app))
            continue;
        result->offered = true;
        ecs_decide(c->policy, apps[i].service, &c->facts, &decisions);
        result->rule = ecs_decide_rule(c->policy, apps[i].status, &decisions);
        rc = apps[i].build(c, doc, node, &decisions, result);
    }
    if (!result->offered && c->operation && ecs_app_has_operations(app) && c->offered & 1u << app) {
        result->offered = true;
        result->status = 1;
        c->operation(c->operation_arg, doc, node);
        result->rule = c->operation_rule;
        app_validity(c, c->operation_validity_s, NULL);
    }
    if (!result->offered)
        build_not_offered(c, doc, node, app);
    add_notification_status(c, doc, node);
    return rc;
}

enum ecs_rc ecs_app_build(struct ecs_app_context *context, struct ecs_doc *doc)
{
    enum ecs_rc rc = ECS_OK;

    context->result_n = 0;
    context->orders = 0;
    context->validity_s = INT64_MAX;
    for (size_t i = 0; i < context->request->n_apps && rc == ECS_OK; i++)
        rc = build_one(context, doc, context->request->apps[i]);
    if (context->validity_s == INT64_MAX)
        context->validity_s = NOT_OFFERED_VALIDITY_S;
    return rc;
}

static const struct ecs_notice *find_notice(const struct ecs_app_context *c, const char *service)
{
    const struct ecs_notice *found = NULL;

    for (size_t i = 0; i < c->line->n_notices; i++) {
        const struct ecs_notice *n = &c->line->notices[i];

        /* An outage weighs more than information. */
        if (ecs_str_eq(n->service, ecs_str_of(service)) &&
            (!found || (n->unavailable && !found->unavailable)))
            found = n;
    }
    return found;
}

struct ecs_str app_message(struct ecs_app_context *c, struct ecs_str key, const char *const *services)
{
    struct ecs_substitution values[] = {
        {ECS_STR("brand"), c->line->brand},
        {ECS_STR("plan"), c->line->plan_name},
    };
    struct ecs_str text;

    if (ecs_str_eq(key, ECS_STR("notice"))) {
        key = ECS_STR("");
        for (size_t i = 0; services[i] && !key.n; i++) {
            const struct ecs_notice *n = find_notice(c, services[i]);

            if (!n || !n->unavailable)
                key = app_state_message(c, services[i]);
            if (n && !key.n)
                key = n->message_key;
        }
    }
    if (!key.n)
        return ECS_STR("");
    text = ecs_message(c->messages, c->language, key, values, ECS_ARRAY_LEN(values), c->arena);
    return text.p ? ecs_doc_text(c->arena, text) : text;
}

void app_validity(struct ecs_app_context *c, int64_t validity_s, const char *const *services)
{
    for (size_t i = 0; services && services[i]; i++) {
        const struct ecs_notice *n = find_notice(c, services[i]);
        int64_t left = n ? n->ends_at - c->now : INT64_MAX;

        validity_s = app_state_validity(c, services[i], validity_s);
        if (!n)
            continue;
        if (n->validity_s && n->validity_s < validity_s)
            validity_s = n->validity_s;
        if (left > 0 && left < validity_s)
            validity_s = left;
    }
    if (validity_s < c->validity_s)
        c->validity_s = validity_s > 0 ? validity_s : 1;
}
