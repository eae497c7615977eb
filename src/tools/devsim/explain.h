/* SPDX-License-Identifier: Apache-2.0 */
/* The story of a run for people: requests, answers and decisions, identifiers and secrets masked. */
#pragma once

#include <stdio.h>

#include "ecs/buf.h"
#include "http.h"

struct ecs_sim_explain {
    FILE *out;    /* NULL: nothing is written */
    bool secrets; /* nothing is masked */
    bool tap;     /* lines begin with "# " */
    unsigned step;
    struct ecs_arena *arena;
    struct {
        const char *text, *shown;
    } masks[32];
    size_t mask_n;
};

/* From now on text is shown with its middle hidden. Short texts (below 5 characters) are not masked. */
void ecs_sim_explain_mask(struct ecs_sim_explain *explain, struct ecs_str text);
/* The values that follow the quoted names in a document, XML or JSON: name="token" value="..." and
 * "token":"...". names ends with NULL. */
void ecs_sim_explain_mask_named(struct ecs_sim_explain *explain, struct ecs_str body,
                                const char *const *names);
void ecs_sim_explain_say(struct ecs_sim_explain *explain, const char *format, ...) ECS_PRINTF(2, 3);
/* Several lines, masked. */
void ecs_sim_explain_text(struct ecs_sim_explain *explain, struct ecs_str text, const char *indent);
void ecs_sim_explain_request(struct ecs_sim_explain *explain, struct ecs_str request);
void ecs_sim_explain_response(struct ecs_sim_explain *explain, const struct ecs_sim_response *response,
                              struct ecs_str body);
