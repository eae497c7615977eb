/* SPDX-License-Identifier: Apache-2.0 */
/* What the judges of documents share: meaning.c has the phones, meaning_apps.c the clients of one
 * application.
 */
#pragma once

#include "view.h"

struct ecs_sim_scene {
    struct ecs_buf *words;
    const struct ecs_sim_personality *who;
    const struct ecs_sim_document *document, *view;
    struct ecs_sim_report *report;
};

void ecs_sim_judge_satellite(const struct ecs_sim_scene *s, struct ecs_str app); /* ap2016, clients.md 4.1 */
void ecs_sim_judge_boost(const struct ecs_sim_scene *s, struct ecs_str app);     /* ap2010, clients.md 4.2 */
void ecs_sim_judge_modem(const struct ecs_sim_scene *s, struct ecs_str app);     /* SimAdmin, clients.md 9 */
void ecs_sim_judge_number(const struct ecs_sim_scene *s, struct ecs_str app);    /* server, clients.md 5 */
/* What the library needs of each answer to an operation (clients.md 2.8). */
void ecs_sim_check_operation(const struct ecs_sim_scene *s, struct ecs_str app);
/* A temporary token and its expiry (clients.md 2.8, 5). */
void ecs_sim_check_temporary(const struct ecs_sim_scene *s, struct ecs_str app);
