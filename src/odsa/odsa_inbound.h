/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the engine: parts of inbound events. self is the struct ecs_odsa_inbound. */
#pragma once

#include "ecs/flow.h"
#include "odsa_priv.h"

extern const struct ecs_step odsa_inbound_line_steps[], odsa_inbound_profile_steps[];

/* in->fresh tells whether the event is new; without a number it is. The second one notes it: at the end, since
 * what a crash cuts off is to be done when the sender tells it again. */
enum ecs_next odsa_inbound_look(struct ecs_flow *f, struct ecs_str id);
enum ecs_next odsa_inbound_seen(struct ecs_flow *f, struct ecs_str id);
/* Fires at in->journey, with in->fire.patch as it stands. */
enum ecs_next odsa_inbound_fire(struct ecs_flow *f, enum odsa_event event, const char *call,
                                struct ecs_str detail);
