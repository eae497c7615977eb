/* SPDX-License-Identifier: Apache-2.0 */
/* Writing the phone's EAP-AKA answers (clients.md 2.4) and explaining packets to people. */

#include <string.h>

#include "eap.h"

enum { HEADER_N = 8, MAC_N = 16 };

static size_t begin(uint8_t *packet, uint8_t identifier, uint8_t subtype)
{
    memset(packet, 0, HEADER_N);
    packet[0] = 2;
    packet[1] = identifier;
    packet[4] = ECS_SIM_EAP_AKA;
    packet[5] = subtype;
    return HEADER_N;
}

static size_t finish(uint8_t *packet, size_t n)
{
    packet[2] = (uint8_t)(n >> 8);
    packet[3] = (uint8_t)n;
    return n;
}

/* Begin of the MAC bytes, 0 when there is no AT_MAC. */
static size_t find_mac(const uint8_t *packet, size_t n)
{
    size_t at = HEADER_N;

    while (at + 2 <= n && packet[at + 1] && (size_t)packet[at + 1] * 4 <= n - at) {
        if (packet[at] == 11 && packet[at + 1] == 5)
            return at + 4;
        at += (size_t)packet[at + 1] * 4;
    }
    return 0;
}

static bool compute_mac(struct ecs_crypto *crypto, const uint8_t *packet, size_t n, size_t mac_at,
                        const uint8_t k_aut[16], uint8_t out[ECS_SHA1_LEN])
{
    static const char zeros[MAC_N];
    struct ecs_str parts[3] = {{(const char *)packet, mac_at},
                               {zeros, MAC_N},
                               {(const char *)packet + mac_at + MAC_N, n - mac_at - MAC_N}};

    return ecs_hmac(crypto, ECS_DIGEST_SHA1, k_aut, 16, parts, ECS_ARRAY_LEN(parts), out);
}

int ecs_sim_mac_check(struct ecs_crypto *crypto, const uint8_t *packet, size_t n, const uint8_t k_aut[16])
{
    size_t mac_at = find_mac(packet, n);
    uint8_t mac[ECS_SHA1_LEN];

    if (!mac_at)
        return -1;
    if (!compute_mac(crypto, packet, n, mac_at, k_aut, mac))
        return 0;
    return ecs_ct_equal(mac, packet + mac_at, MAC_N);
}

size_t ecs_sim_answer_res(struct ecs_crypto *crypto, uint8_t identifier, const uint8_t *res, size_t res_n,
                          const uint8_t k_aut[16], uint8_t packet[64])
{
    size_t n = begin(packet, identifier, ECS_SIM_AKA_CHALLENGE);
    size_t padded = (res_n + 3) / 4 * 4, mac_at;
    uint8_t mac[ECS_SHA1_LEN];

    packet[n] = 3; /* AT_RES, length in bits */
    packet[n + 1] = (uint8_t)(padded / 4 + 1);
    packet[n + 2] = (uint8_t)(res_n * 8 >> 8);
    packet[n + 3] = (uint8_t)(res_n * 8);
    memset(packet + n + 4, 0, padded);
    memcpy(packet + n + 4, res, res_n);
    n += 4 + padded;
    packet[n] = 11; /* AT_MAC */
    packet[n + 1] = 5;
    memset(packet + n + 2, 0, 2 + MAC_N);
    mac_at = n + 4;
    n = finish(packet, n + 4 + MAC_N);
    if (!compute_mac(crypto, packet, n, mac_at, k_aut, mac))
        return 0;
    memcpy(packet + mac_at, mac, MAC_N);
    return n;
}

size_t ecs_sim_answer_auts(uint8_t identifier, const uint8_t auts[14], uint8_t packet[64])
{
    size_t n = begin(packet, identifier, ECS_SIM_AKA_SYNC_FAILURE);

    packet[n] = 4; /* AT_AUTS */
    packet[n + 1] = 4;
    memcpy(packet + n + 2, auts, 14);
    return finish(packet, n + 16);
}

size_t ecs_sim_answer_plain(uint8_t identifier, uint8_t subtype, uint8_t packet[64])
{
    size_t n = begin(packet, identifier, subtype);

    if (subtype == ECS_SIM_AKA_CLIENT_ERROR) {
        packet[n] = 22; /* AT_CLIENT_ERROR_CODE 0: unable to process */
        packet[n + 1] = 1;
        packet[n + 2] = packet[n + 3] = 0;
        n += 4;
    }
    return finish(packet, n);
}

size_t ecs_sim_answer_identity(uint8_t identifier, struct ecs_str identity, uint8_t *packet)
{
    size_t n = begin(packet, identifier, ECS_SIM_AKA_IDENTITY);
    size_t padded = (identity.n + 3) / 4 * 4;

    if (identity.n > 1016)
        return 0;
    packet[n] = 14; /* AT_IDENTITY, length in bytes */
    packet[n + 1] = (uint8_t)(padded / 4 + 1);
    packet[n + 2] = (uint8_t)(identity.n >> 8);
    packet[n + 3] = (uint8_t)identity.n;
    memset(packet + n + 4, 0, padded);
    memcpy(packet + n + 4, identity.p, identity.n);
    return finish(packet, n + 4 + padded);
}

/* ---- for people ---- */

struct attr_name {
    uint8_t type;
    const char *name;
    bool secret;
};

static const struct attr_name attr_names[] = {
    {1, "AT_RAND", false},
    {2, "AT_AUTN", false},
    {3, "AT_RES", true},
    {4, "AT_AUTS", false},
    {10, "AT_PERMANENT_ID_REQ", false},
    {11, "AT_MAC", false},
    {12, "AT_NOTIFICATION", false},
    {13, "AT_ANY_ID_REQ", false},
    {14, "AT_IDENTITY", true},
    {17, "AT_FULLAUTH_ID_REQ", false},
    {22, "AT_CLIENT_ERROR_CODE", false},
    {23, "AT_KDF_INPUT", false},
    {24, "AT_KDF", false},
    {129, "AT_IV", false},
    {130, "AT_ENCR_DATA", false},
    {134, "AT_CHECKCODE", false},
    {135, "AT_RESULT_IND", false},
    {136, "AT_BIDDING", false},
};

static const char *subtype_name(uint8_t subtype)
{
    static const char *const names[] = {
        [1] = "Challenge",    [2] = "Authentication-Reject", [4] = "Synchronization-Failure",
        [5] = "Identity",     [12] = "Notification",         [13] = "Reauthentication",
        [14] = "Client-Error"};

    return subtype < ECS_ARRAY_LEN(names) && names[subtype] ? names[subtype] : "unknown subtype";
}

static void explain_attr(struct ecs_buf *buf, const uint8_t *attr, size_t n, const char *indent, bool secrets)
{
    const struct attr_name *row = NULL;
    char hex[2 * 1024 + 1];

    for (size_t i = 0; i < ECS_ARRAY_LEN(attr_names); i++) {
        if (attr_names[i].type == attr[0])
            row = &attr_names[i];
    }
    if (row && row->secret && !secrets) {
        ecs_buf_printf(buf, "%s  %s (%zu bytes) <hidden>\n", indent, row->name, n);
        return;
    }
    ecs_hex_encode(attr + 2, n - 2, hex);
    if (row)
        ecs_buf_printf(buf, "%s  %s (%zu bytes) %s\n", indent, row->name, n, hex);
    else
        ecs_buf_printf(buf, "%s  attribute %u (%zu bytes, %s) %s\n", indent, attr[0], n,
                       attr[0] < 128 ? "must be understood" : "may be skipped", hex);
}

void ecs_sim_packet_explain(struct ecs_buf *buf, const uint8_t *packet, size_t n, const char *indent,
                            bool secrets)
{
    static const char *const codes[] = {"?", "EAP-Request", "EAP-Response", "EAP-Success", "EAP-Failure"};
    size_t at = HEADER_N;

    if (n < 4) {
        ecs_buf_printf(buf, "%sEAP packet of %zu bytes, too short\n", indent, n);
        return;
    }
    ecs_buf_printf(buf, "%s%s, identifier %u, %zu bytes", indent, packet[0] < 5 ? codes[packet[0]] : codes[0],
                   packet[1], n);
    if (n < HEADER_N || (packet[4] != ECS_SIM_EAP_AKA && packet[4] != ECS_SIM_EAP_AKA_PRIME)) {
        ecs_buf_printf(buf, ", type %u\n", n > 4 ? packet[4] : 0u);
        return;
    }
    ecs_buf_printf(buf, ", EAP-AKA%s %s\n", packet[4] == ECS_SIM_EAP_AKA_PRIME ? "'" : "",
                   subtype_name(packet[5]));
    while (at < n) {
        size_t length = at + 2 <= n ? (size_t)packet[at + 1] * 4 : 0;

        if (!length || length > n - at) {
            ecs_buf_printf(buf, "%s  %zu bytes that are no attribute\n", indent, n - at);
            return;
        }
        explain_attr(buf, packet + at, length, indent, secrets);
        at += length;
    }
}
