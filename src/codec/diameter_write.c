/* SPDX-License-Identifier: Apache-2.0 */
/* Writing AVPs by the table. Everything appends to a buffer whose overflow says at the end whether it was
 * well. */
#include "codec/diameter_priv.h"

static void add_u32(struct ecs_buf *buf, uint32_t value)
{
    uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                        (uint8_t)value};

    ecs_buf_add(buf, bytes, sizeof(bytes));
}

static void add_padding(struct ecs_buf *buf, size_t n)
{
    static const char zeros[3];

    ecs_buf_add(buf, zeros, diameter_pad(n) - n);
}

/* Header of an AVP with n bytes of data. */
static void add_head(struct ecs_buf *buf, uint32_t code, uint32_t vendor, uint8_t flags, size_t n)
{
    size_t length = n + (vendor ? 12 : 8);

    if (length > ECS_DIAMETER_MAX) {
        buf->overflow = true;
        return;
    }
    add_u32(buf, code);
    add_u32(buf, (uint32_t)flags << 24 | (uint32_t)length);
    if (vendor)
        add_u32(buf, vendor);
}

static void add_head_of(struct ecs_buf *buf, enum ecs_diameter_avp_id id, size_t n)
{
    const struct diameter_avp_row *row;

    if ((unsigned)id >= ECS_AVP_COUNT) {
        buf->overflow = true;
        return;
    }
    row = &ecs_diameter_avp_rows[id];
    add_head(buf, row->code, row->vendor,
             (uint8_t)((row->vendor ? ECS_AVP_V : 0) | (row->mandatory ? ECS_AVP_M : 0)), n);
}

void ecs_diameter_put(struct ecs_buf *buf, enum ecs_diameter_avp_id id, struct ecs_str data)
{
    add_head_of(buf, id, data.n);
    if (buf->overflow)
        return;
    ecs_buf_add_str(buf, data);
    add_padding(buf, data.n);
}

void ecs_diameter_put_u32(struct ecs_buf *buf, enum ecs_diameter_avp_id id, uint32_t value)
{
    add_head_of(buf, id, 4);
    add_u32(buf, value);
}

void ecs_diameter_put_u64(struct ecs_buf *buf, enum ecs_diameter_avp_id id, uint64_t value)
{
    add_head_of(buf, id, 8);
    add_u32(buf, (uint32_t)(value >> 32));
    add_u32(buf, (uint32_t)value);
}

void ecs_diameter_put_time(struct ecs_buf *buf, enum ecs_diameter_avp_id id, int64_t unix_seconds)
{
    ecs_diameter_put_u32(buf, id, (uint32_t)(unix_seconds + 2208988800)); /* the era falls away */
}

void ecs_diameter_put_address(struct ecs_buf *buf, enum ecs_diameter_avp_id id, const void *address, size_t n)
{
    if (n != 4 && n != 16) {
        buf->overflow = true;
        return;
    }
    add_head_of(buf, id, n + 2);
    ecs_buf_add_char(buf, '\0');
    ecs_buf_add_char(buf, n == 4 ? 1 : 2);
    ecs_buf_add(buf, address, n);
    add_padding(buf, n + 2);
}

size_t ecs_diameter_group_begin(struct ecs_buf *buf, enum ecs_diameter_avp_id id)
{
    size_t begin = buf->n;

    add_head_of(buf, id, 0);
    return begin;
}

void ecs_diameter_group_end(struct ecs_buf *buf, size_t begin)
{
    size_t length = buf->n - begin;

    if (buf->overflow || begin > buf->n || length < 8)
        return;
    if (length > ECS_DIAMETER_MAX) {
        buf->overflow = true;
        return;
    }
    for (size_t i = 0; i < 3; i++)
        buf->p[begin + 5 + i] = (char)(uint8_t)(length >> (16 - 8 * i));
}

void ecs_diameter_put_avp(struct ecs_buf *buf, const struct ecs_diameter_avp *avp)
{
    uint8_t flags = (uint8_t)((avp->flags & ~ECS_AVP_V) | (avp->vendor ? ECS_AVP_V : 0));

    add_head(buf, avp->code, avp->vendor, flags, avp->data.n);
    if (buf->overflow)
        return;
    ecs_buf_add_str(buf, avp->data);
    add_padding(buf, avp->data.n);
}

static void put_zeros(struct ecs_buf *buf, const struct ecs_diameter_avp *avp)
{
    static const char zeros[8];
    size_t least =
        (unsigned)avp->id < ECS_AVP_COUNT ? ecs_diameter_sizes[ecs_diameter_avp_rows[avp->id].type].least : 0;
    struct ecs_diameter_avp shortest = *avp;

    shortest.data = (struct ecs_str){zeros, least};
    ecs_diameter_put_avp(buf, &shortest);
}

void ecs_diameter_put_failed(struct ecs_buf *buf, const struct ecs_diameter_avp *avp)
{
    size_t begin = ecs_diameter_group_begin(buf, ECS_AVP_FAILED_AVP);
    bool known = (unsigned)avp->id < ECS_AVP_COUNT;
    const struct diameter_size *size =
        known ? &ecs_diameter_sizes[ecs_diameter_avp_rows[avp->id].type] : NULL;

    if (!avp->data.p || (size && (avp->data.n < size->least || avp->data.n > size->most)))
        put_zeros(buf, avp);
    else
        ecs_diameter_put_avp(buf, avp);
    ecs_diameter_group_end(buf, begin);
}

void ecs_diameter_put_missing(struct ecs_buf *buf, enum ecs_diameter_avp_id id)
{
    size_t begin = ecs_diameter_group_begin(buf, ECS_AVP_FAILED_AVP);
    struct ecs_diameter_avp avp = {.id = id};

    if ((unsigned)id < ECS_AVP_COUNT) {
        const struct diameter_avp_row *row = &ecs_diameter_avp_rows[id];

        avp.code = row->code;
        avp.vendor = row->vendor;
        avp.flags = row->mandatory ? ECS_AVP_M : 0;
        put_zeros(buf, &avp);
    }
    ecs_diameter_group_end(buf, begin);
}
