/* SPDX-License-Identifier: Apache-2.0 */
/* Row of web_routes.def: the token endpoint of application servers. */
#pragma once

#include "web.h"

/* For engine_new: with the figures of its neighbours. NULL: no memory. */
struct ecs_oauth_server *web_oauth_server(struct front *front, const struct ecs_snapshot *snapshot);

bool web_oauth_enabled(const struct ecs_snapshot *snapshot);
extern const struct ecs_step web_oauth_steps[];
void web_oauth_error(struct web_call *call, enum ecs_rc rc);

/* Row of App tokens (web_app_token.c). */
bool web_app_token_enabled(const struct ecs_snapshot *snapshot);
extern const struct ecs_step web_app_token_steps[];
void web_app_token_error(struct web_call *call, enum ecs_rc rc);
