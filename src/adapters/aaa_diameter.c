/* SPDX-License-Identifier: Apache-2.0 */
/* EAP handed on by Diameter (RFC 4072; SWm and STa of TS 29.273): DER, DEA, and STR for sessions that the
 * server keeps. */
#include "adapters/aaa_int.h"

#include "ecs/eap.h"
#include "ecs/eap_id.h"

enum {
    AUTHENTICATE_ONLY = 1,
    AUTHORIZE_AUTHENTICATE = 3,
    NO_STATE_MAINTAINED = 1,
    RAT_WLAN = 0,
    RAT_VIRTUAL = 1,
    LOGOUT = 1, /* Termination-Cause */
    END_USER_E164 = 0,
    END_USER_IMSI = 1,
    IMEI_DIGITS = 14,
    IMEISV_DIGITS = 16,
    EAP_HEAD = 4,
};

uint32_t aaa_application(int type)
{
    static const uint32_t ids[ECS_AAA_TYPE_COUNT] = {[ECS_AAA_DIAMETER_EAP] = ECS_DIAMETER_APP_EAP,
                                                     [ECS_AAA_SWM] = ECS_DIAMETER_APP_SWM,
                                                     [ECS_AAA_STA] = ECS_DIAMETER_APP_STA,
                                                     [ECS_AAA_SWX] = ECS_DIAMETER_APP_SWX};

    return type >= 0 && type < ECS_AAA_TYPE_COUNT ? ids[type] : 0;
}

/* ---- writing ---- */

static void put_text(struct ecs_buf *buf, enum ecs_diameter_avp_id id, const char *text)
{
    if (text)
        ecs_diameter_put(buf, id, ecs_str_of(text));
}

static void put_head(struct ecs_buf *buf, uint32_t application, struct ecs_str realm,
                     const struct aaa_origin *me, struct ecs_str session, struct ecs_str host)
{
    ecs_diameter_put(buf, ECS_AVP_SESSION_ID, session);
    ecs_diameter_put_u32(buf, ECS_AVP_AUTH_APPLICATION_ID, application);
    put_text(buf, ECS_AVP_ORIGIN_HOST, me->host);
    put_text(buf, ECS_AVP_ORIGIN_REALM, me->realm);
    ecs_diameter_put(buf, ECS_AVP_DESTINATION_REALM, realm);
    if (host.n)
        ecs_diameter_put(buf, ECS_AVP_DESTINATION_HOST, host);
}

static uint32_t request_type(const struct ecs_aaa_conf *conf)
{
    if (conf->request_type == ECS_AAA_AUTHENTICATE)
        return AUTHENTICATE_ONLY;
    if (conf->request_type == ECS_AAA_AUTHORIZE_AUTHENTICATE)
        return AUTHORIZE_AUTHENTICATE;
    return conf->type == ECS_AAA_DIAMETER_EAP ? AUTHENTICATE_ONLY : AUTHORIZE_AUTHENTICATE;
}

/* TS 29.273 5.2.3, TS 29.272 7.3.3: 14 digits, the software version by itself. */
static void put_terminal(struct ecs_buf *buf, struct ecs_str imei)
{
    size_t group;

    if (imei.n < IMEI_DIGITS || !ecs_str_is_digits(imei))
        return;
    group = ecs_diameter_group_begin(buf, ECS_AVP_TERMINAL_INFORMATION);
    ecs_diameter_put(buf, ECS_AVP_IMEI, (struct ecs_str){imei.p, IMEI_DIGITS});
    if (imei.n == IMEISV_DIGITS)
        ecs_diameter_put(buf, ECS_AVP_SOFTWARE_VERSION, (struct ecs_str){imei.p + IMEI_DIGITS, 2});
    ecs_diameter_group_end(buf, group);
}

static void put_access(struct ecs_buf *buf, const struct ecs_aaa_conf *conf)
{
    if (conf->rat != ECS_AAA_RAT_NONE)
        ecs_diameter_put_u32(buf, ECS_AVP_RAT_TYPE, conf->rat == ECS_AAA_RAT_WLAN ? RAT_WLAN : RAT_VIRTUAL);
    if (conf->type == ECS_AAA_STA)
        put_text(buf, ECS_AVP_ANID, conf->anid);
    put_text(buf, ECS_AVP_VISITED_NETWORK_IDENTIFIER, conf->visited_network);
    put_text(buf, ECS_AVP_SERVICE_SELECTION, conf->apn);
}

void aaa_put_der(struct ecs_buf *buf, const struct ecs_aaa_conf *conf, const struct aaa_origin *me,
                 const char *session, const struct aaa_thread *thread, struct ecs_str user_name,
                 const struct ecs_aaa_round *round)
{
    bool first = !thread->session.n;

    put_head(buf, aaa_application(conf->type), ecs_str_of(conf->realm), me,
             first ? ecs_str_of(session) : thread->session,
             thread->server.n ? thread->server
             : first          ? ecs_str_of(conf->host)
                              : ECS_STR_NULL);
    ecs_diameter_put_u32(buf, ECS_AVP_AUTH_REQUEST_TYPE, request_type(conf));
    ecs_diameter_put(buf, ECS_AVP_USER_NAME, user_name);
    ecs_diameter_put(buf, ECS_AVP_EAP_PAYLOAD, round->eap);
    if (thread->state.n)
        ecs_diameter_put(buf, ECS_AVP_STATE, thread->state);
    if (conf->no_state)
        ecs_diameter_put_u32(buf, ECS_AVP_AUTH_SESSION_STATE, NO_STATE_MAINTAINED);
    put_text(buf, ECS_AVP_NAS_IDENTIFIER, conf->nas_identifier);
    if (conf->type != ECS_AAA_DIAMETER_EAP)
        put_access(buf, conf);
    if (conf->terminal_information)
        put_terminal(buf, round->imei);
}

void aaa_put_str(struct ecs_buf *buf, uint32_t application, struct ecs_str realm, const struct aaa_origin *me,
                 const struct aaa_thread *thread, struct ecs_str user_name)
{
    put_head(buf, application, realm, me, thread->session, thread->server);
    ecs_diameter_put_u32(buf, ECS_AVP_TERMINATION_CAUSE, LOGOUT);
    if (user_name.n)
        ecs_diameter_put(buf, ECS_AVP_USER_NAME, user_name);
}

/* ---- reading ---- */

struct ecs_str aaa_imsi_of_name(struct ecs_str user_name)
{
    struct ecs_eap_id id;
    struct ecs_imsi imsi;

    if (ecs_imsi_parse(user_name,
                       &imsi)) /* bare digits: without a realm there is no digit of the method, either */
        return user_name;
    if (ecs_eap_id_parse(user_name, &id) == ECS_EAP_ID_PERMANENT)
        return (struct ecs_str){id.user.p + 1, id.user.n - 1};
    return ECS_STR_NULL;
}

/* The first Subscription-Id of that type that is digits of a possible number. */
static struct ecs_str subscription_id(struct ecs_str avps, uint32_t wanted)
{
    struct ecs_str group, data;
    struct ecs_msisdn number;
    uint32_t type;

    while (ecs_diameter_next_of(&avps, ECS_AVP_SUBSCRIPTION_ID, &group)) {
        if (!ecs_diameter_get_u32(group, ECS_AVP_SUBSCRIPTION_ID_TYPE, &type) || type != wanted ||
            !ecs_diameter_get(group, ECS_AVP_SUBSCRIPTION_ID_DATA, &data))
            continue;
        if (data.n && data.p[0] == '+') {
            data.p++;
            data.n--;
        }
        if (ecs_str_is_digits(data) && ecs_msisdn_parse(data, &number)) /* both have 15 digits at most */
            return data;
    }
    return ECS_STR_NULL;
}

struct ecs_str aaa_msisdn_of(struct ecs_str avps)
{
    return subscription_id(avps, END_USER_E164);
}

static void break_off(struct ecs_aaa_round *round, const char *why)
{
    round->verdict = ECS_AAA_TRANSIENT;
    round->why = why;
}

static bool is_eap_request(struct ecs_str eap)
{
    return eap.n >= EAP_HEAD && ((size_t)(uint8_t)eap.p[2] << 8 | (uint8_t)eap.p[3]) == eap.n &&
           (uint8_t)eap.p[0] == ECS_EAP_REQUEST;
}

static void read_more(struct ecs_str avps, struct ecs_aaa_round *round)
{
    struct ecs_str eap;

    if (ecs_diameter_get(avps, ECS_AVP_EAP_PAYLOAD, &eap) && eap.n) {
        round->eap_out = eap;
    } else if (ecs_diameter_get(avps, ECS_AVP_EAP_REISSUED_PAYLOAD, &eap) && eap.n) {
        round->eap_out = eap;
        round->verdict = ECS_AAA_REPEAT;
    } else {
        break_off(round, "MULTI_ROUND_AUTH without EAP");
        return;
    }
    if (!is_eap_request(round->eap_out)) {
        round->eap_out = ECS_STR_NULL;
        break_off(round, "MULTI_ROUND_AUTH with something else than an EAP request");
        return;
    }
    (void)ecs_diameter_get_u32(avps, ECS_AVP_MULTI_ROUND_TIME_OUT, &round->wait_s);
}

static uint32_t shorter(uint32_t a, uint32_t b)
{
    return a == 0 || (b && b < a) ? b : a;
}

static void read_accepted(struct ecs_str avps, struct ecs_aaa_round *round)
{
    struct ecs_str name, eap, by_name;
    uint32_t state = 0, timeout = 0, lifetime = 0;

    (void)ecs_diameter_get_u32(avps, ECS_AVP_AUTH_SESSION_STATE, &state);
    round->kept = state != NO_STATE_MAINTAINED; /* also where it is not believed below */

    if (ecs_diameter_get(avps, ECS_AVP_EAP_PAYLOAD, &eap) && eap.n && (uint8_t)eap.p[0] != ECS_EAP_SUCCESS)
        round->why =
            "accepted with another EAP packet than EAP-Success"; /* the code decides (aaa.md 2.4.3) */
    round->imsi = subscription_id(avps, END_USER_IMSI);
    by_name = ecs_diameter_get(avps, ECS_AVP_USER_NAME, &name) ? aaa_imsi_of_name(name) : ECS_STR_NULL;
    if (round->imsi.n && by_name.n && !ecs_str_eq(round->imsi, by_name)) {
        round->imsi = ECS_STR_NULL;
        break_off(round, "the AAA names two subscribers");
        return;
    }
    if (!round->imsi.n)
        round->imsi = by_name;
    round->msisdn = aaa_msisdn_of(avps);
    (void)ecs_diameter_get_u32(avps, ECS_AVP_SESSION_TIMEOUT, &timeout);
    (void)ecs_diameter_get_u32(avps, ECS_AVP_AUTHORIZATION_LIFETIME, &lifetime);
    round->session_s = shorter(timeout, lifetime);
    (void)ecs_diameter_get(avps, ECS_AVP_CLASS, &round->class);
}

void aaa_judge_dea(const struct ecs_aaa_conf *conf, const struct ecs_diameter_answer *answer, bool first,
                   struct ecs_arena *arena, struct ecs_aaa_round *round)
{
    struct ecs_str avps = answer->message.avps;

    (void)arena;
    round->code = answer->result.code;
    round->experimental = answer->result.vendor != 0;
    if (answer->rc != ECS_OK) {
        break_off(round, answer->error);
        return;
    }
    round->verdict = aaa_code_verdict(conf, answer->result.vendor, answer->result.code);
    if (round->verdict == ECS_AAA_MORE) {
        read_more(avps, round);
    } else if (round->verdict == ECS_AAA_ACCEPTED) {
        read_accepted(avps, round);
        if (first && !conf->accept_at_once)
            break_off(round, "an identity was accepted without a challenge");
    } else {
        round->why = ecs_diameter_result_name(&answer->result);
    }
}

/* ---- asking ---- */

struct der_call {
    struct ecs_aaa *aaa;
    struct aaa_provider *provider;
    struct ecs_aaa_round *round;
    struct aaa_thread thread;
    struct ecs_str user_name;
    const char *session;
    struct ecs_diameter_answer answer;
};

static enum ecs_next send_der(struct ecs_flow *f)
{
    struct der_call *c = f->self;
    struct ecs_diameter *d = c->aaa->env.diameter;
    const struct aaa_origin me = {ecs_diameter_host(d), ecs_diameter_realm(d)};
    struct ecs_buf avps = {.limit = ECS_DIAMETER_MAX};

    aaa_put_der(&avps, c->provider->conf, &me, c->session, &c->thread, c->user_name, c->round);
    /* Later rounds have their state at one place (RFC 4072 2.8.4 by aaa.md 2.4.7). */
    return aaa_send(f, c->aaa, ECS_DIAMETER_EAP, aaa_application(c->provider->conf->type), &avps,
                    aaa_limit(c->provider->conf, c->round->limit_ms), c->thread.session.n != 0, &c->answer);
}

static enum ecs_next read_dea(struct ecs_flow *f)
{
    struct der_call *c = f->self;
    struct aaa_thread next = {.session = c->thread.session.n ? c->thread.session : ecs_str_of(c->session)};
    struct ecs_str avps = c->answer.message.avps;

    aaa_judge_dea(c->provider->conf, &c->answer, !c->thread.session.n, f->arena, c->round);
    if (c->answer.rc == ECS_OK) {
        (void)ecs_diameter_get(avps, ECS_AVP_ORIGIN_HOST, &next.server);
        if (!c->round->kept) /* STR has no State */
            (void)ecs_diameter_get(avps, ECS_AVP_STATE, &next.state);
        if (!aaa_thread_write(f->arena, true, &next, &c->round->thread_out) &&
            c->round->verdict <= ECS_AAA_ACCEPTED)
            break_off(c->round, "the AAA's State is too long");
    }
    if (c->round->kept && c->round->verdict != ECS_AAA_ACCEPTED) { /* a success that is not believed */
        c->round->kept = false;
        ecs_aaa_end(c->aaa, ecs_str_of(c->provider->conf->name), c->round->identity, c->round->thread_out);
    }
    aaa_count(c->aaa, c->provider, c->round->verdict, c->answer.rc == ECS_OK);
    return ECS_DONE;
}

static const struct ecs_step der_steps[] = {
    {"aaa-diameter", send_der, AAA_WAIT_MS},
    {"aaa-diameter-answer", read_dea, 0},
    {0},
};

enum ecs_next aaa_diameter_ask(struct ecs_flow *f, struct ecs_aaa *aaa, struct aaa_provider *p,
                               struct ecs_str user_name, struct ecs_aaa_round *round)
{
    struct der_call *c = ecs_alloc(f->arena, sizeof(*c));

    if (!c) {
        break_off(round, "no memory");
        return ECS_NEXT;
    }
    c->aaa = aaa;
    c->provider = p;
    c->round = round;
    c->user_name = user_name;
    if (!aaa->env.diameter) {
        break_off(round, "section diameter has no host");
        return ECS_NEXT;
    }
    if (round->thread.n && !aaa_thread_read(round->thread, true, &c->thread)) {
        break_off(round, "the conversation was not held by Diameter");
        return ECS_NEXT;
    }
    if (!c->thread.session.n)
        c->session = ecs_diameter_session_id(aaa->env.diameter, f->arena);
    if (!c->thread.session.n && !c->session) {
        break_off(round, "no memory");
        return ECS_NEXT;
    }
    return ecs_flow_call(f, der_steps, c);
}
