/* SPDX-License-Identifier: Apache-2.0 */
/* Subscribers: look up, add, change, revoke tokens. */
#include "admin_internal.h"

#include <string.h>

#include "ecs/store_availability.h"
#include "ecs/store_push.h"

/* ---- show ---- */

static void write_row(struct ecs_json_out *out, const struct ecs_subscriber_row *row)
{
    static const char *const roamings[] = {"unknown", "home", "roaming"};

    ecs_json_str(out, "imsi", row->imsi);
    ecs_json_str(out, "msisdn", row->msisdn);
    ecs_json_str(out, "iccid", row->iccid);
    ecs_json_str(out, "line_state", ecs_str_of(ecs_word(ECS_WORDS_line_state, (int64_t)row->line_state)));
    ecs_json_str(out, "plan", row->plan);
    ecs_json_str(out, "brand", row->brand);
    ecs_json_str(out, "roaming", ecs_str_of(roamings[row->roaming]));
    ecs_json_str(out, "visited_plmn", row->visited_plmn);
    ecs_json_str(out, "language", row->language);
    ecs_json_str(out, "area", row->area);
    ecs_json_str(out, "enterprise", row->enterprise);
    ecs_json_bool(out, "has_key", row->has_key);
    ecs_json_i64(out, "token_generation", row->token_generation);
    ecs_json_i64(out, "revision", row->revision);
    admin_write_time(out, "created_at", row->created_at);
    admin_write_time(out, "updated_at", row->updated_at);
}

struct show {
    struct ecs_subscriber_rows rows;
    struct ecs_push_rows registrations;
    struct ecs_subscriber_facts facts;
    struct ecs_facts_key key;
};

static enum ecs_next find(struct ecs_flow *f)
{
    static const char *const names[] = {"msisdn", NULL};
    struct admin_call *c = f->self;
    struct show *s = admin_own(c, sizeof(*s));
    struct ecs_str text = ECS_STR_NULL;
    struct ecs_msisdn *msisdn = ecs_alloc(f->arena, sizeof(*msisdn));
    enum ecs_next next = admin_query(c, names, &text);

    if (next != ECS_NEXT)
        return next;
    if (!s || !msisdn)
        return admin_no_memory(c);
    /* "+" arrives as a blank when the client did not escape it. */
    if (!text.n || !ecs_msisdn_parse(ecs_str_trim(text), msisdn))
        return admin_refuse(c, "msisdn", "must be 5 to 15 digits with the country code");
    return ecs_store_subscriber_get(f, c->front->store, ECS_BY_MSISDN, ecs_str_of(msisdn->s), &s->rows);
}

static enum ecs_next write_found(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct show *s = c->own;

    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_begin(&c->out, "subscribers", '[');
    for (size_t i = 0; i < s->rows.n; i++) {
        ecs_json_begin(&c->out, NULL, '{');
        write_row(&c->out, &s->rows.rows[i]);
        ecs_json_end(&c->out, '}');
    }
    ecs_json_end(&c->out, ']');
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_subscriber_find_steps[] = {
    {"find", find, 0}, {"write-found", write_found, 0}, {0}};

static enum ecs_next get(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct show *s = admin_own(c, sizeof(*s));
    enum ecs_next next = admin_take_imsi(c);

    if (next != ECS_NEXT)
        return next;
    return s ? ecs_store_subscriber_get(f, c->front->store, ECS_BY_IMSI, ecs_str_of(c->imsi.s), &s->rows)
             : admin_no_memory(c);
}

static enum ecs_next get_services(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct show *s = c->own;

    s->key = admin_facts_key(c);
    return ecs_store_facts(f, c->front->store, &s->key, &s->facts);
}

static enum ecs_next get_registrations(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct show *s = c->own;

    return ecs_store_push_list(f, c->front->store, ecs_str_of(c->imsi.s), &s->registrations);
}

static enum ecs_next write_subscriber(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct show *s = c->own;

    if (!s->rows.n)
        return ecs_flow_fail(f, ECS_E_NOT_FOUND, "%s", c->not_found);
    ecs_json_begin(&c->out, NULL, '{');
    write_row(&c->out, &s->rows.rows[0]);
    ecs_json_str(&c->out, "plan_name", s->facts.plan_name);
    admin_write_words(&c->out, "plan_features", s->facts.features, s->facts.n_features);
    ecs_json_i64(&c->out, "content_revision", s->facts.content_revision);
    admin_write_services(&c->out, &s->facts);
    admin_write_registrations(&c->out, &s->registrations);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_subscriber_get_steps[] = {
    {"get", get, 0},
    {"get-services", get_services, 0},
    {"get-registrations", get_registrations, 0},
    {"write-subscriber", write_subscriber, 0},
    {0},
};

/* ---- add, change ---- */

static const char *const line_states[] = {"active", "suspended", "barred", "terminated", NULL};
static const char *const roamings[] = {"unknown", "home", "roaming", NULL};

struct put {
    struct ecs_str msisdn, iccid, plan, brand, visited_plmn, language, area, enterprise;
    int line_state, roaming;
    struct ecs_subscriber_fields fields;
    struct ecs_msisdn number;
    struct ecs_iccid card;
    struct ecs_facts_key key;
    struct ecs_subscriber_facts facts;
    bool add, created;
    int64_t revision;
};

#define TEXT(name)                                                                                           \
    {                                                                                                        \
#name, ECS_JSON_T_STR, .offset = offsetof(struct put, name), .high = 64                              \
    }
static const struct ecs_json_field put_fields[] = {
    TEXT(msisdn),
    TEXT(iccid),
    TEXT(plan),
    TEXT(brand),
    TEXT(visited_plmn),
    TEXT(language),
    TEXT(area),
    TEXT(enterprise),
    {"line_state", ECS_JSON_T_WORD, .offset = offsetof(struct put, line_state), .words = line_states},
    {"roaming", ECS_JSON_T_WORD, .offset = offsetof(struct put, roaming), .words = roamings},
    {0},
};
#undef TEXT

/* "" clears what may be empty; anything else is checked before the database is asked. */
static enum ecs_next check_fields(struct admin_call *c, struct put *p)
{
    struct ecs_plmn plmn;

    p->fields = (struct ecs_subscriber_fields){
        .msisdn = p->msisdn,
        .iccid = p->iccid,
        .plan = p->plan,
        .brand = p->brand,
        .visited_plmn = p->visited_plmn,
        .language = p->language,
        .area = p->area,
        .enterprise = p->enterprise,
        .line_state = ecs_str_of(p->line_state < 0 ? NULL : line_states[p->line_state]),
        .roaming = ecs_str_of(p->roaming < 0 ? NULL : roamings[p->roaming]),
    };
    if (p->msisdn.n && !ecs_msisdn_parse(p->msisdn, &p->number))
        return admin_refuse(c, "msisdn", "must be 5 to 15 digits with the country code");
    if (p->msisdn.n)
        p->fields.msisdn = ecs_str_of(p->number.s);
    if (p->iccid.n && !ecs_iccid_parse(p->iccid, &p->card))
        return admin_refuse(c, "iccid", "must be 18 to 22 digits");
    if (p->iccid.n)
        p->fields.iccid = ecs_str_of(p->card.s);
    if (p->visited_plmn.n && (!ecs_str_is_digits(p->visited_plmn) || !ecs_plmn_parse(p->visited_plmn, &plmn)))
        return admin_refuse(c, "visited_plmn", "must be MCC and MNC, five or six digits");
    if (p->area.n && !ecs_area_is_valid(p->area, true))
        return admin_refuse(c, "area", "must be a name like north.coast, in small letters");
    if (p->plan.p && !p->plan.n)
        return admin_refuse(c, "plan", "a subscriber always has a plan");
    return ECS_NEXT;
}

static enum ecs_next read_put(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct put *p = admin_own(c, sizeof(*p));
    enum ecs_next next = admin_take_imsi(c);

    if (next == ECS_NEXT && !p)
        next = admin_no_memory(c);
    if (next != ECS_NEXT)
        return next;
    p->line_state = p->roaming = -1;
    c->refused =
        "refused by the database: the plan, the brand or the enterprise does not exist, or a value has the "
        "wrong form";
    next = admin_bind(c, put_fields, p);
    if (next == ECS_NEXT)
        next = check_fields(c, p);
    if (next != ECS_NEXT)
        return next;
    p->key = admin_facts_key(c);
    return ecs_store_facts(f, c->front->store, &p->key, &p->facts);
}

static struct ecs_str given(struct ecs_str text)
{
    return text.n ? text : ECS_STR_NULL;
}

static enum ecs_next write_put(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct put *p = c->own;

    if (p->facts.known)
        return ecs_store_subscriber_set(f, c->front->store, ecs_str_of(c->imsi.s), &p->fields, &p->revision);
    if (!p->plan.n)
        return admin_refuse(c, "plan", "is needed for a new subscriber");
    p->add = true;
    p->fields.msisdn = given(p->fields.msisdn);
    p->fields.iccid = given(p->fields.iccid);
    p->fields.brand = given(p->fields.brand);
    p->fields.visited_plmn = given(p->fields.visited_plmn);
    p->fields.language = given(p->fields.language);
    p->fields.area = given(p->fields.area);
    p->fields.enterprise = given(p->fields.enterprise);
    return ecs_store_subscriber_upsert(f, c->front->store, ecs_str_of(c->imsi.s), &p->fields, &p->created);
}

/* Values that say nothing about the person; of the others only that they were given. */
static void write_detail(struct admin_call *c, const struct put *p)
{
    struct ecs_json_out *out = &c->detail_out;

    if (p->plan.p)
        ecs_json_str(out, "plan", p->plan);
    if (p->brand.p)
        ecs_json_str(out, "brand", p->brand);
    if (p->line_state >= 0)
        ecs_json_str(out, "line_state", p->fields.line_state);
    if (p->roaming >= 0)
        ecs_json_str(out, "roaming", p->fields.roaming);
    if (p->language.p)
        ecs_json_str(out, "language", p->language);
    if (p->visited_plmn.p)
        ecs_json_bool(out, "visited_plmn_given", true);
    if (p->area.p)
        ecs_json_bool(out, "area_given", true);
    if (p->enterprise.p)
        ecs_json_str(out, "enterprise", p->enterprise);
    if (p->msisdn.p)
        ecs_json_bool(out, "msisdn_given", true);
    if (p->iccid.p)
        ecs_json_bool(out, "iccid_given", true);
}

static enum ecs_next say_put(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct put *p = c->own;

    admin_audit(c, p->add ? "subscriber.add" : "subscriber.set");
    write_detail(c, p);
    c->status = p->created ? 201 : 200;
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "imsi", ecs_str_of(c->imsi.s));
    ecs_json_bool(&c->out, "created", p->created);
    if (!p->add)
        ecs_json_i64(&c->out, "revision", p->revision);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_subscriber_put_steps[] = {
    {"read-put", read_put, 0},
    {"write-put", write_put, 0},
    {"say-put", say_put, 0},
    {0},
};

/* ---- revoke ---- */

struct revoke {
    struct ecs_str reason;
    int64_t generation;
};
static const struct ecs_json_field revoke_fields[] = {
    {"reason", ECS_JSON_T_STR, .offset = offsetof(struct revoke, reason), .high = 200},
    {0},
};

static enum ecs_next revoke(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct revoke *r = admin_own(c, sizeof(*r));
    enum ecs_next next = admin_take_imsi(c);

    if (next == ECS_NEXT && !r)
        next = admin_no_memory(c);
    if (next == ECS_NEXT)
        next = admin_bind(c, revoke_fields, r);
    return next == ECS_NEXT
               ? ecs_store_tokens_revoke(f, c->front->store, ecs_str_of(c->imsi.s), &r->generation)
               : next;
}

static enum ecs_next say_revoked(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct revoke *r = c->own;

    admin_audit(c, "token.revoke");
    ecs_json_i64(&c->detail_out, "token_generation", r->generation);
    if (r->reason.p)
        ecs_json_str(&c->detail_out, "reason", r->reason);
    ecs_log(&c->log, ECS_EV_TOKEN_REVOKED, "all tokens of %s are void", c->subject);
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "imsi", ecs_str_of(c->imsi.s));
    ecs_json_i64(&c->out, "token_generation", r->generation);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_subscriber_revoke_steps[] = {
    {"revoke", revoke, 0}, {"say-revoked", say_revoked, 0}, {0}};
