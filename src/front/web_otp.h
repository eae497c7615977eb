/* SPDX-License-Identifier: Apache-2.0 */
/* Route of the code page (src/front/web_routes.def). */
#pragma once

#include "sheet.h"

bool web_otp_enabled(const struct ecs_snapshot *s);
extern const struct ecs_step web_otp_steps[];
void web_otp_error(struct web_call *call, enum ecs_rc rc);
