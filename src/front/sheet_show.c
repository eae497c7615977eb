/* SPDX-License-Identifier: Apache-2.0 */
/* Which page a session is on, and what stands on it. */
#include "sheet.h"

#include <string.h>

#include "ecs/negotiate.h"

enum { MISSING, DONE, NOT_REQUIRED, RUNNING }; /* Tables 16 and 17 */
enum { INCOMPATIBLE = 2, PROVISIONING = 3 };

/* ---- the choice ---- */

/* Terms that were accepted on these pages count, although they are not written yet. */
static bool needs_terms(const struct sheet *s)
{
    return s->state.terms == MISSING && (s->row.terms < 0 || s->row.terms != s->state.terms_version);
}

/* With everything in place the user has come to change the address. */
static bool takes_address(const struct sheet *s)
{
    return s->state.address == MISSING ||
           (s->state.address == DONE && s->state.terms != RUNNING && s->state.entitlement != PROVISIONING);
}

enum sheet_page sheet_current(const struct sheet *s)
{
    static const enum sheet_page of_stage[] = {
        [ECS_SHEET_ASKED] = SHEET_PAGE_ADDRESS,     [ECS_SHEET_CONFIRM] = SHEET_PAGE_CONFIRM,
        [ECS_SHEET_SUGGESTED] = SHEET_PAGE_SUGGEST, [ECS_SHEET_LATER] = SHEET_PAGE_LATER,
        [ECS_SHEET_FINISHED] = SHEET_PAGE_DONE,     [ECS_SHEET_DISMISSED] = SHEET_PAGE_DONE,
        [ECS_SHEET_PENDING] = SHEET_PAGE_DONE,
    };

    if (s->row.stage >= ECS_SHEET_FINISHED)
        return SHEET_PAGE_DONE;
    if (s->state.entitlement == INCOMPATIBLE)
        return SHEET_PAGE_NOTICE;
    if (needs_terms(s))
        return SHEET_PAGE_TERMS;
    if (!takes_address(s))
        return SHEET_PAGE_NOTICE;
    /* A form that cannot be read any more is asked for again. */
    return s->form.given ? of_stage[s->row.stage] : SHEET_PAGE_ADDRESS;
}

/* ---- parts of pages ---- */

static struct ecs_str text(const struct sheet *s, const char *format, const char *name, struct ecs_str suffix)
{
    char key[80];
    size_t n = 0;

    for (const char *p = format; *p && n + 40 < sizeof(key); p++) {
        struct ecs_str part = p[0] == '$' ? ecs_str_of(name) : p[0] == '%' ? suffix : (struct ecs_str){p, 1};

        for (size_t i = 0; i < part.n && n + 1 < sizeof(key); i++)
            key[n++] = part.p[i] >= 'A' && part.p[i] <= 'Z' ? (char)(part.p[i] | 0x20) : part.p[i];
    }
    return sheet_view_text(&s->view, (struct ecs_str){key, n});
}

static struct ecs_str label_of(const struct sheet *s, const char *field, struct ecs_str country)
{
    struct ecs_str label = text(s, "label-$-%", field, country);

    return label.n ? label : text(s, "label-$", field, country);
}

static struct ecs_str country_name(const struct sheet *s, struct ecs_str code)
{
    struct ecs_str name = text(s, "country-%", "", code);

    return name.n ? name : code;
}

static struct ecs_str country_of(const struct sheet *s)
{
    struct ecs_str country = s->form.address.field[ECS_ADDRESS_COUNTRY];

    return country.n ? country : s->call->engine->snapshot->websheet->countries.items[0];
}

static struct ecs_str error_of(const struct sheet *s, enum ecs_address_field field, const char *name)
{
    struct ecs_str error = ECS_STR_NULL;

    if (s->form.missing & 1u << field)
        error = text(s, "error-missing", "", ECS_STR(""));
    else if (s->form.wrong & 1u << field)
        error = text(s, "error-$", name, ECS_STR(""));
    else if (s->form.bad & 1u << field)
        error = text(s, "error-refused", "", ECS_STR(""));
    if (!error.n && (s->form.wrong & 1u << field))
        error = text(s, "error-wrong", "", ECS_STR(""));
    return error;
}

static void put_field(struct sheet *s, struct sheet_scope *page, enum ecs_address_field field,
                      const struct ecs_address_rule *rule)
{
    struct ecs_str label = label_of(s, rule->name, country_of(s)), error = error_of(s, field, rule->name);
    struct sheet_scope *item = sheet_put_item(page, "fields");
    const char *max = ecs_printf(s->call->flow.arena, "%u", rule->max);

    sheet_put(item, "name", ecs_str_of(rule->name));
    sheet_put(item, "label", label);
    sheet_put(item, "value", s->form.address.field[field]);
    sheet_put(item, "error", error);
    sheet_put(item, "hint", ecs_str_of(rule->hint));
    sheet_put_flag(item, "required", rule->required);
    sheet_put(item, "autocomplete", ecs_str_of(rule->autocomplete));
    sheet_put(item, "inputmode", ecs_str_of(rule->inputmode));
    sheet_put(item, "max", ecs_str_of(max));
    if (!error.n)
        return;
    item = sheet_put_item(page, "faults");
    sheet_put(item, "name", ecs_str_of(rule->name));
    sheet_put(item, "label", label);
    sheet_put(item, "error", error);
}

static void put_address_form(struct sheet *s, struct sheet_scope *page)
{
    const struct ecs_str_list *countries = &s->call->engine->snapshot->websheet->countries;
    struct ecs_address_rule rules[ECS_ADDRESS_FIELDS];
    enum ecs_address_field order[ECS_ADDRESS_FIELDS];
    size_t n;

    ecs_address_rules(country_of(s), rules, order, &n);
    for (size_t i = 0; i < n; i++)
        if (order[i] != ECS_ADDRESS_COUNTRY)
            put_field(s, page, order[i], &rules[order[i]]);
    sheet_put_flag(page, "faulty", (s->form.missing | s->form.wrong | s->form.bad) != 0);
    sheet_put_flag(page, "choose", countries->n > 1);
    sheet_put(page, "country", country_name(s, country_of(s)));
    for (size_t i = 0; i < countries->n; i++) {
        struct sheet_scope *item = sheet_put_item(page, "countries");

        sheet_put(item, "code", countries->items[i]);
        sheet_put(item, "label", country_name(s, countries->items[i]));
        sheet_put_flag(item, "selected", ecs_str_eq(countries->items[i], country_of(s)));
    }
    sheet_put_flag(page, "refused", s->form.refused && !(s->form.missing | s->form.wrong | s->form.bad));
    sheet_put_flag(page, "change", s->state.address == DONE);
}

static void put_lines(struct sheet *s, struct sheet_scope *page, const char *list,
                      const struct ecs_address *address)
{
    struct ecs_address_rule rules[ECS_ADDRESS_FIELDS];
    enum ecs_address_field order[ECS_ADDRESS_FIELDS];
    struct ecs_str country = address->field[ECS_ADDRESS_COUNTRY];
    size_t n;

    ecs_address_rules(country, rules, order, &n);
    for (size_t i = 0; i < n; i++) {
        struct ecs_str value = address->field[order[i]];
        struct sheet_scope *item = value.n ? sheet_put_item(page, list) : NULL;

        if (!item)
            continue;
        sheet_put(item, "label", label_of(s, rules[order[i]].name, country));
        sheet_put(item, "value", order[i] == ECS_ADDRESS_COUNTRY ? country_name(s, value) : value);
    }
}

static void put_notice(struct sheet *s, struct sheet_scope *page)
{
    const char *kind =
        s->state.entitlement == INCOMPATIBLE ? "unavailable"
        : s->state.terms == RUNNING || s->state.address == RUNNING || s->state.entitlement == PROVISIONING
            ? "pending"
            : "complete";
    struct ecs_str message = text(s, "notice-$", kind, ECS_STR(""));

    sheet_put(page, "title", text(s, "notice-$-title", kind, ECS_STR("")));
    sheet_put(page, "message",
              s->state.entitlement == INCOMPATIBLE && s->state.message.n ? s->state.message : message);
}

static void put_outcome(struct sheet *s, struct sheet_scope *page)
{
    bool dismissed = s->row.stage == ECS_SHEET_DISMISSED;

    sheet_put(page, "outcome", dismissed ? ECS_STR("dismissed") : ECS_STR("changed"));
    sheet_put_flag(page, "changed", !dismissed);
    sheet_put_flag(page, "pending", s->row.stage == ECS_SHEET_PENDING);
}

/* So that users with two lines see which one they are on; not more of it, the page may be looked at by
 * others. */
static void put_number(const struct sheet *s, struct sheet_scope *page)
{
    enum { SHOWN = 3 };
    struct ecs_str number = s->facts.msisdn;

    if (number.n > 2 * SHOWN)
        sheet_put(page, "number", (struct ecs_str){number.p + number.n - SHOWN, SHOWN});
}

/* ---- the answer ---- */

void sheet_answer(struct web_call *c, struct sheet_view *view, enum sheet_page page,
                  struct sheet_scope *scope)
{
    const struct sheet_template *t = sheet_view_page(view, page);

    sheet_put(scope, "operator", ecs_str_of(c->engine->snapshot->websheet->operator_name));
    sheet_view_render(view, t, scope, &c->out);
    web_header(c, "Content-Security-Policy", sheet_template_policy(t));
    web_header(c, "X-Frame-Options", "DENY");
}

void sheet_show(struct sheet *s, enum sheet_page page)
{
    struct web_call *c = s->call;
    struct sheet_scope *scope = sheet_scope_new(c->flow.arena);
    char *token = ecs_alloc(c->flow.arena, 32);

    if (!token || !sheet_step_token(s, s->row.step, token)) {
        c->out.overflow = true;
        return;
    }
    sheet_put(scope, "step", ecs_str_of(token));
    sheet_put(scope, "action",
              ecs_str_of(ecs_printf(c->flow.arena, "%s/vowifi", c->engine->snapshot->web->path)));
    put_number(s, scope);
    if (page == SHEET_PAGE_TERMS) {
        sheet_put_part(scope, "terms", sheet_view_terms(&s->view, s->state.terms_version));
        sheet_put(scope, "version",
                  ecs_str_of(ecs_printf(c->flow.arena, "%lld", (long long)s->state.terms_version)));
    } else if (page == SHEET_PAGE_ADDRESS) {
        put_address_form(s, scope);
    } else if (page == SHEET_PAGE_NOTICE) {
        put_notice(s, scope);
    } else if (page == SHEET_PAGE_DONE) {
        put_outcome(s, scope);
    } else {
        put_lines(s, scope, "lines", &s->form.address);
        put_lines(s, scope, "suggested", &s->form.suggestion);
    }
    sheet_answer(c, &s->view, page, scope);
}

/* Without a session nothing is known of the user but the browser's language. */
void sheet_error(struct web_call *c, enum ecs_rc rc)
{
    const struct ecs_snapshot *snapshot = c->engine->snapshot;
    struct sheet_scope *scope = sheet_scope_new(c->flow.arena);
    bool later = ecs_rc_http(rc) >= 500 && ecs_rc_http(rc) != 511;
    struct sheet_view view =
        sheet_view_of(snapshot->sheets, ECS_STR_NULL, c->accept_language, ECS_STR_NULL, c->flow.arena);

    if (!later)
        ecs_metric_count(c->front->metrics, ECS_M_SHEET_REFUSED, 0);
    ecs_buf_reset(&c->out);
    sheet_put(scope, "title",
              sheet_view_text(&view, later ? ECS_STR("error-later-title") : ECS_STR("error-reopen-title")));
    sheet_put(scope, "message",
              sheet_view_text(&view, later ? ECS_STR("error-later") : ECS_STR("error-reopen")));
    sheet_answer(c, &view, SHEET_PAGE_ERROR, scope);
    if (c->out.overflow)
        web_error_text(c, rc);
    c->status = later ? 503 : 403;
}
