/* SPDX-License-Identifier: Apache-2.0 */
/* Satellite (TS.43 15.1, 15.4): what it does, its terms, and the wish to use it. Terms and the end of the
 * flow are those of the line's service "satmode", which the policy answers the device's next request from. */
#include "sheet_service.h"

enum { MISSING = 0, RUNNING = 3 }; /* as Table 16 */
enum { DISABLED = 0, INCOMPATIBLE = 2, PROVISIONING = 3 };

static bool identify(struct sheet_service *x, struct ecs_str rest)
{
    (void)x;
    return rest.n == 0;
}

static void decide(struct sheet_service *x)
{
    static const char *const of_entitlement[] = {"pending", "complete", "unavailable", "pending"};
    struct ecs_satmode_view view;

    ecs_app_satmode(&x->sheet->context, &view);
    x->message = view.message;
    if (view.entitlement == DISABLED && view.terms != RUNNING) {
        x->page = SHEET_PAGE_SATMODE_TERMS;
        if (view.terms == MISSING)
            x->terms = view.terms_version;
        return;
    }
    x->page = SHEET_PAGE_SERVICE_NOTICE;
    x->notice = of_entitlement[view.entitlement >= 0 && view.entitlement <= PROVISIONING ? view.entitlement
                                                                                         : INCOMPATIBLE];
}

static void fill(struct sheet_service *x, struct sheet_scope *page)
{
    if (x->page == SHEET_PAGE_SATMODE_TERMS && x->terms >= 0)
        sheet_service_put_number(x, page, "version", x->terms);
}

static enum ecs_next do_accept(struct sheet_service *x)
{
    if (!sheet_service_terms_shown(x))
        return sheet_redirect(&x->sheet->call->flow);
    return sheet_service_finish(x);
}

static const struct service_action actions[] = {{"accept", SERVICE_ON(SATMODE_TERMS), do_accept}, {0}};

const struct service_kind service_satmode = {
    .place = "satmode",
    .session = {"satmode", 7},
    .data = {ECS_DATA_SATELLITE, 1},
    .identify = identify,
    .decide = decide,
    .fill = fill,
    .actions = actions,
    .end = SHEET_PAGE_SATMODE_END,
};
