/* SPDX-License-Identifier: Apache-2.0 */
/* Collects findings about the server's answers in the order in which they were made. */

#include "report.h"

#include <stdarg.h>
#include <stdio.h>

void ecs_sim_report_init(struct ecs_sim_report *report, struct ecs_arena *arena)
{
    *report = (struct ecs_sim_report){.arena = arena};
    report->end = &report->first;
}

void ecs_sim_find(struct ecs_sim_report *report, enum ecs_sim_severity severity, const char *rule,
                  const char *format, ...)
{
    struct ecs_sim_finding *finding;
    char text[600];
    va_list args;

    if (!report)
        return;
    report->faults += severity == ECS_SIM_FAULT;
    report->breaks += severity == ECS_SIM_BREAK;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    finding = ecs_alloc(report->arena, sizeof(*finding));
    if (!finding)
        return; /* counted at least */
    finding->severity = severity;
    finding->rule = rule;
    finding->text = ecs_strdup(report->arena, ecs_str_of(text));
    if (!finding->text)
        finding->text = "(no memory for the text)";
    *report->end = finding;
    report->end = &finding->next;
}

const char *ecs_sim_severity_name(enum ecs_sim_severity severity)
{
    static const char *const names[] = {
        [ECS_SIM_NOTE] = "note", [ECS_SIM_FAULT] = "fault", [ECS_SIM_BREAK] = "broken client"};

    return (size_t)severity < ECS_ARRAY_LEN(names) ? names[severity] : "?";
}
