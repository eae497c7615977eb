/* SPDX-License-Identifier: Apache-2.0 */
/* VerifyPhoneNumber (6.5.10, 13.2, 14.1.7): is this the number of the line? A mismatch is an answer like any
 * other; how often may be asked is limited, or the number would be found by trying. */
#include "userinfo_priv.h"

#include <string.h>

#include "ecs/log.h"

/* One bucket per line and caller: with new tokens nobody gets new tries, and no caller uses up those of
 * another. */
static uint64_t key_of(const struct ecs_userinfo *info)
{
    const struct ecs_grant_used *grant = info->auth->grant;
    struct ecs_str caller = info->request->param[ECS_P_REQUESTOR_ID];
    uint64_t hash = ecs_hash(info->auth->imsi.s, strlen(info->auth->imsi.s));

    if (grant && grant->client_id.n)
        caller = grant->client_id;
    return ecs_hash_more(ecs_hash_more(hash, info->work->server ? "s" : "d", 1), caller.p ? caller.p : "",
                         caller.n);
}

static enum ecs_next check_rate(struct ecs_flow *f)
{
    struct ecs_userinfo *info = f->self;

    if (info->env->limiter &&
        !ecs_limiter_take(info->env->limiter, key_of(info), ecs_loop_now_us(f->loop), NULL))
        return ecs_flow_fail(f, ECS_E_RATE_LIMIT, "number.verify_per_minute is reached");
    return ECS_NEXT;
}

static enum ecs_next compare(struct ecs_flow *f)
{
    struct ecs_userinfo *info = f->self;
    struct userinfo_answer *a = &info->work->answer;
    struct ecs_str sent = info->request->param[ECS_P_MSISDN],
                   country = ecs_str_of(info->env->conf->country_code);
    struct ecs_msisdn asked, own;

    if (!sent.n)
        return userinfo_refuse(f, ECS_RESULT_INVALID_PARAMETER, "msisdn is missing");
    if (!ecs_e164_read(sent, country, &asked))
        return userinfo_refuse(f, ECS_RESULT_INVALID_PARAMETER, "msisdn is no number");
    if (!info->line->msisdn.n || !ecs_e164_read(info->line->msisdn, country, &own))
        return userinfo_no_number(f);
    a->verified = ecs_str_eq(ecs_str_of(asked.s), ecs_str_of(own.s));
    if (a->verified)
        a->verified_number = ecs_unquote(sent);
    return ECS_DONE;
}

const struct ecs_step userinfo_verify_phone_number_steps[] = {
    {"check-rate", check_rate, 0},
    {"compare-numbers", compare, 0},
    {0},
};
