/* SPDX-License-Identifier: Apache-2.0 */
/* The services of a line: what portals, provisioning and care agents tell about them. */
#include "admin_internal.h"

#include <string.h>

/* Services that the applications read (src/app/app_facts.c). */
static const char *const services[] = {"volte",   "vonr",     "vowifi",  "smsoip", "dataplan",
                                       "billing", "identity", "satmode", NULL};
static const char *const overrides[] = {"none", "allow", "deny", "provisioning", NULL};

struct service_put {
    int64_t tc_status, tc_version, addr_status, prov_status;
    struct ecs_str addr_expiry, addr_identifier;
    int override;
    bool flow_closed;
    struct ecs_line_service_set set;
    int64_t revision;
};

#define NUMBER(name, most)                                                                                   \
    {                                                                                                        \
#name, ECS_JSON_T_I64, .offset = offsetof(struct service_put, name), .low = 0, .high = most          \
    }
static const struct ecs_json_field put_fields[] = {
    NUMBER(tc_status, 3),
    NUMBER(tc_version, INT32_MAX),
    NUMBER(addr_status, 3),
    NUMBER(prov_status, 3),
    {"addr_expiry", ECS_JSON_T_STR, .offset = offsetof(struct service_put, addr_expiry), .low = 1,
     .high = 40},
    {"addr_identifier", ECS_JSON_T_STR, .offset = offsetof(struct service_put, addr_identifier), .low = 1,
     .high = 256},
    {"override", ECS_JSON_T_WORD, .offset = offsetof(struct service_put, override), .words = overrides},
    {"flow_closed", ECS_JSON_T_BOOL, .offset = offsetof(struct service_put, flow_closed)},
    {0},
};
#undef NUMBER

static enum ecs_next take_service(struct admin_call *c)
{
    enum ecs_next next = admin_take_imsi(c);

    if (next != ECS_NEXT)
        return next;
    for (size_t i = 0; services[i]; i++)
        if (ecs_str_eq(c->arg[1], ecs_str_of(services[i])))
            return ECS_NEXT;
    return admin_refuse(c, "service",
                        "must be volte, vonr, vowifi, smsoip, dataplan, billing, identity or satmode");
}

static enum ecs_next put(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct service_put *p = admin_own(c, sizeof(*p));
    enum ecs_next next = take_service(c);

    if (next == ECS_NEXT && !p)
        next = admin_no_memory(c);
    if (next != ECS_NEXT)
        return next;
    p->tc_status = p->tc_version = p->addr_status = p->prov_status = p->override = -1;
    next = admin_bind(c, put_fields, p);
    if (next != ECS_NEXT)
        return next;
    p->set = (struct ecs_line_service_set){
        .tc_status = (int)p->tc_status,
        .tc_version = p->tc_version,
        .tc_at = p->tc_status == 1 ? c->now : 0, /* accepted: now */
        .addr_status = (int)p->addr_status,
        .prov_status = (int)p->prov_status,
        .addr_identifier = p->addr_identifier,
        .override = ecs_str_of(p->override < 0 ? NULL : overrides[p->override]),
        .flow_closed_at = p->flow_closed ? c->now : 0,
    };
    next = admin_time(c, "addr_expiry", p->addr_expiry, &p->set.addr_expiry);
    c->refused = "refused by the database: a value has the wrong form";
    return next == ECS_NEXT ? ecs_store_line_service_set(f, c->front->store, ecs_str_of(c->imsi.s), c->arg[1],
                                                         &p->set, &p->revision)
                            : next;
}

static void write_detail(struct admin_call *c, const struct service_put *p)
{
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {
        {"tc_status", p->tc_status},
        {"tc_version", p->tc_version},
        {"addr_status", p->addr_status},
        {"prov_status", p->prov_status},
    };

    ecs_json_str(&c->detail_out, "service", c->arg[1]);
    for (size_t i = 0; i < ECS_ARRAY_LEN(numbers); i++)
        if (numbers[i].value >= 0)
            ecs_json_i64(&c->detail_out, numbers[i].name, numbers[i].value);
    if (p->set.override.p)
        ecs_json_str(&c->detail_out, "override", p->set.override);
    if (p->set.addr_expiry)
        admin_write_time(&c->detail_out, "addr_expiry", p->set.addr_expiry);
    if (p->addr_identifier.p)
        ecs_json_bool(&c->detail_out, "addr_identifier_given", true);
    if (p->flow_closed)
        ecs_json_bool(&c->detail_out, "flow_closed", true);
}

static enum ecs_next say(struct admin_call *c, const char *action, int64_t revision)
{
    admin_audit(c, action);
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "imsi", ecs_str_of(c->imsi.s));
    ecs_json_str(&c->out, "service", c->arg[1]);
    ecs_json_i64(&c->out, "revision", revision);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}

static enum ecs_next say_put(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct service_put *p = c->own;

    write_detail(c, p);
    return say(c, "service.set", p->revision);
}
const struct ecs_step admin_service_put_steps[] = {{"put", put, 0}, {"say-put", say_put, 0}, {0}};

static enum ecs_next forget(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    int64_t *revision = admin_own(c, sizeof(*revision));
    enum ecs_next next = take_service(c);

    if (next == ECS_NEXT && !revision)
        next = admin_no_memory(c);
    c->not_found = "nothing is known of this service on this line";
    return next == ECS_NEXT
               ? ecs_store_line_service_delete(f, c->front->store, ecs_str_of(c->imsi.s), c->arg[1], revision)
               : next;
}

static enum ecs_next say_forgotten(struct ecs_flow *f)
{
    struct admin_call *c = f->self;

    ecs_json_str(&c->detail_out, "service", c->arg[1]);
    return say(c, "service.delete", *(int64_t *)c->own);
}
const struct ecs_step admin_service_delete_steps[] = {
    {"forget", forget, 0}, {"say-forgotten", say_forgotten, 0}, {0}};
