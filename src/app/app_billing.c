/* SPDX-License-Identifier: Apache-2.0 */
/* ap2012: carrier billing for one line, one store and one user of that store (TS.43 section 11). */
#include "app_internal.h"

enum { DISABLED, ENABLED, INCOMPATIBLE, PROVISIONING };                /* Table 91 */
enum { TERMS_MISSING, TERMS_DONE, TERMS_NOT_REQUIRED, TERMS_RUNNING }; /* Table 92 */
enum { PAGE_PREFERRED = 1, MESSAGE_PREFERRED = 2 };
enum { BILLING_SERVICE = 12 };

static const char *const services[] = {"billing", NULL};

static int terms_of(const struct ecs_billing_row *row, int64_t need)
{
    return need == ECS_DEMAND_NOT_REQUIRED ? TERMS_NOT_REQUIRED : row->terms;
}

static void resolve(struct ecs_app_context *c, const struct ecs_decisions *decisions,
                    struct ecs_billing_view *v)
{
    static const struct ecs_billing_row none = {0};
    const struct ecs_billing_row *row = c->line->data ? &c->line->data->billing : &none;
    int64_t offer = decisions->v[ECS_DECIDE_BILLING_OFFER].i;

    *v = (struct ecs_billing_view){
        .entitlement = INCOMPATIBLE,
        .terms = terms_of(row, decisions->v[ECS_DECIDE_BILLING_TERMS].i),
        .offered = offer == ECS_OFFER_YES && row->state != ECS_BILLING_BLOCKED,
        .by_bss = decisions->v[ECS_DECIDE_BILLING_ACTIVATION].i == ECS_ACTIVATOR_BSS,
        .dialog =
            decisions->v[ECS_DECIDE_BILLING_DIALOG].i && decisions->v[ECS_DECIDE_BILLING_DIALOG_TEXT].s.n,
        .message = ECS_STR(""),
    };
    if (offer == ECS_OFFER_NO || row->state == ECS_BILLING_BLOCKED)
        v->message = app_message(c, decisions->v[ECS_DECIDE_BILLING_MESSAGE].s, services);
    else if (offer == ECS_OFFER_PROVISIONING)
        v->entitlement = PROVISIONING;
    else if (v->terms == TERMS_MISSING || v->terms == TERMS_RUNNING)
        v->entitlement = DISABLED;
    else if (row->state == ECS_BILLING_ACTIVE)
        v->entitlement = ENABLED;
    else
        v->entitlement = row->state == ECS_BILLING_NONE ? DISABLED : PROVISIONING;
}

void ecs_app_billing(struct ecs_app_context *c, struct ecs_billing_view *ret_view)
{
    struct ecs_decisions decisions;

    ecs_decide(c->policy, ECS_SERVICE_BILLING, &c->facts, &decisions);
    resolve(c, &decisions, ret_view);
}

/* The dialog of the device (Table 95). */
static enum ecs_rc add_dialog(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                              const struct ecs_decision_value *v)
{
    bool capital = v[ECS_DECIDE_BILLING_DIALOG_NAMES].i == ECS_NAME_CASE_CAPITAL;
    struct ecs_str title = app_message(c, v[ECS_DECIDE_BILLING_DIALOG_TITLE].s, services);
    struct ecs_str text = app_message(c, v[ECS_DECIDE_BILLING_DIALOG_TEXT].s, services);
    struct ecs_doc_node *group;

    if (!title.p || !text.p)
        return ECS_E_TOO_LARGE;
    group = ecs_doc_group(doc, node, "MSG");
    ecs_doc_str(doc, group, capital ? "Title" : "title", title);
    ecs_doc_str(doc, group, capital ? "Message" : "message", text);
    ecs_doc_int(doc, group, "Accept_btn", v[ECS_DECIDE_BILLING_DIALOG_ACCEPT].i);
    ecs_doc_int(doc, group, "Reject_btn", v[ECS_DECIDE_BILLING_DIALOG_REJECT].i);
    return ECS_OK;
}

static enum ecs_rc add_page(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                            const struct ecs_decision_value *v, const struct ecs_billing_view *view,
                            int64_t validity)
{
    uint8_t account[ECS_ACCOUNT_LEN];
    bool has_account = ecs_billing_account(c->crypto, c->request->param[ECS_P_STORE_VENDOR],
                                           c->request->param[ECS_P_STORE_USER_ID], account);

    return app_flow_write(c, doc, node,
                          &(struct app_flow){.service = BILLING_SERVICE,
                                             .name = "billing",
                                             .url = v[ECS_DECIDE_BILLING_FLOW_URL].s,
                                             .data = v[ECS_DECIDE_BILLING_FLOW_DATA].s,
                                             .type = v[ECS_DECIDE_BILLING_FLOW_TYPE].i,
                                             .encoded = v[ECS_DECIDE_BILLING_FLOW_ENCODED].i,
                                             .life_s = validity + 3600,
                                             .terms = view->terms,
                                             .account = has_account ? account : NULL});
}

enum ecs_rc app_build_billing(struct ecs_app_context *c, struct ecs_doc *doc, struct ecs_doc_node *node,
                              const struct ecs_decisions *decisions, struct ecs_app_result *result)
{
    const struct ecs_decision_value *v = decisions->v;
    bool has_url = app_flow_has_url(c, v[ECS_DECIDE_BILLING_FLOW_URL].s);
    struct ecs_billing_view view;
    enum ecs_rc rc = ECS_OK;
    int64_t validity;

    resolve(c, decisions, &view);
    /* Terms that nobody could accept, or an account that nobody could enable, are no offer (Table 97). */
    if (view.entitlement == DISABLED && view.terms != TERMS_RUNNING && !has_url &&
        !(view.dialog && view.terms == TERMS_MISSING))
        view.entitlement = INCOMPATIBLE;
    validity = v[view.entitlement == PROVISIONING ? ECS_DECIDE_BILLING_VALIDITY_PENDING
                                                  : ECS_DECIDE_BILLING_VALIDITY]
                   .i;
    result->status = view.entitlement;
    app_validity(c, validity, services);
    ecs_doc_int(doc, node, "EntitlementStatus", view.entitlement);
    if (!view.message.p)
        return ECS_E_TOO_LARGE;
    if (view.entitlement == INCOMPATIBLE) {
        ecs_doc_str(doc, node, "MessageForIncompatible", view.message);
        return ECS_OK;
    }
    ecs_doc_int(doc, node, "TC_Status", view.terms);
    if (view.entitlement != DISABLED || view.terms == TERMS_RUNNING)
        return ECS_OK;
    if (view.terms == TERMS_MISSING)
        ecs_doc_int(doc, node, "TC_Operation",
                    view.dialog && (!has_url || v[ECS_DECIDE_BILLING_TERMS_WAY].i == ECS_TERMS_WAY_MESSAGE)
                        ? MESSAGE_PREFERRED
                        : PAGE_PREFERRED);
    if (has_url)
        rc = add_page(c, doc, node, v, &view, validity);
    if (rc == ECS_OK && view.dialog && view.terms == TERMS_MISSING)
        rc = add_dialog(c, doc, node, v);
    return rc;
}
