/* SPDX-License-Identifier: Apache-2.0 */
/* Flat device bodies. jansson judges the text (grammar, UTF-8, surrogates, depth); then a shallow scan lists
 * the members in text order with their duplicates, which jansson's tree would have lost, and numbers as they
 * were written
 * ("12.0" stays "12.0", an EID of 32 digits stays whole). The scan trusts the grammar, but never its bounds.
 */
#include "ecs/json.h"

#include <jansson.h>
#include <string.h>

struct scan {
    const char *p, *end;
    struct ecs_arena *arena;
    const char *fault;
    enum ecs_rc rc;
};

static bool fail(struct scan *scan, enum ecs_rc rc, const char *fault)
{
    if (scan->rc == ECS_OK) {
        scan->rc = rc;
        scan->fault = fault;
    }
    return false;
}

static char peek(struct scan *scan)
{
    while (scan->p < scan->end &&
           (*scan->p == ' ' || *scan->p == '\t' || *scan->p == '\n' || *scan->p == '\r'))
        scan->p++;
    return scan->p < scan->end ? *scan->p : '\0';
}

static bool take(struct scan *scan, char c)
{
    if (peek(scan) != c)
        return false;
    scan->p++;
    return true;
}

static uint32_t hex4(const char *p)
{
    uint8_t bytes[2] = {0, 0};

    return ecs_hex_decode((struct ecs_str){p, 4}, bytes, 2) ? (uint32_t)bytes[0] << 8 | bytes[1] : 0xfffd;
}

static size_t put_utf8(char *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/* One escape at p (behind the backslash); returns the bytes read, 0 when cut off. */
static size_t unescape(const char *p, size_t n, char *out, size_t *out_n)
{
    static const char letters[] = "bfnrt", bytes[] = "\b\f\n\r\t";
    const char *letter;

    if (n && p[0] == 'u') {
        uint32_t code;
        size_t used = 5;

        if (n < 5)
            return 0;
        code = hex4(p + 1);
        if (code >= 0xd800 && code < 0xdc00 && n >= 11 && p[5] == '\\' && p[6] == 'u') {
            code = 0x10000 + ((code - 0xd800) << 10) + ((hex4(p + 7) - 0xdc00) & 0x3ff);
            used = 11;
        }
        *out_n += put_utf8(out + *out_n, code);
        return used;
    }
    if (!n)
        return 0;
    letter = memchr(letters, p[0], sizeof(letters) - 1);
    out[(*out_n)++] = letter ? bytes[letter - letters] : p[0];
    return 1;
}

/* At the opening quote; an escape never grows when decoded, so the raw length is room enough. */
static bool scan_string(struct scan *scan, struct ecs_str *ret_string)
{
    const char *start = ++scan->p;
    bool escaped = false;
    size_t n = 0;
    char *out;

    while (scan->p < scan->end && *scan->p != '"') {
        if (*scan->p == '\\') {
            escaped = true;
            scan->p++;
        }
        scan->p++;
    }
    if (scan->p >= scan->end)
        return fail(scan, ECS_E_BAD_REQUEST, "the body is not JSON");
    *ret_string = (struct ecs_str){start, (size_t)(scan->p - start)};
    scan->p++;
    if (!escaped)
        return true;
    if (!(out = ecs_alloc(scan->arena, ret_string->n)))
        return fail(scan, ECS_E_TOO_LARGE, "the body does not fit into the memory of a request");
    for (size_t i = 0; i < ret_string->n;) {
        if (start[i] != '\\') {
            out[n++] = start[i++];
        } else {
            size_t used = unescape(start + i + 1, ret_string->n - i - 1, out, &n);

            if (!used)
                return fail(scan, ECS_E_BAD_REQUEST, "the body is not JSON");
            i += used + 1;
        }
    }
    *ret_string = (struct ecs_str){out, n};
    if (n > 1 && memchr(out + 1, '\0', n - 1))
        return fail(scan, ECS_E_BAD_REQUEST, "a JSON string holds a zero character");
    return true;
}

/* At "{" or "[": the text up to the matching bracket; strings inside are stepped over. */
static bool scan_nested(struct scan *scan, struct ecs_str *ret_text)
{
    const char *start = scan->p;
    size_t depth = 0;
    bool in_string = false;

    for (; scan->p < scan->end; scan->p++) {
        char c = *scan->p;

        if (in_string) {
            if (c == '\\')
                scan->p++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            scan->p++;
            *ret_text = (struct ecs_str){start, (size_t)(scan->p - start)};
            return true;
        }
    }
    return fail(scan, ECS_E_BAD_REQUEST, "the body is not JSON");
}

static bool scan_value(struct scan *scan, struct ecs_json_member *member)
{
    const char *start;
    char c = peek(scan);

    if (c == '"') {
        member->kind = ECS_JSON_STRING;
        return scan_string(scan, &member->value);
    }
    if (c == '{' || c == '[') {
        member->kind = c == '{' ? ECS_JSON_OBJECT : ECS_JSON_ARRAY;
        return scan_nested(scan, &member->value);
    }
    member->kind = c == 'n' ? ECS_JSON_NULL : c == 't' || c == 'f' ? ECS_JSON_BOOL : ECS_JSON_NUMBER;
    for (start = scan->p; scan->p < scan->end && !memchr(",]} \t\r\n", *scan->p, 7); scan->p++)
        ;
    member->value = (struct ecs_str){start, (size_t)(scan->p - start)};
    return member->value.n > 0 || fail(scan, ECS_E_BAD_REQUEST, "the body is not JSON");
}

/* Members of an object or items of an array, whose opening bracket has been taken. */
static bool scan_members(struct scan *scan, char close, struct ecs_json_flat *flat)
{
    size_t room = 0;

    while (!take(scan, close)) {
        struct ecs_json_member *member, *more;

        if (flat->n && !take(scan, ','))
            return fail(scan, ECS_E_BAD_REQUEST, "the body is not JSON");
        if (flat->n == ECS_JSON_MAX_MEMBERS)
            return fail(scan, ECS_E_BAD_REQUEST, "too many JSON members");
        if (flat->n == room) {
            room = room ? room * 4 : 16;
            if (!(more = ecs_alloc(scan->arena, room * sizeof(*more))))
                return fail(scan, ECS_E_TOO_LARGE, "the body does not fit into the memory of a request");
            if (flat->n)
                memcpy(more, flat->member, flat->n * sizeof(*more));
            flat->member = more;
        }
        member = &flat->member[flat->n];
        member->name = ECS_STR("");
        if (close == '}' && (peek(scan) != '"' || !scan_string(scan, &member->name) || !take(scan, ':')))
            return fail(scan, ECS_E_BAD_REQUEST, "the body is not JSON");
        if (!scan_value(scan, member))
            return false;
        flat->n++;
    }
    return true;
}

static enum ecs_rc scan_text(struct ecs_arena *arena, struct ecs_str text, char open, char close,
                             struct ecs_json_flat *ret_flat, const char **ret_reason)
{
    struct scan scan = {text.p, text.p + text.n, arena, NULL, ECS_OK};
    struct ecs_json_flat flat = {0};

    if (!take(&scan, open))
        fail(&scan, ECS_E_BAD_REQUEST, "the body is not JSON");
    else if (scan_members(&scan, close, &flat))
        *ret_flat = flat;
    if (scan.rc != ECS_OK)
        *ret_reason = scan.fault;
    return scan.rc;
}

/* What jansson says about the text, in our words; NULL when it is an object. */
static const char *judge_text(struct ecs_str text)
{
    json_error_t error;
    json_t *json = json_loadb(text.p ? text.p : "", text.n,
                              JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);
    const char *fault = NULL;

    if (!json) {
        switch (json_error_code(&error)) {
        case json_error_invalid_utf8:
            return "the JSON body is not UTF-8";
        case json_error_premature_end_of_input:
            return "the JSON body is empty or cut off";
        case json_error_stack_overflow:
            return "the JSON body is nested too deeply";
        default:
            return "the body is not JSON";
        }
    }
    if (json_is_array(json))
        fault = "the JSON body is an array, not an object";
    else if (!json_is_object(json))
        fault = "the JSON body is not an object";
    json_decref(json);
    return fault;
}

enum ecs_rc ecs_json_flat_parse(struct ecs_arena *arena, struct ecs_str text, struct ecs_json_flat *ret_flat,
                                const char **ret_reason)
{
    const char *fault;

    if (ecs_str_starts_with(text, ECS_STR("\xef\xbb\xbf")))
        text = (struct ecs_str){text.p + 3, text.n - 3};
    if ((fault = judge_text(text))) {
        *ret_reason = fault;
        return ECS_E_BAD_REQUEST;
    }
    return scan_text(arena, text, '{', '}', ret_flat, ret_reason);
}

enum ecs_rc ecs_json_flat_items(struct ecs_arena *arena, const struct ecs_json_member *array,
                                struct ecs_json_flat *ret_items, const char **ret_reason)
{
    return scan_text(arena, array->value, '[', ']', ret_items, ret_reason);
}
