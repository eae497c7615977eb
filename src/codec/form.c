/* SPDX-License-Identifier: Apache-2.0 */
/* Query strings: splits at "&" and "=", decodes once, copies only what holds an escape. */
#include "ecs/form.h"

#include <string.h>

static int hex_digit(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool needs_decoding(struct ecs_str s)
{
    return s.n && (memchr(s.p, '%', s.n) || memchr(s.p, '+', s.n));
}

static bool decode(struct ecs_arena *arena, struct ecs_str s, struct ecs_str *ret_decoded)
{
    char *out;
    size_t n = 0;

    if (!needs_decoding(s)) {
        *ret_decoded = s;
        return true;
    }
    if (!(out = ecs_alloc(arena, s.n)))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        int high, low;

        if (s.p[i] == '+') {
            out[n++] = ' ';
        } else if (s.p[i] == '%' && s.n - i > 2 && (high = hex_digit((unsigned char)s.p[i + 1])) >= 0 &&
                   (low = hex_digit((unsigned char)s.p[i + 2])) >= 0) {
            out[n++] = (char)(high << 4 | low);
            i += 2;
        } else {
            out[n++] = s.p[i];
        }
    }
    *ret_decoded = (struct ecs_str){out, n};
    return true;
}

/* One client glues the rest of its request line to the last value (clients.md 8). */
static struct ecs_str without_http_version(struct ecs_str s)
{
    if (ecs_str_ends_with(s, ECS_STR(" HTTP/1.1")) || ecs_str_ends_with(s, ECS_STR(" HTTP/1.0")))
        s.n -= sizeof(" HTTP/1.1") - 1;
    return s;
}

static const char *judge_field(const struct ecs_form_field *field)
{
    const struct ecs_str *name = &field->name, *value = &field->value;

    if (name->n > ECS_FORM_MAX_NAME)
        return "a parameter name is too long";
    if (value->n > ECS_FORM_MAX_VALUE)
        return "a parameter value is too long";
    if (memchr(name->p, '\0', name->n) || (value->n > 1 && memchr(value->p + 1, '\0', value->n - 1)))
        return "a parameter holds a zero byte";
    return NULL;
}

static enum ecs_rc parse_piece(struct ecs_arena *arena, struct ecs_str piece,
                               struct ecs_form_field *ret_field, const char **ret_reason)
{
    const char *equals = memchr(piece.p, '=', piece.n);
    size_t name_n = equals ? (size_t)(equals - piece.p) : piece.n;
    struct ecs_str name = {piece.p, name_n};
    struct ecs_str value = equals ? (struct ecs_str){equals + 1, piece.n - name_n - 1} : ECS_STR("");

    if (!decode(arena, name, &ret_field->name) || !decode(arena, value, &ret_field->value)) {
        *ret_reason = "the parameters do not fit into the memory of a request";
        return ECS_E_TOO_LARGE;
    }
    ret_field->value = without_http_version(ret_field->value);
    *ret_reason = judge_field(ret_field);
    return *ret_reason ? ECS_E_BAD_REQUEST : ECS_OK;
}

static size_t count_pieces(struct ecs_str text)
{
    size_t n = 1;

    for (const char *p = text.p; text.n && (p = memchr(p, '&', text.n - (size_t)(p - text.p))); p++)
        n++;
    return n;
}

enum ecs_rc ecs_form_parse(struct ecs_arena *arena, struct ecs_str text, struct ecs_form *ret_form,
                           const char **ret_reason)
{
    struct ecs_form form = {0};
    struct ecs_str piece;
    size_t room;

    if (text.n && text.p[0] == '?')
        text = (struct ecs_str){text.p + 1, text.n - 1};
    room = count_pieces(text);
    if (room > ECS_FORM_MAX_FIELDS)
        room = ECS_FORM_MAX_FIELDS;
    if (!(form.field = ecs_alloc(arena, room * sizeof(*form.field)))) {
        *ret_reason = "the parameters do not fit into the memory of a request";
        return ECS_E_TOO_LARGE;
    }
    while (text.n && ecs_str_cut(&text, '&', &piece)) {
        enum ecs_rc rc;

        if (piece.n == 0 || piece.p[0] == '=')
            continue;
        if (form.n == room) {
            *ret_reason = "too many parameters";
            return ECS_E_BAD_REQUEST;
        }
        if ((rc = parse_piece(arena, piece, &form.field[form.n], ret_reason)) != ECS_OK)
            return rc;
        form.n++;
    }
    *ret_form = form;
    return ECS_OK;
}

void ecs_form_add_escaped(struct ecs_buf *buf, struct ecs_str text)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        unsigned char lower = c | 0x20;

        if ((lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
            c == '~') {
            ecs_buf_add_char(buf, (char)c);
        } else {
            char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};

            ecs_buf_add(buf, escaped, sizeof(escaped));
        }
    }
}
