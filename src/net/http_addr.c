/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses: of connections, of trusted proxies, and of clients as proxies tell them. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "http_priv.h"

static const uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_v4(const uint8_t *bytes)
{
    return memcmp(bytes, v4_prefix, sizeof(v4_prefix)) == 0;
}

bool http_addr_of(const struct sockaddr *sa, socklen_t n, struct http_addr *ret_addr)
{
    struct http_addr a = {0};

    if (n < sizeof(sa->sa_family)) /* accept() gives no name for unbound Unix peers of some kernels */
        a.is_unix = true;
    else if (sa->sa_family == AF_UNIX)
        a.is_unix = true;
    else if (sa->sa_family == AF_INET && n >= sizeof(struct sockaddr_in)) {
        memcpy(a.bytes, v4_prefix, sizeof(v4_prefix));
        memcpy(a.bytes + 12, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
    } else if (sa->sa_family == AF_INET6 && n >= sizeof(struct sockaddr_in6))
        memcpy(a.bytes, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, 16);
    else
        return false;
    *ret_addr = a;
    return true;
}

void http_addr_print(const struct http_addr *a, char out[48])
{
    if (a->is_unix)
        snprintf(out, 48, "unix");
    else if (is_v4(a->bytes))
        inet_ntop(AF_INET, a->bytes + 12, out, 48);
    else
        inet_ntop(AF_INET6, a->bytes, out, 48);
}

/* An IPv4 address, or the /64 of an IPv6 address. Never 0. */
uint64_t http_addr_prefix(const struct http_addr *a)
{
    uint64_t high = 0, low = 0;

    memcpy(&high, a->bytes, 8);
    memcpy(&low, a->bytes + 8, 8);
    if (is_v4(a->bytes))
        return low;
    return high ? high : 1;
}

static bool parse_addr(struct ecs_str text, uint8_t out[16], bool *ret_v4)
{
    char z[INET6_ADDRSTRLEN];

    if (!text.n || text.n >= sizeof(z) || memchr(text.p, '\0', text.n))
        return false;
    memcpy(z, text.p, text.n);
    z[text.n] = '\0';
    *ret_v4 = inet_pton(AF_INET, z, out + 12) == 1;
    if (*ret_v4) {
        memcpy(out, v4_prefix, sizeof(v4_prefix));
        return true;
    }
    return inet_pton(AF_INET6, z, out) == 1;
}

bool ecs_cidr_parse(struct ecs_str text, struct ecs_cidr *ret_cidr)
{
    struct ecs_cidr c = {.bits = 128};
    struct ecs_str addr;
    uint32_t bits;
    bool v4, slash = text.n && memchr(text.p, '/', text.n);

    if (!ecs_str_cut(&text, '/', &addr) || !parse_addr(addr, c.addr, &v4))
        return false;
    if (slash) {
        if (!ecs_str_to_u32(text, &bits) || bits > (v4 ? 32u : 128u))
            return false;
        c.bits = (uint8_t)(v4 ? bits + 96 : bits);
    }
    *ret_cidr = c;
    return true;
}

static bool in_cidr(const uint8_t *addr, const struct ecs_cidr *c)
{
    unsigned whole = c->bits / 8, rest = c->bits % 8;

    if (memcmp(addr, c->addr, whole) != 0)
        return false;
    return !rest || !((addr[whole] ^ c->addr[whole]) >> (8 - rest));
}

bool http_addr_in(const struct http_addr *a, const struct ecs_cidr *cidrs, size_t n)
{
    for (size_t i = 0; !a->is_unix && i < n; i++)
        if (in_cidr(a->bytes, &cidrs[i]))
            return true;
    return false;
}

/* "192.0.2.1", "192.0.2.1:4711", "[2001:db8::1]:4711", "2001:db8::1", each perhaps in quotes (RFC 7239
 * section 6). */
static bool parse_hop(struct ecs_str text, struct http_addr *ret_addr)
{
    struct http_addr a = {0};
    const char *end;
    bool v4;

    text = ecs_str_trim(text);
    if (text.n >= 2 && text.p[0] == '"' && text.p[text.n - 1] == '"')
        text = (struct ecs_str){text.p + 1, text.n - 2};
    if (text.n && text.p[0] == '[') {
        end = memchr(text.p, ']', text.n);
        if (!end)
            return false;
        text = (struct ecs_str){text.p + 1, (size_t)(end - text.p) - 1};
    } else if (text.n) {
        end = memchr(text.p, ':', text.n);
        if (end && !memchr(end + 1, ':', text.n - (size_t)(end + 1 - text.p)))
            text.n = (size_t)(end - text.p);
    }
    if (!parse_addr(text, a.bytes, &v4))
        return false;
    *ret_addr = a;
    return true;
}

/* The for= parameter of one element of Forwarded. */
static struct ecs_str forwarded_for(struct ecs_str element)
{
    struct ecs_str pair;

    while (ecs_str_cut(&element, ';', &pair)) {
        pair = ecs_str_trim(pair);
        if (ecs_str_starts_with_nocase(pair, ECS_STR("for=")))
            return (struct ecs_str){pair.p + 4, pair.n - 4};
    }
    return ECS_STR_NULL;
}

/* Cuts the part behind the last comma off. */
static struct ecs_str cut_last(struct ecs_str *rest)
{
    const char *comma = rest->n ? memrchr(rest->p, ',', rest->n) : NULL;
    struct ecs_str part = *rest;

    if (comma) {
        part = (struct ecs_str){comma + 1, rest->n - (size_t)(comma + 1 - rest->p)};
        rest->n = (size_t)(comma - rest->p);
    } else
        rest->n = 0;
    return part;
}

void http_addr_forwarded(const struct ecs_http_request *r, const struct ecs_cidr *proxies, size_t proxy_count,
                         const char *connection_peer, char out[48])
{
    bool plain = ecs_http_header_get(r, "X-Forwarded-For").p != NULL;
    struct ecs_str name = plain ? ECS_STR("X-Forwarded-For") : ECS_STR("Forwarded");
    struct http_addr hop;

    snprintf(out, 48, "%s", connection_peer);
    for (size_t i = r->header_count; i-- > 0;) {
        struct ecs_str rest = r->headers[i].value;

        if (!ecs_str_eq_nocase(r->headers[i].name, name))
            continue;
        while (rest.n) {
            struct ecs_str part = cut_last(&rest);

            /* What stands left of something unreadable was not vouched for by a proxy that we trust. */
            if (!parse_hop(plain ? part : forwarded_for(part), &hop))
                return;
            http_addr_print(&hop, out);
            if (!http_addr_in(&hop, proxies, proxy_count))
                return;
        }
    }
}

bool ecs_addr_is_loopback(struct ecs_str text)
{
    static const struct ecs_cidr loops[] = {
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127}, 104},
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128},
    };
    struct ecs_str rest = text, host;
    struct http_addr a;

    if (text.n && (text.p[0] == '/' || text.p[0] == '@'))
        return true;
    if (ecs_str_cut(&rest, ':', &host) && ecs_str_eq_nocase(host, ECS_STR("localhost")))
        return true;
    return parse_hop(text, &a) && http_addr_in(&a, loops, ECS_ARRAY_LEN(loops));
}
