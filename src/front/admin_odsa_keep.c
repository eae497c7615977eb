/* SPDX-License-Identifier: Apache-2.0 */
/* Lists that people keep: enterprises (ap2011) and relations between lines (family plans). */
#include "admin_odsa.h"

#include <string.h>

enum { LIST_USUAL = 1000, LIST_MOST = 1000, DEVICES_MOST = 1000000, UNCHANGED = -2, NO_LIMIT = -1 };

/* ---- enterprises ---- */

struct enterprise {
    struct ecs_enterprise_rows rows;
    struct ecs_enterprise_row row;
    struct ecs_str name, brand;
    int state;
    int64_t max_devices;
    bool created;
};

static void write_enterprise(struct ecs_json_out *out, const struct ecs_enterprise_row *row)
{
    ecs_json_begin(out, NULL, '{');
    ecs_json_str(out, "enterprise", row->enterprise);
    ecs_json_str(out, "name", row->name);
    ecs_json_str(out, "state", row->state);
    ecs_json_str(out, "brand", row->brand);
    if (row->max_devices < 0)
        ecs_json_str(out, "max_devices", ECS_STR_NULL);
    else
        ecs_json_i64(out, "max_devices", row->max_devices);
    ecs_json_i64(out, "devices", row->devices);
    ecs_json_end(out, '}');
}

static enum ecs_next read_enterprises(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct enterprise *e = admin_own(c, sizeof(*e));
    unsigned limit = 0;
    enum ecs_next next = e ? admin_limit(c, LIST_USUAL, LIST_MOST, &limit) : admin_no_memory(c);

    return next == ECS_NEXT ? ecs_store_enterprise_list(f, c->front->store, limit, &e->rows) : next;
}

static enum ecs_next write_enterprises(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct enterprise *e = c->own;

    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_begin(&c->out, "enterprises", '[');
    for (size_t i = 0; i < e->rows.n; i++)
        write_enterprise(&c->out, &e->rows.rows[i]);
    ecs_json_end(&c->out, ']');
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_enterprise_list_steps[] = {
    {"read-enterprises", read_enterprises, 0}, {"write-enterprises", write_enterprises, 0}, {0}};

static enum ecs_next get_enterprise(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct enterprise *e = admin_own(c, sizeof(*e));

    c->not_found = "there is no such enterprise";
    return e ? ecs_store_enterprise_get(f, c->front->store, c->arg[0], &e->row) : admin_no_memory(c);
}

static enum ecs_next write_one(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct enterprise *e = c->own;

    write_enterprise(&c->out, &e->row);
    return ECS_DONE;
}
const struct ecs_step admin_enterprise_get_steps[] = {
    {"get-enterprise", get_enterprise, 0}, {"write-enterprise", write_one, 0}, {0}};

static const char *const states[] = {"active", "suspended", NULL};
static const struct ecs_json_field enterprise_fields[] = {
    {"name", ECS_JSON_T_STR, .offset = offsetof(struct enterprise, name), .low = 1, .high = 200},
    {"state", ECS_JSON_T_WORD, .offset = offsetof(struct enterprise, state), .words = states},
    {"brand", ECS_JSON_T_STR, .offset = offsetof(struct enterprise, brand), .high = 63},
    {"max_devices", ECS_JSON_T_I64, .offset = offsetof(struct enterprise, max_devices), .low = NO_LIMIT,
     .high = DEVICES_MOST},
    {0},
};

static enum ecs_next put_enterprise(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct enterprise *e = admin_own(c, sizeof(*e));
    enum ecs_next next;

    if (!e)
        return admin_no_memory(c);
    e->state = -1;
    e->max_devices = UNCHANGED;
    c->refused = "refused by the database: the brand does not exist, or the key has the wrong form";
    next = admin_bind(c, enterprise_fields, e);
    e->row = (struct ecs_enterprise_row){
        .enterprise = c->arg[0],
        .name = e->name,
        .state = ecs_str_of(e->state < 0 ? NULL : states[e->state]),
        .brand = e->brand,
        .max_devices = e->max_devices,
    };
    return next == ECS_NEXT ? ecs_store_enterprise_put(f, c->front->store, &e->row, &e->created) : next;
}

static enum ecs_next say_enterprise(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct enterprise *e = c->own;

    admin_audit(c, e->created ? "enterprise.add" : "enterprise.set");
    ecs_json_str(&c->detail_out, "enterprise", c->arg[0]);
    if (e->row.state.p)
        ecs_json_str(&c->detail_out, "state", e->row.state);
    if (e->brand.p)
        ecs_json_str(&c->detail_out, "brand", e->brand);
    if (e->max_devices != UNCHANGED)
        ecs_json_i64(&c->detail_out, "max_devices", e->max_devices);
    c->status = e->created ? 201 : 200;
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "enterprise", c->arg[0]);
    ecs_json_bool(&c->out, "created", e->created);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_enterprise_put_steps[] = {
    {"put-enterprise", put_enterprise, 0}, {"say-enterprise", say_enterprise, 0}, {0}};

static enum ecs_next delete_enterprise(struct ecs_flow *f)
{
    struct admin_call *c = f->self;

    c->not_found = "there is no such enterprise";
    c->refused = "profiles or journeys of the enterprise are alive: end them, or set its state to suspended";
    return ecs_store_enterprise_delete(f, c->front->store, c->arg[0]);
}

static enum ecs_next say_deleted(struct ecs_flow *f)
{
    struct admin_call *c = f->self;

    admin_audit(c, "enterprise.delete");
    ecs_json_str(&c->detail_out, "enterprise", c->arg[0]);
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "enterprise", c->arg[0]);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_enterprise_delete_steps[] = {
    {"delete-enterprise", delete_enterprise, 0}, {"say-deleted", say_deleted, 0}, {0}};

/* ---- relations ---- */

struct relation {
    struct ecs_relation_rows rows;
    struct ecs_imsi other;
    int role;
    struct ecs_relation_row row;
    bool created;
};

static enum ecs_next take_lines(struct admin_call *c, struct relation **ret_relation)
{
    struct relation *r = admin_own(c, sizeof(*r));
    enum ecs_next next = r ? admin_take_imsi(c) : admin_no_memory(c);

    *ret_relation = r;
    if (next != ECS_NEXT)
        return next;
    if (!ecs_imsi_parse(c->arg[1], &r->other) || strcmp(r->other.s, c->imsi.s) == 0)
        return admin_refuse(c, "other", "must be the IMSI of another line");
    r->row.imsi = ecs_str_of(c->imsi.s);
    r->row.other_imsi = ecs_str_of(r->other.s);
    return ECS_NEXT;
}

static enum ecs_next read_relations(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct relation *r = admin_own(c, sizeof(*r));
    enum ecs_next next = r ? admin_take_imsi(c) : admin_no_memory(c);

    return next == ECS_NEXT ? ecs_store_relation_list(f, c->front->store, ecs_str_of(c->imsi.s), &r->rows)
                            : next;
}

static enum ecs_next write_relations(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct relation *r = c->own;

    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_begin(&c->out, "family", '[');
    for (size_t i = 0; i < r->rows.n; i++) {
        ecs_json_begin(&c->out, NULL, '{');
        ecs_json_str(&c->out, "imsi", r->rows.rows[i].imsi);
        ecs_json_str(&c->out, "other", r->rows.rows[i].other_imsi);
        ecs_json_str(&c->out, "role", r->rows.rows[i].role);
        ecs_json_end(&c->out, '}');
    }
    ecs_json_end(&c->out, ']');
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_family_list_steps[] = {
    {"read-relations", read_relations, 0}, {"write-relations", write_relations, 0}, {0}};

static const char *const roles[] = {"family", NULL};
static const struct ecs_json_field relation_fields[] = {
    {"role", ECS_JSON_T_WORD, .offset = offsetof(struct relation, role), .words = roles},
    {0},
};

static enum ecs_next put_relation(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct relation *r;
    enum ecs_next next = take_lines(c, &r);

    c->refused = "refused by the database: the line does not exist";
    if (next == ECS_NEXT)
        next = admin_bind(c, relation_fields, r);
    if (next != ECS_NEXT)
        return next;
    r->row.role = ecs_str_of(roles[r->role]);
    return ecs_store_relation_put(f, c->front->store, &r->row, &r->created);
}

/* The other line is a person, too: not in the audit row. */
static enum ecs_next say_related(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct relation *r = c->own;

    admin_audit(c, "family.add");
    ecs_json_str(&c->detail_out, "role", r->row.role);
    c->status = r->created ? 201 : 200;
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "imsi", r->row.imsi);
    ecs_json_str(&c->out, "other", r->row.other_imsi);
    ecs_json_str(&c->out, "role", r->row.role);
    ecs_json_bool(&c->out, "created", r->created);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_family_put_steps[] = {
    {"put-relation", put_relation, 0}, {"say-related", say_related, 0}, {0}};

static enum ecs_next delete_relation(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct relation *r;
    enum ecs_next next = take_lines(c, &r);

    c->not_found = "these lines are not related";
    return next == ECS_NEXT ? ecs_store_relation_delete(f, c->front->store, r->row.imsi, r->row.other_imsi)
                            : next;
}

static enum ecs_next say_parted(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct relation *r = c->own;

    admin_audit(c, "family.remove");
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "imsi", r->row.imsi);
    ecs_json_str(&c->out, "other", r->row.other_imsi);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_family_delete_steps[] = {
    {"delete-relation", delete_relation, 0}, {"say-parted", say_parted, 0}, {0}};
