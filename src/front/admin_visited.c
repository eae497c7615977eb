/* SPDX-License-Identifier: Apache-2.0 */
/* Networks of roaming partners: what works there by agreement. */
#include <string.h>

#include "admin_internal.h"
#include "ecs/store_availability.h"

enum { LIST_USUAL = 100, LIST_MAX = 1000, SERVICES_MAX = 32, SERVICE_MAX = 63 };

struct visited {
    struct ecs_visited_rows rows;
    struct ecs_str query[2], name, country;
    struct ecs_json_strs services;
    struct ecs_visited_row row;
};

static enum ecs_next read_visited(struct ecs_flow *f)
{
    static const char *const names[] = {"after", "limit", NULL};
    struct admin_call *c = f->self;
    struct visited *v = admin_own(c, sizeof(*v));
    enum ecs_next next = v ? admin_query(c, names, v->query) : admin_no_memory(c);
    uint32_t limit = LIST_USUAL;

    if (next != ECS_NEXT)
        return next;
    if (v->query[1].p && (!ecs_str_to_u32(v->query[1], &limit) || limit < 1 || limit > LIST_MAX))
        return admin_refuse(c, "limit", "must be a number from 1 to 1000");
    return ecs_store_visited_list(f, c->front->store, v->query[0], limit, &v->rows);
}

static enum ecs_next write_visited(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct visited *v = c->own;

    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_begin(&c->out, "networks", '[');
    for (size_t i = 0; i < v->rows.n; i++) {
        const struct ecs_visited_row *row = &v->rows.rows[i];

        ecs_json_begin(&c->out, NULL, '{');
        ecs_json_str(&c->out, "plmn", row->plmn);
        ecs_json_str(&c->out, "name", row->name);
        ecs_json_str(&c->out, "country", row->country);
        admin_write_words(&c->out, "services", row->services, row->n_services);
        ecs_json_end(&c->out, '}');
    }
    ecs_json_end(&c->out, ']');
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_visited_list_steps[] = {
    {"read-visited", read_visited, 0}, {"write-visited", write_visited, 0}, {0}};

static const struct ecs_json_field visited_fields[] = {
    {"name", ECS_JSON_T_STR, .offset = offsetof(struct visited, name), .high = 200},
    {"country", ECS_JSON_T_STR, .offset = offsetof(struct visited, country), .high = 2},
    {"services", ECS_JSON_T_STRS, .offset = offsetof(struct visited, services), .high = SERVICES_MAX},
    {0},
};

static enum ecs_next take_plmn(struct admin_call *c, struct visited **ret_visited)
{
    struct visited *v = admin_own(c, sizeof(*v));
    struct ecs_plmn plmn;

    if (!v)
        return admin_no_memory(c);
    *ret_visited = v;
    v->row.plmn = c->arg[0];
    if (!ecs_str_is_digits(v->row.plmn) || !ecs_plmn_parse(v->row.plmn, &plmn))
        return admin_refuse(c, "plmn", "must be MCC and MNC, five or six digits");
    return ECS_NEXT;
}

static bool is_country(struct ecs_str text)
{
    return text.n == 0 ||
           (text.n == 2 && text.p[0] >= 'A' && text.p[0] <= 'Z' && text.p[1] >= 'A' && text.p[1] <= 'Z');
}

/* As in an import. */
static bool is_service(struct ecs_str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (!text.p[i] || !strchr("abcdefghijklmnopqrstuvwxyz0123456789-", text.p[i]))
            return false;
    return text.n > 0 && text.n <= SERVICE_MAX;
}

static enum ecs_next put_visited(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct visited *v = NULL;
    enum ecs_next next = take_plmn(c, &v);

    if (next == ECS_NEXT)
        next = admin_bind(c, visited_fields, v);
    if (next != ECS_NEXT)
        return next;
    if (!is_country(v->country))
        return admin_refuse(c, "country", "must be two capital letters (ISO 3166-1)");
    for (size_t i = 0; i < v->services.n; i++)
        if (!is_service(v->services.item[i]))
            return admin_refuse(c, "services", "must be words of a-z, 0-9 and '-'");
    v->row.name = v->name;
    v->row.country = v->country;
    v->row.services = v->services.item;
    v->row.n_services = v->services.n;
    return ecs_store_visited_put(f, c->front->store, &v->row);
}

static enum ecs_next delete_visited(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct visited *v = NULL;
    enum ecs_next next = take_plmn(c, &v);

    c->not_found = "there is no such network";
    return next == ECS_NEXT ? ecs_store_visited_delete(f, c->front->store, v->row.plmn) : next;
}

static enum ecs_next say(struct admin_call *c, const char *action)
{
    const struct visited *v = c->own;

    admin_audit(c, action);
    ecs_json_str(&c->detail_out, "plmn", v->row.plmn);
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "plmn", v->row.plmn);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}

static enum ecs_next say_put(struct ecs_flow *f)
{
    return say(f->self, "visited.set");
}

static enum ecs_next say_deleted(struct ecs_flow *f)
{
    return say(f->self, "visited.delete");
}
const struct ecs_step admin_visited_put_steps[] = {
    {"put-visited", put_visited, 0}, {"say-put", say_put, 0}, {0}};
const struct ecs_step admin_visited_delete_steps[] = {
    {"delete-visited", delete_visited, 0}, {"say-deleted", say_deleted, 0}, {0}};
