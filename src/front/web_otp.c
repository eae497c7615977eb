/* SPDX-License-Identifier: Apache-2.0 */
/* The code page: second factor of a login (TS.43 2.8.2.1). The first opening sends a code to the line's
 * number, a right code leads back to the entitlement resource with a proof that serves once. Who it is about
 * follows from the transaction, never from what the browser says. Templates and texts are those of the
 * consent pages. */
#include <string.h>

#include "engine_login.h"
#include "sheet_set.h"
#include "web_otp.h"

enum { LIMIT_MS = 5000, CODE_TEXT_MAX = 32, ENDING = 3 };

struct page {
    struct ecs_str transaction;
    uint8_t handle[ECS_LOGIN_DIGEST], digest[ECS_LOGIN_DIGEST], proof_digest[ECS_LOGIN_DIGEST];
    char code[ECS_OTP_DIGITS_MAX + 1], proof[ECS_LOGIN_SECRET_LEN + 1];
    bool again, unsendable;
    const char *error; /* key of a text; NULL: none */
    struct ecs_factor_sent sent;
    struct ecs_otp_tried tried;
};

bool web_otp_enabled(const struct ecs_snapshot *s)
{
    return login_has_page(s);
}

/* ---- showing ---- */

static void send_page(struct web_call *c, const struct sheet_view *view, enum sheet_page page,
                      struct sheet_scope *scope)
{
    const struct sheet_template *t = sheet_view_page(view, page);

    sheet_put(scope, "operator", ecs_str_of(c->engine->snapshot->websheet->operator_name));
    sheet_view_render(view, t, scope, &c->out);
    web_header(c, "Content-Security-Policy", sheet_template_policy(t));
    web_header(c, "X-Frame-Options", "DENY");
}

static struct sheet_view view_of(struct web_call *c)
{
    return sheet_view_of(c->engine->snapshot->sheets, ECS_STR_NULL, c->accept_language, ECS_STR_NULL,
                         c->flow.arena);
}

void web_otp_error(struct web_call *c, enum ecs_rc rc)
{
    struct sheet_view view = view_of(c);
    struct sheet_scope *scope = sheet_scope_new(c->flow.arena);
    bool later = ecs_rc_http(rc) >= 500 && ecs_rc_http(rc) != 511;

    ecs_buf_reset(&c->out);
    sheet_put(scope, "title",
              sheet_view_text(&view, later ? ECS_STR("error-later-title") : ECS_STR("login-over-title")));
    sheet_put(scope, "message",
              sheet_view_text(&view, later ? ECS_STR("error-later") : ECS_STR("login-over")));
    send_page(c, &view, SHEET_PAGE_ERROR, scope);
    if (c->out.overflow)
        web_error_text(c, rc);
    c->status = later ? 503 : 403;
}

static enum ecs_next show(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    const struct page *p = c->own;
    struct sheet_view view = view_of(c);
    struct sheet_scope *scope = sheet_scope_new(f->arena);
    struct ecs_str number = p->sent.msisdn;
    const char *wait = ecs_printf(f->arena, "%lld", (long long)p->sent.wait_s);
    const char *action = ecs_printf(f->arena, "%s/otp", c->engine->snapshot->web->path);

    if (number.n > ENDING)
        number = (struct ecs_str){number.p + number.n - ENDING, ENDING};
    sheet_put(scope, "action", ecs_str_of(action));
    sheet_put(scope, "transaction", p->transaction);
    sheet_put(scope, "ending", number);
    sheet_put_flag(scope, "sent", p->sent.has_code && !p->unsendable);
    if (p->sent.wait_s > 0)
        sheet_put(scope, "wait", ecs_str_of(wait));
    if (p->error)
        sheet_put(scope, "error", sheet_view_text(&view, ecs_str_of(p->error)));
    send_page(c, &view, SHEET_PAGE_OTP, scope);
    c->status = 200;
    return wait && action ? ECS_DONE : ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the page");
}

/* ---- steps ---- */

static enum ecs_next try_code(struct ecs_flow *f);

static enum ecs_next start(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct page *p = web_own(c, sizeof(*p));
    struct ecs_str action = web_field(c, "do");

    if (!p)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the page");
    p->transaction = web_field(c, "t");
    if (p->transaction.n != ECS_LOGIN_SECRET_LEN)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "no transaction");
    if (c->method == ECS_HTTP_HEAD) /* whoever only looks whether the page is there gets no code sent */
        return ECS_DONE;
    if (!ecs_login_digest(c->front->crypto, ECS_LOGIN_OF_STATE, p->transaction, p->handle))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "digest");
    if (c->method == ECS_HTTP_POST && ecs_str_eq(action, ECS_STR("code")))
        return ecs_flow_goto(f, try_code);
    p->again = c->method == ECS_HTTP_POST && ecs_str_eq(action, ECS_STR("again"));
    return ECS_NEXT;
}

static enum ecs_next new_code(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct page *p = c->own;
    const struct ecs_logins *logins = c->engine->logins;

    if (!ecs_otp_code(logins, c->front->crypto, p->code) ||
        !ecs_otp_digest(c->front->crypto, p->transaction, ecs_str_of(p->code), p->digest))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "no code could be made");
    return ecs_store_factor_send(f, c->front->store, p->handle, p->digest, !p->again,
                                 ecs_logins_limits(logins), &p->sent);
}

static enum ecs_next send_code(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct page *p = c->own;
    const struct ecs_otp_limits *limits = ecs_logins_limits(c->engine->logins);

    if (!p->sent.found)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "the login is unknown, used or expired");
    if (p->sent.tries >= limits->tries)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "too many wrong codes");
    if (p->sent.send &&
        !ecs_otp_send(c->engine->logins, f->arena, c->accept_language, p->sent.msisdn, p->code, 0)) {
        p->unsendable = true;
        ecs_log_at(&c->log, ECS_EV_NEIGHBOUR_DOWN, ECS_LOG_ERROR,
                   "one-time code: there is no way to send text messages");
    }
    return show(f);
}

/* What people type between the digits does not count. */
static size_t digits_of(struct ecs_str text, char *out, size_t room)
{
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++) {
        if (strchr(" -.", text.p[i]))
            continue;
        if (text.p[i] < '0' || text.p[i] > '9' || n + 1 >= room)
            return 0;
        out[n++] = text.p[i];
    }
    out[n] = '\0';
    return n;
}

static enum ecs_next try_code(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct page *p = c->own;
    char code[CODE_TEXT_MAX];

    if (!digits_of(web_field(c, "code"), code, sizeof(code))) { /* not a try */
        p->error = "code-wrong";
        return ecs_flow_goto(f, new_code);
    }
    if (!ecs_login_secret(c->front->crypto, p->proof) ||
        !ecs_login_digest(c->front->crypto, ECS_LOGIN_OF_PROOF, ecs_str_of(p->proof), p->proof_digest) ||
        !ecs_otp_digest(c->front->crypto, p->transaction, ecs_str_of(code), p->digest))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "digest");
    ecs_wipe(code, sizeof(code));
    return ecs_store_factor_try(f, c->front->store, p->handle, p->digest, p->proof_digest,
                                ecs_logins_limits(c->engine->logins), &p->tried);
}

static enum ecs_next judge(struct ecs_flow *f)
{
    struct web_call *c = f->self;
    struct page *p = c->own;
    struct ecs_str url;

    if (!p->tried.found)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN,
                             "the login is unknown, used or expired, or had too many wrong codes");
    if (!p->tried.right) {
        ecs_log(&c->log, ECS_EV_AUTH_FAILED, "code page: wrong code, %u in all", p->tried.tries);
        p->error = "code-wrong";
        return ecs_flow_goto(f, new_code);
    }
    url = ecs_login_url(f->arena, ecs_logins_redirect_uri(c->engine->logins), "state", p->transaction, "code",
                        ecs_str_of(p->proof));
    if (!url.p)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the address");
    web_header(c, "Location", url.p);
    c->status = 302;
    return ECS_DONE;
}

const struct ecs_step web_otp_steps[] = {
    {"start", start, 0},         {"new-code", new_code, LIMIT_MS},
    {"send-code", send_code, 0}, {"try-code", try_code, LIMIT_MS},
    {"judge", judge, 0},         {0},
};
