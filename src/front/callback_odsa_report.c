/* SPDX-License-Identifier: Apache-2.0 */
/* "This is what the user did on the eSIM page": an event of the procedure that the reference names. Where the
 * procedure stands tells whether a report came before, so a repeated one is answered as the first time and
 * orders nothing twice. */
#include "callback_odsa.h"

#include <string.h>

#include "ecs/ids.h"
#include "ecs/smdp.h"
#include "ecs/store_admin.h"

enum { LIMIT_MS = 5000, DIGITS_IMEI = 15 };

enum report_event { CHOSEN, SELECTED, ORDERED, ACTIVATED, DISMISSED, LOGGED_OUT };
static const char *const report_words[] = {"chosen",    "selected",   "ordered", "activated",
                                           "dismissed", "logged-out", NULL};
/* Of src/odsa/events.def; NULL: none, the procedure hears nothing of it. */
static const char *const journey_events[] = {"chosen", "chosen", "ordered", "activated", "dismissed", NULL};

struct odsa_report {
    uint8_t digest[32];
    struct ecs_portal_flow flow;
    struct ecs_str reference, event_id, plan, old_iccid, old_imei, order, iccid, activation_code,
        smdp_address, line_imsi, msisdn;
    int event;
    int64_t terms_version;
    struct ecs_journey journey;
    struct ecs_odsa_key key;
    struct ecs_odsa_view view;
    struct ecs_journey_fire fire;
    int64_t generation;
    bool repeated;
};

static const struct ecs_json_field odsa_report_fields[] = {
    {"reference", ECS_JSON_T_STR, .required = true, .offset = offsetof(struct odsa_report, reference),
     .low = 1, .high = 400},
    {"event_id", ECS_JSON_T_STR, .required = true, .offset = offsetof(struct odsa_report, event_id), .low = 1,
     .high = 128},
    {"event", ECS_JSON_T_WORD, .required = true, .offset = offsetof(struct odsa_report, event),
     .words = report_words},
    {"plan", ECS_JSON_T_STR, .offset = offsetof(struct odsa_report, plan), .low = 1, .high = 128},
    {"terms_version", ECS_JSON_T_I64, .offset = offsetof(struct odsa_report, terms_version), .low = 0,
     .high = INT32_MAX},
    {"old_iccid", ECS_JSON_T_STR, .offset = offsetof(struct odsa_report, old_iccid), .low = 1, .high = 20},
    {"old_imei", ECS_JSON_T_STR, .offset = offsetof(struct odsa_report, old_imei), .low = 1, .high = 36},
    {"order", ECS_JSON_T_STR, .offset = offsetof(struct odsa_report, order), .low = 1, .high = 128},
    {"iccid", ECS_JSON_T_STR, .offset = offsetof(struct odsa_report, iccid), .low = 1, .high = 20},
    {"activation_code", ECS_JSON_T_STR, .offset = offsetof(struct odsa_report, activation_code), .low = 1,
     .high = 255},
    {"smdp_address", ECS_JSON_T_STR, .offset = offsetof(struct odsa_report, smdp_address), .low = 1,
     .high = 255},
    {"line_imsi", ECS_JSON_T_STR, .offset = offsetof(struct odsa_report, line_imsi), .low = 6, .high = 15},
    {"msisdn", ECS_JSON_T_STR, .offset = offsetof(struct odsa_report, msisdn), .low = 1, .high = 16},
    {0},
};

/* ---- the body ---- */

static enum ecs_next refuse_field(struct callback_call *c, const char *field, const char *why)
{
    c->field = field;
    return callback_refuse(c, CALLBACK_BAD_REQUEST, why);
}

/* A name with dots, no URL and no address of digits (O-056). */
static bool is_fqdn(struct ecs_str s)
{
    bool dot = false, letter = false;

    for (size_t i = 0; i < s.n; i++) {
        char ch = s.p[i];
        bool edge = i == 0 || i + 1 == s.n;

        if (ch == '.' || ch == '-') {
            if (edge || s.p[i - 1] == '.' || (ch == '.' && s.p[i - 1] == '-'))
                return false;
            dot |= ch == '.';
            letter &= ch != '.'; /* of the last label */
        } else if (!((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9'))) {
            return false;
        } else {
            letter |= ch > '9';
        }
    }
    return dot && letter;
}

/* Identifiers are kept, and compared with those of a repeated report, in the form that the database has. */
static enum ecs_next keep_as(struct callback_call *c, const char *canonical, struct ecs_str *text)
{
    *text = ecs_str_of(ecs_strdup(c->flow.arena, ecs_str_of(canonical)));
    return text->p ? ECS_NEXT : ecs_flow_fail(&c->flow, ECS_E_NO_MEMORY, "the call does not fit into memory");
}

static void cut_prefix(struct ecs_str *code)
{
    struct ecs_str prefix = ECS_STR("LPA:");

    *code = ecs_str_trim(*code);
    if (ecs_str_starts_with_nocase(*code, prefix))
        *code = (struct ecs_str){code->p + prefix.n, code->n - prefix.n};
}

/* Members that belong to one event only. */
static enum ecs_next check_members(struct callback_call *c, const struct odsa_report *r)
{
    static const unsigned choice = 1u << CHOSEN | 1u << SELECTED | 1u << ORDERED | 1u << ACTIVATED;
    const struct {
        const char *field;
        bool given;
        unsigned events;
    } rows[] = {
        {"plan", r->plan.p, choice},
        {"terms_version", r->terms_version >= 0, choice},
        {"old_iccid", r->old_iccid.p, choice},
        {"old_imei", r->old_imei.p, choice},
        {"order", r->order.p, 1u << ORDERED | 1u << ACTIVATED},
        {"iccid", r->iccid.p, 1u << ACTIVATED},
        {"activation_code", r->activation_code.p, 1u << ACTIVATED},
        {"smdp_address", r->smdp_address.p, 1u << ACTIVATED},
        {"line_imsi", r->line_imsi.p, 1u << ACTIVATED},
        {"msisdn", r->msisdn.p, 1u << ACTIVATED},
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++)
        if (rows[i].given && !(rows[i].events & 1u << r->event))
            return refuse_field(c, rows[i].field, "does not belong to this event");
    return ECS_NEXT;
}

static enum ecs_next check_profile(struct callback_call *c, struct odsa_report *r)
{
    struct ecs_str address, matching;
    struct ecs_iccid iccid;
    struct ecs_imsi imsi;
    struct ecs_msisdn msisdn;
    enum ecs_next next;
    bool confirmation;

    if (!r->iccid.p || !ecs_iccid_parse(r->iccid, &iccid))
        return refuse_field(c, "iccid", "must be the ICCID of the new profile, 18 to 20 digits");
    if (!r->activation_code.p == !r->smdp_address.p)
        return refuse_field(c, "activation_code", "one of activation_code and smdp_address is needed");
    if (r->activation_code.p &&
        !ecs_activation_code_read(r->activation_code, &address, &matching, &confirmation))
        return refuse_field(c, "activation_code", "must be an activation code of SGP.22 (1$address$id)");
    if (r->smdp_address.p && !is_fqdn(r->smdp_address))
        return refuse_field(c, "smdp_address", "must be a domain name, not a URL");
    if (r->line_imsi.p && !ecs_imsi_parse(r->line_imsi, &imsi))
        return refuse_field(c, "line_imsi", "must be an IMSI");
    if (r->msisdn.p && !ecs_msisdn_parse(r->msisdn, &msisdn))
        return refuse_field(c, "msisdn", "must be a number in international form");
    if (r->activation_code.p)
        cut_prefix(&r->activation_code);
    next = keep_as(c, iccid.s, &r->iccid);
    return next == ECS_NEXT && r->msisdn.p ? keep_as(c, msisdn.s, &r->msisdn) : next;
}

static enum ecs_next check_report(struct callback_call *c, struct odsa_report *r)
{
    enum ecs_next next = check_members(c, r);
    struct ecs_iccid iccid;
    struct ecs_terminal_id id;

    if (next == ECS_NEXT && r->event == ACTIVATED)
        next = check_profile(c, r);
    if (next != ECS_NEXT)
        return next;
    if (r->event == SELECTED && !r->old_iccid.p && !r->old_imei.p)
        return refuse_field(c, "old_iccid", "old_iccid or old_imei is needed");
    if (r->old_iccid.p && !ecs_iccid_parse(r->old_iccid, &iccid))
        return refuse_field(c, "old_iccid", "must be an ICCID of 18 to 20 digits");
    if (r->old_imei.p && !ecs_terminal_id_parse(r->old_imei, &id))
        return refuse_field(c, "old_imei", "must be an IMEI or UUID");
    next = r->old_iccid.p ? keep_as(c, iccid.s, &r->old_iccid) : ECS_NEXT;
    return next == ECS_NEXT && r->old_imei.p ? keep_as(c, id.s, &r->old_imei) : next;
}

static enum ecs_next open_report(struct ecs_flow *f)
{
    struct callback_call *c = f->self;
    struct odsa_report *r = ecs_arena_secret(f->arena, sizeof(*r)); /* holds an activation code */
    enum ecs_next next;

    if (!r)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the call does not fit into memory");
    c->own = r;
    r->terms_version = -1;
    next = callback_bind(c, odsa_report_fields, r);
    if (next == ECS_NEXT)
        next = check_report(c, r);
    if (next != ECS_NEXT)
        return next;
    c->reference = r->reference;
    return callback_open(c);
}

/* ---- whom it is about ---- */

static enum ecs_next revoke(struct ecs_flow *f);
static enum ecs_next write_report(struct ecs_flow *f);

/* The reference lives as long as a page may be open; what the back end tells later is judged by where the
 * procedure stands. */
static bool must_be_in_time(const struct odsa_report *r)
{
    return r->event == CHOSEN || r->event == SELECTED || r->event == LOGGED_OUT;
}

/* The first partner that reports on a procedure has it, as long as its order may be open. */
static enum ecs_next take_flow(struct ecs_flow *f)
{
    struct callback_call *c = f->self;
    struct odsa_report *r = c->own;
    enum ecs_next next = callback_admit(c);

    if (next != ECS_NEXT)
        return next;
    if (must_be_in_time(r) && c->ref.expires_s <= c->now)
        return callback_refuse(c, CALLBACK_REFERENCE_EXPIRED, NULL);
    if (r->event != LOGGED_OUT && !c->ref.journey)
        return callback_refuse(c, CALLBACK_NOT_EXPECTED, "this hand-over is of no procedure");
    if (!callback_odsa_digest(c, r->digest))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "digest");
    return ecs_store_portal_take(f, c->front->store, r->digest, ecs_str_of(c->partner->name),
                                 c->ref.expires_s + c->engine->odsa.conf->give_up_s, &r->flow);
}

static enum ecs_next load_journey(struct ecs_flow *f)
{
    struct callback_call *c = f->self;
    struct odsa_report *r = c->own;

    if (callback_odsa_is_foreign(c, &r->flow))
        return callback_refuse(c, CALLBACK_OTHER_PARTNER, NULL);
    if (r->event == LOGGED_OUT)
        return ecs_flow_goto(f, revoke);
    return ecs_store_journey_get(f, c->front->store, c->ref.journey, &r->journey);
}

/* Whose is the old card? */
static enum ecs_next load_owner(struct ecs_flow *f)
{
    struct callback_call *c = f->self;
    struct odsa_report *r = c->own;

    if (!callback_odsa_is_owner(c, &r->journey))
        return callback_refuse(c, CALLBACK_PROCEDURE_GONE, NULL);
    if (!r->old_iccid.p && !r->old_imei.p)
        return ECS_NEXT;
    r->key = callback_odsa_key(&r->journey);
    if (r->old_iccid.p)
        r->key.iccids[0] = r->old_iccid;
    return ecs_store_odsa_view(f, c->front->store, &r->key, &r->view);
}

static bool has_device(const struct odsa_report *r)
{
    for (size_t i = 0; i < r->view.n_profiles; i++)
        if (!r->view.profiles[i].deleted_at &&
            ecs_str_eq_nocase(r->view.profiles[i].terminal_id, r->old_imei))
            return true;
    return false;
}

/* ---- the event ---- */

static struct ecs_str detail_of(struct callback_call *c, const struct odsa_report *r)
{
    const char *text = r->terms_version < 0 ? ""
                                            : ecs_printf(c->flow.arena, "terms of version %lld accepted",
                                                         (long long)r->terms_version);

    return ecs_str_of(text ? text : "");
}

static enum ecs_next fired(struct ecs_flow *f);

/* The profile is told already: what comes now is the same report again, or does not fit. */
static bool is_settled(const struct odsa_report *r)
{
    return r->event == ACTIVATED && r->journey.flags & ECS_JOURNEY_F_PORTAL_DONE &&
           r->journey.flags & ECS_JOURNEY_F_CONFIRMED;
}

static enum ecs_next fire(struct ecs_flow *f)
{
    struct callback_call *c = f->self;
    struct odsa_report *r = c->own;
    const char *portal = ecs_printf(f->arena, "portal %s", c->partner->name);

    if (is_settled(r)) {
        r->fire = (struct ecs_journey_fire){.journey = r->journey, .fired = ECS_FIRED_NOT};
        return ecs_flow_goto(f, fired);
    }
    if (r->old_iccid.p && r->view.owners[0] != ECS_ICCID_OURS)
        return refuse_field(c, "old_iccid", "is no living card of this subscription");
    if (!r->old_iccid.p && r->old_imei.p && !has_device(r))
        return refuse_field(c, "old_imei", "has no profile of this subscription: tell old_iccid");
    r->fire = (struct ecs_journey_fire){
        .env = &c->engine->odsa,
        .id = r->journey.id,
        .event = journey_events[r->event],
        .patch = {.plan = r->plan,
                  .old_id = r->old_imei,
                  .old_iccid = r->old_iccid,
                  .iccid = r->iccid,
                  .address = r->smdp_address,
                  .line_imsi = r->line_imsi,
                  .msisdn = r->msisdn,
                  .bss_reference = r->order,
                  .code = r->activation_code,
                  .set_flags = r->smdp_address.p ? ECS_JOURNEY_F_BY_ADDRESS : 0},
        .note = {.neighbour = portal ? portal : "portal", .detail = detail_of(c, r), .us = -1},
        .wait = r->event == CHOSEN || r->event == SELECTED,
    };
    return ecs_flow_call(f, ecs_journey_fire_steps, &r->fire);
}

/* {NULL, 0}: not told, so it is no difference. */
static bool same(struct ecs_str told, struct ecs_str have)
{
    return !told.p || ecs_str_eq(told, have);
}

/* The state has no such event: was it this report that led there? */
static bool was_told(const struct odsa_report *r)
{
    const struct ecs_journey *j = &r->fire.journey;

    if (r->event == DISMISSED)
        return j->flags & ECS_JOURNEY_F_CANCEL;
    return j->flags & ECS_JOURNEY_F_PORTAL_DONE && same(r->plan, j->plan) &&
           same(r->old_iccid, j->old_iccid) && same(r->old_imei, j->old_id) && same(r->iccid, j->iccid) &&
           same(r->smdp_address, j->address) && same(r->order, j->bss_reference) &&
           same(r->line_imsi, j->line_imsi) && same(r->msisdn, j->msisdn);
}

static enum ecs_next fired(struct ecs_flow *f)
{
    struct callback_call *c = f->self;
    struct odsa_report *r = c->own;

    if (r->fire.fired == ECS_FIRED_NOT) {
        if (!was_told(r))
            return callback_refuse(c, CALLBACK_NOT_EXPECTED, NULL);
        r->repeated = true;
    }
    return ecs_flow_goto(f, write_report);
}

/* Table 72: the active token must not serve any more, the device authenticates anew (O-058). */
static enum ecs_next revoke(struct ecs_flow *f)
{
    struct callback_call *c = f->self;
    struct odsa_report *r = c->own;

    if (!c->ref.imsi.s[0])
        return callback_refuse(c, CALLBACK_NOT_EXPECTED, "this hand-over is of no subscriber");
    return ecs_store_tokens_revoke(f, c->front->store, ecs_str_of(c->ref.imsi.s), &r->generation);
}

/* For the audit table: what was agreed to outlives the procedure's timeline. No personal data. */
static const char *audit_detail_of(struct callback_call *c, const struct odsa_report *r)
{
    const char *terms = r->terms_version < 0
                            ? ""
                            : ecs_printf(c->flow.arena, ",\"terms\":\"accepted\",\"terms_version\":%lld",
                                         (long long)r->terms_version);

    return terms ? ecs_printf(c->flow.arena,
                              "{\"service\":\"odsa\",\"journey\":%lld,\"event\":\"%s\",\"repeated\":%s%s}",
                              (long long)c->ref.journey, report_words[r->event],
                              r->repeated ? "true" : "false", terms)
                 : NULL;
}

static enum ecs_next write_report(struct ecs_flow *f)
{
    struct callback_call *c = f->self;
    const struct odsa_report *r = c->own;

    c->audit_detail = audit_detail_of(c, r);
    if (!c->audit_detail)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the call does not fit into memory");
    ecs_json_begin(&c->json, NULL, '{');
    ecs_json_str(&c->json, "event_id", r->event_id);
    ecs_json_str(&c->json, "event", ecs_str_of(report_words[r->event]));
    ecs_json_bool(&c->json, "repeated", r->repeated);
    if (r->event != LOGGED_OUT)
        ecs_json_str(&c->json, "state", r->fire.journey.state);
    ecs_json_end(&c->json, '}');
    return ECS_DONE;
}

const struct ecs_step callback_odsa_report_steps[] = {
    {"open-report", open_report, 0},
    {"take-flow", take_flow, LIMIT_MS},
    {"load-journey", load_journey, LIMIT_MS},
    {"load-owner", load_owner, LIMIT_MS},
    {"fire", fire, 0},
    {"fired", fired, 0},
    {"revoke", revoke, LIMIT_MS},
    {"write-report", write_report, 0},
    {0},
};
