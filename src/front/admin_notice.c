/* SPDX-License-Identifier: Apache-2.0 */
/* Service notices, activation orders, references of portals, and the audit table. */
#include "admin_internal.h"

#include "ecs/store_operator.h"
#include "ecs/store_orders.h"

enum { LIST_USUAL = 100, LIST_MAX = 1000, NOTICE_VALIDITY_S = 3600, YEAR_S = 31536000 };

/* ---- notices ---- */

struct notice {
    struct ecs_notice_rows rows;
    int service, effect;
    struct ecs_str brand, starts_at, ends_at, message_key;
    int64_t validity_s;
    struct ecs_notice_row row;
    int64_t id;
};

static enum ecs_next read_notices(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct notice *n = admin_own(c, sizeof(*n));
    unsigned limit = 0;
    enum ecs_next next = n ? admin_limit(c, LIST_USUAL, LIST_MAX, &limit) : admin_no_memory(c);

    return next == ECS_NEXT ? ecs_store_notice_list(f, c->front->store, limit, &n->rows) : next;
}

static enum ecs_next write_notices(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct notice *n = c->own;

    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_begin(&c->out, "notices", '[');
    for (size_t i = 0; i < n->rows.n; i++) {
        const struct ecs_notice_row *row = &n->rows.rows[i];

        ecs_json_begin(&c->out, NULL, '{');
        ecs_json_i64(&c->out, "id", row->id);
        ecs_json_str(&c->out, "service", row->service);
        ecs_json_str(&c->out, "effect", row->effect);
        ecs_json_str(&c->out, "brand", row->brand);
        ecs_json_str(&c->out, "message_key", row->message_key);
        admin_write_time(&c->out, "starts_at", row->starts_at);
        admin_write_time(&c->out, "ends_at", row->ends_at);
        ecs_json_i64(&c->out, "validity_s", row->validity_s);
        ecs_json_bool(&c->out, "active", row->starts_at <= c->now && row->ends_at > c->now);
        ecs_json_end(&c->out, '}');
    }
    ecs_json_end(&c->out, ']');
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_notice_list_steps[] = {
    {"read-notices", read_notices, 0}, {"write-notices", write_notices, 0}, {0}};

static const char *const services[] = {"volte",   "vonr",     "vowifi",  "smsoip", "dataplan",
                                       "billing", "identity", "satmode", NULL};
static const char *const effects[] = {"info", "unavailable", NULL};

static const struct ecs_json_field notice_fields[] = {
    {"service", ECS_JSON_T_WORD, true, offsetof(struct notice, service), .words = services},
    {"effect", ECS_JSON_T_WORD, true, offsetof(struct notice, effect), .words = effects},
    {"brand", ECS_JSON_T_STR, .offset = offsetof(struct notice, brand), .low = 1, .high = 63},
    {"message_key", ECS_JSON_T_STR, true, offsetof(struct notice, message_key), .low = 1, .high = 63},
    {"starts_at", ECS_JSON_T_STR, .offset = offsetof(struct notice, starts_at), .low = 1, .high = 40},
    {"ends_at", ECS_JSON_T_STR, true, offsetof(struct notice, ends_at), .low = 1, .high = 40},
    {"validity_s", ECS_JSON_T_I64, .offset = offsetof(struct notice, validity_s), .low = 1, .high = YEAR_S},
    {0},
};

static enum ecs_next check_notice(struct admin_call *c, struct notice *n)
{
    enum ecs_next next = admin_time(c, "starts_at", n->starts_at, &n->row.starts_at);

    if (next == ECS_NEXT)
        next = admin_time(c, "ends_at", n->ends_at, &n->row.ends_at);
    if (next != ECS_NEXT)
        return next;
    if (!n->starts_at.p)
        n->row.starts_at = c->now;
    if (n->row.ends_at <= n->row.starts_at || n->row.ends_at <= c->now)
        return admin_refuse(c, "ends_at", "must be later than now and than starts_at");
    if (!ecs_message_exists(c->engine->snapshot->messages, n->message_key))
        return admin_refuse(c, "message_key", "is not in the message catalogues (policy.messages)");
    n->row.service = ecs_str_of(services[n->service]);
    n->row.effect = ecs_str_of(effects[n->effect]);
    n->row.brand = n->brand;
    n->row.message_key = n->message_key;
    n->row.validity_s = (uint32_t)n->validity_s;
    return ECS_NEXT;
}

static enum ecs_next add_notice(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct notice *n = admin_own(c, sizeof(*n));
    enum ecs_next next;

    if (!n)
        return admin_no_memory(c);
    n->validity_s = NOTICE_VALIDITY_S;
    c->refused = "refused by the database: there is no such brand";
    next = admin_bind(c, notice_fields, n);
    if (next == ECS_NEXT)
        next = check_notice(c, n);
    return next == ECS_NEXT ? ecs_store_notice_add(f, c->front->store, &n->row, &n->id) : next;
}

static enum ecs_next say_added(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct notice *n = c->own;

    admin_audit(c, "notice.add");
    ecs_json_i64(&c->detail_out, "id", n->id);
    ecs_json_str(&c->detail_out, "service", n->row.service);
    ecs_json_str(&c->detail_out, "effect", n->row.effect);
    admin_write_time(&c->detail_out, "starts_at", n->row.starts_at);
    admin_write_time(&c->detail_out, "ends_at", n->row.ends_at);
    c->status = 201;
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_i64(&c->out, "id", n->id);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_notice_add_steps[] = {
    {"add-notice", add_notice, 0}, {"say-added", say_added, 0}, {0}};

static enum ecs_next take_id(struct admin_call *c, int64_t *ret_id)
{
    if (!ecs_str_to_i64(c->arg[0], ret_id) || *ret_id < 1)
        return admin_refuse(c, "id", "must be a positive number");
    return ECS_NEXT;
}

static enum ecs_next delete_notice(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct notice *n = admin_own(c, sizeof(*n));
    enum ecs_next next = n ? take_id(c, &n->id) : admin_no_memory(c);

    c->not_found = "there is no such notice";
    return next == ECS_NEXT ? ecs_store_notice_remove(f, c->front->store, n->id) : next;
}

static enum ecs_next say_deleted(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct notice *n = c->own;

    admin_audit(c, "notice.delete");
    ecs_json_i64(&c->detail_out, "id", n->id);
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_i64(&c->out, "id", n->id);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_notice_delete_steps[] = {
    {"delete-notice", delete_notice, 0}, {"say-deleted", say_deleted, 0}, {0}};

enum ecs_rc admin_notices_at(struct ecs_arena *arena, const struct ecs_notice_rows *rows, int64_t at,
                             struct ecs_subscriber_facts *facts)
{
    struct ecs_notice *notices = ecs_alloc(arena, (rows->n + 1) * sizeof(*notices));
    size_t n = 0;

    if (!notices)
        return ECS_E_TOO_LARGE;
    for (size_t i = 0; i < rows->n; i++) {
        const struct ecs_notice_row *row = &rows->rows[i];

        if (row->starts_at > at || row->ends_at <= at ||
            (row->brand.p && !ecs_str_eq(row->brand, facts->brand)))
            continue;
        notices[n++] = (struct ecs_notice){
            .service = row->service,
            .message_key = row->message_key,
            .unavailable = ecs_str_eq(row->effect, ECS_STR("unavailable")),
            .ends_at = row->ends_at,
            .validity_s = row->validity_s,
        };
    }
    facts->notices = notices;
    facts->n_notices = n;
    return ECS_OK;
}

/* ---- activation orders ---- */

struct order {
    struct ecs_order_rows rows;
    int64_t id;
    bool provisioned;
    int64_t revision;
};

static enum ecs_next read_orders(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct order *o = admin_own(c, sizeof(*o));
    unsigned limit = 0;
    enum ecs_next next = o ? admin_limit(c, LIST_USUAL, LIST_MAX, &limit) : admin_no_memory(c);

    return next == ECS_NEXT ? ecs_store_orders_list(f, c->front->store, limit, &o->rows) : next;
}

static enum ecs_next write_orders(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct order *o = c->own;

    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_begin(&c->out, "orders", '[');
    for (size_t i = 0; i < o->rows.n; i++) {
        ecs_json_begin(&c->out, NULL, '{');
        ecs_json_i64(&c->out, "id", o->rows.rows[i].id);
        ecs_json_str(&c->out, "imsi", o->rows.rows[i].imsi);
        ecs_json_str(&c->out, "service", o->rows.rows[i].service);
        admin_write_time(&c->out, "requested_at", o->rows.rows[i].requested_at);
        ecs_json_end(&c->out, '}');
    }
    ecs_json_end(&c->out, ']');
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_order_list_steps[] = {
    {"read-orders", read_orders, 0}, {"write-orders", write_orders, 0}, {0}};

static const struct ecs_json_field order_fields[] = {
    {"provisioned", ECS_JSON_T_BOOL, .offset = offsetof(struct order, provisioned)},
    {0},
};

static enum ecs_next end_order(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct order *o = admin_own(c, sizeof(*o));
    enum ecs_next next = o ? take_id(c, &o->id) : admin_no_memory(c);

    c->not_found = "there is no open order with this id";
    if (next != ECS_NEXT)
        return next;
    o->provisioned = true;
    next = admin_bind(c, order_fields, o);
    return next == ECS_NEXT ? ecs_store_orders_done(f, c->front->store, o->id, o->provisioned, &o->revision)
                            : next;
}

static enum ecs_next say_ended(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct order *o = c->own;

    admin_audit(c, "order.done");
    ecs_json_i64(&c->detail_out, "id", o->id);
    ecs_json_bool(&c->detail_out, "provisioned", o->provisioned);
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_i64(&c->out, "id", o->id);
    ecs_json_bool(&c->out, "provisioned", o->provisioned);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_order_done_steps[] = {
    {"end-order", end_order, 0}, {"say-ended", say_ended, 0}, {0}};

/* ---- references of portals ---- */

struct reference {
    struct ecs_str text;
    struct ecs_flow_ref ref;
    struct ecs_facts_key key;
    struct ecs_subscriber_facts facts;
};
static const struct ecs_json_field reference_fields[] = {
    {"reference", ECS_JSON_T_STR, true, offsetof(struct reference, text), .low = 1, .high = 400},
    {0},
};

static enum ecs_next open_reference(struct ecs_flow *f)
{
    static const char refused[] = "the reference is not one of ours, or has expired";
    struct admin_call *c = f->self;
    struct reference *r = admin_own(c, sizeof(*r));
    enum ecs_next next = r ? admin_bind(c, reference_fields, r) : admin_no_memory(c);

    if (next != ECS_NEXT)
        return next;
    if (ecs_flow_ref_open(c->engine->flow_sealer, r->text, &r->ref) != ECS_OK || r->ref.expires_s <= c->now)
        return ecs_flow_fail(f, ECS_E_NOT_FOUND, "%s", refused);
    c->imsi = r->ref.imsi;
    ecs_imsi_mask(&c->imsi, c->subject);
    r->key = admin_facts_key(c);
    return ecs_store_facts(f, c->front->store, &r->key, &r->facts);
}

static const struct ecs_line_service *row_of(const struct reference *r, const char *service)
{
    return ecs_facts_service(&r->facts, ecs_str_of(service));
}

static enum ecs_next write_reference(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct reference *r = c->own;
    const char *id = ecs_printf(f->arena, "ap%u", 2000u + r->ref.service);
    enum ecs_app app;
    const char *service;

    if (!id)
        return admin_no_memory(c);
    if (!r->facts.known || !ecs_app_find(ecs_str_of(id), &app))
        return ecs_flow_fail(f, ECS_E_NOT_FOUND, "the subscriber of this reference does not exist any more");
    service = ecs_app_name(app);
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "imsi", ecs_str_of(r->ref.imsi.s));
    ecs_json_str(&c->out, "msisdn", r->facts.msisdn);
    ecs_json_str(&c->out, "app", ecs_str_of(id));
    ecs_json_str(&c->out, "service", ecs_str_of(service));
    if (r->ref.journey)
        ecs_json_i64(&c->out, "journey", r->ref.journey);
    admin_write_time(&c->out, "issued_at", r->ref.issued_s);
    admin_write_time(&c->out, "expires_at", r->ref.expires_s);
    ecs_json_str(&c->out, "line_state",
                 ecs_str_of(ecs_word(ECS_WORDS_line_state, (int64_t)r->facts.line_state)));
    ecs_json_str(&c->out, "brand", r->facts.brand);
    ecs_json_str(&c->out, "language", r->facts.language);
    ecs_json_bool(&c->out, "known_state", row_of(r, service) != NULL);
    admin_write_services(&c->out, &r->facts);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_flow_reference_steps[] = {
    {"open-reference", open_reference, 0}, {"write-reference", write_reference, 0}, {0}};
