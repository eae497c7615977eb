/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications by hand and how they go: one subscriber, campaigns, outbox, channels; registrations of a
 * line. */
#include "admin_internal.h"

#include "notify.h"

enum { CAMPAIGNS = 50, APPS_MAX = 16, SPREAD_MAX_S = 30 * 86400 };

static const char switched_off[] =
    "notifications are switched off: no channel is configured, or notify.enabled is false";

/* ---- registrations of a subscriber ---- */

void admin_write_registrations(struct ecs_json_out *out, const struct ecs_push_rows *rows)
{
    ecs_json_begin(out, "registrations", '[');
    for (size_t i = 0; i < rows->n; i++) {
        const struct ecs_push_row *row = &rows->rows[i];
        struct ecs_terminal_id id;
        char masked[20] = "";

        if (ecs_terminal_id_parse(row->terminal_id, &id))
            ecs_terminal_id_mask(&id, masked);
        ecs_json_begin(out, NULL, '{');
        ecs_json_str(out, "device", ecs_str_of(masked));
        ecs_json_str(out, "app_name", row->app_name);
        ecs_json_str(out, "channel", ecs_str_of(notify_channel_name(row->channel)));
        admin_write_words(out, "apps", row->apps, row->n_apps);
        admin_write_time(out, "registered_at", row->registered_at);
        admin_write_time(out, "last_success_at", row->last_success_at);
        ecs_json_i64(out, "failures", row->failures);
        ecs_json_end(out, '}');
    }
    ecs_json_end(out, ']');
}

/* ---- by hand ---- */

struct order {
    struct ecs_json_strs apps;
    struct ecs_str plan;
    bool all;
    int64_t spread_s;
    struct ecs_campaign_row campaign;
    int64_t result;
};

/* AppIDs in the spelling of the outbox. */
static enum ecs_next take_apps(struct admin_call *c, struct order *o)
{
    for (size_t i = 0; i < o->apps.n; i++) {
        enum ecs_app app;

        if (!ecs_app_find(o->apps.item[i], &app) && !ecs_app_find_name(o->apps.item[i], &app))
            return admin_refuse(c, "apps", "must be AppIDs of TS.43 such as ap2004, or their names");
        o->apps.item[i] = ecs_str_of(ecs_app_id(app));
    }
    return ECS_NEXT;
}

static void write_apps(struct admin_call *c, const struct order *o)
{
    if (o->apps.n)
        admin_write_words(&c->detail_out, "apps", o->apps.item, o->apps.n);
}

static const struct ecs_json_field notify_fields[] = {
    {"apps", ECS_JSON_T_STRS, .offset = offsetof(struct order, apps), .high = APPS_MAX},
    {0},
};

static enum ecs_next queue_one(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct order *o = admin_own(c, sizeof(*o));
    enum ecs_next next = admin_take_imsi(c);

    if (next == ECS_NEXT && !o)
        next = admin_no_memory(c);
    if (next == ECS_NEXT)
        next = admin_bind(c, notify_fields, o);
    if (next == ECS_NEXT)
        next = take_apps(c, o);
    return next == ECS_NEXT ? ecs_store_notify_add(f, c->front->store, ecs_str_of(c->imsi.s), o->apps.item,
                                                   o->apps.n, ECS_STR("operator"), &o->result)
                            : next;
}

static enum ecs_next say_queued(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct order *o = c->own;

    if (o->result < 0)
        return ecs_flow_fail(f, ECS_E_CONFLICT, "%s", switched_off);
    admin_audit(c, "notify");
    write_apps(c, o);
    ecs_json_i64(&c->detail_out, "queued", o->result);
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "imsi", ecs_str_of(c->imsi.s));
    ecs_json_i64(&c->out, "queued", o->result);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_subscriber_notify_steps[] = {
    {"queue-one", queue_one, 0}, {"say-queued", say_queued, 0}, {0}};

static const struct ecs_json_field campaign_fields[] = {
    {"all", ECS_JSON_T_BOOL, .offset = offsetof(struct order, all)},
    {"plan", ECS_JSON_T_STR, .offset = offsetof(struct order, plan), .low = 1, .high = 63},
    {"apps", ECS_JSON_T_STRS, .offset = offsetof(struct order, apps), .high = APPS_MAX},
    {"spread_s", ECS_JSON_T_I64, .offset = offsetof(struct order, spread_s), .low = 0, .high = SPREAD_MAX_S},
    {0},
};

static enum ecs_next add_campaign(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct order *o = admin_own(c, sizeof(*o));
    enum ecs_next next;

    if (!o)
        return admin_no_memory(c);
    o->spread_s = -1;
    c->not_found = "there is no such plan";
    next = admin_bind(c, campaign_fields, o);
    if (next == ECS_NEXT)
        next = take_apps(c, o);
    if (next == ECS_NEXT && o->all == (o->plan.n > 0))
        next = admin_refuse(c, "plan", "give either a plan or \"all\": true");
    o->campaign = (struct ecs_campaign_row){
        .scope = o->all ? ECS_STR("all") : ECS_STR("plan"),
        .value = o->all ? ECS_STR_NULL : o->plan,
        .apps = o->apps.item,
        .n_apps = o->apps.n,
        .reason = ECS_STR("operator"),
        .spread_s = o->spread_s,
    };
    return next == ECS_NEXT ? ecs_store_campaign_add(f, c->front->store, &o->campaign, &o->result) : next;
}

static enum ecs_next say_campaign(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct order *o = c->own;

    if (o->result < 0)
        return ecs_flow_fail(f, ECS_E_CONFLICT, "%s", switched_off);
    admin_audit(c, "campaign.add");
    ecs_json_i64(&c->detail_out, "id", o->result);
    ecs_json_str(&c->detail_out, "scope", o->campaign.scope);
    if (o->plan.n)
        ecs_json_str(&c->detail_out, "plan", o->plan);
    write_apps(c, o);
    if (o->spread_s >= 0)
        ecs_json_i64(&c->detail_out, "spread_s", o->spread_s);
    c->status = 201;
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_i64(&c->out, "id", o->result);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_campaign_add_steps[] = {
    {"add-campaign", add_campaign, 0}, {"say-campaign", say_campaign, 0}, {0}};

static enum ecs_next cancel(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    int64_t *id = admin_own(c, sizeof(*id));

    if (!id)
        return admin_no_memory(c);
    if (!ecs_str_to_i64(c->arg[0], id) || *id < 1)
        return admin_refuse(c, "id", "must be the number of a campaign");
    c->not_found = "there is no open campaign with this number";
    return ecs_store_campaign_cancel(f, c->front->store, *id);
}

static enum ecs_next say_cancelled(struct ecs_flow *f)
{
    struct admin_call *c = f->self;

    admin_audit(c, "campaign.cancel");
    ecs_json_i64(&c->detail_out, "id", *(int64_t *)c->own);
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_i64(&c->out, "id", *(int64_t *)c->own);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_campaign_cancel_steps[] = {
    {"cancel", cancel, 0}, {"say-cancelled", say_cancelled, 0}, {0}};

/* ---- how it goes ---- */

struct state {
    struct ecs_notify_depth depth;
    struct ecs_campaign_rows campaigns;
};

static enum ecs_next read_depth(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct state *s = admin_own(c, sizeof(*s));

    return s ? ecs_store_notify_depth(f, c->front->store, &s->depth) : admin_no_memory(c);
}

static enum ecs_next read_campaigns(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct state *s = c->own;

    return ecs_store_campaign_list(f, c->front->store, CAMPAIGNS, &s->campaigns);
}

static void write_channels(struct admin_call *c, const struct ecs_notify_depth *depth)
{
    ecs_json_begin(&c->out, "channels", '[');
    for (int channel = 1; channel < ECS_NOTIFY_CHANNELS; channel++) {
        ecs_json_begin(&c->out, NULL, '{');
        ecs_json_str(&c->out, "channel", ecs_str_of(notify_channel_name(channel)));
        ecs_json_bool(&c->out, "configured", c->engine->push_channels & 1u << channel);
        ecs_json_i64(&c->out, "stopped_s", notify_stopped_s(c->front->notify, channel));
        ecs_json_i64(&c->out, "waiting", depth->waiting[channel]);
        ecs_json_i64(&c->out, "due", depth->due[channel]);
        ecs_json_end(&c->out, '}');
    }
    ecs_json_end(&c->out, ']');
}

static void write_number(struct ecs_json_out *out, const char *key, int64_t value)
{
    if (value < 0)
        ecs_json_str(out, key, ECS_STR_NULL);
    else
        ecs_json_i64(out, key, value);
}

static void write_campaign(struct ecs_json_out *out, const struct ecs_campaign_row *row)
{
    ecs_json_begin(out, NULL, '{');
    ecs_json_i64(out, "id", row->id);
    ecs_json_str(out, "scope", row->scope);
    ecs_json_str(out, "value", row->value);
    admin_write_words(out, "apps", row->apps, row->n_apps);
    ecs_json_str(out, "reason", row->reason);
    write_number(out, "spread_s", row->spread_s);
    admin_write_time(out, "starts_at", row->starts_at);
    write_number(out, "total", row->total);
    ecs_json_i64(out, "walked", row->walked);
    ecs_json_i64(out, "queued", row->queued);
    admin_write_time(out, "done_at", row->done_at);
    ecs_json_end(out, '}');
}

static enum ecs_next write_state(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct state *s = c->own;
    int64_t waiting = 0, due = 0;

    for (int i = 1; i < ECS_NOTIFY_CHANNELS; i++) {
        waiting += s->depth.waiting[i];
        due += s->depth.due[i];
    }
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_bool(&c->out, "enabled", c->engine->notify->enabled && c->engine->push_channels != 1);
    ecs_json_i64(&c->out, "waiting", waiting);
    ecs_json_i64(&c->out, "due", due);
    ecs_json_i64(&c->out, "oldest_s", s->depth.oldest_s);
    write_channels(c, &s->depth);
    ecs_json_begin(&c->out, "campaigns", '[');
    for (size_t i = 0; i < s->campaigns.n; i++)
        write_campaign(&c->out, &s->campaigns.rows[i]);
    ecs_json_end(&c->out, ']');
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_notify_status_steps[] = {
    {"read-depth", read_depth, 0},
    {"read-campaigns", read_campaigns, 0},
    {"write-state", write_state, 0},
    {0},
};
