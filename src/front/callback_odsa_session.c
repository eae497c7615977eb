/* SPDX-License-Identifier: Apache-2.0 */
/* "Which procedure does this reference stand for?": what a partner's eSIM page needs to know, and no more. */
#include "callback_odsa.h"

#include <string.h>

#include "ecs/clock.h"
#include "ecs/ts43.h"

enum { LIMIT_MS = 5000 };

struct odsa_session {
    uint8_t digest[32];
    struct ecs_portal_flow flow;
    struct ecs_journey journey;
    struct ecs_odsa_key key;
    struct ecs_odsa_view view;
};

static const struct ecs_json_field odsa_session_fields[] = {
    {"reference", ECS_JSON_T_STR, .required = true, .offset = offsetof(struct callback_call, reference),
     .low = 1, .high = 400},
    {0},
};

/* ---- shared ---- */

bool callback_discloses(const struct callback_call *c, const char *what)
{
    for (size_t i = 0; i < c->partner->disclose.n; i++)
        if (ecs_str_eq(c->partner->disclose.items[i], ecs_str_of(what)))
            return true;
    return false;
}

struct ecs_odsa_key callback_odsa_key(const struct ecs_journey *j)
{
    return (struct ecs_odsa_key){
        .imsi = j->imsi, .enterprise = j->enterprise, .app = j->app, .terminal_id = j->terminal_id};
}

bool callback_odsa_digest(struct callback_call *c, uint8_t out[32])
{
    const char *id = ecs_printf(c->flow.arena, "%lld", (long long)c->ref.journey);
    struct ecs_str parts[] = {ECS_STR("flow-journey "), ecs_str_of(id)};

    if (!c->ref.journey) { /* a page of no procedure: the reference itself */
        memcpy(out, c->digest, sizeof(c->digest));
        return true;
    }
    return id && ecs_digest(c->front->crypto, ECS_DIGEST_SHA256, parts, ECS_ARRAY_LEN(parts), out);
}

bool callback_odsa_is_foreign(const struct callback_call *c, const struct ecs_portal_flow *flow)
{
    return flow->partner.p && !ecs_str_eq(flow->partner, ecs_str_of(c->partner->name));
}

bool callback_odsa_is_owner(const struct callback_call *c, const struct ecs_journey *j)
{
    return ecs_str_eq(j->imsi, ecs_str_of(c->ref.imsi.s));
}

/* ---- steps ---- */

static enum ecs_next open_session(struct ecs_flow *f)
{
    struct callback_call *c = f->self;
    enum ecs_next next = callback_bind(c, odsa_session_fields, c);

    return next == ECS_NEXT ? callback_open(c) : next;
}

static enum ecs_next ask_flow(struct ecs_flow *f)
{
    struct callback_call *c = f->self;
    struct odsa_session *s = ecs_alloc(f->arena, sizeof(*s));
    enum ecs_next next = callback_admit(c);

    if (next != ECS_NEXT)
        return next;
    if (!s)
        return ecs_flow_fail(f, ECS_E_NO_MEMORY, "the call does not fit into memory");
    c->own = s;
    if (c->ref.expires_s <= c->now)
        return callback_refuse(c, CALLBACK_REFERENCE_EXPIRED, NULL);
    if (!callback_odsa_digest(c, s->digest))
        return ecs_flow_fail(f, ECS_E_INTERNAL, "digest");
    return ecs_store_portal_flow(f, c->front->store, s->digest, &s->flow);
}

static enum ecs_next load_journey(struct ecs_flow *f)
{
    struct callback_call *c = f->self;
    struct odsa_session *s = c->own;

    if (callback_odsa_is_foreign(c, &s->flow))
        return callback_refuse(c, CALLBACK_OTHER_PARTNER, NULL);
    if (!c->ref.journey)
        return ECS_NEXT;
    return ecs_store_journey_get(f, c->front->store, c->ref.journey, &s->journey);
}

static enum ecs_next load_devices(struct ecs_flow *f)
{
    struct callback_call *c = f->self;
    struct odsa_session *s = c->own;

    if (!c->ref.journey)
        return ECS_NEXT;
    if (!callback_odsa_is_owner(c, &s->journey))
        return callback_refuse(c, CALLBACK_PROCEDURE_GONE, NULL);
    if (!callback_discloses(c, "device"))
        return ECS_NEXT;
    s->key = callback_odsa_key(&s->journey);
    return ecs_store_odsa_view(f, c->front->store, &s->key, &s->view);
}

/* ---- the answer ---- */

static void write_time(struct ecs_json_out *out, const char *name, int64_t at)
{
    char text[21];

    ecs_time_format(at, text);
    ecs_json_str(out, name, ecs_str_of(text));
}

static void write_known(struct ecs_json_out *out, const char *name, struct ecs_str text)
{
    if (text.n)
        ecs_json_str(out, name, text);
}

static bool needs_old(const struct ecs_journey *j)
{
    return (j->kind == ECS_JOURNEY_TRANSFER || j->kind == ECS_JOURNEY_MOVE) && !j->old_iccid.n &&
           !j->old_id.n;
}

static void write_procedure(struct callback_call *c, const struct ecs_journey *j)
{
    struct ecs_json_out *out = &c->json;

    ecs_json_begin(out, "procedure", '{');
    ecs_json_str(out, "kind", ecs_str_of(ecs_journey_kinds[j->kind]));
    ecs_json_i64(out, "operation_type", j->operation_type);
    ecs_json_str(out, "state", j->state);
    ecs_json_bool(out, "waits_for_portal", ecs_str_eq(j->state, ECS_STR("choosing")));
    ecs_json_bool(out, "needs_old_device", needs_old(j));
    write_known(out, "service", j->service);
    write_known(out, "plan", j->plan);
    ecs_json_begin(out, "device", '{');
    write_known(out, "name", j->name);
    write_known(out, "vendor", j->vendor);
    write_known(out, "model", j->model);
    if (callback_discloses(c, "device")) {
        write_known(out, "eid", j->eid);
        write_known(out, "id", j->target_id);
        write_known(out, "iccid", j->iccid);
        write_known(out, "old_iccid", j->old_iccid);
        write_known(out, "old_id", j->old_id);
    }
    ecs_json_end(out, '}');
    ecs_json_end(out, '}');
}

static void write_devices(struct callback_call *c, const struct odsa_session *s)
{
    struct ecs_json_out *out = &c->json;

    ecs_json_begin(out, "devices", '[');
    for (size_t i = 0; i < s->view.n_profiles; i++) {
        const struct ecs_profile *p = &s->view.profiles[i];

        if (!p->iccid.n || p->deleted_at)
            continue;
        ecs_json_begin(out, NULL, '{');
        ecs_json_str(out, "iccid", p->iccid);
        write_known(out, "id", p->terminal_id);
        write_known(out, "name", p->name);
        write_known(out, "vendor", p->vendor);
        write_known(out, "model", p->model);
        ecs_json_i64(out, "service_status", p->status);
        ecs_json_end(out, '}');
    }
    ecs_json_end(out, ']');
}

static struct ecs_str language_of(const struct callback_call *c)
{
    struct ecs_str wish = c->facts.language.n ? c->facts.language : c->facts.brand_language;

    return c->engine
        ->languages[wish.n ? ecs_language_match(wish, c->engine->languages, c->engine->language_n, 0) : 0];
}

static enum ecs_next write_session(struct ecs_flow *f)
{
    struct callback_call *c = f->self;
    const struct odsa_session *s = c->own;
    struct ecs_json_out *out = &c->json;

    ecs_json_begin(out, NULL, '{');
    ecs_json_str(out, "service", ecs_str_of(c->service));
    ecs_json_str(out, "application", ecs_str_of(ecs_printf(f->arena, "ap%u", 2000u + c->ref.service)));
    write_time(out, "issued_at", c->ref.issued_s);
    write_time(out, "expires_at", c->ref.expires_s);
    ecs_json_str(out, "brand", c->facts.brand);
    ecs_json_str(out, "language", language_of(c));
    if (c->facts.known) {
        ecs_json_str(out, "line_state",
                     ecs_str_of(ecs_word(ECS_WORDS_line_state, (int64_t)c->facts.line_state)));
        ecs_json_str(out, "plan", c->facts.plan);
    }
    if (c->ref.journey)
        write_procedure(c, &s->journey);
    if (c->ref.journey && callback_discloses(c, "device"))
        write_devices(c, s);
    if (c->ref.imsi.s[0] && callback_discloses(c, "imsi"))
        ecs_json_str(out, "imsi", ecs_str_of(c->ref.imsi.s));
    if (c->facts.known && callback_discloses(c, "msisdn"))
        ecs_json_str(out, "msisdn", c->facts.msisdn);
    ecs_json_end(out, '}');
    return ECS_DONE;
}

const struct ecs_step callback_odsa_session_steps[] = {
    {"open-session", open_session, 0},        {"ask-flow", ask_flow, LIMIT_MS},
    {"load-journey", load_journey, LIMIT_MS}, {"load-devices", load_devices, LIMIT_MS},
    {"write-session", write_session, 0},      {0},
};
