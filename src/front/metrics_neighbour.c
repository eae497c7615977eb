/* SPDX-License-Identifier: Apache-2.0 */
/* Figures of the neighbours that a worker calls, by name: a fixed number of places, taken when a neighbour is
 * set up and kept over reloads. */
#include <stdio.h>
#include <string.h>

#include "metrics.h"

struct ecs_neighbour_stats *ecs_metrics_neighbour(struct ecs_metrics *m, const char *name)
{
    unsigned n = atomic_load_explicit(&m->neighbour_n, memory_order_relaxed);

    for (unsigned i = 0; i < n; i++)
        if (strncmp(m->neighbours[i].name, name, sizeof(m->neighbours[i].name) - 1) == 0)
            return &m->neighbours[i].stats;
    if (n == ECS_METRIC_NEIGHBOURS)
        return NULL;
    snprintf(m->neighbours[n].name, sizeof(m->neighbours[n].name), "%s", name);
    /* A reader sees the name before it sees the place. */
    atomic_store_explicit(&m->neighbour_n, n + 1, memory_order_release);
    return &m->neighbours[n].stats;
}

struct figure {
    const char *family, *type, *result, *help;
    size_t offset;
};

#define FIGURE(member, family, type, result, help)                                                           \
    {                                                                                                        \
        family, type, result, help, offsetof(struct ecs_neighbour_stats, member)                             \
    }
static const struct figure figures[] = {
    FIGURE(ok, "ecs_neighbour_calls_total", "counter", "ok",
           "Calls of neighbours (providers, validators, authorization servers) by result."),
    FIGURE(http_errors, "ecs_neighbour_calls_total", "counter", "http_error", NULL),
    FIGURE(failures, "ecs_neighbour_calls_total", "counter", "failure", NULL),
    FIGURE(timeouts, "ecs_neighbour_calls_total", "counter", "timeout", NULL),
    FIGURE(refused_budget, "ecs_neighbour_calls_total", "counter", "budget", NULL),
    FIGURE(refused_breaker, "ecs_neighbour_calls_total", "counter", "breaker", NULL),
    FIGURE(in_flight, "ecs_neighbour_in_flight", "gauge", NULL, "Calls of neighbours under way."),
    FIGURE(breaker_open, "ecs_neighbour_breaker_open", "gauge", NULL,
           "Workers that do not ask this neighbour for a while because it failed."),
    FIGURE(us_total, "ecs_neighbour_seconds_total", "counter", NULL, "Time of the answered calls."),
};
#undef FIGURE

static uint64_t sum_of(struct ecs_metrics *const *workers, unsigned n, const char *name, size_t offset)
{
    uint64_t sum = 0;

    for (unsigned w = 0; w < n; w++) {
        unsigned places = atomic_load_explicit(&workers[w]->neighbour_n, memory_order_acquire);

        for (unsigned i = 0; i < places; i++)
            if (strcmp(workers[w]->neighbours[i].name, name) == 0)
                sum += atomic_load_explicit(
                    (const _Atomic uint64_t *)((const char *)&workers[w]->neighbours[i].stats + offset),
                    memory_order_relaxed);
    }
    return sum;
}

/* Every worker sets up the same neighbours: the names are those of the first one. */
void ecs_metrics_write_neighbours(struct ecs_metrics *const *workers, unsigned n, struct ecs_buf *out)
{
    unsigned places = n ? atomic_load_explicit(&workers[0]->neighbour_n, memory_order_acquire) : 0;

    for (size_t f = 0; places && f < ECS_ARRAY_LEN(figures); f++) {
        const struct figure *at = &figures[f];

        if (at->help)
            ecs_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", at->family, at->help, at->family, at->type);
        for (unsigned i = 0; i < places; i++) {
            const char *name = workers[0]->neighbours[i].name;
            uint64_t sum;

            ecs_buf_printf(out, "%s{neighbour=\"%s\"", at->family, name);
            if (at->result)
                ecs_buf_printf(out, ",result=\"%s\"", at->result);
            sum = sum_of(workers, n, name, at->offset);
            if (at->offset == offsetof(struct ecs_neighbour_stats, us_total))
                ecs_buf_printf(out, "} %llu.%06llu\n", (unsigned long long)(sum / 1000000),
                               (unsigned long long)(sum % 1000000));
            else
                ecs_buf_printf(out, "} %llu\n", (unsigned long long)sum);
        }
    }
}
