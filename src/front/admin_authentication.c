/* SPDX-License-Identifier: Apache-2.0 */
/* How SIM cards are proven: ladders by brand, and how each provider does. */
#include "admin_internal.h"

#include <stdio.h>

#include "ecs/clock.h"
#include "ecs/ladder.h"

enum { VIEWS_MAX = 64 };

static void write_ladder(struct ecs_json_out *out, const char *brand, const struct ecs_str_list *providers)
{
    ecs_json_begin(out, NULL, '{');
    ecs_json_str(out, "brand", brand ? ecs_str_of(brand) : ECS_STR_NULL);
    admin_write_words(out, "providers", providers->items, providers->n);
    ecs_json_end(out, '}');
}

static const struct ecs_aaa_view *view_of(const struct ecs_aaa_view *views, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (ecs_str_eq(ecs_str_of(views[i].name), ecs_str_of(name)))
            return &views[i];
    return NULL;
}

/* Milliseconds; -1: above the last bound. */
static void write_percentile(struct ecs_json_out *out, const char *key,
                             const struct ecs_rung_stats *const *stats, unsigned n, unsigned percent)
{
    uint32_t us = ecs_rung_percentile(stats, n, percent);

    if (us == UINT32_MAX)
        ecs_json_i64(out, key, -1);
    else
        ecs_json_i64(out, key, (us + 999) / 1000);
}

static void write_last_failure(struct ecs_json_out *out, const struct ecs_rung_stats *const *stats,
                               unsigned n, const struct ecs_aaa_view *view)
{
    int64_t at = 0;
    uint32_t code = 0;
    char text[200];

    for (unsigned i = 0; i < n; i++) {
        int64_t its = atomic_load_explicit(&stats[i]->failed_s, memory_order_relaxed);

        if (its > at) {
            at = its;
            code = atomic_load_explicit(&stats[i]->failed_code, memory_order_relaxed);
        }
    }
    admin_write_time(out, "last_failure", at);
    if (view && view->reason[0])
        snprintf(text, sizeof(text), "%s", view->reason);
    else if (at && code)
        snprintf(text, sizeof(text), "result code %u", code);
    else
        snprintf(text, sizeof(text), "%s", at ? "no answer" : "");
    ecs_json_str(out, "last_reason", text[0] ? ecs_str_of(text) : ECS_STR_NULL);
}

static uint64_t most_in_row(const struct ecs_rung_stats *const *stats, unsigned n)
{
    uint64_t most = 0;

    for (unsigned i = 0; i < n; i++) {
        uint64_t its = atomic_load_explicit(&stats[i]->failures_in_row, memory_order_relaxed);

        most = its > most ? its : most;
    }
    return most;
}

static void write_figures(struct admin_call *c, const struct ecs_rung *rung, const struct ecs_aaa_view *view)
{
    static const struct {
        const char *key;
        size_t offset;
    } rows[] = {
        {"answered", offsetof(struct ecs_rung_stats, result[ECS_RUNG_ANSWERED])},
        {"refused", offsetof(struct ecs_rung_stats, result[ECS_RUNG_REFUSED])},
        {"transient", offsetof(struct ecs_rung_stats, result[ECS_RUNG_TRANSIENT])},
        {"silent", offsetof(struct ecs_rung_stats, result[ECS_RUNG_SILENT])},
        {"skipped", offsetof(struct ecs_rung_stats, skipped)},
        {"passed", offsetof(struct ecs_rung_stats, passed)},
        {"in_flight", offsetof(struct ecs_rung_stats, in_flight)},
    };
    const struct ecs_node *node = c->front->node;
    const struct ecs_rung_stats *stats[ECS_WORKERS_MAX];
    unsigned n = ecs_metrics_rungs_of(node->metrics, node->worker_n, rung->name, stats);

    for (size_t i = 0; i < ECS_ARRAY_LEN(rows); i++)
        ecs_json_i64(&c->out, rows[i].key, (int64_t)ecs_rung_sum(stats, n, rows[i].offset));
    ecs_json_i64(&c->out, "failures_in_row", (int64_t)most_in_row(stats, n));
    ecs_json_i64(&c->out, "breakers_open", ecs_rung_breakers(stats, n));
    write_percentile(&c->out, "p50_ms", stats, n, 50);
    write_percentile(&c->out, "p99_ms", stats, n, 99);
    write_last_failure(&c->out, stats, n, view);
}

static void write_provider(struct admin_call *c, const struct ecs_rung *rung, const struct ecs_aaa_view *view)
{
    bool local = rung->kind == ECS_RUNG_LOCAL;

    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_str(&c->out, "name", ecs_str_of(rung->name));
    ecs_json_str(&c->out, "type", local ? ECS_STR("local") : ecs_str_of(ecs_aaa_types[rung->type]));
    ecs_json_bool(&c->out, "up", ecs_rung_is_up(c->engine->ladder, rung, ecs_clock_mono_us()));
    ecs_json_str(&c->out, "state",
                 local  ? ECS_STR("in service")
                 : view ? ecs_str_of(view->state)
                        : ECS_STR_NULL);
    write_figures(c, rung, view);
    ecs_json_end(&c->out, '}');
}

static enum ecs_next authentication(struct ecs_flow *f)
{
    struct admin_call *c = f->self;
    const struct ecs_snapshot *s = c->engine->snapshot;
    struct ecs_aaa_view *views = ecs_alloc(f->arena, VIEWS_MAX * sizeof(*views));
    const struct ecs_ladder_row *ladders;
    struct ecs_rung *rungs;
    size_t n, view_n, rung_n;

    if (!views)
        return admin_no_memory(c);
    view_n = ecs_aaa_view(c->engine->aaa, views, VIEWS_MAX);
    ladders = ecs_conf_list(s->conf, "ladders", &n);
    ecs_json_begin(&c->out, NULL, '{');
    ecs_json_begin(&c->out, "ladders", '[');
    write_ladder(&c->out, NULL, &s->auth->ladder);
    for (size_t i = 0; i < n; i++)
        write_ladder(&c->out, ladders[i].brand, &ladders[i].providers);
    ecs_json_end(&c->out, ']');
    ecs_json_begin(&c->out, "providers", '[');
    rung_n = ecs_ladder_all(c->engine->ladder, &rungs);
    for (size_t i = 0; i < rung_n; i++)
        write_provider(c, &rungs[i], view_of(views, view_n, rungs[i].name));
    ecs_json_end(&c->out, ']');
    ecs_json_end(&c->out, '}');
    return ECS_DONE;
}
const struct ecs_step admin_authentication_steps[] = {{"authentication", authentication, 0}, {0}};
