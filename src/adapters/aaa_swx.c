/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors and profiles of an HSS by SWx (TS 29.273 8, aaa.md 4). We never register: a SAR of ours only reads.
 */
#include <string.h>

#include "adapters/aaa_int.h"

#include "ecs/ids.h"

enum {
    NO_STATE_MAINTAINED = 1,
    AAA_USER_DATA_REQUEST = 12,
    VECTORS_WANTED = 1,
    ACCESS_ALLOWED = 0,
    RAND_BYTES = 16,
    AUTN_BYTES = 16,
    AUTS_BYTES = 14,
    KEY_BYTES = 16,
    XRES_MIN = 4,
    XRES_MAX = 16,
};

/* ---- writing ---- */

static void put_head(struct ecs_buf *buf, const struct ecs_aaa_conf *conf, const struct aaa_origin *me,
                     const char *session, struct ecs_str imsi)
{
    size_t group;

    ecs_diameter_put(buf, ECS_AVP_SESSION_ID, ecs_str_of(session));
    group = ecs_diameter_group_begin(buf, ECS_AVP_VENDOR_SPECIFIC_APPLICATION_ID);
    ecs_diameter_put_u32(buf, ECS_AVP_VENDOR_ID, ECS_DIAMETER_TGPP);
    ecs_diameter_put_u32(buf, ECS_AVP_AUTH_APPLICATION_ID, ECS_DIAMETER_APP_SWX);
    ecs_diameter_group_end(buf, group);
    ecs_diameter_put_u32(buf, ECS_AVP_AUTH_SESSION_STATE, NO_STATE_MAINTAINED);
    ecs_diameter_put(buf, ECS_AVP_ORIGIN_HOST, ecs_str_of(me->host));
    ecs_diameter_put(buf, ECS_AVP_ORIGIN_REALM, ecs_str_of(me->realm));
    ecs_diameter_put(buf, ECS_AVP_DESTINATION_REALM, ecs_str_of(conf->realm));
    if (conf->host)
        ecs_diameter_put(buf, ECS_AVP_DESTINATION_HOST, ecs_str_of(conf->host));
    ecs_diameter_put(buf, ECS_AVP_USER_NAME, imsi); /* digits only, never the NAI */
}

void aaa_put_mar(struct ecs_buf *buf, const struct ecs_aaa_conf *conf, const struct aaa_origin *me,
                 const char *session, const struct ecs_hss_vector *ask)
{
    size_t item;

    put_head(buf, conf, me, session, ask->imsi);
    item = ecs_diameter_group_begin(buf, ECS_AVP_SIP_AUTH_DATA_ITEM);
    ecs_diameter_put(buf, ECS_AVP_SIP_AUTHENTICATION_SCHEME,
                     ask->prime ? ECS_STR("EAP-AKA'") : ECS_STR("EAP-AKA"));
    if (ask->resync_rand && ask->resync_auts) {
        char proof[RAND_BYTES + AUTS_BYTES];

        memcpy(proof, ask->resync_rand, RAND_BYTES);
        memcpy(proof + RAND_BYTES, ask->resync_auts, AUTS_BYTES);
        ecs_diameter_put(buf, ECS_AVP_SIP_AUTHORIZATION, (struct ecs_str){proof, sizeof(proof)});
    }
    ecs_diameter_group_end(buf, item);
    ecs_diameter_put_u32(buf, ECS_AVP_SIP_NUMBER_AUTH_ITEMS, VECTORS_WANTED);
    if (conf->rat != ECS_AAA_RAT_NONE)
        ecs_diameter_put_u32(buf, ECS_AVP_RAT_TYPE, conf->rat == ECS_AAA_RAT_WLAN ? 0 : 1);
    if (ask->prime && ask->network.n)
        ecs_diameter_put(buf, ECS_AVP_ANID, ask->network);
    if (conf->visited_network)
        ecs_diameter_put(buf, ECS_AVP_VISITED_NETWORK_IDENTIFIER, ecs_str_of(conf->visited_network));
}

void aaa_put_sar(struct ecs_buf *buf, const struct ecs_aaa_conf *conf, const struct aaa_origin *me,
                 const char *session, struct ecs_str imsi)
{
    put_head(buf, conf, me, session, imsi);
    ecs_diameter_put_u32(buf, ECS_AVP_SERVER_ASSIGNMENT_TYPE, AAA_USER_DATA_REQUEST);
}

/* ---- reading ---- */

static enum ecs_hss_outcome outcome_of(const struct ecs_aaa_conf *conf,
                                       const struct ecs_diameter_answer *answer, const char **ret_why)
{
    enum ecs_aaa_verdict verdict;

    if (answer->rc != ECS_OK) {
        *ret_why = answer->error;
        return ECS_HSS_TRANSIENT;
    }
    verdict = aaa_code_verdict(conf, answer->result.vendor, answer->result.code);
    if (verdict == ECS_AAA_ACCEPTED)
        return ECS_HSS_OK;
    *ret_why = ecs_diameter_result_name(&answer->result);
    return verdict == ECS_AAA_REJECTED ? ECS_HSS_UNKNOWN : ECS_HSS_TRANSIENT;
}

static bool take(struct ecs_str group, enum ecs_diameter_avp_id id, void *to, size_t n)
{
    struct ecs_str data;

    if (!ecs_diameter_get(group, id, &data) || data.n != n)
        return false;
    memcpy(to, data.p, n);
    return true;
}

/* NULL: the item is a whole vector. */
static const char *take_item(struct ecs_str item, struct ecs_hss_vector *ask)
{
    uint8_t challenge[RAND_BYTES + AUTN_BYTES];
    struct ecs_str scheme, xres;

    if (!ecs_diameter_get(item, ECS_AVP_SIP_AUTHENTICATION_SCHEME, &scheme))
        return "the vector has no scheme";
    ask->is_prime = ecs_str_eq_nocase(scheme, ECS_STR("EAP-AKA'"));
    if (!ask->is_prime && !ecs_str_eq_nocase(scheme, ECS_STR("EAP-AKA")))
        return "the vector is of another scheme than EAP-AKA and EAP-AKA'";
    if (!take(item, ECS_AVP_SIP_AUTHENTICATE, challenge, sizeof(challenge)))
        return "the vector has no RAND and AUTN of 16 bytes each";
    memcpy(ask->rand, challenge, RAND_BYTES);
    memcpy(ask->autn, challenge + RAND_BYTES, AUTN_BYTES);
    if (!ecs_diameter_get(item, ECS_AVP_SIP_AUTHORIZATION, &xres) || xres.n < XRES_MIN || xres.n > XRES_MAX)
        return "the vector has no XRES of 4 to 16 bytes";
    memcpy(ask->xres, xres.p, xres.n);
    ask->xres_n = xres.n;
    if (!take(item, ECS_AVP_CONFIDENTIALITY_KEY, ask->ck, KEY_BYTES) ||
        !take(item, ECS_AVP_INTEGRITY_KEY, ask->ik, KEY_BYTES))
        return "the vector has no CK and IK of 16 bytes each";
    return NULL;
}

static void forget(struct ecs_hss_vector *ask)
{
    ecs_wipe(ask->rand, sizeof(ask->rand));
    ecs_wipe(ask->autn, sizeof(ask->autn));
    ecs_wipe(ask->ck, sizeof(ask->ck));
    ecs_wipe(ask->ik, sizeof(ask->ik));
    ecs_wipe(ask->xres, sizeof(ask->xres));
    ask->xres_n = 0;
    ask->is_prime = false;
}

void aaa_judge_maa(const struct ecs_aaa_conf *conf, const struct ecs_diameter_answer *answer,
                   struct ecs_hss_vector *ask)
{
    struct ecs_str rest = answer->message.avps, item;

    ask->code = answer->result.code;
    ask->experimental = answer->result.vendor != 0;
    ask->why = NULL;
    ask->outcome = outcome_of(conf, answer, &ask->why);
    forget(ask);
    if (ask->outcome != ECS_HSS_OK)
        return;
    ask->why = "the answer has no vector";
    while (ask->why && ecs_diameter_next_of(&rest, ECS_AVP_SIP_AUTH_DATA_ITEM, &item))
        ask->why = take_item(item, ask);
    if (!ask->why)
        return;
    forget(ask);
    ask->outcome = ECS_HSS_TRANSIENT;
}

void aaa_judge_saa(const struct ecs_aaa_conf *conf, const struct ecs_diameter_answer *answer,
                   struct ecs_arena *arena, struct ecs_hss_profile *ask)
{
    struct ecs_str data, msisdn;
    uint32_t access = ACCESS_ALLOWED;
    char *copy;

    ask->why = NULL;
    ask->outcome = outcome_of(conf, answer, &ask->why);
    if (ask->outcome != ECS_HSS_OK)
        return;
    if (!ecs_diameter_get(answer->message.avps, ECS_AVP_NON_3GPP_USER_DATA, &data)) {
        ask->why = "the answer has no profile";
        ask->outcome = ECS_HSS_TRANSIENT;
        return;
    }
    (void)ecs_diameter_get_u32(data, ECS_AVP_NON_3GPP_IP_ACCESS, &access);
    ask->barred = access != ACCESS_ALLOWED;
    msisdn = aaa_msisdn_of(data);
    copy = msisdn.n ? ecs_strdup(arena, msisdn) : NULL;
    ask->msisdn = copy ? (struct ecs_str){copy, msisdn.n} : ECS_STR_NULL;
}

/* ---- asking ---- */

struct swx_call {
    struct ecs_aaa *aaa;
    struct aaa_provider *provider;
    struct ecs_hss_vector *vector;   /* or */
    struct ecs_hss_profile *profile; /* of these one is NULL */
    const char *session;
    struct ecs_diameter_answer answer;
};

static enum ecs_next send_mar(struct ecs_flow *f)
{
    struct swx_call *c = f->self;
    struct ecs_diameter *d = c->aaa->env.diameter;
    const struct aaa_origin me = {ecs_diameter_host(d), ecs_diameter_realm(d)};
    struct ecs_buf avps = {.limit = ECS_DIAMETER_MAX};

    if (c->vector)
        aaa_put_mar(&avps, c->provider->conf, &me, c->session, c->vector);
    else
        aaa_put_sar(&avps, c->provider->conf, &me, c->session, c->profile->imsi);
    return aaa_send(f, c->aaa, c->vector ? ECS_DIAMETER_MULTIMEDIA_AUTH : ECS_DIAMETER_SERVER_ASSIGNMENT,
                    ECS_DIAMETER_APP_SWX, &avps,
                    aaa_limit(c->provider->conf, c->vector ? c->vector->limit_ms : c->profile->limit_ms),
                    false, &c->answer);
}

static enum ecs_next read_maa(struct ecs_flow *f)
{
    static const enum ecs_aaa_verdict verdicts[] = {[ECS_HSS_OK] = ECS_AAA_ACCEPTED,
                                                    [ECS_HSS_UNKNOWN] = ECS_AAA_REJECTED,
                                                    [ECS_HSS_TRANSIENT] = ECS_AAA_TRANSIENT};
    struct swx_call *c = f->self;
    enum ecs_hss_outcome outcome;

    if (c->vector)
        aaa_judge_maa(c->provider->conf, &c->answer, c->vector);
    else
        aaa_judge_saa(c->provider->conf, &c->answer, f->arena, c->profile);
    outcome = c->vector ? c->vector->outcome : c->profile->outcome;
    aaa_count(c->aaa, c->provider, verdicts[outcome], c->answer.rc == ECS_OK);
    return ECS_DONE;
}

static const struct ecs_step steps[] = {
    {"hss", send_mar, AAA_WAIT_MS},
    {"hss-answer", read_maa, 0},
    {0},
};

/* NULL: c is ready. */
static const char *prepare(struct ecs_flow *f, struct ecs_aaa *aaa, struct ecs_str provider,
                           struct ecs_str imsi, struct swx_call *c)
{
    struct ecs_imsi parsed;

    if (!c)
        return "no memory";
    c->aaa = aaa;
    c->provider = aaa_find(aaa, provider);
    if (!c->provider || c->provider->conf->type != ECS_AAA_SWX)
        return "there is no such HSS";
    if (!aaa->env.diameter)
        return "section diameter has no host";
    if (!ecs_imsi_parse(imsi, &parsed))
        return "not an IMSI";
    c->session = ecs_diameter_session_id(aaa->env.diameter, f->arena);
    return c->session ? NULL : "no memory";
}

enum ecs_next ecs_hss_vector(struct ecs_flow *f, struct ecs_aaa *aaa, struct ecs_hss_vector *ask)
{
    struct swx_call *c = ecs_alloc(f->arena, sizeof(*c));
    const char *wrong = prepare(f, aaa, ask->provider, ask->imsi, c);

    if (wrong) {
        ask->outcome = ECS_HSS_TRANSIENT;
        ask->code = 0;
        ask->why = wrong;
        return ECS_NEXT;
    }
    c->vector = ask;
    return ecs_flow_call(f, steps, c);
}

enum ecs_next ecs_hss_profile(struct ecs_flow *f, struct ecs_aaa *aaa, struct ecs_hss_profile *ask)
{
    struct swx_call *c = ecs_alloc(f->arena, sizeof(*c));
    const char *wrong = prepare(f, aaa, ask->provider, ask->imsi, c);

    ask->barred = false;
    ask->msisdn = ECS_STR_NULL;
    if (wrong) {
        ask->outcome = ECS_HSS_TRANSIENT;
        ask->why = wrong;
        return ECS_NEXT;
    }
    c->profile = ask;
    return ecs_flow_call(f, steps, c);
}
