/* SPDX-License-Identifier: Apache-2.0 */
/* The node: who we are, its begin and end, and what it shows. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "ecs/clock.h"
#include "net/diameter_ask.h"

const char *ecs_diameter_state_name(enum ecs_diameter_state state)
{
    static const char *const names[ECS_DIAMETER_STATE_COUNT] = {"down",    "opening", "asking", "okay",
                                                                "suspect", "reopen",  "closing"};

    return (unsigned)state < ECS_DIAMETER_STATE_COUNT ? names[state] : "unknown";
}

bool ecs_diameter_has_sctp(void)
{
    return ecs_stream_has_sctp();
}

/* xorshift: for jitter and the draw among peers. */
uint32_t dia_random(struct ecs_diameter_node *node)
{
    node->random ^= node->random << 13;
    node->random ^= node->random >> 7;
    node->random ^= node->random << 17;
    return (uint32_t)(node->random >> 32);
}

/* ---- who we are ---- */

static void add_address(struct ecs_diameter_node *node, const void *bytes, size_t n)
{
    if (node->addresses == ECS_DIAMETER_ADDRESSES)
        return;
    memcpy(node->address[node->addresses].bytes, bytes, n);
    node->address[node->addresses++].n = n;
}

static void add_interface(struct ecs_diameter_node *node, const struct ifaddrs *at)
{
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)at->ifa_addr;

    if (!at->ifa_addr || !(at->ifa_flags & IFF_UP) || (at->ifa_flags & IFF_LOOPBACK))
        return;
    if (at->ifa_addr->sa_family == AF_INET)
        add_address(node, &((const struct sockaddr_in *)(const void *)at->ifa_addr)->sin_addr, 4);
    else if (at->ifa_addr->sa_family == AF_INET6 && !IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr))
        add_address(node, &v6->sin6_addr, 16);
}

static bool find_addresses(struct ecs_diameter_node *node, const struct ecs_diameter_identity *identity)
{
    static const uint8_t loopback[4] = {127, 0, 0, 1};
    struct ifaddrs *list = NULL;
    uint8_t bytes[16];

    for (size_t i = 0; i < ECS_DIAMETER_ADDRESSES && identity->addresses[i]; i++) {
        if (inet_pton(AF_INET, identity->addresses[i], bytes) == 1)
            add_address(node, bytes, 4);
        else if (inet_pton(AF_INET6, identity->addresses[i], bytes) == 1)
            add_address(node, bytes, 16);
        else
            return false;
    }
    if (node->addresses == 0 && getifaddrs(&list) == 0) {
        for (const struct ifaddrs *at = list; at; at = at->ifa_next)
            add_interface(node, at);
        freeifaddrs(list);
    }
    if (node->addresses == 0)
        add_address(node, loopback, sizeof(loopback));
    return true;
}

static bool introduce(struct ecs_diameter_node *node, const struct ecs_diameter_identity *identity)
{
    int64_t now_us = ecs_clock_now_us(), now = now_us / 1000000;
    uint64_t seed[2];
    bool good = true;

    if (!ecs_diameter_is_identity(ecs_str_of(identity->host)) ||
        !ecs_diameter_is_identity(ecs_str_of(identity->realm)) ||
        getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
        return false;
    node->me = *identity;
    node->me.host = dia_copy(node->arena, identity->host, &good);
    node->me.realm = dia_copy(node->arena, identity->realm, &good);
    node->me.product = dia_copy(node->arena, identity->product ? identity->product : "entitlementd", &good);
    node->random = seed[0] | 1;
    node->state_id = (uint32_t)now;
    /* Time in units of 2^-32 s: what a process has counted up since lies below the start of the next one. */
    atomic_init(&node->session,
                (uint64_t)(uint32_t)now << 32 | ((uint64_t)(now_us % 1000000) << 32) / 1000000);
    node->end_to_end = (uint32_t)(now & 0xfff) << 20 | (uint32_t)(seed[1] & 0xfffff);
    return good && find_addresses(node, identity);
}

/* ---- life ---- */

void dia_node_unref(struct ecs_diameter_node *node)
{
    if (atomic_fetch_sub(&node->refs, 1) != 1)
        return;
    ecs_arena_free(node->arena);
    free(node->serving);
    pthread_mutex_destroy(&node->lock);
    free(node);
}

struct ecs_diameter_node *ecs_diameter_node_new(struct ecs_loop *loop, struct ecs_mailbox *mailbox,
                                                const struct ecs_diameter_identity *identity,
                                                const struct ecs_diameter_hooks *hooks)
{
    struct ecs_diameter_node *node = calloc(1, sizeof(*node));

    if (!node || pthread_mutex_init(&node->lock, NULL)) {
        free(node);
        return NULL;
    }
    atomic_init(&node->refs, 1);
    node->arena = ecs_arena_new(NULL, 0);
    if (!node->arena || !introduce(node, identity)) {
        dia_node_unref(node);
        return NULL;
    }
    node->loop = loop;
    node->mailbox = mailbox;
    node->stats = &node->own_stats;
    node->avps.limit = ECS_DIAMETER_MAX;
    node->out.limit = ECS_DIAMETER_MAX;
    if (hooks)
        node->hooks = *hooks;
    return node;
}

void ecs_diameter_node_free(struct ecs_diameter_node *node)
{
    enum { REBOOTING = 0 };

    if (!node)
        return;
    pthread_mutex_lock(&node->lock);
    node->mailbox = NULL;
    pthread_mutex_unlock(&node->lock);
    node->freed = true;
    dia_publish(node);
    node->routes_n = 0; /* nothing goes elsewhere now */
    for (struct dia_peer *peer = node->peers; peer; peer = peer->next) {
        if (peer->state >= ECS_DIAMETER_OKAY && peer->state < ECS_DIAMETER_CLOSING)
            (void)dia_say_disconnect(peer, REBOOTING);
        dia_fail_over(peer, true);
    }
    while (node->asks)
        dia_ask_finish(node->asks, ECS_E_BACKEND, "the Diameter node has stopped");
    dia_forget_inbound(node);
    ecs_timer_disarm(&node->reap);
    while (node->peers) {
        struct dia_peer *peer = node->peers;

        node->peers = peer->next;
        dia_peer_free(peer);
    }
    ecs_arena_free(node->route_arena);
    ecs_buf_done(&node->avps);
    ecs_buf_done(&node->out);
    dia_node_unref(node);
}

size_t ecs_diameter_node_view(const struct ecs_diameter_node *node, struct ecs_diameter_view *out, size_t max)
{
    int64_t now = ecs_loop_now_us(node->loop);
    size_t n = 0;

    for (const struct dia_peer *peer = node->peers; peer; peer = peer->next, n++) {
        if (n >= max)
            continue;
        out[n] = (struct ecs_diameter_view){.state = peer->state,
                                            .leaving = peer->leaving,
                                            .in_flight = peer->in_flight,
                                            .failovers = peer->failovers,
                                            .state_s = (now - peer->state_us) / 1000000};
        snprintf(out[n].name, sizeof(out[n].name), "%s", peer->conf.name);
        memcpy(out[n].origin_host, peer->origin_host, sizeof(out[n].origin_host));
        memcpy(out[n].origin_realm, peer->origin_realm, sizeof(out[n].origin_realm));
        memcpy(out[n].reason, peer->reason, sizeof(out[n].reason));
    }
    return n;
}
