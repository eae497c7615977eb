/* SPDX-License-Identifier: Apache-2.0 */
/* What GnuTLS does not tell when it asks for a certificate: whether a TLS 1.2 client has cipher suites for
 * ECDSA, for RSA, or for both. Signature algorithms alone mislead, for many clients name algorithms of suites
 * they do not offer. */
#include "http_priv.h"

static const struct {
    uint16_t suite;
    uint8_t kind;
} suites[] = {
    {0xc02b, HTTP_SUITE_ECDSA}, /* RFC 5289 */
    {0xc02c, HTTP_SUITE_ECDSA}, {0xc02f, HTTP_SUITE_RSA},
    {0xc030, HTTP_SUITE_RSA},   {0xcca8, HTTP_SUITE_RSA}, /* RFC 7905 */
    {0xcca9, HTTP_SUITE_ECDSA},
};

/* Body of a ClientHello (RFC 5246 7.4.1.2): version(2) random(32) session_id<0..32> cipher_suites<2..2^16-2>
 * ... */
unsigned http_hello_suites(const uint8_t *msg, size_t n)
{
    size_t at = 34, end;
    unsigned kinds = 0;

    if (n < at + 1 || n - at - 1 < msg[at])
        return 0;
    at += 1 + (size_t)msg[at];
    if (n - at < 2)
        return 0;
    end = at + 2 + ((size_t)msg[at] << 8 | msg[at + 1]);
    if (end > n)
        return 0;
    for (at += 2; at + 2 <= end; at += 2)
        for (size_t i = 0; i < ECS_ARRAY_LEN(suites); i++)
            if (suites[i].suite == ((unsigned)msg[at] << 8 | msg[at + 1]))
                kinds |= suites[i].kind;
    return kinds;
}
