/* SPDX-License-Identifier: Apache-2.0 */
/* Journeys (procedures of eSIM orchestration): lists, one with its timeline, retry and cancel. */
#include "admin_odsa.h"

#include <stdio.h>
#include <string.h>

#include "ecs/clock.h"

enum { LIST_USUAL = 100, LIST_MOST = 1000, STEPS_MOST = 500, FIRE_LIMIT_MS = 20000 };

/* ---- list ---- */

enum {
    Q_IMSI,
    Q_MSISDN,
    Q_ICCID,
    Q_EID,
    Q_ENTERPRISE,
    Q_STATE,
    Q_KIND,
    Q_OPEN,
    Q_STUCK,
    Q_BEFORE,
    Q_LIMIT,
    Q_COUNT
};
static const char *const names[Q_COUNT + 1] = {
    [Q_IMSI] = "imsi",
    [Q_MSISDN] = "msisdn",
    [Q_ICCID] = "iccid",
    [Q_EID] = "eid",
    [Q_ENTERPRISE] = "enterprise",
    [Q_STATE] = "state",
    [Q_KIND] = "kind",
    [Q_OPEN] = "open",
    [Q_STUCK] = "stuck",
    [Q_BEFORE] = "before",
    [Q_LIMIT] = "limit",
};

struct list {
    struct ecs_str value[Q_COUNT];
    struct ecs_imsi imsi;
    struct ecs_msisdn msisdn;
    struct ecs_iccid iccid;
    struct ecs_eid eid;
    struct ecs_journey_filter filter;
    struct ecs_journey_rows rows;
};

static enum ecs_next take_line(struct admin_call *c, struct list *l)
{
    const struct ecs_str *v = l->value;

    if (v[Q_IMSI].p) {
        if (!ecs_imsi_parse(v[Q_IMSI], &l->imsi))
            return admin_refuse(c, "imsi", "must be 6 to 15 digits");
        l->filter.imsi = ecs_str_of(l->imsi.s);
    }
    if (v[Q_MSISDN].p) { /* "+" arrives as a blank when the client did not escape it */
        if (!v[Q_MSISDN].n || !ecs_msisdn_parse(ecs_str_trim(v[Q_MSISDN]), &l->msisdn))
            return admin_refuse(c, "msisdn", "must be 5 to 15 digits with the country code");
        l->filter.msisdn = ecs_str_of(l->msisdn.s);
    }
    if (v[Q_ICCID].p) {
        if (!v[Q_ICCID].n || !ecs_iccid_parse(v[Q_ICCID], &l->iccid))
            return admin_refuse(c, "iccid", "must be 18 to 22 digits");
        l->filter.iccid = ecs_str_of(l->iccid.s);
    }
    if (v[Q_EID].p) {
        if (!ecs_eid_parse(v[Q_EID], &l->eid))
            return admin_refuse(c, "eid", "must be 32 digits, the last two of them check digits");
        l->filter.eid = ecs_str_of(l->eid.s);
    }
    l->filter.enterprise = v[Q_ENTERPRISE];
    return ECS_NEXT;
}

static bool take_bool(struct ecs_str text, bool *ret)
{
    if (text.p && !ecs_str_eq(text, ECS_STR("true")) && !ecs_str_eq(text, ECS_STR("false")))
        return false;
    *ret = ecs_str_eq(text, ECS_STR("true"));
    return true;
}

static enum ecs_next take_words(struct admin_call *c, struct list *l)
{
    const struct ecs_str *v = l->value;

    l->filter.kind = -1;
    for (int i = 0; v[Q_KIND].p && i < ECS_JOURNEY_KIND_COUNT; i++)
        if (ecs_str_eq(v[Q_KIND], ecs_str_of(ecs_journey_kinds[i])))
            l->filter.kind = i;
    if (v[Q_KIND].p && l->filter.kind < 0)
        return admin_refuse(c, "kind",
                            "must be companion, primary, enterprise, waiting, transfer, move, recovery, end, "
                            "switch or manage");
    if (v[Q_STATE].p && !ecs_journey_state_help(v[Q_STATE]))
        return admin_refuse(c, "state", "is no state of a journey; see docs/journeys.md");
    l->filter.state = v[Q_STATE];
    if (!take_bool(v[Q_OPEN], &l->filter.open))
        return admin_refuse(c, "open", "must be true or false");
    if (!take_bool(v[Q_STUCK], &l->filter.stuck))
        return admin_refuse(c, "stuck", "must be true or false");
    l->filter.stuck_s = ADMIN_JOURNEY_STUCK_S;
    return ECS_NEXT;
}

static enum ecs_next take_page(struct admin_call *c, struct list *l)
{
    uint32_t limit = LIST_USUAL;

    if (l->value[Q_LIMIT].p && (!ecs_str_to_u32(l->value[Q_LIMIT], &limit) || limit < 1 || limit > LIST_MOST))
        return admin_refuse(c, "limit", "must be a number from 1 to 1000");
    if (l->value[Q_BEFORE].p &&
        (!ecs_str_to_i64(l->value[Q_BEFORE], &l->filter.before) || l->filter.before < 1))
        return admin_refuse(c, "before", "must be the id of a journey");
    l->filter.limit = limit;
    return ECS_NEXT;
}

static enum ecs_next read_list(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct list *l = admin_own(c, sizeof(*l));
    enum ecs_next next = l ? admin_query(c, names, l->value) : admin_no_memory(c);

    if (next == ECS_NEXT)
        next = take_line(c, l);
    if (next == ECS_NEXT)
        next = take_words(c, l);
    if (next == ECS_NEXT)
        next = take_page(c, l);
    return next == ECS_NEXT ? ecs_store_journey_list(f, c->front->store, &l->filter, &l->rows) : next;
}

static enum ecs_next write_list(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct list *l = c->own;

    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_begin(&c->out, "journeys", '[');
    for (size_t i = 0; i < l->rows.n; i++) {
        ecs_json_begin(&c->out, NULL, '{');
        admin_write_journey(&c->out, &l->rows.rows[i], c->now);
        ecs_json_end(&c->out, '}');
    }
    ecs_json_end(&c->out, ']');
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_journey_list_steps[] = {
    {"read-list", read_list, 0}, {"write-list", write_list, 0}, {0}};

/* ---- one ---- */

struct one {
    int64_t id;
    struct ecs_str reason;
    struct ecs_journey journey;
    struct ecs_journey_step_rows steps;
    struct ecs_journey_fire fire;
};

static enum ecs_next take_one(struct admin_call *c, struct one **ret_one)
{
    struct one *o = admin_own(c, sizeof(*o));

    *ret_one = o;
    c->not_found = "there is no such journey";
    if (!o)
        return admin_no_memory(c);
    if (!ecs_str_to_i64(c->arg[0], &o->id) || o->id < 1)
        return admin_refuse(c, "id", "must be a positive number");
    return ECS_NEXT;
}

static enum ecs_next read_journey(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct one *o;
    enum ecs_next next = take_one(c, &o);

    return next == ECS_NEXT ? ecs_store_journey_get(f, c->front->store, o->id, &o->journey) : next;
}

static enum ecs_next read_timeline(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct one *o = c->own;

    return ecs_store_journey_timeline(f, c->front->store, o->id, STEPS_MOST, &o->steps);
}

/* To the millisecond: several steps fall into one second. */
static void write_moment(struct ecs_json_out *out, const char *key, int64_t us)
{
    char second[21], text[40];

    ecs_time_format(us / 1000000, second);
    snprintf(text, sizeof(text), "%.19s.%03dZ", second, (int)(us % 1000000 / 1000));
    ecs_json_str(out, key, ecs_str_of(text));
}

static void write_steps(struct ecs_json_out *out, const struct ecs_journey_step_rows *steps)
{
    ecs_json_begin(out, "timeline", '[');
    for (size_t i = 0; i < steps->n; i++) {
        const struct ecs_journey_step_row *row = &steps->rows[i];

        ecs_json_begin(out, NULL, '{');
        write_moment(out, "at", row->at_us);
        ecs_json_str(out, "event", row->event);
        ecs_json_str(out, "from", row->from);
        ecs_json_str(out, "to", row->to);
        ecs_json_str(out, "neighbour", row->neighbour);
        ecs_json_str(out, "call", row->call);
        if (row->us < 0)
            ecs_json_str(out, "duration_ms", ECS_STR_NULL);
        else
            ecs_json_i64(out, "duration_ms", (row->us + 999) / 1000);
        ecs_json_str(out, "detail", row->detail);
        ecs_json_end(out, '}');
    }
    ecs_json_end(out, ']');
}

static enum ecs_next write_one(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct one *o = c->own;

    ecs_json_begin(&c->out, NULL, '{');
    admin_write_journey(&c->out, &o->journey, c->now);
    admin_write_journey_rest(&c->out, &o->journey);
    if (admin_write_journey_say(&c->out, f->arena, &o->journey, c->now) != ECS_OK)
        return admin_no_memory(c);
    write_steps(&c->out, &o->steps);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_journey_get_steps[] = {
    {"read-journey", read_journey, 0},
    {"read-timeline", read_timeline, 0},
    {"write-journey", write_one, 0},
    {0},
};

/* ---- retry, cancel ---- */

static const struct ecs_json_field act_fields[] = {
    {"reason", ECS_JSON_T_STR, .offset = offsetof(struct one, reason), .low = 1, .high = 200},
    {0},
};

static enum ecs_next fire(struct ecs_flow *f, const char *event)
{
    struct admin_call *c = f->self;
    struct one *o;
    enum ecs_next next = take_one(c, &o);

    if (next == ECS_NEXT)
        next = admin_bind(c, act_fields, o);
    if (next != ECS_NEXT)
        return next;
    o->fire = (struct ecs_journey_fire){
        .env = &c->engine->odsa,
        .id = o->id,
        .event = event,
        .note = {.neighbour = "care", .call = event, .detail = o->reason, .us = -1},
        .wait = true,
    };
    return ecs_flow_call(f, ecs_journey_fire_steps, &o->fire);
}

/* A line masked; a company by its key. */
static void set_subject(struct admin_call *c, const struct ecs_journey *journey)
{
    if (journey->imsi.p && ecs_imsi_parse(journey->imsi, &c->imsi))
        ecs_imsi_mask(&c->imsi, c->subject);
    else if (journey->enterprise.p)
        snprintf(c->subject, sizeof(c->subject), "%.*s", ECS_FMT(journey->enterprise));
}

/* A cancellation during a neighbour's call counts as soon as that call is over. */
static const char *outcome_of(const struct one *o)
{
    bool noted = o->fire.fired == ECS_FIRED_NOTED && strcmp(o->fire.event, "cancel") == 0;

    return noted && !ecs_journey_is_final(o->fire.journey.state) ? "noted" : "done";
}

static enum ecs_next say(struct ecs_flow *f, const char *action, const char *refused)
{
    struct admin_call *c = f->self;
    const struct one *o = c->own;
    const struct ecs_journey *journey = &o->fire.journey;

    if (o->fire.fired == ECS_FIRED_NOT)
        return ecs_flow_fail(f, ECS_E_CONFLICT, "%s (state %.*s)", refused, ECS_FMT(journey->state));
    set_subject(c, journey);
    admin_audit(c, action);
    ecs_json_i64(&c->detail_out, "id", o->id);
    ecs_json_str(&c->detail_out, "state", journey->state);
    if (o->reason.p)
        ecs_json_str(&c->detail_out, "reason", o->reason);
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_i64(&c->out, "id", o->id);
    ecs_json_str(&c->out, "outcome", ecs_str_of(outcome_of(o)));
    ecs_json_str(&c->out, "state", journey->state);
    if (admin_write_journey_say(&c->out, f->arena, journey, c->now) != ECS_OK)
        return admin_no_memory(c);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}

static enum ecs_next retry(struct ecs_flow *f)
{
    return fire(f, "nudge");
}

static enum ecs_next say_retried(struct ecs_flow *f)
{
    return say(f, "journey.retry",
               "there is nothing to try again: it has ended, or waits for somebody outside");
}
const struct ecs_step admin_journey_retry_steps[] = {
    {"retry", retry, FIRE_LIMIT_MS}, {"say-retried", say_retried, 0}, {0}};

static enum ecs_next cancel(struct ecs_flow *f)
{
    return fire(f, "cancel");
}

static enum ecs_next say_cancelled(struct ecs_flow *f)
{
    return say(f, "journey.cancel", "it cannot be cancelled any more");
}
const struct ecs_step admin_journey_cancel_steps[] = {
    {"cancel", cancel, FIRE_LIMIT_MS}, {"say-cancelled", say_cancelled, 0}, {0}};
