/* SPDX-License-Identifier: Apache-2.0 */
/* The ladder of providers: order by brand, and the health of each rung (breaker, budget, figures). */
#include "ecs/ladder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ecs/arena.h"
#include "ecs/clock.h"
#include "ecs/loop.h"

enum { FAILURES = 5, PAUSE_MS = 10000, IN_FLIGHT = 1000 };

const char *const ecs_rung_results[ECS_RUNG_RESULT_COUNT] = {
    [ECS_RUNG_ANSWERED] = "answered",
    [ECS_RUNG_REFUSED] = "refused",
    [ECS_RUNG_TRANSIENT] = "transient",
    [ECS_RUNG_SILENT] = "silent",
};

const uint32_t ecs_rung_bounds_us[ECS_RUNG_BUCKETS] = {1000,   2500,   5000,   10000,   25000,   50000,
                                                       100000, 250000, 500000, 1000000, 5000000, 20000000};

const struct ecs_setting ecs_ladder_settings[] = {
    {ECS_KEY(STRING, "brand", struct ecs_ladder_row, brand), .flags = ECS_SETTING_REQUIRED, .min = 1,
     .max = 64, .help = "Brand, as the section \"sims\" gives it to SIM cards."},
    {ECS_KEY(STRING_LIST, "providers", struct ecs_ladder_row, providers), .flags = ECS_SETTING_REQUIRED,
     .min = 1, .max = 8, .help = "Names as in auth.ladder: rows of the section \"aaa\", or local."},
    {0},
};

struct branch {
    struct ecs_str brand; /* {NULL, 0}: all others */
    struct ecs_rung *rung[8];
    size_t n;
};

struct ecs_ladder {
    struct ecs_ladder_conf conf;
    struct ecs_rung rung[ECS_RUNGS_MAX];
    size_t n;
    size_t branch_n;
    struct branch branch[]; /* the first one is the usual */
};

/* ---- figures ---- */

/* Of providers beyond the places that there are; calls that are given up may outlive their ladder. */
static _Thread_local struct ecs_rung_stats nowhere;

static uint64_t get(const _Atomic uint64_t *cell)
{
    return atomic_load_explicit(cell, memory_order_relaxed);
}

/* One writer: no locked instruction is needed. */
static void add(_Atomic uint64_t *cell, uint64_t n)
{
    atomic_store_explicit(cell, get(cell) + n, memory_order_relaxed);
}

static void set_time(_Atomic int64_t *cell, int64_t value)
{
    atomic_store_explicit(cell, value, memory_order_relaxed);
}

uint32_t ecs_rung_percentile(const struct ecs_rung_stats *const *stats, unsigned n, unsigned percent)
{
    uint64_t sum[ECS_RUNG_BUCKETS + 1] = {0}, all = 0, seen = 0;

    for (unsigned i = 0; i <= ECS_RUNG_BUCKETS; i++)
        for (unsigned w = 0; w < n; w++)
            sum[i] += get(&stats[w]->bucket[i]);
    for (unsigned i = 0; i <= ECS_RUNG_BUCKETS; i++)
        all += sum[i];
    for (unsigned i = 0; i < ECS_RUNG_BUCKETS && all; i++) {
        seen += sum[i];
        if (seen * 100 >= all * percent)
            return ecs_rung_bounds_us[i];
    }
    return all ? UINT32_MAX : 0;
}

/* ---- building ---- */

struct ecs_rung *ecs_ladder_find(struct ecs_ladder *ladder, struct ecs_str name)
{
    for (size_t i = 0; ladder && i < ladder->n; i++)
        if (ecs_str_eq(ecs_str_of(ladder->rung[i].name), name))
            return &ladder->rung[i];
    return NULL;
}

static struct ecs_rung *add_rung(struct ecs_ladder *ladder, struct ecs_str name, const char **ret_error)
{
    struct ecs_rung *rung = &ladder->rung[ladder->n];

    *ret_error = "too many providers in the ladders";
    if (ladder->n == ECS_RUNGS_MAX || name.n > ECS_RUNG_NAME_MAX)
        return NULL;
    *rung = (struct ecs_rung){.kind = ECS_RUNG_LOCAL};
    snprintf(rung->name, sizeof(rung->name), "%.*s", ECS_FMT(name));
    *ret_error = "a ladder names a provider that the section aaa does not have";
    if (!ecs_str_eq(name, ECS_STR("local"))) {
        if (!ladder->conf.aaa || !ecs_aaa_type(ladder->conf.aaa, name, &rung->type))
            return NULL;
        rung->kind = rung->type == ECS_AAA_SWX ? ECS_RUNG_HSS : ECS_RUNG_RELAY;
    }
    rung->stats = ladder->conf.stats_of ? ladder->conf.stats_of(ladder->conf.owner, rung->name) : NULL;
    if (!rung->stats)
        rung->stats = &nowhere;
    ladder->n++;
    return rung;
}

static bool add_branch(struct ecs_ladder *ladder, struct ecs_str brand, const struct ecs_str_list *names,
                       const char **ret_error)
{
    struct branch *branch = &ladder->branch[ladder->branch_n];

    branch->brand = brand;
    for (size_t i = 0; i < names->n && branch->n < ECS_ARRAY_LEN(branch->rung); i++) {
        struct ecs_rung *rung = ecs_ladder_find(ladder, names->items[i]);

        if (!rung)
            rung = add_rung(ladder, names->items[i], ret_error);
        if (!rung)
            return false;
        branch->rung[branch->n++] = rung;
    }
    ladder->branch_n++;
    return true;
}

struct ecs_ladder *ecs_ladder_new(const struct ecs_ladder_conf *conf, const char **ret_error)
{
    size_t n = conf->row_n + 1;
    struct ecs_ladder *ladder = calloc(1, sizeof(*ladder) + n * sizeof(ladder->branch[0]));
    bool good;

    *ret_error = "no memory";
    if (!ladder)
        return NULL;
    ladder->conf = *conf;
    ladder->conf.failures = conf->failures ? conf->failures : FAILURES;
    ladder->conf.pause_ms = conf->pause_ms ? conf->pause_ms : PAUSE_MS;
    ladder->conf.max_in_flight = conf->max_in_flight ? conf->max_in_flight : IN_FLIGHT;
    good = add_branch(ladder, ECS_STR_NULL, conf->usual, ret_error);
    for (size_t i = 0; i < conf->row_n && good; i++)
        good = add_branch(ladder, ecs_str_of(conf->rows[i].brand), &conf->rows[i].providers, ret_error);
    if (good)
        return ladder;
    free(ladder);
    return NULL;
}

void ecs_ladder_free(struct ecs_ladder *ladder)
{
    free(ladder);
}

bool ecs_ladder_check(const struct ecs_str_list *providers, const char *what, const char *path,
                      bool (*exists)(void *arg, struct ecs_str name), void *arg, struct ecs_faults *faults)
{
    bool good = true;

    for (size_t i = 0; i < providers->n; i++) {
        struct ecs_str name = providers->items[i];

        for (size_t k = 0; k < i; k++)
            if (ecs_str_eq(providers->items[k], name))
                ecs_fault_add(faults, path, 0, 0, "%s: \"%.*s\" stands there twice", what, ECS_FMT(name));
        if (ecs_str_eq(name, ECS_STR("local")) || exists(arg, name))
            continue;
        ecs_fault_add(faults, path, 0, 0, "%s: \"%.*s\" is neither local nor a row of the section aaa", what,
                      ECS_FMT(name));
        good = false;
    }
    return good;
}

/* ---- asking ---- */

size_t ecs_ladder_rungs(struct ecs_ladder *ladder, struct ecs_str brand, struct ecs_rung *const **ret_rungs)
{
    struct branch *branch = &ladder->branch[0];

    for (size_t i = 1; i < ladder->branch_n && brand.n; i++)
        if (ecs_str_eq(ladder->branch[i].brand, brand))
            branch = &ladder->branch[i];
    *ret_rungs = branch->rung;
    return branch->n;
}

size_t ecs_ladder_all(struct ecs_ladder *ladder, struct ecs_rung **ret_rungs)
{
    *ret_rungs = ladder->rung;
    return ladder->n;
}

/* After the breaker's pause one question at a time, until one is answered. */
static bool breaker_lets(const struct ecs_ladder *ladder, const struct ecs_rung_stats *s, int64_t now_us)
{
    if (get(&s->failures_in_row) < ladder->conf.failures)
        return true;
    return now_us >= atomic_load_explicit(&s->open_until_us, memory_order_relaxed) && get(&s->in_flight) == 0;
}

bool ecs_rung_is_up(const struct ecs_ladder *ladder, const struct ecs_rung *rung, int64_t now_us)
{
    if (rung->kind == ECS_RUNG_LOCAL)
        return true;
    return breaker_lets(ladder, rung->stats, now_us) &&
           get(&rung->stats->in_flight) < ladder->conf.max_in_flight &&
           ecs_aaa_is_up(ladder->conf.aaa, ecs_str_of(rung->name));
}

void ecs_rung_skipped(struct ecs_rung *rung)
{
    add(&rung->stats->skipped, 1);
}

void ecs_rung_passed(struct ecs_rung *rung)
{
    if (rung)
        add(&rung->stats->passed, 1);
}

struct ecs_rung_call {
    struct ecs_rung_stats *stats; /* NULL: ended */
    struct ecs_loop *loop;
    unsigned failures;
    uint32_t pause_ms;
    int64_t start_us;
};

static void give_up(void *arg)
{
    struct ecs_rung_call *call = arg;

    if (call->stats)
        add(&call->stats->in_flight, (uint64_t)-1);
    call->stats = NULL;
}

struct ecs_rung_call *ecs_rung_begin(struct ecs_ladder *ladder, struct ecs_rung *rung,
                                     struct ecs_arena *arena, struct ecs_loop *loop)
{
    struct ecs_rung_call *call = rung ? ecs_alloc(arena, sizeof(*call)) : NULL;

    if (!call)
        return NULL;
    *call = (struct ecs_rung_call){.stats = rung->stats,
                                   .loop = loop,
                                   .failures = ladder->conf.failures,
                                   .pause_ms = ladder->conf.pause_ms,
                                   .start_us = ecs_clock_mono_us()};
    add(&call->stats->in_flight, 1);
    /* On exhaustion it is called at once: the call is then simply not counted. */
    return ecs_defer(arena, give_up, call) ? call : NULL;
}

static void note_failure(struct ecs_rung_call *call, uint32_t code)
{
    struct ecs_rung_stats *s = call->stats;

    add(&s->failures_in_row, 1);
    atomic_store_explicit(&s->failed_code, code, memory_order_relaxed);
    set_time(&s->failed_s, ecs_clock_now());
    if (get(&s->failures_in_row) >= call->failures)
        set_time(&s->open_until_us, ecs_loop_now_us(call->loop) + (int64_t)call->pause_ms * 1000);
}

/* What a subscriber brings about (no vectors for this one, unable to comply) tells nothing about the
 * provider; that nobody answers, or that requests do not get to where they should (3xxx), does. */
static bool is_failure(enum ecs_rung_result result, uint32_t code)
{
    return result == ECS_RUNG_SILENT || (result == ECS_RUNG_TRANSIENT && code / 1000 == 3);
}

void ecs_rung_end(struct ecs_rung_call *call, enum ecs_rung_result result, uint32_t code)
{
    int64_t us;
    unsigned i = 0;

    if (!call || !call->stats)
        return;
    us = ecs_clock_mono_us() - call->start_us;
    while (i < ECS_RUNG_BUCKETS && us > ecs_rung_bounds_us[i])
        i++;
    add(&call->stats->bucket[i], 1);
    add(&call->stats->us_total, us > 0 ? (uint64_t)us : 0);
    add(&call->stats->result[result], 1);
    if (is_failure(result, code)) {
        note_failure(call, code);
    } else {
        atomic_store_explicit(&call->stats->failures_in_row, 0, memory_order_relaxed);
        set_time(&call->stats->open_until_us, 0);
    }
    give_up(call);
}
