/* SPDX-License-Identifier: Apache-2.0 */
/* Access tokens that we need as a client of somebody else's API (RFC 6749 4.4, RFC 7523): fetched once, kept
 * until shortly before their end, one fetch at a time per worker. */
#pragma once

#include "ecs/jws.h"
#include "ecs/neighbour.h"

enum ecs_oauth_grant {
    ECS_OAUTH_CLIENT_SECRET,   /* client_credentials, client_id and client_secret in the body (or Basic) */
    ECS_OAUTH_PRIVATE_KEY_JWT, /* client_credentials with client_assertion */
    ECS_OAUTH_JWT_BEARER, /* urn:ietf:params:oauth:grant-type:jwt-bearer with assertion (service accounts) */
};
struct ecs_oauth_client_conf {
    enum ecs_oauth_grant grant;
    const char *token_url, *client_id, *client_secret; /* secret: CLIENT_SECRET only */
    bool basic;                                        /* secret by HTTP Basic */
    const char *scope;                                 /* NULL: none */
    const char *audience;                              /* of the assertion; NULL: token_url */
    const struct ecs_jws_signer *signer;               /* of the assertion; borrowed */
};
struct ecs_oauth_client;
/* Strings are copied; neighbour and signer borrowed. NULL: no memory. */
struct ecs_oauth_client *ecs_oauth_client_new(struct ecs_neighbour *neighbour,
                                              const struct ecs_oauth_client_conf *conf);
/* While flows wait for a token, the memory lives until they were served. NULL allowed. */
void ecs_oauth_client_free(struct ecs_oauth_client *client);

struct ecs_oauth_token {
    enum ecs_rc rc;    /* ECS_OK; ECS_E_BACKEND, ECS_E_TIMEOUT, ECS_E_OVERLOAD: try later; ECS_E_CONFIG: our
                          credentials are refused */
    const char *token; /* in the flow's arena */
    const char *error; /* for logs; the provider's error code, never a secret */
};
/* A kept token, used until 300 s before its end (or half of its life, if that is longer); else fetched,
 * whoever comes meanwhile waits for the same answer. After a refusal nobody is asked again for 30 s, after
 * Retry-After for so long (at most 300 s): the same failure is told, or the kept token as long as it has not
 * expired. May wait. now: Unix seconds, those of the request's start will do (up to 60 s ago). */
enum ecs_next ecs_oauth_client_token(struct ecs_flow *f, struct ecs_oauth_client *client, int64_t now,
                                     struct ecs_oauth_token *ret_token);
/* The API refused this token (401): the next call fetches a new one, unless somebody else did already. */
void ecs_oauth_client_drop(struct ecs_oauth_client *client, const char *token);
