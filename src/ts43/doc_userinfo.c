/* SPDX-License-Identifier: Apache-2.0 */
/* Members of numbers and applications that do not go together, or not alone (TS.43 13, 14). */
#include "ts43/doc_priv.h"

#include <string.h>

enum { RESULT_SUCCESS = 1, SIM_IMSI = 0, SIM_UUID = 1, UUID_CHARS = 36, HASH_CHARS = 64 };

static bool has(const struct ecs_doc_node *node, const char *name)
{
    return ecs_doc_find(node, name) != NULL;
}

static struct ecs_str value_of(const struct ecs_doc_node *node, const char *name)
{
    const struct ecs_doc_node *found = ecs_doc_find(node, name);

    return found && found->kind == ECS_DOC_VALUE ? found->value : ECS_STR_NULL;
}

/* "+" and digits, or the encoded form (Table 49). */
static bool is_number(struct ecs_str text)
{
    if (ecs_str_starts_with(text, ECS_STR("encodedValue=")))
        return text.n > 13;
    return text.n > 1 && text.p[0] == '+' && ecs_str_is_digits((struct ecs_str){text.p + 1, text.n - 1});
}

static const char *info_fault(const struct ecs_doc_node *info)
{
    struct ecs_str id = value_of(info, "SimID");
    int64_t type = ecs_doc_int_of(info, "SimIdType");

    if (!is_number(value_of(info, "MSISDN")))
        return "MSISDN of SubscriberInfo is neither E.164 nor encoded (Table 53)";
    if (type == SIM_IMSI ? !ecs_str_is_digits(id) || id.n > 15
                         : id.n != (type == SIM_UUID ? UUID_CHARS : HASH_CHARS))
        return "SimID is not of the kind that SimIdType names (Table 53)";
    return NULL;
}

static const char *token_fault(const struct ecs_doc_node *node)
{
    unsigned temporary =
        has(node, "TemporaryToken") + has(node, "TemporaryTokenExpiry") + has(node, "OperationTargets");
    unsigned operator= has(node, "OperatorToken") + has(node, "OperatorTokenExpiry") + has(node, "ClientID");

    if (temporary % 3)
        return "not all members of a temporary token are there (Table 48)";
    if (operator% 3)
        return "not all members of an operator token are there (Table 117)";
    if (has(node, "OperatorTokenAuthURL") && !operator)
        return "OperatorTokenAuthURL without a token (Table 117)";
    if (has(node, "OperatorTokenValidatedParams") && !has(node, "OperatorTokenValidity"))
        return "OperatorTokenValidatedParams without OperatorTokenValidity (Table 123)";
    if (ecs_doc_int_of(node, "OperatorTokenValidity") == 1 && !has(node, "OperatorTokenValidatedParams"))
        return "a valid token without the parameters that were validated (Table 123)";
    return NULL;
}

const char *ecs_doc_userinfo_fault(const struct ecs_doc_node *node)
{
    static const char *const of_success[] = {
        "MSISDN",        "SubscriberInfo",        "PhoneNumberVerification", "TemporaryToken",
        "OperatorToken", "OperatorTokenValidity", "3PAppNameAnon",           "IMSI"};
    const struct ecs_doc_node *info = ecs_doc_find(node, "SubscriberInfo");
    struct ecs_str number = value_of(node, "MSISDN");

    if (ecs_doc_int_of(node, "OperationResult") != RESULT_SUCCESS)
        for (size_t i = 0; i < ECS_ARRAY_LEN(of_success); i++)
            if (has(node, of_success[i]))
                return "members of a success beside an error (Table 38)";
    if (number.p && !is_number(number))
        return "MSISDN is neither E.164 nor encoded (Tables 49, 126)";
    if (has(node, "msisdn") && ecs_doc_int_of(node, "PhoneNumberVerification") != 1)
        return "msisdn without a match (Tables 51, 129)";
    if (has(node, "IMSI") && !ecs_str_is_digits(value_of(node, "IMSI")))
        return "IMSI has other characters than digits (Table 126)";
    if (info && info_fault(info))
        return info_fault(info);
    return token_fault(node);
}
