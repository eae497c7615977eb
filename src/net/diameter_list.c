/* SPDX-License-Identifier: Apache-2.0 */
/* The list of peers and routes, and how another list takes its place while requests are outstanding. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/diameter_ask.h"

enum {
    CONNECT_MS = 5000,
    ANSWER_MS = 8000,
    WATCHDOG_MS = 30000,
    RECONNECT_MS = 30000,
    SLOTS = 256,
    SLOTS_MAX = 4000,
};

const char *dia_copy(struct ecs_arena *arena, const char *text, bool *good)
{
    char *made = text ? ecs_strdup(arena, ecs_str_of(text)) : NULL;

    if (text && !made)
        *good = false;
    return made;
}

/* ---- peers ---- */

void dia_peer_free(struct dia_peer *peer)
{
    dia_peer_close(peer);
    if (!peer->in_service)
        dia_uncount(&peer->stats->breaker_open);
    ecs_arena_free(peer->arena);
    ecs_arena_free(peer->next_arena);
    free((void *)peer->slot);
    free(peer->free_slot);
    ecs_buf_done(&peer->in);
    free(peer);
}

static bool copy_row(struct ecs_arena *arena, const struct ecs_diameter_peer_conf *from,
                     struct ecs_diameter_peer_conf *to)
{
    bool good = true;

    *to = *from;
    to->name = dia_copy(arena, from->name, &good);
    to->host = dia_copy(arena, from->host, &good);
    to->identity = dia_copy(arena, from->identity, &good);
    to->ca_file = dia_copy(arena, from->ca_file, &good);
    to->cert_file = dia_copy(arena, from->cert_file, &good);
    to->key_file = dia_copy(arena, from->key_file, &good);
    to->tls_name = dia_copy(arena, from->tls_name, &good);
    to->connect_ms = from->connect_ms ? from->connect_ms : CONNECT_MS;
    to->answer_ms = from->answer_ms ? from->answer_ms : ANSWER_MS;
    to->watchdog_ms = from->watchdog_ms ? from->watchdog_ms : WATCHDOG_MS;
    to->reconnect_ms = from->reconnect_ms ? from->reconnect_ms : RECONNECT_MS;
    to->max_in_flight = from->max_in_flight == 0          ? SLOTS
                        : from->max_in_flight > SLOTS_MAX ? SLOTS_MAX
                                                          : from->max_in_flight;
    return good;
}

static bool same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Both rows are copies: their defaults are filled in. */
static bool same_row(const struct ecs_diameter_peer_conf *a, const struct ecs_diameter_peer_conf *b)
{
    return same(a->host, b->host) && same(a->identity, b->identity) && same(a->ca_file, b->ca_file) &&
           same(a->cert_file, b->cert_file) && same(a->key_file, b->key_file) &&
           same(a->tls_name, b->tls_name) && a->port == b->port && a->tls == b->tls && a->sctp == b->sctp &&
           a->connect_ms == b->connect_ms && a->answer_ms == b->answer_ms &&
           a->watchdog_ms == b->watchdog_ms && a->reconnect_ms == b->reconnect_ms &&
           a->max_in_flight == b->max_in_flight && a->stats == b->stats;
}

static struct dia_peer *find_peer(struct dia_peer *list, const char *name)
{
    while (list && strcmp(list->conf.name, name) != 0)
        list = list->next;
    return list;
}

/* The row becomes the peer's, which is down and has nothing outstanding. False: no memory. */
static bool take_row(struct dia_peer *peer, struct ecs_arena *arena, const struct ecs_diameter_peer_conf *row)
{
    struct ecs_diameter_peer_conf former = peer->conf;

    peer->conf = *row;
    if (!dia_slots_make(peer)) {
        peer->conf = former;
        return false;
    }
    if (peer->stats && !peer->in_service)
        dia_uncount(&peer->stats->breaker_open);
    ecs_arena_free(peer->arena);
    peer->arena = arena;
    peer->stats = row->stats ? row->stats : &peer->own_stats;
    peer->in_service = false;
    dia_count(&peer->stats->breaker_open);
    peer->rest_ms = 0;
    peer->failed = false;
    return true;
}

static struct dia_peer *new_peer(struct ecs_diameter_node *node, const struct ecs_diameter_peer_conf *from)
{
    struct dia_peer *peer = calloc(1, sizeof(*peer));
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_diameter_peer_conf row;

    if (!peer || !arena || !copy_row(arena, from, &row) || !take_row(peer, arena, &row)) {
        ecs_arena_free(arena);
        free(peer);
        return NULL;
    }
    peer->node = node;
    peer->serial = ++node->serials;
    peer->generation = dia_random(node);
    peer->state_us = ecs_loop_now_us(node->loop);
    return peer;
}

/* ---- another list ---- */

/* One peer of the present list by its new row; false: no memory, and it stays as it is. */
static bool renew(struct dia_peer *peer, const struct ecs_diameter_peer_conf *from)
{
    struct ecs_arena *arena = ecs_arena_new(NULL, 0);
    struct ecs_diameter_peer_conf row;

    if (!arena || !copy_row(arena, from, &row)) {
        ecs_arena_free(arena);
        return false;
    }
    ecs_arena_free(peer->next_arena);
    peer->next_arena = NULL;
    peer->leaving = false;
    /* What has taken leave already comes back with the row that is the same. */
    if (same_row(&peer->conf, &row) && peer->state != ECS_DIAMETER_CLOSING) {
        ecs_timer_disarm(&peer->drain_timer);
        ecs_arena_free(arena);
        if (peer->state == ECS_DIAMETER_DOWN && !peer->timer.loop)
            dia_peer_open(peer);
        return true;
    }
    peer->next_arena = arena;
    peer->next_conf = row;
    dia_drain(peer);
    return true;
}

/* Peers that had to finish first have finished: they take leave, go, or come back. */
void dia_reap(void *arg)
{
    struct ecs_diameter_node *node = arg;
    struct dia_peer **at = &node->peers;

    while (*at) {
        struct dia_peer *peer = *at;
        bool going = dia_is_draining(peer) && peer->in_flight == 0;

        if (going && peer->state >= ECS_DIAMETER_OKAY && peer->state < ECS_DIAMETER_CLOSING)
            dia_peer_leave(peer);
        if (!going || peer->state == ECS_DIAMETER_CLOSING) {
            at = &peer->next;
            continue;
        }
        dia_peer_close(peer);
        dia_peer_enter(peer, ECS_DIAMETER_DOWN);
        if (peer->leaving) {
            *at = peer->next;
            dia_peer_free(peer);
            continue;
        }
        if (take_row(peer, peer->next_arena, &peer->next_conf))
            peer->next_arena = NULL;
        ecs_arena_free(peer->next_arena);
        peer->next_arena = NULL;
        dia_peer_open(peer);
        at = &peer->next;
    }
}

static const char *check_rows(const struct ecs_diameter_conf *conf)
{
    for (size_t i = 0; i < conf->peers_n; i++) {
        if (!conf->peers[i].name || !conf->peers[i].name[0] ||
            strlen(conf->peers[i].name) >= ECS_DIAMETER_NAME)
            return "a peer has no name, or a name that is too long";
        if (!conf->peers[i].host || strlen(conf->peers[i].host) > 255)
            return "a peer has no host, or one that is too long";
        for (size_t j = 0; j < i; j++)
            if (strcmp(conf->peers[i].name, conf->peers[j].name) == 0)
                return "two peers have the same name";
    }
    for (size_t i = 0; i < conf->routes_n; i++) {
        bool found = false;

        for (size_t j = 0; j < conf->peers_n && conf->routes[i].peer; j++)
            found = found || strcmp(conf->routes[i].peer, conf->peers[j].name) == 0;
        if (!found)
            return "a route leads to no peer";
        if (!conf->routes[i].realm || !ecs_diameter_is_identity(ecs_str_of(conf->routes[i].realm)))
            return "a route has no good realm";
    }
    return NULL;
}

static bool copy_routes(const struct ecs_diameter_conf *conf, struct ecs_arena *arena,
                        struct dia_route *routes)
{
    bool good = routes;

    for (size_t i = 0; good && i < conf->routes_n; i++)
        routes[i] = (struct dia_route){.realm = dia_copy(arena, conf->routes[i].realm, &good),
                                       .application = conf->routes[i].application,
                                       .priority = conf->routes[i].priority,
                                       .weight = conf->routes[i].weight};
    return good;
}

/* Peers that the present list does not have. NULL with *ret_good false: no memory. */
static struct dia_peer *make_missing(struct ecs_diameter_node *node, const struct ecs_diameter_conf *conf,
                                     bool *ret_good)
{
    struct dia_peer *list = NULL;

    *ret_good = true;
    for (size_t i = 0; i < conf->peers_n; i++) {
        struct dia_peer *peer;

        if (find_peer(node->peers, conf->peers[i].name))
            continue;
        peer = new_peer(node, &conf->peers[i]);
        if (!peer) {
            *ret_good = false;
            break;
        }
        peer->next = list;
        list = peer;
    }
    while (!*ret_good && list) {
        struct dia_peer *next = list->next;

        dia_peer_free(list);
        list = next;
    }
    return list;
}

static const struct ecs_diameter_peer_conf *find_row(const struct ecs_diameter_conf *conf, const char *name)
{
    for (size_t i = 0; i < conf->peers_n; i++)
        if (strcmp(conf->peers[i].name, name) == 0)
            return &conf->peers[i];
    return NULL;
}

static void replace_peers(struct ecs_diameter_node *node, const struct ecs_diameter_conf *conf,
                          struct dia_peer *fresh)
{
    struct dia_peer **end = &node->peers;

    for (; *end; end = &(*end)->next) {
        struct dia_peer *peer = *end;
        const struct ecs_diameter_peer_conf *row = find_row(conf, peer->conf.name);

        if (row && renew(peer, row))
            continue;
        if (row)
            continue; /* no memory: it goes on with its former row */
        peer->leaving = true;
        dia_drain(peer);
    }
    *end = fresh;
    for (; fresh; fresh = fresh->next)
        dia_peer_open(fresh);
}

static enum ecs_rc complain(char *err, size_t err_size, const char *text)
{
    snprintf(err, err_size, "diameter: %s", text);
    return ECS_E_CONFIG;
}

enum ecs_rc ecs_diameter_node_set(struct ecs_diameter_node *node, const struct ecs_diameter_conf *conf,
                                  char *err, size_t err_size)
{
    const char *wrong = check_rows(conf);
    struct ecs_arena *arena, *former;
    struct dia_route *routes;
    struct dia_peer *fresh;
    bool good;

    if (wrong)
        return complain(err, err_size, wrong);
    arena = ecs_arena_new(NULL, 0);
    routes = arena ? ecs_alloc(arena, (conf->routes_n + 1) * sizeof(*routes)) : NULL;
    if (!arena || !copy_routes(conf, arena, routes)) {
        ecs_arena_free(arena);
        return complain(err, err_size, "no memory");
    }
    fresh = make_missing(node, conf, &good);
    if (!good) {
        ecs_arena_free(arena);
        return complain(err, err_size, "no memory");
    }
    replace_peers(node, conf, fresh);
    for (size_t i = 0; i < conf->routes_n; i++)
        routes[i].peer = find_peer(node->peers, conf->routes[i].peer);
    former = node->route_arena;
    node->route_arena = arena;
    node->routes = routes;
    node->routes_n = conf->routes_n;
    node->use_reopening = conf->use_reopening;
    dia_publish(node);
    ecs_arena_free(former);
    node->stats = conf->stats ? conf->stats : &node->own_stats;
    return ECS_OK;
}
