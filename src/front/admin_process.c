/* SPDX-License-Identifier: Apache-2.0 */
/* The process: health, readiness, metrics, status, configuration, reload. */
#include "admin_internal.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { PING_LIMIT_MS = 2000 };

static enum ecs_next health(struct ecs_flow *f)
{
    struct admin_call *c = f->self;

    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "status", ECS_STR("alive"));
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_health_steps[] = {{"health", health, 0}, {0}};

static enum ecs_next check_ready(struct ecs_flow *f)
{
    struct admin_call *c = f->self;

    if (c->front->draining)
        return ecs_flow_fail(f, ECS_E_DRAINING, "this node is shutting down");
    if (!ecs_store_is_up(c->front->store))
        return ecs_flow_fail(f, ECS_E_BACKEND, "the database is not reachable");
    return ecs_store_ping(f, c->front->store);
}

static enum ecs_next say_ready(struct ecs_flow *f)
{
    struct admin_call *c = f->self;

    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "status", ECS_STR("ready"));
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_ready_steps[] = {
    {"check-ready", check_ready, PING_LIMIT_MS},
    {"say-ready", say_ready, 0},
    {0},
};

static struct ecs_metrics_totals totals(const struct admin_call *c)
{
    struct ecs_node *node = c->front->node;

    return (struct ecs_metrics_totals){
        .start_s = node->start_s,
        .certificate_expires_s = atomic_load(&node->certificate_expires_s),
        .reloads = atomic_load(&node->reloads),
        .reload_failures = atomic_load(&node->reload_failures),
        .workers = node->worker_n,
    };
}

static enum ecs_next metrics(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct ecs_metrics_totals t = totals(c);

    ecs_metrics_write(c->front->node->metrics, c->front->node->worker_n, &t, &c->body);
    c->content_type = "text/plain; version=0.0.4; charset=utf-8";
    return ECS_DONE;
}
const struct ecs_step admin_metrics_steps[] = {{"metrics", metrics, 0}, {0}};

static uint64_t sum(const struct ecs_node *node, size_t offset)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < node->worker_n; i++)
        n += atomic_load_explicit((const _Atomic uint64_t *)((const char *)node->metrics[i] + offset),
                                  memory_order_relaxed);
    return n;
}

static void write_counts(struct admin_call *c)
{
    static const struct {
        const char *name;
        size_t offset;
    } rows[] = {
        {"connections", offsetof(struct ecs_metrics, http.connections_open)},
        {"connections_total", offsetof(struct ecs_metrics, http.connections_total)},
        {"requests_total", offsetof(struct ecs_metrics, http.requests)},
        {"requests_in_work", offsetof(struct ecs_metrics, in_work)},
        {"database_connections", offsetof(struct ecs_metrics, pg.up)},
        {"database_waiting", offsetof(struct ecs_metrics, pg.waiting)},
    };

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++)
        ecs_json_i64(&c->out, rows[i].name, (int64_t)sum(c->front->node, rows[i].offset));
}

static void write_certificates(struct admin_call *c)
{
    int64_t ends = atomic_load(&c->front->node->certificate_expires_s);

    admin_write_time(&c->out, "certificate_expires", ends);
    if (ends)
        ecs_json_i64(&c->out, "certificate_days_left", (ends - c->now) / 86400);
    else
        ecs_json_str(&c->out, "certificate_days_left", ECS_STR_NULL);
}

static enum ecs_next status(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct ecs_snapshot *s = c->engine->snapshot;
    struct ecs_node *node = c->front->node;
    char hash[17];

    snprintf(hash, sizeof(hash), "%016" PRIx64, ecs_policy_hash(s->policy));
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "name", ecs_str_of(s->server->name));
    ecs_json_str(&c->out, "version", ECS_STR(ECS_VERSION));
    ecs_json_str(&c->out, "mode", s->server->mode == ECS_MODE_LAB ? ECS_STR("lab") : ECS_STR("production"));
    ecs_json_str(&c->out, "role", ecs_str_of(admin_role_name(c->role)));
    admin_write_time(&c->out, "started", node->start_s);
    ecs_json_i64(&c->out, "uptime_s", c->now - node->start_s);
    ecs_json_i64(&c->out, "workers", node->worker_n);
    ecs_json_bool(&c->out, "draining", c->front->draining);
    ecs_json_bool(&c->out, "database_up", ecs_store_is_up(c->front->store));
    ecs_json_str(&c->out, "policy_hash", ecs_str_of(hash));
    ecs_json_i64(&c->out, "reloads", atomic_load(&node->reloads));
    ecs_json_i64(&c->out, "reload_failures", atomic_load(&node->reload_failures));
    write_certificates(c);
    write_counts(c);
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_status_steps[] = {{"status", status, 0}, {0}};

static enum ecs_next config(struct ecs_flow *f)
{
    struct admin_call *c = f->self;

    ecs_conf_dump(c->engine->snapshot->conf, &c->body);
    c->content_type = "text/plain; charset=utf-8";
    return ECS_DONE;
}
const struct ecs_step admin_config_steps[] = {{"config", config, 0}, {0}};

/* The main thread reads the files; its outcome is in the log, in /metrics and in the counters of /v1/status.
 */
static enum ecs_next reload(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    struct ecs_node *node = c->front->node;

    if (c->front->draining)
        return ecs_flow_fail(f, ECS_E_DRAINING, "this node is shutting down");
    /* The counters come first: a caller compares them with later ones, and the main thread may be quick. */
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "status", ECS_STR("reload requested"));
    ecs_json_i64(&c->out, "reloads", atomic_load(&node->reloads));
    ecs_json_i64(&c->out, "reload_failures", atomic_load(&node->reload_failures));
    ecs_json_end(&c->out, '}');
    if (kill(getpid(), SIGHUP) != 0)
        return ecs_flow_fail(f, ECS_E_INTERNAL, "the signal for a reload cannot be sent");
    admin_audit(c, "reload");
    c->status = 202;
    return ECS_DONE;
}
const struct ecs_step admin_reload_steps[] = {{"reload", reload, 0}, {0}};
