/* SPDX-License-Identifier: Apache-2.0 */
/* Redirects as the clients that follow them do (clients.md 9). */
#pragma once

#include "device.h"

/* True when the answer in the device is a redirect that its client follows: here is the new address then, and
 * next the request for it. */
bool ecs_sim_redirect(struct ecs_sim_device *device, struct ecs_sim_url *here, struct ecs_str request,
                      struct ecs_buf *next);
