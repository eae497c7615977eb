/* SPDX-License-Identifier: Apache-2.0 */
/* Append-only byte buffer: the slow paths of ecs/buf.h, numbers, formatted text and JSON escapes. The memory
 * is always one byte larger than cap says, so that vsnprintf can put its NUL behind a buffer that is full. */
#include "ecs/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_CAP = 512, DEFAULT_LIMIT = 16 * 1024 * 1024 };

static size_t limit_of(const struct ecs_buf *buf)
{
    return buf->limit ? buf->limit : DEFAULT_LIMIT;
}

void ecs_buf_done(struct ecs_buf *buf)
{
    size_t limit = buf->limit;

    free(buf->p);
    *buf = (struct ecs_buf){.limit = limit};
}

void ecs_buf_reset(struct ecs_buf *buf)
{
    /* A limit that was lowered since counts from now on. */
    if (buf->cap > limit_of(buf))
        ecs_buf_done(buf);
    buf->n = 0;
    buf->overflow = false;
}

char *ecs_buf_reserve(struct ecs_buf *buf, size_t n)
{
    size_t limit = limit_of(buf);
    size_t cap;
    char *p;

    if (n <= buf->cap - buf->n && buf->p)
        return buf->p + buf->n;
    if (buf->n > limit || n > limit - buf->n) {
        buf->overflow = true;
        return NULL;
    }
    cap = buf->cap <= limit / 2 ? buf->cap * 2 : limit;
    if (cap < FIRST_CAP)
        cap = FIRST_CAP < limit ? FIRST_CAP : limit;
    if (cap < buf->n + n)
        cap = buf->n + n;
    p = cap < SIZE_MAX ? realloc(buf->p, cap + 1) : NULL;
    if (!p) {
        buf->overflow = true;
        return NULL;
    }
    buf->p = p;
    buf->cap = cap;
    return p + buf->n;
}

void ecs_buf_add_i64(struct ecs_buf *buf, int64_t value)
{
    char digits[20]; /* "-9223372036854775808" */
    char *p = digits + sizeof(digits);
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do {
        *--p = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        *--p = '-';
    ecs_buf_add(buf, p, (size_t)(digits + sizeof(digits) - p));
}

void ecs_buf_printf(struct ecs_buf *buf, const char *format, ...)
{
    size_t room = buf->p ? buf->cap - buf->n + 1 : 0;
    va_list args;
    char *to;
    int n;

    va_start(args, format);
    n = vsnprintf(room ? buf->p + buf->n : NULL, room, format, args);
    va_end(args);
    if (n < 0) {
        buf->overflow = true;
        return;
    }
    if ((size_t)n >= room) {
        to = ecs_buf_reserve(buf, (size_t)n);
        if (!to)
            return;
        va_start(args, format);
        n = vsnprintf(to, (size_t)n + 1, format, args);
        va_end(args);
        if (n < 0) {
            buf->overflow = true;
            return;
        }
    }
    buf->n += (size_t)n;
}

struct ecs_str ecs_buf_str(const struct ecs_buf *buf)
{
    return (struct ecs_str){buf->p, buf->n};
}

/* 0: as it is; 1: \u00XX; else the letter behind the backslash. */
static const char json_escapes[256] = {
    [0] = 1,  [1] = 1,      [2] = 1,      [3] = 1,      [4] = 1,     [5] = 1,       [6] = 1,
    [7] = 1,  ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', [11] = 1,    ['\f'] = 'f',  ['\r'] = 'r',
    [14] = 1, [15] = 1,     [16] = 1,     [17] = 1,     [18] = 1,    [19] = 1,      [20] = 1,
    [21] = 1, [22] = 1,     [23] = 1,     [24] = 1,     [25] = 1,    [26] = 1,      [27] = 1,
    [28] = 1, [29] = 1,     [30] = 1,     [31] = 1,     ['"'] = '"', ['\\'] = '\\',
};

void ecs_buf_add_json(struct ecs_buf *buf, struct ecs_str s)
{
    static const char hex[] = "0123456789abcdef";
    size_t start = 0;

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        char escape = json_escapes[c];

        if (__builtin_expect(escape == 0, 1))
            continue;
        ecs_buf_add(buf, s.p + start, i - start);
        start = i + 1;
        if (escape == 1)
            ecs_buf_add(buf, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
        else
            ecs_buf_add(buf, (char[]){'\\', escape}, 2);
    }
    if (start < s.n)
        ecs_buf_add(buf, s.p + start, s.n - start);
}
