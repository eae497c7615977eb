/* SPDX-License-Identifier: Apache-2.0 */
/* A request of the pages of a service, from session to change. The session holds where the user is and how
 * the flow ended; every answer to a form is a redirect, so that the back button and a reload repeat nothing,
 * and the change carries a key that the reference gives, so that not even a second session repeats it. */
#include "sheet_service.h"

#include <string.h>

#include "ecs/json.h"
#include "ecs/store_admin.h"

enum { STEPS_MAX = 200, LIMIT_MS = 5000, ORDER_MS = 190000 }; /* of a BSS: its own limits end it before */
enum { VERSION = 1, SECONDS_BYTES = 8, PLAIN = 4 + SECONDS_BYTES };

static const char purpose[] = "sheet service";
static const struct service_kind *const kinds[] = {&service_boost, &service_billing, &service_satmode};

struct sheet_service *sheet_service_of(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct sheet *s = c->own;

    return s->service;
}

/* ---- what is kept ---- */

struct ecs_str sheet_service_seal(struct sheet_service *x)
{
    char plain[PLAIN] = {VERSION, (char)x->end.outcome, (char)x->end.code, (char)x->seen};

    for (unsigned i = 0; i < SECONDS_BYTES; i++)
        plain[PLAIN - 1 - i] = (char)(uint8_t)((uint64_t)x->end.seconds >> 8 * i);
    return sheet_seal(x->sheet, purpose, (struct ecs_str){plain, sizeof(plain)});
}

/* An unreadable one counts as none: what the user has seen is shown again. */
static void open_end(struct sheet_service *x)
{
    struct ecs_str plain = sheet_unseal(x->sheet, purpose, x->sheet->row.form);
    uint64_t seconds = 0;

    if (plain.n != PLAIN || plain.p[0] != VERSION || (uint8_t)plain.p[1] >= SERVICE_OUTCOME_COUNT ||
        (uint8_t)plain.p[2] > SERVICE_FAILURE_PAYMENT)
        return;
    for (unsigned i = PLAIN - SECONDS_BYTES; i < PLAIN; i++)
        seconds = seconds << 8 | (uint8_t)plain.p[i];
    x->end = (struct service_end){(enum service_outcome)plain.p[1], (enum service_failure)plain.p[2],
                                  (int64_t)seconds};
    x->seen = plain.p[3];
}

/* ---- state ---- */

static bool identify(struct sheet_service *x)
{
    struct ecs_str service = x->sheet->row.service, name;

    for (size_t i = 0; i < ECS_ARRAY_LEN(kinds); i++)
        if (strcmp(kinds[i]->place, x->sheet->place) == 0)
            x->kind = kinds[i];
    if (!x->kind || !ecs_str_starts_with(service, x->kind->session))
        return false;
    name = x->kind->session;
    return x->kind->identify(x, (struct ecs_str){service.p + name.n, service.n - name.n});
}

static enum ecs_next load_facts(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct sheet *s = c->own;
    struct ecs_facts_key key = {.imsi = s->row.imsi, .tac = s->row.tac};

    s->service = ecs_alloc(f->arena, sizeof(*s->service));
    if (!s->service)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the pages need more memory");
    s->service->sheet = s;
    if (!ecs_imsi_parse(s->row.imsi, &s->imsi) || !identify(s->service))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "the session names no subscriber or no service");
    ecs_imsi_mask(&s->imsi, c->log.imsi);
    (void)ecs_base32_encode(s->row.ref, sizeof(s->row.ref), s->service->key);
    key.data = s->service->kind->data;
    key.account = s->service->account;
    return ecs_store_facts(f, c->front->store, &key, &s->facts);
}

static void describe(struct sheet *s)
{
    const struct engine *e = s->call->engine;
    const struct ecs_snapshot *snapshot = e->snapshot;
    const struct ecs_subscriber_facts *facts = &s->facts;
    struct ecs_app_context *c = &s->context;

    s->view = sheet_view_of(snapshot->sheets, facts->brand, s->call->accept_language,
                            facts->language.n ? facts->language : facts->brand_language, s->call->flow.arena);
    *c = (struct ecs_app_context){
        .arena = s->call->flow.arena,
        .crypto = s->call->front->crypto,
        .flow_sealer = e->flow_sealer,
        .policy = snapshot->policy,
        .messages = snapshot->messages,
        .language = ecs_language_match(sheet_view_language(&s->view), e->languages, e->language_n, 0),
        .request = &s->request,
        .line = facts,
        .imsi = &s->imsi,
        .gate = &snapshot->gate,
        .portal_url = snapshot->portal_url,
        .pages_url = snapshot->pages_url,
        .offered = snapshot->offered,
        .now = s->call->now,
        .utc_offset_s = (int)snapshot->policy_conf->utc_offset_minutes * 60,
    };
    for (size_t i = 0; i < snapshot->plmn_n; i++)
        if (ecs_plmn_matches(&snapshot->plmns[i], &s->imsi))
            c->plmn_n = 3 + strlen(snapshot->plmns[i].mnc);
    ecs_app_facts(c);
}

/* ---- changes ---- */

static enum ecs_next save_move(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct sheet *s = c->own;

    return ecs_store_sheet_move(f, c->front->store, &s->move, &s->moved);
}

enum ecs_next sheet_service_save(struct sheet_service *x, enum ecs_sheet_stage stage)
{
    struct sheet *s = x->sheet;
    struct ecs_flow *f = &s->call->flow;

    s->move = (struct ecs_sheet_move){.step = s->row.step, .stage = stage, .terms = -1};
    memcpy(s->move.handle, s->handle, sizeof(s->handle));
    s->move.form = sheet_service_seal(x);
    if (!s->move.form.p)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the pages need more memory");
    return ecs_flow_goto(f, save_move);
}

static enum ecs_next moved(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct sheet *s = c->own;
    const struct sheet_service *x = s->service;

    if (s->moved && s->move.stage == ECS_SHEET_DISMISSED)
        ecs_metric_count(c->front->metrics, ECS_M_SHEET_DISMISSED, 0);
    if (s->moved && s->move.stage == ECS_SHEET_FINISHED && x->end.outcome != SERVICE_FAILED)
        ecs_metric_count(c->front->metrics, ECS_M_SHEET_FINISHED, 0);
    return sheet_redirect(f);
}

bool sheet_service_terms_shown(struct sheet_service *x)
{
    int64_t shown;

    return x->terms < 0 ||
           (ecs_str_to_i64(web_field(x->sheet->call, "version"), &shown) && shown == x->terms);
}

static void free_buf(void *buf)
{
    ecs_buf_done(buf);
}

/* For the audit table: what was agreed to. */
static struct ecs_str detail_of(const struct sheet_service *x, struct ecs_arena *arena)
{
    struct ecs_buf *out = ecs_alloc(arena, sizeof(*out));
    struct ecs_json_out json = {.buf = out};

    if (!out || !ecs_defer(arena, free_buf, out))
        return ECS_STR_NULL;
    ecs_json_begin(&json, NULL, '{');
    ecs_json_str(&json, "service", ecs_str_of(x->kind->place));
    if (x->boost)
        ecs_json_i64(&json, "boost", x->boost);
    if (x->terms >= 0)
        ecs_json_i64(&json, "terms_version", x->terms);
    ecs_json_end(&json, '}');
    return out->overflow ? ECS_STR_NULL : ecs_buf_str(out);
}

/* Before the change: who has agreed to what outlives session and purchase. */
static enum ecs_next note_terms(struct ecs_flow *f)
{
    struct sheet_service *x = sheet_service_of(f);
    struct web_call *c = x->sheet->call;
    struct ecs_str detail = detail_of(x, f->arena);

    if (!detail.p)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the pages need more memory");
    return ecs_store_audit(f, c->front->store, ECS_STR("subscriber"), ECS_STR("system"),
                           ECS_STR("sheet.terms"), ecs_str_of(c->log.imsi), detail);
}

static enum ecs_next change(struct ecs_flow *f)
{
    struct sheet_service *x = sheet_service_of(f);
    struct ecs_store *store = x->sheet->call->front->store;

    if (x->kind == &service_boost)
        return sheet_boost_buy(f);
    return ecs_store_billing_set(f, store, &x->set, &x->verdict);
}

/* A copy of the press led here, too: the first one bought, this one hears of it. */
static enum ecs_next changed(struct ecs_flow *f)
{
    struct sheet_service *x = sheet_service_of(f);
    struct web_call *c = x->sheet->call;
    enum ecs_data_verdict verdict = x->kind == &service_boost ? x->bought.verdict : x->verdict;

    ecs_log(&c->log, ECS_EV_SHEET, "%s: %s", x->kind->place,
            verdict == ECS_DATA_DONE       ? "done"
            : verdict == ECS_DATA_REPEATED ? "done before"
            : verdict == ECS_DATA_REFUSED  ? "refused"
                                           : "gone");
    x->end = (struct service_end){.outcome = SERVICE_CHANGED};
    if (x->kind == &service_boost)
        x->end = (struct service_end){.outcome = SERVICE_PURCHASED, .seconds = x->bought.seconds};
    /* Bought with this very reference, used up or given back: a new one comes with the phone's next request.
     */
    if (verdict == ECS_DATA_REPEATED && x->kind == &service_boost && x->bought.state == ECS_BOOST_NONE &&
        x->bought.ends_at <= c->now)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "the boost that this reference has bought is over");
    if (verdict == ECS_DATA_REFUSED || verdict == ECS_DATA_GONE ||
        (x->kind == &service_boost && x->bought.state == ECS_BOOST_NONE))
        x->end = (struct service_end){.outcome = SERVICE_FAILED};
    if (x->end.outcome == SERVICE_FAILED && x->answer.reference.p)
        ecs_log_at(&c->log, ECS_EV_SHEET, ECS_LOG_WARNING,
                   "boost: ordered at the BSS (%.*s), but it cannot be given: the order is taken back",
                   ECS_FMT(x->answer.reference));
    /* Of the others the page tells what has become of the service. */
    if (x->end.outcome == SERVICE_FAILED && x->kind != &service_boost)
        return sheet_redirect(f);
    return sheet_service_save(x, ECS_SHEET_FINISHED);
}

enum ecs_next sheet_service_change(struct sheet_service *x)
{
    return ecs_flow_goto(&x->sheet->call->flow, x->terms >= 0 ? note_terms : sheet_boost_begin);
}

static enum ecs_next save_result(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct sheet *s = c->own;

    return ecs_store_sheet_finish(f, c->front->store, &s->result, &s->written);
}

static enum ecs_next written(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct sheet *s = c->own;

    if (s->written) {
        ecs_metric_count(c->front->metrics, ECS_M_SHEET_FINISHED, 0);
        ecs_log(&c->log, ECS_EV_SHEET, "%s: terms accepted", s->service->kind->place);
    }
    return sheet_redirect(f);
}

enum ecs_next sheet_service_finish(struct sheet_service *x)
{
    struct sheet *s = x->sheet;
    struct ecs_flow *f = &s->call->flow;

    s->result = (struct ecs_sheet_result){
        .step = s->row.step,
        .stage = ECS_SHEET_FINISHED,
        .terms = x->terms,
        .addr_status = -1,
        .subject_masked = ecs_str_of(s->call->log.imsi),
        .detail = detail_of(x, f->arena),
    };
    memcpy(s->result.handle, s->handle, sizeof(s->handle));
    if (!s->result.detail.p)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the pages need more memory");
    return ecs_flow_goto(f, save_result);
}

/* ---- what a user does ---- */

static bool is_present_step(struct sheet *s)
{
    struct ecs_str given = web_field(s->call, "step");
    char wanted[32];

    return sheet_step_token(s, s->row.step, wanted) && given.n == strlen(wanted) &&
           ecs_ct_equal(given.p, wanted, given.n);
}

static enum ecs_next act_on(struct sheet_service *x)
{
    struct sheet *s = x->sheet;
    struct ecs_str name = web_field(s->call, "do");

    /* Back button, second press, another tab: the page shows where the session is. */
    if (!is_present_step(s) || x->page == x->kind->end)
        return sheet_redirect(&s->call->flow);
    for (const struct service_action *a = x->kind->actions; a->name; a++)
        if (a->pages & UINT64_C(1) << x->page && ecs_str_eq(name, ecs_str_of(a->name)))
            return a->act(x);
    if (ecs_str_eq(name, ECS_STR("dismiss"))) {
        x->seen = false;
        return sheet_service_save(x, ECS_SHEET_DISMISSED);
    }
    return sheet_redirect(&s->call->flow);
}

static enum ecs_next act(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct sheet *s = c->own;
    struct sheet_service *x = s->service;

    if (!s->facts.known)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "the subscriber does not exist any more");
    describe(s);
    open_end(x);
    x->terms = -1;
    x->kind->decide(x);
    if (s->row.stage >= ECS_SHEET_FINISHED)
        x->page = x->kind->end;
    if (c->method != ECS_HTTP_POST)
        return sheet_service_show(x);
    if (s->row.step >= STEPS_MAX)
        return ecs_flow_fail(f, ECS_E_RATE_LIMIT, "too many steps in one session");
    return act_on(x);
}

const struct ecs_step sheet_service_steps[] = {
    {"begin", sheet_begin, 0},
    {"find-session", sheet_find, LIMIT_MS},
    {"open-session", sheet_open, LIMIT_MS},
    {"opened", sheet_opened, 0},
    {"load-facts", load_facts, LIMIT_MS},
    {"act", act, 0},
    {"note-terms", note_terms, LIMIT_MS},
    {"order-begin", sheet_boost_begin, LIMIT_MS},
    {"order", sheet_boost_order, ORDER_MS},
    {"ordered", sheet_boost_ordered, LIMIT_MS},
    {"order-left", sheet_boost_left, 0},
    {"change", change, LIMIT_MS},
    {"changed", changed, 0},
    {"save-move", save_move, LIMIT_MS},
    {"moved", moved, 0},
    {"save-result", save_result, LIMIT_MS},
    {"written", written, 0},
    {0},
};
