/* SPDX-License-Identifier: Apache-2.0 */
/* What was found wrong with the server's answers, as sentences. */
#pragma once

#include "ecs/arena.h"

enum ecs_sim_severity {
    ECS_SIM_NOTE,  /* worth knowing, no fault */
    ECS_SIM_FAULT, /* against TS.43 or the compatibility rules; this client copes */
    ECS_SIM_BREAK  /* this client would fail */
};

struct ecs_sim_finding {
    struct ecs_sim_finding *next;
    enum ecs_sim_severity severity;
    const char *rule; /* "C-13", "" when it has no number */
    const char *text; /* no personal data, no secrets */
};

struct ecs_sim_report {
    struct ecs_arena *arena;
    struct ecs_sim_finding *first, **end;
    unsigned faults, breaks;
};

void ecs_sim_report_init(struct ecs_sim_report *report, struct ecs_arena *arena);
/* report may be NULL: nothing is kept. */
void ecs_sim_find(struct ecs_sim_report *report, enum ecs_sim_severity severity, const char *rule,
                  const char *format, ...) ECS_PRINTF(4, 5);
const char *ecs_sim_severity_name(enum ecs_sim_severity severity);
