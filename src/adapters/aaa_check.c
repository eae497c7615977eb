/* SPDX-License-Identifier: Apache-2.0 */
/* What the sections aaa, radius_servers, diameter, diameter_peers and diameter_routes say together. */
#include <string.h>

#include "adapters/aaa_int.h"
#include "ecs/accounting.h"

struct check {
    const struct ecs_aaa_sections *s;
    const char *path;
    struct ecs_faults *faults, *warnings;
};

static void check_servers(const struct check *c)
{
    for (size_t i = 0; i < c->s->radius_n; i++) {
        const struct ecs_radius_row *r = &c->s->radius[i];
        struct ecs_radius_server_conf conf = ecs_radius_conf_of(r, !c->s->production);
        const char *doubt = ecs_radius_server_doubt(&conf);

        for (size_t k = 0; k < i; k++)
            if (strcmp(r->name, c->s->radius[k].name) == 0)
                ecs_fault_add(c->faults, c->path, 0, 0, "radius_servers: \"%s\" stands twice", r->name);
        if (!r->tls && c->s->production && conf.secret.n < ECS_RADIUS_SECRET_MIN)
            ecs_fault_add(
                c->faults, c->path, 0, 0,
                "radius_servers \"%s\": a secret below %d bytes is refused unless server.mode is lab",
                r->name, ECS_RADIUS_SECRET_MIN);
        else if (doubt)
            ecs_fault_add(c->warnings, c->path, 0, 0, "radius_servers \"%s\": %s", r->name, doubt);
    }
}

static bool has_server(const struct check *c, struct ecs_str name)
{
    for (size_t i = 0; i < c->s->radius_n; i++)
        if (ecs_str_eq(name, ecs_str_of(c->s->radius[i].name)))
            return true;
    return false;
}

static bool has_application(const struct check *c, uint32_t id)
{
    struct ecs_diameter_identity me;

    if (!ecs_diameter_identity_of(c->s->diameter, &me))
        return false;
    for (size_t i = 0; i < ECS_DIAMETER_APPLICATIONS && me.application[i].id; i++)
        if (me.application[i].id == id)
            return true;
    return false;
}

/* Without rows every peer serves every realm. */
static bool has_route(const struct check *c, const char *realm, uint32_t application)
{
    for (size_t i = 0; i < c->s->routes_n; i++) {
        const struct ecs_diameter_route_row *r = &c->s->routes[i];
        uint32_t of = ecs_diameter_application_id(r->application);

        if ((of == 0 || of == application) &&
            (strcmp(r->realm, "*") == 0 || ecs_str_eq_nocase(ecs_str_of(r->realm), ecs_str_of(realm))))
            return true;
    }
    return c->s->routes_n == 0;
}

static bool is_named_twice(const struct ecs_str_list *list, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (ecs_str_eq(list->items[i], list->items[at]))
            return true;
    return false;
}

static void check_row(const struct check *c, const struct ecs_aaa_conf *row)
{
    for (size_t i = 0; row->type == ECS_AAA_RADIUS && i < row->servers.n; i++) {
        if (!has_server(c, row->servers.items[i]))
            ecs_fault_add(c->faults, c->path, 0, 0, "aaa \"%s\": section radius_servers has no \"%.*s\"",
                          row->name, ECS_FMT(row->servers.items[i]));
        if (is_named_twice(&row->servers, i))
            ecs_fault_add(c->faults, c->path, 0, 0, "aaa \"%s\": servers: \"%.*s\" stands twice", row->name,
                          ECS_FMT(row->servers.items[i]));
    }
    if (row->type == ECS_AAA_RADIUS)
        return;
    if (!c->s->diameter->host[0])
        ecs_fault_add(c->faults, c->path, 0, 0, "aaa \"%s\": section diameter has no host", row->name);
    else if (!has_application(c, aaa_application(row->type)))
        ecs_fault_add(c->faults, c->path, 0, 0,
                      "aaa \"%s\": diameter.applications does not name the application of type %s", row->name,
                      ecs_aaa_types[row->type]);
    if (!c->s->peers_n)
        ecs_fault_add(c->faults, c->path, 0, 0, "aaa \"%s\": section diameter_peers is empty", row->name);
    else if (row->realm && !has_route(c, row->realm, aaa_application(row->type)))
        ecs_fault_add(c->faults, c->path, 0, 0,
                      "aaa \"%s\": section diameter_routes has no row for realm %s and type %s", row->name,
                      row->realm, ecs_aaa_types[row->type]);
}

static void check_rows(const struct check *c)
{
    for (size_t i = 0; i < c->s->aaa_n; i++) {
        check_row(c, &c->s->aaa[i]);
        for (size_t k = 0; k < i; k++)
            if (strcmp(c->s->aaa[i].name, c->s->aaa[k].name) == 0)
                ecs_fault_add(c->faults, c->path, 0, 0, "aaa: \"%s\" stands twice", c->s->aaa[i].name);
    }
}

static bool is_local(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 || strcmp(host, "localhost") == 0;
}

static void check_peers(const struct check *c)
{
    for (size_t i = 0; i < c->s->peers_n; i++) {
        const struct ecs_diameter_peer_row *p = &c->s->peers[i];

        for (size_t k = 0; k < i; k++)
            if (strcmp(p->name, c->s->peers[k].name) == 0)
                ecs_fault_add(c->faults, c->path, 0, 0, "diameter_peers: \"%s\" stands twice", p->name);
        if (!p->tls && !is_local(p->host))
            ecs_fault_add(c->warnings, c->path, 0, 0,
                          "diameter_peers \"%s\": without TLS everybody on the way reads keys of "
                          "subscribers, unless IPsec "
                          "protects it",
                          p->name);
    }
    if (c->s->peers_n && !c->s->diameter->host[0])
        ecs_fault_add(c->faults, c->path, 0, 0, "diameter_peers: section diameter has no host");
}

static void check_routes(const struct check *c)
{
    for (size_t i = 0; i < c->s->routes_n; i++) {
        const struct ecs_diameter_route_row *r = &c->s->routes[i];
        bool found = false;

        for (size_t k = 0; k < c->s->peers_n; k++)
            found = found || strcmp(r->peer, c->s->peers[k].name) == 0;
        if (!found)
            ecs_fault_add(c->faults, c->path, 0, 0, "diameter_routes: section diameter_peers has no \"%s\"",
                          r->peer);
        if (!ecs_diameter_is_identity(ecs_str_of(r->realm)))
            ecs_fault_add(c->faults, c->path, 0, 0, "diameter_routes: \"%s\" is no realm", r->realm);
    }
}

static void check_accounting(const struct check *c)
{
    const struct ecs_accounting_conf *a = c->s->accounting;

    if (!a)
        return;
    for (size_t i = 0; a->via == ECS_ACCOUNTING_RADIUS && i < a->servers.n; i++) {
        if (!has_server(c, a->servers.items[i]))
            ecs_fault_add(c->faults, c->path, 0, 0, "accounting: section radius_servers has no \"%.*s\"",
                          ECS_FMT(a->servers.items[i]));
        if (is_named_twice(&a->servers, i))
            ecs_fault_add(c->faults, c->path, 0, 0, "accounting: servers: \"%.*s\" stands twice",
                          ECS_FMT(a->servers.items[i]));
    }
    if (a->via == ECS_ACCOUNTING_DIAMETER && !has_application(c, ECS_DIAMETER_APP_ACCT))
        ecs_fault_add(c->faults, c->path, 0, 0,
                      "accounting: section diameter has no host, or its applications do not name accounting");
    else if (a->via == ECS_ACCOUNTING_DIAMETER && !c->s->peers_n)
        ecs_fault_add(c->faults, c->path, 0, 0, "accounting: section diameter_peers is empty");
    else if (a->via == ECS_ACCOUNTING_DIAMETER && a->realm && !has_route(c, a->realm, ECS_DIAMETER_APP_ACCT))
        ecs_fault_add(c->faults, c->path, 0, 0,
                      "accounting: section diameter_routes has no row for realm %s and accounting", a->realm);
}

void ecs_aaa_check_all(const struct ecs_aaa_sections *s, const char *path, struct ecs_faults *faults,
                       struct ecs_faults *warnings)
{
    const struct check c = {s, path, faults, warnings};

    check_servers(&c);
    check_rows(&c);
    check_peers(&c);
    check_routes(&c);
    check_accounting(&c);
}
