/* SPDX-License-Identifier: Apache-2.0 */
/* Server addresses: https URLs and the socket addresses behind them. */
#pragma once

#include <sys/socket.h>

#include "ecs/arena.h"

struct ecs_sim_url {
    const char *text;      /* as given */
    const char *host;      /* without brackets */
    const char *port;      /* digits, "443" by default */
    const char *path;      /* begins with "/" */
    struct ecs_str query;  /* without "?", may be empty */
    const char *authority; /* for the Host header: port only when it is not 443 */
};

struct ecs_sim_addr {
    struct sockaddr_storage sa;
    socklen_t n;
    unsigned found; /* how many addresses the name has */
};

bool ecs_sim_url_parse(struct ecs_arena *arena, const char *text, struct ecs_sim_url *ret_url, char *err,
                       size_t err_size) ECS_MUST_CHECK;
/* resolve: "host:address" entries, n of them, taken instead of the name service (as curl's --resolve without
 * the port). May wait for the name service otherwise. */
bool ecs_sim_url_resolve(const struct ecs_sim_url *url, const char *const *resolve, size_t n,
                         struct ecs_sim_addr *ret_addr, char *err, size_t err_size) ECS_MUST_CHECK;
bool ecs_sim_addr_is_loopback(const struct ecs_sim_addr *addr);
