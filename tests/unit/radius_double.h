/* SPDX-License-Identifier: Apache-2.0 */
/* The other end of RADIUS for tests, written from RFC 2865, 2866 and 3579 with libcrypto alone: what it says
 * is no echo of the product's codec. */
#pragma once

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define RD_HELPER static inline __attribute__((unused))

enum { RD_MAX = 4096, RD_HEADER = 20 };
enum rd_how { RD_GOOD, RD_UNSIGNED, RD_BAD_SIGNATURE, RD_BAD_AUTHENTICATOR };

struct rd_packet {
    uint8_t p[RD_MAX];
    size_t n;
};

RD_HELPER void rd_attr(struct rd_packet *packet, uint8_t type, const void *value, size_t n)
{
    packet->p[packet->n++] = type;
    packet->p[packet->n++] = (uint8_t)(n + 2);
    if (n)
        memcpy(packet->p + packet->n, value, n);
    packet->n += n;
}

RD_HELPER void rd_u32(struct rd_packet *packet, uint8_t type, uint32_t value)
{
    uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                        (uint8_t)value};

    rd_attr(packet, type, bytes, 4);
}

RD_HELPER void rd_begin(struct rd_packet *packet, uint8_t code, uint8_t id)
{
    memset(packet->p, 0, RD_HEADER);
    packet->p[0] = code;
    packet->p[1] = id;
    packet->n = RD_HEADER;
}

/* Offset of the value of the first attribute of that type; 0: none. */
RD_HELPER size_t rd_find(const uint8_t *p, size_t n, uint8_t type)
{
    for (size_t at = RD_HEADER; at + 2 <= n && p[at + 1] >= 2; at += p[at + 1])
        if (p[at] == type)
            return at + 2;
    return 0;
}

/* Length, Message-Authenticator at the end unless RD_UNSIGNED, Response Authenticator. */
RD_HELPER void rd_end(struct rd_packet *packet, const uint8_t *request, const char *secret, enum rd_how how)
{
    static const uint8_t zeros[16];
    uint8_t with_secret[RD_MAX + 64];
    size_t mac_at = 0;

    if (how != RD_UNSIGNED) {
        mac_at = packet->n + 2;
        rd_attr(packet, 80, zeros, 16);
    }
    packet->p[2] = (uint8_t)(packet->n >> 8);
    packet->p[3] = (uint8_t)packet->n;
    memcpy(packet->p + 4, request + 4, 16);
    if (mac_at)
        HMAC(EVP_md5(), secret, (int)strlen(secret), packet->p, packet->n, packet->p + mac_at, NULL);
    if (how == RD_BAD_SIGNATURE)
        packet->p[mac_at + 7] ^= 1;
    memcpy(with_secret, packet->p, packet->n);
    memcpy(with_secret + packet->n, secret, strlen(secret));
    EVP_Digest(with_secret, packet->n + strlen(secret), packet->p + 4, NULL, EVP_md5(), NULL);
    if (how == RD_BAD_AUTHENTICATOR)
        packet->p[4] ^= 0x80;
}

/* True when the request is one of the secret's holder: Message-Authenticator first in Access-Request and
 * Status-Server, Request Authenticator of Accounting-Request. */
RD_HELPER bool rd_is_genuine(const uint8_t *p, size_t n, const char *secret)
{
    uint8_t copy[RD_MAX + 64], digest[16];

    if (n < RD_HEADER || n != ((size_t)p[2] << 8 | p[3]))
        return false;
    memcpy(copy, p, n);
    if (p[0] == 4) {
        memset(copy + 4, 0, 16);
        memcpy(copy + n, secret, strlen(secret));
        EVP_Digest(copy, n + strlen(secret), digest, NULL, EVP_md5(), NULL);
        return memcmp(digest, p + 4, 16) == 0;
    }
    if (rd_find(p, n, 80) != RD_HEADER + 2 || p[RD_HEADER + 1] != 18)
        return false;
    memset(copy + RD_HEADER + 2, 0, 16);
    HMAC(EVP_md5(), secret, (int)strlen(secret), copy, n, digest, NULL);
    return memcmp(digest, p + RD_HEADER + 2, 16) == 0;
}
