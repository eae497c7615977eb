/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's view of Diameter peers, RADIUS servers and the providers that stand on them. All of it is
 * worker 0's. */
#include "admin_internal.h"

#include <stdio.h>

#include "ecs/aaa_conf.h"
#include "ecs/accounting.h"

enum { PEERS_MAX = 64, PROVIDERS_MAX = 64 };

static void write_number(struct ecs_json_out *out, const char *key, uint64_t value)
{
    ecs_json_i64(out, key, value > INT64_MAX ? INT64_MAX : (int64_t)value);
}

static void write_diameter(struct admin_call *c)
{
    struct ecs_diameter_node *node = c->front->node->diameter;
    struct ecs_diameter_view *rows = ecs_alloc(c->flow.arena, PEERS_MAX * sizeof(*rows));
    size_t n = node && rows ? ecs_diameter_node_view(node, rows, PEERS_MAX) : 0;

    for (size_t i = 0; i < n && i < PEERS_MAX; i++) {
        const struct ecs_diameter_view *v = &rows[i];

        ecs_json_begin(&c->out, NULL, '{');
        ecs_json_str(&c->out, "protocol", ECS_STR("diameter"));
        ecs_json_str(&c->out, "name", ecs_str_of(v->name));
        ecs_json_bool(&c->out, "up", v->state == ECS_DIAMETER_OKAY);
        ecs_json_str(&c->out, "state",
                     ecs_str_of(v->leaving ? "leaving" : ecs_diameter_state_name(v->state)));
        ecs_json_i64(&c->out, "since_s", v->state_s);
        ecs_json_str(&c->out, "identity", v->origin_host[0] ? ecs_str_of(v->origin_host) : ECS_STR_NULL);
        ecs_json_i64(&c->out, "in_flight", v->in_flight);
        write_number(&c->out, "failovers", v->failovers);
        ecs_json_str(&c->out, "reason", v->reason[0] ? ecs_str_of(v->reason) : ECS_STR_NULL);
        ecs_json_end(&c->out, '}');
    }
}

/* radius NULL: nothing. */
static void write_radius(struct admin_call *c, const struct ecs_radius *radius, const char *use)
{
    struct ecs_radius_view rows[ECS_RADIUS_SERVERS];
    size_t n = radius ? ecs_radius_view(radius, rows, ECS_RADIUS_SERVERS) : 0;

    for (size_t i = 0; i < n && i < ECS_RADIUS_SERVERS; i++) {
        const struct ecs_radius_view *v = &rows[i];
        char name[sizeof(v->name) + 16];

        snprintf(name, sizeof(name), "%s%s", use, v->name);

        ecs_json_begin(&c->out, NULL, '{');
        ecs_json_str(&c->out, "protocol", v->tls ? ECS_STR("radsec") : ECS_STR("radius"));
        ecs_json_str(&c->out, "name", ecs_str_of(name));
        ecs_json_bool(&c->out, "up", !v->dead && v->connected);
        ecs_json_str(&c->out, "state",
                     v->dead        ? ECS_STR("dead")
                     : v->connected ? ECS_STR("in service")
                                    : ECS_STR("connecting"));
        ecs_json_i64(&c->out, "since_s", v->state_s);
        ecs_json_str(&c->out, "identity", ECS_STR_NULL);
        ecs_json_i64(&c->out, "in_flight", v->in_flight);
        write_number(&c->out, "failovers", v->failovers);
        ecs_json_str(&c->out, "reason", v->reason[0] ? ecs_str_of(v->reason) : ECS_STR_NULL);
        ecs_json_end(&c->out, '}');
    }
}

static void write_providers(struct admin_call *c)
{
    struct ecs_aaa_view rows[PROVIDERS_MAX];
    size_t n = ecs_aaa_view(c->engine->aaa, rows, PROVIDERS_MAX);

    ecs_json_begin(&c->out, "providers", '[');
    for (size_t i = 0; i < n && i < PROVIDERS_MAX; i++) {
        ecs_json_begin(&c->out, NULL, '{');
        ecs_json_str(&c->out, "name", ecs_str_of(rows[i].name));
        ecs_json_str(&c->out, "type", ecs_str_of(rows[i].type));
        ecs_json_bool(&c->out, "up", rows[i].up);
        ecs_json_str(&c->out, "state", ecs_str_of(rows[i].state));
        write_number(&c->out, "asked", rows[i].asked);
        write_number(&c->out, "answered", rows[i].answered);
        write_number(&c->out, "failed", rows[i].failed);
        ecs_json_end(&c->out, '}');
    }
    ecs_json_end(&c->out, ']');
}

static enum ecs_next write_peers(struct ecs_flow *f)
{
    struct admin_call *c = f->self;

    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_begin(&c->out, "peers", '[');
    write_diameter(c);
    for (size_t i = 0; i < ecs_aaa_count(c->engine->aaa); i++)
        write_radius(c, ecs_aaa_radius(c->engine->aaa, i), "");
    write_radius(c, ecs_accounting_radius(c->engine->accounting), "accounting-");
    ecs_json_end(&c->out, ']');
    write_providers(c);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_peer_list_steps[] = {{"write-peers", write_peers, 0}, {0}};
