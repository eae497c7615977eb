/* SPDX-License-Identifier: Apache-2.0 */
/* Templates with {placeholders}: one table says what each stands for; the place says how it is escaped. */
#include "adapters/sms_template.h"

#include <string.h>

#include "ecs/json.h"

enum { TEMPLATE_MAX = 16384 };
enum escape { PERCENT, JSON, PLAIN };
enum kind { TO, FROM, TEXT, UDH, UDH_HEX, DATA, DATA_HEX, CODING, PORT, KIND_COUNT };

static const struct {
    const char *name;
    bool binary; /* any bytes: cannot stand in JSON or plain text */
} kinds[KIND_COUNT] = {
    [TO] = {"to", false},
    [FROM] = {"from", false},
    [TEXT] = {"text", false},
    [UDH] = {"udh", true},
    [UDH_HEX] = {"udh_hex", false},
    [DATA] = {"data", true},
    [DATA_HEX] = {"data_hex", false},
    [CODING] = {"coding", false},
    [PORT] = {"port", false},
};

static int find_kind(struct ecs_str name)
{
    for (int i = 0; i < KIND_COUNT; i++)
        if (ecs_str_eq(name, ecs_str_of(kinds[i].name)))
            return i;
    return -1;
}

/* {name}: the name, and *rest behind the bracket; false when what follows is none. A "{" that does not begin
 * a lower-case name is itself (JSON). */
static bool cut_placeholder(struct ecs_str *rest, struct ecs_str *ret_name)
{
    size_t n = 1;

    while (n < rest->n && ((rest->p[n] >= 'a' && rest->p[n] <= 'z') || rest->p[n] == '_'))
        n++;
    if (n == 1 || n == rest->n || rest->p[n] != '}')
        return false;
    *ret_name = (struct ecs_str){rest->p + 1, n - 1};
    rest->p += n + 1;
    rest->n -= n + 1;
    return true;
}

static enum escape escape_of_body(const struct ecs_sms_http_conf *conf)
{
    struct ecs_str type = ecs_str_of(conf->content_type);

    if (ecs_str_starts_with_nocase(type, ECS_STR("application/x-www-form-urlencoded")))
        return PERCENT;
    return ecs_str_find_nocase(type, ECS_STR("json")) >= 0 ? JSON : PLAIN;
}

static const char *fault_of(const char *template, enum escape escape)
{
    struct ecs_str rest = ecs_str_of(template), name;

    while (rest.n) {
        int kind;

        if (rest.p[0] != '{' || !cut_placeholder(&rest, &name)) {
            rest.p++;
            rest.n--;
            continue;
        }
        kind = find_kind(name);
        if (kind < 0)
            return "a template of http_url or http_body has an unknown {placeholder}";
        if (escape != PERCENT && kinds[kind].binary)
            return "{udh} and {data} can stand in http_url and in form bodies only";
        if (escape == PLAIN && kind == TEXT)
            return "{text} needs a body of JSON or a form";
    }
    return NULL;
}

static bool has_placeholder(const char *template, const char *name)
{
    return template && strstr(template, name);
}

/* Headers that decide where a request ends, or that have a row of their own, are not for templates. */
static bool is_header(struct ecs_str line)
{
    static const char *const reserved[] = {"Content-Type", "Content-Length", "Transfer-Encoding",
                                           "Connection",   "Host",           "Authorization",
                                           "Expect"};
    ptrdiff_t colon = ecs_str_find(line, ECS_STR(":"));

    for (size_t i = 0; i < line.n; i++)
        if ((unsigned char)line.p[i] < 0x20 || line.p[i] == 0x7f ||
            ((ptrdiff_t)i < colon && line.p[i] == ' '))
            return false;
    for (size_t i = 0; colon > 0 && i < ECS_ARRAY_LEN(reserved); i++)
        if (ecs_str_eq_nocase((struct ecs_str){line.p, (size_t)colon}, ecs_str_of(reserved[i])))
            return false;
    return colon > 0;
}

const char *sms_template_fault(const struct ecs_sms_http_conf *conf)
{
    const char *fault = fault_of(conf->url, PERCENT);
    const char *host_end = strchr(strstr(conf->url, "://") ? strstr(conf->url, "://") + 3 : conf->url, '/');
    const char *bracket = strchr(conf->url, '{');

    if (!fault && conf->body)
        fault = fault_of(conf->body, escape_of_body(conf));
    if (fault)
        return fault;
    if (bracket && (!host_end || bracket < host_end))
        return "a {placeholder} cannot stand in the host of http_url";
    if (!has_placeholder(conf->url, "{to}") && !has_placeholder(conf->body, "{to}"))
        return "neither http_url nor http_body has {to}";
    if (conf->body && conf->method == 0)
        return "http_body needs http_method POST";
    for (size_t i = 0; i < conf->headers.n; i++)
        if (!is_header(conf->headers.items[i]))
            return "http_headers must be \"Name: value\"";
    return conf->accepted.n ? NULL : "http_accepted names no status";
}

/* ---- filling ---- */

static void add_percent(struct ecs_buf *buf, const void *bytes, size_t n)
{
    static const char hex[] = "0123456789ABCDEF";
    const unsigned char *p = bytes;

    for (size_t i = 0; i < n; i++) {
        bool plain = (p[i] >= '0' && p[i] <= '9') || (p[i] >= 'A' && p[i] <= 'Z') ||
                     (p[i] >= 'a' && p[i] <= 'z') || (p[i] && strchr("-._~", p[i]));

        if (plain) {
            ecs_buf_add_char(buf, (char)p[i]);
        } else {
            char text[3] = {'%', hex[p[i] >> 4], hex[p[i] & 15]};

            ecs_buf_add(buf, text, sizeof(text));
        }
    }
}

static void add_escaped(struct ecs_buf *buf, enum escape escape, const void *bytes, size_t n)
{
    if (escape == PERCENT)
        add_percent(buf, bytes, n);
    else if (escape == JSON)
        ecs_buf_add_json(buf, (struct ecs_str){bytes, n});
    else
        ecs_buf_add(buf, bytes, n);
}

static void add_hex(struct ecs_buf *buf, const uint8_t *bytes, size_t n)
{
    char text[2 * (ECS_SMS_DATA_MAX + ECS_SMS_UDH_MAX) + 1];

    ecs_hex_encode(bytes, n, text);
    ecs_buf_add(buf, text, 2 * n);
}

/* The bytes of the text: 7 bit text stays UTF-8, for the gateway knows its alphabet. */
static struct ecs_str data_of(const struct sms_values *v)
{
    if (v->coding == ECS_SMS_GSM7)
        return v->part->text;
    return (struct ecs_str){(const char *)v->part->data, v->part->data_n};
}

static void add_value(struct ecs_buf *buf, enum escape escape, int kind, const struct sms_values *v)
{
    struct ecs_str data = data_of(v);

    switch (kind) {
    case TO:
        add_escaped(buf, escape, v->to.p, v->to.n);
        break;
    case FROM:
        add_escaped(buf, escape, v->from.p, v->from.n);
        break;
    case TEXT:
        add_escaped(buf, escape, v->part->text.p, v->part->text.n);
        break;
    case UDH:
        add_percent(buf, v->part->udh, v->part->udh_n);
        break;
    case UDH_HEX:
        add_hex(buf, v->part->udh, v->part->udh_n);
        break;
    case DATA:
        add_percent(buf, data.p, data.n);
        break;
    case DATA_HEX:
        for (size_t i = 0; i < data.n; i++)
            add_hex(buf, (const uint8_t *)data.p + i, 1);
        break;
    case CODING:
        ecs_buf_add_i64(buf, v->coding == ECS_SMS_8BIT ? 1 : v->coding == ECS_SMS_UCS2 ? 2 : 0);
        break;
    default:
        ecs_buf_add_i64(buf, v->port);
        break;
    }
}

static struct ecs_str fill(const char *template, enum escape escape, const struct sms_values *values,
                           struct ecs_arena *arena)
{
    struct ecs_str rest = ecs_str_of(template), name, copy;
    struct ecs_buf buf = {.limit = TEMPLATE_MAX};
    char *text;

    while (rest.n) {
        if (rest.p[0] == '{' && cut_placeholder(&rest, &name)) {
            add_value(&buf, escape, find_kind(name), values);
            continue;
        }
        ecs_buf_add_char(&buf, rest.p[0]);
        rest.p++;
        rest.n--;
    }
    text = buf.overflow ? NULL : ecs_arena_secret(arena, buf.n + 1); /* it may hold a one-time code */
    if (text && buf.n)
        memcpy(text, buf.p, buf.n);
    copy = (struct ecs_str){text, text ? buf.n : 0};
    ecs_buf_done(&buf);
    return copy;
}

bool sms_template_fill(const struct ecs_sms_http_conf *conf, const struct sms_values *values,
                       struct ecs_arena *arena, const char **ret_url, struct ecs_str *ret_body)
{
    struct ecs_str url = fill(conf->url, PERCENT, values, arena), body = ECS_STR_NULL;

    if (conf->body)
        body = fill(conf->body, escape_of_body(conf), values, arena);
    if (!url.p || (conf->body && !body.p))
        return false;
    *ret_url = url.p;
    *ret_body = body;
    return true;
}

bool sms_template_headers(const struct ecs_sms_http_conf *conf, struct ecs_arena *arena,
                          struct ecs_ask_header *headers)
{
    for (size_t i = 0; i < conf->headers.n; i++) {
        struct ecs_str rest = conf->headers.items[i], name;

        if (!ecs_str_cut(&rest, ':', &name))
            return false;
        headers[i].name = ecs_strdup(arena, name);
        headers[i].value = ecs_strdup(arena, ecs_str_trim(rest));
        if (!headers[i].name || !headers[i].value)
            return false;
    }
    return true;
}
