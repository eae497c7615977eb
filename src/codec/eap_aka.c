/* SPDX-License-Identifier: Apache-2.0 */
/* The EAP encoder: a writer that lays attributes out by the table, the packets of EAP-AKA on top of it,
 * AT_MAC. */
#include "codec/eap_priv.h"

#include <string.h>

#define HEAD 4 /* code, identifier, length */

static bool is_aka(uint8_t type)
{
    return type == ECS_EAP_TYPE_AKA || type == ECS_EAP_TYPE_AKA_PRIME;
}

/* Room for n zeroed bytes at the end, or NULL. */
static uint8_t *grow(struct ecs_eap_writer *writer, size_t n)
{
    if (writer->overflow || n > writer->room - writer->n) {
        writer->overflow = true;
        return NULL;
    }
    uint8_t *at = memset(writer->p + writer->n, 0, n);
    writer->n += n;
    return at;
}

void ecs_eap_write_start(struct ecs_eap_writer *writer, uint8_t *out, size_t room, uint8_t code,
                         uint8_t identifier, uint8_t type, uint8_t subtype)
{
    *writer = (struct ecs_eap_writer){.p = out, .room = room < UINT16_MAX ? room : UINT16_MAX};
    uint8_t *at = grow(writer, is_aka(type) ? HEAD + 4 : HEAD + 1);

    if (!at)
        return;
    at[0] = code;
    at[1] = identifier;
    at[4] = type;
    if (is_aka(type))
        at[5] = subtype;
}

/* What stands in the two bytes behind type and length; -1 when the value does not suit the layout. */
static int second_word(const struct ecs_eap_attr_row *row, struct ecs_str value, uint16_t number)
{
    switch (row->layout) {
    case LAYOUT_NUMBER:
    case LAYOUT_KDF:
        return value.n == 0 ? number : -1;
    case LAYOUT_RES:
        if (number == 0)
            number = (uint16_t)(value.n < 17 ? 8 * value.n : 0);
        return number >= 32 && number <= 128 && ((size_t)number + 7) / 8 == value.n ? number : -1;
    case LAYOUT_SIZED:
        return value.n <= 4 * 255 - 4 ? (int)value.n : -1;
    case LAYOUT_EMPTY:
        return value.n == 0 ? 0 : -1;
    case LAYOUT_BLOCKS:
        return value.n % 16 == 0 ? 0 : -1;
    case LAYOUT_FIXED:
        return value.n == 4u * row->low - 4 ? 0 : -1;
    case LAYOUT_CHECKCODE:
        return value.n == 0 || value.n == ECS_SHA1_LEN || value.n == ECS_SHA256_LEN ? 0 : -1;
    case LAYOUT_WHOLE:
    case LAYOUT_PADDING:
        return 0;
    }
    return -1;
}

void ecs_eap_write_attr(struct ecs_eap_writer *writer, enum ecs_eap_attr attr, struct ecs_str value,
                        uint16_t number)
{
    static const char zeros[16];
    const struct ecs_eap_attr_row *row = &ecs_eap_attr_rows[attr];
    bool whole = row->layout == LAYOUT_WHOLE || row->layout == LAYOUT_PADDING;
    size_t head = whole ? 2 : 4;

    if (attr == ECS_AT_MAC && value.n == 0)
        value = (struct ecs_str){zeros, sizeof(zeros)};
    int second = second_word(row, value, number);
    size_t words = (head + value.n + 3) / 4;
    if (second < 0 || words < row->low || words > row->high || (whole && (head + value.n) % 4 != 0)) {
        writer->overflow = true;
        return;
    }
    uint8_t *at = grow(writer, 4 * words);
    if (!at)
        return;
    at[0] = row->number;
    at[1] = (uint8_t)words;
    if (!whole) {
        at[2] = (uint8_t)(second >> 8);
        at[3] = (uint8_t)second;
    }
    if (value.n)
        memcpy(at + head, value.p, value.n);
}

size_t ecs_eap_write_end(struct ecs_eap_writer *writer)
{
    if (writer->overflow)
        return 0;
    writer->p[2] = (uint8_t)(writer->n >> 8);
    writer->p[3] = (uint8_t)writer->n;
    return writer->n;
}

static struct ecs_str bytes_of(const uint8_t *p, size_t n)
{
    return (struct ecs_str){(const char *)p, n};
}

size_t ecs_eap_make_identity(uint8_t identifier, struct ecs_str identity, uint8_t *out, size_t room)
{
    struct ecs_eap_writer w;

    ecs_eap_write_start(&w, out, room, ECS_EAP_RESPONSE, identifier, ECS_EAP_TYPE_IDENTITY, 0);
    uint8_t *at = grow(&w, identity.n);
    if (at && identity.n)
        memcpy(at, identity.p, identity.n);
    return ecs_eap_write_end(&w);
}

size_t ecs_eap_make_aka_identity(uint8_t type, uint8_t identifier, struct ecs_str identity, uint8_t *out,
                                 size_t room)
{
    struct ecs_eap_writer w;

    ecs_eap_write_start(&w, out, room, ECS_EAP_RESPONSE, identifier, type, ECS_EAP_SUB_IDENTITY);
    ecs_eap_write_attr(&w, ECS_AT_IDENTITY, identity, 0);
    return ecs_eap_write_end(&w);
}

size_t ecs_eap_make_challenge(struct ecs_crypto *crypto, uint8_t identifier, const uint8_t rand[16],
                              const uint8_t autn[16], const uint8_t k_aut[16], unsigned extras, uint8_t *out,
                              size_t room)
{
    struct ecs_eap_writer w;

    ecs_eap_write_start(&w, out, room, ECS_EAP_REQUEST, identifier, ECS_EAP_TYPE_AKA, ECS_EAP_SUB_CHALLENGE);
    ecs_eap_write_attr(&w, ECS_AT_RAND, bytes_of(rand, 16), 0);
    ecs_eap_write_attr(&w, ECS_AT_AUTN, bytes_of(autn, 16), 0);
    ecs_eap_write_attr(&w, ECS_AT_MAC, ECS_STR_NULL, 0);
    if (extras & ECS_EAP_EXTRA_CHECKCODE)
        ecs_eap_write_attr(&w, ECS_AT_CHECKCODE, ECS_STR_NULL, 0);
    if (extras & ECS_EAP_EXTRA_RESULT_IND)
        ecs_eap_write_attr(&w, ECS_AT_RESULT_IND, ECS_STR_NULL, 0);
    if (extras & ECS_EAP_EXTRA_BIDDING)
        ecs_eap_write_attr(&w, ECS_AT_BIDDING, ECS_STR_NULL, 0x8000);
    size_t n = ecs_eap_write_end(&w);
    return n && ecs_eap_mac_sign(crypto, out, n, k_aut, ECS_STR_NULL) ? n : 0;
}

size_t ecs_eap_make_prime_challenge(struct ecs_crypto *crypto, uint8_t identifier, const uint8_t rand[16],
                                    const uint8_t autn[16], struct ecs_str network, const uint8_t k_aut[32],
                                    unsigned extras, uint8_t *out, size_t room)
{
    struct ecs_eap_writer w;

    ecs_eap_write_start(&w, out, room, ECS_EAP_REQUEST, identifier, ECS_EAP_TYPE_AKA_PRIME,
                        ECS_EAP_SUB_CHALLENGE);
    ecs_eap_write_attr(&w, ECS_AT_RAND, bytes_of(rand, 16), 0);
    ecs_eap_write_attr(&w, ECS_AT_AUTN, bytes_of(autn, 16), 0);
    ecs_eap_write_attr(&w, ECS_AT_KDF, ECS_STR_NULL, 1);
    ecs_eap_write_attr(&w, ECS_AT_KDF_INPUT, network, 0);
    ecs_eap_write_attr(&w, ECS_AT_MAC, ECS_STR_NULL, 0);
    if (extras & ECS_EAP_EXTRA_CHECKCODE)
        ecs_eap_write_attr(&w, ECS_AT_CHECKCODE, ECS_STR_NULL, 0);
    if (extras & ECS_EAP_EXTRA_RESULT_IND)
        ecs_eap_write_attr(&w, ECS_AT_RESULT_IND, ECS_STR_NULL, 0);
    size_t n = ecs_eap_write_end(&w);
    return n && ecs_eap_mac_sign(crypto, out, n, k_aut, ECS_STR_NULL) ? n : 0;
}

size_t ecs_eap_make_challenge_answer(struct ecs_crypto *crypto, uint8_t type, uint8_t identifier,
                                     struct ecs_str res, const uint8_t *k_aut, uint8_t *out, size_t room)
{
    struct ecs_eap_writer w;

    ecs_eap_write_start(&w, out, room, ECS_EAP_RESPONSE, identifier, type, ECS_EAP_SUB_CHALLENGE);
    ecs_eap_write_attr(&w, ECS_AT_RES, res, 0);
    ecs_eap_write_attr(&w, ECS_AT_MAC, ECS_STR_NULL, 0);
    size_t n = ecs_eap_write_end(&w);
    return n && ecs_eap_mac_sign(crypto, out, n, k_aut, ECS_STR_NULL) ? n : 0;
}

size_t ecs_eap_make_sync_failure(uint8_t type, uint8_t identifier, const uint8_t auts[14], uint8_t *out,
                                 size_t room)
{
    struct ecs_eap_writer w;

    ecs_eap_write_start(&w, out, room, ECS_EAP_RESPONSE, identifier, type, ECS_EAP_SUB_SYNC);
    ecs_eap_write_attr(&w, ECS_AT_AUTS, bytes_of(auts, 14), 0);
    return ecs_eap_write_end(&w);
}

size_t ecs_eap_make_reject(uint8_t type, uint8_t identifier, uint8_t *out, size_t room)
{
    struct ecs_eap_writer w;

    ecs_eap_write_start(&w, out, room, ECS_EAP_RESPONSE, identifier, type, ECS_EAP_SUB_REJECT);
    return ecs_eap_write_end(&w);
}

size_t ecs_eap_make_client_error(uint8_t type, uint8_t identifier, uint16_t code, uint8_t *out, size_t room)
{
    struct ecs_eap_writer w;

    ecs_eap_write_start(&w, out, room, ECS_EAP_RESPONSE, identifier, type, ECS_EAP_SUB_CLIENT_ERROR);
    ecs_eap_write_attr(&w, ECS_AT_CLIENT_ERROR_CODE, ECS_STR_NULL, code);
    return ecs_eap_write_end(&w);
}

size_t ecs_eap_make_result(uint8_t code, uint8_t identifier, uint8_t *out, size_t room)
{
    if (room < HEAD)
        return 0;
    out[0] = code;
    out[1] = identifier;
    out[2] = 0;
    out[3] = HEAD;
    return HEAD;
}

/* The MAC over the packet with the MAC at mac_at taken as zero. */
static bool compute_mac(struct ecs_crypto *crypto, uint8_t type, const uint8_t *packet, size_t n,
                        size_t mac_at, const uint8_t *k_aut, struct ecs_str extra,
                        uint8_t ret_mac[ECS_EAP_MAC_LEN])
{
    static const char zeros[ECS_EAP_MAC_LEN];
    bool prime = type == ECS_EAP_TYPE_AKA_PRIME;
    size_t behind = mac_at + ECS_EAP_MAC_LEN;
    const struct ecs_str parts[] = {
        bytes_of(packet, mac_at),
        {zeros, sizeof(zeros)},
        bytes_of(packet + behind, n - behind),
        extra,
    };
    uint8_t full[ECS_SHA256_LEN];

    if (!ecs_hmac(crypto, prime ? ECS_DIGEST_SHA256 : ECS_DIGEST_SHA1, k_aut, prime ? 32 : 16, parts,
                  ECS_ARRAY_LEN(parts), full))
        return false;
    memcpy(ret_mac, full, ECS_EAP_MAC_LEN);
    return true;
}

enum ecs_rc ecs_eap_mac_verify(struct ecs_crypto *crypto, const struct ecs_eap_packet *packet,
                               const uint8_t *k_aut, struct ecs_str extra)
{
    const uint8_t *bytes = (const uint8_t *)packet->bytes.p;
    const char *mac = packet->attrs.value[ECS_AT_MAC].p;
    uint8_t want[ECS_EAP_MAC_LEN];

    if (!ecs_eap_has(&packet->attrs, ECS_AT_MAC))
        return ECS_E_AUTH_REJECTED;
    if (!compute_mac(crypto, packet->type, bytes, packet->bytes.n, (size_t)(mac - packet->bytes.p), k_aut,
                     extra, want))
        return ECS_E_INTERNAL;
    enum ecs_rc rc = ecs_ct_equal(want, mac, sizeof(want)) ? ECS_OK : ECS_E_AUTH_REJECTED;
    ecs_wipe(want, sizeof(want));
    return rc;
}

bool ecs_eap_mac_sign(struct ecs_crypto *crypto, uint8_t *packet, size_t n, const uint8_t *k_aut,
                      struct ecs_str extra)
{
    struct ecs_eap_packet decoded;

    if (ecs_eap_decode(packet, n, &decoded) != ECS_EAP_FAULT_NONE || !ecs_eap_has(&decoded.attrs, ECS_AT_MAC))
        return false;
    size_t mac_at = (size_t)(decoded.attrs.value[ECS_AT_MAC].p - decoded.bytes.p);
    return compute_mac(crypto, decoded.type, packet, n, mac_at, k_aut, extra, packet + mac_at);
}
