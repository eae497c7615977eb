/* SPDX-License-Identifier: Apache-2.0 */
/* Open procedures by state: places are taken when a state is first seen, and kept. */
#include <stdio.h>
#include <string.h>

#include "metrics.h"

void ecs_metrics_journeys_reset(struct ecs_metrics *m)
{
    for (size_t i = 0; i < ECS_METRIC_JOURNEY_STATES; i++)
        atomic_store_explicit(&m->journeys[i].open, 0, memory_order_relaxed);
}

/* Letters and dashes: what goes into a label. */
static bool is_word(struct ecs_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '-' && (s.p[i] < 'a' || s.p[i] > 'z'))
            return false;
    return s.n > 0;
}

void ecs_metrics_journeys_open(struct ecs_metrics *m, struct ecs_str state, uint64_t more)
{
    unsigned n = atomic_load_explicit(&m->journey_state_n, memory_order_relaxed), at = 0;

    if (!is_word(state) || state.n >= sizeof(m->journeys[0].state))
        return;
    while (at < n && !ecs_str_eq(ecs_str_of(m->journeys[at].state), state))
        at++;
    if (at == ECS_METRIC_JOURNEY_STATES)
        return;
    if (at == n) {
        snprintf(m->journeys[n].state, sizeof(m->journeys[n].state), "%.*s", ECS_FMT(state));
        /* A reader sees the name before it sees the place. */
        atomic_store_explicit(&m->journey_state_n, n + 1, memory_order_release);
    }
    ecs_metric_add(&m->journeys[at].open, more);
}

/* Worker 0 has them. */
void ecs_metrics_write_journeys(struct ecs_metrics *const *workers, unsigned n, struct ecs_buf *out)
{
    const char *name = "ecs_journeys_open";
    unsigned places = n ? atomic_load_explicit(&workers[0]->journey_state_n, memory_order_acquire) : 0;

    if (!places)
        return;
    ecs_buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n", name,
                   "Open procedures of eSIM orchestration of all nodes, as this one last saw them; 200,000 "
                   "stands for more.",
                   name);
    for (unsigned i = 0; i < places; i++)
        ecs_buf_printf(
            out, "%s{state=\"%s\"} %llu\n", name, workers[0]->journeys[i].state,
            (unsigned long long)atomic_load_explicit(&workers[0]->journeys[i].open, memory_order_relaxed));
}
