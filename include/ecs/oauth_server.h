/* SPDX-License-Identifier: Apache-2.0 */
/* OAuth 2.0 of application servers (TS.43 2.8.3, RFC 6749, 7521, 7523, 7009, 7662): who may call, the token
 * endpoint that gives them access tokens, and the check of such a token in a request (ecs/auth.h, SERVER). */
#pragma once

#include "ecs/flow.h"
#include "ecs/setting.h"

struct ecs_auth;
struct ecs_conf;
struct ecs_crypto;
struct ecs_form;
struct ecs_http_pool;
struct ecs_neighbour_stats;
struct ecs_oauth_caller;
struct ecs_oauth_server;
struct ecs_store;

enum ecs_oauth_tokens { ECS_OAUTH_OWN, ECS_OAUTH_INTROSPECTION };

/* Section "oauth" */
struct ecs_oauth_conf {
    bool enabled, demand;
    int tokens;         /* enum ecs_oauth_tokens */
    const char *issuer; /* "": web.public_url */
    const char *token_path, *revoke_path;
    int64_t requests_per_minute, failures_per_minute;
    const char *introspection_url, *introspection_client, *introspection_secret, *introspection_ca;
    int64_t introspection_keep_s;
    int64_t enterprise_token_s; /* life of our token for a server that manages an enterprise (ap2011) */
};
/* Entry of section "server_callers" */
struct ecs_server_caller_conf {
    const char *client_id;
    struct ecs_str_list requestor_ids, enterprise_ids, applications, operations, scopes, authentication,
        algorithms, issuers, audiences, resources, addresses;
    const char *client_secret, *old_secret, *public_key, *jwks_url, *jwks_ca;
    bool access_token_required, single_use;
    int64_t token_life_s, assertion_life_s, jwks_interval_s;
};
extern const struct ecs_setting ecs_oauth_settings[], ecs_server_caller_settings[];
bool ecs_oauth_check_section(const void *section, struct ecs_faults *faults,
                             const struct ecs_yaml_node *node);
bool ecs_oauth_check_caller(const void *section, struct ecs_faults *faults, const struct ecs_yaml_node *node);
/* What only the whole configuration shows: names that stand twice, no address of the token endpoint. path is
 * the file's name for faults. */
void ecs_oauth_check(const struct ecs_conf *conf, const char *public_url, const char *path,
                     struct ecs_faults *faults);

/* All borrowed, for the life of the object; conf is a checked configuration. */
struct ecs_oauth_env {
    const struct ecs_conf *conf;
    const char *public_url, *web_path;
    struct ecs_http_pool *pool; /* NULL only while no caller has jwks_url and tokens are our own */
    struct ecs_neighbour_stats *jwks_stats, *introspection_stats; /* NULL: none */
    struct ecs_crypto *crypto;
    struct ecs_store *store;
};
/* One per worker and configuration. NULL: no memory. */
struct ecs_oauth_server *ecs_oauth_server_new(const struct ecs_oauth_env *env);
void ecs_oauth_server_free(struct ecs_oauth_server *server); /* NULL allowed; after all its flows */
/* server NULL: false. */
bool ecs_oauth_server_is_enabled(const struct ecs_oauth_server *server);

/* ---- requests to the entitlement resource ---- */

/* Is this request one of an application server that has nothing but itself to prove (row SERVER)? */
bool ecs_auth_server_recognises(const struct ecs_auth *auth);
/* Has a server that manages an enterprise our token (row ENTERPRISE)? */
bool ecs_auth_enterprise_recognises(const struct ecs_auth *auth);
extern const struct ecs_step ecs_auth_enterprise_steps[];
/* For methods of third parties (temporary and operator token): must the caller prove itself before? Then run
 * ecs_auth_server_steps first by ecs_flow_call with the same struct ecs_auth: auth->server is then set, or
 * the flow has failed with 400, 403 or 503. */
bool ecs_auth_server_is_wanted(const struct ecs_auth *auth);
extern const struct ecs_step ecs_auth_server_steps[];

/* ---- token endpoint ---- */

enum ecs_oauth_error {
    ECS_OAUTH_OK,
    ECS_OAUTH_INVALID_REQUEST,
    ECS_OAUTH_INVALID_CLIENT,
    ECS_OAUTH_INVALID_GRANT,
    ECS_OAUTH_UNAUTHORIZED_CLIENT,
    ECS_OAUTH_UNSUPPORTED_GRANT_TYPE,
    ECS_OAUTH_INVALID_SCOPE,
    ECS_OAUTH_INVALID_TARGET, /* RFC 8707 2 */
    ECS_OAUTH_BUSY,           /* too many requests, or a back end is away: 503 */
};
const char *ecs_oauth_error_word(enum ecs_oauth_error error); /* "invalid_client" */

/* Self of the tables below; the first part is filled by the caller and lives as long as the flow. */
struct ecs_oauth_ask {
    struct ecs_oauth_server *server;
    const struct ecs_form *form;
    struct ecs_str authorization; /* header; {NULL, 0}: none */
    const char *peer;
    int64_t now;
    /* results */
    enum ecs_oauth_error error;         /* set when the flow fails; f->reason says more and may be shown */
    const char *client_id;              /* known caller, for logs; NULL: none */
    struct ecs_str access_token, scope; /* token steps */
    int64_t expires_in_s;
    void *work;
};
extern const struct ecs_step ecs_oauth_token_steps[];  /* RFC 6749 3.2 */
extern const struct ecs_step ecs_oauth_revoke_steps[]; /* RFC 7009 2 */
/* Only who calls, for further endpoints: client_id is proven then, an assertion is spent. */
extern const struct ecs_step ecs_oauth_client_steps[];
/* enabled, and tokens are our own */
bool ecs_oauth_has_endpoint(const struct ecs_conf *conf);
