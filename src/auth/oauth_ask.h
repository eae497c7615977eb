/* SPDX-License-Identifier: Apache-2.0 */
/* A request at the token endpoint in work: its fields, its client, what is spent for it. */
#pragma once

#include "ecs/store_server.h"
#include "oauth_priv.h"

struct oauth_work {
    struct ecs_str grant, client_id, client_secret, assertion_type, client_assertion, assertion, scope,
        resource, token;
    struct ecs_str basic_user, basic_password; /* as sent */
    unsigned method;                           /* enum oauth_method; 0: none */
    struct ecs_oauth_caller *caller;
    struct ecs_str signed_text; /* the assertion */
    struct ecs_str issuer;      /* of a grant's assertion */
    struct ecs_jws_expect expect;
    struct ecs_jwks_result result;
    bool has_subject;
    uint8_t subject[32], jti[32], digest[32];
    struct ecs_server_assertion spent; /* issuer {NULL, 0}: no assertion */
    struct ecs_server_issue issue;
    bool fresh; /* the assertion is spent by this request */
};

/* Steps that each table of the endpoint begins with; self is the struct ecs_oauth_ask. Then caller is proven.
 */
enum ecs_next oauth_read_request(struct ecs_flow *f);
enum ecs_next oauth_verify_client(struct ecs_flow *f);
enum ecs_next oauth_judge_client(struct ecs_flow *f);
/* Fails the flow; why has no value of the request. */
enum ecs_next oauth_refuse(struct ecs_flow *f, struct ecs_oauth_ask *ask, enum ecs_oauth_error error,
                           const char *why);
