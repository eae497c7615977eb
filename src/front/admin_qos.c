/* SPDX-License-Identifier: Apache-2.0 */
/* Requests for quality of service as operators see them: what is open and why, one by hand, release, and
 * whether the networks know our profiles. */
#include "admin_internal.h"

#include <arpa/inet.h>
#include <string.h>

#include "ecs/store_qos.h"
#include "engine_qos.h"

enum { LIST_USUAL = 50, LIST_MOST = 500, SECONDS_MOST = 31622400 };

/* ---- list ---- */

struct list {
    struct ecs_qos_rows rows;
    struct ecs_qos_figures figures;
    unsigned limit;
    struct ecs_str imsi, state;
    int64_t before;
};

static enum ecs_next take_filter(struct admin_call *c, struct list *l)
{
    static const char *const names[] = {"imsi", "state", "before", "limit", NULL};
    struct ecs_str v[4] = {{0}};
    enum ecs_next next = admin_query(c, names, v);
    uint32_t limit = LIST_USUAL;
    bool known = !v[1].p;

    if (next != ECS_NEXT)
        return next;
    for (int i = 0; i < ECS_QOS_STATE_COUNT; i++)
        known |= ecs_str_eq(v[1], ecs_str_of(ecs_qos_states[i]));
    if (!known)
        return admin_refuse(c, "state", "must be wanted, requested, active, releasing, ended or failed");
    if (v[2].p && (!ecs_str_to_i64(v[2], &l->before) || l->before < 1))
        return admin_refuse(c, "before", "must be the number of a request");
    if (v[3].p && (!ecs_str_to_u32(v[3], &limit) || limit < 1 || limit > LIST_MOST))
        return admin_refuse(c, "limit", "must be from 1 to 500");
    l->imsi = v[0];
    l->state = v[1];
    l->limit = limit;
    return ECS_NEXT;
}

static enum ecs_next read_list(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct list *l = admin_own(c, sizeof(*l));
    enum ecs_next next = l ? take_filter(c, l) : admin_no_memory(c);

    return next == ECS_NEXT
               ? ecs_store_qos_list(f, c->front->store, l->imsi, l->state, l->before, l->limit, &l->rows)
               : next;
}

static enum ecs_next read_figures(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct list *l = c->own;

    return ecs_store_qos_figures(f, c->front->store, &l->figures);
}

static void write_row(struct ecs_json_out *out, const struct ecs_qos_row *r)
{
    ecs_json_begin(out, NULL, '{');
    ecs_json_i64(out, "id", r->id);
    ecs_json_str(out, "imsi", r->imsi);
    ecs_json_str(out, "network", r->network);
    ecs_json_str(out, "profile", r->profile);
    ecs_json_str(out, "state", r->state);
    ecs_json_str(out, "reason", r->reason);
    ecs_json_bool(out, "waits_for_device", r->waits);
    ecs_json_i64(out, "seconds", r->seconds);
    ecs_json_bool(out, "paid", r->paid);
    ecs_json_str(out, "origin", r->origin);
    ecs_json_str(out, "reference", r->reference);
    ecs_json_i64(out, "tries", r->tries);
    ecs_json_i64(out, "renewals", r->renewals);
    ecs_json_bool(out, "known_to_network", r->has_handle);
    admin_write_time(out, "created_at", r->created_at);
    admin_write_time(out, "changed_at", r->changed_at);
    admin_write_time(out, "active_at", r->active_at);
    admin_write_time(out, "ends_at", r->ends_at);
    admin_write_time(out, "due_at", r->due_at);
    ecs_json_str(out, "compensation", r->compensation);
    ecs_json_str(out, "compensation_reason", r->compensation_reason);
    ecs_json_end(out, '}');
}

static enum ecs_next write_list(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct list *l = c->own;

    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_i64(&c->out, "open", l->figures.open);
    ecs_json_i64(&c->out, "overdue", l->figures.overdue);
    ecs_json_i64(&c->out, "compensations", l->figures.compensations);
    ecs_json_i64(&c->out, "compensations_refused", l->figures.compensations_refused);
    ecs_json_begin(&c->out, "requests", '[');
    for (size_t i = 0; i < l->rows.n; i++)
        write_row(&c->out, &l->rows.rows[i]);
    ecs_json_end(&c->out, ']');
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_qos_list_steps[] = {
    {"read-list", read_list, 0}, {"read-figures", read_figures, 0}, {"write-list", write_list, 0}, {0}};

/* ---- one ---- */

struct one {
    int64_t id;
    struct ecs_qos_rows rows;
    struct ecs_str state;
};

static enum ecs_next take_id(struct admin_call *c, struct one **ret_one)
{
    struct one *o = admin_own(c, sizeof(*o));

    *ret_one = o;
    c->not_found = "there is no such request";
    if (!o)
        return admin_no_memory(c);
    if (!ecs_str_to_i64(c->arg[0], &o->id) || o->id < 1)
        return admin_refuse(c, "id", "must be the number of a request");
    return ECS_NEXT;
}

static enum ecs_next read_one(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct one *o;
    enum ecs_next next = take_id(c, &o);

    return next == ECS_NEXT ? ecs_store_qos_get(f, c->front->store, o->id, &o->rows) : next;
}

static enum ecs_next write_one(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct one *o = c->own;

    if (!o->rows.n)
        return ecs_flow_fail(f, ECS_E_NOT_FOUND, "%s", c->not_found);
    write_row(&c->out, &o->rows.rows[0]);
    return ECS_DONE;
}
const struct ecs_step admin_qos_get_steps[] = {
    {"read-request", read_one, 0}, {"write-request", write_one, 0}, {0}};

static enum ecs_next release(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct one *o;
    enum ecs_next next = take_id(c, &o);

    return next == ECS_NEXT ? ecs_store_qos_release(f, c->front->store, o->id,
                                                    ECS_STR("released by an operator"), &o->state)
                            : next;
}

static enum ecs_next say_released(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct one *o = c->own;

    (void)f;
    admin_audit(c, "qos.release");
    ecs_json_i64(&c->detail_out, "id", o->id);
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_i64(&c->out, "id", o->id);
    ecs_json_str(&c->out, "state", o->state);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_qos_release_steps[] = {
    {"release", release, 0}, {"say-released", say_released, 0}, {0}};

static enum ecs_next compensate(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct one *o;
    enum ecs_next next = take_id(c, &o);

    c->not_found = "this request has no compensation that was refused";
    return next == ECS_NEXT ? ecs_store_qos_compensation_again(f, c->front->store, o->id) : next;
}

static enum ecs_next say_compensated(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct one *o = c->own;

    (void)f;
    admin_audit(c, "qos.compensate");
    ecs_json_i64(&c->detail_out, "id", o->id);
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_i64(&c->out, "id", o->id);
    ecs_json_str(&c->out, "compensation", ECS_STR("due"));
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_qos_compensate_steps[] = {
    {"compensate", compensate, 0}, {"say-compensated", say_compensated, 0}, {0}};

/* ---- by hand ---- */

struct apply {
    struct ecs_qos_want want;
    struct ecs_str service;
    struct ecs_plan_qos plan;
    bool has_seconds;
    struct ecs_qos_added added;
};

static const struct ecs_json_field apply_fields[] = {
    {"network", ECS_JSON_T_STR, .offset = offsetof(struct apply, want.network), .low = 1, .high = 32},
    {"profile", ECS_JSON_T_STR, .offset = offsetof(struct apply, want.profile), .low = 1, .high = 63},
    {"service", ECS_JSON_T_STR, .offset = offsetof(struct apply, service), .low = 1, .high = 63},
    {"seconds", ECS_JSON_T_I64, .offset = offsetof(struct apply, want.seconds),
     .set_offset = offsetof(struct apply, has_seconds), .low = 0, .high = SECONDS_MOST},
    {"reference", ECS_JSON_T_STR, .offset = offsetof(struct apply, want.reference), .low = 1, .high = 128},
    {"ipv4", ECS_JSON_T_STR, .offset = offsetof(struct apply, want.ipv4), .low = 7, .high = 15},
    {"ipv6", ECS_JSON_T_STR, .offset = offsetof(struct apply, want.ipv6), .low = 2, .high = 45},
    {0},
};

static bool is_address(int family, struct ecs_str text)
{
    char copy[64];
    unsigned char bytes[16];

    if (!text.n)
        return true;
    if (text.n >= sizeof(copy))
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    return inet_pton(family, copy, bytes) == 1;
}

static enum ecs_next take_apply(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct apply *a = admin_own(c, sizeof(*a));
    enum ecs_next next = a ? admin_take_imsi(c) : admin_no_memory(c);

    if (next != ECS_NEXT || (next = admin_bind(c, apply_fields, a)) != ECS_NEXT)
        return next;
    if (!is_address(AF_INET, a->want.ipv4))
        return admin_refuse(c, "ipv4", "must be an IPv4 address");
    if (!is_address(AF_INET6, a->want.ipv6))
        return admin_refuse(c, "ipv6", "must be an IPv6 address");
    if (!a->want.reference.p)
        return admin_refuse(c, "reference", "is needed: the same one is one request");
    if (a->service.p == NULL && (!a->want.network.p || !a->want.profile.p))
        return admin_refuse(c, "profile",
                            "network and profile are needed, or a service that the line's plan gives one to");
    if (!a->service.p)
        return ECS_NEXT;
    c->not_found = "the line's plan gives nothing to this service";
    return ecs_store_qos_plan(f, c->front->store, ecs_str_of(c->imsi.s), a->service, &a->plan);
}

static enum ecs_next add_request(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct apply *a = c->own;
    const struct ecs_qos_conf *network;
    const struct ecs_qos_profile_conf *profile;
    const char *fault;

    if (a->service.p) {
        a->want.network = a->plan.network;
        a->want.profile = a->plan.profile;
        a->want.seconds = a->has_seconds ? a->want.seconds : a->plan.seconds;
    }
    network = ecs_qos_network(c->engine->qos, a->want.network);
    profile = ecs_qos_profile(c->engine->qos, a->want.profile);
    if (!network || !profile)
        return admin_refuse(c, network ? "profile" : "network", "is not in the configuration");
    fault = ecs_qos_fault(network, profile);
    if (fault)
        return admin_refuse(c, "profile", fault);
    a->want.imsi = ecs_str_of(c->imsi.s);
    a->want.origin = ECS_STR("admin");
    c->not_found = "there is no such subscriber";
    return ecs_store_qos_add(f, c->front->store, &a->want, &a->added);
}

static enum ecs_next say_added(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct apply *a = c->own;

    (void)f;
    if (a->added.others)
        return admin_refuse(c, "reference", "is that of a request of another line");
    admin_audit(c, "qos.apply");
    ecs_json_i64(&c->detail_out, "id", a->added.id);
    ecs_json_str(&c->detail_out, "network", a->want.network);
    ecs_json_str(&c->detail_out, "profile", a->want.profile);
    ecs_json_i64(&c->detail_out, "seconds", a->want.seconds);
    c->status = 201;
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_i64(&c->out, "id", a->added.id);
    ecs_json_str(&c->out, "state", a->added.state);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_qos_apply_steps[] = {
    {"take-apply", take_apply, 0}, {"add-request", add_request, 0}, {"say-added", say_added, 0}, {0}};
