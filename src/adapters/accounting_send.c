/* SPDX-License-Identifier: Apache-2.0 */
/* One row of accounting on its way: Start, then Stop by RADIUS; by Diameter the same, or one event. */
#include <inttypes.h>
#include <string.h>

#include "adapters/accounting_int.h"

bool accounting_put_record(struct ecs_buf *buf, const struct ecs_accounting_row *row,
                           enum ecs_radius_status status)
{
    struct ecs_radius_record record = {
        .status = status,
        .session_id = row->session,
        .nas_identifier = row->nas,
        .user_name = row->user_name,
        .class = row->class,
        .event_time = row->event_at,
        .terminate_cause = status == ECS_RADIUS_STOP ? ECS_RADIUS_CAUSE_USER_REQUEST : 0,
        .nas_port_type = ECS_RADIUS_PORT_VIRTUAL,
    };

    return ecs_radius_put_record(buf, &record);
}

/* Session-Id and number are the same for each try, also from another node: the server knows a repetition by
 * them (6733 9.4, 9.8.3). row->nas: Origin-Host of the node that wrote the row. */
void accounting_put_acr(struct ecs_buf *buf, const struct ecs_accounting_conf *conf,
                        const struct aaa_origin *me, const struct ecs_accounting_row *row,
                        enum accounting_acr type)
{
    char session[300];
    uint8_t bits[8] = {0};
    uint32_t high, low;

    if (!ecs_hex_decode(row->session, bits, sizeof(bits)))
        buf->overflow = true;
    high = (uint32_t)bits[0] << 24 | (uint32_t)bits[1] << 16 | (uint32_t)bits[2] << 8 | bits[3];
    low = (uint32_t)bits[4] << 24 | (uint32_t)bits[5] << 16 | (uint32_t)bits[6] << 8 | bits[7];
    snprintf(session, sizeof(session), "%.*s;%" PRIu32 ";%" PRIu32 ";acct",
             ECS_FMT(ecs_diameter_is_identity(row->nas) ? row->nas : ecs_str_of(me->host)), high, low);
    ecs_diameter_put(buf, ECS_AVP_SESSION_ID, ecs_str_of(session));
    ecs_diameter_put(buf, ECS_AVP_ORIGIN_HOST, ecs_str_of(me->host));
    ecs_diameter_put(buf, ECS_AVP_ORIGIN_REALM, ecs_str_of(me->realm));
    ecs_diameter_put(buf, ECS_AVP_DESTINATION_REALM, ecs_str_of(conf->realm));
    if (conf->host)
        ecs_diameter_put(buf, ECS_AVP_DESTINATION_HOST, ecs_str_of(conf->host));
    ecs_diameter_put_u32(buf, ECS_AVP_ACCOUNTING_RECORD_TYPE, type);
    ecs_diameter_put_u32(buf, ECS_AVP_ACCOUNTING_RECORD_NUMBER, type == ACCOUNTING_STOP_RECORD);
    ecs_diameter_put_u32(buf, ECS_AVP_ACCT_APPLICATION_ID, ECS_DIAMETER_APP_ACCT);
    ecs_diameter_put(buf, ECS_AVP_USER_NAME, row->user_name);
    ecs_diameter_put_time(buf, ECS_AVP_EVENT_TIMESTAMP, row->event_at);
    if (row->class.n)
        ecs_diameter_put(buf, ECS_AVP_CLASS, row->class);
}

struct send_call {
    struct ecs_accounting *owner;
    struct ecs_accounting_sending *sending;
    struct ecs_radius_request request;
    struct ecs_radius_answer radius;
    struct ecs_diameter_answer diameter;
    int64_t begun_us;
};

static enum ecs_next fail(struct send_call *c, const char *why, bool dead)
{
    c->sending->why = why;
    c->sending->dead = dead;
    return ECS_DONE;
}

/* ---- RADIUS ---- */

static enum ecs_next ask_radius(struct ecs_flow *f, struct send_call *c, enum ecs_radius_status status)
{
    const struct ecs_accounting_row *row = c->sending->row;
    struct ecs_buf attrs = {.limit = ECS_RADIUS_MAX};
    char *bytes = NULL;

    if (accounting_put_record(&attrs, row, status))
        bytes = ecs_memdup(f->arena, attrs.p, attrs.n);
    c->request = (struct ecs_radius_request){
        .code = ECS_RADIUS_ACCOUNTING_REQUEST,
        .attrs = {bytes, attrs.n},
        .delay_s = (uint32_t)(row->age_s + (ecs_loop_now_us(f->loop) - c->begun_us) / 1000000)};
    ecs_buf_done(&attrs);
    if (bytes)
        return ecs_radius_ask(f, c->owner->radius, &c->request, &c->radius);
    c->radius =
        (struct ecs_radius_answer){.rc = ECS_E_BAD_PARAMETER, .error = "the record cannot be written"};
    return ECS_NEXT;
}

static enum ecs_next send_first(struct ecs_flow *f)
{
    struct send_call *c = f->self;
    const struct ecs_accounting_row *row = c->sending->row;

    c->begun_us = ecs_loop_now_us(f->loop);
    if (row->kind != ECS_ACCOUNTING_SESSION)
        return ask_radius(f, c, (enum ecs_radius_status)row->kind);
    c->radius.rc = ECS_OK;
    c->radius.code = ECS_RADIUS_ACCOUNTING_RESPONSE;
    return row->started ? ECS_NEXT : ask_radius(f, c, ECS_RADIUS_START);
}

/* A dead server, a full budget and silence concern what comes behind, too. */
static enum ecs_next judge_radius(struct send_call *c)
{
    if (c->radius.rc != ECS_OK)
        return fail(c, c->radius.error, c->radius.rc != ECS_E_BAD_PARAMETER);
    if (c->radius.code != ECS_RADIUS_ACCOUNTING_RESPONSE)
        return fail(c, "the answer is no Accounting-Response", false);
    return ECS_NEXT;
}

static enum ecs_next send_second(struct ecs_flow *f)
{
    struct send_call *c = f->self;
    enum ecs_next next = judge_radius(c);

    if (next != ECS_NEXT)
        return next;
    c->sending->started = c->sending->row->kind == ECS_ACCOUNTING_SESSION;
    return c->sending->started ? ask_radius(f, c, ECS_RADIUS_STOP) : ECS_NEXT;
}

static enum ecs_next end_radius(struct ecs_flow *f)
{
    struct send_call *c = f->self;

    if (judge_radius(c) == ECS_NEXT)
        c->sending->answered = true;
    return ECS_DONE;
}

static const struct ecs_step radius_steps[] = {
    {"accounting-first", send_first, AAA_WAIT_MS},
    {"accounting-second", send_second, AAA_WAIT_MS},
    {"accounting-end", end_radius, 0},
    {0},
};

/* ---- Diameter ---- */

static enum ecs_next send_acr(struct ecs_flow *f, struct send_call *c, enum accounting_acr type)
{
    struct ecs_diameter *d = c->owner->env.diameter;
    const struct aaa_origin me = {ecs_diameter_host(d), ecs_diameter_realm(d)};
    struct ecs_buf avps = {.limit = ECS_DIAMETER_MAX};
    struct ecs_diameter_ask ask = {
        .message = {.command = ECS_DIAMETER_ACCOUNTING, .application = ECS_DIAMETER_APP_ACCT},
        .limit_ms = (uint32_t)c->owner->conf->limit_ms};
    enum ecs_next next;

    accounting_put_acr(&avps, c->owner->conf, &me, c->sending->row, type);
    ask.message.avps = ecs_buf_str(&avps);
    if (avps.overflow) {
        ecs_buf_done(&avps);
        c->diameter =
            (struct ecs_diameter_answer){.rc = ECS_E_BAD_PARAMETER, .error = "the record cannot be written"};
        return ECS_NEXT;
    }
    next = ecs_diameter_ask(f, d, &ask, &c->diameter);
    ecs_buf_done(&avps);
    return next;
}

/* A session whose START was answered is stopped, whatever the section says by now. */
static enum ecs_next send_acr_first(struct ecs_flow *f)
{
    struct send_call *c = f->self;
    bool pair = c->owner->conf->diameter_records == ECS_ACCOUNTING_START_STOP;

    c->sending->started = c->sending->row->started;
    if (c->sending->started)
        return ECS_NEXT;
    return send_acr(f, c, pair ? ACCOUNTING_START_RECORD : ACCOUNTING_EVENT_RECORD);
}

static enum ecs_next judge_diameter(struct send_call *c)
{
    if (c->diameter.rc != ECS_OK)
        return fail(c, c->diameter.error, c->diameter.rc != ECS_E_BAD_PARAMETER);
    if (c->diameter.result.meaning != ECS_DIAMETER_MEANS_OK)
        return fail(c, ecs_diameter_result_name(&c->diameter.result), false);
    return ECS_NEXT;
}

static enum ecs_next send_acr_second(struct ecs_flow *f)
{
    struct send_call *c = f->self;

    if (!c->sending->started) {
        if (judge_diameter(c) != ECS_NEXT)
            return ECS_DONE;
        c->sending->started = c->owner->conf->diameter_records == ECS_ACCOUNTING_START_STOP;
    }
    return c->sending->started ? send_acr(f, c, ACCOUNTING_STOP_RECORD) : ECS_NEXT;
}

static enum ecs_next end_acr(struct ecs_flow *f)
{
    struct send_call *c = f->self;

    if (judge_diameter(c) == ECS_NEXT)
        c->sending->answered = true;
    return ECS_DONE;
}

static const struct ecs_step diameter_steps[] = {
    {"accounting-record", send_acr_first, AAA_WAIT_MS},
    {"accounting-stop", send_acr_second, AAA_WAIT_MS},
    {"accounting-end", end_acr, 0},
    {0},
};

enum ecs_next ecs_accounting_send(struct ecs_flow *f, struct ecs_accounting *a,
                                  struct ecs_accounting_sending *sending)
{
    struct send_call *c = ecs_alloc(f->arena, sizeof(*c));

    sending->answered = sending->started = sending->dead = false;
    sending->why = "no memory";
    if (!c)
        return ECS_NEXT;
    sending->why = NULL;
    c->owner = a;
    c->sending = sending;
    if (a->radius)
        return ecs_flow_call(f, radius_steps, c);
    if (a->conf->via != ECS_ACCOUNTING_DIAMETER || sending->row->kind != ECS_ACCOUNTING_SESSION) {
        sending->answered = true; /* of another time, when it went by RADIUS */
        return ECS_NEXT;
    }
    if (!a->env.diameter) {
        sending->dead = true;
        sending->why = "section diameter has no host";
        return ECS_NEXT;
    }
    return ecs_flow_call(f, diameter_steps, c);
}
