/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of one worker and the text exposition of all of them. */
#pragma once

#include <stdatomic.h>

#include "ecs/buf.h"
#include "ecs/error.h"
#include "ecs/http_server.h"
#include "ecs/ladder.h"
#include "ecs/neighbour.h"
#include "ecs/pg.h"

enum ecs_metric {
#define COUNTER(id, name, labels, help) ECS_M_##id,
#include "metrics.def"
#undef COUNTER
    ECS_METRIC_COUNT
};

enum {
    ECS_METRIC_CELLS = 64,
    ECS_LATENCY_BUCKETS = 14,
    ECS_METRIC_NEIGHBOURS = 32,
    ECS_METRIC_RUNGS = 64,
    ECS_METRIC_JOURNEY_STATES = 32
};

/* Cell of METHODS: 4 * enum ecs_auth_method + one of these. */
enum { ECS_M_AUTH_OK, ECS_M_AUTH_REFUSED, ECS_M_AUTH_CHALLENGE, ECS_M_AUTH_ERROR };
enum { ECS_M_TOKEN_PRESENTED, ECS_M_TOKEN_NEW };
enum { ECS_M_RECALLED, ECS_M_NOT_RECALLED };
enum {
    ECS_M_REGISTER_KNOWN,
    ECS_M_REGISTER_NEW,
    ECS_M_REGISTER_INVALID,
    ECS_M_REGISTER_DUPLICATE,
    ECS_M_REGISTER_DISABLED
};
enum { ECS_M_GZIP_REQUEST, ECS_M_GZIP_ANSWER };
enum {
    ECS_M_JOURNEY_STARTED,
    ECS_M_JOURNEY_DONE,
    ECS_M_JOURNEY_FAILED,
    ECS_M_JOURNEY_DISMISSED,
    ECS_M_JOURNEY_EXPIRED
};
enum {
    ECS_M_LIMIT_DEVICE,
    ECS_M_LIMIT_SOURCE,
    ECS_M_LIMIT_SUBSCRIBER,
    ECS_M_LIMIT_IN_WORK,
    ECS_M_LIMIT_DATABASE,
    ECS_M_LIMIT_PRESSURE,
    ECS_M_LIMIT_OUTSTANDING
};

/* Written by the worker's thread only, read by any. */
struct ecs_metrics {
    _Atomic uint64_t cell[ECS_METRIC_COUNT][ECS_METRIC_CELLS];
    _Atomic uint64_t
        latency[2][ECS_LATENCY_BUCKETS + 1]; /* 0: answers with a document or error, 1: EAP rounds */
    _Atomic uint64_t latency_us[2];
    _Atomic uint64_t in_work; /* now */
    /* Outbox as worker 0 last saw it; channels that it leaves alone, by enum ecs_push_channel. */
    _Atomic uint64_t notify_waiting, notify_due, notify_oldest_s, notify_stopped[7];
    _Atomic uint64_t accounting_waiting, accounting_oldest_s; /* as worker 0 last saw them */
    /* Open journeys of all nodes as worker 0 last saw them. */
    struct {
        char state[32];
        _Atomic uint64_t open;
    } journeys[ECS_METRIC_JOURNEY_STATES];
    _Atomic unsigned journey_state_n;
    _Atomic uint64_t journeys_stuck, journeys_oldest_s;
    struct ecs_http_stats http;
    struct ecs_pg_stats pg;
    struct {
        char name[64];
        struct ecs_neighbour_stats stats;
    } neighbours[ECS_METRIC_NEIGHBOURS];
    _Atomic unsigned neighbour_n;
    struct {
        char name[ECS_RUNG_NAME_MAX + 1];
        struct ecs_rung_stats stats;
    } rungs[ECS_METRIC_RUNGS];
    _Atomic unsigned rung_n;
};

static inline void ecs_metric_add(_Atomic uint64_t *cell, uint64_t n)
{
    /* One writer: no locked instruction is needed. */
    atomic_store_explicit(cell, atomic_load_explicit(cell, memory_order_relaxed) + n, memory_order_relaxed);
}
static inline void ecs_metric_count(struct ecs_metrics *m, enum ecs_metric id, unsigned cell)
{
    ecs_metric_add(&m->cell[id][cell], 1);
}
void ecs_metric_latency(struct ecs_metrics *m, unsigned kind, int64_t us);

/* The place of the neighbour of that name (letters, digits, "-"), the same again for the same name; NULL: all
 * places are taken. By the worker's thread only. */
struct ecs_neighbour_stats *ecs_metrics_neighbour(struct ecs_metrics *m, const char *name);
void ecs_metrics_write_neighbours(struct ecs_metrics *const *workers, unsigned n, struct ecs_buf *out);

/* The same for a provider of authentication; and its figures of all workers, of which there are as many as returned. */
struct ecs_rung_stats *ecs_metrics_rung(struct ecs_metrics *m, const char *name);
unsigned ecs_metrics_rungs_of(struct ecs_metrics *const *workers, unsigned n, const char *name,
                              const struct ecs_rung_stats **ret_stats);
uint64_t ecs_rung_sum(const struct ecs_rung_stats *const *stats, unsigned n, size_t offset);
unsigned ecs_rung_breakers(const struct ecs_rung_stats *const *stats, unsigned n); /* that are open */
void ecs_metrics_write_rungs(struct ecs_metrics *const *workers, unsigned n, struct ecs_buf *out);

/* All figures of open journeys by state become 0; then n more of a state (word of [a-z-]). By the worker's
 * thread only. */
void ecs_metrics_journeys_reset(struct ecs_metrics *m);
void ecs_metrics_journeys_open(struct ecs_metrics *m, struct ecs_str state, uint64_t n);
void ecs_metrics_write_journeys(struct ecs_metrics *const *workers, unsigned n, struct ecs_buf *out);

struct ecs_metrics_totals {
    int64_t start_s, certificate_expires_s, reloads, reload_failures;
    unsigned workers;
};
/* Prometheus text format 0.0.4: the sum over n workers. */
void ecs_metrics_write(struct ecs_metrics *const *workers, unsigned n,
                       const struct ecs_metrics_totals *totals, struct ecs_buf *out);
