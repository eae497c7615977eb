/* SPDX-License-Identifier: Apache-2.0 */
/* JSON writer: copies runs of harmless bytes, looks closer only at the others. */
#include "ecs/json.h"

#include "codec/utf8_priv.h"

#include <string.h>

/* 0: copied as it is; 'h': multi-byte sequence or stray byte; 'u': \u00XX; else the letter behind the
 * backslash. */
static const char class_of[256] = {
    [0x00 ... 0x07] = 'u', ['\b'] = 'b', ['\t'] = 't',  ['\n'] = 'n',
    [0x0b] = 'u',          ['\f'] = 'f', ['\r'] = 'r',  [0x0e ... 0x1f] = 'u',
    [0x7f] = 'u',          ['"'] = '"',  ['\\'] = '\\', [0x80 ... 0xff] = 'h',
};

static void add_escape(struct ecs_buf *buf, char class, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";

    if (class == 'h') {
        ecs_buf_add(buf, "\xef\xbf\xbd", 3);
    } else if (class == 'u') {
        char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

        ecs_buf_add(buf, text, sizeof(text));
    } else {
        char text[2] = {'\\', class};

        ecs_buf_add(buf, text, sizeof(text));
    }
}

/* Adds "value" and, when colon is set, the colon behind a member's name. */
static void add_quoted(struct ecs_buf *buf, struct ecs_str value, bool colon)
{
    const unsigned char *p = (const unsigned char *)value.p, *end = p + value.n, *run = p;
    char *to;

    while (p < end && !class_of[*p])
        p++;
    if (p == end) { /* nearly always: one look at the buffer */
        if ((to = ecs_buf_reserve(buf, value.n + 3))) {
            to[0] = '"';
            if (value.n)
                memcpy(to + 1, value.p, value.n);
            to[value.n + 1] = '"';
            to[value.n + 2] = ':';
            buf->n += value.n + (colon ? 3 : 2);
        }
        return;
    }
    ecs_buf_add_char(buf, '"');
    while (p < end) {
        char class = class_of[*p];
        size_t len = 1;
        uint32_t code;

        if (!class || (class == 'h' && (len = utf8_step(p, (size_t)(end - p), &code)) > 0)) {
            p += len;
            continue;
        }
        if (p > run)
            ecs_buf_add(buf, run, (size_t)(p - run));
        add_escape(buf, class, *p);
        run = ++p;
    }
    if (p > run)
        ecs_buf_add(buf, run, (size_t)(p - run));
    ecs_buf_add_cstr(buf, colon ? "\":" : "\"");
}

void ecs_json_add_string(struct ecs_buf *buf, struct ecs_str value)
{
    add_quoted(buf, value, false);
}

void ecs_json_add_name(struct ecs_buf *buf, struct ecs_str name)
{
    add_quoted(buf, name, true);
}

static void add_key(struct ecs_json_out *out, const char *key)
{
    if (out->comma)
        ecs_buf_add_char(out->buf, ',');
    out->comma = true;
    if (key)
        ecs_json_add_name(out->buf, ecs_str_of(key));
}

void ecs_json_begin(struct ecs_json_out *out, const char *key, char bracket)
{
    add_key(out, key);
    ecs_buf_add_char(out->buf, bracket);
    out->comma = false;
}

void ecs_json_end(struct ecs_json_out *out, char bracket)
{
    ecs_buf_add_char(out->buf, bracket);
    out->comma = true;
}

void ecs_json_str(struct ecs_json_out *out, const char *key, struct ecs_str value)
{
    add_key(out, key);
    if (value.p)
        ecs_json_add_string(out->buf, value);
    else
        ecs_buf_add_cstr(out->buf, "null");
}

void ecs_json_i64(struct ecs_json_out *out, const char *key, int64_t value)
{
    add_key(out, key);
    ecs_buf_add_i64(out->buf, value);
}

void ecs_json_bool(struct ecs_json_out *out, const char *key, bool value)
{
    add_key(out, key);
    ecs_buf_add_cstr(out->buf, value ? "true" : "false");
}
