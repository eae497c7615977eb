/* SPDX-License-Identifier: Apache-2.0 */
/* Plans that the local BSS offers for eSIM profiles: AcquirePlan and the pages list them. */
#include "admin_odsa.h"

#include <stdio.h>

enum { OFFERS_USUAL = 1000, OFFERS_MOST = 1000, SORT_MOST = 1000000 };

static const char *const apps[] = {"companion", "primary", "enterprise", NULL};
static const int numbers[] = {2006, 2009, 2011};

struct offer {
    struct ecs_plan_offers rows;
    struct ecs_plan_offer row;
    bool active, has_active, created;
};

static void write_offer(struct ecs_json_out *out, const struct ecs_plan_offer *row)
{
    char app[16];

    snprintf(app, sizeof(app), "ap%d", row->app);
    ecs_json_begin(out, NULL, '{');
    ecs_json_str(out, "app", ecs_str_of(app));
    ecs_json_str(out, "offer", row->id);
    ecs_json_str(out, "name", row->name);
    ecs_json_str(out, "description", row->description);
    ecs_json_str(out, "brand", row->brand);
    ecs_json_str(out, "enterprise", row->enterprise);
    ecs_json_str(out, "service", row->service);
    ecs_json_str(out, "profile_type", row->profile_type);
    ecs_json_i64(out, "sort", row->sort);
    ecs_json_bool(out, "active", row->active == 1);
    ecs_json_end(out, '}');
}

static enum ecs_next read_offers(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct offer *o = admin_own(c, sizeof(*o));
    unsigned limit = 0;
    enum ecs_next next = o ? admin_limit(c, OFFERS_USUAL, OFFERS_MOST, &limit) : admin_no_memory(c);

    return next == ECS_NEXT ? ecs_store_plan_offer_list(f, c->front->store, limit, &o->rows) : next;
}

static enum ecs_next write_offers(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct offer *o = c->own;

    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_begin(&c->out, "offers", '[');
    for (size_t i = 0; i < o->rows.n; i++)
        write_offer(&c->out, &o->rows.rows[i]);
    ecs_json_end(&c->out, ']');
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_offer_list_steps[] = {
    {"read-offers", read_offers, 0}, {"write-offers", write_offers, 0}, {0}};

/* "ap2006" or "companion"; then the plan's id. */
static enum ecs_next take_offer(struct admin_call *c, struct offer **ret_offer)
{
    struct offer *o = admin_own(c, sizeof(*o));

    *ret_offer = o;
    c->not_found = "there is no such offer";
    if (!o)
        return admin_no_memory(c);
    for (size_t i = 0; i < ECS_ARRAY_LEN(numbers); i++) {
        char id[16];

        snprintf(id, sizeof(id), "ap%d", numbers[i]);
        if (ecs_str_eq(c->arg[0], ecs_str_of(id)) || ecs_str_eq(c->arg[0], ecs_str_of(apps[i])))
            o->row.app = numbers[i];
    }
    o->row.id = c->arg[1];
    if (!o->row.app)
        return admin_refuse(c, "app", "must be ap2006, ap2009 or ap2011 (companion, primary, enterprise)");
    return ECS_NEXT;
}

#define TEXT(name, most)                                                                                     \
    {                                                                                                        \
#name, ECS_JSON_T_STR, .offset = offsetof(struct offer, row.name), .high = most                      \
    }
static const struct ecs_json_field offer_fields[] = {
    {"name", ECS_JSON_T_STR, .offset = offsetof(struct offer, row.name), .low = 1, .high = 100},
    TEXT(description, 500),
    TEXT(brand, 63),
    TEXT(enterprise, 64),
    TEXT(service, 63),
    TEXT(profile_type, 63),
    {"sort", ECS_JSON_T_I64, .offset = offsetof(struct offer, row.sort), .low = 0, .high = SORT_MOST},
    {"active", ECS_JSON_T_BOOL, .offset = offsetof(struct offer, active),
     .set_offset = offsetof(struct offer, has_active)},
    {0},
};
#undef TEXT

static enum ecs_next put_offer(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct offer *o;
    enum ecs_next next = take_offer(c, &o);

    c->refused =
        "refused by the database: the brand does not exist, or a value has the wrong form (ids consist "
        "of letters, digits, '.', '_' and '-', at most 63)";
    if (next != ECS_NEXT)
        return next;
    o->row.sort = -1;
    next = admin_bind(c, offer_fields, o);
    o->row.active = o->has_active ? o->active : -1;
    return next == ECS_NEXT ? ecs_store_plan_offer_put(f, c->front->store, &o->row, &o->created) : next;
}

static enum ecs_next say_offer(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct offer *o = c->own;

    admin_audit(c, o->created ? "offer.add" : "offer.set");
    ecs_json_i64(&c->detail_out, "app", o->row.app);
    ecs_json_str(&c->detail_out, "offer", o->row.id);
    if (o->has_active)
        ecs_json_bool(&c->detail_out, "active", o->active);
    if (o->row.profile_type.p)
        ecs_json_str(&c->detail_out, "profile_type", o->row.profile_type);
    c->status = o->created ? 201 : 200;
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_i64(&c->out, "app", o->row.app);
    ecs_json_str(&c->out, "offer", o->row.id);
    ecs_json_bool(&c->out, "created", o->created);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_offer_put_steps[] = {
    {"put-offer", put_offer, 0}, {"say-offer", say_offer, 0}, {0}};

static enum ecs_next delete_offer(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct offer *o;
    enum ecs_next next = take_offer(c, &o);

    return next == ECS_NEXT ? ecs_store_plan_offer_delete(f, c->front->store, o->row.id, o->row.app) : next;
}

static enum ecs_next say_deleted(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct offer *o = c->own;

    admin_audit(c, "offer.delete");
    ecs_json_i64(&c->detail_out, "app", o->row.app);
    ecs_json_str(&c->detail_out, "offer", o->row.id);
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_i64(&c->out, "app", o->row.app);
    ecs_json_str(&c->out, "offer", o->row.id);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_offer_delete_steps[] = {
    {"delete-offer", delete_offer, 0}, {"say-deleted", say_deleted, 0}, {0}};
