/* SPDX-License-Identifier: Apache-2.0 */
/* The code that shows that whoever moves a subscription still has its old device: sent by SMS to the line,
 * judged and limited by the machinery of logins (rows of kind "factor", quota by number over all nodes). It
 * belongs to the session of the pages; nothing of it is in the browser. */
#include "sheet_odsa.h"

#include <stdio.h>
#include <string.h>

#include "engine_login.h"

enum { CODE_TEXT_MAX = 32, LABEL_BYTES = 16 };

/* The text that a login of the login machinery hangs on: of this session alone. False: no digest. */
static bool secret_of(struct sheet_odsa *o, char out[ECS_BASE32_LEN(LABEL_BYTES) + 1])
{
    struct sheet *s = o->sheet;
    struct ecs_str part = ECS_STR("odsa code");
    uint8_t mac[ECS_SHA256_LEN];

    if (!ecs_hmac(s->call->front->crypto, ECS_DIGEST_SHA256, s->secret, sizeof(s->secret), &part, 1, mac))
        return false;
    (void)ecs_base32_encode(mac, LABEL_BYTES, out);
    ecs_wipe(mac, sizeof(mac));
    return true;
}

/* Handle of the row and digest of a code. */
static bool digests_of(struct sheet_odsa *o, const char *code)
{
    struct ecs_crypto *crypto = o->sheet->call->front->crypto;
    char secret[ECS_BASE32_LEN(LABEL_BYTES) + 1];
    bool good;

    if (!secret_of(o, secret))
        return false;
    good = ecs_login_digest(crypto, ECS_LOGIN_OF_STATE, ecs_str_of(secret), o->code.handle) &&
           ecs_otp_digest(crypto, ecs_str_of(secret), ecs_str_of(code), o->code.digest) &&
           ecs_login_digest(crypto, ECS_LOGIN_OF_PROOF, ecs_str_of(secret), o->code.proof);
    ecs_wipe(secret, sizeof(secret));
    return good;
}

enum ecs_next sheet_odsa_code_send(struct ecs_flow *f)
{
    struct sheet_odsa *o = sheet_odsa_of(f);
    struct web_call *c = o->sheet->call;
    const struct ecs_logins *logins = c->engine->logins;

    if (!ecs_otp_code(logins, c->front->crypto, o->code.text) || !digests_of(o, o->code.text))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "no code could be made");
    return ecs_store_factor_send(f, c->front->store, o->code.handle, o->code.digest, !o->code.again,
                                 ecs_logins_limits(logins), &o->code.sent);
}

/* The first visit: there is no row yet. */
enum ecs_next sheet_odsa_code_add(struct ecs_flow *f)
{
    struct sheet_odsa *o = sheet_odsa_of(f);
    struct sheet *s = o->sheet;
    struct web_call *c = s->call;

    if (o->code.sent.found)
        return ecs_flow_goto(f, sheet_odsa_code_sent);
    if (o->code.login.handle)
        return ecs_flow_fail(f, ECS_E_FORBIDDEN, "the session has ended");
    if (!s->facts.msisdn.n ||
        !ecs_login_digest(c->front->crypto, ECS_LOGIN_OF_FACTOR_NUMBER, s->facts.msisdn, o->code.number)) {
        o->code.unsendable = true;
        return sheet_odsa_show(o);
    }
    o->code.login = (struct ecs_login_new){
        .handle = o->code.handle,
        .kind = ECS_LOGIN_FACTOR,
        .provider = ECS_STR("sheet"),
        .request = ECS_STR(""),
        .imsi = o->journey.imsi,
        .number = o->code.number,
        .life_s = (unsigned)(s->row.expires_s > c->now ? s->row.expires_s - c->now : 1),
    };
    return ecs_store_login_add(f, c->front->store, &o->code.login);
}

enum ecs_next sheet_odsa_code_added(struct ecs_flow *f)
{
    return ecs_flow_goto(f, sheet_odsa_code_send);
}

/* In words of the page's language, so that the owner of the line sees what the code is for. */
static bool send_text(struct sheet_odsa *o, struct ecs_str msisdn)
{
    struct sheet *s = o->sheet;
    struct ecs_str text = sheet_view_text(&s->view, ECS_STR("odsa-code-sms"));
    struct ecs_substitution value = {ECS_STR("code"), ecs_str_of(o->code.text)};
    struct ecs_buf out = {.limit = 1024};
    bool sent;

    ecs_template_expand(text, &value, 1, false, &out);
    sent = text.n && !out.overflow && engine_login_sms(s->call->front, msisdn, ecs_buf_str(&out), 0);
    if (out.p)
        ecs_wipe(out.p, out.n);
    ecs_buf_done(&out);
    return sent;
}

enum ecs_next sheet_odsa_code_sent(struct ecs_flow *f)
{
    struct sheet_odsa *o = sheet_odsa_of(f);
    struct web_call *c = o->sheet->call;

    if (o->code.sent.send && !send_text(o, o->code.sent.msisdn)) {
        o->code.unsendable = true;
        ecs_log_at(&c->log, ECS_EV_NEIGHBOUR_DOWN, ECS_LOG_ERROR,
                   "eSIM pages: there is no way to send text messages");
    }
    ecs_wipe(o->code.text, sizeof(o->code.text));
    return sheet_odsa_show(o);
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

enum ecs_next sheet_odsa_code_try(struct ecs_flow *f)
{
    struct sheet_odsa *o = sheet_odsa_of(f);
    struct web_call *c = o->sheet->call;
    char code[CODE_TEXT_MAX];
    bool good;

    if (!digits_of(web_field(c, "code"), code, sizeof(code))) { /* not a try */
        o->code.error = "code-wrong";
        return ecs_flow_goto(f, sheet_odsa_code_send);
    }
    good = digests_of(o, code);
    ecs_wipe(code, sizeof(code));
    if (!good)
        return ecs_flow_fail(f, ECS_E_INTERNAL, "digest");
    return ecs_store_factor_try(f, c->front->store, o->code.handle, o->code.digest, o->code.proof,
                                ecs_logins_limits(c->engine->logins), &o->code.tried);
}

enum ecs_next sheet_odsa_code_judge(struct ecs_flow *f)
{
    struct sheet_odsa *o = sheet_odsa_of(f);
    struct web_call *c = o->sheet->call;

    if (!o->code.tried.right) {
        if (o->code.tried.found)
            ecs_log(&c->log, ECS_EV_AUTH_FAILED, "eSIM pages: wrong code, %u in all", o->code.tried.tries);
        o->code.error = "code-wrong";
        return ecs_flow_goto(f, sheet_odsa_code_send);
    }
    o->form.verified = true;
    return sheet_odsa_save(o, ECS_SHEET_CONFIRM);
}
