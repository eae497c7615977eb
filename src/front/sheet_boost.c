/* SPDX-License-Identifier: Apache-2.0 */
/* Purchase of a data boost (TS.43 9.5, 9.6): the offer, its terms, the purchase. What the user buys is what
 * he was shown: an offer that has changed meanwhile is shown again. */
#include "sheet_service.h"

#include <string.h>

enum { PDB, JITTER, DOWN_MIN, DOWN_MAX, DOWN_BURST, UP_MIN, UP_MAX, UP_BURST, PER }; /* Table 78 */
enum { ENABLED = 1, IN_PROGRESS = 3 };                                               /* Tables 87, 88 */
enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

static bool identify(struct sheet_service *x, struct ecs_str rest)
{
    int64_t type;

    if (!ecs_str_to_i64(rest, &type) || type < 1 || type > UINT8_MAX)
        return false;
    x->boost = (uint8_t)type;
    return true;
}

/* ---- the page ---- */

static const char *notice_of(const struct ecs_boost_view *view)
{
    static const char *const of_entitlement[] = {"paused", "active", "unavailable", "pending", "included"};

    if (view->entitlement == ENABLED && view->provisioning == IN_PROGRESS)
        return "pending";
    if (view->entitlement < 0 || (size_t)view->entitlement >= ECS_ARRAY_LEN(of_entitlement))
        return "unavailable";
    return of_entitlement[view->entitlement];
}

static void decide(struct sheet_service *x)
{
    const struct ecs_websheet_conf *conf = x->sheet->call->engine->snapshot->websheet;
    struct ecs_boost_view view;

    ecs_app_boost(&x->sheet->context, x->boost, &view);
    x->offer = view.boost;
    x->terms = conf->boost_terms ? conf->boost_terms : -1;
    x->page = SHEET_PAGE_SERVICE_NOTICE;
    if (view.to_buy && view.boost)
        x->page = x->terms >= 0 && x->seen ? SHEET_PAGE_BOOST_TERMS : SHEET_PAGE_BOOST_OFFER;
    else
        x->notice = notice_of(&view);
}

bool sheet_boost_token(struct sheet_service *x, char *out)
{
    const struct ecs_data_boost *o = x->offer;
    const char *text = ecs_printf(x->sheet->call->flow.arena, "offer %u %lld %.*s", o->type,
                                  (long long)o->seconds, ECS_FMT(o->price));

    return text && sheet_text_token(x->sheet, ecs_str_of(text), out);
}

/* ---- what stands on it ---- */

static void put_duration(struct sheet_service *x, struct sheet_scope *page, int64_t seconds)
{
    int64_t days = seconds / DAY;

    sheet_put_flag(page, "day", days == 1);
    if (days > 1)
        sheet_service_put_number(x, page, "days", days);
    if (seconds % DAY / HOUR)
        sheet_service_put_number(x, page, "hours", seconds % DAY / HOUR);
    if (seconds % HOUR / MINUTE)
        sheet_service_put_number(x, page, "minutes", seconds % HOUR / MINUTE);
    if (seconds % MINUTE)
        sheet_service_put_number(x, page, "seconds", seconds % MINUTE);
}

static void put_offer(struct sheet_service *x, struct sheet_scope *page)
{
    static const struct {
        const char *name;
        unsigned target;
    } targets[] = {
        {"downmin", DOWN_MIN}, {"downmax", DOWN_MAX}, {"upmin", UP_MIN}, {"upmax", UP_MAX}, {"delay", PDB},
    };
    const struct ecs_data_boost *o = x->offer;
    char *token = ecs_alloc(x->sheet->call->flow.arena, 32);

    /* A name for people: that of the operator for this type, else a general one. */
    sheet_put(page, "offer",
              sheet_view_text(&x->sheet->view,
                              ecs_str_of(ecs_printf(x->sheet->call->flow.arena, "boost-name-%u", o->type))));
    sheet_put(page, "price", o->price);
    put_duration(x, page, o->seconds);
    for (size_t i = 0; i < ECS_ARRAY_LEN(targets); i++)
        if (o->target[targets[i].target] > 0)
            sheet_service_put_number(x, page, targets[i].name, o->target[targets[i].target]);
    sheet_put_flag(page, "buy", x->terms < 0);
    if (x->terms >= 0)
        sheet_service_put_number(x, page, "version", x->terms);
    if (token && sheet_boost_token(x, token))
        sheet_put(page, "shown", ecs_str_of(token));
}

static void fill(struct sheet_service *x, struct sheet_scope *page)
{
    if (x->page == SHEET_PAGE_BOOST_OFFER || x->page == SHEET_PAGE_BOOST_TERMS)
        put_offer(x, page);
}

/* ---- what a user does ---- */

static bool is_shown_offer(struct sheet_service *x)
{
    struct ecs_str given = web_field(x->sheet->call, "shown");
    char wanted[32];

    return sheet_boost_token(x, wanted) && given.n == strlen(wanted) &&
           ecs_ct_equal(given.p, wanted, given.n);
}

static enum ecs_next do_next(struct sheet_service *x)
{
    if (!is_shown_offer(x))
        return sheet_redirect(&x->sheet->call->flow);
    x->seen = true;
    return sheet_service_save(x, ECS_SHEET_ASKED);
}

static enum ecs_next do_buy(struct sheet_service *x)
{
    if (x->page == SHEET_PAGE_BOOST_OFFER && x->terms >= 0) /* the terms were not read yet */
        return sheet_redirect(&x->sheet->call->flow);
    if (!is_shown_offer(x) || !sheet_service_terms_shown(x))
        return sheet_redirect(&x->sheet->call->flow);
    x->buy = (struct ecs_boost_buy){
        .imsi = x->sheet->row.imsi,
        .type = x->boost,
        .key = ecs_str_of(x->key),
        .actor = ECS_STR("subscriber"),
        .subject_masked = ecs_str_of(x->sheet->call->log.imsi),
    };
    return sheet_service_change(x);
}

static const struct service_action actions[] = {
    {"next", SERVICE_ON(BOOST_OFFER), do_next},
    {"buy", SERVICE_ON(BOOST_OFFER) | SERVICE_ON(BOOST_TERMS), do_buy},
    {0},
};

const struct service_kind service_boost = {
    .place = "boost",
    .session = {"boost-", 6},
    .data = {ECS_DATA_PLAN, 1},
    .identify = identify,
    .decide = decide,
    .fill = fill,
    .actions = actions,
    .end = SHEET_PAGE_BOOST_END,
};
