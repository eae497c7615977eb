/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's HTTP interface of worker 0: one server per administrative socket. */
#pragma once

#include "front_internal.h"

/* Takes the descriptors of node->admin_fds over; servers end up in front->admin_servers. */
enum ecs_rc admin_start(struct front *front);
