/* SPDX-License-Identifier: Apache-2.0 */
/* What the two calls on eSIM hand-overs share. */
#pragma once

#include "callback.h"

bool callback_discloses(const struct callback_call *call, const char *what);
/* Profiles of the journey's owner, and whose the ICCIDs in key are. */
struct ecs_odsa_key callback_odsa_key(const struct ecs_journey *journey);
/* Who has a hand-over: all references of one procedure are one. False: libcrypto failed. */
bool callback_odsa_digest(struct callback_call *call, uint8_t out[32]);
/* Another partner has reported on it before. */
bool callback_odsa_is_foreign(const struct callback_call *call, const struct ecs_portal_flow *flow);
/* The reference names the subscriber that the journey is of. */
bool callback_odsa_is_owner(const struct callback_call *call, const struct ecs_journey *journey);
