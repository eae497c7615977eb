/* SPDX-License-Identifier: Apache-2.0 */
/* Which providers of authentication an EAP exchange may be begun with, in order: "local" (keys in our
 * database), an AAA that it is handed on to, an HSS whose vectors it is done with. What is known of a
 * provider's health stands in a place that lives longer than a configuration. docs/authentication.md */
#pragma once

#include <stdatomic.h>

#include "ecs/aaa.h"
#include "ecs/setting.h"

struct ecs_loop;

enum { ECS_RUNGS_MAX = 16, ECS_RUNG_NAME_MAX = 64, ECS_RUNG_BUCKETS = 12 };

/* One row of the list section "ladders". */
struct ecs_ladder_row {
    const char *brand;
    struct ecs_str_list providers;
};
extern const struct ecs_setting ecs_ladder_settings[];

enum ecs_rung_kind {
    ECS_RUNG_LOCAL,
    ECS_RUNG_RELAY, /* any EAP server behind Diameter or RADIUS */
    ECS_RUNG_HSS    /* SWx */
};

enum ecs_rung_result {
    ECS_RUNG_ANSWERED,  /* it goes on, or the subscriber has passed */
    ECS_RUNG_REFUSED,   /* the subscriber was refused */
    ECS_RUNG_TRANSIENT, /* it answered that it cannot now */
    ECS_RUNG_SILENT,    /* no answer, or one that cannot be used */
    ECS_RUNG_RESULT_COUNT
};
extern const char *const ecs_rung_results[ECS_RUNG_RESULT_COUNT];

/* Written by the worker's thread, read by any (relaxed). */
struct ecs_rung_stats {
    _Atomic uint64_t result[ECS_RUNG_RESULT_COUNT];
    _Atomic uint64_t skipped; /* not asked: down, breaker open, or budget spent */
    _Atomic uint64_t passed;  /* subscribers proven by it */
    _Atomic uint64_t bucket[ECS_RUNG_BUCKETS + 1], us_total; /* time of the calls, ecs_rung_bounds_us */
    _Atomic uint64_t in_flight;                              /* now */
    _Atomic uint64_t failures_in_row;                        /* SILENT, and TRANSIENT of the protocol class */
    _Atomic int64_t open_until_us;                           /* monotonic; 0: the breaker is closed */
    _Atomic int64_t failed_s;                                /* Unix time of the last failure, 0: none */
    _Atomic uint32_t failed_code;                            /* of it; 0: no answer came */
};
extern const uint32_t ecs_rung_bounds_us[ECS_RUNG_BUCKETS];
/* Upper bound of the bucket that holds that share of all calls, in microseconds; 0: no calls; UINT32_MAX:
 * above all bounds. stats: of n workers. */
uint32_t ecs_rung_percentile(const struct ecs_rung_stats *const *stats, unsigned n, unsigned percent);

struct ecs_rung {
    char name[ECS_RUNG_NAME_MAX + 1];
    enum ecs_rung_kind kind;
    enum ecs_aaa_type type; /* not of LOCAL */
    struct ecs_rung_stats *stats;
};

struct ecs_ladder; /* of one engine, on one worker */

struct ecs_ladder_conf {
    const struct ecs_str_list *usual; /* auth.ladder */
    const struct ecs_ladder_row *rows;
    size_t row_n;
    struct ecs_aaa *aaa;    /* NULL: there is none; then only "local" may be named */
    unsigned failures;      /* in a row that open the breaker; 0: 5 */
    uint32_t pause_ms;      /* then nobody is asked for so long, afterwards one at a time; 0: 10,000 */
    unsigned max_in_flight; /* questions to one provider at a time; 0: 1,000 */
    struct ecs_rung_stats *(*stats_of)(void *owner, const char *name); /* NULL or returns NULL: not told */
    void *owner;
};
/* Lists are borrowed until the end of the ladder. NULL: *ret_error says why (static). */
struct ecs_ladder *ecs_ladder_new(const struct ecs_ladder_conf *conf, const char **ret_error);
void ecs_ladder_free(struct ecs_ladder *ladder); /* NULL allowed */

/* The rungs of a brand ({NULL, 0}: none known) in order. */
size_t ecs_ladder_rungs(struct ecs_ladder *ladder, struct ecs_str brand, struct ecs_rung *const **ret_rungs);
/* All of them, each once; and one by name, NULL when the configuration has it no more. */
size_t ecs_ladder_all(struct ecs_ladder *ladder, struct ecs_rung **ret_rungs);
struct ecs_rung *ecs_ladder_find(struct ecs_ladder *ladder, struct ecs_str name);

/* May it be asked now? "local" always. Does not count anything. */
bool ecs_rung_is_up(const struct ecs_ladder *ladder, const struct ecs_rung *rung, int64_t now_us);
void ecs_rung_skipped(struct ecs_rung *rung);
/* Around one call. rung NULL: nothing is counted. The arena's end counts a call that was given up (its caller
 * has gone). */
struct ecs_rung_call;
struct ecs_rung_call *ecs_rung_begin(struct ecs_ladder *ladder, struct ecs_rung *rung,
                                     struct ecs_arena *arena, struct ecs_loop *loop);
/* code: result code, 0 for none. call NULL allowed. */
void ecs_rung_end(struct ecs_rung_call *call, enum ecs_rung_result result, uint32_t code);
void ecs_rung_passed(struct ecs_rung *rung); /* NULL allowed */

/* What is wrong with a ladder as it stands in the configuration: names that no row of "aaa" has. exists(arg,
 * name) tells. */
bool ecs_ladder_check(const struct ecs_str_list *providers, const char *what, const char *path,
                      bool (*exists)(void *arg, struct ecs_str name), void *arg, struct ecs_faults *faults);
