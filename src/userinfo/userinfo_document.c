/* SPDX-License-Identifier: Apache-2.0 */
/* The block of an operation (Tables 38, 48, 49, 51 to 53, 117, 123, 126, 129, 133). Which members go together
 * is kept here. */
#include "userinfo_priv.h"

static void add(struct ecs_doc *doc, struct ecs_doc_node *node, const char *name, struct ecs_str value)
{
    if (value.n)
        ecs_doc_str(doc, node, name, value);
}

static void add_info(const struct userinfo_answer *a, struct ecs_doc *doc, struct ecs_doc_node *node)
{
    struct ecs_doc_node *info = ecs_doc_group(doc, node, "SubscriberInfo");

    add(doc, info, "MSISDN", a->number);
    ecs_doc_int(doc, info, "SimIdType", a->sim_id_type);
    add(doc, info, "SimID", a->sim_id);
    if (a->mvno.n)
        ecs_doc_str(doc, info, "MvnoName", ecs_doc_text(doc->arena, a->mvno));
}

static void add_tokens(const struct userinfo_answer *a, struct ecs_doc *doc, struct ecs_doc_node *node)
{
    if (a->token.n) {
        ecs_doc_str(doc, node, "TemporaryToken", a->token);
        ecs_doc_str(doc, node, "TemporaryTokenExpiry", a->token_expiry);
        ecs_doc_str(doc, node, "OperationTargets", a->token_targets);
    }
    if (a->operator_token.n) {
        ecs_doc_str(doc, node, "OperatorToken", a->operator_token);
        ecs_doc_str(doc, node, "OperatorTokenExpiry", a->operator_expiry);
        add(doc, node, "OperatorTokenAuthURL", ecs_doc_url(doc->arena, a->auth_url));
        ecs_doc_str(doc, node, "ClientID", ecs_doc_text(doc->arena, a->client_id));
    }
}

void userinfo_document(const struct userinfo_answer *a, struct ecs_doc *doc, struct ecs_doc_node *node)
{
    ecs_doc_int(doc, node, "OperationResult", a->result);
    if (a->error_text.n)
        ecs_doc_str(doc, node, "GeneralErrorText", ecs_doc_text(doc->arena, a->error_text));
    if (a->result != ECS_RESULT_SUCCESS)
        return;
    if (a->has_info)
        add_info(a, doc, node);
    else
        add(doc, node, "MSISDN", a->number);
    add(doc, node, "IMSI", a->imsi);
    if (a->verified >= 0)
        ecs_doc_int(doc, node, "PhoneNumberVerification", a->verified);
    if (a->verified == 1 && a->verified_number.n)
        ecs_doc_str(doc, node, "msisdn", ecs_doc_text(doc->arena, a->verified_number));
    if (a->validity >= 0)
        ecs_doc_int(doc, node, "OperatorTokenValidity", a->validity);
    add(doc, node, "OperatorTokenValidatedParams", a->validated);
    add_tokens(a, doc, node);
    if (a->app_name.n)
        ecs_doc_str(doc, node, "3PAppNameAnon", ecs_doc_text(doc->arena, a->app_name));
}

void ecs_userinfo_document(const struct ecs_userinfo *info, struct ecs_doc *doc, struct ecs_doc_node *node)
{
    userinfo_document(&info->work->answer, doc, node);
}
