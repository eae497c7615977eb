/* SPDX-License-Identifier: Apache-2.0 */
/* Application servers out of the configuration: keys read, key sets of partners at hand, who is who. */
#include <stdlib.h>
#include <string.h>

#include "ecs/conf.h"
#include "ecs/neighbour.h"
#include "ecs/ts43.h"
#include "oauth_priv.h"

enum { LIMITER_SLOTS = 1024 };

bool oauth_list_has(const struct ecs_str_list *list, struct ecs_str item)
{
    for (size_t i = 0; i < list->n; i++)
        if (ecs_str_eq(list->items[i], item))
            return true;
    return false;
}

bool oauth_list_has_nocase(const struct ecs_str_list *list, struct ecs_str item)
{
    for (size_t i = 0; i < list->n; i++)
        if (ecs_str_eq_nocase(list->items[i], item))
            return true;
    return false;
}

struct ecs_oauth_caller *oauth_find_client(const struct ecs_oauth_server *server, struct ecs_str client_id)
{
    for (size_t i = 0; i < server->caller_n; i++)
        if (client_id.n && ecs_str_eq(client_id, ecs_str_of(server->callers[i].conf->client_id)))
            return &server->callers[i];
    return NULL;
}

struct ecs_oauth_caller *oauth_find_requestor(const struct ecs_oauth_server *server,
                                              struct ecs_str requestor_id)
{
    for (size_t i = 0; i < server->caller_n; i++)
        if (requestor_id.n && oauth_list_has_nocase(&server->callers[i].conf->requestor_ids, requestor_id))
            return &server->callers[i];
    return NULL;
}

struct ecs_oauth_caller *oauth_find_issuer(const struct ecs_oauth_server *server, struct ecs_str issuer)
{
    for (size_t i = 0; i < server->caller_n; i++) {
        const struct ecs_server_caller_conf *c = server->callers[i].conf;

        if (!(server->callers[i].methods & OAUTH_JWT_BEARER) || !issuer.n)
            continue;
        if (c->issuers.n ? oauth_list_has(&c->issuers, issuer) : ecs_str_eq(issuer, ecs_str_of(c->client_id)))
            return &server->callers[i];
    }
    return NULL;
}

static bool is_in(const struct ecs_cidr *address, const struct ecs_cidr *block)
{
    unsigned whole = block->bits / 8, rest = block->bits % 8;

    if (memcmp(address->addr, block->addr, whole) != 0)
        return false;
    return !rest || (address->addr[whole] ^ block->addr[whole]) >> (8 - rest) == 0;
}

bool oauth_admits_peer(const struct ecs_oauth_caller *caller, const char *peer)
{
    struct ecs_cidr address;

    if (caller->conf->addresses.n == 0)
        return true;
    if (!ecs_cidr_parse(ecs_str_of(peer), &address))
        return false;
    for (size_t i = 0; i < caller->conf->addresses.n; i++)
        if (is_in(&address, &caller->addresses[i]))
            return true;
    return false;
}

bool oauth_digest(struct ecs_crypto *crypto, const char *kind, struct ecs_str text, uint8_t ret_digest[32])
{
    struct ecs_str parts[] = {ecs_str_of(kind), ECS_STR(":"), text};

    return ecs_digest(crypto, ECS_DIGEST_SHA256, parts, 3, ret_digest);
}

/* ---- life ---- */

static bool open_jwks(struct ecs_oauth_caller *caller, const struct ecs_oauth_env *env)
{
    const struct ecs_neighbour_conf conf = {
        .name = "server-caller-jwks",
        .ca_file = caller->conf->jwks_ca,
        .allow_plain = ecs_str_starts_with(ecs_str_of(caller->conf->jwks_url), ECS_STR("http://")),
        .max_in_flight = 4,
        .stats = env->jwks_stats,
    };
    const struct ecs_jwks_conf set = {.url = caller->conf->jwks_url,
                                      .min_interval_s = caller->conf->jwks_interval_s};

    caller->neighbour = env->pool ? ecs_neighbour_new(env->pool, &conf) : NULL;
    caller->jwks = caller->neighbour ? ecs_jwks_new(caller->neighbour, &set) : NULL;
    return caller->jwks != NULL;
}

/* The texts were checked when the configuration was loaded. */
static bool open_caller(struct ecs_oauth_server *server, struct ecs_oauth_caller *caller,
                        const struct ecs_server_caller_conf *c, const struct ecs_oauth_env *env)
{
    enum ecs_jws_alg alg;
    enum ecs_app app;

    caller->conf = c;
    for (size_t i = 0; i < c->authentication.n; i++)
        caller->methods |= oauth_method_bit(c->authentication.items[i]);
    for (size_t i = 0; i < c->applications.n; i++)
        if (ecs_app_find(c->applications.items[i], &app))
            caller->apps |= 1U << app;
    for (size_t i = 0; i < c->algorithms.n; i++)
        if (ecs_jws_alg_find(c->algorithms.items[i], &alg))
            caller->algs |= 1U << alg;
    caller->addresses = ecs_alloc(server->arena, (c->addresses.n + 1) * sizeof(*caller->addresses));
    for (size_t i = 0; caller->addresses && i < c->addresses.n; i++)
        if (!ecs_cidr_parse(c->addresses.items[i], &caller->addresses[i]))
            return false;
    if (c->client_secret)
        caller->secret = ecs_jwk_set_secret(ecs_str_of(c->client_secret));
    if (c->old_secret)
        caller->old_secret = ecs_jwk_set_secret(ecs_str_of(c->old_secret));
    if (c->public_key)
        caller->pem = ecs_jwk_set_pem(ecs_str_of(c->public_key), NULL);
    if (c->jwks_url && !open_jwks(caller, env))
        return false;
    return caller->addresses && !c->client_secret == !caller->secret &&
           !c->old_secret == !caller->old_secret && !c->public_key == !caller->pem;
}

static bool open_introspection(struct ecs_oauth_server *server, const struct ecs_oauth_env *env)
{
    const struct ecs_neighbour_conf conf = {
        .name = "introspection",
        .ca_file = server->conf->introspection_ca,
        .allow_plain = ecs_str_starts_with(ecs_str_of(server->conf->introspection_url), ECS_STR("http://")),
        .stats = env->introspection_stats,
    };

    server->introspected = calloc(OAUTH_INTROSPECTIONS, sizeof(*server->introspected));
    server->introspection = env->pool ? ecs_neighbour_new(env->pool, &conf) : NULL;
    return server->introspected && server->introspection;
}

static bool open_all(struct ecs_oauth_server *server, const struct ecs_oauth_env *env)
{
    const struct ecs_oauth_conf *c = server->conf;
    size_t n;
    const struct ecs_server_caller_conf *callers = ecs_conf_list(env->conf, "server_callers", &n);

    server->issuer = c->issuer[0] ? c->issuer : env->public_url;
    server->token_url = ecs_printf(server->arena, "%s%s/%s", env->public_url, env->web_path, c->token_path);
    server->requests = ecs_limiter_new((uint32_t)c->requests_per_minute,
                                       (uint32_t)c->requests_per_minute / 2 + 10, LIMITER_SLOTS);
    server->failures =
        ecs_limiter_new((uint32_t)c->failures_per_minute, (uint32_t)c->failures_per_minute, LIMITER_SLOTS);
    server->callers = ecs_alloc(server->arena, (n + 1) * sizeof(*server->callers));
    if (!server->token_url || !server->requests || !server->failures || !server->callers)
        return false;
    for (size_t i = 0; i < n; i++) {
        server->caller_n = i + 1;
        if (!open_caller(server, &server->callers[i], &callers[i], env))
            return false;
    }
    return c->tokens != ECS_OAUTH_INTROSPECTION || open_introspection(server, env);
}

struct ecs_oauth_server *ecs_oauth_server_new(const struct ecs_oauth_env *env)
{
    struct ecs_oauth_server *server = calloc(1, sizeof(*server));

    if (!server)
        return NULL;
    server->conf = ecs_conf_get(env->conf, "oauth");
    server->crypto = env->crypto;
    server->store = env->store;
    server->arena = ecs_arena_new(NULL, 16 << 20);
    if (server->arena && (!server->conf->enabled || open_all(server, env)))
        return server;
    ecs_oauth_server_free(server);
    return NULL;
}

void ecs_oauth_server_free(struct ecs_oauth_server *server)
{
    if (!server)
        return;
    for (size_t i = 0; i < server->caller_n; i++) {
        struct ecs_oauth_caller *caller = &server->callers[i];

        ecs_jwks_free(caller->jwks);
        ecs_neighbour_free(caller->neighbour);
        ecs_jwk_set_free(caller->secret);
        ecs_jwk_set_free(caller->old_secret);
        ecs_jwk_set_free(caller->pem);
    }
    ecs_neighbour_free(server->introspection);
    free(server->introspected);
    ecs_limiter_free(server->requests);
    ecs_limiter_free(server->failures);
    ecs_arena_free(server->arena);
    free(server);
}

bool ecs_oauth_server_is_enabled(const struct ecs_oauth_server *server)
{
    return server && server->conf->enabled;
}
