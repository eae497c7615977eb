/* SPDX-License-Identifier: Apache-2.0 */
/* Reading RADIUS packets: the frame, then attribute by attribute with the table's sizes and numbers. */
#include "codec/radius_priv.h"

const struct radius_attr_row ecs_radius_attr_rows[ECS_RADIUS_ATTR_COUNT] = {
#define ATTR(name, type, vendor, kind, low, high, rq, ch, ac, rj, ar, as, st, text)                          \
    [ECS_RADIUS_##name] = {vendor, type, RADIUS_##kind,                                                      \
                           low,    high, {#rq[0], #ch[0], #ac[0], #rj[0], #ar[0], #as[0], #st[0]},           \
                           text},
#include "codec/radius_attrs.def"
#undef ATTR
};

static const struct {
    uint8_t code;
    const char *name;
} codes[RADIUS_CODES] = {
    {ECS_RADIUS_ACCESS_REQUEST, "Access-Request"},
    {ECS_RADIUS_ACCESS_CHALLENGE, "Access-Challenge"},
    {ECS_RADIUS_ACCESS_ACCEPT, "Access-Accept"},
    {ECS_RADIUS_ACCESS_REJECT, "Access-Reject"},
    {ECS_RADIUS_ACCOUNTING_REQUEST, "Accounting-Request"},
    {ECS_RADIUS_ACCOUNTING_RESPONSE, "Accounting-Response"},
    {ECS_RADIUS_STATUS_SERVER, "Status-Server"},
};

static const char *const faults[] = {
    [ECS_RADIUS_FAULT_NONE] = "well formed",
    [ECS_RADIUS_FAULT_LENGTH] = "the length of the packet is not possible",
    [ECS_RADIUS_FAULT_ATTR] = "an attribute goes beyond the end",
    [ECS_RADIUS_FAULT_VALUE] = "the value of an attribute has an impossible size",
    [ECS_RADIUS_FAULT_TWICE] = "an attribute is there twice",
    [ECS_RADIUS_FAULT_EAP] = "the pieces of EAP-Message do not follow each other",
};

const char *ecs_radius_fault_text(enum ecs_radius_fault fault)
{
    return (size_t)fault < ECS_ARRAY_LEN(faults) ? faults[fault] : "unknown fault";
}

int ecs_radius_column(unsigned code)
{
    for (int i = 0; i < RADIUS_CODES; i++)
        if (codes[i].code == code)
            return i;
    return -1;
}

const char *ecs_radius_code_name(unsigned code)
{
    int column = ecs_radius_column(code);

    return column < 0 ? "unknown code" : codes[column].name;
}

const char *ecs_radius_attr_name(enum ecs_radius_attr_id id)
{
    return (unsigned)id < ECS_RADIUS_ATTR_COUNT ? ecs_radius_attr_rows[id].text : "unknown attribute";
}

static enum ecs_radius_attr_id find(uint32_t vendor, uint8_t type)
{
    for (unsigned i = 0; i < ECS_RADIUS_ATTR_COUNT; i++)
        if (ecs_radius_attr_rows[i].type == type && ecs_radius_attr_rows[i].vendor == vendor)
            return (enum ecs_radius_attr_id)i;
    return ECS_RADIUS_ATTR_UNKNOWN;
}

static uint32_t read_u32(const char *p)
{
    const uint8_t *b = (const uint8_t *)p;

    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static size_t read_length(const char *p)
{
    return (size_t)(uint8_t)p[2] << 8 | (uint8_t)p[3];
}

/* ---- attributes ---- */

/* Length of the attribute at the begin, 0 when it is malformed. */
static size_t measure_attr(struct ecs_str rest)
{
    size_t n = rest.n < 2 ? 0 : (uint8_t)rest.p[1];

    return n < 2 || n > rest.n ? 0 : n;
}

/* True when the content of a Vendor-Specific is a row of type, length, value. */
static bool has_inner_attrs(struct ecs_str inner)
{
    if (inner.n == 0)
        return false;
    while (inner.n) {
        size_t n = measure_attr(inner);

        if (n == 0)
            return false;
        inner.p += n;
        inner.n -= n;
    }
    return true;
}

static struct ecs_str inner_of(struct ecs_str attr)
{
    struct ecs_str inner;

    if ((uint8_t)attr.p[0] != RADIUS_TYPE_VENDOR || attr.n <= RADIUS_VENDOR_HEAD)
        return ECS_STR_NULL;
    inner = (struct ecs_str){attr.p + RADIUS_VENDOR_HEAD, attr.n - RADIUS_VENDOR_HEAD};
    return has_inner_attrs(inner) ? inner : ECS_STR_NULL;
}

static bool cut_attr(struct ecs_str *rest, struct ecs_str *ret_attr)
{
    size_t n = measure_attr(*rest);

    if (n == 0)
        return false;
    *ret_attr = (struct ecs_str){rest->p, n};
    rest->p += n;
    rest->n -= n;
    return true;
}

bool ecs_radius_next(struct ecs_radius_walk *walk, struct ecs_radius_attr *ret_attr)
{
    struct ecs_str attr;

    if (walk->inner.n == 0) {
        if (!cut_attr(&walk->rest, &attr))
            return false;
        walk->inner = inner_of(attr);
        walk->vendor = walk->inner.n ? read_u32(attr.p + 2) : 0;
    }
    if (walk->inner.n && !cut_attr(&walk->inner, &attr))
        return false;
    *ret_attr = (struct ecs_radius_attr){.id = find(walk->vendor, (uint8_t)attr.p[0]),
                                         .type = (uint8_t)attr.p[0],
                                         .vendor = walk->vendor,
                                         .value = {attr.p + 2, attr.n - 2}};
    return true;
}

bool ecs_radius_get(struct ecs_str attrs, enum ecs_radius_attr_id id, struct ecs_str *ret_value)
{
    struct ecs_radius_walk walk = {.rest = attrs};
    struct ecs_radius_attr attr;

    while (ecs_radius_next(&walk, &attr))
        if (attr.id == id) {
            *ret_value = attr.value;
            return true;
        }
    return false;
}

bool ecs_radius_get_u32(struct ecs_str attrs, enum ecs_radius_attr_id id, uint32_t *ret_value)
{
    struct ecs_str value;

    if (!ecs_radius_get(attrs, id, &value) || value.n != 4)
        return false;
    *ret_value = read_u32(value.p);
    return true;
}

bool ecs_radius_get_eap(struct ecs_str attrs, struct ecs_arena *arena, struct ecs_str *ret_eap)
{
    struct ecs_radius_walk walk = {.rest = attrs};
    struct ecs_radius_attr attr;
    char *eap = NULL;
    size_t n = 0;

    while (ecs_radius_next(&walk, &attr)) {
        if (attr.id != ECS_RADIUS_EAP_MESSAGE)
            continue;
        if (!eap && !(eap = ecs_alloc(arena, attrs.n))) /* all pieces together are shorter */
            return false;
        if (attr.value.n)
            memcpy(eap + n, attr.value.p, attr.value.n);
        n += attr.value.n;
    }
    if (!eap)
        return false;
    *ret_eap = (struct ecs_str){eap, n};
    return true;
}

/* ---- packets ---- */

/* Empty texts and vendors' sizes are not held against a server; what we send is held to the table. */
static bool has_good_size(const struct radius_attr_row *row, size_t n, bool sending)
{
    if (!sending && (row->vendor || (n == 0 && row->kind != RADIUS_U32 && row->low == 1)))
        return true;
    return n >= row->low && n <= row->high;
}

enum ecs_radius_fault ecs_radius_check(struct ecs_str attrs, unsigned code, bool sending)
{
    struct ecs_radius_walk walk = {.rest = attrs};
    struct ecs_radius_attr attr;
    unsigned seen[ECS_RADIUS_ATTR_COUNT + 1] = {0};
    int column = ecs_radius_column(code);
    bool eap_ended = false;

    while (ecs_radius_next(&walk, &attr)) {
        bool is_eap = attr.id == ECS_RADIUS_EAP_MESSAGE;
        char allowed = 'N';

        if (is_eap && eap_ended)
            return ECS_RADIUS_FAULT_EAP;
        eap_ended = !is_eap && seen[ECS_RADIUS_EAP_MESSAGE];
        seen[attr.id]++;
        if (attr.id == ECS_RADIUS_ATTR_UNKNOWN)
            continue;
        if (!has_good_size(&ecs_radius_attr_rows[attr.id], attr.value.n, sending))
            return ECS_RADIUS_FAULT_VALUE;
        if (column >= 0)
            allowed = ecs_radius_attr_rows[attr.id].allowed[column];
        if ((allowed == '1' && seen[attr.id] > 1) || (allowed == '0' && sending))
            return ECS_RADIUS_FAULT_TWICE;
    }
    return walk.rest.n ? ECS_RADIUS_FAULT_ATTR : ECS_RADIUS_FAULT_NONE;
}

ptrdiff_t ecs_radius_measure(struct ecs_str stream)
{
    size_t length;

    if (stream.n < 4)
        return 0;
    length = read_length(stream.p);
    if (length < ECS_RADIUS_HEADER || length > ECS_RADIUS_MAX)
        return -1;
    return stream.n < length ? 0 : (ptrdiff_t)length;
}

enum ecs_radius_fault ecs_radius_decode(struct ecs_str bytes, struct ecs_radius_packet *ret_packet)
{
    struct ecs_radius_packet packet;
    ptrdiff_t n = ecs_radius_measure(bytes);
    enum ecs_radius_fault fault;

    if (n <= 0)
        return ECS_RADIUS_FAULT_LENGTH;
    packet.code = (uint8_t)bytes.p[0];
    packet.identifier = (uint8_t)bytes.p[1];
    memcpy(packet.authenticator, bytes.p + 4, sizeof(packet.authenticator));
    packet.attrs = (struct ecs_str){bytes.p + ECS_RADIUS_HEADER, (size_t)n - ECS_RADIUS_HEADER};
    fault = ecs_radius_check(packet.attrs, packet.code, false);
    if (!fault)
        *ret_packet = packet;
    return fault;
}
