/* SPDX-License-Identifier: Apache-2.0 */
/* Combinations that documents of ap2010, ap2012, ap2013 and ap2016 must not hold (TS.43 9, 11, 12, 15). */
#include "ts43/doc_priv.h"

enum { DISABLED, ENABLED, INCOMPATIBLE };
enum { TERMS_MISSING, TERMS_DONE, TERMS_NOT_REQUIRED };

static bool has(const struct ecs_doc_node *node, const char *name)
{
    return ecs_doc_find(node, name) != NULL;
}

static const char *flow_fault(const struct ecs_doc_node *node)
{
    if (!has(node, "ServiceFlow_URL") &&
        (has(node, "ServiceFlow_UserData") || has(node, "ServiceFlow_ContentsType")))
        return "user data without ServiceFlow_URL (Table 50)";
    return NULL;
}

static const char *dataplan_fault(const struct ecs_doc_node *node)
{
    static const char *const lists[] = {"DataPlanInfo", "DataBoostInfo", "DataUsageInfo", "5GSAInfo"};

    for (size_t i = 0; i < ECS_ARRAY_LEN(lists); i++) {
        const struct ecs_doc_node *list = ecs_doc_find(node, lists[i]);

        if (list && !list->child)
            return "an empty list (9.1: one or more details)";
        if (list && has(node, "ProvStatus"))
            return "an information beside the answer on a boost (Table 83)";
    }
    if (has(node, "ProvStatus") && !has(node, "EntitlementStatus"))
        return "ProvStatus without EntitlementStatus (Table 83)";
    return flow_fault(node);
}

static const char *billing_fault(const struct ecs_doc_node *node)
{
    int64_t status = ecs_doc_int_of(node, "EntitlementStatus"), terms = ecs_doc_int_of(node, "TC_Status");
    const struct ecs_doc_node *message = ecs_doc_find(node, "MSG");

    if (has(node, "TC_Operation") && terms != TERMS_MISSING)
        return "TC_Operation with terms that are not missing (Table 92)";
    if (status == ENABLED && terms != TERMS_DONE && terms != TERMS_NOT_REQUIRED)
        return "status 1 with open terms (Table 97)";
    if (status == DISABLED && terms == TERMS_MISSING &&
        !(has(node, "TC_Operation") && (has(node, "ServiceFlow_URL") || message)))
        return "terms missing without a way to accept them (11.3.1)";
    if (status == DISABLED && (terms == TERMS_DONE || terms == TERMS_NOT_REQUIRED) &&
        !has(node, "ServiceFlow_URL"))
        return "an account to be enabled without ServiceFlow_URL (11.3.2)";
    if (status != INCOMPATIBLE && has(node, "MessageForIncompatible"))
        return "MessageForIncompatible with a status other than 2 (Table 96)";
    if (status != INCOMPATIBLE && terms < 0)
        return "TC_Status is missing (Table 92)";
    if (message && has(message, "title") + has(message, "Title") != 1)
        return "MSG has not one title (Table 95)";
    if (message && has(message, "message") + has(message, "Message") != 1)
        return "MSG has not one message (Table 95)";
    return flow_fault(node);
}

static const char *identity_fault(const struct ecs_doc_node *node)
{
    int64_t status = ecs_doc_int_of(node, "EntitlementStatus"),
            type = ecs_doc_int_of(node, "PrivateUserIDType");
    const struct ecs_doc_node *id = ecs_doc_find(node, "PrivateUserID");

    if ((id != NULL) != (status == ENABLED))
        return "PrivateUserID goes with status 1 and no other (Table 111)";
    if ((id != NULL) != (type > 0))
        return "PrivateUserIDType goes with PrivateUserID (12.1.2)";
    if (id && !id->value.n && type != 1)
        return "an empty identity that is no pseudonym (12.4)";
    if (!id && has(node, "PrivateUserIDExpiry"))
        return "expiry of no identity (Table 111)";
    return NULL;
}

static const char *satmode_fault(const struct ecs_doc_node *node)
{
    int64_t status = ecs_doc_int_of(node, "EntitlementStatus");

    if (has(node, "PLMNAllowed") != (status == ENABLED))
        return "PLMNAllowed goes with status 1 and no other (15.2)";
    if (status == DISABLED && !has(node, "ServiceFlow_URL"))
        return "status 0 without ServiceFlow_URL (15.1.4)";
    if (status != INCOMPATIBLE && has(node, "MessageForIncompatible"))
        return "MessageForIncompatible with a status other than 2 (Table 141)";
    return flow_fault(node);
}

const char *ecs_doc_data_fault(enum ecs_app app, const struct ecs_doc_node *node)
{
    return app == ECS_APP_2010   ? dataplan_fault(node)
           : app == ECS_APP_2012 ? billing_fault(node)
           : app == ECS_APP_2013 ? identity_fault(node)
           : app == ECS_APP_2016 ? satmode_fault(node)
                                 : NULL;
}
