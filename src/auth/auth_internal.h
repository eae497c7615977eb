/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of the methods, shared within the module. */
#pragma once

#include "ecs/auth.h"
#include "ecs/eap_id.h"
#include "ecs/oauth_server.h"

extern const struct ecs_step ecs_auth_token_steps[];
extern const struct ecs_step ecs_auth_eap_begin_steps[];
extern const struct ecs_step ecs_auth_eap_answer_steps[];
extern const struct ecs_step ecs_auth_temporary_steps[];
extern const struct ecs_step ecs_auth_operator_steps[];
extern const struct ecs_step ecs_auth_oidc_begin_steps[];
extern const struct ecs_step ecs_auth_oidc_return_steps[];
extern const struct ecs_step ecs_auth_otp_begin_steps[];
extern const struct ecs_step ecs_auth_otp_answer_steps[];
/* A request without any credential that a person may log in for. */
bool auth_oidc_begins(const struct ecs_auth *auth);
bool auth_otp_begins(const struct ecs_auth *auth);

/* auth_identity.c. Step: EAP_ID is a permanent identity of a network that is served here, with a method that is: sets imsi
 * and prime; an encrypted one is replaced by its plain text in the request. */
enum ecs_next auth_check_identity(struct ecs_flow *f);
bool auth_identity_is_prime(struct ecs_str eap_id); /* asks for EAP-AKA' */
