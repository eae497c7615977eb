/* SPDX-License-Identifier: Apache-2.0 */
/* Scenario files: steps of a device and what they must lead to, as YAML; results as TAP. */
#pragma once

#include "ecs/yaml.h"
#include "options.h"

enum { ECS_SIM_VARS_MAX = 128 };

struct ecs_sim_scenario {
    struct ecs_arena *arena;
    struct ecs_faults faults;
    struct ecs_sim_options *options;
    struct ecs_sim_device *device; /* NULL before the first device */
    struct ecs_sim_usim *usim;
    const char *second_url; /* for "node: 2" */
    const char *first_url;
    struct {
        const char *name, *value;
    } vars[ECS_SIM_VARS_MAX];
    size_t var_n;
    struct ecs_buf words;                   /* meaning of the latest document */
    struct ecs_buf problem;                 /* why the step under way is not ok, line by line */
    struct ecs_sim_finding *finding_before; /* the last finding before this step */
    unsigned count, failed;
};

/* The later value of a name wins. False when there are too many. */
bool ecs_sim_var_set(struct ecs_sim_scenario *s, const char *name, const char *value);
/* ${name} replaced; NULL with a problem when a name is unknown. */
const char *ecs_sim_var_expand(struct ecs_sim_scenario *s, struct ecs_str text);
/* The expanded text of a scalar node; NULL with a problem. */
const char *ecs_sim_node_text(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node);
void ecs_sim_problem(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node, const char *format, ...)
    ECS_PRINTF(3, 4);

/* Does what the step says; problems mean that it is not ok. */
void ecs_sim_step_do(struct ecs_sim_scenario *s, const struct ecs_yaml_node *step);
/* Compares the latest answer with "expect", and takes "save". */
void ecs_sim_step_check(struct ecs_sim_scenario *s, const struct ecs_yaml_node *step);
/* Builds the device anew from a mapping of options. */
bool ecs_sim_scenario_device(struct ecs_sim_scenario *s, const struct ecs_yaml_node *node);
