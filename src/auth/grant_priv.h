/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of tokens for third parties. */
#pragma once

#include "ecs/grant.h"

/* "ManageSubscription=10" */
bool grant_uses_read(struct ecs_str text, enum ecs_operation *ret_operation,
                     int64_t *ret_uses) ECS_MUST_CHECK;
