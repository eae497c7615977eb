/* SPDX-License-Identifier: Apache-2.0 */
/* The not-enabled page and the general-error page of eSIM activation: they take nothing from their visitor,
 * and may call dismissFlow() alone (TS.43 6.7). A reference only chooses brand and language. What is wrong
 * with the session of the other pages is told in the same way. */
#include "sheet_odsa.h"

enum { LIMIT_MS = 5000 };

struct notice {
    struct ecs_flow_ref ref;
    struct ecs_subscriber_facts facts; /* of nobody without a reference */
};

static enum ecs_next load_line(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct notice *n = web_own(c, sizeof(*n));
    struct ecs_facts_key key;

    if (!n)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the pages need more memory");
    if (c->method == ECS_HTTP_HEAD ||
        ecs_flow_ref_open(c->engine->flow_sealer, web_field(c, "sid"), &n->ref) != ECS_OK ||
        n->ref.expires_s <= c->now || !n->ref.imsi.s[0])
        return ECS_NEXT;
    ecs_imsi_mask(&n->ref.imsi, c->log.imsi);
    key = (struct ecs_facts_key){.imsi = ecs_str_of(n->ref.imsi.s)};
    return ecs_store_facts(f, c->front->store, &key, &n->facts);
}

/* Without memory c->out overflows. */
static enum ecs_next show(struct web_call *c, const struct ecs_subscriber_facts *facts, enum sheet_page page,
                          struct ecs_str title, struct ecs_str message)
{
    struct sheet_view view =
        sheet_view_of(c->engine->snapshot->sheets, facts->brand, c->accept_language,
                      facts->language.n ? facts->language : facts->brand_language, c->flow.arena);
    struct sheet_scope *scope = sheet_scope_new(c->flow.arena);

    sheet_put(scope, "title", sheet_view_text(&view, title));
    sheet_put(scope, "message", sheet_view_text(&view, message));
    sheet_answer(c, &view, page, scope);
    return ECS_DONE;
}

static enum ecs_next show_not_enabled(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    const struct notice *n = c->own;

    if (ecs_str_eq(web_field(c, "why"), ECS_STR("device")))
        return show(c, &n->facts, SHEET_PAGE_ODSA_NOTICE, ECS_STR("odsa-not-enabled-device-title"),
                    ECS_STR("odsa-not-enabled-device"));
    return show(c, &n->facts, SHEET_PAGE_ODSA_NOTICE, ECS_STR("odsa-not-enabled-title"),
                ECS_STR("odsa-not-enabled"));
}

static enum ecs_next show_fault(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    const struct notice *n = c->own;

    return show(c, &n->facts, SHEET_PAGE_ODSA_FAULT, ECS_STR("odsa-error-title"), ECS_STR("odsa-error"));
}

const struct ecs_step sheet_odsa_not_enabled_steps[] = {
    {"load-line", load_line, LIMIT_MS}, {"show", show_not_enabled, 0}, {0}};
const struct ecs_step sheet_odsa_fault_steps[] = {
    {"load-line", load_line, LIMIT_MS}, {"show", show_fault, 0}, {0}};

/* Without a session nothing is known of the user but the browser's language. */
void sheet_odsa_error(struct web_call *c, enum ecs_rc rc)
{
    static const struct ecs_subscriber_facts nobody;
    bool later = ecs_rc_http(rc) >= 500 && ecs_rc_http(rc) != 511;

    if (!later)
        ecs_metric_count(c->front->metrics, ECS_M_SHEET_REFUSED, 0);
    ecs_buf_reset(&c->out);
    if (later)
        (void)show(c, &nobody, SHEET_PAGE_ODSA_FAULT, ECS_STR("error-later-title"), ECS_STR("error-later"));
    else
        (void)show(c, &nobody, SHEET_PAGE_ODSA_FAULT, ECS_STR("error-reopen-title"), ECS_STR("odsa-reopen"));
    if (c->out.overflow)
        web_error_text(c, rc);
    c->status = later ? 503 : 403;
}
