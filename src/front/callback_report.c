/* SPDX-License-Identifier: Apache-2.0 */
/* "This is what the user did": the state of the line follows at once, so that the device's next request shows
 * it (C-49). A report that comes again under its event_id is answered as the first time. */
#include "callback.h"

#include <string.h>

#include "ecs/clock.h"

enum { LIMIT_MS = 5000, SECONDS_MAX = 31536000 /* of a boost: a year */ };

static const char *const terms_words[] = {"missing", "accepted", "not-required", "in-progress", NULL};
static const char *const address_words[] = {"missing", "available", "not-required", "in-progress", NULL};
static const char *const provisioning_words[] = {"not-provisioned", "provisioned", "not-tracked",
                                                 "in-progress", NULL};

struct report {
    struct ecs_str reference, event_id, address_identifier, address_expiry;
    int terms, address, provisioning, outcome, result;
    int64_t terms_version, seconds;
    struct ecs_portal_report row;
    struct ecs_portal_reported reported;
    uint8_t digest[32];
    struct ecs_buf detail;
};

static const struct ecs_json_field report_fields[] = {
    {"reference", ECS_JSON_T_STR, .required = true, .offset = offsetof(struct report, reference), .low = 1,
     .high = 400},
    {"event_id", ECS_JSON_T_STR, .required = true, .offset = offsetof(struct report, event_id), .low = 1,
     .high = 128},
    {"outcome", ECS_JSON_T_WORD, .required = true, .offset = offsetof(struct report, outcome),
     .words = ecs_portal_outcomes},
    {"terms", ECS_JSON_T_WORD, .offset = offsetof(struct report, terms), .words = terms_words},
    {"terms_version", ECS_JSON_T_I64, .offset = offsetof(struct report, terms_version), .low = 0,
     .high = INT32_MAX},
    {"address", ECS_JSON_T_WORD, .offset = offsetof(struct report, address), .words = address_words},
    {"address_identifier", ECS_JSON_T_STR, .offset = offsetof(struct report, address_identifier), .low = 1,
     .high = 256},
    {"address_expiry", ECS_JSON_T_STR, .offset = offsetof(struct report, address_expiry), .low = 1,
     .high = 40},
    {"provisioning", ECS_JSON_T_WORD, .offset = offsetof(struct report, provisioning),
     .words = provisioning_words},
    {"result", ECS_JSON_T_WORD, .offset = offsetof(struct report, result), .words = callback_results},
    {"seconds", ECS_JSON_T_I64, .offset = offsetof(struct report, seconds), .low = 1, .high = SECONDS_MAX},
    {0},
};

static enum ecs_next refuse_field(struct callback_call *c, const char *field, const char *why)
{
    c->field = field;
    return callback_refuse(c, CALLBACK_BAD_REQUEST, why);
}

static enum ecs_next check_report(struct callback_call *c, struct report *r)
{
    bool states = r->terms >= 0 || r->address >= 0 || r->provisioning >= 0 || r->terms_version >= 0 ||
                  r->address_expiry.p || r->address_identifier.p || r->result >= 0;

    if (r->outcome == ECS_PORTAL_DISMISSED && states)
        return refuse_field(c, "outcome", "a dismissed flow changes nothing: leave the states out");
    if (r->terms == 1 && r->terms_version < 0)
        return refuse_field(c, "terms_version", "is needed with accepted terms");
    if (r->address_expiry.p && !ecs_time_parse(r->address_expiry, &r->row.address_expiry))
        return refuse_field(c, "address_expiry", "must be a time such as 2026-01-31T12:00:00Z");
    if (r->address_expiry.p && r->row.address_expiry <= c->now)
        return refuse_field(c, "address_expiry", "must be in the future");
    return ECS_NEXT;
}

static enum ecs_next open_report(struct ecs_flow *f)
{
    struct callback_call *c = f->self;
    struct report *r = ecs_alloc(f->arena, sizeof(*r));
    enum ecs_next next;

    if (!r)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the call does not fit into memory");
    c->own = r;
    r->terms = r->address = r->provisioning = r->result = -1;
    r->terms_version = -1;
    next = callback_bind(c, report_fields, r);
    if (next == ECS_NEXT)
        next = check_report(c, r);
    if (next != ECS_NEXT)
        return next;
    c->reference = r->reference;
    return callback_open(c);
}

/* For the audit table: states, no personal data. */
static struct ecs_str detail_of(struct callback_call *c, struct report *r)
{
    struct ecs_json_out out = {.buf = &r->detail};
    struct ecs_str copy;

    ecs_json_begin(&out, NULL, '{');
    ecs_json_str(&out, "service", ecs_str_of(c->service));
    ecs_json_str(&out, "outcome", ecs_str_of(ecs_portal_outcomes[r->outcome]));
    if (r->terms >= 0)
        ecs_json_str(&out, "terms", ecs_str_of(terms_words[r->terms]));
    if (r->terms_version >= 0)
        ecs_json_i64(&out, "terms_version", r->terms_version);
    if (r->address >= 0)
        ecs_json_str(&out, "address", ecs_str_of(address_words[r->address]));
    if (r->provisioning >= 0)
        ecs_json_str(&out, "provisioning", ecs_str_of(provisioning_words[r->provisioning]));
    if (r->result >= 0)
        ecs_json_str(&out, "result", ecs_str_of(callback_results[r->result]));
    if (r->seconds)
        ecs_json_i64(&out, "seconds", r->seconds);
    ecs_json_end(&out, '}');
    copy = r->detail.overflow
               ? ECS_STR_NULL
               : (struct ecs_str){ecs_strdup(c->flow.arena, ecs_buf_str(&r->detail)), r->detail.n};
    ecs_buf_done(&r->detail);
    return copy;
}

/* What a report says, however its JSON is written: a repeated one has the same. */
static bool digest_report(struct callback_call *c, struct report *r, struct ecs_str detail)
{
    struct ecs_str parts[] = {c->reference,  ECS_STR("\n"),        detail, ECS_STR("\n"), r->address_expiry,
                              ECS_STR("\n"), r->address_identifier};

    return ecs_digest(c->front->crypto, ECS_DIGEST_SHA256, parts, ECS_ARRAY_LEN(parts), r->digest);
}

static enum ecs_next save_report(struct ecs_flow *f)
{
    struct callback_call *c = f->self;
    struct report *r = c->own;
    enum ecs_next next = callback_admit(c);
    struct ecs_str detail;

    if (next != ECS_NEXT)
        return next;
    detail = detail_of(c, r);
    if (!detail.p)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the call does not fit into memory");
    if (!digest_report(c, r, detail))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "digest");
    r->row = (struct ecs_portal_report){
        .partner = ecs_str_of(c->partner->name),
        .event_id = r->event_id,
        .reference = c->digest,
        .request = r->digest,
        .imsi = ecs_str_of(c->ref.imsi.s),
        .service = ecs_str_of(c->service),
        .terms = r->terms,
        .address = r->address,
        .provisioning = r->provisioning,
        .terms_version = r->terms_version,
        .address_expiry = r->row.address_expiry,
        .address_identifier = r->address_identifier,
        .outcome = (enum ecs_portal_outcome)r->outcome,
        .late = c->ref.expires_s <= c->now,
        .expires_s = c->ref.expires_s,
        .subject_masked = ecs_str_of(c->subject),
        .detail = detail,
    };
    next = callback_service_result(c, r->result, r->seconds, &r->row);
    if (next != ECS_NEXT)
        return next;
    return ecs_store_portal_report(f, c->front->store, &r->row, &r->reported);
}

static enum ecs_next write_report(struct ecs_flow *f)
{
    static const enum callback_fault fault_of[] = {
        [ECS_PORTAL_DONE] = CALLBACK_GOOD,
        [ECS_PORTAL_REPEATED] = CALLBACK_GOOD,
        [ECS_PORTAL_OTHER] = CALLBACK_EVENT_REUSED,
        [ECS_PORTAL_CLOSED] = CALLBACK_FLOW_CLOSED,
        [ECS_PORTAL_FOREIGN] = CALLBACK_OTHER_PARTNER,
        [ECS_PORTAL_GONE] = CALLBACK_SUBSCRIBER_GONE,
        [ECS_PORTAL_EXPIRED] = CALLBACK_REFERENCE_EXPIRED,
        [ECS_PORTAL_UNEXPECTED] = CALLBACK_NOT_EXPECTED,
    };
    struct callback_call *c = f->self;
    const struct report *r = c->own;

    if (fault_of[r->reported.verdict])
        return callback_refuse(c, fault_of[r->reported.verdict],
                               r->reported.verdict == ECS_PORTAL_UNEXPECTED ? callback_service_refusal(c)
                                                                            : NULL);
    c->audited = r->reported.verdict == ECS_PORTAL_DONE;
    ecs_json_begin(&c->json, NULL, '{');
    ecs_json_str(&c->json, "event_id", r->event_id);
    ecs_json_str(&c->json, "outcome", ecs_str_of(ecs_portal_outcomes[r->reported.outcome]));
    ecs_json_i64(&c->json, "revision", r->reported.revision);
    ecs_json_end(&c->json, '}');
    return ECS_DONE;
}

const struct ecs_step callback_report_steps[] = {
    {"open-report", open_report, 0},
    {"save-report", save_report, LIMIT_MS},
    {"write-report", write_report, 0},
    {0},
};
