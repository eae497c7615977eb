/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the OAuth server share: callers as the configuration gives them, ready for use. */
#pragma once

#include "ecs/crypto.h"
#include "ecs/http_server.h"
#include "ecs/jwks.h"
#include "ecs/limiter.h"
#include "ecs/oauth_server.h"

enum oauth_method { OAUTH_BASIC = 1, OAUTH_SECRET_JWT = 2, OAUTH_PRIVATE_KEY_JWT = 4, OAUTH_JWT_BEARER = 8 };
enum {
    OAUTH_SKEW_S = 30,             /* clocks of partners */
    OAUTH_SINGLE_USE_LIFE_S = 300, /* tokens that belong to a temporary token */
    OAUTH_TOKEN_BYTES = 32,
    OAUTH_INTROSPECTIONS = 512
};

struct ecs_oauth_caller {
    const struct ecs_server_caller_conf *conf;
    unsigned methods; /* bits of enum oauth_method */
    unsigned apps;    /* bits 1 << enum ecs_app */
    unsigned algs;    /* bits 1 << enum ecs_jws_alg, for private keys */
    struct ecs_jwk_set *secret, *old_secret, *pem;
    struct ecs_neighbour *neighbour; /* of jwks */
    struct ecs_jwks *jwks;
    struct ecs_cidr *addresses;
};

/* A positive answer of the introspection endpoint; slot by digest, a newer one takes its place. */
struct oauth_introspected {
    uint8_t digest[32];
    int64_t until_s; /* 0: empty */
    char client_id[128], scope[256], requestor_id[129], enterprise_id[129];
};

struct ecs_oauth_server {
    const struct ecs_oauth_conf *conf; /* never NULL */
    const char *issuer, *token_url;
    struct ecs_crypto *crypto;
    struct ecs_store *store;
    struct ecs_arena *arena;
    struct ecs_limiter *requests, *failures;
    struct ecs_neighbour *introspection;
    struct oauth_introspected *introspected;
    struct ecs_oauth_caller *callers;
    size_t caller_n;
};

/* NULL: nobody. */
struct ecs_oauth_caller *oauth_find_client(const struct ecs_oauth_server *server, struct ecs_str client_id);
struct ecs_oauth_caller *oauth_find_requestor(const struct ecs_oauth_server *server,
                                              struct ecs_str requestor_id);
struct ecs_oauth_caller *oauth_find_issuer(const struct ecs_oauth_server *server, struct ecs_str issuer);
bool oauth_list_has(const struct ecs_str_list *list, struct ecs_str item);
bool oauth_list_has_nocase(const struct ecs_str_list *list, struct ecs_str item);
/* An empty list of addresses admits all. */
bool oauth_admits_peer(const struct ecs_oauth_caller *caller, const char *peer);
/* https, or http to this host */
bool oauth_url_is_good(const char *url);
/* Words of the setting "authentication"; 0: unknown. */
unsigned oauth_method_bit(struct ecs_str word);

/* Digest of a kind of text ("access-token", "temptoken" ...) and the text. False: the library failed. */
bool oauth_digest(struct ecs_crypto *crypto, const char *kind, struct ecs_str text, uint8_t ret_digest[32]);

/* Asks the foreign authorization server, or the kept answer. Fails the flow with ECS_E_FORBIDDEN (not active)
 * or ECS_E_BACKEND; then *ret_found is unchanged. */
struct oauth_asking {
    struct ecs_oauth_server *server;
    struct ecs_str token;
    int64_t now;
    struct oauth_introspected found; /* result */
    void *work;
};
extern const struct ecs_step oauth_introspect_steps[];
