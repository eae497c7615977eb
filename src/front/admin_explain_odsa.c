/* SPDX-License-Identifier: Apache-2.0 */
/* "Why can this watch not be activated?": CheckEligibility of ap2006, ap2009 and ap2011 for the explanation.
 * No poll is counted and no reference to the portal is made. */
#include "admin_explain.h"

static const struct {
    enum ecs_app app;
    enum ecs_service service;
    enum ecs_param target;
    const char *eligibility;
} apps[EXPLAIN_ODSA_MAX] = {
    {ECS_APP_2006, ECS_SERVICE_COMPANION, ECS_P_COMPANION_TERMINAL_ID, "CompanionAppEligibility"},
    {ECS_APP_2009, ECS_SERVICE_PRIMARY, ECS_P_TARGET_TERMINAL_ID, "PrimaryAppEligibility"},
    {ECS_APP_2011, ECS_SERVICE_ENTERPRISE, ECS_P_ENTERPRISE_TERMINAL_ID, "EnterpriseAppEligibility"},
};

static size_t place_of(enum ecs_app app)
{
    size_t i = 0;

    while (i < ECS_ARRAY_LEN(apps) && apps[i].app != app)
        i++;
    return i;
}

bool explain_has_eligibility(enum ecs_app app, enum ecs_service *ret_service)
{
    size_t i = place_of(app);

    if (i == ECS_ARRAY_LEN(apps))
        return false;
    *ret_service = apps[i].service;
    return true;
}

void explain_odsa_ask(struct explain_odsa *one, const struct engine *engine, enum ecs_app app,
                      const struct explain_question *question)
{
    struct ecs_ts43_request *r = &one->request;

    one->app = app;
    *r = *question->request;
    r->apps[0] = app;
    r->n_apps = 1;
    r->accept = question->json ? ECS_STR("application/json") : ECS_STR_NULL;
    r->param[ECS_P_OPERATION] = ECS_STR("CheckEligibility");
    r->param[apps[place_of(app)].target] = question->target_id;
    one->facts = question->context->facts;
    one->auth = (struct ecs_auth){.env = &engine->auth,
                                  .request = r,
                                  .now = question->now,
                                  .method = ECS_AUTH_TOKEN,
                                  .imsi = r->imsi,
                                  .enterprise = app == ECS_APP_2011 ? question->enterprise : ECS_STR_NULL};
    one->odsa = (struct ecs_odsa){.env = &engine->odsa,
                                  .request = r,
                                  .auth = &one->auth,
                                  .line = question->line,
                                  .facts = &one->facts,
                                  .language = question->context->language,
                                  .now = question->now};
}

static int eligibility_of(const struct ecs_doc_node *block, enum ecs_app app)
{
    const char *name = apps[place_of(app)].eligibility;

    for (const struct ecs_doc_node *n = block->child; n; n = n->next)
        if (ecs_str_eq(n->name, ecs_str_of(name)) && n->value.n == 1)
            return n->value.p[0] - '0';
    return 0;
}

void explain_odsa_block(void *arg, struct ecs_doc *doc, struct ecs_doc_node *node)
{
    struct explain_blocks *blocks = arg;
    struct ecs_app_result *result = &blocks->context->result[blocks->context->result_n - 1];

    blocks->context->operation_rule = ECS_STR("");
    blocks->context->operation_validity_s = 0;
    for (size_t i = 0; i < blocks->n; i++) {
        const struct explain_odsa *one = &blocks->all[i];

        if (one->app != result->app)
            continue;
        ecs_odsa_document(&one->odsa, doc, node);
        result->status = eligibility_of(node, one->app);
        blocks->context->operation_rule = one->odsa.rule;
        blocks->context->operation_validity_s = one->odsa.validity_s;
    }
}
