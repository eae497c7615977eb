/* SPDX-License-Identifier: Apache-2.0 */
/* The consent pages of VoWiFi (TS.43 3.4): what is missing is decided from the line's facts by the policy, as
 * for devices; terms and address are captured and written to the line in one transaction at the end. Every
 * answer to a form is a redirect to the page, so that the back button and a reload repeat nothing. */
#include "sheet.h"

#include <string.h>

#include "ecs/json.h"

enum { STEPS_MAX = 200, LIMIT_MS = 5000 };

/* ---- state ---- */

static enum ecs_next load_facts(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct sheet *s = c->own;
    struct ecs_facts_key key = {.imsi = s->row.imsi, .tac = s->row.tac};

    if (!ecs_imsi_parse(s->row.imsi, &s->imsi))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "the session names no subscriber");
    ecs_imsi_mask(&s->imsi, c->log.imsi);
    return ecs_store_facts(f, c->front->store, &key, &s->facts);
}

static void choose_view(struct sheet *s)
{
    const struct ecs_subscriber_facts *facts = &s->facts;

    s->view = sheet_view_of(s->call->engine->snapshot->sheets, facts->brand, s->call->accept_language,
                            facts->language.n ? facts->language : facts->brand_language, s->call->flow.arena);
}

static void decide(struct sheet *s)
{
    const struct engine *e = s->call->engine;
    const struct ecs_snapshot *snapshot = e->snapshot;
    struct ecs_app_context *c = &s->context;

    *c = (struct ecs_app_context){
        .arena = s->call->flow.arena,
        .crypto = s->call->front->crypto,
        .flow_sealer = e->flow_sealer,
        .policy = snapshot->policy,
        .messages = snapshot->messages,
        .language = ecs_language_match(sheet_view_language(&s->view), e->languages, e->language_n, 0),
        .request = &s->request,
        .line = &s->facts,
        .imsi = &s->imsi,
        .gate = &snapshot->gate,
        .portal_url = snapshot->portal_url,
        .offered = snapshot->offered,
        .now = s->call->now,
        .utc_offset_s = (int)snapshot->policy_conf->utc_offset_minutes * 60,
    };
    for (size_t i = 0; i < snapshot->plmn_n; i++)
        if (ecs_plmn_matches(&snapshot->plmns[i], &s->imsi))
            c->plmn_n = 3 + strlen(snapshot->plmns[i].mnc);
    ecs_app_facts(c);
    ecs_app_vowifi(c, &s->state);
}

/* ---- changes ---- */

static enum ecs_next save_move(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct sheet *s = c->own;

    return ecs_store_sheet_move(f, c->front->store, &s->move, &s->moved);
}

static enum ecs_next save_result(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct sheet *s = c->own;

    return ecs_store_sheet_finish(f, c->front->store, &s->result, &s->written);
}

static enum ecs_next check_address(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct sheet *s = c->own;
    char reference[32];

    if (!sheet_step_token(s, -1 - s->row.step, reference))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "no digest");
    return ecs_address_check(f, c->engine->address, &s->form.address, s->facts.msisdn,
                             ecs_str_of(ecs_printf(f->arena, "%s", reference)), &s->checked);
}

static enum ecs_next move_to(struct sheet *s, enum ecs_sheet_stage stage, const struct sheet_form *form)
{
    struct ecs_flow *f = &s->call->flow;

    s->move = (struct ecs_sheet_move){.step = s->row.step, .stage = stage, .terms = s->row.terms};
    memcpy(s->move.handle, s->handle, sizeof(s->handle));
    if (form) {
        s->move.form = sheet_form_seal(s, form);
        if (!s->move.form.p)
            return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the pages need more memory");
    }
    return ecs_flow_goto(f, save_move);
}

static void free_buf(void *buf)
{
    ecs_buf_done(buf);
}

/* For the audit table: what was captured, not what it says. */
static struct ecs_str detail_of(const struct sheet *s, struct ecs_arena *arena)
{
    struct ecs_buf *out = ecs_alloc(arena, sizeof(*out));
    struct ecs_json_out json = {.buf = out};

    if (!out || !ecs_defer(arena, free_buf, out))
        return ECS_STR_NULL;
    ecs_json_begin(&json, NULL, '{');
    ecs_json_str(&json, "service", s->row.service);
    if (s->result.terms >= 0)
        ecs_json_i64(&json, "tc_version", s->result.terms);
    if (s->result.addr_status >= 0)
        ecs_json_i64(&json, "addr_status", s->result.addr_status);
    if (s->result.addr_identifier.p)
        ecs_json_bool(&json, "addr_identifier_given", true);
    ecs_json_end(&json, '}');
    return out->overflow ? ECS_STR_NULL : ecs_buf_str(out);
}

/* addr_status -1: the address stays. */
static enum ecs_next finish(struct sheet *s, int addr_status, const struct ecs_address_result *checked)
{
    struct ecs_flow *f = &s->call->flow;
    int64_t life = s->call->engine->snapshot->websheet->address_validity_s;

    s->result = (struct ecs_sheet_result){
        .step = s->row.step,
        .stage = addr_status == 3 ? ECS_SHEET_PENDING : ECS_SHEET_FINISHED,
        .terms = s->row.terms,
        .addr_status = addr_status,
        .subject_masked = ecs_str_of(s->call->log.imsi),
    };
    memcpy(s->result.handle, s->handle, sizeof(s->handle));
    if (addr_status == 1)
        s->result.addr_expiry = checked->expires_s ? checked->expires_s : life ? s->call->now + life : 0;
    if (addr_status >= 0 && checked->identifier.n)
        s->result.addr_identifier = checked->identifier;
    s->result.detail = detail_of(s, f->arena);
    if (!s->result.detail.p)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the pages need more memory");
    return ecs_flow_goto(f, save_result);
}

static enum ecs_next take_verdict(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct sheet *s = c->own;
    struct sheet_form form = {.given = true, .address = s->form.address};

    switch (s->checked.verdict) {
    case ECS_ADDRESS_GOOD:
        return finish(s, 1, &s->checked);
    case ECS_ADDRESS_PENDING:
        return finish(s, 3, &s->checked);
    case ECS_ADDRESS_BAD:
        form.bad = s->checked.bad;
        form.refused = true;
        return move_to(s, ECS_SHEET_ASKED, &form);
    case ECS_ADDRESS_SUGGESTION:
        form.suggestion = s->checked.suggestion;
        return move_to(s, ECS_SHEET_SUGGESTED, &form);
    default:
        ecs_log_at(&c->log, ECS_EV_SHEET, ECS_LOG_WARNING, "vowifi: an address could not be checked: %s",
                   s->checked.reason ? s->checked.reason : "no answer");
        return move_to(s, ECS_SHEET_LATER, &form);
    }
}

/* ---- what a user does ---- */

static enum ecs_next do_accept(struct sheet *s)
{
    int64_t shown;

    /* Terms that changed while they were read are shown again. */
    if (!ecs_str_to_i64(web_field(s->call, "version"), &shown) || shown != s->state.terms_version)
        return sheet_redirect(&s->call->flow);
    s->row.terms = shown;
    return s->state.address == 0 ? move_to(s, ECS_SHEET_ASKED, NULL) : finish(s, -1, NULL);
}

static enum ecs_next do_dismiss(struct sheet *s)
{
    s->row.terms = -1;
    return move_to(s, ECS_SHEET_DISMISSED, NULL);
}

static struct ecs_str chosen_country(struct sheet *s)
{
    const struct ecs_websheet_conf *conf = s->call->engine->snapshot->websheet;
    struct ecs_str country = web_field(s->call, "country");

    return sheet_country_allowed(conf, country) ? country : conf->countries.items[0];
}

static enum ecs_next do_country(struct sheet *s)
{
    if (!sheet_form_read(s, chosen_country(s)))
        return ecs_flow_fail(&s->call->flow, ECS_E_NO_MEMORY, "the pages need more memory");
    s->form.given = false;
    return move_to(s, ECS_SHEET_ASKED, &s->form);
}

static enum ecs_next do_address(struct sheet *s)
{
    struct sheet_form *form = &s->form;
    struct ecs_str before = form->address.field[ECS_ADDRESS_COUNTRY];
    struct ecs_str country = chosen_country(s);

    /* The fields shown were those of another country: they are asked for anew. */
    if (!before.n)
        before = s->call->engine->snapshot->websheet->countries.items[0];
    if (!ecs_str_eq(before, country))
        return do_country(s);
    if (!sheet_form_read(s, country))
        return ecs_flow_fail(&s->call->flow, ECS_E_NO_MEMORY, "the pages need more memory");
    ecs_address_judge(&form->address, &form->missing, &form->wrong);
    return move_to(s, form->missing || form->wrong ? ECS_SHEET_ASKED : ECS_SHEET_CONFIRM, form);
}

static enum ecs_next do_edit(struct sheet *s)
{
    struct sheet_form form = {.given = true, .address = s->form.address};

    return move_to(s, ECS_SHEET_ASKED, &form);
}

static enum ecs_next do_confirm(struct sheet *s)
{
    return ecs_flow_goto(&s->call->flow, check_address);
}

static enum ecs_next do_use(struct sheet *s)
{
    s->form.address = s->form.suggestion;
    return ecs_flow_goto(&s->call->flow, check_address);
}

#define ON(page) (1u << SHEET_PAGE_##page)
static const struct {
    const char *name;
    unsigned pages; /* where it is offered */
    enum ecs_next (*act)(struct sheet *s);
} actions[] = {
    {"accept", ON(TERMS), do_accept},
    {"country", ON(ADDRESS), do_country},
    {"address", ON(ADDRESS), do_address},
    {"confirm", ON(CONFIRM) | ON(LATER), do_confirm},
    {"use", ON(SUGGEST), do_use},
    {"edit", ON(CONFIRM) | ON(SUGGEST) | ON(LATER), do_edit},
    {"dismiss", ON(TERMS) | ON(ADDRESS) | ON(CONFIRM) | ON(SUGGEST) | ON(LATER) | ON(NOTICE), do_dismiss},
};

static bool is_present_step(struct sheet *s)
{
    struct ecs_str given = web_field(s->call, "step");
    char wanted[32];

    return sheet_step_token(s, s->row.step, wanted) && given.n == strlen(wanted) &&
           ecs_ct_equal(given.p, wanted, given.n);
}

static enum ecs_next act(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct sheet *s = c->own;
    struct ecs_str name = web_field(c, "do");
    enum sheet_page page;

    if (!s->facts.known)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "the subscriber does not exist any more");
    choose_view(s);
    decide(s);
    sheet_form_open(s, s->row.form, &s->form);
    page = sheet_current(s);
    if (c->method != ECS_HTTP_POST) {
        sheet_show(s, page);
        return ECS_DONE;
    }
    if (s->row.step >= STEPS_MAX)
        return ecs_flow_fail(f, ECS_E_RATE_LIMIT, "too many steps in one session");
    /* Back button, second press, another tab: the page shows where the session is. */
    for (size_t i = 0; is_present_step(s) && i < ECS_ARRAY_LEN(actions); i++)
        if (actions[i].pages & 1u << page && ecs_str_eq(name, ecs_str_of(actions[i].name)))
            return actions[i].act(s);
    return sheet_redirect(f);
}

static enum ecs_next moved(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct sheet *s = c->own;

    if (s->moved && s->move.stage == ECS_SHEET_DISMISSED)
        ecs_metric_count(c->front->metrics, ECS_M_SHEET_DISMISSED, 0);
    return sheet_redirect(f);
}

static enum ecs_next written(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct sheet *s = c->own;

    if (s->written) {
        ecs_metric_count(c->front->metrics, ECS_M_SHEET_FINISHED, 0);
        ecs_log(&c->log, ECS_EV_SHEET, "vowifi: finished: terms %s, address %s",
                s->result.terms >= 0 ? "accepted" : "unchanged",
                s->result.addr_status == 1   ? "captured"
                : s->result.addr_status == 3 ? "being checked"
                                             : "unchanged");
    }
    return sheet_redirect(f);
}

const struct ecs_step sheet_vowifi_steps[] = {
    {"begin", sheet_begin, 0},
    {"find-session", sheet_find, LIMIT_MS},
    {"open-session", sheet_open, LIMIT_MS},
    {"opened", sheet_opened, 0},
    {"load-facts", load_facts, LIMIT_MS},
    {"act", act, 0},
    {"check-address", check_address, 0},
    {"take-verdict", take_verdict, 0},
    {"save-move", save_move, LIMIT_MS},
    {"moved", moved, 0},
    {"save-result", save_result, LIMIT_MS},
    {"written", written, 0},
    {0},
};

bool sheet_enabled(const struct ecs_snapshot *s)
{
    return s->websheet->enabled;
}
