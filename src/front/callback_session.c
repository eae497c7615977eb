/* SPDX-License-Identifier: Apache-2.0 */
/* "Whom does this reference stand for?": what a partner's page needs to know, and no more. */
#include "callback.h"

#include <string.h>

#include "ecs/clock.h"

struct session {
    struct ecs_portal_flow flow;
    struct ecs_ts43_request request;
    struct ecs_app_context context;
    struct ecs_vowifi_view view;
};

static const struct ecs_json_field session_fields[] = {
    {"reference", ECS_JSON_T_STR, .required = true, .offset = offsetof(struct callback_call, reference),
     .low = 1, .high = 400},
    {0},
};

static enum ecs_next open_session(struct ecs_flow *f)
{
    struct callback_call *c = f->self;
    enum ecs_next next = callback_bind(c, session_fields, c);

    return next == ECS_NEXT ? callback_open(c) : next;
}

static enum ecs_next ask_flow(struct ecs_flow *f)
{
    struct callback_call *c = f->self;
    struct session *s = ecs_alloc(f->arena, sizeof(*s));
    enum ecs_next next = callback_admit(c);

    if (next != ECS_NEXT)
        return next;
    if (!s)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the call does not fit into memory");
    c->own = s;
    if (c->ref.expires_s <= c->now)
        return callback_refuse(c, CALLBACK_REFERENCE_EXPIRED, NULL);
    return ecs_store_portal_flow(f, c->front->store, c->digest, &s->flow);
}

/* The same facts and the same policy as for the device. */
static void decide(struct callback_call *c, struct session *s)
{
    const struct ecs_snapshot *snapshot = c->engine->snapshot;
    struct ecs_str wish = c->facts.language.n ? c->facts.language : c->facts.brand_language;

    s->context = (struct ecs_app_context){
        .arena = c->flow.arena,
        .crypto = c->front->crypto,
        .flow_sealer = c->engine->flow_sealer,
        .policy = snapshot->policy,
        .messages = snapshot->messages,
        .language = wish.n ? ecs_language_match(wish, c->engine->languages, c->engine->language_n, 0) : 0,
        .request = &s->request,
        .line = &c->facts,
        .imsi = &c->ref.imsi,
        .gate = &snapshot->gate,
        .portal_url = snapshot->portal_url,
        .pages_url = snapshot->pages_url,
        .offered = snapshot->offered,
        .now = c->now,
        .utc_offset_s = (int)snapshot->policy_conf->utc_offset_minutes * 60,
    };
    for (size_t i = 0; i < snapshot->plmn_n; i++)
        if (ecs_plmn_matches(&snapshot->plmns[i], &c->ref.imsi))
            s->context.plmn_n = 3 + strlen(snapshot->plmns[i].mnc);
    ecs_app_facts(&s->context);
}

static bool discloses(const struct callback_call *c, const char *what)
{
    for (size_t i = 0; i < c->partner->disclose.n; i++)
        if (ecs_str_eq(c->partner->disclose.items[i], ecs_str_of(what)))
            return true;
    return false;
}

static void write_time(struct ecs_json_out *out, const char *name, int64_t at)
{
    char text[21];

    ecs_time_format(at, text);
    ecs_json_str(out, name, ecs_str_of(text));
}

static void write_states(struct callback_call *c, const struct session *s)
{
    const struct ecs_line_service *row = ecs_facts_service(&c->facts, ecs_str_of(c->service));
    struct ecs_json_out *out = &c->json;

    ecs_json_begin(out, "states", '{');
    ecs_json_str(out, "terms", ecs_str_of(ecs_word(ECS_WORDS_terms_state, s->view.terms)));
    ecs_json_i64(out, "terms_version", s->view.terms_version);
    ecs_json_str(out, "address", ecs_str_of(ecs_word(ECS_WORDS_address_state, s->view.address)));
    if (row && row->addr_expiry)
        write_time(out, "address_expiry", row->addr_expiry);
    if (row && row->addr_identifier.n)
        ecs_json_str(out, "address_identifier", row->addr_identifier);
    ecs_json_str(out, "provisioning", ecs_str_of(ecs_word(ECS_WORDS_prov_state, s->view.provisioning)));
    ecs_json_end(out, '}');
}

static enum ecs_next write_session(struct ecs_flow *f)
{
    struct callback_call *c = f->self;
    struct session *s = c->own;
    struct ecs_json_out *out = &c->json;

    if (s->flow.partner.p && !ecs_str_eq(s->flow.partner, ecs_str_of(c->partner->name)))
        return callback_refuse(c, CALLBACK_OTHER_PARTNER, NULL);
    if (s->flow.outcome != ECS_PORTAL_OPEN)
        return callback_refuse(c, CALLBACK_FLOW_CLOSED, NULL);
    decide(c, s);
    ecs_json_begin(out, NULL, '{');
    ecs_json_str(out, "service", ecs_str_of(c->service));
    write_time(out, "issued_at", c->ref.issued_s);
    write_time(out, "expires_at", c->ref.expires_s);
    ecs_json_str(out, "brand", c->facts.brand);
    ecs_json_str(out, "language", c->engine->languages[s->context.language]);
    ecs_json_str(out, "line_state", ecs_str_of(ecs_word(ECS_WORDS_line_state, (int64_t)c->facts.line_state)));
    ecs_json_str(out, "plan", c->facts.plan);
    if (!callback_service_states(c, &s->context)) {
        ecs_app_vowifi(&s->context, &s->view);
        ecs_json_bool(out, "available", s->view.entitlement != 2);
        write_states(c, s);
    }
    if (discloses(c, "imsi"))
        ecs_json_str(out, "imsi", ecs_str_of(c->ref.imsi.s));
    if (discloses(c, "msisdn"))
        ecs_json_str(out, "msisdn", c->facts.msisdn);
    ecs_json_end(out, '}');
    return ECS_DONE;
}

const struct ecs_step callback_session_steps[] = {
    {"open-session", open_session, 0},
    {"ask-flow", ask_flow, 0},
    {"write-session", write_session, 0},
    {0},
};
