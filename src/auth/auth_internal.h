/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of the methods, shared within the module. */
#pragma once

#include "ecs/auth.h"
#include "ecs/eap_id.h"

extern const struct ecs_step ecs_auth_token_steps[];
extern const struct ecs_step ecs_auth_eap_begin_steps[];
extern const struct ecs_step ecs_auth_eap_answer_steps[];
