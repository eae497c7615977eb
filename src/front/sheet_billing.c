/* SPDX-License-Identifier: Apache-2.0 */
/* Carrier billing (TS.43 11.3, 11.6): terms and conditions, and the wish to pay on the bill. The account of
 * that store and user is activated with the device's next request, which entitlementChanged() leads to. */
#include "sheet_service.h"

enum { MISSING, ACCEPTED, NOT_REQUIRED, RUNNING };         /* Table 92 */
enum { DISABLED = 0, INCOMPATIBLE = 2, PROVISIONING = 3 }; /* Table 91 */

static bool identify(struct sheet_service *x, struct ecs_str rest)
{
    if (!ecs_hex_decode(rest, x->set.account, sizeof(x->set.account)))
        return false;
    x->account = rest;
    return true;
}

static void decide(struct sheet_service *x)
{
    static const char *const of_entitlement[] = {"pending", "complete", "unavailable", "pending"};
    const struct ecs_websheet_conf *conf = x->sheet->call->engine->snapshot->websheet;
    struct ecs_billing_view view;

    ecs_app_billing(&x->sheet->context, &view);
    x->tc = view.terms;
    x->message = view.message;
    x->page = view.offered && view.entitlement == DISABLED && view.terms != RUNNING
                  ? SHEET_PAGE_BILLING_TERMS
                  : SHEET_PAGE_SERVICE_NOTICE;
    x->notice = of_entitlement[view.entitlement >= 0 && view.entitlement <= PROVISIONING ? view.entitlement
                                                                                         : INCOMPATIBLE];
    /* Terms that were accepted before are not asked for again. */
    if (view.terms == MISSING && conf->billing_terms)
        x->terms = conf->billing_terms;
}

static void fill(struct sheet_service *x, struct sheet_scope *page)
{
    if (x->page == SHEET_PAGE_BILLING_TERMS && x->terms >= 0)
        sheet_service_put_number(x, page, "version", x->terms);
}

static enum ecs_next do_accept(struct sheet_service *x)
{
    if (!sheet_service_terms_shown(x))
        return sheet_redirect(&x->sheet->call->flow);
    x->set.imsi = x->sheet->row.imsi;
    x->set.terms = x->tc == NOT_REQUIRED ? -1 : ACCEPTED;
    x->set.state = ECS_BILLING_WANTED;
    x->set.actor = ECS_STR("subscriber");
    x->set.subject_masked = ecs_str_of(x->sheet->call->log.imsi);
    return sheet_service_change(x);
}

static const struct service_action actions[] = {{"accept", SERVICE_ON(BILLING_TERMS), do_accept}, {0}};

const struct service_kind service_billing = {
    .place = "billing",
    .session = {"billing-", 8},
    .data = {ECS_DATA_BILLING, 1},
    .identify = identify,
    .decide = decide,
    .fill = fill,
    .actions = actions,
    .end = SHEET_PAGE_BILLING_END,
};
