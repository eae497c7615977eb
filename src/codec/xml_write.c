/* SPDX-License-Identifier: Apache-2.0 */
/* XML writer: copies runs of harmless bytes, looks closer only at the others. */
#include "ecs/xml.h"

#include "codec/utf8_priv.h"

#include <string.h>

/* 0: copied as it is; 1: beginning of a multi-byte sequence or a stray byte; 2: dropped; else index of an
 * entity. */
enum { PLAIN, HIGH, DROP, BLANK, AMP, LT, GT, QUOT, APOS };

static const unsigned char class_of[256] = {
    [0x00 ... 0x08] = DROP,
    ['\t'] = BLANK,
    ['\n'] = BLANK,
    [0x0b ... 0x0c] = DROP,
    ['\r'] = BLANK,
    [0x0e ... 0x1f] = DROP,
    [0x7f] = DROP,
    [0x80 ... 0xff] = HIGH,
    ['&'] = AMP,
    ['<'] = LT,
    ['>'] = GT,
    ['"'] = QUOT,
    ['\''] = APOS,
};

static const struct ecs_str text_of[] = {
    [DROP] = {"", 0},   [BLANK] = {" ", 1},     [AMP] = {"&amp;", 5},  [LT] = {"&lt;", 4},
    [GT] = {"&gt;", 4}, [QUOT] = {"&quot;", 6}, [APOS] = {"&#39;", 5},
};

/* Bytes of the multi-byte character at p that may be copied; 0 when it has to be replaced. C1 controls and
 * the two non-characters of the basic plane are well-formed UTF-8, but not wanted in a document. */
static size_t good_sequence(const unsigned char *p, size_t n)
{
    uint32_t code = 0;
    size_t len = utf8_step(p, n, &code);

    if (len && ((code >= 0x80 && code < 0xa0) || code == 0xfffe || code == 0xffff))
        return 0;
    return len;
}

void ecs_xml_add_value(struct ecs_buf *buf, struct ecs_str value)
{
    const unsigned char *p = (const unsigned char *)value.p, *end = p + value.n, *run = p;

    while (p < end) {
        unsigned char class = class_of[*p];
        size_t len = 1;

        if (class == PLAIN) {
            p++;
            continue;
        }
        if (class == HIGH && (len = good_sequence(p, (size_t)(end - p))) > 0) {
            p += len;
            continue;
        }
        if (p > run)
            ecs_buf_add(buf, run, (size_t)(p - run));
        if (class == HIGH)
            ecs_buf_add(buf, "\xef\xbf\xbd", 3);
        else
            ecs_buf_add_str(buf, text_of[class]);
        run = ++p;
    }
    if (p > run)
        ecs_buf_add(buf, run, (size_t)(p - run));
}

void ecs_xml_begin_doc(struct ecs_buf *buf)
{
    ecs_buf_add_str(buf, ECS_STR("<?xml version=\"1.0\"?>\n<wap-provisioningdoc version=\"1.1\">"));
}

void ecs_xml_end_doc(struct ecs_buf *buf)
{
    ecs_buf_add_str(buf, ECS_STR("</wap-provisioningdoc>"));
}

void ecs_xml_begin(struct ecs_buf *buf, struct ecs_str type)
{
    ecs_buf_add_str(buf, ECS_STR("<characteristic type=\""));
    ecs_xml_add_value(buf, type);
    ecs_buf_add_str(buf, ECS_STR("\">"));
}

void ecs_xml_end(struct ecs_buf *buf)
{
    ecs_buf_add_str(buf, ECS_STR("</characteristic>"));
}

static bool is_plain(struct ecs_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (class_of[(unsigned char)s.p[i]] != PLAIN)
            return false;
    return true;
}

static char *put(char *to, const void *bytes, size_t n)
{
    memcpy(to, bytes, n);
    return to + n;
}

/* Nearly every parameter needs no escape: it is written with one look at the buffer. */
static void add_plain_parm(struct ecs_buf *buf, struct ecs_str name, struct ecs_str value)
{
    static const char head[] = "<parm name=\"", middle[] = "\" value=\"", tail[] = "\"/>";
    char *start = ecs_buf_reserve(buf, sizeof(head) + sizeof(middle) + sizeof(tail) + name.n + value.n), *to;

    if (!start)
        return;
    to = put(start, head, sizeof(head) - 1);
    to = put(to, name.p, name.n);
    to = put(to, middle, sizeof(middle) - 1);
    if (value.n)
        to = put(to, value.p, value.n);
    to = put(to, tail, sizeof(tail) - 1);
    buf->n += (size_t)(to - start);
}

void ecs_xml_parm(struct ecs_buf *buf, struct ecs_str name, struct ecs_str value)
{
    if (name.n && is_plain(name) && is_plain(value)) {
        add_plain_parm(buf, name, value);
        return;
    }
    ecs_buf_add_str(buf, ECS_STR("<parm name=\""));
    ecs_xml_add_value(buf, name);
    ecs_buf_add_str(buf, ECS_STR("\" value=\""));
    ecs_xml_add_value(buf, value);
    ecs_buf_add_str(buf, ECS_STR("\"/>"));
}
