/* SPDX-License-Identifier: Apache-2.0 */
/* Combinations of values that a document must not hold (ts43-ims.md 2.4, 3.2, 3.3). */
#include "ts43/doc_priv.h"

#include <string.h>

enum { STATUS_DISABLED = 0, STATUS_ENABLED = 1, STATUS_INCOMPATIBLE = 2 };

const struct ecs_doc_node *ecs_doc_find(const struct ecs_doc_node *in, const char *name)
{
    for (const struct ecs_doc_node *child = in->child; child; child = child->next)
        if (ecs_str_eq(child->name, ecs_str_of(name)))
            return child;
    return NULL;
}

int64_t ecs_doc_int_of(const struct ecs_doc_node *in, const char *name)
{
    const struct ecs_doc_node *node = ecs_doc_find(in, name);
    int64_t value;

    return node && node->kind == ECS_DOC_VALUE && ecs_str_to_i64(node->value, &value) ? value : -1;
}

static bool is_settled(int64_t state)
{
    return state == 1 || state == 2;
}

static const char *vowifi_fault(const struct ecs_doc_node *node)
{
    int64_t status = ecs_doc_int_of(node, "EntitlementStatus"), prov = ecs_doc_int_of(node, "ProvStatus");
    int64_t terms = ecs_doc_int_of(node, "TC_Status"), address = ecs_doc_int_of(node, "AddrStatus");
    const struct ecs_doc_node *url = ecs_doc_find(node, "ServiceFlow_URL");

    if (status == STATUS_ENABLED && !(is_settled(prov) && is_settled(terms) && is_settled(address)))
        return "status 1 with an open sub-state (Table 20)";
    if (status == STATUS_DISABLED && is_settled(prov) && is_settled(terms) && is_settled(address))
        return "status 0 with nothing open (Table 20)";
    if (status == STATUS_DISABLED && ((terms == 0 && address == 3) || (terms == 3 && address == 0)))
        return "missing and in progress at once (Table 20)";
    if (status == STATUS_DISABLED && (terms == 0 || address == 0) && (!url || url->value.n == 0))
        return "data missing without ServiceFlow_URL (3.3.3)";
    if (address == 2 && ecs_doc_find(node, "AddrExpiry"))
        return "AddrExpiry for an address that is not required (3.1.3)";
    return NULL;
}

static const char *const irat_names[] = {"NetworkVoiceIRATCapability", "NetworkVoiceIRatCapability",
                                         "NetworkVoiceIRATCapablity"};

static const char *irat_fault(const struct ecs_doc_node *entry)
{
    int64_t access = ecs_doc_int_of(entry, "AccessType");
    struct ecs_str first = ECS_STR_NULL;

    for (size_t i = 0; i < ECS_ARRAY_LEN(irat_names); i++) {
        const struct ecs_doc_node *irat = ecs_doc_find(entry, irat_names[i]);

        if (!irat)
            continue;
        if (ecs_str_eq(irat->value, ECS_STR("4G-SRVCC")) != (access == 1))
            return "the inter-RAT capability does not belong to the access type (Table 21)";
        if (first.p && !ecs_str_eq(first, irat->value))
            return "spellings of the inter-RAT capability differ in value";
        first = irat->value;
    }
    return NULL;
}

static const char *voice_fault(const struct ecs_doc_node *node)
{
    const struct ecs_doc_node *list = ecs_doc_find(node, "VoiceOverCellularEntitleInfo");
    unsigned seen[3] = {0};

    if (!list)
        return NULL;
    if (!list->child)
        return "VoiceOverCellularEntitleInfo is empty (4.1.1)";
    for (const struct ecs_doc_node *entry = list->child; entry; entry = entry->next) {
        int64_t access = ecs_doc_int_of(entry, "AccessType"),
                where = ecs_doc_int_of(entry, "HomeRoamingNWType");
        bool incompatible = ecs_doc_int_of(entry, "EntitlementStatus") == STATUS_INCOMPATIBLE;
        const char *fault = irat_fault(entry);
        unsigned bit;

        if (fault)
            return fault;
        if (!incompatible && ecs_doc_find(entry, "MessageForIncompatible"))
            return "MessageForIncompatible with a status other than 2 (Table 21)";
        if (access < 1 || access > 2 || where < 1 || where > 3)
            continue; /* told by the rows */
        bit = 1U << where;
        if ((seen[access] & bit) || ((seen[access] | bit) & 2U && (seen[access] | bit) & 12U))
            return "entries of one access type overlap (4.1.1)";
        seen[access] |= bit;
    }
    return NULL;
}

const char *ecs_doc_combination_fault(enum ecs_app app, const struct ecs_doc_node *node)
{
    if (app == ECS_APP_2006 || app == ECS_APP_2009 || app == ECS_APP_2011)
        return ecs_doc_odsa_fault(app, node);
    if (app == ECS_APP_2014 || app == ECS_APP_2015)
        return ecs_doc_userinfo_fault(node);
    return app == ECS_APP_2003   ? voice_fault(node)
           : app == ECS_APP_2004 ? vowifi_fault(node)
                                 : ecs_doc_data_fault(app, node);
}
