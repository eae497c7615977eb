/* SPDX-License-Identifier: Apache-2.0 */
/* Signs that a token or a line is in other hands: written behind the answer, no device waits for it. */
#pragma once

#include "device.h"

/* A valid token came from another device than its own (auth.misused): told, counted over all nodes, and after
 * auth.token_misuse times the subscriber's tokens are void. */
void token_watch_misuse(struct device *d);
/* A full authentication has passed: when it came from another device than the one before, that is remembered
 * (facts device.changed and device.since). Nothing is written for the same device. */
void token_watch_device(struct device *d);
