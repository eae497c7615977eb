/* SPDX-License-Identifier: Apache-2.0 */
/* Data of the plain applications: usage, boosts, accounts and pseudonym of a line; what a plan gives;
 * satellite networks. */
#include "admin_internal.h"

#include <string.h>

#include "ecs/store_data_admin.h"

static const char *const booleans[] = {"no", "yes", NULL};

struct data {
    struct ecs_str json; /* of the database */
    /* a change of a line */
    int kind, state;
    int64_t type, terms, allowance, used, seconds;
    struct ecs_str bucket, name, description, cycle_end, at, key, vendor, user, pseudonym, ends_at;
    struct ecs_data_change change;
    enum ecs_data_verdict verdict;
    /* a plan */
    int sa;
    struct ecs_json_list access, boosts;
    bool has_access, has_boosts;
    struct ecs_plan_data plan;
    /* a satellite network */
    struct ecs_str of_plan, of_brand;
    int barred, metered, data, voice;
    int64_t sort;
    struct ecs_satellite_put network;
};

static enum ecs_next write_json(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct data *d = c->own;

    ecs_buf_add_str(&c->body, d->json);
    return ECS_DONE;
}

/* ---- a line ---- */

static enum ecs_next read_line(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct data *d = admin_own(c, sizeof(*d));
    enum ecs_next next = d ? admin_take_imsi(c) : admin_no_memory(c);

    return next == ECS_NEXT ? ecs_store_line_data_show(f, c->front->store, ecs_str_of(c->imsi.s), &d->json)
                            : next;
}
const struct ecs_step admin_line_data_get_steps[] = {
    {"read-line", read_line, 0}, {"write-json", write_json, 0}, {0}};

#define TEXT(member, least, most)                                                                            \
    {                                                                                                        \
#member, ECS_JSON_T_STR, .offset = offsetof(struct data, member), .low = least, .high = most         \
    }
#define NUMBER(member, least, most)                                                                          \
    {                                                                                                        \
#member, ECS_JSON_T_I64, .offset = offsetof(struct data, member), .low = least, .high = most         \
    }
static const struct ecs_json_field change_fields[] = {
    {"kind", ECS_JSON_T_WORD, .required = true, .offset = offsetof(struct data, kind),
     .words = ecs_data_kinds},
    TEXT(bucket, 1, 63),
    {"usage_type", ECS_JSON_T_I64, .offset = offsetof(struct data, type), .high = 1},
    TEXT(name, 0, 512),
    TEXT(description, 0, 512),
    TEXT(cycle_end, 1, 40),
    NUMBER(allowance, 0, INT64_MAX),
    NUMBER(used, 0, INT64_MAX),
    TEXT(at, 1, 40),
    {"boost_type", ECS_JSON_T_I64, .offset = offsetof(struct data, type), .high = 255},
    TEXT(key, 1, 64),
    NUMBER(seconds, 1, 31536000),
    {"store_vendor", ECS_JSON_T_STR, .offset = offsetof(struct data, vendor), .low = 1, .high = 128},
    {"store_user_id", ECS_JSON_T_STR, .offset = offsetof(struct data, user), .low = 1, .high = 256},
    {"state", ECS_JSON_T_WORD, .offset = offsetof(struct data, state), .words = ecs_billing_states},
    NUMBER(terms, 0, 3),
    TEXT(pseudonym, 0, 1015),
    TEXT(ends_at, 1, 40),
    {0},
};

/* What the kind cannot be without. */
static enum ecs_next check_change(struct admin_call *c, struct data *d)
{
    switch ((enum ecs_data_kind)d->kind) {
    case ECS_DATA_USAGE:
        if (d->used < 0)
            return admin_refuse(c, "used", "is missing");
        /* fall through */
    case ECS_DATA_USAGE_END:
        return d->bucket.n ? ECS_NEXT : admin_refuse(c, "bucket", "is missing");
    case ECS_DATA_BOOST:
        if (!d->key.n)
            return admin_refuse(c, "key", "is missing: the same key buys once");
        /* fall through */
    case ECS_DATA_BOOST_END:
        return d->type >= 0 ? ECS_NEXT : admin_refuse(c, "boost_type", "is missing");
    case ECS_DATA_ACCOUNT:
        if (!d->vendor.n || !d->user.n)
            return admin_refuse(c, d->vendor.n ? "store_user_id" : "store_vendor", "is missing");
        return d->state >= 0 ? ECS_NEXT : admin_refuse(c, "state", "is missing");
    case ECS_DATA_PSEUDONYM:
        return d->pseudonym.p ? ECS_NEXT : admin_refuse(c, "pseudonym", "is missing; empty removes it");
    case ECS_DATA_KIND_COUNT:
        break;
    }
    return ECS_NEXT;
}

static bool fill_change(struct admin_call *c, struct data *d, int64_t time, int64_t at)
{
    struct ecs_data_change *x = &d->change;

    *x =
        (struct ecs_data_change){.kind = (enum ecs_data_kind)d->kind,
                                 .imsi = ecs_str_of(c->imsi.s),
                                 .vendor = d->vendor,
                                 .key = d->bucket.n ? d->bucket : d->key,
                                 .text = d->name,
                                 .more = d->description,
                                 .type = d->type < 0 ? 0 : (int)d->type,
                                 .time = time,
                                 .a = d->allowance,
                                 .b = d->kind == ECS_DATA_BOOST ? (d->seconds < 0 ? 0 : d->seconds) : d->used,
                                 .at = at,
                                 .actor = ECS_STR("operator"),
                                 .subject_masked = ecs_str_of(c->subject)};
    if (d->kind == ECS_DATA_PSEUDONYM)
        x->text = d->pseudonym;
    if ((d->kind == ECS_DATA_BOOST || d->kind == ECS_DATA_BOOST_END) && !x->type)
        x->type = ECS_BOOST_INTERACTIVE;
    if (d->kind != ECS_DATA_ACCOUNT)
        return true;
    x->text = ecs_str_of(ecs_billing_states[d->state]);
    x->type = (int)d->terms;
    return ecs_billing_account(c->front->crypto, d->vendor, d->user, x->account);
}

static enum ecs_next put_change(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct data *d = admin_own(c, sizeof(*d));
    int64_t cycle_end = 0, ends_at = 0, at = 0;
    enum ecs_next next = d ? admin_take_imsi(c) : admin_no_memory(c);

    if (next != ECS_NEXT)
        return next;
    d->state = -1;
    d->type = d->terms = d->allowance = d->used = d->seconds = -1;
    next = admin_bind(c, change_fields, d);
    if (next == ECS_NEXT)
        next = check_change(c, d);
    if (next == ECS_NEXT)
        next = admin_time(c, "cycle_end", d->cycle_end, &cycle_end);
    if (next == ECS_NEXT)
        next = admin_time(c, "ends_at", d->ends_at, &ends_at);
    if (next == ECS_NEXT)
        next = admin_time(c, "at", d->at, &at);
    if (next != ECS_NEXT)
        return next;
    if (!fill_change(c, d, d->kind == ECS_DATA_USAGE ? cycle_end : ends_at, at))
        return admin_no_memory(c);
    c->refused = "refused by the database: a value has the wrong form";
    return ecs_store_line_data_put(f, c->front->store, &d->change, &d->verdict);
}

static enum ecs_next say_change(struct ecs_flow *f)
{
    static const char *const words[ECS_DATA_VERDICT_COUNT] = {"done", "unchanged", "refused", "not found"};
    struct admin_call *c = f->self;
    const struct data *d = c->own;

    if (d->verdict == ECS_DATA_GONE)
        return ecs_flow_fail(f, ECS_E_NOT_FOUND, "no such subscriber, or no such boost");
    if (d->verdict == ECS_DATA_REFUSED)
        return ecs_flow_fail(f, ECS_E_CONFLICT,
                             "the plan does not sell this boost, or the line is not active");
    admin_audit(c, "line.data");
    ecs_json_str(&c->detail_out, "kind", ecs_str_of(ecs_data_kinds[d->kind]));
    ecs_json_str(&c->detail_out, "result", ecs_str_of(words[d->verdict]));
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "kind", ecs_str_of(ecs_data_kinds[d->kind]));
    ecs_json_str(&c->out, "result", ecs_str_of(words[d->verdict]));
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_line_data_put_steps[] = {
    {"put-change", put_change, 0}, {"say-change", say_change, 0}, {0}};

/* ---- a plan ---- */

static enum ecs_next read_plan(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct data *d = admin_own(c, sizeof(*d));

    c->not_found = "there is no such plan";
    return d ? ecs_store_plan_data_show(f, c->front->store, c->arg[0], &d->json) : admin_no_memory(c);
}
const struct ecs_step admin_plan_data_get_steps[] = {
    {"read-plan", read_plan, 0}, {"write-json", write_json, 0}, {0}};

struct access {
    int64_t access;
    bool metered;
};
static const struct ecs_json_field access_members[3] = {
    {"access", ECS_JSON_T_I64, .required = true, .offset = offsetof(struct access, access), .high = 5},
    {"metered", ECS_JSON_T_BOOL, .required = true, .offset = offsetof(struct access, metered)},
    {0},
};

enum { BOOST_NUMBERS = 11 };
struct boost {
    int64_t n[BOOST_NUMBERS];
    bool has[BOOST_NUMBERS];
    int offer;
    struct ecs_str price, network, profile;
};
#define VALUE(name, i, least, most)                                                                          \
    {                                                                                                        \
        name, ECS_JSON_T_I64, .offset = offsetof(struct boost, n[i]),                                        \
                              .set_offset = offsetof(struct boost, has[i]), .low = least, .high = most       \
    }
static const struct ecs_json_field boost_members[16] = {
    VALUE("boost_type", 0, 0, 255),
    VALUE("seconds", 1, 1, 31536000),
    VALUE("pdb_ms", 2, 0, UINT32_MAX),
    VALUE("jitter_ns", 3, 0, 1000000000000),
    VALUE("min_down_mbps", 4, 0, UINT32_MAX),
    VALUE("max_down_mbps", 5, 0, UINT32_MAX),
    VALUE("burst_down_mbps", 6, 0, UINT32_MAX),
    VALUE("min_up_mbps", 7, 0, UINT32_MAX),
    VALUE("max_up_mbps", 8, 0, UINT32_MAX),
    VALUE("burst_up_mbps", 9, 0, UINT32_MAX),
    VALUE("error_exponent", 10, 0, 99),
    {"offer", ECS_JSON_T_WORD, .offset = offsetof(struct boost, offer), .words = ecs_boost_offers},
    {"price", ECS_JSON_T_STR, .offset = offsetof(struct boost, price), .high = 512},
    {"network", ECS_JSON_T_STR, .offset = offsetof(struct boost, network), .low = 1, .high = 63},
    {"profile", ECS_JSON_T_STR, .offset = offsetof(struct boost, profile), .low = 1, .high = 63},
    {0},
};
#undef VALUE

static const char *const sa_words[] = {"unknown", "on", "off", NULL};
static const struct ecs_json_field data_fields[] = {
    {"sa", ECS_JSON_T_WORD, .offset = offsetof(struct data, sa), .words = sa_words},
    {"access", ECS_JSON_T_LIST, .offset = offsetof(struct data, access), .high = 6, .sub = access_members,
     .item_size = sizeof(struct access), .set_offset = offsetof(struct data, has_access)},
    {"boosts", ECS_JSON_T_LIST, .offset = offsetof(struct data, boosts), .high = 64, .sub = boost_members,
     .item_size = sizeof(struct boost), .set_offset = offsetof(struct data, has_boosts)},
    {0},
};

/* What the database takes: the checked values again, those not given left out. */
static struct ecs_str keep_list(struct ecs_arena *arena, struct ecs_buf *buf)
{
    struct ecs_str text = {buf->overflow ? NULL : ecs_strdup(arena, ecs_buf_str(buf)), buf->n};

    ecs_buf_done(buf);
    return text.p ? text : ECS_STR_NULL;
}

static struct ecs_str access_list(struct ecs_arena *arena, const struct ecs_json_list *list)
{
    const struct access *items = list->items;
    struct ecs_buf buf = {0};
    struct ecs_json_out out = {.buf = &buf};

    ecs_json_begin(&out, NULL, '[');
    for (size_t i = 0; i < list->n; i++) {
        ecs_json_begin(&out, NULL, '{');
        ecs_json_i64(&out, "access", items[i].access);
        ecs_json_bool(&out, "metered", items[i].metered);
        ecs_json_end(&out, '}');
    }
    ecs_json_end(&out, ']');
    return keep_list(arena, &buf);
}

static struct ecs_str boost_list(struct ecs_arena *arena, const struct ecs_json_list *list)
{
    const struct boost *items = list->items;
    struct ecs_buf buf = {0};
    struct ecs_json_out out = {.buf = &buf};

    ecs_json_begin(&out, NULL, '[');
    for (size_t i = 0; i < list->n; i++) {
        const struct boost *b = &items[i];

        ecs_json_begin(&out, NULL, '{');
        for (size_t k = 0; k < BOOST_NUMBERS; k++) /* the first rows of boost_members */
            if (b->has[k])
                ecs_json_i64(&out, boost_members[k].name, b->n[k]);
        ecs_json_str(&out, "offer", ecs_str_of(ecs_boost_offers[b->offer]));
        if (b->price.n)
            ecs_json_str(&out, "price", b->price);
        if (b->network.n)
            ecs_json_str(&out, "network", b->network);
        if (b->profile.n)
            ecs_json_str(&out, "profile", b->profile);
        ecs_json_end(&out, '}');
    }
    ecs_json_end(&out, ']');
    return keep_list(arena, &buf);
}

static enum ecs_next put_plan(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct data *d = admin_own(c, sizeof(*d));
    enum ecs_next next;

    c->not_found = "there is no such plan";
    c->refused = "refused by the database: an access or boost is there twice, or network and profile do not "
                 "come together";
    if (!d)
        return admin_no_memory(c);
    d->sa = -1;
    next = admin_bind(c, data_fields, d);
    if (next != ECS_NEXT)
        return next;
    for (size_t i = 0; i < d->boosts.n; i++)
        if (!((const struct boost *)d->boosts.items)[i].has[0])
            return admin_refuse(c, "boosts", "boost_type is missing");
    d->plan = (struct ecs_plan_data){.plan = c->arg[0], .sa = ecs_str_of(d->sa < 0 ? NULL : sa_words[d->sa])};
    if (d->has_access)
        d->plan.access = access_list(f->arena, &d->access);
    if (d->has_boosts)
        d->plan.boosts = boost_list(f->arena, &d->boosts);
    if ((d->has_access && !d->plan.access.p) || (d->has_boosts && !d->plan.boosts.p))
        return admin_no_memory(c);
    return ecs_store_plan_data_put(f, c->front->store, &d->plan);
}

static enum ecs_next say_plan(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct data *d = c->own;

    admin_audit(c, "plan.data");
    ecs_json_str(&c->detail_out, "plan", c->arg[0]);
    if (d->has_access)
        ecs_json_i64(&c->detail_out, "access", (int64_t)d->access.n);
    if (d->has_boosts)
        ecs_json_i64(&c->detail_out, "boosts", (int64_t)d->boosts.n);
    return ecs_store_plan_data_show(f, c->front->store, c->arg[0], &((struct data *)c->own)->json);
}
const struct ecs_step admin_plan_data_put_steps[] = {
    {"put-plan", put_plan, 0}, {"say-plan", say_plan, 0}, {"write-json", write_json, 0}, {0}};

/* ---- satellite networks ---- */

static enum ecs_next read_networks(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct data *d = admin_own(c, sizeof(*d));

    return d ? ecs_store_satellite_list(f, c->front->store, &d->json) : admin_no_memory(c);
}

static enum ecs_next write_networks(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct data *d = c->own;

    ecs_json_begin(&c->out, NULL, '{');
    admin_write_raw(&c->out, "networks", d->json);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_satellite_list_steps[] = {
    {"read-networks", read_networks, 0}, {"write-networks", write_networks, 0}, {0}};

static const char *const policies[] = {"none", "constrained", "unconstrained", NULL};
static const struct ecs_json_field network_fields[] = {
    {"plan", ECS_JSON_T_STR, .offset = offsetof(struct data, of_plan), .low = 1, .high = 63},
    {"brand", ECS_JSON_T_STR, .offset = offsetof(struct data, of_brand), .low = 1, .high = 63},
    {"barred", ECS_JSON_T_WORD, .offset = offsetof(struct data, barred), .words = booleans},
    {"metered", ECS_JSON_T_WORD, .offset = offsetof(struct data, metered), .words = booleans},
    {"data", ECS_JSON_T_WORD, .offset = offsetof(struct data, data), .words = policies},
    {"voice", ECS_JSON_T_WORD, .offset = offsetof(struct data, voice), .words = policies},
    {"sort", ECS_JSON_T_I64, .offset = offsetof(struct data, sort), .high = 1000000},
    {0},
};

static enum ecs_next take_network(struct admin_call *c, struct data *d)
{
    struct ecs_plmn plmn;

    c->not_found = "there is no such network";
    c->refused = "refused by the database: the plan or brand does not exist";
    if (!ecs_str_is_digits(c->arg[0]) || c->arg[0].n > 6 || !ecs_plmn_parse(c->arg[0], &plmn))
        return admin_refuse(c, "plmn", "must be 5 or 6 digits");
    if (d->of_plan.n && d->of_brand.n)
        return admin_refuse(c, "brand", "goes without plan: a network is of a plan, of a brand, or of all");
    d->network = (struct ecs_satellite_put){.network = {.plmn = c->arg[0],
                                                        .barred = d->barred == 1,
                                                        .metered = d->metered,
                                                        .data = d->data,
                                                        .voice = d->voice},
                                            .plan = d->of_plan,
                                            .brand = d->of_brand,
                                            .sort = d->sort};
    return ECS_NEXT;
}

static enum ecs_next put_network(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct data *d = admin_own(c, sizeof(*d));
    enum ecs_next next;

    if (!d)
        return admin_no_memory(c);
    d->metered = -1;
    d->sort = 100;
    next = admin_bind(c, network_fields, d);
    if (next == ECS_NEXT)
        next = take_network(c, d);
    return next == ECS_NEXT ? ecs_store_satellite_put(f, c->front->store, &d->network) : next;
}

static enum ecs_next drop_network(struct ecs_flow *f)
{
    static const char *const names[] = {"plan", "brand", NULL};
    struct admin_call *c = f->self;
    struct data *d = admin_own(c, sizeof(*d));
    struct ecs_str values[2] = {ECS_STR_NULL, ECS_STR_NULL};
    enum ecs_next next = d ? admin_query(c, names, values) : admin_no_memory(c);

    if (next != ECS_NEXT)
        return next;
    d->of_plan = values[0];
    d->of_brand = values[1];
    next = take_network(c, d);
    return next == ECS_NEXT ? ecs_store_satellite_delete(f, c->front->store, &d->network) : next;
}

static enum ecs_next say_network(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct data *d = c->own;

    admin_audit(c, c->match.route->method == ECS_HTTP_DELETE ? "satellite.delete" : "satellite.set");
    ecs_json_str(&c->detail_out, "plmn", c->arg[0]);
    if (d->of_plan.n)
        ecs_json_str(&c->detail_out, "plan", d->of_plan);
    if (d->of_brand.n)
        ecs_json_str(&c->detail_out, "brand", d->of_brand);
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "plmn", c->arg[0]);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_satellite_put_steps[] = {
    {"put-network", put_network, 0}, {"say-network", say_network, 0}, {0}};
const struct ecs_step admin_satellite_delete_steps[] = {
    {"drop-network", drop_network, 0}, {"say-network", say_network, 0}, {0}};
