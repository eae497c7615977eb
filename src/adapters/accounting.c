/* SPDX-License-Identifier: Apache-2.0 */
/* Accounting: the section of the configuration, the set of one worker, and rows written behind
 * authentications. */
#include "ecs/accounting.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/accounting_int.h"
#include "ecs/eap_id.h"

enum { WRITINGS_MAX = 1024, WRITE_MS = 5000 };

static const char *const vias[] = {"none", "radius", "diameter", NULL};
static const char *const diameter_records[] = {"event", "start-stop", NULL};

const struct ecs_setting ecs_accounting_settings[] = {
    {ECS_KEY(ENUM, "via", struct ecs_accounting_conf, via), .def = "none", .names = vias,
     .help = "none: authentications are not accounted; radius: Start and Stop for each (RFC 2866); diameter: "
             "one event, or START and STOP (RFC 6733 9; diameter_records)."},
    {ECS_KEY(STRING_LIST, "servers", struct ecs_accounting_conf, servers), .max = ECS_RADIUS_SERVERS,
     .help = "radius: names in section radius_servers."},
    {ECS_KEY(STRING, "realm", struct ecs_accounting_conf, realm), .min = 1, .max = 255,
     .help = "diameter: Destination-Realm."},
    {ECS_KEY(STRING, "host", struct ecs_accounting_conf, host), .min = 1, .max = 255,
     .help = "diameter: Destination-Host; left out: the realm's routing decides."},
    {ECS_KEY(ENUM, "diameter_records", struct ecs_accounting_conf, diameter_records), .def = "event",
     .names = diameter_records,
     .help = "diameter: event: one EVENT_RECORD for each authentication; start-stop: a START_RECORD and a "
             "STOP_RECORD of one session."},
    {ECS_KEY(STRING, "nas_identifier", struct ecs_accounting_conf, nas_identifier), .min = 1, .max = 253,
     .help = "NAS-Identifier; left out: server.name."},
    {ECS_KEY(BOOL, "node_records", struct ecs_accounting_conf, node_records), .def = "true",
     .help = "radius: Accounting-On when the daemon begins, Accounting-Off when it ends."},
    {ECS_KEY(INT, "max_waiting", struct ecs_accounting_conf, max_waiting), .def = "100000", .min = 100,
     .max = 10000000, .unit = "records",
     .help =
         "With so many that no server has answered further ones are not written, and an alarm is logged."},
    {ECS_KEY(DURATION_S, "keep", struct ecs_accounting_conf, keep_s), .def = "7d", .min = 60, .max = 31536000,
     .help = "Records that no server has answered are given up after this time."},
    {ECS_KEY(DURATION_S, "retry", struct ecs_accounting_conf, rest_s), .def = "5s", .min = 1, .max = 3600,
     .help = "Rest after the first failure; it doubles with each further one."},
    {ECS_KEY(DURATION_S, "longest_retry", struct ecs_accounting_conf, longest_rest_s), .def = "5m", .min = 1,
     .max = 86400, .help = "Longest rest."},
    {ECS_KEY(DURATION_MS, "limit", struct ecs_accounting_conf, limit_ms), .def = "10s", .min = 200,
     .max = 18000, .help = "Longest wait for one answer over all servers."},
    {0},
};

bool ecs_accounting_check(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
{
    const struct ecs_accounting_conf *c = section;

    if (c->via == ECS_ACCOUNTING_RADIUS && !c->servers.n)
        return aaa_fault(faults, node, "servers", "is needed with via: radius");
    if (c->via == ECS_ACCOUNTING_DIAMETER && (!c->realm || !ecs_diameter_is_identity(ecs_str_of(c->realm))))
        return aaa_fault(faults, node, "realm", "is needed with via: diameter: a domain name");
    if (c->host && !ecs_diameter_is_identity(ecs_str_of(c->host)))
        return aaa_fault(faults, node, "host", "must be a domain name");
    return c->longest_rest_s >= c->rest_s ||
           aaa_fault(faults, node, "longest_retry", "must not be shorter than retry");
}

/* ---- the set ---- */

static struct ecs_radius *open_radius(const struct ecs_accounting *a, const struct ecs_radius_row *servers,
                                      size_t servers_n, char *err, size_t err_size)
{
    struct ecs_radius_server_conf rows[ECS_RADIUS_SERVERS];
    struct ecs_radius *again, *former = a->env.former ? a->env.former->radius : NULL;
    struct ecs_radius_conf radius = {.use = ECS_RADIUS_ACCOUNTING,
                                     .servers = rows,
                                     .nas_identifier = a->nas,
                                     .total_ms = (uint32_t)a->conf->limit_ms};

    for (size_t i = 0; i < a->conf->servers.n && radius.servers_n < ECS_RADIUS_SERVERS; i++)
        for (size_t k = 0; k < servers_n; k++) {
            char name[ECS_RADIUS_NAME];

            if (!ecs_str_eq(a->conf->servers.items[i], ecs_str_of(servers[k].name)))
                continue;
            rows[radius.servers_n] = ecs_radius_conf_of(&servers[k], a->env.lab);
            snprintf(name, sizeof(name), "accounting-%s", servers[k].name);
            rows[radius.servers_n++].stats = a->env.stats ? a->env.stats(a->env.arg, name) : NULL;
            break;
        }
    again = ecs_radius_again(former, &radius);
    return again ? again : ecs_radius_new(a->env.loop, &radius, err, err_size);
}

struct ecs_accounting *ecs_accounting_new(const struct ecs_accounting_env *env,
                                          const struct ecs_accounting_conf *conf,
                                          const struct ecs_radius_row *servers, size_t servers_n, char *err,
                                          size_t err_size)
{
    struct ecs_accounting *a = calloc(1, sizeof(*a));

    snprintf(err, err_size, "no memory");
    if (!a)
        return NULL;
    a->env = *env;
    a->conf = conf;
    a->nas = conf->nas_identifier ? conf->nas_identifier : env->node;
    if (conf->via != ECS_ACCOUNTING_RADIUS) {
        a->env.former = NULL;
        return a;
    }
    a->radius = open_radius(a, servers, servers_n, err, err_size);
    a->env.former = NULL;
    if (a->radius)
        return a;
    free(a);
    return NULL;
}

bool ecs_accounting_is_on(const struct ecs_accounting *a)
{
    return a && a->conf->via != ECS_ACCOUNTING_NONE;
}

const struct ecs_radius *ecs_accounting_radius(const struct ecs_accounting *a)
{
    return a->radius;
}

void accounting_count(const struct ecs_accounting *a, enum ecs_accounting_count what)
{
    if (a->env.count)
        a->env.count(a->env.arg, what);
}

/* ---- writing ---- */

struct accounting_writing {
    struct ecs_flow flow;
    struct accounting_writing *next, **where; /* where: what points here */
    struct ecs_accounting *owner;             /* NULL: it has gone */
    struct ecs_accounting_row row;
    struct ecs_store *store;
    int64_t begun_us;
    unsigned tries;
};

static enum ecs_next add_row(struct ecs_flow *f)
{
    struct accounting_writing *w = f->self;

    w->row.age_s = (ecs_loop_now_us(f->loop) - w->begun_us) / 1000000;
    return ecs_store_accounting_add(f, w->store, &w->row);
}

static enum ecs_next end_row(struct ecs_flow *f)
{
    (void)f;
    return ECS_DONE;
}

static const struct ecs_step steps[] = {
    {"accounting-add", add_row, WRITE_MS},
    {"accounting-added", end_row, 0},
    {0},
};

static void on_written(struct ecs_flow *f)
{
    struct accounting_writing *w = f->frame[0].self;

    if (w->owner) {
        *w->where = w->next;
        if (w->next)
            w->next->where = w->where;
        w->owner->writings_n--;
        accounting_count(w->owner, f->rc == ECS_OK ? ECS_ACCOUNTING_WRITTEN : ECS_ACCOUNTING_NOT_TAKEN);
    }
    if (f->rc != ECS_OK)
        ecs_log(NULL, ECS_EV_DB_ERROR, "an accounting record was not written: %s", f->reason);
    ecs_arena_free(f->arena);
}

static bool copy(struct ecs_arena *arena, struct ecs_str from, struct ecs_str *to)
{
    char *p;

    *to = ECS_STR_NULL;
    if (!from.n)
        return true;
    p = ecs_strdup(arena, from);
    *to = (struct ecs_str){p, from.n};
    return p;
}

/* Whose record it is: NAS-Identifier; of Diameter our Origin-Host, with which the Session-Id begins whoever
 * sends it. */
static const char *name_of(const struct ecs_accounting *a)
{
    const char *host = a->conf->via == ECS_ACCOUNTING_DIAMETER && a->env.diameter
                           ? ecs_diameter_host(a->env.diameter)
                           : NULL;

    return host && strlen(host) <= ECS_RADIUS_VALUE_MAX ? host : a->nas;
}

/* All texts of the row become the writing's. */
static struct accounting_writing *prepare(struct ecs_accounting *a, const struct ecs_accounting_row *row)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct accounting_writing *w = arena ? ecs_alloc(arena, sizeof(*w)) : NULL;
    char *session = w ? ecs_alloc(arena, 17) : NULL;
    uint8_t bits[8];

    if (!session || !ecs_random(a->env.crypto, bits, sizeof(bits)) ||
        !copy(arena, row->user_name, &w->row.user_name) || !copy(arena, row->class, &w->row.class) ||
        !copy(arena, ecs_str_of(name_of(a)), &w->row.nas)) {
        ecs_arena_free(arena);
        return NULL;
    }
    ecs_hex_encode(bits, sizeof(bits), session);
    w->row.session = (struct ecs_str){session, 16};
    w->row.kind = row->kind;
    w->flow.arena = arena;
    return w;
}

static void write_row(struct ecs_accounting *a, const struct ecs_accounting_row *row)
{
    struct accounting_writing *w = NULL;

    if (!(a->env.full && atomic_load_explicit(a->env.full, memory_order_relaxed)) &&
        a->writings_n < WRITINGS_MAX)
        w = prepare(a, row);
    if (!w) {
        accounting_count(a, ECS_ACCOUNTING_NOT_TAKEN);
        return;
    }
    w->owner = a;
    w->store = a->env.store;
    w->begun_us = ecs_loop_now_us(a->env.loop);
    w->next = a->writings;
    if (w->next)
        w->next->where = &w->next;
    w->where = &a->writings;
    a->writings = w;
    a->writings_n++;
    ecs_flow_start(&w->flow, a->env.loop, w->flow.arena, NULL, steps, w, on_written);
}

void ecs_accounting_passed(struct ecs_accounting *a, struct ecs_str identity, struct ecs_str imsi,
                           struct ecs_str class)
{
    struct ecs_accounting_row row = {.kind = ECS_ACCOUNTING_SESSION, .user_name = identity};
    struct ecs_eap_id id;

    if (!ecs_accounting_is_on(a))
        return;
    switch (ecs_eap_id_parse(identity, &id)) {
    case ECS_EAP_ID_MALFORMED:
    case ECS_EAP_ID_ENCRYPTED:
    case ECS_EAP_ID_ANONYMOUS:
        row.user_name = imsi;
        break;
    default:
        break;
    }
    if (class.n && class.n <= ECS_RADIUS_VALUE_MAX)
        row.class = class;
    if (row.user_name.n && row.user_name.n <= ECS_RADIUS_USER_NAME_MAX)
        write_row(a, &row);
    else
        accounting_count(a, ECS_ACCOUNTING_NOT_TAKEN);
}

void ecs_accounting_node(struct ecs_accounting *a, enum ecs_accounting_kind kind)
{
    if (a && a->conf->via == ECS_ACCOUNTING_RADIUS && a->conf->node_records)
        write_row(a, &(struct ecs_accounting_row){.kind = kind});
}

bool ecs_accounting_is_idle(const struct ecs_accounting *a)
{
    return !a || a->writings_n == 0;
}

void ecs_accounting_free(struct ecs_accounting *a)
{
    if (!a)
        return;
    for (struct accounting_writing *w = a->writings; w; w = w->next)
        w->owner = NULL; /* their flows go on without us */
    ecs_radius_free(a->radius);
    free(a);
}
