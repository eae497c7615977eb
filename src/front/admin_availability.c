/* SPDX-License-Identifier: Apache-2.0 */
/* What the network can do: states of services, and the feeds that tell them. */
#include "admin_internal.h"
#include "availability_job.h"

enum { YEAR_S = 31536000 };

/* ---- list ---- */

struct listing {
    struct ecs_state_rows states;
    struct ecs_feed_rows feeds;
};

static enum ecs_next read_states(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct listing *l = admin_own(c, sizeof(*l));

    return l ? ecs_store_state_list(f, c->front->store, ECS_STATES_MAX, &l->states) : admin_no_memory(c);
}

static enum ecs_next read_feeds(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct listing *l = c->own;

    return ecs_store_feed_list(f, c->front->store, &l->feeds);
}

static void write_state(struct ecs_json_out *out, const struct ecs_state_row *row)
{
    ecs_json_begin(out, NULL, '{');
    ecs_json_i64(out, "id", row->id);
    ecs_json_str(out, "service", row->service);
    ecs_json_str(out, "state", ecs_str_of(ecs_availability_words[row->state]));
    ecs_json_str(out, "rat", row->rat);
    ecs_json_str(out, "brand", row->brand);
    ecs_json_str(out, "area", row->area);
    ecs_json_str(out, "source", row->source);
    ecs_json_str(out, "message_key", row->message_key);
    ecs_json_i64(out, "validity_s", row->validity_s);
    admin_write_time(out, "since", row->since);
    admin_write_time(out, "expected_end", row->expected_end);
    admin_write_time(out, "updated_at", row->updated_at);
    ecs_json_end(out, '}');
}

static enum ecs_next write_listing(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct listing *l = c->own;

    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_begin(&c->out, "states", '[');
    for (size_t i = 0; i < l->states.n; i++)
        write_state(&c->out, &l->states.rows[i]);
    ecs_json_end(&c->out, ']');
    ecs_json_begin(&c->out, "feeds", '[');
    for (size_t i = 0; i < l->feeds.n; i++) {
        ecs_json_begin(&c->out, NULL, '{');
        ecs_json_str(&c->out, "source", l->feeds.rows[i].source);
        admin_write_time(&c->out, "asked_at", l->feeds.rows[i].asked_at);
        admin_write_time(&c->out, "good_at", l->feeds.rows[i].good_at);
        ecs_json_str(&c->out, "error", l->feeds.rows[i].error);
        ecs_json_end(&c->out, '}');
    }
    ecs_json_end(&c->out, ']');
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_availability_list_steps[] = {
    {"read-states", read_states, 0}, {"read-feeds", read_feeds, 0}, {"write-listing", write_listing, 0}, {0}};

/* ---- set ---- */

struct set {
    int service, state, rat;
    bool has_rat;
    struct ecs_str brand, area, message_key, since, expected_end;
    int64_t validity_s;
    struct ecs_state_row row;
    struct ecs_state_put put;
    struct ecs_state_changes changes;
};

static const struct ecs_json_field set_fields[] = {
    {"service", ECS_JSON_T_WORD, true, offsetof(struct set, service), .words = ecs_state_services},
    {"state", ECS_JSON_T_WORD, true, offsetof(struct set, state), .words = ecs_availability_words},
    {"rat", ECS_JSON_T_WORD, .offset = offsetof(struct set, rat), .set_offset = offsetof(struct set, has_rat),
     .words = ecs_state_rats},
    {"brand", ECS_JSON_T_STR, .offset = offsetof(struct set, brand), .low = 1, .high = 63},
    {"area", ECS_JSON_T_STR, .offset = offsetof(struct set, area), .low = 1, .high = 63},
    {"message_key", ECS_JSON_T_STR, .offset = offsetof(struct set, message_key), .low = 1, .high = 63},
    {"since", ECS_JSON_T_STR, .offset = offsetof(struct set, since), .low = 1, .high = 40},
    {"expected_end", ECS_JSON_T_STR, .offset = offsetof(struct set, expected_end), .low = 1, .high = 40},
    {"validity_s", ECS_JSON_T_I64, .offset = offsetof(struct set, validity_s), .low = 1, .high = YEAR_S},
    {0},
};

static enum ecs_state_tell tell_of(const struct admin_call *c)
{
    const struct ecs_availability_conf *conf = ecs_conf_get(c->engine->snapshot->conf, "availability");

    return (enum ecs_state_tell)conf->tell;
}

static enum ecs_next check_set(struct admin_call *c, struct set *s)
{
    enum ecs_next next = admin_time(c, "since", s->since, &s->row.since);

    if (next == ECS_NEXT)
        next = admin_time(c, "expected_end", s->expected_end, &s->row.expected_end);
    if (next != ECS_NEXT)
        return next;
    if (s->row.since > c->now)
        return admin_refuse(c, "since", "lies in the future; notices announce what comes");
    if (s->expected_end.p && s->row.expected_end <= c->now)
        return admin_refuse(c, "expected_end", "must be later than now");
    if (s->area.p && !ecs_area_is_valid(s->area, false))
        return admin_refuse(c, "area", "must be a name like north.coast, or mcc-262, or plmn-26201");
    if (s->message_key.p && !ecs_message_exists(c->engine->snapshot->messages, s->message_key))
        return admin_refuse(c, "message_key", "is not in the message catalogues (policy.messages)");
    s->row.service = ecs_str_of(ecs_state_services[s->service]);
    s->row.rat = ecs_str_of(s->has_rat ? ecs_state_rats[s->rat] : NULL);
    s->row.state = (enum ecs_availability)s->state;
    s->row.brand = s->brand;
    s->row.area = s->area;
    s->row.message_key = s->message_key.p ? s->message_key : availability_message(c->engine, s->row.state);
    s->row.validity_s = s->validity_s;
    return ECS_NEXT;
}

static enum ecs_next put_state(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct set *s = admin_own(c, sizeof(*s));
    enum ecs_next next;

    if (!s)
        return admin_no_memory(c);
    c->refused = "refused by the database: 200 states stand already";
    next = admin_bind(c, set_fields, s);
    if (next == ECS_NEXT)
        next = check_set(c, s);
    if (next != ECS_NEXT)
        return next;
    s->put =
        (struct ecs_state_put){.source = ECS_STR("operator"), .tell = tell_of(c), .rows = &s->row, .n = 1};
    return ecs_store_state_put(f, c->front->store, &s->put, &s->changes);
}

static enum ecs_next say_state(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct set *s = c->own;

    if (s->changes.skipped)
        return admin_refuse(c, "brand", "there is no such brand");
    admin_audit(c, "availability.set");
    ecs_json_str(&c->detail_out, "service", s->row.service);
    ecs_json_str(&c->detail_out, "state", ecs_str_of(ecs_availability_words[s->row.state]));
    if (s->row.rat.p)
        ecs_json_str(&c->detail_out, "rat", s->row.rat);
    if (s->brand.p)
        ecs_json_str(&c->detail_out, "brand", s->brand);
    if (s->area.p)
        ecs_json_str(&c->detail_out, "area", s->area);
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_bool(&c->out, "changed", s->changes.changed > 0);
    ecs_json_bool(&c->out, "told", s->changes.told > 0);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_availability_set_steps[] = {
    {"put-state", put_state, 0}, {"say-state", say_state, 0}, {0}};

/* ---- clear ---- */

struct clear {
    struct ecs_state_clear what;
    struct ecs_str query[4];
    int64_t removed;
};

static bool is_one_of(struct ecs_str text, const char *const *words)
{
    while (*words && !ecs_str_eq(text, ecs_str_of(*words)))
        words++;
    return *words != NULL;
}

static enum ecs_next run_clear(struct ecs_flow *f)
{
    static const char *const names[] = {"service", "rat", "brand", "area", NULL};
    struct admin_call *c = f->self;
    struct clear *k = admin_own(c, sizeof(*k));
    enum ecs_next next = k ? admin_query(c, names, k->query) : admin_no_memory(c);

    if (next != ECS_NEXT)
        return next;
    /* "?area=" of a script whose variable is empty must not remove everything. */
    for (size_t i = 0; names[i]; i++)
        if (k->query[i].p && !k->query[i].n)
            return admin_refuse(c, names[i], "must not be empty; left out: any");
    if (k->query[0].p && !is_one_of(k->query[0], ecs_state_services))
        return admin_refuse(c, "service", "is no service that states are about");
    if (k->query[1].p && !is_one_of(k->query[1], ecs_state_rats))
        return admin_refuse(c, "rat", "must be lte, nr, wifi or satellite");
    k->what = (struct ecs_state_clear){.service = k->query[0],
                                       .rat = k->query[1],
                                       .brand = k->query[2],
                                       .area = k->query[3],
                                       .tell = tell_of(c)};
    return ecs_store_state_clear(f, c->front->store, &k->what, &k->removed);
}

static enum ecs_next remove_one(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct clear *k = admin_own(c, sizeof(*k));

    if (!k)
        return admin_no_memory(c);
    if (!ecs_str_to_i64(c->arg[0], &k->what.id) || k->what.id < 1)
        return admin_refuse(c, "id", "must be a positive number");
    k->what.tell = tell_of(c);
    return ecs_store_state_clear(f, c->front->store, &k->what, &k->removed);
}

static enum ecs_next say_cleared(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct clear *k = c->own;

    if (k->what.id && !k->removed)
        return ecs_flow_fail(f, ECS_E_NOT_FOUND, "there is no such state");
    admin_audit(c, "availability.clear");
    ecs_json_i64(&c->detail_out, "removed", k->removed);
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_i64(&c->out, "removed", k->removed);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_availability_clear_steps[] = {
    {"clear", run_clear, 0}, {"say-cleared", say_cleared, 0}, {0}};
const struct ecs_step admin_availability_delete_steps[] = {
    {"remove-one", remove_one, 0}, {"say-cleared", say_cleared, 0}, {0}};
