/* SPDX-License-Identifier: Apache-2.0 */
/* Members of on-device service activation that do not go together, or not alone (TS.43 6.5; items 27 to 38 of
 * the digest's clause 12). */
#include "ts43/doc_priv.h"

enum { RESULT_SUCCESS = 1, ELIGIBLE = 1, NOT_ELIGIBLE = 0, TO_WEBSHEET = 1, DOWNLOAD = 2, ASK_USER = 8 };
enum { ACTIVATED = 1, ACTIVATING = 2 };

static bool has(const struct ecs_doc_node *node, const char *name)
{
    return ecs_doc_find(node, name) != NULL;
}

static const char *download_fault(const struct ecs_doc_node *in)
{
    const struct ecs_doc_node *d = ecs_doc_find(in, "DownloadInfo");

    if (!d)
        return NULL;
    if (has(d, "ProfileActivationCode") == has(d, "ProfileSmdpAddress"))
        return "DownloadInfo has not one of activation code and SM-DP+ address (Table 41)";
    if (has(d, "ProfileSmdpAddress") && !has(d, "ProfileIccid"))
        return "ProfileSmdpAddress without ProfileIccid (Table 41)";
    return NULL;
}

static const char *message_fault(const struct ecs_doc_node *in)
{
    const struct ecs_doc_node *m = ecs_doc_find(in, "MSG");
    bool validates = m && has(m, "Accept_freetext_validation");

    if (!m)
        return NULL;
    if (ecs_doc_int_of(m, "Accept_freetext") != 1 && (validates || has(m, "Accept_freetext_hint")))
        return "hint or validation without Accept_freetext (Table 45)";
    if (!validates && has(m, "Accept_freetext_validation_failed_error_text"))
        return "a text for failed validation without validation (Table 45)";
    return NULL;
}

static const char *eligibility_fault(enum ecs_app app, const struct ecs_doc_node *node)
{
    const char *name = app == ECS_APP_2006   ? "CompanionAppEligibility"
                       : app == ECS_APP_2009 ? "PrimaryAppEligibility"
                                             : "EnterpriseAppEligibility";
    int64_t eligibility = ecs_doc_int_of(node, name);

    if (app == ECS_APP_2006 && has(node, name) != has(node, "CompanionDeviceServices"))
        return "CompanionAppEligibility and CompanionDeviceServices are not together (Table 39)";
    if (has(node, "NotEnabledURL") && (eligibility < 0 || eligibility == ELIGIBLE))
        return "NotEnabledURL for an application that may be used (Table 39)";
    if (!has(node, "NotEnabledURL") &&
        (has(node, "NotEnabledUserData") || has(node, "NotEnabledContentsType")))
        return "user data without NotEnabledURL (Table 50)";
    if (has(node, "PollingInterval") && eligibility != NOT_ELIGIBLE)
        return "PollingInterval with another eligibility than 0 (Table 39)";
    if (has(node, "PollingIntervalUnit") && !has(node, "PollingInterval"))
        return "PollingIntervalUnit without PollingInterval (Table 39)";
    return NULL;
}

static const char *subscription_fault(const struct ecs_doc_node *node)
{
    int64_t result = ecs_doc_int_of(node, "SubscriptionResult");

    if ((result == TO_WEBSHEET) != has(node, "SubscriptionServiceURL"))
        return "SubscriptionServiceURL and result 1 are not together (Table 40)";
    if (result != TO_WEBSHEET &&
        (has(node, "SubscriptionServiceUserData") || has(node, "SubscriptionServiceContentsType")))
        return "user data with another result than 1 (Table 40)";
    if ((result == DOWNLOAD) != has(node, "DownloadInfo"))
        return "DownloadInfo and result 2 are not together (Table 40)";
    if ((result == ASK_USER) != has(node, "MSG"))
        return "MSG and result 8 are not together (Table 40)";
    return NULL;
}

static const char *configuration_fault(const struct ecs_doc_node *c)
{
    int64_t status = ecs_doc_int_of(c, "ServiceStatus");
    const char *fault = download_fault(c);

    if (!fault)
        fault = message_fault(c);
    if (fault)
        return fault;
    if (has(c, "PollingInterval") && status != ACTIVATING)
        return "PollingInterval with another ServiceStatus than 2 (Table 43)";
    if (has(c, "PollingIntervalUnit") && !has(c, "PollingInterval"))
        return "PollingIntervalUnit without PollingInterval (Table 43)";
    if (has(c, "DownloadInfo") && status != ACTIVATED && status != ACTIVATING)
        return "DownloadInfo for a profile that is off (Table 43)";
    return NULL;
}

static const char *list_fault(const struct ecs_doc_node *list, bool primary)
{
    size_t n = 0, secondary = 0;

    for (const struct ecs_doc_node *item = list->child; item; item = item->next, n++) {
        const char *fault = configuration_fault(item);

        if (fault)
            return fault;
        secondary += has(item, "SecondaryICCID");
    }
    if (primary && secondary + 1 != n)
        return "not exactly one configuration is primary (Table 43)";
    return NULL;
}

static const char *configurations_fault(const struct ecs_doc_node *node)
{
    static const char *const lists[] = {"CompanionConfigurations", "PrimaryConfigurations",
                                        "EnterpriseDeviceConfigurations"};
    const struct ecs_doc_node *alone = ecs_doc_find(node, "PrimaryConfiguration");

    if (alone && has(node, "PrimaryConfigurations"))
        return "PrimaryConfiguration both alone and in a list (6.5.5)";
    if (alone && has(alone, "SecondaryICCID"))
        return "SecondaryICCID of the only configuration (6.5.5)";
    for (size_t i = 0; i < ECS_ARRAY_LEN(lists); i++) {
        const struct ecs_doc_node *list = ecs_doc_find(node, lists[i]);
        const char *fault = list ? list_fault(list, i == 1) : NULL;

        if (list && !list->child && i < 2)
            return "a list of configurations is empty (6.5.5)";
        if (fault)
            return fault;
    }
    return alone ? configuration_fault(alone) : NULL;
}

static const char *other_fault(const struct ecs_doc_node *node)
{
    const struct ecs_doc_node *plans = ecs_doc_find(node, "PlanOffers");
    unsigned token =
        has(node, "TemporaryToken") + has(node, "TemporaryTokenExpiry") + has(node, "OperationTargets");

    if (plans && !plans->child)
        return "PlanOffers is empty (Table 46)";
    if (token % 3)
        return "not all members of a temporary token are there (Table 48)";
    if (ecs_doc_int_of(node, "OperationResult") != RESULT_SUCCESS &&
        (has(node, "DownloadInfo") || has(node, "TemporaryToken") || plans))
        return "members of a success beside an error (Table 38)";
    return NULL;
}

const char *ecs_doc_odsa_fault(enum ecs_app app, const struct ecs_doc_node *node)
{
    const char *fault = eligibility_fault(app, node);

    if (!fault)
        fault = subscription_fault(node);
    if (!fault)
        fault = download_fault(node);
    if (!fault)
        fault = message_fault(node);
    if (!fault)
        fault = configurations_fault(node);
    return fault ? fault : other_fault(node);
}
