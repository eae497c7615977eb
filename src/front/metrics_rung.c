/* SPDX-License-Identifier: Apache-2.0 */
/* Figures of the providers of authentication (rungs of the ladder), by name: a fixed number of places, taken
 * when a ladder is set up and kept over reloads. */
#include "metrics.h"
#include "node.h"

#include <stdio.h>
#include <string.h>

struct ecs_rung_stats *ecs_metrics_rung(struct ecs_metrics *m, const char *name)
{
    unsigned n = atomic_load_explicit(&m->rung_n, memory_order_relaxed);

    for (unsigned i = 0; i < n; i++)
        if (strcmp(m->rungs[i].name, name) == 0)
            return &m->rungs[i].stats;
    if (n == ECS_METRIC_RUNGS || strlen(name) >= sizeof(m->rungs[n].name))
        return NULL;
    snprintf(m->rungs[n].name, sizeof(m->rungs[n].name), "%s", name);
    /* A reader sees the name before it sees the place. */
    atomic_store_explicit(&m->rung_n, n + 1, memory_order_release);
    return &m->rungs[n].stats;
}

unsigned ecs_metrics_rungs_of(struct ecs_metrics *const *workers, unsigned n, const char *name,
                              const struct ecs_rung_stats **ret_stats)
{
    unsigned found = 0;

    for (unsigned w = 0; w < n; w++) {
        unsigned places = atomic_load_explicit(&workers[w]->rung_n, memory_order_acquire);

        for (unsigned i = 0; i < places; i++)
            if (strcmp(workers[w]->rungs[i].name, name) == 0)
                ret_stats[found++] = &workers[w]->rungs[i].stats;
    }
    return found;
}

uint64_t ecs_rung_sum(const struct ecs_rung_stats *const *stats, unsigned n, size_t offset)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < n; i++)
        sum += atomic_load_explicit((const _Atomic uint64_t *)((const char *)stats[i] + offset),
                                    memory_order_relaxed);
    return sum;
}

unsigned ecs_rung_breakers(const struct ecs_rung_stats *const *stats, unsigned n)
{
    unsigned open = 0;

    for (unsigned i = 0; i < n; i++)
        open += atomic_load_explicit(&stats[i]->open_until_us, memory_order_relaxed) != 0;
    return open;
}

struct figure {
    const char *family, *type, *result, *help;
    size_t offset;
};

static const struct figure figures[] = {
    {"ecs_auth_provider_calls_total", "counter", "answered",
     "Questions to providers of authentication (auth.ladder) by result.",
     offsetof(struct ecs_rung_stats, result[ECS_RUNG_ANSWERED])},
    {"ecs_auth_provider_calls_total", "counter", "refused", NULL,
     offsetof(struct ecs_rung_stats, result[ECS_RUNG_REFUSED])},
    {"ecs_auth_provider_calls_total", "counter", "transient", NULL,
     offsetof(struct ecs_rung_stats, result[ECS_RUNG_TRANSIENT])},
    {"ecs_auth_provider_calls_total", "counter", "silent", NULL,
     offsetof(struct ecs_rung_stats, result[ECS_RUNG_SILENT])},
    {"ecs_auth_provider_skipped_total", "counter", NULL,
     "Exchanges that passed over a provider: down, breaker open, or too many questions under way.",
     offsetof(struct ecs_rung_stats, skipped)},
    {"ecs_auth_provider_passed_total", "counter", NULL, "Full authentications proven by a provider.",
     offsetof(struct ecs_rung_stats, passed)},
    {"ecs_auth_provider_in_flight", "gauge", NULL, "Questions to providers under way.",
     offsetof(struct ecs_rung_stats, in_flight)},
};

static void write_figures(struct ecs_metrics *const *workers, unsigned n, unsigned places,
                          struct ecs_buf *out)
{
    const struct ecs_rung_stats *stats[ECS_WORKERS_MAX];

    for (size_t f = 0; f < ECS_ARRAY_LEN(figures); f++) {
        const struct figure *at = &figures[f];

        if (at->help)
            ecs_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", at->family, at->help, at->family, at->type);
        for (unsigned i = 0; i < places; i++) {
            const char *name = workers[0]->rungs[i].name;
            unsigned found = ecs_metrics_rungs_of(workers, n, name, stats);

            ecs_buf_printf(out, "%s{provider=\"%s\"", at->family, name);
            if (at->result)
                ecs_buf_printf(out, ",result=\"%s\"", at->result);
            ecs_buf_printf(out, "} %llu\n", (unsigned long long)ecs_rung_sum(stats, found, at->offset));
        }
    }
    ecs_buf_printf(
        out,
        "# HELP ecs_auth_provider_breaker_open Workers that leave the provider alone because it failed.\n"
        "# TYPE ecs_auth_provider_breaker_open gauge\n");
    for (unsigned i = 0; i < places; i++) {
        unsigned found = ecs_metrics_rungs_of(workers, n, workers[0]->rungs[i].name, stats);

        ecs_buf_printf(out, "ecs_auth_provider_breaker_open{provider=\"%s\"} %u\n", workers[0]->rungs[i].name,
                       ecs_rung_breakers(stats, found));
    }
}

static void write_histogram(struct ecs_metrics *const *workers, unsigned n, const char *provider,
                            struct ecs_buf *out)
{
    static const char name[] = "ecs_auth_provider_seconds";
    const struct ecs_rung_stats *stats[ECS_WORKERS_MAX];
    unsigned found = ecs_metrics_rungs_of(workers, n, provider, stats);
    uint64_t total = 0;

    for (unsigned b = 0; b <= ECS_RUNG_BUCKETS; b++) {
        total += ecs_rung_sum(stats, found, offsetof(struct ecs_rung_stats, bucket) + b * sizeof(uint64_t));
        if (b < ECS_RUNG_BUCKETS)
            ecs_buf_printf(out, "%s_bucket{provider=\"%s\",le=\"%g\"} %llu\n", name, provider,
                           ecs_rung_bounds_us[b] / 1e6, (unsigned long long)total);
        else
            ecs_buf_printf(out, "%s_bucket{provider=\"%s\",le=\"+Inf\"} %llu\n", name, provider,
                           (unsigned long long)total);
    }
    ecs_buf_printf(out, "%s_sum{provider=\"%s\"} %.6f\n%s_count{provider=\"%s\"} %llu\n", name, provider,
                   (double)ecs_rung_sum(stats, found, offsetof(struct ecs_rung_stats, us_total)) / 1e6, name,
                   provider, (unsigned long long)total);
}

/* Every worker sets up the same ladder: the names are those of the first one. */
void ecs_metrics_write_rungs(struct ecs_metrics *const *workers, unsigned n, struct ecs_buf *out)
{
    unsigned places = n ? atomic_load_explicit(&workers[0]->rung_n, memory_order_acquire) : 0;

    if (!places)
        return;
    write_figures(workers, n, places, out);
    ecs_buf_printf(out, "# HELP ecs_auth_provider_seconds From question to answer of a provider.\n"
                        "# TYPE ecs_auth_provider_seconds histogram\n");
    for (unsigned i = 0; i < places; i++)
        write_histogram(workers, n, workers[0]->rungs[i].name, out);
}
