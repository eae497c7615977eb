/* SPDX-License-Identifier: Apache-2.0 */
/* eSIM profiles of a line or of an enterprise. Activation codes are never shown. */
#include "admin_odsa.h"

#include <stdio.h>
#include <string.h>

enum { PROFILES_USUAL = 100, PROFILES_MOST = 1000 };

/* ServiceStatus (TS.43 Table 43), and what comes before and after it. */
static const char *status_word(const struct ecs_profile *profile)
{
    static const char *const words[] = {"?", "activated", "activating", "deactivated", "ended"};

    if (profile->waiting)
        return "waiting";
    return profile->status >= 1 && profile->status <= 4 ? words[profile->status] : words[0];
}

static void write_profile(struct ecs_json_out *out, const struct ecs_profile *p)
{
    char app[16];

    snprintf(app, sizeof(app), "ap%d", p->app);
    ecs_json_begin(out, NULL, '{');
    ecs_json_i64(out, "id", p->id);
    ecs_json_str(out, "app", ecs_str_of(app));
    ecs_json_str(out, "iccid", p->iccid);
    ecs_json_str(out, "status", ecs_str_of(status_word(p)));
    ecs_json_str(out, "service", p->service);
    ecs_json_str(out, "plan", p->plan);
    admin_write_device(out, "device", p->terminal_id);
    admin_write_eid(out, "eid", p->eid);
    ecs_json_str(out, "name", p->name);
    ecs_json_str(out, "vendor", p->vendor);
    ecs_json_str(out, "model", p->model);
    ecs_json_str(out, "line_imsi", p->line_imsi);
    ecs_json_str(out, "msisdn", p->msisdn);
    ecs_json_str(out, "origin", p->origin);
    ecs_json_str(out, "smdp", p->smdp);
    ecs_json_bool(out, "secondary", p->secondary);
    if (p->journey)
        ecs_json_i64(out, "journey", p->journey);
    else
        ecs_json_str(out, "journey", ECS_STR_NULL);
    admin_write_time(out, "created_at", p->created_at);
    admin_write_time(out, "delivered_at", p->delivered_at);
    admin_write_time(out, "installed_at", p->installed_at);
    admin_write_time(out, "deleted_at", p->deleted_at);
    ecs_json_end(out, '}');
}

static enum ecs_next write_profiles(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct ecs_profile_rows *rows = c->own;

    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_begin(&c->out, "profiles", '[');
    for (size_t i = 0; i < rows->n; i++)
        write_profile(&c->out, &rows->rows[i]);
    ecs_json_end(&c->out, ']');
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}

static enum ecs_next of_line(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct ecs_profile_rows *rows = admin_own(c, sizeof(*rows));
    unsigned limit = 0;
    enum ecs_next next = rows ? admin_take_imsi(c) : admin_no_memory(c);

    if (next == ECS_NEXT)
        next = admin_limit(c, PROFILES_USUAL, PROFILES_MOST, &limit);
    return next == ECS_NEXT
               ? ecs_store_profile_list(f, c->front->store, ecs_str_of(c->imsi.s), ECS_STR_NULL, limit, rows)
               : next;
}
const struct ecs_step admin_subscriber_profiles_steps[] = {
    {"of-line", of_line, 0}, {"write-profiles", write_profiles, 0}, {0}};

static enum ecs_next of_enterprise(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct ecs_profile_rows *rows = admin_own(c, sizeof(*rows));
    unsigned limit = 0;
    enum ecs_next next = rows ? admin_limit(c, PROFILES_USUAL, PROFILES_MOST, &limit) : admin_no_memory(c);

    return next == ECS_NEXT ? ecs_store_profile_list(f, c->front->store, ECS_STR_NULL, c->arg[0], limit, rows)
                            : next;
}
const struct ecs_step admin_enterprise_profiles_steps[] = {
    {"of-enterprise", of_enterprise, 0}, {"write-profiles", write_profiles, 0}, {0}};
