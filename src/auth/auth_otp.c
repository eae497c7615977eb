/* SPDX-License-Identifier: Apache-2.0 */
/* Login by a one-time code (RCC.14, TS.43 8.3 and Table 13): the first request names a number and gets a
 * cookie, the code goes to that number, the second request brings it. Whether anybody has the number cannot
 * be told from the answer: both ways are the same statement, and the message is sent behind the answer. */
#include <string.h>

#include "login_priv.h"

struct work {
    char code[ECS_OTP_DIGITS_MAX + 1];
    uint8_t handle[ECS_LOGIN_DIGEST], digest[ECS_LOGIN_DIGEST], number[ECS_LOGIN_DIGEST];
    struct ecs_msisdn msisdn;
    struct ecs_otp_new otp;
    struct ecs_otp_begun begun;
    size_t cookie_at;
    struct ecs_otp_tried tried;
};

bool auth_otp_begins(const struct ecs_auth *auth)
{
    return auth->request->param[ECS_P_MSISDN].n && login_is_bare(auth) && auth->env->logins->otp->login;
}

static enum ecs_next start(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct work *w = ecs_arena_secret(f->arena, sizeof(*w));

    if (!w)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "no memory for the login");
    auth->exchange = w;
    if (!auth->env->logins || !auth->env->logins->otp->login)
        return ecs_flow_fail(f, ECS_E_AUTH_NEEDED, "logins by one-time code are switched off");
    return ECS_NEXT;
}

/* ---- begin ---- */

static bool make_secrets(struct ecs_flow *f, struct ecs_auth *auth, struct work *w)
{
    struct ecs_crypto *crypto = auth->env->crypto;
    char cookie[ECS_LOGIN_SECRET_LEN + 1];

    if (!ecs_login_secret(crypto, cookie))
        return false;
    auth->cookie = ecs_str_of(ecs_strdup(f->arena, ecs_str_of(cookie)));
    return auth->cookie.p && ecs_otp_code(auth->env->logins, crypto, w->code) &&
           ecs_login_digest(crypto, ECS_LOGIN_OF_COOKIE, auth->cookie, w->handle) &&
           ecs_login_digest(crypto, ECS_LOGIN_OF_NUMBER, ecs_str_of(w->msisdn.s), w->number) &&
           ecs_otp_digest(crypto, auth->cookie, ecs_str_of(w->code), w->digest);
}

static enum ecs_next keep_request(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct work *w = auth->exchange;
    struct ecs_ts43_request *r = auth->request;
    int64_t now_us = ecs_loop_now_us(f->loop);

    if (!ecs_msisdn_parse(r->param[ECS_P_MSISDN], &w->msisdn))
        return ecs_flow_fail(f, ECS_E_BAD_PARAMETER, "msisdn is not 5 to 15 digits");
    if (!ecs_limiter_take(auth->env->source_limiter, auth->source_hash, now_us, &auth->retry_after_s))
        return ecs_flow_fail(f, ECS_E_RATE_LIMIT, "too many logins from one source address");
    if (!ecs_limiter_take(auth->env->logins->otp_begun, 1, now_us, &auth->retry_after_s))
        return ecs_flow_fail(f, ECS_E_RATE_LIMIT, "otp.begin_per_minute is reached");
    if (!make_secrets(f, auth, w))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "the login could not be prepared");
    w->otp = (struct ecs_otp_new){
        .handle = w->handle,
        .code = w->digest,
        .number = w->number,
        .request = login_save_request(f, r),
        .msisdn = ecs_str_of(w->msisdn.s),
        .imsi = r->has_imsi ? ecs_str_of(r->imsi.s) : ECS_STR_NULL,
    };
    if (!w->otp.request.p)
        return ecs_flow_fail(f, ECS_E_TOO_LARGE, "the request is too large to be kept");
    return ecs_store_otp_begin(f, auth->env->store, &w->otp, &auth->env->logins->limits, &w->begun);
}

/* 0: a message for the user to read. Whoever asks is nobody yet: a message must not reach the WAP, SIM or
 * entitlement ports of another one's phone, so only those that clients of RCC.14 listen on are taken. */
static uint16_t port_of(const struct ecs_ts43_request *request)
{
    enum { LOWEST = 10000 }; /* rcc14 digest 2: 10000 to 40000, or 37273 */
    uint32_t port;

    return ecs_str_to_u32(request->param[ECS_P_SMS_PORT], &port) && port >= LOWEST && port <= UINT16_MAX
               ? (uint16_t)port
               : 0;
}

static enum ecs_next send_code(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct work *w = auth->exchange;

    if (!w->begun.granted) {
        auth->retry_after_s = (uint32_t)(w->begun.wait_s > 0 ? w->begun.wait_s : 1);
        return ecs_flow_fail(f, ECS_E_RATE_LIMIT, "too many codes for one number");
    }
    if (w->begun.imsi.n && !ecs_otp_send(auth->env->logins, f->arena, auth->request->accept_language,
                                         w->otp.msisdn, w->code, port_of(auth->request)))
        ecs_log_at(f->log, ECS_EV_NEIGHBOUR_DOWN, ECS_LOG_ERROR,
                   "one-time code: there is no way to send text messages");
    auth->outcome = ECS_AUTH_OTP_SENT;
    return ECS_DONE;
}

const struct ecs_step ecs_auth_otp_begin_steps[] = {
    {"start", start, 0},
    {"keep-request", keep_request, LOGIN_DB_MS},
    {"send-code", send_code, 0},
    {0},
};

/* ---- the code ---- */

static enum ecs_next try_code(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct work *w = auth->exchange;
    struct ecs_str cookie;

    if (w->cookie_at >= auth->cookie_n)
        return ecs_flow_fail(f, ECS_E_AUTH_NEEDED, "OTP without the cookie of a login");
    cookie = auth->cookies[w->cookie_at++];
    if (!ecs_login_digest(auth->env->crypto, ECS_LOGIN_OF_COOKIE, cookie, w->handle) ||
        !ecs_otp_digest(auth->env->crypto, cookie, auth->request->param[ECS_P_OTP], w->digest))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "digest");
    return ecs_store_otp_try(f, auth->env->store, w->handle, w->digest, &auth->env->logins->limits,
                             &w->tried);
}

static enum ecs_next judge(struct ecs_flow *f)
{
    struct ecs_auth *auth = f->self;
    struct work *w = auth->exchange;
    enum ecs_rc rc;

    if (!w->tried.found && w->cookie_at < auth->cookie_n)
        return ecs_flow_goto(f, try_code);
    if (!w->tried.found)
        return ecs_flow_fail(f, ECS_E_AUTH_NEEDED,
                             "the login is unknown, used or expired, or had too many wrong codes");
    if (!w->tried.right || !ecs_imsi_parse(w->tried.imsi, &auth->imsi))
        return ecs_flow_fail(f, ECS_E_AUTH_NEEDED, "OTP is wrong");
    rc = login_adopt_request(f, auth, w->tried.request);
    if (rc != ECS_OK)
        return ecs_flow_fail(f, rc, "the saved request cannot be read");
    memcpy(auth->handle, w->handle, sizeof(auth->handle));
    return login_passed(f, "one-time code", "by SMS");
}

const struct ecs_step ecs_auth_otp_answer_steps[] = {
    {"start", start, 0},
    {"try-code", try_code, LOGIN_DB_MS},
    {"judge", judge, 0},
    {0},
};
