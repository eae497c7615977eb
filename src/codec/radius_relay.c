/* SPDX-License-Identifier: Apache-2.0 */
/* The EAP relay's requests and its reading of answers, and accounting records, in terms of attributes. */
#include "ecs/radius_relay.h"

#include "ecs/eap.h"

enum { IMSI_MIN = 6, IMSI_MAX = 15, EAP_HEAD = 4 };

/* ---- writing ---- */

static void put_if_set(struct ecs_buf *buf, enum ecs_radius_attr_id id, struct ecs_str value)
{
    if (value.p)
        ecs_radius_put(buf, id, value);
}

static void put_if_not_0(struct ecs_buf *buf, enum ecs_radius_attr_id id, uint32_t value)
{
    if (value)
        ecs_radius_put_u32(buf, id, value);
}

/* Undoes what was appended when something did not fit. */
static bool keep(struct ecs_buf *buf, size_t begin, bool good)
{
    if (good && !buf->overflow)
        return true;
    buf->n = begin;
    buf->overflow = false;
    return false;
}

/* aaa.md 8 item 4: the identity comes from the device. */
static bool is_printable(struct ecs_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= 0x20 || s.p[i] >= 0x7f)
            return false;
    return s.n > 0;
}

static void put_user_name(struct ecs_buf *buf, struct ecs_str identity)
{
    static const struct ecs_str anonymous = ECS_STR("anonymous");
    char name[ECS_RADIUS_USER_NAME_MAX];
    struct ecs_str realm = identity;

    if (identity.n <= ECS_RADIUS_USER_NAME_MAX) {
        ecs_radius_put(buf, ECS_RADIUS_USER_NAME, identity);
        return;
    }
    while (realm.n && realm.p[0] != '@') {
        realm.p++;
        realm.n--;
    }
    if (realm.n < 2 || anonymous.n + realm.n > sizeof(name)) {
        buf->overflow = true;
        return;
    }
    memcpy(name, anonymous.p, anonymous.n);
    memcpy(name + anonymous.n, realm.p, realm.n);
    ecs_radius_put(buf, ECS_RADIUS_USER_NAME, (struct ecs_str){name, anonymous.n + realm.n});
}

bool ecs_radius_put_eap_round(struct ecs_buf *buf, const struct ecs_radius_eap_round *round)
{
    size_t begin = buf->n;

    if (!is_printable(round->identity) || buf->overflow)
        return false;
    put_user_name(buf, round->identity);
    ecs_radius_put(buf, ECS_RADIUS_NAS_IDENTIFIER, round->nas_identifier);
    put_if_not_0(buf, ECS_RADIUS_SERVICE_TYPE, round->service_type);
    put_if_not_0(buf, ECS_RADIUS_NAS_PORT_TYPE, round->nas_port_type);
    put_if_not_0(buf, ECS_RADIUS_FRAMED_MTU, round->framed_mtu);
    put_if_set(buf, ECS_RADIUS_CALLING_STATION_ID, round->calling_station);
    put_if_set(buf, ECS_RADIUS_CALLED_STATION_ID, round->called_station);
    put_if_set(buf, ECS_RADIUS_OPERATOR_NAME, round->operator_name);
    ecs_radius_put_eap(buf, round->eap);
    put_if_set(buf, ECS_RADIUS_STATE, round->state);
    return keep(buf, begin, true);
}

/* RFC 2866 5.5: which session, who says so; whose it is, except when the NAS itself comes or goes. */
static bool is_complete(const struct ecs_radius_record *record)
{
    bool of_nas = record->status == ECS_RADIUS_ON || record->status == ECS_RADIUS_OFF;

    return record->session_id.n && record->nas_identifier.n && (of_nas || record->user_name.n);
}

bool ecs_radius_put_record(struct ecs_buf *buf, const struct ecs_radius_record *record)
{
    bool of_nas = record->status == ECS_RADIUS_ON || record->status == ECS_RADIUS_OFF;
    bool has_time = record->status == ECS_RADIUS_STOP || record->status == ECS_RADIUS_INTERIM;
    bool good = record->event_time >= 0 && record->event_time <= UINT32_MAX;
    size_t begin = buf->n;

    if (!is_complete(record) || buf->overflow)
        return false;
    ecs_radius_put_u32(buf, ECS_RADIUS_ACCT_STATUS_TYPE, record->status);
    ecs_radius_put(buf, ECS_RADIUS_ACCT_SESSION_ID, record->session_id);
    ecs_radius_put(buf, ECS_RADIUS_NAS_IDENTIFIER, record->nas_identifier);
    put_if_not_0(buf, ECS_RADIUS_EVENT_TIMESTAMP, (uint32_t)record->event_time);
    if (of_nas)
        return keep(buf, begin, good);
    ecs_radius_put(buf, ECS_RADIUS_USER_NAME, record->user_name);
    put_if_not_0(buf, ECS_RADIUS_NAS_PORT_TYPE, record->nas_port_type);
    put_if_set(buf, ECS_RADIUS_CALLING_STATION_ID, record->calling_station);
    put_if_set(buf, ECS_RADIUS_CALLED_STATION_ID, record->called_station);
    put_if_set(buf, ECS_RADIUS_CLASS, record->class);
    put_if_set(buf, ECS_RADIUS_CHARGEABLE_USER_IDENTITY, record->chargeable);
    ecs_radius_put_u32(buf, ECS_RADIUS_ACCT_AUTHENTIC, 1); /* RADIUS */
    if (has_time)
        ecs_radius_put_u32(buf, ECS_RADIUS_ACCT_SESSION_TIME, record->session_s);
    if (record->status == ECS_RADIUS_STOP)
        put_if_not_0(buf, ECS_RADIUS_ACCT_TERMINATE_CAUSE, record->terminate_cause);
    return keep(buf, begin, good);
}

/* ---- reading ---- */

/* Code of the EAP packet, 0 when it is none: its length must be that of what came (RFC 3748 4.1). */
static uint8_t eap_code(struct ecs_str eap)
{
    if (eap.n < EAP_HEAD || ((size_t)(uint8_t)eap.p[2] << 8 | (uint8_t)eap.p[3]) != eap.n)
        return 0;
    return (uint8_t)eap.p[0];
}

static void break_off(struct ecs_radius_judgement *judgement, const char *why)
{
    judgement->verdict = ECS_RADIUS_BROKEN;
    judgement->why = why;
    judgement->eap = ECS_STR_NULL;
}

static struct ecs_str text_of(struct ecs_str attrs, enum ecs_radius_attr_id id)
{
    struct ecs_str value;

    return ecs_radius_get(attrs, id, &value) && value.n ? value : ECS_STR_NULL;
}

static void judge_challenge(struct ecs_str attrs, struct ecs_radius_judgement *judgement)
{
    uint32_t cause;

    judgement->verdict = ECS_RADIUS_MORE;
    if (ecs_radius_get_u32(attrs, ECS_RADIUS_ERROR_CAUSE, &cause) && cause == ECS_RADIUS_ERROR_INVALID_EAP)
        judgement->verdict = ECS_RADIUS_REPEAT;
    (void)ecs_radius_get_u32(attrs, ECS_RADIUS_SESSION_TIMEOUT, &judgement->wait_s);
    judgement->state = text_of(attrs, ECS_RADIUS_STATE);
    if (!judgement->eap.p)
        break_off(judgement, "a challenge without EAP");
    else if (eap_code(judgement->eap) != ECS_EAP_REQUEST)
        break_off(judgement, "a challenge with something else than an EAP request");
}

static struct ecs_str imsi_of(struct ecs_str attrs)
{
    struct ecs_str imsi = text_of(attrs, ECS_RADIUS_TGPP_IMSI);

    return ecs_str_is_digits(imsi) && imsi.n >= IMSI_MIN && imsi.n <= IMSI_MAX ? imsi : ECS_STR_NULL;
}

static void judge_accept(struct ecs_str attrs, bool bare_accept, struct ecs_radius_judgement *judgement)
{
    uint8_t code = eap_code(judgement->eap);

    judgement->verdict = ECS_RADIUS_ACCEPTED;
    if (code == ECS_EAP_FAILURE) {
        judgement->verdict = ECS_RADIUS_REJECTED;
        judgement->why = "an accept with EAP-Failure inside";
        return;
    }
    if (!judgement->eap.p && !bare_accept) {
        break_off(judgement, "an accept without EAP-Success");
        return;
    }
    if (judgement->eap.p && code != ECS_EAP_SUCCESS) {
        break_off(judgement, "an accept with another EAP packet than EAP-Success");
        return;
    }
    (void)ecs_radius_get_u32(attrs, ECS_RADIUS_SESSION_TIMEOUT, &judgement->session_s);
    judgement->imsi = imsi_of(attrs);
    judgement->user_name = text_of(attrs, ECS_RADIUS_USER_NAME);
    judgement->chargeable = text_of(attrs, ECS_RADIUS_CHARGEABLE_USER_IDENTITY);
    judgement->class = text_of(attrs, ECS_RADIUS_CLASS);
}

static void judge_reject(struct ecs_radius_judgement *judgement)
{
    judgement->verdict = ECS_RADIUS_REJECTED;
    if (!judgement->eap.p || eap_code(judgement->eap) == ECS_EAP_FAILURE)
        return;
    judgement->why = "a reject with another EAP packet than EAP-Failure";
    judgement->eap = ECS_STR_NULL;
}

void ecs_radius_judge(unsigned code, struct ecs_str attrs, bool bare_accept, struct ecs_arena *arena,
                      struct ecs_radius_judgement *ret_judgement)
{
    struct ecs_radius_judgement judgement = {.verdict = ECS_RADIUS_BROKEN};
    struct ecs_str piece;

    if (!ecs_radius_get_eap(attrs, arena, &judgement.eap) &&
        ecs_radius_get(attrs, ECS_RADIUS_EAP_MESSAGE, &piece)) {
        judgement.why = "no memory";
    } else if (code == ECS_RADIUS_ACCESS_CHALLENGE) {
        judge_challenge(attrs, &judgement);
    } else if (code == ECS_RADIUS_ACCESS_ACCEPT) {
        judge_accept(attrs, bare_accept, &judgement);
    } else if (code == ECS_RADIUS_ACCESS_REJECT) {
        judge_reject(&judgement);
    } else {
        break_off(&judgement, "not an answer to an Access-Request");
    }
    *ret_judgement = judgement;
}
