/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files about AAA and Diameter of the front. */
#pragma once

#include "engine_aaa.h"

struct ecs_aaa_sections;

void aaa_sections_of(const struct ecs_snapshot *s, struct ecs_aaa_sections *ret_sections);
bool aaa_inbound(struct front *front, struct ecs_diameter_inbound *inbound,
                 const struct ecs_diameter_message *message);
