/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the eSIM pages a journey is on, and what stands on it. While the journey waits for the portal the
 * user is asked for what its kind needs; afterwards its state tells how the flow ends. */
#include "sheet_odsa.h"

#include <stdio.h>
#include <string.h>

enum { ENDING = 4, IMEI_DIGITS = 15, ENDED = 4 };

struct sheet_odsa *sheet_odsa_of(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct sheet *s = c->own;

    return s->odsa;
}

/* ---- the choice ---- */

/* What the user is asked for, by kind. */
static const struct {
    bool plan, terms, old, code, confirm;
} asks[ECS_JOURNEY_KIND_COUNT] = {
    [ECS_JOURNEY_COMPANION] = {.plan = true, .terms = true},
    [ECS_JOURNEY_PRIMARY] = {.plan = true, .terms = true},
    [ECS_JOURNEY_ENTERPRISE] = {.plan = true, .terms = true},
    [ECS_JOURNEY_MANAGE] = {.plan = true, .terms = true},
    [ECS_JOURNEY_TRANSFER] = {.old = true, .code = true, .confirm = true},
    [ECS_JOURNEY_MOVE] = {.old = true, .code = true, .confirm = true},
    [ECS_JOURNEY_RECOVERY] = {.code = true, .confirm = true},
    [ECS_JOURNEY_WAITING] = {.code = true, .confirm = true},
    [ECS_JOURNEY_END] = {.confirm = true},
    [ECS_JOURNEY_SWITCH] = {.confirm = true},
};

/* How the flow ends, by the journey's state; states that are not here wait for the user. */
static const struct {
    const char *state, *outcome;
} endings[] = {
    {"asking", "delayed"},    {"reserving", "delayed"},  {"activating", "delayed"},
    {"awaiting", "delayed"},  {"confirming", "delayed"}, {"releasing", "delayed"},
    {"returning", "delayed"}, {"switching", "delayed"},  {"stopping", "delayed"},
    {"ready", "ready"},       {"completing", "done"},    {"ending-old", "done"},
    {"done", "done"},         {"ended", "done"},         {"withdrawing", "failed"},
    {"revoking", "failed"},   {"failed", "failed"},      {"dismissed", "dismissed"},
    {"expired", "expired"},
};

static enum sheet_page wanted(const struct sheet_odsa *o)
{
    const struct ecs_websheet_conf *conf = o->sheet->call->engine->snapshot->websheet;
    const struct ecs_journey *j = &o->journey;
    const struct odsa_form *form = &o->form;

    if (asks[j->kind].plan && !j->plan.n && !form->plan.n && !o->no_plans)
        return SHEET_PAGE_ODSA_PLAN;
    if (asks[j->kind].terms && conf->esim_terms && form->terms != conf->esim_terms)
        return SHEET_PAGE_ODSA_TERMS;
    if (asks[j->kind].old && !j->old_iccid.n && !j->old_id.n && !form->selected && !o->no_olds)
        return SHEET_PAGE_ODSA_OLD;
    if (asks[j->kind].code && conf->transfer_code && !form->verified)
        return SHEET_PAGE_ODSA_CODE;
    /* With nothing else to decide the user at least agrees. */
    if (!form->confirmed && (asks[j->kind].confirm || !(form->plan.n || form->terms)))
        return SHEET_PAGE_ODSA_CONFIRM;
    return SHEET_PAGE_COUNT;
}

enum sheet_page sheet_odsa_page(struct sheet_odsa *o)
{
    const struct ecs_journey *j = &o->journey;

    if (ecs_str_eq(j->state, ECS_STR("choosing")))
        return wanted(o);
    if (ecs_str_eq(j->state, ECS_STR("deleting")) && !o->form.selected)
        return SHEET_PAGE_ODSA_DELETE;
    o->outcome = "delayed";
    for (size_t i = 0; i < ECS_ARRAY_LEN(endings); i++)
        if (ecs_str_eq(j->state, ecs_str_of(endings[i].state)))
            o->outcome = endings[i].outcome;
    /* The phone repeats its request with what was selected (8.6), and hears the rest then. */
    if (o->form.selected && (strcmp(o->outcome, "delayed") == 0 || strcmp(o->outcome, "ready") == 0))
        o->outcome = "selected";
    return SHEET_PAGE_ODSA_END;
}

/* ---- old devices ---- */

static struct ecs_str ending_of(struct ecs_str iccid)
{
    return iccid.n > ENDING ? (struct ecs_str){iccid.p + iccid.n - ENDING, ENDING} : ECS_STR("");
}

static struct ecs_str label_of(struct sheet_odsa *o, const struct ecs_profile *p)
{
    const char *text;

    if (p->name.n)
        return p->name;
    if (!p->vendor.n && !p->model.n)
        return sheet_view_text(&o->sheet->view, ECS_STR("odsa-old-unknown"));
    text = ecs_printf(o->sheet->call->flow.arena, "%.*s%s%.*s", ECS_FMT(p->vendor),
                      p->vendor.n && p->model.n ? " " : "", ECS_FMT(p->model));
    return ecs_str_of(text);
}

static bool may_leave(const struct sheet_odsa *o, const struct ecs_profile *p)
{
    const struct ecs_journey *j = &o->journey;

    return p->iccid.n && p->status != ENDED && !p->deleted_at && !ecs_str_eq(p->iccid, j->iccid) &&
           !(p->terminal_id.n && ecs_str_eq(p->terminal_id, j->target_id));
}

bool sheet_odsa_olds(struct sheet_odsa *o)
{
    struct ecs_str sim = o->sheet->facts.iccid;
    struct ecs_arena *arena = o->sheet->call->flow.arena;
    bool sim_is_there = false;

    o->old_n = 0;
    for (size_t i = 0; i < o->view.n_profiles; i++) {
        const struct ecs_profile *p = &o->view.profiles[i];
        struct ecs_str value = ecs_str_of(ecs_printf(arena, "p%lld", (long long)p->id));

        sim_is_there |= ecs_str_eq(p->iccid, sim);
        if (!value.p)
            return false;
        if (may_leave(o, p) && o->old_n < SHEET_OLDS_MAX)
            o->old[o->old_n++] =
                (struct odsa_old){value, label_of(o, p), ending_of(p->iccid), p->terminal_id, p->iccid};
    }
    /* The line's own card, which no journey has made. Companions do not move from it. */
    if (o->journey.kind == ECS_JOURNEY_TRANSFER && sim.n && !sim_is_there && o->old_n < SHEET_OLDS_MAX)
        o->old[o->old_n++] =
            (struct odsa_old){ECS_STR("sim"), sheet_view_text(&o->sheet->view, ECS_STR("odsa-old-sim")),
                              ending_of(sim), ECS_STR_NULL, sim};
    return true;
}

/* ---- parts of pages ---- */

static void put_plans(struct sheet_odsa *o, struct sheet_scope *page)
{
    for (size_t i = 0; i < o->plans.n; i++) {
        const struct ecs_bss_plan *plan = &o->plans.plans[i];
        struct sheet_scope *item = sheet_put_item(page, "plans");

        sheet_put(item, "value", plan->id);
        sheet_put(item, "label", plan->name.n ? plan->name : plan->id);
        sheet_put(item, "detail", plan->description);
        sheet_put_flag(item, "selected", o->plans.n == 1);
    }
}

static void put_olds(struct sheet_odsa *o, struct sheet_scope *page)
{
    for (size_t i = 0; i < o->old_n; i++) {
        struct sheet_scope *item = sheet_put_item(page, "olds");

        sheet_put(item, "value", o->old[i].value);
        sheet_put(item, "label", o->old[i].label);
        sheet_put(item, "ending", o->old[i].ending);
        sheet_put_flag(item, "selected", o->old_n == 1);
    }
}

static struct ecs_str device_of(struct sheet_odsa *o)
{
    const struct ecs_journey *j = &o->journey;

    if (j->name.n)
        return j->name;
    return ecs_str_of(ecs_printf(o->sheet->call->flow.arena, "%.*s%s%.*s", ECS_FMT(j->vendor),
                                 j->vendor.n && j->model.n ? " " : "", ECS_FMT(j->model)));
}

static void put_code(struct sheet_odsa *o, struct sheet_scope *page)
{
    const struct ecs_otp_limits *limits = ecs_logins_limits(o->sheet->call->engine->logins);
    const struct ecs_factor_sent *sent = &o->code.sent;
    struct ecs_str number = sent->msisdn;

    if (number.n > 3)
        number = (struct ecs_str){number.p + number.n - 3, 3};
    sheet_put(page, "ending", number);
    sheet_put_flag(page, "sent", sent->has_code && !o->code.unsendable);
    sheet_put_flag(page, "spent", sent->found && sent->tries >= limits->tries);
    if (sent->wait_s > 0)
        sheet_put(page, "wait",
                  ecs_str_of(ecs_printf(o->sheet->call->flow.arena, "%lld", (long long)sent->wait_s)));
    if (o->code.error)
        sheet_put(page, "error", sheet_view_text(&o->sheet->view, ecs_str_of(o->code.error)));
}

static struct ecs_str ending_text(struct sheet_odsa *o, const char *suffix)
{
    char key[64];
    int n = snprintf(key, sizeof(key), "odsa-end-%s%s", o->outcome, suffix);

    return sheet_view_text(&o->sheet->view, (struct ecs_str){key, (size_t)n});
}

static bool is_imei(struct ecs_str id)
{
    return id.n == IMEI_DIGITS && ecs_str_is_digits(id);
}

/* What the page hands to the phone (Table 73): the code as it is, not base64 (O-055); an address without more
 * (O-056). False: the code cannot be opened. */
static bool put_profile(struct sheet_odsa *o, struct sheet_scope *page)
{
    const struct ecs_odsa_env *env = &o->sheet->call->engine->odsa;
    const struct ecs_journey *j = &o->journey;
    struct ecs_str code, address, rest = j->address, prefix = ECS_STR("LPA:");

    if (j->flags & ECS_JOURNEY_F_BY_ADDRESS || !j->code.n) {
        if (!ecs_str_cut(&rest, ',', &address) || !address.n || !j->iccid.n)
            return false;
        sheet_put(page, "smdp", ecs_str_trim(address));
        sheet_put(page, "iccid", j->iccid);
        return true;
    }
    if (!ecs_odsa_open(env, o->sheet->call->flow.arena, j->code, &code) || !code.n)
        return false;
    if (ecs_str_starts_with_nocase(code, prefix)) /* as some pools were imported */
        code = (struct ecs_str){code.p + prefix.n, code.n - prefix.n};
    sheet_put(page, "activation", code);
    return true;
}

static void put_ending(struct sheet_odsa *o, struct sheet_scope *page)
{
    if (strcmp(o->outcome, "ready") == 0 && !put_profile(o, page)) {
        ecs_log_at(&o->sheet->call->log, ECS_EV_SHEET, ECS_LOG_ERROR,
                   "esim: journey %lld is ready, but neither code nor address can be given",
                   (long long)o->journey.id);
        o->outcome = "delayed"; /* the phone asks again, where the fault is answered */
    }
    if (strcmp(o->outcome, "selected") == 0) {
        sheet_put(page, "iccid", o->form.old_iccid);
        if (is_imei(o->form.old_id))
            sheet_put(page, "imei", o->form.old_id);
    }
    sheet_put(page, "outcome", ecs_str_of(o->outcome));
    sheet_put(page, "title", ending_text(o, "-title"));
    sheet_put(page, "message", ending_text(o, ""));
}

static void put_delete(struct sheet_odsa *o, struct sheet_scope *page)
{
    sheet_put(page, "outcome", ECS_STR("delete"));
    sheet_put(page, "iccid", o->journey.old_iccid);
    sheet_put(page, "ending", ending_of(o->journey.old_iccid));
    sheet_put(page, "msisdn", o->sheet->facts.msisdn);
}

static void put_confirm(struct sheet_odsa *o, struct sheet_scope *page)
{
    const struct ecs_journey *j = &o->journey;
    bool moves = j->kind == ECS_JOURNEY_TRANSFER || j->kind == ECS_JOURNEY_MOVE;

    sheet_put_flag(page, "old", moves);
    sheet_put_flag(page, "restore", j->kind == ECS_JOURNEY_RECOVERY || j->kind == ECS_JOURNEY_WAITING);
    if (moves)
        sheet_put(page, "ending", ending_of(o->form.selected ? o->form.old_iccid : j->old_iccid));
}

static void put_number(const struct sheet_odsa *o, struct sheet_scope *scope)
{
    enum { SHOWN = 3 };
    struct ecs_str number = o->sheet->facts.msisdn;

    if (number.n > 2 * SHOWN)
        sheet_put(scope, "number", (struct ecs_str){number.p + number.n - SHOWN, SHOWN});
}

/* ---- the answer ---- */

static void fill(struct sheet_odsa *o, struct sheet_scope *scope)
{
    const struct ecs_websheet_conf *conf = o->sheet->call->engine->snapshot->websheet;

    switch (o->page) {
    case SHEET_PAGE_ODSA_PLAN:
        put_plans(o, scope);
        break;
    case SHEET_PAGE_ODSA_TERMS:
        sheet_put(scope, "version",
                  ecs_str_of(ecs_printf(o->sheet->call->flow.arena, "%lld", (long long)conf->esim_terms)));
        break;
    case SHEET_PAGE_ODSA_OLD:
        put_olds(o, scope);
        break;
    case SHEET_PAGE_ODSA_CODE:
        put_code(o, scope);
        break;
    case SHEET_PAGE_ODSA_DELETE:
        put_delete(o, scope);
        break;
    case SHEET_PAGE_ODSA_END:
        put_ending(o, scope);
        break;
    default:
        put_confirm(o, scope);
        break;
    }
}

enum ecs_next sheet_odsa_show(struct sheet_odsa *o)
{
    struct web_call *c = o->sheet->call;
    struct sheet_scope *scope = sheet_scope_new(c->flow.arena);
    char *token = ecs_alloc(c->flow.arena, 32);

    if (!scope || !token || !sheet_step_token(o->sheet, o->sheet->row.step, token))
        return ecs_flow_fail(&c->flow, ECS_E_NO_MEMORY, "the pages need more memory");
    sheet_put(scope, "step", ecs_str_of(token));
    sheet_put(scope, "action",
              ecs_str_of(ecs_printf(c->flow.arena, "%s/odsa", c->engine->snapshot->web->path)));
    sheet_put(scope, "device", device_of(o));
    put_number(o, scope);
    fill(o, scope);
    sheet_answer(c, &o->sheet->view, o->page, scope);
    return ECS_DONE;
}
