/* SPDX-License-Identifier: Apache-2.0 */
/* gzip through zlib; the two z_streams are made at first use and reset afterwards (deflateInit costs 256 kB
 * of allocation, a reset does not). */
#include "ecs/gzip.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

enum {
    GZIP_WINDOW = 15 + 16, /* zlib's code for the largest window with a gzip wrapper */
    CHUNK = 16384
};

struct ecs_gzip {
    int level;
    bool can_deflate, can_inflate;
    z_stream deflate, inflate;
};

struct ecs_gzip *ecs_gzip_new(int level)
{
    struct ecs_gzip *gzip = calloc(1, sizeof(*gzip));

    if (gzip)
        gzip->level = level >= 1 && level <= 9 ? level : Z_DEFAULT_COMPRESSION;
    return gzip;
}

void ecs_gzip_free(struct ecs_gzip *gzip)
{
    if (!gzip)
        return;
    if (gzip->can_deflate)
        deflateEnd(&gzip->deflate);
    if (gzip->can_inflate)
        inflateEnd(&gzip->inflate);
    free(gzip);
}

static bool ready_deflate(struct ecs_gzip *gzip)
{
    if (gzip->can_deflate)
        return deflateReset(&gzip->deflate) == Z_OK;
    if (deflateInit2(&gzip->deflate, gzip->level, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    gzip->can_deflate = true;
    return true;
}

static bool ready_inflate(struct ecs_gzip *gzip)
{
    if (gzip->can_inflate)
        return inflateReset2(&gzip->inflate, GZIP_WINDOW) == Z_OK;
    if (inflateInit2(&gzip->inflate, GZIP_WINDOW) != Z_OK)
        return false;
    gzip->can_inflate = true;
    return true;
}

enum ecs_rc ecs_gzip_deflate(struct ecs_gzip *gzip, struct ecs_str text, struct ecs_buf *out)
{
    z_stream *z = &gzip->deflate;
    uLong bound;
    char *room;

    if (text.n > UINT_MAX / 2)
        return ECS_E_TOO_LARGE;
    if (!ready_deflate(gzip))
        return ECS_E_NO_MEMORY;
    bound = deflateBound(z, (uLong)text.n);
    if (bound > UINT_MAX || !(room = ecs_buf_reserve(out, bound)))
        return ECS_E_NO_MEMORY;
    z->next_in = (Bytef *)(uintptr_t)text.p;
    z->avail_in = (uInt)text.n;
    z->next_out = (Bytef *)room;
    z->avail_out = (uInt)bound;
    if (deflate(z, Z_FINISH) != Z_STREAM_END)
        return ECS_E_INTERNAL;
    out->n += bound - z->avail_out;
    return ECS_OK;
}

/* Members follow each other (RFC 1952 2.2); whatever is neither the end nor another member is a fault. */
static enum ecs_rc inflate_all(z_stream *z, size_t limit, struct ecs_buf *out)
{
    size_t made = 0;

    for (;;) {
        size_t want = limit - made < CHUNK ? limit - made + 1 : CHUNK;
        char *room = ecs_buf_reserve(out, want);
        int z_rc;

        if (!room)
            return ECS_E_NO_MEMORY;
        z->next_out = (Bytef *)room;
        z->avail_out = (uInt)want;
        z_rc = inflate(z, Z_NO_FLUSH);
        out->n += want - z->avail_out;
        made += want - z->avail_out;
        if (made > limit)
            return ECS_E_TOO_LARGE;
        if (z_rc == Z_STREAM_END) {
            if (z->avail_in == 0)
                return ECS_OK;
            if (inflateReset(z) != Z_OK)
                return ECS_E_INTERNAL;
        } else if (z_rc == Z_MEM_ERROR) {
            return ECS_E_NO_MEMORY;
        } else if (z_rc != Z_OK) { /* Z_BUF_ERROR: the input ended inside a member */
            return ECS_E_BAD_REQUEST;
        }
    }
}

enum ecs_rc ecs_gzip_inflate(struct ecs_gzip *gzip, struct ecs_str packed, size_t limit, struct ecs_buf *out)
{
    size_t before = out->n;
    enum ecs_rc rc;

    if (packed.n > UINT_MAX)
        return ECS_E_TOO_LARGE;
    if (!ready_inflate(gzip))
        return ECS_E_NO_MEMORY;
    gzip->inflate.next_in = (Bytef *)(uintptr_t)packed.p;
    gzip->inflate.avail_in = (uInt)packed.n;
    rc = inflate_all(&gzip->inflate, limit, out);
    if (rc != ECS_OK)
        out->n = before;
    return rc;
}
