/* SPDX-License-Identifier: Apache-2.0 */
/* Row of web_routes.def: the token endpoint of application servers. */
#pragma once

#include "web.h"

bool web_oauth_enabled(const struct ecs_snapshot *snapshot);
extern const struct ecs_step web_oauth_steps[];
void web_oauth_error(struct web_call *call, enum ecs_rc rc);
