/* SPDX-License-Identifier: Apache-2.0 */
/* Logins of people as parts of an engine: identity providers, one-time codes, the way text messages leave. */
#pragma once

#include "ecs/login.h"
#include "front_internal.h"

/* Sets e->logins and tells e->auth; false: no memory (logged). */
bool engine_login_new(struct front *front, struct engine *e);
void engine_login_free(struct engine *e);
/* Takes a text message on: true when it will be sent, behind the answer. owner: struct front. */
bool engine_login_sms(void *owner, struct ecs_str msisdn, struct ecs_str text, uint16_t port);

/* When a snapshot is loaded: what the sections oidc, otp and web say together. */
void login_snapshot_check(const struct ecs_snapshot *s, const char *path, struct ecs_faults *faults);
/* True when a provider uses the code page. */
bool login_has_page(const struct ecs_snapshot *s);
