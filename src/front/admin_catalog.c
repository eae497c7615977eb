/* SPDX-License-Identifier: Apache-2.0 */
/* Plans, brands, device models, and marks on single devices. */
#include "admin_internal.h"

#include <ctype.h>
#include <string.h>

#include "ecs/store_operator.h"

enum { PLANS_MAX = 10000, EID_DIGITS = 32 };

/* ---- plans ---- */

struct plan {
    struct ecs_plan_rows rows;
    struct ecs_str name, brand;
    struct ecs_json_strs features;
    bool has_features;
    struct ecs_plan_row row;
    bool add;
    int64_t revision;
};

static void write_plan(struct ecs_json_out *out, const struct ecs_plan_row *row)
{
    ecs_json_begin(out, NULL, '{');
    ecs_json_str(out, "plan", row->plan);
    ecs_json_str(out, "name", row->name);
    admin_write_words(out, "features", row->features, row->n_features);
    ecs_json_str(out, "brand", row->brand);
    ecs_json_i64(out, "revision", row->revision);
    ecs_json_end(out, '}');
}

static const struct ecs_plan_row *find_plan(const struct admin_call *c)
{
    const struct plan *p = c->own;

    for (size_t i = 0; i < p->rows.n; i++)
        if (ecs_str_eq(p->rows.rows[i].plan, c->arg[0]))
            return &p->rows.rows[i];
    return NULL;
}

static enum ecs_next read_plans(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct plan *p = admin_own(c, sizeof(*p));

    return p ? ecs_store_plan_list(f, c->front->store, PLANS_MAX, &p->rows) : admin_no_memory(c);
}

static enum ecs_next write_plans(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct plan *p = c->own;

    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_begin(&c->out, "plans", '[');
    for (size_t i = 0; i < p->rows.n; i++)
        write_plan(&c->out, &p->rows.rows[i]);
    ecs_json_end(&c->out, ']');
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_plan_list_steps[] = {
    {"read-plans", read_plans, 0}, {"write-plans", write_plans, 0}, {0}};

static enum ecs_next write_one_plan(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct ecs_plan_row *row = find_plan(c);

    if (!row)
        return ecs_flow_fail(f, ECS_E_NOT_FOUND, "there is no such plan");
    write_plan(&c->out, row);
    return ECS_DONE;
}
const struct ecs_step admin_plan_get_steps[] = {
    {"read-plans", read_plans, 0}, {"write-plan", write_one_plan, 0}, {0}};

static const struct ecs_json_field plan_fields[] = {
    {"name", ECS_JSON_T_STR, .offset = offsetof(struct plan, name), .low = 1, .high = 200},
    {"brand", ECS_JSON_T_STR, .offset = offsetof(struct plan, brand), .high = 63},
    {"features", ECS_JSON_T_STRS, .offset = offsetof(struct plan, features),
     .set_offset = offsetof(struct plan, has_features), .high = 64},
    {0},
};

static bool is_word(struct ecs_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!islower((unsigned char)s.p[i]) && !isdigit((unsigned char)s.p[i]) &&
            (i == 0 || !strchr("._-", s.p[i])))
            return false;
    return s.n > 0 && s.n <= 63;
}

static enum ecs_next check_words(struct admin_call *c, const char *field, const struct ecs_json_strs *words)
{
    for (size_t i = 0; i < words->n; i++)
        if (!is_word(words->item[i]))
            return admin_refuse(c, field, "words consist of lower-case letters, digits and -");
    return ECS_NEXT;
}

static enum ecs_next read_plan_put(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct plan *p = admin_own(c, sizeof(*p));
    enum ecs_next next = p ? admin_bind(c, plan_fields, p) : admin_no_memory(c);

    c->refused =
        "refused by the database: the brand does not exist, or the plan was added at the same moment";
    if (next == ECS_NEXT && !is_word(c->arg[0]))
        next = admin_refuse(c, "plan",
                            "a key consists of lower-case letters, digits, '-', '_' and '.', at most 63");
    if (next == ECS_NEXT)
        next = check_words(c, "features", &p->features);
    return next == ECS_NEXT ? ecs_store_plan_list(f, c->front->store, PLANS_MAX, &p->rows) : next;
}

static enum ecs_next write_plan_put(struct ecs_flow *f)
{
    static const struct ecs_str none[1];
    struct admin_call *c = f->self;
    struct plan *p = c->own;

    p->row = (struct ecs_plan_row){.plan = c->arg[0], .name = p->name, .brand = p->brand};
    if (p->has_features) {
        p->row.features = p->features.n ? p->features.item : none;
        p->row.n_features = p->features.n;
    }
    if (find_plan(c))
        return ecs_store_plan_set(f, c->front->store, &p->row, &p->revision);
    p->add = true;
    if (!p->row.name.p)
        p->row.name = c->arg[0];
    if (!p->row.brand.n)
        p->row.brand = ECS_STR_NULL;
    return ecs_store_plan_add(f, c->front->store, &p->row, &p->revision);
}

static enum ecs_next say_plan(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct plan *p = c->own;

    admin_audit(c, p->add ? "plan.add" : "plan.set");
    ecs_json_str(&c->detail_out, "plan", c->arg[0]);
    if (p->has_features)
        admin_write_words(&c->detail_out, "features", p->features.item, p->features.n);
    if (p->brand.p)
        ecs_json_str(&c->detail_out, "brand", p->brand);
    c->status = p->add ? 201 : 200;
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "plan", c->arg[0]);
    ecs_json_bool(&c->out, "created", p->add);
    ecs_json_i64(&c->out, "revision", p->revision);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_plan_put_steps[] = {
    {"read-plan-put", read_plan_put, 0},
    {"write-plan-put", write_plan_put, 0},
    {"say-plan", say_plan, 0},
    {0},
};

/* ---- brands ---- */

struct brand {
    struct ecs_str name, default_language;
    int64_t revision;
};
static const struct ecs_json_field brand_fields[] = {
    {"name", ECS_JSON_T_STR, true, offsetof(struct brand, name), .low = 1, .high = 200},
    {"default_language", ECS_JSON_T_STR, .offset = offsetof(struct brand, default_language), .low = 2,
     .high = 35},
    {0},
};

static enum ecs_next put_brand(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct brand *b = admin_own(c, sizeof(*b));
    enum ecs_next next = b ? admin_bind(c, brand_fields, b) : admin_no_memory(c);

    c->refused =
        "refused by the database: the default language has the wrong form (BCP 47, for example de-AT)";
    if (next == ECS_NEXT && !is_word(c->arg[0]))
        next = admin_refuse(c, "brand",
                            "a key consists of lower-case letters, digits, '-', '_' and '.', at most 63");
    return next == ECS_NEXT ? ecs_store_brand_upsert(f, c->front->store, c->arg[0], b->name,
                                                     b->default_language, &b->revision)
                            : next;
}

static enum ecs_next say_brand(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct brand *b = c->own;

    admin_audit(c, "brand.set");
    ecs_json_str(&c->detail_out, "brand", c->arg[0]);
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "brand", c->arg[0]);
    ecs_json_i64(&c->out, "revision", b->revision);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_brand_put_steps[] = {
    {"put-brand", put_brand, 0}, {"say-brand", say_brand, 0}, {0}};

/* ---- device models ---- */

static const char *const categories[] = {"phone", "tablet", "watch", "router", "iot", "other", NULL};

struct model {
    struct ecs_device_model_row row;
    struct ecs_str vendor, model;
    int category;
    struct ecs_json_strs capabilities;
    int64_t revision;
};

static enum ecs_next take_tac(struct admin_call *c)
{
    c->not_found = "there is no device model with this TAC";
    if (c->arg[0].n != 8 || !ecs_str_is_digits(c->arg[0]))
        return admin_refuse(c, "tac", "must be eight digits");
    return ECS_NEXT;
}

static enum ecs_next get_model(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct model *m = admin_own(c, sizeof(*m));
    enum ecs_next next = m ? take_tac(c) : admin_no_memory(c);

    return next == ECS_NEXT ? ecs_store_device_model_get(f, c->front->store, c->arg[0], &m->row) : next;
}

static enum ecs_next write_model(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct ecs_device_model_row *row = &((const struct model *)c->own)->row;

    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "tac", row->tac);
    ecs_json_str(&c->out, "vendor", row->vendor);
    ecs_json_str(&c->out, "model", row->model);
    ecs_json_str(&c->out, "category", row->category);
    admin_write_words(&c->out, "capabilities", row->capabilities, row->n_capabilities);
    ecs_json_i64(&c->out, "revision", row->revision);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_model_get_steps[] = {
    {"get-model", get_model, 0}, {"write-model", write_model, 0}, {0}};

static const struct ecs_json_field model_fields[] = {
    {"vendor", ECS_JSON_T_STR, true, offsetof(struct model, vendor), .low = 1, .high = 200},
    {"model", ECS_JSON_T_STR, true, offsetof(struct model, model), .low = 1, .high = 200},
    {"category", ECS_JSON_T_WORD, true, offsetof(struct model, category), .words = categories},
    {"capabilities", ECS_JSON_T_STRS, .offset = offsetof(struct model, capabilities), .high = 64},
    {0},
};

static enum ecs_next put_model(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct model *m = admin_own(c, sizeof(*m));
    enum ecs_next next = m ? take_tac(c) : admin_no_memory(c);

    if (next == ECS_NEXT)
        next = admin_bind(c, model_fields, m);
    if (next == ECS_NEXT)
        next = check_words(c, "capabilities", &m->capabilities);
    return next == ECS_NEXT
               ? ecs_store_device_model_upsert(f, c->front->store, c->arg[0], m->vendor, m->model,
                                               ecs_str_of(categories[m->category]), m->capabilities.item,
                                               m->capabilities.n, &m->revision)
               : next;
}

static enum ecs_next say_model(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct model *m = c->own;

    admin_audit(c, "device.model.set");
    ecs_json_str(&c->detail_out, "tac", c->arg[0]);
    admin_write_words(&c->detail_out, "capabilities", m->capabilities.item, m->capabilities.n);
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "tac", c->arg[0]);
    ecs_json_i64(&c->out, "revision", m->revision);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_model_put_steps[] = {
    {"put-model", put_model, 0}, {"say-model", say_model, 0}, {0}};

/* ---- single devices ---- */

static const char *const states[] = {"allow", "deny", "stolen", NULL};

struct identity {
    struct ecs_terminal_id id;
    struct ecs_device_identity_row row;
    int state;
    struct ecs_str reason;
    int64_t revision;
};

static struct identity *identity_of(struct admin_call *c)
{
    struct identity *i = admin_own(c, sizeof(*i));

    if (i)
        i->state = -1;
    return i;
}

static enum ecs_next take_terminal(struct admin_call *c, struct identity *i)
{
    struct ecs_eid eid;

    if (!i)
        return admin_no_memory(c);
    c->not_found = "this device has no mark";
    if (!ecs_terminal_id_parse(c->arg[0], &i->id))
        return admin_refuse(c, "terminal_id", "must be an IMEI or a UUID as the device sends it, or an EID");
    if (i->id.n == EID_DIGITS && ecs_str_is_digits(c->arg[0]) && !ecs_eid_parse(c->arg[0], &eid))
        return admin_refuse(c, "terminal_id", "has the length of an EID, but its check digits are wrong");
    ecs_terminal_id_mask(&i->id, c->subject);
    return ECS_NEXT;
}

static struct ecs_str id_of(const struct identity *i)
{
    return (struct ecs_str){i->id.s, i->id.n};
}

static enum ecs_next get_identity(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct identity *i = identity_of(c);
    enum ecs_next next = take_terminal(c, i);

    return next == ECS_NEXT ? ecs_store_device_identity_get(f, c->front->store, id_of(i), &i->row) : next;
}

static enum ecs_next write_identity(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct identity *i = c->own;

    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "terminal_id", id_of(i));
    ecs_json_str(&c->out, "state", i->row.state);
    ecs_json_str(&c->out, "reason", i->row.reason);
    admin_write_time(&c->out, "updated_at", i->row.updated_at);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_identity_get_steps[] = {
    {"get-identity", get_identity, 0}, {"write-identity", write_identity, 0}, {0}};

static const struct ecs_json_field identity_fields[] = {
    {"state", ECS_JSON_T_WORD, true, offsetof(struct identity, state), .words = states},
    {"reason", ECS_JSON_T_STR, .offset = offsetof(struct identity, reason), .high = 200},
    {0},
};

static enum ecs_next put_identity(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct identity *i = identity_of(c);
    enum ecs_next next = take_terminal(c, i);

    if (next == ECS_NEXT)
        next = admin_bind(c, identity_fields, i);
    return next == ECS_NEXT
               ? ecs_store_device_identity_upsert(f, c->front->store, id_of(i), ecs_str_of(states[i->state]),
                                                  i->reason, &i->revision)
               : next;
}

static enum ecs_next say_identity(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct identity *i = c->own;

    admin_audit(c, i->state < 0 ? "device.unmark" : "device.mark");
    if (i->state >= 0)
        ecs_json_str(&c->detail_out, "state", ecs_str_of(states[i->state]));
    if (i->reason.p)
        ecs_json_str(&c->detail_out, "reason", i->reason);
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "terminal_id", id_of(i));
    ecs_json_str(&c->out, "state", ecs_str_of(i->state < 0 ? NULL : states[i->state]));
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_identity_put_steps[] = {
    {"put-identity", put_identity, 0}, {"say-identity", say_identity, 0}, {0}};

static enum ecs_next delete_identity(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct identity *i = identity_of(c);
    enum ecs_next next = take_terminal(c, i);

    return next == ECS_NEXT ? ecs_store_device_identity_delete(f, c->front->store, id_of(i)) : next;
}
const struct ecs_step admin_identity_delete_steps[] = {
    {"delete-identity", delete_identity, 0}, {"say-identity", say_identity, 0}, {0}};
