/* SPDX-License-Identifier: Apache-2.0 */
/* Append-only byte buffer; grows on the heap up to a limit, keeps its memory between uses. */
#pragma once

#include "ecs/str.h"

#include <string.h>

struct ecs_buf {
    char *p;
    size_t n;
    size_t cap;
    size_t limit;  /* largest n; 0 = 16 MiB; set before the first append or before a reset */
    bool overflow; /* an append did not fit or memory ran out: the content is then not usable */
};

void ecs_buf_done(struct ecs_buf *buf);  /* frees; the struct is then empty and usable again */
void ecs_buf_reset(struct ecs_buf *buf); /* n = 0, keeps the memory */
/* Room for n more bytes at p+n (caller then adds to n), or NULL with overflow set. */
char *ecs_buf_reserve(struct ecs_buf *buf, size_t n);

static inline void ecs_buf_add(struct ecs_buf *buf, const void *bytes, size_t n)
{
    char *to;

    if (n == 0)
        return;
    to = n <= buf->cap - buf->n ? buf->p + buf->n : ecs_buf_reserve(buf, n);
    if (!to)
        return;
    memcpy(to, bytes, n);
    buf->n += n;
}

static inline void ecs_buf_add_str(struct ecs_buf *buf, struct ecs_str s)
{
    ecs_buf_add(buf, s.p, s.n);
}

static inline void ecs_buf_add_char(struct ecs_buf *buf, char c)
{
    ecs_buf_add(buf, &c, 1);
}

static inline void ecs_buf_add_cstr(struct ecs_buf *buf, const char *s)
{
    ecs_buf_add(buf, s, strlen(s));
}

void ecs_buf_add_i64(struct ecs_buf *buf, int64_t value);
void ecs_buf_printf(struct ecs_buf *buf, const char *format, ...) ECS_PRINTF(2, 3);
struct ecs_str ecs_buf_str(const struct ecs_buf *buf);
/* JSON string contents without the quotes: escapes " \ and control characters (also U+2028/9 are left alone).
 */
void ecs_buf_add_json(struct ecs_buf *buf, struct ecs_str s);
