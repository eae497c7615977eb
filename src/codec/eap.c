/* SPDX-License-Identifier: Apache-2.0 */
/* The EAP decoder. Which attribute may be where, and how long, is in eap_attrs.def; here is one reader per
 * layout. */
#include "codec/eap_priv.h"

#include <string.h>

const struct ecs_eap_attr_row ecs_eap_attr_rows[ECS_AT_COUNT] = {
#define ATTR(name, number, layout, low, high, prime, must, may, ignored)                                     \
    [ECS_AT_##name] = {"AT_" #name, number, LAYOUT_##layout, low, high, prime, must, may, ignored},
#include "codec/eap_attrs.def"
#undef ATTR
};

static const struct {
    const char *name, *text;
} faults[ECS_EAP_FAULT_COUNT] = {
#define FAULT(name, text) [ECS_EAP_FAULT_##name] = {#name, text},
#include "codec/eap_faults.def"
#undef FAULT
};

static const struct {
    uint8_t subtype;
    enum ecs_eap_message request, response; /* NONE: does not go that way */
} subtypes[] = {
    {ECS_EAP_SUB_CHALLENGE, ECS_EAP_MSG_REQ_CHALLENGE, ECS_EAP_MSG_RSP_CHALLENGE},
    {ECS_EAP_SUB_REJECT, ECS_EAP_MSG_NONE, ECS_EAP_MSG_RSP_REJECT},
    {ECS_EAP_SUB_SYNC, ECS_EAP_MSG_NONE, ECS_EAP_MSG_RSP_SYNC},
    {ECS_EAP_SUB_IDENTITY, ECS_EAP_MSG_REQ_IDENTITY, ECS_EAP_MSG_RSP_IDENTITY},
    {ECS_EAP_SUB_NOTIFICATION, ECS_EAP_MSG_REQ_NOTIFICATION, ECS_EAP_MSG_RSP_NOTIFICATION},
    {ECS_EAP_SUB_REAUTH, ECS_EAP_MSG_REQ_REAUTH, ECS_EAP_MSG_RSP_REAUTH},
    {ECS_EAP_SUB_CLIENT_ERROR, ECS_EAP_MSG_NONE, ECS_EAP_MSG_RSP_CLIENT_ERROR},
};

const char *ecs_eap_fault_text(enum ecs_eap_fault fault)
{
    return (unsigned)fault < ECS_EAP_FAULT_COUNT ? faults[fault].text : "unknown fault";
}

const char *ecs_eap_fault_name(enum ecs_eap_fault fault)
{
    return (unsigned)fault < ECS_EAP_FAULT_COUNT ? faults[fault].name : "UNKNOWN_FAULT";
}

const char *ecs_eap_attr_name(enum ecs_eap_attr attr)
{
    return (unsigned)attr < ECS_AT_COUNT ? ecs_eap_attr_rows[attr].name : "AT_?";
}

uint8_t ecs_eap_attr_number(enum ecs_eap_attr attr)
{
    return (unsigned)attr < ECS_AT_COUNT ? ecs_eap_attr_rows[attr].number : 0;
}

static int find_row(uint8_t number)
{
    for (int i = 0; i < ECS_AT_COUNT; i++)
        if (ecs_eap_attr_rows[i].number == number)
            return i;
    return -1;
}

/* at: the attribute's first byte; n: its size, a multiple of 4, already checked against the row. */
static enum ecs_eap_fault read_value(int row, const uint8_t *at, size_t n, bool prime,
                                     struct ecs_eap_attrs *attrs)
{
    uint16_t number = (uint16_t)(at[2] << 8 | at[3]);
    struct ecs_str rest = {(const char *)at + 4, n - 4}; /* behind type, length and two more bytes */

    attrs->value[row] = rest;
    switch (ecs_eap_attr_rows[row].layout) {
    case LAYOUT_FIXED:
    case LAYOUT_EMPTY:
        break;
    case LAYOUT_NUMBER:
        attrs->number[row] = number;
        break;
    case LAYOUT_KDF:
        if (attrs->kdf_n == ECS_EAP_KDF_MAX)
            return ECS_EAP_FAULT_KDF_COUNT;
        attrs->kdf[attrs->kdf_n++] = number;
        break;
    case LAYOUT_WHOLE:
        attrs->value[row] = (struct ecs_str){(const char *)at + 2, n - 2};
        break;
    case LAYOUT_RES:
        if (number < 32 || number > 128 || ((size_t)number + 7) / 8 > rest.n)
            return ECS_EAP_FAULT_RES_BITS;
        attrs->number[row] = number;
        attrs->value[row].n = ((size_t)number + 7) / 8;
        break;
    case LAYOUT_SIZED:
        if (number > rest.n)
            return ECS_EAP_FAULT_ACTUAL_LENGTH;
        attrs->value[row].n = number;
        break;
    case LAYOUT_BLOCKS:
        if (rest.n % 16 != 0)
            return ECS_EAP_FAULT_SIZE;
        break;
    case LAYOUT_CHECKCODE:
        if (rest.n != 0 && rest.n != (prime ? ECS_SHA256_LEN : ECS_SHA1_LEN))
            return ECS_EAP_FAULT_SIZE;
        break;
    case LAYOUT_PADDING:
        for (size_t i = 2; i < n; i++)
            if (at[i] != 0)
                return ECS_EAP_FAULT_PADDING;
        break;
    }
    return ECS_EAP_FAULT_NONE;
}

static void skip_attr(struct ecs_eap_attrs *attrs)
{
    if (attrs->skipped < UINT8_MAX)
        attrs->skipped++;
}

static enum ecs_eap_fault read_attr(const uint8_t *at, size_t n, enum ecs_eap_message message, bool prime,
                                    struct ecs_eap_attrs *attrs)
{
    int row = find_row(at[0]);
    uint32_t here = 1u << message;

    if (row < 0) {
        if (at[0] < 128)
            return ECS_EAP_FAULT_UNKNOWN;
        skip_attr(attrs);
        return ECS_EAP_FAULT_NONE;
    }
    const struct ecs_eap_attr_row *r = &ecs_eap_attr_rows[row];
    if (!((r->must | r->may) & here) && (r->ignored & here)) {
        skip_attr(attrs);
        return ECS_EAP_FAULT_NONE;
    }
    if (!((r->must | r->may) & here) || (r->prime && !prime))
        return ECS_EAP_FAULT_UNEXPECTED;
    if (n < 4u * r->low || n > 4u * r->high)
        return ECS_EAP_FAULT_SIZE;
    if (ecs_eap_has(attrs, row) && r->layout != LAYOUT_KDF)
        return ECS_EAP_FAULT_DUPLICATE;
    attrs->present |= 1u << row;
    return read_value(row, at, n, prime, attrs);
}

/* Which attributes have to come, and which exclude each other. */
static enum ecs_eap_fault check_set(enum ecs_eap_message message, bool prime, struct ecs_eap_attrs *attrs)
{
    int id_requests = ecs_eap_has(attrs, ECS_AT_ANY_ID_REQ) + ecs_eap_has(attrs, ECS_AT_FULLAUTH_ID_REQ) +
                      ecs_eap_has(attrs, ECS_AT_PERMANENT_ID_REQ);

    attrs->fault_type = 0;
    if (message == ECS_EAP_MSG_REQ_IDENTITY && id_requests != 1)
        return ECS_EAP_FAULT_ID_REQUESTS;
    if (ecs_eap_has(attrs, ECS_AT_IV) != ecs_eap_has(attrs, ECS_AT_ENCR_DATA))
        return ECS_EAP_FAULT_IV_PAIR;
    for (int row = 0; row < ECS_AT_COUNT; row++) {
        const struct ecs_eap_attr_row *r = &ecs_eap_attr_rows[row];
        if (r->must >> message & 1 && (!r->prime || prime) && !ecs_eap_has(attrs, row)) {
            attrs->fault_type = r->number;
            return ECS_EAP_FAULT_MISSING;
        }
    }
    if (message == ECS_EAP_MSG_REQ_NOTIFICATION) {
        /* P bit: before the challenge there is no key yet (RFC 4187 6.1) */
        bool before = attrs->number[ECS_AT_NOTIFICATION] & 0x4000;
        if (before == ecs_eap_has(attrs, ECS_AT_MAC)) {
            attrs->fault_type = ecs_eap_attr_rows[ECS_AT_MAC].number;
            return before ? ECS_EAP_FAULT_UNEXPECTED : ECS_EAP_FAULT_MISSING;
        }
        if (before && ecs_eap_has(attrs, ECS_AT_ENCR_DATA))
            return ECS_EAP_FAULT_UNEXPECTED;
    }
    return ECS_EAP_FAULT_NONE;
}

static enum ecs_eap_fault read_attrs(const uint8_t *p, size_t n, enum ecs_eap_message message, bool prime,
                                     struct ecs_eap_attrs *attrs)
{
    while (n) {
        attrs->fault_type = p[0];
        if (ecs_eap_has(attrs, ECS_AT_PADDING))
            return p[0] == ecs_eap_attr_rows[ECS_AT_PADDING].number ? ECS_EAP_FAULT_DUPLICATE
                                                                    : ECS_EAP_FAULT_PADDING_PLACE;
        if (n < 2)
            return ECS_EAP_FAULT_OVERRUN;
        size_t size = 4u * p[1];
        if (size == 0)
            return ECS_EAP_FAULT_ZERO_LENGTH;
        if (size > n)
            return ECS_EAP_FAULT_OVERRUN;
        enum ecs_eap_fault fault = read_attr(p, size, message, prime, attrs);
        if (fault != ECS_EAP_FAULT_NONE)
            return fault;
        p += size;
        n -= size;
    }
    return check_set(message, prime, attrs);
}

enum ecs_eap_fault ecs_eap_decode_encrypted(const uint8_t *bytes, size_t n, uint8_t type,
                                            struct ecs_eap_attrs *ret_attrs)
{
    memset(ret_attrs, 0, sizeof(*ret_attrs));
    return read_attrs(bytes, n, ECS_EAP_MSG_ENCRYPTED, type == ECS_EAP_TYPE_AKA_PRIME, ret_attrs);
}

static enum ecs_eap_fault decode_aka(struct ecs_eap_packet *packet)
{
    const uint8_t *p = (const uint8_t *)packet->data.p;
    size_t n = packet->data.n;

    if (n < 3)
        return ECS_EAP_FAULT_SHORT;
    packet->subtype = p[0];
    for (size_t i = 0; i < ECS_ARRAY_LEN(subtypes); i++) {
        if (subtypes[i].subtype != packet->subtype)
            continue;
        packet->message = packet->code == ECS_EAP_REQUEST ? subtypes[i].request : subtypes[i].response;
        if (packet->message == ECS_EAP_MSG_NONE)
            return ECS_EAP_FAULT_DIRECTION;
        return read_attrs(p + 3, n - 3, packet->message, packet->type == ECS_EAP_TYPE_AKA_PRIME,
                          &packet->attrs);
    }
    return ECS_EAP_FAULT_SUBTYPE;
}

enum ecs_eap_fault ecs_eap_decode(const uint8_t *bytes, size_t n, struct ecs_eap_packet *ret_packet)
{
    struct ecs_eap_packet *packet = ret_packet;

    memset(packet, 0, sizeof(*packet));
    packet->bytes = (struct ecs_str){(const char *)bytes, n};
    if (n < 4)
        return ECS_EAP_FAULT_SHORT;
    packet->code = bytes[0];
    packet->identifier = bytes[1];
    if ((size_t)(bytes[2] << 8 | bytes[3]) != n)
        return ECS_EAP_FAULT_LENGTH;
    if (packet->code < ECS_EAP_REQUEST || packet->code > ECS_EAP_FAILURE)
        return ECS_EAP_FAULT_CODE;
    if (packet->code == ECS_EAP_SUCCESS || packet->code == ECS_EAP_FAILURE)
        return n == 4 ? ECS_EAP_FAULT_NONE : ECS_EAP_FAULT_RESULT_LENGTH;
    if (n < 5)
        return ECS_EAP_FAULT_SHORT;
    packet->type = bytes[4];
    packet->data = (struct ecs_str){(const char *)bytes + 5, n - 5};
    if (packet->type == ECS_EAP_TYPE_NAK && packet->code == ECS_EAP_REQUEST)
        return ECS_EAP_FAULT_DIRECTION;
    if (packet->type == ECS_EAP_TYPE_AKA || packet->type == ECS_EAP_TYPE_AKA_PRIME)
        return decode_aka(packet);
    return ECS_EAP_FAULT_NONE;
}
