/* SPDX-License-Identifier: Apache-2.0 */
/* What stands on the pages of a service, and how they fail. The last page of a flow tells the phone how it
 * went: it alone carries an outcome, and only the one of its service. */
#include "sheet_service.h"

#include <stdio.h>

enum { MS_PER_S = 1000 };

void sheet_service_put_number(struct sheet_service *x, struct sheet_scope *page, const char *name,
                              int64_t value)
{
    sheet_put(page, name, ecs_str_of(ecs_printf(x->sheet->call->flow.arena, "%lld", (long long)value)));
}

static struct ecs_str text_of(const struct sheet_view *view, const char *place, const char *kind,
                              const char *word, const char *suffix)
{
    char key[96];
    int n = snprintf(key, sizeof(key), "%s-%s-%s%s", place, kind, word, suffix);

    return sheet_view_text(view, (struct ecs_str){key, (size_t)n});
}

static void put_notice(struct sheet_service *x, struct sheet_scope *page)
{
    const struct sheet_view *view = &x->sheet->view;

    sheet_put(page, "title", text_of(view, x->kind->place, "notice", x->notice, "-title"));
    sheet_put(page, "message",
              x->message.n ? x->message : text_of(view, x->kind->place, "notice", x->notice, ""));
}

static void put_end(struct sheet_service *x, struct sheet_scope *page)
{
    static const char *const outcomes[SERVICE_OUTCOME_COUNT] = {"changed", "changed", "purchased", "failed"};
    static const char *const reasons[] = {"-unknown", "-authentication", "-payment"};
    const char *outcome = x->sheet->row.stage == ECS_SHEET_DISMISSED ? "dismissed" : outcomes[x->end.outcome];
    bool failed = outcome == outcomes[SERVICE_FAILED];

    sheet_put(page, "outcome", ecs_str_of(outcome));
    sheet_put(page, "title", text_of(&x->sheet->view, x->kind->place, "end", outcome, "-title"));
    sheet_put(page, "message",
              text_of(&x->sheet->view, x->kind->place, "end", outcome, failed ? reasons[x->end.code] : ""));
    if (failed)
        sheet_service_put_number(x, page, "code", x->end.code);
    if (x->end.outcome == SERVICE_PURCHASED)
        sheet_service_put_number(x, page, "duration", x->end.seconds * MS_PER_S);
}

/* So that users with two lines see which one they are on; not more of it. */
static void put_line(const struct sheet *s, struct sheet_scope *page)
{
    enum { SHOWN = 3 };
    struct ecs_str number = s->facts.msisdn;

    if (number.n > 2 * SHOWN)
        sheet_put(page, "number", (struct ecs_str){number.p + number.n - SHOWN, SHOWN});
}

enum ecs_next sheet_service_show(struct sheet_service *x)
{
    struct sheet *s = x->sheet;
    struct web_call *c = s->call;
    struct sheet_scope *scope = sheet_scope_new(c->flow.arena);
    char *token = ecs_alloc(c->flow.arena, 32);

    if (!scope || !token || !sheet_step_token(s, s->row.step, token))
        return ecs_flow_fail(&c->flow, ECS_E_NO_MEMORY, "the pages need more memory");
    sheet_put(scope, "step", ecs_str_of(token));
    sheet_put(scope, "action",
              ecs_str_of(ecs_printf(c->flow.arena, "%s/%s", c->engine->snapshot->web->path, x->kind->place)));
    sheet_put(scope, "flow", ecs_str_of(x->kind->place));
    put_line(s, scope);
    if (x->page == SHEET_PAGE_SERVICE_NOTICE)
        put_notice(x, scope);
    else if (x->page == x->kind->end)
        put_end(x, scope);
    else
        x->kind->fill(x, scope);
    sheet_answer(c, &s->view, x->page, scope);
    return ECS_DONE;
}

/* Without a session nothing is known of the user but the browser's language. */
void sheet_service_error(struct web_call *c, enum ecs_rc rc)
{
    bool later = ecs_rc_http(rc) >= 500 && ecs_rc_http(rc) != 511;
    struct sheet_view view = sheet_view_of(c->engine->snapshot->sheets, ECS_STR_NULL, c->accept_language,
                                           ECS_STR_NULL, c->flow.arena);
    struct sheet_scope *scope = sheet_scope_new(c->flow.arena);

    if (!later)
        ecs_metric_count(c->front->metrics, ECS_M_SHEET_REFUSED, 0);
    ecs_buf_reset(&c->out);
    sheet_put(scope, "flow", ecs_str_of(c->route->path));
    sheet_put(scope, "title",
              sheet_view_text(&view, later ? ECS_STR("error-later-title") : ECS_STR("error-reopen-title")));
    sheet_put(scope, "message",
              sheet_view_text(&view, later ? ECS_STR("error-later") : ECS_STR("service-reopen")));
    sheet_answer(c, &view, SHEET_PAGE_SERVICE_ERROR, scope);
    if (c->out.overflow)
        web_error_text(c, rc);
    c->status = later ? 503 : 403;
}
