/* SPDX-License-Identifier: Apache-2.0 */
/* What the policy commands share. */
#pragma once

#include "ctl.h"

struct ecs_policy;

/* given, or policy.directory of the configuration. */
enum ctl_status ctl_policy_directory(struct ctl *ctl, const char *given,
                                     const char **ret_directory) ECS_MUST_CHECK;
/* Warnings and faults are printed. */
enum ctl_status ctl_policy_load(struct ctl *ctl, const char *directory,
                                struct ecs_policy **ret_policy) ECS_MUST_CHECK;
