/* SPDX-License-Identifier: Apache-2.0 */
/* The portal of eSIM activation that is built in: plan, terms, old device, code, consent, and the end that
 * tells the phone. The pages order nothing: what the user has decided becomes an event of the journey, and
 * where the journey stands decides what is shown. Every answer to a form is a redirect. */
#include "sheet_odsa.h"

#include <string.h>

#include "ecs/store_admin.h"

enum { STEPS_MAX = 200, LIMIT_MS = 5000, PLANS_MS = 20000 };

bool sheet_odsa_enabled(const struct ecs_snapshot *s)
{
    return s->websheet->enabled;
}

/* ---- state ---- */

static enum ecs_next load_journey(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct sheet *s = c->own;
    struct ecs_str text = s->row.service, part;
    int64_t id;

    s->odsa = ecs_arena_secret(f->arena, sizeof(*s->odsa));
    if (!s->odsa)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the pages need more memory");
    s->odsa->sheet = s;
    if (!ecs_str_cut(&text, '-', &part) || !ecs_str_to_i64(text, &id))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "the session names no journey");
    return ecs_store_journey_get(f, c->front->store, id, &s->odsa->journey);
}

static enum ecs_next load_line(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct sheet *s = c->own;
    struct ecs_facts_key key = {.imsi = s->row.imsi};

    if (!ecs_str_eq(s->odsa->journey.imsi, s->row.imsi))
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "the journey is not of the session's subscriber");
    if (!s->row.imsi.n)
        return ECS_NEXT; /* of an enterprise */
    if (!ecs_imsi_parse(s->row.imsi, &s->imsi))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "the session names no subscriber");
    ecs_imsi_mask(&s->imsi, c->log.imsi);
    return ecs_store_facts(f, c->front->store, &key, &s->facts);
}

static void describe(struct sheet_odsa *o)
{
    const struct ecs_journey *j = &o->journey;

    o->subject = (struct ecs_bss_subject){
        .imsi = j->imsi,
        .msisdn = o->sheet->facts.msisdn,
        .iccid = o->sheet->facts.iccid,
        .enterprise = j->enterprise,
        .requestor = j->requestor,
        .app = ecs_str_of(ecs_printf(o->sheet->call->flow.arena, "ap%d", j->app)),
        .terminal_id = j->terminal_id,
        .target_id = j->target_id,
        .eid = j->eid,
        .target_iccid = j->iccid,
        .service = j->service,
        .plan = j->plan,
        .old_id = j->old_id,
        .old_iccid = j->old_iccid,
        .name = j->name,
        .vendor = j->vendor,
        .model = j->model,
    };
    o->key = (struct ecs_odsa_key){
        .imsi = j->imsi, .enterprise = j->enterprise, .app = j->app, .terminal_id = j->terminal_id};
}

static enum ecs_next choose_page(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct sheet *s = c->own;
    const struct ecs_subscriber_facts *facts = &s->facts;

    if (s->row.imsi.n && !facts->known)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "the subscriber does not exist any more");
    if (ecs_str_eq(s->odsa->journey.state, ECS_STR("expired")))
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "the journey has expired");
    s->view = sheet_view_of(c->engine->snapshot->sheets, facts->brand, c->accept_language,
                            facts->language.n ? facts->language : facts->brand_language, f->arena);
    sheet_odsa_form_open(s->odsa, s->row.form);
    describe(s->odsa);
    s->odsa->page = sheet_odsa_page(s->odsa);
    return ECS_NEXT;
}

static enum ecs_next ask_plans(struct ecs_flow *f)
{
    struct sheet_odsa *o = sheet_odsa_of(f);

    if (o->page != SHEET_PAGE_ODSA_PLAN)
        return ECS_NEXT;
    return ecs_bss_plans(f, o->sheet->call->engine->odsa.bss, &o->subject, &o->plans);
}

static enum ecs_next ask_profiles(struct ecs_flow *f)
{
    struct sheet_odsa *o = sheet_odsa_of(f);

    if (o->page == SHEET_PAGE_ODSA_PLAN) {
        if (o->plans.status != ECS_BSS_DONE && o->plans.status != ECS_BSS_UNKNOWN)
            return ecs_flow_fail(f, ECS_E_BACKEND, "the BSS does not tell the plans: %s",
                                 o->plans.why ? o->plans.why : "no answer");
        o->no_plans = o->plans.n == 0;
        o->page = sheet_odsa_page(o);
    }
    if (o->page != SHEET_PAGE_ODSA_OLD)
        return ECS_NEXT;
    return ecs_store_odsa_view(f, o->sheet->call->front->store, &o->key, &o->view);
}

/* ---- changes ---- */

static enum ecs_next save_move(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct sheet *s = c->own;

    return ecs_store_sheet_move(f, c->front->store, &s->move, &s->moved);
}

enum ecs_next sheet_odsa_save(struct sheet_odsa *o, enum ecs_sheet_stage stage)
{
    struct sheet *s = o->sheet;
    struct ecs_flow *f = &s->call->flow;

    s->move = (struct ecs_sheet_move){.step = s->row.step, .stage = stage, .terms = -1};
    memcpy(s->move.handle, s->handle, sizeof(s->handle));
    s->move.form = sheet_odsa_form_seal(o);
    if (!s->move.form.p)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the pages need more memory");
    return ecs_flow_goto(f, save_move);
}

static enum ecs_next moved(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct sheet *s = c->own;

    if (s->moved && s->move.stage == ECS_SHEET_DISMISSED)
        ecs_metric_count(c->front->metrics, ECS_M_SHEET_DISMISSED, 0);
    if (s->moved && s->move.stage == ECS_SHEET_FINISHED)
        ecs_metric_count(c->front->metrics, ECS_M_SHEET_FINISHED, 0);
    return sheet_redirect(f);
}

/* What was agreed to stands in the audit table before anything is ordered, and outlives the procedure. */
static enum ecs_next note_terms(struct ecs_flow *f)
{
    struct sheet_odsa *o = sheet_odsa_of(f);
    struct web_call *c = o->sheet->call;
    const char *detail;

    if (!o->form.terms || o->stage != ECS_SHEET_FINISHED)
        return ECS_NEXT;
    detail = ecs_printf(
        f->arena, "{\"service\":\"odsa\",\"journey\":%lld,\"terms\":\"accepted\",\"terms_version\":%lld}",
        (long long)o->journey.id, (long long)o->form.terms);
    if (!detail)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the pages need more memory");
    return ecs_store_audit(f, c->front->store, ECS_STR("subscriber"), ECS_STR("system"),
                           ECS_STR("sheet.terms"), ecs_str_of(c->log.imsi), ecs_str_of(detail));
}

static enum ecs_next fire(struct ecs_flow *f)
{
    struct sheet_odsa *o = sheet_odsa_of(f);

    return ecs_flow_call(f, ecs_journey_fire_steps, &o->fire);
}

/* Two copies of one press lead here both: the journey takes the event once, and the session the step. */
static enum ecs_next fired(struct ecs_flow *f)
{
    struct sheet_odsa *o = sheet_odsa_of(f);

    ecs_log(&o->sheet->call->log, ECS_EV_SHEET, "esim: journey %lld: %s%s", (long long)o->journey.id,
            o->fire.event, o->fire.fired == ECS_FIRED_NOT ? ", which its state does not take" : "");
    return sheet_odsa_save(o, o->fire.fired == ECS_FIRED_NOT ? o->sheet->row.stage : o->stage);
}

static enum ecs_next tell(struct sheet_odsa *o, const char *event, enum ecs_sheet_stage stage)
{
    const struct odsa_form *form = &o->form;
    struct ecs_arena *arena = o->sheet->call->flow.arena;
    bool chosen = stage == ECS_SHEET_FINISHED;
    const char *terms = form->terms && chosen
                            ? ecs_printf(arena, "terms of version %lld accepted", (long long)form->terms)
                            : "";

    o->stage = stage;
    o->fire = (struct ecs_journey_fire){
        .env = &o->sheet->call->engine->odsa,
        .id = o->journey.id,
        .event = event,
        .note = {.neighbour = "portal built-in", .detail = ecs_str_of(terms), .us = -1},
        .wait = chosen,
    };
    if (chosen)
        o->fire.patch = (struct ecs_journey_patch){
            .plan = form->plan, .old_id = form->old_id, .old_iccid = form->old_iccid};
    return ecs_flow_goto(&o->sheet->call->flow, note_terms);
}

/* The next page, or the end of the questions. */
static enum ecs_next go_on(struct sheet_odsa *o)
{
    if (sheet_odsa_page(o) == SHEET_PAGE_COUNT)
        return tell(o, "chosen", ECS_SHEET_FINISHED);
    return sheet_odsa_save(o, ECS_SHEET_ASKED);
}

/* ---- what a user does ---- */

static enum ecs_next do_plan(struct sheet_odsa *o)
{
    struct ecs_str id = web_field(o->sheet->call, "plan");

    for (size_t i = 0; i < o->plans.n; i++)
        if (id.n && id.n <= SHEET_ODSA_TEXT_MAX && ecs_str_eq(id, o->plans.plans[i].id)) {
            o->form.plan = o->plans.plans[i].id;
            return go_on(o);
        }
    return sheet_redirect(&o->sheet->call->flow);
}

static enum ecs_next do_accept(struct sheet_odsa *o)
{
    int64_t shown;

    /* Terms that changed while they were read are shown again. */
    if (!ecs_str_to_i64(web_field(o->sheet->call, "version"), &shown) ||
        shown != o->sheet->call->engine->snapshot->websheet->esim_terms)
        return sheet_redirect(&o->sheet->call->flow);
    o->form.terms = shown;
    return go_on(o);
}

static enum ecs_next do_old(struct sheet_odsa *o)
{
    struct ecs_str value = web_field(o->sheet->call, "old");

    for (size_t i = 0; i < o->old_n; i++)
        if (ecs_str_eq(value, o->old[i].value)) {
            o->form.selected = true;
            o->form.old_iccid = o->old[i].iccid;
            o->form.old_id = o->old[i].id;
            return go_on(o);
        }
    return sheet_redirect(&o->sheet->call->flow);
}

static enum ecs_next do_code(struct sheet_odsa *o)
{
    return ecs_flow_goto(&o->sheet->call->flow, sheet_odsa_code_try);
}

static enum ecs_next do_again(struct sheet_odsa *o)
{
    o->code.again = true;
    return ecs_flow_goto(&o->sheet->call->flow, sheet_odsa_code_send);
}

static enum ecs_next do_confirm(struct sheet_odsa *o)
{
    o->form.confirmed = true;
    return go_on(o);
}

static enum ecs_next do_dismiss(struct sheet_odsa *o)
{
    return tell(o, "dismissed", ECS_SHEET_DISMISSED);
}

#define ON(page) (1u << SHEET_PAGE_ODSA_##page)
static const struct {
    const char *name;
    unsigned pages;
    enum ecs_next (*act)(struct sheet_odsa *o);
} actions[] = {
    {"plan", ON(PLAN), do_plan},
    {"accept", ON(TERMS), do_accept},
    {"old", ON(OLD), do_old},
    {"code", ON(CODE), do_code},
    {"again", ON(CODE), do_again},
    {"confirm", ON(CONFIRM), do_confirm},
    {"dismiss", ON(PLAN) | ON(TERMS) | ON(OLD) | ON(CODE) | ON(CONFIRM) | ON(DELETE), do_dismiss},
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
    struct sheet_odsa *o = s->odsa;
    struct ecs_str name = web_field(c, "do");

    if (o->page == SHEET_PAGE_ODSA_OLD) {
        if (!sheet_odsa_olds(o))
            return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the pages need more memory");
        o->no_olds = o->old_n == 0;
        o->page = sheet_odsa_page(o);
    }
    /* All is chosen, and the journey waits again or still: the user agrees once more. */
    if (o->page == SHEET_PAGE_COUNT)
        o->page = SHEET_PAGE_ODSA_CONFIRM;
    if (c->method != ECS_HTTP_POST)
        return o->page == SHEET_PAGE_ODSA_CODE ? ecs_flow_goto(f, sheet_odsa_code_send) : sheet_odsa_show(o);
    if (s->row.step >= STEPS_MAX)
        return ecs_flow_fail(f, ECS_E_RATE_LIMIT, "too many steps in one session");
    /* Back button, second press, another tab: the page shows where the session is. */
    for (size_t i = 0; is_present_step(s) && i < ECS_ARRAY_LEN(actions); i++)
        if (actions[i].pages & 1u << o->page && ecs_str_eq(name, ecs_str_of(actions[i].name)))
            return actions[i].act(o);
    return sheet_redirect(f);
}

const struct ecs_step sheet_odsa_steps[] = {
    {"begin", sheet_begin, 0},
    {"find-session", sheet_find, LIMIT_MS},
    {"open-session", sheet_open, LIMIT_MS},
    {"opened", sheet_opened, 0},
    {"load-journey", load_journey, LIMIT_MS},
    {"load-line", load_line, LIMIT_MS},
    {"choose-page", choose_page, 0},
    {"ask-plans", ask_plans, PLANS_MS},
    {"ask-profiles", ask_profiles, LIMIT_MS},
    {"act", act, 0},
    {"code-send", sheet_odsa_code_send, LIMIT_MS},
    {"code-add", sheet_odsa_code_add, LIMIT_MS},
    {"code-added", sheet_odsa_code_added, 0},
    {"code-sent", sheet_odsa_code_sent, 0},
    {"code-try", sheet_odsa_code_try, LIMIT_MS},
    {"code-judge", sheet_odsa_code_judge, 0},
    {"note-terms", note_terms, LIMIT_MS},
    {"fire", fire, 0},
    {"fired", fired, 0},
    {"save-move", save_move, LIMIT_MS},
    {"moved", moved, 0},
    {0},
};
