/* SPDX-License-Identifier: Apache-2.0 */
/* VerifyPhoneNumber (6.5.10, 13.2, 14.1.7): is this the number of the line? A mismatch is an answer like any
 * other; how often may be asked is limited, or the number would be found by trying. */
#include "userinfo_priv.h"

#include <string.h>

#include "ecs/crypto.h"
#include "ecs/oauth_server.h"
#include "ecs/store_relay.h"

enum { COUNT_LIMIT_MS = 5000, MINUTE_S = 60 };

struct tries {
    uint8_t key[ECS_RELAY_DIGEST];
    bool granted;
};

/* One count per line and caller: with new tokens nobody gets new tries, and no caller uses up those of
 * another. A caller is what has been proven: with a name that anybody may choose there would be tries without
 * end. */
static bool make_key(const struct ecs_userinfo *info, uint8_t ret_key[ECS_RELAY_DIGEST])
{
    const struct ecs_grant_used *grant = info->auth->grant;
    struct ecs_str parts[] = {ECS_STR("verify-number|"), ecs_str_of(info->auth->imsi.s),
                              info->work->server ? ECS_STR("|server|") : ECS_STR("|device|"), ECS_STR("")};

    if (grant && grant->client_id.n)
        parts[3] = grant->client_id;
    else if (userinfo_is_proven(info))
        parts[3] = ecs_str_of(info->auth->server->client_id);
    return ecs_digest(info->env->auth->crypto, ECS_DIGEST_SHA256, parts, ECS_ARRAY_LEN(parts), ret_key);
}

/* The limiter of the worker spares the database those who have gone mad, and bounds the burst; the count over
 * all workers and nodes is the database's. A repetition counts, too: its first one may
 * have been refused here. */
static enum ecs_next check_rate(struct ecs_flow *f)
{
    struct ecs_userinfo *info = f->self;
    const struct ecs_userinfo_conf *conf = info->env->conf;
    struct tries *tries = ecs_alloc(f->arena, sizeof(*tries));
    uint64_t bucket;

    if (!tries)
        return userinfo_out_of_memory(f);
    info->work->own = tries;
    tries->granted = true;
    if (!conf->verify_per_minute)
        return ECS_NEXT;
    if (!make_key(info, tries->key))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "digest");
    memcpy(&bucket, tries->key, sizeof(bucket));
    if (info->env->limiter && !ecs_limiter_take(info->env->limiter, bucket, ecs_loop_now_us(f->loop), NULL))
        return ecs_flow_fail(f, ECS_E_RATE_LIMIT, "number.verify_per_minute is reached");
    return ecs_store_attempt_count(f, info->env->auth->store, tries->key,
                                   conf->verify_per_minute > conf->verify_burst ? conf->verify_per_minute
                                                                                : conf->verify_burst,
                                   MINUTE_S, &tries->granted);
}

static enum ecs_next compare(struct ecs_flow *f)
{
    struct ecs_userinfo *info = f->self;
    struct userinfo_answer *a = &info->work->answer;
    struct ecs_str sent = info->request->param[ECS_P_MSISDN],
                   country = ecs_str_of(info->env->conf->country_code);
    struct ecs_msisdn asked, own;
    const struct tries *tries = info->work->own;

    if (!tries->granted)
        return ecs_flow_fail(f, ECS_E_RATE_LIMIT, "number.verify_per_minute is reached");
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
    {"check-rate", check_rate, COUNT_LIMIT_MS},
    {"compare-numbers", compare, 0},
    {0},
};
