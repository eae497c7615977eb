/* SPDX-License-Identifier: Apache-2.0 */
/* One log line as a JSON object in a buffer of fixed size. Whatever the text holds, the line is valid JSON in
 * valid UTF-8: bytes that are not UTF-8 become U+FFFD, and text that does not fit is cut between characters.
 */
#include "base/log_internal.h"

#include "base/utf8.h"
#include "ecs/clock.h"

#include <string.h>

enum {
    TAIL = 3,           /* quote, brace, line feed */
    FIELDS_ROOM = 1200, /* all other fields if every character of theirs needs six bytes */
    MESSAGE_END = ECS_LOG_LINE_MAX - FIELDS_ROOM,
    FIELDS_END = ECS_LOG_LINE_MAX - TAIL,
};

struct out {
    char *p;
    size_t n;
    size_t end; /* n does not go beyond */
};

static bool put(struct out *out, const char *bytes, size_t n)
{
    if (n > out->end - out->n)
        return false;
    memcpy(out->p + out->n, bytes, n);
    out->n += n;
    return true;
}

static void put_cstr(struct out *out, const char *s)
{
    (void)put(out, s, strlen(s));
}

static bool put_escaped_byte(struct out *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";

    switch (c) {
    case '"':
        return put(out, "\\\"", 2);
    case '\\':
        return put(out, "\\\\", 2);
    case '\n':
        return put(out, "\\n", 2);
    case '\r':
        return put(out, "\\r", 2);
    case '\t':
        return put(out, "\\t", 2);
    default:
        return put(out, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
    }
}

static void put_escaped(struct out *out, struct ecs_str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    bool fits = true;

    for (size_t i = 0, n; i < s.n && fits; i += n) {
        n = ecs_utf8_sequence(p + i, s.n - i);
        if (n == 0) {
            fits = put(out, "\\ufffd", 6);
            n = 1;
        } else if (n == 1 && (p[i] < 0x20 || p[i] == '"' || p[i] == '\\' || p[i] == 0x7F)) {
            fits = put_escaped_byte(out, p[i]);
        } else {
            fits = put(out, s.p + i, n);
        }
    }
}

static void put_field(struct out *out, const char *start, struct ecs_str value)
{
    if (value.n == 0)
        return;
    put_cstr(out, start);
    put_escaped(out, value);
    put_cstr(out, "\"");
}

static void put_number(struct out *out, const char *start, unsigned value)
{
    char digits[10];
    size_t n = sizeof(digits);

    do {
        digits[--n] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    put_cstr(out, start);
    (void)put(out, digits + n, sizeof(digits) - n);
}

static void put_time(struct out *out, int64_t time_us)
{
    int64_t us = time_us % 1000000;
    char text[21], fraction[9] = ".000000Z";

    if (us < 0)
        us += 1000000;
    ecs_time_format((time_us - us) / 1000000, text);
    for (int i = 6; i > 0; i--, us /= 10)
        fraction[i] = (char)('0' + us % 10);
    (void)put(out, text, 19); /* without the Z */
    put_cstr(out, fraction);
}

static struct ecs_str field(const char *s, size_t size)
{
    return (struct ecs_str){s, strnlen(s, size)};
}

static void put_ctx(struct out *out, const struct ecs_log_ctx *ctx)
{
    char room[20];

    put_field(out, ",\"request_id\":\"", field(ctx->request_id, sizeof(ctx->request_id)));
    put_field(out, ",\"imsi\":\"", ecs_log_imsi(ctx, room));
    put_field(out, ",\"tac\":\"", field(ctx->tac, sizeof(ctx->tac)));
    put_field(out, ",\"apps\":\"", field(ctx->apps, sizeof(ctx->apps)));
    if (ctx->step)
        put_field(out, ",\"step\":\"", field(ctx->step, ECS_LOG_STEP_MAX));
    put_number(out, ",\"worker\":", ctx->worker);
}

size_t ecs_log_json(const struct ecs_log_line *line, char buffer[ECS_LOG_LINE_MAX])
{
    struct out out = {buffer, 0, FIELDS_END};

    put_cstr(&out, "{\"time\":\"");
    put_time(&out, line->time_us);
    put_cstr(&out, "\",\"level\":\"");
    put_cstr(&out, ecs_log_level_name(line->level));
    put_cstr(&out, "\",\"event\":\"");
    put_cstr(&out, ecs_event_name(line->event));
    put_cstr(&out, "\",\"msg\":\"");
    out.end = MESSAGE_END;
    put_escaped(&out, line->message);
    out.end = FIELDS_END;
    put_cstr(&out, "\"");
    if (line->ctx)
        put_ctx(&out, line->ctx);
    out.end = ECS_LOG_LINE_MAX;
    put_cstr(&out, "}\n");
    return out.n;
}
