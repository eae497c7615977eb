/* SPDX-License-Identifier: Apache-2.0 */
/* Server addresses: taking https URLs apart and finding the socket address. */

#include "url.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static bool cut_authority(struct ecs_str *rest, struct ecs_str *ret_host, struct ecs_str *ret_port)
{
    size_t end = 0, colon;
    struct ecs_str authority;

    while (end < rest->n && rest->p[end] != '/' && rest->p[end] != '?')
        end++;
    authority = (struct ecs_str){rest->p, end};
    rest->p += end;
    rest->n -= end;
    *ret_port = ECS_STR("443");
    if (authority.n && authority.p[0] == '[') {
        const char *close = memchr(authority.p, ']', authority.n);

        if (!close)
            return false;
        *ret_host = (struct ecs_str){authority.p + 1, (size_t)(close - authority.p) - 1};
        colon = (size_t)(close - authority.p) + 1;
    } else {
        for (colon = 0; colon < authority.n && authority.p[colon] != ':'; colon++)
            ;
        *ret_host = (struct ecs_str){authority.p, colon};
    }
    if (colon == authority.n)
        return ret_host->n > 0;
    *ret_port = (struct ecs_str){authority.p + colon + 1, authority.n - colon - 1};
    return ret_host->n > 0 && authority.p[colon] == ':' && ecs_str_is_digits(*ret_port) && ret_port->n < 6;
}

bool ecs_sim_url_parse(struct ecs_arena *arena, const char *text, struct ecs_sim_url *ret_url, char *err,
                       size_t err_size)
{
    struct ecs_str rest = ecs_str_of(text), host, port;
    struct ecs_sim_url url = {0};
    const char *question;
    size_t path_n;
    bool v6;

    if (!ecs_str_starts_with_nocase(rest, ECS_STR("https://"))) {
        snprintf(err, err_size, "%s: the address must begin with https://", text);
        return false;
    }
    rest.p += 8;
    rest.n -= 8;
    if (!cut_authority(&rest, &host, &port)) {
        snprintf(err, err_size, "%s: host name or port cannot be read", text);
        return false;
    }
    question = memchr(rest.p, '?', rest.n);
    path_n = question ? (size_t)(question - rest.p) : rest.n;
    v6 = memchr(host.p, ':', host.n) != NULL;
    url.text = ecs_strdup(arena, ecs_str_of(text));
    url.host = ecs_strdup(arena, host);
    url.port = ecs_strdup(arena, port);
    url.path = path_n ? ecs_strdup(arena, (struct ecs_str){rest.p, path_n}) : "/";
    if (question)
        url.query.n = rest.n - path_n - 1;
    url.query.p = question ? ecs_strdup(arena, (struct ecs_str){question + 1, url.query.n}) : "";
    url.authority = ecs_printf(arena, "%s%.*s%s%s%.*s", v6 ? "[" : "", ECS_FMT(host), v6 ? "]" : "",
                               ecs_str_eq(port, ECS_STR("443")) ? "" : ":",
                               ecs_str_eq(port, ECS_STR("443")) ? 0 : (int)port.n, port.p);
    if (!url.text || !url.host || !url.port || !url.path || !url.query.p || !url.authority) {
        snprintf(err, err_size, "out of memory");
        return false;
    }
    *ret_url = url;
    return true;
}

static const char *resolved_by_hand(const char *host, const char *const *resolve, size_t n)
{
    size_t host_n = strlen(host);

    for (size_t i = 0; i < n; i++) {
        if (!strncmp(resolve[i], host, host_n) && resolve[i][host_n] == ':')
            return resolve[i] + host_n + 1;
    }
    return NULL;
}

bool ecs_sim_url_resolve(const struct ecs_sim_url *url, const char *const *resolve, size_t n,
                         struct ecs_sim_addr *ret_addr, char *err, size_t err_size)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    const char *by_hand = resolved_by_hand(url->host, resolve, n);
    int rc;

    if (by_hand)
        hints.ai_flags = AI_NUMERICHOST;
    rc = getaddrinfo(by_hand ? by_hand : url->host, url->port, &hints, &found);
    if (rc) {
        snprintf(err, err_size, "cannot find the address of %s: %s", by_hand ? by_hand : url->host,
                 gai_strerror(rc));
        return false;
    }
    memset(ret_addr, 0, sizeof(*ret_addr));
    memcpy(&ret_addr->sa, found->ai_addr, found->ai_addrlen);
    ret_addr->n = found->ai_addrlen;
    for (const struct addrinfo *one = found; one; one = one->ai_next)
        ret_addr->found++;
    freeaddrinfo(found);
    return true;
}

bool ecs_sim_addr_is_loopback(const struct ecs_sim_addr *addr)
{
    if (addr->sa.ss_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)&addr->sa)->sin_addr.s_addr) >> 24) == 127;
    if (addr->sa.ss_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)&addr->sa)->sin6_addr);
    return addr->sa.ss_family == AF_UNIX;
}
