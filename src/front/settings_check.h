/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of sections beyond type and range (struct ecs_section), and the readers of items that checks and
 * snapshot share. */
#pragma once

#include "ecs/front.h"

#define CHECK(name)                                                                                          \
    bool ecs_check_##name(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node)
CHECK(device);
CHECK(auth);
CHECK(web);
CHECK(policy);
CHECK(admin);
CHECK(last_known);
#undef CHECK

/* Each item of the list setting is an AppID of TS.43; a fault at each that is not. */
bool ecs_check_apps(const struct ecs_str_list *list, const char *key, struct ecs_faults *faults,
                    const struct ecs_yaml_node *node);

/* "2.0-2.9=5.0" */
bool ecs_version_map_read(struct ecs_str text, struct ecs_version_map *ret_row) ECS_MUST_CHECK;
/* "table", "aosp", "example": ECS_IRAT_* */
bool ecs_irat_spelling_read(struct ecs_str text, unsigned *ret_bit) ECS_MUST_CHECK;
