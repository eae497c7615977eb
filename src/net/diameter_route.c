/* SPDX-License-Identifier: Apache-2.0 */
/* Which peer a request goes to: the one that Destination-Host names, else by realm and application, priority
 * and weight (6733 2.7, 6.1). Peers that were tried already are left out. */
#include <stdlib.h>
#include <string.h>

#include "net/diameter_ask.h"

enum reach { REACH_NONE, REACH_ROUTE, REACH_FULL, REACH_USABLE };

static bool was_tried(const struct dia_ask *ask, const struct dia_peer *peer)
{
    for (unsigned i = 0; i < ask->tried_n; i++)
        if (ask->tried[i] == peer->serial)
            return true;
    return false;
}

static bool speaks(const struct dia_peer *peer, uint32_t application)
{
    if (peer->relay)
        return true;
    for (size_t i = 0; i < peer->applications; i++)
        if (peer->application[i] == application)
            return true;
    return false;
}

static bool is_up(const struct dia_peer *peer, bool reopening)
{
    return peer->state == ECS_DIAMETER_OKAY ||
           (reopening && peer->state == ECS_DIAMETER_REOPEN && peer->answered > 0);
}

static enum reach reach_of(const struct dia_peer *peer, const struct dia_ask *ask, bool reopening)
{
    if (!is_up(peer, reopening) || dia_is_draining(peer) || was_tried(ask, peer) ||
        !speaks(peer, ask->application))
        return REACH_ROUTE;
    return peer->in_flight == peer->slots ? REACH_FULL : REACH_USABLE;
}

static struct dia_peer *choose_named(const struct ecs_diameter_node *node, const struct dia_ask *ask)
{
    if (ask->host.n == 0)
        return NULL;
    for (struct dia_peer *peer = node->peers; peer; peer = peer->next)
        if (ecs_str_eq_nocase(ecs_str_of(peer->origin_host), ask->host) &&
            reach_of(peer, ask, node->use_reopening) == REACH_USABLE)
            return peer;
    return NULL;
}

static bool applies(const struct dia_route *route, const struct dia_ask *ask, bool any_realm)
{
    bool wild = strcmp(route->realm, "*") == 0;

    if (route->application && route->application != ask->application)
        return false;
    return any_realm ? wild : !wild && ecs_str_eq_nocase(ecs_str_of(route->realm), ask->realm);
}

/* One pass draws among the rows of the best priority: each new one takes the place with the chance of its
 * weight. */
static struct dia_peer *draw(struct ecs_diameter_node *node, const struct dia_ask *ask, bool any_realm,
                             bool reopening, enum reach *best_reach)
{
    struct dia_peer *chosen = NULL;
    unsigned priority = 0;
    uint64_t weights = 0;

    for (size_t i = 0; i < node->routes_n; i++) {
        const struct dia_route *route = &node->routes[i];
        uint64_t weight = route->weight ? route->weight : 1;
        enum reach reach;

        if (!applies(route, ask, any_realm))
            continue;
        reach = reach_of(route->peer, ask, reopening);
        if (reach > *best_reach)
            *best_reach = reach;
        if (reach != REACH_USABLE || (chosen && route->priority > priority))
            continue;
        if (!chosen || route->priority < priority)
            weights = 0;
        weights += weight;
        priority = route->priority;
        if (weights == weight || dia_random(node) % weights < weight)
            chosen = route->peer;
    }
    return chosen;
}

struct dia_peer *dia_choose(struct ecs_diameter_node *node, const struct dia_ask *ask, enum ecs_rc *ret_rc,
                            const char **ret_error)
{
    static const struct {
        enum ecs_rc rc;
        const char *error;
    } why[] = {
        [REACH_NONE] = {ECS_E_BACKEND, "there is no route to the realm"},
        [REACH_ROUTE] = {ECS_E_BACKEND, "no peer for the realm is in service"},
        [REACH_FULL] = {ECS_E_OVERLOAD, "the budget of all peers for the realm is spent"},
    };
    bool may = ask->tried_n < DIA_TRIED_MAX && !node->freed;
    struct dia_peer *peer = may ? choose_named(node, ask) : NULL;
    enum reach reach = REACH_NONE;

    for (int reopening = 0; !peer && may && reopening <= (int)node->use_reopening; reopening++) {
        peer = draw(node, ask, false, reopening, &reach);
        if (!peer)
            peer = draw(node, ask, true, reopening, &reach);
    }
    if (!peer) {
        *ret_rc = why[reach < REACH_USABLE ? reach : REACH_ROUTE].rc;
        *ret_error = why[reach < REACH_USABLE ? reach : REACH_ROUTE].error;
    }
    return peer;
}

/* ---- what other threads may know ---- */

static bool serves(const struct ecs_diameter_node *node, const struct dia_route *route, uint32_t application)
{
    return !node->freed && is_up(route->peer, node->use_reopening) && !dia_is_draining(route->peer) &&
           (!route->application || route->application == application) && speaks(route->peer, application);
}

void dia_publish(struct ecs_diameter_node *node)
{
    const struct ecs_diameter_identity *me = &node->me;
    struct dia_serving *former,
        *serving = calloc(node->routes_n * ECS_DIAMETER_APPLICATIONS + 1, sizeof(*serving));
    size_t n = 0;

    for (size_t i = 0; serving && i < node->routes_n; i++)
        for (size_t k = 0; k < ECS_DIAMETER_APPLICATIONS && me->application[k].id; k++)
            if (serves(node, &node->routes[i], me->application[k].id))
                serving[n++] = (struct dia_serving){node->routes[i].realm, me->application[k].id};
    pthread_mutex_lock(&node->lock);
    former = node->serving;
    node->serving = serving;
    node->serving_n = n;
    pthread_mutex_unlock(&node->lock);
    free(former);
}

bool ecs_diameter_is_up(const struct ecs_diameter *d, struct ecs_str realm, uint32_t application)
{
    struct ecs_diameter_node *node = d->node;
    bool up = false;

    pthread_mutex_lock(&node->lock);
    for (size_t i = 0; i < node->serving_n && !up; i++)
        up = node->serving[i].application == application &&
             (strcmp(node->serving[i].realm, "*") == 0 ||
              ecs_str_eq_nocase(ecs_str_of(node->serving[i].realm), realm));
    pthread_mutex_unlock(&node->lock);
    return up;
}
